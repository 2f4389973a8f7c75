/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting: on one loop, for links there or on several workers in turn. The accepting thread alone
 * adds to the counts; links, on whatever thread, only take away. So the counts are exact without a
 * lock. */
#include "net/link_int.h"
#include "net/workers_int.h"

#include "base/faults.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define LINKS_DEFAULT      20480u /* phones of one node */
#define HANDSHAKES_DEFAULT 64u
#define ACCEPTS_MAX        64   /* in one turn */
#define RETRY_MS           100  /* out of descriptors */
#define STORM_SOURCES      4096 /* addresses whose failed handshakes are remembered */
#define ALARMS_A_MINUTE    10
#define LEGACY_A_MINUTE    60

/* As struct rf_log_limit, for several threads; two of them may be told one too many. */
struct limit {
    _Atomic uint64_t minute;
    atomic_uint used;
};

struct rf_listener {
    atomic_uint refs; /* the owner's, one for each link */
    char *name;
    struct rf_loop *loop; /* where it accepts */
    struct rf_workers *workers;
    uint32_t turn;            /* the next worker */
    struct rf_link_conf link; /* but for .tls: other threads read it */
    struct rf_tls *tls;       /* of links accepted from now on; only the accepting thread looks */
    uint32_t links_max;
    struct rf_shares *shares;
    bool counts_open; /* in shares: all links of an address, not those in their handshake */
    uint16_t port;
    int fd;
    struct event *readable;
    rf_timer_id retry;
    struct rf_log_limit log_limit;
    atomic_uint links;
    struct rf_storm *storm;      /* NULL: nobody counts failures */
    struct rf_networks networks; /* only the accepting thread looks */
    rf_listener_alarm_fn on_alarm;
    void *alarm_arg;
    struct limit alarms;
    struct limit legacy;
    _Atomic uint64_t storm_refused;
    _Atomic uint64_t network_refused;
};

static void listener_unref(struct rf_listener *l)
{
    if (atomic_fetch_sub(&l->refs, 1) != 1)
        return;
    rf_tls_free(l->tls);
    rf_storm_free(l->storm);
    rf_shares_free(l->shares);
    rf_free(l->name);
    rf_free(l);
}

const struct rf_link_conf *rf_listener_link_conf(const struct rf_listener *l)
{
    return &l->link;
}

bool rf_listener_counts_open(const struct rf_listener *l)
{
    return l->counts_open;
}

static bool allows(struct rf_listener *l, struct limit *limit, uint32_t burst)
{
    uint64_t minute = rf_now_ms(l->loop->clock) / 60000 + 1;
    if (atomic_exchange(&limit->minute, minute) != minute)
        atomic_store(&limit->used, 0);
    return atomic_load(&limit->used) < burst && atomic_fetch_add(&limit->used, 1) < burst;
}

static void tell_alarm(struct rf_listener *l, const char *code, const char *host, const char *what)
{
    char text[RF_WHY_TEXT_MAX];
    if (!allows(l, &l->alarms, ALARMS_A_MINUTE))
        return;
    snprintf(text, sizeof text, "%s from=%s listener=%s", what, host, l->name);
    rf_warn(RF_CAT_NET, "%s code=%s", text, code);
    if (l->on_alarm != NULL)
        l->on_alarm(l->alarm_arg, code, text);
}

void rf_listener_failed(struct rf_listener *l, const char *host, const struct rf_why *why)
{
    if (strcmp(why->code, RF_TLS_DOWNGRADE) != 0)
        return;
    rf_count(TLS_DOWNGRADES);
    tell_alarm(
        l, why->code, host,
        "a second try with a lower TLS version than both sides can do was refused: somebody may "
        "be in between");
}

void rf_listener_weak_used(struct rf_listener *l, const struct rf_peer *peer)
{
    if (peer->is_legacy)
        rf_count(TLS_LEGACY);
    if (!peer->is_weak)
        return;
    rf_count(TLS_WEAK);
    if (allows(l, &l->legacy, LEGACY_A_MINUTE))
        rf_warn(RF_CAT_TLS, "weak TLS in use listener=%s peer=%s version=%s suite=%s", l->name,
                peer->host, peer->tls_version, peer->suite);
}

void rf_listener_over(struct rf_listener *l)
{
    atomic_fetch_sub(&l->links, 1);
    listener_unref(l);
}

static void refuse(struct rf_listener *l, int fd, const struct rf_address *address,
                   const char *reason)
{
    char host[RF_ADDRESS_TEXT_MAX];
    close(fd);
    rf_count(LINKS_REFUSED);
    if (rf_log_allows(&l->log_limit, 10, rf_now_ms(l->loop->clock)))
        rf_warn(RF_CAT_NET, "connection refused: %s listener=%s peer=%s", reason, l->name,
                rf_address_host(address, host, sizeof host));
}

/* ---- handing a socket to a worker ---- */

struct accepted {
    struct rf_msg msg;
    struct rf_listener *listener;
    struct rf_share *share;
    struct rf_storm_source *source;
    struct rf_tls *tls; /* of a message: a reference of its own; or NULL */
    int fd;
    struct rf_address address;
};

static void take_up(struct accepted *a, struct rf_loop *loop)
{
    if (loop != NULL &&
        rf_link_accept(loop, a->listener, a->share, a->source, a->tls, a->fd, &a->address))
        return;
    rf_count(LINKS_REFUSED);
    close(a->fd);
    rf_storm_done(a->source, false);
    rf_share_give_back(a->share);
    rf_listener_over(a->listener);
}

static void accepted_run(struct rf_msg *msg, void *reader)
{
    struct accepted *a = (struct accepted *)msg;
    take_up(a, reader);
    rf_tls_free(a->tls);
    rf_free(a);
}

static void post(struct rf_workers *workers, uint32_t to, const struct accepted *accepted)
{
    struct accepted *a = rf_new(struct accepted);
    *a = *accepted;
    if (a->tls != NULL)
        rf_tls_ref(a->tls);
    if (rf_workers_post(workers, to, &a->msg) != RF_OK)
        accepted_run(&a->msg, NULL);
}

static void hand_over(struct rf_listener *l, struct rf_share *share, struct rf_storm_source *source,
                      int fd, const struct rf_address *address)
{
    struct accepted a = {.msg = {.run = accepted_run},
                         .listener = l,
                         .share = share,
                         .source = source,
                         .tls = l->tls,
                         .fd = fd,
                         .address = *address};
    atomic_fetch_add(&l->refs, 1);
    atomic_fetch_add(&l->links, 1);
    uint32_t to = l->workers != NULL ? l->turn++ % rf_workers_n(l->workers) : 0;
    if (l->workers == NULL || rf_workers_loop(l->workers, to) == l->loop)
        take_up(&a, l->loop);
    else
        post(l->workers, to, &a);
}

/* ---- accepting ---- */

static void retry(void *owner, uint64_t number)
{
    struct rf_listener *l = owner;
    l->retry = 0;
    event_add(l->readable, NULL);
}

/* The kernel would go on announcing a connection that we cannot take. */
static void rest(struct rf_listener *l, int error)
{
    event_del(l->readable);
    if (l->retry == 0)
        l->retry = rf_timer_start(rf_loop_timers(l->loop), RETRY_MS, retry, l, 0);
    if (rf_log_allows(&l->log_limit, 10, rf_now_ms(l->loop->clock)))
        rf_error(RF_CAT_NET, "cannot accept connections for %d ms: %s listener=%s", RETRY_MS,
                 strerror(error), l->name);
}

/* Refusing them is all that such a connection may cost. */
static void refuse_quietly(int fd, _Atomic uint64_t *count)
{
    close(fd);
    atomic_fetch_add(count, 1);
    rf_count(LINKS_REFUSED);
}

/** Is the address one of the listener's networks? */
static bool may_come(struct rf_listener *l, int fd, const struct rf_address *address)
{
    char host[RF_ADDRESS_TEXT_MAX];
    if (l->networks.n == 0 || rf_networks_have(&l->networks, address) ||
        rf_fault_skips("net.listener-networks"))
        return true;
    refuse_quietly(fd, &l->network_refused);
    tell_alarm(l, "network-refused", rf_address_host(address, host, sizeof host),
               "connection refused: the address is of none of this listener's networks");
    return false;
}

/** Did too many of its handshakes fail? */
static bool is_calm(struct rf_listener *l, int fd, const struct rf_address *address,
                    struct rf_storm_source **source)
{
    char host[RF_ADDRESS_TEXT_MAX];
    bool is_first = false;
    if (l->storm == NULL ||
        rf_storm_admit(l->storm, address, rf_now_ms(l->loop->clock), source, &is_first))
        return true;
    refuse_quietly(fd, &l->storm_refused);
    rf_count(STORM_REFUSED);
    if (is_first)
        tell_alarm(l, "handshake-storm", rf_address_host(address, host, sizeof host),
                   "connections refused: too many handshakes of this address failed");
    return false;
}

static void admit(struct rf_listener *l, int fd, const struct rf_address *address)
{
    struct rf_storm_source *source = NULL;
    if (!may_come(l, fd, address) || !is_calm(l, fd, address, &source))
        return;
    const char *refusal = NULL;
    struct rf_share *share = NULL;
    if (atomic_load(&l->links) >= l->links_max && !rf_fault_skips("net.links-max"))
        refusal = "the listener has all the links it may have";
    else if ((share = rf_shares_take(l->shares, address)) == NULL)
        refusal = l->counts_open
                      ? "the address, or its /64, has all the links it may have"
                      : "too many of this address, or its /64, are not through the handshake";
    if (refusal == NULL) {
        hand_over(l, share, source, fd, address);
        return;
    }
    rf_storm_done(source, false);
    refuse(l, fd, address, refusal);
}

static void accept_ready(evutil_socket_t listening, short what, void *arg)
{
    struct rf_listener *l = arg;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct rf_address from = {.len = sizeof from.sa};
        int fd =
            accept4(l->fd, (struct sockaddr *)&from.sa, &from.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(l, fd, &from);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) {
            rest(l, errno);
            return;
        }
    }
}

/* ---- opening and closing ---- */

static enum rf_err listen_failed(const struct rf_listener_conf *conf, int fd, struct rf_why *why)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    enum rf_err err = error == EACCES ? RF_ERR_DENIED : RF_ERR_IO;
    const char *code = error == EACCES       ? "port-denied"
                       : error == EADDRINUSE ? "port-in-use"
                                             : "listen-failed";
    return rf_why_set(why, err, code, "listen on %s port %u for %s: %s", conf->address, conf->port,
                      conf->name, strerror(error));
}

static enum rf_err listen_on(const struct rf_listener_conf *conf, struct rf_listener *l,
                             struct rf_why *why)
{
    struct rf_address at;
    enum rf_err err = rf_address_parse(conf->address, conf->port, &at, why);
    if (err != RF_OK)
        return err;
    int on = 1;
    int fd = socket(at.sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&at.sa, at.len) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at.sa, &at.len) != 0)
        return listen_failed(conf, fd, why);
    rf_link_no_delay(fd); /* what is accepted has it of this one */
    l->fd = fd;
    l->port = rf_address_port(&at);
    return RF_OK;
}

static uint32_t share_of_address(const struct rf_listener_conf *conf)
{
    if (conf->links_per_address != 0)
        return conf->links_per_address;
    return conf->handshakes_per_address != 0 ? conf->handshakes_per_address : HANDSHAKES_DEFAULT;
}

static enum rf_err listener_new(struct rf_loop *loop, const struct rf_listener_conf *conf,
                                struct rf_listener **out, struct rf_why *why)
{
    struct rf_listener *l = rf_new(struct rf_listener);
    atomic_init(&l->refs, 1);
    l->name = rf_strdup(conf->name);
    l->loop = loop;
    l->link = conf->link;
    l->link.tls = NULL;
    if (conf->link.tls != NULL)
        l->tls = rf_tls_ref(conf->link.tls);
    l->links_max = conf->links_max != 0 ? conf->links_max : LINKS_DEFAULT;
    l->counts_open = conf->links_per_address != 0;
    l->shares = rf_shares_new(l->links_max, share_of_address(conf), rf_random_u32());
    if (conf->failures_a_minute != 0 && l->tls != NULL)
        l->storm = rf_storm_new(conf->failures_a_minute, STORM_SOURCES, rf_random_u32());
    if (conf->networks != NULL)
        l->networks = *conf->networks;
    l->on_alarm = conf->on_alarm;
    l->alarm_arg = conf->alarm_arg;
    enum rf_err err = listen_on(conf, l, why);
    if (err != RF_OK) {
        listener_unref(l);
        return err;
    }
    *out = l;
    return RF_OK;
}

static void start(struct rf_listener *l, const void *unused)
{
    l->readable = rf_loop_event(l->loop, l->fd, EV_READ | EV_PERSIST, accept_ready, l);
    event_add(l->readable, NULL);
}

static void stop(struct rf_listener *l, const void *unused)
{
    rf_timer_stop(rf_loop_timers(l->loop), &l->retry);
    event_free(l->readable);
    close(l->fd);
    listener_unref(l);
}

enum rf_err rf_listener_open(struct rf_loop *loop, const struct rf_listener_conf *conf,
                             struct rf_listener **out, struct rf_why *why)
{
    enum rf_err err = listener_new(loop, conf, out, why);
    if (err == RF_OK)
        start(*out, NULL);
    return err;
}

/* What changes a listener is done on the first worker, whose loop accepts; the caller waits, so
 * that a closed listener is closed. */
struct request {
    struct rf_msg msg;
    void (*fn)(struct rf_listener *l, const void *what);
    struct rf_listener *listener;
    const void *what;
    struct rf_mailbox *done;
};

static void request_done(struct rf_msg *msg, void *reader)
{
    rf_free(msg);
}

static void request_run(struct rf_msg *msg, void *reader)
{
    struct request *r = (struct request *)msg;
    r->fn(r->listener, r->what);
    r->msg.run = request_done;
    rf_mailbox_post_answer(r->done, &r->msg);
}

static void on_accepting_thread(struct rf_listener *l,
                                void (*fn)(struct rf_listener *l, const void *what),
                                const void *what)
{
    if (l->workers == NULL || rf_workers_is_here(l->workers, 0)) {
        fn(l, what);
        return;
    }
    struct request *r = rf_new(struct request);
    *r = (struct request){.msg = {.run = request_run},
                          .fn = fn,
                          .listener = l,
                          .what = what,
                          .done = rf_mailbox_new("listener", 1)};
    struct rf_mailbox *done = r->done;
    rf_mailbox_post_answer(rf_loop_mailbox(l->loop), &r->msg);
    while (rf_mailbox_run(done, NULL) == 0)
        rf_mailbox_wait(done, -1);
    rf_mailbox_free(done);
}

enum rf_err rf_listener_open_on_workers(struct rf_workers *workers,
                                        const struct rf_listener_conf *conf,
                                        struct rf_listener **out, struct rf_why *why)
{
    enum rf_err err = listener_new(rf_workers_loop(workers, 0), conf, out, why);
    if (err != RF_OK)
        return err;
    (*out)->workers = workers;
    on_accepting_thread(*out, start, NULL);
    return RF_OK;
}

uint16_t rf_listener_port(const struct rf_listener *listener)
{
    return listener->port;
}

void rf_listener_close(struct rf_listener *listener)
{
    if (listener != NULL)
        on_accepting_thread(listener, stop, NULL);
}

static void use_tls(struct rf_listener *l, const void *tls)
{
    rf_tls_free(l->tls);
    l->tls = rf_tls_ref((struct rf_tls *)(uintptr_t)tls);
}

void rf_listener_set_tls(struct rf_listener *listener, struct rf_tls *tls)
{
    on_accepting_thread(listener, use_tls, tls);
}

static void use_networks(struct rf_listener *l, const void *networks)
{
    l->networks = *(const struct rf_networks *)networks;
}

void rf_listener_set_networks(struct rf_listener *listener, const struct rf_networks *networks)
{
    on_accepting_thread(listener, use_networks, networks);
}

const char *rf_listener_name(const struct rf_listener *listener)
{
    return listener->name;
}

void rf_listener_count(const struct rf_listener *listener, struct rf_listener_counts *out)
{
    out->links = atomic_load(&listener->links);
    out->storm_refused = atomic_load(&listener->storm_refused);
    out->network_refused = atomic_load(&listener->network_refused);
}
