/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence campaign start`: who, what, how fast, and the strings for whoever types them. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/secret.h"
#include "base/text.h"
#include "trust/key.h"

#define DEVICES_BYTES_MAX ((size_t)512 * 1024)

/* ---- the command line ---- */

static bool parse_ahead(struct rf_slice text, int64_t now_s, int64_t *out)
{
    static const struct {
        char unit;
        int64_t s;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}};
    struct rf_rd rd = rf_rd_of(text);
    struct rf_slice number;
    uint64_t n = 0;
    uint8_t unit = 0;
    if (text.len < 2 || !rf_rd_slice(&rd, text.len - 1, &number) || !rf_rd_u8(&rd, &unit) ||
        !rf_parse_u64(number, 1, 100000, &n))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit != (char)unit)
            continue;
        *out = now_s + (int64_t)n * units[i].s;
        return true;
    }
    return false;
}

/* "2027-01-31", "2027-01-31T05:00Z", or "3d" from now. */
static bool parse_when(const char *text, int64_t *out)
{
    return parse_ahead(rf_slice_str(text), (int64_t)time(NULL), out) || rf_time_parse(text, out);
}

static int add_times(const struct cmd_ctx *ctx, struct rf_json *body)
{
    static const struct {
        const char *option;
        const char *member;
    } times[] = {{"complete-by", "complete_by_s"}, {"expires-before", "expires_before_s"}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const char *given = cmd_get(ctx, times[i].option);
        int64_t at = 0;
        if (given != NULL && !parse_when(given, &at))
            return cmd_usage(ctx,
                             "--%s is a date as 2027-01-31 or 2027-01-31T05:00Z, or a time "
                             "from now as 12h or 3d, not %s",
                             times[i].option, given);
        if (given != NULL)
            rf_json_set_int(body, times[i].member, at);
    }
    return CMD_OK;
}

static int add_numbers(const struct cmd_ctx *ctx, struct rf_json *body)
{
    static const struct {
        const char *option;
        const char *member;
    } numbers[] = {
        {"rate", "rate"}, {"parallel", "parallel"}, {"turn", "turn_min"}, {"key-bits", "key_bits"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *given = cmd_get(ctx, numbers[i].option);
        uint64_t n = 0;
        if (given != NULL && !rf_parse_u64(rf_slice_str(given), 0, 1000000, &n))
            return cmd_usage(ctx, "--%s is a number, not %s", numbers[i].option, given);
        if (given != NULL)
            rf_json_set_int(body, numbers[i].member, (int64_t)n);
    }
    return CMD_OK;
}

static void add_words(const struct cmd_ctx *ctx, struct rf_json *body)
{
    static const struct {
        const char *option;
        const char *member;
    } texts[] = {{"model", "model"},   {"profile", "profile"},     {"issuer", "issuer"},
                 {"window", "window"}, {"failed-of", "failed_of"}, {"key", "key_type"}};
    static const struct {
        const char *option;
        const char *member;
    } flags[] = {{"all", "all"}, {"due", "due"}, {"without-lsc", "without_lsc"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (cmd_get(ctx, texts[i].option) != NULL)
            rf_json_set_str(body, texts[i].member, cmd_get(ctx, texts[i].option));
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (cmd_get(ctx, flags[i].option) != NULL)
            rf_json_set_bool(body, flags[i].member, true);
    const char *op = cmd_get(ctx, "operation");
    rf_json_set_str(body, "op", op != NULL ? op : "install");
    rf_json_set_str(body, "auth", cmd_get(ctx, "auth"));
    if (strcmp(ctx->args[0], "auto") != 0)
        rf_json_set_str(body, "name", ctx->args[0]);
}

static enum rf_err add_devices(const struct cmd_ctx *ctx, struct rf_json *body, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
    const char *file = cmd_get(ctx, "devices-file");
    if (file == NULL && cmd_get(ctx, "device") == NULL)
        return RF_OK;
    struct rf_json *names = rf_json_arr();
    rf_json_set_take(body, "devices", names);
    for (size_t i = 0; cmd_nth(ctx, "device", i) != NULL; i++)
        rf_json_arr_add_str(names, cmd_nth(ctx, "device", i));
    enum rf_err err = file != NULL ? cmd_read(file, DEVICES_BYTES_MAX, &text, why) : RF_OK;
    struct rf_slice rest = rf_buf_slice(&text), line;
    while (err == RF_OK && rf_next_piece(&rest, '\n', &line)) {
        struct rf_slice name = rf_trim(line);
        if (name.len > 0 && !rf_slice_starts_with(name, "#"))
            rf_json_arr_add_slice(names, name);
    }
    return err;
}

/* ---- strings ---- */

/* Each is shown once: the file is opened before anything is started. */
static enum rf_err write_strings(struct cmd_out *out, const struct rf_json *strings,
                                 struct rf_why *why)
{
    enum rf_err err = cmd_out_add(out, rf_slice_str("device,string\n"), why);
    for (size_t i = 0; i < rf_json_len(strings) && err == RF_OK; i++) {
        const struct rf_json *one = rf_json_at(strings, i);
        char line[64];
        snprintf(line, sizeof line, "%s,%s\n", rf_json_str(one, "device"),
                 rf_json_str(one, "string"));
        err = cmd_out_add(out, rf_slice_str(line), why);
        rf_wipe(line, sizeof line);
    }
    return err == RF_OK ? cmd_out_commit(out, why) : err;
}

/* Strings are drawn for names: those that a choice means are asked for before. */
static enum rf_err resolve(const struct cmd_ctx *ctx, struct rf_json *body, struct rf_why *why)
{
    static const char *const choices[] = {"all",    "model",       "profile",          "due",
                                          "issuer", "without_lsc", "expires_before_s", "failed_of"};
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    RF_AUTO(rf_buf_wipe) struct rf_buf text = RF_BUF(RF_HTTP_BODY_MAX);
    struct rf_json *copy = NULL;
    if (strcmp(cmd_get(ctx, "auth"), "string") != 0 || rf_json_get(body, "devices") != NULL ||
        rf_json_get(body, "string") != NULL)
        return RF_OK;
    enum rf_err err = rf_json_dump(body, 0, &text);
    if (err == RF_OK)
        err = rf_json_parse(rf_buf_slice(&text), &copy, why);
    if (err != RF_OK)
        return err;
    rf_json_set_bool(copy, "dry_run", true);
    err = api_ask(ctx, RF_HTTP_POST, "/v1/campaigns", copy, &answer, why);
    if (err != RF_OK)
        return err;
    struct rf_json *names = rf_json_arr();
    const struct rf_json *found = rf_json_get(answer, "devices");
    for (size_t i = 0; i < rf_json_len(found); i++)
        rf_json_arr_add_str(names, rf_json_at_str(found, i));
    rf_json_set_take(body, "devices", names);
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        rf_json_unset(body, choices[i]);
    return RF_OK;
}

/* ---- asking ---- */

static int show_started(const struct cmd_ctx *ctx, struct cmd_out *out, struct rf_json *take_answer)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = take_answer;
    struct rf_why why = {0};
    const struct rf_json *strings = rf_json_get(answer, "strings");
    if (strings != NULL && out->is_open) {
        if (write_strings(out, strings, &why) != RF_OK)
            return cmd_refuse(ctx, cmd_get(ctx, "strings-file"), &why);
        rf_json_unset(answer, "strings");
    }
    return cmd_show(ctx, rf_steal(&answer));
}

static int start(const struct cmd_ctx *ctx, struct rf_json *take_body)
{
    RF_AUTO(cmd_out_fini) struct cmd_out out = {.is_open = false};
    RF_AUTO(rf_json_freep) struct rf_json *body = take_body;
    const char *file = cmd_get(ctx, "strings-file");
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    enum rf_err err = add_devices(ctx, body, &why);
    if (err == RF_OK)
        err = api_add_string(ctx, body, &why);
    if (err == RF_OK && file != NULL)
        err = cmd_out_begin(&out, file, 0600, &why);
    if (err == RF_OK && cmd_get(ctx, "dry-run") == NULL)
        err = resolve(ctx, body, &why);
    else if (err == RF_OK)
        rf_json_set_bool(body, "dry_run", true);
    if (err == RF_OK)
        err = api_ask(ctx, RF_HTTP_POST, "/v1/campaigns", rf_steal(&body), &answer, &why);
    return err == RF_OK ? show_started(ctx, &out, answer) : cmd_refuse(ctx, ctx->args[0], &why);
}

static int run_start(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    add_words(ctx, body);
    int status = add_times(ctx, body);
    if (status == CMD_OK)
        status = add_numbers(ctx, body);
    if (status == CMD_OK)
        return start(ctx, body);
    rf_json_free(body);
    return status;
}

static const struct cmd_option start_options[] = {
    {.name = "all", .help = "every device; not those in quarantine, as in all that follow"},
    {.name = "device", .arg = "DEVICE", .help = "this device", .repeats = true},
    {.name = "devices-file", .arg = "FILE", .help = "those of this file, a name a line"},
    {.name = "model", .arg = "MODEL", .help = "those of this model"},
    {.name = "profile", .arg = "NAME", .help = "those whose configuration uses this profile"},
    {.name = "due", .help = "those whose LSC has lived two thirds of its life, or has expired"},
    {.name = "without-lsc", .help = "those that have no LSC in force"},
    {.name = "issuer", .arg = "SHA256", .help = "those whose LSC is from this issuer"},
    {.name = "expires-before", .arg = "DATE", .help = "those whose LSC ends before"},
    {.name = "failed-of", .arg = "NAME", .help = "those that failed in this campaign"},
    {.name = "auth",
     .arg = "mic|lsc|string|null",
     .help = "how they prove themselves; null needs capf_null_string",
     .is_required = true},
    {.name = "operation", .arg = "install|delete|fetch", .help = "default install"},
    {.name = "key", .arg = "rsa|ec|ec-preferred", .help = "which key they make; default rsa"},
    {.name = "key-bits", .arg = "N", .help = "its size; default: lsc_key_bits, and 384 for EC"},
    {.name = "rate", .arg = "N", .help = "begin so many a minute, at most; default 30"},
    {.name = "parallel",
     .arg = "N",
     .help = "so many at one time, at most (0: no bound); default 20, by string 0"},
    {.name = "window",
     .arg = "HH:MM-HH:MM",
     .help = "only in this part of the day, local time of the server"},
    {.name = "turn",
     .arg = "MINUTES",
     .help = "who has not come by then is put behind the others (0: never); default 10, by string "
             "0"},
    {.name = "complete-by",
     .arg = "DATE",
     .help = "2027-01-31, 2027-01-31T05:00Z, or from now 12h, 3d; default 7d"},
    {.name = "string-file",
     .arg = "FILE",
     .help = "one authentication string for all (- reads it); else each gets one of its own"},
    {.name = "strings-file",
     .arg = "FILE",
     .help = "write the strings there (0600), and do not show them"},
    {.name = "dry-run", .help = "only say which devices are meant"},
};

const struct cmd cmd_campaign_start = {
    .name = "campaign start",
    .args = "NAME|auto",
    .args_min = 1,
    .args_max = 1,
    .options = start_options,
    .n_options = sizeof start_options / sizeof *start_options,
    .summary = "Enrol or renew many phones, so many a minute",
    .help =
        "Phones are told one after the other to fetch their configuration, which tells them to\n"
        "enrol; who is in a call is told afterwards, and who is not there fetches it when it\n"
        "comes. What is chosen by several options is what all of them say. `campaign watch`\n"
        "shows how it goes, `campaign report` what became of each phone.",
    .uses_site = true,
    .has_json = true,
    .run = run_start,
};
