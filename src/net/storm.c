/* SPDX-License-Identifier: Apache-2.0 */
#include "net/storm.h"

#include "base/faults.h"
#include "base/mem.h"

#include <string.h>

#define WAYS  8u /* places in which an address may stand */
#define TOKEN 60000

/* What a token is worth in milliseconds at one failure a minute; so `failures` of these units come
 * back each millisecond, and nothing is rounded. */
typedef int64_t tokens;

struct rf_storm_source {
    uint8_t key[RF_ADDRESS_SOURCE];
    atomic_uint pending; /* handshakes that are not over */
    atomic_uint failed;  /* not taken out of the bucket yet */
    bool is_used;
    bool is_refused; /* the latest connection was */
    tokens left;
    uint64_t at_ms; /* left is as of then; the latest connection */
};

struct rf_storm {
    struct rf_storm_source *sources;
    uint32_t sets; /* a power of two */
    uint32_t failures;
    uint32_t seed;
};

struct rf_storm *rf_storm_new(uint32_t failures, uint32_t sources, uint32_t seed)
{
    struct rf_storm *s = rf_new(struct rf_storm);
    s->failures = failures;
    s->seed = seed;
    s->sets = 1;
    while (s->sets * WAYS < sources)
        s->sets *= 2;
    s->sources = rf_new_n(struct rf_storm_source, s->sets * WAYS);
    return s;
}

void rf_storm_free(struct rf_storm *s)
{
    if (s == NULL)
        return;
    rf_free(s->sources);
    rf_free(s);
}

/* ---- the table ---- */

static bool is_same(const struct rf_storm_source *at, const uint8_t key[RF_ADDRESS_SOURCE])
{
    return at->is_used && rf_slice_eq(rf_slice_of(at->key, RF_ADDRESS_SOURCE),
                                      rf_slice_of(key, RF_ADDRESS_SOURCE));
}

/* Better to be forgotten than `other`: never used, or silent longer. */
static bool is_older(const struct rf_storm_source *at, const struct rf_storm_source *other)
{
    if (other == NULL || !at->is_used || !other->is_used)
        return other == NULL || (!at->is_used && other->is_used);
    return at->at_ms < other->at_ms;
}

static tokens full(const struct rf_storm *s)
{
    return (tokens)s->failures * TOKEN;
}

static struct rf_storm_source *source_of(struct rf_storm *s, const struct rf_address *from,
                                         uint64_t now_ms)
{
    uint8_t key[RF_ADDRESS_SOURCE];
    rf_address_source(from, key);
    struct rf_storm_source *set =
        &s->sources[(rf_address_hash(s->seed, key) & (s->sets - 1)) * WAYS];
    struct rf_storm_source *oldest = NULL;
    for (uint32_t i = 0; i < WAYS; i++) {
        if (is_same(&set[i], key))
            return &set[i];
        /* Handshakes still point to the others. */
        if (atomic_load(&set[i].pending) == 0 && is_older(&set[i], oldest))
            oldest = &set[i];
    }
    if (oldest == NULL)
        return NULL;
    memcpy(oldest->key, key, sizeof key);
    atomic_store(&oldest->failed, 0);
    oldest->is_used = true;
    oldest->is_refused = false;
    oldest->left = full(s);
    oldest->at_ms = now_ms;
    return oldest;
}

/* ---- the buckets ---- */

static void bring_up_to_date(const struct rf_storm *s, struct rf_storm_source *source,
                             uint64_t now_ms)
{
    uint64_t passed = now_ms > source->at_ms ? now_ms - source->at_ms : 0;
    tokens lost = (tokens)atomic_exchange(&source->failed, 0) * TOKEN;
    tokens back = passed < TOKEN ? (tokens)passed * s->failures : full(s);
    source->at_ms = now_ms;
    source->left += back;
    if (source->left > full(s))
        source->left = full(s);
    source->left -= lost;
    if (source->left < 0)
        source->left = 0;
}

/* Whoever has failed often is believed to fail with all that is under way, too: else each token
 * that comes back would let a whole burst in. */
static bool has_token(const struct rf_storm *s, const struct rf_storm_source *source)
{
    tokens left = source->left;
    if (left < full(s) / 2)
        left -= (tokens)atomic_load(&source->pending) * TOKEN;
    return left >= TOKEN;
}

bool rf_storm_admit(struct rf_storm *s, const struct rf_address *from, uint64_t now_ms,
                    struct rf_storm_source **source, bool *is_first)
{
    struct rf_storm_source *at = source_of(s, from, now_ms);
    *source = NULL;
    *is_first = false;
    if (at == NULL)
        return true;
    bring_up_to_date(s, at, now_ms);
    if (!has_token(s, at) && !rf_fault_skips("net.storm")) {
        *is_first = !at->is_refused;
        at->is_refused = true;
        return false;
    }
    at->is_refused = false;
    atomic_fetch_add(&at->pending, 1);
    *source = at;
    return true;
}

void rf_storm_done(struct rf_storm_source *source, bool has_failed)
{
    if (source == NULL)
        return;
    /* In this order: without handshakes under way it may be forgotten. */
    if (has_failed)
        atomic_fetch_add(&source->failed, 1);
    atomic_fetch_sub(&source->pending, 1);
}
