/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that are lost: idle, ringing, talking; and what becomes of their calls. */
#include "flow.h"

#define WITH_TWO_PHONES(version_a, version_b)                                                      \
    struct flow *f = flow_new();                                                                   \
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', version_a);                                  \
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', version_b);                                  \
    boots(a);                                                                                      \
    boots(b)

static void talking_goes_on_while_signalling_is_lost(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    forget(b);
    vanishes(a);
    passes(f, 200000);
    expect_none(b, RF_SCCP_CLOSE_RECEIVE_CHANNEL); /* B is told nothing: audio goes on */
    assert_int_equal(rf_call_count(rf_sccp_service_calls(f->svc)), 1);
    b->at = 0;

    boots(a); /* it comes back: its old call is over */
    forget(a);
    expect_state(b, RF_SCCP_STATE_CONNECTED);
    expect(b, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_LOST);
    talk(a, b); /* and all works again */
    flow_free(f);
}

static void lost_call_ends_after_the_grace_time(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    forget(b);
    vanishes(a);
    passes(f, 299999);
    expect_none(b, RF_SCCP_CALL_STATE);
    passes(f, 1);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);
    flow_free(f);
}

static void the_other_hangs_up_a_lost_call(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    vanishes(b);
    on_hook(a);
    expect_state(a, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);
    boots(b);
    talk(b, a);
    flow_free(f);
}

/* It cannot be held: who was lost would hear what is said in the next one. */
static void the_others_next_call_ends_a_lost_one(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    vanishes(a);
    forget(b);
    off_hook(b); /* it is in a call: no news */
    expect_none(b, RF_SCCP_CALL_STATE);
    presses(b, RF_SCCP_KEY_NEW_CALL);
    expect(b, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    expect(b, RF_SCCP_STOP_MEDIA_TRANSMISSION);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_state(b, RF_SCCP_STATE_OFF_HOOK);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(f->svc)), 1);
    on_hook(b);
    boots(a);
    talk(a, b); /* one that nobody lost is held */
    presses(b, RF_SCCP_KEY_NEW_CALL);
    expect_state(b, RF_SCCP_STATE_HOLD);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(f->svc)), 2);
    flow_free(f);
}

static void a_call_that_waits_ends_a_lost_one_when_it_is_answered(void **state)
{
    WITH_TWO_PHONES(22, 11);
    struct rf_sccp_device cleo = flow_device(NAME_A);
    snprintf(cleo.call.name, sizeof cleo.call.name, "CIPC-CLEO");
    snprintf(cleo.call.lines[0].number, sizeof cleo.call.lines[0].number, "2003");
    cleo.mode = RF_SCCP_MODE_NON_SECURE;
    assert_err(rf_sccp_device_update(f->svc, &cleo, NULL), RF_OK);
    struct flow_phone *c = flow_phone(f, "CIPC-CLEO", 'A', 17);
    boots_plain(c);
    talk(a, b);
    vanishes(a);
    off_hook(c);
    dials(c, "2002");
    expect_state(b, RF_SCCP_STATE_RING_IN);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(f->svc)), 2);
    presses(b, RF_SCCP_KEY_ANSWER);
    expect(b, RF_SCCP_STOP_MEDIA_TRANSMISSION);
    media_opens(b, c);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(f->svc)), 1);
    flow_free(f);
}

static void both_lost(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    vanishes(a);
    vanishes(b);
    expect_no_call(f);
    boots(a);
    boots(b);
    talk(a, b);
    flow_free(f);
}

static void new_registration_of_a_talking_phone(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    struct flow_phone *again = flow_phone(f, NAME_A, 'A', 22);
    boots(again); /* same certificate, the old link still stands */
    expect_closed(a, "replaced");
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);
    flow_free(f);
}

static void caller_lost_while_ringing(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    expect_state(b, RF_SCCP_STATE_RING_IN);
    vanishes(a);
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(f);
    flow_free(f);
}

static void called_lost_while_ringing(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "2002");
    vanishes(b);
    expect_tone(a, RF_SCCP_TONE_REORDER);
    boots(b);
    on_hook(a);
    expect_no_call(f);
    talk(a, b);
    flow_free(f);
}

static void lost_while_dialling_or_failed(void **state)
{
    WITH_TWO_PHONES(22, 11);
    off_hook(a);
    dials(a, "20");
    vanishes(a);
    expect_no_call(f);
    boots(a);
    off_hook(a);
    dials(a, "9");
    expect_tone(a, RF_SCCP_TONE_REORDER);
    vanishes(a);
    expect_no_call(f);
    passes(f, 100000); /* no timer of a gone call does harm */
    flow_free(f);
}

static void lost_while_media_is_set_up(void **state)
{
    for (int who = 0; who < 2; who++) {
        WITH_TWO_PHONES(22, 11);
        struct flow_phone *lost = who == 0 ? a : b;
        struct flow_phone *left = who == 0 ? b : a;
        off_hook(a);
        dials(a, "2002");
        off_hook(b);
        vanishes(lost);
        expect_tone(left, RF_SCCP_TONE_REORDER);
        on_hook(left);
        expect_no_call(f);
        boots(lost);
        talk(lost, left);
        flow_free(f);
    }
}

static void unregister_during_a_call_is_refused(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    sends_empty(a, RF_SCCP_UNREGISTER);
    assert_int_equal(expect(a, RF_SCCP_UNREGISTER_ACK)->unregister_ack.status,
                     RF_SCCP_UNREGISTER_NAK);
    assert_true(is_registered(f, NAME_A));
    on_hook(a);
    sends_empty(a, RF_SCCP_UNREGISTER);
    assert_int_equal(expect(a, RF_SCCP_UNREGISTER_ACK)->unregister_ack.status,
                     RF_SCCP_UNREGISTER_OK);
    assert_false(is_registered(f, NAME_A));
    flow_free(f);
}

static void device_removed_during_a_call(void **state)
{
    WITH_TWO_PHONES(22, 11);
    talk(a, b);
    assert_err(rf_sccp_device_remove(f->svc, NAME_A), RF_OK);
    expect_closed(a, "removed");
    expect_state(b, RF_SCCP_STATE_ON_HOOK);
    assert_int_equal(f->record.cause, RF_CALL_CAUSE_REMOVED);
    expect_no_call(f);
    flow_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talking_goes_on_while_signalling_is_lost),
        cmocka_unit_test(lost_call_ends_after_the_grace_time),
        cmocka_unit_test(the_other_hangs_up_a_lost_call),
        cmocka_unit_test(the_others_next_call_ends_a_lost_one),
        cmocka_unit_test(a_call_that_waits_ends_a_lost_one_when_it_is_answered),
        cmocka_unit_test(both_lost),
        cmocka_unit_test(new_registration_of_a_talking_phone),
        cmocka_unit_test(caller_lost_while_ringing),
        cmocka_unit_test(called_lost_while_ringing),
        cmocka_unit_test(lost_while_dialling_or_failed),
        cmocka_unit_test(lost_while_media_is_set_up),
        cmocka_unit_test(unregister_during_a_call_is_refused),
        cmocka_unit_test(device_removed_during_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
