/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware: loads of models, other load servers, and what phones refused. */
#include "store/store_int.h"

#include <string.h>

enum rf_err rf_store_check_load(const char *load, size_t cap, const char *field, struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(load, cap, false, field, why);
    if (err == RF_OK && (strchr(load, '/') != NULL || strstr(load, "..") != NULL))
        return rf_why_set(why, RF_ERR_BAD, "store-value", "%s: not a file name", field);
    return err;
}

const char *rf_store_load_of(const struct rf_store_device *device)
{
    return device->load[0] != '\0' ? device->load : device->model_load;
}

enum rf_err rf_store_load_server_put(struct rf_store *store, const char *device, const char *host,
                                     struct rf_why *why)
{
    struct rf_db clear = rf_db_of(store, RF_SQL_LOAD_SERVER_CLEAR);
    rf_db_text(&clear, device);
    enum rf_err err = rf_db_run(&clear, why);
    if (err != RF_OK || host[0] == '\0')
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_LOAD_SERVER_ADD);
    rf_db_text(&q, device);
    rf_db_text(&q, host);
    return rf_db_run(&q, why);
}

/* ---- loads of models ---- */

static enum rf_err check_models(struct rf_store *store, const char *model, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MODEL_LOAD_COUNT);
    rf_db_text(&q, model);
    int64_t others = rf_db_row(&q) ? rf_db_get(&q) : 0;
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && others >= RF_STORE_MODEL_LOADS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full", "%d models are the most",
                          RF_STORE_MODEL_LOADS_MAX);
    return err;
}

static enum rf_err put_model_load(struct rf_store *store, const char *model, const char *load,
                                  int64_t now_s, struct rf_why *why)
{
    if (load[0] == '\0') {
        struct rf_db clear = rf_db_of(store, RF_SQL_MODEL_LOAD_CLEAR);
        rf_db_text(&clear, model);
        return rf_db_run(&clear, why);
    }
    enum rf_err err = check_models(store, model, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_MODEL_LOAD_SAVE);
    rf_db_text(&q, model);
    rf_db_text(&q, load);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_model_load_save(struct rf_store *store, const char *model, const char *load,
                                     int64_t now_s, const struct rf_store_event *event,
                                     struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(model, RF_STORE_MODEL, true, "model", why);
    if (err == RF_OK)
        err = rf_store_check_load(load, RF_STORE_LOAD, "load", why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, put_model_load(store, model, load, now_s, why), event, why);
}

enum rf_err rf_store_model_load_list(struct rf_store *store, struct rf_store_model_loads *out,
                                     struct rf_why *why)
{
    struct rf_store_model_loads found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_MODEL_LOAD_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_MODEL_LOADS_MAX, why);
        if (grown != RF_OK)
            break;
        struct rf_store_model_load *m = &found.items[found.n++];
        rf_db_get_text(&q, m->model, sizeof m->model);
        rf_db_get_text(&q, m->load, sizeof m->load);
        m->changed_s = rf_db_get(&q);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_model_loads_fini(&found);
    return err;
}

void rf_store_model_loads_fini(struct rf_store_model_loads *loads)
{
    rf_free(loads->items);
    *loads = (struct rf_store_model_loads){0};
}

/* ---- what phones refused ---- */

static enum rf_err check_refused(const struct rf_store_refused *r, struct rf_why *why)
{
    enum rf_err err;
    if ((err = rf_store_check_text(r->device, sizeof r->device, true, "device", why)) != RF_OK ||
        (err = rf_store_check_text(r->load, sizeof r->load, false, "load", why)) != RF_OK ||
        (err = rf_store_check_text(r->running, sizeof r->running, false, "load", why)) != RF_OK ||
        (err = rf_store_check_text(r->file, sizeof r->file, false, "file", why)) != RF_OK ||
        (err = rf_store_check_text(r->reason, sizeof r->reason, true, "reason", why)) != RF_OK ||
        (err = rf_store_check_text(r->how, sizeof r->how, true, "how", why)) != RF_OK)
        return err;
    return rf_store_check_text(r->text, sizeof r->text, false, "text", why);
}

static void read_refused(struct rf_db *q, struct rf_store_refused *r)
{
    *r = (struct rf_store_refused){0};
    rf_db_get_text(q, r->device, sizeof r->device);
    rf_db_get_text(q, r->load, sizeof r->load);
    rf_db_get_text(q, r->running, sizeof r->running);
    rf_db_get_text(q, r->file, sizeof r->file);
    rf_db_get_text(q, r->reason, sizeof r->reason);
    rf_db_get_text(q, r->how, sizeof r->how);
    rf_db_get_text(q, r->text, sizeof r->text);
    r->first_s = rf_db_get(q);
    r->last_s = rf_db_get(q);
    r->count = rf_db_get_u32(q, UINT32_MAX);
}

static enum rf_err find_refused(struct rf_store *store, const char *device,
                                struct rf_store_refused *out, struct rf_why *why)
{
    *out = (struct rf_store_refused){0};
    struct rf_db q = rf_db_of(store, RF_SQL_REFUSED_FIND);
    rf_db_text(&q, device);
    if (rf_db_row(&q))
        read_refused(&q, out);
    return rf_db_end(&q, why);
}

static enum rf_err clear_refused(struct rf_store *store, const char *device, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_REFUSED_CLEAR);
    rf_db_text(&q, device);
    return rf_db_run(&q, why);
}

static enum rf_err put_refused(struct rf_store *store, const struct rf_store_refused *r,
                               struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_REFUSED_SAVE);
    rf_db_text(&q, r->device);
    rf_db_text(&q, r->load);
    rf_db_text(&q, r->running);
    rf_db_text(&q, r->file);
    rf_db_text(&q, r->reason);
    rf_db_text(&q, r->how);
    rf_db_text(&q, r->text);
    rf_db_int(&q, r->first_s);
    rf_db_int(&q, r->last_s);
    rf_db_int(&q, r->count);
    return rf_db_run(&q, why);
}

/* That it runs another load only confirms what it has said itself. */
static bool is_confirmed(const struct rf_store_refused *old, const struct rf_store_refused *now)
{
    bool is_same_load = strcmp(old->load, now->load) == 0;
    if (old->count == 0 || !is_same_load)
        return false;
    return strcmp(now->how, "registration") == 0 ||
           (strcmp(old->how, now->how) == 0 && strcmp(old->reason, now->reason) == 0 &&
            strcmp(old->file, now->file) == 0);
}

static enum rf_err note_refused(struct rf_store *store, const struct rf_store_refused *refused,
                                int64_t now_s, bool *is_new, struct rf_why *why)
{
    struct rf_store_refused old, next = *refused;
    enum rf_err err = rf_store_device_known(store, refused->device, why);
    if (err == RF_OK)
        err = find_refused(store, refused->device, &old, why);
    if (err != RF_OK)
        return err;
    *is_new = !is_confirmed(&old, refused);
    bool says_nothing = strcmp(refused->how, old.how) != 0; /* a registration after an alarm */
    if (!*is_new && says_nothing)
        next = old;
    next.first_s = *is_new ? now_s : old.first_s;
    next.last_s = now_s;
    next.count = *is_new ? 1 : old.count < UINT32_MAX ? old.count + 1 : old.count;
    err = clear_refused(store, refused->device, why);
    return err == RF_OK ? put_refused(store, &next, why) : err;
}

enum rf_err rf_store_refused_note(struct rf_store *store, const struct rf_store_refused *refused,
                                  int64_t now_s, const struct rf_store_event *event, bool *is_new,
                                  struct rf_why *why)
{
    bool fresh = false;
    enum rf_err err = check_refused(refused, why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    err = note_refused(store, refused, now_s, &fresh, why);
    err = rf_db_finish(store, err, fresh ? event : NULL, why);
    if (err == RF_OK && is_new != NULL)
        *is_new = fresh;
    return err;
}

enum rf_err rf_store_refused_clear(struct rf_store *store, const char *device, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    return err != RF_OK ? err : rf_db_finish(store, clear_refused(store, device, why), NULL, why);
}

enum rf_err rf_store_refused_load(struct rf_store *store, const char *device,
                                  struct rf_store_refused *out, struct rf_why *why)
{
    enum rf_err err = find_refused(store, device, out, why);
    if (err == RF_OK && out->count == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "refused-unknown", "%s refused nothing", device);
    return err;
}

enum rf_err rf_store_refused_list(struct rf_store *store, struct rf_store_refuseds *out,
                                  struct rf_why *why)
{
    struct rf_store_refuseds found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_REFUSED_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_DEVICES_MAX, why);
        if (grown == RF_OK)
            read_refused(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_refuseds_fini(&found);
    return err;
}

void rf_store_refuseds_fini(struct rf_store_refuseds *refuseds)
{
    rf_free(refuseds->items);
    *refuseds = (struct rf_store_refuseds){0};
}
