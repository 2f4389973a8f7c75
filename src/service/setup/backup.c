/* SPDX-License-Identifier: Apache-2.0 */
/* Making a backup. Bringing one back is restore.c's. */
#include "service/setup/backup.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/faults.h"
#include "base/file_tree.h"
#include "base/secret.h"
#include "base/text.h"
#include "service/setup/backup_int.h"
#include "service/site/site.h"
#include "store/store.h"
#include "trust/digest.h"

#define TRIES 5

/* Below the site; a name that ends in a slash is a folder with all in it. Whatever is not named
 * here is kept. */
static const char *const left_out[] = {
    "run/",    /* sockets and locks, all but ports.json */
    "db/",     /* the database's copy takes its place */
    "images/", /* unless asked for */
};
#define KEPT_OF_RUN "run/ports.json"

struct making {
    const struct rf_backup *make;
    struct archive *tar;
    struct rf_seal *seal;
    struct rf_backup_report report;
    struct rf_hash *seen; /* names and times of the files, as they are met */
    bool is_looking;      /* only at what is there, not at the contents */
    struct rf_why *why;   /* of the sink, which libarchive calls */
};

enum backup_name backup_name_judge(const char *name)
{
    struct rf_slice rest = rf_slice_str(name);
    struct rf_slice part;
    size_t parts = 0;
    enum backup_name verdict = rest.len > 0 ? BACKUP_NAME_FINE : BACKUP_NAME_BAD;
    if (rest.len > BACKUP_NAME_BYTES_MAX)
        verdict = BACKUP_NAME_LONG;
    while (rf_next_piece(&rest, '/', &part)) {
        if (rf_slice_starts_with(part, "."))
            return BACKUP_NAME_HIDDEN;
        if (part.len == 0)
            return BACKUP_NAME_BAD;
        if (++parts > BACKUP_NAME_PARTS_MAX)
            verdict = BACKUP_NAME_DEEP;
    }
    return verdict;
}

/* What a reader would refuse is refused now, while it can be mended. */
static enum rf_err check_name(const struct making *m, const char *name, struct rf_why *why)
{
    enum backup_name verdict = backup_name_judge(name);
    if (verdict == BACKUP_NAME_DEEP)
        return rf_why_set(why, RF_ERR_DENIED, "backup-name",
                          "%s/%s is more than %d folders deep, and nothing of a site is: move it "
                          "away",
                          m->make->site_dir, name, BACKUP_NAME_PARTS_MAX - 1);
    if (verdict != BACKUP_NAME_FINE)
        return rf_why_set(why, RF_ERR_DENIED, "backup-name",
                          "%.60s... below %s has a name of more than %d bytes: move it away", name,
                          m->make->site_dir, BACKUP_NAME_BYTES_MAX);
    return RF_OK;
}

static const char *base_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash != NULL ? slash + 1 : name;
}

static bool is_left_out(const struct making *m, const char *name)
{
    struct rf_slice n = rf_slice_str(name);
    if (backup_name_judge(name) == BACKUP_NAME_HIDDEN || rf_file_is_leftover(base_of(name)))
        return true; /* of an editor, a version control, or half written */
    if (rf_slice_eq_str(n, KEPT_OF_RUN))
        return false;
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (rf_slice_starts_with(n, left_out[i]))
            return !(m->make->has_images && strcmp(left_out[i], "images/") == 0);
    return false;
}

static enum rf_err tar_error(struct making *m, const char *what, struct rf_why *why)
{
    const char *words = archive_error_string(m->tar);
    return rf_why_set(why, RF_ERR_IO, "backup-write", "%s: %s", what,
                      words != NULL ? words : "the archive cannot be written");
}

static enum rf_err put_bytes(struct making *m, int fd, const char *name, uint64_t size,
                             struct rf_why *why)
{
    uint8_t buf[65536];
    uint64_t left = size;
    while (left > 0) {
        ssize_t n = read(fd, buf, left < sizeof buf ? (size_t)left : sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rf_why_set(why, RF_ERR_IO, "file-io", "read %s: %s", name, strerror(errno));
        if (n == 0)
            return rf_why_set(why, RF_ERR_AGAIN, "backup-changed",
                              "%s became shorter while it was read", name);
        if (archive_write_data(m->tar, buf, (size_t)n) != n)
            return tar_error(m, name, why);
        left -= (uint64_t)n;
    }
    rf_wipe(buf, sizeof buf);
    return RF_OK;
}

static void free_entry(struct archive_entry **e)
{
    archive_entry_free(*e);
}

/* The file at `path` as `name`. */
static enum rf_err put_file(struct making *m, const char *path, const char *name,
                            struct rf_why *why)
{
    struct stat st;
    RF_AUTO(rf_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0)
        return rf_why_set(why, RF_ERR_IO, "file-io", "read %s: %s", path, strerror(errno));
    uint64_t size = (uint64_t)st.st_size;
    if (m->report.files >= RF_BACKUP_FILES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "backup-files", "more than %d files",
                          RF_BACKUP_FILES_MAX);
    if (size > RF_BACKUP_FILE_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "backup-size", "%s is too large for a backup", path);
    RF_AUTO(free_entry) struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, (st.st_mode & S_IROTH) != 0 ? RF_FILE_PUBLIC : RF_FILE_PRIVATE);
    archive_entry_set_size(e, st.st_size);
    archive_entry_set_mtime(e, st.st_mtime, 0);
    int rc = archive_write_header(m->tar, e);
    /* A warning is about a name that is no text in this locale: it is written as its bytes. */
    if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        return tar_error(m, name, why);
    m->report.files++;
    m->report.bytes += size;
    return put_bytes(m, fd, path, size, why);
}

static enum rf_err each(void *arg, const char *name, const struct stat *st, struct rf_why *why)
{
    struct making *m = arg;
    char line[512];
    if (S_ISDIR(st->st_mode) || is_left_out(m, name))
        return RF_OK;
    if (!S_ISREG(st->st_mode))
        return rf_why_set(why, RF_ERR_DENIED, "backup-kind",
                          "%s/%s is no file of its own: a site has no links", m->make->site_dir,
                          name);
    enum rf_err err = check_name(m, name, why);
    if (err != RF_OK)
        return err;
    int n = snprintf(line, sizeof line, "%s %llu %llu %lld.%09ld\n", name,
                     (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
                     (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    rf_hash_add(m->seen, rf_slice_of(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1));
    if (m->is_looking)
        return RF_OK;
    RF_AUTO(rf_freep) char *path = rf_path_join(m->make->site_dir, name);
    return put_file(m, path, name, why);
}

/* Walk the site, and say by `seen` what was there. */
static enum rf_err walk(struct making *m, bool is_looking, uint8_t seen[RF_DIGEST_MAX],
                        struct rf_why *why)
{
    m->is_looking = is_looking;
    m->seen = rf_hash_new(RF_DIGEST_SHA256);
    enum rf_err err = rf_tree_each(m->make->site_dir, each, m, why);
    rf_hash_end(m->seen, seen);
    rf_hash_freep(&m->seen);
    return err;
}

static la_ssize_t to_seal(struct archive *a, void *arg, const void *bytes, size_t n)
{
    struct making *m = arg;
    if (rf_seal_add(m->seal, rf_slice_of(bytes, n), m->why) == RF_OK)
        return (la_ssize_t)n;
    archive_set_error(a, EIO, "%s", "the backup could not be written");
    return -1;
}

static enum rf_err open_tar(struct making *m, struct rf_why *why)
{
    m->tar = archive_write_new();
    if (m->tar == NULL || archive_write_set_format_pax_restricted(m->tar) != ARCHIVE_OK ||
        archive_write_add_filter_none(m->tar) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(m->tar, 1) != ARCHIVE_OK ||
        archive_write_open(m->tar, m, NULL, to_seal, NULL) != ARCHIVE_OK)
        return tar_error(m, "backup", why);
    return RF_OK;
}

/* What is in it, first of all: a reader knows what it has before it. */
static enum rf_err put_note(struct making *m, struct rf_why *why)
{
    char text[256];
    RF_AUTO(free_entry) struct archive_entry *e = archive_entry_new();
    int n = snprintf(text, sizeof text, "%s%lld\n", RF_BACKUP_NOTE_TEXT, (long long)m->make->now_s);
    archive_entry_set_pathname(e, RF_BACKUP_NOTE);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, RF_FILE_PRIVATE);
    archive_entry_set_size(e, n);
    if (archive_write_header(m->tar, e) != ARCHIVE_OK ||
        archive_write_data(m->tar, text, (size_t)n) != n)
        return tar_error(m, RF_BACKUP_NOTE, why);
    return RF_OK;
}

/* One try. RF_ERR_AGAIN backup-changed when the files are not those of one moment. */
static enum rf_err make_once(struct making *m, const char *db_copy, struct rf_why *why)
{
    uint8_t before[RF_DIGEST_MAX];
    uint8_t after[RF_DIGEST_MAX];
    RF_AUTO(rf_freep) char *db = rf_site_path_in(m->make->site_dir, RF_SITE_DB);
    m->report = (struct rf_backup_report){.made_s = m->make->now_s};
    enum rf_err err = rf_file_remove(db_copy, why);
    if (err == RF_OK)
        err = open_tar(m, why);
    if (err == RF_OK)
        err = put_note(m, why);
    if (err == RF_OK)
        err = walk(m, false, before, why);
    if (err == RF_OK)
        err = rf_store_copy(db, db_copy, why);
    if (err == RF_OK)
        err = put_file(m, db_copy, rf_site_item_path(RF_SITE_DB), why);
    rf_crash_point("backup.read");
    if (err == RF_OK && archive_write_close(m->tar) != ARCHIVE_OK)
        err = tar_error(m, "backup", why);
    if (err == RF_OK)
        err = rf_seal_finish(m->seal, why);
    if (err == RF_OK)
        err = walk(m, true, after, why);
    if (!rf_fault_skips("backup.changed") && err == RF_OK && memcmp(before, after, 32) != 0)
        err = rf_why_set(why, RF_ERR_AGAIN, "backup-changed",
                         "files of the site changed while they were read, again and again");
    return err;
}

enum rf_err rf_backup_make(const struct rf_backup *make, rf_seal_sink sink,
                           enum rf_err (*restart)(void *arg, struct rf_why *why), void *arg,
                           struct rf_backup_report *out, struct rf_why *why)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_freep) char *db_dir = rf_site_path_in(make->site_dir, RF_SITE_DB_DIR);
    RF_AUTO(rf_freep) char *db_copy = rf_path_join(db_dir, "backup.db");
    struct making m = {.make = make, .why = why};
    int lock = -1;
    enum rf_err err = rf_site_open(make->site_dir, &site, why);
    if (err == RF_OK)
        err = rf_dir_lock(db_dir, &lock, why);
    for (int tries = 0; tries < TRIES && err == RF_OK; tries++) {
        struct rf_why once = {0};
        m.why = &once;
        err = rf_seal_new(make->passphrase, 0, sink, arg, &m.seal, &once);
        if (err == RF_OK)
            err = make_once(&m, db_copy, &once);
        archive_write_free(m.tar);
        m.tar = NULL;
        rf_seal_freep(&m.seal);
        bool is_again = err == RF_ERR_AGAIN && tries + 1 < TRIES;
        if (!is_again) {
            if (err != RF_OK)
                err = rf_why_set(why, err, once.code, "%s", once.text);
            break;
        }
        err = restart(arg, why);
    }
    struct rf_why ignored = {0}; /* a copy that stays is removed by the next backup */
    if (lock >= 0)
        (void)!rf_file_remove(db_copy, &ignored);
    rf_dir_unlock(lock);
    *out = m.report;
    return err;
}
