/* SPDX-License-Identifier: Apache-2.0 */
/* The one way to use a private key: sign, decrypt, show the public half. Behind it: a key of this
 * process (vault.h), or one of the signer process (signer.h).
 *
 *     RF_AUTO(rf_vault_freep) struct rf_vault_key *v = rf_vault_key_from_key(key);
 *     err = rf_vault_sign(v, RF_DIGEST_SHA512, parts, 2, &sig, &why);
 *
 * Thread: one at a time per vault key; calls may block. */
#ifndef TRUST_VAULT_H
#define TRUST_VAULT_H

#include "trust/digest.h"
#include "trust/key.h"

/** Signatures and wrapped keys are at most this long (RSA 4096). */
#define RF_SIGNATURE_MAX 512

struct rf_vault_key;

/** A backend. `state` is its own; `close` may be NULL. */
struct rf_vault_ops {
    /** Sign a finished digest: RSA PKCS#1 v1.5 with DigestInfo, or ECDSA as DER. Appends to sig. */
    enum rf_err (*sign)(void *state, enum rf_digest alg, struct rf_slice digest, struct rf_buf *sig,
                        struct rf_why *why);
    /** Sign a ready-made PKCS#1 v1.5 payload (what stands behind the padding) without adding a
     * DigestInfo. NULL: the backend does not do that. */
    enum rf_err (*sign_bare)(void *state, struct rf_slice payload, struct rf_buf *sig,
                             struct rf_why *why);
    /** Undo RSA PKCS#1 v1.5 encryption of exactly want_len bytes, in time that does not tell what
     * is wrong with the block. One error for every failure. NULL: not done here. */
    enum rf_err (*decrypt)(void *state, struct rf_slice wrapped, size_t want_len,
                           struct rf_secret *out, struct rf_why *why);
    void (*close)(void *state);
};

/** A vault key on a backend; spki is copied. Owns `state` through ops->close. */
struct rf_vault_key *rf_vault_key_new(const struct rf_vault_ops *ops, void *state,
                                      struct rf_slice spki);
/** The same key for another user of it: nothing is read again. */
struct rf_vault_key *rf_vault_key_again(const struct rf_vault_key *like,
                                        const struct rf_vault_ops *ops, void *state);
/** A vault key on a key of this process (its count goes up). */
struct rf_vault_key *rf_vault_key_from_key(struct rf_key *key);
void rf_vault_free(struct rf_vault_key *v);
void rf_vault_freep(struct rf_vault_key **v);

/** SubjectPublicKeyInfo DER, borrowed. */
struct rf_slice rf_vault_spki(const struct rf_vault_key *v);
enum rf_key_type rf_vault_key_type(const struct rf_vault_key *v);
unsigned rf_vault_key_bits(const struct rf_vault_key *v);
bool rf_vault_matches(const struct rf_vault_key *v, const struct rf_cert *cert);

/** Hash the parts in order and sign. `sig` (maximum at least RF_SIGNATURE_MAX) is appended to.
 * RF_ERR_CRYPTO sign-failed; RF_ERR_DENIED sign-digest (the signer process does not do that digest
 * with that key); RF_ERR_IO signer-gone. */
RF_MUST_CHECK enum rf_err rf_vault_sign(struct rf_vault_key *v, enum rf_digest alg,
                                        const struct rf_slice *parts, size_t n, struct rf_buf *sig,
                                        struct rf_why *why);
/** Sign a finished digest. */
RF_MUST_CHECK enum rf_err rf_vault_sign_digest(struct rf_vault_key *v, enum rf_digest alg,
                                               struct rf_slice digest, struct rf_buf *sig,
                                               struct rf_why *why);
/** RSA only: PKCS#1 v1.5 type 1 padding around `payload` as it is (the bare digest of CAPF proofs).
 * RF_ERR_DENIED when the backend does not do it. */
RF_MUST_CHECK enum rf_err rf_vault_sign_bare(struct rf_vault_key *v, struct rf_slice payload,
                                             struct rf_buf *sig, struct rf_why *why);
/** The want_len bytes (1..64) that were encrypted for this key with RSA PKCS#1 v1.5. RF_ERR_CRYPTO
 * decrypt for every failure. */
RF_MUST_CHECK enum rf_err rf_vault_decrypt(struct rf_vault_key *v, struct rf_slice wrapped,
                                           size_t want_len, struct rf_secret *out,
                                           struct rf_why *why);

/**
 * Check a signature over n parts with the key of a certificate. RSA PKCS#1 v1.5: the whole padded
 * block must be the expected one (V9); EC: ECDSA DER.
 *
 * Returns RF_OK or RF_ERR_CRYPTO sig-mismatch. Thread: any.
 */
RF_MUST_CHECK enum rf_err rf_cert_verify(const struct rf_cert *cert, enum rf_digest alg,
                                         const struct rf_slice *parts, size_t n,
                                         struct rf_slice sig, struct rf_why *why);
/** The same with a finished digest. */
RF_MUST_CHECK enum rf_err rf_cert_verify_digest(const struct rf_cert *cert, enum rf_digest alg,
                                                struct rf_slice digest, struct rf_slice sig,
                                                struct rf_why *why);
/** RSA only: the block must be type 1 padding and exactly `payload`. */
RF_MUST_CHECK enum rf_err rf_cert_verify_bare(const struct rf_cert *cert, struct rf_slice payload,
                                              struct rf_slice sig, struct rf_why *why);

#endif
