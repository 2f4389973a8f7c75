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
    };
    return (size_t)cause < RF_CALL_CAUSE_N ? names[cause] : "unknown";
}

/* ---- inputs: queued, so that an endpoint may give one from inside its operation ---- */

enum input_kind {
    IN_OFF_HOOK,
    IN_NEW_CALL,
    IN_ANSWER,
    IN_DIGIT,
    IN_BACK_SPACE,
    IN_NUMBER,
    IN_HANG_UP,
    IN_ALERTING,
    IN_RECEIVE_OPEN,
    IN_MEDIA_FAILED,
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

static void run_inputs(struct rf_call_control *cc)
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
    run_inputs(cc);
}

/* ---- control ---- */

struct rf_call_control *rf_call_control_new(const struct rf_call_conf *conf)
{
    struct rf_call_control *cc = rf_new(struct rf_call_control);
    cc->conf = *conf;
    if (cc->conf.calls_max == 0)
        cc->conf.calls_max = RF_CALL_CALLS_MAX;
    cc->attached = rf_handles_new(RF_CALL_DEVICES_MAX);
    cc->calls = rf_handles_new(cc->conf.calls_max);
    /* phones may remember references of a server that ran before: begin elsewhere */
    cc->last_ref = rf_random_u32() >> 4;
    return cc;
}

static void call_free(struct call *call)
{
    for (int end = 0; end < ENDS; end++) {
        rf_call_key_wipe(&call->keys[end]);
        call_leg_drop(call, end);
    }
    rf_timer_stop(call->cc->conf.timers, &call->timer);
    rf_handle_remove(call->cc->calls, call->handle);
    rf_free(call);
}

void rf_call_control_free(struct rf_call_control *cc)
{
    if (cc == NULL)
        return;
    uint32_t at = 0;
    struct call *call;
    while ((call = rf_handles_next(cc->calls, &at)) != NULL)
        call_free(call);
    while (cc->devices != NULL) {
        struct device *d = cc->devices;
        cc->devices = d->next;
        rf_free(d);
    }
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
    rf_bug_on(cc->is_running);
    cc->is_running = true;
    rf_fsm_handle(&call->fsm, event, data);
    if (call->fsm.state == CALL_CLEARED) {
        call_report_record(call);
        call_free(call);
    }
    cc->is_running = false;
    run_inputs(cc);
}

/* ---- legs ---- */

static uint32_t next_ref(struct rf_call_control *cc)
{
    do
        cc->last_ref++;
    while (cc->last_ref == 0 || cc->last_ref == UINT32_MAX);
    return cc->last_ref;
}

void call_leg_take(struct call *call, int end, struct device *dev, uint32_t line)
{
    call->legs[end] = (struct leg){.dev = dev, .ref = next_ref(call->cc), .line = line};
    call->signalling[end] = dev->attach.signalling;
    dev->call = call;
    dev->end = end;
    char *name = end == END_A ? call->record.calling_device : call->record.called_device;
    snprintf(name, RF_CALL_DEVICE_MAX + 1, "%s", dev->conf.name);
}

void call_leg_drop(struct call *call, int end)
{
    struct leg *leg = &call->legs[end];
    if (leg->dev == NULL)
        return;
    leg->dev->call = NULL;
    leg->dev = NULL;
}

/* The phone hears nothing, so that somebody else must. */
static void refuse_call(struct rf_call_control *cc, const struct device *dev, uint32_t line)
{
    const struct rf_call_observer *o = &cc->conf.observer;
    char text[64];
    if (!rf_log_allows(&cc->refusals, REFUSALS_A_MINUTE, rf_now_ms(cc->conf.clock)))
        return;
    snprintf(text, sizeof text, "from=%s cause=too-many-calls", dev->conf.lines[line - 1].number);
    rf_warn(RF_CAT_CALL, "call-failed %s: there are %u already dev=%s", text,
            rf_handles_n(cc->calls), dev->conf.name);
    if (o->on_event != NULL)
        o->on_event(o->arg, "call-failed", dev->conf.name, 0, text);
}

static void begin(struct rf_call_control *cc, struct device *dev, uint32_t line)
{
    if (line == 0)
        line = 1;
    if (line > dev->conf.n_lines)
        return;
    if (rf_handles_n(cc->calls) >= cc->conf.calls_max) {
        refuse_call(cc, dev, line);
        return;
    }
    struct call *call = rf_new(struct call);
    call->cc = cc;
    call->handle = rf_handle_add(cc->calls, call);
    rf_bug_on(call->handle == 0);
    call->id = ++cc->last_id;
    call->calling = dev->conf.lines[line - 1];
    call->record.start_s = rf_wall_s(cc->conf.clock);
    rf_fsm_init(&call->fsm, &call_fsm, call, CALL_IDLE);
    call_leg_take(call, END_A, dev, line);
    rf_count(CALLS);
    call_run(call, CALL_EV_START, NULL);
}

/* ---- devices ---- */

static struct device **device_slot(struct rf_call_control *cc, const char *name)
{
    struct device **at = &cc->devices;
    while (*at != NULL && strcmp((*at)->conf.name, name) != 0)
        at = &(*at)->next;
    return at;
}

static enum rf_err check_lines(struct rf_call_control *cc, const struct rf_call_device_conf *conf,
                               struct rf_why *why)
{
    for (size_t i = 0; i < conf->n_lines; i++) {
        const char *number = conf->lines[i].number;
        if (!rf_call_number_ok(number))
            return rf_why_set(why, RF_ERR_BAD, "line-number", "%s: line %zu has no usable number",
                              conf->name, i + 1);
        for (size_t k = 0; k < i; k++)
            if (strcmp(conf->lines[k].number, number) == 0)
                return rf_why_set(why, RF_ERR_EXISTS, "line-number-taken", "%s has line %s twice",
                                  conf->name, number);
        uint32_t line;
        const struct device *d = call_line_find(cc, number, &line);
        if (d != NULL && strcmp(d->conf.name, conf->name) != 0)
            return rf_why_set(why, RF_ERR_EXISTS, "line-number-taken", "line %s belongs to %s",
                              number, d->conf.name);
    }
    return RF_OK;
}

enum rf_err rf_call_device_set(struct rf_call_control *cc, const struct rf_call_device_conf *conf,
                               struct rf_why *why)
{
    if (conf->n_lines > RF_CALL_LINES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "lines", "%s: more than %d lines", conf->name,
                          RF_CALL_LINES_MAX);
    enum rf_err err = check_lines(cc, conf, why);
    if (err != RF_OK)
        return err;
    struct device **at = device_slot(cc, conf->name);
    if (*at == NULL) {
        if (cc->n_devices == RF_CALL_DEVICES_MAX)
            return rf_why_set(why, RF_ERR_LIMIT, "devices", "more than %d devices",
                              RF_CALL_DEVICES_MAX);
        *at = rf_new(struct device);
        cc->n_devices++;
    }
    (*at)->conf = *conf;
    return RF_OK;
}

static const struct call_data end_removed = {.cause = RF_CALL_CAUSE_REMOVED};

void rf_call_device_remove(struct rf_call_control *cc, const char *name)
{
    rf_bug_on(cc->is_running);
    struct device **at = device_slot(cc, name);
    struct device *dev = *at;
    if (dev == NULL)
        return;
    if (dev->call != NULL)
        call_run(dev->call, CALL_EV_REMOVED, &end_removed);
    if (dev->handle != 0)
        rf_handle_remove(cc->attached, dev->handle);
    *device_slot(cc, name) = dev->next;
    cc->n_devices--;
    rf_free(dev);
}

static void take_down(struct rf_call_control *cc, struct device *dev)
{
    rf_handle_remove(cc->attached, dev->handle);
    dev->handle = 0;
    if (dev->call != NULL)
        call_run(dev->call, dev->end == END_A ? CALL_EV_LOST_A : CALL_EV_LOST_B, NULL);
}

enum rf_err rf_call_device_up(struct rf_call_control *cc, const char *name,
                              const struct rf_call_attach *attach, rf_handle *out)
{
    rf_bug_on(cc->is_running);
    *out = 0;
    struct device *dev = *device_slot(cc, name);
    if (dev == NULL)
        return RF_ERR_NOT_FOUND;
    if (dev->handle != 0)
        take_down(cc, dev);
    if (dev->call != NULL) /* kept over the loss: the phone has given it up by coming back */
        call_run(dev->call, CALL_EV_BACK, NULL);
    dev->attach = *attach;
    dev->handle = rf_handle_add(cc->attached, dev);
    rf_bug_on(dev->handle == 0);
    *out = dev->handle;
    return RF_OK;
}

void rf_call_device_down(struct rf_call_control *cc, rf_handle handle)
{
    rf_bug_on(cc->is_running);
    struct device *dev = rf_handle_find(cc->attached, handle);
    if (dev != NULL)
        take_down(cc, dev);
}

void rf_call_device_codecs(struct rf_call_control *cc, rf_handle handle, uint32_t codecs)
{
    struct device *dev = rf_handle_find(cc->attached, handle);
    if (dev != NULL)
        dev->attach.codecs = codecs;
}

bool rf_call_device_in_call(const struct rf_call_control *cc, rf_handle handle)
{
    const struct device *dev = rf_handle_find(cc->attached, handle);
    return dev != NULL && dev->call != NULL;
}

/* ---- inputs to events ---- */

static void off_hook(struct rf_call_control *cc, struct device *dev, const struct input *in)
{
    if (dev->call == NULL)
        begin(cc, dev, in->line);
    else if (dev->end == END_B)
        call_run(dev->call, CALL_EV_ANSWER, &in->data);
}

static void number_in(struct rf_call_control *cc, struct device *dev, const struct input *in)
{
    if (dev->call == NULL)
        begin(cc, dev, in->line);
    if (dev->call != NULL && dev->end == END_A)
        call_run(dev->call, CALL_EV_NUMBER, &in->data);
}

/* The event of an input on an existing call, or -1 when that end has no business with it. */
static int event_of(enum input_kind kind, int end)
{
    switch (kind) {
    case IN_ANSWER:
        return end == END_B ? CALL_EV_ANSWER : -1;
    case IN_DIGIT:
        return end == END_A ? CALL_EV_DIGIT_A : CALL_EV_DIGIT_B;
    case IN_BACK_SPACE:
        return end == END_A ? CALL_EV_BACK_SPACE : -1;
    case IN_HANG_UP:
        return end == END_A ? CALL_EV_HANG_UP_A : CALL_EV_HANG_UP_B;
    case IN_ALERTING:
        return end == END_B ? CALL_EV_ALERTING : -1;
    case IN_RECEIVE_OPEN:
        return CALL_EV_RECEIVE_OPEN;
    case IN_MEDIA_FAILED:
        return CALL_EV_MEDIA_FAILED;
    case IN_OFF_HOOK:
    case IN_NEW_CALL:
    case IN_NUMBER:
        break;
    }
    return -1;
}

static void run_input(struct rf_call_control *cc, const struct input *in)
{
    struct device *dev = rf_handle_find(cc->attached, in->dev);
    if (dev == NULL ||
        (in->ref != 0 && (dev->call == NULL || dev->call->legs[dev->end].ref != in->ref))) {
        rf_count(CALL_UNHANDLED); /* a device or a call that is gone, or another phone's */
        return;
    }
    if (in->kind == IN_OFF_HOOK) {
        off_hook(cc, dev, in);
    } else if (in->kind == IN_NEW_CALL) {
        if (dev->call == NULL)
            begin(cc, dev, in->line);
    } else if (in->kind == IN_NUMBER) {
        number_in(cc, dev, in);
    } else if (dev->call != NULL) {
        struct call_data data = in->data;
        data.end = dev->end;
        int event = event_of(in->kind, dev->end);
        if (event >= 0)
            call_run(dev->call, event, &data);
    }
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

void rf_call_in_hang_up(struct rf_call_control *cc, rf_handle dev, uint32_t ref)
{
    give(cc, (struct input){.kind = IN_HANG_UP, .dev = dev, .ref = ref});
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
