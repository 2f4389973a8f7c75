/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <string.h>
#include <sys/resource.h>

enum rf_err rf_secret_set(struct rf_secret *s, struct rf_slice from)
{
    if (from.len > sizeof s->bytes)
        return RF_ERR_LIMIT;
    rf_secret_fini(s);
    if (from.len > 0)
        memcpy(s->bytes, from.p, from.len);
    s->len = from.len;
    return RF_OK;
}

struct rf_slice rf_secret_slice(const struct rf_secret *s)
{
    return rf_slice_of(s->bytes, s->len);
}

bool rf_secret_eq(const struct rf_secret *s, struct rf_slice other)
{
    return rf_slice_eq(rf_secret_slice(s), other);
}

void rf_secret_fini(struct rf_secret *s)
{
    rf_wipe(s, sizeof *s);
}

void rf_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}

bool rf_ct_equal(const void *a, const void *b, size_t n)
{
    return rf_slice_eq(rf_slice_of(a, n), rf_slice_of(b, n));
}

void rf_no_core_file(void)
{
    static const struct rlimit none = {0, 0};
    rf_bug_on(setrlimit(RLIMIT_CORE, &none) != 0); /* lowering is never refused */
}
