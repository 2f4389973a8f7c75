/* SPDX-License-Identifier: Apache-2.0 */
#include "service/srst/provider.h"

#include "base/log.h"

/* Nobody has anything to say. */
#define INPUT_MAX 256

struct rf_srst_provider {
    struct rf_srst_provider_conf conf; /* site: not used after the start */
    struct rf_listener *listener;
    struct rf_tls *tls;
    char *cert_path;
    char *key_path;
    char *keylog;
    uint32_t failures_a_minute;
    uint64_t shown;
};

struct rf_srst_provider *rf_srst_provider_new(const struct rf_srst_provider_conf *conf)
{
    struct rf_srst_provider *p = rf_new(struct rf_srst_provider);
    const char *keylog = conf->site->conf->keylog;
    p->conf = *conf;
    p->conf.site = NULL;
    p->cert_path = rf_site_path(conf->site, RF_SITE_CERT_CCM);
    p->key_path = rf_site_path(conf->site, RF_SITE_KEY_CCM);
    p->keylog = keylog[0] != '\0' ? rf_strdup(keylog) : NULL;
    p->failures_a_minute = conf->site->conf->handshake_failures;
    return p;
}

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct rf_srst_provider *p = rf_link_arg(link);
    p->shown++;
    rf_info(RF_CAT_TLS, "the router's certificate was shown to %s", peer->host);
    rf_link_close(link);
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    return data.len;
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    rf_debug(RF_CAT_TLS, "provider link closed: %s from=%s", rf_why_text(why),
             rf_link_peer(link)->host);
}

static const struct rf_link_calls calls = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

enum rf_err rf_srst_provider_make_tls(const struct rf_srst_provider *p, struct rf_tls **out,
                                      struct rf_why *why)
{
    struct rf_tls_conf tls = {.name = "srst-provider",
                              .profile = RF_TLS_MODERN,
                              .cert_path = p->cert_path,
                              .key_path = p->key_path,
                              .ask = RF_TLS_NO_ASK,
                              .keylog_path = p->keylog};
    return rf_tls_server_new(&tls, out, why);
}

void rf_srst_provider_use_tls(struct rf_srst_provider *p, struct rf_tls *take_tls)
{
    rf_listener_set_tls(p->listener, take_tls);
    rf_tls_free(p->tls);
    p->tls = take_tls;
}

enum rf_err rf_srst_provider_listen(struct rf_srst_provider *p, const char *address, uint16_t port,
                                    struct rf_why *why)
{
    enum rf_err err = rf_srst_provider_make_tls(p, &p->tls, why);
    if (err != RF_OK)
        return err;
    struct rf_listener_conf conf = {
        .name = "srst-provider",
        .address = address,
        .port = port,
        .link = {.calls = &calls,
                 .arg = p,
                 .tls = p->tls,
                 .input_max = INPUT_MAX,
                 .handshake_ms = RF_SRST_PROVIDER_MS,
                 .idle_ms = RF_SRST_PROVIDER_MS},
        .links_max = RF_SRST_PROVIDER_LINKS,
        .links_per_address = RF_SRST_PROVIDER_PER_ADDRESS,
        .failures_a_minute = p->failures_a_minute,
        .on_alarm = p->conf.on_alarm,
        .alarm_arg = p->conf.arg,
    };
    return rf_listener_open(p->conf.loop, &conf, &p->listener, why);
}

const struct rf_listener *rf_srst_provider_listener(const struct rf_srst_provider *p)
{
    return p->listener;
}

uint16_t rf_srst_provider_port(const struct rf_srst_provider *p)
{
    return p->listener != NULL ? rf_listener_port(p->listener) : 0;
}

uint64_t rf_srst_provider_shown(const struct rf_srst_provider *p)
{
    return p->shown;
}

void rf_srst_provider_free(struct rf_srst_provider *p)
{
    if (p == NULL)
        return;
    rf_listener_close(p->listener);
    rf_tls_free(p->tls);
    rf_free(p->cert_path);
    rf_free(p->key_path);
    rf_free(p->keylog);
    rf_free(p);
}
