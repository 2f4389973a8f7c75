/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timer.h"

#include "base/mem.h"

#include <limits.h>
#include <stdlib.h>

struct entry {
    uint64_t due_ms;
    uint64_t order; /* rises, so equal deadlines fire in the order they were started */
    uint32_t slot;
    rf_timer_fn fn;
    void *owner;
    uint64_t number;
};

/* Where in the heap a timer stands, so that one of many thousand is stopped without a search. Its
 * id is the slot with a generation: one that fired and whose slot has another now stops nothing. */
struct slot {
    uint32_t at; /* of a free one: the next free, + 1; 0: none */
    uint32_t generation;
    bool is_used;
};

struct rf_timers {
    const struct rf_clock *clock;
    struct entry *heap;
    struct slot *slots;
    uint32_t n;
    uint32_t cap;        /* of both */
    uint32_t first_free; /* + 1; 0: none */
    uint64_t last_order;
};

struct rf_timers *rf_timers_new(const struct rf_clock *clock)
{
    struct rf_timers *t = rf_new(struct rf_timers);
    t->clock = clock;
    return t;
}

void rf_timers_free(struct rf_timers *t)
{
    if (t == NULL)
        return;
    rf_free(t->heap);
    rf_free(t->slots);
    rf_free(t);
}

static bool before(const struct entry *a, const struct entry *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void put(struct rf_timers *t, uint32_t i, const struct entry *e)
{
    t->heap[i] = *e;
    t->slots[e->slot].at = i;
}

static void swap(struct rf_timers *t, uint32_t i, uint32_t k)
{
    struct entry keep = t->heap[i];
    put(t, i, &t->heap[k]);
    put(t, k, &keep);
}

static void sift_up(struct rf_timers *t, uint32_t i)
{
    while (i > 0 && before(&t->heap[i], &t->heap[(i - 1) / 2])) {
        swap(t, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void sift_down(struct rf_timers *t, uint32_t i)
{
    for (;;) {
        uint32_t least = i;
        for (uint32_t k = 2 * i + 1; k <= 2 * i + 2 && k < t->n; k++)
            if (before(&t->heap[k], &t->heap[least]))
                least = k;
        if (least == i)
            return;
        swap(t, i, least);
        i = least;
    }
}

static void grow(struct rf_timers *t)
{
    uint32_t cap = t->cap > 0 ? t->cap * 2 : 16;
    rf_bug_on(cap <= t->cap);
    struct entry *heap = reallocarray(t->heap, cap, sizeof *heap);
    rf_bug_on(heap == NULL);
    t->heap = heap;
    struct slot *slots = reallocarray(t->slots, cap, sizeof *slots);
    rf_bug_on(slots == NULL);
    t->slots = slots;
    for (uint32_t i = cap; i-- > t->cap;) {
        slots[i] = (struct slot){.at = t->first_free};
        t->first_free = i + 1;
    }
    t->cap = cap;
}

rf_timer_id rf_timer_start(struct rf_timers *t, uint64_t ms, rf_timer_fn fn, void *owner,
                           uint64_t number)
{
    if (t->n == t->cap)
        grow(t);
    uint32_t slot = t->first_free - 1;
    struct slot *s = &t->slots[slot];
    t->first_free = s->at;
    s->is_used = true;
    struct entry e = {.due_ms = rf_now_ms(t->clock) + ms,
                      .order = ++t->last_order,
                      .slot = slot,
                      .fn = fn,
                      .owner = owner,
                      .number = number};
    put(t, t->n, &e);
    sift_up(t, t->n++);
    return (rf_timer_id)t->slots[slot].generation << 32 | (slot + 1);
}

static void take(struct rf_timers *t, uint32_t i)
{
    uint32_t slot = t->heap[i].slot;
    struct slot *s = &t->slots[slot];
    *s = (struct slot){.at = t->first_free, .generation = s->generation + 1};
    t->first_free = slot + 1;
    if (i == --t->n)
        return;
    put(t, i, &t->heap[t->n]);
    sift_down(t, i);
    sift_up(t, i);
}

void rf_timer_stop(struct rf_timers *t, rf_timer_id *id)
{
    uint32_t number = (uint32_t)*id;
    const struct slot *s = number != 0 && number <= t->cap ? &t->slots[number - 1] : NULL;
    if (s != NULL && s->is_used && s->generation == *id >> 32)
        take(t, s->at);
    *id = 0;
}

int rf_timers_wait_ms(const struct rf_timers *t)
{
    if (t->n == 0)
        return -1;
    uint64_t now = rf_now_ms(t->clock);
    if (t->heap[0].due_ms <= now)
        return 0;
    uint64_t wait = t->heap[0].due_ms - now;
    return wait > INT_MAX ? INT_MAX : (int)wait;
}

void rf_timers_run(struct rf_timers *t)
{
    while (t->n > 0 && t->heap[0].due_ms <= rf_now_ms(t->clock)) {
        struct entry e = t->heap[0];
        take(t, 0);
        e.fn(e.owner, e.number);
    }
}
