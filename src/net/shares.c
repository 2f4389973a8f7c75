/* SPDX-License-Identifier: Apache-2.0 */
#include "net/shares.h"

#include "base/faults.h"
#include "base/mem.h"

#include <stdatomic.h>
#include <string.h>

#define PROBES_MAX 64u

/* Free when n is 0. Only who takes looks at the rest. */
struct rf_share {
    uint8_t key[RF_ADDRESS_SOURCE];
    bool is_network;
    struct rf_share *network; /* of an IPv6 address: its /64, with at least as many */
    atomic_uint n;
};

struct rf_shares {
    struct rf_share *all;
    uint32_t n; /* a power of two */
    uint32_t per_address;
    uint32_t per_network;
    uint32_t seed;
};

/* An IPv6 address takes two places; half of the table stays free even then. */
static uint32_t places_for(uint32_t links_max)
{
    uint32_t n = 256;
    while (n < (uint64_t)links_max * 3)
        n *= 2;
    return n;
}

struct rf_shares *rf_shares_new(uint32_t links_max, uint32_t per_address, uint32_t seed)
{
    struct rf_shares *s = rf_new(struct rf_shares);
    s->n = places_for(links_max);
    s->all = rf_new_n(struct rf_share, s->n);
    s->per_address = per_address;
    s->per_network = links_max / 4 > per_address ? links_max / 4 : per_address;
    s->seed = seed;
    return s;
}

void rf_shares_free(struct rf_shares *s)
{
    if (s == NULL)
        return;
    rf_free(s->all);
    rf_free(s);
}

static bool is_same(const struct rf_share *at, const uint8_t key[RF_ADDRESS_SOURCE],
                    bool is_network)
{
    return at->is_network == is_network && rf_slice_eq(rf_slice_of(at->key, RF_ADDRESS_SOURCE),
                                                       rf_slice_of(key, RF_ADDRESS_SOURCE));
}

/** The place that counts this key, or a free one for it; NULL when there is none. */
static struct rf_share *find(struct rf_shares *s, const uint8_t key[RF_ADDRESS_SOURCE],
                             bool is_network)
{
    uint32_t first = rf_address_hash(s->seed ^ is_network, key);
    uint32_t unused = s->n;
    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        uint32_t at = (first + i) & (s->n - 1);
        bool is_free = atomic_load(&s->all[at].n) == 0;
        if (!is_free && is_same(&s->all[at], key, is_network))
            return &s->all[at];
        if (is_free && unused == s->n)
            unused = at;
    }
    return unused < s->n ? &s->all[unused] : NULL;
}

/* Who has links has them in one /64 as well: `network` is the one that is written there already. */
static struct rf_share *take(struct rf_shares *s, const uint8_t key[RF_ADDRESS_SOURCE],
                             bool is_network, struct rf_share *network)
{
    struct rf_share *share = find(s, key, is_network);
    if (share == NULL)
        return NULL;
    uint32_t n = atomic_load(&share->n);
    if (is_network && n >= s->per_network && !rf_fault_skips("net.links-per-network"))
        return NULL;
    if (!is_network && n >= s->per_address && !rf_fault_skips("net.handshakes-per-address"))
        return NULL;
    if (n == 0) {
        memcpy(share->key, key, sizeof share->key);
        share->is_network = is_network;
        share->network = network;
    }
    atomic_fetch_add(&share->n, 1);
    return share;
}

struct rf_share *rf_shares_take(struct rf_shares *s, const struct rf_address *from)
{
    uint8_t key[RF_ADDRESS_SOURCE];
    uint8_t v4[4];
    struct rf_share *network = NULL;
    if (!rf_address_ipv4(from, v4)) {
        rf_address_source(from, key);
        network = take(s, key, true, NULL);
        if (network == NULL)
            return NULL;
    }
    rf_address_whole(from, key);
    struct rf_share *share = take(s, key, false, network);
    if (share == NULL)
        rf_share_give_back(network);
    return share;
}

void rf_share_give_back(struct rf_share *share)
{
    if (share == NULL)
        return;
    /* In this order: a share without links may become somebody else's. */
    struct rf_share *network = share->network;
    atomic_fetch_sub(&share->n, 1);
    if (network != NULL)
        atomic_fetch_sub(&network->n, 1);
}
