/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence device`: the devices of a running site. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/text.h"

static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"name", "device"},       {"model", "model"},
        {"mode", "mode"},         {"registered", "registered"},
        {"address", "address"},   {"tls_version", "TLS"},
        {"running_load", "load"}, {"description", "description"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/devices", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "devices", &why);
    return cmd_show_rows(ctx, answer, "devices", columns, sizeof columns / sizeof *columns,
                         "no devices: `ringfence device add` adds one");
}

const struct cmd cmd_device_list = {
    .name = "device list",
    .args = "",
    .summary = "List devices and whether they are registered",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};

static int run_show(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *path = api_device_path(ctx->args[0], "");
    return api_show(ctx, RF_HTTP_GET, path, NULL, ctx->args[0]);
}

const struct cmd cmd_device_show = {
    .name = "device show",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .summary = "Show a device: lines, registration, certificates, pending operation",
    .uses_site = true,
    .has_json = true,
    .run = run_show,
};

/* "DN[,label[,display name]]"; the name is all that is left, commas included */
static struct rf_json *line_of(const char *text)
{
    struct rf_json *line = rf_json_obj();
    struct rf_slice rest = rf_slice_str(text), piece;
    static const char *const keys[] = {"dn", "label", "display_name"};
    for (size_t i = 0; i < 2 && rf_next_piece(&rest, ',', &piece); i++)
        rf_json_set_slice(line, keys[i], piece);
    if (rest.p != NULL)
        rf_json_set_slice(line, keys[2], rest);
    return line;
}

static int body_of(const struct cmd_ctx *ctx, struct rf_json *body)
{
    static const char *const texts[][2] = {
        {"model", "model"},
        {"mode", "mode"},
        {"media", "media_policy"},
        {"description", "description"},
        {"load", "load"},
        {"load-server", "load_server"},
        {"digest", "digest"},
        {"profile", "profile"},
        {"encrypt-config", "encrypt_config"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (cmd_get(ctx, texts[i][0]) != NULL)
            rf_json_set_str(body, texts[i][1], cmd_get(ctx, texts[i][0]));
    static const char *const flags[] = {"srtp", "protected"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const char *flag = cmd_get(ctx, flags[i]);
        if (flag != NULL && strcmp(flag, "yes") != 0 && strcmp(flag, "no") != 0)
            return cmd_usage(ctx, "--%s is yes or no, not %s", flags[i], flag);
        if (flag != NULL)
            rf_json_set_bool(body, flags[i], strcmp(flag, "yes") == 0);
    }
    int status = cmd_line_rules(ctx, body);
    if (status != CMD_OK)
        return status;
    if (cmd_get(ctx, "line") == NULL)
        return CMD_OK;
    struct rf_json *lines = rf_json_arr();
    for (size_t i = 0; cmd_nth(ctx, "line", i) != NULL; i++)
        rf_json_arr_add_take(lines, line_of(cmd_nth(ctx, "line", i)));
    rf_json_set_take(body, "lines", lines);
    return CMD_OK;
}

/* What may be a slip of the pen, or comes later: said, and no reason to refuse. */
static void warn(const struct cmd_ctx *ctx, const char *device)
{
    static const char *const codes[] = {"load-missing", "model-unknown"};
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    char name[128] = "";
    struct rf_why none = {0};
    if (!rf_http_encode(rf_slice_str(device), name, sizeof name))
        return;
    RF_AUTO(rf_freep) char *target = rf_strf("/v1/lint?device=%s", name);
    if (api_ask(ctx, RF_HTTP_GET, target, NULL, &answer, &none) != RF_OK)
        return;
    const struct rf_json *findings = rf_json_get(answer, "findings");
    for (size_t i = 0; i < rf_json_len(findings); i++) {
        const struct rf_json *one = rf_json_at(findings, i);
        const char *code = rf_json_str(one, "code"), *text = rf_json_str(one, "text");
        for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
            if (code != NULL && text != NULL && strcmp(code, codes[k]) == 0)
                fprintf(stderr, "ringfence %s: warning: %s: %s\n", ctx->cmd->name, device, text);
    }
}

/* A device became another one: show it, and what is strange about it. */
static int show_changed(const struct cmd_ctx *ctx, enum rf_http_method method, const char *path,
                        struct rf_json *take_body)
{
    int status = api_show(ctx, method, path, take_body, ctx->args[0]);
    if (status == CMD_OK)
        warn(ctx, ctx->args[0]);
    return status;
}

static int run_add(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "name", ctx->args[0]);
    rf_json_set_str(body, "mode", "encrypted"); /* unless the options say another */
    int status = body_of(ctx, body);
    if (status == CMD_OK)
        return show_changed(ctx, RF_HTTP_POST, "/v1/devices", body);
    rf_json_free(body);
    return status;
}

#define MODEL_HELP       "as on the phone, e.g. 7962"
#define LOAD_SERVER_HELP "where it gets firmware; empty: as the site's load_server says"
#define DIGEST_HELP      "of its signed files; default: by the model"
#define PROFILE_HELP     "set of configuration values; empty: none"
#define ENCRYPT_HELP     "encrypt its configuration; auto: in mode encrypted, once it has a key"
#define LINE_HELP        "directory number, label beside the button, name shown to others"

static const struct cmd_option add_options[] = {
    {.name = "model", .arg = "MODEL", .help = MODEL_HELP, .is_required = true},
    {.name = "mode", .arg = "nonsecure|authenticated|encrypted", .help = "default encrypted"},
    {.name = "line", .arg = "DN[,LABEL[,NAME]]", .help = LINE_HELP, .repeats = true},
    {.name = "media", .arg = "best-effort|require", .help = "default: media_policy of the site"},
    {.name = "srtp", .arg = "yes|no", .help = "may be given SRTP keys; default yes"},
    {.name = "description", .arg = "TEXT", .help = "for people"},
    {.name = "load", .arg = "LOAD", .help = "firmware it shall run, without .loads"},
    {.name = "load-server", .arg = "HOST", .help = LOAD_SERVER_HELP},
    {.name = "digest", .arg = "model|sha1|sha512", .help = DIGEST_HELP},
    {.name = "profile", .arg = "NAME", .help = PROFILE_HELP},
    {.name = "encrypt-config", .arg = "auto|on|off", .help = ENCRYPT_HELP},
    CMD_LINE_OPTIONS,
};

const struct cmd cmd_device_add = {
    .name = "device add",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .options = add_options,
    .n_options = sizeof add_options / sizeof *add_options,
    .summary = "Add a device with its lines",
    .uses_site = true,
    .has_json = true,
    .run = run_add,
};

static int run_pending(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"name", "device"}, {"address", "address"}, {"first_s", "first"},
        {"last_s", "last"}, {"count", "requests"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/pending", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "pending", &why);
    return cmd_show_rows(ctx, answer, "pending", columns, sizeof columns / sizeof *columns,
                         "no phone has asked that is not a device");
}

const struct cmd cmd_device_pending = {
    .name = "device pending",
    .args = "",
    .summary = "List phones that asked for a configuration and are no devices",
    .help = "Each with its address, when it asked first and last, and how often; with --json also "
            "which files. `ringfence device approve` makes one of them a device.",
    .uses_site = true,
    .has_json = true,
    .run = run_pending,
};

static int run_approve(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    RF_AUTO(rf_freep) char *path = api_device_path(ctx->args[0], "/approve");
    int status = body_of(ctx, body);
    if (status == CMD_OK)
        return show_changed(ctx, RF_HTTP_POST, path, body);
    rf_json_free(body);
    return status;
}

const struct cmd cmd_device_approve = {
    .name = "device approve",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .options = add_options,
    .n_options = sizeof add_options / sizeof *add_options,
    .summary = "Make a device of a phone that is pending or in quarantine",
    .uses_site = true,
    .has_json = true,
    .run = run_approve,
};

static int run_change(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    RF_AUTO(rf_freep) char *path = api_device_path(ctx->args[0], "");
    int status = body_of(ctx, body);
    if (status == CMD_OK && rf_json_len(body) == 0)
        status = cmd_usage(ctx, "nothing to change is named");
    if (status == CMD_OK)
        return show_changed(ctx, RF_HTTP_PUT, path, body);
    rf_json_free(body);
    return status;
}

static const struct cmd_option change_options[] = {
    {.name = "model", .arg = "MODEL", .help = MODEL_HELP},
    {.name = "mode", .arg = "nonsecure|authenticated|encrypted", .help = "device security mode"},
    {.name = "line",
     .arg = "DN[,LABEL[,NAME]]",
     .help = LINE_HELP "; replaces all lines",
     .repeats = true},
    {.name = "media", .arg = "best-effort|require", .help = "may a call be in the clear"},
    {.name = "srtp", .arg = "yes|no", .help = "may be given SRTP keys"},
    {.name = "description", .arg = "TEXT", .help = "for people"},
    {.name = "load",
     .arg = "LOAD",
     .help = "firmware it shall run, without .loads; empty: that of its model"},
    {.name = "load-server", .arg = "HOST", .help = LOAD_SERVER_HELP},
    {.name = "digest", .arg = "model|sha1|sha512", .help = DIGEST_HELP},
    {.name = "profile", .arg = "NAME", .help = PROFILE_HELP},
    {.name = "encrypt-config", .arg = "auto|on|off", .help = ENCRYPT_HELP},
    CMD_LINE_OPTIONS,
};

const struct cmd cmd_device_change = {
    .name = "device change",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .options = change_options,
    .n_options = sizeof change_options / sizeof *change_options,
    .summary = "Change a device; its phone restarts where that is needed",
    .uses_site = true,
    .has_json = true,
    .run = run_change,
};

static int run_remove(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *path = api_device_path(ctx->args[0], "");
    return api_show(ctx, RF_HTTP_DELETE, path, NULL, ctx->args[0]);
}

const struct cmd cmd_device_remove = {
    .name = "device remove",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .summary = "Remove a device; its certificates are revoked and its phone is let go",
    .uses_site = true,
    .has_json = true,
    .run = run_remove,
};

static int run_reset(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *path = api_device_path(ctx->args[0], "/reset");
    struct rf_json *body = rf_json_obj();
    if (cmd_get(ctx, "restart") != NULL && cmd_get(ctx, "apply") != NULL) {
        rf_json_free(body);
        return cmd_usage(ctx, "either --restart or --apply");
    }
    rf_json_set_str(body, "type",
                    cmd_get(ctx, "restart") != NULL ? "restart"
                    : cmd_get(ctx, "apply") != NULL ? "apply"
                                                    : "reset");
    return api_show(ctx, RF_HTTP_POST, path, body, ctx->args[0]);
}

static const struct cmd_option reset_options[] = {
    {.name = "restart", .help = "only register again, without a new start of the phone"},
    {.name = "apply", .help = "only fetch the configuration again"},
};

const struct cmd cmd_device_reset = {
    .name = "device reset",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .options = reset_options,
    .n_options = sizeof reset_options / sizeof *reset_options,
    .summary = "Tell a registered phone to start anew",
    .uses_site = true,
    .has_json = true,
    .run = run_reset,
};
