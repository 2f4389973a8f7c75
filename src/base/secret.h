/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: wiped on release, compared in constant time, and without a print function. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/bytes.h"

#define RF_SECRET_MAX 256

/** A secret of at most RF_SECRET_MAX bytes, held in place. Release it with rf_secret_fini, also as
 * RF_AUTO(rf_secret_fini). Copying the struct copies the secret: do not. */
struct rf_secret {
    uint8_t bytes[RF_SECRET_MAX];
    size_t len;
};

/** Take a copy; RF_ERR_LIMIT when it is too long. */
RF_MUST_CHECK enum rf_err rf_secret_set(struct rf_secret *s, struct rf_slice from);
struct rf_slice rf_secret_slice(const struct rf_secret *s);
bool rf_secret_eq(const struct rf_secret *s, struct rf_slice other);
void rf_secret_fini(struct rf_secret *s);

/** Wipe memory so that the compiler cannot leave it out. */
void rf_wipe(void *p, size_t n);
/** Same n bytes? Time depends on n only. */
bool rf_ct_equal(const void *a, const void *b, size_t n);

/** A program that holds keys leaves no core file, whatever becomes of it. Once, at its start. */
void rf_no_core_file(void);

#endif
