/* SPDX-License-Identifier: Apache-2.0 */
/* How many links an address and an IPv6 /64 may have. */
#include "unit.h"

#include "net/shares.h"

#include <stdio.h>

static struct rf_address ip(const char *text)
{
    struct rf_address a;
    struct rf_why why = {0};
    assert_err(rf_address_parse(text, 1000, &a, &why), RF_OK);
    return a;
}

static struct rf_share *take(struct rf_shares *s, const char *text)
{
    struct rf_address a = ip(text);
    return rf_shares_take(s, &a);
}

static struct rf_share *host(struct rf_shares *s, const char *net, unsigned n)
{
    char text[RF_ADDRESS_TEXT_MAX];
    snprintf(text, sizeof text, "%s::%x", net, n);
    return take(s, text);
}

static void an_address_has_so_many_and_gets_them_back(void **state)
{
    struct rf_shares *s = rf_shares_new(100, 2, 7);
    const char *addresses[] = {"192.0.2.1", "2001:db8::1", "0.0.0.0"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct rf_share *first = take(s, addresses[i]);
        struct rf_share *second = take(s, addresses[i]);
        assert_non_null(first);
        assert_ptr_equal(first, second);
        assert_null(take(s, addresses[i]));
        rf_share_give_back(first);
        first = take(s, addresses[i]);
        assert_non_null(first);
        assert_null(take(s, addresses[i]));
        rf_share_give_back(first);
        rf_share_give_back(second);
    }
    rf_share_give_back(NULL);
    rf_shares_free(s);
    rf_shares_free(NULL);
}

static void an_address_in_ipv6_clothes_is_the_same(void **state)
{
    struct rf_shares *s = rf_shares_new(100, 1, 7);
    struct rf_share *one = take(s, "192.0.2.1");
    assert_null(take(s, "::ffff:192.0.2.1"));
    struct rf_share *other = take(s, "192.0.2.2");
    assert_non_null(other);
    rf_share_give_back(one);
    rf_share_give_back(other);
    rf_shares_free(s);
}

/* One host may choose among 2^64 addresses, and an office may have only one such network. */
static void a_network_has_a_quarter(void **state)
{
    enum { MAX = 400, QUARTER = MAX / 4 };
    struct rf_shares *s = rf_shares_new(MAX, 2, 7);
    struct rf_share *of[QUARTER];
    for (unsigned i = 0; i < QUARTER; i++) {
        of[i] = host(s, "2001:db8:0:1", i + 1);
        assert_non_null(of[i]);
    }
    assert_null(host(s, "2001:db8:0:1", 5000));
    assert_null(host(s, "2001:db8:0:1", 1)); /* has one, but no more of its network may come */
    struct rf_share *next = host(s, "2001:db8:0:2", 1);
    assert_non_null(next);
    struct rf_share *v4 = take(s, "192.0.2.1");
    assert_non_null(v4);
    rf_share_give_back(of[17]);
    of[17] = host(s, "2001:db8:0:1", 5000);
    assert_non_null(of[17]);
    assert_null(host(s, "2001:db8:0:1", 5001));
    for (unsigned i = 0; i < QUARTER; i++)
        rf_share_give_back(of[i]);
    rf_share_give_back(next);
    rf_share_give_back(v4);
    rf_shares_free(s);
}

/* Who is refused for himself takes nothing of his network. */
static void refusals_cost_the_network_nothing(void **state)
{
    struct rf_shares *s = rf_shares_new(40, 1, 7);
    struct rf_share *of[10];
    of[0] = host(s, "2001:db8:0:1", 1);
    for (int i = 0; i < 100; i++)
        assert_null(host(s, "2001:db8:0:1", 1));
    for (unsigned i = 1; i < 10; i++) {
        of[i] = host(s, "2001:db8:0:1", i + 1);
        assert_non_null(of[i]);
    }
    for (unsigned i = 0; i < 10; i++)
        rf_share_give_back(of[i]);
    for (unsigned i = 0; i < 10; i++) {
        of[i] = host(s, "2001:db8:0:1", i + 100);
        assert_non_null(of[i]);
    }
    for (unsigned i = 0; i < 10; i++)
        rf_share_give_back(of[i]);
    rf_shares_free(s);
}

/* As many addresses as there may be links all find a place, whatever the seed. */
static void there_is_a_place_for_every_link(void **state)
{
    enum { MAX = 20480 };
    static struct rf_share *of[MAX];
    for (uint32_t seed = 1; seed <= 3; seed++) {
        struct rf_shares *s = rf_shares_new(MAX, 64, seed * 2654435761u);
        for (unsigned i = 0; i < MAX; i++) {
            char text[RF_ADDRESS_TEXT_MAX];
            snprintf(text, sizeof text, "2001:db8:%x:%x::%x", i >> 8, i & 0xff, i + 1);
            of[i] = take(s, text);
            assert_non_null(of[i]);
        }
        for (unsigned i = 0; i < MAX; i++)
            rf_share_give_back(of[i]);
        rf_shares_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_so_many_and_gets_them_back),
        cmocka_unit_test(an_address_in_ipv6_clothes_is_the_same),
        cmocka_unit_test(a_network_has_a_quarter),
        cmocka_unit_test(refusals_cost_the_network_nothing),
        cmocka_unit_test(there_is_a_place_for_every_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
