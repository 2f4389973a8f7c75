/* SPDX-License-Identifier: Apache-2.0 */
/* What a running server says of itself: status, events, calls, reload. */
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
        if (!rf_http_encode(rf_slice_str(given), value, sizeof value))
            return cmd_usage(ctx, "--%s is too long", names[i]);
        snprintf(target + n, cap - n, "%c%s=%s", strchr(target, '?') == NULL ? '?' : '&', names[i],
                 value);
    }
    return CMD_OK;
}

static int run_events(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"time_s", "time"}, {"severity", "severity"}, {"category", "category"},
        {"code", "code"},   {"device", "device"},     {"text", "text"},
    };
    char target[1024];
    int status = query_of(ctx, "/v1/events", target, sizeof target);
    if (status != CMD_OK)
        return status;
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, target, NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "events", &why);
    return cmd_show_rows(ctx, answer, "events", columns, sizeof columns / sizeof *columns,
                         "no events");
}

static const struct cmd_option events_options[] = {
    {.name = "device", .arg = "DEVICE", .help = "only of this device"},
    {.name = "since", .arg = "SECONDS", .help = "not older than this time (seconds since 1970)"},
    {.name = "after", .arg = "ID", .help = "only younger than the event of this number"},
    {.name = "limit",
     .arg = "N",
     .help = "at most so many: the youngest, or with --after the next"},
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
        {"end_s", "ended"},    {"calling", "calling"},   {"called", "called"},
        {"seconds", "talked"}, {"cause", "cause"},       {"security", "security"},
        {"codec", "codec"},    {"by", "transferred by"}, {"origin", "branch"},
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
    {.name = "since", .arg = "SECONDS", .help = "ended not before (seconds since 1970)"},
    {.name = "after", .arg = "ID", .help = "only younger than the record of this number"},
    {.name = "limit",
     .arg = "N",
     .help = "at most so many: the youngest, or with --after the next"},
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
