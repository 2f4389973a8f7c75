/* SPDX-License-Identifier: Apache-2.0 */
#include "service/call/call.h"

#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "service/call/call_int.h"

#include <stdio.h>
#include <string.h>

#define REFUSALS_A_MINUTE 10

const char *rf_call_cause_name(enum rf_call_cause cause)
{
    static const char *const names[RF_CALL_CAUSE_N] = {
        [RF_CALL_CAUSE_NORMAL] = "normal",
        [RF_CALL_CAUSE_BUSY] = "busy",
        [RF_CALL_CAUSE_UNKNOWN_NUMBER] = "unknown-number",
        [RF_CALL_CAUSE_UNREACHABLE] = "unreachable",
        [RF_CALL_CAUSE_NO_ANSWER] = "no-answer",
        [RF_CALL_CAUSE_NO_DIGITS] = "no-digits",
        [RF_CALL_CAUSE_MEDIA] = "media",
        [RF_CALL_CAUSE_CODEC] = "codec",
        [RF_CALL_CAUSE_SECURITY] = "security",
        [RF_CALL_CAUSE_LOST] = "lost",
        [RF_CALL_CAUSE_REMOVED] = "removed",
        [RF_CALL_CAUSE_TRANSFERRED] = "transferred",
        [RF_CALL_CAUSE_FORWARD_LOOP] = "forward-loop",
        [RF_CALL_CAUSE_FORWARD_SET] = "forward-set",
        [RF_CALL_CAUSE_FORWARD_LOST] = "forward-lost",
        [RF_CALL_CAUSE_CONFERENCE] = "conference",
        [RF_CALL_CAUSE_LEVEL] = "security-level",
        [RF_CALL_CAUSE_ELSEWHERE] = "elsewhere",
    };
    return (size_t)cause < RF_CALL_CAUSE_N ? names[cause] : "unknown";
}

unsigned rf_call_cause_code(enum rf_call_cause cause)
{
    static const uint8_t codes[RF_CALL_CAUSE_N] = {
        [RF_CALL_CAUSE_NORMAL] = 16,        [RF_CALL_CAUSE_BUSY] = 17,
        [RF_CALL_CAUSE_UNKNOWN_NUMBER] = 1, [RF_CALL_CAUSE_UNREACHABLE] = 27,
        [RF_CALL_CAUSE_NO_ANSWER] = 19,     [RF_CALL_CAUSE_NO_DIGITS] = 28,
        [RF_CALL_CAUSE_MEDIA] = 47,         [RF_CALL_CAUSE_CODEC] = 88,
        [RF_CALL_CAUSE_SECURITY] = 57,      [RF_CALL_CAUSE_LOST] = 41,
        [RF_CALL_CAUSE_REMOVED] = 31,       [RF_CALL_CAUSE_TRANSFERRED] = 16,
        [RF_CALL_CAUSE_FORWARD_LOOP] = 25,  [RF_CALL_CAUSE_FORWARD_SET] = 16,
        [RF_CALL_CAUSE_CONFERENCE] = 16,    [RF_CALL_CAUSE_LEVEL] = 58,
        [RF_CALL_CAUSE_ELSEWHERE] = 26,     [RF_CALL_CAUSE_FORWARD_LOST] = 41,
    };
    return (size_t)cause < RF_CALL_CAUSE_N ? codes[cause] : 0;
}

/* ---- inputs: queued, so that an endpoint may give one from inside its operation ---- */

enum input_kind {
    IN_OFF_HOOK,
    IN_NEW_CALL,
    IN_NUMBER,
    IN_REDIAL,
    IN_MEET_ME,
    IN_FORWARD_ALL,
    IN_ANSWER,
    IN_DIGIT,
    IN_BACK_SPACE,
    IN_HANG_UP,
    IN_ON_HOOK,
    IN_HOLD,
    IN_RESUME,
    IN_TRANSFER,
    IN_CONFERENCE,
    IN_BARGE,
    IN_PRIVATE,
    IN_ALERTING,
    IN_RECEIVE_OPEN,
    IN_MEDIA_FAILED,
    IN_N
};

struct input {
    struct input *next;
    enum input_kind kind;
    rf_handle dev;
    uint32_t line;
    uint32_t ref;
    struct call_data data;
};

static void run_input(struct rf_call_control *cc, const struct input *in);

void call_inputs_run(struct rf_call_control *cc)
{
    while (!cc->is_running && cc->first != NULL) {
        struct input *in = cc->first;
        cc->first = in->next;
        if (cc->first == NULL)
            cc->last = NULL;
        run_input(cc, in);
        rf_free(in);
    }
}

static void give(struct rf_call_control *cc, struct input from)
{
    struct input *in = rf_new(struct input);
    *in = from;
    in->next = NULL;
    if (cc->last != NULL)
        cc->last->next = in;
    else
        cc->first = in;
    cc->last = in;
    call_inputs_run(cc);
}

/* ---- control ---- */

struct rf_call_control *rf_call_control_new(const struct rf_call_conf *conf)
{
    struct rf_call_control *cc = rf_new(struct rf_call_control);
    cc->conf = *conf;
    if (cc->conf.calls_max == 0)
        cc->conf.calls_max = RF_CALL_CALLS_MAX;
    /* conferences have handles, too */
    cc->attached = rf_handles_new(RF_CALL_DEVICES_MAX + RF_CALL_CALLS_MAX);
    cc->calls = rf_handles_new(cc->conf.calls_max);
    /* phones may remember references of a server that ran before: begin elsewhere */
    cc->last_ref = rf_random_u32() >> 4;
    return cc;
}

static void call_free(struct call *call)
{
    call_branches_end(call, call->cause);
    for (int end = 0; end < ENDS; end++) {
        rf_call_key_wipe(&call->keys[end]);
        call_leg_drop(call, end);
    }
    rf_timer_stop(call->cc->conf.timers, &call->timer);
    rf_handle_remove(call->cc->calls, call->handle);
    rf_free(call);
}

/* Who rings beside others, or looks on at a shared line, is told nothing either: by now there may
 * be no link that it could be said on. */
static void hush(struct call *call)
{
    for (int end = 0; end < ENDS; end++)
        call->legs[end].remote = RF_CALL_REMOTE_NONE;
    for (size_t i = 0; i < call->n_branches; i++)
        call->branches[i]->is_lost = true;
}

void rf_call_control_free(struct rf_call_control *cc)
{
    if (cc == NULL)
        return;
    uint32_t at = 0;
    struct call *call;
    while ((call = rf_handles_next(cc->calls, &at)) != NULL) {
        hush(call);
        call_free(call);
    }
    call_conferences_free(cc);
    call_plan_free(cc);
    call_devices_free(cc);
    while (cc->first != NULL) {
        struct input *in = cc->first;
        cc->first = in->next;
        rf_free(in);
    }
    rf_handles_free(cc->attached);
    rf_handles_free(cc->calls);
    rf_free(cc);
}

void call_run(struct call *call, int event, const struct call_data *data)
{
    struct rf_call_control *cc = call->cc;
    struct conference *conf = call_conference_of(call);
    rf_bug_on(cc->is_running);
    cc->is_running = true;
    rf_fsm_handle(&call->fsm, event, data);
    if (conf == NULL)
        conf = call_conference_of(call);
    if (call->fsm.state == CALL_CLEARED) {
        call_report_record(call);
        call_free(call);
    } else {
        call_shared_look(call);
    }
    cc->is_running = false;
    if (conf != NULL)
        call_conference_look(conf);
}

/* ---- legs ---- */

static uint32_t next_ref(struct rf_call_control *cc)
{
    do
        cc->last_ref++;
    while (cc->last_ref == 0 || cc->last_ref == UINT32_MAX);
    return cc->last_ref;
}

void call_leg_join(struct leg *leg)
{
    leg->next = leg->dev->legs;
    leg->dev->legs = leg;
    leg->dev->n_legs++;
}

void call_leg_leave(struct leg *leg)
{
    struct leg **at = &leg->dev->legs;
    while (*at != leg)
        at = &(*at)->next;
    *at = leg->next;
    leg->dev->n_legs--;
}

void call_leg_named(struct call *call, int end)
{
    char *name = end == END_A ? call->record.calling_device : call->record.called_device;
    const struct rf_call_attach *attach = &call->legs[end].dev->attach;
    struct rf_call_record_end *to =
        end == END_A ? &call->record.calling_end : &call->record.called_end;
    call->sides[end] = attach->side;
    to->signalling = attach->side.signalling;
    to->has_cert = attach->has_cert;
    memcpy(to->cert, attach->cert, sizeof to->cert);
    snprintf(name, RF_CALL_DEVICE_MAX + 1, "%s", call->legs[end].dev->conf.name);
}

void call_leg_take(struct call *call, int end, struct device *dev, uint32_t line)
{
    call->legs[end] =
        (struct leg){.call = call, .end = end, .dev = dev, .ref = next_ref(call->cc), .line = line};
    call_leg_join(&call->legs[end]);
    call_leg_named(call, end);
}

void call_leg_drop(struct call *call, int end)
{
    struct leg *leg = &call->legs[end];
    if (leg->dev == NULL)
        return;
    call_shared_gone(leg);
    call_leg_leave(leg);
    leg->dev = NULL;
}

void call_leg_move(struct leg *from, struct call *call, int end)
{
    struct leg *to = &call->legs[end];
    call_shared_gone(from);
    call_leg_leave(from);
    *to = *from;
    from->dev = NULL;
    to->call = call;
    to->end = end;
    to->purpose = RF_CALL_PURPOSE_TALK;
    to->consults_for = 0;
    call_leg_join(to);
    call_leg_named(call, end);
}

/* The phone hears nothing, so that somebody else must. */
static void refuse_call(struct rf_call_control *cc, const struct device *dev, const char *from)
{
    const struct rf_call_observer *o = &cc->conf.observer;
    char text[64];
    if (!rf_log_allows(&cc->refusals, REFUSALS_A_MINUTE, rf_now_ms(cc->conf.clock)))
        return;
    snprintf(text, sizeof text, "from=%s cause=too-many-calls", from);
    rf_warn(RF_CAT_CALL, "call-failed %s: there are %u already, %zu of them its own dev=%s", text,
            rf_handles_n(cc->calls), dev->n_legs, dev->conf.name);
    if (o->on_event != NULL)
        o->on_event(o->arg, "call-failed", dev->conf.name, 0, text);
}

void call_drop_new(struct call *call)
{
    if (call != NULL)
        call_free(call);
}

struct call *call_new(struct rf_call_control *cc, int state)
{
    if (rf_handles_n(cc->calls) >= cc->conf.calls_max)
        return NULL;
    struct call *call = rf_new(struct call);
    call->cc = cc;
    call->handle = rf_handle_add(cc->calls, call);
    rf_bug_on(call->handle == 0);
    call->id = ++cc->last_id;
    call->record.start_s = rf_wall_s(cc->conf.clock);
    rf_fsm_init(&call->fsm, &call_fsm, call, state);
    rf_count(CALLS);
    return call;
}

/* A call of this party, who is on that line; NULL when there are too many. */
static struct call *begin_of(struct rf_call_control *cc, struct device *dev, uint32_t line,
                             const struct rf_call_party *calling, enum rf_call_purpose purpose,
                             uint32_t consults_for)
{
    struct call *call = call_new(cc, CALL_IDLE);
    if (call == NULL) {
        refuse_call(cc, dev, calling->number);
        return NULL;
    }
    call->calling = *calling;
    call_leg_take(call, END_A, dev, line);
    call->legs[END_A].purpose = purpose;
    call->legs[END_A].consults_for = consults_for;
    call_run(call, CALL_EV_START, NULL);
    return call;
}

struct call *call_begin(struct rf_call_control *cc, struct device *dev, uint32_t line,
                        enum rf_call_purpose purpose, uint32_t consults_for)
{
    if (line == 0)
        line = 1;
    /* a line that is busy for others has a place for the one who calls from it */
    if (line > dev->conf.n_lines || call_line_is_used_up(dev, line))
        return NULL;
    return begin_of(cc, dev, line, &dev->conf.lines[line - 1], purpose, consults_for);
}

/* ---- from outside ---- */

enum rf_err rf_call_in_from_outside(struct rf_call_control *cc, rf_handle trunk,
                                    const struct rf_call_party *from, struct rf_slice number)
{
    rf_bug_on(cc->is_running);
    struct device *dev = rf_handle_find(cc->attached, trunk);
    struct rf_call_party calling = *from;
    struct call_data data = {0};
    if (dev == NULL || !dev->conf.is_trunk) {
        rf_count(CALL_UNHANDLED);
        return RF_ERR_NOT_FOUND;
    }
    if (!rf_call_number_ok(calling.number)) /* others wrote it, and it goes into events */
        calling.number[0] = '\0';
    /* too long, or no number: none, which no line has either */
    if (!rf_slice_to_str(number, data.number, sizeof data.number) ||
        !rf_call_number_ok(data.number))
        data.number[0] = '\0';
    if (call_line_is_used_up(dev, 1)) {
        refuse_call(cc, dev, calling.number);
        return RF_ERR_LIMIT;
    }
    struct call *call = begin_of(cc, dev, 1, &calling, RF_CALL_PURPOSE_TALK, 0);
    if (call == NULL)
        return RF_ERR_LIMIT;
    call_run(call, CALL_EV_NUMBER, &data);
    call_inputs_run(cc);
    return RF_OK;
}

/* ---- inputs to events ---- */

static bool is_ringing(const struct leg *leg)
{
    int state = leg->call->fsm.state;
    return leg->end == END_B && (state == CALL_OFFERED || state == CALL_RINGING);
}

/* Which of its calls a user means without saying so: what rings, when it answers; what it is busy
 * with, when it puts down the handset: that of a call which the other ended is no word about
 * another one; else what it is busy with, or what rings or is held. doc: docs/wire/sccp.md, "Keys"
 */
static int rank_of(const struct leg *leg, enum input_kind kind, uint32_t line)
{
    bool rings = is_ringing(leg);
    if (kind == IN_ANSWER)
        return rings ? 3 : 0;
    if (kind == IN_OFF_HOOK)
        return rings ? 3 : leg->holds && line != 0 ? 2 : 0;
    if (kind == IN_RESUME)
        return leg->holds ? 3 : 0;
    if (kind == IN_ON_HOOK)
        return rings || leg->holds ? 0 : 3;
    return rings ? 1 : leg->holds ? 2 : 3;
}

static struct leg *leg_meant(const struct device *dev, const struct input *in)
{
    struct leg *best = NULL;
    if (in->ref != 0)
        return call_leg_of(dev, in->ref);
    for (struct leg *l = dev->legs; l != NULL; l = l->next)
        if ((in->line == 0 || l->line == in->line) &&
            rank_of(l, in->kind, in->line) > (best != NULL ? rank_of(best, in->kind, in->line) : 0))
            best = l;
    return best;
}

static void new_call(struct rf_call_control *cc, struct device *dev, const struct input *in)
{
    call_user_step_aside(dev, NULL);
    call_begin(cc, dev, in->line, RF_CALL_PURPOSE_TALK, 0);
}

/* What was asked before it rang may be otherwise by now: who calls, or what a device requires. */
static enum rf_call_cause may_answer(const struct leg *leg)
{
    const struct device *caller = leg->call->legs[END_A].dev;
    return is_ringing(leg) && caller != NULL ? call_may_go_on(caller, leg->dev)
                                             : RF_CALL_CAUSE_NORMAL;
}

static void refuse_answer(struct leg *leg, enum rf_call_cause cause)
{
    struct call_data data = {.end = END_B, .cause = cause};
    if (!call_branch_drop(leg, cause, false))
        call_run(leg->call, CALL_EV_HANG_UP_B, &data);
}

static void answer(struct leg *leg, const struct input *in)
{
    if (leg->end != END_B)
        return;
    enum rf_call_cause cause = may_answer(leg);
    if (cause != RF_CALL_CAUSE_NORMAL) {
        refuse_answer(leg, cause);
        return;
    }
    rf_handle handle = leg->call->handle;
    struct rf_call_control *cc = leg->call->cc;
    call_branch_take(leg);
    leg = &leg->call->legs[END_B];
    call_user_step_aside(leg->dev, leg);
    struct call *call = rf_handle_find(cc->calls, handle);
    if (call != NULL)
        call_run(call, CALL_EV_ANSWER, &in->data);
}

static const struct leg *busy_with(const struct device *dev, uint32_t line)
{
    const struct leg *l = dev->legs;
    while (l != NULL && (!call_user_is_busy_with(l) || (line != 0 && l->line != line)))
        l = l->next;
    return l;
}

/* The handset is lifted (line 0), or a line key pressed: what rings is answered, what the line
 * holds is taken back, else a call begins. Lifting it in a call is no news. */
static void off_hook(struct rf_call_control *cc, struct device *dev, const struct input *in)
{
    struct leg *leg = leg_meant(dev, in);
    if (leg != NULL && leg->holds)
        call_user_resume(leg);
    else if (leg != NULL)
        answer(leg, in);
    else if (busy_with(dev, in->line) == NULL)
        new_call(cc, dev, in);
}

/* The call whose number it dials now, or a new one. */
static void number_in(struct rf_call_control *cc, struct device *dev, const struct input *in)
{
    struct leg *leg = dev->legs;
    while (leg != NULL && (leg->end != END_A || leg->call->fsm.state > CALL_COLLECTING))
        leg = leg->next;
    if (leg == NULL) {
        call_user_step_aside(dev, NULL);
        struct call *call = call_begin(cc, dev, in->line, RF_CALL_PURPOSE_TALK, 0);
        leg = call != NULL ? &call->legs[END_A] : NULL;
    }
    if (leg != NULL)
        call_run(leg->call, CALL_EV_NUMBER, &in->data);
}

static void redial(struct rf_call_control *cc, struct device *dev, const struct input *in)
{
    struct input number = {.kind = IN_NUMBER, .dev = in->dev, .line = in->line};
    if (dev->last_number[0] == '\0')
        return;
    memcpy(number.data.number, dev->last_number, sizeof number.data.number);
    number_in(cc, dev, &number);
}

/* The event of an input at each end of a call; 0: that end has no business with it. */
static const int events[IN_N][ENDS] = {
    [IN_DIGIT] = {CALL_EV_DIGIT_A, CALL_EV_DIGIT_B},
    [IN_BACK_SPACE] = {CALL_EV_BACK_SPACE, 0},
    [IN_HANG_UP] = {CALL_EV_HANG_UP_A, CALL_EV_HANG_UP_B},
    [IN_ON_HOOK] = {CALL_EV_HANG_UP_A, CALL_EV_HANG_UP_B},
    [IN_ALERTING] = {0, CALL_EV_ALERTING},
    [IN_RECEIVE_OPEN] = {CALL_EV_RECEIVE_OPEN, CALL_EV_RECEIVE_OPEN},
    [IN_MEDIA_FAILED] = {CALL_EV_MEDIA_FAILED, CALL_EV_MEDIA_FAILED},
};
_Static_assert(CALL_EV_START == 0, "the event that no input has");

static void run_on_leg(struct leg *leg, const struct input *in)
{
    struct call_data data = in->data;
    data.end = leg->end;
    int event = events[in->kind][leg->end];
    bool hangs_up = in->kind == IN_HANG_UP || in->kind == IN_ON_HOOK;
    if (in->kind == IN_ANSWER)
        answer(leg, in);
    else if (hangs_up && call_branch_drop(leg, RF_CALL_CAUSE_NORMAL, false))
        return;
    else if (in->kind == IN_HOLD)
        call_user_hold(leg);
    else if (in->kind == IN_RESUME)
        call_user_resume(leg);
    else if (in->kind == IN_TRANSFER)
        call_user_transfer(leg);
    else if (in->kind == IN_CONFERENCE)
        call_user_conference(leg);
    else if (event != 0)
        call_run(leg->call, event, &data);
}

static void meet_me(struct rf_call_control *cc, struct device *dev, const struct input *in)
{
    call_user_step_aside(dev, NULL);
    call_begin(cc, dev, in->line, RF_CALL_PURPOSE_MEET_ME, 0);
}

static void forward_all(struct rf_call_control *cc, struct device *dev, const struct input *in)
{
    call_user_forward_all(dev, in->line);
}

static void private_key(struct rf_call_control *cc, struct device *dev, const struct input *in)
{
    call_shared_private(dev);
}

/* Those that are not about one call. */
static void (*const of_device[IN_N])(struct rf_call_control *cc, struct device *dev,
                                     const struct input *in) = {
    [IN_OFF_HOOK] = off_hook,   [IN_NEW_CALL] = new_call, [IN_NUMBER] = number_in,
    [IN_REDIAL] = redial,       [IN_MEET_ME] = meet_me,   [IN_FORWARD_ALL] = forward_all,
    [IN_PRIVATE] = private_key,
};

/* A call that another phone of the line has. */
static bool run_on_remote(struct device *dev, const struct input *in)
{
    struct leg *leg = call_shared_leg(dev, in->line, in->ref);
    if (leg == NULL)
        return false;
    if (in->kind == IN_BARGE)
        call_shared_barge(dev, in->line, leg);
    else if (in->kind == IN_RESUME)
        call_shared_take_back(dev, in->line, leg);
    else
        return false;
    return true;
}

static void run_input(struct rf_call_control *cc, const struct input *in)
{
    struct device *dev = rf_handle_find(cc->attached, in->dev);
    if (dev != NULL && in->ref != 0 && call_leg_of(dev, in->ref) == NULL && run_on_remote(dev, in))
        return;
    if (dev == NULL || (in->ref != 0 && call_leg_of(dev, in->ref) == NULL)) {
        rf_count(CALL_UNHANDLED); /* a device or a call that is gone, or another phone's */
        return;
    }
    if (of_device[in->kind] != NULL) {
        of_device[in->kind](cc, dev, in);
        return;
    }
    struct leg *leg = leg_meant(dev, in);
    if (leg != NULL)
        run_on_leg(leg, in);
}

void rf_call_in_off_hook(struct rf_call_control *cc, rf_handle dev, uint32_t line, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_OFF_HOOK, .dev = dev, .line = line, .ref = ref});
}

void rf_call_in_new_call(struct rf_call_control *cc, rf_handle dev, uint32_t line)
{
    give(cc, (struct input){.kind = IN_NEW_CALL, .dev = dev, .line = line});
}

void rf_call_in_answer(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_ANSWER, .dev = dev, .ref = ref});
}

void rf_call_in_digit(struct rf_call_control *cc, rf_handle dev, uint32_t ref, char digit)
{
    if (digit == '\0' || strchr("0123456789*#+ABCD", digit) == NULL)
        return;
    give(cc, (struct input){.kind = IN_DIGIT, .dev = dev, .ref = ref, .data = {.digit = digit}});
}

void rf_call_in_back_space(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_BACK_SPACE, .dev = dev, .ref = ref});
}

void rf_call_in_number(struct rf_call_control *cc, rf_handle dev, uint32_t line,
                       struct rf_slice number)
{
    struct input in = {.kind = IN_NUMBER, .dev = dev, .line = line};
    if (!rf_slice_to_str(number, in.data.number, sizeof in.data.number))
        return;
    size_t n = strlen(in.data.number);
    if (n > 0 && in.data.number[n - 1] == '#')
        in.data.number[n - 1] = '\0';
    if (rf_call_number_ok(in.data.number))
        give(cc, in);
}

void rf_call_in_redial(struct rf_call_control *cc, rf_handle dev, uint32_t line)
{
    give(cc, (struct input){.kind = IN_REDIAL, .dev = dev, .line = line});
}

void rf_call_in_forward_all(struct rf_call_control *cc, rf_handle dev, uint32_t line)
{
    give(cc, (struct input){.kind = IN_FORWARD_ALL, .dev = dev, .line = line});
}

void rf_call_in_hang_up(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_HANG_UP, .dev = dev, .ref = ref});
}

void rf_call_in_on_hook(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_ON_HOOK, .dev = dev, .ref = ref});
}

void rf_call_in_refuse(struct rf_call_control *cc, rf_handle trunk, uint32_t ref,
                       enum rf_call_cause cause)
{
    give(cc,
         (struct input){.kind = IN_HANG_UP, .dev = trunk, .ref = ref, .data = {.cause = cause}});
}

void rf_call_in_hold(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_HOLD, .dev = dev, .ref = ref});
}

void rf_call_in_resume(struct rf_call_control *cc, rf_handle dev, uint32_t line, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_RESUME, .dev = dev, .line = line, .ref = ref});
}

void rf_call_in_barge(struct rf_call_control *cc, rf_handle dev, uint32_t line, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_BARGE, .dev = dev, .line = line, .ref = ref});
}

void rf_call_in_private(struct rf_call_control *cc, rf_handle dev)
{
    give(cc, (struct input){.kind = IN_PRIVATE, .dev = dev});
}

void rf_call_in_transfer(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_TRANSFER, .dev = dev, .ref = ref});
}

void rf_call_in_conference(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_CONFERENCE, .dev = dev, .ref = ref});
}

void rf_call_in_meet_me(struct rf_call_control *cc, rf_handle dev, uint32_t line)
{
    give(cc, (struct input){.kind = IN_MEET_ME, .dev = dev, .line = line});
}

void rf_call_in_alerting(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_ALERTING, .dev = dev, .ref = ref});
}

void rf_call_in_receive_open(struct rf_call_control *cc, rf_handle dev, uint32_t ref,
                             const struct rf_call_addr *addr)
{
    struct input in = {.kind = IN_RECEIVE_OPEN, .dev = dev, .ref = ref};
    if (addr != NULL && rf_call_addr_usable(addr))
        in.data.addr = *addr;
    else
        in.kind = IN_MEDIA_FAILED;
    give(cc, in);
}

void rf_call_in_media_failed(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_MEDIA_FAILED, .dev = dev, .ref = ref});
}

/* ---- status ---- */

size_t rf_call_count(const struct rf_call_control *cc)
{
    return rf_handles_n(cc->calls);
}

bool rf_call_next(const struct rf_call_control *cc, uint32_t *at, struct rf_call_status *out)
{
    *out = (struct rf_call_status){0};
    const struct call *call = rf_handles_next(cc->calls, at);
    if (call == NULL)
        return false;
    out->call_id = call->id;
    out->state = call_fsm.state_names[call->fsm.state];
    memcpy(out->calling_device, call->record.calling_device, sizeof out->calling_device);
    memcpy(out->called_device, call->record.called_device, sizeof out->called_device);
    out->calling = call->calling;
    out->called = call->called;
    out->security = call_security(call);
    out->start_s = call->record.start_s;
    return true;
}
