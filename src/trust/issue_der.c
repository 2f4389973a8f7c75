/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/issue_der.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void put(struct rf_der *d, const void *p, size_t n)
{
    if (!d->failed && rf_buf_add(&d->out, p, n) != RF_OK)
        d->failed = true;
}

/* The content begins at the mark; its length is put in front when it is known. */
size_t rf_der_begin(struct rf_der *d, uint8_t tag)
{
    put(d, &tag, 1);
    return d->out.len;
}

void rf_der_end(struct rf_der *d, size_t mark)
{
    if (d->failed)
        return;
    size_t len = d->out.len - mark;
    uint8_t head[4];
    struct rf_wr wr = rf_wr_of(head, sizeof(head));
    if (len >= 0x100) {
        rf_wr_u8(&wr, 0x82);
        rf_wr_u16be(&wr, (uint16_t)len);
    } else if (len >= 0x80) {
        rf_wr_u16be(&wr, (uint16_t)(0x8100 | len));
    } else {
        rf_wr_u8(&wr, (uint8_t)len);
    }
    struct rf_slice length;
    if (len > UINT16_MAX || rf_wr_done(&wr, &length) != RF_OK ||
        rf_buf_room(&d->out, length.len) == NULL) {
        d->failed = true;
        return;
    }
    uint8_t *content = &d->out.p[mark]; /* check-bytes: our own output, not input */
    memmove(content + length.len, content, len);
    memcpy(content, length.p, length.len);
    d->out.len += length.len;
}

void rf_der_raw(struct rf_der *d, struct rf_slice bytes)
{
    put(d, bytes.p, bytes.len);
}

void rf_der_add(struct rf_der *d, uint8_t tag, struct rf_slice value)
{
    size_t mark = rf_der_begin(d, tag);
    rf_der_raw(d, value);
    rf_der_end(d, mark);
}

void rf_der_uint(struct rf_der *d, struct rf_slice bytes)
{
    static const uint8_t zero = 0;
    size_t mark = rf_der_begin(d, DER_INTEGER);
    struct rf_rd rd = rf_rd_of(bytes);
    uint8_t first = 0;
    if (!rf_rd_peek_u8(&rd, &first) || first >= 0x80)
        put(d, &zero, 1);
    rf_der_raw(d, bytes);
    rf_der_end(d, mark);
}

void rf_der_time(struct rf_der *d, int64_t s)
{
    char text[32];
    struct tm tm;
    time_t t = (time_t)s;
    gmtime_r(&t, &tm);
    bool is_utc = tm.tm_year < 150;
    int n = is_utc ? snprintf(text, sizeof(text), "%02d%02d%02d%02d%02d%02dZ", tm.tm_year % 100,
                              tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec)
                   : snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ", tm.tm_year + 1900,
                              tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    rf_der_add(d, is_utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, rf_slice_of(text, (size_t)n));
}

void rf_der_oid(struct rf_der *d, struct rf_slice encoded)
{
    rf_der_add(d, DER_OID, encoded);
}
