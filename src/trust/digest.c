/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/digest.h"

#include <string.h>

#include "base/mem.h"
#include "trust/trust_int.h"

static const struct {
    enum rf_digest alg;
    size_t len;
    const char *name;
} rf_digests[] = {
    {RF_DIGEST_SHA1, 20, "sha1"},
    {RF_DIGEST_SHA256, 32, "sha256"},
    {RF_DIGEST_SHA512, 64, "sha512"},
};
#define DIGEST_N (sizeof(rf_digests) / sizeof(rf_digests[0]))

const EVP_MD *rf_digest_md(enum rf_digest alg)
{
    switch (alg) {
    case RF_DIGEST_SHA1:
        return EVP_sha1();
    case RF_DIGEST_SHA256:
        return EVP_sha256();
    case RF_DIGEST_SHA512:
        return EVP_sha512();
    }
    return NULL;
}

size_t rf_digest_len(enum rf_digest alg)
{
    for (size_t i = 0; i < DIGEST_N; i++)
        if (rf_digests[i].alg == alg)
            return rf_digests[i].len;
    return 0;
}

const char *rf_digest_name(enum rf_digest alg)
{
    for (size_t i = 0; i < DIGEST_N; i++)
        if (rf_digests[i].alg == alg)
            return rf_digests[i].name;
    return "?";
}

bool rf_digest_from_name(const char *name, enum rf_digest *out)
{
    for (size_t i = 0; name != NULL && i < DIGEST_N; i++)
        if (strcmp(rf_digests[i].name, name) == 0) {
            *out = rf_digests[i].alg;
            return true;
        }
    return false;
}

struct rf_hash {
    EVP_MD_CTX *ctx;
};

struct rf_hash *rf_hash_new(enum rf_digest alg)
{
    struct rf_hash *h = rf_new(struct rf_hash);
    h->ctx = EVP_MD_CTX_new();
    /* Our own algorithms and memory for a few hundred bytes: nothing a peer can influence. */
    rf_bug_on(h->ctx == NULL || EVP_DigestInit_ex(h->ctx, rf_digest_md(alg), NULL) != 1);
    return h;
}

void rf_hash_add(struct rf_hash *h, struct rf_slice data)
{
    if (data.len != 0)
        rf_bug_on(EVP_DigestUpdate(h->ctx, data.p, data.len) != 1);
}

size_t rf_hash_end(struct rf_hash *h, uint8_t *out)
{
    unsigned n = 0;
    rf_bug_on(EVP_DigestFinal_ex(h->ctx, out, &n) != 1);
    return n;
}

void rf_hash_free(struct rf_hash *h)
{
    if (h != NULL)
        EVP_MD_CTX_free(h->ctx);
    rf_free(h);
}

void rf_hash_freep(struct rf_hash **h)
{
    rf_hash_free(*h);
    *h = NULL;
}

size_t rf_digest_of_parts(enum rf_digest alg, const struct rf_slice *parts, size_t n, uint8_t *out)
{
    RF_AUTO(rf_hash_freep) struct rf_hash *h = rf_hash_new(alg);
    for (size_t i = 0; i < n; i++)
        rf_hash_add(h, parts[i]);
    return rf_hash_end(h, out);
}

size_t rf_digest_of(enum rf_digest alg, struct rf_slice data, uint8_t *out)
{
    return rf_digest_of_parts(alg, &data, 1, out);
}
