/* SPDX-License-Identifier: Apache-2.0 */
#include "service/provision/provision_int.h"

#include <stdio.h>
#include <string.h>

struct entry {
    struct entry *next; /* less recently used */
    struct entry *prev;
    char device[RF_STORE_DEVICE_NAME];
    struct provision_made_of made_of;
    struct rf_content *content;
    size_t bytes;
};

struct provision_cache {
    struct entry *first; /* used last */
    struct entry *last;
    size_t bytes;
};

struct provision_cache *provision_cache_new(void)
{
    return rf_new(struct provision_cache);
}

static void link_first(struct provision_cache *cache, struct entry *e)
{
    e->prev = NULL;
    e->next = cache->first;
    if (cache->first != NULL)
        cache->first->prev = e;
    else
        cache->last = e;
    cache->first = e;
}

static void unlink_entry(struct provision_cache *cache, struct entry *e)
{
    if (e->prev != NULL)
        e->prev->next = e->next;
    else
        cache->first = e->next;
    if (e->next != NULL)
        e->next->prev = e->prev;
    else
        cache->last = e->prev;
}

static void drop(struct provision_cache *cache, struct entry *e)
{
    unlink_entry(cache, e);
    cache->bytes -= e->bytes;
    rf_content_unref(e->content);
    rf_free(e);
}

static struct entry *find(const struct provision_cache *cache, const char *device)
{
    for (struct entry *e = cache->first; e != NULL; e = e->next)
        if (strcmp(e->device, device) == 0)
            return e;
    return NULL;
}

struct rf_content *provision_cache_find(struct provision_cache *cache, const char *device,
                                        const uint8_t sha256[32], enum rf_digest digest,
                                        struct provision_made_of *made_of)
{
    struct entry *e = find(cache, device);
    if (e == NULL || e->made_of.digest != digest ||
        !rf_slice_eq(rf_slice_of(e->made_of.sha256, sizeof e->made_of.sha256),
                     rf_slice_of(sha256, sizeof e->made_of.sha256)))
        return NULL;
    unlink_entry(cache, e);
    link_first(cache, e);
    *made_of = e->made_of;
    return e->content;
}

void provision_cache_put(struct provision_cache *cache, const char *device,
                         const struct provision_made_of *made_of, struct rf_content *content)
{
    size_t bytes = sizeof(struct entry) + rf_content_bytes(content).len;
    /* First the reference: the old entry may be the only one that holds it. */
    rf_content_ref(content);
    provision_cache_drop(cache, device);
    while (cache->last != NULL && cache->bytes + bytes > RF_PROVISION_CACHE_MAX)
        drop(cache, cache->last);
    if (bytes > RF_PROVISION_CACHE_MAX) {
        rf_content_unref(content);
        return;
    }
    struct entry *e = rf_new(struct entry);
    snprintf(e->device, sizeof e->device, "%s", device);
    e->made_of = *made_of;
    e->content = content;
    e->bytes = bytes;
    cache->bytes += bytes;
    link_first(cache, e);
}

void provision_cache_drop(struct provision_cache *cache, const char *device)
{
    if (device == NULL) {
        while (cache->first != NULL)
            drop(cache, cache->first);
        return;
    }
    struct entry *e = find(cache, device);
    if (e != NULL)
        drop(cache, e);
}

size_t provision_cache_bytes(const struct provision_cache *cache)
{
    return cache->bytes;
}

void provision_cache_free(struct provision_cache *cache)
{
    if (cache == NULL)
        return;
    provision_cache_drop(cache, NULL);
    rf_free(cache);
}
