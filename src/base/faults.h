/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks for test builds (meson -Dtest_hooks=true). In every other build both are constants that the
 * compiler removes.
 *
 * RINGFENCE_SKIP_CHECKS=name,name   switches the named security checks off, so that a test can show
 *                                   that it would notice:
 *     if (!rf_fault_skips("file.digest") && !digest_ok)
 *         return refuse...;
 * RINGFENCE_CHECKS_ASKED=folder     makes a file in the folder, named after the check, whenever the
 *                                   hook is asked: tests that never ask cannot notice.
 * RINGFENCE_CRASH_AT=point          kills the process (SIGKILL) at rf_crash_point("point").
 */
#ifndef BASE_FAULTS_H
#define BASE_FAULTS_H

#include <stdbool.h>

#ifdef RF_TEST_HOOKS
bool rf_fault_skips(const char *check);
void rf_crash_point(const char *point);
#else
static inline bool rf_fault_skips(const char *check)
{
    (void)check;
    return false;
}
static inline void rf_crash_point(const char *point)
{
    (void)point;
}
#endif

#endif
