/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/csr.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/faults.h"
#include "trust/issue_der.h"
#include "trust/openssl.h"
#include "trust/path.h"
#include "trust/trust_int.h"

#define REQUEST_MAX 8192

/* basicConstraints CA:TRUE, pathLen 0 and keyUsage digitalSignature, keyCertSign, cRLSign, both
 * critical, as an attribute extensionRequest. spec: RFC 2986 4.1, RFC 2985 5.4.2 */
static const uint8_t attributes[] = {
    0xa0, 0x35, 0x30, 0x33, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09,
    0x0e, 0x31, 0x26, 0x30, 0x24, 0x30, 0x12, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01,
    0xff, 0x04, 0x08, 0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00, 0x30, 0x0e, 0x06,
    0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x01, 0x86};

static const uint8_t rsa_sha256[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                     0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

static enum rf_err add_pem(struct rf_slice der, struct rf_buf *pem, struct rf_why *why)
{
    const unsigned char *p = der.p;
    char *text = NULL;
    X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)der.len);
    EVP_PKEY *key = req != NULL ? X509_REQ_get0_pubkey(req) : NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    enum rf_err err = RF_ERR_CRYPTO;
    if (bio != NULL && key != NULL && X509_REQ_verify(req, key) == 1 &&
        PEM_write_bio_X509_REQ(bio, req) == 1) {
        long n = BIO_get_mem_data(bio, &text);
        err = rf_buf_add_slice(pem, rf_slice_of(text, n > 0 ? (size_t)n : 0));
    }
    BIO_free(bio);
    X509_REQ_free(req);
    return err == RF_OK ? RF_OK : rf_why_openssl(why, err, "csr", "the request");
}

enum rf_err rf_csr_make(struct rf_vault_key *key, struct rf_slice subject_der, struct rf_buf *pem,
                        struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    struct rf_der info = {.out = RF_BUF(REQUEST_MAX)}, all = {.out = RF_BUF(REQUEST_MAX)};
    struct rf_slice algorithm = rf_vault_key_type(key) == RF_KEY_EC
                                    ? rf_slice_of(ecdsa_sha256, sizeof ecdsa_sha256)
                                    : rf_slice_of(rsa_sha256, sizeof rsa_sha256);
    size_t seq = rf_der_begin(&info, DER_SEQUENCE);
    rf_der_raw(&info, rf_slice_of("\x02\x01\x00", 3)); /* version */
    rf_der_raw(&info, subject_der);
    rf_der_raw(&info, rf_vault_spki(key));
    rf_der_raw(&info, rf_slice_of(attributes, sizeof attributes));
    rf_der_end(&info, seq);
    struct rf_slice tbs = rf_buf_slice(&info.out);
    enum rf_err err = rf_vault_sign(key, RF_DIGEST_SHA256, &tbs, 1, &sig, why);
    if (err == RF_OK) {
        seq = rf_der_begin(&all, DER_SEQUENCE);
        rf_der_raw(&all, tbs);
        rf_der_raw(&all, algorithm);
        size_t bits = rf_der_begin(&all, DER_BIT_STRING);
        rf_der_raw(&all, rf_slice_of("", 1)); /* no unused bits */
        rf_der_raw(&all, rf_buf_slice(&sig));
        rf_der_end(&all, bits);
        rf_der_end(&all, seq);
        if (info.failed || all.failed)
            err = rf_why_set(why, RF_ERR_LIMIT, "csr", "the request became too long");
        else
            err = add_pem(rf_buf_slice(&all.out), pem, why);
    }
    rf_buf_fini(&info.out);
    rf_buf_fini(&all.out);
    return err;
}

enum rf_err rf_spki_to_pem(struct rf_slice spki, struct rf_buf *pem, struct rf_why *why)
{
    char *text = NULL;
    EVP_PKEY *key = rf_spki_parse(spki);
    BIO *bio = BIO_new(BIO_s_mem());
    enum rf_err err = RF_ERR_BAD;
    if (bio != NULL && key != NULL && PEM_write_bio_PUBKEY(bio, key) == 1) {
        long n = BIO_get_mem_data(bio, &text);
        err = rf_buf_add_slice(pem, rf_slice_of(text, n > 0 ? (size_t)n : 0));
    }
    BIO_free(bio);
    EVP_PKEY_free(key);
    return err == RF_OK ? RF_OK : rf_why_openssl(why, err, "spki-parse", "the public key");
}

/* ---- what came back ---- */

static enum rf_err check_own(const struct rf_cert *cert, struct rf_slice spki, struct rf_why *why)
{
    const char *digest = rf_cert_signature_digest(cert);
    if (!rf_fault_skips("issuer.key") && !rf_slice_eq(rf_cert_spki(cert), spki))
        return rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                          "%s (%s) is for another key than this site's LSC issuer",
                          rf_cert_subject(cert), rf_cert_short(cert));
    if (!rf_fault_skips("issuer.ca") && !rf_cert_is_ca(cert))
        return rf_why_set(why, RF_ERR_DENIED, "issuer-not-ca",
                          "%s (%s) is no CA certificate: have it made with CA:TRUE",
                          rf_cert_subject(cert), rf_cert_short(cert));
    if (!rf_fault_skips("issuer.usage") && (rf_cert_key_usage(cert) & RF_KU_KEY_CERT_SIGN) == 0)
        return rf_why_set(why, RF_ERR_DENIED, "issuer-key-usage",
                          "%s (%s) may not sign certificates (keyUsage keyCertSign)",
                          rf_cert_subject(cert), rf_cert_short(cert));
    if (!rf_fault_skips("issuer.digest") &&
        (strcmp(digest, "sha1") == 0 || strcmp(digest, "md5") == 0))
        return rf_why_set(why, RF_ERR_DENIED, "cert-digest", "%s (%s) is signed with %s",
                          rf_cert_subject(cert), rf_cert_short(cert), digest);
    return RF_OK;
}

/* OpenSSL takes the first certificate of a path for one that issues nothing. */
static enum rf_err check_lengths(STACK_OF(X509) * path, int64_t now_s, struct rf_why *why)
{
    for (int i = 0; i < sk_X509_num(path); i++) {
        RF_AUTO(rf_cert_freep) struct rf_cert *c = NULL;
        enum rf_err err = rf_cert_from_x509(sk_X509_value(path, i), &c, why);
        if (err == RF_OK)
            err = rf_cert_time_check(c, now_s, why);
        if (err != RF_OK)
            return err;
        if (!rf_fault_skips("issuer.length") && i > 0 && rf_cert_path_len(c) >= 0 &&
            rf_cert_path_len(c) < i)
            return rf_why_set(why, RF_ERR_DENIED, "path-length",
                              "%s (%s) allows only %ld CAs below it, and there would be %d",
                              rf_cert_subject(c), rf_cert_short(c), rf_cert_path_len(c), i);
    }
    return RF_OK;
}

static enum rf_err check_path(X509_STORE_CTX *ctx, X509_STORE *store, STACK_OF(X509) * between,
                              const struct rf_cert *cert, int64_t now_s, struct rf_why *why)
{
    if (ctx == NULL || X509_STORE_CTX_init(ctx, store, rf_cert_x509(cert), between) != 1)
        return rf_why_openssl(why, RF_ERR_CRYPTO, "path-other", "the path");
    /* Times are looked at below, by our clock. */
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
    bool ok = X509_verify_cert(ctx) == 1;
    ERR_clear_error();
    if (!ok && !rf_fault_skips("issuer.path"))
        return rf_why_set(why, RF_ERR_DENIED, rf_path_code(X509_STORE_CTX_get_error(ctx)),
                          "%s (%s) does not lead to that root: %s", rf_cert_subject(cert),
                          rf_cert_short(cert),
                          X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    return check_lengths(X509_STORE_CTX_get0_chain(ctx), now_s, why);
}

enum rf_err rf_issuer_check(const struct rf_cert *cert, struct rf_slice spki,
                            const struct rf_cert_list *chain, const struct rf_cert *root,
                            int64_t now_s, struct rf_why *why)
{
    enum rf_err err = check_own(cert, spki, why);
    if (err == RF_OK && !(rf_cert_is_ca(root) && rf_cert_is_self_issued(root) &&
                          X509_verify(rf_cert_x509(root), rf_cert_pkey(root)) == 1)) {
        ERR_clear_error();
        err = rf_why_set(why, RF_ERR_DENIED, "issuer-root", "%s (%s) is no root",
                         rf_cert_subject(root), rf_cert_short(root));
    }
    if (err != RF_OK)
        return err;
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok =
        store != NULL && between != NULL && X509_STORE_add_cert(store, rf_cert_x509(root)) == 1;
    for (size_t i = 0; ok && i < chain->n; i++)
        ok = sk_X509_push(between, rf_cert_x509(chain->cert[i])) > 0;
    err = ok ? check_path(ctx, store, between, cert, now_s, why)
             : rf_why_openssl(why, RF_ERR_CRYPTO, "path-other", "the path");
    X509_STORE_CTX_free(ctx);
    sk_X509_free(between);
    X509_STORE_free(store);
    return err;
}
