/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown: status, metrics, events, calls; and the reload, whose answer is a list. */
#include "service/admin/admin_int.h"

#include "base/file.h"
#include "base/metrics.h"
#include "base/text.h"
#include "trust/lists.h"

#include <string.h>
#include <unistd.h>

#define METRICS_MAX ((size_t)64 * 1024)

/* ---- status ---- */

static void set_weak(void *arg, const char *name, const char *value)
{
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "option", name);
    rf_json_set_str(one, "value", value);
    rf_json_arr_add_take(arg, one);
}

enum rf_err admin_status_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    ADMIN_OPS(t, status)(ADMIN_ARG(t), &t->self);
    return RF_OK;
}

static const struct {
    const char *role;
    enum rf_site_item item;
} certs[] = {
    {"CCM", RF_SITE_CERT_CCM},      {"TFTP", RF_SITE_CERT_TFTP},
    {"CAPF", RF_SITE_CERT_CAPF},    {"LSC-issuer", RF_SITE_CERT_LSC_ISSUER},
    {"SAST-1", RF_SITE_CERT_SAST1}, {"SAST-2", RF_SITE_CERT_SAST2},
    {"HTTPS", RF_SITE_CERT_HTTPS},  {"TVS", RF_SITE_CERT_TVS},
};

static void add_cert(struct rf_json *arr, const char *role, const char *path)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    if (rf_cert_from_pem_file(path, &cert, NULL) != RF_OK)
        return; /* the start would have told; one that was taken away is not shown */
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "role", role);
    rf_json_set_str(one, "subject", rf_cert_subject(cert));
    rf_json_set_str(one, "fingerprint", rf_cert_fingerprint(cert));
    rf_json_set_int(one, "not_after_s", rf_cert_not_after(cert));
    rf_json_arr_add_take(arr, one);
}

static void add_list(struct rf_json *arr, enum rf_list_kind kind, const char *path)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    struct rf_why why = {0};
    if (!rf_file_exists(path))
        return;
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "kind", rf_list_kind_name(kind));
    enum rf_err err = rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, &why);
    if (err == RF_OK)
        err = rf_list_open(rf_buf_slice(&bytes), &list, &why);
    if (err == RF_OK) {
        rf_json_set_str(one, "fingerprint", rf_list_fingerprint(list));
        rf_json_set_int(one, "signed_s", rf_list_content(list)->header.timestamp);
        rf_json_set_int(one, "records", (int64_t)rf_list_n(list));
    } else {
        rf_json_set_str(one, "error", rf_why_text(&why));
    }
    rf_json_arr_add_take(arr, one);
}

/* `ringfence list` may replace the files while we run, so they are read when somebody asks. */
enum rf_err admin_status_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    const struct rf_site *site = &t->admin->site;
    t->shown = rf_json_arr();
    t->lists = rf_json_arr();
    t->sast2_key = rf_site_sast2_key(site->dir);
    for (size_t i = 0; i < sizeof certs / sizeof *certs; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path(site, certs[i].item);
        add_cert(t->shown, certs[i].role, path);
    }
    RF_AUTO(rf_freep) char *ctl = rf_site_path(site, RF_SITE_CTL);
    RF_AUTO(rf_freep) char *itl = rf_site_path(site, RF_SITE_ITL);
    add_list(t->lists, RF_LIST_CTL, ctl);
    add_list(t->lists, RF_LIST_ITL, itl);
    enum rf_err err = admin_campaigns_look(t, store, why);
    return err == RF_OK ? admin_ending_look(t, store, why) : err;
}

enum rf_err admin_status_calls(struct admin_task *t, struct rf_why *why)
{
    ADMIN_OPS(t, counts)(ADMIN_ARG(t), &t->counts);
    return RF_OK;
}

static struct rf_json *ports_json(const struct rf_admin_status *s)
{
    struct rf_json *ports = rf_json_obj();
    rf_json_set_int(ports, "sccp_base", s->sccp_base);
    rf_json_set_int(ports, "sccp_tls", s->sccp_tls);
    if (s->provider != 0) {
        rf_json_set_int(ports, "provider", s->provider);
        return ports;
    }
    rf_json_set_int(ports, "capf", s->capf);
    rf_json_set_int(ports, "tftp", s->tftp);
    if (s->http != 0)
        rf_json_set_int(ports, "http", s->http);
    if (s->https != 0)
        rf_json_set_int(ports, "https", s->https);
    if (s->tvs != 0)
        rf_json_set_int(ports, "tvs", s->tvs);
    if (s->branch_port != 0)
        rf_json_set_int(ports, "branch", s->branch_port);
    return ports;
}

static struct rf_json *waiting_json(const struct rf_admin_status *s)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < s->capf_waiting_n && i < RF_ADMIN_WAITING_SHOWN; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "address", s->capf_waiting[i].host);
        rf_json_set_int(one, "wrong_strings", s->capf_waiting[i].wrong);
        rf_json_set_int(one, "wait_s", s->capf_waiting[i].wait_s);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

static struct rf_json *listeners_json(const struct rf_admin_status *s)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < s->n_listeners; i++) {
        const struct rf_admin_listener *l = &s->listeners[i];
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "name", l->name);
        rf_json_set_str(one, "tls", l->tls);
        rf_json_set_int(one, "port", l->port);
        rf_json_set_int(one, "links", l->links);
        rf_json_set_int(one, "storm_refused", (int64_t)l->storm_refused);
        rf_json_set_int(one, "network_refused", (int64_t)l->network_refused);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

static void set_busy(struct rf_json *out, const struct rf_admin_status *s)
{
    rf_json_set_int(out, "capf_sessions", s->capf_sessions);
    rf_json_set_take(out, "capf_waiting", waiting_json(s));
    rf_json_set_int(out, "capf_waiting_n", (int64_t)s->capf_waiting_n);
    rf_json_set_int(out, "tftp_transfers", s->tftp_transfers);
    rf_json_set_int(out, "http_connections", s->http_connections);
}

static void set_counts(struct rf_json *out, const struct admin_task *t)
{
    const struct rf_admin_counts *c = &t->counts;
    rf_json_set_int(out, "devices", c->devices);
    rf_json_set_int(out, "registered", c->registered);
    rf_json_set_int(out, "links", c->links);
    rf_json_set_int(out, "calls", c->calls);
    if (!t->admin->conf.is_router)
        set_busy(out, &t->self);
    struct rf_json *messages = rf_json_obj();
    rf_json_set_int(messages, "in", (int64_t)c->in);
    rf_json_set_int(messages, "out", (int64_t)c->out);
    rf_json_set_int(messages, "dropped", (int64_t)c->dropped);
    rf_json_set_take(out, "messages", messages);
    struct rf_json *returns = rf_json_obj();
    rf_json_set_int(returns, "granted", (int64_t)c->tokens);
    rf_json_set_int(returns, "put_off", (int64_t)c->put_off);
    rf_json_set_take(out, "returns", returns);
}

/* What a router has of its centre. */
static struct rf_json *branch_json(const struct rf_admin_branch *b, const struct rf_site_conf *conf)
{
    struct rf_json *j = rf_json_obj();
    struct rf_json *snapshot = rf_json_obj();
    rf_json_set_str(j, "branch", conf->name);
    rf_json_set_str(j, "centre", conf->centre[0] != '\0' ? conf->centre : NULL);
    rf_json_set_int(snapshot, "serial", (int64_t)b->serial);
    rf_json_set_int(snapshot, "made_s", b->made_s);
    rf_json_set_str(snapshot, "site", b->site);
    rf_json_set_int(snapshot, "devices", (int64_t)b->devices);
    if (b->serial != 0) {
        rf_json_set_take(j, "snapshot", snapshot);
    } else {
        rf_json_free(snapshot);
        rf_json_set_null(j, "snapshot");
    }
    rf_json_set_str(j, "code", b->code[0] != '\0' ? b->code : NULL);
    rf_json_set_str(j, "text", b->text[0] != '\0' ? b->text : NULL);
    return j;
}

/* What a call manager has, and a router has not. */
static void set_call_manager(struct rf_json *out, struct admin_task *t)
{
    struct rf_json *revocation = rf_json_obj();
    if (t->self.signer_pid > 0)
        rf_json_set_int(out, "signer_pid", t->self.signer_pid);
    else
        rf_json_set_null(out, "signer_pid");
    admin_revocation_answer(t, revocation);
    rf_json_set_take(out, "revocation", revocation);
    rf_json_set_str(out, "sast2_key", t->sast2_key);
}

void admin_status_answer(struct admin_task *t, struct rf_json *out)
{
    const struct rf_admin_status *s = &t->self;
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    struct rf_json *weak = rf_json_arr();
    rf_site_conf_weak(conf, set_weak, weak);
    rf_json_set_str(out, "version", s->version);
    rf_json_set_str(out, "site", conf->name);
    rf_json_set_int(out, "started_s", s->started_s);
    rf_json_set_int(out, "pid", getpid());
    rf_json_set_str(out, "role", t->admin->conf.is_router ? "srst" : "call-manager");
    if (t->admin->conf.is_router)
        rf_json_set_take(out, "srst", branch_json(&s->branch, conf));
    else
        set_call_manager(out, t);
    rf_json_set_take(out, "ports", ports_json(s));
    rf_json_set_take(out, "listeners", listeners_json(s));
    rf_json_set_take(out, "weak", weak);
    rf_json_set_bool(out, "keylog", conf->keylog[0] != '\0');
    set_counts(out, t);
    rf_json_set_take(out, "certificates", rf_steal(&t->shown));
    rf_json_set_take(out, "lists", rf_steal(&t->lists));
    rf_json_set_take(out, "ending", rf_steal(&t->ending));
    rf_json_set_int(out, "ending_within_180_days", (int64_t)t->n_ending);
    rf_json_set_take(out, "campaigns", rf_steal(&t->campaigns));
    rf_json_set_int(out, "schema", s->schema);
}

void admin_metrics(struct rf_http_req *req)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(METRICS_MAX);
    enum rf_err err = RF_OK;
    for (int i = 0; i < RF_METRIC_N && err == RF_OK; i++) {
        const char *name = rf_metric_name((enum rf_metric)i);
        err = rf_buf_addf(&text, "# HELP %s %s\n# TYPE %s counter\n%s %llu\n", name,
                          rf_metric_help((enum rf_metric)i), name, name,
                          (unsigned long long)rf_metric_get((enum rf_metric)i));
    }
    rf_bug_on(err != RF_OK);
    rf_http_reply(req, 200, "text/plain; version=0.0.4", rf_buf_slice(&text));
}

/* ---- events ---- */

static enum rf_err read_number(const struct rf_http_req *req, const char *name, uint64_t max,
                               uint64_t *out, struct rf_why *why)
{
    const char *text = rf_http_query(req, name);
    *out = 0;
    if (text == NULL || rf_parse_u64(rf_slice_str(text), 0, max, out))
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "query", "%s: wants a number of at most %llu", name,
                      (unsigned long long)max);
}

enum rf_err admin_query(struct admin_task *t, struct rf_http_req *req, uint64_t max,
                        struct rf_why *why)
{
    uint64_t after;
    uint64_t since;
    uint64_t limit;
    enum rf_err err = read_number(req, "after", INT64_MAX, &after, why);
    if (err == RF_OK)
        err = read_number(req, "since", INT64_MAX, &since, why);
    if (err == RF_OK)
        err = read_number(req, "limit", max, &limit, why);
    if (err != RF_OK)
        return err;
    const char *device = rf_http_query(req, "device");
    if (device != NULL && !rf_slice_to_str(rf_slice_str(device), t->name, sizeof t->name))
        return rf_why_set(why, RF_ERR_BAD, "query", "device: no device has so long a name");
    t->query = (struct rf_store_event_query){.has_after = rf_http_query(req, "after") != NULL,
                                             .after_id = (int64_t)after,
                                             .since_s = (int64_t)since,
                                             .device = device != NULL ? t->name : NULL,
                                             .limit = (size_t)limit};
    return RF_OK;
}

enum rf_err admin_events_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    return admin_query(t, req, RF_STORE_EVENTS_MAX, why);
}

static struct rf_json *event_json(const struct rf_store_event *e)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "id", e->id);
    rf_json_set_int(j, "time_s", e->time_s);
    if (e->uid >= 0)
        rf_json_set_int(j, "uid", e->uid);
    else
        rf_json_set_null(j, "uid");
    rf_json_set_str(j, "severity", rf_store_severity_name(e->severity));
    rf_json_set_str(j, "category", e->category);
    rf_json_set_str(j, "code", e->code);
    rf_json_set_str(j, "device", e->device[0] != '\0' ? e->device : NULL);
    if (e->call != 0)
        rf_json_set_int(j, "call", e->call);
    else
        rf_json_set_null(j, "call");
    rf_json_set_str(j, "text", e->text);
    return j;
}

enum rf_err admin_events_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_events events = {0};
    enum rf_err err = rf_store_event_list(store, &t->query, &events, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < events.n && err == RF_OK; i++)
        rf_json_arr_add_take(t->shown, event_json(&events.items[i]));
    rf_store_events_fini(&events);
    return err;
}

void admin_events_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "events", rf_steal(&t->shown));
}

/* ---- calls ---- */

enum rf_err admin_calls_calls(struct admin_task *t, struct rf_why *why)
{
    uint32_t at = 0;
    t->calls = rf_new_n(struct rf_admin_call, ADMIN_CALLS_MAX);
    while (t->n_calls < ADMIN_CALLS_MAX &&
           ADMIN_OPS(t, call_next)(ADMIN_ARG(t), &at, &t->calls[t->n_calls]))
        t->n_calls++;
    return RF_OK;
}

static void set_or_null(struct rf_json *j, const char *key, const char *text)
{
    rf_json_set_str(j, key, text[0] != '\0' ? text : NULL);
}

void admin_calls_answer(struct admin_task *t, struct rf_json *out)
{
    struct rf_json *calls = rf_json_arr();
    for (size_t i = 0; i < t->n_calls; i++) {
        const struct rf_admin_call *c = &t->calls[i];
        struct rf_json *one = rf_json_obj();
        rf_json_set_int(one, "id", c->id);
        rf_json_set_str(one, "state", c->state);
        rf_json_set_str(one, "calling_device", c->calling_device);
        set_or_null(one, "called_device", c->called_device);
        rf_json_set_str(one, "calling", c->calling);
        set_or_null(one, "called", c->called);
        rf_json_set_str(one, "security", c->security);
        rf_json_set_int(one, "start_s", c->start_s);
        rf_json_arr_add_take(calls, one);
    }
    rf_json_set_take(out, "calls", calls);
}

/* ---- reload ---- */

static void note_option(void *arg, const char *option, bool is_applied)
{
    struct admin_task *t = arg;
    rf_json_arr_add_str(is_applied ? t->shown : t->lists, option);
}

static const char *const no_members[] = {NULL};

enum rf_err admin_reload_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    if (rf_http_body(req).len > 0) {
        enum rf_err err = admin_body(req, no_members, &body, why);
        if (err != RF_OK)
            return err;
    }
    t->shown = rf_json_arr();
    t->lists = rf_json_arr();
    enum rf_err err = ADMIN_OPS(t, reload)(ADMIN_ARG(t), note_option, t, why);
    struct rf_store_event event =
        err == RF_OK
            ? admin_event(t, "main", "reload",
                          "configuration read again: %zu options applied, "
                          "%zu want a restart",
                          rf_json_len(t->shown), rf_json_len(t->lists))
            : admin_event(t, "main", why->code, "configuration not applied: %s", why->text);
    event.severity = err == RF_OK ? RF_STORE_INFO : RF_STORE_WARN;
    ADMIN_OPS(t, event)(ADMIN_ARG(t), &event);
    return err;
}

void admin_reload_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "applied", rf_steal(&t->shown));
    rf_json_set_take(out, "needs_restart", rf_steal(&t->lists));
}
