/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files from a table. A program states its options once (name, type, default, limits,
 * unit, help, whether a reload may change it); the parser, `config check`, `config show` and the
 * manual page come from that table. A file is lines of `name = value`, `#` comments and blank
 * lines. A wrong file changes nothing and is refused with line and reason. */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/mem.h"

enum rf_conf_type {
    RF_CONF_U32,  /* member uint32_t; min, max, unit */
    RF_CONF_BOOL, /* member bool; yes or no */
    RF_CONF_TEXT, /* member char *; may be empty */
    RF_CONF_ENUM, /* member uint32_t: index into words */
};

struct rf_conf_option {
    const char *name;
    enum rf_conf_type type;
    size_t at;                /* offsetof the member */
    const char *fallback;     /* default, as text */
    uint32_t min, max;        /* U32 */
    const char *unit;         /* "s", "ms", "port" or NULL */
    const char *const *words; /* ENUM: NULL-terminated */
    bool reloads;             /* may change while running */
    bool weak;                /* switches a weak choice on: named in status */
    const char *help;
};

struct rf_conf_def {
    const struct rf_conf_option *options;
    size_t n;
    size_t size;           /* sizeof the struct the offsets point into */
    const char *listed_by; /* for who names one that is none: "`program show` lists them" */
};

/** A new struct with all defaults. Free with rf_conf_free. */
void *rf_conf_new(const struct rf_conf_def *def);
void rf_conf_free(const struct rf_conf_def *def, void *conf);
/** Parse `text` over the defaults. RF_OK: *out is a new struct. Otherwise `why` holds line and
 * reason and *out stays as it was. */
RF_MUST_CHECK enum rf_err rf_conf_parse(const struct rf_conf_def *def, struct rf_slice text,
                                        void **out, struct rf_why *why);
/** Value of one option as text, whole: a number is written to buf, a text or word, of whatever
 * length, is the configuration's own. */
#define RF_CONF_NUMBER 16
const char *rf_conf_text(const struct rf_conf_option *option, const void *conf,
                         char buf[RF_CONF_NUMBER]);
/** The whole file, with help as comments, from a struct. */
RF_MUST_CHECK enum rf_err rf_conf_write(const struct rf_conf_def *def, const void *conf,
                                        struct rf_buf *out);
bool rf_conf_same(const struct rf_conf_option *option, const void *a, const void *b);

#endif
