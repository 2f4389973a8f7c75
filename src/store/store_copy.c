/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the database as it is at one moment, for backups. */
#include "store/store_int.h"

#include "base/file.h"

/* Longest wait for a writer. */
#define BUSY_MS 10000

static void close_db(sqlite3 **db)
{
    sqlite3_close(*db);
}

static void finalize(sqlite3_stmt **st)
{
    sqlite3_finalize(*st);
}

enum rf_err rf_store_copy(const char *path, const char *copy, struct rf_why *why)
{
    RF_AUTO(close_db) sqlite3 *db = NULL;
    RF_AUTO(finalize) sqlite3_stmt *st = NULL;
    if (rf_file_exists(copy))
        return rf_why_set(why, RF_ERR_EXISTS, "file-exists", "%s exists already", copy);
    /* SQLite would give it the process's mode. */
    enum rf_err err = rf_file_create(copy, rf_slice_of(NULL, 0), RF_FILE_PRIVATE, why);
    if (err != RF_OK)
        return err;
    /* Written to it is not, but a reader of a log that nobody else has open may have to make its
     * index. */
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(st, 1, copy, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    return rf_db_error(db, rc, why);
}
