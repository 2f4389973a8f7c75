/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a container in pieces. */
#include "app/ringfence/container.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum rf_err container_source(const char *path, struct rf_file_in *in, struct rf_why *why)
{
    RF_AUTO(rf_fd_close) int fd = -1;
    if (!cmd_is_stream(path))
        return rf_file_in_open(in, path, CONTAINER_BYTES_MAX, why);
    enum rf_err err = cmd_stream_open(path, &fd, why);
    return err == RF_OK ? rf_file_in_take(in, fd, cmd_stream_name(path), CONTAINER_BYTES_MAX, why)
                        : err;
}

enum rf_err container_open(const char *path, struct container *c, struct rf_why *why)
{
    size_t header_len = 0;
    *c = CONTAINER;
    c->header = RF_BUF(RF_SIGNEDFILE_HEADER_MAX);
    c->piece = RF_BUF(CONTAINER_PIECE);
    enum rf_err err = container_source(path, &c->in, why);
    if (err == RF_OK)
        err = rf_file_in_read(&c->in, &c->header, RF_SIGNEDFILE_PREFIX_LEN, why);
    if (err == RF_OK)
        err = rf_signedfile_header_len(rf_buf_slice(&c->header), &header_len, why);
    if (err != RF_OK)
        return err;
    rf_file_in_seek(&c->in, 0);
    err = rf_file_in_read(&c->in, &c->header, header_len, why);
    return err != RF_OK ? err : rf_sigver_new(rf_buf_slice(&c->header), c->in.len, &c->ver, why);
}

const struct rf_signedfile *container_sf(const struct container *c)
{
    return c->ver != NULL ? rf_sigver_header(c->ver) : NULL;
}

enum rf_err container_again(struct container *c, struct rf_why *why)
{
    rf_sigver_freep(&c->ver);
    rf_file_in_seek(&c->in, c->header.len);
    return rf_sigver_new(rf_buf_slice(&c->header), c->in.len, &c->ver, why);
}

void container_fini(struct container *c)
{
    rf_sigver_freep(&c->ver);
    rf_file_in_fini(&c->in);
    rf_buf_fini(&c->header);
    rf_buf_fini(&c->piece);
}

static enum rf_err keep_head(struct rf_buf *head, struct rf_slice piece)
{
    return head != NULL ? rf_buf_add_slice(head, rf_slice_part(piece, 0, head->max - head->len))
                        : RF_OK;
}

static enum rf_err take_piece(struct container *c, struct container_pass *pass,
                              struct rf_hash *of_file, struct rf_hash *of_body, struct rf_why *why)
{
    struct rf_slice piece = rf_buf_slice(&c->piece);
    enum rf_err err = rf_sigver_add(c->ver, piece, why);
    if (err == RF_OK)
        err = keep_head(pass->head, piece);
    if (err == RF_OK && pass->out != NULL)
        err = cmd_out_add(pass->out, piece, why);
    if (err == RF_OK && pass->wants_sha256) {
        rf_hash_add(of_file, piece);
        rf_hash_add(of_body, piece);
    }
    return err;
}

enum rf_err container_pass(struct container *c, struct container_pass *pass, struct rf_why *why)
{
    RF_AUTO(rf_hash_freep) struct rf_hash *of_file = rf_hash_new(RF_DIGEST_SHA256);
    RF_AUTO(rf_hash_freep) struct rf_hash *of_body = rf_hash_new(RF_DIGEST_SHA256);
    rf_hash_add(of_file, rf_buf_slice(&c->header));
    rf_file_in_seek(&c->in, c->header.len);
    for (;;) {
        enum rf_err err = rf_file_in_read(&c->in, &c->piece, CONTAINER_PIECE, why);
        if (err == RF_OK && c->piece.len == 0)
            break;
        if (err == RF_OK)
            err = take_piece(c, pass, of_file, of_body, why);
        if (err != RF_OK)
            return err;
    }
    (void)rf_hash_end(of_file, pass->file_sha256);
    (void)rf_hash_end(of_body, pass->body_sha256);
    return RF_OK;
}

struct rf_sigfile_policy container_policy(const char *name)
{
    return (struct rf_sigfile_policy){
        .expected_name = name != NULL ? rf_slice_str(name) : (struct rf_slice){NULL, 0},
        .has_now = true,
        .now_s = rf_wall_s(rf_clock_real()),
        .allow_sha1 = true,
    };
}
