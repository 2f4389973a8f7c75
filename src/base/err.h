/* SPDX-License-Identifier: Apache-2.0 */
/* Results and their reasons. Functions that can fail return enum rf_err; the person reading the log
 * gets field, offset and a short text through an optional struct rf_why, the last argument.
 *
 *     struct rf_why why = {0};
 *     if (rf_trustlist_decode(in, &list, &why) != RF_OK)
 *         rf_warn(RF_CAT_TRUST, "list refused: %s", rf_why_text(&why));
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RF_MUST_CHECK   __attribute__((warn_unused_result))
#define RF_PRINTF(f, a) __attribute__((format(printf, f, a)))

enum rf_err {
    RF_OK = 0,
    RF_ERR_SHORT,   /* input ended */
    RF_ERR_BAD,     /* malformed */
    RF_ERR_LIMIT,   /* a named limit was passed */
    RF_ERR_UNKNOWN, /* well formed, but nothing we know */
    RF_ERR_DENIED,  /* understood and refused */
    RF_ERR_NOT_FOUND,
    RF_ERR_EXISTS,
    RF_ERR_AGAIN, /* not now; try again */
    RF_ERR_IO,
    RF_ERR_CRYPTO, /* a signature, key or decryption failed */
    RF_ERR_NOMEM,
};

#define RF_WHY_CODE_MAX 40
#define RF_WHY_TEXT_MAX 256

/** Why something was refused: `code` is a stable kebab-case reason for tests and --json, `text` is
 * for people. Zero-initialise it; it never allocates. */
struct rf_why {
    char code[RF_WHY_CODE_MAX];
    char text[RF_WHY_TEXT_MAX];
    size_t offset; /* byte offset in the input, where one makes sense */
};

/** Fill `why` (may be NULL). The first reason set stays; later calls do not overwrite it, because
 * the innermost failure is the cause. Returns `err`, so that a refusal is one line. Any thread. */
enum rf_err rf_why_set(struct rf_why *why, enum rf_err err, const char *code, const char *fmt, ...)
    RF_PRINTF(4, 5);

/** As rf_why_set, but replaces what is there. */
enum rf_err rf_why_replace(struct rf_why *why, enum rf_err err, const char *code, const char *fmt,
                           ...) RF_PRINTF(4, 5);

#ifdef __clang_analyzer__
/* The analyzer reads one file at a time and would follow a refusal that returns RF_OK. */
#define rf_why_set(why, err, ...)     ((void)rf_why_set(why, err, __VA_ARGS__), (err))
#define rf_why_replace(why, err, ...) ((void)rf_why_replace(why, err, __VA_ARGS__), (err))
#endif

/** "text (code, byte N)" or "no reason given"; points into `why`'s own storage or a constant. */
const char *rf_why_text(const struct rf_why *why);

/** The stable name of an error, e.g. "denied". */
const char *rf_err_name(enum rf_err err);

/** A promise of ours was broken: print and abort. Nothing a peer, file, database or operator
 * supplies may reach this. Stays in release builds. */
#define rf_bug_on(cond)                                                                            \
    do {                                                                                           \
        if (__builtin_expect(!!(cond), 0))                                                         \
            rf_bug(#cond, __FILE__, __LINE__);                                                     \
    } while (0)
__attribute__((noreturn)) void rf_bug(const char *what, const char *file, int line);

#endif
