/* SPDX-License-Identifier: Apache-2.0 */
#include "base/worker.h"

#include "base/clock.h"

#include <pthread.h>
#include <stddef.h>

struct rf_worker {
    struct rf_mailbox *mailbox;
    pthread_t thread;
    void *state;
    bool ending;
    struct rf_msg end;
    const struct rf_worker_group *group; /* NULL: it does not group */
    struct rf_job *grouped[RF_WORKER_GROUP_MAX];
    size_t n_grouped; /* above 0: a group has begun */
    struct rf_job *patient[RF_WORKER_GROUP_MAX];
    size_t n_patient; /* they wait for company */
    uint64_t patient_since_ms;
};

static struct rf_job *job_of(struct rf_msg *msg)
{
    return (struct rf_job *)((char *)msg - offsetof(struct rf_job, msg));
}

static void answer_run(struct rf_msg *msg, void *reader)
{
    struct rf_job *job = job_of(msg);
    job->done(job, reader);
}

static void answer(struct rf_worker *w, struct rf_job *job)
{
    if (job->answer_to == NULL) {
        job->done(job, w->state);
        return;
    }
    job->msg.run = answer_run;
    rf_mailbox_post_answer(job->answer_to, &job->msg);
}

static void end_group(struct rf_worker *w)
{
    struct rf_why why = {0};
    size_t n = w->n_grouped;
    if (n == 0)
        return;
    enum rf_err err = w->group->end(w->state, &why);
    w->n_grouped = 0;
    for (size_t i = 0; i < n; i++) {
        w->grouped[i]->settled(w->grouped[i], err, &why);
        answer(w, w->grouped[i]);
    }
}

/* Is there a group for this job? */
static bool join_group(struct rf_worker *w, const struct rf_job *job)
{
    if (w->n_grouped == RF_WORKER_GROUP_MAX || job->settled == NULL)
        end_group(w);
    if (w->group == NULL || job->settled == NULL)
        return false;
    return w->n_grouped > 0 || w->group->begin(w->state, NULL) == RF_OK;
}

static void run(struct rf_worker *w, struct rf_job *job)
{
    if (join_group(w, job)) {
        w->grouped[w->n_grouped++] = job;
        job->work(job, w->state);
        return;
    }
    job->work(job, w->state);
    if (job->settled != NULL)
        job->settled(job, RF_OK, NULL);
    answer(w, job);
}

static void run_patient(struct rf_worker *w)
{
    for (size_t i = 0; i < w->n_patient; i++)
        run(w, w->patient[i]);
    w->n_patient = 0;
}

static void job_run(struct rf_msg *msg, void *reader)
{
    struct rf_job *job = job_of(msg);
    struct rf_worker *w = reader;
    if (w == NULL) {
        job->done(job, NULL);
        return;
    }
    if (job->is_patient) {
        if (w->n_patient == 0)
            w->patient_since_ms = rf_now_ms(rf_clock_real());
        w->patient[w->n_patient++] = job;
        if (w->n_patient == RF_WORKER_GROUP_MAX)
            run_patient(w);
        return;
    }
    run_patient(w); /* they came before */
    run(w, job);
}

static void end_run(struct rf_msg *msg, void *reader)
{
    (void)msg;
    if (reader != NULL)
        ((struct rf_worker *)reader)->ending = true;
}

/* How long those that wait for company still do; -1: nobody does. */
static int patience_ms(const struct rf_worker *w)
{
    if (w->n_patient == 0)
        return -1;
    uint64_t waited_ms = rf_now_ms(rf_clock_real()) - w->patient_since_ms;
    return waited_ms < RF_WORKER_PATIENCE_MS ? (int)(RF_WORKER_PATIENCE_MS - waited_ms) : 0;
}

static void *thread_main(void *arg)
{
    struct rf_worker *w = arg;
    while (!w->ending) {
        rf_mailbox_wait(w->mailbox, patience_ms(w));
        rf_mailbox_run(w->mailbox, w);
        if (w->ending || patience_ms(w) == 0)
            run_patient(w);
        end_group(w);
    }
    return NULL;
}

struct rf_worker *rf_worker_start(const char *name, size_t limit, void *state)
{
    return rf_worker_start_grouping(name, limit, state, NULL);
}

struct rf_worker *rf_worker_start_grouping(const char *name, size_t limit, void *state,
                                           const struct rf_worker_group *group)
{
    struct rf_worker *w = rf_new(struct rf_worker);
    w->mailbox = rf_mailbox_new(name, limit);
    w->state = state;
    w->group = group;
    rf_bug_on(pthread_create(&w->thread, NULL, thread_main, w) != 0);
    pthread_setname_np(w->thread, name);
    return w;
}

void rf_worker_stop(struct rf_worker *w)
{
    if (w == NULL)
        return;
    w->end.run = end_run;
    rf_mailbox_post_answer(w->mailbox, &w->end);
    pthread_join(w->thread, NULL);
    rf_mailbox_free(w->mailbox);
    rf_free(w);
}

enum rf_err rf_worker_post(struct rf_worker *w, struct rf_job *take_job)
{
    take_job->msg.run = job_run;
    return rf_mailbox_post(w->mailbox, &take_job->msg);
}
