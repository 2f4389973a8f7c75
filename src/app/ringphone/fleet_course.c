/* SPDX-License-Identifier: Apache-2.0 */
/* The course of a call: its steps, one after the other (fleet_script.c), and its end. */
#include "app/ringphone/fleet_script.h"

#include <stdio.h>
#include <string.h>

/* Before a step that follows at once: a user's hand takes that long, and what the screen offers is
 * there by then. */
#define HAND_MS 300u
/* From hanging up until a phone is idle: it has a timer of its own for that, which is shorter. */
#define CLEAR_MS 10000u
/* The phone's own time between two digits; the first waits as long. */
#define DIGIT_MS 200u

static struct rf_timers *timers_of(const struct fleet_call *c)
{
    return rf_loop_timers(c->fleet->loop);
}

static void on_timer(void *owner, uint64_t number);

static const struct fleet_step *step_of(const struct fleet_call *c)
{
    return &c->steps[c->step];
}

static bool is_last(const struct fleet_call *c)
{
    return step_of(c)->reached == NULL;
}

static void wait_ms(struct fleet_call *c, uint32_t ms)
{
    rf_timer_stop(timers_of(c), &c->timer);
    c->timer = rf_timer_start(timers_of(c), ms, on_timer, c, 0);
}

static void count_end(const struct fleet_call *c, bool is_good)
{
    struct fleet_call_totals *t = &c->fleet->calls;
    if (is_good) {
        t->completed++;
        return;
    }
    if (c->is_connected)
        t->dropped++;
    else
        t->failed++;
    fleet_errors_add(&c->fleet->totals.errors, "call", c->why.code, rf_why_text(&c->why),
                     c->caller->row.device);
}

/* While the fleet leaves nothing is counted. */
static void end_call(struct fleet_call *c, bool is_good)
{
    rf_timer_stop(timers_of(c), &c->timer);
    if (!c->fleet->is_stopping)
        count_end(c, is_good);
    if (!c->is_out)
        c->caller->call = NULL;
    c->callee->call = NULL;
    if (c->third != NULL)
        c->third->call = NULL;
    c->fleet->calls.now--;
    rf_free(c);
}

/* It ends here: the owner's idle phone is its end; of one that is idle already no word comes. May
 * free the call. */
static void fail(struct fleet_call *c, const char *code, const char *text)
{
    struct fleet_phone *owner = fleet_call_owner(c);
    if (c->is_failed)
        return;
    c->is_failed = true;
    (void)rf_why_set(&c->why, RF_ERR_DENIED, code, "%s", text);
    if (owner->row.calls_n == 0) {
        end_call(c, false);
        return;
    }
    wait_ms(c, CLEAR_MS);
    fleet_hang_up_all(owner);
}

static void act(struct fleet_call *c)
{
    const struct fleet_step *s = step_of(c);
    struct rf_why why = {0};
    char text[RF_WHY_TEXT_MAX];
    c->is_acting = true;
    c->acted_ms = fleet_now_ms(c->fleet);
    wait_ms(c, s->limit_ms);
    if (s->act(c, &why) == RF_OK) /* the call may be gone by now */
        return;
    snprintf(text, sizeof text, "%s: %s", s->why, rf_why_text(&why));
    fail(c, c->step == 0 ? "call-refused" : s->code, text);
}

static void on_timer(void *owner, uint64_t number)
{
    struct fleet_call *c = owner;
    (void)number;
    c->timer = 0;
    if (c->is_failed)
        end_call(c, false); /* its phone does not become idle, even so */
    else if (!c->is_acting)
        act(c);
    else
        fail(c, step_of(c)->code, step_of(c)->why);
}

static void go_on(struct fleet_call *c)
{
    if (is_last(c)) {
        end_call(c, true);
        return;
    }
    step_of(c)->reached(c);
    c->step++;
    c->is_acting = false;
    uint64_t share = (uint64_t)c->fleet->o->talk_ms * step_of(c)->talk / FLEET_TALK_PARTS;
    wait_ms(c, step_of(c)->talk > 0 ? (uint32_t)share : HAND_MS);
}

void fleet_call_begin(struct fleet *f, enum fleet_script script, struct fleet_phone *const who[3])
{
    struct fleet_call *c = rf_new(struct fleet_call);
    *c = (struct fleet_call){.fleet = f,
                             .caller = who[0],
                             .callee = who[1],
                             .third = script == FLEET_TRANSFER ? who[2] : NULL,
                             .steps = fleet_script_steps(script)};
    c->caller->call = c->callee->call = c;
    if (c->third != NULL)
        c->third->call = c;
    f->calls.tried++;
    f->calls.now++;
    act(c);
}

void fleet_call_cut(struct fleet_call *c)
{
    end_call(c, false);
}

/* ---- what phones say ---- */

/* In its first step; what the user types is known, and is not the server's time. */
static void note_ring_out(struct fleet_call *c)
{
    uint64_t typing = strlen(c->callee->row.number) * (uint64_t)DIGIT_MS;
    uint64_t took = fleet_now_ms(c->fleet) - c->acted_ms;
    if (c->has_rung)
        return;
    c->has_rung = true;
    fleet_times_add(&c->fleet->calls.ring, took > typing ? took - typing : 0);
}

static void note_leg(struct fleet_call *c, const struct rf_station_event *ev)
{
    struct fleet_leg *first = &c->leg[FLEET_LEG_TALK];
    if (first->nth == 0)
        first->nth = ev->nth;
    struct fleet_leg *leg = ev->nth == first->nth ? first : &c->leg[FLEET_LEG_CONSULT];
    if (leg->nth == 0)
        leg->nth = ev->nth;
    if (leg->nth == ev->nth)
        leg->state = ev->call_state;
    if (leg == first && ev->call_state == RF_STATION_RING_OUT)
        note_ring_out(c);
}

/* A phone of it is idle that should not be: with the code of what was to come of a key. */
static void end_early(struct fleet_call *c)
{
    bool is_of_key = c->is_acting && c->step > 0;
    fail(c, is_of_key ? step_of(c)->code : "call-ended",
         is_of_key         ? step_of(c)->why
         : c->is_connected ? "the call was over before its time"
                           : "the call was not connected");
}

/* They talk, and no key is on its way: they go on until the next one would be pressed. */
static void preserve(struct fleet_call *c, const struct fleet_phone *p, uint32_t nth)
{
    if (c->steps == fleet_script_preserved())
        return;
    if (c->is_failed || !c->is_connected || c->is_acting) {
        fail(c, "call-link-lost", "the link broke when a key had been pressed");
        fleet_hang_up(p, nth);
        return;
    }
    c->fleet->calls.preserved++;
    c->steps = fleet_script_preserved();
    c->step = 0;
}

void fleet_call_event(struct fleet_call *c, const struct fleet_phone *p,
                      const struct rf_station_event *ev)
{
    bool is_ending = c->is_failed || (is_last(c) && c->is_acting);
    if (p == c->caller)
        note_leg(c, ev);
    if (ev->call_state == RF_STATION_PRESERVED)
        preserve(c, p, ev->nth);
    else if (ev->call_state == RF_STATION_FAILED && p == c->caller)
        fail(c, "call-failed", ev->text != NULL ? ev->text : "");
    else if (c->is_acting && !c->is_failed && step_of(c)->is_reached(c))
        go_on(c);
    else if (p->row.calls_n == 0 && !is_ending)
        end_early(c);
    else if (p->row.calls_n == 0 && c->is_failed && p == fleet_call_owner(c))
        end_call(c, false);
}

void fleet_call_left(struct fleet_call *c, const struct fleet_phone *p)
{
    fail(c, "call-phone-left", "a phone of the call has left");
    if (p->call == c && p == fleet_call_owner(c)) /* from it nothing comes any more */
        end_call(c, false);
}
