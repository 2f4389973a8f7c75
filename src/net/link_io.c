/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a link: handshake, what arrives, what leaves. */
#include "net/link_int.h"

#include "base/faults.h"
#include "base/metrics.h"
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Reads of one link in one turn: others wait too. */
#define READS_MAX 4

void rf_link_let_go(struct rf_buf *b)
{
    if (b->p == NULL)
        return;
    rf_wipe(b->p, b->cap);
    rf_buf_fini(b);
}

/* Secrets pass through here (media keys, strings): growing must not leave a copy behind. */
bool rf_link_hold(struct rf_buf *b, struct rf_slice data)
{
    if (data.len > b->max - b->len)
        return false;
    if (data.len > b->cap - b->len) {
        struct rf_buf bigger = RF_BUF(b->max);
        size_t want = b->len + data.len;
        size_t twice = b->cap < b->max / 2 ? b->cap * 2 : b->max;
        size_t room = want > twice ? want : twice;
        if (rf_buf_room(&bigger, room) == NULL || rf_buf_add_slice(&bigger, rf_buf_slice(b)))
            return false;
        rf_link_let_go(b);
        *b = bigger;
    }
    return rf_buf_add_slice(b, data) == RF_OK;
}

/* ---- the two kinds of stream, seen alike ---- */

static enum rf_tls_io lost(int error, struct rf_why *why)
{
    if (error == EAGAIN || error == EINTR)
        return RF_TLS_WANT_READ;
    bool is_reset = error == ECONNRESET || error == EPIPE;
    (void)rf_why_set(why, RF_ERR_IO, is_reset ? "tcp-reset" : "io", "connection lost: %s",
                     strerror(error));
    return RF_TLS_LOST;
}

static enum rf_tls_io receive(struct rf_link *link, size_t cap, size_t *n, struct rf_why *why)
{
    if (link->stream != NULL)
        return rf_tls_read(link->stream, link->loop->scratch, cap, n, why);
    ssize_t got = recv(link->fd, link->loop->scratch, cap, 0);
    *n = got > 0 ? (size_t)got : 0;
    if (got < 0)
        return lost(errno, why);
    return got == 0 ? RF_TLS_END : RF_TLS_DONE;
}

static enum rf_tls_io transmit(struct rf_link *link, size_t *n, struct rf_why *why)
{
    struct rf_slice data = rf_buf_slice(&link->out);
    if (link->stream != NULL)
        return rf_tls_write(link->stream, data, n, why);
    ssize_t put = send(link->fd, data.p, data.len, MSG_NOSIGNAL);
    *n = put > 0 ? (size_t)put : 0;
    if (put >= 0)
        return RF_TLS_DONE;
    enum rf_tls_io io = lost(errno, why);
    return io == RF_TLS_WANT_READ ? RF_TLS_WANT_WRITE : io;
}

/** The stream ended or failed. */
static void stream_over(struct rf_link *link, enum rf_tls_io io, struct rf_why *why)
{
    if (io == RF_TLS_END)
        (void)rf_why_set(why, RF_OK, "end", "the other side closed the connection");
    rf_link_end(link, why, io == RF_TLS_FAILED);
}

/* ---- input ---- */

/** Give on_data what was left before and what came now; keep what it leaves. */
static void deliver(struct rf_link *link, struct rf_slice fresh)
{
    bool has_old = link->in.len > 0;
    if (has_old && !rf_link_hold(&link->in, fresh))
        rf_bug("input above its limit", __FILE__, __LINE__); /* read_some asked for less */
    struct rf_slice all = has_old ? rf_buf_slice(&link->in) : fresh;
    if (all.len == 0)
        return;
    size_t used = link->calls->on_data(link, all);
    rf_bug_on(used > all.len);
    if (link->state != RF_LINK_OPEN)
        return;
    if (has_old)
        rf_buf_drop(&link->in, used);
    else if (!rf_link_hold(&link->in, rf_slice_part(all, used, SIZE_MAX)))
        rf_bug("input above its limit", __FILE__, __LINE__);
    if (link->in.len == 0) {
        rf_link_let_go(&link->in);
    } else if (link->in.len >= link->in.max && !link->is_paused &&
               !rf_fault_skips("net.input-max")) {
        struct rf_why why = {0};
        (void)rf_why_set(&why, RF_ERR_LIMIT, "input-full",
                         "%zu bytes arrived without a message in them", link->in.len);
        rf_link_end(link, &why, false);
    }
}

static bool may_read(const struct rf_link *link)
{
    return link->state == RF_LINK_OPEN && !link->is_paused && link->in.len < link->in.max;
}

static void read_some(struct rf_link *link)
{
    link->read_wants_write = false;
    for (int i = 0; i < READS_MAX && may_read(link); i++) {
        struct rf_why why = {0};
        size_t room = link->in.max - link->in.len;
        size_t n = 0;
        enum rf_tls_io io =
            receive(link, room < RF_LOOP_SCRATCH ? room : RF_LOOP_SCRATCH, &n, &why);
        if (io == RF_TLS_DONE) {
            link->since_ms = rf_now_ms(link->loop->clock);
            deliver(link, rf_slice_of(link->loop->scratch, n));
            rf_wipe(link->loop->scratch, n);
            continue;
        }
        link->read_wants_write = io == RF_TLS_WANT_WRITE;
        if (io == RF_TLS_WANT_READ && link->stream != NULL && rf_tls_has_pending(link->stream))
            continue; /* what was read was no data, and there is more */
        if (io != RF_TLS_WANT_READ && io != RF_TLS_WANT_WRITE)
            stream_over(link, io, &why);
        return;
    }
    /* The socket will not announce what TLS holds already. */
    if (may_read(link) && link->stream != NULL && rf_tls_has_pending(link->stream))
        rf_loop_todo(link->loop, &link->todo);
}

/* ---- output ---- */

/** Everything is in the kernel's hands: say good-bye. */
static void close_out(struct rf_link *link)
{
    if (link->stream != NULL && rf_tls_close_notify(link->stream) == RF_TLS_WANT_WRITE) {
        link->is_blocked = true;
        return;
    }
    struct rf_why why = {0};
    (void)rf_why_set(&why, RF_OK, "closed-here", "closed by this side");
    rf_link_end(link, &why, true);
}

static void write_some(struct rf_link *link)
{
    link->is_blocked = false;
    link->write_wants_read = false;
    while (link->out.len > 0) {
        struct rf_why why = {0};
        size_t n = 0;
        enum rf_tls_io io = transmit(link, &n, &why);
        if (io == RF_TLS_DONE) {
            rf_buf_drop(&link->out, n);
            continue;
        }
        link->is_blocked = true;
        link->has_waited = true;
        link->write_wants_read = io == RF_TLS_WANT_READ;
        if (io != RF_TLS_WANT_READ && io != RF_TLS_WANT_WRITE)
            stream_over(link, io, &why);
        return;
    }
    rf_link_let_go(&link->out);
    if (link->state == RF_LINK_CLOSING) {
        close_out(link);
    } else if (link->has_waited) {
        link->has_waited = false;
        if (link->calls->on_drained != NULL)
            link->calls->on_drained(link);
    }
}

/* ---- beginning ---- */

static void opened(struct rf_link *link)
{
    if (link->stream != NULL) {
        rf_count(TLS_HANDSHAKES);
        rf_tls_stream_describe(link->stream, &link->peer);
        if (link->peer.is_resumed)
            rf_count(TLS_RESUMED);
        if ((link->peer.is_legacy || link->peer.is_weak) && link->listener != NULL)
            rf_listener_weak_used(link->listener, &link->peer);
        struct rf_tls_seen *seen = rf_tls_stream_seen(link->stream);
        if (seen != NULL) {
            link->seen = rf_tls_seen_ref(seen);
            link->peer.cert = rf_tls_seen_leaf(seen);
            link->peer.chain = rf_tls_seen_chain(seen);
        }
    }
    link->is_blocked = false;
    rf_link_enter(link, RF_LINK_OPEN);
    link->calls->on_open(link, &link->peer);
    if (link->state == RF_LINK_OPEN)
        rf_loop_todo(link->loop, &link->todo); /* what came right behind the handshake */
}

static void handshake(struct rf_link *link)
{
    struct rf_why why = {0};
    enum rf_tls_io io = rf_tls_handshake(link->stream, &why);
    link->is_blocked = io == RF_TLS_WANT_WRITE;
    if (io == RF_TLS_DONE) {
        opened(link);
    } else if (io != RF_TLS_WANT_READ && io != RF_TLS_WANT_WRITE) {
        if (io == RF_TLS_FAILED)
            rf_count(TLS_REFUSED);
        stream_over(link, io, &why);
    }
}

/** There is a connection. */
static void begin(struct rf_link *link)
{
    link->is_new = false;
    if (link->policy == NULL) {
        opened(link);
        return;
    }
    link->peer.has_tls = true;
    link->stream = rf_tls_stream_new(link->policy, link->fd);
    rf_tls_free(rf_steal(&link->policy));
    if (link->stream != NULL) {
        handshake(link);
        return;
    }
    struct rf_why why = {0};
    (void)rf_why_set(&why, RF_ERR_NOMEM, "no-memory", "no memory for a TLS connection");
    rf_link_end(link, &why, false);
}

/** Of an accepted link, or further; some other time when this turn has had its share. */
static void step(struct rf_link *link)
{
    bool has_tls = link->policy != NULL || link->stream != NULL;
    if (has_tls && !rf_loop_may_handshake(link->loop))
        return;
    if (link->is_new)
        begin(link);
    else
        handshake(link);
}

/* Who was accepted came to the address of its listener. */
static void local_address(struct rf_link *link)
{
    link->peer.local.len = sizeof link->peer.local.sa;
    if (getsockname(link->fd, (struct sockaddr *)&link->peer.local.sa, &link->peer.local.len) != 0)
        link->peer.local.len = 0;
}

static void connected(struct rf_link *link)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error == 0) {
        link->state = RF_LINK_HANDSHAKE; /* the deadline of connecting runs on */
        local_address(link);
        begin(link);
        return;
    }
    struct rf_why why = {0};
    (void)rf_why_set(&why, RF_ERR_IO, error == ECONNREFUSED ? "connect-refused" : "connect-failed",
                     "no connection to %s port %u: %s", link->peer.host,
                     rf_address_port(&link->peer.address), strerror(error));
    rf_link_end(link, &why, false);
}

/* ---- events ---- */

/** Something arrived in a pause. */
static void waiting(struct rf_link *link)
{
    if (!link->is_paused || link->has_waiting)
        return;
    link->has_waiting = true;
    if (link->calls->on_waiting != NULL)
        link->calls->on_waiting(link);
}

void rf_link_ready(struct rf_link *link, bool is_readable)
{
    switch (link->state) {
    case RF_LINK_CONNECTING:
        connected(link);
        break;
    case RF_LINK_HANDSHAKE:
        step(link);
        break;
    case RF_LINK_OPEN:
        if (is_readable)
            waiting(link);
        /* What was left before comes first, at the end of the turn. */
        if (!link->is_resumed || link->in.len == 0)
            read_some(link);
        if (link->state == RF_LINK_OPEN && link->is_blocked)
            write_some(link);
        break;
    case RF_LINK_CLOSING:
        write_some(link);
        break;
    case RF_LINK_ENDED:
    case RF_LINK_GONE:
    default:
        break;
    }
    rf_link_update(link);
}

void rf_link_go_on(struct rf_link *link)
{
    if (link->state == RF_LINK_HANDSHAKE && link->is_new)
        step(link);
    if (link->state == RF_LINK_OPEN && link->is_resumed && !link->is_paused) {
        link->is_resumed = false;
        deliver(link, rf_slice_of(NULL, 0));
    }
    if (link->state == RF_LINK_OPEN && link->stream != NULL && rf_tls_has_pending(link->stream))
        read_some(link);
    bool has_output = link->out.len > 0 || link->has_waited;
    if ((link->state == RF_LINK_OPEN && has_output && !link->is_blocked) ||
        link->state == RF_LINK_CLOSING)
        write_some(link);
    rf_link_update(link);
}
