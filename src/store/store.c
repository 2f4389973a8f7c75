/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_int.h"

#include "base/file.h"

#include <stdio.h>

/* Marks our databases among others ("RFDB"). */
#define APPLICATION_ID 0x52464442

#define BUSY_MS 2000

unsigned rf_store_schema(const struct rf_store *store)
{
    return store->schema;
}

unsigned rf_store_schema_newest(void)
{
    return rf_store_migrations[rf_store_n_migrations - 1].number;
}

static enum rf_err exec(struct rf_store *store, const char *sql, struct rf_why *why)
{
    return rf_db_error(store->db, sqlite3_exec(store->db, sql, NULL, NULL, NULL), why);
}

/* Text of a query's first value; pragmas answer so. */
static enum rf_err ask(struct rf_store *store, const char *sql, char *buf, size_t cap,
                       struct rf_why *why)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    enum rf_err err = rf_db_error(store->db, rc, why);
    snprintf(buf, cap, "%s", "");
    if (err == RF_OK && rc == SQLITE_ROW && sqlite3_column_text(st, 0) != NULL)
        snprintf(buf, cap, "%s", (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    return err;
}

static enum rf_err ask_number(struct rf_store *store, const char *sql, int64_t *out,
                              struct rf_why *why)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    enum rf_err err = rf_db_error(store->db, rc, why);
    *out = err == RF_OK ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    return err;
}

/* Ours, and not from the future? Reads only. */
static enum rf_err check_kind(struct rf_store *store, int64_t *schema, struct rf_why *why)
{
    int64_t id;
    int64_t n_objects;
    enum rf_err err = ask_number(store, "PRAGMA user_version", schema, why);
    if (err == RF_OK)
        err = ask_number(store, "PRAGMA application_id", &id, why);
    if (err == RF_OK)
        err = ask_number(store, "SELECT count(*) FROM sqlite_schema", &n_objects, why);
    if (err != RF_OK)
        return err;
    bool is_new = id == 0 && *schema == 0 && n_objects == 0;
    if (!is_new && id != APPLICATION_ID)
        return rf_why_set(why, RF_ERR_BAD, "store-corrupt",
                          "database: another program's, not ringfence's");
    if (*schema < 0)
        return rf_why_set(why, RF_ERR_BAD, "store-corrupt", "database: schema number %lld",
                          (long long)*schema);
    if (*schema > (int64_t)rf_store_schema_newest())
        return rf_why_set(why, RF_ERR_DENIED, "store-newer",
                          "database has schema %lld, this ringfence knows up to %u: use the newer "
                          "ringfence",
                          (long long)*schema, rf_store_schema_newest());
    return RF_OK;
}

static enum rf_err check_whole(struct rf_store *store, struct rf_why *why)
{
    char found[128];
    enum rf_err err = ask(store, "PRAGMA quick_check(1)", found, sizeof found, why);
    if (err == RF_OK && !rf_slice_eq_str(rf_slice_str(found), "ok"))
        return rf_why_set(why, RF_ERR_BAD, "store-corrupt", "database: %s", found);
    return err;
}

static enum rf_err migrate_to(struct rf_store *store, const struct rf_store_migration *m,
                              struct rf_why *why)
{
    char mark[96];
    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %u",
             APPLICATION_ID, m->number);
    enum rf_err err = exec(store, m->sql, why);
    if (err == RF_OK)
        err = exec(store, mark, why);
    return err;
}

/* All that is missing, in one transaction. The number is read again inside it, since another
 * process may have been first. */
static enum rf_err migrate(struct rf_store *store, struct rf_why *why)
{
    int64_t schema = 0;
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    err = check_kind(store, &schema, why);
    for (size_t i = 0; i < rf_store_n_migrations && err == RF_OK; i++)
        if ((int64_t)rf_store_migrations[i].number > schema)
            err = migrate_to(store, &rf_store_migrations[i], why);
    return rf_db_finish(store, err, NULL, why);
}

static enum rf_err set_up(struct rf_store *store, struct rf_why *why)
{
    int64_t schema = 0;
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, BUSY_MS);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    enum rf_err err = check_kind(store, &schema, why);
    if (err == RF_OK)
        err = check_whole(store, why);
    if (err == RF_OK)
        err = exec(store,
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                   "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON",
                   why);
    char mode[16] = "";
    if (err == RF_OK)
        err = ask(store, "PRAGMA journal_mode", mode, sizeof mode, why);
    if (err == RF_OK && !rf_slice_eq_str(rf_slice_str(mode), "wal"))
        return rf_why_set(why, RF_ERR_IO, "store-io", "database: no write-ahead log here (%s)",
                          mode);
    if (err == RF_OK && schema < (int64_t)rf_store_schema_newest())
        err = migrate(store, why);
    store->schema = rf_store_schema_newest();
    return err;
}

enum rf_err rf_store_open(const char *path, struct rf_store **out, struct rf_why *why)
{
    /* Made here first: SQLite would give it the process's mode. Its log takes the mode over. */
    if (!rf_file_exists(path)) {
        struct rf_why made = {0};
        enum rf_err err = rf_file_create(path, rf_slice_of(NULL, 0), RF_FILE_PRIVATE, &made);
        if (err != RF_OK && err != RF_ERR_EXISTS)
            return rf_why_set(why, RF_ERR_IO, "store-io", "database: %s", made.text);
    }
    RF_AUTO(rf_store_closep) struct rf_store *store = rf_new(struct rf_store);
    int rc = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return rf_why_set(why, RF_ERR_IO, "store-io", "database %s: %s", path,
                          store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc));
    enum rf_err err = set_up(store, why);
    if (err != RF_OK)
        return err;
    *out = rf_steal(&store);
    return RF_OK;
}

void rf_store_close(struct rf_store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < RF_SQL_N; i++)
        sqlite3_finalize(store->prepared[i]);
    sqlite3_close(store->db);
    rf_free(store);
}

void rf_store_closep(struct rf_store **store)
{
    rf_store_close(*store);
}
