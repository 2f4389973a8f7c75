/* SPDX-License-Identifier: Apache-2.0 */
#include "base/worker.h"

#include <pthread.h>
#include <stddef.h>

struct rf_worker {
    struct rf_mailbox *mailbox;
    pthread_t thread;
    void *state;
    bool ending;
    struct rf_msg end;
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

static void job_run(struct rf_msg *msg, void *reader)
{
    struct rf_job *job = job_of(msg);
    const struct rf_worker *w = reader;
    if (w != NULL)
        job->work(job, w->state);
    if (job->answer_to == NULL || w == NULL) {
        job->done(job, w != NULL ? w->state : NULL);
        return;
    }
    job->msg.run = answer_run;
    rf_mailbox_post_answer(job->answer_to, &job->msg);
}

static void end_run(struct rf_msg *msg, void *reader)
{
    (void)msg;
    if (reader != NULL)
        ((struct rf_worker *)reader)->ending = true;
}

static void *thread_main(void *arg)
{
    struct rf_worker *w = arg;
    while (!w->ending) {
        rf_mailbox_wait(w->mailbox, -1);
        rf_mailbox_run(w->mailbox, w);
    }
    return NULL;
}

struct rf_worker *rf_worker_start(const char *name, size_t limit, void *state)
{
    struct rf_worker *w = rf_new(struct rf_worker);
    w->mailbox = rf_mailbox_new(name, limit);
    w->state = state;
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
