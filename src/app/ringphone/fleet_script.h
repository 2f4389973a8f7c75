/* SPDX-License-Identifier: Apache-2.0 */
/* A call of the fleet and the steps that it takes. Private to fleet_script.c, which has the steps,
 * and fleet_course.c, which takes them. */
#ifndef APP_RINGPHONE_FLEET_SCRIPT_H
#define APP_RINGPHONE_FLEET_SCRIPT_H

#include "app/ringphone/fleet.h"

/* Shares of the talk time are counted in these. */
#define FLEET_TALK_PARTS 6u

/* A call as the caller's phone has it: of two when it asks the third phone. */
struct fleet_leg {
    uint32_t nth;
    enum rf_station_call_state state;
};
enum { FLEET_LEG_TALK, FLEET_LEG_CONSULT, FLEET_LEGS };

struct fleet_call {
    struct fleet *fleet;
    struct fleet_phone *caller, *callee, *third; /* third: NULL but for a transfer */
    const struct fleet_step *steps;
    size_t step;
    bool is_acting; /* what the step does is done, what it leads to is not there yet */
    bool is_connected, has_rung;
    bool is_out;    /* the caller, by a transfer */
    bool is_failed; /* hung up for it; `why` */
    struct fleet_leg leg[FLEET_LEGS];
    uint64_t acted_ms;
    struct rf_why why;
    rf_timer_id timer;
};

/** Waits for its share of the talk time, does what the user does then, and is over once the phones
 * are where that leads. */
struct fleet_step {
    uint32_t talk;     /* FLEET_TALK_PARTS are the talk time; 0: as long as a hand takes */
    uint32_t limit_ms; /* from the act until it is reached */
    enum rf_err (*act)(struct fleet_call *c, struct rf_why *why);
    bool (*is_reached)(const struct fleet_call *c);
    void (*reached)(struct fleet_call *c); /* NULL: the last step */
    const char *code, *why;                /* of a call that ends here */
};

/** The first is the call itself. */
const struct fleet_step *fleet_script_steps(enum fleet_script script);
/** The steps of a call that has outlived its link: both hang up, for none of them hears of the
 * other.
 */
const struct fleet_step *fleet_script_preserved(void);
/** Who hangs up, and whose idle phone is the end; and whom it talks to. */
struct fleet_phone *fleet_call_owner(const struct fleet_call *c);
struct fleet_phone *fleet_call_peer(const struct fleet_call *c);
/** All calls of a phone. What they are a part of may be gone then. */
void fleet_hang_up_all(const struct fleet_phone *p);

#endif
