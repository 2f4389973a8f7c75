/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP on a Unix socket: the admin API's server, on a loop, and a small blocking client for the
 * command line, which asks over TCP too (lists of revoked certificates, responders). A request is
 * answered once, at once or later, from the loop's thread:
 *
 *     static void on_request(struct rf_http_req *req, void *arg)
 *     {
 *         if (rf_http_method(req) == RF_HTTP_GET && strcmp(rf_http_path(req), "/status") == 0)
 *             rf_http_reply(req, 200, "application/json", rf_slice_str("{}"));
 *         else
 *             rf_http_reply(req, 404, "application/json", ...);
 *     }
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/handle.h"
#include "base/mem.h"
#include "net/loop.h"

#include <stdatomic.h>
#include <sys/types.h>

#define RF_HTTP_BODY_MAX    ((size_t)1024 * 1024)
#define RF_HTTP_HEADERS_MAX ((size_t)16 * 1024)
#define RF_HTTP_WAITING_MAX 1024u /* requests not answered yet; more get 503 */

enum rf_http_method { RF_HTTP_GET, RF_HTTP_POST, RF_HTTP_PUT, RF_HTTP_DELETE };

struct rf_http_server;
struct rf_http_req;
typedef void (*rf_http_fn)(struct rf_http_req *req, void *arg);

/** Listen on `path` with mode 0660. A socket left there by a dead server is replaced; anything else
 * there is RF_ERR_EXISTS ("socket-in-use", "not-a-socket"). */
RF_MUST_CHECK enum rf_err rf_http_server_open(struct rf_loop *loop, const char *path,
                                              rf_http_fn on_request, void *arg,
                                              struct rf_http_server **out, struct rf_why *why);
/** Unanswered requests get 503; the socket file is removed. NULL is fine. */
void rf_http_server_close(struct rf_http_server *server);

enum rf_http_method rf_http_method(const struct rf_http_req *req);
/** Decoded, without the query; begins with '/'. Lives as long as the request. */
const char *rf_http_path(const struct rf_http_req *req);
/** The decoded value of a query parameter, or NULL. Lives as long as the request. */
const char *rf_http_query(const struct rf_http_req *req, const char *name);
/** A request header, or NULL. */
const char *rf_http_header(const struct rf_http_req *req, const char *name);
struct rf_slice rf_http_body(const struct rf_http_req *req);
/** It held a secret: overwrite it. */
void rf_http_wipe_body(struct rf_http_req *req);
/** Who asked, as the kernel says. */
uid_t rf_http_uid(const struct rf_http_req *req);
gid_t rf_http_gid(const struct rf_http_req *req);
pid_t rf_http_pid(const struct rf_http_req *req);
/** Was this one of the asker's groups, the primary one or another, when it connected? As the kernel
 * says: no user database is asked. */
bool rf_http_has_group(const struct rf_http_req *req, gid_t gid);

/** To answer later: keep the number, find the request again. NULL when it is gone. */
rf_handle rf_http_id(const struct rf_http_req *req);
struct rf_http_req *rf_http_find(struct rf_http_server *server, rf_handle id);

/** Answer; `req` is gone afterwards. `body` is copied. A client that left does no harm. */
void rf_http_reply(struct rf_http_req *req, int status, const char *content_type,
                   struct rf_slice body);

/** An answer, owned by the caller. */
struct rf_http_answer {
    int status;
    char content_type[64];
    struct rf_buf body;
};
void rf_http_answer_fini(struct rf_http_answer *answer);

struct rf_http_call {
    const char *socket_path; /* NULL: by TCP, to the two below */
    const char *host;        /* a name is looked up, which no timeout ends */
    uint16_t port;
    /** Another thread may set it: the call ends soon, with RF_ERR_AGAIN "cancelled". May be NULL.
     */
    const atomic_bool *cancel;
    enum rf_http_method method;
    const char *target;       /* path and query, already encoded */
    const char *content_type; /* NULL without body */
    struct rf_slice body;
    uint32_t timeout_ms; /* for all of it; 0: 10 s */
    size_t answer_max;   /* bytes of body; 0: RF_HTTP_BODY_MAX */
};
/** One request on a connection of its own; by TCP in HTTP/1.0, so that nobody sends in pieces, and
 * no answer leads elsewhere. RF_ERR_NOT_FOUND ("no-server": nobody listens; "no-host"),
 * RF_ERR_DENIED (no permission), RF_ERR_AGAIN ("timeout"), RF_ERR_LIMIT, RF_ERR_BAD (no HTTP),
 * RF_ERR_IO. RF_OK says that an answer came, whatever its status. Blocking. */
RF_MUST_CHECK enum rf_err rf_http_request(const struct rf_http_call *call,
                                          struct rf_http_answer *out, struct rf_why *why);

/** "http://host:port/path?query", taken apart. */
struct rf_http_url {
    char host[256]; /* a name or an address; without the brackets of IPv6 */
    uint16_t port;
    char target[768];
};
/** False: no such URL, or with a user, a fragment, or what would have to be encoded. */
RF_MUST_CHECK bool rf_http_url_parse(const char *text, struct rf_http_url *out);
/** Percent-encode one path segment or query value into buf; false when it does not fit. */
RF_MUST_CHECK bool rf_http_encode(struct rf_slice text, char *buf, size_t cap);

#endif
