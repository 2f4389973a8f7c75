/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence template`, `ringfence device set|unset`: values of configurations. A secret comes from
 * a file or standard input, so that it stands in no list of processes. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/secret.h"
#include "base/text.h"
#include "trust/key.h"
#include "wire/phonexml/phonexml_schema.h"

#define SECRET_MAX RF_SECRET_MAX

/* "PATH=REST" */
static bool split(const char *text, char path[RF_PHONEXML_PATH_SIZE], const char **rest)
{
    struct rf_slice all = rf_slice_str(text);
    size_t at = rf_slice_find(all, rf_slice_str("="));
    *rest = NULL;
    if (at == SIZE_MAX || !rf_slice_to_str(rf_slice_part(all, 0, at), path, RF_PHONEXML_PATH_SIZE))
        return false;
    *rest = text + at + 1;
    return at > 0;
}

static bool is_secret(const char *given)
{
    const struct rf_phonexml_element *e = NULL;
    char path[RF_PHONEXML_PATH_SIZE];
    return rf_phonexml_path(given, path, &e, NULL) == RF_OK && (e->flags & RF_PHONEXML_SECRET) != 0;
}

static int add_values(const struct cmd_ctx *ctx, size_t first, struct rf_json *body)
{
    struct rf_json *set = rf_json_obj();
    rf_json_set_take(body, "set", set);
    for (size_t i = first; i < ctx->n_args; i++) {
        char path[RF_PHONEXML_PATH_SIZE];
        const char *value;
        if (!split(ctx->args[i], path, &value))
            return cmd_usage(ctx, "wants PATH=VALUE, such as vendorConfig/webAccess=disabled");
        if (is_secret(path) && value[0] != '\0')
            return cmd_usage(ctx,
                             "%s is a secret: give it with --secret %s=FILE, and choose another "
                             "one, since every user of this machine may have seen it",
                             path, path);
        if (rf_json_get(set, path) != NULL)
            return cmd_usage(ctx, "%s stands there twice", path);
        rf_json_set_str(set, path, value);
    }
    return CMD_OK;
}

/* Without the line end that an editor leaves. */
static struct rf_slice first_line(struct rf_slice text)
{
    if (rf_slice_ends_with(text, "\n"))
        text = rf_slice_part(text, 0, text.len - 1);
    if (rf_slice_ends_with(text, "\r"))
        text = rf_slice_part(text, 0, text.len - 1);
    return text;
}

static enum rf_err add_secret(struct rf_json *secrets, const char *path, const char *file,
                              struct rf_why *why)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf text = {0};
    enum rf_err err = cmd_read(file, SECRET_MAX, &text, why);
    if (err != RF_OK)
        return err;
    struct rf_slice secret = first_line(rf_buf_slice(&text));
    if (secret.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "secret-empty", "%s holds no secret for %s", file, path);
    rf_json_set_slice(secrets, path, secret);
    return RF_OK;
}

static int add_secrets(struct cmd_ctx *ctx, struct rf_json *body)
{
    struct rf_json *secrets = rf_json_obj();
    rf_json_set_take(body, "secrets", secrets);
    for (size_t i = 0; cmd_nth(ctx, "secret", i) != NULL; i++) {
        char path[RF_PHONEXML_PATH_SIZE];
        const char *file;
        struct rf_why why = {0};
        if (!split(cmd_nth(ctx, "secret", i), path, &file) || file[0] == '\0')
            return cmd_usage(ctx, "--secret wants PATH=FILE, such as sshPassword=pass.txt");
        if (add_secret(secrets, path, file, &why) != RF_OK)
            return cmd_refuse(ctx, file, &why);
    }
    return CMD_OK;
}

static void add_paths(const struct cmd_ctx *ctx, size_t first, struct rf_json *body)
{
    struct rf_json *unset = rf_json_arr();
    for (size_t i = first; i < ctx->n_args; i++)
        rf_json_arr_add_str(unset, ctx->args[i]);
    rf_json_set_take(body, "unset", unset);
}

/* What a change did: of how many values, and whose. */
static void show_change(const struct cmd_ctx *ctx, const struct rf_json *answer)
{
    int64_t changed = 0, devices = 0;
    if (ctx->is_json || !rf_json_int(answer, "changed", &changed) ||
        !rf_json_int(answer, "devices", &devices))
        return;
    printf("%lld value%s changed, for %lld device%s\n", (long long)changed, changed == 1 ? "" : "s",
           (long long)devices, devices == 1 ? "" : "s");
}

static int show_values(struct cmd_ctx *ctx, enum rf_http_method method, const char *target,
                       struct rf_json *take_body, const char *what)
{
    static const struct cmd_column columns[] = {
        {"path", "path"}, {"value", "value"}, {"word", "word"}, {"secret", "secret"}};
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, method, target, take_body, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, what, &why);
    show_change(ctx, answer);
    return cmd_show_rows(ctx, answer, "values", columns, sizeof columns / sizeof *columns,
                         "no values are set there");
}

/* Ask for a change, or drop the body where the command line is wrong. */
static int change(struct cmd_ctx *ctx, int status, const char *target, struct rf_json *body,
                  const char *what)
{
    if (status == CMD_OK)
        return show_values(ctx, RF_HTTP_PUT, target, body, what);
    rf_json_wipe(body);
    rf_json_free(body);
    return status;
}

static int fill(struct cmd_ctx *ctx, size_t first, struct rf_json *body)
{
    int status = add_values(ctx, first, body);
    if (status == CMD_OK)
        status = add_secrets(ctx, body);
    if (status == CMD_OK && cmd_get(ctx, "force") != NULL)
        rf_json_set_bool(body, "force", true);
    return status;
}

/* ---- devices ---- */

static int run_device_set(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *target = api_device_path(ctx->args[0], "/config");
    struct rf_json *body = rf_json_obj();
    return change(ctx, fill(ctx, 1, body), target, body, ctx->args[0]);
}

#define SECRET_OPTION                                                                              \
    {                                                                                              \
        .name = "secret", .arg = "PATH=FILE",                                                      \
        .help = "a password, from a file or standard input (-)", .repeats = true                   \
    }
#define FORCE_OPTION                                                                               \
    {                                                                                              \
        .name = "force", .help = "also elements that no phone is known to have; recorded"          \
    }

static const struct cmd_option set_options[] = {SECRET_OPTION, FORCE_OPTION};

const struct cmd cmd_device_set = {
    .name = "device set",
    .args = "DEVICE [PATH=VALUE...]",
    .args_min = 1,
    .args_max = 65,
    .options = set_options,
    .n_options = sizeof set_options / sizeof *set_options,
    .summary = "Set values of a device's configuration, over those of its templates",
    .help = "`ringfence config elements` lists paths and values; an empty value takes an element "
            "away.\nA registered phone fetches its configuration at once.",
    .uses_site = true,
    .has_json = true,
    .run = run_device_set,
};

static int run_device_unset(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *target = api_device_path(ctx->args[0], "/config");
    struct rf_json *body = rf_json_obj();
    add_paths(ctx, 1, body);
    return change(ctx, CMD_OK, target, body, ctx->args[0]);
}

const struct cmd cmd_device_unset = {
    .name = "device unset",
    .args = "DEVICE PATH...",
    .args_min = 2,
    .args_max = 65,
    .summary = "Forget values of a device's configuration: its templates count again",
    .uses_site = true,
    .has_json = true,
    .run = run_device_unset,
};

/* ---- templates ---- */

#define PLACE "site|model|profile [NAME]"

/* Where the values begin; 0: the command line is wrong, and that was said. */
static size_t place_of(struct cmd_ctx *ctx, struct rf_json *body)
{
    const char *layer = ctx->args[0];
    if (strcmp(layer, "site") != 0 && strcmp(layer, "model") != 0 &&
        strcmp(layer, "profile") != 0) {
        (void)cmd_usage(ctx, "wants site, model NAME or profile NAME, not %s", layer);
        return 0;
    }
    bool is_site = strcmp(layer, "site") == 0;
    if (!is_site && ctx->n_args < 2) {
        (void)cmd_usage(ctx, "%s wants a name", layer);
        return 0;
    }
    rf_json_set_str(body, "layer", layer);
    if (!is_site)
        rf_json_set_str(body, "name", ctx->args[1]);
    return is_site ? 1 : 2;
}

static int run_set(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    size_t first = place_of(ctx, body);
    int status = first == 0 ? CMD_USAGE : fill(ctx, first, body);
    return change(ctx, status, "/v1/templates", body, ctx->args[0]);
}

const struct cmd cmd_template_set = {
    .name = "template set",
    .args = PLACE " [PATH=VALUE...]",
    .args_min = 1,
    .args_max = 66,
    .options = set_options,
    .n_options = sizeof set_options / sizeof *set_options,
    .summary = "Set values for the configurations of a site, a model or a profile",
    .help = "A model is as devices have it, e.g. 8861; a profile any name that devices are given\n"
            "with `ringfence device change --profile`. Their registered phones fetch their\n"
            "configurations, five a second.",
    .uses_site = true,
    .has_json = true,
    .run = run_set,
};

static int run_unset(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    size_t first = place_of(ctx, body);
    int status = first == 0 ? CMD_USAGE : CMD_OK;
    if (status == CMD_OK && first >= ctx->n_args)
        status = cmd_usage(ctx, "wants a path, such as vendorConfig/webAccess");
    if (status == CMD_OK)
        add_paths(ctx, first, body);
    return change(ctx, status, "/v1/templates", body, ctx->args[0]);
}

const struct cmd cmd_template_unset = {
    .name = "template unset",
    .args = PLACE " PATH...",
    .args_min = 2,
    .args_max = 66,
    .summary = "Forget values of a site, a model or a profile",
    .uses_site = true,
    .has_json = true,
    .run = run_unset,
};

static int run_show(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"layer", "layer"}, {"name", "name"}, {"values", "values"}};
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    char name[128] = "";
    if (ctx->n_args == 0) {
        if (api_ask(ctx, RF_HTTP_GET, "/v1/templates", NULL, &answer, &why) != RF_OK)
            return cmd_refuse(ctx, "templates", &why);
        return cmd_show_rows(ctx, answer, "templates", columns, sizeof columns / sizeof *columns,
                             "no values are set: `ringfence template set` sets some");
    }
    RF_AUTO(rf_json_freep) struct rf_json *place = rf_json_obj();
    if (place_of(ctx, place) == 0)
        return CMD_USAGE;
    if (ctx->n_args > 1 && !rf_http_encode(rf_slice_str(ctx->args[1]), name, sizeof name))
        return cmd_usage(ctx, "no template has so long a name");
    RF_AUTO(rf_freep) char *target = rf_strf("/v1/templates?layer=%s&name=%s", ctx->args[0], name);
    return show_values(ctx, RF_HTTP_GET, target, NULL, ctx->args[0]);
}

const struct cmd cmd_template_show = {
    .name = "template show",
    .args = "[" PLACE "]",
    .args_max = 2,
    .summary = "Show the values of a site, model or profile, or which have any",
    .uses_site = true,
    .has_json = true,
    .run = run_show,
};
