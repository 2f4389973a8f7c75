/* SPDX-License-Identifier: Apache-2.0 */
#include "base/faults.h"
#include "store/store_int.h"

#include <string.h>

static const char *const sql_text[RF_SQL_N] = {
#define RF_SQL_TEXT(symbol, text) [RF_SQL_##symbol] = (text),
    RF_SQL(RF_SQL_TEXT)
#undef RF_SQL_TEXT
};

enum rf_err rf_db_error(sqlite3 *db, int rc, struct rf_why *why)
{
    const char *words = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return RF_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return rf_why_set(why, RF_ERR_AGAIN, "store-busy", "database: %s", words);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return rf_why_set(why, RF_ERR_BAD, "store-corrupt", "database: %s", words);
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
        return rf_why_set(why, RF_ERR_BAD, "store-value", "database: %s", words);
    case SQLITE_NOMEM:
        return rf_why_set(why, RF_ERR_NOMEM, "store-memory", "database: %s", words);
    default:
        return rf_why_set(why, RF_ERR_IO, "store-io", "database: %s", words);
    }
}

struct rf_db rf_db_of(struct rf_store *store, enum rf_sql which)
{
    struct rf_db q = {.store = store, .rc = SQLITE_OK};
    if (store->prepared[which] == NULL)
        q.rc = sqlite3_prepare_v3(store->db, sql_text[which], -1, SQLITE_PREPARE_PERSISTENT,
                                  &store->prepared[which], NULL);
    q.st = store->prepared[which];
    return q;
}

void rf_db_text(struct rf_db *q, const char *text)
{
    q->at++;
    if (q->rc == SQLITE_OK)
        q->rc = text != NULL ? sqlite3_bind_text(q->st, q->at, text, -1, SQLITE_TRANSIENT)
                             : sqlite3_bind_null(q->st, q->at);
}

void rf_db_int(struct rf_db *q, int64_t value)
{
    q->at++;
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_int64(q->st, q->at, value);
}

void rf_db_blob(struct rf_db *q, struct rf_slice bytes)
{
    q->at++;
    if (q->rc != SQLITE_OK)
        return;
    if (bytes.len == 0)
        q->rc = sqlite3_bind_zeroblob(q->st, q->at, 0);
    else
        q->rc = sqlite3_bind_blob64(q->st, q->at, bytes.p, bytes.len, SQLITE_TRANSIENT);
}

bool rf_db_row(struct rf_db *q)
{
    if (q->is_bad || (q->rc != SQLITE_OK && q->rc != SQLITE_ROW))
        return false;
    q->at = 0;
    q->rc = sqlite3_step(q->st);
    return q->rc == SQLITE_ROW;
}

int64_t rf_db_get(struct rf_db *q)
{
    return sqlite3_column_int64(q->st, q->at++);
}

uint32_t rf_db_get_u32(struct rf_db *q, uint32_t max)
{
    int64_t v = rf_db_get(q);
    if (v >= 0 && v <= (int64_t)max)
        return (uint32_t)v;
    q->is_bad = true;
    return 0;
}

struct rf_slice rf_db_get_blob(struct rf_db *q)
{
    const void *p = sqlite3_column_blob(q->st, q->at);
    int n = sqlite3_column_bytes(q->st, q->at);
    q->at++;
    return rf_slice_of(p, p != NULL && n > 0 ? (size_t)n : 0);
}

void rf_db_get_text(struct rf_db *q, char *buf, size_t cap)
{
    if (!rf_slice_to_str(rf_db_get_blob(q), buf, cap))
        q->is_bad = true;
}

enum rf_err rf_db_end(struct rf_db *q, struct rf_why *why)
{
    enum rf_err err = rf_db_error(q->store->db, q->rc, why);
    if (q->st != NULL) {
        sqlite3_reset(q->st);
        sqlite3_clear_bindings(q->st);
    }
    if (err == RF_OK && q->is_bad)
        return rf_why_set(why, RF_ERR_BAD, "store-corrupt",
                          "database: a value outside its limits in %s", sqlite3_sql(q->st));
    return err;
}

enum rf_err rf_db_run(struct rf_db *q, struct rf_why *why)
{
    while (rf_db_row(q)) {
    }
    return rf_db_end(q, why);
}

int64_t rf_db_changed(const struct rf_store *store)
{
    return sqlite3_changes64(store->db);
}

enum rf_err rf_db_begin(struct rf_store *store, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, store->together > 0 ? RF_SQL_PART : RF_SQL_BEGIN);
    store->is_quiet = false;
    return rf_db_run(&q, why);
}

enum rf_err rf_db_begin_quiet(struct rf_store *store, struct rf_why *why)
{
    bool was_quiet = store->is_quiet || store->together == 0;
    enum rf_err err = rf_db_begin(store, why);
    store->is_quiet = err == RF_OK && was_quiet;
    return err;
}

uint64_t rf_store_generation(const struct rf_store *store)
{
    return atomic_load(&store->generation);
}

static enum rf_err commit(struct rf_store *store, struct rf_why *why)
{
    rf_crash_point("store.before-commit");
    struct rf_db q = rf_db_of(store, RF_SQL_COMMIT);
    enum rf_err err = rf_db_run(&q, why);
    rf_crash_point("store.after-commit");
    /* Also when it failed: who asks too often only works too much. */
    if (!store->is_quiet)
        atomic_fetch_add(&store->generation, 1);
    return err;
}

enum rf_err rf_store_together(struct rf_store *store, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (store->together == 0)
        store->is_spoilt = false;
    store->together += err == RF_OK;
    return err;
}

enum rf_err rf_store_together_end(struct rf_store *store, struct rf_why *why)
{
    rf_bug_on(store->together == 0);
    store->together--;
    enum rf_err err = RF_OK;
    if (store->is_spoilt)
        err = rf_why_set(why, RF_ERR_IO, "store-undo", "a change that failed could not be undone");
    return rf_db_finish(store, err, NULL, why);
}

static enum rf_err group_begin(void *store, struct rf_why *why)
{
    return rf_store_together(store, why);
}

static enum rf_err group_end(void *store, struct rf_why *why)
{
    return rf_store_together_end(store, why);
}

const struct rf_worker_group rf_store_group = {.begin = group_begin, .end = group_end};

/* A part of a transaction that goes on: kept with it, or undone alone. */
static enum rf_err part_finish(struct rf_store *store, enum rf_err err, struct rf_why *why)
{
    struct rf_why ignored = {0}; /* the first failure is the one to tell */
    struct rf_db undo = rf_db_of(store, RF_SQL_PART_UNDO);
    if (err != RF_OK)
        store->is_spoilt |= rf_db_run(&undo, &ignored) != RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_PART_KEEP);
    enum rf_err kept = rf_db_run(&q, err == RF_OK ? why : &ignored);
    return err != RF_OK ? err : kept;
}

enum rf_err rf_db_finish(struct rf_store *store, enum rf_err err,
                         const struct rf_store_event *event, struct rf_why *why)
{
    if (err == RF_OK && event != NULL)
        err = rf_store_event_put(store, event, why);
    if (store->together > 0)
        return part_finish(store, err, why);
    if (err == RF_OK)
        err = commit(store, why);
    if (err != RF_OK && sqlite3_get_autocommit(store->db) == 0) {
        struct rf_db q = rf_db_of(store, RF_SQL_ROLLBACK);
        struct rf_why ignored = {0}; /* the first failure is the one to tell */
        (void)!rf_db_run(&q, &ignored);
    }
    return err;
}

void rf_store_bind_query(struct rf_db *q, const struct rf_store_event_query *query, size_t max)
{
    rf_db_text(q, query->device);
    rf_db_int(q, query->after_id);
    rf_db_int(q, query->since_s != 0 ? query->since_s : INT64_MIN);
    rf_db_int(q, (int64_t)(query->limit == 0 || query->limit > max ? max : query->limit));
}

void rf_store_turn_round(void *items, size_t n, size_t item_size)
{
    for (size_t i = 0; i < n / 2; i++) {
        uint8_t *a = (uint8_t *)items + i * item_size;
        uint8_t *b = (uint8_t *)items + (n - 1 - i) * item_size;
        for (size_t k = 0; k < item_size; k++) {
            uint8_t kept = a[k];
            a[k] = b[k];
            b[k] = kept;
        }
    }
}

enum rf_err rf_store_grow(void **items, size_t n, size_t item_size, size_t limit,
                          struct rf_why *why)
{
    if (n >= limit)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full", "more than %zu rows", limit);
    bool is_full = (n & (n - 1)) == 0; /* room is 0, 1, 2, 4, 8 … */
    if (!is_full)
        return RF_OK;
    size_t room = n == 0 ? 1 : n * 2;
    void *bigger = rf_try_alloc(room * item_size, limit * 2 * item_size);
    if (bigger == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "store-memory", "no memory for %zu rows", room);
    if (n > 0)
        memcpy(bigger, *items, n * item_size);
    rf_free(*items);
    *items = bigger;
    return RF_OK;
}

enum rf_err rf_store_check_text(const char *text, size_t cap, bool needed, const char *field,
                                struct rf_why *why)
{
    size_t len = strnlen(text, cap);
    if (len == cap)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "%s is longer than %zu bytes", field,
                          cap - 1);
    if (needed && len == 0)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "%s is empty", field);
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return rf_why_set(why, RF_ERR_BAD, "store-value", "%s holds a control byte", field);
    return RF_OK;
}
