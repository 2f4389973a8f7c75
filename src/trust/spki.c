/* SPDX-License-Identifier: Apache-2.0 */
/* Reading public keys. OpenSSL finds out what a SubjectPublicKeyInfo is by trying every decoder it
 * has, in many times what its numbers need; and since all threads share the locks of that search,
 * they wait for each other. So the two kinds that phones have are taken apart here, and OpenSSL
 * gets the numbers. What is in another form than these is left to it.
 * spec: RFC 5280 4.1.2.7, RFC 8017 A.1.1, RFC 5480 2.1 and 2.2 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "trust/trust_int.h"

#define OID(bytes) rf_slice_of(bytes, sizeof(bytes) - 1)

enum { DER_INTEGER = 0x02, DER_BITS = 0x03, DER_NULL = 0x05, DER_OID = 0x06, DER_SEQ = 0x30 };

static const char oid_rsa[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
static const char oid_ec[] = "\x2a\x86\x48\xce\x3d\x02\x01";
static const struct {
    struct rf_slice oid;
    const char *group; /* OpenSSL's name */
} curves[] = {
    {{(const uint8_t *)"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8}, "prime256v1"},
    {{(const uint8_t *)"\x2b\x81\x04\x00\x22", 5}, "secp384r1"},
    {{(const uint8_t *)"\x2b\x81\x04\x00\x23", 5}, "secp521r1"},
};

/* The whole of a value of this kind. */
static bool take(struct rf_rd *rd, uint8_t tag, struct rf_slice *value)
{
    struct rf_rd inside;
    if (!rf_der_take(rd, tag, &inside))
        return false;
    *value = rf_rd_rest(&inside);
    return true;
}

/* A positive INTEGER as a number; NULL when it is none, or written with more bytes than it has. */
static BIGNUM *take_number(struct rf_rd *rd)
{
    struct rf_slice v;
    uint8_t first = 0, second = 0;
    if (!take(rd, DER_INTEGER, &v))
        return NULL;
    struct rf_rd bytes = rf_rd_of(v);
    if (!rf_rd_u8(&bytes, &first) || first >= 0x80 ||
        (first == 0 && (!rf_rd_u8(&bytes, &second) || second < 0x80)))
        return NULL;
    return BN_bin2bn(v.p, (int)v.len, NULL);
}

/* Takes the builder's parameters. */
static EVP_PKEY *make(const char *type, OSSL_PARAM_BLD *bld)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX *ctx = params != NULL ? EVP_PKEY_CTX_new_from_name(NULL, type, NULL) : NULL;
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return pkey;
}

/* RSAPublicKey */
static EVP_PKEY *rsa_of(struct rf_slice key)
{
    struct rf_rd whole = rf_rd_of(key), rd;
    EVP_PKEY *pkey = NULL;
    if (!rf_der_take(&whole, DER_SEQ, &rd) || !rf_rd_done(&whole))
        return NULL;
    BIGNUM *n = take_number(&rd), *e = n != NULL ? take_number(&rd) : NULL;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    if (bld != NULL && e != NULL && rf_rd_done(&rd) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        pkey = make("RSA", bld);
    OSSL_PARAM_BLD_free(bld);
    BN_free(n);
    BN_free(e);
    return pkey;
}

/* A point; that it lies on the curve is OpenSSL's to say. */
static EVP_PKEY *ec_of(struct rf_slice oid, struct rf_slice point)
{
    const char *group = NULL;
    EVP_PKEY *pkey = NULL;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (rf_slice_eq(curves[i].oid, oid))
            group = curves[i].group;
    OSSL_PARAM_BLD *bld = group != NULL ? OSSL_PARAM_BLD_new() : NULL;
    if (bld != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.len) == 1)
        pkey = make("EC", bld);
    OSSL_PARAM_BLD_free(bld);
    return pkey;
}

/* NULL: not in one of the usual forms, or bad. */
static EVP_PKEY *usual(struct rf_slice spki)
{
    struct rf_rd whole = rf_rd_of(spki), rd, algorithm;
    struct rf_slice oid, of = {0}, bits;
    uint8_t unused = 0, form = 0;
    if (!rf_der_take(&whole, DER_SEQ, &rd) || !rf_der_take(&rd, DER_SEQ, &algorithm) ||
        !take(&rd, DER_BITS, &bits) || !rf_rd_done(&rd) || !take(&algorithm, DER_OID, &oid))
        return NULL;
    bool is_rsa = rf_slice_eq(oid, OID(oid_rsa)), is_ec = rf_slice_eq(oid, OID(oid_ec));
    if ((!is_rsa && !is_ec) || !take(&algorithm, is_rsa ? DER_NULL : DER_OID, &of) ||
        !rf_rd_done(&algorithm))
        return NULL;
    struct rf_rd string = rf_rd_of(bits);
    if (!rf_rd_u8(&string, &unused) || unused != 0 || !rf_rd_peek_u8(&string, &form))
        return NULL;
    struct rf_slice key = rf_rd_rest(&string);
    if (is_rsa)
        return of.len == 0 ? rsa_of(key) : NULL;
    return form == 4 ? ec_of(of, key) : NULL; /* uncompressed */
}

EVP_PKEY *rf_spki_parse(struct rf_slice spki)
{
    const unsigned char *p = spki.p;
    if (spki.len == 0 || spki.len > RF_CERT_DER_MAX || !rf_der_is_strict(spki))
        return NULL;
    EVP_PKEY *pkey = usual(spki);
    if (pkey == NULL)
        pkey = d2i_PUBKEY(NULL, &p, (long)spki.len);
    ERR_clear_error();
    return pkey;
}

enum rf_err rf_spki_info(struct rf_slice spki, struct rf_spki_info *out, struct rf_why *why)
{
    EVP_PKEY *pkey = rf_spki_parse(spki);
    if (pkey == NULL)
        return rf_why_set(why, RF_ERR_BAD, "spki-parse", "not a SubjectPublicKeyInfo");
    rf_pkey_describe(pkey, out);
    EVP_PKEY_free(pkey);
    return RF_OK;
}
