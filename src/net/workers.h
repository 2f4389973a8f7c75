/* SPDX-License-Identifier: Apache-2.0 */
/* N threads, each with a loop of its own. Links stay on the worker that got them; other threads
 * speak to a link by its rf_link_ref, never by pointer. A ref whose link is gone finds nothing.
 *
 * A full mailbox (its worker is behind by RF_WORKERS_MAILBOX messages) refuses with RF_ERR_AGAIN,
 * counted: the caller closes that link's session or tries again. */
#ifndef NET_WORKERS_H
#define NET_WORKERS_H

#include "net/link.h"

#define RF_WORKERS_MAX     64
#define RF_WORKERS_MAILBOX 65536 /* of every loop */

struct rf_workers;

/** Start `n` (1 to RF_WORKERS_MAX) threads. Call it after all forks. */
struct rf_workers *rf_workers_new(uint32_t n, const struct rf_clock *clock);
/** Stop the threads, then drop their links without on_close. NULL is fine. */
void rf_workers_free(struct rf_workers *workers);

uint32_t rf_workers_n(const struct rf_workers *workers);
/** The loop of worker i, for what is set up on it by messages. */
struct rf_loop *rf_workers_loop(struct rf_workers *workers, uint32_t i);

/** Hand a message to worker i; it is run there with the worker's struct rf_loop as reader (NULL:
 * shutting down, only release). RF_ERR_AGAIN: the caller keeps it. Any thread. */
RF_MUST_CHECK enum rf_err rf_workers_post(struct rf_workers *workers, uint32_t i,
                                          struct rf_msg *take_msg);
/** Write a copy of `data` to a link. A link whose output is full is aborted ("output-full"): it
 * does not read what it is sent. RF_ERR_AGAIN when the mailbox is full, RF_ERR_LIMIT above
 * RF_LINK_OUTPUT_DEFAULT. Any thread. */
RF_MUST_CHECK enum rf_err rf_workers_send(struct rf_workers *workers, struct rf_link_ref link,
                                          struct rf_slice data);
/** rf_link_close for a link, after all that was sent before. `why` (may be NULL) is what on_close
 * will say; with `why` what waits is still sent. Any thread. Never refused. */
void rf_workers_close(struct rf_workers *workers, struct rf_link_ref link,
                      const struct rf_why *why);

#endif
