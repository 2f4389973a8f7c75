/* SPDX-License-Identifier: Apache-2.0 */
/* Trust lists as a phone holds them: is a list well made, may it replace what is installed, who may
 * sign a file, which server certificate has which role. And the builder for the server's side.
 *
 *     struct rf_list_verdict v;
 *     err = rf_lists_consider(&lists, RF_LIST_ITL, bytes, &policy, &v, &why);
 *     if (err == RF_OK && v.action != RF_LIST_SAME) {
 *         write bytes to flash;
 *         rf_lists_install(&lists, RF_LIST_ITL, v.list);
 *     }
 *     rf_list_verdict_fini(&v);
 *
 * Thread: a list is immutable and counted; struct rf_lists belongs to one thread. */
#ifndef TRUST_LISTS_H
#define TRUST_LISTS_H

#include "trust/sigfile.h"
#include "wire/trustlist/trustlist.h"

enum rf_list_kind {
    RF_LIST_CTL,
    RF_LIST_ITL,
};
/** "CTLFile.tlv", "ITLFile.tlv": tag 14, whatever name the list was asked for. */
const char *rf_list_kind_file(enum rf_list_kind kind);
/** "CTL", "ITL". */
const char *rf_list_kind_name(enum rf_list_kind kind);

/** One decoded list with its parsed certificates. */
struct rf_list;

/**
 * Decode a list and parse its certificates, believing nothing: for show, and as the first step of
 * everything else. Serial and key of each record must be those of its certificate; its texts are
 * not compared.
 *
 * Returns RF_OK; codes of rf_trustlist_decode; V1 codes; RF_ERR_BAD record-cert-mismatch.
 */
RF_MUST_CHECK enum rf_err rf_list_open(struct rf_slice bytes, struct rf_list **out,
                                       struct rf_why *why);
struct rf_list *rf_list_ref(struct rf_list *l);
void rf_list_unref(struct rf_list *l);
void rf_list_freep(struct rf_list **l);
struct rf_slice rf_list_bytes(const struct rf_list *l);
/** Header and records; borrowed. */
const struct rf_trustlist *rf_list_content(const struct rf_list *l);
size_t rf_list_n(const struct rf_list *l);
/** Role of record i, and its certificate (NULL in records that carry only a hash). */
uint16_t rf_list_role(const struct rf_list *l, size_t i);
const struct rf_cert *rf_list_cert(const struct rf_list *l, size_t i);
/** SHA-256 of the whole file as 64 hex digits. */
const char *rf_list_fingerprint(const struct rf_list *l);
/** Signer version 1.1 or later? */
bool rf_list_is_11(const struct rf_list *l);
/** The list's own SAST record that its header names, or NULL. */
const struct rf_cert *rf_list_own_signer(const struct rf_list *l);

struct rf_list_policy {
    bool has_now;
    int64_t now_s;
    enum rf_rollback rollback;
    /* TVS vouches for this signer, with role SAST, although no installed list does; NULL: nobody
     * was asked. */
    const struct rf_cert *vouched;
};

/**
 * Is the list signed by its own SAST record, with the right name? It does not say that anybody
 * should trust it (ringfence list verify without --installed).
 *
 * Returns RF_OK; RF_ERR_DENIED file-name, list-signer-not-own (the signer is no SAST record of this
 * list), time-future, key-...; RF_ERR_CRYPTO sig-mismatch.
 */
RF_MUST_CHECK enum rf_err rf_list_verify_own(const struct rf_list *l, enum rf_list_kind kind,
                                             const struct rf_list_policy *policy,
                                             struct rf_why *why);

/** The installed lists of a phone; NULL is "none". Zero-initialise. */
struct rf_lists {
    struct rf_list *ctl;
    struct rf_list *itl;
};
void rf_lists_fini(struct rf_lists *lists);
/** Take a new reference in its place. */
void rf_lists_install(struct rf_lists *lists, enum rf_list_kind kind, struct rf_list *l);
/** Load installed lists at boot: no first trust any more, but a damaged file is refused
 * (rf_list_open and rf_list_verify_own without time, or signed by a SAST of the other list). */
RF_MUST_CHECK enum rf_err rf_lists_load(struct rf_lists *lists, enum rf_list_kind kind,
                                        struct rf_slice bytes, struct rf_why *why);
/** Nothing installed, or only an empty ITL (it names no certificate under TFTP, CCM+TFTP or TVS):
 * the next list is taken on first trust. */
bool rf_lists_is_empty(const struct rf_lists *lists);

enum rf_list_action {
    RF_LIST_FIRST_TRUST, /* nothing was installed: taken because it is well signed by itself */
    RF_LIST_SAME,        /* byte for byte the installed one */
    RF_LIST_UPDATE,      /* signed by a SAST record of an installed list */
    RF_LIST_VOUCHED,     /* signed by one that TVS vouches for */
};

struct rf_list_verdict {
    enum rf_list_action action;
    struct rf_list *list;      /* the new list */
    enum rf_list_kind by_kind; /* UPDATE: which installed list knew the signer */
    bool is_rollback;          /* older than the installed one (policy warn) */
    char signer[65];           /* fingerprint of the signing certificate */
};
void rf_list_verdict_fini(struct rf_list_verdict *v);

/**
 * May these bytes be installed? The rule of first trust and later updates. A list must always be
 * signed by a SAST record of its own, so that it can be loaded at the next boot. One of another
 * signer that TVS vouches for comes from another site, whose clock says nothing about ours: its
 * time stamp is not compared.
 *
 * Returns RF_OK; the codes of rf_list_open and rf_list_verify_own; RF_ERR_DENIED
 * list-signer-unknown (no SAST record of an installed list), list-signer-role (known, but not as
 * SAST), time-rollback. Nothing is changed. After the first two the caller may ask TVS about the
 * list's own signer, and then come again.
 */
RF_MUST_CHECK enum rf_err rf_lists_consider(const struct rf_lists *installed,
                                            enum rf_list_kind kind, struct rf_slice bytes,
                                            const struct rf_list_policy *policy,
                                            struct rf_list_verdict *out, struct rf_why *why);

/** Who signed a file: by issuer and serial in the CTL, then the ITL, with role TFTP or CCM+TFTP.
 * RF_ERR_DENIED signer-role; RF_ERR_NOT_FOUND signer-unknown. Borrowed. */
RF_MUST_CHECK enum rf_err rf_lists_find_file_signer(const struct rf_lists *lists,
                                                    struct rf_slice issuer, struct rf_slice serial,
                                                    const struct rf_cert **out, struct rf_why *why);

/** Find the signer of a whole file in the lists and check it: rf_lists_find_file_signer and
 * rf_sigfile_verify in one. `signer` may be NULL. */
RF_MUST_CHECK enum rf_err rf_lists_verify_file(const struct rf_lists *lists, struct rf_slice file,
                                               const struct rf_sigfile_policy *policy,
                                               struct rf_sigfile_info *out,
                                               const struct rf_cert **signer, struct rf_why *why);

/** V7: is this server certificate in the lists (same bytes, or same hash) with the role? CCM is
 * also satisfied by CCM+TFTP, TFTP likewise. RF_ERR_DENIED server-unknown, server-role. */
RF_MUST_CHECK enum rf_err rf_lists_find_server(const struct rf_lists *lists,
                                               const struct rf_cert *cert, uint16_t role,
                                               struct rf_why *why);

/** An installed list has a TFTP or CCM+TFTP record: only signed files are taken. */
bool rf_lists_wants_signed(const struct rf_lists *lists);
/** A certificate with that role, the nth (0..), CTL first; NULL when there is none. CCM+TFTP counts
 * as CCM and as TFTP, here as everywhere. */
const struct rf_cert *rf_lists_nth(const struct rf_lists *lists, uint16_t role, size_t nth);

/** What to build. */
struct rf_list_entry {
    const struct rf_cert *cert;
    uint16_t role;
    const char *dns; /* may be NULL */
};
struct rf_list_spec {
    enum rf_list_kind kind;
    const struct rf_list_entry *entries;
    size_t n;
    enum rf_digest digest;
    bool is_11; /* signer version 1.1, else 1.0 */
    uint32_t timestamp;
};
/**
 * Build and sign a list. `out`: maximum RF_TRUSTLIST_BYTES_MAX.
 *
 * The signer's certificate must be one of the entries with role SAST; at most two SAST entries; at
 * most RF_TRUSTLIST_BUILD_MAX entries. The result is read back and checked before it is given out.
 *
 * Returns RF_OK; RF_ERR_DENIED list-signer-not-own, list-sast-count, list-sast-key (a SAST that
 * cannot sign, or two with one key), list-ec-needs-11, list-entry-twice; RF_ERR_LIMIT record-count,
 * list-size; and what signing gives.
 */
RF_MUST_CHECK enum rf_err rf_list_build(const struct rf_list_spec *spec, struct rf_vault_key *key,
                                        const struct rf_cert *signer, struct rf_buf *out,
                                        struct rf_why *why);

#endif
