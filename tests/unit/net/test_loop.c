/* SPDX-License-Identifier: Apache-2.0 */
/* The loop itself: mailbox, timers on a clock of its own, descriptors, signals, the end. */
#include "unit.h"

#include "net/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

struct world {
    struct rf_clock_fake clock;
    struct rf_loop *loop;
    int pipe[2];
    struct rf_watch *watch;
    unsigned watched;
    unsigned fired;
    unsigned signals;
    int signo;
};

static void begin(struct world *w)
{
    memset(w, 0, sizeof *w);
    rf_clock_fake_init(&w->clock, 1790000000);
    w->loop = rf_loop_new(&w->clock.clock, "loop");
    assert_int_equal(pipe(w->pipe), 0);
}

static void end(struct world *w)
{
    rf_watch_free(w->watch);
    rf_loop_free(w->loop);
    close(w->pipe[0]);
    close(w->pipe[1]);
}

static void readable(void *arg, int fd)
{
    struct world *w = arg;
    assert_int_equal(fd, w->pipe[0]);
    w->watched++;
}

static void readable_once(void *arg, int fd)
{
    struct world *w = arg;
    w->watched++;
    rf_watch_free(w->watch);
    w->watch = NULL;
}

static void a_descriptor_is_watched(void **state)
{
    struct world w;
    begin(&w);
    w.watch = rf_loop_watch_fd(w.loop, w.pipe[0], readable, &w);
    rf_loop_turn(w.loop, 0);
    assert_int_equal(w.watched, 0);
    assert_int_equal(write(w.pipe[1], "x", 1), 1);
    rf_loop_turn(w.loop, 0);
    rf_loop_turn(w.loop, 0);
    assert_int_equal(w.watched, 2); /* as long as it is readable */
    rf_watch_free(w.watch);
    rf_watch_free(NULL);
    w.watch = rf_loop_watch_fd(w.loop, w.pipe[0], readable_once, &w);
    rf_loop_turn(w.loop, 0);
    rf_loop_turn(w.loop, 0);
    assert_int_equal(w.watched, 3);
    end(&w);
}

static void fired(void *owner, uint64_t number)
{
    ((struct world *)owner)->fired += (unsigned)number;
}

static void timers_go_by_the_clock_given(void **state)
{
    struct world w;
    begin(&w);
    assert_ptr_equal(rf_loop_clock(w.loop), &w.clock.clock);
    assert_string_equal(rf_loop_name(w.loop), "loop");
    rf_timer_start(rf_loop_timers(w.loop), 3600000, fired, &w, 1);
    rf_loop_turn(w.loop, 1);
    assert_int_equal(w.fired, 0);
    rf_clock_fake_advance(&w.clock, 3600000);
    rf_loop_turn(w.loop, -1); /* for ever would be too long: it is due */
    assert_int_equal(w.fired, 1);
    end(&w);
}

static void a_timer_wakes_a_sleeping_loop(void **state)
{
    struct world w = {0};
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "real");
    uint64_t before = rf_now_ms(rf_clock_real());
    rf_timer_start(rf_loop_timers(loop), 20, fired, &w, 1);
    for (int turns = 0; w.fired == 0; turns++) {
        assert_true(turns < 4); /* not a turn a millisecond */
        rf_loop_turn(loop, -1);
    }
    assert_true(rf_now_ms(rf_clock_real()) - before >= 20);
    rf_loop_free(loop);
}

static void on_signal(void *arg, int signo)
{
    struct world *w = arg;
    w->signals++;
    w->signo = signo;
    rf_loop_stop(w->loop);
}

static void signals_arrive_on_the_loop(void **state)
{
    struct world w;
    begin(&w);
    rf_loop_on_signal(w.loop, SIGUSR1, on_signal, &w);
    rf_loop_on_signal(w.loop, SIGHUP, on_signal, &w);
    kill(getpid(), SIGHUP);
    rf_loop_run(w.loop);
    assert_int_equal(w.signals, 1);
    assert_int_equal(w.signo, SIGHUP);
    kill(getpid(), SIGUSR1);
    rf_loop_run(w.loop); /* it may run again */
    assert_int_equal(w.signo, SIGUSR1);
    end(&w);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
}

struct note {
    struct rf_msg msg;
    void **reader;
    unsigned *order;
    unsigned number;
};

static void note_run(struct rf_msg *msg, void *reader)
{
    struct note *n = (struct note *)msg;
    *n->reader = reader;
    *n->order = *n->order * 10 + n->number;
    rf_free(n);
}

static void post(struct rf_loop *loop, void **reader, unsigned *order, unsigned number)
{
    struct note *n = rf_new(struct note);
    *n =
        (struct note){.msg = {.run = note_run}, .reader = reader, .order = order, .number = number};
    assert_err(rf_mailbox_post(rf_loop_mailbox(loop), &n->msg), RF_OK);
}

static void messages_run_with_the_reader(void **state)
{
    struct world w;
    void *reader = NULL;
    unsigned order = 0;
    begin(&w);
    post(w.loop, &reader, &order, 1);
    post(w.loop, &reader, &order, 2);
    rf_loop_turn(w.loop, -1);
    assert_ptr_equal(reader, w.loop); /* until another is set */
    assert_int_equal(order, 12);
    rf_loop_set_reader(w.loop, &w);
    post(w.loop, &reader, &order, 3);
    rf_loop_turn(w.loop, -1);
    assert_ptr_equal(reader, &w);
    post(w.loop, &reader, &order, 4); /* the loop ends first: released, without a reader */
    end(&w);
    assert_null(reader);
    assert_int_equal(order, 1234);
}

static void *stop_it(void *arg)
{
    rf_loop_stop(arg);
    return NULL;
}

static void stopped_by_another_thread(void **state)
{
    struct world w;
    pthread_t thread;
    begin(&w);
    assert_int_equal(pthread_create(&thread, NULL, stop_it, w.loop), 0);
    rf_loop_run(w.loop);
    pthread_join(thread, NULL);
    rf_loop_free(NULL);
    end(&w);
}

struct posting {
    struct rf_loop *loop;
    struct rf_mailbox *box[2];
    struct rf_msg msg[2];
    bool was_awake;
};

static void note_nothing(struct rf_msg *msg, void *reader)
{
}

static void post_two(void *owner, uint64_t number)
{
    struct posting *p = owner;
    for (int i = 0; i < 2; i++) {
        p->msg[i].run = note_nothing;
        rf_mailbox_post_answer_asleep(p->box[i], &p->msg[i]);
        p->was_awake |= rf_mailbox_wait(p->box[i], 0);
        rf_loop_wake_later(p->loop, p->box[i]);
    }
}

/* Whom a turn's events wrote to without hurry is woken a little later, each of them. */
static void readers_are_woken_a_little_later(void **state)
{
    struct world w;
    begin(&w);
    struct posting p = {.loop = w.loop,
                        .box = {rf_mailbox_new("one", 4), rf_mailbox_new("other", 4)}};
    rf_timer_start(rf_loop_timers(w.loop), 0, post_two, &p, 0);
    rf_loop_turn(w.loop, 0);
    assert_false(p.was_awake);
    assert_false(rf_mailbox_wait(p.box[1], 0));
    rf_clock_fake_advance(&w.clock, 5);
    rf_loop_turn(w.loop, 0);
    for (int i = 0; i < 2; i++) {
        assert_true(rf_mailbox_wait(p.box[i], 0));
        assert_int_equal(rf_mailbox_run(p.box[i], NULL), 1);
        rf_mailbox_free(p.box[i]);
    }
    rf_loop_turn(w.loop, 0);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_is_watched),
        cmocka_unit_test(timers_go_by_the_clock_given),
        cmocka_unit_test(a_timer_wakes_a_sleeping_loop),
        cmocka_unit_test(signals_arrive_on_the_loop),
        cmocka_unit_test(messages_run_with_the_reader),
        cmocka_unit_test(readers_are_woken_a_little_later),
        cmocka_unit_test(stopped_by_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
