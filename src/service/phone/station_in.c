/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that arrive: one row each, also for those that a phone without screen and clock has no
 * use for. doc: docs/wire/sccp.md, "Message ids" */
#include "service/phone/station_int.h"

#include "base/faults.h"
#include "base/metrics.h"
#include "wire/sccp/sccp_names.h"

#include <stdio.h>
#include <string.h>

#define KEEPALIVE_DEFAULT_S         30
#define KEEPALIVE_MAX_S             3600
#define STANDBY_KEEPALIVE_DEFAULT_S 60

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
    st->standby_keepalive_s = ack->secondary_keepalive_interval_s != 0
                                  ? ack->secondary_keepalive_interval_s
                                  : STANDBY_KEEPALIVE_DEFAULT_S;
    if (st->standby_keepalive_s > KEEPALIVE_MAX_S)
        st->standby_keepalive_s = KEEPALIVE_MAX_S;
    station_reg_run(st, REG_EV_ACK, NULL);
}

static void on_register_reject(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    char text[RF_STATION_TEXT_MAX + 1];
    struct rf_why why = {0};
    station_text(msg->register_reject.text, station_is_utf8(st), text, sizeof text);
    rf_why_set(&why, RF_ERR_DENIED, "register-rejected", "%s", text);
    station_reg_run(st, REG_EV_REJECT, &(struct station_data){.why = &why});
}

static void on_unregister_ack(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    if (msg->unregister_ack.status != RF_SCCP_UNREGISTER_OK)
        rf_warn(RF_CAT_PHONE, "unregistering refused status=%u dev=%s", msg->unregister_ack.status,
                st->device);
    station_reg_run(st, REG_EV_UNREGISTERED, NULL);
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
        station_reg_run(st, REG_EV_LEAVE, NULL);
}

/* ---- the link beside it ---- */

static void on_token_ack(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_standby_run(st, STANDBY_EV_GRANTED);
}

static void on_token_reject(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_standby_refused(st, msg->register_token_reject.wait_s);
}

static void on_standby_ack(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_other(st)->unanswered = 0;
    station_standby_answered(st);
}

static void on_keepalive_ack(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    st->main->unanswered = 0;
}

static void on_capabilities_req(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_send_capabilities(st);
}

/* ---- answers to our questions ---- */

static void on_buttons(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_take_buttons(st, &msg->button_template);
    station_setup_answered(st, SETUP_BUTTONS, 0);
}

static void on_softkeys(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_take_softkeys(st, &msg->softkey_template);
    station_setup_answered(st, SETUP_SOFTKEYS, 0);
}

static void on_keysets(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_take_sets(st, &msg->softkey_set);
    station_setup_answered(st, SETUP_KEYSETS, 0);
}

static void on_config(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_setup_answered(st, SETUP_CONFIG, 0);
}

static struct station_own_line *own_line(struct rf_station *st, uint32_t number)
{
    return number >= 1 && number <= RF_STATION_LINES_MAX ? &st->lines[number - 1] : NULL;
}

static void on_line(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_line_stat *l = &msg->line_stat;
    struct station_own_line *own = own_line(st, l->line_number);
    bool u = station_is_utf8(st);
    if (own != NULL)
        station_text(l->directory_number, u, own->number, sizeof own->number);
    if (l->line_number == 1) {
        station_text(l->directory_number, u, st->number, sizeof st->number);
        station_text(l->label, u, st->label, sizeof st->label);
    }
    station_setup_answered(st, SETUP_LINES, l->line_number);
}

/* Told when it changes: at the registration only a forward that is on. */
static void on_forward(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_forward_stat *f = &msg->forward_stat;
    struct station_own_line *own = own_line(st, f->line_number);
    char number[STATION_DIGITS + 2] = "";
    if (f->all.is_active != 0)
        station_text(f->all.number, station_is_utf8(st), number, sizeof number);
    bool is_new = own != NULL && strcmp(own->forward, number) != 0;
    if (own != NULL)
        memcpy(own->forward, number, sizeof own->forward);
    station_setup_answered(st, SETUP_FORWARDS, f->line_number);
    if (is_new)
        station_tell(st, &(struct rf_station_event){.kind = RF_STATION_FORWARD,
                                                    .line = f->line_number,
                                                    .is_on = number[0] != '\0',
                                                    .number = number});
}

static void on_time(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_setup_answered(st, SETUP_TIME, 0);
}

/* ---- calls ---- */

/* doc: docs/wire/sccp.md, "Flows"; what has no event here changes nothing */
static int event_of(uint32_t state)
{
    static const struct {
        enum rf_sccp_state state;
        enum station_call_event event;
    } rows[] = {
        {RF_SCCP_STATE_OFF_HOOK, CALL_EV_S_OFF_HOOK},
        {RF_SCCP_STATE_ON_HOOK, CALL_EV_S_ON_HOOK},
        {RF_SCCP_STATE_RING_OUT, CALL_EV_S_RING_OUT},
        {RF_SCCP_STATE_RING_IN, CALL_EV_S_RING_IN},
        {RF_SCCP_STATE_CALL_WAITING, CALL_EV_S_RING_IN},
        {RF_SCCP_STATE_CONNECTED, CALL_EV_S_CONNECTED},
        {RF_SCCP_STATE_WHISPER, CALL_EV_S_CONNECTED},
        {RF_SCCP_STATE_BUSY, CALL_EV_S_FAILED},
        {RF_SCCP_STATE_CONGESTION, CALL_EV_S_FAILED},
        {RF_SCCP_STATE_INVALID_NUMBER, CALL_EV_S_FAILED},
        {RF_SCCP_STATE_HOLD, CALL_EV_S_HOLD},
        {RF_SCCP_STATE_HOLD_REVERT, CALL_EV_S_HOLD},
        {RF_SCCP_STATE_PROCEED, CALL_EV_S_PROCEED},
        {RF_SCCP_STATE_REMOTE_MULTILINE, CALL_EV_S_REMOTE},
        {RF_SCCP_STATE_REMOTE_HOLD, CALL_EV_S_REMOTE},
        {RF_SCCP_STATE_TRANSFER, CALL_EV_S_WORD},
        {RF_SCCP_STATE_PARK, CALL_EV_S_WORD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((uint32_t)rows[i].state == state)
            return (int)rows[i].event;
    return -1;
}

static void on_call_state(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_call_state *s = &msg->call_state;
    int event = event_of(s->state);
    struct station_call *call =
        event >= 0 ? station_call_for(st, s->call_reference, event, s->state) : NULL;
    if (call == NULL) {
        rf_debug(RF_CAT_PHONE, "call state passed over state=%s call-ref=%u dev=%s",
                 rf_sccp_name_or_unknown(RF_SCCP_NAMES_CALL_STATE, s->state), s->call_reference,
                 st->device);
        return;
    }
    if (s->line_instance != 0)
        call->line = s->line_instance;
    call->word = s->state;
    station_call_run(call, event, NULL);
}

static void take_parties(struct station_call *call, const struct rf_sccp_call_info *i, bool u)
{
    const struct {
        struct rf_slice from;
        char *to;
    } rows[] = {
        {i->calling_party, call->calling_number},
        {i->calling_party_name, call->calling_name},
        {i->called_party, call->called_number},
        {i->called_party_name, call->called_name},
        {i->original_called_party, call->original_number},
        {i->last_redirecting_party, call->redirecting_number},
        {i->last_redirecting_party_name, call->redirecting_name},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        station_text(rows[k].from, u, rows[k].to, STATION_PARTY);
}

static void on_call_info(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_call_info *i = &msg->call_info;
    struct station_call *call = station_call_ref(st, i->call_reference);
    if (call == NULL)
        return;
    take_parties(call, i, station_is_utf8(st));
    call->is_incoming = i->call_type == RF_SCCP_CALL_TYPE_INBOUND;
    call->security = i->call_security_status <= RF_SCCP_SECURITY_ENCRYPTED
                         ? (enum rf_sccp_security)i->call_security_status
                         : RF_SCCP_SECURITY_UNKNOWN;
    call->has_info = true;
    station_tell_info(call, true);
}

static void on_select_keys(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_take_offer(st, &msg->select_softkeys);
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

/* NULL: for clocks and screens that this phone has not; skipped by name. */
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
    {RF_SCCP_FEATURE_STAT, REGISTERED, station_on_feature},
    {RF_SCCP_FEATURE_STAT_V2, REGISTERED, station_on_feature},
    {RF_SCCP_SERVICE_URL_STAT, REGISTERED, NULL},
    {RF_SCCP_SERVICE_URL_STAT_V2, REGISTERED, NULL},
    {RF_SCCP_VERSION, REGISTERED, NULL},
    {RF_SCCP_SERVER_RES, REGISTERED, NULL},

    {RF_SCCP_CALL_STATE, REGISTERED, on_call_state},
    {RF_SCCP_CALL_INFO, REGISTERED, on_call_info},
    {RF_SCCP_CALL_INFO_V2, REGISTERED, on_call_info},
    {RF_SCCP_DIALED_NUMBER, REGISTERED, station_on_dialled},
    {RF_SCCP_CALL_SELECT_STAT, REGISTERED, NULL},
    {RF_SCCP_CALL_HISTORY_INFO, REGISTERED, station_on_history},
    {RF_SCCP_SELECT_SOFTKEYS, REGISTERED, on_select_keys},
    {RF_SCCP_BACK_SPACE_REQ, REGISTERED, NULL},
    {RF_SCCP_ACTIVATE_CALL_PLANE, REGISTERED, NULL},
    {RF_SCCP_DEACTIVATE_CALL_PLANE, REGISTERED, NULL},

    {RF_SCCP_DISPLAY_PROMPT_STATUS, REGISTERED, station_on_prompt},
    {RF_SCCP_DISPLAY_PROMPT_STATUS_V2, REGISTERED, station_on_prompt},
    {RF_SCCP_CLEAR_PROMPT_STATUS, REGISTERED, station_on_clear_prompt},
    {RF_SCCP_DISPLAY_NOTIFY, REGISTERED, station_on_notify},
    {RF_SCCP_DISPLAY_NOTIFY_V2, REGISTERED, station_on_notify},
    {RF_SCCP_DISPLAY_PRI_NOTIFY, REGISTERED, station_on_notify},
    {RF_SCCP_DISPLAY_PRI_NOTIFY_V2, REGISTERED, station_on_notify},
    {RF_SCCP_CLEAR_NOTIFY, REGISTERED, station_on_clear_notify},
    {RF_SCCP_CLEAR_PRI_NOTIFY, REGISTERED, station_on_clear_pri_notify},
    {RF_SCCP_DISPLAY_TEXT, REGISTERED, station_on_display_text},
    {RF_SCCP_CLEAR_DISPLAY, REGISTERED, station_on_clear_notify},

    {RF_SCCP_START_TONE, REGISTERED, station_on_start_tone},
    {RF_SCCP_STOP_TONE, REGISTERED, station_on_stop_tone},
    {RF_SCCP_SET_RINGER, REGISTERED, station_on_ringer},
    {RF_SCCP_SET_LAMP, REGISTERED, station_on_lamp},
    {RF_SCCP_SET_SPEAKER_MODE, REGISTERED, station_on_speaker},
    {RF_SCCP_SET_MICRO_MODE, REGISTERED, station_on_microphone},
    {RF_SCCP_SET_HOOK_FLASH_DETECT, REGISTERED, NULL},

    {RF_SCCP_OPEN_RECEIVE_CHANNEL, REGISTERED, on_open_receive},
    {RF_SCCP_CLOSE_RECEIVE_CHANNEL, REGISTERED, on_close_receive},
    {RF_SCCP_START_MEDIA_TRANSMISSION, REGISTERED, on_start_send},
    {RF_SCCP_STOP_MEDIA_TRANSMISSION, REGISTERED, on_stop_send},
    {RF_SCCP_CONNECTION_STATISTICS_REQ, REGISTERED, on_statistics_req},
    {RF_SCCP_START_MEDIA_FAILURE_DETECTION, REGISTERED, NULL},
    {RF_SCCP_PORT_REQ, REGISTERED, NULL},
    {RF_SCCP_PORT_CLOSE, REGISTERED, NULL},

    {RF_SCCP_USER_TO_DEVICE_DATA, REGISTERED, station_on_data},
    {RF_SCCP_USER_TO_DEVICE_DATA_V1, REGISTERED, station_on_data},
    {RF_SCCP_SUBSCRIPTION_STAT, REGISTERED, NULL},
    {RF_SCCP_NOTIFICATION, REGISTERED, NULL},
    {RF_SCCP_CALL_COUNT_RESP, REGISTERED, NULL},
    {RF_SCCP_RECORDING_STATUS, REGISTERED, NULL},
};

/* All that a server may say on a link where nobody has registered. */
static const struct in_row standby_rows[] = {
    {RF_SCCP_KEEPALIVE_ACK, ANY_TIME, on_standby_ack},
    {RF_SCCP_REGISTER_TOKEN_ACK, ANY_TIME, on_token_ack},
    {RF_SCCP_REGISTER_TOKEN_REJECT, ANY_TIME, on_token_reject},
};

static const struct in_row *row_find(const struct in_row *in, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if ((uint32_t)in[i].id == id)
            return &in[i];
    return NULL;
}

static const char *name_of(uint32_t id)
{
    const char *name = rf_sccp_id_name(id);
    return name != NULL ? name : "unknown";
}

static void drop(struct station_peer *peer, const struct rf_sccp_frame *frame, const char *reason)
{
    struct rf_station *st = peer->st;
    peer->dropped++;
    rf_count(SCCP_BAD);
    if (rf_log_allows(&st->noise, 20, rf_now_ms(st->conf.clock)))
        rf_info(RF_CAT_PHONE, "sccp message dropped: %s message=%s id=%#x server=%s dev=%s", reason,
                name_of(frame->id), frame->id, peer->server_text, st->device);
}

static void take_bad(struct station_peer *peer, const struct rf_sccp_frame *frame, enum rf_err err,
                     const struct rf_why *why)
{
    drop(peer, frame, rf_why_text(why));
    if (err == RF_ERR_UNKNOWN || ++peer->bad < STATION_BAD_MAX)
        return;
    struct rf_why end = {0};
    rf_why_set(&end, RF_ERR_BAD, "sccp-malformed", "%u malformed messages, the last: %s", peer->bad,
               rf_why_text(why));
    station_peer_close(peer, &end);
}

/* A key in the clear is gone from here as soon as it was handed on. */
static void wipe_key(struct rf_sccp_msg *msg)
{
    if (msg->id == RF_SCCP_OPEN_RECEIVE_CHANNEL)
        rf_sccp_media_key_wipe(&msg->open_receive_channel.key);
    else if (msg->id == RF_SCCP_START_MEDIA_TRANSMISSION)
        rf_sccp_media_key_wipe(&msg->start_media_transmission.key);
}

void station_take(struct station_peer *peer, const struct rf_sccp_frame *frame)
{
    struct rf_station *st = peer->st;
    struct rf_sccp_msg msg;
    struct rf_why why = {0};
    bool is_main = peer == st->main || rf_fault_skips("station.standby-words");
    rf_debug(RF_CAT_PHONE, "sccp in message=%s dev=%s", name_of(frame->id), st->device);
    enum rf_err err = rf_sccp_decode(frame, &msg, &why);
    if (err != RF_OK) {
        take_bad(peer, frame, err, &why);
        return;
    }
    const struct in_row *row =
        is_main ? row_find(rows, sizeof rows / sizeof *rows, frame->id)
                : row_find(standby_rows, sizeof standby_rows / sizeof *standby_rows, frame->id);
    if (row == NULL)
        drop(peer, frame, is_main ? "no message for a phone" : "not on a link that stands by");
    else if (row->when == REGISTERED && st->version == 0)
        drop(peer, frame, "not before RegisterAck");
    else if (row->fn != NULL)
        row->fn(st, &msg);
    wipe_key(&msg);
}
