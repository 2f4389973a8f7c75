/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence meet-me`: numbers under which phones meet. */
#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"

static int run_add(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "number", ctx->args[0]);
    if (cmd_get(ctx, "least") != NULL)
        rf_json_set_str(body, "least", cmd_get(ctx, "least"));
    return api_show(ctx, RF_HTTP_POST, "/v1/meet-me", body, ctx->args[0]);
}

static const struct cmd_option add_options[] = {
    {.name = "least",
     .arg = "none|authenticated|encrypted",
     .help = "who may come in: phones that are at least so secure; default none"},
};

const struct cmd cmd_meet_me_add = {
    .name = "meet-me add",
    .args = "NUMBER",
    .args_min = 1,
    .args_max = 1,
    .options = add_options,
    .n_options = sizeof add_options / sizeof *add_options,
    .summary = "Add a number under which phones meet, or change who may come in",
    .help =
        "A conference begins when somebody presses MeetMe and dials the number; others dial it\n"
        "like any number. No line may have it.",
    .uses_site = true,
    .has_json = true,
    .run = run_add,
};

static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"number", "number"}, {"least", "least"}, {"added_s", "added"}};
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/meet-me", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "meet-me", &why);
    return cmd_show_rows(ctx, answer, "meet_me", columns, sizeof columns / sizeof *columns,
                         "no Meet-Me numbers: `ringfence meet-me add` adds one");
}

const struct cmd cmd_meet_me_list = {
    .name = "meet-me list",
    .args = "",
    .summary = "List the numbers under which phones meet",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};

static int run_remove(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "number", ctx->args[0]);
    return api_show(ctx, RF_HTTP_DELETE, "/v1/meet-me", body, ctx->args[0]);
}

const struct cmd cmd_meet_me_remove = {
    .name = "meet-me remove",
    .args = "NUMBER",
    .args_min = 1,
    .args_max = 1,
    .summary = "Remove a Meet-Me number; its conference ends",
    .uses_site = true,
    .has_json = true,
    .run = run_remove,
};
