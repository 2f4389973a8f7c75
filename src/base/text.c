/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *rf_hex(struct rf_slice s, char *buf, size_t cap)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < s.len && n + 2 < cap; i++) {
        buf[n++] = digits[s.p[i] >> 4];
        buf[n++] = digits[s.p[i] & 15];
    }
    if (cap > 0)
        buf[n] = '\0';
    return buf;
}

const char *rf_hex_colons(struct rf_slice s, char *buf, size_t cap)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < s.len && n + 4 < cap; i++) {
        if (i > 0)
            buf[n++] = ':';
        buf[n++] = digits[s.p[i] >> 4];
        buf[n++] = digits[s.p[i] & 15];
    }
    if (cap > 0)
        buf[n] = '\0';
    return buf;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum rf_err rf_unhex(struct rf_slice text, uint8_t *out, size_t cap, size_t *out_len)
{
    *out_len = 0;
    if (text.len % 2 != 0)
        return RF_ERR_BAD;
    if (text.len / 2 > cap)
        return RF_ERR_LIMIT;
    for (size_t i = 0; i < text.len / 2; i++) {
        int hi = hex_value(text.p[2 * i]);
        int lo = hex_value(text.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return RF_ERR_BAD;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    *out_len = text.len / 2;
    return RF_OK;
}

/* spec: RFC 4648 4 */
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum rf_err rf_base64(struct rf_slice bytes, char *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice out;
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t n = bytes.len - at < 3 ? bytes.len - at : 3;
        uint32_t v = (uint32_t)bytes.p[at] << 16;
        v |= n > 1 ? (uint32_t)bytes.p[at + 1] << 8 : 0;
        v |= n > 2 ? (uint32_t)bytes.p[at + 2] : 0;
        for (size_t i = 0; i < 4; i++)
            rf_wr_u8(&wr, i <= n ? (uint8_t)base64_digits[v >> (18 - 6 * i) & 63] : '=');
    }
    rf_wr_u8(&wr, 0);
    return rf_wr_done(&wr, &out);
}

static bool base64_value(uint8_t c, uint32_t *out)
{
    const char *at = c != 0 ? strchr(base64_digits, c) : NULL;
    *out = at != NULL ? (uint32_t)(at - base64_digits) : 0;
    return at != NULL;
}

/* Four characters, of which the last `pad` are padding. */
static enum rf_err unbase64_group(struct rf_rd *rd, size_t pad, struct rf_wr *wr)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        uint8_t c;
        uint32_t digit = 0;
        bool is_pad = i >= 4 - pad;
        if (!rf_rd_u8(rd, &c) || (is_pad ? c != '=' : !base64_value(c, &digit)))
            return RF_ERR_BAD;
        v = v << 6 | digit;
    }
    if ((v & ((1u << 8 * pad) - 1)) != 0)
        return RF_ERR_BAD; /* bits that would be lost */
    for (size_t i = 0; i < 3 - pad; i++)
        rf_wr_u8(wr, (uint8_t)(v >> (16 - 8 * i)));
    return RF_OK;
}

enum rf_err rf_unbase64(struct rf_slice text, uint8_t *out, size_t cap, size_t *out_len)
{
    struct rf_rd rd = rf_rd_of(text);
    struct rf_wr wr = rf_wr_of(out, cap);
    struct rf_slice done;
    enum rf_err err = text.len % 4 == 0 ? RF_OK : RF_ERR_BAD;
    size_t pad = rf_slice_ends_with(text, "==") ? 2 : rf_slice_ends_with(text, "=") ? 1 : 0;
    *out_len = 0;
    while (err == RF_OK && !rf_rd_done(&rd))
        err = unbase64_group(&rd, rf_rd_left(&rd) == 4 ? pad : 0, &wr);
    if (err == RF_OK)
        err = rf_wr_done(&wr, &done);
    if (err == RF_OK)
        *out_len = done.len;
    return err;
}

bool rf_parse_u64(struct rf_slice text, uint64_t min, uint64_t max, uint64_t *out)
{
    *out = 0;
    if (text.len == 0 || text.len > 20)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.p[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(c - '0'), &v))
            return false;
    }
    if (v < min || v > max)
        return false;
    *out = v;
    return true;
}

const char *rf_escape(struct rf_slice s, char *buf, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool plain = s.p[i] >= 0x20 && s.p[i] <= 0x7e && s.p[i] != '"' && s.p[i] != '\\';
        size_t need = plain ? 1 : 4;
        if (n + need + 4 > cap) {
            if (cap >= 4)
                snprintf(buf + n, cap - n, "...");
            return buf;
        }
        if (plain)
            buf[n++] = (char)s.p[i];
        else
            n += (size_t)snprintf(buf + n, cap - n, "\\x%02x", s.p[i]);
    }
    if (cap > 0)
        buf[n] = '\0';
    return buf;
}

void rf_blank_controls(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char next = i + 1 < n ? (unsigned char)text[i + 1] : 0;
        if (c < ' ' || c == 0x7f)
            text[i] = ' ';
        else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
            text[i] = text[i + 1] = ' ';
    }
}

bool rf_next_piece(struct rf_slice *rest, char sep, struct rf_slice *piece)
{
    *piece = (struct rf_slice){0};
    if (rest->p == NULL)
        return false;
    const uint8_t *at = rest->len > 0 ? memchr(rest->p, sep, rest->len) : NULL;
    if (at == NULL) {
        *piece = *rest;
        *rest = (struct rf_slice){0};
        return true;
    }
    *piece = rf_slice_of(rest->p, (size_t)(at - rest->p));
    *rest = rf_slice_of(at + 1, rest->len - piece->len - 1);
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct rf_slice rf_trim(struct rf_slice s)
{
    while (s.len > 0 && is_blank(s.p[0]))
        s = rf_slice_of(s.p + 1, s.len - 1);
    while (s.len > 0 && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

bool rf_slice_ends_with(struct rf_slice s, const char *tail)
{
    size_t n = strlen(tail);
    return s.len >= n && rf_slice_eq_str(rf_slice_part(s, s.len - n, n), tail);
}

bool rf_slice_starts_with(struct rf_slice s, const char *head)
{
    return rf_slice_eq_str(rf_slice_part(s, 0, strlen(head)), head);
}

const char *rf_time_text(int64_t wall_s, char *buf, size_t cap)
{
    time_t t = (time_t)wall_s;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL || strftime(buf, cap, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(buf, cap, "%lld", (long long)wall_s);
    return buf;
}

bool rf_time_parse(const char *text, int64_t *out)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d"};
    uint64_t n;
    if (rf_parse_u64(rf_slice_str(text), 0, UINT32_MAX, &n)) {
        *out = (int64_t)n;
        return true;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm tm = {.tm_mday = 1};
        const char *rest = strptime(text, forms[i], &tm);
        if (rest == NULL || *rest != '\0')
            continue;
        *out = (int64_t)timegm(&tm);
        return true;
    }
    return false;
}
