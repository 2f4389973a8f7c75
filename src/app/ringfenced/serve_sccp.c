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
    if (strcmp(code, "cert-blocked") == 0)
        return RF_TLS_ALERT_REVOKED;
    return RF_TLS_ALERT_BAD_CERTIFICATE;
}

/* I/O workers, in the middle of a handshake. An LSC first; where the knob allows it, then a
 * manufacturer's certificate. Whether an LSC was superseded, and whose it is, the SCCP service
 * judges at Register, where it can say so to the phone. doc: docs/security-rules.md, "Device
 * authentication" */
static enum rf_err may_signal(void *arg, const struct rf_tls_presented *peer,
                              enum rf_tls_alert *alert, struct rf_why *why)
{
    struct server *s = arg;
    const struct signalling *now = atomic_load(&s->signalling);
    struct rf_path_policy policy = {
        .now_s = rf_wall_s(rf_clock_real()), .rsa_min = now->rsa_min, .is_lsc_purpose = true};
    struct rf_why as_lsc = {0};
    struct rf_why as_mic = {0};
    if (rf_fault_skips("server.signalling-path"))
        return RF_OK;
    enum rf_err err = rf_path_check(now->lsc, peer->leaf, peer->chain, &policy, NULL, &as_lsc);
    const struct rf_why *told = &as_lsc;
    if (err != RF_OK && now->mic != NULL && strcmp(as_lsc.code, "path-unknown-issuer") == 0) {
        policy.is_lsc_purpose = false;
        err = rf_path_check(now->mic, peer->leaf, peer->chain, &policy, NULL, &as_mic);
        told = &as_mic;
    }
    if (err == RF_OK) {
        err = rf_blocklist_check(s->blocked, peer->leaf, &as_lsc);
        told = &as_lsc;
    }
    if (err == RF_OK)
        return RF_OK;
    *alert = alert_of(told->code);
    return rf_why_set(why, err, told->code, "%s", told->text);
}

static enum rf_err add_mics(struct server *s, struct signalling *now, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *dir = rf_site_path(s->site, RF_SITE_MIC_ROOTS);
    now->mic = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    return rf_anchors_add_dir(now->mic, dir, why);
}

static void signalling_free(struct signalling *now)
{
    rf_anchors_unref(now->lsc);
    rf_anchors_unref(now->mic);
    rf_free(now);
}

enum rf_err signalling_renew(struct server *s, const struct rf_site_conf *conf, struct rf_why *why)
{
    struct signalling *now = rf_new(struct signalling);
    now->rsa_min = conf->rsa_min;
    now->lsc = rf_anchors_new(RF_PURPOSE_SIGNALLING);
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
    now->older = atomic_load(&s->signalling);
    atomic_store(&s->signalling, now);
    return RF_OK;
}

/* ---- what the service asks of the links ---- */

static void op_send(void *arg, rf_sccp_link_ref link, struct rf_slice bytes, bool has_key)
{
    rf_sccp_links_send(((struct server *)arg)->links, link, bytes, has_key);
}

static void op_close(void *arg, rf_sccp_link_ref link, const char *reason)
{
    rf_sccp_links_close(((struct server *)arg)->links, link, reason);
}

static void op_pause(void *arg, rf_sccp_link_ref link, bool is_paused)
{
    rf_sccp_links_pause(((struct server *)arg)->links, link, is_paused);
}

static const struct rf_sccp_service_ops ops = {.send = op_send,
                                               .close = op_close,
                                               .pause = op_pause,
                                               .on_event = event_of_sccp,
                                               .on_cert_used = event_of_cert_used,
                                               .on_load = load_told,
                                               .on_record = event_of_record};

/* ---- life ---- */

enum rf_err sccp_tls_make(struct server *s, struct rf_tls **out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *cert = rf_site_path(s->site, RF_SITE_CERT_CCM);
    RF_AUTO(rf_freep) char *key = rf_site_path(s->site, RF_SITE_KEY_CCM);
    const char *keylog = s->site->conf->keylog;
    struct rf_tls_conf conf = {.name = "sccp",
                               .profile = RF_TLS_MODERN,
                               .cert_path = cert,
                               .key_path = key,
                               .ask = RF_TLS_REQUIRE,
                               .verify = may_signal,
                               .verify_arg = s,
                               .sessions = TLS_SESSIONS,
                               .keylog_path = keylog[0] != '\0' ? keylog : NULL};
    return rf_tls_server_new(&conf, out, why);
}

void sccp_tls_use(struct server *s, struct rf_tls *take_tls)
{
    rf_listener_set_tls(s->sccp_listener, take_tls);
    rf_tls_free(s->sccp_tls);
    s->sccp_tls = take_tls;
}

enum rf_err sccp_prepare(struct server *s, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    enum rf_err err = signalling_renew(s, site, why);
    if (err == RF_OK)
        err = sccp_tls_make(s, &s->sccp_tls, why);
    if (err != RF_OK)
        return err;
    s->call_loop = rf_loop_new(rf_clock_real(), "calls");
    struct rf_sccp_service_conf conf = {.clock = rf_clock_real(),
                                        .timers = rf_loop_timers(s->call_loop),
                                        .ops = &ops,
                                        .arg = s,
                                        .server_name = site->name,
                                        .date_template = site->date_template,
                                        .keepalive_s = site->keepalive_s,
                                        .listed_issuer = s->lsc_issuer,
                                        .blocked = s->blocked};
    s->sccp = rf_sccp_service_new(&conf);
    s->links = rf_sccp_links_new(s->io, rf_loop_mailbox(s->call_loop));
    rf_sccp_links_serve(s->links, s->sccp);
    return devices_load(s, why);
}

enum rf_err sccp_listen(struct server *s, uint16_t port, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    struct rf_listener_conf conf = {.name = "sccp",
                                    .address = site->listen,
                                    .port = port,
                                    .link = {.calls = rf_sccp_link_calls(),
                                             .arg = s->links,
                                             .tls = s->sccp_tls,
                                             .handshake_ms = site->handshake_s * 1000u}};
    enum rf_err err = rf_listener_open_on_workers(s->io, &conf, &s->sccp_listener, why);
    if (err == RF_OK)
        s->ports.sccp_tls = rf_listener_port(s->sccp_listener);
    return err;
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
}

void sccp_post(struct server *s, struct rf_msg *take_msg)
{
    rf_mailbox_post_answer(rf_loop_mailbox(s->call_loop), take_msg);
}

/* No phone is taken any more, and call control is still. */
void sccp_close(struct server *s)
{
    rf_listener_close(s->sccp_listener);
    s->sccp_listener = NULL;
    rf_workers_free(s->io);
    s->io = NULL;
    if (s->has_call_thread) {
        rf_loop_stop(s->call_loop);
        pthread_join(s->call_thread, NULL);
        s->has_call_thread = false;
    }
}

void sccp_free(struct server *s)
{
    rf_sccp_service_free(s->sccp);
    rf_loop_free(s->call_loop);
    rf_sccp_links_free(s->links);
    rf_tls_free(s->sccp_tls);
    struct signalling *now = atomic_load(&s->signalling);
    while (now != NULL) {
        struct signalling *older = now->older;
        signalling_free(now);
        now = older;
    }
}
