/* SPDX-License-Identifier: Apache-2.0 */
/* Phones never ask whether there is something new: they are told. Many at once would all fetch at
 * once, so it is one after the other. Who is not registered fetches when it comes. */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"

struct notify {
    struct server *s;
    char (*names)[RF_STORE_DEVICE_NAME]; /* a ring */
    size_t first;
    size_t n;
    rf_timer_id timer; /* 0: nobody waits */
};

struct telling {
    struct rf_msg msg;
    struct server *s;
    char name[RF_STORE_DEVICE_NAME];
};

static void tell(struct rf_msg *msg, void *reader)
{
    struct telling *t = (struct telling *)msg;
    if (reader != NULL &&
        rf_sccp_device_reset(t->s->sccp, t->name, RF_SCCP_RESET_APPLY_CONFIG) == RF_OK)
        rf_info(RF_CAT_MAIN, "phone told to fetch its configuration dev=%s", t->name);
    rf_free(t);
}

static void next(void *owner, uint64_t number)
{
    struct notify *q = owner;
    q->timer = 0;
    if (q->n == 0)
        return;
    struct telling *t = rf_new(struct telling);
    *t = (struct telling){.msg.run = tell, .s = q->s};
    memcpy(t->name, q->names[q->first], sizeof t->name);
    q->first = (q->first + 1) % RF_STORE_DEVICES_MAX;
    q->n--;
    sccp_post(q->s, &t->msg);
    /* Also after the last: the next one to come keeps the distance. */
    q->timer = rf_timer_start(rf_loop_timers(q->s->loop), 1000 / NOTIFY_A_S, next, q, 0);
}

static bool waits(const struct notify *q, const char *name)
{
    for (size_t i = 0; i < q->n; i++)
        if (strcmp(q->names[(q->first + i) % RF_STORE_DEVICES_MAX], name) == 0)
            return true;
    return false;
}

void notify_phones(struct server *s, const char (*names)[RF_STORE_DEVICE_NAME], size_t n)
{
    struct notify *q = s->notify;
    if (q == NULL) {
        q = s->notify = rf_new(struct notify);
        q->s = s;
        q->names = (char(*)[RF_STORE_DEVICE_NAME])rf_new_n(
            char, (size_t)RF_STORE_DEVICES_MAX *RF_STORE_DEVICE_NAME);
    }
    for (size_t i = 0; i < n && q->n < RF_STORE_DEVICES_MAX; i++) {
        if (waits(q, names[i]))
            continue;
        snprintf(q->names[(q->first + q->n++) % RF_STORE_DEVICES_MAX], RF_STORE_DEVICE_NAME, "%s",
                 names[i]);
    }
    if (q->timer == 0)
        next(q, 0);
}

void notify_free(struct server *s)
{
    if (s->notify == NULL)
        return;
    rf_timer_stop(rf_loop_timers(s->loop), &s->notify->timer);
    rf_free(s->notify->names);
    rf_free(s->notify);
    s->notify = NULL;
}
