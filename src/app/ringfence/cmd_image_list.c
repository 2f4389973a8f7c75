/* SPDX-License-Identifier: Apache-2.0 */
/* Which firmware lies here, for whom, and who refused it: `ringfence image list`, `image default`
 * and `image refused`. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "app/ringfence/images.h"
#include "app/ringfence/owner.h"

/* "7942, 7962": members of an array of texts, for a column. */
static void set_joined(struct rf_json *j, const char *key, const struct rf_json *arr)
{
    char text[200] = "";
    size_t n = 0;
    for (size_t i = 0; i < rf_json_len(arr) && n < sizeof text - 32; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.20s", i > 0 ? ", " : "",
                              rf_json_at_str(arr, i));
    rf_json_set_str(j, key, text);
}

/* What only a server knows; without one the members are null. */
static void set_users(struct rf_json *j, const char *load, const struct images_users *users)
{
    if (users->devices == NULL) {
        rf_json_set_null(j, "devices");
        rf_json_set_null(j, "default_for");
        rf_json_set_null(j, "refused_by");
        return;
    }
    rf_json_set_take(j, "devices", images_users_devices(users, load));
    rf_json_set_take(j, "default_for", images_users_models(users, load));
    rf_json_set_take(j, "refused_by", images_users_refused(users, load));
}

static void add_row(struct rf_json *rows, const struct rf_image_load *load,
                    const struct images_users *users, bool is_json)
{
    struct rf_json *j = images_load_json(load, is_json);
    set_users(j, load->name, users);
    if (!is_json) { /* a cell holds a text or a number */
        set_joined(j, "models", rf_json_get(j, "models"));
        if (users->devices != NULL) {
            rf_json_set_int(j, "devices", (int64_t)rf_json_len(rf_json_get(j, "devices")));
            rf_json_set_int(j, "refused_by", (int64_t)rf_json_len(rf_json_get(j, "refused_by")));
            set_joined(j, "default_for", rf_json_get(j, "default_for"));
        }
    }
    rf_json_arr_add_take(rows, j);
}

/* Files that no load names: left over, or part of a load whose list only its phones read. */
static void add_orphans(struct rf_json *j, struct rf_json *rows, const struct rf_images *images,
                        bool is_json)
{
    struct rf_json *orphans = rf_json_arr();
    for (size_t i = 0; i < images->n_files; i++) {
        if (!rf_images_is_orphan(images, images->files[i].name))
            continue;
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, is_json ? "name" : "load", images->files[i].name);
        if (!is_json) {
            rf_json_set_str(one, "state", "no load names it");
            rf_json_set_int(one, "images", 1);
        }
        rf_json_set_int(one, "size", (int64_t)images->files[i].size);
        rf_json_arr_add_take(is_json ? orphans : rows, one);
    }
    rf_json_set_take(j, "orphans", orphans);
}

static int show_all(struct cmd_ctx *ctx, const struct rf_images *images,
                    const struct images_users *users)
{
    static const struct cmd_column columns[] = {
        {"load", "load"},           {"models", "models"},
        {"state", "state"},         {"images", "images"},
        {"size", "bytes"},          {"devices", "devices"},
        {"default_for", "load of"}, {"refused_by", "refused by"},
    };
    struct rf_json *j = rf_json_obj(), *rows = rf_json_arr();
    for (size_t i = 0; i < images->n_loads; i++)
        add_row(rows, &images->loads[i], users, ctx->is_json);
    add_orphans(j, rows, images, ctx->is_json);
    rf_json_set_take(j, "loads", rows);
    rf_json_set_bool(j, "has_server", users->devices != NULL);
    return cmd_show_rows(ctx, j, "loads", columns, sizeof columns / sizeof *columns,
                         "no firmware: `ringfence image import` brings some");
}

static int show_one(struct cmd_ctx *ctx, const struct rf_images *images,
                    const struct images_users *users)
{
    struct rf_why why = {0};
    const struct rf_image_load *load = rf_images_find(images, ctx->args[0]);
    if (load == NULL) {
        rf_why_set(&why, RF_ERR_NOT_FOUND, "load-unknown",
                   "there is no such load: `ringfence image list` shows what there is");
        return cmd_refuse(ctx, ctx->args[0], &why);
    }
    struct rf_json *j = images_load_json(load, true);
    set_users(j, load->name, users);
    return cmd_show(ctx, j);
}

static int run_list(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_images_fini) struct rf_images images = {.files = NULL};
    RF_AUTO(images_users_fini) struct images_users users = {0};
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(ctx->site, RF_SITE_IMAGES);
    struct rf_why why = {0}, none = {0};
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK)
        err = rf_images_scan(folder, &images, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    if (images_users_ask(ctx, &users, &none) != RF_OK)
        images_users_fini(&users);
    if (rf_stage_is_unfinished(folder))
        fprintf(stderr,
                "ringfence image list: an import was interrupted; the next one, or `ringfence "
                "image remove`, finishes it first\n");
    return ctx->n_args == 0 ? show_all(ctx, &images, &users) : show_one(ctx, &images, &users);
}

const struct cmd cmd_image_list = {
    .name = "image list",
    .args = "[LOAD]",
    .args_max = 1,
    .summary = "List the loads phones can get here, for which models, and who uses them",
    .help = "Devices, loads of models and refusals are those of the running server; without one\n"
            "they are not known.",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};

static int list_defaults(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"model", "model"}, {"load", "load"}, {"changed_s", "since"}};
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/loads", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "loads of models", &why);
    return cmd_show_rows(ctx, answer, "models", columns, sizeof columns / sizeof *columns,
                         "no model has a load: `ringfence image default MODEL LOAD` gives it one");
}

static int run_default(struct cmd_ctx *ctx)
{
    bool clears = cmd_get(ctx, "clear") != NULL;
    if (ctx->n_args == 0 && ctx->n_given == 0)
        return list_defaults(ctx);
    if (ctx->n_args != (clears ? 1 : 2))
        return cmd_usage(ctx, "a model and a load are wanted, or a model and --clear");
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "model", ctx->args[0]);
    rf_json_set_str(body, "load", clears ? "" : ctx->args[1]);
    rf_json_set_bool(body, "force", cmd_get(ctx, "force") != NULL);
    rf_json_set_bool(body, "reset", cmd_get(ctx, "reset") != NULL);
    return api_show(ctx, RF_HTTP_POST, "/v1/loads", body, ctx->args[0]);
}

static const struct cmd_option default_options[] = {
    {.name = "clear", .help = "the model's devices name no load any more"},
    {.name = "reset", .help = "have registered phones of the model start anew, and load it now"},
    {.name = "force", .help = "though the load is not here, not complete or of another model"},
};

const struct cmd cmd_image_default = {
    .name = "image default",
    .args = "[MODEL [LOAD]]",
    .args_max = 2,
    .options = default_options,
    .n_options = sizeof default_options / sizeof *default_options,
    .summary = "Say which load the devices of a model run that name none",
    .help = "Without arguments it lists them. A device's own load (`ringfence device change\n"
            "--load`) goes before. Phones load it at their next start.",
    .uses_site = true,
    .has_json = true,
    .run = run_default,
};

static int run_refused(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"device", "device"}, {"load", "load"},      {"running", "runs"},     {"reason", "reason"},
        {"file", "file"},     {"how", "known from"}, {"last_s", "last seen"}, {"count", "times"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/loads", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "refused loads", &why);
    return cmd_show_rows(ctx, answer, "refused", columns, sizeof columns / sizeof *columns,
                         "no phone refused its load");
}

const struct cmd cmd_image_refused = {
    .name = "image refused",
    .args = "",
    .summary = "List the phones that do not run the load their configuration names, and why",
    .help =
        "A phone that refused a load says so in an alarm when it registers (known from: alarm).\n"
        "One that only registers with another load gives no reason (known from: registration).",
    .uses_site = true,
    .has_json = true,
    .run = run_refused,
};
