/* SPDX-License-Identifier: Apache-2.0 */
/* The joint between I/O workers and the call-control thread, with links and workers played by this
 * file: what becomes of bytes in pieces, of full mailboxes, of pauses and of broken streams. */
#include "log_lines.h"

#include "base/mem.h"
#include "service/sccp/sccp_link.h"

/* ---- the pretend link, its loop and its worker: one of each ---- */

struct rf_link {
    void *arg;
    void *owner;
    struct rf_peer peer;
    bool is_gone;
    unsigned paused;
    unsigned resumed;
    char aborted[RF_WHY_CODE_MAX];
    uint8_t written[4096];
    size_t written_len;
    enum rf_err write_err;
};
struct rf_loop {
    const struct rf_clock *clock;
    struct rf_timers *timers;
};

static struct rf_link the_link;
static struct rf_loop the_loop;
static struct rf_msg *posted; /* to the worker */
static bool worker_full;
static char closed[RF_WHY_TEXT_MAX];

void *rf_link_arg(const struct rf_link *link)
{
    return link->arg;
}
void *rf_link_owner(const struct rf_link *link)
{
    return link->owner;
}
void rf_link_set_owner(struct rf_link *link, void *owner)
{
    link->owner = owner;
}
const struct rf_peer *rf_link_peer(const struct rf_link *link)
{
    return &link->peer;
}
struct rf_loop *rf_link_loop(const struct rf_link *link)
{
    return &the_loop;
}
void rf_loop_wake_later(struct rf_loop *loop, struct rf_mailbox *mailbox)
{
    rf_mailbox_wake(mailbox);
}

const struct rf_clock *rf_loop_clock(const struct rf_loop *loop)
{
    return loop->clock;
}
struct rf_timers *rf_loop_timers(struct rf_loop *loop)
{
    return loop->timers;
}
struct rf_link_ref rf_link_ref(const struct rf_link *link)
{
    return (struct rf_link_ref){.worker = 3, .handle = 77};
}
struct rf_link *rf_link_find(struct rf_loop *loop, rf_handle handle)
{
    assert_ptr_equal(loop, &the_loop);
    return handle == 77 && !the_link.is_gone ? &the_link : NULL;
}
enum rf_err rf_link_write(struct rf_link *link, struct rf_slice data)
{
    if (link->write_err != RF_OK)
        return link->write_err;
    assert_true(link->written_len + data.len <= sizeof link->written);
    memcpy(link->written + link->written_len, data.p, data.len);
    link->written_len += data.len;
    return RF_OK;
}
void rf_link_pause(struct rf_link *link)
{
    link->paused++;
}
void rf_link_resume(struct rf_link *link)
{
    link->resumed++;
}
void rf_link_abort(struct rf_link *link, const struct rf_why *why)
{
    snprintf(link->aborted, sizeof link->aborted, "%s", why != NULL ? why->code : "closed-here");
}
enum rf_err rf_workers_post(struct rf_workers *workers, uint32_t i, struct rf_msg *take_msg)
{
    assert_int_equal(i, 3);
    if (worker_full)
        return RF_ERR_AGAIN;
    assert_null(posted);
    posted = take_msg;
    return RF_OK;
}
void rf_workers_close(struct rf_workers *workers, struct rf_link_ref link, const struct rf_why *why)
{
    assert_int_equal(link.handle, 77);
    snprintf(closed, sizeof closed, "%s", why->text);
}

static void worker_runs(void)
{
    struct rf_msg *m = posted;
    posted = NULL;
    assert_non_null(m);
    m->run(m, &the_loop);
}

/* ---- the service behind it ---- */

struct world {
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_mailbox *calls;
    struct rf_sccp_links *links;
    struct rf_sccp_service *svc;
    size_t sent;
    char event[32];
    char text[256];
};

static void svc_send(void *arg, rf_sccp_link_ref link, struct rf_slice bytes, bool has_key)
{
    struct world *w = arg;
    assert_true(link == ((uint64_t)3 << 32 | 77));
    w->sent++;
}

static void svc_close(void *arg, rf_sccp_link_ref link, const char *reason)
{
    struct world *w = arg;
    rf_sccp_links_close(w->links, link, reason);
}

static void svc_event(void *arg, const struct rf_sccp_event *event)
{
    struct world *w = arg;
    snprintf(w->event, sizeof w->event, "%s", event->kind);
    snprintf(w->text, sizeof w->text, "%s", event->text);
}

static const struct rf_sccp_service_ops svc_ops = {
    .send = svc_send, .close = svc_close, .on_event = svc_event};

static void begin(struct world *w, size_t mailbox_limit)
{
    memset(w, 0, sizeof *w);
    memset(&the_link, 0, sizeof the_link);
    worker_full = false;
    closed[0] = '\0';
    rf_clock_fake_init(&w->clock, 1790000000);
    w->timers = rf_timers_new(&w->clock.clock);
    the_loop.timers = w->timers;
    the_loop.clock = &w->clock.clock;
    w->calls = rf_mailbox_new("calls", mailbox_limit);
    w->links = rf_sccp_links_new(NULL, w->calls);
    w->svc = rf_sccp_service_new(&(struct rf_sccp_service_conf){
        .clock = &w->clock.clock, .timers = w->timers, .ops = &svc_ops, .arg = w});
    rf_sccp_links_serve(w->links, w->svc);
    the_link.arg = w->links;
    snprintf(the_link.peer.host, sizeof the_link.peer.host, "192.0.2.7");
}

static void end(struct world *w)
{
    rf_mailbox_free(w->calls);
    rf_sccp_service_free(w->svc);
    rf_sccp_links_free(w->links);
    rf_timers_free(w->timers);
}

static void calls_run(struct world *w)
{
    rf_mailbox_run(w->calls, w);
}

static void passes(struct world *w, uint64_t ms)
{
    rf_clock_fake_advance(&w->clock, ms);
    rf_timers_run(w->timers);
}

/* And is silent for as long as call control waits for a word. */
static void opens(struct world *w)
{
    rf_sccp_link_calls()->on_open(&the_link, &the_link.peer);
    passes(w, 100);
    calls_run(w);
}

/* n keepalives, one behind the other. */
static struct rf_slice keepalives(uint8_t *buf, size_t cap, size_t n)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice all;
    struct rf_sccp_msg m = {.id = RF_SCCP_KEEPALIVE};
    for (size_t i = 0; i < n; i++)
        assert_err(rf_sccp_encode(&m, 0, &wr, NULL), RF_OK);
    assert_err(rf_wr_done(&wr, &all), RF_OK);
    return all;
}

static size_t arrives(struct rf_slice bytes)
{
    return rf_sccp_link_calls()->on_data(&the_link, bytes);
}

static struct rf_sccp_counts counts_of(struct world *w)
{
    struct rf_sccp_counts c;
    rf_sccp_counts(w->svc, &c);
    return c;
}

static uint64_t in_of(struct world *w)
{
    return counts_of(w).in;
}

static void comes_and_goes(void)
{
    struct rf_why why = {.code = "end"};
    rf_sccp_link_calls()->on_open(&the_link, &the_link.peer);
    rf_sccp_link_calls()->on_close(&the_link, &why);
}

static void a_silent_link_is_told_of_a_little_later(void **state)
{
    struct world w;
    struct rf_why why = {.code = "end"};
    begin(&w, 100);
    rf_sccp_link_calls()->on_open(&the_link, &the_link.peer);
    passes(&w, 99);
    assert_false(rf_mailbox_wait(w.calls, 0));
    passes(&w, 1);
    assert_true(rf_mailbox_wait(w.calls, 0));
    calls_run(&w);
    assert_int_equal(counts_of(&w).links, 1);
    rf_sccp_link_calls()->on_close(&the_link, &why);
    calls_run(&w);
    assert_int_equal(counts_of(&w).links, 0);
    end(&w);
}

static void a_link_is_told_of_with_its_first_message(void **state)
{
    struct world w;
    uint8_t buf[256];
    begin(&w, 100);
    rf_sccp_link_calls()->on_open(&the_link, &the_link.peer);
    assert_int_equal(arrives(keepalives(buf, sizeof buf, 1)), 12);
    assert_true(rf_mailbox_wait(w.calls, 0));
    assert_int_equal(rf_mailbox_run(w.calls, &w), 2);
    assert_int_equal(counts_of(&w).links, 1);
    assert_int_equal(in_of(&w), 1);
    passes(&w, 100); /* once is enough */
    assert_int_equal(rf_mailbox_run(w.calls, &w), 0);
    end(&w);
}

/* And half a message is no reason to leave it asleep for ever. */
static void a_link_is_told_of_with_half_a_message(void **state)
{
    struct world w;
    uint8_t buf[256];
    begin(&w, 100);
    rf_sccp_link_calls()->on_open(&the_link, &the_link.peer);
    assert_int_equal(arrives(rf_slice_part(keepalives(buf, sizeof buf, 1), 0, 5)), 0);
    passes(&w, 100);
    assert_true(rf_mailbox_wait(w.calls, 0));
    calls_run(&w);
    assert_int_equal(counts_of(&w).links, 1);
    end(&w);
}

/* A storm of handshakes costs call control nothing, and the log so many lines a minute. */
static void who_says_nothing_never_reaches_call_control(void **state)
{
    struct world w;
    begin(&w, 100);
    FILE *log = log_lines_begin();
    for (int i = 0; i < 700; i++)
        comes_and_goes();
    the_link.is_gone = true;
    passes(&w, 100);
    assert_false(rf_mailbox_wait(w.calls, 0));
    assert_int_equal(rf_mailbox_run(w.calls, &w), 0);
    passes(&w, 60000);
    comes_and_goes();
    log_lines_stop();
    assert_int_equal(log_lines_with(log, "link closed before a word from=192.0.2.7"), 601);
    fclose(log);
    end(&w);
}

static void frames_in_pieces_and_in_heaps(void **state)
{
    struct world w;
    uint8_t buf[1024];
    begin(&w, 100);
    opens(&w);
    struct rf_slice all = keepalives(buf, sizeof buf, 50);
    for (size_t n = 0; n < 12; n++)
        assert_int_equal(arrives(rf_slice_part(all, 0, n)), 0); /* not whole yet: stays there */
    assert_int_equal(arrives(rf_slice_part(all, 0, 12)), 12);
    assert_int_equal(arrives(rf_slice_part(all, 0, 12 * 50 - 1)), 12 * 49);
    calls_run(&w);
    assert_int_equal(in_of(&w), 50);
    assert_int_equal(w.sent, 50);
    end(&w);
}

static void broken_stream_is_cut(void **state)
{
    struct world w;
    begin(&w, 100);
    opens(&w);
    static const uint8_t bad[][12] = {
        {0}, {3}, {0xff, 0xff, 0xff, 0xff}, {0x01, 0x20}, {0x16, 0x03, 0x01, 0x02}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        the_link.aborted[0] = '\0';
        assert_int_equal(arrives(rf_slice_of(bad[i], 12)), 0);
        assert_string_equal(the_link.aborted, "frame-length");
    }
    struct rf_why why = {.code = "frame-length"};
    rf_sccp_link_calls()->on_close(&the_link, &why);
    calls_run(&w);
    assert_int_equal(counts_of(&w).links, 0);
    end(&w);
}

static void full_mailbox_stops_the_reading(void **state)
{
    struct world w;
    uint8_t buf[1024];
    begin(&w, 4);
    opens(&w);
    struct rf_slice all = keepalives(buf, sizeof buf, 6);
    assert_int_equal(arrives(all), 12 * 4);
    assert_int_equal(the_link.paused, 1);
    assert_int_equal(arrives(rf_slice_part(all, 48, SIZE_MAX)), 0); /* blocked: nothing is taken */
    calls_run(&w);
    assert_int_equal(in_of(&w), 4);
    passes(&w, 20);
    assert_int_equal(the_link.resumed, 1);
    assert_int_equal(arrives(rf_slice_part(all, 48, SIZE_MAX)), 24);
    calls_run(&w);
    assert_int_equal(in_of(&w), 6);
    end(&w);
}

/* A flood comes so many at a time that call control can say stop before the next. */
static void many_messages_at_once_wait(void **state)
{
    struct world w;
    uint8_t buf[4096];
    begin(&w, 1000);
    opens(&w);
    struct rf_slice all = keepalives(buf, sizeof buf, 300);
    assert_int_equal(arrives(rf_slice_part(all, 0, 99 * 12)), 99 * 12);
    assert_int_equal(the_link.paused, 0);
    assert_int_equal(arrives(all), 100 * 12);
    assert_int_equal(the_link.paused, 1);
    assert_int_equal(arrives(rf_slice_part(all, 1200, SIZE_MAX)), 0);
    rf_sccp_links_pause(w.links, (uint64_t)3 << 32 | 77, true); /* that was too much */
    worker_runs();
    passes(&w, 20);
    assert_int_equal(the_link.resumed, 0);
    rf_sccp_links_pause(w.links, (uint64_t)3 << 32 | 77, false);
    worker_runs();
    assert_int_equal(the_link.resumed, 1);
    assert_int_equal(arrives(rf_slice_part(all, 1200, SIZE_MAX)), 100 * 12);
    passes(&w, 20);
    assert_int_equal(the_link.resumed, 2); /* and this was not */
    end(&w);
}

static void full_mailbox_refuses_a_new_link(void **state)
{
    struct world w;
    uint8_t buf[256];
    begin(&w, 1);
    opens(&w);
    assert_int_equal(arrives(keepalives(buf, sizeof buf, 1)), 12);
    rf_sccp_link_calls()->on_open(&the_link, &the_link.peer);
    assert_string_equal(the_link.aborted, "");
    assert_int_equal(arrives(keepalives(buf, sizeof buf, 1)), 0);
    assert_string_equal(the_link.aborted, "busy");
    the_link.aborted[0] = '\0';
    rf_sccp_link_calls()->on_open(&the_link, &the_link.peer); /* and one that says nothing */
    passes(&w, 100);
    assert_string_equal(the_link.aborted, "busy");
    end(&w);
}

static void pause_and_full_mailbox_together(void **state)
{
    struct world w;
    uint8_t buf[256];
    begin(&w, 1);
    opens(&w);
    rf_sccp_links_pause(w.links, (uint64_t)3 << 32 | 77, true);
    worker_runs();
    assert_int_equal(the_link.paused, 1);
    assert_int_equal(arrives(keepalives(buf, sizeof buf, 2)), 12); /* what was read already */
    assert_int_equal(the_link.paused, 2);
    passes(&w, 20);
    assert_int_equal(the_link.resumed, 0); /* room again, but still over its rate */
    rf_sccp_links_pause(w.links, (uint64_t)3 << 32 | 77, false);
    worker_runs();
    assert_int_equal(the_link.resumed, 1);
    end(&w);
}

static void frames_go_out(void **state)
{
    struct world w;
    begin(&w, 10);
    opens(&w);
    rf_sccp_link_ref ref = (uint64_t)3 << 32 | 77;
    rf_sccp_links_send(w.links, ref, rf_slice_str("one"), false);
    worker_runs();
    rf_sccp_links_send(w.links, ref, rf_slice_str("two"), true);
    worker_runs();
    assert_int_equal(the_link.written_len, 6);
    assert_memory_equal(the_link.written, "onetwo", 6);
    the_link.is_gone = true; /* a link that is gone: nothing happens */
    rf_sccp_links_send(w.links, ref, rf_slice_str("three"), false);
    worker_runs();
    the_link.is_gone = false;
    the_link.write_err = RF_ERR_LIMIT; /* it does not read */
    rf_sccp_links_send(w.links, ref, rf_slice_str("four"), false);
    worker_runs();
    assert_string_equal(the_link.aborted, "output-full");
    worker_full = true;
    rf_sccp_links_send(w.links, ref, rf_slice_str("five"), true);
    assert_string_equal(closed, "its worker is behind");
    assert_int_equal(the_link.written_len, 6);
    end(&w);
}

static void refused_handshake_is_an_event(void **state)
{
    struct world w;
    begin(&w, 10);
    struct rf_why why = {.code = "tls-no-certificate", .text = "the peer sent none"};
    rf_sccp_link_calls()->on_close(&the_link, &why);
    calls_run(&w);
    assert_string_equal(w.event, "link-refused");
    assert_non_null(strstr(w.text, "code=tls-no-certificate from=192.0.2.7"));
    end(&w);
}

static void messages_left_behind_release_themselves(void **state)
{
    struct world w;
    uint8_t buf[256];
    begin(&w, 10);
    rf_sccp_link_calls()->on_open(&the_link, &the_link.peer);
    assert_int_equal(arrives(keepalives(buf, sizeof buf, 3)), 36);
    struct rf_why why = {.code = "end"};
    rf_sccp_link_calls()->on_close(&the_link, &why);
    end(&w); /* the sanitizer would tell */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_link_is_told_of_a_little_later),
        cmocka_unit_test(a_link_is_told_of_with_its_first_message),
        cmocka_unit_test(a_link_is_told_of_with_half_a_message),
        cmocka_unit_test(who_says_nothing_never_reaches_call_control),
        cmocka_unit_test(frames_in_pieces_and_in_heaps),
        cmocka_unit_test(broken_stream_is_cut),
        cmocka_unit_test(full_mailbox_stops_the_reading),
        cmocka_unit_test(many_messages_at_once_wait),
        cmocka_unit_test(full_mailbox_refuses_a_new_link),
        cmocka_unit_test(pause_and_full_mailbox_together),
        cmocka_unit_test(frames_go_out),
        cmocka_unit_test(refused_handshake_is_an_event),
        cmocka_unit_test(messages_left_behind_release_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
