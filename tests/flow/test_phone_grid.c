/* SPDX-License-Identifier: Apache-2.0 */
/* The state tables of the phone, cell by cell, against the checked-in pictures of them. Written
 * anew with RF_GRID_WRITE=1; drawn by tools/fsm-dot. */
#include "grid.h"

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
    {"phone_standby.txt", "The link of the phone beside the one in use", rf_station_standby_def,
     rf_station_action_name},
    {"phone_call.txt", "A call of the phone", rf_station_call_def, rf_station_action_name},
};
#define GRIDS_N (sizeof grids / sizeof *grids)

static void each_grid_is_the_checked_in_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < GRIDS_N; i++) {
        RF_AUTO(rf_freep)
        char *head = rf_strf("# %s: state, event, action, next state. Pairs without a line do "
                             "nothing.\n"
                             "# Written by tests/flow/test_phone_grid.c with RF_GRID_WRITE=1; "
                             "drawn by tools/fsm-dot.\n",
                             grids[i].title);
        assert_grid(grids[i].file, head, grids[i].def(), grids[i].action_name);
    }
}

static void every_action_has_a_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < GRIDS_N; i++)
        assert_actions_named(grids[i].def(), grids[i].action_name);
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
