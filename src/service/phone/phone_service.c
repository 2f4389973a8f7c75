/* SPDX-License-Identifier: Apache-2.0 */
/* A running phone opens a page of a service. Its server has to be an application server of the
 * lists, or one that TVS vouches for as such: then the handshake that met it is dropped, TVS is
 * asked, and with a good answer another one begins. Nothing is sent to a server before that.
 * doc: docs/ringphone.md, "Services"; docs/security-rules.md, "Certificate checks" (V7) */
#include "service/phone/phone_int.h"

#include "base/faults.h"
#include "base/text.h"
#include "service/phone/phone_link_int.h"
#include "trust/path.h"

#include <stdio.h>
#include <string.h>

#define APP_SERVER (UINT32_C(1) << RF_TRUSTLIST_ROLE_APP_SERVER)
/* Of a page's text, as much as an event shows. */
#define TEXT_MAX 1200

static enum rf_err page_begin(struct rf_phone *p, struct rf_why *why);

/* ---- what is told ---- */

/* A query may hold whatever a service wanted to know again. */
static void add_url(struct phone_values *v, const struct phone_service *s, char *buf, size_t cap)
{
    struct rf_slice url = rf_slice_str(s->url);
    size_t end = rf_slice_find(url, rf_slice_str("?"));
    rf_escape(rf_slice_part(url, 0, end), buf, cap);
    phone_add(v, "url", buf);
}

static void add_body(struct phone_values *v, const struct rf_page_result *r, char text[TEXT_MAX],
                     char hex[65])
{
    phone_add_n(v, "bytes", (int64_t)r->body.len);
    phone_sha256_text(r->body, hex);
    phone_add(v, "sha256", hex);
    if (rf_slice_starts_with(rf_slice_str(r->type), "text/"))
        phone_add(v, "text", rf_escape(r->body, text, TEXT_MAX));
}

/* Refused for what its server is, or did not come for another reason? */
static bool is_distrust(const struct rf_why *why)
{
    static const char *const codes[] = {"server-unknown", "server-role",    "cert-expired",
                                        "tvs-invalid",    "service-no-tvs", "tvs-none"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(why->code, codes[i]) == 0)
            return true;
    return false;
}

static void service_free(struct phone_service *s, const struct rf_phone_parts *parts)
{
    rf_page_free(s->page);
    parts->ask_tvs_free(s->ask);
    rf_cert_unref(s->cert);
    rf_free(s->url);
    rf_free(s);
}

/* Who hears of it may stop the phone, or open the next page. */
static void finish(struct rf_phone *p, const struct rf_page_result *r)
{
    struct phone_service *s = rf_steal(&p->service);
    struct phone_values v;
    char url[300], text[TEXT_MAX], hex[65];
    /* A question that TVS did not answer is no trust either. */
    bool is_refused = r->err != RF_OK && (s->cert != NULL || is_distrust(&r->why));
    phone_values_start(&v, RF_PHONE_SERVICE);
    add_url(&v, s, url, sizeof url);
    phone_add(&v, "server", s->server);
    phone_add(&v, "result", r->err == RF_OK ? "opened" : is_refused ? "refused" : "failed");
    phone_add(&v, "by", s->by);
    phone_add(&v, "cert", s->fingerprint[0] != '\0' ? s->fingerprint : NULL);
    if (r->status != 0) {
        phone_add_n(&v, "status", r->status);
        phone_add(&v, "type", r->type);
    }
    if (r->err == RF_OK)
        add_body(&v, r, text, hex);
    else
        phone_add_why(&v, &r->why);
    if (r->err != RF_OK)
        phone_status(p, is_refused ? "Service not trusted: %s" : "Service not opened: %s",
                     s->server);
    phone_emit(p, &v);
    service_free(s, p->conf.parts);
}

static void fail(struct rf_phone *p, enum rf_err err, const struct rf_why *why)
{
    struct rf_page_result failed = {.err = err, .why = *why};
    finish(p, &failed);
}

/* ---- the server ---- */

static enum rf_err wrong_role(const struct rf_cert *server, struct rf_why *why)
{
    return rf_why_replace(why, RF_ERR_DENIED, "server-role",
                          "%s is vouched for, but not as application server",
                          rf_cert_subject(server));
}

/* In the middle of the handshake. */
static enum rf_err judge(void *arg, const struct rf_cert *server, struct rf_why *why)
{
    struct rf_phone *p = arg;
    struct phone_service *s = p->service;
    uint32_t roles = 0;
    memcpy(s->fingerprint, rf_cert_fingerprint(server), sizeof s->fingerprint);
    enum rf_err err =
        phone_server_judge(&p->lists, server, RF_TRUSTLIST_ROLE_APP_SERVER, phone_floor_s(p), why);
    s->by = err == RF_OK ? "list" : NULL;
    if (err == RF_OK || strcmp(why->code, "cert-expired") == 0)
        return err;
    struct rf_why ended = {0};
    if (rf_cert_floor_check(server, phone_floor_s(p), &ended) != RF_OK) {
        *why = ended;
        return RF_ERR_DENIED;
    }
    bool is_kept = phone_tvs_knows(p, server, &roles);
    if (is_kept && (roles & APP_SERVER) == 0 && !rf_fault_skips("service.role"))
        return wrong_role(server, why);
    if (is_kept || (s->is_vouched && rf_cert_eq(s->cert, server)) ||
        rf_fault_skips("service.server")) {
        s->by = "tvs";
        *why = (struct rf_why){0};
        return RF_OK;
    }
    if (s->cert == NULL)
        s->cert = rf_cert_ref((struct rf_cert *)(uintptr_t)server);
    return err;
}

static void on_vouched(void *arg, const struct rf_ask_tvs_result *result)
{
    struct rf_phone *p = arg;
    struct phone_service *s = p->service;
    struct rf_ask_tvs_result r = *result;
    struct rf_why why = r.why;
    char server[RF_PHONEXML_HOST_SIZE];
    snprintf(server, sizeof server, "%s", r.server);
    p->conf.parts->ask_tvs_free(rf_steal(&s->ask));
    r.server = server;
    phone_tvs_tell(p, s->cert, &r, false);
    if (p->service != s)
        return; /* it was stopped */
    if (r.err != RF_OK) {
        fail(p, r.err, &why);
        return;
    }
    phone_tvs_keep(p, s->cert, r.roles, r.ttl_s);
    if ((r.roles & APP_SERVER) == 0 && !rf_fault_skips("service.role")) {
        (void)!wrong_role(s->cert, &why);
        fail(p, RF_ERR_DENIED, &why);
        return;
    }
    s->is_vouched = true;
    enum rf_err err = page_begin(p, &why);
    if (err != RF_OK)
        fail(p, err, &why);
}

static void on_page(void *arg, const struct rf_page_result *result)
{
    struct rf_phone *p = arg;
    struct phone_service *s = p->service;
    struct rf_why why = result->why;
    if (result->err == RF_OK || s->cert == NULL || s->is_vouched) {
        finish(p, result);
        return;
    }
    rf_page_free(rf_steal(&s->page));
    if (phone_has_tvs(p)) {
        s->ask = phone_tvs_ask(p, s->cert, on_vouched);
        return;
    }
    rf_why_replace(&why, RF_ERR_DENIED, "service-no-tvs",
                   "the lists do not know %s as application server, and there is no TVS to ask",
                   rf_cert_subject(s->cert));
    fail(p, RF_ERR_DENIED, &why);
}

/* ---- begin and end ---- */

static enum rf_err page_begin(struct rf_phone *p, struct rf_why *why)
{
    struct phone_service *s = p->service;
    struct rf_page_conf conf = {.url = s->url,
                                .keylog_path = p->conf.keylog_path,
                                .net = p->conf.net,
                                .net_arg = p->conf.net_arg,
                                .timers = p->conf.timers,
                                .judge = judge,
                                .on_done = on_page,
                                .arg = p};
    rf_page_free(rf_steal(&s->page));
    enum rf_err err = rf_page_open(&conf, &s->page, why);
    if (err == RF_OK)
        snprintf(s->server, sizeof s->server, "%s", rf_page_server(s->page));
    return err;
}

/* The URL behind a word, or what was given. */
static const char *url_of(const struct rf_phone *p, const char *what)
{
    const struct rf_phonexml *c = p->config;
    const struct {
        const char *name, *url;
    } services[] = {{"services", c->services_url},
                    {"directory", c->directory_url},
                    {"information", c->information_url},
                    {"messages", c->messages_url}};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (strcmp(services[i].name, what) == 0)
            return services[i].url;
    return what;
}

enum rf_err rf_phone_open(struct rf_phone *p, const char *what, struct rf_why *why)
{
    if (p->fsm.state != PHONE_RUN || p->config == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "not-registered",
                          "services are opened by a phone that has registered");
    if (p->service != NULL)
        return rf_why_set(why, RF_ERR_AGAIN, "service-busy", "another page is being opened");
    const char *url = url_of(p, what);
    if (url[0] == '\0')
        return rf_why_set(why, RF_ERR_NOT_FOUND, "service-none",
                          "the configuration names no service \"%s\"", what);
    p->service = rf_new(struct phone_service);
    p->service->url = rf_strdup(url);
    enum rf_err err = page_begin(p, why);
    if (err != RF_OK)
        phone_service_end(p);
    return err;
}

void phone_service_end(struct rf_phone *p)
{
    struct phone_service *s = rf_steal(&p->service);
    if (s != NULL)
        service_free(s, p->conf.parts);
}
