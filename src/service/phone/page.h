/* SPDX-License-Identifier: Apache-2.0 */
/* One page of a service, fetched by HTTPS. Whether the server is to be believed is the caller's to
 * say, in the middle of the handshake: nothing was sent by then. Of the URL only address, port,
 * path and query count: no name in it makes a server acceptable, and no certificate of ours is
 * shown.
 *
 *     struct rf_page_conf conf = {.url = "https://192.0.2.1:8443/menu.xml", .judge = judge, ...};
 *     if (rf_page_open(&conf, &page, &why) != RF_OK) ...
 *     conf.on_done then comes once; free the page in it or later
 *
 * Thread: that of the loop that runs `timers`.
 * doc: docs/ringphone.md, "Services" */
#ifndef SERVICE_PHONE_PAGE_H
#define SERVICE_PHONE_PAGE_H

#include "base/mem.h"
#include "base/timer.h"
#include "service/phone/phone_link.h"

/** Longest page, and how long all of it may take. */
#define RF_PAGE_BYTES_MAX ((size_t)64 * 1024)
#define RF_PAGE_MS        30000u

struct rf_page_result {
    enum rf_err err;
    struct rf_why why;    /* unless RF_OK */
    unsigned status;      /* of the answer; 0: none came */
    char type[64];        /* its Content-Type, or "" */
    struct rf_slice body; /* RF_OK; borrowed */
};

struct rf_page_conf {
    const char *url;
    const char *keylog_path;
    const struct rf_phone_link_ops *net;
    void *net_arg;
    struct rf_timers *timers;
    /** May this server be talked to? Never with NULL. */
    enum rf_err (*judge)(void *arg, const struct rf_cert *server, struct rf_why *why);
    /** Once, never from inside rf_page_open. rf_page_free is allowed. */
    void (*on_done)(void *arg, const struct rf_page_result *result);
    void *arg;
};

struct rf_page;

/**
 * Check the URL and begin.
 *
 * Returns RF_OK; codes of rf_httpmsg_url_decode; RF_ERR_DENIED page-plain (http:// is not opened);
 * RF_ERR_BAD page-host (a name: this phone looks none up); and what net->open gives.
 *
 * The codes of a result that is not RF_OK: those of the link, of `judge`, and
 *     server-unknown      the server shows no certificate
 *     page-timeout        it took longer than RF_PAGE_MS
 *     http-bad            what came is no answer of HTTP
 *     http-status         another status than 200
 *     http-redirect       the server points elsewhere
 *     http-no-length      the answer does not say its length
 *     page-too-large      more than RF_PAGE_BYTES_MAX
 *     http-cut            the answer ended early
 */
RF_MUST_CHECK enum rf_err rf_page_open(const struct rf_page_conf *conf, struct rf_page **out,
                                       struct rf_why *why);
/** "192.0.2.1:8443", "[2001:db8::1]:443": where it goes. Borrowed. */
const char *rf_page_server(const struct rf_page *page);
/** No on_done any more. NULL is fine. */
void rf_page_free(struct rf_page *page);

#endif
