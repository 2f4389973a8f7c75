/* SPDX-License-Identifier: Apache-2.0 */
#include "call_world.h"

static void note(struct end *e, const char *word)
{
    size_t n = strlen(e->log);
    snprintf(e->log + n, sizeof e->log - n, "%s ", word);
}

static void take(struct end *e, const struct rf_call_leg_info *leg)
{
    e->ref = leg->ref;
    e->calling = *leg->calling;
    e->called = *leg->called;
    snprintf(e->redirecting, sizeof e->redirecting, "%s",
             leg->redirecting != NULL ? leg->redirecting->number : "");
}

#define NOTE(name)                                                                                 \
    static void on_##name(void *arg, const struct rf_call_leg_info *leg)                           \
    {                                                                                              \
        take(arg, leg);                                                                            \
        note(arg, #name);                                                                          \
    }
NOTE(setup)
NOTE(proceeding)
NOTE(alerting)
NOTE(connected)
NOTE(held)
NOTE(info)

static void on_collecting(void *arg, const struct rf_call_leg_info *leg, const char *digits)
{
    note(arg, "collecting");
}

static void on_offer(void *arg, const struct rf_call_leg_info *leg)
{
    struct end *e = arg;
    take(e, leg);
    note(e, "offer");
    if (!e->is_silent)
        rf_call_in_alerting(e->cc, e->dev, leg->ref); /* from inside an operation */
}

static void on_open_receive(void *arg, const struct rf_call_leg_info *leg,
                            const struct rf_call_stream *stream, const struct rf_call_key *key)
{
    struct end *e = arg;
    note(e, "open");
    e->receive = *key;
    struct rf_call_addr addr = {.ip = {10, 0, 0, 1}, .port = 4000};
    rf_call_in_receive_open(e->cc, e->dev, leg->ref, &addr);
}

static void on_start_transmit(void *arg, const struct rf_call_leg_info *leg,
                              const struct rf_call_stream *stream, const struct rf_call_addr *to,
                              const struct rf_call_key *key)
{
    struct end *e = arg;
    note(e, "start");
    e->transmit = *key;
    assert_int_equal(stream->packet_ms, 20);
    assert_int_equal(to->port, 4000);
}

static void on_stop_media(void *arg, const struct rf_call_leg_info *leg, bool receive,
                          bool transmit)
{
    note(arg, receive && transmit ? "stop-both" : "stop-one");
}

static void on_tone(void *arg, const struct rf_call_leg_info *leg, enum rf_call_tone tone)
{
    static const char *const names[] = {
        [RF_CALL_TONE_NONE] = "quiet",        [RF_CALL_TONE_DIAL] = "dial",
        [RF_CALL_TONE_RINGBACK] = "ringback", [RF_CALL_TONE_BUSY] = "busy",
        [RF_CALL_TONE_REORDER] = "reorder",   [RF_CALL_TONE_HOLD] = "hold",
        [RF_CALL_TONE_WAITING] = "waiting",   [RF_CALL_TONE_REFUSED] = "refused",
        [RF_CALL_TONE_SECURE] = "secure",     [RF_CALL_TONE_NON_SECURE] = "non-secure",
    };
    note(arg, names[tone]);
}

static void on_failed(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause)
{
    struct end *e = arg;
    e->cause = cause;
    note(e, "failed");
}

static void on_ended(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause)
{
    struct end *e = arg;
    e->cause = cause;
    note(e, "ended");
}

const struct rf_call_endpoint_ops world_ops = {.setup = on_setup,
                                               .collecting = on_collecting,
                                               .proceeding = on_proceeding,
                                               .alerting = on_alerting,
                                               .offer = on_offer,
                                               .connected = on_connected,
                                               .held = on_held,
                                               .info = on_info,
                                               .open_receive = on_open_receive,
                                               .start_transmit = on_start_transmit,
                                               .stop_media = on_stop_media,
                                               .tone = on_tone,
                                               .failed = on_failed,
                                               .ended = on_ended}; /* no dtmf: optional */

void world_attach_as(struct world *w, struct end *e, const char *name,
                     enum rf_call_signalling signalling)
{
    struct rf_call_attach how = {.ops = &world_ops,
                                 .arg = e,
                                 .side = {.signalling = signalling,
                                          .suites = RF_CALL_ABLE_ALL,
                                          .codecs = RF_CALL_CODEC_PCMU}};
    e->cc = w->cc;
    assert_err(rf_call_device_up(w->cc, name, &how, &e->dev), RF_OK);
}

void world_attach(struct world *w, struct end *e, const char *name)
{
    world_attach_as(w, e, name, RF_CALL_SIGNALLING_ENCRYPTED);
}

struct rf_call_device_conf world_device(const char *name, const char *number)
{
    struct rf_call_device_conf d = {.n_lines = 1};
    snprintf(d.name, sizeof d.name, "%s", name);
    snprintf(d.lines[0].number, sizeof d.lines[0].number, "%s", number);
    return d;
}

static void on_event(void *arg, const char *kind, const char *dev, uint32_t call_id,
                     const char *text)
{
    struct world *w = arg;
    if (call_id != 0) {
        snprintf(w->event, sizeof w->event, "%s %s %s", kind, dev, text);
        return;
    }
    w->refused++;
    snprintf(w->refused_as, sizeof w->refused_as, "%s %s %s", kind, dev, text);
}

static void on_record(void *arg, const struct rf_call_record *record)
{
    struct world *w = arg;
    w->record = *record;
}

static bool media_has_room(void *arg, unsigned receivers)
{
    const struct world *w = arg;
    return w->media_open + receivers <= w->media_max;
}

static enum rf_err media_open(void *arg, const struct rf_call_media_user *user,
                              const struct rf_call_stream *stream, const struct rf_call_key *key,
                              uint32_t *leg, struct rf_call_addr *addr)
{
    struct world *w = arg;
    if (w->media_open == w->media_max || ++w->media_tries == w->media_fails)
        return RF_ERR_LIMIT;
    w->media_open++;
    *leg = ++w->media;
    *addr = (struct rf_call_addr){.ip = {10, 0, 0, 9}, .port = 4000};
    return RF_OK;
}

static void media_send(void *arg, uint32_t leg, const struct rf_call_addr *to,
                       const struct rf_call_key *key, uint32_t mix)
{
}

static void media_close(void *arg, uint32_t leg)
{
    struct world *w = arg;
    w->media_open--;
}

static const struct rf_call_media_ops media_ops = {
    .has_room = media_has_room, .open = media_open, .send = media_send, .close = media_close};

void world_start(struct world *w, uint32_t calls_max)
{
    memset(w, 0, sizeof *w);
    w->media_max = 1000;
    rf_clock_fake_init(&w->clock, 1790000000);
    w->timers = rf_timers_new(&w->clock.clock);
    w->cc = rf_call_control_new(
        &(struct rf_call_conf){.clock = &w->clock.clock,
                               .timers = w->timers,
                               .observer = {.on_event = on_event, .on_record = on_record, .arg = w},
                               .media = &media_ops,
                               .media_arg = w,
                               .calls_max = calls_max,
                               .timer_ms[RF_CALL_T_NO_ANSWER] = 500});
    struct rf_why why = {0};
    struct rf_call_device_conf a = world_device("A", "1"), b = world_device("B", "12");
    assert_err(rf_call_device_set(w->cc, &a, &why), RF_OK);
    assert_err(rf_call_device_set(w->cc, &b, &why), RF_OK);
    world_attach(w, &w->a, "A");
    world_attach(w, &w->b, "B");
}

void world_stop(struct world *w)
{
    rf_call_control_free(w->cc);
    rf_timers_free(w->timers);
}

void world_wait_ms(struct world *w, uint64_t ms)
{
    rf_clock_fake_advance(&w->clock, ms);
    rf_timers_run(w->timers);
}
