/* SPDX-License-Identifier: Apache-2.0 */
/* A site in one file under a passphrase, and the site from such a file: what phones trust is then
 * the same, so they take no notice. Inside is a tar archive (libarchive writes and reads it) in the
 * stream of trust/seal.h.
 *
 * Blocking. doc: docs/backup.md; docs/wire/backup.md */
#ifndef SERVICE_SETUP_BACKUP_H
#define SERVICE_SETUP_BACKUP_H

#include "base/mem.h"
#include "trust/seal.h"

/** Files in a backup, and bytes of one. */
#define RF_BACKUP_FILES_MAX 100000
#define RF_BACKUP_FILE_MAX  (UINT64_C(8) << 30)

/** What was kept or brought back. */
struct rf_backup_report {
    uint32_t files;
    uint64_t bytes; /* of their contents */
    int64_t made_s; /* of the backup */
};

struct rf_backup {
    const char *site_dir;
    struct rf_slice passphrase;
    bool has_images; /* firmware too: it is large, and can be imported again */
    int64_t now_s;
};

/**
 * Make a backup; the site's server may run. The database is copied as it is at one moment; when a
 * file changes while the others are read, nothing is given out: `restart` is called, and the stream
 * begins anew.
 *
 * Hidden files and folders, and what killed commands left half written, are left out.
 *
 * Returns RF_OK; RF_ERR_NOT_FOUND no-site; RF_ERR_DENIED backup-kind (a link or the like in the
 * site), backup-name (too deep or too long to be brought back); RF_ERR_AGAIN backup-changed (five
 * times), folder-busy (another backup is being made); RF_ERR_LIMIT backup-files, backup-size; and
 * what `sink`, `restart`, the store and trust/seal.h give.
 */
RF_MUST_CHECK enum rf_err rf_backup_make(const struct rf_backup *make, rf_seal_sink sink,
                                         enum rf_err (*restart)(void *arg, struct rf_why *why),
                                         void *arg, struct rf_backup_report *out,
                                         struct rf_why *why);

/**
 * Make a site of a backup. It is written beside `site_dir`, checked, and given its name at the end:
 * on any refusal nothing is there. An empty folder stays, with its owner and mode: the site is
 * written and checked in a hidden folder of it and then moved up, the configuration last. Its owner
 * gets the site when we may give it away.
 *
 * Returns RF_OK; RF_ERR_EXISTS site-exists (the folder holds something); RF_ERR_BAD backup-entry (a
 * name or kind that no backup has), backup-incomplete; what trust/seal.h gives, seal-passphrase and
 * seal-damaged above all; what the site and the store say of themselves.
 */
RF_MUST_CHECK enum rf_err rf_backup_restore(const char *site_dir, struct rf_slice passphrase,
                                            rf_seal_source source, void *arg,
                                            struct rf_backup_report *out, struct rf_why *why);

#endif
