/* SPDX-License-Identifier: Apache-2.0 */
/* What the other files of net/ need of a loop. */
#ifndef NET_LOOP_INT_H
#define NET_LOOP_INT_H

#include "base/handle.h"
#include "net/link.h"

#include <event2/event.h>

/** Decrypted or received bytes land here first; only what a callback leaves is copied into the
 * link, so that an idle link holds no buffer. */
#define RF_LOOP_SCRATCH ((size_t)16 * 1024)
/** For so long a turn takes up steps of TLS handshakes: what else is ready must not wait until all
 * phones of a site are through theirs. */
#define RF_LOOP_HANDSHAKES_MS 10
/** How late a reader that nobody hurries is woken. */
#define RF_LOOP_WAKE_MS 5

struct rf_linger;

/** Something that wants attention at the end of the turn: first member of its object. */
struct rf_todo {
    struct rf_todo *next;
    void (*run)(struct rf_todo *todo); /* may free it */
    bool is_queued;
};

struct rf_loop {
    const char *name;
    uint32_t worker; /* our number among the workers; 0 without */
    const struct rf_clock *clock;
    struct event_base *base;
    struct rf_mailbox *mailbox;
    void *reader;
    struct rf_timers *timers;
    struct event *mailbox_event;
    struct event *timer_event;
    struct rf_signal *signals;
    bool stopping;
    struct rf_handles *links;
    uint32_t links_peak; /* since the heap was trimmed */
    rf_timer_id trim;
    struct rf_todo *todo;
    struct rf_todo **todo_last;
    bool has_handshakes; /* in this turn, and since when */
    uint64_t handshakes_ms;
    struct rf_mailbox *wake; /* whose reader is woken, and when */
    rf_timer_id wake_timer;
    struct rf_linger *lingers;
    uint32_t lingers_n;
    uint8_t *scratch;
    uint8_t *packet; /* where UDP packets land: made with the first socket */
};

/** Attend to it at the end of this turn; once, however often it is asked. */
void rf_loop_todo(struct rf_loop *loop, struct rf_todo *todo);
/** May a link take a step of its handshake in this turn? What may not stays readable, and is
 * reported again in the next. */
bool rf_loop_may_handshake(struct rf_loop *loop);
/** Drop all links, without callbacks. */
void rf_links_drop(struct rf_loop *loop);

/** Close a socket whose peer should still read what we sent: sending ends now, what arrives is
 * thrown away until the peer closes, for RF_LINK_CLOSE_MS at most. A plain close would answer
 * unread bytes with a reset, and the peer would lose our last words. */
void rf_linger(struct rf_loop *loop, int take_fd);
void rf_lingers_drop(struct rf_loop *loop);

/** A new event on the loop; aborts when memory is out. */
struct event *rf_loop_event(struct rf_loop *loop, int fd, short what, event_callback_fn fn,
                            void *arg);

#endif
