/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted configurations (.enc.sgn): decrypt one that has been verified, or make one.
 *
 *     err = rf_sigfile_verify(file, tftp_cert, &policy, &info, &why);      (first, always)
 *     err = rf_encfile_decrypt(file, phone_vault_key, &plain, &why);
 *
 * Thread: that of the vault key. */
#ifndef TRUST_ENCFILE_H
#define TRUST_ENCFILE_H

#include "trust/sigfile.h"

/** Longer plaintexts are refused. */
#define RF_ENCFILE_PLAIN_MAX (1024 * 1024)

/**
 * Unwrap, decrypt and compare with tag 27. Call it only with a file that rf_sigfile_verify took.
 *
 * out  empty, its maximum set by the caller (RF_ENCFILE_PLAIN_MAX does). Holds secrets: release it
 *      with rf_buf_wipe.
 *
 * Returns RF_OK; RF_ERR_BAD not-encrypted; header codes; RF_ERR_CRYPTO decrypt: one error, one text
 * for a bad wrapped key, key length, pad count, length and digest.
 */
RF_MUST_CHECK enum rf_err rf_encfile_decrypt(struct rf_slice file, struct rf_vault_key *key,
                                             struct rf_buf *out, struct rf_why *why);

/** Encrypt spec->body for the key of `phone` (RSA) and sign: fresh AES-128 key and IV. As
 * rf_sigfile_sign; RF_ERR_DENIED enc-key-type when the phone's key is not RSA. */
RF_MUST_CHECK enum rf_err rf_encfile_make(struct rf_vault_key *key, const struct rf_cert *cert,
                                          const struct rf_cert *phone,
                                          const struct rf_sigfile_spec *spec, struct rf_buf *out,
                                          struct rf_why *why);

#endif
