/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_fetch.h"

#include "net/link.h"
#include "net/tls.h"

struct fetching {
    struct rf_cert_list *out;
    bool is_done;
    bool is_ended;
    struct rf_why why;
};

/* The administrator judges it later. */
static enum rf_err take_any(void *arg, const struct rf_tls_presented *peer,
                            enum rf_tls_alert *alert, struct rf_why *why)
{
    return RF_OK;
}

/* Not before: now it has proven that the key is its own. */
static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct fetching *f = rf_link_arg(link);
    f->is_done = peer->cert != NULL && rf_cert_list_add(f->out, peer->cert);
    for (size_t i = 0; f->is_done && peer->chain != NULL && i < peer->chain->n; i++)
        f->is_done = rf_cert_list_add(f->out, peer->chain->cert[i]);
    rf_link_abort(link, NULL);
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    return data.len;
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    struct fetching *f = rf_link_arg(link);
    f->why = *why;
    f->is_ended = true;
}

enum rf_err rf_tls_fetch(const char *host, uint16_t port, uint32_t timeout_ms,
                         struct rf_cert_list *out, struct rf_why *why)
{
    static const struct rf_link_calls calls = {
        .on_open = on_open, .on_data = on_data, .on_close = on_close};
    const struct rf_tls_conf conf = {.name = "fetch", .profile = RF_TLS_MODERN, .verify = take_any};
    struct fetching f = {.out = out};
    struct rf_tls *tls = NULL;
    struct rf_link *link = NULL;
    enum rf_err err = rf_tls_client_new(&conf, &tls, why);
    if (err != RF_OK)
        return err;
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "fetch");
    struct rf_link_conf with = {.calls = &calls, .arg = &f, .tls = tls, .handshake_ms = timeout_ms};
    err = rf_link_connect(loop, &with, host, port, &link, why);
    while (err == RF_OK && !f.is_ended)
        rf_loop_turn(loop, -1);
    rf_tls_free(tls);
    rf_loop_free(loop);
    if (err == RF_OK && !f.is_done) {
        rf_cert_list_fini(out);
        return rf_why_set(why, RF_ERR_IO, f.why.code, "%s port %u: %s", host, (unsigned)port,
                          f.why.text);
    }
    return err;
}
