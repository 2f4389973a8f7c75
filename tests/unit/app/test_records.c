/* SPDX-License-Identifier: Apache-2.0 */
/* Records of calls on their way into the database: none is lost while that is away, those that
 * find no room are counted, and the end writes what waits. The call loop has a thread, as in the
 * daemon. */
#include "db_aside.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/metrics.h"

#define ROOM 20000

/* The event of a call is told elsewhere. */
static unsigned events;

void event_of_record(void *arg, const struct rf_call_record *record)
{
    (void)arg;
    (void)record;
    events++;
}

struct place {
    char dir[64];
    char path[96];
    struct server *server;
    pthread_t thread;
    bool has_thread;
    uint32_t call;
    uint64_t dropped; /* before the test */
};

static void *serve(void *arg)
{
    rf_loop_run(arg);
    return NULL;
}

static void start_calls(struct place *p)
{
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p->server->call_loop), 0);
    p->has_thread = true;
}

static int set_up(void **state)
{
    struct place *p = rf_new(struct place);
    struct rf_why why = {0};
    test_tmp(p->dir, sizeof p->dir, "records");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/db", p->dir);
    struct server *s = p->server = rf_new(struct server);
    assert_err(rf_store_open(p->path, &s->store, &why), RF_OK);
    s->store_worker = rf_worker_start_grouping("store", STORE_JOBS_MAX, s->store, &rf_store_group);
    s->call_loop = rf_loop_new(rf_clock_real(), "calls");
    records_prepare(s);
    p->dropped = rf_metric_get(RF_METRIC_RECORDS_DROPPED);
    events = 0;
    *state = p;
    return 0;
}

/* As the daemon ends. */
static void end_server(struct place *p)
{
    struct server *s = p->server;
    if (p->has_thread) {
        rf_loop_stop(s->call_loop);
        pthread_join(p->thread, NULL);
    }
    p->has_thread = false;
    rf_worker_stop(s->store_worker);
    s->store_worker = NULL;
    records_drain(s);
    rf_loop_free(s->call_loop);
    s->call_loop = NULL;
    records_free(s);
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

static struct rf_call_record record_of(uint32_t call)
{
    return (struct rf_call_record){.call_id = call,
                                   .calling_device = "SEP001122334455",
                                   .called_device = "SEP001122334466",
                                   .calling = {"2001", "Ada"},
                                   .called = {"2002", "Ben"},
                                   .start_s = 100,
                                   .answered_s = 110,
                                   .end_s = 120,
                                   .code = 16,
                                   .cause = RF_CALL_CAUSE_NORMAL,
                                   .security = RF_CALL_SECURITY_ENCRYPTED,
                                   .codec = RF_CALL_CODEC_G722};
}

/* On the call-control thread. */
struct keep {
    struct rf_msg msg;
    struct place *p;
    unsigned n;
};

static void keep_run(struct rf_msg *msg, void *reader)
{
    struct keep *k = (struct keep *)msg;
    for (unsigned i = 0; reader != NULL && i < k->n; i++) {
        struct rf_call_record r = record_of(++k->p->call);
        record_keep(k->p->server, &r);
    }
    rf_free(k);
}

static void calls_end(struct place *p, unsigned n)
{
    struct keep *k = rf_new(struct keep);
    *k = (struct keep){.msg.run = keep_run, .p = p, .n = n};
    rf_mailbox_post_answer(rf_loop_mailbox(p->server->call_loop), &k->msg);
}

static int64_t written(struct place *p)
{
    return db_number(p->path, "SELECT count(DISTINCT call) FROM call_record");
}

static bool wait_written(struct place *p, int64_t n)
{
    for (int i = 0; i < 300 && written(p) < n; i++)
        usleep(50 * 1000);
    return written(p) == n;
}

static uint64_t lost(const struct place *p)
{
    return rf_metric_get(RF_METRIC_RECORDS_DROPPED) - p->dropped;
}

static void records_are_written(void **state)
{
    struct place *p = *state;
    start_calls(p);
    calls_end(p, 1);
    assert_true(wait_written(p, 1));
    calls_end(p, 1000);
    assert_true(wait_written(p, 1001));
    assert_int_equal(db_number(p->path,
                               "SELECT count(*) FROM call_record WHERE codec = 'G722' AND cause = "
                               "'normal' AND calling_number = '2001' AND code = 16 AND "
                               "calling_signalling = 'plain' AND security = 'encrypted'"),
                     1001);
    assert_int_equal(events, 1001);
    assert_int_equal(lost(p), 0);
}

static void none_is_lost_while_the_database_is_locked(void **state)
{
    struct place *p = *state;
    sqlite3 *db = db_lock(p->path);
    start_calls(p);
    for (int i = 0; i < 30; i++) {
        calls_end(p, 20);
        usleep(100 * 1000);
    }
    db_unlock(db);
    assert_true(wait_written(p, 600));
    calls_end(p, 1);
    assert_true(wait_written(p, 601));
    assert_int_equal(lost(p), 0);
    assert_int_equal(db_number(p->path, "SELECT count(*) FROM call_record"), 601);
}

static void the_end_writes_what_waits(void **state)
{
    struct place *p = *state;
    sqlite3 *db = db_lock(p->path);
    start_calls(p);
    calls_end(p, 700);
    usleep(200 * 1000); /* one batch is under way */
    db_unlock(db);
    end_server(p);
    assert_int_equal(written(p), 700);
    assert_int_equal(lost(p), 0);
}

static void what_finds_no_room_is_counted(void **state)
{
    struct place *p = *state;
    sqlite3 *db = db_lock(p->path);
    start_calls(p);
    calls_end(p, ROOM);
    calls_end(p, 5);
    for (int i = 0; i < 200 && lost(p) < 5; i++)
        usleep(50 * 1000);
    db_unlock(db);
    assert_true(wait_written(p, ROOM));
    assert_int_equal(lost(p), 5);
    calls_end(p, 1); /* there is room again */
    assert_true(wait_written(p, ROOM + 1));
}

/* One that the database will never take does not keep the others. */
static void a_record_that_cannot_be_is_the_only_one_lost(void **state)
{
    struct place *p = *state;
    sqlite3 *db = db_lock(p->path); /* so that they are one batch */
    struct rf_call_record bad = record_of(1000);
    calls_end(p, 1);
    snprintf(bad.calling.name, sizeof bad.calling.name, "a\x01z");
    record_keep(p->server, &bad); /* there is no thread yet */
    calls_end(p, 5);
    start_calls(p);
    usleep(200 * 1000);
    db_unlock(db);
    assert_true(wait_written(p, 6));
    assert_int_equal(lost(p), 1);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_PLACE(records_are_written),
        AT_PLACE(none_is_lost_while_the_database_is_locked),
        AT_PLACE(the_end_writes_what_waits),
        AT_PLACE(what_finds_no_room_is_counted),
        AT_PLACE(a_record_that_cannot_be_is_the_only_one_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
