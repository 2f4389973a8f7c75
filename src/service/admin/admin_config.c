/* SPDX-License-Identifier: Apache-2.0 */
/* Values of configurations: set and shown, of the site, of models, profiles and devices; documents
 * and what is wrong with them. A secret comes in once and is in no answer. */
#include "service/admin/admin_int.h"

#include "base/faults.h"
#include "trust/key.h"
#include "trust/wrap.h"
#include "wire/phonexml/phonexml_schema.h"

#include <stdio.h>
#include <string.h>

#define CHANGES_MAX 64

/* ---- reading changes ---- */

struct change {
    char path[RF_PHONEXML_PATH_SIZE];
    struct rf_buf value; /* as the database keeps it */
    bool is_unset;
    bool is_secret;
    bool is_forced;
};

struct changes {
    struct admin_task *t;
    struct rf_store_config_values before;
    struct change items[CHANGES_MAX];
    size_t n;
    bool is_force;
    bool is_secret; /* of those that are being read */
    enum rf_err err;
    struct rf_why *why;
};

static void changes_free(struct changes *c)
{
    for (size_t i = 0; i < c->n; i++)
        rf_buf_fini(&c->items[i].value);
    rf_store_config_values_fini(&c->before);
    rf_free(c);
}

static const struct rf_store_config_value *before_of(const struct changes *c, const char *path)
{
    for (size_t i = 0; i < c->before.n; i++)
        if (strcmp(c->before.items[i].path, path) == 0)
            return &c->before.items[i];
    return NULL;
}

static enum rf_err find_path(struct changes *c, const char *given, struct change *out,
                             const struct rf_phonexml_element **element)
{
    struct rf_why own = {0};
    enum rf_err err = rf_phonexml_path(given, out->path, element, &own);
    for (size_t i = 0; i < c->n; i++)
        if ((err == RF_OK || err == RF_ERR_NOT_FOUND) && strcmp(c->items[i].path, out->path) == 0)
            return rf_why_set(c->why, RF_ERR_BAD, "path-twice", "%s stands there twice", out->path);
    if (err == RF_ERR_NOT_FOUND && (c->is_force || out->is_unset)) {
        out->is_forced = true;
        return RF_OK;
    }
    if (err != RF_OK)
        return rf_why_set(c->why, err == RF_ERR_NOT_FOUND ? RF_ERR_BAD : err, own.code, "%s",
                          own.text);
    return RF_OK;
}

static enum rf_err check_element(struct changes *c, const struct change *item,
                                 const struct rf_phonexml_element *e)
{
    if (e == NULL || item->is_unset)
        return RF_OK;
    if ((e->flags & RF_PHONEXML_MADE) != 0)
        return rf_why_set(c->why, RF_ERR_BAD, "path-made",
                          "%s is not set like this; what sets it: %s", e->path, e->words);
    if (!rf_fault_skips("admin.secret-in-clear") && (e->flags & RF_PHONEXML_SECRET) != 0 &&
        !item->is_secret)
        return rf_why_set(c->why, RF_ERR_BAD, "secret-in-clear",
                          "%s is a secret: give it with --secret %s=FILE, and choose another one, "
                          "since the command line shows this to every user of the machine",
                          e->path, e->path);
    return RF_OK;
}

/* Wrapped for its place; the one that is there when it is the same. */
static enum rf_err wrap(struct changes *c, struct rf_slice secret, struct change *item)
{
    const struct admin_task *t = c->t;
    const struct rf_secret *key = &t->admin->wrap_key;
    const struct rf_store_config_value *old = before_of(c, item->path);
    RF_AUTO(rf_secret_fini) struct rf_secret is = {0};
    char bound[RF_STORE_CONFIG_BOUND];
    if (secret.len == 0)
        return RF_OK; /* taken away */
    if (key->len == 0)
        return rf_why_set(c->why, RF_ERR_DENIED, "secret-key",
                          "this site has no keys/store.key to wrap secrets with: bring it back "
                          "from a backup");
    rf_store_config_bound(t->config.layer, t->config.name, item->path, bound);
    if (old != NULL && old->is_secret &&
        rf_unwrap(key, rf_slice_str(bound), rf_buf_slice(&old->value), &is, NULL) == RF_OK &&
        rf_secret_eq(&is, secret))
        return rf_buf_add_slice(&item->value, rf_buf_slice(&old->value));
    return rf_wrap(key, rf_slice_str(bound), secret, &item->value, c->why);
}

static void read_value(void *arg, const char *key, const struct rf_json *json)
{
    struct changes *c = arg;
    const struct rf_phonexml_element *e = NULL;
    RF_AUTO(rf_buf_wipe) struct rf_buf value = RF_BUF(RF_PHONEXML_VALUE_MAX);
    char given[RF_PHONEXML_VALUE_MAX +
               2]; /* one more than fits, so that nothing is cut in silence */
    if (c->err != RF_OK)
        return;
    if (c->n == CHANGES_MAX) {
        c->err = rf_why_set(c->why, RF_ERR_LIMIT, "changes", "at most %d values at one time",
                            CHANGES_MAX);
        return;
    }
    struct change *item = &c->items[c->n];
    *item = (struct change){.is_secret = c->is_secret, .value = RF_BUF(RF_STORE_CONFIG_VALUE_MAX)};
    const char *text = rf_json_text(json, given, sizeof given);
    if (text == NULL)
        c->err = rf_why_set(c->why, RF_ERR_BAD, "json-type", "%s: a text is wanted", key);
    if (c->err == RF_OK)
        c->err = find_path(c, key, item, &e);
    if (c->err == RF_OK)
        c->err = check_element(c, item, e);
    if (c->err == RF_OK && rf_buf_room(&value, RF_PHONEXML_VALUE_MAX) != NULL)
        c->err = rf_phonexml_value(e, rf_slice_str(text), &value, c->why);
    rf_wipe(given, sizeof given);
    if (c->err != RF_OK)
        return;
    c->n++;
    c->err = item->is_secret ? wrap(c, rf_buf_slice(&value), item)
                             : rf_buf_add_slice(&item->value, rf_buf_slice(&value));
}

static void read_unset(struct changes *c, const struct rf_json *paths)
{
    for (size_t i = 0; i < rf_json_len(paths) && c->err == RF_OK; i++) {
        const struct rf_phonexml_element *e = NULL;
        const char *path = rf_json_at_str(paths, i);
        if (path == NULL || c->n == CHANGES_MAX) {
            c->err = rf_why_set(c->why, RF_ERR_BAD, "changes", "\"unset\": wants at most %d paths",
                                CHANGES_MAX);
            return;
        }
        struct change *item = &c->items[c->n];
        *item = (struct change){.is_unset = true};
        c->err = find_path(c, path, item, &e);
        c->n += c->err == RF_OK;
    }
}

static void read_changes(struct changes *c, const struct rf_json *body)
{
    (void)rf_json_bool(body, "force", &c->is_force);
    rf_json_each(rf_json_get(body, "set"), read_value, c);
    c->is_secret = true;
    rf_json_each(rf_json_get(body, "secrets"), read_value, c);
    read_unset(c, rf_json_get(body, "unset"));
}

/* What would change nothing is left out. */
static void drop_same(struct changes *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        struct change *item = &c->items[i];
        const struct rf_store_config_value *old = before_of(c, item->path);
        bool is_same = item->is_unset
                           ? old == NULL
                           : old != NULL && old->is_secret == item->is_secret &&
                                 rf_slice_eq(rf_buf_slice(&old->value), rf_buf_slice(&item->value));
        if (is_same) {
            rf_buf_fini(&item->value);
            continue;
        }
        struct change keep = *item;
        item->value = (struct rf_buf){0};
        c->items[n++] = keep;
    }
    c->n = n;
}

/* doc: docs/device-configuration.md, "Layers": what phones take at their start only. */
static bool wants_reset(const struct changes *c)
{
    static const char *const heads[] = {"devicePool/srstInfo/", "userLocale/", "networkLocale"};
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < sizeof heads / sizeof *heads; k++)
            if (strncmp(c->items[i].path, heads[k], strlen(heads[k])) == 0)
                return true;
    return false;
}

/* ---- the request ---- */

static const char *const device_members[] = {"set", "secrets", "unset", "force", NULL};
static const char *const place_members[] = {"layer", "name",  "set", "secrets",
                                            "unset", "force", NULL};

static enum rf_err check_shape(const struct rf_json *body, struct rf_why *why)
{
    static const char *const objects[] = {"set", "secrets"};
    for (size_t i = 0; i < 2; i++)
        if (rf_json_get(body, objects[i]) != NULL && !rf_json_is_obj(rf_json_get(body, objects[i])))
            return rf_why_set(why, RF_ERR_BAD, "json-type",
                              "\"%s\": an object of paths and values is wanted", objects[i]);
    if (rf_json_get(body, "unset") != NULL && !rf_json_is_arr(rf_json_get(body, "unset")))
        return rf_why_set(why, RF_ERR_BAD, "json-type", "\"unset\": a list of paths is wanted");
    if (rf_json_len(rf_json_get(body, "set")) + rf_json_len(rf_json_get(body, "secrets")) +
            rf_json_len(rf_json_get(body, "unset")) ==
        0)
        return rf_why_set(why, RF_ERR_BAD, "changes", "nothing to set or unset is named");
    return RF_OK;
}

static enum rf_err read_place(struct admin_task *t, const char *layer, const char *name,
                              struct rf_why *why)
{
    struct admin_config *config = &t->config;
    if (layer == NULL || !rf_store_layer_parse(layer, &config->layer) ||
        config->layer == RF_STORE_LAYER_DEVICE)
        return rf_why_set(why, RF_ERR_BAD, "layer", "\"layer\": wants site, model or profile");
    bool is_site = config->layer == RF_STORE_LAYER_SITE;
    if (is_site != (name == NULL || name[0] == '\0'))
        return rf_why_set(
            why, RF_ERR_BAD, "layer",
            is_site ? "\"name\": the site has none" : "\"name\": wants the name of the %s", layer);
    if (!is_site && (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-") != strlen(name) ||
                     !rf_slice_to_str(rf_slice_str(name), config->name, sizeof config->name)))
        return rf_why_set(why, RF_ERR_BAD, "layer",
                          "\"name\": wants 1 to %d letters, digits and . _ -",
                          RF_STORE_CONFIG_NAME - 1);
    return RF_OK;
}

enum rf_err admin_config_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    enum rf_err err = admin_body(req, device_members, &t->change.body, why);
    rf_http_wipe_body(req);
    t->config.layer = RF_STORE_LAYER_DEVICE;
    snprintf(t->config.name, sizeof t->config.name, "%s", t->name);
    return err == RF_OK ? check_shape(t->change.body, why) : err;
}

enum rf_err admin_template_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    enum rf_err err = admin_body(req, place_members, &t->change.body, why);
    rf_http_wipe_body(req);
    if (err == RF_OK)
        err = read_place(t, rf_json_str(t->change.body, "layer"),
                         rf_json_str(t->change.body, "name"), why);
    return err == RF_OK ? check_shape(t->change.body, why) : err;
}

enum rf_err admin_template_look(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    if (rf_http_query(req, "layer") == NULL) {
        t->config.is_overview = true;
        return RF_OK;
    }
    return read_place(t, rf_http_query(req, "layer"), rf_http_query(req, "name"), why);
}

/* ---- the database ---- */

static struct rf_json *value_json(const struct rf_store_config_value *v)
{
    struct rf_json *j = rf_json_obj();
    const struct rf_phonexml_element *e = NULL;
    char path[RF_PHONEXML_PATH_SIZE];
    (void)!rf_phonexml_path(v->path, path, &e, NULL);
    struct rf_slice word = rf_phonexml_word(e, rf_buf_slice(&v->value));
    rf_json_set_str(j, "path", v->path);
    if (v->is_secret)
        rf_json_set_null(j, "value");
    else
        rf_json_set_slice(j, "value", rf_buf_slice(&v->value));
    if (word.len > 0)
        rf_json_set_slice(j, "word", word);
    else
        rf_json_set_null(j, "word");
    rf_json_set_bool(j, "secret", v->is_secret);
    rf_json_set_bool(j, "forced", v->is_forced);
    rf_json_set_int(j, "changed_s", v->changed_s);
    return j;
}

static enum rf_err list_values(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_config_values values = {0};
    enum rf_err err = rf_store_config_list(store, t->config.layer, t->config.name, &values, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < values.n; i++)
        rf_json_arr_add_take(t->shown, value_json(&values.items[i]));
    rf_store_config_values_fini(&values);
    return err;
}

static enum rf_err list_places(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_config_places places = {0};
    enum rf_err err = rf_store_config_places(store, &places, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < places.n; i++) {
        const struct rf_store_config_place *p = &places.items[i];
        struct rf_json *j = rf_json_obj();
        rf_json_set_str(j, "layer", rf_store_layer_name(p->layer));
        rf_json_set_str(j, "name", p->name[0] != '\0' ? p->name : NULL);
        rf_json_set_int(j, "values", p->values);
        rf_json_arr_add_take(t->shown, j);
    }
    rf_store_config_places_fini(&places);
    return err;
}

enum rf_err admin_template_show_store(struct admin_task *t, struct rf_store *store,
                                      struct rf_why *why)
{
    return t->config.is_overview ? list_places(t, store, why) : list_values(t, store, why);
}

static struct rf_store_event event_of(const struct admin_task *t, const struct changes *c)
{
    char paths[160] = "";
    bool is_forced = false;
    for (size_t i = 0; i < c->n; i++) {
        size_t at = strlen(paths);
        snprintf(paths + at, sizeof paths - at, "%s%s%s", i > 0 ? ", " : "",
                 c->items[i].is_unset ? "no " : "", c->items[i].path);
        is_forced = is_forced || (c->items[i].is_forced && !c->items[i].is_unset);
    }
    struct rf_store_event event =
        admin_event(t, "device", is_forced ? "config-forced" : "config-set", "%s %s: %s",
                    rf_store_layer_name(t->config.layer), t->config.name, paths);
    event.severity = is_forced ? RF_STORE_WARN : RF_STORE_INFO;
    return event;
}

static enum rf_err save(struct admin_task *t, struct rf_store *store, const struct changes *c,
                        struct rf_why *why)
{
    struct rf_store_config_change to[CHANGES_MAX];
    for (size_t i = 0; i < c->n; i++)
        to[i] = (struct rf_store_config_change){.path = c->items[i].path,
                                                .value = rf_buf_slice(&c->items[i].value),
                                                .is_unset = c->items[i].is_unset,
                                                .is_secret = c->items[i].is_secret,
                                                .is_forced = c->items[i].is_forced};
    struct rf_store_event event = event_of(t, c);
    return rf_store_config_save(store, t->config.layer, t->config.name, to, c->n, t->now_s, &event,
                                why);
}

static enum rf_err is_device(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_phone phone = {.lines = NULL};
    if (t->config.layer != RF_STORE_LAYER_DEVICE)
        return RF_OK;
    enum rf_err err = rf_store_device_load(store, t->name, &phone, why);
    rf_store_phone_fini(&phone);
    return err;
}

static bool is_meant(const struct admin_config *config, const struct rf_store_device *d)
{
    switch (config->layer) {
    case RF_STORE_LAYER_SITE:
        return true;
    case RF_STORE_LAYER_MODEL:
        return strcmp(config->name, d->model) == 0;
    case RF_STORE_LAYER_PROFILE:
        return strcmp(config->name, d->profile) == 0;
    case RF_STORE_LAYER_DEVICE:
        break;
    }
    return strcmp(config->name, d->name) == 0;
}

/* Whoever changes what is shared shall see of how many phones. */
static enum rf_err count_devices(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_phones phones = {0};
    t->config.devices = 0;
    if (t->config.layer == RF_STORE_LAYER_DEVICE) {
        t->config.devices = 1;
        return RF_OK;
    }
    enum rf_err err = rf_store_device_list(store, &phones, why);
    for (size_t i = 0; i < phones.n; i++)
        t->config.devices += is_meant(&t->config, &phones.items[i].device);
    rf_store_phones_fini(&phones);
    return err;
}

enum rf_err admin_config_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct changes *c = rf_new(struct changes);
    c->t = t;
    c->why = why;
    c->err = is_device(t, store, why);
    if (c->err == RF_OK)
        c->err = rf_store_config_list(store, t->config.layer, t->config.name, &c->before, why);
    if (c->err == RF_OK)
        read_changes(c, t->change.body);
    rf_json_wipe(t->change.body);
    if (c->err == RF_OK)
        drop_same(c);
    if (c->err == RF_OK && c->n > 0)
        c->err = save(t, store, c, why);
    t->config.changed = c->n;
    t->config.wants_reset = wants_reset(c);
    enum rf_err err = c->err;
    changes_free(c);
    if (err == RF_OK)
        err = count_devices(t, store, why);
    return err == RF_OK ? list_values(t, store, why) : err;
}

/* ---- answers ---- */

static void set_place(const struct admin_task *t, struct rf_json *out)
{
    rf_json_set_str(out, "layer", rf_store_layer_name(t->config.layer));
    rf_json_set_str(out, "name", t->config.name[0] != '\0' ? t->config.name : NULL);
}

void admin_template_show_answer(struct admin_task *t, struct rf_json *out)
{
    if (!t->config.is_overview)
        set_place(t, out);
    rf_json_set_take(out, t->config.is_overview ? "templates" : "values", rf_steal(&t->shown));
}

void admin_config_answer(struct admin_task *t, struct rf_json *out)
{
    if (t->config.changed > 0) {
        rf_info(RF_CAT_ADMIN, "configuration values changed n=%zu layer=%s name=%s uid=%u",
                t->config.changed, rf_store_layer_name(t->config.layer),
                t->config.name[0] != '\0' ? t->config.name : "-", (unsigned)t->uid);
        ADMIN_OPS(t, config_changed)
        (ADMIN_ARG(t), t->config.layer, t->config.name,
         t->config.wants_reset ? RF_ADMIN_RESET : RF_ADMIN_APPLY);
    }
    set_place(t, out);
    rf_json_set_int(out, "changed", (int64_t)t->config.changed);
    rf_json_set_int(out, "devices", (int64_t)t->config.devices);
    rf_json_set_take(out, "values", rf_steal(&t->shown));
}

/* ---- documents ---- */

enum rf_err admin_document_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    t->config.view = ADMIN_OPS(t, config_view)(ADMIN_ARG(t));
    return RF_OK;
}

enum rf_err admin_document_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    t->shown = rf_json_obj();
    return ADMIN_OPS(t, config_show)(t->config.view, store, t->name, t->now_s, t->shown, why);
}

void admin_document_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_str(out, "device", t->name);
    rf_json_set_take(out, "configuration", rf_steal(&t->shown));
}

enum rf_err admin_lint_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    const char *device = rf_http_query(req, "device");
    if (device != NULL && !rf_slice_to_str(rf_slice_str(device), t->name, sizeof t->name))
        return rf_why_set(why, RF_ERR_BAD, "query", "device: no device has so long a name");
    return admin_document_begin(t, req, why);
}

enum rf_err admin_lint_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_phones phones = {0};
    t->shown = rf_json_arr();
    if (t->name[0] != '\0')
        return ADMIN_OPS(t, config_lint)(t->config.view, store, t->name, t->now_s, t->shown, why);
    enum rf_err err = rf_store_device_list(store, &phones, why);
    for (size_t i = 0; i < phones.n && err == RF_OK; i++)
        err = ADMIN_OPS(t, config_lint)(t->config.view, store, phones.items[i].device.name,
                                        t->now_s, t->shown, why);
    rf_store_phones_fini(&phones);
    return err;
}

void admin_lint_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "findings", rf_steal(&t->shown));
}
