/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

void rf_random_bytes(void *p, size_t n)
{
    uint8_t *to = p;
    while (n > 0) {
        ssize_t got = getrandom(to, n, 0);
        rf_bug_on(got < 0 && errno != EINTR);
        if (got > 0) {
            to += got;
            n -= (size_t)got;
        }
    }
}

uint32_t rf_random_u32(void)
{
    uint32_t v;
    rf_random_bytes(&v, sizeof v);
    return v;
}

uint32_t rf_random_below(uint32_t below)
{
    rf_bug_on(below == 0);
    uint32_t limit = UINT32_MAX - UINT32_MAX % below;
    uint32_t v;
    do
        v = rf_random_u32();
    while (v >= limit);
    return v % below;
}
