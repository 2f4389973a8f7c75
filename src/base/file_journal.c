/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file_journal.h"

#ifdef RF_TEST_HOOKS
#include "base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A line is one write to a file opened for appending, so that threads do not mix theirs. A journal
 * that cannot be written would make a test pass that should not. */
static void put(const char *path, const char *line, size_t n)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    rf_bug_on(fd < 0);
    ssize_t written = write(fd, line, n);
    rf_bug_on(written < 0 || (size_t)written != n);
    close(fd);
}

/* NULL: nobody wants one. */
static const char *journal(void)
{
    return getenv("RINGFENCE_FILE_JOURNAL");
}

void rf_file_journal(const char *what, const char *path, const char *other)
{
    const char *to = journal();
    if (to == NULL)
        return;
    RF_AUTO(rf_freep)
    char *line = other != NULL ? rf_strf("%s\t%s\t%s\n", what, path, other)
                               : rf_strf("%s\t%s\n", what, path);
    put(to, line, rf_slice_str(line).len);
}

void rf_file_journal_write(const char *path, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const char *to = journal();
    if (to == NULL)
        return;
    RF_AUTO(rf_freep) char *head = rf_strf("write\t%s\t", path);
    RF_AUTO(rf_buf_fini) struct rf_buf line = RF_BUF(rf_slice_str(head).len + 2 * n + 1);
    enum rf_err err = rf_buf_add(&line, head, rf_slice_str(head).len);
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        char two[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        err = rf_buf_add(&line, two, 2);
    }
    if (err == RF_OK)
        err = rf_buf_add(&line, "\n", 1);
    rf_bug_on(err != RF_OK);
    put(to, (const char *)line.p, line.len);
}
#else
/* ISO C wants a translation unit to hold something. */
typedef int rf_file_journal_is_compiled_out;
#endif
