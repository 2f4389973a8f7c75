/* SPDX-License-Identifier: Apache-2.0 */
/* Calls without sockets: call control sees phones with media, and nobody hears them. */
#include "app/ringphone/fleet.h"

/* spec: RFC 863: what is sent there is thrown away */
#define PORT_DISCARD 9

/* A stream is what it was opened with, until it is closed. */
struct stream {
    struct stream *next;
    rf_media_id id;
    struct rf_media_conf conf;
};

struct fleet_media {
    struct stream *first;
    rf_media_id last_id;
};

struct told {
    struct rf_msg msg;
    struct rf_media_conf conf;
    struct rf_media_event event;
};

struct fleet_media *fleet_media_new(void)
{
    return rf_new(struct fleet_media);
}

void fleet_media_free(struct fleet_media *media)
{
    if (media == NULL)
        return;
    for (struct stream *s = media->first, *next; s != NULL; s = next) {
        next = s->next;
        rf_free(s);
    }
    rf_free(media);
}

static void told_run(struct rf_msg *msg, void *reader)
{
    struct told *t = (struct told *)msg; /* its first member */
    t->conf.on_event(reader, &t->event);
    rf_free(t);
}

/* As streams with sockets do: never from inside a call. */
static void tell(const struct stream *s, enum rf_media_event_kind kind)
{
    struct told *t = rf_new(struct told);
    t->msg.run = told_run;
    t->conf = s->conf;
    t->event = (struct rf_media_event){.kind = kind, .stream = s->id, .number = s->conf.number};
    rf_mailbox_post_answer(s->conf.events_to, &t->msg);
}

static enum rf_err open_stream(void *media, const struct rf_media_conf *conf, rf_media_id *out,
                               uint16_t *out_port, struct rf_why *why)
{
    struct fleet_media *m = media;
    struct stream *s = rf_new(struct stream);
    (void)why;
    m->last_id += m->last_id == UINT32_MAX ? 2 : 1;
    *s = (struct stream){.next = m->first, .id = m->last_id, .conf = *conf};
    m->first = s;
    *out = s->id;
    *out_port = PORT_DISCARD;
    return RF_OK;
}

static enum rf_err receive(void *media, rf_media_id stream, enum rf_media_codec codec,
                           const struct rf_media_key *key, struct rf_why *why)
{
    (void)media;
    (void)stream;
    (void)codec;
    (void)key;
    (void)why;
    return RF_OK;
}

static enum rf_err send_stream(void *media, rf_media_id stream, const char *remote, uint16_t port,
                               enum rf_media_codec codec, const struct rf_media_key *key,
                               struct rf_media_clip *clip, uint8_t tos, struct rf_why *why)
{
    (void)media;
    (void)stream;
    (void)remote;
    (void)port;
    (void)codec;
    (void)key;
    (void)clip;
    (void)tos;
    (void)why;
    return RF_OK;
}

static void stop_stream(void *media, rf_media_id stream)
{
    (void)media;
    (void)stream;
}

static void ask(void *media, rf_media_id stream)
{
    const struct fleet_media *m = media;
    for (const struct stream *s = m->first; s != NULL; s = s->next)
        if (s->id == stream)
            tell(s, RF_MEDIA_STATS);
}

static void close_stream(void *media, rf_media_id stream)
{
    struct fleet_media *m = media;
    for (struct stream **at = &m->first; *at != NULL; at = &(*at)->next) {
        struct stream *s = *at;
        if (s->id != stream)
            continue;
        *at = s->next;
        tell(s, RF_MEDIA_CLOSED);
        rf_free(s);
        return;
    }
}

const struct rf_station_media_ops *fleet_media_none(void)
{
    static const struct rf_station_media_ops ops = {.open = open_stream,
                                                    .receive = receive,
                                                    .receive_stop = stop_stream,
                                                    .send = send_stream,
                                                    .send_stop = stop_stream,
                                                    .ask = ask,
                                                    .close = close_stream};
    return &ops;
}
