/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of `ringfence`: each is one const descriptor in a file of its own (cmd_<noun>_<verb>.c,
 * or cmd_<noun>.c for verbs that share their work) and one line in the table of commands.c. Usage,
 * help, completion and the manual page come from the descriptors.
 *
 * Exit status: 0 it verified or was done, 1 it was refused or failed, 2 the command line is wrong.
 */
#ifndef APP_RINGFENCE_CMD_H
#define APP_RINGFENCE_CMD_H

#include "base/file.h"
#include "wire/json/json.h"

enum { CMD_OK = 0, CMD_REFUSED = 1, CMD_USAGE = 2 };

#define CMD_VALUES_MAX 64 /* options given on one command line */

/** One option, "--name ARG". */
struct cmd_option {
    const char *name;
    const char *arg; /* NULL: takes no argument */
    const char *help;
    bool repeats;
    bool is_required;
};

struct cmd_ctx;

struct cmd {
    const char *name; /* "file verify" */
    const char *args; /* "FILE", or "" */
    unsigned args_min, args_max;
    const struct cmd_option *options;
    size_t n_options;
    const char *summary; /* one line */
    const char *help;    /* a paragraph or more; NULL: the summary says it */
    bool uses_site;      /* takes --site */
    bool has_json;       /* takes --json */
    int (*run)(struct cmd_ctx *ctx);
};

/** A command line, taken apart. */
struct cmd_ctx {
    const struct cmd *cmd;
    const char *const *args;
    size_t n_args;
    struct {
        const struct cmd_option *option;
        const char *value;
    } given[CMD_VALUES_MAX];
    size_t n_given;
    bool is_json;
    const char *site; /* --site, else $RINGFENCE_SITE, else /var/lib/ringfence */
};

/** Value of an option ("" for one without argument), or NULL when it was not given. */
const char *cmd_get(const struct cmd_ctx *ctx, const char *option);
/** The nth value (0...) of a repeated option, or NULL. */
const char *cmd_nth(const struct cmd_ctx *ctx, const char *option, size_t n);

/** Say what is wrong with the command line, with the usage; returns CMD_USAGE. */
int cmd_usage(const struct cmd_ctx *ctx, const char *fmt, ...) RF_PRINTF(2, 3);
/** Report a refusal: "ringfence: <what>: <reason>" on standard error, and with --json an object
 * {"ok": false, "what", "code", "reason", "offset"} on standard output. Returns CMD_REFUSED. */
int cmd_refuse(const struct cmd_ctx *ctx, const char *what, const struct rf_why *why);
/** The same with the field the refused check looked at, and the certificate it was made under; both
 * may be NULL. JSON: "field" and "certificate". */
int cmd_refuse_at(const struct cmd_ctx *ctx, const char *what, const struct rf_why *why,
                  const char *field, struct rf_json *take_certificate);
/** Print a whole JSON tree and free it; returns CMD_OK, or CMD_REFUSED when it cannot be written.
 */
int cmd_print_json(struct rf_json *take_json);
/** Show a tree: as it is with --json, else as lines for people: "not_after_s" becomes "not after"
 * with a date, lists and objects are indented. Frees it; returns CMD_OK or CMD_REFUSED. */
int cmd_show(const struct cmd_ctx *ctx, struct rf_json *take_json);

/** A column of a table for people. */
struct cmd_column {
    const char *key; /* member of each row */
    const char *title;
};
/** Show `rows` (an array of objects inside `take_json`) as a table for people, or the whole tree
 * with --json. `empty` is said when there is no row. Frees it. */
int cmd_show_rows(const struct cmd_ctx *ctx, struct rf_json *take_json, const char *rows,
                  const struct cmd_column *columns, size_t n, const char *empty);

/** Is it standard input ("-"), a pipe (as a shell's <(...) is one) or a device: what is read once,
 * from its beginning to its end? */
bool cmd_is_stream(const char *path);
/** For messages. */
const char *cmd_stream_name(const char *path);
/** Open such a one; waits for a pipe's writer. *fd: rf_fd_close. */
RF_MUST_CHECK enum rf_err cmd_stream_open(const char *path, int *fd, struct rf_why *why);
/** Of a command that reads args[0] and --passphrase-file: both cannot be standard input. CMD_OK or
 * CMD_USAGE. */
int cmd_check_stdin(const struct cmd_ctx *ctx);
/** A file or stream of at most `limit` bytes. */
RF_MUST_CHECK enum rf_err cmd_read(const char *path, size_t limit, struct rf_buf *out,
                                   struct rf_why *why);
/** Replace a file atomically, or write to standard output for "-". As all that the command line
 * names to be written, it is written as who called the command (owner.h). */
RF_MUST_CHECK enum rf_err cmd_write(const char *path, struct rf_slice content, unsigned mode,
                                    struct rf_why *why);

/** Output in pieces: a file that is replaced when it is committed, or standard output for "-",
 * which cannot be taken back. Zero-initialise; cmd_out_fini leaves nothing of what was not
 * committed. */
struct cmd_out {
    struct rf_file_out file;
    bool is_std;
    bool is_open;
};
RF_MUST_CHECK enum rf_err cmd_out_begin(struct cmd_out *out, const char *path, unsigned mode,
                                        struct rf_why *why);
RF_MUST_CHECK enum rf_err cmd_out_add(struct cmd_out *out, struct rf_slice piece,
                                      struct rf_why *why);
RF_MUST_CHECK enum rf_err cmd_out_commit(struct cmd_out *out, struct rf_why *why);
void cmd_out_fini(struct cmd_out *out);

/** The last part of a path. */
const char *cmd_base_name(const char *path);

/** All commands, in the order of `ringfence help`. */
extern const struct cmd *const cmd_table[];
extern const size_t cmd_table_n;

#endif
