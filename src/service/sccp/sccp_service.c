/* SPDX-License-Identifier: Apache-2.0 */
#include "service/sccp/sccp_service.h"

#include "base/faults.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/text.h"
#include "service/sccp/sccp_int.h"
#include "trust/cert.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define KEEPALIVE_S       30
#define SECONDARY_S       60
#define REGISTER_WAIT     10
#define RATE_PER_S        50
#define RATE_BURST        200
#define REFUSALS_A_MINUTE 60

/* ---- service ---- */

static void on_call_event(void *arg, const char *kind, const char *dev, uint32_t call_id,
                          const char *text)
{
    struct rf_sccp_service *svc = arg;
    struct station *st = sccp_station_find(svc, rf_slice_str(dev));
    if (st != NULL && !sccp_may_tell(svc, &st->calls, DEVICE_A_MINUTE))
        return;
    svc->conf.ops->on_event(
        svc->conf.arg,
        &(struct rf_sccp_event){.kind = kind, .dev = dev, .call_id = call_id, .text = text});
}

/* Two messages make a call that comes to nothing, and there are records and events for so many:
 * whoever makes them all day would push out those of the others. */
static bool is_worth_a_record(struct rf_sccp_service *svc, const struct rf_call_record *record)
{
    struct station *st = sccp_station_find(svc, rf_slice_str(record->calling_device));
    if (record->answered_s != 0 || st == NULL ||
        sccp_may_tell(svc, &st->unanswered, UNANSWERED_A_MINUTE))
        return true;
    rf_count(CALLS_UNRECORDED);
    if (sccp_may_tell(svc, &st->call_flood, 1))
        sccp_event(svc, "call-flood", record->calling_device, RF_SCCP_CAUSE_NONE,
                   "more than %d calls a minute that nobody answered: the others of this minute "
                   "have no record",
                   UNANSWERED_A_MINUTE);
    return false;
}

static void on_call_record(void *arg, const struct rf_call_record *record)
{
    struct rf_sccp_service *svc = arg;
    if (svc->conf.ops->on_record != NULL && is_worth_a_record(svc, record))
        svc->conf.ops->on_record(svc->conf.arg, record);
}

static void on_call_forward(void *arg, const char *dev, const char *number, const char *target)
{
    const struct rf_sccp_service *svc = arg;
    svc->conf.ops->on_forward(svc->conf.arg, dev, number, target);
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

struct rf_sccp_service *rf_sccp_service_new(const struct rf_sccp_service_conf *conf)
{
    struct rf_sccp_service *svc = rf_new(struct rf_sccp_service);
    svc->conf = *conf;
    struct rf_sccp_service_conf *c = &svc->conf;
    c->keepalive_s = or_default(c->keepalive_s, KEEPALIVE_S);
    c->secondary_keepalive_s = or_default(c->secondary_keepalive_s, SECONDARY_S);
    c->register_wait_s = or_default(c->register_wait_s, REGISTER_WAIT);
    c->rate_per_s = or_default(c->rate_per_s, RATE_PER_S);
    c->rate_burst = or_default(c->rate_burst, RATE_BURST);
    rf_sccp_service_set_date_template(svc, c->date_template != NULL ? c->date_template : "D.M.Y");
    rf_sccp_service_set_time_zone(svc, c->time_zone != NULL ? c->time_zone : "");
    if (c->listed_issuer != NULL)
        rf_cert_ref(c->listed_issuer);
    if (c->listed != NULL)
        rf_anchors_ref(c->listed);
    snprintf(svc->server_name, sizeof svc->server_name, "%s",
             c->server_name != NULL ? c->server_name : "");
    struct rf_call_conf calls = {
        .clock = c->clock,
        .timers = c->timers,
        .barge = c->barge,
        .members_max = c->members_max,
        .media = c->media,
        .media_arg = c->media_arg,
        .media_is_ip6 = c->media_is_ip6,
        .observer = {.on_event = on_call_event,
                     .on_record = on_call_record,
                     .on_forward = c->ops->on_forward != NULL ? on_call_forward : NULL,
                     .arg = svc}};
    memcpy(calls.timer_ms, c->call_timer_ms, sizeof calls.timer_ms);
    svc->calls = rf_call_control_new(&calls);
    return svc;
}

void rf_sccp_service_set_server(struct rf_sccp_service *svc, const char *address, uint16_t port)
{
    struct rf_call_addr at = {.is_ip6 = strchr(address, ':') != NULL, .port = port};
    bool is_numeric = inet_pton(at.is_ip6 ? AF_INET6 : AF_INET, address, at.ip) == 1;
    snprintf(svc->server_host, sizeof svc->server_host, "%s", is_numeric ? "" : address);
    svc->server_addr = (struct rf_sccp_addr){.type = at.is_ip6 ? 1 : 0};
    memcpy(svc->server_addr.ip, at.ip, sizeof at.ip);
    svc->server_port = !is_numeric || rf_call_addr_usable(&at) ? port : 0;
}

void rf_sccp_service_set_keepalive(struct rf_sccp_service *svc, uint32_t keepalive_s)
{
    svc->conf.keepalive_s = or_default(keepalive_s, KEEPALIVE_S);
}

/* RegisterAck has six bytes for it: a year of four digits and a 12-hour clock are too much. */
#define DATE_TEMPLATE_MAX 6

void rf_sccp_service_set_date_template(struct rf_sccp_service *svc, const char *date_template)
{
    char *to = svc->date_template;
    bool is_long = strlen(date_template) > DATE_TEMPLATE_MAX;
    char *end = to + sizeof svc->date_template - 1;
    for (const char *from = date_template; *from != '\0' && to < end; from++)
        if (!is_long || from[0] != 'Y' || from[1] != 'Y')
            *to++ = *from;
    *to = '\0';
    svc->conf.date_template = svc->date_template;
}

void rf_sccp_service_set_time_zone(struct rf_sccp_service *svc, const char *time_zone)
{
    snprintf(svc->time_zone, sizeof svc->time_zone, "%s", time_zone);
}

void rf_sccp_service_set_return_rate(struct rf_sccp_service *svc, uint32_t a_second)
{
    svc->conf.return_rate = a_second;
}

void rf_sccp_service_set_listed(struct rf_sccp_service *svc, struct rf_anchors *listed)
{
    struct rf_anchors *before = svc->conf.listed;
    svc->conf.listed = listed != NULL ? rf_anchors_ref(listed) : NULL;
    rf_anchors_unref(before);
}

struct rf_call_control *rf_sccp_service_calls(struct rf_sccp_service *svc)
{
    return svc->calls;
}

bool sccp_may_tell(const struct rf_sccp_service *svc, struct rf_log_limit *limit, uint32_t a_minute)
{
    return rf_log_allows(limit, a_minute, rf_now_ms(svc->conf.clock));
}

bool sccp_may_tell_of(const struct session *s, struct rf_log_limit *limit, uint32_t a_minute)
{
    return sccp_may_tell(s->svc, limit, a_minute) &&
           sccp_may_tell(s->svc, &s->station->told, DEVICE_A_MINUTE);
}

void sccp_event(struct rf_sccp_service *svc, const char *kind, const char *dev,
                enum rf_sccp_cause cause, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (cause == RF_SCCP_CAUSE_NONE)
        rf_info(RF_CAT_SCCP, "%s %s dev=%s", kind, text, dev);
    else
        rf_warn(RF_CAT_SCCP, "%s cause=%d %s %s dev=%s", kind, (int)cause,
                rf_sccp_cause_name(cause), text, dev);
    svc->conf.ops->on_event(
        svc->conf.arg,
        &(struct rf_sccp_event){.kind = kind, .dev = dev, .cause = cause, .text = text});
}

/* ---- sessions ---- */

static struct session **session_slot(struct rf_sccp_service *svc, rf_sccp_link_ref link)
{
    struct session **at = &svc->sessions[(link ^ link >> 32) % BUCKETS];
    while (*at != NULL && (*at)->link != link)
        at = &(*at)->next;
    return at;
}

struct session *sccp_session_find(const struct rf_sccp_service *svc, rf_sccp_link_ref link)
{
    struct session *s = svc->sessions[(link ^ link >> 32) % BUCKETS];
    while (s != NULL && s->link != link)
        s = s->next;
    return s;
}

const char *sccp_session_dev(const struct session *s)
{
    return s->station != NULL ? s->station->conf.call.name : "-";
}

static void log_counts(const struct session *s, const char *what)
{
    const char *dev = s->station == NULL && s->was[0] != '\0' ? s->was : sccp_session_dev(s);
    rf_info(RF_CAT_SCCP, "%s in=%llu out=%llu dropped=%llu from=%s tls=%s suite=%s cert=%s dev=%s",
            what, (unsigned long long)s->in, (unsigned long long)s->out,
            (unsigned long long)s->dropped, s->address, s->has_tls ? s->tls_version : "none",
            s->has_tls ? s->suite : "none", s->cert != NULL ? rf_cert_short(s->cert) : "none", dev);
}

/* Whoever has a certificate, or none where links may be plain, comes and goes as fast as it can: a
 * link has a line only as long as its device, or those on which nobody registered, have had few. */
static void log_closed(struct session *s)
{
    struct station *st =
        s->station != NULL ? s->station : sccp_station_find(s->svc, rf_slice_str(s->was));
    bool may = st != NULL ? sccp_may_tell(s->svc, &st->lines, DEVICE_A_MINUTE)
                          : sccp_may_tell(s->svc, &s->svc->strangers, RF_SCCP_STRANGERS_A_MINUTE);
    if (may || rf_fault_skips("sccp.strangers-logged"))
        log_counts(s, "link closed");
}

static struct session **cert_slot(struct rf_sccp_service *svc, const uint8_t sha256[RF_SCCP_FP_LEN])
{
    struct rf_rd rd = rf_rd_of(rf_slice_of(sha256, RF_SCCP_FP_LEN));
    uint32_t first = 0;
    rf_bug_on(!rf_rd_u32be(&rd, &first)); /* of a digest: as good as a hash */
    return &svc->by_cert[first % BUCKETS];
}

/* Out of the list of those that show the same certificate. */
static void leave_cert(struct session *s)
{
    struct session **at = cert_slot(s->svc, s->sha256);
    while (*at != NULL && *at != s)
        at = &(*at)->next_of_cert;
    rf_bug_on(*at == NULL);
    *at = s->next_of_cert;
}

static void session_free(struct session *s)
{
    struct rf_sccp_service *svc = s->svc;
    if (s->cert != NULL)
        leave_cert(s);
    rf_timer_stop(svc->conf.timers, &s->watch);
    rf_timer_stop(svc->conf.timers, &s->unpause);
    *session_slot(svc, s->link) = s->next;
    svc->n_sessions--;
    svc->in += s->in;
    svc->out += s->out;
    svc->dropped += s->dropped;
    if (s->cert != NULL)
        rf_cert_unref(s->cert);
    rf_free(s);
}

void sccp_session_leave(struct session *s, const char *kind, const char *reason)
{
    if (s->station == NULL)
        return;
    if (sccp_may_tell_of(s, &s->goings, COMINGS_A_MINUTE))
        sccp_event(s->svc, kind, sccp_session_dev(s), RF_SCCP_CAUSE_NONE, "reason=\"%s\" from=%s",
                   reason, s->address);
    memcpy(s->was, s->station->conf.call.name, sizeof s->was);
    s->station->session = NULL;
    rf_call_device_down(s->svc->calls, s->dev);
    s->dev = 0;
    s->station = NULL;
    s->version = 0;
    memset(s->legs, 0, sizeof s->legs);
}

void sccp_session_close(struct session *s, const char *reason)
{
    struct rf_sccp_service *svc = s->svc;
    log_closed(s);
    s->is_closing = true; /* a lost device is told nothing more */
    sccp_session_leave(s, "device-lost", reason);
    svc->conf.ops->close(svc->conf.arg, s->link, reason);
    session_free(s);
}

/* Why it may not go on, or NULL. */
static const char *why_not(const struct rf_sccp_service *svc, const struct session *s)
{
    if (s->cert == NULL)
        return NULL;
    if (rf_blocklist_check(svc->conf.blocked, s->cert, NULL) != RF_OK)
        return "its certificate was blocked";
    if (rf_revocation_check(svc->conf.revocation, s->cert, NULL) != RF_OK)
        return "its certificate was revoked";
    return NULL;
}

/* To the end of the bucket or the first that may not. */
static const char *next_refused(const struct rf_sccp_service *svc, struct session **s)
{
    const char *reason = NULL;
    while (*s != NULL && (reason = why_not(svc, *s)) == NULL)
        *s = (*s)->next;
    return reason;
}

void rf_sccp_end_blocked(struct rf_sccp_service *svc)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct session *s = svc->sessions[i];
        const char *reason;
        for (; (reason = next_refused(svc, &s)) != NULL; s = svc->sessions[i])
            sccp_session_close(s, reason);
    }
}

static struct session *misfit_find(struct session *s)
{
    while (s != NULL && (s->station == NULL || sccp_model_fits(s, &s->station->conf)))
        s = s->next;
    return s;
}

void rf_sccp_service_set_legacy_models(struct rf_sccp_service *svc, const char *models)
{
    snprintf(svc->legacy_models, sizeof svc->legacy_models, "%s", models);
    for (size_t i = 0; i < BUCKETS; i++) {
        struct session *s;
        while ((s = misfit_find(svc->sessions[i])) != NULL)
            sccp_session_close(s, "the legacy port is not for its model any more");
    }
}

void rf_sccp_service_free(struct rf_sccp_service *svc)
{
    if (svc == NULL)
        return;
    rf_call_control_free(svc->calls);
    sccp_release_stop(svc);
    for (size_t i = 0; i < BUCKETS; i++) {
        while (svc->sessions[i] != NULL)
            session_free(svc->sessions[i]);
        while (svc->stations[i] != NULL) {
            struct station *st = svc->stations[i];
            svc->stations[i] = st->next;
            rf_free(st);
        }
    }
    rf_cert_unref(svc->conf.listed_issuer);
    rf_anchors_unref(svc->conf.listed);
    rf_free(svc);
}

/* ---- supervision ---- */

static void watch_due(void *owner, uint64_t link)
{
    struct rf_sccp_service *svc = owner;
    struct session *s = sccp_session_find(svc, link);
    if (s == NULL)
        return;
    s->watch = 0;
    if (s->station == NULL) {
        sccp_session_close(s, "did not register in time");
        return;
    }
    uint64_t limit = (uint64_t)s->keepalive_s * 1000 * KEEPALIVE_MISS;
    uint64_t silent = rf_now_ms(svc->conf.clock) - s->last_in_ms;
    if (silent >= limit)
        sccp_session_close(s, "keepalive timeout");
    else
        sccp_session_watch(s, limit - silent);
}

void sccp_session_watch(struct session *s, uint64_t ms)
{
    struct rf_timers *timers = s->svc->conf.timers;
    rf_timer_stop(timers, &s->watch);
    s->watch = rf_timer_start(timers, ms, watch_due, s->svc, s->link);
}

/* ---- message rate: a token for each message; without one the link is not read. What was read
 * already is dealt with and owed. ---- */

static void refill(struct session *s)
{
    const struct rf_sccp_service_conf *conf = &s->svc->conf;
    uint64_t now = rf_now_ms(conf->clock);
    s->tokens_milli += (int64_t)((now - s->tokens_at_ms) * conf->rate_per_s);
    s->tokens_at_ms = now;
    if (s->tokens_milli > (int64_t)conf->rate_burst * 1000)
        s->tokens_milli = (int64_t)conf->rate_burst * 1000;
}

static void unpause_due(void *owner, uint64_t link);

/* Until nothing is owed any more, and for a second at least. */
static void unpause_later(struct session *s)
{
    const struct rf_sccp_service_conf *conf = &s->svc->conf;
    uint64_t owed_ms = s->tokens_milli < 0 ? (uint64_t)-s->tokens_milli / conf->rate_per_s : 0;
    s->unpause =
        rf_timer_start(conf->timers, owed_ms > 1000 ? owed_ms : 1000, unpause_due, s->svc, s->link);
}

static void unpause_due(void *owner, uint64_t link)
{
    struct rf_sccp_service *svc = owner;
    struct session *s = sccp_session_find(svc, link);
    if (s == NULL)
        return;
    s->unpause = 0;
    refill(s);
    if (s->tokens_milli < 0) {
        unpause_later(s);
        return;
    }
    s->is_paused = false;
    svc->conf.ops->pause(svc->conf.arg, s->link, false);
}

static void spend_token(struct session *s)
{
    const struct rf_sccp_service_conf *conf = &s->svc->conf;
    refill(s);
    s->tokens_milli -= 1000;
    if (s->tokens_milli >= 0 || s->is_paused || conf->ops->pause == NULL ||
        rf_fault_skips("sccp.message-rate"))
        return;
    s->is_paused = true;
    conf->ops->pause(conf->arg, s->link, true);
    unpause_later(s);
    if (rf_log_allows(&s->noise, NOISE_A_MINUTE, s->tokens_at_ms))
        sccp_event(s->svc, "link-flood", sccp_session_dev(s), RF_SCCP_CAUSE_NONE,
                   "more than %u messages a second from=%s", conf->rate_per_s, s->address);
}

/* ---- links ---- */

static void parse_address(struct session *s)
{
    struct in_addr a4;
    struct in6_addr a6;
    if (inet_pton(AF_INET, s->address, &a4) == 1) {
        memcpy(s->ip.ip, &a4, sizeof a4);
        s->has_ip = true;
    } else if (inet_pton(AF_INET6, s->address, &a6) == 1) {
        memcpy(s->ip.ip, &a6, sizeof a6);
        s->ip.is_ip6 = true;
        s->has_ip = true;
    }
}

static void take_peer(struct session *s, const struct rf_sccp_peer *peer)
{
    snprintf(s->address, sizeof s->address, "%s", peer->address != NULL ? peer->address : "");
    parse_address(s);
    s->has_tls = peer->has_tls;
    s->is_encrypted = peer->has_tls && peer->is_encrypted;
    s->is_resumed = peer->is_resumed;
    s->is_legacy = peer->is_legacy;
    s->is_old_version = peer->is_old_version;
    snprintf(s->tls_version, sizeof s->tls_version, "%s", peer->has_tls ? peer->tls_version : "");
    snprintf(s->suite, sizeof s->suite, "%s", peer->has_tls ? peer->suite : "");
    if (peer->has_tls && peer->cert != NULL) {
        s->cert = rf_cert_ref(peer->cert);
        struct rf_slice fp = rf_cert_sha256(peer->cert);
        rf_bug_on(fp.len != RF_SCCP_FP_LEN);
        memcpy(s->sha256, fp.p, RF_SCCP_FP_LEN);
    }
}

/* One more of this certificate. Not the new link is closed but the oldest that nobody registered
 * on: that of a phone which lost its links without a word is the new one. */
static void make_room(struct session *s)
{
    struct session **first = cert_slot(s->svc, s->sha256);
    struct session *oldest = NULL;
    size_t n = 0;
    for (struct session *other = *first; other != NULL; other = other->next_of_cert) {
        if (!rf_slice_eq(rf_slice_of(other->sha256, RF_SCCP_FP_LEN),
                         rf_slice_of(s->sha256, RF_SCCP_FP_LEN)))
            continue;
        n++;
        if (other->station == NULL)
            oldest = other;
    }
    s->next_of_cert = *first;
    *first = s;
    if (n >= LINKS_PER_CERT && oldest != NULL && !rf_fault_skips("sccp.links-per-certificate"))
        sccp_session_close(oldest, "too many links of this certificate");
}

void rf_sccp_link_opened(struct rf_sccp_service *svc, rf_sccp_link_ref link,
                         const struct rf_sccp_peer *peer)
{
    if (sccp_session_find(svc, link) != NULL)
        return;
    if (svc->n_sessions == SESSIONS_MAX) {
        svc->conf.ops->close(svc->conf.arg, link, "too many links");
        return;
    }
    struct session *s = rf_new(struct session);
    s->svc = svc;
    s->link = link;
    take_peer(s, peer);
    s->keepalive_s = svc->conf.secondary_keepalive_s;
    s->last_in_ms = s->tokens_at_ms = rf_now_ms(svc->conf.clock);
    s->tokens_milli = (int64_t)svc->conf.rate_burst * 1000;
    *session_slot(svc, link) = s;
    svc->n_sessions++;
    if (s->cert != NULL)
        make_room(s);
    sccp_session_watch(s, (uint64_t)svc->conf.register_wait_s * 1000);
    rf_debug(RF_CAT_SCCP, "link opened from=%s port=%u", s->address, peer->port);
}

void rf_sccp_link_closed(struct rf_sccp_service *svc, rf_sccp_link_ref link, const char *reason)
{
    struct session *s = sccp_session_find(svc, link);
    if (s == NULL)
        return;
    log_closed(s);
    s->is_closing = true;
    sccp_session_leave(s, "device-lost", reason);
    session_free(s);
}

void rf_sccp_link_refused(struct rf_sccp_service *svc, const char *address,
                          const struct rf_why *why)
{
    enum rf_sccp_cause cause = strcmp(why->code, "tls-no-common-suite") == 0
                                   ? RF_SCCP_CAUSE_TLS_CIPHER
                                   : RF_SCCP_CAUSE_NONE;
    if (rf_log_allows(&svc->refusals, REFUSALS_A_MINUTE, rf_now_ms(svc->conf.clock)))
        sccp_event(svc, "link-refused", "", cause, "code=%s from=%s text=\"%s\"", why->code,
                   address, why->text);
}

/* ---- messages ---- */

static void drop(struct session *s, const struct rf_sccp_frame *frame, const char *reason)
{
    s->dropped++;
    rf_count(SCCP_BAD);
    if (!rf_log_allows(&s->noise, NOISE_A_MINUTE, s->last_in_ms))
        return;
    const char *name = rf_sccp_id_name(frame->id);
    sccp_event(s->svc, "message-dropped", sccp_session_dev(s), RF_SCCP_CAUSE_NONE,
               "message=%s id=0x%04x reason=\"%s\" from=%s", name != NULL ? name : "?", frame->id,
               reason, s->address);
}

static void count_in(struct session *s, const struct rf_sccp_frame *frame)
{
    s->in++;
    s->last_in_ms = rf_now_ms(s->svc->conf.clock);
    rf_count(SCCP_IN);
    const char *name = rf_sccp_id_name(frame->id);
    rf_debug(RF_CAT_SCCP, "in message=%s id=0x%04x version=%u bytes=%u dev=%s call-ref=%u",
             name != NULL ? name : "?", frame->id, frame->header, frame->length + 8,
             sccp_session_dev(s), 0u);
}

static void on_unregister(struct session *s)
{
    bool in_call = s->station != NULL && rf_call_device_in_call(s->svc->calls, s->dev);
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_UNREGISTER_ACK,
                                       .unregister_ack.status = in_call ? RF_SCCP_UNREGISTER_NAK
                                                                        : RF_SCCP_UNREGISTER_OK});
    if (in_call)
        return;
    sccp_session_leave(s, "unregistered", "the phone asked");
    sccp_session_watch(s, (uint64_t)s->svc->conf.register_wait_s * 1000);
}

/* A standby link lives by its keepalives; its certificate may have been blocked after its handshake
 * and before we heard of the link. */
static void on_keepalive(struct session *s)
{
    const char *reason = s->station == NULL ? why_not(s->svc, s) : NULL;
    if (reason != NULL) {
        sccp_session_close(s, reason);
        return;
    }
    if (s->station == NULL)
        sccp_session_watch(s, (uint64_t)s->keepalive_s * 1000 * KEEPALIVE_MISS);
    sccp_send_empty(s, RF_SCCP_KEEPALIVE_ACK);
}

/* Allowed at any time. doc: docs/wire/sccp.md, "Bad input", "Flows" (F1, F4) */
static bool on_any_time(struct session *s, const struct rf_sccp_msg *msg)
{
    if (msg->id == RF_SCCP_KEEPALIVE) {
        on_keepalive(s);
    } else if (msg->id == RF_SCCP_ALARM) {
        sccp_on_alarm(s, &msg->alarm);
    } else if (msg->id == RF_SCCP_UNREGISTER) {
        on_unregister(s);
    } else if (msg->id == RF_SCCP_REGISTER_TOKEN_REQ) {
        sccp_on_token_req(s, &msg->register_token_req);
    } else {
        return false;
    }
    return true;
}

static bool is_told_only(enum rf_sccp_id id)
{
    return id == RF_SCCP_IP_PORT || id == RF_SCCP_ENHANCED_ALARM || id == RF_SCCP_LOCATION_INFO ||
           id == RF_SCCP_REGISTER_AVAILABLE_LINES || id == RF_SCCP_HEADSET_STATUS ||
           id == RF_SCCP_MEDIA_PATH_EVENT || id == RF_SCCP_MEDIA_PATH_CAPABILITY ||
           id == RF_SCCP_HOOK_FLASH || id == RF_SCCP_OFF_HOOK_WITH_CALLING_PARTY_NUMBER;
}

static bool is_from_phone(uint32_t id)
{
    enum rf_sccp_dir dir;
    return rf_sccp_dir_of(id, &dir) && dir == RF_SCCP_TO_SERVER;
}

static void dispatch(struct session *s, const struct rf_sccp_frame *frame,
                     const struct rf_sccp_msg *msg)
{
    if (!is_from_phone(frame->id)) {
        drop(s, frame, "a phone does not send this");
        return;
    }
    if (msg->id == RF_SCCP_REGISTER) {
        (void)sccp_on_register(s, &msg->reg);
        return;
    }
    if (s->station == NULL && !rf_fault_skips("sccp.before-register") &&
        !rf_sccp_is_before_register(frame->id)) {
        drop(s, frame, "not before Register");
        return;
    }
    if (on_any_time(s, msg))
        return;
    if (s->station != NULL && (sccp_answer(s, msg) || sccp_phone_event(s, msg)))
        return;
    if (!is_told_only(msg->id))
        drop(s, frame, "nothing here handles it");
}

void rf_sccp_link_message(struct rf_sccp_service *svc, rf_sccp_link_ref link,
                          const struct rf_sccp_frame *frame, const struct rf_sccp_msg *msg)
{
    struct session *s = sccp_session_find(svc, link);
    if (s == NULL)
        return;
    count_in(s, frame);
    spend_token(s);
    dispatch(s, frame, msg);
}

void rf_sccp_link_bad(struct rf_sccp_service *svc, rf_sccp_link_ref link,
                      const struct rf_sccp_frame *frame, enum rf_err err, const struct rf_why *why)
{
    struct session *s = sccp_session_find(svc, link);
    if (s == NULL)
        return;
    count_in(s, frame);
    spend_token(s);
    drop(s, frame, rf_why_text(why));
    if (err == RF_ERR_UNKNOWN)
        return;
    s->bad++;
    if (s->bad >= RF_SCCP_BAD_MAX && !rf_fault_skips("sccp.bad-messages"))
        sccp_session_close(s, "too many malformed messages");
}

void rf_sccp_link_frame(struct rf_sccp_service *svc, rf_sccp_link_ref link,
                        const struct rf_sccp_frame *frame)
{
    struct rf_sccp_msg msg;
    struct rf_why why = {0};
    enum rf_err err = rf_sccp_decode(frame, &msg, &why);
    if (err == RF_OK)
        rf_sccp_link_message(svc, link, frame, &msg);
    else
        rf_sccp_link_bad(svc, link, frame, err, &why);
}

/* ---- counts ---- */

void rf_sccp_counts(const struct rf_sccp_service *svc, struct rf_sccp_counts *out)
{
    *out = (struct rf_sccp_counts){.in = svc->in,
                                   .out = svc->out,
                                   .dropped = svc->dropped,
                                   .links = svc->n_sessions,
                                   .tokens = svc->turns.granted,
                                   .put_off = svc->turns.put_off};
    for (size_t i = 0; i < BUCKETS; i++) {
        for (const struct session *s = svc->sessions[i]; s != NULL; s = s->next) {
            out->in += s->in;
            out->out += s->out;
            out->dropped += s->dropped;
            out->registered += s->station != NULL;
            out->secure += s->station != NULL && s->has_tls;
        }
        for (const struct station *st = svc->stations[i]; st != NULL; st = st->next)
            out->devices++;
    }
}

void rf_sccp_log_counts(const struct rf_sccp_service *svc)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct session *s = svc->sessions[i]; s != NULL; s = s->next)
            log_counts(s, "link open");
    struct rf_sccp_counts c;
    rf_sccp_counts(svc, &c);
    rf_info(RF_CAT_SCCP, "messages in=%llu out=%llu dropped=%llu links=%u registered=%u",
            (unsigned long long)c.in, (unsigned long long)c.out, (unsigned long long)c.dropped,
            c.links, c.registered);
}
