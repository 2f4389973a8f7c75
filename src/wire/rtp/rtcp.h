/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of RTCP: a compound of a report (of a sender or a receiver, about one source at most when
 * we write it) and a source description with the canonical name. What else a compound may hold is
 * stepped over within bounds. Encryption is not here: media/ does it.
 *
 *     struct rf_rtcp rtcp;
 *     if (rf_rtcp_decode(packet, &rtcp, &why) == RF_OK && rtcp.is_sender)
 *         last_report = rtcp.ntp;
 *
 * spec: RFC 3550 6.1, 6.4.1, 6.4.2, 6.5, 6.6 */
#ifndef WIRE_RTP_RTCP_H
#define WIRE_RTP_RTCP_H

#include "base/bytes.h"

#define RF_RTCP_CNAME_MAX 255
#define RF_RTCP_BYTES_MAX 320 /* of what we write */

struct rf_rtcp_block {
    uint32_t ssrc;     /* reported on */
    uint8_t fraction;  /* lost since the last report, of 256 */
    int32_t lost;      /* in all; 24 bits with sign */
    uint32_t highest;  /* extended sequence number */
    uint32_t jitter;   /* steps of the RTP clock */
    uint32_t last_sr;  /* the middle of the last report's ntp; 0: none came */
    uint32_t since_sr; /* in 65,536ths of a second */
};

struct rf_rtcp {
    bool is_sender; /* a sender's report: has the five fields that follow ssrc */
    uint32_t ssrc;
    uint64_t ntp;
    uint32_t timestamp, packets, octets;
    bool has_block; /* the first, when decoded */
    struct rf_rtcp_block block;
    struct rf_slice cname; /* of the same source; borrowed; empty: none */
    bool has_bye;          /* decoded only */
};

/**
 * Decode a compound packet in the clear.
 *
 * Returns RF_OK; RF_ERR_SHORT "short"; RF_ERR_BAD "rtcp-version" (not 2), "rtcp-first" (the first
 * is no report), "rtcp-length" (a packet that is longer than what is there, or shorter than what it
 * says it holds), "rtcp-padding" (elsewhere than in the last packet, or it does not fit). `out` is
 * zeroed on failure. Thread: any.
 */
RF_MUST_CHECK enum rf_err rf_rtcp_decode(struct rf_slice packet, struct rf_rtcp *out,
                                         struct rf_why *why);

/**
 * Append a report, and a source description when there is a cname.
 *
 * Returns RF_OK; RF_ERR_LIMIT "rtcp-cname" above RF_RTCP_CNAME_MAX, "rtcp-room" when wr is full.
 */
RF_MUST_CHECK enum rf_err rf_rtcp_encode(const struct rf_rtcp *rtcp, struct rf_wr *wr,
                                         struct rf_why *why);

#endif
