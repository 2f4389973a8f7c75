/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/wrap.h"

#include <openssl/err.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "trust/key.h"
#include "trust/trust_int.h"

#define VERSION   1
#define NONCE_LEN 12
#define TAG_LEN   16

/* ---- the key ---- */

enum rf_err rf_wrap_key_make(const char *path, struct rf_why *why)
{
    uint8_t key[RF_WRAP_KEY_BYTES];
    char line[2 * RF_WRAP_KEY_BYTES + 2];
    rf_random_bytes(key, sizeof key);
    rf_hex(rf_slice_of(key, sizeof key), line, sizeof line);
    line[sizeof line - 2] = '\n';
    enum rf_err err =
        rf_file_create(path, rf_slice_of(line, sizeof line - 1), RF_FILE_PRIVATE, why);
    rf_wipe(key, sizeof key);
    rf_wipe(line, sizeof line);
    return err;
}

enum rf_err rf_wrap_key_load(const char *path, struct rf_secret *out, struct rf_why *why)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf file = {0};
    uint8_t key[RF_WRAP_KEY_BYTES];
    size_t n = 0;
    enum rf_err err = rf_file_read(path, 4096, &file, why);
    if (err != RF_OK)
        return err;
    if (rf_unhex(rf_trim(rf_buf_slice(&file)), key, sizeof key, &n) != RF_OK || n != sizeof key)
        err = rf_why_set(why, RF_ERR_BAD, "wrap-key",
                         "%s is not %d hexadecimal digits: bring it back from a backup", path,
                         2 * RF_WRAP_KEY_BYTES);
    else
        err = rf_secret_set(out, rf_slice_of(key, n));
    rf_wipe(key, sizeof key);
    return err;
}

/* ---- wrapping ---- */

struct run {
    bool is_encrypt;
    struct rf_slice key, nonce, bound, in;
    uint8_t *out; /* in.len bytes */
    uint8_t *tag; /* written, or compared */
};

static bool run_gcm(const struct run *r)
{
    int len = 0;
    uint8_t rest[TAG_LEN];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx != NULL && r->key.len == RF_WRAP_KEY_BYTES &&
              EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), r->key.p, r->nonce.p, r->is_encrypt,
                                 NULL) == 1 &&
              EVP_CipherUpdate(ctx, NULL, &len, r->bound.p, (int)r->bound.len) == 1 &&
              EVP_CipherUpdate(ctx, r->out, &len, r->in.p, (int)r->in.len) == 1;
    if (ok && !r->is_encrypt)
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, r->tag) == 1;
    if (ok)
        ok = EVP_CipherFinal_ex(ctx, rest, &len) == 1 ||
             (!r->is_encrypt && rf_fault_skips("wrap.tag"));
    if (ok && r->is_encrypt)
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, r->tag) == 1;
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

enum rf_err rf_wrap_bytes(const struct rf_secret *key, struct rf_slice bound, struct rf_slice bytes,
                          struct rf_buf *out, struct rf_why *why)
{
    uint8_t nonce[NONCE_LEN];
    uint8_t tag[TAG_LEN];
    uint8_t version = VERSION;
    if (bytes.len == 0 || bytes.len > RF_WRAP_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "wrap-long", "what is wrapped has 1 to %zu bytes",
                          RF_WRAP_BYTES_MAX);
    RF_AUTO(rf_buf_wipe) struct rf_buf text = RF_BUF(RF_WRAP_BYTES_MAX);
    enum rf_err err = rf_buf_add(&text, bytes.p, bytes.len);
    if (err != RF_OK)
        return err;
    rf_random_bytes(nonce, sizeof nonce);
    struct run run = {.is_encrypt = true,
                      .key = rf_secret_slice(key),
                      .nonce = rf_slice_of(nonce, sizeof nonce),
                      .bound = bound,
                      .in = bytes,
                      .out = text.p,
                      .tag = tag};
    if (!run_gcm(&run))
        return rf_why_set(why, RF_ERR_CRYPTO, "wrap", "the secret cannot be wrapped");
    err = rf_buf_add(out, &version, 1);
    if (err == RF_OK)
        err = rf_buf_add(out, nonce, sizeof nonce);
    if (err == RF_OK)
        err = rf_buf_add(out, text.p, text.len);
    return err == RF_OK ? rf_buf_add(out, tag, sizeof tag) : err;
}

enum rf_err rf_unwrap_bytes(const struct rf_secret *key, struct rf_slice bound,
                            struct rf_slice wrapped, struct rf_buf *out, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(wrapped);
    struct rf_slice nonce = {0};
    struct rf_slice text = {0};
    uint8_t version;
    uint8_t tag[TAG_LEN];
    bool ok = wrapped.len > RF_WRAP_OVERHEAD &&
              wrapped.len <= RF_WRAP_BYTES_MAX + RF_WRAP_OVERHEAD && rf_rd_u8(&rd, &version) &&
              version == VERSION && rf_rd_slice(&rd, NONCE_LEN, &nonce) &&
              rf_rd_slice(&rd, rf_rd_left(&rd) - TAG_LEN, &text) &&
              rf_rd_copy(&rd, tag, sizeof tag) && rf_buf_add(out, text.p, text.len) == RF_OK;
    struct run run = {.key = rf_secret_slice(key),
                      .nonce = nonce,
                      .bound = bound,
                      .in = text,
                      .out = out->p,
                      .tag = tag};
    if (ok && run_gcm(&run))
        return RF_OK;
    rf_buf_wipe(out);
    return rf_why_set(why, RF_ERR_CRYPTO, "unwrap",
                      "made by another key, for something else, or changed");
}

/* ---- secrets ---- */

enum rf_err rf_wrap(const struct rf_secret *key, struct rf_slice bound, struct rf_slice secret,
                    struct rf_buf *out, struct rf_why *why)
{
    if (secret.len == 0 || secret.len > RF_SECRET_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "secret-long", "a secret has 1 to %d bytes",
                          RF_SECRET_MAX);
    return rf_wrap_bytes(key, bound, secret, out, why);
}

enum rf_err rf_unwrap(const struct rf_secret *key, struct rf_slice bound, struct rf_slice wrapped,
                      struct rf_secret *out, struct rf_why *why)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf plain = RF_BUF(RF_SECRET_MAX);
    rf_secret_fini(out);
    if (rf_unwrap_bytes(key, bound, wrapped, &plain, NULL) == RF_OK &&
        rf_secret_set(out, rf_buf_slice(&plain)) == RF_OK)
        return RF_OK;
    return rf_why_set(why, RF_ERR_CRYPTO, "unwrap",
                      "a secret of the database cannot be opened with the key of this site: set it "
                      "again, or bring keys/store.key back from a backup");
}
