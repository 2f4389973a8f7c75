/* SPDX-License-Identifier: Apache-2.0 */
/* SCCP messages that open, start, stop and count media streams, with the block that carries an SRTP
 * master key. The key is in the clear here: wipe what held it (rf_sccp_media_key_wipe, and the
 * buffer it was encoded into) and never log it.
 * doc: docs/wire/sccp.md, "Media" */
#ifndef WIRE_SCCP_SCCP_MEDIA_H
#define WIRE_SCCP_SCCP_MEDIA_H

#include "wire/sccp/sccp_status.h"

/** algorithmID of the key block. Phones speak 0 and 1. */
enum rf_sccp_srtp {
    RF_SCCP_SRTP_NONE = 0,
    RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_32 = 1,
    RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_80 = 2,
    RF_SCCP_SRTP_F8_128_HMAC_SHA1_32 = 3,
    RF_SCCP_SRTP_F8_128_HMAC_SHA1_80 = 4,
    RF_SCCP_SRTP_AEAD_AES_128_GCM = 5,
};

/** 48 bytes on the wire in every version. Lengths are as sent: check them before use. */
struct rf_sccp_media_key {
    uint32_t algorithm; /* enum rf_sccp_srtp; 0 is clear media */
    uint16_t key_len;
    uint16_t salt_len;
    uint8_t key[16];
    uint8_t salt[16]; /* left-aligned, rest zero */
    uint32_t mki;
    uint32_t kdr; /* key derivation rate; 0 derives once */
};

void rf_sccp_media_key_wipe(struct rf_sccp_media_key *key);

/** codecMode, dynamicPayload, two parameters; before version 11 one number, the G.723 bit rate. */
struct rf_sccp_codec_params {
    uint8_t b[4];
};

/** OpenReceiveChannel, server to phone. */
struct rf_sccp_open_receive_channel {
    uint32_t conference_id;
    uint32_t pass_through_party_id;
    uint32_t packet_ms;
    uint32_t codec; /* enum rf_sccp_codec */
    uint32_t ec_value;
    struct rf_sccp_codec_params params;
    uint32_t call_reference;
    struct rf_sccp_media_key key; /* for what arrives */
    uint32_t stream_pass_through_id;
    uint32_t associated_stream_id;
    uint32_t rfc2833_payload_type;
    uint32_t dtmf_type;
    uint32_t mixing_mode;            /* 11+ */
    uint32_t party_direction;        /* 11+ */
    struct rf_sccp_addr source;      /* 11+ */
    uint32_t source_port;            /* 11+ */
    uint32_t requested_addr_type;    /* 16+ */
    uint32_t audio_level_adjustment; /* 17+ */
    struct rf_slice latent_caps;     /* 21+, 36 bytes; empty is sent as zeros */
};

/** OpenReceiveChannelAck, phone to server. Old phones leave out the call reference. */
struct rf_sccp_open_receive_channel_ack {
    uint32_t status; /* enum rf_sccp_media_status */
    struct rf_sccp_addr addr;
    uint32_t port; /* above 65535 is a peer's mistake: check */
    uint32_t pass_through_party_id;
    uint32_t call_reference;
};

/** StartMediaTransmission, server to phone. */
struct rf_sccp_start_media_transmission {
    uint32_t conference_id;
    uint32_t pass_through_party_id;
    struct rf_sccp_addr remote;
    uint32_t remote_port;
    uint32_t packet_ms;
    uint32_t codec;      /* enum rf_sccp_codec */
    uint32_t precedence; /* TOS byte of the stream, 0xb8 is usual */
    uint32_t silence_suppression;
    uint32_t max_frames; /* 16 bits of it travel as such; the upper half is zero */
    struct rf_sccp_codec_params params;
    uint32_t call_reference;
    struct rf_sccp_media_key key; /* for what is sent */
    uint32_t stream_pass_through_id;
    uint32_t associated_stream_id;
    uint32_t rfc2833_payload_type;
    uint32_t dtmf_type;
    uint32_t mixing_mode;
    uint32_t party_direction;    /* 15+ */
    struct rf_slice latent_caps; /* 21+, 36 bytes; empty is sent as zeros */
};

/** StartMediaTransmissionAck, phone to server; newer phones only, never wait for it. */
struct rf_sccp_start_media_transmission_ack {
    uint32_t conference_id;
    uint32_t pass_through_party_id;
    uint32_t call_reference;
    struct rf_sccp_addr addr;
    uint32_t port;
    uint32_t status; /* enum rf_sccp_media_status */
};

/** CloseReceiveChannel and StopMediaTransmission, server to phone. */
struct rf_sccp_stop_media {
    uint32_t conference_id;
    uint32_t pass_through_party_id;
    uint32_t call_reference;
    uint32_t port_handling_flag; /* 0 close the port, 1 keep it; may be missing */
};

/** MediaTransmissionFailure, phone to server. */
struct rf_sccp_media_transmission_failure {
    uint32_t conference_id;
    uint32_t pass_through_party_id;
    struct rf_sccp_addr addr;
    uint32_t port;
    uint32_t call_reference;
};

/** StartMediaFailureDetection, server to phone: tell when nothing arrives any more. */
struct rf_sccp_start_media_failure_detection {
    uint32_t conference_id;
    uint32_t pass_through_party_id;
    uint32_t packet_ms;
    uint32_t codec; /* enum rf_sccp_codec */
    uint32_t ec_value;
    struct rf_sccp_codec_params params;
    uint32_t call_reference;
};

/** PortReq, server to phone: which port would you receive on? The ids stand in another order than
 * in the messages above. */
struct rf_sccp_port_req {
    uint32_t conference_id;
    uint32_t call_reference;
    uint32_t pass_through_party_id;
    uint32_t transport;  /* enum rf_sccp_transport */
    uint32_t addr_type;  /* enum rf_sccp_addr_type */
    uint32_t media_type; /* enum rf_sccp_media_type */
};

/** PortRes, phone to server. */
struct rf_sccp_port_res {
    uint32_t conference_id;
    uint32_t call_reference;
    uint32_t pass_through_party_id;
    struct rf_sccp_addr addr;
    uint32_t port; /* above 65535 is a peer's mistake: check */
    uint32_t rtcp_port;
    uint32_t media_type; /* 19+ */
};

/** PortClose, server to phone. */
struct rf_sccp_port_close {
    uint32_t conference_id;
    uint32_t call_reference;
    uint32_t pass_through_party_id;
    uint32_t media_type;
};

/** ConnectionStatisticsReq, server to phone. mode 0 clears the counters, 1 keeps them. */
struct rf_sccp_connection_statistics_req {
    struct rf_slice directory_number;
    uint32_t call_reference;
    uint32_t mode;
};

/** How ConnectionStatisticsRes lays its fields out. Chosen by version when encoding: CLASSIC below
 * 18, else PACKED unless ALIGNED was asked for. */
enum rf_sccp_stats_form {
    RF_SCCP_STATS_BY_VERSION = 0,
    RF_SCCP_STATS_CLASSIC,
    RF_SCCP_STATS_PACKED,
    RF_SCCP_STATS_ALIGNED,
};

/** ConnectionStatisticsRes, phone to server; may come late or never. */
struct rf_sccp_connection_statistics_res {
    struct rf_slice directory_number;
    uint32_t call_reference;
    uint32_t mode;
    uint32_t packets_sent;
    uint32_t octets_sent;
    uint32_t packets_received;
    uint32_t octets_received;
    uint32_t packets_lost;
    uint32_t jitter_ms;
    uint32_t latency_ms;
    struct rf_slice data; /* text "MLQK=4.5;...", cut to what was sent; escape before logging */
    enum rf_sccp_stats_form form;
};

#endif
