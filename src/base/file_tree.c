/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file_tree.h"

#include "base/file_journal.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum rf_err tree_error(struct rf_why *why, int e, const char *what, const char *path)
{
    enum rf_err err = e == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO;
    return rf_why_set(why, err, e == ENOENT ? "file-not-found" : "file-io", "%s %s: %s", what, path,
                      strerror(e));
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void close_walk(FTS **walk)
{
    if (*walk != NULL)
        fts_close(*walk);
}

typedef enum rf_err (*visit_fn)(void *arg, const FTSENT *at, struct rf_why *why);

/* All of it, the folder itself too: folders are seen twice, FTS_D before and FTS_DP behind what is
 * in them. */
static enum rf_err walk_tree(const char *path, visit_fn visit, void *arg, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *root = rf_strdup(path);
    char *const roots[] = {root, NULL};
    RF_AUTO(close_walk) FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (walk == NULL)
        return tree_error(why, errno, "list", path);
    enum rf_err err = RF_OK;
    FTSENT *at;
    errno = 0;
    while (err == RF_OK && (at = fts_read(walk)) != NULL) {
        if (at->fts_info == FTS_ERR || at->fts_info == FTS_DNR || at->fts_info == FTS_NS)
            return tree_error(why, at->fts_errno, "list", at->fts_path);
        if (at->fts_level > RF_TREE_DEPTH_MAX)
            return rf_why_set(why, RF_ERR_LIMIT, "tree-deep", "%s: more than %d folders deep",
                              at->fts_path, RF_TREE_DEPTH_MAX);
        err = visit(arg, at, why);
        errno = 0;
    }
    if (err == RF_OK && errno != 0)
        return tree_error(why, errno, "list", path);
    return err;
}

struct each_arg {
    enum rf_err (*each)(void *arg, const char *name, const struct stat *st, struct rf_why *why);
    void *arg;
    size_t skip; /* of the path: the folder itself and a slash */
};

static enum rf_err visit_each(void *arg, const FTSENT *at, struct rf_why *why)
{
    const struct each_arg *a = arg;
    if (at->fts_level == 0 || at->fts_info == FTS_DP)
        return RF_OK;
    return a->each(a->arg, at->fts_path + a->skip, at->fts_statp, why);
}

enum rf_err rf_tree_each(const char *path,
                         enum rf_err (*each)(void *arg, const char *name, const struct stat *st,
                                             struct rf_why *why),
                         void *arg, struct rf_why *why)
{
    size_t n = strlen(path);
    struct each_arg a = {.each = each, .arg = arg};
    a.skip = n + (n > 0 && path[n - 1] == '/' ? 0 : 1);
    return walk_tree(path, visit_each, &a, why);
}

static enum rf_err visit_remove(void *arg, const FTSENT *at, struct rf_why *why)
{
    if (at->fts_info == FTS_D)
        return RF_OK;
    rf_file_journal("remove", at->fts_path, NULL);
    int rc = at->fts_info == FTS_DP ? rmdir(at->fts_path) : unlink(at->fts_path);
    return rc == 0 ? RF_OK : tree_error(why, errno, "remove", at->fts_path);
}

enum rf_err rf_tree_remove(const char *path, struct rf_why *why)
{
    struct stat st;
    if (lstat(path, &st) != 0 && errno == ENOENT)
        return RF_OK;
    return walk_tree(path, visit_remove, NULL, why);
}

struct own_arg {
    uid_t uid;
    gid_t gid;
};

static enum rf_err visit_own(void *arg, const FTSENT *at, struct rf_why *why)
{
    const struct own_arg *a = arg;
    if (at->fts_info == FTS_DP || lchown(at->fts_path, a->uid, a->gid) == 0)
        return RF_OK;
    return tree_error(why, errno, "give away", at->fts_path);
}

enum rf_err rf_tree_own(const char *path, uid_t uid, gid_t gid, struct rf_why *why)
{
    struct own_arg a = {uid, gid};
    return walk_tree(path, visit_own, &a, why);
}

enum rf_err rf_tree_move(const char *from, const char *to, struct rf_why *why)
{
    rf_file_journal("rename", from, to);
    if (rename(from, to) != 0) {
        int e = errno;
        if (e == ENOTEMPTY || e == EEXIST || e == ENOTDIR)
            return rf_why_set(why, RF_ERR_EXISTS, "file-exists", "%s exists already", to);
        return tree_error(why, e, "write", to);
    }
    return rf_dir_sync_of(to, why);
}

static int not_itself(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static enum rf_err move_into(const char *from, const char *to, const char *name, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *old = rf_path_join(from, name);
    RF_AUTO(rf_freep) char *new = rf_path_join(to, name);
    return rf_tree_move(old, new, why);
}

enum rf_err rf_tree_spill(const char *from, const char *to, const char *last, struct rf_why *why)
{
    struct dirent **names = NULL;
    bool has_last = false;
    int n = scandir(from, &names, not_itself, alphasort);
    if (n < 0)
        return tree_error(why, errno, "list", from);
    enum rf_err err = RF_OK;
    for (int i = 0; i < n; i++) {
        bool is_last = strcmp(names[i]->d_name, last) == 0;
        has_last |= is_last;
        if (!is_last && err == RF_OK)
            err = move_into(from, to, names[i]->d_name, why);
        rf_free(names[i]);
    }
    rf_free(names);
    if (err == RF_OK && has_last)
        err = move_into(from, to, last, why);
    return err == RF_OK ? rf_dir_remove(from, why) : err;
}
