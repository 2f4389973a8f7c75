/* SPDX-License-Identifier: Apache-2.0 */
/* A router of the branch behind the call manager: by which certificate it is believed, when the
 * phone goes there, and what a call manager has to prove before the phone leaves it again. */
#include "station_world.h"

#include "base/text.h"

#define CM     "192.0.2.1"
#define ROUTER "192.0.2.11"
/* Until a link that is not there is tried for again: 30 s times at most 1.25. */
#define RETURN_MAX_MS 37500u
#define MONITOR_MS    120000u

/* So many call managers, and behind them so many routers with this certificate. */
static struct world *with_routers(size_t cms, size_t routers, const struct rf_cert *cert)
{
    struct world *w = world_new(22);
    w->conf.n_servers = cms + routers;
    for (size_t i = 0; i < cms + routers; i++) {
        struct rf_station_server *s = &w->conf.servers[i];
        s->is_srst = i >= cms;
        s->cert = s->is_srst ? cert : NULL;
        snprintf(s->host, sizeof s->host, "192.0.2.%zu", s->is_srst ? 11 + i - cms : 1 + i);
        s->port = 2000;
    }
    w->conf.has_standby = true;
    return w;
}

static void accepts_as(struct world *w, const struct rf_cert *cert)
{
    struct net_link *l = net_last(&w->net);
    w->link = l;
    w->read_at = 0;
    w->version = 0;
    net_accept(l, l->has_tls ? cert : NULL, l->has_tls ? SUITE : NULL);
    settle(w);
}

static void expect_link_to(struct world *w, const char *host, uint16_t port)
{
    assert_string_equal(net_last(&w->net)->host, host);
    assert_int_equal(net_last(&w->net)->port, port);
    assert_int_equal(net_last(&w->net)->has_tls, port != 2000);
}

static void call_manager_is_away(struct world *w)
{
    expect_link_to(w, CM, 2443);
    net_break(net_last(&w->net), "connect-refused");
    settle(w);
}

static const struct rf_station_event *takes_it(struct world *w)
{
    expect(w, RF_SCCP_REGISTER);
    acks_register(w);
    answers_questions(w);
    return &expect_event(w, RF_STATION_REGISTERED)->event;
}

/* ---- whom it believes ---- */

/* The router of these tests stands in no list. */
static void sec_90_its_own_certificate_is_enough(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct world *w = with_routers(1, 1, stranger.cert);
        w->conf.mode = i == 0 ? RF_STATION_ENCRYPTED : RF_STATION_AUTHENTICATED;
        starts(w);
        call_manager_is_away(w);
        expect_link_to(w, ROUTER, 2443);
        struct net_link *l = net_last(&w->net);
        assert_int_equal(l->wants_no_encryption, i == 1);
        assert_true(rf_cert_eq(l->own, lsc.cert));
        w->link = l;
        net_accept(l, stranger.cert, i == 0 ? SUITE : NULL);
        settle(w);
        const struct rf_station_event *e = takes_it(w);
        struct rf_station_status status;
        assert_true(e->is_srst);
        assert_string_equal(e->server, ROUTER ":2443");
        rf_station_status(w->st, &status);
        assert_true(status.is_srst);
        world_free(w);
    }
}

/* Not even one that every list vouches for as a call manager's; and there is no other way to it. */
static void sec_91_with_another_certificate_it_is_no_server(void **state)
{
    const struct rf_cert *const shown[] = {ccm.cert, second.cert, issuer.cert, NULL};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        struct world *w = with_routers(1, 1, stranger.cert);
        w->conf.allows_srst_clear = true; /* that is not what this is for */
        starts(w);
        call_manager_is_away(w);
        struct net_link *l = net_last(&w->net);
        net_accept(l, shown[i], SUITE);
        settle(w);
        assert_int_equal(l->writes, 0);
        assert_true(l->is_gone);
        (void)expect_event(w, RF_STATION_REFUSED);
        const struct seen_event *e = expect_event(w, RF_STATION_REFUSED);
        assert_string_equal(e->event.why.code, "srst-certificate");
        assert_string_equal(e->server, ROUTER ":2443");
        assert_true(e->event.is_srst);
        expect_event(w, RF_STATION_WAITS);
        passes(w, 20000); /* the list anew: call managers are still looked for */
        call_manager_is_away(w);
        expect_link_to(w, ROUTER, 2443);
        for (size_t k = 0; k < w->net.n; k++)
            assert_true(w->net.links[k]->has_tls);
        world_free(w);
    }
}

/* What the router may show, a call manager may not: each by its own rule. */
static void sec_91_a_routers_certificate_makes_no_call_manager(void **state)
{
    struct world *w = with_routers(1, 1, stranger.cert);
    starts(w);
    net_accept(net_last(&w->net), stranger.cert, SUITE);
    settle(w);
    assert_string_not_equal(expect_event(w, RF_STATION_REFUSED)->event.why.code,
                            "srst-certificate");
    expect_link_to(w, ROUTER, 2443);
    world_free(w);
}

static void sec_91_the_link_that_stands_by_is_judged_as_well(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct world *w = with_routers(1, 1, stranger.cert);
        registers(w);
        expect_link_to(w, ROUTER, 2443);
        struct net_link *l = net_last(&w->net);
        net_accept(l, i == 0 ? stranger.cert : ccm.cert, SUITE);
        settle(w);
        assert_int_equal(l->is_gone, i == 1);
        assert_int_equal(l->writes, i == 0 ? 1 : 0);
        const struct seen_event *e = expect_event(w, RF_STATION_STANDBY);
        assert_string_equal(e->word, i == 0 ? "up" : "untrusted");
        assert_string_equal(e->event.why.code, i == 0 ? "" : "srst-certificate");
        assert_true(e->event.is_srst == (i == 1));
        world_free(w);
    }
}

/* The suite must hide what passes here too. */
static void sec_42_a_router_that_hides_nothing_is_left(void **state)
{
    struct world *w = with_routers(1, 1, stranger.cert);
    starts(w);
    call_manager_is_away(w);
    net_accept(net_last(&w->net), stranger.cert, NULL);
    settle(w);
    (void)expect_event(w, RF_STATION_REFUSED);
    assert_string_equal(expect_event(w, RF_STATION_REFUSED)->event.why.code, "link-not-encrypted");
    world_free(w);
}

/* ---- without a certificate ---- */

static void sec_92_in_the_clear_it_is_passed_over(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct world *w = with_routers(1, 1, NULL);
        w->conf.mode = i == 0 ? RF_STATION_ENCRYPTED : RF_STATION_AUTHENTICATED;
        starts(w);
        call_manager_is_away(w);
        assert_int_equal(w->net.n, 1);
        (void)expect_event(w, RF_STATION_REFUSED);
        const struct seen_event *e = expect_event(w, RF_STATION_REFUSED);
        assert_string_equal(e->event.why.code, "srst-clear-refused");
        assert_string_equal(e->server, ROUTER ":2000");
        expect_event(w, RF_STATION_WAITS);
        world_free(w);
    }
}

static void sec_92_allowed_it_is_plain_and_shown_so(void **state)
{
    struct world *w = with_routers(1, 1, NULL);
    w->conf.allows_srst_clear = true;
    starts(w);
    call_manager_is_away(w);
    expect_link_to(w, ROUTER, 2000);
    assert_null(net_last(&w->net)->own);
    accepts_as(w, NULL);
    const struct rf_station_event *e = takes_it(w);
    assert_true(e->is_srst);
    assert_string_equal(e->suite, "");
    /* No lock, whatever the router says, and no key that everybody could read. */
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    says(w,
         &(struct rf_sccp_msg){.id = rf_sccp_form(RF_SCCP_CALL_INFO, w->version),
                               .call_info = {.line_instance = 1,
                                             .call_reference = REF,
                                             .call_type = RF_SCCP_CALL_TYPE_INBOUND,
                                             .call_security_status = RF_SCCP_SECURITY_ENCRYPTED}});
    assert_int_equal(expect_event(w, RF_STATION_CALL_INFO)->event.security,
                     RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    struct rf_sccp_media_key key = some_key(1);
    opens_receive(w, REF, &key);
    assert_string_equal(expect_event(w, RF_STATION_MEDIA_REFUSED)->event.why.code,
                        "media-key-on-clear-link");
    media_settles(w);
    world_free(w);
}

/* A phone that registers in the clear anyway has nothing to lose. */
static void a_phone_without_security_needs_no_leave(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct world *w = with_routers(1, 1, i == 0 ? NULL : stranger.cert);
        w->conf.mode = RF_STATION_NON_SECURE;
        starts(w);
        expect_link_to(w, CM, 2000);
        net_break(net_last(&w->net), "connect-refused");
        settle(w);
        expect_link_to(w, ROUTER, 2000);
        accepts_as(w, NULL);
        assert_true(takes_it(w)->is_srst);
        world_free(w);
    }
}

/* The call manager is never reached in the clear, whatever its router may be. */
static void sec_92_the_leave_is_for_routers_only(void **state)
{
    struct world *w = with_routers(1, 1, NULL);
    w->conf.allows_srst_clear = true;
    registers(w);
    assert_true(w->net.links[0]->has_tls);
    assert_int_equal(w->net.links[0]->port, 2443);
    expect_link_to(w, ROUTER, 2000);
    world_free(w);
}

/* ---- when it goes there ---- */

static void only_the_phone_of_one_call_manager_has_a_link_to_a_router(void **state)
{
    for (size_t cms = 1; cms <= 3; cms++) {
        struct world *w = with_routers(cms, 2, stranger.cert);
        registers(w);
        for (size_t i = 1; i < cms; i++) {
            net_break(net_last(&w->net), "connect-refused");
            settle(w);
        }
        bool has_router = strcmp(net_last(&w->net)->host, ROUTER) == 0;
        assert_int_equal(has_router, cms == 1);
        assert_int_equal(w->net.n, cms == 1 ? 2 : cms);
        world_free(w);
    }
}

/* All the same it is there for one with more of them, when all are gone. */
static void after_the_last_call_manager_comes_the_router(void **state)
{
    struct world *w = with_routers(3, 1, stranger.cert);
    starts(w);
    for (int i = 0; i < 3; i++) {
        assert_string_not_equal(net_last(&w->net)->host, ROUTER);
        net_break(net_last(&w->net), "connect-refused");
        settle(w);
    }
    expect_link_to(w, ROUTER, 2443);
    accepts_as(w, stranger.cert);
    assert_true(takes_it(w)->is_srst);
    world_free(w);
}

static void one_that_may_not_be_used_is_not_stood_by_for(void **state)
{
    struct world *w = with_routers(1, 1, NULL);
    registers(w);
    assert_int_equal(w->net.n, 1);
    passes(w, RETURN_MAX_MS);
    assert_int_equal(w->net.n, 1);
    world_free(w);
}

/* ---- on the router ---- */

/* Registered at the call manager first, and at the router since that was lost. The world's side is
 * the call manager's, which has just been found again. */
static struct side on_the_router(struct world *w)
{
    registers(w);
    struct side first = leaves(w);
    expect_link_to(w, ROUTER, 2443);
    accepts_as(w, stranger.cert);
    expect_word(w, "up");
    passes(w, 20000);
    net_break(first.link, "end");
    settle(w);
    expect_word(w, "taken");
    assert_true(takes_it(w)->is_srst);
    struct side router = leaves(w);
    expect_link_to(w, CM, 2443);
    accepts_as(w, ccm.cert);
    expect_word(w, "proves");
    return router;
}

/* Both are asked, and answer, but the call manager not while it is silent. */
static void lives(struct world *w, struct side *router, uint64_t ms, bool is_silent)
{
    struct side cm = leaves(w);
    for (; ms > 0; ms -= ms < 1000 ? ms : 1000) {
        passes(w, ms < 1000 ? ms : 1000);
        if (!is_silent && !cm.link->is_gone) {
            goes_to(w, cm);
            says_empty(w, RF_SCCP_KEEPALIVE_ACK);
        }
        cm.read_at = w->link == cm.link ? w->read_at : cm.read_at;
        goes_to(w, *router);
        says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    }
    goes_to(w, cm);
}

static void a_call_manager_proves_itself_first(void **state)
{
    static const uint32_t monitor_ms[] = {0, 60000, 600000};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = with_routers(1, 1, stranger.cert);
        w->conf.monitor_ms = monitor_ms[i];
        uint32_t ms = monitor_ms[i] != 0 ? monitor_ms[i] : MONITOR_MS;
        struct side router = on_the_router(w);
        lives(w, &router, ms - 1000, false);
        expect(w, RF_SCCP_KEEPALIVE);
        expect_none(w, RF_SCCP_REGISTER_TOKEN_REQ);
        lives(w, &router, 2000, false);
        expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
        expect_word(w, "asks");
        says_empty(w, RF_SCCP_REGISTER_TOKEN_ACK);
        struct side cm = leaves(w);
        goes_to(w, router);
        expect(w, RF_SCCP_UNREGISTER);
        says(w, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK});
        goes_to(w, cm);
        assert_false(takes_it(w)->is_srst);
        expect_link_to(w, ROUTER, 2443); /* which stands by again */
        world_free(w);
    }
}

/* The time alone is no proof: it ends with an answer. */
static void silence_at_the_end_is_none(void **state)
{
    struct world *w = with_routers(1, 1, stranger.cert);
    struct side router = on_the_router(w);
    lives(w, &router, MONITOR_MS - 2000, false);
    lives(w, &router, 4000, true);
    expect_none(w, RF_SCCP_REGISTER_TOKEN_REQ);
    lives(w, &router, 1000, false);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    world_free(w);
}

static void one_question_left_open_and_it_begins_anew(void **state)
{
    struct world *w = with_routers(1, 1, stranger.cert);
    struct side router = on_the_router(w);
    lives(w, &router, MONITOR_MS - 20000, false);
    lives(w, &router, 10000, true); /* a third question would end the link */
    expect_word(w, "missed");
    lives(w, &router, MONITOR_MS - 11000, false);
    expect_none(w, RF_SCCP_REGISTER_TOKEN_REQ);
    lives(w, &router, 12000, false);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    assert_int_equal(events_of(w, RF_STATION_LOST), 1);
    world_free(w);
}

static void a_link_that_ends_begins_anew(void **state)
{
    struct world *w = with_routers(1, 1, stranger.cert);
    struct side router = on_the_router(w);
    lives(w, &router, MONITOR_MS - 1000, false);
    net_break(w->link, "tcp-reset");
    settle(w);
    expect_word(w, "lost");
    size_t n = w->net.n;
    goes_to(w, router);
    for (int i = 0; i < 38; i++) {
        passes(w, 1000);
        says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    }
    assert_int_equal(w->net.n, n + 1);
    router = leaves(w);
    expect_link_to(w, CM, 2443);
    accepts_as(w, ccm.cert);
    expect_word(w, "proves");
    lives(w, &router, MONITOR_MS - 1000, false);
    expect_none(w, RF_SCCP_REGISTER_TOKEN_REQ);
    lives(w, &router, 2000, false);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    world_free(w);
}

/* A call manager that takes phones back one after the other: the proof is not asked for twice. */
static void a_token_that_is_refused_is_waited_for(void **state)
{
    struct world *w = with_routers(1, 1, stranger.cert);
    struct side router = on_the_router(w);
    lives(w, &router, MONITOR_MS + 1000, false);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_TOKEN_REJECT,
                                  .register_token_reject.wait_s = 45});
    lives(w, &router, 44000, false);
    expect_none(w, RF_SCCP_REGISTER_TOKEN_REQ);
    lives(w, &router, 2000, false);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    world_free(w);
}

static void not_away_from_under_a_call(void **state)
{
    struct world *w = with_routers(1, 1, stranger.cert);
    struct side router = on_the_router(w);
    struct side cm = leaves(w);
    goes_to(w, router);
    call_state(w, RF_SCCP_STATE_RING_IN, REF);
    router = leaves(w);
    goes_to(w, cm);
    lives(w, &router, 2 * MONITOR_MS, false);
    expect_none(w, RF_SCCP_REGISTER_TOKEN_REQ);
    cm = leaves(w);
    goes_to(w, router);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    router = leaves(w);
    goes_to(w, cm);
    lives(w, &router, 31000, false);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    world_free(w);
}

/* Without its router the phone is at the call manager at once: it has nothing else. */
static void the_router_is_lost_meanwhile(void **state)
{
    struct world *w = with_routers(1, 1, stranger.cert);
    struct side router = on_the_router(w);
    lives(w, &router, 30000, false);
    net_break(router.link, "end");
    settle(w);
    expect_word(w, "taken");
    assert_false(takes_it(w)->is_srst);
    world_free(w);
}

/* From the second router to the first is no way back, and no link is kept to it. */
static void a_second_router_is_not_left_for_the_first(void **state)
{
    struct world *w = with_routers(1, 2, stranger.cert);
    starts(w);
    call_manager_is_away(w);
    net_break(net_last(&w->net), "connect-refused");
    settle(w);
    expect_link_to(w, "192.0.2.12", 2443);
    accepts_as(w, stranger.cert);
    assert_true(takes_it(w)->is_srst);
    call_manager_is_away(w);
    assert_int_equal(w->net.n, 4);
    passes(w, RETURN_MAX_MS);
    assert_int_equal(w->net.n, 5);
    expect_link_to(w, CM, 2443);
    world_free(w);
}

/* ---- a line that comes and goes ---- */

struct line {
    size_t read_at[NET_LINKS];
    unsigned at_router, at_cm; /* registrations */
    bool is_silent;            /* when it is cut: its links stay, and nothing passes */
};
static struct line line;

static void counts(struct world *w, const struct rf_station_event *e)
{
    (void)w;
    if (e->kind == RF_STATION_REGISTERED) {
        line.at_router += e->is_srst;
        line.at_cm += !e->is_srst;
    }
}

static void answers(struct world *w, uint32_t id)
{
    w->version = 0;
    if (id == RF_SCCP_KEEPALIVE)
        says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    else if (id == RF_SCCP_REGISTER)
        acks_register(w);
    else if (id == RF_SCCP_REGISTER_TOKEN_REQ)
        says_empty(w, RF_SCCP_REGISTER_TOKEN_ACK);
    else if (id == RF_SCCP_UNREGISTER)
        says(w, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK});
}

static void serves(struct world *w, size_t i)
{
    struct net_link *l = w->net.links[i];
    struct rf_sccp_frame frame;
    struct rf_why why = {0};
    size_t n;
    w->link = l;
    if (!l->is_open)
        net_accept(l, strcmp(l->host, CM) == 0 ? ccm.cert : stranger.cert, SUITE);
    settle(w);
    while (!l->is_gone && rf_sccp_frame_next(rf_slice_part(net_taken(l), line.read_at[i], SIZE_MAX),
                                             &frame, &n, &why) == RF_OK) {
        line.read_at[i] += n;
        answers(w, frame.id);
    }
}

static void a_second(struct world *w, bool is_up)
{
    for (size_t i = 0; i < w->net.n; i++) {
        struct net_link *l = w->net.links[i];
        bool is_cut = !is_up && strcmp(l->host, CM) == 0;
        if (l->is_gone || l->is_closing || (is_cut && line.is_silent))
            continue;
        if (is_cut)
            net_break(l, l->is_open ? "tcp-reset" : "connect-timeout");
        else
            serves(w, i);
        settle(w);
    }
    passes(w, 1000);
    for (size_t i = 0; i < w->n_events; i++)
        rf_free(w->events[i]);
    w->n_events = w->event_at = 0;
}

static void goes_on(struct world *w, bool is_up, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++)
        a_second(w, is_up);
}

/* Twenty cuts in ten minutes: the phone goes to the router once, and back once, when it is over. */
static void a_line_that_comes_and_goes_moves_nobody_to_and_fro(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct world *w = with_routers(1, 1, stranger.cert);
        line = (struct line){0};
        w->on_event = counts;
        w->conf.setup_ms = 500;
        starts(w);
        goes_on(w, true, 60);
        assert_int_equal(line.at_cm, 1);
        goes_on(w, false, 20);
        line.is_silent = i == 1; /* from the second cut on */
        for (int cut = 1; cut < 20; cut++) {
            goes_on(w, true, 10);
            goes_on(w, false, 20);
        }
        assert_int_equal(line.at_router, 1);
        assert_int_equal(line.at_cm, 1);
        goes_on(w, true,
                MONITOR_MS / 1000 - 25); /* the last open question may be older than its end */
        assert_int_equal(line.at_cm, 1);
        goes_on(w, true, 25 + RETURN_MAX_MS / 1000 + 40);
        assert_int_equal(line.at_cm, 2);
        assert_int_equal(line.at_router, 1);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sec_90_its_own_certificate_is_enough),
        cmocka_unit_test(sec_91_with_another_certificate_it_is_no_server),
        cmocka_unit_test(sec_91_a_routers_certificate_makes_no_call_manager),
        cmocka_unit_test(sec_91_the_link_that_stands_by_is_judged_as_well),
        cmocka_unit_test(sec_42_a_router_that_hides_nothing_is_left),
        cmocka_unit_test(sec_92_in_the_clear_it_is_passed_over),
        cmocka_unit_test(sec_92_allowed_it_is_plain_and_shown_so),
        cmocka_unit_test(a_phone_without_security_needs_no_leave),
        cmocka_unit_test(sec_92_the_leave_is_for_routers_only),
        cmocka_unit_test(only_the_phone_of_one_call_manager_has_a_link_to_a_router),
        cmocka_unit_test(after_the_last_call_manager_comes_the_router),
        cmocka_unit_test(one_that_may_not_be_used_is_not_stood_by_for),
        cmocka_unit_test(a_call_manager_proves_itself_first),
        cmocka_unit_test(silence_at_the_end_is_none),
        cmocka_unit_test(one_question_left_open_and_it_begins_anew),
        cmocka_unit_test(a_link_that_ends_begins_anew),
        cmocka_unit_test(a_token_that_is_refused_is_waited_for),
        cmocka_unit_test(not_away_from_under_a_call),
        cmocka_unit_test(the_router_is_lost_meanwhile),
        cmocka_unit_test(a_second_router_is_not_left_for_the_first),
        cmocka_unit_test(a_line_that_comes_and_goes_moves_nobody_to_and_fro),
    };
    return cmocka_run_group_tests(tests, keys_are_made, keys_are_gone);
}
