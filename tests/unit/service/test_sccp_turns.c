/* SPDX-License-Identifier: Apache-2.0 */
/* Phones that come back get their tokens one after the other: how many in a second, when each is
 * told to ask again, and that its place is kept. */
#include "unit.h"

#include "service/sccp/sccp_turns.h"

/* All ask in the same second; each comes again when it was told to. */
static void so_many_a_second_and_no_more(void **state)
{
    (void)state;
    enum { PHONES = 100, A_SECOND = 20 };
    struct rf_sccp_turns turns = {0};
    uint64_t turn[PHONES] = {0}, due[PHONES];
    uint32_t wait = 0;
    unsigned granted = 0;
    for (size_t i = 0; i < PHONES; i++)
        due[i] = 1000;
    for (uint64_t now = 1000; now < 1000 + PHONES / A_SECOND; now++) {
        unsigned in_this = 0;
        for (size_t i = 0; i < PHONES; i++) {
            if (due[i] != now)
                continue;
            if (rf_sccp_turn_take(&turns, A_SECOND, now, &turn[i], &wait)) {
                in_this++;
                assert_int_equal(turn[i], 0);
            } else {
                assert_true(wait >= 1);
                assert_true(now == 1000); /* the second time it is granted */
                due[i] = now + wait;
            }
        }
        assert_int_equal(in_this, A_SECOND);
        granted += in_this;
    }
    assert_int_equal(granted, PHONES);
    assert_int_equal(turns.granted, PHONES);
    assert_int_equal(turns.put_off, PHONES - A_SECOND);
}

static void a_place_is_kept_and_given_up(void **state)
{
    (void)state;
    struct rf_sccp_turns turns = {0};
    uint64_t first = 0, second = 0, third = 0;
    uint32_t wait = 0;
    assert_true(rf_sccp_turn_take(&turns, 1, 50, &first, &wait));
    assert_int_equal(wait, 0);
    assert_false(rf_sccp_turn_take(&turns, 1, 50, &second, &wait));
    assert_int_equal(wait, 1);
    assert_false(rf_sccp_turn_take(&turns, 1, 50, &third, &wait));
    assert_int_equal(wait, 2);
    /* Too early: it waits for the same place, and takes no other. */
    assert_false(rf_sccp_turn_take(&turns, 1, 51, &third, &wait));
    assert_int_equal(wait, 1);
    /* Late, but not too late. */
    assert_true(rf_sccp_turn_take(&turns, 1, 51 + RF_SCCP_TURN_KEPT_S, &second, &wait));
    /* Too late: it is like one that comes anew, behind whoever came meanwhile. */
    assert_true(rf_sccp_turn_take(&turns, 1, 200, &first, &wait));
    assert_false(rf_sccp_turn_take(&turns, 1, 200, &third, &wait));
    assert_int_equal(wait, 1);
    assert_true(rf_sccp_turn_take(&turns, 1, 201, &third, &wait));
}

/* Seconds in which nobody came are not made up for. */
static void a_quiet_time_saves_nothing(void **state)
{
    (void)state;
    struct rf_sccp_turns turns = {0};
    uint64_t turn[3] = {0};
    uint32_t wait = 0;
    assert_true(rf_sccp_turn_take(&turns, 2, 10, &turn[0], &wait));
    for (size_t i = 0; i < 2; i++)
        assert_true(rf_sccp_turn_take(&turns, 2, 1000, &turn[i], &wait));
    assert_false(rf_sccp_turn_take(&turns, 2, 1000, &turn[2], &wait));
    assert_int_equal(wait, 1);
}

static void without_a_rate_everybody_comes(void **state)
{
    (void)state;
    struct rf_sccp_turns turns = {0};
    uint64_t turn = 0, waiting = 0;
    uint32_t wait = 7;
    for (int i = 0; i < 1000; i++)
        assert_true(rf_sccp_turn_take(&turns, 0, 10, &turn, &wait));
    assert_int_equal(wait, 0);
    /* Also one that waited when the limit was taken away. */
    assert_true(rf_sccp_turn_take(&turns, 1, 10, &turn, &wait));
    assert_false(rf_sccp_turn_take(&turns, 1, 10, &waiting, &wait));
    assert_true(rf_sccp_turn_take(&turns, 0, 10, &waiting, &wait));
    assert_int_equal(waiting, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_a_second_and_no_more),
        cmocka_unit_test(a_place_is_kept_and_given_up),
        cmocka_unit_test(a_quiet_time_saves_nothing),
        cmocka_unit_test(without_a_rate_everybody_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
