/* SPDX-License-Identifier: Apache-2.0 */
/* What call control wants done, as messages to the phone. doc: docs/wire/sccp.md, "Flows" */
#include "base/faults.h"
#include "base/metrics.h"
#include "base/secret.h"
#include "service/sccp/sccp_int.h"
#include "wire/sccp/sccp_names.h"

#include <stdio.h>
#include <string.h>

/* Texts that the phone says in its own language. doc: docs/wire/sccp.md, "Frames" */
#define TEXT_ENTER_NUMBER   "\x80\x20"
#define TEXT_RING_OUT       "\x80\x16"
#define TEXT_FROM           "\x80\x17"
#define TEXT_CONNECTED      "\x80\x18"
#define TEXT_BUSY           "\x80\x19"
#define TEXT_TEMP_FAIL      "\x80\x23"
#define TEXT_UNKNOWN_NUMBER "\x80\x38"
#define TEXT_SECURITY_ERROR "\x80\x56"

#define ALL_KEYS 0xffffffffu

/* ---- sending ---- */

static void send_frame(struct session *s, const struct rf_sccp_msg *msg, bool has_key)
{
    uint8_t bytes[RF_SCCP_SEND_MAX];
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    struct rf_why why = {0};
    struct rf_slice frame;
    if (s->is_closing)
        return;
    if (rf_sccp_encode(msg, s->version, &wr, &why) != RF_OK || rf_wr_done(&wr, &frame) != RF_OK) {
        rf_error(RF_CAT_SCCP, "message not encoded: %s message=%s dev=%s", rf_why_text(&why),
                 rf_sccp_id_name(msg->id), sccp_session_dev(s));
        return;
    }
    s->out++;
    rf_count(SCCP_OUT);
    rf_debug(RF_CAT_SCCP, "out message=%s bytes=%zu dev=%s call-ref=%u", rf_sccp_id_name(msg->id),
             frame.len, sccp_session_dev(s), s->leg.ref);
    s->svc->conf.ops->send(s->svc->conf.arg, s->link, frame, has_key);
    if (has_key)
        rf_wipe(bytes, sizeof bytes);
}

void sccp_send(struct session *s, const struct rf_sccp_msg *msg)
{
    send_frame(s, msg, false);
}

void sccp_send_empty(struct session *s, enum rf_sccp_id id)
{
    sccp_send(s, &(struct rf_sccp_msg){.id = id});
}

void sccp_send_speaker(struct session *s, bool is_on)
{
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_SET_SPEAKER_MODE,
                                       .set_speaker_mode.mode =
                                           is_on ? RF_SCCP_MODE_ON : RF_SCCP_MODE_OFF});
}

static void send_keys(struct session *s, uint32_t line, uint32_t ref, enum rf_sccp_keyset set)
{
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_SELECT_SOFTKEYS,
                                       .select_softkeys = {.line_instance = line,
                                                           .call_reference = ref,
                                                           .set_index = set,
                                                           .valid_key_mask = ALL_KEYS}});
}

void sccp_send_idle_keys(struct session *s)
{
    send_keys(s, 0, 0, RF_SCCP_KEYSET_ON_HOOK);
}

static void send_state(struct session *s, const struct rf_call_leg_info *leg,
                       enum rf_sccp_state state)
{
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_CALL_STATE,
                                       .call_state = {.state = state,
                                                      .line_instance = leg->line,
                                                      .call_reference = leg->ref,
                                                      .precedence_level = 4}});
}

static void send_lamp(struct session *s, uint32_t line, enum rf_sccp_lamp mode)
{
    sccp_send(s, &(struct rf_sccp_msg){
                     .id = RF_SCCP_SET_LAMP,
                     .set_lamp = {.stimulus = RF_SCCP_STIM_LINE, .instance = line, .mode = mode}});
}

static void send_ringer(struct session *s, const struct rf_call_leg_info *leg,
                        enum rf_sccp_ring mode)
{
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_SET_RINGER,
                                       .set_ringer = {.mode = mode,
                                                      .duration = RF_SCCP_RING_NORMAL,
                                                      .line_instance = leg->line,
                                                      .call_reference = leg->ref}});
}

static void send_prompt(struct session *s, const struct rf_call_leg_info *leg, const char *text)
{
    sccp_send(s,
              &(struct rf_sccp_msg){.id = rf_sccp_form(RF_SCCP_DISPLAY_PROMPT_STATUS, s->version),
                                    .display_prompt = {.text = rf_slice_str(text),
                                                       .line_instance = leg->line,
                                                       .call_reference = leg->ref}});
}

static void send_plane(struct session *s, uint32_t line)
{
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_ACTIVATE_CALL_PLANE,
                                       .activate_call_plane.line_instance = line});
}

static void send_info(struct session *s, const struct rf_call_leg_info *leg)
{
    _Static_assert((int)RF_CALL_SECURITY_ENCRYPTED == (int)RF_SCCP_SECURITY_ENCRYPTED &&
                       (int)RF_CALL_SECURITY_AUTHENTICATED == (int)RF_SCCP_SECURITY_AUTHENTICATED,
                   "call control's status has SCCP's numbers");
    char buf_called[SCCP_TEXT_MAX], buf_calling[SCCP_TEXT_MAX];
    struct rf_slice name = sccp_text(s, leg->called->name, buf_called);
    struct rf_slice number = rf_slice_str(leg->called->number);
    sccp_send(s,
              &(struct rf_sccp_msg){
                  .id = rf_sccp_form(RF_SCCP_CALL_INFO, s->version),
                  .call_info = {.line_instance = leg->line,
                                .call_reference = leg->ref,
                                .call_type = leg->is_originating ? RF_SCCP_CALL_TYPE_OUTBOUND
                                                                 : RF_SCCP_CALL_TYPE_INBOUND,
                                .call_instance = 1,
                                .call_security_status = (uint32_t)leg->security,
                                .calling_party_name = sccp_text(s, leg->calling->name, buf_calling),
                                .calling_party = rf_slice_str(leg->calling->number),
                                .called_party_name = name,
                                .called_party = number,
                                .original_called_party_name = name,
                                .original_called_party = number}});
}

/* ---- the caller's side ---- */

static void on_setup(void *arg, const struct rf_call_leg_info *leg)
{
    struct session *s = arg;
    s->leg = (struct session_leg){.ref = leg->ref, .line = leg->line};
    if (s->wants_speaker)
        sccp_send_speaker(s, true);
    send_lamp(s, leg->line, RF_SCCP_LAMP_ON);
    send_state(s, leg, RF_SCCP_STATE_OFF_HOOK);
    send_keys(s, leg->line, leg->ref, RF_SCCP_KEYSET_OFF_HOOK);
    send_prompt(s, leg, TEXT_ENTER_NUMBER);
    send_plane(s, leg->line);
}

static void on_collecting(void *arg, const struct rf_call_leg_info *leg, const char *digits)
{
    send_keys(arg, leg->line, leg->ref, RF_SCCP_KEYSET_DIGITS_FOLL);
}

static void on_proceeding(void *arg, const struct rf_call_leg_info *leg)
{
    struct session *s = arg;
    send_keys(s, leg->line, leg->ref, RF_SCCP_KEYSET_RING_OUT);
    sccp_send(s,
              &(struct rf_sccp_msg){.id = RF_SCCP_DIALED_NUMBER,
                                    .dialed_number = {.number = rf_slice_str(leg->called->number),
                                                      .line_instance = leg->line,
                                                      .call_reference = leg->ref}});
    send_state(s, leg, RF_SCCP_STATE_PROCEED);
    send_info(s, leg);
}

static void on_alerting(void *arg, const struct rf_call_leg_info *leg)
{
    send_state(arg, leg, RF_SCCP_STATE_RING_OUT);
    send_prompt(arg, leg, TEXT_RING_OUT);
}

/* ---- the called side ---- */

static void on_offer(void *arg, const struct rf_call_leg_info *leg)
{
    struct session *s = arg;
    s->leg = (struct session_leg){.ref = leg->ref, .line = leg->line, .is_ringing = true};
    s->wants_speaker = false;
    send_state(s, leg, RF_SCCP_STATE_RING_IN);
    send_info(s, leg);
    send_lamp(s, leg->line, RF_SCCP_LAMP_BLINK);
    send_ringer(s, leg, RF_SCCP_RING_INSIDE);
    send_keys(s, leg->line, leg->ref, RF_SCCP_KEYSET_RING_IN);
    char text[8 + SCCP_TEXT_MAX], buf[SCCP_TEXT_MAX];
    const struct rf_call_party *from = leg->calling;
    struct rf_slice who = sccp_text(s, from->name[0] != '\0' ? from->name : from->number, buf);
    snprintf(text, sizeof text, TEXT_FROM " %.*s", (int)who.len, (const char *)who.p);
    send_prompt(s, leg, text);
    rf_call_in_alerting(s->svc->calls, s->dev, leg->ref);
}

/* ---- both ---- */

/* doc: docs/wire/sccp.md, "Flows" (C8, C9): ringer off before Connected, tones off before media */
static void on_connected(void *arg, const struct rf_call_leg_info *leg)
{
    struct session *s = arg;
    if (s->leg.is_ringing) {
        s->leg.is_ringing = false;
        send_ringer(s, leg, RF_SCCP_RING_OFF);
        if (s->wants_speaker)
            sccp_send_speaker(s, true);
        send_lamp(s, leg->line, RF_SCCP_LAMP_ON);
        send_state(s, leg, RF_SCCP_STATE_OFF_HOOK);
        send_plane(s, leg->line);
    }
    send_state(s, leg, RF_SCCP_STATE_CONNECTED);
    send_info(s, leg);
    send_keys(s, leg->line, leg->ref, RF_SCCP_KEYSET_CONNECTED);
    send_prompt(s, leg, TEXT_CONNECTED);
}

static void on_info(void *arg, const struct rf_call_leg_info *leg)
{
    send_info(arg, leg);
}

static uint32_t tone_number(enum rf_call_tone tone)
{
    switch (tone) {
    case RF_CALL_TONE_DIAL:
        return RF_SCCP_TONE_INSIDE_DIAL;
    case RF_CALL_TONE_RINGBACK:
        return RF_SCCP_TONE_ALERTING;
    case RF_CALL_TONE_BUSY:
        return RF_SCCP_TONE_LINE_BUSY;
    case RF_CALL_TONE_REORDER:
        return RF_SCCP_TONE_REORDER;
    case RF_CALL_TONE_NONE:
        break;
    }
    return RF_SCCP_TONE_SILENCE;
}

static void start_tone(struct session *s, const struct rf_call_leg_info *leg, uint32_t tone)
{
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_START_TONE,
                                       .start_tone = {.tone = tone,
                                                      .line_instance = leg->line,
                                                      .call_reference = leg->ref}});
}

static void stop_tone(struct session *s, const struct rf_call_leg_info *leg)
{
    sccp_send(s, &(struct rf_sccp_msg){
                     .id = RF_SCCP_STOP_TONE,
                     .stop_tone = {.line_instance = leg->line, .call_reference = leg->ref}});
}

static void on_tone(void *arg, const struct rf_call_leg_info *leg, enum rf_call_tone tone)
{
    if (tone == RF_CALL_TONE_NONE)
        stop_tone(arg, leg);
    else
        start_tone(arg, leg, tone_number(tone));
}

static void on_failed(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause)
{
    struct session *s = arg;
    enum rf_sccp_state state = RF_SCCP_STATE_CONGESTION;
    const char *text = TEXT_TEMP_FAIL;
    if (cause == RF_CALL_CAUSE_BUSY) {
        state = RF_SCCP_STATE_BUSY;
        text = TEXT_BUSY;
    } else if (cause == RF_CALL_CAUSE_UNKNOWN_NUMBER) {
        state = RF_SCCP_STATE_INVALID_NUMBER;
        text = TEXT_UNKNOWN_NUMBER;
    } else if (cause == RF_CALL_CAUSE_SECURITY) {
        text = TEXT_SECURITY_ERROR;
    }
    stop_tone(s, leg);
    send_state(s, leg, state);
    send_keys(s, leg->line, leg->ref, RF_SCCP_KEYSET_RING_OUT);
    send_prompt(s, leg, text);
}

static void on_ended(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause)
{
    struct session *s = arg;
    stop_tone(s, leg);
    send_ringer(s, leg, RF_SCCP_RING_OFF);
    send_lamp(s, leg->line, RF_SCCP_LAMP_OFF);
    sccp_send(s, &(struct rf_sccp_msg){
                     .id = RF_SCCP_CLEAR_PROMPT_STATUS,
                     .clear_prompt = {.line_instance = leg->line, .call_reference = leg->ref}});
    send_state(s, leg, RF_SCCP_STATE_ON_HOOK);
    sccp_send_idle_keys(s);
    sccp_send_speaker(s, false);
    sccp_send_empty(s, RF_SCCP_DEACTIVATE_CALL_PLANE);
    sccp_send_time(s); /* O1: phones' clocks drift */
    s->leg = (struct session_leg){0};
    s->wants_speaker = false;
}

/* doc: docs/wire/sccp.md, "Keys": the digit 0 is tone 10 */
static uint32_t dtmf_tone(char digit)
{
    if (digit >= '1' && digit <= '9')
        return (uint32_t)(digit - '0');
    if (digit >= 'A' && digit <= 'D')
        return 16u + (uint32_t)(digit - 'A');
    return digit == '0' ? 10 : digit == '*' ? 14 : digit == '#' ? 15 : 0;
}

static void on_dtmf(void *arg, const struct rf_call_leg_info *leg, char digit)
{
    uint32_t tone = dtmf_tone(digit);
    if (tone != 0)
        start_tone(arg, leg, tone);
}

/* ---- media ---- */

/* A key leaves only on a link that encrypts. Call control decides by the same fact; this is the
 * second lock on the same door. doc: docs/security-rules.md, "Signalling" */
static bool may_send_key(struct session *s, const struct rf_call_key *key)
{
    if (key->algorithm == RF_CALL_SRTP_NONE || (s->has_tls && s->is_encrypted))
        return true;
    if (rf_fault_skips("sccp.key-on-encrypted-link"))
        return true;
    rf_error(RF_CAT_SCCP, "media key not sent: the link does not encrypt dev=%s call-ref=%u",
             sccp_session_dev(s), s->leg.ref);
    return false;
}

static void fill_key(struct rf_sccp_media_key *out, const struct rf_call_key *key)
{
    if (key->algorithm == RF_CALL_SRTP_NONE)
        return;
    out->algorithm = RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_32;
    out->key_len = RF_CALL_KEY_LEN;
    out->salt_len = RF_CALL_SALT_LEN;
    memcpy(out->key, key->key, RF_CALL_KEY_LEN);
    memcpy(out->salt, key->salt, RF_CALL_SALT_LEN);
}

static void on_open_receive(void *arg, const struct rf_call_leg_info *leg,
                            const struct rf_call_stream *stream, const struct rf_call_key *key)
{
    struct session *s = arg;
    if (!may_send_key(s, key))
        return;
    struct rf_sccp_msg msg = {
        .id = RF_SCCP_OPEN_RECEIVE_CHANNEL,
        .open_receive_channel = {.conference_id = leg->ref,
                                 .pass_through_party_id = sccp_party_id(leg->ref),
                                 .packet_ms = stream->packet_ms,
                                 .codec = RF_SCCP_CODEC_G711_ULAW_64K,
                                 .call_reference = leg->ref,
                                 .rfc2833_payload_type = 101}};
    fill_key(&msg.open_receive_channel.key, key);
    send_frame(s, &msg, key->algorithm != RF_CALL_SRTP_NONE);
    rf_sccp_media_key_wipe(&msg.open_receive_channel.key);
}

static void on_start_transmit(void *arg, const struct rf_call_leg_info *leg,
                              const struct rf_call_stream *stream, const struct rf_call_addr *to,
                              const struct rf_call_key *key)
{
    struct session *s = arg;
    if (!may_send_key(s, key))
        return;
    struct rf_sccp_msg msg = {
        .id = RF_SCCP_START_MEDIA_TRANSMISSION,
        .start_media_transmission = {.conference_id = leg->ref,
                                     .pass_through_party_id = sccp_party_id(leg->ref),
                                     .remote.type = to->is_ip6 ? 1 : 0,
                                     .remote_port = to->port,
                                     .packet_ms = stream->packet_ms,
                                     .codec = RF_SCCP_CODEC_G711_ULAW_64K,
                                     .precedence = 0xb8,
                                     .call_reference = leg->ref,
                                     .rfc2833_payload_type = 101}};
    memcpy(msg.start_media_transmission.remote.ip, to->ip, sizeof to->ip);
    fill_key(&msg.start_media_transmission.key, key);
    send_frame(s, &msg, key->algorithm != RF_CALL_SRTP_NONE);
    rf_sccp_media_key_wipe(&msg.start_media_transmission.key);
}

void sccp_send_stop_media(struct session *s, enum rf_sccp_id id, uint32_t ref)
{
    struct rf_sccp_msg msg = {.id = id};
    struct rf_sccp_stop_media *m = id == RF_SCCP_CLOSE_RECEIVE_CHANNEL
                                       ? &msg.close_receive_channel
                                       : &msg.stop_media_transmission;
    *m = (struct rf_sccp_stop_media){
        .conference_id = ref, .pass_through_party_id = sccp_party_id(ref), .call_reference = ref};
    sccp_send(s, &msg);
}

static void on_stop_media(void *arg, const struct rf_call_leg_info *leg, bool receive,
                          bool transmit)
{
    struct session *s = arg;
    if (receive)
        sccp_send_stop_media(s, RF_SCCP_CLOSE_RECEIVE_CHANNEL, leg->ref);
    if (transmit)
        sccp_send_stop_media(s, RF_SCCP_STOP_MEDIA_TRANSMISSION, leg->ref);
    if (!receive || !transmit)
        return;
    const struct rf_call_party *own = leg->is_originating ? leg->calling : leg->called;
    sccp_send(s, &(struct rf_sccp_msg){
                     .id = RF_SCCP_CONNECTION_STATISTICS_REQ,
                     .connection_statistics_req = {.directory_number = rf_slice_str(own->number),
                                                   .call_reference = leg->ref}});
}

const struct rf_call_endpoint_ops sccp_endpoint_ops = {
    .setup = on_setup,
    .collecting = on_collecting,
    .proceeding = on_proceeding,
    .alerting = on_alerting,
    .offer = on_offer,
    .connected = on_connected,
    .info = on_info,
    .open_receive = on_open_receive,
    .start_transmit = on_start_transmit,
    .stop_media = on_stop_media,
    .tone = on_tone,
    .failed = on_failed,
    .ended = on_ended,
    .dtmf = on_dtmf,
};
