/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody on the way may do to packets, and under which reason it is refused. */
#include "media/g711.h"
#include "media_ends.h"

#include <unistd.h>

struct attack {
    struct end a, b;
    struct relay relay;
    struct rf_media_clip *clip;
};

#define CLIP_FRAMES 12

static void attack_begin(struct attack *t, enum rf_media_suite suite,
                         void (*handle)(struct relay *, uint8_t *, size_t))
{
    struct rf_media_key key = new_key(suite, 5);
    end_begin(&t->a, &media_fast);
    end_begin(&t->b, &media_fast);
    relay_begin(&t->relay);
    t->relay.to = t->b.port;
    t->relay.handle = handle;
    t->clip = frames(CLIP_FRAMES);
    receive(&t->b, &key);
    send_to(&t->a, t->relay.port, &key, t->clip);
}

/* Until all of the clip and `more` packets beside it have come to b; then close. */
static void attack_run(struct attack *t, unsigned more)
{
    wait_for(&t->a, &t->b, &t->relay, &t->relay.n, CLIP_FRAMES);
    rf_media_send_stop(t->a.media, t->a.stream);
    ask(&t->a, &t->b, &t->relay);
    wait_for(&t->a, &t->b, &t->relay, &t->relay.n, (unsigned)t->a.stats.sent_packets);
    wait_for_packets(&t->b, &t->relay, t->a.stats.sent_packets + more);
    close_and_wait(&t->b);
}

static void attack_end(struct attack *t)
{
    rf_media_clip_unref(t->clip);
    relay_end(&t->relay);
    end_end(&t->a);
    end_end(&t->b);
}

/* Frame k of the clip was heard, or there is silence in its place. */
static void assert_frame(const struct attack *t, unsigned k, bool is_heard)
{
    assert_true(t->b.heard.len >= (k + 1) * (size_t)RF_MEDIA_FRAME);
    for (size_t i = 0; i < RF_MEDIA_FRAME; i++)
        assert_int_equal(t->b.heard.p[k * RF_MEDIA_FRAME + i], is_heard ? k : RF_G711_SILENT);
}

static void sec_77_a_relay_that_does_nothing_is_not_noticed(void **state)
{
    (void)state;
    struct attack t;
    attack_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_32, NULL);
    attack_run(&t, 0);
    assert_heard_clip(&t.b, t.clip);
    assert_int_equal(rf_media_refused(&t.b.stats), 0);
    assert_int_equal(t.b.n[RF_MEDIA_REFUSED], 0);
    attack_end(&t);
}

static void flip_a_bit(struct relay *r, uint8_t *packet, size_t len)
{
    if (r->n == 4)
        packet[40] ^= 0x10; /* speech */
    if (r->n == 6)
        packet[len - 1] ^= 0x01; /* the tag */
    relay_send(r, packet, len);
}

static void sec_77_a_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct attack t;
    attack_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_32, flip_a_bit);
    attack_run(&t, 0);
    assert_int_equal(t.b.stats.refused_tag, 2);
    assert_int_equal(rf_media_refused(&t.b.stats), 2);
    assert_int_equal(t.b.stats.lost, 2);
    assert_string_equal(t.b.reason, "srtp-tag");
    for (unsigned k = 0; k < CLIP_FRAMES; k++)
        assert_frame(&t, k, k != 3 && k != 5);
    attack_end(&t);
}

static void replay(struct relay *r, uint8_t *packet, size_t len)
{
    relay_send(r, packet, len);
    if (r->n == 2) {
        memcpy(r->kept, packet, len);
        r->kept_len = len;
    }
    if (r->n == 4 || r->n == 8)
        relay_send(r, r->kept, r->kept_len);
}

static void sec_77_a_replayed_packet_is_refused(void **state)
{
    (void)state;
    struct attack t;
    attack_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_32, replay);
    attack_run(&t, 2);
    assert_int_equal(t.b.stats.refused_replay, 2);
    assert_int_equal(rf_media_refused(&t.b.stats), 2);
    assert_string_equal(t.b.reason, "srtp-replay");
    assert_heard_clip(&t.b, t.clip);
    attack_end(&t);
}

/* The same in the clear is only late: nothing tells it from a packet that the network doubled. */
static void a_doubled_packet_in_the_clear_is_late(void **state)
{
    (void)state;
    struct attack t;
    attack_begin(&t, RF_MEDIA_CLEAR, replay);
    attack_run(&t, 2);
    assert_int_equal(t.b.stats.late, 2);
    assert_int_equal(rf_media_refused(&t.b.stats), 0);
    assert_int_equal(t.b.n[RF_MEDIA_REFUSED], 0);
    assert_heard_clip(&t.b, t.clip);
    attack_end(&t);
}

/* What it would be without its tag and cipher: a header that fits, and speech. */
static void add_clear(struct relay *r, uint8_t *packet, size_t len)
{
    relay_send(r, packet, len);
    if (r->n != 4)
        return;
    packet[3]++; /* a number that was not seen yet */
    memset(packet + 12, 0x55, 160);
    relay_send(r, packet, 172);
}

static void sec_77_a_packet_in_the_clear_is_refused(void **state)
{
    (void)state;
    struct attack t;
    attack_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_32, add_clear);
    attack_run(&t, 1);
    assert_int_equal(t.b.stats.refused_tag, 1);
    assert_string_equal(t.b.reason, "srtp-tag");
    assert_heard_clip(&t.b, t.clip);
    attack_end(&t);
}

static void add_source(struct relay *r, uint8_t *packet, size_t len)
{
    relay_send(r, packet, len);
    if (r->n != 4)
        return;
    packet[11] ^= 0xff;
    relay_send(r, packet, len);
}

static void another_source_is_refused(void **state)
{
    (void)state;
    static const enum rf_media_suite suites[] = {RF_MEDIA_CLEAR, RF_MEDIA_AES_CM_128_HMAC_SHA1_80};
    for (size_t i = 0; i < 2; i++) {
        struct attack t;
        attack_begin(&t, suites[i], add_source);
        attack_run(&t, 1);
        assert_int_equal(t.b.stats.refused_ssrc, 1);
        assert_string_equal(t.b.reason, "rtp-ssrc");
        assert_heard_clip(&t.b, t.clip);
        attack_end(&t);
    }
}

static void add_noise(struct relay *r, uint8_t *packet, size_t len)
{
    static const uint8_t big[RF_MEDIA_PACKET_MAX + 1] = {0x80};
    relay_send(r, packet, len);
    if (r->n != 4)
        return;
    relay_send(r, packet, 5);
    relay_send(r, (const uint8_t *)"GET / HTTP/1.0\r\n\r\n", 18);
    relay_send(r, packet, 0);
    relay_send(r, big, sizeof big);
}

static void what_is_not_rtp_is_refused(void **state)
{
    (void)state;
    struct attack t;
    attack_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_32, add_noise);
    attack_run(&t, 4);
    assert_int_equal(t.b.stats.refused_format, 4);
    assert_string_equal(t.b.reason, "rtp-format");
    assert_heard_clip(&t.b, t.clip);
    attack_end(&t);
}

/* Twelve packets refused within a second: one event tells of it, a second one when that is over. */
static void spoil_all(struct relay *r, uint8_t *packet, size_t len)
{
    packet[len - 1] ^= 0x01;
    relay_send(r, packet, len);
}

static void refusals_are_told_once_a_second(void **state)
{
    (void)state;
    struct attack t;
    attack_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_32, spoil_all);
    uint64_t begun = now_ms();
    wait_for(&t.a, &t.b, &t.relay, &t.relay.n, CLIP_FRAMES);
    wait_for(&t.a, &t.b, &t.relay, &t.b.n[RF_MEDIA_REFUSED], 2);
    uint64_t took = (now_ms() - begun) * media_fast.speed;
    assert_true(took >= 1000);
    assert_true(t.b.n[RF_MEDIA_REFUSED] <= 2 + took / 1000);
    assert_true(t.b.stats.refused_tag >= CLIP_FRAMES);
    close_and_wait(&t.b);
    assert_int_equal(t.b.stats.received_packets, 0);
    assert_int_equal(t.b.n[RF_MEDIA_FIRST_AUDIO], 0);
    assert_int_equal(t.b.heard.len, 0);
    attack_end(&t);
}

/* --- keys --- */

static void sec_77_a_packet_under_another_key_is_refused(void **state)
{
    (void)state;
    struct attack t;
    attack_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_32, NULL);
    struct rf_media_key old = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 5);
    struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 6);
    wait_for(&t.a, &t.b, &t.relay, &t.b.n[RF_MEDIA_FIRST_AUDIO], 1);
    receive(&t.b, &key);
    wait_for(&t.a, &t.b, &t.relay, &t.b.n[RF_MEDIA_REFUSED], 1);
    assert_string_equal(t.b.reason, "srtp-tag");
    assert_true(t.b.stats.refused_tag > 0);
    receive(&t.b, &old); /* the twin; what was missed was never that source's */
    wait_for(&t.a, &t.b, &t.relay, &t.b.n[RF_MEDIA_FIRST_AUDIO], 2);
    close_and_wait(&t.b);
    attack_end(&t);
}

/* Both directions under one key, as no call manager should do it: each hears the other, and neither
 * hears itself when its own packets come back. */
static void one_key_both_ways_works_and_is_no_mirror(void **state)
{
    (void)state;
    struct end a, b;
    struct relay mirror;
    struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 9);
    struct rf_media_clip *clip = frames(10);
    end_begin(&a, &media_fast);
    end_begin(&b, &media_fast);
    receive(&a, &key);
    receive(&b, &key);
    send_to(&b, a.port, &key, clip);
    send_to(&a, b.port, &key, clip);
    wait_for(&a, &b, NULL, &a.n[RF_MEDIA_FIRST_AUDIO], 1);
    wait_for(&a, &b, NULL, &b.n[RF_MEDIA_FIRST_AUDIO], 1);
    rf_media_send_stop(b.media, b.stream);
    relay_begin(&mirror);
    mirror.to = a.port;
    receive(&a, &key); /* bound to nobody yet */
    send_to(&a, mirror.port, &key, clip);
    wait_for(&a, &b, &mirror, &a.n[RF_MEDIA_REFUSED], 1);
    assert_string_equal(a.reason, "rtp-ssrc");
    assert_int_equal(a.n[RF_MEDIA_FIRST_AUDIO], 1);
    rf_media_clip_unref(clip);
    relay_end(&mirror);
    end_end(&a);
    end_end(&b);
}

/* Neither in the event nor in the recording, which are what leaves the thread. */
static void no_key_is_in_what_is_told(void **state)
{
    (void)state;
    struct attack t;
    struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 5);
    attack_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_32, NULL);
    attack_run(&t, 0);
    struct rf_slice heard = rf_buf_slice(&t.b.heard);
    assert_true(rf_slice_find(heard, rf_slice_of(key.master, 8)) == SIZE_MAX);
    assert_true(rf_slice_find(heard, rf_slice_of(key.salt, 8)) == SIZE_MAX);
    assert_true(rf_slice_find(rf_slice_of(&t.b.stats, sizeof t.b.stats),
                              rf_slice_of(key.master, 8)) == SIZE_MAX);
    rf_media_key_wipe(&key);
    static const struct rf_media_key zero;
    assert_memory_equal(&key, &zero, sizeof key);
    attack_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sec_77_a_relay_that_does_nothing_is_not_noticed),
        cmocka_unit_test(sec_77_a_flipped_bit_is_refused),
        cmocka_unit_test(sec_77_a_replayed_packet_is_refused),
        cmocka_unit_test(a_doubled_packet_in_the_clear_is_late),
        cmocka_unit_test(sec_77_a_packet_in_the_clear_is_refused),
        cmocka_unit_test(another_source_is_refused),
        cmocka_unit_test(what_is_not_rtp_is_refused),
        cmocka_unit_test(refusals_are_told_once_a_second),
        cmocka_unit_test(sec_77_a_packet_under_another_key_is_refused),
        cmocka_unit_test(one_key_both_ways_works_and_is_no_mirror),
        cmocka_unit_test(no_key_is_in_what_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
