/* SPDX-License-Identifier: Apache-2.0 */
/* Who issues LSCs: this site's issuer under another root, and other CAs that issue in its place.
 * doc: docs/issuers.md. Blocking (files, the database). */
#ifndef SERVICE_SETUP_ISSUERS_H
#define SERVICE_SETUP_ISSUERS_H

#include "service/setup/lists.h"
#include "service/setup/setup.h"

/** A request (PKCS#10, PEM, appended) for a certificate of the present issuer's key under its
 * present name. */
RF_MUST_CHECK enum rf_err rf_setup_issuer_request(const char *site_dir, struct rf_buf *pem,
                                                  struct rf_why *why);

/**
 * Put the certificate that came of it in use: from the next start on LSCs are issued by it. certs:
 * first the issuer's, then those above it. Under the same name the LSCs that are out stay as they
 * are, and *is_rotation is false; under another name it is the change of the issuer's key, and
 * `out` says how it stands.
 *
 * What rf_issuer_check gives; RF_ERR_EXISTS issuer-same, rotation-active.
 */
RF_MUST_CHECK enum rf_err rf_setup_issuer_install(const struct rf_setup_run *run,
                                                  const struct rf_cert_list *certs,
                                                  const struct rf_cert *root, bool *is_rotation,
                                                  struct rf_setup_rotation *out,
                                                  struct rf_why *why);

/** Let another CA issue certificates of our phones: the very certificates that will sign them.
 * Those count only when they are in the database. RF_ERR_DENIED issuer-own, anchor-not-ca,
 * issuer-other (believed as another site's). */
RF_MUST_CHECK enum rf_err rf_setup_ca_import(const char *site_dir, const struct rf_cert_list *cas,
                                             size_t *added, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_setup_ca_list(const char *site_dir, struct rf_setup_issuers *out,
                                           struct rf_why *why);
/** RF_ERR_NOT_FOUND issuer-unknown. */
RF_MUST_CHECK enum rf_err rf_setup_ca_remove(const char *site_dir, const char *fingerprint,
                                             struct rf_why *why);

#endif
