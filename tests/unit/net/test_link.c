/* SPDX-License-Identifier: Apache-2.0 */
/* What a link promises its owner, plain and with TLS: pressure both ways, deadlines, every way to
 * end, and that nothing happens from inside a function called on it. */
#include "proxy.h"

#include "base/metrics.h"
#include "net/link_int.h"

#include <netinet/tcp.h>

static void begin_kind(struct world *w, bool has_tls, const struct rf_link_conf *link)
{
    if (!has_tls) {
        begin(w);
        listen_with(w, link);
        return;
    }
    begin_tls(w);
    rf_listener_close(w->listener);
    struct rf_link_conf conf = *link;
    conf.tls = w->server_tls;
    listen_with(w, &conf);
}

static void open_kind(struct world *w, bool has_tls, const struct rf_link_conf *link)
{
    begin_kind(w, has_tls, link);
    dial(w);
    both_open(w);
}

static void say(struct end *from, const char *text)
{
    assert_err(rf_link_write(from->link, rf_slice_str(text)), RF_OK);
}

/* ---- input ---- */

static void bytes_left_come_again_in_front(void **state)
{
    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        struct world w;
        struct rf_link_conf link = {0};
        open_kind(&w, has_tls, &link);
        w.server.takes = 0;
        say(&w.client, "half a mess");
        turn_until(&w, w.server.calls == 1);
        turn_some(&w);
        assert_int_equal(w.server.calls, 1); /* not asked again without news */
        w.server.takes = 4;
        say(&w.client, "age");
        turn_until(&w, w.server.calls == 2);
        assert_slice_str(rf_buf_slice(&w.server.got), "half");
        w.server.takes = SIZE_MAX;
        say(&w.client, "!");
        turn_until(&w, w.server.calls == 3);
        assert_slice_str(rf_buf_slice(&w.server.got), "half a message!");
        finish(&w);
    }
}

/* Both ends, though only a listener was told for those that came to it. */
static void nothing_waits_for_more(void **state)
{
    struct world w;
    struct rf_link_conf link = {0};
    open_kind(&w, false, &link);
    const struct rf_link *ends[] = {w.client.link, w.server.link};
    for (int i = 0; i < 2; i++) {
        int is_on = 0;
        socklen_t len = sizeof is_on;
        assert_int_equal(getsockopt(ends[i]->fd, IPPROTO_TCP, TCP_NODELAY, &is_on, &len), 0);
        assert_true(is_on);
    }
    finish(&w);
}

static void input_has_its_limit(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct world w;
        struct rf_link_conf link = {.input_max = 100};
        bool is_full = i / 2;
        open_kind(&w, i % 2, &link);
        w.server.takes = 0;
        char text[101] = "";
        memset(text, 'x', is_full ? 100 : 99);
        say(&w.client, text);
        turn_until(&w, w.server.calls > 0);
        turn_some(&w);
        if (is_full) {
            turn_until(&w, w.server.closed == 1);
            assert_string_equal(w.server.code, "input-full");
        } else {
            assert_int_equal(w.server.closed, 0);
            w.server.takes = SIZE_MAX;
            say(&w.client, "y");
            turn_until(&w, w.server.got.len == 100);
        }
        finish(&w);
    }
}

static void a_paused_link_is_not_read(void **state)
{
    static uint8_t big[200 * 1024];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7);
    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        struct world w;
        struct rf_link_conf link = {.idle_ms = 1000};
        open_kind(&w, has_tls, &link);
        w.server.pauses = true;
        w.server.takes = 10;
        assert_err(rf_link_write(w.client.link, rf_slice_of(big, sizeof big)), RF_OK);
        turn_until(&w, w.server.calls == 1);
        assert_int_equal(w.server.got.len, 10);
        rf_clock_fake_advance(&w.clock, 5000); /* who is not read cannot be late */
        assert_sleeps(&w);
        assert_int_equal(w.server.calls, 1);
        assert_int_equal(w.server.closed, 0);
        rf_link_resume(w.server.link); /* what is there comes again, and it pauses once more */
        assert_int_equal(w.server.calls, 1);
        turn_until(&w, w.server.calls == 2);
        assert_int_equal(w.server.got.len, 20);
        w.server.pauses = false;
        w.server.takes = SIZE_MAX;
        rf_link_resume(w.server.link);
        turn_until(&w, w.server.got.len == sizeof big);
        assert_slice_eq(rf_buf_slice(&w.server.got), rf_slice_of(big, sizeof big));
        finish(&w);
    }
}

static void a_pause_before_the_first_byte(void **state)
{
    struct world w;
    struct rf_link_conf link = {0};
    open_kind(&w, true, &link);
    rf_link_pause(w.server.link);
    say(&w.client, "knock");
    assert_sleeps(&w);
    assert_int_equal(w.server.calls, 0);
    rf_link_resume(w.server.link);
    turn_until(&w, w.server.got.len == 5);
    rf_link_resume(w.server.link); /* one too many is harmless */
    turn_some(&w);
    assert_int_equal(w.server.calls, 1);
    finish(&w);
}

static void what_comes_in_a_pause_is_told_once(void **state)
{
    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        struct world w;
        struct rf_link_conf link = {0};
        open_kind(&w, has_tls, &link);
        rf_link_pause(w.server.link);
        say(&w.client, "one");
        turn_until(&w, w.server.waiting == 1);
        say(&w.client, "two");
        assert_sleeps(&w);
        assert_int_equal(w.server.waiting, 1);
        assert_int_equal(w.server.calls, 0);
        if (!has_tls)
            assert_int_equal(rf_link_unread(w.server.link), 6);
        assert_true(rf_link_unread(w.server.link) >= 6);
        w.server.takes = 0;
        rf_link_resume(w.server.link);
        turn_until(&w, w.server.calls > 0);
        assert_true(rf_link_unread(w.server.link) >= 3); /* what on_data left counts, too */
        w.server.takes = SIZE_MAX;
        rf_link_pause(w.server.link);
        rf_link_resume(w.server.link);
        turn_until(&w, w.server.got.len == 6);
        assert_int_equal(rf_link_unread(w.server.link), 0);
        /* Reading may go on from inside; in the next pause it is told again, the end as well. */
        w.server.resumes = w.server.pauses = true;
        rf_link_pause(w.server.link);
        say(&w.client, "three");
        turn_until(&w, w.server.got.len == 11);
        assert_int_equal(w.server.waiting, 2);
        rf_link_close(w.client.link);
        both_closed(&w);
        assert_int_equal(w.server.waiting, 3);
        assert_string_equal(w.server.code, "end");
        assert_slice_str(rf_buf_slice(&w.server.got), "onetwothree");
        finish(&w);
    }
}

static void a_full_but_paused_input_is_no_fault(void **state)
{
    struct world w;
    struct rf_link_conf link = {.input_max = 64};
    open_kind(&w, true, &link);
    w.server.takes = 0;
    w.server.pauses = true;
    char text[101] = "";
    memset(text, 'x', 100);
    say(&w.client, text);
    turn_until(&w, w.server.calls == 1);
    assert_sleeps(&w);
    assert_int_equal(w.server.closed, 0);
    w.server.takes = SIZE_MAX;
    w.server.pauses = false;
    rf_link_resume(w.server.link);
    turn_until(&w, w.server.got.len == 100);
    finish(&w);
}

/* ---- many at once ---- */

/* Listen with another policy. */
static void serve_with(struct world *w, const struct rf_tls_conf *conf)
{
    rf_listener_close(w->listener);
    rf_tls_free(w->server_tls);
    assert_err(rf_tls_server_new(conf, &w->server_tls, NULL), RF_OK);
    struct rf_link_conf link = {.tls = w->server_tls};
    listen_with(w, &link);
}

/* Each certificate takes a millisecond to look at. */
static enum rf_err judge_slowly(void *arg, const struct rf_tls_presented *peer,
                                enum rf_tls_alert *alert, struct rf_why *why)
{
    struct world *w = arg;
    rf_clock_fake_advance(&w->clock, 1);
    return judge_peer(&w->at_server, peer, alert, why);
}

/* All phones of a site come at the same time: who is registered already does not wait for them. */
static void a_storm_of_handshakes_lets_others_through(void **state)
{
    enum { STORM = 40 };
    struct world w;
    struct end quiet;
    begin_tls(&w);
    struct rf_tls_conf conf = server_conf(&w);
    conf.verify = judge_slowly;
    conf.verify_arg = &w;
    serve_with(&w, &conf);
    dial(&w);
    both_open(&w);
    memset(&quiet, 0, sizeof quiet);
    end_reset(&quiet);
    rf_link_set_owner(w.server.link, &quiet);
    struct end talker = {.link = w.client.link};
    for (int i = 0; i < STORM; i++)
        dial(&w);
    size_t said = 0;
    unsigned most = 0;
    while (w.accepted < 1 + STORM) {
        unsigned before = w.at_server.asked;
        say(&talker, "x");
        said++;
        rf_loop_turn(w.loop, 10);
        most = w.at_server.asked - before > most ? w.at_server.asked - before : most;
        assert_true(quiet.got.len + 2 >= said);
        assert_true(said < 100u * STORM);
    }
    assert_int_equal(most, RF_LOOP_HANDSHAKES_MS);
    turn_until(&w, w.client.opened == 1 + STORM);
    rf_buf_fini(&quiet.got);
    finish(&w);
}

/* ---- output ---- */

static size_t fill(struct world *w, struct rf_link *link)
{
    static const uint8_t chunk[64 * 1024];
    size_t n = 0;
    for (int i = 0; i < 20; i++) {
        while (rf_link_write(link, rf_slice_of(chunk, sizeof chunk)) == RF_OK)
            n += sizeof chunk;
        turn_some(w);
    }
    return n;
}

static void a_peer_that_does_not_read(void **state)
{
    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        struct world w;
        struct rf_link_conf link = {.output_max = 1024 * 1024};
        open_kind(&w, has_tls, &link);
        rf_link_pause(w.client.link);
        rf_loop_turn(w.loop, 0);
        size_t n = fill(&w, w.server.link);
        uint8_t more[64 * 1024] = {0};
        size_t pending = rf_link_pending(w.server.link);
        assert_true(pending > 1024 * 1024 - sizeof more);
        assert_err(rf_link_write(w.server.link, rf_slice_of(more, sizeof more)), RF_ERR_LIMIT);
        assert_int_equal(rf_link_pending(w.server.link), pending); /* nothing of it was queued */
        w.server.drained = 0; /* while the kernel still had room, it was */
        assert_sleeps(&w);
        assert_int_equal(w.server.drained + w.server.closed, 0);
        rf_link_resume(w.client.link);
        turn_until(&w, w.server.drained == 1);
        turn_until(&w, w.client.got.len == n);
        assert_int_equal(rf_link_pending(w.server.link), 0);
        say(&w.server, "small"); /* that never waits: no on_drained */
        turn_until(&w, w.client.got.len == n + 5);
        assert_int_equal(w.server.drained, 1);
        finish(&w);
    }
}

static void a_refused_write_is_told_when_there_is_room(void **state)
{
    struct world w;
    struct rf_link_conf link = {.output_max = 8};
    open_kind(&w, false, &link);
    assert_err(rf_link_write(w.server.link, rf_slice_str("123456789")), RF_ERR_LIMIT);
    say(&w.server, "12345678");
    assert_err(rf_link_write(w.server.link, rf_slice_str("9")), RF_ERR_LIMIT);
    assert_int_equal(w.server.drained, 0);
    turn_until(&w, w.server.drained == 1);
    assert_err(rf_link_write(w.server.link, rf_slice_of(NULL, 0)), RF_OK);
    say(&w.server, "9");
    turn_until(&w, w.client.got.len == 9);
    finish(&w);
}

static void what_has_left_and_what_has_arrived(void **state)
{
    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        struct world w;
        struct rf_link_conf link = {.output_max = 1024 * 1024};
        open_kind(&w, has_tls, &link);
        say(&w.server, "small");
        rf_link_ask_drained(w.server.link);
        turn_until(&w, w.server.drained == 1);
        assert_int_equal(rf_link_pending(w.server.link), 0);
        turn_until(&w, rf_link_unacked(w.server.link) == 0);
        rf_link_ask_drained(w.server.link); /* with nothing to wait for */
        turn_until(&w, w.server.drained == 2);
        rf_link_pause(w.client.link);
        rf_loop_turn(w.loop, 0);
        fill(&w, w.server.link);
        assert_true(rf_link_unacked(w.server.link) > 0);
        rf_link_resume(w.client.link);
        w.server.drained = 0;
        turn_until(&w, w.server.drained == 1);
        turn_until(&w, rf_link_unacked(w.server.link) == 0);
        finish(&w);
    }
}

static void messages_of_one_turn_share_a_record(void **state)
{
    struct world w;
    struct rf_link_conf link = {0};
    open_kind(&w, true, &link);
    for (int i = 0; i < 100; i++)
        say(&w.server, "0123456789");
    turn_until(&w, w.client.got.len == 1000);
    assert_int_equal(w.client.calls, 1);
    finish(&w);
}

/* ---- ends ---- */

static void closing_sends_what_is_queued_first(void **state)
{
    static const uint8_t big[300 * 1024];
    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        struct world w;
        struct rf_link_conf link = {.output_max = sizeof big};
        open_kind(&w, has_tls, &link);
        rf_link_pause(w.client.link);
        say(&w.client, "unread words"); /* would make a plain close a reset */
        rf_link_pause(w.server.link);
        assert_err(rf_link_write(w.server.link, rf_slice_of(big, sizeof big)), RF_OK);
        rf_link_close(w.server.link);
        assert_false(rf_link_is_open(w.server.link));
        assert_err(rf_link_write(w.server.link, rf_slice_str("late")), RF_ERR_IO);
        assert_int_equal(w.server.closed, 0);
        turn_some(&w);
        rf_link_resume(w.client.link);
        both_closed(&w);
        assert_int_equal(w.client.got.len, sizeof big);
        assert_string_equal(w.client.code, "end");
        assert_string_equal(w.server.code, "closed-here");
        assert_int_equal(w.server.got.len, 0);
        finish(&w);
    }
}

static void a_refusal_takes_its_reason_along(void **state)
{
    for (int is_abort = 0; is_abort <= 1; is_abort++) {
        struct world w;
        struct rf_link_conf link = {0};
        struct rf_why why = {.code = "frame-length", .text = "no frame is that long"};
        open_kind(&w, true, &link);
        say(&w.server, "bye");
        if (is_abort)
            rf_link_abort(w.server.link, &why);
        else
            rf_link_close_why(w.server.link, &why);
        assert_int_equal(w.server.closed, 0); /* never from inside */
        both_closed(&w);
        assert_string_equal(w.server.code, "frame-length");
        assert_string_equal(w.server.text, "no frame is that long");
        assert_string_equal(w.client.code, "end");
        assert_int_equal(w.client.got.len, is_abort ? 0 : 3);
        finish(&w);
    }
}

static void ends_before_the_beginning(void **state)
{
    for (int i = 0; i < 3; i++) {
        struct world w;
        struct rf_link_conf link = {0};
        begin_kind(&w, true, &link);
        dial(&w);
        if (i == 0)
            rf_link_close(w.client.link);
        else if (i == 1)
            rf_link_abort(w.client.link, NULL);
        else
            rf_link_forget(w.client.link);
        turn_until(&w, w.client.closed == (i < 2 ? 1 : 0));
        turn_some(&w);
        assert_int_equal(w.client.opened, 0);
        if (i < 2)
            assert_string_equal(w.client.code, "closed-here");
        finish(&w);
    }
}

static void a_forgotten_link_is_silent(void **state)
{
    struct world w;
    struct rf_link_conf link = {0};
    open_kind(&w, true, &link);
    say(&w.client, "last words");
    turn_some(&w);
    say(&w.server, "never sent");
    rf_link_forget(w.server.link);
    rf_link_forget(NULL);
    turn_until(&w, w.client.closed == 1);
    assert_string_equal(w.client.code, "end");
    assert_int_equal(w.server.closed, 0);
    finish(&w);
}

static void closed_in_its_own_callbacks(void **state)
{
    struct world w;
    struct rf_link_conf link = {0};
    begin_kind(&w, true, &link);
    w.server.greet = "hello and goodbye";
    w.server.closes = true;
    dial(&w);
    both_closed(&w);
    assert_string_equal(w.server.code, "closed-here");
    assert_slice_str(rf_buf_slice(&w.client.got), "hello and goodbye");
    finish(&w);
}

/* One link's callbacks end another that waits for attention in the same turn. */
static struct rf_link *victim;
static int how;

static void kill_victim(struct rf_link *link, const struct rf_why *why)
{
    on_close(link, why);
    if (victim == NULL)
        return;
    if (how == 0)
        rf_link_abort(victim, NULL);
    else if (how == 1)
        rf_link_forget(victim);
    else
        rf_link_close(victim);
    victim = NULL;
}

static void one_ends_another(void **state)
{
    static const struct rf_link_calls killers = {
        .on_open = on_open, .on_data = on_data, .on_close = kill_victim};
    for (how = 0; how < 3; how++) {
        struct world w;
        struct end second = {0};
        begin_plain(&w);
        end_reset(&second);
        struct rf_link_conf conf = {.calls = &killers, .arg = &w};
        uint16_t port = rf_listener_port(w.listener);
        assert_err(rf_link_connect(w.loop, &conf, "127.0.0.1", port, &w.client.link, NULL), RF_OK);
        rf_link_set_owner(w.client.link, &w.client);
        conf.calls = &client_calls;
        assert_err(rf_link_connect(w.loop, &conf, "127.0.0.1", port, &second.link, NULL), RF_OK);
        rf_link_set_owner(second.link, &second);
        turn_until(&w, w.client.opened == 1 && second.opened == 1 && w.accepted == 2);
        turn_some(&w);
        victim = second.link;
        rf_link_abort(w.client.link, NULL); /* both want attention now, this one first */
        assert_err(rf_link_write(second.link, rf_slice_str("x")), RF_OK);
        turn_until(&w, w.client.closed == 1 && second.closed == (how == 1 ? 0 : 1));
        turn_some(&w);
        assert_int_equal(second.closed, how == 1 ? 0 : 1);
        rf_buf_fini(&second.got);
        finish(&w);
    }
}

static void forget_in_close(struct rf_link *link, const struct rf_why *why)
{
    rf_link_forget(link);
    rf_link_abort(link, why);
    rf_link_close(link);
    assert_err(rf_link_write(link, rf_slice_str("x")), RF_ERR_IO);
    on_close(link, why);
}

static void anything_may_be_called_in_on_close(void **state)
{
    static const struct rf_link_calls calls = {
        .on_open = on_open, .on_data = on_data, .on_close = forget_in_close};
    struct world w;
    begin_plain(&w);
    struct rf_link_conf conf = {.calls = &calls, .arg = &w};
    assert_err(rf_link_connect(w.loop, &conf, "127.0.0.1", rf_listener_port(w.listener),
                               &w.client.link, NULL),
               RF_OK);
    rf_link_set_owner(w.client.link, &w.client);
    both_open(&w);
    rf_link_close(w.client.link);
    both_closed(&w);
    turn_some(&w);
    assert_int_equal(w.client.closed, 1);
    finish(&w);
}

static void a_stale_handle_finds_nothing(void **state)
{
    struct world w;
    struct rf_link_conf link = {0};
    open_kind(&w, false, &link);
    struct rf_link_ref ref = rf_link_ref(w.client.link);
    assert_int_equal(ref.worker, 0);
    assert_ptr_equal(rf_link_find(w.loop, ref.handle), w.client.link);
    rf_link_abort(w.client.link, NULL);
    assert_null(rf_link_find(w.loop, ref.handle)); /* it has ended, though on_close is to come */
    both_closed(&w);
    again(&w);
    both_open(&w);
    assert_null(rf_link_find(w.loop, ref.handle));
    assert_null(rf_link_find(w.loop, 0));
    finish(&w);
}

static void resets_are_named(void **state)
{
    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        struct world w;
        struct rf_link_conf link = {0};
        struct linger hard = {.l_onoff = 1};
        open_kind(&w, has_tls, &link);
        setsockopt(w.client.link->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        rf_link_abort(w.client.link, NULL);
        both_closed(&w);
        assert_string_equal(w.server.code, "tcp-reset");
        finish(&w);
    }
}

static void dropped_with_the_loop(void **state)
{
    struct world w;
    struct rf_link_conf link = {0};
    open_kind(&w, true, &link);
    say(&w.client, "never read");
    struct rf_link_conf conf = {.tls = w.client_tls};
    struct end second = {0};
    struct end keep = w.client;
    dial_conf(&w, conf); /* still connecting */
    second.link = w.client.link;
    rf_link_set_owner(second.link, &second);
    w.client = keep;
    rf_link_forget(second.link); /* still to be freed */
    finish(&w);
    assert_int_equal(w.client.closed + w.server.closed + second.closed, 0);
}

/* The heap of many links is given back some seconds after they left, once. */
static void the_heap_after_a_mass_disconnect(void **state)
{
    struct world w;
    struct rf_link *link[260];
    begin_plain(&w);
    struct rf_link_conf conf = {.calls = &client_calls, .arg = &w};
    for (int i = 0; i < 260; i++) {
        assert_err(rf_link_connect(w.loop, &conf, "127.0.0.1", rf_listener_port(w.listener),
                                   &link[i], NULL),
                   RF_OK);
        rf_link_set_owner(link[i], &w.client);
    }
    for (int i = 0; i < 259; i++)
        rf_link_forget(link[i]);
    turn_some(&w);
    uint32_t peak = w.loop->links_peak;
    assert_true(peak >= 260);
    assert_true(w.loop->trim != 0);
    rf_clock_fake_advance(&w.clock, 4999);
    turn_some(&w);
    assert_int_equal(w.loop->links_peak, peak);
    rf_clock_fake_advance(&w.clock, 1);
    turn_some(&w);
    assert_true(w.loop->links_peak < 130);
    assert_true(w.loop->trim == 0);
    rf_link_forget(link[259]);
    turn_some(&w);
    assert_true(w.loop->trim == 0);
    finish(&w);
}

/* ---- connecting ---- */

static void nobody_there(void **state)
{
    struct world w;
    struct rf_why why = {0};
    struct rf_link *link = NULL;
    begin_plain(&w);
    uint16_t port = rf_listener_port(w.listener);
    rf_listener_close(rf_steal(&w.listener));
    struct rf_link_conf conf = {0};
    dial_port(&w, conf, port);
    assert_int_equal(w.client.closed, 0);
    turn_until(&w, w.client.closed == 1);
    assert_string_equal(w.client.code, "connect-refused");
    assert_int_equal(w.client.opened, 0);
    conf.calls = &client_calls;
    assert_refused(rf_link_connect(w.loop, &conf, "ccm.example", port, &link, &why), RF_ERR_BAD,
                   why, "address-bad");
    finish(&w);
}

static void a_link_comes_from_the_address_that_is_asked_for(void **state)
{
    struct world w;
    struct rf_link *other = NULL;
    struct rf_why why = {0};
    char host[RF_ADDRESS_TEXT_MAX];
    begin_plain(&w);
    struct rf_link_conf conf = {.calls = &client_calls, .arg = &w, .local = "127.7.7.7"};
    uint16_t port = rf_listener_port(w.listener);
    assert_err(rf_link_connect(w.loop, &conf, "127.0.0.1", port, &w.client.link, NULL), RF_OK);
    rf_link_set_owner(w.client.link, &w.client);
    both_open(&w);
    rf_address_host(&rf_link_peer(w.server.link)->address, host, sizeof host);
    assert_string_equal(host, "127.7.7.7");
    conf.local = "192.0.2.1";
    assert_refused(rf_link_connect(w.loop, &conf, "127.0.0.1", port, &other, &why), RF_ERR_IO, why,
                   "local-address");
    finish(&w);
}

static void peers_know_each_others_addresses(void **state)
{
    struct world w;
    struct rf_link_conf link = {0};
    open_kind(&w, false, &link);
    const struct rf_peer *at_server = rf_link_peer(w.server.link);
    const struct rf_peer *at_client = rf_link_peer(w.client.link);
    assert_true(rf_address_same(&at_server->address, &at_client->local));
    assert_int_equal(at_server->local.len, 0);
    assert_string_equal(at_server->host, "127.0.0.1");
    assert_int_equal(rf_address_port(&at_client->address), rf_listener_port(w.listener));
    assert_false(at_server->has_tls || at_server->is_encrypted);
    assert_null(at_server->cert);
    assert_ptr_equal(rf_link_loop(w.server.link), w.loop);
    finish(&w);
}

/* ---- deadlines ---- */

static void a_silent_peer_is_not_waited_for(void **state)
{
    struct world w;
    struct rf_link_conf link = {.handshake_ms = 3000};
    begin_kind(&w, true, &link);
    int fd = tcp_to(rf_listener_port(w.listener));
    turn_some(&w);
    rf_clock_fake_advance(&w.clock, 1500);
    assert_int_equal(send(fd, "\x16\x03\x01\x01", 4, 0), 4); /* a few bytes win no time */
    turn_some(&w);
    assert_sleeps(&w);
    rf_clock_fake_advance(&w.clock, 1499);
    turn_some(&w);
    assert_int_equal(w.server.closed, 0);
    rf_clock_fake_advance(&w.clock, 1);
    turn_until(&w, w.server.closed == 1);
    assert_string_equal(w.server.code, "handshake-timeout");
    assert_int_equal(w.server.opened, 0);
    close(fd);
    dial(&w); /* others are not touched by it */
    turn_until(&w, w.server.opened == 1);
    finish(&w);
}

static void a_server_that_does_not_answer(void **state)
{
    struct world w;
    struct proxy p;
    begin_tls(&w);
    proxy_begin(&p, w.loop, rf_listener_port(w.listener));
    p.holds = true;
    struct rf_link_conf conf = {.tls = w.client_tls};
    dial_port(&w, conf, p.port);
    turn_some(&w);
    rf_clock_fake_advance(&w.clock, RF_LINK_HANDSHAKE_DEFAULT - 1);
    turn_some(&w);
    assert_int_equal(w.client.closed, 0);
    rf_clock_fake_advance(&w.clock, 1);
    turn_until(&w, w.client.closed == 1);
    assert_string_equal(w.client.code, "handshake-timeout");
    proxy_end(&p);
    finish(&w);
}

static void a_connection_that_is_not_made(void **state)
{
    /* A full accept queue: the kernel leaves the next one in the dark. */
    struct world w;
    begin_plain(&w);
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof at;
    int queue[4];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len) | listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    for (int i = 0; i < 4; i++) {
        queue[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(queue[i], (struct sockaddr *)&at, len);
    }
    struct rf_link_conf conf = {.handshake_ms = 700};
    dial_port(&w, conf, ntohs(at.sin_port));
    assert_sleeps(&w);
    assert_int_equal(w.client.opened + w.client.closed, 0);
    rf_clock_fake_advance(&w.clock, 700);
    turn_until(&w, w.client.closed == 1);
    assert_string_equal(w.client.code, "handshake-timeout");
    for (int i = 0; i < 4; i++)
        close(queue[i]);
    close(fd);
    finish(&w);
}

static void an_idle_link_is_closed(void **state)
{
    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        struct world w;
        struct rf_link_conf link = {.idle_ms = 60000};
        open_kind(&w, has_tls, &link);
        for (int i = 0; i < 3; i++) { /* each message starts the time anew */
            rf_clock_fake_advance(&w.clock, 59999);
            turn_some(&w);
            say(&w.client, "x");
            turn_until(&w, w.server.got.len == (size_t)i + 1);
        }
        assert_err(rf_link_write(w.server.link, rf_slice_str("our own words do not")), RF_OK);
        turn_some(&w);
        assert_int_equal(w.server.closed, 0);
        rf_clock_fake_advance(&w.clock, 60000);
        both_closed(&w);
        assert_string_equal(w.server.code, "idle-timeout");
        assert_string_equal(w.client.code, "end");
        finish(&w);
    }
}

/* A storm of short links would otherwise leave ten seconds' worth of them behind. */
static void an_ended_link_leaves_no_timer(void **state)
{
    struct world w;
    begin_plain(&w);
    dial_conf(&w, (struct rf_link_conf){.idle_ms = 1000});
    both_open(&w);
    assert_true(rf_timers_wait_ms(rf_loop_timers(w.loop)) > 0);
    rf_link_close(w.client.link);
    both_closed(&w);
    turn_some(&w);
    assert_int_equal(rf_timers_wait_ms(rf_loop_timers(w.loop)), -1);
    finish(&w);
}

static void a_close_is_not_waited_for_for_ever(void **state)
{
    static const uint8_t big[8 * 1024 * 1024];
    for (int i = 0; i < 4; i++) {
        struct world w;
        struct rf_link_conf link = {.output_max = sizeof big};
        struct rf_why why = {.code = "said-enough"};
        open_kind(&w, i % 2, &link);
        rf_link_pause(w.client.link);
        turn_some(&w);
        assert_err(rf_link_write(w.server.link, rf_slice_of(big, sizeof big)), RF_OK);
        rf_link_close_why(w.server.link, i / 2 ? &why : NULL);
        assert_sleeps(&w);
        rf_clock_fake_advance(&w.clock, RF_LINK_CLOSE_MS - 1);
        turn_some(&w);
        assert_int_equal(w.server.closed, 0);
        rf_clock_fake_advance(&w.clock, 1);
        turn_until(&w, w.server.closed == 1);
        assert_string_equal(w.server.code, i / 2 ? "said-enough" : "close-timeout");
        finish(&w);
    }
}

static void a_close_may_have_more_time(void **state)
{
    static const uint8_t big[8 * 1024 * 1024];
    struct world w;
    struct rf_link_conf link = {.output_max = sizeof big, .close_ms = 60000};
    open_kind(&w, false, &link);
    rf_link_pause(w.client.link);
    turn_some(&w);
    assert_err(rf_link_write(w.server.link, rf_slice_of(big, sizeof big)), RF_OK);
    rf_link_close(w.server.link);
    assert_sleeps(&w);
    rf_clock_fake_advance(&w.clock, 59999);
    turn_some(&w);
    assert_int_equal(w.server.closed, 0);
    rf_link_resume(w.client.link);
    turn_until(&w, w.client.got.len == sizeof big);
    assert_string_equal(w.server.code, "closed-here");
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_left_come_again_in_front),
        cmocka_unit_test(nothing_waits_for_more),
        cmocka_unit_test(input_has_its_limit),
        cmocka_unit_test(a_paused_link_is_not_read),
        cmocka_unit_test(a_pause_before_the_first_byte),
        cmocka_unit_test(what_comes_in_a_pause_is_told_once),
        cmocka_unit_test(a_full_but_paused_input_is_no_fault),
        cmocka_unit_test(a_storm_of_handshakes_lets_others_through),
        cmocka_unit_test(a_peer_that_does_not_read),
        cmocka_unit_test(a_refused_write_is_told_when_there_is_room),
        cmocka_unit_test(what_has_left_and_what_has_arrived),
        cmocka_unit_test(messages_of_one_turn_share_a_record),
        cmocka_unit_test(closing_sends_what_is_queued_first),
        cmocka_unit_test(a_refusal_takes_its_reason_along),
        cmocka_unit_test(ends_before_the_beginning),
        cmocka_unit_test(a_forgotten_link_is_silent),
        cmocka_unit_test(closed_in_its_own_callbacks),
        cmocka_unit_test(one_ends_another),
        cmocka_unit_test(anything_may_be_called_in_on_close),
        cmocka_unit_test(a_stale_handle_finds_nothing),
        cmocka_unit_test(resets_are_named),
        cmocka_unit_test(dropped_with_the_loop),
        cmocka_unit_test(the_heap_after_a_mass_disconnect),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(a_link_comes_from_the_address_that_is_asked_for),
        cmocka_unit_test(peers_know_each_others_addresses),
        cmocka_unit_test(a_silent_peer_is_not_waited_for),
        cmocka_unit_test(a_server_that_does_not_answer),
        cmocka_unit_test(a_connection_that_is_not_made),
        cmocka_unit_test(an_idle_link_is_closed),
        cmocka_unit_test(an_ended_link_leaves_no_timer),
        cmocka_unit_test(a_close_is_not_waited_for_for_ever),
        cmocka_unit_test(a_close_may_have_more_time),
    };
    return cmocka_run_group_tests(tests, pki_make, pki_drop);
}
