/* SPDX-License-Identifier: Apache-2.0 */
/* A thread for blocking work (database, signatures, key generation, files). A job is made by the
 * caller, runs on the worker, and comes back to the caller's mailbox.
 *
 *     struct sign_job { struct rf_job job; ... };
 *     job->job = (struct rf_job){.work = do_sign, .done = signed_ready, .answer_to = loop_mailbox};
 *     if (rf_worker_post(signer, &job->job) != RF_OK)
 *         ... the worker is full: refuse
 *
 * `done` runs on the thread that reads `answer_to`, with that mailbox's reader, and releases the
 * job. With reader NULL (shutting down) it only releases. */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include "base/mailbox.h"

struct rf_job {
    struct rf_msg msg; /* the worker's own use */
    void (*work)(struct rf_job *job, void *worker_state);
    void (*done)(struct rf_job *job, void *reader);
    struct rf_mailbox
        *answer_to; /* NULL: `done` runs on the worker itself, reader = worker_state */
};

struct rf_worker;

/** Start a thread named `name` whose jobs get `state` (e.g. the database handle it alone uses). */
struct rf_worker *rf_worker_start(const char *name, size_t limit, void *state);
/** Finish the jobs that wait, then end the thread. */
void rf_worker_stop(struct rf_worker *worker);
/** RF_ERR_AGAIN when `limit` jobs wait: the caller keeps the job. Any thread. */
RF_MUST_CHECK enum rf_err rf_worker_post(struct rf_worker *worker, struct rf_job *take_job);

#endif
