/* SPDX-License-Identifier: Apache-2.0 */
/* The client over TCP, against servers of other people's: what it sends, which answers count, and
 * that it can be called off. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http.h"

static void urls_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *target;
        unsigned port;
    } good[] = {
        {"http://ca.example/phones.crl", "ca.example", "/phones.crl", 80},
        {"http://ca.example", "ca.example", "/", 80},
        {"http://192.0.2.1:8080/a/b?c=%20d", "192.0.2.1", "/a/b?c=%20d", 8080},
        {"http://[2001:db8::1]:81/", "2001:db8::1", "/", 81},
        {"http://[::1]", "::1", "/", 80},
        {"http://ca.example:/", "ca.example", "/", 80}, /* spec: RFC 3986 3.2.3 */
    };
    static const char *const bad[] = {
        "",
        "https://ca.example/",
        "ldap://ca.example/",
        "http://",
        "http:///x",
        "http://user@ca.example/",
        "http://ca.example:0/",
        "http://ca.example:65536/",
        "http://ca.example:80x/",
        "http://[::1/",
        "http://[]/",
        "http://[ca.example]/",
        "http://[::1]x/",
        "http://ca.example/#top",
        "http://ca.example/a b",
        "http://ca.example/\r\nX: y",
        "http://ca.ex\xc3\xa4mple/",
        "http://ca.example?q",
    };
    struct rf_http_url url;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(rf_http_url_parse(good[i].text, &url));
        assert_string_equal(url.host, good[i].host);
        assert_string_equal(url.target, good[i].target);
        assert_int_equal(url.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (rf_http_url_parse(bad[i], &url))
            fail_msg("taken: %s", bad[i]);
    }
}

/* ---- a server for one connection ---- */

struct server {
    int fd;
    uint16_t port;
    const char *says; /* NULL: nothing, and the connection stays until the client leaves */
    char heard[1024];
    atomic_bool is_asked;
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct server *s = arg;
    char rest[256];
    int fd = accept(s->fd, NULL, NULL);
    ssize_t n = read(fd, s->heard, sizeof s->heard - 1);
    atomic_store(&s->is_asked, true);
    if (n > 0 && s->says != NULL)
        (void)!write(fd, s->says, strlen(s->says));
    while (s->says == NULL && read(fd, rest, sizeof rest) > 0)
        continue;
    close(fd);
    return NULL;
}

static void listen_here(struct server *s, const char *says)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    *s = (struct server){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .says = says};
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(s->fd, 1), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &n), 0);
    s->port = ntohs(at.sin_port);
}

static enum rf_err ask(struct server *s, const char *says, struct rf_http_answer *a,
                       struct rf_why *why)
{
    *why = (struct rf_why){0};
    listen_here(s, says);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    const struct rf_http_call call = {.host = "127.0.0.1",
                                      .port = s->port,
                                      .method = RF_HTTP_POST,
                                      .target = "/ask",
                                      .content_type = "text/x-test",
                                      .body = rf_slice_str("body")};
    enum rf_err err = rf_http_request(&call, a, why);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    close(s->fd);
    return err;
}

static void it_asks_in_http_1_0_and_says_whom(void **state)
{
    (void)state;
    struct server s;
    struct rf_http_answer a;
    struct rf_why why;
    char want[64];
    assert_err(ask(&s, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", &a, &why), RF_OK);
    assert_slice_str(rf_buf_slice(&a.body), "ok");
    rf_http_answer_fini(&a);
    snprintf(want, sizeof want, "\r\nHost: 127.0.0.1:%u\r\n", s.port);
    assert_non_null(strstr(s.heard, want));
    assert_int_equal(strncmp(s.heard, "POST /ask HTTP/1.0\r\n", 20), 0);
    assert_non_null(strstr(s.heard, "\r\nContent-Length: 4\r\n"));
}

static void an_answer_may_end_with_the_connection(void **state)
{
    (void)state;
    struct server s;
    struct rf_http_answer a;
    struct rf_why why;
    assert_err(ask(&s, "HTTP/1.1 200 OK\r\nContent-Type: x/y\r\n\r\nall of it", &a, &why), RF_OK);
    assert_slice_str(rf_buf_slice(&a.body), "all of it");
    rf_http_answer_fini(&a);
    assert_err(ask(&s, "HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", &a, &why), RF_OK);
    assert_int_equal(a.status, 302); /* and nobody follows */
    rf_http_answer_fini(&a);
    assert_refused(ask(&s, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", &a, &why), RF_ERR_BAD,
                   why, "no-http"); /* cut */
    assert_refused(
        ask(&s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &a, &why),
        RF_ERR_BAD, why, "no-http");
    assert_refused(ask(&s, "", &a, &why), RF_ERR_IO, why, "no-answer");
}

static void an_answer_has_its_limit_with_and_without_a_length(void **state)
{
    (void)state;
    static const char *const says[] = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789",
                                       "HTTP/1.1 200 OK\r\n\r\n123456789"};
    for (size_t i = 0; i < 2; i++)
        for (size_t max = 8; max <= 9; max++) {
            struct server s;
            struct rf_http_answer a;
            struct rf_why why = {0};
            listen_here(&s, says[i]);
            assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
            const struct rf_http_call call = {
                .host = "127.0.0.1", .port = s.port, .target = "/", .answer_max = max};
            enum rf_err err = rf_http_request(&call, &a, &why);
            assert_int_equal(pthread_join(s.thread, NULL), 0);
            close(s.fd);
            assert_err(err, max == 9 ? RF_OK : RF_ERR_LIMIT);
            rf_http_answer_fini(&a);
        }
}

static void nobody_listens(void **state)
{
    (void)state;
    struct server s;
    struct rf_http_answer a;
    struct rf_why why = {0};
    listen_here(&s, "");
    close(s.fd);
    const struct rf_http_call call = {.host = "127.0.0.1", .port = s.port, .target = "/"};
    assert_refused(rf_http_request(&call, &a, &why), RF_ERR_NOT_FOUND, why, "no-server");
    assert_non_null(strstr(why.text, "127.0.0.1"));
}

struct caller {
    struct rf_http_call call;
    enum rf_err err;
    struct rf_why why;
};

static void *call_out(void *arg)
{
    struct caller *c = arg;
    struct rf_http_answer a;
    c->err = rf_http_request(&c->call, &a, &c->why);
    return NULL;
}

static void a_call_is_called_off(void **state)
{
    (void)state;
    struct server s;
    pthread_t thread;
    atomic_bool cancel = false;
    listen_here(&s, NULL);
    assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
    struct caller c = {.call = {.host = "127.0.0.1",
                                .port = s.port,
                                .target = "/",
                                .cancel = &cancel,
                                .timeout_ms = 600000}};
    assert_int_equal(pthread_create(&thread, NULL, call_out, &c), 0);
    while (!atomic_load(&s.is_asked))
        usleep(1000);
    atomic_store(&cancel, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    close(s.fd);
    assert_refused(c.err, RF_ERR_AGAIN, c.why, "cancelled");
}

/* Nobody is asked where the server is, which nothing ends, nor is it called. */
static void one_that_is_called_off_is_not_begun(void **state)
{
    (void)state;
    struct server s;
    struct rf_http_answer a;
    struct rf_why why = {0};
    atomic_bool cancel = true;
    listen_here(&s, "");
    const struct rf_http_call call = {
        .host = "127.0.0.1", .port = s.port, .target = "/", .cancel = &cancel};
    assert_refused(rf_http_request(&call, &a, &why), RF_ERR_AGAIN, why, "cancelled");
    struct pollfd come = {.fd = s.fd, .events = POLLIN};
    assert_int_equal(poll(&come, 1, 50), 0);
    close(s.fd);
}

static void no_answer_in_time(void **state)
{
    (void)state;
    struct server s;
    struct rf_http_answer a;
    struct rf_why why = {0};
    listen_here(&s, NULL);
    assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
    const struct rf_http_call call = {
        .host = "127.0.0.1", .port = s.port, .target = "/", .timeout_ms = 50};
    assert_refused(rf_http_request(&call, &a, &why), RF_ERR_AGAIN, why, "timeout");
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    close(s.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(it_asks_in_http_1_0_and_says_whom),
        cmocka_unit_test(an_answer_may_end_with_the_connection),
        cmocka_unit_test(an_answer_has_its_limit_with_and_without_a_length),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(a_call_is_called_off),
        cmocka_unit_test(one_that_is_called_off_is_not_begun),
        cmocka_unit_test(no_answer_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
