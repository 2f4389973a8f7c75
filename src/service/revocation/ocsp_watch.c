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
    struct responder *responder; /* of that generation */
    struct asker *asker;
    struct rf_http_url at;
    struct rf_cert *cert;
    struct rf_cert *issuer;
    struct rf_cert_list named;
    int64_t now_s;
    bool is_silent; /* nobody answered at all */
    enum rf_err err;
    struct rf_ocsp_said said;
    struct rf_why why;
};

/* ---- which responder ---- */

static bool is_own(const struct rf_revocation_service *svc, const struct rf_cert *cert)
{
    return rf_slice_eq(rf_cert_issuer_der(cert), rf_cert_subject_der(svc->own));
}

/* One that names the issuer, by this certificate or else by another one with the same key; else one
 * for all. */
static struct responder *responder_of(struct rf_revocation_service *svc, const struct rf_cert *cert,
                                      const struct rf_cert *issuer)
{
    struct responder *for_all = NULL;
    struct responder *for_key = NULL;
    for (size_t i = 0; i < svc->n_responders; i++) {
        struct responder *r = &svc->responders[i];
        struct rf_slice named = rf_slice_of(r->issuer, sizeof r->issuer);
        if (r->is_for_all)
            for_all = for_all == NULL ? r : for_all;
        else if (rf_slice_eq(named, rf_cert_sha256(issuer)))
            return r;
        else if (for_key == NULL && rf_crl_book_is_issuer(svc->book, named, issuer))
            for_key = r;
    }
    if (for_key != NULL)
        return for_key;
    return is_own(svc, cert) ? NULL : for_all;
}

/* ---- whose turn it is ---- */

static void leave(struct asked *a)
{
    if (a->line == NULL)
        return;
    *(a->before != NULL ? &a->before->behind : &a->line->first) = a->behind;
    *(a->behind != NULL ? &a->behind->before : &a->line->last) = a->before;
    a->before = a->behind = NULL;
    a->line = NULL;
}

static void join(struct asked *a, struct line *line)
{
    leave(a);
    a->line = line;
    a->before = line->last;
    *(line->last != NULL ? &line->last->behind : &line->first) = a;
    line->last = a;
}

/* What a phone waits for goes first; but one turn in four is for the others, so that whoever is
 * registered is asked about however many come. */
static struct asked *next_of(struct responder *r)
{
    r->turns++;
    bool is_for_others = r->wanted.first == NULL || r->turns % 4 == 0;
    return is_for_others && r->due.first != NULL ? r->due.first : r->wanted.first;
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
    leave(a);
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
                         struct rf_cert *issuer, struct responder *r)
{
    struct asked **bucket = bucket_of(svc, cert);
    struct asked *a = rf_new(struct asked);
    struct rf_rd rd = rf_rd_of(rf_cert_sha256(cert));
    a->cert = rf_cert_ref(cert);
    a->issuer = rf_cert_ref(issuer);
    a->responder = r;
    a->answer.status = RF_OCSP_UNKNOWN;
    snprintf(a->answer.code, sizeof a->answer.code, "ocsp-asked");
    rf_bug_on(!rf_rd_copy(&rd, a->answer.sha256, sizeof a->answer.sha256));
    a->next = *bucket;
    *bucket = a;
    svc->n_asked++;
    return a;
}

/* The authority has another certificate now. */
static void change_issuer(struct asked *a, struct rf_cert *issuer, struct responder *r)
{
    leave(a);
    rf_cert_unref(a->issuer);
    a->issuer = rf_cert_ref(issuer);
    a->responder = r;
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

static void keep_answer(struct rf_revocation_service *svc, const struct asked *a)
{
    struct rf_why why = {0};
    if (rf_revocation_answer(svc->known, &a->answer, &why) != RF_OK)
        rf_error(RF_CAT_TRUST, "a responder's answer is not kept: %s code=%s", why.text, why.code);
}

static void note_failure(struct rf_revocation_service *svc, struct asked *a, int64_t now_s)
{
    if (still_counts(a, now_s))
        return;
    a->answer.status = RF_OCSP_UNKNOWN;
    snprintf(a->answer.code, sizeof a->answer.code, "ocsp-failed");
    keep_answer(svc, a);
}

static void take_answer(struct rf_revocation_service *svc, struct asked *a, const struct ask_job *j)
{
    bool was_revoked = a->answer.status == RF_OCSP_REVOKED;
    if (j->err != RF_OK) {
        note_failure(svc, a, j->now_s);
        return;
    }
    a->answer.status = j->said.status;
    a->answer.until_s = j->said.until_s;
    snprintf(a->answer.code, sizeof a->answer.code, "%s",
             j->said.status == RF_OCSP_UNKNOWN ? "ocsp-unknown" : "");
    keep_answer(svc, a);
    if (a->answer.status == RF_OCSP_REVOKED && !was_revoked)
        tell_revoked(svc, a, j);
}

/* Again after revocation_check_s, before the answer is over, and soon where there was none. */
static uint64_t next_due_ms(const struct rf_revocation_service *svc, const struct asked *a,
                            bool has_failed)
{
    bool is_soon = has_failed || a->answer.status == RF_OCSP_UNKNOWN;
    bool ends = !has_failed && a->answer.status == RF_OCSP_GOOD;
    int64_t left_s = ends ? a->answer.until_s - revocation_now(svc) : INT64_MAX;
    return revocation_now_ms(svc) + revocation_wait_ms(svc, is_soon, left_s);
}

/* Where nobody answers, whoever stands in line would only wait in vain, one after the other: they
 * keep their places, and what was said of them before is what is known. */
static void note_silence(struct rf_revocation_service *svc, struct responder *r, bool is_silent)
{
    bool was_silent = r->is_silent;
    r->is_silent = is_silent;
    r->again_ms = revocation_now_ms(svc) + revocation_wait_ms(svc, true, INT64_MAX);
    for (struct asked *a = r->wanted.first; is_silent && !was_silent && a != NULL; a = a->behind)
        note_failure(svc, a, revocation_now(svc));
    for (struct asked *a = r->due.first; is_silent && !was_silent && a != NULL; a = a->behind)
        note_failure(svc, a, revocation_now(svc));
}

static void job_free(struct ask_job *j)
{
    rf_cert_unref(j->cert);
    rf_cert_unref(j->issuer);
    rf_cert_list_fini(&j->named);
    rf_free(j);
}

static void ask_more(struct rf_revocation_service *svc);

static void ask_done(struct rf_job *job, void *reader)
{
    struct ask_job *j = (struct ask_job *)job;
    struct rf_revocation_service *svc = j->svc;
    if (reader == NULL) {
        job_free(j);
        return;
    }
    struct asked *a = find(svc, j->cert);
    j->asker->is_busy = false;
    if (a != NULL)
        a->is_asking = false;
    if (j->generation == svc->generation) {
        struct responder *r = j->responder;
        r->n_asking--;
        revocation_note_url(svc, &r->state, r->url, "ocsp-failed", &j->why);
        note_silence(svc, r, j->is_silent);
        if (a != NULL) {
            take_answer(svc, a, j);
            a->due_ms = next_due_ms(svc, a, j->err != RF_OK);
        }
    }
    job_free(j);
    ask_more(svc);
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
    j->is_silent = err != RF_OK;
    if (err == RF_OK && answer->status != 200)
        return rf_why_set(&j->why, RF_ERR_DENIED, "http-status", "the responder answers with %d",
                          answer->status);
    return err;
}

/* An asker. */
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

static void ask(struct rf_revocation_service *svc, struct asker *asker, struct asked *a)
{
    struct ask_job *j = rf_new(struct ask_job);
    struct responder *r = a->responder;
    j->job = (struct rf_job){
        .work = ask_work, .done = ask_done, .answer_to = rf_loop_mailbox(svc->conf.loop)};
    j->svc = svc;
    j->generation = svc->generation;
    j->responder = r;
    j->asker = asker;
    j->at = r->at;
    j->cert = rf_cert_ref(a->cert);
    j->issuer = rf_cert_ref(a->issuer);
    for (size_t i = 0; i < svc->named.n; i++)
        rf_bug_on(!rf_cert_list_add(&j->named, svc->named.cert[i]));
    leave(a);
    a->is_asking = true;
    a->is_wanted = false;
    r->n_asking++;
    asker->is_busy = true;
    rf_bug_on(rf_worker_post(asker->worker, &j->job) != RF_OK); /* it had nothing to do */
}

static size_t share_of_each(const struct rf_revocation_service *svc)
{
    size_t n = svc->n_responders > 0 ? ASKERS_MAX / svc->n_responders : 0;
    return n < ASKING_EACH ? n : ASKING_EACH;
}

static struct asker *idle_asker(struct rf_revocation_service *svc)
{
    for (size_t i = 0; i < svc->n_askers; i++)
        if (!svc->askers[i].is_busy)
            return &svc->askers[i];
    return NULL;
}

static bool may_be_asked(const struct rf_revocation_service *svc, const struct responder *r)
{
    if (r->is_silent)
        return r->n_asking == 0 && r->again_ms <= revocation_now_ms(svc);
    return r->n_asking < share_of_each(svc);
}

static void ask_more(struct rf_revocation_service *svc)
{
    for (size_t i = 0; svc->mode != RF_REVOCATION_OFF && i < svc->n_responders; i++) {
        struct responder *r = &svc->responders[i];
        while (may_be_asked(svc, r)) {
            struct asker *asker = idle_asker(svc); /* NULL: they ask former responders still */
            struct asked *a = next_of(r);
            if (asker == NULL || a == NULL)
                break;
            ask(svc, asker, a);
        }
    }
}

static void stand_in_line(struct rf_revocation_service *svc, struct asked *a)
{
    struct responder *r = a->responder;
    struct line *line = a->is_wanted ? &r->wanted : &r->due;
    if (a->is_asking || a->line == line)
        return;
    join(a, line);
    if (r->is_silent)
        note_failure(svc, a, revocation_now(svc));
}

/* A round of all: what is due gets in line, what is over is forgotten. */
void ocsp_tick(struct rf_revocation_service *svc)
{
    int64_t now_s = revocation_now(svc);
    uint64_t now_ms = revocation_now_ms(svc);
    for (size_t i = 0; i < ASKED_BUCKETS; i++)
        for (struct asked **at = &svc->asked[i]; *at != NULL;) {
            struct asked *a = *at;
            bool is_over = a->responder == NULL || now_s > rf_cert_not_after(a->cert) ||
                           now_ms - a->wanted_ms > FORGOTTEN_MS;
            if (is_over && !a->is_asking) {
                drop(svc, at);
                continue;
            }
            if (a->responder != NULL && a->due_ms <= now_ms)
                stand_in_line(svc, a);
            at = &a->next;
        }
    ask_more(svc);
}

void ocsp_renew(struct rf_revocation_service *svc)
{
    while (svc->n_askers < svc->n_responders * share_of_each(svc))
        svc->askers[svc->n_askers++].worker = rf_worker_start("ocsp", 1, NULL);
    for (size_t i = 0; i < ASKED_BUCKETS; i++)
        for (struct asked *a = svc->asked[i]; a != NULL; a = a->next) {
            a->before = a->behind = NULL; /* the lines were those of former responders */
            a->line = NULL;
            a->due_ms = 0;
            a->responder = responder_of(svc, a->cert, a->issuer);
        }
    ocsp_tick(svc);
}

void ocsp_stop(struct rf_revocation_service *svc)
{
    for (size_t i = 0; i < svc->n_askers; i++)
        rf_worker_stop(svc->askers[i].worker);
    svc->n_askers = 0;
}

/* Whoever comes again and again is not asked about more often than once in WANTED_MS. */
void ocsp_want(struct rf_revocation_service *svc, struct rf_cert *cert, struct rf_cert *issuer)
{
    uint64_t now_ms = revocation_now_ms(svc);
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
        a = add(svc, cert, issuer, r);
    else if (!rf_cert_eq(a->issuer, issuer))
        change_issuer(a, issuer, r);
    a->wanted_ms = now_ms;
    a->is_wanted = true;
    if (a->due_ms > now_ms + WANTED_MS)
        a->due_ms = now_ms + WANTED_MS;
    if (a->responder != NULL && a->due_ms <= now_ms)
        stand_in_line(svc, a);
    ask_more(svc);
}
