/* SPDX-License-Identifier: Apache-2.0 */
/* The media server's legs: what they take and refuse, what they send, how they live. Who hears
 * whom: test_bridge.c. */
#include "media_town.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

static const struct rf_media_leg_stats *stats_of(struct town *t, size_t i)
{
    town_ask(t, i);
    return &t->phone[i].stats;
}

struct real {
    unsigned n[RF_MEDIA_LEG_CLOSED + 1];
    struct rf_media_leg_stats stats;
};

static void on_real(void *reader, const struct rf_media_leg_event *event)
{
    struct real *r = reader;
    r->n[event->kind]++;
    r->stats = event->stats;
}

/* Two phones in a mix, of which the first is the one that things happen to. */
static void pair_begin(struct town *t, enum rf_media_suite suite)
{
    town_begin(t, TOWN_MAX);
    for (size_t i = 0; i < 2; i++) {
        town_phone(t, RF_MEDIA_PCMU, suite);
        town_join(t, i, 1);
    }
    town_steps(t, 50);
}

/* The other hears it now. */
static void assert_goes_on(struct town *t)
{
    town_steps(t, 250);
    assert_true(town_gain(t, 1, 0, 4, NULL) > 0.8);
}

/* --- keys --- */

static void flip(struct town_phone *p, uint8_t *packet, size_t len)
{
    if (p->sent % 50 == 10)
        packet[40] ^= 0x10;
    if (p->sent % 50 == 30)
        packet[len - 1] ^= 1;
}

static void sec_77_a_flipped_bit_is_dropped_and_counted(void **state)
{
    (void)state;
    for (unsigned suite = 1; suite < RF_MEDIA_SUITES; suite++) {
        struct town t;
        pair_begin(&t, suite);
        t.phone[0].tamper = flip;
        town_steps(&t, 100);
        t.phone[0].tamper = NULL;
        const struct rf_media_leg_stats *s = stats_of(&t, 0);
        assert_int_equal(s->media.refused_tag, 4);
        assert_int_equal(rf_media_refused(&s->media), 4);
        assert_int_equal(s->concealed, 4);
        assert_string_equal(t.phone[0].reason, "srtp-tag");
        assert_in_range(t.phone[0].n[RF_MEDIA_LEG_REFUSED], 2, 4); /* once a second */
        assert_goes_on(&t);
        assert_int_equal(stats_of(&t, 0)->media.refused_tag, 4);
        town_end(&t);
    }
}

static struct town *replay_town;

static void replay(struct town_phone *p, uint8_t *packet, size_t len)
{
    if (p->sent % 10 == 1) {
        memcpy(p->kept, packet, len);
        p->kept_len = len;
    }
    if (p->sent % 10 == 5 && p->kept_len > 0)
        town_send_raw(replay_town, 0, p->fd, p->kept, p->kept_len);
}

static void sec_77_a_replayed_packet_is_dropped_and_counted(void **state)
{
    (void)state;
    for (unsigned suite = 1; suite < RF_MEDIA_SUITES; suite++) {
        struct town t;
        pair_begin(&t, suite);
        replay_town = &t;
        t.phone[0].tamper = replay;
        town_steps(&t, 100);
        t.phone[0].tamper = NULL;
        const struct rf_media_leg_stats *s = stats_of(&t, 0);
        assert_in_range(s->media.refused_replay, 9, 10);
        assert_int_equal(rf_media_refused(&s->media), s->media.refused_replay);
        assert_int_equal(s->concealed, 0);
        assert_string_equal(t.phone[0].reason, "srtp-replay");
        assert_goes_on(&t);
        town_end(&t);
    }
}

/* In the clear the same is only late. */
static void a_doubled_packet_in_the_clear_is_late(void **state)
{
    (void)state;
    struct town t;
    pair_begin(&t, RF_MEDIA_CLEAR);
    replay_town = &t;
    t.phone[0].tamper = replay;
    town_steps(&t, 100);
    t.phone[0].tamper = NULL;
    const struct rf_media_leg_stats *s = stats_of(&t, 0);
    assert_in_range(s->media.late, 9, 10);
    assert_int_equal(rf_media_refused(&s->media), 0);
    assert_goes_on(&t);
    town_end(&t);
}

static void sec_77_a_packet_under_the_old_key_is_dropped_and_counted(void **state)
{
    (void)state;
    for (unsigned suite = 1; suite < RF_MEDIA_SUITES; suite++) {
        struct town t;
        pair_begin(&t, suite);
        town_receive(&t, 0, false);
        town_steps(&t, 50);
        const struct rf_media_leg_stats *s = stats_of(&t, 0);
        assert_in_range(s->media.refused_tag, 49, 52);
        assert_int_equal(t.phone[0].n[RF_MEDIA_LEG_FIRST_AUDIO], 1);
        town_receive(&t, 0, true); /* the twin */
        town_steps(&t, 50);
        assert_int_equal(t.phone[0].n[RF_MEDIA_LEG_FIRST_AUDIO], 2);
        assert_goes_on(&t);
        town_end(&t);
    }
}

static void clear_too(struct town_phone *p, uint8_t *packet, size_t len)
{
    (void)len;
    if (p->sent % 10 != 5)
        return;
    uint8_t clear[172];
    memcpy(clear, packet, sizeof clear);
    clear[3]++;
    memset(&clear[12], 0x55, 160);
    town_send_raw(replay_town, 0, p->fd, clear, sizeof clear);
}

static void sec_77_a_packet_in_the_clear_is_dropped_where_there_is_a_key(void **state)
{
    (void)state;
    struct town t;
    pair_begin(&t, RF_MEDIA_AEAD_AES_128_GCM);
    replay_town = &t;
    t.phone[0].tamper = clear_too;
    town_steps(&t, 100);
    t.phone[0].tamper = NULL;
    assert_int_equal(stats_of(&t, 0)->media.refused_tag, 10);
    assert_goes_on(&t);
    town_end(&t);
}

static enum rf_err send_again(struct town *t, const struct rf_media_key *key)
{
    struct rf_media_remote remote = {.host = "127.0.0.1", .port = t->phone[0].port};
    return rf_media_leg_send(t->server, t->phone[0].leg, &remote, key, NULL);
}

/* The same key with the counter of packets begun anew would use a key stream twice. */
static void sec_77_a_key_is_never_used_again(void **state)
{
    (void)state;
    struct town t;
    pair_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_80);
    struct town_phone *p = &t.phone[0];
    assert_err(rf_media_leg_receive(t.server, p->leg, &p->key_out, NULL), RF_OK);
    town_steps(&t, 5);
    assert_int_equal(p->n[RF_MEDIA_LEG_FAILED], 1);
    assert_string_equal(p->reason, "media-key-again");
    uint64_t before = stats_of(&t, 0)->media.received_packets;
    town_steps(&t, 20);
    assert_int_equal(stats_of(&t, 0)->media.received_packets, before); /* nothing is taken */
    town_receive(&t, 0, true);                                         /* the twin */
    town_steps(&t, 20);
    assert_true(stats_of(&t, 0)->media.received_packets > before);
    assert_int_equal(p->n[RF_MEDIA_LEG_FAILED], 1);

    const struct rf_media_key *had[] = {&p->key_in, &p->key_out}; /* the other way is no better */
    for (size_t i = 0; i < 2; i++) {
        assert_err(send_again(&t, had[i]), RF_OK);
        town_steps(&t, 1);
        unsigned heard = p->received;
        town_steps(&t, 10);
        assert_int_equal(p->received, heard);
        assert_int_equal(p->n[RF_MEDIA_LEG_FAILED], 2 + i);
    }
    town_send(&t, 0, false); /* the twin */
    town_steps(&t, 50);
    assert_int_equal(p->n[RF_MEDIA_LEG_FAILED], 3);
    assert_goes_on(&t);
    town_end(&t);
}

/* In the clear there is no key to be had twice. */
static void clear_legs_may_begin_again(void **state)
{
    (void)state;
    struct town t;
    pair_begin(&t, RF_MEDIA_CLEAR);
    uint32_t ssrc = t.phone[0].peer_ssrc;
    town_receive(&t, 0, true);
    town_send(&t, 0, false);
    town_steps(&t, 20);
    assert_int_equal(t.phone[0].n[RF_MEDIA_LEG_FAILED], 0);
    assert_true(t.phone[0].peer_ssrc != ssrc);
    assert_goes_on(&t);
    town_end(&t);
}

static void a_new_key_comes_with_a_new_source(void **state)
{
    (void)state;
    struct town t;
    pair_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
    uint32_t ssrc = t.phone[0].peer_ssrc;
    unsigned heard = t.phone[0].received;
    town_send(&t, 0, false);
    town_steps(&t, 20);
    assert_true(t.phone[0].peer_ssrc != ssrc);
    assert_int_equal(t.phone[0].received, heard + 20);
    town_end(&t);
}

/* --- where packets come from --- */

static void what_comes_before_the_address_is_only_counted(void **state)
{
    (void)state;
    struct town t;
    town_begin(&t, 2);
    town_phone_open(&t, RF_MEDIA_PCMU, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
    town_steps(&t, 10);
    const struct rf_media_leg_stats *s = stats_of(&t, 0);
    assert_int_equal(s->early, 10);
    assert_int_equal(s->media.received_packets + s->refused_address, 0);
    assert_int_equal(s->media.sent_packets, 0);
    assert_int_equal(t.phone[0].received, 0);
    town_send(&t, 0, false);
    town_steps(&t, 10);
    s = stats_of(&t, 0);
    assert_in_range(s->media.received_packets, 9, 10);
    assert_int_equal(s->media.sent_packets, 10);
    town_end(&t);
}

static void speech_from_elsewhere_is_refused(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2"};
    for (size_t i = 0; i < 2; i++) {
        struct town t;
        uint16_t port;
        pair_begin(&t, RF_MEDIA_CLEAR);
        int right = t.phone[0].fd, other = town_socket(hosts[i], &port);
        uint64_t before = stats_of(&t, 0)->media.received_packets;
        t.phone[0].fd = other;
        town_steps(&t, 20);
        const struct rf_media_leg_stats *s = stats_of(&t, 0);
        assert_in_range(s->refused_address, 20, 21);
        assert_in_range(s->media.received_packets, before, before + 1);
        assert_string_equal(t.phone[0].reason, "rtp-address");
        t.phone[0].fd = right; /* the twin */
        assert_goes_on(&t);
        close(other);
        town_end(&t);
    }
}

/* Where a phone may send from another port than it listens on, its first good packet says which. */
static void a_free_port_is_settled_by_the_first_good_packet(void **state)
{
    (void)state;
    struct town t;
    uint16_t port;
    town_begin(&t, 1);
    town_phone_open(&t, RF_MEDIA_PCMU, RF_MEDIA_AES_CM_128_HMAC_SHA1_80);
    town_send(&t, 0, true);
    int right = t.phone[0].fd, other = town_socket("127.0.0.1", &port);
    int stranger = town_socket("127.0.0.1", &port), abroad = town_socket("127.0.0.2", &port);
    rf_media_server_turn(t.server);
    town_send_raw(&t, 0, stranger, (const uint8_t *)"\x80\0not a packet", 15);
    t.phone[0].fd = abroad; /* a port is free, not a host */
    town_steps(&t, 5);
    t.phone[0].fd = other;
    town_steps(&t, 10);
    const struct rf_media_leg_stats *s = stats_of(&t, 0);
    assert_in_range(s->media.received_packets, 10, 11);
    assert_int_equal(rf_media_refused(&s->media), 1);
    assert_int_equal(s->refused_address, 5);
    t.phone[0].fd = right; /* too late, even if it is the one that we send to */
    town_steps(&t, 5);
    assert_in_range(stats_of(&t, 0)->refused_address, 10, 11);
    assert_int_equal(t.phone[0].received, 23); /* it is sent to as before */
    close(other);
    close(stranger);
    close(abroad);
    town_end(&t);
}

static void what_is_no_speech_of_the_codec_is_refused(void **state)
{
    (void)state;
    struct town t;
    uint8_t packet[RF_LEG_PACKET_MAX + 1] = {0x80, 0, 0, 0};
    static const struct {
        size_t len;
        uint8_t first, type;
    } rows[] = {
        {0, 0x80, 0},   /* nothing */
        {11, 0x80, 0},  /* no whole header */
        {172, 0x40, 0}, /* another version */
        {172, 0x80, 8}, /* another codec */
        {171, 0x80, 0}, /* a sample is missing */
        {173, 0x80, 0},
        {252, 0x80, 0}, /* 30 ms */
        {RF_LEG_PACKET_MAX + 1, 0x80, 0},
    };
    town_begin(&t, 1);
    town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    t.phone[0].due_ms = 1e9; /* says nothing */
    town_steps(&t, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        packet[0] = rows[i].first;
        packet[1] = rows[i].type;
        packet[3]++;
        town_send_raw(&t, 0, t.phone[0].fd, packet, rows[i].len);
        town_steps(&t, 1);
        const struct rf_media_leg_stats *s = stats_of(&t, 0);
        assert_int_equal(s->media.refused_format, i + 1);
        assert_int_equal(s->media.received_packets, 0);
    }
    packet[0] = 0x80;
    packet[1] = 0;
    town_send_raw(&t, 0, t.phone[0].fd, packet, 172); /* the twin */
    town_steps(&t, 1);
    assert_int_equal(stats_of(&t, 0)->media.received_packets, 1);
    town_end(&t);
}

/* Its own packets, sent back. */
static void a_mirror_is_refused(void **state)
{
    (void)state;
    struct town t;
    town_begin(&t, 1);
    town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    t.phone[0].due_ms = 1e9;
    town_steps(&t, 3);
    for (int i = 0; i < 5; i++) {
        town_send_raw(&t, 0, t.phone[0].fd, t.phone[0].last, t.phone[0].last_len);
        town_steps(&t, 1);
    }
    const struct rf_media_leg_stats *s = stats_of(&t, 0);
    assert_int_equal(s->media.refused_ssrc, 5);
    assert_int_equal(s->media.received_packets, 0);
    town_end(&t);
}

/* A leg takes so many in a tick; the others notice nothing. */
static void a_flood_harms_only_its_own_leg(void **state)
{
    (void)state;
    struct town t;
    uint8_t noise[200] = {0x80};
    town_begin(&t, 3);
    for (size_t i = 0; i < 3; i++) {
        town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
        town_join(&t, i, 1);
    }
    town_steps(&t, 50);
    for (int i = 0; i < 250; i++) {
        for (int k = 0; k < 200; k++)
            town_send_raw(&t, 2, t.phone[2].fd, noise, sizeof noise);
        town_steps(&t, 1);
    }
    const struct rf_media_leg_stats *s = stats_of(&t, 2);
    assert_true(rf_media_refused(&s->media) <= 252 * RF_LEG_BATCH);
    assert_true(town_gain(&t, 0, 1, 4, NULL) > 0.8);
    assert_true(town_gain(&t, 1, 0, 4, NULL) > 0.8);
    assert_int_equal(stats_of(&t, 0)->concealed, 0);
    town_end(&t);
}

/* --- reports --- */

static void reports_go_both_ways_under_the_key(void **state)
{
    (void)state;
    for (unsigned suite = 0; suite < RF_MEDIA_SUITES; suite++) {
        struct town t;
        pair_begin(&t, suite);
        struct town_phone *p = &t.phone[0];
        t.phone[0].tamper = suite != RF_MEDIA_CLEAR ? flip : NULL;
        town_steps(&t, 700);
        assert_in_range(p->reports, 1, 5);
        assert_true(p->report.is_sender && p->report.has_block);
        assert_int_equal(p->report.ssrc, p->peer_ssrc);
        assert_int_equal(p->report.octets, 160 * p->report.packets);
        assert_int_equal(p->report.block.ssrc, p->ssrc);
        assert_int_equal(p->report.block.last_sr, 0);
        if (suite != RF_MEDIA_CLEAR) /* two of fifty were spoiled */
            assert_in_range(p->report.block.lost, 4, 30);
        else
            assert_int_equal(p->report.block.lost + p->report.block.fraction, 0);
        town_report(&t, 0, p->ssrc, p->rtcp_fd, false);
        town_steps(&t, 700);
        const struct rf_media_leg_stats *s = stats_of(&t, 0);
        assert_int_equal(s->media.rtcp_received, 1);
        assert_int_equal(s->media.rtcp_refused, 0);
        /* one may have gone while the count was on its way */
        assert_in_range(s->media.rtcp_sent, p->reports - 1, p->reports);
        assert_int_equal(s->media.far_lost, 12);
        assert_int_equal(s->media.far_jitter, 34);
        assert_int_equal(p->report.block.last_sr, 0x22223333);
        assert_in_range(p->report.block.since_sr, 1, 15 * 65536);
        town_end(&t);
    }
}

static void sec_77_a_spoiled_or_replayed_report_is_dropped_and_counted(void **state)
{
    (void)state;
    for (unsigned suite = 1; suite < RF_MEDIA_SUITES; suite++) {
        struct town t;
        pair_begin(&t, suite);
        struct town_phone *p = &t.phone[0];
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)(p->leg_port + 1)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        town_report(&t, 0, p->ssrc, p->rtcp_fd, true);
        town_steps(&t, 50);
        assert_int_equal(stats_of(&t, 0)->media.rtcp_refused, 1);
        town_report(&t, 0, p->ssrc, p->rtcp_fd, false); /* the twin */
        assert_true(sendto(p->rtcp_fd, p->kept, p->kept_len, 0, (struct sockaddr *)&to, sizeof to) >
                    0);
        town_steps(&t, 50);
        const struct rf_media_leg_stats *s = stats_of(&t, 0);
        assert_int_equal(s->media.rtcp_received, 1);
        assert_int_equal(s->media.rtcp_refused, 2);
        town_end(&t);
    }
}

static void a_report_of_another_source_or_host_is_refused(void **state)
{
    (void)state;
    struct town t;
    uint16_t port;
    int abroad = town_socket("127.0.0.2", &port);
    town_begin(&t, 1);
    town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    struct town_phone *p = &t.phone[0];
    p->due_ms = 1e9;
    town_report(&t, 0, p->ssrc, p->rtcp_fd, false); /* of whom nothing was heard */
    town_steps(&t, 50);
    p->due_ms = t.now_ms;
    town_steps(&t, 5);
    assert_int_equal(stats_of(&t, 0)->media.rtcp_refused, 1);
    town_report(&t, 0, p->ssrc + 1, p->rtcp_fd, false);
    town_steps(&t, 50);
    assert_int_equal(stats_of(&t, 0)->media.rtcp_refused, 2);
    town_report(&t, 0, p->ssrc, abroad, false);
    town_steps(&t, 50);
    assert_int_equal(stats_of(&t, 0)->media.rtcp_refused, 3);
    assert_int_equal(stats_of(&t, 0)->media.rtcp_received, 0);
    town_report(&t, 0, p->ssrc, p->rtcp_fd, false); /* the twin */
    town_steps(&t, 50);
    assert_int_equal(stats_of(&t, 0)->media.rtcp_refused, 3);
    assert_int_equal(stats_of(&t, 0)->media.rtcp_received, 1);
    close(abroad);
    town_end(&t);
}

/* --- what is sent --- */

static unsigned loudest_of(struct town *t, size_t i, unsigned steps)
{
    t->phone[i].loudest = 0;
    town_steps(t, steps);
    return t->phone[i].loudest;
}

static void a_leg_begins_with_silence(void **state)
{
    (void)state;
    struct town t;
    town_begin(&t, 3);
    for (unsigned i = 0; i < 3; i++)
        town_phone(&t, i, RF_MEDIA_CLEAR); /* one of each codec */
    town_steps(&t, 5);
    for (size_t i = 0; i < 3; i++) {
        assert_true(loudest_of(&t, i, 20) <= 8); /* A-law has no zero */
        assert_int_equal(t.phone[i].received, 25 + 20 * i);
    }
    town_end(&t);
}

static struct rf_media_clip *music(void)
{
    struct rf_media_clip *clip;
    uint8_t bytes[2000]; /* not a whole number of frames */
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(0x90 + i % 2 * 0x80 + i / 100);
    assert_err(rf_media_clip_new(rf_slice_of(bytes, sizeof bytes), &clip, NULL), RF_OK);
    return clip;
}

static void music_has_no_end_and_comes_sample_for_sample(void **state)
{
    (void)state;
    struct town t;
    struct rf_media_clip *clip = music();
    struct rf_slice said = rf_media_clip_ulaw(clip);
    town_begin(&t, 1);
    town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    assert_err(rf_media_leg_play(t.server, t.phone[0].leg, clip, NULL), RF_OK);
    size_t at = 0;
    for (int frame = 0; frame < 40; frame++) {
        town_steps(&t, 1);
        assert_int_equal(t.phone[0].last_len, 172);
        for (size_t i = 0; i < 160; i++, at = (at + 1) % said.len)
            assert_int_equal(t.phone[0].last[12 + i], said.p[at]);
    }
    assert_err(rf_media_leg_play(t.server, t.phone[0].leg, clip, NULL), RF_OK); /* from its start */
    town_steps(&t, 1);
    assert_memory_equal(&t.phone[0].last[12], said.p, 160);
    rf_media_clip_unref(clip);
    town_end(&t);
}

static void an_empty_clip_is_silence(void **state)
{
    (void)state;
    struct town t;
    struct rf_media_clip *clip;
    assert_err(rf_media_clip_new(rf_slice_of(NULL, 0), &clip, NULL), RF_OK);
    town_begin(&t, 1);
    town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    assert_err(rf_media_leg_play(t.server, t.phone[0].leg, clip, NULL), RF_OK);
    assert_int_equal(loudest_of(&t, 0, 5), 0);
    assert_int_equal(t.phone[0].received, 5);
    rf_media_clip_unref(clip);
    town_end(&t);
}

/* On hold: it hears music, the others do not hear it, nor the music, nor does it hear them. */
static void a_leg_on_hold_is_out_of_its_mix(void **state)
{
    (void)state;
    static const enum rf_media_codec codecs[] = {RF_MEDIA_PCMU, RF_MEDIA_PCMA, RF_MEDIA_G722};
    for (size_t k = 0; k < 3; k++) {
        struct town t;
        struct rf_media_clip *clip = music();
        town_begin(&t, 3);
        town_phone(&t, codecs[k], RF_MEDIA_AEAD_AES_128_GCM);
        for (size_t i = 1; i < 3; i++)
            town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_AEAD_AES_128_GCM);
        for (size_t i = 0; i < 3; i++)
            town_join(&t, i, 1);
        town_steps(&t, 250);
        assert_true(town_gain(&t, 0, 1, 4, NULL) > 0.8);
        assert_true(town_gain(&t, 1, 0, 4, NULL) > 0.8);
        assert_err(rf_media_leg_play(t.server, t.phone[0].leg, clip, NULL), RF_OK);
        rf_media_clip_unref(clip);
        town_steps(&t, 250);
        assert_true(t.phone[0].loudest > 3000); /* music */
        assert_true(town_gain(&t, 0, 1, 4, NULL) < 0.15);
        assert_true(town_gain(&t, 1, 0, 4, NULL) < 0.15);
        assert_true(town_gain(&t, 1, 2, 4, NULL) > 0.8);
        rf_media_leg_silence(t.server, t.phone[0].leg);
        town_steps(&t, 2);
        assert_true(loudest_of(&t, 0, 20) <= 8);
        town_join(&t, 0, 1);
        town_steps(&t, 250);
        assert_true(town_gain(&t, 0, 1, 4, NULL) > 0.8);
        assert_true(town_gain(&t, 1, 0, 4, NULL) > 0.8);
        town_end(&t);
    }
}

/* A phone that goes on speaking while nobody listens is counted, and heard at once when it comes
 * in. */
static void a_leg_outside_a_mix_counts_what_comes(void **state)
{
    (void)state;
    struct town t;
    double delay_ms;
    town_begin(&t, 2);
    for (size_t i = 0; i < 2; i++)
        town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
    town_steps(&t, 200);
    const struct rf_media_leg_stats *s = stats_of(&t, 0);
    assert_in_range(s->media.received_packets, 199, 200);
    assert_int_equal(s->media.late + s->media.lost + s->concealed + s->skipped, 0);
    assert_int_equal(s->depth_ms, 0);
    town_join(&t, 0, 1);
    town_join(&t, 1, 1);
    town_steps(&t, 250);
    assert_true(town_gain(&t, 1, 0, 4, &delay_ms) > 0.8);
    assert_true(delay_ms < 120);
    assert_int_equal(stats_of(&t, 0)->media.late, 0);
    town_end(&t);
}

static void ipv6_works_too(void **state)
{
    (void)state;
    struct real real = {0};
    struct rf_media_server *server;
    struct rf_mailbox *events = rf_mailbox_new("test", 64);
    struct rf_media_server_conf conf = {
        .local = "::1", .legs_max = 2, .events_to = events, .on_event = on_real};
    struct rf_media_key keys[2];
    rf_media_leg leg[2];
    uint16_t port[2];
    assert_err(rf_media_server_start_stepped(&conf, &server, NULL), RF_OK);
    for (size_t i = 0; i < 2; i++) {
        struct rf_media_leg_conf leg_conf = {
            .codec = RF_MEDIA_G722, .packet_ms = 20, .key = &keys[i]};
        rf_media_key_make(RF_MEDIA_AEAD_AES_128_GCM, &keys[i]);
        enum rf_err err = rf_media_leg_open(server, &leg_conf, &leg[i], &port[i], NULL);
        if (err == RF_ERR_IO) { /* a machine without IPv6 */
            rf_media_server_stop(server);
            rf_mailbox_free(events);
            skip();
        }
        assert_err(err, RF_OK);
    }
    for (size_t i = 0; i < 2; i++) { /* each is the other's phone */
        struct rf_media_remote remote = {.host = "::1", .port = port[1 - i]};
        assert_err(rf_media_leg_send(server, leg[i], &remote, &keys[1 - i], NULL), RF_OK);
    }
    for (int i = 0; i < 10; i++)
        rf_media_server_turn(server);
    rf_media_leg_ask(server, leg[0]);
    rf_media_server_turn(server);
    rf_mailbox_run(events, &real);
    assert_int_equal(real.n[RF_MEDIA_LEG_FIRST_AUDIO], 2);
    assert_true(real.stats.media.received_packets >= 9);
    assert_int_equal(real.stats.refused_address + rf_media_refused(&real.stats.media), 0);
    rf_media_server_stop(server);
    rf_mailbox_run(events, &real);
    rf_mailbox_free(events);
}

static void ticks_left_out_are_silence_on_the_wire(void **state)
{
    (void)state;
    struct town t;
    struct rf_rtp before, after;
    town_begin(&t, 1);
    town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    town_steps(&t, 1);
    uint8_t first[172];
    memcpy(first, t.phone[0].last, sizeof first);
    assert_err(rf_rtp_decode(rf_slice_of(first, sizeof first), &before, NULL), RF_OK);
    assert_true(before.has_marker);
    rf_media_server_tick(t.server, 50);
    town_steps(&t, 0);
    ssize_t n = recv(t.phone[0].fd, t.phone[0].last, sizeof t.phone[0].last, 0);
    assert_int_equal(n, 172);
    assert_err(rf_rtp_decode(rf_slice_of(t.phone[0].last, 172), &after, NULL), RF_OK);
    assert_true(after.has_marker);
    assert_int_equal((uint16_t)(after.seq - before.seq), 1);
    assert_int_equal(after.timestamp - before.timestamp, 51 * 160);
    town_end(&t);
}

/* --- life --- */

static void legs_are_bounded(void **state)
{
    (void)state;
    struct town t;
    struct rf_why why = {0};
    rf_media_leg leg;
    uint16_t port;
    town_begin(&t, 2);
    town_phone_open(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    town_phone_open(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    struct rf_media_leg_conf conf = town_conf(&t, 0);
    assert_refused(rf_media_leg_open(t.server, &conf, &leg, &port, &why), RF_ERR_LIMIT, why,
                   "media-legs");
    assert_int_equal(leg, 0);
    assert_int_equal(port, 0);
    rf_media_leg_close(t.server, t.phone[1].leg);
    town_steps(&t, 1);
    assert_int_equal(t.phone[1].n[RF_MEDIA_LEG_CLOSED], 1);
    t.phones--; /* another one in its place */
    close(t.phone[1].fd);
    close(t.phone[1].rtcp_fd);
    rf_codec_free(t.phone[1].coder);
    free(t.phone[1].heard);
    town_phone_open(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    struct rf_media_server_counts counts;
    rf_media_server_count(t.server, &counts);
    assert_int_equal(counts.legs, 2);
    town_end(&t);
}

static void what_cannot_be_opened_says_why(void **state)
{
    (void)state;
    struct town t;
    struct rf_why why = {0};
    rf_media_leg leg;
    uint16_t port;
    town_begin(&t, 2);
    town_phone_open(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    struct rf_media_leg_conf conf = town_conf(&t, 0);
    conf.packet_ms = 30;
    assert_refused(rf_media_leg_open(t.server, &conf, &leg, &port, &why), RF_ERR_BAD, why,
                   "media-packet-size");
    static const struct {
        const char *host;
        uint16_t port;
    } bad[] = {{"phone", 9}, {NULL, 9}, {"127.0.0.1", 0}, {"::1", 9}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rf_media_remote remote = {.host = bad[i].host, .port = bad[i].port};
        why = (struct rf_why){0};
        assert_refused(
            rf_media_leg_send(t.server, t.phone[0].leg, &remote, &t.phone[0].key_out, &why),
            RF_ERR_BAD, why, "media-address");
    }
    struct rf_media_server *server;
    struct rf_media_server_conf elsewhere = {.local = "localhost", .legs_max = 1};
    why = (struct rf_why){0};
    assert_refused(rf_media_server_start(&elsewhere, &server, &why), RF_ERR_BAD, why,
                   "media-address");
    assert_null(server);
    town_end(&t);
}

static void an_address_is_tried_before_anybody_relies_on_it(void **state)
{
    (void)state;
    struct rf_why why = {0};
    assert_err(rf_media_server_try("127.0.0.1", RF_MEDIA_TRY_MAX, &why), RF_OK);
    assert_refused(rf_media_server_try("192.0.2.1", 1, &why), RF_ERR_IO, why, "media-socket");
    why = (struct rf_why){0};
    assert_refused(rf_media_server_try("phones", 1, &why), RF_ERR_BAD, why, "media-address");
}

static void a_server_that_is_busy_takes_no_more(void **state)
{
    (void)state;
    struct town t;
    struct rf_why why = {0};
    rf_media_leg leg;
    uint16_t port;
    town_begin(&t, 2);
    town_phone_open(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    enum rf_err err = RF_OK;
    for (int i = 0; i <= RF_LEG_COMMANDS && err == RF_OK; i++)
        err = rf_media_leg_join(t.server, t.phone[0].leg, 1, &why);
    assert_err(err, RF_ERR_AGAIN);
    assert_string_equal(why.code, "media-busy");
    struct rf_media_leg_conf conf = town_conf(&t, 0);
    assert_err(rf_media_leg_open(t.server, &conf, &leg, &port, NULL), RF_ERR_AGAIN);
    assert_int_equal(leg, 0);
    struct rf_media_clip *clip = music();
    assert_err(rf_media_leg_play(t.server, t.phone[0].leg, clip, NULL), RF_ERR_AGAIN);
    rf_media_clip_unref(clip);
    struct rf_media_key key;
    rf_media_key_make(RF_MEDIA_AEAD_AES_128_GCM, &key);
    assert_err(rf_media_leg_receive(t.server, t.phone[0].leg, &key, NULL), RF_ERR_AGAIN);
    assert_err(send_again(&t, &key), RF_ERR_AGAIN);
    rf_media_leg_silence(t.server, t.phone[0].leg); /* never refused */
    town_steps(&t, 1);
    struct rf_media_server_counts counts;
    rf_media_server_count(t.server, &counts);
    assert_int_equal(counts.legs, 1);
    town_end(&t);
}

static void what_is_gone_is_ignored(void **state)
{
    (void)state;
    struct town t;
    struct rf_media_clip *clip = music();
    struct rf_media_key key;
    town_begin(&t, 2);
    town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);
    town_join(&t, 0, 1);
    rf_media_leg_close(t.server, t.phone[0].leg);
    rf_media_leg_close(t.server, t.phone[0].leg);
    rf_media_leg_ask(t.server, t.phone[0].leg);
    town_join(&t, 0, 1);
    rf_media_key_make(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, &key);
    assert_err(rf_media_leg_play(t.server, t.phone[0].leg, clip, NULL), RF_OK);
    assert_err(rf_media_leg_receive(t.server, t.phone[0].leg, &key, NULL), RF_OK);
    assert_err(send_again(&t, &key), RF_OK);
    rf_media_leg_silence(t.server, t.phone[0].leg);
    rf_media_leg_send_stop(t.server, t.phone[0].leg);
    town_steps(&t, 5);
    assert_int_equal(t.phone[0].n[RF_MEDIA_LEG_CLOSED], 1);
    assert_int_equal(t.phone[0].n[RF_MEDIA_LEG_STATS], 0);
    assert_int_equal(t.phone[0].received, 0);
    rf_media_clip_unref(clip);
    town_end(&t);
}

static void a_leg_that_stops_sending_is_silent_and_deaf(void **state)
{
    (void)state;
    struct town t;
    pair_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_80);
    rf_media_leg_send_stop(t.server, t.phone[0].leg);
    town_steps(&t, 1);
    unsigned heard = t.phone[0].received;
    uint64_t taken = stats_of(&t, 0)->media.received_packets;
    town_steps(&t, 10);
    assert_int_equal(t.phone[0].received, heard);
    assert_int_equal(stats_of(&t, 0)->media.received_packets, taken);
    town_send(&t, 0, false);
    assert_goes_on(&t);
    town_end(&t);
}

static void the_server_counts_for_all_its_legs(void **state)
{
    (void)state;
    struct town t;
    struct rf_media_server_counts counts;
    pair_begin(&t, RF_MEDIA_AES_CM_128_HMAC_SHA1_80);
    t.phone[0].tamper = flip;
    town_steps(&t, 50);
    rf_media_leg_close(t.server, t.phone[0].leg);
    town_steps(&t, 1);
    rf_media_server_count(t.server, &counts);
    assert_int_equal(counts.legs, 1);
    assert_int_equal(counts.packets_out, t.phone[0].received + t.phone[1].received);
    assert_int_equal(counts.packets_in, t.phone[0].stats.media.received_packets +
                                            stats_of(&t, 1)->media.received_packets);
    assert_int_equal(counts.refused, 2);
    assert_int_equal(counts.ticks_late, 0);
    t.phone[0].fd = dup(t.phone[0].fd);
    town_end(&t);
}

/* --- the thread --- */

/* With a thread and the real clock: no packet early, and the number is that of the time. */
static void packets_leave_every_20_ms(void **state)
{
    (void)state;
    struct real real = {0};
    struct rf_media_server *server;
    struct rf_mailbox *events = rf_mailbox_new("test", 64);
    struct rf_media_server_conf conf = {
        .local = "127.0.0.1", .legs_max = 2, .events_to = events, .on_event = on_real};
    struct rf_media_key in, out;
    uint16_t port, leg_port;
    uint8_t packet[RF_LEG_PACKET_MAX];
    rf_media_leg leg;
    int fd = town_socket("127.0.0.1", &port);
    rf_media_key_make(RF_MEDIA_AEAD_AES_128_GCM, &in);
    rf_media_key_make(RF_MEDIA_AEAD_AES_128_GCM, &out);
    assert_err(rf_media_server_start(&conf, &server, NULL), RF_OK);
    struct rf_media_leg_conf leg_conf = {.codec = RF_MEDIA_G722, .packet_ms = 20, .key = &in};
    struct rf_media_remote remote = {.host = "127.0.0.1", .port = port};
    assert_err(rf_media_leg_open(server, &leg_conf, &leg, &leg_port, NULL), RF_OK);
    assert_err(rf_media_leg_join(server, leg, 5, NULL), RF_OK);
    uint64_t begun = rf_now_ms(rf_clock_real());
    assert_err(rf_media_leg_send(server, leg, &remote, &out, NULL), RF_OK);
    unsigned n = 0;
    while (rf_now_ms(rf_clock_real()) - begun < 400)
        if (recv(fd, packet, sizeof packet, 0) == 12 + 160 + 16)
            n++;
        else
            usleep(1000);
    uint64_t took = rf_now_ms(rf_clock_real()) - begun;
    assert_true(n >= 5); /* a busy machine leaves ticks out */
    assert_true(n <= took / 20 + 2);
    rf_media_leg_ask(server, leg);
    while (real.n[RF_MEDIA_LEG_STATS] == 0) {
        assert_true(rf_mailbox_wait(events, 20000));
        rf_mailbox_run(events, &real);
    }
    assert_true(real.stats.media.sent_packets >= n);
    rf_media_server_stop(server); /* closes it */
    rf_mailbox_run(events, &real);
    assert_int_equal(real.n[RF_MEDIA_LEG_CLOSED], 1);
    rf_mailbox_free(events);
    rf_media_server_stop(NULL);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sec_77_a_flipped_bit_is_dropped_and_counted),
        cmocka_unit_test(sec_77_a_replayed_packet_is_dropped_and_counted),
        cmocka_unit_test(a_doubled_packet_in_the_clear_is_late),
        cmocka_unit_test(sec_77_a_packet_under_the_old_key_is_dropped_and_counted),
        cmocka_unit_test(sec_77_a_packet_in_the_clear_is_dropped_where_there_is_a_key),
        cmocka_unit_test(sec_77_a_key_is_never_used_again),
        cmocka_unit_test(clear_legs_may_begin_again),
        cmocka_unit_test(a_new_key_comes_with_a_new_source),
        cmocka_unit_test(what_comes_before_the_address_is_only_counted),
        cmocka_unit_test(speech_from_elsewhere_is_refused),
        cmocka_unit_test(a_free_port_is_settled_by_the_first_good_packet),
        cmocka_unit_test(what_is_no_speech_of_the_codec_is_refused),
        cmocka_unit_test(a_mirror_is_refused),
        cmocka_unit_test(a_flood_harms_only_its_own_leg),
        cmocka_unit_test(reports_go_both_ways_under_the_key),
        cmocka_unit_test(sec_77_a_spoiled_or_replayed_report_is_dropped_and_counted),
        cmocka_unit_test(a_report_of_another_source_or_host_is_refused),
        cmocka_unit_test(a_leg_begins_with_silence),
        cmocka_unit_test(music_has_no_end_and_comes_sample_for_sample),
        cmocka_unit_test(an_empty_clip_is_silence),
        cmocka_unit_test(a_leg_on_hold_is_out_of_its_mix),
        cmocka_unit_test(a_leg_outside_a_mix_counts_what_comes),
        cmocka_unit_test(ipv6_works_too),
        cmocka_unit_test(ticks_left_out_are_silence_on_the_wire),
        cmocka_unit_test(legs_are_bounded),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(an_address_is_tried_before_anybody_relies_on_it),
        cmocka_unit_test(a_server_that_is_busy_takes_no_more),
        cmocka_unit_test(what_is_gone_is_ignored),
        cmocka_unit_test(a_leg_that_stops_sending_is_silent_and_deaf),
        cmocka_unit_test(the_server_counts_for_all_its_legs),
        cmocka_unit_test(packets_leave_every_20_ms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
