/* SPDX-License-Identifier: Apache-2.0 */
/* The state table of CAPF sessions, cell by cell, against the checked-in picture of it: a review
 * shows exactly which cells a change moved. Written anew with RF_GRID_WRITE=1. */
#include "grid.h"

#include "service/capf/capf_sessions.h"

static const char *const head =
    "# The life of a CAPF session: state, event, action, next state. Messages without a line end "
    "the"
    " session.\n"
    "# Written by tests/flow/test_capf_grid.c with RF_GRID_WRITE=1; drawn by tools/fsm-dot.\n";

static void the_grid_is_the_checked_in_one(void **state)
{
    (void)state;
    assert_grid("capf.txt", head, rf_capf_fsm_def(), rf_capf_fsm_action_name);
}

static void every_action_has_a_name(void **state)
{
    (void)state;
    assert_actions_named(rf_capf_fsm_def(), rf_capf_fsm_action_name);
}

static const struct rf_fsm_row *row_of(int state, const char *event)
{
    const struct rf_fsm_def *def = rf_capf_fsm_def();
    for (int e = 0; e < (int)def->n_events; e++)
        if (strcmp(def->event_names[e], event) == 0)
            return rf_fsm_row_find(def, state, e);
    return NULL;
}

/* A state that waits for the phone ends by silence, by a bad message and by a lost link. One that
 * waits for a worker may always be refused by it, and no message of the phone gets there. */
static void every_state_has_a_way_out(void **state)
{
    const struct rf_fsm_def *def = rf_capf_fsm_def();
    for (int s = 1; s + 1 < (int)def->n_states; s++) {
        bool waits = strncmp(def->state_names[s], "WAIT_", 5) == 0;
        assert_int_equal(waits, row_of(s, "T_SILENT") != NULL);
        assert_int_equal(waits, row_of(s, "BAD") != NULL);
        assert_true(!waits || row_of(s, "LOST") != NULL);
        assert_true(waits || row_of(s, "REFUSED") != NULL);
    }
}

/* An operation becomes done by nothing but the store's word for it. */
static void nothing_else_leads_to_success(void **state)
{
    const struct rf_fsm_def *def = rf_capf_fsm_def();
    for (size_t i = 0; i < def->n_rows; i++) {
        const struct rf_fsm_row *row = &def->rows[i];
        if (strcmp(rf_capf_fsm_action_name(row->action), "end_done") != 0)
            continue;
        const char *event = def->event_names[row->event];
        assert_true(strcmp(event, "CONFIRMED") == 0 || strcmp(event, "DONE") == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grid_is_the_checked_in_one),
        cmocka_unit_test(every_action_has_a_name),
        cmocka_unit_test(every_state_has_a_way_out),
        cmocka_unit_test(nothing_else_leads_to_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
