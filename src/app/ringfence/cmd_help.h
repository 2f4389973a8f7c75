/* SPDX-License-Identifier: Apache-2.0 */
/* Help, the manual page and shell completion, all made from the table of commands. */
#ifndef APP_RINGFENCE_CMD_HELP_H
#define APP_RINGFENCE_CMD_HELP_H

#include <stdio.h>

#include "app/ringfence/cmd.h"

/** Every command with its summary. */
void cmd_help_all(FILE *out);
/** Those whose name begins with this word and has another: how many there are. */
size_t cmd_help_some(FILE *out, const char *word);
/** Usage, text and options of one. */
void cmd_help_one(FILE *out, const struct cmd *cmd);

extern const struct cmd cmd_help, cmd_man, cmd_completion;

#endif
