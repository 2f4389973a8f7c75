/* SPDX-License-Identifier: Apache-2.0 */
/* The RTP packet header. Contributing sources, extension and padding are stepped over within bounds
 * when decoding and never written. Encryption is not here: media/ does it.
 *
 *     struct rf_rtp rtp;
 *     if (rf_rtp_decode(packet, &rtp, &why) == RF_OK && rtp.payload_type == 0)
 *         play(rtp.payload);
 *
 * spec: RFC 3550 5.1, 5.3.1 */
#ifndef WIRE_RTP_RTP_H
#define WIRE_RTP_RTP_H

#include "base/bytes.h"

#define RF_RTP_HEADER 12 /* bytes of the header we write */

struct rf_rtp {
    bool has_marker;
    uint8_t payload_type; /* 0-127 */
    uint16_t seq;
    uint32_t timestamp;
    uint32_t ssrc;
    size_t header_len;       /* set by decoding: fixed part, sources and extension */
    struct rf_slice payload; /* borrowed; without padding */
};

/**
 * Decode a packet in the clear.
 *
 * Returns RF_OK; RF_ERR_SHORT "short"; RF_ERR_BAD "rtp-version" (not 2), "rtp-padding" (padding
 * count 0 or above what is there). `out` is zeroed on failure. Thread: any.
 */
RF_MUST_CHECK enum rf_err rf_rtp_decode(struct rf_slice packet, struct rf_rtp *out,
                                        struct rf_why *why);

/**
 * Append header and payload: version 2, no padding, no extension, no contributing sources.
 *
 * Returns RF_OK; RF_ERR_BAD "rtp-payload-type" above 127; RF_ERR_LIMIT "rtp-room" when wr is full.
 */
RF_MUST_CHECK enum rf_err rf_rtp_encode(const struct rf_rtp *rtp, struct rf_wr *wr,
                                        struct rf_why *why);

#endif
