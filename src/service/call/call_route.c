/* SPDX-License-Identifier: Apache-2.0 */
/* Who is called: the line of the number, or where its calls go. */
#include "base/faults.h"
#include "service/call/call_int.h"

#include <stdio.h>
#include <string.h>

/* doc: docs/security-rules.md, "Media and call status": never silently clear */
static bool is_refused_by_policy(const struct device *a, const struct device *b)
{
    if (rf_fault_skips("call.media-policy"))
        return false;
    return (a->conf.media_policy == RF_CALL_MEDIA_REQUIRE ||
            b->conf.media_policy == RF_CALL_MEDIA_REQUIRE) &&
           rf_call_suite(&a->attach.side, &b->attach.side) == RF_CALL_SRTP_NONE;
}

enum rf_call_cause call_may_talk(const struct device *a, const struct device *b)
{
    const struct device *room = a->conference != NULL ? a : b;
    if (room->conference != NULL)
        return call_conference_admits(room->conference, room == a ? b : a);
    if (a->attach.side.is_ip6 != b->attach.side.is_ip6)
        return RF_CALL_CAUSE_MEDIA;
    if (rf_call_codec_of(&a->attach.side, &b->attach.side) == 0)
        return RF_CALL_CAUSE_CODEC;
    return is_refused_by_policy(a, b) ? RF_CALL_CAUSE_SECURITY : RF_CALL_CAUSE_NORMAL;
}

enum rf_call_cause call_may_go_on(const struct device *a, const struct device *b)
{
    const struct device *room = a->conference != NULL ? a : b;
    return room->conference != NULL ? call_conference_trusts(room->conference, room == a ? b : a)
                                    : call_may_talk(a, b);
}

bool call_line_is_full(const struct device *b, uint32_t line)
{
    const struct rf_call_line_rule *rule = &b->conf.rules[line - 1];
    size_t trigger = rule->busy_trigger != 0 ? rule->busy_trigger : RF_CALL_BUSY_TRIGGER;
    if (b->conf.is_trunk)
        return call_line_is_used_up(b, line);
    return b->n_legs >= RF_CALL_LEGS_MAX || call_line_calls(b, line) >= trigger;
}

/* A Meet-Me is begun by a key, and then everybody's who knows the number and is secure enough. */
static enum rf_call_cause judge_meet_me(const struct leg *a, const struct device *b)
{
    if (a->purpose == RF_CALL_PURPOSE_MEET_ME)
        return call_conference_begin(b->conference, a->dev);
    enum rf_call_cause cause =
        b->handle == 0 ? RF_CALL_CAUSE_UNREACHABLE : call_conference_admits(b->conference, a->dev);
    return cause == RF_CALL_CAUSE_NORMAL && !call_conference_has_room(b->cc, 1)
               ? RF_CALL_CAUSE_MEDIA
               : cause;
}

static enum rf_call_cause judge(const struct call *call, const struct device *b, uint32_t line)
{
    const struct leg *a = &call->legs[END_A];
    if (b->conference != NULL)
        return judge_meet_me(a, b);
    if (a->purpose == RF_CALL_PURPOSE_MEET_ME)
        return RF_CALL_CAUSE_UNKNOWN_NUMBER;
    if (b->handle == 0)
        return RF_CALL_CAUSE_UNREACHABLE;
    if (call_line_is_full(b, line) || (a->dev == b && a->line == line))
        return RF_CALL_CAUSE_BUSY;
    return call_may_talk(a->dev, b);
}

/* When it cannot be reached for this cause: which of its targets is meant. */
static enum rf_call_forward forward_for(enum rf_call_cause cause)
{
    return cause == RF_CALL_CAUSE_BUSY          ? RF_CALL_FORWARD_BUSY
           : cause == RF_CALL_CAUSE_UNREACHABLE ? RF_CALL_FORWARD_UNREGISTERED
                                                : RF_CALL_FORWARD_N;
}

/* The call goes on to another number, if it may. */
static bool send_on(struct call *call, const char *target)
{
    if (target[0] == '\0')
        return false;
    if (call->original.number[0] == '\0')
        call->original = call->called;
    call->redirecting = call->called;
    call->hops++;
    snprintf(call->digits, sizeof call->digits, "%s", target);
    call_report(call, "call-forwarded", "from=%s by=%s to=%s", call->calling.number,
                call->called.number, target);
    return true;
}

static void refuse(struct call *call, enum rf_call_cause cause)
{
    call_post(call, CALL_EV_NO_ROUTE, (struct call_data){.cause = cause});
}

/* Of the phones of a line, one that can be called, else the first. */
static struct plan_line *best_of(const struct call *call, struct plan_line *lines)
{
    for (struct plan_line *l = lines; l != NULL; l = l->next)
        if (judge(call, l->dev, l->line) == RF_CALL_CAUSE_NORMAL)
            return l;
    return lines;
}

/* ---- the trunk ---- */

bool call_number_may_follow(const struct rf_call_control *cc, const char *digits)
{
    if (call_plan_may_follow(cc, digits))
        return true;
    return cc->trunk != NULL && cc->trunk->handle != 0 && strlen(digits) < RF_CALL_NUMBER_MAX &&
           call_plan_find(cc, digits) == NULL;
}

/* Who came by the trunk does not leave by it: calls from outside to outside are at the cost of the
 * site, and nobody of it has part in them. That is so for what a line forwards, too. */
static enum rf_call_cause judge_trunk(const struct call *call, const struct device *trunk)
{
    const struct leg *a = &call->legs[END_A];
    if (trunk == NULL || !rf_call_number_ok(call->digits) || a->purpose == RF_CALL_PURPOSE_MEET_ME)
        return RF_CALL_CAUSE_UNKNOWN_NUMBER;
    if (a->dev == trunk && !rf_fault_skips("call.trunk-to-trunk"))
        return RF_CALL_CAUSE_UNKNOWN_NUMBER;
    if (trunk->handle == 0)
        return RF_CALL_CAUSE_UNREACHABLE;
    return call_line_is_full(trunk, 1) ? RF_CALL_CAUSE_BUSY : call_may_talk(a->dev, trunk);
}

/* No line has the number. */
static void try_trunk(struct call *call)
{
    struct device *trunk = call->cc->trunk;
    memcpy(call->called.number, call->digits, sizeof call->called.number);
    enum rf_call_cause cause = judge_trunk(call, trunk);
    if (cause != RF_CALL_CAUSE_NORMAL) {
        refuse(call, cause);
        return;
    }
    call_leg_take(call, END_B, trunk, 1);
    call_post(call, CALL_EV_ROUTED, (struct call_data){0});
}

bool call_is_outside(const struct device *dev, const struct device *but)
{
    if (dev->conference == NULL)
        return dev->conf.is_trunk;
    for (const struct leg *l = dev->legs; l != NULL; l = l->next) {
        const struct device *member = l->call->legs[call_other(l->end)].dev;
        if (member != NULL && member != but && !member->conf.is_trunk)
            return false;
    }
    return true;
}

/* ---- a number ---- */

/* One number; false: it was sent on to another. */
static bool try_number(struct call *call)
{
    struct plan_line *found = call_plan_find(call->cc, call->digits);
    call->called = (struct rf_call_party){0};
    if (found == NULL) {
        try_trunk(call);
        return true;
    }
    found = best_of(call, found);
    struct device *b = found->dev;
    const struct rf_call_line_rule *rule = call_rule(b, found->line);
    call->called = b->conf.lines[found->line - 1];
    /* who forwards to a number may still be called from there */
    if (strcmp(rule->forward[RF_CALL_FORWARD_ALL], call->calling.number) != 0 &&
        send_on(call, rule->forward[RF_CALL_FORWARD_ALL]))
        return false;
    enum rf_call_cause cause = judge(call, b, found->line);
    enum rf_call_forward forward = forward_for(cause);
    if (forward != RF_CALL_FORWARD_N && send_on(call, rule->forward[forward]))
        return false;
    if (cause != RF_CALL_CAUSE_NORMAL) {
        refuse(call, cause);
        return true;
    }
    call_leg_take(call, END_B, b, found->line);
    if (rule->is_shared)
        call_branches_add(call, call_plan_find(call->cc, call->digits));
    call_post(call, CALL_EV_ROUTED, (struct call_data){0});
    return true;
}

/* Asked before each number: who does not answer sends a call on, too. */
void call_route(struct call *call)
{
    do {
        if (call->hops > RF_CALL_FORWARD_HOPS) {
            refuse(call, RF_CALL_CAUSE_FORWARD_LOOP);
            return;
        }
    } while (!try_number(call));
}

bool call_route_no_answer(struct call *call)
{
    struct leg *b = &call->legs[END_B];
    return b->dev != NULL &&
           send_on(call, call_rule(b->dev, b->line)->forward[RF_CALL_FORWARD_NO_ANSWER]);
}
