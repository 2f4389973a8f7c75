/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns as operators see them: made with their members, listed, paused, stopped, reported.
 * doc: docs/campaigns.md */
#include "store/store_campaign.h"

#include "base/faults.h"
#include "store/store_int.h"

#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {"running", "paused", "done", "stopped"};
static const char *const member_words[] = {"none", "pending", "success", "failed", "taken over"};

const char *rf_store_campaign_state_name(enum rf_store_campaign_state state)
{
    return state <= RF_STORE_CAMPAIGN_STOPPED ? state_names[state] : "?";
}

const char *rf_store_member_word(const struct rf_store_member *m)
{
    if (m->state == RF_STORE_MEMBER_BEGUN && m->op_state == RF_STORE_OP_IN_PROGRESS)
        return rf_store_op_state_name(m->op_state);
    return m->state <= RF_STORE_MEMBER_TAKEN_OVER ? member_words[m->state] : "?";
}

void rf_store_campaigns_fini(struct rf_store_campaigns *campaigns)
{
    rf_free(campaigns->items);
    *campaigns = (struct rf_store_campaigns){0};
}

void rf_store_names_fini(struct rf_store_names *names)
{
    rf_free(names->items);
    *names = (struct rf_store_names){0};
}

void rf_store_members_fini(struct rf_store_members *members)
{
    rf_free(members->items);
    *members = (struct rf_store_members){0};
}

/* ---- who is meant ---- */

enum rf_err rf_store_campaign_pick(struct rf_store *store, const struct rf_store_pick *pick,
                                   int64_t now_s, struct rf_store_names *out, struct rf_why *why)
{
    RF_AUTO(rf_store_names_fini) struct rf_store_names found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_CAMPAIGN_PICK);
    rf_db_text(&q, pick->model);
    rf_db_text(&q, pick->profile);
    rf_db_text(&q, pick->failed_of);
    rf_db_text(&q, pick->issuer);
    rf_db_int(&q, pick->is_due);
    rf_db_int(&q, pick->has_no_lsc);
    rf_db_int(&q, pick->expires_before_s);
    rf_db_int(&q, now_s);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_DEVICES_MAX, why);
        if (grown == RF_OK)
            rf_db_get_text(&q, found.items[found.n++], sizeof *found.items);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = (struct rf_store_names){.items = rf_steal(&found.items), .n = found.n};
    return err;
}

/* ---- made ---- */

static enum rf_err make_room(struct rf_store *store, struct rf_why *why)
{
    struct rf_db total = rf_db_of(store, RF_SQL_CAMPAIGN_TOTAL);
    int64_t n = rf_db_row(&total) ? rf_db_get(&total) : 0;
    enum rf_err err = rf_db_end(&total, why);
    if (err != RF_OK || n < RF_STORE_CAMPAIGNS_MAX)
        return err;
    struct rf_db trim = rf_db_of(store, RF_SQL_CAMPAIGN_TRIM);
    err = rf_db_run(&trim, why);
    if (err == RF_OK && rf_db_changed(store) == 0)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full",
                          "%d campaigns run or are paused: stop one first", RF_STORE_CAMPAIGNS_MAX);
    return err;
}

static enum rf_err put(struct rf_store *store, struct rf_store_campaign *c, int64_t now_s,
                       struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAMPAIGN_ADD);
    rf_db_text(&q, c->name);
    rf_db_int(&q, c->is_standing);
    rf_db_int(&q, c->op);
    rf_db_int(&q, c->auth);
    rf_db_int(&q, c->key_type);
    rf_db_int(&q, c->key_bits);
    rf_db_int(&q, c->rsa_backup_bits);
    rf_db_int(&q, c->rate);
    rf_db_int(&q, c->parallel);
    rf_db_int(&q, c->from_min);
    rf_db_int(&q, c->to_min);
    rf_db_int(&q, c->turn_s);
    rf_db_int(&q, c->string_s);
    rf_db_int(&q, c->complete_by_s);
    rf_db_int(&q, c->created_uid);
    rf_db_int(&q, now_s);
    enum rf_err err = rf_db_run(&q, why);
    if (err != RF_OK)
        return err;
    c->id = sqlite3_last_insert_rowid(store->db);
    c->state = RF_STORE_CAMPAIGN_RUNNING;
    c->created_s = now_s;
    c->ended_s = 0;
    if (c->name[0] != '\0')
        return RF_OK;
    snprintf(c->name, sizeof c->name, "c%lld", (long long)c->id);
    struct rf_db name = rf_db_of(store, RF_SQL_CAMPAIGN_NAME);
    rf_db_int(&name, c->id);
    rf_db_text(&name, c->name);
    return rf_db_run(&name, why);
}

/* Two campaigns that both want a phone would take it from each other, turn by turn. */
static enum rf_err check_free(struct rf_store *store, const char *device, struct rf_why *why)
{
    char name[RF_STORE_CAMPAIGN_NAME] = "";
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_ELSEWHERE);
    rf_db_text(&q, device);
    if (rf_db_row(&q))
        rf_db_get_text(&q, name, sizeof name);
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && !rf_fault_skips("campaign.member-elsewhere") && name[0] != '\0')
        return rf_why_set(why, RF_ERR_DENIED, "in-campaign",
                          "%s is a member of the campaign %s, which has not ended: wait for it, or "
                          "`ringfence campaign stop %s`",
                          device, name, name);
    return err;
}

static enum rf_err enlist(struct rf_store *store, int64_t campaign,
                          const struct rf_store_recruit *r, struct rf_why *why)
{
    enum rf_err err = rf_store_device_known(store, r->device, why);
    if (err == RF_OK)
        err = rf_store_capf_approved(store, r->device, why);
    if (err == RF_OK)
        err = check_free(store, r->device, why);
    if (err != RF_OK)
        return err;
    struct rf_db unstand = rf_db_of(store, RF_SQL_MEMBER_UNSTAND);
    rf_db_text(&unstand, r->device);
    if ((err = rf_db_run(&unstand, why)) != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_ADD);
    rf_db_int(&q, campaign);
    rf_db_text(&q, r->device);
    rf_db_text(&q, r->string_hash);
    return rf_db_run(&q, why);
}

static bool is_name_free(struct rf_store *store, const char *name, struct rf_why *why)
{
    struct rf_store_campaign other;
    enum rf_err err =
        name[0] != '\0' ? rf_store_campaign_load(store, name, &other, why) : RF_ERR_NOT_FOUND;
    if (err == RF_OK)
        rf_why_set(why, RF_ERR_EXISTS, "campaign-exists", "there is a campaign %s already", name);
    return err == RF_ERR_NOT_FOUND;
}

static struct rf_store_event begun_event(const struct rf_store_campaign *c, size_t n, int64_t now_s)
{
    struct rf_store_event e = {.time_s = now_s, .uid = c->created_uid, .severity = RF_STORE_INFO};
    snprintf(e.category, sizeof e.category, "campaign");
    snprintf(e.code, sizeof e.code, "begun");
    snprintf(e.text, sizeof e.text, "campaign %s: %s for %zu devices, by %s", c->name,
             rf_store_op_name(c->op), n, rf_store_auth_name(c->auth));
    return e;
}

enum rf_err rf_store_campaign_add(struct rf_store *store, struct rf_store_campaign *c,
                                  const struct rf_store_recruit *recruits, size_t n, int64_t now_s,
                                  struct rf_why *why)
{
    struct rf_why found = {0};
    if (n == 0)
        return rf_why_set(why, RF_ERR_BAD, "campaign-empty", "no device is meant by that");
    if (!is_name_free(store, c->name, &found)) {
        if (why != NULL)
            *why = found;
        return RF_ERR_EXISTS;
    }
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = make_room(store, why);
    if (err == RF_OK)
        err = put(store, c, now_s, why);
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = enlist(store, c->id, &recruits[i], why);
    struct rf_store_event event = begun_event(c, n, now_s);
    return rf_db_finish(store, err, &event, why);
}

/* ---- read ---- */

static void read_campaign(struct rf_db *q, struct rf_store_campaign *c)
{
    *c = (struct rf_store_campaign){.id = rf_db_get(q)};
    rf_db_get_text(q, c->name, sizeof c->name);
    c->state = (enum rf_store_campaign_state)rf_db_get_u32(q, RF_STORE_CAMPAIGN_STOPPED);
    c->is_standing = rf_db_get_u32(q, 1) == 1;
    c->op = (enum rf_store_op)rf_db_get_u32(q, RF_STORE_OP_FETCH);
    c->auth = (enum rf_store_auth)rf_db_get_u32(q, RF_STORE_AUTH_MIC);
    c->key_type = (enum rf_store_key_type)rf_db_get_u32(q, RF_STORE_KEY_EC);
    c->key_bits = rf_db_get_u32(q, UINT32_MAX);
    c->rsa_backup_bits = rf_db_get_u32(q, UINT32_MAX);
    c->rate = rf_db_get_u32(q, UINT32_MAX);
    c->parallel = rf_db_get_u32(q, RF_STORE_DEVICES_MAX);
    c->from_min = rf_db_get_u32(q, 1439);
    c->to_min = rf_db_get_u32(q, 1439);
    c->turn_s = rf_db_get_u32(q, UINT32_MAX);
    c->string_s = rf_db_get_u32(q, UINT32_MAX);
    c->complete_by_s = rf_db_get(q);
    c->created_uid = rf_db_get(q);
    c->created_s = rf_db_get(q);
    c->ended_s = rf_db_get(q);
}

enum rf_err rf_store_campaign_load(struct rf_store *store, const char *name,
                                   struct rf_store_campaign *out, struct rf_why *why)
{
    struct rf_store_campaign found = {0};
    struct rf_db q = rf_db_of(store, RF_SQL_CAMPAIGN_FIND);
    rf_db_text(&q, name);
    bool is_there = rf_db_row(&q);
    if (is_there)
        read_campaign(&q, &found);
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && !is_there)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "campaign-unknown",
                          "there is no campaign %s: `ringfence campaign list`", name);
    if (err == RF_OK)
        *out = found;
    return err;
}

static enum rf_err list(struct rf_store *store, enum rf_sql which, struct rf_store_campaigns *out,
                        struct rf_why *why)
{
    struct rf_store_campaigns found = {
        .items = rf_new_n(struct rf_store_campaign, RF_STORE_CAMPAIGNS_MAX)};
    struct rf_db q = rf_db_of(store, which);
    while (found.n < RF_STORE_CAMPAIGNS_MAX && rf_db_row(&q))
        read_campaign(&q, &found.items[found.n++]);
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK)
        *out = found;
    else
        rf_store_campaigns_fini(&found);
    return err;
}

enum rf_err rf_store_campaign_list(struct rf_store *store, struct rf_store_campaigns *out,
                                   struct rf_why *why)
{
    return list(store, RF_SQL_CAMPAIGN_LIST, out, why);
}

enum rf_err rf_store_campaign_open(struct rf_store *store, struct rf_store_campaigns *out,
                                   struct rf_why *why)
{
    return list(store, RF_SQL_CAMPAIGN_OPEN, out, why);
}

/* ---- paused, resumed, stopped ---- */

static enum rf_err give_up(struct rf_store *store, int64_t campaign, const char *reason,
                           int64_t now_s, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_GIVE_UP);
    rf_db_int(&q, campaign);
    rf_db_text(&q, reason);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_campaign_give_up(struct rf_store *store, int64_t campaign, const char *reason,
                                      int64_t now_s, uint32_t *n, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = give_up(store, campaign, reason, now_s, why);
    *n = err == RF_OK ? (uint32_t)rf_db_changed(store) : 0;
    return rf_db_finish(store, err, NULL, why);
}

static enum rf_err set_state(struct rf_store *store, int64_t campaign,
                             enum rf_store_campaign_state state, int64_t ended_s,
                             struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAMPAIGN_STATE);
    rf_db_int(&q, campaign);
    rf_db_int(&q, state);
    rf_db_int(&q, ended_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_campaign_set(struct rf_store *store, const char *name,
                                  enum rf_store_campaign_state state, int64_t now_s,
                                  const struct rf_store_event *event, struct rf_why *why)
{
    struct rf_store_campaign c;
    bool ends = state == RF_STORE_CAMPAIGN_STOPPED;
    enum rf_err err = rf_store_campaign_load(store, name, &c, why);
    if (err != RF_OK)
        return err;
    if (c.state != RF_STORE_CAMPAIGN_RUNNING && c.state != RF_STORE_CAMPAIGN_PAUSED)
        return rf_why_set(why, RF_ERR_DENIED, "campaign-ended",
                          "the campaign %s is %s: start another one", name,
                          rf_store_campaign_state_name(c.state));
    if ((err = rf_db_begin_quiet(store, why)) != RF_OK)
        return err;
    err = set_state(store, c.id, state, ends ? now_s : 0, why);
    if (err == RF_OK && ends)
        err = give_up(store, c.id, "stopped", now_s, why);
    return rf_db_finish(store, err, event, why);
}

/* ---- reported ---- */

static uint32_t *count_of(struct rf_store_campaign_counts *n, uint32_t member, uint32_t op)
{
    if (member == RF_STORE_MEMBER_WAITING)
        return &n->waiting;
    if (member == RF_STORE_MEMBER_SUCCESS)
        return &n->success;
    if (member == RF_STORE_MEMBER_FAILED)
        return &n->failed;
    if (member == RF_STORE_MEMBER_TAKEN_OVER)
        return &n->taken_over;
    return op == RF_STORE_OP_IN_PROGRESS ? &n->in_progress
           : op == RF_STORE_OP_FAILED    ? &n->retrying
                                         : &n->pending;
}

enum rf_err rf_store_campaign_count(struct rf_store *store, int64_t campaign,
                                    struct rf_store_campaign_counts *out, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAMPAIGN_COUNT);
    rf_db_int(&q, campaign);
    *out = (struct rf_store_campaign_counts){0};
    while (rf_db_row(&q)) {
        uint32_t member = rf_db_get_u32(&q, RF_STORE_MEMBER_TAKEN_OVER);
        uint32_t op = rf_db_get_u32(&q, RF_STORE_OP_FAILED);
        *count_of(out, member, op) += rf_db_get_u32(&q, UINT32_MAX);
    }
    return rf_db_end(&q, why);
}

static bool read_sha256(struct rf_db *q, uint8_t out[32])
{
    struct rf_slice bytes = rf_db_get_blob(q);
    struct rf_rd rd = rf_rd_of(bytes);
    if (bytes.len == 0)
        return false;
    q->is_bad |= !rf_rd_copy(&rd, out, 32);
    return true;
}

static void read_member(struct rf_db *q, struct rf_store_member *m)
{
    *m = (struct rf_store_member){0};
    rf_db_get_text(q, m->device, sizeof m->device);
    m->state = (enum rf_store_member_state)rf_db_get_u32(q, RF_STORE_MEMBER_TAKEN_OVER);
    m->op_state = (enum rf_store_op_state)rf_db_get_u32(q, RF_STORE_OP_FAILED);
    rf_db_get_text(q, m->reason, sizeof m->reason);
    rf_db_get_text(q, m->last, sizeof m->last);
    m->turns = rf_db_get_u32(q, UINT32_MAX);
    m->begun_s = rf_db_get(q);
    m->ended_s = rf_db_get(q);
    m->has_before = read_sha256(q, m->before);
    m->has_after = read_sha256(q, m->after);
}

enum rf_err rf_store_campaign_members(struct rf_store *store, int64_t campaign, const char *after,
                                      size_t limit, struct rf_store_members *out,
                                      struct rf_why *why)
{
    RF_AUTO(rf_store_members_fini) struct rf_store_members found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_LIST);
    rf_db_int(&q, campaign);
    rf_db_text(&q, after);
    rf_db_int(&q, (int64_t)limit);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_DEVICES_MAX, why);
        if (grown == RF_OK)
            read_member(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = (struct rf_store_members){.items = rf_steal(&found.items), .n = found.n};
    return err;
}

/* ---- the standing one ---- */

static enum rf_err set_knobs(struct rf_store *store, int64_t id, const struct rf_store_campaign *c,
                             struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAMPAIGN_KNOBS);
    rf_db_int(&q, id);
    rf_db_int(&q, c->key_bits);
    rf_db_int(&q, c->rate);
    rf_db_int(&q, c->parallel);
    rf_db_int(&q, c->from_min);
    rf_db_int(&q, c->to_min);
    rf_db_int(&q, c->turn_s);
    return rf_db_run(&q, why);
}

static enum rf_err renewal_change(struct rf_store *store, const struct rf_store_campaign *old,
                                  const struct rf_store_campaign *c, bool is_on, int64_t now_s,
                                  struct rf_why *why)
{
    bool was_on = old->state != RF_STORE_CAMPAIGN_STOPPED;
    enum rf_err err = set_knobs(store, old->id, c, why);
    if (err != RF_OK || is_on == was_on)
        return err;
    err = set_state(store, old->id, is_on ? RF_STORE_CAMPAIGN_RUNNING : RF_STORE_CAMPAIGN_STOPPED,
                    is_on ? 0 : now_s, why);
    return err == RF_OK && !is_on ? give_up(store, old->id, "stopped", now_s, why) : err;
}

enum rf_err rf_store_renewal_set(struct rf_store *store, const struct rf_store_campaign *c,
                                 bool is_on, int64_t now_s, const struct rf_store_event *event,
                                 struct rf_why *why)
{
    struct rf_store_campaign old = {0}, fresh = *c;
    struct rf_why found = {0};
    enum rf_err err = rf_store_campaign_load(store, RF_STORE_RENEWAL, &old, &found);
    bool is_there = err == RF_OK;
    bool was_on = is_there && old.state != RF_STORE_CAMPAIGN_STOPPED;
    if (err == RF_ERR_NOT_FOUND && !is_on)
        return RF_OK;
    if (err != RF_OK && err != RF_ERR_NOT_FOUND) {
        if (why != NULL)
            *why = found;
        return err;
    }
    if ((err = rf_db_begin_quiet(store, why)) != RF_OK)
        return err;
    snprintf(fresh.name, sizeof fresh.name, "%s", RF_STORE_RENEWAL);
    fresh.is_standing = true;
    if (!is_there)
        err = make_room(store, why);
    if (err == RF_OK)
        err = is_there ? renewal_change(store, &old, c, is_on, now_s, why)
                       : put(store, &fresh, now_s, why);
    return rf_db_finish(store, err, is_on != was_on ? event : NULL, why);
}

enum rf_err rf_store_renewal_fill(struct rf_store *store, int64_t campaign, int64_t rest_s,
                                  int64_t now_s, uint32_t *n, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_RENEW);
    rf_db_int(&q, campaign);
    rf_db_int(&q, now_s);
    rf_db_int(&q, now_s - rest_s);
    rf_db_int(&q, RF_STORE_CAMPAIGN_STEP);
    err = rf_db_run(&q, why);
    *n = err == RF_OK ? (uint32_t)rf_db_changed(store) : 0;
    return rf_db_finish(store, err, NULL, why);
}
