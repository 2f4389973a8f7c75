/* SPDX-License-Identifier: Apache-2.0 */
/* The turns, one after the other: a timer, a job on the store worker, and what comes of it. */
#include "service/campaign/campaign.h"

#include "base/log.h"
#include "base/metrics.h"
#include "service/site/window.h"

#include <stdio.h>
#include <string.h>

#define SWEEP_MS ((uint64_t)30 * 1000)
#define FILL_MS  ((uint64_t)600 * 1000)
/* After something failed. */
#define AGAIN_MS 5000
/* News and answers that wait for the next turn; of more, a sweep finds what they were about. */
#define REPORTS_MAX 4096

struct rf_campaigns {
    struct rf_campaigns_conf conf;
    rf_timer_id timer;
    bool is_out;  /* a turn is on the store worker */
    bool is_idle; /* nothing is open: news are nobody's */
    bool wants_turn;
    bool wants_sweep;
    uint64_t swept_ms;
    uint64_t filled_ms;
    bool is_first;
    struct rf_campaign_turn next; /* what goes into the next turn */
};

struct turn {
    struct rf_job job;
    struct rf_campaigns *c; /* not there any more when the reader is NULL */
    struct rf_campaign_turn t;
    enum rf_err err;
    struct rf_why why;
};

static void post(struct rf_campaigns *c);

static void wake(void *owner, uint64_t number)
{
    struct rf_campaigns *c = owner;
    c->timer = 0;
    post(c);
}

static void sleep_for(struct rf_campaigns *c, uint64_t ms)
{
    struct rf_timers *timers = rf_loop_timers(c->conf.loop);
    rf_timer_stop(timers, &c->timer);
    c->timer = rf_timer_start(timers, ms, wake, c, 0);
}

/* ---- a turn ---- */

static void work(struct rf_job *job, void *store)
{
    struct turn *t = (struct turn *)job;
    t->err = rf_campaign_turn(store, &t->t, &t->why);
}

static void use(struct rf_campaigns *c, struct turn *t)
{
    rf_metric_add(RF_METRIC_CAMPAIGN_BEGUN, t->t.begun);
    rf_metric_add(RF_METRIC_CAMPAIGN_DONE, t->t.succeeded);
    rf_metric_add(RF_METRIC_CAMPAIGN_FAILED, t->t.failed);
    for (size_t i = 0; i < t->t.n_changed; i++)
        c->conf.changed(c->conf.arg, t->t.changed[i]);
    if (t->t.untold.n > 0)
        c->conf.tell(c->conf.arg, t->t.untold.items, t->t.untold.n);
}

/* Whom it would have told the database of, before those that were told meanwhile. */
static void told_again(struct rf_campaigns *c, struct rf_campaign_turn *t)
{
    if (t->n_told == 0)
        return;
    for (size_t i = 0; i < c->next.n_told && t->n_told < REPORTS_MAX; i++)
        t->told[t->n_told++] = c->next.told[i];
    rf_free(c->next.told);
    c->next.told = rf_steal(&t->told);
    c->next.n_told = t->n_told;
}

/* What a turn that failed may not have written down goes into the next one: news by a sweep, the
 * rest as it was. A renewal that came meanwhile is newer. */
static void take_back(struct rf_campaigns *c, struct rf_campaign_turn *t)
{
    c->wants_sweep = true;
    told_again(c, t);
    if (!t->has_renewal || c->next.has_renewal)
        return;
    c->next.has_renewal = true;
    c->next.is_renewal_on = t->is_renewal_on;
    c->next.renewal = t->renewal;
}

static void done(struct rf_job *job, void *reader)
{
    struct turn *t = (struct turn *)job;
    struct rf_campaigns *c = reader != NULL ? t->c : NULL;
    if (c != NULL) {
        c->is_out = false;
        use(c, t);
        if (t->err != RF_OK) {
            rf_error(RF_CAT_CAPF, "campaigns wait: %s code=%s", t->why.text, t->why.code);
            take_back(c, &t->t);
        }
        c->is_idle = t->err == RF_OK && t->t.next_ms == 0;
        if (c->wants_turn)
            post(c);
        else if (!c->is_idle)
            sleep_for(c, t->err == RF_OK ? t->t.next_ms : AGAIN_MS);
    }
    rf_campaign_turn_fini(&t->t);
    rf_free(t);
}

static bool is_time(uint64_t *last_ms, uint64_t every_ms, bool is_first, uint64_t now_ms)
{
    if (!is_first && now_ms - *last_ms < every_ms)
        return false;
    *last_ms = now_ms;
    return true;
}

static void post(struct rf_campaigns *c)
{
    const struct rf_clock *clock = rf_loop_clock(c->conf.loop);
    uint64_t now_ms = rf_now_ms(clock);
    if (c->is_out) {
        c->wants_turn = true;
        return;
    }
    struct turn *t = rf_new(struct turn);
    t->job =
        (struct rf_job){.work = work, .done = done, .answer_to = rf_loop_mailbox(c->conf.loop)};
    t->c = c;
    t->t = c->next;
    t->t.now_s = rf_wall_s(clock);
    t->t.minute = rf_window_minute(t->t.now_s);
    t->t.sweeps = is_time(&c->swept_ms, SWEEP_MS, c->is_first || c->wants_sweep, now_ms);
    t->t.fills = is_time(&c->filled_ms, FILL_MS, c->is_first || c->next.has_renewal, now_ms);
    if (rf_worker_post(c->conf.store, &t->job) != RF_OK) {
        rf_free(t); /* what goes into it is still in `next` */
        sleep_for(c, AGAIN_MS);
        return;
    }
    c->next = (struct rf_campaign_turn){0};
    c->is_out = true;
    c->is_first = c->wants_turn = c->wants_sweep = false;
}

void rf_campaigns_poke(struct rf_campaigns *c)
{
    rf_timer_stop(rf_loop_timers(c->conf.loop), &c->timer);
    post(c);
}

/* ---- reports ---- */

void rf_campaigns_news(struct rf_campaigns *c, const char *device)
{
    if (c->is_idle && !c->is_out)
        return;
    if (c->next.n_news == REPORTS_MAX) {
        c->wants_sweep = true;
        return;
    }
    if (c->next.news == NULL)
        c->next.news = rf_new_bytes(REPORTS_MAX * sizeof *c->next.news);
    snprintf(c->next.news[c->next.n_news++], sizeof *c->next.news, "%s", device);
    post(c);
}

void rf_campaigns_told(struct rf_campaigns *c, const struct rf_store_told *told, size_t n)
{
    if (c->next.told == NULL)
        c->next.told = rf_new_n(struct rf_store_told, REPORTS_MAX);
    for (size_t i = 0; i < n && c->next.n_told < REPORTS_MAX; i++)
        c->next.told[c->next.n_told++] = told[i];
}

/* ---- life ---- */

void rf_campaigns_set_knobs(struct rf_campaigns *c, const struct rf_site_conf *conf)
{
    struct rf_window window;
    bool is_window = rf_window_parse(conf->renew_window, &window);
    rf_bug_on(!is_window); /* the configuration was checked */
    c->next.has_renewal = true;
    c->next.is_renewal_on = conf->renew;
    c->next.renewal = (struct rf_store_campaign){.op = RF_STORE_OP_INSTALL,
                                                 .auth = RF_STORE_AUTH_LSC,
                                                 .key_type = RF_STORE_KEY_RSA,
                                                 .key_bits = conf->lsc_key_bits,
                                                 .rate = conf->renew_rate,
                                                 .parallel = conf->renew_parallel,
                                                 .from_min = window.from_min,
                                                 .to_min = window.to_min,
                                                 .turn_s = RF_CAMPAIGN_TURN_S,
                                                 .created_uid = -1};
    rf_campaigns_poke(c);
}

struct rf_campaigns *rf_campaigns_new(const struct rf_campaigns_conf *conf)
{
    struct rf_campaigns *c = rf_new(struct rf_campaigns);
    c->conf = *conf;
    c->is_first = true;
    return c;
}

void rf_campaigns_free(struct rf_campaigns *c)
{
    if (c == NULL)
        return;
    rf_timer_stop(rf_loop_timers(c->conf.loop), &c->timer);
    rf_campaign_turn_fini(&c->next);
    rf_free(c);
}
