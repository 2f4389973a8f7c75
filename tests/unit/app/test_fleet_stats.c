/* SPDX-License-Identifier: Apache-2.0 */
/* What a fleet's report counts: times, errors, rates, and where a phone is. */
#include "unit.h"

#include "app/ringphone/fleet_stats.h"

/* ---- times ---- */

static void test_percentiles_are_those_of_the_sorted_times(void **state)
{
    struct fleet_times t = {0};
    (void)state;
    assert_int_equal(fleet_times_at(&t, 50), 0);
    for (uint32_t ms = 100; ms > 0; ms--)
        fleet_times_add(&t, ms);
    assert_int_equal(fleet_times_at(&t, 1), 1);
    assert_int_equal(fleet_times_at(&t, 50), 50);
    assert_int_equal(fleet_times_at(&t, 99), 99);
    assert_int_equal(fleet_times_at(&t, 100), 100);
    assert_int_equal(t.min, 1);
    assert_int_equal(t.max, 100);
    assert_int_equal(t.sum, 5050);
}

static void test_long_times_are_within_one_per_cent(void **state)
{
    (void)state;
    for (uint64_t ms = 1; ms < UINT32_MAX; ms = ms * 3 / 2 + 1) {
        struct fleet_times t = {0};
        fleet_times_add(&t, ms);
        fleet_times_add(&t, UINT32_MAX);
        uint64_t got = fleet_times_at(&t, 50);
        assert_true(got >= ms && got <= ms + ms / 100);
        assert_int_equal(fleet_times_at(&t, 99), UINT32_MAX);
    }
    struct fleet_times t = {0};
    fleet_times_add(&t, UINT64_MAX);
    assert_int_equal(fleet_times_at(&t, 50), UINT32_MAX);
}

/* ---- errors ---- */

static void test_errors_are_counted_by_event_and_code_with_different_devices(void **state)
{
    RF_AUTO(rf_freep) struct fleet_errors *e = rf_new(struct fleet_errors);
    (void)state;
    for (int i = 0; i < 10; i++) {
        char device[16];
        snprintf(device, sizeof device, "SEP00000000000%d", i / 2);
        fleet_errors_add(e, "refused", "link-refused", i == 0 ? "first" : "later", device);
    }
    fleet_errors_add(e, "lost", "link-refused", "", "SEP000000000001");
    assert_int_equal(e->n, 2);
    assert_int_equal(e->item[0].n, 10);
    assert_string_equal(e->item[0].why, "first");
    assert_int_equal(e->item[0].device_n, FLEET_EXAMPLES_MAX);
    assert_string_equal(e->item[0].device[2], "SEP000000000002");
    assert_int_equal(e->item[1].n, 1);
    for (int i = 0; i < FLEET_ERRORS_MAX; i++) {
        char code[16];
        snprintf(code, sizeof code, "code-%d", i);
        fleet_errors_add(e, "refused", code, "", "");
    }
    assert_int_equal(e->n, FLEET_ERRORS_MAX);
    assert_int_equal(e->other, 2);
}

/* ---- evenly in time ---- */

static void test_a_pace_is_kept_whenever_it_is_asked(void **state)
{
    struct fleet_pace p = {.per_min = 90, .start_ms = 1000};
    uint64_t now = 1000;
    (void)state;
    while (p.done < 91) {
        uint64_t wait = fleet_pace_wait_ms(&p, now);
        if (wait > 0)
            assert_int_equal(fleet_pace_due(&p, now + wait - 1), 0);
        now += wait;
        assert_int_equal(fleet_pace_due(&p, now), 1);
        p.done++;
    }
    assert_int_equal(now, 61000); /* the first at once, ninety in the minute after it */
    assert_int_equal(fleet_pace_due(&p, now + 60000), 90);
    p.per_min = 0;
    assert_int_equal(fleet_pace_due(&p, now + 60000), 0);
}

/* ---- kinds of calls ---- */

static void test_of_a_hundred_calls_so_many_are_of_each_kind(void **state)
{
    static const uint32_t shares[][2] = {{0, 0}, {30, 30}, {100, 0}, {0, 100}, {1, 99}};
    (void)state;
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        size_t n[3] = {0};
        for (uint64_t nth = 57; nth < 157; nth++)
            n[fleet_script_of(nth, shares[i][0], shares[i][1])]++;
        assert_int_equal(n[FLEET_HOLD], shares[i][0]);
        assert_int_equal(n[FLEET_TRANSFER], shares[i][1]);
    }
    size_t early = 0;
    for (uint64_t nth = 0; nth < 10; nth++)
        early += fleet_script_of(nth, 30, 30) == FLEET_HOLD;
    assert_in_range(early, 2, 4); /* spread, not the first thirty */
}

/* ---- one phone, and all ---- */

static struct rf_phone_event *event(enum rf_phone_event_kind kind)
{
    static struct rf_phone_event one;
    one = (struct rf_phone_event){.kind = kind, .name = rf_phone_event_name(kind)};
    return &one;
}

static struct rf_phone_event *with(struct rf_phone_event *ev, const char *key, const char *text)
{
    ev->value[ev->n++] = (struct rf_phone_value){.key = key, .type = RF_PHONE_TEXT, .text = text};
    return ev;
}

static struct rf_phone_event *station(enum rf_station_event_kind kind,
                                      enum rf_station_call_state call)
{
    static struct rf_station_event one;
    one = (struct rf_station_event){.kind = kind, .call_state = call, .number = "2001", .nth = 1};
    struct rf_phone_event *ev = event(RF_PHONE_STATION);
    ev->name = rf_station_event_name(kind);
    ev->station = &one;
    return ev;
}

struct world {
    struct fleet_totals totals;
    struct fleet_row row;
    uint64_t now;
};

static int set_up(void **state)
{
    struct world *w = rf_new(struct world);
    fleet_row_init(&w->row, &w->totals, "SEP001122334455");
    w->now = 100;
    fleet_row_start(&w->row, &w->totals, w->now);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    rf_free(*state);
    return 0;
}

static void say(struct world *w, const struct rf_phone_event *ev)
{
    w->now += 10;
    fleet_row_event(&w->row, &w->totals, ev, w->now);
    size_t all = 0;
    for (size_t i = 0; i < FLEET_STATE_N; i++)
        all += w->totals.state[i];
    assert_int_equal(all, 1);
    assert_int_equal(w->totals.state[w->row.state], 1);
    assert_int_equal(w->totals.reached, fleet_row_reached(&w->row, w->totals.goal));
}

static void is_in(const struct world *w, enum fleet_state state)
{
    assert_string_equal(fleet_state_name(w->row.state), fleet_state_name(state));
}

static void test_a_phone_goes_from_state_to_state(void **state)
{
    struct world *w = *state;
    is_in(w, FLEET_BOOTING);
    say(w, with(with(event(RF_PHONE_BOOT), "mic", "aa"), "lsc", "bb"));
    is_in(w, FLEET_FETCHING);
    assert_string_equal(w->row.mic, "aa");
    assert_string_equal(w->row.lsc, "bb");
    say(w, event(RF_PHONE_LOAD_WANTED));
    is_in(w, FLEET_UPGRADING);
    say(w, with(event(RF_PHONE_FETCH), "result", "ok"));
    is_in(w, FLEET_UPGRADING);
    say(w, event(RF_PHONE_LOAD_INSTALLED));
    is_in(w, FLEET_BOOTING);
    say(w, event(RF_PHONE_BOOT));
    say(w, with(event(RF_PHONE_FETCH), "result", "not-found"));
    assert_int_equal(w->totals.errors.n, 0);
    say(w, event(RF_PHONE_ENROL));
    is_in(w, FLEET_ENROLLING);
    say(w, with(with(event(RF_PHONE_ENROL_DONE), "outcome", "installed"), "lsc", "cc"));
    assert_string_equal(w->row.lsc, "cc");
    assert_int_equal(fleet_times_at(&w->totals.enrol, 50), 10);
    say(w, station(RF_STATION_LINK_UP, RF_STATION_IDLE));
    is_in(w, FLEET_REGISTERING);
    assert_int_equal(w->totals.reached, 0);
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    is_in(w, FLEET_REGISTERED);
    assert_int_equal(w->totals.reached, 1);
    assert_string_equal(w->row.number, "2001");
    assert_int_equal(fleet_times_at(&w->totals.boot, 50), w->now - 100);
    say(w, station(RF_STATION_CALL, RF_STATION_RING_IN));
    is_in(w, FLEET_IN_CALL);
    assert_int_equal(w->totals.reached, 1);
    say(w, station(RF_STATION_CALL, RF_STATION_IDLE));
    is_in(w, FLEET_REGISTERED);
    assert_int_equal(w->totals.boots, 2);
    assert_int_equal(w->totals.upgrades, 1);
}

static void say_call(struct world *w, uint32_t nth, enum rf_station_call_state state)
{
    struct rf_phone_event *ev = station(RF_STATION_CALL, state);
    struct rf_station_event call = *ev->station;
    call.nth = nth;
    ev->station = &call;
    say(w, ev);
}

static void test_a_phone_is_idle_when_it_has_no_call_left(void **state)
{
    struct world *w = *state;
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    say_call(w, 1, RF_STATION_HELD);
    say_call(w, 2, RF_STATION_CONNECTED);
    say_call(w, 3, RF_STATION_RING_IN);
    assert_int_equal(w->row.calls_n, 3);
    say_call(w, 2, RF_STATION_IDLE);
    is_in(w, FLEET_IN_CALL);
    assert_int_equal(w->row.calls[1], 3);
    say_call(w, 3, RF_STATION_REMOTE); /* another phone of the line answered */
    is_in(w, FLEET_IN_CALL);
    say_call(w, 2, RF_STATION_IDLE); /* once more: nothing */
    say_call(w, 1, RF_STATION_IDLE);
    is_in(w, FLEET_REGISTERED);
    for (uint32_t nth = 4; nth < 4 + RF_STATION_CALLS_MAX + 1; nth++)
        say_call(w, nth, RF_STATION_HELD);
    assert_int_equal(w->row.calls_n, RF_STATION_CALLS_MAX);
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE)); /* anew: of these nothing is left */
    assert_int_equal(w->row.calls_n, 0);
}

static void say_registered(struct world *w, bool is_srst)
{
    struct rf_phone_event *ev = station(RF_STATION_REGISTERED, RF_STATION_IDLE);
    struct rf_station_event event = *ev->station;
    event.is_srst = is_srst;
    ev->station = &event;
    say(w, ev);
}

static void test_a_phone_at_a_router_is_on_fallback(void **state)
{
    struct world *w = *state;
    say_registered(w, false);
    assert_int_equal(w->totals.fallback, 0);
    say_registered(w, true);
    say(w, station(RF_STATION_CALL, RF_STATION_RING_IN));
    assert_int_equal(w->totals.fallback, 1);
    assert_int_equal(w->totals.reached, 1);
    say(w, station(RF_STATION_LOST, RF_STATION_IDLE));
    assert_int_equal(w->totals.fallback, 0);
    say_registered(w, true);
    say_registered(w, true);
    assert_int_equal(w->totals.fallback, 1);
    say_registered(w, false);
    assert_int_equal(w->totals.fallback, 0);
}

static void test_a_lost_registration_counts_until_it_is_back(void **state)
{
    struct world *w = *state;
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    say(w, station(RF_STATION_CALL, RF_STATION_CONNECTED));
    say(w, station(RF_STATION_CALL, RF_STATION_IDLE));
    say(w, station(RF_STATION_LOST, RF_STATION_IDLE));
    is_in(w, FLEET_REGISTERING);
    assert_int_equal(w->totals.reached, 0);
    say(w, with(station(RF_STATION_REFUSED, RF_STATION_IDLE), "code", "link-refused"));
    say(w, station(RF_STATION_WAITS, RF_STATION_IDLE));
    is_in(w, FLEET_WAITING);
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    assert_int_equal(w->totals.reached, 1);
    assert_int_equal(w->totals.losses, 1);
    assert_int_equal(w->totals.registrations, 2);
    assert_int_equal(fleet_times_at(&w->totals.back, 50), 30);
    assert_int_equal(w->totals.after.n, 0);
    assert_int_equal(w->totals.boot.n, 1); /* the first time only */
    assert_string_equal(w->row.code, "link-refused");
    assert_string_equal(w->totals.errors.item[0].event, "refused");
}

static void say_speech_ended(struct world *w, uint64_t received, uint32_t longest_gap_ms)
{
    struct rf_phone_event *ev = station(RF_STATION_MEDIA_ENDED, RF_STATION_IDLE);
    struct rf_station_event ended = *ev->station;
    ended.stats.received_packets = received;
    ended.stats.longest_gap_ms = longest_gap_ms;
    ev->station = &ended;
    say(w, ev);
}

static void test_a_call_that_outlives_its_link_keeps_the_phone(void **state)
{
    struct world *w = *state;
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    say(w, station(RF_STATION_CALL, RF_STATION_CONNECTED));
    say_speech_ended(w, 50, 400); /* of a call as any other */
    say(w, station(RF_STATION_CALL, RF_STATION_CONNECTED));
    say(w, station(RF_STATION_LOST, RF_STATION_IDLE));
    say(w, station(RF_STATION_CALL, RF_STATION_PRESERVED));
    w->now += 5000;
    say(w, station(RF_STATION_CALL, RF_STATION_IDLE));
    is_in(w, FLEET_REGISTERING);
    say_speech_ended(w, 250, 60);
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    assert_int_equal(w->totals.back.n, 0);
    assert_int_equal(fleet_times_at(&w->totals.after, 50), 20);
    assert_int_equal(w->totals.gap.n, 1);
    assert_int_equal(w->totals.gap.max, 60);
    say(w, station(RF_STATION_LOST, RF_STATION_IDLE)); /* the next time it is idle */
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    assert_int_equal(w->totals.back.n, 1);
}

static void test_a_reset_is_no_loss(void **state)
{
    struct world *w = *state;
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    struct rf_phone_event *ev = station(RF_STATION_RESET, RF_STATION_IDLE);
    struct rf_station_event reset = {.kind = RF_STATION_RESET, .reset = RF_SCCP_RESET_RESTART};
    ev->station = &reset;
    say(w, ev);
    is_in(w, FLEET_FETCHING);
    assert_int_equal(w->totals.reached, 0);
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    reset.reset = RF_SCCP_RESET_RESET;
    ev = station(RF_STATION_RESET, RF_STATION_IDLE);
    ev->station = &reset;
    say(w, ev);
    is_in(w, FLEET_BOOTING);
    assert_int_equal(w->totals.resets, 2);
    assert_int_equal(w->totals.losses, 0);
    assert_int_equal(w->totals.back.n, 0);
}

static void test_enrolled_wants_a_certificate_of_this_run(void **state)
{
    struct world *w = *state;
    w->totals.goal = FLEET_GOAL_ENROLLED;
    say(w, with(event(RF_PHONE_BOOT), "lsc", "bb")); /* that of an earlier run does not do */
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    assert_int_equal(w->totals.reached, 0);
    say(w, event(RF_PHONE_ENROL));
    say(w, with(with(event(RF_PHONE_ENROL_DONE), "outcome", "failed"), "code", "capf-string"));
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    assert_int_equal(w->totals.reached, 0);
    assert_int_equal(w->totals.enrol_failures, 1);
    say(w, event(RF_PHONE_ENROL));
    say(w, with(with(event(RF_PHONE_ENROL_DONE), "outcome", "installed"), "lsc", "cc"));
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    assert_int_equal(w->totals.reached, 1);
    assert_int_equal(w->totals.enrolments, 1);
}

static void test_an_enrolment_beside_the_work_leaves_a_phone_where_it_is(void **state)
{
    struct world *w = *state;
    say(w, station(RF_STATION_REGISTERED, RF_STATION_IDLE));
    say(w, event(RF_PHONE_ENROL));
    is_in(w, FLEET_REGISTERED);
    say(w, with(with(event(RF_PHONE_ENROL_DONE), "outcome", "failed"), "code", "capf-string"));
    is_in(w, FLEET_REGISTERED);
    assert_int_equal(w->totals.reached, 1);
    assert_int_equal(w->totals.enrol_failures, 1);
    say_call(w, 1, RF_STATION_CONNECTED);
    say(w, event(RF_PHONE_ENROL));
    say(w, with(with(event(RF_PHONE_ENROL_DONE), "outcome", "installed"), "lsc", "cc"));
    is_in(w, FLEET_IN_CALL);
    /* With the new certificate it registers anew. */
    say_call(w, 1, RF_STATION_IDLE);
    say(w, station(RF_STATION_STOPPED, RF_STATION_IDLE));
    is_in(w, FLEET_FETCHING);
    assert_int_equal(w->totals.reached, 0);
    say(w, event(RF_PHONE_ENROL));
    is_in(w, FLEET_ENROLLING);
}

static void test_a_phone_that_cannot_go_on_is_halted_with_its_reason(void **state)
{
    struct world *w = *state;
    say(w, with(with(event(RF_PHONE_HALTED), "code", "flash-busy"), "why", "in use"));
    is_in(w, FLEET_HALTED);
    assert_string_equal(w->row.code, "flash-busy");
    say(w, with(event(RF_PHONE_FETCH), "result", "timeout"));
    assert_int_equal(w->totals.errors.n, 2);
    assert_string_equal(w->totals.errors.item[1].code, "timeout");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percentiles_are_those_of_the_sorted_times),
        cmocka_unit_test(test_long_times_are_within_one_per_cent),
        cmocka_unit_test(test_errors_are_counted_by_event_and_code_with_different_devices),
        cmocka_unit_test(test_a_pace_is_kept_whenever_it_is_asked),
        cmocka_unit_test(test_of_a_hundred_calls_so_many_are_of_each_kind),
        cmocka_unit_test_setup_teardown(test_a_phone_is_idle_when_it_has_no_call_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_phone_goes_from_state_to_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_call_that_outlives_its_link_keeps_the_phone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_phone_at_a_router_is_on_fallback, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lost_registration_counts_until_it_is_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_reset_is_no_loss, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_enrolled_wants_a_certificate_of_this_run, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_enrolment_beside_the_work_leaves_a_phone_where_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_phone_that_cannot_go_on_is_halted_with_its_reason,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
