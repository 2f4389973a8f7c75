/* SPDX-License-Identifier: Apache-2.0 */
#include "service/provision/provision_limits.h"

#include "base/mem.h"

#include <netinet/in.h>
#include <string.h>

/* An address stands in one of the places of its group. */
#define GROUP  8
#define GROUPS (RF_PROVISION_LIMITS_ADDRESSES / GROUP)

/* Tokens in thousandths, so that a slow trickle adds up. */
struct bucket {
    uint64_t tokens;
    uint64_t filled_ms;
};

/* A name asked for. Its hash is enough: two names that share one count as one. */
struct name {
    uint64_t hash;
    uint64_t at_ms; /* 0: none */
};

struct place {
    bool is_used;
    struct in6_addr ip; /* IPv4 mapped */
    uint64_t asked_ms;
    struct bucket bucket;
    uint64_t refused_ms; /* a name; 0: never */
    struct name names[RF_PROVISION_LIMITS_NAMES];
};

struct rf_provision_limits {
    uint32_t per_address_s;
    uint32_t names;
    uint64_t seed;
    struct bucket all;
    struct place place[GROUPS][GROUP];
};

static void fill(struct bucket *b, uint64_t per_s, uint64_t at_once, uint64_t now_ms)
{
    uint64_t passed = now_ms - b->filled_ms;
    b->filled_ms = now_ms;
    /* A minute fills any bucket here; more would only overflow. */
    b->tokens += per_s * (passed < 60000 ? passed : 60000);
    if (b->tokens > at_once * 1000)
        b->tokens = at_once * 1000;
}

struct rf_provision_limits *rf_provision_limits_new(uint64_t seed)
{
    struct rf_provision_limits *l = rf_new(struct rf_provision_limits);
    l->seed = seed;
    l->all.tokens = RF_PROVISION_LIMITS_ALL_S * 1000ULL;
    return l;
}

void rf_provision_limits_set(struct rf_provision_limits *l, uint32_t per_address_s, uint32_t names)
{
    l->per_address_s = per_address_s;
    l->names = names < RF_PROVISION_LIMITS_NAMES ? names : RF_PROVISION_LIMITS_NAMES;
}

void rf_provision_limits_free(struct rf_provision_limits *l)
{
    rf_free(l);
}

static struct in6_addr ip_of(const struct rf_address *a)
{
    struct in6_addr ip;
    rf_address_source(a, ip.s6_addr);
    return ip;
}

static uint64_t hash_of(uint64_t seed, struct rf_slice bytes)
{
    struct rf_rd rd = rf_rd_of(bytes);
    uint64_t h = seed;
    uint8_t byte;
    while (rf_rd_u8(&rd, &byte)) {
        h = (h ^ byte) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 29;
    }
    return h;
}

static size_t group_of(const struct rf_provision_limits *l, const struct in6_addr *ip)
{
    return (size_t)(hash_of(l->seed, rf_slice_of(ip->s6_addr, sizeof ip->s6_addr)) % GROUPS);
}

/* Its place, or the one it gets. */
static struct place *place_of(struct rf_provision_limits *l, const struct in6_addr *ip,
                              uint64_t now_ms)
{
    struct place *group = l->place[group_of(l, ip)];
    struct place *oldest = group;
    for (struct place *p = group; p < group + GROUP; p++) {
        if (p->is_used && memcmp(&p->ip, ip, sizeof *ip) == 0)
            return p;
        if (oldest->is_used && (!p->is_used || p->asked_ms < oldest->asked_ms))
            oldest = p;
    }
    *oldest = (struct place){
        .is_used = true,
        .ip = *ip,
        .bucket = {.tokens = l->per_address_s * 2000ULL, .filled_ms = now_ms},
    };
    return oldest;
}

bool rf_provision_limits_take(struct rf_provision_limits *l, const struct rf_address *from,
                              uint64_t now_ms)
{
    if (l->per_address_s == 0)
        return true;
    struct in6_addr ip = ip_of(from);
    struct place *p = place_of(l, &ip, now_ms);
    fill(&p->bucket, l->per_address_s, (uint64_t)l->per_address_s * 2, now_ms);
    fill(&l->all, RF_PROVISION_LIMITS_ALL_S, RF_PROVISION_LIMITS_ALL_S, now_ms);
    p->asked_ms = now_ms;
    /* An address that is over its own share takes nothing from the others'. */
    if (p->bucket.tokens < 1000 || l->all.tokens < 1000)
        return false;
    p->bucket.tokens -= 1000;
    l->all.tokens -= 1000;
    return true;
}

/* Where this name stands or may stand: its own place, else the oldest. *n: names that count. */
static struct name *name_place(struct place *p, uint64_t hash, uint64_t now_ms, uint32_t *n)
{
    struct name *oldest = p->names;
    for (struct name *at = p->names; at < p->names + RF_PROVISION_LIMITS_NAMES; at++) {
        bool counts = at->at_ms != 0 && now_ms - at->at_ms < RF_PROVISION_LIMITS_NAMES_MS;
        if (counts && at->hash == hash)
            return at;
        *n += counts;
        if (at->at_ms < oldest->at_ms)
            oldest = at;
    }
    *oldest = (struct name){.hash = hash, .at_ms = 0};
    return oldest;
}

bool rf_provision_limits_name(struct rf_provision_limits *l, const struct rf_address *from,
                              const char *device, uint64_t now_ms, bool *is_first)
{
    if (l->names == 0)
        return true;
    struct in6_addr ip = ip_of(from);
    struct place *p = place_of(l, &ip, now_ms);
    uint32_t n = 0;
    p->asked_ms = now_ms;
    now_ms++; /* 0 is never, also for a clock that has just begun */
    struct name *name = name_place(p, hash_of(l->seed, rf_slice_str(device)), now_ms, &n);
    if (name->at_ms == 0 && n >= l->names) {
        if (is_first != NULL)
            *is_first = p->refused_ms == 0 || now_ms - p->refused_ms > RF_PROVISION_LIMITS_NAMES_MS;
        if (p->refused_ms == 0 || now_ms - p->refused_ms > RF_PROVISION_LIMITS_NAMES_MS)
            p->refused_ms = now_ms;
        return false;
    }
    name->at_ms = now_ms;
    return true;
}
