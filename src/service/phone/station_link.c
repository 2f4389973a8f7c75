/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's link to its call manager: whom it may talk to, frames off the stream, counts. */
#include "service/phone/station_int.h"

#include "base/faults.h"
#include "base/metrics.h"

#include <stdio.h>
#include <string.h>

static enum rf_err link_verify(void *arg, const struct rf_cert *server, struct rf_why *why)
{
    const struct rf_station *st = arg;
    return phone_server_judge(st->conf.lists, server, RF_TRUSTLIST_ROLE_CCM, st->conf.floor_s, why);
}

static void keep_info(struct rf_station *st, const struct rf_phone_link_info *info)
{
    st->has_tls = info->has_tls;
    st->is_encrypted = info->is_encrypted;
    snprintf(st->local, sizeof st->local, "%s", info->local);
    snprintf(st->tls_version, sizeof st->tls_version, "%s", info->tls_version);
    snprintf(st->suite, sizeof st->suite, "%s", info->suite);
}

/* doc: docs/security-rules.md, "Signalling": never an encrypted phone that registers without
 * encryption
 */
static bool is_safe_enough(const struct rf_station *st, struct rf_why *why)
{
    if (st->conf.mode != RF_STATION_ENCRYPTED || st->is_encrypted ||
        rf_fault_skips("station.encrypted-link"))
        return true;
    rf_why_set(why, RF_ERR_DENIED, "link-not-encrypted",
               "the suite %s hides nothing, and this phone must register encrypted", st->suite);
    return false;
}

static void link_open(void *arg, const struct rf_phone_link_info *info)
{
    struct rf_station *st = arg;
    struct rf_why why = {0};
    keep_info(st, info);
    rf_info(RF_CAT_PHONE, "sccp connected server=%s tls=%s suite=%s cert=%s dev=%s",
            st->server_text, st->has_tls ? st->tls_version : "none",
            st->has_tls ? st->suite : "none",
            info->cert != NULL ? rf_cert_short(info->cert) : "none", st->device);
    if (!is_safe_enough(st, &why)) {
        station_close(st, &why);
        return;
    }
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_LINK_UP,
                                                .server = st->server_text,
                                                .tls_version = st->tls_version,
                                                .suite = st->suite});
    station_reg_run(st, REG_EV_OPENED, NULL);
}

static size_t link_data(void *arg, struct rf_slice data)
{
    struct rf_station *st = arg;
    size_t used = 0;
    while (!st->is_closing) {
        struct rf_sccp_frame frame;
        struct rf_why why = {0};
        size_t n = 0;
        enum rf_err err = rf_sccp_frame_next(rf_slice_part(data, used, SIZE_MAX), &frame, &n, &why);
        if (err == RF_ERR_AGAIN)
            return used;
        used += n;
        if (err != RF_OK) { /* the stream cannot be read on */
            station_close(st, &why);
            break;
        }
        st->in++;
        rf_count(SCCP_IN);
        station_take(st, &frame);
    }
    return data.len;
}

static void end_counts(struct rf_station *st, const struct rf_why *why)
{
    rf_info(RF_CAT_PHONE, "sccp link ended: %s in=%llu out=%llu dropped=%llu server=%s dev=%s",
            rf_why_text(why), (unsigned long long)st->in, (unsigned long long)st->out,
            (unsigned long long)st->dropped, st->server_text, st->device);
    struct rf_station_event event = {.kind = RF_STATION_LINK_COUNTS,
                                     .server = st->server_text,
                                     .in = st->in,
                                     .out = st->out,
                                     .dropped = st->dropped};
    st->all_in += st->in;
    st->all_out += st->out;
    st->all_dropped += st->dropped;
    st->in = st->out = st->dropped = 0;
    station_tell(st, &event);
}

static void link_close(void *arg, const struct rf_why *why)
{
    struct rf_station *st = arg;
    /* our own reason, though the server may have closed at the same moment */
    struct rf_why reason = st->close_why.code[0] != '\0' ? st->close_why : *why;
    st->link = NULL;
    st->version = 0;
    station_keys_forget(st);
    station_screen_forget(st);
    rf_timer_stop(st->conf.timers, &st->keepalive);
    end_counts(st, &reason);
    station_reg_run(st, REG_EV_CLOSED, &(struct station_data){.why = &reason});
}

static const struct rf_phone_link_calls link_calls = {
    .verify = link_verify, .on_open = link_open, .on_data = link_data, .on_close = link_close};

bool station_connect(struct rf_station *st, struct rf_why *why)
{
    const struct rf_station_server *server = &st->conf.servers[st->server];
    bool has_tls = st->conf.mode != RF_STATION_NON_SECURE;
    uint16_t port = (uint16_t)(server->port + (has_tls ? RF_STATION_TLS_OFFSET : 0));
    struct rf_phone_link_conf link = {.name = "sccp",
                                      .host = server->host,
                                      .port = port,
                                      .has_tls = has_tls,
                                      .id = has_tls ? &st->id : NULL,
                                      .handshake_ms = st->conf.handshake_ms,
                                      .keylog_path = st->keylog_path,
                                      .calls = &link_calls,
                                      .arg = st};
    snprintf(st->server_text, sizeof st->server_text, "%s:%u", server->host, port);
    st->is_closing = st->has_left = st->has_tls = st->is_encrypted = false;
    st->close_why = (struct rf_why){0};
    st->version = 0;
    st->unanswered = st->bad = 0;
    return st->conf.net->open(st->conf.net_arg, &link, &st->link, why) == RF_OK;
}

void station_close(struct rf_station *st, const struct rf_why *why)
{
    if (st->link == NULL || st->is_closing)
        return;
    st->is_closing = true;
    if (why != NULL)
        st->close_why = *why;
    st->conf.net->close(st->link, why);
}
