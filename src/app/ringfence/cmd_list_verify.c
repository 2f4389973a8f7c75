/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"

/* Would a phone that holds the other list take this one? */
static enum rf_err against_installed(const struct rf_list *list, const char *installed_path,
                                     const struct rf_list_policy *policy, struct rf_json *j,
                                     struct rf_why *why)
{
    RF_AUTO(rf_list_freep) struct rf_list *old = NULL;
    enum rf_err err = tlv_open(installed_path, &old, why);
    if (err == RF_OK)
        err = rf_list_verify_own(old, tlv_kind(old), &(struct rf_list_policy){0}, why);
    return err == RF_OK ? tlv_against(list, old, policy, j, why) : err;
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    struct rf_list_policy policy = {.has_now = true, .now_s = container_policy(NULL).now_s};
    struct rf_why why = {0};
    const char *installed = cmd_get(ctx, "installed");
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "file", ctx->args[0]);
    rf_json_set_str(j, "trust",
                    "not judged: --installed OLD.tlv says what a phone holding OLD would do");
    enum rf_err err = tlv_open(ctx->args[0], &list, &why);
    if (err == RF_OK)
        err = rf_list_verify_own(list, tlv_kind(list), &policy, &why);
    if (err == RF_OK && installed != NULL)
        err = against_installed(list, installed, &policy, j, &why);
    if (err != RF_OK)
        return container_refuse(ctx, ctx->args[0], &why,
                                list != NULL ? &rf_list_content(list)->header : NULL,
                                list != NULL ? rf_list_own_signer(list) : NULL);
    rf_json_set_int(j, "records", (int64_t)rf_list_n(list));
    rf_json_set_str(j, "digest", rf_signedfile_hash_name(rf_list_content(list)->header.hash));
    rf_json_set_str(j, "fingerprint", rf_list_fingerprint(list));
    container_list_warnings(j, rf_list_content(list));
    rf_json_set_take(j, "signer", container_cert(rf_list_own_signer(list)));
    return cmd_show(ctx, rf_steal(&j));
}

static const struct cmd_option options[] = {
    {.name = "installed", .arg = "OLD.tlv", .help = "the list a phone holds already"},
};

const struct cmd cmd_list_verify = {
    .name = "list verify",
    .args = "FILE.tlv",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Verify a trust list, and whether a phone would take it",
    .help =
        "Without --installed only the list itself is checked: form, records, and the signature\n"
        "by one of its own SAST records. Anybody can make such a list: trust is not judged.",
    .has_json = true,
    .run = run,
};
