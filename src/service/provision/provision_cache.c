/* SPDX-License-Identifier: Apache-2.0 */
/* Signed files kept, of whatever kind: found by name and digest, good for what they were made of,
 * and those not used for longest go when there is no room. */
#include "service/provision/provision_int.h"

#include "base/faults.h"

#include <stdio.h>
#include <string.h>

#define BUCKETS 4096 /* a power of two */

struct entry {
    struct entry *next; /* less recently used */
    struct entry *prev;
    struct entry *same; /* in the same bucket */
    char *name;
    char device[RF_STORE_DEVICE_NAME];
    struct provision_made_of made_of;
    struct provision_fresh fresh;
    struct rf_content *content;
    size_t bytes;
};

struct provision_cache {
    struct entry *first; /* used last */
    struct entry *last;
    struct entry *bucket[BUCKETS];
    size_t bytes;
};

struct provision_cache *provision_cache_new(void)
{
    return rf_new(struct provision_cache);
}

/* Names are few and ours, or limited by what an address may ask for: nobody gains by aiming. */
static struct entry **bucket_of(struct provision_cache *cache, const char *name)
{
    uint32_t h = 2166136261U;
    for (const char *c = name; *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * 16777619U;
    return &cache->bucket[h & (BUCKETS - 1)];
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
    struct entry **at = bucket_of(cache, e->name);
    while (*at != e)
        at = &(*at)->same;
    *at = e->same;
    unlink_entry(cache, e);
    cache->bytes -= e->bytes;
    rf_content_unref(e->content);
    rf_free(e->name);
    rf_free(e);
}

static struct entry *find(struct provision_cache *cache, const char *name, enum rf_digest digest)
{
    for (struct entry *e = *bucket_of(cache, name); e != NULL; e = e->same)
        if (e->made_of.digest == digest && strcmp(e->name, name) == 0)
            return e;
    return NULL;
}

static struct rf_content *used(struct provision_cache *cache, struct entry *e)
{
    unlink_entry(cache, e);
    link_first(cache, e);
    return e->content;
}

struct rf_content *provision_cache_find(struct provision_cache *cache, const char *name,
                                        const uint8_t of[32], enum rf_digest digest)
{
    struct entry *e = find(cache, name, digest);
    if (e == NULL || (!rf_fault_skips("provision.cache-content") &&
                      !rf_slice_eq(rf_slice_of(e->made_of.of, sizeof e->made_of.of),
                                   rf_slice_of(of, sizeof e->made_of.of))))
        return NULL;
    return used(cache, e);
}

static bool is_fresh(const struct provision_fresh *kept, const struct provision_fresh *now)
{
    return kept->store == now->store && kept->facts == now->facts && kept->look == now->look &&
           now->until_s < kept->until_s;
}

struct rf_content *provision_cache_fresh(struct provision_cache *cache, const char *name,
                                         const struct provision_fresh *now)
{
    for (struct entry *e = *bucket_of(cache, name); e != NULL; e = e->same)
        if (e->fresh.until_s > 0 && strcmp(e->name, name) == 0 &&
            (rf_fault_skips("provision.cache-fresh") || is_fresh(&e->fresh, now)))
            return used(cache, e);
    return NULL;
}

void provision_cache_refresh(struct provision_cache *cache, const char *name, enum rf_digest digest,
                             const struct provision_fresh *fresh)
{
    struct entry *e = find(cache, name, digest);
    if (e != NULL)
        e->fresh = *fresh;
}

/* A device's configuration with another digest than now is nobody's any more. */
static void drop_name(struct provision_cache *cache, const char *name, const char *device,
                      enum rf_digest digest)
{
    struct entry *next;
    for (struct entry *e = *bucket_of(cache, name); e != NULL; e = next) {
        next = e->same;
        if (strcmp(e->name, name) == 0 && (e->made_of.digest == digest || device[0] != '\0'))
            drop(cache, e);
    }
}

void provision_cache_put(struct provision_cache *cache, const char *name, const char *device,
                         const struct provision_made_of *made_of, struct rf_content *content)
{
    size_t bytes = sizeof(struct entry) + strlen(name) + rf_content_bytes(content).len;
    /* First the reference: the old entry may be the only one that holds it. */
    rf_content_ref(content);
    drop_name(cache, name, device, made_of->digest);
    while (cache->last != NULL && cache->bytes + bytes > RF_PROVISION_CACHE_MAX)
        drop(cache, cache->last);
    if (bytes > RF_PROVISION_CACHE_MAX) {
        rf_content_unref(content);
        return;
    }
    struct entry *e = rf_new(struct entry);
    e->name = rf_strdup(name);
    snprintf(e->device, sizeof e->device, "%s", device);
    e->made_of = *made_of;
    e->content = content;
    e->bytes = bytes;
    cache->bytes += bytes;
    struct entry **bucket = bucket_of(cache, name);
    e->same = *bucket;
    *bucket = e;
    link_first(cache, e);
}

void provision_cache_drop(struct provision_cache *cache, const char *device)
{
    struct entry *next;
    for (struct entry *e = cache->first; e != NULL; e = next) {
        next = e->next;
        if (device == NULL || strcmp(e->device, device) == 0)
            drop(cache, e);
    }
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
