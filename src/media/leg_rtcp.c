/* SPDX-License-Identifier: Apache-2.0 */
/* A leg's reports, sent and taken, on the port beside that of speech. Under a key they are SRTCP.
 * spec: RFC 3550 6.2 to 6.4, A.3; RFC 3711 3.4 */
#include "base/faults.h"
#include "base/random.h"
#include "media/server_int.h"
#include "wire/rtp/rtcp.h"

#include <netinet/in.h>
#include <stdio.h>
#include <time.h>

#define READ_TICKS       50 /* the socket is looked at once a second */
#define NTP_OF_UNIX      2208988800u
#define NTP_SHORT_A_TICK (65536 * RF_CODEC_FRAME_MS / 1000)

_Static_assert(RF_RTCP_BYTES_MAX + RF_SRTP_TRAILER <= RF_LEG_PACKET_MAX, "room for a report");

/* A packet within half the time or half of it more, so that those of all legs do not meet. */
static void plan_next(struct rf_leg *leg)
{
    leg->rtcp.due_tick =
        leg->server->tick + RF_LEG_RTCP_TICKS / 2 + rf_random_below(RF_LEG_RTCP_TICKS);
}

void rf_leg_rtcp_init(struct rf_leg *leg)
{
    leg->rtcp = (struct rf_leg_rtcp){0};
    /* By chance, so that it says nothing of the machine. spec: RFC 7022 4.2 */
    snprintf(leg->rtcp.cname, sizeof leg->rtcp.cname, "%08x%08x", rf_random_u32(), rf_random_u32());
}

void rf_leg_rtcp_restart(struct rf_leg *leg)
{
    leg->rtcp.heard = (struct rf_leg_heard){0};
    leg->rtcp.last_sr = 0;
}

void rf_leg_rtcp_heard(struct rf_leg *leg, uint16_t seq)
{
    struct rf_leg_heard *h = &leg->rtcp.heard;
    if (!h->is_begun)
        *h = (struct rf_leg_heard){.is_begun = true, .first = seq, .highest = seq};
    int step = (int16_t)(seq - (uint16_t)h->highest);
    if (step > 0)
        h->highest += (uint32_t)step;
    h->received++;
}

/* --- taking --- */

static bool read_ssrc(struct rf_slice packet, uint32_t *ssrc)
{
    struct rf_rd rd = rf_rd_of(packet);
    return rf_rd_skip(&rd, 4) && rf_rd_u32be(&rd, ssrc);
}

/* Only the source whose speech was good reports: what comes before the first speech is dropped, so
 * that libsrtp2 keeps state for one source. */
static bool is_of_source(const struct rf_leg *leg, uint32_t ssrc)
{
    return rf_fault_skips("media.leg-rtcp-source") ||
           (leg->gate.is_bound && leg->gate.ssrc == ssrc);
}

static bool is_genuine(struct rf_leg *leg, uint8_t *packet, size_t *len,
                       const struct sockaddr_storage *from)
{
    uint32_t ssrc;
    if (!leg->far.is_known || !read_ssrc(rf_slice_of(packet, *len), &ssrc))
        return false;
    if (!rf_leg_is_far_host(leg, from) && !rf_fault_skips("media.leg-rtcp-address"))
        return false;
    if (!is_of_source(leg, ssrc))
        return false;
    return leg->gate.srtp == NULL ||
           rf_srtp_unprotect_rtcp(leg->gate.srtp, packet, len) == RF_SRTP_GOOD;
}

static void on_report(struct rf_leg *leg, uint8_t *packet, size_t len,
                      const struct sockaddr_storage *from)
{
    struct rf_rtcp r;
    if (!is_genuine(leg, packet, &len, from) ||
        rf_rtcp_decode(rf_slice_of(packet, len), &r, NULL) != RF_OK) {
        leg->stats.rtcp_refused++;
        leg->server->refused++;
        return;
    }
    leg->stats.rtcp_received++;
    if (r.is_sender) {
        leg->rtcp.last_sr = (uint32_t)(r.ntp >> 16);
        leg->rtcp.last_sr_tick = leg->server->tick;
    }
    if (r.has_block && leg->out.is_on && r.block.ssrc == leg->out.ssrc) {
        leg->stats.far_lost = r.block.lost;
        leg->stats.far_jitter = r.block.jitter;
    }
}

/* --- sending --- */

static uint64_t ntp_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t fraction = ((uint64_t)now.tv_nsec << 32) / 1000000000u;
    return ((uint64_t)now.tv_sec + NTP_OF_UNIX) << 32 | fraction;
}

/* Jitter is not measured: packets are looked at every 20 ms. */
static struct rf_rtcp_block block_of(struct rf_leg *leg)
{
    struct rf_leg_heard *h = &leg->rtcp.heard;
    uint32_t expected = h->highest - h->first + 1;
    uint32_t due = expected - h->expected_told, came = h->received - h->received_told;
    int64_t lost = (int64_t)expected - h->received;
    struct rf_rtcp_block block = {.ssrc = leg->gate.ssrc,
                                  .highest = h->highest,
                                  .last_sr = leg->rtcp.last_sr,
                                  .lost = (int32_t)(lost > 0x7fffff ? 0x7fffff : lost)};
    if (due > came)
        block.fraction = (uint8_t)(((uint64_t)(due - came) << 8) / due > 255
                                       ? 255
                                       : ((uint64_t)(due - came) << 8) / due);
    if (block.last_sr != 0)
        block.since_sr =
            (uint32_t)((leg->server->tick - leg->rtcp.last_sr_tick) * NTP_SHORT_A_TICK);
    h->expected_told = expected;
    h->received_told = h->received;
    return block;
}

static size_t make_report(struct rf_leg *leg, uint8_t *buf)
{
    struct rf_rtcp r = {.is_sender = true,
                        .ssrc = leg->out.ssrc,
                        .ntp = ntp_now(),
                        .timestamp = leg->out.timestamp,
                        .packets = leg->out.packets,
                        .octets = leg->out.packets * RF_CODEC_FRAME,
                        .has_block = leg->rtcp.heard.is_begun,
                        .cname = rf_slice_str(leg->rtcp.cname)};
    if (r.has_block)
        r.block = block_of(leg);
    struct rf_wr wr = rf_wr_of(buf, RF_LEG_PACKET_MAX - RF_SRTP_TRAILER);
    if (rf_rtcp_encode(&r, &wr, NULL) != RF_OK)
        return 0;
    size_t len = wr.len;
    if (leg->out.srtp != NULL && !rf_srtp_protect_rtcp(leg->out.srtp, buf, &len))
        return 0;
    return len;
}

static void send_report(struct rf_leg *leg)
{
    _Alignas(8) uint8_t packet[RF_LEG_PACKET_MAX];
    struct sockaddr_storage to = leg->far.at;
    /* The port stands at the same place in both families. */
    struct sockaddr_in *port = (struct sockaddr_in *)&to;
    port->sin_port = htons((uint16_t)(ntohs(port->sin_port) + 1));
    size_t len = make_report(leg, packet);
    if (len > 0 && sendto(leg->rtcp_fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)&to, leg->far.len) >= 0)
        leg->stats.rtcp_sent++;
}

void rf_leg_rtcp_tick(struct rf_media_server *server, struct rf_leg *leg)
{
    if ((server->tick + leg->id) % READ_TICKS == 0)
        rf_leg_read_socket(server, leg, leg->rtcp_fd, on_report);
    if (!leg->out.is_on || server->tick < leg->rtcp.due_tick)
        return;
    /* The first one when something has been said. */
    if (leg->rtcp.due_tick != 0)
        send_report(leg);
    plan_next(leg);
}
