/* SPDX-License-Identifier: Apache-2.0 */
/* Eight phones in a mix of the media server, over sockets, time stepped by hand. */
#include "media_town.h"

#include <unistd.h>

static const struct {
    enum rf_media_codec codec;
    enum rf_media_suite suite;
} eight[TOWN_MAX] = {
    {RF_MEDIA_PCMU, RF_MEDIA_AES_CM_128_HMAC_SHA1_32},
    {RF_MEDIA_PCMA, RF_MEDIA_AES_CM_128_HMAC_SHA1_80},
    {RF_MEDIA_G722, RF_MEDIA_AEAD_AES_128_GCM},
    {RF_MEDIA_PCMU, RF_MEDIA_AEAD_AES_128_GCM},
    {RF_MEDIA_G722, RF_MEDIA_AES_CM_128_HMAC_SHA1_32},
    {RF_MEDIA_G722, RF_MEDIA_AES_CM_128_HMAC_SHA1_80},
    {RF_MEDIA_PCMA, RF_MEDIA_AES_CM_128_HMAC_SHA1_32},
    {RF_MEDIA_PCMU, RF_MEDIA_AES_CM_128_HMAC_SHA1_80},
};

static void eight_begin(struct town *t)
{
    town_begin(t, TOWN_MAX);
    for (size_t i = 0; i < TOWN_MAX; i++) {
        town_phone(t, eight[i].codec, eight[i].suite);
        town_join(t, i, 7);
    }
}

/* As loud as it was said, every one of the others, and not itself; within a bounded time. */
static void assert_all_hear_all(const struct town *t, double seconds, double *slowest_ms)
{
    *slowest_ms = 0;
    for (size_t who = 0; who < t->phones; who++)
        for (size_t whom = 0; whom < t->phones; whom++) {
            double delay_ms = 0, gain = town_gain(t, who, whom, seconds, &delay_ms);
            if (who == whom ? gain > 0.2 || gain < -0.2 : gain < 0.75 || gain > 1.25)
                print_error("%zu hears %zu: %.2f at %.0f ms\n", who, whom, gain, delay_ms);
            if (who == whom) {
                assert_true(gain < 0.2 && gain > -0.2);
                continue;
            }
            assert_true(gain >= 0.75 && gain <= 1.25);
            *slowest_ms = delay_ms > *slowest_ms ? delay_ms : *slowest_ms;
        }
}

static void assert_nothing_wrong(struct town *t)
{
    for (size_t i = 0; i < t->phones; i++) {
        town_ask(t, i);
        const struct rf_media_leg_stats *s = &t->phone[i].stats;
        assert_int_equal(s->concealed + s->skipped + s->refused_address, 0);
        assert_in_range(s->early, 0, 1); /* before the leg knew the address */
        assert_int_equal(s->media.lost + s->media.late + rf_media_refused(&s->media), 0);
        assert_in_range(t->phone[i].sent - s->media.received_packets - s->early, 0, 1);
        assert_in_range(t->phone[i].received - s->media.sent_packets, 0, 1);
        assert_int_equal(t->phone[i].n[RF_MEDIA_LEG_FIRST_AUDIO], 1);
        assert_int_equal(t->phone[i].n[RF_MEDIA_LEG_REFUSED], 0);
    }
}

static void eight_encrypted_legs_hear_each_other_and_not_themselves(void **state)
{
    (void)state;
    struct town t;
    double slowest_ms;
    eight_begin(&t);
    town_steps(&t, 450);
    assert_all_hear_all(&t, 7, &slowest_ms);
    assert_true(slowest_ms < 120);
    assert_nothing_wrong(&t);
    town_end(&t);
}

/* What was heard in the last eight seconds was not resampled. */
static void step_until_steady(struct town *t)
{
    uint64_t before, after;
    do {
        town_ask(t, 0);
        town_ask(t, 4);
        before = t->phone[0].stats.corrected + t->phone[4].stats.corrected;
        town_steps(t, 400);
        town_ask(t, 0);
        town_ask(t, 4);
        after = t->phone[0].stats.corrected + t->phone[4].stats.corrected;
    } while (before != after);
}

static void one_clock_fast_and_one_slow_for_five_minutes(void **state)
{
    (void)state;
    struct town t;
    double before_ms, after_ms;
    eight_begin(&t);
    t.phone[0].ppm = 200;
    t.phone[4].ppm = -200;
    step_until_steady(&t);
    assert_all_hear_all(&t, 7, &before_ms);
    town_steps(&t, 5 * 60 * 50);
    step_until_steady(&t);
    assert_all_hear_all(&t, 7, &after_ms);
    print_message("slowest voice: %.0f ms at first, %.0f ms after five minutes\n", before_ms,
                  after_ms);
    assert_true(after_ms < before_ms + 25);
    assert_true(after_ms < 130);
    for (size_t i = 0; i < TOWN_MAX; i++)
        assert_true(t.phone[i].loudest < 32000);
    assert_nothing_wrong(&t);
    town_ask(&t, 0);
    assert_true(t.phone[0].stats.corrected > 0);
    town_ask(&t, 4);
    assert_true(t.phone[4].stats.corrected > 0);
    town_ask(&t, 1);
    assert_int_equal(t.phone[1].stats.corrected, 0);
    town_end(&t);
}

static void mixes_do_not_hear_each_other(void **state)
{
    (void)state;
    struct town t;
    town_begin(&t, 4);
    for (size_t i = 0; i < 4; i++) {
        town_phone(&t, i % 2 == 0 ? RF_MEDIA_PCMU : RF_MEDIA_G722, RF_MEDIA_CLEAR);
        town_join(&t, i, i < 2 ? 1 : 2);
    }
    town_steps(&t, 350);
    for (size_t who = 0; who < 4; who++)
        for (size_t whom = 0; whom < 4; whom++) {
            double gain = town_gain(&t, who, whom, 5, NULL);
            bool is_there = who != whom && who / 2 == whom / 2;
            assert_true(is_there ? gain > 0.8 : gain < 0.15);
        }
    town_join(&t, 0, 2); /* moves */
    town_steps(&t, 350);
    assert_true(town_gain(&t, 0, 1, 5, NULL) < 0.15);
    assert_true(town_gain(&t, 1, 0, 5, NULL) < 0.15);
    assert_true(town_gain(&t, 0, 3, 5, NULL) > 0.8);
    assert_true(town_gain(&t, 2, 0, 5, NULL) > 0.8);
    town_end(&t);
}

static struct town *flooded;
static int stranger;

/* More than the socket's buffer holds, before each packet that is meant. */
static void flood(struct town_phone *p, uint8_t *packet, size_t len)
{
    (void)p, (void)packet, (void)len;
    for (int i = 0; i < 200; i++)
        town_send_raw(flooded, 0, stranger, (const uint8_t *)"x", 1);
}

static void a_stranger_s_packets_push_nothing_out(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2"};
    for (size_t i = 0; i < 2; i++) {
        struct town t;
        uint16_t port;
        town_begin(&t, 2);
        town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
        town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
        town_join(&t, 0, 1);
        town_join(&t, 1, 1);
        town_steps(&t, 5);
        flooded = &t;
        stranger = town_socket(hosts[i], &port);
        t.phone[0].tamper = flood;
        town_steps(&t, 250);
        assert_true(town_gain(&t, 1, 0, 4, NULL) > 0.8);
        town_ask(&t, 0);
        const struct rf_media_leg_stats *s = &t.phone[0].stats;
        assert_in_range(t.phone[0].sent - s->media.received_packets - s->early, 0, 1);
        assert_int_equal(s->concealed + s->skipped + s->media.lost, 0);
        /* and it is seen */
        assert_in_range(s->refused_address, 200 * 249, 200 * 251);
        assert_string_equal(t.phone[0].reason, "rtp-address");
        assert_in_range(t.phone[0].n[RF_MEDIA_LEG_REFUSED], 4, 6); /* once a second */
        close(stranger);
        town_end(&t);
    }
}

/* The same to a leg whose phone may send from any port, until it has; then only that one is heard.
 */
static void a_flood_does_not_keep_a_free_port_from_being_settled(void **state)
{
    (void)state;
    struct town t;
    uint16_t port;
    town_begin(&t, 1);
    town_phone_open(&t, RF_MEDIA_PCMU, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
    town_send(&t, 0, true);
    town_join(&t, 0, 1);
    flooded = &t;
    stranger = town_socket("127.0.0.2", &port);
    t.phone[0].tamper = flood;
    town_steps(&t, 50);
    town_ask(&t, 0);
    const struct rf_media_leg_stats *s = &t.phone[0].stats;
    assert_in_range(s->media.received_packets, 49, 51);
    close(stranger);
    town_end(&t);
}

static void a_stranger_s_reports_push_nothing_out(void **state)
{
    (void)state;
    struct town t;
    uint16_t port;
    town_begin(&t, 1);
    town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    stranger = town_socket("127.0.0.2", &port);
    town_steps(&t, 60);
    for (int i = 0; i < 1000; i++)
        town_report(&t, 0, t.phone[0].ssrc, stranger, false);
    town_report(&t, 0, t.phone[0].ssrc, t.phone[0].rtcp_fd, false);
    town_steps(&t, 50);
    town_ask(&t, 0);
    assert_int_equal(t.phone[0].stats.media.rtcp_received, 1);
    assert_int_equal(t.phone[0].stats.media.rtcp_refused, 1000);
    close(stranger);
    town_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_encrypted_legs_hear_each_other_and_not_themselves),
        cmocka_unit_test(mixes_do_not_hear_each_other),
        cmocka_unit_test(a_stranger_s_packets_push_nothing_out),
        cmocka_unit_test(a_flood_does_not_keep_a_free_port_from_being_settled),
        cmocka_unit_test(a_stranger_s_reports_push_nothing_out),
        cmocka_unit_test(one_clock_fast_and_one_slow_for_five_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
