/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/stage.h"

#include <string.h>

#include "base/text.h"

#define TODO       "todo"
#define TARGET_MAX 512

static char *todo_path(const char *dir)
{
    return rf_path_join(dir, TODO);
}

char *rf_stage_path(const struct rf_stage *stage, unsigned number)
{
    return rf_strf("%s/%06u", stage->dir, number);
}

/* ---- doing what is decided ---- */

static enum rf_err damaged(struct rf_why *why, const char *dir)
{
    return rf_why_set(why, RF_ERR_BAD, "stage-damaged",
                      "%s/" TODO " is not what was written: remove it, and bring the files anew",
                      dir);
}

/* A path below the folder and nowhere else; none begins with a dot. */
static bool is_target(const char *target)
{
    struct rf_slice rest = rf_slice_str(target), part;
    bool is_good = target[0] != '\0';
    while (rf_next_piece(&rest, '/', &part))
        is_good = is_good && part.len > 0 && !rf_slice_starts_with(part, ".");
    return is_good;
}

static enum rf_err make_parents(const char *path, struct rf_why *why)
{
    const char *slash = strrchr(path, '/');
    RF_AUTO(rf_freep) char *parent = rf_strf("%.*s", (int)(slash - path), path);
    return rf_file_exists(parent) ? RF_OK : rf_dir_make(parent, 0755, why);
}

static enum rf_err put(const struct rf_stage *stage, unsigned number, const char *target,
                       struct rf_why *why)
{
    RF_AUTO(rf_freep) char *from = rf_stage_path(stage, number);
    RF_AUTO(rf_freep) char *to = rf_path_join(stage->folder, target);
    if (!rf_file_exists(from))
        return RF_OK; /* done before the crash */
    enum rf_err err = make_parents(to, why);
    return err == RF_OK ? rf_file_rename(from, to, why) : err;
}

/* "put 12 name", "drop name" */
struct step {
    bool is_put;
    unsigned number;
    char target[TARGET_MAX];
};

static enum rf_err read_step(const struct rf_stage *stage, struct rf_slice line, struct step *out,
                             struct rf_why *why)
{
    struct rf_slice rest = line, word, digits;
    uint64_t number = 0;
    if (!rf_next_piece(&rest, ' ', &word))
        return damaged(why, stage->dir);
    out->is_put = rf_slice_eq_str(word, "put");
    if (out->is_put &&
        (!rf_next_piece(&rest, ' ', &digits) || !rf_parse_u64(digits, 1, UINT32_MAX, &number)))
        return damaged(why, stage->dir);
    out->number = (unsigned)number;
    if ((!out->is_put && !rf_slice_eq_str(word, "drop")) ||
        !rf_slice_to_str(rest, out->target, sizeof out->target) || !is_target(out->target))
        return damaged(why, stage->dir);
    return RF_OK;
}

/* Was a later step for the same name done already, before a crash? Then what stands there now is
 * the new one. */
static bool is_put_done(const struct rf_stage *stage, struct rf_slice rest, const char *target)
{
    struct rf_slice line;
    struct step later;
    while (rf_next_piece(&rest, '\n', &line)) {
        if (line.len == 0 || read_step(stage, line, &later, NULL) != RF_OK || !later.is_put ||
            strcmp(later.target, target) != 0)
            continue;
        RF_AUTO(rf_freep) char *waiting = rf_stage_path(stage, later.number);
        return !rf_file_exists(waiting);
    }
    return false;
}

static enum rf_err do_step(const struct rf_stage *stage, const struct step *step,
                           struct rf_slice rest, struct rf_why *why)
{
    if (step->is_put)
        return put(stage, step->number, step->target, why);
    if (is_put_done(stage, rest, step->target))
        return RF_OK;
    RF_AUTO(rf_freep) char *path = rf_path_join(stage->folder, step->target);
    return rf_file_remove(path, why);
}

/* Once begun it is done to the end, now or by the next who opens the folder. */
static enum rf_err finish(struct rf_stage *stage, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = todo_path(stage->dir);
    RF_AUTO(rf_buf_fini) struct rf_buf todo = {0};
    enum rf_err err = rf_file_read(path, RF_STAGE_TODO_MAX, &todo, why);
    struct rf_slice rest = rf_buf_slice(&todo), line;
    struct step step;
    while (err == RF_OK && rf_next_piece(&rest, '\n', &line)) {
        if (line.len == 0)
            continue;
        err = read_step(stage, line, &step, why);
        if (err == RF_OK)
            err = do_step(stage, &step, rest, why);
    }
    return err == RF_OK ? rf_file_remove(path, why) : err;
}

/* ---- the stage ---- */

bool rf_stage_is_unfinished(const char *folder)
{
    RF_AUTO(rf_freep) char *dir = rf_path_join(folder, RF_STAGE_DIR);
    RF_AUTO(rf_freep) char *path = todo_path(dir);
    return rf_file_exists(path);
}

static enum rf_err prepare(struct rf_stage *stage, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = todo_path(stage->dir);
    enum rf_err err = rf_dir_make(stage->dir, 0700, why);
    /* Nothing is written to the folder itself but by hand, e.g. `ringfence file sign --out`. */
    if (err == RF_OK)
        err = rf_dir_sweep(stage->folder, RF_LEFTOVER_AGE_S, why);
    if (err == RF_OK && rf_file_exists(path))
        err = finish(stage, why);
    return err == RF_OK ? rf_dir_empty(stage->dir, why) : err;
}

enum rf_err rf_stage_open(const char *folder, struct rf_stage *out, struct rf_why *why)
{
    *out = (struct rf_stage){.lock_fd = -1, .todo = RF_BUF(RF_STAGE_TODO_MAX)};
    enum rf_err err = rf_file_exists(folder) ? RF_OK : rf_dir_make(folder, 0755, why);
    if (err == RF_OK)
        err = rf_dir_lock(folder, &out->lock_fd, why);
    if (err != RF_OK)
        return err;
    out->folder = rf_strdup(folder);
    out->dir = rf_path_join(folder, RF_STAGE_DIR);
    err = prepare(out, why);
    if (err != RF_OK) {
        out->is_committed = true; /* what is there stays as it was found */
        rf_stage_close(out);
    }
    return err;
}

enum rf_err rf_stage_file(struct rf_stage *stage, struct rf_file_out *out, unsigned *number,
                          struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_stage_path(stage, ++stage->files);
    *number = stage->files;
    return rf_file_out_begin(out, path, RF_FILE_PUBLIC, why);
}

static enum rf_err full(struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_LIMIT, "stage-full", "too many files for one command");
}

enum rf_err rf_stage_put(struct rf_stage *stage, unsigned number, const char *target,
                         struct rf_why *why)
{
    rf_bug_on(!is_target(target));
    return rf_buf_addf(&stage->todo, "put %u %s\n", number, target) == RF_OK ? RF_OK : full(why);
}

enum rf_err rf_stage_drop(struct rf_stage *stage, const char *target, struct rf_why *why)
{
    rf_bug_on(!is_target(target));
    return rf_buf_addf(&stage->todo, "drop %s\n", target) == RF_OK ? RF_OK : full(why);
}

enum rf_err rf_stage_commit(struct rf_stage *stage, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = todo_path(stage->dir);
    enum rf_err err = rf_file_replace(path, rf_buf_slice(&stage->todo), RF_FILE_PRIVATE, why);
    if (err != RF_OK)
        return err;
    stage->is_committed = true;
    err = finish(stage, why);
    stage->is_committed = err != RF_OK;
    return err;
}

void rf_stage_close(struct rf_stage *stage)
{
    /* What cannot be removed now is removed by the next who opens the folder. */
    if (stage->lock_fd >= 0 && stage->dir != NULL && !stage->is_committed &&
        rf_dir_empty(stage->dir, NULL) == RF_OK)
        (void)!rf_dir_remove(stage->dir, NULL);
    rf_dir_unlock(stage->lock_fd);
    stage->lock_fd = -1;
    rf_freep(&stage->folder);
    rf_freep(&stage->dir);
    rf_buf_fini(&stage->todo);
}
