/* SPDX-License-Identifier: Apache-2.0 */
/* A site out of a backup. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/faults.h"
#include "base/file_tree.h"
#include "base/text.h"
#include "service/setup/backup.h"
#include "service/setup/backup_int.h"
#include "service/site/site.h"
#include "store/store.h"

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
static enum rf_err check_entry(struct archive_entry *e, const char **name, struct rf_why *why)
{
    char shown[128];
    *name = archive_entry_pathname(e);
    bool is_fine = *name != NULL && backup_name_judge(*name) == BACKUP_NAME_FINE &&
                   archive_entry_filetype(e) == AE_IFREG && archive_entry_hardlink(e) == NULL &&
                   archive_entry_size(e) >= 0 &&
                   (uint64_t)archive_entry_size(e) <= RF_BACKUP_FILE_MAX;
    if (rf_fault_skips("backup.entry") || is_fine)
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "backup-entry", "it holds something that no backup has: %s",
                      rf_escape(rf_slice_str(*name != NULL ? *name : ""), shown, sizeof shown));
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
    bool is_public = (archive_entry_perm(e) & S_IROTH) != 0;
    if (++r->report.files > RF_BACKUP_FILES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "backup-files", "more than %d files",
                          RF_BACKUP_FILES_MAX);
    enum rf_err err = make_parents(r, name, why);
    if (err == RF_OK)
        err = rf_file_out_begin(&out, path, is_public ? RF_FILE_PUBLIC : RF_FILE_PRIVATE, why);
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

/* Where the site goes, and where it is made before it is one. A folder that is there is kept: it
 * may be where a disc is mounted, or stand in a folder that is not ours to write to. The site is
 * made in it then, under a name that no site has, else beside the name that it gets in one step. */
struct place {
    char *site;
    char *making;
    bool is_there;
    struct stat st;
};

#define MAKING ".restoring"

static void place_fini(struct place *p)
{
    rf_free(p->site);
    rf_free(p->making);
}

static char *without_slash(const char *dir)
{
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    return rf_strf("%.*s", (int)n, dir);
}

static enum rf_err find_place(const char *dir, struct place *p, struct rf_why *why)
{
    char full[PATH_MAX];
    struct stat link;
    p->is_there = realpath(dir, full) != NULL && stat(full, &p->st) == 0;
    if (!p->is_there && errno != ENOENT)
        return rf_why_set(why, RF_ERR_IO, "file-io", "%s: %s", dir, strerror(errno));
    p->site = p->is_there ? rf_strdup(full) : without_slash(dir);
    p->making = rf_strf("%s%s" MAKING, p->site, p->is_there ? "/" : "");
    if (!p->is_there && lstat(p->site, &link) == 0)
        return rf_why_set(why, RF_ERR_EXISTS, "site-exists", "%s is a link that leads nowhere",
                          p->site);
    return RF_OK;
}

/* What an interrupted one left is not in the way. */
static enum rf_err clear_place(const struct place *p, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *conf = rf_site_path_in(p->site, RF_SITE_CONF);
    enum rf_err err = rf_file_exists(conf) ? RF_OK : rf_tree_remove(p->making, why);
    if (err != RF_OK || rf_fault_skips("backup.site-exists") || !p->is_there ||
        (S_ISDIR(p->st.st_mode) && rf_dir_is_empty(p->site)))
        return err;
    return rf_why_set(why, RF_ERR_EXISTS, "site-exists",
                      "%s holds something already, and is not replaced. Choose another folder, or "
                      "move it away",
                      p->site);
}

/* Of a folder that is there the configuration comes last: without it nothing is a site. */
static enum rf_err put_in_place(const struct place *p, struct rf_why *why)
{
    return p->is_there ? rf_tree_spill(p->making, p->site, rf_site_item_path(RF_SITE_CONF), why)
                       : rf_tree_move(p->making, p->site, why);
}

enum rf_err rf_backup_restore(const char *site_dir, struct rf_slice passphrase,
                              rf_seal_source source, void *arg, struct rf_backup_report *out,
                              struct rf_why *why)
{
    RF_AUTO(place_fini) struct place p = {.site = NULL};
    enum rf_err err = find_place(site_dir, &p, why);
    if (err == RF_OK)
        err = clear_place(&p, why);
    if (err != RF_OK)
        return err;
    struct restoring r = {.dir = p.making};
    err = rf_unseal_new(passphrase, source, arg, &r.unseal, why);
    if (err == RF_OK)
        err = make_site(&r, why);
    rf_unseal_free(r.unseal);
    if (err == RF_OK)
        err = check_site(p.making, why);
    if (err == RF_OK && p.is_there && geteuid() == 0)
        err = rf_tree_own(p.making, p.st.st_uid, p.st.st_gid, why);
    rf_crash_point("restore.made");
    if (err == RF_OK)
        err = put_in_place(&p, why);
    rf_crash_point("restore.moved");
    if (err != RF_OK) {
        struct rf_why ignored = {0}; /* the first failure is the one to tell */
        (void)!rf_tree_remove(p.making, &ignored);
    }
    *out = r.report;
    return err;
}
