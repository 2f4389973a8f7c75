/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns: shown, reported, paused, resumed, stopped. doc: docs/campaigns.md */
#include "service/admin/admin_int.h"

#include "base/text.h"
#include "service/site/window.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MAX 1000

/* ---- one as an object ---- */

static struct rf_json *counts_json(const struct rf_store_campaign_counts *n)
{
    struct rf_json *out = rf_json_obj();
    uint32_t pending = n->pending + n->retrying;
    rf_json_set_int(out, "total",
                    (int64_t)n->waiting + pending + n->in_progress + n->success + n->failed +
                        n->taken_over);
    rf_json_set_int(out, "none", n->waiting);
    rf_json_set_int(out, "pending", pending);
    rf_json_set_int(out, "in_progress", n->in_progress);
    rf_json_set_int(out, "success", n->success);
    rf_json_set_int(out, "failed", n->failed);
    rf_json_set_int(out, "taken_over", n->taken_over);
    return out;
}

static void set_campaign(struct rf_json *out, const struct rf_store_campaign *c)
{
    struct rf_window window = {c->from_min, c->to_min};
    char text[RF_WINDOW_TEXT];
    const char *key = c->key_type == RF_STORE_KEY_RSA ? "rsa"
                      : c->rsa_backup_bits != 0       ? "ec-preferred"
                                                      : "ec";
    rf_json_set_str(out, "name", c->name);
    rf_json_set_str(out, "state", rf_store_campaign_state_name(c->state));
    rf_json_set_bool(out, "standing", c->is_standing);
    rf_json_set_str(out, "op", rf_store_op_name(c->op));
    rf_json_set_str(out, "auth", rf_store_auth_name(c->auth));
    if (c->op == RF_STORE_OP_INSTALL) {
        rf_json_set_str(out, "key_type", key);
        rf_json_set_int(out, "key_bits", c->key_bits);
    }
    rf_json_set_int(out, "rate", c->rate);
    rf_json_set_int(out, "parallel", c->parallel);
    rf_json_set_str(out, "window", rf_window_text(&window, text));
    rf_json_set_int(out, "turn_min", c->turn_s / 60);
    rf_json_set_int(out, "complete_by_s", c->complete_by_s);
    rf_json_set_int(out, "uid", c->created_uid);
    rf_json_set_int(out, "started_s", c->created_s);
    rf_json_set_int(out, "ended_s", c->ended_s);
}

static enum rf_err add_campaign(struct rf_json *arr, struct rf_store *store,
                                const struct rf_store_campaign *c, struct rf_why *why)
{
    struct rf_store_campaign_counts n;
    enum rf_err err = rf_store_campaign_count(store, c->id, &n, why);
    if (err != RF_OK)
        return err;
    struct rf_json *one = rf_json_obj();
    set_campaign(one, c);
    rf_json_set_take(one, "devices", counts_json(&n));
    rf_json_arr_add_take(arr, one);
    return RF_OK;
}

/* ---- all of them ---- */

static enum rf_err add_all(struct admin_task *t, struct rf_store *store,
                           const struct rf_store_campaigns *all, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    t->campaigns = rf_json_arr();
    for (size_t i = 0; i < all->n && err == RF_OK; i++)
        err = add_campaign(t->campaigns, store, &all->items[i], why);
    return err;
}

enum rf_err admin_campaigns_look(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    RF_AUTO(rf_store_campaigns_fini) struct rf_store_campaigns all = {.n = 0};
    enum rf_err err = rf_store_campaign_open(store, &all, why);
    return err == RF_OK ? add_all(t, store, &all, why) : err;
}

enum rf_err admin_campaigns_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    RF_AUTO(rf_store_campaigns_fini) struct rf_store_campaigns all = {.n = 0};
    enum rf_err err = rf_store_campaign_list(store, &all, why);
    return err == RF_OK ? add_all(t, store, &all, why) : err;
}

void admin_campaigns_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "campaigns", rf_steal(&t->campaigns));
}

/* ---- one of them ---- */

static enum rf_err load(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    if (t->campaign == NULL)
        t->campaign = rf_new(struct admin_campaign);
    return rf_store_campaign_load(store, t->name, &t->campaign->c, why);
}

enum rf_err admin_campaign_show_store(struct admin_task *t, struct rf_store *store,
                                      struct rf_why *why)
{
    struct rf_store_campaign_counts n;
    enum rf_err err = load(t, store, why);
    if (err == RF_OK)
        err = rf_store_campaign_count(store, t->campaign->c.id, &n, why);
    if (err == RF_OK)
        t->campaigns = counts_json(&n);
    return err;
}

void admin_campaign_show_answer(struct admin_task *t, struct rf_json *out)
{
    set_campaign(out, &t->campaign->c);
    rf_json_set_take(out, "devices", rf_steal(&t->campaigns));
}

/* ---- its members, a page at a time ---- */

enum rf_err admin_campaign_page(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    const char *after = rf_http_query(req, "after"), *limit = rf_http_query(req, "limit");
    uint64_t n = PAGE_MAX;
    t->campaign = rf_new(struct admin_campaign);
    if (after != NULL &&
        !rf_slice_to_str(rf_slice_str(after), t->campaign->after, sizeof t->campaign->after))
        return rf_why_set(why, RF_ERR_BAD, "query", "after: no device has so long a name");
    if (limit != NULL && !rf_parse_u64(rf_slice_str(limit), 1, PAGE_MAX, &n))
        return rf_why_set(why, RF_ERR_BAD, "query", "limit: wants 1 to %d", PAGE_MAX);
    t->campaign->limit = (size_t)n;
    return RF_OK;
}

static void set_sha256(struct rf_json *out, const char *key, const uint8_t sha256[32], bool is_set)
{
    if (is_set)
        rf_json_set_hex(out, key, rf_slice_of(sha256, 32));
    else
        rf_json_set_null(out, key);
}

static struct rf_json *member_json(const struct rf_store_member *m)
{
    struct rf_json *one = rf_json_obj();
    char status[RF_WHY_CODE_MAX + 16];
    bool has_failed = m->state == RF_STORE_MEMBER_FAILED;
    snprintf(status, sizeof status, "%s%s%s", rf_store_member_word(m), has_failed ? ":" : "",
             has_failed ? m->reason : "");
    rf_json_set_str(one, "device", m->device);
    rf_json_set_str(one, "state", rf_store_member_word(m));
    rf_json_set_str(one, "reason", has_failed ? m->reason : NULL);
    rf_json_set_str(one, "status", status);
    rf_json_set_str(one, "last_try", m->last[0] != '\0' ? m->last : NULL);
    rf_json_set_int(one, "turns", m->turns);
    rf_json_set_int(one, "begun_s", m->begun_s);
    rf_json_set_int(one, "ended_s", m->ended_s);
    set_sha256(one, "certificate_before", m->before, m->has_before);
    set_sha256(one, "certificate_after", m->after, m->has_after);
    return one;
}

enum rf_err admin_campaign_members_store(struct admin_task *t, struct rf_store *store,
                                         struct rf_why *why)
{
    RF_AUTO(rf_store_members_fini) struct rf_store_members page = {.n = 0};
    enum rf_err err = load(t, store, why);
    if (err == RF_OK)
        err = rf_store_campaign_members(store, t->campaign->c.id, t->campaign->after,
                                        t->campaign->limit, &page, why);
    t->campaigns = rf_json_arr();
    for (size_t i = 0; i < page.n && err == RF_OK; i++)
        rf_json_arr_add_take(t->campaigns, member_json(&page.items[i]));
    return err;
}

void admin_campaign_members_answer(struct admin_task *t, struct rf_json *out)
{
    size_t n = rf_json_len(t->campaigns);
    /* A whole page: there may be more behind its last. */
    const char *last =
        n == t->campaign->limit ? rf_json_str(rf_json_at(t->campaigns, n - 1), "device") : NULL;
    rf_json_set_str(out, "next", last);
    rf_json_set_take(out, "members", rf_steal(&t->campaigns));
}

/* ---- paused, resumed, stopped ---- */

static const char *const set_members[] = {"action", NULL};
static const struct {
    const char *action;
    const char *code;
    enum rf_store_campaign_state state;
} actions[] = {
    {"pause", "paused", RF_STORE_CAMPAIGN_PAUSED},
    {"resume", "resumed", RF_STORE_CAMPAIGN_RUNNING},
    {"stop", "stopped", RF_STORE_CAMPAIGN_STOPPED},
};

enum rf_err admin_campaign_set_begin(struct admin_task *t, struct rf_http_req *req,
                                     struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    const char *action = NULL;
    t->campaign = rf_new(struct admin_campaign);
    enum rf_err err = admin_body(req, set_members, &body, why);
    if (err == RF_OK)
        err = rf_json_need_str(body, "action", &action, why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        t->campaign->wanted = actions[i].state;
        if (strcmp(actions[i].action, action) == 0)
            return RF_OK;
    }
    return rf_why_set(why, RF_ERR_BAD, "action", "\"action\": wants pause, resume or stop");
}

static const char *code_of(enum rf_store_campaign_state state)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (actions[i].state == state)
            return actions[i].code;
    return "changed";
}

enum rf_err admin_campaign_set_store(struct admin_task *t, struct rf_store *store,
                                     struct rf_why *why)
{
    enum rf_store_campaign_state wanted = t->campaign->wanted;
    struct rf_store_event event =
        admin_event(t, "campaign", code_of(wanted), "campaign %s: %s", t->name, code_of(wanted));
    event.device[0] = '\0';
    enum rf_err err = load(t, store, why);
    if (err != RF_OK)
        return err;
    if (t->campaign->c.is_standing && wanted == RF_STORE_CAMPAIGN_STOPPED)
        return admin_refuse(t, 409, why, "renewal-knob",
                            "the server runs it because of renew = yes: set renew = no and "
                            "`ringfence reload`, or pause it");
    err = rf_store_campaign_set(store, t->name, wanted, t->now_s, &event, why);
    return err == RF_OK ? admin_campaign_show_store(t, store, why) : err;
}

void admin_campaign_set_answer(struct admin_task *t, struct rf_json *out)
{
    rf_info(RF_CAT_ADMIN, "campaign %s campaign=%s uid=%u", code_of(t->campaign->wanted), t->name,
            (unsigned)t->uid);
    ADMIN_OPS(t, campaigns_changed)(ADMIN_ARG(t));
    admin_campaign_show_answer(t, out);
}
