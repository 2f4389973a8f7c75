/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of one call: a table of steps for each kind of call. A step waits for its share of
 * the talk time, does what the user does then, and is over once the phones are where that leads; a
 * step that is refused or does not come to its end ends the call, with the step's code. */
#include "app/ringphone/fleet.h"

#include <stdio.h>
#include <string.h>

/* A phone that is called and is not connected by then: whoever called it hangs up. */
#define SETUP_MS 30000u
/* The same for a key. */
#define KEY_MS 10000u
/* Before a step that follows at once: a user's hand takes that long, and what the screen offers is
 * there by then. */
#define HAND_MS 300u
/* Shares of the talk time are counted in these. */
#define TALK_PARTS 6u
/* The phone's own time between two digits; the first waits as long. */
#define DIGIT_MS 200u

/* A call as the caller's phone has it: of two when it asks the third phone. */
struct leg {
    uint32_t nth;
    enum rf_station_call_state state;
};
enum { TALK, CONSULT };

struct fleet_call {
    struct fleet *fleet;
    struct fleet_phone *caller, *callee, *third; /* third: NULL but for a transfer */
    const struct step *steps;
    size_t step;
    bool is_acting; /* what the step does is done, what it leads to is not there yet */
    bool is_connected, has_rung, is_out; /* is_out: the caller, by a transfer */
    bool is_failed;                      /* hung up for it; `why` */
    struct leg leg[2];
    uint64_t begun_ms, acted_ms;
    struct rf_why why;
    rf_timer_id timer;
};

struct step {
    uint32_t talk; /* TALK_PARTS are the talk time; 0: HAND_MS, and nothing before the first */
    uint32_t limit_ms;
    enum rf_err (*act)(struct fleet_call *c, struct rf_why *why);
    bool (*is_reached)(const struct fleet_call *c);
    void (*reached)(struct fleet_call *c); /* NULL: the last one */
    const char *code, *why;                /* of a call that ends here; NULL: no matter */
};

static struct rf_timers *timers_of(const struct fleet_call *c)
{
    return rf_loop_timers(c->fleet->loop);
}

static uint64_t acted_ago(const struct fleet_call *c)
{
    return fleet_now_ms(c->fleet) - c->acted_ms;
}

static struct rf_station *station_of(const struct fleet_phone *p)
{
    return rf_phone_station(p->phone);
}

/* Who hangs up, and whose idle phone is the end. */
static struct fleet_phone *owner_of(const struct fleet_call *c)
{
    return c->is_out ? c->callee : c->caller;
}

/* ---- what the user does ---- */

static enum rf_err press(struct fleet_call *c, enum rf_station_act act, size_t leg,
                         struct rf_why *why)
{
    struct rf_station *st = station_of(c->caller);
    if (st == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "not-registered", "the phone has left");
    return rf_station_act(st, act, c->leg[leg].nth, why);
}

static enum rf_err call_to(struct fleet_call *c, const struct fleet_phone *to, struct rf_why *why)
{
    struct rf_station *st = station_of(c->caller);
    if (st == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "not-registered", "the phone has left");
    return rf_station_call(st, to->row.number, why);
}

static enum rf_err call_callee(struct fleet_call *c, struct rf_why *why)
{
    return call_to(c, c->callee, why);
}

static enum rf_err call_third(struct fleet_call *c, struct rf_why *why)
{
    return call_to(c, c->third, why);
}

static enum rf_err press_hold(struct fleet_call *c, struct rf_why *why)
{
    return press(c, RF_STATION_ACT_HOLD, TALK, why);
}

static enum rf_err press_resume(struct fleet_call *c, struct rf_why *why)
{
    return press(c, RF_STATION_ACT_RESUME, TALK, why);
}

static enum rf_err ask_transfer(struct fleet_call *c, struct rf_why *why)
{
    return press(c, RF_STATION_ACT_TRANSFER, TALK, why);
}

static enum rf_err do_transfer(struct fleet_call *c, struct rf_why *why)
{
    return press(c, RF_STATION_ACT_TRANSFER, CONSULT, why);
}

void fleet_hang_up(const struct fleet_phone *p, uint32_t nth)
{
    struct rf_station *st = station_of(p);
    struct rf_why why = {0};
    /* no-call: the other side was faster */
    if (st != NULL && rf_station_hang_up_call(st, nth, &why) != RF_OK &&
        strcmp(why.code, "no-call") != 0)
        rf_warn(RF_CAT_PHONE, "not hung up: %s dev=%s", rf_why_text(&why), p->row.device);
}

/* Of one that failed there may be two. `p` may be in another call when it returns. */
static void hang_up_all(const struct fleet_phone *p)
{
    uint32_t nth[RF_STATION_CALLS_MAX];
    size_t n = p->row.calls_n;
    memcpy(nth, p->row.calls, sizeof nth);
    for (size_t i = n; i > 0; i--) /* the one that talks before the one that is held */
        fleet_hang_up(p, nth[i - 1]);
}

static enum rf_err hang_up(struct fleet_call *c, struct rf_why *why)
{
    hang_up_all(owner_of(c));
    return RF_OK;
}

/* ---- where that leads ---- */

static bool is_talking(const struct fleet_call *c)
{
    return c->leg[TALK].state == RF_STATION_CONNECTED;
}

static bool is_held(const struct fleet_call *c)
{
    return c->leg[TALK].state == RF_STATION_HELD;
}

static bool has_second_line(const struct fleet_call *c)
{
    return c->leg[CONSULT].state == RF_STATION_DIALLING && is_held(c);
}

static bool is_consulting(const struct fleet_call *c)
{
    return c->leg[CONSULT].state == RF_STATION_CONNECTED;
}

/* The two others have their call: what becomes of it they are asked at its end. */
static bool is_transferred(const struct fleet_call *c)
{
    return c->caller->row.calls_n == 0 && c->callee->row.calls_n > 0 && c->third->row.calls_n > 0;
}

static bool is_over(const struct fleet_call *c)
{
    return owner_of(c)->row.calls_n == 0;
}

static void connected(struct fleet_call *c)
{
    c->is_connected = true;
    c->fleet->calls.connected++;
    fleet_times_add(&c->fleet->calls.setup, acted_ago(c));
}

static void held(struct fleet_call *c)
{
    c->fleet->calls.held++;
}

static void resumed(struct fleet_call *c)
{
    c->fleet->calls.resumed++;
    fleet_times_add(&c->fleet->calls.resume, acted_ago(c));
}

static void consulted(struct fleet_call *c)
{
    (void)c;
}

/* The caller may be called again. */
static void transferred(struct fleet_call *c)
{
    c->fleet->calls.transfers++;
    fleet_times_add(&c->fleet->calls.transfer, acted_ago(c));
    c->is_out = true;
    c->caller->call = NULL;
}

#define CALL                                                                                       \
    {                                                                                              \
        .limit_ms = SETUP_MS, .act = call_callee, .is_reached = is_talking, .reached = connected,  \
        .code = "call-timeout", .why = "the call was not connected"                                \
    }
#define END(parts)                                                                                 \
    {                                                                                              \
        .talk = (parts), .limit_ms = KEY_MS, .act = hang_up, .is_reached = is_over,                \
        .code = "call-not-ended", .why = "the phone hung up and was not idle"                      \
    }

static const struct step plain_steps[] = {CALL, END(6)};

static const struct step hold_steps[] = {
    CALL,
    {2, KEY_MS, press_hold, is_held, held, "call-not-held", "the call was not held"},
    {2, KEY_MS, press_resume, is_talking, resumed, "call-not-resumed",
     "the held call was not connected again"},
    END(2),
};

static const struct step transfer_steps[] = {
    CALL,
    {3, KEY_MS, ask_transfer, has_second_line, consulted, "call-no-line",
     "the transfer key gave no line to the third phone"},
    {0, SETUP_MS, call_third, is_consulting, consulted, "call-not-consulted",
     "the third phone was not connected"},
    {0, KEY_MS, do_transfer, is_transferred, transferred, "call-not-transferred",
     "the two others were not left with a call of their own"},
    END(3),
};

static const struct step *const scripts[] = {
    [FLEET_PLAIN] = plain_steps,
    [FLEET_HOLD] = hold_steps,
    [FLEET_TRANSFER] = transfer_steps,
};

/* ---- its course ---- */

static void on_timer(void *owner, uint64_t number);

static const struct step *step_of(const struct fleet_call *c)
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
    const char *why = c->is_failed      ? rf_why_text(&c->why)
                      : c->is_connected ? "the call was over before its time"
                                        : "the call was not connected";
    if (c->is_connected)
        t->dropped++;
    else
        t->failed++;
    fleet_errors_add(&c->fleet->totals.errors, "call", c->is_failed ? c->why.code : "call-ended",
                     why, c->caller->row.device);
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
    struct fleet_phone *owner = owner_of(c);
    if (c->is_failed)
        return;
    c->is_failed = true;
    (void)rf_why_set(&c->why, RF_ERR_DENIED, code, "%s", text);
    if (owner->row.calls_n == 0) {
        end_call(c, false);
        return;
    }
    wait_ms(c, KEY_MS);
    hang_up_all(owner);
}

static void act(struct fleet_call *c)
{
    const struct step *s = step_of(c);
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
    uint64_t share = (uint64_t)c->fleet->o->talk_ms * step_of(c)->talk / TALK_PARTS;
    wait_ms(c, step_of(c)->talk > 0 ? (uint32_t)share : HAND_MS);
}

void fleet_call_begin(struct fleet *f, enum fleet_script script, struct fleet_phone *const who[3])
{
    struct fleet_call *c = rf_new(struct fleet_call);
    *c = (struct fleet_call){.fleet = f,
                             .caller = who[0],
                             .callee = who[1],
                             .third = script == FLEET_TRANSFER ? who[2] : NULL,
                             .steps = scripts[script],
                             .begun_ms = fleet_now_ms(f)};
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

static void note_ring_out(struct fleet_call *c)
{
    uint64_t typing = strlen(c->callee->row.number) * (uint64_t)DIGIT_MS;
    uint64_t took = fleet_now_ms(c->fleet) - c->begun_ms;
    if (c->has_rung)
        return;
    c->has_rung = true;
    fleet_times_add(&c->fleet->calls.ring, took > typing ? took - typing : 0);
}

static void note_leg(struct fleet_call *c, const struct rf_station_event *ev)
{
    struct leg *first = &c->leg[TALK];
    if (first->nth == 0)
        first->nth = ev->nth;
    struct leg *leg = ev->nth == first->nth ? first : &c->leg[CONSULT];
    if (leg->nth == 0)
        leg->nth = ev->nth;
    if (leg->nth == ev->nth)
        leg->state = ev->call_state;
    if (leg == first && ev->call_state == RF_STATION_RING_OUT)
        note_ring_out(c);
}

void fleet_call_event(struct fleet_call *c, const struct fleet_phone *p,
                      const struct rf_station_event *ev)
{
    bool is_ending = c->is_failed || (is_last(c) && c->is_acting);
    if (p == c->caller)
        note_leg(c, ev);
    if (ev->call_state == RF_STATION_PRESERVED)
        fail(c, "call-link-lost", "the link broke in the call");
    else if (ev->call_state == RF_STATION_FAILED && p == c->caller)
        fail(c, "call-failed", ev->text != NULL ? ev->text : "");
    else if (c->is_acting && !c->is_failed && step_of(c)->is_reached(c))
        go_on(c);
    else if (p->row.calls_n == 0 && p == owner_of(c))
        end_call(c, false);
    else if (p->row.calls_n == 0 && !is_ending)
        fail(c, "call-ended", "a phone of the call was idle before its time");
}

void fleet_call_left(struct fleet_call *c, const struct fleet_phone *p)
{
    bool is_owner = p == owner_of(c);
    if (is_owner && !c->is_failed) {
        c->is_failed = true;
        (void)rf_why_set(&c->why, RF_ERR_DENIED, "call-phone-left", "a phone of the call has left");
    }
    if (is_owner)
        end_call(c, false);
    else
        fail(c, "call-phone-left", "a phone of the call has left");
}
