/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware: the loads of models, and what phones refused. The images themselves are the command
 * line's matter. */
#include "service/admin/admin_int.h"

#include "service/site/images.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* ---- GET ---- */

struct rf_json *admin_refused_json(const struct rf_store_refused *r)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "device", r->device);
    rf_json_set_str(j, "load", r->load);
    rf_json_set_str(j, "running", r->running);
    rf_json_set_str(j, "file", r->file[0] != '\0' ? r->file : NULL);
    rf_json_set_str(j, "reason", r->reason);
    rf_json_set_str(j, "how", r->how);
    rf_json_set_str(j, "text", r->text[0] != '\0' ? r->text : NULL);
    rf_json_set_int(j, "first_s", r->first_s);
    rf_json_set_int(j, "last_s", r->last_s);
    rf_json_set_int(j, "count", r->count);
    return j;
}

enum rf_err admin_loads_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_model_loads models = {0};
    struct rf_store_refuseds refused = {0};
    t->shown = rf_json_arr();
    t->lists = rf_json_arr();
    enum rf_err err = rf_store_model_load_list(store, &models, why);
    if (err == RF_OK)
        err = rf_store_refused_list(store, &refused, why);
    for (size_t i = 0; i < models.n; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "model", models.items[i].model);
        rf_json_set_str(one, "load", models.items[i].load);
        rf_json_set_int(one, "changed_s", models.items[i].changed_s);
        rf_json_arr_add_take(t->shown, one);
    }
    for (size_t i = 0; i < refused.n; i++)
        rf_json_arr_add_take(t->lists, admin_refused_json(&refused.items[i]));
    rf_store_model_loads_fini(&models);
    rf_store_refuseds_fini(&refused);
    return err;
}

void admin_loads_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "models", rf_steal(&t->shown));
    rf_json_set_take(out, "refused", rf_steal(&t->lists));
}

/* ---- POST: the load of a model ---- */

static const char *const members[] = {"model", "load", "force", "reset", NULL};

static enum rf_err need_word(const struct rf_json *body, const char *key, size_t cap,
                             const char *set, bool may_be_empty, struct rf_why *why)
{
    const char *text = NULL;
    enum rf_err err = rf_json_need_str(body, key, &text, why);
    if (err != RF_OK)
        return err;
    size_t n = strlen(text);
    if ((n == 0 && !may_be_empty) || n >= cap || text[0] == '.' || strspn(text, set) != n)
        return rf_why_set(why, RF_ERR_BAD, "value",
                          "\"%s\": wants a name of letters, digits and "
                          "some of . _ - +",
                          key);
    return RF_OK;
}

enum rf_err admin_load_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    bool flag = false;
    enum rf_err err = admin_body(req, members, &t->change.body, why);
    if (err == RF_OK)
        err = need_word(t->change.body, "model", RF_STORE_MODEL, LETTERS "._-", false, why);
    if (err == RF_OK)
        err = need_word(t->change.body, "load", RF_STORE_LOAD, LETTERS "._-+", true, why);
    static const char *const flags[] = {"force", "reset"};
    for (size_t i = 0; i < 2 && err == RF_OK; i++)
        if (rf_json_get(t->change.body, flags[i]) != NULL)
            err = rf_json_need_bool(t->change.body, flags[i], &flag, why);
    return err;
}

static bool is_set(const struct admin_task *t, const char *flag)
{
    bool is = false;
    return rf_json_bool(t->change.body, flag, &is) && is;
}

/* Would phones of this model find it, whole, and is it theirs? */
static enum rf_err judge_load(struct admin_task *t, const char *model, const char *load,
                              struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path(&t->admin->site, RF_SITE_IMAGES);
    RF_AUTO(rf_images_fini) struct rf_images images = {.files = NULL};
    enum rf_err err = rf_images_scan(folder, &images, why);
    if (err != RF_OK)
        return err;
    const struct rf_image_load *found = rf_images_find(&images, load);
    if (found == NULL || strcmp(found->name, load) != 0)
        return admin_refuse(t, 409, why, "load-unknown",
                            "%s is not here: phones that ask for what is not there start in a "
                            "circle; `ringfence image import` brings it, --force names it "
                            "nonetheless",
                            load);
    if (!found->is_complete)
        return admin_refuse(t, 409, why, "image-missing",
                            "%s is not complete: `ringfence image list %s` shows what lacks", load,
                            load);
    if (found->family != NULL && !rf_family_serves(found->family, model))
        return admin_refuse(t, 409, why, "load-model", "%s is a load of the %s and not of the %s",
                            load, found->family->name, model);
    return RF_OK;
}

/* Those of the model that have no load of their own. */
static enum rf_err pick_devices(struct admin_task *t, struct rf_store *store, const char *model,
                                struct rf_why *why)
{
    struct rf_store_phones phones = {0};
    enum rf_err err = rf_store_device_list(store, &phones, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < phones.n; i++) {
        const struct rf_store_device *d = &phones.items[i].device;
        if (strcmp(d->model, model) == 0 && d->load[0] == '\0')
            rf_json_arr_add_str(t->shown, d->name);
    }
    rf_store_phones_fini(&phones);
    return err;
}

enum rf_err admin_load_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    const char *model = rf_json_str(t->change.body, "model");
    const char *load = rf_json_str(t->change.body, "load");
    enum rf_err err = RF_OK;
    if (load[0] != '\0' && !is_set(t, "force"))
        err = judge_load(t, model, load, why);
    struct rf_store_event event = admin_event(t, "image", "model-load", "load of model %s: %s",
                                              model, load[0] != '\0' ? load : "none");
    if (err == RF_OK)
        err = rf_store_model_load_save(store, model, load, t->now_s, &event, why);
    return err == RF_OK ? pick_devices(t, store, model, why) : err;
}

/* A load is the configuration's matter: phones have to fetch it. */
enum rf_err admin_load_calls(struct admin_task *t, struct rf_why *why)
{
    size_t n = rf_json_len(t->shown);
    size_t end = t->at + RF_ADMIN_BATCH < n ? t->at + RF_ADMIN_BATCH : n;
    if (!is_set(t, "reset"))
        return RF_OK;
    for (; t->at < end; t->at++)
        t->n_reset += ADMIN_OPS(t, device_reset)(ADMIN_ARG(t), rf_json_at_str(t->shown, t->at),
                                                 RF_ADMIN_RESET) == RF_OK;
    return t->at < n ? RF_ERR_AGAIN : RF_OK;
}

void admin_load_answer(struct admin_task *t, struct rf_json *out)
{
    for (size_t i = 0; i < rf_json_len(t->shown); i++)
        ADMIN_OPS(t, device_changed)(ADMIN_ARG(t), rf_json_at_str(t->shown, i));
    rf_json_set_str(out, "model", rf_json_str(t->change.body, "model"));
    rf_json_set_str(out, "load", rf_json_str(t->change.body, "load"));
    rf_json_set_take(out, "devices", rf_steal(&t->shown));
    rf_json_set_int(out, "reset", (int64_t)t->n_reset);
}
