/* SPDX-License-Identifier: Apache-2.0 */
/* One thread's event loop: sockets, timers (rf_timers), a mailbox, signals. Everything that belongs
 * to a loop is used on the loop's thread only, except where a function says "any thread".
 *
 *     struct rf_loop *loop = rf_loop_new(rf_clock_real(), "main");
 *     rf_loop_on_signal(loop, SIGTERM, stop_now, loop);
 *     rf_loop_run(loop);
 *     rf_loop_free(loop);
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/mailbox.h"
#include "base/timer.h"

struct rf_loop;

/** `clock` drives the timers; `name` appears in logs. Messages in the mailbox are run with the loop
 * itself as reader until rf_loop_set_reader says otherwise. */
struct rf_loop *rf_loop_new(const struct rf_clock *clock, const char *name);
/** Links still open are dropped without on_close; the mailbox's messages are run with reader NULL.
 */
void rf_loop_free(struct rf_loop *loop);

/** Run until rf_loop_stop. */
void rf_loop_run(struct rf_loop *loop);
/** One turn: wait at most `wait_ms` (0: do not wait, -1: for ever) for something to happen and
 * handle all that is ready. For tests and for programs that look at something after each turn. */
void rf_loop_turn(struct rf_loop *loop, int wait_ms);
/** Make rf_loop_run return after the turn it is in. Any thread. */
void rf_loop_stop(struct rf_loop *loop);

/** Post to it from any thread. */
struct rf_mailbox *rf_loop_mailbox(struct rf_loop *loop);
/** A few milliseconds from now, rf_mailbox_wake: for what was posted with ..._asleep. A storm of
 * handshakes wakes the other thread once for many of them. On the loop's thread. */
void rf_loop_wake_later(struct rf_loop *loop, struct rf_mailbox *mailbox);
/** What the mailbox's messages get as `reader`. */
void rf_loop_set_reader(struct rf_loop *loop, void *reader);
struct rf_timers *rf_loop_timers(struct rf_loop *loop);
const struct rf_clock *rf_loop_clock(const struct rf_loop *loop);
const char *rf_loop_name(const struct rf_loop *loop);

/** Watch a file descriptor of the caller's (e.g. another mailbox, a socketpair). `fn` is called as
 * long as it is readable (level-triggered). */
struct rf_watch;
typedef void (*rf_watch_fn)(void *arg, int fd);
struct rf_watch *rf_loop_watch_fd(struct rf_loop *loop, int fd, rf_watch_fn fn, void *arg);
/** Stop watching; the descriptor stays open. Fine from inside `fn`. */
void rf_watch_free(struct rf_watch *watch);

/** Call fn(arg, signo) on the loop's thread when the process gets the signal. One loop of a process
 * may do this. Lives until rf_loop_free. */
void rf_loop_on_signal(struct rf_loop *loop, int signo, void (*fn)(void *arg, int signo),
                       void *arg);

#endif
