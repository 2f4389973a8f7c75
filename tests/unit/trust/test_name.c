/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include <openssl/x509v3.h>

#include "trust/name.h"
#include "trust/openssl.h"

/* A certificate with any subject and SAN: rf_issue writes only clean ones. cn_len < 0: strlen. */
static struct rf_cert *cert_with(const char *cn, int cn_len, const char *second_cn, const char *san)
{
    struct rf_key *key = new_key(0);
    X509 *x = X509_new();
    X509_NAME *name = X509_NAME_new();
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    if (cn != NULL)
        assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                                    (const unsigned char *)cn, cn_len, -1, 0),
                         1);
    if (second_cn != NULL)
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   (const unsigned char *)second_cn, -1, -1, 0);
    X509_set_subject_name(x, name);
    X509_set_issuer_name(x, name);
    X509_NAME_free(name);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, rf_key_pkey(key));
    if (san != NULL) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
    }
    assert_true(X509_sign(x, rf_key_pkey(key), EVP_sha256()) > 0);
    struct rf_cert *c = NULL;
    assert_err(rf_cert_from_x509(x, &c, NULL), RF_OK);
    X509_free(x);
    rf_key_freep(&key);
    return c;
}

static void check(const char *cn, const char *san, const char *name, const char *code)
{
    struct rf_cert *c = cert_with(cn, -1, NULL, san);
    struct rf_why why = {0};
    enum rf_err err = rf_name_matches_device(c, rf_slice_str(name), NULL, NULL, &why);
    if ((code == NULL) != (err == RF_OK))
        print_error("CN %s, SAN %s, name %s: %s\n", cn, san != NULL ? san : "-", name, why.code);
    assert_int_equal(err, code == NULL ? RF_OK : RF_ERR_DENIED);
    if (code != NULL)
        assert_string_equal(why.code, code);
    rf_cert_freep(&c);
}

static void names_that_fit(void **state)
{
    check("SEP001122334455", NULL, "SEP001122334455", NULL);
    check("CP-8861-SEP0011223344FF", NULL, "SEP0011223344FF", NULL);
    check("CP-8861-SEP0011223344ff", NULL, "SEP0011223344FF", NULL);
    check("CP-7961G-GE-SEP001122334455", NULL, "SEP001122334455", NULL);
    check("other", "URI:SEP001122334455", "SEP001122334455", NULL);
    check("other", "DNS:SEP001122334455", "SEP001122334455", NULL);
    check("CSFUSER", NULL, "CSFUSER", NULL);
}

static void names_that_do_not_fit(void **state)
{
    check("SEP001122334455", NULL, "SEP001122334456", "name-mismatch");
    check("CP-8861-SEP001122334455", NULL, "SEP001122334456", "name-mismatch");
    check("CP-8861-SEP001122334455", NULL, "SEP00112233445", "name-mismatch");
    check("xSEP001122334455", NULL, "SEP001122334455", "name-mismatch");
    check("SEP001122334455x", NULL, "SEP001122334455", "name-mismatch");
    check("CP-8861-SEP001122334455x", NULL, "SEP001122334455", "name-mismatch");
    check("xCP-8861-SEP001122334455", NULL, "SEP001122334455", "name-mismatch");
    check("CP--SEP001122334455", NULL, "SEP001122334455", "name-mismatch");
    check("CP-SEPAABBCCDDEEFF-SEP001122334455", NULL, "SEP001122334455", "name-mismatch");
    check("CP-8861-SEPAABBCCDDEEFF-SEP001122334455", NULL, "SEP001122334455", "name-mismatch");
    check("CP-123456789012345678901-SEP001122334455", NULL, "SEP001122334455", "name-mismatch");
    check("cp-8861-SEP001122334455", NULL, "SEP001122334455", "name-mismatch");
    check("CP-8861-sep001122334455", NULL, "SEP001122334455", "name-mismatch");
    check("csfuser", NULL, "CSFUSER", "name-mismatch");
    check("other", "email:SEP001122334455", "SEP001122334455", "name-mismatch");
    check("other", "URI:SEP0011223344556", "SEP001122334455", "name-mismatch");
    check("SEP001122334455", NULL, "", "name-mismatch");
}

static void exactly_one_clean_common_name(void **state)
{
    struct rf_slice name = rf_slice_str("SEP001122334455");
    struct rf_cert *bad[] = {
        cert_with("SEP001122334455", -1, "SEP001122334456", NULL),
        cert_with(NULL, 0, NULL, "URI:SEP001122334455"),
        cert_with("SEP001122334455\0x", 17, NULL, "URI:SEP001122334455"),
        cert_with("SEP\n", -1, NULL, "URI:SEP001122334455"),
    };
    for (size_t i = 0; i < 4; i++) {
        struct rf_why why = {0};
        assert_refused(rf_name_matches_device(bad[i], name, NULL, NULL, &why), RF_ERR_DENIED, why,
                       "name-cn");
        rf_cert_freep(&bad[i]);
    }
}

static void profile_san_and_model_by_policy(void **state)
{
    struct rf_cert *c = cert_with("CP-8861-SEP001122334455", -1, NULL, "DNS:shared.example");
    struct rf_slice name = rf_slice_str("SEP001122334455"), other = rf_slice_str("SEPAABBCCDDEEFF");
    struct rf_name_policy p = {.model = rf_slice_str("7962G")};
    struct rf_name_match m;
    struct rf_why why = {0};
    assert_err(rf_name_matches_device(c, name, &p, &m, NULL), RF_OK);
    assert_true(m.is_model_different);
    assert_string_equal(m.model, "8861");
    assert_int_equal(m.by, RF_NAME_BY_CN_MODEL);
    p.is_model_strict = true;
    assert_refused(rf_name_matches_device(c, name, &p, &m, &why), RF_ERR_DENIED, why, "name-model");
    p.model = rf_slice_str("8861");
    assert_err(rf_name_matches_device(c, name, &p, &m, NULL), RF_OK);
    p = (struct rf_name_policy){0};
    assert_err(rf_name_matches_device(c, other, &p, &m, NULL), RF_ERR_DENIED);
    p.third_party_san = rf_slice_str("shared.example");
    assert_err(rf_name_matches_device(c, other, &p, &m, NULL), RF_OK);
    assert_int_equal(m.by, RF_NAME_BY_PROFILE_SAN);
    rf_cert_freep(&c);
}

static void sep_names_are_upper_case(void **state)
{
    assert_true(rf_name_is_sep(rf_slice_str("SEP0011223344FF")));
    assert_false(rf_name_is_sep(rf_slice_str("SEP0011223344ff")));
    assert_false(rf_name_is_sep(rf_slice_str("SEP0011223344FG")));
    assert_false(rf_name_is_sep(rf_slice_str("SEP0011223344F")));
    assert_false(rf_name_is_sep(rf_slice_str("SEP0011223344FF1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_fit),
        cmocka_unit_test(names_that_do_not_fit),
        cmocka_unit_test(exactly_one_clean_common_name),
        cmocka_unit_test(profile_san_and_model_by_policy),
        cmocka_unit_test(sep_names_are_upper_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
