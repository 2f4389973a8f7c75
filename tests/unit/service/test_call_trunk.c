/* SPDX-License-Identifier: Apache-2.0 */
/* The way out of a site: calls to what no line has, calls from there, and none from there to there.
 * T is the trunk, A ("1"), B ("12") and C ("3") are inside. */
#include "call_world.h"

struct town {
    struct world w;
    struct end c, t;
};

static struct rf_call_device_conf trunk(const char *name, uint8_t calls_max)
{
    struct rf_call_device_conf d = world_device(name, "");
    d.is_trunk = true;
    d.rules[0].calls_max = calls_max;
    return d;
}

static void set(struct town *t, const struct rf_call_device_conf *conf)
{
    struct rf_why why = {0};
    assert_err(rf_call_device_set(t->w.cc, conf, &why), RF_OK);
}

/* Without a trunk. */
static void start_without(struct town *t)
{
    memset(t, 0, sizeof *t);
    world_start(&t->w, 0);
    struct rf_call_device_conf c = world_device("C", "3");
    set(t, &c);
    world_attach(&t->w, &t->c, "C");
}

static void start(struct town *t)
{
    start_without(t);
    struct rf_call_device_conf conf = trunk("T", 4);
    set(t, &conf);
    world_attach(&t->w, &t->t, "T");
}

static void stop(struct town *t)
{
    world_stop(&t->w);
}

static void forward(struct town *t, const char *name, const char *number, enum rf_call_forward when,
                    const char *target)
{
    struct rf_call_device_conf d = world_device(name, number);
    snprintf(d.rules[0].forward[when], sizeof d.rules[0].forward[when], "%s", target);
    d.rules[0].busy_trigger = 1;
    set(t, &d);
}

static void call(struct town *t, struct end *from, const char *number)
{
    rf_call_in_number(t->w.cc, from->dev, 1, rf_slice_str(number));
}

static void answer(struct town *t, struct end *who)
{
    rf_call_in_answer(t->w.cc, who->dev, who->ref);
}

static void hang_up(struct town *t, struct end *who)
{
    rf_call_in_hang_up(t->w.cc, who->dev, who->ref);
}

static enum rf_err from_outside(struct town *t, const char *number)
{
    const struct rf_call_party ada = {.number = "5551", .name = "Ada"};
    t->t.cause = RF_CALL_CAUSE_NORMAL;
    return rf_call_in_from_outside(t->w.cc, t->t.dev, &ada, rf_slice_str(number));
}

static void comes(struct town *t, const char *number)
{
    assert_err(from_outside(t, number), RF_OK);
}

/* How many calls are in this state. */
static size_t calls_in(const struct town *t, const char *state)
{
    struct rf_call_status st;
    size_t n = 0;
    for (uint32_t at = 0; rf_call_next(t->w.cc, &at, &st);)
        n += strcmp(st.state, state) == 0;
    return n;
}

static void forget(struct town *t)
{
    t->w.a.log[0] = t->w.b.log[0] = t->c.log[0] = t->t.log[0] = '\0';
}

static bool was_told(const struct end *e, const char *word)
{
    return strstr(e->log, word) != NULL;
}

/* ---- out and in ---- */

static void call_out(void **state)
{
    struct town t;
    start(&t);
    call(&t, &t.w.a, "0991");
    assert_string_equal(t.t.log, "offer ");
    assert_string_equal(t.t.called.number, "0991");
    assert_string_equal(t.t.calling.number, "1");
    assert_true(was_told(&t.w.a, "proceeding alerting ringback "));
    assert_non_null(strstr(t.w.event, "call-ringing A from=1 to=0991 called-dev=T"));
    answer(&t, &t.t);
    assert_true(was_told(&t.t, "connected open start info "));
    struct rf_call_status st;
    uint32_t at = 0;
    assert_true(rf_call_next(t.w.cc, &at, &st));
    assert_string_equal(st.called_device, "T");
    assert_string_equal(st.called.number, "0991");
    assert_string_equal(st.state, "CONNECTED");
    hang_up(&t, &t.w.a);
    assert_string_equal(t.w.record.calling_device, "A");
    assert_string_equal(t.w.record.calling.number, "1");
    assert_string_equal(t.w.record.called_device, "T");
    assert_string_equal(t.w.record.called.number, "0991");
    assert_int_equal(t.w.record.cause, RF_CALL_CAUSE_NORMAL);
    assert_true(was_told(&t.t, "stop-both ended "));
    stop(&t);
}

/* Out there somebody else decides, and knows why. */
static void call_out_that_is_refused(void **state)
{
    struct town t;
    start(&t);
    call(&t, &t.w.a, "0991");
    rf_call_in_refuse(t.w.cc, t.t.dev, t.t.ref, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    assert_int_equal(t.w.a.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    assert_true(was_told(&t.w.a, "failed reorder "));
    hang_up(&t, &t.w.a);
    assert_int_equal(t.w.record.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    call(&t, &t.w.a, "0992");
    hang_up(&t, &t.t);
    assert_int_equal(t.w.a.cause, RF_CALL_CAUSE_BUSY);
    assert_true(was_told(&t.w.a, "failed busy "));
    stop(&t);
}

static void call_in(void **state)
{
    struct town t;
    start(&t);
    comes(&t, "12");
    assert_string_equal(t.w.b.log, "offer ");
    assert_string_equal(t.w.b.calling.number, "5551");
    assert_string_equal(t.w.b.calling.name, "Ada");
    assert_true(was_told(&t.t, "proceeding alerting ringback "));
    answer(&t, &t.w.b);
    assert_non_null(strstr(t.w.event, "call-connected T from=5551 to=12 called-dev=B"));
    hang_up(&t, &t.w.b);
    assert_string_equal(t.w.record.calling_device, "T");
    assert_string_equal(t.w.record.calling.number, "5551");
    assert_string_equal(t.w.record.called_device, "B");
    assert_string_equal(t.w.record.called.number, "12");
    stop(&t);
}

/* What others wrote about themselves is in events as a number or not at all. */
static void caller_without_a_number(void **state)
{
    struct town t;
    start(&t);
    const struct rf_call_party odd = {.number = "1 cause=none", .name = "Bob"};
    assert_err(rf_call_in_from_outside(t.w.cc, t.t.dev, &odd, rf_slice_str("12")), RF_OK);
    assert_string_equal(t.w.b.calling.number, "");
    assert_string_equal(t.w.b.calling.name, "Bob");
    assert_non_null(strstr(t.w.event, "call-ringing T from= to=12"));
    stop(&t);
}

static void numbers_from_outside_that_are_none(void **state)
{
    static const char *const bad[] = {"", "12a", "12#", "1234567890123456789012345", "77"};
    struct town t;
    start(&t);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        comes(&t, bad[i]);
        assert_int_equal(t.t.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
        assert_int_equal(calls_in(&t, "FAILED"), 1);
        hang_up(&t, &t.t);
        assert_int_equal(t.w.record.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
        assert_string_equal(t.w.record.calling_device, "T");
    }
    assert_string_equal(t.w.b.log, "");
    comes(&t, "12");
    assert_string_equal(t.w.b.log, "offer ");
    stop(&t);
}

static void only_the_trunk_brings_calls_in(void **state)
{
    struct town t;
    start(&t);
    struct end trunk_end = t.t;
    t.t.dev = t.w.a.dev;
    assert_err(from_outside(&t, "12"), RF_ERR_NOT_FOUND);
    rf_call_device_down(t.w.cc, trunk_end.dev);
    t.t.dev = trunk_end.dev;
    assert_err(from_outside(&t, "12"), RF_ERR_NOT_FOUND);
    assert_int_equal(rf_call_count(t.w.cc), 0);
    world_attach(&t.w, &t.t, "T");
    comes(&t, "12");
    assert_int_equal(rf_call_count(t.w.cc), 1);
    stop(&t);
}

/* ---- when dialling is over ---- */

static void digits(struct town *t, const char *all)
{
    rf_call_in_off_hook(t->w.cc, t->w.a.dev, 0, 0);
    for (const char *c = all; *c != '\0'; c++)
        rf_call_in_digit(t->w.cc, t->w.a.dev, 0, *c);
}

static void number_of_outside_wants_its_end(void **state)
{
    struct town t;
    start(&t);
    digits(&t, "099");
    assert_int_equal(calls_in(&t, "COLLECTING"), 1);
    world_wait_ms(&t.w, 5000);
    assert_string_equal(t.t.called.number, "099");
    assert_true(was_told(&t.w.a, "ringback"));
    hang_up(&t, &t.w.a);
    digits(&t, "0991#");
    assert_string_equal(t.t.called.number, "0991");
    hang_up(&t, &t.w.a);
    digits(&t, "123456789012345678901234"); /* no longer ones are told by a number of inside */
    assert_string_equal(t.w.b.log, "offer ");
    hang_up(&t, &t.w.a);
    digits(&t, "023456789012345678901234"); /* no number is longer */
    assert_string_equal(t.t.called.number, "023456789012345678901234");
    hang_up(&t, &t.w.a);
    digits(&t, "3"); /* a line's number is over when it is */
    assert_string_equal(t.c.log, "offer ");
    stop(&t);
}

static void nothing_dialled_goes_nowhere(void **state)
{
    struct town t;
    start(&t);
    digits(&t, "#");
    assert_int_equal(t.w.a.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    assert_string_equal(t.t.log, "");
    stop(&t);
}

static void without_a_trunk_it_is_over_at_once(void **state)
{
    struct town t;
    start_without(&t);
    digits(&t, "0");
    assert_int_equal(t.w.a.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    stop(&t);
}

static void trunk_that_is_down(void **state)
{
    struct town t;
    start(&t);
    rf_call_device_down(t.w.cc, t.t.dev);
    digits(&t, "0");
    assert_int_equal(t.w.a.cause, RF_CALL_CAUSE_UNREACHABLE);
    hang_up(&t, &t.w.a);
    assert_string_equal(t.w.record.called.number, "0");
    assert_string_equal(t.w.record.called_device, "");
    world_attach(&t.w, &t.t, "T");
    call(&t, &t.w.a, "0");
    assert_string_equal(t.t.log, "offer ");
    stop(&t);
}

/* ---- how many ---- */

static void trunk_that_is_full(void **state)
{
    struct town t;
    start(&t);
    struct rf_call_device_conf conf = trunk("T", RF_CALL_LEGS_MAX + 2); /* more than a phone */
    set(&t, &conf);
    for (int i = 0; i < RF_CALL_LEGS_MAX + 1; i++)
        comes(&t, "77"); /* they fail, and are there until the trunk hangs up */
    call(&t, &t.w.a, "0991");
    assert_string_equal(t.t.called.number, "0991");
    call(&t, &t.w.b, "0992");
    assert_int_equal(t.w.b.cause, RF_CALL_CAUSE_BUSY);
    assert_true(was_told(&t.w.b, "failed busy "));
    assert_err(from_outside(&t, "3"), RF_ERR_LIMIT);
    assert_string_equal(t.w.refused_as, "call-failed T from=5551 cause=too-many-calls");
    hang_up(&t, &t.w.a);
    comes(&t, "3");
    assert_string_equal(t.c.log, "offer ");
    rf_call_in_hang_up(t.w.cc, t.t.dev, t.t.ref);
    hang_up(&t, &t.w.b);
    call(&t, &t.w.b, "0992");
    assert_string_equal(t.t.called.number, "0992");
    stop(&t);
}

static void no_room_for_calls_at_all(void **state)
{
    struct town t;
    memset(&t, 0, sizeof t);
    world_start(&t.w, 1);
    struct rf_call_device_conf conf = trunk("T", 4);
    set(&t, &conf);
    world_attach(&t.w, &t.t, "T");
    comes(&t, "12");
    assert_err(from_outside(&t, "1"), RF_ERR_LIMIT);
    assert_string_equal(t.w.refused_as, "call-failed T from=5551 cause=too-many-calls");
    stop(&t);
}

/* A user who answers one call holds the other; a trunk has many users. */
static void calls_of_a_trunk_do_not_hold_each_other(void **state)
{
    struct town t;
    start(&t);
    call(&t, &t.w.a, "0991");
    answer(&t, &t.t);
    call(&t, &t.w.b, "0992");
    answer(&t, &t.t);
    comes(&t, "3");
    answer(&t, &t.c);
    assert_int_equal(calls_in(&t, "CONNECTED"), 3);
    assert_false(was_told(&t.t, "held"));
    stop(&t);
}

static void trunk_is_lost_with_all_its_calls(void **state)
{
    struct town t;
    start(&t);
    struct rf_call_device_conf conf = trunk("T", RF_CALL_LEGS_MAX + 2);
    set(&t, &conf);
    call(&t, &t.w.a, "0991");
    answer(&t, &t.t);
    for (int i = 0; i < RF_CALL_LEGS_MAX + 1; i++)
        comes(&t, "77");
    rf_call_device_down(t.w.cc, t.t.dev);
    assert_int_equal(rf_call_count(t.w.cc), 1);
    assert_int_equal(calls_in(&t, "ORPHANED"), 1); /* speech goes on, as with phones */
    world_attach(&t.w, &t.t, "T");
    assert_int_equal(rf_call_count(t.w.cc), 0);
    stop(&t);
}

/* ---- media ---- */

static void who_requires_srtp_is_not_heard_outside_in_clear(void **state)
{
    struct town t;
    start(&t);
    struct rf_call_device_conf strict = world_device("A", "1");
    strict.media_policy = RF_CALL_MEDIA_REQUIRE;
    set(&t, &strict);
    world_attach_as(&t.w, &t.t, "T", RF_CALL_SIGNALLING_PLAIN);
    call(&t, &t.w.a, "0991");
    assert_int_equal(t.w.a.cause, RF_CALL_CAUSE_SECURITY);
    assert_string_equal(t.t.log, "");
    comes(&t, "1");
    assert_int_equal(t.t.cause, RF_CALL_CAUSE_SECURITY);
    call(&t, &t.w.b, "0991"); /* B does not mind */
    assert_string_equal(t.t.called.number, "0991");
    hang_up(&t, &t.w.a);
    hang_up(&t, &t.w.b);
    world_attach(&t.w, &t.t, "T");
    call(&t, &t.w.a, "0992");
    assert_string_equal(t.t.called.number, "0992");
    stop(&t);
}

/* ---- not from outside to outside: by number, by forwarding ---- */

static void not_out_again_by_number(void **state)
{
    struct town t;
    start(&t);
    comes(&t, "0991");
    assert_int_equal(t.t.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    assert_false(was_told(&t.t, "offer"));
    hang_up(&t, &t.t);
    assert_string_equal(t.w.record.called.number, "0991");
    assert_string_equal(t.w.record.called_device, "");
    call(&t, &t.w.a, "0991");
    assert_true(was_told(&t.t, "offer"));
    stop(&t);
}

static void forwarded_to_outside(void **state)
{
    struct town t;
    start(&t);
    forward(&t, "B", "12", RF_CALL_FORWARD_ALL, "0991");
    comes(&t, "12");
    assert_int_equal(t.t.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    hang_up(&t, &t.t);
    call(&t, &t.w.a, "12");
    assert_string_equal(t.t.called.number, "0991");
    assert_string_equal(t.t.redirecting, "12");
    hang_up(&t, &t.w.a);
    assert_string_equal(t.w.record.called_device, "T");
    assert_string_equal(t.w.record.original, "12");
    stop(&t);
}

static void forwarded_to_outside_when_busy(void **state)
{
    struct town t;
    start(&t);
    forward(&t, "B", "12", RF_CALL_FORWARD_BUSY, "0991");
    rf_call_in_off_hook(t.w.cc, t.w.b.dev, 0, 0);
    comes(&t, "12");
    assert_int_equal(t.t.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    hang_up(&t, &t.t);
    call(&t, &t.w.a, "12");
    assert_string_equal(t.t.called.number, "0991");
    stop(&t);
}

static void forwarded_to_outside_when_nobody_answers(void **state)
{
    struct town t;
    start(&t);
    forward(&t, "B", "12", RF_CALL_FORWARD_NO_ANSWER, "0991");
    comes(&t, "12");
    world_wait_ms(&t.w, 500);
    assert_int_equal(t.t.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    hang_up(&t, &t.t);
    call(&t, &t.w.a, "12");
    world_wait_ms(&t.w, 500);
    assert_string_equal(t.t.called.number, "0991");
    assert_true(was_told(&t.w.a, "alerting ringback ")); /* by then the trunk rings */
    stop(&t);
}

/* ---- nor by transfer ---- */

static void transfer_key(struct town *t, struct end *who)
{
    rf_call_in_transfer(t->w.cc, who->dev, 0);
}

/* A is in a call from outside, and calls this number to transfer it there. */
static void consult(struct town *t, const char *number)
{
    comes(t, "1");
    answer(t, &t->w.a);
    transfer_key(t, &t->w.a);
    call(t, &t->w.a, number);
}

static void not_out_again_by_transfer(void **state)
{
    struct town t;
    start(&t);
    consult(&t, "0991");
    forget(&t);
    transfer_key(&t, &t.w.a); /* while it rings out there */
    assert_string_equal(t.w.a.log, "refused ");
    answer(&t, &t.t);
    forget(&t);
    transfer_key(&t, &t.w.a);
    assert_string_equal(t.w.a.log, "refused ");
    assert_string_equal(t.t.log, "");
    assert_int_equal(calls_in(&t, "HELD"), 1);
    assert_int_equal(calls_in(&t, "CONNECTED"), 1);
    stop(&t);
}

static void call_from_outside_is_transferred_inside(void **state)
{
    struct town t;
    start(&t);
    consult(&t, "12");
    transfer_key(&t, &t.w.a);
    assert_int_equal(rf_call_count(t.w.cc), 1);
    answer(&t, &t.w.b);
    assert_int_equal(calls_in(&t, "CONNECTED"), 1);
    hang_up(&t, &t.w.b);
    assert_string_equal(t.w.record.calling_device, "T");
    assert_string_equal(t.w.record.calling.number, "5551");
    assert_string_equal(t.w.record.called_device, "B");
    assert_string_equal(t.w.record.by, "A");
    stop(&t);
}

/* The transferred one rings inside then, and what rings may be forwarded. */
static void not_out_again_by_transfer_and_forwarding(void **state)
{
    struct town t;
    start(&t);
    forward(&t, "B", "12", RF_CALL_FORWARD_NO_ANSWER, "0991");
    consult(&t, "12");
    transfer_key(&t, &t.w.a);
    forget(&t);
    world_wait_ms(&t.w, 500);
    assert_int_equal(t.t.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    assert_false(was_told(&t.t, "offer"));
    stop(&t);
}

static void call_of_inside_is_transferred_out(void **state)
{
    struct town t;
    start(&t);
    call(&t, &t.w.b, "1#");
    answer(&t, &t.w.a);
    transfer_key(&t, &t.w.a);
    call(&t, &t.w.a, "0991");
    answer(&t, &t.t);
    transfer_key(&t, &t.w.a);
    assert_int_equal(rf_call_count(t.w.cc), 1);
    assert_int_equal(calls_in(&t, "CONNECTED"), 1);
    assert_string_equal(t.t.calling.number, "12");
    assert_string_equal(t.t.called.number, "0991");
    stop(&t);
}

/* ---- nor where they meet ---- */

static void bring_in(struct town *t, struct end *by, const char *number, struct end *who)
{
    rf_call_in_conference(t->w.cc, by->dev, 0);
    call(t, by, number);
    answer(t, who);
    rf_call_in_conference(t->w.cc, by->dev, 0);
}

/* A has called outside, and brings in this one. */
static void meet(struct town *t, const char *number, struct end *who)
{
    call(t, &t->w.a, "0991");
    answer(t, &t->t);
    bring_in(t, &t->w.a, number, who);
    assert_int_equal(calls_in(t, "CONNECTED"), 3);
}

static void those_of_outside_do_not_stay_among_themselves(void **state)
{
    struct town t;
    start(&t);
    meet(&t, "0992", &t.t);
    rf_call_in_hang_up(t.w.cc, t.w.a.dev, 0);
    assert_int_equal(rf_call_count(t.w.cc), 0);
    stop(&t);
}

static void one_of_inside_keeps_those_of_outside(void **state)
{
    struct town t;
    start(&t);
    meet(&t, "0992", &t.t);
    bring_in(&t, &t.w.a, "12", &t.w.b);
    assert_int_equal(calls_in(&t, "CONNECTED"), 4);
    rf_call_in_hang_up(t.w.cc, t.w.a.dev, 0);
    assert_int_equal(calls_in(&t, "CONNECTED"), 3);
    rf_call_in_hang_up(t.w.cc, t.w.b.dev, 0);
    assert_int_equal(rf_call_count(t.w.cc), 0);
    stop(&t);
}

/* A would give its own place to one of outside. */
static void place_where_they_meet_is_not_transferred_out(void **state)
{
    struct town t;
    start(&t);
    meet(&t, "0992", &t.t);
    transfer_key(&t, &t.w.a);
    call(&t, &t.w.a, "0993");
    answer(&t, &t.t);
    forget(&t);
    transfer_key(&t, &t.w.a);
    assert_string_equal(t.w.a.log, "refused ");
    assert_int_equal(rf_call_count(t.w.cc), 4);
    stop(&t);
}

static void place_where_one_of_inside_stays_is_transferred_out(void **state)
{
    struct town t;
    start(&t);
    meet(&t, "12", &t.w.b);
    transfer_key(&t, &t.w.a);
    call(&t, &t.w.a, "0993");
    answer(&t, &t.t);
    transfer_key(&t, &t.w.a);
    assert_int_equal(calls_in(&t, "CONNECTED"), 3);
    assert_int_equal(rf_call_count(t.w.cc), 3);
    stop(&t);
}

static void meet_me_of_outside_ends_with_the_last_of_inside(void **state)
{
    struct town t;
    struct rf_why why = {0};
    start(&t);
    assert_err(rf_call_meet_me_set(t.w.cc, "8", RF_CALL_SECURITY_UNKNOWN, &why), RF_OK);
    comes(&t, "8");
    assert_int_equal(t.t.cause, RF_CALL_CAUSE_UNREACHABLE); /* nobody has begun it */
    hang_up(&t, &t.t);
    rf_call_in_meet_me(t.w.cc, t.w.a.dev, 1);
    call(&t, &t.w.a, "8");
    comes(&t, "8");
    comes(&t, "8");
    assert_int_equal(calls_in(&t, "CONNECTED"), 3);
    rf_call_in_hang_up(t.w.cc, t.w.a.dev, 0);
    assert_int_equal(rf_call_count(t.w.cc), 0);
    stop(&t);
}

/* ---- what is set ---- */

static void assert_not_set(struct town *t, const struct rf_call_device_conf *conf, enum rf_err err,
                           const char *code)
{
    struct rf_why why = {0};
    assert_refused(rf_call_device_set(t->w.cc, conf, &why), err, why, code);
}

static void trunks_that_are_refused(void **state)
{
    struct town t;
    start_without(&t);
    struct rf_call_device_conf good = trunk("T", 4), bad = good;
    snprintf(bad.lines[0].number, sizeof bad.lines[0].number, "9");
    assert_not_set(&t, &bad, RF_ERR_BAD, "trunk-line");
    bad = good;
    bad.n_lines = 2;
    assert_not_set(&t, &bad, RF_ERR_BAD, "trunk-line");
    bad = good;
    bad.n_lines = 0;
    assert_not_set(&t, &bad, RF_ERR_BAD, "trunk-line");
    bad = good;
    bad.rules[0].is_shared = true;
    assert_not_set(&t, &bad, RF_ERR_BAD, "trunk-line");
    bad = good;
    snprintf(bad.rules[0].forward[RF_CALL_FORWARD_BUSY], sizeof bad.rules[0].forward[0], "3");
    assert_not_set(&t, &bad, RF_ERR_BAD, "trunk-line");
    set(&t, &good);
    set(&t, &good); /* the same one again */
    stop(&t);
}

static void one_trunk_and_no_more(void **state)
{
    struct town t;
    start(&t);
    struct rf_call_device_conf second = trunk("U", 4);
    assert_not_set(&t, &second, RF_ERR_EXISTS, "trunk-taken");
    rf_call_device_remove(t.w.cc, "T");
    set(&t, &second);
    stop(&t);
}

static void phones_and_trunks_are_not_changed_into_each_other(void **state)
{
    struct town t;
    start(&t);
    struct rf_call_device_conf phone = world_device("T", "5"), way_out = trunk("C", 4);
    assert_not_set(&t, &phone, RF_ERR_BAD, "trunk-kind");
    rf_call_device_remove(t.w.cc, "T");
    set(&t, &phone);
    assert_not_set(&t, &way_out, RF_ERR_BAD, "trunk-kind");
    rf_call_device_remove(t.w.cc, "C");
    set(&t, &way_out);
    stop(&t);
}

static void trunk_that_is_removed(void **state)
{
    struct town t;
    start(&t);
    call(&t, &t.w.a, "0991");
    comes(&t, "12");
    rf_call_device_remove(t.w.cc, "T");
    assert_int_equal(t.w.a.cause, RF_CALL_CAUSE_REMOVED);
    assert_int_equal(rf_call_count(t.w.cc), 0);
    call(&t, &t.w.a, "0991");
    assert_int_equal(t.w.a.cause, RF_CALL_CAUSE_UNKNOWN_NUMBER);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call_out),
        cmocka_unit_test(call_out_that_is_refused),
        cmocka_unit_test(call_in),
        cmocka_unit_test(caller_without_a_number),
        cmocka_unit_test(numbers_from_outside_that_are_none),
        cmocka_unit_test(only_the_trunk_brings_calls_in),
        cmocka_unit_test(number_of_outside_wants_its_end),
        cmocka_unit_test(nothing_dialled_goes_nowhere),
        cmocka_unit_test(without_a_trunk_it_is_over_at_once),
        cmocka_unit_test(trunk_that_is_down),
        cmocka_unit_test(trunk_that_is_full),
        cmocka_unit_test(no_room_for_calls_at_all),
        cmocka_unit_test(calls_of_a_trunk_do_not_hold_each_other),
        cmocka_unit_test(trunk_is_lost_with_all_its_calls),
        cmocka_unit_test(who_requires_srtp_is_not_heard_outside_in_clear),
        cmocka_unit_test(not_out_again_by_number),
        cmocka_unit_test(forwarded_to_outside),
        cmocka_unit_test(forwarded_to_outside_when_busy),
        cmocka_unit_test(forwarded_to_outside_when_nobody_answers),
        cmocka_unit_test(not_out_again_by_transfer),
        cmocka_unit_test(call_from_outside_is_transferred_inside),
        cmocka_unit_test(not_out_again_by_transfer_and_forwarding),
        cmocka_unit_test(call_of_inside_is_transferred_out),
        cmocka_unit_test(those_of_outside_do_not_stay_among_themselves),
        cmocka_unit_test(one_of_inside_keeps_those_of_outside),
        cmocka_unit_test(place_where_they_meet_is_not_transferred_out),
        cmocka_unit_test(place_where_one_of_inside_stays_is_transferred_out),
        cmocka_unit_test(meet_me_of_outside_ends_with_the_last_of_inside),
        cmocka_unit_test(trunks_that_are_refused),
        cmocka_unit_test(one_trunk_and_no_more),
        cmocka_unit_test(phones_and_trunks_are_not_changed_into_each_other),
        cmocka_unit_test(trunk_that_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
