/* SPDX-License-Identifier: Apache-2.0 */
/* Thousands of phones hold the same few lists: each is taken apart once. */
#include "service/held/held_int.h"

#include <string.h>

#define CACHE_MAX 16u

struct rf_held_cache {
    struct entry {
        uint8_t sha256[32]; /* of its bytes */
        struct rf_list *list;
    } entry[CACHE_MAX];
    size_t next; /* to give way */
};

struct rf_held_cache *rf_held_cache_new(void)
{
    return rf_new(struct rf_held_cache);
}

void rf_held_cache_free(struct rf_held_cache *cache)
{
    for (size_t i = 0; cache != NULL && i < CACHE_MAX; i++)
        rf_list_unref(cache->entry[i].list);
    rf_free(cache);
}

void rf_held_cache_freep(struct rf_held_cache **cache)
{
    rf_held_cache_free(*cache);
}

struct rf_list *held_cache_find(const struct rf_held_cache *cache, const uint8_t sha256[32])
{
    for (size_t i = 0; cache != NULL && i < CACHE_MAX; i++)
        if (cache->entry[i].list != NULL &&
            memcmp(cache->entry[i].sha256, sha256, sizeof cache->entry[i].sha256) == 0)
            return cache->entry[i].list;
    return NULL;
}

void held_cache_keep(struct rf_held_cache *cache, const uint8_t sha256[32], struct rf_list *list)
{
    if (cache == NULL)
        return;
    struct entry *e = &cache->entry[cache->next];
    cache->next = (cache->next + 1) % CACHE_MAX;
    rf_list_unref(e->list);
    e->list = rf_list_ref(list);
    memcpy(e->sha256, sha256, sizeof e->sha256);
}
