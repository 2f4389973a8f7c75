/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence list publish` and `ringfence list check`: the same, but for the writing. */
#include "app/ringfence/commands.h"
#include "app/ringfence/lists.h"

static int publish(struct cmd_ctx *ctx, bool is_dry)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    struct rf_setup_run run;
    struct rf_why why = {0};
    enum rf_err err = lists_open(ctx, &site, &run, &why);
    if (err == RF_OK) {
        run.is_dry = is_dry;
        err = rf_setup_publish(&run, &lists, &why);
    }
    if (err != RF_OK)
        return lists_refuse(ctx, ctx->site, &lists.phones, &why);
    struct rf_json *j = rf_json_obj();
    lists_set(j, &lists);
    return cmd_show(ctx, j);
}

static int run_publish(struct cmd_ctx *ctx)
{
    return publish(ctx, false);
}

static int run_check(struct cmd_ctx *ctx)
{
    return publish(ctx, true);
}

static const struct cmd_option options[] = {
    {.name = "force",
     .help = "sign anew even when nothing changed, and publish even when phones are stranded"},
};

const struct cmd cmd_list_publish = {
    .name = "list publish",
    .args = "",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Sign the site's trust lists with its first SAST",
    .help = "Writes CTLFile.tlv and ITLFile.tlv when they do not hold the site's certificates of\n"
            "today, and those of devices with entries of their own. The daemon serves them at\n"
            "once; it never opens a SAST key itself. Lists that would strand phones are not\n"
            "written: which phones and why is said.",
    .uses_site = true,
    .has_json = true,
    .run = run_publish,
};

const struct cmd cmd_list_check = {
    .name = "list check",
    .args = "",
    .summary = "Say which phones `list publish` would strand, and why; publish nothing",
    .uses_site = true,
    .has_json = true,
    .run = run_check,
};
