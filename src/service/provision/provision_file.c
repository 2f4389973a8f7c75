/* SPDX-License-Identifier: Apache-2.0 */
/* Files for phones: found in a folder's listing, opened without following links, read whole. */
#include "service/provision/provision_int.h"

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "wire/signedfile/signedfile.h"
#include "wire/trustlist/trustlist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names of load lists in images/. */
#define LOADS_MAX ((size_t)1024 * 1024)

/* The descriptor, now the caller's. */
static int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

static void close_dir(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

bool provision_identity_same(const struct provision_identity *a, const struct provision_identity *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
           a->ctime.tv_sec == b->ctime.tv_sec && a->ctime.tv_nsec == b->ctime.tv_nsec;
}

struct provision_identity provision_identity_of(const struct stat *st)
{
    return (struct provision_identity){.dev = st->st_dev,
                                       .ino = st->st_ino,
                                       .size = st->st_size,
                                       .mtime = st->st_mtim,
                                       .ctime = st->st_ctim};
}

static enum rf_err io_error(struct rf_why *why, const char *what, const char *name)
{
    return rf_why_set(why, RF_ERR_IO, "file-io", "%s %s: %s", what, name, strerror(errno));
}

/* Is this an open file that may be served? */
static enum rf_err judge(int fd, const char *name, size_t limit, struct provision_identity *id,
                         struct rf_why *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return io_error(why, "look at", name);
    if (!S_ISREG(st.st_mode))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-kind", "%s is no regular file", name);
    if (!rf_fault_skips("provision.file-writable") && (st.st_mode & S_IWOTH) != 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-writable",
                          "%s may be written by anybody: chmod o-w it", name);
    if (st.st_size < 0 || (size_t)st.st_size > limit)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-too-large", "%s is larger than %zu bytes",
                          name, limit);
    *id = provision_identity_of(&st);
    return RF_OK;
}

static enum rf_err open_listed(DIR *dir, const char *name, int *fd, struct provision_identity *id,
                               struct rf_why *why)
{
    /* O_NONBLOCK: a FIFO must not stop the worker. */
    RF_AUTO(rf_fd_close)
    int opened = openat(dirfd(dir), name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0 && errno == ELOOP)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-kind", "%s is a link", name);
    if (opened < 0 && errno == ENOENT)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-not-found", "%s was just removed", name);
    if (opened < 0)
        return io_error(why, "open", name);
    enum rf_err err = judge(opened, name, RF_PROVISION_FILE_MAX, id, why);
    if (err != RF_OK)
        return err;
    *fd = take_fd(&opened);
    return RF_OK;
}

/* A name in a folder's listing: as it is, and in other spellings. */
struct listed {
    bool is_exact;
    size_t others;
    char other[256]; /* the first of them */
};

static void look_up(DIR *dir, const char *name, struct listed *out)
{
    const struct dirent *entry;
    *out = (struct listed){.other = ""};
    while ((entry = readdir(dir)) != NULL) {
        if (!rf_fault_skips("provision.listed-hidden") && entry->d_name[0] == '.')
            continue;
        if (strcmp(entry->d_name, name) == 0)
            out->is_exact = true;
        else if (provision_name_same_folded(entry->d_name, name) && out->others++ == 0)
            snprintf(out->other, sizeof out->other, "%s", entry->d_name);
    }
}

/* What is opened is the listing's own name. Phones spell names otherwise than their makers' files:
 * taken when only one can be meant. */
static const char *listed_name(const struct listed *l, const char *name)
{
    return l->is_exact ? name : l->others == 1 ? l->other : NULL;
}

static enum rf_err not_listed(size_t others, const char *name, struct rf_why *why)
{
    if (others > 1)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-case",
                          "\"%s\" is here in %zu other spellings", name, others);
    return rf_why_set(why, RF_ERR_NOT_FOUND, "file-not-found", "there is no %s", name);
}

enum rf_err provision_file_open(const char *folder, const char *name, int *fd,
                                struct provision_identity *id, struct rf_why *why)
{
    RF_AUTO(close_dir) DIR *dir = opendir(folder);
    if (dir == NULL)
        return io_error(why, "list", folder);
    struct listed l;
    look_up(dir, name, &l);
    const char *found = listed_name(&l, name);
    return found != NULL ? open_listed(dir, found, fd, id, why) : not_listed(l.others, name, why);
}

/* ---- images/ and the folders below files/ ---- */

/* What is firmware by its name: verified by the key of its maker, never signed here. */
static bool is_firmware(const char *name)
{
    static const char *const tails[] = {".loads", ".sbn", ".sbin", ".zz"};
    struct rf_slice s = rf_slice_str(name);
    char folded[RF_PROVISION_NAME_MAX + 1];
    for (size_t i = 0; i <= s.len && i < sizeof folded; i++)
        folded[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (rf_slice_ends_with(rf_slice_str(folded), tails[i]))
            return true;
    /* "<name>.bin4" */
    struct rf_slice but_last = rf_slice_part(rf_slice_str(folded), 0, s.len > 0 ? s.len - 1 : 0);
    return rf_slice_ends_with(but_last, ".bin") || rf_slice_ends_with(rf_slice_str(folded), ".bin");
}

static enum rf_err check_folder(int fd, const char *name, struct rf_why *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return io_error(why, "look at", name);
    if (!rf_fault_skips("provision.folder-writable") && (st.st_mode & S_IWOTH) != 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-writable",
                          "anybody may put files into the folder %s: chmod o-w it", name);
    return RF_OK;
}

/* The folder of this name in `*dir`, which is closed for it. */
static enum rf_err enter(DIR **dir, const char *name, struct rf_why *why)
{
    struct listed l;
    look_up(*dir, name, &l);
    const char *found = listed_name(&l, name);
    if (found == NULL)
        return not_listed(l.others, name, why);
    RF_AUTO(rf_fd_close)
    int fd = openat(dirfd(*dir), found, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-kind", "%s is no folder of its own", name);
    enum rf_err err = check_folder(fd, name, why);
    if (err != RF_OK)
        return err;
    DIR *inner = fdopendir(fd);
    if (inner == NULL)
        return io_error(why, "list", name);
    (void)take_fd(&fd);
    closedir(*dir);
    *dir = inner;
    return RF_OK;
}

/* Open the folder that a name is in, one component after the other. *last: the name in it. */
static enum rf_err open_folder_of(const char *root, const char *name, DIR **out, char last[256],
                                  struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(name);
    struct rf_slice piece;
    *out = opendir(root);
    if (*out == NULL && errno == ENOENT)
        return not_listed(0, name, why);
    if (*out == NULL)
        return io_error(why, "list", root);
    enum rf_err err = check_folder(dirfd(*out), root, why);
    while (err == RF_OK && rf_next_piece(&rest, '/', &piece)) {
        if (!rf_slice_to_str(piece, last, 256))
            return not_listed(0, name, why);
        if (rest.p != NULL)
            err = enter(out, last, why);
    }
    return err;
}

static enum rf_err open_found(DIR *dir, const char *found, struct provision_found *out,
                              struct rf_why *why)
{
    enum rf_err err = open_listed(dir, found, &out->fd, &out->id, why);
    if (err == RF_OK && !rf_fault_skips("provision.file-empty") && out->id.size == 0) {
        rf_fd_close(&out->fd);
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-empty",
                          "%s is empty: phones are told that it is not there", found);
    }
    return err;
}

/* In images/, which is flat; else below files/. An exact name in either comes before another
 * spelling. RF_ERR_NOT_FOUND file-not-found: go on looking. */
static enum rf_err find_plain(const struct provision_facts *facts, const char *name,
                              bool with_images, struct provision_found *out, struct rf_why *why)
{
    RF_AUTO(close_dir) DIR *images = NULL;
    RF_AUTO(close_dir) DIR *files = NULL;
    struct listed in_images = {.other = ""};
    struct listed in_files = {.other = ""};
    struct rf_why inner = {0};
    char last[256] = "";
    if (with_images && strchr(name, '/') == NULL) {
        images = opendir(facts->images);
        if (images == NULL)
            return io_error(why, "list", facts->images);
        look_up(images, name, &in_images);
    }
    enum rf_err err = in_images.is_exact ? RF_ERR_NOT_FOUND
                                         : open_folder_of(facts->files, name, &files, last, &inner);
    if (err == RF_OK)
        look_up(files, last, &in_files);
    size_t others = in_images.others + in_files.others;
    if (in_images.is_exact || (!in_files.is_exact && others == 1 && in_images.others == 1)) {
        out->is_image = true;
        return open_found(images, listed_name(&in_images, name), out, why);
    }
    if (in_files.is_exact || (others == 1 && in_files.others == 1))
        return open_found(files, listed_name(&in_files, last), out, why);
    if (err != RF_OK && strcmp(inner.code, "file-not-found") != 0)
        return rf_why_set(why, err, inner.code, "%s", inner.text);
    return not_listed(others, name, why);
}

static bool is_missing(enum rf_err err, const struct rf_why *why)
{
    return err == RF_ERR_NOT_FOUND && strcmp(why->code, "file-not-found") == 0;
}

/* A file of the site by its plain name; or, where only a signed copy lies there, what that holds.
 */
static enum rf_err find_own(const struct provision_facts *facts, const char *name, bool with_images,
                            struct provision_found *out, struct rf_why *why)
{
    struct rf_why inner = {0};
    enum rf_err err = find_plain(facts, name, with_images, out, &inner);
    if (is_missing(err, &inner) && !is_firmware(name)) {
        RF_AUTO(rf_freep) char *copy = rf_strf("%s.sgn", name);
        struct rf_why none = {0};
        enum rf_err copied = find_plain(facts, copy, false, out, &none);
        if (copied == RF_OK) {
            out->is_enveloped = true;
            return RF_OK;
        }
        if (!is_missing(copied, &none))
            return rf_why_set(why, copied, none.code, "%s", none.text);
    }
    return err == RF_OK ? RF_OK : rf_why_set(why, err, inner.code, "%s", inner.text);
}

bool provision_image_is(const struct provision_facts *facts, const char *name,
                        const struct provision_identity *id)
{
    struct stat st;
    if (strchr(name, '/') != NULL)
        return false;
    RF_AUTO(rf_freep) char *path = rf_strf("%s/%s", facts->images, name);
    if (lstat(path, &st) != 0)
        return false;
    struct provision_identity now = provision_identity_of(&st);
    return rf_fault_skips("provision.image-changed") || provision_identity_same(&now, id);
}

enum rf_err provision_find(const struct provision_facts *facts, const char *name,
                           struct provision_found *out, struct rf_why *why)
{
    struct rf_slice asked = rf_slice_str(name);
    *out = (struct provision_found){.fd = -1};
    if (!rf_slice_ends_with(asked, ".sgn"))
        return find_own(facts, name, true, out, why);
    /* Firmware of some phones has that suffix, and its maker's signature. */
    RF_AUTO(close_dir) DIR *images = opendir(facts->images);
    struct listed l;
    if (images == NULL)
        return io_error(why, "list", facts->images);
    look_up(images, name, &l);
    const char *found = listed_name(&l, name);
    if (found != NULL) {
        out->is_image = true;
        return open_found(images, found, out, why);
    }
    char base[RF_PROVISION_NAME_MAX + 1];
    rf_bug_on(!rf_slice_to_str(rf_slice_part(asked, 0, asked.len - 4), base, sizeof base));
    bool is_ours = base[0] != '\0' && !rf_slice_ends_with(rf_slice_str(base), "/") &&
                   !rf_slice_ends_with(rf_slice_str(base), ".sgn");
    if (!is_ours || (!rf_fault_skips("provision.file-firmware") && is_firmware(base)))
        return not_listed(l.others, name, why);
    out->is_signed = true;
    return find_own(facts, base, false, out, why);
}

enum rf_err provision_unwrap(struct rf_buf *bytes, struct rf_why *why)
{
    struct rf_slice file = rf_buf_slice(bytes);
    struct rf_signedfile header;
    struct rf_why inner = {0};
    enum rf_err err = rf_signedfile_decode(file, file.len, &header, &inner);
    if (err == RF_OK && rf_signedfile_kind_of(&header) != RF_SIGNEDFILE_KIND_FILE)
        err = rf_why_set(&inner, RF_ERR_BAD, "file-kind", "it is another kind of container");
    if (err != RF_OK)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-signed",
                          "only a .sgn is there, and it is no signed file: %s",
                          rf_why_text(&inner));
    rf_buf_drop(bytes, rf_signedfile_ranges_of(&header, file.len).body_off);
    return RF_OK;
}

enum rf_err provision_list_open(const char *path, int *fd, struct provision_identity *id,
                                struct rf_why *why)
{
    RF_AUTO(rf_fd_close) int opened = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0 && errno == ENOENT)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-not-found",
                          "there is no %s: `ringfence list publish` makes it", path);
    if (opened < 0)
        return io_error(why, "open", path);
    enum rf_err err = judge(opened, path, RF_TRUSTLIST_BYTES_MAX, id, why);
    if (err != RF_OK)
        return err;
    *fd = take_fd(&opened);
    return RF_OK;
}

static enum rf_err read_whole(int fd, size_t size, struct rf_buf *out, struct rf_why *why)
{
    uint8_t *room = rf_buf_room(out, size);
    if (room == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "memory", "no memory for a file of %zu bytes", size);
    while (out->len < size) {
        ssize_t n = pread(fd, room + out->len, size - out->len, (off_t)out->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_error(why, "read", "a file");
        if (n == 0)
            return rf_why_set(why, RF_ERR_AGAIN, "file-changed", "the file became shorter");
        out->len += (size_t)n;
    }
    return RF_OK;
}

enum rf_err provision_file_read(int fd, const struct provision_identity *id, struct rf_buf *out,
                                struct rf_why *why)
{
    struct stat st;
    *out = RF_BUF((size_t)id->size);
    enum rf_err err = read_whole(fd, (size_t)id->size, out, why);
    if (err == RF_OK && fstat(fd, &st) != 0)
        err = io_error(why, "look at", "a file");
    struct provision_identity now = {0};
    if (err == RF_OK)
        now = provision_identity_of(&st);
    /* A new name for it (rename over the old one) changes the time of the inode, not the content.
     */
    now.ctime = id->ctime;
    if (err == RF_OK && !provision_identity_same(&now, id))
        err = rf_why_set(why, RF_ERR_AGAIN, "file-changed", "the file was written to meanwhile");
    if (err != RF_OK)
        rf_buf_fini(out);
    return err;
}

/* What phones put behind the name of a load: .LOADS is the 792x's, the last three are images of
 * the oldest models, which have no list. */
static const char *const load_suffixes[] = {".loads", ".LOADS", ".sbin", ".bin", ".zup"};
#define LOAD_SUFFIXES (sizeof load_suffixes / sizeof *load_suffixes)

static bool is_load(const char *name)
{
    for (size_t i = 0; i < LOAD_SUFFIXES; i++)
        if (rf_slice_ends_with(rf_slice_str(name), load_suffixes[i]))
            return true;
    return false;
}

enum rf_err provision_loads_list(const char *folder, struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(close_dir) DIR *dir = opendir(folder);
    if (dir == NULL)
        return io_error(why, "list", folder);
    *out = RF_BUF(LOADS_MAX);
    enum rf_err err = rf_buf_add(out, "\n", 1);
    const struct dirent *entry;
    while (err == RF_OK && (entry = readdir(dir)) != NULL)
        if (is_load(entry->d_name))
            err = rf_buf_addf(out, "%s\n", entry->d_name);
    return err == RF_OK ? RF_OK
                        : rf_why_set(why, err, "loads-many", "too many loads in %s", folder);
}

bool provision_loads_have(struct rf_slice loads, const char *load)
{
    char line[128];
    for (size_t i = 0; load[0] != '\0' && i < LOAD_SUFFIXES; i++) {
        snprintf(line, sizeof line, "\n%s%s\n", load, load_suffixes[i]);
        if (rf_slice_find(loads, rf_slice_str(line)) != SIZE_MAX)
            return true;
    }
    return false;
}

static bool names_file_signer(const struct rf_trustlist_record *r)
{
    return (r->certificate.len > 0 || r->hash.len > 0) &&
           (r->role == RF_TRUSTLIST_ROLE_TFTP || r->role == RF_TRUSTLIST_ROLE_CCM_TFTP);
}

enum rf_err provision_list_check(struct rf_slice bytes, bool *has_tftp, struct rf_why *why)
{
    struct rf_trustlist *list = rf_new(struct rf_trustlist);
    struct rf_why inner = {0};
    enum rf_err err = rf_trustlist_decode(bytes, list, &inner);
    for (size_t i = 0; err == RF_OK && has_tftp != NULL && i < list->record_n; i++)
        *has_tftp |= names_file_signer(&list->record[i]);
    rf_free(list);
    if (err == RF_OK)
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "list-damaged",
                      "phones could not read this trust list: %s; make it anew with `ringfence "
                      "list publish`",
                      rf_why_text(&inner));
}

static enum rf_err look_at_list(const char *path, bool *has_tftp, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    RF_AUTO(rf_fd_close) int fd = -1;
    struct provision_identity id;
    struct rf_why none = {0};
    enum rf_err err = provision_list_open(path, &fd, &id, &none);
    if (err == RF_ERR_NOT_FOUND && strcmp(none.code, "file-not-found") == 0)
        return RF_OK;
    if (err != RF_OK)
        return rf_why_set(why, err, none.code, "%s", none.text);
    err = provision_file_read(fd, &id, &bytes, why);
    return err == RF_OK ? provision_list_check(rf_buf_slice(&bytes), has_tftp, why) : err;
}

enum rf_err provision_lists_want_signed(const struct provision_facts *facts, const char *device,
                                        bool *wanted, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *ctl = rf_site_list_path_in(facts->site, false, device);
    RF_AUTO(rf_freep) char *itl = rf_site_list_path_in(facts->site, true, device);
    *wanted = false;
    enum rf_err err = look_at_list(ctl, wanted, why);
    return err == RF_OK ? look_at_list(itl, wanted, why) : err;
}
