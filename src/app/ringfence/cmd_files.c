/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence files`: what phones ask for beside configurations and firmware; and an existing tree
 * of a TFTP server, sorted into the site. */
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "app/ringfence/olddevice.h"
#include "app/ringfence/owner.h"
#include "service/setup/files_import.h"

/* ---- import ---- */

static struct rf_json *item_json(const struct rf_files_item *item)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "path", item->path);
    rf_json_set_str(j, "what", rf_files_kind_name(item->kind));
    rf_json_set_str(j, "as", item->kind == RF_FILES_REFUSED ? NULL : item->target);
    bool is_kept = item->kind == RF_FILES_FILE || item->kind == RF_FILES_FIRMWARE;
    rf_json_set_str(j, "state", is_kept ? rf_image_what_name(item->what) : NULL);
    rf_json_set_int(j, "size", (int64_t)item->size);
    rf_json_set_str(j, "code", item->code[0] != '\0' ? item->code : NULL);
    rf_json_set_str(j, "reason", item->text[0] != '\0' ? item->text : NULL);
    return j;
}

static struct rf_json *counts_json(const struct rf_files_report *report)
{
    struct rf_json *j = rf_json_obj();
    for (int kind = RF_FILES_FILE; kind <= RF_FILES_REFUSED; kind++) {
        int64_t n = 0;
        for (size_t i = 0; i < report->n_items; i++)
            n += (int)report->items[i].kind == kind;
        rf_json_set_int(j, rf_files_kind_name((enum rf_files_kind)kind), n);
    }
    return j;
}

static void add_devices(struct cmd_ctx *ctx, const struct rf_files_report *report,
                        struct rf_json *out)
{
    bool asks = cmd_get(ctx, "devices") != NULL;
    for (size_t i = 0; i < report->n_items; i++) {
        struct olddevice_in in = {.item = &report->items[i],
                                  .report = report,
                                  .model = cmd_get(ctx, "model"),
                                  .asks = asks,
                                  .is_brought = asks && cmd_get(ctx, "dry-run") == NULL,
                                  .is_overwritten = cmd_get(ctx, "overwrite") != NULL};
        if (in.item->kind == RF_FILES_DEVICE)
            rf_json_arr_add_take(out, olddevice_bring(ctx, &in));
    }
}

static void show_table(const struct cmd_ctx *ctx, const char *key, struct rf_json *take_rows,
                       const struct cmd_column *columns, size_t n)
{
    struct rf_json *one = rf_json_obj();
    rf_json_set_take(one, key, take_rows);
    (void)cmd_show_rows(ctx, one, key, columns, n, "");
}

static void show_devices(const struct cmd_ctx *ctx, const struct rf_json *brought)
{
    static const struct cmd_column devices[] = {
        {"device", "device"}, {"model", "model"},      {"mode", "mode"},
        {"load", "load"},     {"state", "state"},      {"added", "added"},
        {"set", "values"},    {"left", "values left"}, {"reason", "reason"},
    };
    static const struct cmd_column left[] = {
        {"path", "value left"}, {"why", "why"}, {"devices", "devices"}};
    struct rf_json *rows = rf_json_arr(), *left_rows = olddevice_left_rows(brought);
    for (size_t i = 0; i < rf_json_len(brought); i++)
        rf_json_arr_add_take(rows, olddevice_row(rf_json_at(brought, i)));
    show_table(ctx, "devices", rows, devices, sizeof devices / sizeof *devices);
    if (rf_json_len(left_rows) > 0)
        show_table(ctx, "left", left_rows, left, sizeof left / sizeof *left);
    else
        rf_json_free(left_rows);
}

static int show_tables(const struct cmd_ctx *ctx, struct rf_json *take_json)
{
    static const struct cmd_column files[] = {
        {"path", "path"}, {"what", "what"}, {"as", "as"}, {"state", "state"}, {"reason", "reason"}};
    if (!ctx->is_json && rf_json_len(rf_json_get(take_json, "devices")) > 0)
        show_devices(ctx, rf_json_get(take_json, "devices"));
    return cmd_show_rows(ctx, take_json, "files", files, sizeof files / sizeof *files, "no files");
}

static int run_import(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_files_report_fini) struct rf_files_report report = {.items = NULL};
    RF_AUTO(rf_json_freep) struct rf_json *status = NULL;
    struct rf_why why = {0};
    struct rf_files_import how = {.site_dir = ctx->site,
                                  .is_forced = cmd_get(ctx, "force") != NULL,
                                  .is_dry = cmd_get(ctx, "dry-run") != NULL};
    if (cmd_get(ctx, "overwrite") != NULL && cmd_get(ctx, "devices") == NULL)
        return cmd_usage(ctx, "--overwrite goes with --devices");
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK && cmd_get(ctx, "devices") != NULL)
        err = api_ask(ctx, RF_HTTP_GET, "/v1/status", NULL, &status, &why);
    if (err == RF_OK)
        err = rf_files_import(&how, ctx->args[0], &report, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, "nothing was imported", &why);
    struct rf_json *j = rf_json_obj(), *files = rf_json_arr(), *devices = rf_json_arr();
    for (size_t i = 0; i < report.n_items; i++)
        rf_json_arr_add_take(files, item_json(&report.items[i]));
    add_devices(ctx, &report, devices);
    rf_json_set_take(j, "files", files);
    rf_json_set_take(j, "devices", devices);
    rf_json_set_take(j, "counts", counts_json(&report));
    return show_tables(ctx, j);
}

static const struct cmd_option import_options[] = {
    {.name = "devices", .help = "add the devices whose configurations are in it (wants a server)"},
    {.name = "overwrite", .help = "with --devices: change those that are there already, too"},
    {.name = "model", .arg = "MODEL", .help = "of devices whose load does not tell it"},
    {.name = "force", .help = "replace other files of the same names"},
    {.name = "dry-run", .help = "say what would be done, and change nothing"},
};

const struct cmd cmd_files_import = {
    .name = "files import",
    .args = "PATH",
    .args_min = 1,
    .args_max = 1,
    .options = import_options,
    .n_options = sizeof import_options / sizeof *import_options,
    .summary = "Sort an existing TFTP folder, or an archive of one, into the site",
    .help =
        "Firmware goes to images/, what phones ask for beside it to files/. Configurations of\n"
        "devices are shown, and with --devices the devices are added with their lines, load and\n"
        "values; passwords are wrapped and never shown. What is not taken is listed with its\n"
        "reason. --dry-run shows all of it first.",
    .uses_site = true,
    .has_json = true,
    .run = run_import,
};

/* ---- list, add, remove ---- */

static void add_row(void *arg, const char *name, uint64_t size)
{
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "name", name);
    rf_json_set_int(one, "size", (int64_t)size);
    rf_json_arr_add_take(arg, one);
}

static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {{"name", "name"}, {"size", "bytes"}};
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    struct rf_why why = {0};
    struct rf_json *j = rf_json_obj(), *rows = rf_json_arr();
    rf_json_set_take(j, "files", rows);
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK)
        err = rf_files_each(ctx->site, add_row, rows, &why);
    if (err == RF_OK)
        return cmd_show_rows(ctx, j, "files", columns, sizeof columns / sizeof *columns,
                             "no files: `ringfence files import` or `ringfence files add` brings "
                             "some");
    rf_json_free(j);
    return cmd_refuse(ctx, ctx->site, &why);
}

const struct cmd cmd_files_list = {
    .name = "files list",
    .args = "",
    .summary = "List what phones can ask for beside configurations and firmware",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};

static int run_add(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    struct rf_why why = {0};
    const char *slash = strrchr(ctx->args[0], '/'), *name = cmd_get(ctx, "as");
    struct rf_files_import how = {.site_dir = ctx->site,
                                  .is_forced = cmd_get(ctx, "force") != NULL};
    if (name == NULL)
        name = slash != NULL ? slash + 1 : ctx->args[0];
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK)
        err = rf_files_add(&how, ctx->args[0], name, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "added", name);
    return cmd_show(ctx, j);
}

static const struct cmd_option add_options[] = {
    {.name = "as", .arg = "NAME", .help = "the name phones ask for, with its folders"},
    {.name = "force", .help = "replace another file of that name"},
};

const struct cmd cmd_files_add = {
    .name = "files add",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = add_options,
    .n_options = sizeof add_options / sizeof *add_options,
    .summary = "Put one file where phones find it, e.g. --as New_Zealand/g3-tones.xml",
    .uses_site = true,
    .has_json = true,
    .run = run_add,
};

static int run_remove(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    struct rf_why why = {0};
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK)
        err = rf_files_remove(ctx->site, ctx->args[0], &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "removed", ctx->args[0]);
    return cmd_show(ctx, j);
}

const struct cmd cmd_files_remove = {
    .name = "files remove",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "Take one file away",
    .uses_site = true,
    .has_json = true,
    .run = run_remove,
};
