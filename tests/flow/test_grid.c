/* SPDX-License-Identifier: Apache-2.0 */
/* The state table of calls, cell by cell, against the checked-in picture of it: a review shows
 * exactly which cells a change moved. Written anew with RF_GRID_WRITE=1. */
#include "unit.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "service/call/call.h"

static const char *const head =
    "# The life of a call: state, event, action, next state. Pairs without a line do nothing.\n"
    "# Written by tests/flow/test_grid.c with RF_GRID_WRITE=1; drawn by tools/fsm-dot.\n";

static void add_line(void *arg, const char *text)
{
    struct rf_buf *b = arg;
    assert_err(rf_buf_addf(b, "%s\n", text), RF_OK);
}

static void the_grid_is_the_checked_in_one(void **state)
{
    RF_AUTO(rf_buf_fini) struct rf_buf now = RF_BUF((size_t)64 * 1024);
    RF_AUTO(rf_buf_fini) struct rf_buf was = {0};
    assert_err(rf_buf_addf(&now, "%s", head), RF_OK);
    rf_fsm_dump(rf_call_fsm_def(), rf_call_fsm_action_name, add_line, &now);
    const char *folder = getenv("RF_FLOW_GRIDS");
    char path[512];
    snprintf(path, sizeof path, "%s/call.txt", folder != NULL ? folder : "tests/flow/grids");
    if (getenv("RF_GRID_WRITE") != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(now.p, 1, now.len, file), now.len);
        assert_int_equal(fclose(file), 0);
        return;
    }
    struct rf_why why = {0};
    assert_err(rf_file_read(path, (size_t)64 * 1024, &was, &why), RF_OK);
    assert_slice_eq(rf_buf_slice(&now), rf_buf_slice(&was));
}

static void every_action_has_a_name(void **state)
{
    const struct rf_fsm_def *def = rf_call_fsm_def();
    for (size_t i = 0; i < def->n_rows; i++)
        assert_string_not_equal(rf_call_fsm_action_name(def->rows[i].action), "unnamed");
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
                          strcmp(def->state_names[s], "CONNECTED") != 0;
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
