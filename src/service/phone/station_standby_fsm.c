/* SPDX-License-Identifier: Apache-2.0 */
/* The link beside the one in use, as a table. To a server of higher priority: the phone asks it
 * whether it may come back, and goes when it may. To the next one otherwise: nothing but keepalives
 * passes, so that the phone can register there at once when it loses its own. On SRST it goes to a
 * call manager only, which has to prove first that it stays.
 * doc: docs/phone-calls.md, "Fail-over"; docs/wire/sccp.md, "Flows": steps named in the rows */
#include "service/phone/station_int.h"

#include <stdio.h>

#define KEEPALIVES_MISSED 3 /* F2 */
#define TOKEN_WAIT_MAX_S  3600u
#define TOKEN_WAIT_S      30u /* where the server says none */
/* A call manager that proves itself is asked so often, that a short break is not overlooked; at
 * least eight times in monitor_ms, but not more than once a second. */
#define PROOF_MS  5000u
#define PROOF_MIN 1000u
#define PROOFS    8u

static void post(struct rf_station *st, enum station_standby_event event)
{
    rf_fsm_post(&st->standby, (int)event, NULL, 0);
}

static void tell(struct rf_station *st, const char *word)
{
    const struct station_peer *peer = station_other(st);
    rf_info(RF_CAT_PHONE, "standby %s server=%s dev=%s", word, peer->server_text, st->device);
    station_tell(st, &(struct rf_station_event){
                         .kind = RF_STATION_STANDBY, .word = word, .server = peer->server_text});
}

/* ---- finding one ---- */

/* Those of higher priority first, then those behind the one in use. */
static size_t candidate(const struct rf_station *st)
{
    return st->standby_place < st->main->server ? st->standby_place : st->standby_place + 1;
}

/* doc: docs/phone-calls.md, "Fail-over": a router is there for a phone that has no second call
 * manager, and is left for a call manager only */
static bool may_stand_by(const struct rf_station *st, size_t server)
{
    struct rf_why why = {0};
    size_t call_managers = 0;
    if (!st->conf.servers[server].is_srst)
        return true;
    for (size_t i = 0; i < st->conf.n_servers; i++)
        call_managers += !st->conf.servers[i].is_srst;
    return call_managers == 1 && !station_is_on_srst(st) &&
           station_may_connect(st, server, &why) == RF_OK;
}

static void try_candidate(struct rf_station *st)
{
    struct station_peer *peer = station_other(st);
    struct rf_why why = {0};
    while (st->standby_place + 1 < st->conf.n_servers && !may_stand_by(st, candidate(st)))
        st->standby_place++;
    if (st->standby_place + 1 >= st->conf.n_servers) {
        post(st, STANDBY_EV_NO_OTHER);
        return;
    }
    peer->server = candidate(st);
    if (!station_connect(peer, &why))
        post(st, STANDBY_EV_NO_LINK);
}

static void first_candidate(void *self, const void *data)
{
    struct rf_station *st = self;
    st->standby_place = 0;
    try_candidate(st);
}

static void next_candidate(void *self, const void *data)
{
    struct rf_station *st = self;
    st->standby_place++;
    try_candidate(st);
}

void station_standby_opened(struct rf_station *st)
{
    bool is_better = station_other(st)->server < st->main->server;
    if (station_is_on_srst(st))
        station_standby_run(st, STANDBY_EV_OPENED_AGAIN);
    else
        station_standby_run(st, is_better ? STANDBY_EV_OPENED_BETTER : STANDBY_EV_OPENED_OTHER);
}

/* ---- standing by ---- */

static void keepalive_due(void *owner, uint64_t number)
{
    struct rf_station *st = owner;
    st->standby_keepalive = 0;
    station_standby_run(st, STANDBY_EV_T_KEEPALIVE);
}

static uint64_t keepalive_ms(const struct rf_station *st)
{
    uint64_t ms = st->conf.monitor_ms / PROOFS;
    if (st->standby.state != RF_STATION_STANDBY_PROVING)
        return (uint64_t)st->standby_keepalive_s * 1000;
    return ms < PROOF_MIN ? PROOF_MIN : ms > PROOF_MS ? PROOF_MS : ms;
}

static void keepalive_start(struct rf_station *st)
{
    if (st->standby_keepalive == 0)
        st->standby_keepalive =
            rf_timer_start(st->conf.timers, keepalive_ms(st), keepalive_due, st, 0);
}

static void keepalive(void *self, const void *data)
{
    struct rf_station *st = self;
    struct station_peer *peer = station_other(st);
    struct rf_why why = {0};
    if (peer->unanswered >= KEEPALIVES_MISSED) {
        rf_why_set(&why, RF_ERR_AGAIN, "keepalive-timeout", "%u keepalives without an answer",
                   peer->unanswered);
        station_peer_close(peer, &why);
        return;
    }
    peer->unanswered++;
    station_peer_send(peer, &(struct rf_sccp_msg){.id = RF_SCCP_KEEPALIVE});
    keepalive_start(st);
}

/* The first keepalive at once: servers do not keep a link on which nothing was said. */
static void stand_by(void *self, const void *data)
{
    tell(self, "up");
    keepalive(self, data);
}

static void lost(void *self, const void *data)
{
    tell(self, "lost");
}

static void drop_link(void *self, const void *data)
{
    struct rf_station *st = self;
    if (station_other(st)->link == NULL)
        post(st, STANDBY_EV_NO_LINK);
    else
        station_peer_close(station_other(st), NULL);
}

/* ---- on SRST: a call manager that is back proves that it stays ---- */

static void timer_due(void *owner, uint64_t number);

static void proof_begins(struct rf_station *st)
{
    st->proves_since_ms = rf_now_ms(st->conf.clock);
    rf_timer_stop(st->conf.timers, &st->standby_timer);
    st->standby_timer = rf_timer_start(st->conf.timers, st->conf.monitor_ms, timer_due, st, 0);
}

static void prove(void *self, const void *data)
{
    struct rf_station *st = self;
    tell(st, "proves");
    proof_begins(st);
    keepalive(st, data);
}

/* One question left open, and the time begins anew. */
static void prove_on(void *self, const void *data)
{
    struct rf_station *st = self;
    if (station_other(st)->unanswered > 0) {
        tell(st, "missed");
        proof_begins(st);
    }
    keepalive(st, data);
}

/* The time is over: the answer to a last question is the proof, and it gets its time. */
static void prove_last(void *self, const void *data)
{
    struct rf_station *st = self;
    if (station_other(st)->unanswered > 0)
        return;
    rf_timer_stop(st->conf.timers, &st->standby_keepalive);
    keepalive(st, data);
}

void station_standby_answered(struct rf_station *st)
{
    if (st->standby.state == RF_STATION_STANDBY_PROVING &&
        rf_now_ms(st->conf.clock) - st->proves_since_ms >= st->conf.monitor_ms)
        station_standby_run(st, STANDBY_EV_PROVEN);
}

/* One that is better may be back: for it the link to this one is given up. */
static void look_for_better(void *self, const void *data)
{
    station_peer_close(station_other(self), NULL);
}

/* ---- coming back ---- */

/* T1. Not away from under a call: until that is over the link is kept. */
static void ask(void *self, const void *data)
{
    struct rf_station *st = self;
    if (station_in_call(st)) {
        if (station_other(st)->out == 0) /* servers do not keep one on which nothing was said */
            keepalive(st, data);
        st->token_wait_ms = st->conf.return_ms;
        post(st, STANDBY_EV_BUSY);
        return;
    }
    station_send_token_req(station_other(st));
    tell(st, "asks");
}

static void silent(void *self, const void *data)
{
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_AGAIN, "answer-timeout", "the server does not answer the request");
    station_peer_close(station_other(self), &why);
}

void station_standby_refused(struct rf_station *st, uint32_t wait_s)
{
    uint32_t s = wait_s == 0 ? TOKEN_WAIT_S : wait_s > TOKEN_WAIT_MAX_S ? TOKEN_WAIT_MAX_S : wait_s;
    st->token_wait_ms = s * 1000;
    station_standby_run(st, STANDBY_EV_REFUSED);
}

static void refused(void *self, const void *data)
{
    struct rf_station *st = self;
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_STANDBY,
                                                .word = "refused",
                                                .wait_ms = st->token_wait_ms,
                                                .server = station_other(st)->server_text});
}

void station_standby_untrusted(struct rf_station *st, const struct rf_why *why)
{
    const struct station_peer *peer = station_other(st);
    rf_warn(RF_CAT_PHONE, "standby refused by this phone: %s server=%s dev=%s", rf_why_text(why),
            peer->server_text, st->device);
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_STANDBY,
                                                .word = "untrusted",
                                                .why = *why,
                                                .server = peer->server_text,
                                                .is_srst = st->conf.servers[peer->server].is_srst});
}

/* T2 */
static void granted(void *self, const void *data)
{
    struct rf_station *st = self;
    if (station_in_call(st)) {
        st->token_wait_ms = st->conf.return_ms;
        post(st, STANDBY_EV_BUSY);
        return;
    }
    tell(st, "granted");
    station_reg_run(st, REG_EV_MOVE, NULL);
}

bool station_standby_is_open(struct rf_station *st)
{
    const struct station_peer *peer = station_other(st);
    return peer->link != NULL && peer->is_open && !peer->is_closing;
}

bool station_standby_take(struct rf_station *st)
{
    if (!station_standby_is_open(st))
        return false;
    tell(st, "taken");
    st->main = station_other(st);
    st->main->unanswered = 0;
    return true;
}

/* ---- the table ---- */

/* clang-format off */
static const struct rf_fsm_row rows[] = {
    /* in                          event                      action           to                              source */
    { RF_STATION_STANDBY_OFF,        STANDBY_EV_START,          first_candidate, RF_STATION_STANDBY_CONNECTING },

    { RF_STATION_STANDBY_CONNECTING, STANDBY_EV_OPENED_BETTER,  ask,             RF_STATION_STANDBY_ASKING },    /* T1 */
    { RF_STATION_STANDBY_CONNECTING, STANDBY_EV_OPENED_OTHER,   stand_by,        RF_STATION_STANDBY_UP },        /* F1 */
    { RF_STATION_STANDBY_CONNECTING, STANDBY_EV_OPENED_AGAIN,   prove,           RF_STATION_STANDBY_PROVING },   /* S1 */
    { RF_STATION_STANDBY_CONNECTING, STANDBY_EV_CLOSED,         next_candidate,  RF_STATION_STANDBY_CONNECTING },
    { RF_STATION_STANDBY_CONNECTING, STANDBY_EV_NO_LINK,        next_candidate,  RF_STATION_STANDBY_CONNECTING },
    { RF_STATION_STANDBY_CONNECTING, STANDBY_EV_NO_OTHER,       NULL,            RF_STATION_STANDBY_WAITING },
    { RF_STATION_STANDBY_CONNECTING, STANDBY_EV_STOP,           drop_link,       RF_STATION_STANDBY_CLOSING },

    { RF_STATION_STANDBY_UP,         STANDBY_EV_T_KEEPALIVE,    keepalive,       RF_STATION_STANDBY_UP },
    { RF_STATION_STANDBY_UP,         STANDBY_EV_T_STATE,        look_for_better, RF_STATION_STANDBY_UP },
    { RF_STATION_STANDBY_UP,         STANDBY_EV_CLOSED,         lost,            RF_STATION_STANDBY_WAITING },
    { RF_STATION_STANDBY_UP,         STANDBY_EV_STOP,           drop_link,       RF_STATION_STANDBY_CLOSING },

    { RF_STATION_STANDBY_PROVING,    STANDBY_EV_PROVEN,         ask,             RF_STATION_STANDBY_ASKING },    /* T1 */
    { RF_STATION_STANDBY_PROVING,    STANDBY_EV_T_KEEPALIVE,    prove_on,        RF_STATION_STANDBY_PROVING },
    { RF_STATION_STANDBY_PROVING,    STANDBY_EV_T_STATE,        prove_last,      RF_STATION_STANDBY_PROVING },
    { RF_STATION_STANDBY_PROVING,    STANDBY_EV_CLOSED,         lost,            RF_STATION_STANDBY_WAITING },
    { RF_STATION_STANDBY_PROVING,    STANDBY_EV_STOP,           drop_link,       RF_STATION_STANDBY_CLOSING },

    { RF_STATION_STANDBY_ASKING,     STANDBY_EV_GRANTED,        granted,         RF_STATION_STANDBY_GRANTED },   /* T2 */
    { RF_STATION_STANDBY_ASKING,     STANDBY_EV_REFUSED,        refused,         RF_STATION_STANDBY_REFUSED },   /* T3 */
    { RF_STATION_STANDBY_ASKING,     STANDBY_EV_BUSY,           NULL,            RF_STATION_STANDBY_REFUSED },
    { RF_STATION_STANDBY_ASKING,     STANDBY_EV_T_KEEPALIVE,    keepalive,       RF_STATION_STANDBY_ASKING },
    { RF_STATION_STANDBY_ASKING,     STANDBY_EV_T_STATE,        silent,          RF_STATION_STANDBY_ASKING },
    { RF_STATION_STANDBY_ASKING,     STANDBY_EV_CLOSED,         lost,            RF_STATION_STANDBY_WAITING },
    { RF_STATION_STANDBY_ASKING,     STANDBY_EV_STOP,           drop_link,       RF_STATION_STANDBY_CLOSING },

    { RF_STATION_STANDBY_REFUSED,    STANDBY_EV_T_STATE,        ask,             RF_STATION_STANDBY_ASKING },    /* T3 */
    { RF_STATION_STANDBY_REFUSED,    STANDBY_EV_T_KEEPALIVE,    keepalive,       RF_STATION_STANDBY_REFUSED },
    { RF_STATION_STANDBY_REFUSED,    STANDBY_EV_CLOSED,         lost,            RF_STATION_STANDBY_WAITING },
    { RF_STATION_STANDBY_REFUSED,    STANDBY_EV_STOP,           drop_link,       RF_STATION_STANDBY_CLOSING },

    { RF_STATION_STANDBY_GRANTED,    STANDBY_EV_BUSY,           NULL,            RF_STATION_STANDBY_REFUSED },
    { RF_STATION_STANDBY_GRANTED,    STANDBY_EV_T_KEEPALIVE,    keepalive,       RF_STATION_STANDBY_GRANTED },
    { RF_STATION_STANDBY_GRANTED,    STANDBY_EV_T_STATE,        ask,             RF_STATION_STANDBY_ASKING },    /* it was not followed */
    { RF_STATION_STANDBY_GRANTED,    STANDBY_EV_CLOSED,         lost,            RF_STATION_STANDBY_WAITING },
    { RF_STATION_STANDBY_GRANTED,    STANDBY_EV_STOP,           drop_link,       RF_STATION_STANDBY_CLOSING },

    { RF_STATION_STANDBY_WAITING,    STANDBY_EV_T_STATE,        first_candidate, RF_STATION_STANDBY_CONNECTING },
    { RF_STATION_STANDBY_WAITING,    STANDBY_EV_STOP,           NULL,            RF_STATION_STANDBY_OFF },

    { RF_STATION_STANDBY_CLOSING,    STANDBY_EV_CLOSED,         NULL,            RF_STATION_STANDBY_OFF },
    { RF_STATION_STANDBY_CLOSING,    STANDBY_EV_NO_LINK,        NULL,            RF_STATION_STANDBY_OFF },
};

static const char *const state_names[RF_STATION_STANDBY_STATES_N] = {
    [RF_STATION_STANDBY_OFF] = "OFF",         [RF_STATION_STANDBY_CONNECTING] = "CONNECTING",
    [RF_STATION_STANDBY_UP] = "UP",           [RF_STATION_STANDBY_ASKING] = "ASKING",
    [RF_STATION_STANDBY_REFUSED] = "REFUSED", [RF_STATION_STANDBY_GRANTED] = "GRANTED",
    [RF_STATION_STANDBY_WAITING] = "WAITING", [RF_STATION_STANDBY_CLOSING] = "CLOSING",
    [RF_STATION_STANDBY_PROVING] = "PROVING",
};

static const char *const event_names[STANDBY_EVENTS] = {
    [STANDBY_EV_START] = "START",               [STANDBY_EV_OPENED_BETTER] = "OPENED_BETTER",
    [STANDBY_EV_OPENED_OTHER] = "OPENED_OTHER", [STANDBY_EV_CLOSED] = "CLOSED",
    [STANDBY_EV_NO_LINK] = "NO_LINK",           [STANDBY_EV_NO_OTHER] = "NO_OTHER",
    [STANDBY_EV_GRANTED] = "GRANTED",           [STANDBY_EV_REFUSED] = "REFUSED",
    [STANDBY_EV_BUSY] = "BUSY",                 [STANDBY_EV_T_STATE] = "T_STATE",
    [STANDBY_EV_T_KEEPALIVE] = "T_KEEPALIVE",   [STANDBY_EV_STOP] = "STOP",
    [STANDBY_EV_OPENED_AGAIN] = "OPENED_AGAIN", [STANDBY_EV_PROVEN] = "PROVEN",
};
/* clang-format on */

/* ---- timers and the runner's hooks ---- */

/* Where a better server may come back, the link to another one is not for ever. */
static uint64_t wait_of(const struct rf_station *st, int state)
{
    if (state == RF_STATION_STANDBY_ASKING)
        return st->conf.register_ms;
    if (state == RF_STATION_STANDBY_GRANTED)
        return (uint64_t)st->conf.register_ms + st->conf.leave_ms;
    if (state == RF_STATION_STANDBY_REFUSED)
        return st->token_wait_ms;
    if (state == RF_STATION_STANDBY_WAITING)
        return station_spread_ms(st->conf.return_ms);
    return state == RF_STATION_STANDBY_UP && st->main->server > 0 ? (uint64_t)4 * st->conf.return_ms
                                                                  : 0;
}

static void timer_due(void *owner, uint64_t number)
{
    struct rf_station *st = owner;
    st->standby_timer = 0;
    station_standby_run(st, STANDBY_EV_T_STATE);
}

static bool is_linked(int state)
{
    return state == RF_STATION_STANDBY_UP || state == RF_STATION_STANDBY_PROVING ||
           state == RF_STATION_STANDBY_ASKING || state == RF_STATION_STANDBY_REFUSED ||
           state == RF_STATION_STANDBY_GRANTED;
}

static void entered(void *self, int state)
{
    struct rf_station *st = self;
    uint64_t ms = wait_of(st, state);
    rf_timer_stop(st->conf.timers, &st->standby_timer);
    if (ms != 0)
        st->standby_timer = rf_timer_start(st->conf.timers, ms, timer_due, st, 0);
    if (is_linked(state))
        keepalive_start(st);
    else
        rf_timer_stop(st->conf.timers, &st->standby_keepalive);
}

static const char *label(const void *self)
{
    static _Thread_local char text[RF_STATION_NAME_MAX + 8];
    const struct rf_station *st = self;
    snprintf(text, sizeof text, "dev=%s", st->device);
    return text;
}

const struct rf_fsm_def station_standby_fsm = {.name = "standby",
                                               .cat = RF_CAT_PHONE,
                                               .rows = rows,
                                               .n_rows = sizeof rows / sizeof *rows,
                                               .state_names = state_names,
                                               .n_states = RF_STATION_STANDBY_STATES_N,
                                               .event_names = event_names,
                                               .n_events = STANDBY_EVENTS,
                                               .label = label,
                                               .entered = entered};

/* X(action) */
#define ACTIONS(X)                                                                                 \
    X(first_candidate)                                                                             \
    X(next_candidate)                                                                              \
    X(stand_by)                                                                                    \
    X(prove)                                                                                       \
    X(prove_on)                                                                                    \
    X(prove_last)                                                                                  \
    X(lost)                                                                                        \
    X(keepalive)                                                                                   \
    X(drop_link)                                                                                   \
    X(look_for_better)                                                                             \
    X(ask)                                                                                         \
    X(silent)                                                                                      \
    X(refused)                                                                                     \
    X(granted)

const char *station_standby_action_name(rf_fsm_action action)
{
    static const struct rf_fsm_name names[] = {ACTIONS(RF_FSM_NAME)};
    return rf_fsm_name_find(names, sizeof names / sizeof *names, action);
}
