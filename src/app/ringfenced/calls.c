/* SPDX-License-Identifier: Apache-2.0 */
/* What call control has in the database beside devices: Meet-Me numbers, and where users forward
 * their lines by a key of the phone. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"
#include "base/text.h"

#define RETRY_MS       1000
#define DRAIN_MS       30000 /* what the end waits for a database that another uses */
#define DRAIN_PAUSE_US 100000

/* ---- Meet-Me ---- */

static const enum rf_call_security least_of[] = {
    [RF_STORE_LEAST_NONE] = RF_CALL_SECURITY_UNKNOWN,
    [RF_STORE_LEAST_AUTHENTICATED] = RF_CALL_SECURITY_AUTHENTICATED,
    [RF_STORE_LEAST_ENCRYPTED] = RF_CALL_SECURITY_ENCRYPTED,
};

enum rf_err meet_me_set(void *arg, const struct rf_store_meet_me *meet_me, struct rf_why *why)
{
    struct server *s = arg;
    return rf_call_meet_me_set(rf_sccp_service_calls(s->sccp), meet_me->number,
                               least_of[meet_me->least], why);
}

void meet_me_remove(void *arg, const char *number)
{
    struct server *s = arg;
    rf_call_meet_me_remove(rf_sccp_service_calls(s->sccp), number);
}

enum rf_err meet_mes_load(struct server *s, struct rf_why *why)
{
    struct rf_store_meet_mes all = {0};
    enum rf_err err = rf_store_meet_me_list(s->store, &all, why);
    for (size_t i = 0; i < all.n && err == RF_OK; i++) {
        struct rf_why refused = {0};
        if (meet_me_set(s, &all.items[i], &refused) != RF_OK)
            rf_error(RF_CAT_MAIN, "Meet-Me number left out: %s number=%s", rf_why_text(&refused),
                     all.items[i].number);
    }
    rf_store_meet_mes_fini(&all);
    return err;
}

/* ---- forwarding ---- */

/* Of one number, from the key until it is kept, which is when call control and the phones hear of
 * it. The list is the call-control thread's; the job has its own copy of what it writes. */
struct forward {
    struct rf_job job;
    struct rf_msg msg;
    struct forward *next;
    struct server *s;
    char number[RF_STORE_DN];
    char target[RF_STORE_DN];          /* the latest */
    char device[RF_STORE_DEVICE_NAME]; /* whose key that was */
    bool is_under_way;
    char written[RF_STORE_DN]; /* the job's own */
    char writer[RF_STORE_DEVICE_NAME];
    bool is_kept; /* something was written meanwhile: this */
    char kept[RF_STORE_DN];
    enum rf_err err;
    struct rf_why why;
    rf_timer_id retry;
};

static enum rf_err write_forward(struct forward *f, struct rf_store *store)
{
    bool is_set = f->written[0] != '\0';
    struct rf_store_event e = {.time_s = rf_wall_s(rf_clock_real()),
                               .uid = -1,
                               .severity = RF_STORE_INFO,
                               .category = "call"};
    snprintf(e.code, sizeof e.code, "%s", is_set ? "forward-set" : "forward-ended");
    snprintf(e.device, sizeof e.device, "%s", f->writer);
    snprintf(e.text, sizeof e.text,
             is_set ? "line %s is forwarded to %s"
                    : "line %s is not "
                      "forwarded any more%s",
             f->number, f->written);
    f->why = (struct rf_why){0};
    return rf_store_forward_all_save(store, f->number, f->written, NULL, &e, &f->why);
}

static void forward_work(struct rf_job *job, void *store)
{
    struct forward *f = (struct forward *)job;
    f->err = write_forward(f, store);
}

static void forward_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    struct forward *f = (struct forward *)job;
    if (err == RF_OK)
        return;
    f->err = err == RF_ERR_BAD ? RF_ERR_IO : err;
    f->why = *why;
}

static void post_forward(struct forward *f);

static void retry_due(void *owner, uint64_t number)
{
    struct forward *f = owner;
    f->retry = 0;
    post_forward(f);
}

static void retry_later(struct forward *f)
{
    f->retry = rf_timer_start(rf_loop_timers(f->s->call_loop), RETRY_MS, retry_due, f, 0);
}

static void forget(struct forward *f)
{
    struct forward **at = &f->s->forwards;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    rf_free(f);
}

/* Will it be written when it is tried again? */
static bool is_passing(enum rf_err err)
{
    return err == RF_ERR_AGAIN || err == RF_ERR_IO || err == RF_ERR_NOMEM;
}

/* What an operator changed meanwhile came this way, too: the database has the last word, so that
 * after a start all is as it was before. */
static void decide(struct forward *f)
{
    struct rf_call_control *calls = rf_sccp_service_calls(f->s->sccp);
    if (f->err != RF_OK)
        rf_error(RF_CAT_STORE, "forwarding not kept: %s dev=%s", rf_why_text(&f->why), f->device);
    if (f->is_kept)
        rf_call_forward_all_set(calls, f->number, f->kept);
    else
        rf_call_forward_all_refused(calls, f->number);
}

static void forward_use(struct rf_msg *msg, void *reader)
{
    struct forward *f = (struct forward *)((char *)msg - offsetof(struct forward, msg));
    if (reader == NULL)
        return; /* calls_drain looks at it */
    f->is_under_way = false;
    if (f->err == RF_OK) {
        f->is_kept = true;
        snprintf(f->kept, sizeof f->kept, "%s", f->written);
    }
    if (is_passing(f->err)) {
        rf_warn(RF_CAT_STORE, "forwarding not kept yet: %s dev=%s", rf_why_text(&f->why),
                f->device);
        retry_later(f);
    } else if (strcmp(f->written, f->target) != 0) {
        post_forward(f);
    } else {
        decide(f);
        forget(f);
    }
}

static void forward_done(struct rf_job *job, void *reader)
{
    struct forward *f = (struct forward *)job;
    f->msg.run = forward_use;
    if (reader != NULL)
        sccp_post(f->s, &f->msg);
}

static void take_latest(struct forward *f)
{
    memcpy(f->written, f->target, sizeof f->written);
    memcpy(f->writer, f->device, sizeof f->writer);
}

static void post_forward(struct forward *f)
{
    struct server *s = f->s;
    take_latest(f);
    f->job = (struct rf_job){.work = forward_work,
                             .done = forward_done,
                             .answer_to = rf_loop_mailbox(s->loop),
                             .settled = forward_settled};
    f->err = RF_ERR_AGAIN;
    f->is_under_way = rf_worker_post(s->store_worker, &f->job) == RF_OK;
    if (!f->is_under_way)
        retry_later(f);
}

static struct forward *forward_of(struct server *s, const char *number)
{
    struct forward *f = s->forwards;
    while (f != NULL && strcmp(f->number, number) != 0)
        f = f->next;
    if (f != NULL)
        return f;
    f = rf_new(struct forward);
    f->s = s;
    snprintf(f->number, sizeof f->number, "%s", number);
    f->next = s->forwards;
    s->forwards = f;
    return f;
}

void forward_keep(void *arg, const char *dev, const char *number, const char *target)
{
    struct forward *f = forward_of(arg, number);
    snprintf(f->target, sizeof f->target, "%s", target);
    snprintf(f->device, sizeof f->device, "%.15s", dev);
    if (!f->is_under_way && f->retry == 0)
        post_forward(f);
}

/* A job that was under way has ended with its worker. */
static void drain_one(struct forward *f, uint64_t end_ms)
{
    if (!is_passing(f->err) && strcmp(f->written, f->target) == 0)
        return;
    take_latest(f);
    while (is_passing(f->err = write_forward(f, f->s->store)) &&
           rf_now_ms(rf_clock_real()) < end_ms)
        usleep(DRAIN_PAUSE_US);
    if (f->err != RF_OK)
        rf_error(RF_CAT_STORE, "forwarding not kept: %s dev=%s", rf_why_text(&f->why), f->device);
}

void calls_drain(struct server *s)
{
    uint64_t end_ms = rf_now_ms(rf_clock_real()) + DRAIN_MS;
    for (struct forward *f = s->forwards; f != NULL; f = f->next)
        drain_one(f, end_ms);
}

void calls_free(struct server *s)
{
    while (s->forwards != NULL)
        forget(s->forwards);
}
