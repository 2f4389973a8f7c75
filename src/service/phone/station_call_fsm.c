/* SPDX-License-Identifier: Apache-2.0 */
/* A call of the phone, as a table. The server leads: its CallState says where the call is, the
 * user's keys go to it as messages, and the phone shows what it is told. What it decides alone:
 * that nothing is heard of it while it only rings, nor from the moment its user hangs up. doc:
 * docs/phone-calls.md, "The call"; docs/wire/sccp.md, "Flows": the steps that the rows name. */
#include "service/phone/station_int.h"

#include <stdio.h>
#include <string.h>

static void post(struct station_call *call, enum station_call_event event)
{
    rf_fsm_post(&call->fsm, (int)event, NULL, 0);
}

/* ---- going off hook and dialling ---- */

/* C1: by the handset, or by a key when the handset would answer or is up already */
static void go_off_hook(void *self, const void *data)
{
    const struct station_call *c = self;
    if (c->how == STATION_BY_LINE_KEY)
        station_send_stimulus(c->st, RF_SCCP_STIM_LINE, c->line, 0);
    else if (c->how == STATION_BY_NEW_CALL_KEY)
        station_send_softkey(c->st, c->how_event, c->line, c->how_ref);
    else
        station_send_hook(c->st, RF_SCCP_OFF_HOOK, 0, 0);
}

static void send_enbloc(void *self, const void *data)
{
    struct station_call *c = self;
    station_send_enbloc(c);
    c->n_dialled = strlen(c->digits);
}

static void gap_due(void *owner, uint64_t number)
{
    struct station_call *c = owner;
    c->gap = 0;
    station_call_run(c, CALL_EV_T_DIGIT, NULL);
}

static void gap_start(struct station_call *c)
{
    if (c->gap == 0 && c->digits[c->n_dialled] != '\0')
        c->gap = rf_timer_start(c->st->conf.timers, c->st->conf.digit_gap_ms, gap_due, c, 0);
}

/* The server gave a line: what there is to dial goes out, one digit after the other. */
static void take_line(void *self, const void *data)
{
    gap_start(self);
}

static void add_digit(void *self, const void *data)
{
    struct station_call *c = self;
    size_t n = strlen(c->digits);
    if (n < STATION_DIGITS)
        c->digits[n] = ((const struct station_data *)data)->digit;
}

static void dial_digit(void *self, const void *data)
{
    add_digit(self, data);
    gap_start(self);
}

static void next_digit(void *self, const void *data)
{
    struct station_call *c = self;
    char digit = c->digits[c->n_dialled];
    if (digit == '\0')
        return;
    c->n_dialled++;
    station_send_digit(c, digit);
    gap_start(c);
}

static void send_dtmf(void *self, const void *data)
{
    station_send_digit(self, ((const struct station_data *)data)->digit);
}

/* ---- answering and hanging up ---- */

/* The handset, or beside a call that has it already the Answer key. */
static void answer(void *self, const void *data)
{
    const struct station_call *c = self;
    uint32_t event;
    if (station_call_active(c->st, c) != NULL &&
        station_key_event(c->st, RF_SCCP_KEY_ANSWER, &event))
        station_send_softkey(c->st, event, c->line, c->ref);
    else
        station_send_hook(c->st, RF_SCCP_OFF_HOOK, c->line, c->ref);
}

static void send_end_key(const struct station_call *c)
{
    uint32_t event = RF_SCCP_KEY_END_CALL;
    (void)station_key_event(c->st, RF_SCCP_KEY_END_CALL, &event);
    station_send_softkey(c->st, event, c->line, c->ref);
}

/* A call that rings is turned away with the key that its screen offers for it, and one that is held
 * has no handset to put down. */
static void decline(void *self, const void *data)
{
    send_end_key(self);
}

static void hang_up(void *self, const void *data)
{
    struct station_call *c = self;
    station_voice_end(c);
    station_send_hook(c->st, RF_SCCP_ON_HOOK, c->line, c->ref);
}

static void end_by_key(void *self, const void *data)
{
    struct station_call *c = self;
    station_voice_end(c);
    send_end_key(c);
}

static void over(void *self, const void *data)
{
    struct station_call *c = self;
    station_voice_end(c);
    rf_timer_stop(c->st->conf.timers, &c->gap);
    if (station_calls_n(c->st, c) == 0)
        station_reg_run(c->st, REG_EV_CALL_OVER, NULL);
}

static void ring_again(void *self, const void *data)
{
    station_voice_end(self); /* nothing is heard of a phone that only rings */
}

/* Another phone of the line has it: this one has nothing to do with it but to show it. */
static void elsewhere(void *self, const void *data)
{
    over(self, NULL);
}

/* Digits that were not dialled yet are not for whoever answered. */
static void stop_dialling(void *self, const void *data)
{
    struct station_call *c = self;
    rf_timer_stop(c->st->conf.timers, &c->gap);
    c->n_dialled = strlen(c->digits);
}

static void no_line(void *self, const void *data)
{
    struct station_call *c = self;
    rf_warn(RF_CAT_PHONE, "the server gives no line dev=%s", c->st->device);
    hang_up(c, NULL);
}

static void not_connected(void *self, const void *data)
{
    struct station_call *c = self;
    rf_warn(RF_CAT_PHONE, "answered, but the server does not connect dev=%s call-ref=%u",
            c->st->device, c->ref);
    hang_up(c, NULL);
}

/* ---- the link ---- */

static void keep_talking(void *self, const void *data)
{
    struct station_call *c = self;
    rf_timer_stop(c->st->conf.timers, &c->gap);
    if (!station_voice_runs(c)) {
        post(c, CALL_EV_NO_MEDIA);
        return;
    }
    rf_info(RF_CAT_PHONE, "call preserved without its server dev=%s call-ref=%u", c->st->device,
            c->ref);
}

/* ---- the table ---- */

/* clang-format off */
static const struct rf_fsm_row rows[] = {
    /* in                      event                 action          to                         source */
    { RF_STATION_IDLE,         CALL_EV_U_OFF_HOOK,   go_off_hook,    RF_STATION_SEIZING },    /* C1 */
    { RF_STATION_IDLE,         CALL_EV_U_ENBLOC,     send_enbloc,    RF_STATION_SEIZING },    /* E1 */
    { RF_STATION_IDLE,         CALL_EV_S_OFF_HOOK,   NULL,           RF_STATION_DIALLING },
    { RF_STATION_IDLE,         CALL_EV_S_RING_IN,    NULL,           RF_STATION_RING_IN },    /* C6 */
    { RF_STATION_IDLE,         CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CONNECTED },
    { RF_STATION_IDLE,         CALL_EV_S_REMOTE,     NULL,           RF_STATION_REMOTE },
    { RF_STATION_IDLE,         CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    { RF_STATION_SEIZING,      CALL_EV_S_OFF_HOOK,   take_line,      RF_STATION_DIALLING },   /* C2 */
    { RF_STATION_SEIZING,      CALL_EV_S_RING_IN,    stop_dialling,  RF_STATION_ANSWERING },  /* both at once: our off hook answers it */
    { RF_STATION_SEIZING,      CALL_EV_S_PROCEED,    stop_dialling,  RF_STATION_PROCEEDING },
    { RF_STATION_SEIZING,      CALL_EV_S_RING_OUT,   stop_dialling,  RF_STATION_RING_OUT },
    { RF_STATION_SEIZING,      CALL_EV_S_CONNECTED,  stop_dialling,  RF_STATION_CONNECTED },
    { RF_STATION_SEIZING,      CALL_EV_S_FAILED,     stop_dialling,  RF_STATION_FAILED },
    { RF_STATION_SEIZING,      CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_SEIZING,      CALL_EV_U_DIGIT,      add_digit,      RF_STATION_SEIZING },
    { RF_STATION_SEIZING,      CALL_EV_U_HANG_UP,    hang_up,        RF_STATION_CLEARING },
    { RF_STATION_SEIZING,      CALL_EV_U_END_KEY,    end_by_key,     RF_STATION_CLEARING },
    { RF_STATION_SEIZING,      CALL_EV_T_STATE,      no_line,        RF_STATION_CLEARING },
    { RF_STATION_SEIZING,      CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    { RF_STATION_DIALLING,     CALL_EV_S_OFF_HOOK,   NULL,           RF_STATION_DIALLING },
    { RF_STATION_DIALLING,     CALL_EV_T_DIGIT,      next_digit,     RF_STATION_DIALLING },   /* C3 */
    { RF_STATION_DIALLING,     CALL_EV_U_DIGIT,      dial_digit,     RF_STATION_DIALLING },
    { RF_STATION_DIALLING,     CALL_EV_U_OFF_HOOK,   take_line,      RF_STATION_DIALLING },   /* its number comes later: T2 */
    { RF_STATION_DIALLING,     CALL_EV_U_ENBLOC,     send_enbloc,    RF_STATION_DIALLING },
    { RF_STATION_DIALLING,     CALL_EV_S_PROCEED,    stop_dialling,  RF_STATION_PROCEEDING }, /* C5 */
    { RF_STATION_DIALLING,     CALL_EV_S_RING_OUT,   stop_dialling,  RF_STATION_RING_OUT },
    { RF_STATION_DIALLING,     CALL_EV_S_CONNECTED,  stop_dialling,  RF_STATION_CONNECTED },
    { RF_STATION_DIALLING,     CALL_EV_S_FAILED,     stop_dialling,  RF_STATION_FAILED },
    { RF_STATION_DIALLING,     CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_DIALLING,     CALL_EV_U_HANG_UP,    hang_up,        RF_STATION_CLEARING },
    { RF_STATION_DIALLING,     CALL_EV_U_END_KEY,    end_by_key,     RF_STATION_CLEARING },
    { RF_STATION_DIALLING,     CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    { RF_STATION_PROCEEDING,   CALL_EV_S_PROCEED,    NULL,           RF_STATION_PROCEEDING },
    { RF_STATION_PROCEEDING,   CALL_EV_S_RING_OUT,   NULL,           RF_STATION_RING_OUT },
    { RF_STATION_PROCEEDING,   CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CONNECTED },
    { RF_STATION_PROCEEDING,   CALL_EV_S_FAILED,     NULL,           RF_STATION_FAILED },
    { RF_STATION_PROCEEDING,   CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_PROCEEDING,   CALL_EV_U_HANG_UP,    hang_up,        RF_STATION_CLEARING },
    { RF_STATION_PROCEEDING,   CALL_EV_U_END_KEY,    end_by_key,     RF_STATION_CLEARING },
    { RF_STATION_PROCEEDING,   CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    { RF_STATION_RING_OUT,     CALL_EV_S_PROCEED,    NULL,           RF_STATION_PROCEEDING },
    { RF_STATION_RING_OUT,     CALL_EV_S_RING_OUT,   NULL,           RF_STATION_RING_OUT },
    { RF_STATION_RING_OUT,     CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CONNECTED },  /* C9 */
    { RF_STATION_RING_OUT,     CALL_EV_S_FAILED,     NULL,           RF_STATION_FAILED },
    { RF_STATION_RING_OUT,     CALL_EV_S_HOLD,       NULL,           RF_STATION_HELD },
    { RF_STATION_RING_OUT,     CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_RING_OUT,     CALL_EV_U_HANG_UP,    hang_up,        RF_STATION_CLEARING },
    { RF_STATION_RING_OUT,     CALL_EV_U_END_KEY,    end_by_key,     RF_STATION_CLEARING },
    { RF_STATION_RING_OUT,     CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    { RF_STATION_RING_IN,      CALL_EV_S_RING_IN,    NULL,           RF_STATION_RING_IN },
    { RF_STATION_RING_IN,      CALL_EV_U_ANSWER,     answer,         RF_STATION_ANSWERING },  /* C7 */
    { RF_STATION_RING_IN,      CALL_EV_S_OFF_HOOK,   NULL,           RF_STATION_ANSWERING },
    { RF_STATION_RING_IN,      CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CONNECTED },
    { RF_STATION_RING_IN,      CALL_EV_S_FAILED,     NULL,           RF_STATION_FAILED },
    { RF_STATION_RING_IN,      CALL_EV_S_REMOTE,     elsewhere,      RF_STATION_REMOTE },      /* answered on another phone of the line */
    { RF_STATION_RING_IN,      CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_RING_IN,      CALL_EV_U_HANG_UP,    decline,        RF_STATION_CLEARING },
    { RF_STATION_RING_IN,      CALL_EV_U_END_KEY,    decline,        RF_STATION_CLEARING },
    { RF_STATION_RING_IN,      CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    { RF_STATION_ANSWERING,    CALL_EV_S_RING_IN,    NULL,           RF_STATION_ANSWERING },
    { RF_STATION_ANSWERING,    CALL_EV_S_OFF_HOOK,   NULL,           RF_STATION_ANSWERING },
    { RF_STATION_ANSWERING,    CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CONNECTED },  /* C8 */
    { RF_STATION_ANSWERING,    CALL_EV_S_FAILED,     NULL,           RF_STATION_FAILED },
    { RF_STATION_ANSWERING,    CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_ANSWERING,    CALL_EV_U_HANG_UP,    hang_up,        RF_STATION_CLEARING },
    { RF_STATION_ANSWERING,    CALL_EV_U_END_KEY,    end_by_key,     RF_STATION_CLEARING },
    { RF_STATION_ANSWERING,    CALL_EV_T_STATE,      not_connected,  RF_STATION_CLEARING },
    { RF_STATION_ANSWERING,    CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    { RF_STATION_CONNECTED,    CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CONNECTED },
    { RF_STATION_CONNECTED,    CALL_EV_U_DIGIT,      send_dtmf,      RF_STATION_CONNECTED },  /* C10 */
    { RF_STATION_CONNECTED,    CALL_EV_S_HOLD,       NULL,           RF_STATION_HELD },       /* H1 */
    { RF_STATION_CONNECTED,    CALL_EV_S_REMOTE,     elsewhere,      RF_STATION_REMOTE },
    { RF_STATION_CONNECTED,    CALL_EV_S_PROCEED,    NULL,           RF_STATION_PROCEEDING }, /* a transfer */
    { RF_STATION_CONNECTED,    CALL_EV_S_RING_OUT,   NULL,           RF_STATION_RING_OUT },
    { RF_STATION_CONNECTED,    CALL_EV_S_FAILED,     NULL,           RF_STATION_FAILED },
    { RF_STATION_CONNECTED,    CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },       /* O2 */
    { RF_STATION_CONNECTED,    CALL_EV_U_HANG_UP,    hang_up,        RF_STATION_CLEARING },
    { RF_STATION_CONNECTED,    CALL_EV_U_END_KEY,    end_by_key,     RF_STATION_CLEARING },
    { RF_STATION_CONNECTED,    CALL_EV_LINK_LOST,    keep_talking,   RF_STATION_PRESERVED },  /* L1, F2 */

    { RF_STATION_HELD,         CALL_EV_S_HOLD,       NULL,           RF_STATION_HELD },
    { RF_STATION_HELD,         CALL_EV_S_RING_IN,    ring_again,     RF_STATION_RING_IN },     /* it comes back to who held it */
    { RF_STATION_HELD,         CALL_EV_S_PROCEED,    NULL,           RF_STATION_PROCEEDING },
    { RF_STATION_HELD,         CALL_EV_S_RING_OUT,   NULL,           RF_STATION_RING_OUT },
    { RF_STATION_HELD,         CALL_EV_S_REMOTE,     elsewhere,      RF_STATION_REMOTE },
    { RF_STATION_HELD,         CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CONNECTED },
    { RF_STATION_HELD,         CALL_EV_S_FAILED,     NULL,           RF_STATION_FAILED },
    { RF_STATION_HELD,         CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_HELD,         CALL_EV_U_HANG_UP,    end_by_key,     RF_STATION_CLEARING },
    { RF_STATION_HELD,         CALL_EV_U_END_KEY,    end_by_key,     RF_STATION_CLEARING },
    { RF_STATION_HELD,         CALL_EV_LINK_LOST,    keep_talking,   RF_STATION_PRESERVED },

    { RF_STATION_FAILED,       CALL_EV_S_FAILED,     NULL,           RF_STATION_FAILED },
    { RF_STATION_FAILED,       CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CONNECTED },
    { RF_STATION_FAILED,       CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_FAILED,       CALL_EV_U_HANG_UP,    hang_up,        RF_STATION_CLEARING },
    { RF_STATION_FAILED,       CALL_EV_U_END_KEY,    end_by_key,     RF_STATION_CLEARING },
    { RF_STATION_FAILED,       CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    /* O3: whatever still comes for it, it is over with the next on hook */
    { RF_STATION_CLEARING,     CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_CLEARING,     CALL_EV_S_OFF_HOOK,   NULL,           RF_STATION_CLEARING },
    { RF_STATION_CLEARING,     CALL_EV_S_RING_OUT,   NULL,           RF_STATION_CLEARING },
    { RF_STATION_CLEARING,     CALL_EV_S_RING_IN,    NULL,           RF_STATION_CLEARING },
    { RF_STATION_CLEARING,     CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CLEARING },
    { RF_STATION_CLEARING,     CALL_EV_S_FAILED,     NULL,           RF_STATION_CLEARING },
    { RF_STATION_CLEARING,     CALL_EV_S_HOLD,       NULL,           RF_STATION_CLEARING },
    { RF_STATION_CLEARING,     CALL_EV_S_PROCEED,    NULL,           RF_STATION_CLEARING },
    { RF_STATION_CLEARING,     CALL_EV_U_HANG_UP,    NULL,           RF_STATION_CLEARING },
    { RF_STATION_CLEARING,     CALL_EV_U_END_KEY,    NULL,           RF_STATION_CLEARING },
    { RF_STATION_CLEARING,     CALL_EV_T_STATE,      over,           RF_STATION_IDLE },
    { RF_STATION_CLEARING,     CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    { RF_STATION_CLEARING,     CALL_EV_S_REMOTE,     elsewhere,      RF_STATION_REMOTE },

    { RF_STATION_PRESERVED,    CALL_EV_NO_MEDIA,     over,           RF_STATION_IDLE },
    { RF_STATION_PRESERVED,    CALL_EV_U_HANG_UP,    over,           RF_STATION_IDLE },
    { RF_STATION_PRESERVED,    CALL_EV_U_END_KEY,    over,           RF_STATION_IDLE },

    /* a shared line: in use or held at another phone, taken over or barged into by the server's word */
    { RF_STATION_REMOTE,       CALL_EV_S_REMOTE,     NULL,           RF_STATION_REMOTE },
    { RF_STATION_REMOTE,       CALL_EV_S_RING_IN,    NULL,           RF_STATION_RING_IN },
    { RF_STATION_REMOTE,       CALL_EV_S_CONNECTED,  NULL,           RF_STATION_CONNECTED },
    { RF_STATION_REMOTE,       CALL_EV_S_HOLD,       NULL,           RF_STATION_HELD },
    { RF_STATION_REMOTE,       CALL_EV_S_FAILED,     NULL,           RF_STATION_FAILED },
    { RF_STATION_REMOTE,       CALL_EV_S_ON_HOOK,    over,           RF_STATION_IDLE },
    { RF_STATION_REMOTE,       CALL_EV_LINK_LOST,    over,           RF_STATION_IDLE },

    { RF_FSM_ANY,              CALL_EV_S_WORD,       NULL,           RF_FSM_SAME },            /* shown, nothing else */
};

static const char *const state_names[RF_STATION_CALL_STATES_N] = {
    [RF_STATION_IDLE] = "IDLE",             [RF_STATION_SEIZING] = "SEIZING",
    [RF_STATION_DIALLING] = "DIALLING",     [RF_STATION_PROCEEDING] = "PROCEEDING",
    [RF_STATION_RING_OUT] = "RING_OUT",     [RF_STATION_RING_IN] = "RING_IN",
    [RF_STATION_ANSWERING] = "ANSWERING",   [RF_STATION_CONNECTED] = "CONNECTED",
    [RF_STATION_HELD] = "HELD",             [RF_STATION_FAILED] = "FAILED",
    [RF_STATION_CLEARING] = "CLEARING",     [RF_STATION_PRESERVED] = "PRESERVED",
    [RF_STATION_REMOTE] = "REMOTE",
};

static const char *const event_names[CALL_EVENTS] = {
    [CALL_EV_U_OFF_HOOK] = "U_OFF_HOOK",    [CALL_EV_U_ENBLOC] = "U_ENBLOC",
    [CALL_EV_U_DIGIT] = "U_DIGIT",          [CALL_EV_U_ANSWER] = "U_ANSWER",
    [CALL_EV_U_HANG_UP] = "U_HANG_UP",      [CALL_EV_U_END_KEY] = "U_END_KEY",
    [CALL_EV_S_OFF_HOOK] = "S_OFF_HOOK",    [CALL_EV_S_REMOTE] = "S_REMOTE",
    [CALL_EV_S_WORD] = "S_WORD",
    [CALL_EV_S_ON_HOOK] = "S_ON_HOOK",      [CALL_EV_S_RING_OUT] = "S_RING_OUT",
    [CALL_EV_S_RING_IN] = "S_RING_IN",      [CALL_EV_S_CONNECTED] = "S_CONNECTED",
    [CALL_EV_S_FAILED] = "S_FAILED",        [CALL_EV_S_HOLD] = "S_HOLD",
    [CALL_EV_S_PROCEED] = "S_PROCEED",      [CALL_EV_LINK_LOST] = "LINK_LOST",
    [CALL_EV_NO_MEDIA] = "NO_MEDIA",        [CALL_EV_T_DIGIT] = "T_DIGIT",
    [CALL_EV_T_STATE] = "T_STATE",
};
/* clang-format on */

/* ---- timers and the runner's hooks ---- */

static uint32_t wait_of(const struct rf_station *st, int state)
{
    if (state == RF_STATION_SEIZING || state == RF_STATION_ANSWERING)
        return st->conf.seize_ms;
    return state == RF_STATION_CLEARING ? st->conf.clear_ms : 0;
}

static void timer_due(void *owner, uint64_t number)
{
    struct station_call *c = owner;
    c->timer = 0;
    station_call_run(c, CALL_EV_T_STATE, NULL);
}

static void entered(void *self, int state)
{
    struct station_call *c = self;
    uint32_t ms = wait_of(c->st, state);
    rf_timer_stop(c->st->conf.timers, &c->timer);
    if (ms != 0)
        c->timer = rf_timer_start(c->st->conf.timers, ms, timer_due, c, 0);
}

static const char *label(const void *self)
{
    static _Thread_local char text[RF_STATION_NAME_MAX + 32];
    const struct station_call *c = self;
    snprintf(text, sizeof text, "dev=%s call-ref=%u", c->st->device, c->ref);
    return text;
}

const struct rf_fsm_def station_call_fsm = {.name = "phone-call",
                                            .cat = RF_CAT_PHONE,
                                            .rows = rows,
                                            .n_rows = sizeof rows / sizeof *rows,
                                            .state_names = state_names,
                                            .n_states = RF_STATION_CALL_STATES_N,
                                            .event_names = event_names,
                                            .n_events = CALL_EVENTS,
                                            .label = label,
                                            .entered = entered};

/* X(action) */
#define ACTIONS(X)                                                                                 \
    X(go_off_hook)                                                                                 \
    X(send_enbloc)                                                                                 \
    X(take_line)                                                                                   \
    X(add_digit)                                                                                   \
    X(dial_digit)                                                                                  \
    X(next_digit)                                                                                  \
    X(send_dtmf)                                                                                   \
    X(answer)                                                                                      \
    X(decline)                                                                                     \
    X(hang_up)                                                                                     \
    X(end_by_key)                                                                                  \
    X(over)                                                                                        \
    X(ring_again)                                                                                  \
    X(elsewhere)                                                                                   \
    X(stop_dialling)                                                                               \
    X(no_line)                                                                                     \
    X(not_connected)                                                                               \
    X(keep_talking)

const char *station_call_action_name(rf_fsm_action action)
{
    static const struct rf_fsm_name names[] = {ACTIONS(RF_FSM_NAME)};
    return rf_fsm_name_find(names, sizeof names / sizeof *names, action);
}
