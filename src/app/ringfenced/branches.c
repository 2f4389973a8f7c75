/* SPDX-License-Identifier: Apache-2.0 */
/* The survivable routers of branches, as their centre has them: the listener they come to, what
 * each is told (the site's list, a signed snapshot of the phones that use it), and what each tells
 * (how it is, records of its calls).
 *
 * What a snapshot says is looked up on the store worker whenever the database has changed or a
 * router came; one that says something new is signed on the signer worker. doc: docs/srst.md */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/log.h"
#include "service/site/families.h"
#include "service/srst/branch_centre.h"
#include "service/srst/gather.h"
#include "store/store_srst.h"
#include "trust/sigfile.h"

#define TICK_MS       2000
#define WRITE_MIN_MS  1000  /* between two that are another state */
#define SEEN_EVERY_MS 60000 /* what did not change is written so often */
#define AWAY_MS       30000 /* without a link for so long, it is called unreachable */
#define EVENTS_A_MIN  10
/* A snapshot that a router does not say it has is sent again, later each time. */
#define RESEND_MS      30000
#define RESEND_MAX_MS  600000
#define STUCK_EVERY_MS 600000

/** A reference, and what is known of its router. */
struct branch {
    char name[RF_STORE_SRST_NAME];
    char host[RF_STORE_SRST_HOST];
    uint8_t cert[RF_STORE_SRST_DER_MAX];
    size_t cert_len;
    char subject[256];
    enum rf_store_srst_state state; /* as it was written last */
    uint32_t phones;
    enum rf_store_srst_state heard; /* and as it was heard since; written by the tick */
    uint32_t heard_phones;
    bool has_heard;
    uint64_t written_ms;
    uint64_t gone_ms; /* when its link went, or we began */
    uint64_t sent;    /* serial of the snapshot that it has, or was sent */
    uint64_t sent_ms;
    uint64_t resend_ms;
    char unmade[RF_WHY_CODE_MAX]; /* why there was no snapshot the last time */
    uint8_t list[32];             /* SHA-256 of the list that this link was sent; zero: none */
    uint64_t told_stuck;          /* ms */
};

struct branches {
    struct server *s;
    struct rf_branch_centre *centre;
    struct branch *items;
    size_t n;
    uint64_t generation; /* of the database, that was looked at last */
    bool is_looking;
    bool is_stale; /* a router came: whatever the generation says */
    rf_timer_id tick;
    struct rf_log_limit refusals;
};

/* ---- what was heard ---- */

struct seen {
    struct rf_job job;
    char name[RF_STORE_SRST_NAME];
    enum rf_store_srst_state state;
    uint32_t phones;
    int64_t now_s;
    struct rf_store_event event;
    enum rf_err err;
    struct rf_why why;
};

static void seen_work(struct rf_job *job, void *store)
{
    struct seen *w = (struct seen *)job;
    w->err =
        rf_store_srst_seen(store, w->name, w->state, w->phones, w->now_s, &w->event, NULL, &w->why);
}

static void seen_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    const struct seen *w = (const struct seen *)job;
    if ((w->err != RF_OK && w->err != RF_ERR_NOT_FOUND) || err != RF_OK)
        rf_warn(RF_CAT_STORE, "not written how a branch is: %s srst=%s",
                rf_why_text(err != RF_OK ? why : &w->why), w->name);
}

static void seen_done(struct rf_job *job, void *reader)
{
    rf_free((struct seen *)job);
}

static const struct {
    const char *code;
    enum rf_store_severity severity;
    const char *text;
} told[] = {
    [RF_STORE_SRST_NEVER_SEEN] = {"srst-never-seen", RF_STORE_INFO, "never seen"},
    [RF_STORE_SRST_NORMAL] = {"srst-normal", RF_STORE_INFO,
                              "its router answers, and no phone is there"},
    [RF_STORE_SRST_FALLBACK] = {"srst-fallback", RF_STORE_WARN, "phones are at its router"},
    [RF_STORE_SRST_UNREACHABLE] = {"srst-unreachable", RF_STORE_WARN,
                                   "its router is not heard any more: is the line there cut?"},
};

static uint64_t now_ms(const struct branches *b)
{
    return rf_now_ms(rf_loop_clock(b->s->loop));
}

static void write_seen(struct branches *b, struct branch *one, enum rf_store_srst_state state,
                       uint32_t phones)
{
    struct seen *w = rf_new(struct seen);
    int64_t now_s = rf_wall_s(rf_loop_clock(b->s->loop));
    w->job = (struct rf_job){
        .work = seen_work, .done = seen_done, .settled = seen_settled, .is_patient = true};
    w->state = state;
    w->phones = phones;
    w->now_s = now_s;
    snprintf(w->name, sizeof w->name, "%s", one->name);
    w->event = (struct rf_store_event){
        .time_s = now_s, .uid = -1, .severity = told[state].severity, .category = "srst"};
    snprintf(w->event.code, sizeof w->event.code, "%s", told[state].code);
    snprintf(w->event.text, sizeof w->event.text, "branch %s: %s, phones=%u", one->name,
             told[state].text, phones);
    if (rf_worker_post(b->s->store_worker, &w->job) != RF_OK) {
        rf_free(w); /* the next word of it does as well */
        return;
    }
    if (state != one->state)
        rf_info(RF_CAT_MAIN, "branch %s: %s phones=%u", one->name, told[state].text, phones);
    one->state = state;
    one->phones = phones;
    one->written_ms = now_ms(b);
}

static struct branch *find(struct branches *b, const char *name)
{
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->items[i].name, name) == 0)
            return &b->items[i];
    return NULL;
}

/* ---- what it is told ---- */

struct made {
    char name[RF_STORE_SRST_NAME];
    uint64_t serial;
    uint64_t held; /* that the router has or was sent */
    struct rf_buf body;
    struct rf_buf file;
    struct rf_why why; /* code empty: it is made */
};

/** A look at the database: the references, and the snapshots of those that are connected. */
struct look {
    struct rf_job job;
    struct branches *b;
    uint64_t generation;
    char *site;
    char *site_name;
    char *srtp_80_models;
    char *srtp_gcm_models;
    char *untrusted_models;
    struct rf_cert *lsc_issuer;
    uint32_t keepalive_s;
    uint32_t rsa_min;
    bool accepts_mics;
    int64_t now_s;
    struct made *made;
    size_t n_made;
    struct rf_store_srsts all;
    struct rf_buf list; /* empty: it could not be read */
    enum rf_err err;
    struct rf_why why;
};

static void look_free(struct look *l)
{
    for (size_t i = 0; i < l->n_made; i++) {
        rf_buf_fini(&l->made[i].body);
        rf_buf_fini(&l->made[i].file);
    }
    rf_free(l->made);
    rf_store_srsts_fini(&l->all);
    rf_buf_fini(&l->list);
    rf_cert_unref(l->lsc_issuer);
    rf_free(l->site);
    rf_free(l->site_name);
    rf_free(l->srtp_80_models);
    rf_free(l->srtp_gcm_models);
    rf_free(l->untrusted_models);
    rf_free(l);
}

static uint32_t suites_of(void *arg, const char *model)
{
    const struct look *l = arg;
    return device_suites(l->srtp_80_models, l->srtp_gcm_models, model);
}

static bool is_untrusted(void *arg, const char *model)
{
    const struct look *l = arg;
    return rf_family_model_listed(l->untrusted_models, model);
}

static enum rf_err make(struct look *l, struct rf_store *store, struct made *m, struct rf_why *why)
{
    struct rf_srst_spec spec = {.branch = m->name,
                                .site = l->site,
                                .site_name = l->site_name,
                                .lsc_issuer = l->lsc_issuer,
                                .keepalive_s = l->keepalive_s,
                                .rsa_min = l->rsa_min,
                                .accepts_mics = l->accepts_mics,
                                .now_s = l->now_s,
                                .suites = suites_of,
                                .is_untrusted = is_untrusted,
                                .arg = l};
    m->body = RF_BUF(RF_SRST_BODY_MAX);
    enum rf_err err = rf_srst_snapshot_make(store, &spec, &m->body, &m->serial, why);
    if (err != RF_OK || m->serial == m->held)
        rf_buf_fini(&m->body);
    return err;
}

static void look_work(struct rf_job *job, void *store)
{
    struct look *l = (struct look *)job;
    RF_AUTO(rf_freep) char *path = rf_site_list_path_in(l->site, false, "");
    struct rf_why unread = {0};
    l->err = rf_store_srst_list(store, &l->all, &l->why);
    if (l->n_made > 0 && rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &l->list, &unread) != RF_OK)
        rf_error(RF_CAT_MAIN, "routers are not sent the list: %s", rf_why_text(&unread));
    for (size_t i = 0; l->err == RF_OK && i < l->n_made; i++)
        if (make(l, store, &l->made[i], &l->made[i].why) == RF_OK)
            l->made[i].why = (struct rf_why){0};
}

/* ---- signing ---- */

static enum rf_err sign_one(struct made *m, struct rf_vault_key *key, const struct rf_cert *cert,
                            int64_t now_s, struct rf_why *why)
{
    char name[RF_SRST_FILE_NAME];
    rf_srst_file_name(m->name, name);
    m->file = RF_BUF(RF_SRST_FILE_MAX);
    struct rf_sigfile_spec spec = {.name = name,
                                   .digest = RF_DIGEST_SHA512,
                                   .timestamp = (uint32_t)now_s,
                                   .body = rf_buf_slice(&m->body)};
    return rf_sigfile_sign(key, cert, &spec, &m->file, why);
}

static void sign_work(struct rf_job *job, void *signer)
{
    struct look *l = (struct look *)job;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    l->err = rf_signer_key(signer, "tftp", &key, &cert, &l->why);
    for (size_t i = 0; l->err == RF_OK && i < l->n_made; i++)
        if (l->made[i].body.len > 0)
            l->err = sign_one(&l->made[i], key, cert, l->now_s, &l->why);
}

/* ---- sending ---- */

/* Once for each reason: it is tried again with every change. */
static void tell_unmade(struct branches *b, const struct made *m)
{
    struct branch *one = find(b, m->name);
    if (one == NULL || strcmp(one->unmade, m->why.code) == 0)
        return;
    memcpy(one->unmade, m->why.code, sizeof one->unmade);
    if (m->why.code[0] == '\0')
        return;
    rf_error(RF_CAT_MAIN, "no snapshot of branch %s: %s code=%s", m->name, m->why.text,
             m->why.code);
    event_of_server(b->s, RF_STORE_ERROR, m->why.code, "no snapshot of branch %s: %s", m->name,
                    m->why.text);
}

static void send_made(struct branches *b, const struct made *m)
{
    struct branch *one = find(b, m->name);
    struct rf_why why = {0};
    if (one == NULL || m->file.len == 0)
        return;
    if (rf_branch_centre_send_snapshot(b->centre, m->name, rf_buf_slice(&m->file), &why) != RF_OK) {
        rf_info(RF_CAT_MAIN, "snapshot not sent: %s srst=%s", rf_why_text(&why), m->name);
        return;
    }
    one->sent = m->serial;
    one->sent_ms = now_ms(b);
    rf_info(RF_CAT_MAIN, "snapshot sent serial=%llu bytes=%zu srst=%s",
            (unsigned long long)m->serial, m->file.len, m->name);
}

static void signed_done(struct rf_job *job, void *reader)
{
    struct look *l = (struct look *)job;
    struct branches *b = l->b;
    if (reader != NULL) {
        b->is_looking = false;
        if (l->err != RF_OK) {
            rf_error(RF_CAT_SIGNER, "snapshots of branches not signed: %s", rf_why_text(&l->why));
            b->is_stale = true; /* the next tick tries again */
        }
        for (size_t i = 0; l->err == RF_OK && i < l->n_made; i++)
            send_made(b, &l->made[i]);
    }
    look_free(l);
}

/* Before a snapshot, which may be signed by somebody who stands in the new list only. */
static void send_list(struct branches *b, const struct look *l, const char *name)
{
    struct branch *one = find(b, name);
    struct rf_why why = {0};
    uint8_t sha256[RF_DIGEST_MAX];
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&l->list), sha256);
    if (one == NULL || l->list.len == 0 ||
        rf_slice_eq(rf_slice_of(sha256, sizeof one->list),
                    rf_slice_of(one->list, sizeof one->list)))
        return;
    if (rf_branch_centre_send_list(b->centre, name, rf_buf_slice(&l->list), &why) == RF_OK)
        memcpy(one->list, sha256, sizeof one->list);
    else
        rf_info(RF_CAT_MAIN, "list not sent: %s srst=%s", rf_why_text(&why), name);
}

/* What was known of the routers stays with those that are still there. */
static void use_references(struct branches *b, const struct rf_store_srsts *all)
{
    struct branch *items = rf_new_n(struct branch, all->n + 1);
    for (size_t i = 0; i < all->n; i++) {
        const struct rf_store_srst *from = &all->items[i];
        const struct branch *before = find(b, from->name);
        struct branch *to = &items[i];
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        *to = before != NULL ? *before
                             : (struct branch){.state = from->state,
                                               .phones = from->phones,
                                               .gone_ms = now_ms(b)};
        snprintf(to->name, sizeof to->name, "%s", from->name);
        snprintf(to->host, sizeof to->host, "%s", from->host);
        memcpy(to->cert, from->cert, from->cert_len);
        to->cert_len = from->cert_len;
        if (rf_cert_from_der(rf_slice_of(from->cert, from->cert_len), &cert, NULL) == RF_OK)
            snprintf(to->subject, sizeof to->subject, "%s", rf_cert_subject(cert));
    }
    rf_free(b->items);
    b->items = items;
    b->n = all->n;
    rf_branch_centre_review(b->centre);
}

static bool has_bodies(const struct look *l)
{
    for (size_t i = 0; i < l->n_made; i++)
        if (l->made[i].body.len > 0)
            return true;
    return false;
}

static void look_done(struct rf_job *job, void *reader)
{
    struct look *l = (struct look *)job;
    struct branches *b = l->b;
    if (reader == NULL) {
        look_free(l);
        return;
    }
    if (l->err == RF_OK) {
        b->generation = l->generation;
        use_references(b, &l->all);
    } else {
        rf_warn(RF_CAT_MAIN, "branches not looked up: %s", rf_why_text(&l->why));
    }
    for (size_t i = 0; l->err == RF_OK && i < l->n_made; i++) {
        send_list(b, l, l->made[i].name);
        tell_unmade(b, &l->made[i]);
    }
    l->job = (struct rf_job){
        .work = sign_work, .done = signed_done, .answer_to = rf_loop_mailbox(b->s->loop)};
    if (l->err == RF_OK && has_bodies(l) && rf_worker_post(b->s->signer_worker, &l->job) == RF_OK)
        return;
    b->is_stale |= l->err != RF_OK || has_bodies(l);
    b->is_looking = false;
    look_free(l);
}

static void look_up(struct branches *b)
{
    struct server *s = b->s;
    const struct rf_site_conf *conf = s->site->conf;
    struct look *l = rf_new(struct look);
    l->job = (struct rf_job){
        .work = look_work, .done = look_done, .answer_to = rf_loop_mailbox(s->loop)};
    l->b = b;
    l->generation = rf_store_generation(s->store);
    l->site = rf_strdup(s->site->dir);
    l->site_name = rf_strdup(conf->name);
    l->srtp_80_models = rf_strdup(conf->srtp_80_models);
    l->srtp_gcm_models = rf_strdup(conf->srtp_gcm_models);
    l->untrusted_models = rf_strdup(conf->untrusted_models);
    l->lsc_issuer = rf_cert_ref(s->lsc_issuer);
    l->keepalive_s = conf->keepalive_s;
    l->rsa_min = conf->rsa_min;
    l->accepts_mics = conf->accept_mic_for_signalling;
    l->now_s = rf_wall_s(rf_loop_clock(s->loop));
    l->list = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    l->made = rf_new_n(struct made, b->n + 1);
    for (size_t i = 0; i < b->n; i++)
        if (rf_branch_centre_has(b->centre, b->items[i].name)) {
            struct made *m = &l->made[l->n_made++];
            snprintf(m->name, sizeof m->name, "%s", b->items[i].name);
            m->held = b->items[i].sent;
        }
    b->is_looking = rf_worker_post(s->store_worker, &l->job) == RF_OK;
    b->is_stale = !b->is_looking;
    if (!b->is_looking)
        look_free(l);
}

/* ---- the listener's news ---- */

static bool is_accepted(void *arg, const struct rf_cert *cert, const char *name)
{
    const struct branches *b = arg;
    for (size_t i = 0; i < b->n; i++)
        if ((name == NULL || strcmp(b->items[i].name, name) == 0) &&
            rf_slice_eq(rf_cert_der(cert), rf_slice_of(b->items[i].cert, b->items[i].cert_len)))
            return true;
    return false;
}

/* By what the certificate says of itself, or by where it came from. */
static const char *named_as(const struct branches *b, const struct rf_cert *cert, const char *host)
{
    for (size_t i = 0; cert != NULL && i < b->n; i++)
        if (strcmp(b->items[i].subject, rf_cert_subject(cert)) == 0 ||
            strcmp(b->items[i].host, host) == 0)
            return b->items[i].name;
    return NULL;
}

/* doc: docs/srst.md, "When the router's certificate changes": nothing changes until it is accepted
 */
static void refused(void *arg, const char *host, const struct rf_cert *cert,
                    const struct rf_why *why)
{
    struct branches *b = arg;
    /* One whose certificate is right was refused for something else. */
    bool is_right = cert != NULL && is_accepted(b, cert, NULL);
    const char *name = is_right ? NULL : named_as(b, cert, host);
    if (!rf_log_allows(&b->refusals, EVENTS_A_MIN, now_ms(b)))
        return;
    if (name != NULL)
        event_of_server(b->s, RF_STORE_WARN, "srst-certificate-changed",
                        "the router of branch %s has another certificate, %s: if that is right, "
                        "`ringfence srst update %s`; until then phones do not take it",
                        name, rf_cert_fingerprint(cert), name);
    else
        event_of_server(b->s, RF_STORE_WARN, why->code, "router refused: %.120s from=%.48s",
                        why->text, host);
}

static void hello(void *arg, const struct rf_branch_hello *hello, const char *host)
{
    struct branches *b = arg;
    struct branch *one = find(b, hello->name);
    (void)host;
    if (one == NULL)
        return;
    one->sent = hello->serial;
    one->resend_ms = RESEND_MS;
    memset(one->list, 0, sizeof one->list);
    b->is_stale = true;
    if (!b->is_looking)
        look_up(b);
}

/* doc: docs/srst.md, "When the site is not secure any more" */
static void look_for_stuck(struct branches *b, struct branch *one,
                           const struct rf_branch_state *state)
{
    if (b->s->site->conf->cluster != RF_SITE_CLUSTER_NONSECURE || state->secure_phones == 0 ||
        (one->told_stuck != 0 && now_ms(b) - one->told_stuck < STUCK_EVERY_MS))
        return;
    one->told_stuck = now_ms(b);
    event_of_server(b->s, RF_STORE_WARN, "srst-stuck",
                    "branch %s: %u phones registered securely at its router while this site is "
                    "not secure any more, and do not come back by themselves: `ringfence srst "
                    "release %s` has them start anew",
                    one->name, state->secure_phones, one->name);
}

static void state(void *arg, const char *name, const struct rf_branch_state *state)
{
    struct branches *b = arg;
    struct branch *one = find(b, name);
    if (one == NULL)
        return;
    enum rf_store_srst_state now =
        state->phones > 0 ? RF_STORE_SRST_FALLBACK : RF_STORE_SRST_NORMAL;
    look_for_stuck(b, one, state);
    if (state->serial >= one->sent) {
        one->resend_ms = RESEND_MS;
    } else if (now_ms(b) - one->sent_ms >= one->resend_ms) {
        one->resend_ms = one->resend_ms < RESEND_MAX_MS / 2 ? one->resend_ms * 2 : RESEND_MAX_MS;
        one->sent = state->serial;
        b->is_stale = true;
    }
    one->heard = now;
    one->heard_phones = state->phones;
    one->has_heard = true;
    if (now != one->state && now_ms(b) - one->written_ms >= WRITE_MIN_MS)
        write_seen(b, one, now, state->phones);
}

static void gone(void *arg, const char *name, const struct rf_why *why)
{
    struct branches *b = arg;
    struct branch *one = find(b, name);
    if (one == NULL)
        return;
    /* One that was silent has been away for as long already. */
    bool was_silent = strcmp(why->code, "branch-silent") == 0 && now_ms(b) > AWAY_MS;
    one->gone_ms = now_ms(b) - (was_silent ? AWAY_MS : 0);
}

/* ---- records ---- */

struct take {
    struct rf_job job;
    struct branches *b;
    char origin[RF_STORE_ORIGIN];
    int64_t id;
    struct rf_store_call record;
    enum rf_err err;
    struct rf_why why;
};

static void take_work(struct rf_job *job, void *store)
{
    struct take *t = (struct take *)job;
    t->err = rf_store_record_take_from(store, t->origin, t->id, &t->record, &t->why);
}

static void take_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    struct take *t = (struct take *)job;
    if (err == RF_OK || t->err == RF_ERR_BAD)
        return;
    t->err = err == RF_ERR_BAD || err == RF_ERR_EXISTS ? RF_ERR_IO : err;
    t->why = *why;
}

/* One that the database will never take is let go: else it would come for ever. */
static void take_done(struct rf_job *job, void *reader)
{
    struct take *t = (struct take *)job;
    bool is_done = t->err == RF_OK || t->err == RF_ERR_EXISTS || t->err == RF_ERR_BAD;
    if (t->err == RF_ERR_BAD)
        rf_error(RF_CAT_STORE, "record of a branch not kept: %s origin=%s id=%lld",
                 rf_why_text(&t->why), t->origin, (long long)t->id);
    if (reader != NULL && is_done)
        rf_branch_centre_kept(t->b->centre, t->origin, t->id);
    else if (reader != NULL)
        rf_branch_centre_not_kept(t->b->centre, t->origin, &t->why);
    rf_free(t);
}

static void record(void *arg, const char *name, const char *origin, int64_t id,
                   const struct rf_store_call *call)
{
    struct branches *b = arg;
    struct take *t = rf_new(struct take);
    (void)name;
    t->job = (struct rf_job){.work = take_work,
                             .done = take_done,
                             .answer_to = rf_loop_mailbox(b->s->loop),
                             .settled = take_settled,
                             .is_patient = true};
    t->b = b;
    t->id = id;
    t->record = *call;
    snprintf(t->origin, sizeof t->origin, "%s", origin);
    if (rf_worker_post(b->s->store_worker, &t->job) == RF_OK)
        return;
    struct rf_why busy = {0};
    rf_why_set(&busy, RF_ERR_AGAIN, "store-busy", "the database has too much to do");
    rf_branch_centre_not_kept(b->centre, t->origin, &busy);
    rf_free(t);
}

static const struct rf_branch_centre_ops ops = {.is_accepted = is_accepted,
                                                .refused = refused,
                                                .hello = hello,
                                                .state = state,
                                                .record = record,
                                                .gone = gone};

/* ---- begin and end ---- */

static void tick_due(void *owner, uint64_t number);

static void tick_start(struct branches *b)
{
    b->tick = rf_timer_start(rf_loop_timers(b->s->loop), TICK_MS, tick_due, b, 0);
}

/* However often a router says something else, it is written once a tick. */
static bool is_news(const struct branches *b, const struct branch *one)
{
    return one->heard != one->state || one->heard_phones != one->phones ||
           now_ms(b) - one->written_ms >= SEEN_EVERY_MS;
}

static void tick_due(void *owner, uint64_t number)
{
    struct branches *b = owner;
    if (!b->is_looking && (b->is_stale || rf_store_generation(b->s->store) != b->generation))
        look_up(b);
    for (size_t i = 0; i < b->n; i++) {
        struct branch *one = &b->items[i];
        if (one->has_heard && is_news(b, one))
            write_seen(b, one, one->heard, one->heard_phones);
        one->has_heard = false;
        if (!rf_branch_centre_has(b->centre, one->name) &&
            one->state != RF_STORE_SRST_UNREACHABLE && one->state != RF_STORE_SRST_NEVER_SEEN &&
            now_ms(b) - one->gone_ms >= AWAY_MS)
            write_seen(b, one, RF_STORE_SRST_UNREACHABLE, one->phones);
    }
    tick_start(b);
}

enum rf_err branches_listen(struct server *s, const struct rf_site_ports *wanted,
                            struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    if (!site->branch)
        return RF_OK;
    RF_AUTO(rf_freep) char *cert = rf_site_path(s->site, RF_SITE_CERT_CCM);
    RF_AUTO(rf_freep) char *key = rf_site_path(s->site, RF_SITE_KEY_CCM);
    struct branches *b = s->branches = rf_new(struct branches);
    struct rf_branch_centre_conf conf = {.loop = s->loop,
                                         .address = site->listen,
                                         .port = wanted->branch,
                                         .cert_path = cert,
                                         .key_path = key,
                                         .keylog_path =
                                             site->keylog[0] != '\0' ? site->keylog : NULL,
                                         .handshake_ms = site->handshake_s * 1000u,
                                         .failures_a_minute = site->handshake_failures,
                                         .ops = &ops,
                                         .arg = b};
    b->s = s;
    enum rf_err err = rf_branch_centre_new(&conf, &b->centre, why);
    if (err != RF_OK)
        return err;
    s->ports.branch = rf_branch_centre_port(b->centre);
    return RF_OK;
}

void branches_run(struct server *s)
{
    if (s->branches == NULL)
        return;
    look_up(s->branches);
    tick_start(s->branches);
}

void branches_reload(struct server *s, const struct rf_site_conf *conf)
{
    struct branches *b = s->branches;
    struct rf_tls *tls = NULL;
    struct rf_why why = {0};
    (void)conf;
    if (b == NULL)
        return;
    if (rf_branch_centre_make_tls(b->centre, &tls, &why) == RF_OK)
        rf_branch_centre_use_tls(b->centre, tls);
    else
        rf_error(RF_CAT_MAIN, "branches are shown the certificate of before: %s",
                 rf_why_text(&why));
    b->is_stale = true; /* the list may be another */
}

enum rf_err branches_release(void *arg, const char *name, struct rf_why *why)
{
    struct server *s = arg;
    if (s->branches == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "branch-away",
                          "the branch listener is off: set branch = yes, then start again");
    return rf_branch_centre_release(s->branches->centre, name, why);
}

const struct rf_listener *branches_listener(const struct server *s)
{
    return s->branches != NULL ? rf_branch_centre_listener(s->branches->centre) : NULL;
}

void branches_free(struct server *s)
{
    struct branches *b = s->branches;
    if (b == NULL)
        return;
    rf_timer_stop(rf_loop_timers(s->loop), &b->tick);
    rf_branch_centre_free(b->centre);
    rf_free(b->items);
    rf_free(b);
    s->branches = NULL;
}
