/* SPDX-License-Identifier: Apache-2.0 */
/* Records of calls on their way into the database. They wait in a queue of the call-control thread,
 * which the store worker is handed in batches: one transaction each, the next when that one has
 * ended. What could not be written is tried again until it is; only a queue that is full loses
 * records, and says so. At the end, when both threads have ended, the rest is written here. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "store/store_call.h"

#define RECORDS_MAX    20000
#define BATCH_MAX      256
#define RETRY_MS       1000
#define DRAIN_MS       30000 /* what the end waits for a database that another uses */
#define DRAIN_PAUSE_US 100000

struct waiting {
    struct waiting *next;
    struct rf_store_call call;
};

struct batch {
    struct rf_job job;
    struct records *records;
    size_t n;
    enum rf_err err;
    struct rf_why why;
    struct rf_store_call calls[];
};

struct records {
    struct server *s;
    int64_t run;
    struct waiting *first;
    struct waiting *last;
    size_t n;
    struct batch *under_way; /* the first of the queue; they leave it when they are written */
    size_t batch_max;        /* 1 while it is looked which one the database does not take */
    rf_timer_id retry;
    uint64_t lost; /* since that was said last */
    bool is_away;  /* the last batch was not written, and that was said */
};

/* ---- a record ---- */

static const struct {
    enum rf_call_codec codec;
    const char *name;
} codecs[] = {
    {RF_CALL_CODEC_PCMU, "PCMU"},
    {RF_CALL_CODEC_PCMA, "PCMA"},
    {RF_CALL_CODEC_G722, "G722"},
};

static const char *codec_name(enum rf_call_codec codec)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (codecs[i].codec == codec)
            return codecs[i].name;
    return "";
}

static const char *const signalling_names[] = {
    [RF_CALL_SIGNALLING_PLAIN] = "plain",
    [RF_CALL_SIGNALLING_AUTHENTICATED] = "authenticated",
    [RF_CALL_SIGNALLING_ENCRYPTED] = "encrypted",
};

static void end_of(const char *device, const struct rf_call_party *party,
                   const struct rf_call_record_end *end, struct rf_store_call_end *out)
{
    snprintf(out->number, sizeof out->number, "%s", party->number);
    snprintf(out->name, sizeof out->name, "%s", party->name);
    snprintf(out->device, sizeof out->device, "%.15s", device);
    if (device[0] == '\0')
        return; /* nobody was there */
    snprintf(out->signalling, sizeof out->signalling, "%s", signalling_names[end->signalling]);
    if (end->suite != RF_CALL_SRTP_NONE)
        snprintf(out->srtp, sizeof out->srtp, "%s", rf_call_srtp_name(end->suite));
    out->has_cert = end->has_cert;
    if (end->has_cert)
        memcpy(out->cert, end->cert, sizeof out->cert);
}

static void call_of(const struct records *r, const struct rf_call_record *from,
                    struct rf_store_call *out)
{
    *out = (struct rf_store_call){.run = r->run,
                                  .call = from->call_id,
                                  .start_s = from->start_s,
                                  .answered_s = from->answered_s,
                                  .end_s = from->end_s,
                                  .code = from->code};
    snprintf(out->cause, sizeof out->cause, "%s", rf_call_cause_name(from->cause));
    snprintf(out->security, sizeof out->security, "%s", rf_call_security_name(from->security));
    snprintf(out->codec, sizeof out->codec, "%s", codec_name(from->codec));
    end_of(from->calling_device, &from->calling, &from->calling_end, &out->ends[RF_STORE_CALLING]);
    end_of(from->called_device, &from->called, &from->called_end, &out->ends[RF_STORE_CALLED]);
    snprintf(out->original, sizeof out->original, "%s", from->original);
    snprintf(out->redirecting, sizeof out->redirecting, "%s", from->redirecting);
    snprintf(out->by, sizeof out->by, "%.15s", from->by);
}

/* ---- the queue ---- */

static void append(struct records *r, const struct rf_call_record *record)
{
    struct waiting *w = rf_new(struct waiting);
    call_of(r, record, &w->call);
    if (r->last != NULL)
        r->last->next = w;
    else
        r->first = w;
    r->last = w;
    r->n++;
}

static void drop_first(struct records *r, size_t n)
{
    for (; n > 0 && r->first != NULL; n--) {
        struct waiting *w = r->first;
        r->first = w->next;
        if (r->first == NULL)
            r->last = NULL;
        r->n--;
        rf_free(w);
    }
}

static struct batch *batch_new(struct records *r)
{
    size_t n = r->n < r->batch_max ? r->n : r->batch_max;
    size_t size = sizeof(struct batch) + n * sizeof(struct rf_store_call);
    struct batch *b = rf_try_alloc(size, size);
    const struct waiting *w = r->first;
    if (b == NULL)
        return NULL;
    *b = (struct batch){.records = r, .n = n};
    for (size_t i = 0; i < n; i++, w = w->next)
        b->calls[i] = w->call;
    return b;
}

/* What became of the first of the queue. True: go on at once. */
static bool settle(struct records *r, size_t n, enum rf_err err, const struct rf_why *why)
{
    if (err == RF_OK) {
        drop_first(r, n);
        rf_metric_add(RF_METRIC_RECORDS, n);
        if (r->is_away)
            rf_info(RF_CAT_STORE, "records of calls are written again waiting=%zu", r->n);
        r->is_away = false;
        return true;
    }
    if (err == RF_ERR_BAD && n > 1) { /* one of them will never be taken: not for all of them */
        r->batch_max = 1;
        return true;
    }
    if (err == RF_ERR_BAD) {
        rf_error(RF_CAT_STORE, "record of a call lost: %s call=%u", rf_why_text(why),
                 r->first->call.call);
        rf_count(RECORDS_DROPPED);
        drop_first(r, 1);
        r->batch_max = BATCH_MAX;
        return true;
    }
    if (!r->is_away)
        rf_warn(RF_CAT_STORE, "records of calls wait for the database: %s waiting=%zu",
                rf_why_text(why), r->n);
    r->is_away = true;
    return false;
}

static void tell_lost(struct records *r)
{
    if (r->lost == 0 || r->n > RECORDS_MAX / 2)
        return;
    rf_error(RF_CAT_STORE,
             "records of calls lost n=%llu: more waited for the database than there is room for",
             (unsigned long long)r->lost);
    r->lost = 0;
}

/* ---- batches ---- */

static void post_next(struct records *r);

static void retry_due(void *owner, uint64_t number)
{
    struct records *r = owner;
    r->retry = 0;
    post_next(r);
}

static void retry_later(struct records *r)
{
    r->retry = rf_timer_start(rf_loop_timers(r->s->call_loop), RETRY_MS, retry_due, r, 0);
}

static void batch_work(struct rf_job *job, void *store)
{
    struct batch *b = (struct batch *)job;
    b->err = rf_store_call_add(store, b->calls, b->n, &b->why);
}

static void batch_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    struct batch *b = (struct batch *)job;
    if (err == RF_OK)
        return;
    /* Of the whole group, which is no word about a record of it. */
    b->err = err == RF_ERR_BAD ? RF_ERR_IO : err;
    b->why = *why;
}

static void batch_done(struct rf_job *job, void *reader)
{
    struct batch *b = (struct batch *)job;
    struct records *r = b->records;
    if (reader != NULL) { /* else records_drain has taken it into account */
        r->under_way = NULL;
        bool goes_on = settle(r, b->n, b->err, &b->why);
        tell_lost(r);
        if (goes_on)
            post_next(r);
        else
            retry_later(r);
    }
    rf_free(b);
}

static void post_next(struct records *r)
{
    if (r->n == 0 || r->under_way != NULL || r->retry != 0)
        return;
    struct batch *b = batch_new(r);
    if (b == NULL) {
        retry_later(r);
        return;
    }
    b->job = (struct rf_job){.work = batch_work,
                             .done = batch_done,
                             .answer_to = rf_loop_mailbox(r->s->call_loop),
                             .settled = batch_settled};
    if (rf_worker_post(r->s->store_worker, &b->job) == RF_OK) {
        r->under_way = b;
        return;
    }
    rf_free(b);
    retry_later(r);
}

void record_keep(void *arg, const struct rf_call_record *record)
{
    struct server *s = arg;
    struct records *r = s->records;
    event_of_record(s, record);
    if (r->n == RECORDS_MAX) {
        if (r->lost++ == 0)
            rf_error(RF_CAT_STORE,
                     "records of calls are lost from now on: %d wait for the database",
                     RECORDS_MAX);
        rf_count(RECORDS_DROPPED);
        return;
    }
    append(r, record);
    post_next(r);
}

/* ---- life ---- */

void records_prepare(struct server *s)
{
    struct records *r = rf_new(struct records);
    *r = (struct records){.s = s, .batch_max = BATCH_MAX};
    /* The numbers of calls begin anew with each start. */
    r->run = (int64_t)(((uint64_t)rf_random_u32() << 31) ^ rf_random_u32());
    s->records = r;
}

static bool drain_one(struct records *r)
{
    struct rf_why why = {0};
    struct batch *b = batch_new(r);
    if (b == NULL)
        return false;
    b->err = rf_store_call_add(r->s->store, b->calls, b->n, &why);
    bool goes_on = settle(r, b->n, b->err, &why);
    rf_free(b);
    return goes_on;
}

void records_drain(struct server *s)
{
    struct records *r = s->records;
    if (r == NULL)
        return;
    if (r->under_way != NULL) /* it has ended with its worker */
        settle(r, r->under_way->n, r->under_way->err, &r->under_way->why);
    r->under_way = NULL;
    uint64_t end_ms = rf_now_ms(rf_clock_real()) + DRAIN_MS;
    while (r->n > 0 && rf_now_ms(rf_clock_real()) < end_ms)
        if (!drain_one(r))
            usleep(DRAIN_PAUSE_US);
    if (r->n > 0)
        rf_error(RF_CAT_STORE, "records of calls lost n=%zu: the database took none until the end",
                 r->n);
    rf_metric_add(RF_METRIC_RECORDS_DROPPED, r->n);
    tell_lost(r);
}

void records_free(struct server *s)
{
    if (s->records == NULL)
        return;
    drop_first(s->records, s->records->n);
    rf_free(s->records);
    s->records = NULL;
}
