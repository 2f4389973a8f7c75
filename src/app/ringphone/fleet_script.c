/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of calls: what the users of the phones do, and where that leads. A table of steps for
 * each; a step that is refused or does not come to its end ends the call with the step's code. */
#include "app/ringphone/fleet_script.h"

#include <string.h>

/* A phone that is called and is not connected by then: whoever called it hangs up. */
#define SETUP_MS 30000u
/* The same for a key. */
#define KEY_MS 10000u

static uint64_t acted_ago(const struct fleet_call *c)
{
    return fleet_now_ms(c->fleet) - c->acted_ms;
}

static struct rf_station *station_of(const struct fleet_phone *p)
{
    return rf_phone_station(p->phone);
}

struct fleet_phone *fleet_call_owner(const struct fleet_call *c)
{
    return c->is_out ? c->callee : c->caller;
}

struct fleet_phone *fleet_call_peer(const struct fleet_call *c)
{
    return c->is_out ? c->third : c->callee;
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
    return press(c, RF_STATION_ACT_HOLD, FLEET_LEG_TALK, why);
}

static enum rf_err press_resume(struct fleet_call *c, struct rf_why *why)
{
    return press(c, RF_STATION_ACT_RESUME, FLEET_LEG_TALK, why);
}

static enum rf_err ask_transfer(struct fleet_call *c, struct rf_why *why)
{
    return press(c, RF_STATION_ACT_TRANSFER, FLEET_LEG_TALK, why);
}

static enum rf_err do_transfer(struct fleet_call *c, struct rf_why *why)
{
    return press(c, RF_STATION_ACT_TRANSFER, FLEET_LEG_CONSULT, why);
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

void fleet_hang_up_all(const struct fleet_phone *p)
{
    uint32_t nth[RF_STATION_CALLS_MAX];
    size_t n = p->row.calls_n;
    memcpy(nth, p->row.calls, sizeof nth);
    for (size_t i = n; i > 0; i--) /* the one that talks before the one that is held */
        fleet_hang_up(p, nth[i - 1]);
}

static enum rf_err hang_up(struct fleet_call *c, struct rf_why *why)
{
    fleet_hang_up_all(fleet_call_owner(c));
    return RF_OK;
}

static enum rf_err hang_up_both(struct fleet_call *c, struct rf_why *why)
{
    /* The call may be gone with the last of them. */
    const struct fleet_phone *owner = fleet_call_owner(c), *peer = fleet_call_peer(c);
    (void)why;
    fleet_hang_up_all(peer);
    fleet_hang_up_all(owner);
    return RF_OK;
}

/* The one call of a phone is connected, and its screen names the other. */
static bool talks_to(const struct fleet_phone *p, const struct fleet_phone *other)
{
    struct rf_station_call_view view[RF_STATION_CALLS_MAX];
    const struct rf_station *st = station_of(p);
    size_t n = st != NULL ? rf_station_calls(st, view, RF_STATION_CALLS_MAX) : 0;
    return n == 1 && view[0].state == RF_STATION_CONNECTED &&
           strcmp(view[0].peer_number, other->row.number) == 0;
}

/* What both screens say is looked at before. */
static enum rf_err end_transferred(struct fleet_call *c, struct rf_why *why)
{
    if (!talks_to(c->callee, c->third) || !talks_to(c->third, c->callee))
        return rf_why_set(why, RF_ERR_BAD, "not-joined", "they do not talk to each other");
    return hang_up(c, why);
}

/* ---- where that leads ---- */

static bool is_talking(const struct fleet_call *c)
{
    return c->leg[FLEET_LEG_TALK].state == RF_STATION_CONNECTED;
}

static bool is_held(const struct fleet_call *c)
{
    return c->leg[FLEET_LEG_TALK].state == RF_STATION_HELD;
}

static bool has_second_line(const struct fleet_call *c)
{
    return c->leg[FLEET_LEG_CONSULT].state == RF_STATION_DIALLING && is_held(c);
}

static bool is_consulting(const struct fleet_call *c)
{
    return c->leg[FLEET_LEG_CONSULT].state == RF_STATION_CONNECTED;
}

/* The two others have their call: what becomes of it they are asked at its end. */
static bool is_transferred(const struct fleet_call *c)
{
    return c->caller->row.calls_n == 0 && c->callee->row.calls_n > 0 && c->third->row.calls_n > 0;
}

static bool is_over(const struct fleet_call *c)
{
    return fleet_call_owner(c)->row.calls_n == 0;
}

static bool is_over_at_both(const struct fleet_call *c)
{
    return is_over(c) && fleet_call_peer(c)->row.calls_n == 0;
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

static const struct fleet_step plain_steps[] = {CALL, END(6)};

static const struct fleet_step hold_steps[] = {
    CALL,
    {2, KEY_MS, press_hold, is_held, held, "call-not-held", "the call was not held"},
    {2, KEY_MS, press_resume, is_talking, resumed, "call-not-resumed",
     "the held call was not connected again"},
    END(2),
};

static const struct fleet_step transfer_steps[] = {
    CALL,
    {3, KEY_MS, ask_transfer, has_second_line, consulted, "call-no-line",
     "the transfer key gave no line to the third phone"},
    {0, SETUP_MS, call_third, is_consulting, consulted, "call-not-consulted",
     "the third phone was not connected"},
    {0, KEY_MS, do_transfer, is_transferred, transferred, "call-not-transferred",
     "the two others were not left with a call of their own"},
    {3, KEY_MS, end_transferred, is_over, NULL, "call-not-transferred",
     "the two others had no call of their own"},
};

static const struct fleet_step preserved_steps[] = {
    {0, KEY_MS, hang_up_both, is_over_at_both, NULL, "call-not-ended",
     "a phone hung up and was not idle"},
};

const struct fleet_step *fleet_script_preserved(void)
{
    return preserved_steps;
}

const struct fleet_step *fleet_script_steps(enum fleet_script script)
{
    static const struct fleet_step *const scripts[] = {
        [FLEET_PLAIN] = plain_steps,
        [FLEET_HOLD] = hold_steps,
        [FLEET_TRANSFER] = transfer_steps,
    };
    return scripts[script];
}
