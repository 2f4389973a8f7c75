/* SPDX-License-Identifier: Apache-2.0 */
/* Media keys, where they go and where they never go; receivers that do not open; call status. */
#include "flow.h"

#include "service/sccp/sccp_int.h"

#define WITH_TWO_PHONES(version_a, version_b)                                                      \
    struct flow *f = flow_new();                                                                   \
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', version_a);                                  \
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', version_b);                                  \
    boots(a);                                                                                      \
    boots(b)

static void change(struct flow *f, const char *name, enum rf_sccp_mode_wanted mode, bool has_srtp,
                   enum rf_call_media_policy policy)
{
    struct rf_sccp_device d = flow_device(name);
    struct rf_why why = {0};
    d.mode = mode;
    d.has_srtp = has_srtp;
    d.call.media_policy = policy;
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
}

static void assert_same_key(const struct rf_sccp_media_key *x, const struct rf_sccp_media_key *y)
{
    assert_int_equal(x->algorithm, RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_32);
    assert_int_equal(x->key_len, 16);
    assert_int_equal(x->salt_len, 14);
    assert_int_equal(x->mki, 0);
    assert_int_equal(x->kdr, 0);
    assert_memory_equal(x, y, sizeof *x);
}

static void assert_other_key(const struct rf_sccp_media_key *x, const struct rf_sccp_media_key *y)
{
    assert_memory_not_equal(x->key, y->key, sizeof x->key);
    assert_memory_not_equal(x->salt, y->salt, sizeof x->salt);
}

/* The keys of one call: A to B, and B to A. */
static void keys_of_a_call(struct flow_phone *a, struct flow_phone *b,
                           struct rf_sccp_media_key keys[2])
{
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    struct rf_sccp_media_key into_a =
        expect(a, RF_SCCP_OPEN_RECEIVE_CHANNEL)->open_receive_channel.key;
    struct rf_sccp_media_key into_b =
        expect(b, RF_SCCP_OPEN_RECEIVE_CHANNEL)->open_receive_channel.key;
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, 24602);
    keys[0] = expect(a, RF_SCCP_START_MEDIA_TRANSMISSION)->start_media_transmission.key;
    keys[1] = expect(b, RF_SCCP_START_MEDIA_TRANSMISSION)->start_media_transmission.key;
    assert_same_key(&keys[0], &into_b);
    assert_same_key(&keys[1], &into_a);
    on_hook(a);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
}

static void keys_are_fresh_for_each_stream_and_direction(void **state)
{
    WITH_TWO_PHONES(22, 11);
    struct rf_sccp_media_key keys[6];
    for (size_t i = 0; i < 3; i++)
        keys_of_a_call(a, b, &keys[2 * i]);
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < i; k++)
            assert_other_key(&keys[i], &keys[k]);
    flow_free(f);
}

/* No message to this phone holds a key. */
static void assert_no_key(struct flow_phone *p)
{
    static const struct rf_sccp_media_key none;
    size_t n_media = 0;
    for (size_t i = 0; i < p->n_got; i++) {
        struct rf_sccp_frame frame;
        struct rf_sccp_msg m;
        size_t used;
        struct rf_why why = {0};
        assert_err(
            rf_sccp_frame_next(rf_slice_of(p->got[i]->bytes, p->got[i]->len), &frame, &used, &why),
            RF_OK);
        assert_err(rf_sccp_decode(&frame, &m, &why), RF_OK);
        assert_false(p->got[i]->has_key);
        if (m.id == RF_SCCP_OPEN_RECEIVE_CHANNEL)
            assert_memory_equal(&m.open_receive_channel.key, &none, sizeof none);
        else if (m.id == RF_SCCP_START_MEDIA_TRANSMISSION)
            assert_memory_equal(&m.start_media_transmission.key, &none, sizeof none);
        else
            continue;
        n_media++;
    }
    assert_int_equal(n_media, 2);
}

/* Should call control ever hand a key to a link that does not encrypt, it stays here. */
static void key_handed_to_a_plain_link_is_not_sent(void **state)
{
    static const struct rf_call_party nobody;
    const struct rf_call_leg_info leg = {
        .call_id = 1, .ref = 7, .line = 1, .calling = &nobody, .called = &nobody};
    const struct rf_call_stream stream = {.codec = RF_CALL_CODEC_PCMU, .packet_ms = 20};
    const struct rf_call_addr to = {.ip = {10, 1, 2, 4}, .port = 24700};
    static const enum flow_link links[] = {LINK_PLAIN, LINK_NULL_CIPHER, LINK_TLS};
    for (size_t i = 0; i < 3; i++) {
        struct flow *f = flow_new();
        struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
        connects(a, links[i]);
        struct session *s = sccp_session_find(f->svc, a->link);
        struct rf_call_key key;
        rf_call_key_draw(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32, &key);
        sccp_endpoint_ops.open_receive(s, &leg, &stream, &key);
        sccp_endpoint_ops.start_transmit(s, &leg, &stream, &to, &key);
        assert_int_equal(a->n_got, links[i] == LINK_TLS ? 2 : 0);
        key.algorithm = RF_CALL_SRTP_NONE;
        sccp_endpoint_ops.open_receive(s, &leg, &stream, &key);
        assert_int_equal(a->n_got, links[i] == LINK_TLS ? 3 : 1);
        assert_false(a->got[a->n_got - 1]->has_key);
        flow_free(f);
    }
}

/* A call in which A has this link and mode; B is encrypted. Status and keys are compared. */
static void call_with(enum flow_link link, enum rf_sccp_mode_wanted mode, bool a_srtp,
                      enum rf_sccp_security want)
{
    struct flow *f = flow_new();
    change(f, NAME_A, mode, a_srtp, RF_CALL_MEDIA_BEST_EFFORT);
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 11);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    connects(a, link);
    sends_register(a);
    expect(a, RF_SCCP_REGISTER_ACK);
    boots(b);
    talk(a, b);
    assert_int_equal(expect(a, RF_SCCP_CALL_INFO)->call_info.call_security_status, want);
    assert_int_equal(expect(b, RF_SCCP_CALL_INFO_V2)->call_info.call_security_status, want);
    if (want != RF_SCCP_SECURITY_ENCRYPTED) {
        assert_no_key(a);
        assert_no_key(b);
    }
    on_hook(a);
    assert_int_equal(f->record.security, want);
    flow_free(f);
}

/* doc: docs/security-rules.md, "Media and call status" */
static void status_is_the_lowest_of_the_legs(void **state)
{
    call_with(LINK_TLS, RF_SCCP_MODE_ENCRYPTED, true, RF_SCCP_SECURITY_ENCRYPTED);
    call_with(LINK_TLS, RF_SCCP_MODE_ENCRYPTED, false, RF_SCCP_SECURITY_AUTHENTICATED);
    call_with(LINK_NULL_CIPHER, RF_SCCP_MODE_AUTHENTICATED, true, RF_SCCP_SECURITY_AUTHENTICATED);
    call_with(LINK_PLAIN, RF_SCCP_MODE_NON_SECURE, true, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
}

/* It is not called encrypted before both streams are. */
static void lock_comes_with_the_media(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    expect_state(a, RF_SCCP_STATE_CONNECTED);
    assert_int_equal(expect(a, RF_SCCP_CALL_INFO_V2)->call_info.call_security_status,
                     RF_SCCP_SECURITY_AUTHENTICATED);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    expect_none(a, RF_SCCP_CALL_INFO_V2);
    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, 24602);
    assert_int_equal(expect(a, RF_SCCP_CALL_INFO_V2)->call_info.call_security_status,
                     RF_SCCP_SECURITY_ENCRYPTED);
    flow_free(f);
}

/* Digits go out of band, so no payload type is offered for them; and nobody switches a phone's echo
 * cancelling off. */
static void what_a_stream_is_asked_to_be(void **state)
{
    WITH_TWO_PHONES(22, 11);
    struct flow_phone *both[] = {a, b};
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    for (size_t i = 0; i < 2; i++) {
        const struct rf_sccp_open_receive_channel *o =
            &expect(both[i], RF_SCCP_OPEN_RECEIVE_CHANNEL)->open_receive_channel;
        assert_int_equal(o->packet_ms, 20);
        assert_int_equal(o->ec_value, 1);
        assert_int_equal(o->rfc2833_payload_type, 0);
        assert_int_equal(o->dtmf_type, 10);
        assert_int_equal(o->requested_addr_type, 0);
    }
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, 24602);
    for (size_t i = 0; i < 2; i++) {
        const struct rf_sccp_start_media_transmission *s =
            &expect(both[i], RF_SCCP_START_MEDIA_TRANSMISSION)->start_media_transmission;
        assert_int_equal(s->rfc2833_payload_type, 0);
        assert_int_equal(s->dtmf_type, 10);
    }
    flow_free(f);
}

#define ADDRESS_6 "2001:db8::1"

static void phones_with_ipv6_talk(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22), *b = flow_phone(f, NAME_B, 'B', 17);
    a->address = ADDRESS_6;
    b->address = "2001:db8::2";
    boots(a);
    boots(b);
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    assert_int_equal(
        expect(a, RF_SCCP_OPEN_RECEIVE_CHANNEL)->open_receive_channel.requested_addr_type, 1);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, 24602);
    assert_int_equal(
        expect(b, RF_SCCP_START_MEDIA_TRANSMISSION)->start_media_transmission.remote.type, 1);
    expect(a, RF_SCCP_START_MEDIA_TRANSMISSION);
    expect_event(f, "call-connected");
    flow_free(f);
}

/* Neither would hear the other: it does not even ring. */
static void ipv4_does_not_call_ipv6(void **state)
{
    for (unsigned version = 11; version <= 22; version += 11) {
        struct flow *f = flow_new();
        struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
        struct flow_phone *b = flow_phone(f, NAME_B, 'B', version);
        a->address = ADDRESS_6;
        boots(a);
        boots(b);
        forget(a);
        off_hook(b);
        dials(b, "2001");
        expect_tone(b, RF_SCCP_TONE_REORDER);
        expect_none(a, RF_SCCP_CALL_STATE);
        assert_non_null(strstr(expect_event(f, "call-failed")->text, "cause=media"));
        on_hook(b);
        expect_no_call(f);
        flow_free(f);
    }
}

/* Where a link does not say by which of them it came, the message may be one that cannot be made:
 * no call with one direction only. */
static void a_call_ends_when_its_media_cannot_be_told(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 11), *b = flow_phone(f, NAME_B, 'B', 22);
    b->address = "";
    boots(a);
    boots(b);
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    acknowledges(b, RF_SCCP_MEDIA_OK, ADDRESS_6, 24602);
    expect_tone(a, RF_SCCP_TONE_REORDER);
    expect_tone(b, RF_SCCP_TONE_REORDER);
    assert_non_null(strstr(expect_event(f, "call-failed")->text, "cause=media"));
    flow_free(f);
}

/* media_policy require: refused, never silently clear. Its twin is any encrypted call. */
static void clear_call_is_refused_where_srtp_is_required_sec_81(void **state)
{
    WITH_TWO_PHONES(22, 11);
    change(f, NAME_A, RF_SCCP_MODE_ENCRYPTED, true, RF_CALL_MEDIA_REQUIRE);
    talk(a, b);
    on_hook(a);
    forget(b);

    sends_empty(b, RF_SCCP_UNREGISTER);
    change(f, NAME_B, RF_SCCP_MODE_ENCRYPTED, false, RF_CALL_MEDIA_BEST_EFFORT);
    vanishes(b);
    boots(b);
    off_hook(a);
    dials(a, "2002");
    expect_state(a, RF_SCCP_STATE_CONGESTION);
    assert_slice_str(expect(a, RF_SCCP_DISPLAY_PROMPT_STATUS_V2)->display_prompt.text, "\x80\x56");
    expect_none(b, RF_SCCP_CALL_STATE);
    on_hook(a);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_SECURITY);
    off_hook(b); /* nor the other way round */
    dials(b, "2001");
    expect_state(b, RF_SCCP_STATE_CONGESTION);
    flow_free(f);
}

static void no_codec_in_common(void **state)
{
    WITH_TWO_PHONES(22, 11);
    struct rf_sccp_msg caps = {.id = RF_SCCP_CAPABILITIES_RES, .capabilities_res = {.count = 1}};
    caps.capabilities_res.caps[0].payload = RF_SCCP_CODEC_G729;
    sends(b, &caps);
    off_hook(a);
    dials(a, "2002");
    expect_tone(a, RF_SCCP_TONE_REORDER);
    on_hook(a);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_CODEC);
    caps.capabilities_res.caps[0].payload = RF_SCCP_CODEC_G711_ULAW_64K;
    sends(b, &caps);
    off_hook(a);
    dials(a, "2002");
    expect_state(b, RF_SCCP_STATE_RING_IN);
    flow_free(f);
}

/* B answers; A's receiver is open; then B says this. The call must fail at both ends. */
static void fails_with(uint32_t status, const char *ip, uint32_t port)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    acknowledges(b, status, ip, port);
    expect_none(a, RF_SCCP_START_MEDIA_TRANSMISSION);
    a->at = 0;
    expect(a, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect_tone(a, RF_SCCP_TONE_REORDER);
    expect_tone(b, RF_SCCP_TONE_REORDER);
    on_hook(a);
    expect_state(a, RF_SCCP_STATE_ON_HOOK);
    on_hook(b);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_MEDIA);
    expect_no_call(f);
    flow_free(f);
}

/* doc: docs/wire/sccp.md, "Bad input" */
static void receiver_that_does_not_open(void **state)
{
    fails_with(RF_SCCP_MEDIA_OUT_OF_SOCKETS, "10.1.2.2", 24602);
    fails_with(RF_SCCP_MEDIA_DEVICE_ON_HOOK, "10.1.2.2", 24602);
    fails_with(RF_SCCP_MEDIA_OK, "10.1.2.2", 0);
    fails_with(RF_SCCP_MEDIA_OK, "10.1.2.2", 70000);
    fails_with(RF_SCCP_MEDIA_OK, "0.0.0.0", 24602);
    fails_with(RF_SCCP_MEDIA_OK, "239.1.1.1", 24602);
}

static void media_goes_to_no_third_party(void **state)
{
    fails_with(RF_SCCP_MEDIA_OK, "10.9.9.9", 24602);
    fails_with(RF_SCCP_MEDIA_OK, "127.0.0.1", 24602);
}

static void receiver_that_never_answers(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    forget(a);
    passes(f, 4999);
    expect_none(a, RF_SCCP_START_TONE);
    passes(f, 1);
    expect(a, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect_tone(a, RF_SCCP_TONE_REORDER);
    expect_tone(b, RF_SCCP_TONE_REORDER);
    assert_true(events_of(f, "call-failed") == 1);
    passes(f, 15000);
    expect_no_call(f);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_MEDIA);
    flow_free(f);
}

static void late_and_repeated_answers(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24666); /* the first stands */
    assert_int_equal(
        expect(b, RF_SCCP_START_MEDIA_TRANSMISSION)->start_media_transmission.remote_port, 24600);
    expect_none(b, RF_SCCP_START_MEDIA_TRANSMISSION);
    on_hook(a);
    forget(b);
    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, 24602); /* its call is gone: close again */
    assert_int_equal(expect(b, RF_SCCP_CLOSE_RECEIVE_CHANNEL)->close_receive_channel.call_reference,
                     b->ref);
    expect_no_call(f);
    flow_free(f);
}

static void transmission_that_fails(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    sends(b, &(struct rf_sccp_msg){.id = RF_SCCP_MEDIA_TRANSMISSION_FAILURE,
                                   .media_transmission_failure = {.pass_through_party_id = b->party,
                                                                  .call_reference = b->ref}});
    expect(a, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect_tone(a, RF_SCCP_TONE_REORDER);
    flow_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_fresh_for_each_stream_and_direction),
        cmocka_unit_test(status_is_the_lowest_of_the_legs),
        cmocka_unit_test(key_handed_to_a_plain_link_is_not_sent),
        cmocka_unit_test(lock_comes_with_the_media),
        cmocka_unit_test(what_a_stream_is_asked_to_be),
        cmocka_unit_test(phones_with_ipv6_talk),
        cmocka_unit_test(ipv4_does_not_call_ipv6),
        cmocka_unit_test(a_call_ends_when_its_media_cannot_be_told),
        cmocka_unit_test(clear_call_is_refused_where_srtp_is_required_sec_81),
        cmocka_unit_test(no_codec_in_common),
        cmocka_unit_test(receiver_that_does_not_open),
        cmocka_unit_test(media_goes_to_no_third_party),
        cmocka_unit_test(receiver_that_never_answers),
        cmocka_unit_test(late_and_repeated_answers),
        cmocka_unit_test(transmission_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
