/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP on a Unix socket: our server against our client, and against bytes of our own where a client
 * of ours would never send them. The server runs on a thread, since the client blocks. */
#include "unit.h"

#include "base/file.h"
#include "net/http.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define STRANGE_GROUP 4243 /* nobody's */

struct world {
    char dir[64];
    char *path;
    struct rf_loop *loop;
    struct rf_http_server *server;
    pthread_t thread;
    rf_handle held[RF_HTTP_WAITING_MAX + 1];
    atomic_uint held_n;
    atomic_bool is_found;
    uid_t uid;
    gid_t gid;
    pid_t pid;
    bool has_own_group;
    bool has_strange_group;
};

static void reply_text(struct rf_http_req *req, int status, const char *text)
{
    rf_http_reply(req, status, "text/plain", rf_slice_str(text));
}

static void echo(struct rf_http_req *req)
{
    static const char *const names[] = {"GET", "POST", "PUT", "DELETE"};
    const char *q = rf_http_query(req, "q");
    const char *type = rf_http_header(req, "content-type");
    struct rf_slice body = rf_http_body(req);
    RF_AUTO(rf_freep)
    char *text = rf_strf("%s %s q=%s type=%s body=%.*s", names[rf_http_method(req)],
                         rf_http_path(req), q != NULL ? q : "-", type != NULL ? type : "-",
                         (int)body.len, (const char *)body.p);
    reply_text(req, 200, text);
}

static void on_request(struct rf_http_req *req, void *arg)
{
    struct world *w = arg;
    w->uid = rf_http_uid(req);
    w->gid = rf_http_gid(req);
    w->pid = rf_http_pid(req);
    w->has_own_group = rf_http_has_group(req, getgid());
    w->has_strange_group = rf_http_has_group(req, STRANGE_GROUP);
    if (strncmp(rf_http_path(req), "/echo", 5) == 0) {
        echo(req);
    } else if (strcmp(rf_http_path(req), "/late") == 0) {
        w->held[w->held_n] = rf_http_id(req);
        assert_ptr_equal(rf_http_find(w->server, rf_http_id(req)), req);
        w->held_n++;
    } else if (strcmp(rf_http_path(req), "/release") == 0) {
        struct rf_http_req *held = rf_http_find(w->server, w->held[0]);
        w->is_found = held != NULL;
        if (held != NULL)
            reply_text(held, 202, "better late");
        assert_null(rf_http_find(w->server, w->held[0]));
        reply_text(req, 200, "released");
    } else if (strcmp(rf_http_path(req), "/size") == 0) {
        RF_AUTO(rf_freep) char *text = rf_strf("%zu", rf_http_body(req).len);
        reply_text(req, 200, text);
    } else if (strcmp(rf_http_path(req), "/empty") == 0) {
        rf_http_reply(req, 204, NULL, rf_slice_of(NULL, 0));
    } else {
        rf_http_reply(req, 404, "application/json", rf_slice_str("{\"error\":\"no such path\"}"));
    }
}

static void *serve(void *arg)
{
    rf_loop_run(arg);
    return NULL;
}

static void folder(struct world *w)
{
    memset(w, 0, sizeof *w);
    test_tmp(w->dir, sizeof w->dir, "http");
    assert_non_null(mkdtemp(w->dir));
    w->path = rf_path_join(w->dir, "admin.sock");
    w->loop = rf_loop_new(rf_clock_real(), "http");
}

static void start(struct world *w)
{
    struct rf_why why = {0};
    assert_err(rf_http_server_open(w->loop, w->path, on_request, w, &w->server, &why), RF_OK);
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w->loop), 0);
}

static void begin(struct world *w)
{
    folder(w);
    start(w);
}

static void stop(struct world *w)
{
    rf_loop_stop(w->loop);
    pthread_join(w->thread, NULL);
}

static void end(struct world *w)
{
    rf_http_server_close(w->server);
    rf_loop_free(w->loop);
    assert_false(rf_file_exists(w->path));
    assert_int_equal(rmdir(w->dir), 0);
    rf_free(w->path);
}

static enum rf_err ask(struct world *w, enum rf_http_method method, const char *target,
                       struct rf_slice body, struct rf_http_answer *out, struct rf_why *why)
{
    struct rf_http_call call = {.socket_path = w->path,
                                .method = method,
                                .target = target,
                                .content_type = body.len > 0 ? "text/x-test" : NULL,
                                .body = body};
    *why = (struct rf_why){0};
    return rf_http_request(&call, out, why);
}

static void expect(struct world *w, enum rf_http_method method, const char *target,
                   const char *body, int status, const char *text)
{
    struct rf_why why;
    struct rf_http_answer a;
    assert_err(ask(w, method, target, rf_slice_str(body), &a, &why), RF_OK);
    assert_int_equal(a.status, status);
    assert_slice_str(rf_buf_slice(&a.body), text);
    rf_http_answer_fini(&a);
}

/* ---- what is asked and answered ---- */

static void methods_paths_queries_bodies(void **state)
{
    struct world w;
    begin(&w);
    expect(&w, RF_HTTP_GET, "/echo", "", 200, "GET /echo q=- type=- body=");
    expect(&w, RF_HTTP_GET, "/echo/a%20b?q=x%2Fy&r=1", "", 200, "GET /echo/a b q=x/y type=- body=");
    expect(&w, RF_HTTP_POST, "/echo", "hello", 200, "POST /echo q=- type=text/x-test body=hello");
    expect(&w, RF_HTTP_POST, "/echo", "", 200, "POST /echo q=- type=- body=");
    expect(&w, RF_HTTP_PUT, "/echo?q=", "b", 200, "PUT /echo q= type=text/x-test body=b");
    expect(&w, RF_HTTP_DELETE, "/echo", "", 200, "DELETE /echo q=- type=- body=");
    expect(&w, RF_HTTP_DELETE, "/empty", "", 204, "");
    expect(&w, RF_HTTP_GET, "/nothing", "", 404, "{\"error\":\"no such path\"}");
    stop(&w);
    assert_int_equal(w.uid, getuid());
    assert_int_equal(w.gid, getgid());
    assert_int_equal(w.pid, getpid());
    assert_true(w.has_own_group);
    assert_false(w.has_strange_group);
    end(&w);
}

static void content_type_comes_back(void **state)
{
    struct world w;
    struct rf_why why;
    struct rf_http_answer a;
    begin(&w);
    assert_err(ask(&w, RF_HTTP_GET, "/nothing", rf_slice_of(NULL, 0), &a, &why), RF_OK);
    assert_string_equal(a.content_type, "application/json");
    rf_http_answer_fini(&a);
    stop(&w);
    end(&w);
}

static void a_body_has_its_limit(void **state)
{
    struct world w;
    struct rf_why why;
    struct rf_http_answer a;
    begin(&w);
    uint8_t *big = rf_new_n(uint8_t, RF_HTTP_BODY_MAX + 1);
    memset(big, 'x', RF_HTTP_BODY_MAX + 1);
    assert_err(ask(&w, RF_HTTP_PUT, "/size", rf_slice_of(big, RF_HTTP_BODY_MAX), &a, &why), RF_OK);
    assert_int_equal(a.status, 200);
    assert_slice_str(rf_buf_slice(&a.body), "1048576");
    rf_http_answer_fini(&a);
    assert_err(ask(&w, RF_HTTP_PUT, "/size", rf_slice_of(big, RF_HTTP_BODY_MAX + 1), &a, &why),
               RF_OK);
    assert_int_equal(a.status, 413);
    rf_http_answer_fini(&a);
    rf_free(big);
    expect(&w, RF_HTTP_GET, "/echo", "", 200, "GET /echo q=- type=- body="); /* it goes on */
    stop(&w);
    end(&w);
}

static void an_answer_has_its_limit(void **state)
{
    struct world w;
    begin(&w);
    struct rf_http_call call = {.socket_path = w.path, .target = "/echo", .answer_max = 26};
    struct rf_http_answer a;
    struct rf_why why = {0};
    assert_err(rf_http_request(&call, &a, &why), RF_OK);
    assert_int_equal(a.body.len, 26);
    rf_http_answer_fini(&a);
    call.answer_max = 25;
    assert_refused(rf_http_request(&call, &a, &why), RF_ERR_LIMIT, why, "answer-size");
    stop(&w);
    end(&w);
}

/* ---- bytes of our own ---- */

static int raw(struct world *w, const char *text)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", w->path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    size_t len = strlen(text);
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
    return fd;
}

/* The status of the answer; 0 when the server closes without one. */
static int raw_status(int fd)
{
    char answer[4096];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1);
    ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
    close(fd);
    if (n < 13)
        return 0;
    answer[12] = '\0';
    return (int)strtol(&answer[9], NULL, 10);
}

static void what_is_no_request_of_ours(void **state)
{
    struct world w;
    begin(&w);
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", 200},
        {"HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"PATCH /echo HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"GET /echo%00secret HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"nonsense\r\n\r\n", 400},
        {"PUT /size HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s", rows[i].text);
        assert_int_equal(raw_status(raw(&w, rows[i].text)), rows[i].status);
    }
    RF_AUTO(rf_freep) char *much = rf_new_bytes(RF_HTTP_HEADERS_MAX + 1);
    memset(much, 'a', RF_HTTP_HEADERS_MAX);
    RF_AUTO(rf_freep) char *text = rf_strf("GET /echo HTTP/1.1\r\nX: %s\r\n\r\n", much);
    assert_int_equal(raw_status(raw(&w, text)), 400);
    stop(&w);
    end(&w);
}

/* ---- later answers ---- */

struct asking {
    struct world *w;
    pthread_t thread;
    int status;
    char body[64];
};

static void *ask_late(void *arg)
{
    struct asking *a = arg;
    struct rf_why why;
    struct rf_http_answer answer;
    if (ask(a->w, RF_HTTP_GET, "/late", rf_slice_of(NULL, 0), &answer, &why) != RF_OK)
        return NULL;
    a->status = answer.status;
    rf_slice_to_str(rf_buf_slice(&answer.body), a->body, sizeof a->body);
    rf_http_answer_fini(&answer);
    return NULL;
}

static void wait_held(struct world *w, unsigned n)
{
    for (int i = 0; i < 5000 && w->held_n < n; i++)
        usleep(1000);
    assert_int_equal(w->held_n, n);
}

static void an_answer_may_come_later(void **state)
{
    struct world w;
    begin(&w);
    struct asking late = {.w = &w};
    assert_int_equal(pthread_create(&late.thread, NULL, ask_late, &late), 0);
    wait_held(&w, 1);
    expect(&w, RF_HTTP_GET, "/release", "", 200, "released");
    pthread_join(late.thread, NULL);
    assert_int_equal(late.status, 202);
    assert_string_equal(late.body, "better late");
    assert_true(w.is_found);
    expect(&w, RF_HTTP_GET, "/release", "", 200, "released");
    assert_false(w.is_found); /* its number finds nothing any more */
    stop(&w);
    end(&w);
}

static void a_client_that_left_does_no_harm(void **state)
{
    struct world w;
    begin(&w);
    int fd = raw(&w, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_held(&w, 1);
    close(fd);
    expect(&w, RF_HTTP_GET, "/release", "", 200, "released");
    expect(&w, RF_HTTP_GET, "/echo", "", 200, "GET /echo q=- type=- body=");
    stop(&w);
    end(&w);
}

/* Both ends of each connection are ours. */
static bool may_have_descriptors(rlim_t n)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < n) {
        struct rlimit more = {.rlim_cur = n, .rlim_max = limit.rlim_max > n ? limit.rlim_max : n};
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            limit = more;
    }
    return limit.rlim_cur >= n;
}

static void too_many_waiting_get_503(void **state)
{
    struct world w;
    static int fds[RF_HTTP_WAITING_MAX];
    if (!may_have_descriptors(2 * RF_HTTP_WAITING_MAX + 100))
        skip();
    begin(&w);
    for (unsigned i = 0; i < RF_HTTP_WAITING_MAX; i++)
        fds[i] = raw(&w, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_held(&w, RF_HTTP_WAITING_MAX);
    assert_int_equal(raw_status(raw(&w, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n")), 503);
    stop(&w);
    rf_http_server_close(w.server); /* each of those that wait hears of it */
    w.server = NULL;
    for (unsigned i = 0; i < RF_HTTP_WAITING_MAX; i++)
        assert_int_equal(raw_status(fds[i]), 503);
    end(&w);
}

/* ---- the socket file ---- */

static void only_owner_and_group_may(void **state)
{
    struct world w;
    struct stat st;
    begin(&w);
    assert_int_equal(lstat(w.path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0660);
    stop(&w);
    end(&w);
}

static void a_second_server_is_refused(void **state)
{
    struct world w;
    begin(&w);
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "second");
    struct rf_http_server *second = NULL;
    struct rf_why why = {0};
    assert_refused(rf_http_server_open(loop, w.path, on_request, &w, &second, &why), RF_ERR_EXISTS,
                   why, "socket-in-use");
    expect(&w, RF_HTTP_GET, "/echo", "", 200, "GET /echo q=- type=- body="); /* the first goes on */
    rf_loop_free(loop);
    stop(&w);
    end(&w);
}

static void a_dead_socket_is_replaced(void **state)
{
    struct world w;
    folder(&w);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", w.path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd); /* killed: the file stays */
    start(&w);
    expect(&w, RF_HTTP_GET, "/echo", "", 200, "GET /echo q=- type=- body=");
    stop(&w);
    end(&w);
}

static void other_files_are_left_alone(void **state)
{
    struct world w;
    folder(&w);
    struct rf_why why = {0};
    assert_err(rf_file_create(w.path, rf_slice_str("precious"), 0600, NULL), RF_OK);
    assert_refused(rf_http_server_open(w.loop, w.path, on_request, &w, &w.server, &why),
                   RF_ERR_EXISTS, why, "not-a-socket");
    assert_int_equal(unlink(w.path), 0);
    char path[200];
    memset(path, 'p', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    why = (struct rf_why){0};
    assert_refused(rf_http_server_open(w.loop, path, on_request, &w, &w.server, &why), RF_ERR_LIMIT,
                   why, "path-too-long");
    end(&w);
}

static void a_successors_socket_is_not_removed(void **state)
{
    struct world w;
    begin(&w);
    stop(&w);
    assert_int_equal(unlink(w.path), 0);
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "second");
    struct rf_http_server *second = NULL;
    assert_err(rf_http_server_open(loop, w.path, on_request, &w, &second, NULL), RF_OK);
    rf_http_server_close(w.server);
    w.server = NULL;
    assert_true(rf_file_exists(w.path) || access(w.path, F_OK) == 0);
    rf_http_server_close(second);
    rf_loop_free(loop);
    end(&w);
}

/* ---- the client ---- */

static void nobody_listens(void **state)
{
    struct world w;
    struct rf_http_answer a;
    struct rf_why why;
    folder(&w);
    assert_refused(ask(&w, RF_HTTP_GET, "/", rf_slice_of(NULL, 0), &a, &why), RF_ERR_NOT_FOUND, why,
                   "no-server");
    start(&w);
    assert_err(ask(&w, RF_HTTP_GET, "/", rf_slice_of(NULL, 0), &a, &why), RF_OK);
    rf_http_answer_fini(&a);
    if (getuid() != 0) { /* root may */
        assert_int_equal(chmod(w.path, 0), 0);
        assert_refused(ask(&w, RF_HTTP_GET, "/", rf_slice_of(NULL, 0), &a, &why), RF_ERR_DENIED,
                       why, "no-permission");
    }
    stop(&w);
    end(&w);
}

static void no_answer_in_time(void **state)
{
    struct world w;
    struct rf_http_answer a;
    struct rf_why why = {0};
    begin(&w);
    struct rf_http_call call = {.socket_path = w.path, .target = "/late", .timeout_ms = 30};
    assert_refused(rf_http_request(&call, &a, &why), RF_ERR_AGAIN, why, "timeout");
    stop(&w);
    end(&w);
}

static void a_target_is_encoded(void **state)
{
    struct world w;
    struct rf_http_answer a;
    struct rf_why why;
    begin(&w);
    static const char *const bad[] = {"echo", "/a b", "/a\r\nX: y", "/\xc3\xa4", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(ask(&w, RF_HTTP_GET, bad[i], rf_slice_of(NULL, 0), &a, &why), RF_ERR_BAD,
                       why, "target");
    char buf[32];
    assert_true(rf_http_encode(rf_slice_str("a b/\xc3\xa4~"), buf, sizeof buf));
    assert_string_equal(buf, "a%20b%2F%C3%A4~");
    assert_true(rf_http_encode(rf_slice_str("abc"), buf, 4));
    assert_false(rf_http_encode(rf_slice_str("abcd"), buf, 4));
    assert_false(rf_http_encode(rf_slice_str("ab "), buf, 4));
    stop(&w);
    end(&w);
}

/* A server of a few bytes, to see what the client makes of them. */
struct liar {
    int fd;
    const char *says;
};

static void *lie(void *arg)
{
    struct liar *l = arg;
    int fd = accept(l->fd, NULL, NULL);
    char asked[1024];
    if (recv(fd, asked, sizeof asked, 0) > 0)
        send(fd, l->says, strlen(l->says), MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static enum rf_err hears(struct world *w, const char *says, struct rf_http_answer *a,
                         struct rf_why *why)
{
    pthread_t thread;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", w->path);
    struct liar l = {.fd = socket(AF_UNIX, SOCK_STREAM, 0), .says = says};
    assert_int_equal(bind(l.fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(l.fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, lie, &l), 0);
    enum rf_err err = ask(w, RF_HTTP_GET, "/", rf_slice_of(NULL, 0), a, why);
    pthread_join(thread, NULL);
    close(l.fd);
    unlink(w->path);
    return err;
}

static void answers_that_are_none(void **state)
{
    struct world w;
    struct rf_http_answer a;
    struct rf_why why;
    folder(&w);
    assert_err(hears(&w, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", &a, &why), RF_OK);
    assert_slice_str(rf_buf_slice(&a.body), "ok");
    rf_http_answer_fini(&a);
    assert_err(hears(&w, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 204\r\nContent-Length: 0\r\n\r\n",
                     &a, &why),
               RF_OK);
    assert_int_equal(a.status, 204);
    rf_http_answer_fini(&a);
    static const char *const bad[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",  /* cut */
        "HTTP/1.1 200 OK\r\n\r\nok",                       /* no length */
        "HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok",  /* no status */
        "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", /* nor this */
        "HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nok",
        "220 smtp ready\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(hears(&w, bad[i], &a, &why), RF_ERR_BAD, why, "no-http");
    assert_refused(hears(&w, "", &a, &why), RF_ERR_IO, why, "no-answer");
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_paths_queries_bodies),
        cmocka_unit_test(content_type_comes_back),
        cmocka_unit_test(a_body_has_its_limit),
        cmocka_unit_test(an_answer_has_its_limit),
        cmocka_unit_test(what_is_no_request_of_ours),
        cmocka_unit_test(an_answer_may_come_later),
        cmocka_unit_test(a_client_that_left_does_no_harm),
        cmocka_unit_test(too_many_waiting_get_503),
        cmocka_unit_test(only_owner_and_group_may),
        cmocka_unit_test(a_second_server_is_refused),
        cmocka_unit_test(a_dead_socket_is_replaced),
        cmocka_unit_test(other_files_are_left_alone),
        cmocka_unit_test(a_successors_socket_is_not_removed),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(no_answer_in_time),
        cmocka_unit_test(a_target_is_encoded),
        cmocka_unit_test(answers_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
