/* SPDX-License-Identifier: Apache-2.0 */
/* One file by HTTP or HTTPS. What is no plain answer to the question (another status, a redirect, a
 * page in place of a file, a body without a length) is refused, and the next way is tried.
 * doc: docs/wire/http-files.md, "What ringphone does" */
#include "service/phone/fetch_int.h"

#include "base/faults.h"
#include "base/text.h"
#include "service/phone/phone_link_int.h"
#include "wire/httpmsg/httpmsg.h"
#include "wire/trustlist/trustlist.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AGENT "ringphone"

/* ---- whom HTTPS is asked of ---- */

/* Of the phone's own configuration only, from a list that says there is such a server.
 * doc: docs/wire/trust-lists.md, "The file" */
bool fetch_wants_https(const struct rf_fetcher *fetcher, const char *name)
{
    const struct rf_lists *lists = &fetcher->lists;
    struct rf_slice s = rf_slice_str(name);
    bool is_11 = (lists->itl != NULL && rf_list_is_11(lists->itl)) ||
                 (lists->ctl != NULL && rf_list_is_11(lists->ctl));
    bool is_config =
        rf_slice_starts_with(s, "SEP") && rf_slice_find(s, rf_slice_str(".cnf.xml")) != SIZE_MAX;
    if (fetcher->conf.https_port == 0 || !fetcher->ways.https || !is_11 || !is_config)
        return false;
    for (size_t i = 0;; i++) {
        const struct rf_cert *cert = rf_lists_nth(lists, RF_TRUSTLIST_ROLE_TFTP, i);
        if (cert == NULL || rf_cert_key_type(cert) == RF_KEY_EC)
            return cert != NULL;
    }
}

/* V7: a file server of the phone's lists, with an EC key, and nobody else. */
static enum rf_err judge_server(void *arg, const struct rf_tls_presented *peer,
                                enum rf_tls_alert *alert, struct rf_why *why)
{
    const struct rf_fetcher *fetcher = arg;
    enum rf_err err = RF_OK;
    if (!rf_fault_skips("fetch.server"))
        err = phone_server_judge(&fetcher->lists, peer->leaf, RF_TRUSTLIST_ROLE_TFTP,
                                 fetcher->floor_s, why);
    if (err == RF_OK && !rf_fault_skips("fetch.server-key") &&
        rf_cert_key_type(peer->leaf) != RF_KEY_EC)
        err = rf_why_set(why, RF_ERR_DENIED, "server-key-type",
                         "%s has no EC key: a file server by HTTPS has one",
                         rf_cert_short(peer->leaf));
    if (err != RF_OK)
        *alert = RF_TLS_ALERT_UNKNOWN_CA;
    return err;
}

static enum rf_err make_tls(struct rf_fetcher *fetcher, struct rf_why *why)
{
    if (fetcher->tls != NULL)
        return RF_OK;
    struct rf_tls_conf conf = {.name = "files",
                               .profile = RF_TLS_MODERN,
                               .verify = judge_server,
                               .verify_arg = fetcher,
                               .keylog_path = fetcher->conf.keylog_path};
    if (fetcher->id.cert != NULL) {
        conf.cert = fetcher->id.cert;
        conf.key = fetcher->id.key;
        conf.chain = &fetcher->id.chain;
    }
    return rf_tls_client_new(&conf, &fetcher->tls, why);
}

/* ---- the end of it ---- */

void fetch_http_stop(struct fetch *f)
{
    rf_timer_stop(rf_loop_timers(f->fetcher->loop), &f->timer);
    rf_link_forget(f->link);
    f->link = NULL;
    rf_buf_fini(&f->body);
}

static void ended(struct fetch *f, enum rf_fetch_result result, const struct rf_why *why)
{
    struct rf_buf file = {0};
    if (result == RF_FETCH_OK) {
        file = f->body;
        f->body = (struct rf_buf){0};
    }
    fetch_http_stop(f);
    fetch_way_ended(f, result, &file, why);
}

static RF_PRINTF(4, 5) void refuse(struct fetch *f, enum rf_fetch_result result, const char *code,
                                   const char *fmt, ...)
{
    struct rf_why why = {0};
    char text[RF_WHY_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    (void)rf_why_set(&why, RF_ERR_IO, code, "%s: %s", f->name, text);
    ended(f, result, &why);
}

/* ---- what comes ---- */

static bool is_page(struct rf_slice type)
{
    char text[32];
    rf_slice_to_str(rf_slice_part(type, 0, sizeof "text/html" - 1), text, sizeof text);
    return strcmp(text, "text/html") == 0;
}

/* False: it is over. */
static bool judge_head(struct fetch *f, const struct rf_httpmsg_response *r)
{
    if (r->status == 404)
        refuse(f, RF_FETCH_NOT_FOUND, "file-not-found", "the server says status 404");
    else if (r->status == 503)
        refuse(f, RF_FETCH_ERROR, "http-busy", "the server is busy (status 503)");
    else if (!rf_fault_skips("fetch.redirect") && r->status / 100 == 3)
        refuse(f, RF_FETCH_ERROR, "http-redirect",
               "the server points elsewhere (status %u), where a phone does not follow", r->status);
    else if (!rf_fault_skips("fetch.status") && r->status != 200)
        refuse(f, RF_FETCH_ERROR, "http-status", "the server says status %u", r->status);
    else if (!rf_fault_skips("fetch.page") && is_page(r->fields.type))
        refuse(f, RF_FETCH_ERROR, "http-page",
               "a page came in place of the file: the server should answer 404");
    else if (r->fields.has_coding || !r->fields.has_length)
        refuse(f, RF_FETCH_ERROR, "http-no-length", "the answer does not say its length");
    else if (!rf_fault_skips("fetch.too-long") && r->fields.length > f->max)
        refuse(f, RF_FETCH_TOO_LONG, "file-too-large", "%llu bytes, more than %zu",
               (unsigned long long)r->fields.length, f->max);
    else
        return true;
    return false;
}

static size_t take_body(struct fetch *f, struct rf_slice data)
{
    uint64_t left = f->length - f->body.len;
    struct rf_slice part = rf_slice_part(data, 0, left < data.len ? (size_t)left : data.len);
    struct rf_why none = {0};
    size_t all = data.len;
    if (rf_buf_add_slice(&f->body, part) != RF_OK)
        refuse(f, RF_FETCH_ERROR, "no-memory", "no memory for %llu bytes",
               (unsigned long long)f->length);
    else if (f->body.len == f->length)
        ended(f, RF_FETCH_OK, &none);
    return all;
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    struct fetch *f = rf_link_owner(link);
    struct rf_httpmsg_response r;
    struct rf_why why = {0};
    if (f == NULL)
        return data.len;
    if (rf_now_ms(rf_loop_clock(f->fetcher->loop)) >= f->end_ms) {
        refuse(f, RF_FETCH_TIMEOUT, "http-timeout", "the server is too slow");
        return data.len;
    }
    if (f->has_head)
        return take_body(f, data);
    size_t n = rf_httpmsg_head_len(data);
    if (n == 0 && data.len < RF_HTTPMSG_HEAD_MAX)
        return 0;
    if (rf_httpmsg_response_decode(rf_slice_part(data, 0, n), &r, &why) != RF_OK) {
        refuse(f, RF_FETCH_ERROR, "http-bad", "what came is no answer of HTTP: %s", why.text);
        return data.len;
    }
    if (!judge_head(f, &r))
        return data.len;
    f->has_head = true;
    f->length = r.fields.length;
    f->body = RF_BUF(f->max);
    return n + take_body(f, rf_slice_part(data, n, SIZE_MAX));
}

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct fetch *f = rf_link_owner(link);
    uint8_t buf[4 * RF_FETCH_NAME_MAX + 256];
    struct rf_slice head;
    struct rf_httpmsg_ask ask = {.name = rf_slice_str(f->name),
                                 .host = peer->host,
                                 .port = rf_address_port(&peer->address),
                                 .agent = AGENT};
    enum rf_err err = rf_httpmsg_ask_encode(&ask, buf, sizeof buf, &head);
    rf_bug_on(err != RF_OK);
    if (rf_link_write(link, head) != RF_OK)
        refuse(f, RF_FETCH_ERROR, "http-write", "the request could not be sent");
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    struct fetch *f = rf_link_owner(link);
    struct rf_why told = {0};
    bool is_slow =
        strcmp(why->code, "idle-timeout") == 0 || strcmp(why->code, "handshake-timeout") == 0;
    if (f == NULL)
        return;
    f->link = NULL; /* it goes by itself */
    if (strcmp(why->code, "end") == 0)
        (void)rf_why_set(&told, RF_ERR_IO, "http-cut", "%s: the answer ended early", f->name);
    else
        (void)rf_why_set(&told, RF_ERR_IO, why->code, "%s: %s", f->name, why->text);
    ended(f, is_slow ? RF_FETCH_TIMEOUT : RF_FETCH_ERROR, &told);
}

enum rf_err fetch_http_start(struct fetch *f, bool is_https, struct rf_why *why)
{
    static const struct rf_link_calls calls = {
        .on_open = on_open, .on_data = on_data, .on_close = on_close};
    struct rf_fetcher *fetcher = f->fetcher;
    uint32_t total_ms = fetcher->conf.limits.total_ms;
    enum rf_err err = is_https ? make_tls(fetcher, why) : RF_OK;
    if (err != RF_OK)
        return err;
    struct rf_link_conf link = {.calls = &calls,
                                .tls = is_https ? fetcher->tls : NULL,
                                .handshake_ms = fetcher->conf.http_ms,
                                .idle_ms = fetcher->conf.http_ms,
                                .local = fetcher->local[0] != '\0' ? fetcher->local : NULL};
    f->has_head = false;
    f->end_ms =
        rf_now_ms(rf_loop_clock(fetcher->loop)) + (total_ms != 0 ? total_ms : RF_FETCH_TOTAL_MS);
    err = rf_link_connect(fetcher->loop, &link, f->host,
                          is_https ? fetcher->conf.https_port : fetcher->conf.http_port, &f->link,
                          why);
    if (err == RF_OK)
        rf_link_set_owner(f->link, f);
    return err;
}
