/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong authentication strings are counted by address as well as by device. */
#include "capf_kit.h"

#include "service/capf/capf_sources.h"

#define TRIES 10
#define WAIT  60

/* ---- the table ---- */

static struct capf_sources *sources_new(void)
{
    struct capf_sources *all = capf_sources_new();
    capf_sources_set(all, TRIES, WAIT);
    return all;
}

static uint32_t guess(struct capf_sources *all, const char *host, uint64_t now_ms)
{
    assert_true(capf_source_take(all, host, now_ms));
    return capf_source_wrong(all, host, now_ms);
}

static void the_wait_doubles_up_to_an_hour_and_a_day_ends_it(void **state)
{
    struct capf_sources *all = sources_new();
    struct rf_capf_waiting waiting[2];
    uint64_t now = 5000;
    for (int i = 1; i < TRIES; i++)
        assert_int_equal(guess(all, HERE, now), 0);
    for (uint32_t want = WAIT; want < 4 * 3600; want *= 2) {
        uint32_t wait = guess(all, HERE, now);
        assert_int_equal(wait, want < 3600 ? want : 3600);
        assert_false(capf_source_take(all, HERE, now + (uint64_t)wait * 1000 - 1));
        assert_int_equal(capf_sources_waiting(all, now, waiting, 2), 1);
        assert_string_equal(waiting[0].host, HERE);
        assert_int_equal(waiting[0].wait_s, wait);
        now += (uint64_t)wait * 1000;
        assert_int_equal(capf_sources_waiting(all, now, waiting, 2), 0);
    }
    assert_int_equal(guess(all, THERE, now), 0); /* others have their own count */
    now += CAPF_SOURCE_MEMORY_MS + 1;
    assert_int_equal(guess(all, HERE, now), 0);
    capf_sources_free(all);
}

static void what_is_judged_counts_until_it_was_right(void **state)
{
    struct capf_sources *all = sources_new();
    for (int i = 0; i < TRIES; i++)
        assert_true(capf_source_take(all, HERE, 1000));
    assert_false(capf_source_take(all, HERE, 1000));
    capf_source_right(all, HERE);
    assert_true(capf_source_take(all, HERE, 1000));
    assert_false(capf_source_take(all, HERE, 1000));
    capf_sources_free(all);
}

static void a_network_of_ipv6_is_one_source(void **state)
{
    struct capf_sources *all = sources_new();
    char host[64];
    for (int i = 1; i < TRIES; i++) {
        snprintf(host, sizeof host, "2001:db8:0:1::%x", i);
        assert_int_equal(guess(all, host, 1000), 0);
    }
    assert_int_equal(guess(all, "2001:db8:0:1:ffff::1", 1000), WAIT);
    assert_false(capf_source_take(all, "2001:db8:0:1::abcd", 1000));
    assert_true(capf_source_take(all, "2001:db8:0:2::1", 1000));
    for (int i = 1; i < TRIES; i++)
        assert_int_equal(guess(all, "192.0.2.1", 1000), 0);
    assert_int_equal(guess(all, "::ffff:192.0.2.1", 1000), WAIT); /* the same written otherwise */
    assert_true(capf_source_take(all, "192.0.2.2", 1000));
    capf_sources_free(all);
}

static void a_full_table_forgets_who_was_silent_longest(void **state)
{
    struct capf_sources *all = sources_new();
    char host[64];
    for (int i = 0; i < TRIES; i++)
        guess(all, HERE, 1000);
    for (int i = 0; i < TRIES; i++)
        guess(all, THERE, 2000);
    for (int i = 0; i < CAPF_SOURCES - 2; i++) {
        snprintf(host, sizeof host, "10.0.%d.%d", i / 250, i % 250);
        guess(all, host, 3000);
    }
    assert_false(capf_source_take(all, HERE, 3000));
    guess(all, "10.9.9.9", 3000);
    assert_false(capf_source_take(all, THERE, 3000));
    assert_true(capf_source_take(all, HERE, 3000));
    capf_sources_free(all);
}

/* ---- sessions ---- */

static void name_of(unsigned i, char name[RF_STORE_DEVICE_NAME])
{
    snprintf(name, RF_STORE_DEVICE_NAME, "SEP0011000000%02X", i);
}

static void add_fleet(struct kit *k, unsigned n)
{
    struct rf_why why = {0};
    for (unsigned i = 0; i < n; i++) {
        struct rf_store_line line = {.index = 1};
        struct rf_store_phone p = {.lines = &line, .n_lines = 1};
        snprintf(line.dn, sizeof line.dn, "%u", 3000 + i);
        name_of(i, p.device.name);
        snprintf(p.device.model, sizeof p.device.model, "8861");
        assert_err(rf_store_device_add(k->store, &p, TEST_NOW, NULL, &why), RF_OK);
        kit_schedule(k, p.device.name, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    }
}

static unsigned tries_used(struct kit *k, unsigned n)
{
    unsigned used = 0;
    for (unsigned i = 0; i < n; i++) {
        char name[RF_STORE_DEVICE_NAME];
        name_of(i, name);
        used += RF_STORE_STRING_TRIES - kit_op(k, name).tries_left;
    }
    return used;
}

static void say(struct kit *k, const char *host, unsigned i, const char *string)
{
    char name[RF_STORE_DEVICE_NAME];
    name_of(i, name);
    struct kit_link *l = kit_open(k, host);
    kit_say_string(k, l, name, string);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_forget_links(k);
}

static void one_address_does_not_lock_a_fleet_sec_54(void **state)
{
    struct kit *k = *state;
    char name[RF_STORE_DEVICE_NAME];
    struct rf_capf_waiting waiting[1];
    k->site->capf_source_tries = TRIES;
    kit_knobs(k);
    add_fleet(k, 20);
    for (unsigned i = 0; i < TRIES; i++)
        say(k, THERE, i, "111111");
    name_of(TRIES - 1, name);
    kit_expect_event(k, name, "bad-string");
    for (unsigned i = 0; i < 40; i++)
        say(k, THERE, i % 20, i % 2 == 0 ? "111111" : "123456"); /* not even a right one */
    assert_int_equal(tries_used(k, 20), TRIES);
    assert_int_equal(rf_capf_sessions_waiting(k->sessions, waiting, 1), 1);
    assert_string_equal(waiting[0].host, THERE);
    name_of(19, name);
    kit_expect_event(k, name, "source-waits");
    assert_string_equal(kit_op(k, name).reason, ""); /* it is as it was */
    assert_int_equal(kit_op(k, name).state, RF_STORE_OP_PENDING);
    /* from elsewhere the right one is right, at the same time */
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, name, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_lose(k, l);
    kit_pump(k);
    /* and after the wait from there, too */
    kit_wait_ms(k, (WAIT + 1) * 1000);
    name_of(18, name);
    l = kit_open(k, THERE);
    kit_say_string(k, l, name, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_lose(k, l);
    kit_pump(k);
}

static void that_an_address_waits_is_an_event_sec_54(void **state)
{
    struct kit *k = *state;
    struct rf_store_event_query query = {.limit = 100};
    struct rf_store_events events = {0};
    struct rf_why why = {0};
    unsigned blocked = 0;
    add_fleet(k, 20);
    for (unsigned i = 0; i < 20; i++)
        say(k, THERE, i, "111111");
    assert_err(rf_store_event_list(k->store, &query, &events, &why), RF_OK);
    for (size_t i = 0; i < events.n; i++)
        blocked += strcmp(events.items[i].code, "source-blocked") == 0;
    rf_store_events_fini(&events);
    assert_int_equal(blocked, 1);
}

/* Guesses that come together get no further than those that come one by one. */
static void guesses_side_by_side_are_counted_too_sec_54(void **state)
{
    struct kit *k = *state;
    struct kit_link *links[16];
    char name[RF_STORE_DEVICE_NAME];
    add_fleet(k, 16);
    for (unsigned i = 0; i < 16; i++) {
        name_of(i, name);
        links[i] = kit_open(k, THERE);
        struct rf_capf_msg m = {.command = RF_CAPF_AUTH_RES,
                                .has_device_name = true,
                                .device_name = rf_slice_str(name),
                                .has_password = true,
                                .password = rf_slice_str("111111")};
        kit_say_early(k, links[i], &m);
    }
    kit_pump(k);
    for (unsigned i = 0; i < 16; i++)
        kit_expect_end(k, links[i], RF_CAPF_REASON_INVALID);
    assert_int_equal(tries_used(k, 16), TRIES);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wait_doubles_up_to_an_hour_and_a_day_ends_it),
        cmocka_unit_test(what_is_judged_counts_until_it_was_right),
        cmocka_unit_test(a_network_of_ipv6_is_one_source),
        cmocka_unit_test(a_full_table_forgets_who_was_silent_longest),
        T(one_address_does_not_lock_a_fleet_sec_54),
        T(that_an_address_waits_is_an_event_sec_54),
        T(guesses_side_by_side_are_counted_too_sec_54),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
