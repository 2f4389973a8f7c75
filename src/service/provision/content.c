/* SPDX-License-Identifier: Apache-2.0 */
/* Contents: bytes with a name that do not change while anybody holds them. */
#include "service/provision/provision_int.h"

#include "base/text.h"
#include "trust/key.h"

#include <stdio.h>
#include <string.h>

/* What an open transfer costs beside the bytes: many empty files are not free either. */
#define OVERHEAD 512

struct rf_content *rf_content_ref(struct rf_content *c)
{
    c->refs++;
    return c;
}

/* No longer among the files in memory. */
static void take_out(struct rf_content *c)
{
    if (c->of == NULL)
        return;
    struct rf_content **at = &c->of->first;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->of->held -= c->held;
    c->of = NULL;
}

void rf_content_unref(struct rf_content *c)
{
    if (c == NULL || --c->refs > 0)
        return;
    take_out(c);
    rf_free(c->name);
    if (c->is_private)
        rf_buf_wipe(&c->bytes);
    rf_buf_fini(&c->bytes);
    rf_free(c);
}

struct rf_slice rf_content_bytes(const struct rf_content *c)
{
    return rf_buf_slice(&c->bytes);
}

const char *rf_content_name(const struct rf_content *c)
{
    return c->name;
}

const uint8_t *rf_content_sha256(const struct rf_content *c)
{
    return c->has_sha256 ? c->sha256 : NULL;
}

const char *rf_content_variant(const struct rf_content *c)
{
    return c->variant != NULL ? c->variant : "file";
}

const char *rf_content_generation(const struct rf_content *c)
{
    return c->generation;
}

struct rf_content *provision_content_new(const char *name, struct rf_buf *take_bytes)
{
    struct rf_content *c = rf_new(struct rf_content);
    c->refs = 1;
    c->name = rf_strdup(name);
    provision_content_loaded(c, take_bytes);
    return c;
}

void provision_content_loaded(struct rf_content *c, struct rf_buf *take_bytes)
{
    c->bytes = *take_bytes;
    *take_bytes = (struct rf_buf){0};
    c->is_loaded = true;
}

void provision_content_set_sha256(struct rf_content *c, const uint8_t sha256[32])
{
    memcpy(c->sha256, sha256, sizeof c->sha256);
    c->has_sha256 = true;
}

void provision_content_set_private(struct rf_content *c)
{
    c->is_private = true;
}

void provision_content_set_what(struct rf_content *c, const char *variant, const char *generation)
{
    char hex[17];
    c->variant = variant;
    if (generation == NULL && c->has_sha256)
        generation = rf_hex(rf_slice_of(c->sha256, 8), hex, sizeof hex);
    snprintf(c->generation, sizeof c->generation, "%s", generation != NULL ? generation : "");
}

void provision_content_forget(struct rf_content *c)
{
    c->is_current = false;
}

struct rf_content *provision_contents_find(const struct provision_contents *all, const char *name,
                                           const struct provision_identity *id)
{
    for (struct rf_content *c = all->first; c != NULL; c = c->next)
        if (c->is_current && provision_identity_same(&c->id, id) && strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

struct rf_content *provision_contents_last(const struct provision_contents *all, const char *name)
{
    struct rf_content *c = all->first;
    while (c != NULL && !(c->is_current && c->is_loaded && strcmp(c->name, name) == 0))
        c = c->next;
    return c;
}

struct rf_content *provision_contents_add(struct provision_contents *all, const char *name,
                                          const struct provision_identity *id)
{
    size_t held = (size_t)id->size + OVERHEAD;
    if (held > RF_PROVISION_HELD_MAX - all->held)
        return NULL;
    struct rf_content *c = rf_new(struct rf_content);
    c->refs = 1;
    c->name = rf_strdup(name);
    c->id = *id;
    c->is_current = true;
    c->held = held;
    c->of = all;
    c->next = all->first;
    all->first = c;
    all->held += held;
    return c;
}

void provision_contents_fini(struct provision_contents *all)
{
    while (all->first != NULL)
        take_out(all->first);
}
