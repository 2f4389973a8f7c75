/* SPDX-License-Identifier: Apache-2.0 */
#include "service/site/window.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

static bool parse_minute(struct rf_slice text, uint32_t *out)
{
    struct rf_slice hours, minutes;
    uint64_t h = 0, m = 0;
    if (text.len != 5 || !rf_next_piece(&text, ':', &hours) || hours.len != 2 ||
        !rf_next_piece(&text, ':', &minutes) || !rf_parse_u64(hours, 0, 23, &h) ||
        !rf_parse_u64(minutes, 0, 59, &m))
        return false;
    *out = (uint32_t)(h * 60 + m);
    return true;
}

bool rf_window_parse(const char *text, struct rf_window *out)
{
    struct rf_slice rest = rf_slice_str(text), from, to;
    *out = (struct rf_window){0};
    if (text[0] == '\0')
        return true;
    struct rf_window w;
    if (rest.len != 11 || !rf_next_piece(&rest, '-', &from) || !rf_next_piece(&rest, '-', &to) ||
        rest.len > 0 || !parse_minute(from, &w.from_min) || !parse_minute(to, &w.to_min) ||
        w.from_min == w.to_min)
        return false;
    *out = w;
    return true;
}

const char *rf_window_text(const struct rf_window *w, char buf[RF_WINDOW_TEXT])
{
    buf[0] = '\0';
    if (w->from_min != w->to_min)
        snprintf(buf, RF_WINDOW_TEXT, "%02u:%02u-%02u:%02u", w->from_min / 60 % 24,
                 w->from_min % 60, w->to_min / 60 % 24, w->to_min % 60);
    return buf;
}

bool rf_window_is_open(const struct rf_window *w, uint32_t minute)
{
    if (w->from_min == w->to_min)
        return true;
    if (w->from_min < w->to_min)
        return minute >= w->from_min && minute < w->to_min;
    return minute >= w->from_min || minute < w->to_min;
}

uint32_t rf_window_minute(int64_t wall_s)
{
    time_t at = (time_t)wall_s;
    struct tm local = {.tm_hour = 0};
    if (localtime_r(&at, &local) == NULL)
        return 0;
    return (uint32_t)(local.tm_hour * 60 + local.tm_min);
}
