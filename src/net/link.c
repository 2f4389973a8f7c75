/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a link: connecting or accepted, closing, its deadlines, its end. */
#include "net/link.h"

#include "base/file.h"
#include "net/link_int.h"

#include "base/faults.h"
#include "base/metrics.h"

#include <errno.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NEVER UINT64_MAX

#define TRIM_LINKS 256
#define TRIM_MS    5000

/* After a mass disconnect the C library keeps the heap: some 25 kB for each TLS link. It is given
 * back once, when things have calmed down. */
static void trim(void *owner, uint64_t number)
{
    struct rf_loop *loop = owner;
    loop->trim = 0;
    loop->links_peak = rf_handles_n(loop->links);
    malloc_trim(0);
}

static void one_less(struct rf_loop *loop)
{
    uint32_t peak = loop->links_peak;
    if (loop->trim == 0 && peak >= TRIM_LINKS && rf_handles_n(loop->links) < peak / 2)
        loop->trim = rf_timer_start(loop->timers, TRIM_MS, trim, loop, 0);
}

static void watch_end(struct rf_link_watch *w)
{
    if (w->event != NULL)
        event_free(w->event);
    *w = (struct rf_link_watch){0};
}

static void link_free(struct rf_link *link)
{
    rf_handle_remove(link->loop->links, link->handle);
    one_less(link->loop);
    rf_tls_stream_free(link->stream);
    rf_tls_free(link->policy);
    rf_tls_seen_unref(link->seen);
    rf_timer_stop(link->loop->timers, &link->timer);
    if (link->fd >= 0) {
        watch_end(&link->readable);
        watch_end(&link->writable);
        close(link->fd);
    }
    if (link->listener != NULL) {
        rf_storm_done(link->source, false);
        rf_share_give_back(link->share);
        rf_listener_over(link->listener);
    }
    rf_link_let_go(&link->in);
    rf_link_let_go(&link->out);
    rf_free(link);
}

static void attend(struct rf_todo *todo)
{
    struct rf_link *link = (struct rf_link *)todo;
    if (link->state == RF_LINK_ENDED) {
        link->state = RF_LINK_GONE;
        link->calls->on_close(link, &link->why);
    }
    if (link->state == RF_LINK_GONE) {
        link_free(link);
        return;
    }
    rf_link_go_on(link);
}

/* ---- deadlines ---- */

/* One timer a link, stopped at its end: when it fires it looks whether the deadline has moved on.
 * So what arrives costs no timer. */
static uint64_t deadline_of(const struct rf_link *link)
{
    switch (link->state) {
    case RF_LINK_CONNECTING:
    case RF_LINK_HANDSHAKE:
        return link->since_ms + link->handshake_ms;
    case RF_LINK_OPEN:
        return link->idle_ms > 0 && !link->is_paused ? link->since_ms + link->idle_ms : NEVER;
    case RF_LINK_CLOSING:
        return link->since_ms + link->close_ms;
    case RF_LINK_ENDED:
    case RF_LINK_GONE:
    default:
        return NEVER;
    }
}

static void too_late(struct rf_link *link)
{
    struct rf_why why = {0};
    if (link->state == RF_LINK_OPEN)
        (void)rf_why_set(&why, RF_ERR_AGAIN, "idle-timeout", "nothing arrived for %u ms",
                         link->idle_ms);
    else if (link->state == RF_LINK_CLOSING)
        (void)rf_why_set(&why, RF_ERR_AGAIN, "close-timeout",
                         "the other side did not take what was sent within %u ms of the close",
                         link->close_ms);
    else
        (void)rf_why_set(&why, RF_ERR_AGAIN, "handshake-timeout",
                         "%s with %s took longer than %u ms",
                         link->state == RF_LINK_CONNECTING ? "connecting" : "the TLS handshake",
                         link->peer.host, link->handshake_ms);
    rf_link_end(link, &why, false);
}

static void arm(struct rf_link *link);

static void disarm(struct rf_link *link)
{
    rf_timer_stop(link->loop->timers, &link->timer);
    link->armed_ms = NEVER;
}

static void timer_fired(void *owner, uint64_t number)
{
    struct rf_loop *loop = owner;
    struct rf_link *link = rf_handle_find(loop->links, (rf_handle)number);
    if (link == NULL)
        return;
    disarm(link);
    if (deadline_of(link) > rf_now_ms(loop->clock))
        arm(link);
    else if (!rf_fault_skips("net.deadline"))
        too_late(link);
}

static void arm(struct rf_link *link)
{
    uint64_t due = deadline_of(link);
    if (due >= link->armed_ms)
        return;
    disarm(link);
    uint64_t now = rf_now_ms(link->loop->clock);
    link->armed_ms = due > now ? due : now;
    link->timer = rf_timer_start(link->loop->timers, link->armed_ms - now, timer_fired, link->loop,
                                 link->handle);
}

void rf_link_enter(struct rf_link *link, enum rf_link_state state)
{
    if (link->state == RF_LINK_HANDSHAKE && state == RF_LINK_OPEN)
        rf_storm_done(rf_steal(&link->source), false);
    if (link->state == RF_LINK_HANDSHAKE && state == RF_LINK_OPEN && link->listener != NULL &&
        !rf_listener_counts_open(link->listener))
        rf_share_give_back(rf_steal(&link->share));
    link->state = state;
    link->since_ms = rf_now_ms(link->loop->clock);
}

/* ---- what is watched ---- */

static void socket_ready(evutil_socket_t fd, short what, void *arg)
{
    rf_link_ready(arg, (what & EV_READ) != 0);
}

static void watch(struct rf_link *link, struct rf_link_watch *w, short what, bool is_wanted)
{
    if (w->is_on == is_wanted)
        return;
    w->is_on = is_wanted;
    if (w->event == NULL)
        w->event = rf_loop_event(link->loop, link->fd, what | EV_PERSIST, socket_ready, link);
    if (is_wanted)
        event_add(w->event, NULL);
    else
        event_del(w->event);
}

void rf_link_update(struct rf_link *link)
{
    bool reads = false;
    bool writes = false;
    switch (link->state) {
    case RF_LINK_CONNECTING:
        writes = true;
        break;
    case RF_LINK_HANDSHAKE:
        writes = link->is_blocked;
        reads = !writes;
        break;
    case RF_LINK_OPEN:
        /* Of a pause the kernel is told only when something arrives in it: most are short. */
        reads = (!(link->is_paused && link->has_waiting) && !link->read_wants_write) ||
                link->write_wants_read;
        writes = (link->is_blocked && !link->write_wants_read) || link->read_wants_write;
        break;
    case RF_LINK_CLOSING:
        reads = link->write_wants_read;
        writes = link->is_blocked && !link->write_wants_read;
        break;
    case RF_LINK_ENDED:
    case RF_LINK_GONE:
    default:
        return;
    }
    watch(link, &link->readable, EV_READ, reads);
    watch(link, &link->writable, EV_WRITE, writes);
    arm(link);
}

/* ---- beginning ---- */

static struct rf_link *link_new(struct rf_loop *loop, const struct rf_link_conf *conf,
                                const struct rf_address *address)
{
    struct rf_link *link = rf_new(struct rf_link);
    link->handle = rf_handle_add(loop->links, link);
    if (link->handle == 0) {
        rf_free(link);
        return NULL;
    }
    if (rf_handles_n(loop->links) > loop->links_peak)
        loop->links_peak = rf_handles_n(loop->links);
    link->todo.run = attend;
    link->loop = loop;
    link->fd = -1;
    link->calls = conf->calls;
    link->arg = conf->arg;
    link->policy = conf->tls != NULL ? rf_tls_ref(conf->tls) : NULL;
    link->in = RF_BUF(conf->input_max != 0 ? conf->input_max : RF_LINK_INPUT_DEFAULT);
    link->out = RF_BUF(conf->output_max != 0 ? conf->output_max : RF_LINK_OUTPUT_DEFAULT);
    link->handshake_ms = conf->handshake_ms != 0 ? conf->handshake_ms : RF_LINK_HANDSHAKE_DEFAULT;
    link->idle_ms = conf->idle_ms;
    link->close_ms = conf->close_ms != 0 ? conf->close_ms : RF_LINK_CLOSE_MS;
    link->armed_ms = NEVER;
    link->peer.address = *address;
    rf_address_host(address, link->peer.host, sizeof link->peer.host);
    return link;
}

void rf_link_no_delay(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool rf_link_accept(struct rf_loop *loop, struct rf_listener *listener, struct rf_share *share,
                    struct rf_storm_source *source, struct rf_tls *tls, int take_fd,
                    const struct rf_address *address)
{
    struct rf_link_conf conf = *rf_listener_link_conf(listener);
    conf.tls = tls;
    struct rf_link *link = link_new(loop, &conf, address);
    if (link == NULL)
        return false;
    link->listener = listener;
    link->share = share;
    link->source = source;
    link->is_new = true;
    link->fd = take_fd;
    rf_count(LINKS_OPEN);
    rf_link_enter(link, RF_LINK_HANDSHAKE);
    rf_loop_todo(loop, &link->todo);
    return true;
}

/* The port is chosen when the other end is known: there are so many for each other end. */
static enum rf_err from_local(int fd, const char *local, struct rf_why *why)
{
    struct rf_address from;
    int on = 1;
    enum rf_err err = local != NULL ? rf_address_parse(local, 0, &from, why) : RF_OK;
    if (local == NULL || err != RF_OK)
        return err;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&from.sa, from.len) != 0)
        return rf_why_set(why, RF_ERR_IO, "local-address", "no connection from %s: %s", local,
                          strerror(errno));
    return RF_OK;
}

enum rf_err rf_link_connect(struct rf_loop *loop, const struct rf_link_conf *conf, const char *host,
                            uint16_t port, struct rf_link **out, struct rf_why *why)
{
    struct rf_address to;
    enum rf_err err = rf_address_parse(host, port, &to, why);
    if (err != RF_OK)
        return err;
    struct rf_link *link = link_new(loop, conf, &to);
    if (link == NULL)
        return rf_why_set(why, RF_ERR_LIMIT, "link-count", "too many links on loop %s", loop->name);
    int fd = socket(to.sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        err = rf_why_set(why, RF_ERR_IO, "io", "no socket to reach %s: %s", link->peer.host,
                         strerror(errno));
    else
        err = from_local(fd, conf->local, why);
    if (err != RF_OK) {
        rf_fd_close(&fd);
        link_free(link);
        return err;
    }
    rf_link_no_delay(fd);
    link->fd = fd;
    rf_count(LINKS_OPEN);
    rf_link_enter(link, RF_LINK_CONNECTING);
    if (connect(fd, (const struct sockaddr *)&to.sa, to.len) != 0 && errno != EINPROGRESS) {
        struct rf_why refused = {0};
        (void)rf_why_set(&refused, RF_ERR_IO,
                         errno == ECONNREFUSED ? "connect-refused" : "connect-failed",
                         "no connection to %s port %u: %s", link->peer.host, port, strerror(errno));
        rf_link_end(link, &refused, false);
    }
    rf_link_update(link);
    *out = link;
    return RF_OK;
}

/* ---- end ---- */

void rf_link_end(struct rf_link *link, const struct rf_why *why, bool lingers)
{
    if (link->state >= RF_LINK_ENDED)
        return;
    bool has_failed = link->state == RF_LINK_HANDSHAKE;
    if (link->why.code[0] == '\0')
        link->why = *why;
    if (link->stream != NULL && link->seen == NULL && rf_tls_stream_seen(link->stream) != NULL) {
        link->seen = rf_tls_seen_ref(rf_tls_stream_seen(link->stream));
        link->peer.cert = rf_tls_seen_leaf(link->seen);
        link->peer.chain = rf_tls_seen_chain(link->seen);
    }
    disarm(link);
    watch_end(&link->readable);
    watch_end(&link->writable);
    rf_tls_stream_free(link->stream);
    link->stream = NULL;
    if (lingers)
        rf_linger(link->loop, link->fd);
    else
        close(link->fd);
    link->fd = -1;
    link->state = RF_LINK_ENDED;
    rf_loop_todo(link->loop, &link->todo);
    if (link->listener != NULL) {
        if (has_failed)
            rf_listener_failed(link->listener, link->peer.host, &link->why);
        rf_storm_done(rf_steal(&link->source), has_failed);
        rf_share_give_back(rf_steal(&link->share));
        rf_listener_over(link->listener);
        link->listener = NULL;
    }
}

static void closed_here(struct rf_link *link, const struct rf_why *why)
{
    if (why != NULL && link->why.code[0] == '\0')
        link->why = *why;
    if (link->why.code[0] == '\0')
        (void)rf_why_set(&link->why, RF_OK, "closed-here", "closed by this side");
}

void rf_link_close_why(struct rf_link *link, const struct rf_why *why)
{
    if (link->state == RF_LINK_OPEN) {
        if (why != NULL)
            link->why = *why;
        rf_link_enter(link, RF_LINK_CLOSING);
        rf_loop_todo(link->loop, &link->todo);
    } else if (link->state < RF_LINK_OPEN) {
        rf_link_abort(link, why);
    }
}

void rf_link_close(struct rf_link *link)
{
    rf_link_close_why(link, NULL);
}

void rf_link_abort(struct rf_link *link, const struct rf_why *why)
{
    if (link->state >= RF_LINK_ENDED)
        return;
    closed_here(link, why);
    rf_link_end(link, &link->why, false);
}

void rf_link_forget(struct rf_link *link)
{
    if (link == NULL || link->state == RF_LINK_GONE)
        return;
    rf_link_abort(link, NULL);
    link->state = RF_LINK_GONE; /* freed at the end of the turn: its callback may be running */
}

void rf_links_drop(struct rf_loop *loop)
{
    uint32_t at = 0;
    struct rf_link *link;
    while ((link = rf_handles_next(loop->links, &at)) != NULL)
        link_free(link);
    loop->todo = NULL;
    loop->todo_last = &loop->todo;
}

/* ---- using it ---- */

enum rf_err rf_link_write(struct rf_link *link, struct rf_slice data)
{
    if (link->state != RF_LINK_OPEN)
        return RF_ERR_IO;
    if (data.len > link->out.max - link->out.len) {
        link->has_waited = true;
        return RF_ERR_LIMIT;
    }
    if (data.len == 0)
        return RF_OK;
    /* Sent at the end of the turn, so that several messages share a record and a system call. */
    if (!rf_link_hold(&link->out, data))
        return RF_ERR_LIMIT;
    rf_loop_todo(link->loop, &link->todo);
    return RF_OK;
}

size_t rf_link_pending(const struct rf_link *link)
{
    return link->out.len;
}

void rf_link_ask_drained(struct rf_link *link)
{
    link->has_waited = true;
    rf_loop_todo(link->loop, &link->todo);
}

size_t rf_link_unacked(const struct rf_link *link)
{
    int bytes = 0;
    if (link->fd < 0 || ioctl(link->fd, SIOCOUTQ, &bytes) != 0 || bytes < 0)
        return 0;
    return (size_t)bytes;
}

size_t rf_link_unread(const struct rf_link *link)
{
    int bytes = 0;
    if (link->fd < 0 || ioctl(link->fd, FIONREAD, &bytes) != 0 || bytes < 0)
        bytes = 0;
    return link->in.len + (size_t)bytes;
}

void rf_link_pause(struct rf_link *link)
{
    if (!link->is_paused)
        link->has_waiting = false;
    link->is_paused = true;
    rf_loop_todo(link->loop, &link->todo);
}

void rf_link_resume(struct rf_link *link)
{
    if (!link->is_paused)
        return;
    link->is_paused = false;
    link->is_resumed = true;
    if (link->state == RF_LINK_OPEN)
        link->since_ms = rf_now_ms(link->loop->clock);
    rf_loop_todo(link->loop, &link->todo);
}

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
    return link->loop;
}

bool rf_link_is_open(const struct rf_link *link)
{
    return link->state == RF_LINK_OPEN;
}

struct rf_link_ref rf_link_ref(const struct rf_link *link)
{
    return (struct rf_link_ref){.worker = link->loop->worker, .handle = link->handle};
}

struct rf_link *rf_link_find(struct rf_loop *loop, rf_handle handle)
{
    struct rf_link *link = rf_handle_find(loop->links, handle);
    return link != NULL && link->state < RF_LINK_ENDED ? link : NULL;
}
