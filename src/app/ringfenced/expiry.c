/* SPDX-License-Identifier: Apache-2.0 */
/* Warns of certificates that end. What phones rely on is looked at on the store worker, at the
 * start and every hour. doc: docs/server.md, "Certificates that end" */
#include "service/expiry/expiry.h"
#include "app/ringfenced/server_int.h"
#include "base/log.h"

#define EVERY_MS ((uint64_t)3600 * 1000)

struct look {
    struct rf_job job;
    struct server *s;
    char *site;
    struct rf_expiry_told told;
};

static void look_work(struct rf_job *job, void *store)
{
    struct look *l = (struct look *)job;
    RF_AUTO(rf_expiry_certs_fini) struct rf_expiry_certs certs = {.n = 0};
    int64_t now_s = rf_wall_s(rf_clock_real());
    struct rf_why why = {0};
    enum rf_err err = rf_expiry_gather(l->site, store, now_s + RF_EXPIRY_AHEAD_S, &certs, &why);
    if (err == RF_OK)
        err = rf_expiry_tell(store, &certs, now_s, &l->told, &why);
    if (err != RF_OK)
        rf_warn(RF_CAT_TRUST, "nobody was warned of certificates that end: %s code=%s", why.text,
                why.code);
    else if (l->told.n > 0)
        rf_warn(RF_CAT_TRUST, "certificates end n=%zu: `ringfence status` shows them", l->told.n);
}

static void post(struct server *s);

/* A fleet's certificates are told in portions, so that others have the database between. */
static void look_done(struct rf_job *job, void *reader)
{
    struct look *l = (struct look *)job;
    if (reader != NULL && l->told.has_more)
        post(l->s);
    rf_free(l->site);
    rf_free(l);
}

static void post(struct server *s)
{
    struct look *l = rf_new(struct look);
    l->job = (struct rf_job){
        .work = look_work, .done = look_done, .answer_to = rf_loop_mailbox(s->loop)};
    l->s = s;
    l->site = rf_strdup(s->site->dir);
    if (rf_worker_post(s->store_worker, &l->job) != RF_OK)
        look_done(&l->job, NULL); /* the next hour will do */
}

static void look_due(void *owner, uint64_t number)
{
    struct server *s = owner;
    s->expiry = 0;
    expiry_watch(s);
}

void expiry_watch(struct server *s)
{
    post(s);
    s->expiry = rf_timer_start(rf_loop_timers(s->loop), EVERY_MS, look_due, s, 0);
}
