/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate from another CA. Each key is a row of the database before the CA hears of it, and
 * its certificate is there before the CA hears that it was taken; the phone gets what is there.
 * doc: docs/issuers.md; docs/security-rules.md, "CAPF"
 *
 * Tests end the process here: capf.request-kept (the row is there, the CA was not asked),
 * capf.ca-made (its certificate is here, the CA does not know), capf.ca-answered. */
#include "service/capf/capf_ca.h"

#include "base/faults.h"
#include "base/metrics.h"
#include "base/text.h"
#include "service/capf/capf_int.h"
#include "store/store_request.h"
#include "trust/digest.h"
#include "trust/lsc_check.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct deal {
    uint8_t key_sha256[32];
    struct rf_cmp_deal *deal; /* NULL: the place is free */
    int64_t asked_s;
};

struct rf_capf_ca {
    const struct rf_cmp *cmp;
    struct rf_worker *store;
    struct rf_mailbox *answers; /* of the store to this worker */
    atomic_bool is_ending;
    struct deal deals[RF_CAPF_CA_DEALS];
    uint32_t silent; /* how often it did not answer since it did */
    int64_t again_s; /* it is left in peace until then */
};

struct rf_capf_ca *rf_capf_ca_new(const struct rf_cmp *cmp, struct rf_worker *store)
{
    struct rf_capf_ca *ca = rf_new(struct rf_capf_ca);
    ca->cmp = cmp;
    ca->store = store;
    ca->answers = rf_mailbox_new("capf-ca", 4);
    atomic_init(&ca->is_ending, false);
    return ca;
}

void rf_capf_ca_end(struct rf_capf_ca *ca)
{
    atomic_store(&ca->is_ending, true);
}

void rf_capf_ca_free(struct rf_capf_ca *ca)
{
    if (ca == NULL)
        return;
    for (size_t i = 0; i < RF_CAPF_CA_DEALS; i++)
        rf_cmp_deal_free(ca->deals[i].deal);
    rf_mailbox_free(ca->answers);
    rf_free(ca);
}

static int64_t backoff_s(uint32_t failures)
{
    int64_t s = RF_CAPF_CA_BACKOFF_S;
    while (--failures > 0 && s < RF_CAPF_CA_BACKOFF_MAX_S)
        s *= 2;
    return s < RF_CAPF_CA_BACKOFF_MAX_S ? s : RF_CAPF_CA_BACKOFF_MAX_S;
}

/* ---- judging ---- */

static struct rf_lsc_want wanted(const struct capf_case *c)
{
    return (struct rf_lsc_want){.spki = rf_buf_slice(&c->given),
                                .cn = rf_slice_str(c->cn),
                                .device_name = rf_slice_str(c->device),
                                .now_s = c->now_s,
                                .days_max = c->knobs.lsc_days,
                                .rsa_min = c->knobs.rsa_min,
                                .cas = c->cas};
}

static enum rf_err judge(const struct capf_case *c, const struct rf_cert *cert, struct rf_why *why)
{
    struct rf_lsc_want want = wanted(c);
    enum rf_err err = rf_lsc_check(cert, &want, why);
    return err == RF_OK ? rf_blocklist_check(c->blocked, cert, why) : err;
}

/* ---- what the CA's failure is to the phone and the administrator ---- */

/* The operation stays scheduled; the phone is told nothing and comes again. */
static int wait_for_ca(struct capf_case *c, const char *text)
{
    capf_refuse(c, CAPF_RECORD_WAIT, CAPF_REASON_NONE, "ca-waiting", "%s waits for the CA: %s",
                c->device, text);
    c->end.severity = RF_STORE_INFO;
    return CAPF_EV_REFUSED;
}

static int failed(struct capf_case *c, const struct rf_why *why)
{
    char when[32];
    c->ca_failures++;
    c->ca_again_s = c->now_s + backoff_s(c->ca_failures);
    snprintf(c->ca_code, sizeof c->ca_code, "%s", why->code);
    capf_refuse(c, CAPF_RECORD_FAIL, CAPF_REASON_NONE, "ca-error",
                "no certificate for %s: %s (%s); the CA is asked again from %s on", c->device,
                why->text, why->code, rf_time_text(c->ca_again_s, when, sizeof when));
    c->end.severity = RF_STORE_ERROR;
    return CAPF_EV_REFUSED;
}

void capf_ca_record(struct capf_case *c, struct rf_store *store)
{
    struct rf_why why = {0};
    if (c->ca_code[0] == '\0')
        return;
    if (rf_store_request_failed(store, c->key_sha256, c->ca_failures, c->ca_again_s, c->ca_code,
                                c->now_s, &why) != RF_OK)
        rf_error(RF_CAT_CAPF, "how the CA failed could not be written down: %s dev=%s",
                 rf_why_text(&why), c->device);
}

/* ---- the request, on the store's worker ---- */

static void identify(struct capf_case *c)
{
    uint8_t md[RF_DIGEST_MAX];
    (void)rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&c->given), md);
    memcpy(c->key_sha256, md, sizeof c->key_sha256);
}

static enum rf_err put(struct capf_case *c, struct rf_store *store, struct rf_store_request *out,
                       struct rf_why *why)
{
    bool dropped = false;
    struct rf_store_request r = {.op_id = c->op.id, .spki = c->given};
    snprintf(r.device, sizeof r.device, "%s", c->device);
    snprintf(r.cn, sizeof r.cn, "%s", c->cn);
    memcpy(r.key_sha256, c->key_sha256, sizeof r.key_sha256);
    enum rf_err err = rf_store_request_put(store, &r, c->now_s, out, &dropped, why);
    if (err != RF_OK || !dropped)
        return err;
    struct rf_store_event event =
        capf_event(c, RF_STORE_WARN, "request-superseded",
                   "%s made another key: the request for its former one is dropped, with whatever "
                   "the CA makes of it",
                   c->device);
    err = rf_store_event_add(store, &event, NULL, why);
    if (err != RF_OK)
        rf_store_request_fini(out);
    return err;
}

/* A certificate that came for this key: the one, unless it has become useless while it waited. */
static enum rf_err take_made(struct capf_case *c, struct rf_store *store,
                             struct rf_store_request *r, struct rf_why *why)
{
    struct rf_why bad = {0};
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_cert_from_der(rf_buf_slice(&r->der), &cert, &bad);
    if (err == RF_OK)
        err = judge(c, cert, &bad);
    if (err == RF_OK)
        return capf_store_cert(c, cert, &c->lsc, why);
    struct rf_store_event event =
        capf_event(c, RF_STORE_WARN, "request-useless",
                   "the certificate that waited for %s is of no use any more: %s (%s); another one "
                   "is asked for",
                   c->device, bad.text, bad.code);
    r->state = RF_STORE_REQUEST_WAITING;
    err = rf_store_request_unmade(store, r->id, c->now_s, why);
    return err == RF_OK ? rf_store_event_add(store, &event, NULL, why) : err;
}

static int ask_or_wait(struct capf_case *c, struct rf_store *store,
                       const struct rf_store_request *r, struct rf_why *why)
{
    char when[32], text[96];
    c->ca_failures = r->failures;
    c->ca_until_s = c->now_s + c->knobs.cmp_wait_s;
    bool is_offline = c->knobs.lsc_issuer == RF_SITE_ISSUER_OFFLINE;
    if (is_offline && r->state == RF_STORE_REQUEST_SENT && /* to a CA that was asked before */
        rf_store_request_unmade(store, r->id, c->now_s, why) != RF_OK)
        return capf_refuse_ours(c, why);
    if (is_offline)
        return wait_for_ca(c, "its request is there to be exported (`ringfence capf export`)");
    if (!rf_fault_skips("capf.ca-backoff") && c->now_s < r->next_s) {
        snprintf(text, sizeof text, "it failed (%.40s) and is asked again from %s on", r->reason,
                 rf_time_text(r->next_s, when, sizeof when));
        return wait_for_ca(c, text);
    }
    if (rf_store_request_sent(store, r->id, c->now_s, why) != RF_OK)
        return capf_refuse_ours(c, why);
    return CAPF_EV_ASK_CA;
}

int capf_request(struct capf_case *c, void *store)
{
    struct rf_why why = {0};
    RF_AUTO(rf_store_request_fini) struct rf_store_request r = {0};
    enum rf_err err = capf_check_issue(c, &why);
    if (err == RF_OK)
        err = rf_lsc_cn(rf_slice_str(c->knobs.subject_has_model ? c->model : ""),
                        rf_slice_str(c->device), c->cn, &why);
    if (err != RF_OK)
        return capf_refuse_why(c, &why);
    identify(c);
    err = put(c, store, &r, &why);
    if (err == RF_OK && r.state == RF_STORE_REQUEST_MADE)
        err = take_made(c, store, &r, &why);
    if (err == RF_ERR_DENIED || err == RF_ERR_NOT_FOUND)
        return capf_refuse_why(c, &why);
    if (err != RF_OK)
        return capf_refuse_ours(c, &why);
    return c->lsc.der.len > 0 ? CAPF_EV_SIGNED : ask_or_wait(c, store, &r, &why);
}

/* ---- keeping what came: asked of the store, and waited for ---- */

struct made_job {
    struct rf_job job;
    struct capf_case *c;
    const struct rf_cert *cert;
    enum rf_err err;
    struct rf_why *why;
    bool is_done;
};

static void made_work(struct rf_job *job, void *store)
{
    struct made_job *m = (struct made_job *)job;
    struct rf_store_event event =
        capf_event(m->c, RF_STORE_INFO, "ca-issued", "the CA %s made the certificate %s for %s",
                   rf_cert_issuer(m->cert), rf_cert_short(m->cert), m->c->device);
    m->err = rf_store_request_made(store, m->c->key_sha256, rf_cert_sha256(m->cert).p,
                                   rf_cert_der(m->cert), m->c->now_s, &event, m->why);
}

static void made_done(struct rf_job *job, void *reader)
{
    ((struct made_job *)job)->is_done = true;
}

static enum rf_err keep_made(struct rf_capf_ca *ca, struct capf_case *c, const struct rf_cert *cert,
                             struct rf_why *why)
{
    struct made_job m = {.job = {.work = made_work, .done = made_done, .answer_to = ca->answers},
                         .c = c,
                         .cert = cert,
                         .why = why};
    if (rf_worker_post(ca->store, &m.job) != RF_OK)
        return rf_why_set(why, RF_ERR_IO, "busy", "the database worker has no room");
    while (!m.is_done && rf_mailbox_wait(ca->answers, -1))
        rf_mailbox_run(ca->answers, ca);
    return m.err;
}

struct taking {
    struct rf_capf_ca *ca;
    struct capf_case *c;
};

static enum rf_err take(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    struct taking *t = arg;
    enum rf_err err = judge(t->c, cert, why);
    if (err == RF_OK)
        err = keep_made(t->ca, t->c, cert, why);
    if (err != RF_OK)
        return err;
    rf_crash_point("capf.ca-made");
    return capf_store_cert(t->c, cert, &t->c->lsc, why);
}

/* ---- asking, on the CA's worker ---- */

static struct deal *deal_find(struct rf_capf_ca *ca, const uint8_t key_sha256[32])
{
    struct rf_slice key = rf_slice_of(key_sha256, 32);
    for (size_t i = 0; i < RF_CAPF_CA_DEALS; i++)
        if (ca->deals[i].deal != NULL && rf_slice_eq(rf_slice_of(ca->deals[i].key_sha256, 32), key))
            return &ca->deals[i];
    return NULL;
}

static void deal_end(struct deal *d)
{
    rf_cmp_deal_free(d->deal);
    *d = (struct deal){0};
}

static struct deal *deal_place(struct rf_capf_ca *ca)
{
    struct deal *oldest = &ca->deals[0];
    for (size_t i = 0; i < RF_CAPF_CA_DEALS; i++) {
        if (ca->deals[i].deal == NULL)
            return &ca->deals[i];
        if (ca->deals[i].asked_s < oldest->asked_s)
            oldest = &ca->deals[i];
    }
    deal_end(oldest);
    return oldest;
}

static enum rf_err deal_open(struct rf_capf_ca *ca, struct taking *t, struct deal **out,
                             struct rf_why *why)
{
    struct capf_case *c = t->c;
    struct rf_cmp_request request = {
        .spki = rf_buf_slice(&c->given), .cn = c->cn, .device = c->device};
    *out = deal_find(ca, c->key_sha256);
    if (*out != NULL) {
        rf_cmp_deal_retake((*out)->deal, take, t);
        return RF_OK;
    }
    struct deal *d = deal_place(ca);
    enum rf_err err = rf_cmp_begin(ca->cmp, &request, take, t, &d->deal, why);
    if (err != RF_OK)
        return err;
    memcpy(d->key_sha256, c->key_sha256, sizeof d->key_sha256);
    *out = d;
    return RF_OK;
}

static int later(struct capf_case *c, unsigned after_s)
{
    char text[80];
    c->ca_after_ms = (uint64_t)after_s * 1000;
    if (c->now_s + after_s <= c->ca_until_s)
        return CAPF_EV_CA_LATER;
    snprintf(text, sizeof text, "it has the request and needs time, %u s at least", after_s);
    return wait_for_ca(c, text);
}

static int ask(struct rf_capf_ca *ca, struct capf_case *c)
{
    struct rf_why why = {0};
    struct taking t = {.ca = ca, .c = c};
    struct deal *d = NULL;
    unsigned after_s = 0;
    bool is_confirmed = false;
    char lsc[17];
    enum rf_err err = deal_open(ca, &t, &d, &why);
    if (err != RF_OK)
        return failed(c, &why);
    d->asked_s = c->now_s;
    err = rf_cmp_ask(d->deal, &after_s, &is_confirmed, &why);
    rf_crash_point("capf.ca-answered");
    ca->silent = err == RF_ERR_IO ? ca->silent + 1 : 0;
    ca->again_s = err == RF_ERR_IO ? c->now_s + backoff_s(ca->silent) : 0;
    if (err == RF_ERR_AGAIN)
        return later(c, after_s);
    deal_end(d);
    if (err != RF_OK)
        return failed(c, &why);
    if (!is_confirmed)
        rf_warn(RF_CAT_CAPF,
                "whether the CA heard that its certificate was taken is not known "
                "dev=%s cert=%s",
                c->device, capf_short(&c->lsc, lsc));
    rf_count(CAPF_ISSUED);
    return CAPF_EV_SIGNED;
}

/* One phone finds out that it is dead, not all that wait. */
int capf_ask_ca(struct capf_case *c, void *state)
{
    struct rf_capf_ca *ca = state;
    char when[32], text[80];
    if (atomic_load(&ca->is_ending))
        return wait_for_ca(c, "this server ends");
    if (rf_fault_skips("capf.ca-backoff") || c->now_s >= ca->again_s)
        return ask(ca, c);
    snprintf(text, sizeof text, "it does not answer and is asked again from %s on",
             rf_time_text(ca->again_s, when, sizeof when));
    return wait_for_ca(c, text);
}
