/* SPDX-License-Identifier: Apache-2.0 */
/* Networks by prefix: which addresses are in them, and texts that are none. */
#include "unit.h"

#include "base/mem.h"

#include "net/network.h"

static bool has(const char *networks, const char *address)
{
    struct rf_networks n;
    struct rf_address a;
    assert_err(rf_networks_parse(networks, &n, NULL), RF_OK);
    assert_err(rf_address_parse(address, 5060, &a, NULL), RF_OK);
    return rf_networks_have(&n, &a);
}

static void an_address_is_in_the_networks_whose_prefix_it_has(void **state)
{
    assert_true(has("10.1.0.0/16", "10.1.255.3"));
    assert_false(has("10.1.0.0/16", "10.2.0.0"));
    assert_true(has("192.0.2.128/25", "192.0.2.128"));
    assert_false(has("192.0.2.128/25", "192.0.2.127"));
    assert_true(has("192.0.2.7", "192.0.2.7"));
    assert_false(has("192.0.2.7", "192.0.2.6"));
    assert_true(has(" 192.0.2.7 ,fd00::/8", "fd12::1"));
    assert_false(has("192.0.2.7, fd00::/8", "fe80::1"));
    /* One address, however it is written; all of one kind are not all of the other. */
    assert_true(has("192.0.2.0/24", "::ffff:192.0.2.1"));
    assert_true(has("0.0.0.0/0", "203.0.113.1"));
    assert_false(has("0.0.0.0/0", "2001:db8::1"));
    assert_true(has("::/0", "2001:db8::1"));
    assert_false(has("", "192.0.2.1"));
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const bad[] = {
        "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.1/8",      "fd00::/129",
        "fd00::1/64",  "phones",    "10.0.0.0/8,", "10.0.0.0/8 fd00", "10.0.0.0/8/8"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rf_networks n;
        struct rf_why why = {0};
        assert_refused(rf_networks_parse(bad[i], &n, &why), RF_ERR_BAD, why, "network");
    }
    RF_AUTO(rf_buf_fini) struct rf_buf many = RF_BUF(4096);
    for (unsigned i = 0; i < RF_NETWORKS_MAX; i++)
        assert_err(rf_buf_addf(&many, "%s10.0.%u.0/24", i > 0 ? "," : "", i), RF_OK);
    assert_err(rf_buf_add(&many, "", 1), RF_OK);
    assert_true(has((const char *)many.p, "10.0.31.9"));
    many.len--;
    assert_err(rf_buf_add(&many, ",10.1.0.0/16", 13), RF_OK);
    struct rf_networks n;
    struct rf_why why = {0};
    assert_refused(rf_networks_parse((const char *)many.p, &n, &why), RF_ERR_LIMIT, why, "network");
}

static const char *nth(const char *network, uint32_t n)
{
    static char host[RF_ADDRESS_TEXT_MAX];
    struct rf_networks all;
    assert_err(rf_networks_parse(network, &all, NULL), RF_OK);
    return rf_network_nth(&all.items[0], n, host) ? host : "none";
}

static void addresses_are_counted_until_the_network_ends(void **state)
{
    assert_string_equal(nth("127.1.0.0/16", 0), "127.1.0.0");
    assert_string_equal(nth("127.1.0.0/16", 255), "127.1.0.255");
    assert_string_equal(nth("127.1.0.0/16", 256), "127.1.1.0");
    assert_string_equal(nth("127.1.0.0/16", 65535), "127.1.255.255");
    assert_string_equal(nth("127.1.0.0/16", 65536), "none");
    assert_string_equal(nth("192.0.2.7", 0), "192.0.2.7");
    assert_string_equal(nth("192.0.2.7", 1), "none");
    assert_string_equal(nth("fd00::/64", 65536), "fd00::1:0");
    assert_string_equal(nth("fd00::ff00/120", 255), "fd00::ffff");
    assert_string_equal(nth("fd00::ff00/120", 256), "none");
    /* Not round the end of all addresses. */
    assert_string_equal(nth("255.255.255.0/24", 256), "none");
    assert_string_equal(nth("0.0.0.0/0", UINT32_MAX), "255.255.255.255");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_in_the_networks_whose_prefix_it_has),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(addresses_are_counted_until_the_network_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
