/* SPDX-License-Identifier: Apache-2.0 */
#include "media_ends.h"

#include "media/g711.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

const struct rf_media_tuning media_fast = {
    .speed = 8, .stall_ms = UINT64_MAX, .commands_max = RF_MEDIA_COMMANDS_MAX};

uint64_t now_ms(void)
{
    return rf_now_ms(rf_clock_real());
}

static void on_event(void *reader, const struct rf_media_event *event)
{
    struct end *e = reader;
    if (e == NULL)
        return;
    assert_int_equal(event->stream, e->stream);
    assert_int_equal(event->number, 77);
    e->n[event->kind]++;
    e->stats = event->stats;
    if (event->reason != NULL)
        e->reason = event->reason;
    if (event->kind == RF_MEDIA_CLOSED)
        assert_err(rf_buf_add_slice(&e->heard, event->ulaw), RF_OK);
    else
        assert_int_equal(event->ulaw.len, 0);
}

struct rf_media_conf conf_of(struct end *e)
{
    return (struct rf_media_conf){.local = "127.0.0.1",
                                  .record_max = 1024 * 1024,
                                  .events_to = e->events,
                                  .on_event = on_event,
                                  .number = 77};
}

void end_begin(struct end *e, const struct rf_media_tuning *tuning)
{
    struct rf_why why = {0};
    *e = (struct end){.heard = RF_BUF(RF_MEDIA_RECORD_MAX)};
    e->events = rf_mailbox_new("test", 64);
    assert_err(tuning != NULL ? rf_media_start_tuned(tuning, &e->media, &why)
                              : rf_media_start(&e->media, &why),
               RF_OK);
    struct rf_media_conf conf = conf_of(e);
    assert_err(rf_media_open(e->media, &conf, &e->stream, &e->port, &why), RF_OK);
    assert_true(e->stream != 0 && e->port != 0);
}

void end_end(struct end *e)
{
    rf_media_stop(e->media);
    rf_mailbox_free(e->events);
    rf_buf_fini(&e->heard);
}

void relay_begin(struct relay *r)
{
    *r = (struct relay){0};
    /* Nobody else has the port beside it, where reports go. */
    assert_err(rf_media_bind_pair("127.0.0.1", &r->fd, &r->rtcp_fd, &r->port, NULL), RF_OK);
    assert_int_equal(fcntl(r->fd, F_SETFL, 0), 0); /* it waits, where a test reads it itself */
}

void relay_end(struct relay *r)
{
    close(r->fd);
    close(r->rtcp_fd);
}

void relay_send(struct relay *r, const uint8_t *packet, size_t len)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(r->to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(sendto(r->fd, packet, len, 0, (struct sockaddr *)&to, sizeof to), len);
}

void relay_turn(struct relay *r)
{
    uint8_t packet[RF_MEDIA_PACKET_MAX];
    ssize_t n;
    while ((n = recv(r->fd, packet, sizeof packet, MSG_DONTWAIT)) >= 0) {
        r->n++;
        if (r->handle != NULL)
            r->handle(r, packet, (size_t)n);
        else
            relay_send(r, packet, (size_t)n);
    }
}

void wait_for(struct end *a, struct end *b, struct relay *r, const unsigned *counter, unsigned want)
{
    uint64_t until = now_ms() + WAIT_MS;
    while (*counter < want) {
        struct pollfd p[3] = {{.fd = rf_mailbox_fd(a->events), .events = POLLIN},
                              {.fd = b != NULL ? rf_mailbox_fd(b->events) : -1, .events = POLLIN},
                              {.fd = r != NULL ? r->fd : -1, .events = POLLIN}};
        assert_true(now_ms() < until);
        (void)poll(p, 3, 100);
        rf_mailbox_run(a->events, a);
        if (b != NULL)
            rf_mailbox_run(b->events, b);
        if (r != NULL)
            relay_turn(r);
    }
}

void close_and_wait(struct end *e)
{
    rf_media_close(e->media, e->stream);
    wait_for(e, NULL, NULL, &e->n[RF_MEDIA_CLOSED], 1);
}

void ask(struct end *e, struct end *other, struct relay *r)
{
    unsigned want = e->n[RF_MEDIA_STATS] + 1;
    rf_media_ask(e->media, e->stream);
    wait_for(e, other, r, &e->n[RF_MEDIA_STATS], want);
}

void wait_for_packets(struct end *e, struct relay *r, uint64_t want)
{
    uint64_t until = now_ms() + WAIT_MS;
    do {
        assert_true(now_ms() < until);
        ask(e, NULL, r);
    } while (e->stats.received_packets + e->stats.late + rf_media_refused(&e->stats) < want);
}

struct rf_media_key new_key(enum rf_media_suite suite, uint8_t first)
{
    struct rf_media_key key = {.suite = suite};
    if (suite == RF_MEDIA_CLEAR)
        return key;
    for (size_t i = 0; i < sizeof key.master; i++)
        key.master[i] = (uint8_t)(first + 7 * i);
    for (size_t i = 0; i < sizeof key.salt; i++)
        key.salt[i] = (uint8_t)(first ^ (11 * i));
    return key;
}

void receive(struct end *e, const struct rf_media_key *key)
{
    struct rf_why why = {0};
    assert_err(rf_media_receive(e->media, e->stream, RF_MEDIA_PCMU, key, &why), RF_OK);
}

void send_to(struct end *e, uint16_t port, const struct rf_media_key *key,
             struct rf_media_clip *clip)
{
    struct rf_why why = {0};
    assert_err(
        rf_media_send(e->media, e->stream, "127.0.0.1", port, RF_MEDIA_PCMU, key, clip, 0xb8, &why),
        RF_OK);
}

struct rf_media_clip *speech(const char *name)
{
    struct rf_media_clip *clip;
    struct rf_why why = {0};
    char path[1024];
    const char *dir = getenv("RF_TEST_DATA");
    snprintf(path, sizeof path, "%s/speech/%s", dir != NULL ? dir : "tests/data", name);
    assert_err(rf_media_clip_load(path, &clip, &why), RF_OK);
    return clip;
}

struct rf_media_clip *frames(unsigned n)
{
    struct rf_media_clip *clip;
    uint8_t *bytes = malloc((size_t)n * RF_MEDIA_FRAME);
    assert_non_null(bytes);
    for (size_t i = 0; i < (size_t)n * RF_MEDIA_FRAME; i++)
        bytes[i] = (uint8_t)(i / RF_MEDIA_FRAME);
    assert_err(rf_media_clip_new(rf_slice_of(bytes, (size_t)n * RF_MEDIA_FRAME), &clip, NULL),
               RF_OK);
    free(bytes);
    return clip;
}

void assert_heard_clip(const struct end *e, const struct rf_media_clip *clip)
{
    struct rf_slice heard = rf_buf_slice(&e->heard);
    struct rf_slice said = rf_media_clip_ulaw(clip);
    assert_true(heard.len >= said.len);
    assert_slice_eq(rf_slice_part(heard, 0, said.len), said);
    for (size_t i = said.len; i < heard.len; i++)
        assert_int_equal(heard.p[i], RF_G711_SILENT);
}
