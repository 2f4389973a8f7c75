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

struct rf_linger;

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
    struct rf_link *todo; /* links that want attention at the end of the turn */
    struct rf_link **todo_last;
    struct rf_linger *lingers;
    uint8_t *scratch;
};

/** Attend to a link at the end of this turn; once, however often it is asked. */
void rf_loop_todo(struct rf_loop *loop, struct rf_link *link);
/** For rf_loop_todo. */
struct rf_link **rf_link_todo_next(struct rf_link *link);
/** Do what a link queued itself for; may free it. */
void rf_link_attend(struct rf_link *link);
/** Drop all links and lingering sockets, without callbacks. */
void rf_links_drop(struct rf_loop *loop);

/** A new event on the loop; aborts when memory is out. */
struct event *rf_loop_event(struct rf_loop *loop, int fd, short what, event_callback_fn fn,
                            void *arg);

#endif
