/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns by a clock turned by hand: how many begin, what becomes of whom, turn after turn. */
#include "db_aside.h"
#include "store_place.h"

#include "service/campaign/campaign.h"

#define NOW  1796083200
#define DAY  ((int64_t)86400)
#define NOON (12 * 60)

/* ---- how many ---- */

static struct rf_store_campaign plan(uint32_t rate, uint32_t parallel)
{
    return (struct rf_store_campaign){.name = "test",
                                      .op = RF_STORE_OP_INSTALL,
                                      .auth = RF_STORE_AUTH_MIC,
                                      .key_bits = 2048,
                                      .rate = rate,
                                      .parallel = parallel,
                                      .turn_s = 600,
                                      .complete_by_s = NOW + 7 * DAY,
                                      .created_uid = 1000};
}

/* Begun second by second for some minutes, nobody ever ending: when, by second. */
static size_t run(const struct rf_store_campaign *c, uint32_t seconds, uint32_t *begun)
{
    size_t total = 0;
    struct rf_store_campaign_pace p = {.has_waiting = true};
    for (uint32_t s = 0; s < seconds; s++) {
        p.begun_in_minute = 0;
        for (uint32_t k = s >= 59 ? s - 59 : 0; k < s; k++)
            p.begun_in_minute += begun[k];
        begun[s] = (uint32_t)rf_campaign_wave(c, &p, NOW + s, NOON);
        if (begun[s] > 0)
            p.last_begun_s = NOW + s;
        total += begun[s];
    }
    return total;
}

static void never_more_than_the_rate_in_any_minute(void **state)
{
    static const uint32_t rates[] = {1, 7, 30, 60, 61, 90, 600, 6000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct rf_store_campaign c = plan(rates[i], 0);
        uint32_t begun[300] = {0};
        size_t total = run(&c, 300, begun);
        for (uint32_t s = 0; s + 60 <= 300; s++) {
            uint32_t in_minute = 0;
            for (uint32_t k = s; k < s + 60; k++)
                in_minute += begun[k];
            assert_true(in_minute <= rates[i]);
        }
        assert_true(total <= 5 * (size_t)rates[i]);
        assert_true(total >= 4 * (size_t)rates[i]); /* and not much less */
    }
}

static void up_to_one_a_second_they_keep_their_distance(void **state)
{
    struct rf_store_campaign c = plan(30, 0);
    uint32_t begun[60] = {0};
    run(&c, 60, begun);
    for (uint32_t s = 0; s < 60; s++)
        assert_int_equal(begun[s], s % 2 == 0);
}

static void never_more_than_so_many_at_one_time(void **state)
{
    struct rf_store_campaign c = plan(6000, 5);
    struct rf_store_campaign_pace p = {.has_waiting = true, .active = 3};
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, NOON), 2);
    p.active = 5;
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, NOON), 0);
    p.active = 9; /* there was a larger bound once */
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, NOON), 0);
    c.parallel = 0;
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, NOON), 100);
}

static void a_clock_that_was_set_back_stops_nobody_for_long(void **state)
{
    struct rf_store_campaign c = plan(30, 0);
    /* The store counts what began until now only: of an hour that has not come yet, nothing. */
    struct rf_store_campaign_pace p = {.has_waiting = true, .last_begun_s = 0};
    assert_int_equal(rf_campaign_wave(&c, &p, NOW - 3600, NOON), 1);
}

static void nothing_begins_outside_the_window_paused_or_too_late(void **state)
{
    struct rf_store_campaign c = plan(60, 0);
    struct rf_store_campaign_pace p = {.has_waiting = true};
    c.from_min = 22 * 60;
    c.to_min = 5 * 60;
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, NOON), 0);
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, 22 * 60 - 1), 0);
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, 22 * 60), 1);
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, 0), 1);
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, 5 * 60), 0);
    assert_int_equal(rf_campaign_wave(&c, &p, c.complete_by_s, 0), 1);
    assert_int_equal(rf_campaign_wave(&c, &p, c.complete_by_s + 1, 0), 0);
    c.state = RF_STORE_CAMPAIGN_PAUSED;
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, 0), 0);
    c.state = RF_STORE_CAMPAIGN_RUNNING;
    p.has_waiting = false;
    assert_int_equal(rf_campaign_wave(&c, &p, NOW, 0), 0);
}

/* ---- what became of whom ---- */

static void a_member_is_judged_by_its_operation(void **state)
{
    static const struct {
        struct rf_store_underway u;
        bool is_settled;
        enum rf_store_member_state state;
        const char *reason;
    } cases[] = {
        {{.op_id = 7}, true, RF_STORE_MEMBER_FAILED, "device-removed"},
        {{.op_id = 7, .now_id = 8, .op = RF_STORE_OP_INSTALL},
         true,
         RF_STORE_MEMBER_TAKEN_OVER,
         ""},
        {{.op_id = 7, .now_id = 7}, true, RF_STORE_MEMBER_TAKEN_OVER, ""}, /* dropped */
        {{.op_id = 7, .now_id = 7, .op_state = RF_STORE_OP_SUCCESS},
         true,
         RF_STORE_MEMBER_SUCCESS,
         ""},
        {{.op_id = 7, .now_id = 7, .op = RF_STORE_OP_INSTALL, .op_state = RF_STORE_OP_PENDING},
         false,
         0,
         ""},
        {{.op_id = 7, .now_id = 7, .op = RF_STORE_OP_INSTALL, .op_state = RF_STORE_OP_IN_PROGRESS},
         false,
         0,
         ""},
        {{.op_id = 7,
          .now_id = 7,
          .op = RF_STORE_OP_INSTALL,
          .op_state = RF_STORE_OP_FAILED,
          .reason = "lost-link"},
         false,
         0,
         ""},
        {{.op_id = 7,
          .now_id = 7,
          .op = RF_STORE_OP_INSTALL,
          .op_state = RF_STORE_OP_FAILED,
          .last = "bad-string",
          .has_string = true,
          .tries_left = 1},
         false,
         0,
         ""},
        {{.op_id = 7,
          .now_id = 7,
          .op = RF_STORE_OP_INSTALL,
          .op_state = RF_STORE_OP_FAILED,
          .last = "bad-string",
          .has_string = true},
         true,
         RF_STORE_MEMBER_FAILED,
         "bad-string"},
        {{.op_id = 7,
          .now_id = 7,
          .op = RF_STORE_OP_INSTALL,
          .op_state = RF_STORE_OP_FAILED,
          .last = "name-mismatch"}, /* who had proved nothing */
         false,
         0,
         ""},
        {{.op_id = 7,
          .now_id = 7,
          .op = RF_STORE_OP_INSTALL,
          .op_state = RF_STORE_OP_FAILED,
          .last = "no-cert", /* a stranger, after the phone itself */
          .reason = "phone-refused"},
         true,
         RF_STORE_MEMBER_FAILED,
         "phone-refused"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_store_verdict v = {.reason = ""};
        assert_int_equal(rf_campaign_judge(&cases[i].u, &v), cases[i].is_settled);
        if (!cases[i].is_settled)
            continue;
        assert_int_equal(v.state, cases[i].state);
        assert_string_equal(v.reason, cases[i].reason);
        assert_int_equal(v.op_id, 7);
    }
}

static void after_its_turn_it_is_put_back_and_after_three_failures_it_has_failed(void **state)
{
    struct rf_store_underway u = {.op_id = 7,
                                  .now_id = 7,
                                  .op = RF_STORE_OP_INSTALL,
                                  .op_state = RF_STORE_OP_PENDING,
                                  .failures = 9};
    struct rf_store_verdict v;
    rf_campaign_turn_over(&u, &v);
    assert_int_equal(v.state, RF_STORE_MEMBER_WAITING); /* who was off is not who failed */
    assert_string_equal(v.reason, "no-answer");
    assert_false(v.is_failure);
    u.op_state = RF_STORE_OP_FAILED;
    snprintf(u.last, sizeof u.last, "no-cert");
    rf_campaign_turn_over(&u, &v);
    assert_int_equal(v.state, RF_STORE_MEMBER_WAITING); /* nor who had proved nothing */
    assert_string_equal(v.reason, "no-cert");
    assert_false(v.is_failure);
    snprintf(u.last, sizeof u.last, "lost-link");
    snprintf(u.reason, sizeof u.reason, "lost-link");
    u.failures = 1;
    rf_campaign_turn_over(&u, &v);
    assert_int_equal(v.state, RF_STORE_MEMBER_WAITING);
    assert_string_equal(v.reason, "lost-link");
    assert_true(v.is_failure);
    u.failures = 2;
    rf_campaign_turn_over(&u, &v);
    assert_int_equal(v.state, RF_STORE_MEMBER_FAILED);
    assert_string_equal(v.reason, "lost-link");
}

/* ---- turns ---- */

static void name_of(unsigned i, char name[RF_STORE_DEVICE_NAME])
{
    snprintf(name, RF_STORE_DEVICE_NAME, "SEP0000000%05u", i);
}

static void add_devices(struct place *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct rf_store_phone phone = {.device = {.mode = RF_STORE_ENCRYPTED}};
        name_of(i, phone.device.name);
        assert_err(rf_store_device_add(p->store, &phone, NOW - DAY, NULL, NULL), RF_OK);
    }
}

static struct rf_store_campaign begin(struct place *p, struct rf_store_campaign c, unsigned n)
{
    struct rf_store_recruit *recruits = rf_new_n(struct rf_store_recruit, n);
    add_devices(p, n);
    for (unsigned i = 0; i < n; i++)
        name_of(i, recruits[i].device);
    assert_err(rf_store_campaign_add(p->store, &c, recruits, n, NOW, NULL), RF_OK);
    rf_free(recruits);
    return c;
}

struct seen {
    size_t changed;
    size_t untold;
    uint32_t begun, succeeded, failed, next_ms;
};

static struct seen turn_at(struct place *p, int64_t now_s, uint32_t minute)
{
    struct rf_campaign_turn t = {.now_s = now_s, .minute = minute, .sweeps = true, .fills = true};
    struct rf_why why = {0};
    enum rf_err err = rf_campaign_turn(p->store, &t, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    struct seen seen = {t.n_changed, t.untold.n, t.begun, t.succeeded, t.failed, t.next_ms};
    rf_campaign_turn_fini(&t);
    return seen;
}

static struct seen turn(struct place *p, int64_t now_s)
{
    return turn_at(p, now_s, NOON);
}

static struct rf_store_campaign_counts counts(struct place *p, const struct rf_store_campaign *c)
{
    struct rf_store_campaign_counts n;
    assert_err(rf_store_campaign_count(p->store, c->id, &n, NULL), RF_OK);
    return n;
}

static enum rf_store_campaign_state state_of(struct place *p, const char *name)
{
    struct rf_store_campaign c;
    assert_err(rf_store_campaign_load(p->store, name, &c, NULL), RF_OK);
    return c.state;
}

static struct rf_store_member member_of(struct place *p, const struct rf_store_campaign *c,
                                        unsigned i)
{
    struct rf_store_members all = {.n = 0};
    assert_err(rf_store_campaign_members(p->store, c->id, "", 20000, &all, NULL), RF_OK);
    assert_true(i < all.n);
    struct rf_store_member m = all.items[i];
    rf_store_members_fini(&all);
    return m;
}

static struct rf_store_capf op_of(struct place *p, unsigned i)
{
    char name[RF_STORE_DEVICE_NAME];
    struct rf_store_capf op = {0};
    name_of(i, name);
    assert_err(rf_store_capf_load(p->store, name, &op, NULL), RF_OK);
    return op;
}

static uint8_t mark;

/* What CAPF writes when the phone has come. */
static void install_from(struct place *p, unsigned i, int64_t from_s, int64_t until_s)
{
    struct rf_store_capf op = op_of(p, i);
    struct rf_store_cert c = {.der = RF_BUF(RF_STORE_DER_MAX),
                              .serial = "01",
                              .not_before_s = from_s,
                              .not_after_s = until_s};
    snprintf(c.device, sizeof c.device, "%s", op.device);
    memset(c.sha256, ++mark, sizeof c.sha256);
    assert_err(rf_buf_add(&c.der, &mark, 1), RF_OK);
    assert_err(rf_store_capf_progress(p->store, op.device, op.id, NOW, NULL), RF_OK);
    assert_err(rf_store_capf_issue(p->store, op.id, &c, NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_capf_confirm(p->store, op.device, c.sha256, NOW, NULL, NULL), RF_OK);
    rf_store_cert_fini(&c);
}

static void install(struct place *p, unsigned i)
{
    install_from(p, i, NOW - DAY, NOW + 825 * DAY);
}

static void refuse_as(struct place *p, unsigned i, const char *reason,
                      enum rf_store_failure failure)
{
    struct rf_store_capf op = op_of(p, i);
    assert_err(
        rf_store_capf_fail(p->store, op.device, op.id, reason, failure, NOW, NULL, NULL, NULL),
        RF_OK);
}

static void refuse(struct place *p, unsigned i, const char *reason)
{
    refuse_as(p, i, reason, RF_STORE_FAILURE_PROVED);
}

static bool has_event(struct place *p, const char *code)
{
    struct rf_store_event_query query = {.limit = 0};
    struct rf_store_events events = {.n = 0};
    bool is_there = false;
    assert_err(rf_store_event_list(p->store, &query, &events, NULL), RF_OK);
    for (size_t i = 0; i < events.n; i++)
        is_there |= strcmp(events.items[i].code, code) == 0 &&
                    strcmp(events.items[i].category, "campaign") == 0;
    rf_store_events_fini(&events);
    return is_there;
}

static void a_campaign_goes_from_its_begin_to_its_end(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 2), 3);
    struct seen seen = turn(p, NOW + 1);
    assert_int_equal(seen.begun, 2);
    assert_int_equal(seen.changed, 2);
    assert_int_equal(seen.untold, 2);
    assert_int_equal(seen.next_ms, 1000);
    assert_int_equal(op_of(p, 0).op, RF_STORE_OP_INSTALL);
    assert_int_equal(op_of(p, 0).complete_by_s, c.complete_by_s);
    install(p, 0);
    place_open(p); /* killed, and started again */
    seen = turn(p, NOW + 2);
    assert_int_equal(seen.succeeded, 1);
    assert_int_equal(seen.begun, 1);
    struct rf_store_member m = member_of(p, &c, 0);
    assert_int_equal(m.state, RF_STORE_MEMBER_SUCCESS);
    assert_false(m.has_before);
    assert_true(m.has_after);
    refuse(p, 1, "phone-refused");
    install(p, 2);
    seen = turn(p, NOW + 3);
    assert_int_equal(seen.failed, 1);
    assert_string_equal(member_of(p, &c, 1).reason, "phone-refused");
    assert_true(has_event(p, "phone-refused"));
    assert_int_equal(op_of(p, 1).op, RF_STORE_OP_NONE); /* nothing is left lying about */
    assert_int_equal(state_of(p, "test"), RF_STORE_CAMPAIGN_DONE);
    assert_true(has_event(p, "done"));
    assert_int_equal(turn(p, NOW + 4).next_ms, 0);
}

static void who_does_not_come_is_put_behind_the_others(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 1), 2);
    turn(p, NOW + 1);
    assert_int_equal(member_of(p, &c, 0).state, RF_STORE_MEMBER_BEGUN);
    assert_int_equal(turn(p, NOW + 600).changed, 0);
    struct seen seen = turn(p, NOW + 601);
    assert_int_equal(seen.begun, 1);
    struct rf_store_member first = member_of(p, &c, 0);
    assert_int_equal(first.state, RF_STORE_MEMBER_WAITING);
    assert_string_equal(first.last, "no-answer");
    assert_int_equal(op_of(p, 0).op, RF_STORE_OP_NONE);
    assert_int_equal(member_of(p, &c, 1).state, RF_STORE_MEMBER_BEGUN);
    /* Who makes its key is not interrupted, however long that takes. */
    struct rf_store_capf op = op_of(p, 1);
    assert_err(rf_store_capf_progress(p->store, op.device, op.id, NOW, NULL), RF_OK);
    turn(p, NOW + 10000);
    assert_int_equal(member_of(p, &c, 1).state, RF_STORE_MEMBER_BEGUN);
    assert_string_equal(
        rf_store_member_word(&(struct rf_store_member){.state = RF_STORE_MEMBER_BEGUN,
                                                       .op_state = member_of(p, &c, 1).op_state}),
        "in progress");
}

static void three_turns_with_a_failed_try_and_it_has_failed(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 0), 1);
    turn(p, NOW + 1);
    for (int i = 1; i <= 3; i++) {
        refuse(p, 0, "lost-link");
        assert_int_equal(turn(p, NOW + 1 + i * 600).begun, i < 3); /* nobody else waits */
    }
    struct rf_store_member m = member_of(p, &c, 0);
    assert_int_equal(m.state, RF_STORE_MEMBER_FAILED);
    assert_string_equal(m.reason, "lost-link");
    assert_int_equal(m.turns, 3);
}

/* Names are public: whoever sends one, and whatever it shows, the phone still gets its turn. */
static void who_proved_nothing_ends_nobodys_turn(void **state)
{
    static const char *const claims[] = {"no-cert", "path-unknown-issuer", "name-mismatch",
                                         "proof-mismatch", "replay"};
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 0), 1);
    int64_t now_s = NOW + 1;
    turn(p, now_s);
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        refuse_as(p, 0, claims[i], RF_STORE_FAILURE_CLAIMED);
        place_open(p);
        struct seen seen = turn(p, now_s + 1);
        assert_int_equal(seen.failed, 0);
        assert_int_equal(seen.untold, 1); /* its phone is told all the same */
        assert_int_equal(op_of(p, 0).op, RF_STORE_OP_INSTALL);
        assert_int_equal(op_of(p, 0).state, RF_STORE_OP_FAILED); /* the operator sees it */
        assert_string_equal(op_of(p, 0).reason, claims[i]);
        assert_string_equal(member_of(p, &c, 0).last, claims[i]);
        now_s += 600;
        assert_int_equal(turn(p, now_s).begun, 1); /* its next turn, however many there were */
    }
    /* A phone that did prove itself is judged by what it did, whoever comes after it. */
    struct rf_store_capf op = op_of(p, 0);
    refuse(p, 0, "lost-link");
    refuse_as(p, 0, "no-cert", RF_STORE_FAILURE_CLAIMED);
    assert_int_equal(turn(p, now_s + 1).failed, 0);
    assert_err(rf_store_capf_progress(p->store, op.device, op.id, NOW, NULL), RF_OK);
    refuse_as(p, 0, "no-cert", RF_STORE_FAILURE_CLAIMED);
    assert_int_equal(turn(p, now_s + 2).failed, 0);
    install(p, 0);
    assert_int_equal(turn(p, now_s + 3).succeeded, 1);
}

static void a_failure_of_the_phone_itself_is_not_covered_up(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 0), 1);
    turn(p, NOW + 1);
    refuse(p, 0, "phone-refused");
    refuse_as(p, 0, "no-cert", RF_STORE_FAILURE_CLAIMED);
    assert_int_equal(turn(p, NOW + 2).failed, 1);
    assert_string_equal(member_of(p, &c, 0).reason, "phone-refused");
}

static void when_the_window_closes_what_nobody_began_is_withdrawn(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign wanted = plan(6000, 0);
    wanted.from_min = 22 * 60;
    wanted.to_min = 5 * 60;
    struct rf_store_campaign c = begin(p, wanted, 2);
    assert_int_equal(turn_at(p, NOW + 1, 21 * 60 + 59).begun, 0);
    assert_int_equal(turn_at(p, NOW + 2, 23 * 60).begun, 2);
    struct rf_store_capf op = op_of(p, 1);
    assert_err(rf_store_capf_progress(p->store, op.device, op.id, NOW, NULL), RF_OK);
    assert_int_equal(turn_at(p, NOW + 3, 5 * 60).changed, 1);
    assert_int_equal(op_of(p, 0).op, RF_STORE_OP_NONE);
    assert_int_equal(op_of(p, 1).op, RF_STORE_OP_INSTALL);
    assert_int_equal(counts(p, &c).waiting, 1);
    assert_int_equal(turn_at(p, NOW + 4, 22 * 60).begun, 1);
}

static void at_the_end_all_that_did_not_come_have_failed(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 2), 4);
    turn(p, NOW + 1);
    struct rf_store_capf op = op_of(p, 1);
    assert_err(rf_store_capf_progress(p->store, op.device, op.id, NOW, NULL), RF_OK);
    turn(p, c.complete_by_s);
    assert_int_equal(counts(p, &c).failed, 0);
    turn(p, c.complete_by_s + 1);
    struct rf_store_campaign_counts n = counts(p, &c);
    assert_int_equal(n.failed, 3);
    assert_int_equal(n.in_progress, 1); /* this one is just at it */
    assert_string_equal(member_of(p, &c, 3).reason, "expired-window");
    assert_int_equal(state_of(p, "test"), RF_STORE_CAMPAIGN_RUNNING);
    install(p, 1);
    turn(p, c.complete_by_s + 2);
    assert_int_equal(state_of(p, "test"), RF_STORE_CAMPAIGN_DONE);
    assert_int_equal(counts(p, &c).success, 1);
}

static void stopped_it_takes_back_what_nobody_began(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 1), 2);
    turn(p, NOW + 1);
    assert_err(
        rf_store_campaign_set(p->store, "test", RF_STORE_CAMPAIGN_STOPPED, NOW + 2, NULL, NULL),
        RF_OK);
    turn(p, NOW + 2);
    assert_int_equal(counts(p, &c).failed, 2);
    assert_string_equal(member_of(p, &c, 0).reason, "stopped");
    assert_int_equal(op_of(p, 0).op, RF_STORE_OP_NONE);
    assert_int_equal(turn(p, NOW + 3).next_ms, 0);
}

static void what_is_replaced_by_hand_is_taken_over(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 1), 3);
    struct rf_store_capf op = {.op = RF_STORE_OP_FETCH, .auth = RF_STORE_AUTH_MIC};
    turn(p, NOW + 1);
    name_of(0, op.device);
    assert_err(rf_store_capf_schedule(p->store, &op, NOW + 2, NULL, NULL, NULL), RF_OK);
    name_of(1, op.device); /* before its turn has come */
    assert_err(rf_store_capf_schedule(p->store, &op, NOW + 2, NULL, NULL, NULL), RF_OK);
    turn(p, NOW + 3);
    turn(p, NOW + 4);
    turn(p, NOW + 5);
    assert_int_equal(counts(p, &c).taken_over, 2);
    assert_int_equal(member_of(p, &c, 2).state, RF_STORE_MEMBER_BEGUN);
    assert_int_equal(op_of(p, 0).op, RF_STORE_OP_FETCH);
    assert_int_equal(op_of(p, 1).op, RF_STORE_OP_FETCH);
    assert_true(has_event(p, "taken-over"));
}

static void a_device_that_is_removed_has_failed(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 1), 2);
    char name[RF_STORE_DEVICE_NAME];
    turn(p, NOW + 1);
    for (unsigned i = 0; i < 2; i++) {
        name_of(i, name);
        assert_err(rf_store_device_remove(p->store, name, NOW, NULL, NULL), RF_OK);
    }
    turn(p, NOW + 2);
    turn(p, NOW + 3);
    assert_string_equal(member_of(p, &c, 0).reason, "device-removed");
    assert_string_equal(member_of(p, &c, 1).reason, "device-unknown");
    assert_true(has_event(p, "device-unknown"));
    assert_int_equal(state_of(p, "test"), RF_STORE_CAMPAIGN_DONE);
}

/* ---- telling ---- */

static void a_phone_is_told_once_and_looked_for_again_until_then(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = begin(p, plan(6000, 0), 1);
    assert_int_equal(turn(p, NOW + 1).untold, 1);
    struct rf_store_told told = {.campaign = c.id, .op_id = op_of(p, 0).id, .again_s = NOW + 61};
    name_of(0, told.device);
    assert_err(rf_store_campaign_told(p->store, &told, 1, NULL), RF_OK);
    place_open(p);
    assert_int_equal(turn(p, NOW + 60).untold, 0);
    assert_int_equal(turn(p, NOW + 61).untold, 1);
    told.again_s = 0;
    assert_err(rf_store_campaign_told(p->store, &told, 1, NULL), RF_OK);
    place_open(p);
    assert_int_equal(turn(p, NOW + 500).untold, 0);
}

/* ---- renewal ---- */

static struct seen renewal_turn(struct place *p, bool is_on, int64_t now_s)
{
    struct rf_campaign_turn t = {.now_s = now_s,
                                 .minute = NOON,
                                 .sweeps = true,
                                 .fills = true,
                                 .has_renewal = true,
                                 .is_renewal_on = is_on,
                                 .renewal = plan(6000, 10)};
    t.renewal.auth = RF_STORE_AUTH_LSC;
    t.renewal.complete_by_s = 0;
    assert_err(rf_campaign_turn(p->store, &t, NULL), RF_OK);
    struct seen seen = {t.n_changed, t.untold.n, t.begun, t.succeeded, t.failed, t.next_ms};
    rf_campaign_turn_fini(&t);
    return seen;
}

static void give_lsc(struct place *p, unsigned i, int64_t from_s, int64_t until_s)
{
    struct rf_store_capf op = {.op = RF_STORE_OP_INSTALL,
                               .auth = RF_STORE_AUTH_MIC,
                               .key_type = RF_STORE_KEY_EC,
                               .key_bits = 384,
                               .rsa_backup_bits = 3072};
    name_of(i, op.device);
    assert_err(rf_store_capf_schedule(p->store, &op, NOW - DAY, NULL, NULL, NULL), RF_OK);
    install_from(p, i, from_s, until_s);
}

static void sec_112_the_renewal_takes_who_is_due_and_asks_for_the_same_key(void **state)
{
    struct place *p = *state;
    add_devices(p, 4);
    give_lsc(p, 0, NOW - 200 * DAY, NOW + 100 * DAY);               /* due to the second */
    give_lsc(p, 1, NOW - 200 * DAY + 3 * DAY / 2, NOW + 100 * DAY); /* in half a day */
    give_lsc(p, 2, NOW - 300 * DAY, NOW - 1); /* over: it proves nothing any more */
    assert_int_equal(renewal_turn(p, false, NOW).next_ms, 0);
    assert_int_equal(renewal_turn(p, true, NOW).begun, 1);
    struct rf_store_campaign c;
    assert_err(rf_store_campaign_load(p->store, RF_STORE_RENEWAL, &c, NULL), RF_OK);
    struct rf_store_capf op = op_of(p, 0);
    assert_int_equal(op.auth, RF_STORE_AUTH_LSC);
    assert_int_equal(op.key_type, RF_STORE_KEY_EC);
    assert_int_equal(op.key_bits, 384);
    assert_int_equal(op.rsa_backup_bits, 3072);
    assert_int_equal(counts(p, &c).pending, 1);
    assert_int_equal(counts(p, &c).waiting, 0);
    /* It failed: not again before tomorrow. */
    refuse(p, 0, "phone-refused");
    turn(p, NOW + 2);
    assert_int_equal(turn(p, NOW + 3600).begun, 0);
    assert_int_equal(turn(p, NOW + DAY + 3).begun, 2); /* the second is due by now, too */
    install(p, 0);
    assert_int_equal(turn(p, NOW + DAY + 4).succeeded, 1);
    turn(p, NOW + 3 * DAY);
    assert_int_equal(member_of(p, &c, 0).state, RF_STORE_MEMBER_SUCCESS);
    assert_int_equal(state_of(p, RF_STORE_RENEWAL), RF_STORE_CAMPAIGN_RUNNING);
    renewal_turn(p, false, NOW + 4 * DAY);
    turn(p, NOW + 4 * DAY);
    assert_int_equal(state_of(p, RF_STORE_RENEWAL), RF_STORE_CAMPAIGN_STOPPED);
    assert_int_equal(op_of(p, 1).op, RF_STORE_OP_NONE);
    assert_true(has_event(p, "begun"));
}

static void a_renewal_that_is_paused_stays_paused(void **state)
{
    struct place *p = *state;
    add_devices(p, 1);
    give_lsc(p, 0, NOW - 200 * DAY, NOW + 50 * DAY);
    struct rf_store_campaign wanted = plan(6000, 10);
    assert_err(rf_store_renewal_set(p->store, &wanted, true, NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_campaign_set(p->store, RF_STORE_RENEWAL, RF_STORE_CAMPAIGN_PAUSED, NOW,
                                     NULL, NULL),
               RF_OK);
    place_open(p);
    assert_int_equal(renewal_turn(p, true, NOW).begun, 0);
    assert_int_equal(state_of(p, RF_STORE_RENEWAL), RF_STORE_CAMPAIGN_PAUSED);
}

/* ---- turns that fail ---- */

struct service {
    struct place *p;
    struct rf_clock_fake clock;
    struct rf_loop *loop;
    struct rf_worker *worker;
    struct rf_campaigns *c;
    struct rf_store_told told; /* the last one that was to be told */
    unsigned tells;
};

static void no_matter(void *arg, const char *device)
{
}

static void note_told(void *arg, const struct rf_store_untold *phones, size_t n)
{
    struct service *s = arg;
    s->tells++;
    s->told = (struct rf_store_told){.campaign = phones[0].campaign, .op_id = phones[0].op_id};
    snprintf(s->told.device, sizeof s->told.device, "%s", phones[0].device);
}

static void serve(struct service *s, struct place *p)
{
    *s = (struct service){.p = p};
    rf_clock_fake_init(&s->clock, NOW);
    s->loop = rf_loop_new(&s->clock.clock, "test");
    s->worker = rf_worker_start("store", 16, p->store);
    struct rf_campaigns_conf conf = {
        .loop = s->loop, .store = s->worker, .changed = no_matter, .tell = note_told, .arg = s};
    s->c = rf_campaigns_new(&conf);
}

static void end_service(struct service *s)
{
    rf_campaigns_free(s->c);
    rf_worker_stop(s->worker);
    rf_loop_free(s->loop);
}

static void aside(struct service *s, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(s->p->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* The turn that is due now, to its end. */
static void let_turn(struct service *s)
{
    for (int i = 0; i < 20; i++)
        rf_loop_turn(s->loop, 10);
}

static void let_pass(struct service *s, uint64_t ms)
{
    rf_clock_fake_advance(&s->clock, ms);
    let_turn(s);
}

static struct rf_site_conf renewing(uint32_t rate)
{
    return (struct rf_site_conf){.renew = true,
                                 .renew_rate = rate,
                                 .renew_parallel = 10,
                                 .renew_window = (char *)"",
                                 .lsc_key_bits = 2048};
}

static int64_t renewal_rate(struct service *s)
{
    return db_number(s->p->path, "SELECT coalesce(max(rate), 0) FROM campaign WHERE standing = 1");
}

#define BREAK(what, table)                                                                         \
    "CREATE TRIGGER broken BEFORE " what " ON " table " BEGIN SELECT RAISE(FAIL, 'broken'); END"

static void the_renewal_of_a_reload_outlives_a_turn_that_fails(void **state)
{
    struct service s;
    struct rf_site_conf conf = renewing(6);
    serve(&s, *state);
    aside(&s, BREAK("INSERT", "campaign"));
    rf_campaigns_set_knobs(s.c, &conf);
    let_turn(&s);
    assert_int_equal(renewal_rate(&s), 0);
    aside(&s, "DROP TRIGGER broken");
    let_pass(&s, 6000);
    assert_int_equal(renewal_rate(&s), 6);
    end_service(&s);
}

static void a_newer_reload_is_not_undone_by_an_older_one(void **state)
{
    struct service s;
    struct rf_site_conf conf = renewing(6);
    serve(&s, *state);
    aside(&s, BREAK("INSERT", "campaign"));
    rf_campaigns_set_knobs(s.c, &conf);
    conf.renew_rate = 7;
    rf_campaigns_set_knobs(s.c, &conf); /* while the turn with the older one is out */
    let_turn(&s);
    aside(&s, "DROP TRIGGER broken");
    let_pass(&s, 6000);
    assert_int_equal(renewal_rate(&s), 7);
    end_service(&s);
}

static void who_was_told_is_written_down_although_a_turn_fails(void **state)
{
    struct service s;
    begin(*state, plan(60, 0), 1);
    serve(&s, *state);
    rf_campaigns_poke(s.c);
    let_turn(&s);
    assert_int_equal(s.tells, 1);
    aside(&s, BREAK("UPDATE OF tell_s", "campaign_member"));
    rf_campaigns_told(s.c, &s.told, 1);
    let_pass(&s, 1000);
    aside(&s, "DROP TRIGGER broken");
    assert_true(db_number(s.p->path, "SELECT tell_s FROM campaign_member") > 0);
    let_pass(&s, 6000);
    assert_int_equal(db_number(s.p->path, "SELECT tell_s FROM campaign_member"), 0);
    assert_int_equal(s.tells, 1); /* and not told again */
    end_service(&s);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_more_than_the_rate_in_any_minute),
        cmocka_unit_test(up_to_one_a_second_they_keep_their_distance),
        cmocka_unit_test(never_more_than_so_many_at_one_time),
        cmocka_unit_test(a_clock_that_was_set_back_stops_nobody_for_long),
        cmocka_unit_test(nothing_begins_outside_the_window_paused_or_too_late),
        cmocka_unit_test(a_member_is_judged_by_its_operation),
        cmocka_unit_test(after_its_turn_it_is_put_back_and_after_three_failures_it_has_failed),
        AT_PLACE(a_campaign_goes_from_its_begin_to_its_end),
        AT_PLACE(who_does_not_come_is_put_behind_the_others),
        AT_PLACE(three_turns_with_a_failed_try_and_it_has_failed),
        AT_PLACE(who_proved_nothing_ends_nobodys_turn),
        AT_PLACE(a_failure_of_the_phone_itself_is_not_covered_up),
        AT_PLACE(when_the_window_closes_what_nobody_began_is_withdrawn),
        AT_PLACE(at_the_end_all_that_did_not_come_have_failed),
        AT_PLACE(stopped_it_takes_back_what_nobody_began),
        AT_PLACE(what_is_replaced_by_hand_is_taken_over),
        AT_PLACE(a_device_that_is_removed_has_failed),
        AT_PLACE(a_phone_is_told_once_and_looked_for_again_until_then),
        AT_PLACE(sec_112_the_renewal_takes_who_is_due_and_asks_for_the_same_key),
        AT_PLACE(a_renewal_that_is_paused_stays_paused),
        AT_PLACE(the_renewal_of_a_reload_outlives_a_turn_that_fails),
        AT_PLACE(a_newer_reload_is_not_undone_by_an_older_one),
        AT_PLACE(who_was_told_is_written_down_although_a_turn_fails),
    };
    return cmocka_run_group_tests_name("campaign", tests, NULL, NULL);
}
