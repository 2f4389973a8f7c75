/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"

static enum rf_err check_kind(const struct rf_signedfile *sf, struct rf_why *why)
{
    if (sf->has_encryption)
        return rf_why_set(why, RF_ERR_DENIED, "file-encrypted",
                          "what is inside is encrypted: `ringfence file decrypt` opens it");
    return RF_OK;
}

/* Standard output cannot be taken back: what shall be verified is verified before a byte of it
 * goes there, and again while it does. */
static enum rf_err verify_first(struct container *c, struct believed *b,
                                const struct rf_sigfile_policy *policy, struct rf_why *why)
{
    struct rf_sigfile_info info;
    enum rf_err err = believed_verify(b, c, &(struct container_pass){0}, policy, &info, why);
    return err == RF_OK ? container_again(c, why) : err;
}

static enum rf_err strip(struct cmd_ctx *ctx, struct container *c, struct believed *b,
                         struct cmd_out *out, struct rf_why *why)
{
    struct rf_sigfile_policy policy = container_policy(cmd_get(ctx, "name"));
    struct rf_sigfile_info info;
    struct container_pass pass = {.out = out};
    const char *path = cmd_get(ctx, "out");
    bool is_verified = believed_is_given(ctx);
    enum rf_err err = container_open(ctx->args[0], c, why);
    if (err == RF_OK)
        err = check_kind(container_sf(c), why);
    if (err == RF_OK && is_verified)
        err = believed_load(ctx, b, why);
    if (err != RF_OK)
        return err;
    policy.is_image = rf_signedfile_kind_of(container_sf(c)) == RF_SIGNEDFILE_KIND_IMAGE;
    if (is_verified && strcmp(path, "-") == 0)
        err = verify_first(c, b, &policy, why);
    if (err == RF_OK)
        err = cmd_out_begin(out, path, RF_FILE_PRIVATE, why); /* a configuration has passwords */
    if (err != RF_OK)
        return err;
    err = is_verified ? believed_verify(b, c, &pass, &policy, &info, why)
                      : container_pass(c, &pass, why);
    return err == RF_OK ? cmd_out_commit(out, why) : err;
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(container_fini) struct container c = CONTAINER;
    RF_AUTO(believed_fini) struct believed b = {0};
    RF_AUTO(cmd_out_fini) struct cmd_out out = {0};
    struct rf_why why = {0};
    if (cmd_get(ctx, "cert") != NULL && cmd_get(ctx, "list") != NULL)
        return cmd_usage(ctx, "--cert and --list both say whom to believe: give one");
    if (cmd_get(ctx, "name") != NULL && !believed_is_given(ctx))
        return cmd_usage(ctx, "--name is compared only with --cert or --list");
    if (strip(ctx, &c, &b, &out, &why) != RF_OK)
        return container_refuse(ctx, ctx->args[0], &why, container_sf(&c),
                                b.signer != NULL ? b.signer : b.cert);
    if (out.is_std)
        return CMD_OK;
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "out", cmd_get(ctx, "out"));
    rf_json_set_slice(j, "name", container_sf(&c)->file_name);
    rf_json_set_int(j, "body_bytes", (int64_t)(c.in.len - c.header.len));
    if (b.signer == NULL)
        rf_json_set_str(j, "verified",
                        "no: anybody may have changed it; --cert or --list verifies");
    else
        rf_json_set_take(j, "signer", container_cert(b.signer));
    return cmd_show(ctx, j);
}

static const struct cmd_option options[] = {
    {.name = "out",
     .arg = "FILE",
     .help = "where to write it, readable for its owner only",
     .is_required = true},
    {.name = "cert", .arg = "PEM", .help = "verify first, with this certificate"},
    {.name = "list",
     .arg = "TLV",
     .help = "verify first, by the roles of this trust list",
     .repeats = true},
    {.name = "name", .arg = "NAME", .help = "the name the file was asked for"},
};

const struct cmd cmd_file_strip = {
    .name = "file strip",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Take the content out of a signed file",
    .help = "Without --cert or --list nothing is verified. With one of them the content is given\n"
            "out only when the signature is right.",
    .has_json = true,
    .run = run,
};
