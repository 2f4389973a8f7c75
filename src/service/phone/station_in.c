/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that arrive: one row each, also for those that a phone without keys and lamps has no use
 * for. doc: docs/wire/sccp.md, "Message ids" */
#include "service/phone/station_int.h"

#include "base/metrics.h"
#include "wire/sccp/sccp_names.h"

#include <stdio.h>
#include <string.h>

#define KEEPALIVE_DEFAULT_S 30
#define KEEPALIVE_MAX_S     3600

/* ---- registration ---- */

static void on_register_ack(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_register_ack *ack = &msg->register_ack;
    struct rf_why why = {0};
    if (st->reg.state != RF_STATION_REGISTERING)
        return;
    if (ack->max_protocol_ver > st->conf.version) {
        rf_why_set(&why, RF_ERR_BAD, "sccp-version",
                   "the server agrees on version %u, this phone announced %u",
                   ack->max_protocol_ver, st->conf.version);
        station_close(st, &why);
        return;
    }
    st->version = rf_sccp_version_agree(ack->max_protocol_ver);
    st->keepalive_s =
        ack->keepalive_interval_s != 0 ? ack->keepalive_interval_s : KEEPALIVE_DEFAULT_S;
    if (st->keepalive_s > KEEPALIVE_MAX_S)
        st->keepalive_s = KEEPALIVE_MAX_S;
    station_run(st, STATION_REG, REG_EV_ACK, NULL);
}

static void on_register_reject(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    char text[RF_STATION_TEXT_MAX + 1];
    struct rf_why why = {0};
    station_text(msg->register_reject.text, station_is_utf8(st), text, sizeof text);
    rf_why_set(&why, RF_ERR_DENIED, "register-rejected", "%s", text);
    station_run(st, STATION_REG, REG_EV_REJECT, &(struct station_data){.why = &why});
}

static void on_unregister_ack(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    if (msg->unregister_ack.status != RF_SCCP_UNREGISTER_OK)
        rf_warn(RF_CAT_PHONE, "unregistering refused status=%u dev=%s", msg->unregister_ack.status,
                st->device);
    station_run(st, STATION_REG, REG_EV_UNREGISTERED, NULL);
}

static void on_reset(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    uint32_t type = msg->reset.type;
    if (type < RF_SCCP_RESET_RESET || type > RF_SCCP_RESET_APPLY_CONFIG) {
        rf_debug(RF_CAT_PHONE, "reset of unknown type ignored type=%u dev=%s", type, st->device);
        return;
    }
    rf_info(RF_CAT_PHONE, "the server asks for %s dev=%s",
            rf_sccp_name_or_unknown(RF_SCCP_NAMES_RESET_TYPE, type), st->device);
    st->reset = type;
    if (!station_in_call(st))
        station_run(st, STATION_REG, REG_EV_LEAVE, NULL);
}

static void on_keepalive_ack(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    st->unanswered = 0;
}

static void on_capabilities_req(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_send_capabilities(st);
}

/* ---- answers to our questions ---- */

static void on_buttons(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_button_template *t = &msg->button_template;
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->count && i < RF_SCCP_BUTTON_MAX; i++)
        if (t->buttons[i].type == RF_SCCP_STIM_LINE && n < STATION_LINES_MAX)
            n++;
    st->n_lines = n > 0 ? n : 1;
    station_setup_answered(st, SETUP_BUTTONS, 0);
}

/* Which event the server wants for its "end call" key. doc: docs/wire/sccp.md, "Keys" */
static void on_softkeys(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_softkey_template *t = &msg->softkey_template;
    for (uint32_t i = 0; i < t->count && i < RF_SCCP_SOFTKEY_MAX; i++) {
        char label[32];
        station_text(t->keys[i].label, station_is_utf8(st), label, sizeof label);
        if (strcmp(label,
                   rf_sccp_name_or_unknown(RF_SCCP_NAMES_SOFTKEY_EVENT, RF_SCCP_KEY_END_CALL)) == 0)
            st->end_call_key = t->keys[i].event;
    }
    station_setup_answered(st, SETUP_SOFTKEYS, 0);
}

static void on_keysets(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_setup_answered(st, SETUP_KEYSETS, 0);
}

static void on_config(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_setup_answered(st, SETUP_CONFIG, 0);
}

static void on_line(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_line_stat *l = &msg->line_stat;
    if (l->line_number == 1) {
        station_text(l->directory_number, station_is_utf8(st), st->number, sizeof st->number);
        station_text(l->label, station_is_utf8(st), st->label, sizeof st->label);
    }
    station_setup_answered(st, SETUP_LINES, l->line_number);
}

static void on_forward(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_setup_answered(st, SETUP_FORWARDS, msg->forward_stat.line_number);
}

static void on_time(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_setup_answered(st, SETUP_TIME, 0);
}

/* ---- the call ---- */

/* doc: docs/wire/sccp.md, "Flows"; what has no event here changes nothing */
static int event_of(uint32_t state)
{
    switch (state) {
    case RF_SCCP_STATE_OFF_HOOK:
        return CALL_EV_S_OFF_HOOK;
    case RF_SCCP_STATE_ON_HOOK:
        return CALL_EV_S_ON_HOOK;
    case RF_SCCP_STATE_RING_OUT:
        return CALL_EV_S_RING_OUT;
    case RF_SCCP_STATE_RING_IN:
    case RF_SCCP_STATE_CALL_WAITING:
        return CALL_EV_S_RING_IN;
    case RF_SCCP_STATE_CONNECTED:
        return CALL_EV_S_CONNECTED;
    case RF_SCCP_STATE_BUSY:
    case RF_SCCP_STATE_CONGESTION:
    case RF_SCCP_STATE_INVALID_NUMBER:
        return CALL_EV_S_FAILED;
    case RF_SCCP_STATE_HOLD:
        return CALL_EV_S_HOLD;
    case RF_SCCP_STATE_PROCEED:
        return CALL_EV_S_PROCEED;
    default:
        return -1;
    }
}

/* Does this reference begin our call? An idle phone takes a call that begins; one that waits for
 * the server's word takes what it is given. Late words of the last call begin nothing. */
static bool begins_call(const struct rf_station *st, uint32_t ref, int event)
{
    if (st->leg.ref != 0 || ref == 0 || ref == st->dead_ref)
        return false;
    if (st->call.state != RF_STATION_IDLE)
        return true;
    return event == CALL_EV_S_OFF_HOOK || event == CALL_EV_S_RING_IN ||
           event == CALL_EV_S_CONNECTED;
}

static void on_call_state(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_call_state *s = &msg->call_state;
    int event = event_of(s->state);
    bool is_new = event >= 0 && begins_call(st, s->call_reference, event);
    if (event < 0 || (!is_new && (s->call_reference != st->leg.ref || st->leg.ref == 0))) {
        rf_debug(RF_CAT_PHONE, "call state passed over state=%s call-ref=%u own-call-ref=%u dev=%s",
                 rf_sccp_name_or_unknown(RF_SCCP_NAMES_CALL_STATE, s->state), s->call_reference,
                 st->leg.ref, st->device);
        return;
    }
    if (is_new) {
        st->leg.ref = s->call_reference;
        st->leg.line = s->line_instance;
        st->leg.is_incoming = event == CALL_EV_S_RING_IN;
    }
    st->leg.state = s->state;
    station_run(st, STATION_CALL, event, NULL);
}

static void on_call_info(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_call_info *i = &msg->call_info;
    struct station_call *leg = &st->leg;
    bool u = station_is_utf8(st);
    if (leg->ref == 0 || i->call_reference != leg->ref)
        return;
    station_text(i->calling_party, u, leg->calling_number, sizeof leg->calling_number);
    station_text(i->calling_party_name, u, leg->calling_name, sizeof leg->calling_name);
    station_text(i->called_party, u, leg->called_number, sizeof leg->called_number);
    station_text(i->called_party_name, u, leg->called_name, sizeof leg->called_name);
    leg->is_incoming = i->call_type == RF_SCCP_CALL_TYPE_INBOUND;
    leg->security = i->call_security_status <= RF_SCCP_SECURITY_ENCRYPTED
                        ? (enum rf_sccp_security)i->call_security_status
                        : RF_SCCP_SECURITY_UNKNOWN;
    leg->has_info = true;
    station_tell_info(st, true);
}

static void tell_text(struct rf_station *st, enum rf_station_event_kind kind, struct rf_slice text)
{
    char buf[RF_STATION_TEXT_MAX + 1];
    station_tell(
        st, &(struct rf_station_event){
                .kind = kind, .text = station_text(text, station_is_utf8(st), buf, sizeof buf)});
}

static void on_prompt(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    tell_text(st, RF_STATION_PROMPT, msg->display_prompt.text);
}

static void on_clear_prompt(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    tell_text(st, RF_STATION_PROMPT, rf_slice_str(""));
}

static void on_notify(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    tell_text(st, RF_STATION_NOTIFY, msg->display_notify.text);
}

static void on_display_text(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    tell_text(st, RF_STATION_NOTIFY, msg->display_text.text);
}

static void on_clear_notify(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    tell_text(st, RF_STATION_NOTIFY, rf_slice_str(""));
}

/* doc: docs/wire/sccp.md, "Keys": keys of the far end come as tones */
static char dtmf_of(uint32_t tone)
{
    static const char tones[] = "\0"
                                "1234567890\0\0\0*#ABCD";
    return tone < sizeof tones - 1 ? tones[tone] : '\0';
}

static void on_start_tone(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    struct rf_station_event event = {.kind = RF_STATION_TONE,
                                     .tone = (enum rf_sccp_tone)msg->start_tone.tone};
    event.digit = dtmf_of(msg->start_tone.tone);
    if (event.digit != '\0')
        event.kind = RF_STATION_DTMF;
    station_tell(st, &event);
}

static void on_stop_tone(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_tell(st,
                 &(struct rf_station_event){.kind = RF_STATION_TONE, .tone = RF_SCCP_TONE_SILENCE});
}

static void on_ringer(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_RINGER,
                                                .is_on = msg->set_ringer.mode != RF_SCCP_RING_OFF});
}

/* ---- media ---- */

static void on_open_receive(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_open_receive(st, &msg->open_receive_channel);
}

static void on_close_receive(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_close_receive(st, &msg->close_receive_channel);
}

static void on_start_send(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_start_send(st, &msg->start_media_transmission);
}

static void on_stop_send(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_stop_send(st, &msg->stop_media_transmission);
}

static void on_statistics_req(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_statistics(st, &msg->connection_statistics_req);
}

/* ---- the table ---- */

enum in_when {
    REGISTERED, /* from RegisterAck on */
    ANY_TIME,
};

typedef void (*in_fn)(struct rf_station *st, const struct rf_sccp_msg *msg);

/* NULL: for keys, lamps, clocks and screens that this phone has not; skipped by name. */
static const struct in_row {
    enum rf_sccp_id id;
    enum in_when when;
    in_fn fn;
} rows[] = {
    {RF_SCCP_REGISTER_ACK, ANY_TIME, on_register_ack},
    {RF_SCCP_REGISTER_REJECT, ANY_TIME, on_register_reject},
    {RF_SCCP_UNREGISTER_ACK, ANY_TIME, on_unregister_ack},
    {RF_SCCP_RESET, ANY_TIME, on_reset},
    {RF_SCCP_KEEPALIVE_ACK, ANY_TIME, on_keepalive_ack},
    {RF_SCCP_REGISTER_TOKEN_ACK, ANY_TIME, NULL},
    {RF_SCCP_REGISTER_TOKEN_REJECT, ANY_TIME, NULL},
    {RF_SCCP_SPCP_REGISTER_TOKEN_ACK, ANY_TIME, NULL},
    {RF_SCCP_SPCP_REGISTER_TOKEN_REJECT, ANY_TIME, NULL},

    {RF_SCCP_CAPABILITIES_REQ, REGISTERED, on_capabilities_req},
    {RF_SCCP_BUTTON_TEMPLATE, REGISTERED, on_buttons},
    {RF_SCCP_SOFTKEY_TEMPLATE_RES, REGISTERED, on_softkeys},
    {RF_SCCP_SOFTKEY_SET_RES, REGISTERED, on_keysets},
    {RF_SCCP_CONFIG_STAT, REGISTERED, on_config},
    {RF_SCCP_CONFIG_STAT_V2, REGISTERED, on_config},
    {RF_SCCP_LINE_STAT, REGISTERED, on_line},
    {RF_SCCP_LINE_STAT_V2, REGISTERED, on_line},
    {RF_SCCP_FORWARD_STAT, REGISTERED, on_forward},
    {RF_SCCP_DEFINE_TIME_DATE, REGISTERED, on_time},
    {RF_SCCP_SPEED_DIAL_STAT, REGISTERED, NULL},
    {RF_SCCP_SPEED_DIAL_STAT_V2, REGISTERED, NULL},
    {RF_SCCP_FEATURE_STAT, REGISTERED, NULL},
    {RF_SCCP_FEATURE_STAT_V2, REGISTERED, NULL},
    {RF_SCCP_SERVICE_URL_STAT, REGISTERED, NULL},
    {RF_SCCP_SERVICE_URL_STAT_V2, REGISTERED, NULL},
    {RF_SCCP_VERSION, REGISTERED, NULL},
    {RF_SCCP_SERVER_RES, REGISTERED, NULL},

    {RF_SCCP_CALL_STATE, REGISTERED, on_call_state},
    {RF_SCCP_CALL_INFO, REGISTERED, on_call_info},
    {RF_SCCP_CALL_INFO_V2, REGISTERED, on_call_info},
    {RF_SCCP_DIALED_NUMBER, REGISTERED, NULL},
    {RF_SCCP_CALL_SELECT_STAT, REGISTERED, NULL},
    {RF_SCCP_CALL_HISTORY_INFO, REGISTERED, NULL},
    {RF_SCCP_SELECT_SOFTKEYS, REGISTERED, NULL},
    {RF_SCCP_BACK_SPACE_REQ, REGISTERED, NULL},
    {RF_SCCP_ACTIVATE_CALL_PLANE, REGISTERED, NULL},
    {RF_SCCP_DEACTIVATE_CALL_PLANE, REGISTERED, NULL},

    {RF_SCCP_DISPLAY_PROMPT_STATUS, REGISTERED, on_prompt},
    {RF_SCCP_DISPLAY_PROMPT_STATUS_V2, REGISTERED, on_prompt},
    {RF_SCCP_CLEAR_PROMPT_STATUS, REGISTERED, on_clear_prompt},
    {RF_SCCP_DISPLAY_NOTIFY, REGISTERED, on_notify},
    {RF_SCCP_DISPLAY_NOTIFY_V2, REGISTERED, on_notify},
    {RF_SCCP_DISPLAY_PRI_NOTIFY, REGISTERED, on_notify},
    {RF_SCCP_DISPLAY_PRI_NOTIFY_V2, REGISTERED, on_notify},
    {RF_SCCP_CLEAR_NOTIFY, REGISTERED, on_clear_notify},
    {RF_SCCP_CLEAR_PRI_NOTIFY, REGISTERED, on_clear_notify},
    {RF_SCCP_DISPLAY_TEXT, REGISTERED, on_display_text},
    {RF_SCCP_CLEAR_DISPLAY, REGISTERED, on_clear_notify},

    {RF_SCCP_START_TONE, REGISTERED, on_start_tone},
    {RF_SCCP_STOP_TONE, REGISTERED, on_stop_tone},
    {RF_SCCP_SET_RINGER, REGISTERED, on_ringer},
    {RF_SCCP_SET_LAMP, REGISTERED, NULL},
    {RF_SCCP_SET_SPEAKER_MODE, REGISTERED, NULL},
    {RF_SCCP_SET_MICRO_MODE, REGISTERED, NULL},
    {RF_SCCP_SET_HOOK_FLASH_DETECT, REGISTERED, NULL},

    {RF_SCCP_OPEN_RECEIVE_CHANNEL, REGISTERED, on_open_receive},
    {RF_SCCP_CLOSE_RECEIVE_CHANNEL, REGISTERED, on_close_receive},
    {RF_SCCP_START_MEDIA_TRANSMISSION, REGISTERED, on_start_send},
    {RF_SCCP_STOP_MEDIA_TRANSMISSION, REGISTERED, on_stop_send},
    {RF_SCCP_CONNECTION_STATISTICS_REQ, REGISTERED, on_statistics_req},
    {RF_SCCP_START_MEDIA_FAILURE_DETECTION, REGISTERED, NULL},
    {RF_SCCP_PORT_REQ, REGISTERED, NULL},
    {RF_SCCP_PORT_CLOSE, REGISTERED, NULL},

    {RF_SCCP_USER_TO_DEVICE_DATA, REGISTERED, NULL},
    {RF_SCCP_USER_TO_DEVICE_DATA_V1, REGISTERED, NULL},
    {RF_SCCP_SUBSCRIPTION_STAT, REGISTERED, NULL},
    {RF_SCCP_NOTIFICATION, REGISTERED, NULL},
    {RF_SCCP_CALL_COUNT_RESP, REGISTERED, NULL},
    {RF_SCCP_RECORDING_STATUS, REGISTERED, NULL},
};

static const struct in_row *row_find(uint32_t id)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((uint32_t)rows[i].id == id)
            return &rows[i];
    return NULL;
}

static const char *name_of(uint32_t id)
{
    const char *name = rf_sccp_id_name(id);
    return name != NULL ? name : "unknown";
}

static void drop(struct rf_station *st, const struct rf_sccp_frame *frame, const char *reason)
{
    st->dropped++;
    rf_count(SCCP_BAD);
    if (rf_log_allows(&st->noise, 20, rf_now_ms(st->conf.clock)))
        rf_info(RF_CAT_PHONE, "sccp message dropped: %s message=%s id=%#x server=%s dev=%s", reason,
                name_of(frame->id), frame->id, st->server_text, st->device);
}

static void take_bad(struct rf_station *st, const struct rf_sccp_frame *frame, enum rf_err err,
                     const struct rf_why *why)
{
    drop(st, frame, rf_why_text(why));
    if (err == RF_ERR_UNKNOWN || ++st->bad < STATION_BAD_MAX)
        return;
    struct rf_why end = {0};
    rf_why_set(&end, RF_ERR_BAD, "sccp-malformed", "%u malformed messages, the last: %s", st->bad,
               rf_why_text(why));
    station_close(st, &end);
}

/* A key in the clear is gone from here as soon as it was handed on. */
static void wipe_key(struct rf_sccp_msg *msg)
{
    if (msg->id == RF_SCCP_OPEN_RECEIVE_CHANNEL)
        rf_sccp_media_key_wipe(&msg->open_receive_channel.key);
    else if (msg->id == RF_SCCP_START_MEDIA_TRANSMISSION)
        rf_sccp_media_key_wipe(&msg->start_media_transmission.key);
}

void station_take(struct rf_station *st, const struct rf_sccp_frame *frame)
{
    struct rf_sccp_msg msg;
    struct rf_why why = {0};
    rf_debug(RF_CAT_PHONE, "sccp in message=%s dev=%s call-ref=%u", name_of(frame->id), st->device,
             st->leg.ref);
    enum rf_err err = rf_sccp_decode(frame, &msg, &why);
    if (err != RF_OK) {
        take_bad(st, frame, err, &why);
        return;
    }
    const struct in_row *row = row_find(frame->id);
    if (row == NULL)
        drop(st, frame, "no message for a phone");
    else if (row->when == REGISTERED && st->version == 0)
        drop(st, frame, "not before RegisterAck");
    else if (row->fn != NULL)
        row->fn(st, &msg);
    wipe_key(&msg);
}
