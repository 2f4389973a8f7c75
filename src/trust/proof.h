/* SPDX-License-Identifier: Apache-2.0 */
/* CAPF's proofs of possession: the signatures of an auth response over "device name, 00,
 * certificate", and the SUDI block over "session id, certificate". Whether the certificate is one
 * of ours (path.h, name.h) and whether a proof is a replay is the caller's.
 *
 *     err = rf_proof_check(cert, name, sha1_sig, sha512_sig, &policy, &used_bare, &why);
 *
 * Thread: any for checks; that of the vault key for signing. Source: doc: docs/wire/capf-proof.md
 */
#ifndef TRUST_PROOF_H
#define TRUST_PROOF_H

#include "trust/vault.h"

/** Longest device name that is signed. */
#define RF_PROOF_NAME_MAX 64

/**
 * Make both signatures (RSA PKCS#1 v1.5 or ECDSA).
 *
 * is_bare   RSA: the bare digest without DigestInfo, as the peer client writes it.
 * sha1_sig, sha512_sig  appended to; maximum at least RF_SIGNATURE_MAX.
 *
 * Returns RF_OK; RF_ERR_BAD proof-name; and what signing gives.
 */
RF_MUST_CHECK enum rf_err rf_proof_sign(struct rf_vault_key *key, const struct rf_cert *cert,
                                        struct rf_slice device_name, bool is_bare,
                                        struct rf_buf *sha1_sig, struct rf_buf *sha512_sig,
                                        struct rf_why *why);

/**
 * Check both signatures; both must be there. RSA blocks are compared whole (V9, A6).
 *
 * allow_bare  knob capf_bare_digest.  used_bare (may be NULL): a bare digest was taken: show it.
 *
 * Returns RF_OK; RF_ERR_BAD proof-name, proof-missing; RF_ERR_DENIED proof-bare-digest (right, but
 * bare and not allowed); RF_ERR_CRYPTO proof-mismatch.
 */
RF_MUST_CHECK enum rf_err rf_proof_check(const struct rf_cert *cert, struct rf_slice device_name,
                                         struct rf_slice sha1_sig, struct rf_slice sha512_sig,
                                         bool allow_bare, bool *used_bare, struct rf_why *why);

/** What identifies a proof for the replay rule (A5), 32 bytes: SHA-256 over both signatures, of
 * ECDSA over r alone, because anybody can turn s into another that is as valid. */
void rf_proof_id(struct rf_slice sha1_sig, struct rf_slice sha512_sig, uint8_t out[32]);

/** Make both signatures of the SUDI data of a session: over session id (little-endian) and
 * certificate. Buffers as rf_proof_sign. */
RF_MUST_CHECK enum rf_err rf_sudi_sign(struct rf_vault_key *key, const struct rf_cert *cert,
                                       uint32_t session_id, bool is_bare, struct rf_buf *sha1_sig,
                                       struct rf_buf *sha512_sig, struct rf_why *why);

/**
 * Check SUDI data against the session. The caller then checks path and name of `sudi_cert` for the
 * same device.
 *
 * Returns RF_OK; RF_ERR_BAD proof-missing; RF_ERR_DENIED sudi-key-type (another type than that of
 * `cert`, the certificate of the first proof; NULL: not compared), proof-bare-digest;
 * RF_ERR_CRYPTO proof-mismatch.
 */
RF_MUST_CHECK enum rf_err rf_sudi_check(const struct rf_cert *sudi_cert, const struct rf_cert *cert,
                                        uint32_t session_id, struct rf_slice sha1_sig,
                                        struct rf_slice sha512_sig, bool allow_bare,
                                        bool *used_bare, struct rf_why *why);

#endif
