/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator brings: a file, a folder or an archive (zip; tar, also compressed), read
 * entry by entry in pieces. It comes from anywhere, so nothing of it is believed: paths stay below
 * what was named, links and devices are told and never followed, and every count and size has a
 * limit, however small the archive was.
 *
 *     struct rf_source_budget budget = {.limits = &rf_source_limits};
 *     err = rf_source_read("cmterm-7942-7962.zip", &budget, &sink, &why);
 *
 * Only archive.c knows libarchive. Thread: one; everything blocks. */
#ifndef SERVICE_SETUP_SOURCE_H
#define SERVICE_SETUP_SOURCE_H

#include "base/mem.h"

#define RF_SOURCE_PATH_MAX  255
#define RF_SOURCE_DEPTH_MAX 8 /* parts of a path */
/** So many first bytes tell what a file is. */
#define RF_SOURCE_SNIFF 512

enum rf_source_kind {
    RF_SOURCE_FILE,
    RF_SOURCE_LINK,  /* symbolic or hard: it is somebody else's content */
    RF_SOURCE_OTHER, /* device, FIFO, socket */
};

struct rf_source_entry {
    const char *path; /* below what was named; of a single file its name. Printable ASCII */
    enum rf_source_kind kind;
};

struct rf_source_limits {
    size_t entries;
    uint64_t entry_bytes;
    uint64_t total_bytes;
    uint64_t bomb_bytes; /* beyond so much an archive may not be larger than */
    uint64_t bomb_ratio; /* so many times its own size */
};
/** 4096 entries, 100 MiB each (what is larger is not served), 2 GiB in all; beyond 64 MiB a
 * hundred times the archive. */
extern const struct rf_source_limits rf_source_limits;

/** What was used up; one for a whole command line. */
struct rf_source_budget {
    const struct rf_source_limits *limits;
    size_t entries;
    uint64_t bytes;
};

struct rf_source_sink {
    void *arg;
    /** An entry; folders are not told. With *wanted left false its bytes are not read, as those of
     * links and others never are. */
    enum rf_err (*begin)(void *arg, const struct rf_source_entry *entry, bool *wanted,
                         struct rf_why *why);
    enum rf_err (*add)(void *arg, struct rf_slice part, struct rf_why *why);
    enum rf_err (*end)(void *arg, struct rf_why *why); /* of a wanted entry, whole */
};

/**
 * Read what lies at `path`. A link that is named there itself is followed: the administrator has
 * named it. In an archive the order is the archive's, in a folder that of names.
 *
 * Returns RF_OK; RF_ERR_NOT_FOUND file-not-found; RF_ERR_IO file-io; RF_ERR_BAD archive-damaged;
 * RF_ERR_DENIED archive-encrypted, archive-nested (compressed twice), path-absolute,
 * path-traversal, path-name (empty, or bytes that no file name needs), path-long, path-deep;
 * RF_ERR_LIMIT entry-count, entry-size, total-size, archive-bomb; what the sink gives. The sink
 * then drops what it was given.
 */
RF_MUST_CHECK enum rf_err rf_source_read(const char *path, struct rf_source_budget *budget,
                                         const struct rf_source_sink *sink, struct rf_why *why);

/** Do these first bytes (RF_SOURCE_SNIFF, or the whole) begin an archive that is read here, or a
 * compressed file? Pure. */
bool rf_source_is_archive(struct rf_slice first);

/** Of a file, read in pieces. RF_ERR_NOT_FOUND or RF_ERR_IO file-io. */
RF_MUST_CHECK enum rf_err rf_source_sha256(const char *path, uint8_t sha256[32],
                                           struct rf_why *why);

/* Inside: for source.c and archive.c. */
RF_MUST_CHECK enum rf_err rf_source_check_path(const char *path, char clean[RF_SOURCE_PATH_MAX + 1],
                                               struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_source_count(struct rf_source_budget *budget, const char *path,
                                          uint64_t declared, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_archive_read(const char *path, struct rf_source_budget *budget,
                                          const struct rf_source_sink *sink, struct rf_why *why);

#endif
