/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/setup. */
#ifndef SERVICE_SETUP_SETUP_INT_H
#define SERVICE_SETUP_SETUP_INT_H

#include "service/setup/lists.h"
#include "service/setup/setup.h"
#include "trust/path.h"
#include "trust/vault.h"

/* ---- keys and certificates (setup_site.c) ---- */

/** Keys and certificates of the HTTPS server and of TVS, where there are none: sites made before
 * there were such servers get them when their lists are to name them. */
RF_MUST_CHECK enum rf_err setup_later_make(const char *dir, const struct rf_site_conf *conf,
                                           int64_t now_s, struct rf_why *why);
/** Another key and certificate of the kind of this one (RF_SITE_CERT_…); nothing is written. */
RF_MUST_CHECK enum rf_err setup_identity_again(const struct rf_site_conf *conf,
                                               enum rf_site_item like, int64_t now_s,
                                               struct rf_key **key, struct rf_cert **cert,
                                               struct rf_why *why);
/** Both into files. */
RF_MUST_CHECK enum rf_err setup_identity_save(const struct rf_key *key, const struct rf_cert *cert,
                                              const struct rf_secret *passphrase,
                                              const char *key_path, const char *cert_path,
                                              struct rf_why *why);

/* ---- certificates from outside (setup_import.c) ---- */

/** Into a folder of anchors, all or none; *added: those that were not there. RF_ERR_LIMIT
 * anchor-count: a server would not start with so many. */
RF_MUST_CHECK enum rf_err setup_import_all(const char *site_dir, enum rf_site_item item,
                                           const struct rf_cert_list *certs, size_t *added,
                                           struct rf_why *why);
/** Would a server that believes this issuer as well still start? RF_ERR_LIMIT anchor-count. */
RF_MUST_CHECK enum rf_err setup_import_has_room(const char *site_dir, struct rf_cert *issuer,
                                                struct rf_why *why);
RF_MUST_CHECK enum rf_err setup_certs_list(const char *site_dir, enum rf_site_item item,
                                           struct rf_setup_issuers *out, struct rf_why *why);
/** RF_ERR_NOT_FOUND issuer-unknown; `who_shows` names the command that shows them. */
RF_MUST_CHECK enum rf_err setup_cert_remove(const char *site_dir, enum rf_site_item item,
                                            const char *fingerprint, const char *who_shows,
                                            struct rf_why *why);

/* ---- the change of a key (setup_rotate.c) ---- */

/** None may be under way; what is left of a beginning that broke off goes. RF_ERR_EXISTS
 * rotation-active. */
RF_MUST_CHECK enum rf_err setup_rotation_clear(const struct rf_setup_run *run,
                                               enum rf_setup_what what,
                                               struct rf_setup_rotation *out, struct rf_why *why);
/** Change to this issuer, which is used from the next start on: after setup_rotation_clear. pem:
 * its certificate, and those above it. */
RF_MUST_CHECK enum rf_err setup_rotation_issuer(const struct rf_setup_run *run,
                                                const struct rf_key *key, struct rf_cert *cert,
                                                struct rf_slice pem, struct rf_setup_rotation *out,
                                                struct rf_why *why);
/** What trust/rotation says: step, what, since_s. */
RF_MUST_CHECK enum rf_err setup_rotation_state(const char *dir, struct rf_setup_rotation *out,
                                               struct rf_why *why);
/** There is another spare: what is left of a change of it that broke off goes. */
RF_MUST_CHECK enum rf_err setup_rotation_spare_over(const struct rf_setup_run *run,
                                                    struct rf_why *why);

/* ---- what a list holds (setup_records.c) ---- */

#define SETUP_RECORDS_MAX 64
#define SETUP_OWN_MAX     256 /* devices with lists of their own */

struct setup_records {
    struct rf_cert *cert[SETUP_RECORDS_MAX];
    uint16_t role[SETUP_RECORDS_MAX];
    size_t n;
};
/** The CTL of a site has no TVS. */
bool setup_record_is_in(const struct setup_records *r, size_t i, enum rf_list_kind kind);
void setup_records_fini(struct setup_records *r);
/** The site's certificates, those of a rotation under way, and further entries: of all devices, and
 * of `device` unless that is "". The signer comes first. */
RF_MUST_CHECK enum rf_err setup_records_load(const char *dir, bool is_11, const char *device,
                                             struct setup_records *out, struct rf_why *why);

struct setup_devices {
    char name[SETUP_OWN_MAX][RF_STORE_DEVICE_NAME];
    size_t n;
};
/** Devices that have entries, or still a list, of their own. RF_ERR_LIMIT own-lists. */
RF_MUST_CHECK enum rf_err setup_devices_list(const char *dir, struct setup_devices *out,
                                             struct rf_why *why);
/** Has it entries of its own? */
RF_MUST_CHECK enum rf_err setup_device_has_entries(const char *dir, const char *device, bool *has,
                                                   struct rf_why *why);

/** "<site>/certs/next-tftp.pem" and the like: the other half of a rotation. A new string. */
char *setup_path_beside(const char *dir, enum rf_site_item item, const char *head);

/* ---- what is published (setup_lists.c) ---- */

/** The lists that lie there for a device ("": all); one that is missing or cannot be read counts as
 * none. */
void setup_lists_there(const char *dir, const char *device, struct rf_lists *out);

/** The CTL and the ITL of all devices (device ""), or of one. */
struct setup_pair {
    char device[RF_STORE_DEVICE_NAME];
    struct setup_records records;
    struct rf_lists old;    /* that those phones would be given until now */
    struct rf_lists next;   /* and from now on */
    struct rf_buf bytes[2]; /* new files; empty: as before */
    bool is_going;          /* the device is given the lists of all from now on */
    char *path[2];
};

struct setup_plan {
    const struct rf_setup_run *run;
    bool is_11;
    enum rf_digest digest;
    struct rf_key *key;
    struct rf_vault_key *vault;
    struct rf_store *store;   /* NULL: there is no database yet */
    struct setup_pair *pairs; /* the first is that of all */
    size_t n;
    uint32_t youngest; /* time stamp of what is made */
};
/** Lists signed no further ahead of the clock than this are held back until it has come. */
#define SETUP_WAIT_S 3
/** What a device is given. */
const struct setup_pair *setup_plan_pair(const struct setup_plan *plan, const char *device);

/* ---- who would be stranded (setup_preflight.c) ---- */

/** Judge the plan for every device. */
RF_MUST_CHECK enum rf_err setup_preflight(const struct setup_plan *plan,
                                          struct rf_setup_phones *out, struct rf_why *why);
/** The site's database, if there is one: *out stays NULL otherwise. */
RF_MUST_CHECK enum rf_err setup_store_open(const char *dir, struct rf_store **out,
                                           struct rf_why *why);
/** Who holds a list with this certificate under this role? The others are STRANDED (lacking) or
 * UNSURE; a phone that was never here is FINE. */
RF_MUST_CHECK enum rf_err setup_who_lacks(const char *dir, const struct rf_cert *cert,
                                          uint16_t role, struct rf_setup_phones *out,
                                          struct rf_why *why);
/** The devices whose certificate in force was issued by this one: STRANDED; the rest FINE. */
RF_MUST_CHECK enum rf_err setup_who_is_issued_by(const char *dir, const struct rf_cert *issuer,
                                                 struct rf_setup_phones *out, struct rf_why *why);
/** Does the server that runs (or ran last) use this certificate? True as well when none ever ran.
 */
RF_MUST_CHECK enum rf_err setup_server_uses(const char *dir, const char *setting,
                                            const struct rf_cert *cert, bool *uses,
                                            struct rf_why *why);

#endif
