/* SPDX-License-Identifier: Apache-2.0 */
#include "net/workers.h"

#include "net/loop_int.h"
#include "net/workers_int.h"

#include "base/secret.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

struct worker {
    struct rf_loop *loop;
    pthread_t thread;
    char name[16];
};

struct rf_workers {
    uint32_t n;
    struct worker worker[];
};

static void *thread_main(void *arg)
{
    struct worker *w = arg;
    rf_loop_run(w->loop);
    return NULL;
}

/* Signals are for the main thread: workers are born with all of them blocked. */
static void start(struct worker *w)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rf_bug_on(pthread_create(&w->thread, NULL, thread_main, w) != 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(w->thread, w->name);
}

struct rf_workers *rf_workers_new(uint32_t n, const struct rf_clock *clock)
{
    rf_bug_on(n == 0 || n > RF_WORKERS_MAX);
    struct rf_workers *workers = rf_new_bytes(sizeof *workers + n * sizeof *workers->worker);
    workers->n = n;
    for (uint32_t i = 0; i < n; i++) {
        struct worker *w = &workers->worker[i];
        snprintf(w->name, sizeof w->name, "io-%u", i);
        w->loop = rf_loop_new(clock, w->name);
        w->loop->worker = i;
    }
    for (uint32_t i = 0; i < n; i++)
        start(&workers->worker[i]);
    return workers;
}

void rf_workers_free(struct rf_workers *workers)
{
    if (workers == NULL)
        return;
    for (uint32_t i = 0; i < workers->n; i++)
        rf_loop_stop(workers->worker[i].loop);
    for (uint32_t i = 0; i < workers->n; i++)
        pthread_join(workers->worker[i].thread, NULL);
    for (uint32_t i = 0; i < workers->n; i++)
        rf_loop_free(workers->worker[i].loop);
    rf_free(workers);
}

uint32_t rf_workers_n(const struct rf_workers *workers)
{
    return workers->n;
}

struct rf_loop *rf_workers_loop(struct rf_workers *workers, uint32_t i)
{
    rf_bug_on(i >= workers->n);
    return workers->worker[i].loop;
}

bool rf_workers_is_here(const struct rf_workers *workers, uint32_t i)
{
    rf_bug_on(i >= workers->n);
    return pthread_equal(pthread_self(), workers->worker[i].thread) != 0;
}

enum rf_err rf_workers_post(struct rf_workers *workers, uint32_t i, struct rf_msg *take_msg)
{
    return rf_mailbox_post(rf_loop_mailbox(rf_workers_loop(workers, i)), take_msg);
}

struct send_msg {
    struct rf_msg msg;
    rf_handle link;
    size_t len;
    uint8_t bytes[];
};

static void send_run(struct rf_msg *msg, void *reader)
{
    struct send_msg *m = (struct send_msg *)msg;
    struct rf_link *link = reader != NULL ? rf_link_find(reader, m->link) : NULL;
    if (link != NULL && rf_link_write(link, rf_slice_of(m->bytes, m->len)) == RF_ERR_LIMIT) {
        struct rf_why why = {0};
        (void)rf_why_set(&why, RF_ERR_LIMIT, "output-full",
                         "the other side does not read what it is sent: %zu bytes wait",
                         rf_link_pending(link));
        rf_link_abort(link, &why);
    }
    rf_wipe(m->bytes, m->len);
    rf_free(m);
}

enum rf_err rf_workers_send(struct rf_workers *workers, struct rf_link_ref link,
                            struct rf_slice data)
{
    struct send_msg *m = rf_try_alloc(sizeof *m + data.len, sizeof *m + RF_LINK_OUTPUT_DEFAULT);
    if (m == NULL)
        return RF_ERR_LIMIT;
    m->msg.run = send_run;
    m->link = link.handle;
    m->len = data.len;
    if (data.len > 0)
        memcpy(m->bytes, data.p, data.len);
    enum rf_err err = rf_workers_post(workers, link.worker, &m->msg);
    if (err != RF_OK)
        send_run(&m->msg, NULL);
    return err;
}

struct close_msg {
    struct rf_msg msg;
    rf_handle link;
    bool has_why;
    struct rf_why why;
};

static void close_run(struct rf_msg *msg, void *reader)
{
    struct close_msg *m = (struct close_msg *)msg;
    struct rf_link *link = reader != NULL ? rf_link_find(reader, m->link) : NULL;
    if (link != NULL)
        rf_link_close_why(link, m->has_why ? &m->why : NULL);
    rf_free(m);
}

void rf_workers_close(struct rf_workers *workers, struct rf_link_ref link, const struct rf_why *why)
{
    struct close_msg *m = rf_new(struct close_msg);
    m->msg.run = close_run;
    m->link = link.handle;
    m->has_why = why != NULL;
    if (why != NULL)
        m->why = *why;
    rf_mailbox_post_answer(rf_loop_mailbox(rf_workers_loop(workers, link.worker)), &m->msg);
}
