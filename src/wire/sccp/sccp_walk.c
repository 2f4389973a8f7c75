/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sccp/sccp_int.h"

void sw_fail(struct sccp_walk *w, enum rf_err err, const char *code, const char *text)
{
    if (w->err == RF_OK)
        w->err = rf_why_set(w->why, err, code, "%s: %s", w->message, text);
}

void sw_need(struct sccp_walk *w, size_t n)
{
    if (w->is_writing || w->err != RF_OK || w->body_len >= n)
        return;
    w->err = rf_why_set(w->why, RF_ERR_SHORT, "short", "%s: body of %zu bytes, %zu needed",
                        w->message, w->body_len, n);
}

size_t sw_left(const struct sccp_walk *w)
{
    return w->is_writing || w->err != RF_OK ? 0 : rf_rd_left(&w->rd);
}

/* A field that is not wholly there was not sent; nothing behind it was, either. */
static void read_out(struct sccp_walk *w)
{
    (void)rf_rd_rest(&w->rd);
}

void sw_u8(struct sccp_walk *w, uint8_t *v)
{
    if (w->is_writing)
        rf_wr_u8(w->wr, *v);
    else if (!rf_rd_u8(&w->rd, v))
        read_out(w);
}

void sw_u16(struct sccp_walk *w, uint16_t *v)
{
    if (w->is_writing)
        rf_wr_u16le(w->wr, *v);
    else if (!rf_rd_u16le(&w->rd, v))
        read_out(w);
}

void sw_u32(struct sccp_walk *w, uint32_t *v)
{
    if (w->is_writing)
        rf_wr_u32le(w->wr, *v);
    else if (!rf_rd_u32le(&w->rd, v))
        read_out(w);
}

void sw_raw(struct sccp_walk *w, uint8_t *v, size_t n)
{
    if (w->is_writing)
        rf_wr_bytes(w->wr, v, n);
    else if (!rf_rd_copy(&w->rd, v, n))
        read_out(w);
}

void sw_pad(struct sccp_walk *w, size_t n)
{
    if (w->is_writing)
        rf_wr_zero(w->wr, n);
    else if (!rf_rd_skip(&w->rd, n))
        read_out(w);
}

void sw_opaque(struct sccp_walk *w, struct rf_slice *v, size_t n)
{
    if (!w->is_writing) {
        size_t left = rf_rd_left(&w->rd);
        if (!rf_rd_slice(&w->rd, n < left ? n : left, v))
            read_out(w);
        return;
    }
    struct rf_slice part = rf_slice_part(*v, 0, n);
    rf_wr_slice(w->wr, part);
    rf_wr_zero(w->wr, n - part.len);
}

static bool is_utf8_inner(struct rf_slice text, size_t at)
{
    struct rf_rd rd = rf_rd_of(rf_slice_part(text, at, 1));
    uint8_t b;
    return rf_rd_u8(&rd, &b) && (b & 0xc0) == 0x80;
}

static bool is_utf8_lead(struct rf_slice text, size_t at)
{
    struct rf_rd rd = rf_rd_of(rf_slice_part(text, at, 1));
    uint8_t b;
    return rf_rd_u8(&rd, &b) && b >= 0xc2 && b <= 0xf4;
}

/* The text as it may be sent in `max` bytes: up to its first NUL, and not cut inside a UTF-8
 * character (a byte of an older character set that only looks like the inside of one is cut
 * plainly, because no lead byte stands before it). */
static struct rf_slice fit(struct rf_slice text, size_t max)
{
    size_t nul = rf_slice_find(text, rf_slice_of("", 1));
    if (nul != SIZE_MAX)
        text = rf_slice_part(text, 0, nul);
    if (text.len <= max)
        return text;
    size_t cut = max;
    for (size_t back = 0; back < 3 && back < cut && is_utf8_inner(text, cut - back); back++)
        if (is_utf8_lead(text, cut - back - 1))
            return rf_slice_part(text, 0, cut - back - 1);
    return rf_slice_part(text, 0, cut);
}

void sw_text(struct sccp_walk *w, struct rf_slice *v, size_t n)
{
    if (w->is_writing) {
        rf_wr_fixed_text(w->wr, fit(*v, n - 1), n);
        return;
    }
    size_t left = rf_rd_left(&w->rd);
    if (!rf_rd_fixed_text(&w->rd, n < left ? n : left, v))
        read_out(w);
}

void sw_z(struct sccp_walk *w, struct rf_slice *v, size_t max)
{
    if (w->is_writing) {
        rf_wr_z(w->wr, fit(*v, max));
        return;
    }
    if (rf_rd_done(&w->rd))
        return;
    if (!rf_rd_z(&w->rd, v)) {
        sw_fail(w, RF_ERR_BAD, "sccp-text", "a text has no end");
        read_out(w);
    } else if (v->len > max) {
        w->is_respelled = true;
    }
}

void sw_rest(struct sccp_walk *w, struct rf_slice *v)
{
    if (w->is_writing) {
        rf_wr_slice(w->wr, *v);
        return;
    }
    *v = rf_rd_rest(&w->rd);
}

void sw_ip4(struct sccp_walk *w, struct rf_sccp_addr *v)
{
    if (w->is_writing && v->type != 0)
        sw_fail(w, RF_ERR_BAD, "sccp-address", "only IPv4 has a place in this version");
    sw_raw(w, v->ip, 4);
}

void sw_ipu(struct sccp_walk *w, struct rf_sccp_addr *v)
{
    sw_u32(w, &v->type);
    sw_raw(w, v->ip, sizeof v->ip);
}

uint32_t sw_count(struct sccp_walk *w, uint32_t *count, size_t size, uint32_t max)
{
    if (w->is_writing) {
        if (*count > max)
            sw_fail(w, RF_ERR_LIMIT, "sccp-length", "more entries than a message may have");
        return *count <= max ? *count : 0;
    }
    size_t there = sw_left(w) / size;
    if (*count > max)
        *count = max;
    if (*count > there)
        *count = (uint32_t)there;
    return *count;
}
