/* SPDX-License-Identifier: Apache-2.0 */
/* More than one call manager: the link that stands by, failing over to it, and coming back. */
#include "station_world.h"

#include "base/text.h"

#define RETURN_MS 30000u
/* Where nobody answered: times 0.75 to 1.25. */
#define RETURN_MIN_MS 22500u
#define RETURN_MAX_MS 37500u

static struct world *with_servers(size_t n)
{
    struct world *w = world_new(22);
    w->conf.n_servers = n;
    for (size_t i = 0; i < n; i++) {
        snprintf(w->conf.servers[i].host, RF_ADDRESS_TEXT_MAX, "192.0.2.%zu", i + 1);
        w->conf.servers[i].port = 2000;
    }
    w->conf.has_standby = true;
    return w;
}

static void expect_link_to(struct world *w, const char *host)
{
    assert_string_equal(net_last(&w->net)->host, host);
    assert_int_equal(net_last(&w->net)->port, 2443);
    assert_true(net_last(&w->net)->has_tls);
}

/* Registered at the first of so many, and the next stands by: its server knows at once what the
 * link is for. Returns the first's side; the world's is that of the other. */
static struct side stands_by(struct world *w)
{
    registers(w);
    struct side first = leaves(w);
    expect_link_to(w, "192.0.2.2");
    accepts(w);
    expect_word(w, "up");
    expect(w, RF_SCCP_KEEPALIVE);
    says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    return first;
}

/* The server at the world's side takes the phone that has just written Register there. */
static void takes_it(struct world *w, const char *server)
{
    expect(w, RF_SCCP_REGISTER);
    acks_register(w);
    answers_questions(w);
    assert_string_equal(expect_event(w, RF_STATION_REGISTERED)->server, server);
}

/* ---- standing by ---- */

static void nothing_but_keepalives(void **state)
{
    struct world *w = with_servers(3);
    struct side first = stands_by(w);
    assert_int_equal(w->link->writes, 1);
    passes(w, 29000);
    for (int i = 0; i < 4; i++) {
        struct side other = leaves(w);
        goes_to(w, first); /* the one in use is asked twice as often */
        passes(w, 30000);
        says_empty(w, RF_SCCP_KEEPALIVE_ACK);
        goes_to(w, other);
        if (i % 2 == 0)
            says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    }
    expect(w, RF_SCCP_KEEPALIVE);
    expect(w, RF_SCCP_KEEPALIVE);
    expect_none(w, RF_SCCP_REGISTER);
    assert_int_equal(w->net.n, 2);
    assert_int_equal(events_of(w, RF_STATION_LOST), 0);
    world_free(w);
}

static void only_when_it_is_wanted(void **state)
{
    struct world *w = with_servers(3);
    w->conf.has_standby = false;
    registers(w);
    passes(w, 20000);
    assert_int_equal(w->net.n, 1);
    world_free(w);
    w = with_servers(1);
    registers(w);
    assert_int_equal(w->net.n, 1);
    world_free(w);
}

/* As the one in use it must stand in the lists, and hide what passes. */
static void standby_is_judged_as_any_server_sec_42_sec_47(void **state)
{
    for (int i = 0; i < 3; i++) {
        struct world *w = with_servers(3);
        registers(w);
        expect_link_to(w, "192.0.2.2");
        struct net_link *other = net_last(&w->net);
        net_accept(other, i == 0 ? stranger.cert : ccm.cert, i == 1 ? NULL : SUITE);
        settle(w);
        assert_int_equal(other->writes, i < 2 ? 0 : 1);
        assert_int_equal(other->is_gone, i < 2);
        assert_string_equal(net_last(&w->net)->host, i < 2 ? "192.0.2.3" : "192.0.2.2");
        assert_int_equal(events_of(w, RF_STATION_STANDBY), i == 1 ? 0 : 1);
        if (i == 0)
            assert_string_not_equal(expect_event(w, RF_STATION_STANDBY)->event.why.code, "");
        if (i == 2)
            expect_word(w, "up");
        world_free(w);
    }
}

static void tried_again_after_a_while(void **state)
{
    struct world *w = with_servers(3);
    struct side first, other;
    registers(w);
    net_break(net_last(&w->net), "connect-refused");
    settle(w);
    expect_link_to(w, "192.0.2.3");
    net_break(net_last(&w->net), "connect-refused");
    settle(w);
    size_t n = w->net.n;
    passes(w, RETURN_MIN_MS - 1);
    assert_int_equal(w->net.n, n);
    passes(w, RETURN_MAX_MS + 1 - RETURN_MIN_MS);
    says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    assert_int_equal(w->net.n, n + 1);
    first = leaves(w);
    accepts(w);
    expect_word(w, "up");
    other = leaves(w);
    for (int i = 0; i < 8; i++) { /* it does not answer any more */
        goes_to(w, first);
        passes(w, 30000);
        says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    }
    assert_true(other.link->is_gone);
    expect_word(w, "lost");
    assert_int_equal(events_of(w, RF_STATION_LOST), 0);
    passes(w, RETURN_MAX_MS);
    assert_true(w->net.n > n + 1);
    world_free(w);
}

/* Nobody has registered there: nothing of it is obeyed. */
static void standby_may_say_little(void **state)
{
    struct world *w = with_servers(2);
    struct side first = stands_by(w);
    struct rf_station_status status;
    says_bytes(w, RF_SCCP_CALL_STATE, NULL, 24);
    says_empty(w, RF_SCCP_CAPABILITIES_REQ);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_RESET, .reset.type = RF_SCCP_RESET_RESET});
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_ACK, .register_ack.max_protocol_ver = 22});
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_TOKEN_ACK}); /* not asked for */
    rf_station_status(w->st, &status);
    assert_int_equal(status.reg, RF_STATION_UP);
    assert_int_equal(status.dropped, 4);
    assert_int_equal(w->link->writes, 1);
    for (int i = 0; i < 5; i++)
        says_bytes(w, RF_SCCP_REGISTER_TOKEN_REJECT, NULL, 0);
    assert_true(w->link->is_gone);
    goes_to(w, first);
    assert_false(w->link->is_gone);
    world_free(w);
}

static void standby_leaves_with_the_phone(void **state)
{
    struct world *w = with_servers(2);
    struct side first = stands_by(w);
    struct net_link *other = w->link;
    goes_to(w, first);
    rf_station_stop(w->st);
    settle(w);
    assert_true(other->is_gone);
    expect(w, RF_SCCP_UNREGISTER);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK});
    expect_event(w, RF_STATION_STOPPED);
    passes(w, 600000);
    assert_int_equal(w->net.n, 2);
    world_free(w);
}

/* ---- failing over ---- */

static void link_lost(void **state)
{
    static const char *const codes[] = {"end", "tcp-reset"};
    for (size_t i = 0; i < 2; i++) {
        struct world *w = with_servers(2);
        struct side first = stands_by(w);
        passes(w, 20000);
        net_break(first.link, codes[i]);
        settle(w);
        assert_string_equal(expect_event(w, RF_STATION_LOST)->event.why.code, codes[i]);
        expect_word(w, "taken");
        struct rf_slice text = expect(w, RF_SCCP_ALARM)->alarm.text;
        assert_true(rf_slice_starts_with(text, i == 0 ? "14: Name=" : "12: Name="));
        takes_it(w, "192.0.2.2:2443");
        world_free(w);
    }
}

static void three_keepalives_without_an_answer(void **state)
{
    struct world *w = with_servers(2);
    (void)stands_by(w);
    for (int i = 0; i < 4; i++) {
        passes(w, 30000);
        says_empty(w, RF_SCCP_KEEPALIVE_ACK); /* of the one that stands by */
    }
    assert_string_equal(expect_event(w, RF_STATION_LOST)->event.why.code, "keepalive-timeout");
    takes_it(w, "192.0.2.2:2443");
    world_free(w);
}

/* doc: docs/wire/sccp.md, "Flows" (F2) */
static void in_a_call_it_waits_for_its_end(void **state)
{
    struct world *w = with_servers(2);
    struct rf_why why = {0};
    struct rf_sccp_media_key in = some_key(1), out = some_key(2);
    struct side other, first = stands_by(w);
    other = leaves(w);
    goes_to(w, first);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    opens_receive(w, REF, &in);
    starts_send(w, REF, &out);
    passes(w, 20000);
    net_break(first.link, "end");
    settle(w);
    expect_call(w, RF_STATION_CONNECTED);
    expect_call(w, RF_STATION_PRESERVED);
    goes_to(w, other);
    passes(w, 60000); /* the other server is kept meanwhile */
    expect(w, RF_SCCP_KEEPALIVE);
    says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    expect_none(w, RF_SCCP_REGISTER);
    assert_true(w->streams[0].is_receiving && w->streams[0].is_sending);
    assert_refused(rf_station_act(w->st, RF_STATION_ACT_HOLD, 0, &why), RF_ERR_DENIED, why,
                   "preserved");
    why = (struct rf_why){0};
    assert_err(rf_station_hang_up(w->st, &why), RF_OK);
    settle(w);
    takes_it(w, "192.0.2.2:2443");
    assert_int_equal(w->net.n, 3); /* and the first is looked for again */
    world_free(w);
}

/* Two servers that take the phone and drop it again do not pass it to and fro. */
static void not_to_and_fro(void **state)
{
    struct world *w = with_servers(2);
    struct side first = stands_by(w);
    net_break(first.link, "end");
    settle(w);
    takes_it(w, "192.0.2.2:2443");
    struct side other = leaves(w);
    expect_link_to(w, "192.0.2.1");
    accepts(w);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    net_break(other.link, "end");
    settle(w);
    expect_none(w, RF_SCCP_REGISTER);
    assert_true(w->link->is_gone);
    expect_event(w, RF_STATION_WAITS);
    world_free(w);
}

static void nobody_stands_by(void **state)
{
    struct world *w = with_servers(2);
    registers(w);
    struct net_link *first = w->link;
    net_break(net_last(&w->net), "connect-refused");
    settle(w);
    passes(w, 20000);
    net_break(first, "end");
    settle(w);
    expect_link_to(w, "192.0.2.1"); /* the list from its begin */
    assert_int_equal(w->net.n, 3);
    world_free(w);
}

/* ---- coming back ---- */

/* Registered at the other; the first is there again, and asked. */
static struct side asks_to_come_back(struct world *w)
{
    struct side first = stands_by(w);
    passes(w, 20000);
    net_break(first.link, "end");
    settle(w);
    takes_it(w, "192.0.2.2:2443");
    struct side other = leaves(w);
    expect_link_to(w, "192.0.2.1");
    accepts(w);
    struct rf_sccp_register_token_req req =
        expect(w, RF_SCCP_REGISTER_TOKEN_REQ)->register_token_req;
    assert_slice_str(req.device_name, DEVICE);
    assert_int_equal(req.device_type, 30006);
    expect_word(w, "asks");
    return other;
}

static void rejects_token(struct world *w, uint32_t wait_s)
{
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_TOKEN_REJECT,
                                  .register_token_reject.wait_s = wait_s});
}

static void comes_back_when_it_may(void **state)
{
    struct world *w = with_servers(2);
    struct side other = asks_to_come_back(w);
    rejects_token(w, 45);
    const struct seen_event *e = expect_event(w, RF_STATION_STANDBY);
    assert_string_equal(e->word, "refused");
    assert_int_equal(e->event.wait_ms, 45000);
    passes(w, 44999);
    expect_none(w, RF_SCCP_REGISTER_TOKEN_REQ);
    passes(w, 1);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    says_empty(w, RF_SCCP_REGISTER_TOKEN_ACK);
    expect_word(w, "asks");
    expect_word(w, "granted");
    expect_none(w, RF_SCCP_REGISTER); /* it leaves the other first */
    struct side first = leaves(w);
    goes_to(w, other);
    expect(w, RF_SCCP_UNREGISTER);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK});
    assert_true(other.link->is_gone);
    goes_to(w, first);
    assert_true(rf_slice_starts_with(expect(w, RF_SCCP_ALARM)->alarm.text, "18: Name="));
    takes_it(w, "192.0.2.1:2443");
    assert_int_equal(events_of(w, RF_STATION_LOST), 1); /* leaving is not losing */
    world_free(w);
}

static void waits_that_servers_tell(void **state)
{
    static const uint32_t told[] = {0, 1, 3600, 0xffffffffu},
                          ms[] = {30000, 1000, 3600000, 3600000};
    for (size_t i = 0; i < 4; i++) {
        struct world *w = with_servers(2);
        (void)asks_to_come_back(w);
        rejects_token(w, told[i]);
        assert_int_equal(expect_event(w, RF_STATION_STANDBY)->event.wait_ms, ms[i]);
        world_free(w);
    }
}

/* The server it leaves does not answer, or its link breaks: the phone goes all the same. */
static void comes_back_without_a_farewell(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct world *w = with_servers(2);
        struct side other = asks_to_come_back(w);
        says_empty(w, RF_SCCP_REGISTER_TOKEN_ACK);
        if (i == 0)
            passes(w, 2000);
        else
            net_break(other.link, "end");
        settle(w);
        takes_it(w, "192.0.2.1:2443");
        world_free(w);
    }
}

static void the_better_one_is_gone_again(void **state)
{
    struct world *w = with_servers(2);
    struct side other = asks_to_come_back(w);
    says_empty(w, RF_SCCP_REGISTER_TOKEN_ACK);
    net_break(w->link, "end");
    settle(w);
    goes_to(w, other);
    expect(w, RF_SCCP_UNREGISTER);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK});
    expect_link_to(w, "192.0.2.1"); /* the list from its begin */
    assert_false(net_last(&w->net)->is_gone);
    world_free(w);
}

/* Not away from under a call: neither asked in one, nor followed. */
static void not_in_a_call(void **state)
{
    struct world *w = with_servers(2);
    struct side first, other = asks_to_come_back(w);
    first = leaves(w);
    goes_to(w, other);
    call_state(w, RF_SCCP_STATE_RING_IN, REF);
    other = leaves(w);
    goes_to(w, first);
    says_empty(w, RF_SCCP_REGISTER_TOKEN_ACK);
    first = leaves(w);
    goes_to(w, other);
    expect_none(w, RF_SCCP_UNREGISTER);
    passes(w, RETURN_MS);
    says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    goes_to(w, first);
    expect_none(w, RF_SCCP_REGISTER_TOKEN_REQ);
    goes_to(w, other);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    passes(w, RETURN_MS);
    goes_to(w, first);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    world_free(w);
}

/* The better one is back while it talks: its server keeps the link, because it hears something. */
static void in_a_call_the_link_to_the_better_one_is_kept(void **state)
{
    struct world *w = with_servers(2);
    struct side first, other, old = stands_by(w);
    passes(w, 20000);
    net_break(old.link, "end");
    settle(w);
    takes_it(w, "192.0.2.2:2443");
    net_break(net_last(&w->net), "connect-refused");
    settle(w);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    passes(w, RETURN_MAX_MS);
    says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    other = leaves(w);
    expect_link_to(w, "192.0.2.1");
    accepts(w);
    assert_int_equal(w->link->writes, 1);
    expect(w, RF_SCCP_KEEPALIVE);
    says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    first = leaves(w);
    goes_to(w, other);
    call_state(w, RF_SCCP_STATE_ON_HOOK, REF);
    passes(w, RETURN_MS);
    goes_to(w, first);
    expect(w, RF_SCCP_REGISTER_TOKEN_REQ);
    world_free(w);
}

/* Many phones lose their server at the same time, and do not look for it at the same time. */
static void looks_are_spread(void **state)
{
    uint32_t early = 0, late = 0;
    for (int i = 0; i < 60; i++) {
        struct world *w = with_servers(2);
        registers(w);
        net_break(net_last(&w->net), "connect-refused");
        settle(w);
        size_t n = w->net.n;
        passes(w, RETURN_MS - 1000);
        early += w->net.n > n;
        passes(w, 2000);
        late += w->net.n == n;
        world_free(w);
    }
    assert_true(early >= 5 && late >= 5); /* 26 each are to be expected */
}

/* A server that does not know tokens is no way back. */
static void no_answer_to_the_request(void **state)
{
    struct world *w = with_servers(2);
    struct side other = asks_to_come_back(w);
    struct net_link *first = w->link;
    goes_to(w, other);
    passes(w, 10000);
    assert_true(first->is_gone);
    assert_false(other.link->is_gone);
    world_free(w);
}

/* The first of three is away and the other in use: the third stands by, and is given up from time
 * to time to look for the first. */
static void looks_for_the_better_one(void **state)
{
    struct world *w = with_servers(3);
    struct side first = stands_by(w);
    passes(w, 20000);
    net_break(first.link, "end");
    settle(w);
    takes_it(w, "192.0.2.2:2443");
    struct side other = leaves(w);
    expect_link_to(w, "192.0.2.1");
    net_break(net_last(&w->net), "connect-refused");
    settle(w);
    expect_link_to(w, "192.0.2.3");
    accepts(w);
    struct net_link *third = w->link;
    expect_word(w, "up");
    goes_to(w, other);
    for (int i = 0; i < 4; i++) {
        passes(w, RETURN_MS);
        says_empty(w, RF_SCCP_KEEPALIVE_ACK);
    }
    assert_true(third->is_gone);
    passes(w, RETURN_MAX_MS);
    expect_link_to(w, "192.0.2.1");
    world_free(w);
}

/* ---- servers that do what they like, the same walk each time ---- */

static uint32_t walk_next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void walk_says(struct world *w, struct net_link *link, uint32_t *seed)
{
    static const enum rf_sccp_state words[] = {RF_SCCP_STATE_RING_IN, RF_SCCP_STATE_CONNECTED,
                                               RF_SCCP_STATE_ON_HOOK,
                                               RF_SCCP_STATE_REMOTE_MULTILINE};
    struct rf_sccp_media_key key = some_key(1);
    w->link = link;
    w->version = 22;
    switch (walk_next(seed) % 9) {
    case 0:
    case 1:
        w->version = 0;
        acks_register(w);
        break;
    case 2:
        says_empty(w, RF_SCCP_REGISTER_TOKEN_ACK);
        break;
    case 3:
        rejects_token(w, walk_next(seed) % 20);
        break;
    case 4:
        says(w, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK});
        break;
    case 5:
        says(w, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_REJECT});
        break;
    case 6:
        opens_receive(w, REF, &key);
        break;
    case 7:
        call_state(w, words[walk_next(seed) % 4], REF);
        break;
    default:
        says_empty(w, RF_SCCP_KEEPALIVE_ACK);
        break;
    }
}

static struct net_link *some_link(struct world *w, uint32_t *seed)
{
    struct net_link *live[NET_LINKS];
    size_t n = 0;
    for (size_t i = 0; i < w->net.n; i++)
        if (!w->net.links[i]->is_gone && !w->net.links[i]->is_closing)
            live[n++] = w->net.links[i];
    assert_true(n <= 2); /* the one in use, and one beside it */
    return n > 0 ? live[walk_next(seed) % n] : NULL;
}

static void walk_step(struct world *w, uint32_t *seed)
{
    struct net_link *link = some_link(w, seed);
    struct rf_why why = {0};
    uint32_t what = walk_next(seed) % 12;
    if (what < 2 || link == NULL)
        passes(w, walk_next(seed) % 20000);
    else if (what == 2)
        (void)(rf_station_hang_up(w->st, &why) == RF_OK);
    else if (what == 3)
        net_break(link, "end");
    else if (!link->is_open)
        net_accept(link, ccm.cert, SUITE);
    else
        walk_says(w, link, seed);
    settle(w);
    media_settles(w);
    for (size_t i = 0; i < w->n_events; i++)
        rf_free(w->events[i]);
    w->n_events = w->event_at = 0;
}

static void long_walk(void **state)
{
    uint32_t seed = 2443;
    for (int walk = 0; walk < 150; walk++) {
        struct world *w = with_servers(1 + (size_t)walk % 3);
        struct rf_station_server *last = &w->conf.servers[w->conf.n_servers - 1];
        last->is_srst = walk % 2 == 1 && w->conf.n_servers > 1; /* a router in every other */
        last->cert = last->is_srst ? ccm.cert : NULL;
        w->conf.monitor_ms = 20000;
        w->conf.setup_ms = 500;
        starts(w);
        for (int i = 0; i < 120 && w->net.n < NET_LINKS - 4 && w->n_streams < STREAMS - 2; i++)
            walk_step(w, &seed);
        rf_station_stop(w->st);
        settle(w);
        passes(w, 10000);
        expect_event(w, RF_STATION_STOPPED);
        assert_null(some_link(w, &seed));
        media_settles(w);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_but_keepalives),
        cmocka_unit_test(only_when_it_is_wanted),
        cmocka_unit_test(standby_is_judged_as_any_server_sec_42_sec_47),
        cmocka_unit_test(tried_again_after_a_while),
        cmocka_unit_test(standby_may_say_little),
        cmocka_unit_test(standby_leaves_with_the_phone),
        cmocka_unit_test(link_lost),
        cmocka_unit_test(three_keepalives_without_an_answer),
        cmocka_unit_test(in_a_call_it_waits_for_its_end),
        cmocka_unit_test(not_to_and_fro),
        cmocka_unit_test(nobody_stands_by),
        cmocka_unit_test(comes_back_when_it_may),
        cmocka_unit_test(waits_that_servers_tell),
        cmocka_unit_test(comes_back_without_a_farewell),
        cmocka_unit_test(the_better_one_is_gone_again),
        cmocka_unit_test(not_in_a_call),
        cmocka_unit_test(in_a_call_the_link_to_the_better_one_is_kept),
        cmocka_unit_test(looks_are_spread),
        cmocka_unit_test(no_answer_to_the_request),
        cmocka_unit_test(looks_for_the_better_one),
        cmocka_unit_test(long_walk),
    };
    return cmocka_run_group_tests(tests, keys_are_made, keys_are_gone);
}
