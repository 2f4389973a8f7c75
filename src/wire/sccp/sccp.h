/* SPDX-License-Identifier: Apache-2.0 */
/* SCCP, the phone protocol: frames in a TCP or TLS stream, and the messages in them, both ways; the
 * server and the phone use the same codec. It does not know connections, calls or order.
 *
 *     while ((err = rf_sccp_frame_next(stream, &frame, &n, &why)) == RF_OK) {
 *         if (rf_sccp_decode(&frame, &msg, &why) == RF_OK && msg.id == RF_SCCP_KEYPAD_BUTTON)
 *             dial(msg.keypad_button.button);
 *         drop n bytes;
 *     }
 *
 * Nothing here allocates or keeps state; any thread.
 * doc: docs/wire/sccp.md */
#ifndef WIRE_SCCP_SCCP_H
#define WIRE_SCCP_SCCP_H

#include "wire/sccp/sccp_buttons.h"
#include "wire/sccp/sccp_data.h"
#include "wire/sccp/sccp_display.h"
#include "wire/sccp/sccp_ids.h"
#include "wire/sccp/sccp_keys.h"
#include "wire/sccp/sccp_media.h"
#include "wire/sccp/sccp_register.h"
#include "wire/sccp/sccp_status.h"
#include "wire/sccp/sccp_values.h"

#define RF_SCCP_HEADER         12   /* bytes before the body */
#define RF_SCCP_LENGTH_MAX     8192 /* of the length field; more closes the connection */
#define RF_SCCP_SEND_MAX       2304 /* a frame we encode fits, the two XML messages apart */
#define RF_SCCP_BODY_NONE      UINT32_MAX
#define RF_SCCP_VERSION_LOWEST 3
#define RF_SCCP_VERSION_LAST   22

/** One frame, borrowed from the stream. */
struct rf_sccp_frame {
    uint32_t length;  /* as sent: message id and body */
    uint32_t header;  /* header version as sent */
    unsigned version; /* as it is to be read: 0, 10, 11, 15..22; 0 also when ignored */
    bool is_ignored;  /* header version above 22: drop the frame, keep the link */
    uint32_t id;
    struct rf_slice body;
};

/**
 * Take the next frame off a stream.
 *
 * stream     what was received and not consumed yet.
 * consumed   bytes to drop from the stream on RF_OK, else 0.
 *
 * Returns RF_OK; RF_ERR_AGAIN when more bytes are needed (no reason set); RF_ERR_BAD
 * "frame-length" (below 4) or RF_ERR_LIMIT "frame-length" (above RF_SCCP_LENGTH_MAX): close the
 * connection. A wrong length is seen as soon as its four bytes are there.
 */
RF_MUST_CHECK enum rf_err rf_sccp_frame_next(struct rf_slice stream, struct rf_sccp_frame *out,
                                             size_t *consumed, struct rf_why *why);

/** A message. Those without a body (KeepAlive, ...Req) use no member. */
struct rf_sccp_msg {
    enum rf_sccp_id id;
    /** Bytes of the body. 0 encodes the whole layout of the version; another number cuts it or
     * fills it up with zeros, for the shorter and longer bodies that phones send; RF_SCCP_BODY_NONE
     * sends none. rf_sccp_decode() sets it, so that encoding again gives the same frame; it leaves
     * 0 when the body had the layout of another version than its header says. */
    uint32_t body_len;
    union {
        struct rf_sccp_register reg; /* Register ("register" is a word of C) */
        struct rf_sccp_register_ack register_ack;
        struct rf_sccp_register_reject register_reject;
        struct rf_sccp_unregister unregister;
        struct rf_sccp_unregister_ack unregister_ack;
        struct rf_sccp_ip_port ip_port;
        struct rf_sccp_reset reset;
        struct rf_sccp_register_token_req register_token_req;       /* and SPCP */
        struct rf_sccp_register_token_reject register_token_reject; /* and SPCP */
        struct rf_sccp_spcp_register_token_ack spcp_register_token_ack;
        struct rf_sccp_alarm alarm;
        struct rf_sccp_xml xml; /* EnhancedAlarm, LocationInfo */
        struct rf_sccp_capabilities_res capabilities_res;
        struct rf_sccp_update_capabilities update_capabilities; /* and V2, V3 */

        struct rf_sccp_button_template button_template;
        struct rf_sccp_softkey_template softkey_template;
        struct rf_sccp_softkey_set_res softkey_set;
        struct rf_sccp_select_softkeys select_softkeys;
        struct rf_sccp_keypad_button keypad_button;
        struct rf_sccp_enbloc_call enbloc_call;
        struct rf_sccp_stimulus stimulus;
        struct rf_sccp_line_call off_hook;
        struct rf_sccp_line_call on_hook;
        struct rf_sccp_line_call hook_flash;
        struct rf_sccp_off_hook_cgpn off_hook_cgpn;
        struct rf_sccp_softkey_event softkey_event;
        struct rf_sccp_mode headset_status;
        struct rf_sccp_media_path_event media_path_event;
        struct rf_sccp_media_path_capability media_path_capability;

        struct rf_sccp_stat_req line_stat_req;
        struct rf_sccp_stat_req forward_stat_req;
        struct rf_sccp_stat_req speed_dial_stat_req;
        struct rf_sccp_stat_req service_url_stat_req;
        struct rf_sccp_feature_stat_req feature_stat_req;
        struct rf_sccp_config_stat config_stat; /* and V2 */
        struct rf_sccp_line_stat line_stat;     /* and V2 */
        struct rf_sccp_forward_stat forward_stat;
        struct rf_sccp_speed_dial_stat speed_dial_stat;   /* and V2 */
        struct rf_sccp_feature_stat feature_stat;         /* and V2 */
        struct rf_sccp_service_url_stat service_url_stat; /* and V2 */
        struct rf_sccp_register_available_lines register_available_lines;
        struct rf_sccp_define_time_date define_time_date;
        struct rf_sccp_version version;
        struct rf_sccp_server_res server_res;

        struct rf_sccp_open_receive_channel open_receive_channel;
        struct rf_sccp_open_receive_channel_ack open_receive_channel_ack;
        struct rf_sccp_start_media_transmission start_media_transmission;
        struct rf_sccp_start_media_transmission_ack start_media_transmission_ack;
        struct rf_sccp_stop_media close_receive_channel;
        struct rf_sccp_stop_media stop_media_transmission;
        struct rf_sccp_media_transmission_failure media_transmission_failure;
        struct rf_sccp_connection_statistics_req connection_statistics_req;
        struct rf_sccp_connection_statistics_res connection_statistics_res;
        struct rf_sccp_start_media_failure_detection start_media_failure_detection;
        struct rf_sccp_port_req port_req;
        struct rf_sccp_port_res port_res;
        struct rf_sccp_port_close port_close;

        struct rf_sccp_start_tone start_tone;
        struct rf_sccp_stop_tone stop_tone;
        struct rf_sccp_set_ringer set_ringer;
        struct rf_sccp_set_lamp set_lamp;
        struct rf_sccp_mode set_speaker_mode;
        struct rf_sccp_mode set_micro_mode;
        struct rf_sccp_display_prompt display_prompt; /* DisplayPromptStatus and V2 */
        struct rf_sccp_line_call clear_prompt;        /* ClearPromptStatus */
        struct rf_sccp_display_notify display_notify; /* DisplayNotify, -PriNotify, and V2s */
        struct rf_sccp_clear_pri_notify clear_pri_notify;
        struct rf_sccp_display_text display_text;
        struct rf_sccp_activate_call_plane activate_call_plane;
        struct rf_sccp_line_call back_space;
        struct rf_sccp_call_state call_state;
        struct rf_sccp_call_info call_info; /* and V2 */
        struct rf_sccp_dialed_number dialed_number;
        struct rf_sccp_call_select_stat call_select_stat;
        struct rf_sccp_call_history_info call_history_info;

        struct rf_sccp_user_data user_data; /* DeviceToUserData, -Response, UserToDeviceData, V1s */
        struct rf_sccp_subscription_stat_req subscription_stat_req;
        struct rf_sccp_subscription_stat subscription_stat;
        struct rf_sccp_notification notification;
        struct rf_sccp_call_count_resp call_count_resp;
        struct rf_sccp_recording_status recording_status;
        struct rf_sccp_add_on_device add_on_device; /* AddOnDeviceCapabilities */
    };
};

/**
 * Decode a frame. Texts in `out` are views into the frame's body.
 *
 * Returns RF_OK; RF_ERR_UNKNOWN "sccp-message" (the name, or the number, is in the text) for a
 * message outside this codec, "sccp-header-version" for an ignored frame; RF_ERR_SHORT "short" when
 * the mandatory part is missing; RF_ERR_BAD "sccp-text" for a text without its NUL. `out` is
 * zeroed on failure. Fields behind the mandatory part that were not sent are zero or empty; bytes
 * behind the known part are left alone. Direction is not judged: see rf_sccp_dir_of().
 */
RF_MUST_CHECK enum rf_err rf_sccp_decode(const struct rf_sccp_frame *frame, struct rf_sccp_msg *out,
                                         struct rf_why *why);

/**
 * Append one whole frame (header, body, padding to a multiple of four) to `wr`.
 *
 * version   the agreed version, 0 while none is agreed. It chooses layout and header version.
 *
 * Texts are cut to their field on a character border. Returns RF_OK; RF_ERR_UNKNOWN "sccp-message"
 * when the id is outside this codec; RF_ERR_LIMIT "sccp-room" when `wr` is full (then nothing
 * useful is in it) or "sccp-length" when a frame above
 * RF_SCCP_LENGTH_MAX, or a list or data above its limit, was asked for; RF_ERR_BAD "sccp-address"
 * for an IPv6 address before version 17, "sccp-body-len" for a body_len below the mandatory part.
 * Wipe the buffer after sending a message with a media key.
 */
RF_MUST_CHECK enum rf_err rf_sccp_encode(const struct rf_sccp_msg *msg, unsigned version,
                                         struct rf_wr *wr, struct rf_why *why);

/** Does rf_sccp_decode() know this id? */
bool rf_sccp_is_known(uint32_t id);
/** The message's name from the whole table, or NULL. A constant. */
const char *rf_sccp_id_name(uint32_t id);
/** Who sends it; false when no table names the id. */
RF_MUST_CHECK bool rf_sccp_dir_of(uint32_t id, enum rf_sccp_dir *out);
/** May a phone send this before it is registered? */
bool rf_sccp_is_before_register(uint32_t id);

/** The version to agree on with a phone that announced `phone_max`: 3, 5, 8, 10, 11, 15 ... 22. */
unsigned rf_sccp_version_agree(unsigned phone_max);
/** The header version to send for this message when `agreed` is agreed (0 when nothing is). */
unsigned rf_sccp_version_header(uint32_t id, unsigned agreed);
/** The feature bytes of a RegisterAck that agrees on this version. */
void rf_sccp_version_features(unsigned agreed, uint8_t out[RF_SCCP_FEATURES]);
/** Does a Register with these feature bytes announce UTF-8 texts? */
bool rf_sccp_features_utf8(const uint8_t features[RF_SCCP_FEATURES]);
/** The form of a message to send at the agreed version: give the classic id (DisplayPromptStatus,
 * DisplayNotify, DisplayPriNotify, LineStat, CallInfo, ServiceURLStat), get it or its V2. Any other
 * id comes back as it is. */
enum rf_sccp_id rf_sccp_form(enum rf_sccp_id classic, unsigned agreed);

#endif
