/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence config device|lint|elements`: the configuration of a device, looked at. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/text.h"
#include "wire/phonexml/phonexml_schema.h"

/* ---- device ---- */

/* What may tell who, where and how to get in: for a report to strangers. */
static bool is_telling(const char *path)
{
    const struct rf_phonexml_element *e = NULL;
    char spelled[RF_PHONEXML_PATH_SIZE];
    if (rf_phonexml_path(path, spelled, &e, NULL) != RF_OK)
        return true;
    return e->type == RF_PHONEXML_TYPE_HOST || e->type == RF_PHONEXML_TYPE_URL ||
           e->type == RF_PHONEXML_TYPE_BASE64 ||
           (e->type == RF_PHONEXML_TYPE_TEXT && (e->flags & RF_PHONEXML_MADE) == 0);
}

static struct rf_json *value_row(const struct rf_json *value, bool is_redacted)
{
    struct rf_json *row = rf_json_obj();
    const char *path = rf_json_str(value, "path"), *text = rf_json_str(value, "value");
    bool is_secret = false, is_forced = false;
    (void)rf_json_bool(value, "secret", &is_secret);
    (void)rf_json_bool(value, "forced", &is_forced);
    if (path == NULL)
        path = "";
    if (is_secret)
        text = "(secret)";
    else if (text == NULL || text[0] == '\0')
        text = "(taken away)";
    else if (is_redacted && is_telling(path))
        text = "(redacted)";
    rf_json_set_str(row, "path", path);
    rf_json_set_str(row, "value", text);
    rf_json_set_str(row, "word", rf_json_str(value, "word"));
    rf_json_set_str(row, "layer", rf_json_str(value, "layer"));
    rf_json_set_bool(row, "forced", is_forced);
    return row;
}

static struct rf_json *value_rows(const struct rf_json *values, bool is_redacted)
{
    struct rf_json *rows = rf_json_arr();
    for (size_t i = 0; i < rf_json_len(values); i++)
        rf_json_arr_add_take(rows, value_row(rf_json_at(values, i), is_redacted));
    return rows;
}

static int run_device(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"path", "path"}, {"value", "value"}, {"word", "word"}, {"layer", "layer"}};
    static const char *const told[] = {"protection", "encrypted_for", "stamp"};
    RF_AUTO(rf_freep) char *target = api_device_path(ctx->args[0], "/config");
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    bool is_redacted = cmd_get(ctx, "redact") != NULL;
    struct rf_why why = {0};
    if (is_redacted && cmd_get(ctx, "xml") != NULL)
        return cmd_usage(ctx, "--redact is for the table, not for --xml");
    if (api_ask(ctx, RF_HTTP_GET, target, NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    const struct rf_json *c = rf_json_get(answer, "configuration");
    const char *document = rf_json_str(c, "document");
    if (cmd_get(ctx, "xml") != NULL)
        return document != NULL && fputs(document, stdout) >= 0 ? CMD_OK : CMD_REFUSED;
    struct rf_json *out = rf_json_obj();
    rf_json_set_str(out, "device", ctx->args[0]);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        rf_json_set_str(out, told[i], rf_json_str(c, told[i]));
    if (!is_redacted)
        rf_json_set_str(out, "document", document);
    rf_json_set_take(out, "values", value_rows(rf_json_get(c, "values"), is_redacted));
    return cmd_show_rows(ctx, out, "values", columns, sizeof columns / sizeof *columns, "nothing");
}

static const struct cmd_option device_options[] = {
    {.name = "redact", .help = "without addresses, names and texts, to show to strangers"},
    {.name = "xml", .help = "the document as the phone gets it, without its secrets"},
};

const struct cmd cmd_config_device = {
    .name = "config device",
    .args = "DEVICE",
    .args_min = 1,
    .args_max = 1,
    .options = device_options,
    .n_options = sizeof device_options / sizeof *device_options,
    .summary = "Show a device's configuration, and whose each value is",
    .uses_site = true,
    .has_json = true,
    .run = run_device,
};

/* ---- lint ---- */

static bool has_error(const struct rf_json *findings)
{
    for (size_t i = 0; i < rf_json_len(findings); i++) {
        const char *severity = rf_json_str(rf_json_at(findings, i), "severity");
        if (severity != NULL && strcmp(severity, "error") == 0)
            return true;
    }
    return false;
}

static int run_lint(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {{"device", "device"},
                                                {"severity", "severity"},
                                                {"code", "code"},
                                                {"path", "path"},
                                                {"text", "text"}};
    char name[128] = "";
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    bool is_all = cmd_get(ctx, "all") != NULL;
    if (is_all == (ctx->n_args > 0))
        return cmd_usage(ctx, "wants a device, or --all");
    if (!is_all && !rf_http_encode(rf_slice_str(ctx->args[0]), name, sizeof name))
        return cmd_usage(ctx, "no device has so long a name");
    RF_AUTO(rf_freep)
    char *target = is_all ? rf_strdup("/v1/lint") : rf_strf("/v1/lint?device=%s", name);
    if (api_ask(ctx, RF_HTTP_GET, target, NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, is_all ? "devices" : ctx->args[0], &why);
    bool is_bad = has_error(rf_json_get(answer, "findings"));
    int status = cmd_show_rows(ctx, answer, "findings", columns, sizeof columns / sizeof *columns,
                               "nothing to say");
    return status == CMD_OK && is_bad ? CMD_REFUSED : status;
}

static const struct cmd_option lint_options[] = {{.name = "all", .help = "every device"}};

const struct cmd cmd_config_lint = {
    .name = "config lint",
    .args = "[DEVICE]",
    .args_max = 1,
    .options = lint_options,
    .n_options = sizeof lint_options / sizeof *lint_options,
    .summary = "Look configurations over for what phones stumble over",
    .help = "Exit status 1 when a phone would not work by its configuration.",
    .uses_site = true,
    .has_json = true,
    .run = run_lint,
};

/* ---- elements ---- */

static struct rf_json *element_row(const struct rf_phonexml_element *e)
{
    struct rf_json *row = rf_json_obj();
    char limits[64] = "";
    bool is_made = (e->flags & RF_PHONEXML_MADE) != 0;
    if (e->type == RF_PHONEXML_TYPE_NUMBER)
        snprintf(limits, sizeof limits, "%u to %u", e->min, e->max);
    else if (e->words == NULL && e->type != RF_PHONEXML_TYPE_BOOL)
        snprintf(limits, sizeof limits, "at most %u characters", e->max);
    rf_json_set_str(row, "path", e->path);
    rf_json_set_str(row, "type", is_made ? "set by" : rf_phonexml_type_name(e->type));
    rf_json_set_str(row, "values", e->words != NULL ? e->words : limits);
    rf_json_set_str(row, "only", (e->flags & RF_PHONEXML_SIP) != 0 ? "SIP" : NULL);
    rf_json_set_bool(row, "secret", (e->flags & RF_PHONEXML_SECRET) != 0);
    return row;
}

static int run_elements(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {{"path", "path"},
                                                {"type", "type"},
                                                {"values", "values"},
                                                {"only", "only"},
                                                {"secret", "secret"}};
    struct rf_json *out = rf_json_obj(), *rows = rf_json_arr();
    for (size_t i = 0; i < rf_phonexml_elements_n; i++)
        if (ctx->n_args == 0 || strcasestr(rf_phonexml_elements[i].path, ctx->args[0]) != NULL)
            rf_json_arr_add_take(rows, element_row(&rf_phonexml_elements[i]));
    rf_json_set_take(out, "elements", rows);
    return cmd_show_rows(ctx, out, "elements", columns, sizeof columns / sizeof *columns,
                         "no element has this in its path");
}

const struct cmd cmd_config_elements = {
    .name = "config elements",
    .args = "[WORD]",
    .args_max = 1,
    .summary = "List the elements of phones' configurations, and what they take",
    .has_json = true,
    .run = run_elements,
};
