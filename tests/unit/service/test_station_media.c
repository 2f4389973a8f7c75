/* SPDX-License-Identifier: Apache-2.0 */
/* Media of the SCCP phone: keys and where they may come from, streams it does not open, statistics,
 * calls that outlive their link. */
#include "station_world.h"

#include <arpa/inet.h>

static void connects(struct world *w)
{
    struct rf_why why = {0};
    rings(w);
    assert_err(rf_station_answer(w->st, &why), RF_OK);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    forget(w);
}

static void assert_key(const struct rf_media_key *got, const struct rf_sccp_media_key *want)
{
    assert_int_equal(got->suite, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
    assert_memory_equal(got->master, want->key, 16);
    assert_memory_equal(got->salt, want->salt, 14);
}

/* ---- streams as they should be ---- */

static void both_ways(unsigned version)
{
    struct world *w = world_new(version);
    struct rf_sccp_media_key in = some_key(1), out = some_key(2);
    connects(w);
    opens_receive(w, REF, &in);
    struct rf_sccp_open_receive_channel_ack ack =
        expect(w, RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK)->open_receive_channel_ack;
    assert_int_equal(ack.status, RF_SCCP_MEDIA_OK);
    assert_int_equal(ack.addr.type, 0);
    assert_memory_equal(ack.addr.ip, "\x0a\x01\x02\x03", 4); /* its link's own address */
    assert_int_equal(ack.port, 24002);
    assert_int_equal(ack.pass_through_party_id, REF ^ 0xffffffffu);
    assert_int_equal(ack.call_reference, REF);
    assert_int_equal(w->n_streams, 1);
    assert_string_equal(w->streams[0].conf.local, "10.1.2.3");
    assert_int_equal(w->streams[0].conf.record_max, 1000);
    assert_key(&w->streams[0].receive_key, &in);
    const struct seen_event *e = expect_event(w, RF_STATION_RECEIVING);
    assert_string_equal(e->suite, "AES_CM_128_HMAC_SHA1_32");
    assert_int_equal(e->event.port, 24002);

    starts_send(w, REF, &out);
    assert_int_equal(w->n_streams, 1); /* one port for both directions */
    assert_key(&w->streams[0].send_key, &out);
    assert_string_equal(w->streams[0].remote, "10.1.2.4");
    assert_int_equal(w->streams[0].remote_port, 24680);
    assert_int_equal(w->streams[0].tos, 0xb8);
    e = expect_event(w, RF_STATION_SENDING);
    assert_string_equal(e->remote, "10.1.2.4");
    assert_int_equal(e->event.port, 24680);
    if (w->version >= 17)
        assert_int_equal(
            expect(w, RF_SCCP_START_MEDIA_TRANSMISSION_ACK)->start_media_transmission_ack.status,
            RF_SCCP_MEDIA_OK);
    else
        expect_none(w, RF_SCCP_START_MEDIA_TRANSMISSION_ACK);

    media_says(w, 0, RF_MEDIA_FIRST_AUDIO);
    expect_event(w, RF_STATION_FIRST_AUDIO);
    media_says(w, 0, RF_MEDIA_REFUSED);
    assert_string_equal(expect_event(w, RF_STATION_PACKETS_REFUSED)->event.reason, "srtp-tag");
    media_says(w, 0, RF_MEDIA_CLIP_DONE);
    expect_event(w, RF_STATION_CLIP_DONE);

    stops(w, RF_SCCP_STOP_MEDIA_TRANSMISSION, REF);
    assert_false(w->streams[0].is_sending || w->streams[0].is_closing);
    assert_true(w->streams[0].is_receiving);
    stops(w, RF_SCCP_CLOSE_RECEIVE_CHANNEL, REF);
    assert_true(w->streams[0].is_closing);
    media_says(w, 0, RF_MEDIA_CLOSED);
    e = expect_event(w, RF_STATION_MEDIA_ENDED);
    assert_int_equal(e->event.stats.sent_packets, 500);
    assert_int_equal(e->event.ref, REF);
    world_free(w);
}

static void streams_both_ways_sec_75(void **state)
{
    both_ways(22);
    both_ways(17);
    both_ways(11);
    both_ways(3);
}

static void second_open_replaces_the_first(void **state)
{
    struct world *w = world_new(22);
    struct rf_sccp_media_key one = some_key(1), two = some_key(2);
    connects(w);
    opens_receive(w, REF, &one);
    opens_receive(w, REF, &two);
    assert_int_equal(w->n_streams, 1);
    assert_int_equal(w->streams[0].receives, 2);
    assert_key(&w->streams[0].receive_key, &two);
    expect(w, RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK);
    assert_int_equal(expect(w, RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK)->open_receive_channel_ack.port,
                     24002);
    world_free(w);
}

static void sending_without_receiving(void **state)
{
    struct world *w = world_new(22);
    struct rf_sccp_media_key key = some_key(1);
    connects(w);
    starts_send(w, REF, &key);
    assert_true(w->streams[0].is_sending);
    assert_false(w->streams[0].is_receiving);
    stops(w, RF_SCCP_CLOSE_RECEIVE_CHANNEL, REF); /* nothing was open that way */
    assert_true(w->streams[0].is_sending);
    stops(w, RF_SCCP_STOP_MEDIA_TRANSMISSION, REF + 1); /* another call's */
    assert_true(w->streams[0].is_sending);
    stops(w, RF_SCCP_STOP_MEDIA_TRANSMISSION, REF);
    assert_true(w->streams[0].is_closing);
    world_free(w);
}

/* One that was replaced in the same call, which the word for it is late for. */
static void a_late_close_is_of_the_stream_it_names(void **state)
{
    struct world *w = world_new(22);
    struct rf_sccp_media_key key = some_key(1);
    talks(w);
    opens_receive(w, REF, &key);
    struct rf_sccp_stop_media late = {
        .conference_id = REF, .pass_through_party_id = 7, .call_reference = REF};
    says(w,
         &(struct rf_sccp_msg){.id = RF_SCCP_CLOSE_RECEIVE_CHANNEL, .close_receive_channel = late});
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_STOP_MEDIA_TRANSMISSION,
                                  .stop_media_transmission = late});
    assert_true(w->streams[0].is_receiving && w->streams[0].is_sending);
    stops(w, RF_SCCP_CLOSE_RECEIVE_CHANNEL, REF);
    assert_false(w->streams[0].is_receiving);
    stops(w, RF_SCCP_STOP_MEDIA_TRANSMISSION, REF);
    assert_true(w->streams[0].is_closing);
    world_free(w);
}

static void own_ipv6_address(void **state)
{
    struct world *w = world_new(22);
    struct rf_sccp_media_key key = some_key(1);
    uint8_t want[16];
    w->net.local = "2001:db8::7";
    connects(w);
    opens_receive(w, REF, &key);
    struct rf_sccp_addr addr =
        expect(w, RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK)->open_receive_channel_ack.addr;
    assert_int_equal(addr.type, 1);
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::7", want), 1);
    assert_memory_equal(addr.ip, want, 16);
    world_free(w);
}

/* ---- what it does not open ---- */

static void expect_no_receiver(struct world *w, uint32_t status, const char *code)
{
    struct rf_sccp_open_receive_channel_ack ack =
        expect(w, RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK)->open_receive_channel_ack;
    assert_int_equal(ack.status, status);
    assert_int_equal(ack.port, 0);
    assert_string_equal(expect_event(w, RF_STATION_MEDIA_REFUSED)->event.why.code, code);
    for (size_t i = 0; i < w->n_streams; i++)
        assert_false(w->streams[i].is_receiving && !w->streams[i].is_closing);
}

static void expect_no_sender(struct world *w, uint32_t status, const char *code)
{
    if (w->version >= 17)
        assert_int_equal(
            expect(w, RF_SCCP_START_MEDIA_TRANSMISSION_ACK)->start_media_transmission_ack.status,
            status);
    else
        assert_int_equal(expect(w, RF_SCCP_MEDIA_TRANSMISSION_FAILURE)
                             ->media_transmission_failure.call_reference,
                         w->msg.media_transmission_failure.call_reference);
    assert_string_equal(expect_event(w, RF_STATION_MEDIA_REFUSED)->event.why.code, code);
    for (size_t i = 0; i < w->n_streams; i++)
        assert_false(w->streams[i].is_sending && !w->streams[i].is_closing);
}

/* Keys come over encrypted signalling or not at all. Its twins: the same link without a key, and
 * the same key over TLS. */
static void key_over_a_link_that_hides_nothing_sec_79(void **state)
{
    static const enum rf_station_mode modes[] = {RF_STATION_NON_SECURE, RF_STATION_AUTHENTICATED,
                                                 RF_STATION_ENCRYPTED};
    static const unsigned versions[] = {22, 11};
    struct rf_sccp_media_key key = some_key(1);
    for (size_t i = 0; i < 6; i++) {
        struct world *w = world_new(versions[i % 2]);
        enum rf_station_mode mode = modes[i / 2];
        w->conf.mode = mode;
        starts(w);
        w->link = net_last(&w->net);
        net_accept(w->link, ccm.cert, mode == RF_STATION_ENCRYPTED ? SUITE : NULL);
        acks_register(w);
        answers_questions(w);
        call_state(w, RF_SCCP_STATE_CONNECTED, REF);
        forget(w);
        opens_receive(w, REF, &key);
        if (mode == RF_STATION_ENCRYPTED) {
            assert_true(w->streams[0].is_receiving);
        } else {
            expect_no_receiver(w, RF_SCCP_MEDIA_UNKNOWN, "media-key-on-clear-link");
            starts_send(w, REF, &key);
            expect_no_sender(w, RF_SCCP_MEDIA_UNKNOWN, "media-key-on-clear-link");
            assert_int_equal(w->n_streams, 0);
            opens_receive(w, REF, NULL);
            starts_send(w, REF, NULL);
            assert_int_equal(w->streams[0].receive_key.suite, RF_MEDIA_CLEAR);
            assert_int_equal(w->streams[0].send_key.suite, RF_MEDIA_CLEAR);
        }
        world_free(w);
    }
}

static void keys_that_cannot_be(void **state)
{
    static const struct {
        uint32_t algorithm;
        uint16_t key_len, salt_len;
        const char *code; /* NULL: taken */
    } rows[] = {
        {1, 16, 14, NULL},
        {2, 16, 14, NULL},
        {5, 16, 12, NULL},
        {3, 16, 14, "srtp-algorithm"},
        {6, 16, 12, "srtp-algorithm"},
        {5, 16, 14, "srtp-key-length"},
        {0xffffffffu, 16, 14, "srtp-algorithm"},
        {1, 65535, 14, "srtp-key-length"},
        {1, 15, 14, "srtp-key-length"},
        {1, 16, 17, "srtp-key-length"},
        {1, 16, 0, "srtp-key-length"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new(22);
        struct rf_sccp_media_key key = some_key(1);
        key.algorithm = rows[i].algorithm;
        key.key_len = rows[i].key_len;
        key.salt_len = rows[i].salt_len;
        connects(w);
        opens_receive(w, REF, &key);
        if (rows[i].code == NULL) {
            static const enum rf_media_suite suites[] = {
                [1] = RF_MEDIA_AES_CM_128_HMAC_SHA1_32,
                [2] = RF_MEDIA_AES_CM_128_HMAC_SHA1_80,
                [5] = RF_MEDIA_AEAD_AES_128_GCM,
            };
            assert_int_equal(w->streams[0].receive_key.suite, suites[rows[i].algorithm]);
        } else {
            expect_no_receiver(w, RF_SCCP_MEDIA_ENCODER_OR_DECODER_FAILED, rows[i].code);
            starts_send(w, REF, &key);
            expect_no_sender(w, RF_SCCP_MEDIA_ENCODER_OR_DECODER_FAILED, rows[i].code);
        }
        world_free(w);
    }
}

static void opens_with(struct world *w, uint32_t codec, uint32_t packet_ms, uint32_t ref)
{
    says(w,
         &(struct rf_sccp_msg){.id = RF_SCCP_OPEN_RECEIVE_CHANNEL,
                               .open_receive_channel = {
                                   .packet_ms = packet_ms, .codec = codec, .call_reference = ref}});
}

static void formats_and_calls_it_does_not_know(void **state)
{
    struct world *w = world_new(22);
    connects(w);
    opens_with(w, RF_SCCP_CODEC_G729, 20, REF);
    expect_no_receiver(w, RF_SCCP_MEDIA_INVALID_CODEC, "media-codec");
    opens_with(w, RF_SCCP_CODEC_G711_ULAW_64K, 30, REF);
    expect_no_receiver(w, RF_SCCP_MEDIA_INVALID_PACKET_SIZE, "media-packet-size");
    opens_with(w, RF_SCCP_CODEC_G711_ULAW_64K, 20, REF + 1);
    expect_no_receiver(w, RF_SCCP_MEDIA_INVALID_CALL_REF, "media-call-reference");
    assert_int_equal(w->n_streams, 0);
    opens_with(w, RF_SCCP_CODEC_G711_ULAW_64K, 20, 0); /* old servers name no call */
    assert_true(w->streams[0].is_receiving);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    forget(w);
    opens_with(w, RF_SCCP_CODEC_G711_ULAW_64K, 20, REF);
    expect_no_receiver(w, RF_SCCP_MEDIA_INVALID_CALL_REF, "media-call-reference");
    world_free(w);
}

static void media_of_a_codec_that_was_announced(void **state)
{
    (void)state;
    struct world *w = world_new(22);
    w->conf.codecs = (struct rf_media_codecs){.best_first = {RF_MEDIA_G722, RF_MEDIA_PCMA}, .n = 2};
    connects(w);
    opens_with(w, RF_SCCP_CODEC_G711_ULAW_64K, 20, REF);
    expect_no_receiver(w, RF_SCCP_MEDIA_INVALID_CODEC, "media-codec");
    opens_with(w, RF_SCCP_CODEC_G711_ALAW_64K, 20, REF);
    assert_int_equal(w->streams[0].receive_codec, RF_MEDIA_PCMA);
    opens_with(w, RF_SCCP_CODEC_G722_64K, 20, REF); /* another one, in the same call */
    assert_int_equal(w->streams[0].receive_codec, RF_MEDIA_G722);
    assert_string_equal(expect_event(w, RF_STATION_RECEIVING)->event.codec, "alaw");
    assert_string_equal(expect_event(w, RF_STATION_RECEIVING)->event.codec, "g722");
    starts_send(w, REF, NULL); /* µ-law */
    expect_no_sender(w, RF_SCCP_MEDIA_INVALID_CODEC, "media-codec");
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_START_MEDIA_TRANSMISSION,
                                  .start_media_transmission = {.remote = {.ip = {10, 1, 2, 4}},
                                                               .remote_port = 24680,
                                                               .packet_ms = 20,
                                                               .codec = RF_SCCP_CODEC_G722_64K,
                                                               .call_reference = REF}});
    assert_int_equal(w->streams[0].send_codec, RF_MEDIA_G722);
    assert_string_equal(expect_event(w, RF_STATION_SENDING)->event.codec, "g722");
    world_free(w);
}

/* No server can listen into the room: not while it rings, not after the user has hung up. */
static void nothing_is_heard_of_a_phone_on_hook(void **state)
{
    static const unsigned versions[] = {22, 11};
    struct rf_sccp_media_key key = some_key(1);
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_new(versions[i]);
        struct rf_why why = {0};
        rings(w);
        opens_receive(w, REF, &key);
        expect_no_receiver(w, RF_SCCP_MEDIA_DEVICE_ON_HOOK, "media-on-hook");
        starts_send(w, REF, &key);
        expect_no_sender(w, RF_SCCP_MEDIA_DEVICE_ON_HOOK, "media-on-hook");
        assert_err(rf_station_answer(w->st, &why), RF_OK);
        opens_receive(w, REF, &key);
        starts_send(w, REF, &key);
        assert_true(w->streams[0].is_receiving && w->streams[0].is_sending);
        assert_err(rf_station_hang_up(w->st, &why), RF_OK);
        assert_true(w->streams[0].is_closing); /* at once, whatever the server says */
        forget(w);
        starts_send(w, REF, &key);
        expect_no_sender(w, RF_SCCP_MEDIA_DEVICE_ON_HOOK, "media-on-hook");
        assert_int_equal(w->n_streams, 1);
        world_free(w);
    }
}

static void addresses_to_which_nothing_is_sent(void **state)
{
    static const struct {
        uint32_t type, port;
        uint8_t ip[16];
        const char *text; /* NULL: refused */
    } rows[] = {
        {0, 24680, {10, 1, 2, 4}, "10.1.2.4"},
        {0, 24680, {127, 0, 0, 1}, "127.0.0.1"},
        {0, 24680, {0, 0, 0, 0}, NULL},
        {0, 24680, {239, 1, 1, 1}, NULL},
        {0, 24680, {255, 255, 255, 255}, NULL},
        {0, 0, {10, 1, 2, 4}, NULL},
        {0, 70000, {10, 1, 2, 4}, NULL},
        {2, 24680, {10, 1, 2, 4}, NULL},
        {1, 24680, {0x20, 0x01, 0x0d, 0xb8, [15] = 9}, "2001:db8::9"},
        {1, 24680, {0}, NULL},
        {1, 24680, {0xff, 0x02, [15] = 1}, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new(22);
        connects(w);
        struct rf_sccp_msg msg = {.id = RF_SCCP_START_MEDIA_TRANSMISSION,
                                  .start_media_transmission = {
                                      .remote.type = rows[i].type,
                                      .remote_port = rows[i].port,
                                      .packet_ms = 20,
                                      .codec = RF_SCCP_CODEC_G711_ULAW_64K,
                                      .call_reference = REF,
                                  }};
        memcpy(msg.start_media_transmission.remote.ip, rows[i].ip, 16);
        says(w, &msg);
        if (rows[i].text == NULL)
            expect_no_sender(w, RF_SCCP_MEDIA_UNKNOWN, "media-address");
        else
            assert_string_equal(w->streams[0].remote, rows[i].text);
        world_free(w);
    }
}

static void streams_that_cannot_be_had(void **state)
{
    static const unsigned versions[] = {22, 11};
    struct rf_sccp_media_key key = some_key(1);
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_new(versions[i]);
        connects(w);
        w->media_fails = "open";
        opens_receive(w, REF, &key);
        expect_no_receiver(w, RF_SCCP_MEDIA_OUT_OF_SOCKETS, "media-socket");
        starts_send(w, REF, &key);
        expect_no_sender(w, RF_SCCP_MEDIA_OUT_OF_SOCKETS, "media-socket");
        w->media_fails = "receive";
        opens_receive(w, REF, &key);
        expect_no_receiver(w, RF_SCCP_MEDIA_NOT_ENOUGH_CHANNELS, "media-socket");
        w->media_fails = "send";
        starts_send(w, REF, &key);
        expect_no_sender(w, RF_SCCP_MEDIA_NOT_ENOUGH_CHANNELS, "media-socket");
        opens_receive(w, REF, &key); /* one direction works, the other does not */
        starts_send(w, REF, &key);
        assert_false(w->streams[w->n_streams - 1].is_closing);
        world_free(w);
    }
}

/* ---- statistics ---- */

static void expect_statistics(struct world *w)
{
    struct rf_sccp_connection_statistics_res r =
        expect(w, RF_SCCP_CONNECTION_STATISTICS_RES)->connection_statistics_res;
    assert_slice_str(r.directory_number, "2001");
    assert_int_equal(r.call_reference, REF);
    assert_int_equal(r.packets_sent, 500);
    assert_int_equal(r.octets_sent, 80000);
    assert_int_equal(r.packets_received, 499);
    assert_int_equal(r.octets_received, 79840);
    assert_int_equal(r.packets_lost, 1);
    assert_int_equal(r.jitter_ms, 3);
}

static void statistics(void **state)
{
    static const unsigned versions[] = {22, 18, 17, 11, 3};
    for (size_t i = 0; i < 5; i++) {
        struct world *w = world_new(versions[i]);
        talks(w);
        asks_statistics(w, REF); /* while it runs */
        assert_true(w->streams[0].is_asked);
        expect_none(w, RF_SCCP_CONNECTION_STATISTICS_RES);
        media_says(w, 0, RF_MEDIA_STATS);
        expect_statistics(w);
        stops(w, RF_SCCP_CLOSE_RECEIVE_CHANNEL, REF);
        stops(w, RF_SCCP_STOP_MEDIA_TRANSMISSION, REF);
        asks_statistics(w, REF); /* while it ends */
        call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
        expect_none(w, RF_SCCP_CONNECTION_STATISTICS_RES);
        media_settles(w);
        expect_statistics(w);
        asks_statistics(w, REF); /* after it */
        expect_statistics(w);
        asks_statistics(w, REF + 1); /* of a call it never had */
        expect_none(w, RF_SCCP_CONNECTION_STATISTICS_RES);
        world_free(w);
    }
}

/* The user hangs up between the question and the answer of the stream. */
static void statistics_that_are_overtaken(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    talks(w);
    asks_statistics(w, REF);
    assert_err(rf_station_hang_up(w->st, &why), RF_OK);
    media_settles(w);
    expect_statistics(w);
    expect_none(w, RF_SCCP_CONNECTION_STATISTICS_RES);
    world_free(w);
}

/* ---- calls that outlive their link ---- */

static void call_is_preserved_without_its_server(void **state)
{
    static const unsigned versions[] = {22, 11};
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_new(versions[i]);
        struct rf_why why = {0};
        talks(w);
        passes(w, 20000);
        net_break(w->link, "end");
        settle(w);
        assert_string_equal(expect_event(w, RF_STATION_LOST)->event.why.code, "end");
        expect_call(w, RF_STATION_PRESERVED);
        assert_true(w->streams[0].is_receiving && w->streams[0].is_sending);
        passes(w, 100000);
        assert_true(w->streams[0].is_receiving && w->streams[0].is_sending);
        assert_int_equal(w->net.n, 1); /* it waits for its user */
        assert_refused(rf_station_press(w->st, '1', &why), RF_ERR_DENIED, why, "not-now");
        why = (struct rf_why){0};
        assert_err(rf_station_hang_up(w->st, &why), RF_OK);
        expect_call(w, RF_STATION_IDLE);
        assert_true(w->streams[0].is_closing);
        assert_int_equal(w->net.n, 2);
        accepts(w);
        struct rf_sccp_register reg = expect(w, RF_SCCP_REGISTER)->reg;
        assert_int_equal(reg.active_streams, 0);
        acks_register(w);
        answers_questions(w);
        expect_event(w, RF_STATION_REGISTERED);
        world_free(w);
    }
}

/* Whatever has no media is over with the link. */
static void call_without_media_is_not_preserved(void **state)
{
    for (int i = 0; i < 5; i++) {
        struct world *w = world_new(22);
        struct rf_why why = {0};
        if (i == 0) {
            rings(w);
        } else if (i == 1) {
            connects(w);
        } else if (i == 2) {
            registers(w);
            assert_err(rf_station_call(w->st, "2002", &why), RF_OK);
            call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
        } else if (i == 3) {
            talks(w);
            stops(w, RF_SCCP_CLOSE_RECEIVE_CHANNEL, REF);
            stops(w, RF_SCCP_STOP_MEDIA_TRANSMISSION, REF);
            call_state(w, RF_SCCP_STATE_HOLD, REF);
        } else {
            talks(w);
            assert_err(rf_station_hang_up(w->st, &why), RF_OK);
        }
        forget(w);
        passes(w, 1000);
        net_break(w->link, "end");
        settle(w);
        expect_call(w, RF_STATION_IDLE);
        world_free(w);
    }
}

static void stopped_in_a_call(void **state)
{
    struct world *w = world_new(22);
    talks(w);
    rf_station_stop(w->st);
    settle(w);
    expect(w, RF_SCCP_ON_HOOK);
    expect_none(w, RF_SCCP_UNREGISTER);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    expect(w, RF_SCCP_UNREGISTER);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK});
    expect_event(w, RF_STATION_STOPPED);
    world_free(w);

    w = world_new(22); /* and without a link */
    talks(w);
    net_break(w->link, "end");
    settle(w);
    rf_station_stop(w->st);
    settle(w);
    expect_event(w, RF_STATION_STOPPED);
    assert_true(w->streams[0].is_closing);
    assert_int_equal(w->net.n, 1);
    world_free(w);
}

/* ---- what is called secure ---- */

static void says_status(struct world *w, enum rf_sccp_security security)
{
    says(w, &(struct rf_sccp_msg){.id = rf_sccp_form(RF_SCCP_CALL_INFO, w->version),
                                  .call_info = {.line_instance = 1,
                                                .call_reference = REF,
                                                .call_type = RF_SCCP_CALL_TYPE_INBOUND,
                                                .call_security_status = security}});
}

static void lock_only_when_it_is_true(void **state)
{
    struct rf_sccp_media_key key = some_key(1);
    struct world *w = world_new(22);
    connects(w);
    opens_receive(w, REF, &key);
    starts_send(w, REF, &key);
    says_status(w, RF_SCCP_SECURITY_ENCRYPTED);
    assert_int_equal(expect_event(w, RF_STATION_CALL_INFO)->event.security,
                     RF_SCCP_SECURITY_ENCRYPTED);
    starts_send(w, REF, NULL); /* one direction becomes clear: no lock any more */
    assert_int_equal(expect_event(w, RF_STATION_CALL_INFO)->event.security,
                     RF_SCCP_SECURITY_AUTHENTICATED);
    starts_send(w, REF, &key);
    assert_int_equal(expect_event(w, RF_STATION_CALL_INFO)->event.security,
                     RF_SCCP_SECURITY_ENCRYPTED);
    says_status(w, (enum rf_sccp_security)77);
    assert_int_equal(expect_event(w, RF_STATION_CALL_INFO)->event.security,
                     RF_SCCP_SECURITY_UNKNOWN);
    world_free(w);

    static const enum rf_station_mode modes[] = {RF_STATION_NON_SECURE, RF_STATION_AUTHENTICATED};
    for (size_t i = 0; i < 2; i++) {
        w = world_new(22);
        w->conf.mode = modes[i];
        starts(w);
        w->link = net_last(&w->net);
        net_accept(w->link, ccm.cert, NULL);
        acks_register(w);
        answers_questions(w);
        call_state(w, RF_SCCP_STATE_CONNECTED, REF);
        says_status(w, RF_SCCP_SECURITY_ENCRYPTED); /* a server's word alone */
        assert_int_equal(expect_event(w, RF_STATION_CALL_INFO)->event.security,
                         i == 0 ? RF_SCCP_SECURITY_NOT_AUTHENTICATED
                                : RF_SCCP_SECURITY_AUTHENTICATED);
        world_free(w);
    }
}

static void keys_are_in_no_log_sec_78(void **state)
{
    struct world *w = world_new(22);
    FILE *file = tmpfile();
    assert_non_null(file);
    rf_log_setup(fileno(file), RF_LOG_DEBUG);
    talks(w);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    media_settles(w);
    rf_log_setup(2, RF_LOG_INFO);
    static char text[65536];
    rewind(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    assert_true(n > 0 && n < sizeof text - 1);
    text[n] = '\0';
    assert_non_null(strstr(text, "media sending")); /* it did log */
    assert_null(strstr(text, "01010101"));
    assert_null(strstr(text, "02020202"));
    fclose(file);
    world_free(w);
}

static void station_is_gone_before_its_streams(void **state)
{
    struct world *w = world_new(22);
    talks(w);
    rf_station_free(w->st);
    w->st = NULL;
    size_t n = w->n_events;
    assert_true(w->streams[0].is_closing);
    struct rf_media_event event = {.kind = RF_MEDIA_REFUSED, .number = w->streams[0].conf.number};
    w->streams[0].conf.on_event(w, &event);
    media_settles(w);
    assert_int_equal(w->n_events, n); /* nobody is told */
    world_free(w);
}

/* The mailbox goes before the phone: the stream's last event has no reader. */
static void mailbox_is_gone_before_the_station(void **state)
{
    struct world *w = world_new(22);
    talks(w);
    struct rf_media_event event = {.kind = RF_MEDIA_CLOSED, .number = w->streams[0].conf.number};
    w->streams[0].is_closing = w->streams[0].is_gone = true;
    size_t n = w->n_events;
    w->streams[0].conf.on_event(NULL, &event);
    assert_int_equal(w->n_events, n);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_both_ways_sec_75),
        cmocka_unit_test(second_open_replaces_the_first),
        cmocka_unit_test(sending_without_receiving),
        cmocka_unit_test(a_late_close_is_of_the_stream_it_names),
        cmocka_unit_test(own_ipv6_address),
        cmocka_unit_test(key_over_a_link_that_hides_nothing_sec_79),
        cmocka_unit_test(keys_that_cannot_be),
        cmocka_unit_test(formats_and_calls_it_does_not_know),
        cmocka_unit_test(media_of_a_codec_that_was_announced),
        cmocka_unit_test(nothing_is_heard_of_a_phone_on_hook),
        cmocka_unit_test(addresses_to_which_nothing_is_sent),
        cmocka_unit_test(streams_that_cannot_be_had),
        cmocka_unit_test(statistics),
        cmocka_unit_test(statistics_that_are_overtaken),
        cmocka_unit_test(call_is_preserved_without_its_server),
        cmocka_unit_test(call_without_media_is_not_preserved),
        cmocka_unit_test(stopped_in_a_call),
        cmocka_unit_test(lock_only_when_it_is_true),
        cmocka_unit_test(keys_are_in_no_log_sec_78),
        cmocka_unit_test(station_is_gone_before_its_streams),
        cmocka_unit_test(mailbox_is_gone_before_the_station),
    };
    return cmocka_run_group_tests(tests, keys_are_made, keys_are_gone);
}
