/* SPDX-License-Identifier: Apache-2.0 */
/* The media server's thread: a tick every 20 ms by an absolute timer, and commands between. */
#include "base/faults.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/secret.h"
#include "media/server_int.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS       (RF_CODEC_FRAME_MS * 1000000L)
#define TICKS_A_S     (1000 / RF_CODEC_FRAME_MS)
#define REFUSED_TICKS TICKS_A_S
#define WARN_TICKS    (10 * TICKS_A_S)

/* --- events --- */

struct event_msg {
    struct rf_msg msg;
    struct rf_media_leg_event event;
    void (*on_event)(void *reader, const struct rf_media_leg_event *event);
};

static void run_event(struct rf_msg *msg, void *reader)
{
    struct event_msg *m = (struct event_msg *)((char *)msg - offsetof(struct event_msg, msg));
    m->on_event(reader, &m->event);
    rf_free(m);
}

static struct event_msg *new_event(struct rf_leg *leg, enum rf_media_leg_event_kind kind,
                                   const char *reason)
{
    struct event_msg *m = rf_new(struct event_msg);
    rf_leg_fill_stats(leg);
    m->msg.run = run_event;
    m->on_event = leg->server->conf.on_event;
    m->event = (struct rf_media_leg_event){.kind = kind,
                                           .leg = leg->id,
                                           .number = leg->number,
                                           .owner = leg->server->conf.owner,
                                           .stats = leg->stats,
                                           .reason = reason};
    return m;
}

/* As many as there were commands, so never refused. */
void rf_leg_answer(struct rf_leg *leg, enum rf_media_leg_event_kind kind, const char *reason)
{
    rf_mailbox_post_answer(leg->server->conf.events_to, &new_event(leg, kind, reason)->msg);
}

static void report_refused(struct rf_leg *leg)
{
    struct event_msg *m = new_event(leg, RF_MEDIA_LEG_REFUSED, leg->refused_reason);
    leg->refused_reason = NULL;
    leg->refused_tick = leg->server->tick + REFUSED_TICKS;
    /* A full mailbox loses it: the numbers are in the next one, and in CLOSED. */
    if (rf_mailbox_post(leg->server->conf.events_to, &m->msg) != RF_OK)
        rf_free(m);
}

void rf_leg_on_refused(struct rf_leg *leg, const char *reason)
{
    leg->refused_reason = reason;
    if (leg->server->tick >= leg->refused_tick)
        report_refused(leg);
}

/* --- mixes --- */

static struct rf_leg_mix **link_to_mix(struct rf_media_server *server, uint32_t number)
{
    struct rf_leg_mix **at = &server->mixes;
    while (*at != NULL && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

static void enter_mix(struct rf_leg *leg, struct rf_leg_mix *mix)
{
    leg->mix = mix;
    leg->next_member = mix->members;
    mix->members = leg;
    mix->mix.members[rf_codec_info(leg->codec)->is_wide]++;
}

static void leave_mix(struct rf_leg *leg)
{
    struct rf_leg_mix *mix = leg->mix;
    leg->mix = NULL;
    leg->speaks = false;
    if (mix == NULL)
        return;
    struct rf_leg **member = &mix->members;
    while (*member != leg)
        member = &(*member)->next_member;
    *member = leg->next_member;
    mix->mix.members[rf_codec_info(leg->codec)->is_wide]--;
    if (mix->members != NULL)
        return;
    struct rf_leg_mix **at = link_to_mix(leg->server, mix->number);
    *at = mix->next;
    rf_free(mix);
}

static void leave_source(struct rf_leg *leg)
{
    leave_mix(leg);
    rf_media_clip_unref(leg->clip);
    leg->clip = NULL;
    leg->source = RF_LEG_SILENCE;
}

/* --- the tick --- */

static void finish_leg(struct rf_media_server *server, struct rf_leg *leg, unsigned left_out)
{
    if (leg->out.is_on)
        rf_leg_write(server, leg, left_out);
    rf_leg_report(server, leg);
    if (leg->refused_reason != NULL && server->tick >= leg->refused_tick)
        report_refused(leg);
}

/* A mix at a time, so that what is read is still in the processor's cache when it is sent. */
static void run_mix(struct rf_media_server *server, struct rf_leg_mix *m, unsigned left_out)
{
    rf_mix_clear(&m->mix);
    for (struct rf_leg *leg = m->members; leg != NULL; leg = leg->next_member) {
        rf_leg_read(server, leg);
        leg->speaks = rf_jitter_get(&leg->jitter, leg->heard);
        if (leg->speaks)
            rf_mix_add(&m->mix, rf_codec_info(leg->codec)->is_wide, leg->heard);
    }
    rf_mix_join_rates(&m->mix);
    for (struct rf_leg *leg = m->members; leg != NULL; leg = leg->next_member)
        finish_leg(server, leg, left_out);
}

static void add_totals(struct rf_media_server *server)
{
    struct rf_media_server_totals *t = &server->totals;
    rf_metric_add(RF_METRIC_RTP_IN, server->packets_in);
    rf_metric_add(RF_METRIC_RTP_OUT, server->packets_out);
    atomic_fetch_add(&t->packets_in, server->packets_in);
    atomic_fetch_add(&t->packets_out, server->packets_out);
    atomic_fetch_add(&t->refused, server->refused);
    server->packets_in = server->packets_out = server->refused = 0;
}

void rf_media_server_tick(struct rf_media_server *server, unsigned left_out)
{
    server->tick += 1 + left_out;
    for (struct rf_leg_mix *m = server->mixes; m != NULL; m = m->next)
        run_mix(server, m, left_out);
    for (size_t i = 0; i < server->legs_n; i++) {
        struct rf_leg *leg = server->legs[i];
        if (leg->mix != NULL)
            continue;
        rf_leg_read(server, leg);
        finish_leg(server, leg, left_out);
    }
    add_totals(server);
}

/* --- commands --- */

static struct rf_leg **link_to_leg(struct rf_media_server *server, rf_media_leg id)
{
    struct rf_leg **at = &server->bucket[id % RF_LEG_BUCKETS];
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

void rf_leg_free(struct rf_leg *leg)
{
    if (leg == NULL)
        return;
    if (leg->fd >= 0)
        close(leg->fd);
    if (leg->rtcp_fd >= 0)
        close(leg->rtcp_fd);
    rf_media_gate_fini(&leg->gate);
    rf_leg_out_fini(&leg->out);
    rf_media_clip_unref(leg->clip);
    rf_codec_free(leg->codec);
    atomic_fetch_sub(&leg->server->totals.legs, 1);
    rf_free(leg);
}

/* The timer runs while there is something to do. */
static void run_timer(struct rf_media_server *server, bool is_on)
{
    struct itimerspec when = {0};
    if (server->timer < 0)
        return;
    if (is_on) {
        clock_gettime(CLOCK_MONOTONIC, &when.it_value);
        when.it_interval.tv_nsec = TICK_NS;
    }
    if (timerfd_settime(server->timer, TFD_TIMER_ABSTIME, &when, NULL) != 0)
        rf_error(RF_CAT_MEDIA, "the media server's timer: %s", strerror(errno));
}

void rf_leg_do_open(struct rf_media_server *server, struct rf_leg *none, struct rf_leg_command *c)
{
    struct rf_leg *leg = rf_steal(&c->take_leg);
    (void)none;
    *link_to_leg(server, leg->id) = leg;
    leg->at = server->legs_n;
    server->legs[server->legs_n++] = leg;
    if (server->legs_n == 1)
        run_timer(server, true);
}

/* Has the leg had the key of this mark, in either direction? If not, now it has. */
static bool had_key(struct rf_leg *leg, uint64_t mark)
{
    if (mark == 0)
        return false;
    for (unsigned i = 0; i < RF_LEG_MARKS && i < leg->marks_n; i++)
        if (leg->marks[i] == mark && !rf_fault_skips("media.leg-key-again"))
            return true;
    leg->marks[leg->marks_n++ % RF_LEG_MARKS] = mark;
    return false;
}

void rf_leg_do_receive(struct rf_media_server *server, struct rf_leg *leg, struct rf_leg_command *c)
{
    /* What has arrived so far is judged by the key it was sent under. */
    rf_leg_read(server, leg);
    rf_jitter_restart(&leg->jitter);
    rf_media_reports_restart(&leg->reports);
    leg->had_audio = false;
    leg->is_receiving = !had_key(leg, c->mark);
    if (leg->is_receiving) {
        rf_media_gate_start(&leg->gate, rf_steal(&c->take_srtp));
        return;
    }
    rf_media_gate_fini(&leg->gate);
    rf_leg_answer(leg, RF_MEDIA_LEG_FAILED, "media-key-again");
}

void rf_leg_do_send_stop(struct rf_media_server *server, struct rf_leg *leg,
                         struct rf_leg_command *c)
{
    (void)c;
    rf_leg_read(server, leg);
    rf_leg_out_fini(&leg->out);
    rf_leg_fill_stats(leg);
    leg->far = (struct rf_leg_far){0};
    rf_leg_guard(leg);
}

void rf_leg_do_send(struct rf_media_server *server, struct rf_leg *leg, struct rf_leg_command *c)
{
    rf_leg_do_send_stop(server, leg, c);
    if (had_key(leg, c->mark)) {
        rf_leg_answer(leg, RF_MEDIA_LEG_FAILED, "media-key-again");
        return;
    }
    leg->out = c->take_out;
    c->take_out = (struct rf_leg_out){0};
    leg->far = c->far;
    rf_leg_guard(leg);
    leg->report_tick = 0;
    rf_media_set_tos(leg->fd, &leg->far.at, leg->far.tos);
}

void rf_leg_do_join(struct rf_media_server *server, struct rf_leg *leg, struct rf_leg_command *c)
{
    if (leg->mix != NULL && leg->mix->number == c->mix)
        return;
    leave_source(leg);
    struct rf_leg_mix **at = link_to_mix(server, c->mix);
    if (*at == NULL) {
        *at = rf_steal(&c->take_mix);
        (*at)->number = c->mix;
    }
    enter_mix(leg, *at);
    leg->source = RF_LEG_MIX;
    leg->limiter = (struct rf_mix_limiter){0};
    /* What it said before it came in is not for these. */
    rf_leg_read(server, leg);
    rf_jitter_restart(&leg->jitter);
}

void rf_leg_do_play(struct rf_media_server *server, struct rf_leg *leg, struct rf_leg_command *c)
{
    (void)server;
    leave_source(leg);
    leg->clip = rf_steal(&c->take_clip);
    leg->clip_at = 0;
    leg->clip_up = (struct rf_mix_up){0};
    leg->source = RF_LEG_CLIP;
}

void rf_leg_do_silence(struct rf_media_server *server, struct rf_leg *leg, struct rf_leg_command *c)
{
    (void)server, (void)c;
    leave_source(leg);
}

void rf_leg_do_ask(struct rf_media_server *server, struct rf_leg *leg, struct rf_leg_command *c)
{
    (void)server, (void)c;
    rf_leg_answer(leg, RF_MEDIA_LEG_STATS, NULL);
}

void rf_leg_do_close(struct rf_media_server *server, struct rf_leg *leg, struct rf_leg_command *c)
{
    (void)c;
    rf_leg_read(server, leg);
    leave_source(leg);
    *link_to_leg(server, leg->id) = leg->next;
    server->legs[leg->at] = server->legs[--server->legs_n];
    server->legs[leg->at]->at = leg->at;
    if (server->legs_n == 0)
        run_timer(server, false);
    struct event_msg *m = new_event(leg, RF_MEDIA_LEG_CLOSED, NULL);
    rf_leg_free(leg);
    /* Only now: who hears of the end may rely on it that the keys are gone. */
    rf_mailbox_post_answer(server->conf.events_to, &m->msg);
}

static void run_command(struct rf_msg *msg, void *reader)
{
    struct rf_leg_command *c =
        (struct rf_leg_command *)((char *)msg - offsetof(struct rf_leg_command, msg));
    struct rf_media_server *server = reader;
    if (server != NULL) {
        struct rf_leg *leg = *link_to_leg(server, c->id);
        if (leg != NULL || c->take_leg != NULL)
            c->act(server, leg, c);
    }
    rf_leg_command_free(c);
}

struct rf_leg_command *rf_leg_command_new(rf_media_leg id, rf_leg_act act)
{
    struct rf_leg_command *c = rf_new(struct rf_leg_command);
    c->msg.run = run_command;
    c->act = act;
    c->id = id;
    return c;
}

void rf_leg_command_free(struct rf_leg_command *c)
{
    rf_leg_free(c->take_leg);
    rf_srtp_free(c->take_srtp);
    rf_leg_out_fini(&c->take_out);
    rf_media_clip_unref(c->take_clip);
    rf_free(c->take_mix);
    rf_free(c);
}

enum rf_err rf_leg_post(struct rf_media_server *server, struct rf_leg_command *take,
                        struct rf_why *why)
{
    if (rf_mailbox_post(server->commands, &take->msg) == RF_OK)
        return RF_OK;
    rf_leg_command_free(take);
    return rf_why_set(why, RF_ERR_AGAIN, "media-busy", "%u commands wait for the media server",
                      RF_LEG_COMMANDS);
}

void rf_leg_post_always(struct rf_media_server *server, struct rf_leg_command *take)
{
    rf_mailbox_post_answer(server->commands, &take->msg);
}

/* --- the thread --- */

/* `due` ticks: one, or more when this thread was kept from running. */
static void run_ticks(struct rf_media_server *server, uint64_t due)
{
    uint64_t left_out = due > RF_LEG_TICKS_MADE_UP ? due - RF_LEG_TICKS_MADE_UP : 0;
    if (due > 1) {
        atomic_fetch_add(&server->totals.ticks_late, due - 1);
        rf_metric_add(RF_METRIC_MEDIA_LATE, due - 1);
    }
    if (left_out > 0 && server->tick >= server->warn_tick) {
        rf_warn(RF_CAT_MEDIA, "media server late: %u ms of sound left out legs=%zu",
                (unsigned)(left_out < UINT16_MAX ? left_out : UINT16_MAX) * RF_CODEC_FRAME_MS,
                server->legs_n);
        server->warn_tick = server->tick + WARN_TICKS;
    }
    for (uint64_t n = due - left_out; n > 0; n--) {
        rf_media_server_tick(server, left_out < UINT16_MAX ? (unsigned)left_out : UINT16_MAX);
        left_out = 0;
    }
}

/* Commands before packets: what arrives after a call has returned is heard, however late this
 * thread runs. */
static void turn(struct rf_media_server *server)
{
    struct pollfd p[] = {{.fd = server->timer, .events = POLLIN},
                         {.fd = rf_mailbox_fd(server->commands), .events = POLLIN}};
    uint64_t due = 0;
    (void)poll(p, sizeof p / sizeof *p, -1);
    rf_mailbox_run(server->commands, server);
    if (read(server->timer, &due, sizeof due) == (ssize_t)sizeof due)
        run_ticks(server, due);
}

static void close_all(struct rf_media_server *server)
{
    while (server->legs_n > 0)
        rf_leg_do_close(server, server->legs[0], NULL);
}

static void *thread_main(void *arg)
{
    struct rf_media_server *server = arg;
    (void)pthread_setname_np(pthread_self(), "media-server");
    while (!server->is_ending)
        turn(server);
    close_all(server);
    return NULL;
}

static void run_end(struct rf_msg *msg, void *reader)
{
    if (reader != NULL)
        ((struct rf_media_server *)reader)->is_ending = true;
    rf_free(msg);
}

static void server_free(struct rf_media_server *server)
{
    rf_mailbox_free(server->commands);
    if (server->timer >= 0)
        close(server->timer);
    rf_wipe(&server->mark_secret, sizeof server->mark_secret);
    rf_free(server->legs);
    rf_free(server->local);
    rf_free(server);
}

static enum rf_err server_new(const struct rf_media_server_conf *conf, struct rf_media_server **out,
                              struct rf_why *why)
{
    struct sockaddr_storage at;
    socklen_t len;
    *out = NULL;
    rf_bug_on(conf->legs_max == 0 || conf->legs_max > RF_MEDIA_LEGS_MAX);
    enum rf_err err = rf_media_address(conf->local, 0, &at, &len, why);
    if (err == RF_OK)
        err = rf_srtp_setup(why);
    if (err != RF_OK)
        return err;
    struct rf_media_server *server = rf_new(struct rf_media_server);
    server->conf = *conf;
    server->local = rf_strdup(conf->local);
    server->conf.local = server->local;
    server->timer = -1;
    server->legs = rf_new_n(struct rf_leg *, conf->legs_max);
    server->commands = rf_mailbox_new("media-server", RF_LEG_COMMANDS);
    rf_random_bytes(&server->mark_secret, sizeof server->mark_secret);
    atomic_init(&server->ids, 1);
    rf_leg_reader_init(server);
    *out = server;
    return RF_OK;
}

enum rf_err rf_media_server_start_stepped(const struct rf_media_server_conf *conf,
                                          struct rf_media_server **out, struct rf_why *why)
{
    return server_new(conf, out, why);
}

void rf_media_server_turn(struct rf_media_server *server)
{
    rf_mailbox_run(server->commands, server);
    rf_media_server_tick(server, 0);
}

enum rf_err rf_media_server_start(const struct rf_media_server_conf *conf,
                                  struct rf_media_server **out, struct rf_why *why)
{
    struct rf_media_server *server;
    *out = NULL;
    enum rf_err err = server_new(conf, &server, why);
    if (err != RF_OK)
        return err;
    server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    server->has_thread =
        server->timer >= 0 && pthread_create(&server->thread, NULL, thread_main, server) == 0;
    if (!server->has_thread) {
        server_free(server);
        return rf_why_set(why, RF_ERR_IO, "media-thread", "no media server: %s", strerror(errno));
    }
    *out = server;
    return RF_OK;
}

void rf_media_server_stop(struct rf_media_server *server)
{
    if (server == NULL)
        return;
    if (server->has_thread) {
        struct rf_msg *end = rf_new(struct rf_msg);
        end->run = run_end;
        rf_mailbox_post_answer(server->commands, end);
        pthread_join(server->thread, NULL);
    } else {
        rf_mailbox_run(server->commands, server);
        close_all(server);
    }
    server_free(server);
}
