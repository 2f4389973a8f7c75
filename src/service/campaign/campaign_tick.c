/* SPDX-License-Identifier: Apache-2.0 */
/* One turn on the store's thread: what was reported, what is over, who is next, whom to tell. */
#include "service/campaign/campaign.h"

#include "base/log.h"
#include "service/site/window.h"

#include <stdio.h>
#include <string.h>

#define SOON_MS   1000
#define PAUSED_MS 5000
#define IDLE_MS   60000
/* A renewal that failed is tried again after so long. */
#define REST_S ((int64_t)24 * 3600)

void rf_campaign_turn_fini(struct rf_campaign_turn *t)
{
    rf_free(t->news);
    rf_free(t->told);
    rf_free(t->changed);
    rf_store_untolds_fini(&t->untold);
    *t = (struct rf_campaign_turn){0};
}

/* It doubles: 64, 128, 256 … */
static void make_room(struct rf_campaign_turn *t)
{
    if (t->n_changed < t->room)
        return;
    size_t room = t->room > 0 ? 2 * t->room : 64;
    char(*bigger)[RF_STORE_DEVICE_NAME] = rf_new_bytes(room * sizeof *bigger);
    if (t->n_changed > 0)
        memcpy(bigger, t->changed, t->n_changed * sizeof *bigger);
    rf_free(t->changed);
    t->changed = bigger;
    t->room = room;
}

static void note_changed(struct rf_campaign_turn *t, const char *device)
{
    make_room(t);
    snprintf(t->changed[t->n_changed++], sizeof *t->changed, "%s", device);
}

/* ---- verdicts ---- */

struct verdicts {
    struct rf_store_verdict *items;
    struct rf_store_event *events;
    size_t n;
};

static void verdicts_fini(struct verdicts *v)
{
    rf_free(v->items);
    rf_free(v->events);
}

static const char *name_of(const struct rf_store_campaigns *all, int64_t id)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].id == id)
            return all->items[i].name;
    return "?";
}

static struct rf_store_event event_of(const struct rf_store_verdict *v, const char *campaign,
                                      int64_t now_s)
{
    bool is_failure = v->state == RF_STORE_MEMBER_FAILED;
    struct rf_store_event e = {
        .time_s = now_s, .uid = -1, .severity = is_failure ? RF_STORE_WARN : RF_STORE_INFO};
    snprintf(e.category, sizeof e.category, "campaign");
    snprintf(e.code, sizeof e.code, "%s", is_failure ? v->reason : "taken-over");
    snprintf(e.device, sizeof e.device, "%s", v->device);
    if (is_failure)
        snprintf(e.text, sizeof e.text, "campaign %s: %s failed, %s", campaign, v->device,
                 v->reason);
    else
        snprintf(e.text, sizeof e.text,
                 "campaign %s: the operation of %s was replaced or dropped by hand", campaign,
                 v->device);
    return e;
}

static void count(struct rf_campaign_turn *t, const struct rf_store_verdict *v)
{
    t->succeeded += v->state == RF_STORE_MEMBER_SUCCESS;
    t->failed += v->state == RF_STORE_MEMBER_FAILED;
}

/* In steps, so that no transaction is longer than others want to wait. */
static enum rf_err settle(struct rf_store *store, const struct rf_store_campaigns *all,
                          struct rf_campaign_turn *t, struct verdicts *v, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < v->n; i++) {
        struct rf_store_verdict *one = &v->items[i];
        if (one->state != RF_STORE_MEMBER_FAILED && one->state != RF_STORE_MEMBER_TAKEN_OVER)
            continue;
        v->events[i] = event_of(one, name_of(all, one->campaign), t->now_s);
        one->event = &v->events[i];
    }
    for (size_t at = 0; at < v->n && err == RF_OK; at += RF_STORE_CAMPAIGN_STEP) {
        size_t n = v->n - at < RF_STORE_CAMPAIGN_STEP ? v->n - at : RF_STORE_CAMPAIGN_STEP;
        err = rf_store_campaign_settle(store, &v->items[at], n, t->now_s, why);
        for (size_t i = at; i < at + n && err == RF_OK; i++) {
            count(t, &v->items[i]);
            note_changed(t, v->items[i].device);
        }
    }
    return err;
}

typedef bool (*judge_fn)(const struct rf_store_underway *u, const char *reason,
                         struct rf_store_verdict *out);

static enum rf_err judge_all(struct rf_store *store, const struct rf_store_campaigns *all,
                             struct rf_campaign_turn *t, const struct rf_store_underways *who,
                             judge_fn judge, const char *reason, struct rf_why *why)
{
    RF_AUTO(verdicts_fini) struct verdicts v = {.n = 0};
    if (who->n == 0)
        return RF_OK;
    v.items = rf_new_n(struct rf_store_verdict, who->n);
    v.events = rf_new_n(struct rf_store_event, who->n);
    for (size_t i = 0; i < who->n; i++)
        if (judge(&who->items[i], reason, &v.items[v.n]))
            v.n++;
    return v.n > 0 ? settle(store, all, t, &v, why) : RF_OK;
}

/* ---- what was reported ---- */

static bool judge_as_it_is(const struct rf_store_underway *u, const char *reason,
                           struct rf_store_verdict *out)
{
    return rf_campaign_judge(u, out);
}

static enum rf_err look(struct rf_store *store, const struct rf_store_campaigns *all,
                        struct rf_campaign_turn *t, const char *device, struct rf_why *why)
{
    RF_AUTO(rf_store_underways_fini) struct rf_store_underways who = {.n = 0};
    enum rf_err err = rf_store_campaign_look(store, device, &who, why);
    return err == RF_OK ? judge_all(store, all, t, &who, judge_as_it_is, NULL, why) : err;
}

/* ---- what is over ---- */

static bool judge_turn(const struct rf_store_underway *u, const char *reason,
                       struct rf_store_verdict *out)
{
    rf_campaign_turn_over(u, out);
    return true;
}

static bool judge_closed(const struct rf_store_underway *u, const char *reason,
                         struct rf_store_verdict *out)
{
    rf_campaign_turn_over(u, out);
    if (out->state == RF_STORE_MEMBER_WAITING)
        out->is_failure = false; /* it had no whole turn */
    return true;
}

static bool judge_end(const struct rf_store_underway *u, const char *reason,
                      struct rf_store_verdict *out)
{
    if (rf_campaign_judge(u, out))
        return true;
    rf_campaign_turn_over(u, out);
    out->state = RF_STORE_MEMBER_FAILED;
    snprintf(out->reason, sizeof out->reason, "%s", reason);
    return true;
}

static enum rf_err end_turns(struct rf_store *store, const struct rf_store_campaigns *all,
                             struct rf_campaign_turn *t, const struct rf_store_campaign *c,
                             int64_t begun_s, judge_fn judge, const char *reason,
                             struct rf_why *why)
{
    RF_AUTO(rf_store_underways_fini) struct rf_store_underways who = {.n = 0};
    enum rf_err err = rf_store_campaign_overdue(store, c->id, begun_s, &who, why);
    return err == RF_OK ? judge_all(store, all, t, &who, judge, reason, why) : err;
}

/* Nobody begins any more. Who is just making a key goes on. */
static enum rf_err expire(struct rf_store *store, const struct rf_store_campaigns *all,
                          struct rf_campaign_turn *t, const struct rf_store_campaign *c,
                          struct rf_why *why)
{
    uint32_t n = 0;
    enum rf_err err = rf_store_campaign_give_up(store, c->id, "expired-window", t->now_s, &n, why);
    t->failed += n;
    if (err == RF_OK && n > 0)
        rf_warn(RF_CAT_CAPF, "campaign over before all phones had their turn campaign=%s phones=%u",
                c->name, n);
    return err == RF_OK ? end_turns(store, all, t, c, INT64_MAX, judge_end, "expired-window", why)
                        : err;
}

static enum rf_err end_what_is_over(struct rf_store *store, const struct rf_store_campaigns *all,
                                    struct rf_campaign_turn *t, const struct rf_store_campaign *c,
                                    struct rf_why *why)
{
    struct rf_window window = {c->from_min, c->to_min};
    if (c->state == RF_STORE_CAMPAIGN_STOPPED)
        return end_turns(store, all, t, c, INT64_MAX, judge_end, "stopped", why);
    if (c->complete_by_s != 0 && t->now_s > c->complete_by_s)
        return expire(store, all, t, c, why);
    if (!rf_window_is_open(&window, t->minute))
        return end_turns(store, all, t, c, INT64_MAX, judge_closed, NULL, why);
    if (c->turn_s != 0)
        return end_turns(store, all, t, c, t->now_s - c->turn_s, judge_turn, NULL, why);
    return RF_OK;
}

/* ---- who is next ---- */

static enum rf_err begin(struct rf_store *store, struct rf_campaign_turn *t,
                         const struct rf_store_campaign *c, size_t n, struct rf_why *why)
{
    RF_AUTO(rf_store_names_fini) struct rf_store_names begun = {.n = 0};
    enum rf_err err = rf_store_campaign_begin(store, c, n, t->now_s, &begun, why);
    for (size_t i = 0; i < begun.n && err == RF_OK; i++)
        note_changed(t, begun.items[i]);
    t->begun += (uint32_t)begun.n;
    return err;
}

static void wake_in(struct rf_campaign_turn *t, uint32_t ms)
{
    if (t->next_ms == 0 || ms < t->next_ms)
        t->next_ms = ms;
}

static enum rf_err go_on(struct rf_store *store, struct rf_campaign_turn *t,
                         const struct rf_store_campaign *c, struct rf_why *why)
{
    struct rf_store_campaign_pace pace;
    bool is_done = false;
    uint32_t joined = 0;
    enum rf_err err = RF_OK;
    if (c->is_standing && t->fills && c->state == RF_STORE_CAMPAIGN_RUNNING)
        err = rf_store_renewal_fill(store, c->id, REST_S, t->now_s, &joined, why);
    if (err == RF_OK)
        err = rf_store_campaign_pace(store, c, t->now_s, &pace, why);
    if (err != RF_OK)
        return err;
    size_t n = rf_campaign_wave(c, &pace, t->now_s, t->minute);
    if (n > 0)
        err = begin(store, t, c, n, why);
    if (err == RF_OK)
        err = rf_store_campaign_finish(store, c, t->now_s, &is_done, why);
    if (is_done)
        rf_info(RF_CAT_CAPF, "campaign done campaign=%s", c->name);
    else if (c->state == RF_STORE_CAMPAIGN_PAUSED)
        wake_in(t, PAUSED_MS);
    else
        wake_in(t, c->is_standing && !pace.has_waiting && pace.active == 0 ? IDLE_MS : SOON_MS);
    return err;
}

/* ---- a turn ---- */

static struct rf_store_event renewal_event(const struct rf_campaign_turn *t)
{
    struct rf_store_event e = {.time_s = t->now_s, .uid = -1, .severity = RF_STORE_INFO};
    snprintf(e.category, sizeof e.category, "campaign");
    snprintf(e.code, sizeof e.code, "%s", t->is_renewal_on ? "begun" : "stopped");
    snprintf(e.text, sizeof e.text, "campaign %s: LSCs that are due %s", RF_STORE_RENEWAL,
             t->is_renewal_on ? "are renewed (renew = yes)" : "are not renewed any more");
    return e;
}

static enum rf_err take_reports(struct rf_store *store, const struct rf_store_campaigns *all,
                                struct rf_campaign_turn *t, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    if (t->n_told > 0)
        err = rf_store_campaign_told(store, t->told, t->n_told, why);
    for (size_t i = 0; i < t->n_news && err == RF_OK; i++)
        err = look(store, all, t, t->news[i], why);
    if (err == RF_OK && t->sweeps)
        err = look(store, all, t, NULL, why);
    return err;
}

enum rf_err rf_campaign_turn(struct rf_store *store, struct rf_campaign_turn *t, struct rf_why *why)
{
    RF_AUTO(rf_store_campaigns_fini) struct rf_store_campaigns all = {.n = 0};
    struct rf_store_event event = renewal_event(t);
    enum rf_err err = RF_OK;
    if (t->has_renewal)
        err = rf_store_renewal_set(store, &t->renewal, t->is_renewal_on, t->now_s, &event, why);
    if (err == RF_OK)
        err = rf_store_campaign_open(store, &all, why);
    if (err == RF_OK)
        err = take_reports(store, &all, t, why);
    for (size_t i = 0; i < all.n && err == RF_OK; i++) {
        err = end_what_is_over(store, &all, t, &all.items[i], why);
        if (err == RF_OK)
            err = go_on(store, t, &all.items[i], why);
    }
    if (err == RF_OK && all.n > 0)
        err = rf_store_campaign_untold(store, t->now_s, RF_CAMPAIGN_TELL_MAX, &t->untold, why);
    return err;
}
