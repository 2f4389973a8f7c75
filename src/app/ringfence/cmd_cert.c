/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence cert block|unblock|blocked`: certificates that the site believes no more. */
#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"

/* A fingerprint or --device, not both. */
static int ask(struct cmd_ctx *ctx, enum rf_http_method method)
{
    const char *device = cmd_get(ctx, "device"), *reason = NULL;
    const char *what = ctx->n_args > 0 ? ctx->args[0] : device;
    if ((ctx->n_args > 0) == (device != NULL))
        return cmd_usage(ctx, "wants a FINGERPRINT or --device NAME, one of them");
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, device != NULL ? "device" : "fingerprint", what);
    if (method == RF_HTTP_POST && (reason = cmd_get(ctx, "reason")) != NULL)
        rf_json_set_str(body, "reason", reason);
    return api_show(ctx, method, "/v1/blocked", body, what);
}

static int run_block(struct cmd_ctx *ctx)
{
    return ask(ctx, RF_HTTP_POST);
}

static const struct cmd_option block_options[] = {
    {.name = "device", .arg = "NAME", .help = "all certificates of this device that are known"},
    {.name = "reason", .arg = "TEXT", .help = "for those who look later"},
};

const struct cmd cmd_cert_block = {
    .name = "cert block",
    .args = "[FINGERPRINT]",
    .args_min = 0,
    .args_max = 1,
    .options = block_options,
    .n_options = sizeof block_options / sizeof *block_options,
    .summary = "Believe a phone's certificate no more, whoever issued it",
    .help = "At once: a phone that is registered with it is cut off, and it counts nowhere any\n"
            "more, neither for registration nor for a new certificate or files. A certificate\n"
            "that the phone gets later is not blocked by this.",
    .uses_site = true,
    .has_json = true,
    .run = run_block,
};

static int run_unblock(struct cmd_ctx *ctx)
{
    return ask(ctx, RF_HTTP_DELETE);
}

static const struct cmd_option unblock_options[] = {
    {.name = "device", .arg = "NAME", .help = "all that were blocked of this device"},
};

const struct cmd cmd_cert_unblock = {
    .name = "cert unblock",
    .args = "[FINGERPRINT]",
    .args_min = 0,
    .args_max = 1,
    .options = unblock_options,
    .n_options = sizeof unblock_options / sizeof *unblock_options,
    .summary = "Take a certificate off the block list",
    .uses_site = true,
    .has_json = true,
    .run = run_unblock,
};

static int run_blocked(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"device", "device"},
        {"since_s", "since"},
        {"reason", "reason"},
        {"fingerprint", "SHA-256"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/blocked", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "blocked", &why);
    return cmd_show_rows(ctx, answer, "blocked", columns, sizeof columns / sizeof *columns,
                         "no certificate is blocked");
}

const struct cmd cmd_cert_blocked = {
    .name = "cert blocked",
    .args = "",
    .summary = "List the certificates that are blocked, and why",
    .uses_site = true,
    .has_json = true,
    .run = run_blocked,
};
