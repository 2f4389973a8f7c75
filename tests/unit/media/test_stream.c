/* SPDX-License-Identifier: Apache-2.0 */
/* Calls over the loopback, and the life of a stream. What is refused: test_refused.c. */
#include "media/g711.h"
#include "media_ends.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- calls --- */

static void check_call(enum rf_media_suite suite)
{
    struct end a, b;
    struct rf_media_clip *ada = speech("ada.wav"), *ben = speech("ben.wav");
    struct rf_media_key to_a = new_key(suite, 1), to_b = new_key(suite, 99);
    end_begin(&a, &media_fast);
    end_begin(&b, &media_fast);
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

static void speech_over_the_other_suites_and_in_the_clear(void **state)
{
    (void)state;
    check_call(RF_MEDIA_AEAD_AES_128_GCM);
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
    end_begin(&a, &media_fast);
    end_begin(&b, &media_fast);
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

/* --- life --- */

static void a_stream_that_is_stopped_hears_nothing(void **state)
{
    (void)state;
    struct end a, b;
    struct rf_media_key key = new_key(RF_MEDIA_CLEAR, 0);
    end_begin(&a, &media_fast);
    end_begin(&b, &media_fast);
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
    end_begin(&a, &media_fast);
    end_begin(&b, &media_fast);
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
    assert_err(rf_media_start_tuned(&media_fast, &media, NULL), RF_OK);
    for (unsigned i = 0; i < MANY; i++) {
        struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, (uint8_t)i);
        conf.number = i;
        assert_err(rf_media_open(media, &conf, &id[i], &port[i], NULL), RF_OK);
        assert_err(rf_media_receive(media, id[i], RF_MEDIA_PCMU, &key, NULL), RF_OK);
    }
    for (unsigned i = 0; i < MANY; i++) {
        struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, (uint8_t)i);
        assert_err(rf_media_send(media, id[(i + 1) % MANY], "127.0.0.1", port[i], RF_MEDIA_PCMU,
                                 &key, clip, 0, NULL),
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
    assert_refused(rf_media_send(a.media, a.stream, "phone", 1, RF_MEDIA_PCMU, &key, NULL, 0, &why),
                   RF_ERR_BAD, why, "media-address");
    why = (struct rf_why){0};
    assert_refused(
        rf_media_send(a.media, a.stream, "127.0.0.1", 0, RF_MEDIA_PCMU, &key, NULL, 0, &why),
        RF_ERR_BAD, why, "media-address");
    assert_err(
        rf_media_send(a.media, a.stream, "127.0.0.1", a.port, RF_MEDIA_PCMU, &key, NULL, 0, NULL),
        RF_OK);
    end_end(&a);
}

/* Each may be tried again: nothing was made, and no port is held. */
static void a_thread_that_is_busy_takes_no_more(void **state)
{
    (void)state;
    static const struct rf_media_tuning full = {.speed = 1};
    struct end a = {.events = rf_mailbox_new("test", 64)};
    struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 1);
    struct rf_media_clip *clip = frames(1);
    struct rf_media_conf conf = conf_of(&a);
    struct rf_why why = {0};
    assert_err(rf_media_start_tuned(&full, &a.media, &why), RF_OK);
    int free_fd = dup(rf_mailbox_fd(a.events));
    close(free_fd);
    assert_refused(rf_media_open(a.media, &conf, &a.stream, &a.port, &why), RF_ERR_AGAIN, why,
                   "media-busy");
    assert_int_equal(a.stream, 0);
    assert_int_equal(a.port, 0);
    int still_free_fd = dup(rf_mailbox_fd(a.events));
    close(still_free_fd);
    assert_int_equal(still_free_fd, free_fd);
    why = (struct rf_why){0};
    assert_refused(rf_media_receive(a.media, 1, RF_MEDIA_PCMU, &key, &why), RF_ERR_AGAIN, why,
                   "media-busy");
    why = (struct rf_why){0};
    assert_refused(rf_media_send(a.media, 1, "127.0.0.1", 9, RF_MEDIA_PCMU, &key, clip, 0, &why),
                   RF_ERR_AGAIN, why, "media-busy");
    rf_media_close(a.media, 1); /* never refused */
    rf_media_clip_unref(clip);
    end_end(&a);
}

/* A reader that does not keep up misses RF_MEDIA_REFUSED; the last event has its numbers. */
static void a_full_mailbox_loses_no_numbers(void **state)
{
    (void)state;
    struct end a;
    struct relay r;
    struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 1);
    struct rf_mailbox *full = rf_mailbox_new("full", 0);
    end_begin(&a, NULL);
    close_and_wait(&a);
    struct rf_media_conf conf = conf_of(&a);
    conf.events_to = full;
    assert_err(rf_media_open(a.media, &conf, &a.stream, &a.port, NULL), RF_OK);
    receive(&a, &key);
    relay_begin(&r);
    r.to = a.port;
    relay_send(&r, (const uint8_t *)"no RTP", 6);
    rf_media_close(a.media, a.stream);
    assert_true(rf_mailbox_wait(full, WAIT_MS));
    rf_mailbox_run(full, &a);
    assert_int_equal(a.n[RF_MEDIA_REFUSED], 0);
    assert_int_equal(a.n[RF_MEDIA_CLOSED], 2);
    assert_int_equal(a.stats.refused_format, 1);
    relay_end(&r);
    rf_mailbox_free(full);
    end_end(&a);
}

static void packets_carry_the_tos_byte(void **state)
{
    (void)state;
    struct end a;
    struct relay r;
    struct rf_media_key key = new_key(RF_MEDIA_CLEAR, 0);
    int on = 1;
    uint8_t packet[RF_MEDIA_PACKET_MAX];
    _Alignas(struct cmsghdr) uint8_t control[64];
    struct iovec io = {.iov_base = packet, .iov_len = sizeof packet};
    struct msghdr msg = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    end_begin(&a, NULL);
    relay_begin(&r);
    assert_int_equal(setsockopt(r.fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on), 0);
    send_to(&a, r.port, &key, NULL);
    assert_int_equal(recvmsg(r.fd, &msg, 0), 172);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    assert_non_null(c);
    assert_int_equal(c->cmsg_type, IP_TOS);
    assert_int_equal(*CMSG_DATA(c), 0xb8);
    assert_int_equal(packet[0], 0x80);
    assert_int_equal(packet[1], 0x80); /* the marker: speech begins */
    relay_end(&r);
    end_end(&a);
}

/* Both ways, under the keys of speech; the one about the other says what was lost. */
static void reports_go_beside_speech(void **state)
{
    (void)state;
    static const enum rf_media_suite suites[] = {RF_MEDIA_CLEAR, RF_MEDIA_AES_CM_128_HMAC_SHA1_32,
                                                 RF_MEDIA_AEAD_AES_128_GCM};
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        struct end a, b;
        struct rf_media_key to_a = new_key(suites[i], 1), to_b = new_key(suites[i], 99);
        end_begin(&a, &media_fast);
        end_begin(&b, &media_fast);
        assert_int_equal(a.port % 2, 0);
        receive(&a, &to_a);
        receive(&b, &to_b);
        send_to(&a, b.port, &to_b, NULL);
        send_to(&b, a.port, &to_a, NULL);
        for (uint64_t until = now_ms() + WAIT_MS;
             a.stats.rtcp_received == 0 || b.stats.rtcp_received == 0;) {
            assert_true(now_ms() < until);
            ask(&a, &b, NULL);
            ask(&b, &a, NULL);
        }
        ask(&a, &b, NULL); /* the other may have been asked before it sent */
        ask(&b, &a, NULL);
        assert_true(a.stats.rtcp_sent > 0 && b.stats.rtcp_sent > 0);
        assert_int_equal(a.stats.rtcp_refused + b.stats.rtcp_refused, 0);
        assert_int_equal(rf_media_refused(&a.stats) + rf_media_refused(&b.stats), 0);
        assert_int_equal(a.stats.far_lost + b.stats.far_lost, 0);
        end_end(&a);
        end_end(&b);
    }
}

/* What is no report of the source that is heard. */
static void other_reports_are_refused(void **state)
{
    (void)state;
    struct end a;
    struct relay r;
    struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_80, 1);
    static const uint8_t report[] = {0x80, 201, 0, 1, 1, 2, 3, 4};
    end_begin(&a, NULL);
    relay_begin(&r);
    receive(&a, &key);
    r.to = (uint16_t)(a.port + 1);
    relay_send(&r, report, sizeof report);
    relay_send(&r, report, 3);
    for (uint64_t until = now_ms() + WAIT_MS; a.stats.rtcp_refused < 2;) {
        assert_true(now_ms() < until);
        ask(&a, NULL, NULL);
    }
    assert_int_equal(a.stats.rtcp_received, 0);
    assert_int_equal(rf_media_refused(&a.stats), 0); /* they are no speech */
    relay_end(&r);
    end_end(&a);
}

static void ipv6_works_too(void **state)
{
    (void)state;
    struct end a;
    struct rf_media_key key = new_key(RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 1);
    end_begin(&a, NULL);
    close_and_wait(&a);
    struct rf_media_conf conf = conf_of(&a);
    conf.local = "::1";
    enum rf_err err = rf_media_open(a.media, &conf, &a.stream, &a.port, NULL);
    if (err == RF_ERR_IO) { /* a machine without IPv6 */
        end_end(&a);
        skip();
    }
    assert_err(err, RF_OK);
    receive(&a, &key);
    struct end b = {.media = a.media, .events = rf_mailbox_new("other", 64), .heard = RF_BUF(1)};
    conf.events_to = b.events;
    assert_err(rf_media_open(b.media, &conf, &b.stream, &b.port, NULL), RF_OK);
    assert_err(
        rf_media_send(b.media, b.stream, "::1", a.port, RF_MEDIA_PCMU, &key, NULL, 0xb8, NULL),
        RF_OK);
    wait_for(&a, &b, NULL, &a.n[RF_MEDIA_FIRST_AUDIO], 1);
    close_and_wait(&b);
    rf_mailbox_free(b.events);
    rf_buf_fini(&b.heard);
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
        cmocka_unit_test(speech_over_the_other_suites_and_in_the_clear),
        cmocka_unit_test(packets_leave_every_20_ms),
        cmocka_unit_test(a_clip_that_ends_within_a_frame_is_filled_with_silence),
        cmocka_unit_test(a_stream_that_is_stopped_hears_nothing),
        cmocka_unit_test(a_second_send_begins_the_clip_again),
        cmocka_unit_test(what_is_gone_is_ignored),
        cmocka_unit_test(stopping_closes_all),
        cmocka_unit_test(many_streams_share_the_thread),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(a_thread_that_is_busy_takes_no_more),
        cmocka_unit_test(a_full_mailbox_loses_no_numbers),
        cmocka_unit_test(packets_carry_the_tos_byte),
        cmocka_unit_test(reports_go_beside_speech),
        cmocka_unit_test(other_reports_are_refused),
        cmocka_unit_test(ipv6_works_too),
        cmocka_unit_test(a_clip_above_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
