/* SPDX-License-Identifier: Apache-2.0 */
/* A head, then pieces: each encrypted and authenticated on its own, with its number and whether it
 * is the last in the nonce, so that none can be moved, left out or follow the end. The key is of
 * this stream only, because its salt is. doc: docs/wire/backup.md, "Stream" */
#include "trust/seal.h"

#include <string.h>

#include <openssl/err.h>

#include "base/faults.h"
#include "base/random.h"
#include "base/secret.h"
#include "trust/trust_int.h"

#define MAGIC     "ringfence-seal-1"
#define MAGIC_LEN 16
/* scrypt: 2^17 blocks of 128 * 8 bytes. A head may ask for more one day, but not for all memory. */
#define COST_LOG2     17
#define COST_LOG2_MIN 14
#define COST_LOG2_MAX 19
#define BLOCK_SIZE    8
#define MEMORY_MAX    (1024ull * 1024 * 1024)
#define SALT_LEN      16
#define CHECK_LEN     16
#define KEY_LEN       32
#define NONCE_LEN     12
#define TAG_LEN       16
#define HEAD_LEN      (MAGIC_LEN + 1 + SALT_LEN + CHECK_LEN)
#define WHOLE_LEN     (RF_SEAL_PIECE + TAG_LEN)

/* What both directions have. */
struct seal {
    uint8_t key[KEY_LEN];
    uint8_t head[HEAD_LEN];
    uint64_t number; /* of the next piece */
};

struct rf_seal {
    struct seal s;
    rf_seal_sink sink;
    void *arg;
    struct rf_buf waiting; /* of the next piece, not encrypted yet */
    uint8_t out[WHOLE_LEN];
};

struct rf_unseal {
    struct seal s;
    rf_seal_source source;
    void *arg;
    uint8_t in[WHOLE_LEN + 1]; /* one byte more: is this piece the last? */
    size_t in_len;
    uint64_t offset; /* of `in` in the stream */
    bool is_over;
    uint8_t out[RF_SEAL_PIECE];
};

/* The key, and a value by which a wrong passphrase is told from damage. */
static bool derive(struct seal *s, struct rf_slice passphrase, unsigned cost_log2,
                   const uint8_t *salt, uint8_t check[CHECK_LEN])
{
    uint8_t both[KEY_LEN + CHECK_LEN];
    bool ok = EVP_PBE_scrypt((const char *)passphrase.p, passphrase.len, salt, SALT_LEN,
                             1ull << cost_log2, BLOCK_SIZE, 1, MEMORY_MAX, both, sizeof both) == 1;
    memcpy(s->key, both, KEY_LEN);
    memcpy(check, both + KEY_LEN, CHECK_LEN);
    rf_wipe(both, sizeof both);
    return ok;
}

static EVP_CIPHER_CTX *begin(const struct seal *s, bool is_encrypt, bool is_last)
{
    uint8_t nonce[NONCE_LEN];
    struct rf_wr wr = rf_wr_of(nonce, sizeof nonce);
    rf_wr_zero(&wr, NONCE_LEN - 9);
    rf_wr_u64be(&wr, s->number);
    rf_wr_u8(&wr, is_last ? 1 : 0);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    if (ctx != NULL &&
        EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), s->key, nonce, is_encrypt, NULL) == 1 &&
        EVP_CipherUpdate(ctx, NULL, &len, s->head, HEAD_LEN) == 1)
        return ctx;
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

/* ---- making ---- */

enum rf_err rf_seal_new(struct rf_slice passphrase, unsigned cost_log2, rf_seal_sink sink,
                        void *arg, struct rf_seal **out, struct rf_why *why)
{
    if (passphrase.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "seal-passphrase", "an empty passphrase guards nothing");
    RF_AUTO(rf_seal_freep) struct rf_seal *s = rf_new(struct rf_seal);
    *s = (struct rf_seal){.sink = sink, .arg = arg, .waiting = RF_BUF(RF_SEAL_PIECE)};
    uint8_t salt[SALT_LEN];
    uint8_t check[CHECK_LEN];
    rf_random_bytes(salt, sizeof salt);
    cost_log2 = cost_log2 != 0 ? cost_log2 : COST_LOG2;
    if (!derive(&s->s, passphrase, cost_log2, salt, check))
        return rf_why_openssl(why, RF_ERR_CRYPTO, "seal-key", "deriving a key");
    struct rf_wr wr = rf_wr_of(s->s.head, HEAD_LEN);
    rf_wr_bytes(&wr, MAGIC, MAGIC_LEN);
    rf_wr_u8(&wr, (uint8_t)cost_log2);
    rf_wr_bytes(&wr, salt, sizeof salt);
    rf_wr_bytes(&wr, check, sizeof check);
    enum rf_err err = sink(arg, rf_slice_of(s->s.head, HEAD_LEN), why);
    if (err == RF_OK)
        *out = rf_steal(&s);
    return err;
}

static enum rf_err put_piece(struct rf_seal *s, bool is_last, struct rf_why *why)
{
    struct rf_slice plain = rf_buf_slice(&s->waiting);
    EVP_CIPHER_CTX *ctx = begin(&s->s, true, is_last);
    int len = 0;
    int rest = 0;
    bool ok =
        ctx != NULL &&
        (plain.len == 0 || EVP_CipherUpdate(ctx, s->out, &len, plain.p, (int)plain.len) == 1) &&
        EVP_CipherFinal_ex(ctx, s->out + len, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, s->out + len + rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok)
        return rf_why_openssl(why, RF_ERR_CRYPTO, "seal-encrypt", "encrypting");
    if (plain.len > 0)
        rf_wipe(s->waiting.p, plain.len);
    s->waiting.len = 0;
    s->s.number++;
    return s->sink(s->arg, rf_slice_of(s->out, (size_t)len + (size_t)rest + TAG_LEN), why);
}

enum rf_err rf_seal_add(struct rf_seal *s, struct rf_slice bytes, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    while (bytes.len > 0 && err == RF_OK) {
        /* A full one goes only when more follows: the last is marked. */
        if (s->waiting.len == RF_SEAL_PIECE)
            err = put_piece(s, false, why);
        size_t room = RF_SEAL_PIECE - s->waiting.len;
        size_t n = bytes.len < room ? bytes.len : room;
        if (err == RF_OK)
            err = rf_buf_add_slice(&s->waiting, rf_slice_part(bytes, 0, n));
        bytes = rf_slice_part(bytes, n, bytes.len - n);
    }
    return err;
}

enum rf_err rf_seal_finish(struct rf_seal *s, struct rf_why *why)
{
    return put_piece(s, true, why);
}

void rf_seal_free(struct rf_seal *s)
{
    if (s == NULL)
        return;
    if (s->waiting.p != NULL)
        rf_wipe(s->waiting.p, s->waiting.len);
    rf_buf_fini(&s->waiting);
    rf_wipe(s, sizeof *s);
    rf_free(s);
}

void rf_seal_freep(struct rf_seal **s)
{
    rf_seal_free(*s);
    *s = NULL;
}

/* ---- opening ---- */

/* Until `in` holds `want` bytes or the source ends. */
static enum rf_err fill(struct rf_unseal *u, size_t want, struct rf_why *why)
{
    size_t n = 1;
    while (u->in_len < want && n > 0) {
        enum rf_err err = u->source(u->arg, u->in + u->in_len, want - u->in_len, &n, why);
        if (err != RF_OK)
            return err;
        u->in_len += n;
    }
    return RF_OK;
}

static enum rf_err read_head(struct rf_unseal *u, struct rf_slice passphrase, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(rf_slice_of(u->in, u->in_len));
    struct rf_slice magic;
    struct rf_slice salt;
    struct rf_slice check;
    uint8_t cost_log2;
    if (!rf_rd_slice(&rd, MAGIC_LEN, &magic) || !rf_slice_eq_str(magic, MAGIC))
        return rf_why_set(why, RF_ERR_BAD, "seal-kind", "this is no backup of ringfence");
    if (!rf_rd_u8(&rd, &cost_log2) || !rf_rd_slice(&rd, SALT_LEN, &salt) ||
        !rf_rd_slice(&rd, CHECK_LEN, &check))
        return rf_why_set(why, RF_ERR_SHORT, "seal-short", "it ends in its head");
    if (!rf_fault_skips("seal.cost") && (cost_log2 < COST_LOG2_MIN || cost_log2 > COST_LOG2_MAX))
        return rf_why_set(why, RF_ERR_BAD, "seal-cost",
                          "the head asks for 2^%u rounds, we do 2^%d to 2^%d", cost_log2,
                          COST_LOG2_MIN, COST_LOG2_MAX);
    uint8_t ours[CHECK_LEN];
    if (!derive(&u->s, passphrase, cost_log2, salt.p, ours))
        return rf_why_openssl(why, RF_ERR_CRYPTO, "seal-key", "deriving a key");
    if (!rf_fault_skips("seal.passphrase") && !rf_ct_equal(ours, check.p, CHECK_LEN))
        return rf_why_set(why, RF_ERR_DENIED, "seal-passphrase",
                          "another passphrase was used, or its first %d bytes were changed",
                          HEAD_LEN);
    memcpy(u->s.head, u->in, HEAD_LEN);
    u->in_len = 0;
    u->offset = HEAD_LEN;
    return RF_OK;
}

enum rf_err rf_unseal_new(struct rf_slice passphrase, rf_seal_source source, void *arg,
                          struct rf_unseal **out, struct rf_why *why)
{
    RF_AUTO(rf_unseal_freep) struct rf_unseal *u = rf_new(struct rf_unseal);
    u->source = source;
    u->arg = arg;
    enum rf_err err = fill(u, HEAD_LEN, why);
    if (err == RF_OK)
        err = read_head(u, passphrase, why);
    if (err == RF_OK)
        *out = rf_steal(&u);
    return err;
}

static bool open_piece(struct rf_unseal *u, struct rf_slice body, const uint8_t *tag, bool is_last)
{
    uint8_t copy[TAG_LEN];
    memcpy(copy, tag, sizeof copy);
    EVP_CIPHER_CTX *ctx = begin(&u->s, false, is_last);
    int len = 0;
    int rest = 0;
    bool ok = ctx != NULL &&
              (body.len == 0 || EVP_CipherUpdate(ctx, u->out, &len, body.p, (int)body.len) == 1) &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, copy) == 1;
    bool is_whole = ok && EVP_CipherFinal_ex(ctx, u->out + len, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
    return ok && (is_whole || rf_fault_skips("seal.tag"));
}

enum rf_err rf_unseal_next(struct rf_unseal *u, struct rf_slice *piece, struct rf_why *why)
{
    *piece = (struct rf_slice){0};
    if (u->is_over)
        return RF_OK;
    enum rf_err err = fill(u, sizeof u->in, why);
    if (err != RF_OK)
        return err;
    bool is_last = u->in_len <= WHOLE_LEN;
    size_t whole = is_last ? u->in_len : WHOLE_LEN;
    struct rf_rd rd = rf_rd_of(rf_slice_of(u->in, whole));
    struct rf_slice body;
    struct rf_slice tag;
    if (whole < TAG_LEN || !rf_rd_slice(&rd, whole - TAG_LEN, &body) ||
        !rf_rd_slice(&rd, TAG_LEN, &tag) || !open_piece(u, body, tag.p, is_last)) {
        rf_wipe(u->out, sizeof u->out);
        err = rf_why_set(why, RF_ERR_CRYPTO, "seal-damaged",
                         "the piece at byte %llu was changed, or the end is missing",
                         (unsigned long long)u->offset);
        if (why != NULL)
            why->offset = (size_t)u->offset;
        return err;
    }
    *piece = rf_slice_of(u->out, body.len);
    u->s.number++;
    u->offset += whole;
    u->in_len -= whole;
    u->in[0] = u->in[WHOLE_LEN]; /* the byte of the next piece, if there is one */
    u->is_over = is_last;
    return RF_OK;
}

void rf_unseal_free(struct rf_unseal *u)
{
    if (u == NULL)
        return;
    rf_wipe(u, sizeof *u);
    rf_free(u);
}

void rf_unseal_freep(struct rf_unseal **u)
{
    rf_unseal_free(*u);
    *u = NULL;
}
