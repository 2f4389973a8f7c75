/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys that are taken apart here are what OpenSSL's own decoders make of the same bytes. */
#include "unit.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "trust/trust_int.h"

static EVP_PKEY *by_openssl(struct rf_slice spki)
{
    const unsigned char *p = spki.p;
    EVP_PKEY *pkey = rf_der_is_strict(spki) ? d2i_PUBKEY(NULL, &p, (long)spki.len) : NULL;
    ERR_clear_error();
    return pkey;
}

/* True when there is a key. */
static bool compare(struct rf_slice spki)
{
    EVP_PKEY *ours = rf_spki_parse(spki), *theirs = by_openssl(spki);
    assert_int_equal(ours != NULL, theirs != NULL);
    if (ours == NULL)
        return false;
    uint8_t *a = NULL, *b = NULL;
    size_t a_len = 0, b_len = 0;
    struct rf_spki_info x, y;
    assert_int_equal(EVP_PKEY_eq(ours, theirs), 1);
    assert_true(rf_pkey_spki(ours, &a, &a_len));
    assert_true(rf_pkey_spki(theirs, &b, &b_len));
    assert_true(rf_slice_eq(rf_slice_of(a, a_len), rf_slice_of(b, b_len)));
    rf_pkey_describe(ours, &x);
    rf_pkey_describe(theirs, &y);
    assert_int_equal(x.type, y.type);
    assert_int_equal(x.bits, y.bits);
    assert_int_equal(x.curve, y.curve);
    rf_free(a);
    rf_free(b);
    EVP_PKEY_free(ours);
    EVP_PKEY_free(theirs);
    return true;
}

static EVP_PKEY *make(const char *type, const char *curve, unsigned bits)
{
    return strcmp(type, "RSA") == 0  ? EVP_RSA_gen(bits)
           : strcmp(type, "EC") == 0 ? EVP_EC_gen(curve)
                                     : EVP_PKEY_Q_keygen(NULL, NULL, type);
}

static void keys_are_what_openssl_reads(void **state)
{
    (void)state;
    static const struct {
        const char *type, *curve;
        unsigned bits;
    } rows[] = {{"RSA", NULL, 512},     {"RSA", NULL, 1024}, {"RSA", NULL, 2048},
                {"EC", "P-256", 0},     {"EC", "P-384", 0},  {"EC", "P-521", 0},
                {"EC", "secp256k1", 0}, {"ED25519", NULL, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        EVP_PKEY *key = make(rows[i].type, rows[i].curve, rows[i].bits);
        uint8_t *der = NULL;
        size_t len = 0;
        assert_non_null(key);
        assert_true(rf_pkey_spki(key, &der, &len));
        assert_true(compare(rf_slice_of(der, len)));
        rf_free(der);
        EVP_PKEY_free(key);
    }
}

/* Each byte changed, and each length cut off: taken or refused as OpenSSL does. */
static void changed(EVP_PKEY *key)
{
    uint8_t *der = NULL;
    size_t len = 0, good = 0, bad = 0;
    assert_true(rf_pkey_spki(key, &der, &len));
    for (size_t i = 0; i < len; i++) {
        static const uint8_t bits[] = {0x01, 0x02, 0x80, 0xff};
        for (size_t k = 0; k < sizeof bits; k++) {
            der[i] ^= bits[k];
            *(compare(rf_slice_of(der, len)) ? &good : &bad) += 1;
            der[i] ^= bits[k];
        }
        assert_false(compare(rf_slice_of(der, i)));
    }
    assert_true(good + bad == 4 * len && bad > 0);
    rf_free(der);
    EVP_PKEY_free(key);
}

static void changed_keys_are_what_openssl_reads(void **state)
{
    (void)state;
    changed(EVP_RSA_gen(512));
    changed(EVP_EC_gen("P-256"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_what_openssl_reads),
        cmocka_unit_test(changed_keys_are_what_openssl_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
