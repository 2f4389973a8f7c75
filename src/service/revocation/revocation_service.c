/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "service/revocation/revocation_int.h"

/* ---- telling ---- */

int64_t revocation_now(const struct rf_revocation_service *svc)
{
    return rf_wall_s(rf_loop_clock(svc->conf.loop));
}

uint64_t revocation_now_ms(const struct rf_revocation_service *svc)
{
    return rf_now_ms(rf_loop_clock(svc->conf.loop));
}

uint64_t revocation_wait_ms(const struct rf_revocation_service *svc, bool is_soon, int64_t left_s)
{
    int64_t wait_s = is_soon && svc->every_s > AGAIN_S ? AGAIN_S : svc->every_s;
    if (left_s - AGAIN_S < wait_s)
        wait_s = left_s - AGAIN_S;
    return wait_s > 0 ? (uint64_t)wait_s * 1000 : 1000;
}

void revocation_event(struct rf_revocation_service *svc, bool is_bad, const char *code,
                      const char *fmt, ...)
{
    char text[RF_WHY_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (is_bad)
        rf_warn(RF_CAT_TRUST, "%s code=%s", text, code);
    else
        rf_info(RF_CAT_TRUST, "%s code=%s", text, code);
    svc->conf.on_event(svc->conf.arg, is_bad, code, text);
}

void revocation_note_url(struct rf_revocation_service *svc, struct url_state *state,
                         const char *url, const char *event, const struct rf_why *why)
{
    bool was_good = state->code[0] == '\0';
    bool is_new = strcmp(state->code, why->code) != 0;
    snprintf(state->code, sizeof state->code, "%s", why->code);
    snprintf(state->text, sizeof state->text, "%s", why->text);
    if (why->code[0] == '\0') {
        state->last_s = revocation_now(svc);
        if (!was_good)
            revocation_event(svc, false, "revocation-source", "%.120s gives answers again", url);
    } else if (is_new) {
        revocation_event(svc, true, event, "%.80s: %.150s (%s)", url, why->text, why->code);
    }
}

/* ---- what path checks hand on, on whatever thread ---- */

struct want {
    struct rf_msg msg;
    struct rf_revocation_service *svc;
    struct rf_cert *cert;
    struct rf_cert *issuer; /* NULL: a doubt */
    struct rf_why why;
};

static void want_run(struct rf_msg *msg, void *reader)
{
    struct want *w = (struct want *)msg;
    struct rf_revocation_service *svc = w->svc;
    if (reader != NULL) {
        atomic_fetch_sub(&svc->waiting, 1);
        if (w->issuer != NULL)
            ocsp_want(svc, w->cert, w->issuer);
        else if (rf_log_allows(&svc->doubts, DOUBTS_A_MINUTE,
                               rf_now_ms(rf_loop_clock(svc->conf.loop))))
            revocation_event(svc, true, "revocation-unknown", "let in: %.220s (%s)", w->why.text,
                             w->why.code);
    }
    rf_cert_unref(w->cert);
    rf_cert_unref(w->issuer);
    rf_free(w);
}

static struct rf_cert *shared(const struct rf_cert *cert)
{
    return rf_cert_ref((struct rf_cert *)(uintptr_t)cert); /* a count, not a change */
}

static void hand_on(struct rf_revocation_service *svc, const struct rf_cert *cert,
                    const struct rf_cert *issuer, const struct rf_why *why)
{
    if (atomic_fetch_add(&svc->waiting, 1) >= WAITING_MAX) {
        atomic_fetch_sub(&svc->waiting, 1);
        return;
    }
    struct want *w = rf_new(struct want);
    w->msg.run = want_run;
    w->svc = svc;
    w->cert = shared(cert);
    w->issuer = issuer != NULL ? shared(issuer) : NULL;
    if (why != NULL)
        w->why = *why;
    rf_mailbox_post_answer(rf_loop_mailbox(svc->conf.loop), &w->msg);
}

static void on_ask(void *arg, const struct rf_cert *cert, const struct rf_cert *issuer)
{
    hand_on(arg, cert, issuer, NULL);
}

static void on_doubt(void *arg, const struct rf_cert *cert, const struct rf_why *why)
{
    hand_on(arg, cert, NULL, why);
}

static const struct rf_revocation_ops ops = {.ask = on_ask, .doubt = on_doubt};

/* ---- lists in use ---- */

/* The issuer that a responder is for, as it is named and as it has been renewed. */
static enum rf_err add_issuers(struct rf_buf *asked, const struct rf_crl_book *book,
                               const struct responder *r)
{
    struct rf_slice named = rf_slice_of(r->issuer, sizeof r->issuer);
    enum rf_err err = rf_buf_add_slice(asked, named);
    for (size_t i = 0; err == RF_OK && i < book->n_issuers; i++)
        if (rf_crl_book_is_issuer(book, named, book->issuers[i]))
            err = rf_buf_add_slice(asked, rf_cert_sha256(book->issuers[i]));
    return err;
}

static enum rf_err set_known(struct rf_revocation_service *svc, enum rf_revocation_mode mode,
                             const struct rf_crl_book *book, const struct responder *responders,
                             size_t n_responders, struct rf_why *why)
{
    struct rf_crl **crls = rf_new_n(struct rf_crl *, RF_REVOCATION_CRLS_MAX);
    RF_AUTO(rf_buf_fini)
    struct rf_buf asked = RF_BUF((size_t)RF_SITE_URLS_MAX * (1 + RF_CRL_ISSUERS_MAX) * 32);
    struct rf_revocation_conf conf = {
        .mode = mode, .crls = crls, .own_issuer = rf_cert_subject_der(svc->own)};
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < book->n; i++)
        if (book->held[i].is_used)
            crls[conf.n_crls++] = book->held[i].crl;
    for (size_t i = 0; i < n_responders && err == RF_OK; i++) {
        conf.asks_all = conf.asks_all || responders[i].is_for_all;
        if (!responders[i].is_for_all)
            err = add_issuers(&asked, book, &responders[i]);
    }
    conf.asked_issuers = rf_buf_slice(&asked);
    if (err == RF_OK)
        err = rf_revocation_set(svc->known, &conf, why);
    rf_free(crls);
    return err;
}

/* Each issuer's list that is another than before, and each file that does not count. */
static void tell_changes(struct rf_revocation_service *svc, const struct rf_crl_book *before,
                         const struct rf_crl_book *now)
{
    char until[32];
    for (size_t i = 0; i < now->n; i++) {
        const struct rf_crl_held *h = &now->held[i];
        const struct rf_crl_held *old = NULL;
        for (size_t k = 0; before != NULL && k < before->n; k++)
            if (strcmp(before->held[k].file, h->file) == 0)
                old = &before->held[k];
        bool is_same = old != NULL && strcmp(old->why.code, h->why.code) == 0 &&
                       (h->crl == NULL) == (old->crl == NULL) &&
                       (h->crl == NULL || rf_crl_eq(old->crl, h->crl));
        if (is_same)
            continue;
        if (h->why.code[0] != '\0')
            revocation_event(svc, true, "crl-refused", "trust/crl/%.70s: %.140s (%s)", h->file,
                             h->why.text, h->why.code);
        else
            revocation_event(svc, false, "crl-changed",
                             "list%s%s of %.120s: %zu certificates revoked, next update %s",
                             rf_crl_number(h->crl)[0] != '\0' ? " " : "", rf_crl_number(h->crl),
                             rf_crl_issuer(h->crl), rf_crl_n(h->crl),
                             rf_time_text(rf_crl_next_update(h->crl), until, sizeof until));
    }
}

static void use_book(struct rf_revocation_service *svc, struct rf_crl_book *take_book)
{
    tell_changes(svc, svc->book, take_book);
    rf_crl_book_free(svc->book);
    svc->book = take_book;
    svc->conf.on_changed(svc->conf.arg);
}

struct making {
    struct rf_job job;
    struct rf_revocation_service *svc;
    char *site_dir;
    bool allow_sha1;
    uint32_t number;
    struct rf_crl_book *book;
    struct rf_why why;
};

void *rf_revocation_service_begin(struct rf_revocation_service *svc)
{
    struct making *m = rf_new(struct making);
    m->svc = svc;
    m->site_dir = rf_strdup(svc->site_dir);
    m->allow_sha1 = svc->allow_sha1;
    m->number = ++svc->begun;
    return m;
}

enum rf_err rf_revocation_service_make(void *making, struct rf_why *why)
{
    struct making *m = making;
    return rf_crl_book_load(m->site_dir, rf_wall_s(rf_clock_real()), m->allow_sha1, &m->book, why);
}

static void making_free(struct making *m)
{
    rf_crl_book_free(m->book);
    rf_free(m->site_dir);
    rf_free(m);
}

void rf_revocation_service_drop(void *take_making)
{
    making_free(take_making);
}

/* One that was begun later knows more. */
void rf_revocation_service_use(void *take_making)
{
    struct making *m = take_making;
    struct rf_revocation_service *svc = m->svc;
    struct rf_why why = {0};
    if (m->book != NULL && m->number > svc->used) {
        svc->used = m->number;
        if (set_known(svc, svc->mode, m->book, svc->responders, svc->n_responders, &why) == RF_OK)
            use_book(svc, rf_steal(&m->book));
        else
            revocation_event(svc, true, "crl-refused", "lists as before: %s (%s)", why.text,
                             why.code);
    }
    making_free(m);
}

static void load_work(struct rf_job *job, void *state)
{
    struct making *m = (struct making *)job;
    (void)state;
    if (rf_revocation_service_make(m, &m->why) != RF_OK)
        rf_error(RF_CAT_TRUST, "lists of revoked certificates as before: %s code=%s", m->why.text,
                 m->why.code);
}

static void load_done(struct rf_job *job, void *reader)
{
    if (reader != NULL)
        rf_revocation_service_use(job);
    else
        making_free((struct making *)job);
}

static void load_again(struct rf_revocation_service *svc)
{
    struct making *m = rf_revocation_service_begin(svc);
    m->job = (struct rf_job){
        .work = load_work, .done = load_done, .answer_to = rf_loop_mailbox(svc->conf.loop)};
    if (rf_worker_post(svc->crl_worker, &m->job) != RF_OK)
        making_free(m);
}

/* ---- fetching lists ---- */

struct fetch {
    struct rf_job job;
    struct rf_revocation_service *svc;
    uint32_t generation;
    size_t source;
    struct rf_http_url at;
    char *site_dir;
    bool allow_sha1;
    enum rf_err err; /* RF_ERR_EXISTS: as before */
    int64_t next_update;
    struct rf_why why;
};

static enum rf_err get(struct fetch *f, struct rf_http_answer *answer)
{
    const struct rf_http_call call = {.host = f->at.host,
                                      .port = f->at.port,
                                      .cancel = &f->svc->is_stopping,
                                      .method = RF_HTTP_GET,
                                      .target = f->at.target,
                                      .timeout_ms = FETCH_MS,
                                      .answer_max = RF_CRL_BYTES_MAX};
    enum rf_err err = rf_http_request(&call, answer, &f->why);
    if (err == RF_OK && answer->status != 200)
        return rf_why_set(&f->why, RF_ERR_DENIED, "http-status", "the server answers with %d",
                          answer->status);
    return err;
}

/* The crl worker. */
static void fetch_work(struct rf_job *job, void *state)
{
    struct fetch *f = (struct fetch *)job;
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = NULL;
    RF_AUTO(rf_crl_freep) struct rf_crl *crl = NULL;
    struct rf_http_answer answer = {.status = 0};
    (void)state;
    f->err = get(f, &answer);
    if (f->err == RF_OK)
        f->err = rf_crl_book_load(f->site_dir, rf_wall_s(rf_clock_real()), f->allow_sha1, &book,
                                  &f->why);
    if (f->err == RF_OK)
        f->err = rf_crl_book_put(book, f->site_dir, rf_buf_slice(&answer.body), NULL, &f->why);
    bool counts = f->err == RF_OK || f->err == RF_ERR_EXISTS;
    if (counts && rf_crl_parse(rf_buf_slice(&answer.body), &crl, NULL) == RF_OK)
        f->next_update = rf_crl_next_update(crl);
    rf_http_answer_fini(&answer);
}

static void fetch_free(struct fetch *f)
{
    rf_free(f->site_dir);
    rf_free(f);
}

/* Again after revocation_check_s, and before the list is over. */
static uint64_t fetch_due_ms(const struct rf_revocation_service *svc, const struct fetch *f)
{
    bool counts = f->err == RF_OK || f->err == RF_ERR_EXISTS;
    int64_t left_s = counts ? f->next_update - revocation_now(svc) : INT64_MAX;
    return revocation_now_ms(svc) + revocation_wait_ms(svc, !counts, left_s);
}

static void fetch_done(struct rf_job *job, void *reader)
{
    struct fetch *f = (struct fetch *)job;
    struct rf_revocation_service *svc = f->svc;
    if (reader != NULL && f->generation == svc->generation) {
        struct crl_source *source = &svc->sources[f->source];
        const struct rf_why none = {.code = ""};
        source->is_fetching = false;
        source->due_ms = fetch_due_ms(svc, f);
        revocation_note_url(svc, &source->state, source->url, "crl-fetch-failed",
                            f->err == RF_ERR_EXISTS ? &none : &f->why);
    }
    if (reader != NULL && f->err == RF_OK)
        load_again(svc);
    fetch_free(f);
}

static void fetch(struct rf_revocation_service *svc, size_t i)
{
    struct crl_source *source = &svc->sources[i];
    struct fetch *f = rf_new(struct fetch);
    f->job = (struct rf_job){
        .work = fetch_work, .done = fetch_done, .answer_to = rf_loop_mailbox(svc->conf.loop)};
    f->svc = svc;
    f->generation = svc->generation;
    f->source = i;
    f->at = source->at;
    f->site_dir = rf_strdup(svc->site_dir);
    f->allow_sha1 = svc->allow_sha1;
    source->is_fetching = rf_worker_post(svc->crl_worker, &f->job) == RF_OK;
    if (!source->is_fetching)
        fetch_free(f);
}

/* One that counted when it was taken up, and is too old by now: said once. */
static void tell_old(struct rf_revocation_service *svc, int64_t now_s)
{
    for (size_t i = 0; svc->book != NULL && i < svc->book->n; i++) {
        struct rf_crl_held *h = &svc->book->held[i];
        if (!h->is_used || h->why.code[0] != '\0' || now_s <= rf_crl_next_update(h->crl))
            continue;
        (void)rf_why_set(&h->why, RF_ERR_DENIED, "crl-expired", "it is too old: fetch a newer one");
        revocation_event(svc, true, "crl-expired",
                         "the list of %.120s is too old: `ringfence crl fetch`, or bring a newer "
                         "one in",
                         rf_crl_issuer(h->crl));
    }
}

static void on_tick(void *owner, uint64_t number)
{
    struct rf_revocation_service *svc = owner;
    uint64_t now_ms = revocation_now_ms(svc);
    (void)number;
    bool is_on = svc->mode != RF_REVOCATION_OFF;
    for (size_t i = 0; is_on && i < svc->n_sources; i++)
        if (!svc->sources[i].is_fetching && svc->sources[i].due_ms <= now_ms)
            fetch(svc, i);
    if (is_on) {
        tell_old(svc, revocation_now(svc));
        ocsp_tick(svc);
    }
    svc->tick = rf_timer_start(rf_loop_timers(svc->conf.loop), TICK_MS, on_tick, svc, 0);
}

/* ---- settings ---- */

static void urls_free(struct crl_source *sources, size_t n_sources, struct responder *responders,
                      size_t n_responders)
{
    for (size_t i = 0; i < n_sources; i++)
        rf_free(sources[i].url);
    for (size_t i = 0; i < n_responders; i++)
        rf_free(responders[i].url);
}

static size_t read_sources(const char *text, struct crl_source out[RF_SITE_URLS_MAX])
{
    struct rf_slice rest = rf_slice_str(text), one;
    size_t n = 0;
    while (rest.len > 0 && n < RF_SITE_URLS_MAX && rf_next_piece(&rest, ' ', &one)) {
        char *url = rf_strf("%.*s", (int)one.len, (const char *)one.p);
        if (rf_http_url_parse(url, &out[n].at))
            out[n++].url = rf_steal(&url);
        rf_free(url);
    }
    return n;
}

static size_t read_responders(const char *text, struct responder out[RF_SITE_URLS_MAX])
{
    struct rf_slice rest = rf_slice_str(text), one;
    size_t n = 0;
    while (rest.len > 0 && n < RF_SITE_URLS_MAX && rf_next_piece(&rest, ' ', &one)) {
        struct responder *r = &out[n];
        size_t got = 0;
        r->is_for_all =
            rf_unhex(rf_slice_part(one, 0, 64), r->issuer, sizeof r->issuer, &got) != RF_OK ||
            got != sizeof r->issuer;
        struct rf_slice at = r->is_for_all ? one : rf_slice_part(one, 65, SIZE_MAX);
        char *url = rf_strf("%.*s", (int)at.len, (const char *)at.p);
        if (rf_http_url_parse(url, &r->at)) {
            r->url = rf_steal(&url);
            n++;
        }
        rf_free(url);
    }
    return n;
}

static enum rf_err add_named(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    if (!rf_cert_list_add(arg, cert))
        return rf_why_set(why, RF_ERR_LIMIT, "cert-count",
                          "more than %d certificates in trust/ocsp: `ringfence ocsp remove` takes "
                          "one away",
                          RF_CERT_LIST_MAX);
    return RF_OK;
}

static enum rf_err load_named(const struct rf_revocation_service *svc, struct rf_cert_list *out,
                              struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(svc->site_dir, RF_SITE_RESPONDERS);
    return rf_certs_each_in_dir(folder, add_named, out, why);
}

static enum rf_revocation_mode mode_of(const struct rf_site_conf *conf)
{
    switch ((enum rf_site_revocation)conf->revocation) {
    case RF_SITE_REVOCATION_OFF:
        return RF_REVOCATION_OFF;
    case RF_SITE_REVOCATION_LENIENT:
        return RF_REVOCATION_LENIENT;
    case RF_SITE_REVOCATION_STRICT:
        break;
    }
    return RF_REVOCATION_STRICT;
}

/* What is new of the settings; what is old is freed with it. */
struct fresh {
    struct crl_source sources[RF_SITE_URLS_MAX];
    size_t n_sources;
    struct responder responders[RF_SITE_URLS_MAX];
    size_t n_responders;
    struct rf_cert_list named;
    struct rf_crl_book *book;
};

static void fresh_free(struct fresh *f)
{
    urls_free(f->sources, f->n_sources, f->responders, f->n_responders);
    rf_cert_list_fini(&f->named);
    rf_crl_book_free(f->book);
    rf_free(f);
}

/* What is known of a URL that stays. */
static void keep_states(const struct rf_revocation_service *svc, struct fresh *f)
{
    for (size_t i = 0; i < f->n_sources; i++)
        for (size_t k = 0; k < svc->n_sources; k++)
            if (strcmp(f->sources[i].url, svc->sources[k].url) == 0)
                f->sources[i].state = svc->sources[k].state;
    for (size_t i = 0; i < f->n_responders; i++)
        for (size_t k = 0; k < svc->n_responders; k++)
            if (strcmp(f->responders[i].url, svc->responders[k].url) == 0)
                f->responders[i].state = svc->responders[k].state;
}

static void take_settings(struct rf_revocation_service *svc, struct fresh *f,
                          const struct rf_site_conf *conf)
{
    keep_states(svc, f);
    urls_free(svc->sources, svc->n_sources, svc->responders, svc->n_responders);
    rf_cert_list_fini(&svc->named);
    memcpy(svc->sources, f->sources, sizeof svc->sources);
    memcpy(svc->responders, f->responders, sizeof svc->responders);
    svc->n_sources = f->n_sources;
    svc->n_responders = f->n_responders;
    svc->named = f->named;
    f->n_sources = f->n_responders = f->named.n = 0;
    svc->mode = mode_of(conf);
    svc->every_s = conf->revocation_check_s;
    svc->allow_sha1 = conf->capf_sha1_certs;
    svc->generation++;
    svc->used = ++svc->begun;
    use_book(svc, rf_steal(&f->book));
    ocsp_renew(svc);
}

enum rf_err rf_revocation_service_set(struct rf_revocation_service *svc,
                                      const struct rf_site_conf *conf, struct rf_why *why)
{
    struct fresh *f = rf_new(struct fresh);
    f->n_sources = read_sources(conf->crl_url, f->sources);
    f->n_responders = read_responders(conf->ocsp_url, f->responders);
    enum rf_err err = load_named(svc, &f->named, why);
    if (err == RF_OK)
        err = rf_crl_book_load(svc->site_dir, revocation_now(svc), conf->capf_sha1_certs, &f->book,
                               why);
    if (err == RF_OK)
        err = set_known(svc, mode_of(conf), f->book, f->responders, f->n_responders, why);
    if (err == RF_OK)
        take_settings(svc, f, conf);
    fresh_free(f);
    return err;
}

/* ---- life ---- */

void rf_revocation_service_new(const struct rf_revocation_service_conf *conf,
                               struct rf_revocation_service **out)
{
    struct rf_revocation_service *svc = rf_new(struct rf_revocation_service);
    svc->conf = *conf;
    svc->site_dir = rf_strdup(conf->site_dir);
    svc->own = shared(conf->own);
    svc->every_s = AGAIN_S;
    svc->known = rf_revocation_new(&ops, svc);
    svc->crl_worker = rf_worker_start("crl", RF_SITE_URLS_MAX * 4, NULL);
    svc->tick = rf_timer_start(rf_loop_timers(conf->loop), TICK_MS, on_tick, svc, 0);
    *out = svc;
}

void rf_revocation_service_stop(struct rf_revocation_service *svc)
{
    if (svc == NULL)
        return;
    atomic_store(&svc->is_stopping, true);
    rf_worker_stop(svc->crl_worker);
    svc->crl_worker = NULL;
    ocsp_stop(svc);
}

void rf_revocation_service_free(struct rf_revocation_service *svc)
{
    if (svc == NULL)
        return;
    rf_revocation_service_stop(svc);
    ocsp_free(svc);
    rf_crl_book_free(svc->book);
    urls_free(svc->sources, svc->n_sources, svc->responders, svc->n_responders);
    rf_cert_list_fini(&svc->named);
    rf_revocation_free(svc->known);
    rf_cert_unref(svc->own);
    rf_free(svc->site_dir);
    rf_free(svc);
}

struct rf_revocation *rf_revocation_service_known(struct rf_revocation_service *svc)
{
    return svc->known;
}
