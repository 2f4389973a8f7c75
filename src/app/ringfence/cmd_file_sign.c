/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/commands.h"
#include "app/ringfence/signing.h"

static int run(struct cmd_ctx *ctx)
{
    return signing_run(ctx, &(struct signing_job){.is_image = false});
}

static const struct cmd_option options[] = {
    SIGNING_OPTIONS,
    {.name = "out", .arg = "FILE", .help = "where to write it", .is_required = true},
    {.name = "name", .arg = "NAME", .help = "the name phones ask for; default: that of --out"},
};

const struct cmd cmd_file_sign = {
    .name = "file sign",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Sign a file (.sgn)",
    .help = "A phone compares the signed name with the name it asked for, folder and suffix\n"
            "included: name the file as it will be served, or give --name. FILE is read twice;\n"
            "standard input is kept on disk meanwhile.",
    .has_json = true,
    .run = run,
};
