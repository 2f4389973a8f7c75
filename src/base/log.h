/* SPDX-License-Identifier: Apache-2.0 */
/* One line per event: text, then key=value, always with dev= and call= where there is one.
 *
 *     rf_info(RF_CAT_CAPF, "certificate confirmed dev=%s serial=%s", name, serial);
 *
 * Never logged: keys, SRTP master keys, passwords, authentication strings. Text from a peer goes
 * through rf_escape() first. Any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum rf_log_level { RF_LOG_ERROR, RF_LOG_WARN, RF_LOG_INFO, RF_LOG_DEBUG };

enum rf_log_cat {
    RF_CAT_MAIN,
    RF_CAT_CONF,
    RF_CAT_NET,
    RF_CAT_TLS,
    RF_CAT_TRUST,
    RF_CAT_SIGNER,
    RF_CAT_STORE,
    RF_CAT_MEDIA,
    RF_CAT_CALL,
    RF_CAT_SCCP,
    RF_CAT_CAPF,
    RF_CAT_TVS,
    RF_CAT_PROVISION,
    RF_CAT_TFTP,
    RF_CAT_ADMIN,
    RF_CAT_PHONE,
    RF_CAT_N
};

/** Where lines go: a file descriptor (default 2), and the lowest level shown for all categories. */
void rf_log_setup(int fd, enum rf_log_level level);
void rf_log_set_level(enum rf_log_cat cat, enum rf_log_level level);
bool rf_log_wants(enum rf_log_cat cat, enum rf_log_level level);
const char *rf_log_cat_name(enum rf_log_cat cat);
/** "error", "warn", "info" or "debug" to its value; false for anything else. */
RF_MUST_CHECK bool rf_log_level_parse(const char *text, enum rf_log_level *out);

/** Write one line: time, level, category, text. Line breaks in the text become blanks. */
void rf_log(enum rf_log_cat cat, enum rf_log_level level, const char *fmt, ...) RF_PRINTF(3, 4);

#define rf_error(cat, ...) rf_log((cat), RF_LOG_ERROR, __VA_ARGS__)
#define rf_warn(cat, ...)  rf_log((cat), RF_LOG_WARN, __VA_ARGS__)
#define rf_info(cat, ...)  rf_log((cat), RF_LOG_INFO, __VA_ARGS__)
#define rf_debug(cat, ...)                                                                         \
    do {                                                                                           \
        if (rf_log_wants((cat), RF_LOG_DEBUG))                                                     \
            rf_log((cat), RF_LOG_DEBUG, __VA_ARGS__);                                              \
    } while (0)

/** Rate limit for lines a peer can provoke: at most `burst` a minute per place. */
struct rf_log_limit {
    uint64_t window_ms;
    uint32_t used;
    uint32_t dropped;
};
/** True when a line may be written now; counts what it drops. One thread per struct. */
bool rf_log_allows(struct rf_log_limit *limit, uint32_t burst, uint64_t now_ms);

#endif
