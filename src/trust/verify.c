/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures checked with a public key. RSA: we build the whole block that must come out of the
 * public operation and compare all of it (V9), so that a digest hidden behind other padding, or a
 * cube root, never passes.  doc: docs/security-rules.md, "Certificate checks"; spec: RFC 8017
 * 9.2 for the block */
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "base/faults.h"
#include "base/secret.h"
#include "trust/trust_int.h"

/* DigestInfo up to the digest itself. */
static struct rf_slice digest_info(enum rf_digest alg)
{
    static const uint8_t sha1[] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
                                   0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};
    static const uint8_t sha256[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    static const uint8_t sha512[] = {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40};
    switch (alg) {
    case RF_DIGEST_SHA1:
        return rf_slice_of(sha1, sizeof(sha1));
    case RF_DIGEST_SHA256:
        return rf_slice_of(sha256, sizeof(sha256));
    case RF_DIGEST_SHA512:
        return rf_slice_of(sha512, sizeof(sha512));
    }
    return (struct rf_slice){0};
}

/* 00 01 FF..FF 00 prefix payload, n bytes in all. */
static bool build_block(size_t n, struct rf_slice prefix, struct rf_slice payload, uint8_t *out)
{
    struct rf_wr wr = rf_wr_of(out, n);
    if (prefix.len + payload.len + 11 > n)
        return false;
    rf_wr_u16be(&wr, 0x0001);
    while (wr.len + prefix.len + payload.len + 1 < n)
        rf_wr_u8(&wr, 0xff);
    rf_wr_u8(&wr, 0);
    rf_wr_slice(&wr, prefix);
    rf_wr_slice(&wr, payload);
    struct rf_slice done;
    return rf_wr_done(&wr, &done) == RF_OK && done.len == n;
}

/* The raw public operation. */
static bool recover_block(EVP_PKEY *pkey, struct rf_slice sig, uint8_t *out, size_t n)
{
    size_t got = n;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    bool ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
              EVP_PKEY_encrypt(ctx, out, &got, sig.p, sig.len) == 1 && got == n;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

/* Only for builds in which the whole-block comparison was switched off: the mistake it guards
 * against, looking at the last bytes alone. */
static bool tail_matches(const uint8_t *block, size_t n, struct rf_slice payload)
{
    struct rf_slice tail = rf_slice_part(rf_slice_of(block, n), n - payload.len, payload.len);
    return rf_slice_eq(tail, payload);
}

static bool rsa_matches(EVP_PKEY *pkey, struct rf_slice prefix, struct rf_slice payload,
                        struct rf_slice sig)
{
    uint8_t got[RF_SIGNATURE_MAX], want[RF_SIGNATURE_MAX];
    size_t n = (size_t)EVP_PKEY_get_size(pkey);
    if (n == 0 || n > sizeof(got) || sig.len != n || payload.len > n)
        return false;
    if (!recover_block(pkey, sig, got, n) || !build_block(n, prefix, payload, want))
        return false;
    if (rf_fault_skips("sig.whole-block"))
        return tail_matches(got, n, payload);
    return rf_ct_equal(got, want, n);
}

static bool ec_matches(EVP_PKEY *pkey, enum rf_digest alg, struct rf_slice digest,
                       struct rf_slice sig)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    bool ok = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_signature_md(ctx, rf_digest_md(alg)) == 1 &&
              EVP_PKEY_verify(ctx, sig.p, sig.len, digest.p, digest.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static enum rf_err mismatch(const char *who, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_CRYPTO, "sig-mismatch",
                      "the signature is not that of %s over these bytes: they were changed, or "
                      "another key signed them",
                      who);
}

enum rf_err rf_pkey_verify_digest(EVP_PKEY *pkey, enum rf_digest alg, struct rf_slice digest,
                                  struct rf_slice sig, const char *who, struct rf_why *why)
{
    bool ok = false;
    if (digest.len != 0 && digest.len == rf_digest_len(alg)) {
        if (EVP_PKEY_is_a(pkey, "RSA"))
            ok = rsa_matches(pkey, digest_info(alg), digest, sig);
        else if (EVP_PKEY_is_a(pkey, "EC"))
            ok = ec_matches(pkey, alg, digest, sig);
    }
    if (!rf_fault_skips("sig.match") && !ok)
        return mismatch(who, why);
    return RF_OK;
}

enum rf_err rf_pkey_verify_bare(EVP_PKEY *pkey, struct rf_slice payload, struct rf_slice sig,
                                const char *who, struct rf_why *why)
{
    bool ok = payload.len != 0 && EVP_PKEY_is_a(pkey, "RSA") &&
              rsa_matches(pkey, (struct rf_slice){0}, payload, sig);
    if (!rf_fault_skips("sig.match") && !ok)
        return mismatch(who, why);
    return RF_OK;
}

enum rf_err rf_cert_verify_digest(const struct rf_cert *cert, enum rf_digest alg,
                                  struct rf_slice digest, struct rf_slice sig, struct rf_why *why)
{
    return rf_pkey_verify_digest(rf_cert_pkey(cert), alg, digest, sig, rf_cert_subject(cert), why);
}

enum rf_err rf_cert_verify(const struct rf_cert *cert, enum rf_digest alg,
                           const struct rf_slice *parts, size_t n, struct rf_slice sig,
                           struct rf_why *why)
{
    uint8_t md[RF_DIGEST_MAX];
    size_t len = rf_digest_of_parts(alg, parts, n, md);
    return rf_cert_verify_digest(cert, alg, rf_slice_of(md, len), sig, why);
}

enum rf_err rf_cert_verify_bare(const struct rf_cert *cert, struct rf_slice payload,
                                struct rf_slice sig, struct rf_why *why)
{
    return rf_pkey_verify_bare(rf_cert_pkey(cert), payload, sig, rf_cert_subject(cert), why);
}
