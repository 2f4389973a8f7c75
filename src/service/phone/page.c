/* SPDX-License-Identifier: Apache-2.0 */
#include "service/phone/page.h"

#include "base/faults.h"
#include "base/text.h"
#include "wire/httpmsg/httpmsg.h"

#include <stdio.h>
#include <string.h>

#define AGENT "ringphone"

struct rf_page {
    struct rf_page_conf conf;
    char *url;
    struct rf_httpmsg_url parts; /* borrow from url */
    char host[RF_ADDRESS_TEXT_MAX];
    char server[RF_ADDRESS_TEXT_MAX + 8];
    void *link;
    rf_timer_id timer; /* for all of it; then for the report */
    bool has_head;
    uint64_t length;
    struct rf_buf body;
    bool is_over;
    struct rf_page_result result;
};

/* ---- the end ---- */

static void report(void *owner, uint64_t number)
{
    struct rf_page *page = owner;
    struct rf_page_result result = page->result;
    (void)number;
    page->timer = 0;
    if (result.err == RF_OK)
        result.body = rf_buf_slice(&page->body);
    page->conf.on_done(page->conf.arg, &result); /* may have freed us */
}

static void finish(struct rf_page *page, enum rf_err err, const struct rf_why *why)
{
    if (page->is_over)
        return;
    page->is_over = true;
    if (page->link != NULL)
        page->conf.net->forget(page->link);
    page->link = NULL;
    page->result.err = err;
    if (why != NULL)
        page->result.why = *why;
    rf_timer_stop(page->conf.timers, &page->timer);
    page->timer = rf_timer_start(page->conf.timers, 0, report, page, 0);
}

static void refuse(struct rf_page *page, enum rf_err err, const char *code, const char *text)
{
    struct rf_why why = {0};
    (void)!rf_why_set(&why, err, code, "%s: %s", page->server, text);
    finish(page, err, &why);
}

static void on_late(void *owner, uint64_t number)
{
    struct rf_page *page = owner;
    (void)number;
    page->timer = 0;
    refuse(page, RF_ERR_AGAIN, "page-timeout", "the page did not come in time");
}

/* ---- what comes ---- */

/* False: it is over. */
static bool judge_head(struct rf_page *page, const struct rf_httpmsg_response *r)
{
    page->result.status = r->status;
    rf_escape(r->fields.type, page->result.type, sizeof page->result.type);
    if (!rf_fault_skips("page.redirect") && r->status / 100 == 3)
        refuse(page, RF_ERR_DENIED, "http-redirect",
               "the server points elsewhere, where a phone does not follow");
    else if (!rf_fault_skips("page.status") && r->status != 200)
        refuse(page, RF_ERR_IO, "http-status", "the server has no such page, or does not give it");
    else if (r->fields.has_coding || !r->fields.has_length)
        refuse(page, RF_ERR_BAD, "http-no-length", "the answer does not say its length");
    else if (!rf_fault_skips("page.too-large") && r->fields.length > RF_PAGE_BYTES_MAX)
        refuse(page, RF_ERR_LIMIT, "page-too-large", "the page is larger than a phone shows");
    else
        return true;
    return false;
}

static void take_body(struct rf_page *page, struct rf_slice data)
{
    uint64_t left = page->length - page->body.len;
    struct rf_slice part = rf_slice_part(data, 0, left < data.len ? (size_t)left : data.len);
    if (rf_buf_add_slice(&page->body, part) != RF_OK)
        refuse(page, RF_ERR_LIMIT, "page-too-large", "the page is larger than a phone shows");
    else if (page->body.len == page->length)
        finish(page, RF_OK, NULL);
}

static size_t link_data(void *arg, struct rf_slice data)
{
    struct rf_page *page = arg;
    struct rf_httpmsg_response r;
    if (page->is_over)
        return data.len;
    if (page->has_head) {
        take_body(page, data);
        return data.len;
    }
    size_t n = rf_httpmsg_head_len(data);
    if (n == 0 && data.len < RF_HTTPMSG_HEAD_MAX)
        return 0;
    if (rf_httpmsg_response_decode(rf_slice_part(data, 0, n), &r, NULL) != RF_OK) {
        refuse(page, RF_ERR_BAD, "http-bad", "what came is no answer of HTTP");
        return data.len;
    }
    if (!judge_head(page, &r))
        return data.len;
    page->has_head = true;
    page->length = r.fields.length;
    take_body(page, rf_slice_part(data, n, SIZE_MAX));
    return data.len;
}

/* ---- the link ---- */

static enum rf_err link_verify(void *arg, const struct rf_cert *server, struct rf_why *why)
{
    const struct rf_page *page = arg;
    if (server == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "server-unknown", "the server shows no certificate");
    return page->conf.judge(page->conf.arg, server, why);
}

static void link_open(void *arg, const struct rf_phone_link_info *info)
{
    struct rf_page *page = arg;
    uint8_t buf[RF_HTTPMSG_TARGET_MAX + 512];
    char host[RF_ADDRESS_TEXT_MAX + 2];
    struct rf_slice head;
    bool is_v6 = rf_slice_find(rf_slice_str(page->host), rf_slice_str(":")) != SIZE_MAX;
    (void)info;
    snprintf(host, sizeof host, is_v6 ? "[%s]" : "%s", page->host);
    struct rf_httpmsg_ask ask = {.has_target = true,
                                 .target = page->parts.target,
                                 .host = host,
                                 .port = page->parts.port,
                                 .agent = AGENT};
    enum rf_err err = rf_httpmsg_ask_encode(&ask, buf, sizeof buf, &head);
    rf_bug_on(err != RF_OK);
    if (page->conf.net->write(page->link, head) != RF_OK)
        refuse(page, RF_ERR_IO, "io", "the request could not be sent");
}

static void link_close(void *arg, const struct rf_why *why)
{
    struct rf_page *page = arg;
    page->link = NULL;
    if (strcmp(why->code, "end") == 0)
        refuse(page, RF_ERR_IO, "http-cut", "the answer ended early");
    else
        finish(page, RF_ERR_IO, why);
}

static const struct rf_phone_link_calls link_calls = {
    .verify = link_verify, .on_open = link_open, .on_data = link_data, .on_close = link_close};

/* ---- start and end ---- */

static enum rf_err take_url(struct rf_page *page, struct rf_why *why)
{
    struct rf_address address;
    enum rf_err err = rf_httpmsg_url_decode(rf_slice_str(page->url), &page->parts, why);
    if (err != RF_OK)
        return err;
    if (!rf_fault_skips("page.plain") && !page->parts.is_https)
        return rf_why_set(why, RF_ERR_DENIED, "page-plain",
                          "a service is opened by https:// and not in the clear");
    if (!rf_slice_to_str(page->parts.host, page->host, sizeof page->host) ||
        rf_address_parse(page->host, page->parts.port, &address, NULL) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "page-host",
                          "the URL names a host: this phone looks no names up, so an address has "
                          "to stand there");
    bool is_v6 = rf_slice_find(rf_slice_str(page->host), rf_slice_str(":")) != SIZE_MAX;
    snprintf(page->server, sizeof page->server, is_v6 ? "[%s]:%u" : "%s:%u", page->host,
             page->parts.port);
    return RF_OK;
}

enum rf_err rf_page_open(const struct rf_page_conf *conf, struct rf_page **out, struct rf_why *why)
{
    struct rf_page *page = rf_new(struct rf_page);
    page->conf = *conf;
    page->conf.url = NULL;
    page->url = rf_strdup(conf->url);
    page->body = RF_BUF(RF_PAGE_BYTES_MAX);
    enum rf_err err = take_url(page, why);
    if (err == RF_OK) {
        struct rf_phone_link_conf link = {.name = "service",
                                          .host = page->host,
                                          .port = page->parts.port,
                                          .has_tls = page->parts.is_https,
                                          .keylog_path = conf->keylog_path,
                                          .calls = &link_calls,
                                          .arg = page};
        err = conf->net->open(conf->net_arg, &link, &page->link, why);
    }
    if (err != RF_OK) {
        page->link = NULL;
        rf_page_free(page);
        return err;
    }
    page->timer = rf_timer_start(conf->timers, RF_PAGE_MS, on_late, page, 0);
    *out = page;
    return RF_OK;
}

const char *rf_page_server(const struct rf_page *page)
{
    return page->server;
}

void rf_page_free(struct rf_page *page)
{
    if (page == NULL)
        return;
    if (page->link != NULL)
        page->conf.net->forget(page->link);
    rf_timer_stop(page->conf.timers, &page->timer);
    rf_buf_fini(&page->body);
    rf_free(page->url);
    rf_free(page);
}
