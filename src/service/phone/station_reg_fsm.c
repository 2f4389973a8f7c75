/* SPDX-License-Identifier: Apache-2.0 */
/* How the phone finds a call manager, registers, stays registered and leaves, as a table.
 * doc: docs/phone-calls.md, "Registration"; docs/wire/sccp.md, "Flows": steps named in the rows;
 * docs/security-rules.md, "Device authentication" */
#include "service/phone/station_int.h"

#include "base/random.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define KEEPALIVES_MISSED 3 /* F2 */
/* "fall back to primary". doc: docs/wire/sccp.md, "Numbers" */
#define ALARM_FALL_BACK ((enum rf_sccp_alarm_reason)18)

static void post(struct rf_station *st, enum station_reg_event event)
{
    rf_fsm_post(&st->reg, (int)event, NULL, 0);
}

static void tell_refused(struct rf_station *st, const struct rf_why *why)
{
    struct rf_station_event event = {.kind = RF_STATION_REFUSED,
                                     .server = st->main->server_text,
                                     .is_srst = station_is_on_srst(st),
                                     .text = why->text,
                                     .why = *why};
    rf_warn(RF_CAT_PHONE, "not registered: %s server=%s dev=%s", rf_why_text(why),
            st->main->server_text, st->device);
    station_tell(st, &event);
}

/* ---- finding a server ---- */

static void try_server(struct rf_station *st)
{
    struct rf_why why = {0};
    if (station_connect(st->main, &why))
        return;
    tell_refused(st, &why);
    post(st, REG_EV_NO_LINK);
}

static void first_server(void *self, const void *data)
{
    struct rf_station *st = self;
    st->main->server = 0;
    try_server(st);
}

static void next_server(void *self, const void *data)
{
    struct rf_station *st = self;
    if (st->main->server + 1 < st->conf.n_servers) {
        st->main->server++;
        try_server(st);
    } else {
        post(st, REG_EV_NO_SERVER);
    }
}

static void refused_next(void *self, const void *data)
{
    tell_refused(self, ((const struct station_data *)data)->why);
    next_server(self, NULL);
}

static void wait(void *self, const void *data)
{
    struct rf_station *st = self;
    rf_info(RF_CAT_PHONE, "no call manager left wait-ms=%u dev=%s", st->wait_ms, st->device);
    struct rf_station_event event = {.kind = RF_STATION_WAITS, .wait_ms = st->wait_ms};
    station_tell(st, &event);
}

/* ---- registering ---- */

static void say_hello(void *self, const void *data)
{
    struct rf_station *st = self;
    if (st->alarm.has)
        station_send_alarm(st);
    station_send_register(st);
}

static void keepalive_due(void *owner, uint64_t number)
{
    struct rf_station *st = owner;
    st->keepalive = 0;
    station_reg_run(st, REG_EV_T_KEEPALIVE, NULL);
}

static void keepalive_start(struct rf_station *st)
{
    rf_timer_stop(st->conf.timers, &st->keepalive);
    st->keepalive =
        rf_timer_start(st->conf.timers, (uint64_t)st->keepalive_s * 1000, keepalive_due, st, 0);
}

static void ask(struct rf_station *st);

static void registered(void *self, const void *data)
{
    struct rf_station *st = self;
    st->alarm.has = false; /* it was told */
    st->is_up = false;
    st->setup = SETUP_BUTTONS;
    st->n_lines = 0;
    st->number[0] = st->label[0] = '\0';
    keepalive_start(st);
    ask(st);
}

static void rejected(void *self, const void *data)
{
    station_close(self, ((const struct station_data *)data)->why);
}

static void silent(void *self, const void *data)
{
    struct rf_station *st = self;
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_AGAIN, "answer-timeout", "the server does not answer Register");
    station_close(st, &why);
}

/* ---- the questions after it. doc: docs/wire/sccp.md, "Registration" ---- */

static void ask_number(struct rf_station *st, enum rf_sccp_id id)
{
    struct rf_sccp_msg msg = {.id = id};
    struct rf_sccp_stat_req req = {.number = st->setup_line};
    if (id == RF_SCCP_LINE_STAT_REQ)
        msg.line_stat_req = req;
    else
        msg.forward_stat_req = req;
    station_send(st, &msg);
}

static void ask(struct rf_station *st)
{
    switch (st->setup) {
    case SETUP_BUTTONS:
        station_send_empty(st, RF_SCCP_BUTTON_TEMPLATE_REQ);
        break;
    case SETUP_SOFTKEYS:
        station_send_empty(st, RF_SCCP_SOFTKEY_TEMPLATE_REQ);
        break;
    case SETUP_KEYSETS:
        station_send_empty(st, RF_SCCP_SOFTKEY_SET_REQ);
        break;
    case SETUP_CONFIG:
        station_send_empty(st, RF_SCCP_CONFIG_STAT_REQ);
        break;
    case SETUP_LINES:
        ask_number(st, RF_SCCP_LINE_STAT_REQ);
        break;
    case SETUP_FORWARDS:
        ask_number(st, RF_SCCP_FORWARD_STAT_REQ);
        break;
    case SETUP_TIME:
        station_ask_buttons(st);
        station_send(st, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_AVAILABLE_LINES,
                                               .register_available_lines.max_lines = st->n_lines});
        station_send_empty(st, RF_SCCP_TIME_DATE_REQ);
        break;
    case SETUP_DONE:
        break;
    }
}

void station_setup_answered(struct rf_station *st, enum station_setup what, uint32_t line)
{
    bool counts_lines = what == SETUP_LINES || what == SETUP_FORWARDS;
    if (st->reg.state != RF_STATION_SETTING_UP || what != st->setup ||
        (counts_lines && line != st->setup_line))
        return; /* answers nobody waits for */
    if (counts_lines && line < st->n_lines) {
        st->setup_line++;
    } else {
        st->setup = (enum station_setup)((int)st->setup + 1);
        st->setup_line = 1;
    }
    if (st->setup == SETUP_DONE)
        station_reg_run(st, REG_EV_SET_UP, NULL);
    else
        ask(st);
}

static void up(void *self, const void *data)
{
    struct rf_station *st = self;
    st->is_up = true;
    st->up_at_ms = rf_now_ms(st->conf.clock);
    char number[2 * STATION_PARTY];
    rf_info(
        RF_CAT_PHONE,
        "registered server=%s fallback=%s version=%u number=%s lines=%u tls=%s suite=%s cert=%s "
        "dev=%s",
        st->main->server_text, station_is_on_srst(st) ? "yes" : "no", st->version,
        rf_escape(rf_slice_str(st->number), number, sizeof number), st->n_lines,
        st->main->has_tls ? st->main->tls_version : "none",
        st->main->has_tls ? st->main->suite : "none",
        st->main->has_tls && st->id.cert != NULL ? rf_cert_short(st->id.cert) : "none", st->device);
    struct rf_station_event event = {.kind = RF_STATION_REGISTERED,
                                     .server = st->main->server_text,
                                     .is_srst = station_is_on_srst(st),
                                     .tls_version = st->main->tls_version,
                                     .suite = st->main->suite,
                                     .version = st->version,
                                     .number = st->number,
                                     .label = st->label};
    station_tell(st, &event);
    if (st->conf.has_standby && st->conf.n_servers > 1)
        station_standby_run(st, STANDBY_EV_START);
}

static void up_late(void *self, const void *data)
{
    struct rf_station *st = self;
    rf_warn(RF_CAT_PHONE, "the server left a question open question=%d dev=%s", (int)st->setup,
            st->device);
    up(st, NULL);
}

/* ---- staying ---- */

static void keepalive(void *self, const void *data)
{
    struct rf_station *st = self;
    struct rf_why why = {0};
    if (st->main->unanswered >= KEEPALIVES_MISSED) {
        rf_why_set(&why, RF_ERR_AGAIN, "keepalive-timeout", "%u keepalives without an answer",
                   st->main->unanswered);
        station_close(st, &why);
        return;
    }
    st->main->unanswered++;
    station_send_empty(st, RF_SCCP_KEEPALIVE);
    keepalive_start(st);
}

/* F3: what the next server is told. The last reason that was not told stays. */
static void keep_alarm(struct rf_station *st, const char *code)
{
    static const struct {
        const char *code;
        enum rf_sccp_alarm_reason number;
    } rows[] = {{"keepalive-timeout", RF_SCCP_ALARM_REASON_KEEPALIVE_TIMEOUT},
                {"tcp-reset", RF_SCCP_ALARM_REASON_TCP_RESET_BY_CM},
                {"end", RF_SCCP_ALARM_REASON_TCP_CLOSED_BY_CM}};
    if (st->alarm.has)
        return;
    st->alarm = (struct station_alarm){
        .has = true, .severity = RF_SCCP_ALARM_WARNING, .number = RF_SCCP_ALARM_REASON_TCP_TIMEOUT};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].code, code) == 0)
            st->alarm.number = rows[i].number;
    snprintf(st->alarm.text, sizeof st->alarm.text, "%s", code);
}

/* The list starts anew at once if it had stayed registered for a while; one that takes the phone
 * and drops it again is not asked in a tight loop. */
static void lost(void *self, const void *data)
{
    struct rf_station *st = self;
    const struct rf_why *why = ((const struct station_data *)data)->why;
    st->was_long_up =
        st->is_up && rf_now_ms(st->conf.clock) - st->up_at_ms >= st->conf.retry_first_ms;
    st->is_up = false;
    if (st->was_long_up)
        st->retry_ms = st->conf.retry_first_ms;
    keep_alarm(st, why->code);
    rf_warn(RF_CAT_PHONE, "lost the call manager: %s server=%s dev=%s", rf_why_text(why),
            st->main->server_text, st->device);
    struct rf_station_event event = {
        .kind = RF_STATION_LOST, .server = st->main->server_text, .why = *why};
    station_tell(st, &event);
    station_calls_run(st, CALL_EV_LINK_LOST);
    if (!station_in_call(st))
        post(st, REG_EV_CALL_OVER);
}

/* Is it the turn of the link that stands by? Between two servers that both drop the phone it does
 * not go to and fro. */
static bool may_hop(struct rf_station *st)
{
    if (!station_standby_is_open(st))
        return false;
    bool may = st->was_long_up || !st->has_hopped;
    st->has_hopped = !st->was_long_up;
    return may;
}

static void start_anew(struct rf_station *st)
{
    station_standby_run(st, STANDBY_EV_STOP);
    if (st->was_long_up)
        first_server(st, NULL);
    else
        post(st, REG_EV_NO_SERVER);
}

static void come_back(void *self, const void *data)
{
    struct rf_station *st = self;
    if (st->is_stopping || st->reset != 0)
        post(st, REG_EV_LEAVE);
    else if (may_hop(st))
        post(st, REG_EV_STANDBY);
    else
        start_anew(st);
}

/* T3, F1: the link is there already */
static void take_standby(void *self, const void *data)
{
    struct rf_station *st = self;
    if (station_standby_take(st))
        say_hello(st, NULL);
    else
        station_close(st, NULL);
}

/* T2: a better server has said that it takes the phone */
static void move(void *self, const void *data)
{
    struct rf_station *st = self;
    station_send_empty(st, RF_SCCP_UNREGISTER);
    st->main->has_left = true;
}

static void moved(void *self, const void *data)
{
    struct rf_station *st = self;
    if (!st->alarm.has) {
        st->alarm = (struct station_alarm){
            .has = true, .severity = RF_SCCP_ALARM_INFORMATIONAL, .number = ALARM_FALL_BACK};
        snprintf(st->alarm.text, sizeof st->alarm.text, "fall-back");
    }
    st->is_up = false;
    st->was_long_up = true; /* nobody has sent it away */
    station_calls_run(st, CALL_EV_LINK_LOST);
    if (station_standby_is_open(st))
        post(st, REG_EV_STANDBY);
    else
        start_anew(st);
}

/* ---- leaving ---- */

static void unregister(void *self, const void *data)
{
    struct rf_station *st = self;
    if (st->main->link == NULL) {
        post(st, REG_EV_NO_LINK);
    } else if (st->version == 0) {
        station_close(st, NULL);
    } else {
        station_send_empty(st, RF_SCCP_UNREGISTER);
        st->main->has_left = true;
    }
}

static void leave(void *self, const void *data)
{
    struct rf_station *st = self;
    if (station_in_call(st))
        station_calls_run(st, CALL_EV_U_HANG_UP);
    else
        unregister(st, NULL);
}

/* S2: a reset waits for the end of the call */
static void reset_now(void *self, const void *data)
{
    struct rf_station *st = self;
    if (st->reset != 0)
        post(st, REG_EV_LEAVE);
}

static void close_link(void *self, const void *data)
{
    station_close(self, NULL);
}

static void leave_late(void *self, const void *data)
{
    struct rf_station *st = self;
    if (st->main->link == NULL)
        post(st, REG_EV_NO_LINK);
    else
        station_close(st, NULL);
}

static void left(void *self, const void *data)
{
    struct rf_station *st = self;
    struct rf_station_event event = {.kind = RF_STATION_STOPPED};
    if (!st->is_stopping && st->reset != 0) {
        event.kind = RF_STATION_RESET;
        event.reset = (enum rf_sccp_reset_type)st->reset;
    }
    st->is_stopping = false;
    st->reset = 0;
    station_calls_run(st, CALL_EV_LINK_LOST);
    station_tell(st, &event);
}

static void stopped(void *self, const void *data)
{
    struct rf_station *st = self;
    st->is_stopping = false;
    station_tell_kind(st, RF_STATION_STOPPED);
}

/* ---- the table ---- */

/* clang-format off */
static const struct rf_fsm_row rows[] = {
    /* in                      event                action         to                         source */
    { RF_STATION_OFF,          REG_EV_START,        first_server,  RF_STATION_CONNECTING },
    { RF_STATION_OFF,          REG_EV_LEAVE,        stopped,       RF_STATION_OFF },
    { RF_STATION_OFF,          REG_EV_CALL_OVER,    NULL,          RF_STATION_OFF },

    /* not trusted, or not there: the next one, never in the clear */
    { RF_STATION_CONNECTING,   REG_EV_OPENED,       say_hello,     RF_STATION_REGISTERING },
    { RF_STATION_CONNECTING,   REG_EV_CLOSED,       refused_next,  RF_STATION_CONNECTING },
    { RF_STATION_CONNECTING,   REG_EV_NO_LINK,      next_server,   RF_STATION_CONNECTING },
    { RF_STATION_CONNECTING,   REG_EV_NO_SERVER,    wait,          RF_STATION_WAITING },
    { RF_STATION_CONNECTING,   REG_EV_STANDBY,      take_standby,  RF_STATION_REGISTERING },
    { RF_STATION_CONNECTING,   REG_EV_LEAVE,        leave,         RF_STATION_LEAVING },

    /* F3 */
    { RF_STATION_REGISTERING,  REG_EV_ACK,          registered,    RF_STATION_SETTING_UP },
    { RF_STATION_REGISTERING,  REG_EV_REJECT,       rejected,      RF_STATION_REGISTERING },
    { RF_STATION_REGISTERING,  REG_EV_T_STATE,      silent,        RF_STATION_REGISTERING },
    { RF_STATION_REGISTERING,  REG_EV_CLOSED,       refused_next,  RF_STATION_CONNECTING },
    { RF_STATION_REGISTERING,  REG_EV_LEAVE,        leave,         RF_STATION_LEAVING },

    { RF_STATION_SETTING_UP,   REG_EV_SET_UP,       up,            RF_STATION_UP },
    { RF_STATION_SETTING_UP,   REG_EV_T_STATE,      up_late,       RF_STATION_UP },
    { RF_STATION_SETTING_UP,   REG_EV_T_KEEPALIVE,  keepalive,     RF_STATION_SETTING_UP },
    { RF_STATION_SETTING_UP,   REG_EV_CALL_OVER,    reset_now,     RF_STATION_SETTING_UP },
    { RF_STATION_SETTING_UP,   REG_EV_CLOSED,       lost,          RF_STATION_LINKLESS },
    { RF_STATION_SETTING_UP,   REG_EV_LEAVE,        leave,         RF_STATION_LEAVING },

    /* F2, S2 */
    { RF_STATION_UP,           REG_EV_T_KEEPALIVE,  keepalive,     RF_STATION_UP },
    { RF_STATION_UP,           REG_EV_CALL_OVER,    reset_now,     RF_STATION_UP },
    { RF_STATION_UP,           REG_EV_CLOSED,       lost,          RF_STATION_LINKLESS },
    { RF_STATION_UP,           REG_EV_LEAVE,        leave,         RF_STATION_LEAVING },
    { RF_STATION_UP,           REG_EV_MOVE,         move,          RF_STATION_MOVING },

    { RF_STATION_MOVING,       REG_EV_UNREGISTERED, close_link,    RF_STATION_MOVING },
    { RF_STATION_MOVING,       REG_EV_T_STATE,      close_link,    RF_STATION_MOVING },
    { RF_STATION_MOVING,       REG_EV_CALL_OVER,    NULL,          RF_STATION_MOVING },
    { RF_STATION_MOVING,       REG_EV_CLOSED,       moved,         RF_STATION_CONNECTING },
    { RF_STATION_MOVING,       REG_EV_LEAVE,        NULL,          RF_STATION_LEAVING },

    { RF_STATION_WAITING,      REG_EV_T_STATE,      first_server,  RF_STATION_CONNECTING },
    { RF_STATION_WAITING,      REG_EV_LEAVE,        leave,         RF_STATION_LEAVING },

    /* F2: in a call the phone waits until the call ends */
    { RF_STATION_LINKLESS,     REG_EV_CALL_OVER,    come_back,     RF_STATION_CONNECTING },
    { RF_STATION_LINKLESS,     REG_EV_LEAVE,        leave,         RF_STATION_LEAVING },

    { RF_STATION_LEAVING,      REG_EV_CALL_OVER,    unregister,    RF_STATION_LEAVING },
    { RF_STATION_LEAVING,      REG_EV_UNREGISTERED, close_link,    RF_STATION_LEAVING },
    { RF_STATION_LEAVING,      REG_EV_T_STATE,      leave_late,    RF_STATION_LEAVING },
    { RF_STATION_LEAVING,      REG_EV_LEAVE,        NULL,          RF_STATION_LEAVING },
    { RF_STATION_LEAVING,      REG_EV_CLOSED,       left,          RF_STATION_OFF },
    { RF_STATION_LEAVING,      REG_EV_NO_LINK,      left,          RF_STATION_OFF },
};

static const char *const state_names[RF_STATION_REG_STATES_N] = {
    [RF_STATION_OFF] = "OFF",                 [RF_STATION_CONNECTING] = "CONNECTING",
    [RF_STATION_REGISTERING] = "REGISTERING", [RF_STATION_SETTING_UP] = "SETTING_UP",
    [RF_STATION_UP] = "UP",                   [RF_STATION_WAITING] = "WAITING",
    [RF_STATION_LINKLESS] = "LINKLESS",       [RF_STATION_LEAVING] = "LEAVING",
    [RF_STATION_MOVING] = "MOVING",
};

static const char *const event_names[REG_EVENTS] = {
    [REG_EV_START] = "START",               [REG_EV_OPENED] = "OPENED",
    [REG_EV_ACK] = "ACK",                   [REG_EV_REJECT] = "REJECT",
    [REG_EV_SET_UP] = "SET_UP",             [REG_EV_CALL_OVER] = "CALL_OVER",
    [REG_EV_LEAVE] = "LEAVE",               [REG_EV_UNREGISTERED] = "UNREGISTERED",
    [REG_EV_CLOSED] = "CLOSED",             [REG_EV_NO_LINK] = "NO_LINK",
    [REG_EV_NO_SERVER] = "NO_SERVER",       [REG_EV_STANDBY] = "STANDBY",
    [REG_EV_MOVE] = "MOVE",                 [REG_EV_T_STATE] = "T_STATE",
    [REG_EV_T_KEEPALIVE] = "T_KEEPALIVE",
};
/* clang-format on */

/* ---- timers and the runner's hooks ---- */

uint32_t station_spread_ms(uint32_t ms)
{
    return (uint32_t)((uint64_t)ms * (75 + rf_random_below(51)) / 100);
}

/* doc: docs/security-rules.md, "Boot states": from the first wait on doubled, times 0.75 to 1.25 */
static uint32_t next_wait_ms(struct rf_station *st)
{
    uint32_t ms = st->retry_ms;
    st->retry_ms = ms > st->conf.retry_max_ms / 2 ? st->conf.retry_max_ms : 2 * ms;
    st->wait_ms = station_spread_ms(ms);
    return st->wait_ms;
}

static uint32_t wait_of(struct rf_station *st)
{
    switch ((enum rf_station_reg_state)st->reg.state) {
    case RF_STATION_REGISTERING:
        return st->conf.register_ms;
    case RF_STATION_SETTING_UP:
        return st->conf.setup_ms;
    case RF_STATION_WAITING:
        return next_wait_ms(st);
    case RF_STATION_LEAVING:
    case RF_STATION_MOVING:
        return st->conf.leave_ms;
    case RF_STATION_OFF:
    case RF_STATION_CONNECTING: /* the link has its own limit */
    case RF_STATION_UP:
    case RF_STATION_LINKLESS:
    case RF_STATION_REG_STATES_N:
        break;
    }
    return 0;
}

static void timer_due(void *owner, uint64_t number)
{
    struct rf_station *st = owner;
    st->reg_timer = 0;
    station_reg_run(st, REG_EV_T_STATE, NULL);
}

/* Only a phone that is registered, or was until just now, has a link beside it. */
static bool keeps_standby(int state)
{
    return state == RF_STATION_SETTING_UP || state == RF_STATION_UP ||
           state == RF_STATION_LINKLESS || state == RF_STATION_MOVING;
}

static void entered(void *self, int state)
{
    struct rf_station *st = self;
    uint32_t ms = wait_of(st);
    if (state != RF_STATION_CONNECTING && !keeps_standby(state))
        station_standby_run(st, STANDBY_EV_STOP);
    rf_timer_stop(st->conf.timers, &st->reg_timer);
    if (ms != 0)
        st->reg_timer = rf_timer_start(st->conf.timers, ms, timer_due, st, 0);
}

static const char *label(const void *self)
{
    static _Thread_local char text[RF_STATION_NAME_MAX + 8];
    const struct rf_station *st = self;
    snprintf(text, sizeof text, "dev=%s", st->device);
    return text;
}

bool station_is_registered(const struct rf_station *st)
{
    return st->version != 0 && !st->main->is_closing;
}

const struct rf_fsm_def station_reg_fsm = {.name = "registration",
                                           .cat = RF_CAT_PHONE,
                                           .rows = rows,
                                           .n_rows = sizeof rows / sizeof *rows,
                                           .state_names = state_names,
                                           .n_states = RF_STATION_REG_STATES_N,
                                           .event_names = event_names,
                                           .n_events = REG_EVENTS,
                                           .label = label,
                                           .entered = entered};

/* X(action) */
#define ACTIONS(X)                                                                                 \
    X(first_server)                                                                                \
    X(next_server)                                                                                 \
    X(refused_next)                                                                                \
    X(wait)                                                                                        \
    X(say_hello)                                                                                   \
    X(registered)                                                                                  \
    X(rejected)                                                                                    \
    X(silent)                                                                                      \
    X(up)                                                                                          \
    X(up_late)                                                                                     \
    X(keepalive)                                                                                   \
    X(lost)                                                                                        \
    X(come_back)                                                                                   \
    X(take_standby)                                                                                \
    X(move)                                                                                        \
    X(moved)                                                                                       \
    X(unregister)                                                                                  \
    X(leave)                                                                                       \
    X(reset_now)                                                                                   \
    X(close_link)                                                                                  \
    X(leave_late)                                                                                  \
    X(left)                                                                                        \
    X(stopped)

const char *station_reg_action_name(rf_fsm_action action)
{
    static const struct rf_fsm_name names[] = {ACTIONS(RF_FSM_NAME)};
    return rf_fsm_name_find(names, sizeof names / sizeof *names, action);
}
