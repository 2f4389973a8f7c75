/* SPDX-License-Identifier: Apache-2.0 */
/* A site out of a backup. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/faults.h"
#include "base/file_tree.h"
#include "base/text.h"
#include "service/setup/backup.h"
#include "service/setup/backup_int.h"
#include "service/site/site.h"
#include "store/store.h"

#define NAME_MAX_LEN 255
#define PARTS_MAX    8

struct restoring {
    const char *dir; /* being made */
    struct rf_unseal *unseal;
    struct archive *tar;
    struct rf_backup_report report;
    struct rf_why *why; /* of the stream, which libarchive reads */
};

static la_ssize_t from_unseal(struct archive *a, void *arg, const void **bytes)
{
    struct restoring *r = arg;
    struct rf_slice piece;
    if (rf_unseal_next(r->unseal, &piece, r->why) == RF_OK) {
        *bytes = piece.p;
        return (la_ssize_t)piece.len;
    }
    archive_set_error(a, EIO, "%s", "the backup is damaged");
    return -1;
}

static enum rf_err tar_error(struct restoring *r, struct rf_why *why)
{
    const char *words = archive_error_string(r->tar);
    return rf_why_set(why, RF_ERR_BAD, "backup-entry", "%s",
                      words != NULL ? words : "the archive in it cannot be read");
}

/* Whoever knows the passphrase could write anything: still no name leads out of the folder. */
static bool is_name_fine(struct rf_slice name)
{
    struct rf_slice rest = name;
    struct rf_slice part;
    size_t parts = 0;
    if (name.len == 0 || name.len > NAME_MAX_LEN || rf_slice_starts_with(name, "/"))
        return false;
    while (rf_next_piece(&rest, '/', &part))
        if (part.len == 0 || rf_slice_starts_with(part, ".") || ++parts > PARTS_MAX)
            return false;
    return true;
}

static enum rf_err check_entry(struct archive_entry *e, const char **name, struct rf_why *why)
{
    *name = archive_entry_pathname(e);
    bool is_fine = *name != NULL && is_name_fine(rf_slice_str(*name)) &&
                   archive_entry_filetype(e) == AE_IFREG && archive_entry_hardlink(e) == NULL &&
                   archive_entry_size(e) >= 0 &&
                   (uint64_t)archive_entry_size(e) <= RF_BACKUP_FILE_MAX;
    if (rf_fault_skips("backup.entry") || is_fine)
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "backup-entry", "it holds something that no backup has");
}

static enum rf_err make_parents(struct restoring *r, const char *name, struct rf_why *why)
{
    const char *slash = strrchr(name, '/');
    if (slash == NULL)
        return RF_OK;
    RF_AUTO(rf_freep) char *dir = rf_strf("%s/%.*s", r->dir, (int)(slash - name), name);
    return rf_file_exists(dir) ? RF_OK : rf_dir_make(dir, 0755, why);
}

static enum rf_err write_content(struct restoring *r, struct rf_file_out *out, struct rf_why *why)
{
    const void *bytes;
    size_t n;
    la_int64_t at;
    for (;;) {
        int rc = archive_read_data_block(r->tar, &bytes, &n, &at);
        if (rc == ARCHIVE_EOF)
            return RF_OK;
        if (rc != ARCHIVE_OK)
            return tar_error(r, why);
        enum rf_err err = rf_file_out_add(out, rf_slice_of(bytes, n), why);
        if (err != RF_OK)
            return err;
        r->report.bytes += n;
    }
}

static enum rf_err take_file(struct restoring *r, struct archive_entry *e, const char *name,
                             struct rf_why *why)
{
    struct rf_file_out out;
    RF_AUTO(rf_freep) char *path = rf_path_join(r->dir, name);
    bool is_private = (archive_entry_perm(e) & 077) == 0;
    if (++r->report.files > RF_BACKUP_FILES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "backup-files", "more than %d files",
                          RF_BACKUP_FILES_MAX);
    enum rf_err err = make_parents(r, name, why);
    if (err == RF_OK)
        err = rf_file_out_begin(&out, path, is_private ? RF_FILE_PRIVATE : RF_FILE_PUBLIC, why);
    if (err != RF_OK)
        return err;
    err = write_content(r, &out, why);
    if (err == RF_OK)
        return rf_file_out_commit(&out, why);
    rf_file_out_abort(&out);
    return err;
}

static enum rf_err read_note(struct restoring *r, struct archive_entry *e, const char *name,
                             struct rf_why *why)
{
    char text[256] = "";
    uint64_t made_s = 0;
    la_ssize_t n = archive_read_data(r->tar, text, sizeof text - 1);
    struct rf_slice s = rf_slice_of(text, n > 0 ? (size_t)n : 0);
    size_t lead = strlen(RF_BACKUP_NOTE_TEXT);
    if (strcmp(name, RF_BACKUP_NOTE) != 0 || !rf_slice_starts_with(s, RF_BACKUP_NOTE_TEXT) ||
        !rf_parse_u64(rf_trim(rf_slice_part(s, lead, s.len)), 0, INT64_MAX, &made_s))
        return rf_why_set(why, RF_ERR_BAD, "backup-entry",
                          "it does not begin as a backup of a version that is known here");
    r->report.made_s = (int64_t)made_s;
    return RF_OK;
}

static enum rf_err read_all(struct restoring *r, struct rf_why *why)
{
    struct archive_entry *e;
    const char *name;
    int rc;
    for (bool is_first = true; (rc = archive_read_next_header(r->tar, &e)) == ARCHIVE_OK;
         is_first = false) {
        enum rf_err err = check_entry(e, &name, why);
        if (err == RF_OK)
            err = is_first ? read_note(r, e, name, why) : take_file(r, e, name, why);
        if (err != RF_OK)
            return err;
    }
    return rc == ARCHIVE_EOF ? RF_OK : tar_error(r, why);
}

/* The archive's own end comes before that of the stream: what follows would not have been read. */
static enum rf_err read_to_the_end(struct restoring *r, struct rf_why *why)
{
    struct rf_slice piece = {.len = 1};
    enum rf_err err = RF_OK;
    while (err == RF_OK && piece.len > 0)
        err = rf_unseal_next(r->unseal, &piece, why);
    return err;
}

/* A survivable router gives ids of calls out again that it gave out after the backup was made, for
 * other calls: its centre has to know them apart. What it has sent stays marked as sent. */
static enum rf_err count_anew(struct rf_store *store, struct rf_why *why)
{
    return rf_store_setting_drop(store, RF_STORE_BRANCH_EPOCH, why);
}

/* It is a site: configuration, keys, a database that is whole. */
static enum rf_err check_site(const char *dir, struct rf_why *why)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_store_closep) struct rf_store *store = NULL;
    RF_AUTO(rf_freep) char *db = rf_site_path_in(dir, RF_SITE_DB);
    struct rf_why inner = {0};
    enum rf_err err = rf_site_open(dir, &site, &inner);
    if (err == RF_OK && !rf_file_exists(db))
        err = rf_why_set(&inner, RF_ERR_BAD, "store-corrupt", "no database");
    if (err == RF_OK)
        err = rf_store_open(db, &store, &inner);
    if (err == RF_OK)
        return count_anew(store, why);
    if (rf_fault_skips("backup.complete"))
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "backup-incomplete", "what it holds is no site: %s",
                      rf_why_text(&inner));
}

static enum rf_err make_site(struct restoring *r, struct rf_why *why)
{
    enum rf_err err = rf_site_make(r->dir, why);
    if (err != RF_OK)
        return err;
    struct rf_why stream = {0};
    r->why = &stream;
    r->tar = archive_read_new();
    if (r->tar == NULL || archive_read_support_format_tar(r->tar) != ARCHIVE_OK ||
        archive_read_open(r->tar, r, NULL, from_unseal, NULL) != ARCHIVE_OK)
        err = stream.code[0] != '\0' ? RF_ERR_CRYPTO : tar_error(r, why);
    if (err == RF_OK)
        err = read_all(r, why);
    if (err == RF_OK)
        err = read_to_the_end(r, &stream);
    archive_read_free(r->tar);
    r->tar = NULL;
    r->why = NULL;
    if (stream.code[0] == '\0')
        return err;
    if (why != NULL)
        *why = stream; /* the cause of what libarchive complains about */
    return RF_ERR_CRYPTO;
}

static enum rf_err check_place(const char *dir, struct stat *st, bool *is_there, struct rf_why *why)
{
    *is_there = lstat(dir, st) == 0;
    if (!*is_there && errno != ENOENT)
        return rf_why_set(why, RF_ERR_IO, "file-io", "%s: %s", dir, strerror(errno));
    if (rf_fault_skips("backup.site-exists") || !*is_there ||
        (S_ISDIR(st->st_mode) && rf_dir_is_empty(dir)))
        return RF_OK;
    return rf_why_set(why, RF_ERR_EXISTS, "site-exists",
                      "%s holds something already, and is not replaced. Choose another folder, or "
                      "move it away",
                      dir);
}

enum rf_err rf_backup_restore(const char *site_dir, struct rf_slice passphrase,
                              rf_seal_source source, void *arg, struct rf_backup_report *out,
                              struct rf_why *why)
{
    struct stat st = {0};
    bool is_there = false;
    enum rf_err err = check_place(site_dir, &st, &is_there, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_freep) char *dir = rf_strf("%s.restoring", site_dir);
    struct restoring r = {.dir = dir};
    err = rf_tree_remove(dir, why); /* of one that was interrupted */
    if (err == RF_OK)
        err = rf_unseal_new(passphrase, source, arg, &r.unseal, why);
    if (err == RF_OK)
        err = make_site(&r, why);
    rf_unseal_free(r.unseal);
    if (err == RF_OK)
        err = check_site(dir, why);
    if (err == RF_OK && is_there && geteuid() == 0)
        err = rf_tree_own(dir, st.st_uid, st.st_gid, why);
    rf_crash_point("restore.made");
    if (err == RF_OK)
        err = rf_tree_move(dir, site_dir, why);
    rf_crash_point("restore.moved");
    if (err != RF_OK) {
        struct rf_why ignored = {0}; /* the first failure is the one to tell */
        (void)!rf_tree_remove(dir, &ignored);
    }
    *out = r.report;
    return err;
}
