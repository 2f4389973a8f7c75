/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"
#include "base/random.h"
#include "media/g711.h"
#include "media/media_int.h"
#include "wire/rtp/rtp.h"

#include <string.h>

_Static_assert(RF_RTP_HEADER + RF_MEDIA_FRAME + RF_SRTP_TRAILER <= RF_MEDIA_PACKET_MAX,
               "room for a packet and its tag");

void rf_media_out_init(struct rf_media_out *out)
{
    *out = (struct rf_media_out){.is_on = true, .is_first = true};
    out->ssrc = rf_random_u32();
    out->timestamp = rf_random_u32();
    /* The receiver guesses the roll-over counter from the first number it sees; one from the lower
     * half is right even when the first packets are lost. spec: RFC 3711 3.3.1 */
    out->seq = (uint16_t)(rf_random_u32() & 0x7fff);
}

void rf_media_out_fini(struct rf_media_out *out)
{
    rf_srtp_free(out->srtp);
    rf_media_coder_free(out->coder);
    rf_media_clip_unref(out->clip);
    *out = (struct rf_media_out){0};
}

/* The next 20 ms of the clip, then silence. */
static void next_frame(struct rf_media_out *out, uint8_t frame[RF_MEDIA_FRAME], bool *is_clip_done,
                       struct rf_media_stats *stats)
{
    struct rf_slice clip = rf_media_clip_ulaw(out->clip);
    struct rf_slice part = rf_slice_part(clip, out->clip_at, RF_MEDIA_FRAME);
    struct rf_rd rd = rf_rd_of(part);
    memset(frame, RF_G711_SILENT, RF_MEDIA_FRAME);
    if (part.len == 0 || !rf_rd_copy(&rd, frame, part.len))
        return;
    out->clip_at += part.len;
    stats->clip_sent += part.len;
    *is_clip_done = out->clip_at == clip.len;
}

size_t rf_media_out_packet(struct rf_media_out *out, uint64_t gap_ms, uint8_t *buf,
                           bool *is_clip_done, struct rf_media_stats *stats)
{
    uint8_t frame[RF_MEDIA_FRAME];
    *is_clip_done = false;
    next_frame(out, frame, is_clip_done, stats);
    rf_media_coder_encode(out->coder, frame);
    out->timestamp += (uint32_t)(gap_ms * (RF_G711_HZ / 1000));
    struct rf_rtp rtp = {.has_marker = out->is_first || gap_ms > 0,
                         .payload_type = rf_media_coder_type(out->coder),
                         .seq = out->seq,
                         .timestamp = out->timestamp,
                         .ssrc = out->ssrc,
                         .payload = rf_slice_of(frame, sizeof frame)};
    out->seq++;
    out->timestamp += RF_MEDIA_FRAME;
    out->is_first = false;
    struct rf_wr wr = rf_wr_of(buf, RF_MEDIA_PACKET_MAX - RF_SRTP_TRAILER);
    if (rf_rtp_encode(&rtp, &wr, NULL) != RF_OK)
        return 0;
    size_t len = wr.len;
    if (out->srtp != NULL && !rf_srtp_protect(out->srtp, buf, &len))
        return 0;
    out->packets++;
    stats->sent_packets++;
    stats->sent_octets += RF_MEDIA_FRAME;
    rf_count(RTP_OUT);
    return len;
}
