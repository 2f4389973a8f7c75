/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted configurations in memory. A stub and the file encrypted for the same key belong
 * together: they are made as one and change as one. A phone fetches one after the other, and when a
 * new pair is made in between, it gets the file that goes with its stub. */
#include "service/provision/provision_int.h"

#include <stdio.h>
#include <string.h>

struct generations {
    struct provision_generation *first; /* used last */
    size_t bytes;
};

struct generations *generations_new(void)
{
    return rf_new(struct generations);
}

static void drop(struct generations *all, struct provision_generation **at)
{
    struct provision_generation *g = *at;
    *at = g->next;
    all->bytes -= g->bytes;
    rf_content_unref(g->stub);
    rf_content_unref(g->file);
    rf_free(g);
}

void generations_free(struct generations *all)
{
    if (all == NULL)
        return;
    while (all->first != NULL)
        drop(all, &all->first);
    rf_free(all);
}

static bool is_made_of(const struct provision_generation *g, const struct provision_sealed_of *of)
{
    return g->of.digest == of->digest && g->of.timestamp == of->timestamp &&
           memcmp(g->of.document, of->document, sizeof of->document) == 0 &&
           memcmp(g->of.phone, of->phone, sizeof of->phone) == 0;
}

static struct provision_generation *use(struct generations *all, struct provision_generation **at)
{
    struct provision_generation *g = *at;
    *at = g->next;
    g->next = all->first;
    all->first = g;
    return g;
}

struct provision_generation *generations_find(struct generations *all, const char *device,
                                              const struct provision_sealed_of *of)
{
    for (struct provision_generation **at = &all->first; *at != NULL; at = &(*at)->next)
        if ((*at)->is_current && strcmp((*at)->device, device) == 0)
            return is_made_of(*at, of) ? use(all, at) : NULL;
    return NULL;
}

/* What was current becomes the one before; the one before that goes. */
static void make_room(struct generations *all, const char *device)
{
    for (struct provision_generation **at = &all->first; *at != NULL;) {
        if (strcmp((*at)->device, device) != 0) {
            at = &(*at)->next;
        } else if ((*at)->is_current && (*at)->stub_to.len > 0) {
            (*at)->is_current = false;
            at = &(*at)->next;
        } else {
            drop(all, at); /* nobody has its stub */
        }
    }
}

static void trim(struct generations *all)
{
    while (all->bytes > PROVISION_GENERATIONS_MAX && all->first->next != NULL) {
        struct provision_generation **at = &all->first;
        while ((*at)->next != NULL)
            at = &(*at)->next;
        drop(all, at);
    }
}

struct provision_generation *generations_add(struct generations *all, const char *device,
                                             const struct provision_sealed_of *of,
                                             struct rf_content *take_stub,
                                             struct rf_content *take_file)
{
    struct provision_generation *there = generations_find(all, device, of);
    if (there != NULL && memcmp(there->of.key, of->key, sizeof of->key) == 0) {
        /* Somebody else asked for it at the same time. */
        rf_content_unref(take_stub);
        rf_content_unref(take_file);
        return there;
    }
    make_room(all, device);
    struct provision_generation *g = rf_new(struct provision_generation);
    snprintf(g->device, sizeof g->device, "%s", device);
    g->of = *of;
    g->is_current = true;
    g->stub = take_stub;
    g->file = take_file;
    g->bytes = sizeof *g + rf_content_bytes(take_stub).len + rf_content_bytes(take_file).len;
    g->next = all->first;
    all->first = g;
    all->bytes += g->bytes;
    trim(all);
    return g;
}

static bool went_to(const struct provision_generation *g, const struct rf_address *from)
{
    return g->stub_to.len > 0 && rf_address_same_host(&g->stub_to, from);
}

struct rf_content *generation_stub(struct provision_generation *g, const struct rf_address *to)
{
    g->stub_to = *to;
    return g->stub;
}

/* The stub's file is being fetched: from then on whoever asks for the file gets the one of now. A
 * phone that has the whole asks for the file first, at its next start, and would never see another.
 */
static struct rf_content *complete(struct provision_generation *g)
{
    g->stub_to.len = 0;
    return g->file;
}

struct rf_content *generation_file(struct generations *all, struct provision_generation *current,
                                   const struct rf_address *from)
{
    if (went_to(current, from))
        return complete(current);
    for (struct provision_generation *g = all->first; g != NULL; g = g->next)
        if (!g->is_current && strcmp(g->device, current->device) == 0 && went_to(g, from))
            return complete(g);
    return current->file;
}

void generations_drop(struct generations *all, const char *device)
{
    for (struct provision_generation **at = &all->first; *at != NULL;) {
        if (device == NULL || strcmp((*at)->device, device) == 0)
            drop(all, at);
        else
            at = &(*at)->next;
    }
}
