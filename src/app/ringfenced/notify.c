/* SPDX-License-Identifier: Apache-2.0 */
/* Phones never ask whether there is something new: they are told. Many at once would all fetch at
 * once, so it is one after the other. Who is not registered fetches when it comes. */
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"

struct waiting {
    char name[RF_STORE_DEVICE_NAME];
    enum rf_sccp_reset_type how;
};

struct notify {
    struct server *s;
    struct waiting *items; /* by name */
    size_t n;
    char last[RF_STORE_DEVICE_NAME]; /* told last: the next one is behind it */
    rf_timer_id timer;               /* 0: nobody waits */
};

struct telling {
    struct rf_msg msg;
    struct server *s;
    struct waiting phone;
};

static void tell(struct rf_msg *msg, void *reader)
{
    struct telling *t = (struct telling *)msg;
    if (reader != NULL && rf_sccp_device_reset(t->s->sccp, t->phone.name, t->phone.how) == RF_OK)
        rf_info(RF_CAT_MAIN, "phone told to %s dev=%s",
                t->phone.how == RF_SCCP_RESET_RESET ? "start anew" : "fetch its configuration",
                t->phone.name);
    rf_free(t);
}

/* The one behind the last, so that everybody's turn comes. */
static struct waiting take(struct notify *q)
{
    size_t i = 0;
    while (i < q->n && strcmp(q->items[i].name, q->last) <= 0)
        i++;
    i = i < q->n ? i : 0;
    struct waiting w = q->items[i];
    q->n--;
    memmove(&q->items[i], &q->items[i + 1], (q->n - i) * sizeof *q->items);
    memcpy(q->last, w.name, sizeof q->last);
    return w;
}

static void next(void *owner, uint64_t number)
{
    struct notify *q = owner;
    q->timer = 0;
    if (q->n == 0)
        return;
    struct telling *t = rf_new(struct telling);
    *t = (struct telling){.msg.run = tell, .s = q->s, .phone = take(q)};
    sccp_post(q->s, &t->msg);
    /* Also after the last: the next one to come keeps the distance. */
    q->timer = rf_timer_start(rf_loop_timers(q->s->loop), 1000 / NOTIFY_A_S, next, q, 0);
}

/* Two rows by name become one. */
static void merge(struct notify *q, const char (*names)[RF_STORE_DEVICE_NAME], size_t n,
                  enum rf_sccp_reset_type how)
{
    struct waiting *all = rf_new_n(struct waiting, q->n + n + 1);
    size_t to = 0;
    size_t old = 0;
    for (size_t i = 0; i < n; i++) {
        while (old < q->n && strcmp(q->items[old].name, names[i]) < 0)
            all[to++] = q->items[old++];
        struct waiting *w = &all[to++];
        *w = (struct waiting){.how = how};
        memcpy(w->name, names[i], sizeof w->name);
        if (old < q->n && strcmp(q->items[old].name, names[i]) == 0 &&
            q->items[old++].how == RF_SCCP_RESET_RESET)
            w->how = RF_SCCP_RESET_RESET;
    }
    while (old < q->n)
        all[to++] = q->items[old++];
    rf_free(q->items);
    q->items = all;
    q->n = to;
}

void notify_phones(struct server *s, const char (*names)[RF_STORE_DEVICE_NAME], size_t n,
                   enum rf_sccp_reset_type how)
{
    if (s->notify == NULL) {
        s->notify = rf_new(struct notify);
        s->notify->s = s;
    }
    merge(s->notify, names, n, how);
    if (s->notify->timer == 0)
        next(s->notify, 0);
}

void notify_free(struct server *s)
{
    if (s->notify == NULL)
        return;
    rf_timer_stop(rf_loop_timers(s->loop), &s->notify->timer);
    rf_free(s->notify->items);
    rf_free(s->notify);
    s->notify = NULL;
}
