/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/commands.h"
#include "app/ringfence/lists.h"
#include "app/ringfence/passphrase.h"
#include "trust/key.h"

static int run_recover(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_key_freep) struct rf_key *spare = NULL;
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    char drawn[LISTS_DRAWN] = "";
    struct rf_setup_run run;
    struct rf_why why = {0};
    enum rf_err err = lists_open(ctx, &site, &run, &why);
    if (err == RF_OK)
        err = passphrase_key_load(cmd_get(ctx, "sast2"), cmd_get(ctx, "passphrase-file"), &spare,
                                  &why);
    if (err == RF_OK)
        err = lists_passphrase(ctx, &passphrase, drawn, &why);
    if (err == RF_OK)
        err = rf_setup_recover(&run, spare, &passphrase, &lists, &why);
    int status;
    if (err == RF_OK) {
        struct rf_json *j = rf_json_obj();
        lists_set(j, &lists);
        lists_set_spare(j, ctx, drawn);
        status = cmd_show(ctx, j);
    } else {
        status = lists_refuse(ctx, ctx->site, &lists.phones, &why);
    }
    rf_wipe(drawn, sizeof drawn);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "sast2",
     .arg = "FILE",
     .help = "the key that was taken away after `ringfence init`",
     .is_required = true},
    {.name = "passphrase-file",
     .arg = "FILE",
     .help = "its passphrase (- reads it)",
     .is_required = true},
    {.name = "sast2-passphrase-file",
     .arg = "FILE",
     .help = "passphrase of the new second SAST's key; else one is drawn and shown"},
    {.name = "force", .help = "publish even when phones are stranded"},
};

const struct cmd cmd_list_recover = {
    .name = "list recover",
    .args = "",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "The signing key is lost: sign trust lists with the second SAST",
    .help = "The second SAST becomes the first, and a new second one is made, whose key is to be\n"
            "taken away like the one before. Phones take the lists when they start next.",
    .uses_site = true,
    .has_json = true,
    .run = run_recover,
};
