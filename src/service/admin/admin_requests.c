/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that another CA is asked for: shown, for somebody to carry them there; brought back;
 * dropped. doc: docs/issuers.md, "A CA that is not on the network" */
#include "service/admin/admin_int.h"

#include "store/store_request.h"
#include "trust/csr.h"
#include "trust/digest.h"
#include "trust/lsc_check.h"

#include <stdio.h>
#include <string.h>

#define PEM_MAX 16384

/* ---- showing ---- */

static enum rf_err add_row(struct rf_json *rows, const struct rf_store_request *r,
                           struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(PEM_MAX);
    enum rf_err err = rf_spki_to_pem(rf_buf_slice(&r->spki), &pem, why);
    if (err != RF_OK)
        return err;
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "device", r->device);
    rf_json_set_str(j, "cn", r->cn);
    rf_json_set_str(j, "state", r->is_stale ? "stale" : rf_store_request_state_name(r->state));
    rf_json_set_int(j, "tries", r->tries);
    rf_json_set_str(j, "reason", r->reason[0] != '\0' ? r->reason : NULL);
    if (r->next_s != 0)
        rf_json_set_int(j, "next_s", r->next_s);
    else
        rf_json_set_null(j, "next_s");
    rf_json_set_int(j, "created_s", r->created_s);
    rf_json_set_hex(j, "key_sha256", rf_slice_of(r->key_sha256, sizeof r->key_sha256));
    rf_json_set_slice(j, "key", rf_buf_slice(&pem));
    rf_json_arr_add_take(rows, j);
    return RF_OK;
}

enum rf_err admin_requests_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    RF_AUTO(rf_store_requests_fini) struct rf_store_requests all = {0};
    enum rf_err err = rf_store_request_list(store, &all, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < all.n && err == RF_OK; i++)
        err = add_row(t->shown, &all.items[i], why);
    return err;
}

void admin_requests_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "requests", t->shown);
    t->shown = NULL;
}

/* ---- what was brought ---- */

enum rf_err admin_made_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"certificate", NULL};
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    const char *pem = NULL;
    enum rf_err err = admin_body(req, members, &body, why);
    if (err == RF_OK)
        err = rf_json_need_str(body, "certificate", &pem, why);
    t->lsc_days = conf->lsc_days;
    t->rsa_min = conf->rsa_min;
    return err == RF_OK ? rf_cert_from_pem(rf_slice_str(pem), &t->lsc, why) : err;
}

/* Matched by the key, then checked as if the CA had been asked for it a moment ago. */
static enum rf_err judge(struct admin_task *t, const struct rf_store_request *r, struct rf_why *why)
{
    struct rf_why bad = {0};
    struct rf_lsc_want want = {.spki = rf_buf_slice(&r->spki),
                               .cn = rf_slice_str(r->cn),
                               .device_name = rf_slice_str(r->device),
                               .now_s = t->now_s,
                               .days_max = t->lsc_days,
                               .rsa_min = t->rsa_min,
                               .cas = ADMIN_OPS(t, lsc_cas)(ADMIN_ARG(t))};
    if (rf_lsc_check(t->lsc, &want, &bad) == RF_OK)
        return RF_OK;
    return admin_refuse(t, 409, why, bad.code, "for %s: %s", r->device, bad.text);
}

enum rf_err admin_made_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    uint8_t key[RF_DIGEST_MAX];
    RF_AUTO(rf_store_request_fini) struct rf_store_request r = {0};
    rf_digest_of(RF_DIGEST_SHA256, rf_cert_spki(t->lsc), key);
    enum rf_err err = rf_store_request_load(store, key, &r, why);
    if (err == RF_OK)
        err = judge(t, &r, why);
    if (err != RF_OK)
        return err;
    snprintf(t->name, sizeof t->name, "%s", r.device);
    struct rf_store_event event =
        admin_event(t, "capf", "ca-brought", "the certificate %s of the CA %s waits for %s",
                    rf_cert_short(t->lsc), rf_cert_issuer(t->lsc), t->name);
    return rf_store_request_made(store, key, rf_cert_sha256(t->lsc).p, rf_cert_der(t->lsc),
                                 t->now_s, &event, why);
}

void admin_made_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_str(out, "device", t->name);
    rf_json_set_str(out, "fingerprint", rf_cert_fingerprint(t->lsc));
}

/* ---- dropping ---- */

enum rf_err admin_drop_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"device", NULL};
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    const char *device = NULL;
    enum rf_err err = admin_body(req, members, &body, why);
    if (err == RF_OK)
        err = rf_json_need_str(body, "device", &device, why);
    if (err == RF_OK && strlen(device) >= sizeof t->name)
        return rf_why_set(why, RF_ERR_BAD, "value", "\"device\": wants the name of a device");
    if (err == RF_OK)
        snprintf(t->name, sizeof t->name, "%s", device);
    return err;
}

enum rf_err admin_drop_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_event event = admin_event(t, "capf", "request-dropped",
                                              "the request of %s at the CA was dropped", t->name);
    return rf_store_request_drop(store, t->name, &event, why);
}

void admin_drop_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_str(out, "device", t->name);
}
