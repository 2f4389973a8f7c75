/* SPDX-License-Identifier: Apache-2.0 */
/* The server: libevent's evhttp on a Unix socket. evhttp reads and limits the requests; ours are
 * the socket file, who asked, and answers that come later. */
#include "net/http.h"

#include "net/loop_int.h"

#include "base/faults.h"
#include "base/log.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

#define IDLE_S      60 /* a connection that says nothing, or not all of it */
#define SOCKET_MODE 0660
#define GROUPS_MAX  1024 /* of one user; with more the kernel's answer does not fit: none counts */

struct rf_http_server {
    struct rf_loop *loop;
    rf_http_fn on_request;
    void *arg;
    char *path;
    dev_t dev;
    ino_t ino;
    struct evhttp *http;
    struct evconnlistener *listener;
    struct event *revive;
    struct rf_handles *waiting;
};

struct rf_http_req {
    struct rf_http_server *server;
    struct evhttp_request *ev;
    struct evhttp_connection *connection;
    rf_handle id;
    char *path;
    struct evkeyvalq query;
    struct rf_slice body;
    struct ucred who;
};

/* ---- one request ---- */

static void req_free(struct rf_http_req *req)
{
    evhttp_connection_set_closecb(req->connection, NULL, NULL);
    rf_handle_remove(req->server->waiting, req->id);
    evhttp_clear_headers(&req->query);
    rf_free(req->path);
    rf_free(req);
}

/* The client left before it was answered: evhttp drops its request with the connection. */
static void connection_gone(struct evhttp_connection *connection, void *arg)
{
    req_free(arg);
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {413, "Payload Too Large"},
        {422, "Unprocessable Content"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Other";
}

static void send_reply(struct evhttp_request *ev, int status, const char *content_type,
                       struct rf_slice body)
{
    struct evbuffer *out = evbuffer_new();
    struct evkeyvalq *headers = evhttp_request_get_output_headers(ev);
    rf_bug_on(out == NULL || (body.len > 0 && evbuffer_add(out, body.p, body.len) != 0));
    if (content_type != NULL)
        evhttp_add_header(headers, "Content-Type", content_type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_send_reply(ev, status, reason_of(status), out);
    evbuffer_free(out);
}

static void send_error(struct evhttp_request *ev, int status, const char *code, const char *text)
{
    char body[192];
    snprintf(body, sizeof body, "{\"error\":{\"code\":\"%s\",\"text\":\"%s\"}}\n", code, text);
    send_reply(ev, status, "application/json", rf_slice_str(body));
}

void rf_http_reply(struct rf_http_req *req, int status, const char *content_type,
                   struct rf_slice body)
{
    struct evhttp_request *ev = req->ev;
    req_free(req);
    send_reply(ev, status, content_type, body);
}

/** The decoded path and query; false when they are none. */
static bool read_target(struct rf_http_req *req)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req->ev);
    const char *raw = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
    if (raw == NULL || raw[0] != '/')
        return false;
    size_t len = 0;
    char *decoded = evhttp_uridecode(raw, 0, &len);
    bool ok = decoded != NULL && strlen(decoded) == len; /* no %00 */
    if (ok)
        req->path = rf_strdup(decoded);
    free(decoded); /* check-bytes: evhttp_uridecode allocated it */
    const char *query = evhttp_uri_get_query(uri);
    return ok && (query == NULL || evhttp_parse_query_str(query, &req->query) == 0);
}

static bool read_who(struct rf_http_req *req)
{
    socklen_t len = sizeof req->who;
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(req->connection));
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &req->who, &len) == 0 && len == sizeof req->who;
}

static void on_request(struct evhttp_request *ev, void *arg)
{
    struct rf_http_server *server = arg;
    struct rf_http_req *req = rf_new(struct rf_http_req);
    req->server = server;
    req->ev = ev;
    req->connection = evhttp_request_get_connection(ev);
    TAILQ_INIT(&req->query);
    req->id = rf_handle_add(server->waiting, req);
    struct evbuffer *in = evhttp_request_get_input_buffer(ev);
    req->body = rf_slice_of(evbuffer_pullup(in, -1), evbuffer_get_length(in));
    int status = 0;
    const char *code = "";
    const char *text = "";
    if (req->id == 0) {
        status = 503;
        code = "busy";
        text = "too many requests wait for an answer";
    } else if (!read_who(req)) {
        status = 403;
        code = "peer-unknown";
        text = "the kernel does not say who asks";
    } else if (!read_target(req)) {
        status = 400;
        code = "target";
        text = "the path or the query is malformed";
    }
    if (status != 0) {
        req_free(req);
        send_error(ev, status, code, text);
        return;
    }
    evhttp_connection_set_closecb(req->connection, connection_gone, req);
    server->on_request(req, server->arg);
}

enum rf_http_method rf_http_method(const struct rf_http_req *req)
{
    switch (evhttp_request_get_command(req->ev)) {
    case EVHTTP_REQ_POST:
        return RF_HTTP_POST;
    case EVHTTP_REQ_PUT:
        return RF_HTTP_PUT;
    case EVHTTP_REQ_DELETE:
        return RF_HTTP_DELETE;
    case EVHTTP_REQ_GET:
    case EVHTTP_REQ_HEAD: /* this and the rest are not let through */
    case EVHTTP_REQ_OPTIONS:
    case EVHTTP_REQ_TRACE:
    case EVHTTP_REQ_CONNECT:
    case EVHTTP_REQ_PATCH:
    default:
        return RF_HTTP_GET;
    }
}

const char *rf_http_path(const struct rf_http_req *req)
{
    return req->path;
}

const char *rf_http_query(const struct rf_http_req *req, const char *name)
{
    return evhttp_find_header(&req->query, name);
}

const char *rf_http_header(const struct rf_http_req *req, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(req->ev), name);
}

struct rf_slice rf_http_body(const struct rf_http_req *req)
{
    return req->body;
}

void rf_http_wipe_body(struct rf_http_req *req)
{
    rf_wipe((void *)(uintptr_t)req->body.p, req->body.len);
}

uid_t rf_http_uid(const struct rf_http_req *req)
{
    return req->who.uid;
}

gid_t rf_http_gid(const struct rf_http_req *req)
{
    return req->who.gid;
}

pid_t rf_http_pid(const struct rf_http_req *req)
{
    return req->who.pid;
}

bool rf_http_has_group(const struct rf_http_req *req, gid_t gid)
{
    gid_t groups[GROUPS_MAX];
    socklen_t len = sizeof groups;
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(req->connection));
    if (req->who.gid == gid)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
        return false;
    for (size_t i = 0; i < len / sizeof *groups; i++)
        if (groups[i] == gid)
            return true;
    return false;
}

rf_handle rf_http_id(const struct rf_http_req *req)
{
    return req->id;
}

struct rf_http_req *rf_http_find(struct rf_http_server *server, rf_handle id)
{
    return rf_handle_find(server->waiting, id);
}

/* ---- the socket file ---- */

static enum rf_err path_failed(const char *path, const char *what, struct rf_why *why)
{
    int error = errno;
    return rf_why_set(why, error == EACCES || error == EPERM ? RF_ERR_DENIED : RF_ERR_IO, "io",
                      "%s %s: %s", what, path, strerror(error));
}

/** Whatever stands at the path, may we take its place? */
static enum rf_err make_way(const struct sockaddr_un *at, struct rf_why *why)
{
    struct stat st;
    if (lstat(at->sun_path, &st) != 0)
        return errno == ENOENT ? RF_OK : path_failed(at->sun_path, "look at", why);
    if (!S_ISSOCK(st.st_mode))
        return rf_why_set(why, RF_ERR_EXISTS, "not-a-socket",
                          "%s is there and is no socket: move it away", at->sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return path_failed(at->sun_path, "socket for", why);
    bool is_dead =
        connect(fd, (const struct sockaddr *)at, sizeof *at) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!is_dead)
        return rf_why_set(why, RF_ERR_EXISTS, "socket-in-use",
                          "another server listens on %s: stop it first", at->sun_path);
    /* check-bytes: a socket */
    if (unlink(at->sun_path) != 0 && errno != ENOENT)
        return path_failed(at->sun_path, "remove the old", why);
    return RF_OK;
}

static enum rf_err bind_and_listen(const struct sockaddr_un *at, int *out, struct rf_why *why)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return path_failed(at->sun_path, "socket for", why);
    /* Nobody can connect before listen(), so the mode is right for everyone who can. */
    if (bind(fd, (const struct sockaddr *)at, sizeof *at) != 0 ||
        chmod(at->sun_path, SOCKET_MODE) != 0 || listen(fd, SOMAXCONN) != 0) {
        enum rf_err err = path_failed(at->sun_path, "listen on", why);
        close(fd);
        return err;
    }
    *out = fd;
    return RF_OK;
}

/** With the folder locked: two servers that start at once must not remove each other's socket. */
static enum rf_err socket_open(const char *path, int *out, struct rf_why *why)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (!rf_slice_to_str(rf_slice_str(path), at.sun_path, sizeof at.sun_path))
        return rf_why_set(why, RF_ERR_LIMIT, "path-too-long",
                          "%s: a socket's path has at most %zu bytes", path,
                          sizeof at.sun_path - 1);
    const char *slash = strrchr(path, '/');
    RF_AUTO(rf_freep)
    char *folder = slash == NULL   ? rf_strdup(".")
                   : slash == path ? rf_strdup("/")
                                   : rf_strf("%.*s", (int)(slash - path), path);
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0)
        return path_failed(folder, "open folder", why);
    if (flock(lock, LOCK_EX) != 0) {
        enum rf_err err = path_failed(folder, "lock folder", why);
        close(lock);
        return err;
    }
    enum rf_err err = make_way(&at, why);
    if (err == RF_OK)
        err = bind_and_listen(&at, out, why);
    close(lock);
    return err;
}

/* ---- the server ---- */

/* Out of descriptors: a level-triggered listener would spin. */
static void accept_failed(struct evconnlistener *listener, void *arg)
{
    evconnlistener_disable(listener);
}

static void revive(evutil_socket_t fd, short what, void *arg)
{
    struct rf_http_server *server = arg;
    evconnlistener_enable(server->listener);
}

static void watch_listener(struct rf_http_server *server, struct evhttp_bound_socket *bound)
{
    struct timeval second = {.tv_sec = 1};
    server->listener = evhttp_bound_socket_get_listener(bound);
    evconnlistener_set_error_cb(server->listener, accept_failed);
    server->revive = rf_loop_event(server->loop, -1, EV_PERSIST, revive, server);
    event_add(server->revive, &second);
}

static struct evhttp *http_new(struct rf_http_server *server)
{
    struct evhttp *http = evhttp_new(server->loop->base);
    rf_bug_on(http == NULL);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
                                         EVHTTP_REQ_DELETE);
    evhttp_set_max_headers_size(http, (ev_ssize_t)RF_HTTP_HEADERS_MAX);
    evhttp_set_max_body_size(http, (ev_ssize_t)RF_HTTP_BODY_MAX);
    evhttp_set_timeout(http, IDLE_S);
    evhttp_set_default_content_type(http, NULL);
    evhttp_set_gencb(http, on_request, server);
    return http;
}

enum rf_err rf_http_server_open(struct rf_loop *loop, const char *path, rf_http_fn fn, void *arg,
                                struct rf_http_server **out, struct rf_why *why)
{
    int fd = -1;
    enum rf_err err = socket_open(path, &fd, why);
    if (err != RF_OK)
        return err;
    struct rf_http_server *server = rf_new(struct rf_http_server);
    *server = (struct rf_http_server){
        .loop = loop, .on_request = fn, .arg = arg, .path = rf_strdup(path)};
    struct stat st;
    if (lstat(path, &st) == 0) {
        server->dev = st.st_dev;
        server->ino = st.st_ino;
    }
    server->waiting = rf_handles_new(RF_HTTP_WAITING_MAX);
    server->http = http_new(server);
    struct evhttp_bound_socket *bound = evhttp_accept_socket_with_handle(server->http, fd);
    rf_bug_on(bound == NULL);
    watch_listener(server, bound);
    *out = server;
    return RF_OK;
}

/** The answer goes out now: with evhttp the connection goes too. */
static void answer_last(struct rf_http_req *req)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(req->connection);
    rf_http_reply(
        req, 503, "application/json",
        rf_slice_str("{\"error\":{\"code\":\"stopping\",\"text\":\"the server stops\"}}\n"));
    struct evbuffer *out = bufferevent_get_output(bev);
    evbuffer_unfreeze(out, 1);
    if (evbuffer_write(out, bufferevent_getfd(bev)) < 0)
        rf_debug(RF_CAT_ADMIN, "an unanswered client left before the server stopped");
    evbuffer_freeze(out, 1);
}

void rf_http_server_close(struct rf_http_server *server)
{
    if (server == NULL)
        return;
    uint32_t at = 0;
    struct rf_http_req *req;
    while ((req = rf_handles_next(server->waiting, &at)) != NULL)
        answer_last(req);
    event_free(server->revive);
    struct stat st;
    if (lstat(server->path, &st) == 0 && st.st_dev == server->dev && st.st_ino == server->ino)
        unlink(server->path); /* check-bytes: a socket */
    evhttp_free(server->http);
    rf_handles_free(server->waiting);
    rf_free(server->path);
    rf_free(server);
}
