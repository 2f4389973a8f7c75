/* SPDX-License-Identifier: Apache-2.0 */
/* Members on their way: begun, told, judged, put back. Each statement is found by an index, and
 * each step looks at no more members than it changes, or than are under way. */
#include "store/store_campaign.h"

#include "base/faults.h"
#include "store/store_int.h"

#include <stdio.h>
#include <string.h>

void rf_store_underways_fini(struct rf_store_underways *underways)
{
    rf_free(underways->items);
    *underways = (struct rf_store_underways){0};
}

void rf_store_untolds_fini(struct rf_store_untolds *untolds)
{
    rf_free(untolds->items);
    *untolds = (struct rf_store_untolds){0};
}

/* ---- when ---- */

static enum rf_err one_number(struct rf_db *q, int64_t *a, int64_t *b, struct rf_why *why)
{
    bool is_there = rf_db_row(q);
    *a = is_there ? rf_db_get(q) : 0;
    if (b != NULL)
        *b = is_there ? rf_db_get(q) : 0;
    return rf_db_end(q, why);
}

enum rf_err rf_store_campaign_pace(struct rf_store *store, const struct rf_store_campaign *c,
                                   int64_t now_s, struct rf_store_campaign_pace *out,
                                   struct rf_why *why)
{
    int64_t active = 0, recent = 0, last = 0;
    struct rf_db count = rf_db_of(store, RF_SQL_MEMBER_ACTIVE);
    rf_db_int(&count, c->id);
    rf_db_int(&count, c->parallel);
    enum rf_err err = one_number(&count, &active, NULL, why);
    if (err != RF_OK)
        return err;
    struct rf_db minute = rf_db_of(store, RF_SQL_MEMBER_RECENT);
    rf_db_int(&minute, c->id);
    rf_db_int(&minute, now_s - 60);
    rf_db_int(&minute, now_s);
    if ((err = one_number(&minute, &recent, &last, why)) != RF_OK)
        return err;
    struct rf_db next = rf_db_of(store, RF_SQL_MEMBER_NEXT);
    rf_db_int(&next, c->id);
    rf_db_int(&next, 1);
    rf_db_int(&next, RF_STORE_STRING_TRIES);
    bool has_waiting = rf_db_row(&next);
    err = rf_db_end(&next, why);
    *out = (struct rf_store_campaign_pace){.active = (uint32_t)active,
                                           .begun_in_minute = (uint32_t)recent,
                                           .last_begun_s = last,
                                           .has_waiting = has_waiting};
    return err;
}

/* ---- begun ---- */

struct waiting {
    char device[RF_STORE_DEVICE_NAME];
    char string_hash[256];
    uint32_t tries_left;
};

static enum rf_err read_waiting(struct rf_store *store, int64_t campaign, size_t want,
                                struct waiting *out, size_t *n, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_NEXT);
    rf_db_int(&q, campaign);
    rf_db_int(&q, (int64_t)want);
    rf_db_int(&q, RF_STORE_STRING_TRIES);
    *n = 0;
    while (*n < want && rf_db_row(&q)) {
        rf_db_get_text(&q, out[*n].device, sizeof out[*n].device);
        rf_db_get_text(&q, out[*n].string_hash, sizeof out[*n].string_hash);
        out[*n].tries_left = rf_db_get_u32(&q, RF_STORE_STRING_TRIES);
        (*n)++;
    }
    return rf_db_end(&q, why);
}

static enum rf_err end(struct rf_store *store, int64_t campaign, const char *device,
                       enum rf_store_member_state state, const char *reason, int64_t now_s,
                       struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_END);
    rf_db_int(&q, campaign);
    rf_db_text(&q, device);
    rf_db_int(&q, state);
    rf_db_text(&q, reason);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

/* What an operator scheduled since is newer than what the campaign wants. */
static bool is_newer(const struct rf_store_campaign *c, const struct rf_store_capf *now)
{
    return now->op != RF_STORE_OP_NONE && (c->is_standing || now->created_s > c->created_s);
}

/* A renewal asks for what the phone made the last time. */
static void same_key(const struct rf_store_campaign *c, const struct rf_store_capf *before,
                     struct rf_store_capf *op)
{
    if (!c->is_standing || before->asked != RF_STORE_OP_INSTALL || before->key_bits == 0)
        return;
    op->key_type = before->key_type;
    op->rsa_backup_bits = before->rsa_backup_bits;
    op->key_bits = before->key_type == RF_STORE_KEY_RSA && before->key_bits < c->key_bits
                       ? c->key_bits
                       : before->key_bits;
}

static struct rf_store_capf op_of(const struct rf_store_campaign *c, const struct waiting *w,
                                  int64_t now_s)
{
    struct rf_store_capf op = {.op = c->op,
                               .auth = c->auth,
                               .key_type = c->key_type,
                               .key_bits = c->key_bits,
                               .rsa_backup_bits = c->rsa_backup_bits,
                               .tries_left = w->tries_left,
                               .complete_by_s = c->complete_by_s,
                               .created_uid = c->created_uid};
    snprintf(op.device, sizeof op.device, "%s", w->device);
    if (c->auth != RF_STORE_AUTH_STRING)
        return op;
    snprintf(op.string_hash, sizeof op.string_hash, "%s", w->string_hash);
    op.string_expires_s = now_s + c->string_s;
    if (c->complete_by_s != 0 && c->complete_by_s < op.string_expires_s)
        op.string_expires_s = c->complete_by_s;
    return op;
}

static enum rf_err note_begun(struct rf_store *store, int64_t campaign, const char *device,
                              int64_t op_id, int64_t now_s, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_BEGIN);
    rf_db_int(&q, campaign);
    rf_db_text(&q, device);
    rf_db_int(&q, op_id);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

/* It cannot have an operation: gone, or in quarantine. */
static enum rf_err begin_failed(struct rf_store *store, const struct rf_store_campaign *c,
                                const char *device, const struct rf_why *found, int64_t now_s,
                                struct rf_why *why)
{
    struct rf_store_event e = {.time_s = now_s, .uid = -1, .severity = RF_STORE_WARN};
    snprintf(e.category, sizeof e.category, "campaign");
    snprintf(e.code, sizeof e.code, "%s", found->code);
    snprintf(e.device, sizeof e.device, "%s", device);
    snprintf(e.text, sizeof e.text, "campaign %s: %.200s", c->name, found->text);
    enum rf_err err = end(store, c->id, device, RF_STORE_MEMBER_FAILED, found->code, now_s, why);
    return err == RF_OK ? rf_store_event_put(store, &e, why) : err;
}

static enum rf_err begin_one(struct rf_store *store, const struct rf_store_campaign *c,
                             const struct waiting *w, int64_t now_s, bool *is_begun,
                             struct rf_why *why)
{
    struct rf_store_capf now = {0};
    struct rf_why found = {0};
    int64_t id = 0;
    enum rf_err err = rf_store_capf_find(store, w->device, &now, &found);
    if (err == RF_OK && !rf_fault_skips("campaign.newer-operation") && is_newer(c, &now))
        return end(store, c->id, w->device, RF_STORE_MEMBER_TAKEN_OVER, "", now_s, why);
    struct rf_store_capf op = op_of(c, w, now_s);
    same_key(c, &now, &op);
    found = (struct rf_why){0};
    err = rf_store_capf_put(store, &op, now_s, &id, &found);
    if (err == RF_ERR_NOT_FOUND || err == RF_ERR_DENIED)
        return begin_failed(store, c, w->device, &found, now_s, why);
    if (err != RF_OK) {
        if (why != NULL)
            *why = found;
        return err;
    }
    *is_begun = true;
    return note_begun(store, c->id, w->device, id, now_s, why);
}

enum rf_err rf_store_campaign_begin(struct rf_store *store, const struct rf_store_campaign *c,
                                    size_t n, int64_t now_s, struct rf_store_names *out,
                                    struct rf_why *why)
{
    size_t want = n < RF_STORE_CAMPAIGN_STEP ? n : RF_STORE_CAMPAIGN_STEP, got = 0;
    RF_AUTO(rf_freep) struct waiting *next = rf_new_n(struct waiting, want + 1);
    RF_AUTO(rf_store_names_fini)
    struct rf_store_names begun = {
        .items = rf_try_alloc((want + 1) * sizeof *begun.items,
                              (RF_STORE_CAMPAIGN_STEP + 1) * sizeof *begun.items)};
    if (begun.items == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "store-memory", "no memory for %zu rows", want);
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    err = read_waiting(store, c->id, want, next, &got, why);
    for (size_t i = 0; i < got && err == RF_OK; i++) {
        bool is_begun = false;
        err = begin_one(store, c, &next[i], now_s, &is_begun, why);
        if (is_begun)
            snprintf(begun.items[begun.n++], sizeof *begun.items, "%s", next[i].device);
    }
    err = rf_db_finish(store, err, NULL, why);
    if (err == RF_OK)
        *out = (struct rf_store_names){.items = rf_steal(&begun.items), .n = begun.n};
    return err;
}

/* ---- under way ---- */

static void read_underway(struct rf_db *q, struct rf_store_underway *u)
{
    *u = (struct rf_store_underway){.campaign = rf_db_get(q)};
    rf_db_get_text(q, u->device, sizeof u->device);
    u->op_id = rf_db_get(q);
    u->failures = rf_db_get_u32(q, UINT32_MAX);
    u->begun_s = rf_db_get(q);
    u->now_id = rf_db_get(q);
    u->op = (enum rf_store_op)rf_db_get_u32(q, RF_STORE_OP_FETCH);
    u->op_state = (enum rf_store_op_state)rf_db_get_u32(q, RF_STORE_OP_FAILED);
    rf_db_get_text(q, u->last, sizeof u->last);
    u->tries_left = rf_db_get_u32(q, RF_STORE_STRING_TRIES);
    u->has_string = rf_db_get(q) != 0;
    rf_db_get_text(q, u->reason, sizeof u->reason);
}

static enum rf_err read_underways(struct rf_db *q, struct rf_store_underways *out,
                                  struct rf_why *why)
{
    RF_AUTO(rf_store_underways_fini) struct rf_store_underways found = {0};
    enum rf_err grown = RF_OK;
    while (grown == RF_OK && rf_db_row(q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_DEVICES_MAX, why);
        if (grown == RF_OK)
            read_underway(q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = (struct rf_store_underways){.items = rf_steal(&found.items), .n = found.n};
    return err;
}

enum rf_err rf_store_campaign_look(struct rf_store *store, const char *device,
                                   struct rf_store_underways *out, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, device != NULL ? RF_SQL_MEMBER_LOOK : RF_SQL_MEMBER_SWEEP);
    if (device != NULL)
        rf_db_text(&q, device);
    return read_underways(&q, out, why);
}

enum rf_err rf_store_campaign_overdue(struct rf_store *store, int64_t campaign, int64_t begun_s,
                                      struct rf_store_underways *out, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_OVERDUE);
    rf_db_int(&q, campaign);
    rf_db_int(&q, begun_s);
    rf_db_int(&q, RF_STORE_CAMPAIGN_STEP);
    return read_underways(&q, out, why);
}

/* ---- judged ---- */

static enum rf_err withdraw(struct rf_store *store, const char *device, int64_t op_id,
                            int64_t now_s, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_WITHDRAW);
    rf_db_text(&q, device);
    rf_db_int(&q, op_id);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

/* Its next turn begins with the same string, and not with new tries: else every turn would give a
 * guesser five more. */
static enum rf_err keep_tries(struct rf_store *store, const struct rf_store_verdict *v,
                              struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_TRIES);
    rf_db_int(&q, v->campaign);
    rf_db_text(&q, v->device);
    return rf_db_run(&q, why);
}

static enum rf_err put_back(struct rf_store *store, const struct rf_store_verdict *v,
                            struct rf_why *why)
{
    enum rf_err err = keep_tries(store, v, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_BACK);
    rf_db_int(&q, v->campaign);
    rf_db_text(&q, v->device);
    rf_db_text(&q, v->reason);
    rf_db_int(&q, v->is_failure);
    return rf_db_run(&q, why);
}

static enum rf_err settle(struct rf_store *store, const struct rf_store_verdict *v, int64_t now_s,
                          struct rf_why *why)
{
    bool drops = v->state == RF_STORE_MEMBER_WAITING || v->state == RF_STORE_MEMBER_FAILED;
    enum rf_err err = drops ? withdraw(store, v->device, v->op_id, now_s, why) : RF_OK;
    if (err == RF_OK)
        err = v->state == RF_STORE_MEMBER_WAITING
                  ? put_back(store, v, why)
                  : end(store, v->campaign, v->device, v->state, v->reason, now_s, why);
    return err == RF_OK && v->event != NULL ? rf_store_event_put(store, v->event, why) : err;
}

enum rf_err rf_store_campaign_settle(struct rf_store *store,
                                     const struct rf_store_verdict *verdicts, size_t n,
                                     int64_t now_s, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = settle(store, &verdicts[i], now_s, why);
    return rf_db_finish(store, err, NULL, why);
}

/* ---- ended ---- */

static enum rf_err finished(struct rf_store *store, const struct rf_store_campaign *c,
                            int64_t now_s, struct rf_store_event *event, struct rf_why *why)
{
    struct rf_store_campaign_counts n;
    enum rf_err err = rf_store_campaign_count(store, c->id, &n, why);
    *event = (struct rf_store_event){.time_s = now_s,
                                     .uid = -1,
                                     .severity = n.failed > 0 || n.taken_over > 0 ? RF_STORE_WARN
                                                                                  : RF_STORE_INFO};
    snprintf(event->category, sizeof event->category, "campaign");
    snprintf(event->code, sizeof event->code, "done");
    snprintf(event->text, sizeof event->text,
             "campaign %s is done: %u succeeded, %u failed, %u taken over", c->name, n.success,
             n.failed, n.taken_over);
    return err;
}

enum rf_err rf_store_campaign_finish(struct rf_store *store, const struct rf_store_campaign *c,
                                     int64_t now_s, bool *is_done, struct rf_why *why)
{
    struct rf_store_event event = {.id = 0};
    *is_done = false;
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_CAMPAIGN_FINISH);
    rf_db_int(&q, c->id);
    rf_db_int(&q, now_s);
    err = rf_db_run(&q, why);
    bool has_changed = err == RF_OK && rf_db_changed(store) > 0;
    if (has_changed)
        err = finished(store, c, now_s, &event, why);
    err = rf_db_finish(store, err, has_changed ? &event : NULL, why);
    *is_done = err == RF_OK && has_changed;
    return err;
}

/* ---- told ---- */

enum rf_err rf_store_campaign_untold(struct rf_store *store, int64_t now_s, size_t limit,
                                     struct rf_store_untolds *out, struct rf_why *why)
{
    RF_AUTO(rf_store_untolds_fini)
    struct rf_store_untolds found = {.items = rf_new_n(struct rf_store_untold, limit + 1)};
    struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_UNTOLD);
    rf_db_int(&q, now_s);
    rf_db_int(&q, (int64_t)limit);
    while (found.n < limit && rf_db_row(&q)) {
        struct rf_store_untold *u = &found.items[found.n++];
        u->campaign = rf_db_get(&q);
        rf_db_get_text(&q, u->device, sizeof u->device);
        u->op_id = rf_db_get(&q);
        u->begun_s = rf_db_get(&q);
    }
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK)
        *out = (struct rf_store_untolds){.items = rf_steal(&found.items), .n = found.n};
    return err;
}

enum rf_err rf_store_campaign_told(struct rf_store *store, const struct rf_store_told *told,
                                   size_t n, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        struct rf_db q = rf_db_of(store, RF_SQL_MEMBER_TOLD);
        rf_db_int(&q, told[i].campaign);
        rf_db_text(&q, told[i].device);
        rf_db_int(&q, told[i].op_id);
        rf_db_int(&q, told[i].again_s);
        err = rf_db_run(&q, why);
    }
    return rf_db_finish(store, err, NULL, why);
}
