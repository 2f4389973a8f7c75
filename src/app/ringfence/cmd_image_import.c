/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence image import` and `ringfence image remove`: the folder of images, without a server. */
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "app/ringfence/images.h"
#include "app/ringfence/owner.h"
#include "service/setup/image_import.h"

static struct rf_json *notes_json(const struct rf_image_note *notes, size_t n)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < n; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "file", notes[i].what);
        rf_json_set_str(one, "code", notes[i].code);
        rf_json_set_str(one, "text", notes[i].text);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

static struct rf_json *files_json(const struct rf_image_report *report)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < report->n_files; i++) {
        const struct rf_image_taken *taken = &report->files[i];
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "name", taken->name);
        rf_json_set_str(one, "what", rf_image_what_name(taken->what));
        rf_json_set_int(one, "size", (int64_t)taken->size);
        rf_json_set_hex(one, "sha256", rf_slice_of(taken->sha256, sizeof taken->sha256));
        rf_json_set_bool(one, "signed", taken->is_signed);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

struct rf_json *images_report_json(const struct rf_image_report *report)
{
    struct rf_json *j = rf_json_obj();
    struct rf_json *names = rf_json_arr(), *loads = rf_json_arr();
    for (size_t i = 0; i < report->n_files; i++)
        rf_json_arr_add_str(names, report->files[i].name);
    for (size_t i = 0; i < report->n_loads; i++)
        rf_json_arr_add_take(loads, images_load_json(&report->loads[i], false));
    rf_json_set_take(j, "imported", names);
    rf_json_set_take(j, "loads", loads);
    rf_json_set_take(j, "warnings", notes_json(report->warnings, report->n_warnings));
    rf_json_set_take(j, "ignored", notes_json(report->ignored, report->n_ignored));
    return j;
}

static int run_import(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_image_report_fini) struct rf_image_report report = {.files = NULL};
    struct rf_why why = {0};
    struct rf_image_import how = {
        .site_dir = ctx->site,
        .is_forced = cmd_get(ctx, "force") != NULL,
        .is_partial = cmd_get(ctx, "partial") != NULL,
        .is_dry = cmd_get(ctx, "dry-run") != NULL,
    };
    if (owner_site_open(ctx, &site, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    if (rf_image_import(&how, ctx->args, ctx->n_args, &report, &why) != RF_OK)
        return cmd_refuse(ctx, "nothing was imported", &why);
    struct rf_json *j = images_report_json(&report);
    if (ctx->is_json)
        rf_json_set_take(j, "files", files_json(&report));
    if (how.is_dry)
        rf_json_set_str(j, "note", "nothing was changed");
    return cmd_show(ctx, j);
}

static const struct cmd_option import_options[] = {
    {.name = "force", .help = "replace another file of the same name"},
    {.name = "partial", .help = "take a load though images that it names are missing"},
    {.name = "dry-run", .help = "say what would be done, and change nothing"},
};

const struct cmd cmd_image_import = {
    .name = "image import",
    .args = "PATH...",
    .args_min = 1,
    .args_max = 64,
    .options = import_options,
    .n_options = sizeof import_options / sizeof *import_options,
    .summary = "Put firmware where phones fetch it: files, folders, zip and tar",
    .help =
        "All of one command line or none of it. Each file is kept under its signed name, as it\n"
        "is; a load is seen by phones when its list and all that it names are there. Whether to\n"
        "run it is judged by the phone, which alone holds its manufacturer's key.",
    .uses_site = true,
    .has_json = true,
    .run = run_import,
};

static int run_remove(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(images_users_fini) struct images_users users = {0};
    struct rf_why why = {0};
    size_t removed = 0;
    bool is_forced = cmd_get(ctx, "force") != NULL;
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK && !is_forced)
        err = images_users_ask(ctx, &users, &why);
    if (err == RF_OK && !is_forced)
        err = images_users_none(&users, ctx->args[0], &why);
    if (err == RF_OK)
        err = rf_image_remove(ctx->site, ctx->args[0], &removed, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "removed", ctx->args[0]);
    rf_json_set_int(j, "files", (int64_t)removed);
    return cmd_show(ctx, j);
}

static const struct cmd_option remove_options[] = {
    {.name = "force", .help = "though devices name it, or no server runs that could tell"},
};

const struct cmd cmd_image_remove = {
    .name = "image remove",
    .args = "LOAD|FILE",
    .args_min = 1,
    .args_max = 1,
    .options = remove_options,
    .n_options = sizeof remove_options / sizeof *remove_options,
    .summary = "Take a load away, with the images that no other load names",
    .help = "FILE is one that no load names, as `ringfence image list` shows them. A load that a\n"
            "device names, or that is the load of a model, stays: its phones would start in a\n"
            "circle when their configuration names what is not there.",
    .uses_site = true,
    .has_json = true,
    .run = run_remove,
};
