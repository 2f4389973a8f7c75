/* SPDX-License-Identifier: Apache-2.0 */
/* Timers over a struct rf_clock: a heap of deadlines that one thread drives. A timer carries a
 * callback, an owner pointer and a number (usually a handle), so that a late timer looks its object
 * up and finds nothing when it is gone. */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include "base/clock.h"

struct rf_timers;
/** 0 is never a timer. */
typedef uint64_t rf_timer_id;
typedef void (*rf_timer_fn)(void *owner, uint64_t number);

struct rf_timers *rf_timers_new(const struct rf_clock *clock);
void rf_timers_free(struct rf_timers *timers);

/** Fire once after `ms`. Owner thread only. */
rf_timer_id rf_timer_start(struct rf_timers *timers, uint64_t ms, rf_timer_fn fn, void *owner,
                           uint64_t number);
/** Forget a timer and set *id to 0; one that fired or is 0 is fine. */
void rf_timer_stop(struct rf_timers *timers, rf_timer_id *id);
/** Milliseconds to the next deadline (0 when due), or -1 when there is none. */
int rf_timers_wait_ms(const struct rf_timers *timers);
/** Fire all that are due, in order of their deadlines. */
void rf_timers_run(struct rf_timers *timers);

#endif
