/* SPDX-License-Identifier: Apache-2.0 */
/* SCCP messages of a registration and of the connection itself. Plain open structs; every
 * rf_slice is a view into the bytes it was decoded from, without its NUL.
 *
 *     struct rf_sccp_msg m = {.id = RF_SCCP_REGISTER_ACK,
 *                             .register_ack = {.keepalive_interval_s = 30,
 *                                              .date_template = rf_slice_str("D.M.Y"),
 *                                              .secondary_keepalive_interval_s = 60,
 *                                              .max_protocol_ver = 22}};
 *
 * doc: docs/wire/sccp.md, "Registration" and "Capabilities" */
#ifndef WIRE_SCCP_SCCP_REGISTER_H
#define WIRE_SCCP_SCCP_REGISTER_H

#include "base/bytes.h"

#define RF_SCCP_FEATURES      3
#define RF_SCCP_AUDIO_CAP_MAX 18

/** Register, phone to server. A body of 36 bytes is enough; what was not sent is zero. */
struct rf_sccp_register {
    struct rf_slice device_name; /* at most 16 bytes, unchecked text */
    uint32_t user_id;
    uint32_t instance;
    uint8_t ip4[4]; /* the phone's own idea, network order; never trust it */
    uint32_t device_type;
    uint32_t max_streams;
    uint32_t active_streams; /* above 0 when it comes back in a call */
    uint8_t protocol_ver;    /* highest version it speaks */
    uint8_t features[RF_SCCP_FEATURES];
    uint32_t max_conferences;
    uint32_t active_conferences;
    uint8_t mac[12]; /* 6 bytes, 12 ASCII digits or rubbish: for the log only */
    uint32_t ip4_scope;
    uint32_t max_number_of_lines;
    uint8_t ip6[16];
    uint32_t ip6_scope;
    struct rf_slice firmware_load_name;   /* at most 32 bytes */
    struct rf_slice config_version_stamp; /* at most 48 bytes */
};

/** RegisterAck, server to phone. */
struct rf_sccp_register_ack {
    uint32_t keepalive_interval_s;
    struct rf_slice date_template; /* "D.M.Y", "M/D/YA", ... at most 6 bytes */
    uint32_t secondary_keepalive_interval_s;
    uint8_t max_protocol_ver; /* the agreed version */
    uint8_t features[RF_SCCP_FEATURES];
};

/** RegisterReject, server to phone: text only, at most 32 bytes. */
struct rf_sccp_register_reject {
    struct rf_slice text;
};

/** Unregister, phone to server. reason 0 unknown, 1 power save; may be missing. */
struct rf_sccp_unregister {
    uint32_t reason;
};

/** UnregisterAck: 0 done, 1 error, 2 refused (a call is active). */
struct rf_sccp_unregister_ack {
    uint32_t status;
};

/** IpPort, phone to server. Sent as 32 or as 16 bits; both are read. */
struct rf_sccp_ip_port {
    uint32_t rtp_media_port;
};

/** Reset, server to phone: 1 reset, 2 restart, 3 apply configuration. */
struct rf_sccp_reset {
    uint32_t type;
};

/** RegisterTokenReq and SPCPRegisterTokenReq, phone to server. The addresses are not read. */
struct rf_sccp_register_token_req {
    struct rf_slice device_name;
    uint32_t user_id;
    uint32_t instance;
    uint32_t address; /* a little-endian number, or so it seems; ignore */
    uint32_t device_type;
    uint32_t max_streams; /* the SPCP form only */
};

/** RegisterTokenReject and its SPCP form, server to phone. */
struct rf_sccp_register_token_reject {
    uint32_t wait_s;
};

/** SPCPRegisterTokenAck, server to phone. */
struct rf_sccp_spcp_register_token_ack {
    uint32_t features;
};

/** Alarm, phone to server: why it restarted. May come before Register. */
struct rf_sccp_alarm {
    uint32_t severity;
    struct rf_slice text; /* "25: Name=SEP... Load=... Last=..." at most 80 bytes */
    uint32_t parm1;
    uint32_t parm2;
};

/** EnhancedAlarm and LocationInfo, phone to server: XML we only log. Not parsed here. */
struct rf_sccp_xml {
    struct rf_slice text;
};

/** One audio capability. */
struct rf_sccp_audio_cap {
    uint32_t payload;        /* enum rf_sccp_codec */
    uint32_t max_frames;     /* "maxFramesPerPacket"; phones put milliseconds here */
    uint8_t codec_params[8]; /* depends on the payload, mostly zero */
};

/** CapabilitiesRes, phone to server. count is cut to what was sent and to the limit. */
struct rf_sccp_capabilities_res {
    uint32_t count;
    struct rf_sccp_audio_cap caps[RF_SCCP_AUDIO_CAP_MAX];
};

/** UpdateCapabilities, its V2 and V3, phone to server. Audio is decoded; pictures and services, and
 * video and data entries, stay as the bytes they came in (an empty slice is sent as zeros). Only
 * the first `..._count` entries of an array mean anything. */
struct rf_sccp_update_capabilities {
    uint32_t audio_count; /* cut to what was sent and to the limit */
    uint32_t video_count; /* as sent */
    uint32_t data_count;  /* as sent */
    uint32_t rtp_payload_format;
    uint32_t picture_format_count;
    struct rf_slice picture_formats; /* 120 bytes */
    uint32_t active_streams;
    uint32_t max_bw;
    uint32_t service_resource_count;
    struct rf_slice service_resources; /* 160 bytes */
    struct rf_sccp_audio_cap audio[RF_SCCP_AUDIO_CAP_MAX];
    struct rf_slice video_and_data; /* the rest: 1240, 1400 or 1500 bytes, or what is there */
};

#endif
