/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define COPY_BYTES 65536

static enum rf_err failed(const char *what, const char *name, struct rf_why *why)
{
    bool is_missing = errno == ENOENT;
    return rf_why_set(why, is_missing ? RF_ERR_NOT_FOUND : RF_ERR_IO,
                      is_missing ? "file-not-found" : "file-io", "%s %s: %s", what, name,
                      strerror(errno));
}

static enum rf_err too_large(const char *name, uint64_t limit, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_LIMIT, "file-too-large", "read %s: larger than %llu bytes", name,
                      (unsigned long long)limit);
}

enum rf_err rf_file_in_open(struct rf_file_in *in, const char *path, uint64_t limit,
                            struct rf_why *why)
{
    struct stat st;
    *in = RF_FILE_IN;
    /* Not blocking: a pipe without a writer is refused, not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return failed("read", path, why);
    in->fd = fd;
    enum rf_err err = RF_OK;
    if (fstat(fd, &st) != 0)
        err = failed("read", path, why);
    else if (!S_ISREG(st.st_mode))
        err = rf_why_set(why, RF_ERR_IO, "file-io", "read %s: not a regular file", path);
    else if ((uint64_t)st.st_size > limit)
        err = too_large(path, limit, why);
    if (err != RF_OK) {
        rf_file_in_fini(in);
        return err;
    }
    in->len = (uint64_t)st.st_size;
    in->name = rf_strdup(path);
    return RF_OK;
}

/* A file that nobody else sees and that ends with its descriptor. */
static int unnamed_file(void)
{
    const char *dir = getenv("TMPDIR");
    if (dir == NULL || dir[0] == '\0')
        dir = "/var/tmp";
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, RF_FILE_PRIVATE);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    RF_AUTO(rf_freep) char *path = rf_strf("%s/ringfence.XXXXXX", dir); /* no such thing there */
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)!unlink(path);
    return fd;
}

static ssize_t read_some(int fd, uint8_t *to, size_t n)
{
    ssize_t got;
    do
        got = read(fd, to, n);
    while (got < 0 && errno == EINTR);
    return got;
}

static bool write_all(int fd, struct rf_slice s)
{
    for (size_t done = 0; done < s.len;) {
        ssize_t n = write(fd, s.p + done, s.len - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static enum rf_err spool(struct rf_file_in *in, int fd, uint64_t limit, struct rf_why *why)
{
    uint8_t piece[COPY_BYTES];
    in->fd = unnamed_file();
    if (in->fd < 0)
        return failed("keep on disk", in->name, why);
    for (;;) {
        ssize_t n = read_some(fd, piece, sizeof piece);
        if (n < 0)
            return failed("read", in->name, why);
        if (n == 0)
            return RF_OK;
        if ((uint64_t)n > limit - in->len)
            return too_large(in->name, limit, why);
        if (!write_all(in->fd, rf_slice_of(piece, (size_t)n)))
            return failed("keep on disk", in->name, why);
        in->len += (uint64_t)n;
    }
}

/* Such a one is read as it is: nothing here moves the position that the descriptor shares. */
static bool is_file_at_start(int fd, uint64_t *len)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
        return false;
    *len = (uint64_t)st.st_size;
    return true;
}

enum rf_err rf_file_in_take(struct rf_file_in *in, int fd, const char *name, uint64_t limit,
                            struct rf_why *why)
{
    uint64_t len = 0;
    *in = RF_FILE_IN;
    in->name = rf_strdup(name);
    enum rf_err err = RF_OK;
    if (is_file_at_start(fd, &len)) {
        in->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        in->len = len;
        if (in->fd < 0)
            err = failed("read", name, why);
        else if (len > limit)
            err = too_large(name, limit, why);
    } else {
        err = spool(in, fd, limit, why);
    }
    if (err != RF_OK)
        rf_file_in_fini(in);
    return err;
}

enum rf_err rf_file_in_read(struct rf_file_in *in, struct rf_buf *piece, size_t want,
                            struct rf_why *why)
{
    piece->len = 0;
    if (want > in->len - in->at)
        want = (size_t)(in->len - in->at);
    uint8_t *to = rf_buf_room(piece, want);
    if (to == NULL)
        return rf_why_set(why, RF_ERR_LIMIT, "file-io", "read %s: no room for %zu bytes", in->name,
                          want);
    while (piece->len < want) {
        ssize_t n = pread(in->fd, to + piece->len, want - piece->len, (off_t)in->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed("read", in->name, why);
        if (n == 0) /* it was cut meanwhile: whoever counts will notice */
            return RF_OK;
        piece->len += (size_t)n;
        in->at += (uint64_t)n;
    }
    return RF_OK;
}

void rf_file_in_seek(struct rf_file_in *in, uint64_t at)
{
    rf_bug_on(at > in->len);
    in->at = at;
}

void rf_file_in_fini(struct rf_file_in *in)
{
    if (in->fd >= 0)
        close(in->fd);
    rf_free(in->name);
    *in = RF_FILE_IN;
}
