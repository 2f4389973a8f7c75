/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/commands.h"
#include "base/clock.h"
#include "service/setup/setup.h"

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    struct rf_why why = {0};
    enum rf_err err = rf_site_open(ctx->site, &site, &why);
    if (err == RF_OK)
        err = rf_setup_lists_publish(site->dir, site->conf, rf_wall_s(rf_clock_real()),
                                     cmd_get(ctx, "force") != NULL, &lists, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *arr = rf_json_arr();
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "list", rf_list_kind_name((enum rf_list_kind)kind));
        rf_json_set_bool(one, "written", lists.is_new[kind]);
        rf_json_set_str(one, "fingerprint", rf_list_fingerprint(lists.list[kind]));
        rf_json_arr_add_take(arr, one);
    }
    rf_json_set_take(j, "lists", arr);
    return cmd_show(ctx, j);
}

static const struct cmd_option options[] = {
    {.name = "force", .help = "sign anew even when nothing changed"},
};

const struct cmd cmd_list_publish = {
    .name = "list publish",
    .args = "",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Sign the site's trust lists with its first SAST",
    .help = "Writes CTLFile.tlv and ITLFile.tlv when they do not hold the site's certificates of\n"
            "today. The daemon serves them at once; it never opens a SAST key itself.",
    .uses_site = true,
    .has_json = true,
    .run = run,
};
