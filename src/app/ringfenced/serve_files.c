/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of files and the servers that deliver them, on the main loop. Phones are told ports
 * in their configuration, so the catalogue comes when the ports are known, and these servers' own
 * are not among them. */
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/faults.h"
#include "base/file.h"

#include <string.h>

/* The configurations that were fetched before this start say where each phone is. */
enum rf_err files_remember(struct server *s, struct rf_why *why)
{
    enum rf_err err = rf_store_fetch_list(s->store, NULL, &s->fetches, why);
    return err == RF_OK ? rf_store_device_list(s->store, &s->phones, why) : err;
}

static void seen_before(struct server *s)
{
    size_t at = 0; /* both are sorted by the device's name */
    for (size_t i = 0; i < s->fetches.n; i++) {
        const struct rf_store_fetch *f = &s->fetches.items[i];
        while (at < s->phones.n && strcmp(s->phones.items[at].device.name, f->device) < 0)
            at++;
        if (at < s->phones.n && f->item == RF_STORE_FETCH_CONFIG && f->result[0] == '\0' &&
            strcmp(s->phones.items[at].device.name, f->device) == 0)
            rf_provision_seen_at(s->provision, &s->phones.items[at].device, f->address);
    }
    rf_store_fetches_fini(&s->fetches);
    rf_store_phones_fini(&s->phones);
}

enum rf_err files_prepare(struct server *s, struct rf_why *why)
{
    struct rf_provision_conf conf = {.loop = s->loop,
                                     .site = s->site,
                                     .ports = &s->ports,
                                     .store = s->store_worker,
                                     .db = s->store,
                                     .on_alarm = event_of_alarm,
                                     .on_cert_used = event_of_cert_used,
                                     .alarm_arg = s,
                                     .signer = s->signer_worker,
                                     .signer_too = s->second_signer_worker,
                                     .wrap_key = &s->wrap_key};
    s->provision = rf_provision_new(&conf);
    seen_before(s);
    return RF_OK;
}

/* ---- HTTPS ---- */

/* TLS lets every certificate in, and whose it is proven to be is judged by its path, here, and by
 * its name, with each request. One that does not count is as good as none: phones show what they
 * have, often a manufacturer's certificate whose root the site does not hold, and to refuse them
 * would only send them where there is no TLS at all.
 * doc: docs/wire/http-files.md, "Client certificates" */
static enum rf_err let_in(void *arg, const struct rf_tls_presented *peer, enum rf_tls_alert *alert,
                          struct rf_why *why)
{
    return RF_OK;
}

/* As at CAPF: an LSC, or a manufacturer's certificate where that may enrol, since whoever can enrol
 * can have all that its device has. Main loop. */
static enum rf_err trusts_client(void *arg, const struct rf_peer *peer, struct rf_why *why)
{
    struct server *s = arg;
    const struct rf_site_conf *conf = s->site->conf;
    struct rf_path_policy policy = {.now_s = rf_wall_s(rf_clock_real()),
                                    .rsa_min = conf->rsa_min,
                                    .is_lsc_purpose = true,
                                    .revocation = s->revocation};
    struct rf_path_memo memo = {0};
    struct rf_why as_lsc = {0};
    if (signalling_check_lsc(atomic_load(&s->signalling), peer->cert, peer->chain, &policy, &memo,
                             &as_lsc) == RF_OK)
        return RF_OK;
    if (!conf->accept_mic_for_capf || strcmp(as_lsc.code, "path-unknown-issuer") != 0)
        return rf_why_set(why, RF_ERR_DENIED, as_lsc.code, "%s", as_lsc.text);
    policy.is_lsc_purpose = false;
    policy.allow_sha1 = conf->capf_sha1_certs;
    return rf_path_check(s->mic_anchors, peer->cert, peer->chain, &policy, NULL, why);
}

enum rf_err https_tls_make(struct server *s, struct rf_tls **out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *cert = rf_site_path(s->site, RF_SITE_CERT_HTTPS);
    RF_AUTO(rf_freep) char *key = rf_site_path(s->site, RF_SITE_KEY_HTTPS);
    const char *keylog = s->site->conf->keylog;
    struct rf_tls_conf conf = {.name = "https",
                               .profile = RF_TLS_MODERN,
                               .cert_path = cert,
                               .key_path = key,
                               .ask = RF_TLS_ASK,
                               .verify = let_in,
                               .sessions = TLS_SESSIONS,
                               .keylog_path = keylog[0] != '\0' ? keylog : NULL};
    return rf_tls_server_new(&conf, out, why);
}

void https_tls_use(struct server *s, struct rf_tls *take_tls)
{
    rf_http_files_set_tls(s->https, take_tls);
    rf_tls_free(s->https_tls);
    s->https_tls = take_tls;
}

/* ---- the servers ---- */

static enum rf_err listen_tftp(struct server *s, uint16_t port, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    struct rf_tftp_server_conf conf = {.loop = s->loop,
                                       .provision = s->provision,
                                       .address = site->listen,
                                       .port = port,
                                       .retry_ms = site->tftp_retry_ms,
                                       .tries = site->tftp_tries,
                                       .transfers_max = site->tftp_transfers,
                                       .transfers_per_address = site->tftp_per_address,
                                       .on_report = event_of_file,
                                       .report_arg = s};
    enum rf_err err = rf_tftp_server_open(&conf, &s->tftp, why);
    if (err == RF_OK)
        s->ports.tftp = rf_tftp_server_port(s->tftp);
    return err;
}

static enum rf_err listen_http(struct server *s, uint16_t port, struct rf_tls *tls,
                               struct rf_http_files **out, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    struct rf_http_files_conf conf = {.loop = s->loop,
                                      .provision = s->provision,
                                      .address = site->listen,
                                      .port = port,
                                      .tls = tls,
                                      .trusts = trusts_client,
                                      .trusts_arg = s,
                                      .listed = s->lsc_listed,
                                      .blocked = s->blocked,
                                      .revocation = s->revocation,
                                      .wants_proof = tls != NULL && site->https_proof,
                                      .handshake_ms = site->handshake_s * 1000u,
                                      .connections_max = site->http_connections,
                                      .connections_per_address = site->http_per_address,
                                      .failures_a_minute = site->handshake_failures,
                                      .on_report = event_of_file,
                                      .report_arg = s,
                                      .on_alarm = event_of_listener};
    return rf_http_files_open(&conf, out, why);
}

static enum rf_err listen_https(struct server *s, uint16_t port, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *cert = rf_site_path(s->site, RF_SITE_CERT_HTTPS);
    /* No reason to leave phones without a server; and this program writes no keys. */
    if (!rf_file_exists(cert)) {
        rf_warn(RF_CAT_MAIN,
                "no HTTPS: %s is not there; set list_version = 1.1, and `ringfence list publish` "
                "makes it",
                cert);
        return RF_OK;
    }
    enum rf_err err = https_tls_make(s, &s->https_tls, why);
    if (err == RF_OK)
        err = listen_http(s, port, s->https_tls, &s->https, why);
    if (err == RF_OK)
        s->ports.https = rf_http_files_port(s->https);
    return err;
}

enum rf_err files_listen(struct server *s, const struct rf_site_ports *wanted, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    enum rf_err err = listen_tftp(s, wanted->tftp, why);
    if (err == RF_OK && site->http) {
        err = listen_http(s, wanted->http, NULL, &s->http, why);
        if (err == RF_OK)
            s->ports.http = rf_http_files_port(s->http);
    }
    if (err == RF_OK && site->https)
        err = listen_https(s, wanted->https, why);
    return err;
}

uint32_t files_connections(const struct server *s)
{
    return (s->http != NULL ? rf_http_files_connections(s->http) : 0) +
           (s->https != NULL ? rf_http_files_connections(s->https) : 0);
}

void files_reload(struct server *s, const struct rf_site_conf *conf)
{
    rf_tftp_server_set_retries(s->tftp, conf->tftp_retry_ms, conf->tftp_tries);
    if (s->https != NULL)
        rf_http_files_set_wants_proof(s->https, conf->https_proof);
    rf_provision_set_site(s->provision, s->site, &s->ports);
}

void files_close(struct server *s)
{
    rf_tftp_server_close(s->tftp);
    rf_http_files_close(s->http);
    rf_http_files_close(s->https);
    rf_tls_free(s->https_tls);
}
