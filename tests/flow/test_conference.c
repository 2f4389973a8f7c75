/* SPDX-License-Identifier: Apache-2.0 */
/* What the server's own media is for: music, conferences, Meet-Me. */
#include "flow.h"

#define NAME_C  "CIPC-CLEO"
#define NAME_D  "CIPC-DAN"
#define MEET_ME "7000"

struct four {
    struct flow *f;
    struct flow_phone *a, *b, *c, *d;
};

/* How Cleo's and Dan's phones are: A's certificate and another number are all they need here. */
static void add(struct flow *f, const char *device, const char *number, const char *name)
{
    struct rf_sccp_device d = flow_device(NAME_A);
    snprintf(d.call.name, sizeof d.call.name, "%s", device);
    snprintf(d.call.lines[0].number, sizeof d.call.lines[0].number, "%s", number);
    snprintf(d.call.lines[0].name, sizeof d.call.lines[0].name, "%s", name);
    d.mode = RF_SCCP_MODE_NON_SECURE;
    assert_err(rf_sccp_device_update(f->svc, &d, NULL), RF_OK);
}

/* Ada and Ben with encrypted phones, Cleo and Dan without. */
static struct four four_new(void)
{
    struct four t = {.f = flow_new_media()};
    add(t.f, NAME_C, "2003", "Cleo");
    add(t.f, NAME_D, "2004", "Dan");
    t.a = flow_phone(t.f, NAME_A, 'A', 22);
    t.b = flow_phone(t.f, NAME_B, 'B', 11);
    t.c = flow_phone(t.f, NAME_C, 'A', 17);
    t.d = flow_phone(t.f, NAME_D, 'A', 20);
    boots(t.a);
    boots(t.b);
    boots_plain(t.c);
    boots_plain(t.d);
    return t;
}

static size_t open_media(const struct flow *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_media; i++)
        n += f->media[i].is_open;
    return n;
}

static struct rf_sccp_call_info last_info(struct flow_phone *p)
{
    struct rf_sccp_call_info last = {0};
    size_t at = p->at;
    enum rf_sccp_id id = rf_sccp_form(RF_SCCP_CALL_INFO, p->version);
    assert_true(has_more(p, id));
    while (has_more(p, id))
        last = expect(p, id)->call_info;
    p->at = at;
    return last;
}

static void expect_status(struct flow_phone *p, enum rf_sccp_security want)
{
    p->at = 0;
    assert_int_equal(last_info(p).call_security_status, want);
}

static void opens(struct flow_phone *p)
{
    acknowledges(p, RF_SCCP_MEDIA_OK, p->address, p->media_port);
}

static void calls(struct flow_phone *from, const char *number, struct flow_phone *to)
{
    off_hook(from);
    dials(from, number);
    off_hook(to);
    opens(from);
    opens(to);
    forget(from);
    forget(to);
}

/* From has the other on the line, and brings in a third. */
static void confers(struct flow_phone *from, const char *number, struct flow_phone *third)
{
    presses(from, RF_SCCP_KEY_CONFRN);
    dials(from, number);
    off_hook(third);
    opens(from);
    opens(third);
    forget(third);
    presses(from, RF_SCCP_KEY_CONFRN);
}

/* ---- music ---- */

static void music_for_who_is_held_sec_80(void **state)
{
    struct four t = four_new();
    calls(t.a, "2002", t.b);
    presses(t.a, RF_SCCP_KEY_HOLD);
    struct rf_sccp_media_key key =
        expect(t.b, RF_SCCP_OPEN_RECEIVE_CHANNEL)->open_receive_channel.key;
    expect_none(t.b, RF_SCCP_START_TONE);
    opens(t.b);
    const struct flow_media *m = &t.f->media[0];
    assert_true(m->is_open && m->is_sending);
    assert_int_equal(m->mix, 0);
    assert_int_equal(m->to.port, t.b->media_port);
    assert_int_equal(m->send.algorithm, RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32);
    assert_memory_equal(m->send.key, key.key, sizeof m->send.key);
    expect_none(t.b, RF_SCCP_START_MEDIA_TRANSMISSION);
    presses(t.a, RF_SCCP_KEY_RESUME);
    assert_false(m->is_open);
    expect(t.b, RF_SCCP_CLOSE_RECEIVE_CHANNEL);
    struct rf_sccp_media_key next =
        expect(t.b, RF_SCCP_OPEN_RECEIVE_CHANNEL)->open_receive_channel.key;
    assert_memory_not_equal(next.key, key.key, sizeof key.key);
    presses(t.a, RF_SCCP_KEY_HOLD);
    opens(t.b);
    on_hook(t.b);
    assert_int_equal(open_media(t.f), 0);
    expect_no_call(t.f);
    flow_free(t.f);
}

static void a_tone_where_there_is_no_room_for_music(void **state)
{
    struct four t = four_new();
    calls(t.a, "2002", t.b);
    t.f->media_is_full = true;
    presses(t.a, RF_SCCP_KEY_HOLD);
    expect_tone(t.b, RF_SCCP_TONE_HOLD);
    expect_none(t.b, RF_SCCP_OPEN_RECEIVE_CHANNEL);
    flow_free(t.f);
}

/* Media of the server's own by IPv4 does not reach a phone with IPv6: a tone, and no conference. */
static void a_tone_where_music_does_not_reach(void **state)
{
    struct flow *f = flow_new_media();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22), *b = flow_phone(f, NAME_B, 'B', 22);
    a->address = "2001:db8::1";
    b->address = "2001:db8::2";
    boots(a);
    boots(b);
    calls(a, "2002", b);
    presses(a, RF_SCCP_KEY_HOLD);
    expect_tone(b, RF_SCCP_TONE_HOLD);
    expect_none(b, RF_SCCP_OPEN_RECEIVE_CHANNEL);
    assert_int_equal(f->n_media, 0);
    flow_free(f);
}

/* ---- conferences ---- */

static void three_meet_sec_80_sec_86(void **state)
{
    struct four t = four_new();
    calls(t.a, "2002", t.b);
    uint32_t first = t.a->ref;
    confers(t.a, "2003", t.c);
    /* Ada goes on under the reference of her first call; Cleo and Ben keep theirs */
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_state(t.a, RF_SCCP_STATE_CONNECTED);
    assert_int_equal(t.a->ref, first);
    assert_slice_str(last_info(t.a).called_party_name, "Conference");
    assert_slice_str(last_info(t.b).calling_party_name, "Conference");
    opens(t.a);
    opens(t.b);
    opens(t.c);
    assert_int_equal(open_media(t.f), 3);
    assert_int_equal(t.f->n_media, 4); /* and Ben's music before */
    for (size_t i = 1; i < 4; i++) {
        assert_true(t.f->media[i].is_sending);
        assert_int_equal(t.f->media[i].mix, t.f->media[1].mix);
        assert_true(t.f->media[i].mix != 0);
    }
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), 3);
    /* one of them has no secure phone: that is what all see */
    expect_status(t.a, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    expect_status(t.b, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    on_hook(t.c);
    expect_status(t.a, RF_SCCP_SECURITY_ENCRYPTED);
    expect_status(t.b, RF_SCCP_SECURITY_ENCRYPTED);
    on_hook(t.b); /* one alone is no conference */
    expect_state(t.a, RF_SCCP_STATE_ON_HOOK);
    expect_no_call(t.f);
    assert_int_equal(open_media(t.f), 0);
    assert_int_equal(t.f->n_records, 3); /* each of them had a call with it */
    flow_free(t.f);
}

static void each_leg_has_its_own_keys_sec_80(void **state)
{
    struct four t = four_new();
    add(t.f, NAME_C, "2003", "Cleo");
    calls(t.b, "2001", t.a);
    confers(t.a, "2003", t.c);
    opens(t.a);
    opens(t.b);
    opens(t.c);
    for (size_t i = 0; i < t.f->n_media; i++)
        for (size_t k = 0; k < i; k++) {
            const struct flow_media *x = &t.f->media[i], *y = &t.f->media[k];
            if (x->send.algorithm == RF_CALL_SRTP_NONE || y->send.algorithm == RF_CALL_SRTP_NONE)
                continue;
            assert_memory_not_equal(x->send.key, y->send.key, sizeof x->send.key);
            assert_memory_not_equal(x->send.key, x->receive.key, sizeof x->send.key);
            assert_memory_not_equal(x->receive.key, y->receive.key, sizeof x->send.key);
        }
    flow_free(t.f);
}

static void a_member_holds_and_comes_back_sec_86(void **state)
{
    struct four t = four_new();
    calls(t.a, "2002", t.b);
    confers(t.a, "2003", t.c);
    opens(t.a);
    opens(t.b);
    opens(t.c);
    forget(t.b);
    size_t before = t.f->n_media;
    presses(t.c, RF_SCCP_KEY_HOLD); /* the one in the clear: nobody hears music, the lock is back */
    assert_int_equal(open_media(t.f), 2);
    assert_int_equal(t.f->n_media, before);
    expect_status(t.b, RF_SCCP_SECURITY_ENCRYPTED);
    presses(t.c, RF_SCCP_KEY_RESUME);
    opens(t.c);
    expect_status(t.b, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    assert_int_equal(open_media(t.f), 3);
    flow_free(t.f);
}

/* Its link is gone, and the server mixes for it on: who hears in the clear counts. */
static void a_member_that_is_lost_is_heard_on_sec_86(void **state)
{
    struct four t = four_new();
    calls(t.a, "2002", t.b);
    confers(t.a, "2003", t.c);
    opens(t.a);
    opens(t.b);
    opens(t.c);
    vanishes(t.c); /* the one in the clear */
    assert_int_equal(open_media(t.f), 3);
    expect_status(t.a, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    expect_status(t.b, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    boots_plain(t.c); /* its call is over by that */
    assert_int_equal(open_media(t.f), 2);
    expect_status(t.a, RF_SCCP_SECURITY_ENCRYPTED);
    expect_status(t.b, RF_SCCP_SECURITY_ENCRYPTED);
    flow_free(t.f);

    t = four_new(); /* and one that is lost behind its lock takes none away */
    calls(t.a, "2002", t.b);
    confers(t.a, "2003", t.c);
    opens(t.a);
    opens(t.b);
    opens(t.c);
    vanishes(t.b);
    on_hook(t.c);
    assert_int_equal(open_media(t.f), 2);
    expect_status(t.a, RF_SCCP_SECURITY_ENCRYPTED);
    flow_free(t.f);
}

static void a_fourth_comes_in(void **state)
{
    struct four t = four_new();
    calls(t.a, "2002", t.b);
    confers(t.a, "2003", t.c);
    opens(t.a);
    opens(t.b);
    opens(t.c);
    confers(t.a, "2004", t.d);
    opens(t.a);
    opens(t.d);
    assert_int_equal(open_media(t.f), 4);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), 4);
    on_hook(t.a); /* it goes on without who began it */
    assert_int_equal(open_media(t.f), 3);
    on_hook(t.d);
    on_hook(t.c);
    expect_no_call(t.f);
    assert_int_equal(open_media(t.f), 0);
    flow_free(t.f);
}

static void a_conference_that_cannot_be(void **state)
{
    struct four t = four_new();
    struct rf_sccp_device strict = flow_device(NAME_B);
    strict.call.media_policy = RF_CALL_MEDIA_REQUIRE;
    assert_err(rf_sccp_device_update(t.f->svc, &strict, NULL), RF_OK);
    calls(t.a, "2002", t.b);
    forget(t.a);
    confers(t.a, "2003", t.c); /* Ben would be heard in the clear */
    expect_tone(t.a, RF_SCCP_TONE_BEEP_BONK);
    assert_int_equal(rf_call_count(rf_sccp_service_calls(t.f->svc)), 2);
    flow_free(t.f);

    struct flow *f = flow_new(); /* a server without media */
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22), *b = flow_phone(f, NAME_B, 'B', 22);
    boots(a);
    boots(b);
    talk(a, b);
    forget(a);
    presses(a, RF_SCCP_KEY_CONFRN);
    expect_tone(a, RF_SCCP_TONE_BEEP_BONK);
    expect_none(a, RF_SCCP_CALL_STATE);
    flow_free(f);
}

/* A phone that cannot open its receiver leaves alone. */
static void a_member_without_media(void **state)
{
    struct four t = four_new();
    calls(t.a, "2002", t.b);
    confers(t.a, "2003", t.c);
    opens(t.a);
    opens(t.b);
    acknowledges(t.c, RF_SCCP_MEDIA_OUT_OF_SOCKETS, t.c->address, 0);
    expect_tone(t.c, RF_SCCP_TONE_REORDER);
    on_hook(t.c);
    assert_int_equal(open_media(t.f), 2);
    on_hook(t.a);
    expect_no_call(t.f);
    flow_free(t.f);
}

/* ---- Meet-Me ---- */

static void meet_me(struct four *t, enum rf_call_security least)
{
    struct rf_call_control *cc = rf_sccp_service_calls(t->f->svc);
    assert_err(rf_call_meet_me_set(cc, MEET_ME, least, NULL), RF_OK);
}

static void begins(struct flow_phone *p)
{
    presses_on(p, RF_SCCP_KEY_MEET_ME, 0);
    dials(p, MEET_ME);
}

static void comes(struct flow_phone *p)
{
    off_hook(p);
    dials(p, MEET_ME);
}

static void phones_meet_sec_86(void **state)
{
    struct four t = four_new();
    meet_me(&t, RF_CALL_SECURITY_NOT_AUTHENTICATED);
    comes(t.b); /* nobody began it */
    expect_tone(t.b, RF_SCCP_TONE_REORDER);
    on_hook(t.b);
    begins(t.a);
    expect_state(t.a, RF_SCCP_STATE_CONNECTED);
    opens(t.a);
    expect_status(t.a, RF_SCCP_SECURITY_ENCRYPTED);
    forget(t.b);
    comes(t.b);
    expect_state(t.b, RF_SCCP_STATE_CONNECTED);
    opens(t.b);
    comes(t.c); /* all may come */
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    opens(t.c);
    expect_status(t.b, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    assert_int_equal(open_media(t.f), 3);
    on_hook(t.a);
    on_hook(t.c);
    expect_status(t.b, RF_SCCP_SECURITY_ENCRYPTED);
    on_hook(t.b);
    expect_no_call(t.f);
    forget(t.b);
    comes(t.b); /* it is over */
    expect_tone(t.b, RF_SCCP_TONE_REORDER);
    flow_free(t.f);
}

/* A phone that requires SRTP, and one that has none: who came first stays. */
static void nobody_is_heard_in_the_clear_who_may_not_sec_81(void **state)
{
    struct four t = four_new();
    struct rf_sccp_device strict = flow_device(NAME_B);
    strict.call.media_policy = RF_CALL_MEDIA_REQUIRE;
    assert_err(rf_sccp_device_update(t.f->svc, &strict, NULL), RF_OK);
    meet_me(&t, RF_CALL_SECURITY_NOT_AUTHENTICATED);
    begins(t.a);
    opens(t.a);
    comes(t.b);
    expect_state(t.b, RF_SCCP_STATE_CONNECTED);
    opens(t.b);
    comes(t.c); /* in the clear */
    expect_tone(t.c, RF_SCCP_TONE_REORDER);
    on_hook(t.c);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_SECURITY);
    on_hook(t.b);
    forget(t.c);
    comes(t.c);
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    opens(t.c);
    forget(t.b);
    comes(t.b);
    expect_tone(t.b, RF_SCCP_TONE_REORDER);
    on_hook(t.b);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_SECURITY);
    flow_free(t.f);
}

static void below_its_least_level_nobody_meets_sec_87(void **state)
{
    struct four t = four_new();
    meet_me(&t, RF_CALL_SECURITY_ENCRYPTED);
    begins(t.c);
    expect_tone(t.c, RF_SCCP_TONE_REORDER);
    t.c->at = 0;
    assert_true(prompts(t.c, "\x1e\x26")); /* device not authorized */
    on_hook(t.c);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_LEVEL);
    assert_int_equal(rf_call_cause_code(t.f->record.cause), 58);
    begins(t.a);
    opens(t.a);
    forget(t.c);
    comes(t.c);
    expect_tone(t.c, RF_SCCP_TONE_REORDER);
    on_hook(t.c);
    assert_int_equal(t.f->record.cause, RF_CALL_CAUSE_LEVEL);
    comes(t.b);
    expect_state(t.b, RF_SCCP_STATE_CONNECTED);
    opens(t.b);
    on_hook(t.b);
    /* nor by way of somebody who may: Ben calls Cleo and sends her there */
    calls(t.b, "2003", t.c);
    forget(t.b);
    presses(t.b, RF_SCCP_KEY_TRANSFER);
    dials(t.b, MEET_ME);
    opens(t.b);
    presses(t.b, RF_SCCP_KEY_TRANSFER);
    expect_tone(t.b, RF_SCCP_TONE_BEEP_BONK);
    meet_me(&t, RF_CALL_SECURITY_NOT_AUTHENTICATED);
    presses(t.b, RF_SCCP_KEY_TRANSFER); /* with the level lowered she may */
    expect_state(t.c, RF_SCCP_STATE_CONNECTED);
    opens(t.c);
    expect_status(t.a, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    flow_free(t.f);
}

/* A conference of its own is no member of another. */
static void conferences_are_not_chained_sec_87(void **state)
{
    struct four t = four_new();
    meet_me(&t, RF_CALL_SECURITY_ENCRYPTED);
    begins(t.d);
    on_hook(t.d);
    meet_me(&t, RF_CALL_SECURITY_NOT_AUTHENTICATED);
    begins(t.d);
    opens(t.d);
    calls(t.a, "2002", t.b);
    confers(t.a, "2003", t.c);
    opens(t.a);
    opens(t.b);
    opens(t.c);
    forget(t.a);
    presses(t.a, RF_SCCP_KEY_CONFRN);
    dials(t.a, MEET_ME);
    opens(t.a);
    forget(t.a);
    presses(t.a, RF_SCCP_KEY_CONFRN);
    expect_tone(t.a, RF_SCCP_TONE_BEEP_BONK);
    forget(t.a);
    presses(t.a, RF_SCCP_KEY_TRANSFER);
    expect_tone(t.a, RF_SCCP_TONE_BEEP_BONK);
    flow_free(t.f);
}

static void a_meet_me_that_is_removed(void **state)
{
    struct four t = four_new();
    struct rf_call_control *cc = rf_sccp_service_calls(t.f->svc);
    struct rf_why why = {0};
    meet_me(&t, RF_CALL_SECURITY_NOT_AUTHENTICATED);
    assert_refused(rf_call_meet_me_set(cc, "2001", RF_CALL_SECURITY_UNKNOWN, &why), RF_ERR_EXISTS,
                   why, "line-number-taken");
    why = (struct rf_why){0};
    assert_refused(rf_call_meet_me_set(cc, "x", RF_CALL_SECURITY_UNKNOWN, &why), RF_ERR_BAD, why,
                   "line-number");
    begins(t.a);
    opens(t.a);
    comes(t.b);
    opens(t.b);
    rf_call_meet_me_remove(cc, MEET_ME);
    rf_call_meet_me_remove(cc, MEET_ME); /* again is fine */
    expect_no_call(t.f);
    assert_int_equal(open_media(t.f), 0);
    forget(t.b);
    comes(t.b);
    expect_state(t.b, RF_SCCP_STATE_INVALID_NUMBER);
    flow_free(t.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(music_for_who_is_held_sec_80),
        cmocka_unit_test(a_tone_where_there_is_no_room_for_music),
        cmocka_unit_test(a_tone_where_music_does_not_reach),
        cmocka_unit_test(three_meet_sec_80_sec_86),
        cmocka_unit_test(each_leg_has_its_own_keys_sec_80),
        cmocka_unit_test(a_member_holds_and_comes_back_sec_86),
        cmocka_unit_test(a_member_that_is_lost_is_heard_on_sec_86),
        cmocka_unit_test(a_fourth_comes_in),
        cmocka_unit_test(a_conference_that_cannot_be),
        cmocka_unit_test(a_member_without_media),
        cmocka_unit_test(phones_meet_sec_86),
        cmocka_unit_test(nobody_is_heard_in_the_clear_who_may_not_sec_81),
        cmocka_unit_test(below_its_least_level_nobody_meets_sec_87),
        cmocka_unit_test(conferences_are_not_chained_sec_87),
        cmocka_unit_test(a_meet_me_that_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
