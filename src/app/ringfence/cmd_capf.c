/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence capf`: certificate operations of devices. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/text.h"
#include "trust/key.h"

static int ask(struct cmd_ctx *ctx, const char *op)
{
    RF_AUTO(rf_freep) char *path = api_device_path(ctx->args[0], "/capf");
    struct rf_json *body = rf_json_obj();
    struct rf_why why = {0};
    const char *auth = cmd_get(ctx, "auth"), *bits = cmd_get(ctx, "key-bits");
    const char *key = cmd_get(ctx, "key");
    uint64_t key_bits = 0;
    rf_json_set_str(body, "op", op);
    if (strcmp(op, "none") != 0)
        rf_json_set_str(body, "auth", auth != NULL ? auth : "string");
    if (bits != NULL && !rf_parse_u64(rf_slice_str(bits), 256, 4096, &key_bits)) {
        rf_json_free(body);
        return cmd_usage(ctx, "--key-bits is 256 to 4096, not %s", bits);
    }
    if (key != NULL)
        rf_json_set_str(body, "key_type", key);
    if (bits != NULL)
        rf_json_set_int(body, "key_bits", (int64_t)key_bits);
    if (cmd_get(ctx, "with-string") != NULL)
        rf_json_set_bool(body, "with_string", true);
    if (cmd_get(ctx, "allow-proof") != NULL)
        rf_json_set_bool(body, "allow_proof", true);
    if (api_add_string(ctx, body, &why) != RF_OK) {
        rf_json_free(body);
        return cmd_refuse(ctx, cmd_get(ctx, "string-file"), &why);
    }
    return api_show(ctx, RF_HTTP_POST, path, body, ctx->args[0]);
}

#define AUTH_OPTIONS                                                                               \
    {.name = "auth",                                                                               \
     .arg = "string|mic|lsc|null",                                                                 \
     .help = "how the phone proves itself; default string; null needs capf_null_string"},          \
        {.name = "string-file",                                                                    \
         .arg = "FILE",                                                                            \
         .help = "authentication string, 4-10 digits (- reads it); else one is drawn and shown"},  \
        {.name = "with-string",                                                                    \
         .help =                                                                                   \
             "beside a certificate: a string for a MIC that has expired (docs/mic-expiry.md)"},    \
    {                                                                                              \
        .name = "allow-proof",                                                                     \
        .help = "by mic or lsc: take the phone's proof although it was seen within a day (replay)" \
    }

static int run_install(struct cmd_ctx *ctx)
{
    return ask(ctx, "install");
}

static const struct cmd_option install_options[] = {
    AUTH_OPTIONS,
    {.name = "key",
     .arg = "rsa|ec|ec-preferred",
     .help = "which key it makes; default rsa; preferred: RSA where the phone makes no other"},
    {.name = "key-bits",
     .arg = "N",
     .help = "its size; default: lsc_key_bits of the site, and 384 (or 256, 521) for EC"},
};

const struct cmd cmd_capf_install = {
    .name = "capf install",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .options = install_options,
    .n_options = sizeof install_options / sizeof *install_options,
    .summary = "Have a phone get a new site certificate (LSC)",
    .help = "The operation is scheduled; the phone comes for it at its next start, or when its\n"
            "user types the string. It is done only when the phone has confirmed.",
    .uses_site = true,
    .has_json = true,
    .run = run_install,
};

static int run_delete(struct cmd_ctx *ctx)
{
    return ask(ctx, "delete");
}

static const struct cmd_option other_options[] = {AUTH_OPTIONS};

const struct cmd cmd_capf_delete = {
    .name = "capf delete",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .options = other_options,
    .n_options = sizeof other_options / sizeof *other_options,
    .summary = "Have a phone delete its site certificate",
    .uses_site = true,
    .has_json = true,
    .run = run_delete,
};

static int run_fetch(struct cmd_ctx *ctx)
{
    return ask(ctx, "fetch");
}

const struct cmd cmd_capf_fetch = {
    .name = "capf fetch",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .options = other_options,
    .n_options = sizeof other_options / sizeof *other_options,
    .summary = "Have a phone show its site certificate (troubleshoot)",
    .uses_site = true,
    .has_json = true,
    .run = run_fetch,
};

static int run_cancel(struct cmd_ctx *ctx)
{
    return ask(ctx, "none");
}

const struct cmd cmd_capf_cancel = {
    .name = "capf cancel",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .summary = "Drop a scheduled certificate operation",
    .uses_site = true,
    .has_json = true,
    .run = run_cancel,
};

/* An LSC was issued, and the phone has not said that it has it. */
static bool has_unconfirmed(const struct rf_json *device)
{
    const struct rf_json *certs = rf_json_get(device, "certificates");
    for (size_t i = 0; i < rf_json_len(certs); i++) {
        const char *state = rf_json_str(rf_json_at(certs, i), "state");
        if (state != NULL && strcmp(state, "unconfirmed") == 0)
            return true;
    }
    return false;
}

/* When a CA that gave nothing is asked again for this device; null: at once, or none is asked. */
static void set_next(struct rf_json *row, const struct rf_json *requests, const char *device)
{
    int64_t next_s = 0;
    for (size_t i = 0; i < rf_json_len(requests); i++) {
        const struct rf_json *r = rf_json_at(requests, i);
        if (strcmp(rf_json_str(r, "device"), device) == 0 && rf_json_int(r, "next_s", &next_s)) {
            rf_json_set_int(row, "ca_next_s", next_s);
            return;
        }
    }
    rf_json_set_null(row, "ca_next_s");
}

/* The operations of all devices, as rows. */
static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"device", "device"}, {"asked", "operation"},
        {"auth", "proof"},    {"state", "state"},
        {"reason", "reason"}, {"tries_left", "tries left"},
        {"lsc", "new LSC"},   {"ca_next_s", "CA asked again"},
    };
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    RF_AUTO(rf_json_freep) struct rf_json *asked = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/devices", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "devices", &why);
    if (api_ask(ctx, RF_HTTP_GET, "/v1/capf/requests", NULL, &asked, &why) != RF_OK)
        return cmd_refuse(ctx, "requests", &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *rows = rf_json_arr();
    const struct rf_json *devices = rf_json_get(answer, "devices");
    for (size_t i = 0; i < rf_json_len(devices); i++) {
        const struct rf_json *op = rf_json_get(rf_json_at(devices, i), "capf");
        bool is_unconfirmed = has_unconfirmed(rf_json_at(devices, i));
        const char *state = rf_json_is_obj(op) ? rf_json_str(op, "state") : "none";
        if (!is_unconfirmed && strcmp(state, "none") == 0) /* none, or it was dropped */
            continue;
        struct rf_json *row = rf_json_obj();
        int64_t tries = 0;
        rf_json_set_str(row, "device", rf_json_str(rf_json_at(devices, i), "name"));
        rf_json_set_str(row, "asked", rf_json_str(op, "asked"));
        rf_json_set_str(row, "auth", rf_json_str(op, "auth"));
        rf_json_set_str(row, "state", state);
        rf_json_set_str(row, "reason", rf_json_str(op, "reason"));
        (void)rf_json_int(op, "tries_left", &tries);
        rf_json_set_int(row, "tries_left", tries);
        rf_json_set_str(row, "lsc", is_unconfirmed ? "unconfirmed" : NULL);
        set_next(row, rf_json_get(asked, "requests"), rf_json_str(row, "device"));
        rf_json_arr_add_take(rows, row);
    }
    rf_json_set_take(j, "operations", rows);
    return cmd_show_rows(ctx, j, "operations", columns, sizeof columns / sizeof *columns,
                         "no certificate operations");
}

const struct cmd cmd_capf_list = {
    .name = "capf list",
    .args = "",
    .summary = "List certificate operations and how they stand",
    .help =
        "A new LSC is unconfirmed until the phone says that it stored it, or uses it; until then\n"
        "the one before counts too.",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};

static int run_due(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"device", "device"},    {"state", "state"}, {"days_left", "days left"},
        {"not_after_s", "ends"}, {"next", "next"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/capf/due", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "devices", &why);
    return cmd_show_rows(ctx, answer, "due", columns, sizeof columns / sizeof *columns,
                         "no LSC is due");
}

const struct cmd cmd_capf_due = {
    .name = "capf due",
    .args = "",
    .summary = "List phones whose LSCs are to be renewed: two thirds of their life are over",
    .help = "Those that have expired, too: such a phone has to prove itself by a string or by its\n"
            "MIC.",
    .uses_site = true,
    .has_json = true,
    .run = run_due,
};
