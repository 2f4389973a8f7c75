/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "trust/digest.h"

#define PIECE_BYTES 65536
#define MIB         ((uint64_t)1024 * 1024)

const struct rf_source_limits rf_source_limits = {
    .entries = 4096,
    .entry_bytes = 100 * MIB,
    .total_bytes = 2048 * MIB,
    .bomb_bytes = 64 * MIB,
    .bomb_ratio = 100,
};

/* ---- what is judged before any byte is read ---- */

static enum rf_err bad_path(struct rf_why *why, enum rf_err err, const char *code, const char *path,
                            const char *text)
{
    char shown[120];
    return rf_why_set(why, err, code, "\"%s\": %s",
                      rf_escape(rf_slice_str(path), shown, sizeof shown), text);
}

static enum rf_err check_part(const char *path, struct rf_slice part, struct rf_why *why)
{
    if (!rf_fault_skips("source.path-traversal") && rf_slice_eq_str(part, ".."))
        return bad_path(why, RF_ERR_DENIED, "path-traversal", path, "it leads out of the archive");
    struct rf_rd rd = rf_rd_of(part);
    uint8_t c = 0;
    while (rf_rd_u8(&rd, &c))
        if (c < ' ' || c > '~' || c == '\\')
            return bad_path(why, RF_ERR_DENIED, "path-name", path,
                            "only printable ASCII without \\ is a name here");
    return RF_OK;
}

/* Without "./" in front and "//" within, as tar writes them. */
enum rf_err rf_source_check_path(const char *path, char clean[RF_SOURCE_PATH_MAX + 1],
                                 struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(path), part;
    size_t n = 0, parts = 0;
    clean[0] = '\0';
    if (!rf_fault_skips("source.path-absolute") && path[0] == '/')
        return bad_path(why, RF_ERR_DENIED, "path-absolute", path, "an absolute path");
    while (rf_next_piece(&rest, '/', &part)) {
        if (part.len == 0 || rf_slice_eq_str(part, "."))
            continue;
        enum rf_err err = check_part(path, part, why);
        if (err != RF_OK)
            return err;
        if (++parts > RF_SOURCE_DEPTH_MAX)
            return bad_path(why, RF_ERR_DENIED, "path-deep", path, "too many folders");
        if (n + (n > 0) + part.len > RF_SOURCE_PATH_MAX)
            return bad_path(why, RF_ERR_DENIED, "path-long", path, "more than 255 bytes");
        n += (size_t)snprintf(clean + n, RF_SOURCE_PATH_MAX + 1 - n, "%s%.*s", n > 0 ? "/" : "",
                              (int)part.len, (const char *)part.p);
    }
    if (n == 0)
        return bad_path(why, RF_ERR_DENIED, "path-name", path, "it names nothing");
    return RF_OK;
}

enum rf_err rf_source_count(struct rf_source_budget *budget, const char *path, uint64_t declared,
                            struct rf_why *why)
{
    const struct rf_source_limits *max = budget->limits;
    if (!rf_fault_skips("source.entry-count") && ++budget->entries > max->entries)
        return rf_why_set(why, RF_ERR_LIMIT, "entry-count", "more than %zu entries", max->entries);
    if (!rf_fault_skips("source.entry-size") && declared > max->entry_bytes)
        return rf_why_set(why, RF_ERR_LIMIT, "entry-size",
                          "%s has %llu bytes, more than the %llu that are served", path,
                          (unsigned long long)declared, (unsigned long long)max->entry_bytes);
    if (!rf_fault_skips("source.total-size") && declared > max->total_bytes - budget->bytes)
        return rf_why_set(why, RF_ERR_LIMIT, "total-size", "more than %llu bytes in all",
                          (unsigned long long)max->total_bytes);
    return RF_OK;
}

bool rf_source_is_archive(struct rf_slice first)
{
    static const struct {
        size_t at;
        const char *magic;
    } rows[] = {
        {0, "PK\x03\x04"},
        {0, "PK\x05\x06"},
        {0, "\x1f\x8b"},
        {0, "\x1f\x9d"},
        {0, "BZh"},
        {0, "\xfd\x37zXZ"},
        {257, "ustar"},
        {0, "\x28\xb5\x2f\xfd"},
        {0, "\x04\x22\x4d\x18"},
        {0, "7z\xbc\xaf\x27\x1c"},
        {0, "Rar!"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_slice magic = rf_slice_str(rows[i].magic);
        if (rf_slice_eq(rf_slice_part(first, rows[i].at, magic.len), magic))
            return true;
    }
    return false;
}

/* ---- files and folders ---- */

static enum rf_err io_error(struct rf_why *why, const char *what, const char *path)
{
    return rf_why_set(why, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO,
                      errno == ENOENT ? "file-not-found" : "file-io", "%s %s: %s", what, path,
                      strerror(errno));
}

static enum rf_err pour(int fd, const char *path, struct rf_source_budget *budget,
                        const struct rf_source_sink *sink, struct rf_why *why)
{
    RF_AUTO(rf_freep) uint8_t *piece = rf_new_n(uint8_t, PIECE_BYTES);
    uint64_t size = 0;
    for (;;) {
        ssize_t n = read(fd, piece, PIECE_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_error(why, "read", path);
        if (n == 0)
            return sink->end(sink->arg, why);
        size += (uint64_t)n;
        budget->bytes += (uint64_t)n;
        if (size > budget->limits->entry_bytes || budget->bytes > budget->limits->total_bytes)
            return rf_why_set(why, RF_ERR_LIMIT, "entry-size", "%s grows while it is read", path);
        enum rf_err err = sink->add(sink->arg, rf_slice_of(piece, (size_t)n), why);
        if (err != RF_OK)
            return err;
    }
}

static enum rf_err read_file(int fd, const char *shown, const char *name,
                             struct rf_source_budget *budget, const struct rf_source_sink *sink,
                             struct rf_why *why)
{
    struct rf_source_entry entry = {.kind = RF_SOURCE_FILE};
    char clean[RF_SOURCE_PATH_MAX + 1];
    struct stat st;
    bool wanted = false;
    if (fstat(fd, &st) != 0)
        return io_error(why, "read", shown);
    if (!S_ISREG(st.st_mode))
        entry.kind = RF_SOURCE_OTHER;
    enum rf_err err = rf_source_check_path(name, clean, why);
    if (err == RF_OK)
        err = rf_source_count(budget, shown, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, why);
    entry.path = clean;
    if (err == RF_OK)
        err = sink->begin(sink->arg, &entry, &wanted, why);
    if (err != RF_OK || !wanted || entry.kind != RF_SOURCE_FILE)
        return err;
    return pour(fd, shown, budget, sink, why);
}

struct folder {
    const char *root; /* as it was named */
    struct rf_source_budget *budget;
    const struct rf_source_sink *sink;
    struct rf_why *why;
};

static int no_dots(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static enum rf_err read_folder(const struct folder *f, int fd, const char *below, unsigned depth);

static enum rf_err read_link(const struct folder *f, const char *below)
{
    char clean[RF_SOURCE_PATH_MAX + 1];
    bool wanted = false;
    struct rf_source_entry entry = {.path = clean, .kind = RF_SOURCE_LINK};
    enum rf_err err = rf_source_check_path(below, clean, f->why);
    if (err == RF_OK)
        err = rf_source_count(f->budget, below, 0, f->why);
    return err == RF_OK ? f->sink->begin(f->sink->arg, &entry, &wanted, f->why) : err;
}

static enum rf_err read_member(const struct folder *f, int dir, const char *name, const char *below,
                               unsigned depth)
{
    RF_AUTO(rf_freep)
    char *path = below[0] == '\0' ? rf_strdup(name) : rf_strf("%s/%s", below, name);
    RF_AUTO(rf_fd_close) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 && errno == ELOOP)
        return read_link(f, path);
    if (fd < 0 || fstat(fd, &st) != 0)
        return io_error(f->why, "read", path);
    if (S_ISDIR(st.st_mode))
        return read_folder(f, fd, path, depth + 1);
    return read_file(fd, path, path, f->budget, f->sink, f->why);
}

/* Bounded: no deeper than a path may be. */
static enum rf_err read_folder(const struct folder *f, int fd, const char *below, unsigned depth)
{
    struct dirent **names = NULL;
    enum rf_err err = RF_OK;
    if (depth > RF_SOURCE_DEPTH_MAX)
        return bad_path(f->why, RF_ERR_DENIED, "path-deep", below, "too many folders");
    int n = scandirat(fd, ".", &names, no_dots, alphasort);
    if (n < 0)
        return io_error(f->why, "list", below[0] != '\0' ? below : f->root);
    for (int i = 0; i < n; i++) {
        if (err == RF_OK)
            err = read_member(f, fd, names[i]->d_name, below, depth);
        rf_free(names[i]);
    }
    rf_free(names);
    return err;
}

/* ---- what was named ---- */

static enum rf_err sniff(int fd, const char *path, bool *is_archive, struct rf_why *why)
{
    uint8_t first[RF_SOURCE_SNIFF];
    ssize_t n = pread(fd, first, sizeof first, 0);
    if (n < 0)
        return io_error(why, "read", path);
    *is_archive = rf_source_is_archive(rf_slice_of(first, (size_t)n));
    return RF_OK;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

enum rf_err rf_source_read(const char *path, struct rf_source_budget *budget,
                           const struct rf_source_sink *sink, struct rf_why *why)
{
    RF_AUTO(rf_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct folder f = {.root = path, .budget = budget, .sink = sink, .why = why};
    struct stat st;
    bool is_archive = false;
    if (fd < 0 || fstat(fd, &st) != 0)
        return io_error(why, "read", path);
    if (S_ISDIR(st.st_mode))
        return read_folder(&f, fd, "", 0);
    if (S_ISREG(st.st_mode)) {
        enum rf_err err = sniff(fd, path, &is_archive, why);
        if (err != RF_OK)
            return err;
    }
    return is_archive ? rf_archive_read(path, budget, sink, why)
                      : read_file(fd, path, name_of(path), budget, sink, why);
}

/* ---- to compare ---- */

enum rf_err rf_source_sha256(const char *path, uint8_t sha256[32], struct rf_why *why)
{
    RF_AUTO(rf_freep) uint8_t *piece = rf_new_n(uint8_t, PIECE_BYTES);
    uint8_t md[RF_DIGEST_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return rf_why_set(why, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO, "file-io",
                          "read %s: %s", path, strerror(errno));
    struct rf_hash *hash = rf_hash_new(RF_DIGEST_SHA256);
    ssize_t n;
    while ((n = read(fd, piece, PIECE_BYTES)) > 0)
        rf_hash_add(hash, rf_slice_of(piece, (size_t)n));
    (void)rf_hash_end(hash, md);
    rf_hash_free(hash);
    int why_not = errno;
    close(fd);
    if (n < 0)
        return rf_why_set(why, RF_ERR_IO, "file-io", "read %s: %s", path, strerror(why_not));
    memcpy(sha256, md, 32);
    return RF_OK;
}
