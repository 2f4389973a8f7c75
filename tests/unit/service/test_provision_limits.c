/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests an address may make, and everybody together. */
#include "unit.h"

#include "service/provision/provision_limits.h"

static struct rf_address address(const char *text, uint16_t port)
{
    struct rf_address a;
    assert_err(rf_address_parse(text, port, &a, NULL), RF_OK);
    return a;
}

static struct rf_provision_limits *limits(uint32_t per_address_s, uint32_t names)
{
    struct rf_provision_limits *l = rf_provision_limits_new(7);
    rf_provision_limits_set(l, per_address_s, names);
    return l;
}

static void an_address_is_one_whatever_its_port_and_spelling(void **state)
{
    struct rf_provision_limits *l = limits(10, 0);
    struct rf_address a = address("192.0.2.1", 1000);
    struct rf_address b = address("::ffff:192.0.2.1", 2000);
    struct rf_address other = address("192.0.2.2", 1000);
    unsigned n = 0;
    while (rf_provision_limits_take(l, n % 2 == 0 ? &a : &b, 5000))
        n++;
    assert_int_equal(n, 20);
    assert_true(rf_provision_limits_take(l, &other, 5000));
    /* A token each tenth of a second. */
    assert_false(rf_provision_limits_take(l, &a, 5099));
    assert_true(rf_provision_limits_take(l, &a, 5100));
    assert_false(rf_provision_limits_take(l, &a, 5100));
    /* However long the silence, no more than twenty. */
    n = 0;
    while (rf_provision_limits_take(l, &a, 900000000))
        n++;
    assert_int_equal(n, 20);
    rf_provision_limits_free(l);
}

static void a_network_of_ipv6_addresses_is_one(void **state)
{
    struct rf_provision_limits *l = limits(10, 0);
    unsigned n = 0;
    for (unsigned i = 0; i < 100; i++) {
        char text[40];
        snprintf(text, sizeof text, "2001:db8::%x", i + 1);
        struct rf_address a = address(text, 1);
        n += rf_provision_limits_take(l, &a, 5000);
    }
    assert_int_equal(n, 20);
    struct rf_address next = address("2001:db8:0:1::1", 1);
    assert_true(rf_provision_limits_take(l, &next, 5000));
    rf_provision_limits_free(l);
}

static void everybody_together_has_a_ration_too(void **state)
{
    struct rf_provision_limits *l = limits(10, 0);
    unsigned n = 0;
    for (unsigned i = 0; i < 3000; i++) {
        char text[32];
        snprintf(text, sizeof text, "10.1.%u.%u", i / 250, i % 250);
        struct rf_address a = address(text, 1);
        n += rf_provision_limits_take(l, &a, 5000);
    }
    assert_int_equal(n, RF_PROVISION_LIMITS_ALL_S);
    /* One that is over its own share does not use up the others'. */
    struct rf_address greedy = address("10.2.0.1", 1);
    struct rf_address good = address("10.2.0.2", 1);
    n = 0;
    for (unsigned i = 0; i < 5000; i++)
        n += rf_provision_limits_take(l, &greedy, 10000);
    assert_int_equal(n, 20);
    assert_true(rf_provision_limits_take(l, &good, 10000));
    rf_provision_limits_free(l);
}

/* More addresses than the table has places: those asking all the time keep theirs. */
static void the_table_forgets_whoever_was_silent_longest(void **state)
{
    struct rf_provision_limits *l = limits(1, 0);
    struct rf_address busy = address("192.0.2.1", 1);
    uint64_t now = 1000;
    while (rf_provision_limits_take(l, &busy, now))
        ;
    unsigned granted = 0;
    for (unsigned i = 0; i < 4 * RF_PROVISION_LIMITS_ADDRESSES; i++) {
        char text[32];
        snprintf(text, sizeof text, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        struct rf_address a = address(text, 1);
        now += i % 2; /* so slowly that the common ration lasts */
        (void)!rf_provision_limits_take(l, &a, now);
        granted += rf_provision_limits_take(l, &busy, now);
    }
    assert_true(granted <= 10); /* a token a second; forgotten, it would get two each time */
    rf_provision_limits_free(l);
}

static void an_address_asks_for_few_different_devices(void **state)
{
    struct rf_provision_limits *l = limits(0, 3);
    struct rf_address a = address("192.0.2.1", 1);
    struct rf_address other = address("192.0.2.2", 1);
    bool is_first = false;
    for (unsigned i = 0; i < 9; i++) /* the same three as often as it likes */
        assert_true(rf_provision_limits_name(l, &a,
                                             i % 3 == 0   ? "SEP1"
                                             : i % 3 == 1 ? "SEP2"
                                                          : "SEP3",
                                             1000 + i, &is_first));
    assert_false(is_first);
    assert_false(rf_provision_limits_name(l, &a, "SEP4", 2000, &is_first));
    assert_true(is_first);
    is_first = false;
    assert_false(rf_provision_limits_name(l, &a, "SEP5", 2001, &is_first));
    assert_false(is_first); /* told once */
    assert_true(rf_provision_limits_name(l, &a, "SEP2", 2002, NULL));
    assert_true(rf_provision_limits_name(l, &other, "SEP4", 2003, NULL));
    /* Ten minutes after it was last asked for a name counts no more. */
    uint64_t after = 1008 + RF_PROVISION_LIMITS_NAMES_MS;
    assert_true(rf_provision_limits_name(l, &a, "SEP4", after, NULL));
    assert_true(rf_provision_limits_name(l, &a, "SEP5", after, NULL));
    assert_false(
        rf_provision_limits_name(l, &a, "SEP6", after, NULL)); /* SEP2 was asked for late */
    rf_provision_limits_set(l, 0, 0);
    assert_true(rf_provision_limits_name(l, &a, "SEP6", after, NULL));
    rf_provision_limits_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_one_whatever_its_port_and_spelling),
        cmocka_unit_test(a_network_of_ipv6_addresses_is_one),
        cmocka_unit_test(everybody_together_has_a_ration_too),
        cmocka_unit_test(the_table_forgets_whoever_was_silent_longest),
        cmocka_unit_test(an_address_asks_for_few_different_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
