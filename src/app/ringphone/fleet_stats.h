/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a fleet: of each phone by its events, and of all of them in sum. Pure: no clock,
 * no sockets, nothing is printed.
 *
 *     fleet_row_start(&row, &totals, now_ms);
 *     fleet_row_event(&row, &totals, event, now_ms);        each event of that phone
 *     fleet_times_at(&totals.boot, 99)                      percentile, in ms
 */
#ifndef APP_RINGPHONE_FLEET_STATS_H
#define APP_RINGPHONE_FLEET_STATS_H

#include "service/phone/phone.h"
#include "service/phone/station_user.h"

/* ---- where a phone is ---- */

#define FLEET_STATES(X)                                                                            \
    X(OFF, "off")                                                                                  \
    X(BOOTING, "booting")     /* its firmware is verified */                                       \
    X(FETCHING, "fetching")   /* trust lists, configuration, files */                              \
    X(UPGRADING, "upgrading") /* a load is fetched and installed */                                \
    X(ENROLLING, "enrolling")                                                                      \
    X(REGISTERING, "registering")                                                                  \
    X(REGISTERED, "registered")                                                                    \
    X(IN_CALL, "in-call") /* registered, and not idle */                                           \
    X(WAITING, "waiting") /* nothing is left to try: until it begins anew */                       \
    X(HALTED, "halted")   /* it cannot go on */                                                    \
    X(STOPPED, "stopped")

enum fleet_state {
#define FLEET_STATE_ENUM(symbol, name) FLEET_##symbol,
    FLEET_STATES(FLEET_STATE_ENUM)
#undef FLEET_STATE_ENUM
        FLEET_STATE_N
};
const char *fleet_state_name(enum fleet_state state);

enum fleet_goal {
    FLEET_GOAL_REGISTERED, /* is registered */
    FLEET_GOAL_ENROLLED,   /* got a certificate in this run, and is registered */
};
const char *fleet_goal_name(enum fleet_goal goal);

/* ---- times ---- */

/* Exact to 255 ms, above that within 1 %. */
#define FLEET_TIMES_EXACT   256u
#define FLEET_TIMES_STEPS   128u
#define FLEET_TIMES_BUCKETS (FLEET_TIMES_EXACT + 24u * FLEET_TIMES_STEPS)

struct fleet_times {
    uint64_t n, sum;
    uint32_t min, max;
    uint32_t bucket[FLEET_TIMES_BUCKETS];
};
void fleet_times_add(struct fleet_times *t, uint64_t ms);
/** So many per cent (1 to 100) took at most this; 0 when there is none. */
uint32_t fleet_times_at(const struct fleet_times *t, unsigned percent);

/* ---- errors ---- */

#define FLEET_ERRORS_MAX   64
#define FLEET_EXAMPLES_MAX 3

struct fleet_error {
    char event[24]; /* in which it was told */
    char code[40];
    char why[RF_WHY_TEXT_MAX]; /* as it was told first */
    uint64_t n;
    size_t device_n;
    char device[FLEET_EXAMPLES_MAX][16]; /* different ones */
};
struct fleet_errors {
    size_t n;
    uint64_t other; /* of further codes, for which there was no room */
    struct fleet_error item[FLEET_ERRORS_MAX];
};
void fleet_errors_add(struct fleet_errors *e, const char *event, const char *code, const char *why,
                      const char *device);

/* ---- evenly in time ---- */

/** So many a minute; the first at once. */
struct fleet_pace {
    uint32_t per_min;
    uint64_t start_ms;
    uint64_t done;
};
/** How many are due and not done. */
uint64_t fleet_pace_due(const struct fleet_pace *p, uint64_t now_ms);
/** From now to the next one, 0 when one is due. */
uint64_t fleet_pace_wait_ms(const struct fleet_pace *p, uint64_t now_ms);

/* ---- kinds of calls ---- */

enum fleet_script {
    FLEET_PLAIN,
    FLEET_HOLD,     /* the caller holds it for a third of the time */
    FLEET_TRANSFER, /* the caller gives it to a third phone */
};
/** Of the nth call (from 0), when so many per cent hold and so many transfer: of any hundred that
 * follow one another exactly so many, spread among them. */
enum fleet_script fleet_script_of(uint64_t nth, uint32_t hold, uint32_t transfer);

/* ---- one phone, and all ---- */

#define FLEET_FINGERPRINT 65

struct fleet_row {
    char device[16];
    char mic[FLEET_FINGERPRINT];
    char lsc[FLEET_FINGERPRINT];
    char number[RF_STATION_NUMBER_MAX + 1];
    char code[40]; /* of the latest error */
    enum fleet_state state;
    bool is_up;       /* registered, in a call or not */
    bool is_fallback; /* and that at a router, not at a call manager */
    bool was_lost;
    bool was_lost_in_call;                        /* and its end is what is waited for */
    bool is_preserved;                            /* its call goes on without call control */
    bool has_begun, has_registered, has_enrolled; /* the times below are told */
    uint64_t begun_ms;                            /* all times since the start of the fleet */
    uint64_t registered_ms;                       /* the first time */
    uint64_t enrolled_ms;                         /* the first time */
    uint64_t enrol_ms, lost_ms;                   /* the latest; the loss, or the end of its call */
    char server[64];                              /* at which it registered last */
    uint32_t registrations, losses, resets, enrolments, enrol_failures, upgrades;
    uint32_t calls[RF_STATION_CALLS_MAX]; /* its calls now, by `nth`, oldest first */
    size_t calls_n;
};

struct fleet_totals {
    enum fleet_goal goal;
    size_t n;        /* phones */
    size_t fallback; /* registered at a router now */
    size_t reached;  /* the goal, and are there now */
    size_t state[FLEET_STATE_N];
    uint64_t boots, registrations, losses, resets, enrolments, enrol_failures, upgrades;
    struct fleet_times boot;  /* from its start until it was registered the first time */
    struct fleet_times back;  /* from a lost registration until the next one, out of a call */
    struct fleet_times after; /* in a call: from its end */
    struct fleet_times gap; /* of a call that outlived its link: the longest time without speech */
    struct fleet_times enrol; /* a successful session */
    struct fleet_errors errors;
};

/** A phone that is off. */
void fleet_row_init(struct fleet_row *row, struct fleet_totals *t, const char *device);
/** It is switched on. */
void fleet_row_start(struct fleet_row *row, struct fleet_totals *t, uint64_t now_ms);
void fleet_row_event(struct fleet_row *row, struct fleet_totals *t,
                     const struct rf_phone_event *event, uint64_t now_ms);
bool fleet_row_reached(const struct fleet_row *row, enum fleet_goal goal);

#endif
