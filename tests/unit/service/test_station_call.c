/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the SCCP phone: what its user does, what the server says, in every order. */
#include "station_world.h"

#define OTHER_REF REF2

static void expect_hook(struct world *w, enum rf_sccp_id id, uint32_t line, uint32_t ref)
{
    const struct rf_sccp_msg *msg = expect(w, id);
    const struct rf_sccp_line_call *at = id == RF_SCCP_OFF_HOOK ? &msg->off_hook : &msg->on_hook;
    assert_int_equal(at->line_instance, line);
    assert_int_equal(at->call_reference, ref);
}

static void expect_key(struct world *w, uint32_t button)
{
    const struct rf_sccp_keypad_button *k = &expect(w, RF_SCCP_KEYPAD_BUTTON)->keypad_button;
    assert_int_equal(k->button, button);
    assert_int_equal(k->line_instance, 1);
    assert_int_equal(k->call_reference, REF);
}

static void hangs_up(struct world *w)
{
    struct rf_why why = {0};
    assert_err(rf_station_hang_up(w->st, &why), RF_OK);
    expect_call(w, RF_STATION_CLEARING);
}

static enum rf_station_call_state state_of(const struct world *w)
{
    struct rf_station_status status;
    rf_station_status(w->st, &status);
    return status.call;
}

/* ---- calls as they should be ---- */

static void answered_and_hung_up(unsigned version)
{
    struct world *w = world_new(version);
    struct rf_why why = {0};
    rings(w);
    assert_true(w->events[w->event_at - 1]->event.is_incoming);
    assert_int_equal(w->events[w->event_at - 1]->event.ref, REF);
    says(w,
         &(struct rf_sccp_msg){.id = rf_sccp_form(RF_SCCP_CALL_INFO, w->version),
                               .call_info = {.line_instance = 1,
                                             .call_reference = REF,
                                             .call_type = RF_SCCP_CALL_TYPE_INBOUND,
                                             .call_security_status = RF_SCCP_SECURITY_AUTHENTICATED,
                                             .calling_party = rf_slice_str("2002"),
                                             .calling_party_name = rf_slice_str("Ben"),
                                             .called_party = rf_slice_str("2001"),
                                             .called_party_name = rf_slice_str("Ada")}});
    const struct seen_event *e = expect_event(w, RF_STATION_CALL_INFO);
    assert_string_equal(e->calling_number, "2002");
    assert_string_equal(e->calling_name, "Ben");
    assert_string_equal(e->called_number, "2001");
    assert_string_equal(e->called_name, "Ada");
    assert_true(e->event.is_incoming);
    assert_int_equal(e->event.security, RF_SCCP_SECURITY_AUTHENTICATED);
    assert_err(rf_station_answer(w->st, &why), RF_OK);
    expect_hook(w, RF_SCCP_OFF_HOOK, 1, REF);
    expect_call(w, RF_STATION_ANSWERING);
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    expect_call(w, RF_STATION_CONNECTED);
    hangs_up(w);
    expect_hook(w, RF_SCCP_ON_HOOK, 1, REF);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    expect_call(w, RF_STATION_IDLE);
    world_free(w);
}

static void incoming_call(void **state)
{
    answered_and_hung_up(22);
    answered_and_hung_up(17);
    answered_and_hung_up(11);
    answered_and_hung_up(3);
}

static void digit_by_digit(void **state)
{
    static const unsigned versions[] = {22, 11, 3};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = world_new(versions[i]);
        struct rf_why why = {0};
        w->conf.digit_gap_ms = 150;
        registers(w);
        assert_err(rf_station_call(w->st, "20*2", &why), RF_OK);
        expect_hook(w, RF_SCCP_OFF_HOOK, 0, 0);
        expect_call(w, RF_STATION_SEIZING);
        passes(w, 1000);
        expect_none(w, RF_SCCP_KEYPAD_BUTTON); /* no line yet */
        call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
        expect_call(w, RF_STATION_DIALLING);
        static const uint32_t keys[] = {2, 0, 14};
        for (size_t k = 0; k < 3; k++) {
            passes(w, 149);
            expect_none(w, RF_SCCP_KEYPAD_BUTTON);
            passes(w, 1);
            expect_key(w, keys[k]);
        }
        assert_err(rf_station_press(w->st, 'D', &why), RF_OK); /* behind what is there */
        passes(w, 150);
        expect_key(w, 2);
        passes(w, 150);
        expect_key(w, 13);
        passes(w, 1000);
        expect_none(w, RF_SCCP_KEYPAD_BUTTON);
        call_state(w, RF_SCCP_STATE_PROCEED, REF);
        expect_call(w, RF_STATION_PROCEEDING);
        call_state(w, RF_SCCP_STATE_RING_OUT, REF);
        expect_call(w, RF_STATION_RING_OUT);
        call_state(w, RF_SCCP_STATE_CONNECTED, REF);
        expect_call(w, RF_STATION_CONNECTED);
        call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
        expect_call(w, RF_STATION_IDLE);
        assert_false(w->events[w->event_at - 1]->event.is_incoming);
        world_free(w);
    }
}

/* The server knew where to after two digits: the rest is not for whoever answers. */
static void digits_that_are_not_needed(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    registers(w);
    assert_err(rf_station_call(w->st, "123456", &why), RF_OK);
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
    passes(w, 400);
    call_state(w, RF_SCCP_STATE_PROCEED, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    forget(w);
    passes(w, 5000);
    expect_none(w, RF_SCCP_KEYPAD_BUTTON);
    world_free(w);
}

static void en_bloc(void **state)
{
    static const unsigned versions[] = {22, 17, 11};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = world_new(versions[i]);
        struct rf_why why = {0};
        registers(w);
        assert_err(rf_station_call_enbloc(w->st, "2002", &why), RF_OK);
        struct rf_sccp_enbloc_call call = expect(w, RF_SCCP_ENBLOC_CALL)->enbloc_call;
        assert_slice_str(call.called_party, "2002");
        call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
        call_state(w, RF_SCCP_STATE_PROCEED, REF);
        expect_call(w, RF_STATION_SEIZING);
        expect_call(w, RF_STATION_DIALLING);
        expect_call(w, RF_STATION_PROCEEDING);
        passes(w, 5000);
        expect_none(w, RF_SCCP_KEYPAD_BUTTON);
        world_free(w);
    }
}

static void off_hook_and_keys(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    registers(w);
    assert_err(rf_station_off_hook(w->st, &why), RF_OK);
    assert_err(rf_station_press(w->st, '1', &why), RF_OK); /* too early: it waits for the line */
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
    passes(w, 200);
    expect_key(w, 1);
    assert_err(rf_station_press(w->st, '#', &why), RF_OK);
    passes(w, 200);
    expect_key(w, 15);
    for (int i = 0; i < 40; i++) /* more than any number has */
        assert_err(rf_station_press(w->st, '9', &why), RF_OK);
    passes(w, 20000);
    size_t n = 0;
    while (w->read_at < net_taken(w->link).len) {
        expect_key(w, 9);
        n++;
    }
    assert_int_equal(n, STATION_DIGITS - 2);
    world_free(w);
}

/* doc: docs/wire/sccp.md, "Keys": the event of a key is the server's choice */
static void declined(void **state)
{
    struct world *w = world_new(22);
    rings(w);
    hangs_up(w);
    struct rf_sccp_softkey_event key = expect(w, RF_SCCP_SOFTKEY_EVENT)->softkey_event;
    assert_int_equal(key.event, 19);
    assert_int_equal(key.line_instance, 1);
    assert_int_equal(key.call_reference, REF);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    expect_call(w, RF_STATION_IDLE);
    expect_none(w, RF_SCCP_OFF_HOOK);
    world_free(w);
}

static void caller_gives_up(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    rings(w);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    expect_call(w, RF_STATION_IDLE);
    assert_refused(rf_station_answer(w->st, &why), RF_ERR_DENIED, why, "not-ringing");
    world_free(w);
}

static void keys_in_a_call(void **state)
{
    static const char digits[] = "1234567890*#ABCD";
    static const uint32_t tones[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 19};
    static const uint32_t keys[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 14, 15, 10, 11, 12, 13};
    struct world *w = world_new(22);
    struct rf_why why = {0};
    talks(w);
    for (size_t i = 0; i < 16; i++) {
        assert_err(rf_station_press(w->st, digits[i], &why), RF_OK);
        expect_key(w, keys[i]);
        says(w, &(struct rf_sccp_msg){
                    .id = RF_SCCP_START_TONE,
                    .start_tone = {.tone = tones[i], .line_instance = 1, .call_reference = REF}});
        assert_int_equal(expect_event(w, RF_STATION_DTMF)->event.digit, digits[i]);
    }
    world_free(w);
}

static void hold_and_resume(void **state)
{
    struct world *w = world_new(22);
    struct rf_sccp_media_key key = some_key(9);
    talks(w);
    stops(w, RF_SCCP_CLOSE_RECEIVE_CHANNEL, REF);
    stops(w, RF_SCCP_STOP_MEDIA_TRANSMISSION, REF);
    call_state(w, RF_SCCP_STATE_HOLD, REF);
    expect_call(w, RF_STATION_HELD);
    media_settles(w);
    expect_event(w, RF_STATION_MEDIA_ENDED);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    expect_call(w, RF_STATION_CONNECTED);
    opens_receive(w, REF, &key);
    assert_int_equal(w->n_streams, 2);
    assert_true(w->streams[1].is_receiving);
    assert_int_equal(w->streams[1].receive_key.master[0], 9);
    world_free(w);
}

static void call_that_fails(void **state)
{
    static const struct {
        enum rf_sccp_state state;
        const char *name;
    } rows[] = {{RF_SCCP_STATE_BUSY, "Busy"},
                {RF_SCCP_STATE_CONGESTION, "Congestion"},
                {RF_SCCP_STATE_INVALID_NUMBER, "InvalidNumber"}};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = world_new(22);
        struct rf_why why = {0};
        registers(w);
        assert_err(rf_station_call(w->st, "9", &why), RF_OK);
        call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
        call_state(w, rows[i].state, REF);
        expect_call(w, RF_STATION_SEIZING);
        expect_call(w, RF_STATION_DIALLING);
        expect_call(w, RF_STATION_FAILED);
        assert_string_equal(w->events[w->event_at - 1]->text, rows[i].name);
        hangs_up(w);
        expect_hook(w, RF_SCCP_ON_HOOK, 1, REF);
        call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
        expect_call(w, RF_STATION_IDLE);
        world_free(w);
    }
}

/* ---- servers that are silent or out of step ---- */

static void no_line(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    registers(w);
    assert_err(rf_station_call(w->st, "2002", &why), RF_OK);
    expect_call(w, RF_STATION_SEIZING);
    passes(w, 4999);
    assert_int_equal(state_of(w), RF_STATION_SEIZING);
    passes(w, 1);
    expect_call(w, RF_STATION_CLEARING);
    expect_hook(w, RF_SCCP_ON_HOOK, 0, 0);
    passes(w, 5000);
    expect_call(w, RF_STATION_IDLE);
    assert_err(rf_station_call(w->st, "2002", &why), RF_OK); /* and again */
    world_free(w);
}

static void answered_but_not_connected(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    rings(w);
    assert_err(rf_station_answer(w->st, &why), RF_OK);
    passes(w, 5000);
    expect_call(w, RF_STATION_ANSWERING);
    expect_call(w, RF_STATION_CLEARING);
    passes(w, 5000);
    expect_call(w, RF_STATION_IDLE);
    world_free(w);
}

/* Off hook and ringing crossed: our off hook has answered it, and nothing is dialled into it. */
static void ringing_while_going_off_hook(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    registers(w);
    assert_err(rf_station_call(w->st, "2002", &why), RF_OK);
    call_state(w, RF_SCCP_STATE_RING_IN, REF);
    expect_call(w, RF_STATION_SEIZING);
    expect_call(w, RF_STATION_ANSWERING);
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    expect_call(w, RF_STATION_CONNECTED);
    passes(w, 5000);
    expect_none(w, RF_SCCP_KEYPAD_BUTTON);
    world_free(w);
}

static void hung_up_before_the_line_came(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    registers(w);
    assert_err(rf_station_call(w->st, "2002", &why), RF_OK);
    expect_call(w, RF_STATION_SEIZING);
    hangs_up(w);
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF); /* they crossed */
    assert_int_equal(state_of(w), RF_STATION_CLEARING);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    expect_call(w, RF_STATION_IDLE);
    world_free(w);
}

static void late_words_of_the_last_call(void **state)
{
    struct world *w = world_new(22);
    talks(w);
    hangs_up(w);
    passes(w, 5000); /* the server says nothing */
    expect_call(w, RF_STATION_IDLE);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    assert_int_equal(state_of(w), RF_STATION_IDLE);
    call_state(w, RF_SCCP_STATE_RING_IN, OTHER_REF); /* another one rings */
    expect_call(w, RF_STATION_RING_IN);
    world_free(w);
}

static void call_that_the_server_begins(void **state)
{
    static const enum rf_sccp_state begins[] = {RF_SCCP_STATE_OFF_HOOK, RF_SCCP_STATE_CONNECTED};
    static const enum rf_station_call_state then[] = {RF_STATION_DIALLING, RF_STATION_CONNECTED};
    static const enum rf_sccp_state others[] = {RF_SCCP_STATE_ON_HOOK, RF_SCCP_STATE_RING_OUT,
                                                RF_SCCP_STATE_BUSY,    RF_SCCP_STATE_HOLD,
                                                RF_SCCP_STATE_PROCEED, RF_SCCP_STATE_TRANSFER};
    struct world *w = world_new(22);
    registers(w);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        call_state(w, others[i], OTHER_REF);
    assert_int_equal(events_of(w, RF_STATION_CALL), 0);
    for (size_t i = 0; i < 2; i++) {
        call_state(w, begins[i], REF + 1 + (uint32_t)i);
        expect_call(w, then[i]);
        call_state(w, RF_SCCP_STATE_ON_HOOK, REF + 1 + (uint32_t)i);
        expect_call(w, RF_STATION_IDLE);
    }
    world_free(w);
}

/* ---- what the user may not do ---- */

static void refusals(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    makes(w);
    assert_refused(rf_station_call(w->st, "2002", &why), RF_ERR_DENIED, why, "not-registered");
    why = (struct rf_why){0};
    assert_refused(rf_station_hang_up(w->st, &why), RF_ERR_DENIED, why, "no-call");
    why = (struct rf_why){0};
    assert_refused(rf_station_press(w->st, '1', &why), RF_ERR_DENIED, why, "not-now");
    why = (struct rf_why){0};
    assert_refused(rf_station_press(w->st, 'x', &why), RF_ERR_BAD, why, "number");
    registers(w);
    static const char *const bad[] = {"", "20 02", "20x2", "+4912", "1234567890123456789012345"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why = (struct rf_why){0};
        assert_refused(rf_station_call(w->st, bad[i], &why), RF_ERR_BAD, why, "number");
    }
    why = (struct rf_why){0};
    assert_refused(rf_station_answer(w->st, &why), RF_ERR_DENIED, why, "not-ringing");
    assert_err(rf_station_call(w->st, "123456789012345678901234", &why), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_station_off_hook(w->st, &why), RF_ERR_DENIED, why, "not-idle");
    why = (struct rf_why){0};
    assert_refused(rf_station_call_enbloc(w->st, "1", &why), RF_ERR_DENIED, why, "not-idle");
    world_free(w);
}

/* ---- orders from inside an event ---- */

static void answers_at_once(struct world *w, const struct rf_station_event *event)
{
    struct rf_why why = {0};
    if (event->kind != RF_STATION_CALL)
        return;
    if (event->call_state == RF_STATION_RING_IN)
        assert_err(rf_station_answer(w->st, &why), RF_OK);
    else if (event->call_state == RF_STATION_CONNECTED)
        assert_err(rf_station_hang_up(w->st, &why), RF_OK);
    else if (event->call_state == RF_STATION_IDLE)
        assert_err(rf_station_call(w->st, "7", &why), RF_OK);
}

static void orders_from_inside_an_event(void **state)
{
    struct world *w = world_new(22);
    registers(w);
    w->on_event = answers_at_once;
    call_state(w, RF_SCCP_STATE_RING_IN, REF);
    expect_call(w, RF_STATION_RING_IN);
    expect_call(w, RF_STATION_ANSWERING);
    expect_hook(w, RF_SCCP_OFF_HOOK, 1, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    expect_hook(w, RF_SCCP_ON_HOOK, 1, REF);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    expect_call(w, RF_STATION_CONNECTED);
    expect_call(w, RF_STATION_CLEARING);
    expect_call(w, RF_STATION_IDLE);
    expect_call(w, RF_STATION_SEIZING);
    expect_hook(w, RF_SCCP_OFF_HOOK, 0, 0);
    world_free(w);
}

static void hangs_up_at_each_event(struct world *w, const struct rf_station_event *event)
{
    struct rf_why why = {0};
    if (event->kind == RF_STATION_SENDING || event->kind == RF_STATION_RECEIVING ||
        event->kind == RF_STATION_CALL_INFO)
        (void)(rf_station_hang_up(w->st, &why) == RF_OK);
    if (event->kind == RF_STATION_CALL && event->call_state == RF_STATION_CLEARING)
        for (int i = 0; i < 40; i++) /* more than there is room for */
            (void)(rf_station_hang_up(w->st, &why) == RF_OK);
    if (event->kind == RF_STATION_LOST || event->kind == RF_STATION_REGISTERED)
        rf_station_stop(w->st);
}

static void hung_up_from_inside_media_events(void **state)
{
    struct rf_sccp_media_key key = some_key(1);
    for (int i = 0; i < 3; i++) {
        struct world *w = world_new(22);
        struct rf_why why = {0};
        rings(w);
        assert_err(rf_station_answer(w->st, &why), RF_OK);
        call_state(w, RF_SCCP_STATE_CONNECTED, REF);
        w->on_event = hangs_up_at_each_event;
        if (i == 0)
            opens_receive(w, REF, &key);
        else if (i == 1)
            starts_send(w, REF, &key);
        else
            says(w, &(struct rf_sccp_msg){.id = RF_SCCP_CALL_INFO_V2,
                                          .call_info.call_reference = REF});
        expect_hook(w, RF_SCCP_ON_HOOK, 1, REF);
        net_break(w->link, "end");
        settle(w);
        expect_event(w, RF_STATION_STOPPED);
        world_free(w);
    }
}

/* ---- every word in every state ---- */

/* Bring the phone into a state; false for the one that has no link. */
static bool reach(struct world *w, enum rf_station_call_state want)
{
    struct rf_why why = {0};
    static const enum rf_sccp_state words[RF_STATION_CALL_STATES_N] = {
        [RF_STATION_DIALLING] = RF_SCCP_STATE_OFF_HOOK,
        [RF_STATION_PROCEEDING] = RF_SCCP_STATE_PROCEED,
        [RF_STATION_RING_OUT] = RF_SCCP_STATE_RING_OUT,
        [RF_STATION_CONNECTED] = RF_SCCP_STATE_CONNECTED,
        [RF_STATION_FAILED] = RF_SCCP_STATE_BUSY,
    };
    registers(w);
    if (want == RF_STATION_REMOTE) {
        call_state(w, RF_SCCP_STATE_REMOTE_MULTILINE, REF);
        return true;
    }
    if (want == RF_STATION_PRESERVED)
        return false;
    if (want == RF_STATION_RING_IN || want == RF_STATION_ANSWERING) {
        call_state(w, RF_SCCP_STATE_RING_IN, REF);
        if (want == RF_STATION_ANSWERING)
            assert_err(rf_station_answer(w->st, &why), RF_OK);
    } else if (want != RF_STATION_IDLE) {
        assert_err(rf_station_off_hook(w->st, &why), RF_OK);
        if (words[want] != 0)
            call_state(w, words[want], REF);
        if (want == RF_STATION_HELD || want == RF_STATION_CLEARING)
            call_state(w, RF_SCCP_STATE_CONNECTED, REF);
        if (want == RF_STATION_HELD)
            call_state(w, RF_SCCP_STATE_HOLD, REF);
        if (want == RF_STATION_CLEARING)
            assert_err(rf_station_hang_up(w->st, &why), RF_OK);
    }
    assert_int_equal(state_of(w), want);
    return true;
}

static void comes_back_to_idle(struct world *w)
{
    struct rf_why why = {0};
    for (size_t i = 0; i < RF_STATION_CALLS_MAX && state_of(w) != RF_STATION_IDLE; i++) {
        (void)(rf_station_hang_up(w->st, &why) == RF_OK);
        passes(w, 5000);
    }
    assert_int_equal(state_of(w), RF_STATION_IDLE);
    media_settles(w);
    why = (struct rf_why){0};
    assert_err(rf_station_off_hook(w->st, &why), RF_OK); /* and works */
}

static void every_call_state_in_every_state(void **state)
{
    static const uint32_t refs[] = {REF, OTHER_REF, 0};
    for (int s = 0; s < RF_STATION_CALL_STATES_N; s++) {
        for (uint32_t word = 0; word <= 18; word++) {
            struct world *w = world_new(22);
            if (reach(w, (enum rf_station_call_state)s)) {
                for (size_t r = 0; r < 3; r++)
                    call_state(w, (enum rf_sccp_state)(word < 18 ? word : 99), refs[r]);
                comes_back_to_idle(w);
            }
            world_free(w);
        }
    }
}

/* Any message of a server, whole or cut, in any order, with a user who presses what he likes. The
 * same walk each time. */
static uint32_t walk_next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void walk_server(struct world *w, uint32_t *seed)
{
    static const uint32_t ids[] = {
#define ID(name, id, text, dir) id,
        RF_SCCP_IDS(ID)
#undef ID
    };
    uint8_t body[400];
    uint32_t id = ids[walk_next(seed) % (sizeof ids / sizeof *ids)];
    if (id == RF_SCCP_RESET)
        return; /* it would leave */
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(walk_next(seed) % 5);
    struct rf_wr wr = rf_wr_of(body, 36);
    rf_wr_u32le(&wr, walk_next(seed) % 16);
    rf_wr_u32le(&wr, 1);
    for (int i = 0; i < 7; i++)
        rf_wr_u32le(&wr, walk_next(seed) % 3 == 0 ? OTHER_REF : REF);
    says_bytes(w, id, body, walk_next(seed) % 4 == 0 ? walk_next(seed) % 60 : sizeof body);
}

static void walk_user(struct world *w, uint32_t *seed)
{
    struct rf_why why = {0};
    switch (walk_next(seed) % 10) {
    case 6:
        (void)(rf_station_act(w->st, (enum rf_station_act)(walk_next(seed) % RF_STATION_ACTS_N),
                              walk_next(seed) % 3, &why) == RF_OK);
        break;
    case 7:
        (void)(rf_station_answer_call(w->st, walk_next(seed) % 4, &why) == RF_OK);
        break;
    case 8:
        (void)(rf_station_hang_up_call(w->st, walk_next(seed) % 4, &why) == RF_OK);
        break;
    case 9:
        (void)(rf_station_speaker(w->st, &why) == RF_OK);
        (void)(rf_station_line_key(w->st, walk_next(seed) % 3, &why) == RF_OK);
        (void)(rf_station_button(w->st, walk_next(seed) % 4, &why) == RF_OK);
        break;
    case 0:
        (void)(rf_station_call(w->st, "2002", &why) == RF_OK);
        break;
    case 1:
        (void)(rf_station_call_enbloc(w->st, "2002", &why) == RF_OK);
        break;
    case 2:
        (void)(rf_station_answer(w->st, &why) == RF_OK);
        break;
    case 3:
        (void)(rf_station_hang_up(w->st, &why) == RF_OK);
        break;
    case 4:
        (void)(rf_station_press(w->st, '5', &why) == RF_OK);
        break;
    default:
        passes(w, walk_next(seed) % 300);
        break;
    }
}

static void forget_events(struct world *w)
{
    for (size_t i = 0; i < w->n_events; i++)
        rf_free(w->events[i]);
    w->n_events = w->event_at = 0;
}

static void long_walk(void **state)
{
    uint32_t seed = 4711;
    for (int walk = 0; walk < 60; walk++) {
        static const unsigned versions[] = {22, 17, 11, 3};
        struct world *w = world_new(versions[walk % 4]);
        w->conf.has_standby = walk % 3 == 0; /* to the same address; it is never accepted */
        w->conf.n_servers = 2;
        w->conf.servers[1] = w->conf.servers[0];
        registers(w);
        has_usual_keys(w);
        for (int i = 0; i < 150 && !w->link->is_gone; i++) {
            if (walk_next(&seed) % 3 != 0)
                walk_server(w, &seed);
            else
                walk_user(w, &seed);
            media_settles(w);
            forget_events(w);
            if (w->n_streams > STREAMS - 3) /* nearly all were used */
                break;
        }
        if (!w->link->is_gone && state_of(w) != RF_STATION_PRESERVED)
            comes_back_to_idle(w);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incoming_call),
        cmocka_unit_test(digit_by_digit),
        cmocka_unit_test(digits_that_are_not_needed),
        cmocka_unit_test(en_bloc),
        cmocka_unit_test(off_hook_and_keys),
        cmocka_unit_test(declined),
        cmocka_unit_test(caller_gives_up),
        cmocka_unit_test(keys_in_a_call),
        cmocka_unit_test(hold_and_resume),
        cmocka_unit_test(call_that_fails),
        cmocka_unit_test(no_line),
        cmocka_unit_test(answered_but_not_connected),
        cmocka_unit_test(ringing_while_going_off_hook),
        cmocka_unit_test(hung_up_before_the_line_came),
        cmocka_unit_test(late_words_of_the_last_call),
        cmocka_unit_test(call_that_the_server_begins),
        cmocka_unit_test(refusals),
        cmocka_unit_test(orders_from_inside_an_event),
        cmocka_unit_test(hung_up_from_inside_media_events),
        cmocka_unit_test(every_call_state_in_every_state),
        cmocka_unit_test(long_walk),
    };
    return cmocka_run_group_tests(tests, keys_are_made, keys_are_gone);
}
