/* SPDX-License-Identifier: Apache-2.0 */
#include "service/capf/capf_sources.h"

#include "base/faults.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct source {
    uint8_t key[RF_ADDRESS_SOURCE];
    char host[RF_ADDRESS_TEXT_MAX]; /* the address seen last */
    uint32_t wrong;
    uint32_t judged; /* now */
    uint64_t until_ms;
    uint64_t last_ms; /* 0: the place is free */
};

struct capf_sources {
    uint32_t tries;
    uint32_t wait_s;
    struct source items[CAPF_SOURCES];
};

struct capf_sources *capf_sources_new(void)
{
    return rf_new(struct capf_sources);
}

void capf_sources_free(struct capf_sources *all)
{
    rf_free(all);
}

void capf_sources_set(struct capf_sources *all, uint32_t tries, uint32_t wait_s)
{
    all->tries = tries;
    all->wait_s = wait_s;
}

/* An address that cannot be read is one of its own, that of nobody. */
static void key_of(const char *host, uint8_t key[RF_ADDRESS_SOURCE])
{
    struct rf_address address;
    struct rf_why why = {0};
    if (rf_address_parse(host, 0, &address, &why) == RF_OK)
        rf_address_source(&address, key);
    else
        memset(key, 0xff, RF_ADDRESS_SOURCE);
}

static struct source *find(struct capf_sources *all, const char *host)
{
    uint8_t key[RF_ADDRESS_SOURCE];
    key_of(host, key);
    for (size_t i = 0; i < CAPF_SOURCES; i++)
        if (all->items[i].last_ms != 0 &&
            rf_slice_eq(rf_slice_of(all->items[i].key, sizeof key), rf_slice_of(key, sizeof key)))
            return &all->items[i];
    return NULL;
}

/* A place for a new one: a free one, or that of the one silent longest. None that is being judged
 * goes: there are fewer sessions than places. */
static struct source *add(struct capf_sources *all, const char *host)
{
    struct source *oldest = NULL;
    for (size_t i = 0; i < CAPF_SOURCES; i++) {
        struct source *s = &all->items[i];
        if (s->judged == 0 && (oldest == NULL || s->last_ms < oldest->last_ms))
            oldest = s;
    }
    rf_bug_on(oldest == NULL);
    *oldest = (struct source){.wrong = 0};
    key_of(host, oldest->key);
    return oldest;
}

static bool may_judge(const struct capf_sources *all, const struct source *s, uint64_t now_ms)
{
    if (rf_fault_skips("capf.source-tries") || s->wrong + s->judged < all->tries)
        return true;
    return s->judged == 0 && now_ms >= s->until_ms;
}

bool capf_source_take(struct capf_sources *all, const char *host, uint64_t now_ms)
{
    struct source *s = find(all, host);
    if (s != NULL && s->judged == 0 && now_ms - s->last_ms > CAPF_SOURCE_MEMORY_MS)
        s->wrong = 0;
    if (s != NULL && !may_judge(all, s, now_ms))
        return false;
    if (s == NULL)
        s = add(all, host);
    snprintf(s->host, sizeof s->host, "%s", host);
    s->last_ms = now_ms != 0 ? now_ms : 1;
    s->judged++;
    return true;
}

void capf_source_right(struct capf_sources *all, const char *host)
{
    struct source *s = find(all, host);
    if (s == NULL || s->judged == 0)
        return;
    s->judged--;
    if (s->judged == 0 && s->wrong == 0)
        s->last_ms = 0;
}

uint32_t capf_source_wrong(struct capf_sources *all, const char *host, uint64_t now_ms)
{
    struct source *s = find(all, host);
    uint32_t wait_s = all->wait_s;
    if (s == NULL || s->judged == 0)
        return 0;
    s->judged--;
    s->wrong++;
    if (s->wrong < all->tries)
        return 0;
    for (uint32_t i = all->tries; i < s->wrong && wait_s < CAPF_SOURCE_WAIT_MAX; i++)
        wait_s *= 2;
    if (wait_s > CAPF_SOURCE_WAIT_MAX)
        wait_s = CAPF_SOURCE_WAIT_MAX;
    s->until_ms = now_ms + (uint64_t)wait_s * 1000;
    return wait_s;
}

size_t capf_sources_waiting(const struct capf_sources *all, uint64_t now_ms,
                            struct rf_capf_waiting *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < CAPF_SOURCES; i++) {
        const struct source *s = &all->items[i];
        if (s->last_ms == 0 || s->wrong < all->tries || now_ms >= s->until_ms)
            continue;
        if (n < max) {
            out[n] = (struct rf_capf_waiting){
                .wrong = s->wrong, .wait_s = (uint32_t)((s->until_ms - now_ms + 999) / 1000)};
            memcpy(out[n].host, s->host, sizeof out[n].host);
        }
        n++;
    }
    return n;
}
