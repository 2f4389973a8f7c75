/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ringfence/owner.h"
#include "base/text.h"

#define READ_STEP ((size_t)64 * 1024)

const char *cmd_nth(const struct cmd_ctx *ctx, const char *option, size_t n)
{
    for (size_t i = 0; i < ctx->n_given; i++)
        if (strcmp(ctx->given[i].option->name, option) == 0 && n-- == 0)
            return ctx->given[i].value;
    return NULL;
}

const char *cmd_get(const struct cmd_ctx *ctx, const char *option)
{
    return cmd_nth(ctx, option, 0);
}

int cmd_usage(const struct cmd_ctx *ctx, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "ringfence %s: ", ctx->cmd->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nTry: ringfence %s --help\n", ctx->cmd->name);
    return CMD_USAGE;
}

int cmd_refuse(const struct cmd_ctx *ctx, const char *what, const struct rf_why *why)
{
    return cmd_refuse_at(ctx, what, why, NULL, NULL);
}

/* Names of certificates come from whoever made them: nothing a terminal obeys is printed. */
static void say_certificate(const struct rf_json *certificate)
{
    char subject[512];
    const char *text = rf_json_str(certificate, "subject");
    snprintf(subject, sizeof subject, "%s", text != NULL ? text : "?");
    rf_blank_controls(subject, strlen(subject));
    fprintf(stderr, "  certificate: %s\n  fingerprint: %s\n", subject,
            rf_json_str(certificate, "fingerprint"));
}

/* Most reasons of files begin with the file's name themselves. */
static const char *reason_of(const char *what, const struct rf_why *why)
{
    const char *text = rf_why_text(why);
    size_t n = strlen(what);
    return strncmp(text, what, n) == 0 && strncmp(text + n, ": ", 2) == 0 ? text + n + 2 : text;
}

int cmd_refuse_at(const struct cmd_ctx *ctx, const char *what, const struct rf_why *why,
                  const char *field, struct rf_json *take_certificate)
{
    RF_AUTO(rf_json_freep) struct rf_json *certificate = take_certificate;
    char at[40];
    snprintf(at, sizeof at, "at byte %zu", why->offset);
    fprintf(stderr, "ringfence %s: %s: %s\n", ctx->cmd->name, what, reason_of(what, why));
    if (field != NULL)
        fprintf(stderr, "  field: %s, %s\n", field, at);
    else if (why->offset != 0 && strstr(rf_why_text(why), at) == NULL) /* most reasons say it */
        fprintf(stderr, "  %s\n", at);
    if (certificate != NULL)
        say_certificate(certificate);
    if (!ctx->is_json)
        return CMD_REFUSED;
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", false);
    rf_json_set_str(j, "what", what);
    rf_json_set_str(j, "code", why->code);
    rf_json_set_str(j, "reason", why->text);
    rf_json_set_int(j, "offset", (int64_t)why->offset);
    if (field != NULL)
        rf_json_set_str(j, "field", field);
    if (certificate != NULL)
        rf_json_set_take(j, "certificate", rf_steal(&certificate));
    (void)cmd_print_json(j);
    return CMD_REFUSED;
}

int cmd_print_json(struct rf_json *take_json)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF((size_t)256 * 1024 * 1024);
    enum rf_err err = rf_json_dump(take_json, 2, &text);
    rf_json_free(take_json);
    if (err == RF_OK)
        err = rf_buf_add(&text, "\n", 1);
    if (err != RF_OK || fwrite(text.p, 1, text.len, stdout) != text.len || fflush(stdout) != 0) {
        fprintf(stderr, "ringfence: the output could not be written\n");
        return CMD_REFUSED;
    }
    return CMD_OK;
}

bool cmd_is_stream(const char *path)
{
    struct stat st;
    return strcmp(path, "-") == 0 ||
           (stat(path, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)));
}

const char *cmd_stream_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

enum rf_err cmd_stream_open(const char *path, int *fd, struct rf_why *why)
{
    *fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return *fd >= 0 ? RF_OK
                    : rf_why_set(why, RF_ERR_IO, "file-io", "read %s: %s", cmd_stream_name(path),
                                 strerror(errno));
}

int cmd_check_stdin(const struct cmd_ctx *ctx)
{
    const char *passphrase = cmd_get(ctx, "passphrase-file");
    if (passphrase == NULL || strcmp(passphrase, "-") != 0 || strcmp(ctx->args[0], "-") != 0)
        return CMD_OK;
    return cmd_usage(ctx, "standard input is either the file or the passphrase");
}

static enum rf_err read_stream(int fd, const char *name, size_t limit, struct rf_buf *out,
                               struct rf_why *why)
{
    out->max = limit;
    for (;;) {
        size_t step = limit - out->len < READ_STEP ? limit - out->len : READ_STEP;
        char one;
        if (step == 0) {
            if (read(fd, &one, 1) == 0)
                return RF_OK;
            return rf_why_set(why, RF_ERR_LIMIT, "file-size", "%s is longer than %zu bytes", name,
                              limit);
        }
        uint8_t *room = rf_buf_room(out, step);
        if (room == NULL)
            return rf_why_set(why, RF_ERR_NOMEM, "memory", "%s does not fit in memory", name);
        ssize_t n = read(fd, room, step);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rf_why_set(why, RF_ERR_IO, "file-io", "read %s: %s", name, strerror(errno));
        if (n == 0)
            return RF_OK;
        out->len += (size_t)n;
    }
}

enum rf_err cmd_read(const char *path, size_t limit, struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(rf_fd_close) int fd = -1;
    if (!cmd_is_stream(path))
        return rf_file_read(path, limit, out, why);
    enum rf_err err = cmd_stream_open(path, &fd, why);
    return err == RF_OK ? read_stream(fd, cmd_stream_name(path), limit, out, why) : err;
}

static enum rf_err write_std(struct rf_slice content, struct rf_why *why)
{
    if (fwrite(content.p, 1, content.len, stdout) != content.len || fflush(stdout) != 0)
        return rf_why_set(why, RF_ERR_IO, "file-io", "standard output: %s", strerror(errno));
    return RF_OK;
}

enum rf_err cmd_write(const char *path, struct rf_slice content, unsigned mode, struct rf_why *why)
{
    if (strcmp(path, "-") == 0)
        return write_std(content, why);
    owner_raise();
    enum rf_err err = rf_file_replace(path, content, mode, why);
    owner_lower();
    return err;
}

enum rf_err cmd_out_begin(struct cmd_out *out, const char *path, unsigned mode, struct rf_why *why)
{
    *out = (struct cmd_out){.is_std = strcmp(path, "-") == 0};
    if (out->is_std)
        return RF_OK;
    owner_raise();
    enum rf_err err = rf_file_out_begin(&out->file, path, mode, why);
    owner_lower();
    out->is_open = err == RF_OK;
    return err;
}

enum rf_err cmd_out_add(struct cmd_out *out, struct rf_slice piece, struct rf_why *why)
{
    return out->is_std ? write_std(piece, why) : rf_file_out_add(&out->file, piece, why);
}

enum rf_err cmd_out_commit(struct cmd_out *out, struct rf_why *why)
{
    if (out->is_std)
        return RF_OK;
    out->is_open = false;
    owner_raise();
    enum rf_err err = rf_file_out_commit(&out->file, why);
    owner_lower();
    return err;
}

void cmd_out_fini(struct cmd_out *out)
{
    if (!out->is_open)
        return;
    owner_raise();
    rf_file_out_abort(&out->file);
    owner_lower();
    out->is_open = false;
}

const char *cmd_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}
