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
 * job. With reader NULL (shutting down) it only releases.
 *
 * A worker that groups does what its jobs have in common once for all that it finds waiting, e.g.
 * one transaction instead of one for each. No job of a group is answered before its group ended. */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include "base/mailbox.h"

struct rf_job {
    struct rf_msg msg; /* the worker's own use */
    void (*work)(struct rf_job *job, void *worker_state);
    void (*done)(struct rf_job *job, void *reader);
    struct rf_mailbox
        *answer_to; /* NULL: `done` runs on the worker itself, reader = worker_state */
    /** NULL: the job is never grouped. Otherwise it runs on the worker when the group has ended,
     * before the answer: with RF_OK what `work` did holds, else none of it does, and `why` says
     * why. A job that ran alone is told RF_OK. */
    void (*settled)(struct rf_job *job, enum rf_err err, const struct rf_why *why);
    /** Nobody waits for it: it may be kept back for RF_WORKER_PATIENCE_MS, so that others join its
     * group. Jobs run in the order in which they were posted all the same: one that is not patient
     * has those before it run at once. */
    bool is_patient;
};

/** Around a group. When `begin` fails the jobs run one by one. */
struct rf_worker_group {
    enum rf_err (*begin)(void *state, struct rf_why *why);
    enum rf_err (*end)(void *state, struct rf_why *why);
};
/** Jobs in one group, at most: as many wait for the slowest of them. */
#define RF_WORKER_GROUP_MAX   64
#define RF_WORKER_PATIENCE_MS 25

struct rf_worker;

/** Start a thread named `name` whose jobs get `state` (e.g. the database handle it alone uses). */
struct rf_worker *rf_worker_start(const char *name, size_t limit, void *state);
/** One that groups its jobs. `group` is static. */
struct rf_worker *rf_worker_start_grouping(const char *name, size_t limit, void *state,
                                           const struct rf_worker_group *group);
/** Finish the jobs that wait, then end the thread. */
void rf_worker_stop(struct rf_worker *worker);
/** RF_ERR_AGAIN when `limit` jobs wait: the caller keeps the job. Any thread. */
RF_MUST_CHECK enum rf_err rf_worker_post(struct rf_worker *worker, struct rf_job *take_job);

#endif
