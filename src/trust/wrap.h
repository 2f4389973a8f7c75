/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets at rest: wrapped by a key of the site, so that a copy of the database tells nobody a
 * password. AES-256-GCM; what it belongs to is bound to it, so that one cannot be put in another's
 * place.
 *
 *     RF_AUTO(rf_secret_fini) struct rf_secret key = {0};
 *     err = rf_wrap_key_load(path, &key, &why);
 *     err = rf_wrap(&key, rf_slice_str("device SEP001122334455 sshPassword"), secret, &out, &why);
 *
 * Wrapped: version (1), 12 bytes nonce, ciphertext, 16 bytes tag.
 * Thread: any. */
#ifndef TRUST_WRAP_H
#define TRUST_WRAP_H

#include "base/mem.h"
#include "base/secret.h"

#define RF_WRAP_KEY_BYTES 32
/** A wrapped secret is so much longer. */
#define RF_WRAP_OVERHEAD 29
#define RF_WRAPPED_MAX   (RF_SECRET_MAX + RF_WRAP_OVERHEAD)

/** A new key file (0600), which must not be there: RF_ERR_EXISTS. */
RF_MUST_CHECK enum rf_err rf_wrap_key_make(const char *path, struct rf_why *why);
/** RF_ERR_NOT_FOUND; RF_ERR_BAD wrap-key (not 64 hexadecimal digits on a line). */
RF_MUST_CHECK enum rf_err rf_wrap_key_load(const char *path, struct rf_secret *out,
                                           struct rf_why *why);

/** Append the wrapped secret (1 to RF_SECRET_MAX bytes, RF_ERR_LIMIT secret-long) with a nonce
 * of its own. `bound` says what it belongs to. */
RF_MUST_CHECK enum rf_err rf_wrap(const struct rf_secret *key, struct rf_slice bound,
                                  struct rf_slice secret, struct rf_buf *out, struct rf_why *why);
/** RF_ERR_CRYPTO unwrap: made by another key, for something else, or changed; `out` is empty. */
RF_MUST_CHECK enum rf_err rf_unwrap(const struct rf_secret *key, struct rf_slice bound,
                                    struct rf_slice wrapped, struct rf_secret *out,
                                    struct rf_why *why);

/** The same for bytes of any length from 1 to RF_WRAP_BYTES_MAX. */
#define RF_WRAP_BYTES_MAX ((size_t)1024 * 1024)
RF_MUST_CHECK enum rf_err rf_wrap_bytes(const struct rf_secret *key, struct rf_slice bound,
                                        struct rf_slice bytes, struct rf_buf *out,
                                        struct rf_why *why);
/** RF_ERR_CRYPTO unwrap. `out` is empty, its maximum set by the caller: release it with
 * rf_buf_wipe. */
RF_MUST_CHECK enum rf_err rf_unwrap_bytes(const struct rf_secret *key, struct rf_slice bound,
                                          struct rf_slice wrapped, struct rf_buf *out,
                                          struct rf_why *why);

#endif
