/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted configurations. AES-128-CBC with padding of our own, the key wrapped for the phone's
 * RSA key. Whoever can send many of these must not learn from us what is wrong with one: there is
 * one refusal, and the same work is done before it. doc: docs/wire/encrypted-configuration.md */
#include "trust/encfile.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "base/faults.h"
#include "base/random.h"
#include "trust/sigfile_int.h"
#include "trust/trust_int.h"

#define AES_LEN   16
#define BLOCK_LEN 16
#define PAD_BYTE  0x0d

/* One run of AES-128-CBC without OpenSSL's padding: the parts, in order, into `to`. */
static bool run_cbc(bool is_encrypt, struct rf_slice key, struct rf_slice iv,
                    const struct rf_slice *parts, size_t n, struct rf_wr *to)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t *p = to->base;
    int len = 0;
    bool ok = ctx != NULL && key.len == AES_LEN && iv.len == BLOCK_LEN &&
              EVP_CipherInit_ex2(ctx, EVP_aes_128_cbc(), key.p, iv.p, is_encrypt, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
    for (size_t i = 0; ok && i < n; i++) {
        if (parts[i].len == 0)
            continue;
        ok = parts[i].len <= to->cap - to->len &&
             EVP_CipherUpdate(ctx, p + to->len, &len, parts[i].p, (int)parts[i].len) == 1;
        to->len += ok ? (size_t)len : 0;
    }
    ok = ok && EVP_CipherFinal_ex(ctx, p + to->len, &len) == 1 && len == 0;
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
    return ok && to->len == to->cap;
}

/* Decrypt and compare; the content into `out`. Lengths and numbers are no secrets: the signature
 * over them held, so they are what the server wrote. */
static bool open_body(const struct rf_signedfile_encryption *e, struct rf_slice body,
                      const struct rf_secret *key, struct rf_buf *padded, struct rf_slice *plain)
{
    uint8_t md[RF_DIGEST_MAX];
    enum rf_digest digest = (enum rf_digest)e->hash;
    bool is_pad_good = e->pad_len >= 1 && e->pad_len <= BLOCK_LEN;
    if (body.len == 0 || body.len % BLOCK_LEN != 0 || e->pad_len > body.len ||
        rf_digest_len(digest) == 0)
        return false;
    if (!rf_fault_skips("enc.pad") && !is_pad_good)
        return false;
    uint8_t *to = rf_buf_room(padded, body.len);
    if (to == NULL)
        return false;
    struct rf_wr wr = rf_wr_of(to, body.len);
    if (!run_cbc(false, rf_secret_slice(key), e->iv, &body, 1, &wr))
        return false;
    padded->len = wr.len;
    *plain = rf_slice_part(rf_buf_slice(padded), 0, wr.len - e->pad_len);
    size_t n = rf_digest_of(digest, *plain, md);
    return rf_slice_eq(rf_slice_of(md, n), e->plain_hash) || rf_fault_skips("enc.digest");
}

/* The key, or a stand-in that nobody knows, so that the rest is done all the same. */
static enum rf_err unwrap(struct rf_vault_key *key, struct rf_slice wrapped, struct rf_secret *aes,
                          bool *is_good, struct rf_why *why)
{
    uint8_t stand_in[AES_LEN];
    struct rf_why own = {0};
    rf_random_bytes(stand_in, sizeof(stand_in));
    enum rf_err err = rf_vault_decrypt(key, wrapped, AES_LEN, aes, &own);
    *is_good = err == RF_OK;
    if (err == RF_ERR_CRYPTO)
        err = rf_secret_set(aes, rf_slice_of(stand_in, sizeof(stand_in)));
    rf_wipe(stand_in, sizeof(stand_in));
    if (err != RF_OK) /* the key cannot be used at all: not a matter of this file */
        return rf_why_set(why, err, own.code, "%s", own.text);
    return RF_OK;
}

enum rf_err rf_encfile_decrypt(struct rf_slice file, struct rf_vault_key *key, struct rf_buf *out,
                               struct rf_why *why)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf padded = RF_BUF(RF_ENCFILE_PLAIN_MAX + BLOCK_LEN);
    RF_AUTO(rf_secret_fini) struct rf_secret aes = {0};
    struct rf_signedfile sf;
    struct rf_slice plain = {0};
    bool is_good = false;
    enum rf_err err = rf_signedfile_decode(file, file.len, &sf, why);
    if (err != RF_OK)
        return err;
    if (!sf.has_encryption || sf.major != 2)
        return rf_why_set(why, RF_ERR_BAD, "not-encrypted",
                          "header version %u.%u, %s: not an encrypted file", sf.major, sf.minor,
                          sf.has_encryption ? "with encryption info" : "without encryption info");
    err = unwrap(key, sf.encryption.wrapped_key, &aes, &is_good, why);
    if (err != RF_OK)
        return err;
    struct rf_slice body = rf_slice_part(file, sf.header_len, SIZE_MAX);
    bool is_open = open_body(&sf.encryption, body, &aes, &padded, &plain);
    if (!is_open || (!is_good && !rf_fault_skips("enc.digest")))
        return rf_why_set(why, RF_ERR_CRYPTO, "decrypt",
                          "the file cannot be decrypted: it was made for another key than this "
                          "phone's, or damaged before it was signed");
    if (rf_buf_add_slice(out, plain) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "enc-size", "more than %zu bytes of configuration",
                          out->max);
    return RF_OK;
}

static enum rf_err wrap(const struct rf_cert *phone, const struct rf_secret *aes, uint8_t *out,
                        size_t *len, struct rf_why *why)
{
    if (rf_cert_key_type(phone) != RF_KEY_RSA)
        return rf_why_set(why, RF_ERR_DENIED, "enc-key-type",
                          "the key of %s (%s) is not RSA: such a phone cannot have an encrypted "
                          "file; serve it by HTTPS",
                          rf_cert_subject(phone), rf_cert_short(phone));
    struct rf_slice key = rf_secret_slice(aes);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rf_cert_pkey(phone), NULL);
    bool ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
              EVP_PKEY_encrypt(ctx, out, len, key.p, key.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok ? RF_OK : rf_why_openssl(why, RF_ERR_CRYPTO, "enc-wrap", "wrapping the file's key");
}

/* Content and 1 to 16 pad bytes, encrypted into `out`. */
static enum rf_err seal_body(struct rf_slice plain, size_t pad_len, const struct rf_secret *aes,
                             struct rf_slice iv, struct rf_buf *out, struct rf_why *why)
{
    uint8_t pad[BLOCK_LEN];
    struct rf_wr pad_wr = rf_wr_of(pad, sizeof(pad));
    while (pad_wr.len < pad_len)
        rf_wr_u8(&pad_wr, PAD_BYTE);
    const struct rf_slice parts[] = {plain, rf_slice_of(pad, pad_len)};
    uint8_t *to = rf_buf_room(out, plain.len + pad_len);
    if (to == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "no-memory", "encrypting %zu bytes", plain.len);
    struct rf_wr wr = rf_wr_of(to, plain.len + pad_len);
    if (!run_cbc(true, rf_secret_slice(aes), iv, parts, 2, &wr))
        return rf_why_openssl(why, RF_ERR_CRYPTO, "enc-cipher", "encrypting");
    out->len = wr.len;
    return RF_OK;
}

enum rf_err rf_encfile_make(struct rf_vault_key *key, const struct rf_cert *cert,
                            const struct rf_cert *phone, const struct rf_sigfile_spec *spec,
                            struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(rf_secret_fini) struct rf_secret aes = {.len = AES_LEN};
    RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(RF_ENCFILE_PLAIN_MAX + BLOCK_LEN);
    uint8_t iv[BLOCK_LEN], md[RF_DIGEST_MAX], wrapped[RF_SIGNATURE_MAX];
    size_t signature_len, wrapped_len = sizeof(wrapped);
    size_t pad_len = BLOCK_LEN - spec->body.len % BLOCK_LEN;
    enum rf_err err = rf_sigfile_check_key(key, cert, spec->digest, &signature_len, why);
    if (err != RF_OK)
        return err;
    if (spec->body.len > RF_ENCFILE_PLAIN_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "enc-size", "%zu bytes of configuration, at most %d",
                          spec->body.len, RF_ENCFILE_PLAIN_MAX);
    rf_random_bytes(aes.bytes, AES_LEN);
    rf_random_bytes(iv, sizeof(iv));
    err = wrap(phone, &aes, wrapped, &wrapped_len, why);
    if (err == RF_OK)
        err = seal_body(spec->body, pad_len, &aes, rf_slice_of(iv, sizeof(iv)), &body, why);
    if (err != RF_OK)
        return err;
    size_t md_len = rf_digest_of(spec->digest, spec->body, md);
    struct rf_signedfile_spec header = rf_sigfile_header_of(cert, spec->digest, signature_len);
    header.major = 2;
    header.file_name = rf_slice_str(spec->name);
    header.has_timestamp = true;
    header.timestamp = spec->timestamp;
    header.has_encryption = true;
    header.encryption = (struct rf_signedfile_encryption){
        .iv = rf_slice_of(iv, sizeof(iv)),
        .pad_len = (uint16_t)pad_len,
        .key_bits = (uint16_t)rf_cert_key_bits(phone),
        .wrapped_key = rf_slice_of(wrapped, wrapped_len),
        .hash = (uint8_t)spec->digest,
        .plain_hash = rf_slice_of(md, md_len),
    };
    return rf_sigfile_put(key, cert, spec->digest, &header, rf_buf_slice(&body), out, why);
}
