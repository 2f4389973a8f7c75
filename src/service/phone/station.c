/* SPDX-License-Identifier: Apache-2.0 */
/* The SCCP phone as an object: made, started, stopped, and asked how it is. */
#include "service/phone/station_int.h"

#include <stdio.h>
#include <string.h>

const char *rf_station_call_state_name(enum rf_station_call_state state)
{
    static const char *const names[RF_STATION_CALL_STATES_N] = {
        [RF_STATION_IDLE] = "idle",           [RF_STATION_SEIZING] = "seizing",
        [RF_STATION_DIALLING] = "dialling",   [RF_STATION_PROCEEDING] = "proceeding",
        [RF_STATION_RING_OUT] = "ring-out",   [RF_STATION_RING_IN] = "ring-in",
        [RF_STATION_ANSWERING] = "answering", [RF_STATION_CONNECTED] = "connected",
        [RF_STATION_HELD] = "held",           [RF_STATION_FAILED] = "failed",
        [RF_STATION_CLEARING] = "clearing",   [RF_STATION_PRESERVED] = "preserved",
        [RF_STATION_REMOTE] = "remote",
    };
    return state < RF_STATION_CALL_STATES_N ? names[state] : "unknown";
}

const char *rf_station_icon(enum rf_sccp_security security)
{
    return security == RF_SCCP_SECURITY_ENCRYPTED       ? "lock"
           : security == RF_SCCP_SECURITY_AUTHENTICATED ? "shield"
                                                        : "";
}

const char *rf_station_reg_state_name(enum rf_station_reg_state state)
{
    static const char *const names[RF_STATION_REG_STATES_N] = {
        [RF_STATION_OFF] = "off",
        [RF_STATION_CONNECTING] = "connecting",
        [RF_STATION_REGISTERING] = "registering",
        [RF_STATION_SETTING_UP] = "setting-up",
        [RF_STATION_UP] = "registered",
        [RF_STATION_WAITING] = "waiting",
        [RF_STATION_LINKLESS] = "linkless",
        [RF_STATION_LEAVING] = "leaving",
        [RF_STATION_MOVING] = "moving",
    };
    return state < RF_STATION_REG_STATES_N ? names[state] : "unknown";
}

const char *rf_station_event_name(enum rf_station_event_kind kind)
{
    static const char *const names[] = {
        [RF_STATION_LINK_UP] = "link-up",
        [RF_STATION_REGISTERED] = "registered",
        [RF_STATION_REFUSED] = "refused",
        [RF_STATION_LOST] = "lost",
        [RF_STATION_WAITS] = "waits",
        [RF_STATION_RESET] = "reset",
        [RF_STATION_STOPPED] = "stopped",
        [RF_STATION_LINK_COUNTS] = "link-counts",
        [RF_STATION_STANDBY] = "standby",
        [RF_STATION_CALL] = "call",
        [RF_STATION_CALL_INFO] = "call-info",
        [RF_STATION_PROMPT] = "prompt",
        [RF_STATION_NOTIFY] = "notify",
        [RF_STATION_TONE] = "tone",
        [RF_STATION_RINGER] = "ringer",
        [RF_STATION_DTMF] = "dtmf",
        [RF_STATION_KEYS] = "keys",
        [RF_STATION_LAMP] = "lamp",
        [RF_STATION_SPEAKER] = "speaker",
        [RF_STATION_MICROPHONE] = "microphone",
        [RF_STATION_DIALLED] = "dialled",
        [RF_STATION_FORWARD] = "forward",
        [RF_STATION_FEATURE] = "feature",
        [RF_STATION_HISTORY] = "history",
        [RF_STATION_DATA] = "data",
        [RF_STATION_RECEIVING] = "receiving",
        [RF_STATION_SENDING] = "sending",
        [RF_STATION_MEDIA_REFUSED] = "media-refused",
        [RF_STATION_FIRST_AUDIO] = "first-audio",
        [RF_STATION_PACKETS_REFUSED] = "packets-refused",
        [RF_STATION_CLIP_DONE] = "clip-done",
        [RF_STATION_MEDIA_ENDED] = "media-ended",
    };
    return kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

/* ---- telling ---- */

/* Texts that a kind does not set are empty, never NULL: callers print them. */
void station_tell(struct rf_station *st, struct rf_station_event *event)
{
    const char **const texts[] = {&event->server,
                                  &event->tls_version,
                                  &event->suite,
                                  &event->number,
                                  &event->label,
                                  &event->text,
                                  &event->calling_name,
                                  &event->remote,
                                  &event->calling_number,
                                  &event->called_number,
                                  &event->called_name,
                                  &event->reason,
                                  &event->word,
                                  &event->mode,
                                  &event->original_number,
                                  &event->redirecting_number,
                                  &event->redirecting_name};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*texts[i] == NULL)
            *texts[i] = "";
    st->conf.on_event(st->conf.arg, event);
}

void station_tell_kind(struct rf_station *st, enum rf_station_event_kind kind)
{
    station_tell(st, &(struct rf_station_event){.kind = kind});
}

/* ---- the machines, one event at a time ---- */

bool station_has_room(const struct rf_station *st)
{
    return st->n_queue < STATION_ROOM;
}

/* nth 0: the registration; STATION_STANDBY: the link beside it. A call may have ended while its
 * event waited. */
static void run_one(struct rf_station *st, uint32_t nth, int event, const struct station_data *data)
{
    struct station_call *call = station_call_nth(st, nth);
    if (nth == 0)
        rf_fsm_handle(&st->reg, event, data);
    else if (nth == STATION_STANDBY)
        rf_fsm_handle(&st->standby, event, data);
    else if (call != NULL)
        rf_fsm_handle(&call->fsm, event, data);
    if (call != NULL)
        station_call_tell(call);
}

static void run(struct rf_station *st, uint32_t nth, int event, const struct station_data *data)
{
    if (st->is_running) {
        rf_bug_on(st->n_queue == STATION_QUEUE || (data != NULL && data->why != NULL));
        st->queue[st->n_queue].nth = nth;
        st->queue[st->n_queue].event = event;
        st->queue[st->n_queue].digit = data != NULL ? data->digit : '\0';
        st->n_queue++;
        return;
    }
    st->is_running = true;
    run_one(st, nth, event, data);
    while (st->n_queue > 0) {
        uint32_t next = st->queue[0].nth;
        int next_event = st->queue[0].event;
        struct station_data next_data = {.digit = st->queue[0].digit};
        st->n_queue--;
        memmove(&st->queue[0], &st->queue[1], st->n_queue * sizeof st->queue[0]);
        run_one(st, next, next_event, &next_data);
    }
    st->is_running = false;
}

void station_reg_run(struct rf_station *st, int event, const struct station_data *data)
{
    run(st, 0, event, data);
}

void station_standby_run(struct rf_station *st, int event)
{
    run(st, STATION_STANDBY, event, NULL);
}

void station_call_run(struct station_call *call, int event, const struct station_data *data)
{
    run(call->st, call->nth, event, data);
}

void station_calls_run(struct rf_station *st, int event)
{
    uint32_t nths[RF_STATION_CALLS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++)
        if (st->calls[i] != NULL)
            nths[n++] = st->calls[i]->nth;
    for (size_t i = 0; i < n; i++)
        run(st, nths[i], event, NULL);
}

/* ---- made and gone ---- */

static enum rf_err check_servers(const struct rf_station_conf *conf, struct rf_why *why)
{
    struct rf_address address;
    if (conf->n_servers == 0 || conf->n_servers > RF_STATION_SERVERS_MAX)
        return rf_why_set(why, RF_ERR_BAD, "station-servers",
                          "%s must have 1 to %d call managers, and has %zu", conf->device,
                          RF_STATION_SERVERS_MAX, conf->n_servers);
    for (size_t i = 0; i < conf->n_servers; i++) {
        const struct rf_station_server *s = &conf->servers[i];
        uint32_t port = s->port;
        if (conf->mode != RF_STATION_NON_SECURE && (!s->is_srst || s->cert != NULL))
            port += RF_STATION_TLS_OFFSET;
        if (s->port == 0 || port > UINT16_MAX ||
            rf_address_parse(s->host, s->port, &address, NULL) != RF_OK)
            return rf_why_set(why, RF_ERR_BAD, "station-address",
                              "call manager %zu of %s: \"%.40s\" port %u is no address", i + 1,
                              conf->device, s->host, s->port);
    }
    return RF_OK;
}

/* doc: docs/security-rules.md, "Security modes": a secure mode has no way without certificate and
 * list */
static enum rf_err check_security(const struct rf_station_conf *conf, struct rf_why *why)
{
    if (conf->mode == RF_STATION_NON_SECURE)
        return RF_OK;
    if (conf->id == NULL || conf->id->cert == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "station-no-certificate",
                          "%s must register securely and has no certificate; enrol it first",
                          conf->device);
    if (rf_lists_nth(conf->lists, RF_TRUSTLIST_ROLE_CCM, 0) == NULL &&
        rf_lists_nth(conf->lists, RF_TRUSTLIST_ROLE_CCM_TFTP, 0) == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "station-no-list",
                          "%s must register securely, and no call manager stands in its lists",
                          conf->device);
    return RF_OK;
}

static enum rf_err check(const struct rf_station_conf *conf, struct rf_why *why)
{
    if (!phone_device_ok(conf->device, RF_STATION_NAME_MAX))
        return rf_why_set(why, RF_ERR_BAD, "station-device", "not a device name");
    if (conf->version < RF_SCCP_VERSION_LOWEST || conf->version > RF_SCCP_VERSION_LAST)
        return rf_why_set(why, RF_ERR_BAD, "station-version",
                          "SCCP version %u: this phone speaks %d to %d", conf->version,
                          RF_SCCP_VERSION_LOWEST, RF_SCCP_VERSION_LAST);
    enum rf_err err = check_servers(conf, why);
    return err == RF_OK ? check_security(conf, why) : err;
}

static void set_default(uint32_t *value, uint32_t to)
{
    if (*value == 0)
        *value = to;
}

static void set_defaults(struct rf_station_conf *conf)
{
    set_default(&conf->register_ms, 10000);
    set_default(&conf->setup_ms, 10000);
    set_default(&conf->retry_first_ms, 15000);
    set_default(&conf->retry_max_ms, 600000);
    set_default(&conf->leave_ms, 2000);
    set_default(&conf->return_ms, 30000);
    set_default(&conf->monitor_ms, 120000);
    set_default(&conf->digit_gap_ms, 200);
    set_default(&conf->seize_ms, 5000);
    set_default(&conf->clear_ms, 5000);
    if (conf->codecs.n == 0)
        conf->codecs = (struct rf_media_codecs){.best_first = {RF_MEDIA_PCMU}, .n = 1};
    if (conf->retry_max_ms < conf->retry_first_ms)
        conf->retry_max_ms = conf->retry_first_ms;
}

static void set_alarm(struct rf_station *st, enum rf_sccp_alarm_severity severity,
                      enum rf_sccp_alarm_reason number, const char *text)
{
    st->alarm = (struct station_alarm){.has = true, .severity = severity, .number = number};
    snprintf(st->alarm.text, sizeof st->alarm.text, "%s", text);
}

enum rf_err rf_station_new(const struct rf_station_conf *conf, struct rf_station **out,
                           struct rf_why *why)
{
    enum rf_err err = check(conf, why);
    if (err != RF_OK)
        return err;
    struct rf_station *st = rf_new(struct rf_station);
    st->conf = *conf;
    snprintf(st->device, sizeof st->device, "%s", conf->device);
    snprintf(st->load, sizeof st->load, "%s", conf->load != NULL ? conf->load : "");
    snprintf(st->version_stamp, sizeof st->version_stamp, "%s",
             conf->version_stamp != NULL ? conf->version_stamp : "");
    st->keylog_path = rf_strdup(conf->keylog_path);
    rf_phone_id_take(&st->id, conf->id);
    st->conf.id = NULL;
    st->conf.device = st->device;
    set_defaults(&st->conf);
    st->retry_ms = st->conf.retry_first_ms;
    st->clip = conf->clip != NULL ? rf_media_clip_ref(conf->clip) : NULL;
    if (conf->alarm_text != NULL)
        set_alarm(st, RF_SCCP_ALARM_WARNING, conf->alarm, conf->alarm_text);
    else
        set_alarm(st, RF_SCCP_ALARM_INFORMATIONAL, RF_SCCP_ALARM_REASON_INITIALIZED, "initialized");
    st->peers[0].st = st->peers[1].st = st;
    st->main = &st->peers[0];
    rf_fsm_init(&st->reg, &station_reg_fsm, st, RF_STATION_OFF);
    rf_fsm_init(&st->standby, &station_standby_fsm, st, RF_STATION_STANDBY_OFF);
    *out = st;
    return RF_OK;
}

void rf_station_free(struct rf_station *st)
{
    if (st == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        if (st->peers[i].link != NULL)
            st->conf.net->forget(st->peers[i].link);
    station_calls_free(st);
    station_media_forget(st);
    station_screen_forget(st);
    rf_media_clip_unref(st->clip);
    rf_timer_stop(st->conf.timers, &st->reg_timer);
    rf_timer_stop(st->conf.timers, &st->keepalive);
    rf_timer_stop(st->conf.timers, &st->standby_timer);
    rf_timer_stop(st->conf.timers, &st->standby_keepalive);
    rf_phone_id_fini(&st->id);
    rf_free(st->keylog_path);
    rf_free(st);
}

void rf_station_start(struct rf_station *st)
{
    if (st->reg.state == RF_STATION_OFF)
        station_reg_run(st, REG_EV_START, NULL);
}

void rf_station_stop(struct rf_station *st)
{
    if (st->is_stopping)
        return;
    st->is_stopping = true;
    station_reg_run(st, REG_EV_LEAVE, NULL);
}

void rf_station_alarm(struct rf_station *st, enum rf_sccp_alarm_severity severity,
                      enum rf_sccp_alarm_reason number, const char *text)
{
    set_alarm(st, severity, number, text);
    if (!station_is_registered(st))
        return;
    station_send_alarm(st);
    st->alarm.has = false;
}

void rf_station_status(const struct rf_station *st, struct rf_station_status *out)
{
    const struct station_call *call = station_call_chosen(st);
    bool is_own = call != NULL && call->fsm.state != RF_STATION_REMOTE;
    bool has_server = st->reg.state != RF_STATION_OFF && st->reg.state != RF_STATION_WAITING;
    *out = (struct rf_station_status){
        .reg = (enum rf_station_reg_state)st->reg.state,
        .call = is_own ? (enum rf_station_call_state)call->fsm.state : RF_STATION_IDLE,
        .calls = station_calls_n(st, NULL),
        .server = has_server ? st->main->server_text : "",
        .is_srst = has_server && station_is_on_srst(st),
        .version = st->version,
        .number = st->number,
        .in = st->all_in + st->peers[0].in + st->peers[1].in,
        .out = st->all_out + st->peers[0].out + st->peers[1].out,
        .dropped = st->all_dropped + st->peers[0].dropped + st->peers[1].dropped};
}

/* ---- the tables, for tests and pictures ---- */

const struct rf_fsm_def *rf_station_reg_def(void)
{
    return &station_reg_fsm;
}

const struct rf_fsm_def *rf_station_standby_def(void)
{
    return &station_standby_fsm;
}

const struct rf_fsm_def *rf_station_call_def(void)
{
    return &station_call_fsm;
}

const char *rf_station_action_name(rf_fsm_action action)
{
    const char *name = station_call_action_name(action);
    if (strcmp(name, "unnamed") == 0)
        name = station_standby_action_name(action);
    return strcmp(name, "unnamed") != 0 ? name : station_reg_action_name(action);
}
