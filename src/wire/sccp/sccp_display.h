/* SPDX-License-Identifier: Apache-2.0 */
/* SCCP messages by which the server plays the phone: tones, ringer, lamps, texts, call state and
 * the parties of a call. Classic and V2 form of a message share a struct; the id says which goes
 * out. doc: docs/wire/sccp.md, "Display" */
#ifndef WIRE_SCCP_SCCP_DISPLAY_H
#define WIRE_SCCP_SCCP_DISPLAY_H

#include "base/bytes.h"

/** StartTone. direction 0 to the user, 1 to the network, 2 both. */
struct rf_sccp_start_tone {
    uint32_t tone; /* enum rf_sccp_tone */
    uint32_t direction;
    uint32_t line_instance;
    uint32_t call_reference;
};

/** StopTone. The tone travels from version 11 on; 0 is all. */
struct rf_sccp_stop_tone {
    uint32_t line_instance;
    uint32_t call_reference;
    uint32_t tone;
};

/** SetRinger. duration 1 normal, 2 once. */
struct rf_sccp_set_ringer {
    uint32_t mode; /* enum rf_sccp_ring */
    uint32_t duration;
    uint32_t line_instance;
    uint32_t call_reference;
};

/** SetLamp. */
struct rf_sccp_set_lamp {
    uint32_t stimulus; /* enum rf_sccp_stim */
    uint32_t instance;
    uint32_t mode; /* enum rf_sccp_lamp */
};

/** DisplayPromptStatus (text at most 32 bytes) and V2 (97): the status line of a call. */
struct rf_sccp_display_prompt {
    uint32_t timeout_s; /* 0 stays */
    struct rf_slice text;
    uint32_t line_instance;
    uint32_t call_reference;
};

/** DisplayNotify, DisplayPriNotify and their V2: the phone-wide line. */
struct rf_sccp_display_notify {
    uint32_t timeout_s;
    uint32_t priority; /* the Pri forms only; the higher number wins */
    struct rf_slice text;
};

/** ClearPriNotify. */
struct rf_sccp_clear_pri_notify {
    uint32_t priority;
};

/** DisplayText: old phones, whole screen. */
struct rf_sccp_display_text {
    struct rf_slice text; /* at most 32 bytes */
};

/** ActivateCallPlane. */
struct rf_sccp_activate_call_plane {
    uint32_t line_instance;
};

/** CallState. */
struct rf_sccp_call_state {
    uint32_t state; /* enum rf_sccp_state */
    uint32_t line_instance;
    uint32_t call_reference;
    uint32_t privacy;
    uint32_t precedence_level; /* 4 is normal */
    uint32_t precedence_domain;
};

/** CallInfo and CallInfoV2. Numbers at most 24 bytes, names 39 (CallInfo) or 120 (V2). The last
 * three texts travel in V2 only, from version 16 on. */
struct rf_sccp_call_info {
    uint32_t line_instance;
    uint32_t call_reference;
    uint32_t call_type; /* 1 inbound, 2 outbound, 3 forward */
    uint32_t original_cdpn_redirect_reason;
    uint32_t last_redirecting_reason;
    uint32_t call_instance;
    uint32_t call_security_status; /* enum rf_sccp_security: lock, shield or none */
    uint32_t party_pi_restriction_bits;
    struct rf_slice calling_party_name;
    struct rf_slice calling_party;
    struct rf_slice called_party_name;
    struct rf_slice called_party;
    struct rf_slice original_called_party_name;
    struct rf_slice original_called_party;
    struct rf_slice last_redirecting_party_name;
    struct rf_slice last_redirecting_party;
    struct rf_slice cgpn_voice_mailbox;
    struct rf_slice cdpn_voice_mailbox;
    struct rf_slice original_cdpn_voice_mailbox;
    struct rf_slice last_redirecting_voice_mailbox;
    struct rf_slice alternate_calling_party;
    struct rf_slice hunt_pilot_number;
    struct rf_slice hunt_pilot_name;
};

/** DialedNumber. */
struct rf_sccp_dialed_number {
    struct rf_slice number; /* at most 24 bytes */
    uint32_t line_instance;
    uint32_t call_reference;
};

/** CallSelectStat. */
struct rf_sccp_call_select_stat {
    uint32_t state;
    uint32_t call_reference;
    uint32_t line_instance;
};

/** CallHistoryInfo. disposition 0 ignore, 1 placed, 2 received, 3 missed. */
struct rf_sccp_call_history_info {
    uint32_t disposition;
    uint32_t line_instance;
    uint32_t call_reference;
};

#endif
