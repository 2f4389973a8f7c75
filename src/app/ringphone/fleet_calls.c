/* SPDX-License-Identifier: Apache-2.0 */
/* Which phones of the fleet call one another, at a rate. Whatever rings is answered. What becomes
 * of a call: fleet_course.c */
#include "app/ringphone/fleet.h"

#include "base/random.h"

/* Phones looked at in random places before all are. */
#define TRIES 32u

static struct rf_timers *timers_of(const struct fleet *f)
{
    return rf_loop_timers(f->loop);
}

/* ---- whose turn it is ---- */

static bool is_idle(const struct fleet_phone *p)
{
    return p->row.state == FLEET_REGISTERED && p->call == NULL && p->row.number[0] != '\0' &&
           rf_phone_station(p->phone) != NULL;
}

static bool is_among(const struct fleet_phone *p, struct fleet_phone *const *others, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (others[i] == p)
            return true;
    return false;
}

/* An idle phone that is none of these; NULL: there is none. */
static struct fleet_phone *pick(struct fleet *f, struct fleet_phone *const *others, size_t n)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < TRIES && f->on > 0; i++) {
        at = rf_random_below((uint32_t)f->on);
        if (is_idle(&f->phone[at]) && !is_among(&f->phone[at], others, n))
            return &f->phone[at];
    }
    for (size_t i = 1; i < f->on; i++) {
        struct fleet_phone *p = &f->phone[(at + i) % f->on];
        if (is_idle(p) && !is_among(p, others, n))
            return p;
    }
    return NULL;
}

static void begin_one(struct fleet *f)
{
    struct fleet_phone *who[3] = {0};
    enum fleet_script script = fleet_script_of(f->calls.tried, f->o->hold, f->o->transfer);
    size_t wanted = script == FLEET_TRANSFER ? 3 : 2, n = 0;
    while (n < wanted && (who[n] = pick(f, who, n)) != NULL)
        n++;
    if (n < 2) {
        f->calls.skipped++;
        return;
    }
    if (n < wanted) {
        f->calls.skipped_transfers++;
        script = FLEET_PLAIN;
    }
    fleet_call_begin(f, script, who);
}

static void on_pace(void *owner, uint64_t number)
{
    struct fleet *f = owner;
    (void)number;
    uint64_t now = fleet_now_ms(f);
    f->call_timer = 0;
    if (f->o->calls_for_ms != 0 && now - f->call_pace.start_ms >= f->o->calls_for_ms)
        return;
    for (uint64_t due = fleet_pace_due(&f->call_pace, now); due > 0; due--) {
        f->call_pace.done++;
        begin_one(f);
    }
    f->call_timer =
        rf_timer_start(timers_of(f), fleet_pace_wait_ms(&f->call_pace, now) + 1, on_pace, f, 0);
}

void fleet_calls_start(struct fleet *f)
{
    if (f->o->calls_per_min == 0 || f->call_pace.per_min != 0)
        return;
    f->call_pace = (struct fleet_pace){.per_min = f->o->calls_per_min, .start_ms = fleet_now_ms(f)};
    f->call_timer = rf_timer_start(timers_of(f), 0, on_pace, f, 0);
}

void fleet_calls_stop(struct fleet *f)
{
    rf_timer_stop(timers_of(f), &f->call_timer);
    for (size_t i = 0; i < f->on; i++)
        if (f->phone[i].call != NULL)
            fleet_call_cut(f->phone[i].call);
}

/* ---- what phones say ---- */

/* Whatever rings is answered, and what is broken is hung up: whoever's call it is. A call that has
 * outlived its link is no broken one, as long as somebody is to end it. */
static void behave(const struct fleet_phone *p, const struct rf_station_event *ev)
{
    struct rf_station *st = rf_phone_station(p->phone);
    struct rf_why why = {0};
    if (st != NULL && ev->call_state == RF_STATION_RING_IN &&
        rf_station_answer_call(st, ev->nth, &why) != RF_OK)
        rf_warn(RF_CAT_PHONE, "not answered: %s dev=%s", rf_why_text(&why), p->row.device);
    bool is_nobodys = ev->call_state == RF_STATION_PRESERVED && p->call == NULL;
    if (ev->call_state == RF_STATION_FAILED || is_nobodys)
        fleet_hang_up(p, ev->nth);
}

void fleet_calls_event(struct fleet_phone *p, const struct rf_station_event *ev)
{
    struct rf_station_event copy = *ev; /* its texts are not asked for any more */
    if (p->call != NULL && ev->kind == RF_STATION_CALL)
        fleet_call_event(p->call, p, ev);
    else if (p->call != NULL && (ev->kind == RF_STATION_RESET || ev->kind == RF_STATION_STOPPED))
        fleet_call_left(p->call, p);
    if (copy.kind == RF_STATION_CALL)
        behave(p, &copy);
}
