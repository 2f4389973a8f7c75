/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers on a loop: a socket and a timer each. */
#include "service/phone/fetch.h"

#include "base/log.h"
#include "net/udp.h"

struct fetch {
    struct rf_fetcher *fetcher;
    struct fetch *next;
    struct rf_fetch_transfer transfer;
    struct rf_udp *udp;
    rf_timer_id timer;
    rf_fetch_done done;
    void *arg;
};

struct rf_fetcher {
    struct rf_loop *loop;
    struct rf_address server;
    struct rf_fetch_limits limits;
    struct fetch *first;
};

static void fetch_free(struct fetch *f)
{
    for (struct fetch **at = &f->fetcher->first; *at != NULL; at = &(*at)->next)
        if (*at == f) {
            *at = f->next;
            break;
        }
    rf_timer_stop(rf_loop_timers(f->fetcher->loop), &f->timer);
    rf_udp_close(f->udp);
    rf_fetch_transfer_fini(&f->transfer);
    rf_free(f);
}

static uint64_t now_of(const struct fetch *f)
{
    return rf_now_ms(rf_loop_clock(f->fetcher->loop));
}

static void on_time(void *owner, uint64_t number);

/* Send what the transfer wants sent, tell the outcome once, and set the timer or let go. */
static void go_on(struct fetch *f, const struct rf_fetch_send *send)
{
    struct rf_timers *timers = rf_loop_timers(f->fetcher->loop);
    rf_timer_stop(timers, &f->timer);
    /* What the kernel has no room for is as good as lost: the timer repeats it. */
    if (send->packet.len > 0 && rf_udp_send(f->udp, &send->to, send->packet, NULL) != RF_OK)
        rf_debug(RF_CAT_TFTP, "packet not sent file=%s", f->transfer.name);
    int wait = rf_fetch_transfer_wait_ms(&f->transfer, now_of(f));
    if (wait >= 0)
        f->timer = rf_timer_start(timers, (uint64_t)wait, on_time, f, 0);
    if (f->transfer.is_done && f->done != NULL) {
        rf_fetch_done done = f->done;
        struct rf_buf file = f->transfer.file;
        struct rf_why why = f->transfer.why;
        void *arg = f->arg;
        enum rf_fetch_result result = f->transfer.result;
        f->transfer.file = (struct rf_buf){0};
        f->done = NULL;
        if (wait < 0)
            fetch_free(f);
        done(arg, result, &file, &why);
        rf_buf_fini(&file);
    } else if (wait < 0) {
        fetch_free(f);
    }
}

static void on_time(void *owner, uint64_t number)
{
    struct fetch *f = owner;
    struct rf_fetch_send send;
    (void)number;
    f->timer = 0;
    rf_fetch_transfer_time(&f->transfer, now_of(f), &send);
    go_on(f, &send);
}

static void on_packet(struct rf_udp *udp, const struct rf_address *from, struct rf_slice packet)
{
    struct fetch *f = rf_udp_owner(udp);
    struct rf_fetch_send send;
    rf_fetch_transfer_packet(&f->transfer, from, packet, now_of(f), &send);
    go_on(f, &send);
}

static enum rf_err get(void *fetcher, const char *host, const char *name, size_t max,
                       rf_fetch_done done, void *arg, void **out, struct rf_why *why)
{
    struct rf_fetcher *all = fetcher;
    struct rf_address server = all->server;
    struct rf_fetch_send send;
    if (host != NULL && rf_address_parse(host, rf_address_port(&server), &server, why) != RF_OK)
        return RF_ERR_BAD;
    struct fetch *f = rf_new(struct fetch);
    f->fetcher = all;
    f->done = done;
    f->arg = arg;
    struct rf_udp_conf udp = {
        .on_packet = on_packet,
        .owner = f,
        .address = server.sa.ss_family == AF_INET6 ? "::" : "0.0.0.0",
    };
    enum rf_err err = rf_udp_open(all->loop, &udp, &f->udp, why);
    if (err == RF_OK)
        err = rf_fetch_transfer_start(&f->transfer, &server, name, max, &all->limits, now_of(f),
                                      &send, why);
    if (err != RF_OK) {
        fetch_free(f);
        return err;
    }
    f->next = all->first;
    all->first = f;
    *out = f;
    go_on(f, &send);
    return RF_OK;
}

static void cancel(void *fetch)
{
    fetch_free(fetch);
}

const struct rf_fetch_ops *rf_fetch_real(void)
{
    static const struct rf_fetch_ops ops = {.get = get, .cancel = cancel};
    return &ops;
}

enum rf_err rf_fetcher_new(const struct rf_fetch_conf *conf, struct rf_fetcher **out,
                           struct rf_why *why)
{
    struct rf_address server;
    enum rf_err err = rf_address_parse(conf->host, conf->port != 0 ? conf->port : 69, &server, why);
    if (err != RF_OK)
        return err;
    struct rf_fetcher *f = rf_new(struct rf_fetcher);
    f->loop = conf->loop;
    f->server = server;
    f->limits = conf->limits;
    *out = f;
    return RF_OK;
}

void rf_fetcher_free(struct rf_fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    while (fetcher->first != NULL)
        fetch_free(fetcher->first);
    rf_free(fetcher);
}
