/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rtp/rtp.h"

#define VERSION 2

/* Contributing sources, then the extension: profile, length in words, words. spec: RFC 3550 5.3.1
 */
static bool skip_options(struct rf_rd *rd, unsigned sources, bool has_extension)
{
    uint16_t profile;
    uint16_t words;
    if (!rf_rd_skip(rd, sources * 4u))
        return false;
    if (!has_extension)
        return true;
    return rf_rd_u16be(rd, &profile) && rf_rd_u16be(rd, &words) && rf_rd_skip(rd, words * 4u);
}

/* The last byte of a padded packet says how many bytes, itself counted, are padding. */
static bool cut_padding(struct rf_slice *payload)
{
    if (payload->len == 0)
        return false;
    struct rf_rd last = rf_rd_of(rf_slice_part(*payload, payload->len - 1, 1));
    uint8_t n;
    if (!rf_rd_u8(&last, &n) || n == 0 || n > payload->len)
        return false;
    *payload = rf_slice_part(*payload, 0, payload->len - n);
    return true;
}

enum rf_err rf_rtp_decode(struct rf_slice packet, struct rf_rtp *out, struct rf_why *why)
{
    *out = (struct rf_rtp){0};
    struct rf_rd rd = rf_rd_of(packet);
    struct rf_rtp r = {0};
    uint8_t flags;
    uint8_t type;
    if (!rf_rd_u8(&rd, &flags) || !rf_rd_u8(&rd, &type) || !rf_rd_u16be(&rd, &r.seq) ||
        !rf_rd_u32be(&rd, &r.timestamp) || !rf_rd_u32be(&rd, &r.ssrc))
        return rf_why_rd(why, &rd, "RTP header");
    if (flags >> 6 != VERSION)
        return rf_why_set(why, RF_ERR_BAD, "rtp-version", "RTP version %u", flags >> 6u);
    if (!skip_options(&rd, flags & 0x0fu, (flags & 0x10) != 0))
        return rf_why_rd(why, &rd, "RTP sources and extension");
    r.header_len = rf_rd_offset(&rd);
    r.payload = rf_rd_rest(&rd);
    if ((flags & 0x20) != 0 && !cut_padding(&r.payload))
        return rf_why_set(why, RF_ERR_BAD, "rtp-padding", "RTP padding count does not fit");
    r.has_marker = (type & 0x80) != 0;
    r.payload_type = type & 0x7f;
    *out = r;
    return RF_OK;
}

enum rf_err rf_rtp_encode(const struct rf_rtp *rtp, struct rf_wr *wr, struct rf_why *why)
{
    if (rtp->payload_type > 127)
        return rf_why_set(why, RF_ERR_BAD, "rtp-payload-type", "RTP payload type %u",
                          rtp->payload_type);
    rf_wr_u8(wr, VERSION << 6);
    rf_wr_u8(wr, (uint8_t)((rtp->has_marker ? 0x80 : 0) | rtp->payload_type));
    rf_wr_u16be(wr, rtp->seq);
    rf_wr_u32be(wr, rtp->timestamp);
    rf_wr_u32be(wr, rtp->ssrc);
    rf_wr_slice(wr, rtp->payload);
    if (wr->overflow)
        return rf_why_set(why, RF_ERR_LIMIT, "rtp-room", "no room for the packet");
    return RF_OK;
}
