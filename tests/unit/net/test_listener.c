/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a listener, links spread over workers, and speaking to a link from another thread. */
#include "proxy.h"

#include "base/metrics.h"
#include "net/workers.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/resource.h>

static void listen_limited(struct world *w, bool has_tls, uint32_t links_max, uint32_t per_address)
{
    if (has_tls)
        begin_tls(w);
    else
        begin_plain(w);
    rf_listener_close(w->listener);
    struct rf_listener_conf conf = {
        .name = "limited",
        .address = "127.0.0.1",
        .link = {.calls = &server_calls, .arg = w, .tls = w->server_tls, .handshake_ms = 3000},
        .links_max = links_max,
        .handshakes_per_address = per_address};
    assert_err(rf_listener_open(w->loop, &conf, &w->listener, NULL), RF_OK);
}

/* From an address of the loopback network. */
static int tcp_from(struct world *w, const char *host)
{
    struct rf_address from;
    struct sockaddr_in to = loopback(rf_listener_port(w->listener));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_err(rf_address_parse(host, 0, &from, NULL), RF_OK);
    assert_int_equal(bind(fd, (struct sockaddr *)&from.sa, from.len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static bool is_closed(struct world *w, int fd)
{
    char c;
    for (int i = 0; i < 4; i++) /* on the loopback it is there at once */
        rf_loop_turn(w->loop, 0);
    return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static uint64_t refused(void)
{
    return rf_metric_get(RF_METRIC_LINKS_REFUSED);
}

static void so_many_links_and_no_more(void **state)
{
    struct world w;
    listen_limited(&w, false, 2, 0);
    uint64_t before = refused();
    int a = tcp_from(&w, "127.0.0.1");
    int b = tcp_from(&w, "127.0.0.1");
    turn_until(&w, w.accepted == 2);
    struct rf_link *second = w.server.link;
    int c = tcp_from(&w, "127.0.0.1");
    assert_true(is_closed(&w, c));
    assert_true(refused() - before == 1);
    assert_int_equal(w.accepted, 2);
    rf_link_abort(second, NULL);
    turn_some(&w);
    int d = tcp_from(&w, "127.0.0.1");
    turn_until(&w, w.accepted == 3);
    assert_false(is_closed(&w, d));
    assert_false(is_closed(&w, a));
    close(a), close(b), close(c), close(d);
    finish(&w);
}

static void half_open_handshakes_are_few_per_address_sec_52a(void **state)
{
    struct world w;
    listen_limited(&w, true, 0, 4);
    dial(&w);
    both_open(&w); /* a phone that is there already */
    uint64_t before = refused();
    int silent[100];
    for (int i = 0; i < 100; i++)
        silent[i] = tcp_from(&w, "127.0.0.66");
    for (int i = 0; i < 100; i++)
        assert_int_equal(is_closed(&w, silent[i]), i >= 4);
    assert_true(refused() - before == 96);
    assert_err(rf_link_write(w.client.link, rf_slice_str("still")), RF_OK);
    turn_until(&w, w.server.got.len == 5);
    rf_link_close(w.client.link);
    both_closed(&w);
    again(&w); /* and a new one gets in at once */
    both_open(&w);
    /* Those that were too late made room for their address. */
    rf_clock_fake_advance(&w.clock, 3000);
    for (int i = 0; i < 4; i++)
        turn_until(&w, is_closed(&w, silent[i]));
    int next = tcp_from(&w, "127.0.0.66");
    assert_false(is_closed(&w, next));
    close(next);
    for (int i = 0; i < 100; i++)
        close(silent[i]);
    finish(&w);
}

static void open_links_do_not_count_as_handshakes(void **state)
{
    struct world w;
    listen_limited(&w, true, 0, 1);
    for (int i = 0; i < 5; i++) {
        end_reset(&w.client);
        dial(&w);
        turn_until(&w, w.accepted == (unsigned)i + 1);
    }
    int silent = tcp_from(&w, "127.0.0.1");
    assert_false(is_closed(&w, silent));
    int more = tcp_from(&w, "127.0.0.1");
    assert_true(is_closed(&w, more));
    int other = tcp_from(&w, "127.0.0.2");
    assert_false(is_closed(&w, other));
    close(silent);
    turn_until(&w, w.server.closed == 1); /* left in mid-handshake: its place is free */
    int again_one = tcp_from(&w, "127.0.0.1");
    assert_false(is_closed(&w, again_one));
    close(more), close(other), close(again_one);
    finish(&w);
}

static void open_links_count_where_that_is_wanted_sec_52a(void **state)
{
    struct world w;
    begin_plain(&w);
    rf_listener_close(w.listener);
    struct rf_listener_conf conf = {.name = "limited",
                                    .address = "127.0.0.1",
                                    .link = {.calls = &server_calls, .arg = &w},
                                    .links_per_address = 2};
    assert_err(rf_listener_open(w.loop, &conf, &w.listener, NULL), RF_OK);
    int a = tcp_from(&w, "127.0.0.1");
    int b = tcp_from(&w, "127.0.0.1");
    turn_until(&w, w.accepted == 2);
    struct rf_link *second = w.server.link;
    int c = tcp_from(&w, "127.0.0.1");
    assert_true(is_closed(&w, c));
    int other = tcp_from(&w, "127.0.0.2");
    assert_false(is_closed(&w, other));
    rf_link_abort(second, NULL);
    turn_some(&w);
    int d = tcp_from(&w, "127.0.0.1");
    assert_false(is_closed(&w, d));
    assert_false(is_closed(&w, a));
    close(a), close(b), close(c), close(d), close(other);
    finish(&w);
}

static void many_addresses_at_once(void **state)
{
    struct world w;
    listen_limited(&w, true, 0, 1);
    int silent[200];
    for (int i = 0; i < 200; i++) {
        char host[16];
        snprintf(host, sizeof host, "127.1.%d.%d", i / 100, i % 100 + 1);
        silent[i] = tcp_from(&w, host);
        rf_loop_turn(w.loop, 1);
    }
    for (int i = 0; i < 200; i++)
        assert_false(is_closed(&w, silent[i]));
    for (int i = 0; i < 200; i++)
        close(silent[i]);
    finish(&w);
}

static void no_descriptors_left(void **state)
{
    struct world w;
    struct rlimit limit;
    struct rlimit tight;
    listen_limited(&w, false, 0, 0);
    int a = tcp_from(&w, "127.0.0.1");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int highest = dup(a);
    tight = limit;
    tight.rlim_cur = (rlim_t)highest;
    close(highest);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    assert_sleeps(&w); /* it does not ask the kernel again and again */
    assert_int_equal(w.accepted, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    rf_clock_fake_advance(&w.clock, 100);
    turn_until(&w, w.accepted == 1);
    close(a);
    finish(&w);
}

static void closing_a_listener_leaves_its_links(void **state)
{
    struct world w;
    begin_tls(&w);
    dial(&w);
    both_open(&w);
    struct rf_listener *second = NULL;
    struct rf_why why = {0};
    struct rf_listener_conf conf = {.name = "second",
                                    .address = "127.0.0.1",
                                    .port = rf_listener_port(w.listener),
                                    .link = {.calls = &server_calls}};
    assert_refused(rf_listener_open(w.loop, &conf, &second, &why), RF_ERR_IO, why, "port-in-use");
    rf_listener_close(rf_steal(&w.listener));
    rf_listener_close(NULL);
    assert_err(rf_link_write(w.client.link, rf_slice_str("still")), RF_OK);
    turn_until(&w, w.server.got.len == 5);
    assert_err(rf_listener_open(w.loop, &conf, &second, NULL), RF_OK); /* the port is free */
    rf_listener_close(second);
    conf.address = "ccm.example";
    why = (struct rf_why){0};
    assert_refused(rf_listener_open(w.loop, &conf, &second, &why), RF_ERR_BAD, why, "address-bad");
    finish(&w);
}

/* ---- workers ---- */

#define WORKERS 3

/* What the workers' links tell the test's thread. */
struct spread {
    struct world w;
    struct rf_workers *workers;
    struct rf_mailbox *news;
    unsigned opened;
    unsigned opened_on[WORKERS];
    unsigned closed;
    struct rf_link_ref ref[32];
    char code[RF_WHY_CODE_MAX];
    unsigned bytes;
};

struct news {
    struct rf_msg msg;
    struct rf_link_ref ref;
    bool is_open;
    char code[RF_WHY_CODE_MAX];
};

static void news_run(struct rf_msg *msg, void *reader)
{
    struct news *n = (struct news *)msg;
    struct spread *s = reader;
    if (s != NULL && n->is_open) {
        s->ref[s->opened++] = n->ref;
        s->opened_on[n->ref.worker]++;
    } else if (s != NULL) {
        s->closed++;
        snprintf(s->code, sizeof s->code, "%s", n->code);
    }
    rf_free(n);
}

static void tell(struct rf_link *link, bool is_open, const char *code)
{
    struct spread *s = rf_link_arg(link);
    struct news *n = rf_new(struct news);
    *n = (struct news){.msg = {.run = news_run}, .ref = rf_link_ref(link), .is_open = is_open};
    snprintf(n->code, sizeof n->code, "%s", code);
    rf_mailbox_post_answer(s->news, &n->msg);
}

static void worker_open(struct rf_link *link, const struct rf_peer *peer)
{
    tell(link, true, "");
}

static size_t worker_data(struct rf_link *link, struct rf_slice data)
{
    assert_err(rf_link_write(link, data), RF_OK); /* an echo */
    return data.len;
}

static void worker_close(struct rf_link *link, const struct rf_why *why)
{
    tell(link, false, why->code);
}

static const struct rf_link_calls worker_calls = {
    .on_open = worker_open, .on_data = worker_data, .on_close = worker_close};

static void spread_begin(struct spread *s)
{
    memset(s, 0, sizeof *s);
    begin_tls(&s->w);
    rf_listener_close(s->w.listener);
    s->workers = rf_workers_new(WORKERS, rf_clock_real());
    assert_int_equal(rf_workers_n(s->workers), WORKERS);
    s->news = rf_mailbox_new("news", 1000);
    struct rf_listener_conf conf = {
        .name = "workers",
        .address = "127.0.0.1",
        .link = {.calls = &worker_calls, .arg = s, .tls = s->w.server_tls}};
    assert_err(rf_listener_open_on_workers(s->workers, &conf, &s->w.listener, NULL), RF_OK);
}

static void spread_end(struct spread *s)
{
    rf_listener_close(rf_steal(&s->w.listener));
    rf_workers_free(s->workers);
    rf_mailbox_free(s->news);
    finish(&s->w);
}

#define spread_until(s, cond)                                                                      \
    do {                                                                                           \
        rf_mailbox_run((s)->news, (s));                                                            \
        turn_until(&(s)->w, (rf_mailbox_run((s)->news, (s)), (cond)));                             \
    } while (0)

static void links_are_spread_in_turn(void **state)
{
    struct spread s;
    struct end client[12];
    spread_begin(&s);
    for (unsigned i = 0; i < 12; i++) {
        dial(&s.w);
        client[i] = (struct end){0};
        end_reset(&client[i]);
        client[i].link = s.w.client.link;
        rf_link_set_owner(client[i].link, &client[i]);
        spread_until(&s, s.opened == i + 1 && client[i].opened == 1);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(s.opened_on[i], 4);
    for (unsigned i = 0; i < 12; i++)
        assert_err(rf_link_write(client[i].link, rf_slice_str("echo")), RF_OK);
    for (unsigned i = 0; i < 12; i++)
        spread_until(&s, client[i].got.len == 4);
    /* And from this thread, by their refs; two in order. */
    for (unsigned i = 0; i < 12; i++) {
        assert_err(rf_workers_send(s.workers, s.ref[i], rf_slice_str(" one")), RF_OK);
        assert_err(rf_workers_send(s.workers, s.ref[i], rf_slice_str(" two")), RF_OK);
    }
    for (unsigned i = 0; i < 12; i++) {
        spread_until(&s, client[i].got.len == 12);
        assert_slice_str(rf_buf_slice(&client[i].got), "echo one two");
        rf_link_forget(client[i].link);
        rf_buf_fini(&client[i].got);
    }
    spread_until(&s, s.closed == 12);
    assert_string_equal(s.code, "end");
    spread_end(&s);
}

/* Another key is shown to who comes then; who is there notices nothing. */
static void another_certificate_is_for_links_that_come(void **state)
{
    struct spread s;
    struct end first;
    struct rf_tls *other = NULL;
    struct rf_tls_conf conf = {.name = "other",
                               .profile = RF_TLS_MODERN,
                               .cert = pki.server_rsa.cert,
                               .key = pki.server_rsa.key,
                               .ask = RF_TLS_NO_ASK};
    spread_begin(&s);
    dial(&s.w);
    spread_until(&s, s.opened == 1 && s.w.client.opened == 1);
    assert_string_equal(s.w.at_client.leaf, rf_cert_fingerprint(pki.server.cert));
    first = s.w.client;
    rf_link_set_owner(first.link, &first);
    s.w.client = (struct end){0};
    end_reset(&s.w.client);
    assert_err(rf_tls_server_new(&conf, &other, NULL), RF_OK);
    rf_listener_set_tls(s.w.listener, other);
    rf_tls_free(other); /* the listener has a reference of its own */
    for (unsigned i = 0; i < WORKERS; i++) {
        dial(&s.w);
        spread_until(&s, s.opened == 2 + i && s.w.client.opened == 1 + i);
        assert_string_equal(s.w.at_client.leaf, rf_cert_fingerprint(pki.server_rsa.cert));
        rf_link_forget(rf_steal(&s.w.client.link));
    }
    assert_err(rf_link_write(first.link, rf_slice_str("still")), RF_OK);
    spread_until(&s, first.got.len == 5);
    rf_link_forget(first.link);
    rf_buf_fini(&first.got);
    spread_until(&s, s.closed == 1 + WORKERS);
    spread_end(&s);
}

static void closing_by_ref_sends_first(void **state)
{
    for (int has_why = 0; has_why <= 1; has_why++) {
        struct spread s;
        struct rf_why why = {.code = "device-removed"};
        spread_begin(&s);
        dial(&s.w);
        spread_until(&s, s.opened == 1 && s.w.client.opened == 1);
        assert_err(rf_workers_send(s.workers, s.ref[0], rf_slice_str("reset")), RF_OK);
        rf_workers_close(s.workers, s.ref[0], has_why ? &why : NULL);
        spread_until(&s, s.closed == 1 && s.w.client.closed == 1);
        assert_string_equal(s.code, has_why ? "device-removed" : "closed-here");
        assert_slice_str(rf_buf_slice(&s.w.client.got), "reset");
        /* A ref whose link is gone finds nothing, nor another link in its place. */
        again(&s.w);
        spread_until(&s, s.opened == 2 && s.w.client.opened == 1);
        for (uint32_t i = 0; i < WORKERS; i++) {
            struct rf_link_ref stale = {.worker = i, .handle = s.ref[0].handle};
            if (i == s.ref[1].worker && stale.handle == s.ref[1].handle)
                continue;
            assert_err(rf_workers_send(s.workers, stale, rf_slice_str("stale")), RF_OK);
            rf_workers_close(s.workers, stale, NULL);
        }
        assert_err(rf_workers_send(s.workers, s.ref[1], rf_slice_str("fresh")), RF_OK);
        spread_until(&s, s.w.client.got.len > 0);
        assert_slice_str(rf_buf_slice(&s.w.client.got), "fresh");
        spread_end(&s);
    }
}

static void who_does_not_read_is_cut(void **state)
{
    struct spread s;
    static const uint8_t chunk[RF_LINK_OUTPUT_DEFAULT + 1];
    spread_begin(&s);
    dial(&s.w);
    spread_until(&s, s.opened == 1 && s.w.client.opened == 1);
    assert_err(rf_workers_send(s.workers, s.ref[0], rf_slice_of(chunk, sizeof chunk)),
               RF_ERR_LIMIT); /* more than ever fits */
    rf_link_pause(s.w.client.link);
    for (int i = 0; i < 200 && s.closed == 0; i++) {
        assert_err(rf_workers_send(s.workers, s.ref[0], rf_slice_of(chunk, sizeof chunk - 1)),
                   RF_OK);
        rf_loop_turn(s.w.loop, 1);
        rf_mailbox_run(s.news, &s);
    }
    spread_until(&s, s.closed == 1);
    assert_string_equal(s.code, "output-full");
    spread_end(&s);
}

/* ---- a worker that is behind ---- */

struct block_msg {
    struct rf_msg msg;
    sem_t reached;
    sem_t go_on;
};

static void block_run(struct rf_msg *msg, void *reader)
{
    struct block_msg *b = (struct block_msg *)msg;
    sem_post(&b->reached);
    sem_wait(&b->go_on);
}

struct count_msg {
    struct rf_msg msg;
    atomic_uint *ran;
    atomic_uint *released;
    struct rf_loop *want;
};

static void count_run(struct rf_msg *msg, void *reader)
{
    struct count_msg *c = (struct count_msg *)msg;
    atomic_fetch_add(reader == c->want ? c->ran : c->released, 1);
    rf_free(c);
}

static struct count_msg *count_new(struct rf_workers *workers, atomic_uint *ran,
                                   atomic_uint *released)
{
    struct count_msg *c = rf_new(struct count_msg);
    *c = (struct count_msg){.msg = {.run = count_run},
                            .ran = ran,
                            .released = released,
                            .want = rf_workers_loop(workers, 1)};
    return c;
}

static void a_worker_that_is_behind_refuses(void **state)
{
    struct rf_workers *workers = rf_workers_new(2, rf_clock_real());
    struct block_msg block = {.msg = {.run = block_run}};
    atomic_uint ran = 0;
    atomic_uint released = 0;
    sem_init(&block.reached, 0, 0);
    sem_init(&block.go_on, 0, 0);
    assert_err(rf_workers_post(workers, 1, &block.msg), RF_OK);
    sem_wait(&block.reached);
    uint64_t before = rf_metric_get(RF_METRIC_MAILBOX_FULL);
    for (unsigned i = 0; i < RF_WORKERS_MAILBOX; i++)
        assert_err(rf_workers_post(workers, 1, &count_new(workers, &ran, &released)->msg), RF_OK);
    struct count_msg *more = count_new(workers, &ran, &released);
    assert_err(rf_workers_post(workers, 1, &more->msg), RF_ERR_AGAIN);
    rf_free(more); /* ours still */
    struct rf_link_ref nobody = {.worker = 1, .handle = 77};
    assert_err(rf_workers_send(workers, nobody, rf_slice_str("x")), RF_ERR_AGAIN);
    rf_workers_close(workers, nobody, NULL); /* never refused */
    assert_true(rf_metric_get(RF_METRIC_MAILBOX_FULL) - before == 2);
    sem_post(&block.go_on);
    rf_workers_free(workers); /* what came before the end is still run */
    assert_int_equal(ran, RF_WORKERS_MAILBOX);
    assert_int_equal(released, 0);
}

/* A message that posts another one while the workers end: it is released, not run. */
struct late_msg {
    struct rf_msg msg;
    struct rf_workers *workers;
    atomic_uint *ran;
    atomic_uint *released;
};

static void late_run(struct rf_msg *msg, void *reader)
{
    struct late_msg *l = (struct late_msg *)msg;
    struct count_msg *c = count_new(l->workers, l->ran, l->released);
    rf_loop_stop(reader);
    assert_err(rf_workers_post(l->workers, 1, &c->msg), RF_OK);
    rf_free(l);
}

static void what_comes_after_the_end_is_released(void **state)
{
    struct rf_workers *workers = rf_workers_new(2, rf_clock_real());
    atomic_uint ran = 0;
    atomic_uint released = 0;
    struct late_msg *l = rf_new(struct late_msg);
    *l = (struct late_msg){
        .msg = {.run = late_run}, .workers = workers, .ran = &ran, .released = &released};
    assert_err(rf_workers_post(workers, 1, &l->msg), RF_OK);
    rf_workers_free(workers);
    assert_int_equal(ran + released, 1);
}

static void dropped_with_the_workers(void **state)
{
    struct spread s;
    spread_begin(&s);
    for (unsigned i = 0; i < 5; i++) {
        end_reset(&s.w.client);
        dial(&s.w);
        spread_until(&s, s.opened == i + 1);
    }
    spread_end(&s);
    assert_int_equal(s.closed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_links_and_no_more),
        cmocka_unit_test(half_open_handshakes_are_few_per_address_sec_52a),
        cmocka_unit_test(open_links_do_not_count_as_handshakes),
        cmocka_unit_test(open_links_count_where_that_is_wanted_sec_52a),
        cmocka_unit_test(many_addresses_at_once),
        cmocka_unit_test(no_descriptors_left),
        cmocka_unit_test(closing_a_listener_leaves_its_links),
        cmocka_unit_test(links_are_spread_in_turn),
        cmocka_unit_test(another_certificate_is_for_links_that_come),
        cmocka_unit_test(closing_by_ref_sends_first),
        cmocka_unit_test(who_does_not_read_is_cut),
        cmocka_unit_test(a_worker_that_is_behind_refuses),
        cmocka_unit_test(what_comes_after_the_end_is_released),
        cmocka_unit_test(dropped_with_the_workers),
    };
    return cmocka_run_group_tests(tests, pki_make, pki_drop);
}
