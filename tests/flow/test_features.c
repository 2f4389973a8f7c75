/* SPDX-License-Identifier: Apache-2.0 */
/* Several calls of a phone: hold, call waiting, transfer, forwarding. */
#include "flow.h"
#include "trust/cert.h"

#define NAME_C "SEP00112233CCDD"
#define NAME_D "SEP00112233DDEE"

struct three {
    struct flow *f;
    struct flow_phone *a, *b, *c;
};

/* A and B as ever, and Cleo with 2003. The certificates are one and the same but for B's; whose
 * they are is not what is tested here. */
static struct three three_new(void)
{
    struct three t = {.f = flow_new()};
    struct rf_sccp_device cleo = flow_device(NAME_A);
    snprintf(cleo.call.name, sizeof cleo.call.name, NAME_C);
    snprintf(cleo.call.lines[0].number, sizeof cleo.call.lines[0].number, "2003");
    snprintf(cleo.call.lines[0].name, sizeof cleo.call.lines[0].name, "Cleo");
    cleo.mode = RF_SCCP_MODE_NON_SECURE;
    assert_err(rf_sccp_device_update(t.f->svc, &cleo, NULL), RF_OK);
    t.a = flow_phone(t.f, NAME_A, 'A', 22);
    t.b = flow_phone(t.f, NAME_B, 'B', 11);
    t.c = flow_phone(t.f, NAME_C, 'C', 17);
    boots(t.a);
    boots(t.b);
    boots_plain(t.c);
    return t;
}

static const struct rf_sccp_call_info *info_of(struct flow_phone *p)
{
    return &expect(p, rf_sccp_form(RF_SCCP_CALL_INFO, p->version))->call_info;
}

static void expect_keys(struct flow_phone *p, enum rf_sccp_keyset set)
{
    while (expect(p, RF_SCCP_SELECT_SOFTKEYS)->select_softkeys.set_index != set) {
    }
}

static struct rf_sccp_media_key receive_key(struct flow_phone *p)
{
    return expect(p, RF_SCCP_OPEN_RECEIVE_CHANNEL)->open_receive_channel.key;
}

/* ---- hold ---- */

static void hold_and_resume_with_new_keys_sec_80(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22), *b = flow_phone(f, NAME_B, 'B', 11);
    boots(a);
    boots(b);
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    struct rf_sccp_media_key first = receive_key(a);
    uint32_t first_party = a->party;
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, a->media_port);
    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, b->media_port);
    forget(a);
    forget(b);

    presses(a, RF_SCCP_KEY_HOLD);
    expect(a, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect(a, RF_SCCP_STOP_MEDIA_TRANSMISSION);
    assert_int_equal(expect(a, RF_SCCP_SET_LAMP)->set_lamp.mode, RF_SCCP_LAMP_WINK);
    expect_state(a, RF_SCCP_STATE_HOLD);
    assert_int_equal(info_of(a)->call_security_status, RF_SCCP_SECURITY_AUTHENTICATED);
    expect_keys(a, RF_SCCP_KEYSET_ON_HOLD);
    expect(b, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect(b, RF_SCCP_STOP_MEDIA_TRANSMISSION);
    assert_int_equal(info_of(b)->call_security_status, RF_SCCP_SECURITY_AUTHENTICATED);
    expect_tone(b, RF_SCCP_TONE_HOLD);
    expect_none(b, RF_SCCP_CALL_STATE);
    expect_event(f, "call-held");

    presses(a, RF_SCCP_KEY_RESUME);
    expect_state(a, RF_SCCP_STATE_CONNECTED);
    expect_keys(a, RF_SCCP_KEYSET_CONNECTED);
    struct rf_sccp_media_key second = receive_key(a);
    assert_memory_not_equal(first.key, second.key, sizeof first.key);
    assert_memory_not_equal(first.salt, second.salt, 14);
    assert_true(a->party != first_party);
    expect(b, RF_SCCP_STOP_TONE);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, a->media_port);
    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, b->media_port);
    assert_int_equal(info_of(b)->call_security_status, RF_SCCP_SECURITY_ENCRYPTED);
    expect(a, RF_SCCP_START_MEDIA_TRANSMISSION);
    assert_int_equal(info_of(a)->call_security_status, RF_SCCP_SECURITY_ENCRYPTED);
    on_hook(b);
    expect_no_call(f);
    flow_free(f);
}

static void an_answer_that_is_late_is_of_the_stream_it_names(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22), *b = flow_phone(f, NAME_B, 'B', 11);
    boots(a);
    boots(b);
    off_hook(a);
    dials(a, "2002");
    off_hook(b);
    uint32_t old = a->party;
    presses(a, RF_SCCP_KEY_HOLD);
    presses(a, RF_SCCP_KEY_RESUME);
    uint32_t now = a->party;
    assert_true(now != old);
    forget(a);
    forget(b);
    a->party = old;
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 30000);
    /* it was told to close that one, and a second word might close the new one */
    expect_none(a, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect_none(b, RF_SCCP_START_MEDIA_TRANSMISSION);
    a->party = now;
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 30002);
    assert_int_equal(
        expect(b, RF_SCCP_START_MEDIA_TRANSMISSION)->start_media_transmission.remote_port, 30002);
    flow_free(f);
}

static void both_hold(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22), *b = flow_phone(f, NAME_B, 'B', 11);
    boots(a);
    boots(b);
    talk(a, b);
    presses(a, RF_SCCP_KEY_HOLD);
    presses(b, RF_SCCP_KEY_HOLD);
    expect_state(b, RF_SCCP_STATE_HOLD);
    forget(a);
    forget(b);
    presses(a, RF_SCCP_KEY_RESUME);
    expect_state(a, RF_SCCP_STATE_CONNECTED);
    expect_tone(a, RF_SCCP_TONE_HOLD);
    expect_none(a, RF_SCCP_OPEN_RECEIVE_CHANNEL);
    presses(b, RF_SCCP_KEY_HOLD); /* the key that does both */
    expect_state(b, RF_SCCP_STATE_CONNECTED);
    media_opens(a, b);
    flow_free(f);
}

static void who_is_held_may_hang_up(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22), *b = flow_phone(f, NAME_B, 'B', 11);
    boots(a);
    boots(b);
    talk(a, b);
    presses(a, RF_SCCP_KEY_HOLD);
    on_hook(b);
    expect_state(a, RF_SCCP_STATE_ON_HOOK);
    assert_int_equal(expect(a, RF_SCCP_SET_LAMP)->set_lamp.mode, RF_SCCP_LAMP_OFF);
    expect_keys(a, RF_SCCP_KEYSET_ON_HOOK);
    expect_no_call(f);
    talk(a, b);
    presses(a, RF_SCCP_KEY_HOLD);
    vanishes(b);
    expect_state(a, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);
    flow_free(f);
}

/* ---- two calls ---- */

static void a_second_call_waits_and_is_answered(void **state)
{
    struct three t = three_new();
    talk(t.a, t.b);
    uint32_t first = t.a->ref;
    off_hook(t.c);
    dials(t.c, "2001");
    expect_state(t.a, RF_SCCP_STATE_RING_IN);
    expect_tone(t.a, RF_SCCP_TONE_CALL_WAITING);
    expect_none(t.a, RF_SCCP_SET_RINGER);
    expect_state(t.c, RF_SCCP_STATE_RING_OUT);
    assert_true(t.a->ref != first);
    forget(t.a);
    presses(t.a, RF_SCCP_KEY_ANSWER);
    expect_state(t.a, RF_SCCP_STATE_HOLD);
    assert_int_equal(t.a->msg.call_state.call_reference, first);
    expect_state(t.a, RF_SCCP_STATE_CONNECTED);
    media_opens(t.a, t.c);
    expect_tone(t.b, RF_SCCP_TONE_HOLD);

    on_hook(t.c); /* the first one stays, with its keys */
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_keys(t.a, RF_SCCP_KEYSET_ON_HOLD);
    expect_none(t.a, RF_SCCP_DEACTIVATE_CALL_PLANE);
    presses_on(t.a, RF_SCCP_KEY_RESUME, first);
    expect_state(t.a, RF_SCCP_STATE_CONNECTED);
    media_opens(t.a, t.b);
    on_hook(t.b);
    expect_no_call(t.f);
    flow_free(t.f);
}

static void a_third_call_finds_it_busy(void **state)
{
    struct three t = three_new();
    talk(t.a, t.b);
    off_hook(t.c);
    dials(t.c, "2001");
    expect_state(t.a, RF_SCCP_STATE_RING_IN);
    presses(t.b, RF_SCCP_KEY_NEW_CALL); /* holds A */
    dials(t.b, "2001");
    expect_state(t.b, RF_SCCP_STATE_BUSY);
    flow_free(t.f);
}

static void a_new_call_holds_the_present_one(void **state)
{
    struct three t = three_new();
    talk(t.a, t.b);
    uint32_t first = t.a->ref;
    presses(t.a, RF_SCCP_KEY_NEW_CALL);
    expect_state(t.a, RF_SCCP_STATE_HOLD);
    expect_state(t.a, RF_SCCP_STATE_OFF_HOOK);
    dials(t.a, "2003");
    off_hook(t.c);
    media_opens(t.a, t.c);
    presses_on(t.a, RF_SCCP_KEY_RESUME, first); /* and so does taking back */
    expect_state(t.a, RF_SCCP_STATE_HOLD);
    expect_state(t.a, RF_SCCP_STATE_CONNECTED);
    expect_tone(t.c, RF_SCCP_TONE_HOLD);
    media_opens(t.a, t.b);
    flow_free(t.f);
}

/* As older phones say it: which call, or even line, it is about they leave out. */
static void puts_down(struct flow_phone *p)
{
    sends(p, &(struct rf_sccp_msg){.id = RF_SCCP_ON_HOOK});
}

static void a_handset_put_down_is_of_the_call_that_is_talked_in(void **state)
{
    struct three t = three_new();
    struct rf_call_control *cc = rf_sccp_service_calls(t.f->svc);
    talk(t.a, t.b);
    uint32_t first = t.b->ref;
    presses(t.b, RF_SCCP_KEY_NEW_CALL); /* holds A */
    dials(t.b, "2003");
    off_hook(t.c);
    media_opens(t.b, t.c);
    on_hook(t.c);
    forget(t.a);
    forget(t.b);
    puts_down(t.b); /* of what Cleo has ended */
    expect_none(t.b, RF_SCCP_CALL_STATE);
    expect_none(t.a, RF_SCCP_CALL_STATE);
    assert_int_equal(rf_call_count(cc), 1);
    presses_on(t.b, RF_SCCP_KEY_RESUME, first);
    media_opens(t.a, t.b);
    puts_down(t.b);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(t.f);

    off_hook(t.c);
    dials(t.c, "2002");
    expect_state(t.b, RF_SCCP_STATE_RING_IN);
    puts_down(t.b);
    expect_none(t.b, RF_SCCP_CALL_STATE);
    assert_int_equal(rf_call_count(cc), 1);
    presses_on(t.b, RF_SCCP_KEY_END_CALL, 0); /* the key means what there is */
    expect_state(t.c, RF_SCCP_STATE_BUSY);
    puts_down(t.c); /* with the tone in its ear */
    expect_no_call(t.f);
    flow_free(t.f);
}

/* ---- transfer ---- */

/* What a record says of two phones with certificates, and keys for their media. */
static void expect_ends(const struct rf_call_record *r, const struct flow_phone *a,
                        const struct flow_phone *b)
{
    const struct rf_call_record_end *ends[] = {&r->calling_end, &r->called_end};
    const struct flow_phone *phones[] = {a, b};
    assert_int_equal(r->codec, RF_CALL_CODEC_PCMU);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ends[i]->signalling, RF_CALL_SIGNALLING_ENCRYPTED);
        assert_int_equal(ends[i]->suite, RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32);
        assert_true(ends[i]->has_cert);
        assert_slice_eq(rf_slice_of(ends[i]->cert, sizeof ends[i]->cert),
                        rf_cert_sha256(phones[i]->cert));
    }
}

static void consult_transfer(void **state)
{
    struct three t = three_new();
    talk(t.b, t.a); /* Ben calls Ada, who sends him on to Cleo */
    forget(t.b);
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    expect_state(t.a, RF_SCCP_STATE_HOLD);
    expect_state(t.a, RF_SCCP_STATE_OFF_HOOK);
    expect_keys(t.a, RF_SCCP_KEYSET_OFF_HOOK_FEAT);
    expect_tone(t.b, RF_SCCP_TONE_HOLD);
    dials(t.a, "2003");
    expect_keys(t.a, RF_SCCP_KEYSET_CONN_TRANS);
    off_hook(t.c);
    media_opens(t.a, t.c);
    forget(t.a);
    forget(t.b);
    forget(t.c);
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_keys(t.a, RF_SCCP_KEYSET_ON_HOOK);
    expect(t.c, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    const struct rf_sccp_call_info *info = info_of(t.c);
    assert_slice_str(info->calling_party, "2002");
    assert_slice_str(info->calling_party_name, "Ben");
    assert_slice_str(info->last_redirecting_party, "2001");
    expect(t.b, RF_SCCP_STOP_TONE);
    media_opens(t.b, t.c);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), 1);
    expect_event(t.f, "call-transferred");
    assert_int_equal(t.f->n_records, 1);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_TRANSFERRED);
    assert_int_equal(t.f->record.code, 16);
    assert_string_equal(t.f->record.by, NAME_A);
    expect_ends(&t.f->record, t.b, t.a);
    on_hook(t.c);
    expect_state(t.b, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(t.f);
    assert_int_equal(t.f->n_records, 2);
    assert_string_equal(t.f->record.calling_device, NAME_B);
    assert_string_equal(t.f->record.called_device, NAME_C);
    assert_string_equal(t.f->record.by, NAME_A);
    assert_string_equal(t.f->record.redirecting, "2001");
    assert_string_equal(t.f->record.original, "");
    flow_free(t.f);
}

static void blind_transfer(void **state)
{
    struct three t = three_new();
    talk(t.a, t.b);
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    dials(t.a, "2003");
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    forget(t.b);
    forget(t.c);
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    expect_tone(t.b, RF_SCCP_TONE_ALERTING);
    assert_slice_str(info_of(t.c)->calling_party, "2002");
    off_hook(t.c);
    expect_state(t.b, RF_SCCP_STATE_CONNECTED);
    media_opens(t.b, t.c);
    on_hook(t.b);
    expect_no_call(t.f);
    flow_free(t.f);
}

/* Ben holds Ada and calls Cleo; Ada sends him on to Dan. The reference of what Ben holds. */
static uint32_t ben_holds_while_ada_transfers(struct three *t, struct flow_phone *d, bool answers)
{
    talk(t->a, t->b);
    uint32_t held = t->b->ref;
    presses(t->b, RF_SCCP_KEY_NEW_CALL);
    dials(t->b, "2003");
    off_hook(t->c);
    media_opens(t->b, t->c);
    presses(t->a, RF_SCCP_KEY_TRANSFER);
    dials(t->a, "2004");
    expect_state(d, RF_SCCP_STATE_RING_IN);
    if (answers) {
        off_hook(d);
        media_opens(t->a, d);
    }
    forget(t->a);
    forget(t->b);
    forget(d);
    presses(t->a, RF_SCCP_KEY_TRANSFER);
    return held;
}

static struct flow_phone *dan_of(struct flow *f)
{
    struct rf_sccp_device dan = flow_device(NAME_A);
    snprintf(dan.call.name, sizeof dan.call.name, NAME_D);
    snprintf(dan.call.lines[0].number, sizeof dan.call.lines[0].number, "2004");
    dan.mode = RF_SCCP_MODE_NON_SECURE;
    assert_err(rf_sccp_device_update(f->svc, &dan, NULL), RF_OK);
    struct flow_phone *d = flow_phone(f, NAME_D, 'C', 17);
    boots_plain(d);
    return d;
}

static void who_holds_is_transferred_and_goes_on_holding(void **state)
{
    struct three t = three_new();
    struct flow_phone *d = dan_of(t.f);
    uint32_t held = ben_holds_while_ada_transfers(&t, d, true);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_tone(d, RF_SCCP_TONE_HOLD);
    expect_none(d, RF_SCCP_OPEN_RECEIVE_CHANNEL);
    assert_slice_str(info_of(t.b)->called_party, "2004"); /* whom he holds now */
    expect_none(t.b, RF_SCCP_OPEN_RECEIVE_CHANNEL);       /* he talks to Cleo on */
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), 2);

    forget(t.b);
    forget(d);
    presses_on(t.b, RF_SCCP_KEY_RESUME, held);
    expect_state(t.b, RF_SCCP_STATE_HOLD); /* Cleo */
    expect_state(t.b, RF_SCCP_STATE_CONNECTED);
    media_opens(t.b, d);
    flow_free(t.f);
}

/* Who rings cannot be answered by somebody who holds. */
static void who_holds_is_not_transferred_to_who_rings(void **state)
{
    struct three t = three_new();
    struct flow_phone *d = dan_of(t.f);
    uint32_t held = ben_holds_while_ada_transfers(&t, d, false);
    expect_tone(t.a, RF_SCCP_TONE_BEEP_BONK);
    expect_none(t.b, RF_SCCP_START_TONE);
    expect_none(d, rf_sccp_form(RF_SCCP_CALL_INFO, d->version));
    presses_on(t.b, RF_SCCP_KEY_RESUME, held); /* as soon as he does not, he is */
    forget(t.b);
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    expect_tone(t.b, RF_SCCP_TONE_ALERTING);
    off_hook(d);
    media_opens(t.b, d);
    flow_free(t.f);
}

static void a_transfer_that_is_given_up(void **state)
{
    struct three t = three_new();
    talk(t.a, t.b);
    uint32_t first = t.a->ref;
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    dials(t.a, "2003");
    presses(t.a, RF_SCCP_KEY_END_CALL);
    expect_state(t.c, RF_SCCP_STATE_ON_HOOK);
    expect_keys(t.a, RF_SCCP_KEYSET_ON_HOLD);
    presses_on(t.a, RF_SCCP_KEY_RESUME, first);
    media_opens(t.a, t.b);
    /* nothing to join yet: the key says so */
    presses_on(t.a, RF_SCCP_KEY_TRANSFER, first);
    forget(t.a);
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    expect_tone(t.a, RF_SCCP_TONE_BEEP_BONK);
    /* who waited has gone: what is left is a call like others */
    on_hook(t.b);
    dials(t.a, "2003");
    off_hook(t.c);
    media_opens(t.a, t.c);
    on_hook(t.c);
    expect_no_call(t.f);
    flow_free(t.f);
}

/* doc: docs/security-rules.md, "Media and call status": never silently clear */
static void a_transfer_into_the_clear_is_refused_where_srtp_is_required_sec_81(void **state)
{
    struct three t = three_new();
    struct rf_sccp_device strict = flow_device(NAME_B);
    strict.call.media_policy = RF_CALL_MEDIA_REQUIRE;
    assert_err(rf_sccp_device_update(t.f->svc, &strict, NULL), RF_OK);
    talk(t.a, t.b);
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    dials(t.a, "2003"); /* Cleo's phone is not secure; Ada's would take that */
    off_hook(t.c);
    media_opens(t.a, t.c);
    forget(t.a);
    forget(t.b);
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    expect_tone(t.a, RF_SCCP_TONE_BEEP_BONK);
    expect_none(t.b, RF_SCCP_OPEN_RECEIVE_CHANNEL);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), 2);
    flow_free(t.f);
}

static void status_follows_a_transfer_sec_84(void **state)
{
    struct three t = three_new();
    talk(t.a, t.b);
    assert_int_equal(info_of(t.a)->call_security_status, RF_SCCP_SECURITY_ENCRYPTED);
    presses(t.b, RF_SCCP_KEY_TRANSFER);
    assert_int_equal(info_of(t.a)->call_security_status, RF_SCCP_SECURITY_AUTHENTICATED);
    dials(t.b, "2003");
    off_hook(t.c);
    media_opens(t.b, t.c);
    assert_int_equal(info_of(t.b)->call_security_status, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    presses(t.b, RF_SCCP_KEY_TRANSFER);
    media_opens(t.a, t.c); /* in the clear now, and shown so */
    assert_int_equal(info_of(t.a)->call_security_status, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    /* and back: Cleo sends Ada on to Ben */
    presses(t.c, RF_SCCP_KEY_TRANSFER);
    dials(t.c, "2002");
    off_hook(t.b);
    media_opens(t.c, t.b);
    forget(t.a);
    presses(t.c, RF_SCCP_KEY_TRANSFER);
    media_opens(t.a, t.b);
    assert_int_equal(info_of(t.a)->call_security_status, RF_SCCP_SECURITY_ENCRYPTED);
    assert_int_equal(info_of(t.b)->call_security_status, RF_SCCP_SECURITY_ENCRYPTED);
    flow_free(t.f);
}

/* ---- protected phones ---- */

static void protect(struct flow *f, const char *name)
{
    struct rf_sccp_device d = flow_device(name);
    d.call.is_protected = true;
    assert_err(rf_sccp_device_update(f->svc, &d, NULL), RF_OK);
}

static void protected_phones_beep_sec_89(void **state)
{
    struct three t = three_new();
    protect(t.f, NAME_A);
    talk(t.a, t.b);
    expect_tone(t.a, RF_SCCP_TONE_SECURE_WARNING);
    t.b->at = 0; /* the other one is not protected */
    while (has_more(t.b, RF_SCCP_START_TONE))
        assert_true(expect(t.b, RF_SCCP_START_TONE)->start_tone.tone !=
                    RF_SCCP_TONE_SECURE_WARNING);
    on_hook(t.a);
    protect(t.f, NAME_B);
    forget(t.b);
    talk(t.a, t.b); /* both are */
    expect_tone(t.a, RF_SCCP_TONE_SECURE_WARNING);
    expect_tone(t.b, RF_SCCP_TONE_SECURE_WARNING);
    /* in the midst of it the other end becomes one that is not secure, within a second */
    presses(t.b, RF_SCCP_KEY_TRANSFER);
    dials(t.b, "2003");
    off_hook(t.c);
    media_opens(t.b, t.c);
    forget(t.a);
    presses(t.b, RF_SCCP_KEY_TRANSFER);
    media_opens(t.a, t.c);
    assert_int_equal(info_of(t.a)->call_security_status, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    expect_tone(t.a, RF_SCCP_TONE_NON_SECURE_WARNING);
    flow_free(t.f);
}

/* ---- forwarding ---- */

static void forward(struct three *t, enum rf_call_forward which, const char *number)
{
    struct rf_sccp_device d = flow_device(NAME_B);
    snprintf(d.call.rules[0].forward[which], sizeof d.call.rules[0].forward[which], "%s", number);
    d.call.rules[0].busy_trigger = 1;
    assert_err(rf_sccp_device_update(t->f->svc, &d, NULL), RF_OK);
}

static void calls_are_forwarded(void **state)
{
    struct three t = three_new();
    forward(&t, RF_CALL_FORWARD_ALL, "2003");
    off_hook(t.a);
    dials(t.a, "2002");
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    const struct rf_sccp_call_info *info = info_of(t.c);
    assert_int_equal(info->call_type, RF_SCCP_CALL_TYPE_FORWARD);
    assert_slice_str(info->calling_party, "2001");
    assert_slice_str(info->original_called_party, "2002");
    assert_slice_str(info->last_redirecting_party, "2002");
    expect_none(t.b, RF_SCCP_CALL_STATE);
    on_hook(t.a);

    off_hook(t.c); /* who is forwarded to may still call back */
    dials(t.c, "2002");
    expect_state(t.b, RF_SCCP_STATE_RING_IN);
    on_hook(t.c);

    forward(&t, RF_CALL_FORWARD_BUSY, "2003");
    off_hook(t.b);
    off_hook(t.a);
    forget(t.c);
    dials(t.a, "2002");
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    on_hook(t.a);
    on_hook(t.b);

    forward(&t, RF_CALL_FORWARD_NO_ANSWER, "2003");
    off_hook(t.a);
    dials(t.a, "2002");
    expect_state(t.b, RF_SCCP_STATE_RING_IN);
    forget(t.b);
    forget(t.c);
    passes(t.f, 60000);
    expect_state(t.b, RF_SCCP_STATE_ON_HOOK);
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    off_hook(t.c);
    media_opens(t.a, t.c);
    on_hook(t.a);
    const struct rf_call_record *r = &t.f->record;
    assert_string_equal(r->original, "2002");
    assert_string_equal(r->redirecting, "2002");
    assert_string_equal(r->by, "");
    assert_int_equal(r->codec, RF_CALL_CODEC_PCMU);
    assert_int_equal(r->calling_end.signalling, RF_CALL_SIGNALLING_ENCRYPTED);
    assert_int_equal(r->called_end.signalling, RF_CALL_SIGNALLING_PLAIN);
    assert_int_equal(r->calling_end.suite, RF_CALL_SRTP_NONE);
    assert_true(r->calling_end.has_cert);
    assert_false(r->called_end.has_cert);

    forward(&t, RF_CALL_FORWARD_UNREGISTERED, "2003");
    vanishes(t.b);
    off_hook(t.a);
    forget(t.c);
    dials(t.a, "2002");
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    flow_free(t.f);
}

static void a_loop_of_forwards_ends(void **state)
{
    struct three t = three_new();
    struct rf_sccp_device cleo = flow_device(NAME_A);
    forward(&t, RF_CALL_FORWARD_ALL, "2001");
    snprintf(cleo.call.rules[0].forward[RF_CALL_FORWARD_ALL], 5, "2002");
    assert_err(rf_sccp_device_update(t.f->svc, &cleo, NULL), RF_OK);
    off_hook(t.c);
    dials(t.c, "2002");
    expect_tone(t.c, RF_SCCP_TONE_REORDER);
    on_hook(t.c);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_FORWARD_LOOP);
    flow_free(t.f);
}

/* Each of two lines sends on to the other what it does not answer. */
static void a_loop_of_those_who_do_not_answer_ends(void **state)
{
    struct three t = three_new();
    struct rf_sccp_device ada = flow_device(NAME_A);
    forward(&t, RF_CALL_FORWARD_NO_ANSWER, "2001");
    snprintf(ada.call.rules[0].forward[RF_CALL_FORWARD_NO_ANSWER], 5, "2002");
    assert_err(rf_sccp_device_update(t.f->svc, &ada, NULL), RF_OK);
    off_hook(t.c);
    dials(t.c, "2002");
    for (unsigned i = 0; i < RF_CALL_FORWARD_HOPS; i++) {
        expect_state(i % 2 == 0 ? t.b : t.a, RF_SCCP_STATE_RING_IN);
        passes(t.f, 60000);
    }
    expect_state(t.b, RF_SCCP_STATE_RING_IN); /* so often it may be */
    forget(t.a);
    forget(t.c);
    passes(t.f, 60000);
    expect_state(t.b, RF_SCCP_STATE_ON_HOOK);
    expect_none(t.a, RF_SCCP_CALL_STATE);
    expect_tone(t.c, RF_SCCP_TONE_REORDER);
    on_hook(t.c);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_FORWARD_LOOP);
    expect_no_call(t.f);
    flow_free(t.f);
}

static void its_user_forwards_a_phone(void **state)
{
    struct three t = three_new();
    presses(t.b, RF_SCCP_KEY_CFWD_ALL);
    expect_state(t.b, RF_SCCP_STATE_OFF_HOOK);
    expect_keys(t.b, RF_SCCP_KEYSET_OFF_HOOK_FEAT);
    dials(t.b, "2003");
    assert_string_equal(t.f->forward_line, "2002");
    assert_string_equal(t.f->forward_number, "2003");
    assert_string_equal(t.f->forward_device, NAME_B);
    flow_forward_kept(t.f);
    const struct rf_sccp_forward_stat *stat = &expect(t.b, RF_SCCP_FORWARD_STAT)->forward_stat;
    assert_int_equal(stat->all.is_active, 1);
    assert_slice_str(stat->all.number, "2003");
    expect_state(t.b, RF_SCCP_STATE_ON_HOOK);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_FORWARD_SET);
    off_hook(t.a);
    dials(t.a, "2002");
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    on_hook(t.a);
    presses(t.b, RF_SCCP_KEY_CFWD_ALL); /* the same key ends it */
    assert_string_equal(t.f->forward_number, "");
    flow_forward_kept(t.f);
    assert_int_equal(expect(t.b, RF_SCCP_FORWARD_STAT)->forward_stat.all.is_active, 0);
    off_hook(t.a);
    dials(t.a, "2002");
    expect_state(t.b, RF_SCCP_STATE_RING_IN);
    on_hook(t.a);
    presses(t.b, RF_SCCP_KEY_CFWD_ALL); /* to itself is nowhere */
    dials(t.b, "2002");
    expect_tone(t.b, RF_SCCP_TONE_REORDER);
    flow_free(t.f);
}

/* What a phone was told is in the database: so it is told when that is so. */
static void a_phone_is_told_once_its_forwarding_is_kept(void **state)
{
    struct three t = three_new();
    presses(t.b, RF_SCCP_KEY_CFWD_ALL);
    dials(t.b, "2003");
    expect_none(t.b, RF_SCCP_FORWARD_STAT);
    off_hook(t.a); /* nothing waits for it, and it is not so yet */
    dials(t.a, "2002");
    expect_state(t.b, RF_SCCP_STATE_RING_IN);
    on_hook(t.a);
    flow_forward_kept(t.f);
    assert_int_equal(expect(t.b, RF_SCCP_FORWARD_STAT)->forward_stat.all.is_active, 1);
    forget(t.b);
    presses(t.b, RF_SCCP_KEY_CFWD_ALL);
    expect_none(t.b, RF_SCCP_FORWARD_STAT); /* until it is ended there, too */
    off_hook(t.a);
    dials(t.a, "2002");
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    on_hook(t.a);
    flow_forward_kept(t.f);
    assert_int_equal(expect(t.b, RF_SCCP_FORWARD_STAT)->forward_stat.all.is_active, 0);
    expect_no_call(t.f);
    flow_free(t.f);
}

static void forwarding_that_is_not_kept_is_off(void **state)
{
    struct three t = three_new();
    presses(t.b, RF_SCCP_KEY_CFWD_ALL);
    dials(t.b, "2003");
    forget(t.b);
    rf_call_forward_all_refused(rf_sccp_service_calls(t.f->svc), "2002");
    assert_int_equal(expect(t.b, RF_SCCP_FORWARD_STAT)->forward_stat.all.is_active, 0);
    expect_tone(t.b, RF_SCCP_TONE_REORDER);
    on_hook(t.b);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_FORWARD_LOST);
    off_hook(t.a);
    dials(t.a, "2002");
    expect_state(t.b, RF_SCCP_STATE_RING_IN);
    on_hook(t.a);
    expect_no_call(t.f);
    flow_free(t.f);
}

/* Its user hung up, and takes back what is not decided yet: by the key, as later. */
static void the_key_ends_forwarding_that_waits(void **state)
{
    struct three t = three_new();
    presses(t.b, RF_SCCP_KEY_CFWD_ALL);
    dials(t.b, "2003");
    on_hook(t.b);
    expect_no_call(t.f);
    forget(t.b);
    presses(t.b, RF_SCCP_KEY_CFWD_ALL);
    assert_string_equal(t.f->forward_number, "");
    flow_forward_kept(t.f); /* the last word only */
    presses(t.b, RF_SCCP_KEY_CFWD_ALL);
    expect_state(t.b, RF_SCCP_STATE_OFF_HOOK); /* where to? */
    dials(t.b, "2003");
    presses(t.b, RF_SCCP_KEY_CFWD_ALL); /* with the first call there still */
    flow_forward_kept(t.f);
    expect_state(t.b, RF_SCCP_STATE_ON_HOOK);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_NORMAL);
    expect_no_call(t.f);
    flow_free(t.f);
}

static void asks_forward(struct flow_phone *p, const char *want)
{
    forget(p);
    sends(p, &(struct rf_sccp_msg){.id = RF_SCCP_FORWARD_STAT_REQ, .forward_stat_req.number = 1});
    const struct rf_sccp_forward_stat *stat = &expect(p, RF_SCCP_FORWARD_STAT)->forward_stat;
    assert_int_equal(stat->all.is_active != 0, want[0] != '\0');
    assert_slice_str(stat->all.number, want);
}

static void a_phone_that_comes_back_shows_what_its_user_forwards(void **state)
{
    struct three t = three_new();
    presses(t.b, RF_SCCP_KEY_CFWD_ALL);
    dials(t.b, "2003");
    vanishes(t.b);
    flow_forward_kept(t.f);
    boots(t.b);
    asks_forward(t.b, "2003");
    presses_on(t.b, RF_SCCP_KEY_CFWD_ALL, 0);
    flow_forward_kept(t.f);
    asks_forward(t.b, "");
    forward(&t, RF_CALL_FORWARD_ALL, "2001"); /* and what an operator set */
    asks_forward(t.b, "2001");
    asks_forward(t.a, "");
    flow_free(t.f);
}

static void redial(void **state)
{
    struct three t = three_new();
    off_hook(t.a);
    dials(t.a, "2003");
    on_hook(t.a);
    forget(t.c);
    presses(t.a, RF_SCCP_KEY_REDIAL);
    assert_slice_str(expect(t.a, RF_SCCP_DIALED_NUMBER)->dialed_number.number, "2003");
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    flow_free(t.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hold_and_resume_with_new_keys_sec_80),
        cmocka_unit_test(an_answer_that_is_late_is_of_the_stream_it_names),
        cmocka_unit_test(both_hold),
        cmocka_unit_test(who_is_held_may_hang_up),
        cmocka_unit_test(a_second_call_waits_and_is_answered),
        cmocka_unit_test(a_third_call_finds_it_busy),
        cmocka_unit_test(a_new_call_holds_the_present_one),
        cmocka_unit_test(a_handset_put_down_is_of_the_call_that_is_talked_in),
        cmocka_unit_test(consult_transfer),
        cmocka_unit_test(blind_transfer),
        cmocka_unit_test(who_holds_is_transferred_and_goes_on_holding),
        cmocka_unit_test(who_holds_is_not_transferred_to_who_rings),
        cmocka_unit_test(a_transfer_that_is_given_up),
        cmocka_unit_test(a_transfer_into_the_clear_is_refused_where_srtp_is_required_sec_81),
        cmocka_unit_test(status_follows_a_transfer_sec_84),
        cmocka_unit_test(protected_phones_beep_sec_89),
        cmocka_unit_test(calls_are_forwarded),
        cmocka_unit_test(a_loop_of_forwards_ends),
        cmocka_unit_test(a_loop_of_those_who_do_not_answer_ends),
        cmocka_unit_test(its_user_forwards_a_phone),
        cmocka_unit_test(a_phone_is_told_once_its_forwarding_is_kept),
        cmocka_unit_test(forwarding_that_is_not_kept_is_off),
        cmocka_unit_test(the_key_ends_forwarding_that_waits),
        cmocka_unit_test(a_phone_that_comes_back_shows_what_its_user_forwards),
        cmocka_unit_test(redial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
