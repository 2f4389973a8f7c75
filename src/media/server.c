/* SPDX-License-Identifier: Apache-2.0 */
/* What other threads call. Ports are bound and keys given to libsrtp2 here, so that what goes wrong
 * is told at once and no key waits in a mailbox. */
#include "media/server.h"

#include "media/server_int.h"

#include <netinet/in.h>
#include <unistd.h>

/* What waits in the kernel of one leg: more than a tick takes, and not so much that a flood costs
 * memory. */
#define RECEIVE_BYTES 32768

static bool take_a_place(struct rf_media_server *server)
{
    unsigned n = atomic_load(&server->totals.legs);
    while (n < server->conf.legs_max)
        if (atomic_compare_exchange_weak(&server->totals.legs, &n, n + 1))
            return true;
    return false;
}

static rf_media_leg next_id(struct rf_media_server *server)
{
    rf_media_leg id;
    do
        id = atomic_fetch_add(&server->ids, 1);
    while (id == 0);
    return id;
}

enum rf_err rf_media_server_try(const char *local, unsigned legs, struct rf_why *why)
{
    int fds[RF_MEDIA_TRY_MAX][2];
    unsigned n = 0;
    uint16_t port;
    enum rf_err err = RF_OK;
    rf_bug_on(legs > RF_MEDIA_TRY_MAX);
    while (n < legs &&
           (err = rf_media_bind_pair(local, &fds[n][0], &fds[n][1], &port, why)) == RF_OK)
        n++;
    while (n-- > 0) {
        close(fds[n][0]);
        close(fds[n][1]);
    }
    return err;
}

static enum rf_err make_session(const struct rf_media_key *key, const uint32_t *ssrc,
                                struct rf_srtp **out, struct rf_why *why)
{
    *out = NULL;
    if (key->suite == RF_MEDIA_CLEAR)
        return RF_OK;
    return ssrc != NULL ? rf_srtp_new_sender(key, *ssrc, out, why)
                        : rf_srtp_new_receiver(key, out, why);
}

static enum rf_err fill_leg(struct rf_leg *leg, const struct rf_media_leg_conf *conf,
                            uint16_t *port, struct rf_why *why)
{
    struct rf_srtp *srtp = NULL;
    int size = RECEIVE_BYTES;
    enum rf_err err = rf_media_bind_pair(leg->server->local, &leg->fd, &leg->rtcp_fd, port, why);
    if (err == RF_OK)
        err = rf_codec_new(conf->codec, &leg->codec, why);
    if (err == RF_OK)
        err = make_session(conf->key, NULL, &srtp, why);
    if (err != RF_OK)
        return err;
    (void)setsockopt(leg->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    rf_media_gate_start(&leg->gate, srtp);
    rf_jitter_init(&leg->jitter, leg->codec);
    rf_media_reports_init(&leg->reports);
    leg->is_receiving = true;
    leg->marks[leg->marks_n++] = rf_media_key_mark(conf->key, &leg->server->mark_secret);
    return RF_OK;
}

enum rf_err rf_media_leg_open(struct rf_media_server *server, const struct rf_media_leg_conf *conf,
                              rf_media_leg *out, uint16_t *out_port, struct rf_why *why)
{
    uint16_t port = 0;
    *out = 0;
    *out_port = 0;
    if (conf->packet_ms != RF_CODEC_FRAME_MS)
        return rf_why_set(why, RF_ERR_BAD, "media-packet-size", "packets of %u ms, only %u",
                          conf->packet_ms, RF_CODEC_FRAME_MS);
    if (!take_a_place(server))
        return rf_why_set(why, RF_ERR_LIMIT, "media-legs", "%u legs are open, and no more allowed",
                          server->conf.legs_max);
    struct rf_leg *leg = rf_new(struct rf_leg);
    *leg = (struct rf_leg){
        .server = server, .id = next_id(server), .number = conf->number, .fd = -1, .rtcp_fd = -1};
    enum rf_err err = fill_leg(leg, conf, &port, why);
    if (err != RF_OK) {
        rf_leg_free(leg);
        return err;
    }
    struct rf_leg_command *c = rf_leg_command_new(leg->id, rf_leg_do_open);
    rf_media_leg id = leg->id;
    c->take_leg = leg;
    err = rf_leg_post(server, c, why);
    if (err != RF_OK)
        return err;
    *out = id;
    *out_port = port;
    return RF_OK;
}

enum rf_err rf_media_leg_receive(struct rf_media_server *server, rf_media_leg leg,
                                 const struct rf_media_key *key, struct rf_why *why)
{
    struct rf_srtp *srtp;
    enum rf_err err = make_session(key, NULL, &srtp, why);
    if (err != RF_OK)
        return err;
    struct rf_leg_command *c = rf_leg_command_new(leg, rf_leg_do_receive);
    c->take_srtp = srtp;
    c->mark = rf_media_key_mark(key, &server->mark_secret);
    return rf_leg_post(server, c, why);
}

/* IPv4 and IPv6 do not speak to one another. */
static bool is_of_family(const struct rf_media_server *server, const struct sockaddr_storage *far)
{
    struct sockaddr_storage own;
    socklen_t len;
    return rf_media_address(server->local, 0, &own, &len, NULL) == RF_OK &&
           own.ss_family == far->ss_family;
}

enum rf_err rf_media_leg_send(struct rf_media_server *server, rf_media_leg leg,
                              const struct rf_media_remote *remote, const struct rf_media_key *key,
                              struct rf_why *why)
{
    struct rf_leg_command *c = rf_leg_command_new(leg, rf_leg_do_send);
    rf_leg_out_init(&c->take_out);
    enum rf_err err = rf_media_address(remote->host, remote->port, &c->far.at, &c->far.len, why);
    if (err == RF_OK && remote->port == 0)
        err = rf_why_set(why, RF_ERR_BAD, "media-address", "port 0 of %.64s", remote->host);
    if (err == RF_OK && !is_of_family(server, &c->far.at))
        err = rf_why_set(why, RF_ERR_BAD, "media-address", "%.64s cannot be reached from %.64s",
                         remote->host, server->local);
    if (err == RF_OK)
        err = make_session(key, &c->take_out.ssrc, &c->take_out.srtp, why);
    if (err != RF_OK) {
        rf_leg_command_free(c);
        return err;
    }
    c->far.is_known = true;
    c->far.is_port_free = remote->is_port_free;
    c->far.from_port = htons(remote->port);
    c->far.tos = remote->tos;
    c->mark = rf_media_key_mark(key, &server->mark_secret);
    return rf_leg_post(server, c, why);
}

void rf_media_leg_send_stop(struct rf_media_server *server, rf_media_leg leg)
{
    rf_leg_post_always(server, rf_leg_command_new(leg, rf_leg_do_send_stop));
}

enum rf_err rf_media_leg_join(struct rf_media_server *server, rf_media_leg leg, uint32_t mix,
                              struct rf_why *why)
{
    rf_bug_on(mix == 0);
    struct rf_leg_command *c = rf_leg_command_new(leg, rf_leg_do_join);
    c->mix = mix;
    c->take_mix = rf_new(struct rf_leg_mix);
    return rf_leg_post(server, c, why);
}

enum rf_err rf_media_leg_play(struct rf_media_server *server, rf_media_leg leg,
                              struct rf_media_clip *clip, struct rf_why *why)
{
    struct rf_leg_command *c = rf_leg_command_new(leg, rf_leg_do_play);
    c->take_clip = rf_media_clip_ref(clip);
    return rf_leg_post(server, c, why);
}

void rf_media_leg_silence(struct rf_media_server *server, rf_media_leg leg)
{
    rf_leg_post_always(server, rf_leg_command_new(leg, rf_leg_do_silence));
}

void rf_media_leg_ask(struct rf_media_server *server, rf_media_leg leg)
{
    rf_leg_post_always(server, rf_leg_command_new(leg, rf_leg_do_ask));
}

void rf_media_leg_close(struct rf_media_server *server, rf_media_leg leg)
{
    rf_leg_post_always(server, rf_leg_command_new(leg, rf_leg_do_close));
}

void rf_media_server_count(const struct rf_media_server *server, struct rf_media_server_counts *out)
{
    const struct rf_media_server_totals *t = &server->totals;
    *out = (struct rf_media_server_counts){.legs = atomic_load(&t->legs),
                                           .packets_in = atomic_load(&t->packets_in),
                                           .packets_out = atomic_load(&t->packets_out),
                                           .refused = atomic_load(&t->refused),
                                           .ticks_late = atomic_load(&t->ticks_late)};
}
