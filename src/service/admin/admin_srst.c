/* SPDX-License-Identifier: Apache-2.0 */
/* Survivable routers of branches: which there are, with the certificate that an administrator
 * accepted, and who uses which. Phones whose configuration becomes another one start anew, since
 * they take what it says of routers at their start only. doc: docs/admin-api.md */
#include "service/admin/admin_int.h"

#include "base/faults.h"
#include "base/text.h"
#include "net/address.h"
#include "trust/srst_cert.h"

#include <stdio.h>
#include <string.h>

#define PROVIDER_PORT 2445
#define SCCP_PORT     2000

/** What a request is about. */
struct admin_srst {
    struct rf_store_srst s; /* of a new one: as the request says; of one that is there: as it is */
    bool has_host, has_sccp_port, has_provider_port;
    char fingerprint[65];
    char was[65];        /* of the certificate that is replaced; empty: none */
    const char *outcome; /* "added", "accepted", "changed", "unchanged" */
    bool is_for_phones;  /* what they are told is another */
    bool is_forced;
    enum rf_store_layer layer;
    char user[RF_STORE_CONFIG_NAME];
    char use[RF_STORE_SRST_NAME];     /* a name, "none", "inherit" */
    struct rf_store_srst_users users; /* whose configuration is another one */
};

void admin_srst_free(struct admin_srst *a)
{
    if (a != NULL)
        rf_store_srst_users_fini(&a->users);
    rf_free(a);
}

enum rf_err admin_srst_of(struct rf_store *store, const char *device, char name[RF_STORE_SRST_NAME],
                          struct rf_why *why)
{
    struct rf_store_srst s = {.name = ""};
    struct rf_why none = {0};
    enum rf_err err = rf_store_srst_use_of_device(store, device, &s, &none);
    memcpy(name, s.name, sizeof s.name);
    return err == RF_OK || err == RF_ERR_NOT_FOUND
               ? RF_OK
               : rf_why_set(why, err, none.code, "%s", none.text);
}

static void tell_users(struct admin_task *t)
{
    const struct rf_store_srst_users *users = &t->srst->users;
    char(*names)[RF_STORE_DEVICE_NAME] =
        rf_try_alloc(users->n * sizeof *names, (size_t)RF_STORE_DEVICES_MAX * sizeof *names);
    if (names == NULL)
        return;
    for (size_t i = 0; i < users->n; i++)
        memcpy(names[i], users->items[i].device, sizeof *names);
    ADMIN_OPS(t, configs_changed)
    (ADMIN_ARG(t), (const char(*)[RF_STORE_DEVICE_NAME])names, users->n, RF_ADMIN_RESET);
    rf_free(names);
}

/* ---- GET ---- */

static void set_time(struct rf_json *j, const char *key, int64_t time_s)
{
    if (time_s != 0)
        rf_json_set_int(j, key, time_s);
    else
        rf_json_set_null(j, key);
}

/* Phones that took the router while the site was secure stay there when it is not any more.
 * doc: docs/srst.md, "When the site is not secure any more" */
static uint32_t stuck_of(const struct rf_store_srst *s, bool is_nonsecure)
{
    return is_nonsecure && s->state == RF_STORE_SRST_FALLBACK ? s->phones : 0;
}

static enum rf_err srst_json(const struct rf_store_srst *s, bool is_nonsecure, struct rf_json **out,
                             struct rf_why *why)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_cert_from_der(rf_slice_of(s->cert, s->cert_len), &cert, why);
    if (err != RF_OK)
        return err;
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "name", s->name);
    rf_json_set_str(j, "host", s->host);
    rf_json_set_int(j, "sccp_port", s->sccp_port);
    rf_json_set_int(j, "provider_port", s->provider_port);
    rf_json_set_str(j, "state", rf_store_srst_state_name(s->state));
    set_time(j, "since_s", s->since_s);
    set_time(j, "seen_s", s->seen_s);
    rf_json_set_int(j, "phones", s->phones);
    rf_json_set_int(j, "stuck", stuck_of(s, is_nonsecure));
    rf_json_set_int(j, "devices", s->devices);
    rf_json_set_int(j, "serial", (int64_t)s->serial);
    rf_json_set_str(j, "subject", rf_cert_subject(cert));
    rf_json_set_str(j, "fingerprint", rf_cert_fingerprint(cert));
    rf_json_set_int(j, "not_before_s", rf_cert_not_before(cert));
    rf_json_set_int(j, "not_after_s", rf_cert_not_after(cert));
    rf_json_set_int(j, "accepted_s", s->added_s);
    *out = j;
    return RF_OK;
}

static enum rf_err list_uses(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_srst_uses uses = {0};
    enum rf_err err = rf_store_srst_use_list(store, &uses, why);
    t->lists = rf_json_arr();
    for (size_t i = 0; i < uses.n; i++) {
        const struct rf_store_srst_use *u = &uses.items[i];
        struct rf_json *j = rf_json_obj();
        rf_json_set_str(j, "layer", rf_store_layer_name(u->layer));
        rf_json_set_str(j, "name", u->name[0] != '\0' ? u->name : NULL);
        rf_json_set_str(j, "srst", u->srst[0] != '\0' ? u->srst : "none");
        rf_json_arr_add_take(t->lists, j);
    }
    rf_store_srst_uses_fini(&uses);
    return err;
}

enum rf_err admin_srsts_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    (void)req;
    (void)why;
    t->is_nonsecure = ADMIN_OPS(t, conf)(ADMIN_ARG(t))->cluster == RF_SITE_CLUSTER_NONSECURE;
    return RF_OK;
}

enum rf_err admin_srsts_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_srsts all = {0};
    enum rf_err err = rf_store_srst_list(store, &all, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < all.n && err == RF_OK; i++) {
        struct rf_json *one = NULL;
        err = srst_json(&all.items[i], t->is_nonsecure, &one, why);
        if (err == RF_OK)
            rf_json_arr_add_take(t->shown, one);
    }
    rf_store_srsts_fini(&all);
    return err == RF_OK ? list_uses(t, store, why) : err;
}

void admin_srsts_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "srst", rf_steal(&t->shown));
    rf_json_set_take(out, "uses", rf_steal(&t->lists));
}

/* ---- POST: another router, or another certificate of one ---- */

static enum rf_err read_name(const struct rf_json *body, const char *key, char *out, size_t cap,
                             struct rf_why *why)
{
    const char *name = NULL;
    enum rf_err err = rf_json_need_str(body, key, &name, why);
    if (err == RF_OK && !rf_slice_to_str(rf_slice_str(name), out, cap))
        return rf_why_set(why, RF_ERR_BAD, "value", "\"%s\": at most %zu characters", key, cap - 1);
    return err;
}

/* Phones take an address in numbers, of IPv4. */
static enum rf_err read_host(const struct rf_json *body, struct admin_srst *a, struct rf_why *why)
{
    struct rf_address address;
    uint8_t ipv4[4];
    const char *host = NULL;
    if (rf_json_get(body, "host") == NULL)
        return RF_OK;
    enum rf_err err = rf_json_need_str(body, "host", &host, why);
    if (err != RF_OK)
        return err;
    a->has_host = true;
    if (rf_address_parse(host, 1, &address, NULL) != RF_OK || !rf_address_ipv4(&address, ipv4) ||
        ipv4[0] == 0 || !rf_slice_to_str(rf_slice_str(host), a->s.host, sizeof a->s.host))
        return rf_why_set(why, RF_ERR_BAD, "srst-host",
                          "\"host\": wants an IPv4 address in numbers, as phones take it");
    return RF_OK;
}

static enum rf_err read_port(const struct rf_json *body, const char *key, int64_t max, bool *has,
                             uint16_t *out, struct rf_why *why)
{
    int64_t port = *out;
    *has = rf_json_get(body, key) != NULL;
    enum rf_err err = *has ? rf_json_need_int(body, key, 1, max, &port, why) : RF_OK;
    *out = (uint16_t)port;
    return err;
}

/* The fingerprint is what the administrator looked at: the certificate must be that one, whatever
 * happened to it on the way. */
static enum rf_err read_cert(struct admin_task *t, const struct rf_json *body, struct rf_why *why)
{
    struct admin_srst *a = t->srst;
    const char *pem = NULL, *told = NULL;
    struct rf_cert_list list = {0};
    struct rf_cert *cert = NULL;
    enum rf_err err = rf_json_need_str(body, "certificate", &pem, why);
    if (err == RF_OK)
        err = rf_json_need_str(body, "fingerprint", &told, why);
    if (err == RF_OK && !rf_fingerprint_read(told, a->fingerprint))
        err = rf_why_set(why, RF_ERR_BAD, "value",
                         "\"fingerprint\": wants 64 hexadecimal digits (SHA-256)");
    if (err == RF_OK)
        err = rf_certs_from_pem(rf_slice_str(pem), &list, why);
    if (err == RF_OK)
        err = rf_srst_cert_only(&list, &cert, why);
    if (err == RF_OK && !rf_fault_skips("admin.srst-fingerprint") &&
        strcmp(a->fingerprint, rf_cert_fingerprint(cert)) != 0)
        err = admin_refuse(t, 409, why, "srst-fingerprint",
                           "the certificate of %.60s has the fingerprint %s, not the one that was "
                           "accepted: nothing was changed",
                           rf_cert_subject(cert), rf_cert_fingerprint(cert));
    if (err == RF_OK)
        err = rf_srst_cert_check(cert, t->now_s, why);
    struct rf_slice der = err == RF_OK ? rf_cert_der(cert) : rf_slice_of(NULL, 0);
    struct rf_rd rd = rf_rd_of(der);
    if (err == RF_OK) {
        a->s.cert_len = der.len;
        rf_bug_on(!rf_rd_copy(&rd, a->s.cert, der.len));
    }
    rf_cert_list_fini(&list);
    return err;
}

enum rf_err admin_srst_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {
        "name", "host", "sccp_port", "provider_port", "certificate", "fingerprint", NULL};
    struct admin_srst *a = t->srst = rf_new(struct admin_srst);
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    a->s = (struct rf_store_srst){
        .sccp_port = SCCP_PORT, .provider_port = PROVIDER_PORT, .added_s = t->now_s};
    enum rf_err err = admin_body(req, members, &body, why);
    if (err == RF_OK)
        err = read_name(body, "name", a->s.name, sizeof a->s.name, why);
    if (err == RF_OK)
        err = read_host(body, a, why);
    if (err == RF_OK)
        err = read_port(body, "sccp_port", RF_STORE_SRST_PORT_MAX, &a->has_sccp_port,
                        &a->s.sccp_port, why);
    if (err == RF_OK)
        err = read_port(body, "provider_port", 65535, &a->has_provider_port, &a->s.provider_port,
                        why);
    return err == RF_OK ? read_cert(t, body, why) : err;
}

static bool is_same_cert(const struct rf_store_srst *a, const struct rf_store_srst *b)
{
    return rf_slice_eq(rf_slice_of(a->cert, a->cert_len), rf_slice_of(b->cert, b->cert_len));
}

/* What the request does not say stays as it was. */
static void merge(struct admin_srst *a, const struct rf_store_srst *was)
{
    struct rf_store_srst *s = &a->s;
    if (!a->has_host)
        memcpy(s->host, was->host, sizeof s->host);
    if (!a->has_sccp_port)
        s->sccp_port = was->sccp_port;
    if (!a->has_provider_port)
        s->provider_port = was->provider_port;
    bool is_known = is_same_cert(s, was);
    bool is_there = strcmp(s->host, was->host) == 0 && s->sccp_port == was->sccp_port;
    if (is_known)
        s->added_s = was->added_s;
    a->is_for_phones = !is_known || !is_there;
    a->outcome = !is_known                                             ? "accepted"
                 : !is_there || s->provider_port != was->provider_port ? "changed"
                                                                       : "unchanged";
}

static struct rf_store_event event_of(const struct admin_task *t)
{
    const struct admin_srst *a = t->srst;
    if (strcmp(a->outcome, "accepted") == 0)
        return admin_event(t, "srst", "srst-certificate-accepted",
                           "router %s: certificate %s accepted in place of %.16s", a->s.name,
                           a->fingerprint, a->was);
    if (strcmp(a->outcome, "changed") == 0)
        return admin_event(t, "srst", "srst-changed", "router %s is at %s, base port %u", a->s.name,
                           a->s.host, a->s.sccp_port);
    return admin_event(t, "srst", "srst-added", "router %s at %s added, certificate %s accepted",
                       a->s.name, a->s.host, a->fingerprint);
}

static enum rf_err find_users(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    return rf_store_srst_devices_of(store, t->srst->s.name, &t->srst->users, why);
}

enum rf_err admin_srst_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct admin_srst *a = t->srst;
    struct rf_store_srst was;
    struct rf_why none = {0};
    enum rf_err err = rf_store_srst_load(store, a->s.name, &was, &none);
    if (err == RF_OK) {
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        merge(a, &was);
        err = rf_cert_from_der(rf_slice_of(was.cert, was.cert_len), &cert, why);
        if (err == RF_OK)
            snprintf(a->was, sizeof a->was, "%s", rf_cert_fingerprint(cert));
    } else if (err == RF_ERR_NOT_FOUND) {
        a->outcome = "added";
        err = a->has_host
                  ? RF_OK
                  : rf_why_set(why, RF_ERR_BAD, "json-missing",
                               "\"host\" is missing: %s is no router that is known", a->s.name);
    } else {
        err = rf_why_set(why, err, none.code, "%s", none.text);
    }
    if (err != RF_OK || strcmp(a->outcome, "unchanged") == 0)
        return err;
    struct rf_store_event event = event_of(t);
    err = rf_store_srst_save(store, &a->s, &event, why);
    return err == RF_OK && a->is_for_phones ? find_users(t, store, why) : err;
}

void admin_srst_answer(struct admin_task *t, struct rf_json *out)
{
    const struct admin_srst *a = t->srst;
    rf_info(RF_CAT_ADMIN, "router %s name=%s host=%s fingerprint=%s uid=%u", a->outcome, a->s.name,
            a->s.host, a->fingerprint, (unsigned)t->uid);
    tell_users(t);
    t->status = strcmp(a->outcome, "added") == 0 ? 201 : 200;
    rf_json_set_str(out, "name", a->s.name);
    rf_json_set_str(out, "outcome", a->outcome);
    rf_json_set_str(out, "host", a->s.host);
    rf_json_set_int(out, "sccp_port", a->s.sccp_port);
    rf_json_set_int(out, "provider_port", a->s.provider_port);
    rf_json_set_str(out, "fingerprint", a->fingerprint);
    rf_json_set_str(out, "replaced", strcmp(a->outcome, "accepted") == 0 ? a->was : NULL);
    rf_json_set_int(out, "devices", (int64_t)a->users.n);
}

/* ---- DELETE ---- */

enum rf_err admin_unsrst_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"name", "force", NULL};
    struct admin_srst *a = t->srst = rf_new(struct admin_srst);
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    enum rf_err err = admin_body(req, members, &body, why);
    if (err == RF_OK)
        err = read_name(body, "name", a->s.name, sizeof a->s.name, why);
    if (err == RF_OK && rf_json_get(body, "force") != NULL)
        err = rf_json_need_bool(body, "force", &a->is_forced, why);
    return err;
}

enum rf_err admin_unsrst_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct admin_srst *a = t->srst;
    struct rf_store_event event =
        admin_event(t, "srst", "srst-removed", "router %s removed", a->s.name);
    enum rf_err err = find_users(t, store, why);
    return err == RF_OK ? rf_store_srst_remove(store, a->s.name, a->is_forced, &event, why) : err;
}

void admin_unsrst_answer(struct admin_task *t, struct rf_json *out)
{
    rf_info(RF_CAT_ADMIN, "router removed name=%s uid=%u", t->srst->s.name, (unsigned)t->uid);
    tell_users(t);
    rf_json_set_str(out, "removed", t->srst->s.name);
    rf_json_set_int(out, "devices", (int64_t)t->srst->users.n);
}

/* ---- PUT: who uses which ---- */

enum rf_err admin_srst_use_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"layer", "name", "srst", NULL};
    struct admin_srst *a = t->srst = rf_new(struct admin_srst);
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    const char *layer = NULL;
    enum rf_err err = admin_body(req, members, &body, why);
    if (err == RF_OK)
        err = rf_json_need_str(body, "layer", &layer, why);
    if (err == RF_OK &&
        (!rf_store_layer_parse(layer, &a->layer) || a->layer == RF_STORE_LAYER_MODEL))
        return rf_why_set(why, RF_ERR_BAD, "layer", "\"layer\": wants site, profile or device");
    if (err == RF_OK && a->layer != RF_STORE_LAYER_SITE)
        err = read_name(body, "name", a->user, sizeof a->user, why);
    else if (err == RF_OK && rf_json_str(body, "name") != NULL)
        return rf_why_set(why, RF_ERR_BAD, "layer", "\"name\": the site has none");
    return err == RF_OK ? read_name(body, "srst", a->use, sizeof a->use, why) : err;
}

/* Of two lists of all devices: those that use another one now. */
static void keep_changed(struct admin_srst *a, const struct rf_store_srst_users *before)
{
    size_t n = 0;
    for (size_t i = 0; i < a->users.n && i < before->n; i++)
        if (strcmp(a->users.items[i].srst, before->items[i].srst) != 0)
            a->users.items[n++] = a->users.items[i];
    a->users.n = n;
}

enum rf_err admin_srst_use_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct admin_srst *a = t->srst;
    struct rf_store_srst_users before = {0};
    bool is_none = strcmp(a->use, "none") == 0;
    bool is_inherited =
        strcmp(a->use, "inherit") == 0 || (is_none && a->layer == RF_STORE_LAYER_SITE);
    snprintf(t->name, sizeof t->name, "%.15s", a->layer == RF_STORE_LAYER_DEVICE ? a->user : "");
    struct rf_store_event event =
        admin_event(t, "srst", "srst-use-set", "%s%s%s: router %s", rf_store_layer_name(a->layer),
                    a->user[0] != '\0' ? " " : "", a->user, a->use);
    enum rf_err err = rf_store_srst_devices_of(store, NULL, &before, why);
    if (err == RF_OK)
        err = rf_store_srst_use_set(store, a->layer, a->user,
                                    is_inherited ? NULL
                                    : is_none    ? ""
                                                 : a->use,
                                    &event, why);
    if (err == RF_OK)
        err = rf_store_srst_devices_of(store, NULL, &a->users, why);
    if (err == RF_OK)
        keep_changed(a, &before);
    rf_store_srst_users_fini(&before);
    return err;
}

void admin_srst_use_answer(struct admin_task *t, struct rf_json *out)
{
    const struct admin_srst *a = t->srst;
    rf_info(RF_CAT_ADMIN, "router used srst=%s layer=%s name=%s uid=%u", a->use,
            rf_store_layer_name(a->layer), a->user[0] != '\0' ? a->user : "-", (unsigned)t->uid);
    tell_users(t);
    rf_json_set_str(out, "layer", rf_store_layer_name(a->layer));
    rf_json_set_str(out, "name", a->user[0] != '\0' ? a->user : NULL);
    rf_json_set_str(out, "srst", a->use);
    rf_json_set_int(out, "devices", (int64_t)a->users.n);
}

/* ---- release: phones that do not come back by themselves ---- */

enum rf_err admin_srst_release_begin(struct admin_task *t, struct rf_http_req *req,
                                     struct rf_why *why)
{
    static const char *const members[] = {"name", NULL};
    struct admin_srst *a = t->srst = rf_new(struct admin_srst);
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    enum rf_err err = admin_body(req, members, &body, why);
    if (err == RF_OK)
        err = read_name(body, "name", a->s.name, sizeof a->s.name, why);
    if (err != RF_OK)
        return err;
    err = ADMIN_OPS(t, srst_release)(ADMIN_ARG(t), a->s.name, why);
    if (err == RF_ERR_NOT_FOUND)
        t->status = 404;
    return err;
}

enum rf_err admin_srst_release_store(struct admin_task *t, struct rf_store *store,
                                     struct rf_why *why)
{
    struct rf_store_event event =
        admin_event(t, "srst", "srst-released", "the phones at router %s are told to start anew",
                    t->srst->s.name);
    return rf_store_event_add(store, &event, NULL, why);
}

void admin_srst_release_answer(struct admin_task *t, struct rf_json *out)
{
    rf_info(RF_CAT_ADMIN, "phones of a router released name=%s uid=%u", t->srst->s.name,
            (unsigned)t->uid);
    rf_json_set_str(out, "released", t->srst->s.name);
}
