/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/commands.h"
#include "app/ringfence/image.h"
#include "trust/image.h"

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(container_fini) struct container c = CONTAINER;
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list keys = {0};
    const struct rf_cert *signer = NULL;
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    enum rf_err err = image_keys(ctx, &keys, &why);
    if (err == RF_OK)
        err = image_open(ctx->args[0], &c, &why);
    if (err == RF_OK)
        err = image_find_signer(container_sf(&c), &keys, &signer, &why);
    if (err == RF_OK)
        err =
            image_judge(&c, &(struct container_pass){0}, signer, cmd_get(ctx, "name"), &info, &why);
    if (err != RF_OK)
        return container_refuse(ctx, ctx->args[0], &why, container_sf(&c), signer);
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "file", ctx->args[0]);
    rf_json_set_slice(j, "name", container_sf(&c)->file_name);
    rf_json_set_bool(j, "name_compared", cmd_get(ctx, "name") != NULL);
    rf_json_set_str(j, "digest", rf_digest_name(info.digest));
    rf_json_set_str(j, "signer_fingerprint", rf_cert_fingerprint(signer));
    rf_json_set_int(j, "body_bytes", (int64_t)info.body_len);
    container_warnings(j, container_sf(&c), false);
    if (c.in.len > RF_IMAGE_BYTES_MAX)
        rf_json_set_str(j, "warning", "ringphone takes no image longer than 64 MiB");
    rf_json_set_take(j, "signer", container_cert(signer));
    return cmd_show(ctx, j);
}

static const struct cmd_option options[] = {
    {.name = "cert",
     .arg = "PEM",
     .help = "certificates of the image keys to believe",
     .repeats = true},
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
