/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence: the administrator's command line. Finds the command, takes its options apart, runs it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ringfence/cmd.h"
#include "app/ringfence/cmd_help.h"
#include "app/ringfence/owner.h"
#include "base/log.h"
#include "base/secret.h"
#include "trust/provider.h"

#define SITE_DEFAULT "/var/lib/ringfence"
#define OPTIONS_MAX  32
#define WORD_MAX     4096 /* of the line: paths and texts for people are shorter */
/* Values of getopt's `val` for what every command has; a command's own options follow. */
enum { OPT_HELP = 1, OPT_JSON, OPT_SITE, OPT_OWN };

/* How many words of the line are the command's name; 0 when it is not this command. */
static int words_of(const struct cmd *cmd, int argc, char **argv)
{
    char name[64];
    snprintf(name, sizeof name, "%s", cmd->name);
    char *rest = name;
    int n = 0;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " "), n++)
        if (n >= argc || strcmp(argv[n], word) != 0)
            return 0;
    return n;
}

static size_t add_options(const struct cmd *cmd, struct option *out)
{
    size_t n = 0;
    out[n++] = (struct option){"help", no_argument, NULL, OPT_HELP};
    if (cmd->has_json)
        out[n++] = (struct option){"json", no_argument, NULL, OPT_JSON};
    if (cmd->uses_site)
        out[n++] = (struct option){"site", required_argument, NULL, OPT_SITE};
    for (size_t i = 0; i < cmd->n_options; i++)
        out[n++] = (struct option){cmd->options[i].name,
                                   cmd->options[i].arg != NULL ? required_argument : no_argument,
                                   NULL, OPT_OWN + (int)i};
    return n;
}

static int take_own(struct cmd_ctx *ctx, const struct cmd_option *option, const char *value)
{
    if (!option->repeats && cmd_get(ctx, option->name) != NULL)
        return cmd_usage(ctx, "--%s is given twice", option->name);
    if (ctx->n_given == CMD_VALUES_MAX)
        return cmd_usage(ctx, "more than %d options", CMD_VALUES_MAX);
    ctx->given[ctx->n_given].option = option;
    ctx->given[ctx->n_given++].value = value != NULL ? value : "";
    return CMD_OK;
}

static int check_line(struct cmd_ctx *ctx)
{
    const struct cmd *cmd = ctx->cmd;
    if (ctx->n_args < cmd->args_min)
        return cmd_usage(ctx, "%s is missing", cmd->args);
    if (ctx->n_args > cmd->args_max)
        return cmd_usage(ctx, "\"%s\" is one argument too many", ctx->args[cmd->args_max]);
    for (size_t i = 0; i < cmd->n_options; i++)
        if (cmd->options[i].is_required && cmd_get(ctx, cmd->options[i].name) == NULL)
            return cmd_usage(ctx, "--%s %s is missing", cmd->options[i].name, cmd->options[i].arg);
    return CMD_OK;
}

/* getopt says with optopt which it was: a letter, an option of ours, or nothing it knows. */
static int wrong_option(const struct cmd_ctx *ctx, int c, const char *word)
{
    if (c == ':')
        return cmd_usage(ctx, "%s wants a value", word);
    if (optopt > ' ')
        return cmd_usage(ctx, "-%c is no option of it", optopt);
    return cmd_usage(ctx, optopt != 0 ? "%s: it takes no value" : "%s is no option of it", word);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
    struct option options[OPTIONS_MAX] = {{0}};
    struct cmd_ctx ctx = {.cmd = cmd, .site = getenv("RINGFENCE_SITE")};
    rf_bug_on(cmd->n_options + OPT_OWN >= OPTIONS_MAX);
    add_options(cmd, options);
    if (ctx.site == NULL || ctx.site[0] == '\0')
        ctx.site = SITE_DEFAULT;
    if (strlen(ctx.site) > WORD_MAX)
        return cmd_usage(&ctx, "RINGFENCE_SITE is too long");
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        int status = CMD_OK;
        if (c == OPT_HELP || c == 'h') {
            cmd_help_one(stdout, cmd);
            return CMD_OK;
        }
        if (c == OPT_JSON)
            ctx.is_json = true;
        else if (c == OPT_SITE && optarg[0] == '\0')
            status = cmd_usage(&ctx, "--site wants a folder"); /* else it were / */
        else if (c == OPT_SITE)
            ctx.site = optarg;
        else if (c >= OPT_OWN && c != ':' && c != '?')
            status = take_own(&ctx, &cmd->options[c - OPT_OWN], optarg);
        else
            status = wrong_option(&ctx, c, argv[optind - 1]);
        if (status != CMD_OK)
            return status;
    }
    ctx.args = (const char *const *)argv + optind;
    ctx.n_args = (size_t)(argc - optind);
    int status = check_line(&ctx);
    return status == CMD_OK ? cmd->run(&ctx) : status;
}

/* "ringfence file": name the commands that begin so. */
static int not_found(int argc, char **argv)
{
    bool asks = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    size_t shown = cmd_help_some(asks ? stdout : stderr, argv[0]);
    if (shown == 0)
        fprintf(stderr, "ringfence: no command \"%s\"; `ringfence help` lists them\n", argv[0]);
    return asks && shown > 0 ? CMD_OK : CMD_USAGE;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        cmd_help_all(stderr);
        return CMD_USAGE;
    }
    for (int i = 1; i < argc; i++) {
        size_t n = strlen(argv[i]);
        if (n > WORD_MAX) {
            fprintf(stderr, "ringfence: argument %d has %zu bytes, at most %d\n", i, n, WORD_MAX);
            return CMD_USAGE;
        }
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cmd_help_all(stdout);
        return CMD_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("ringfence " RF_VERSION);
        return CMD_OK;
    }
    if (argv[1][0] == '-') {
        fprintf(stderr,
                "ringfence: %s: options stand behind the command, as in `ringfence status --site "
                "DIR`\n",
                argv[1]);
        return CMD_USAGE;
    }
    for (size_t i = 0; i < cmd_table_n; i++) {
        int words = words_of(cmd_table[i], argc - 1, argv + 1);
        if (words > 0)
            return run(cmd_table[i], argc - words, argv + words);
    }
    return not_found(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    rf_no_core_file(); /* it signs trust lists */
    rf_provider_start();
    rf_log_setup(2, RF_LOG_WARN);
    int status = dispatch(argc, argv);
    owner_raise(); /* what looks for leaks at the end has to be who began */
    if ((fflush(stdout) == 0 && !ferror(stdout)) || status != CMD_OK)
        return status;
    fprintf(stderr, "ringfence: the output could not be written\n");
    return CMD_REFUSED;
}
