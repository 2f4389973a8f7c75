/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of trust/ share and nobody else sees. */
#ifndef TRUST_TRUST_INT_H
#define TRUST_TRUST_INT_H

#include "trust/digest.h"
#include "trust/openssl.h"
#include "trust/vault.h"

/** PEM files are at most this long. */
#define RF_PEM_MAX (256 * 1024)

const EVP_MD *rf_digest_md(enum rf_digest alg);

/** Is the slice one DER element, all lengths definite and minimal, nothing behind it? Walks with a
 * stack of its own, at most 32 levels. */
RF_MUST_CHECK bool rf_der_is_strict(struct rf_slice der);

/** Read on over one element with this identifier octet; its value is read from *value. */
RF_MUST_CHECK bool rf_der_take(struct rf_rd *rd, uint8_t tag, struct rf_rd *value);

/** A Name as text, rf_free; false when it is no usable one (cert-name). */
RF_MUST_CHECK bool rf_name_text(const X509_NAME *name, char **out);

/** Seconds since 1970; false when it is no time. */
RF_MUST_CHECK bool rf_asn1_time(const ASN1_TIME *t, int64_t *out);

/** Type, bits and curve of a public or private key. */
void rf_pkey_describe(const EVP_PKEY *pkey, struct rf_spki_info *out);

/** The public key of a SubjectPublicKeyInfo, whole slice; NULL when it is none. */
EVP_PKEY *rf_spki_parse(struct rf_slice spki);

/** Encode a key's public half; rf_free the result. */
RF_MUST_CHECK bool rf_pkey_spki(const EVP_PKEY *pkey, uint8_t **out, size_t *len);

/** Check a signature over a finished digest, or over a bare payload (RSA; alg ignored). */
RF_MUST_CHECK enum rf_err rf_pkey_verify_digest(EVP_PKEY *pkey, enum rf_digest alg,
                                                struct rf_slice digest, struct rf_slice sig,
                                                const char *who, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_pkey_verify_bare(EVP_PKEY *pkey, struct rf_slice payload,
                                              struct rf_slice sig, const char *who,
                                              struct rf_why *why);

/** Why OpenSSL found no path: path-unknown-issuer, path-signature, ... A constant. */
const char *rf_path_code(int error);

#endif
