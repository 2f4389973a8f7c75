/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions on links: the listener, its TLS, and the worker for slow checks. */
#include "service/capf/capf_service.h"

#include "base/log.h"
#include "net/listeners.h"
#include "service/capf/capf_ca.h"
#include "service/capf/capf_sessions.h"
#include "wire/capf/capf.h"

#include <string.h>

/* Bytes of one phone that wait: a whole frame and the beginning of another. */
#define INPUT_MAX (RF_CAPF_FRAME_MAX + 4096)
/* Slow checks that wait; one a device at most. */
#define CHECKS_WAITING (RF_CAPF_SESSIONS_MAX + 1)
/* Times a minute that somebody is told of phones for which there was no room. */
#define CROWDED_A_MINUTE 10

struct rf_capf_service {
    struct rf_loop *loop;
    struct rf_capf_sessions *sessions;
    struct rf_worker *checks;
    struct rf_capf_ca *ca; /* NULL: no other CA is asked */
    struct rf_worker *ca_worker;
    struct rf_listeners listeners;
    char *cert_path;
    char *key_path;
    char *keylog;
    uint32_t handshake_ms;
    uint32_t failures_a_minute;
    rf_listener_alarm_fn on_alarm;
    void *arg;
    struct rf_log_limit crowded; /* told of phones that found no room */
};

/* The session's handle is the link's owner, the link's handle is the session's number for it. */
static rf_handle session_of(const struct rf_link *link)
{
    return (rf_handle)(uintptr_t)rf_link_owner(link);
}

static enum rf_err op_send(void *arg, uint64_t number, struct rf_slice frame)
{
    struct rf_capf_service *s = arg;
    struct rf_link *link = rf_link_find(s->loop, (rf_handle)number);
    return link != NULL ? rf_link_write(link, frame) : RF_ERR_IO;
}

static void op_hold(void *arg, uint64_t number, bool is_held)
{
    struct rf_capf_service *s = arg;
    struct rf_link *link = rf_link_find(s->loop, (rf_handle)number);
    if (link == NULL)
        return;
    if (is_held)
        rf_link_pause(link);
    else
        rf_link_resume(link);
}

static void op_close(void *arg, uint64_t number, const struct rf_why *why)
{
    struct rf_capf_service *s = arg;
    struct rf_link *link = rf_link_find(s->loop, (rf_handle)number);
    if (link == NULL)
        return;
    rf_link_set_owner(link, NULL);
    rf_link_resume(link); /* so that the phone's own closing is seen */
    rf_link_close_why(link, why);
}

static const struct rf_capf_ops ops = {.send = op_send, .hold = op_hold, .close = op_close};

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct rf_capf_service *s = rf_link_arg(link);
    rf_handle h =
        rf_capf_session_open(s->sessions, rf_link_ref(link).handle, peer->host, peer->is_legacy);
    if (h != 0) {
        rf_link_set_owner(link, (void *)(uintptr_t)h);
        return;
    }
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_LIMIT, "capf-sessions",
               "a phone was sent away: too many CAPF sessions, of all or of %s", peer->host);
    rf_link_abort(link, &why);
    if (!rf_log_allows(&s->crowded, CROWDED_A_MINUTE, rf_now_ms(rf_loop_clock(s->loop))))
        return;
    rf_warn(RF_CAT_CAPF, "%s", rf_why_text(&why));
    if (s->on_alarm != NULL)
        s->on_alarm(s->arg, why.code, why.text);
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    struct rf_capf_service *s = rf_link_arg(link);
    return rf_capf_session_data(s->sessions, session_of(link), data);
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    struct rf_capf_service *s = rf_link_arg(link);
    rf_debug(RF_CAT_CAPF, "link closed: %s from=%s", rf_why_text(why), rf_link_peer(link)->host);
    rf_capf_session_lost(s->sessions, session_of(link), why);
}

static const struct rf_link_calls calls = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

static enum rf_err check_conf(const struct rf_capf_service_conf *conf, struct rf_why *why)
{
    const char *missing = conf->loop == NULL         ? "loop"
                          : conf->site == NULL       ? "site"
                          : conf->store == NULL      ? "store"
                          : conf->signer == NULL     ? "signer"
                          : conf->anchors == NULL    ? "anchors"
                          : conf->lsc_issuer == NULL ? "lsc_issuer"
                                                     : NULL;
    if (missing != NULL)
        return rf_why_set(why, RF_ERR_BAD, "capf-conf", "CAPF was started without %s", missing);
    if (rf_anchors_purpose(conf->anchors) != RF_PURPOSE_CAPF)
        return rf_why_set(why, RF_ERR_BAD, "capf-conf",
                          "CAPF was started with certificates held for another purpose");
    uint32_t issuer = conf->site->conf->lsc_issuer;
    if ((issuer != RF_SITE_ISSUER_LOCAL && conf->cas == NULL) ||
        (issuer == RF_SITE_ISSUER_CMP && conf->cmp == NULL))
        return rf_why_set(why, RF_ERR_BAD, "capf-conf",
                          "CAPF was started without the CA that is to be asked");
    return RF_OK;
}

enum rf_err rf_capf_service_new(const struct rf_capf_service_conf *conf,
                                struct rf_capf_service **out, struct rf_why *why)
{
    enum rf_err err = check_conf(conf, why);
    if (err != RF_OK)
        return err;
    struct rf_capf_service *s = rf_new(struct rf_capf_service);
    s->loop = conf->loop;
    s->listeners = (struct rf_listeners){.loop = conf->loop};
    s->checks = rf_worker_start("capf-checks", CHECKS_WAITING, NULL);
    if (conf->cmp != NULL) {
        s->ca = rf_capf_ca_new(conf->cmp, conf->store);
        s->ca_worker = rf_worker_start("capf-ca", CHECKS_WAITING, s->ca);
    }
    s->cert_path = rf_site_path(conf->site, RF_SITE_CERT_CAPF);
    s->key_path = rf_site_path(conf->site, RF_SITE_KEY_CAPF);
    const char *keylog = conf->site->conf->keylog;
    s->keylog = keylog != NULL && keylog[0] != '\0' ? rf_strdup(keylog) : NULL;
    s->handshake_ms = conf->site->conf->handshake_s * 1000u;
    s->failures_a_minute = conf->site->conf->handshake_failures;
    s->on_alarm = conf->on_alarm;
    s->arg = conf->arg;
    struct rf_capf_sessions_conf sessions = {.ops = &ops,
                                             .ops_arg = s,
                                             .clock = rf_loop_clock(conf->loop),
                                             .timers = rf_loop_timers(conf->loop),
                                             .answers = rf_loop_mailbox(conf->loop),
                                             .store = conf->store,
                                             .signer = conf->signer,
                                             .checks = s->checks,
                                             .issuer_key = conf->issuer_key,
                                             .anchors = conf->anchors,
                                             .lsc_issuer = conf->lsc_issuer,
                                             .listed = conf->listed,
                                             .cas = conf->cas,
                                             .ca = s->ca_worker,
                                             .blocked = conf->blocked,
                                             .revocation = conf->revocation,
                                             .knobs = conf->site->conf,
                                             .on_changed = conf->on_changed,
                                             .arg = conf->arg};
    s->sessions = rf_capf_sessions_new(&sessions);
    *out = s;
    return RF_OK;
}

/* No certificate is asked of the phone: it proves itself inside. No resumption: a session is for
 * one operation. */
static enum rf_err make_tls(const void *arg, enum rf_tls_profile profile, struct rf_tls **out,
                            struct rf_why *why)
{
    const struct rf_capf_service *s = arg;
    struct rf_tls_conf tls = {.name = profile == RF_TLS_LEGACY ? "capf-legacy" : "capf",
                              .profile = profile,
                              .cert_path = s->cert_path,
                              .key_path = s->key_path,
                              .ask = RF_TLS_NO_ASK,
                              .keylog_path = s->keylog};
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_cert_from_pem_file(s->cert_path, &cert, why);
    if (err == RF_OK)
        err = rf_cert_capf_check(cert, why);
    return err == RF_OK ? rf_tls_server_new(&tls, out, why) : err;
}

enum rf_err rf_capf_service_make_tls(const struct rf_capf_service *s,
                                     struct rf_tls *out[RF_TLS_PROFILES], struct rf_why *why)
{
    return rf_listeners_make_tls(&s->listeners, make_tls, s, out, why);
}

enum rf_err rf_capf_service_listen(struct rf_capf_service *s, enum rf_tls_profile profile,
                                   const char *address, uint16_t port, const char *networks,
                                   struct rf_why *why)
{
    struct rf_tls *tls[RF_TLS_PROFILES] = {NULL};
    enum rf_err err = make_tls(s, profile, &tls[profile], why);
    if (err != RF_OK)
        return err;
    rf_listeners_use_tls(&s->listeners, tls);
    struct rf_listener_conf conf = {
        .address = address,
        .port = port,
        .link = {.calls = &calls,
                 .arg = s,
                 .input_max = INPUT_MAX,
                 .handshake_ms = s->handshake_ms},
        /* Those that are refused or closing take room for a moment. */
        .links_max = RF_CAPF_SESSIONS_MAX * 2,
        .handshakes_per_address = RF_CAPF_SESSIONS_PER_ADDRESS,
        .failures_a_minute = s->failures_a_minute,
        .on_alarm = s->on_alarm,
        .alarm_arg = s->arg,
    };
    return rf_listeners_open(&s->listeners, profile, &conf, networks, why);
}

struct rf_listeners *rf_capf_service_listeners(struct rf_capf_service *s)
{
    return &s->listeners;
}

uint32_t rf_capf_service_sessions(const struct rf_capf_service *s)
{
    return rf_capf_sessions_n(s->sessions);
}

size_t rf_capf_service_waiting(const struct rf_capf_service *s, struct rf_capf_waiting *out,
                               size_t max)
{
    return rf_capf_sessions_waiting(s->sessions, out, max);
}

void rf_capf_service_set_site(struct rf_capf_service *s, const struct rf_site *site)
{
    rf_capf_sessions_set_knobs(s->sessions, site->conf);
}

void rf_capf_service_set_anchors(struct rf_capf_service *s, struct rf_anchors *anchors)
{
    rf_capf_sessions_set_anchors(s->sessions, anchors);
}

static void forget(void *arg, uint64_t number)
{
    const struct rf_capf_service *s = arg;
    rf_link_forget(rf_link_find(s->loop, (rf_handle)number));
}

void rf_capf_service_end(struct rf_capf_service *s)
{
    if (s == NULL || s->ca_worker == NULL)
        return;
    rf_capf_ca_end(s->ca);
    rf_worker_stop(s->ca_worker);
    s->ca_worker = NULL;
}

void rf_capf_service_free(struct rf_capf_service *s)
{
    if (s == NULL)
        return;
    rf_capf_service_end(s);
    rf_listeners_fini(&s->listeners);
    rf_capf_sessions_each_link(s->sessions, forget, s);
    rf_worker_stop(s->checks);
    rf_capf_sessions_free(s->sessions);
    rf_capf_ca_free(s->ca);
    rf_free(s->cert_path);
    rf_free(s->key_path);
    rf_free(s->keylog);
    rf_free(s);
}
