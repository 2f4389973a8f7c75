/* SPDX-License-Identifier: Apache-2.0 */
/* The trust lists of a site: what goes into them, whom a change would strand, publishing, the
 * rotation of every key, and recovery. Used by the command line only.
 *
 *     struct rf_setup_run run = {.dir = dir, .conf = conf, .now_s = now};
 *     RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
 *     err = rf_setup_publish(&run, &lists, &why);
 *     ... list-strands: lists.phones says who and why
 *
 * Thread: one; everything blocks. doc: docs/trust-lists.md, docs/key-rotation.md */
#ifndef SERVICE_SETUP_LISTS_H
#define SERVICE_SETUP_LISTS_H

#include "base/secret.h"
#include "service/site/site.h"
#include "store/store_held.h"
#include "trust/lists.h"

struct rf_setup_run {
    const char *dir; /* the site's folder */
    const struct rf_site_conf *conf;
    int64_t now_s;
    bool is_forced; /* sign anew, and do what strands phones */
    bool is_dry;    /* write nothing: only say what would be */
};

/* ---- who would be stranded ---- */

enum rf_setup_holds { RF_SETUP_UNKNOWN, RF_SETUP_OLDER, RF_SETUP_CURRENT };
/** "unknown", "older", "current". */
const char *rf_setup_holds_name(enum rf_setup_holds holds);

enum rf_setup_fate {
    RF_SETUP_FINE,
    RF_SETUP_UNSURE,   /* what it holds is unknown */
    RF_SETUP_STRANDED, /* or, in a rotation: it has not got the list that it needs */
};

/** One device, and what becomes of it. An empty name: every phone. */
struct rf_setup_phone {
    char device[RF_STORE_DEVICE_NAME];
    bool is_seen;                 /* else it was never here: it takes what it is given first */
    enum rf_setup_holds holds[2]; /* by enum rf_list_kind */
    struct rf_store_held held[2]; /* unless unknown */
    bool has_refused[2];          /* the list it was given last, it did not take */
    enum rf_setup_fate fate;
    struct rf_why why; /* not FINE: code and text */
};
struct rf_setup_phones {
    struct rf_setup_phone *items;
    size_t n;
};
void rf_setup_phones_fini(struct rf_setup_phones *phones);
size_t rf_setup_phones_count(const struct rf_setup_phones *phones, enum rf_setup_fate fate);

/** What every phone holds now; nobody is judged. */
RF_MUST_CHECK enum rf_err rf_setup_phones_list(const char *dir, struct rf_setup_phones *out,
                                               struct rf_why *why);

/* ---- publishing ---- */

/** What a pass over the lists did. */
struct rf_setup_lists {
    struct rf_list *list[2]; /* by enum rf_list_kind: as they are now (dry: as they would be) */
    bool is_new[2];          /* written by this call */
    size_t own_n;            /* lists of single devices written or removed */
    struct rf_setup_phones phones;
};
void rf_setup_lists_fini(struct rf_setup_lists *lists);

/**
 * Sign the site's CTL and ITL, and those of devices with entries of their own, anew with the first
 * SAST, when their content is not already that of the site's certificates (or always, when forced).
 * The time stamp never goes back.
 *
 * Returns RF_OK; RF_ERR_DENIED list-strands (phones would be stranded: out->phones; not when
 * forced), and nothing is written; RF_ERR_LIMIT list-time (no later time stamp exists),
 * record-count, list-size; what rf_list_build gives; RF_ERR_NOT_FOUND when a key or certificate is
 * missing.
 */
RF_MUST_CHECK enum rf_err rf_setup_publish(const struct rf_setup_run *run,
                                           struct rf_setup_lists *out, struct rf_why *why);

/* ---- further entries ---- */

/** Put a certificate into the site's lists (device "" or NULL), or into those of one device, from
 * the next publication on. Roles: all but SAST. RF_ERR_EXISTS entry-exists; RF_ERR_BAD entry-role.
 */
RF_MUST_CHECK enum rf_err rf_setup_entry_add(const char *dir, const char *device, const char *role,
                                             const struct rf_cert *cert, struct rf_why *why);
/** Take it out: by fingerprint, or the first digits of it, at least 8. RF_ERR_NOT_FOUND
 * entry-unknown; RF_ERR_BAD entry-name (several begin so, or too few digits). */
RF_MUST_CHECK enum rf_err rf_setup_entry_remove(const char *dir, const char *device,
                                                const char *fingerprint, struct rf_why *why);
struct rf_setup_entry {
    char device[RF_STORE_DEVICE_NAME]; /* "": in the lists of all */
    uint16_t role;
    struct rf_cert *cert;
};
struct rf_setup_entries {
    struct rf_setup_entry *items;
    size_t n;
};
RF_MUST_CHECK enum rf_err rf_setup_entries_list(const char *dir, struct rf_setup_entries *out,
                                                struct rf_why *why);
void rf_setup_entries_fini(struct rf_setup_entries *entries);

/* ---- rotation of a key ---- */

enum rf_setup_what {
    RF_SETUP_CCM,
    RF_SETUP_TFTP,
    RF_SETUP_CAPF,
    RF_SETUP_HTTPS,
    RF_SETUP_TVS,
    RF_SETUP_SAST,       /* the signer of lists */
    RF_SETUP_SAST2,      /* the spare */
    RF_SETUP_LSC_ISSUER, /* issues the phones' certificates */
    RF_SETUP_MOVE,       /* no key of ours: the SAST of a site that the phones move to */
    RF_SETUP_WHAT_N
};
/** "ccm", "tftp", "capf", "https", "tvs", "sast", "sast2", "lsc-issuer", "move". */
const char *rf_setup_what_name(enum rf_setup_what what);
RF_MUST_CHECK bool rf_setup_what_parse(const char *text, enum rf_setup_what *out);

enum rf_setup_step {
    RF_SETUP_NONE,      /* no rotation */
    RF_SETUP_OVERLAP,   /* old and new are in the lists; the old one is used */
    RF_SETUP_SWITCHING, /* the files are being changed: only while that is done, or broke off */
    RF_SETUP_SWITCHED,  /* the new one is used; the old one is still believed */
    RF_SETUP_SWITCHING_BACK, /* as SWITCHING, the other way */
};
/** "none", "overlap", "switching", "switched", "switching-back". */
const char *rf_setup_step_name(enum rf_setup_step step);

struct rf_setup_rotation {
    enum rf_setup_step step;
    enum rf_setup_what what;
    int64_t since_s;
    bool is_broken_off;            /* a step was not done to its end: the next one does that */
    bool wants_restart;            /* ringfenced has to take it up: a reload, or a new start */
    struct rf_setup_phones phones; /* who has not got what the next step needs */
    struct rf_setup_lists lists;   /* what this call published */
    struct rf_cert *cert;          /* the new certificate, after begin */
};
void rf_setup_rotation_fini(struct rf_setup_rotation *r);

/** Where a rotation stands, and which phones the next step waits for. */
RF_MUST_CHECK enum rf_err rf_setup_rotation_load(const struct rf_setup_run *run,
                                                 struct rf_setup_rotation *out, struct rf_why *why);
/** Make the new key and publish lists with old and new; not for MOVE. The spare (SAST2) is done
 * with that; its key is protected by `passphrase` (else may be NULL). RF_ERR_EXISTS
 * rotation-active; what rf_setup_publish gives. */
RF_MUST_CHECK enum rf_err rf_setup_rotation_begin(const struct rf_setup_run *run,
                                                  enum rf_setup_what what,
                                                  const struct rf_secret *passphrase,
                                                  struct rf_setup_rotation *out,
                                                  struct rf_why *why);
/** Let the phones move to another site: publish lists with that site's SAST in the spare's place,
 * so that they take its lists when they ask there, and ours as before. Whoever has its key decides
 * from then on what they trust. Ends by rf_setup_rotation_abort. RF_ERR_EXISTS rotation-active;
 * RF_ERR_DENIED move-own (a SAST of this site); what rf_setup_publish gives. */
RF_MUST_CHECK enum rf_err rf_setup_rotation_move(const struct rf_setup_run *run, struct rf_cert *to,
                                                 struct rf_setup_rotation *out, struct rf_why *why);
/** The next step: switch to the new key, or take the old one out; or the one that broke off is done
 * to its end, whichever way it led (a spare's change is taken back: nobody saw its passphrase).
 * RF_ERR_NOT_FOUND no-rotation; RF_ERR_DENIED move-last (a move has none); RF_ERR_AGAIN
 * rotation-waits (phones lack the list: out->phones; not when forced. Or lists that name a new SAST
 * were published just now), rotation-restart (the server still uses the old one). */
RF_MUST_CHECK enum rf_err rf_setup_rotation_next(const struct rf_setup_run *run,
                                                 struct rf_setup_rotation *out, struct rf_why *why);
/** One step back: to the old key, or to lists without the new one. RF_ERR_NOT_FOUND no-rotation;
 * RF_ERR_DENIED rotation-used (phones have certificates by the new issuer), rotation-forgotten (the
 * old one is gone already); what rf_setup_publish gives. */
RF_MUST_CHECK enum rf_err rf_setup_rotation_abort(const struct rf_setup_run *run,
                                                  struct rf_setup_rotation *out,
                                                  struct rf_why *why);

/* ---- the signing key is lost ---- */

/**
 * Sign by the second SAST, whose key comes from outside; it becomes the site's first, and a new
 * second one is made under `passphrase`. out->phones names those that would not take the lists.
 *
 * One that broke off is begun again with the same key, which may be that of the first by then.
 *
 * Returns RF_OK; RF_ERR_DENIED recover-key (not the key of the second SAST, or of one that signs
 * the lists already), list-strands; RF_ERR_EXISTS rotation-active (the first is being changed, or
 * phones move); what rf_setup_publish gives.
 */
RF_MUST_CHECK enum rf_err rf_setup_recover(const struct rf_setup_run *run,
                                           const struct rf_key *sast2,
                                           const struct rf_secret *passphrase,
                                           struct rf_setup_lists *out, struct rf_why *why);

#endif
