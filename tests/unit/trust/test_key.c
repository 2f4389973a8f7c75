/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "trust/openssl.h"

static void saved_key_loads_again_and_is_private(void **state)
{
    char dir[TEST_TMP];
    test_tmp(dir, sizeof dir, "key");
    assert_non_null(mkdtemp(dir));
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "k.pem");
    struct id id = self_id(RF_CERT_ROLE_SAST, "sast", 0);
    struct rf_key *back = NULL;
    struct rf_why why = {0};
    struct stat st;
    assert_err(rf_key_save(id.key, path, NULL, id.cert, NULL), RF_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_err(rf_key_load(path, NULL, &back, NULL), RF_OK);
    assert_true(rf_key_matches(back, id.cert));
    rf_key_freep(&back);

    RF_AUTO(rf_secret_fini) struct rf_secret pass = {0}, wrong = {0};
    assert_err(rf_secret_set(&pass, rf_slice_str("correct horse")), RF_OK);
    assert_err(rf_secret_set(&wrong, rf_slice_str("correct house")), RF_OK);
    assert_err(rf_key_save(id.key, path, &pass, NULL, NULL), RF_OK);
    assert_refused(rf_key_load(path, NULL, &back, &why), RF_ERR_DENIED, why, "key-passphrase");
    why = (struct rf_why){0};
    assert_refused(rf_key_load(path, &wrong, &back, &why), RF_ERR_DENIED, why, "key-passphrase");
    assert_err(rf_key_load(path, &pass, &back, NULL), RF_OK);
    assert_true(rf_key_matches(back, id.cert));
    rf_key_freep(&back);
    assert_int_equal(unlink(path), 0);
    why = (struct rf_why){0};
    assert_refused(rf_key_load(path, NULL, &back, &why), RF_ERR_NOT_FOUND, why, "file-not-found");
    assert_int_equal(rmdir(dir), 0);
    id_fini(&id);
}

static void a_text_without_a_key_says_so(void **state)
{
    struct rf_key *k = NULL;
    struct rf_why why = {0};
    assert_refused(rf_key_from_pem(rf_slice_str("hello"), NULL, &k, &why), RF_ERR_NOT_FOUND, why,
                   "pem-no-key");
    why = (struct rf_why){0};
    assert_refused(rf_key_from_pem(rf_slice_str("-----BEGIN PRIVATE KEY-----\nAAAA\n"
                                                "-----END PRIVATE KEY-----\n"),
                                   NULL, &k, &why),
                   RF_ERR_BAD, why, "key-parse");
    why = (struct rf_why){0};
    assert_refused(rf_key_new_rsa(256, &k, &why), RF_ERR_LIMIT, why, "key-size");
}

static void digest_of(const char *text, uint8_t md[RF_DIGEST_MAX], struct rf_slice *out)
{
    *out = rf_slice_of(md, rf_digest_of(RF_DIGEST_SHA512, rf_slice_str(text), md));
}

static void signatures_hold_for_their_bytes_and_key_only(void **state)
{
    struct id ids[] = {fixture_id("tftp"), self_id(RF_CERT_ROLE_CCM, "ec", 0)};
    struct id other[] = {fixture_id("ccm"), self_id(RF_CERT_ROLE_CCM, "ec2", 0)};
    struct rf_slice parts[] = {rf_slice_str("two "), rf_slice_str("parts")};
    struct rf_slice changed[] = {rf_slice_str("two "), rf_slice_str("partz")};
    for (size_t i = 0; i < 2; i++) {
        struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX + 1);
        struct rf_why why = {0};
        assert_err(rf_vault_sign(ids[i].vault, RF_DIGEST_SHA512, parts, 2, &sig, NULL), RF_OK);
        struct rf_slice s = rf_buf_slice(&sig);
        assert_err(rf_cert_verify(ids[i].cert, RF_DIGEST_SHA512, parts, 2, s, NULL), RF_OK);
        assert_refused(rf_cert_verify(ids[i].cert, RF_DIGEST_SHA512, changed, 2, s, &why),
                       RF_ERR_CRYPTO, why, "sig-mismatch");
        assert_err(rf_cert_verify(ids[i].cert, RF_DIGEST_SHA1, parts, 2, s, NULL), RF_ERR_CRYPTO);
        assert_err(rf_cert_verify(other[i].cert, RF_DIGEST_SHA512, parts, 2, s, NULL),
                   RF_ERR_CRYPTO);
        assert_err(rf_cert_verify(ids[i].cert, RF_DIGEST_SHA512, parts, 2,
                                  rf_slice_part(s, 0, s.len - 1), NULL),
                   RF_ERR_CRYPTO);
        assert_err(rf_buf_add(&sig, "", 1), RF_OK); /* a trailing byte */
        assert_err(
            rf_cert_verify(ids[i].cert, RF_DIGEST_SHA512, parts, 2, rf_buf_slice(&sig), NULL),
            RF_ERR_CRYPTO);
        rf_buf_fini(&sig);
        id_fini(&ids[i]);
        id_fini(&other[i]);
    }
}

/* The raw private operation on a block of our making. */
static void raw_sign(struct rf_key *key, const uint8_t *block, size_t n, uint8_t *sig)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rf_key_pkey(key), NULL);
    size_t len = n;
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, sig, &len, block, n), 1);
    assert_int_equal(len, n);
    EVP_PKEY_CTX_free(ctx);
}

/* SEC-18: the digest stands at the end of the block, what is in front of it is not the padding. */
static void right_digest_behind_wrong_padding_is_refused(void **state)
{
    struct id id = fixture_id("tftp");
    uint8_t md[RF_DIGEST_MAX], block[256], sig[256];
    struct rf_slice digest;
    struct rf_why why = {0};
    digest_of("text", md, &digest);
    memset(block, 0x11, sizeof(block));
    block[0] = 0;
    memcpy(block + sizeof(block) - digest.len, digest.p, digest.len);
    raw_sign(id.key, block, sizeof(block), sig);
    assert_refused(rf_cert_verify_digest(id.cert, RF_DIGEST_SHA512, digest,
                                         rf_slice_of(sig, sizeof(sig)), &why),
                   RF_ERR_CRYPTO, why, "sig-mismatch");
    why = (struct rf_why){0};
    assert_refused(rf_cert_verify_bare(id.cert, digest, rf_slice_of(sig, sizeof(sig)), &why),
                   RF_ERR_CRYPTO, why, "sig-mismatch");
    id_fini(&id);
}

static void the_bare_form_and_the_named_form_do_not_pass_for_each_other(void **state)
{
    struct id id = fixture_id("tftp");
    uint8_t md[RF_DIGEST_MAX];
    struct rf_slice digest;
    struct rf_buf bare = RF_BUF(RF_SIGNATURE_MAX), named = RF_BUF(RF_SIGNATURE_MAX);
    digest_of("text", md, &digest);
    assert_err(rf_vault_sign_bare(id.vault, digest, &bare, NULL), RF_OK);
    assert_err(rf_vault_sign_digest(id.vault, RF_DIGEST_SHA512, digest, &named, NULL), RF_OK);
    assert_err(rf_cert_verify_bare(id.cert, digest, rf_buf_slice(&bare), NULL), RF_OK);
    assert_err(rf_cert_verify_digest(id.cert, RF_DIGEST_SHA512, digest, rf_buf_slice(&named), NULL),
               RF_OK);
    assert_err(rf_cert_verify_bare(id.cert, digest, rf_buf_slice(&named), NULL), RF_ERR_CRYPTO);
    assert_err(rf_cert_verify_digest(id.cert, RF_DIGEST_SHA512, digest, rf_buf_slice(&bare), NULL),
               RF_ERR_CRYPTO);
    rf_buf_fini(&bare);
    rf_buf_fini(&named);
    id_fini(&id);
}

static void decryption_failures_look_the_same(void **state)
{
    struct id id = fixture_id("phone"), other = fixture_id("ccm");
    uint8_t wrapped[RF_SIGNATURE_MAX], key[16] = "0123456789abcde";
    size_t n = sizeof(wrapped);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rf_cert_pkey(id.cert), NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, wrapped, &n, key, sizeof(key)), 1);
    EVP_PKEY_CTX_free(ctx);
    RF_AUTO(rf_secret_fini) struct rf_secret out = {0};
    struct rf_slice w = rf_slice_of(wrapped, n);
    assert_err(rf_vault_decrypt(id.vault, w, 16, &out, NULL), RF_OK);
    assert_true(rf_secret_eq(&out, rf_slice_of(key, 16)));

    struct rf_why why[4] = {{{0}}};
    assert_err(rf_vault_decrypt(id.vault, w, 15, &out, &why[0]), RF_ERR_CRYPTO);
    assert_err(rf_vault_decrypt(id.vault, rf_slice_part(w, 0, n - 1), 16, &out, &why[1]),
               RF_ERR_CRYPTO);
    wrapped[17] ^= 1;
    assert_err(rf_vault_decrypt(id.vault, w, 16, &out, &why[2]), RF_ERR_CRYPTO);
    wrapped[17] ^= 1;
    assert_err(rf_vault_decrypt(other.vault, w, 16, &out, &why[3]), RF_ERR_CRYPTO);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(why[i].code, "decrypt");
        assert_string_equal(why[i].text, why[0].text);
    }
    id_fini(&id);
    id_fini(&other);
}

/* A public key of chosen numbers. */
static struct rf_buf spki_of(BIGNUM *n, BIGNUM *e)
{
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    assert_int_equal(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e), 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    struct rf_buf out = RF_BUF(4096);
    assert_true(len > 0);
    assert_err(rf_buf_add(&out, der, (size_t)len), RF_OK);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    return out;
}

static void check_numbers(BIGNUM *n, unsigned long exponent, const char *code)
{
    struct rf_spki_want want = {.type = RF_KEY_RSA, .rsa_bits = (unsigned)BN_num_bits(n)};
    struct rf_why why = {0};
    BIGNUM *e = BN_new();
    BN_set_word(e, exponent);
    struct rf_buf spki = spki_of(n, e);
    assert_refused(rf_spki_check(rf_buf_slice(&spki), &want, &why), RF_ERR_DENIED, why, code);
    rf_buf_fini(&spki);
    BN_free(e);
}

static void keys_not_as_asked_are_refused(void **state)
{
    struct id rsa = fixture_id("tftp"), ec = fixture_id("web-ec"), other = fixture_id("ccm");
    struct rf_slice spki = rf_key_spki(rsa.key);
    struct rf_spki_want want = {.type = RF_KEY_RSA, .rsa_bits = 2048};
    struct rf_why why = {0};
    assert_err(rf_spki_check(spki, &want, NULL), RF_OK);
    want.previous_spki = rf_key_spki(other.key);
    assert_err(rf_spki_check(spki, &want, NULL), RF_OK);
    want.previous_spki = spki;
    assert_refused(rf_spki_check(spki, &want, &why), RF_ERR_DENIED, why, "key-reused");
    want = (struct rf_spki_want){.type = RF_KEY_RSA, .rsa_bits = 1024};
    why = (struct rf_why){0};
    assert_refused(rf_spki_check(spki, &want, &why), RF_ERR_DENIED, why, "key-size");
    want = (struct rf_spki_want){.type = RF_KEY_EC, .curve = RF_CURVE_P384};
    why = (struct rf_why){0};
    assert_refused(rf_spki_check(spki, &want, &why), RF_ERR_DENIED, why, "key-type");
    assert_err(rf_spki_check(rf_key_spki(ec.key), &want, NULL), RF_OK);
    want.curve = RF_CURVE_P256;
    why = (struct rf_why){0};
    assert_refused(rf_spki_check(rf_key_spki(ec.key), &want, &why), RF_ERR_DENIED, why,
                   "key-curve");
    why = (struct rf_why){0};
    assert_refused(rf_spki_check(rf_slice_str("x"), &want, &why), RF_ERR_BAD, why, "spki-parse");
    id_fini(&rsa);
    id_fini(&ec);
    id_fini(&other);
}

static void weak_numbers_are_refused(void **state)
{
    struct id rsa = fixture_id("tftp");
    BIGNUM *n = NULL, *k = BN_new(), *p = BN_new(), *e = BN_new(), *r = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    assert_int_equal(EVP_PKEY_get_bn_param(rf_key_pkey(rsa.key), OSSL_PKEY_PARAM_RSA_N, &n), 1);
    check_numbers(n, 3, "key-exponent");
    check_numbers(n, 65538, "key-exponent");
    /* A modulus with the factor 3. */
    BN_mul_word(n, 3);
    check_numbers(n, 65537, "key-weak");
    /* k * M + 65537^a mod M with M the product of the small primes: the pattern of the faulty
     * library. */
    BN_one(k);
    for (unsigned q = 3; q <= 167; q += 2) {
        BN_set_word(p, q);
        if (BN_check_prime(p, ctx, NULL) == 1)
            BN_mul_word(k, q);
    }
    BN_set_word(e, 65537);
    BN_set_word(p, 12345);
    BN_mod_exp(r, e, p, k, ctx);
    if (!BN_is_odd(r))
        BN_add(r, r, k);
    BN_lshift(k, k, 2047 - BN_num_bits(k));
    BN_add(k, k, r);
    check_numbers(k, 65537, "key-weak");
    BN_free(n);
    BN_free(k);
    BN_free(p);
    BN_free(e);
    BN_free(r);
    BN_CTX_free(ctx);
    id_fini(&rsa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_key_loads_again_and_is_private),
        cmocka_unit_test(a_text_without_a_key_says_so),
        cmocka_unit_test(signatures_hold_for_their_bytes_and_key_only),
        cmocka_unit_test(right_digest_behind_wrong_padding_is_refused),
        cmocka_unit_test(the_bare_form_and_the_named_form_do_not_pass_for_each_other),
        cmocka_unit_test(decryption_failures_look_the_same),
        cmocka_unit_test(keys_not_as_asked_are_refused),
        cmocka_unit_test(weak_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
