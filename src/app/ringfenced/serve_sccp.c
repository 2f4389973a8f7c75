/* SPDX-License-Identifier: Apache-2.0 */
/* Call manager: the TLS port, whom it lets in, and the call-control thread. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/faults.h"
#include "base/log.h"

/* ---- whom the port lets in ---- */

static enum rf_tls_alert alert_of(const char *code)
{
    if (strcmp(code, "path-unknown-issuer") == 0)
        return RF_TLS_ALERT_UNKNOWN_CA;
    if (strcmp(code, "cert-expired") == 0)
        return RF_TLS_ALERT_EXPIRED;
    if (strcmp(code, "cert-blocked") == 0 || strcmp(code, "cert-revoked") == 0)
        return RF_TLS_ALERT_REVOKED;
    return RF_TLS_ALERT_BAD_CERTIFICATE;
}

/* Of another CA only what it made itself, not what somebody below it made: the issuer's name tells
 * whoever asks that such a certificate must be in the database. */
enum rf_err signalling_check_lsc(const struct signalling *now, const struct rf_cert *leaf,
                                 const struct rf_cert_list *chain,
                                 const struct rf_path_policy *policy, struct rf_path_memo *memo,
                                 struct rf_why *why)
{
    enum rf_err err = rf_path_check_noting(now->lsc, leaf, chain, policy, memo, why);
    if (err == RF_OK || !rf_anchors_issued(now->cas, leaf))
        return err;
    *why = (struct rf_why){0};
    return rf_path_check_noting(now->cas, leaf, NULL, policy, memo, why);
}

/* An LSC first; where the knob allows it, then a manufacturer's certificate. */
static enum rf_err check_paths(const struct server *s, const struct rf_tls_presented *peer,
                               bool allow_sha1, enum rf_tls_alert *alert, struct rf_why *why)
{
    const struct signalling *now = atomic_load(&s->signalling);
    struct rf_path_policy lsc = {.now_s = rf_wall_s(rf_clock_real()),
                                 .rsa_min = now->rsa_min,
                                 .allow_sha1 = allow_sha1,
                                 .is_lsc_purpose = true,
                                 .revocation = s->revocation};
    struct rf_path_policy mic = lsc;
    struct rf_path_memo memo = {0};
    struct rf_why as_lsc = {0};
    struct rf_why as_mic = {0};
    mic.is_lsc_purpose = false;
    /* The path of a session that is resumed was found good when it was made: nothing but time,
     * anchors and knobs can have changed that. */
    if (peer->is_resumed && (rf_path_memo_holds(peer->memo, now->lsc, &lsc) ||
                             rf_path_memo_holds(peer->memo, now->cas, &lsc) ||
                             (now->mic != NULL && rf_path_memo_holds(peer->memo, now->mic, &mic))))
        return RF_OK;
    enum rf_err err = signalling_check_lsc(now, peer->leaf, peer->chain, &lsc, &memo, &as_lsc);
    const struct rf_why *told = &as_lsc;
    if (err != RF_OK && now->mic != NULL && strcmp(as_lsc.code, "path-unknown-issuer") == 0) {
        err = rf_path_check_noting(now->mic, peer->leaf, peer->chain, &mic, &memo, &as_mic);
        told = &as_mic;
    }
    if (!peer->is_resumed)
        *peer->memo = memo;
    if (err == RF_OK)
        return RF_OK;
    *alert = alert_of(told->code);
    return rf_why_set(why, err, told->code, "%s", told->text);
}

/* I/O workers, in the middle of a handshake. Whether an LSC was superseded, and whose it is, the
 * SCCP service judges at Register, where it can say so to the phone. doc: docs/security-rules.md,
 * "Device authentication" */
static enum rf_err judge(const struct server *s, const struct rf_tls_presented *peer,
                         bool allow_sha1, enum rf_tls_alert *alert, struct rf_why *why)
{
    struct rf_why blocked = {0};
    if (rf_fault_skips("server.signalling-path"))
        return RF_OK;
    if (atomic_load(&s->signalling)->is_closed) {
        *alert = alert_of("path-unknown-issuer");
        return rf_why_set(why, RF_ERR_DENIED, "no-snapshot",
                          "this router has not been told yet who may register: `ringfence status` "
                          "says why");
    }
    enum rf_err err = check_paths(s, peer, allow_sha1, alert, why);
    if (err != RF_OK || rf_blocklist_check(s->blocked, peer->leaf, &blocked) == RF_OK)
        return err;
    *alert = alert_of(blocked.code);
    return rf_why_set(why, RF_ERR_DENIED, blocked.code, "%s", blocked.text);
}

static enum rf_err may_signal(void *arg, const struct rf_tls_presented *peer,
                              enum rf_tls_alert *alert, struct rf_why *why)
{
    return judge(arg, peer, false, alert, why);
}

/* Old phones' certificates are signed with SHA-1. */
static enum rf_err may_signal_legacy(void *arg, const struct rf_tls_presented *peer,
                                     enum rf_tls_alert *alert, struct rf_why *why)
{
    return judge(arg, peer, true, alert, why);
}

static enum rf_err add_mics(struct server *s, struct signalling *now, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *dir = rf_site_path(s->site, RF_SITE_MIC_ROOTS);
    now->mic = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    return rf_anchors_add_dir(now->mic, dir, why);
}

void signalling_free(struct signalling *now)
{
    rf_anchors_unref(now->lsc);
    rf_anchors_unref(now->cas);
    rf_anchors_unref(now->mic);
    rf_free(now);
}

enum rf_err signalling_make(struct server *s, const struct rf_site_conf *conf,
                            struct signalling **out, struct rf_why *why)
{
    struct signalling *now = rf_new(struct signalling);
    now->rsa_min = conf->rsa_min;
    now->lsc = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    now->cas = rf_anchors_ref(s->lsc_cas);
    RF_AUTO(rf_freep) char *former = rf_site_path(s->site, RF_SITE_LSC_ISSUERS);
    enum rf_err err = rf_anchors_add(now->lsc, s->lsc_issuer, why);
    if (err == RF_OK) /* until every phone has an LSC by the present one */
        err = rf_anchors_add_dir(now->lsc, former, why);
    if (err == RF_OK && conf->accept_mic_for_signalling)
        err = add_mics(s, now, why);
    if (err != RF_OK) {
        signalling_free(now);
        return err;
    }
    *out = now;
    return RF_OK;
}

void signalling_use(struct server *s, struct signalling *take_now)
{
    take_now->older = atomic_load(&s->signalling);
    atomic_store(&s->signalling, take_now);
}

/* ---- what the service asks of the links ---- */

void sccp_op_send(void *arg, rf_sccp_link_ref link, struct rf_slice bytes, bool has_key)
{
    rf_sccp_links_send(((struct server *)arg)->links, link, bytes, has_key);
}

void sccp_op_close(void *arg, rf_sccp_link_ref link, const char *reason)
{
    rf_sccp_links_close(((struct server *)arg)->links, link, reason);
}

void sccp_op_pause(void *arg, rf_sccp_link_ref link, bool is_paused)
{
    rf_sccp_links_pause(((struct server *)arg)->links, link, is_paused);
}

const struct rf_sccp_service_ops sccp_ops_call_manager = {.send = sccp_op_send,
                                                          .close = sccp_op_close,
                                                          .pause = sccp_op_pause,
                                                          .on_event = news_of_sccp,
                                                          .on_cert_used = event_of_cert_used,
                                                          .on_modern = event_of_modern,
                                                          .on_load = load_told,
                                                          .on_unknown = unknown_of_sccp,
                                                          .on_record = record_keep,
                                                          .on_forward = forward_keep};

/* ---- life ---- */

static enum rf_err make_tls(struct server *s, enum rf_tls_profile profile, struct rf_tls **out,
                            struct rf_why *why)
{
    RF_AUTO(rf_freep) char *cert = rf_site_path(s->site, RF_SITE_CERT_CCM);
    RF_AUTO(rf_freep) char *key = rf_site_path(s->site, RF_SITE_KEY_CCM);
    const char *keylog = s->site->conf->keylog;
    static const char *const names[RF_TLS_PROFILES] = {
        [RF_TLS_MODERN] = "sccp",
        [RF_TLS_LEGACY] = "sccp-legacy",
        [RF_TLS_AUTHENTICATED] = "sccp-authenticated",
    };
    bool is_legacy = profile == RF_TLS_LEGACY;
    struct rf_tls_conf conf = {.name = names[profile],
                               .profile = profile,
                               .only_tls13 = s->site->conf->sccp_tls_min == RF_SITE_TLS_13,
                               .cert_path = cert,
                               .key_path = key,
                               .ask = RF_TLS_REQUIRE,
                               .verify = is_legacy ? may_signal_legacy : may_signal,
                               .verify_arg = s,
                               .sessions = TLS_SESSIONS,
                               .keylog_path = keylog[0] != '\0' ? keylog : NULL};
    return rf_tls_server_new(&conf, out, why);
}

enum rf_err sccp_tls_make(struct server *s, struct rf_tls *out[RF_TLS_PROFILES], struct rf_why *why)
{
    enum rf_err err = make_tls(s, RF_TLS_MODERN, &out[RF_TLS_MODERN], why);
    if (err == RF_OK && s->site->conf->legacy_sccp_port != 0)
        err = make_tls(s, RF_TLS_LEGACY, &out[RF_TLS_LEGACY], why);
    if (err == RF_OK && s->site->conf->authenticated_sccp_port != 0)
        err = make_tls(s, RF_TLS_AUTHENTICATED, &out[RF_TLS_AUTHENTICATED], why);
    return err;
}

void sccp_tls_use(struct server *s, struct rf_tls *take[RF_TLS_PROFILES])
{
    rf_listeners_use_tls(&s->sccp_listeners, take);
}

enum rf_err sccp_prepare(struct server *s, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    struct rf_tls *tls[RF_TLS_PROFILES] = {NULL};
    device_models_use(s, site);
    enum rf_err err = sccp_tls_make(s, tls, why);
    s->sccp_listeners.workers = s->io;
    sccp_tls_use(s, tls);
    if (err != RF_OK)
        return err;
    s->call_loop = rf_loop_new(rf_clock_real(), "calls");
    if ((err = media_start(s, why)) != RF_OK)
        return err;
    records_prepare(s);
    struct rf_sccp_service_conf conf = {.clock = rf_clock_real(),
                                        .timers = rf_loop_timers(s->call_loop),
                                        .ops = s->role->sccp_ops,
                                        .arg = s,
                                        .server_name = site->name,
                                        .date_template = site->date_template,
                                        .time_zone = site->time_zone,
                                        .keepalive_s = site->keepalive_s,
                                        .barge = (enum rf_call_barge)site->barge_policy,
                                        .members_max = site->conference_members,
                                        .media = media_ops(s),
                                        .media_arg = s,
                                        .media_is_ip6 = s->media_addr.is_ip6,
                                        .is_fallback = s->role->is_router,
                                        .return_rate = site->return_rate,
                                        .is_nonsecure = site->cluster == RF_SITE_CLUSTER_NONSECURE,
                                        .listed_issuer = s->lsc_issuer,
                                        .listed = s->lsc_listed,
                                        .blocked = s->blocked,
                                        .revocation = s->revocation};
    conf.call_timer_ms[RF_CALL_T_NO_ANSWER] = site->no_answer_s * 1000;
    s->sccp = rf_sccp_service_new(&conf);
    s->links = rf_sccp_links_new(s->io, rf_loop_mailbox(s->call_loop));
    rf_sccp_service_set_legacy_models(s->sccp, site->legacy_models);
    rf_sccp_links_serve(s->links, s->sccp);
    return RF_OK;
}

static struct rf_listener_conf listener_conf(struct server *s, uint16_t port)
{
    const struct rf_site_conf *site = s->site->conf;
    return (struct rf_listener_conf){.address = site->listen,
                                     .port = port,
                                     .link = {.calls = rf_sccp_link_calls(),
                                              .arg = s->links,
                                              .handshake_ms = site->handshake_s * 1000u},
                                     .failures_a_minute = site->handshake_failures,
                                     .on_alarm = event_of_listener,
                                     .alarm_arg = s};
}

enum rf_err sccp_listen(struct server *s, uint16_t port, struct rf_why *why)
{
    struct rf_listener_conf conf = listener_conf(s, port);
    enum rf_err err = rf_listeners_open(&s->sccp_listeners, RF_TLS_MODERN, &conf, NULL, why);
    s->ports.sccp_tls = rf_listeners_port(&s->sccp_listeners, RF_TLS_MODERN);
    rf_sccp_service_set_server(s->sccp, rf_site_advertised(s->site->conf),
                               rf_site_port_base(&s->ports));
    return err;
}

/* At the port that phones add 443 to; 0: no such listener. */
static enum rf_err listen_for(struct server *s, enum rf_tls_profile profile, uint32_t base,
                              const char *from, struct rf_why *why)
{
    struct rf_listener_conf conf = listener_conf(s, (uint16_t)(base + RF_SITE_TLS_OFFSET));
    return base != 0 ? rf_listeners_open(&s->sccp_listeners, profile, &conf, from, why) : RF_OK;
}

/* In the clear nobody says who he is, and a link costs nothing: some for each address, and half of
 * all that the service takes, so that the others have room. */
#define PLAIN_PER_ADDRESS 64
#define PLAIN_LINKS       10000

static enum rf_err listen_plain(struct server *s, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    struct rf_networks networks;
    if (!rf_site_has_plain(site))
        return RF_OK;
    if (s->ports.sccp_tls <= RF_SITE_TLS_OFFSET)
        return rf_why_set(why, RF_ERR_BAD, "ports-base",
                          "TLS port %u leaves no port for phones in the clear", s->ports.sccp_tls);
    enum rf_err err = rf_networks_parse(site->plain_networks, &networks, why);
    if (err != RF_OK)
        return err;
    struct rf_listener_conf conf = listener_conf(s, rf_site_port_base(&s->ports));
    conf.name = "sccp-plain";
    conf.links_max = PLAIN_LINKS;
    conf.links_per_address = PLAIN_PER_ADDRESS;
    conf.networks = &networks;
    return rf_listener_open_on_workers(s->io, &conf, &s->sccp_plain, why);
}

enum rf_err sccp_listen_weak(struct server *s, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    enum rf_err err =
        listen_for(s, RF_TLS_LEGACY, site->legacy_sccp_port, site->legacy_networks, why);
    if (err == RF_OK)
        err = listen_for(s, RF_TLS_AUTHENTICATED, site->authenticated_sccp_port,
                         site->authenticated_networks, why);
    return err == RF_OK ? listen_plain(s, why) : err;
}

struct other_models {
    struct rf_msg msg;
    struct server *s;
    char models[RF_SITE_MODELS_MAX + 1];
};

static void use_models(struct rf_msg *msg, void *reader)
{
    struct other_models *o = (struct other_models *)msg;
    if (reader != NULL)
        rf_sccp_service_set_legacy_models(o->s->sccp, o->models);
    rf_free(o);
}

void weak_reload(struct server *s, const struct rf_site_conf *conf)
{
    struct other_models *o = rf_new(struct other_models);
    *o = (struct other_models){.msg.run = use_models, .s = s};
    snprintf(o->models, sizeof o->models, "%s", conf->legacy_models);
    sccp_post(s, &o->msg);
    rf_listeners_set_networks(&s->sccp_listeners, RF_TLS_LEGACY, conf->legacy_networks);
    rf_listeners_set_networks(&s->sccp_listeners, RF_TLS_AUTHENTICATED,
                              conf->authenticated_networks);
    if (s->capf != NULL)
        rf_listeners_set_networks(rf_capf_service_listeners(s->capf), RF_TLS_LEGACY,
                                  conf->legacy_networks);
    if (s->tvs != NULL)
        rf_listeners_set_networks(rf_tvs_service_listeners(s->tvs), RF_TLS_LEGACY,
                                  conf->legacy_networks);
}

static void *call_main(void *arg)
{
    rf_loop_run(((struct server *)arg)->call_loop);
    return NULL;
}

/* Signals are for the main thread. */
void sccp_run(struct server *s)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rf_bug_on(pthread_create(&s->call_thread, NULL, call_main, s) != 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(s->call_thread, "calls");
    s->has_call_thread = true;
    media_tell(s);
}

void sccp_post(struct server *s, struct rf_msg *take_msg)
{
    rf_mailbox_post_answer(rf_loop_mailbox(s->call_loop), take_msg);
}

/* No phone is taken any more, and call control is still. */
void sccp_close(struct server *s)
{
    rf_listeners_close(&s->sccp_listeners);
    rf_listener_close(rf_steal(&s->sccp_plain));
    if (s->has_call_thread) {
        rf_loop_stop(s->call_loop);
        pthread_join(s->call_thread, NULL);
        s->has_call_thread = false;
    }
    rf_workers_free(s->io); /* call control speaks to them as long as it runs */
    s->io = NULL;
}

void sccp_free(struct server *s)
{
    rf_sccp_service_free(s->sccp);
    media_stop(s);
    rf_loop_free(s->call_loop);
    rf_sccp_links_free(s->links);
    rf_listeners_fini(&s->sccp_listeners);
    struct signalling *now = atomic_load(&s->signalling);
    while (now != NULL) {
        struct signalling *older = now->older;
        signalling_free(now);
        now = older;
    }
}
