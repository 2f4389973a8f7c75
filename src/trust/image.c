/* SPDX-License-Identifier: Apache-2.0 */
/* One signed image: in memory, or in a file of any size read in pieces.
 * doc: docs/wire/signed-files.md; docs/wire/loads.md, "Believing a load" */
#include "trust/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/image_int.h"

#define PIECE_BYTES 65536

static const struct rf_cert *find_key(const struct rf_cert_list *keys,
                                      const struct rf_signedfile *header)
{
    for (size_t i = 0; i < keys->n; i++)
        if (rf_cert_is(keys->cert[i], header->issuer, header->serial))
            return keys->cert[i];
    return NULL;
}

static enum rf_err signer_unknown(const struct rf_signedfile *header,
                                  const struct rf_cert_list *keys, struct rf_why *why)
{
    char issuer[128];
    return rf_why_set(why, RF_ERR_DENIED, "signer-unknown",
                      "none of the %zu image keys has the issuer %s and the serial number that the "
                      "header names: another maker's image, or not an image",
                      keys->n, rf_escape(header->issuer, issuer, sizeof(issuer)));
}

/* The verdict over what was hashed. */
static enum rf_err judge(struct rf_sigver *v, uint64_t file_len, struct rf_slice expected_name,
                         const struct rf_cert_list *keys, struct rf_image_info *out,
                         struct rf_why *why)
{
    const struct rf_signedfile *header = rf_sigver_header(v);
    const struct rf_cert *key = find_key(keys, header);
    struct rf_sigfile_policy policy = {
        .expected_name = expected_name, .is_image = true, .allow_sha1 = true};
    struct rf_sigfile_info info;
    if (key == NULL)
        return signer_unknown(header, keys, why);
    if (!rf_slice_to_str(header->file_name, out->name, sizeof(out->name)))
        return rf_why_set(why, RF_ERR_DENIED, "file-name",
                          "the signed name is longer than %d bytes", RF_LOADS_NAME_MAX);
    out->body_off = header->header_len;
    enum rf_err err = rf_sigver_finish(v, key, &policy, &info, why);
    if (err != RF_OK)
        return err;
    out->digest = info.digest;
    out->file_len = file_len;
    out->body_len = info.body_len;
    rf_bug_on(
        !rf_slice_to_str(rf_slice_str(rf_cert_fingerprint(key)), out->signer, sizeof(out->signer)));
    return RF_OK;
}

enum rf_err rf_image_verify(struct rf_slice file, struct rf_slice expected_name,
                            const struct rf_cert_list *keys, struct rf_image_info *out,
                            struct rf_slice *body, struct rf_why *why)
{
    RF_AUTO(rf_sigver_freep) struct rf_sigver *v = NULL;
    struct rf_image_info info = {0};
    uint8_t md[RF_DIGEST_MAX];
    size_t header_len = 0;
    *out = info;
    *body = (struct rf_slice){0};
    enum rf_err err = rf_signedfile_header_len(file, &header_len, why);
    if (err == RF_OK)
        err = rf_sigver_new(rf_slice_part(file, 0, header_len), file.len, &v, why);
    if (err == RF_OK)
        err = rf_sigver_add(v, rf_slice_part(file, header_len, SIZE_MAX), why);
    if (err == RF_OK)
        err = judge(v, file.len, expected_name, keys, &info, why);
    if (err != RF_OK)
        return err;
    struct rf_wr wr = rf_wr_of(info.sha256, sizeof(info.sha256));
    rf_wr_bytes(&wr, md, rf_digest_of(RF_DIGEST_SHA256, file, md));
    *out = info;
    *body = rf_slice_part(file, header_len, SIZE_MAX);
    return RF_OK;
}

/* A file being read: what was read is hashed on the way, and the first bytes of the body kept. */
struct source {
    int fd;
    uint64_t left;
    struct rf_hash *sha256;
    struct rf_buf piece;
};

static enum rf_err read_failed(const char *path, struct rf_why *why)
{
    return rf_why_set(why, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO,
                      errno == ENOENT ? "image-missing" : "image-io", "read %s: %s", path,
                      strerror(errno));
}

static enum rf_err source_open(const char *path, struct source *s, struct rf_why *why)
{
    struct stat st;
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (s->fd < 0 || fstat(s->fd, &st) != 0)
        return read_failed(path, why);
    if (!S_ISREG(st.st_mode))
        return rf_why_set(why, RF_ERR_IO, "image-io", "%s is not a regular file", path);
    if (st.st_size > RF_IMAGE_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "image-size", "%s has %lld bytes, an image at most %d",
                          path, (long long)st.st_size, RF_IMAGE_BYTES_MAX);
    s->left = (uint64_t)st.st_size;
    s->sha256 = rf_hash_new(RF_DIGEST_SHA256);
    s->piece = RF_BUF(RF_SIGNEDFILE_HEADER_MAX + PIECE_BYTES);
    return RF_OK;
}

static void source_fini(struct source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    rf_hash_free(s->sha256);
    rf_buf_fini(&s->piece);
}

/* Read until `piece` holds `want` bytes, or the file ends. */
static enum rf_err source_fill(struct source *s, size_t want, const char *path, struct rf_why *why)
{
    while (s->piece.len < want) {
        size_t room = want - s->piece.len;
        uint8_t *to = rf_buf_room(&s->piece, room);
        if (to == NULL)
            return rf_why_set(why, RF_ERR_NOMEM, "image-io", "no memory to read %s", path);
        ssize_t n = read(s->fd, to, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return read_failed(path, why);
        if (n == 0)
            return RF_OK;
        rf_hash_add(s->sha256, rf_slice_of(to, (size_t)n));
        s->piece.len += (size_t)n;
    }
    return RF_OK;
}

static enum rf_err read_header(struct source *s, const char *path, struct rf_sigver **v,
                               struct rf_why *why)
{
    size_t header_len = 0;
    enum rf_err err = source_fill(s, RF_SIGNEDFILE_PREFIX_LEN, path, why);
    if (err == RF_OK)
        err = rf_signedfile_header_len(rf_buf_slice(&s->piece), &header_len, why);
    if (err == RF_OK)
        err = source_fill(s, header_len, path, why);
    if (err == RF_OK)
        err = rf_sigver_new(rf_slice_part(rf_buf_slice(&s->piece), 0, header_len), s->left, v, why);
    if (err == RF_OK)
        rf_buf_drop(&s->piece, header_len);
    return err;
}

static enum rf_err read_body(struct source *s, const char *path, struct rf_sigver *v,
                             struct rf_image_head *head, struct rf_why *why)
{
    for (bool is_first = true;; is_first = false) {
        enum rf_err err = source_fill(s, PIECE_BYTES, path, why);
        struct rf_slice piece = rf_buf_slice(&s->piece);
        if (err != RF_OK || piece.len == 0)
            return err;
        if (is_first && head != NULL) {
            struct rf_wr wr = rf_wr_of(head->bytes, sizeof(head->bytes));
            rf_wr_slice(&wr, rf_slice_part(piece, 0, sizeof(head->bytes)));
            head->len = wr.len;
        }
        err = rf_sigver_add(v, piece, why);
        if (err != RF_OK)
            return err;
        rf_buf_drop(&s->piece, piece.len);
    }
}

enum rf_err rf_image_stream(const char *path, struct rf_slice expected_name,
                            const struct rf_cert_list *keys, struct rf_image_info *out,
                            struct rf_image_head *head, struct rf_why *why)
{
    RF_AUTO(rf_sigver_freep) struct rf_sigver *v = NULL;
    RF_AUTO(source_fini) struct source s = {.fd = -1};
    struct rf_image_info info = {0};
    uint8_t md[RF_DIGEST_MAX];
    *out = info;
    enum rf_err err = source_open(path, &s, why);
    if (err == RF_OK)
        err = read_header(&s, path, &v, why);
    if (err == RF_OK)
        err = read_body(&s, path, v, head, why);
    if (err == RF_OK)
        err = judge(v, s.left, expected_name, keys, &info, why);
    if (err != RF_OK)
        return err;
    struct rf_wr wr = rf_wr_of(info.sha256, sizeof(info.sha256));
    rf_wr_bytes(&wr, md, rf_hash_end(s.sha256, md));
    *out = info;
    return RF_OK;
}

enum rf_err rf_image_verify_path(const char *path, struct rf_slice expected_name,
                                 const struct rf_cert_list *keys, struct rf_image_info *out,
                                 struct rf_why *why)
{
    return rf_image_stream(path, expected_name, keys, out, NULL, why);
}
