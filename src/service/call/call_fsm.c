/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a call, as a table. doc: docs/call-control.md, "A call" has it as a picture;
 * docs/wire/sccp.md, "Flows": the steps that the rows name. */
#include "base/faults.h"
#include "service/call/call_int.h"

#include <stdio.h>
#include <string.h>

/* ---- dialling ---- */

static void timer_start(struct call *call);

void call_post(struct call *call, int event, struct call_data data)
{
    rf_fsm_post(&call->fsm, event, &data, sizeof data);
}

static void start(void *self, const void *data)
{
    struct call *call = self;
    call_report(call, "call-started", "from=%s", call->calling.number);
    call_tell_setup(call, END_A);
    call_tell_tone(call, END_A, RF_CALL_TONE_DIAL);
}

/* Dialling is over with '#', or as soon as no number could still follow. */
static void collect(struct call *call, char digit)
{
    size_t n = strlen(call->digits);
    if (digit != '#' && n < RF_CALL_NUMBER_MAX)
        call->digits[n] = digit;
    if (digit == '#' || !call_number_may_follow(call->cc, call->digits))
        call_post(call, CALL_EV_DIALLED, (struct call_data){0});
}

static void first_digit(void *self, const void *data)
{
    struct call *call = self;
    const struct call_data *d = data;
    call_tell_tone(call, END_A, RF_CALL_TONE_NONE);
    collect(call, d->digit);
    call_tell_collecting(call);
}

static void next_digit(void *self, const void *data)
{
    struct call *call = self;
    const struct call_data *d = data;
    timer_start(call);
    collect(call, d->digit);
}

static void back_space(void *self, const void *data)
{
    struct call *call = self;
    size_t n = strlen(call->digits);
    if (n > 0)
        call->digits[n - 1] = '\0';
    timer_start(call);
}

static void take_number(void *self, const void *data)
{
    struct call *call = self;
    const struct call_data *d = data;
    snprintf(call->digits, sizeof call->digits, "%s", d->number);
    call_tell_tone(call, END_A, RF_CALL_TONE_NONE);
    call_post(call, CALL_EV_DIALLED, (struct call_data){0});
}

/* ---- routing ---- */

/* Where it has to be kept first, the call stays here until then, or until its user hangs up. */
static void set_forward(struct call *call)
{
    const struct leg *leg = &call->legs[END_A];
    if (!rf_call_number_ok(call->digits) || strcmp(call->digits, call->calling.number) == 0)
        call_post(call, CALL_EV_NO_ROUTE,
                  (struct call_data){.cause = RF_CALL_CAUSE_UNKNOWN_NUMBER});
    else if (call_forward_all_want(leg->dev, leg->line, call->digits))
        call_post(call, CALL_EV_EMPTY, (struct call_data){.cause = RF_CALL_CAUSE_FORWARD_SET});
}

static void route(void *self, const void *data)
{
    struct call *call = self;
    struct leg *a = &call->legs[END_A];
    if (a->purpose == RF_CALL_PURPOSE_FORWARD) {
        set_forward(call);
        return;
    }
    if (a->dev != NULL && call->hops == 0)
        snprintf(a->dev->last_number, sizeof a->dev->last_number, "%s", call->digits);
    call_route(call);
}

static void offer(void *self, const void *data)
{
    struct call *call = self;
    call_tell_proceeding(call);
    call_tell_offer(call);
}

static void alert(void *self, const void *data)
{
    struct call *call = self;
    call_report(call, "call-ringing", "from=%s to=%s called-dev=%s", call->calling.number,
                call->called.number, call->record.called_device);
    call_tell_alerting(call);
    call_tell_tone(call, END_A, RF_CALL_TONE_RINGBACK);
}

/* ---- media ---- */

static void wipe_keys(struct call *call)
{
    for (int end = 0; end < ENDS; end++)
        rf_call_key_wipe(&call->keys[end]);
}

/* doc: docs/wire/sccp.md, "Flows" (M1): both sets before the first message; one a stream, never
 * used again */
static void open_media(struct call *call)
{
    const struct rf_call_side *a = &call->legs[END_A].dev->attach.side;
    const struct rf_call_side *b = &call->legs[END_B].dev->attach.side;
    call->suite = rf_call_suite(a, b);
    call->codec = rf_call_codec_of(a, b);
    for (int end = 0; end < ENDS; end++) {
        rf_call_key_wipe(&call->keys[end]);
        if (call->suite != RF_CALL_SRTP_NONE)
            rf_call_key_draw(call->suite, &call->keys[end]);
    }
    for (int end = 0; end < ENDS; end++)
        call_tell_open_receive(call, end);
}

static void answer(void *self, const void *data)
{
    struct call *call = self;
    call->record.answered_s = rf_wall_s(call->cc->conf.clock);
    call_branches_end(call, RF_CALL_CAUSE_ELSEWHERE);
    call_tell_connected(call, END_B);
    call_tell_tone(call, END_A, RF_CALL_TONE_NONE);
    call_tell_connected(call, END_A);
    open_media(call);
}

/* ---- hold ---- */

static void close_media(struct call *call)
{
    call->is_media_up = false;
    wipe_keys(call);
    for (int end = 0; end < ENDS; end++)
        call_tell_stop_media(call, end);
}

/* What the others hear and see while somebody holds. */
static void tell_held(struct call *call)
{
    for (int end = 0; end < ENDS; end++) {
        if (call->legs[end].holds || !call->legs[call_other(end)].holds)
            continue;
        call_tell_info(call, end);
        if (!call_music_start(call, end))
            call_tell_tone(call, end, RF_CALL_TONE_HOLD);
    }
}

static void play(void *self, const void *data)
{
    const struct call_data *d = data;
    call_music_play(self, d->end, &d->addr);
}

static void play_a_tone(void *self, const void *data)
{
    const struct call_data *d = data;
    struct call *call = self;
    if (call->legs[d->end].music == 0)
        return;
    call_tell_stop_media(call, d->end);
    call_tell_tone(call, d->end, RF_CALL_TONE_HOLD);
}

static void hold(void *self, const void *data)
{
    struct call *call = self;
    const struct call_data *d = data;
    struct leg *leg = &call->legs[d->end];
    if (leg->holds)
        return;
    close_media(call);
    leg->holds = true;
    call_tell_tone(call, d->end, RF_CALL_TONE_NONE);
    call_tell_held(call, d->end);
    tell_held(call);
    call_report(call, "call-held", "by=%s", leg->dev->conf.name);
}

static void resume(void *self, const void *data)
{
    struct call *call = self;
    const struct call_data *d = data;
    struct leg *leg = &call->legs[d->end];
    if (!leg->holds)
        return;
    leg->holds = false;
    call_report(call, "call-resumed", "by=%s", leg->dev->conf.name);
    call_tell_connected(call, d->end);
    if (call->legs[call_other(d->end)].holds)
        tell_held(call);
    else
        call_post(call, CALL_EV_TALK, (struct call_data){0});
}

static void talk(void *self, const void *data)
{
    struct call *call = self;
    for (int end = 0; end < ENDS; end++) {
        call_tell_stop_media(call, end);
        call_tell_tone(call, end, RF_CALL_TONE_NONE);
    }
    open_media(call);
}

/* ---- transfer, conference: one end is somebody else now ---- */

/* Who holds goes on holding, and learns whom. */
static void tell_replaced(struct call *call, int end)
{
    if (call->legs[end].holds)
        call_tell_info(call, end);
    else
        call_tell_connected(call, end);
}

static void replace(void *self, const void *data)
{
    struct call *call = self;
    const struct call_data *d = data;
    close_media(call);
    tell_replaced(call, d->end);
    tell_replaced(call, call_other(d->end));
    if (call->legs[END_A].holds || call->legs[END_B].holds)
        tell_held(call);
    else
        call_post(call, CALL_EV_TALK, (struct call_data){0});
}

/* While the called end rings: it is told who calls now, and that one hears it ring. */
static void replace_ringing(void *self, const void *data)
{
    struct call *call = self;
    call_tell_info(call, END_A);
    call_tell_info(call, END_B);
    call_tell_tone(call, END_A, RF_CALL_TONE_RINGBACK);
}

static void take_receiver(void *self, const void *data)
{
    struct call *call = self;
    const struct call_data *d = data;
    struct leg *leg = &call->legs[d->end];
    if (leg->has_addr)
        return; /* answered twice: the first stands */
    leg->has_addr = true;
    leg->addr = d->addr;
    call_tell_start_transmit(call, call_other(d->end));
    rf_call_key_wipe(&call->keys[d->end]);
    if (call->legs[call_other(d->end)].has_addr)
        call_post(call, CALL_EV_MEDIA_READY, (struct call_data){0});
}

/* Not in conferences, and not on shared lines, where it could not be true for all.
 * doc: docs/security-rules.md, "Media and call status" */
static void beep(struct call *call, int end)
{
    struct leg *leg = &call->legs[end];
    if (leg->dev == NULL || !leg->dev->conf.is_protected || call_conference_of(call) != NULL ||
        call_rule(leg->dev, leg->line)->is_shared)
        return;
    call_tell_tone(call, end,
                   call->record.security == RF_CALL_SECURITY_ENCRYPTED ? RF_CALL_TONE_SECURE
                                                                       : RF_CALL_TONE_NON_SECURE);
}

static void media_ready(void *self, const void *data)
{
    struct call *call = self;
    call->is_media_up = true;
    call->record.security = call_security(call);
    call->record.codec = call->codec;
    call->record.calling_end.suite = call->record.called_end.suite = call->suite;
    for (int end = 0; end < ENDS; end++) {
        call_tell_info(call, end);
        beep(call, end);
    }
    call_report(call, "call-connected", "from=%s to=%s called-dev=%s security=%s media=%s",
                call->calling.number, call->called.number, call->record.called_device,
                rf_call_security_name(call->record.security), rf_call_srtp_name(call->suite));
}

/* ---- clearing ---- */

static void fail_end(struct call *call, int end, enum rf_call_cause cause)
{
    if (!call_leg_is_live(call, end)) {
        call_leg_drop(call, end);
        return;
    }
    call_tell_stop_media(call, end);
    call_tell_failed(call, end, cause);
    call_tell_tone(call, end,
                   cause == RF_CALL_CAUSE_BUSY ? RF_CALL_TONE_BUSY : RF_CALL_TONE_REORDER);
}

static void end_if_empty(struct call *call)
{
    if (call->legs[END_A].dev == NULL && call->legs[END_B].dev == NULL)
        call_post(call, CALL_EV_EMPTY, (struct call_data){0});
}

/* The caller hears why; the called end, if there is one, is free. */
static void fail_caller(struct call *call, enum rf_call_cause cause)
{
    call->cause = cause;
    call_report(call, "call-failed", "from=%s to=%s cause=%s", call->calling.number,
                call->called.number, rf_call_cause_name(cause));
    call_tell_ended(call, END_B, cause);
    fail_end(call, END_A, cause);
    end_if_empty(call);
}

static void no_digits(void *self, const void *data)
{
    fail_caller(self, RF_CALL_CAUSE_NO_DIGITS);
}

static void refused(void *self, const void *data)
{
    const struct call_data *d = data;
    fail_caller(self, d->cause);
}

static void no_route(void *self, const void *data)
{
    const struct call_data *d = data;
    struct call *call = self;
    call_tell_proceeding(call);
    fail_caller(call, d->cause);
}

/* Where it is forwarded then, or nowhere. */
static void no_answer(void *self, const void *data)
{
    struct call *call = self;
    if (!call_route_no_answer(call)) {
        call_post(call, CALL_EV_NO_ROUTE, (struct call_data){.cause = RF_CALL_CAUSE_NO_ANSWER});
        return;
    }
    call_tell_tone(call, END_A, RF_CALL_TONE_NONE);
    call_tell_ended(call, END_B, RF_CALL_CAUSE_NO_ANSWER);
    call_route(call);
}

static void decline(void *self, const void *data)
{
    const struct call_data *d = data;
    bool has_cause = d != NULL && d->cause != RF_CALL_CAUSE_NORMAL;
    fail_caller(self, has_cause ? d->cause : RF_CALL_CAUSE_BUSY);
}

static void called_lost(void *self, const void *data)
{
    struct call *call = self;
    call->legs[END_B].is_lost = true;
    fail_caller(call, RF_CALL_CAUSE_LOST);
}

/* Both hear it: the conversation had begun. */
static void fail_both(struct call *call, enum rf_call_cause cause)
{
    call->cause = cause;
    wipe_keys(call);
    call_report(call, "call-failed", "from=%s to=%s cause=%s", call->calling.number,
                call->called.number, rf_call_cause_name(cause));
    call->is_media_up = false;
    for (int end = 0; end < ENDS; end++)
        fail_end(call, end, cause);
    end_if_empty(call);
}

static void media_failed(void *self, const void *data)
{
    fail_both(self, RF_CALL_CAUSE_MEDIA);
}

static void caller_lost_early(void *self, const void *data)
{
    struct call *call = self;
    call->legs[END_A].is_lost = true;
    fail_both(call, RF_CALL_CAUSE_LOST);
}

static void called_lost_early(void *self, const void *data)
{
    struct call *call = self;
    call->legs[END_B].is_lost = true;
    fail_both(call, RF_CALL_CAUSE_LOST);
}

static void drop_end(struct call *call, int end)
{
    call_tell_ended(call, end, call->cause);
    end_if_empty(call);
}

static void drop_caller(void *self, const void *data)
{
    drop_end(self, END_A);
}

static void drop_called(void *self, const void *data)
{
    drop_end(self, END_B);
}

static void lose_end(struct call *call, int end)
{
    call->legs[end].is_lost = true;
    drop_end(call, end);
}

static void lose_caller(void *self, const void *data)
{
    lose_end(self, END_A);
}

static void lose_called(void *self, const void *data)
{
    lose_end(self, END_B);
}

/* doc: docs/wire/sccp.md, "Flows" (L1): phones go on talking while their signalling is away */
static void keep_media(struct call *call, int end)
{
    call->legs[end].is_lost = true;
    call->cause = RF_CALL_CAUSE_LOST;
    call_report(call, "call-device-lost", "lost-dev=%s", call->legs[end].dev->conf.name);
    if (!call_leg_is_live(call, call_other(end)))
        call_post(call, CALL_EV_EMPTY, (struct call_data){0});
}

static void keep_for_caller(void *self, const void *data)
{
    keep_media(self, END_A);
}

static void keep_for_called(void *self, const void *data)
{
    keep_media(self, END_B);
}

static void clear(void *self, const void *data)
{
    struct call *call = self;
    const struct call_data *d = data;
    if (d != NULL && d->cause != RF_CALL_CAUSE_NORMAL)
        call->cause = d->cause;
    wipe_keys(call);
    for (int end = 0; end < ENDS; end++)
        call_tell_ended(call, end, call->cause);
}

static void caller_lost(void *self, const void *data)
{
    struct call *call = self;
    call->legs[END_A].is_lost = true;
    call->cause = RF_CALL_CAUSE_LOST;
    clear(call, NULL);
}

static void called_lost_held(void *self, const void *data)
{
    struct call *call = self;
    call->legs[END_B].is_lost = true;
    call->cause = RF_CALL_CAUSE_LOST;
    clear(call, NULL);
}

static void dtmf_to_called(void *self, const void *data)
{
    const struct call_data *d = data;
    call_tell_dtmf(self, END_B, d->digit);
}

static void dtmf_to_caller(void *self, const void *data)
{
    const struct call_data *d = data;
    call_tell_dtmf(self, END_A, d->digit);
}

/* ---- the table ---- */

/* clang-format off */
static const struct rf_fsm_row rows[] = {
    /* in               event                 action             to             source */
    { CALL_IDLE,        CALL_EV_START,        start,             CALL_OFF_HOOK   }, /* C1 */

    { CALL_OFF_HOOK,    CALL_EV_DIGIT_A,      first_digit,       CALL_COLLECTING }, /* C3 */
    { CALL_OFF_HOOK,    CALL_EV_NUMBER,       take_number,       CALL_COLLECTING }, /* E1 */
    { CALL_OFF_HOOK,    CALL_EV_REFUSED,      refused,           CALL_FAILED     },
    { CALL_OFF_HOOK,    CALL_EV_T_FIRST_DIGIT, no_digits,        CALL_FAILED     }, /* ours */
    { CALL_COLLECTING,  CALL_EV_DIGIT_A,      next_digit,        CALL_COLLECTING },
    { CALL_COLLECTING,  CALL_EV_BACK_SPACE,   back_space,        CALL_COLLECTING },
    { CALL_COLLECTING,  CALL_EV_DIALLED,      route,             CALL_ROUTING    }, /* C4 */
    { CALL_COLLECTING,  CALL_EV_T_NEXT_DIGIT, route,             CALL_ROUTING    }, /* C4 */

    { CALL_ROUTING,     CALL_EV_ROUTED,       offer,             CALL_OFFERED    }, /* C5, C6 */
    { CALL_ROUTING,     CALL_EV_NO_ROUTE,     no_route,          CALL_FAILED     },
    { CALL_ROUTING,     CALL_EV_EMPTY,        clear,             CALL_CLEARED    }, /* forwarding is set */

    { CALL_OFFERED,     CALL_EV_ALERTING,     alert,             CALL_RINGING    }, /* C5 */
    { CALL_OFFERED,     CALL_EV_ANSWER,       answer,            CALL_CONNECTING },
    { CALL_OFFERED,     CALL_EV_HANG_UP_B,    decline,           CALL_FAILED     },
    { CALL_OFFERED,     CALL_EV_LOST_B,       called_lost,       CALL_FAILED     },
    { CALL_OFFERED,     CALL_EV_T_NO_ANSWER,  no_answer,         CALL_ROUTING    },
    { CALL_OFFERED,     CALL_EV_REPLACED,     replace_ringing,   CALL_OFFERED    },
    { CALL_RINGING,     CALL_EV_ANSWER,       answer,            CALL_CONNECTING }, /* C7 */
    { CALL_RINGING,     CALL_EV_HANG_UP_B,    decline,           CALL_FAILED     },
    { CALL_RINGING,     CALL_EV_LOST_B,       called_lost,       CALL_FAILED     },
    { CALL_RINGING,     CALL_EV_T_NO_ANSWER,  no_answer,         CALL_ROUTING    },
    { CALL_RINGING,     CALL_EV_REPLACED,     replace_ringing,   CALL_RINGING    },

    { CALL_CONNECTING,  CALL_EV_RECEIVE_OPEN, take_receiver,     CALL_CONNECTING }, /* M4 */
    { CALL_CONNECTING,  CALL_EV_MEDIA_READY,  media_ready,       CALL_CONNECTED  }, /* M6 */
    { CALL_CONNECTING,  CALL_EV_MEDIA_FAILED, media_failed,      CALL_FAILED     }, /* M5 */
    { CALL_CONNECTING,  CALL_EV_T_MEDIA,      media_failed,      CALL_FAILED     }, /* M5 */
    { CALL_CONNECTING,  CALL_EV_LOST_A,       caller_lost_early, CALL_FAILED     },
    { CALL_CONNECTING,  CALL_EV_LOST_B,       called_lost_early, CALL_FAILED     },

    { CALL_CONNECTING,  CALL_EV_HOLD,         hold,              CALL_HELD       },
    { CALL_CONNECTING,  CALL_EV_REPLACED,     replace,           CALL_HELD       },

    { CALL_CONNECTED,   CALL_EV_HOLD,         hold,              CALL_HELD       }, /* H2 */
    { CALL_CONNECTED,   CALL_EV_REPLACED,     replace,           CALL_HELD       },
    { CALL_HELD,        CALL_EV_HOLD,         hold,              CALL_HELD       },
    { CALL_HELD,        CALL_EV_RESUME,       resume,            CALL_HELD       }, /* H4 */
    { CALL_HELD,        CALL_EV_TALK,         talk,              CALL_CONNECTING },
    { CALL_HELD,        CALL_EV_RECEIVE_OPEN, play,              CALL_HELD       },
    { CALL_HELD,        CALL_EV_MEDIA_FAILED, play_a_tone,       CALL_HELD       },
    { CALL_HELD,        CALL_EV_REPLACED,     replace,           CALL_HELD       },
    { CALL_HELD,        CALL_EV_LOST_B,       called_lost_held,  CALL_CLEARED    },

    { CALL_CONNECTED,   CALL_EV_DIGIT_A,      dtmf_to_called,    CALL_CONNECTED  }, /* C10 */
    { CALL_CONNECTED,   CALL_EV_DIGIT_B,      dtmf_to_caller,    CALL_CONNECTED  },
    { CALL_CONNECTED,   CALL_EV_MEDIA_FAILED, media_failed,      CALL_FAILED     },
    { CALL_CONNECTED,   CALL_EV_LOST_A,       keep_for_caller,   CALL_ORPHANED   }, /* L1 */
    { CALL_CONNECTED,   CALL_EV_LOST_B,       keep_for_called,   CALL_ORPHANED   },

    { CALL_ORPHANED,    CALL_EV_LOST_A,       keep_for_caller,   CALL_ORPHANED   },
    { CALL_ORPHANED,    CALL_EV_LOST_B,       keep_for_called,   CALL_ORPHANED   },
    { CALL_ORPHANED,    CALL_EV_BACK,         clear,             CALL_CLEARED    }, /* L1 */
    { CALL_ORPHANED,    CALL_EV_T_GRACE,      clear,             CALL_CLEARED    },
    { CALL_ORPHANED,    CALL_EV_EMPTY,        clear,             CALL_CLEARED    },

    { CALL_FAILED,      CALL_EV_HANG_UP_A,    drop_caller,       CALL_FAILED     },
    { CALL_FAILED,      CALL_EV_HANG_UP_B,    drop_called,       CALL_FAILED     },
    { CALL_FAILED,      CALL_EV_LOST_A,       lose_caller,       CALL_FAILED     },
    { CALL_FAILED,      CALL_EV_LOST_B,       lose_called,       CALL_FAILED     },
    { CALL_FAILED,      CALL_EV_T_FAILED,     clear,             CALL_CLEARED    },
    { CALL_FAILED,      CALL_EV_EMPTY,        clear,             CALL_CLEARED    },

    { RF_FSM_ANY,       CALL_EV_HANG_UP_A,    clear,             CALL_CLEARED    }, /* O1, O2 */
    { RF_FSM_ANY,       CALL_EV_HANG_UP_B,    clear,             CALL_CLEARED    },
    { RF_FSM_ANY,       CALL_EV_LOST_A,       caller_lost,       CALL_CLEARED    },
    { RF_FSM_ANY,       CALL_EV_REMOVED,      clear,             CALL_CLEARED    },
    { RF_FSM_ANY,       CALL_EV_GIVEN,        clear,             CALL_CLEARED    },
};

static const char *const state_names[CALL_STATES] = {
    [CALL_IDLE] = "IDLE",             [CALL_OFF_HOOK] = "OFF_HOOK",
    [CALL_COLLECTING] = "COLLECTING", [CALL_ROUTING] = "ROUTING",
    [CALL_OFFERED] = "OFFERED",       [CALL_RINGING] = "RINGING",
    [CALL_CONNECTING] = "CONNECTING", [CALL_CONNECTED] = "CONNECTED",
    [CALL_HELD] = "HELD",
    [CALL_ORPHANED] = "ORPHANED",     [CALL_FAILED] = "FAILED",
    [CALL_CLEARED] = "CLEARED",
};

static const char *const event_names[CALL_EVENTS] = {
    [CALL_EV_START] = "START",               [CALL_EV_DIGIT_A] = "DIGIT_A",
    [CALL_EV_DIGIT_B] = "DIGIT_B",           [CALL_EV_BACK_SPACE] = "BACK_SPACE",
    [CALL_EV_NUMBER] = "NUMBER",             [CALL_EV_DIALLED] = "DIALLED",
    [CALL_EV_ROUTED] = "ROUTED",             [CALL_EV_NO_ROUTE] = "NO_ROUTE",
    [CALL_EV_ALERTING] = "ALERTING",         [CALL_EV_ANSWER] = "ANSWER",
    [CALL_EV_RECEIVE_OPEN] = "RECEIVE_OPEN", [CALL_EV_MEDIA_READY] = "MEDIA_READY",
    [CALL_EV_MEDIA_FAILED] = "MEDIA_FAILED", [CALL_EV_HANG_UP_A] = "HANG_UP_A",
    [CALL_EV_HOLD] = "HOLD",                 [CALL_EV_RESUME] = "RESUME",
    [CALL_EV_TALK] = "TALK",                 [CALL_EV_REPLACED] = "REPLACED",
    [CALL_EV_GIVEN] = "GIVEN",               [CALL_EV_REFUSED] = "REFUSED",
    [CALL_EV_HANG_UP_B] = "HANG_UP_B",       [CALL_EV_LOST_A] = "LOST_A",
    [CALL_EV_LOST_B] = "LOST_B",             [CALL_EV_BACK] = "BACK",
    [CALL_EV_REMOVED] = "REMOVED",           [CALL_EV_EMPTY] = "EMPTY",
    [CALL_EV_T_FIRST_DIGIT] = "T_FIRST_DIGIT", [CALL_EV_T_NEXT_DIGIT] = "T_NEXT_DIGIT",
    [CALL_EV_T_NO_ANSWER] = "T_NO_ANSWER",   [CALL_EV_T_MEDIA] = "T_MEDIA",
    [CALL_EV_T_FAILED] = "T_FAILED",         [CALL_EV_T_GRACE] = "T_GRACE",
};

/* State timers: started when the state is entered, stopped when it is left. */
static const struct {
    enum call_state state;
    enum rf_call_timer timer;
    enum call_event event;
} state_timers[] = {
    { CALL_OFF_HOOK,    RF_CALL_T_FIRST_DIGIT, CALL_EV_T_FIRST_DIGIT },
    { CALL_COLLECTING,  RF_CALL_T_NEXT_DIGIT,  CALL_EV_T_NEXT_DIGIT  },
    { CALL_OFFERED,     RF_CALL_T_NO_ANSWER,   CALL_EV_T_NO_ANSWER   },
    { CALL_RINGING,     RF_CALL_T_NO_ANSWER,   CALL_EV_T_NO_ANSWER   },
    { CALL_CONNECTING,  RF_CALL_T_MEDIA,       CALL_EV_T_MEDIA       },
    { CALL_FAILED,      RF_CALL_T_FAILED,      CALL_EV_T_FAILED      },
    { CALL_ORPHANED,    RF_CALL_T_GRACE,       CALL_EV_T_GRACE       },
};

static const struct rf_call_timer_row timer_rows[RF_CALL_T_N] = {
    [RF_CALL_T_FIRST_DIGIT] = { "first-digit", "OFF_HOOK",   "T_FIRST_DIGIT", 10000,  "dial tone until the first digit" },
    [RF_CALL_T_NEXT_DIGIT]  = { "next-digit",  "COLLECTING", "T_NEXT_DIGIT",  5000,   "pause after which what was dialled is the number" },
    [RF_CALL_T_NO_ANSWER]   = { "no-answer",   "RINGING",    "T_NO_ANSWER",   60000,  "how long a phone rings" },
    [RF_CALL_T_MEDIA]       = { "media",       "CONNECTING", "T_MEDIA",       5000,   "for both phones to open their receivers" },
    [RF_CALL_T_FAILED]      = { "failed-tone", "FAILED",     "T_FAILED",      15000,  "busy or reorder tone until the leg is cleared" },
    [RF_CALL_T_GRACE]       = { "grace",       "ORPHANED",   "T_GRACE",       300000, "a call whose signalling was lost is remembered" },
};
/* clang-format on */

const struct rf_call_timer_row *rf_call_timer_table(void)
{
    return timer_rows;
}

/* ---- timers and the runner's hooks ---- */

void call_timer_due(void *owner, uint64_t number)
{
    struct rf_call_control *cc = owner;
    struct call *call = rf_handle_find(cc->calls, (rf_handle)number);
    if (call == NULL)
        return;
    call->timer = 0;
    for (size_t i = 0; i < sizeof state_timers / sizeof *state_timers; i++) {
        if ((int)state_timers[i].state == call->fsm.state) {
            call_run(call, (int)state_timers[i].event, NULL);
            call_inputs_run(cc);
            return;
        }
    }
}

static void timer_start(struct call *call)
{
    struct rf_call_control *cc = call->cc;
    rf_timer_stop(cc->conf.timers, &call->timer);
    for (size_t i = 0; i < sizeof state_timers / sizeof *state_timers; i++) {
        if ((int)state_timers[i].state != call->fsm.state)
            continue;
        enum rf_call_timer t = state_timers[i].timer;
        uint32_t ms = cc->conf.timer_ms[t] != 0 ? cc->conf.timer_ms[t] : timer_rows[t].default_ms;
        call->timer = rf_timer_start(cc->conf.timers, ms, call_timer_due, cc, call->handle);
    }
}

void rf_call_timer_set(struct rf_call_control *cc, enum rf_call_timer timer, uint32_t ms)
{
    cc->conf.timer_ms[timer] = ms;
}

static void entered(void *self, int state)
{
    struct call *call = self;
    /* ringing goes on with the time that runs since the offer */
    if (state == CALL_RINGING && call->timer != 0)
        return;
    timer_start(call);
}

static const char *label(const void *self)
{
    static _Thread_local char text[64];
    const struct call *call = self;
    snprintf(text, sizeof text, "dev=%s call=%u", call->record.calling_device, call->id);
    return text;
}

const struct rf_fsm_def call_fsm = {.name = "call",
                                    .cat = RF_CAT_CALL,
                                    .rows = rows,
                                    .n_rows = sizeof rows / sizeof *rows,
                                    .state_names = state_names,
                                    .n_states = CALL_STATES,
                                    .event_names = event_names,
                                    .n_events = CALL_EVENTS,
                                    .label = label,
                                    .entered = entered};

const struct rf_fsm_def *rf_call_fsm_def(void)
{
    return &call_fsm;
}

/* X(action) */
#define ACTIONS(X)                                                                                 \
    X(start)                                                                                       \
    X(first_digit)                                                                                 \
    X(next_digit)                                                                                  \
    X(back_space)                                                                                  \
    X(take_number)                                                                                 \
    X(route)                                                                                       \
    X(offer)                                                                                       \
    X(alert)                                                                                       \
    X(answer)                                                                                      \
    X(take_receiver)                                                                               \
    X(media_ready)                                                                                 \
    X(media_failed)                                                                                \
    X(hold)                                                                                        \
    X(resume)                                                                                      \
    X(talk)                                                                                        \
    X(replace)                                                                                     \
    X(play)                                                                                        \
    X(refused)                                                                                     \
    X(play_a_tone)                                                                                 \
    X(replace_ringing)                                                                             \
    X(called_lost_held)                                                                            \
    X(no_digits)                                                                                   \
    X(no_route)                                                                                    \
    X(no_answer)                                                                                   \
    X(decline)                                                                                     \
    X(called_lost)                                                                                 \
    X(caller_lost)                                                                                 \
    X(caller_lost_early)                                                                           \
    X(called_lost_early)                                                                           \
    X(drop_caller)                                                                                 \
    X(drop_called)                                                                                 \
    X(lose_caller)                                                                                 \
    X(lose_called)                                                                                 \
    X(keep_for_caller)                                                                             \
    X(keep_for_called)                                                                             \
    X(clear)                                                                                       \
    X(dtmf_to_called)                                                                              \
    X(dtmf_to_caller)

const char *rf_call_fsm_action_name(rf_fsm_action action)
{
    static const struct rf_fsm_name names[] = {ACTIONS(RF_FSM_NAME)};
    return rf_fsm_name_find(names, sizeof names / sizeof *names, action);
}
