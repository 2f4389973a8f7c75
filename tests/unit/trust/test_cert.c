/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include "trust/digest.h"

static void fixture_certificate_gives_its_fields(void **state)
{
    struct id id = fixture_id("tftp");
    assert_int_equal(rf_cert_key_type(id.cert), RF_KEY_RSA);
    assert_int_equal(rf_cert_key_bits(id.cert), 2048);
    assert_true(rf_cert_is_self_issued(id.cert));
    assert_true(rf_cert_is_ca(id.cert));
    assert_int_equal(rf_cert_cn_n(id.cert), 1);
    assert_int_equal(strlen(rf_cert_fingerprint(id.cert)), 64);
    assert_int_equal(strlen(rf_cert_md5(id.cert)), 32);
    assert_int_equal(rf_cert_signature(id.cert).len, 256);
    assert_true(rf_key_matches(id.key, id.cert));
    assert_true(rf_vault_matches(id.vault, id.cert));
    assert_slice_eq(rf_key_spki(id.key), rf_cert_spki(id.cert));
    assert_true(
        rf_cert_is(id.cert, rf_slice_str(rf_cert_issuer(id.cert)), rf_cert_serial(id.cert)));
    struct id ec = fixture_id("web-ec");
    assert_int_equal(rf_cert_key_type(ec.cert), RF_KEY_EC);
    assert_int_equal(rf_cert_curve(ec.cert), RF_CURVE_P384);
    assert_int_equal(rf_cert_public_key(ec.cert).len, 97);
    assert_false(rf_key_matches(ec.key, id.cert));
    id_fini(&ec);
    id_fini(&id);
}

static void only_one_whole_der_value_is_taken(void **state)
{
    struct id id = fixture_id("ccm");
    struct rf_slice der = rf_cert_der(id.cert);
    struct rf_cert *c = NULL;
    struct rf_why why = {0};
    assert_err(rf_cert_from_der(der, &c, &why), RF_OK);
    assert_true(rf_cert_eq(c, id.cert));
    rf_cert_freep(&c);

    uint8_t longer[RF_CERT_DER_MAX + 1] = {0};
    memcpy(longer, der.p, der.len);
    assert_refused(rf_cert_from_der(rf_slice_of(longer, der.len + 1), &c, &why), RF_ERR_BAD, why,
                   "cert-der");
    for (size_t n = 0; n < der.len; n++)
        assert_err(rf_cert_from_der(rf_slice_part(der, 0, n), &c, NULL), RF_ERR_BAD);
    why = (struct rf_why){0};
    assert_refused(rf_cert_from_der(rf_slice_of(longer, sizeof(longer)), &c, &why), RF_ERR_LIMIT,
                   why, "cert-size");
    assert_null(c);
    id_fini(&id);
}

/* The outer length written in three bytes where two do: BER, not DER. OpenSSL takes it. */
static void a_length_that_is_not_minimal_is_refused(void **state)
{
    struct id id = fixture_id("ccm");
    struct rf_slice der = rf_cert_der(id.cert);
    struct rf_cert *c = NULL;
    struct rf_why why = {0};
    uint8_t ber[4096];
    struct rf_wr wr = rf_wr_of(ber, sizeof(ber));
    struct rf_slice done;
    rf_wr_u16be(&wr, 0x3083);
    rf_wr_u8(&wr, 0);
    rf_wr_slice(&wr, rf_slice_part(der, 2, der.len));
    assert_err(rf_wr_done(&wr, &done), RF_OK);
    assert_refused(rf_cert_from_der(done, &c, &why), RF_ERR_BAD, why, "cert-der");
    id_fini(&id);
}

static void every_changed_byte_is_survived(void **state)
{
    struct id id = fixture_id("web-ec");
    struct rf_slice der = rf_cert_der(id.cert);
    uint8_t copy[RF_CERT_DER_MAX];
    for (size_t i = 0; i < der.len; i++) {
        memcpy(copy, der.p, der.len);
        copy[i] ^= 0x41;
        RF_AUTO(rf_cert_freep) struct rf_cert *c = NULL;
        if (rf_cert_from_der(rf_slice_of(copy, der.len), &c, NULL) == RF_OK)
            assert_false(rf_cert_eq(c, id.cert));
    }
    id_fini(&id);
}

static void pem_round_trip_and_lists(void **state)
{
    struct id a = fixture_id("ccm"), b = fixture_id("tvs");
    struct rf_buf text = RF_BUF(65536);
    struct rf_cert_list list = {0};
    struct rf_why why = {0};
    struct rf_cert *c = NULL;
    assert_refused(rf_certs_from_pem(rf_slice_str("nothing"), &list, &why), RF_ERR_NOT_FOUND, why,
                   "pem-no-cert");
    assert_err(rf_cert_to_pem(a.cert, &text), RF_OK);
    assert_err(rf_key_to_pem(a.key, NULL, &text, NULL), RF_OK);
    assert_err(rf_cert_to_pem(b.cert, &text), RF_OK);
    assert_err(rf_certs_from_pem(rf_buf_slice(&text), &list, NULL), RF_OK);
    assert_int_equal(list.n, 2);
    assert_true(rf_cert_eq(list.cert[1], b.cert));
    assert_err(rf_cert_from_pem(rf_buf_slice(&text), &c, NULL), RF_OK);
    assert_true(rf_cert_eq(c, a.cert));
    rf_cert_freep(&c);
    rf_cert_list_fini(&list);
    for (int i = 0; i < RF_CERT_LIST_MAX; i++)
        assert_err(rf_cert_to_pem(b.cert, &text), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_certs_from_pem(rf_buf_slice(&text), &list, &why), RF_ERR_LIMIT, why,
                   "cert-count");
    rf_buf_wipe(&text);
    id_fini(&a);
    id_fini(&b);
}

static void names_keep_their_order_and_escape_controls(void **state)
{
    struct id id = {0};
    id_set_key(&id, new_key(0));
    struct rf_issue_self spec = {.role = RF_CERT_ROLE_CCM,
                                 .cn = "cm1, the first",
                                 .unit = "Unit",
                                 .org = "Örg",
                                 .dns = "cm1.example",
                                 .now_s = TEST_NOW,
                                 .days = 10};
    assert_err(rf_issue_self_signed(&spec, id.vault, &id.cert, NULL), RF_OK);
    assert_string_equal(rf_cert_subject(id.cert), "CN=cm1\\, the first,OU=Unit,O=Örg");
    assert_string_equal(rf_cert_subject_attr(id.cert, "O"), "Örg");
    assert_null(rf_cert_subject_attr(id.cert, "L"));
    assert_int_equal(rf_cert_san_n(id.cert), 1);
    assert_int_equal(rf_cert_san(id.cert, 0).type, RF_SAN_DNS);
    assert_slice_str(rf_cert_san(id.cert, 0).value, "cm1.example");
    id_fini(&id);
}

/* Subjects of strangers stand in the log and in events, and terminals obey U+0080 to U+009F. */
static void names_with_control_characters_of_the_second_kind_are_refused(void **state)
{
    static const char *const names[] = {"cm\xc2\x9bmore", "\xc2\x80", "cm\xc2\x9f"};
    struct id id = {0};
    struct rf_issue_self spec = {.role = RF_CERT_ROLE_CCM, .now_s = TEST_NOW, .days = 10};
    id_set_key(&id, new_key(0));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rf_why why = {0};
        spec.cn = names[i];
        assert_refused(rf_issue_self_signed(&spec, id.vault, &id.cert, &why), RF_ERR_BAD, why,
                       "cert-name");
    }
    spec.cn = "cm\xc2\xa0more"; /* the first that is none of them */
    assert_err(rf_issue_self_signed(&spec, id.vault, &id.cert, NULL), RF_OK);
    id_fini(&id);
}

static void digests_are_the_known_ones(void **state)
{
    uint8_t md[RF_DIGEST_MAX];
    static const uint8_t abc[] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                  0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    struct rf_slice parts[] = {rf_slice_str("a"), rf_slice_str("bc")};
    assert_int_equal(rf_digest_of_parts(RF_DIGEST_SHA1, parts, 2, md), 20);
    assert_memory_equal(md, abc, 20);
    enum rf_digest alg;
    assert_true(rf_digest_from_name("sha512", &alg) && alg == RF_DIGEST_SHA512);
    assert_false(rf_digest_from_name("md5", &alg));
    assert_int_equal(rf_digest_len((enum rf_digest)9), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixture_certificate_gives_its_fields),
        cmocka_unit_test(only_one_whole_der_value_is_taken),
        cmocka_unit_test(a_length_that_is_not_minimal_is_refused),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(pem_round_trip_and_lists),
        cmocka_unit_test(names_keep_their_order_and_escape_controls),
        cmocka_unit_test(names_with_control_characters_of_the_second_kind_are_refused),
        cmocka_unit_test(digests_are_the_known_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
