/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"

static struct rf_json *report(const struct cmd_ctx *ctx, const struct container *c,
                              const struct believed *b, const struct rf_sigfile_info *info,
                              bool is_name_compared)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "file", ctx->args[0]);
    rf_json_set_str(j, "kind", rf_signedfile_kind_name(info->kind));
    rf_json_set_slice(j, "name", container_sf(c)->file_name);
    rf_json_set_bool(j, "name_compared", is_name_compared);
    rf_json_set_str(j, "digest", rf_digest_name(info->digest));
    rf_json_set_str(j, "weak", info->digest == RF_DIGEST_SHA1 ? "SHA-1" : NULL);
    if (info->has_timestamp)
        rf_json_set_int(j, "signed_s", info->timestamp);
    rf_json_set_int(j, "body_bytes", (int64_t)info->body_len);
    if (b->list != NULL) {
        char role[16];
        rf_json_set_str(j, "role", rf_trustlist_role_text(b->role, role, sizeof role));
    }
    rf_json_set_str(j, "found_in", b->list != NULL ? b->list : "--cert");
    container_warnings(j, container_sf(c), info->is_rollback);
    if (b->list == NULL && !rf_cert_is(b->signer, container_sf(c)->issuer, container_sf(c)->serial))
        rf_json_set_str(j, "warning",
                        "the header spells the issuer in another way than `ringfence list build` "
                        "does: phones find the signer only in a list that spells it alike");
    rf_json_set_take(j, "signer", container_cert(b->signer));
    return j;
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(container_fini) struct container c = CONTAINER;
    RF_AUTO(believed_fini) struct believed b = {0};
    struct rf_sigfile_policy policy = container_policy(cmd_get(ctx, "name"));
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    if ((cmd_get(ctx, "cert") == NULL) == (cmd_get(ctx, "list") == NULL))
        return cmd_usage(ctx, "either --cert PEM or --list TLV says whom to believe");
    enum rf_err err = container_open(ctx->args[0], &c, &why);
    if (err == RF_OK)
        err = believed_load(ctx, &b, &why);
    if (err == RF_OK)
        err = believed_verify(&b, &c, &(struct container_pass){0}, &policy, &info, &why);
    if (err != RF_OK)
        return container_refuse(ctx, ctx->args[0], &why, container_sf(&c),
                                b.signer != NULL ? b.signer : b.cert);
    return cmd_show(ctx, report(ctx, &c, &b, &info, policy.expected_name.p != NULL));
}

static const struct cmd_option options[] = {
    {.name = "cert", .arg = "PEM", .help = "the signer's certificate"},
    {.name = "list",
     .arg = "TLV",
     .help = "a trust list: who has role TFTP in it may sign",
     .repeats = true},
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
        "Checks header, digest, signer, key, time stamp and signature, as a phone does. With\n"
        "--list (a CTL, an ITL, or one of each) the signer must be in it with role TFTP or\n"
        "CCM+TFTP; a list is itself checked with its own signer only. Without --name the signed\n"
        "name is shown, but not judged. Trust lists themselves are judged by\n"
        "`ringfence list verify`.",
    .has_json = true,
    .run = run,
};
