/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: from nothing, from version 0, from a newer or damaged file; and what kill -9 leaves. */
#include "store_place.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOW 1800000000

/* Not open. */
static int set_up(void **state)
{
    struct place *p = rf_new(struct place);
    place_make(p);
    *state = p;
    return 0;
}

static struct rf_store *open_good(struct place *p)
{
    struct rf_store *store = NULL;
    struct rf_why why = {0};
    enum rf_err err = rf_store_open(p->path, &store, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    return store;
}

static void raw(struct place *p, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_new_database_is_private_and_at_the_newest_schema(void **state)
{
    struct place *p = *state;
    struct rf_store *store = open_good(p);
    assert_int_equal(rf_store_schema(store), rf_store_schema_newest());
    static const char *const tails[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        struct stat st;
        snprintf(path, sizeof path, "%s%s", p->path, tails[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    rf_store_close(store);
}

static void every_column_is_explained(void **state)
{
    struct place *p = *state;
    rf_store_close(open_good(p));
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    const char *sql =
        "SELECT s.sql, c.name, s.name FROM sqlite_schema s, pragma_table_info(s.name) "
        "c WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%'";
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    int n = 0;
    while (sqlite3_step(st) == SQLITE_ROW) {
        char start[64];
        snprintf(start, sizeof start, "\n    %s ", (const char *)sqlite3_column_text(st, 1));
        const char *column = strstr((const char *)sqlite3_column_text(st, 0), start);
        assert_non_null(column);
        const char *end = strchr(column + 1, '\n');
        const char *comment = strstr(column, "-- ");
        if (comment == NULL || comment > end)
            print_error("%s.%s has no comment\n", (const char *)sqlite3_column_text(st, 2),
                        (const char *)sqlite3_column_text(st, 1));
        assert_true(comment != NULL && comment < end);
        n++;
    }
    assert_true(n > 50);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static void an_empty_file_is_version_0_and_is_migrated(void **state)
{
    struct place *p = *state;
    assert_err(rf_file_create(p->path, rf_slice_of(NULL, 0), 0600, NULL), RF_OK);
    struct rf_store *store = open_good(p);
    assert_int_equal(rf_store_schema(store), rf_store_schema_newest());
    rf_store_close(store);
}

static void a_newer_database_is_refused_and_left_alone(void **state)
{
    struct place *p = *state;
    rf_store_close(open_good(p));
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %u", rf_store_schema_newest() + 1);
    raw(p, sql);
    RF_AUTO(rf_buf_fini) struct rf_buf before = RF_BUF(1 << 20);
    RF_AUTO(rf_buf_fini) struct rf_buf after = RF_BUF(1 << 20);
    assert_err(rf_file_read(p->path, 1 << 20, &before, NULL), RF_OK);
    struct rf_store *store = NULL;
    struct rf_why why = {0};
    assert_refused(rf_store_open(p->path, &store, &why), RF_ERR_DENIED, why, "store-newer");
    assert_null(store);
    assert_err(rf_file_read(p->path, 1 << 20, &after, NULL), RF_OK);
    assert_slice_eq(rf_buf_slice(&before), rf_buf_slice(&after));
    snprintf(sql, sizeof sql, "PRAGMA user_version = %u", rf_store_schema_newest());
    raw(p, sql);
    rf_store_close(open_good(p));
}

static void what_is_no_database_of_ours_is_refused(void **state)
{
    struct place *p = *state;
    struct rf_store *store = NULL;
    struct rf_why why = {0};
    static const char text[] = "this is a letter, not a database, and long enough to be read as "
                               "the header of one, which has a hundred bytes ............";
    assert_err(rf_file_create(p->path, rf_slice_str(text), 0600, NULL), RF_OK);
    assert_refused(rf_store_open(p->path, &store, &why), RF_ERR_BAD, why, "store-corrupt");
    assert_non_null(strstr(why.text, "not a database"));
    unlink(p->path);
    raw(p, "CREATE TABLE foreign_thing (x)");
    why = (struct rf_why){0};
    assert_refused(rf_store_open(p->path, &store, &why), RF_ERR_BAD, why, "store-corrupt");
    assert_non_null(strstr(why.text, "another program"));
    why = (struct rf_why){0};
    assert_refused(rf_store_open("/nonexistent/ringfence.db", &store, &why), RF_ERR_IO, why,
                   "store-io");
}

static void damage_inside_is_found_at_opening(void **state)
{
    struct place *p = *state;
    struct rf_store *store = open_good(p);
    for (int i = 0; i < 200; i++) {
        struct rf_store_event e = {.time_s = NOW + i, .category = "device"};
        memset(e.text, 'x', sizeof e.text - 1);
        assert_err(rf_store_event_add(store, &e, NULL, NULL), RF_OK);
    }
    rf_store_close(store);
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(1 << 20);
    assert_err(rf_file_read(p->path, 1 << 20, &file, NULL), RF_OK);
    assert_true(file.len > 40960);
    memset(file.p + file.len / 2, 0x5a, 8192);
    assert_err(rf_file_replace(p->path, rf_buf_slice(&file), 0600, NULL), RF_OK);
    struct rf_why why = {0};
    assert_refused(rf_store_open(p->path, &store, &why), RF_ERR_BAD, why, "store-corrupt");
}

/* A value no version of ours writes, put there by another hand. */
static void a_value_outside_its_limits_is_told_not_used(void **state)
{
    struct place *p = *state;
    rf_store_close(open_good(p));
    raw(p, "INSERT INTO event (time_s, uid, severity, category, code, device, call, text) VALUES "
           "(1, 1, 1, 'a category that is much longer than ours', '', '', 0, '')");
    struct rf_store *store = open_good(p);
    struct rf_store_event_query query = {0};
    struct rf_store_events events = {0};
    struct rf_why why = {0};
    assert_refused(rf_store_event_list(store, &query, &events, &why), RF_ERR_BAD, why,
                   "store-corrupt");
    assert_null(events.items);
    rf_store_close(store);
}

static void another_writer_makes_it_busy_not_broken(void **state)
{
    struct place *p = *state;
    struct rf_store *store = open_good(p);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct rf_store_event e = {.time_s = NOW, .category = "device"};
    struct rf_why why = {0};
    assert_refused(rf_store_event_add(store, &e, NULL, &why), RF_ERR_AGAIN, why, "store-busy");
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_err(rf_store_event_add(store, &e, NULL, NULL), RF_OK);
    rf_store_close(store);
}

/* One device with four lines and one event; number i of a row. */
static enum rf_err add_one(struct rf_store *store, uint32_t i)
{
    struct rf_store_line lines[4] = {0};
    struct rf_store_phone phone = {.lines = lines, .n_lines = 4};
    struct rf_store_event event = {.time_s = NOW, .category = "device"};
    snprintf(phone.device.name, sizeof phone.device.name, "SEP%012X", i);
    for (uint32_t l = 0; l < 4; l++) {
        lines[l].index = l + 1;
        snprintf(lines[l].dn, sizeof lines[l].dn, "%u", 10000 + i * 4 + l);
    }
    return rf_store_device_add(store, &phone, NOW, &event, NULL);
}

/* Adds devices and says so by a byte each, until it is killed. */
static void child_writes(const char *path, int fd)
{
    struct rf_store *store = NULL;
    if (rf_store_open(path, &store, NULL) != RF_OK)
        _exit(2);
    for (uint32_t i = 0;; i++)
        if (add_one(store, i) != RF_OK || write(fd, "x", 1) != 1)
            _exit(3);
}

/* Whole devices only, at least `acknowledged`, an event for each. */
static void check_whole(struct place *p, size_t acknowledged)
{
    struct rf_store *store = open_good(p);
    struct rf_store_phones all = {0};
    struct rf_store_events events = {0};
    struct rf_store_event_query query = {0};
    assert_err(rf_store_device_list(store, &all, NULL), RF_OK);
    assert_err(rf_store_event_list(store, &query, &events, NULL), RF_OK);
    assert_in_range(all.n, acknowledged, acknowledged + 1);
    assert_int_equal(events.n, all.n);
    for (size_t i = 0; i < all.n; i++)
        assert_int_equal(all.items[i].n_lines, 4);
    rf_store_phones_fini(&all);
    rf_store_events_fini(&events);
    rf_store_close(store);
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    struct place *p = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        child_writes(p->path, ends[1]);
    }
    close(ends[1]);
    size_t acknowledged = 0;
    char byte;
    while (acknowledged < 50 && read(ends[0], &byte, 1) == 1)
        acknowledged++;
    kill(child, SIGKILL);
    while (read(ends[0], &byte, 1) == 1)
        acknowledged++;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(acknowledged >= 50);
    check_whole(p, acknowledged);
}

#ifdef RF_TEST_HOOKS
/* Killed inside the transaction, and between the commit and its caller. */
static size_t devices_after_crash_at(struct place *p, const char *point, uint32_t device)
{
    pid_t child = fork();
    if (child == 0) {
        struct rf_store *store = NULL;
        if (rf_store_open(p->path, &store, NULL) != RF_OK)
            _exit(2);
        setenv("RINGFENCE_CRASH_AT", point, 1);
        (void)!add_one(store, device);
        _exit(3);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct rf_store *store = open_good(p);
    struct rf_store_phones all = {0};
    assert_err(rf_store_device_list(store, &all, NULL), RF_OK);
    size_t n = all.n;
    rf_store_phones_fini(&all);
    rf_store_close(store);
    return n;
}

static void a_transaction_cut_short_leaves_nothing(void **state)
{
    struct place *p = *state;
    rf_store_close(open_good(p));
    assert_int_equal(devices_after_crash_at(p, "store.before-commit", 1), 0);
    assert_int_equal(devices_after_crash_at(p, "store.after-commit", 1), 1);
    assert_int_equal(devices_after_crash_at(p, "store.before-commit", 2), 1);
}
#endif

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_PLACE(a_new_database_is_private_and_at_the_newest_schema),
        AT_PLACE(every_column_is_explained),
        AT_PLACE(an_empty_file_is_version_0_and_is_migrated),
        AT_PLACE(a_newer_database_is_refused_and_left_alone),
        AT_PLACE(what_is_no_database_of_ours_is_refused),
        AT_PLACE(damage_inside_is_found_at_opening),
        AT_PLACE(a_value_outside_its_limits_is_told_not_used),
        AT_PLACE(another_writer_makes_it_busy_not_broken),
        AT_PLACE(what_was_acknowledged_survives_kill_9),
#ifdef RF_TEST_HOOKS
        AT_PLACE(a_transaction_cut_short_leaves_nothing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
