/* SPDX-License-Identifier: Apache-2.0 */
/* Archives, and the only home of libarchive. Zip is read by its central directory and never by
 * searching for local headers, so that two readers cannot see two archives in one file; of the tar
 * family whatever libarchive reads, behind at most one compression; nothing else. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/faults.h"
#include "base/text.h"
#include "service/setup/source.h"

#define BLOCK_BYTES 65536
/* One compression, and the file itself. */
#define FILTERS_MAX 2

static void free_archive(struct archive **a)
{
    if (*a != NULL)
        archive_read_free(*a);
    *a = NULL;
}

static enum rf_err damaged(struct rf_why *why, struct archive *a, const char *path)
{
    char shown[140];
    const char *text = archive_error_string(a);
    return rf_why_set(
        why, RF_ERR_BAD, "archive-damaged", "%s: %s", path,
        rf_escape(rf_slice_str(text != NULL ? text : "it cannot be read"), shown, sizeof shown));
}

/* No filter that is a program: archive_read_support_filter_all would run some. */
static bool has_formats(struct archive *a)
{
    return archive_read_support_format_tar(a) == ARCHIVE_OK &&
           archive_read_support_format_zip_seekable(a) == ARCHIVE_OK &&
           archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
           archive_read_support_filter_bzip2(a) == ARCHIVE_OK &&
           archive_read_support_filter_compress(a) == ARCHIVE_OK &&
           archive_read_support_filter_xz(a) == ARCHIVE_OK &&
           archive_read_support_filter_zstd(a) == ARCHIVE_OK &&
           archive_read_support_filter_lz4(a) == ARCHIVE_OK;
}

/* An archive being read. */
struct reading {
    struct archive *a;
    const char *path;
    uint64_t own_size;
    uint64_t unpacked;
    struct rf_source_budget *budget;
    const struct rf_source_sink *sink;
    struct rf_why *why;
};

static enum rf_err count_piece(struct reading *r, const char *name, uint64_t *size, size_t n)
{
    const struct rf_source_limits *max = r->budget->limits;
    *size += n;
    r->unpacked += n;
    r->budget->bytes += n;
    if (!rf_fault_skips("source.entry-size") && *size > max->entry_bytes)
        return rf_why_set(r->why, RF_ERR_LIMIT, "entry-size", "%s in %s is longer than %llu bytes",
                          name, r->path, (unsigned long long)max->entry_bytes);
    if (!rf_fault_skips("source.total-size") && r->budget->bytes > max->total_bytes)
        return rf_why_set(r->why, RF_ERR_LIMIT, "total-size", "%s: more than %llu bytes in all",
                          r->path, (unsigned long long)max->total_bytes);
    if (!rf_fault_skips("source.archive-bomb") && r->unpacked > max->bomb_bytes &&
        r->unpacked / max->bomb_ratio > r->own_size)
        return rf_why_set(r->why, RF_ERR_LIMIT, "archive-bomb",
                          "%s has %llu bytes and unpacks to more than %llu times as much", r->path,
                          (unsigned long long)r->own_size, (unsigned long long)max->bomb_ratio);
    return RF_OK;
}

/* Unwanted ones are read as well: to skip one costs no less, and this way it is counted. */
static enum rf_err read_data(struct reading *r, const char *name, bool wanted)
{
    RF_AUTO(rf_freep) uint8_t *piece = rf_new_n(uint8_t, BLOCK_BYTES);
    uint64_t size = 0;
    for (;;) {
        la_ssize_t n = archive_read_data(r->a, piece, BLOCK_BYTES);
        if (n < 0)
            return damaged(r->why, r->a, r->path);
        if (n == 0)
            return wanted ? r->sink->end(r->sink->arg, r->why) : RF_OK;
        enum rf_err err = count_piece(r, name, &size, (size_t)n);
        if (err == RF_OK && wanted)
            err = r->sink->add(r->sink->arg, rf_slice_of(piece, (size_t)n), r->why);
        if (err != RF_OK)
            return err;
    }
}

static enum rf_source_kind kind_of(struct archive_entry *e)
{
    if (archive_entry_hardlink(e) != NULL || archive_entry_symlink(e) != NULL ||
        archive_entry_filetype(e) == AE_IFLNK)
        return RF_SOURCE_LINK;
    return archive_entry_filetype(e) == AE_IFREG ? RF_SOURCE_FILE : RF_SOURCE_OTHER;
}

static enum rf_err check_entry(struct reading *r, struct archive_entry *e)
{
    if (!rf_fault_skips("source.archive-encrypted") &&
        (archive_entry_is_encrypted(e) || archive_read_has_encrypted_entries(r->a) > 0))
        return rf_why_set(r->why, RF_ERR_DENIED, "archive-encrypted",
                          "%s is encrypted: unpack it where its password is known", r->path);
    if (!rf_fault_skips("source.archive-nested") && archive_filter_count(r->a) > FILTERS_MAX)
        return rf_why_set(r->why, RF_ERR_DENIED, "archive-nested", "%s is compressed twice",
                          r->path);
    return RF_OK;
}

static enum rf_err read_entry(struct reading *r, struct archive_entry *e)
{
    char clean[RF_SOURCE_PATH_MAX + 1];
    const char *name = archive_entry_pathname(e);
    int64_t declared = archive_entry_size_is_set(e) ? archive_entry_size(e) : 0;
    bool wanted = false;
    enum rf_err err = check_entry(r, e);
    if (err == RF_OK)
        err = rf_source_check_path(name != NULL ? name : "", clean, r->why);
    if (err == RF_OK)
        err = rf_source_count(r->budget, clean, declared > 0 ? (uint64_t)declared : 0, r->why);
    if (err != RF_OK || archive_entry_filetype(e) == AE_IFDIR)
        return err;
    struct rf_source_entry entry = {.path = clean, .kind = kind_of(e)};
    err = r->sink->begin(r->sink->arg, &entry, &wanted, r->why);
    return err != RF_OK ? err : read_data(r, clean, wanted && entry.kind == RF_SOURCE_FILE);
}

static enum rf_err read_all(struct reading *r)
{
    for (;;) {
        struct archive_entry *e = NULL;
        int rc = archive_read_next_header(r->a, &e);
        if (rc == ARCHIVE_EOF)
            return RF_OK;
        /* A warning is about a name that this locale cannot show; names are judged here anyway. */
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            return damaged(r->why, r->a, r->path);
        enum rf_err err = read_entry(r, e);
        if (err != RF_OK)
            return err;
    }
}

enum rf_err rf_archive_read(const char *path, struct rf_source_budget *budget,
                            const struct rf_source_sink *sink, struct rf_why *why)
{
    RF_AUTO(free_archive) struct archive *a = archive_read_new();
    struct stat st;
    rf_bug_on(a == NULL);
    if (!has_formats(a))
        return rf_why_set(why, RF_ERR_IO, "file-io", "libarchive: %s", archive_error_string(a));
    if (stat(path, &st) != 0)
        return rf_why_set(why, RF_ERR_IO, "file-io", "read %s: %s", path, strerror(errno));
    struct reading r = {.a = a,
                        .path = path,
                        .own_size = (uint64_t)st.st_size,
                        .budget = budget,
                        .sink = sink,
                        .why = why};
    if (archive_read_open_filename(a, path, BLOCK_BYTES) != ARCHIVE_OK)
        return damaged(why, a, path);
    return read_all(&r);
}
