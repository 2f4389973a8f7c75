/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/cmd_help.h"

#include <string.h>

#include "base/text.h"

static void usage_line(FILE *out, const struct cmd *cmd)
{
    fprintf(out, "ringfence %s", cmd->name);
    for (size_t i = 0; i < cmd->n_options; i++) {
        const struct cmd_option *o = &cmd->options[i];
        fprintf(out, " %s--%s%s%s%s%s", o->is_required ? "" : "[", o->name,
                o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "", o->is_required ? "" : "]",
                o->repeats ? "..." : "");
    }
    if (cmd->uses_site)
        fputs(" [--site DIR]", out);
    if (cmd->has_json)
        fputs(" [--json]", out);
    fprintf(out, "%s%s\n", cmd->args[0] != '\0' ? " " : "", cmd->args);
}

void cmd_help_all(FILE *out)
{
    fputs("ringfence: security of Cisco IP phones, from the command line.\n\n", out);
    for (size_t i = 0; i < cmd_table_n; i++)
        fprintf(out, "  %-18s %s\n", cmd_table[i]->name, cmd_table[i]->summary);
    fputs(
        "\n`ringfence COMMAND --help` explains one. --site DIR (or RINGFENCE_SITE) names the site "
        "folder.\n"
        "Exit status: 0 verified or done, 1 refused or failed, 2 wrong command line.\n",
        out);
}

size_t cmd_help_some(FILE *out, const char *word)
{
    size_t shown = 0;
    size_t n = strlen(word);
    for (size_t i = 0; i < cmd_table_n; i++) {
        const struct cmd *cmd = cmd_table[i];
        if (strncmp(cmd->name, word, n) != 0 || cmd->name[n] != ' ')
            continue;
        if (shown++ == 0)
            fprintf(out, "ringfence %s: one of these is wanted:\n", word);
        fprintf(out, "  ringfence %-18s %s\n", cmd->name, cmd->summary);
    }
    return shown;
}

static void option_line(FILE *out, const char *name, const char *arg, const char *help)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", name, arg != NULL ? " " : "", arg != NULL ? arg : "");
    fprintf(out, "  %-24s %s\n", left, help);
}

void cmd_help_one(FILE *out, const struct cmd *cmd)
{
    fputs("Usage: ", out);
    usage_line(out, cmd);
    fprintf(out, "\n%s.\n", cmd->summary);
    if (cmd->help != NULL)
        fprintf(out, "%s\n", cmd->help);
    fputs("\n", out);
    for (size_t i = 0; i < cmd->n_options; i++)
        option_line(out, cmd->options[i].name, cmd->options[i].arg, cmd->options[i].help);
    if (cmd->uses_site)
        option_line(out, "site", "DIR", "the site folder (or RINGFENCE_SITE; /var/lib/ringfence)");
    if (cmd->has_json)
        option_line(out, "json", NULL, "print JSON");
    option_line(out, "help", NULL, "show this");
}

static int run_help(struct cmd_ctx *ctx)
{
    char name[64] = "";
    for (size_t i = 0; i < ctx->n_args; i++) {
        size_t n = strlen(name);
        snprintf(name + n, sizeof name - n, "%s%s", i > 0 ? " " : "", ctx->args[i]);
    }
    if (ctx->n_args == 0) {
        cmd_help_all(stdout);
        return CMD_OK;
    }
    for (size_t i = 0; i < cmd_table_n; i++)
        if (strcmp(cmd_table[i]->name, name) == 0) {
            cmd_help_one(stdout, cmd_table[i]);
            return CMD_OK;
        }
    if (cmd_help_some(stdout, name) > 0)
        return CMD_OK;
    return cmd_usage(ctx, "no command \"%s\"; `ringfence help` lists them", name);
}

const struct cmd cmd_help = {
    .name = "help",
    .args = "[COMMAND]",
    .args_max = 3,
    .summary = "List the commands, or explain one",
    .run = run_help,
};

/* What troff takes for its own is written by name; a line of text may not begin with a request. */
static void roff(const char *text)
{
    static const struct {
        char c;
        const char *as;
    } names[] = {{'\\', "\\e"},  {'-', "\\-"},   {'`', "\\(ga"}, {'\'', "\\(aq"},
                 {'"', "\\(dq"}, {'^', "\\(ha"}, {'~', "\\(ti"}};
    for (const char *c = text; *c != '\0'; c++) {
        size_t i = 0;
        while (i < sizeof names / sizeof *names && names[i].c != *c)
            i++;
        if (*c == '.' && (c == text || c[-1] == '\n'))
            fputs("\\&.", stdout);
        else if (i < sizeof names / sizeof *names)
            fputs(names[i].as, stdout);
        else
            putchar(*c);
    }
}

static void man_option(const char *name, const char *arg, const char *help)
{
    fputs(".TP\n\\fB\\-\\-", stdout);
    roff(name);
    fputs("\\fR", stdout);
    if (arg != NULL) {
        fputs(" \\fI", stdout);
        roff(arg);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    roff(help);
    putchar('\n');
}

static void man_one(const struct cmd *cmd)
{
    printf(".SS \"%s%s%s\"\n", cmd->name, cmd->args[0] != '\0' ? " " : "", cmd->args);
    roff(cmd->summary);
    puts(".");
    if (cmd->help != NULL) {
        roff(cmd->help);
        putchar('\n');
    }
    for (size_t i = 0; i < cmd->n_options; i++)
        man_option(cmd->options[i].name, cmd->options[i].arg, cmd->options[i].help);
    if (cmd->uses_site)
        man_option("site", "DIR", "The site folder.");
    if (cmd->has_json)
        man_option("json", NULL, "Print JSON.");
}

static int run_man(struct cmd_ctx *ctx)
{
    (void)ctx;
    puts(".TH RINGFENCE 1 \"\" \"ringfence " RF_VERSION "\" \"User Commands\"\n.SH NAME\n"
         "ringfence \\- security of Cisco IP phones, from the command line\n.SH SYNOPSIS\n"
         ".B ringfence\n.I command\n[\\fIoptions\\fR] [\\fIarguments\\fR]\n.SH COMMANDS");
    for (size_t i = 0; i < cmd_table_n; i++)
        man_one(cmd_table[i]);
    puts(".SH EXIT STATUS\n0 it verified or was done; 1 it was refused or failed; 2 the command "
         "line is wrong.\n.SH ENVIRONMENT\n.TP\n.B RINGFENCE_SITE\nThe site folder, when "
         "\\-\\-site is not given.\n.SH SEE ALSO\nringfenced(8), ringphone(1)");
    return CMD_OK;
}

const struct cmd cmd_man = {
    .name = "man",
    .args = "",
    .summary = "Print the manual page",
    .help = "To read it: ringfence man | man -l -",
    .run = run_man,
};

/* The options of each command, and all commands. */
static void complete_words(void)
{
    fputs("    case \"$line\" in\n", stdout);
    for (size_t i = 0; i < cmd_table_n; i++) {
        const struct cmd *cmd = cmd_table[i];
        printf("    \"%s \"*) options=\"--help%s%s", cmd->name, cmd->has_json ? " --json" : "",
               cmd->uses_site ? " --site" : "");
        for (size_t k = 0; k < cmd->n_options; k++)
            printf(" --%s", cmd->options[k].name);
        fputs("\" ;;\n", stdout);
    }
    fputs("    esac\n    commands=\"", stdout);
    for (size_t i = 0; i < cmd_table_n; i++)
        printf("%s%s", i > 0 ? "\n" : "", cmd_table[i]->name);
    fputs("\"\n", stdout);
}

static int run_completion(struct cmd_ctx *ctx)
{
    (void)ctx;
    fputs("# bash completion for ringfence\n"
          "_ringfence() {\n"
          "    local IFS=' ' cur=${COMP_WORDS[COMP_CWORD]} line options commands name next last\n"
          "    line=${COMP_WORDS[*]:1:COMP_CWORD-1}\n"
          "    line=${line:+$line }\n",
          stdout);
    complete_words();
    fputs("    COMPREPLY=()\n"
          "    case $options,$cur in\n"
          "    -*,-*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\"); return ;;\n"
          "    esac\n"
          "    while read -r name; do\n"
          "        [[ $name == \"$line$cur\"* ]] || continue\n"
          "        next=${name#\"$line\"}\n"
          "        next=${next%% *}\n"
          "        [[ $next == \"$last\" ]] || COMPREPLY+=(\"$next\")\n"
          "        last=$next\n"
          "    done <<< \"$commands\"\n"
          "    [[ ${#COMPREPLY[@]} -gt 0 || -z $options ]] ||\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
          "}\n"
          "complete -o filenames -F _ringfence ringfence\n",
          stdout);
    return CMD_OK;
}

const struct cmd cmd_completion = {
    .name = "completion",
    .args = "",
    .summary = "Print completion for bash",
    .help = "To use it: source <(ringfence completion)",
    .run = run_completion,
};
