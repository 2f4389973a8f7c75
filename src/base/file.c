/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/clock.h"
#include "base/faults.h"
#include "base/file_journal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is being written is NAME and this, and six characters that mkostemp draws. */
#define LEFTOVER_MARK ".new."
#define LEFTOVER_TAIL (sizeof LEFTOVER_MARK - 1 + 6)

void rf_fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static enum rf_err io_error(struct rf_why *why, const char *what, const char *path)
{
    int e = errno;
    enum rf_err err = e == ENOENT ? RF_ERR_NOT_FOUND : e == EEXIST ? RF_ERR_EXISTS : RF_ERR_IO;
    return rf_why_set(why, err, e == ENOENT ? "file-not-found" : "file-io", "%s %s: %s", what, path,
                      strerror(e));
}

enum rf_err rf_file_read(const char *path, size_t limit, struct rf_buf *out, struct rf_why *why)
{
    /* Not blocking: a pipe without a writer is refused, not waited for. */
    RF_AUTO(rf_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return io_error(why, "read", path);
    if (!S_ISREG(st.st_mode))
        return rf_why_set(why, RF_ERR_IO, "file-io", "read %s: not a regular file", path);
    *out = RF_BUF(limit);
    for (;;) {
        uint8_t chunk[16384];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            rf_buf_fini(out);
            return io_error(why, "read", path);
        }
        if (n == 0)
            return RF_OK;
        enum rf_err err = rf_buf_add(out, chunk, (size_t)n);
        if (err != RF_OK) {
            rf_buf_fini(out);
            return rf_why_set(why, err, "file-too-large", "read %s: larger than %zu bytes", path,
                              limit);
        }
    }
}

enum rf_err rf_file_head(const char *path, size_t n, struct rf_buf *out, uint64_t *size,
                         struct rf_why *why)
{
    RF_AUTO(rf_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return io_error(why, "read", path);
    if (!S_ISREG(st.st_mode))
        return rf_why_set(why, RF_ERR_IO, "file-io", "read %s: not a regular file", path);
    *out = RF_BUF(n);
    *size = (uint64_t)st.st_size;
    while (out->len < n) {
        uint8_t chunk[4096];
        ssize_t got = read(fd, chunk, n - out->len < sizeof chunk ? n - out->len : sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(why, "read", path);
        if (got == 0)
            break;
        enum rf_err err = rf_buf_add(out, chunk, (size_t)got);
        if (err != RF_OK)
            return rf_why_set(why, err, "memory", "read %s: no memory", path);
    }
    return RF_OK;
}

enum rf_err rf_dir_sync_of(const char *path, struct rf_why *why)
{
    const char *slash = strrchr(path, '/');
    RF_AUTO(rf_freep)
    char *dir = slash == NULL ? rf_strdup(".")
                              : rf_strf("%.*s", (int)(slash == path ? 1 : slash - path), path);
    RF_AUTO(rf_fd_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rf_file_journal("sync-folder", dir, NULL);
    if (fd < 0 || fsync(fd) != 0)
        return io_error(why, "sync folder", dir);
    return RF_OK;
}

enum rf_err rf_file_out_begin(struct rf_file_out *out, const char *path, unsigned mode,
                              struct rf_why *why)
{
    struct stat st;
    *out = (struct rf_file_out){.fd = -1};
    /* A new file in the place of a device would take it from everybody, when root does it. */
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return rf_why_set(why, RF_ERR_IO, "file-io",
                          "write %s: it is there, and not a regular file: not replaced", path);
    *out = (struct rf_file_out){
        .fd = -1, .path = rf_strdup(path), .temp = rf_strf("%s" LEFTOVER_MARK "XXXXXX", path)};
    out->fd = mkostemp(out->temp, O_CLOEXEC);
    rf_file_journal("create", out->temp, NULL);
    if (out->fd < 0 || fchmod(out->fd, (mode_t)mode) != 0) {
        enum rf_err err = io_error(why, "write", path);
        rf_file_out_abort(out);
        return err;
    }
    return RF_OK;
}

enum rf_err rf_file_out_add(struct rf_file_out *out, struct rf_slice part, struct rf_why *why)
{
    for (size_t done = 0; done < part.len;) {
        ssize_t n = write(out->fd, part.p + done, part.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_error(why, "write", out->path);
        rf_file_journal_write(out->temp, part.p + done, (size_t)n);
        done += (size_t)n;
    }
    return RF_OK;
}

static enum rf_err exists(const char *path, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_EXISTS, "file-exists", "%s exists already", path);
}

static void out_release(struct rf_file_out *out)
{
    rf_fd_close(&out->fd);
    rf_freep(&out->path);
    rf_freep(&out->temp);
}

/* Its name, in place of what had it, or only when nothing has. */
static bool give_name(struct rf_file_out *out, bool is_exclusive)
{
    if (fsync(out->fd) != 0)
        return false;
    rf_crash_point("file.rename");
    if (!is_exclusive) {
        rf_file_journal("rename", out->temp, out->path);
        return rename(out->temp, out->path) == 0;
    }
    bool is_given = renameat2(AT_FDCWD, out->temp, AT_FDCWD, out->path, RENAME_NOREPLACE) == 0;
    if (!is_given && errno == EINVAL) /* NFS has no such call; the second name does as well there */
        is_given = link(out->temp, out->path) == 0 && unlink(out->temp) == 0;
    if (is_given)
        rf_file_journal("rename", out->temp, out->path);
    return is_given;
}

static enum rf_err commit(struct rf_file_out *out, bool is_exclusive, struct rf_why *why)
{
    rf_file_journal("sync", out->temp, NULL);
    if (!give_name(out, is_exclusive)) {
        enum rf_err err =
            errno == EEXIST ? exists(out->path, why) : io_error(why, "write", out->path);
        rf_file_out_abort(out);
        return err;
    }
    enum rf_err err = rf_dir_sync_of(out->path, why);
    out_release(out);
    return err;
}

enum rf_err rf_file_out_commit(struct rf_file_out *out, struct rf_why *why)
{
    return commit(out, false, why);
}

void rf_file_out_abort(struct rf_file_out *out)
{
    if (out->fd >= 0) {
        rf_file_journal("remove", out->temp, NULL);
        unlink(out->temp);
    }
    out_release(out);
}

static enum rf_err put(const char *path, struct rf_slice content, unsigned mode, bool is_exclusive,
                       struct rf_why *why)
{
    struct rf_file_out out;
    enum rf_err err = rf_file_out_begin(&out, path, mode, why);
    if (err != RF_OK)
        return err;
    err = rf_file_out_add(&out, content, why);
    if (err != RF_OK) {
        rf_file_out_abort(&out);
        return err;
    }
    return commit(&out, is_exclusive, why);
}

enum rf_err rf_file_replace(const char *path, struct rf_slice content, unsigned mode,
                            struct rf_why *why)
{
    return put(path, content, mode, false, why);
}

enum rf_err rf_file_create(const char *path, struct rf_slice content, unsigned mode,
                           struct rf_why *why)
{
    /* Now, and again when it gets its name: another may have written it meanwhile. */
    return rf_file_exists(path) ? exists(path, why) : put(path, content, mode, true, why);
}

enum rf_err rf_file_rename(const char *from, const char *to, struct rf_why *why)
{
    rf_file_journal("rename", from, to);
    if (rename(from, to) != 0)
        return io_error(why, "rename", from);
    enum rf_err err = rf_dir_sync_of(to, why);
    return err == RF_OK ? rf_dir_sync_of(from, why) : err;
}

enum rf_err rf_file_remove(const char *path, struct rf_why *why)
{
    if (unlink(path) != 0)
        return errno == ENOENT ? RF_OK : io_error(why, "remove", path);
    rf_file_journal("remove", path, NULL);
    return rf_dir_sync_of(path, why);
}

enum rf_err rf_dir_make(const char *path, unsigned mode, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *part = rf_strdup(path);
    if (path[0] == '\0')
        return rf_why_set(why, RF_ERR_BAD, "folder-name", "a folder without a name");
    for (char *p = part + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char keep = *p;
        *p = '\0';
        bool is_made = mkdir(part, (mode_t)mode) == 0;
        if (!is_made && errno != EEXIST)
            return io_error(why, "make folder", part);
        enum rf_err err = RF_OK;
        if (is_made) {
            rf_file_journal("make-folder", part, NULL);
            err = rf_dir_sync_of(part, why);
        }
        *p = keep;
        if (keep == '\0' || err != RF_OK)
            return err;
    }
}

enum rf_err rf_dir_remove(const char *path, struct rf_why *why)
{
    if (rmdir(path) != 0)
        return errno == ENOENT ? RF_OK : io_error(why, "remove folder", path);
    rf_file_journal("remove", path, NULL);
    return rf_dir_sync_of(path, why);
}

static int no_dots(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

enum rf_err rf_dir_each(const char *path, enum rf_err (*each)(void *arg, const char *name),
                        void *arg, struct rf_why *why)
{
    struct dirent **names = NULL;
    int n = scandir(path, &names, no_dots, alphasort);
    if (n < 0)
        return io_error(why, "list", path);
    enum rf_err err = RF_OK;
    for (int i = 0; i < n; i++) {
        RF_AUTO(rf_freep) char *full = rf_path_join(path, names[i]->d_name);
        struct stat st;
        if (err == RF_OK && lstat(full, &st) == 0 && S_ISREG(st.st_mode))
            err = each(arg, names[i]->d_name);
        rf_free(names[i]);
    }
    rf_free(names);
    return err;
}

bool rf_file_is_leftover(const char *name)
{
    size_t n = strlen(name);
    if (n <= LEFTOVER_TAIL ||
        strncmp(name + n - LEFTOVER_TAIL, LEFTOVER_MARK, sizeof LEFTOVER_MARK - 1) != 0)
        return false;
    for (const char *c = name + n - 6; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c))
            return false;
    return true;
}

struct sweep_arg {
    const char *dir;
    int64_t before_s; /* those that were written to later stay */
    struct rf_why *why;
};

static enum rf_err sweep_one(void *arg, const char *name)
{
    const struct sweep_arg *a = arg;
    RF_AUTO(rf_freep) char *full = rf_path_join(a->dir, name);
    struct stat st;
    if (!rf_file_is_leftover(name) || lstat(full, &st) != 0 || st.st_mtime > a->before_s)
        return RF_OK;
    return rf_file_remove(full, a->why);
}

enum rf_err rf_dir_sweep(const char *path, uint32_t age_s, struct rf_why *why)
{
    struct sweep_arg arg = {.dir = path, .before_s = INT64_MAX, .why = why};
    if (age_s > 0)
        arg.before_s = rf_wall_s(rf_clock_real()) - age_s;
    return rf_file_exists(path) ? rf_dir_each(path, sweep_one, &arg, why) : RF_OK;
}

struct empty_arg {
    const char *dir;
    struct rf_why *why;
};

static enum rf_err remove_one(void *arg, const char *name)
{
    const struct empty_arg *a = arg;
    RF_AUTO(rf_freep) char *full = rf_path_join(a->dir, name);
    return rf_file_remove(full, a->why);
}

enum rf_err rf_dir_empty(const char *path, struct rf_why *why)
{
    struct empty_arg arg = {.dir = path, .why = why};
    return rf_dir_each(path, remove_one, &arg, why);
}

/* The descriptor, now the caller's. */
static int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

enum rf_err rf_dir_lock(const char *path, int *out_fd, struct rf_why *why)
{
    *out_fd = -1;
    RF_AUTO(rf_fd_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return io_error(why, "lock", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return rf_why_set(why, RF_ERR_AGAIN, "folder-busy", "%s is in use by another process",
                              path);
        return io_error(why, "lock", path);
    }
    *out_fd = take_fd(&fd);
    return RF_OK;
}

void rf_dir_unlock(int fd)
{
    rf_fd_close(&fd);
}

bool rf_dir_is_empty(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return false;
    size_t n = 0;
    while (n < 3 && readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n == 2; /* itself and the folder above */
}

bool rf_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

char *rf_path_join(const char *dir, const char *name)
{
    return rf_strf("%s/%s", dir, name);
}
