/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the SCCP phone and what it shows: only what the server offers can be pressed, and texts,
 * lamps and tones are as it says. */
#include "station_world.h"

static struct world *has_keys(void)
{
    struct world *w = world_new(22);
    registers(w);
    has_usual_keys(w);
    offers(w, 0, RF_SCCP_KEYSET_ON_HOOK, RF_SCCP_KEY_MASK_ALL);
    forget(w);
    return w;
}

static enum rf_err presses(struct world *w, const char *name, uint32_t nth, struct rf_why *why)
{
    *why = (struct rf_why){0};
    return rf_station_press_key(w->st, &(struct rf_station_key){.name = name, .nth = nth}, why);
}

static void expect_softkey(struct world *w, uint32_t event, uint32_t line, uint32_t ref)
{
    struct rf_sccp_softkey_event key = expect(w, RF_SCCP_SOFTKEY_EVENT)->softkey_event;
    assert_int_equal(key.event, event);
    assert_int_equal(key.line_instance, line);
    assert_int_equal(key.call_reference, ref);
}

/* ---- what can be pressed ---- */

static void keys_that_are_offered_and_others(void **state)
{
    struct world *w = has_keys();
    struct rf_why why;
    assert_err(presses(w, "redial", 0, &why), RF_OK);
    expect_softkey(w, 100 + RF_SCCP_KEY_REDIAL, 0, 0);
    assert_refused(presses(w, "Hold", 0, &why), RF_ERR_DENIED, why, "key-not-offered");
    assert_non_null(strstr(why.text, "Redial NewCall CfwdAll DND"));
    assert_refused(presses(w, "no such key", 0, &why), RF_ERR_DENIED, why, "key-not-offered");
    expect_none(w, RF_SCCP_SOFTKEY_EVENT);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    assert_refused(presses(w, "Hold", 0, &why), RF_ERR_DENIED, why, "key-not-offered");
    offers(w, REF, RF_SCCP_KEYSET_CONNECTED, RF_SCCP_KEY_MASK_ALL & ~4u); /* without Transfer */
    const struct seen_event *e = expect_event(w, RF_STATION_KEYS);
    assert_string_equal(e->word, "Connected");
    assert_string_equal(e->text, "Hold EndCall Confrn Private");
    assert_int_equal(e->event.nth, 1);
    assert_err(presses(w, "HOLD", 0, &why), RF_OK);
    expect_softkey(w, 100 + RF_SCCP_KEY_HOLD, 1, REF);
    assert_refused(presses(w, "Transfer", 0, &why), RF_ERR_DENIED, why, "key-masked");
    assert_refused(presses(w, "Transfer", 1, &why), RF_ERR_DENIED, why, "key-masked");
    expect_none(w, RF_SCCP_SOFTKEY_EVENT);
    offers(w, REF, RF_SCCP_KEYSET_CONNECTED, 0xffff);
    assert_err(presses(w, "Transfer", 0, &why), RF_OK);
    expect_softkey(w, 100 + RF_SCCP_KEY_TRANSFER, 1, REF);
    assert_refused(presses(w, "Hold", 9, &why), RF_ERR_NOT_FOUND, why, "no-call");
    assert_err(presses(w, "Redial", 0, &why), RF_OK);              /* the idle phone's, as before */
    offers(w, REF, (enum rf_sccp_keyset)15, RF_SCCP_KEY_MASK_ALL); /* no such set */
    assert_refused(presses(w, "Hold", 0, &why), RF_ERR_DENIED, why, "key-not-offered");
    world_free(w);
}

/* For tests of servers: pressed though no phone could. */
static void keys_that_are_forced(void **state)
{
    struct world *w = has_keys();
    struct rf_why why = {0};
    struct rf_station_key hold = {.name = "Hold", .is_forced = true};
    assert_err(rf_station_press_key(w->st, &hold, &why), RF_OK);
    expect_softkey(w, 100 + RF_SCCP_KEY_HOLD, 0, 0);
    struct rf_station_key park = {.name = "Park", .is_forced = true}; /* in no template */
    assert_err(rf_station_press_key(w->st, &park, &why), RF_OK);
    expect_softkey(w, RF_SCCP_KEY_PARK, 0, 0);
    struct rf_station_key odd = {.event = 999, .line = 7, .ref = REF3, .is_forced = true};
    assert_err(rf_station_press_key(w->st, &odd, &why), RF_OK);
    expect_softkey(w, 999, 7, REF3);
    struct rf_station_key none = {.name = "nonsense", .is_forced = true};
    assert_refused(rf_station_press_key(w->st, &none, &why), RF_ERR_NOT_FOUND, why, "key-unknown");
    world_free(w);
}

/* EndCall as a key is hanging up: nothing is heard from then on. */
static void end_call_key_ends_the_sound(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why;
    talks(w);
    has_usual_keys(w);
    offers(w, REF, RF_SCCP_KEYSET_CONNECTED, RF_SCCP_KEY_MASK_ALL);
    assert_err(presses(w, "EndCall", 0, &why), RF_OK);
    assert_true(w->streams[0].is_closing);
    expect_softkey(w, 100 + RF_SCCP_KEY_END_CALL, 1, REF);
    expect_none(w, RF_SCCP_ON_HOOK);
    expect_call(w, RF_STATION_CLEARING);
    world_free(w);
}

static void answer_key_answers(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why;
    rings(w);
    has_usual_keys(w);
    offers(w, REF, RF_SCCP_KEYSET_RING_IN, RF_SCCP_KEY_MASK_ALL);
    assert_err(presses(w, "Answer", 0, &why), RF_OK);
    assert_int_equal(expect(w, RF_SCCP_OFF_HOOK)->off_hook.call_reference, REF);
    expect_call(w, RF_STATION_ANSWERING);
    world_free(w);
}

static void keys_selected_before_the_call_is_announced(void **state)
{
    struct world *w = has_keys();
    struct rf_why why;
    offers(w, REF2, RF_SCCP_KEYSET_RING_IN, RF_SCCP_KEY_MASK_ALL);
    assert_refused(presses(w, "EndCall", 0, &why), RF_ERR_DENIED, why, "key-not-offered");
    call_state(w, RF_SCCP_STATE_RING_IN, REF2);
    assert_err(presses(w, "EndCall", 0, &why), RF_OK);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF2);
    offers(w, REF2, RF_SCCP_KEYSET_RING_IN, RF_SCCP_KEY_MASK_ALL); /* late */
    assert_refused(presses(w, "EndCall", 0, &why), RF_ERR_DENIED, why, "key-not-offered");
    world_free(w);
}

static void templates_with_texts_and_in_parts(void **state)
{
    struct world *w = world_new(22);
    struct rf_why why;
    registers(w);
    struct rf_sccp_msg keys = {.id = RF_SCCP_SOFTKEY_TEMPLATE_RES};
    keys.softkey_template.count = 2;
    keys.softkey_template.keys[0] =
        (struct rf_sccp_softkey){.label = rf_slice_str("Hold"), .event = 3};
    keys.softkey_template.keys[1] =
        (struct rf_sccp_softkey){.label = rf_slice_str("Halten"), .event = 77};
    says(w, &keys);
    keys.softkey_template.offset = 2;
    keys.softkey_template.count = 1;
    keys.softkey_template.keys[0] =
        (struct rf_sccp_softkey){.label = rf_slice_str("GPickUp"), .event = 18};
    says(w, &keys);
    struct rf_sccp_msg res = {.id = RF_SCCP_SOFTKEY_SET_RES};
    res.softkey_set.count = 1;
    memcpy(res.softkey_set.sets[0].template_index, (uint8_t[]){1, 0, 2, 3, 200}, 5);
    says(w, &res);
    offers(w, 0, RF_SCCP_KEYSET_ON_HOOK, RF_SCCP_KEY_MASK_ALL);
    assert_string_equal(expect_event(w, RF_STATION_KEYS)->text, "Hold Halten GPickUp");
    assert_err(presses(w, "halten", 0, &why), RF_OK);
    expect_softkey(w, 77, 0, 0);
    assert_err(rf_station_act(w->st, RF_STATION_ACT_GROUP_PICK_UP, 0, &why), RF_OK);
    expect_softkey(w, 18, 0, 0);
    world_free(w);
}

/* ---- buttons, lines, speaker ---- */

static void buttons_of_the_phone(void **state)
{
    struct world *w = has_keys();
    struct rf_why why = {0};
    struct rf_sccp_msg msg = {.id = RF_SCCP_BUTTON_TEMPLATE};
    struct rf_sccp_button buttons[] = {{1, RF_SCCP_STIM_LINE},
                                       {1, RF_SCCP_STIM_SPEED_DIAL},
                                       {2, RF_SCCP_STIM_LINE},
                                       {3, RF_SCCP_STIM_PRIVACY},
                                       {0, RF_SCCP_STIM_UNDEFINED}};
    msg.button_template.count = 5;
    memcpy(msg.button_template.buttons, buttons, sizeof buttons);
    says(w, &msg);
    assert_err(rf_station_button(w->st, 2, &why), RF_OK);
    struct rf_sccp_stimulus s = expect(w, RF_SCCP_STIMULUS)->stimulus;
    assert_int_equal(s.stimulus, RF_SCCP_STIM_SPEED_DIAL);
    assert_int_equal(s.instance, 1);
    assert_refused(rf_station_button(w->st, 5, &why), RF_ERR_NOT_FOUND, why, "no-button");
    why = (struct rf_why){0};
    assert_refused(rf_station_button(w->st, 6, &why), RF_ERR_NOT_FOUND, why, "no-button");
    why = (struct rf_why){0};
    /* privacy is no soft key of an idle phone, but a button of this one */
    assert_err(rf_station_act(w->st, RF_STATION_ACT_PRIVACY, 0, &why), RF_OK);
    s = expect(w, RF_SCCP_STIMULUS)->stimulus;
    assert_int_equal(s.stimulus, RF_SCCP_STIM_PRIVACY);
    assert_int_equal(s.instance, 3);
    assert_err(rf_station_line_key(w->st, 2, &why), RF_OK);
    s = expect(w, RF_SCCP_STIMULUS)->stimulus;
    assert_int_equal(s.stimulus, RF_SCCP_STIM_LINE);
    assert_int_equal(s.instance, 2);
    assert_refused(rf_station_line_key(w->st, 3, &why), RF_ERR_NOT_FOUND, why, "no-line");
    why = (struct rf_why){0};
    assert_refused(rf_station_act(w->st, RF_STATION_ACT_PARK, 0, &why), RF_ERR_DENIED, why,
                   "key-not-offered");
    assert_err(rf_station_call_on(w->st, 2, "17", &why), RF_OK);
    assert_int_equal(expect(w, RF_SCCP_STIMULUS)->stimulus.instance, 2);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_CALL_STATE,
                                  .call_state = {.state = RF_SCCP_STATE_OFF_HOOK,
                                                 .line_instance = 2,
                                                 .call_reference = REF}});
    passes(w, 200);
    assert_int_equal(expect(w, RF_SCCP_KEYPAD_BUTTON)->keypad_button.line_instance, 2);
    world_free(w);
}

/* At the registration, without waiting for an answer. */
static void questions_about_buttons(void **state)
{
    struct world *w = world_new(22);
    struct rf_sccp_msg msg = {.id = RF_SCCP_BUTTON_TEMPLATE};
    struct rf_sccp_button buttons[] = {{1, RF_SCCP_STIM_LINE},
                                       {1, RF_SCCP_STIM_SPEED_DIAL},
                                       {2, RF_SCCP_STIM_PRIVACY},
                                       {1, RF_SCCP_STIM_SERVICE_URL},
                                       {0, RF_SCCP_STIM_UNDEFINED}};
    msg.button_template.count = 5;
    memcpy(msg.button_template.buttons, buttons, sizeof buttons);
    starts(w);
    accepts(w);
    acks_register(w);
    says(w, &msg);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_SOFTKEY_TEMPLATE_RES});
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_SOFTKEY_SET_RES});
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_CONFIG_STAT});
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_LINE_STAT_V2, .line_stat.line_number = 1});
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_FORWARD_STAT, .forward_stat.line_number = 1});
    assert_int_equal(expect(w, RF_SCCP_SPEED_DIAL_STAT_REQ)->speed_dial_stat_req.number, 1);
    assert_int_equal(expect(w, RF_SCCP_FEATURE_STAT_REQ)->feature_stat_req.index, 2);
    assert_int_equal(expect(w, RF_SCCP_SERVICE_URL_STAT_REQ)->service_url_stat_req.number, 1);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_DEFINE_TIME_DATE});
    expect_event(w, RF_STATION_REGISTERED);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_FEATURE_STAT_V2,
                                  .feature_stat = {.index = 2,
                                                   .feature_id = RF_SCCP_STIM_PRIVACY,
                                                   .label = rf_slice_str("Private"),
                                                   .status = RF_SCCP_FEATURE_ON}});
    const struct seen_event *e = expect_event(w, RF_STATION_FEATURE);
    assert_string_equal(e->label, "Private");
    assert_string_equal(e->word, "Privacy");
    assert_int_equal(e->event.status, RF_SCCP_FEATURE_ON);
    world_free(w);
}

static void speaker_key(void **state)
{
    static const unsigned versions[] = {22, 11};
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_new(versions[i]);
        struct rf_why why = {0};
        registers(w);
        assert_err(rf_station_speaker(w->st, &why), RF_OK);
        expect(w, RF_SCCP_OFF_HOOK);
        if (w->version >= 17)
            assert_int_equal(expect(w, RF_SCCP_MEDIA_PATH_EVENT)->media_path_event.event,
                             RF_SCCP_MODE_ON);
        else
            expect_none(w, RF_SCCP_MEDIA_PATH_EVENT);
        call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
        says(w, &(struct rf_sccp_msg){.id = RF_SCCP_SET_SPEAKER_MODE,
                                      .set_speaker_mode.mode = RF_SCCP_MODE_ON});
        assert_true(expect_event(w, RF_STATION_SPEAKER)->event.is_on);
        assert_err(rf_station_speaker(w->st, &why), RF_OK);
        assert_int_equal(expect(w, RF_SCCP_ON_HOOK)->on_hook.call_reference, REF);
        call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
        call_state(w, RF_SCCP_STATE_RING_IN, REF2);
        assert_err(rf_station_speaker(w->st, &why), RF_OK);
        assert_int_equal(expect(w, RF_SCCP_OFF_HOOK)->off_hook.call_reference, REF2);
        world_free(w);
    }
}

/* A server that is gone offers nothing. */
static void keys_end_with_the_link(void **state)
{
    struct world *w = has_keys();
    struct rf_why why;
    struct rf_station_screen screen;
    passes(w, 20000);
    net_break(w->link, "end");
    settle(w);
    assert_refused(presses(w, "Redial", 0, &why), RF_ERR_DENIED, why, "not-registered");
    rf_station_screen(w->st, &screen);
    assert_string_equal(screen.keys, "");
    world_free(w);
}

/* ---- what is shown ---- */

static void prompts(struct world *w, const char *text, uint32_t ref, uint32_t timeout_s)
{
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_DISPLAY_PROMPT_STATUS_V2,
                                  .display_prompt = {.text = rf_slice_str(text),
                                                     .timeout_s = timeout_s,
                                                     .line_instance = 1,
                                                     .call_reference = ref}});
}

static void prompt_of_a_call_and_of_the_phone(void **state)
{
    struct world *w = has_keys();
    struct rf_station_call_view view;
    struct rf_station_screen screen;
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    prompts(w, "\x80\x18", REF, 0);
    prompts(w, "\x1e\x39", 0, 10);
    assert_int_equal(expect_event(w, RF_STATION_PROMPT)->event.nth, 1);
    assert_int_equal(expect_event(w, RF_STATION_PROMPT)->event.nth, 0);
    assert_int_equal(rf_station_calls(w->st, &view, 1), 1);
    assert_string_equal(view.prompt, "Connected");
    rf_station_screen(w->st, &screen);
    assert_string_equal(screen.prompt, "Do not disturb is active");
    passes(w, 9999);
    assert_int_equal(events_of(w, RF_STATION_PROMPT), 2);
    passes(w, 1); /* the phone counts */
    assert_string_equal(expect_event(w, RF_STATION_PROMPT)->text, "");
    rf_station_screen(w->st, &screen);
    assert_string_equal(screen.prompt, "");
    prompts(w, "soon over", REF, 5);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF); /* its clock ends with it */
    forget(w);
    prompts(w, "late", REF, 0);
    passes(w, 20000);
    assert_int_equal(w->event_at, w->n_events);
    world_free(w);
}

static void notes(struct world *w, const char *text, uint32_t priority, uint32_t timeout_s)
{
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_DISPLAY_PRI_NOTIFY_V2,
                                  .display_notify = {.text = rf_slice_str(text),
                                                     .priority = priority,
                                                     .timeout_s = timeout_s}});
}

static void note_of_the_highest_priority(void **state)
{
    struct world *w = has_keys();
    struct rf_station_screen screen;
    notes(w, "low", 1, 0);
    notes(w, "high", 5, 10);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_DISPLAY_NOTIFY_V2,
                                  .display_notify.text = rf_slice_str("plain")});
    rf_station_screen(w->st, &screen);
    assert_string_equal(screen.notify, "high");
    passes(w, 10000);
    rf_station_screen(w->st, &screen);
    assert_string_equal(screen.notify, "low");
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_CLEAR_PRI_NOTIFY, .clear_pri_notify.priority = 1});
    rf_station_screen(w->st, &screen);
    assert_string_equal(screen.notify, "plain");
    for (uint32_t i = 0; i < 20; i++) /* more than it keeps: the least important go */
        notes(w, i == 19 ? "last" : "more", 10 + i, 60);
    rf_station_screen(w->st, &screen);
    assert_string_equal(screen.notify, "last");
    passes(w, 60000);
    rf_station_screen(w->st, &screen);
    assert_string_equal(screen.notify, "");
    world_free(w);
}

static void lamps_ringer_and_lists(void **state)
{
    struct world *w = has_keys();
    struct rf_station_screen screen;
    struct rf_sccp_msg lamp = {
        .id = RF_SCCP_SET_LAMP,
        .set_lamp = {.stimulus = RF_SCCP_STIM_VOICE_MAIL, .mode = RF_SCCP_LAMP_ON}};
    says(w, &lamp);
    says(w, &lamp);
    const struct seen_event *e = expect_event(w, RF_STATION_LAMP);
    assert_string_equal(e->word, "VoiceMail");
    assert_string_equal(e->mode, "on");
    assert_int_equal(events_of(w, RF_STATION_LAMP), 1);
    rf_station_screen(w->st, &screen);
    assert_true(screen.has_message);
    for (uint32_t i = 0; i < 1000; i++) { /* more keys than any phone has */
        lamp.set_lamp.instance = i;
        lamp.set_lamp.stimulus = RF_SCCP_STIM_LINE;
        says(w, &lamp);
        w->event_at = w->n_events;
        if (w->n_events > 100)
            break;
    }
    assert_true(events_of(w, RF_STATION_LAMP) <= STATION_LAMPS);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_SET_RINGER,
                                  .set_ringer = {.mode = RF_SCCP_RING_FLASH_ONLY}});
    e = expect_event(w, RF_STATION_RINGER);
    assert_string_equal(e->mode, "flash only");
    says(w,
         &(struct rf_sccp_msg){.id = RF_SCCP_CALL_HISTORY_INFO,
                               .call_history_info = {.disposition = RF_SCCP_DISPOSITION_MISSED}});
    assert_string_equal(expect_event(w, RF_STATION_HISTORY)->word, "missed");
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_DIALED_NUMBER,
                                  .dialed_number = {.number = rf_slice_str("2003"),
                                                    .line_instance = 1,
                                                    .call_reference = REF}});
    assert_string_equal(expect_event(w, RF_STATION_DIALLED)->number, "2003");
    world_free(w);
}

/* doc: docs/security-rules.md, "Media and call status": what a protected device is told */
static void tones_of_secure_calls(void **state)
{
    static const enum rf_sccp_tone tones[] = {RF_SCCP_TONE_SECURE_WARNING,
                                              RF_SCCP_TONE_NON_SECURE_WARNING};
    struct world *w = has_keys();
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    for (size_t i = 0; i < 2; i++) {
        says(w, &(struct rf_sccp_msg){
                    .id = RF_SCCP_START_TONE,
                    .start_tone = {.tone = tones[i], .line_instance = 1, .call_reference = REF}});
        const struct seen_event *e = expect_event(w, RF_STATION_TONE);
        assert_int_equal(e->event.tone, tones[i]);
        assert_int_equal(e->event.nth, 1);
    }
    world_free(w);
}

static void forwards(struct world *w, uint32_t line, const char *number)
{
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_FORWARD_STAT,
                                  .forward_stat = {.active_forward = number[0] != '\0',
                                                   .line_number = line,
                                                   .all = {.is_active = number[0] != '\0',
                                                           .number = rf_slice_str(number)}}});
}

static void forwarding_is_shown(void **state)
{
    static const unsigned versions[] = {22, 17, 3};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = world_new(versions[i]);
        struct rf_station_screen screen;
        registers(w);
        forwards(w, 2, "2009");
        const struct seen_event *e = expect_event(w, RF_STATION_FORWARD);
        assert_true(e->event.is_on);
        assert_int_equal(e->event.line, 2);
        assert_string_equal(e->number, "2009");
        rf_station_screen(w->st, &screen);
        assert_int_equal(screen.n_lines, 2);
        assert_string_equal(screen.lines[0].forward, "");
        assert_string_equal(screen.lines[1].forward, "2009");
        assert_string_equal(screen.lines[1].number, "2001");
        forwards(w, 2, "");
        assert_false(expect_event(w, RF_STATION_FORWARD)->event.is_on);
        forwards(w, 99, "1"); /* no line of this phone */
        assert_int_equal(events_of(w, RF_STATION_FORWARD), 2);
        world_free(w);
    }
}

static void data_for_the_screen(void **state)
{
    struct world *w = has_keys();
    says(w, &(struct rf_sccp_msg){
                .id = RF_SCCP_USER_TO_DEVICE_DATA_V1,
                .user_data = {.application_id = 9, .data = rf_slice_str("<List>\n<A/></List>")}});
    const struct seen_event *e = expect_event(w, RF_STATION_DATA);
    assert_string_equal(e->text, "<List> <A/></List>");
    assert_int_equal(e->event.instance, 9);
    world_free(w);
}

static void names_of_acts(void **state)
{
    for (int i = 0; i < RF_STATION_ACTS_N; i++)
        assert_non_null(rf_station_act_name((enum rf_station_act)i));
    assert_string_equal(rf_station_act_name(RF_STATION_ACT_FORWARD_ALL), "forward");
    assert_string_equal(rf_station_act_name(RF_STATION_ACTS_N), "unknown");
    assert_string_equal(rf_station_icon(RF_SCCP_SECURITY_NOT_AUTHENTICATED), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_are_offered_and_others),
        cmocka_unit_test(keys_that_are_forced),
        cmocka_unit_test(end_call_key_ends_the_sound),
        cmocka_unit_test(answer_key_answers),
        cmocka_unit_test(keys_selected_before_the_call_is_announced),
        cmocka_unit_test(templates_with_texts_and_in_parts),
        cmocka_unit_test(buttons_of_the_phone),
        cmocka_unit_test(questions_about_buttons),
        cmocka_unit_test(speaker_key),
        cmocka_unit_test(keys_end_with_the_link),
        cmocka_unit_test(prompt_of_a_call_and_of_the_phone),
        cmocka_unit_test(note_of_the_highest_priority),
        cmocka_unit_test(lamps_ringer_and_lists),
        cmocka_unit_test(tones_of_secure_calls),
        cmocka_unit_test(forwarding_is_shown),
        cmocka_unit_test(data_for_the_screen),
        cmocka_unit_test(names_of_acts),
    };
    return cmocka_run_group_tests(tests, keys_are_made, keys_are_gone);
}
