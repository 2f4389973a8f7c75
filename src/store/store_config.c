/* SPDX-License-Identifier: Apache-2.0 */
/* What operators set over the built-in configuration: of the site, of models, profiles, devices. */
#include "store/store_int.h"

#include <stdio.h>

/* ---- how a device's configuration is made ---- */

enum rf_err rf_store_config_use_put(struct rf_store *store, const struct rf_store_device *device,
                                    struct rf_why *why)
{
    struct rf_db clear = rf_db_of(store, RF_SQL_CONFIG_USE_CLEAR);
    rf_db_text(&clear, device->name);
    enum rf_err err = rf_db_run(&clear, why);
    if (err != RF_OK || (device->profile[0] == '\0' && device->encrypt == RF_STORE_ENCRYPT_AUTO))
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_CONFIG_USE_ADD);
    rf_db_text(&q, device->name);
    rf_db_text(&q, device->profile);
    rf_db_int(&q, device->encrypt);
    return rf_db_run(&q, why);
}

/* ---- values: saving ---- */

void rf_store_config_bound(enum rf_store_layer layer, const char *name, const char *path,
                           char out[RF_STORE_CONFIG_BOUND])
{
    snprintf(out, RF_STORE_CONFIG_BOUND, "%s %s %s", rf_store_layer_name(layer), name, path);
}

static enum rf_err check_place(struct rf_store *store, enum rf_store_layer layer, const char *name,
                               struct rf_why *why)
{
    enum rf_err err =
        rf_store_check_text(name, RF_STORE_CONFIG_NAME, layer != RF_STORE_LAYER_SITE, "name", why);
    if (err == RF_OK && layer == RF_STORE_LAYER_SITE && name[0] != '\0')
        err = rf_why_set(why, RF_ERR_BAD, "store-value", "the site's values have no name");
    if (err == RF_OK && layer == RF_STORE_LAYER_DEVICE)
        err = rf_store_device_known(store, name, why);
    return err;
}

static enum rf_err count(struct rf_store *store, enum rf_store_layer layer, const char *name,
                         int64_t *n, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CONFIG_COUNT);
    rf_db_int(&q, layer);
    rf_db_text(&q, name);
    *n = rf_db_row(&q) ? rf_db_get(&q) : 0;
    return rf_db_end(&q, why);
}

static enum rf_err forget(struct rf_store *store, enum rf_store_layer layer, const char *name,
                          const char *path, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CONFIG_CLEAR);
    rf_db_int(&q, layer);
    rf_db_text(&q, name);
    rf_db_text(&q, path);
    return rf_db_run(&q, why);
}

static enum rf_err put(struct rf_store *store, enum rf_store_layer layer, const char *name,
                       const struct rf_store_config_change *c, int64_t now_s, struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(c->path, RF_STORE_CONFIG_PATH, true, "path", why);
    if (err != RF_OK || c->is_unset)
        return err == RF_OK ? forget(store, layer, name, c->path, why) : err;
    if (c->value.len > RF_STORE_CONFIG_VALUE_MAX)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "%s: %zu bytes, %d are the most", c->path,
                          c->value.len, RF_STORE_CONFIG_VALUE_MAX);
    struct rf_db q = rf_db_of(store, RF_SQL_CONFIG_SAVE);
    rf_db_int(&q, layer);
    rf_db_text(&q, name);
    rf_db_text(&q, c->path);
    rf_db_blob(&q, c->value);
    rf_db_int(&q, c->is_secret);
    rf_db_int(&q, c->is_forced);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

/* After the changes: what is taken out makes room. */
static enum rf_err check_room(struct rf_store *store, enum rf_store_layer layer, const char *name,
                              struct rf_why *why)
{
    int64_t n = 0;
    enum rf_err err = count(store, layer, name, &n, why);
    if (err == RF_OK && n > RF_STORE_CONFIG_VALUES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full", "%s %s: %d values are the most",
                          rf_store_layer_name(layer), name, RF_STORE_CONFIG_VALUES_MAX);
    if (err != RF_OK || layer == RF_STORE_LAYER_DEVICE)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_CONFIG_PLACES);
    n = 0;
    while (rf_db_row(&q))
        n++;
    err = rf_db_end(&q, why);
    if (err == RF_OK && n > RF_STORE_CONFIG_PLACES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full", "%d models and profiles are the most",
                          RF_STORE_CONFIG_PLACES_MAX);
    return err;
}

static enum rf_err save(struct rf_store *store, enum rf_store_layer layer, const char *name,
                        const struct rf_store_config_change *changes, size_t n, int64_t now_s,
                        struct rf_why *why)
{
    enum rf_err err = check_place(store, layer, name, why);
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = put(store, layer, name, &changes[i], now_s, why);
    return err == RF_OK ? check_room(store, layer, name, why) : err;
}

enum rf_err rf_store_config_save(struct rf_store *store, enum rf_store_layer layer,
                                 const char *name, const struct rf_store_config_change *changes,
                                 size_t n, int64_t now_s, const struct rf_store_event *event,
                                 struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, save(store, layer, name, changes, n, now_s, why), event, why);
}

/* ---- values: reading ---- */

static enum rf_err read_value(struct rf_db *q, struct rf_store_config_value *v, struct rf_why *why)
{
    *v = (struct rf_store_config_value){.value = RF_BUF(RF_STORE_CONFIG_VALUE_MAX)};
    v->layer = (enum rf_store_layer)rf_db_get_u32(q, RF_STORE_LAYER_DEVICE);
    rf_db_get_text(q, v->name, sizeof v->name);
    rf_db_get_text(q, v->path, sizeof v->path);
    enum rf_err err = rf_buf_add_slice(&v->value, rf_db_get_blob(q));
    v->is_secret = rf_db_get_u32(q, 1) != 0;
    v->is_forced = rf_db_get_u32(q, 1) != 0;
    v->changed_s = rf_db_get(q);
    return err == RF_OK ? RF_OK : rf_why_set(why, err, "store-full", "%s: no room", v->path);
}

static enum rf_err read_all(struct rf_db *q, struct rf_store_config_values *out, struct rf_why *why)
{
    struct rf_store_config_values found = {0};
    enum rf_err grown = RF_OK;
    while (grown == RF_OK && rf_db_row(q)) {
        /* Four layers count for a device. */
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              4 * (size_t)RF_STORE_CONFIG_VALUES_MAX, why);
        if (grown == RF_OK)
            grown = read_value(q, &found.items[found.n++], why);
    }
    enum rf_err err = rf_db_end(q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_config_values_fini(&found);
    return err;
}

enum rf_err rf_store_config_list(struct rf_store *store, enum rf_store_layer layer,
                                 const char *name, struct rf_store_config_values *out,
                                 struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CONFIG_LIST);
    rf_db_int(&q, layer);
    rf_db_text(&q, name);
    return read_all(&q, out, why);
}

enum rf_err rf_store_config_of_device(struct rf_store *store, const char *device,
                                      struct rf_store_config_values *out, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CONFIG_OF_DEVICE);
    rf_db_text(&q, device);
    return read_all(&q, out, why);
}

void rf_store_config_values_fini(struct rf_store_config_values *values)
{
    for (size_t i = 0; i < values->n; i++)
        rf_buf_fini(&values->items[i].value);
    rf_free(values->items);
    *values = (struct rf_store_config_values){0};
}

/* ---- places ---- */

enum rf_err rf_store_config_places(struct rf_store *store, struct rf_store_config_places *out,
                                   struct rf_why *why)
{
    struct rf_store_config_places found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_CONFIG_PLACES);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_CONFIG_PLACES_MAX, why);
        if (grown != RF_OK)
            break;
        struct rf_store_config_place *p = &found.items[found.n++];
        *p = (struct rf_store_config_place){0};
        p->layer = (enum rf_store_layer)rf_db_get_u32(&q, RF_STORE_LAYER_DEVICE);
        rf_db_get_text(&q, p->name, sizeof p->name);
        p->values = rf_db_get_u32(&q, UINT32_MAX);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_config_places_fini(&found);
    return err;
}

void rf_store_config_places_fini(struct rf_store_config_places *places)
{
    rf_free(places->items);
    *places = (struct rf_store_config_places){0};
}

enum rf_err rf_store_config_has_secrets(struct rf_store *store, bool *out, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CONFIG_SECRETS);
    int64_t n = rf_db_row(&q) ? rf_db_get(&q) : 0;
    *out = n > 0;
    return rf_db_end(&q, why);
}
