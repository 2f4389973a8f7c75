/* SPDX-License-Identifier: Apache-2.0 */
/* Folders with all that is below them. Blocking. Links are seen as links and never followed. */
#ifndef BASE_FILE_TREE_H
#define BASE_FILE_TREE_H

#include "base/file.h"

#include <sys/stat.h>

/** Deeper folders are refused. */
#define RF_TREE_DEPTH_MAX 16

/** Call `each` for all below a folder, in name order, a folder before what is in it, until it
 * returns an error. `name` is relative to the folder; what stands there may be of any kind.
 * RF_ERR_LIMIT tree-deep; RF_ERR_NOT_FOUND file-not-found; RF_ERR_IO file-io. */
RF_MUST_CHECK enum rf_err rf_tree_each(const char *path,
                                       enum rf_err (*each)(void *arg, const char *name,
                                                           const struct stat *st,
                                                           struct rf_why *why),
                                       void *arg, struct rf_why *why);
/** Remove a folder with all below it; one that is not there is fine. */
RF_MUST_CHECK enum rf_err rf_tree_remove(const char *path, struct rf_why *why);
/** Give a folder and all below it to another user. */
RF_MUST_CHECK enum rf_err rf_tree_own(const char *path, uid_t uid, gid_t gid, struct rf_why *why);
/** Give a folder its name, durably, in place of an empty folder or of nothing. RF_ERR_EXISTS
 * file-exists: something stands there. */
RF_MUST_CHECK enum rf_err rf_tree_move(const char *from, const char *to, struct rf_why *why);
/** Move all that is in `from` into `to`, a folder of the same disc that has nothing of these names,
 * durably; the file `last` when all others are there. Then `from` goes. */
RF_MUST_CHECK enum rf_err rf_tree_spill(const char *from, const char *to, const char *last,
                                        struct rf_why *why);

#endif
