/* SPDX-License-Identifier: Apache-2.0 */
/* A number on two phones: both ring, one talks, the other looks on, comes in, or takes over. */
#include "flow.h"

#define NAME_C "CIPC-CLEO"
#define NAME_D "CIPC-DAN"

struct four {
    struct flow *f;
    struct flow_phone *a, *b, *c, *d;
};

static void name_line(struct rf_sccp_device *d, size_t i, const char *number)
{
    snprintf(d->call.lines[i].number, sizeof d->call.lines[i].number, "%s", number);
    snprintf(d->call.lines[i].name, sizeof d->call.lines[i].name, "%s", number);
}

static struct rf_sccp_device with_line(const char *device, const char *number, bool is_shared,
                                       enum rf_sccp_mode_wanted mode)
{
    struct rf_sccp_device d = flow_device(NAME_A);
    snprintf(d.call.name, sizeof d.call.name, "%s", device);
    name_line(&d, 0, number);
    d.call.rules[0].is_shared = is_shared;
    d.mode = mode;
    return d;
}

static void set(struct flow *f, const char *device, const char *number, bool is_shared,
                enum rf_sccp_mode_wanted mode)
{
    struct rf_sccp_device d = with_line(device, number, is_shared, mode);
    assert_err(rf_sccp_device_update(f->svc, &d, NULL), RF_OK);
}

/* Ada and Cleo share 2005; Ada's phone is secure, Cleo's is not. Ben (2002) calls. Dan is there. */
static struct four four_of(struct flow *f)
{
    struct four t = {.f = f};
    set(f, NAME_A, "2005", true, RF_SCCP_MODE_ENCRYPTED);
    set(f, NAME_C, "2005", true, RF_SCCP_MODE_NON_SECURE);
    set(f, NAME_D, "2004", false, RF_SCCP_MODE_NON_SECURE);
    t.a = flow_phone(f, NAME_A, 'A', 22);
    t.b = flow_phone(f, NAME_B, 'B', 11);
    t.c = flow_phone(f, NAME_C, 'A', 17);
    t.d = flow_phone(f, NAME_D, 'A', 20);
    boots(t.a);
    boots(t.b);
    boots_plain(t.c);
    boots_plain(t.d);
    return t;
}

static void opens(struct flow_phone *p)
{
    acknowledges(p, RF_SCCP_MEDIA_OK, p->address, p->media_port);
}

static void barges(struct flow_phone *p, uint32_t ref)
{
    p->line = 1;
    presses_on(p, RF_SCCP_KEY_CBARGE, ref);
}

/* Ben calls, Ada answers. */
static void ada_talks(struct four *t)
{
    off_hook(t->b);
    dials(t->b, "2005");
    off_hook(t->a);
    opens(t->a);
    opens(t->b);
}

static struct rf_sccp_call_info last_info(struct flow_phone *p)
{
    struct rf_sccp_call_info last = {0};
    enum rf_sccp_id id = rf_sccp_form(RF_SCCP_CALL_INFO, p->version);
    p->at = 0;
    assert_true(has_more(p, id));
    while (has_more(p, id))
        last = expect(p, id)->call_info;
    return last;
}

static void expect_status(struct flow_phone *p, enum rf_sccp_security want)
{
    assert_int_equal(last_info(p).call_security_status, want);
}

static void a_number_is_shared_only_when_all_say_so(void **state)
{
    struct four t = four_of(flow_new_media());
    struct rf_sccp_device own = flow_device(NAME_B);
    struct rf_why why = {0};
    snprintf(own.call.lines[0].number, sizeof own.call.lines[0].number, "2005");
    assert_refused(rf_sccp_device_update(t.f->svc, &own, &why), RF_ERR_EXISTS, why,
                   "line-number-taken");
    own.call.rules[0].is_shared = true;
    assert_err(rf_sccp_device_update(t.f->svc, &own, NULL), RF_OK);
    flow_free(t.f);
}

static void both_ring_and_one_answers(void **state)
{
    struct four t = four_of(flow_new_media());
    off_hook(t.b);
    dials(t.b, "2005");
    expect_state(t.a, RF_SCCP_STATE_RING_IN);
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    assert_int_equal(t.a->ref, t.c->ref); /* one reference for the line */
    forget(t.a);
    off_hook(t.c);
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_state(t.a, RF_SCCP_STATE_REMOTE_MULTILINE);
    opens(t.b);
    opens(t.c);
    expect(t.b, RF_SCCP_START_MEDIA_TRANSMISSION);
    on_hook(t.c);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    assert_string_equal(t.f->record.called_device, NAME_C);
    expect_no_call(t.f);
    flow_free(t.f);
}

static void one_declines_and_the_other_rings_on(void **state)
{
    struct four t = four_of(flow_new_media());
    off_hook(t.b);
    dials(t.b, "2005");
    forget(t.b);
    presses(t.a, RF_SCCP_KEY_END_CALL);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_none(t.b, RF_SCCP_STOP_TONE);
    vanishes(t.a);
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    expect_none(t.c, RF_SCCP_CALL_STATE);
    presses(t.c, RF_SCCP_KEY_END_CALL); /* the last one: now it is declined */
    expect_tone(t.b, RF_SCCP_TONE_LINE_BUSY);
    on_hook(t.b);
    expect_no_call(t.f);

    boots(t.a);
    dials(t.b, "");
    off_hook(t.b);
    dials(t.b, "2005");
    vanishes(t.a); /* the first of them is lost while both ring */
    off_hook(t.c);
    opens(t.b);
    opens(t.c);
    on_hook(t.b);
    expect_no_call(t.f);
    flow_free(t.f);
}

static void nobody_answers(void **state)
{
    struct four t = four_of(flow_new_media());
    off_hook(t.b);
    dials(t.b, "2005");
    passes(t.f, 60000);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_state(t.c, RF_SCCP_STATE_ON_HOOK);
    on_hook(t.b);
    off_hook(t.b);
    dials(t.b, "2005");
    forget(t.a);
    forget(t.c);
    on_hook(t.b); /* or the caller gives up */
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_state(t.c, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(t.f);
    flow_free(t.f);
}

static void the_other_phone_takes_it_back_from_hold_sec_80(void **state)
{
    struct four t = four_of(flow_new_media());
    ada_talks(&t);
    uint32_t ref = t.a->ref;
    presses(t.a, RF_SCCP_KEY_HOLD);
    expect_state(t.c, RF_SCCP_STATE_REMOTE_HOLD);
    forget(t.a);
    forget(t.c);
    t.c->line = 1;
    presses_on(t.c, RF_SCCP_KEY_RESUME, ref);
    /* it never ended there: of a reference that did, a phone hears no more */
    assert_int_equal(expect(t.c, RF_SCCP_CALL_STATE)->call_state.state, RF_SCCP_STATE_OFF_HOOK);
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    assert_int_equal(t.c->ref, ref);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_state(t.a, RF_SCCP_STATE_REMOTE_MULTILINE);
    opens(t.b);
    opens(t.c);
    expect_status(t.b, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), 1);
    on_hook(t.c);
    expect_no_call(t.f);
    flow_free(t.f);
}

/* ---- coming in ---- */

static void barge_lowers_the_call_sec_88(void **state)
{
    struct four t = four_of(flow_new_media());
    ada_talks(&t);
    expect_status(t.b, RF_SCCP_SECURITY_ENCRYPTED);
    expect_state(t.c, RF_SCCP_STATE_REMOTE_MULTILINE);
    barges(t.c, t.a->ref);
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    opens(t.a);
    opens(t.b);
    opens(t.c);
    expect_status(t.a, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    expect_status(t.b, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    on_hook(t.c);
    expect_status(t.a, RF_SCCP_SECURITY_ENCRYPTED);
    on_hook(t.a);
    expect_no_call(t.f);
    flow_free(t.f);
}

static void barge_is_refused_where_that_is_the_policy_sec_88(void **state)
{
    struct four t = four_of(flow_new_no_barge());
    ada_talks(&t);
    forget(t.b);
    barges(t.c, t.a->ref);
    expect_tone(t.c, RF_SCCP_TONE_REORDER);
    expect_none(t.b, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    on_hook(t.c);
    /* into a call that is no more secure than itself it may */
    on_hook(t.b);
    off_hook(t.d);
    dials(t.d, "2005");
    off_hook(t.a);
    opens(t.a);
    opens(t.d);
    forget(t.c);
    barges(t.c, t.a->ref);
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    flow_free(t.f);
}

static void a_secure_phone_comes_into_a_secure_call_sec_88(void **state)
{
    struct four t = four_of(flow_new_no_barge());
    off_hook(t.b);
    dials(t.b, "2005");
    off_hook(t.c); /* Cleo's phone: the call is clear */
    opens(t.b);
    opens(t.c);
    barges(t.a, t.c->ref);
    expect_state(t.a, RF_SCCP_STATE_CONNECTED);
    opens(t.a);
    opens(t.b);
    opens(t.c);
    expect_status(t.a, RF_SCCP_SECURITY_NOT_AUTHENTICATED); /* and stays so */
    on_hook(t.c);
    expect_status(t.a, RF_SCCP_SECURITY_ENCRYPTED);
    flow_free(t.f);
}

static void private_is_private(void **state)
{
    struct four t = four_of(flow_new_media());
    presses_on(t.a, RF_SCCP_KEY_PRIVATE, 0);
    expect_event(t.f, "call-privacy");
    ada_talks(&t);
    forget(t.c);
    t.c->at = 0;
    expect_state(t.c, RF_SCCP_STATE_REMOTE_MULTILINE);
    assert_int_equal(t.c->msg.call_state.privacy, 2);
    forget(t.c);
    barges(t.c, t.a->ref);
    expect_tone(t.c, RF_SCCP_TONE_REORDER);
    on_hook(t.c);
    forget(t.c);
    presses_on(t.a, RF_SCCP_KEY_PRIVATE, 0); /* the key again: the others know */
    expect_state(t.c, RF_SCCP_STATE_REMOTE_MULTILINE);
    assert_int_equal(t.c->msg.call_state.privacy, 0);
    barges(t.c, t.a->ref);
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    flow_free(t.f);
}

static void nobody_else_comes_in(void **state)
{
    struct four t = four_of(flow_new_media());
    ada_talks(&t);
    forget(t.d);
    forget(t.b);
    barges(t.d, t.a->ref); /* whose line it is not */
    expect_none(t.d, RF_SCCP_CALL_STATE);
    t.d->line = 1;
    presses_on(t.d, RF_SCCP_KEY_RESUME, t.a->ref);
    presses_on(t.c, RF_SCCP_KEY_HOLD, t.a->ref); /* and only these two keys are for others' calls */
    presses_on(t.c, RF_SCCP_KEY_END_CALL, t.a->ref);
    expect_none(t.b, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), 1);
    flow_free(t.f);
}

static void a_phone_that_comes_late_is_told(void **state)
{
    struct four t = four_of(flow_new_media());
    vanishes(t.c);
    ada_talks(&t);
    boots_plain(t.c);
    sends(t.c, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_AVAILABLE_LINES});
    expect_state(t.c, RF_SCCP_STATE_REMOTE_MULTILINE);
    flow_free(t.f);
}

static void who_looks_on_learns_whom_the_line_has_called(void **state)
{
    struct four t = four_of(flow_new_media());
    off_hook(t.a);
    dials(t.a, "2");
    expect_state(t.c, RF_SCCP_STATE_REMOTE_MULTILINE); /* nobody yet */
    assert_int_equal(last_info(t.c).called_party.len, 0);
    dials(t.a, "002");
    assert_slice_str(last_info(t.c).called_party, "2002");
    assert_int_equal(last_info(t.c).call_security_status, RF_SCCP_SECURITY_AUTHENTICATED);
    off_hook(t.b);
    opens(t.a);
    opens(t.b);
    assert_int_equal(last_info(t.c).call_security_status, RF_SCCP_SECURITY_ENCRYPTED);
    forget(t.c);
    presses_on(t.a, RF_SCCP_KEY_PRIVATE, 0);
    expect_state(t.c, RF_SCCP_STATE_REMOTE_MULTILINE); /* and who may not know is told no more */
    expect_none(t.c, rf_sccp_form(RF_SCCP_CALL_INFO, t.c->version));
    flow_free(t.f);
}

/* Cleo talks from another line of hers to Ada, who is lost, and comes into that: by this it ends.
 */
static void nobody_comes_into_a_lost_call_of_their_own(void **state)
{
    struct four t = four_of(flow_new_media());
    struct rf_sccp_device cleo = with_line(NAME_C, "2005", true, RF_SCCP_MODE_NON_SECURE);
    cleo.call.n_lines = 2;
    name_line(&cleo, 1, "2006");
    assert_err(rf_sccp_device_update(t.f->svc, &cleo, NULL), RF_OK);
    t.c->line = 2;
    presses_on(t.c, RF_SCCP_KEY_NEW_CALL, 0);
    dials(t.c, "2005");
    off_hook(t.a);
    opens(t.a);
    opens(t.c);
    vanishes(t.a);
    forget(t.c);
    barges(t.c, t.a->ref);
    expect_state(t.c, RF_SCCP_STATE_ON_HOOK);
    expect_tone(t.c, RF_SCCP_TONE_REORDER);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), 1);
    flow_free(t.f);
}

/* ---- who requires SRTP ---- */

static void requires_srtp(struct flow *f, struct rf_sccp_device d)
{
    d.call.media_policy = RF_CALL_MEDIA_REQUIRE;
    assert_err(rf_sccp_device_update(f->svc, &d, NULL), RF_OK);
}

/* Dan talks to Ben, and sends him on to 2005 while both of its phones ring. */
static void dan_sends_ben_on(struct four *t, bool is_strict)
{
    off_hook(t->d);
    dials(t->d, "2002");
    off_hook(t->b);
    opens(t->d);
    opens(t->b);
    if (is_strict)
        requires_srtp(t->f, flow_device(NAME_B));
    presses(t->d, RF_SCCP_KEY_TRANSFER);
    dials(t->d, "2005");
    expect_state(t->a, RF_SCCP_STATE_RING_IN);
    expect_state(t->c, RF_SCCP_STATE_RING_IN);
    forget(t->a);
    forget(t->b);
    forget(t->c);
    presses(t->d, RF_SCCP_KEY_TRANSFER);
    expect_tone(t->b, RF_SCCP_TONE_ALERTING);
}

static void a_transfer_rings_where_the_new_caller_may_talk_sec_81(void **state)
{
    struct four t = four_of(flow_new_media());
    dan_sends_ben_on(&t, true);
    expect_state(t.c, RF_SCCP_STATE_ON_HOOK); /* hers would be in the clear */
    expect_none(t.a, RF_SCCP_CALL_STATE);
    off_hook(t.a);
    opens(t.a);
    opens(t.b);
    expect_status(t.b, RF_SCCP_SECURITY_ENCRYPTED);
    flow_free(t.f);

    t = four_of(flow_new_media()); /* Ben does not mind */
    dan_sends_ben_on(&t, false);
    expect_none(t.c, RF_SCCP_CALL_STATE);
    off_hook(t.c);
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    flow_free(t.f);
}

/* The same, with Cleo's phone the first of the two; and refused when it is the only one. */
static void a_transfer_rings_on_where_the_first_phone_may_not_talk_sec_81(void **state)
{
    struct four t = four_of(flow_new_media());
    set(t.f, NAME_A, "2005", true, RF_SCCP_MODE_ENCRYPTED);
    dan_sends_ben_on(&t, true);
    expect_state(t.c, RF_SCCP_STATE_ON_HOOK);
    expect_none(t.a, RF_SCCP_CALL_STATE);
    off_hook(t.a);
    opens(t.a);
    opens(t.b);
    expect_status(t.b, RF_SCCP_SECURITY_ENCRYPTED);
    on_hook(t.a);
    expect_no_call(t.f);
    flow_free(t.f);

    t = four_of(flow_new_media());
    off_hook(t.d);
    dials(t.d, "2002");
    off_hook(t.b);
    opens(t.d);
    opens(t.b);
    requires_srtp(t.f, flow_device(NAME_B));
    vanishes(t.a);
    presses(t.d, RF_SCCP_KEY_TRANSFER);
    dials(t.d, "2005");
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    forget(t.b);
    forget(t.c);
    presses(t.d, RF_SCCP_KEY_TRANSFER);
    expect_none(t.b, RF_SCCP_START_TONE);
    expect_none(t.c, RF_SCCP_CALL_STATE);
    flow_free(t.f);
}

static void what_a_phone_requires_while_it_rings_holds_when_it_answers_sec_81(void **state)
{
    struct four t = four_of(flow_new_media());
    off_hook(t.d);
    dials(t.d, "2005");
    requires_srtp(t.f, with_line(NAME_A, "2005", true, RF_SCCP_MODE_ENCRYPTED));
    forget(t.a);
    off_hook(t.a);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    off_hook(t.c); /* the other one rings on */
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    on_hook(t.d);

    off_hook(t.d);
    dials(t.d, "2002");
    requires_srtp(t.f, flow_device(NAME_B));
    forget(t.d);
    forget(t.b);
    off_hook(t.b);
    expect_tone(t.d, RF_SCCP_TONE_REORDER);
    expect_none(t.b, RF_SCCP_OPEN_RECEIVE_CHANNEL);
    on_hook(t.d);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_SECURITY);
    flow_free(t.f);
}

/* ---- as many calls as a phone may have ---- */

/* Cleo's phone has two lines more, and Dan takes as many calls as a phone can. */
static void widen(struct four *t)
{
    struct rf_sccp_device cleo = with_line(NAME_C, "2005", true, RF_SCCP_MODE_NON_SECURE);
    struct rf_sccp_device dan = with_line(NAME_D, "2004", false, RF_SCCP_MODE_NON_SECURE);
    cleo.call.n_lines = 3;
    name_line(&cleo, 1, "2006");
    name_line(&cleo, 2, "2007");
    dan.call.rules[0].calls_max = dan.call.rules[0].busy_trigger = RF_CALL_LEGS_MAX;
    assert_err(rf_sccp_device_update(t->f->svc, &cleo, NULL), RF_OK);
    assert_err(rf_sccp_device_update(t->f->svc, &dan, NULL), RF_OK);
}

/* All on the lines that are her own. */
static void cleo_has_eight_calls(struct four *t)
{
    for (uint32_t i = 0; i < RF_CALL_LEGS_MAX; i++) {
        t->c->line = i < RF_CALL_LINE_CALLS ? 2 : 3;
        presses_on(t->c, RF_SCCP_KEY_NEW_CALL, 0);
        dials(t->c, "2004");
        expect_state(t->d, RF_SCCP_STATE_RING_IN);
        presses(t->d, RF_SCCP_KEY_ANSWER);
        opens(t->c);
        opens(t->d);
    }
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t->f->svc)), RF_CALL_LEGS_MAX);
}

static void a_phone_without_room_takes_no_call_of_the_line(void **state)
{
    struct four t = four_of(flow_new_media());
    widen(&t);
    cleo_has_eight_calls(&t);
    uint32_t last = t.c->ref;
    ada_talks(&t);
    uint32_t ref = t.a->ref;
    forget(t.b);
    forget(t.c);
    barges(t.c, ref);
    expect_tone(t.c, RF_SCCP_TONE_BEEP_BONK);
    presses(t.a, RF_SCCP_KEY_HOLD);
    forget(t.a);
    forget(t.c);
    t.c->line = 1;
    presses_on(t.c, RF_SCCP_KEY_RESUME, ref);
    expect_tone(t.c, RF_SCCP_TONE_BEEP_BONK);
    expect_none(t.a, RF_SCCP_CALL_STATE); /* the call is where it was */
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), RF_CALL_LEGS_MAX + 1);

    presses_on(t.c, RF_SCCP_KEY_END_CALL, last); /* with one less there is a place */
    forget(t.c);
    t.c->line = 1;
    presses_on(t.c, RF_SCCP_KEY_RESUME, ref);
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    flow_free(t.f);
}

/* Whatever call control would give a phone beyond its places ends that call, and not the server.
 * A trunk has as many calls as it likes; that one by SCCP has no more than a phone is the case. */
static void a_call_beyond_the_places_of_a_phone_is_refused(void **state)
{
    struct flow *f = flow_new_media();
    struct rf_sccp_device out = with_line(NAME_D, "", false, RF_SCCP_MODE_NON_SECURE);
    struct rf_sccp_device many = with_line(NAME_C, "2005", false, RF_SCCP_MODE_NON_SECURE);
    out.call.is_trunk = true;
    out.call.rules[0].calls_max = RF_CALL_LEGS_MAX + 2;
    many.call.rules[0].calls_max = RF_CALL_LEGS_MAX;
    assert_err(rf_sccp_device_update(f->svc, &out, NULL), RF_OK);
    assert_err(rf_sccp_device_update(f->svc, &many, NULL), RF_OK);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 11), *c = flow_phone(f, NAME_C, 'A', 17);
    struct flow_phone *d = flow_phone(f, NAME_D, 'A', 20);
    boots(b);
    boots_plain(c);
    boots_plain(d);
    for (uint32_t i = 0; i < RF_CALL_LEGS_MAX; i++) {
        presses_on(c, RF_SCCP_KEY_NEW_CALL, 0);
        dials(c, "9#");
        expect_state(d, RF_SCCP_STATE_RING_IN);
        presses(d, RF_SCCP_KEY_ANSWER);
        expect_state(c, RF_SCCP_STATE_CONNECTED);
    }
    forget(d);
    off_hook(b);
    dials(b, "9#");
    expect_tone(b, RF_SCCP_TONE_LINE_BUSY);
    expect_none(d, RF_SCCP_START_TONE);
    assert_true(is_registered(f, NAME_D));
    on_hook(b);

    presses(d, RF_SCCP_KEY_END_CALL);
    off_hook(b);
    dials(b, "9#");
    expect_state(d, RF_SCCP_STATE_RING_IN);
    flow_free(f);
}

/* The links are gone by then: whoever still said something would use what is freed. */
static void the_end_is_told_to_nobody(void **state)
{
    struct four t = four_of(flow_new_media());
    ada_talks(&t); /* Cleo looks on, */
    off_hook(t.d);
    dials(t.d, "2005"); /* and another call rings on both */
    expect_state(t.c, RF_SCCP_STATE_RING_IN);
    size_t told_a = t.a->n_got, told_c = t.c->n_got;
    rf_sccp_service_free(t.f->svc);
    t.f->svc = NULL;
    assert_int_equal(t.a->n_got, told_a);
    assert_int_equal(t.c->n_got, told_c);
    flow_free(t.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_shared_only_when_all_say_so),
        cmocka_unit_test(both_ring_and_one_answers),
        cmocka_unit_test(one_declines_and_the_other_rings_on),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(the_other_phone_takes_it_back_from_hold_sec_80),
        cmocka_unit_test(barge_lowers_the_call_sec_88),
        cmocka_unit_test(barge_is_refused_where_that_is_the_policy_sec_88),
        cmocka_unit_test(a_secure_phone_comes_into_a_secure_call_sec_88),
        cmocka_unit_test(private_is_private),
        cmocka_unit_test(nobody_else_comes_in),
        cmocka_unit_test(a_phone_that_comes_late_is_told),
        cmocka_unit_test(who_looks_on_learns_whom_the_line_has_called),
        cmocka_unit_test(nobody_comes_into_a_lost_call_of_their_own),
        cmocka_unit_test(a_transfer_rings_where_the_new_caller_may_talk_sec_81),
        cmocka_unit_test(a_transfer_rings_on_where_the_first_phone_may_not_talk_sec_81),
        cmocka_unit_test(what_a_phone_requires_while_it_rings_holds_when_it_answers_sec_81),
        cmocka_unit_test(a_phone_without_room_takes_no_call_of_the_line),
        cmocka_unit_test(a_call_beyond_the_places_of_a_phone_is_refused),
        cmocka_unit_test(the_end_is_told_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
