/* SPDX-License-Identifier: Apache-2.0 */
/* Table-driven state machines. A machine is an enum of states, an enum of events and a table of
 * rows; the table is the documentation. Only the runner changes the state, and only by a row. An
 * action may post further events to its own machine (they run after it returns, in order) and must
 * not call into other machines.
 *
 *     static const struct rf_fsm_row rows[] = {
 *         {CALL_ALERTING, CALL_EV_ANSWER, start_media, CALL_ACTIVE},
 *         {RF_FSM_ANY,    CALL_EV_HANGUP, stop_media,  CALL_CLEARING},
 *     };
 *     static const struct rf_fsm_def call_fsm = {.name = "call", .rows = rows, .n_rows = 2, ...};
 */
#ifndef BASE_FSM_H
#define BASE_FSM_H

#include "base/err.h"
#include "base/log.h"

#define RF_FSM_ANY  (-1) /* as `in`: any state without a row of its own for the event */
#define RF_FSM_SAME (-1) /* as `to`: stay */

typedef void (*rf_fsm_action)(void *self, const void *event_data);

struct rf_fsm_row {
    int in;
    int event;
    rf_fsm_action action; /* NULL: nothing to do */
    int to;
};

struct rf_fsm_def {
    const char *name;
    enum rf_log_cat cat;
    const struct rf_fsm_row *rows;
    size_t n_rows;
    const char *const *state_names;
    size_t n_states;
    const char *const *event_names;
    size_t n_events;
    /** Called for an event without a row, after it was counted and logged at debug. May be NULL. */
    void (*unhandled)(void *self, int event, const void *event_data);
    /** One line that names the object, e.g. "call=7 dev=SEP…"; may be NULL. */
    const char *(*label)(const void *self);
    /** Called after each change of state, e.g. to start the state's timer; may be NULL. */
    void (*entered)(void *self, int state);
};

#define RF_FSM_QUEUE 8
/* Data copied with a posted event. */
#define RF_FSM_DATA 64

struct rf_fsm {
    const struct rf_fsm_def *def;
    void *self;
    int state;
    bool running;
    struct {
        int event;
        uint8_t data[RF_FSM_DATA];
        size_t data_len;
    } queue[RF_FSM_QUEUE];
    size_t queued;
};

void rf_fsm_init(struct rf_fsm *fsm, const struct rf_fsm_def *def, void *self, int state);
/** Run an event now, then all it posted. Not from inside an action of the same machine: post. */
void rf_fsm_handle(struct rf_fsm *fsm, int event, const void *event_data);
/** From an action: run this event after the present one. `data` is copied (at most RF_FSM_DATA). */
void rf_fsm_post(struct rf_fsm *fsm, int event, const void *data, size_t data_len);

/** Names of actions, for grids and pictures. A machine lists its actions once, as X(action):
 *
 *     static const struct rf_fsm_name names[] = {ACTIONS(RF_FSM_NAME)};
 */
struct rf_fsm_name {
    rf_fsm_action action;
    const char *name;
};
#define RF_FSM_NAME(action) {action, #action},
/** The name of an action, or "unnamed". A constant. */
const char *rf_fsm_name_find(const struct rf_fsm_name *names, size_t n, rf_fsm_action action);

/** The row for a pair, or NULL. For the runner, the grid test and tools. */
const struct rf_fsm_row *rf_fsm_row_find(const struct rf_fsm_def *def, int state, int event);
/** Write the grid: one line "state event action next" per pair that has a row, in order of states
 * and events; `action_name` may be NULL. Used by the grid tests and tools/fsm-dot. */
void rf_fsm_dump(const struct rf_fsm_def *def, const char *(*action_name)(rf_fsm_action),
                 void (*line)(void *arg, const char *text), void *arg);

#endif
