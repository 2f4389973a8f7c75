/* SPDX-License-Identifier: Apache-2.0 */
#include "base/faults.h"
#include "base/metrics.h"
#include "media/media_int.h"

static const struct {
    const char *reason;
    size_t counter_at; /* in struct rf_media_stats */
    enum rf_metric metric;
} refusals[] = {
    [RF_MEDIA_REFUSED_TAG] = {"srtp-tag", offsetof(struct rf_media_stats, refused_tag),
                              RF_METRIC_SRTP_REFUSED},
    [RF_MEDIA_REFUSED_REPLAY] = {"srtp-replay", offsetof(struct rf_media_stats, refused_replay),
                                 RF_METRIC_SRTP_REFUSED},
    [RF_MEDIA_REFUSED_SSRC] = {"rtp-ssrc", offsetof(struct rf_media_stats, refused_ssrc),
                               RF_METRIC_RTP_REFUSED},
    [RF_MEDIA_REFUSED_FORMAT] = {"rtp-format", offsetof(struct rf_media_stats, refused_format),
                                 RF_METRIC_RTP_REFUSED},
};

const char *rf_media_verdict_reason(enum rf_media_verdict verdict)
{
    return refusals[verdict].reason;
}

uint64_t rf_media_refused(const struct rf_media_stats *stats)
{
    return stats->refused_tag + stats->refused_replay + stats->refused_ssrc + stats->refused_format;
}

void rf_media_count_refused(enum rf_media_verdict verdict, struct rf_media_stats *stats)
{
    uint64_t *counter = (uint64_t *)((char *)stats + refusals[verdict].counter_at);
    ++*counter;
    rf_metric_add(refusals[verdict].metric, 1);
}

void rf_media_gate_start(struct rf_media_gate *gate, struct rf_srtp *take_srtp)
{
    rf_media_gate_fini(gate);
    gate->srtp = take_srtp;
}

void rf_media_gate_fini(struct rf_media_gate *gate)
{
    rf_srtp_free(gate->srtp);
    *gate = (struct rf_media_gate){0};
}

/* Whose packet it says it is; false for what is too short or of another version of RTP. Of a packet
 * that is still encrypted nothing else can be read: its padding lies under the cipher. */
static bool read_ssrc(struct rf_slice packet, uint32_t *ssrc)
{
    struct rf_rd rd = rf_rd_of(packet);
    uint8_t flags;
    return rf_rd_u8(&rd, &flags) && flags >> 6 == 2 && rf_rd_skip(&rd, 7) && rf_rd_u32be(&rd, ssrc);
}

/* Dropped before any cryptography: another source than the bound one, or we ourselves, when
 * somebody sends our own packets back to us under a key that is the same both ways. */
static bool is_foreign(const struct rf_media_gate *gate, uint32_t ssrc, const uint32_t *own_ssrc)
{
    if (own_ssrc != NULL && *own_ssrc == ssrc && !rf_fault_skips("media.own-ssrc"))
        return true;
    return gate->is_bound && gate->ssrc != ssrc && !rf_fault_skips("media.ssrc");
}

static enum rf_media_verdict decrypt(struct rf_media_gate *gate, uint8_t *packet, size_t *len)
{
    if (gate->srtp == NULL)
        return RF_MEDIA_TAKEN;
    switch (rf_srtp_unprotect(gate->srtp, packet, len)) {
    case RF_SRTP_GOOD:
        return RF_MEDIA_TAKEN;
    case RF_SRTP_TAG:
        return RF_MEDIA_REFUSED_TAG;
    case RF_SRTP_REPLAY:
        return RF_MEDIA_REFUSED_REPLAY;
    case RF_SRTP_FORMAT:
        break;
    }
    return RF_MEDIA_REFUSED_FORMAT;
}

enum rf_media_verdict rf_media_gate_judge(struct rf_media_gate *gate, uint8_t *packet, size_t len,
                                          const uint32_t *own_ssrc, uint8_t payload_type,
                                          struct rf_rtp *rtp)
{
    uint32_t ssrc;
    if (!read_ssrc(rf_slice_of(packet, len), &ssrc))
        return RF_MEDIA_REFUSED_FORMAT;
    if (is_foreign(gate, ssrc, own_ssrc))
        return RF_MEDIA_REFUSED_SSRC;
    enum rf_media_verdict verdict = decrypt(gate, packet, &len);
    if (verdict != RF_MEDIA_TAKEN)
        return verdict;
    bool is_speech = rf_rtp_decode(rf_slice_of(packet, len), rtp, NULL) == RF_OK &&
                     rtp->payload_type == payload_type;
    /* Whoever has the key is bound by the first packet that proves it, so that libsrtp2 keeps
     * state for one source; in the clear it takes speech to be believed. */
    if (is_speech || gate->srtp != NULL) {
        gate->is_bound = true;
        gate->ssrc = ssrc;
    }
    return is_speech ? RF_MEDIA_TAKEN : RF_MEDIA_REFUSED_FORMAT;
}
