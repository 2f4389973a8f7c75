/* SPDX-License-Identifier: Apache-2.0 */
/* The order of ways, and TFTP's transfers on a loop: a socket and a timer each. */
#include "service/phone/fetch_int.h"

#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

const char *rf_fetch_via_name(enum rf_fetch_via via)
{
    static const char *const names[] = {
        [RF_FETCH_TFTP] = "tftp", [RF_FETCH_HTTP] = "http", [RF_FETCH_HTTPS] = "https"};
    return names[via];
}

/* doc: docs/wire/http-files.md, "What ringphone does" */
struct rf_fetch_ways rf_fetch_ways_of(const char *model)
{
    static const char *const tftp_only[] = {"7902", "7905", "7912", "7920", "7921", "7925",
                                            "7926", "7935", "7936", "7937", "7940", "7960"};
    static const char *const with_https[] = {"78", "88"};
    struct rf_slice m = rf_slice_str(model);
    struct rf_fetch_ways ways = {.http = true};
    for (size_t i = 0; i < sizeof tftp_only / sizeof *tftp_only; i++)
        if (rf_slice_starts_with(m, tftp_only[i]))
            ways.http = false;
    for (size_t i = 0; i < sizeof with_https / sizeof *with_https; i++)
        if (m.len >= 4 && rf_slice_starts_with(m, with_https[i]))
            ways.https = true;
    return ways;
}

static void fetch_free(struct fetch *f)
{
    for (struct fetch **at = &f->fetcher->first; *at != NULL; at = &(*at)->next)
        if (*at == f) {
            *at = f->next;
            break;
        }
    fetch_http_stop(f);
    rf_timer_stop(rf_loop_timers(f->fetcher->loop), &f->timer);
    rf_udp_close(f->udp);
    rf_fetch_transfer_fini(&f->transfer);
    rf_free(f);
}

static uint64_t now_of(const struct fetch *f)
{
    return rf_now_ms(rf_loop_clock(f->fetcher->loop));
}

/* ---- TFTP ---- */

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
        f->fetcher->last_via = RF_FETCH_TFTP;
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

static enum rf_err tftp_start(struct fetch *f, struct rf_why *why)
{
    const struct rf_fetcher *all = f->fetcher;
    struct rf_address server;
    struct rf_fetch_send send;
    struct rf_udp_conf udp = {.on_packet = on_packet, .owner = f};
    enum rf_err err = rf_address_parse(f->host, rf_address_port(&all->server), &server, why);
    if (err != RF_OK)
        return err;
    udp.address = all->local[0] != '\0'             ? all->local
                  : server.sa.ss_family == AF_INET6 ? "::"
                                                    : "0.0.0.0";
    err = rf_udp_open(all->loop, &udp, &f->udp, why);
    if (err == RF_OK)
        err = rf_fetch_transfer_start(&f->transfer, &server, f->name, f->max, &all->conf.limits,
                                      now_of(f), &send, why);
    if (err == RF_OK)
        go_on(f, &send);
    return err;
}

/* ---- one way after the other ---- */

static enum rf_err way_start(struct fetch *f, struct rf_why *why)
{
    enum rf_fetch_via via = f->ways[f->at];
    return via == RF_FETCH_TFTP ? tftp_start(f, why)
                                : fetch_http_start(f, via == RF_FETCH_HTTPS, why);
}

static void tell(const struct fetch *f, const struct rf_why *why)
{
    rf_info(RF_CAT_PHONE, "not fetched by %s, %s next: %s code=%s",
            rf_fetch_via_name(f->ways[f->at]), rf_fetch_via_name(f->ways[f->at + 1]), why->text,
            why->code);
}

/* The way it is on, or the next that can be begun. */
static enum rf_err ways_start(struct fetch *f, struct rf_why *why)
{
    for (;; f->at++) {
        struct rf_why inner = {0};
        enum rf_err err = way_start(f, &inner);
        if (err == RF_OK)
            return RF_OK;
        if (f->at + 1 == f->ways_n)
            return rf_why_set(why, err, inner.code, "%s", inner.text);
        tell(f, &inner);
    }
}

static void over(struct fetch *f, enum rf_fetch_result result, struct rf_buf *take_file,
                 const struct rf_why *why)
{
    rf_fetch_done done = f->done;
    void *arg = f->arg;
    struct rf_why told = *why;
    f->fetcher->last_via = f->ways[f->at];
    fetch_free(f);
    done(arg, result, take_file, &told);
    rf_buf_fini(take_file);
}

void fetch_way_ended(struct fetch *f, enum rf_fetch_result result, struct rf_buf *take_file,
                     const struct rf_why *why)
{
    struct rf_why next = {0};
    if (result == RF_FETCH_OK || f->at + 1 == f->ways_n) {
        over(f, result, take_file, why);
        return;
    }
    rf_buf_fini(take_file);
    tell(f, why);
    f->at++;
    if (ways_start(f, &next) != RF_OK)
        over(f, RF_FETCH_ERROR, take_file, &next);
}

static void choose_ways(struct fetch *f)
{
    const struct rf_fetcher *all = f->fetcher;
    /* By TCP nothing can be looked at unnoticed. */
    bool is_look = all->conf.limits.is_look;
    if (!is_look && fetch_wants_https(all, f->name))
        f->ways[f->ways_n++] = RF_FETCH_HTTPS;
    if (!is_look && all->conf.http_port != 0 && all->ways.http)
        f->ways[f->ways_n++] = RF_FETCH_HTTP;
    f->ways[f->ways_n++] = RF_FETCH_TFTP;
}

static enum rf_err get(void *fetcher, const char *host, const char *name, size_t max,
                       rf_fetch_done done, void *arg, void **out, struct rf_why *why)
{
    struct rf_fetcher *all = fetcher;
    struct rf_address server;
    if (host != NULL &&
        rf_address_parse(host, rf_address_port(&all->server), &server, why) != RF_OK)
        return RF_ERR_BAD;
    struct fetch *f = rf_new(struct fetch);
    f->fetcher = all;
    f->done = done;
    f->arg = arg;
    f->max = max;
    rf_address_host(host != NULL ? &server : &all->server, f->host, sizeof f->host);
    if (name[0] == '\0' || !rf_slice_to_str(rf_slice_str(name), f->name, sizeof f->name)) {
        rf_free(f);
        return rf_why_set(why, RF_ERR_BAD, "fetch-name", "\"%.60s\" is no name of a file", name);
    }
    choose_ways(f);
    f->next = all->first;
    all->first = f;
    enum rf_err err = ways_start(f, why);
    if (err != RF_OK) {
        fetch_free(f);
        return err;
    }
    *out = f;
    return RF_OK;
}

static void cancel(void *fetch)
{
    fetch_free(fetch);
}

static void set_phone(void *fetcher, const struct rf_fetch_phone *phone)
{
    struct rf_fetcher *f = fetcher;
    f->ways = rf_fetch_ways_of(phone->model);
    f->floor_s = phone->floor_s;
    rf_lists_fini(&f->lists);
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        struct rf_list *list = kind == RF_LIST_CTL ? phone->lists->ctl : phone->lists->itl;
        if (list != NULL)
            rf_lists_install(&f->lists, (enum rf_list_kind)kind, list);
    }
    rf_phone_id_fini(&f->id);
    rf_phone_id_take(&f->id, phone->id);
    rf_tls_free(f->tls);
    f->tls = NULL;
}

static enum rf_fetch_via last_via(const void *fetcher)
{
    return ((const struct rf_fetcher *)fetcher)->last_via;
}

const struct rf_fetch_ops *rf_fetch_real(void)
{
    static const struct rf_fetch_ops ops = {
        .get = get, .cancel = cancel, .set_phone = set_phone, .last_via = last_via};
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
    f->conf = *conf;
    f->conf.host = f->conf.local = NULL;
    if (conf->local != NULL)
        snprintf(f->local, sizeof f->local, "%s", conf->local);
    if (f->conf.http_ms == 0)
        f->conf.http_ms = RF_FETCH_HTTP_MS;
    f->ways = rf_fetch_ways_of("");
    *out = f;
    return RF_OK;
}

void rf_fetcher_free(struct rf_fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    while (fetcher->first != NULL)
        fetch_free(fetcher->first);
    rf_lists_fini(&fetcher->lists);
    rf_phone_id_fini(&fetcher->id);
    rf_tls_free(fetcher->tls);
    rf_free(fetcher);
}
