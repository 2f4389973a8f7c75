/* SPDX-License-Identifier: Apache-2.0 */
/* Maintenance windows: read, shown, open and closed. */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "service/site/window.h"

static void a_window_is_read_and_shown_as_it_was_written(void **state)
{
    static const char *const fine[] = {"", "00:00-00:01", "22:00-05:30", "09:05-23:59"};
    char text[RF_WINDOW_TEXT];
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        struct rf_window w;
        assert_true(rf_window_parse(fine[i], &w));
        assert_string_equal(rf_window_text(&w, text), fine[i]);
    }
}

static void what_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {
        "22:00",        "22:00-",      "-05:00",       "24:00-05:00", "22:60-05:00",
        "22:00-22:00",  "2:00-05:00",  "22:00-05:00 ", "22:00-05:0",  "22:00-05:00-06:00",
        "22:00-05:00-", "22.00-05.00", "+2:00-05:00",  "22:00–05:00", "22:00-05:000",
        "now",          "22:0 -05:00"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rf_window w = {1, 2};
        if (rf_window_parse(wrong[i], &w))
            print_error("taken: %s\n", wrong[i]);
        assert_false(rf_window_parse(wrong[i], &w));
        assert_int_equal(w.from_min, 0);
        assert_int_equal(w.to_min, 0);
    }
}

static void a_window_of_a_day_is_open_from_its_first_minute_to_before_its_last(void **state)
{
    struct rf_window w;
    assert_true(rf_window_parse("09:00-17:30", &w));
    assert_false(rf_window_is_open(&w, 9 * 60 - 1));
    assert_true(rf_window_is_open(&w, 9 * 60));
    assert_true(rf_window_is_open(&w, 17 * 60 + 29));
    assert_false(rf_window_is_open(&w, 17 * 60 + 30));
    assert_false(rf_window_is_open(&w, 0));
}

static void a_window_goes_over_midnight(void **state)
{
    struct rf_window w;
    assert_true(rf_window_parse("22:00-05:30", &w));
    assert_false(rf_window_is_open(&w, 22 * 60 - 1));
    assert_true(rf_window_is_open(&w, 22 * 60));
    assert_true(rf_window_is_open(&w, 23 * 60 + 59));
    assert_true(rf_window_is_open(&w, 0));
    assert_true(rf_window_is_open(&w, 5 * 60 + 29));
    assert_false(rf_window_is_open(&w, 5 * 60 + 30));
}

/* Each minute of the day once, whatever the clocks do in some night. */
static void without_a_window_every_minute_is_open(void **state)
{
    struct rf_window w, day;
    unsigned open = 0;
    assert_true(rf_window_parse("", &w));
    assert_true(rf_window_parse("23:00-01:00", &day));
    for (uint32_t minute = 0; minute < 24 * 60; minute++) {
        assert_true(rf_window_is_open(&w, minute));
        open += rf_window_is_open(&day, minute);
    }
    assert_int_equal(open, 120);
}

static void the_minute_is_that_of_the_place(void **state)
{
    assert_int_equal(setenv("TZ", "XXX-2:30", 1), 0);
    tzset();
    assert_int_equal(rf_window_minute(0), 150);
    assert_int_equal(rf_window_minute(22 * 3600), 30); /* of the next day */
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_read_and_shown_as_it_was_written),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(a_window_of_a_day_is_open_from_its_first_minute_to_before_its_last),
        cmocka_unit_test(a_window_goes_over_midnight),
        cmocka_unit_test(without_a_window_every_minute_is_open),
        cmocka_unit_test(the_minute_is_that_of_the_place),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
