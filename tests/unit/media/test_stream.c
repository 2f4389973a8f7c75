/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over the loopback. Between two of them stands a relay of the test's own, which may lose,
 * change or repeat packets. */
#include "media/g711.h"
#include "media/media_int.h"
#include "media/wav.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 20000 /* a machine that is busy; no test waits this long */

/* A clock that runs eight times as fast, and makes up for any stall: six seconds of speech take
 * less than one. */
static const struct rf_media_tuning fast = {.speed = 8, .stall_ms = UINT64_MAX};

static uint64_t now_ms(void)
{
    return rf_now_ms(rf_clock_real());
}

/* --- one end of a call --- */

struct end {
    struct rf_media *media;
    struct rf_mailbox *events;
    rf_media_id stream;
    uint16_t port;
    unsigned n[RF_MEDIA_CLOSED + 1]; /* events */
    struct rf_media_stats stats;     /* of the last one */
    const char *reason;              /* of the last one refused */
    struct rf_buf heard;
};

static void on_event(void *reader, const struct rf_media_event *event)
{
    struct end *e = reader;
    if (e == NULL)
        return;
    assert_int_equal(event->stream, e->stream);
    assert_int_equal(event->number, 77);
    e->n[event->kind]++;
    e->stats = event->stats;
    if (event->reason != NULL)
        e->reason = event->reason;
    if (event->kind == RF_MEDIA_CLOSED)
        assert_err(rf_buf_add_slice(&e->heard, event->ulaw), RF_OK);
    else
        assert_int_equal(event->ulaw.len, 0);
}

static struct rf_media_conf conf_of(struct end *e)
{
    return (struct rf_media_conf){.local = "127.0.0.1",
                                  .record_max = 1024 * 1024,
                                  .events_to = e->events,
                                  .on_event = on_event,
                                  .number = 77};
}

static void end_begin(struct end *e, const struct rf_media_tuning *tuning)
{
    struct rf_why why = {0};
    *e = (struct end){.heard = RF_BUF(RF_MEDIA_RECORD_MAX)};
    e->events = rf_mailbox_new("test", 64);
    assert_err(tuning != NULL ? rf_media_start_tuned(tuning, &e->media, &why)
                              : rf_media_start(&e->media, &why),
               RF_OK);
    struct rf_media_conf conf = conf_of(e);
    assert_err(rf_media_open(e->media, &conf, &e->stream, &e->port, &why), RF_OK);
    assert_true(e->stream != 0 && e->port != 0);
}

static void end_end(struct end *e)
{
    rf_media_stop(e->media);
    rf_mailbox_free(e->events);
    rf_buf_fini(&e->heard);
}

/* --- the relay --- */

struct relay {
    int fd;
    uint16_t port;
    uint16_t to;
    unsigned n; /* packets seen */
    /* What is passed on in place of a packet; may send others before. NULL: all as it is. */
    void (*handle)(struct relay *r, uint8_t *packet, size_t len);
    uint8_t kept[RF_MEDIA_PACKET_MAX];
    size_t kept_len;
};

static void relay_begin(struct relay *r)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    *r = (struct relay){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    assert_true(r->fd >= 0);
    assert_int_equal(bind(r->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(r->fd, (struct sockaddr *)&at, &len), 0);
    r->port = ntohs(at.sin_port);
}

static void relay_send(struct relay *r, const uint8_t *packet, size_t len)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(r->to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(sendto(r->fd, packet, len, 0, (struct sockaddr *)&to, sizeof to), len);
}

static void relay_turn(struct relay *r)
{
    uint8_t packet[RF_MEDIA_PACKET_MAX];
    ssize_t n;
    while ((n = recv(r->fd, packet, sizeof packet, MSG_DONTWAIT)) >= 0) {
        r->n++;
        if (r->handle != NULL)
            r->handle(r, packet, (size_t)n);
        else
            relay_send(r, packet, (size_t)n);
    }
}

/* Run events of one or two ends, and the relay, until the counter is reached. */
static void wait_for(struct end *a, struct end *b, struct relay *r, const unsigned *counter,
                     unsigned want)
{
    uint64_t until = now_ms() + WAIT_MS;
    while (*counter < want) {
        struct pollfd p[3] = {{.fd = rf_mailbox_fd(a->events), .events = POLLIN},
                              {.fd = b != NULL ? rf_mailbox_fd(b->events) : -1, .events = POLLIN},
                              {.fd = r != NULL ? r->fd : -1, .events = POLLIN}};
        assert_true(now_ms() < until);
        (void)poll(p, 3, 100);
        rf_mailbox_run(a->events, a);
        if (b != NULL)
            rf_mailbox_run(b->events, b);
        if (r != NULL)
            relay_turn(r);
    }
}

static void close_and_wait(struct end *e)
{
    rf_media_close(e->media, e->stream);
    wait_for(e, NULL, NULL, &e->n[RF_MEDIA_CLOSED], 1);
}

/* Stats of now, in e->stats. */
static void ask(struct end *e, struct end *other, struct relay *r)
{
    unsigned want = e->n[RF_MEDIA_STATS] + 1;
    rf_media_ask(e->media, e->stream);
    wait_for(e, other, r, &e->n[RF_MEDIA_STATS], want);
}

/* Ask until the end has this number of packets, taken or refused. */
static void wait_for_packets(struct end *e, struct relay *r, uint64_t want)
{
    uint64_t until = now_ms() + WAIT_MS;
    do {
        assert_true(now_ms() < until);
        ask(e, NULL, r);
    } while (e->stats.received_packets + e->stats.late + rf_media_refused(&e->stats) < want);
}

static struct rf_media_key new_key(enum rf_media_suite suite, uint8_t first)
{
    struct rf_media_key key = {.suite = suite};
    if (suite == RF_MEDIA_CLEAR)
        return key;
    for (uint8_t i = 0; i < sizeof key.master; i++)
        key.master[i] = (uint8_t)(first + 7 * i);
    for (uint8_t i = 0; i < sizeof key.salt; i++)
        key.salt[i] = (uint8_t)(first ^ (11 * i));
    return key;
}

static void receive(struct end *e, const struct rf_media_key *key)
{
    struct rf_why why = {0};
    assert_err(rf_media_receive(e->media, e->stream, key, &why), RF_OK);
}

static void send_to(struct end *e, uint16_t port, const struct rf_media_key *key,
                    struct rf_media_clip *clip)
{
    struct rf_why why = {0};
    assert_err(rf_media_send(e->media, e->stream, "127.0.0.1", port, key, clip, 0xb8, &why), RF_OK);
}

static struct rf_media_clip *speech(const char *name)
{
    struct rf_media_clip *clip;
    struct rf_why why = {0};
    char path[1024];
    const char *dir = getenv("RF_TEST_DATA");
    snprintf(path, sizeof path, "%s/speech/%s", dir != NULL ? dir : "tests/data", name);
    assert_err(rf_media_clip_load(path, &clip, &why), RF_OK);
    return clip;
}

/* Frames that differ. */
static struct rf_media_clip *frames(unsigned n)
{
    struct rf_media_clip *clip;
    uint8_t *bytes = malloc((size_t)n * RF_MEDIA_FRAME);
    assert_non_null(bytes);
    for (size_t i = 0; i < (size_t)n * RF_MEDIA_FRAME; i++)
        bytes[i] = (uint8_t)(i / RF_MEDIA_FRAME);
    assert_err(rf_media_clip_new(rf_slice_of(bytes, (size_t)n * RF_MEDIA_FRAME), &clip, NULL),
               RF_OK);
    free(bytes);
    return clip;
}

/* --- calls --- */

/* The recording is the other's clip, sample for sample, and then silence. */
static void assert_heard_clip(const struct end *e, const struct rf_media_clip *clip)
{
    struct rf_slice heard = rf_buf_slice(&e->heard);
    struct rf_slice said = rf_media_clip_ulaw(clip);
    assert_true(heard.len >= said.len);
    assert_slice_eq(rf_slice_part(heard, 0, said.len), said);
    for (size_t i = said.len; i < heard.len; i++)
        assert_int_equal(heard.p[i], RF_G711_SILENT);
}

static void check_call(enum rf_media_suite suite)
{
    struct end a, b;
    struct rf_media_clip *ada = speech("ada.wav"), *ben = speech("ben.wav");
    struct rf_media_key to_a = new_key(suite, 1), to_b = new_key(suite, 99);
    end_begin(&a, &fast);
    end_begin(&b, &fast);
    receive(&a, &to_a);
    receive(&b, &to_b);
    send_to(&a, b.port, &to_b, ada);
    send_to(&b, a.port, &to_a, ben);
    wait_for(&a, &b, NULL, &a.n[RF_MEDIA_CLIP_DONE], 1);
    wait_for(&a, &b, NULL, &b.n[RF_MEDIA_CLIP_DONE], 1);
    wait_for_packets(&a, NULL, rf_media_clip_ulaw(ben).len / RF_MEDIA_FRAME + 1);
    wait_for_packets(&b, NULL, rf_media_clip_ulaw(ada).len / RF_MEDIA_FRAME + 1);
    close_and_wait(&a);
    close_and_wait(&b);
    assert_heard_clip(&a, ben);
    assert_heard_clip(&b, ada);
    assert_int_equal(a.n[RF_MEDIA_FIRST_AUDIO], 1);
    assert_int_equal(b.n[RF_MEDIA_FIRST_AUDIO], 1);
    assert_int_equal(a.stats.lost + a.stats.late + rf_media_refused(&a.stats), 0);
    assert_int_equal(a.stats.clip_sent, rf_media_clip_ulaw(ada).len);
    assert_int_equal(a.stats.sent_octets, a.stats.sent_packets * RF_MEDIA_FRAME);
    assert_int_equal(a.stats.recorded, a.heard.len);
    end_end(&a);
    end_end(&b);
    rf_media_clip_unref(ada);
    rf_media_clip_unref(ben);
}

static void speech_over_srtp_arrives_sample_for_sample(void **state)
{
    (void)state;
    check_call(RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
}

static void speech_over_the_longer_tag_and_in_the_clear(void **state)
{
    (void)state;
    check_call(RF_MEDIA_AES_CM_128_HMAC_SHA1_80);
    check_call(RF_MEDIA_CLEAR);
}

/* With the real clock: no packet early, and the number is that of the time. */
static void packets_leave_every_20_ms(void **state)
{
    (void)state;
    struct end a, b;
    struct rf_media_key key = new_key(RF_MEDIA_CLEAR, 0);
    struct rf_media_clip *clip = frames(15);
    end_begin(&a, NULL);
    end_begin(&b, NULL);
    receive(&b, &key);
    uint64_t begun = now_ms();
    send_to(&a, b.port, &key, clip);
    wait_for(&a, &b, NULL, &a.n[RF_MEDIA_CLIP_DONE], 1);
    assert_true(now_ms() - begun >= 14 * RF_MEDIA_FRAME_MS);
    assert_int_equal(a.stats.clip_sent, 15 * RF_MEDIA_FRAME);
    rf_media_send_stop(a.media, a.stream);
    ask(&a, NULL, NULL);
    assert_true(a.stats.sent_packets <= (now_ms() - begun) / RF_MEDIA_FRAME_MS + 1);
    wait_for_packets(&b, NULL, a.stats.sent_packets);
    close_and_wait(&b);
    assert_heard_clip(&b, clip);
    rf_media_clip_unref(clip);
    end_end(&a);
    end_end(&b);
}

static void a_clip_that_ends_within_a_frame_is_filled_with_silence(void **state)
{
    (void)state;
    struct end a, b;
    struct rf_media_key key = new_key(RF_MEDIA_CLEAR, 0);
    struct rf_media_clip *clip;
    uint8_t said[200] = {0};
    assert_err(rf_media_clip_new(rf_slice_of(said, sizeof said), &clip, NULL), RF_OK);
    end_begin(&a, &fast);
    end_begin(&b, &fast);
    receive(&b, &key);
    send_to(&a, b.port, &key, clip);
    rf_media_clip_unref(clip); /* the stream has its own */
    wait_for(&a, &b, NULL, &a.n[RF_MEDIA_CLIP_DONE], 1);
    wait_for_packets(&b, NULL, 3);
    close_and_wait(&b);
    assert_memory_equal(b.heard.p, said, sizeof said);
    for (size_t i = sizeof said; i < b.heard.len; i++)
        assert_int_equal(b.heard.p[i], RF_G711_SILENT);
    end_end(&a);
    end_end(&b);
}

/* --- between them, a relay --- */

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
    end_begin(&t->a, &fast);
    end_begin(&t->b, &fast);
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
    close(t->relay.fd);
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
    uint64_t took = (now_ms() - begun) * fast.speed;
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
    end_begin(&a, &fast);
    end_begin(&b, &fast);
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
    close(mirror.fd);
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

/* --- life --- */

static void a_stream_that_is_stopped_hears_nothing(void **state)
{
    (void)state;
    struct end a, b;
    struct rf_media_key key = new_key(RF_MEDIA_CLEAR, 0);
    end_begin(&a, &fast);
    end_begin(&b, &fast);
    receive(&b, &key);
    send_to(&a, b.port, &key, NULL);
    wait_for(&a, &b, NULL, &b.n[RF_MEDIA_FIRST_AUDIO], 1);
    rf_media_receive_stop(b.media, b.stream);
    ask(&b, NULL, NULL);
    uint64_t before = b.stats.received_packets;
    ask(&a, NULL, NULL);
    uint64_t sent = a.stats.sent_packets;
    do
        ask(&a, NULL, NULL);
    while (a.stats.sent_packets < sent + 5);
    ask(&b, NULL, NULL);
    assert_int_equal(b.stats.received_packets, before);
    assert_int_equal(rf_media_refused(&b.stats), 0);
    receive(&b, &key); /* the twin */
    wait_for(&a, &b, NULL, &b.n[RF_MEDIA_FIRST_AUDIO], 2);
    close_and_wait(&b);
    assert_int_equal(b.heard.len, b.stats.recorded);
    end_end(&a);
    end_end(&b);
}

static void a_second_send_begins_the_clip_again(void **state)
{
    (void)state;
    struct end a, b;
    struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 1);
    struct rf_media_clip *clip = frames(3);
    end_begin(&a, &fast);
    end_begin(&b, &fast);
    for (unsigned i = 1; i <= 2; i++) {
        receive(&b, &key); /* another source */
        send_to(&a, b.port, &key, clip);
        wait_for(&a, &b, NULL, &a.n[RF_MEDIA_CLIP_DONE], i);
        wait_for(&a, &b, NULL, &b.n[RF_MEDIA_FIRST_AUDIO], i);
    }
    ask(&a, NULL, NULL);
    assert_int_equal(a.stats.clip_sent, 6 * RF_MEDIA_FRAME);
    rf_media_clip_unref(clip);
    end_end(&a);
    end_end(&b);
}

static void what_is_gone_is_ignored(void **state)
{
    (void)state;
    struct end a;
    struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 1);
    end_begin(&a, NULL);
    close_and_wait(&a);
    receive(&a, &key);
    send_to(&a, a.port, &key, NULL);
    rf_media_receive_stop(a.media, a.stream);
    rf_media_send_stop(a.media, a.stream);
    rf_media_ask(a.media, a.stream);
    rf_media_close(a.media, a.stream);
    rf_media_close(a.media, 0);
    end_end(&a);
}

struct closed {
    unsigned n;
    rf_media_id ids[2];
};

static void on_closed(void *reader, const struct rf_media_event *event)
{
    struct closed *c = reader;
    assert_int_equal(event->kind, RF_MEDIA_CLOSED);
    assert_true(c->n < 2);
    c->ids[c->n++] = event->stream;
}

/* The events of streams that were still open are in the mailbox when the thread has ended. */
static void stopping_closes_all(void **state)
{
    (void)state;
    struct rf_media *media;
    struct rf_mailbox *events = rf_mailbox_new("test", 64);
    struct rf_media_conf conf = {.local = "127.0.0.1", .events_to = events, .on_event = on_closed};
    struct closed closed = {0};
    rf_media_id one, two;
    uint16_t port_one, port_two;
    assert_err(rf_media_start(&media, NULL), RF_OK);
    assert_err(rf_media_open(media, &conf, &one, &port_one, NULL), RF_OK);
    assert_err(rf_media_open(media, &conf, &two, &port_two, NULL), RF_OK);
    assert_true(one != two && port_one != port_two);
    rf_media_close(media, two);
    rf_media_stop(media);
    assert_int_equal(rf_mailbox_run(events, &closed), 2);
    assert_int_equal(closed.ids[0], two);
    assert_int_equal(closed.ids[1], one);
    rf_mailbox_free(events);
    rf_media_stop(NULL);
}

#define MANY 60

struct many {
    unsigned closed, ready;
    bool is_ready[MANY]; /* has heard all of the clip */
    struct rf_slice said;
};

static void on_many(void *reader, const struct rf_media_event *event)
{
    struct many *m = reader;
    if (event->kind == RF_MEDIA_STATS && event->stats.recorded >= m->said.len &&
        !m->is_ready[event->number]) {
        m->is_ready[event->number] = true;
        m->ready++;
    }
    if (event->kind != RF_MEDIA_CLOSED)
        return;
    m->closed++;
    assert_slice_eq(rf_slice_part(event->ulaw, 0, m->said.len), m->said);
    assert_int_equal(event->stats.lost + rf_media_refused(&event->stats), 0);
}

/* Each speaks to the next, in a ring, under a key of its own. */
static void many_streams_share_the_thread(void **state)
{
    (void)state;
    struct rf_media *media;
    struct rf_mailbox *events = rf_mailbox_new("test", 1024);
    struct rf_media_conf conf = {
        .local = "127.0.0.1", .record_max = 65536, .events_to = events, .on_event = on_many};
    struct rf_media_clip *clip = frames(10);
    struct many many = {.said = rf_media_clip_ulaw(clip)};
    rf_media_id id[MANY];
    uint16_t port[MANY];
    assert_err(rf_media_start_tuned(&fast, &media, NULL), RF_OK);
    for (unsigned i = 0; i < MANY; i++) {
        struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, (uint8_t)i);
        conf.number = i;
        assert_err(rf_media_open(media, &conf, &id[i], &port[i], NULL), RF_OK);
        assert_err(rf_media_receive(media, id[i], &key, NULL), RF_OK);
    }
    for (unsigned i = 0; i < MANY; i++) {
        struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, (uint8_t)i);
        assert_err(
            rf_media_send(media, id[(i + 1) % MANY], "127.0.0.1", port[i], &key, clip, 0, NULL),
            RF_OK);
    }
    for (uint64_t until = now_ms() + WAIT_MS; many.ready < MANY;) {
        assert_true(now_ms() < until);
        for (unsigned i = 0; i < MANY; i++)
            if (!many.is_ready[i])
                rf_media_ask(media, id[i]);
        rf_mailbox_wait(events, 100);
        rf_mailbox_run(events, &many);
    }
    for (unsigned i = 0; i < MANY; i++)
        rf_media_close(media, id[i]);
    rf_media_stop(media);
    rf_mailbox_run(events, &many);
    assert_int_equal(many.closed, MANY);
    rf_media_clip_unref(clip);
    rf_mailbox_free(events);
}

static void what_cannot_be_opened_says_why(void **state)
{
    (void)state;
    struct end a;
    struct rf_media_key key = new_key(RF_MEDIA_CLEAR, 0);
    end_begin(&a, NULL);
    static const struct {
        const char *local;
        enum rf_err err;
        const char *code;
    } rows[] = {
        {"127.0.0.1", RF_OK, ""},
        {"localhost", RF_ERR_BAD, "media-address"},
        {"", RF_ERR_BAD, "media-address"},
        {NULL, RF_ERR_BAD, "media-address"},
        {"192.0.2.1", RF_ERR_IO, "media-socket"}, /* not ours */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_media_conf conf = conf_of(&a);
        struct rf_why why = {0};
        rf_media_id id;
        uint16_t port;
        conf.local = rows[i].local;
        assert_refused(rf_media_open(a.media, &conf, &id, &port, &why), rows[i].err, why,
                       rows[i].code);
        assert_int_equal(id != 0, rows[i].err == RF_OK);
        if (id != 0)
            a.stream = id;
    }
    struct rf_why why = {0};
    assert_refused(rf_media_send(a.media, a.stream, "phone", 1, &key, NULL, 0, &why), RF_ERR_BAD,
                   why, "media-address");
    why = (struct rf_why){0};
    assert_refused(rf_media_send(a.media, a.stream, "127.0.0.1", 0, &key, NULL, 0, &why),
                   RF_ERR_BAD, why, "media-address");
    assert_err(rf_media_send(a.media, a.stream, "127.0.0.1", a.port, &key, NULL, 0, NULL), RF_OK);
    end_end(&a);
}

static void a_clip_above_the_limit_is_refused(void **state)
{
    (void)state;
    struct rf_media_clip *clip;
    struct rf_why why = {0};
    assert_refused(
        rf_media_clip_new(rf_slice_of("x", (size_t)RF_MEDIA_RECORD_MAX + 1), &clip, &why),
        RF_ERR_LIMIT, why, "media-clip");
    assert_null(clip);
    why = (struct rf_why){0};
    assert_err(rf_media_clip_load("/nowhere/x.wav", &clip, &why), RF_ERR_NOT_FOUND);
    assert_null(clip);
    assert_int_equal(rf_media_clip_ulaw(NULL).len, 0);
    assert_err(rf_media_clip_new(rf_slice_of("x", 1), &clip, NULL), RF_OK);
    struct rf_media_clip *second = rf_media_clip_ref(clip);
    rf_media_clip_unref(clip);
    assert_slice_str(rf_media_clip_ulaw(second), "x");
    rf_media_clip_unref(second);
    rf_media_clip_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_over_srtp_arrives_sample_for_sample),
        cmocka_unit_test(speech_over_the_longer_tag_and_in_the_clear),
        cmocka_unit_test(packets_leave_every_20_ms),
        cmocka_unit_test(a_clip_that_ends_within_a_frame_is_filled_with_silence),
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
        cmocka_unit_test(a_stream_that_is_stopped_hears_nothing),
        cmocka_unit_test(a_second_send_begins_the_clip_again),
        cmocka_unit_test(what_is_gone_is_ignored),
        cmocka_unit_test(stopping_closes_all),
        cmocka_unit_test(many_streams_share_the_thread),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(a_clip_above_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
