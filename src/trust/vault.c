/* SPDX-License-Identifier: Apache-2.0 */
/* Vault keys, and the backend for keys of this process. */
#include "trust/vault.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "base/random.h"
#include "trust/trust_int.h"

struct rf_vault_key {
    const struct rf_vault_ops *ops;
    void *state;
    uint8_t *spki;
    size_t spki_len;
    struct rf_spki_info info;
};

struct rf_vault_key *rf_vault_key_again(const struct rf_vault_key *like,
                                        const struct rf_vault_ops *ops, void *state)
{
    struct rf_vault_key *v = rf_new(struct rf_vault_key);
    *v = *like;
    v->ops = ops;
    v->state = state;
    v->spki = rf_new_n(uint8_t, like->spki_len + 1);
    memcpy(v->spki, like->spki, like->spki_len);
    return v;
}

struct rf_vault_key *rf_vault_key_new(const struct rf_vault_ops *ops, void *state,
                                      struct rf_slice spki)
{
    struct rf_vault_key *v = rf_new(struct rf_vault_key);
    v->ops = ops;
    v->state = state;
    v->spki = rf_new_n(uint8_t, spki.len + 1);
    v->spki_len = spki.len;
    if (spki.len != 0)
        memcpy(v->spki, spki.p, spki.len);
    v->info = (struct rf_spki_info){.type = RF_KEY_OTHER, .curve = RF_CURVE_NONE};
    (void)!rf_spki_info(spki, &v->info, NULL);
    return v;
}

void rf_vault_free(struct rf_vault_key *v)
{
    if (v == NULL)
        return;
    if (v->ops->close != NULL)
        v->ops->close(v->state);
    rf_free(v->spki);
    rf_free(v);
}

void rf_vault_freep(struct rf_vault_key **v)
{
    rf_vault_free(*v);
    *v = NULL;
}

struct rf_slice rf_vault_spki(const struct rf_vault_key *v)
{
    return rf_slice_of(v->spki, v->spki_len);
}

enum rf_key_type rf_vault_key_type(const struct rf_vault_key *v)
{
    return v->info.type;
}

unsigned rf_vault_key_bits(const struct rf_vault_key *v)
{
    return v->info.bits;
}

bool rf_vault_matches(const struct rf_vault_key *v, const struct rf_cert *cert)
{
    /* The same bytes are the same key, and reading them is what takes time. */
    if (rf_slice_eq(rf_vault_spki(v), rf_cert_spki(cert)))
        return true;
    EVP_PKEY *own = rf_spki_parse(rf_vault_spki(v));
    bool is_same = own != NULL && EVP_PKEY_eq(own, rf_cert_pkey(cert)) == 1;
    EVP_PKEY_free(own);
    return is_same;
}

enum rf_err rf_vault_sign_digest(struct rf_vault_key *v, enum rf_digest alg, struct rf_slice digest,
                                 struct rf_buf *sig, struct rf_why *why)
{
    if (digest.len == 0 || digest.len != rf_digest_len(alg))
        return rf_why_set(why, RF_ERR_BAD, "sign-digest", "a %s digest has %zu bytes, not %zu",
                          rf_digest_name(alg), rf_digest_len(alg), digest.len);
    return v->ops->sign(v->state, alg, digest, sig, why);
}

enum rf_err rf_vault_sign(struct rf_vault_key *v, enum rf_digest alg, const struct rf_slice *parts,
                          size_t n, struct rf_buf *sig, struct rf_why *why)
{
    uint8_t md[RF_DIGEST_MAX];
    size_t len = rf_digest_of_parts(alg, parts, n, md);
    return rf_vault_sign_digest(v, alg, rf_slice_of(md, len), sig, why);
}

enum rf_err rf_vault_sign_bare(struct rf_vault_key *v, struct rf_slice payload, struct rf_buf *sig,
                               struct rf_why *why)
{
    if (v->ops->sign_bare == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "sign-bare",
                          "this key does not sign without a digest's name");
    return v->ops->sign_bare(v->state, payload, sig, why);
}

enum rf_err rf_vault_decrypt(struct rf_vault_key *v, struct rf_slice wrapped, size_t want_len,
                             struct rf_secret *out, struct rf_why *why)
{
    rf_bug_on(want_len == 0 || want_len > 64);
    if (v->ops->decrypt == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "decrypt-not-here", "this key does not decrypt");
    return v->ops->decrypt(v->state, wrapped, want_len, out, why);
}

/* Keys of this process. */

/* md NULL: the payload is padded as it is. */
static enum rf_err sign_with(struct rf_key *key, const EVP_MD *md, struct rf_slice payload,
                             struct rf_buf *sig, struct rf_why *why)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rf_key_pkey(key), NULL);
    bool is_rsa = rf_key_type(key) == RF_KEY_RSA;
    uint8_t *to = rf_buf_room(sig, RF_SIGNATURE_MAX);
    size_t n = RF_SIGNATURE_MAX;
    bool ok = ctx != NULL && to != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
              (!is_rsa || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
              (md == NULL || EVP_PKEY_CTX_set_signature_md(ctx, md) == 1) &&
              EVP_PKEY_sign(ctx, to, &n, payload.p, payload.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!ok)
        return rf_why_openssl(why, RF_ERR_CRYPTO, "sign-failed", "signing");
    sig->len += n;
    return RF_OK;
}

static enum rf_err file_sign(void *state, enum rf_digest alg, struct rf_slice digest,
                             struct rf_buf *sig, struct rf_why *why)
{
    return sign_with(state, rf_digest_md(alg), digest, sig, why);
}

static enum rf_err file_sign_bare(void *state, struct rf_slice payload, struct rf_buf *sig,
                                  struct rf_why *why)
{
    if (rf_key_type(state) != RF_KEY_RSA)
        return rf_why_set(why, RF_ERR_DENIED, "sign-bare", "only an RSA key signs a bare payload");
    return sign_with(state, NULL, payload, sig, why);
}

/* 1 when a and b are the same byte, else 0, without a branch. */
static unsigned same_byte(unsigned a, unsigned b)
{
    return ((a ^ b) - 1u) >> 31;
}

/* Look at a decrypted block (00 02 nonzero... 00 message) of which the message is want_len bytes.
 * Every byte is looked at whatever the others are; what is wrong cannot be told by time. */
static unsigned take_message(const uint8_t *block, size_t n, size_t want_len, uint8_t *message)
{
    unsigned good = 1;
    for (size_t i = 0; i < n; i++) {
        unsigned b = block[i];
        if (i == 0)
            good &= same_byte(b, 0);
        else if (i == 1)
            good &= same_byte(b, 2);
        else if (i < n - want_len - 1)
            good &= same_byte(b, 0) ^ 1u;
        else if (i == n - want_len - 1)
            good &= same_byte(b, 0);
        else
            message[i - (n - want_len)] = (uint8_t)b;
    }
    return good;
}

static enum rf_err file_decrypt(void *state, struct rf_slice wrapped, size_t want_len,
                                struct rf_secret *out, struct rf_why *why)
{
    struct rf_key *key = state;
    uint8_t block[RF_SIGNATURE_MAX] = {0};
    uint8_t message[64] = {0};
    size_t n = sizeof(block);
    EVP_PKEY_CTX *ctx =
        rf_key_type(key) == RF_KEY_RSA ? EVP_PKEY_CTX_new(rf_key_pkey(key), NULL) : NULL;
    bool ok = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
              EVP_PKEY_decrypt(ctx, block, &n, wrapped.p, wrapped.len) == 1 && n >= want_len + 11;
    unsigned good = ok ? take_message(block, n, want_len, message) : 0;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    enum rf_err err = RF_ERR_CRYPTO;
    if (good == 1)
        err = rf_secret_set(out, rf_slice_of(message, want_len));
    rf_wipe(block, sizeof(block));
    rf_wipe(message, sizeof(message));
    if (err != RF_OK)
        return rf_why_set(why, RF_ERR_CRYPTO, "decrypt", "the file cannot be decrypted");
    return RF_OK;
}

static void file_close(void *state)
{
    rf_key_free(state);
}

struct rf_vault_key *rf_vault_key_from_key(struct rf_key *key)
{
    static const struct rf_vault_ops ops = {
        .sign = file_sign,
        .sign_bare = file_sign_bare,
        .decrypt = file_decrypt,
        .close = file_close,
    };
    return rf_vault_key_new(&ops, rf_key_ref(key), rf_key_spki(key));
}
