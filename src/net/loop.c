/* SPDX-License-Identifier: Apache-2.0 */
#include "net/loop.h"

#include "net/loop_int.h"
#include "net/workers.h"

#include "base/faults.h"

#include <signal.h>

#define LINKS_LIMIT 65535

struct rf_signal {
    struct rf_signal *next;
    struct event *event;
    void (*fn)(void *arg, int signo);
    void *arg;
};

struct rf_watch {
    struct event *event;
    int fd;
    rf_watch_fn fn;
    void *arg;
};

struct event *rf_loop_event(struct rf_loop *loop, int fd, short what, event_callback_fn fn,
                            void *arg)
{
    struct event *e = event_new(loop->base, fd, what, fn, arg);
    rf_bug_on(e == NULL);
    return e;
}

static void mailbox_ready(evutil_socket_t fd, short what, void *arg)
{
    struct rf_loop *loop = arg;
    rf_mailbox_run(loop->mailbox, loop->reader);
}

static void timer_ready(evutil_socket_t fd, short what, void *arg)
{
    /* Only wakes the loop: rf_loop_turn runs what is due. */
}

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    rf_bug_on(config == NULL);
    /* The coarse clock would wake us some milliseconds early, to find nothing due. */
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    rf_bug_on(base == NULL);
    return base;
}

struct rf_loop *rf_loop_new(const struct rf_clock *clock, const char *name)
{
    /* A peer that went away is an error of write(), not a signal. */
    signal(SIGPIPE, SIG_IGN);
    struct rf_loop *loop = rf_new(struct rf_loop);
    loop->name = name;
    loop->clock = clock;
    loop->base = base_new();
    loop->mailbox = rf_mailbox_new(name, RF_WORKERS_MAILBOX);
    loop->reader = loop;
    loop->timers = rf_timers_new(clock);
    loop->links = rf_handles_new(LINKS_LIMIT);
    loop->todo_last = &loop->todo;
    loop->scratch = rf_new_n(uint8_t, RF_LOOP_SCRATCH);
    loop->mailbox_event = rf_loop_event(loop, rf_mailbox_fd(loop->mailbox), EV_READ | EV_PERSIST,
                                        mailbox_ready, loop);
    event_add(loop->mailbox_event, NULL);
    loop->timer_event = rf_loop_event(loop, -1, EV_TIMEOUT, timer_ready, loop);
    return loop;
}

void rf_loop_free(struct rf_loop *loop)
{
    if (loop == NULL)
        return;
    rf_mailbox_run(loop->mailbox, NULL);
    rf_links_drop(loop);
    rf_lingers_drop(loop);
    while (loop->signals != NULL) {
        struct rf_signal *s = loop->signals;
        loop->signals = s->next;
        event_free(s->event);
        rf_free(s);
    }
    event_free(loop->mailbox_event);
    event_free(loop->timer_event);
    rf_mailbox_free(loop->mailbox);
    rf_timers_free(loop->timers);
    rf_handles_free(loop->links);
    event_base_free(loop->base);
    rf_free(loop->scratch);
    rf_free(loop->packet);
    rf_free(loop);
}

void rf_loop_todo(struct rf_loop *loop, struct rf_todo *todo)
{
    if (todo->is_queued)
        return;
    todo->is_queued = true;
    todo->next = NULL;
    *loop->todo_last = todo;
    loop->todo_last = &todo->next;
}

/** What was queued up to now; what these queue anew waits for the next turn. */
static void attend(struct rf_loop *loop)
{
    struct rf_todo *first = loop->todo;
    loop->todo = NULL;
    loop->todo_last = &loop->todo;
    while (first != NULL) {
        struct rf_todo *todo = first;
        first = todo->next;
        todo->is_queued = false;
        todo->run(todo);
    }
}

bool rf_loop_may_handshake(struct rf_loop *loop)
{
    uint64_t now = rf_now_ms(loop->clock);
    if (!loop->has_handshakes)
        loop->handshakes_ms = now;
    loop->has_handshakes = true;
    return now - loop->handshakes_ms < RF_LOOP_HANDSHAKES_MS ||
           rf_fault_skips("net.handshakes-per-turn");
}

static void wake(struct rf_loop *loop)
{
    struct rf_mailbox *mailbox = loop->wake;
    loop->wake = NULL;
    if (mailbox != NULL)
        rf_mailbox_wake(mailbox);
}

static void wake_due(void *owner, uint64_t number)
{
    struct rf_loop *loop = owner;
    loop->wake_timer = 0;
    wake(loop);
}

void rf_loop_wake_later(struct rf_loop *loop, struct rf_mailbox *mailbox)
{
    if (loop->wake != mailbox)
        wake(loop);
    loop->wake = mailbox;
    if (loop->wake_timer == 0)
        loop->wake_timer = rf_timer_start(loop->timers, RF_LOOP_WAKE_MS, wake_due, loop, 0);
}

static int shorter(int a_ms, int b_ms)
{
    if (a_ms < 0)
        return b_ms;
    return b_ms < 0 || a_ms < b_ms ? a_ms : b_ms;
}

void rf_loop_turn(struct rf_loop *loop, int wait_ms)
{
    wait_ms = shorter(wait_ms, rf_timers_wait_ms(loop->timers));
    if (loop->todo != NULL)
        wait_ms = 0;
    if (wait_ms > 0) {
        struct timeval tv = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
        event_add(loop->timer_event, &tv);
    }
    loop->has_handshakes = false;
    /* ONCE in any case: without it libevent goes on as long as anything is ready. */
    event_base_loop(loop->base, wait_ms == 0 ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE);
    event_del(loop->timer_event);
    rf_timers_run(loop->timers);
    attend(loop);
}

void rf_loop_run(struct rf_loop *loop)
{
    while (!loop->stopping)
        rf_loop_turn(loop, -1);
    wake(loop);
    loop->stopping = false;
}

struct stop_msg {
    struct rf_msg msg;
    struct rf_loop *loop;
};

static void stop_now(struct rf_msg *msg, void *reader)
{
    struct stop_msg *m = (struct stop_msg *)msg;
    m->loop->stopping = true;
    rf_free(m);
}

void rf_loop_stop(struct rf_loop *loop)
{
    struct stop_msg *m = rf_new(struct stop_msg);
    m->msg.run = stop_now;
    m->loop = loop;
    rf_mailbox_post_answer(loop->mailbox, &m->msg);
}

struct rf_mailbox *rf_loop_mailbox(struct rf_loop *loop)
{
    return loop->mailbox;
}

void rf_loop_set_reader(struct rf_loop *loop, void *reader)
{
    loop->reader = reader;
}

struct rf_timers *rf_loop_timers(struct rf_loop *loop)
{
    return loop->timers;
}

const struct rf_clock *rf_loop_clock(const struct rf_loop *loop)
{
    return loop->clock;
}

const char *rf_loop_name(const struct rf_loop *loop)
{
    return loop->name;
}

static void watch_ready(evutil_socket_t fd, short what, void *arg)
{
    struct rf_watch *w = arg;
    w->fn(w->arg, w->fd);
}

struct rf_watch *rf_loop_watch_fd(struct rf_loop *loop, int fd, rf_watch_fn fn, void *arg)
{
    struct rf_watch *w = rf_new(struct rf_watch);
    *w = (struct rf_watch){.fd = fd, .fn = fn, .arg = arg};
    w->event = rf_loop_event(loop, fd, EV_READ | EV_PERSIST, watch_ready, w);
    event_add(w->event, NULL);
    return w;
}

void rf_watch_free(struct rf_watch *w)
{
    if (w == NULL)
        return;
    event_free(w->event);
    rf_free(w);
}

static void signal_ready(evutil_socket_t signo, short what, void *arg)
{
    struct rf_signal *s = arg;
    s->fn(s->arg, (int)signo);
}

void rf_loop_on_signal(struct rf_loop *loop, int signo, void (*fn)(void *arg, int signo), void *arg)
{
    struct rf_signal *s = rf_new(struct rf_signal);
    *s = (struct rf_signal){.next = loop->signals, .fn = fn, .arg = arg};
    s->event = rf_loop_event(loop, signo, EV_SIGNAL | EV_PERSIST, signal_ready, s);
    event_add(s->event, NULL);
    loop->signals = s;
}
