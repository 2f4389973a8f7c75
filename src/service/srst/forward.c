/* SPDX-License-Identifier: Apache-2.0 */
#include "service/srst/forward.h"

struct sent {
    int64_t id;
    bool is_kept;
};

struct rf_srst_forward {
    const struct rf_srst_forward_ops *ops;
    void *arg;
    int64_t done;
    int64_t last; /* the last one that was sent, or passed over, by this link */
    struct sent window[RF_SRST_FORWARD_WINDOW]; /* by id; the first is not kept */
    size_t n;
    uint64_t round; /* of fetching: an answer of another one is of another link */
    size_t asked;   /* 0: nothing is being fetched */
    bool is_up;
    bool has_more; /* there may be records behind `last` */
    bool is_new;   /* one was written while it was fetched */
};

struct rf_srst_forward *rf_srst_forward_new(const struct rf_srst_forward_ops *ops, void *arg,
                                            int64_t kept)
{
    struct rf_srst_forward *f = rf_new(struct rf_srst_forward);
    *f = (struct rf_srst_forward){.ops = ops, .arg = arg, .done = kept, .last = kept};
    return f;
}

void rf_srst_forward_free(struct rf_srst_forward *f)
{
    rf_free(f);
}

/* Fetch when there is room for what comes. */
static void pump(struct rf_srst_forward *f)
{
    if (!f->is_up || !f->has_more || f->asked > 0 || f->n == RF_SRST_FORWARD_WINDOW)
        return;
    f->asked = RF_SRST_FORWARD_WINDOW - f->n;
    f->round++;
    f->is_new = false;
    f->ops->fetch(f->arg, f->round, f->last, f->asked);
}

void rf_srst_forward_up(struct rf_srst_forward *f)
{
    rf_srst_forward_down(f);
    f->is_up = true;
    f->has_more = true;
    pump(f);
}

void rf_srst_forward_down(struct rf_srst_forward *f)
{
    f->is_up = false;
    f->n = 0; /* what was not kept is fetched again */
    f->last = f->done;
    f->asked = 0;
    f->round++;
}

void rf_srst_forward_more(struct rf_srst_forward *f)
{
    f->has_more = true;
    f->is_new = true;
    pump(f);
}

/* The first ones of the window that are kept are done. */
static void settle(struct rf_srst_forward *f)
{
    size_t k = 0;
    while (k < f->n && f->window[k].is_kept)
        k++;
    int64_t done = k < f->n ? f->window[k].id - 1 : f->last;
    for (size_t i = k; i < f->n; i++)
        f->window[i - k] = f->window[i];
    f->n -= k;
    if (done <= f->done)
        return;
    f->done = done;
    f->ops->save(f->arg, done);
}

/* False: not now. */
static bool send(struct rf_srst_forward *f, const struct rf_srst_record *record)
{
    if (record->id <= f->last || f->n == RF_SRST_FORWARD_WINDOW)
        return true; /* not what was asked for */
    enum rf_err err = f->ops->send(f->arg, record->id, record->json);
    if (err != RF_OK && err != RF_ERR_LIMIT)
        return false;
    f->window[f->n++] = (struct sent){.id = record->id, .is_kept = err == RF_ERR_LIMIT};
    f->last = record->id;
    return true;
}

void rf_srst_forward_records(struct rf_srst_forward *f, uint64_t round,
                             const struct rf_srst_record *records, size_t n)
{
    if (f->asked == 0 || round != f->round)
        return;
    size_t i = 0;
    bool is_all = n < f->asked;
    while (i < n && send(f, &records[i]))
        i++;
    if (round != f->round)
        return; /* sending ended the link */
    f->asked = 0;
    settle(f);
    if (i < n)
        return; /* no room: again when something was kept, or by another link */
    f->has_more = !is_all || f->is_new;
    pump(f);
}

void rf_srst_forward_failed(struct rf_srst_forward *f, uint64_t round)
{
    if (round == f->round)
        f->asked = 0;
}

void rf_srst_forward_kept(struct rf_srst_forward *f, int64_t id)
{
    for (size_t i = 0; i < f->n; i++)
        f->window[i].is_kept |= f->window[i].id == id;
    settle(f);
    pump(f);
}

int64_t rf_srst_forward_done(const struct rf_srst_forward *f)
{
    return f->done;
}

size_t rf_srst_forward_under_way(const struct rf_srst_forward *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += !f->window[i].is_kept;
    return n;
}
