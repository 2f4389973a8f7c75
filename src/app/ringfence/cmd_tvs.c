/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence tvs add|remove|list`: for which certificates the running server vouches. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/text.h"
#include "trust/cert.h"

static int run_add(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    const char *ttl = cmd_get(ctx, "ttl");
    const char *role;
    uint64_t ttl_s = 0;
    struct rf_why why = {0};
    if (ttl != NULL && !rf_parse_u64(rf_slice_str(ttl), 1, 604800, &ttl_s))
        return cmd_usage(ctx, "--ttl %s: wants seconds, 1 to 604800", ttl);
    enum rf_err err = rf_cert_from_pem_file(ctx->args[0], &cert, &why);
    if (err == RF_OK)
        err = rf_cert_to_pem(cert, &pem);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *body = rf_json_obj();
    struct rf_json *roles = rf_json_arr();
    for (size_t n = 0; (role = cmd_nth(ctx, "role", n)) != NULL; n++)
        rf_json_arr_add_str(roles, role);
    rf_json_set_slice(body, "certificate", rf_buf_slice(&pem));
    rf_json_set_take(body, "roles", roles);
    if (ttl != NULL)
        rf_json_set_int(body, "ttl_s", (int64_t)ttl_s);
    return api_show(ctx, RF_HTTP_POST, "/v1/tvs", body, ctx->args[0]);
}

static const struct cmd_option add_options[] = {
    {.name = "role",
     .arg = "ROLE",
     .help = "sast, ccm, ccm-tftp, tftp, capf, tvs or app-server; may be given again",
     .repeats = true,
     .is_required = true},
    {.name = "ttl", .arg = "SECONDS", .help = "how long phones may keep the answer"},
};

const struct cmd cmd_tvs_add = {
    .name = "tvs add",
    .args = "CERT",
    .args_min = 1,
    .args_max = 1,
    .options = add_options,
    .n_options = sizeof add_options / sizeof *add_options,
    .summary = "Vouch for a certificate when phones ask",
    .help = "Phones ask about certificates that their trust lists do not hold, and believe them\n"
            "for these roles. Role sast lets its holder sign trust lists for every phone: only\n"
            "certificates that tvs_list_signers in ringfence.conf names may have it. One that was\n"
            "added before gets these roles instead.",
    .uses_site = true,
    .has_json = true,
    .run = run_add,
};

static int run_remove(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "fingerprint", ctx->args[0]);
    return api_show(ctx, RF_HTTP_DELETE, "/v1/tvs", body, ctx->args[0]);
}

const struct cmd cmd_tvs_remove = {
    .name = "tvs remove",
    .args = "FINGERPRINT",
    .args_min = 1,
    .args_max = 1,
    .summary = "Vouch no longer for a certificate that was added",
    .help = "Phones may keep an answer for its time to live: what was vouched for a moment ago is\n"
            "believed that long.",
    .uses_site = true,
    .has_json = true,
    .run = run_remove,
};

static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"roles", "roles"},         {"subject", "certificate"},
        {"ttl_s", "kept (s)"},      {"not_after_s", "valid until"},
        {"fingerprint", "SHA-256"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/tvs", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "tvs", &why);
    return cmd_show_rows(ctx, answer, "certificates", columns, sizeof columns / sizeof *columns,
                         "TVS is switched off, or has no key: `ringfence list publish` makes one");
}

const struct cmd cmd_tvs_list = {
    .name = "tvs list",
    .args = "",
    .summary = "List the certificates that phones are told to trust when they ask, and for what",
    .help =
        "Those of the site's own trust lists, and those that were added. A certificate without\n"
        "roles was added as a signer of trust lists, and tvs_list_signers does not name it.",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};
