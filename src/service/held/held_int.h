/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the folder. */
#ifndef SERVICE_HELD_HELD_INT_H
#define SERVICE_HELD_HELD_INT_H

#include "service/held/held.h"

/** Borrowed, or NULL. `cache` may be NULL. */
struct rf_list *held_cache_find(const struct rf_held_cache *cache, const uint8_t sha256[32]);
/** Takes a reference; the one that came first of too many goes. */
void held_cache_keep(struct rf_held_cache *cache, const uint8_t sha256[32], struct rf_list *list);

#endif
