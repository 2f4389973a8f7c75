/* SPDX-License-Identifier: Apache-2.0 */
/* With the shorter list of decoders every key that this project reads is still read, and the rest
 * of OpenSSL is as it was. */
#include "pki.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include "trust/openssl.h"
#include "trust/provider.h"

static EVP_PKEY *make(const char *type)
{
    return strcmp(type, "RSA") == 0  ? EVP_RSA_gen(1024)
           : strcmp(type, "EC") == 0 ? EVP_EC_gen("P-256")
                                     : EVP_PKEY_Q_keygen(NULL, NULL, type);
}

static void only_ours_is_asked(void **state)
{
    (void)state;
    assert_int_equal(OSSL_PROVIDER_available(NULL, "ringfence"), 1);
    assert_int_equal(OSSL_PROVIDER_available(NULL, "default"), 0);
    rf_provider_start(); /* once more is nothing */
    assert_int_equal(OSSL_PROVIDER_available(NULL, "default"), 0);
}

static void assert_reads(BIO *bio, EVP_PKEY *key, const char *passphrase)
{
    struct rf_key *back = NULL;
    char *text = NULL;
    long n = BIO_get_mem_data(bio, &text);
    RF_AUTO(rf_secret_fini) struct rf_secret secret = {0};
    assert_err(rf_secret_set(&secret, rf_slice_str(passphrase)), RF_OK);
    assert_err(
        rf_key_from_pem(rf_slice_of(text, (size_t)n), passphrase[0] ? &secret : NULL, &back, NULL),
        RF_OK);
    assert_int_equal(EVP_PKEY_eq(rf_key_pkey(back), key), 1);
    rf_key_free(back);
    BIO_free(bio);
}

static void private_keys_are_read_in_every_form(void **state)
{
    (void)state;
    static const char *const types[] = {"RSA", "EC"};
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = make(types[i]);
        BIO *plain = BIO_new(BIO_s_mem()), *old = BIO_new(BIO_s_mem()),
            *sealed = BIO_new(BIO_s_mem());
        assert_int_equal(PEM_write_bio_PrivateKey(plain, key, NULL, NULL, 0, NULL, NULL), 1);
        assert_int_equal(PEM_write_bio_PrivateKey_traditional(old, key, NULL, NULL, 0, NULL, NULL),
                         1);
        assert_int_equal(
            PEM_write_bio_PKCS8PrivateKey(sealed, key, EVP_aes_256_cbc(), "word", 4, NULL, NULL),
            1);
        assert_reads(plain, key, "");
        assert_reads(old, key, "");
        assert_reads(sealed, key, "word");
        EVP_PKEY_free(key);
    }
}

static void certificates_are_read_with_every_kind_of_key(void **state)
{
    (void)state;
    static const char *const types[] = {"RSA", "EC", "ED25519", "ED448"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        EVP_PKEY *key = make(types[i]);
        X509 *x = X509_new();
        unsigned char *der = NULL;
        struct rf_cert *cert = NULL;
        X509_set_version(x, 2);
        X509_gmtime_adj(X509_getm_notBefore(x), 0);
        X509_gmtime_adj(X509_getm_notAfter(x), 1000);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)"one", -1, -1, 0);
        X509_set_issuer_name(x, X509_get_subject_name(x));
        assert_int_equal(X509_set_pubkey(x, key), 1);
        assert_true(X509_sign(x, key, i < 2 ? EVP_sha256() : NULL) > 0);
        int n = i2d_X509(x, &der);
        assert_err(rf_cert_from_der(rf_slice_of(der, (size_t)n), &cert, NULL), RF_OK);
        assert_int_equal(X509_verify(rf_cert_x509(cert), rf_cert_pkey(cert)), 1);
        rf_cert_unref(cert);
        OPENSSL_free(der);
        X509_free(x);
        EVP_PKEY_free(key);
    }
}

/* libssl finds its groups and ciphers by the provider's capabilities and algorithms. */
static void tls_has_all_it_had(void **state)
{
    (void)state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384:P-521:X448:ffdhe2048"), 1);
    assert_int_equal(SSL_CTX_set_ciphersuites(ctx, "TLS_CHACHA20_POLY1305_SHA256"), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA"), 1);
    SSL_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_ours_is_asked),
        cmocka_unit_test(private_keys_are_read_in_every_form),
        cmocka_unit_test(certificates_are_read_with_every_kind_of_key),
        cmocka_unit_test(tls_has_all_it_had),
    };
    rf_provider_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
