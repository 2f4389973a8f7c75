/* SPDX-License-Identifier: Apache-2.0 */
/* SCCP questions of a phone while it registers, and the server's answers: configuration, lines,
 * speed dials, features, services, forwarding, time, version, servers. Classic and V2 form of an
 * answer share a struct; the message id says which goes out.
 * doc: docs/wire/sccp.md, "Questions and answers" */
#ifndef WIRE_SCCP_SCCP_STATUS_H
#define WIRE_SCCP_SCCP_STATUS_H

#include "base/bytes.h"

#define RF_SCCP_SERVER_MAX 5

/** IPv4 or IPv6; on the wire 4 bytes before version 17 and 20 from there on. */
struct rf_sccp_addr {
    uint32_t type;  /* 0 IPv4, 1 IPv6, others invalid here */
    uint8_t ip[16]; /* network order; IPv4 in the first four, rest zero */
};

/** The `number` of LineStatReq, SpeedDialStatReq, ForwardStatReq, ServiceURLStatReq. */
struct rf_sccp_stat_req {
    uint32_t number; /* from 1 */
};

/** ConfigStat and ConfigStatV2, server to phone. */
struct rf_sccp_config_stat {
    struct rf_slice device_name;
    uint32_t user_id;
    uint32_t instance;
    struct rf_slice user_name;
    struct rf_slice server_name;
    uint32_t number_of_lines;
    uint32_t number_of_speed_dials;
};

/** LineStat and LineStatV2, server to phone. A line that is not there has empty texts. */
struct rf_sccp_line_stat {
    uint32_t line_number;
    struct rf_slice directory_number;
    struct rf_slice display_name;
    struct rf_slice label;
    uint32_t display_options; /* 0x0f is usual; "lineType" in V2 */
};

struct rf_sccp_forward {
    uint32_t is_active; /* 0, or 1 (2 from version 18 on) */
    struct rf_slice number;
};

/** ForwardStat, server to phone. */
struct rf_sccp_forward_stat {
    uint32_t active_forward; /* 0, or 1 (2 from version 18 on) */
    uint32_t line_number;
    struct rf_sccp_forward all;
    struct rf_sccp_forward busy;
    struct rf_sccp_forward no_answer;
};

/** SpeedDialStat and SpeedDialStatV2, server to phone. */
struct rf_sccp_speed_dial_stat {
    uint32_t number;
    struct rf_slice directory_number;
    struct rf_slice display_name;
};

/** FeatureStatReq, phone to server. capabilities 1: it wants the V2 answer. */
struct rf_sccp_feature_stat_req {
    uint32_t index;
    uint32_t capabilities;
};

/** FeatureStat and FeatureStatV2, server to phone. */
struct rf_sccp_feature_stat {
    uint32_t index;
    uint32_t feature_id; /* enum rf_sccp_stim */
    struct rf_slice label;
    uint32_t status;
};

/** ServiceURLStat and ServiceURLStatV2, server to phone. */
struct rf_sccp_service_url_stat {
    uint32_t index;
    struct rf_slice url;
    struct rf_slice label;
};

/** RegisterAvailableLines, phone to server. */
struct rf_sccp_register_available_lines {
    uint32_t max_lines;
};

/** DefineTimeDate, server to phone: local time, and seconds since 1970 in UTC. */
struct rf_sccp_define_time_date {
    uint32_t year;
    uint32_t month;       /* 1-12 */
    uint32_t day_of_week; /* 0 Sunday */
    uint32_t day;
    uint32_t hour;
    uint32_t minute;
    uint32_t second;
    uint32_t millisecond;
    uint32_t system_time_s;
};

/** Version, server to phone: the firmware it should have. */
struct rf_sccp_version {
    struct rf_slice text; /* at most 16 bytes */
};

struct rf_sccp_server {
    struct rf_slice name; /* at most 48 bytes */
    uint32_t port;
    struct rf_sccp_addr addr;
};

/** ServerRes, server to phone. Unused entries are zero. */
struct rf_sccp_server_res {
    struct rf_sccp_server servers[RF_SCCP_SERVER_MAX];
};

#endif
