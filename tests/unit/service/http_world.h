/* SPDX-License-Identifier: Apache-2.0 */
/* A file server by HTTP over a catalogue, and clients on the loopback: what they see, and what is
 * reported of them. */
#ifndef UNIT_SERVICE_HTTP_WORLD_H
#define UNIT_SERVICE_HTTP_WORLD_H

#include "provision_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metrics.h"
#include "service/provision/http_files.h"

#define REPORTS 64

struct told {
    enum rf_provision_via via;
    char name[200], device[32], code[64], subject[160];
    bool is_complete;
    uint64_t bytes;
};

struct place {
    struct world *w;
    struct rf_http_files *s;
    struct told told[REPORTS];
    size_t told_n;
    struct rf_buf got; /* of the last client */
};

static inline void note(void *arg, const struct rf_provision_report *r)
{
    struct place *place = arg;
    assert_true(place->told_n < REPORTS);
    struct told *t = &place->told[place->told_n++];
    t->via = r->via;
    snprintf(t->name, sizeof t->name, "%s", r->name);
    snprintf(t->device, sizeof t->device, "%s", r->device);
    snprintf(t->code, sizeof t->code, "%s", r->code);
    snprintf(t->subject, sizeof t->subject, "%s", r->subject != NULL ? r->subject : "");
    t->is_complete = r->is_complete;
    t->bytes = r->bytes;
    assert_string_equal(r->peer, "127.0.0.1");
}

static inline void place_open(struct place *place, struct rf_http_files_conf conf)
{
    rf_http_files_close(place->s);
    conf.loop = place->w->loop;
    conf.provision = place->w->p;
    conf.address = "127.0.0.1";
    conf.on_report = note;
    conf.report_arg = place;
    assert_err(rf_http_files_open(&conf, &place->s, NULL), RF_OK);
    assert_int_not_equal(rf_http_files_port(place->s), 0);
}

static inline struct place *place_new(void)
{
    struct place *place = rf_new(struct place);
    place->w = world_new();
    place->got = RF_BUF((size_t)16 * 1024 * 1024);
    world_set(place->w, "provision_rate", "0");
    world_put(place->w, "images/small.sbn", rf_slice_str("small"));
    return place;
}

static inline void place_free(struct place *place)
{
    rf_http_files_close(place->s);
    rf_buf_fini(&place->got);
    world_free(place->w);
    rf_free(place);
}

static inline int client_at(struct place *place)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(rf_http_files_port(place->s)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static inline void say(int fd, const char *text)
{
    size_t n = strlen(text);
    assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

/* Read what is there; false when the other end has closed. */
static inline bool take(struct place *place, int fd)
{
    uint8_t *to = rf_buf_room(&place->got, 65536);
    assert_non_null(to);
    ssize_t n = recv(fd, to, 65536, 0);
    if (n > 0)
        place->got.len += (size_t)n;
    return n > 0 || (n < 0 && errno == EAGAIN);
}

/* Turn until the server has closed. */
static inline struct rf_slice hear_all(struct place *place, int fd)
{
    bool is_open = true;
    for (unsigned i = 0; i < 3000 && is_open; i++) {
        rf_clock_fake_advance(&place->w->clock, 1); /* for what is asked again in a while */
        rf_loop_turn(place->w->loop, 1);
        is_open = take(place, fd);
    }
    assert_false(is_open);
    return rf_buf_slice(&place->got);
}

/* Turn until so many bytes are there. */
static inline struct rf_slice hear(struct place *place, int fd, size_t bytes)
{
    for (unsigned i = 0; i < 3000 && place->got.len < bytes; i++) {
        rf_loop_turn(place->w->loop, 1);
        assert_true(take(place, fd));
    }
    assert_int_equal(place->got.len, bytes);
    return rf_buf_slice(&place->got);
}

static inline void turn_some(struct place *place)
{
    for (unsigned i = 0; i < 20; i++)
        rf_loop_turn(place->w->loop, 1);
}

static inline const struct told *wait_told(struct place *place, size_t n)
{
    for (unsigned i = 0; i < 3000 && place->told_n < n; i++) {
        rf_clock_fake_advance(&place->w->clock, 1); /* for what is asked again in a while */
        rf_loop_turn(place->w->loop, 1);
    }
    assert_int_equal(place->told_n, n);
    return &place->told[n - 1];
}

static inline struct rf_slice exchange(struct place *place, const char *text)
{
    int fd = client_at(place);
    rf_buf_fini(&place->got);
    say(fd, text);
    struct rf_slice all = hear_all(place, fd);
    close(fd);
    return all;
}

static inline bool has(struct rf_slice all, const char *text)
{
    return rf_slice_find(all, rf_slice_str(text)) != SIZE_MAX;
}

static inline struct rf_slice body_of(struct rf_slice all)
{
    size_t at = rf_slice_find(all, rf_slice_str("\r\n\r\n"));
    assert_true(at != SIZE_MAX);
    return rf_slice_part(all, at + 4, SIZE_MAX);
}

#endif
