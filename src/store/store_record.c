/* SPDX-License-Identifier: Apache-2.0 */
/* Records of calls. */
#include "store/store_call.h"

#include "base/random.h"
#include "base/text.h"
#include "store/store_int.h"

#include <stdio.h>
#include <string.h>

#define CODE_MAX 127 /* of ITU-T Q.850 */

/* ---- writing ---- */

static enum rf_err check_end(const struct rf_store_call_end *e, struct rf_why *why)
{
    enum rf_err err;
    if ((err = rf_store_check_text(e->device, sizeof e->device, false, "device", why)) != RF_OK ||
        (err = rf_store_check_text(e->number, sizeof e->number, false, "number", why)) != RF_OK ||
        (err = rf_store_check_text(e->name, sizeof e->name, false, "name", why)) != RF_OK ||
        (err = rf_store_check_text(e->signalling, sizeof e->signalling, false, "signalling",
                                   why)) != RF_OK)
        return err;
    return rf_store_check_text(e->srtp, sizeof e->srtp, false, "suite", why);
}

static enum rf_err check(const struct rf_store_call *c, struct rf_why *why)
{
    enum rf_err err;
    if ((err = rf_store_check_text(c->cause, sizeof c->cause, true, "cause", why)) != RF_OK ||
        (err = rf_store_check_text(c->security, sizeof c->security, true, "security", why)) !=
            RF_OK ||
        (err = rf_store_check_text(c->codec, sizeof c->codec, false, "codec", why)) != RF_OK ||
        (err = rf_store_check_text(c->original, sizeof c->original, false, "number", why)) !=
            RF_OK ||
        (err = rf_store_check_text(c->redirecting, sizeof c->redirecting, false, "number", why)) !=
            RF_OK ||
        (err = rf_store_check_text(c->by, sizeof c->by, false, "device", why)) != RF_OK)
        return err;
    for (int i = 0; i < RF_STORE_CALL_ENDS && err == RF_OK; i++)
        err = check_end(&c->ends[i], why);
    return err;
}

static enum rf_err put(struct rf_store *store, enum rf_sql how, const struct rf_store_call *c,
                       struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, how);
    rf_db_int(&q, c->run);
    rf_db_int(&q, c->call);
    rf_db_int(&q, c->start_s);
    rf_db_int(&q, c->answered_s);
    rf_db_int(&q, c->end_s);
    rf_db_int(&q, c->code);
    rf_db_text(&q, c->cause);
    rf_db_text(&q, c->security);
    rf_db_text(&q, c->codec);
    for (int i = 0; i < RF_STORE_CALL_ENDS; i++) {
        const struct rf_store_call_end *e = &c->ends[i];
        rf_db_text(&q, e->device);
        rf_db_text(&q, e->number);
        rf_db_text(&q, e->name);
        rf_db_text(&q, e->signalling);
        rf_db_text(&q, e->srtp);
        rf_db_blob(&q, rf_slice_of(e->cert, e->has_cert ? sizeof e->cert : 0));
    }
    rf_db_text(&q, c->original);
    rf_db_text(&q, c->redirecting);
    rf_db_text(&q, c->by);
    rf_db_text(&q, c->origin);
    rf_db_int(&q, c->origin_id);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_call_add(struct rf_store *store, const struct rf_store_call *calls, size_t n,
                              struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = check(&calls[i], why);
    if (err == RF_OK)
        err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = put(store, RF_SQL_RECORD_ADD, &calls[i], why);
    return rf_db_finish(store, err, NULL, why);
}

/* ---- reading ---- */

static void read_end(struct rf_db *q, struct rf_store_call_end *e)
{
    rf_db_get_text(q, e->device, sizeof e->device);
    rf_db_get_text(q, e->number, sizeof e->number);
    rf_db_get_text(q, e->name, sizeof e->name);
    rf_db_get_text(q, e->signalling, sizeof e->signalling);
    rf_db_get_text(q, e->srtp, sizeof e->srtp);
    struct rf_rd rd = rf_rd_of(rf_db_get_blob(q));
    e->has_cert = rf_rd_left(&rd) > 0;
    if (e->has_cert && !rf_rd_copy(&rd, e->cert, sizeof e->cert))
        q->is_bad = true;
}

static void read_call(struct rf_db *q, struct rf_store_call *c)
{
    *c = (struct rf_store_call){0};
    c->id = rf_db_get(q);
    c->run = rf_db_get(q);
    c->call = rf_db_get_u32(q, UINT32_MAX);
    c->start_s = rf_db_get(q);
    c->answered_s = rf_db_get(q);
    c->end_s = rf_db_get(q);
    c->code = rf_db_get_u32(q, CODE_MAX);
    rf_db_get_text(q, c->cause, sizeof c->cause);
    rf_db_get_text(q, c->security, sizeof c->security);
    rf_db_get_text(q, c->codec, sizeof c->codec);
    for (int i = 0; i < RF_STORE_CALL_ENDS; i++)
        read_end(q, &c->ends[i]);
    rf_db_get_text(q, c->original, sizeof c->original);
    rf_db_get_text(q, c->redirecting, sizeof c->redirecting);
    rf_db_get_text(q, c->by, sizeof c->by);
    rf_db_get_text(q, c->origin, sizeof c->origin);
    c->origin_id = rf_db_get(q);
}

enum rf_err rf_store_call_list(struct rf_store *store, const struct rf_store_event_query *query,
                               struct rf_store_calls *out, struct rf_why *why)
{
    struct rf_store_calls found = {0};
    enum rf_err grown = RF_OK;
    static const enum rf_sql sql[2][2] = {{RF_SQL_RECORD_LIST, RF_SQL_RECORD_LIST_NEXT},
                                          {RF_SQL_RECORD_OF_DEVICE, RF_SQL_RECORD_OF_DEVICE_NEXT}};
    struct rf_db q = rf_db_of(store, sql[query->device != NULL][query->has_after]);
    rf_store_bind_query(&q, query, RF_STORE_CALLS_MAX);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_CALLS_MAX, why);
        if (grown == RF_OK)
            read_call(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    if (grown != RF_OK || err != RF_OK) {
        rf_store_calls_fini(&found);
        return grown != RF_OK ? grown : err;
    }
    if (!query->has_after)
        rf_store_turn_round(found.items, found.n, sizeof *found.items);
    *out = found;
    return RF_OK;
}

void rf_store_calls_fini(struct rf_store_calls *calls)
{
    rf_free(calls->items);
    *calls = (struct rf_store_calls){0};
}

/* ---- those of branches ---- */

#define EPOCHS_MAX 64 /* of one branch that are looked through */

static bool is_same_end(const struct rf_store_call_end *a, const struct rf_store_call_end *b)
{
    return strcmp(a->device, b->device) == 0 && strcmp(a->number, b->number) == 0 &&
           strcmp(a->name, b->name) == 0 && strcmp(a->signalling, b->signalling) == 0 &&
           strcmp(a->srtp, b->srtp) == 0 && a->has_cert == b->has_cert &&
           (!a->has_cert || memcmp(a->cert, b->cert, sizeof a->cert) == 0);
}

/* All that is said of the call itself. */
static bool is_same_call(const struct rf_store_call *a, const struct rf_store_call *b)
{
    return a->call == b->call && a->start_s == b->start_s && a->answered_s == b->answered_s &&
           a->end_s == b->end_s && a->code == b->code && strcmp(a->cause, b->cause) == 0 &&
           strcmp(a->security, b->security) == 0 && strcmp(a->codec, b->codec) == 0 &&
           strcmp(a->original, b->original) == 0 && strcmp(a->redirecting, b->redirecting) == 0 &&
           strcmp(a->by, b->by) == 0 &&
           is_same_end(&a->ends[RF_STORE_CALLING], &b->ends[RF_STORE_CALLING]) &&
           is_same_end(&a->ends[RF_STORE_CALLED], &b->ends[RF_STORE_CALLED]);
}

/* What was taken of this origin under the record's id, if anything was. One that cannot be read is
 * another call: the record is not lost by it. */
static enum rf_err find_taken(struct rf_store *store, const char *origin,
                              const struct rf_store_call *c, bool *is_there, bool *is_same,
                              struct rf_why *why)
{
    struct rf_store_call there;
    struct rf_db q = rf_db_of(store, RF_SQL_RECORD_TAKEN);
    rf_db_text(&q, origin);
    rf_db_int(&q, c->origin_id);
    *is_there = rf_db_row(&q);
    if (*is_there)
        read_call(&q, &there);
    *is_same = *is_there && !q.is_bad && is_same_call(&there, c);
    q.is_bad = false;
    return rf_db_end(&q, why);
}

/* The first origin behind `at` and before `end`, into `at`; empty: there is none. */
static enum rf_err next_origin(struct rf_store *store, char at[RF_STORE_ORIGIN], const char *end,
                               struct rf_why *why)
{
    char found[RF_STORE_ORIGIN] = "";
    struct rf_db q = rf_db_of(store, RF_SQL_RECORD_ORIGIN_NEXT);
    rf_db_text(&q, at);
    rf_db_text(&q, end);
    if (rf_db_row(&q))
        rf_db_get_text(&q, found, sizeof found);
    enum rf_err err = rf_db_end(&q, why);
    snprintf(at, RF_STORE_ORIGIN, "%s", found);
    return err;
}

/* A router that came out of a backup counts from another epoch, and sends once more what it had not
 * sent when that was made: the same call under the same id, of the same branch. */
static enum rf_err check_epochs(struct rf_store *store, const struct rf_store_call *c,
                                bool *is_same, struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(c->origin);
    struct rf_slice name;
    char at[RF_STORE_ORIGIN];
    char end[RF_STORE_ORIGIN]; /* what follows a colon */
    if (!rf_next_piece(&rest, ':', &name) || name.len == strlen(c->origin))
        return RF_OK;
    snprintf(at, sizeof at, "%.*s:", (int)name.len, c->origin);
    snprintf(end, sizeof end, "%.*s;", (int)name.len, c->origin);
    for (int i = 0; i < EPOCHS_MAX && !*is_same; i++) {
        bool is_there;
        enum rf_err err = next_origin(store, at, end, why);
        if (err != RF_OK || at[0] == '\0')
            return err;
        err = find_taken(store, at, c, &is_there, is_same, why);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static enum rf_err take(struct rf_store *store, const struct rf_store_call *c, struct rf_why *why)
{
    bool is_there = false;
    bool is_same = false;
    enum rf_err err = find_taken(store, c->origin, c, &is_there, &is_same, why);
    if (err == RF_OK && is_there && !is_same)
        return rf_why_set(why, RF_ERR_DENIED, "record-other",
                          "another call was taken under its number, %lld", (long long)c->origin_id);
    if (err == RF_OK && !is_there)
        err = check_epochs(store, c, &is_same, why);
    if (err == RF_OK && is_same)
        return rf_why_set(why, RF_ERR_EXISTS, "record-exists", "it was taken before");
    return err == RF_OK ? put(store, RF_SQL_RECORD_TAKE, c, why) : err;
}

enum rf_err rf_store_record_take_from(struct rf_store *store, const char *origin, int64_t origin_id,
                                      const struct rf_store_call *record, struct rf_why *why)
{
    struct rf_store_call c = *record;
    enum rf_err err = rf_store_check_text(origin, sizeof c.origin, true, "origin", why);
    if (err == RF_OK && (origin_id <= 0 || c.code > CODE_MAX))
        err = rf_why_set(why, RF_ERR_BAD, "store-value", "its id or code cannot be");
    if (err == RF_OK)
        err = check(&c, why);
    if (err == RF_OK)
        err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    uint64_t run;
    rf_random_bytes(&run, sizeof run);
    c.run = (int64_t)(run >> 1);
    c.origin_id = origin_id;
    snprintf(c.origin, sizeof c.origin, "%s", origin);
    return rf_db_finish(store, take(store, &c, why), NULL, why);
}

/* ---- old ones go ---- */

static enum rf_err drop(struct rf_store *store, enum rf_sql which, int64_t value, uint64_t *dropped,
                        struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, which);
    rf_db_int(&q, value);
    enum rf_err err = rf_db_run(&q, why);
    *dropped += err == RF_OK ? (uint64_t)rf_db_changed(store) : 0;
    return err;
}

enum rf_err rf_store_call_trim(struct rf_store *store, uint32_t keep, int64_t oldest_s,
                               uint64_t *dropped, struct rf_why *why)
{
    uint64_t n = 0;
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = drop(store, RF_SQL_RECORD_TRIM_OLD, oldest_s, &n, why);
    if (err == RF_OK)
        err = drop(store, RF_SQL_RECORD_TRIM_MANY, keep, &n, why);
    err = rf_db_finish(store, err, NULL, why);
    if (err == RF_OK && dropped != NULL)
        *dropped = n;
    return err;
}
