/* SPDX-License-Identifier: Apache-2.0 */
/* What the file layer did, for tests that cut the power (meson -Dtest_hooks=true); nothing in every
 * other build. RINGFENCE_FILE_JOURNAL=FILE gets a line for each change, in the order they were
 * made, fields parted by tabs:
 *
 *     create PATH | write PATH HEX | sync PATH | rename OLD NEW | sync-folder PATH | remove PATH |
 *     make-folder PATH
 *
 * Thread: any. */
#ifndef BASE_FILE_JOURNAL_H
#define BASE_FILE_JOURNAL_H

#include "base/bytes.h"

#ifdef RF_TEST_HOOKS
void rf_file_journal(const char *what, const char *path, const char *other);
void rf_file_journal_write(const char *path, const uint8_t *bytes, size_t n);
#else
static inline void rf_file_journal(const char *what, const char *path, const char *other)
{
    (void)what;
    (void)path;
    (void)other;
}
static inline void rf_file_journal_write(const char *path, const uint8_t *bytes, size_t n)
{
    (void)path;
    (void)bytes;
    (void)n;
}
#endif

#endif
