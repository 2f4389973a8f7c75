/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence campaign`: how they stand, and what became of each phone. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/text.h"

#define BAR 30

static char *path_of(const char *name, const char *tail)
{
    char encoded[128];
    if (!rf_http_encode(rf_slice_str(name), encoded, sizeof encoded))
        encoded[0] = '\0';
    return rf_strf("/v1/campaigns/%s%s", encoded, tail);
}

static int64_t number(const struct rf_json *obj, const char *key)
{
    int64_t n = 0;
    (void)rf_json_int(obj, key, &n);
    return n;
}

/* ---- list, show ---- */

static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"name", "campaign"},     {"state", "state"},      {"op", "operation"},  {"auth", "proof"},
        {"total", "devices"},     {"success", "success"},  {"failed", "failed"}, {"left", "to do"},
        {"started_s", "started"}, {"complete_by_s", "by"}, {"window", "window"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/campaigns", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "campaigns", &why);
    if (ctx->is_json)
        return cmd_print_json(answer);
    struct rf_json *j = rf_json_obj(), *rows = rf_json_arr();
    const struct rf_json *all = rf_json_get(answer, "campaigns");
    for (size_t i = 0; i < rf_json_len(all); i++) {
        const struct rf_json *one = rf_json_at(all, i), *n = rf_json_get(one, "devices");
        struct rf_json *row = rf_json_obj();
        static const char *const texts[] = {"name", "state", "op", "auth", "window"};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            rf_json_set_str(row, texts[k], rf_json_str(one, texts[k]));
        rf_json_set_int(row, "total", number(n, "total"));
        rf_json_set_int(row, "success", number(n, "success"));
        rf_json_set_int(row, "failed", number(n, "failed"));
        rf_json_set_int(row, "left",
                        number(n, "none") + number(n, "pending") + number(n, "in_progress"));
        rf_json_set_int(row, "started_s", number(one, "started_s"));
        rf_json_set_int(row, "complete_by_s", number(one, "complete_by_s"));
        rf_json_arr_add_take(rows, row);
    }
    rf_json_free(answer);
    rf_json_set_take(j, "campaigns", rows);
    return cmd_show_rows(ctx, j, "campaigns", columns, sizeof columns / sizeof *columns,
                         "no campaigns");
}

const struct cmd cmd_campaign_list = {
    .name = "campaign list",
    .args = "",
    .summary = "List campaigns and how far they are",
    .help = "The last 64 are kept. \"renewal\" is the server's own, with `renew = yes`.",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};

static int run_show(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *path = path_of(ctx->args[0], "");
    return api_show(ctx, RF_HTTP_GET, path, NULL, ctx->args[0]);
}

const struct cmd cmd_campaign_show = {
    .name = "campaign show",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "Show a campaign: what it does, how fast, and how far it is",
    .uses_site = true,
    .has_json = true,
    .run = run_show,
};

/* ---- pause, resume, stop ---- */

static int act(struct cmd_ctx *ctx, const char *action)
{
    RF_AUTO(rf_freep) char *path = path_of(ctx->args[0], "");
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "action", action);
    return api_show(ctx, RF_HTTP_POST, path, body, ctx->args[0]);
}

static int run_pause(struct cmd_ctx *ctx)
{
    return act(ctx, "pause");
}

const struct cmd cmd_campaign_pause = {
    .name = "campaign pause",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "Begin no more phones; those under way go on",
    .uses_site = true,
    .has_json = true,
    .run = run_pause,
};

static int run_resume(struct cmd_ctx *ctx)
{
    return act(ctx, "resume");
}

const struct cmd cmd_campaign_resume = {
    .name = "campaign resume",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "Go on with a campaign that is paused",
    .uses_site = true,
    .has_json = true,
    .run = run_resume,
};

static int run_stop(struct cmd_ctx *ctx)
{
    return act(ctx, "stop");
}

const struct cmd cmd_campaign_stop = {
    .name = "campaign stop",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "End a campaign: operations that phones have not begun are dropped",
    .uses_site = true,
    .has_json = true,
    .run = run_stop,
};

/* ---- watch ---- */

static void draw(const struct rf_json *campaign)
{
    const struct rf_json *n = rf_json_get(campaign, "devices");
    int64_t total = number(n, "total");
    int64_t ended = number(n, "success") + number(n, "failed") + number(n, "taken_over");
    int full = total > 0 ? (int)(ended * BAR / total) : BAR;
    printf("\r[%.*s%.*s] %lld/%lld %s: success %lld, failed %lld, in progress %lld, pending %lld ",
           full, "##############################", BAR - full, "..............................",
           (long long)ended, (long long)total, rf_json_str(campaign, "state"),
           (long long)number(n, "success"), (long long)number(n, "failed"),
           (long long)number(n, "in_progress"), (long long)number(n, "pending"));
    fflush(stdout);
}

static bool has_ended(const struct rf_json *campaign)
{
    const struct rf_json *n = rf_json_get(campaign, "devices");
    const char *state = rf_json_str(campaign, "state");
    bool is_over = state != NULL && (strcmp(state, "done") == 0 || strcmp(state, "stopped") == 0);
    return is_over && number(n, "pending") + number(n, "in_progress") == 0;
}

static int run_watch(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *path = path_of(ctx->args[0], "");
    RF_AUTO(rf_json_freep) struct rf_json *now = NULL;
    struct rf_why why = {0};
    bool has_terminal = isatty(STDOUT_FILENO) == 1 && !ctx->is_json;
    for (;;) {
        if (api_ask(ctx, RF_HTTP_GET, path, NULL, &now, &why) != RF_OK)
            return cmd_refuse(ctx, ctx->args[0], &why);
        if (has_terminal)
            draw(now);
        if (has_ended(now))
            break;
        rf_json_freep(&now);
        sleep(1);
    }
    if (has_terminal)
        putchar('\n');
    const struct rf_json *n = rf_json_get(now, "devices");
    bool is_well = number(n, "failed") + number(n, "taken_over") == 0;
    int status = has_terminal ? CMD_OK : cmd_show(ctx, rf_steal(&now));
    return status == CMD_OK && !is_well ? CMD_REFUSED : status;
}

const struct cmd cmd_campaign_watch = {
    .name = "campaign watch",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "Follow a campaign until it has ended",
    .help = "On a terminal with a bar; else nothing is said before the end. Exit status 1 when a\n"
            "phone failed or was taken over.",
    .uses_site = true,
    .has_json = true,
    .run = run_watch,
};

/* ---- report ---- */

static enum rf_err add_page(const struct cmd_ctx *ctx, struct rf_json *members, char next[64],
                            struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    RF_AUTO(rf_freep) char *tail = rf_strf("/members?after=%s", next);
    RF_AUTO(rf_freep) char *path = path_of(ctx->args[0], tail);
    enum rf_err err = api_ask(ctx, RF_HTTP_GET, path, NULL, &answer, why);
    next[0] = '\0';
    if (err != RF_OK)
        return err;
    const struct rf_json *page = rf_json_get(answer, "members");
    for (size_t i = 0; i < rf_json_len(page); i++)
        rf_json_arr_add_take(members, rf_json_dup(rf_json_at(page, i)));
    const char *last = rf_json_str(answer, "next");
    if (last != NULL && !rf_http_encode(rf_slice_str(last), next, 64))
        next[0] = '\0';
    return RF_OK;
}

static const char *time_cell(const struct rf_json *member, const char *key, char buf[32])
{
    int64_t at = number(member, key);
    return at != 0 ? rf_time_text(at, buf, 32) : "";
}

static const char *text_cell(const struct rf_json *member, const char *key)
{
    const char *text = rf_json_str(member, key);
    return text != NULL ? text : "";
}

static int print_csv(const struct rf_json *members)
{
    puts("device,status,turns,begun,ended,last_try,certificate_before,certificate_after");
    for (size_t i = 0; i < rf_json_len(members); i++) {
        const struct rf_json *m = rf_json_at(members, i);
        char begun[32], ended[32];
        printf("%s,%s,%lld,%s,%s,%s,%s,%s\n", text_cell(m, "device"), text_cell(m, "status"),
               (long long)number(m, "turns"), time_cell(m, "begun_s", begun),
               time_cell(m, "ended_s", ended), text_cell(m, "last_try"),
               text_cell(m, "certificate_before"), text_cell(m, "certificate_after"));
    }
    return fflush(stdout) == 0 ? CMD_OK : CMD_REFUSED;
}

static int run_report(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"device", "device"},
        {"status", "status"},
        {"turns", "turns"},
        {"begun_s", "begun"},
        {"ended_s", "ended"},
        {"last_try", "last try"},
        {"certificate_before", "certificate before"},
        {"certificate_after", "certificate after"},
    };
    RF_AUTO(rf_json_freep) struct rf_json *report = NULL;
    RF_AUTO(rf_freep) char *path = path_of(ctx->args[0], "");
    struct rf_why why = {0};
    char next[64] = "";
    if (api_ask(ctx, RF_HTTP_GET, path, NULL, &report, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *members = rf_json_arr();
    rf_json_set_take(report, "members", members);
    do {
        if (add_page(ctx, members, next, &why) != RF_OK)
            return cmd_refuse(ctx, ctx->args[0], &why);
    } while (next[0] != '\0');
    if (cmd_get(ctx, "csv") != NULL)
        return print_csv(members);
    return cmd_show_rows(ctx, rf_steal(&report), "members", columns,
                         sizeof columns / sizeof *columns, "no devices");
}

static const struct cmd_option report_options[] = {
    {.name = "csv", .help = "as comma-separated values"},
};

const struct cmd cmd_campaign_report = {
    .name = "campaign report",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .options = report_options,
    .n_options = sizeof report_options / sizeof *report_options,
    .summary = "What became of each phone of a campaign, with its certificates before and after",
    .uses_site = true,
    .has_json = true,
    .run = run_report,
};
