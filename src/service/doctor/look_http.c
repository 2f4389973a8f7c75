/* SPDX-License-Identifier: Apache-2.0 */
/* One question by HTTP or HTTPS, and waiting for the answer. HEAD tells what there is without
 * fetching it; GET is for a server that answers by HTTP alone. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"
#include "net/link.h"
#include "trust/path.h"
#include "wire/httpmsg/httpmsg.h"

#include <string.h>

#define HANDSHAKE_MS 5000u
#define SILENCE_MS   5000u

struct question {
    struct doctor_walk *walk;
    const struct doctor_http_ask *ask;
    struct doctor_http *answer;
    size_t max;
    bool has_head;
    bool is_done;
};

/* The server's certificate is kept for the judge, whatever becomes of the handshake. */
static enum rf_err judge_server(void *arg, const struct rf_tls_presented *peer,
                                enum rf_tls_alert *alert, struct rf_why *why)
{
    struct question *q = arg;
    rf_cert_unref(q->answer->server);
    q->answer->server = rf_cert_ref(peer->leaf);
    enum rf_err err =
        rf_lists_find_server(&q->walk->lists, peer->leaf, RF_TRUSTLIST_ROLE_TFTP, why);
    if (err == RF_OK)
        err = rf_cert_floor_check(peer->leaf, doctor_now_s(q->walk), why);
    if (err == RF_OK && rf_cert_key_type(peer->leaf) != RF_KEY_EC)
        err = rf_why_set(why, RF_ERR_DENIED, "server-key-type", "%s (%s) has no EC key",
                         rf_cert_subject(peer->leaf), rf_cert_short(peer->leaf));
    if (err != RF_OK)
        *alert = RF_TLS_ALERT_UNKNOWN_CA;
    return err;
}

static void ask(struct question *q, struct rf_link *link, const struct rf_peer *peer)
{
    uint8_t buf[4 * DOCTOR_NAME_MAX + 256];
    struct rf_slice head;
    struct rf_httpmsg_ask message = {.is_head = q->ask->is_head,
                                     .name = rf_slice_str(q->ask->name),
                                     .host = peer->host,
                                     .port = q->ask->port};
    if (rf_httpmsg_ask_encode(&message, buf, sizeof buf, &head) != RF_OK ||
        rf_link_write(link, head) != RF_OK)
        rf_link_abort(link, NULL);
}

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct question *q = rf_link_arg(link);
    q->answer->is_open = true;
    ask(q, link, peer);
}

static size_t take_body(struct question *q, struct rf_link *link, struct rf_slice data)
{
    struct doctor_http *a = q->answer;
    if (!q->ask->is_head && rf_buf_add_slice(&a->body, data) != RF_OK) {
        (void)rf_why_set(&a->why, RF_ERR_LIMIT, "too-long", "more than %zu bytes", q->max);
        rf_link_abort(link, NULL);
    } else if (q->ask->is_head || a->body.len >= a->length) {
        a->is_whole = true;
        rf_link_abort(link, NULL);
    }
    return data.len;
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    struct question *q = rf_link_arg(link);
    struct doctor_http *a = q->answer;
    struct rf_httpmsg_response r;
    if (a->is_whole)
        return data.len;
    if (q->has_head)
        return take_body(q, link, data);
    size_t n = rf_httpmsg_head_len(data);
    if (n == 0 && data.len < RF_HTTPMSG_HEAD_MAX)
        return 0;
    if (rf_httpmsg_response_decode(rf_slice_part(data, 0, n), &r, &a->why) != RF_OK) {
        rf_link_abort(link, NULL);
        return data.len;
    }
    q->has_head = true;
    a->status = r.status;
    a->has_length = r.fields.has_length && !r.fields.has_coding;
    a->length = r.fields.length;
    a->is_page = rf_slice_starts_with(r.fields.type, "text/html");
    if (a->status != 200 || a->is_page || !a->has_length) {
        a->is_whole = true;
        rf_link_abort(link, NULL);
        return data.len;
    }
    a->body = RF_BUF(q->max);
    (void)take_body(q, link, rf_slice_part(data, n, SIZE_MAX));
    return data.len;
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    struct question *q = rf_link_arg(link);
    if (!q->answer->is_whole && q->answer->why.code[0] == '\0')
        q->answer->why = *why;
    q->is_done = true;
}

static enum rf_err make_tls(struct question *q, struct rf_tls **out, struct rf_why *why)
{
    const struct rf_doctor_patient *p = q->walk->conf->patient;
    const struct rf_phone_id *own = p->lsc.cert != NULL ? &p->lsc : &p->mic;
    struct rf_tls_conf conf = {
        .name = "doctor", .profile = RF_TLS_MODERN, .verify = judge_server, .verify_arg = q};
    if (own->cert != NULL && own->key != NULL) {
        conf.cert = own->cert;
        conf.key = own->key;
        conf.chain = &own->chain;
    }
    return rf_tls_client_new(&conf, out, why);
}

void doctor_http_ask(struct doctor_walk *w, const struct doctor_http_ask *ask, size_t max,
                     struct doctor_http *out)
{
    static const struct rf_link_calls calls = {
        .on_open = on_open, .on_data = on_data, .on_close = on_close};
    struct question q = {.walk = w, .ask = ask, .answer = out, .max = max};
    struct rf_tls *tls = NULL;
    struct rf_link *link = NULL;
    *out = (struct doctor_http){0};
    enum rf_err err = ask->has_tls ? make_tls(&q, &tls, &out->why) : RF_OK;
    struct rf_link_conf conf = {.calls = &calls,
                                .arg = &q,
                                .tls = tls,
                                .handshake_ms = HANDSHAKE_MS,
                                .idle_ms = SILENCE_MS};
    if (err == RF_OK)
        err = rf_link_connect(w->conf->loop, &conf, w->conf->host, ask->port, &link, &out->why);
    while (err == RF_OK && !q.is_done)
        rf_loop_turn(w->conf->loop, -1);
    rf_tls_free(tls);
}

void doctor_http_fini(struct doctor_http *answer)
{
    rf_cert_unref(answer->server);
    rf_buf_wipe(&answer->body);
}
