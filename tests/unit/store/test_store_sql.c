/* SPDX-License-Identifier: Apache-2.0 */
/* What is done for one phone reads the rows of that phone, however many there are: every statement
 * finds its rows by an index, but for those named here. */
#include "store_place.h"

#include <sqlite3.h>

#include "store/store_sql.h"

#define TEXT_OF(symbol, text) {#symbol, text},
static const struct {
    const char *name;
    const char *text;
} statements[] = {RF_SQL(TEXT_OF)};

/* They go through a whole table, or a whole index, on purpose. */
static const char *const whole[] = {
    /* at the start, or asked by an operator */
    "DEVICE_LIST", "MODEL_LOAD_LIST", "REFUSED_LIST", "CAPF_LIST", "REQUEST_LIST", "CERT_ALL",
    "HELD_ALL", "FETCH_ALL", "PENDING_LIST", "TVS_LIST", "BLOCKED_LIST", "MIC_ALLOW_LIST",
    "CAMPAIGN_PICK", "CAMPAIGN_LIST", "MEET_ME_LIST", "CONFIG_SECRETS", "BLOCKED_REMOVE_DEVICE",
    "PROOF_ALLOW", "SAID_LIST", "SRST_LIST", "SRST_USERS", "SRST_USERS_COUNT", "SRST_USE_LIST",
    /* limits, where an operator adds something, or where the table is small by its limit */
    "DEVICE_COUNT", "DEVICE_QUARANTINED_COUNT", "MODEL_LOAD_COUNT", "TVS_COUNT", "MEET_ME_COUNT",
    "BLOCKED_COUNT", "CAMPAIGN_TRIM", "CAMPAIGN_TOTAL", "ARCHIVE_COUNT", "ARCHIVE_TRIM",
    "PENDING_TRIM", "SRST_COUNT", "SRST_USE_COUNT",
    /* now and then */
    "EVENT_TRIM", "RECORD_TRIM_MANY", "CAMPAIGN_OPEN", "MEMBER_SWEEP",
    /* a few campaigns, not their members */
    "MEMBER_UNSTAND"};

static bool may_be_whole(const char *name)
{
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strcmp(whole[i], name) == 0)
            return true;
    return false;
}

/* "SCAN table"; not "SCAN (subquery)" or a constant row. */
static bool scans(sqlite3 *db, const char *text)
{
    RF_AUTO(rf_freep) char *plan = rf_strf("EXPLAIN QUERY PLAN %s", text);
    sqlite3_stmt *st = NULL;
    bool is_found = false;
    assert_int_equal(sqlite3_prepare_v2(db, plan, -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(st, 3);
        assert_non_null(step);
        is_found |= strncmp(step, "SCAN ", 5) == 0 && step[5] != '(' &&
                    strcmp(step, "SCAN CONSTANT ROW") != 0;
    }
    sqlite3_finalize(st);
    return is_found;
}

static void rows_of_one_are_found_by_an_index(void **state)
{
    const struct place *p = *state;
    sqlite3 *db = NULL;
    size_t n_whole = 0;
    assert_int_equal(sqlite3_open_v2(p->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (!scans(db, statements[i].text))
            continue;
        n_whole++;
        if (!may_be_whole(statements[i].name))
            fail_msg("%s reads a whole table: %s", statements[i].name, statements[i].text);
    }
    sqlite3_close(db);
    assert_int_equal(n_whole, sizeof whole / sizeof *whole); /* none stands here without need */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_of_one_are_found_by_an_index, place_set_up,
                                        place_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
