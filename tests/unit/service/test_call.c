/* SPDX-License-Identifier: Apache-2.0 */
/* Call control by itself, with endpoints that only write down what they are told. */
#include "call_world.h"

static void what_each_end_is_told(void **state)
{
    struct world w;
    world_start(&w, 0);
    rf_call_in_number(w.cc, w.a.dev, 1, rf_slice_str("12"));
    assert_string_equal(w.a.log, "setup dial quiet proceeding alerting ringback ");
    assert_string_equal(w.b.log, "offer ");
    assert_true(w.a.ref != 0 && w.a.ref != w.b.ref);
    rf_call_in_answer(w.cc, w.b.dev, w.b.ref);
    assert_string_equal(
        w.a.log, "setup dial quiet proceeding alerting ringback quiet connected open start info ");
    assert_string_equal(w.b.log, "offer connected open start info ");
    assert_memory_equal(&w.a.receive, &w.b.transmit, sizeof w.a.receive);
    assert_memory_equal(&w.b.receive, &w.a.transmit, sizeof w.a.receive);
    assert_memory_not_equal(w.a.receive.key, w.b.receive.key, RF_CALL_KEY_LEN);
    struct rf_call_status st;
    uint32_t at = 0;
    assert_true(rf_call_next(w.cc, &at, &st));
    assert_string_equal(st.state, "CONNECTED");
    assert_int_equal(st.security, RF_CALL_SECURITY_ENCRYPTED);
    assert_false(rf_call_next(w.cc, &at, &st));
    rf_call_in_digit(w.cc, w.a.dev, 0, '5'); /* B has no use for it */
    rf_call_in_hang_up(w.cc, w.b.dev, 0);
    assert_non_null(strstr(w.a.log, "stop-both ended "));
    assert_non_null(strstr(w.b.log, "stop-both ended "));
    assert_int_equal(rf_call_count(w.cc), 0);
    world_stop(&w);
}

/* "1" is a line, and the beginning of "12": only a pause or '#' decides. */
static void number_that_begins_another(void **state)
{
    struct world w;
    world_start(&w, 0);
    rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    rf_call_in_digit(w.cc, w.b.dev, 0, '1');
    assert_string_equal(w.a.log, "");
    rf_clock_fake_advance(&w.clock, 5000);
    rf_timers_run(w.timers);
    assert_string_equal(w.a.log, "offer ");
    assert_non_null(strstr(w.b.log, "alerting ringback ")); /* what A said in that is done */
    rf_clock_fake_advance(&w.clock, 500); /* a timer of its own in the configuration */
    rf_timers_run(w.timers);
    assert_int_equal(w.b.cause, RF_CALL_CAUSE_NO_ANSWER);
    rf_call_in_hang_up(w.cc, w.b.dev, 0);
    rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    rf_call_in_digit(w.cc, w.b.dev, 0, '1');
    rf_call_in_digit(w.cc, w.b.dev, 0, '#');
    assert_string_equal(w.a.log, "offer ended offer ");
    world_stop(&w);
}

static void phone_that_does_not_say_it_rings(void **state)
{
    struct world w;
    world_start(&w, 0);
    w.b.is_silent = true;
    rf_call_in_number(w.cc, w.a.dev, 1, rf_slice_str("12"));
    assert_null(strstr(w.a.log, "ringback"));
    rf_call_in_answer(w.cc, w.b.dev, w.b.ref); /* answers all the same */
    assert_non_null(strstr(w.a.log, "connected open start info "));
    world_stop(&w);
}

static void references_are_checked(void **state)
{
    struct world w;
    world_start(&w, 0);
    rf_call_in_number(w.cc, w.a.dev, 1, rf_slice_str("12"));
    rf_call_in_hang_up(w.cc, w.b.dev, w.a.ref); /* the caller's end is not B's */
    rf_call_in_hang_up(w.cc, w.b.dev, w.b.ref + 7);
    rf_call_in_hang_up(w.cc, w.b.dev + 1000, 0); /* no such device */
    assert_int_equal(rf_call_count(w.cc), 1);
    rf_call_in_hang_up(w.cc, w.b.dev, w.b.ref);
    assert_int_equal(w.a.cause, RF_CALL_CAUSE_BUSY);
    world_stop(&w);
}

static void no_more_calls_than_the_limit(void **state)
{
    struct world w;
    world_start(&w, 1);
    rf_call_in_off_hook(w.cc, w.a.dev, 0, 0);
    rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    assert_string_equal(w.b.log, "");
    assert_string_equal(w.refused_as, "call-failed B from=12 cause=too-many-calls");
    for (int i = 0; i < 20; i++)
        rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    assert_int_equal(w.refused, 10); /* a minute */
    rf_call_in_hang_up(w.cc, w.a.dev, 0);
    rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    assert_string_equal(w.b.log, "setup dial ");
    world_stop(&w);
}

static void devices_that_are_refused(void **state)
{
    struct world w;
    world_start(&w, 0);
    static const char *const bad[] = {"", "1a", "12 ", "1234567890123456789012345"};
    for (size_t i = 0; i < 3; i++) {
        struct rf_why why = {0};
        struct rf_call_device_conf d = world_device("C", bad[i]);
        assert_refused(rf_call_device_set(w.cc, &d, &why), RF_ERR_BAD, why, "line-number");
    }
    assert_false(rf_call_number_ok(bad[3]));
    assert_true(rf_call_number_ok("123456789012345678901234"));
    struct rf_why why = {0};
    struct rf_call_device_conf taken = world_device("C", "12");
    assert_refused(rf_call_device_set(w.cc, &taken, &why), RF_ERR_EXISTS, why, "line-number-taken");
    struct rf_call_device_conf twice = world_device("C", "3");
    twice.n_lines = 2;
    twice.lines[1] = twice.lines[0];
    why = (struct rf_why){0};
    assert_refused(rf_call_device_set(w.cc, &twice, &why), RF_ERR_EXISTS, why, "line-number-taken");
    struct rf_call_device_conf good = world_device("C", "3");
    assert_err(rf_call_device_set(w.cc, &good, &why), RF_OK);
    rf_handle none;
    struct rf_call_attach how = {.ops = &world_ops, .arg = &w.a};
    assert_err(rf_call_device_up(w.cc, "D", &how, &none), RF_ERR_NOT_FOUND);
    assert_int_equal(none, 0);
    world_stop(&w);
}

/* ---- conferences when the server's own media has no room ---- */

/* A talks to B, and C ("3") is there. */
static void three(struct world *w, struct end *c)
{
    world_start(w, 0);
    struct rf_call_device_conf d = world_device("C", "3");
    assert_err(rf_call_device_set(w->cc, &d, NULL), RF_OK);
    memset(c, 0, sizeof *c);
    world_attach(w, c, "C");
    rf_call_in_number(w->cc, w->a.dev, 1, rf_slice_str("12"));
    rf_call_in_answer(w->cc, w->b.dev, w->b.ref);
}

static size_t calls_in(const struct world *w, const char *state)
{
    struct rf_call_status st;
    uint32_t at = 0;
    size_t n = 0;
    while (rf_call_next(w->cc, &at, &st))
        n += strcmp(st.state, state) == 0;
    return n;
}

/* A holds B, calls C and wants all three to meet. With music B gives its place back. */
static void confers(struct world *w, struct end *c)
{
    rf_call_in_conference(w->cc, w->a.dev, 0);
    rf_call_in_number(w->cc, w->a.dev, 1, rf_slice_str("3"));
    rf_call_in_answer(w->cc, c->dev, c->ref);
    w->a.log[0] = w->b.log[0] = c->log[0] = '\0';
    rf_call_in_conference(w->cc, w->a.dev, 0);
}

static void a_conference_without_room_changes_nothing(void **state)
{
    for (unsigned max = 0; max <= 2; max++) {
        struct world w;
        struct end c;
        three(&w, &c);
        w.media_max = max;
        confers(&w, &c);
        assert_string_equal(w.a.log, "refused ");
        assert_string_equal(w.b.log, "");
        assert_string_equal(c.log, "");
        assert_int_equal(calls_in(&w, "HELD"), 1);
        assert_int_equal(calls_in(&w, "CONNECTED"), 1);
        assert_int_equal(w.media_open, max > 0 ? 1 : 0); /* B's music */
        w.media_max = 3;                                 /* the twin */
        rf_call_in_conference(w.cc, w.a.dev, 0);
        assert_int_equal(calls_in(&w, "CONNECTED"), 3);
        assert_int_equal(w.media_open, 3);
        /* one more, and who held the conference meanwhile */
        rf_call_in_conference(w.cc, w.a.dev, 0);
        assert_int_equal(w.media_open, 2);
        world_stop(&w);
    }
}

/* C shares A's line. */
static void a_barge_without_room_changes_nothing(void **state)
{
    for (unsigned max = 0; max <= 3; max++) {
        struct world w;
        struct end c;
        struct rf_call_device_conf a = world_device("A", "1"), d = world_device("C", "1");
        three(&w, &c);
        a.rules[0].is_shared = d.rules[0].is_shared = true;
        assert_err(rf_call_device_set(w.cc, &a, NULL), RF_OK);
        assert_err(rf_call_device_set(w.cc, &d, NULL), RF_OK);
        rf_call_in_digit(w.cc, w.a.dev, 0, '1'); /* any event: its line's others are told now */
        w.media_max = max;
        w.a.log[0] = w.b.log[0] = '\0';
        rf_call_in_barge(w.cc, c.dev, 1, w.a.ref);
        if (max == 3) {
            assert_int_equal(calls_in(&w, "CONNECTED"), 3);
            assert_int_equal(w.media_open, 3);
        } else {
            assert_string_equal(w.a.log, "");
            assert_string_equal(w.b.log, "");
            assert_int_equal(calls_in(&w, "CONNECTED"), 1);
            assert_int_equal(c.cause, RF_CALL_CAUSE_MEDIA);
        }
        world_stop(&w);
    }
}

/* Room was there, and then not: the others meet without who cannot be heard. */
static void a_member_that_finds_no_room_goes_alone(void **state)
{
    struct world w;
    struct end c;
    three(&w, &c);
    w.media_fails = 3; /* the first is the music */
    confers(&w, &c);
    assert_int_equal(calls_in(&w, "CONNECTED"), 2);
    assert_int_equal(calls_in(&w, "FAILED"), 1);
    assert_int_equal(c.cause, RF_CALL_CAUSE_MEDIA);
    assert_int_equal(w.media_open, 2);
    world_stop(&w);
}

static void a_meet_me_without_room_is_refused(void **state)
{
    struct world w;
    struct end c;
    three(&w, &c);
    assert_err(rf_call_meet_me_set(w.cc, "5", RF_CALL_SECURITY_UNKNOWN, NULL), RF_OK);
    w.media_max = 0;
    for (int i = 0; i < 2; i++) {
        rf_call_in_meet_me(w.cc, c.dev, 1);
        rf_call_in_number(w.cc, c.dev, 1, rf_slice_str("5"));
        if (i == 0)
            assert_int_equal(c.cause, RF_CALL_CAUSE_MEDIA);
        else
            assert_int_equal(calls_in(&w, "CONNECTED"), 2);
        rf_call_in_hang_up(w.cc, c.dev, 0);
        w.media_max = 1; /* the twin */
    }
    world_stop(&w);
}

static void every_timer_is_described(void **state)
{
    const struct rf_call_timer_row *rows = rf_call_timer_table();
    for (size_t i = 0; i < RF_CALL_T_N; i++) {
        assert_non_null(rows[i].name);
        assert_non_null(rows[i].help);
        assert_true(rows[i].default_ms > 0);
    }
    for (int c = 0; c < RF_CALL_CAUSE_N; c++)
        assert_string_not_equal(rf_call_cause_name((enum rf_call_cause)c), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_each_end_is_told),
        cmocka_unit_test(number_that_begins_another),
        cmocka_unit_test(phone_that_does_not_say_it_rings),
        cmocka_unit_test(references_are_checked),
        cmocka_unit_test(no_more_calls_than_the_limit),
        cmocka_unit_test(devices_that_are_refused),
        cmocka_unit_test(a_conference_without_room_changes_nothing),
        cmocka_unit_test(a_barge_without_room_changes_nothing),
        cmocka_unit_test(a_member_that_finds_no_room_goes_alone),
        cmocka_unit_test(a_meet_me_without_room_is_refused),
        cmocka_unit_test(every_timer_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
