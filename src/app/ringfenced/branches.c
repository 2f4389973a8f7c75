/* SPDX-License-Identifier: Apache-2.0 */
/* The survivable routers of branches, as their centre has them: the listener they come to, and what
 * each tells (how it is, records of its calls). What each is told is in branches_look.c.
 * doc: docs/srst.md */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/branches_int.h"
#include "base/log.h"

#define TICK_MS       2000
#define WRITE_MIN_MS  1000  /* between two that are another state */
#define SEEN_EVERY_MS 60000 /* what did not change is written so often */
#define AWAY_MS       30000 /* without a link for so long, it is called unreachable */
#define EVENTS_A_MIN  10
/* A snapshot that a router does not say it has is sent again, later each time. */
#define RESEND_MS      30000
#define RESEND_MAX_MS  600000
#define STUCK_EVERY_MS 600000

/* ---- what its two halves ask ---- */

uint64_t branches_now_ms(const struct branches *b)
{
    return rf_now_ms(rf_loop_clock(b->s->loop));
}

struct branch *branches_find(struct branches *b, const char *name)
{
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->items[i].name, name) == 0)
            return &b->items[i];
    return NULL;
}

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
    one->written_ms = branches_now_ms(b);
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
    if (!rf_log_allows(&b->refusals, EVENTS_A_MIN, branches_now_ms(b)))
        return;
    if (name != NULL)
        event_of_branch(b->s, RF_STORE_WARN, "srst-certificate-changed",
                        "the router of branch %s has another certificate, %s: if that is right, "
                        "`ringfence srst update %s`; until then phones do not take it",
                        name, rf_cert_fingerprint(cert), name);
    else
        event_of_branch(b->s, RF_STORE_WARN, why->code, "router refused: %.120s from=%.48s",
                        why->text, host);
}

static void hello(void *arg, const struct rf_branch_hello *hello, const char *host)
{
    struct branches *b = arg;
    struct branch *one = branches_find(b, hello->name);
    (void)host;
    if (one == NULL)
        return;
    one->sent = hello->serial;
    one->claimed = hello->serial;
    one->resend_ms = RESEND_MS;
    one->is_again = false;
    memset(one->list, 0, sizeof one->list);
    b->has_come = true;
    if (!b->is_looking)
        branches_look(b);
}

/* One that we neither heard of nor sent: the next look has to go above it. */
static void look_for_later(struct branches *b, struct branch *one, uint64_t serial)
{
    if (serial <= one->claimed)
        return;
    one->claimed = serial;
    b->is_stale |= serial > one->sent;
}

/* doc: docs/srst.md, "When the site is not secure any more" */
static void look_for_stuck(struct branches *b, struct branch *one,
                           const struct rf_branch_state *state)
{
    if (b->s->site->conf->cluster != RF_SITE_CLUSTER_NONSECURE || state->secure_phones == 0 ||
        (one->told_stuck != 0 && branches_now_ms(b) - one->told_stuck < STUCK_EVERY_MS))
        return;
    one->told_stuck = branches_now_ms(b);
    event_of_branch(b->s, RF_STORE_WARN, "srst-stuck",
                    "branch %s: %u phones registered securely at its router while this site is "
                    "not secure any more, and do not come back by themselves: `ringfence srst "
                    "release %s` has them start anew",
                    one->name, state->secure_phones, one->name);
}

static void state(void *arg, const char *name, const struct rf_branch_state *state)
{
    struct branches *b = arg;
    struct branch *one = branches_find(b, name);
    if (one == NULL)
        return;
    enum rf_store_srst_state now =
        state->phones > 0 ? RF_STORE_SRST_FALLBACK : RF_STORE_SRST_NORMAL;
    look_for_stuck(b, one, state);
    look_for_later(b, one, state->serial);
    if (state->serial >= one->sent) {
        one->resend_ms = RESEND_MS;
        one->is_again = false;
    } else if (branches_now_ms(b) - one->sent_ms >= one->resend_ms) {
        one->resend_ms = one->resend_ms < RESEND_MAX_MS / 2 ? one->resend_ms * 2 : RESEND_MAX_MS;
        one->is_again = true;
        b->is_stale = true;
    }
    one->heard = now;
    one->heard_phones = state->phones;
    one->has_heard = true;
    if (now != one->state && branches_now_ms(b) - one->written_ms >= WRITE_MIN_MS)
        write_seen(b, one, now, state->phones);
}

static void gone(void *arg, const char *name, const struct rf_why *why)
{
    struct branches *b = arg;
    struct branch *one = branches_find(b, name);
    if (one == NULL)
        return;
    /* One that was silent has been away for as long already. */
    bool was_silent = strcmp(why->code, "branch-silent") == 0 && branches_now_ms(b) > AWAY_MS;
    one->gone_ms = branches_now_ms(b) - (was_silent ? AWAY_MS : 0);
}

/* ---- records ---- */

struct take {
    struct rf_job job;
    struct branches *b;
    char name[RF_STORE_SRST_NAME];
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
    bool is_word = err == RF_ERR_BAD || err == RF_ERR_EXISTS || err == RF_ERR_DENIED;
    t->err = is_word ? RF_ERR_IO : err; /* of the whole group, which is none about the record */
    t->why = *why;
}

/* The router is not what it was: it came out of a copy of its machine that is older than the centre
 * knows. By another epoch it sends what it has, and of that nothing twice. */
static void tell_other_call(struct branches *b, const struct take *t)
{
    if (!rf_branch_centre_other_call(b->centre, t->origin, &t->why))
        return;
    rf_error(RF_CAT_STORE, "record of a branch has the number of another call origin=%s id=%lld",
             t->origin, (long long)t->id);
    if (rf_log_allows(&b->recounts, EVENTS_A_MIN, branches_now_ms(b)))
        event_of_branch(b->s, RF_STORE_WARN, RF_BRANCH_OTHER_EPOCH,
                        "branch %s: its router gave another call the number %lld before: was its "
                        "machine taken back to an earlier state? It counts anew, and its calls "
                        "follow",
                        t->name, (long long)t->id);
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
    else if (reader != NULL && t->err == RF_ERR_DENIED)
        tell_other_call(t->b, t);
    else if (reader != NULL)
        rf_branch_centre_not_kept(t->b->centre, t->origin, &t->why);
    rf_free(t);
}

static void record(void *arg, const char *name, const char *origin, int64_t id,
                   const struct rf_store_call *call)
{
    struct branches *b = arg;
    struct take *t = rf_new(struct take);
    t->job = (struct rf_job){.work = take_work,
                             .done = take_done,
                             .answer_to = rf_loop_mailbox(b->s->loop),
                             .settled = take_settled,
                             .is_patient = true};
    t->b = b;
    t->id = id;
    t->record = *call;
    snprintf(t->name, sizeof t->name, "%s", name);
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
           branches_now_ms(b) - one->written_ms >= SEEN_EVERY_MS;
}

static void tick_due(void *owner, uint64_t number)
{
    struct branches *b = owner;
    if (!b->is_looking && branches_now_ms(b) >= b->rest_until_ms &&
        (b->is_stale || rf_store_generation(b->s->store) != b->generation))
        branches_look(b);
    for (size_t i = 0; i < b->n; i++) {
        struct branch *one = &b->items[i];
        if (one->has_heard && is_news(b, one))
            write_seen(b, one, one->heard, one->heard_phones);
        one->has_heard = false;
        if (!rf_branch_centre_has(b->centre, one->name) &&
            one->state != RF_STORE_SRST_UNREACHABLE && one->state != RF_STORE_SRST_NEVER_SEEN &&
            branches_now_ms(b) - one->gone_ms >= AWAY_MS)
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
    branches_look(s->branches);
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
