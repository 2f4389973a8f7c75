/* SPDX-License-Identifier: Apache-2.0 */
#include "service/call/call_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool call_leg_is_live(const struct call *call, int end)
{
    const struct leg *leg = &call->legs[end];
    return leg->dev != NULL && !leg->is_lost;
}

enum rf_call_security call_security(const struct call *call)
{
    const struct conference *conf = call_conference_of(call);
    if (conf != NULL && conf->level != RF_CALL_SECURITY_UNKNOWN)
        return conf->level;
    if (call->record.called_device[0] == '\0') /* nobody at the other end yet */
        return rf_call_security_at(&call->sides[END_A], false);
    return rf_call_security_of(&call->sides[END_A], &call->sides[END_B],
                               call->suite != RF_CALL_SRTP_NONE && call->is_media_up);
}

static const struct rf_call_party *or_none(const struct rf_call_party *party)
{
    return party->number[0] != '\0' ? party : NULL;
}

struct rf_call_leg_info call_leg_info(const struct leg *leg)
{
    const struct call *call = leg->call;
    return (struct rf_call_leg_info){.call_id = call->id,
                                     .ref = leg->ref,
                                     .line = leg->line,
                                     .is_originating = leg->end == END_A,
                                     .calling = &call->calling,
                                     .called = &call->called,
                                     .original = or_none(&call->original),
                                     .redirecting = or_none(&call->redirecting),
                                     .security = call_security(call),
                                     .purpose = leg->purpose,
                                     .is_waiting = leg->dev != NULL && leg->dev->n_legs > 1,
                                     .stream = leg->stream};
}

/* Tell a leg, or an end, that is there: TELL(call, END_A, setup) or with further arguments. */
#define TELL_LEG(leg_there, op, ...)                                                               \
    do {                                                                                           \
        const struct leg *told = (leg_there);                                                      \
        if (told->dev != NULL && !told->is_lost) {                                                 \
            const struct rf_call_attach *to = &told->dev->attach;                                  \
            struct rf_call_leg_info told_info = call_leg_info(told);                               \
            to->ops->op(to->arg, &told_info __VA_OPT__(, ) __VA_ARGS__);                           \
        }                                                                                          \
    } while (0)
#define TELL(call, end, op, ...) TELL_LEG(&(call)->legs[end], op __VA_OPT__(, ) __VA_ARGS__)

void call_tell_setup(struct call *call, int end)
{
    TELL(call, end, setup);
}

void call_tell_collecting(struct call *call)
{
    TELL(call, END_A, collecting, call->digits);
}

void call_tell_proceeding(struct call *call)
{
    TELL(call, END_A, proceeding);
}

void call_tell_alerting(struct call *call)
{
    TELL(call, END_A, alerting);
}

void call_tell_offer(struct call *call)
{
    TELL(call, END_B, offer);
    for (size_t i = 0; i < call->n_branches; i++)
        TELL_LEG(call->branches[i], offer);
}

void call_tell_connected(struct call *call, int end)
{
    TELL(call, end, connected);
}

void call_tell_held(struct call *call, int end)
{
    TELL(call, end, held);
}

void call_tell_info(struct call *call, int end)
{
    TELL(call, end, info);
    for (size_t i = 0; end == END_B && i < call->n_branches; i++)
        TELL_LEG(call->branches[i], info);
}

static struct rf_call_stream stream_of(const struct call *call)
{
    return (struct rf_call_stream){.codec = call->codec, .packet_ms = RF_CALL_PACKET_MS};
}

void call_tell_open_receive_of(struct call *call, int end, const struct rf_call_stream *stream,
                               const struct rf_call_key *key)
{
    if (!call_leg_is_live(call, end))
        return;
    call->legs[end].receive_asked = true;
    call->legs[end].stream++;
    TELL(call, end, open_receive, stream, key);
}

void call_tell_open_receive(struct call *call, int end)
{
    struct rf_call_stream stream = stream_of(call);
    call_tell_open_receive_of(call, end, &stream, &call->keys[end]);
}

void call_tell_start_transmit(struct call *call, int end)
{
    if (!call_leg_is_live(call, end))
        return;
    int to_end = call_other(end);
    call->legs[end].transmit_asked = true;
    struct rf_call_stream stream = stream_of(call);
    TELL(call, end, start_transmit, &stream, &call->legs[to_end].addr, &call->keys[to_end]);
}

void call_tell_stop_media(struct call *call, int end)
{
    struct leg *leg_of_end = &call->legs[end];
    call_music_end(call, end);
    bool receive = leg_of_end->receive_asked;
    bool transmit = leg_of_end->transmit_asked;
    leg_of_end->receive_asked = false;
    leg_of_end->transmit_asked = false;
    leg_of_end->has_addr = false;
    if (receive || transmit)
        TELL(call, end, stop_media, receive, transmit);
}

void call_tell_tone(struct call *call, int end, enum rf_call_tone tone)
{
    TELL(call, end, tone, tone);
}

void call_tell_failed(struct call *call, int end, enum rf_call_cause cause)
{
    TELL(call, end, failed, cause);
}

void call_tell_branch_ended(struct leg *leg, enum rf_call_cause cause)
{
    TELL_LEG(leg, ended, cause);
}

void call_tell_ended(struct call *call, int end, enum rf_call_cause cause)
{
    if (end == END_B)
        call_branches_end(call, cause);
    if (call->legs[end].dev == NULL)
        return;
    call_tell_stop_media(call, end);
    TELL(call, end, ended, cause);
    call_leg_drop(call, end);
}

void call_tell_dtmf(struct call *call, int end, char digit)
{
    if (call_leg_is_live(call, end) && call->legs[end].dev->attach.ops->dtmf != NULL)
        TELL(call, end, dtmf, digit);
}

void call_report(const struct call *call, const char *kind, const char *fmt, ...)
{
    char text[320];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *dev = call->record.calling_device;
    rf_info(RF_CAT_CALL, "%s %s dev=%s call=%u", kind, text, dev, call->id);
    const struct rf_call_observer *o = &call->cc->conf.observer;
    if (o->on_event != NULL)
        o->on_event(o->arg, kind, dev, call->id, text);
}

void call_report_record(struct call *call)
{
    struct rf_call_record *r = &call->record;
    r->call_id = call->id;
    r->calling = call->calling;
    r->called = call->called;
    r->end_s = rf_wall_s(call->cc->conf.clock);
    r->cause = call->cause;
    r->code = rf_call_cause_code(r->cause);
    memcpy(r->original, call->original.number, sizeof r->original);
    memcpy(r->redirecting, call->redirecting.number, sizeof r->redirecting);
    call_report(call, "call-ended", "from=%s to=%s called-dev=%s cause=%s security=%s seconds=%lld",
                r->calling.number, r->called.number, r->called_device, rf_call_cause_name(r->cause),
                rf_call_security_name(r->security),
                r->answered_s == 0 ? 0LL : (long long)(r->end_s - r->answered_s));
    const struct rf_call_observer *o = &call->cc->conf.observer;
    if (o->on_record != NULL)
        o->on_record(o->arg, r);
}

void call_report_private(const struct device *dev)
{
    const struct rf_call_observer *o = &dev->cc->conf.observer;
    const char *text = dev->is_private ? "on" : "off";
    rf_info(RF_CAT_CALL, "call-privacy %s dev=%s", text, dev->conf.name);
    if (o->on_event != NULL)
        o->on_event(o->arg, "call-privacy", dev->conf.name, 0, text);
}
