/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: set by the operator, found by name, registered and lost. */
#include "service/call/call_int.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static struct device **slot_of(struct rf_call_control *cc, const char *name)
{
    uint32_t h = 2166136261u;
    for (const char *c = name; *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * 16777619u;
    struct device **at = &cc->devices[h % DEVICE_BUCKETS];
    while (*at != NULL && strcmp((*at)->conf.name, name) != 0)
        at = &(*at)->next;
    return at;
}

struct device *call_device_find(const struct rf_call_control *cc, const char *name)
{
    return *slot_of((struct rf_call_control *)(uintptr_t)cc, name); /* found, not changed */
}

const char *rf_call_forward_name(enum rf_call_forward forward)
{
    static const char *const names[RF_CALL_FORWARD_N] = {
        [RF_CALL_FORWARD_ALL] = "all",
        [RF_CALL_FORWARD_BUSY] = "busy",
        [RF_CALL_FORWARD_NO_ANSWER] = "no-answer",
        [RF_CALL_FORWARD_UNREGISTERED] = "unregistered",
    };
    return (size_t)forward < RF_CALL_FORWARD_N ? names[forward] : "unknown";
}

/* ---- numbers of devices ---- */

static enum rf_err check_number(const struct rf_call_control *cc,
                                const struct rf_call_device_conf *conf, size_t i,
                                struct rf_why *why)
{
    const char *number = conf->lines[i].number;
    if (!rf_call_number_ok(number))
        return rf_why_set(why, RF_ERR_BAD, "line-number", "%s: line %zu has no usable number",
                          conf->name, i + 1);
    for (size_t k = 0; k < i; k++)
        if (strcmp(conf->lines[k].number, number) == 0)
            return rf_why_set(why, RF_ERR_EXISTS, "line-number-taken", "%s has line %s twice",
                              conf->name, number);
    for (struct plan_line *l = call_plan_find(cc, number); l != NULL; l = l->next)
        if (strcmp(l->dev->conf.name, conf->name) != 0 &&
            !(conf->rules[i].is_shared && call_rule(l->dev, l->line)->is_shared))
            return rf_why_set(why, RF_ERR_EXISTS, "line-number-taken", "line %s belongs to %s",
                              number, l->dev->conf.name);
    return RF_OK;
}

static enum rf_err check_rule(const struct rf_call_device_conf *conf, size_t i, struct rf_why *why)
{
    const struct rf_call_line_rule *rule = &conf->rules[i];
    for (int f = 0; f < RF_CALL_FORWARD_N; f++)
        if (rule->forward[f][0] != '\0' && !rf_call_number_ok(rule->forward[f]))
            return rf_why_set(why, RF_ERR_BAD, "line-forward",
                              "%s: line %s forwards (%s) to what is no number", conf->name,
                              conf->lines[i].number, rf_call_forward_name((enum rf_call_forward)f));
    return RF_OK;
}

static enum rf_err check_lines(const struct rf_call_control *cc,
                               const struct rf_call_device_conf *conf, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    if (conf->n_lines > RF_CALL_LINES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "lines", "%s: more than %d lines", conf->name,
                          RF_CALL_LINES_MAX);
    for (size_t i = 0; i < conf->n_lines && err == RF_OK; i++) {
        err = check_number(cc, conf, i, why);
        if (err == RF_OK)
            err = check_rule(conf, i, why);
    }
    return err;
}

static bool forwards(const struct rf_call_line_rule *rule)
{
    for (int f = 0; f < RF_CALL_FORWARD_N; f++)
        if (rule->forward[f][0] != '\0')
            return true;
    return false;
}

static enum rf_err check_trunk(const struct rf_call_control *cc,
                               const struct rf_call_device_conf *conf, struct rf_why *why)
{
    if (conf->n_lines != 1 || conf->lines[0].number[0] != '\0' || conf->rules[0].is_shared ||
        forwards(&conf->rules[0]))
        return rf_why_set(why, RF_ERR_BAD, "trunk-line",
                          "%s: a trunk has one line, without a number, forwarding or sharing",
                          conf->name);
    if (cc->trunk != NULL && strcmp(cc->trunk->conf.name, conf->name) != 0)
        return rf_why_set(why, RF_ERR_EXISTS, "trunk-taken", "%s: %s is the trunk", conf->name,
                          cc->trunk->conf.name);
    return RF_OK;
}

static void leave_plan(struct rf_call_control *cc, struct device *dev)
{
    for (size_t i = 0; i < dev->conf.n_lines && !dev->conf.is_trunk; i++)
        call_plan_remove(cc, &dev->plan[i]);
}

static void join_plan(struct rf_call_control *cc, struct device *dev)
{
    for (size_t i = 0; i < dev->conf.n_lines && !dev->conf.is_trunk; i++) {
        dev->plan[i] = (struct plan_line){.dev = dev, .line = (uint32_t)i + 1};
        call_plan_add(cc, &dev->plan[i]);
    }
}

enum rf_err rf_call_device_set(struct rf_call_control *cc, const struct rf_call_device_conf *conf,
                               struct rf_why *why)
{
    enum rf_err err = conf->is_trunk ? check_trunk(cc, conf, why) : check_lines(cc, conf, why);
    if (err != RF_OK)
        return err;
    struct device **at = slot_of(cc, conf->name);
    /* with the calls it has, it could be neither */
    if (*at != NULL && (*at)->conf.is_trunk != conf->is_trunk)
        return rf_why_set(why, RF_ERR_BAD, "trunk-kind", "%s: remove it first", conf->name);
    if (*at == NULL) {
        if (cc->n_devices == RF_CALL_DEVICES_MAX)
            return rf_why_set(why, RF_ERR_LIMIT, "devices", "more than %d devices",
                              RF_CALL_DEVICES_MAX);
        *at = rf_new(struct device);
        (*at)->cc = cc;
        cc->n_devices++;
    }
    leave_plan(cc, *at);
    (*at)->conf = *conf;
    join_plan(cc, *at);
    if (conf->is_trunk)
        cc->trunk = *at;
    return RF_OK;
}

size_t call_line_calls(const struct device *dev, uint32_t line)
{
    size_t n = 0;
    for (const struct leg *l = dev->legs; l != NULL; l = l->next)
        n += l->line == line;
    return n;
}

bool call_line_is_used_up(const struct device *dev, uint32_t line)
{
    const struct rf_call_line_rule *rule = &dev->conf.rules[line - 1];
    size_t max = rule->calls_max != 0 ? rule->calls_max : RF_CALL_LINE_CALLS;
    return (dev->n_legs >= RF_CALL_LEGS_MAX && !dev->conf.is_trunk) ||
           call_line_calls(dev, line) >= max;
}

/* ---- forwarding ---- */

static void tell_forward(struct device *dev, uint32_t line)
{
    const struct rf_call_attach *to = &dev->attach;
    if (dev->handle != 0 && to->ops->forwarded != NULL)
        to->ops->forwarded(to->arg, line, call_rule(dev, line));
}

static void forward_all(struct rf_call_control *cc, const char *number, const char *target)
{
    for (struct plan_line *l = call_plan_find(cc, number); l != NULL; l = l->next) {
        struct rf_call_line_rule *rule = call_rule(l->dev, l->line);
        if (strcmp(rule->forward[RF_CALL_FORWARD_ALL], target) == 0)
            continue;
        snprintf(rule->forward[RF_CALL_FORWARD_ALL], sizeof rule->forward[0], "%s", target);
        tell_forward(l->dev, l->line);
    }
}

bool call_forward_all_want(struct device *dev, uint32_t line, const char *target)
{
    const struct rf_call_observer *o = &dev->cc->conf.observer;
    const char *number = call_line_number(dev, line);
    if (o->on_forward == NULL) {
        forward_all(dev->cc, number, target);
        return true;
    }
    for (struct plan_line *l = call_plan_find(dev->cc, number); l != NULL; l = l->next)
        l->wants_forward = target[0] != '\0';
    o->on_forward(o->arg, dev->conf.name, number, target);
    return false;
}

static struct call *waiting_on(const struct plan_line *l)
{
    const struct leg *leg = l->dev->legs;
    while (leg != NULL && (leg->line != l->line || leg->purpose != RF_CALL_PURPOSE_FORWARD ||
                           leg->call->fsm.state != CALL_ROUTING))
        leg = leg->next;
    return leg != NULL ? leg->call : NULL;
}

static struct call *waiting_for(const struct rf_call_control *cc, const char *number)
{
    struct call *call = NULL;
    for (struct plan_line *l = call_plan_find(cc, number); l != NULL && call == NULL; l = l->next)
        call = waiting_on(l);
    return call;
}

/* What its users wanted is decided: for the last of them, and thereby for those before. */
static void decided(struct rf_call_control *cc, const char *number)
{
    for (struct plan_line *l = call_plan_find(cc, number); l != NULL; l = l->next)
        l->wants_forward = false;
}

void rf_call_forward_all_set(struct rf_call_control *cc, const char *number, const char *target)
{
    rf_bug_on(cc->is_running);
    if (target[0] != '\0' && !rf_call_number_ok(target))
        return;
    struct call *call;
    decided(cc, number);
    forward_all(cc, number, target);
    while ((call = waiting_for(cc, number)) != NULL) {
        bool is_its = strcmp(call->digits, target) == 0;
        struct call_data data = {.cause =
                                     is_its ? RF_CALL_CAUSE_FORWARD_SET : RF_CALL_CAUSE_NORMAL};
        call_run(call, CALL_EV_EMPTY, &data);
    }
    call_inputs_run(cc);
}

void rf_call_forward_all_refused(struct rf_call_control *cc, const char *number)
{
    rf_bug_on(cc->is_running);
    static const struct call_data data = {.cause = RF_CALL_CAUSE_FORWARD_LOST};
    struct call *call;
    decided(cc, number);
    for (struct plan_line *l = call_plan_find(cc, number); l != NULL; l = l->next)
        tell_forward(l->dev, l->line);
    while ((call = waiting_for(cc, number)) != NULL)
        call_run(call, CALL_EV_NO_ROUTE, &data);
    call_inputs_run(cc);
}

/* ---- coming and going ---- */

static const struct call_data end_removed = {.cause = RF_CALL_CAUSE_REMOVED};

void rf_call_device_remove(struct rf_call_control *cc, const char *name)
{
    rf_bug_on(cc->is_running);
    struct device *dev = call_device_find(cc, name);
    if (dev == NULL)
        return;
    if (dev == cc->trunk)
        cc->trunk = NULL;
    while (dev->legs != NULL)
        if (!call_branch_drop(dev->legs, RF_CALL_CAUSE_REMOVED, false))
            call_run(dev->legs->call, CALL_EV_REMOVED, &end_removed);
    if (dev->handle != 0)
        rf_handle_remove(cc->attached, dev->handle);
    leave_plan(cc, dev);
    *slot_of(cc, name) = dev->next;
    cc->n_devices--;
    rf_free(dev);
    call_inputs_run(cc);
}

/* As many as a trunk may have; a phone has fewer. */
#define LEGS_AT_MOST UINT8_MAX
_Static_assert(LEGS_AT_MOST >= RF_CALL_LEGS_MAX, "a phone's fit, too");

/* Each call once: what one of them does may end another, but begins none. */
static void run_on_all(struct device *dev, int event_a, int event_b)
{
    rf_handle calls[LEGS_AT_MOST];
    int ends[LEGS_AT_MOST];
    size_t n = 0;
    for (struct leg *l = dev->legs, *next; l != NULL && n < LEGS_AT_MOST; l = next) {
        next = l->next;
        if (call_branch_drop(l, RF_CALL_CAUSE_LOST, true))
            continue;
        calls[n] = l->call->handle;
        ends[n++] = l->end;
    }
    for (size_t i = 0; i < n; i++) {
        struct call *call = rf_handle_find(dev->cc->calls, calls[i]);
        if (call != NULL)
            call_run(call, ends[i] == END_A ? event_a : event_b, NULL);
    }
}

static void take_down(struct rf_call_control *cc, struct device *dev)
{
    rf_handle_remove(cc->attached, dev->handle);
    dev->handle = 0;
    run_on_all(dev, CALL_EV_LOST_A, CALL_EV_LOST_B);
}

enum rf_err rf_call_device_up(struct rf_call_control *cc, const char *name,
                              const struct rf_call_attach *attach, rf_handle *out)
{
    rf_bug_on(cc->is_running);
    *out = 0;
    struct device *dev = call_device_find(cc, name);
    if (dev == NULL)
        return RF_ERR_NOT_FOUND;
    if (dev->handle != 0)
        take_down(cc, dev);
    /* kept over the loss: the phone has given them up by coming back */
    run_on_all(dev, CALL_EV_BACK, CALL_EV_BACK);
    dev->attach = *attach;
    dev->handle = rf_handle_add(cc->attached, dev);
    rf_bug_on(dev->handle == 0);
    *out = dev->handle;
    call_inputs_run(cc);
    return RF_OK;
}

void rf_call_device_ready(struct rf_call_control *cc, rf_handle handle)
{
    struct device *dev = rf_handle_find(cc->attached, handle);
    if (dev != NULL)
        call_shared_tell(dev);
}

void rf_call_device_down(struct rf_call_control *cc, rf_handle handle)
{
    rf_bug_on(cc->is_running);
    struct device *dev = rf_handle_find(cc->attached, handle);
    if (dev != NULL)
        take_down(cc, dev);
    call_inputs_run(cc);
}

void rf_call_device_codecs(struct rf_call_control *cc, rf_handle handle, uint32_t codecs)
{
    struct device *dev = rf_handle_find(cc->attached, handle);
    if (dev != NULL)
        dev->attach.side.codecs = codecs;
}

const struct rf_call_line_rule *rf_call_rule_find(const struct rf_call_control *cc,
                                                  rf_handle handle, uint32_t line)
{
    struct device *dev = rf_handle_find(cc->attached, handle);
    return dev != NULL && line >= 1 && line <= dev->conf.n_lines ? call_rule(dev, line) : NULL;
}

bool rf_call_device_in_call(const struct rf_call_control *cc, rf_handle handle)
{
    const struct device *dev = rf_handle_find(cc->attached, handle);
    return dev != NULL && dev->legs != NULL;
}

void call_devices_free(struct rf_call_control *cc)
{
    for (size_t i = 0; i < DEVICE_BUCKETS; i++)
        while (cc->devices[i] != NULL) {
            struct device *d = cc->devices[i];
            cc->devices[i] = d->next;
            rf_free(d);
        }
}
