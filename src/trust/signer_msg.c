/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between the signer and its parent. doc: docs/signer.md */
#include <errno.h>
#include <sys/socket.h>

#include "trust/signer_int.h"

void rf_signer_ask_encode(const struct rf_signer_ask *ask, struct rf_wr *wr)
{
    rf_bug_on(ask->name.len > RF_SIGNER_NAME_MAX);
    rf_wr_u8(wr, (uint8_t)ask->kind);
    rf_wr_u32be(wr, ask->number);
    rf_wr_u8(wr, (uint8_t)ask->name.len);
    rf_wr_slice(wr, ask->name);
    if (ask->kind != RF_SIGNER_ASK_SIGN)
        return;
    rf_wr_u8(wr, ask->alg);
    rf_wr_slice(wr, ask->digest);
}

enum rf_err rf_signer_ask_decode(struct rf_slice in, struct rf_signer_ask *out, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(in);
    uint8_t kind, name_len;
    *out = (struct rf_signer_ask){0};
    if (!rf_rd_u8(&rd, &kind) || !rf_rd_u32be(&rd, &out->number))
        return rf_why_rd(why, &rd, "signer request");
    if (kind != RF_SIGNER_ASK_CERT && kind != RF_SIGNER_ASK_SIGN)
        return rf_why_bad(why, &rd, "signer-request", "the signer knows no request %u", kind);
    out->kind = kind;
    if (!rf_rd_u8(&rd, &name_len) || !rf_rd_slice(&rd, name_len, &out->name))
        return rf_why_rd(why, &rd, "signer request: name");
    if (kind == RF_SIGNER_ASK_SIGN) {
        if (!rf_rd_u8(&rd, &out->alg))
            return rf_why_rd(why, &rd, "signer request: digest");
        out->digest = rf_rd_rest(&rd);
    }
    if (name_len > RF_SIGNER_NAME_MAX || out->digest.len > RF_DIGEST_MAX || !rf_rd_done(&rd))
        return rf_why_bad(why, &rd, "signer-request", "a part of the request is too long");
    return RF_OK;
}

void rf_signer_say_encode(const struct rf_signer_say *say, struct rf_wr *wr)
{
    rf_wr_u8(wr, say->err == RF_OK ? RF_SIGNER_SAY_DONE : RF_SIGNER_SAY_REFUSED);
    rf_wr_u32be(wr, say->number);
    if (say->err == RF_OK) {
        rf_wr_slice(wr, say->data);
        return;
    }
    rf_wr_u8(wr, (uint8_t)say->err);
    rf_wr_z(wr, rf_slice_str(say->why.code));
    rf_wr_z(wr, rf_slice_str(say->why.text));
}

static enum rf_err decode_refusal(struct rf_rd *rd, struct rf_signer_say *out, struct rf_why *why)
{
    struct rf_slice code, text;
    uint8_t err;
    if (!rf_rd_u8(rd, &err) || !rf_rd_z(rd, &code) || !rf_rd_z(rd, &text))
        return rf_why_rd(why, rd, "signer answer: refusal");
    if (err == RF_OK || err > RF_ERR_NOMEM || !rf_rd_done(rd) ||
        !rf_slice_to_str(code, out->why.code, sizeof(out->why.code)) ||
        !rf_slice_to_str(text, out->why.text, sizeof(out->why.text)))
        return rf_why_bad(why, rd, "signer-answer", "the signer's refusal cannot be read");
    out->err = err;
    return RF_OK;
}

enum rf_err rf_signer_say_decode(struct rf_slice in, struct rf_signer_say *out, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(in);
    uint8_t kind;
    *out = (struct rf_signer_say){0};
    if (!rf_rd_u8(&rd, &kind) || !rf_rd_u32be(&rd, &out->number))
        return rf_why_rd(why, &rd, "signer answer");
    if (kind == RF_SIGNER_SAY_REFUSED)
        return decode_refusal(&rd, out, why);
    if (kind != RF_SIGNER_SAY_DONE)
        return rf_why_bad(why, &rd, "signer-answer", "no answer has the number %u", kind);
    out->data = rf_rd_rest(&rd);
    return RF_OK;
}

enum rf_err rf_signer_send(int fd, struct rf_slice frame)
{
    ssize_t n;
    do
        n = send(fd, frame.p, frame.len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n >= 0 && (size_t)n == frame.len ? RF_OK : RF_ERR_IO;
}

enum rf_err rf_signer_recv(int fd, uint8_t buf[RF_SIGNER_FRAME_MAX + 1], struct rf_slice *out)
{
    ssize_t n;
    do
        n = recv(fd, buf, RF_SIGNER_FRAME_MAX + 1, 0);
    while (n < 0 && errno == EINTR);
    *out = rf_slice_of(buf, n > 0 ? (size_t)n : 0);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? RF_ERR_AGAIN : RF_ERR_IO;
    if (n == 0)
        return RF_ERR_NOT_FOUND;
    return n > RF_SIGNER_FRAME_MAX ? RF_ERR_LIMIT : RF_OK;
}
