/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives at a leg and what leaves it, on the media server's thread. */
#include "base/faults.h"
#include "base/metrics.h"
#include "base/random.h"
#include "media/g711.h"
#include "media/server_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define REPORTS_TICKS 50 /* the socket of RTCP is looked at once a second */

_Static_assert(RF_RTP_HEADER + RF_CODEC_FRAME + RF_SRTP_TRAILER <= RF_LEG_PACKET_MAX,
               "room for a packet and its tag");

/* --- receiving --- */

void rf_leg_reader_init(struct rf_media_server *server)
{
    for (size_t i = 0; i < RF_LEG_BATCH; i++) {
        server->in_io[i] =
            (struct iovec){.iov_base = server->in_bytes[i], .iov_len = RF_LEG_PACKET_MAX};
        server->in[i].msg_hdr = (struct msghdr){.msg_name = &server->in_from[i],
                                                .msg_namelen = sizeof server->in_from[i],
                                                .msg_iov = &server->in_io[i],
                                                .msg_iovlen = 1};
    }
}

static bool is_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET)
        return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)b)->sin_addr.s_addr;
    return IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)a)->sin6_addr,
                              &((const struct sockaddr_in6 *)b)->sin6_addr);
}

/* The port stands at the same place in both families. */
static in_port_t port_of(const struct sockaddr_storage *a)
{
    return ((const struct sockaddr_in *)a)->sin_port;
}

/* The checks below are done by the kernel, as far as that can, so that what strangers send takes
 * nobody's place in the socket's buffer. */
static void guard(struct rf_leg *leg)
{
    const struct rf_leg_far *far = &leg->far;
    struct sockaddr_storage from = far->at;
    ((struct sockaddr_in *)&from)->sin_port = far->from_port;
    rf_media_only_from(leg->fd, &from, !rf_fault_skips("media.leg-address"),
                       !far->is_port_free && !rf_fault_skips("media.leg-port"));
}

void rf_leg_guard(struct rf_leg *leg)
{
    if (!leg->far.is_known) {
        rf_media_from_all(leg->fd);
        rf_media_from_all(leg->rtcp_fd);
        return;
    }
    guard(leg);
    rf_media_only_from(leg->rtcp_fd, &leg->far.at, !rf_fault_skips("media.leg-rtcp-address"),
                       false);
    /* What there was no room for before is no stranger's. */
    leg->dropped = rf_media_dropped(leg->fd);
    leg->rtcp_dropped = rf_media_dropped(leg->rtcp_fd);
}

/* Strangers' packets that never came as far as us. Those that were dropped for want of room, after
 * a pause of ours, are in the same number: where much waited, none is held against anybody. */
static void count_dropped(struct rf_leg *leg)
{
    uint32_t speech = rf_media_dropped(leg->fd) - leg->dropped;
    uint32_t reports = rf_media_dropped(leg->rtcp_fd) - leg->rtcp_dropped;
    if (!leg->far.is_known)
        return;
    leg->dropped += speech;
    leg->rtcp_dropped += reports;
    if (leg->was_full)
        speech = 0;
    leg->was_full = false;
    leg->stats.refused_address += speech;
    leg->stats.media.rtcp_refused += reports;
    leg->server->refused += speech + reports;
    rf_metric_add(RF_METRIC_RTP_REFUSED, speech);
    rf_metric_add(RF_METRIC_RTCP_REFUSED, reports);
    if (speech > 0)
        leg->refused_reason = "rtp-address";
}

static bool is_far_host(const struct rf_leg *leg, const struct sockaddr_storage *from)
{
    return is_same_host(&leg->far.at, from) || rf_fault_skips("media.leg-address");
}

static bool is_far_port(const struct rf_leg *leg, const struct sockaddr_storage *from)
{
    return leg->far.is_port_free || leg->far.from_port == port_of(from) ||
           rf_fault_skips("media.leg-port");
}

/* The port that speech comes from is known, once a packet has proved itself. */
static void settle_port(struct rf_leg *leg, const struct sockaddr_storage *from)
{
    if (!leg->far.is_port_free)
        return;
    leg->far.from_port = port_of(from);
    leg->far.is_port_free = false;
    guard(leg);
}

static void take(struct rf_leg *leg, const struct rf_rtp *rtp, const struct sockaddr_storage *from)
{
    struct rf_media_stats *s = &leg->stats.media;
    settle_port(leg, from);
    rf_media_reports_heard(&leg->reports, rtp->seq);
    /* Outside a mix nobody wants to hear it, and nothing would ever leave the buffer. */
    if (leg->mix != NULL && !rf_jitter_put(&leg->jitter, rtp->seq, rtp->payload))
        return;
    s->received_packets++;
    s->received_octets += rtp->payload.len;
    leg->server->packets_in++;
    if (!leg->had_audio) {
        leg->had_audio = true;
        rf_leg_answer(leg, RF_MEDIA_LEG_FIRST_AUDIO, NULL);
    }
}

static const uint32_t *own_ssrc(const struct rf_leg *leg)
{
    return leg->out.is_on ? &leg->out.ssrc : NULL;
}

/* Is it from the far end? */
static bool on_packet(struct rf_leg *leg, uint8_t *packet, size_t len,
                      const struct sockaddr_storage *from)
{
    struct rf_rtp rtp;
    if (!leg->far.is_known) {
        leg->stats.early++;
        return false;
    }
    if (!is_far_host(leg, from) || !is_far_port(leg, from)) {
        leg->stats.refused_address++;
        leg->server->refused++;
        rf_count(RTP_REFUSED);
        rf_leg_on_refused(leg, "rtp-address");
        return false;
    }
    enum rf_media_verdict verdict = rf_media_gate_judge(
        &leg->gate, packet, len, own_ssrc(leg), rf_codec_info(leg->codec)->payload_type, &rtp);
    if (verdict == RF_MEDIA_TAKEN && rtp.payload.len != RF_CODEC_FRAME)
        verdict = RF_MEDIA_REFUSED_FORMAT;
    if (verdict == RF_MEDIA_TAKEN) {
        take(leg, &rtp, from);
        return true;
    }
    rf_media_count_refused(verdict, &leg->stats.media);
    leg->server->refused++;
    rf_leg_on_refused(leg, rf_media_verdict_reason(verdict));
    return true;
}

typedef bool (*packet_fn)(struct rf_leg *leg, uint8_t *packet, size_t len,
                          const struct sockaddr_storage *from);

/* A batch at most; how many of it were the far end's. */
static int read_batch(struct rf_media_server *server, struct rf_leg *leg, int fd,
                      packet_fn on_packet_of, int *far)
{
    int n = recvmmsg(fd, server->in, RF_LEG_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        struct msghdr *m = &server->in[i].msg_hdr;
        /* One that was cut is no packet of ours: judged as if it were empty. */
        size_t len = (m->msg_flags & MSG_TRUNC) == 0 ? server->in[i].msg_len : 0;
        if (leg->is_receiving)
            *far += on_packet_of(leg, server->in_bytes[i], len, &server->in_from[i]);
        m->msg_namelen = sizeof server->in_from[i];
        m->msg_flags = 0;
    }
    return n;
}

static void read_socket(struct rf_media_server *server, struct rf_leg *leg, int fd,
                        packet_fn on_packet_of)
{
    int far = 0, left = RF_LEG_BATCHES;
    while (left-- > 0 && far < RF_LEG_BATCH &&
           read_batch(server, leg, fd, on_packet_of, &far) == RF_LEG_BATCH)
        leg->was_full = true;
}

void rf_leg_read(struct rf_media_server *server, struct rf_leg *leg)
{
    read_socket(server, leg, leg->fd, on_packet);
}

/* --- sending --- */

void rf_leg_out_init(struct rf_leg_out *out)
{
    *out = (struct rf_leg_out){.is_on = true, .is_first = true};
    out->ssrc = rf_random_u32();
    out->timestamp = rf_random_u32();
    /* From the lower half: see rf_media_out_init. spec: RFC 3711 3.3.1 */
    out->seq = (uint16_t)(rf_random_u32() & 0x7fff);
}

void rf_leg_out_fini(struct rf_leg_out *out)
{
    rf_srtp_free(out->srtp);
    *out = (struct rf_leg_out){0};
}

/* The next 20 ms of the clip, which has no end. */
static void read_clip(struct rf_leg *leg, uint8_t ulaw[RF_CODEC_NARROW])
{
    struct rf_slice clip = rf_media_clip_ulaw(leg->clip);
    struct rf_wr wr = rf_wr_of(ulaw, RF_CODEC_NARROW);
    while (clip.len > 0 && wr.len < RF_CODEC_NARROW) {
        struct rf_slice part = rf_slice_part(clip, leg->clip_at, RF_CODEC_NARROW - wr.len);
        rf_wr_slice(&wr, part);
        leg->clip_at = leg->clip_at + part.len < clip.len ? leg->clip_at + part.len : 0;
    }
    while (wr.len < RF_CODEC_NARROW)
        rf_wr_u8(&wr, RF_G711_SILENT);
}

static void clip_to_pcm(struct rf_leg *leg, int16_t *pcm)
{
    uint8_t ulaw[RF_CODEC_NARROW];
    read_clip(leg, ulaw);
    rf_media_pcm_of_ulaw(ulaw, rf_codec_info(leg->codec)->is_wide, &leg->clip_up, pcm);
}

static void make_frame(struct rf_leg *leg, uint8_t frame[RF_CODEC_FRAME])
{
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    const struct rf_media_codec_info *codec = rf_codec_info(leg->codec);
    switch (leg->source) {
    case RF_LEG_MIX:
        rf_mix_hear(&leg->mix->mix, codec->is_wide, leg->speaks ? leg->heard : NULL, &leg->limiter,
                    pcm);
        break;
    case RF_LEG_CLIP:
        clip_to_pcm(leg, pcm);
        break;
    case RF_LEG_SILENCE:
        memset(pcm, 0, sizeof pcm);
        break;
    }
    rf_codec_encode(leg->codec, pcm, frame);
}

static size_t make_packet(struct rf_leg *leg, unsigned left_out, uint8_t *buf)
{
    struct rf_leg_out *out = &leg->out;
    uint8_t frame[RF_CODEC_FRAME];
    make_frame(leg, frame);
    out->timestamp += left_out * RF_CODEC_FRAME;
    struct rf_rtp rtp = {.has_marker = out->is_first || left_out > 0,
                         .payload_type = rf_codec_info(leg->codec)->payload_type,
                         .seq = out->seq,
                         .timestamp = out->timestamp,
                         .ssrc = out->ssrc,
                         .payload = rf_slice_of(frame, sizeof frame)};
    out->seq++;
    out->timestamp += RF_CODEC_FRAME;
    out->is_first = false;
    struct rf_wr wr = rf_wr_of(buf, RF_LEG_PACKET_MAX - RF_SRTP_TRAILER);
    if (rf_rtp_encode(&rtp, &wr, NULL) != RF_OK)
        return 0;
    size_t len = wr.len;
    if (out->srtp != NULL && !rf_srtp_protect(out->srtp, buf, &len))
        return 0;
    return len;
}

void rf_leg_write(struct rf_media_server *server, struct rf_leg *leg, unsigned left_out)
{
    _Alignas(8) uint8_t packet[RF_LEG_PACKET_MAX];
    size_t len = make_packet(leg, left_out, packet);
    /* What the kernel does not take is lost on the way, as UDP is. */
    if (len == 0 || sendto(leg->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                           (const struct sockaddr *)&leg->far.at, leg->far.len) < 0)
        return;
    leg->out.packets++;
    leg->stats.media.sent_packets++;
    leg->stats.media.sent_octets += RF_CODEC_FRAME;
    server->packets_out++;
}

/* --- reports --- */

static uint64_t now_ms(const struct rf_leg *leg)
{
    return leg->server->tick * RF_CODEC_FRAME_MS;
}

static bool on_report(struct rf_leg *leg, uint8_t *packet, size_t len,
                      const struct sockaddr_storage *from)
{
    uint64_t before = leg->stats.media.rtcp_refused;
    bool is_far = leg->far.is_known &&
                  (is_same_host(&leg->far.at, from) || rf_fault_skips("media.leg-rtcp-address"));
    if (!is_far)
        rf_media_reports_refuse(&leg->stats.media);
    else
        rf_media_reports_take(&leg->reports, &leg->gate, packet, len, own_ssrc(leg), now_ms(leg),
                              &leg->stats.media);
    leg->server->refused += leg->stats.media.rtcp_refused - before;
    return is_far;
}

static void send_report(struct rf_leg *leg)
{
    const struct rf_leg_out *out = &leg->out;
    struct rf_media_said said = {
        .srtp = out->srtp, .ssrc = out->ssrc, .timestamp = out->timestamp, .packets = out->packets};
    struct sockaddr_storage to = leg->far.at;
    _Alignas(8) uint8_t packet[RF_MEDIA_REPORT_MAX];
    size_t len = rf_media_reports_make(&leg->reports, &leg->gate, &said, 0, now_ms(leg), packet);
    rf_media_next_port(&to);
    if (len > 0 && sendto(leg->rtcp_fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)&to, leg->far.len) >= 0)
        leg->stats.media.rtcp_sent++;
}

void rf_leg_report(struct rf_media_server *server, struct rf_leg *leg)
{
    if ((server->tick + leg->id) % REPORTS_TICKS == 0) {
        read_socket(server, leg, leg->rtcp_fd, on_report);
        count_dropped(leg);
    }
    if (!leg->out.is_on || server->tick < leg->report_tick)
        return;
    /* The first one when something has been said. */
    if (leg->report_tick != 0)
        send_report(leg);
    leg->report_tick = server->tick + rf_media_reports_wait_ms() / RF_CODEC_FRAME_MS;
}

/* --- numbers --- */

void rf_leg_fill_stats(struct rf_leg *leg)
{
    const struct rf_jitter_counts *c = &leg->jitter.counts;
    count_dropped(leg);
    leg->stats.media.late = c->late;
    leg->stats.media.lost = c->lost;
    leg->stats.concealed = c->concealed;
    leg->stats.skipped = c->skipped;
    leg->stats.corrected = c->corrected;
    leg->stats.depth_ms = (uint32_t)rf_jitter_depth(&leg->jitter) / (RF_G711_HZ / 1000);
}
