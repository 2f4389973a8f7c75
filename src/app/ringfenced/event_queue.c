/* SPDX-License-Identifier: Apache-2.0 */
/* Events on their way into the database. Every thread may post them; a job of the store worker
 * takes what is there and writes it in one transaction. While the database is away they stay, and
 * are tried again until they are written; only a full queue loses events, and says so. At the end,
 * when all threads have ended, the rest is written here. */
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"
#include "base/metrics.h"

#define EVENTS_MAX     8192
#define WRITE_MAX      1024 /* of one job */
#define RETRY_MS       1000
#define DRAIN_MS       10000 /* what the end waits for a database that another uses */
#define DRAIN_PAUSE_US 100000

struct waiting {
    struct rf_msg msg;
    struct waiting *next;
    struct rf_store_event event;
};

struct event_queue {
    struct server *s;
    struct rf_mailbox *mailbox; /* what the store worker has not seen yet */
    atomic_uint n;              /* all that wait */
    atomic_uint dropped;        /* since that was said last */
    atomic_bool is_posted;      /* a job is on its way that will look into the mailbox */
    atomic_bool is_away;        /* the last job wrote not all; the timer brings the next one */
    atomic_bool is_to_wake;     /* `wake` is on its way, or the timer runs */
    struct rf_msg wake;         /* to the main loop: start the timer */

    /* The store worker's. */
    struct waiting *first;
    struct waiting *last;
};

struct keep {
    struct rf_job job;
    struct event_queue *q;
    size_t done; /* written or hopeless, from the first on */
    enum rf_err err;
    struct rf_why why;
};

/* ---- store worker; after its end whoever drains ---- */

static void append(struct rf_msg *msg, void *reader)
{
    struct event_queue *q = reader;
    struct waiting *w = (struct waiting *)msg;
    if (q == NULL) {
        rf_free(w);
        return;
    }
    if (q->last != NULL)
        q->last->next = w;
    else
        q->first = w;
    q->last = w;
}

static void drop_first(struct event_queue *q, size_t n)
{
    for (; n > 0; n--) {
        struct waiting *w = q->first;
        q->first = w->next;
        if (q->first == NULL)
            q->last = NULL;
        atomic_fetch_sub(&q->n, 1);
        rf_free(w);
    }
}

/* Up to the first that the database does not take now. */
static void write_some(struct rf_store *store, struct keep *k)
{
    const struct waiting *w = k->q->first;
    for (; w != NULL && k->done < WRITE_MAX; w = w->next) {
        enum rf_err err = rf_store_event_add(store, &w->event, NULL, &k->why);
        if (err == RF_ERR_BAD) {
            rf_error(RF_CAT_STORE, "event not kept: %s code=%s dev=%s", rf_why_text(&k->why),
                     w->event.code, w->event.device[0] != '\0' ? w->event.device : "-");
        } else if (err != RF_OK) {
            k->err = err;
            return;
        }
        k->done++;
    }
}

static void settle(struct event_queue *q, struct keep *k)
{
    drop_first(q, k->done);
    bool was_away = atomic_exchange(&q->is_away, k->err != RF_OK);
    if (k->err == RF_OK && was_away)
        rf_info(RF_CAT_STORE, "events are written again waiting=%u", atomic_load(&q->n));
    if (k->err != RF_OK && !was_away)
        rf_warn(RF_CAT_STORE, "events wait for the database: %s waiting=%u", rf_why_text(&k->why),
                atomic_load(&q->n));
    unsigned dropped = q->first == NULL ? atomic_exchange(&q->dropped, 0) : 0;
    if (dropped > 0)
        rf_warn(RF_CAT_STORE, "events dropped n=%u: more came than the database could take",
                dropped);
}

/* No other of these jobs is in its group: the next one is posted after this began to run, and the
 * worker ends a group before it looks for more. So what is written here is dropped before it is
 * looked at again. */
static void keep_work(struct rf_job *job, void *store)
{
    struct keep *k = (struct keep *)job;
    atomic_store(&k->q->is_posted, false); /* what comes from now on needs another job */
    rf_mailbox_run(k->q->mailbox, k->q);
    write_some(store, k);
}

static void try_later(struct event_queue *q)
{
    if (!atomic_exchange(&q->is_to_wake, true))
        rf_mailbox_post_answer(rf_loop_mailbox(q->s->loop), &q->wake);
}

static void keep_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    struct keep *k = (struct keep *)job;
    if (err != RF_OK) { /* of the whole group: none of it holds */
        k->err = err;
        k->why = *why;
        k->done = 0;
    }
    settle(k->q, k);
    if (k->err != RF_OK)
        try_later(k->q);
}

static void post(struct event_queue *q);

/* Also for what came while this wrote: whoever put it in may have seen `is_away` and posted
 * nothing. It is counted before it looks there, and `is_away` is settled before this counts: one of
 * both posts. */
static void keep_done(struct rf_job *job, void *reader)
{
    struct event_queue *q = ((struct keep *)job)->q;
    rf_free(job);
    if (reader != NULL && atomic_load(&q->n) > 0 && !atomic_load(&q->is_away))
        post(q);
}

/* ---- any thread ---- */

/* One job at a time is on its way. */
static void post(struct event_queue *q)
{
    if (atomic_exchange(&q->is_posted, true))
        return;
    struct keep *k = rf_new(struct keep);
    *k = (struct keep){
        .job = {.work = keep_work, .done = keep_done, .settled = keep_settled, .is_patient = true},
        .q = q};
    if (rf_worker_post(q->s->store_worker, &k->job) == RF_OK)
        return;
    rf_free(k);
    atomic_store(&q->is_posted, false);
    atomic_store(&q->is_away, true);
    try_later(q);
}

static void retry_due(void *owner, uint64_t number)
{
    struct event_queue *q = owner;
    (void)number;
    atomic_store(&q->is_to_wake, false);
    post(q);
}

/* Main loop. */
static void wake_run(struct rf_msg *msg, void *reader)
{
    struct event_queue *q =
        (struct event_queue *)((char *)msg - offsetof(struct event_queue, wake));
    if (reader != NULL)
        (void)rf_timer_start(rf_loop_timers(q->s->loop), RETRY_MS, retry_due, q, 0);
}

void event_keep(struct server *s, const struct rf_store_event *event)
{
    struct event_queue *q = s->events;
    if (atomic_fetch_add(&q->n, 1) >= EVENTS_MAX) {
        atomic_fetch_sub(&q->n, 1);
        atomic_fetch_add(&q->dropped, 1);
        rf_count(EVENTS_DROPPED);
        return;
    }
    struct waiting *w = rf_new(struct waiting);
    *w = (struct waiting){.msg.run = append, .event = *event};
    rf_mailbox_post_answer(q->mailbox, &w->msg);
    if (!atomic_load(&q->is_away))
        post(q);
}

size_t events_waiting(struct server *s)
{
    return atomic_load(&s->events->n);
}

/* ---- life ---- */

void events_prepare(struct server *s)
{
    struct event_queue *q = rf_new(struct event_queue);
    q->s = s;
    q->mailbox = rf_mailbox_new("events", EVENTS_MAX);
    q->wake.run = wake_run;
    s->events = q;
}

void events_drain(struct server *s)
{
    struct event_queue *q = s->events;
    if (q == NULL)
        return;
    uint64_t end_ms = rf_now_ms(rf_clock_real()) + DRAIN_MS;
    rf_mailbox_run(q->mailbox, q);
    while (q->first != NULL) {
        struct keep k = {.q = q};
        write_some(s->store, &k);
        settle(q, &k);
        if (k.err != RF_OK && rf_now_ms(rf_clock_real()) >= end_ms)
            break;
        if (k.err != RF_OK)
            usleep(DRAIN_PAUSE_US);
    }
    if (q->first != NULL)
        rf_error(RF_CAT_STORE, "events lost n=%u: the database took none until the end",
                 atomic_load(&q->n));
}

void events_free(struct server *s)
{
    struct event_queue *q = s->events;
    if (q == NULL)
        return;
    while (q->first != NULL)
        drop_first(q, 1);
    rf_mailbox_free(q->mailbox);
    rf_free(q);
    s->events = NULL;
}
