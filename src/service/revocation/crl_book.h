/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of revoked certificates (CRLs) that a site has, one file each in trust/crl, and the
 * issuers whose lists they may be: our own, former ones, those of other sites, manufacturers.
 *
 *     RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = NULL;
 *     err = rf_crl_book_load(site_dir, now_s, allow_sha1, &book, &why);
 *
 * Blocking (files); no thread of its own. doc: docs/revocation.md */
#ifndef SERVICE_REVOCATION_CRL_BOOK_H
#define SERVICE_REVOCATION_CRL_BOOK_H

#include "service/site/site.h"
#include "trust/revocation.h"

#define RF_CRL_ISSUERS_MAX 160
#define RF_CRL_FILE_NAME   256

/** One file. */
struct rf_crl_held {
    char file[RF_CRL_FILE_NAME]; /* its name in the folder */
    struct rf_crl *crl;          /* NULL: it is none */
    struct rf_cert *issuer;      /* NULL: not known here, or it has not signed it */
    bool is_used;                /* a list that is too old is used: what it refuses stays refused */
    struct rf_why why;           /* code "": it counts */
};

struct rf_crl_book {
    int64_t now_s;
    bool allow_sha1;
    size_t n_issuers;
    struct rf_cert *issuers[RF_CRL_ISSUERS_MAX];
    size_t n;
    struct rf_crl_held held[RF_REVOCATION_CRLS_MAX];
};

/** What lies in the folder, good and bad; a folder that is not there is empty. RF_ERR_LIMIT
 * crl-count, crl-issuers; what reading certificates gives. */
RF_MUST_CHECK enum rf_err rf_crl_book_load(const char *site_dir, int64_t now_s, bool allow_sha1,
                                           struct rf_crl_book **out, struct rf_why *why);
void rf_crl_book_free(struct rf_crl_book *book);
void rf_crl_book_freep(struct rf_crl_book **book);

/** Is `issuer` the one with this fingerprint, or has it the name and the key of that one? Who
 * renewed its certificate is still the same. */
bool rf_crl_book_is_issuer(const struct rf_crl_book *book, struct rf_slice sha256,
                           const struct rf_cert *issuer);

/** The newest list of an issuer that is used, or NULL. */
const struct rf_crl_held *rf_crl_book_find(const struct rf_crl_book *book,
                                           const struct rf_cert *issuer);

/**
 * Take up a list from outside: durably, in the place of the one that its issuer had.
 *
 * out  (may be NULL) what it is, borrowed from `book`, which has it now.
 *
 * Returns RF_OK; RF_ERR_EXISTS crl-held: it was there already; RF_ERR_DENIED crl-issuer-unknown (no
 * issuer of this site has its name), crl-older (a newer one is held); what rf_crl_parse and
 * rf_crl_check give; RF_ERR_IO. Nothing was written unless RF_OK.
 */
RF_MUST_CHECK enum rf_err rf_crl_book_put(struct rf_crl_book *book, const char *site_dir,
                                          struct rf_slice bytes, const struct rf_crl_held **out,
                                          struct rf_why *why);
/** Remove the files with lists of the issuer with this fingerprint (64 hex digits), or the file of
 * this name. RF_ERR_NOT_FOUND crl-unknown. */
RF_MUST_CHECK enum rf_err rf_crl_book_remove(const struct rf_crl_book *book, const char *site_dir,
                                             const char *which, struct rf_why *why);

#endif
