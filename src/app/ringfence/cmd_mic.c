/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence mic expiring|allow-expired|allowed|disallow`: makers' certificates that end. */
#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/text.h"
#include "service/admin/admin.h"

static int run_expiring(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"device", "device"},
        {"state", "MIC"},
        {"days_left", "days left"},
        {"not_after_s", "MIC until"},
        {"lsc_not_after_s", "LSC until"},
        {"next", "next"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/mics", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "phones", &why);
    return cmd_show_rows(ctx, answer, "mics", columns, sizeof columns / sizeof *columns,
                         "no phones");
}

const struct cmd cmd_mic_expiring = {
    .name = "mic expiring",
    .args = "",
    .summary = "List all phones by the end of their makers' certificates (MICs)",
    .help =
        "The soonest first. A MIC is known once a phone has shown it: enrolled by it, or told to\n"
        "by `ringfence capf fetch`.",
    .uses_site = true,
    .has_json = true,
    .run = run_expiring,
};

static int run_allow(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *path = api_device_path(ctx->args[0], "/mic");
    const char *text = cmd_get(ctx, "days");
    uint64_t days = 14;
    if (text != NULL && !rf_parse_u64(rf_slice_str(text), 1, RF_ADMIN_MIC_DAYS_MAX, &days))
        return cmd_usage(ctx, "--days is 1 to %d, not %s", RF_ADMIN_MIC_DAYS_MAX, text);
    struct rf_json *body = rf_json_obj();
    rf_json_set_int(body, "days", (int64_t)days);
    return api_show(ctx, RF_HTTP_POST, path, body, ctx->args[0]);
}

static const struct cmd_option allow_options[] = {
    {.name = "days", .arg = "N", .help = "for so long, 1 to 365; default 14"},
};

const struct cmd cmd_mic_allow_expired = {
    .name = "mic allow-expired",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .options = allow_options,
    .n_options = sizeof allow_options / sizeof *allow_options,
    .summary = "Let a phone enrol with a MIC that has expired, for some days",
    .help =
        "It counts where expired_mic is listed in ringfence.conf. All else about the certificate\n"
        "is asked as ever: its maker, its name, its key.",
    .uses_site = true,
    .has_json = true,
    .run = run_allow,
};

static int run_forbid(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *path = api_device_path(ctx->args[0], "/mic");
    return api_show(ctx, RF_HTTP_DELETE, path, NULL, ctx->args[0]);
}

const struct cmd cmd_mic_disallow = {
    .name = "mic disallow",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .summary = "Take a phone off the list of those that may use an expired MIC",
    .uses_site = true,
    .has_json = true,
    .run = run_forbid,
};

static int run_allowed(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"device", "device"}, {"state", "state"}, {"since_s", "since"}, {"until_s", "until"}};
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/mics/allowed", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "allowed", &why);
    return cmd_show_rows(ctx, answer, "allowed", columns, sizeof columns / sizeof *columns,
                         "no phone may use an expired MIC");
}

const struct cmd cmd_mic_allowed = {
    .name = "mic allowed",
    .args = "",
    .summary = "List the phones that may enrol with an expired MIC, and until when",
    .uses_site = true,
    .has_json = true,
    .run = run_allowed,
};
