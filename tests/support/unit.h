/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka with the headers it wants in front, and assertions on our own types. */
#ifndef SUPPORT_UNIT_H
#define SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

/* RINGFENCE_TEST=name runs the tests of that name alone; * and ? stand for what they do in a shell.
 */
__attribute__((constructor)) static void of_this_name(void)
{
    const char *name = getenv("RINGFENCE_TEST");
    if (name != NULL)
        cmocka_set_test_filter(name);
}

/* The name of a folder or file of the test's own, for mkdtemp() or mkstemp(): in TMPDIR, else /tmp.
 */
#define TEST_TMP 64
static inline void test_tmp(char *path, size_t size, const char *kind)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(path, size, "%s/rf-%s-XXXXXX", tmp != NULL ? tmp : "/tmp", kind);
    assert_in_range(n, 1, size - 1);
}

/** The call gives exactly this error. */
#define assert_err(call, want)                                                                     \
    do {                                                                                           \
        enum rf_err assert_err_got = (call);                                                       \
        if (assert_err_got != (want))                                                              \
            print_error("%s: got %s, want %s\n", #call, rf_err_name(assert_err_got),               \
                        rf_err_name(want));                                                        \
        assert_int_equal(assert_err_got, want);                                                    \
    } while (0)

/** The call is refused with this error for this reason code. */
#define assert_refused(call, want, why, reason)                                                    \
    do {                                                                                           \
        assert_err(call, want);                                                                    \
        assert_string_equal((why).code, reason);                                                   \
    } while (0)

#define assert_slice_str(slice, text) assert_true(rf_slice_eq_str((slice), (text)))
#define assert_slice_eq(a, b)         assert_true(rf_slice_eq((a), (b)))

#endif
