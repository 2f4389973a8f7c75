/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/owner.h"
#include "app/ringfence/passphrase.h"
#include "base/clock.h"
#include "base/file.h"
#include "service/setup/backup.h"

/* ---- backup ---- */

/* Where a backup goes. */
struct target {
    const char *path;
    struct cmd_out out;
    bool has_begun;
};

static bool is_std(const struct target *t)
{
    return strcmp(t->path, "-") == 0;
}

static enum rf_err put(void *arg, struct rf_slice bytes, struct rf_why *why)
{
    struct target *t = arg;
    enum rf_err err = t->has_begun ? RF_OK : cmd_out_begin(&t->out, t->path, RF_FILE_PRIVATE, why);
    t->has_begun = true;
    return err == RF_OK ? cmd_out_add(&t->out, bytes, why) : err;
}

static enum rf_err begin_anew(void *arg, struct rf_why *why)
{
    struct target *t = arg;
    if (is_std(t))
        return rf_why_set(why, RF_ERR_AGAIN, "backup-changed",
                          "files of the site changed while they were read: do it again");
    cmd_out_fini(&t->out);
    t->has_begun = false;
    return RF_OK;
}

static int report(const struct cmd_ctx *ctx, const char *what, const char *where,
                  const struct rf_backup_report *r, const char *passphrase)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, what, where);
    rf_json_set_int(j, "files", r->files);
    rf_json_set_int(j, "bytes", (int64_t)r->bytes);
    rf_json_set_int(j, "made_s", r->made_s);
    if (passphrase != NULL)
        rf_json_set_str(j, "passphrase", passphrase);
    return cmd_show(ctx, j);
}

/* It would be lost with the site, and be in every backup that follows. */
static bool is_in_site(const char *site, const char *out)
{
    char inner[PATH_MAX], outer[PATH_MAX];
    const char *slash = strrchr(out, '/');
    RF_AUTO(rf_freep)
    char *folder = slash == NULL ? rf_strdup(".") : rf_strf("%.*s/", (int)(slash - out), out);
    if (realpath(site, outer) == NULL || realpath(folder, inner) == NULL)
        return false; /* not there, and that is said later */
    size_t n = strlen(outer);
    return strncmp(inner, outer, n) == 0 && (inner[n] == '/' || inner[n] == '\0');
}

static int backup_run(struct cmd_ctx *ctx)
{
    const char *out = cmd_get(ctx, "out");
    const char *file = cmd_get(ctx, "passphrase-file");
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    char drawn[PASSPHRASE_DRAWN] = "";
    struct target target = {.path = out};
    struct rf_backup_report done = {0};
    struct rf_why why = {0};
    enum rf_err err;
    if (is_std(&target) && file == NULL)
        return cmd_usage(ctx, "--out - wants --passphrase-file: a drawn one could not be shown");
    if (target.path != NULL && is_in_site(ctx->site, target.path)) {
        rf_why_set(&why, RF_ERR_DENIED, "backup-place",
                   "a backup in the site's own folder is lost with it: choose a place outside");
        return cmd_refuse(ctx, out, &why);
    }
    if (file != NULL)
        err = passphrase_read(file, &passphrase, &why);
    else {
        passphrase_draw(drawn);
        err = rf_secret_set(&passphrase, rf_slice_str(drawn));
    }
    struct rf_backup make = {.site_dir = ctx->site,
                             .passphrase = rf_secret_slice(&passphrase),
                             .has_images = cmd_get(ctx, "images") != NULL,
                             .now_s = rf_wall_s(rf_clock_real())};
    if (err == RF_OK)
        err = owner_become(ctx->site, &why);
    if (err == RF_OK)
        err = rf_backup_make(&make, put, begin_anew, &target, &done, &why);
    if (err == RF_OK)
        err = cmd_out_commit(&target.out, &why);
    cmd_out_fini(&target.out);
    int status = CMD_OK;
    if (err != RF_OK)
        status = cmd_refuse(ctx, ctx->site, &why);
    else if (!is_std(&target))
        status = report(ctx, "backup", out, &done, drawn[0] != '\0' ? drawn : NULL);
    rf_wipe(drawn, sizeof drawn);
    return status;
}

static const struct cmd_option backup_options[] = {
    {.name = "out", .arg = "FILE", .help = "the backup (- writes it)", .is_required = true},
    {.name = "passphrase-file",
     .arg = "FILE",
     .help = "its passphrase (- reads it); else one is drawn and shown"},
    {.name = "images", .help = "firmware too"},
};

const struct cmd cmd_backup = {
    .name = "backup",
    .args = "",
    .options = backup_options,
    .n_options = sizeof backup_options / sizeof *backup_options,
    .summary = "Keep a site in one file under a passphrase",
    .help = "Database, keys, certificates, lists, configuration and the files of phones; firmware\n"
            "only with --images. The server may run. Make one after every change of keys: without\n"
            "them phones that trust this site trust no other.",
    .uses_site = true,
    .has_json = true,
    .run = backup_run,
};

/* ---- restore ---- */

static enum rf_err get(void *arg, uint8_t *buf, size_t cap, size_t *n, struct rf_why *why)
{
    const int *fd = arg;
    ssize_t got;
    do
        got = read(*fd, buf, cap);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return rf_why_set(why, RF_ERR_IO, "file-io", "read the backup: %s", strerror(errno));
    *n = (size_t)got;
    return RF_OK;
}

static int restore_run(struct cmd_ctx *ctx)
{
    const char *path = ctx->args[0];
    bool is_stdin = strcmp(path, "-") == 0;
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    struct rf_backup_report done = {0};
    struct rf_why why = {0};
    if (cmd_check_stdin(ctx) != CMD_OK)
        return CMD_USAGE;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum rf_err err = RF_OK;
    if (fd < 0)
        err = rf_why_set(&why, RF_ERR_IO, "file-io", "read %s: %s", path, strerror(errno));
    if (err == RF_OK)
        err = passphrase_get(cmd_get(ctx, "passphrase-file"), &passphrase, &why);
    if (err == RF_OK)
        err = rf_backup_restore(ctx->site, rf_secret_slice(&passphrase), get, &fd, &done, &why);
    if (fd >= 0 && !is_stdin)
        close(fd);
    return err == RF_OK ? report(ctx, "site", ctx->site, &done, NULL) : cmd_refuse(ctx, path, &why);
}

static const struct cmd_option restore_options[] = {
    {.name = "passphrase-file",
     .arg = "FILE",
     .help = "the backup's passphrase (- reads it); else it is asked for"},
};

const struct cmd cmd_restore = {
    .name = "restore",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = restore_options,
    .n_options = sizeof restore_options / sizeof *restore_options,
    .summary = "Make a site of a backup",
    .help = "The site's folder must be empty or not there. All of the backup is read and checked\n"
            "before the site has its name: a wrong passphrase or a changed byte restores nothing.\n"
            "An empty folder's owner gets the site.",
    .uses_site = true,
    .has_json = true,
    .run = restore_run,
};
