/* SPDX-License-Identifier: Apache-2.0 */
/* The state table of calls, cell by cell, against the checked-in picture of it: a review shows
 * exactly which cells a change moved. Written anew with RF_GRID_WRITE=1. */
#include "grid.h"

#include "service/call/call.h"

static const char *const head =
    "# The life of a call: state, event, action, next state. Pairs without a line do nothing.\n"
    "# Written by tests/flow/test_grid.c with RF_GRID_WRITE=1; drawn by tools/fsm-dot.\n";

static void the_grid_is_the_checked_in_one(void **state)
{
    (void)state;
    assert_grid("call.txt", head, rf_call_fsm_def(), rf_call_fsm_action_name);
}

static void every_action_has_a_name(void **state)
{
    (void)state;
    assert_actions_named(rf_call_fsm_def(), rf_call_fsm_action_name);
}

/* Nobody is stuck: from each state but the first and last, A's hanging up and a timer or the other
 * end lead on, and every state that waits has its timer. */
static void every_state_has_a_way_out(void **state)
{
    const struct rf_fsm_def *def = rf_call_fsm_def();
    for (int s = 1; s + 1 < (int)def->n_states; s++) {
        bool has_timer = false;
        size_t out = 0;
        for (int e = 0; e < (int)def->n_events; e++) {
            const struct rf_fsm_row *row = rf_fsm_row_find(def, s, e);
            if (row != NULL && row->to != RF_FSM_SAME && row->to != s)
                out++;
            has_timer |= row != NULL && strncmp(def->event_names[e], "T_", 2) == 0;
        }
        assert_true(out > 0);
        bool is_waiting = strcmp(def->state_names[s], "ROUTING") != 0 &&
                          strcmp(def->state_names[s], "CONNECTED") != 0 &&
                          strcmp(def->state_names[s], "HELD") != 0;
        assert_int_equal(has_timer, is_waiting);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grid_is_the_checked_in_one),
        cmocka_unit_test(every_action_has_a_name),
        cmocka_unit_test(every_state_has_a_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
