/* SPDX-License-Identifier: Apache-2.0 */
/* Every certificate that a path check asked about is asked about again and again, so that one that
 * is revoked is found while its phone is registered. */
#include <stdio.h>
#include <string.h>

#include "service/revocation/revocation_int.h"

struct ask_job {
    struct rf_job job;
    struct rf_revocation_service *svc;
    uint32_t generation;
    size_t responder; /* its number */
    struct rf_http_url at;
    struct rf_cert *cert;
    struct rf_cert *issuer;
    struct rf_cert_list named;
    int64_t now_s;
    enum rf_err err;
    struct rf_ocsp_said said;
    struct rf_why why;
};

/* ---- which responder ---- */

static bool is_own(const struct rf_revocation_service *svc, const struct rf_cert *cert)
{
    return rf_slice_eq(rf_cert_issuer_der(cert), rf_cert_subject_der(svc->own));
}

/* One that names the issuer, else one for all. */
static struct responder *responder_of(struct rf_revocation_service *svc, const struct rf_cert *cert,
                                      const struct rf_cert *issuer)
{
    struct responder *for_all = NULL;
    for (size_t i = 0; i < svc->n_responders; i++) {
        struct responder *r = &svc->responders[i];
        if (!r->is_for_all &&
            rf_slice_eq(rf_slice_of(r->issuer, sizeof r->issuer), rf_cert_sha256(issuer)))
            return r;
        if (r->is_for_all && for_all == NULL)
            for_all = r;
    }
    return is_own(svc, cert) ? NULL : for_all;
}

/* ---- the certificates ---- */

static struct asked **bucket_of(struct rf_revocation_service *svc, const struct rf_cert *cert)
{
    struct rf_rd rd = rf_rd_of(rf_cert_sha256(cert));
    uint8_t first = 0;
    rf_bug_on(!rf_rd_u8(&rd, &first));
    return &svc->asked[first];
}

static struct asked *find(struct rf_revocation_service *svc, const struct rf_cert *cert)
{
    struct asked *a = *bucket_of(svc, cert);
    while (a != NULL && !rf_cert_eq(a->cert, cert))
        a = a->next;
    return a;
}

static void asked_free(struct asked *a)
{
    rf_cert_unref(a->cert);
    rf_cert_unref(a->issuer);
    rf_free(a);
}

static void drop(struct rf_revocation_service *svc, struct asked **at)
{
    struct asked *a = *at;
    *at = a->next;
    svc->n_asked--;
    rf_revocation_forget(svc->known, a->answer.sha256);
    asked_free(a);
}

void ocsp_free(struct rf_revocation_service *svc)
{
    for (size_t i = 0; i < ASKED_BUCKETS; i++)
        while (svc->asked[i] != NULL) {
            struct asked *a = svc->asked[i];
            svc->asked[i] = a->next;
            asked_free(a);
        }
}

static struct asked *add(struct rf_revocation_service *svc, struct rf_cert *cert,
                         struct rf_cert *issuer)
{
    struct asked **bucket = bucket_of(svc, cert);
    struct asked *a = rf_new(struct asked);
    struct rf_rd rd = rf_rd_of(rf_cert_sha256(cert));
    a->cert = rf_cert_ref(cert);
    a->issuer = rf_cert_ref(issuer);
    a->answer.status = RF_OCSP_UNKNOWN;
    snprintf(a->answer.code, sizeof a->answer.code, "ocsp-asked");
    rf_bug_on(!rf_rd_copy(&rd, a->answer.sha256, sizeof a->answer.sha256));
    a->next = *bucket;
    *bucket = a;
    svc->n_asked++;
    return a;
}

/* ---- an answer ---- */

static void tell_revoked(struct rf_revocation_service *svc, const struct asked *a,
                         const struct ask_job *j)
{
    revocation_event(svc, true, "cert-revoked", "%s (%s) was revoked by %s, its responder says%s%s",
                     rf_cert_subject(a->cert), rf_cert_short(a->cert), rf_cert_issuer(a->cert),
                     j->said.reason != NULL ? ": " : "",
                     j->said.reason != NULL ? j->said.reason : "");
    svc->conf.on_changed(svc->conf.arg);
}

/* Does what was said before still count, when there is no answer now? */
static bool still_counts(const struct asked *a, int64_t now_s)
{
    return a->answer.status == RF_OCSP_REVOKED ||
           (a->answer.status == RF_OCSP_GOOD && now_s <= a->answer.until_s);
}

static void take_answer(struct rf_revocation_service *svc, struct asked *a, const struct ask_job *j)
{
    bool was_revoked = a->answer.status == RF_OCSP_REVOKED;
    struct rf_why why = {0};
    if (j->err == RF_OK) {
        a->answer.status = j->said.status;
        a->answer.until_s = j->said.until_s;
        snprintf(a->answer.code, sizeof a->answer.code, "%s",
                 j->said.status == RF_OCSP_UNKNOWN ? "ocsp-unknown" : "");
    } else if (!still_counts(a, j->now_s)) {
        a->answer.status = RF_OCSP_UNKNOWN;
        snprintf(a->answer.code, sizeof a->answer.code, "ocsp-failed");
    }
    if (rf_revocation_answer(svc->known, &a->answer, &why) != RF_OK)
        rf_error(RF_CAT_TRUST, "a responder's answer is not kept: %s code=%s", why.text, why.code);
    if (a->answer.status == RF_OCSP_REVOKED && !was_revoked)
        tell_revoked(svc, a, j);
}

/* Again after revocation_check_s, before the answer is over, and soon where there was none. */
static int64_t next_due(const struct rf_revocation_service *svc, const struct asked *a,
                        int64_t now_s)
{
    int64_t due = now_s + svc->every_s;
    if (a->answer.status == RF_OCSP_UNKNOWN && svc->every_s > AGAIN_S)
        due = now_s + AGAIN_S;
    if (a->answer.status == RF_OCSP_GOOD && a->answer.until_s - AGAIN_S < due)
        due = a->answer.until_s - AGAIN_S;
    return due <= now_s ? now_s + 1 : due;
}

static void job_free(struct ask_job *j)
{
    rf_cert_unref(j->cert);
    rf_cert_unref(j->issuer);
    rf_cert_list_fini(&j->named);
    rf_free(j);
}

static void ask_done(struct rf_job *job, void *reader)
{
    struct ask_job *j = (struct ask_job *)job;
    struct rf_revocation_service *svc = j->svc;
    if (reader == NULL) {
        job_free(j);
        return;
    }
    struct asked *a = find(svc, j->cert);
    svc->n_asking--;
    if (a != NULL)
        a->is_asking = false;
    if (j->generation == svc->generation) {
        struct responder *r = &svc->responders[j->responder];
        revocation_note_url(svc, &r->state, r->url, "ocsp-failed", &j->why);
        if (a != NULL) {
            take_answer(svc, a, j);
            a->due_s = next_due(svc, a, revocation_now(svc));
        }
    }
    job_free(j);
    ocsp_tick(svc);
}

/* ---- asking ---- */

static enum rf_err post(struct ask_job *j, struct rf_slice request, struct rf_http_answer *answer)
{
    const struct rf_http_call call = {.host = j->at.host,
                                      .port = j->at.port,
                                      .cancel = &j->svc->is_stopping,
                                      .method = RF_HTTP_POST,
                                      .target = j->at.target,
                                      .content_type = "application/ocsp-request",
                                      .body = request,
                                      .timeout_ms = ASK_MS,
                                      .answer_max = RF_OCSP_ANSWER_MAX};
    enum rf_err err = rf_http_request(&call, answer, &j->why);
    if (err == RF_OK && answer->status != 200)
        return rf_why_set(&j->why, RF_ERR_DENIED, "http-status", "the responder answers with %d",
                          answer->status);
    return err;
}

/* The ocsp worker. */
static void ask_work(struct rf_job *job, void *state)
{
    struct ask_job *j = (struct ask_job *)job;
    struct rf_ocsp_question q = {.cert = j->cert,
                                 .issuer = j->issuer,
                                 .responders = &j->named,
                                 .now_s = rf_wall_s(rf_clock_real())};
    RF_AUTO(rf_buf_fini) struct rf_buf request = RF_BUF(RF_OCSP_REQUEST_MAX);
    struct rf_http_answer answer = {.status = 0};
    (void)state;
    j->now_s = q.now_s;
    j->err = rf_ocsp_ask(j->cert, j->issuer, &q.nonce, &request, &j->why);
    if (j->err == RF_OK)
        j->err = post(j, rf_buf_slice(&request), &answer);
    if (j->err == RF_OK)
        j->err = rf_ocsp_read(rf_buf_slice(&answer.body), &q, &j->said, &j->why);
    rf_http_answer_fini(&answer);
}

static void ask(struct rf_revocation_service *svc, struct asked *a, const struct responder *r)
{
    struct ask_job *j = rf_new(struct ask_job);
    j->job = (struct rf_job){
        .work = ask_work, .done = ask_done, .answer_to = rf_loop_mailbox(svc->conf.loop)};
    j->svc = svc;
    j->generation = svc->generation;
    j->responder = (size_t)(r - svc->responders);
    j->at = r->at;
    j->cert = rf_cert_ref(a->cert);
    j->issuer = rf_cert_ref(a->issuer);
    for (size_t i = 0; i < svc->named.n; i++)
        rf_bug_on(!rf_cert_list_add(&j->named, svc->named.cert[i]));
    if (rf_worker_post(svc->ocsp_worker, &j->job) != RF_OK) {
        job_free(j); /* the next tick */
        return;
    }
    a->is_asking = true;
    svc->n_asking++;
}

/* A round of all: what is due is asked, what is over is forgotten. */
void ocsp_tick(struct rf_revocation_service *svc)
{
    int64_t now_s = revocation_now(svc);
    for (size_t i = 0; i < ASKED_BUCKETS; i++)
        for (struct asked **at = &svc->asked[i]; *at != NULL;) {
            struct asked *a = *at;
            const struct responder *r = responder_of(svc, a->cert, a->issuer);
            bool is_over = now_s > rf_cert_not_after(a->cert) || now_s - a->wanted_s > FORGOTTEN_S;
            if (!a->is_asking && (is_over || r == NULL)) {
                drop(svc, at);
                continue;
            }
            if (r != NULL && !a->is_asking && a->due_s <= now_s && svc->n_asking < ASKING_MAX)
                ask(svc, a, r);
            at = &a->next;
        }
}

void ocsp_renew(struct rf_revocation_service *svc)
{
    for (size_t i = 0; i < ASKED_BUCKETS; i++)
        for (struct asked *a = svc->asked[i]; a != NULL; a = a->next)
            a->due_s = 0;
    ocsp_tick(svc);
}

/* Whoever comes again and again is not asked about more often than once in two seconds. */
void ocsp_want(struct rf_revocation_service *svc, struct rf_cert *cert, struct rf_cert *issuer)
{
    int64_t now_s = revocation_now(svc);
    struct asked *a = find(svc, cert);
    struct responder *r = responder_of(svc, cert, issuer);
    if (r == NULL)
        return;
    if (a == NULL && svc->n_asked >= RF_REVOCATION_ANSWERS_MAX) {
        revocation_note_url(
            svc, &r->state, r->url, "ocsp-failed",
            &(struct rf_why){.code = "ocsp-answers", .text = "too many certificates to ask about"});
        return;
    }
    if (a == NULL)
        a = add(svc, cert, issuer);
    a->wanted_s = now_s;
    if (a->due_s > now_s + 2)
        a->due_s = now_s + 2;
    if (!a->is_asking && a->due_s <= now_s && svc->n_asking < ASKING_MAX)
        ask(svc, a, r);
}
