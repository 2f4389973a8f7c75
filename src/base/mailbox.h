/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded mailboxes between threads. A message begins with struct rf_msg; posting hands it over,
 * and the sender keeps nothing that points into it. The reader is one thread: it waits here, or
 * watches rf_mailbox_fd() in its event loop. */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include "base/mem.h"

/** First member of every message. `run` is called on the reading thread and releases the message.
 */
struct rf_msg {
    struct rf_msg *next;
    void (*run)(struct rf_msg *msg, void *reader);
};

struct rf_mailbox;

/** At most `limit` messages wait; `name` appears in logs. */
struct rf_mailbox *rf_mailbox_new(const char *name, size_t limit);
/** Messages that still wait are run with reader NULL, so that they release themselves. */
void rf_mailbox_free(struct rf_mailbox *mailbox);

/** Hand over a message. RF_ERR_AGAIN when full (counted): the caller keeps it and does what its own
 * header says. Any thread. */
RF_MUST_CHECK enum rf_err rf_mailbox_post(struct rf_mailbox *mailbox, struct rf_msg *take_msg);
/** As rf_mailbox_post, never refused: for answers to requests that were counted when they were
 * made, so their number is bounded by those. */
void rf_mailbox_post_answer(struct rf_mailbox *mailbox, struct rf_msg *take_msg);

/** The same two, but the reader sleeps on: who posts so calls rf_mailbox_wake when it has no more
 * to post for now. Order and limit are as ever, and whoever wakes the reader wakes it for all. */
RF_MUST_CHECK enum rf_err rf_mailbox_post_asleep(struct rf_mailbox *mailbox,
                                                 struct rf_msg *take_msg);
void rf_mailbox_post_answer_asleep(struct rf_mailbox *mailbox, struct rf_msg *take_msg);
/** Wake the reader if messages wait of which it does not know. Any thread. */
void rf_mailbox_wake(struct rf_mailbox *mailbox);

/** Readable while messages wait (an eventfd). */
int rf_mailbox_fd(const struct rf_mailbox *mailbox);
/** Wait until a message is there or `timeout_ms` is over (-1: for ever). True when there is one. */
bool rf_mailbox_wait(struct rf_mailbox *mailbox, int timeout_ms);
/** Run all messages that wait now, giving each `reader`. Returns how many. Reading thread only. */
size_t rf_mailbox_run(struct rf_mailbox *mailbox, void *reader);

#endif
