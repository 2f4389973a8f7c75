/* SPDX-License-Identifier: Apache-2.0 */
/* Where users forward their lines, on its way into the database: a phone is told what is written
 * there, and nothing before. One loop is both the daemon's, and has a thread. */
#include "db_aside.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"

#define NAME "SEP001122334455"

struct place {
    char dir[64];
    char path[96];
    struct server *server;
    pthread_t thread;
    bool has_thread;
    atomic_uint told; /* how often the phone was told where its calls go */
    atomic_char last; /* the last digit of that, or '-' */
};

void sccp_post(struct server *s, struct rf_msg *take_msg)
{
    rf_mailbox_post_answer(rf_loop_mailbox(s->call_loop), take_msg);
}

static void op_send(void *arg, rf_sccp_link_ref link, struct rf_slice bytes, bool has_key)
{
    (void)arg, (void)link, (void)bytes, (void)has_key;
    fail_msg("there is no link");
}

static void op_close(void *arg, rf_sccp_link_ref link, const char *reason)
{
    (void)arg, (void)link, (void)reason;
    fail_msg("there is no link");
}

static void op_event(void *arg, const struct rf_sccp_event *event)
{
    (void)arg, (void)event;
}

static const struct rf_sccp_service_ops ops = {
    .send = op_send, .close = op_close, .on_event = op_event, .on_forward = forward_keep};

static void on_forwarded(void *arg, uint32_t line, const struct rf_call_line_rule *rule)
{
    struct place *p = arg;
    const char *to = rule->forward[RF_CALL_FORWARD_ALL];
    (void)line;
    atomic_store(&p->last, to[0] != '\0' ? to[strlen(to) - 1] : '-');
    atomic_fetch_add(&p->told, 1);
}

static const struct rf_call_endpoint_ops phone_ops = {.forwarded = on_forwarded};

static void add_phone(struct place *p)
{
    struct rf_store_line line = {.index = 1, .dn = "2001"};
    struct rf_store_phone phone = {.device = {.name = NAME}, .lines = &line, .n_lines = 1};
    struct rf_sccp_device device = {
        .call = {.name = NAME, .lines = {{"2001", "Ada"}}, .n_lines = 1}};
    struct rf_call_attach attach = {.ops = &phone_ops, .arg = p};
    struct rf_why why = {0};
    rf_handle handle;
    assert_err(rf_store_device_add(p->server->store, &phone, 1, NULL, &why), RF_OK);
    assert_err(rf_sccp_device_update(p->server->sccp, &device, &why), RF_OK);
    assert_err(rf_call_device_up(rf_sccp_service_calls(p->server->sccp), NAME, &attach, &handle),
               RF_OK);
}

static void *serve(void *arg)
{
    rf_loop_run(arg);
    return NULL;
}

static int set_up(void **state)
{
    struct place *p = rf_new(struct place);
    struct rf_why why = {0};
    test_tmp(p->dir, sizeof p->dir, "calls");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/db", p->dir);
    struct server *s = p->server = rf_new(struct server);
    assert_err(rf_store_open(p->path, &s->store, &why), RF_OK);
    s->call_loop = s->loop = rf_loop_new(rf_clock_real(), "calls");
    s->sccp = rf_sccp_service_new(&(struct rf_sccp_service_conf){
        .clock = rf_clock_real(), .timers = rf_loop_timers(s->call_loop), .ops = &ops, .arg = s});
    add_phone(p);
    s->store_worker = rf_worker_start_grouping("store", STORE_JOBS_MAX, s->store, &rf_store_group);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, s->call_loop), 0);
    p->has_thread = true;
    *state = p;
    return 0;
}

/* As the daemon ends. */
static void end_server(struct place *p)
{
    struct server *s = p->server;
    rf_loop_stop(s->call_loop);
    pthread_join(p->thread, NULL);
    p->has_thread = false;
    rf_worker_stop(s->store_worker);
    calls_drain(s);
    rf_sccp_service_free(s->sccp);
    rf_loop_free(s->call_loop);
    calls_free(s);
}

static int tear_down(void **state)
{
    struct place *p = *state;
    if (p->has_thread)
        end_server(p);
    rf_store_close(p->server->store);
    rf_free(p->server);
    assert_err(rf_dir_empty(p->dir, NULL), RF_OK);
    assert_int_equal(rmdir(p->dir), 0);
    rf_free(p);
    return 0;
}

/* On the call-control thread. */
struct want {
    struct rf_msg msg;
    struct server *s;
    char number[8], target[8];
};

static void want_run(struct rf_msg *msg, void *reader)
{
    struct want *w = (struct want *)msg;
    if (reader != NULL)
        forward_keep(w->s, NAME, w->number, w->target);
    rf_free(w);
}

static void wants(struct place *p, const char *number, const char *target)
{
    struct want *w = rf_new(struct want);
    *w = (struct want){.msg.run = want_run, .s = p->server};
    snprintf(w->number, sizeof w->number, "%s", number);
    snprintf(w->target, sizeof w->target, "%s", target);
    sccp_post(p->server, &w->msg);
}

static bool is_told(struct place *p, unsigned times, char last)
{
    for (int i = 0; i < 200 && atomic_load(&p->told) < times; i++)
        usleep(50 * 1000);
    return atomic_load(&p->told) == times && atomic_load(&p->last) == last;
}

static int64_t written(struct place *p, const char *target)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM line_rule WHERE forward_all = '%s'", target);
    return db_number(p->path, sql);
}

static void it_is_so_once_it_is_written(void **state)
{
    struct place *p = *state;
    sqlite3 *other = db_lock(p->path);
    wants(p, "2001", "2009");
    usleep(300 * 1000);
    assert_int_equal(atomic_load(&p->told), 0);
    db_unlock(other);
    assert_true(is_told(p, 1, '9'));
    assert_int_equal(written(p, "2009"), 1);
    wants(p, "2001", "");
    assert_true(is_told(p, 2, '-'));
    assert_int_equal(written(p, "2009"), 0);
}

static void the_last_word_counts(void **state)
{
    struct place *p = *state;
    sqlite3 *other = db_lock(p->path);
    wants(p, "2001", "2007");
    usleep(100 * 1000);
    wants(p, "2001", "2008");
    wants(p, "2001", "2009");
    db_unlock(other);
    assert_true(is_told(p, 1, '9'));
    assert_int_equal(written(p, "2009"), 1);
}

/* Call control goes on as the database has it, and not as the user wanted it. */
static void what_will_never_be_written_is_off(void **state)
{
    struct place *p = *state;
    wants(p, "2001", "20 9");
    assert_true(is_told(p, 1, '-'));
    wants(p, "2001", "2009");
    assert_true(is_told(p, 2, '9'));
    wants(p, "2001", "20 9");
    assert_true(is_told(p, 3, '9'));
}

#define FAILED_US 4300000 /* two statements have waited for it in vain */

static void *unlock_later(void *db)
{
    usleep(FAILED_US);
    db_unlock(db);
    return NULL;
}

static void the_end_waits_for_the_database(void **state)
{
    struct place *p = *state;
    sqlite3 *other = db_lock(p->path);
    pthread_t unlocker;
    wants(p, "2001", "2009");
    usleep(100 * 1000);
    assert_int_equal(pthread_create(&unlocker, NULL, unlock_later, other), 0);
    end_server(p);
    pthread_join(unlocker, NULL);
    assert_int_equal(written(p, "2009"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_so_once_it_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_word_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_will_never_be_written_is_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_waits_for_the_database, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
