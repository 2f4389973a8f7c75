/* SPDX-License-Identifier: Apache-2.0 */
/* Calls from off-hook to on-hook, and all the ways they come to nothing. */
#include "flow.h"

#define WITH_TWO_PHONES(version_a, version_b)                                                      \
    struct flow *f = flow_new();                                                                   \
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', version_a);                                  \
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', version_b);                                  \
    boots(a);                                                                                      \
    boots(b)

static void call_digit_by_digit(unsigned version_a, unsigned version_b)
{
    WITH_TWO_PHONES(version_a, version_b);

    off_hook(a);
    expect_state(a, RF_SCCP_STATE_OFF_HOOK);
    assert_int_equal(expect(a, RF_SCCP_SELECT_SOFTKEYS)->select_softkeys.set_index,
                     RF_SCCP_KEYSET_OFF_HOOK);
    expect_tone(a, RF_SCCP_TONE_INSIDE_DIAL);
    dials(a, "2");
    expect(a, RF_SCCP_STOP_TONE);
    assert_int_equal(expect(a, RF_SCCP_SELECT_SOFTKEYS)->select_softkeys.set_index,
                     RF_SCCP_KEYSET_DIGITS_FOLL);
    dials(a, "00");
    expect_none(a, RF_SCCP_DIALED_NUMBER);
    dials(a, "2");
    assert_slice_str(expect(a, RF_SCCP_DIALED_NUMBER)->dialed_number.number, "2002");
    expect_state(a, RF_SCCP_STATE_PROCEED);
    const struct rf_sccp_call_info *out =
        &expect(a, rf_sccp_form(RF_SCCP_CALL_INFO, version_a))->call_info;
    assert_slice_str(out->called_party, "2002");
    assert_slice_str(out->called_party_name, "Ben");
    assert_int_equal(out->call_type, RF_SCCP_CALL_TYPE_OUTBOUND);

    expect_state(b, RF_SCCP_STATE_RING_IN);
    const struct rf_sccp_call_info *in =
        &expect(b, rf_sccp_form(RF_SCCP_CALL_INFO, version_b))->call_info;
    assert_slice_str(in->calling_party, "2001");
    assert_slice_str(in->calling_party_name, "Ada");
    assert_int_equal(expect(b, RF_SCCP_SET_RINGER)->set_ringer.mode, RF_SCCP_RING_INSIDE);
    expect_state(a, RF_SCCP_STATE_RING_OUT);
    expect_tone(a, RF_SCCP_TONE_ALERTING);

    off_hook(b);
    assert_int_equal(expect(b, RF_SCCP_SET_RINGER)->set_ringer.mode, RF_SCCP_RING_OFF);
    expect_state(b, RF_SCCP_STATE_CONNECTED);
    expect(a, RF_SCCP_STOP_TONE);
    expect_state(a, RF_SCCP_STATE_CONNECTED);
    assert_true(a->ref != b->ref);
    assert_true(a->ref != 0 && b->ref != 0);

    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, 24602);
    const struct rf_sccp_start_media_transmission *to_b =
        &expect(a, RF_SCCP_START_MEDIA_TRANSMISSION)->start_media_transmission;
    assert_int_equal(to_b->remote_port, 24602);
    assert_int_equal(to_b->remote.ip[3], 2);
    expect_none(b, RF_SCCP_START_MEDIA_TRANSMISSION);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    assert_int_equal(
        expect(b, RF_SCCP_START_MEDIA_TRANSMISSION)->start_media_transmission.remote_port, 24600);
    assert_int_equal(
        expect(a, rf_sccp_form(RF_SCCP_CALL_INFO, version_a))->call_info.call_security_status,
        RF_SCCP_SECURITY_ENCRYPTED);
    assert_int_equal(
        expect(b, rf_sccp_form(RF_SCCP_CALL_INFO, version_b))->call_info.call_security_status,
        RF_SCCP_SECURITY_ENCRYPTED);
    expect_event(f, "call-connected");

    passes(f, 600000);
    on_hook(a);
    expect(a, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect(a, RF_SCCP_STOP_MEDIA_TRANSMISSION);
    expect_state(a, RF_SCCP_STATE_ON_HOOK);
    expect(b, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect(b, RF_SCCP_STOP_MEDIA_TRANSMISSION);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);
    assert_int_equal(f->n_records, 1);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_NORMAL);
    assert_int_equal(f->record.security, RF_CALL_SECURITY_ENCRYPTED);
    assert_int_equal(f->record.end_s - f->record.answered_s, 600);

    on_hook(b); /* its user hangs up afterwards: nothing more */
    expect_none(b, RF_SCCP_CALL_STATE);
    flow_free(f);
}

static void basic_call_22_to_11(void **state)
{
    call_digit_by_digit(22, 11);
}

static void basic_call_11_to_22(void **state)
{
    call_digit_by_digit(11, 22);
}

static void basic_call_17_to_3(void **state)
{
    call_digit_by_digit(17, 3);
}

static void called_phone_answers_by_key_and_hangs_up(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    expect_state(b, RF_SCCP_STATE_RING_IN);
    presses(b, RF_SCCP_KEY_ANSWER);
    assert_int_equal(expect(b, RF_SCCP_SET_SPEAKER_MODE)->set_speaker_mode.mode, RF_SCCP_MODE_ON);
    expect_state(b, RF_SCCP_STATE_CONNECTED);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, 24600);
    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, 24602);
    presses(b, RF_SCCP_KEY_END_CALL);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect(a, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect_state(a, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);
    flow_free(f);
}

static void enbloc_number_and_new_call_key(void **state)
{
    WITH_TWO_PHONES(22, 11);
    sends(a, &(struct rf_sccp_msg){.id = RF_SCCP_ENBLOC_CALL,
                                   .enbloc_call.called_party = rf_slice_str("2002#")});
    assert_slice_str(expect(a, RF_SCCP_DIALED_NUMBER)->dialed_number.number, "2002");
    expect_state(b, RF_SCCP_STATE_RING_IN);
    presses(a, RF_SCCP_KEY_END_CALL);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);

    presses(a, RF_SCCP_KEY_NEW_CALL);
    assert_int_equal(expect(a, RF_SCCP_SET_SPEAKER_MODE)->set_speaker_mode.mode, RF_SCCP_MODE_OFF);
    assert_int_equal(expect(a, RF_SCCP_SET_SPEAKER_MODE)->set_speaker_mode.mode, RF_SCCP_MODE_ON);
    expect_tone(a, RF_SCCP_TONE_INSIDE_DIAL);
    dials(a, "200");
    presses(a, RF_SCCP_KEY_BACK_SPACE);
    expect(a, RF_SCCP_BACK_SPACE_REQ);
    dials(a, "02");
    expect_state(b, RF_SCCP_STATE_RING_IN);
    flow_free(f);
}

static void busy(void **state)
{
    WITH_TWO_PHONES(22, 11);
    struct rf_sccp_device one_call = flow_device(NAME_B);
    one_call.call.rules[0].busy_trigger = 1;
    assert_err(rf_sccp_device_update(f->svc, &one_call, NULL), RF_OK);
    off_hook(b);
    expect_tone(b, RF_SCCP_TONE_INSIDE_DIAL);
    off_hook(a);
    dials(a, "2002");
    expect_state(a, RF_SCCP_STATE_BUSY);
    expect_tone(a, RF_SCCP_TONE_LINE_BUSY);
    expect_none(b, RF_SCCP_SET_RINGER);
    on_hook(a);
    expect_state(a, RF_SCCP_STATE_ON_HOOK);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_BUSY);
    on_hook(b);
    expect_no_call(f);

    off_hook(a); /* and its own number */
    dials(a, "2001");
    expect_tone(a, RF_SCCP_TONE_LINE_BUSY);
    passes(f, 15000); /* nobody hangs up: the server does */
    expect_state(a, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);
    flow_free(f);
}

static void unknown_number(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "9"); /* no line begins with it: no reason to wait for more */
    expect_state(a, RF_SCCP_STATE_INVALID_NUMBER);
    expect_tone(a, RF_SCCP_TONE_REORDER);
    on_hook(a);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);

    off_hook(a);
    dials(a, "200#"); /* '#' ends dialling */
    expect_tone(a, RF_SCCP_TONE_REORDER);
    on_hook(a);
    expect_no_call(f);
    expect_none(b, RF_SCCP_CALL_STATE);
    flow_free(f);
}

static void pauses_in_dialling(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    expect_tone(a, RF_SCCP_TONE_INSIDE_DIAL);
    passes(f, 9999);
    expect_none(a, RF_SCCP_START_TONE);
    passes(f, 1);
    expect_tone(a, RF_SCCP_TONE_REORDER);
    on_hook(a);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_NO_DIGITS);

    off_hook(a);
    dials(a, "20");
    passes(f, 4999);
    dials(a, "0"); /* each digit gives new time */
    passes(f, 4999);
    expect_none(a, RF_SCCP_DIALED_NUMBER);
    passes(f, 1);
    assert_slice_str(expect(a, RF_SCCP_DIALED_NUMBER)->dialed_number.number, "200");
    expect_tone(a, RF_SCCP_TONE_REORDER);
    flow_free(f);
}

static void unreachable(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
    boots(a);
    off_hook(a);
    dials(a, "2002");
    expect_state(a, RF_SCCP_STATE_CONGESTION);
    expect_tone(a, RF_SCCP_TONE_REORDER);
    on_hook(a);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_UNREACHABLE);
    flow_free(f);
}

static void no_answer(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    expect_state(b, RF_SCCP_STATE_RING_IN);
    passes(f, 59999);
    expect_none(b, RF_SCCP_CALL_STATE);
    passes(f, 1);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_tone(a, RF_SCCP_TONE_REORDER);
    off_hook(b); /* too late: a call of its own */
    expect_tone(b, RF_SCCP_TONE_INSIDE_DIAL);
    on_hook(a);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_NO_ANSWER);
    flow_free(f);
}

static void abandoned_while_ringing(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    expect_state(b, RF_SCCP_STATE_RING_IN);
    on_hook(a);
    assert_int_equal(expect(b, RF_SCCP_SET_RINGER)->set_ringer.mode, RF_SCCP_RING_INSIDE);
    assert_int_equal(expect(b, RF_SCCP_SET_RINGER)->set_ringer.mode, RF_SCCP_RING_OFF);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_none(b, RF_SCCP_OPEN_RECEIVE_CHANNEL);
    expect_no_call(f);
    flow_free(f);
}

static void declined(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    presses(b, RF_SCCP_KEY_END_CALL);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_tone(a, RF_SCCP_TONE_LINE_BUSY);
    on_hook(a);
    expect_no_call(f);
    flow_free(f);
}

static void digits_in_a_call_go_to_the_peer(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    dials(a, "0");
    assert_int_equal(expect(b, RF_SCCP_START_TONE)->start_tone.tone, 10);
    dials(b, "#");
    assert_int_equal(expect(a, RF_SCCP_START_TONE)->start_tone.tone, 15);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(f->svc)), 1);
    flow_free(f);
}

/* doc: docs/wire/sccp.md, "Frames" */
static void names_in_the_letters_of_each_phone(void **state)
{
    struct flow *f = flow_new();
    struct rf_sccp_device d = flow_device(NAME_A);
    struct rf_why why = {0};
    snprintf(d.call.lines[0].name, sizeof d.call.lines[0].name, "J\u00f6rg \u0141");
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 11);
    a->reads_utf8 = true;
    boots(a);
    boots(b);
    off_hook(a);
    dials(a, "2002");
    assert_slice_str(expect(a, RF_SCCP_CALL_INFO_V2)->call_info.calling_party_name,
                     "J\u00f6rg \u0141");
    assert_slice_str(expect(b, RF_SCCP_CALL_INFO)->call_info.calling_party_name, "J\xf6rg ?");
    assert_slice_str(expect(b, RF_SCCP_DISPLAY_PROMPT_STATUS_V2)->display_prompt.text,
                     "\x80\x17 J\xf6rg ?");
    flow_free(f);
}

/* doc: docs/wire/sccp.md, "Bad input": nobody acts on a call it has no part in */
static void another_phones_call_is_left_alone(void **state)
{
    struct flow *f = flow_new();
    struct rf_sccp_device third = flow_device(NAME_A);
    struct rf_why why = {0};
    snprintf(third.call.name, sizeof third.call.name, "CIPC-EVE");
    snprintf(third.call.lines[0].number, sizeof third.call.lines[0].number, "2003");
    third.mode = RF_SCCP_MODE_NON_SECURE;
    assert_err(rf_sccp_device_update(f->svc, &third, &why), RF_OK);
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 11);
    struct flow_phone *eve = flow_phone(f, "CIPC-EVE", 'C', 11);
    boots(a);
    boots(b);
    connects(eve, LINK_PLAIN);
    sends_register(eve);
    expect(eve, RF_SCCP_REGISTER_ACK);
    talk(a, b);
    forget(a);
    forget(b);

    eve->ref = a->ref;
    eve->line = 1;
    on_hook(eve);
    presses(eve, RF_SCCP_KEY_END_CALL);
    dials(eve, "5");
    acknowledges(eve, RF_SCCP_MEDIA_OK, eve->address, 24700);
    assert_int_equal(a->at, a->n_got);
    assert_int_equal(b->at, b->n_got);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(f->svc)), 1);
    on_hook(a); /* its twin: the same messages from the phone whose call it is */
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    flow_free(f);
}

static void hook_goes_up_and_down_fast(void **state)
{
    WITH_TWO_PHONES(22, 11);
    for (int i = 0; i < 30; i++) {
        off_hook(a);
        if (i % 3 == 0)
            dials(a, "2002");
        on_hook(a);
    }
    expect_no_call(f);
    assert_int_equal(f->n_records, 30);
    assert_true(is_registered(f, NAME_A) && is_registered(f, NAME_B));
    flow_free(f);
}

/* Who lifts the handset and puts it down all day does not push out the records of the others. */
static void calls_to_nobody_have_few_records(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    boots(a);
    boots(b);
    for (int i = 0; i < 60; i++) {
        off_hook(a);
        on_hook(a);
        passes(f, 100);
    }
    assert_int_equal(f->n_records, 30);
    assert_int_equal(events_of(f, "call-flood"), 1);
    assert_string_equal(expect_event(f, "call-flood")->dev, NAME_A);
    off_hook(b); /* others, */
    on_hook(b);
    assert_int_equal(f->n_records, 31);
    talk(a, b); /* and who talks, have theirs */
    on_hook(a);
    assert_int_equal(f->n_records, 32);
    passes(f, 61000);
    off_hook(a);
    on_hook(a);
    assert_int_equal(f->n_records, 33);
    flow_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basic_call_22_to_11),
        cmocka_unit_test(basic_call_11_to_22),
        cmocka_unit_test(basic_call_17_to_3),
        cmocka_unit_test(called_phone_answers_by_key_and_hangs_up),
        cmocka_unit_test(enbloc_number_and_new_call_key),
        cmocka_unit_test(busy),
        cmocka_unit_test(unknown_number),
        cmocka_unit_test(pauses_in_dialling),
        cmocka_unit_test(unreachable),
        cmocka_unit_test(no_answer),
        cmocka_unit_test(abandoned_while_ringing),
        cmocka_unit_test(declined),
        cmocka_unit_test(digits_in_a_call_go_to_the_peer),
        cmocka_unit_test(names_in_the_letters_of_each_phone),
        cmocka_unit_test(another_phones_call_is_left_alone),
        cmocka_unit_test(hook_goes_up_and_down_fast),
        cmocka_unit_test(calls_to_nobody_have_few_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
