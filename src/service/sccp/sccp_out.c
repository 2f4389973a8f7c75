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
#define TEXT_HOLD           "\x80\x03"
#define TEXT_FORWARDED_TO   "\x80\x25"
#define TEXT_BUSY           "\x80\x19"
#define TEXT_TEMP_FAIL      "\x80\x23"
#define TEXT_UNKNOWN_NUMBER "\x80\x38"
#define TEXT_SECURITY_ERROR "\x80\x56"
#define TEXT_NOT_AUTHORIZED "\x1e\x26"
#define TEXT_CM_FALLBACK    "\x1e\x0a"

#define ALL_KEYS 0xffffffffu

/* ---- the phone's calls ---- */

struct session_leg *sccp_leg(struct session *s, uint32_t ref)
{
    for (size_t i = 0; i < RF_CALL_LEGS_MAX; i++)
        if (s->legs[i].ref != 0 && (s->legs[i].ref == ref || (ref == 0 && !s->legs[i].is_held)))
            return &s->legs[i];
    return NULL;
}

/* Call control gives a phone no more than it has room for. Should it, then that call ends, for this
 * one place must not take the server and everybody's calls with it. */
static struct session_leg *leg_new(struct session *s, const struct rf_call_leg_info *leg)
{
    size_t i = 0;
    while (i < RF_CALL_LEGS_MAX && s->legs[i].ref != 0)
        i++;
    if (i == RF_CALL_LEGS_MAX) {
        rf_error(RF_CAT_SCCP, "call refused: its phone has %d already dev=%s call-ref=%u",
                 RF_CALL_LEGS_MAX, sccp_session_dev(s), leg->ref);
        rf_call_in_hang_up(s->svc->calls, s->dev, leg->ref);
        return NULL;
    }
    s->legs[i] = (struct session_leg){.ref = leg->ref, .line = leg->line};
    return &s->legs[i];
}

/* Does it talk, or try to? */
static bool has_active_leg(const struct session *s)
{
    for (size_t i = 0; i < RF_CALL_LEGS_MAX; i++)
        if (s->legs[i].ref != 0 && !s->legs[i].is_held && !s->legs[i].is_ringing)
            return true;
    return false;
}

/* ---- sending ---- */

/* Of a call, where the message says so. */
static uint32_t ref_of(const struct rf_sccp_msg *msg)
{
    if (msg->id == RF_SCCP_CALL_STATE)
        return msg->call_state.call_reference;
    if (msg->id == RF_SCCP_OPEN_RECEIVE_CHANNEL)
        return msg->open_receive_channel.call_reference;
    if (msg->id == RF_SCCP_START_MEDIA_TRANSMISSION)
        return msg->start_media_transmission.call_reference;
    return 0;
}

/* False: this phone's version has no place for what it says. */
static bool send_frame(struct session *s, const struct rf_sccp_msg *msg, bool has_key)
{
    uint8_t bytes[RF_SCCP_SEND_MAX];
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    struct rf_why why = {0};
    struct rf_slice frame;
    if (s->is_closing)
        return true;
    if (rf_sccp_encode(msg, s->version, &wr, &why) != RF_OK || rf_wr_done(&wr, &frame) != RF_OK) {
        rf_error(RF_CAT_SCCP, "message not encoded: %s message=%s dev=%s", rf_why_text(&why),
                 rf_sccp_id_name(msg->id), sccp_session_dev(s));
        return false;
    }
    s->out++;
    rf_count(SCCP_OUT);
    rf_debug(RF_CAT_SCCP, "out message=%s bytes=%zu dev=%s call-ref=%u", rf_sccp_id_name(msg->id),
             frame.len, sccp_session_dev(s), ref_of(msg));
    s->svc->conf.ops->send(s->svc->conf.arg, s->link, frame, has_key);
    if (has_key)
        rf_wipe(bytes, sizeof bytes);
    return true;
}

void sccp_send(struct session *s, const struct rf_sccp_msg *msg)
{
    (void)send_frame(s, msg, false);
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

/* Line and call 0: of the phone itself; without an end. doc: docs/wire/sccp.md, "Display" */
void sccp_send_fallback(struct session *s)
{
    if (!s->svc->conf.is_fallback)
        return;
    sccp_send(s,
              &(struct rf_sccp_msg){.id = rf_sccp_form(RF_SCCP_DISPLAY_PROMPT_STATUS, s->version),
                                    .display_prompt.text = rf_slice_str(TEXT_CM_FALLBACK)});
}

static void send_state(struct session *s, const struct rf_call_leg_info *leg,
                       enum rf_sccp_state state)
{
    struct session_leg *own = sccp_leg(s, leg->ref);
    if (own != NULL)
        own->state = (uint32_t)state;
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_CALL_STATE,
                                       .call_state = {.state = state,
                                                      .line_instance = leg->line,
                                                      .call_reference = leg->ref,
                                                      .precedence_level = 4}});
}

/* Of a line, by all its calls. */
static void send_lamp(struct session *s, uint32_t line)
{
    enum rf_sccp_lamp mode = RF_SCCP_LAMP_OFF;
    for (size_t i = 0; i < RF_CALL_LEGS_MAX; i++) {
        const struct session_leg *l = &s->legs[i];
        if (l->ref == 0 || l->line != line || mode == RF_SCCP_LAMP_BLINK)
            continue;
        if (l->is_ringing)
            mode = RF_SCCP_LAMP_BLINK;
        else if (!l->is_held)
            mode = RF_SCCP_LAMP_ON;
        else if (mode == RF_SCCP_LAMP_OFF)
            mode = RF_SCCP_LAMP_WINK;
    }
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

static enum rf_sccp_call_type call_type(const struct rf_call_leg_info *leg)
{
    if (leg->is_originating)
        return RF_SCCP_CALL_TYPE_OUTBOUND;
    return leg->original != NULL ? RF_SCCP_CALL_TYPE_FORWARD : RF_SCCP_CALL_TYPE_INBOUND;
}

static void send_info(struct session *s, const struct rf_call_leg_info *leg)
{
    _Static_assert((int)RF_CALL_SECURITY_ENCRYPTED == (int)RF_SCCP_SECURITY_ENCRYPTED &&
                       (int)RF_CALL_SECURITY_AUTHENTICATED == (int)RF_SCCP_SECURITY_AUTHENTICATED,
                   "call control's status has SCCP's numbers");
    static const struct rf_call_party nobody;
    const struct rf_call_party *original = leg->original != NULL ? leg->original : leg->called;
    const struct rf_call_party *last = leg->redirecting != NULL ? leg->redirecting : &nobody;
    char buf_called[SCCP_TEXT_MAX], buf_calling[SCCP_TEXT_MAX];
    char buf_original[SCCP_TEXT_MAX], buf_last[SCCP_TEXT_MAX];
    sccp_send(s, &(struct rf_sccp_msg){
                     .id = rf_sccp_form(RF_SCCP_CALL_INFO, s->version),
                     .call_info = {
                         .line_instance = leg->line,
                         .call_reference = leg->ref,
                         .call_type = call_type(leg),
                         .call_instance = 1,
                         .call_security_status = (uint32_t)leg->security,
                         .calling_party_name = sccp_text(s, leg->calling->name, buf_calling),
                         .calling_party = rf_slice_str(leg->calling->number),
                         .called_party_name = sccp_text(s, leg->called->name, buf_called),
                         .called_party = rf_slice_str(leg->called->number),
                         .original_called_party_name = sccp_text(s, original->name, buf_original),
                         .original_called_party = rf_slice_str(original->number),
                         .last_redirecting_party_name = sccp_text(s, last->name, buf_last),
                         .last_redirecting_party = rf_slice_str(last->number)}});
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
    case RF_CALL_TONE_HOLD:
        return RF_SCCP_TONE_HOLD;
    case RF_CALL_TONE_WAITING:
        return RF_SCCP_TONE_CALL_WAITING;
    case RF_CALL_TONE_REFUSED:
        return RF_SCCP_TONE_BEEP_BONK;
    case RF_CALL_TONE_SECURE:
        return RF_SCCP_TONE_SECURE_WARNING;
    case RF_CALL_TONE_NON_SECURE:
        return RF_SCCP_TONE_NON_SECURE_WARNING;
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

/* ---- the caller's side ---- */

static void on_setup(void *arg, const struct rf_call_leg_info *leg)
{
    struct session *s = arg;
    if (leg_new(s, leg) == NULL)
        return;
    if (s->wants_speaker)
        sccp_send_speaker(s, true);
    send_lamp(s, leg->line);
    send_state(s, leg, RF_SCCP_STATE_OFF_HOOK);
    send_keys(s, leg->line, leg->ref,
              leg->purpose == RF_CALL_PURPOSE_TALK ? RF_SCCP_KEYSET_OFF_HOOK
                                                   : RF_SCCP_KEYSET_OFF_HOOK_FEAT);
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
    send_keys(s, leg->line, leg->ref,
              leg->purpose == RF_CALL_PURPOSE_TRANSFER     ? RF_SCCP_KEYSET_CONN_TRANS
              : leg->purpose == RF_CALL_PURPOSE_CONFERENCE ? RF_SCCP_KEYSET_CONN_CONF
                                                           : RF_SCCP_KEYSET_RING_OUT);
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
    bool is_waiting = has_active_leg(s);
    struct session_leg *own = leg_new(s, leg);
    if (own == NULL)
        return;
    own->is_ringing = true;
    if (!is_waiting)
        s->wants_speaker = false;
    send_state(s, leg, RF_SCCP_STATE_RING_IN);
    send_info(s, leg);
    send_lamp(s, leg->line);
    if (is_waiting)
        start_tone(s, leg, RF_SCCP_TONE_CALL_WAITING);
    else
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
    struct session_leg *own = sccp_leg(s, leg->ref);
    if (own != NULL && own->is_ringing) {
        own->is_ringing = false;
        send_ringer(s, leg, RF_SCCP_RING_OFF);
        stop_tone(s, leg);
        if (s->wants_speaker)
            sccp_send_speaker(s, true);
        send_lamp(s, leg->line);
        send_state(s, leg, RF_SCCP_STATE_OFF_HOOK);
        send_plane(s, leg->line);
    } else if (own != NULL && own->is_held) {
        own->is_held = false;
        if (s->wants_speaker)
            sccp_send_speaker(s, true);
        send_lamp(s, leg->line);
        send_plane(s, leg->line);
    }
    send_state(s, leg, RF_SCCP_STATE_CONNECTED);
    send_info(s, leg);
    send_keys(s, leg->line, leg->ref,
              leg->purpose == RF_CALL_PURPOSE_TRANSFER     ? RF_SCCP_KEYSET_CONN_TRANS
              : leg->purpose == RF_CALL_PURPOSE_CONFERENCE ? RF_SCCP_KEYSET_CONN_CONF
                                                           : RF_SCCP_KEYSET_CONNECTED);
    send_prompt(s, leg, TEXT_CONNECTED);
}

/* doc: docs/wire/sccp.md, "Flows" (H2) */
static void on_held(void *arg, const struct rf_call_leg_info *leg)
{
    struct session *s = arg;
    struct session_leg *own = sccp_leg(s, leg->ref);
    if (own != NULL)
        own->is_held = true;
    send_lamp(s, leg->line);
    send_state(s, leg, RF_SCCP_STATE_HOLD);
    send_info(s, leg);
    send_keys(s, leg->line, leg->ref, RF_SCCP_KEYSET_ON_HOLD);
    send_prompt(s, leg, TEXT_HOLD);
    if (!has_active_leg(s))
        sccp_send_speaker(s, false);
}

static void on_info(void *arg, const struct rf_call_leg_info *leg)
{
    send_info(arg, leg);
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
    } else if (cause == RF_CALL_CAUSE_LEVEL) {
        text = TEXT_NOT_AUTHORIZED;
    }
    stop_tone(s, leg);
    send_state(s, leg, state);
    send_keys(s, leg->line, leg->ref, RF_SCCP_KEYSET_RING_OUT);
    send_prompt(s, leg, text);
}

/* Of a call that was left alone until now: the phone shows it, and its keys. */
static void show_another(struct session *s)
{
    for (size_t i = 0; i < RF_CALL_LEGS_MAX; i++) {
        const struct session_leg *l = &s->legs[i];
        if (l->ref == 0)
            continue;
        send_keys(s, l->line, l->ref,
                  l->is_ringing ? RF_SCCP_KEYSET_RING_IN
                  : l->is_held  ? RF_SCCP_KEYSET_ON_HOLD
                                : RF_SCCP_KEYSET_CONNECTED);
        send_plane(s, l->line);
        return;
    }
    sccp_send_idle_keys(s);
    sccp_send_empty(s, RF_SCCP_DEACTIVATE_CALL_PLANE);
    sccp_send_time(s); /* O1: phones' clocks drift */
    sccp_send_fallback(s);
}

static void on_ended(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause)
{
    struct session *s = arg;
    struct session_leg *own = sccp_leg(s, leg->ref);
    stop_tone(s, leg);
    send_ringer(s, leg, RF_SCCP_RING_OFF);
    sccp_send(s, &(struct rf_sccp_msg){
                     .id = RF_SCCP_CLEAR_PROMPT_STATUS,
                     .clear_prompt = {.line_instance = leg->line, .call_reference = leg->ref}});
    send_state(s, leg, RF_SCCP_STATE_ON_HOOK);
    if (own != NULL)
        *own = (struct session_leg){0};
    send_lamp(s, leg->line);
    if (!has_active_leg(s)) {
        sccp_send_speaker(s, false);
        s->wants_speaker = false;
    }
    show_another(s);
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
static bool may_send_key(struct session *s, uint32_t ref, const struct rf_call_key *key)
{
    if (key->algorithm == RF_CALL_SRTP_NONE || (s->has_tls && s->is_encrypted))
        return true;
    if (rf_fault_skips("sccp.key-on-encrypted-link"))
        return true;
    rf_error(RF_CAT_SCCP, "media key not sent: the link does not encrypt dev=%s call-ref=%u",
             sccp_session_dev(s), ref);
    return false;
}

/* doc: docs/wire/sccp.md, "Media" */
static const uint32_t algorithms[RF_CALL_SRTP_N] = {
    [RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32] = RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_32,
    [RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80] = RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_80,
    [RF_CALL_SRTP_AEAD_AES_128_GCM] = RF_SCCP_SRTP_AEAD_AES_128_GCM,
};

static void fill_key(struct rf_sccp_media_key *out, const struct rf_call_key *key)
{
    if (key->algorithm == RF_CALL_SRTP_NONE)
        return;
    out->algorithm = algorithms[key->algorithm];
    out->key_len = RF_CALL_KEY_LEN;
    out->salt_len = (uint16_t)rf_call_salt_len(key->algorithm);
    memcpy(out->key, key->key, RF_CALL_KEY_LEN);
    memcpy(out->salt, key->salt, out->salt_len);
}

static uint32_t codec_number(enum rf_call_codec codec)
{
    return codec == RF_CALL_CODEC_G722   ? RF_SCCP_CODEC_G722_64K
           : codec == RF_CALL_CODEC_PCMA ? RF_SCCP_CODEC_G711_ALAW_64K
                                         : RF_SCCP_CODEC_G711_ULAW_64K;
}

/* Digits go by KeypadButton and StartTone, so that no RTP payload type is offered for them.
 * doc: docs/wire/sccp.md, "Media" */
#define ECHO_CANCELLING_ON 1
#define DTMF_TYPE          10

static void on_open_receive(void *arg, const struct rf_call_leg_info *leg,
                            const struct rf_call_stream *stream, const struct rf_call_key *key)
{
    struct session *s = arg;
    if (!may_send_key(s, leg->ref, key))
        return;
    struct rf_sccp_msg msg = {
        .id = RF_SCCP_OPEN_RECEIVE_CHANNEL,
        .open_receive_channel = {.conference_id = leg->ref,
                                 .pass_through_party_id = sccp_party_id(leg->ref, leg->stream),
                                 .packet_ms = stream->packet_ms,
                                 .codec = codec_number(stream->codec),
                                 .ec_value = ECHO_CANCELLING_ON,
                                 .call_reference = leg->ref,
                                 .dtmf_type = DTMF_TYPE,
                                 .requested_addr_type = s->has_ip && s->ip.is_ip6 ? 1 : 0}};
    struct session_leg *own = sccp_leg(s, leg->ref);
    if (own != NULL)
        own->party = msg.open_receive_channel.pass_through_party_id;
    fill_key(&msg.open_receive_channel.key, key);
    (void)send_frame(s, &msg, key->algorithm != RF_CALL_SRTP_NONE);
    rf_sccp_media_key_wipe(&msg.open_receive_channel.key);
}

static void on_start_transmit(void *arg, const struct rf_call_leg_info *leg,
                              const struct rf_call_stream *stream, const struct rf_call_addr *to,
                              const struct rf_call_key *key)
{
    struct session *s = arg;
    if (!may_send_key(s, leg->ref, key))
        return;
    struct rf_sccp_msg msg = {
        .id = RF_SCCP_START_MEDIA_TRANSMISSION,
        .start_media_transmission = {.conference_id = leg->ref,
                                     .pass_through_party_id = sccp_party_id(leg->ref, leg->stream),
                                     .remote.type = to->is_ip6 ? 1 : 0,
                                     .remote_port = to->port,
                                     .packet_ms = stream->packet_ms,
                                     .codec = codec_number(stream->codec),
                                     .precedence = 0xb8,
                                     .call_reference = leg->ref,
                                     .dtmf_type = DTMF_TYPE}};
    memcpy(msg.start_media_transmission.remote.ip, to->ip, sizeof to->ip);
    fill_key(&msg.start_media_transmission.key, key);
    if (!send_frame(s, &msg, key->algorithm != RF_CALL_SRTP_NONE))
        rf_call_in_media_failed(s->svc->calls, s->dev, leg->ref);
    rf_sccp_media_key_wipe(&msg.start_media_transmission.key);
}

void sccp_send_stop_media(struct session *s, enum rf_sccp_id id, uint32_t ref, uint32_t party)
{
    struct rf_sccp_msg msg = {.id = id};
    struct rf_sccp_stop_media *m = id == RF_SCCP_CLOSE_RECEIVE_CHANNEL
                                       ? &msg.close_receive_channel
                                       : &msg.stop_media_transmission;
    *m = (struct rf_sccp_stop_media){
        .conference_id = ref, .pass_through_party_id = party, .call_reference = ref};
    sccp_send(s, &msg);
}

static void on_stop_media(void *arg, const struct rf_call_leg_info *leg, bool receive,
                          bool transmit)
{
    struct session *s = arg;
    uint32_t party = sccp_party_id(leg->ref, leg->stream);
    if (receive)
        sccp_send_stop_media(s, RF_SCCP_CLOSE_RECEIVE_CHANNEL, leg->ref, party);
    if (transmit)
        sccp_send_stop_media(s, RF_SCCP_STOP_MEDIA_TRANSMISSION, leg->ref, party);
    if (!receive || !transmit)
        return;
    const struct rf_call_party *own = leg->is_originating ? leg->calling : leg->called;
    sccp_send(s, &(struct rf_sccp_msg){
                     .id = RF_SCCP_CONNECTION_STATISTICS_REQ,
                     .connection_statistics_req = {.directory_number = rf_slice_str(own->number),
                                                   .call_reference = leg->ref}});
}

/* ---- calls of other phones ---- */

#define PRIVACY_FULL 2u

static void on_remote(void *arg, const struct rf_call_leg_info *leg, enum rf_call_remote state)
{
    static const struct {
        enum rf_sccp_state state;
        enum rf_sccp_keyset keys;
    } shown[] = {
        [RF_CALL_REMOTE_NONE] = {RF_SCCP_STATE_ON_HOOK, RF_SCCP_KEYSET_ON_HOOK},
        [RF_CALL_REMOTE_IN_USE] = {RF_SCCP_STATE_REMOTE_MULTILINE, RF_SCCP_KEYSET_IN_USE_HINT},
        [RF_CALL_REMOTE_HELD] = {RF_SCCP_STATE_REMOTE_HOLD, RF_SCCP_KEYSET_ON_HOOK_STEALABLE},
    };
    struct session *s = arg;
    if (sccp_leg(s, leg->ref) != NULL)
        return; /* it has that call itself now */
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_CALL_STATE,
                                       .call_state = {.state = shown[state].state,
                                                      .line_instance = leg->line,
                                                      .call_reference = leg->ref,
                                                      .privacy = leg->is_private ? PRIVACY_FULL : 0,
                                                      .precedence_level = 4}});
    if (state == RF_CALL_REMOTE_NONE) {
        if (!has_active_leg(s))
            show_another(s);
        return;
    }
    if (!leg->is_private)
        send_info(s, leg);
    send_keys(s, leg->line, leg->ref, leg->is_private ? RF_SCCP_KEYSET_ON_HOOK : shown[state].keys);
}

/* ---- forwarding ---- */

static struct rf_sccp_forward forward_of(const struct rf_call_line_rule *rule,
                                         enum rf_call_forward which, uint32_t active)
{
    const char *number = rule->forward[which];
    return (struct rf_sccp_forward){.is_active = number[0] != '\0' ? active : 0,
                                    .number = rf_slice_str(number)};
}

void sccp_send_forward(struct session *s, uint32_t line, const struct rf_call_line_rule *rule)
{
    uint32_t active = s->version >= 18 ? 2 : 1;
    struct rf_sccp_forward_stat f = {.line_number = line,
                                     .all = forward_of(rule, RF_CALL_FORWARD_ALL, active),
                                     .busy = forward_of(rule, RF_CALL_FORWARD_BUSY, active),
                                     .no_answer =
                                         forward_of(rule, RF_CALL_FORWARD_NO_ANSWER, active)};
    f.active_forward = f.all.is_active | f.busy.is_active | f.no_answer.is_active;
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_FORWARD_STAT, .forward_stat = f});
}

static void on_forwarded(void *arg, uint32_t line, const struct rf_call_line_rule *rule)
{
    struct session *s = arg;
    const char *to = rule->forward[RF_CALL_FORWARD_ALL];
    char text[4 + RF_CALL_NUMBER_MAX + 1];
    sccp_send_forward(s, line, rule);
    sccp_send(s, &(struct rf_sccp_msg){
                     .id = RF_SCCP_SET_LAMP,
                     .set_lamp = {.stimulus = RF_SCCP_STIM_FORWARD_ALL,
                                  .instance = line,
                                  .mode = to[0] != '\0' ? RF_SCCP_LAMP_ON : RF_SCCP_LAMP_OFF}});
    if (to[0] == '\0') {
        sccp_send_empty(s, RF_SCCP_CLEAR_NOTIFY);
        return;
    }
    snprintf(text, sizeof text, "%s %s", TEXT_FORWARDED_TO, to);
    sccp_send(s, &(struct rf_sccp_msg){.id = rf_sccp_form(RF_SCCP_DISPLAY_NOTIFY, s->version),
                                       .display_notify.text = rf_slice_str(text)});
}

const struct rf_call_endpoint_ops sccp_endpoint_ops = {
    .setup = on_setup,
    .collecting = on_collecting,
    .proceeding = on_proceeding,
    .alerting = on_alerting,
    .offer = on_offer,
    .connected = on_connected,
    .held = on_held,
    .info = on_info,
    .open_receive = on_open_receive,
    .start_transmit = on_start_transmit,
    .stop_media = on_stop_media,
    .tone = on_tone,
    .failed = on_failed,
    .ended = on_ended,
    .dtmf = on_dtmf,
    .remote = on_remote,
    .forwarded = on_forwarded,
};
