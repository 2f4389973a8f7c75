/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the kernel (getrandom). No library state, so it is safe after fork and on the
 * call-control thread. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/err.h"

/** Fill p with n random bytes; aborts when the kernel cannot give them. Any thread. */
void rf_random_bytes(void *p, size_t n);
uint32_t rf_random_u32(void);
/** Uniform in [0, below); below > 0. */
uint32_t rf_random_below(uint32_t below);

#endif
