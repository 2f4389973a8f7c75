/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_int.h"

enum rf_err rf_store_event_put(struct rf_store *store, const struct rf_store_event *event,
                               struct rf_why *why)
{
    enum rf_err err;
    if ((err = rf_store_check_text(event->category, sizeof event->category, true, "category",
                                   why)) != RF_OK ||
        (err = rf_store_check_text(event->code, sizeof event->code, false, "code", why)) != RF_OK ||
        (err = rf_store_check_text(event->device, sizeof event->device, false, "device", why)) !=
            RF_OK ||
        (err = rf_store_check_text(event->text, sizeof event->text, false, "text", why)) != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_EVENT_ADD);
    rf_db_int(&q, event->time_s);
    rf_db_int(&q, event->uid);
    rf_db_int(&q, event->severity);
    rf_db_text(&q, event->category);
    rf_db_text(&q, event->code);
    rf_db_text(&q, event->device);
    rf_db_int(&q, event->call);
    rf_db_text(&q, event->text);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_event_add(struct rf_store *store, const struct rf_store_event *event,
                               int64_t *out_id, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = rf_store_event_put(store, event, why);
    int64_t id = sqlite3_last_insert_rowid(store->db);
    err = rf_db_finish(store, err, NULL, why);
    if (err == RF_OK && out_id != NULL)
        *out_id = id;
    return err;
}

static void read_event(struct rf_db *q, struct rf_store_event *e)
{
    *e = (struct rf_store_event){0};
    e->id = rf_db_get(q);
    e->time_s = rf_db_get(q);
    e->uid = rf_db_get(q);
    e->severity = (enum rf_store_severity)rf_db_get_u32(q, RF_STORE_INFO);
    rf_db_get_text(q, e->category, sizeof e->category);
    rf_db_get_text(q, e->code, sizeof e->code);
    rf_db_get_text(q, e->device, sizeof e->device);
    e->call = rf_db_get_u32(q, UINT32_MAX);
    rf_db_get_text(q, e->text, sizeof e->text);
}

enum rf_err rf_store_event_list(struct rf_store *store, const struct rf_store_event_query *query,
                                struct rf_store_events *out, struct rf_why *why)
{
    struct rf_store_events found = {0};
    enum rf_err grown = RF_OK;
    static const enum rf_sql sql[2][2] = {{RF_SQL_EVENT_ALL, RF_SQL_EVENT_ALL_NEXT},
                                          {RF_SQL_EVENT_LIST, RF_SQL_EVENT_LIST_NEXT}};
    struct rf_db q = rf_db_of(store, sql[query->device != NULL][query->has_after]);
    rf_store_bind_query(&q, query, RF_STORE_EVENTS_MAX);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_EVENTS_MAX, why);
        if (grown == RF_OK)
            read_event(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    if (grown != RF_OK || err != RF_OK) {
        rf_store_events_fini(&found);
        return grown != RF_OK ? grown : err;
    }
    if (!query->has_after)
        rf_store_turn_round(found.items, found.n, sizeof *found.items);
    *out = found;
    return RF_OK;
}

void rf_store_events_fini(struct rf_store_events *events)
{
    rf_free(events->items);
    *events = (struct rf_store_events){0};
}

enum rf_err rf_store_event_trim(struct rf_store *store, uint32_t keep, int64_t oldest_s,
                                uint64_t *dropped, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_EVENT_TRIM);
    rf_db_int(&q, oldest_s);
    rf_db_int(&q, keep);
    err = rf_db_run(&q, why);
    int64_t n = rf_db_changed(store);
    err = rf_db_finish(store, err, NULL, why);
    if (err == RF_OK && dropped != NULL)
        *dropped = (uint64_t)n;
    return err;
}
