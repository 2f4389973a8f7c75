/* SPDX-License-Identifier: Apache-2.0 */
/* Which record goes to the centre next: no record is lost, and few are under way. */
#include "service/srst/forward.h"
#include "unit.h"

struct world {
    struct rf_srst_forward *f;
    int64_t last_id; /* in the database: 1, 2, 3 ... */
    bool fetches_later;
    uint64_t round; /* of the last question */
    int64_t after;
    size_t asked;
    unsigned fetched;
    int64_t sent[256];
    size_t n_sent;
    enum rf_err send_err;
    int64_t too_long; /* this one */
    int64_t saved;
    unsigned saves;
};

static void answer(struct world *w)
{
    struct rf_srst_record records[RF_SRST_FORWARD_WINDOW];
    size_t n = 0;
    assert_true(w->asked <= RF_SRST_FORWARD_WINDOW);
    for (int64_t id = w->after + 1; id <= w->last_id && n < w->asked; id++)
        records[n++] = (struct rf_srst_record){.id = id, .json = rf_slice_str("{}")};
    rf_srst_forward_records(w->f, w->round, records, n);
}

static void op_fetch(void *arg, uint64_t round, int64_t after, size_t n)
{
    struct world *w = arg;
    w->fetched++;
    w->round = round;
    w->after = after;
    w->asked = n;
    if (!w->fetches_later)
        answer(w);
}

static enum rf_err op_send(void *arg, int64_t id, struct rf_slice json)
{
    struct world *w = arg;
    assert_slice_str(json, "{}");
    if (w->send_err != RF_OK)
        return w->send_err;
    if (id == w->too_long)
        return RF_ERR_LIMIT;
    assert_true(w->n_sent < 256);
    w->sent[w->n_sent++] = id;
    return RF_OK;
}

static void op_save(void *arg, int64_t kept)
{
    struct world *w = arg;
    assert_true(kept > w->saved);
    w->saved = kept;
    w->saves++;
}

static const struct rf_srst_forward_ops ops = {.fetch = op_fetch, .send = op_send, .save = op_save};

static int set_up(void **state)
{
    struct world *w = rf_new(struct world);
    w->f = rf_srst_forward_new(&ops, w, 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    rf_srst_forward_free(w->f);
    rf_free(w);
    return 0;
}

static void assert_sent(struct world *w, int64_t from, int64_t to)
{
    assert_int_equal(w->n_sent, to - from + 1);
    for (size_t i = 0; i < w->n_sent; i++)
        assert_int_equal(w->sent[i], from + (int64_t)i);
    w->n_sent = 0;
}

static void nothing_is_sent_without_a_link(void **state)
{
    struct world *w = *state;
    w->last_id = 3;
    rf_srst_forward_more(w->f);
    assert_int_equal(w->fetched, 0);
    rf_srst_forward_up(w->f);
    assert_sent(w, 1, 3);
    w->last_id = 4;
    rf_srst_forward_more(w->f);
    assert_sent(w, 4, 4);
    rf_srst_forward_kept(w->f, 1);
    assert_int_equal(w->fetched, 2); /* it is known that there are no others */
}

static void so_many_are_under_way(void **state)
{
    struct world *w = *state;
    w->last_id = 40;
    rf_srst_forward_up(w->f);
    assert_sent(w, 1, RF_SRST_FORWARD_WINDOW);
    assert_int_equal(rf_srst_forward_under_way(w->f), RF_SRST_FORWARD_WINDOW);
    rf_srst_forward_kept(w->f, 2); /* out of order: no place is free before the first */
    assert_int_equal(w->n_sent, 0);
    assert_int_equal(w->saves, 0);
    rf_srst_forward_kept(w->f, 1);
    assert_int_equal(w->saved, 2);
    assert_sent(w, 33, 34);
    for (int64_t id = 3; id <= 40; id++)
        rf_srst_forward_kept(w->f, id);
    assert_sent(w, 35, 40);
    assert_int_equal(w->saved, 40);
    assert_int_equal(rf_srst_forward_under_way(w->f), 0);
    assert_int_equal(rf_srst_forward_done(w->f), 40);
}

static void what_was_not_kept_is_sent_again(void **state)
{
    struct world *w = *state;
    w->last_id = 5;
    rf_srst_forward_up(w->f);
    assert_sent(w, 1, 5);
    rf_srst_forward_kept(w->f, 1);
    rf_srst_forward_kept(w->f, 4);
    rf_srst_forward_down(w->f);
    rf_srst_forward_kept(w->f, 2); /* late, of the link before */
    assert_int_equal(rf_srst_forward_done(w->f), 1);
    assert_int_equal(w->n_sent, 0);
    rf_srst_forward_up(w->f);
    assert_sent(w, 2, 5);
    for (int64_t id = 2; id <= 5; id++)
        rf_srst_forward_kept(w->f, id);
    assert_int_equal(w->saved, 5);
    rf_srst_forward_down(w->f);
    rf_srst_forward_up(w->f);
    assert_int_equal(w->n_sent, 0);
}

static void it_goes_on_where_it_was(void **state)
{
    struct world *w = *state;
    rf_srst_forward_free(w->f);
    w->f = rf_srst_forward_new(&ops, w, 3);
    w->saved = 3;
    w->last_id = 5;
    rf_srst_forward_up(w->f);
    assert_sent(w, 4, 5);
    rf_srst_forward_kept(w->f, 3);
    rf_srst_forward_kept(w->f, 99);
    assert_int_equal(rf_srst_forward_done(w->f), 3);
}

static void an_answer_of_another_link_is_dropped(void **state)
{
    struct world *w = *state;
    w->fetches_later = true;
    w->last_id = 2;
    rf_srst_forward_up(w->f);
    struct world before = *w;
    rf_srst_forward_down(w->f);
    answer(&before);
    assert_int_equal(w->n_sent + before.n_sent, 0);
    rf_srst_forward_up(w->f);
    answer(&before);
    assert_int_equal(w->n_sent + before.n_sent, 0);
    answer(w);
    assert_sent(w, 1, 2);
    answer(w); /* twice */
    assert_int_equal(w->n_sent, 0);
}

static void one_that_comes_while_it_is_asked_is_not_missed(void **state)
{
    struct world *w = *state;
    w->fetches_later = true;
    w->last_id = 1;
    rf_srst_forward_up(w->f);
    rf_srst_forward_more(w->f);
    assert_int_equal(w->fetched, 1); /* one question at a time */
    answer(w);
    assert_sent(w, 1, 1);
    assert_int_equal(w->fetched, 2);
    w->last_id = 2;
    answer(w);
    assert_sent(w, 2, 2);
    assert_int_equal(w->fetched, 2);
}

static void what_cannot_be_sent_now_is_sent_later(void **state)
{
    struct world *w = *state;
    w->last_id = 3;
    w->send_err = RF_ERR_AGAIN;
    rf_srst_forward_up(w->f);
    assert_int_equal(w->n_sent, 0);
    w->send_err = RF_OK;
    rf_srst_forward_more(w->f);
    assert_sent(w, 1, 3);
}

static void what_can_never_be_sent_holds_nothing_up(void **state)
{
    struct world *w = *state;
    w->last_id = 3;
    w->too_long = 2;
    rf_srst_forward_up(w->f);
    assert_int_equal(w->n_sent, 2);
    rf_srst_forward_kept(w->f, 1);
    assert_int_equal(w->saved, 2);
    rf_srst_forward_kept(w->f, 3);
    assert_int_equal(w->saved, 3);
    w->last_id = w->too_long = 4;
    rf_srst_forward_more(w->f);
    assert_int_equal(w->saved, 4);
}

static void a_database_that_fails_is_asked_again(void **state)
{
    struct world *w = *state;
    w->fetches_later = true;
    w->last_id = 1;
    rf_srst_forward_up(w->f);
    rf_srst_forward_failed(w->f, w->round);
    assert_int_equal(w->fetched, 1);
    rf_srst_forward_more(w->f);
    assert_int_equal(w->fetched, 2);
    rf_srst_forward_failed(w->f, w->round - 1); /* late */
    answer(w);
    assert_sent(w, 1, 1);
}

#define AT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT(nothing_is_sent_without_a_link),
        AT(so_many_are_under_way),
        AT(what_was_not_kept_is_sent_again),
        AT(it_goes_on_where_it_was),
        AT(an_answer_of_another_link_is_dropped),
        AT(one_that_comes_while_it_is_asked_is_not_missed),
        AT(what_cannot_be_sent_now_is_sent_later),
        AT(what_can_never_be_sent_holds_nothing_up),
        AT(a_database_that_fails_is_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
