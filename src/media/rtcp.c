/* SPDX-License-Identifier: Apache-2.0 */
/* The reports of a stream or a leg, on the port beside that of speech. Under a key they are SRTCP.
 * spec: RFC 3550 6.2 to 6.4, A.3; RFC 3711 3.4 */
#include "wire/rtp/rtcp.h"
#include "base/faults.h"
#include "base/metrics.h"
#include "base/random.h"
#include "media/media_int.h"

#include <netinet/in.h>
#include <stdio.h>
#include <time.h>

#define EVERY_MS    5000
#define NTP_OF_UNIX 2208988800u
#define LOST_MAX    0x7fffff

_Static_assert(RF_RTCP_BYTES_MAX + RF_SRTP_TRAILER <= RF_MEDIA_REPORT_MAX, "room for a report");

void rf_media_reports_init(struct rf_media_reports *r)
{
    *r = (struct rf_media_reports){0};
    /* By chance, so that it says nothing of the machine. spec: RFC 7022 4.2 */
    snprintf(r->cname, sizeof r->cname, "%08x%08x", rf_random_u32(), rf_random_u32());
}

void rf_media_reports_restart(struct rf_media_reports *r)
{
    r->heard = (struct rf_media_heard){0};
    r->last_sr = 0;
}

void rf_media_reports_heard(struct rf_media_reports *r, uint16_t seq)
{
    struct rf_media_heard *h = &r->heard;
    if (!h->is_begun)
        *h = (struct rf_media_heard){.is_begun = true, .first = seq, .highest = seq};
    int step = (int16_t)(seq - (uint16_t)h->highest);
    if (step > 0)
        h->highest += (uint32_t)step;
    h->received++;
}

uint64_t rf_media_reports_wait_ms(void)
{
    return EVERY_MS / 2 + rf_random_below(EVERY_MS);
}

void rf_media_next_port(struct sockaddr_storage *at)
{
    /* It stands at the same place in both families. */
    struct sockaddr_in *v4 = (struct sockaddr_in *)at;
    v4->sin_port = htons((uint16_t)(ntohs(v4->sin_port) + 1));
}

/* --- taking --- */

static bool read_ssrc(struct rf_slice packet, uint32_t *ssrc)
{
    struct rf_rd rd = rf_rd_of(packet);
    return rf_rd_skip(&rd, 4) && rf_rd_u32be(&rd, ssrc);
}

/* Only the source whose speech was good reports: what comes before the first speech is dropped, so
 * that libsrtp2 keeps state for one source. */
static bool is_genuine(struct rf_media_gate *gate, uint8_t *packet, size_t *len)
{
    uint32_t ssrc;
    if (!read_ssrc(rf_slice_of(packet, *len), &ssrc))
        return false;
    if ((!gate->is_bound || gate->ssrc != ssrc) && !rf_fault_skips("media.rtcp-source"))
        return false;
    return gate->srtp == NULL || rf_srtp_unprotect_rtcp(gate->srtp, packet, len) == RF_SRTP_GOOD;
}

void rf_media_reports_take(struct rf_media_reports *reports, struct rf_media_gate *gate,
                           uint8_t *packet, size_t len, const uint32_t *own_ssrc, uint64_t now_ms,
                           struct rf_media_stats *stats)
{
    struct rf_rtcp r;
    if (!is_genuine(gate, packet, &len) ||
        rf_rtcp_decode(rf_slice_of(packet, len), &r, NULL) != RF_OK) {
        rf_media_reports_refuse(stats);
        return;
    }
    stats->rtcp_received++;
    if (r.is_sender) {
        reports->last_sr = (uint32_t)(r.ntp >> 16);
        reports->last_sr_ms = now_ms;
    }
    if (r.has_block && own_ssrc != NULL && r.block.ssrc == *own_ssrc) {
        stats->far_lost = r.block.lost;
        stats->far_jitter = r.block.jitter;
    }
}

void rf_media_reports_refuse(struct rf_media_stats *stats)
{
    stats->rtcp_refused++;
    rf_count(RTCP_REFUSED);
}

/* --- making --- */

static uint64_t ntp_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t fraction = ((uint64_t)now.tv_nsec << 32) / 1000000000u;
    return ((uint64_t)now.tv_sec + NTP_OF_UNIX) << 32 | fraction;
}

static uint8_t fraction_of(uint32_t due, uint32_t came)
{
    uint64_t lost = due > came ? ((uint64_t)(due - came) << 8) / due : 0;
    return (uint8_t)(lost > UINT8_MAX ? UINT8_MAX : lost);
}

static struct rf_rtcp_block block_of(struct rf_media_reports *r, uint32_t ssrc, uint64_t now_ms)
{
    struct rf_media_heard *h = &r->heard;
    uint32_t expected = h->highest - h->first + 1;
    int64_t lost = (int64_t)expected - h->received;
    struct rf_rtcp_block block = {
        .ssrc = ssrc,
        .fraction = fraction_of(expected - h->expected_told, h->received - h->received_told),
        .lost = (int32_t)(lost > LOST_MAX ? LOST_MAX : lost),
        .highest = h->highest,
        .last_sr = r->last_sr};
    if (block.last_sr != 0)
        block.since_sr = (uint32_t)((now_ms - r->last_sr_ms) * 65536 / 1000);
    h->expected_told = expected;
    h->received_told = h->received;
    return block;
}

size_t rf_media_reports_make(struct rf_media_reports *reports, const struct rf_media_gate *gate,
                             const struct rf_media_said *said, uint32_t jitter, uint64_t now_ms,
                             uint8_t *buf)
{
    struct rf_rtcp r = {.is_sender = true,
                        .ssrc = said->ssrc,
                        .ntp = ntp_now(),
                        .timestamp = said->timestamp,
                        .packets = said->packets,
                        .octets = said->packets * RF_MEDIA_FRAME,
                        .has_block = reports->heard.is_begun,
                        .cname = rf_slice_str(reports->cname)};
    if (r.has_block) {
        r.block = block_of(reports, gate->ssrc, now_ms);
        r.block.jitter = jitter;
    }
    struct rf_wr wr = rf_wr_of(buf, RF_MEDIA_REPORT_MAX - RF_SRTP_TRAILER);
    if (rf_rtcp_encode(&r, &wr, NULL) != RF_OK)
        return 0;
    size_t len = wr.len;
    if (said->srtp != NULL && !rf_srtp_protect_rtcp(said->srtp, buf, &len))
        return 0;
    return len;
}
