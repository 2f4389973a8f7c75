/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's link to its call manager: whom it may talk to, frames off the stream, counts. */
#include "service/phone/station_int.h"

#include "base/faults.h"
#include "base/metrics.h"

#include <stdio.h>
#include <string.h>

struct station_peer *station_other(struct rf_station *st)
{
    return st->main == &st->peers[0] ? &st->peers[1] : &st->peers[0];
}

static bool is_main(const struct station_peer *peer)
{
    return peer->st->main == peer;
}

/* doc: docs/security-rules.md, "Boot states" (S1): the certificate of the signed configuration and
 * no other, whoever vouches for it */
static enum rf_err judge_router(const struct rf_station_server *router,
                                const struct rf_cert *server, struct rf_why *why)
{
    if (rf_fault_skips("station.srst-certificate") ||
        (server != NULL && router->cert != NULL && rf_cert_eq(server, router->cert)))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "srst-certificate",
                      "the router shows %s, and the configuration has %s",
                      server != NULL ? rf_cert_short(server) : "no certificate",
                      router->cert != NULL ? rf_cert_short(router->cert) : "none");
}

static enum rf_err link_verify(void *arg, const struct rf_cert *server, struct rf_why *why)
{
    struct station_peer *peer = arg;
    const struct rf_station *st = peer->st;
    const struct rf_station_server *entry = &st->conf.servers[peer->server];
    enum rf_err err = entry->is_srst
                          ? judge_router(entry, server, why)
                          : phone_server_judge(st->conf.lists, server, RF_TRUSTLIST_ROLE_CCM,
                                               st->conf.floor_s, why);
    peer->is_untrusted = err != RF_OK;
    return err;
}

static void keep_info(struct station_peer *peer, const struct rf_phone_link_info *info)
{
    peer->is_open = true;
    peer->has_tls = info->has_tls;
    peer->is_encrypted = info->is_encrypted;
    snprintf(peer->local, sizeof peer->local, "%s", info->local);
    snprintf(peer->tls_version, sizeof peer->tls_version, "%s", info->tls_version);
    snprintf(peer->suite, sizeof peer->suite, "%s", info->suite);
}

/* doc: docs/security-rules.md, "Signalling": never an encrypted phone that registers without
 * encryption, nor an authenticated one with a suite it did not offer
 */
static bool is_safe_enough(const struct station_peer *peer, struct rf_why *why)
{
    const struct rf_station *st = peer->st;
    if (!station_has_tls(st, peer->server)) /* as it was allowed to be: station_may_connect */
        return true;
    if (st->conf.mode == RF_STATION_AUTHENTICATED && peer->is_encrypted &&
        !rf_fault_skips("station.authenticated-link")) {
        rf_why_set(why, RF_ERR_DENIED, "link-other-suite",
                   "the suite %s encrypts, and this phone is in authenticated mode", peer->suite);
        return false;
    }
    if (st->conf.mode != RF_STATION_ENCRYPTED || peer->is_encrypted ||
        rf_fault_skips("station.encrypted-link"))
        return true;
    rf_why_set(why, RF_ERR_DENIED, "link-not-encrypted",
               "the suite %s hides nothing, and this phone must register encrypted", peer->suite);
    return false;
}

static void link_open(void *arg, const struct rf_phone_link_info *info)
{
    struct station_peer *peer = arg;
    struct rf_station *st = peer->st;
    struct rf_why why = {0};
    keep_info(peer, info);
    rf_info(RF_CAT_PHONE, "sccp connected server=%s standby=%s tls=%s suite=%s cert=%s dev=%s",
            peer->server_text, is_main(peer) ? "no" : "yes",
            peer->has_tls ? peer->tls_version : "none", peer->has_tls ? peer->suite : "none",
            info->cert != NULL ? rf_cert_short(info->cert) : "none", st->device);
    if (!is_safe_enough(peer, &why)) {
        station_peer_close(peer, &why);
        return;
    }
    if (!is_main(peer)) {
        station_standby_opened(st);
        return;
    }
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_LINK_UP,
                                                .server = peer->server_text,
                                                .tls_version = peer->tls_version,
                                                .suite = peer->suite});
    station_reg_run(st, REG_EV_OPENED, NULL);
}

static size_t link_data(void *arg, struct rf_slice data)
{
    struct station_peer *peer = arg;
    size_t used = 0;
    while (!peer->is_closing) {
        struct rf_sccp_frame frame;
        struct rf_why why = {0};
        size_t n = 0;
        enum rf_err err = rf_sccp_frame_next(rf_slice_part(data, used, SIZE_MAX), &frame, &n, &why);
        if (err == RF_ERR_AGAIN)
            return used;
        used += n;
        if (err != RF_OK) { /* the stream cannot be read on */
            station_peer_close(peer, &why);
            break;
        }
        peer->in++;
        rf_count(SCCP_IN);
        station_take(peer, &frame);
    }
    return data.len;
}

static void end_counts(struct station_peer *peer, const struct rf_why *why)
{
    struct rf_station *st = peer->st;
    rf_info(RF_CAT_PHONE, "sccp link ended: %s in=%llu out=%llu dropped=%llu server=%s dev=%s",
            rf_why_text(why), (unsigned long long)peer->in, (unsigned long long)peer->out,
            (unsigned long long)peer->dropped, peer->server_text, st->device);
    struct rf_station_event event = {.kind = RF_STATION_LINK_COUNTS,
                                     .server = peer->server_text,
                                     .in = peer->in,
                                     .out = peer->out,
                                     .dropped = peer->dropped};
    st->all_in += peer->in;
    st->all_out += peer->out;
    st->all_dropped += peer->dropped;
    peer->in = peer->out = peer->dropped = 0;
    station_tell(st, &event);
}

static void link_close(void *arg, const struct rf_why *why)
{
    struct station_peer *peer = arg;
    struct rf_station *st = peer->st;
    /* our own reason, though the server may have closed at the same moment */
    struct rf_why reason = peer->close_why.code[0] != '\0' ? peer->close_why : *why;
    peer->link = NULL;
    peer->is_open = false;
    if (!is_main(peer)) {
        end_counts(peer, &reason);
        if (peer->is_untrusted)
            station_standby_untrusted(st, &reason);
        station_standby_run(st, STANDBY_EV_CLOSED);
        return;
    }
    st->version = 0;
    station_keys_forget(st);
    station_screen_forget(st);
    rf_timer_stop(st->conf.timers, &st->keepalive);
    end_counts(peer, &reason);
    station_reg_run(st, REG_EV_CLOSED, &(struct station_data){.why = &reason});
}

static const struct rf_phone_link_calls link_calls = {
    .verify = link_verify, .on_open = link_open, .on_data = link_data, .on_close = link_close};

bool station_has_tls(const struct rf_station *st, size_t server)
{
    const struct rf_station_server *s = &st->conf.servers[server];
    return st->conf.mode != RF_STATION_NON_SECURE && (!s->is_srst || s->cert != NULL);
}

bool station_is_on_srst(const struct rf_station *st)
{
    return st->conf.servers[st->main->server].is_srst;
}

enum rf_err station_may_connect(const struct rf_station *st, size_t server, struct rf_why *why)
{
    const struct rf_station_server *s = &st->conf.servers[server];
    if (st->conf.mode == RF_STATION_NON_SECURE || station_has_tls(st, server) ||
        st->conf.allows_srst_clear || rf_fault_skips("station.srst-clear"))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "srst-clear-refused",
                      "the configuration has no certificate of the router %s, and this phone must "
                      "register securely",
                      s->host);
}

bool station_connect(struct station_peer *peer, struct rf_why *why)
{
    struct rf_station *st = peer->st;
    const struct rf_station_server *server = &st->conf.servers[peer->server];
    bool has_tls = station_has_tls(st, peer->server);
    uint16_t port = (uint16_t)(server->port + (has_tls ? RF_STATION_TLS_OFFSET : 0));
    struct rf_phone_link_conf link = {.name = "sccp",
                                      .host = server->host,
                                      .port = port,
                                      .has_tls = has_tls,
                                      .wants_no_encryption =
                                          has_tls && st->conf.mode == RF_STATION_AUTHENTICATED,
                                      .id = has_tls ? &st->id : NULL,
                                      .handshake_ms = st->conf.handshake_ms,
                                      .keylog_path = st->keylog_path,
                                      .calls = &link_calls,
                                      .arg = peer};
    *peer = (struct station_peer){.st = st, .server = peer->server};
    snprintf(peer->server_text, sizeof peer->server_text, "%s:%u", server->host, port);
    if (is_main(peer))
        st->version = 0;
    if (station_may_connect(st, peer->server, why) != RF_OK)
        return false;
    return st->conf.net->open(st->conf.net_arg, &link, &peer->link, why) == RF_OK;
}

void station_peer_close(struct station_peer *peer, const struct rf_why *why)
{
    if (peer->link == NULL || peer->is_closing)
        return;
    peer->is_closing = true;
    if (why != NULL)
        peer->close_why = *why;
    peer->st->conf.net->close(peer->link, why);
}

void station_close(struct rf_station *st, const struct rf_why *why)
{
    station_peer_close(st->main, why);
}
