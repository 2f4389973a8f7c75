/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timer.h"

#include "base/mem.h"

#include <limits.h>
#include <stdlib.h>

struct entry {
    uint64_t due_ms;
    rf_timer_id id; /* rises, so equal deadlines fire in the order they were started */
    rf_timer_fn fn; /* NULL: stopped */
    void *owner;
    uint64_t number;
};

struct rf_timers {
    const struct rf_clock *clock;
    struct entry *heap;
    size_t n;
    size_t cap;
    rf_timer_id last_id;
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
    rf_free(t);
}

static bool before(const struct entry *a, const struct entry *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->id < b->id;
}

static void swap(struct entry *a, struct entry *b)
{
    struct entry keep = *a;
    *a = *b;
    *b = keep;
}

static void sift_up(struct rf_timers *t, size_t i)
{
    while (i > 0 && before(&t->heap[i], &t->heap[(i - 1) / 2])) {
        swap(&t->heap[i], &t->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static void sift_down(struct rf_timers *t, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < t->n; k++)
            if (before(&t->heap[k], &t->heap[least]))
                least = k;
        if (least == i)
            return;
        swap(&t->heap[i], &t->heap[least]);
        i = least;
    }
}

rf_timer_id rf_timer_start(struct rf_timers *t, uint64_t ms, rf_timer_fn fn, void *owner,
                           uint64_t number)
{
    if (t->n == t->cap) {
        size_t cap = t->cap > 0 ? t->cap * 2 : 16;
        struct entry *heap = reallocarray(t->heap, cap, sizeof *heap);
        rf_bug_on(heap == NULL);
        t->heap = heap;
        t->cap = cap;
    }
    t->heap[t->n] = (struct entry){.due_ms = rf_now_ms(t->clock) + ms,
                                   .id = ++t->last_id,
                                   .fn = fn,
                                   .owner = owner,
                                   .number = number};
    sift_up(t, t->n++);
    return t->last_id;
}

static void take(struct rf_timers *t, size_t i)
{
    t->heap[i] = t->heap[--t->n];
    if (i < t->n) {
        sift_down(t, i);
        sift_up(t, i);
    }
}

void rf_timer_stop(struct rf_timers *t, rf_timer_id *id)
{
    for (size_t i = 0; *id != 0 && i < t->n; i++) {
        if (t->heap[i].id == *id) {
            take(t, i);
            break;
        }
    }
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
