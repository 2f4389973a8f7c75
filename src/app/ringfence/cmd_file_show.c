/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    struct rf_signedfile sf;
    struct rf_why why = {0};
    if (container_open(ctx->args[0], &file, &sf, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    container_header(j, &sf, rf_buf_slice(&file));
    rf_json_set_str(j, "verified", "no: `ringfence file verify` does that");
    return cmd_show(ctx, j);
}

const struct cmd cmd_file_show = {
    .name = "file show",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "Show what a signed file says of itself; nothing is verified",
    .help = "FILE may be a .sgn or .enc.sgn file, a trust list, an image, or - for standard input.",
    .has_json = true,
    .run = run,
};
