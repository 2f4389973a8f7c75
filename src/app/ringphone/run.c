/* SPDX-License-Identifier: Apache-2.0 */
/* One phone, its loop, its worker and its media, and what the options have it do. */
#include "app/ringphone/ringphone.h"

#include "media/wav.h"
#include "service/phone/station_user.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Jobs of one phone that wait at a time. */
#define WORKER_LIMIT 256
/* After the call is over its recording is waited for so long. */
#define LAST_MEDIA_MS 2000

/* Calls whose streams are counted at a time: more than can be open and ending. */
#define HEARD_MAX 64u

/* What was heard of a call so far. */
struct heard {
    uint32_t nth;
    unsigned streams;
};

struct app {
    const struct options *o;
    struct rf_loop *loop;
    struct rf_worker *worker;
    struct rf_worker *key_worker;
    struct console *console; /* NULL: none */
    struct rf_media *media;
    struct rf_media_clip *clip[PLAYS_MAX];
    struct heard heard[HEARD_MAX];
    uint32_t nth_base, nth_last; /* calls of stations before this one; the last of this one */
    struct rf_fetcher *fetcher;
    struct rf_phone *phone;
    uint64_t start_ms;
    int status;
    bool is_stopping;
    bool has_called; /* --call: it was dialled */
    bool was_connected;
    bool is_call_over;
    bool has_opened;  /* --open: it was tried */
    unsigned streams; /* whose end is still to come */
    rf_timer_id for_timer, give_up_timer, last_timer, open_timer;
};

static uint64_t now_ms(const struct app *a)
{
    return rf_now_ms(rf_loop_clock(a->loop));
}

static void say(const char *what, const struct rf_why *why)
{
    fprintf(stderr, "ringphone: %s: %s\n", what, rf_why_text(why));
}

static void stop(struct app *a)
{
    if (a->is_stopping)
        return;
    a->is_stopping = true;
    rf_phone_stop(a->phone);
}

static void fail(struct app *a)
{
    a->status = EXIT_REFUSED;
    stop(a);
}

static void on_signal(void *arg, int signo)
{
    struct app *a = arg;
    if (a->is_stopping)
        _Exit(128 + signo); /* twice: whoever sent it means it */
    stop(a);
}

/* ---- times ---- */

static void hang_up_all(struct rf_station *st)
{
    struct rf_station_call_view views[RF_STATION_CALLS_MAX];
    struct rf_why why = {0};
    size_t n = rf_station_calls(st, views, RF_STATION_CALLS_MAX);
    for (size_t i = 0; i < n; i++)
        if (views[i].state != RF_STATION_REMOTE &&
            rf_station_hang_up_call(st, views[i].nth, &why) != RF_OK)
            say("hanging up", &why);
}

static void on_for(void *owner, uint64_t number)
{
    struct app *a = owner;
    struct rf_station *st = rf_phone_station(a->phone);
    (void)number;
    a->for_timer = 0;
    if (a->was_connected && !a->is_call_over && st != NULL)
        hang_up_all(st);
    else
        stop(a);
}

static void on_give_up(void *owner, uint64_t number)
{
    struct app *a = owner;
    (void)number;
    a->give_up_timer = 0;
    fprintf(stderr, "ringphone: gave up: %s\n",
            a->o->call != NULL ? "the call is not connected" : "not registered");
    fail(a);
}

static void on_last(void *owner, uint64_t number)
{
    struct app *a = owner;
    (void)number;
    a->last_timer = 0;
    stop(a);
}

static void start_for(struct app *a)
{
    if (a->o->for_ms != 0 && a->for_timer == 0)
        a->for_timer = rf_timer_start(rf_loop_timers(a->loop), a->o->for_ms, on_for, a, 0);
}

static void reached(struct app *a)
{
    rf_timer_stop(rf_loop_timers(a->loop), &a->give_up_timer);
}

/* ---- what happens ---- */

/* Nothing else keeps the phone on than the page. */
static bool is_only_opening(const struct app *a)
{
    const struct options *o = a->o;
    return o->call == NULL && !o->is_answering && !o->has_console && o->for_ms == 0;
}

static void page_over(struct app *a, bool is_opened)
{
    if (!is_opened)
        a->status = EXIT_REFUSED;
    if (is_only_opening(a))
        stop(a);
}

static void on_service(struct app *a, const struct rf_phone_event *event)
{
    if (a->o->open != NULL && a->has_opened)
        page_over(a, rf_phone_event_value(event, "code") == NULL);
}

/* From outside the registration's own event. */
static void on_open_now(void *owner, uint64_t number)
{
    struct app *a = owner;
    struct rf_why why = {0};
    (void)number;
    a->open_timer = 0;
    if (a->is_stopping || rf_phone_open(a->phone, a->o->open, &why) == RF_OK)
        return;
    say(a->o->open, &why);
    page_over(a, false);
}

static void open_page(struct app *a)
{
    a->has_opened = true;
    a->open_timer = rf_timer_start(rf_loop_timers(a->loop), 0, on_open_now, a, 0);
}

static void on_registered(struct app *a)
{
    struct rf_why why = {0};
    if (a->o->call == NULL)
        reached(a);
    if (a->o->call == NULL && !a->o->is_answering)
        start_for(a);
    if (a->o->open != NULL && !a->has_opened)
        open_page(a);
    if (a->o->call == NULL || a->has_called)
        return;
    a->has_called = true;
    if (rf_station_call(rf_phone_station(a->phone), a->o->call, &why) != RF_OK) {
        say(a->o->call, &why);
        fail(a);
    }
}

/* Over: gone as soon as the last of its media has ended. */
static void maybe_leave(struct app *a)
{
    if (!a->is_call_over || !a->o->exits_after_call || a->is_stopping)
        return;
    if (a->streams == 0)
        stop(a);
    else if (a->last_timer == 0)
        a->last_timer = rf_timer_start(rf_loop_timers(a->loop), LAST_MEDIA_MS, on_last, a, 0);
}

static void call_failed(struct app *a, uint32_t nth)
{
    struct rf_why why = {0};
    a->status = a->o->call != NULL ? EXIT_REFUSED : a->status;
    if (rf_station_hang_up_call(rf_phone_station(a->phone), nth, &why) != RF_OK)
        say("hanging up", &why);
}

static void call_over(struct app *a)
{
    struct rf_station_status status = {0};
    if (rf_phone_station(a->phone) != NULL)
        rf_station_status(rf_phone_station(a->phone), &status);
    if (status.calls > 0)
        return; /* another one goes on */
    if (!a->was_connected && !a->has_called)
        return; /* it rang, and the other side hung up */
    if (a->o->call != NULL && !a->was_connected)
        a->status = EXIT_REFUSED;
    rf_timer_stop(rf_loop_timers(a->loop), &a->for_timer);
    a->is_call_over = true;
    maybe_leave(a);
}

/* The first word of a call: from here on its streams are counted, and it has its own to say. */
static void begin_call(struct app *a, uint32_t nth)
{
    struct heard *h = &a->heard[(a->nth_base + nth) % HEARD_MAX];
    struct rf_why why = {0};
    size_t last = a->o->n_play > 0 ? a->o->n_play - 1 : 0;
    if (h->nth == a->nth_base + nth)
        return;
    *h = (struct heard){.nth = a->nth_base + nth};
    a->nth_last = nth;
    if (last > 0 && rf_station_play(rf_phone_station(a->phone), nth,
                                    a->clip[nth - 1 < last ? nth - 1 : last], &why) != RF_OK)
        say("playing", &why);
}

static void on_call(struct app *a, const struct rf_station_event *ev)
{
    struct rf_why why = {0};
    if (ev->call_state != RF_STATION_IDLE)
        begin_call(a, ev->nth);
    if (ev->call_state == RF_STATION_RING_IN && a->o->is_answering) {
        a->is_call_over = false;
        a->was_connected = false;
        if (rf_station_answer_call(rf_phone_station(a->phone), ev->nth, &why) != RF_OK)
            say("answering", &why);
    } else if (ev->call_state == RF_STATION_CONNECTED) {
        a->was_connected = true;
        reached(a);
        start_for(a);
    } else if (ev->call_state == RF_STATION_FAILED) {
        call_failed(a, ev->nth);
    } else if (ev->call_state == RF_STATION_IDLE) {
        call_over(a);
    }
}

/* Where what was heard is to be written, or "". */
static void record_path(struct app *a, const struct rf_station_event *ev, char *path, size_t cap)
{
    struct heard *h = &a->heard[(a->nth_base + ev->nth) % HEARD_MAX];
    path[0] = '\0';
    if (a->o->record != NULL)
        snprintf(path, cap, "%s", a->o->record);
    else if (a->o->record_dir != NULL)
        snprintf(path, cap, "%s/call-%u-%u.wav", a->o->record_dir, a->nth_base + ev->nth,
                 ++h->streams);
}

/* The event, with the file in which its sound is. */
static void print_ended(struct app *a, const struct rf_phone_event *event)
{
    struct rf_phone_event with = *event;
    const struct rf_station_event *ev = event->station;
    struct rf_why why = {0};
    char path[4200];
    record_path(a, ev, path, sizeof path);
    if (path[0] != '\0' && ev->ulaw.len > 0) {
        if (rf_wav_save(path, ev->ulaw, &why) == RF_OK) {
            with.value[with.n++] =
                (struct rf_phone_value){.key = "file", .type = RF_PHONE_TEXT, .text = path};
        } else {
            say(path, &why);
            a->status = EXIT_REFUSED;
        }
    }
    print_event(&with, rf_phone_device(a->phone), a->o->is_json, now_ms(a) - a->start_ms);
}

static void media_ended(struct app *a)
{
    a->streams -= a->streams > 0;
    maybe_leave(a);
}

static void on_station(struct app *a, const struct rf_station_event *ev)
{
    if (ev->kind == RF_STATION_REGISTERED) {
        on_registered(a);
    } else if (ev->kind == RF_STATION_CALL) {
        on_call(a, ev);
    } else if (ev->kind == RF_STATION_RECEIVING) {
        a->streams++;
    } else if (ev->kind == RF_STATION_MEDIA_ENDED) {
        media_ended(a);
    } else if (ev->kind == RF_STATION_RESET || ev->kind == RF_STATION_STOPPED) {
        a->nth_base += a->nth_last; /* the next station counts from 1 again */
        a->nth_last = 0;
    }
}

static void on_event(void *arg, const struct rf_phone_event *event)
{
    struct app *a = arg;
    if (event->kind == RF_PHONE_STATION && event->station->kind == RF_STATION_MEDIA_ENDED)
        print_ended(a, event);
    else
        print_event(event, rf_phone_device(a->phone), a->o->is_json, now_ms(a) - a->start_ms);
    if (event->kind == RF_PHONE_STATION)
        on_station(a, event->station);
    else if (event->kind == RF_PHONE_SERVICE)
        on_service(a, event);
    else if (event->kind == RF_PHONE_HALTED)
        fail(a);
    else if (event->kind == RF_PHONE_STOPPED)
        rf_loop_stop(a->loop);
    if (a->console != NULL)
        console_event(a->console, event);
}

static void on_quit(void *arg, bool has_failed)
{
    struct app *a = arg;
    if (has_failed)
        a->status = EXIT_REFUSED;
    stop(a);
}

static void open_console(struct app *a)
{
    struct console_conf conf = {.loop = a->loop,
                                .worker = a->worker,
                                .phone = a->phone,
                                .flash = a->o->flash,
                                .device_secret =
                                    a->o->device_secret.len > 0 ? &a->o->device_secret : NULL,
                                .is_json = a->o->is_json,
                                .start_ms = a->start_ms,
                                .quit = on_quit,
                                .arg = a};
    a->console = console_open(&conf);
}

/* ---- putting it together ---- */

static bool is_folder(const char *path)
{
    struct stat st;
    bool is_there = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    if (!is_there)
        fprintf(stderr, "ringphone: --record-dir %s: there is no such folder\n", path);
    return is_there;
}

static bool begin(struct app *a)
{
    const struct options *o = a->o;
    struct rf_why why = {0};
    struct rf_fetch_conf fetch = {
        .loop = a->loop,
        .host = o->tftp_host,
        .port = o->tftp_port,
        .limits = {.no_options = o->no_tftp_options, .window = (uint16_t)o->tftp_window},
        .keylog_path = o->keylog};
    bool is_usual = o->tftp_port == 69;
    fetch.http_port = (uint16_t)(o->has_http_port ? o->http_port
                                 : is_usual       ? RF_FETCH_HTTP_PORT
                                                  : 0);
    fetch.https_port = (uint16_t)(o->has_https_port ? o->https_port
                                  : is_usual        ? RF_FETCH_HTTPS_PORT
                                                    : 0);
    if (o->retry_ms != 0 && o->retry_ms < RF_FETCH_RETRY_MS)
        fetch.limits.retry_ms = o->retry_ms;
    for (size_t i = 0; i < o->n_play; i++) {
        if (rf_media_clip_load(o->play[i], &a->clip[i], &why) != RF_OK) {
            say(o->play[i], &why);
            return false;
        }
    }
    if (o->record_dir != NULL && !is_folder(o->record_dir))
        return false;
    if (rf_fetcher_new(&fetch, &a->fetcher, &why) == RF_OK &&
        rf_media_start(&a->media, &why) == RF_OK)
        return true;
    say("starting", &why);
    return false;
}

static void make_phone(struct app *a)
{
    const struct options *o = a->o;
    uint64_t longest = o->retry_max_ms != 0 ? o->retry_max_ms : (uint64_t)o->retry_ms * 40;
    struct rf_phone_conf conf = {
        .flash_dir = o->flash,
        .fetch = rf_fetch_real(),
        .fetcher = a->fetcher,
        .device_secret = o->device_secret.len > 0 ? &o->device_secret : NULL,
        .auth_string = o->auth_string.len > 0 ? &o->auth_string : NULL,
        .sccp_version = o->sccp_version,
        .min_load_version = o->min_load,
        .has_file_rollback = o->has_file_rollback,
        .file_rollback = o->file_rollback,
        .no_clock = o->no_clock,
        .allow_sha1 = o->allow_sha1,
        .bare_digest = o->bare_digest,
        .no_ec = o->no_ec,
        .keylog_path = o->keylog,
        .retry_first_ms = o->retry_ms,
        .retry_max_ms = longest > UINT32_MAX ? UINT32_MAX : (uint32_t)longest,
        .enrol_retry_ms = o->retry_ms,
        .parts = rf_phone_parts_real(),
        .net = o->legacy_tls ? rf_phone_link_old() : rf_phone_link_real(),
        .net_arg = a->loop,
        .clock = rf_loop_clock(a->loop),
        .timers = rf_loop_timers(a->loop),
        .worker = a->worker,
        .key_worker = a->key_worker,
        .key_delay_ms = o->key_delay_ms,
        .answers = rf_loop_mailbox(a->loop),
        .media = rf_station_media_real(),
        .media_arg = a->media,
        .clip = a->clip[0],
        .record_max = o->record != NULL || o->record_dir != NULL ? RF_MEDIA_RECORD_MAX : 0,
        .codecs = o->codecs,
        .on_event = on_event,
        .arg = a,
    };
    a->phone = rf_phone_new(&conf);
}

static void end(struct app *a)
{
    struct rf_timers *timers = rf_loop_timers(a->loop);
    rf_timer_stop(timers, &a->for_timer);
    rf_timer_stop(timers, &a->give_up_timer);
    rf_timer_stop(timers, &a->last_timer);
    rf_timer_stop(timers, &a->open_timer);
    rf_phone_free(a->phone);
    rf_worker_stop(a->key_worker);
    rf_worker_stop(a->worker);
    rf_media_stop(a->media);
    rf_fetcher_free(a->fetcher);
    for (size_t i = 0; i < PLAYS_MAX; i++)
        rf_media_clip_unref(a->clip[i]);
    rf_loop_free(a->loop);
    console_close(a->console);
}

int run_phone(struct options *o)
{
    struct app a = {.o = o, .loop = rf_loop_new(rf_clock_real(), "ringphone")};
    a.worker = rf_worker_start("phone-files", WORKER_LIMIT, NULL);
    a.key_worker = rf_worker_start("phone-keys", WORKER_LIMIT, NULL);
    a.start_ms = now_ms(&a);
    if (!begin(&a)) {
        a.status = EXIT_REFUSED;
        end(&a);
        return a.status;
    }
    if (o->keylog != NULL)
        fprintf(stderr,
                "ringphone: ALL TLS SECRETS ARE WRITTEN TO %s: whoever reads it reads "
                "calls and keys\n",
                o->keylog);
    if (o->legacy_tls)
        fputs("ringphone: weak TLS is switched on: TLS 1.0, AES-CBC, SHA-1\n", stderr);
    make_phone(&a);
    rf_secret_fini(&o->auth_string); /* the phone has it, until it was used */
    rf_loop_on_signal(a.loop, SIGTERM, on_signal, &a);
    rf_loop_on_signal(a.loop, SIGINT, on_signal, &a);
    if (o->give_up_ms != 0)
        a.give_up_timer = rf_timer_start(rf_loop_timers(a.loop), o->give_up_ms, on_give_up, &a, 0);
    if (o->has_console)
        open_console(&a);
    rf_phone_start(a.phone);
    rf_loop_run(a.loop);
    end(&a);
    return a.status;
}
