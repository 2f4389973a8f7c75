/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"

static enum rf_err verify(const struct cmd_ctx *ctx, struct rf_cert_list *keys,
                          struct rf_image_info *info, struct rf_why *why)
{
    const char *pem = cmd_get(ctx, "cert");
    const char *name = cmd_get(ctx, "name");
    struct rf_slice expected = {NULL, 0};
    if (name != NULL)
        expected = rf_slice_str(name);
    enum rf_err err = pem != NULL ? rf_certs_from_pem_file(pem, keys, why) : RF_OK;
    if (err != RF_OK || strcmp(ctx->args[0], "-") != 0)
        return err != RF_OK ? err : rf_image_verify_path(ctx->args[0], expected, keys, info, why);
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    struct rf_slice body;
    err = cmd_read("-", RF_IMAGE_BYTES_MAX, &file, why);
    return err != RF_OK ? err
                        : rf_image_verify(rf_buf_slice(&file), expected, keys, info, &body, why);
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list keys = {0};
    struct rf_image_info info;
    struct rf_why why = {0};
    if (verify(ctx, &keys, &info, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "file", ctx->args[0]);
    rf_json_set_str(j, "name", info.name);
    rf_json_set_str(j, "digest", rf_digest_name(info.digest));
    rf_json_set_str(j, "signer_fingerprint", info.signer);
    rf_json_set_int(j, "body_bytes", (int64_t)info.body_len);
    rf_json_set_hex(j, "file_sha256", rf_slice_of(info.sha256, sizeof info.sha256));
    return cmd_show(ctx, j);
}

static const struct cmd_option options[] = {
    {.name = "cert", .arg = "PEM", .help = "certificates of the image keys to believe"},
    {.name = "name", .arg = "NAME", .help = "the signed name must be this"},
};

const struct cmd cmd_image_verify = {
    .name = "image verify",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Verify a firmware image or load list",
    .help = "Without a fitting certificate nothing can be believed and the image is refused:\n"
            "manufacturers do not publish their keys.",
    .has_json = true,
    .run = run,
};
