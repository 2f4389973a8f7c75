/* SPDX-License-Identifier: Apache-2.0 */
/* What is logged meanwhile, and how often it says something. */
#ifndef SUPPORT_LOG_LINES_H
#define SUPPORT_LOG_LINES_H

#include "unit.h"

#include "base/log.h"

/** From here on the log goes into a file. */
static inline FILE *log_lines_begin(void)
{
    FILE *log = tmpfile();
    assert_non_null(log);
    rf_log_setup(fileno(log), RF_LOG_INFO);
    return log;
}

/** To the terminal again; the file can be asked. */
static inline void log_lines_stop(void)
{
    rf_log_setup(2, RF_LOG_INFO);
}

static inline size_t log_lines_with(FILE *log, const char *text)
{
    char line[1024];
    size_t n = 0;
    rewind(log);
    while (fgets(line, sizeof line, log) != NULL)
        n += strstr(line, text) != NULL;
    return n;
}

#endif
