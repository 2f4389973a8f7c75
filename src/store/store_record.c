/* SPDX-License-Identifier: Apache-2.0 */
/* Records of calls. */
#include "store/store_call.h"

#include "base/random.h"
#include "store/store_int.h"

#include <stdio.h>

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

static enum rf_err take(struct rf_store *store, const struct rf_store_call *c, struct rf_why *why)
{
    enum rf_err err = put(store, RF_SQL_RECORD_TAKE, c, why);
    if (err == RF_OK && rf_db_changed(store) == 0)
        return rf_why_set(why, RF_ERR_EXISTS, "record-exists", "it was taken before");
    return err;
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
