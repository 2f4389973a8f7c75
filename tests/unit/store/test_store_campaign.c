/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns in the database: who is meant, made whole or not at all, read page by page, and found
 * by indexes. */
#include "store_place.h"

#include <sqlite3.h>

#include "store/store_campaign.h"
#include "store/store_sql.h"

#define NOW 1796083200
#define DAY ((int64_t)86400)
#define A   "SEP001122334401"
#define B   "SEP001122334402"
#define C   "SEP001122334403"
#define Q   "SEP001122334404" /* in quarantine */

static uint8_t mark;

static void add_device(struct place *p, const char *name, const char *model, const char *profile)
{
    struct rf_store_phone phone = {.device = {.mode = RF_STORE_ENCRYPTED}};
    snprintf(phone.device.name, sizeof phone.device.name, "%s", name);
    snprintf(phone.device.model, sizeof phone.device.model, "%s", model);
    snprintf(phone.device.profile, sizeof phone.device.profile, "%s", profile);
    if (strcmp(name, Q) == 0) {
        phone.device.is_quarantined = true;
        phone.device.mode = RF_STORE_NONSECURE;
    }
    assert_err(rf_store_device_add(p->store, &phone, NOW, NULL, NULL), RF_OK);
}

static void give_lsc(struct place *p, const char *device, const char *issuer, int64_t from_s,
                     int64_t until_s)
{
    struct rf_store_capf op = {.op = RF_STORE_OP_INSTALL, .auth = RF_STORE_AUTH_MIC};
    struct rf_store_cert c = {.der = RF_BUF(RF_STORE_DER_MAX),
                              .serial = "01",
                              .not_before_s = from_s,
                              .not_after_s = until_s};
    int64_t id = 0;
    snprintf(op.device, sizeof op.device, "%s", device);
    snprintf(c.device, sizeof c.device, "%s", device);
    snprintf(c.issuer, sizeof c.issuer, "%s", issuer);
    memset(c.sha256, ++mark, sizeof c.sha256);
    assert_err(rf_buf_add(&c.der, &mark, 1), RF_OK);
    assert_err(rf_store_capf_schedule(p->store, &op, NOW - 9, NULL, &id, NULL), RF_OK);
    assert_err(rf_store_capf_issue(p->store, id, &c, NOW - 9, NULL, NULL), RF_OK);
    assert_err(rf_store_capf_confirm(p->store, device, c.sha256, NOW - 9, NULL, NULL), RF_OK);
    rf_store_cert_fini(&c);
}

static int three_devices(void **state)
{
    int status = place_set_up(state);
    struct place *p = *state;
    add_device(p, A, "7962", "");
    add_device(p, B, "8861", "sales");
    add_device(p, C, "8861", "");
    add_device(p, Q, "8861", "");
    return status;
}

static struct rf_store_campaign plan(const char *name)
{
    struct rf_store_campaign c = {.op = RF_STORE_OP_INSTALL,
                                  .auth = RF_STORE_AUTH_MIC,
                                  .key_bits = 2048,
                                  .rate = 30,
                                  .created_uid = 1000};
    snprintf(c.name, sizeof c.name, "%s", name);
    return c;
}

static enum rf_err add(struct place *p, struct rf_store_campaign *c, const char *const *devices,
                       size_t n, struct rf_why *why)
{
    struct rf_store_recruit recruits[8] = {{.device = ""}};
    for (size_t i = 0; i < n; i++) {
        snprintf(recruits[i].device, sizeof recruits[i].device, "%s", devices[i]);
        if (c->auth == RF_STORE_AUTH_STRING)
            snprintf(recruits[i].string_hash, sizeof recruits[i].string_hash, "hash-%zu", i);
    }
    return rf_store_campaign_add(p->store, c, recruits, n, NOW, why);
}

static size_t n_campaigns(struct place *p)
{
    struct rf_store_campaigns all = {.n = 0};
    assert_err(rf_store_campaign_list(p->store, &all, NULL), RF_OK);
    size_t n = all.n;
    rf_store_campaigns_fini(&all);
    return n;
}

/* ---- who is meant ---- */

static void picks(struct place *p, struct rf_store_pick pick, const char *want)
{
    struct rf_store_names names = {.n = 0};
    char got[128] = "";
    assert_err(rf_store_campaign_pick(p->store, &pick, NOW, &names, NULL), RF_OK);
    for (size_t i = 0; i < names.n; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i > 0 ? " " : "",
                 names.items[i]);
    rf_store_names_fini(&names);
    assert_string_equal(got, want);
}

static void devices_are_picked_by_what_they_are_and_have(void **state)
{
    struct place *p = *state;
    give_lsc(p, A, "CN=old", NOW - 200 * DAY, NOW + 100 * DAY); /* two thirds of its life */
    give_lsc(p, B, "CN=new", NOW - 199 * DAY, NOW + 101 * DAY);
    picks(p, (struct rf_store_pick){0}, A " " B " " C); /* never who is in quarantine */
    picks(p, (struct rf_store_pick){.model = "8861"}, B " " C);
    picks(p, (struct rf_store_pick){.profile = "sales"}, B);
    picks(p, (struct rf_store_pick){.model = "7962", .profile = "sales"}, "");
    picks(p, (struct rf_store_pick){.is_due = true}, A);
    picks(p, (struct rf_store_pick){.has_no_lsc = true}, C);
    picks(p, (struct rf_store_pick){.issuer = "CN=new"}, B);
    picks(p, (struct rf_store_pick){.expires_before_s = NOW + 100 * DAY + 1}, A);
    picks(p, (struct rf_store_pick){.expires_before_s = NOW + 100 * DAY}, "");
    /* One that is blocked is none. */
    struct rf_store_block block = {.at_s = NOW};
    memset(block.sha256, mark, sizeof block.sha256);
    assert_err(rf_store_block_save(p->store, &block, NULL, NULL), RF_OK);
    picks(p, (struct rf_store_pick){.has_no_lsc = true}, B " " C);
    picks(p, (struct rf_store_pick){.issuer = "CN=new"}, "");
}

static void those_that_failed_are_picked_by_their_campaign(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = plan("first");
    assert_err(add(p, &c, (const char *const[]){A, B}, 2, NULL), RF_OK);
    struct rf_store_verdict v = {
        .campaign = c.id, .device = B, .state = RF_STORE_MEMBER_FAILED, .reason = "no-cert"};
    assert_err(rf_store_campaign_settle(p->store, &v, 1, NOW, NULL), RF_OK);
    picks(p, (struct rf_store_pick){.failed_of = "first"}, B);
    picks(p, (struct rf_store_pick){.failed_of = "other"}, "");
}

/* ---- made ---- */

static void a_campaign_is_made_whole_or_not_at_all(void **state)
{
    static const struct {
        const char *device;
        enum rf_err err;
        const char *code;
    } wrong[] = {{"SEP00112233FFFF", RF_ERR_NOT_FOUND, "device-unknown"},
                 {Q, RF_ERR_DENIED, "device-quarantined"},
                 {C, RF_ERR_DENIED, "in-campaign"}};
    struct place *p = *state;
    struct rf_store_campaign other = plan("other");
    struct rf_why why = {0};
    assert_err(add(p, &other, (const char *const[]){C}, 1, NULL), RF_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rf_store_campaign c = plan("new");
        const char *const devices[] = {A, B, wrong[i].device};
        why = (struct rf_why){0};
        assert_refused(add(p, &c, devices, 3, &why), wrong[i].err, why, wrong[i].code);
        assert_int_equal(n_campaigns(p), 1);
        c = plan("new");
        why = (struct rf_why){0};
        assert_refused(add(p, &c, devices, 0, &why), RF_ERR_BAD, why, "campaign-empty");
    }
    struct rf_store_campaign c = plan("new");
    assert_err(add(p, &c, (const char *const[]){A, B}, 2, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(add(p, &c, (const char *const[]){A}, 1, &why), RF_ERR_EXISTS, why,
                   "campaign-exists");
    /* One that has ended holds nobody. */
    assert_err(rf_store_campaign_set(p->store, "other", RF_STORE_CAMPAIGN_STOPPED, NOW, NULL, NULL),
               RF_OK);
    struct rf_store_campaign more = plan("");
    assert_err(add(p, &more, (const char *const[]){C}, 1, NULL), RF_OK);
    assert_int_equal(more.name[0], 'c');
    place_open(p);
    assert_int_equal(n_campaigns(p), 3);
    assert_err(rf_store_campaign_load(p->store, more.name, &c, NULL), RF_OK);
    assert_int_equal(c.id, more.id);
    assert_int_equal(c.rate, 30);
    assert_int_equal(c.created_s, NOW);
}

static void the_oldest_that_has_ended_makes_room(void **state)
{
    struct place *p = *state;
    char name[RF_STORE_CAMPAIGN_NAME];
    struct rf_why why = {0};
    struct rf_store_campaign running = plan("running");
    assert_err(add(p, &running, (const char *const[]){B}, 1, NULL), RF_OK);
    for (int i = 0; i < RF_STORE_CAMPAIGNS_MAX + 1; i++) {
        snprintf(name, sizeof name, "n%d", i);
        struct rf_store_campaign c = plan(name);
        assert_err(add(p, &c, (const char *const[]){A}, 1, NULL), RF_OK);
        assert_err(
            rf_store_campaign_set(p->store, name, RF_STORE_CAMPAIGN_STOPPED, NOW, NULL, NULL),
            RF_OK);
    }
    struct rf_store_campaign c;
    assert_int_equal(n_campaigns(p), RF_STORE_CAMPAIGNS_MAX);
    assert_refused(rf_store_campaign_load(p->store, "n1", &c, &why), RF_ERR_NOT_FOUND, why,
                   "campaign-unknown");
    assert_err(rf_store_campaign_load(p->store, "n2", &c, NULL), RF_OK);
    assert_err(rf_store_campaign_load(p->store, "running", &c, NULL), RF_OK);
}

static void it_is_paused_resumed_and_stopped_once(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = plan("one");
    struct rf_why why = {0};
    assert_err(add(p, &c, (const char *const[]){A, B}, 2, NULL), RF_OK);
    assert_err(rf_store_campaign_set(p->store, "one", RF_STORE_CAMPAIGN_PAUSED, NOW, NULL, NULL),
               RF_OK);
    place_open(p);
    assert_err(rf_store_campaign_load(p->store, "one", &c, NULL), RF_OK);
    assert_int_equal(c.state, RF_STORE_CAMPAIGN_PAUSED);
    assert_err(rf_store_campaign_set(p->store, "one", RF_STORE_CAMPAIGN_RUNNING, NOW, NULL, NULL),
               RF_OK);
    assert_err(
        rf_store_campaign_set(p->store, "one", RF_STORE_CAMPAIGN_STOPPED, NOW + 5, NULL, NULL),
        RF_OK);
    struct rf_store_campaign_counts n;
    assert_err(rf_store_campaign_count(p->store, c.id, &n, NULL), RF_OK);
    assert_int_equal(n.failed, 2);
    assert_refused(
        rf_store_campaign_set(p->store, "one", RF_STORE_CAMPAIGN_RUNNING, NOW, NULL, &why),
        RF_ERR_DENIED, why, "campaign-ended");
    why = (struct rf_why){0};
    assert_refused(
        rf_store_campaign_set(p->store, "two", RF_STORE_CAMPAIGN_PAUSED, NOW, NULL, &why),
        RF_ERR_NOT_FOUND, why, "campaign-unknown");
}

/* ---- on the way ---- */

static void a_string_goes_with_its_turn_and_is_gone_at_the_end(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = plan("typed");
    struct rf_store_names begun = {.n = 0};
    struct rf_store_capf op = {0};
    c.auth = RF_STORE_AUTH_STRING;
    c.string_s = 3600;
    c.complete_by_s = NOW + 7200;
    assert_err(add(p, &c, (const char *const[]){A, B}, 2, NULL), RF_OK);
    assert_err(rf_store_campaign_begin(p->store, &c, 1, NOW + 60, &begun, NULL), RF_OK);
    assert_int_equal(begun.n, 1);
    assert_string_equal(begun.items[0], A);
    rf_store_names_fini(&begun);
    assert_err(rf_store_capf_load(p->store, A, &op, NULL), RF_OK);
    assert_string_equal(op.string_hash, "hash-0");
    assert_int_equal(op.string_expires_s, NOW + 3660);
    assert_int_equal(op.complete_by_s, NOW + 7200);
    assert_err(rf_store_campaign_begin(p->store, &c, 1, NOW + 7000, &begun, NULL), RF_OK);
    rf_store_names_fini(&begun);
    assert_err(rf_store_capf_load(p->store, B, &op, NULL), RF_OK);
    assert_int_equal(op.string_expires_s, NOW + 7200); /* not after the campaign */
    struct rf_store_verdict v = {.campaign = c.id,
                                 .device = B,
                                 .op_id = op.id,
                                 .state = RF_STORE_MEMBER_WAITING,
                                 .reason = "no-answer"};
    assert_err(rf_store_campaign_settle(p->store, &v, 1, NOW, NULL), RF_OK);
    assert_err(rf_store_capf_load(p->store, B, &op, NULL), RF_OK);
    assert_string_equal(op.string_hash, "");
    assert_err(rf_store_campaign_begin(p->store, &c, 1, NOW + 7001, &begun, NULL), RF_OK);
    rf_store_names_fini(&begun);
    assert_err(rf_store_capf_load(p->store, B, &op, NULL), RF_OK);
    assert_string_equal(op.string_hash, "hash-1"); /* the same, at its next turn */
    v.state = RF_STORE_MEMBER_FAILED;
    v.op_id = op.id;
    assert_err(rf_store_campaign_settle(p->store, &v, 1, NOW, NULL), RF_OK);
    rf_store_close(p->store);
    p->store = NULL;
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT (SELECT count(*) FROM campaign_member WHERE "
                                        "string_hash = 'hash-1') + (SELECT count(*) FROM capf_op "
                                        "WHERE string_hash = 'hash-1')",
                                        -1, &st, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(st, 0), 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static struct rf_store_capf begin_next(struct place *p, const struct rf_store_campaign *c)
{
    struct rf_store_names begun = {.n = 0};
    struct rf_store_capf op = {0};
    assert_err(rf_store_campaign_begin(p->store, c, 1, NOW, &begun, NULL), RF_OK);
    assert_int_equal(begun.n, 1);
    assert_err(rf_store_capf_load(p->store, begun.items[0], &op, NULL), RF_OK);
    rf_store_names_fini(&begun);
    return op;
}

static void guess(struct place *p, const struct rf_store_capf *op)
{
    assert_err(rf_store_capf_fail(p->store, op->device, op->id, "bad-string", RF_STORE_FAILURE_TRY,
                                  NOW, NULL, NULL, NULL),
               RF_OK);
}

static void put_back(struct place *p, const struct rf_store_campaign *c,
                     const struct rf_store_capf *op)
{
    struct rf_store_verdict v = {.campaign = c->id,
                                 .op_id = op->id,
                                 .state = RF_STORE_MEMBER_WAITING,
                                 .reason = "bad-string"};
    snprintf(v.device, sizeof v.device, "%s", op->device);
    assert_err(rf_store_campaign_settle(p->store, &v, 1, NOW, NULL), RF_OK);
    place_open(p);
}

/* Five tries are of the string, not of a turn. */
static void a_string_has_its_tries_in_all_its_turns_together(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = plan("typed");
    c.auth = RF_STORE_AUTH_STRING;
    c.string_s = 3600;
    assert_err(add(p, &c, (const char *const[]){A}, 1, NULL), RF_OK);
    struct rf_store_capf op = begin_next(p, &c);
    assert_int_equal(op.tries_left, RF_STORE_STRING_TRIES);
    put_back(p, &c, &op); /* nobody came */
    op = begin_next(p, &c);
    assert_int_equal(op.tries_left, RF_STORE_STRING_TRIES);
    guess(p, &op);
    guess(p, &op);
    put_back(p, &c, &op);
    op = begin_next(p, &c);
    assert_string_equal(op.string_hash, "hash-0");
    assert_int_equal(op.tries_left, RF_STORE_STRING_TRIES - 2);
    guess(p, &op);
    put_back(p, &c, &op);
    op = begin_next(p, &c);
    assert_int_equal(op.tries_left, RF_STORE_STRING_TRIES - 3);
    /* A new string has all of them. */
    assert_err(rf_store_campaign_set(p->store, c.name, RF_STORE_CAMPAIGN_STOPPED, NOW, NULL, NULL),
               RF_OK);
    struct rf_store_verdict v = {.campaign = c.id,
                                 .device = A,
                                 .op_id = op.id,
                                 .state = RF_STORE_MEMBER_FAILED,
                                 .reason = "stopped"};
    assert_err(rf_store_campaign_settle(p->store, &v, 1, NOW, NULL), RF_OK);
    struct rf_store_campaign again = plan("again");
    again.auth = RF_STORE_AUTH_STRING;
    assert_err(add(p, &again, (const char *const[]){A}, 1, NULL), RF_OK);
    assert_int_equal(begin_next(p, &again).tries_left, RF_STORE_STRING_TRIES);
}

static void what_has_changed_meanwhile_is_left_alone(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = plan("one");
    struct rf_store_names begun = {.n = 0};
    struct rf_store_capf op = {.device = A, .op = RF_STORE_OP_FETCH, .auth = RF_STORE_AUTH_MIC};
    int64_t old = 0;
    assert_err(add(p, &c, (const char *const[]){A}, 1, NULL), RF_OK);
    assert_err(rf_store_campaign_begin(p->store, &c, 1, NOW, &begun, NULL), RF_OK);
    rf_store_names_fini(&begun);
    struct rf_store_capf now = {0};
    assert_err(rf_store_capf_load(p->store, A, &now, NULL), RF_OK);
    old = now.id;
    assert_err(rf_store_capf_schedule(p->store, &op, NOW, NULL, NULL, NULL), RF_OK);
    struct rf_store_verdict v = {.campaign = c.id,
                                 .device = A,
                                 .op_id = old,
                                 .state = RF_STORE_MEMBER_FAILED,
                                 .reason = "expired-window"};
    assert_err(rf_store_campaign_settle(p->store, &v, 1, NOW, NULL), RF_OK);
    assert_err(rf_store_capf_load(p->store, A, &now, NULL), RF_OK);
    assert_int_equal(now.op, RF_STORE_OP_FETCH); /* the newer one is not withdrawn */
}

static void the_report_is_read_page_by_page(void **state)
{
    struct place *p = *state;
    struct rf_store_campaign c = plan("one");
    struct rf_store_members page = {.n = 0};
    assert_err(add(p, &c, (const char *const[]){A, B, C}, 3, NULL), RF_OK);
    assert_err(rf_store_campaign_members(p->store, c.id, "", 2, &page, NULL), RF_OK);
    assert_int_equal(page.n, 2);
    assert_string_equal(page.items[0].device, A);
    assert_string_equal(rf_store_member_word(&page.items[0]), "none");
    assert_false(page.items[0].has_before || page.items[0].has_after);
    rf_store_members_fini(&page);
    assert_err(rf_store_campaign_members(p->store, c.id, B, 2, &page, NULL), RF_OK);
    assert_int_equal(page.n, 1);
    assert_string_equal(page.items[0].device, C);
    rf_store_members_fini(&page);
}

/* ---- what a turn costs ---- */

#define PLANNED(symbol, index)                                                                     \
    {                                                                                              \
#symbol, text_of[RF_SQL_##symbol], index                                                   \
    }

/* A turn looks for what it changes; it never reads a campaign through, nor sorts one. */
static void a_turn_finds_its_members_by_indexes(void **state)
{
    static const char *const text_of[RF_SQL_N] = {
#define TEXT(symbol, text) [RF_SQL_##symbol] = (text),
        RF_SQL(TEXT)
#undef TEXT
    };
#define BY_NEXT "campaign_member_next (campaign=? AND state=?)"
#define BY_NAME "PRIMARY KEY (campaign=? AND device=?)"
    const struct {
        const char *name;
        const char *sql;
        const char *index;
    } statements[] = {
        PLANNED(MEMBER_ACTIVE, BY_NEXT),
        PLANNED(MEMBER_RECENT, "campaign_member_begun (campaign=? AND begun_s>? AND begun_s<?)"),
        PLANNED(MEMBER_NEXT, BY_NEXT),
        PLANNED(MEMBER_BEGIN, BY_NAME),
        PLANNED(MEMBER_END, BY_NAME),
        PLANNED(MEMBER_BACK, BY_NAME),
        PLANNED(MEMBER_LOOK, "campaign_member_open (device=?)"),
        PLANNED(MEMBER_SWEEP, "campaign_member_tell"), /* only those under way are in it */
        PLANNED(MEMBER_OVERDUE, BY_NEXT),
        PLANNED(MEMBER_UNTOLD, "campaign_member_tell (tell_s>? AND tell_s<?)"),
        PLANNED(MEMBER_TOLD, BY_NAME),
        PLANNED(MEMBER_LIST, "PRIMARY KEY (campaign=? AND device>?)"),
        PLANNED(MEMBER_ELSEWHERE, "campaign_member_open (device=?)"),
        PLANNED(CAPF_WITHDRAW, "INTEGER PRIMARY KEY (rowid=?)"),
        PLANNED(CAMPAIGN_FINISH, BY_NEXT),
    };
    struct place *p = *state;
    sqlite3 *db = NULL;
    rf_store_close(p->store);
    p->store = NULL;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        RF_AUTO(rf_freep) char *sql = rf_strf("EXPLAIN QUERY PLAN %s", statements[i].sql);
        sqlite3_stmt *st = NULL;
        bool is_found = false, is_sorted = false;
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
        while (sqlite3_step(st) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(st, 3);
            is_found |= strstr(step, statements[i].index) != NULL;
            is_sorted |= strstr(step, "TEMP B-TREE") != NULL;
        }
        if (!is_found || is_sorted)
            print_error("%s is not found by %s\n", statements[i].name, statements[i].index);
        assert_true(is_found);
        assert_false(is_sorted);
        sqlite3_finalize(st);
    }
    sqlite3_close(db);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, three_devices, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_PLACE(devices_are_picked_by_what_they_are_and_have),
        AT_PLACE(those_that_failed_are_picked_by_their_campaign),
        AT_PLACE(a_campaign_is_made_whole_or_not_at_all),
        AT_PLACE(the_oldest_that_has_ended_makes_room),
        AT_PLACE(it_is_paused_resumed_and_stopped_once),
        AT_PLACE(a_string_goes_with_its_turn_and_is_gone_at_the_end),
        AT_PLACE(a_string_has_its_tries_in_all_its_turns_together),
        AT_PLACE(what_has_changed_meanwhile_is_left_alone),
        AT_PLACE(the_report_is_read_page_by_page),
        AT_PLACE(a_turn_finds_its_members_by_indexes),
    };
    return cmocka_run_group_tests_name("store_campaign", tests, NULL, NULL);
}
