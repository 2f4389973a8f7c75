/* SPDX-License-Identifier: Apache-2.0 */
#include "service/provision/provision_seen.h"

#include "base/mem.h"
#include "service/provision/provision_int.h"

#include <stdio.h>
#include <string.h>

#define BUCKETS 4096 /* a power of two */

struct device {
    struct device *next;  /* of the same bucket by name */
    struct device *there; /* of the same bucket by place; only with a place */
    char name[RF_STORE_DEVICE_NAME];
    char host[RF_ADDRESS_TEXT_MAX];
    enum rf_digest digest; /* 0: not known */
    uint64_t since_ms;     /* configurations fetched since then, all of this generation */
    char generation[PROVISION_STAMP_MAX];
    uint32_t configs;
};

struct provision_seen {
    struct device *by_name[BUCKETS];
    struct device *by_host[BUCKETS];
    size_t n;
};

static size_t bucket_of(const char *text)
{
    uint32_t h = 2166136261U;
    for (const char *c = text; *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * 16777619U;
    return h & (BUCKETS - 1);
}

struct provision_seen *provision_seen_new(void)
{
    return rf_new(struct provision_seen);
}

void provision_seen_free(struct provision_seen *seen)
{
    if (seen == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (seen->by_name[i] != NULL) {
            struct device *d = seen->by_name[i];
            seen->by_name[i] = d->next;
            rf_free(d);
        }
    rf_free(seen);
}

static struct device *find(const struct provision_seen *seen, const char *name)
{
    struct device *d = seen->by_name[bucket_of(name)];
    while (d != NULL && strcmp(d->name, name) != 0)
        d = d->next;
    return d;
}

void provision_seen_know(struct provision_seen *seen, const char *device, enum rf_digest digest)
{
    struct device *d = find(seen, device);
    if (d == NULL) {
        /* Removed devices stay until the end: twice the most is enough for all there ever are. */
        if (seen->n >= (size_t)RF_STORE_DEVICES_MAX * 2)
            return;
        d = rf_new(struct device);
        snprintf(d->name, sizeof d->name, "%s", device);
        struct device **bucket = &seen->by_name[bucket_of(device)];
        d->next = *bucket;
        *bucket = d;
        seen->n++;
    }
    if (digest != 0)
        d->digest = digest;
}

static void leave_place(struct provision_seen *seen, struct device *d)
{
    struct device **at = &seen->by_host[bucket_of(d->host)];
    while (*at != NULL && *at != d)
        at = &(*at)->there;
    if (*at != NULL)
        *at = d->there;
}

void provision_seen_place(struct provision_seen *seen, const char *device, const char *host)
{
    struct device *d = find(seen, device);
    if (d == NULL || strcmp(d->host, host) == 0)
        return;
    if (d->host[0] != '\0')
        leave_place(seen, d);
    snprintf(d->host, sizeof d->host, "%s", host);
    struct device **bucket = &seen->by_host[bucket_of(d->host)];
    d->there = *bucket;
    *bucket = d;
}

bool provision_seen_knows(const struct provision_seen *seen, const char *device)
{
    return find(seen, device) != NULL;
}

bool provision_seen_is_at(const struct provision_seen *seen, const char *device, const char *host)
{
    const struct device *d = find(seen, device);
    return d != NULL && strcmp(d->host, host) == 0;
}

bool provision_seen_digest(const struct provision_seen *seen, const char *device, const char *host,
                           enum rf_digest *out)
{
    const struct device *own = device[0] != '\0' ? find(seen, device) : NULL;
    if (own != NULL && own->digest != 0) {
        *out = own->digest;
        return true;
    }
    enum rf_digest found = 0;
    for (const struct device *d = seen->by_host[bucket_of(host)]; d != NULL; d = d->there) {
        if (strcmp(d->host, host) != 0 || d->digest == 0)
            continue;
        if (found != 0 && found != d->digest)
            return false;
        found = d->digest;
    }
    if (found != 0)
        *out = found;
    return found != 0;
}

bool provision_seen_only(const struct provision_seen *seen, const char *host,
                         char device[RF_STORE_DEVICE_NAME])
{
    const struct device *only = NULL;
    for (const struct device *d = seen->by_host[bucket_of(host)]; d != NULL; d = d->there) {
        if (strcmp(d->host, host) != 0)
            continue;
        if (only != NULL)
            return false;
        only = d;
    }
    if (only != NULL)
        memcpy(device, only->name, sizeof only->name);
    return only != NULL;
}

bool provision_seen_again(struct provision_seen *seen, const char *device, const char *generation,
                          uint64_t now_ms)
{
    struct device *d = find(seen, device);
    if (d == NULL)
        return false;
    if (d->configs == 0 || now_ms - d->since_ms > PROVISION_SEEN_MS ||
        strcmp(d->generation, generation) != 0) {
        snprintf(d->generation, sizeof d->generation, "%s", generation);
        d->configs = 0;
        d->since_ms = now_ms;
    }
    d->configs += d->configs < UINT32_MAX;
    return d->configs == PROVISION_SEEN_CONFIGS + 1;
}
