/* SPDX-License-Identifier: Apache-2.0 */
/* Files by HTTP, with real sockets on the loopback and a clock turned by hand. */
#include "http_world.h"

#include <sys/ioctl.h>

#include "base/text.h"
#include "wire/trustlist/trustlist.h"

static int set_up(void **state)
{
    struct place *place = place_new();
    place_open(place, (struct rf_http_files_conf){0});
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    place_free(*state);
    return 0;
}

/* ---- good requests ---- */

static void a_phone_gets_a_file(void **state)
{
    struct place *place = *state;
    uint64_t requests = rf_metric_get(RF_METRIC_HTTP_REQUESTS);
    uint64_t bytes = rf_metric_get(RF_METRIC_HTTP_BYTES);
    struct rf_slice all = exchange(place, "GET /small.sbn HTTP/1.1\r\nHost:127.0.0.1:6970\r\n\r\n");
    assert_slice_str(all, "HTTP/1.1 200 OK\r\nDate: Fri, 15 Jan 2027 08:00:00 GMT\r\n"
                          "Content-Type: application/octet-stream\r\nContent-Length: 5\r\n"
                          "Cache-Control: no-store\r\nConnection: close\r\n\r\nsmall");
    const struct told *t = wait_told(place, 1);
    assert_true(t->is_complete);
    assert_int_equal(t->via, RF_PROVISION_HTTP);
    assert_string_equal(t->name, "small.sbn");
    assert_string_equal(t->code, "");
    assert_int_equal(t->bytes, 5);
    assert_int_equal(rf_metric_get(RF_METRIC_HTTP_REQUESTS) - requests, 1);
    assert_int_equal(rf_metric_get(RF_METRIC_HTTP_BYTES) - bytes, 5);
    turn_some(place);
    assert_int_equal(rf_http_files_connections(place->s), 0);
}

static void requests_of_many_spellings(void **state)
{
    struct place *place = *state;
    static const char *const good[] = {
        "GET /small.sbn HTTP/1.1\r\n\r\n", /* no Host */
        "GET /small.sbn HTTP/1.0\r\n\r\n",
        "GET /small.sbn HTTP/1.1\nhost: x\n\n",
        "\r\nGET /small.sbn HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET http://x:6970/small.sbn HTTP/1.1\r\n\r\n",
        "GET /small.sbn?x=../y#z HTTP/1.1\r\n\r\n",
        "GET /sm%61ll.sbn HTTP/1.1\r\n\r\n",
        "GET /SMALL.sbn HTTP/1.1\r\n\r\n",
        "GET /small.sbn HTTP/1.1\r\nAccept-Encoding: gzip\r\nRange: bytes=0-1\r\n\r\n",
        "GET /small.sbn HTTP/1.1\r\nConnection: keep-alive, close\r\n\r\n",
        "GET /small.sbn HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct rf_slice all = exchange(place, good[i]);
        assert_true(rf_slice_starts_with(all, "HTTP/1.1 200 OK\r\n"));
        assert_slice_str(body_of(all), "small");
        assert_true(has(all, "\r\nConnection: close\r\n"));
    }
}

static void a_head_has_the_length_and_no_body(void **state)
{
    struct place *place = *state;
    struct rf_slice all = exchange(place, "HEAD /small.sbn HTTP/1.1\r\n\r\n");
    assert_true(rf_slice_starts_with(all, "HTTP/1.1 200 OK\r\n"));
    assert_true(has(all, "\r\nContent-Length: 5\r\n"));
    assert_int_equal(body_of(all).len, 0);
    all = exchange(place, "HEAD /none.sbn HTTP/1.1\r\n\r\n");
    assert_true(rf_slice_starts_with(all, "HTTP/1.1 404 "));
    assert_int_equal(body_of(all).len, 0);
    /* It fetched nothing, so nobody is told that it did. */
    assert_string_equal(wait_told(place, 1)->name, "none.sbn");
}

static void a_kept_connection_is_asked_again(void **state)
{
    struct place *place = *state;
    int fd = client_at(place);
    size_t one = 0;
    for (size_t i = 1; i <= 3; i++) {
        say(fd, "GET /small.sbn HTTP/1.1\r\nConnection: Keep-Alive\r\n\r\n");
        for (unsigned turn = 0; turn < 3000 && place->told_n < i; turn++) {
            rf_loop_turn(place->w->loop, 1);
            assert_true(take(place, fd));
        }
        assert_true(wait_told(place, i)->is_complete);
        if (i == 1)
            one = place->got.len;
        assert_int_equal(place->got.len, i * one);
    }
    assert_true(has(rf_buf_slice(&place->got), "\r\nConnection: keep-alive\r\n"));
    /* What is not there does not end it; both answers to requests sent in one go. */
    rf_buf_fini(&place->got);
    say(fd, "GET /none.sbn HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"
            "GET /small.sbn HTTP/1.1\r\n\r\n");
    struct rf_slice all = hear_all(place, fd);
    assert_true(rf_slice_starts_with(all, "HTTP/1.1 404 "));
    assert_true(has(all, "HTTP/1.1 200 OK\r\n"));
    close(fd);
}

/* Kernels of clients do not acknowledge at once: what comes next says it. Nobody turns the clock
 * here, so nothing is asked after a while. */
static void the_next_request_acknowledges_the_answer_before(void **state)
{
    struct place *place = *state;
    int fd = client_at(place);
    int no = 0;
    for (size_t i = 1, one = 0; i <= 5; i++) {
        assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &no, sizeof no), 0);
        say(fd, "GET /small.sbn HTTP/1.1\r\nConnection: keep-alive\r\n\r\n");
        one = place->got.len / (i > 1 ? i - 1 : 1);
        for (unsigned turn = 0; turn < 3000 && place->got.len == one * (i - 1); turn++) {
            rf_loop_turn(place->w->loop, 1);
            assert_true(take(place, fd));
        }
        assert_true(place->told_n >= i - 1);
    }
    /* As does the client's end. */
    close(fd);
    for (unsigned turn = 0; turn < 3000 && rf_http_files_connections(place->s) > 0; turn++)
        rf_loop_turn(place->w->loop, 1);
    assert_int_equal(place->told_n, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(place->told[i].is_complete);
}

/* A connection that ends is not reset under a client that said more than it should have. */
static void an_end_is_an_end_and_no_reset(void **state)
{
    struct place *place = *state;
    static char more[40 * 1024];
    memset(more, 'x', sizeof more - 1);
    for (size_t i = 0; i < 2; i++) {
        int fd = client_at(place);
        uint8_t none;
        say(fd, "GET /small.sbn HTTP/1.1\r\n\r\n");
        say(fd, i == 0 ? "" : more);
        wait_told(place, i + 1);
        assert_true(place->told[i].is_complete);
        turn_some(place);
        assert_true(take(place, fd));
        assert_int_equal(recv(fd, &none, 1, 0), 0);
        close(fd);
    }
}

static void every_kind_of_file_is_served_with_its_type(void **state)
{
    struct place *place = *state;
    static const int roles[] = {RF_TRUSTLIST_ROLE_SAST, RF_TRUSTLIST_ROLE_TFTP, -1};
    world_put_list(place->w, "CTLFile.tlv", roles);
    world_put_list(place->w, "ITLFile.tlv", roles);
    world_add(place->w, "SEP001122334455", RF_STORE_NONSECURE, "");
    static const struct {
        const char *name, *type, *device;
    } rows[] = {
        {"CTLSEP001122334455.tlv", "application/octet-stream", "SEP001122334455"},
        {"ITLFile.tlv", "application/octet-stream", ""},
        {"SEP001122334455.cnf.xml.sgn", "application/octet-stream", "SEP001122334455"},
        {"SEP001122334455.cnf.xml", "text/xml", "SEP001122334455"},
        {"small.sbn", "application/octet-stream", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[160];
        snprintf(text, sizeof text, "GET /%s HTTP/1.1\r\n\r\n", rows[i].name);
        struct rf_slice all = exchange(place, text);
        assert_true(rf_slice_starts_with(all, "HTTP/1.1 200 OK\r\n"));
        snprintf(text, sizeof text, "\r\nContent-Type: %s\r\n", rows[i].type);
        assert_true(has(all, text));
        /* The catalogue says the same to every transport. */
        struct rf_slice body = body_of(all);
        const struct answer *a = world_get(place->w, rows[i].name);
        assert_err(a->err, RF_OK);
        assert_slice_eq(body, rf_content_bytes(a->content));
        assert_string_equal(wait_told(place, i + 1)->device, rows[i].device);
    }
}

static void a_large_file_arrives_whole(void **state)
{
    struct place *place = *state;
    static uint8_t big[9 * 1024 * 1024 + 17];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 31 + (i >> 11));
    world_put(place->w, "images/big.sbn", rf_slice_of(big, sizeof big));
    struct rf_slice all = exchange(place, "GET /big.sbn HTTP/1.1\r\n\r\n");
    assert_slice_eq(body_of(all), rf_slice_of(big, sizeof big));
    assert_int_equal(wait_told(place, 1)->bytes, sizeof big);
    assert_true(place->told[0].is_complete);
}

/* ---- requests that get no file ---- */

static void requests_that_are_refused_sec_120(void **state)
{
    struct place *place = *state;
    char long_target[4200];
    char long_head[9000];
    snprintf(long_target, sizeof long_target, "GET /%04000d HTTP/1.1\r\n\r\n", 0);
    snprintf(long_head, sizeof long_head, "GET /small.sbn HTTP/1.1\r\nA: %08400d", 0);
    world_put(place->w, "images/empty.sbn", rf_slice_str(""));
    const struct {
        const char *text, *status, *code;
    } rows[] = {
        {"POST /small.sbn HTTP/1.1\r\n\r\n", "405 Method", "http-method"},
        {"PUT /small.sbn HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "405 Method", "http-method"},
        {"OPTIONS * HTTP/1.1\r\n\r\n", "405 Method", "http-method"},
        {"get /small.sbn HTTP/1.1\r\n\r\n", "405 Method", "http-method"},
        {"GET /small.sbn HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", "413 ", "http-body"},
        {"GET /small.sbn HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "413 ",
         "http-body"},
        {"GET /small.sbn HTTP/2.0\r\n\r\n", "505 ", "http-version"},
        {"GET /small.sbn\r\n\r\n", "400 ", "http-line"},
        {"nonsense\r\n\r\n", "400 ", "http-line"},
        {"GET /small.sbn HTTP/1.1\r\nHost : x\r\n\r\n", "400 ", "http-field"},
        {"GET small.sbn HTTP/1.1\r\n\r\n", "400 ", "http-target"},
        {"GET /small.sbn%00 HTTP/1.1\r\n\r\n", "400 ", "http-nul"},
        {"GET /%252e%252e/small.sbn HTTP/1.1\r\n\r\n", "400 ", "http-encoded-twice"},
        {long_target, "431 ", "http-target-long"},
        {long_head, "431 ", "http-head-long"},
        {"GET / HTTP/1.1\r\n\r\n", "404 Not Found", "name-empty"},
        {"GET /none.sbn HTTP/1.1\r\n\r\n", "404 Not Found", "file-not-found"},
        {"GET /empty.sbn HTTP/1.1\r\n\r\n", "404 Not Found", "file-empty"},
        {"GET /../images/small.sbn HTTP/1.1\r\n\r\n", "404 Not Found", "name-traversal"},
        {"GET /%2e%2e/ringfence.conf HTTP/1.1\r\n\r\n", "404 Not Found", "name-traversal"},
        {"GET //etc/passwd HTTP/1.1\r\n\r\n", "404 Not Found", NULL},
        {"GET /images/ HTTP/1.1\r\n\r\n", "404 Not Found", NULL},
        {"GET /ConfigFileCacheList.txt HTTP/1.1\r\n\r\n", "404 Not Found", "name-listing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_slice all = exchange(place, rows[i].text);
        char want[64];
        snprintf(want, sizeof want, "HTTP/1.1 %s", rows[i].status);
        if (!rf_slice_starts_with(all, want))
            print_error("%.60s\n", rows[i].text);
        assert_true(rf_slice_starts_with(all, want));
        assert_true(body_of(all).len < 64);
        assert_true(has(all, "\r\nConnection: close\r\n"));
        assert_false(has(all, "\r\nLocation"));
        assert_int_equal(has(all, "\r\nAllow: GET, HEAD\r\n"),
                         rows[i].status[0] == '4' && rows[i].status[2] == '5');
        const struct told *t = wait_told(place, i + 1);
        assert_false(t->is_complete);
        if (rows[i].code != NULL)
            assert_string_equal(t->code, rows[i].code);
        assert_int_equal(t->bytes, 0);
    }
    /* The same without the one fault. */
    assert_true(has(exchange(place, "GET /small.sbn HTTP/1.1\r\n\r\n"), "200 OK"));
}

static void a_busy_server_says_when_to_come_again(void **state)
{
    struct place *place = *state;
    world_set(place->w, "provision_rate", "1");
    for (int i = 0; i < 2; i++)
        assert_true(has(exchange(place, "GET /small.sbn HTTP/1.1\r\n\r\n"), "200 OK"));
    struct rf_slice all = exchange(place, "GET /small.sbn HTTP/1.1\r\n\r\n");
    assert_true(rf_slice_starts_with(all, "HTTP/1.1 503 Service Unavailable\r\n"));
    assert_true(has(all, "\r\nRetry-After: 5\r\n"));
    assert_string_equal(wait_told(place, 3)->code, "request-rate");
}

static void strangers_are_not_answered(void **state)
{
    struct place *place = *state;
    world_set(place->w, "provision_networks", "192.0.2.0/24");
    struct rf_slice all = exchange(place, "GET /small.sbn HTTP/1.1\r\n\r\n");
    assert_int_equal(all.len, 0);
    assert_string_equal(wait_told(place, 1)->code, "request-network");
    world_set(place->w, "provision_networks", "127.0.0.0/8");
    assert_true(has(exchange(place, "GET /small.sbn HTTP/1.1\r\n\r\n"), "200 OK"));
}

/* ---- clients that stall ---- */

static bool is_gone(struct place *place, int fd)
{
    turn_some(place);
    return !take(place, fd);
}

static void who_says_nothing_or_not_all_of_it_is_left(void **state)
{
    struct place *place = *state;
    int silent = client_at(place);
    int slow = client_at(place);
    turn_some(place);
    for (int i = 0; i < 9; i++) {
        say(slow, i == 0 ? "GET /small.sbn HTTP/1.1\r\n" : "A: b\r\n");
        rf_clock_fake_advance(&place->w->clock, 1000);
        turn_some(place);
    }
    assert_int_equal(rf_http_files_connections(place->s), 2);
    rf_clock_fake_advance(&place->w->clock, 2000);
    assert_true(is_gone(place, silent));
    assert_true(is_gone(place, slow));
    assert_int_equal(rf_http_files_connections(place->s), 0);
    assert_int_equal(place->told_n, 0);
    close(silent), close(slow);
}

static void a_kept_connection_is_not_kept_for_ever(void **state)
{
    struct place *place = *state;
    int fd = client_at(place);
    say(fd, "GET /small.sbn HTTP/1.1\r\nConnection: keep-alive\r\n\r\n");
    wait_told(place, 1);
    rf_clock_fake_advance(&place->w->clock, RF_HTTP_FILES_IDLE_MS - 1000);
    turn_some(place);
    assert_int_equal(rf_http_files_connections(place->s), 1);
    rf_clock_fake_advance(&place->w->clock, 2000);
    turn_some(place);
    assert_int_equal(rf_http_files_connections(place->s), 0);
    close(fd);
}

/* Turn until an answer is there, and no more of it comes; it stays. */
static void wait_answered(struct place *place, int fd)
{
    int here = 0;
    for (int before = -1; here == 0 || here > before;) {
        before = here;
        turn_some(place);
        assert_int_equal(ioctl(fd, FIONREAD, &here), 0);
    }
}

static void who_does_not_take_the_answer_is_left(void **state)
{
    struct place *place = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf big = RF_BUF((size_t)40 * 1024 * 1024);
    assert_non_null(rf_buf_room(&big, big.max));
    memset(big.p, 7, big.max);
    big.len = big.max;
    world_put(place->w, "images/big.sbn", rf_buf_slice(&big));
    int fd = client_at(place);
    say(fd, "GET /big.sbn HTTP/1.1\r\n\r\n");
    wait_answered(place, fd);
    /* Others are served meanwhile. */
    assert_true(has(exchange(place, "GET /small.sbn HTTP/1.1\r\n\r\n"), "200 OK"));
    rf_clock_fake_advance(&place->w->clock, RF_HTTP_FILES_STALL_MS - 1000);
    turn_some(place);
    assert_int_equal(rf_http_files_connections(place->s), 1);
    /* What the kernel's own buffers still take is a step forward, too. */
    for (int i = 0; i < 5 && place->told_n < 2; i++) {
        rf_clock_fake_advance(&place->w->clock, RF_HTTP_FILES_STALL_MS + 1000);
        turn_some(place);
    }
    const struct told *t = wait_told(place, 2);
    assert_string_equal(t->code, "http-stalled");
    assert_string_equal(t->name, "big.sbn");
    assert_false(t->is_complete);
    assert_true(t->bytes < big.len);
    assert_int_equal(rf_http_files_connections(place->s), 0);
    close(fd);
}

static void who_leaves_in_the_middle_has_not_got_it(void **state)
{
    struct place *place = *state;
    static uint8_t big[24 * 1024 * 1024];
    world_put(place->w, "images/big.sbn", rf_slice_of(big, sizeof big));
    int fd = client_at(place);
    say(fd, "GET /big.sbn HTTP/1.1\r\n\r\n");
    wait_answered(place, fd);
    assert_true(take(place, fd));
    close(fd);
    const struct told *t = wait_told(place, 1);
    assert_false(t->is_complete);
    assert_string_equal(t->code, "http-gone");
    /* And one that leaves while the catalogue looks. */
    fd = client_at(place);
    say(fd, "GET /small.sbn HTTP/1.1\r\n\r\n");
    rf_loop_turn(place->w->loop, 1);
    rf_loop_turn(place->w->loop, 0);
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(fd);
    for (unsigned i = 0; i < 100 && rf_http_files_connections(place->s) > 0; i++)
        rf_loop_turn(place->w->loop, 1);
    assert_int_equal(rf_http_files_connections(place->s), 0);
}

static void connections_of_one_address_are_few(void **state)
{
    struct place *place = *state;
    place_open(place, (struct rf_http_files_conf){.connections_per_address = 3});
    int fds[4];
    for (int i = 0; i < 3; i++)
        fds[i] = client_at(place);
    turn_some(place);
    fds[3] = client_at(place);
    assert_true(is_gone(place, fds[3]));
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    turn_some(place);
    assert_true(has(exchange(place, "GET /small.sbn HTTP/1.1\r\n\r\n"), "200 OK"));
    /* The same for all of them together. */
    place_open(place, (struct rf_http_files_conf){.connections_max = 1});
    int only = client_at(place);
    turn_some(place);
    int other = client_at(place);
    assert_true(is_gone(place, other));
    close(only), close(other);
}

/* ---- the end of the server ---- */

static void a_server_may_close_in_the_middle(void **state)
{
    struct place *place = *state;
    static uint8_t big[24 * 1024 * 1024];
    world_put(place->w, "images/big.sbn", rf_slice_of(big, sizeof big));
    int idle = client_at(place);
    int busy = client_at(place);
    int looking = client_at(place);
    say(busy, "GET /big.sbn HTTP/1.1\r\n\r\n");
    wait_answered(place, busy);
    say(looking, "GET /small.sbn HTTP/1.1\r\n\r\n");
    rf_loop_turn(place->w->loop, 1);
    rf_http_files_close(place->s);
    place->s = NULL;
    assert_true(is_gone(place, idle));
    close(idle), close(busy), close(looking);
    assert_int_equal(place->told_n, 0);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_PLACE(a_phone_gets_a_file),
        AT_PLACE(requests_of_many_spellings),
        AT_PLACE(a_head_has_the_length_and_no_body),
        AT_PLACE(a_kept_connection_is_asked_again),
        AT_PLACE(the_next_request_acknowledges_the_answer_before),
        AT_PLACE(an_end_is_an_end_and_no_reset),
        AT_PLACE(every_kind_of_file_is_served_with_its_type),
        AT_PLACE(a_large_file_arrives_whole),
        AT_PLACE(requests_that_are_refused_sec_120),
        AT_PLACE(a_busy_server_says_when_to_come_again),
        AT_PLACE(strangers_are_not_answered),
        AT_PLACE(who_says_nothing_or_not_all_of_it_is_left),
        AT_PLACE(a_kept_connection_is_not_kept_for_ever),
        AT_PLACE(who_does_not_take_the_answer_is_left),
        AT_PLACE(who_leaves_in_the_middle_has_not_got_it),
        AT_PLACE(connections_of_one_address_are_few),
        AT_PLACE(a_server_may_close_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
