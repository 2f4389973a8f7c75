/* SPDX-License-Identifier: Apache-2.0 */
/* The state tables of the phone, cell by cell, against the checked-in pictures of them. Written
 * anew with RF_GRID_WRITE=1; drawn by tools/fsm-dot. */
#include "unit.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "service/phone/enrol.h"
#include "service/phone/phone.h"
#include "service/phone/station.h"

static const struct {
    const char *file;
    const char *title;
    const struct rf_fsm_def *(*def)(void);
    const char *(*action_name)(rf_fsm_action action);
} grids[] = {
    {"phone.txt", "A phone from power on to registered", rf_phone_boot_fsm_def,
     rf_phone_boot_action_name},
    {"phone_enrol.txt", "A CAPF session of the phone", rf_enrol_fsm_def, rf_enrol_fsm_action_name},
    {"phone_registration.txt", "The registration of the phone", rf_station_reg_def,
     rf_station_action_name},
    {"phone_call.txt", "The call of the phone", rf_station_call_def, rf_station_action_name},
};
#define GRIDS_N (sizeof grids / sizeof *grids)

static void add_line(void *arg, const char *text)
{
    assert_err(rf_buf_addf(arg, "%s\n", text), RF_OK);
}

static void each_grid_is_the_checked_in_one(void **state)
{
    for (size_t i = 0; i < GRIDS_N; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf now = RF_BUF((size_t)64 * 1024);
        RF_AUTO(rf_buf_fini) struct rf_buf was = {0};
        assert_err(rf_buf_addf(&now,
                               "# %s: state, event, action, next state. Pairs without a line do "
                               "nothing.\n"
                               "# Written by tests/flow/test_phone_grid.c with RF_GRID_WRITE=1; "
                               "drawn by tools/fsm-dot.\n",
                               grids[i].title),
                   RF_OK);
        rf_fsm_dump(grids[i].def(), grids[i].action_name, add_line, &now);
        const char *folder = getenv("RF_FLOW_GRIDS");
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "tests/flow/grids",
                 grids[i].file);
        struct rf_why why = {0};
        if (getenv("RF_GRID_WRITE") != NULL) {
            assert_err(rf_file_replace(path, rf_buf_slice(&now), RF_FILE_PUBLIC, &why), RF_OK);
            continue;
        }
        assert_err(rf_file_read(path, (size_t)64 * 1024, &was, &why), RF_OK);
        assert_slice_eq(rf_buf_slice(&now), rf_buf_slice(&was));
    }
}

static void every_action_has_a_name(void **state)
{
    for (size_t i = 0; i < GRIDS_N; i++) {
        const struct rf_fsm_def *def = grids[i].def();
        for (size_t k = 0; k < def->n_rows; k++)
            if (def->rows[k].action != NULL)
                assert_string_not_equal(grids[i].action_name(def->rows[k].action), "unnamed");
    }
}

/* From each state but the last of an enrolment, and of a phone, something leads on. */
static void every_state_has_a_way_out(void **state)
{
    for (size_t i = 0; i < GRIDS_N; i++) {
        const struct rf_fsm_def *def = grids[i].def();
        for (int s = 0; s < (int)def->n_states; s++) {
            size_t out = 0;
            for (int e = 0; e < (int)def->n_events; e++) {
                const struct rf_fsm_row *row = rf_fsm_row_find(def, s, e);
                out += row != NULL && row->to != RF_FSM_SAME && row->to != s;
            }
            bool is_last = strcmp(def->state_names[s], "DONE") == 0 ||
                           strcmp(def->state_names[s], "STOPPED") == 0;
            assert_int_equal(out == 0, is_last);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_grid_is_the_checked_in_one),
        cmocka_unit_test(every_action_has_a_name),
        cmocka_unit_test(every_state_has_a_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
