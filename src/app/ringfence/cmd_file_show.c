/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(container_fini) struct container c = CONTAINER;
    struct container_pass pass = {.wants_sha256 = true};
    struct rf_why why = {0};
    enum rf_err err = container_open(ctx->args[0], &c, &why);
    if (err == RF_OK)
        err = container_pass(&c, &pass, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    container_header(j, container_sf(&c), c.in.len);
    container_digests(j, &pass);
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
