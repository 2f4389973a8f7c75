/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenSSL objects behind certificates and keys, for net/tls.c and trust/ only. Everyone else
 * uses cert.h, key.h and vault.h.
 *
 *     SSL_CTX_use_certificate(ctx, rf_cert_x509(cert));
 *
 * Thread: as cert.h and key.h. */
#ifndef TRUST_OPENSSL_H
#define TRUST_OPENSSL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "trust/key.h"

/** Borrowed; never change it. */
X509 *rf_cert_x509(const struct rf_cert *c);
/** Borrowed public key. */
EVP_PKEY *rf_cert_pkey(const struct rf_cert *c);
/** From one that OpenSSL has parsed, which is shared, not parsed again: encoded, and judged under
 * V1. Nobody changes x from here on. */
RF_MUST_CHECK enum rf_err rf_cert_from_x509(X509 *x, struct rf_cert **out, struct rf_why *why);
/** Borrowed private key. */
EVP_PKEY *rf_key_pkey(const struct rf_key *k);
/** Drain OpenSSL's error queue of this thread into `why` (the innermost reason stays). Returns
 * err. */
enum rf_err rf_why_openssl(struct rf_why *why, enum rf_err err, const char *code, const char *what);

#endif
