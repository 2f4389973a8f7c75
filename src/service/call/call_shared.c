/* SPDX-License-Identifier: Apache-2.0 */
/* A number on several phones: all ring, the first that answers has the call, and the others see it,
 * come into it, or take it back from hold.
 * doc: docs/call-control.md, "Shared lines" */
#include "base/faults.h"
#include "base/mem.h"
#include "service/call/call_int.h"

#include <stdio.h>
#include <string.h>

/* ---- ringing ---- */

static bool can_ring(const struct call *call, const struct plan_line *l)
{
    const struct device *d = l->dev;
    return d->handle != 0 && d != call->legs[END_A].dev && d != call->legs[END_B].dev &&
           !call_line_is_full(d, l->line) &&
           call_may_talk(call->legs[END_A].dev, d) == RF_CALL_CAUSE_NORMAL;
}

void call_branches_add(struct call *call, struct plan_line *lines)
{
    for (struct plan_line *l = lines; l != NULL && call->n_branches < RF_CALL_SHARED_MAX;
         l = l->next) {
        if (!can_ring(call, l))
            continue;
        struct leg *leg = rf_new(struct leg);
        /* all phones of a line know a call by one reference */
        *leg = (struct leg){.call = call,
                            .end = END_B,
                            .dev = l->dev,
                            .ref = call->legs[END_B].ref,
                            .line = l->line};
        call_leg_join(leg);
        call->branches[call->n_branches++] = leg;
    }
}

static void branch_free(struct leg *leg)
{
    call_leg_leave(leg);
    rf_free(leg);
}

void call_branches_end(struct call *call, enum rf_call_cause cause)
{
    while (call->n_branches > 0) {
        struct leg *leg = call->branches[--call->n_branches];
        call_tell_branch_ended(leg, cause);
        branch_free(leg);
    }
}

/* The two change places. */
static void promote(struct call *call, size_t i)
{
    struct leg *first = &call->legs[END_B], *other = call->branches[i];
    struct leg kept = *first;
    call_leg_leave(first);
    call_leg_leave(other);
    *first = *other;
    *other = kept;
    call_leg_join(first);
    call_leg_join(other);
    call_leg_named(call, END_B);
}

static size_t branch_of(const struct leg *leg)
{
    size_t i = 0;
    while (i < leg->call->n_branches && leg->call->branches[i] != leg)
        i++;
    return i;
}

void call_branch_take(struct leg *leg)
{
    size_t i = branch_of(leg);
    if (i < leg->call->n_branches)
        promote(leg->call, i);
}

bool call_branch_drop(struct leg *leg, enum rf_call_cause cause, bool is_lost)
{
    struct call *call = leg->call;
    size_t i = branch_of(leg);
    if (leg->end != END_B || call->n_branches == 0)
        return false;
    if (i == call->n_branches) { /* the first of them */
        promote(call, 0);
        i = 0;
    }
    leg = call->branches[i];
    leg->is_lost = is_lost;
    call_tell_branch_ended(leg, cause);
    branch_free(leg);
    call->branches[i] = call->branches[--call->n_branches];
    return true;
}

void call_branches_sift(struct call *call, const struct device *caller)
{
    for (size_t i = call->n_branches; i > 0; i--) { /* the last takes the place of who goes */
        struct leg *leg = call->branches[i - 1];
        enum rf_call_cause cause = call_may_go_on(caller, leg->dev);
        if (cause != RF_CALL_CAUSE_NORMAL)
            call_branch_drop(leg, cause, false);
    }
    struct leg *first = &call->legs[END_B];
    enum rf_call_cause cause =
        call->n_branches > 0 ? call_may_go_on(caller, first->dev) : RF_CALL_CAUSE_NORMAL;
    if (cause != RF_CALL_CAUSE_NORMAL)
        call_branch_drop(first, cause, false);
}

/* ---- what the others see ---- */

static bool is_shared(const struct leg *leg)
{
    return leg->dev != NULL && leg->dev->conference == NULL &&
           leg->line <= leg->dev->conf.n_lines && call_rule(leg->dev, leg->line)->is_shared;
}

static enum rf_call_remote remote_of(const struct leg *leg)
{
    switch (leg->call->fsm.state) {
    case CALL_CONNECTING:
    case CALL_CONNECTED:
    case CALL_ORPHANED:
        return RF_CALL_REMOTE_IN_USE;
    case CALL_HELD:
        return leg->holds ? RF_CALL_REMOTE_HELD : RF_CALL_REMOTE_IN_USE;
    case CALL_COLLECTING:
    case CALL_ROUTING:
    case CALL_OFFERED:
    case CALL_RINGING:
        return leg->end == END_A ? RF_CALL_REMOTE_IN_USE : RF_CALL_REMOTE_NONE;
    default:
        return RF_CALL_REMOTE_NONE;
    }
}

static void tell_one(const struct leg *leg, const struct plan_line *l, enum rf_call_remote state)
{
    static const struct rf_call_party nobody;
    const struct rf_call_attach *to = &l->dev->attach;
    struct rf_call_leg_info info = call_leg_info(leg);
    bool is_own = l->dev == leg->dev || l->dev == leg->heir;
    if (is_own || l->dev->handle == 0 || to->ops->remote == NULL)
        return;
    info.line = l->line;
    info.is_private = leg->dev->is_private;
    if (info.is_private)
        info.calling = info.called = &nobody;
    to->ops->remote(to->arg, &info, state);
}

static void tell_all(struct leg *leg, enum rf_call_remote state)
{
    struct plan_line *l = call_plan_find(leg->call->cc, call_line_number(leg->dev, leg->line));
    const struct rf_call_leg_info info = call_leg_info(leg);
    leg->remote = state;
    snprintf(leg->remote_info.calling, sizeof leg->remote_info.calling, "%s", info.calling->number);
    snprintf(leg->remote_info.called, sizeof leg->remote_info.called, "%s", info.called->number);
    leg->remote_info.security = info.security;
    for (; l != NULL; l = l->next)
        tell_one(leg, l, state);
}

/* Who talks, or how safely, is not what the others were told. */
static bool has_news(const struct leg *leg)
{
    const struct rf_call_leg_info info = call_leg_info(leg);
    return strcmp(info.calling->number, leg->remote_info.calling) != 0 ||
           strcmp(info.called->number, leg->remote_info.called) != 0 ||
           info.security != leg->remote_info.security;
}

void call_shared_look(struct call *call)
{
    for (int end = 0; end < ENDS; end++) {
        struct leg *leg = &call->legs[end];
        if (!is_shared(leg))
            continue;
        enum rf_call_remote state = remote_of(leg);
        if (state != leg->remote || (state != RF_CALL_REMOTE_NONE && has_news(leg)))
            tell_all(leg, state);
    }
}

void call_shared_gone(struct leg *leg)
{
    if (leg->remote != RF_CALL_REMOTE_NONE && leg->dev != NULL)
        tell_all(leg, RF_CALL_REMOTE_NONE);
}

/* Its own lines' calls on other phones. */
void call_shared_tell(struct device *dev)
{
    for (size_t i = 0; i < dev->conf.n_lines; i++) {
        struct plan_line *l = call_plan_find(dev->cc, dev->conf.lines[i].number);
        for (; l != NULL; l = l->next)
            for (struct leg *leg = l->dev->legs; leg != NULL; leg = leg->next)
                if (l->dev != dev && leg->line == l->line && leg->remote != RF_CALL_REMOTE_NONE)
                    tell_one(leg, &dev->plan[i], leg->remote);
    }
}

struct leg *call_shared_leg(struct device *dev, uint32_t line, uint32_t ref)
{
    if (line == 0 || line > dev->conf.n_lines || !call_rule(dev, line)->is_shared)
        return NULL;
    struct plan_line *l = call_plan_find(dev->cc, call_line_number(dev, line));
    for (; l != NULL; l = l->next)
        for (struct leg *leg = l->dev->legs; leg != NULL; leg = leg->next)
            if (l->dev != dev && leg->line == l->line && leg->ref == ref &&
                leg->remote != RF_CALL_REMOTE_NONE)
                return leg;
    return NULL;
}

/* ---- coming in ---- */

/* doc: docs/security-rules.md, "Media and call status" */
static bool may_barge(const struct device *dev, const struct leg *leg)
{
    const struct call *call = leg->call;
    const struct rf_call_side *side = &dev->attach.side;
    bool is_able = side->signalling == RF_CALL_SIGNALLING_ENCRYPTED && side->suites != 0;
    bool is_lower = rf_call_security_at(side, is_able) < call_security(call);
    if (leg->dev->is_private && !rf_fault_skips("call.privacy"))
        return false;
    if (is_lower && call->cc->conf.barge == RF_CALL_BARGE_REFUSE &&
        !rf_fault_skips("call.barge-policy"))
        return false;
    if (call->fsm.state != CALL_CONNECTED)
        return false;
    for (int end = 0; end < ENDS; end++)
        if (call->legs[end].dev == NULL ||
            call_may_talk(dev, call->legs[end].dev) != RF_CALL_CAUSE_NORMAL)
            return false;
    return true;
}

void call_shared_barge(struct device *dev, uint32_t line, struct leg *leg)
{
    /* by these two keys alone a phone gets a call that nobody routed to it */
    if (call_line_is_used_up(dev, line)) {
        call_user_refused(dev, line, RF_CALL_CAUSE_SECURITY);
        return;
    }
    rf_handle handle = leg->call->handle;
    call_user_step_aside(dev, NULL);
    /* who called its own line may have ended just that call */
    bool is_there = rf_handle_find(dev->cc->calls, handle) != NULL;
    if (!is_there || leg->dev == NULL || !may_barge(dev, leg))
        call_user_refused(dev, line, RF_CALL_CAUSE_SECURITY);
    else if (!call_user_bring_in(leg, dev, line))
        call_user_refused(dev, line, RF_CALL_CAUSE_MEDIA);
}

void call_shared_take_back(struct device *dev, uint32_t line, struct leg *leg)
{
    struct call *call = leg->call;
    int end = leg->end;
    uint32_t ref = leg->ref;
    struct device *other = call->legs[call_other(end)].dev;
    if (!leg->holds || other == NULL || call_line_is_used_up(dev, line) ||
        call_may_talk(dev, other) != RF_CALL_CAUSE_NORMAL) {
        call_user_refused(dev, line, RF_CALL_CAUSE_SECURITY);
        return;
    }
    struct call_data data = {.end = end};
    call_user_step_aside(dev, NULL);
    leg->heir = dev;
    call_tell_ended(call, end, RF_CALL_CAUSE_ELSEWHERE);
    call_leg_take(call, end, dev, line);
    call->legs[end].ref = ref;
    call->legs[end].holds = true;
    call_tell_setup(call, end);
    call_run(call, CALL_EV_RESUME, &data);
}

void call_shared_private(struct device *dev)
{
    dev->is_private = !dev->is_private;
    for (struct leg *leg = dev->legs; leg != NULL; leg = leg->next)
        if (leg->remote != RF_CALL_REMOTE_NONE)
            tell_all(leg, leg->remote);
    call_report_private(dev);
}
