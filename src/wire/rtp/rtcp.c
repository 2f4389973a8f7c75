/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rtp/rtcp.h"

#define VERSION 2

enum { TYPE_SR = 200, TYPE_RR = 201, TYPE_SDES = 202, TYPE_BYE = 203 };
enum { SDES_END = 0, SDES_CNAME = 1 };

#define SENDER_BYTES 20
#define BLOCK_BYTES  24

/* --- decoding --- */

struct part {
    unsigned count; /* blocks, chunks or sources */
    uint8_t type;
    struct rf_rd body; /* without padding */
};

/* The last byte of the padding says how many bytes it has. */
static bool cut_padding(struct rf_slice *body)
{
    if (body->len == 0)
        return false;
    struct rf_rd last = rf_rd_of(rf_slice_part(*body, body->len - 1, 1));
    uint8_t n;
    if (!rf_rd_u8(&last, &n) || n == 0 || n % 4 != 0 || n > body->len)
        return false;
    *body = rf_slice_part(*body, 0, body->len - n);
    return true;
}

static enum rf_err next_part(struct rf_rd *rd, struct part *out, struct rf_why *why)
{
    uint8_t flags;
    uint16_t words;
    struct rf_slice body;
    if (!rf_rd_u8(rd, &flags) || !rf_rd_u8(rd, &out->type) || !rf_rd_u16be(rd, &words))
        return rf_why_rd(why, rd, "RTCP header");
    if (flags >> 6 != VERSION)
        return rf_why_bad(why, rd, "rtcp-version", "RTCP version %u", flags >> 6u);
    if (!rf_rd_slice(rd, words * 4u, &body))
        return rf_why_bad(why, rd, "rtcp-length", "a packet of %u words is longer than the rest",
                          words);
    if ((flags & 0x20) != 0 && (!rf_rd_done(rd) || !cut_padding(&body)))
        return rf_why_bad(why, rd, "rtcp-padding", "padding does not fit");
    out->count = flags & 0x1f;
    out->body = rf_rd_of(body);
    return RF_OK;
}

static bool read_sender(struct rf_rd *rd, struct rf_rtcp *r)
{
    uint32_t high, low;
    if (!rf_rd_u32be(rd, &high) || !rf_rd_u32be(rd, &low) || !rf_rd_u32be(rd, &r->timestamp) ||
        !rf_rd_u32be(rd, &r->packets) || !rf_rd_u32be(rd, &r->octets))
        return false;
    r->ntp = (uint64_t)high << 32 | low;
    return true;
}

static bool read_block(struct rf_rd *rd, struct rf_rtcp_block *b)
{
    uint32_t lost;
    if (!rf_rd_u32be(rd, &b->ssrc) || !rf_rd_u32be(rd, &lost) || !rf_rd_u32be(rd, &b->highest) ||
        !rf_rd_u32be(rd, &b->jitter) || !rf_rd_u32be(rd, &b->last_sr) ||
        !rf_rd_u32be(rd, &b->since_sr))
        return false;
    b->fraction = (uint8_t)(lost >> 24);
    lost &= 0xffffff;
    b->lost = (int32_t)lost - ((lost & 0x800000) != 0 ? 0x1000000 : 0);
    return true;
}

/* What stands behind the blocks is a profile's own. */
static bool read_report(struct part *p, struct rf_rtcp *r)
{
    r->is_sender = p->type == TYPE_SR;
    if (!rf_rd_u32be(&p->body, &r->ssrc) || (r->is_sender && !read_sender(&p->body, r)))
        return false;
    if (p->count == 0)
        return true;
    r->has_block = true;
    return read_block(&p->body, &r->block) && rf_rd_skip(&p->body, (p->count - 1) * BLOCK_BYTES);
}

/* A chunk's items end with a zero, and then with the word. */
static bool read_chunk(struct rf_rd *rd, struct rf_rtcp *r)
{
    uint32_t ssrc;
    uint8_t type, len;
    size_t begun = rf_rd_offset(rd);
    if (!rf_rd_u32be(rd, &ssrc))
        return false;
    for (;;) {
        struct rf_slice text;
        if (!rf_rd_u8(rd, &type))
            return false;
        if (type == SDES_END)
            break;
        if (!rf_rd_u8(rd, &len) || !rf_rd_slice(rd, len, &text))
            return false;
        if (type == SDES_CNAME && ssrc == r->ssrc)
            r->cname = text;
    }
    size_t over = (rf_rd_offset(rd) - begun) % 4;
    return over == 0 || rf_rd_skip(rd, 4 - over);
}

static bool read_part(struct part *p, struct rf_rtcp *r)
{
    if (p->type == TYPE_BYE) {
        r->has_bye = true;
        return rf_rd_skip(&p->body, p->count * 4u);
    }
    for (unsigned i = 0; p->type == TYPE_SDES && i < p->count; i++)
        if (!read_chunk(&p->body, r))
            return false;
    return true;
}

static enum rf_err decode_all(struct rf_rd *rd, struct rf_rtcp *r, struct rf_why *why)
{
    struct part p;
    enum rf_err err = next_part(rd, &p, why);
    if (err != RF_OK)
        return err;
    if (p.type != TYPE_SR && p.type != TYPE_RR)
        return rf_why_bad(why, rd, "rtcp-first", "a compound that begins with type %u", p.type);
    if (!read_report(&p, r))
        return rf_why_bad(why, rd, "rtcp-length", "a report is shorter than its %u blocks",
                          p.count);
    while (!rf_rd_done(rd)) {
        err = next_part(rd, &p, why);
        if (err != RF_OK)
            return err;
        if (!read_part(&p, r))
            return rf_why_bad(why, rd, "rtcp-length", "a packet of type %u ends early", p.type);
    }
    return RF_OK;
}

enum rf_err rf_rtcp_decode(struct rf_slice packet, struct rf_rtcp *out, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(packet);
    struct rf_rtcp r = {0};
    *out = r;
    enum rf_err err = decode_all(&rd, &r, why);
    if (err == RF_OK)
        *out = r;
    return err;
}

/* --- encoding --- */

static void write_header(struct rf_wr *wr, unsigned count, uint8_t type, size_t bytes)
{
    rf_wr_u8(wr, (uint8_t)(VERSION << 6 | count));
    rf_wr_u8(wr, type);
    rf_wr_u16be(wr, (uint16_t)(bytes / 4));
}

static void write_block(struct rf_wr *wr, const struct rf_rtcp_block *b)
{
    rf_wr_u32be(wr, b->ssrc);
    rf_wr_u32be(wr, (uint32_t)b->fraction << 24 | ((uint32_t)b->lost & 0xffffff));
    rf_wr_u32be(wr, b->highest);
    rf_wr_u32be(wr, b->jitter);
    rf_wr_u32be(wr, b->last_sr);
    rf_wr_u32be(wr, b->since_sr);
}

static void write_report(struct rf_wr *wr, const struct rf_rtcp *r)
{
    size_t bytes = 4 + (r->is_sender ? SENDER_BYTES : 0u) + (r->has_block ? BLOCK_BYTES : 0u);
    write_header(wr, r->has_block, r->is_sender ? TYPE_SR : TYPE_RR, bytes);
    rf_wr_u32be(wr, r->ssrc);
    if (r->is_sender) {
        rf_wr_u64be(wr, r->ntp);
        rf_wr_u32be(wr, r->timestamp);
        rf_wr_u32be(wr, r->packets);
        rf_wr_u32be(wr, r->octets);
    }
    if (r->has_block)
        write_block(wr, &r->block);
}

static void write_cname(struct rf_wr *wr, const struct rf_rtcp *r)
{
    size_t bytes = 4 + 2 + r->cname.len + 1, padding = (4 - bytes % 4) % 4;
    write_header(wr, 1, TYPE_SDES, bytes + padding);
    rf_wr_u32be(wr, r->ssrc);
    rf_wr_u8(wr, SDES_CNAME);
    rf_wr_u8(wr, (uint8_t)r->cname.len);
    rf_wr_slice(wr, r->cname);
    rf_wr_zero(wr, 1 + padding);
}

enum rf_err rf_rtcp_encode(const struct rf_rtcp *rtcp, struct rf_wr *wr, struct rf_why *why)
{
    if (rtcp->cname.len > RF_RTCP_CNAME_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "rtcp-cname", "a name of %zu bytes", rtcp->cname.len);
    write_report(wr, rtcp);
    if (rtcp->cname.len > 0)
        write_cname(wr, rtcp);
    if (wr->overflow)
        return rf_why_set(why, RF_ERR_LIMIT, "rtcp-room", "no room for the packet");
    return RF_OK;
}
