/* SPDX-License-Identifier: Apache-2.0 */
/* Make what did not exist before: a site with its keys and certificates, its trust lists, and (for
 * ringphone) a manufacturer with firmware and MICs. Used by the command line only; the daemon never
 * opens the keys that are used here.
 *
 * Thread: one; everything blocks (key generation, files). doc: docs/site.md, docs/factory.md */
#ifndef SERVICE_SETUP_SETUP_H
#define SERVICE_SETUP_SETUP_H

#include "base/secret.h"
#include "service/setup/lists.h"
#include "trust/key.h"
#include "trust/lists.h"

/** Days a site's own certificates are valid; the second SAST's outlive the first's. */
#define RF_SETUP_DAYS       1825
#define RF_SETUP_SAST2_DAYS 7300
#define RF_SETUP_RSA_BITS   2048

/** Called after each step with what was made, for progress. */
typedef void (*rf_setup_step)(void *arg, const char *what, const struct rf_cert *cert);

struct rf_setup_site {
    const char *dir;
    const struct rf_site_conf *conf; /* written as the site's configuration */
    /* Protects the second SAST's key file, which is to be taken away. */
    const struct rf_secret *sast2_passphrase;
    int64_t now_s;
    rf_setup_step on_step; /* may be NULL */
    void *arg;
};

/**
 * Make a site: folders, keys (0600) and certificates of both SASTs, CCM, TFTP, CAPF and the LSC
 * issuer, the trust lists, the database, and last the configuration. A making that was interrupted
 * leaves a mark, and is begun anew by the next call. Of a router (role srst) only what it has: one
 * key with its certificate, and no lists.
 *
 * Returns RF_OK; RF_ERR_EXISTS site-exists, site-keys (keys without configuration and without that
 * mark), and nothing is touched; RF_ERR_BAD issue-name; rf_srst_cert_check of a router; codes
 * of the site, of key files and of the store.
 */
RF_MUST_CHECK enum rf_err rf_setup_site_make(const struct rf_setup_site *make, struct rf_why *why);

/** Another key and certificate for a router, in the place of those that are there: from its next
 * reload on it shows them. Phones take them once their centre has accepted the certificate. Broken
 * off in the middle it is begun again: the server does not start with a key and a certificate that
 * do not fit. */
RF_MUST_CHECK enum rf_err rf_setup_router_renew(const char *dir, const struct rf_site_conf *conf,
                                                int64_t now_s, struct rf_cert **out,
                                                struct rf_why *why);

/** rf_setup_publish of lists.h, for the whole site. */
RF_MUST_CHECK enum rf_err rf_setup_lists_publish(const char *site_dir,
                                                 const struct rf_site_conf *conf, int64_t now_s,
                                                 bool is_forced, struct rf_setup_lists *out,
                                                 struct rf_why *why);

/** Keep certificates of manufacturers that may vouch for phones at CAPF. Each must be a CA; one
 * that is held already is fine. `*added` (may be NULL) counts the new ones. */
RF_MUST_CHECK enum rf_err rf_setup_mic_import(const char *site_dir,
                                              const struct rf_cert_list *roots, size_t *added,
                                              struct rf_why *why);

/** Believe the phones of another site: certificates that issued their LSCs. As above; RF_ERR_DENIED
 * issuer-own (it has the name of our own issuer). */
RF_MUST_CHECK enum rf_err rf_setup_issuer_import(const char *site_dir,
                                                 const struct rf_cert_list *issuers, size_t *added,
                                                 struct rf_why *why);
/** Those that are believed beside our own: of other sites, and former ones. */
#define RF_SETUP_ISSUERS_MAX 64
struct rf_setup_issuers {
    struct rf_cert *cert[RF_SETUP_ISSUERS_MAX];
    size_t n;
};
RF_MUST_CHECK enum rf_err rf_setup_issuers_list(const char *site_dir, struct rf_setup_issuers *out,
                                                struct rf_why *why);
void rf_setup_issuers_fini(struct rf_setup_issuers *issuers);
/** RF_ERR_NOT_FOUND issuer-unknown. */
RF_MUST_CHECK enum rf_err rf_setup_issuer_remove(const char *site_dir, const char *fingerprint,
                                                 struct rf_why *why);

#endif
