/* SPDX-License-Identifier: Apache-2.0 */
/* Phones of the fleet call one another, at a rate, and talk for a time. Whatever rings is answered.
 */
#include "app/ringphone/fleet.h"

#include "base/random.h"

#include <string.h>

/* A caller that is not connected by then hangs up. */
#define SETUP_MS 30000u
/* Phones looked at in random places before all are. */
#define TRIES 32u

struct fleet_call {
    struct fleet_phone *caller, *callee;
    uint64_t begun_ms;
    bool is_connected;
    bool is_done; /* as it should: the time is over */
    const char *code;
    rf_timer_id timer;
};

static struct rf_timers *timers_of(const struct fleet *f)
{
    return rf_loop_timers(f->loop);
}

static void hang_up(const struct fleet_phone *p)
{
    struct rf_station *st = rf_phone_station(p->phone);
    struct rf_why why = {0};
    /* no-call: the other side was faster */
    if (st != NULL && rf_station_hang_up(st, &why) != RF_OK && strcmp(why.code, "no-call") != 0)
        rf_warn(RF_CAT_PHONE, "not hung up: %s dev=%s", rf_why_text(&why), p->row.device);
}

/* ---- one call ---- */

static void count_end(struct fleet *f, const struct fleet_call *c)
{
    struct fleet_call_totals *t = &f->calls;
    if (c->is_connected && c->is_done) {
        t->completed++;
        return;
    }
    const char *code = c->code != NULL ? c->code : "call-ended";
    if (c->is_connected)
        t->dropped++;
    else
        t->failed++;
    fleet_errors_add(&f->totals.errors, "call", code,
                     c->is_connected ? "the call was over before its time"
                                     : "the call was not connected",
                     c->caller->row.device);
}

/* The caller is out of it, or was never in. While the fleet leaves nothing is counted. */
static void end_call(struct fleet_call *c)
{
    struct fleet *f = c->caller->fleet;
    rf_timer_stop(timers_of(f), &c->timer);
    if (!f->is_stopping)
        count_end(f, c);
    c->caller->call = NULL;
    c->callee->call = NULL;
    f->calls.now--;
    rf_free(c);
}

/* The caller's "idle" is the end; of one that is out of it already none comes. */
static void leave_call(struct fleet_call *c)
{
    if (c->caller->row.state == FLEET_IN_CALL)
        hang_up(c->caller);
    else
        end_call(c);
}

static void on_time(void *owner, uint64_t number)
{
    struct fleet_call *c = owner;
    (void)number;
    c->timer = 0;
    if (c->is_connected)
        c->is_done = true;
    else
        c->code = "call-timeout";
    leave_call(c);
}

static void begin_call(struct fleet_phone *caller, struct fleet_phone *callee)
{
    struct fleet *f = caller->fleet;
    struct rf_why why = {0};
    struct fleet_call *c = rf_new(struct fleet_call);
    *c = (struct fleet_call){.caller = caller, .callee = callee, .begun_ms = fleet_now_ms(f)};
    caller->call = callee->call = c;
    c->timer = rf_timer_start(timers_of(f), SETUP_MS, on_time, c, 0);
    f->calls.tried++;
    f->calls.now++;
    if (rf_station_call(rf_phone_station(caller->phone), callee->row.number, &why) == RF_OK)
        return;
    c->code = "call-refused";
    end_call(c);
}

static void connected(struct fleet_call *c)
{
    struct fleet *f = c->caller->fleet;
    if (c->is_connected)
        return; /* resumed */
    c->is_connected = true;
    f->calls.connected++;
    fleet_times_add(&f->calls.setup, fleet_now_ms(f) - c->begun_ms);
    rf_timer_stop(timers_of(f), &c->timer);
    c->timer = rf_timer_start(timers_of(f), f->o->talk_ms, on_time, c, 0);
}

/* ---- whose turn it is ---- */

static bool is_idle(const struct fleet_phone *p, const struct fleet_phone *not_this)
{
    return p != not_this && p->row.state == FLEET_REGISTERED && p->call == NULL &&
           p->row.number[0] != '\0' && rf_phone_station(p->phone) != NULL;
}

static struct fleet_phone *pick(struct fleet *f, const struct fleet_phone *not_this)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < TRIES; i++) {
        at = rf_random_below((uint32_t)f->on);
        if (is_idle(&f->phone[at], not_this))
            return &f->phone[at];
    }
    for (size_t i = 1; i < f->on; i++) {
        struct fleet_phone *p = &f->phone[(at + i) % f->on];
        if (is_idle(p, not_this))
            return p;
    }
    return NULL;
}

static void on_pace(void *owner, uint64_t number)
{
    struct fleet *f = owner;
    (void)number;
    uint64_t now = fleet_now_ms(f);
    f->call_timer = 0;
    for (uint64_t due = fleet_pace_due(&f->call_pace, now); due > 0; due--) {
        struct fleet_phone *caller = f->on > 1 ? pick(f, NULL) : NULL;
        struct fleet_phone *callee = caller != NULL ? pick(f, caller) : NULL;
        f->call_pace.done++;
        if (callee != NULL)
            begin_call(caller, callee);
        else
            f->calls.skipped++;
    }
    f->call_timer =
        rf_timer_start(timers_of(f), fleet_pace_wait_ms(&f->call_pace, now) + 1, on_pace, f, 0);
}

void fleet_calls_start(struct fleet *f)
{
    if (f->o->calls_per_min == 0 || f->call_timer != 0)
        return;
    f->call_pace = (struct fleet_pace){.per_min = f->o->calls_per_min, .start_ms = fleet_now_ms(f)};
    f->call_timer = rf_timer_start(timers_of(f), 0, on_pace, f, 0);
}

void fleet_calls_stop(struct fleet *f)
{
    rf_timer_stop(timers_of(f), &f->call_timer);
    for (size_t i = 0; i < f->on; i++)
        if (f->phone[i].call != NULL)
            end_call(f->phone[i].call);
}

/* ---- what phones say ---- */

static void on_state(struct fleet_phone *p, enum rf_station_call_state state)
{
    struct fleet_call *c = p->call != NULL && p->call->caller == p ? p->call : NULL;
    struct rf_why why = {0};
    if (state == RF_STATION_RING_IN) {
        if (rf_station_answer(rf_phone_station(p->phone), &why) != RF_OK)
            rf_warn(RF_CAT_PHONE, "not answered: %s dev=%s", rf_why_text(&why), p->row.device);
    } else if (state == RF_STATION_CONNECTED && c != NULL) {
        connected(c);
    } else if (state == RF_STATION_FAILED) {
        if (c != NULL && c->code == NULL)
            c->code = "call-failed";
        hang_up(p);
    } else if (state == RF_STATION_PRESERVED) {
        if (c != NULL && c->code == NULL)
            c->code = "call-link-lost";
        hang_up(p); /* nobody talks here, and it registers again */
    } else if (state == RF_STATION_IDLE && c != NULL) {
        end_call(c);
    }
}

void fleet_calls_event(struct fleet_phone *p, const struct rf_station_event *ev)
{
    bool is_gone = ev->kind == RF_STATION_RESET || ev->kind == RF_STATION_STOPPED;
    if (ev->kind == RF_STATION_CALL) {
        on_state(p, ev->call_state);
    } else if (is_gone && p->call != NULL) {
        p->call->code = "call-phone-left";
        if (p == p->call->callee)
            leave_call(p->call);
        else
            end_call(p->call);
    }
}
