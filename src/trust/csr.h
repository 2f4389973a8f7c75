/* SPDX-License-Identifier: Apache-2.0 */
/* Our own issuer under another CA's root: the request for its certificate, and whether what came
 * back is fit to issue LSCs.
 *
 *     err = rf_csr_make(vault_key, subject_der, &pem, &why);      to the CA, which makes of it
 *     err = rf_issuer_check(cert, rf_vault_spki(vault_key), &chain, root, now, &why);
 *
 * Thread: that of the vault key.  doc: docs/issuers.md, "Under another root" */
#ifndef TRUST_CSR_H
#define TRUST_CSR_H

#include "trust/vault.h"

/** PKCS#10, PEM, appended to `pem`: asks for CA:TRUE, path length 0, keyCertSign, cRLSign,
 * digitalSignature. What rf_vault_sign gives. */
RF_MUST_CHECK enum rf_err rf_csr_make(struct rf_vault_key *key, struct rf_slice subject_der,
                                      struct rf_buf *pem, struct rf_why *why);

/** A public key as PEM, appended to `pem`. RF_ERR_BAD spki-parse. */
RF_MUST_CHECK enum rf_err rf_spki_to_pem(struct rf_slice spki, struct rf_buf *pem,
                                         struct rf_why *why);

/**
 * May this certificate issue LSCs with that key, and does it lead to the root?
 *
 * chain   those between, unordered; may hold the certificate and the root themselves.
 * root    self-signed.
 *
 * Returns RF_OK; RF_ERR_DENIED key-cert-mismatch, issuer-not-ca, issuer-key-usage, issuer-root (it
 * is none), cert-digest (SHA-1 or older), cert-expired, cert-not-yet, path-length (one above it
 * allows no CA so far below), path-unknown-issuer, path-signature, path-ca, path-other.
 */
RF_MUST_CHECK enum rf_err rf_issuer_check(const struct rf_cert *cert, struct rf_slice spki,
                                          const struct rf_cert_list *chain,
                                          const struct rf_cert *root, int64_t now_s,
                                          struct rf_why *why);

#endif
