/* SPDX-License-Identifier: Apache-2.0 */
/* The client: one request, one answer, blocking. libevent's own client knows TCP only, so the few
 * lines of an answer's head are read here, strictly: our server says how long its answer is, and
 * anything else is no answer. Others may end theirs with the connection. */
#include "net/http.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TIMEOUT_MS 10000u
#define SLICE_MS   200 /* so often we look whether we shall still wait */

struct exchange {
    const struct rf_http_call *call;
    uint64_t end_ms;
    int fd;
    struct rf_buf in; /* head and body, as they come */
};

static void exchange_fini(struct exchange *x)
{
    if (x->fd >= 0)
        close(x->fd);
    rf_buf_fini(&x->in);
}

void rf_http_answer_fini(struct rf_http_answer *answer)
{
    rf_buf_fini(&answer->body);
}

/* ---- the socket ---- */

static bool is_local(const struct exchange *x)
{
    return x->call->socket_path != NULL;
}

/* For messages. */
static const char *where(const struct exchange *x)
{
    return is_local(x) ? x->call->socket_path : x->call->host;
}

static enum rf_err io_failed(const struct exchange *x, const char *what, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_IO, "io", "%s %s: %s", what, where(x), strerror(errno));
}

static enum rf_err connect_failed(const struct exchange *x, struct rf_why *why)
{
    const char *path = x->call->socket_path;
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTSOCK)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-server",
                          "no server listens on %s: is ringfenced running?", path);
    if (errno == EACCES || errno == EPERM)
        return rf_why_set(why, RF_ERR_DENIED, "no-permission",
                          "%s may not be used by this user: join its group", path);
    if (errno == EAGAIN)
        return rf_why_set(why, RF_ERR_AGAIN, "timeout", "the server on %s takes no connections",
                          path);
    return io_failed(x, "connect to", why);
}

static enum rf_err dial_local(struct exchange *x, struct rf_why *why)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!rf_slice_to_str(rf_slice_str(x->call->socket_path), to.sun_path, sizeof to.sun_path))
        return rf_why_set(why, RF_ERR_LIMIT, "path-too-long",
                          "%s: a socket's path has at most %zu bytes", x->call->socket_path,
                          sizeof to.sun_path - 1);
    x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (x->fd < 0)
        return io_failed(x, "socket for", why);
    if (connect(x->fd, (const struct sockaddr *)&to, sizeof to) != 0)
        return connect_failed(x, why);
    return RF_OK;
}

static enum rf_err check_cancel(const struct exchange *x, struct rf_why *why)
{
    if (x->call->cancel == NULL || !atomic_load(x->call->cancel))
        return RF_OK;
    return rf_why_set(why, RF_ERR_AGAIN, "cancelled", "not waited for %s any more", where(x));
}

static enum rf_err wait_for(const struct exchange *x, short what, struct rf_why *why)
{
    for (;;) {
        uint64_t now = rf_now_ms(rf_clock_real());
        uint64_t left = now < x->end_ms ? x->end_ms - now : 0;
        struct pollfd p = {.fd = x->fd, .events = what};
        enum rf_err err = check_cancel(x, why);
        if (err != RF_OK)
            return err;
        int n = left > 0 ? poll(&p, 1, left < SLICE_MS ? (int)left : SLICE_MS) : 0;
        if (n > 0 || (n < 0 && errno == EINTR))
            return RF_OK;
        if (n < 0)
            return io_failed(x, "wait for", why);
        if (left == 0)
            return rf_why_set(why, RF_ERR_AGAIN, "timeout", "no answer from %s in time", where(x));
    }
}

/* One of a host's addresses. */
static enum rf_err dial_one(struct exchange *x, const struct addrinfo *to, struct rf_why *why)
{
    int error = 0;
    socklen_t n = sizeof error;
    rf_fd_close(&x->fd);
    x->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (x->fd < 0)
        return io_failed(x, "socket for", why);
    if (connect(x->fd, to->ai_addr, to->ai_addrlen) == 0)
        return RF_OK;
    if (errno == EINPROGRESS) {
        enum rf_err err = wait_for(x, POLLOUT, why);
        if (err != RF_OK)
            return err;
        if (getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0)
            errno = error;
    }
    if (errno == 0)
        return RF_OK;
    if (errno == ECONNREFUSED)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-server", "nobody listens on port %u of %s",
                          x->call->port, x->call->host);
    return io_failed(x, "connect to", why);
}

static enum rf_err dial_host(struct exchange *x, struct rf_why *why)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *all = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", x->call->port);
    int failed = getaddrinfo(x->call->host, port, &hints, &all);
    if (failed != 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-host", "%s: %s", x->call->host,
                          gai_strerror(failed));
    enum rf_err err = RF_ERR_IO;
    struct rf_why first = {0};
    for (const struct addrinfo *to = all; to != NULL && err != RF_OK; to = to->ai_next)
        err = dial_one(x, to, &first);
    freeaddrinfo(all);
    return err == RF_OK ? RF_OK : rf_why_set(why, err, first.code, "%s", first.text);
}

static enum rf_err dial(struct exchange *x, struct rf_why *why)
{
    return is_local(x) ? dial_local(x, why) : dial_host(x, why);
}

static enum rf_err send_all(struct exchange *x, struct rf_slice data, struct rf_why *why)
{
    while (data.len > 0) {
        ssize_t n = send(x->fd, data.p, data.len, MSG_NOSIGNAL);
        if (n > 0)
            data = rf_slice_part(data, (size_t)n, SIZE_MAX);
        else if (errno == EPIPE || errno == ECONNRESET)
            return RF_OK; /* refused in mid-request: the reason stands in the answer */
        else if (errno != EAGAIN && errno != EINTR)
            return io_failed(x, "send to", why);
        else if (wait_for(x, POLLOUT, why) != RF_OK)
            return RF_ERR_AGAIN;
    }
    return RF_OK;
}

/** Read what is there; *is_end when there is no more. */
static enum rf_err read_more(struct exchange *x, bool *is_end, struct rf_why *why)
{
    *is_end = false;
    uint8_t part[16 * 1024];
    ssize_t n = recv(x->fd, part, sizeof part, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return wait_for(x, POLLIN, why);
    if (n < 0 && errno != ECONNRESET)
        return io_failed(x, "read from", why);
    *is_end = n <= 0;
    if (n > 0 && rf_buf_add(&x->in, part, (size_t)n) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "answer-size", "the answer is above %zu bytes",
                          x->in.max);
    return RF_OK;
}

/* ---- the answer ---- */

static enum rf_err no_http(struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_BAD, "no-http", "what answers does not speak HTTP");
}

/** One line without its end; false when it is not all there. */
static bool next_line(struct rf_slice *rest, struct rf_slice *line)
{
    size_t end = rf_slice_find(*rest, rf_slice_str("\r\n"));
    if (end == SIZE_MAX)
        return false;
    *line = rf_slice_part(*rest, 0, end);
    *rest = rf_slice_part(*rest, end + 2, SIZE_MAX);
    return true;
}

static bool read_status(struct rf_slice line, int *out)
{
    uint64_t status = 0;
    if (!rf_slice_starts_with(line, "HTTP/1.1 ") && !rf_slice_starts_with(line, "HTTP/1.0 "))
        return false;
    if (!rf_parse_u64(rf_slice_part(line, 9, 3), 100, 599, &status))
        return false;
    *out = (int)status;
    return line.len == 12 || rf_slice_eq_str(rf_slice_part(line, 12, 1), " ");
}

struct head {
    int status;
    bool has_length;
    uint64_t length;
    char content_type[64];
};

static bool read_field(struct rf_slice line, struct head *out)
{
    struct rf_slice value = line;
    struct rf_slice name;
    if (!rf_next_piece(&value, ':', &name) || name.len == line.len)
        return false;
    char text[32];
    value = rf_trim(value);
    if (!rf_slice_to_str(name, text, sizeof text))
        return true; /* none that we look for */
    if (strcasecmp(text, "content-type") == 0)
        return rf_slice_to_str(value, out->content_type, sizeof out->content_type);
    if (strcasecmp(text, "transfer-encoding") == 0)
        return false; /* ours sends a length */
    if (strcasecmp(text, "content-length") != 0)
        return true;
    bool is_first = !out->has_length;
    out->has_length = true;
    return is_first && rf_parse_u64(value, 0, UINT32_MAX, &out->length);
}

/** RF_ERR_AGAIN while the head is not complete. */
static enum rf_err read_head(struct rf_slice in, struct head *out, struct rf_slice *rest,
                             struct rf_why *why)
{
    *out = (struct head){0};
    size_t end = rf_slice_find(in, rf_slice_str("\r\n\r\n"));
    if (end == SIZE_MAX && in.len <= RF_HTTP_HEADERS_MAX)
        return RF_ERR_AGAIN;
    if (end == SIZE_MAX || end > RF_HTTP_HEADERS_MAX)
        return no_http(why);
    struct rf_slice lines = rf_slice_part(in, 0, end + 2);
    struct rf_slice line;
    if (!next_line(&lines, &line) || !read_status(line, &out->status))
        return no_http(why);
    while (next_line(&lines, &line))
        if (!read_field(line, out))
            return no_http(why);
    *rest = rf_slice_part(in, end + 4, SIZE_MAX);
    return RF_OK;
}

static enum rf_err read_answer(struct exchange *x, struct rf_http_answer *out, struct rf_why *why)
{
    size_t max = x->call->answer_max != 0 ? x->call->answer_max : RF_HTTP_BODY_MAX;
    x->in = RF_BUF(max + RF_HTTP_HEADERS_MAX + 4);
    struct head head;
    struct rf_slice body = {0};
    for (;;) {
        enum rf_err err = read_head(rf_buf_slice(&x->in), &head, &body, why);
        if (err == RF_OK && head.status / 100 == 1) { /* 100 Continue: the real one follows */
            rf_buf_drop(&x->in, x->in.len - body.len);
            continue;
        }
        if (err == RF_OK && head.length > max)
            return rf_why_set(why, RF_ERR_LIMIT, "answer-size", "the answer is above %zu bytes",
                              max);
        bool is_body_whole =
            err == RF_OK && (head.has_length || head.status == 204) && body.len >= head.length;
        if (is_body_whole)
            break;
        if (err != RF_OK && err != RF_ERR_AGAIN)
            return err;
        bool is_end = false;
        enum rf_err more = read_more(x, &is_end, why);
        if (more != RF_OK)
            return more;
        if (is_end && x->in.len == 0)
            return rf_why_set(why, RF_ERR_IO, "no-answer", "%s closed without an answer", where(x));
        if (is_end && err == RF_OK && !head.has_length && !is_local(x)) {
            head.length = body.len;
            break;
        }
        if (is_end)
            return no_http(why);
    }
    out->status = head.status;
    memcpy(out->content_type, head.content_type, sizeof out->content_type);
    out->body = RF_BUF(max);
    return rf_buf_add_slice(&out->body, rf_slice_part(body, 0, (size_t)head.length));
}

/* ---- the request ---- */

static const char *method_name(enum rf_http_method method)
{
    switch (method) {
    case RF_HTTP_POST:
        return "POST";
    case RF_HTTP_PUT:
        return "PUT";
    case RF_HTTP_DELETE:
        return "DELETE";
    case RF_HTTP_GET:
    default:
        return "GET";
    }
}

static enum rf_err send_request(struct exchange *x, struct rf_why *why)
{
    const struct rf_http_call *call = x->call;
    RF_AUTO(rf_buf_fini) struct rf_buf head = RF_BUF(RF_HTTP_HEADERS_MAX);
    bool has_port = !is_local(x) && call->port != 80;
    char port[8] = "";
    if (has_port)
        snprintf(port, sizeof port, ":%u", call->port);
    enum rf_err err = rf_buf_addf(&head, "%s %s HTTP/1.%c\r\nHost: %s%s\r\nConnection: close\r\n",
                                  method_name(call->method), call->target, is_local(x) ? '1' : '0',
                                  is_local(x) ? "ringfence" : call->host, port);
    if (err == RF_OK && call->content_type != NULL)
        err = rf_buf_addf(&head, "Content-Type: %s\r\n", call->content_type);
    if (err == RF_OK && (call->body.len > 0 || call->method != RF_HTTP_GET))
        err = rf_buf_addf(&head, "Content-Length: %zu\r\n", call->body.len);
    if (err == RF_OK)
        err = rf_buf_addf(&head, "\r\n");
    if (err != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "request-size", "the request's path is too long");
    err = send_all(x, rf_buf_slice(&head), why);
    return err == RF_OK ? send_all(x, call->body, why) : err;
}

/** Blanks and control bytes would end the line: the caller encodes. */
static bool is_target(const char *target)
{
    struct rf_rd rd = rf_rd_of(rf_slice_str(target));
    uint8_t b = 0;
    bool ok = target != NULL && target[0] == '/';
    while (rf_rd_u8(&rd, &b))
        ok = ok && b > 0x20 && b < 0x7f;
    return ok;
}

enum rf_err rf_http_request(const struct rf_http_call *call, struct rf_http_answer *out,
                            struct rf_why *why)
{
    *out = (struct rf_http_answer){0};
    if (!is_target(call->target))
        return rf_why_set(why, RF_ERR_BAD, "target", "not an encoded path");
    uint32_t timeout_ms = call->timeout_ms != 0 ? call->timeout_ms : TIMEOUT_MS;
    RF_AUTO(exchange_fini)
    struct exchange x = {.call = call, .fd = -1, .end_ms = rf_now_ms(rf_clock_real()) + timeout_ms};
    enum rf_err err = check_cancel(&x, why); /* a name's look-up cannot be given up */
    if (err == RF_OK)
        err = dial(&x, why);
    if (err == RF_OK)
        err = send_request(&x, why);
    if (err == RF_OK)
        err = read_answer(&x, out, why);
    if (err != RF_OK)
        rf_http_answer_fini(out);
    return err;
}

bool rf_http_encode(struct rf_slice text, char *buf, size_t cap)
{
    static const char digits[] = "0123456789ABCDEF";
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_rd rd = rf_rd_of(text);
    struct rf_slice done;
    uint8_t b = 0;
    while (rf_rd_u8(&rd, &b)) {
        bool is_plain = (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') ||
                        (b >= 'a' && b <= 'z') || b == '-' || b == '.' || b == '_' || b == '~';
        if (is_plain) {
            rf_wr_u8(&wr, b);
            continue;
        }
        rf_wr_u8(&wr, '%');
        rf_wr_u8(&wr, (uint8_t)digits[b >> 4]);
        rf_wr_u8(&wr, (uint8_t)digits[b & 15]);
    }
    rf_wr_u8(&wr, 0);
    return rf_wr_done(&wr, &done) == RF_OK;
}
