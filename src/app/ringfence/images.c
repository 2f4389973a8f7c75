/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/images.h"

#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"

static const char *state_of(const struct rf_image_load *load)
{
    if (load->why.code[0] != '\0')
        return "unreadable";
    if (load->is_opaque)
        return "unknown"; /* only its phones read the list */
    return load->is_complete ? "complete" : "incomplete";
}

static struct rf_json *models_json(const struct rf_family *family)
{
    struct rf_json *arr = rf_json_arr();
    char model[16];
    for (size_t at = 0; family != NULL && rf_family_next_model(family, &at, model);)
        rf_json_arr_add_str(arr, model);
    if (family != NULL && strcmp(family->models, "*") == 0)
        rf_json_arr_add_str(arr, "any");
    return arr;
}

static struct rf_json *parts_json(const struct rf_image_load *load)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < load->n_parts; i++) {
        const struct rf_image_part *part = &load->parts[i];
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "name", part->name);
        rf_json_set_str(one, "state", rf_image_part_state_name(part->state));
        rf_json_set_int(one, "size", (int64_t)part->size);
        rf_json_set_bool(one, "other_family", part->is_other_family);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

struct rf_json *images_load_json(const struct rf_image_load *load, bool with_parts)
{
    struct rf_json *j = rf_json_obj();
    char missing[200];
    uint64_t size = 0;
    for (size_t i = 0; i < load->n_parts; i++)
        size += load->parts[i].size;
    rf_json_set_str(j, "load", load->name);
    rf_json_set_str(j, "file", load->file);
    rf_json_set_str(j, "family", load->family != NULL ? load->family->name : NULL);
    rf_json_set_take(j, "models", models_json(load->family));
    rf_json_set_str(j, "state", state_of(load));
    if (load->why.code[0] != '\0')
        rf_json_set_str(j, "reason", load->why.text);
    if (rf_image_load_name_parts(load, RF_IMAGE_PART_MISSING, missing, sizeof missing) > 0)
        rf_json_set_str(j, "missing", missing);
    rf_json_set_int(j, "images", (int64_t)load->n_parts);
    rf_json_set_int(j, "size", (int64_t)size);
    if (with_parts)
        rf_json_set_take(j, "parts", parts_json(load));
    return j;
}

/* ---- who uses it ---- */

void images_users_fini(struct images_users *users)
{
    rf_json_free(users->devices);
    rf_json_free(users->loads);
    *users = (struct images_users){.devices = NULL};
}

enum rf_err images_users_ask(const struct cmd_ctx *ctx, struct images_users *out,
                             struct rf_why *why)
{
    enum rf_err err = api_ask(ctx, RF_HTTP_GET, "/v1/devices", NULL, &out->devices, why);
    if (err == RF_OK)
        err = api_ask(ctx, RF_HTTP_GET, "/v1/loads", NULL, &out->loads, why);
    return err;
}

/* The load a device's configuration names. */
static bool names(const struct rf_json *device, const char *load)
{
    const char *own = rf_json_str(device, "load"), *model = rf_json_str(device, "model_load");
    const char *named = own != NULL && own[0] != '\0' ? own : model;
    return named != NULL && strcmp(named, load) == 0;
}

struct rf_json *images_users_devices(const struct images_users *users, const char *load)
{
    const struct rf_json *devices = rf_json_get(users->devices, "devices");
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < rf_json_len(devices); i++)
        if (names(rf_json_at(devices, i), load))
            rf_json_arr_add_str(arr, rf_json_str(rf_json_at(devices, i), "name"));
    return arr;
}

struct rf_json *images_users_models(const struct images_users *users, const char *load)
{
    const struct rf_json *models = rf_json_get(users->loads, "models");
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < rf_json_len(models); i++) {
        const char *its = rf_json_str(rf_json_at(models, i), "load");
        if (its != NULL && strcmp(its, load) == 0)
            rf_json_arr_add_str(arr, rf_json_str(rf_json_at(models, i), "model"));
    }
    return arr;
}

static struct rf_json *copy_refused(const struct rf_json *from)
{
    static const char *const texts[] = {"device", "load", "running", "file",
                                        "reason", "how",  "text"};
    static const char *const numbers[] = {"first_s", "last_s", "count"};
    struct rf_json *one = rf_json_obj();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        rf_json_set_str(one, texts[i], rf_json_str(from, texts[i]));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int64_t n = 0;
        if (rf_json_int(from, numbers[i], &n))
            rf_json_set_int(one, numbers[i], n);
    }
    return one;
}

struct rf_json *images_users_refused(const struct images_users *users, const char *load)
{
    const struct rf_json *refused = rf_json_get(users->loads, "refused");
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < rf_json_len(refused); i++) {
        const char *its = rf_json_str(rf_json_at(refused, i), "load");
        if (load == NULL || (its != NULL && strcmp(its, load) == 0))
            rf_json_arr_add_take(arr, copy_refused(rf_json_at(refused, i)));
    }
    return arr;
}

enum rf_err images_users_none(const struct images_users *users, const char *load,
                              struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *devices = images_users_devices(users, load);
    RF_AUTO(rf_json_freep) struct rf_json *models = images_users_models(users, load);
    if (rf_json_len(devices) == 0 && rf_json_len(models) == 0)
        return RF_OK;
    if (rf_json_len(devices) == 0)
        return rf_why_set(why, RF_ERR_DENIED, "load-in-use",
                          "%s is the load of model %s: `ringfence image default` names another, "
                          "--force removes it nonetheless",
                          load, rf_json_at_str(models, 0));
    return rf_why_set(
        why, RF_ERR_DENIED, "load-in-use",
        "the configurations of %zu devices name %s, among them that of %s: `ringfence "
        "device change --load` names another, --force removes it nonetheless",
        rf_json_len(devices), load, rf_json_at_str(devices, 0));
}
