/* SPDX-License-Identifier: Apache-2.0 */
/* A maintenance window: a part of every day, in the server's local time, e.g. "22:00-05:30". One
 * that ends before it begins goes over midnight. Minutes of the day only: a night in which the
 * clocks change has an hour more or less of it. Pure. */
#ifndef SERVICE_SITE_WINDOW_H
#define SERVICE_SITE_WINDOW_H

#include "base/mem.h"

#define RF_WINDOW_TEXT 12

struct rf_window {
    uint32_t from_min; /* of the day; both the same: always open */
    uint32_t to_min;
};

/** "HH:MM-HH:MM", or "" for always. False otherwise; a window of no length is none. */
RF_MUST_CHECK bool rf_window_parse(const char *text, struct rf_window *out);
/** The same as text; "" for always. Returns buf. */
const char *rf_window_text(const struct rf_window *w, char buf[RF_WINDOW_TEXT]);
bool rf_window_is_open(const struct rf_window *w, uint32_t minute);
/** The minute of the day in local time. */
uint32_t rf_window_minute(int64_t wall_s);

#endif
