/* SPDX-License-Identifier: Apache-2.0 */
/* What a user does with several calls: hold one, take it back, transfer. Each call's machine sees
 * its own part of it as an event. */
#include "base/faults.h"
#include "service/call/call_int.h"

#include <string.h>

struct leg *call_leg_of(const struct device *dev, uint32_t ref)
{
    struct leg *l = dev->legs;
    while (l != NULL && l->ref != ref)
        l = l->next;
    return l;
}

static bool is_talking(const struct leg *leg)
{
    int state = leg->call->fsm.state;
    return (state == CALL_CONNECTING || state == CALL_CONNECTED || state == CALL_HELD) &&
           !leg->holds;
}

/* Dialled, or ringing elsewhere, or come to nothing: nobody talks yet. */
static bool is_trying(const struct leg *leg)
{
    int state = leg->call->fsm.state;
    return state == CALL_FAILED || (leg->end == END_A && state < CALL_CONNECTING);
}

/* The other end lost its link, and the two talk on: nobody there could be told to stop, so that it
 * cannot be held. */
static bool is_orphaned(const struct leg *leg)
{
    return leg->call->fsm.state == CALL_ORPHANED && !leg->is_lost;
}

bool call_user_is_busy_with(const struct leg *leg)
{
    return is_talking(leg) || is_trying(leg) || is_orphaned(leg);
}

/* Each step ends what it found, and may end more than that: it is looked for anew. */
void call_user_step_aside(struct device *dev, const struct leg *except)
{
    /* where phones meet, all talk at once, and on a trunk, too */
    while (dev->conference == NULL && !dev->conf.is_trunk) {
        struct leg *l = dev->legs;
        while (l != NULL && (l == except || !call_user_is_busy_with(l)))
            l = l->next;
        if (l == NULL)
            return;
        struct call_data data = {.end = l->end};
        int event = is_talking(l)     ? CALL_EV_HOLD
                    : l->end == END_A ? CALL_EV_HANG_UP_A
                                      : CALL_EV_HANG_UP_B;
        call_run(l->call, event, &data);
    }
}

static void refuse(struct leg *leg)
{
    call_tell_tone(leg->call, leg->end, RF_CALL_TONE_REFUSED);
}

/* Where there is no place for that call, the youngest it has will do. */
void call_user_refused(struct device *dev, uint32_t line, enum rf_call_cause cause)
{
    struct call *call = call_begin(dev->cc, dev, line, RF_CALL_PURPOSE_TALK, 0);
    if (call != NULL)
        call_run(call, CALL_EV_REFUSED, &(struct call_data){.cause = cause});
    else if (dev->legs != NULL)
        refuse(dev->legs);
}

void call_user_hold(struct leg *leg)
{
    struct call_data data = {.end = leg->end};
    if (leg->holds)
        call_user_resume(leg); /* the key of a phone with one for both */
    else if (is_talking(leg))
        call_run(leg->call, CALL_EV_HOLD, &data);
}

void call_user_resume(struct leg *leg)
{
    struct call_data data = {.end = leg->end};
    if (!leg->holds)
        return;
    call_user_step_aside(leg->dev, leg);
    call_run(leg->call, CALL_EV_RESUME, &data);
}

/* ---- transfer ---- */

/* The other of the two calls, or NULL when it is gone meanwhile. */
static struct leg *held_for(const struct leg *consult)
{
    return consult->consults_for != 0 ? call_leg_of(consult->dev, consult->consults_for) : NULL;
}

static struct leg *consult_of(const struct leg *held)
{
    struct leg *l = held->dev->legs;
    while (l != NULL && l->consults_for != held->ref)
        l = l->next;
    return l;
}

static void begin_consult(struct leg *leg, enum rf_call_purpose purpose)
{
    struct call_data data = {.end = leg->end};
    struct device *dev = leg->dev;
    struct rf_call_control *cc = leg->call->cc;
    uint32_t ref = leg->ref, line = leg->line;
    if (!leg->holds)
        call_run(leg->call, CALL_EV_HOLD, &data);
    call_user_step_aside(dev, NULL);
    if (call_begin(cc, dev, line, purpose, ref) == NULL && (leg = call_leg_of(dev, ref)) != NULL)
        refuse(leg);
}

/* Who transfers goes: somebody from inside has to stay. */
static bool leaves_only_outside(const struct leg *held, const struct leg *consult)
{
    const struct device *by = held->dev;
    return call_is_outside(held->call->legs[call_other(held->end)].dev, by) &&
           call_is_outside(consult->call->legs[END_B].dev, by) &&
           !rf_fault_skips("call.trunk-transfer");
}

/* Who stays may hold as well, and talk elsewhere meanwhile. It goes on holding, which a call that
 * is not answered yet has no state for: the answer would open its microphone. */
static bool may_take_over(const struct leg *stays, const struct call *call)
{
    int state = call->fsm.state;
    bool is_answered = state == CALL_CONNECTING || state == CALL_CONNECTED || state == CALL_HELD;
    bool rings = state == CALL_OFFERED || state == CALL_RINGING;
    return is_answered || (rings && !stays->holds);
}

/* Where several phones ring, one of them will do; the others stop. */
static bool has_partner(const struct call *call, const struct device *stays)
{
    bool has = call_may_talk(stays, call->legs[END_B].dev) == RF_CALL_CAUSE_NORMAL;
    for (size_t i = 0; i < call->n_branches && !has; i++)
        has = call_may_talk(stays, call->branches[i]->dev) == RF_CALL_CAUSE_NORMAL;
    return has;
}

static bool may_be_joined(const struct leg *held, const struct leg *consult)
{
    const struct call *call = consult->call;
    return held->holds && call_leg_is_live(held->call, call_other(held->end)) &&
           consult->end == END_A && may_take_over(&held->call->legs[call_other(held->end)], call) &&
           has_partner(call, held->call->legs[call_other(held->end)].dev) &&
           !leaves_only_outside(held, consult);
}

/* The one that was held goes on in the other call, in the place of who transfers. */
static void join(struct leg *held, struct leg *consult)
{
    struct call *from = held->call, *to = consult->call;
    int stays = call_other(held->end);
    struct call_data data = {.end = held->end, .cause = RF_CALL_CAUSE_TRANSFERRED};
    struct call_data replaced = {.end = END_A};
    call_report(to, "call-transferred", "by=%s from-call=%u", consult->dev->conf.name, from->id);
    memcpy(from->record.by, consult->dev->conf.name, sizeof from->record.by);
    memcpy(to->record.by, consult->dev->conf.name, sizeof to->record.by);
    to->redirecting = to->calling;
    to->calling = stays == END_A ? from->calling : from->called;
    call_tell_tone(from, stays, RF_CALL_TONE_NONE);
    call_tell_stop_media(from, stays);
    call_tell_ended(to, END_A, RF_CALL_CAUSE_TRANSFERRED);
    call_branches_sift(to, from->legs[stays].dev);
    call_leg_move(&from->legs[stays], to, END_A);
    call_run(from, CALL_EV_GIVEN, &data);
    call_run(to, CALL_EV_REPLACED, &replaced);
}

void call_user_transfer(struct leg *leg)
{
    struct leg *held = held_for(leg);
    struct leg *consult = held != NULL ? leg : consult_of(leg);
    if (held == NULL)
        held = leg;
    if (consult == NULL && (is_talking(leg) || leg->holds))
        begin_consult(leg, RF_CALL_PURPOSE_TRANSFER);
    else if (consult != NULL && may_be_joined(held, consult))
        join(held, consult);
    else
        refuse(leg);
}

/* ---- conference ---- */

/* The place of who brings them together is the conference's now. */
static void put_in(struct conference *conf, struct call *call, int end)
{
    struct call_data replaced = {.end = end};
    call_conference_take(conf, call, end);
    call_run(call, CALL_EV_REPLACED, &replaced);
}

/* A running call is given up for a conference only where the server's media has room for all that
 * come: three where it is new, less the one that played for who was held; else the new one, and
 * who held the conference meanwhile. */
static bool has_room_to_meet(const struct leg *held)
{
    const struct call *call = held->call;
    bool is_new = call_conference_of(call) == NULL;
    bool has_music = call->legs[call_other(held->end)].music != 0;
    unsigned members = is_new ? (has_music ? 2 : 3) : 2;
    return call_conference_has_room(call->cc, members);
}

/* Who brings them together has a call with the conference, too, under the reference of the one it
 * held. */
static void meet(struct leg *held, struct leg *consult)
{
    struct rf_call_control *cc = held->call->cc;
    struct call *with_x = held->call, *with_y = consult->call;
    struct conference *conf = call_conference_of(with_x);
    int end = held->end;
    struct call *own = conf == NULL ? call_new(cc, CALL_HELD) : NULL;
    bool is_new = conf == NULL;
    if (is_new && own != NULL)
        conf = call_conference_new(cc);
    if (conf == NULL) {
        call_drop_new(own);
        refuse(consult);
        return;
    }
    call_report(with_y, "call-conference", "by=%s from-call=%u", consult->dev->conf.name,
                with_x->id);
    call_tell_ended(with_y, END_A, RF_CALL_CAUSE_CONFERENCE);
    if (is_new) {
        own->calling = end == END_A ? with_x->calling : with_x->called;
        own->record.answered_s = own->record.start_s;
        call_leg_move(held, own, END_A);
        call_conference_take(conf, own, END_B);
        put_in(conf, with_x, end);
    } else {
        own = with_x;
    }
    put_in(conf, with_y, END_A);
    struct call_data resumed = {.end = is_new ? END_A : end};
    call_run(own, CALL_EV_RESUME, &resumed);
}

bool call_user_bring_in(struct leg *leg, struct device *dev, uint32_t line)
{
    struct rf_call_control *cc = dev->cc;
    struct call *with_other = leg->call;
    int end = leg->end;
    struct conference *conf = call_conference_of(with_other);
    bool is_new = conf == NULL;
    if (!call_media_reaches(dev) || !call_conference_has_room(cc, is_new ? 3 : 1))
        return false;
    struct call *comes = call_new(cc, CALL_HELD);
    struct call *own = is_new ? call_new(cc, CALL_HELD) : NULL;
    if (is_new && comes != NULL && own != NULL)
        conf = call_conference_new(cc);
    if (comes == NULL || conf == NULL) {
        call_drop_new(comes);
        call_drop_new(own);
        return false;
    }
    call_report(with_other, "call-barge", "by=%s", dev->conf.name);
    comes->calling = dev->conf.lines[line - 1];
    call_leg_take(comes, END_A, dev, line);
    call_conference_take(conf, comes, END_B);
    comes->record.answered_s = comes->record.start_s;
    if (is_new) {
        own->calling = end == END_A ? with_other->calling : with_other->called;
        own->record.answered_s = own->record.start_s;
        call_tell_stop_media(with_other, end);
        call_leg_move(leg, own, END_A);
        call_conference_take(conf, own, END_B);
        put_in(conf, with_other, end);
        call_run(own, CALL_EV_REPLACED, &(struct call_data){.end = END_B});
    }
    call_tell_setup(comes, END_A);
    call_run(comes, CALL_EV_REPLACED, &(struct call_data){.end = END_B});
    return true;
}

static bool may_meet(const struct leg *held, const struct leg *consult)
{
    const struct call *call = consult->call;
    const struct conference *conf = call_conference_of(held->call);
    const struct device *x = held->call->legs[call_other(held->end)].dev;
    const struct device *y = call->legs[END_B].dev;
    bool is_answered = call->fsm.state == CALL_CONNECTING || call->fsm.state == CALL_CONNECTED;
    if (!held->holds || consult->end != END_A || !is_answered ||
        !call_leg_is_live(held->call, call_other(held->end)) || y->conference != NULL)
        return false;
    if (conf != NULL)
        return call_conference_admits(conf, y) == RF_CALL_CAUSE_NORMAL;
    return call_media_reaches(y) && call_may_talk(x, y) == RF_CALL_CAUSE_NORMAL &&
           call_may_talk(held->dev, x) == RF_CALL_CAUSE_NORMAL &&
           call_may_talk(held->dev, y) == RF_CALL_CAUSE_NORMAL;
}

void call_user_conference(struct leg *leg)
{
    struct leg *held = held_for(leg);
    struct leg *consult = held != NULL ? leg : consult_of(leg);
    if (held == NULL)
        held = leg;
    if (consult == NULL && (is_talking(leg) || leg->holds) && leg->call->cc->conf.media != NULL)
        begin_consult(leg, RF_CALL_PURPOSE_CONFERENCE);
    else if (consult != NULL && may_meet(held, consult) && has_room_to_meet(held))
        meet(held, consult);
    else
        refuse(leg);
}

/* ---- forwarding ---- */

void call_user_forward_all(struct device *dev, uint32_t line)
{
    if (line == 0)
        line = 1;
    if (line > dev->conf.n_lines)
        return;
    if (call_rule(dev, line)->forward[RF_CALL_FORWARD_ALL][0] != '\0' ||
        dev->plan[line - 1].wants_forward) {
        call_forward_all_want(dev, line, "");
        return;
    }
    call_user_step_aside(dev, NULL);
    call_begin(dev->cc, dev, line, RF_CALL_PURPOSE_FORWARD, 0);
}
