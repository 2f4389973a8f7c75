/* SPDX-License-Identifier: Apache-2.0 */
/* The one file layer. Everything ringfence writes to disk goes through here: a file is replaced
 * whole (new file, fsync, rename, fsync of the folder) or not at all. Blocking: never call it on an
 * I/O worker or the call-control thread. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/mem.h"

#define RF_FILE_PUBLIC  0644
#define RF_FILE_PRIVATE 0600

/** Close a descriptor that is open, and forget it; also as RF_AUTO(rf_fd_close). */
void rf_fd_close(int *fd);

/** Read a whole regular file of at most `limit` bytes. On RF_OK `out` (zero-initialised or empty)
 * owns the bytes. RF_ERR_NOT_FOUND, RF_ERR_LIMIT, RF_ERR_IO with path and cause in `why`. */
RF_MUST_CHECK enum rf_err rf_file_read(const char *path, size_t limit, struct rf_buf *out,
                                       struct rf_why *why);

/** The first bytes of a regular file, at most `n`, and how long it is. As rf_file_read, but that a
 * longer file is fine. */
RF_MUST_CHECK enum rf_err rf_file_head(const char *path, size_t n, struct rf_buf *out,
                                       uint64_t *size, struct rf_why *why);
/** Replace (or make) a file atomically and durably with mode `mode`. */
RF_MUST_CHECK enum rf_err rf_file_replace(const char *path, struct rf_slice content, unsigned mode,
                                          struct rf_why *why);

/** As rf_file_replace, but RF_ERR_EXISTS file-exists when the file is there already, or is when it
 * would get its name: of two that make it at one time one does. */
RF_MUST_CHECK enum rf_err rf_file_create(const char *path, struct rf_slice content, unsigned mode,
                                         struct rf_why *why);

/** A file written in pieces: nothing is visible under its name until rf_file_out_commit. */
struct rf_file_out {
    int fd;
    char *path;
    char *temp;
};
/** RF_ERR_IO file-io also when the name is that of a device, pipe or folder: those are not
 * replaced.
 */
RF_MUST_CHECK enum rf_err rf_file_out_begin(struct rf_file_out *out, const char *path,
                                            unsigned mode, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_file_out_add(struct rf_file_out *out, struct rf_slice part,
                                          struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_file_out_commit(struct rf_file_out *out, struct rf_why *why);
/** Drop an uncommitted file; harmless after commit. */
void rf_file_out_abort(struct rf_file_out *out);

/** Give a file another name, in this folder or another of the same disc, durably; what had that
 * name before goes. */
RF_MUST_CHECK enum rf_err rf_file_rename(const char *from, const char *to, struct rf_why *why);
/** Remove a file, durably; one that is not there is fine. */
RF_MUST_CHECK enum rf_err rf_file_remove(const char *path, struct rf_why *why);
/** Make a folder with its parents; one that is there is fine. RF_ERR_BAD folder-name: "". */
RF_MUST_CHECK enum rf_err rf_dir_make(const char *path, unsigned mode, struct rf_why *why);
/** Make a change in the folder that holds `path` (a rename, a removal) durable. */
RF_MUST_CHECK enum rf_err rf_dir_sync_of(const char *path, struct rf_why *why);
/** Remove the regular files in a folder, not folders below it; the folder stays. */
RF_MUST_CHECK enum rf_err rf_dir_empty(const char *path, struct rf_why *why);

/** Is this the name of a file whose writing was cut off, by kill or loss of power? It never got its
 * own name: whoever lists a folder passes it over. It may hold half of a key, or all of one. */
bool rf_file_is_leftover(const char *name);
/** Those count as left once nobody has written to them for so long (seconds). */
#define RF_LEFTOVER_AGE_S 3600
/** Remove the leftovers of a folder, not of folders below it; no such folder is fine. Those younger
 * than `age_s` stay: somebody may be writing them. 0 is for who keeps all others from writing. */
RF_MUST_CHECK enum rf_err rf_dir_sweep(const char *path, uint32_t age_s, struct rf_why *why);

/** Remove an empty folder, durably; one that is not there is fine. */
RF_MUST_CHECK enum rf_err rf_dir_remove(const char *path, struct rf_why *why);
/** Call `each` for every regular file of a folder, in name order, until it returns an error. */
RF_MUST_CHECK enum rf_err rf_dir_each(const char *path,
                                      enum rf_err (*each)(void *arg, const char *name), void *arg,
                                      struct rf_why *why);
/** Nothing is in it, not even hidden; false when it cannot be read. */
bool rf_dir_is_empty(const char *path);
bool rf_file_exists(const char *path);

/** Hold a folder against every other holder, also of this process, until rf_dir_unlock or the end
 * of the process, however it ends. Nothing is written. RF_ERR_AGAIN folder-busy: another holds
 * it. */
RF_MUST_CHECK enum rf_err rf_dir_lock(const char *path, int *out_fd, struct rf_why *why);
void rf_dir_unlock(int fd);

/** "dir/name" as a new string. */
char *rf_path_join(const char *dir, const char *name);

#endif
