/* SPDX-License-Identifier: Apache-2.0 */
/* Many files into one folder, all or none: they are written beside it first, then judged, and
 * a list of what is to be done with them is the moment at which the change is made. Before it, a
 * crash leaves the folder as it was; behind it, whoever opens the folder next finishes the rest.
 * The order of the steps is the caller's: what must not be seen alone comes last.
 *
 *     struct rf_stage stage = {.lock_fd = -1};
 *     err = rf_stage_open(images, &stage, &why);            (finishes what was left)
 *     err = rf_stage_file(&stage, &out, &number, &why);     (rf_file_out_add ..., _commit)
 *     rf_stage_put(&stage, number, "SCCP42.9-4-2SR3-1S.loads");
 *     err = rf_stage_commit(&stage, &why);
 *     rf_stage_close(&stage);
 *
 * Thread: one; everything blocks. */
#ifndef SERVICE_SETUP_STAGE_H
#define SERVICE_SETUP_STAGE_H

#include "base/file.h"

/** Where the files wait, below the folder. Hidden, so it is never served. */
#define RF_STAGE_DIR ".incoming"
/** Bytes of the list of what is to be done. */
#define RF_STAGE_TODO_MAX ((size_t)4 * 1024 * 1024)

struct rf_stage {
    char *folder;
    char *dir;
    int lock_fd; /* -1 when it is not open */
    unsigned files;
    struct rf_buf todo;
    bool is_committed; /* the list is written: nothing of it may be dropped */
};

/** Take the folder (made if it is not there) for this process, finish what a crash left, and drop
 * what was never decided. RF_ERR_AGAIN folder-busy; RF_ERR_BAD stage-damaged; file errors. */
RF_MUST_CHECK enum rf_err rf_stage_open(const char *folder, struct rf_stage *out,
                                        struct rf_why *why);
/** A new file in waiting. Commit or abort `out` before the next. */
RF_MUST_CHECK enum rf_err rf_stage_file(struct rf_stage *stage, struct rf_file_out *out,
                                        unsigned *number, struct rf_why *why);
/** Where it waits, a new string. */
char *rf_stage_path(const struct rf_stage *stage, unsigned number);
/** Then: the file in waiting takes this name (a path below the folder; its folders are made).
 * RF_ERR_LIMIT stage-full. */
RF_MUST_CHECK enum rf_err rf_stage_put(struct rf_stage *stage, unsigned number, const char *target,
                                       struct rf_why *why);
/** Then: this one goes; one that is not there is fine. */
RF_MUST_CHECK enum rf_err rf_stage_drop(struct rf_stage *stage, const char *target,
                                        struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_stage_commit(struct rf_stage *stage, struct rf_why *why);
/** What was not committed goes. Harmless twice. */
void rf_stage_close(struct rf_stage *stage);

/** Did a crash leave something to finish there? For those who only look. */
bool rf_stage_is_unfinished(const char *folder);

#endif
