/* SPDX-License-Identifier: Apache-2.0 */
/* The media thread: one epoll over the mailbox of commands and the sockets of all streams, one heap
 * of deadlines. */
#include "base/log.h"
#include "media/media_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS        1024 /* of streams by id */
#define EVENTS         64
#define PACKETS_A_TURN 32 /* of one socket, before others have theirs */
#define TURNS_TO_DRAIN 32 /* more than a socket's buffer holds */
#define REFUSED_MS     1000
#define OF_REPORTS     (1ull << 32) /* beside the id: the socket of RTCP */

struct rf_media {
    struct rf_clock clock;
    struct rf_media_tuning tuning;
    struct rf_mailbox *commands;
    struct rf_timers *timers;
    int epoll;
    pthread_t thread;
    bool is_ending;
    atomic_uint ids;
    struct rf_media_stream *bucket[BUCKETS];
};

/* --- time --- */

static uint64_t now_us(const struct rf_media *media)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ((uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u) * media->tuning.speed;
}

static uint64_t clock_now_ms(const struct rf_clock *clock)
{
    const struct rf_media *media =
        (const struct rf_media *)((const char *)clock - offsetof(struct rf_media, clock));
    return now_us(media) / 1000;
}

static int64_t clock_wall_s(const struct rf_clock *clock)
{
    (void)clock;
    return rf_wall_s(rf_clock_real());
}

static int wait_ms(const struct rf_media *media)
{
    int ms = rf_timers_wait_ms(media->timers);
    int speed = (int)media->tuning.speed;
    return ms < 0 ? -1 : (ms + speed - 1) / speed;
}

/* --- streams --- */

static struct rf_media_stream **link_to(struct rf_media *media, rf_media_id id)
{
    struct rf_media_stream **at = &media->bucket[id % BUCKETS];
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

void rf_media_stream_free(struct rf_media_stream *stream)
{
    if (stream == NULL)
        return;
    if (stream->fd >= 0)
        close(stream->fd);
    if (stream->rtcp_fd >= 0)
        close(stream->rtcp_fd);
    rf_media_in_fini(&stream->in);
    rf_media_out_fini(&stream->out);
    rf_free(stream);
}

/* --- events --- */

struct event_msg {
    struct rf_msg msg;
    struct rf_media_event event;
    void (*on_event)(void *reader, const struct rf_media_event *event);
    struct rf_buf record; /* of CLOSED */
};

static void run_event(struct rf_msg *msg, void *reader)
{
    struct event_msg *m = (struct event_msg *)((char *)msg - offsetof(struct event_msg, msg));
    m->event.ulaw = rf_buf_slice(&m->record);
    m->on_event(reader, &m->event);
    rf_buf_fini(&m->record);
    rf_free(m);
}

static struct event_msg *new_event(struct rf_media_stream *s, enum rf_media_event_kind kind)
{
    struct event_msg *m = rf_new(struct event_msg);
    m->msg.run = run_event;
    m->on_event = s->conf.on_event;
    rf_media_in_stats(&s->in, &s->stats);
    m->event = (struct rf_media_event){
        .kind = kind, .stream = s->id, .number = s->conf.number, .stats = s->stats};
    return m;
}

/* As many as there were commands, so never refused. */
static void answer(struct rf_media_stream *s, enum rf_media_event_kind kind)
{
    rf_mailbox_post_answer(s->conf.events_to, &new_event(s, kind)->msg);
}

static void report_refused(void *owner, uint64_t number)
{
    struct rf_media_stream *s = owner;
    (void)number;
    s->refused_timer = 0;
    if (s->refused_reason == NULL)
        return;
    struct event_msg *m = new_event(s, RF_MEDIA_REFUSED);
    m->event.reason = s->refused_reason;
    s->refused_reason = NULL;
    /* A full mailbox loses it: the numbers are in the next one, and in CLOSED. */
    if (rf_mailbox_post(s->conf.events_to, &m->msg) != RF_OK)
        rf_free(m);
    s->refused_timer = rf_timer_start(s->media->timers, REFUSED_MS, report_refused, s, 0);
}

/* At once when none was reported within the last second, else when that is over. */
static void on_refused(struct rf_media_stream *s, const char *reason)
{
    s->refused_reason = reason;
    if (s->refused_timer == 0)
        report_refused(s, 0);
}

/* --- receiving --- */

static const uint32_t *own_ssrc(const struct rf_media_stream *s)
{
    return s->out.is_on ? &s->out.ssrc : NULL;
}

static void on_packet(struct rf_media_stream *s, uint8_t *packet, size_t len, uint32_t arrival)
{
    enum rf_media_verdict verdict =
        rf_media_in_packet(&s->in, packet, len, own_ssrc(s), arrival, &s->stats);
    const char *reason = rf_media_verdict_reason(verdict);
    if (reason != NULL)
        on_refused(s, reason);
    if (verdict == RF_MEDIA_TAKEN && !s->had_audio) {
        s->had_audio = true;
        answer(s, RF_MEDIA_FIRST_AUDIO);
    }
}

/* False when there may be more. */
static bool on_readable(struct rf_media_stream *s)
{
    _Alignas(8) uint8_t packet[RF_MEDIA_PACKET_MAX];
    uint32_t arrival = (uint32_t)(now_us(s->media) / 125); /* samples of 8000 Hz */
    for (int i = 0; i < PACKETS_A_TURN; i++) {
        ssize_t n = recv(s->fd, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            continue; /* an error of an earlier packet of ours, now told and forgotten */
        if (n < 0)
            return true;
        /* One that was cut is no speech of ours: judged as if it were empty. */
        size_t len = (size_t)n <= sizeof packet ? (size_t)n : 0;
        if (s->in.is_on)
            on_packet(s, packet, len, arrival);
    }
    return false;
}

/* What arrived before a command is judged as it was until then: under the old key, or as part of
 * what was said before the end. */
static void drain(struct rf_media_stream *s)
{
    for (int i = 0; s->in.is_on && i < TURNS_TO_DRAIN; i++)
        if (on_readable(s))
            return;
}

/* --- reports --- */

static void on_reports(struct rf_media_stream *s)
{
    _Alignas(8) uint8_t packet[RF_MEDIA_REPORT_MAX];
    for (int i = 0; i < PACKETS_A_TURN; i++) {
        ssize_t n = recv(s->rtcp_fd, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            continue; /* of an earlier report of ours: nobody takes them there */
        if (n < 0)
            return;
        size_t len = (size_t)n <= sizeof packet ? (size_t)n : 0;
        if (s->in.is_on)
            rf_media_reports_take(&s->in.reports, &s->in.gate, packet, len, own_ssrc(s),
                                  rf_now_ms(&s->media->clock), &s->stats);
    }
}

static void on_report_due(void *owner, uint64_t number)
{
    struct rf_media_stream *s = owner;
    struct rf_media_out *out = &s->out;
    struct rf_media_said said = {
        .srtp = out->srtp, .ssrc = out->ssrc, .timestamp = out->timestamp, .packets = out->packets};
    struct sockaddr_storage to = out->to;
    _Alignas(8) uint8_t packet[RF_MEDIA_REPORT_MAX];
    (void)number;
    rf_media_in_stats(&s->in, &s->stats);
    size_t len = rf_media_reports_make(&s->in.reports, &s->in.gate, &said, s->stats.jitter,
                                       rf_now_ms(&s->media->clock), packet);
    rf_media_next_port(&to);
    if (len > 0 && sendto(s->rtcp_fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)&to, out->to_len) >= 0)
        s->stats.rtcp_sent++;
    out->report_timer =
        rf_timer_start(s->media->timers, rf_media_reports_wait_ms(), on_report_due, s, 0);
}

/* --- sending --- */

static void on_due(void *owner, uint64_t number)
{
    struct rf_media_stream *s = owner;
    struct rf_media_out *out = &s->out;
    struct rf_media *media = s->media;
    _Alignas(8) uint8_t packet[RF_MEDIA_PACKET_MAX];
    uint64_t gap_ms;
    bool is_clip_done;
    (void)number;
    out->timer = 0;
    if (rf_pace_take(&out->pace, rf_now_ms(&media->clock), &gap_ms)) {
        size_t len = rf_media_out_packet(out, gap_ms, packet, &is_clip_done, &s->stats);
        /* What the kernel does not take is lost on the way, as UDP is. */
        if (len > 0)
            (void)!sendto(s->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)&out->to, out->to_len);
        if (is_clip_done)
            answer(s, RF_MEDIA_CLIP_DONE);
    }
    uint64_t now = rf_now_ms(&media->clock);
    uint64_t next = rf_pace_next_ms(&out->pace);
    out->timer = rf_timer_start(media->timers, next > now ? next - now : 0, on_due, s, 0);
}

static void stop_sending(struct rf_media *media, struct rf_media_stream *s)
{
    rf_timer_stop(media->timers, &s->out.timer);
    rf_timer_stop(media->timers, &s->out.report_timer);
    rf_media_out_fini(&s->out);
}

/* --- commands --- */

void rf_media_on_open(struct rf_media *media, struct rf_media_stream *stream,
                      struct rf_media_command *command)
{
    struct rf_media_stream *s = rf_steal(&command->take_stream);
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = s->id};
    struct epoll_event reports = {.events = EPOLLIN, .data.u64 = s->id | OF_REPORTS};
    (void)stream;
    s->media = media;
    *link_to(media, s->id) = s;
    if (epoll_ctl(media->epoll, EPOLL_CTL_ADD, s->fd, &e) != 0 ||
        epoll_ctl(media->epoll, EPOLL_CTL_ADD, s->rtcp_fd, &reports) != 0)
        rf_error(RF_CAT_MEDIA, "stream hears nothing: epoll: %s", strerror(errno));
}

void rf_media_on_receive(struct rf_media *media, struct rf_media_stream *s,
                         struct rf_media_command *command)
{
    (void)media;
    drain(s);
    s->had_audio = false;
    rf_media_in_start(&s->in, rf_steal(&command->take_coder), rf_steal(&command->take_srtp));
}

void rf_media_on_receive_stop(struct rf_media *media, struct rf_media_stream *s,
                              struct rf_media_command *command)
{
    (void)media, (void)command;
    drain(s);
    rf_media_in_stop(&s->in);
}

void rf_media_on_send(struct rf_media *media, struct rf_media_stream *s,
                      struct rf_media_command *command)
{
    stop_sending(media, s);
    s->out = command->take_out;
    command->take_out = (struct rf_media_out){0};
    rf_media_set_tos(s->fd, &s->out.to, s->out.tos);
    rf_pace_init(&s->out.pace, rf_now_ms(&media->clock));
    s->out.pace.stall_ms = media->tuning.stall_ms;
    s->out.report_timer =
        rf_timer_start(media->timers, rf_media_reports_wait_ms(), on_report_due, s, 0);
    on_due(s, 0);
}

void rf_media_on_send_stop(struct rf_media *media, struct rf_media_stream *s,
                           struct rf_media_command *command)
{
    (void)command;
    stop_sending(media, s);
}

void rf_media_on_ask(struct rf_media *media, struct rf_media_stream *s,
                     struct rf_media_command *command)
{
    (void)media, (void)command;
    answer(s, RF_MEDIA_STATS);
}

void rf_media_on_close(struct rf_media *media, struct rf_media_stream *s,
                       struct rf_media_command *command)
{
    (void)command;
    drain(s);
    *link_to(media, s->id) = s->next;
    stop_sending(media, s);
    rf_timer_stop(media->timers, &s->refused_timer);
    struct event_msg *m = new_event(s, RF_MEDIA_CLOSED);
    m->record = s->in.record;
    s->in.record = (struct rf_buf){0};
    struct rf_mailbox *events_to = s->conf.events_to;
    rf_media_stream_free(s); /* closing its socket takes it out of epoll */
    /* Only now: who hears of the end may rely on it that the keys are gone. */
    rf_mailbox_post_answer(events_to, &m->msg);
}

static void run_command(struct rf_msg *msg, void *reader)
{
    struct rf_media_command *c =
        (struct rf_media_command *)((char *)msg - offsetof(struct rf_media_command, msg));
    struct rf_media *media = reader;
    if (media != NULL) {
        struct rf_media_stream *s = *link_to(media, c->id);
        if (s != NULL || c->take_stream != NULL)
            c->act(media, s, c);
    }
    rf_media_command_free(c);
}

struct rf_media_command *
rf_media_command_new(rf_media_id id, void (*act)(struct rf_media *, struct rf_media_stream *,
                                                 struct rf_media_command *))
{
    struct rf_media_command *c = rf_new(struct rf_media_command);
    c->msg.run = run_command;
    c->act = act;
    c->id = id;
    return c;
}

void rf_media_command_free(struct rf_media_command *c)
{
    rf_media_stream_free(c->take_stream);
    rf_srtp_free(c->take_srtp);
    rf_media_coder_free(c->take_coder);
    rf_media_out_fini(&c->take_out);
    rf_free(c);
}

enum rf_err rf_media_post(struct rf_media *media, struct rf_media_command *take, struct rf_why *why)
{
    if (rf_mailbox_post(media->commands, &take->msg) == RF_OK)
        return RF_OK;
    rf_media_command_free(take);
    return rf_why_set(why, RF_ERR_AGAIN, "media-busy", "%zu commands wait for the media thread",
                      media->tuning.commands_max);
}

void rf_media_post_always(struct rf_media *media, struct rf_media_command *take)
{
    rf_mailbox_post_answer(media->commands, &take->msg);
}

rf_media_id rf_media_next_id(struct rf_media *media)
{
    rf_media_id id;
    do
        id = atomic_fetch_add(&media->ids, 1);
    while (id == 0);
    return id;
}

/* --- the thread --- */

/* Commands before packets: what arrives after rf_media_receive has returned is heard, however late
 * this thread runs. Events carry the id, because a command may have freed the stream. */
static void turn(struct rf_media *media)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(media->epoll, events, EVENTS, wait_ms(media));
    rf_mailbox_run(media->commands, media);
    for (int i = 0; i < n; i++) {
        uint64_t of = events[i].data.u64;
        struct rf_media_stream *s = *link_to(media, (rf_media_id)of);
        if (s != NULL && (of & OF_REPORTS) != 0)
            on_reports(s);
        else if (s != NULL)
            (void)on_readable(s);
    }
    rf_timers_run(media->timers);
}

static void close_all(struct rf_media *media)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (media->bucket[i] != NULL)
            rf_media_on_close(media, media->bucket[i], NULL);
}

static void *thread_main(void *arg)
{
    struct rf_media *media = arg;
    while (!media->is_ending)
        turn(media);
    close_all(media);
    return NULL;
}

static void run_end(struct rf_msg *msg, void *reader)
{
    if (reader != NULL)
        ((struct rf_media *)reader)->is_ending = true;
    rf_free(msg);
}

static void media_free(struct rf_media *media)
{
    rf_mailbox_free(media->commands);
    rf_timers_free(media->timers);
    if (media->epoll >= 0)
        close(media->epoll);
    rf_free(media);
}

enum rf_err rf_media_start_tuned(const struct rf_media_tuning *tuning, struct rf_media **out,
                                 struct rf_why *why)
{
    *out = NULL;
    enum rf_err err = rf_srtp_setup(why);
    if (err != RF_OK)
        return err;
    struct rf_media *media = rf_new(struct rf_media);
    struct epoll_event e = {.events = EPOLLIN};
    media->clock = (struct rf_clock){.now_ms = clock_now_ms, .wall_s = clock_wall_s};
    media->tuning = *tuning;
    atomic_init(&media->ids, 1);
    media->commands = rf_mailbox_new("media", tuning->commands_max);
    media->timers = rf_timers_new(&media->clock);
    media->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (media->epoll < 0 ||
        epoll_ctl(media->epoll, EPOLL_CTL_ADD, rf_mailbox_fd(media->commands), &e) != 0 ||
        pthread_create(&media->thread, NULL, thread_main, media) != 0) {
        media_free(media);
        return rf_why_set(why, RF_ERR_IO, "media-thread", "no media thread: %s", strerror(errno));
    }
    *out = media;
    return RF_OK;
}

enum rf_err rf_media_start(struct rf_media **out, struct rf_why *why)
{
    static const struct rf_media_tuning real = {
        .speed = 1, .stall_ms = RF_PACE_STALL_MS, .commands_max = RF_MEDIA_COMMANDS_MAX};
    return rf_media_start_tuned(&real, out, why);
}

void rf_media_stop(struct rf_media *media)
{
    if (media == NULL)
        return;
    struct rf_msg *end = rf_new(struct rf_msg);
    end->run = run_end;
    rf_mailbox_post_answer(media->commands, end);
    pthread_join(media->thread, NULL);
    media_free(media);
}
