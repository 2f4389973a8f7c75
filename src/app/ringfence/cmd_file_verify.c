/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "base/text.h"

/* The signer is a certificate of the command line, or one that a trust list holds for signing
 * files. */
static enum rf_err verify_by_cert(const struct cmd_ctx *ctx, struct rf_slice file,
                                  const struct rf_sigfile_policy *policy,
                                  struct rf_sigfile_info *info, struct rf_cert **signer,
                                  struct rf_why *why)
{
    enum rf_err err = rf_cert_from_pem_file(cmd_get(ctx, "cert"), signer, why);
    return err != RF_OK ? err : rf_sigfile_verify(file, *signer, policy, info, why);
}

static enum rf_err open_list(const char *path, struct rf_lists *lists, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    struct rf_list_policy policy = {0};
    enum rf_err err = cmd_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, why);
    if (err == RF_OK)
        err = rf_list_open(rf_buf_slice(&bytes), &list, why);
    if (err != RF_OK)
        return err;
    struct rf_slice name = rf_list_content(list)->header.file_name;
    enum rf_list_kind kind =
        rf_slice_eq_str(name, rf_list_kind_file(RF_LIST_CTL)) ? RF_LIST_CTL : RF_LIST_ITL;
    err = rf_list_verify_own(list, kind, &policy, why);
    if (err == RF_OK)
        rf_lists_install(lists, kind, list);
    return err;
}

static enum rf_err verify_by_list(const struct cmd_ctx *ctx, struct rf_slice file,
                                  const struct rf_sigfile_policy *policy,
                                  struct rf_sigfile_info *info, struct rf_cert **signer,
                                  struct rf_why *why)
{
    RF_AUTO(rf_lists_fini) struct rf_lists lists = {0};
    const struct rf_cert *found = NULL;
    enum rf_err err = open_list(cmd_get(ctx, "list"), &lists, why);
    if (err == RF_OK)
        err = rf_lists_verify_file(&lists, file, policy, info, &found, why);
    if (err == RF_OK)
        err = rf_cert_from_der(rf_cert_der(found), signer, why);
    return err;
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    RF_AUTO(rf_cert_freep) struct rf_cert *signer = NULL;
    struct rf_sigfile_policy policy = container_policy(cmd_get(ctx, "name"));
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    if ((cmd_get(ctx, "cert") == NULL) == (cmd_get(ctx, "list") == NULL))
        return cmd_usage(ctx, "either --cert PEM or --list TLV says whom to believe");
    enum rf_err err = cmd_read(ctx->args[0], CONTAINER_BYTES_MAX, &file, &why);
    if (err == RF_OK)
        err = (cmd_get(ctx, "cert") != NULL ? verify_by_cert : verify_by_list)(
            ctx, rf_buf_slice(&file), &policy, &info, &signer, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "file", ctx->args[0]);
    rf_json_set_str(j, "kind", rf_signedfile_kind_name(info.kind));
    rf_json_set_str(j, "digest", rf_digest_name(info.digest));
    rf_json_set_str(j, "weak", info.digest == RF_DIGEST_SHA1 ? "SHA-1" : NULL);
    rf_json_set_bool(j, "name_compared", policy.expected_name.p != NULL);
    rf_json_set_int(j, "body_bytes", (int64_t)info.body_len);
    rf_json_set_take(j, "signer", container_cert(signer));
    return cmd_show(ctx, j);
}

static const struct cmd_option options[] = {
    {.name = "cert", .arg = "PEM", .help = "the signer's certificate"},
    {.name = "list", .arg = "TLV", .help = "a trust list: a TFTP role in it may sign"},
    {.name = "name",
     .arg = "NAME",
     .help = "the name the file was asked for; must be the signed one"},
};

const struct cmd cmd_file_verify = {
    .name = "file verify",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Verify a signed or encrypted file",
    .help =
        "Checks header, digest, signer, key, time stamp and signature, as a phone does. A list\n"
        "is itself checked with its own signer; whether to trust it is `ringfence list "
        "verify`.",
    .has_json = true,
    .run = run,
};
