/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication strings and passwords at rest: a salted, slow hash as one line of text (scrypt).
 *
 *     err = rf_pwhash_make(rf_slice_str("123456"), text, &why);
 *     if (rf_pwhash_check(text, typed)) ...
 *
 * Thread: any that may block (about 50 ms and 16 MiB for a moment). */
#ifndef TRUST_PWHASH_H
#define TRUST_PWHASH_H

#include "base/bytes.h"

/** "scrypt$14$8$1$<salt hex>$<hash hex>" with NUL fits. */
#define RF_PWHASH_MAX 160
/** Longer passwords are refused. */
#define RF_PWHASH_PASSWORD_MAX 128

/** RF_ERR_BAD password-empty, password-nul; RF_ERR_LIMIT password-long. */
RF_MUST_CHECK enum rf_err rf_pwhash_make(struct rf_slice password, char out[RF_PWHASH_MAX],
                                         struct rf_why *why);
/** Is it that password? A text not of this form is never right. Compared in constant time. */
bool rf_pwhash_check(const char *text, struct rf_slice password);

#endif
