/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef rf_why_set
#undef rf_why_replace

RF_PRINTF(3, 0)
static void why_fill(struct rf_why *why, const char *code, const char *fmt, va_list ap)
{
    snprintf(why->code, sizeof why->code, "%s", code);
    vsnprintf(why->text, sizeof why->text, fmt, ap);
    /* Subjects of certificates and the like come from peers, and reasons are shown on terminals. */
    rf_blank_controls(why->text, strlen(why->text));
}

enum rf_err rf_why_set(struct rf_why *why, enum rf_err err, const char *code, const char *fmt, ...)
{
    if (why != NULL && why->code[0] == '\0') {
        va_list ap;
        va_start(ap, fmt);
        why_fill(why, code, fmt, ap);
        va_end(ap);
    }
    return err;
}

enum rf_err rf_why_replace(struct rf_why *why, enum rf_err err, const char *code, const char *fmt,
                           ...)
{
    if (why != NULL) {
        va_list ap;
        va_start(ap, fmt);
        why_fill(why, code, fmt, ap);
        va_end(ap);
    }
    return err;
}

const char *rf_why_text(const struct rf_why *why)
{
    return (why != NULL && why->text[0] != '\0') ? why->text : "no reason given";
}

const char *rf_err_name(enum rf_err err)
{
    static const char *const names[] = {
        [RF_OK] = "ok",           [RF_ERR_SHORT] = "short",         [RF_ERR_BAD] = "bad",
        [RF_ERR_LIMIT] = "limit", [RF_ERR_UNKNOWN] = "unknown",     [RF_ERR_DENIED] = "denied",
        [RF_ERR_IO] = "io",       [RF_ERR_NOT_FOUND] = "not-found", [RF_ERR_EXISTS] = "exists",
        [RF_ERR_AGAIN] = "again", [RF_ERR_CRYPTO] = "crypto",       [RF_ERR_NOMEM] = "no-memory",
    };
    return (size_t)err < sizeof names / sizeof *names ? names[err] : "?";
}

void rf_bug(const char *what, const char *file, int line)
{
    fprintf(stderr, "ringfence: internal error: %s at %s:%d\n", what, file, line);
    abort();
}
