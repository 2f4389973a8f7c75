/* SPDX-License-Identifier: Apache-2.0 */
/* The buckets of failed handshakes, with a clock turned by hand. */
#include "unit.h"

#include "base/faults.h"
#include "net/storm.h"

#include <stdio.h>

#define FAILURES 6
#define MINUTE   60000
#define NOW      1000000 /* any */

static struct rf_address address_of(const char *text)
{
    struct rf_address a;
    assert_err(rf_address_parse(text, 5, &a, NULL), RF_OK);
    return a;
}

struct attempt {
    struct rf_storm_source *source;
    bool is_admitted;
    bool is_first;
};

static struct attempt come(struct rf_storm *s, const char *from, uint64_t now_ms)
{
    struct rf_address a = address_of(from);
    struct attempt t = {0};
    t.is_admitted = rf_storm_admit(s, &a, now_ms, &t.source, &t.is_first);
    return t;
}

/* Come and fail at once; how many of n were let in. */
static unsigned fail_at(struct rf_storm *s, const char *from, uint64_t now_ms, unsigned n)
{
    unsigned admitted = 0;
    for (unsigned i = 0; i < n; i++) {
        struct attempt t = come(s, from, now_ms);
        admitted += t.is_admitted ? 1 : 0;
        rf_storm_done(t.source, true);
    }
    return admitted;
}

static void failures_empty_the_bucket_and_time_fills_it(void **state)
{
    struct rf_storm *s = rf_storm_new(FAILURES, 64, 1);
    assert_int_equal(fail_at(s, "192.0.2.1", NOW, 100), FAILURES);
    uint64_t one = MINUTE / FAILURES; /* a token */
    assert_int_equal(fail_at(s, "192.0.2.1", NOW + one - 1, 100), 0);
    assert_int_equal(fail_at(s, "192.0.2.1", NOW + one, 100), 1);
    assert_int_equal(fail_at(s, "192.0.2.1", NOW + 3 * one, 100), 2);
    assert_int_equal(fail_at(s, "192.0.2.1", NOW + 3 * one + 10 * MINUTE, 100), FAILURES);
    rf_storm_free(s);
}

static void others_do_not_pay_for_it(void **state)
{
    struct rf_storm *s = rf_storm_new(FAILURES, 64, 1);
    fail_at(s, "192.0.2.1", NOW, 100);
    assert_false(come(s, "192.0.2.1", NOW).is_admitted);
    struct attempt good = come(s, "192.0.2.2", NOW);
    assert_true(good.is_admitted);
    rf_storm_done(good.source, false);
    rf_storm_free(s);
}

static void good_handshakes_cost_nothing(void **state)
{
    struct rf_storm *s = rf_storm_new(FAILURES, 64, 1);
    for (unsigned i = 0; i < 50 * FAILURES; i++) {
        struct attempt t = come(s, "192.0.2.1", NOW);
        assert_true(t.is_admitted);
        assert_non_null(t.source);
        rf_storm_done(t.source, false);
    }
    rf_storm_free(s);
}

/* A whole office that comes at once behind one address is no storm; one that has failed before may
 * not have more under way than it has tokens. */
static void handshakes_under_way(void **state)
{
    struct rf_storm *s = rf_storm_new(FAILURES, 64, 1);
    struct attempt t[20];
    for (unsigned i = 0; i < 20; i++) {
        t[i] = come(s, "192.0.2.1", NOW);
        assert_true(t[i].is_admitted);
    }
    for (unsigned i = 0; i < 20; i++)
        rf_storm_done(t[i].source, false);
    assert_int_equal(fail_at(s, "192.0.2.1", NOW, 4), 4); /* two of six are left */
    for (unsigned i = 0; i < 20; i++) {
        t[i] = come(s, "192.0.2.1", NOW);
        assert_int_equal(t[i].is_admitted, i < 2);
    }
    for (unsigned i = 0; i < 20; i++)
        rf_storm_done(t[i].source, false);
    assert_true(come(s, "192.0.2.1", NOW).is_admitted);
    rf_storm_free(s);
}

static void the_first_refusal_is_told_apart(void **state)
{
    struct rf_storm *s = rf_storm_new(FAILURES, 64, 1);
    fail_at(s, "192.0.2.1", NOW, FAILURES);
    assert_true(come(s, "192.0.2.1", NOW).is_first);
    assert_false(come(s, "192.0.2.1", NOW).is_first);
    assert_int_equal(fail_at(s, "192.0.2.1", NOW + MINUTE, FAILURES), FAILURES);
    assert_true(come(s, "192.0.2.1", NOW + MINUTE).is_first); /* a storm of its own */
    rf_storm_free(s);
}

static void of_ipv6_the_network_counts(void **state)
{
    struct rf_storm *s = rf_storm_new(FAILURES, 64, 1);
    fail_at(s, "2001:db8:1:2::1", NOW, FAILURES);
    assert_false(come(s, "2001:db8:1:2:ffff::9", NOW).is_admitted);
    assert_true(come(s, "2001:db8:1:3::1", NOW).is_admitted);
    fail_at(s, "::ffff:192.0.2.1", NOW, FAILURES); /* the same host, seen by an IPv6 socket */
    assert_false(come(s, "192.0.2.1", NOW).is_admitted);
    assert_true(come(s, "192.0.2.2", NOW).is_admitted);
    rf_storm_free(s);
}

/* The table is small, and forgets who was silent longest; nobody with a handshake under way. */
static void the_table_is_bounded(void **state)
{
    struct rf_storm *s = rf_storm_new(FAILURES, 8, 1);
    fail_at(s, "192.0.2.1", NOW, FAILURES);
    char from[32];
    for (unsigned i = 0; i < 7; i++) {
        snprintf(from, sizeof from, "198.51.100.%u", i);
        fail_at(s, from, NOW + 1 + i, 1);
    }
    assert_false(come(s, "192.0.2.1", NOW + 8).is_admitted); /* still there, and heard of again */
    fail_at(s, "198.51.100.7", NOW + 9, 1);                  /* in the place of 198.51.100.0 */
    assert_false(come(s, "192.0.2.1", NOW + 10).is_admitted);
    for (unsigned i = 0; i < 8; i++) {
        snprintf(from, sizeof from, "203.0.113.%u", i);
        fail_at(s, from, NOW + 20 + i, 1);
    }
    assert_true(come(s, "192.0.2.1", NOW + 30).is_admitted); /* forgotten */
    rf_storm_free(s);
}

static void a_full_table_lets_in_unwatched(void **state)
{
    struct rf_storm *s = rf_storm_new(FAILURES, 8, 1);
    struct attempt held[8];
    char from[32];
    for (unsigned i = 0; i < 8; i++) {
        snprintf(from, sizeof from, "203.0.113.%u", i);
        held[i] = come(s, from, NOW);
        assert_non_null(held[i].source);
    }
    struct attempt other = come(s, "192.0.2.1", NOW);
    assert_true(other.is_admitted);
    assert_null(other.source);
    rf_storm_done(other.source, true);
    rf_storm_done(held[3].source, true);
    assert_non_null(come(s, "192.0.2.1", NOW).source);
    rf_storm_free(s);
}

static void a_clock_that_goes_back(void **state)
{
    struct rf_storm *s = rf_storm_new(FAILURES, 64, 1);
    fail_at(s, "192.0.2.1", NOW, FAILURES);
    assert_false(come(s, "192.0.2.1", NOW - MINUTE).is_admitted);
    rf_storm_free(s);
    rf_storm_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_empty_the_bucket_and_time_fills_it),
        cmocka_unit_test(others_do_not_pay_for_it),
        cmocka_unit_test(good_handshakes_cost_nothing),
        cmocka_unit_test(handshakes_under_way),
        cmocka_unit_test(the_first_refusal_is_told_apart),
        cmocka_unit_test(of_ipv6_the_network_counts),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(a_full_table_lets_in_unwatched),
        cmocka_unit_test(a_clock_that_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
