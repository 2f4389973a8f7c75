/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys: make, load, save. Use goes through vault.h, so that the same code works with a key
 * in a file, in the signer process or, later, in a token.
 *
 *     RF_AUTO(rf_key_freep) struct rf_key *k = NULL;
 *     err = rf_key_load("keys/ccm.pem", NULL, &k, &why);
 *
 * Thread: any, one at a time per key. Blocking (files, key generation). */
#ifndef TRUST_KEY_H
#define TRUST_KEY_H

#include "base/secret.h"
#include "trust/cert.h"

struct rf_key;

/** A new RSA key of 512..4096 bits (tests need short ones; policy is elsewhere). RF_ERR_LIMIT
 * key-size, RF_ERR_CRYPTO key-generate. */
RF_MUST_CHECK enum rf_err rf_key_new_rsa(unsigned bits, struct rf_key **out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_key_new_ec(enum rf_curve curve, struct rf_key **out,
                                        struct rf_why *why);

/** The private key of a PEM text or file (PKCS#8 or traditional; certificates beside it are passed
 * over; at most 256 KiB). passphrase may be NULL. What was read is wiped. RF_ERR_NOT_FOUND
 * pem-no-key or file missing; RF_ERR_DENIED key-passphrase (missing or wrong); RF_ERR_BAD
 * key-parse. */
RF_MUST_CHECK enum rf_err rf_key_from_pem(struct rf_slice pem, const struct rf_secret *passphrase,
                                          struct rf_key **out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_key_load(const char *path, const struct rf_secret *passphrase,
                                      struct rf_key **out, struct rf_why *why);

/** Write PKCS#8 PEM, mode 0600, atomically; with a passphrase AES-256 and a slow derivation.
 * `cert` (may be NULL) is written behind it, so that the file serves as --key. */
RF_MUST_CHECK enum rf_err rf_key_save(const struct rf_key *k, const char *path,
                                      const struct rf_secret *passphrase,
                                      const struct rf_cert *cert, struct rf_why *why);

/** The same PEM into `out`; release it with rf_buf_wipe. */
RF_MUST_CHECK enum rf_err rf_key_to_pem(const struct rf_key *k, const struct rf_secret *passphrase,
                                        struct rf_buf *out, struct rf_why *why);
/** Wipe the whole capacity of a buffer and release it. */
void rf_buf_wipe(struct rf_buf *b);

enum rf_key_type rf_key_type(const struct rf_key *k);
unsigned rf_key_bits(const struct rf_key *k);
/** SubjectPublicKeyInfo DER, borrowed. */
struct rf_slice rf_key_spki(const struct rf_key *k);
/** Is this the private half of the certificate's key? */
bool rf_key_matches(const struct rf_key *k, const struct rf_cert *cert);

struct rf_key *rf_key_ref(struct rf_key *k);
void rf_key_free(struct rf_key *k);
void rf_key_freep(struct rf_key **k);

/** What a SubjectPublicKeyInfo holds. */
struct rf_spki_info {
    enum rf_key_type type;
    unsigned bits;
    enum rf_curve curve;
};
/** Parse one, whole slice, at most RF_CERT_DER_MAX. RF_ERR_BAD spki-parse. */
RF_MUST_CHECK enum rf_err rf_spki_info(struct rf_slice spki, struct rf_spki_info *out,
                                       struct rf_why *why);

/** What was asked of a phone that made a key (A7). */
struct rf_spki_want {
    enum rf_key_type type;
    unsigned rsa_bits;             /* for RSA */
    enum rf_curve curve;           /* for EC */
    struct rf_slice previous_spki; /* of the former LSC; empty when there is none */
};
/**
 * Judge a public key returned by a phone: type and size exactly as asked, exponent odd and
 * >= 65537, no known weak key, not the former one.
 *
 * Returns RF_OK; RF_ERR_BAD spki-parse; RF_ERR_DENIED key-type, key-size, key-curve, key-exponent,
 * key-weak (ROCA pattern, or a modulus with a small factor), key-reused.
 */
RF_MUST_CHECK enum rf_err rf_spki_check(struct rf_slice spki, const struct rf_spki_want *want,
                                        struct rf_why *why);

#endif
