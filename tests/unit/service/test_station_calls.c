/* SPDX-License-Identifier: Apache-2.0 */
/* Several calls of the SCCP phone at a time: which is meant, what is heard in which, and what a
 * server does with them: waiting, hold, transfer, conference, shared lines. */
#include "station_world.h"

static struct rf_station_call_view views[RF_STATION_CALLS_MAX];

static size_t looks(const struct world *w)
{
    return rf_station_calls(w->st, views, RF_STATION_CALLS_MAX);
}

static enum rf_station_call_state state_of(const struct world *w, uint32_t ref)
{
    size_t n = looks(w);
    for (size_t i = 0; i < n; i++)
        if (views[i].ref == ref)
            return views[i].state;
    return RF_STATION_IDLE;
}

static size_t calls_of(const struct world *w)
{
    struct rf_station_status status;
    rf_station_status(w->st, &status);
    return status.calls;
}

static struct rf_sccp_softkey_event expect_softkey(struct world *w, uint32_t number, uint32_t ref)
{
    struct rf_sccp_softkey_event key = expect(w, RF_SCCP_SOFTKEY_EVENT)->softkey_event;
    assert_int_equal(key.event, number + 100);
    assert_int_equal(key.call_reference, ref);
    return key;
}

static void expect_hook(struct world *w, enum rf_sccp_id id, uint32_t ref)
{
    const struct rf_sccp_msg *msg = expect(w, id);
    assert_int_equal(
        id == RF_SCCP_OFF_HOOK ? msg->off_hook.call_reference : msg->on_hook.call_reference, ref);
}

static void acts(struct world *w, enum rf_station_act act)
{
    struct rf_why why = {0};
    assert_err(rf_station_act(w->st, act, 0, &why), RF_OK);
}

/* Both streams of a call. */
static void sounds(struct world *w, uint32_t ref, uint8_t first)
{
    struct rf_sccp_media_key in = some_key(first), out = some_key((uint8_t)(first + 1));
    opens_receive(w, ref, &in);
    starts_send(w, ref, &out);
}

static void silences(struct world *w, uint32_t ref)
{
    stops(w, RF_SCCP_CLOSE_RECEIVE_CHANNEL, ref);
    stops(w, RF_SCCP_STOP_MEDIA_TRANSMISSION, ref);
    media_settles(w);
}

/* One call is connected, with keys. */
static struct world *in_a_call(void)
{
    struct world *w = world_new(22);
    talks(w);
    has_usual_keys(w);
    offers(w, REF, RF_SCCP_KEYSET_CONNECTED, RF_SCCP_KEY_MASK_ALL);
    forget(w);
    return w;
}

static void holds(struct world *w, uint32_t ref)
{
    silences(w, ref);
    call_state(w, RF_SCCP_STATE_HOLD, ref);
    offers(w, ref, RF_SCCP_KEYSET_ON_HOLD, RF_SCCP_KEY_MASK_ALL);
}

/* ---- a second call ---- */

static void waiting_call_is_answered_and_the_first_is_held(void **state)
{
    struct world *w = in_a_call();
    struct rf_why why = {0};
    call_state(w, RF_SCCP_STATE_CALL_WAITING, REF2);
    const struct seen_event *e = expect_event(w, RF_STATION_CALL);
    assert_int_equal(e->event.call_state, RF_STATION_RING_IN);
    assert_string_equal(e->word, "CallWaiting");
    assert_int_equal(e->event.nth, 2);
    assert_int_equal(calls_of(w), 2);
    assert_int_equal(state_of(w, REF), RF_STATION_CONNECTED);
    assert_true(w->streams[0].is_receiving && w->streams[0].is_sending);
    assert_err(rf_station_answer(w->st, &why), RF_OK); /* the handset is up already */
    expect_softkey(w, RF_SCCP_KEY_ANSWER, REF2);
    expect_none(w, RF_SCCP_OFF_HOOK);
    holds(w, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF2);
    sounds(w, REF2, 5);
    assert_int_equal(state_of(w, REF), RF_STATION_HELD);
    assert_int_equal(state_of(w, REF2), RF_STATION_CONNECTED);
    assert_int_equal(w->n_streams, 2);
    assert_true(w->streams[0].is_gone);
    assert_true(w->streams[1].is_receiving && w->streams[1].is_sending);
    assert_int_equal(expect_event(w, RF_STATION_MEDIA_ENDED)->event.nth, 1);
    assert_int_equal(expect_event(w, RF_STATION_SENDING)->event.nth, 2);

    assert_err(rf_station_hang_up(w->st, &why), RF_OK); /* the one that talks */
    expect_hook(w, RF_SCCP_ON_HOOK, REF2);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF2);
    assert_int_equal(calls_of(w), 1);
    acts(w, RF_STATION_ACT_RESUME);
    expect_softkey(w, RF_SCCP_KEY_RESUME, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    sounds(w, REF, 9);
    assert_int_equal(w->streams[2].receive_key.master[0], 9);
    world_free(w);
}

static void waiting_call_is_turned_away(void **state)
{
    struct world *w = in_a_call();
    struct rf_why why = {0};
    call_state(w, RF_SCCP_STATE_CALL_WAITING, REF2);
    assert_err(rf_station_hang_up_call(w->st, 2, &why), RF_OK);
    expect_softkey(w, RF_SCCP_KEY_END_CALL, REF2);
    expect_none(w, RF_SCCP_ON_HOOK);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF2);
    assert_int_equal(calls_of(w), 1);
    assert_true(w->streams[0].is_receiving && w->streams[0].is_sending);
    why = (struct rf_why){0};
    assert_refused(rf_station_hang_up_call(w->st, 2, &why), RF_ERR_NOT_FOUND, why, "no-call");
    why = (struct rf_why){0};
    assert_refused(rf_station_answer_call(w->st, 2, &why), RF_ERR_NOT_FOUND, why, "no-call");
    why = (struct rf_why){0};
    assert_refused(rf_station_answer_call(w->st, 1, &why), RF_ERR_DENIED, why, "not-ringing");
    world_free(w);
}

/* A held call has no handset to put down: its key ends it. */
static void held_call_is_ended(void **state)
{
    struct world *w = in_a_call();
    struct rf_why why = {0};
    holds(w, REF);
    assert_err(rf_station_hang_up_call(w->st, 1, &why), RF_OK);
    expect_softkey(w, RF_SCCP_KEY_END_CALL, REF);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    assert_int_equal(calls_of(w), 0);
    world_free(w);
}

static void another_call_beside_one_that_is_held(void **state)
{
    struct world *w = in_a_call();
    struct rf_why why = {0};
    assert_refused(rf_station_call(w->st, "2003", &why), RF_ERR_DENIED, why, "not-idle");
    holds(w, REF);
    forget(w);
    why = (struct rf_why){0};
    assert_err(rf_station_call(w->st, "2", &why), RF_OK);
    expect_hook(w, RF_SCCP_OFF_HOOK, 0);
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF2);
    passes(w, 200);
    struct rf_sccp_keypad_button key = expect(w, RF_SCCP_KEYPAD_BUTTON)->keypad_button;
    assert_int_equal(key.call_reference, REF2);
    assert_int_equal(state_of(w, REF), RF_STATION_HELD);
    world_free(w);
}

/* The handset would answer what rings. */
static void another_call_beside_one_that_rings(void **state)
{
    for (int has_key = 0; has_key < 2; has_key++) {
        struct world *w = world_new(22);
        struct rf_why why = {0};
        rings(w);
        has_usual_keys(w);
        if (has_key != 0)
            offers(w, REF, RF_SCCP_KEYSET_ON_HOOK, RF_SCCP_KEY_MASK_ALL);
        assert_err(rf_station_call(w->st, "2", &why), RF_OK);
        if (has_key != 0) {
            expect_softkey(w, RF_SCCP_KEY_NEW_CALL, REF);
        } else {
            struct rf_sccp_stimulus s = expect(w, RF_SCCP_STIMULUS)->stimulus;
            assert_int_equal(s.stimulus, RF_SCCP_STIM_LINE);
            assert_int_equal(s.instance, 1);
        }
        expect_none(w, RF_SCCP_OFF_HOOK);
        call_state(w, RF_SCCP_STATE_OFF_HOOK, REF2);
        assert_int_equal(state_of(w, REF), RF_STATION_RING_IN);
        assert_int_equal(state_of(w, REF2), RF_STATION_DIALLING);
        world_free(w);
    }
}

static void en_bloc_crosses_with_ringing(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    registers(w);
    assert_err(rf_station_call_enbloc(w->st, "2003", &why), RF_OK);
    call_state(w, RF_SCCP_STATE_RING_IN, REF2); /* a call of its own: no handset was lifted */
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
    assert_int_equal(state_of(w, REF2), RF_STATION_RING_IN);
    assert_int_equal(state_of(w, REF), RF_STATION_DIALLING);
    world_free(w);
}

static void no_more_calls_than_it_can_show(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    registers(w);
    for (uint32_t i = 0; i < RF_STATION_CALLS_MAX + 3; i++) {
        call_state(w, RF_SCCP_STATE_CONNECTED, REF + i);
        call_state(w, RF_SCCP_STATE_HOLD, REF + i);
    }
    assert_int_equal(calls_of(w), RF_STATION_CALLS_MAX);
    assert_int_equal(looks(w), RF_STATION_CALLS_MAX);
    assert_refused(rf_station_call(w->st, "2", &why), RF_ERR_DENIED, why, "not-idle");
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF + 3);
    call_state(w, RF_SCCP_STATE_RING_IN, REF + 50);
    assert_int_equal(state_of(w, REF + 50), RF_STATION_RING_IN);
    assert_int_equal(views[RF_STATION_CALLS_MAX - 1].ref, REF + 50); /* oldest first */
    world_free(w);
}

/* ---- transfer and conference, as a server leads them ---- */

static void parties(struct world *w, uint32_t ref, const char *called, const char *name,
                    enum rf_sccp_security security)
{
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_CALL_INFO_V2,
                                  .call_info = {.line_instance = 1,
                                                .call_reference = ref,
                                                .call_type = RF_SCCP_CALL_TYPE_OUTBOUND,
                                                .call_security_status = security,
                                                .calling_party = rf_slice_str("2001"),
                                                .called_party = rf_slice_str(called),
                                                .called_party_name = rf_slice_str(name),
                                                .last_redirecting_party = rf_slice_str("2009")}});
}

static void transfer_with_a_question_first(void **state)
{
    struct world *w = in_a_call();
    struct rf_why why = {0};
    acts(w, RF_STATION_ACT_TRANSFER);
    expect_softkey(w, RF_SCCP_KEY_TRANSFER, REF);
    holds(w, REF);
    call_state(w, RF_SCCP_STATE_TRANSFER, REF); /* a word, no other state */
    assert_int_equal(state_of(w, REF), RF_STATION_HELD);
    assert_string_equal(views[0].word, "CallTransfer");
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF2); /* the second leg */
    offers(w, REF2, RF_SCCP_KEYSET_OFF_HOOK_FEAT, RF_SCCP_KEY_MASK_ALL);
    assert_int_equal(state_of(w, REF2), RF_STATION_DIALLING);
    assert_err(rf_station_call(w->st, "2003", &why), RF_OK); /* into the line that came */
    expect_none(w, RF_SCCP_OFF_HOOK);
    for (int i = 0; i < 4; i++) {
        passes(w, 200);
        assert_int_equal(expect(w, RF_SCCP_KEYPAD_BUTTON)->keypad_button.call_reference, REF2);
    }
    call_state(w, RF_SCCP_STATE_PROCEED, REF2);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF2);
    offers(w, REF2, RF_SCCP_KEYSET_CONN_TRANS, RF_SCCP_KEY_MASK_ALL);
    parties(w, REF2, "2003", "Cem", RF_SCCP_SECURITY_ENCRYPTED);
    assert_string_equal(expect_event(w, RF_STATION_CALL_INFO)->redirecting_number, "2009");
    sounds(w, REF2, 5);
    assert_int_equal(looks(w), 2);
    assert_string_equal(views[1].peer_number, "2003");
    assert_string_equal(views[1].peer_name, "Cem");
    assert_string_equal(rf_station_icon(views[1].security), "lock");
    assert_string_equal(views[1].key_set, "ConnTrans");
    assert_string_equal(views[1].keys, "Hold EndCall Transfer Confrn");
    assert_string_equal(views[1].send_suite, "AES_CM_128_HMAC_SHA1_32");
    assert_string_equal(views[0].send_suite, "");
    forget(w);
    acts(w, RF_STATION_ACT_TRANSFER); /* of both calls that offer it, the one that talks */
    expect_softkey(w, RF_SCCP_KEY_TRANSFER, REF2);
    silences(w, REF2);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF2);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    assert_int_equal(calls_of(w), 0);
    assert_int_equal(looks(w), 0);
    world_free(w);
}

static void transfer_given_up(void **state)
{
    struct world *w = in_a_call();
    struct rf_station_key end = {.name = "EndCall"};
    struct rf_why why = {0};
    acts(w, RF_STATION_ACT_TRANSFER);
    expect_softkey(w, RF_SCCP_KEY_TRANSFER, REF);
    holds(w, REF);
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF2);
    offers(w, REF2, RF_SCCP_KEYSET_OFF_HOOK_FEAT, RF_SCCP_KEY_MASK_ALL);
    assert_err(rf_station_press_key(w->st, &end, &why), RF_OK);
    expect_softkey(w, RF_SCCP_KEY_END_CALL, REF2);
    assert_int_equal(state_of(w, REF2), RF_STATION_CLEARING);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF2);
    assert_int_equal(state_of(w, REF), RF_STATION_HELD);
    call_state(w, RF_SCCP_STATE_RING_IN, REF); /* and asks to be taken back */
    assert_int_equal(state_of(w, REF), RF_STATION_RING_IN);
    world_free(w);
}

static void three_in_a_conference(void **state)
{
    struct world *w = in_a_call();
    struct rf_why why = {0};
    acts(w, RF_STATION_ACT_CONFERENCE);
    expect_softkey(w, RF_SCCP_KEY_CONFRN, REF);
    holds(w, REF);
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF2);
    assert_err(rf_station_call_enbloc(w->st, "2003", &why), RF_OK);
    struct rf_sccp_enbloc_call bloc = expect(w, RF_SCCP_ENBLOC_CALL)->enbloc_call;
    assert_slice_str(bloc.called_party, "2003");
    call_state(w, RF_SCCP_STATE_CONNECTED, REF2);
    sounds(w, REF2, 5);
    offers(w, REF2, RF_SCCP_KEYSET_CONN_CONF, RF_SCCP_KEY_MASK_ALL);
    forget(w);
    acts(w, RF_STATION_ACT_CONFERENCE);
    expect_softkey(w, RF_SCCP_KEY_CONFRN, REF2);
    silences(w, REF2); /* the mixer takes the place of the peer, in the first call */
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF2);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    parties(w, REF, "b1", "Conference", RF_SCCP_SECURITY_AUTHENTICATED);
    sounds(w, REF, 7);
    assert_int_equal(calls_of(w), 1);
    assert_int_equal(w->streams[2].send_key.master[0], 8);
    looks(w);
    assert_string_equal(views[0].peer_name, "Conference");
    assert_string_equal(rf_station_icon(views[0].security), "shield");
    world_free(w);
}

/* ---- streams of two calls are told apart ---- */

static void media_by_its_call(void **state)
{
    struct world *w = in_a_call();
    struct rf_sccp_media_key key = some_key(50);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF2);
    opens_receive(w, REF2, &key);
    assert_int_equal(w->n_streams, 2);
    assert_int_equal(w->streams[0].receive_key.master[0], 1);
    assert_int_equal(w->streams[1].receive_key.master[0], 50);
    stops(w, RF_SCCP_CLOSE_RECEIVE_CHANNEL, REF2);
    assert_true(w->streams[1].is_closing);
    assert_true(w->streams[0].is_receiving);
    struct rf_sccp_msg stop = {.id =
                                   RF_SCCP_CLOSE_RECEIVE_CHANNEL, /* names no call: by its party */
                               .close_receive_channel.pass_through_party_id = REF ^ 0xffffffffu};
    says(w, &stop);
    assert_false(w->streams[0].is_receiving);
    assert_true(w->streams[0].is_sending);
    world_free(w);
}

static void what_is_said_in_each_call(void **state)
{
    struct rf_media_clip *one = NULL, *two = NULL;
    struct rf_why why = {0};
    assert_err(rf_media_clip_new(rf_slice_str("one"), &one, &why), RF_OK);
    assert_err(rf_media_clip_new(rf_slice_str("two"), &two, &why), RF_OK);
    struct world *w = in_a_call();
    assert_null(w->streams[0].clip);
    assert_err(rf_station_play(w->st, 0, one, &why), RF_OK);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF2);
    assert_err(rf_station_play(w->st, 2, two, &why), RF_OK);
    sounds(w, REF2, 3);
    assert_ptr_equal(w->streams[1].clip, two);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF3);
    sounds(w, REF3, 5);
    assert_ptr_equal(w->streams[2].clip, one);
    assert_err(rf_station_play(w->st, 2, NULL, &why), RF_OK);
    starts_send(w, REF2, NULL);
    assert_null(w->streams[1].clip);
    assert_refused(rf_station_play(w->st, 9, one, &why), RF_ERR_NOT_FOUND, why, "no-call");
    rf_media_clip_unref(one);
    rf_media_clip_unref(two);
    world_free(w);
}

static void digits_go_to_the_call_that_is_named(void **state)
{
    struct world *w = in_a_call();
    struct rf_why why = {0};
    call_state(w, RF_SCCP_STATE_CONNECTED, REF2);
    assert_err(rf_station_digits(w->st, "1#", 1, &why), RF_OK);
    assert_int_equal(expect(w, RF_SCCP_KEYPAD_BUTTON)->keypad_button.call_reference, REF);
    assert_int_equal(expect(w, RF_SCCP_KEYPAD_BUTTON)->keypad_button.button, 15);
    assert_err(rf_station_digits(w->st, "2", 0, &why), RF_OK); /* the newest that talks */
    assert_int_equal(expect(w, RF_SCCP_KEYPAD_BUTTON)->keypad_button.call_reference, REF2);
    assert_refused(rf_station_digits(w->st, "2", 9, &why), RF_ERR_NOT_FOUND, why, "no-call");
    why = (struct rf_why){0};
    assert_refused(rf_station_digits(w->st, "x", 0, &why), RF_ERR_BAD, why, "number");
    holds(w, REF);
    why = (struct rf_why){0};
    assert_refused(rf_station_digits(w->st, "2", 1, &why), RF_ERR_DENIED, why, "not-now");
    world_free(w);
}

/* ---- shared lines ---- */

static void call_on_another_phone_of_the_line(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why = {0};
    struct rf_sccp_media_key key = some_key(1);
    rings(w);
    has_usual_keys(w);
    call_state(w, RF_SCCP_STATE_REMOTE_MULTILINE, REF); /* answered elsewhere */
    expect_call(w, RF_STATION_REMOTE);
    assert_int_equal(calls_of(w), 0);
    assert_int_equal(looks(w), 1);
    opens_receive(w, REF, &key); /* not this phone's conversation */
    assert_int_equal(expect(w, RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK)->open_receive_channel_ack.status,
                     RF_SCCP_MEDIA_DEVICE_ON_HOOK);
    assert_refused(rf_station_hang_up(w->st, &why), RF_ERR_DENIED, why, "no-call");
    call_state(w, RF_SCCP_STATE_REMOTE_HOLD, REF); /* held there: the word is new */
    expect_call(w, RF_STATION_REMOTE);
    assert_string_equal(w->events[w->event_at - 1]->word, "RemoteHold");
    offers(w, REF, RF_SCCP_KEYSET_ON_HOOK_STEALABLE, RF_SCCP_KEY_MASK_ALL);
    acts(w, RF_STATION_ACT_RESUME);
    expect_softkey(w, RF_SCCP_KEY_RESUME, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF); /* taken over */
    opens_receive(w, REF, &key);
    assert_true(w->streams[0].is_receiving);
    call_state(w, RF_SCCP_STATE_REMOTE_MULTILINE, REF); /* and given back */
    assert_true(w->streams[0].is_closing);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    assert_int_equal(looks(w), 0);
    call_state(w, RF_SCCP_STATE_REMOTE_MULTILINE, REF); /* the line's call lives on elsewhere */
    assert_int_equal(looks(w), 1);
    world_free(w);
}

/* A reset does not wait for other people's calls, nor does the way back to a server. */
static void remote_calls_keep_nobody(void **state)
{
    struct world *w = world_new(22);
    registers(w);
    call_state(w, RF_SCCP_STATE_REMOTE_MULTILINE, REF);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_RESET, .reset.type = RF_SCCP_RESET_RESTART});
    expect(w, RF_SCCP_UNREGISTER);
    world_free(w);

    w = world_new(22);
    registers(w);
    call_state(w, RF_SCCP_STATE_REMOTE_MULTILINE, REF);
    passes(w, 20000);
    net_break(w->link, "end");
    settle(w);
    assert_int_equal(w->net.n, 2);
    assert_int_equal(looks(w), 0);
    world_free(w);
}

static void barge_into_a_call_of_the_line(void **state)
{
    struct world *w = world_new(22);
    registers(w);
    has_usual_keys(w);
    call_state(w, RF_SCCP_STATE_REMOTE_MULTILINE, REF);
    offers(w, REF, RF_SCCP_KEYSET_IN_USE_HINT, RF_SCCP_KEY_MASK_ALL);
    acts(w, RF_STATION_ACT_BARGE);
    expect_softkey(w, RF_SCCP_KEY_BARGE, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    sounds(w, REF, 1);
    assert_int_equal(state_of(w, REF), RF_STATION_CONNECTED);
    assert_int_equal(calls_of(w), 1);
    world_free(w);
}

/* ---- all calls at once ---- */

static void reset_waits_for_the_last_call(void **state)
{
    struct world *w = in_a_call();
    call_state(w, RF_SCCP_STATE_CALL_WAITING, REF2);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_RESET, .reset.type = RF_SCCP_RESET_RESTART});
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    expect_none(w, RF_SCCP_UNREGISTER);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF2);
    expect(w, RF_SCCP_UNREGISTER);
    world_free(w);
}

static void stopped_in_three_calls(void **state)
{
    struct world *w = in_a_call();
    holds(w, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF2);
    call_state(w, RF_SCCP_STATE_CALL_WAITING, REF3);
    forget(w);
    rf_station_stop(w->st);
    settle(w);
    expect_softkey(w, RF_SCCP_KEY_END_CALL, REF);
    expect_hook(w, RF_SCCP_ON_HOOK, REF2);
    expect_softkey(w, RF_SCCP_KEY_END_CALL, REF3);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF2);
    expect_none(w, RF_SCCP_UNREGISTER);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF3);
    expect(w, RF_SCCP_UNREGISTER);
    world_free(w);
}

/* doc: docs/wire/sccp.md, "Flows" (F2): the one with media goes on, the held one is over, and no
 * key is good for anything. */
static void link_lost_in_two_calls(void **state)
{
    struct world *w = in_a_call();
    struct rf_why why = {0};
    holds(w, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF2);
    sounds(w, REF2, 5);
    offers(w, REF2, RF_SCCP_KEYSET_CONNECTED, RF_SCCP_KEY_MASK_ALL);
    passes(w, 20000);
    net_break(w->link, "tcp-reset");
    settle(w);
    assert_int_equal(calls_of(w), 1);
    assert_int_equal(state_of(w, REF2), RF_STATION_PRESERVED);
    assert_true(w->streams[1].is_receiving && w->streams[1].is_sending);
    assert_refused(rf_station_act(w->st, RF_STATION_ACT_HOLD, 0, &why), RF_ERR_DENIED, why,
                   "preserved");
    why = (struct rf_why){0};
    assert_refused(rf_station_line_key(w->st, 1, &why), RF_ERR_DENIED, why, "preserved");
    why = (struct rf_why){0};
    assert_refused(rf_station_call(w->st, "2", &why), RF_ERR_DENIED, why, "not-registered");
    assert_int_equal(w->net.n, 1);
    why = (struct rf_why){0};
    assert_err(rf_station_hang_up(w->st, &why), RF_OK);
    assert_int_equal(w->net.n, 2);
    world_free(w);
}

/* ---- orders from inside events of two calls ---- */

static void answers_and_ends(struct world *w, const struct rf_station_event *event)
{
    struct rf_why why = {0};
    if (event->kind == RF_STATION_CALL && event->call_state == RF_STATION_RING_IN)
        assert_err(rf_station_answer_call(w->st, event->nth, &why), RF_OK);
    if (event->kind == RF_STATION_RECEIVING || event->kind == RF_STATION_CALL_INFO)
        (void)(rf_station_hang_up_call(w->st, event->nth, &why) == RF_OK);
    if (event->kind == RF_STATION_LOST)
        for (uint32_t i = 1; i < 4; i++)
            (void)(rf_station_hang_up_call(w->st, i, &why) == RF_OK);
}

static void orders_from_inside_events(void **state)
{
    struct world *w = in_a_call();
    struct rf_sccp_media_key key = some_key(9);
    w->on_event = answers_and_ends;
    call_state(w, RF_SCCP_STATE_CALL_WAITING, REF2);
    assert_int_equal(state_of(w, REF2), RF_STATION_ANSWERING);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF2);
    opens_receive(w, REF2, &key);
    assert_int_equal(state_of(w, REF2), RF_STATION_CLEARING);
    assert_true(w->streams[1].is_closing);
    net_break(w->link, "end");
    settle(w);
    assert_int_equal(calls_of(w), 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_call_is_answered_and_the_first_is_held),
        cmocka_unit_test(waiting_call_is_turned_away),
        cmocka_unit_test(held_call_is_ended),
        cmocka_unit_test(another_call_beside_one_that_is_held),
        cmocka_unit_test(another_call_beside_one_that_rings),
        cmocka_unit_test(en_bloc_crosses_with_ringing),
        cmocka_unit_test(no_more_calls_than_it_can_show),
        cmocka_unit_test(transfer_with_a_question_first),
        cmocka_unit_test(transfer_given_up),
        cmocka_unit_test(three_in_a_conference),
        cmocka_unit_test(media_by_its_call),
        cmocka_unit_test(what_is_said_in_each_call),
        cmocka_unit_test(digits_go_to_the_call_that_is_named),
        cmocka_unit_test(call_on_another_phone_of_the_line),
        cmocka_unit_test(remote_calls_keep_nobody),
        cmocka_unit_test(barge_into_a_call_of_the_line),
        cmocka_unit_test(reset_waits_for_the_last_call),
        cmocka_unit_test(stopped_in_three_calls),
        cmocka_unit_test(link_lost_in_two_calls),
        cmocka_unit_test(orders_from_inside_events),
    };
    return cmocka_run_group_tests(tests, keys_are_made, keys_are_gone);
}
