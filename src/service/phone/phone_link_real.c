/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's links over real sockets: net/link.h with a TLS policy of its own for each link, since
 * a policy has one verify callback and one identity. */
#include "service/phone/phone_link.h"

#include "net/link.h"

struct phone_link {
    struct rf_link *link;
    struct rf_tls *tls; /* NULL: plain */
    const struct rf_phone_link_calls *calls;
    void *arg;
};

static void link_free(struct phone_link *l)
{
    rf_tls_free(l->tls);
    rf_free(l);
}

static enum rf_err verify(void *arg, const struct rf_tls_presented *peer, enum rf_tls_alert *alert,
                          struct rf_why *why)
{
    const struct phone_link *l = arg;
    enum rf_err err = l->calls->verify(l->arg, peer->leaf, why);
    if (err != RF_OK)
        *alert = RF_TLS_ALERT_UNKNOWN_CA;
    return err;
}

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct phone_link *l = rf_link_arg(link);
    char local[RF_ADDRESS_TEXT_MAX];
    struct rf_phone_link_info info = {.local = rf_address_host(&peer->local, local, sizeof local),
                                      .has_tls = peer->has_tls,
                                      .is_encrypted = peer->is_encrypted,
                                      .tls_version = peer->tls_version,
                                      .suite = peer->suite,
                                      .cert = peer->cert};
    l->calls->on_open(l->arg, &info);
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    struct phone_link *l = rf_link_arg(link);
    return l->calls->on_data(l->arg, data);
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    struct phone_link *l = rf_link_arg(link);
    const struct rf_phone_link_calls *calls = l->calls;
    void *arg = l->arg;
    link_free(l);
    calls->on_close(arg, why);
}

static const struct rf_link_calls link_calls = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

static enum rf_err tls_new(struct phone_link *l, const struct rf_phone_link_conf *conf,
                           enum rf_tls_profile profile, struct rf_why *why)
{
    struct rf_tls_conf tls = {.name = conf->name,
                              .profile = conf->wants_no_encryption ? RF_TLS_AUTHENTICATED : profile,
                              .verify = verify,
                              .verify_arg = l,
                              .keylog_path = conf->keylog_path};
    if (conf->id != NULL && conf->id->cert != NULL) {
        tls.cert = conf->id->cert;
        tls.key = conf->id->key;
        tls.chain = &conf->id->chain;
    }
    return rf_tls_client_new(&tls, &l->tls, why);
}

static enum rf_err open_with(void *net, const struct rf_phone_link_conf *conf,
                             enum rf_tls_profile profile, void **out, struct rf_why *why)
{
    struct phone_link *l = rf_new(struct phone_link);
    l->calls = conf->calls;
    l->arg = conf->arg;
    enum rf_err err = conf->has_tls ? tls_new(l, conf, profile, why) : RF_OK;
    if (err == RF_OK) {
        struct rf_link_conf link = {.calls = &link_calls,
                                    .arg = l,
                                    .tls = l->tls,
                                    .local = conf->local,
                                    .input_max = conf->input_max,
                                    .handshake_ms = conf->handshake_ms};
        err = rf_link_connect(net, &link, conf->host, conf->port, &l->link, why);
    }
    if (err != RF_OK) {
        link_free(l);
        return err;
    }
    *out = l;
    return RF_OK;
}

static enum rf_err link_open(void *net, const struct rf_phone_link_conf *conf, void **out,
                             struct rf_why *why)
{
    return open_with(net, conf, RF_TLS_MODERN, out, why);
}

static enum rf_err link_open_old(void *net, const struct rf_phone_link_conf *conf, void **out,
                                 struct rf_why *why)
{
    return open_with(net, conf, RF_TLS_LEGACY, out, why);
}

static enum rf_err link_write(void *link, struct rf_slice bytes)
{
    const struct phone_link *l = link;
    return rf_link_write(l->link, bytes);
}

static void link_close(void *link, const struct rf_why *why)
{
    const struct phone_link *l = link;
    if (why != NULL)
        rf_link_close_why(l->link, why);
    else
        rf_link_close(l->link);
}

static void link_forget(void *link)
{
    struct phone_link *l = link;
    rf_link_forget(l->link);
    link_free(l);
}

const struct rf_phone_link_ops *rf_phone_link_real(void)
{
    static const struct rf_phone_link_ops ops = {
        .open = link_open, .write = link_write, .close = link_close, .forget = link_forget};
    return &ops;
}

const struct rf_phone_link_ops *rf_phone_link_old(void)
{
    static const struct rf_phone_link_ops ops = {
        .open = link_open_old, .write = link_write, .close = link_close, .forget = link_forget};
    return &ops;
}
