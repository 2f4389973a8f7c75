/* SPDX-License-Identifier: Apache-2.0 */
/* Writing heads. */
#include <stdio.h>

#include "base/text.h"
#include "wire/httpmsg/httpmsg.h"

static void put(struct rf_wr *wr, const char *text)
{
    rf_wr_slice(wr, rf_slice_str(text));
}

static void put_number(struct rf_wr *wr, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    put(wr, text);
}

/* ---- requests ---- */

static void put_path(struct rf_wr *wr, struct rf_slice name)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/+";
    struct rf_rd rd = rf_rd_of(name);
    uint8_t c = 0;
    while (rf_rd_u8(&rd, &c)) {
        char escaped[4];
        if (rf_slice_find(rf_slice_str(plain), rf_slice_of(&c, 1)) != SIZE_MAX) {
            rf_wr_u8(wr, c);
            continue;
        }
        snprintf(escaped, sizeof escaped, "%%%02X", c);
        put(wr, escaped);
    }
}

enum rf_err rf_httpmsg_ask_encode(const struct rf_httpmsg_ask *ask, uint8_t *buf, size_t cap,
                                  struct rf_slice *out)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    put(&wr, ask->is_head ? "HEAD " : "GET ");
    if (ask->has_target) {
        rf_wr_slice(&wr, ask->target);
    } else {
        put(&wr, "/");
        put_path(&wr, ask->name);
    }
    put(&wr, " HTTP/1.1\r\nHost: ");
    put(&wr, ask->host);
    put(&wr, ":");
    put_number(&wr, ask->port);
    if (ask->agent != NULL) {
        put(&wr, "\r\nUser-Agent: ");
        put(&wr, ask->agent);
    }
    put(&wr, "\r\nConnection: close\r\n\r\n");
    return rf_wr_done(&wr, out);
}

/* ---- answers ---- */

const char *rf_httpmsg_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Other";
}

const char *rf_httpmsg_type_of(struct rf_slice name)
{
    static const struct {
        const char *end;
        const char *type;
    } types[] = {
        {".xml", "text/xml"},
        {".png", "image/png"},
        {".json", "application/json"},
        {".txt", "text/plain"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (rf_slice_ends_with(name, types[i].end))
            return types[i].type;
    return "application/octet-stream";
}

/* spec: RFC 9110 5.6.7, IMF-fixdate. Days are counted in years of 365.2425 that begin in March. */
static void put_date(struct rf_wr *wr, int64_t now_s)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Mar", "Apr", "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"};
    char text[40];
    uint32_t s = now_s > 0 && now_s < UINT32_MAX ? (uint32_t)now_s : 0;
    uint32_t day = s / 86400;
    uint32_t at = day + 719468; /* since 0000-03-01 */
    uint32_t era = at / 146097;
    uint32_t of_era = at % 146097;
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;
    snprintf(text, sizeof text, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[day % 7],
             of_year - (153 * month + 2) / 5 + 1, months[month % 12],
             (era * 400 + year + (month >= 10)) % 10000, s / 3600 % 24, s / 60 % 60, s % 60);
    put(wr, text);
}

enum rf_err rf_httpmsg_reply_encode(const struct rf_httpmsg_reply *reply, uint8_t *buf, size_t cap,
                                    struct rf_slice *out)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    put(&wr, "HTTP/1.1 ");
    put_number(&wr, reply->status);
    put(&wr, " ");
    put(&wr, rf_httpmsg_reason(reply->status));
    put(&wr, "\r\nDate: ");
    put_date(&wr, reply->date_s);
    if (reply->type != NULL) {
        put(&wr, "\r\nContent-Type: ");
        put(&wr, reply->type);
    }
    put(&wr, "\r\nContent-Length: ");
    put_number(&wr, reply->length);
    put(&wr, "\r\nCache-Control: no-store");
    if (reply->says_allow)
        put(&wr, "\r\nAllow: GET, HEAD");
    if (reply->retry_after_s != 0) {
        put(&wr, "\r\nRetry-After: ");
        put_number(&wr, reply->retry_after_s);
    }
    put(&wr,
        reply->is_kept ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
    return rf_wr_done(&wr, out);
}
