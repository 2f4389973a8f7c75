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

/* How many bytes from here on must not be parted: a label code with its prefix, a character of
 * UTF-8, or one byte. In an older character set two letters may look like one of UTF-8; then they
 * stay together, too. */
static size_t unit_len(struct rf_slice text, size_t at)
{
    struct rf_rd rd = rf_rd_of(rf_slice_part(text, at, 4));
    uint8_t b;
    if (!rf_rd_u8(&rd, &b))
        return 1;
    if (b == RF_SCCP_LABEL_WORD || b == RF_SCCP_LABEL_WORD2)
        return 2;
    size_t n = b < 0xc2 || b > 0xf4 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < n; i++)
        if (!rf_rd_u8(&rd, &b) || (b & 0xc0) != 0x80)
            return 1;
    return n;
}

/* The text as it may be sent in `max` bytes: up to its first NUL, and cut between two units. */
static struct rf_slice fit(struct rf_slice text, size_t max)
{
    size_t nul = rf_slice_find(text, rf_slice_of("", 1));
    if (nul != SIZE_MAX)
        text = rf_slice_part(text, 0, nul);
    if (text.len <= max)
        return text;
    size_t cut = 0;
    for (size_t n; n = unit_len(text, cut), cut + n <= max;)
        cut += n;
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
