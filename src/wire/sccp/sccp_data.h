/* SPDX-License-Identifier: Apache-2.0 */
/* SCCP messages beside calls: data of applications (XML to the phone's screen and back), the state
 * of other lines a phone has subscribed to, and what a phone tells about its parts.
 * doc: docs/wire/sccp.md, "Data and subscriptions" */
#ifndef WIRE_SCCP_SCCP_DATA_H
#define WIRE_SCCP_SCCP_DATA_H

#include "base/bytes.h"

#define RF_SCCP_DATA_MAX      2000 /* bytes of data in one message */
#define RF_SCCP_CALL_LINE_MAX 42   /* entries of a CallCountResp */

/** DeviceToUserData, its Response and UserToDeviceData, and the Version1 form of each. Reading,
 * data is cut to what was sent and to RF_SCCP_DATA_MAX; more is refused when encoding. */
struct rf_sccp_user_data {
    uint32_t application_id;
    uint32_t line_instance;
    uint32_t call_reference;
    uint32_t transaction_id;
    uint32_t sequence_flag; /* Version1 from here on: enum rf_sccp_sequence */
    uint32_t display_priority;
    uint32_t conference_id;
    uint32_t app_instance_id;
    uint32_t routing_id;
    struct rf_slice data; /* XML, unchecked; all forms */
};

/** SubscriptionStatReq, phone to server. */
struct rf_sccp_subscription_stat_req {
    uint32_t transaction_id;
    uint32_t feature_id; /* 1 is BLF; some phones put the line here */
    uint32_t timer;
    struct rf_slice subscription_id; /* at most 256 bytes; the number to watch; may be missing */
};

/** SubscriptionStat, server to phone. */
struct rf_sccp_subscription_stat {
    uint32_t transaction_id;
    uint32_t feature_id;
    uint32_t timer;
    uint32_t cause; /* enum rf_sccp_subscription */
};

/** Notification, server to phone: the state of a line it has subscribed to. */
struct rf_sccp_notification {
    uint32_t transaction_id;
    uint32_t feature_id;
    uint32_t status;      /* enum rf_sccp_blf */
    struct rf_slice text; /* at most 97 bytes */
};

struct rf_sccp_call_line {
    uint16_t max_calls;
    uint16_t busy_trigger;
};

/** CallCountResp, server to phone. count is cut to what was sent and to the limit. */
struct rf_sccp_call_count_resp {
    uint32_t total_lines;
    uint32_t starting_line; /* the first entry's, from 1 */
    uint32_t count;
    struct rf_sccp_call_line lines[RF_SCCP_CALL_LINE_MAX];
};

/** RecordingStatus, server to phone. */
struct rf_sccp_recording_status {
    uint32_t call_reference;
    uint32_t status; /* enum rf_sccp_recording */
};

/** AddOnDeviceCapabilities, phone to server: a module beside it. For the log only. */
struct rf_sccp_add_on_device {
    uint32_t instance;
    uint32_t type; /* a number of device types: 227 to 230, 124 */
    uint32_t unknown;
    struct rf_slice text; /* at most 152 bytes */
};

#endif
