/* SPDX-License-Identifier: Apache-2.0 */
/* The SCCP phone: whom it registers with, how it stays registered, and how it leaves. */
#include "station_world.h"

#include "base/text.h"

static void expect_refused(struct world *w, const char *code)
{
    assert_string_equal(expect_event(w, RF_STATION_REFUSED)->event.why.code, code);
}

/* ---- registering ---- */

static void register_with_each_version(void **state)
{
    for (unsigned v = 3; v <= 22; v++) {
        struct world *w = world_new(v);
        starts(w);
        accepts(w);
        struct rf_sccp_register reg = expect(w, RF_SCCP_REGISTER)->reg;
        assert_slice_str(reg.device_name, DEVICE);
        assert_int_equal(reg.protocol_ver, v);
        assert_int_equal(reg.device_type, 30006);
        assert_int_equal(reg.active_streams, 0);
        assert_slice_str(reg.firmware_load_name, "RF70.1-0-1");
        assert_slice_str(reg.config_version_stamp, "stamp-7");
        assert_memory_equal(reg.ip4, "\x0a\x01\x02\x03", 4);
        assert_memory_equal(reg.mac, "\x00\x11\x22\x33\x44\x55", 6);
        assert_int_equal(rf_sccp_features_utf8(reg.features), v >= 15);
        assert_int_equal(events_of(w, RF_STATION_REGISTERED), 0);
        acks_register(w);
        struct rf_sccp_capabilities_res caps =
            expect(w, RF_SCCP_CAPABILITIES_RES)->capabilities_res;
        assert_int_equal(caps.count, 1);
        assert_int_equal(caps.caps[0].payload, RF_SCCP_CODEC_G711_ULAW_64K);
        w->read_at = 0;
        answers_questions(w);
        const struct seen_event *e = expect_event(w, RF_STATION_REGISTERED);
        assert_int_equal(e->event.version, rf_sccp_version_agree(v));
        assert_string_equal(e->number, "2001");
        assert_string_equal(e->label, "Ada");
        assert_string_equal(e->server, "192.0.2.1:2443");
        assert_string_equal(e->suite, SUITE);
        world_free(w);
    }
}

static void announces_the_codecs_it_was_given_in_their_order(void **state)
{
    (void)state;
    struct world *w = world_new(22);
    w->conf.codecs = (struct rf_media_codecs){
        .best_first = {RF_MEDIA_G722, RF_MEDIA_PCMU, RF_MEDIA_PCMA}, .n = 3};
    starts(w);
    accepts(w);
    acks_register(w);
    struct rf_sccp_capabilities_res caps = expect(w, RF_SCCP_CAPABILITIES_RES)->capabilities_res;
    assert_int_equal(caps.count, 3);
    assert_int_equal(caps.caps[0].payload, RF_SCCP_CODEC_G722_64K);
    assert_int_equal(caps.caps[1].payload, RF_SCCP_CODEC_G711_ULAW_64K);
    assert_int_equal(caps.caps[2].payload, RF_SCCP_CODEC_G711_ALAW_64K);
    assert_int_equal(caps.caps[2].max_frames, caps.caps[0].max_frames);
    world_free(w);
}

/* doc: docs/wire/sccp.md, "Registration": the first word on a link, as phones write it */
static void alarm_before_register(void **state)
{
    struct world *w = world_new(22);
    starts(w);
    accepts(w);
    struct rf_sccp_alarm alarm = expect(w, RF_SCCP_ALARM)->alarm;
    assert_slice_str(alarm.text, "25: Name=" DEVICE " Load=RF70.1-0-1 Last=initialized");
    assert_int_equal(alarm.severity, RF_SCCP_ALARM_INFORMATIONAL);
    assert_int_equal(alarm.parm1, 2304);
    assert_int_equal(alarm.parm2, 0x0302010a);
    expect(w, RF_SCCP_REGISTER);
    world_free(w);

    w = world_new(22);
    w->conf.alarm = RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED;
    w->conf.alarm_text = "File auth error: SEP001122334455.cnf.xml";
    starts(w);
    accepts(w);
    alarm = expect(w, RF_SCCP_ALARM)->alarm;
    assert_slice_str(alarm.text,
                     "31: Name=" DEVICE " Last=File auth error: SEP001122334455.cnf.xml");
    assert_int_equal(alarm.severity, RF_SCCP_ALARM_WARNING);
    world_free(w);
}

static void alarms_of_the_application(void **state)
{
    struct world *w = world_new(11);
    makes(w);
    rf_station_alarm(w->st, RF_SCCP_ALARM_MAJOR, RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED, "ITL");
    registers(w);
    rf_station_alarm(w->st, RF_SCCP_ALARM_MINOR, RF_SCCP_ALARM_REASON_INITIALIZED, "now");
    assert_non_null(strstr((const char *)expect(w, RF_SCCP_ALARM)->alarm.text.p, "Last=now"));
    assert_int_equal(w->msg.alarm.severity, RF_SCCP_ALARM_MINOR);
    w->read_at = 0; /* and the first one went before Register */
    expect(w, RF_SCCP_ALARM);
    assert_non_null(strstr((const char *)w->msg.alarm.text.p, "31: Name=" DEVICE));
    world_free(w);
}

static void one_byte_at_a_time(void **state)
{
    struct world *w = world_new(22);
    uint8_t bytes[64];
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    struct rf_slice frame;
    struct rf_sccp_msg ack = {.id = RF_SCCP_REGISTER_ACK, .register_ack = {.max_protocol_ver = 22}};
    starts(w);
    accepts(w);
    expect(w, RF_SCCP_REGISTER);
    assert_err(rf_sccp_encode(&ack, 0, &wr, NULL), RF_OK);
    assert_err(rf_wr_done(&wr, &frame), RF_OK);
    for (size_t i = 0; i < frame.len; i++) {
        expect_none(w, RF_SCCP_BUTTON_TEMPLATE_REQ);
        net_give(w->link, rf_slice_part(frame, i, 1));
    }
    w->version = 22;
    answers_questions(w);
    expect_event(w, RF_STATION_REGISTERED);
    world_free(w);
}

static void questions_that_stay_open(void **state)
{
    struct world *w = world_new(22);
    starts(w);
    accepts(w);
    acks_register(w);
    expect(w, RF_SCCP_BUTTON_TEMPLATE_REQ);
    passes(w, 9999);
    assert_int_equal(events_of(w, RF_STATION_REGISTERED), 0);
    passes(w, 1);
    expect_event(w, RF_STATION_REGISTERED);
    call_state(w, RF_SCCP_STATE_RING_IN, REF); /* it works all the same */
    expect_call(w, RF_STATION_RING_IN);
    world_free(w);
}

static void call_before_the_questions_are_over(void **state)
{
    struct world *w = world_new(22);
    starts(w);
    accepts(w);
    acks_register(w);
    call_state(w, RF_SCCP_STATE_RING_IN, REF);
    expect_call(w, RF_STATION_RING_IN);
    answers_questions(w);
    expect_event(w, RF_STATION_REGISTERED);
    world_free(w);
}

/* ---- whom it talks to ---- */

static void refuses(const struct rf_cert *cert, int64_t floor_s, const char *code)
{
    struct world *w = world_new(22);
    w->conf.floor_s = floor_s;
    w->conf.n_servers = 2;
    snprintf(w->conf.servers[1].host, RF_ADDRESS_TEXT_MAX, "192.0.2.2");
    w->conf.servers[1].port = 2010;
    starts(w);
    struct net_link *first = net_last(&w->net);
    net_accept(first, cert, SUITE);
    settle(w);
    expect_refused(w, code);
    assert_int_equal(first->writes, 0); /* no name was sent */
    assert_true(first->is_gone);
    struct net_link *next = net_last(&w->net);
    assert_ptr_not_equal(next, first); /* and the next one is tried, over TLS */
    assert_string_equal(next->host, "192.0.2.2");
    assert_int_equal(next->port, 2453);
    assert_true(next->has_tls);
    if (floor_s == 0) {
        accepts(w);
        expect(w, RF_SCCP_REGISTER);
    }
    world_free(w);
}

static void server_that_is_not_in_the_lists_sec_42(void **state)
{
    refuses(stranger.cert, 0, "server-unknown");
    refuses(tftp.cert, 0, "server-role");
    refuses(NULL, 0, "server-unknown");
    struct world *w = world_new(22); /* both roles are call managers' */
    starts(w);
    w->link = net_last(&w->net);
    net_accept(w->link, second.cert, SUITE);
    expect(w, RF_SCCP_REGISTER);
    world_free(w);
}

static void server_whose_certificate_is_over(void **state)
{
    refuses(ccm.cert, rf_cert_not_after(ccm.cert) + 1, "cert-expired");
    struct world *w = world_new(22);
    w->conf.floor_s = rf_cert_not_after(ccm.cert);
    registers(w);
    world_free(w);
}

static void port_and_certificate_by_mode(void **state)
{
    struct world *w = world_new(22);
    starts(w);
    assert_int_equal(net_last(&w->net)->port, 2443);
    assert_true(rf_cert_eq(net_last(&w->net)->own, lsc.cert));
    world_free(w);

    w = world_new(22);
    w->conf.mode = RF_STATION_NON_SECURE;
    w->conf.id = NULL;
    starts(w);
    assert_int_equal(net_last(&w->net)->port, 2000);
    assert_false(net_last(&w->net)->has_tls);
    assert_null(net_last(&w->net)->own);
    accepts(w);
    expect(w, RF_SCCP_REGISTER);
    world_free(w);
}

/* A suite that hides nothing is for authenticated, never for encrypted, and the other way round;
 * each offers nothing else. */
static void suite_that_hides_nothing_sec_47(void **state)
{
    struct world *w = world_new(22);
    starts(w);
    w->link = net_last(&w->net);
    assert_false(w->link->wants_no_encryption);
    net_accept(w->link, ccm.cert, NULL);
    settle(w);
    expect_refused(w, "link-not-encrypted");
    assert_int_equal(w->link->writes, 0);
    world_free(w);

    w = world_new(22);
    w->conf.mode = RF_STATION_AUTHENTICATED;
    starts(w);
    w->link = net_last(&w->net);
    assert_true(w->link->wants_no_encryption);
    net_accept(w->link, ccm.cert, NULL);
    settle(w);
    expect(w, RF_SCCP_REGISTER);
    world_free(w);
}

static void suite_that_an_authenticated_phone_did_not_offer(void **state)
{
    struct world *w = world_new(22);
    w->conf.mode = RF_STATION_AUTHENTICATED;
    starts(w);
    w->link = net_last(&w->net);
    net_accept(w->link, ccm.cert, "ECDHE-RSA-AES256-GCM-SHA384");
    settle(w);
    expect_refused(w, "link-other-suite");
    assert_int_equal(w->link->writes, 0);
    world_free(w);
}

static void expect_not_made(struct world *w, enum rf_err err, const char *code)
{
    struct rf_why why = {0};
    assert_refused(rf_station_new(&w->conf, &w->st, &why), err, why, code);
    assert_null(w->st);
}

static void configurations_it_does_not_take(void **state)
{
    struct world *w = world_new(22);
    w->conf.device = "SEP001122334455X";
    expect_not_made(w, RF_ERR_BAD, "station-device");
    w->conf.device = "../etc";
    expect_not_made(w, RF_ERR_BAD, "station-device");
    w->conf.device = DEVICE;
    w->conf.version = 2;
    expect_not_made(w, RF_ERR_BAD, "station-version");
    w->conf.version = 23;
    expect_not_made(w, RF_ERR_BAD, "station-version");
    w->conf.version = 22;
    w->conf.n_servers = 0;
    expect_not_made(w, RF_ERR_BAD, "station-servers");
    w->conf.n_servers = 6;
    expect_not_made(w, RF_ERR_BAD, "station-servers");
    w->conf.n_servers = 1;
    w->conf.servers[0].port = 0;
    expect_not_made(w, RF_ERR_BAD, "station-address");
    w->conf.servers[0].port = 65535 - 442;
    expect_not_made(w, RF_ERR_BAD, "station-address");
    w->conf.servers[0].port = 65535 - 443;
    snprintf(w->conf.servers[0].host, RF_ADDRESS_TEXT_MAX, "ccm.example");
    expect_not_made(w, RF_ERR_BAD, "station-address");
    snprintf(w->conf.servers[0].host, RF_ADDRESS_TEXT_MAX, "2001:db8::1");
    w->conf.id = NULL;
    expect_not_made(w, RF_ERR_NOT_FOUND, "station-no-certificate");
    w->conf.id = &w->id;
    rf_lists_fini(&w->lists);
    w->lists = phone_lists((struct phone_list_row[]){{tftp.cert, RF_TRUSTLIST_ROLE_TFTP}}, 1);
    expect_not_made(w, RF_ERR_DENIED, "station-no-list");
    rf_lists_fini(&w->lists);
    w->lists = phone_lists((struct phone_list_row[]){{second.cert, RF_TRUSTLIST_ROLE_CCM_TFTP}}, 1);
    makes(w);
    world_free(w);
}

/* ---- servers that do not let it in ---- */

static void rejected(void **state)
{
    struct world *w = world_new(22);
    starts(w);
    accepts(w);
    expect(w, RF_SCCP_REGISTER);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_REJECT,
                                  .register_reject.text = rf_slice_str("Device Unknown")});
    const struct seen_event *e = expect_event(w, RF_STATION_REFUSED);
    assert_string_equal(e->event.why.code, "register-rejected");
    assert_string_equal(e->text, "Device Unknown");
    assert_true(w->link->is_gone);
    expect_event(w, RF_STATION_WAITS);
    world_free(w);
}

static void no_answer_to_register(void **state)
{
    struct world *w = world_new(22);
    starts(w);
    accepts(w);
    passes(w, 9999);
    assert_int_equal(events_of(w, RF_STATION_REFUSED), 0);
    passes(w, 1);
    expect_refused(w, "answer-timeout");
    world_free(w);
}

static void version_that_was_not_announced(void **state)
{
    static const uint8_t acked[] = {12, 255, 11, 3};
    for (size_t i = 0; i < 4; i++) {
        struct world *w = world_new(11);
        starts(w);
        accepts(w);
        says(w, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_ACK,
                                      .register_ack.max_protocol_ver = acked[i]});
        if (acked[i] > 11)
            expect_refused(w, "sccp-version");
        else
            expect(w, RF_SCCP_BUTTON_TEMPLATE_REQ);
        world_free(w);
    }
}

/* The list in its order, then a wait that doubles. doc: docs/security-rules.md, "Boot states" */
static void list_in_order_then_waits(void **state)
{
    static const uint32_t waits_ms[] = {1000, 2000, 4000, 5000, 5000};
    struct world *w = world_new(22);
    w->conf.n_servers = 2;
    w->conf.retry_first_ms = 1000;
    w->conf.retry_max_ms = 5000;
    snprintf(w->conf.servers[1].host, RF_ADDRESS_TEXT_MAX, "192.0.2.2");
    w->conf.servers[1].port = 2000;
    starts(w);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(net_last(&w->net)->host, "192.0.2.1");
        net_break(net_last(&w->net), "connect-refused");
        settle(w);
        expect_refused(w, "connect-refused");
        assert_string_equal(net_last(&w->net)->host, "192.0.2.2");
        net_break(net_last(&w->net), "handshake-timeout");
        settle(w);
        expect_refused(w, "handshake-timeout");
        uint32_t ms = expect_event(w, RF_STATION_WAITS)->event.wait_ms;
        assert_in_range(ms, waits_ms[i] * 3 / 4, waits_ms[i] * 5 / 4);
        size_t n = w->net.n;
        passes(w, ms - 1);
        assert_int_equal(w->net.n, n);
        passes(w, 1);
        assert_int_equal(w->net.n, n + 1);
    }
    accepts(w);
    expect(w, RF_SCCP_REGISTER);
    world_free(w);
}

static void address_that_cannot_be_tried(void **state)
{
    struct world *w = world_new(22);
    w->net.refuse_open = "link-limit";
    starts(w);
    expect_refused(w, "link-limit");
    uint32_t ms = expect_event(w, RF_STATION_WAITS)->event.wait_ms;
    w->net.refuse_open = NULL;
    passes(w, ms);
    accepts(w);
    expect(w, RF_SCCP_REGISTER);
    world_free(w);
}

/* ---- staying ---- */

static void keepalives(void **state)
{
    struct world *w = world_new(22);
    registers(w);
    for (int i = 0; i < 5; i++) {
        passes(w, 29999);
        expect_none(w, RF_SCCP_KEEPALIVE);
        passes(w, 1);
        expect(w, RF_SCCP_KEEPALIVE);
        says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    }
    for (int i = 0; i < 3; i++) {
        passes(w, 30000);
        expect(w, RF_SCCP_KEEPALIVE);
    }
    passes(w, 29999);
    assert_int_equal(events_of(w, RF_STATION_LOST), 0);
    passes(w, 1); /* three without an answer */
    assert_string_equal(expect_event(w, RF_STATION_LOST)->event.why.code, "keepalive-timeout");
    accepts(w); /* it comes back at once, and says why */
    struct rf_slice text = expect(w, RF_SCCP_ALARM)->alarm.text;
    assert_true(rf_slice_starts_with(text, "17: Name="));
    expect(w, RF_SCCP_REGISTER);
    world_free(w);
}

static void server_that_sends_it_away_at_once(void **state)
{
    struct world *w = world_new(22);
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            registers(w);
        size_t n = w->net.n;
        net_break(w->link, "end");
        settle(w);
        expect_event(w, RF_STATION_LOST);
        assert_int_equal(w->net.n, n); /* no tight loop */
        uint32_t ms = expect_event(w, RF_STATION_WAITS)->event.wait_ms;
        assert_in_range(ms, (15000u << i) * 3 / 4, (15000u << i) * 5 / 4);
        passes(w, ms);
        accepts(w);
        assert_true(rf_slice_starts_with(expect(w, RF_SCCP_ALARM)->alarm.text, "14: "));
        acks_register(w);
        answers_questions(w);
    }
    passes(w, 15000); /* this time it stays, and the waits begin anew */
    size_t n = w->net.n;
    net_break(w->link, "tcp-reset");
    settle(w);
    assert_int_equal(w->net.n, n + 1);
    net_break(net_last(&w->net), "connect-refused");
    settle(w);
    w->event_at = w->n_events - 1;
    assert_in_range(expect_event(w, RF_STATION_WAITS)->event.wait_ms, 11250, 18750);
    world_free(w);
}

/* ---- leaving ---- */

static void stop_unregisters(void **state)
{
    static const uint32_t status[] = {RF_SCCP_UNREGISTER_OK, RF_SCCP_UNREGISTER_NAK};
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_new(22);
        registers(w);
        rf_station_stop(w->st);
        rf_station_stop(w->st);
        expect(w, RF_SCCP_UNREGISTER);
        assert_int_equal(events_of(w, RF_STATION_STOPPED), 0);
        says(w, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK,
                                      .unregister_ack.status = status[i]});
        expect_event(w, RF_STATION_STOPPED);
        assert_int_equal(events_of(w, RF_STATION_STOPPED), 1);
        assert_int_equal(events_of(w, RF_STATION_LOST), 0);
        assert_true(w->link->is_gone);
        passes(w, 100000); /* and stays away */
        assert_int_equal(w->net.n, 1);
        starts(w); /* until it is started again */
        assert_int_equal(w->net.n, 2);
        world_free(w);
    }
}

static void stop_without_an_answer(void **state)
{
    struct world *w = world_new(22);
    registers(w);
    rf_station_stop(w->st);
    passes(w, 1999);
    assert_int_equal(events_of(w, RF_STATION_STOPPED), 0);
    passes(w, 1);
    expect_event(w, RF_STATION_STOPPED);
    world_free(w);
}

static void stop_at_every_step(void **state)
{
    for (int step = 0; step < 6; step++) {
        struct world *w = world_new(22);
        makes(w);
        if (step >= 1)
            starts(w);
        if (step == 5) { /* waiting */
            net_break(net_last(&w->net), "connect-refused");
            settle(w);
        } else if (step >= 2) {
            accepts(w);
        }
        if (step == 3 || step == 4)
            acks_register(w);
        if (step == 4) { /* its link breaks while it leaves */
            rf_station_stop(w->st);
            net_break(w->link, "end");
        }
        rf_station_stop(w->st);
        settle(w);
        passes(w, 2000);
        expect_event(w, RF_STATION_STOPPED);
        struct rf_station_status status;
        rf_station_status(w->st, &status);
        assert_int_equal(status.reg, RF_STATION_OFF);
        assert_string_equal(status.server, "");
        world_free(w);
    }
}

static void reset_by_the_server(void **state)
{
    for (uint32_t type = 0; type <= 4; type++) {
        struct world *w = world_new(22);
        registers(w);
        says(w, &(struct rf_sccp_msg){.id = RF_SCCP_RESET, .reset.type = type});
        if (type < 1 || type > 3) {
            expect_none(w, RF_SCCP_UNREGISTER);
        } else {
            expect(w, RF_SCCP_UNREGISTER);
            says(w, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK});
            assert_int_equal(expect_event(w, RF_STATION_RESET)->event.reset, type);
            assert_int_equal(events_of(w, RF_STATION_STOPPED), 0);
            assert_true(w->link->is_gone);
        }
        world_free(w);
    }
}

/* doc: docs/wire/sccp.md, "Flows" (S2) */
static void reset_waits_for_the_end_of_the_call(void **state)
{
    struct world *w = world_new(22);
    talks(w);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_RESET, .reset.type = RF_SCCP_RESET_RESTART});
    passes(w, 20000);
    expect_none(w, RF_SCCP_UNREGISTER);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    expect_call(w, RF_STATION_IDLE);
    expect(w, RF_SCCP_UNREGISTER);
    net_break(w->link, "end");
    settle(w);
    assert_int_equal(expect_event(w, RF_STATION_RESET)->event.reset, RF_SCCP_RESET_RESTART);
    world_free(w);
}

static void reset_whose_link_is_lost_in_the_call(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    talks(w);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_RESET, .reset.type = RF_SCCP_RESET_RESET});
    net_break(w->link, "end");
    settle(w);
    expect_call(w, RF_STATION_PRESERVED);
    assert_err(rf_station_hang_up(w->st, &why), RF_OK);
    expect_event(w, RF_STATION_RESET);
    assert_int_equal(w->net.n, 1);
    world_free(w);
}

/* ---- messages that do not fit ---- */

static void dropped_and_counted(void **state)
{
    struct world *w = world_new(22);
    starts(w);
    accepts(w);
    says_bytes(w, RF_SCCP_CALL_STATE, NULL, 24); /* not before RegisterAck */
    says_empty(w, RF_SCCP_CAPABILITIES_REQ);
    expect_none(w, RF_SCCP_CAPABILITIES_RES);
    acks_register(w);
    answers_questions(w);
    says_bytes(w, 0x00ff, NULL, 8);                 /* nobody's */
    says_bytes(w, RF_SCCP_REGISTER, NULL, 124);     /* a phone's own */
    says_bytes(w, RF_SCCP_KEYPAD_BUTTON, NULL, 12); /* the same */
    says_bytes(w, RF_SCCP_QOS_LISTEN, NULL, 12);    /* known by name only */
    says_empty(w, RF_SCCP_CLEAR_NOTIFY);            /* and one that fits */
    struct rf_station_status status;
    rf_station_status(w->st, &status);
    assert_int_equal(status.dropped, 6);
    uint64_t in = status.in, out = status.out;
    assert_int_equal(out, w->link->writes);
    net_break(w->link, "end");
    settle(w);
    const struct seen_event *e = expect_event(w, RF_STATION_LINK_COUNTS);
    assert_int_equal(e->event.in, in);
    assert_int_equal(e->event.out, out);
    assert_int_equal(e->event.dropped, 6);
    rf_station_status(w->st, &status);
    assert_int_equal(status.in, in); /* of all links */
    world_free(w);
}

/* Whatever a call manager can say in the codec's words has its row; the rest is skipped by name. */
static void every_message_of_a_server_is_known(void **state)
{
    static const uint32_t ids[] = {
#define ID(name, id, text, dir) id,
        RF_SCCP_IDS(ID)
#undef ID
    };
    struct world *w = world_new(22);
    uint64_t dropped = 0;
    size_t known = 0;
    registers(w);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct rf_station_status status;
        enum rf_sccp_dir dir;
        assert_true(rf_sccp_dir_of(ids[i], &dir));
        says_bytes(w, ids[i], NULL, 400);
        bool is_ours = dir == RF_SCCP_TO_PHONE && rf_sccp_is_known(ids[i]);
        known += is_ours;
        dropped += !is_ours;
        rf_station_status(w->st, &status);
        assert_int_equal(status.dropped, dropped);
        assert_int_equal(status.reg, RF_STATION_UP);
    }
    assert_true(known > 50);
    world_free(w);
}

static void five_malformed_messages_end_the_link(void **state)
{
    struct world *w = world_new(22);
    registers(w);
    for (int i = 0; i < 4; i++)
        says_bytes(w, RF_SCCP_CALL_STATE, NULL, 4);
    says_bytes(w, 0x00ff, NULL, 4);
    assert_false(w->link->is_gone);
    says_bytes(w, RF_SCCP_CALL_STATE, NULL, 4);
    assert_string_equal(expect_event(w, RF_STATION_LOST)->event.why.code, "sccp-malformed");
    world_free(w);
}

static void length_that_cannot_be(void **state)
{
    static const char *const frames[] = {"\0\0\0\0", "\3\0\0\0", "\xff\xff\xff\xff", "\x04\0\0\x80",
                                         "\x01\x20\0\0"};
    for (size_t i = 0; i < 5; i++) {
        struct world *w = world_new(22);
        registers(w);
        net_give(w->link, rf_slice_of(frames[i], 4));
        settle(w);
        assert_string_equal(expect_event(w, RF_STATION_LOST)->event.why.code, "frame-length");
        world_free(w);
    }
}

static void server_that_does_not_read(void **state)
{
    struct world *w = world_new(22);
    registers(w);
    w->net.is_full = true;
    says_empty(w, RF_SCCP_CAPABILITIES_REQ);
    assert_string_equal(expect_event(w, RF_STATION_LOST)->event.why.code, "output-full");
    w->net.is_full = false;
    world_free(w);
}

/* ---- texts ---- */

static void expect_text(const char *bytes, size_t n, bool is_utf8, const char *want)
{
    char buf[32];
    assert_string_equal(station_text(rf_slice_of(bytes, n), is_utf8, buf, sizeof buf), want);
}

static void texts_of_the_server(void **state)
{
    expect_text("plain", 5, true, "plain");
    expect_text("\x80\x17 Ben", 6, true, "From Ben");
    expect_text("\x80\x17 Ben", 6, false, "From Ben");
    expect_text("\xc3\x80gide", 6, true, "\xc3\x80gide"); /* 80 inside a letter is none of ours */
    expect_text("\xe9t\xe9", 3, false, "\xc3\xa9t\xc3\xa9");
    expect_text("\xe9t\xe9", 3, true, "?t?");
    expect_text("\x1e\x22 x", 4, true, "Call on hold x");
    expect_text("\x80\x65: ", 4, true, "MAC address: ");
    expect_text("a\x1e\x42z", 4, true, "az"); /* unknown codes show nothing */
    expect_text("a\x1e\xffz", 4, true, "az");
    expect_text("a\x80\xfez", 4, true, "az");
    expect_text("a\x80", 2, true, "a");
    expect_text("a\nb\x7f", 4, true, "a b ");
    expect_text("\x9b"
                "31m",
                4, false, " 31m"); /* C1 would be obeyed by a terminal */
    expect_text("\xc2\x9b"
                "31m\xc2\xa0",
                7, true, " 31m\xc2\xa0");
    expect_text("0123456789012345678901234567890123456789", 40, true,
                "0123456789012345678901234567890");
    expect_text("012345678901234567890123456789\xc3\xa9", 32, true,
                "012345678901234567890123456789"); /* no half letters */
}

static void prompts_and_notes(void **state)
{
    struct world *w = world_new(22);
    registers(w);
    says(w, &(struct rf_sccp_msg){
                .id = RF_SCCP_DISPLAY_PROMPT_STATUS_V2,
                .display_prompt = {.text = rf_slice_str("\x80\x17 Ben"), .line_instance = 1}});
    assert_string_equal(expect_event(w, RF_STATION_PROMPT)->text, "From Ben");
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_CLEAR_PROMPT_STATUS});
    assert_string_equal(expect_event(w, RF_STATION_PROMPT)->text, "");
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_DISPLAY_NOTIFY_V2,
                                  .display_notify.text = rf_slice_str("Security error")});
    assert_string_equal(expect_event(w, RF_STATION_NOTIFY)->text, "Security error");
    says_empty(w, RF_SCCP_CLEAR_NOTIFY);
    assert_string_equal(expect_event(w, RF_STATION_NOTIFY)->text, "");
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_SET_RINGER,
                                  .set_ringer = {.mode = RF_SCCP_RING_INSIDE, .duration = 1}});
    assert_true(expect_event(w, RF_STATION_RINGER)->event.is_on);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_SET_RINGER,
                                  .set_ringer = {.mode = RF_SCCP_RING_OFF, .duration = 1}});
    assert_false(expect_event(w, RF_STATION_RINGER)->event.is_on);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_START_TONE,
                                  .start_tone.tone = RF_SCCP_TONE_LINE_BUSY});
    assert_int_equal(expect_event(w, RF_STATION_TONE)->event.tone, RF_SCCP_TONE_LINE_BUSY);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_STOP_TONE});
    assert_int_equal(expect_event(w, RF_STATION_TONE)->event.tone, RF_SCCP_TONE_SILENCE);
    world_free(w);
}

static void names(void **state)
{
    assert_string_equal(rf_station_event_name(RF_STATION_MEDIA_ENDED), "media-ended");
    assert_string_equal(rf_station_event_name((enum rf_station_event_kind)99), "unknown");
    assert_string_equal(rf_station_call_state_name(RF_STATION_RING_IN), "ring-in");
    assert_string_equal(rf_station_call_state_name(RF_STATION_CALL_STATES_N), "unknown");
    assert_string_equal(rf_station_reg_state_name(RF_STATION_UP), "registered");
    assert_string_equal(rf_station_reg_state_name(RF_STATION_REG_STATES_N), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(register_with_each_version),
        cmocka_unit_test(announces_the_codecs_it_was_given_in_their_order),
        cmocka_unit_test(alarm_before_register),
        cmocka_unit_test(alarms_of_the_application),
        cmocka_unit_test(one_byte_at_a_time),
        cmocka_unit_test(questions_that_stay_open),
        cmocka_unit_test(call_before_the_questions_are_over),
        cmocka_unit_test(server_that_is_not_in_the_lists_sec_42),
        cmocka_unit_test(server_whose_certificate_is_over),
        cmocka_unit_test(port_and_certificate_by_mode),
        cmocka_unit_test(suite_that_hides_nothing_sec_47),
        cmocka_unit_test(suite_that_an_authenticated_phone_did_not_offer),
        cmocka_unit_test(configurations_it_does_not_take),
        cmocka_unit_test(rejected),
        cmocka_unit_test(no_answer_to_register),
        cmocka_unit_test(version_that_was_not_announced),
        cmocka_unit_test(list_in_order_then_waits),
        cmocka_unit_test(address_that_cannot_be_tried),
        cmocka_unit_test(keepalives),
        cmocka_unit_test(server_that_sends_it_away_at_once),
        cmocka_unit_test(stop_unregisters),
        cmocka_unit_test(stop_without_an_answer),
        cmocka_unit_test(stop_at_every_step),
        cmocka_unit_test(reset_by_the_server),
        cmocka_unit_test(reset_waits_for_the_end_of_the_call),
        cmocka_unit_test(reset_whose_link_is_lost_in_the_call),
        cmocka_unit_test(dropped_and_counted),
        cmocka_unit_test(every_message_of_a_server_is_known),
        cmocka_unit_test(five_malformed_messages_end_the_link),
        cmocka_unit_test(length_that_cannot_be),
        cmocka_unit_test(server_that_does_not_read),
        cmocka_unit_test(texts_of_the_server),
        cmocka_unit_test(prompts_and_notes),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, keys_are_made, keys_are_gone);
}
