/* SPDX-License-Identifier: Apache-2.0 */
/* The phones of a fleet, their loop, their workers, and its course: boots at a rate, calls, and an
 * end. */
#include "app/ringphone/fleet.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* Jobs of a worker that wait: a phone has a few at a time, and none may be refused for its number.
 */
#define JOBS_A_PHONE 16u
#define JOBS_MIN     256u

static void say(const char *what, const struct rf_why *why)
{
    fprintf(stderr, "ringphone fleet: %s: %s\n", what, rf_why_text(why));
}

static struct rf_timers *timers_of(const struct fleet *f)
{
    return rf_loop_timers(f->loop);
}

uint64_t fleet_now_ms(const struct fleet *f)
{
    return rf_now_ms(rf_loop_clock(f->loop)) - f->start_ms;
}

/* ---- the end ---- */

/* All that were switched on leave their call managers; what they say of that is not counted. */
static void stop(struct fleet *f)
{
    if (f->is_stopping)
        return;
    fleet_show(f); /* how it stands at the end */
    f->is_stopping = true;
    fleet_calls_stop(f);
    rf_timer_stop(timers_of(f), &f->boot_timer);
    rf_timer_stop(timers_of(f), &f->show_timer);
    rf_timer_stop(timers_of(f), &f->end_timer);
    if (f->left == 0)
        rf_loop_stop(f->loop);
    for (size_t i = 0; i < f->on; i++)
        rf_phone_stop(f->phone[i].phone);
}

static void on_signal(void *arg, int signo)
{
    struct fleet *f = arg;
    if (f->is_stopping)
        _Exit(128 + signo); /* twice: whoever sent it means it */
    f->is_cut = true;
    stop(f);
}

static void on_end(void *owner, uint64_t number)
{
    struct fleet *f = owner;
    (void)number;
    f->end_timer = 0;
    f->is_cut = true;
    stop(f);
}

static bool are_all_there(const struct fleet *f)
{
    return f->totals.reached == f->n;
}

/* ---- phones ---- */

static void on_event(void *arg, const struct rf_phone_event *event)
{
    struct fleet_phone *p = arg;
    struct fleet *f = p->fleet;
    if (!f->is_stopping)
        fleet_row_event(&p->row, &f->totals, event, fleet_now_ms(f));
    fleet_show_event(f, p, event);
    if (event->kind == RF_PHONE_STATION && !f->is_stopping)
        fleet_calls_event(p, event->station);
    if (event->kind == RF_PHONE_STOPPED && !p->is_stopped) {
        p->is_stopped = true;
        if (--f->left == 0 && f->is_stopping)
            rf_loop_stop(f->loop);
    }
    if (f->o->has_until && are_all_there(f))
        stop(f);
}

/* Where it boots from: what its flash keeps counts, as for a phone alone. */
static bool find_server(const struct fleet_phone *p, struct rf_fetch_conf *fetch, char *host)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    struct rf_flash_options stored = {0};
    const struct fleet_options *o = p->fleet->o;
    bool has_stored = rf_flash_open(p->dir, &flash, NULL) == RF_OK &&
                      rf_flash_options_read(flash, &stored, NULL) == RF_OK &&
                      stored.tftp[0] != '\0';
    if (has_stored)
        return options_host_port(stored.tftp, 69, host, RF_ADDRESS_TEXT_MAX, &fetch->port);
    snprintf(host, RF_ADDRESS_TEXT_MAX, "%s", o->tftp_host);
    fetch->port = o->tftp_port;
    return o->tftp_port != 0;
}

static bool make_fetcher(struct fleet_phone *p)
{
    const struct fleet_options *o = p->fleet->o;
    char host[RF_ADDRESS_TEXT_MAX];
    struct rf_fetch_conf fetch = {
        .loop = p->fleet->loop, .host = host, .local = p->local[0] != '\0' ? p->local : NULL};
    struct rf_why why = {0};
    if (!find_server(p, &fetch, host)) {
        rf_why_set(&why, RF_ERR_BAD, "no-server",
                   "no TFTP server: it keeps none, and --tftp says "
                   "none");
        say(p->dir, &why);
        return false;
    }
    bool is_usual = fetch.port == 69;
    fetch.http_port = o->has_http_port ? o->http_port : is_usual ? RF_FETCH_HTTP_PORT : 0;
    fetch.https_port = o->has_https_port ? o->https_port : is_usual ? RF_FETCH_HTTPS_PORT : 0;
    if (o->retry_ms != 0 && o->retry_ms < RF_FETCH_RETRY_MS)
        fetch.limits.retry_ms = o->retry_ms;
    if (rf_fetcher_new(&fetch, &p->fetcher, &why) == RF_OK)
        return true;
    say(p->dir, &why);
    return false;
}

static struct rf_phone *make_phone(struct fleet_phone *p, struct rf_worker *worker)
{
    const struct fleet *f = p->fleet;
    const struct fleet_options *o = f->o;
    struct rf_phone_conf conf = {
        .flash_dir = p->dir,
        .fetch = rf_fetch_real(),
        .fetcher = p->fetcher,
        .no_ec = o->no_ec,
        .retry_first_ms = o->retry_ms,
        .retry_max_ms = o->retry_max_ms,
        .enrol_retry_ms = o->retry_ms,
        .parts = rf_phone_parts_real(),
        .net = &f->net,
        .net_arg = p,
        .clock = rf_loop_clock(f->loop),
        .timers = rf_loop_timers(f->loop),
        .worker = worker,
        .answers = rf_loop_mailbox(f->loop),
        .media = f->media != NULL ? rf_station_media_real() : fleet_media_none(),
        .media_arg = f->media != NULL ? (void *)f->media : (void *)f->no_media,
        .codecs = o->codecs,
        .on_event = on_event,
        .arg = p,
    };
    return rf_phone_new(&conf);
}

/* A phone's jobs are done in their order, so all of them go to the same worker. */
static void switch_on(struct fleet *f)
{
    struct fleet_phone *p = &f->phone[f->on];
    p->phone = make_phone(p, f->worker[f->on % f->workers_n]);
    f->on++;
    f->left++;
    fleet_row_start(&p->row, &f->totals, fleet_now_ms(f));
    rf_phone_start(p->phone);
}

static void on_boots(void *owner, uint64_t number)
{
    struct fleet *f = owner;
    (void)number;
    uint64_t now = fleet_now_ms(f);
    f->boot_timer = 0;
    for (uint64_t due = fleet_pace_due(&f->boot_pace, now); due > 0 && f->on < f->n; due--) {
        f->boot_pace.done++;
        switch_on(f);
    }
    if (f->on < f->n && !f->is_stopping)
        f->boot_timer =
            rf_timer_start(timers_of(f), fleet_pace_wait_ms(&f->boot_pace, now), on_boots, f, 0);
}

static void on_show(void *owner, uint64_t number)
{
    struct fleet *f = owner;
    (void)number;
    fleet_show(f);
    f->show_timer = rf_timer_start(timers_of(f), fleet_show_every_ms(f), on_show, f, 0);
}

/* ---- putting it together ---- */

static bool begin(struct fleet *f)
{
    const struct fleet_options *o = f->o;
    struct rf_why why = {0};
    if (!fleet_find(f) || !fleet_make_room(f))
        return false;
    if (o->has_media && rf_media_start(&f->media, &why) != RF_OK) {
        say("starting", &why);
        return false;
    }
    f->net = fleet_link_ops();
    f->no_media = fleet_media_new();
    f->memory_before = fleet_memory();
    for (size_t i = 0; i < f->n; i++)
        if (!make_fetcher(&f->phone[i]))
            return false;
    size_t jobs = (f->n / o->workers + 1) * JOBS_A_PHONE;
    for (; f->workers_n < o->workers && f->workers_n < f->n; f->workers_n++)
        f->worker[f->workers_n] =
            rf_worker_start("phone-files", jobs > JOBS_MIN ? jobs : JOBS_MIN, NULL);
    return true;
}

static void run(struct fleet *f)
{
    const struct fleet_options *o = f->o;
    f->start_ms = rf_now_ms(rf_loop_clock(f->loop));
    f->boot_pace = (struct fleet_pace){.per_min = o->boots_per_min};
    rf_loop_on_signal(f->loop, SIGTERM, on_signal, f);
    rf_loop_on_signal(f->loop, SIGINT, on_signal, f);
    if (o->for_ms != 0)
        f->end_timer = rf_timer_start(timers_of(f), o->for_ms, on_end, f, 0);
    f->boot_timer = rf_timer_start(timers_of(f), 0, on_boots, f, 0);
    f->show_timer = rf_timer_start(timers_of(f), fleet_show_every_ms(f), on_show, f, 0);
    fleet_show_start(f);
    fleet_calls_start(f);
    rf_loop_run(f->loop);
}

static void end(struct fleet *f)
{
    for (size_t i = 0; i < f->on; i++)
        rf_phone_free(f->phone[i].phone);
    for (size_t i = 0; i < f->workers_n; i++)
        rf_worker_stop(f->worker[i]);
    rf_media_stop(f->media);
    for (size_t i = 0; i < f->n; i++) {
        rf_fetcher_free(f->phone[i].fetcher);
        rf_free(f->phone[i].dir);
    }
    rf_loop_free(f->loop);
    fleet_media_free(f->no_media);
    rf_free(f->phone);
    rf_free(f);
}

int page_fleet(int argc, char **argv)
{
    struct fleet_options o = {.log_level = RF_LOG_ERROR};
    int status = fleet_options_take(argc, argv, &o);
    if (status != EXIT_DONE)
        return status;
    rf_log_setup(2, o.log_level);
    struct fleet *f = rf_new(struct fleet);
    f->o = &o;
    f->loop = rf_loop_new(rf_clock_real(), "fleet");
    status = EXIT_USAGE;
    if (begin(f)) {
        run(f);
        status = fleet_report(f) && are_all_there(f) ? EXIT_DONE : EXIT_REFUSED;
    }
    end(f);
    return status;
}
