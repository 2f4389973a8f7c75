/* SPDX-License-Identifier: Apache-2.0 */
/* Whole calls between two stations through the real service, at every pair of protocol ages. */
#include "phones.h"

static void assert_other_key(const struct rf_media_key *x, const struct rf_media_key *y)
{
    assert_memory_not_equal(x->master, y->master, sizeof x->master);
    assert_memory_not_equal(x->salt, y->salt, sizeof x->salt);
}

static void expect_counts(struct world *w)
{
    struct rf_sccp_counts counts;
    struct rf_station_status a, b;
    rf_sccp_counts(w->svc, &counts);
    rf_station_status(w->a.st, &a);
    rf_station_status(w->b.st, &b);
    assert_int_equal(counts.out, a.in + b.in);
    assert_int_equal(counts.in, a.out + b.out);
    assert_int_equal(counts.dropped + a.dropped + b.dropped, 0);
}

static void whole_call(unsigned version_a, unsigned version_b)
{
    struct world *w = world_new(version_a, version_b);
    struct rf_why why = {0};
    boots(w);
    talk(w);
    expect_crossed(&w->a, &w->b, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
    assert_int_equal(w->a.security, RF_SCCP_SECURITY_ENCRYPTED);
    assert_int_equal(w->b.security, RF_SCCP_SECURITY_ENCRYPTED);
    assert_string_equal(w->a.called, "2002 Ben");
    assert_string_equal(w->b.calling, "2001 Ada");
    for (const char *d = "19*0#"; *d != '\0'; d++)
        assert_err(rf_station_press(w->a.st, *d, &why), RF_OK);
    assert_err(rf_station_press(w->b.st, '7', &why), RF_OK);
    settle(w);
    assert_string_equal(w->b.heard_digits, "19*0#");
    assert_string_equal(w->a.heard_digits, "7");
    passes(w, 60000);
    hangs_up(&w->a);
    expect_no_call(w);
    assert_int_equal(w->records, 1);
    assert_int_equal(w->record.security, RF_CALL_SECURITY_ENCRYPTED);
    expect_counts(w);
    world_free(w);
}

static void call_at_22_and_11_sec_75(void **state)
{
    whole_call(22, 11);
}

static void call_at_17_and_3(void **state)
{
    whole_call(17, 3);
}

static void call_at_every_pair_of_versions(void **state)
{
    static const unsigned versions[] = {3, 5, 8, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        whole_call(versions[i], versions[(i + 5) % (sizeof versions / sizeof *versions)]);
}

static void hung_up_by_the_called_one(void **state)
{
    struct world *w = world_new(22, 11);
    boots(w);
    talk(w);
    hangs_up(&w->b);
    expect_no_call(w);
    talk(w); /* and again */
    hangs_up(&w->b);
    expect_no_call(w);
    expect_counts(w);
    world_free(w);
}

static void hung_up_by_both_at_once(void **state)
{
    struct world *w = world_new(22, 17);
    struct rf_why why = {0};
    boots(w);
    talk(w);
    assert_err(rf_station_hang_up(w->a.st, &why), RF_OK);
    assert_err(rf_station_hang_up(w->b.st, &why), RF_OK);
    settle(w);
    expect_no_call(w);
    expect_counts(w);
    world_free(w);
}

static void en_bloc_and_answered_by_itself(void **state)
{
    static const unsigned versions[] = {22, 17, 11, 3};
    for (size_t i = 0; i < 4; i++) {
        struct world *w = world_new(versions[i], 22);
        struct rf_why why = {0};
        w->b.answers = true;
        boots(w);
        assert_err(rf_station_call_enbloc(w->a.st, "2002", &why), RF_OK);
        settle(w);
        expect_states(w, RF_STATION_CONNECTED, RF_STATION_CONNECTED);
        expect_crossed(&w->a, &w->b, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
        hangs_up(&w->a);
        expect_no_call(w);
        world_free(w);
    }
}

static void keys_are_fresh_in_each_call_sec_80(void **state)
{
    struct world *w = world_new(22, 11);
    struct rf_media_key keys[40];
    boots(w);
    for (size_t i = 0; i < 20; i++) {
        talk(w);
        expect_crossed(&w->a, &w->b, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
        keys[2 * i] = stream_of(&w->a)->send_key;
        keys[2 * i + 1] = stream_of(&w->b)->send_key;
        hangs_up(i % 2 == 0 ? &w->a : &w->b);
        expect_no_call(w);
    }
    for (size_t i = 0; i < 40; i++)
        for (size_t k = 0; k < i; k++)
            assert_other_key(&keys[i], &keys[k]);
    world_free(w);
}

/* ---- calls that come to nothing ---- */

static void calls_that_fail(void **state)
{
    struct world *w = world_new(22, 11);
    boots(w);
    calls(&w->a, "2009");
    expect_states(w, RF_STATION_FAILED, RF_STATION_IDLE);
    assert_string_equal(w->a.failed, "InvalidNumber");
    hangs_up(&w->a);
    expect_no_call(w);
    calls(&w->a, "2001"); /* itself */
    assert_string_equal(w->a.failed, "Busy");
    hangs_up(&w->a);
    expect_no_call(w);

    calls(&w->a, "2002"); /* declined */
    hangs_up(&w->b);
    assert_int_equal(w->a.call, RF_STATION_FAILED);
    hangs_up(&w->a);
    expect_no_call(w);

    calls(&w->a, "2002"); /* given up */
    hangs_up(&w->a);
    expect_no_call(w);

    calls(&w->a, "2002"); /* not answered */
    passes(w, 60000);
    assert_int_equal(w->a.call, RF_STATION_FAILED);
    passes(w, 15000); /* and the tone ends */
    expect_no_call(w);
    expect_counts(w);
    world_free(w);
}

static void receiver_that_does_not_open(void **state)
{
    struct world *w = world_new(22, 11);
    struct rf_why why = {0};
    boots(w);
    w->b.media_fails = true;
    calls(&w->a, "2002");
    assert_err(rf_station_answer(w->b.st, &why), RF_OK);
    settle(w);
    expect_states(w, RF_STATION_FAILED, RF_STATION_FAILED);
    passes(w, 15000);
    expect_no_call(w);
    w->b.media_fails = false;
    talk(w);
    world_free(w);
}

static void both_call_each_other(void **state)
{
    struct world *w = world_new(22, 11);
    struct rf_why why = {0};
    for (size_t i = 0; i < 2; i++)
        w->devices[i].call.rules[0].busy_trigger = 1;
    assert_err(rf_sccp_devices_set(w->svc, w->devices, 2, &why), RF_OK);
    boots(w);
    assert_err(rf_station_call(w->a.st, "2002", &why), RF_OK);
    assert_err(rf_station_call(w->b.st, "2001", &why), RF_OK);
    settle(w);
    passes(w, 2000);
    expect_states(w, RF_STATION_FAILED, RF_STATION_FAILED); /* each finds the other busy */
    hangs_up(&w->a);
    hangs_up(&w->b);
    expect_no_call(w);
    world_free(w);
}

/* ---- links without secrets ---- */

static void mode_of(struct world *w, enum rf_sccp_mode_wanted mode)
{
    struct rf_why why = {0};
    w->a.conf.mode = (enum rf_station_mode)mode;
    w->devices[0].mode = mode;
    if (mode == RF_SCCP_MODE_AUTHENTICATED)
        w->a.suite = NULL;
    assert_err(rf_sccp_devices_set(w->svc, w->devices, 2, &why), RF_OK);
}

static void call_without_keys_sec_76_sec_79(void **state)
{
    static const enum rf_sccp_mode_wanted modes[] = {RF_SCCP_MODE_NON_SECURE,
                                                     RF_SCCP_MODE_AUTHENTICATED};
    static const enum rf_sccp_security status[] = {RF_SCCP_SECURITY_NOT_AUTHENTICATED,
                                                   RF_SCCP_SECURITY_AUTHENTICATED};
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_new(22, 22);
        mode_of(w, modes[i]);
        boots(w);
        talk(w);
        expect_crossed(&w->a, &w->b, RF_MEDIA_CLEAR);
        assert_int_equal(w->a.security, status[i]);
        assert_int_equal(w->b.security, status[i]);
        hangs_up(&w->a);
        expect_no_call(w);
        world_free(w);
    }
}

static void phone_that_is_not_configured(void **state)
{
    struct world *w = world_new(22, 22);
    struct rf_why why = {0};
    assert_err(rf_sccp_devices_set(w->svc, &w->devices[1], 1, &why), RF_OK);
    makes(&w->a);
    assert_int_equal(w->a.registered, 0);
    assert_string_equal(w->a.refused, "Device Unknown");
    assert_true(w->events_refused > 0);
    assert_err(rf_sccp_devices_set(w->svc, w->devices, 2, &why), RF_OK);
    passes(w, 2500);
    assert_int_equal(w->a.registered, 1); /* it had tried again by itself */
    world_free(w);
}

/* ---- long lives ---- */

static void registered_for_a_day(void **state)
{
    struct world *w = world_new(22, 11);
    boots(w);
    passes(w, 24u * 3600 * 1000);
    assert_int_equal(w->a.lost + w->b.lost, 0);
    expect_counts(w);
    talk(w);
    passes(w, 3600 * 1000);
    expect_states(w, RF_STATION_CONNECTED, RF_STATION_CONNECTED);
    world_free(w);
}

/* The server is killed in a call and comes back: the media never stops, and after hanging up both
 * are registered again within ten seconds. */
static void server_dies_in_a_call(void **state)
{
    struct world *w = world_new(22, 11);
    boots(w);
    talk(w);
    passes(w, 5000);
    struct phone_stream a = *stream_of(&w->a), b = *stream_of(&w->b);
    server_dies(w);
    expect_states(w, RF_STATION_PRESERVED, RF_STATION_PRESERVED);
    passes(w, 20000);
    assert_memory_equal(stream_of(&w->a), &a, sizeof a);
    assert_memory_equal(stream_of(&w->b), &b, sizeof b);
    server_starts(w);
    passes(w, 20000);
    assert_int_equal(w->a.registered + w->b.registered, 2); /* they talk on */
    hangs_up(&w->a);
    hangs_up(&w->b);
    passes(w, 10000);
    assert_int_equal(w->a.registered, 2);
    assert_int_equal(w->b.registered, 2);
    expect_no_call(w);
    talk(w);
    expect_crossed(&w->a, &w->b, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
    world_free(w);
}

static void server_away_for_a_while(void **state)
{
    struct world *w = world_new(22, 11);
    boots(w);
    passes(w, 2000);
    server_dies(w);
    passes(w, 60000);
    assert_int_equal(w->a.registered, 1);
    server_starts(w);
    passes(w, 2500); /* the longest wait, and a quarter more */
    assert_int_equal(w->a.registered, 2);
    assert_int_equal(w->b.registered, 2);
    world_free(w);
}

/* One link breaks in the call, the server stays: the lost phone comes back when its user has hung
 * up, and that ends the call of the other one. */
static void one_link_breaks_in_a_call(void **state)
{
    struct world *w = world_new(22, 11);
    boots(w);
    talk(w);
    passes(w, 2000);
    struct net_link *l = net_last(&w->a.net);
    net_break(l, "tcp-reset");
    rf_sccp_link_closed(w->svc, 1, "tcp-reset");
    settle(w);
    expect_states(w, RF_STATION_PRESERVED, RF_STATION_CONNECTED);
    passes(w, 10000);
    assert_true(stream_of(&w->a)->is_sending && stream_of(&w->b)->is_sending);
    hangs_up(&w->a);
    passes(w, 2500);
    assert_int_equal(w->a.registered, 2);
    expect_no_call(w);
    talk(w);
    world_free(w);
}

static void reset_by_the_operator(void **state)
{
    struct world *w = world_new(22, 11);
    boots(w);
    talk(w);
    assert_err(rf_sccp_device_reset(w->svc, NAME_A, RF_SCCP_RESET_RESTART), RF_OK);
    settle(w);
    assert_int_equal(w->a.resets, 0); /* not in the call */
    hangs_up(&w->b);
    assert_int_equal(w->a.resets, 1);
    rf_station_start(w->a.st); /* as the boot would, when it is done */
    settle(w);
    assert_int_equal(w->a.registered, 2);
    expect_counts(w);
    world_free(w);
}

static void stopped_politely(void **state)
{
    struct world *w = world_new(22, 11);
    struct rf_sccp_counts counts;
    boots(w);
    rf_sccp_counts(w->svc, &counts);
    assert_int_equal(counts.registered, 2);
    rf_station_stop(w->a.st);
    settle(w);
    rf_sccp_counts(w->svc, &counts);
    assert_int_equal(counts.registered, 1);
    assert_int_equal(w->a.lost, 0);
    expect_counts(w);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call_at_22_and_11_sec_75),
        cmocka_unit_test(call_at_17_and_3),
        cmocka_unit_test(call_at_every_pair_of_versions),
        cmocka_unit_test(hung_up_by_the_called_one),
        cmocka_unit_test(hung_up_by_both_at_once),
        cmocka_unit_test(en_bloc_and_answered_by_itself),
        cmocka_unit_test(keys_are_fresh_in_each_call_sec_80),
        cmocka_unit_test(calls_that_fail),
        cmocka_unit_test(receiver_that_does_not_open),
        cmocka_unit_test(both_call_each_other),
        cmocka_unit_test(call_without_keys_sec_76_sec_79),
        cmocka_unit_test(phone_that_is_not_configured),
        cmocka_unit_test(registered_for_a_day),
        cmocka_unit_test(server_dies_in_a_call),
        cmocka_unit_test(server_away_for_a_while),
        cmocka_unit_test(one_link_breaks_in_a_call),
        cmocka_unit_test(reset_by_the_operator),
        cmocka_unit_test(stopped_politely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
