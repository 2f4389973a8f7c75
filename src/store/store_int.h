/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the store: the connection, one statement's run, transactions. */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "store/store.h"
#include "store/store_sql.h"

struct rf_store_migration {
    unsigned number;
    const char *name;
    const char *sql;
};
extern const struct rf_store_migration rf_store_migrations[];
extern const size_t rf_store_n_migrations;

struct rf_store {
    sqlite3 *db;
    sqlite3_stmt *prepared[RF_SQL_N];
    unsigned schema;
    bool is_quiet;     /* the transaction changes nothing that configurations depend on */
    unsigned together; /* what begins now is part of one that goes on: rf_store_together */
    bool is_spoilt;    /* a part of it failed and could not be undone */
    _Atomic uint64_t generation;
};

/** Translate a result of SQLite, with the database's own words in `why`. */
enum rf_err rf_db_error(sqlite3 *db, int rc, struct rf_why *why);

/* One run of a statement: bind in order, step, read the columns in order, end. Failures are kept
 * and told by rf_db_row and rf_db_run.
 *
 *     struct rf_db q = rf_db_of(store, RF_SQL_LINE_LIST);
 *     rf_db_text(&q, device);
 *     while (rf_db_row(&q)) { line.index = rf_db_get_u32(&q, RF_STORE_LINES_MAX); ... }
 *     err = rf_db_end(&q, why);
 */
struct rf_db {
    struct rf_store *store;
    sqlite3_stmt *st;
    int at; /* next parameter, then next column */
    int rc;
    bool is_bad; /* a value in the database that no version of ours writes */
};
struct rf_db rf_db_of(struct rf_store *store, enum rf_sql which);
void rf_db_text(struct rf_db *q, const char *text); /* NULL binds NULL */
void rf_db_int(struct rf_db *q, int64_t value);
void rf_db_blob(struct rf_db *q, struct rf_slice bytes);
/** Another row? Columns are then read from the first. */
bool rf_db_row(struct rf_db *q);
int64_t rf_db_get(struct rf_db *q);
/** A number of at most `max`; others make the run fail as store-corrupt. */
uint32_t rf_db_get_u32(struct rf_db *q, uint32_t max);
/** A text that fits; others make the run fail as store-corrupt. */
void rf_db_get_text(struct rf_db *q, char *buf, size_t cap);
/** Valid until the next row. */
struct rf_slice rf_db_get_blob(struct rf_db *q);
/** Release the statement; RF_OK, or what failed on the way. */
RF_MUST_CHECK enum rf_err rf_db_end(struct rf_db *q, struct rf_why *why);
/** Step a statement that gives no rows, and end it. */
RF_MUST_CHECK enum rf_err rf_db_run(struct rf_db *q, struct rf_why *why);
/** Rows changed by the last statement. */
int64_t rf_db_changed(const struct rf_store *store);

RF_MUST_CHECK enum rf_err rf_db_begin(struct rf_store *store, struct rf_why *why);
/** The same, for a change that leaves rf_store_generation as it is. */
RF_MUST_CHECK enum rf_err rf_db_begin_quiet(struct rf_store *store, struct rf_why *why);
/** End the transaction: with RF_OK write the event (may be NULL) and commit, otherwise roll back.
 * Returns `err`, or why the commit failed. */
RF_MUST_CHECK enum rf_err rf_db_finish(struct rf_store *store, enum rf_err err,
                                       const struct rf_store_event *event, struct rf_why *why);

/** Make room for one more item: the array doubles, up to `limit` items. RF_ERR_LIMIT store-full. */
RF_MUST_CHECK enum rf_err rf_store_grow(void **items, size_t n, size_t item_size, size_t limit,
                                        struct rf_why *why);

/** What a list of events or records asks for: its device, the id it comes after, since when, and
 * how many, at most `max` (also for 0). */
void rf_store_bind_query(struct rf_db *q, const struct rf_store_event_query *query, size_t max);
/** The youngest were read first: the oldest comes first. `items` may be NULL when n is 0. */
void rf_store_turn_round(void *items, size_t n, size_t item_size);

/** NUL within the array and no control byte; with `needed` not empty. RF_ERR_BAD store-value. */
RF_MUST_CHECK enum rf_err rf_store_check_text(const char *text, size_t cap, bool needed,
                                              const char *field, struct rf_why *why);

/* Within the caller's transaction. */
RF_MUST_CHECK enum rf_err
rf_store_event_put(struct rf_store *store, const struct rf_store_event *event, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_check_rule(const struct rf_store_line *line, struct rf_why *why);
/** RF_ERR_DENIED protected-mode. */
RF_MUST_CHECK enum rf_err rf_store_check_protected(const struct rf_store_device *device,
                                                   struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_protected_put(struct rf_store *store,
                                                 const struct rf_store_device *device,
                                                 struct rf_why *why);
/** Keep how calls of a line are handled, whose row is there; `is_new`: its device had it not. */
RF_MUST_CHECK enum rf_err rf_store_rule_put(struct rf_store *store, const char *device,
                                            const struct rf_store_line *line, bool is_new,
                                            struct rf_why *why);
/** The columns of one. */
void rf_store_rule_read(struct rf_db *q, struct rf_store_line_rule *rule);
/** RF_ERR_EXISTS meet-me-exists. */
RF_MUST_CHECK enum rf_err rf_store_meet_me_clash(struct rf_store *store, const char *number,
                                                 struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_device_known(struct rf_store *store, const char *name,
                                                struct rf_why *why);
/** A load's name: it must stay in the folder of images. RF_ERR_BAD store-value. */
RF_MUST_CHECK enum rf_err rf_store_check_load(const char *load, size_t cap, const char *field,
                                              struct rf_why *why);
/** Keep, or with "" forget, where a device gets its loads. */
RF_MUST_CHECK enum rf_err rf_store_load_server_put(struct rf_store *store, const char *device,
                                                   const char *host, struct rf_why *why);
/** Keep how the device's configuration is made. */
RF_MUST_CHECK enum rf_err rf_store_config_use_put(struct rf_store *store,
                                                  const struct rf_store_device *device,
                                                  struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_capf_find(struct rf_store *store, const char *device,
                                             struct rf_store_capf *out, struct rf_why *why);
/** RF_ERR_DENIED device-quarantined: nobody approved it. */
RF_MUST_CHECK enum rf_err rf_store_capf_approved(struct rf_store *store, const char *device,
                                                 struct rf_why *why);
/** What rf_store_capf_schedule does, with the tries that `op` says; *out_id stays as it is when the
 * operation is dropped. */
RF_MUST_CHECK enum rf_err rf_store_capf_put(struct rf_store *store, const struct rf_store_capf *op,
                                            int64_t now_s, int64_t *out_id, struct rf_why *why);
/** The device's operation, if it is still this one and pending. RF_ERR_DENIED op-ended. */
RF_MUST_CHECK enum rf_err rf_store_capf_pending(struct rf_store *store, const char *device,
                                                int64_t op_id, struct rf_store_capf *out,
                                                struct rf_why *why);
/** Nothing counts against the phone any more: it was let in, or waits for a CA. */
RF_MUST_CHECK enum rf_err rf_store_capf_no_failure(struct rf_store *store, int64_t op_id,
                                                   struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_capf_end(struct rf_store *store, int64_t op_id, int64_t now_s,
                                            struct rf_why *why);

#endif
