/* SPDX-License-Identifier: Apache-2.0 */
/* A campaign is started: who is meant, what they are to do, and their strings, which are seen here
 * and by the hash worker, and by nobody else. doc: docs/campaigns.md */
#include "service/admin/admin_int.h"

#include "base/faults.h"
#include "base/text.h"
#include "service/site/window.h"
#include "trust/path.h"
#include "trust/pwhash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Strings of their own are slow hashes: more of them would keep the asker waiting for long. */
#define STRINGS_MAX  500
#define RATE_MAX     6000
#define RATE         30
#define PARALLEL     20
#define TURN_MIN     10
#define TURN_MIN_MAX (7 * 24 * 60)
#define DAYS         7

static const char *const members[] = {"name",     "op",        "auth",
                                      "string",   "key_type",  "key_bits",
                                      "rate",     "parallel",  "window",
                                      "turn_min", "devices",   "complete_by_s",
                                      "all",      "model",     "profile",
                                      "due",      "issuer",    "without_lsc",
                                      "dry_run",  "failed_of", "expires_before_s",
                                      NULL};

void admin_campaign_free(struct admin_campaign *campaign)
{
    if (campaign == NULL)
        return;
    for (size_t i = 0; i < campaign->n && campaign->strings != NULL; i++)
        rf_wipe(campaign->strings[i], sizeof campaign->strings[i]);
    rf_free(campaign->strings);
    rf_free(campaign->recruits);
    rf_free(campaign);
}

static enum rf_err bad(struct rf_why *why, const char *code, const char *text)
{
    return rf_why_set(why, RF_ERR_BAD, code, "%s", text);
}

/* ---- reading ---- */

static enum rf_err get_str(const struct rf_json *body, const char *key, const char **out,
                           struct rf_why *why)
{
    return rf_json_get(body, key) != NULL ? rf_json_need_str(body, key, out, why) : RF_OK;
}

static enum rf_err get_bool(const struct rf_json *body, const char *key, bool *out,
                            struct rf_why *why)
{
    return rf_json_get(body, key) != NULL ? rf_json_need_bool(body, key, out, why) : RF_OK;
}

static enum rf_err get_u32(const struct rf_json *body, const char *key, int64_t min, int64_t max,
                           uint32_t *out, struct rf_why *why)
{
    int64_t value = 0;
    if (rf_json_get(body, key) == NULL)
        return RF_OK;
    enum rf_err err = rf_json_need_int(body, key, min, max, &value, why);
    if (err == RF_OK)
        *out = (uint32_t)value;
    return err;
}

static enum rf_err read_name(const struct rf_json *body, struct rf_store_campaign *c,
                             struct rf_why *why)
{
    const char *name = "";
    enum rf_err err = get_str(body, "name", &name, why);
    size_t n = strlen(name);
    if (err == RF_OK &&
        (n >= sizeof c->name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n ||
         strcmp(name, RF_STORE_RENEWAL) == 0))
        return bad(why, "campaign-name",
                   "\"name\": wants at most 15 of a-z 0-9 -, and not \"" RF_STORE_RENEWAL
                   "\", which is the server's");
    if (err == RF_OK)
        snprintf(c->name, sizeof c->name, "%s", name);
    return err;
}

static enum rf_err read_pace(const struct rf_json *body, struct rf_store_campaign *c,
                             struct rf_why *why)
{
    struct rf_window window;
    const char *text = "";
    bool is_typed = c->auth == RF_STORE_AUTH_STRING; /* by people, who come when they come */
    uint32_t turn_min = is_typed ? 0 : TURN_MIN;
    c->rate = RATE;
    c->parallel = is_typed ? 0 : PARALLEL;
    enum rf_err err = get_u32(body, "rate", 1, RATE_MAX, &c->rate, why);
    if (err == RF_OK)
        err = get_u32(body, "parallel", 0, RF_STORE_DEVICES_MAX, &c->parallel, why);
    if (err == RF_OK)
        err = get_u32(body, "turn_min", 0, TURN_MIN_MAX, &turn_min, why);
    if (err == RF_OK)
        err = get_str(body, "window", &text, why);
    if (err == RF_OK && !rf_window_parse(text, &window))
        return bad(why, "window", "\"window\": wants HH:MM-HH:MM");
    c->turn_s = turn_min * 60;
    if (err == RF_OK) {
        c->from_min = window.from_min;
        c->to_min = window.to_min;
    }
    return err;
}

static enum rf_err read_op(struct admin_task *t, const struct rf_json *body,
                           struct rf_store_campaign *c, struct rf_why *why)
{
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    const struct rf_store_capf *op = &t->change.capf;
    enum rf_err err = admin_capf_read(t, body, why);
    if (err == RF_OK && op->op == RF_STORE_OP_NONE)
        err = bad(why, "op", "\"op\": wants install, delete or fetch");
    c->op = op->op;
    c->auth = op->auth;
    c->key_type = op->key_type;
    c->key_bits = op->key_bits;
    c->rsa_backup_bits = op->rsa_backup_bits;
    c->string_s = conf->capf_string_hours * 3600;
    c->complete_by_s =
        op->complete_by_s != 0 ? op->complete_by_s : t->now_s + (int64_t)DAYS * 24 * 3600;
    c->created_uid = (int64_t)t->uid;
    return err;
}

static enum rf_err read_pick(const struct rf_json *body, struct admin_campaign *a,
                             struct rf_why *why)
{
    static const char *const selectors[] = {"model", "profile",     "failed_of",       "issuer",
                                            "due",   "without_lsc", "expires_before_s"};
    struct rf_store_pick *pick = &a->pick;
    const char *issuer = NULL;
    size_t n = 0;
    enum rf_err err = get_str(body, "model", &pick->model, why);
    if (err == RF_OK)
        err = get_str(body, "profile", &pick->profile, why);
    if (err == RF_OK)
        err = get_str(body, "failed_of", &pick->failed_of, why);
    if (err == RF_OK)
        err = get_bool(body, "due", &pick->is_due, why);
    if (err == RF_OK)
        err = get_bool(body, "without_lsc", &pick->has_no_lsc, why);
    if (err == RF_OK && rf_json_get(body, "expires_before_s") != NULL)
        err = rf_json_need_int(body, "expires_before_s", 1, (int64_t)1 << 40,
                               &pick->expires_before_s, why);
    if (err == RF_OK)
        err = get_bool(body, "all", &a->has_pick, why);
    if (err == RF_OK)
        err = get_str(body, "issuer", &issuer, why);
    if (err == RF_OK && issuer != NULL &&
        (rf_unhex(rf_slice_str(issuer), a->issuer, sizeof a->issuer, &n) != RF_OK || n != 32))
        err = bad(why, "fingerprint", "\"issuer\": wants the SHA-256 of a certificate in hex");
    a->has_issuer = issuer != NULL;
    for (size_t i = 0; i < sizeof selectors / sizeof *selectors; i++)
        a->has_pick |= rf_json_get(body, selectors[i]) != NULL;
    return err;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct rf_store_recruit *)a)->device,
                  ((const struct rf_store_recruit *)b)->device);
}

static enum rf_err read_devices(const struct rf_json *body, struct admin_campaign *a,
                                struct rf_why *why)
{
    const struct rf_json *list = NULL;
    if (rf_json_get(body, "devices") == NULL)
        return RF_OK;
    enum rf_err err = rf_json_need_arr(body, "devices", &list, why);
    size_t n = rf_json_len(list);
    if (err == RF_OK && (n == 0 || n > RF_STORE_DEVICES_MAX))
        err = bad(why, "devices", "\"devices\": wants names of devices");
    if (err != RF_OK)
        return err;
    a->recruits = rf_new_n(struct rf_store_recruit, n);
    for (size_t i = 0; i < n; i++) {
        const char *name = rf_json_at_str(list, i);
        if (name == NULL || !rf_slice_to_str(rf_slice_str(name), a->recruits[i].device,
                                             sizeof a->recruits[i].device))
            return bad(why, "devices", "\"devices\": wants names of devices");
    }
    qsort(a->recruits, n, sizeof *a->recruits, by_name);
    for (size_t i = 0; i < n; i++) /* each once */
        if (a->n == 0 || strcmp(a->recruits[a->n - 1].device, a->recruits[i].device) != 0)
            a->recruits[a->n++] = a->recruits[i];
    return RF_OK;
}

static enum rf_err read_who(const struct rf_json *body, struct admin_campaign *a,
                            struct rf_why *why)
{
    enum rf_err err = read_pick(body, a, why);
    if (err == RF_OK)
        err = read_devices(body, a, why);
    if (err == RF_OK && !a->has_pick && a->n == 0)
        err = bad(why, "nobody", "say which devices: by name, all, by model, those that are due …");
    if (err == RF_OK && a->has_pick && a->n > 0)
        err = bad(why, "devices-both", "either \"devices\" or a choice, not both");
    return err;
}

/* One string for all is the asker's choice; else each gets one of its own. */
static enum rf_err read_strings(struct admin_task *t, const struct rf_json *body,
                                struct rf_why *why)
{
    struct admin_campaign *a = t->campaign;
    if (a->c.auth != RF_STORE_AUTH_STRING && rf_json_get(body, "string") != NULL)
        return bad(why, "string-unused",
                   "\"string\" of a campaign is for auth string; for single phones whose MICs have "
                   "expired, `ringfence capf install`");
    if (a->c.auth != RF_STORE_AUTH_STRING || a->is_dry)
        return RF_OK;
    if (rf_json_get(body, "string") != NULL)
        return admin_capf_read_string(body, &t->change, why);
    if (a->n == 0)
        return bad(why, "devices-needed",
                   "strings are drawn for \"devices\": ask for their names with \"dry_run\" first");
    if (a->n > STRINGS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "strings-many",
                          "strings are drawn for %d devices at most at one time, not %zu",
                          STRINGS_MAX, a->n);
    a->strings = rf_new_bytes(a->n * sizeof *a->strings);
    for (size_t i = 0; i < a->n; i++)
        admin_draw_string(a->strings[i]);
    return RF_OK;
}

enum rf_err admin_campaign_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    struct admin_campaign *a = t->campaign = rf_new(struct admin_campaign);
    enum rf_err err = admin_body(req, members, &t->change.body, why);
    if (err == RF_OK)
        err = read_name(t->change.body, &a->c, why);
    if (err == RF_OK)
        err = read_op(t, t->change.body, &a->c, why);
    if (err == RF_OK)
        err = read_pace(t->change.body, &a->c, why);
    if (err == RF_OK)
        err = read_who(t->change.body, a, why);
    if (err == RF_OK)
        err = get_bool(t->change.body, "dry_run", &a->is_dry, why);
    return err == RF_OK ? read_strings(t, t->change.body, why) : err;
}

/* ---- hashing ---- */

enum rf_err admin_campaign_hash(struct admin_task *t, struct rf_why *why)
{
    struct admin_campaign *a = t->campaign;
    enum rf_err err = admin_capf_hash(t, why);
    for (size_t i = 0; i < a->n && a->strings != NULL && err == RF_OK; i++) {
        char hash[RF_PWHASH_MAX];
        err = rf_pwhash_make(rf_slice_str(a->strings[i]), hash, why);
        if (err == RF_OK)
            snprintf(a->recruits[i].string_hash, sizeof a->recruits[i].string_hash, "%s", hash);
        rf_wipe(hash, sizeof hash);
    }
    return err;
}

/* ---- by issuer ---- */

struct issuer {
    const uint8_t *sha256;
    struct rf_cert *cert; /* found */
};

static enum rf_err look_at(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    struct issuer *i = arg;
    (void)why;
    if (i->cert == NULL && rf_slice_eq(rf_cert_sha256(cert), rf_slice_of(i->sha256, 32)))
        i->cert = rf_cert_ref(cert);
    return RF_OK;
}

/* Our own, those of other sites, and other CAs that issue for us. */
static enum rf_err find_issuer(struct admin_task *t, struct rf_cert **out, struct rf_why *why)
{
    static const enum rf_site_item others[] = {RF_SITE_LSC_ISSUERS, RF_SITE_LSC_CAS};
    const struct rf_site *site = &t->admin->site;
    RF_AUTO(rf_freep) char *path = rf_site_path(site, RF_SITE_CERT_LSC_ISSUER);
    RF_AUTO(rf_cert_freep) struct rf_cert *own = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *found = NULL;
    struct issuer i = {.sha256 = t->campaign->issuer};
    enum rf_err err = rf_cert_from_pem_file(path, &own, why);
    if (err == RF_OK)
        err = look_at(&i, own, why);
    for (size_t k = 0; err == RF_OK && k < sizeof others / sizeof *others; k++) {
        RF_AUTO(rf_freep) char *folder = rf_site_path(site, others[k]);
        err = rf_certs_each_in_dir(folder, look_at, &i, why);
    }
    found = i.cert;
    if (err != RF_OK)
        return err;
    if (found == NULL)
        return admin_refuse(t, 404, why, "issuer-unknown",
                            "no issuer of LSCs has this fingerprint: `ringfence lsc issuers`, "
                            "`ringfence issuer show`");
    *out = rf_steal(&found);
    return RF_OK;
}

/* An issuer may have had another key under the same name: the signature says which one it was. */
static bool is_issued_by(const struct rf_store_cert *c, const struct rf_anchors *issuer)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    struct rf_why why = {0};
    if (c->kind != RF_STORE_LSC || c->state != RF_STORE_CERT_CONFIRMED ||
        rf_cert_from_der(rf_buf_slice(&c->der), &cert, &why) != RF_OK)
        return false;
    struct rf_path_policy policy = {
        .now_s = rf_cert_not_after(cert), .rsa_min = 512, .allow_sha1 = true};
    enum rf_err err = rf_path_check(issuer, cert, NULL, &policy, NULL, &why);
    return err == RF_OK || (strcmp(why.code, "path-unknown-issuer") != 0 &&
                            strcmp(why.code, "path-signature") != 0);
}

static enum rf_err keep_issued(struct rf_store *store, const struct rf_anchors *issuer,
                               struct rf_store_names *names, struct rf_why *why)
{
    size_t kept = 0;
    for (size_t i = 0; i < names->n; i++) {
        struct rf_store_certs certs = {.n = 0};
        bool is_fit = false;
        enum rf_err err = rf_store_cert_list(store, names->items[i], &certs, why);
        if (err != RF_OK)
            return err;
        for (size_t k = 0; k < certs.n; k++)
            is_fit |= is_issued_by(&certs.items[k], issuer);
        rf_store_certs_fini(&certs);
        if (is_fit)
            memmove(names->items[kept++], names->items[i], sizeof *names->items);
    }
    names->n = kept;
    return RF_OK;
}

static enum rf_err pick_issued(struct admin_task *t, struct rf_store *store,
                               struct rf_store_names *names, struct rf_why *why)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_anchors_freep) struct rf_anchors *anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    char subject[512];
    enum rf_err err = find_issuer(t, &cert, why);
    if (err == RF_OK)
        err = rf_anchors_add(anchors, cert, why);
    if (err != RF_OK)
        return err;
    t->campaign->pick.issuer =
        rf_escape(rf_slice_str(rf_cert_subject(cert)), subject, sizeof subject);
    err = rf_store_campaign_pick(store, &t->campaign->pick, t->now_s, names, why);
    t->campaign->pick.issuer = NULL;
    return err == RF_OK ? keep_issued(store, anchors, names, why) : err;
}

/* ---- storing ---- */

static enum rf_err choose(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct admin_campaign *a = t->campaign;
    RF_AUTO(rf_store_names_fini) struct rf_store_names names = {.n = 0};
    enum rf_err err = a->has_issuer
                          ? pick_issued(t, store, &names, why)
                          : rf_store_campaign_pick(store, &a->pick, t->now_s, &names, why);
    if (err != RF_OK)
        return err;
    a->recruits = rf_new_n(struct rf_store_recruit, names.n + 1);
    a->n = names.n;
    for (size_t i = 0; i < names.n; i++)
        memcpy(a->recruits[i].device, names.items[i], sizeof a->recruits[i].device);
    return RF_OK;
}

enum rf_err admin_campaign_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct admin_campaign *a = t->campaign;
    enum rf_err err = a->has_pick ? choose(t, store, why) : RF_OK;
    if (err != RF_OK)
        return err;
    if (a->n == 0)
        return admin_refuse(t, 409, why, "campaign-empty", "no device is as you want it");
    for (size_t i = 0; i < a->n && a->strings == NULL; i++)
        memcpy(a->recruits[i].string_hash, t->change.capf.string_hash,
               sizeof a->recruits[i].string_hash);
    return a->is_dry ? RF_OK
                     : rf_store_campaign_add(store, &a->c, a->recruits, a->n, t->now_s, why);
}

/* ---- answering ---- */

static struct rf_json *strings_json(const struct admin_campaign *a)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < a->n; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "device", a->recruits[i].device);
        rf_json_set_str(one, "string", a->strings[i]);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

void admin_campaign_answer(struct admin_task *t, struct rf_json *out)
{
    const struct admin_campaign *a = t->campaign;
    struct rf_json *names = rf_json_arr();
    for (size_t i = 0; i < a->n && a->is_dry; i++)
        rf_json_arr_add_str(names, a->recruits[i].device);
    if (a->is_dry) {
        rf_json_set_int(out, "members", (int64_t)a->n);
        rf_json_set_take(out, "devices", names);
        return;
    }
    rf_json_free(names);
    t->status = 201;
    rf_info(RF_CAT_ADMIN, "campaign started campaign=%s op=%s auth=%s devices=%zu uid=%u",
            a->c.name, rf_store_op_name(a->c.op), rf_store_auth_name(a->c.auth), a->n,
            (unsigned)t->uid);
    ADMIN_OPS(t, campaigns_changed)(ADMIN_ARG(t));
    rf_json_set_str(out, "name", a->c.name);
    rf_json_set_str(out, "op", rf_store_op_name(a->c.op));
    rf_json_set_str(out, "auth", rf_store_auth_name(a->c.auth));
    rf_json_set_int(out, "members", (int64_t)a->n);
    rf_json_set_int(out, "complete_by_s", a->c.complete_by_s);
    if (a->strings != NULL)
        rf_json_set_take(out, "strings", strings_json(a));
}
