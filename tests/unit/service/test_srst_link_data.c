/* SPDX-License-Identifier: Apache-2.0 */
/* What goes between a survivable router and its centre, and that a link that was cut loses nothing.
 */
#include "srst_world.h"

/* ---- what goes through ---- */

static struct rf_buf bytes_of(size_t n)
{
    struct rf_buf b = RF_BUF(n);
    assert_non_null(rf_buf_room(&b, n));
    memset(b.p, 'x', n);
    b.len = n;
    return b;
}

static void lists_and_snapshots_go_through(void **state)
{
    struct world *w = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf big = bytes_of(BIG);
    RF_AUTO(rf_buf_fini) struct rf_buf list = bytes_of(65536);
    struct rf_why why = {0};
    both_up(w);
    assert_refused(rf_branch_centre_send_snapshot(w->centre, "branch2", rf_buf_slice(&big), &why),
                   RF_ERR_NOT_FOUND, why, "branch-away");
    assert_err(rf_branch_centre_send_snapshot(w->centre, BRANCH, rf_buf_slice(&big), NULL), RF_OK);
    turn_until(w, w->snapshots == 1);
    assert_int_equal(w->snapshot_len, BIG);
    w->order[0] = '\0';
    /* The first goes, the second is not wanted any more when the third comes; the list of then is
     * before it. */
    assert_err(rf_branch_centre_send_snapshot(w->centre, BRANCH, rf_buf_slice(&big), NULL), RF_OK);
    assert_err(rf_branch_centre_send_snapshot(w->centre, BRANCH, rf_buf_slice(&big), NULL), RF_OK);
    assert_err(rf_branch_centre_send_snapshot(w->centre, BRANCH,
                                              rf_slice_part(rf_buf_slice(&big), 0, 9), NULL),
               RF_OK);
    assert_err(rf_branch_centre_send_list(w->centre, BRANCH, rf_buf_slice(&list), NULL), RF_OK);
    turn_until(w, w->snapshots == 3 && w->lists_n == 1);
    assert_int_equal(w->snapshot_len, 9);
    assert_int_equal(w->list_len, 65536);
    assert_string_equal(w->order, "sls");
    turn_some(w);
    assert_int_equal(w->snapshots, 3);
    why = (struct rf_why){0};
    assert_refused(rf_branch_centre_send_list(w->centre, BRANCH, rf_buf_slice(&big), &why),
                   RF_ERR_LIMIT, why, "branch-frame");
    assert_int_equal(w->downs + w->gone, 0);
}

static void a_router_that_is_released(void **state)
{
    struct world *w = *state;
    struct rf_why why = {0};
    both_up(w);
    assert_err(rf_branch_centre_release(w->centre, BRANCH, NULL), RF_OK);
    turn_until(w, w->releases == 1);
    assert_refused(rf_branch_centre_release(w->centre, "branch2", &why), RF_ERR_NOT_FOUND, why,
                   "branch-away");
}

/* ---- records ---- */

static struct rf_store_call call_of(int64_t id)
{
    struct rf_store_call c = {.id = id,
                              .call = (uint32_t)id,
                              .start_s = TEST_NOW - 20,
                              .answered_s = TEST_NOW - 10,
                              .end_s = TEST_NOW,
                              .code = 16,
                              .cause = "normal",
                              .security = "encrypted",
                              .codec = "PCMU"};
    snprintf(c.ends[RF_STORE_CALLING].device, RF_STORE_DEVICE_NAME, PHONE_A);
    return c;
}

static struct rf_buf call_text(int64_t id)
{
    struct rf_store_call c = call_of(id);
    struct rf_buf text = RF_BUF(8192);
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_store_call_to_json(&c);
    assert_err(rf_json_dump(j, 0, &text), RF_OK);
    return text;
}

static int64_t database_n; /* records that the router has */

static void f_fetch(void *arg, uint64_t round, int64_t after, size_t n)
{
    struct world *w = arg;
    struct rf_srst_record records[RF_SRST_FORWARD_WINDOW] = {0};
    struct rf_buf texts[RF_SRST_FORWARD_WINDOW];
    size_t got = 0;
    for (int64_t id = after + 1; id <= database_n && got < n; id++, got++) {
        texts[got] = call_text(id);
        records[got] = (struct rf_srst_record){.id = id, .json = rf_buf_slice(&texts[got])};
    }
    rf_srst_forward_records(w->forward, round, records, got);
    for (size_t i = 0; i < got; i++)
        rf_buf_fini(&texts[i]);
}

static enum rf_err f_send(void *arg, int64_t id, struct rf_slice json)
{
    return rf_branch_router_record(((struct world *)arg)->router, json, NULL);
}

static void f_save(void *arg, int64_t kept)
{
}

static const struct rf_srst_forward_ops forward_ops = {
    .fetch = f_fetch, .send = f_send, .save = f_save};

static size_t taken(struct world *w)
{
    struct rf_store_event_query query = {0};
    struct rf_store_calls got = {0};
    assert_err(rf_store_call_list(w->place.store, &query, &got, NULL), RF_OK);
    for (size_t i = 0; i < got.n; i++)
        assert_int_equal(got.items[i].origin_id, (int64_t)i + 1);
    size_t n = got.n;
    rf_store_calls_fini(&got);
    return n;
}

/* As they are in a database of the router, with gaps. */
static void records_are_read_for_it(void **state)
{
    struct world *w = *state;
    struct rf_srst_records got;
    struct rf_store_call back;
    struct rf_json *j = NULL;
    for (uint32_t call = 1; call <= 40; call++) {
        struct rf_store_call c = call_of(call);
        assert_err(rf_store_call_add(w->place.store, &c, 1, NULL), RF_OK);
    }
    assert_err(rf_store_call_trim(w->place.store, 38, 0, NULL, NULL), RF_OK);
    assert_err(rf_srst_records_read(w->place.store, 0, 100, &got, NULL), RF_OK);
    assert_int_equal(got.n, RF_SRST_FORWARD_WINDOW);
    assert_int_equal(got.items[0].id, 3);
    assert_err(rf_json_parse(got.items[31].json, &j, NULL), RF_OK);
    assert_err(rf_store_call_from_json(j, &back, NULL), RF_OK);
    assert_int_equal(back.call, 34);
    rf_json_free(j);
    rf_srst_records_fini(&got);
    assert_err(rf_srst_records_read(w->place.store, 34, 2, &got, NULL), RF_OK);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.items[1].id, 36);
    rf_srst_records_fini(&got);
    assert_err(rf_srst_records_read(w->place.store, 40, 2, &got, NULL), RF_OK);
    assert_int_equal(got.n, 0);
    rf_srst_records_fini(&got);
    assert_err(rf_srst_records_read(w->place.store, 0, 0, &got, NULL), RF_OK);
    assert_int_equal(got.n, 0);
    rf_srst_records_fini(&got);
}

static void records_are_kept(void **state)
{
    struct world *w = *state;
    struct rf_store_call sent = call_of(1);
    database_n = 100;
    w->forward = rf_srst_forward_new(&forward_ops, w, 0);
    both_up(w);
    turn_until(w, rf_srst_forward_done(w->forward) == 100);
    assert_int_equal(w->records, 100);
    assert_int_equal(taken(w), 100);
    assert_string_equal(w->origin, BRANCH ":" EPOCH);
    sent.id = 0;
    sent.call = 100;
    assert_memory_equal(&w->record, &sent, sizeof sent);
}

/* The centre kept it, and its word did not arrive. */
static void after_a_cut_nothing_is_lost_and_nothing_twice(void **state)
{
    struct world *w = *state;
    database_n = 40;
    w->keeps = false;
    w->forward = rf_srst_forward_new(&forward_ops, w, 0);
    both_up(w);
    turn_until(w, w->records == RF_SRST_FORWARD_WINDOW);
    turn_some(w);
    assert_int_equal(rf_srst_forward_done(w->forward), 0);
    rf_branch_centre_free(w->centre);
    w->centre = NULL;
    turn_until(w, w->downs == 1);
    assert_int_equal(taken(w), RF_SRST_FORWARD_WINDOW);
    w->keeps = true;
    open_centre(w, KEY_CCM);
    rf_clock_fake_advance(&w->clock, RF_BRANCH_RETRY_MS);
    turn_until(w, rf_srst_forward_done(w->forward) == 40);
    assert_int_equal(w->records, RF_SRST_FORWARD_WINDOW + 40);
    assert_int_equal(taken(w), 40);
}

static void a_record_without_a_link_is_for_later(void **state)
{
    struct world *w = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf text = call_text(1);
    RF_AUTO(rf_buf_fini) struct rf_buf much = bytes_of(9000);
    struct rf_why why = {0};
    open_centre(w, KEY_CCM);
    open_router(w, KEY_ROUTER, BRANCH);
    assert_refused(rf_branch_router_record(w->router, rf_buf_slice(&text), &why), RF_ERR_AGAIN, why,
                   "branch-away");
    turn_until(w, w->ups == 1);
    assert_err(rf_branch_router_record(w->router, rf_buf_slice(&text), NULL), RF_OK);
    turn_until(w, w->kepts == 1);
    assert_int_equal(w->kept, 1);
    why = (struct rf_why){0};
    assert_refused(rf_branch_router_record(w->router, rf_buf_slice(&much), &why), RF_ERR_LIMIT, why,
                   "branch-frame");
}

/* It would come again for ever. */
static void a_record_that_cannot_be_read_is_answered(void **state)
{
    struct world *w = *state;
    both_up(w);
    assert_err(rf_branch_router_record(w->router, rf_slice_str("{\"id\":5}"), NULL), RF_OK);
    turn_until(w, w->kepts == 1);
    assert_int_equal(w->kept, 5);
    assert_int_equal(w->records, 0);
}

#define OTHER_EPOCH "ffeeddccbbaa99887766554433221100"

/* It goes away, and all that it has comes by the next link under another epoch. Beside it the same
 * word about somebody else. */
static void a_router_whose_numbers_are_others_comes_by_another_epoch(void **state)
{
    struct world *w = *state;
    const struct rf_why why = {.code = "record-other", .text = "another call was taken"};
    database_n = 2;
    w->keeps = false;
    w->forward = rf_srst_forward_new(&forward_ops, w, 0);
    both_up(w);
    turn_until(w, w->records == 2);
    assert_string_equal(w->hello.epoch, EPOCH);
    assert_false(rf_branch_centre_other_call(w->centre, "branch2:" EPOCH, &why));
    turn_some(w);
    assert_int_equal(w->gone + w->downs, 0);
    assert_true(rf_branch_centre_other_call(w->centre, w->origin, &why));
    assert_false(rf_branch_centre_other_call(w->centre, w->origin, &why)); /* once */
    turn_until(w, w->gone == 1 && w->downs == 1);
    assert_string_equal(w->centre_code, RF_BRANCH_OTHER_EPOCH);
    assert_string_equal(w->router_code, RF_BRANCH_OTHER_EPOCH);
    assert_int_equal(rf_srst_forward_done(w->forward), 0);
    rf_branch_router_epoch(w->router, OTHER_EPOCH);
    w->keeps = true;
    rf_clock_fake_advance(&w->clock, RF_BRANCH_RETRY_MS);
    turn_until(w, rf_srst_forward_done(w->forward) == 2);
    assert_string_equal(w->hello.epoch, OTHER_EPOCH);
    assert_string_equal(w->origin, BRANCH ":" OTHER_EPOCH);
}

/* Its router is sent away, whether that is known at once or later, and comes again with all. Beside
 * it the same word about nobody's record, which sends nobody away. */
static void records_that_cannot_be_kept_now_come_again(void **state)
{
    struct world *w = *state;
    const struct rf_why why = {.code = "store-busy", .text = "the database has too much to do"};
    database_n = 3;
    w->keeps = false;
    w->forward = rf_srst_forward_new(&forward_ops, w, 0);
    both_up(w);
    turn_until(w, w->records == 3);
    rf_branch_centre_not_kept(w->centre, "branch2:" EPOCH, &why);
    rf_branch_centre_kept(w->centre, w->origin, 1);
    turn_until(w, rf_srst_forward_done(w->forward) == 1);
    turn_some(w);
    assert_int_equal(w->gone + w->downs, 0);
    rf_branch_centre_not_kept(w->centre, w->origin, &why);
    turn_until(w, w->gone == 1 && w->downs == 1);
    assert_string_equal(w->centre_code, "branch-busy");
    assert_string_equal(w->router_code, "branch-busy");
    assert_false(rf_branch_centre_has(w->centre, BRANCH));
    w->is_busy = true;
    w->centre_code[0] = w->router_code[0] = '\0';
    rf_clock_fake_advance(&w->clock, RF_BRANCH_RETRY_MS);
    turn_until(w, w->gone == 2 && w->downs == 2);
    assert_string_equal(w->centre_code, "branch-busy");
    assert_string_equal(w->router_code, "branch-busy");
    assert_int_equal(w->records, 4); /* what came behind it is not looked at */
    assert_int_equal(rf_srst_forward_done(w->forward), 1);
    w->is_busy = false;
    w->keeps = true;
    rf_clock_fake_advance(&w->clock, RF_BRANCH_RETRY_MAX_MS);
    turn_until(w, rf_srst_forward_done(w->forward) == 3);
    assert_int_equal(w->records, 6);
    assert_int_equal(taken(w), 3);
}

/* A database that answers late stops the router that asks for more than it may. */
static void too_many_records_wait(void **state)
{
    struct world *w = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf text = call_text(1);
    w->keeps = false;
    both_up(w);
    for (unsigned i = 0; i < 70; i++)
        assert_err(rf_branch_router_record(w->router, rf_buf_slice(&text), NULL), RF_OK);
    turn_until(w, w->records == 64);
    turn_some(w);
    assert_int_equal(w->records, 64);
    for (unsigned i = 0; i < 40; i++)
        rf_branch_centre_kept(w->centre, w->origin, 1);
    turn_until(w, w->records == 70 && w->kepts == 40);
    rf_branch_centre_kept(w->centre, "branch2:" EPOCH, 1); /* nobody's */
    turn_some(w);
    assert_int_equal(w->kepts, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT(lists_and_snapshots_go_through),
        AT(a_router_that_is_released),
        AT(records_are_read_for_it),
        AT(records_are_kept),
        AT(after_a_cut_nothing_is_lost_and_nothing_twice),
        AT(a_record_without_a_link_is_for_later),
        AT(a_record_that_cannot_be_read_is_answered),
        AT(records_that_cannot_be_kept_now_come_again),
        AT(a_router_whose_numbers_are_others_comes_by_another_epoch),
        AT(too_many_records_wait),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
