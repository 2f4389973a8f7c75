/* SPDX-License-Identifier: Apache-2.0 */
/* A file of any size, read in pieces from its beginning, as often as wanted. What comes through a
 * pipe is put into an unnamed file on disk first, so that it too has a length and can be read
 * twice.
 *
 *     RF_AUTO(rf_file_in_fini) struct rf_file_in in = RF_FILE_IN;
 *     struct rf_buf piece = RF_BUF(65536);
 *     err = rf_file_in_open(&in, "image.sbn", limit, &why);
 *     while (err == RF_OK && (err = rf_file_in_read(&in, &piece, piece.max, &why)) == RF_OK &&
 *            piece.len != 0)
 *         use(rf_buf_slice(&piece));
 *
 * Thread: any, one at a time per file. Blocking. */
#ifndef BASE_FILE_IN_H
#define BASE_FILE_IN_H

#include "base/mem.h"

struct rf_file_in {
    int fd;
    char *name;   /* for messages */
    uint64_t len; /* when it was opened; bytes that are added later are not read */
    uint64_t at;  /* where the next piece begins */
};
#define RF_FILE_IN ((struct rf_file_in){.fd = -1})

/** Open a regular file of at most `limit` bytes. RF_ERR_NOT_FOUND file-not-found, RF_ERR_LIMIT
 * file-too-large, RF_ERR_IO file-io. */
RF_MUST_CHECK enum rf_err rf_file_in_open(struct rf_file_in *in, const char *path, uint64_t limit,
                                          struct rf_why *why);

/** All that an open descriptor gives (it stays open): a regular file at its beginning as it is,
 * anything else copied to an unnamed file in $TMPDIR, or /var/tmp. `name` is for messages. */
RF_MUST_CHECK enum rf_err rf_file_in_take(struct rf_file_in *in, int fd, const char *name,
                                          uint64_t limit, struct rf_why *why);

/** The next `want` bytes (fewer only at the end) in place of what `piece` holds; none: the end.
 * RF_ERR_LIMIT when `want` is above the maximum of `piece`. */
RF_MUST_CHECK enum rf_err rf_file_in_read(struct rf_file_in *in, struct rf_buf *piece, size_t want,
                                          struct rf_why *why);
/** Read on from this offset, at most the length. */
void rf_file_in_seek(struct rf_file_in *in, uint64_t at);
void rf_file_in_fini(struct rf_file_in *in);

#endif
