/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"
#include "media/g711.h"
#include "media/media_int.h"

#include <string.h>

#define SEEN_BITS 64
/* In the clear anybody's packet may name a far number; two in a row are believed.
 * spec: RFC 3550 A.1, MAX_DROPOUT */
#define DROPOUT_MAX 3000
/* A timestamp further ahead than this, or behind one that was sent later, has nothing to do with
 * those before it: the source began to count anew. */
#define JUMP_MAX (60 * RF_G711_HZ)

/* --- numbers --- */

static uint64_t lost_of(const struct rf_media_source *s)
{
    if (!s->is_begun)
        return 0;
    uint64_t expected = (uint64_t)s->newest_seq - s->first_seq + 1;
    return expected > s->received ? expected - s->received : 0;
}

/* The sources so far are over; the next packet begins one, behind what is recorded. */
static void end_source(struct rf_media_in *in)
{
    in->lost_before += lost_of(&in->source);
    if (in->source.is_begun)
        in->jitter_before = in->source.jitter16 >> 4;
    in->source = (struct rf_media_source){0};
}

static void begin_source(struct rf_media_in *in, const struct rf_rtp *rtp)
{
    /* One round of 16 bits up, so that packets before the first have numbers too. */
    uint32_t seq = 0x10000u | rtp->seq;
    in->source = (struct rf_media_source){.is_begun = true,
                                          .first_seq = seq,
                                          .newest_seq = seq,
                                          .seen = 1,
                                          .newest_timestamp = rtp->timestamp,
                                          .begin_at = in->end_at,
                                          .newest_at = in->end_at};
}

/* Is this the second of two packets in a row that do not fit the source? Then it counts anew, as a
 * phone does that was restarted. SRTP takes no packet from behind its window, and one far
 * ahead is as genuine as any. */
static bool has_restarted(struct rf_media_in *in, int step, const struct rf_rtp *rtp)
{
    struct rf_media_source *s = &in->source;
    if (in->gate.srtp != NULL || (step <= DROPOUT_MAX && step > -SEEN_BITS))
        return false;
    bool is_second = s->has_resync && s->resync_seq == rtp->seq;
    s->has_resync = true;
    s->resync_seq = (uint16_t)(rtp->seq + 1);
    return is_second;
}

/* Where a packet that is `step` numbers from the newest belongs. False: before the beginning. */
static bool place_of(struct rf_media_source *s, int step, const struct rf_rtp *rtp, uint64_t *at)
{
    int32_t ahead = (int32_t)(rtp->timestamp - s->newest_timestamp);
    if (step > 0 && (ahead < 0 || ahead > JUMP_MAX))
        ahead = step * RF_MEDIA_FRAME;
    if (step < 0 && (ahead > 0 || (uint64_t) - (int64_t)ahead > s->newest_at - s->begin_at))
        return false;
    *at = s->newest_at + (uint64_t)(int64_t)ahead;
    return true;
}

/* Number the packet; false when it came twice, too late, or out of nowhere. */
static bool number(struct rf_media_in *in, const struct rf_rtp *rtp, uint64_t *at)
{
    struct rf_media_source *s = &in->source;
    if (!s->is_begun) {
        begin_source(in, rtp);
        *at = s->newest_at;
        return true;
    }
    int step = (int16_t)(rtp->seq - (uint16_t)s->newest_seq);
    if (has_restarted(in, step, rtp)) {
        end_source(in);
        begin_source(in, rtp);
        *at = s->newest_at;
        return true;
    }
    if (step <= -SEEN_BITS || (in->gate.srtp == NULL && step > DROPOUT_MAX))
        return false;
    if (step <= 0 && (s->seen >> -step & 1) != 0)
        return false;
    if (!place_of(s, step, rtp, at))
        return false;
    if (step > 0) {
        s->seen = step < SEEN_BITS ? s->seen << step : 0;
        s->newest_seq += (uint32_t)step;
        s->newest_timestamp = rtp->timestamp;
        s->newest_at = *at;
    }
    s->seen |= 1ull << (step > 0 ? 0 : -step);
    s->has_resync = false;
    return true;
}

/* spec: RFC 3550 A.8: a sixteenth of the change of the way's length, rounded. */
static void measure_jitter(struct rf_media_source *s, uint32_t timestamp, uint32_t arrival)
{
    uint32_t transit = arrival - timestamp;
    if (s->received > 1) {
        int32_t change = (int32_t)(transit - s->transit);
        uint32_t size = change < 0 ? 0u - (uint32_t)change : (uint32_t)change;
        s->jitter16 += size - ((s->jitter16 + 8) >> 4);
    }
    s->transit = transit;
}

static void measure_gap(struct rf_media_source *s, uint32_t arrival, struct rf_media_stats *stats)
{
    int32_t gap = (int32_t)(arrival - s->arrival);
    uint64_t ticks = gap > 0 ? (uint64_t)gap : 0;
    uint32_t gap_ms = (uint32_t)(ticks * RF_MEDIA_FRAME_MS / RF_MEDIA_FRAME);
    if (s->received > 1 && gap_ms > stats->longest_gap_ms)
        stats->longest_gap_ms = gap_ms;
    s->arrival = arrival;
}

/* --- the recording --- */

/* Room up to `end`, silent; false when memory is out. */
static bool extend(struct rf_buf *record, size_t end)
{
    size_t more = end > record->len ? end - record->len : 0;
    uint8_t *to = rf_buf_room(record, more);
    if (to == NULL)
        return false;
    memset(to, RF_G711_SILENT, more);
    record->len += more;
    return true;
}

static void keep(struct rf_media_in *in, uint64_t at, struct rf_slice samples,
                 struct rf_media_stats *stats)
{
    if (at + samples.len > in->end_at)
        in->end_at = at + samples.len;
    if (at >= in->record.max)
        return;
    samples = rf_slice_part(samples, 0, in->record.max - (size_t)at);
    if (samples.len == 0 || !extend(&in->record, (size_t)at + samples.len))
        return;
    struct rf_rd rd = rf_rd_of(samples);
    /* check-bytes: the recording is ours, and extend() made the room */
    if (rf_rd_copy(&rd, in->record.p + at, samples.len))
        stats->recorded += samples.len;
}

/* What another codec remembers of the packet before is that of the one that came before: after a
 * loss it is wrong for a few milliseconds. */
static void keep_decoded(struct rf_media_in *in, uint64_t at, struct rf_slice payload,
                         struct rf_media_stats *stats)
{
    uint8_t frame[RF_CODEC_FRAME];
    struct rf_rd rd = rf_rd_of(payload);
    if (in->coder == NULL || at >= in->record.max) {
        keep(in, at, payload, stats);
    } else if (rf_rd_copy(&rd, frame, sizeof frame)) {
        rf_media_coder_decode(in->coder, frame);
        keep(in, at, rf_slice_of(frame, sizeof frame), stats);
    }
}

/* --- packets --- */

void rf_media_in_start(struct rf_media_in *in, struct rf_media_coder *take_coder,
                       struct rf_srtp *take_srtp)
{
    rf_media_in_stop(in);
    in->coder = take_coder;
    rf_media_gate_start(&in->gate, take_srtp);
    rf_media_reports_restart(&in->reports);
    in->is_on = true;
}

void rf_media_in_stop(struct rf_media_in *in)
{
    end_source(in);
    rf_media_gate_fini(&in->gate);
    rf_media_coder_free(rf_steal(&in->coder));
    in->is_on = false;
}

void rf_media_in_fini(struct rf_media_in *in)
{
    rf_media_in_stop(in);
    rf_buf_fini(&in->record);
}

static enum rf_media_verdict take(struct rf_media_in *in, const struct rf_rtp *rtp,
                                  uint32_t arrival, struct rf_media_stats *stats)
{
    uint64_t at;
    if (!number(in, rtp, &at)) {
        stats->late++;
        return RF_MEDIA_LATE;
    }
    in->source.received++;
    measure_jitter(&in->source, rtp->timestamp, arrival);
    measure_gap(&in->source, arrival, stats);
    stats->received_packets++;
    stats->received_octets += rtp->payload.len;
    rf_count(RTP_IN);
    keep_decoded(in, at, rtp->payload, stats);
    return RF_MEDIA_TAKEN;
}

enum rf_media_verdict rf_media_in_packet(struct rf_media_in *in, uint8_t *packet, size_t len,
                                         const uint32_t *own_ssrc, uint32_t arrival,
                                         struct rf_media_stats *stats)
{
    struct rf_rtp rtp;
    enum rf_media_verdict verdict =
        rf_media_gate_judge(&in->gate, packet, len, own_ssrc, rf_media_coder_type(in->coder), &rtp);
    /* G.711 may be cut anywhere; what is decoded by frames is sent in frames. */
    if (verdict == RF_MEDIA_TAKEN && in->coder != NULL && rtp.payload.len != RF_CODEC_FRAME)
        verdict = RF_MEDIA_REFUSED_FORMAT;
    if (verdict == RF_MEDIA_TAKEN)
        rf_media_reports_heard(&in->reports, rtp.seq);
    if (verdict == RF_MEDIA_TAKEN)
        return take(in, &rtp, arrival, stats);
    rf_media_count_refused(verdict, stats);
    return verdict;
}

void rf_media_in_stats(const struct rf_media_in *in, struct rf_media_stats *stats)
{
    stats->lost = in->lost_before + lost_of(&in->source);
    stats->jitter = in->source.is_begun ? in->source.jitter16 >> 4 : in->jitter_before;
}
