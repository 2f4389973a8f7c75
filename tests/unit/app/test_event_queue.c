/* SPDX-License-Identifier: Apache-2.0 */
/* Events on their way into the database: in order, none lost while that is away, those that find no
 * room counted, and the end writes what waits. The main loop has a thread here. */
#include "db_aside.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/metrics.h"

#define ROOM 8192
/* A write waits two seconds for its turn, as one of a group and then alone; then it has failed. */
#define FAILED_US 4300000

struct place {
    char dir[64];
    char path[96];
    struct server *server;
    pthread_t thread;
    uint32_t said;    /* events so far; each has its number as `call` */
    uint64_t dropped; /* before the test */
    atomic_bool
        says_within;    /* once more, while the database ends the next transaction that it can */
    atomic_uint groups; /* transactions that were ended well */
};
static struct place *within; /* whose database it is */

static void *serve(void *arg)
{
    rf_loop_run(arg);
    return NULL;
}

static void say(struct place *p, unsigned n);

/* The store's own, with a moment in it: all of its jobs have run, none is settled. */
static enum rf_err group_begin(void *store, struct rf_why *why)
{
    return rf_store_group.begin(store, why);
}

static enum rf_err group_end(void *store, struct rf_why *why)
{
    enum rf_err err = rf_store_group.end(store, why);
    if (err != RF_OK)
        return err;
    atomic_fetch_add(&within->groups, 1);
    if (atomic_exchange(&within->says_within, false))
        say(within, 1);
    return err;
}

static const struct rf_worker_group group = {.begin = group_begin, .end = group_end};

static int set_up(void **state)
{
    struct place *p = within = rf_new(struct place);
    struct rf_why why = {0};
    test_tmp(p->dir, sizeof p->dir, "event-queue");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/db", p->dir);
    struct server *s = p->server = rf_new(struct server);
    assert_err(rf_store_open(p->path, &s->store, &why), RF_OK);
    s->store_worker = rf_worker_start_grouping("store", STORE_JOBS_MAX, s->store, &group);
    s->loop = rf_loop_new(rf_clock_real(), "main");
    events_prepare(s);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, s->loop), 0);
    p->dropped = rf_metric_get(RF_METRIC_EVENTS_DROPPED);
    *state = p;
    return 0;
}

/* As the daemon ends. */
static void end_server(struct place *p)
{
    struct server *s = p->server;
    rf_loop_stop(s->loop);
    pthread_join(p->thread, NULL);
    rf_worker_stop(s->store_worker);
    s->store_worker = NULL;
    events_drain(s);
    rf_loop_free(s->loop);
    events_free(s);
}

static int tear_down(void **state)
{
    struct place *p = *state;
    if (p->server->store_worker != NULL)
        end_server(p);
    rf_store_close(p->server->store);
    rf_free(p->server);
    assert_err(rf_dir_empty(p->dir, NULL), RF_OK);
    assert_int_equal(rmdir(p->dir), 0);
    rf_free(p);
    return 0;
}

static void say(struct place *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct rf_store_event e = {.time_s = 100,
                                   .uid = -1,
                                   .severity = RF_STORE_INFO,
                                   .category = "call",
                                   .code = "said",
                                   .text = "something",
                                   .call = ++p->said};
        event_keep(p->server, &e);
    }
}

/* So many are there, each once, in the order in which they were said. */
static bool are_written(struct place *p, int64_t n)
{
    return db_number(p->path, "SELECT count(*) FROM event") == n &&
           db_number(p->path, "SELECT count(*) FROM event WHERE id = call") == n;
}

static bool wait_written(struct place *p, int64_t n)
{
    for (int i = 0; i < 300 && !are_written(p, n); i++)
        usleep(50 * 1000);
    return are_written(p, n);
}

static uint64_t lost(const struct place *p)
{
    return rf_metric_get(RF_METRIC_EVENTS_DROPPED) - p->dropped;
}

static void events_are_written_in_order(void **state)
{
    struct place *p = *state;
    say(p, 1);
    assert_true(wait_written(p, 1));
    say(p, 3000);
    assert_true(wait_written(p, 3001));
    assert_int_equal(events_waiting(p->server), 0);
    assert_int_equal(lost(p), 0);
}

static void none_is_lost_while_the_database_is_locked(void **state)
{
    struct place *p = *state;
    say(p, 1);
    assert_true(wait_written(p, 1));
    sqlite3 *other = db_lock(p->path);
    say(p, 700);
    usleep(FAILED_US);
    say(p, 2000);
    assert_int_equal(events_waiting(p->server), 2700);
    db_unlock(other);
    assert_true(wait_written(p, 2701));
    say(p, 1); /* and it goes on as before */
    assert_true(wait_written(p, 2702));
    assert_int_equal(lost(p), 0);
}

/* Whoever says something then sees a database that is away, and leaves it to the job that is under
 * way: which has looked already. */
static void one_said_while_the_others_are_written_again_does_not_wait(void **state)
{
    struct place *p = *state;
    sqlite3 *other = db_lock(p->path);
    say(p, 3);
    usleep(FAILED_US);
    assert_int_equal(events_waiting(p->server), 3);
    p->says_within = true; /* the worker cannot end a group well before it is unlocked */
    db_unlock(other);
    assert_true(wait_written(p, 4));
    assert_int_equal(events_waiting(p->server), 0);
    assert_int_equal(lost(p), 0);
}

static void nothing_is_tried_when_nothing_waits(void **state)
{
    struct place *p = *state;
    p->says_within = true; /* without an outage, too */
    say(p, 1);
    assert_true(wait_written(p, 2));
    usleep(200 * 1000);
    unsigned groups = p->groups;
    usleep(500 * 1000);
    assert_int_equal(p->groups, groups);
    assert_true(groups <= 4);
}

static void those_without_room_are_counted(void **state)
{
    struct place *p = *state;
    sqlite3 *other = db_lock(p->path);
    say(p, ROOM);
    assert_int_equal(lost(p), 0);
    say(p, 5);
    assert_int_equal(lost(p), 5);
    db_unlock(other);
    assert_true(wait_written(p, ROOM));
}

struct unlocking {
    pthread_t thread;
    sqlite3 *db;
};

static void *unlock_later(void *arg)
{
    usleep(FAILED_US);
    db_unlock(((struct unlocking *)arg)->db);
    return NULL;
}

static void the_end_writes_what_waits(void **state)
{
    struct place *p = *state;
    struct unlocking u = {.db = db_lock(p->path)};
    say(p, 20);
    assert_int_equal(pthread_create(&u.thread, NULL, unlock_later, &u), 0);
    end_server(p);
    pthread_join(u.thread, NULL);
    assert_true(are_written(p, 20));
}

/* A text that the database never takes is no reason to keep those behind it. */
static void a_hopeless_one_does_not_hold_up_the_others(void **state)
{
    struct place *p = *state;
    struct rf_store_event bad = {
        .time_s = 100, .uid = -1, .severity = RF_STORE_INFO, .code = "bad"};
    event_keep(p->server, &bad); /* it has no category */
    say(p, 3);
    assert_true(wait_written(p, 3));
    assert_int_equal(events_waiting(p->server), 0);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_PLACE(events_are_written_in_order),
        AT_PLACE(none_is_lost_while_the_database_is_locked),
        AT_PLACE(one_said_while_the_others_are_written_again_does_not_wait),
        AT_PLACE(nothing_is_tried_when_nothing_waits),
        AT_PLACE(those_without_room_are_counted),
        AT_PLACE(the_end_writes_what_waits),
        AT_PLACE(a_hopeless_one_does_not_hold_up_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
