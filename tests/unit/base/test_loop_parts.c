/* SPDX-License-Identifier: Apache-2.0 */
/* Timers, handles, mailboxes and workers: what loops are made of. */
#include "base/handle.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/worker.h"
#include "unit.h"

#include <semaphore.h>
#include <unistd.h>

static uint64_t fired[8];
static size_t n_fired;

static void note(void *owner, uint64_t number)
{
    (void)owner;
    fired[n_fired++] = number;
}

static void timers_fire_in_order_of_their_deadlines(void **state)
{
    (void)state;
    struct rf_clock_fake fake;
    rf_clock_fake_init(&fake, 1000);
    struct rf_timers *t = rf_timers_new(&fake.clock);
    n_fired = 0;
    assert_int_equal(rf_timers_wait_ms(t), -1);
    rf_timer_id late = rf_timer_start(t, 30, note, NULL, 30);
    rf_timer_start(t, 10, note, NULL, 10);
    rf_timer_start(t, 10, note, NULL, 11);
    rf_timer_id gone = rf_timer_start(t, 5, note, NULL, 5);
    rf_timer_stop(t, &gone);
    assert_true(gone == 0);
    assert_int_equal(rf_timers_wait_ms(t), 10);
    rf_clock_fake_advance(&fake, 10);
    rf_timers_run(t);
    assert_int_equal(n_fired, 2);
    assert_int_equal(fired[0], 10);
    assert_int_equal(fired[1], 11);
    rf_clock_fake_advance(&fake, 19);
    rf_timers_run(t);
    assert_int_equal(n_fired, 2);
    rf_clock_fake_advance(&fake, 1);
    rf_timers_run(t);
    assert_int_equal(fired[2], 30);
    rf_timer_stop(t, &late);
    rf_timers_free(t);
}

/* Beside a model: 2,000 timers started, stopped and fired in every order; and an id that is over
 * stops nothing of those that came after. */
#define MANY 2000

static uint64_t due_of[MANY]; /* 0: not running */
static uint64_t last_due;

static void fire_one(void *owner, uint64_t number)
{
    const struct rf_clock_fake *clock = owner;
    assert_true(due_of[number] != 0 && due_of[number] <= clock->ms);
    assert_true(due_of[number] >= last_due);
    last_due = due_of[number];
    due_of[number] = 0;
}

static void many_timers_start_and_stop(void **state)
{
    (void)state;
    static rf_timer_id id[MANY], old[MANY];
    struct rf_clock_fake clock;
    uint32_t seed = 1;
    rf_clock_fake_init(&clock, 0);
    struct rf_timers *t = rf_timers_new(&clock.clock);
    for (int round = 0; round < 60000; round++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t i = (seed >> 8) % MANY;
        if (due_of[i] == 0) {
            rf_timer_stop(t, &old[i]); /* stopped long ago */
            rf_timer_stop(t, &id[i]);  /* or fired */
            uint64_t ms = 1 + (seed >> 20) % 500;
            id[i] = rf_timer_start(t, ms, fire_one, &clock, i);
            assert_true(id[i] != 0);
            due_of[i] = clock.ms + ms;
        } else {
            old[i] = id[i];
            rf_timer_stop(t, &id[i]);
            assert_true(id[i] == 0);
            due_of[i] = 0;
        }
        if (round % 50 == 0) {
            rf_clock_fake_advance(&clock, 7);
            last_due = 0;
            rf_timers_run(t);
        }
    }
    rf_clock_fake_advance(&clock, 1000);
    last_due = 0;
    rf_timers_run(t);
    for (size_t i = 0; i < MANY; i++)
        assert_true(due_of[i] == 0);
    assert_int_equal(rf_timers_wait_ms(t), -1);
    rf_timers_free(t);
}

static void a_stale_handle_finds_nothing(void **state)
{
    (void)state;
    struct rf_handles *t = rf_handles_new(2);
    int a;
    int b;
    rf_handle ha = rf_handle_add(t, &a);
    rf_handle hb = rf_handle_add(t, &b);
    assert_int_equal(rf_handle_add(t, &a), 0);
    assert_ptr_equal(rf_handle_find(t, ha), &a);
    rf_handle_remove(t, ha);
    assert_null(rf_handle_find(t, ha));
    rf_handle again = rf_handle_add(t, &a);
    assert_int_not_equal(again, ha);
    assert_null(rf_handle_find(t, ha));
    assert_ptr_equal(rf_handle_find(t, hb), &b);
    rf_handle_remove(t, ha); /* stale: must not remove the new one */
    assert_ptr_equal(rf_handle_find(t, again), &a);
    assert_int_equal(rf_handles_n(t), 2);
    rf_handles_free(t);
}

struct note_msg {
    struct rf_msg msg;
    int number;
};

static void note_run(struct rf_msg *msg, void *reader)
{
    struct note_msg *m = (struct note_msg *)msg;
    if (reader != NULL)
        *(int *)reader = *(int *)reader * 10 + m->number;
    rf_free(m);
}

static struct note_msg *note_msg(int number)
{
    struct note_msg *m = rf_new(struct note_msg);
    m->msg.run = note_run;
    m->number = number;
    return m;
}

static void a_mailbox_keeps_order_and_its_limit(void **state)
{
    (void)state;
    struct rf_mailbox *box = rf_mailbox_new("test", 2);
    assert_false(rf_mailbox_wait(box, 0));
    assert_err(rf_mailbox_post(box, &note_msg(1)->msg), RF_OK);
    assert_err(rf_mailbox_post(box, &note_msg(2)->msg), RF_OK);
    struct note_msg *third = note_msg(3);
    assert_err(rf_mailbox_post(box, &third->msg), RF_ERR_AGAIN);
    assert_true(rf_mailbox_wait(box, 0));
    int seen = 0;
    assert_int_equal(rf_mailbox_run(box, &seen), 2);
    assert_int_equal(seen, 12);
    assert_false(rf_mailbox_wait(box, 0));
    assert_err(rf_mailbox_post(box, &third->msg), RF_OK);
    rf_mailbox_free(box); /* releases what still waits */
}

/* Who posts so wakes the reader later, or somebody else does; nothing is overtaken, nothing lost.
 */
static void a_reader_may_sleep_on_until_it_is_woken(void **state)
{
    (void)state;
    int seen = 0;
    struct rf_mailbox *box = rf_mailbox_new("test", 3);
    rf_mailbox_wake(box);
    assert_false(rf_mailbox_wait(box, 0)); /* there is nothing */
    assert_err(rf_mailbox_post_asleep(box, &note_msg(1)->msg), RF_OK);
    assert_false(rf_mailbox_wait(box, 0));
    rf_mailbox_wake(box);
    assert_true(rf_mailbox_wait(box, 0));
    assert_int_equal(rf_mailbox_run(box, &seen), 1);
    assert_false(rf_mailbox_wait(box, 0));
    rf_mailbox_wake(box);
    assert_false(rf_mailbox_wait(box, 0)); /* it was taken */
    /* One that is urgent wakes for those before it, too. */
    rf_mailbox_post_answer_asleep(box, &note_msg(2)->msg);
    assert_err(rf_mailbox_post(box, &note_msg(3)->msg), RF_OK);
    assert_true(rf_mailbox_wait(box, 0));
    assert_err(rf_mailbox_post_asleep(box, &note_msg(4)->msg), RF_OK);
    struct note_msg *fifth = note_msg(5);
    assert_err(rf_mailbox_post_asleep(box, &fifth->msg), RF_ERR_AGAIN);
    rf_mailbox_post_answer_asleep(box, &fifth->msg); /* above the limit, as answers are */
    assert_int_equal(rf_mailbox_run(box, &seen), 4);
    assert_int_equal(seen, 12345);
    assert_false(rf_mailbox_wait(box, 0));
    rf_mailbox_free(box);
}

struct add_job {
    struct rf_job job;
    int in;
    int out;
};

static void a_log_line_is_one_line_and_nothing_a_terminal_obeys(void **state)
{
    int fd[2];
    char line[256];
    (void)state;
    assert_int_equal(pipe(fd), 0);
    rf_log_setup(fd[1], RF_LOG_INFO);
    rf_info(RF_CAT_MAIN, "%s",
            "a\nb\rc\x1b[31m\td\x7f"
            "e\xc2\x9b"
            "f\xc3\xbc");
    rf_log_setup(2, RF_LOG_WARN);
    ssize_t n = read(fd[0], line, sizeof line - 1);
    close(fd[0]);
    close(fd[1]);
    assert_true(n > 0);
    line[n] = '\0';
    assert_non_null(strstr(line, " info main: a b c [31m d e  f\xc3\xbc\n"));
}

static void a_log_limit_holds_from_the_first_line(void **state)
{
    for (uint64_t start = 0; start < 3; start++) { /* also on a clock that begins at 0 */
        struct rf_log_limit limit = {0};
        unsigned n = 0;
        for (uint64_t i = 0; i < 20; i++)
            n += rf_log_allows(&limit, 5, start + i) ? 1 : 0;
        assert_int_equal(n, 5);
        assert_int_equal(limit.dropped, 15);
        assert_false(rf_log_allows(&limit, 5, start + 59999));
        assert_true(rf_log_allows(&limit, 5, start + 60000));
    }
}

static void add_work(struct rf_job *job, void *worker_state)
{
    struct add_job *j = (struct add_job *)job;
    j->out = j->in + *(int *)worker_state;
}

static void add_done(struct rf_job *job, void *reader)
{
    struct add_job *j = (struct add_job *)job;
    if (reader != NULL)
        *(int *)reader = j->out;
    rf_free(j);
}

static void a_job_comes_back_to_the_asking_mailbox(void **state)
{
    (void)state;
    int forty = 40;
    struct rf_worker *w = rf_worker_start("test", 4, &forty);
    struct rf_mailbox *box = rf_mailbox_new("answers", 4);
    struct add_job *j = rf_new(struct add_job);
    j->job = (struct rf_job){.work = add_work, .done = add_done, .answer_to = box};
    j->in = 2;
    assert_err(rf_worker_post(w, &j->job), RF_OK);
    int answer = 0;
    assert_true(rf_mailbox_wait(box, 5000));
    rf_mailbox_run(box, &answer);
    assert_int_equal(answer, 42);
    rf_worker_stop(w);
    rf_mailbox_free(box);
}

/* A worker that groups, and what happened on it, in order. */
struct grouping {
    char log[32];
    bool begin_fails, end_fails;
    sem_t at_work, go; /* its first job is there and waits: the others are found together */
};

static void mark(struct grouping *g, char what)
{
    size_t n = strlen(g->log);
    assert_true(n + 1 < sizeof g->log);
    g->log[n] = what;
}

static enum rf_err group_begin(void *state, struct rf_why *why)
{
    struct grouping *g = state;
    mark(g, '(');
    return g->begin_fails ? rf_why_set(why, RF_ERR_IO, "begin", "no") : RF_OK;
}

static enum rf_err group_end(void *state, struct rf_why *why)
{
    struct grouping *g = state;
    mark(g, ')');
    return g->end_fails ? rf_why_set(why, RF_ERR_IO, "end", "no") : RF_OK;
}

struct group_job {
    struct rf_job job;
    struct grouping *g;
};

static void wait_work(struct rf_job *job, void *state)
{
    struct grouping *g = state;
    (void)job;
    sem_post(&g->at_work);
    while (sem_wait(&g->go) != 0) {
    }
}

static void group_work(struct rf_job *job, void *state)
{
    (void)job;
    mark(state, 'w');
}

static void alone_work(struct rf_job *job, void *state)
{
    (void)job;
    mark(state, 'A');
}

static void group_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    mark(((struct group_job *)job)->g, err == RF_OK ? 's' : 'x');
    if (err != RF_OK)
        assert_string_equal(why->code, "end");
}

static void group_done(struct rf_job *job, void *reader)
{
    (void)reader;
    mark(((struct group_job *)job)->g, 'd');
}

/* Runs these jobs, 'g' grouped, 'p' patient and 'a' alone, and gives what happened. */
static void run_grouped(struct grouping *g, const char *jobs)
{
    static const struct rf_worker_group group = {.begin = group_begin, .end = group_end};
    struct group_job job[8] = {0};
    struct rf_job first = {.work = wait_work, .done = group_done};
    struct group_job wait = {.job = first, .g = g};
    sem_init(&g->at_work, 0, 0);
    sem_init(&g->go, 0, 0);
    struct rf_worker *w = rf_worker_start_grouping("test", 8, g, &group);
    assert_err(rf_worker_post(w, &wait.job), RF_OK);
    while (sem_wait(&g->at_work) != 0) {
    }
    for (size_t i = 0; jobs[i] != '\0'; i++) {
        bool is_alone = jobs[i] == 'a';
        job[i].g = g;
        job[i].job = (struct rf_job){.work = is_alone ? alone_work : group_work,
                                     .done = group_done,
                                     .settled = is_alone ? NULL : group_settled,
                                     .is_patient = jobs[i] == 'p'};
        assert_err(rf_worker_post(w, &job[i].job), RF_OK);
    }
    sem_post(&g->go);
    rf_worker_stop(w);
    sem_destroy(&g->go);
    sem_destroy(&g->at_work);
}

static void jobs_that_wait_are_grouped(void **state)
{
    (void)state;
    static const struct {
        const char *jobs;
        bool begin_fails, end_fails;
        const char *log;
    } rows[] = {
        {"g", false, false, "d(w)sd"},
        {"ggg", false, false, "d(www)sdsdsd"},
        {"aa", false, false, "dAdAd"},
        {"gagg", false, false, "d(w)sdAd(ww)sdsd"}, /* what is not grouped comes after what is */
        {"gg", false, true, "d(ww)xdxd"},
        {"gg", true, false, "d(wsd(wsd"}, /* one by one */
        {"pp", false, false, "d(ww)sdsd"},
        {"pgapg", false, false, "d(ww)sdsdAd(ww)sdsd"}, /* in the order in which they came */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct grouping g = {.begin_fails = rows[i].begin_fails, .end_fails = rows[i].end_fails};
        run_grouped(&g, rows[i].jobs);
        assert_string_equal(g.log, rows[i].log);
    }
}

static void posted_done(struct rf_job *job, void *reader)
{
    (void)reader;
    sem_post(&((struct group_job *)job)->g->go);
}

static void a_patient_job_does_not_wait_for_ever(void **state)
{
    (void)state;
    static const struct rf_worker_group group = {.begin = group_begin, .end = group_end};
    struct grouping g = {0};
    struct group_job job = {
        .g = &g,
        .job = {
            .work = group_work, .done = posted_done, .settled = group_settled, .is_patient = true}};
    struct rf_worker *w = rf_worker_start_grouping("test", 8, &g, &group);
    sem_init(&g.go, 0, 0);
    assert_err(rf_worker_post(w, &job.job), RF_OK);
    while (sem_wait(&g.go) != 0)
        ;
    assert_string_equal(g.log, "(w)s");
    rf_worker_stop(w);
    sem_destroy(&g.go);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_of_their_deadlines),
        cmocka_unit_test(many_timers_start_and_stop),
        cmocka_unit_test(a_stale_handle_finds_nothing),
        cmocka_unit_test(a_mailbox_keeps_order_and_its_limit),
        cmocka_unit_test(a_reader_may_sleep_on_until_it_is_woken),
        cmocka_unit_test(a_log_line_is_one_line_and_nothing_a_terminal_obeys),
        cmocka_unit_test(a_log_limit_holds_from_the_first_line),
        cmocka_unit_test(a_job_comes_back_to_the_asking_mailbox),
        cmocka_unit_test(jobs_that_wait_are_grouped),
        cmocka_unit_test(a_patient_job_does_not_wait_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
