/* SPDX-License-Identifier: Apache-2.0 */
#include "base/handle.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    void *object;
    uint16_t generation;
    uint32_t next_free;
};

struct rf_handles {
    struct slot *slots;
    uint32_t n_slots;
    uint32_t limit;
    uint32_t used;
    uint32_t first_free; /* slot number + 1; 0 none */
};

struct rf_handles *rf_handles_new(uint32_t limit)
{
    rf_bug_on(limit == 0 || limit > 65535);
    struct rf_handles *t = rf_new(struct rf_handles);
    t->limit = limit;
    return t;
}

void rf_handles_free(struct rf_handles *t)
{
    if (t == NULL)
        return;
    rf_free(t->slots);
    rf_free(t);
}

static rf_handle handle_of(const struct rf_handles *t, uint32_t slot)
{
    return ((uint32_t)t->slots[slot].generation << 16) | (slot + 1);
}

rf_handle rf_handle_add(struct rf_handles *t, void *object)
{
    if (t->first_free == 0) {
        if (t->n_slots == t->limit)
            return 0;
        uint32_t n = t->n_slots > 0 ? t->n_slots * 2 : 16;
        if (n > t->limit)
            n = t->limit;
        struct slot *slots = reallocarray(t->slots, n, sizeof *slots);
        rf_bug_on(slots == NULL);
        memset(slots + t->n_slots, 0, (n - t->n_slots) * sizeof *slots);
        for (uint32_t i = n; i-- > t->n_slots;) {
            slots[i].next_free = t->first_free;
            t->first_free = i + 1;
        }
        t->slots = slots;
        t->n_slots = n;
    }
    uint32_t slot = t->first_free - 1;
    t->first_free = t->slots[slot].next_free;
    t->slots[slot].object = object;
    t->used++;
    return handle_of(t, slot);
}

static struct slot *slot_of(const struct rf_handles *t, rf_handle h)
{
    uint32_t number = h & 0xffff;
    if (number == 0 || number > t->n_slots)
        return NULL;
    struct slot *s = &t->slots[number - 1];
    return s->object != NULL && s->generation == h >> 16 ? s : NULL;
}

void *rf_handle_find(const struct rf_handles *t, rf_handle h)
{
    const struct slot *s = slot_of(t, h);
    return s != NULL ? s->object : NULL;
}

void rf_handle_remove(struct rf_handles *t, rf_handle h)
{
    struct slot *s = slot_of(t, h);
    if (s == NULL)
        return;
    s->object = NULL;
    s->generation++;
    s->next_free = t->first_free;
    t->first_free = h & 0xffff;
    t->used--;
}

uint32_t rf_handles_n(const struct rf_handles *t)
{
    return t->used;
}

void *rf_handles_next(const struct rf_handles *t, uint32_t *at)
{
    while (*at < t->n_slots) {
        void *object = t->slots[(*at)++].object;
        if (object != NULL)
            return object;
    }
    return NULL;
}
