/* SPDX-License-Identifier: Apache-2.0 */
/* What a running server says of itself: status, events, calls, reload. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/text.h"

static int run_status(struct cmd_ctx *ctx)
{
    return api_show(ctx, RF_HTTP_GET, "/v1/status", NULL, ctx->site);
}

const struct cmd cmd_status = {
    .name = "status",
    .args = "",
    .summary = "Show what the server does, its certificates and its weak choices",
    .uses_site = true,
    .has_json = true,
    .run = run_status,
};

/* An option as the API wants it: a time in seconds, numbers as they are. */
static int value_of(const struct cmd_ctx *ctx, const char *option, const char *given, char *out,
                    size_t cap)
{
    bool is_since = strcmp(option, "since") == 0, is_limit = strcmp(option, "limit") == 0;
    int64_t at = 0;
    uint64_t n = 0;
    if (is_since && !rf_time_parse(given, &at))
        return cmd_usage(ctx, "--since wants a time: " RF_TIME_WORDS ", not %s", given);
    if (!is_since && strcmp(option, "device") != 0 &&
        !rf_parse_u64(rf_slice_str(given), is_limit ? 1 : 0, INT64_MAX, &n))
        return cmd_usage(ctx, "--%s wants a number%s, not %s", option, is_limit ? " from 1" : "",
                         given);
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)at);
    if (!rf_http_encode(rf_slice_str(is_since ? seconds : given), out, cap))
        return cmd_usage(ctx, "--%s is too long", option);
    return CMD_OK;
}

/* "PATH?after=...&since=...", of the options that are given. */
static int query_of(const struct cmd_ctx *ctx, const char *path, char *target, size_t cap)
{
    static const char *const names[] = {"after", "since", "device", "limit"};
    snprintf(target, cap, "%s", path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char value[128];
        const char *given = cmd_get(ctx, names[i]);
        size_t n = strlen(target);
        if (given == NULL)
            continue;
        int status = value_of(ctx, names[i], given, value, sizeof value);
        if (status != CMD_OK)
            return status;
        snprintf(target + n, cap - n, "%c%s=%s", strchr(target, '?') == NULL ? '?' : '&', names[i],
                 value);
    }
    return CMD_OK;
}

/* The user's name here, where the server runs; else the number. */
static void set_by(struct rf_json *row, const struct rf_json *event)
{
    int64_t uid = 0;
    char number[24];
    if (!rf_json_int(event, "uid", &uid))
        return;
    const struct passwd *user = getpwuid((uid_t)uid);
    snprintf(number, sizeof number, "%lld", (long long)uid);
    rf_json_set_str(row, "by", user != NULL ? user->pw_name : number);
}

/* The same rows with who gave the order by name. */
static struct rf_json *event_rows(const struct rf_json *events)
{
    static const char *const texts[] = {"severity", "category", "code", "device", "text"};
    struct rf_json *j = rf_json_obj(), *rows = rf_json_arr();
    for (size_t i = 0; i < rf_json_len(events); i++) {
        const struct rf_json *event = rf_json_at(events, i);
        struct rf_json *row = rf_json_obj();
        int64_t n = 0;
        if (rf_json_int(event, "id", &n))
            rf_json_set_int(row, "id", n);
        if (rf_json_int(event, "time_s", &n))
            rf_json_set_int(row, "time_s", n);
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            rf_json_set_str(row, texts[k], rf_json_str(event, texts[k]));
        set_by(row, event);
        rf_json_arr_add_take(rows, row);
    }
    rf_json_set_take(j, "events", rows);
    return j;
}

static int run_events(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"id", "id"},
        {"time_s", "time"},
        {"severity", "severity"},
        {"category", "category"},
        {"code", "code"},
        {"device", "device"},
        {"by", "by"},
        {"text", "text"},
    };
    char target[1024];
    int status = query_of(ctx, "/v1/events", target, sizeof target);
    if (status != CMD_OK)
        return status;
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, target, NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "events", &why);
    if (ctx->is_json)
        return cmd_print_json(rf_steal(&answer));
    return cmd_show_rows(ctx, event_rows(rf_json_get(answer, "events")), "events", columns,
                         sizeof columns / sizeof *columns, "no events");
}

static const struct cmd_option events_options[] = {
    {.name = "device", .arg = "DEVICE", .help = "only of this device"},
    {.name = "since", .arg = "TIME", .help = "not older: " RF_TIME_WORDS},
    {.name = "after", .arg = "ID", .help = "only younger than the event of this number"},
    {.name = "limit",
     .arg = "N",
     .help = "at most so many, from 1: the youngest, or with --after the next"},
};

const struct cmd cmd_events = {
    .name = "events",
    .args = "",
    .options = events_options,
    .n_options = sizeof events_options / sizeof *events_options,
    .summary = "List what happened: refusals, enrolments, changes and who made them",
    .uses_site = true,
    .has_json = true,
    .run = run_events,
};

static int run_calls(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"id", "call"},       {"state", "state"},       {"calling", "calling"},
        {"called", "called"}, {"security", "security"}, {"start_s", "since"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/calls", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "calls", &why);
    return cmd_show_rows(ctx, answer, "calls", columns, sizeof columns / sizeof *columns,
                         "no calls");
}

const struct cmd cmd_calls = {
    .name = "calls",
    .args = "",
    .summary = "List the calls that are up, with their security",
    .uses_site = true,
    .has_json = true,
    .run = run_calls,
};

static int run_history(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"end_s", "ended"},        {"calling", "calling"},   {"called", "called"},
        {"seconds", "talked (s)"}, {"cause", "cause"},       {"security", "security"},
        {"codec", "codec"},        {"by", "transferred by"}, {"origin", "branch"},
    };
    char target[1024];
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    int status = query_of(ctx, "/v1/calls/history", target, sizeof target);
    if (status != CMD_OK)
        return status;
    if (api_ask(ctx, RF_HTTP_GET, target, NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "calls", &why);
    return cmd_show_rows(ctx, answer, "calls", columns, sizeof columns / sizeof *columns,
                         "no records of calls");
}

static const struct cmd_option history_options[] = {
    {.name = "device", .arg = "DEVICE", .help = "only of this device, also those it transferred"},
    {.name = "since", .arg = "TIME", .help = "ended not before: " RF_TIME_WORDS},
    {.name = "after", .arg = "ID", .help = "only younger than the record of this number"},
    {.name = "limit",
     .arg = "N",
     .help = "at most so many, from 1: the youngest, or with --after the next"},
};

const struct cmd cmd_calls_history = {
    .name = "calls history",
    .args = "",
    .options = history_options,
    .n_options = sizeof history_options / sizeof *history_options,
    .summary = "List calls that ended: who, how long, why, how secure",
    .help = "With --json also each phone's signalling, suite of SRTP and certificate, and who\n"
            "forwarded it. call_record_days and call_record_limit say how long records are kept.",
    .uses_site = true,
    .has_json = true,
    .run = run_history,
};

static int run_reload(struct cmd_ctx *ctx)
{
    return api_show(ctx, RF_HTTP_POST, "/v1/reload", rf_json_obj(), ctx->site);
}

const struct cmd cmd_reload = {
    .name = "reload",
    .args = "",
    .summary = "Have the server read its configuration again",
    .help = "What can change while running does; what cannot is named. A wrong file changes\n"
            "nothing.",
    .uses_site = true,
    .has_json = true,
    .run = run_reload,
};
