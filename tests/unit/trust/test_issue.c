/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include <openssl/x509v3.h>

#include "trust/openssl.h"
#include "trust/path.h"

static void roles_have_their_constraints(void **state)
{
    const struct {
        enum rf_cert_role role;
        bool is_ca;
        long path_len;
        uint32_t usage;
    } rows[] = {
        {RF_CERT_ROLE_SAST, false, -1, RF_KU_DIGITAL_SIGNATURE},
        {RF_CERT_ROLE_CCM, false, -1, RF_KU_DIGITAL_SIGNATURE},
        {RF_CERT_ROLE_TFTP, false, -1, RF_KU_DIGITAL_SIGNATURE},
        {RF_CERT_ROLE_TVS, false, -1, RF_KU_DIGITAL_SIGNATURE},
        {RF_CERT_ROLE_CAPF, true, 0, RF_KU_DIGITAL_SIGNATURE | RF_KU_KEY_CERT_SIGN},
        {RF_CERT_ROLE_LSC_ISSUER, true, 0,
         RF_KU_DIGITAL_SIGNATURE | RF_KU_KEY_CERT_SIGN | RF_KU_CRL_SIGN},
        {RF_CERT_ROLE_MIC_ROOT, true, -1, RF_KU_KEY_CERT_SIGN | RF_KU_CRL_SIGN},
        {RF_CERT_ROLE_IMAGE_SIGNER, false, -1, RF_KU_DIGITAL_SIGNATURE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct id id = self_id(rows[i].role, "name", 0);
        assert_int_equal(rf_cert_is_ca(id.cert), rows[i].is_ca);
        assert_int_equal(rf_cert_path_len(id.cert), rows[i].path_len);
        assert_int_equal(rf_cert_key_usage(id.cert), rows[i].usage);
        assert_true(rf_cert_is_self_issued(id.cert));
        assert_string_equal(rf_cert_signature_digest(id.cert), "sha256");
        assert_int_equal(rf_cert_serial(id.cert).len, 16);
        assert_int_equal(rf_cert_not_before(id.cert), TEST_NOW - 3600);
        assert_int_equal(rf_cert_not_after(id.cert), TEST_NOW + 1000 * 86400);
        assert_true(X509_self_signed(rf_cert_x509(id.cert), 1) == 1);
        id_fini(&id);
    }
}

static void an_rsa_server_key_may_also_encipher(void **state)
{
    struct id id = fixture_id("ccm");
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_CCM, .cn = "ccm", .now_s = TEST_NOW, .days = 10};
    struct rf_cert *c = NULL;
    assert_err(rf_issue_self_signed(&spec, id.vault, &c, NULL), RF_OK);
    assert_int_equal(rf_cert_key_usage(c), RF_KU_DIGITAL_SIGNATURE | RF_KU_KEY_ENCIPHERMENT);
    rf_cert_freep(&c);
    spec.role = RF_CERT_ROLE_CAPF; /* old phones know no other way to a TLS key */
    assert_err(rf_issue_self_signed(&spec, id.vault, &c, NULL), RF_OK);
    assert_int_equal(rf_cert_key_usage(c),
                     RF_KU_DIGITAL_SIGNATURE | RF_KU_KEY_ENCIPHERMENT | RF_KU_KEY_CERT_SIGN);
    assert_err(rf_cert_capf_check(c, NULL), RF_OK);
    rf_cert_freep(&c);
    id_fini(&id);
}

/* Digest and algorithm say the same, and the signature holds; nothing else is signed with it. */
static void a_mic_of_an_old_phone(void **state)
{
    for (unsigned bits = 0; bits <= 2048; bits += 2048) {
        struct id ca = self_id(RF_CERT_ROLE_MIC_ISSUER, "Issuer", bits),
                  phone = fixture_id("phone");
        struct rf_issue_mic spec = {.device_name = rf_slice_str("SEP001122334455"),
                                    .model = rf_slice_str("7962"),
                                    .serial_number = rf_slice_str("RF1"),
                                    .spki = rf_key_spki(phone.key),
                                    .now_s = TEST_NOW,
                                    .days = 10};
        for (int is_sha1 = 0; is_sha1 <= 1; is_sha1++) {
            struct rf_cert *c = NULL;
            spec.is_sha1 = is_sha1 == 1;
            assert_err(rf_issue_mic(&spec, ca.cert, ca.vault, &c, NULL), RF_OK);
            assert_string_equal(rf_cert_signature_digest(c), is_sha1 ? "sha1" : "sha256");
            rf_cert_freep(&c);
        }
        id_fini(&phone);
        id_fini(&ca);
    }
}

static void what_is_told_of_an_lsc_is_what_it_says(void **state)
{
    struct id ca = self_id(RF_CERT_ROLE_LSC_ISSUER, "Issuer", 0), phone = fixture_id("phone");
    struct rf_issue_lsc spec = {.device_name = rf_slice_str("SEP001122334455"),
                                .model = rf_slice_str("8861"),
                                .spki = rf_key_spki(phone.key),
                                .now_s = TEST_NOW,
                                .days = 825};
    struct rf_issued told = {.der = RF_BUF(0)};
    struct rf_cert *c = NULL;
    assert_err(rf_issue_lsc_unread(&spec, ca.cert, ca.vault, &told, NULL), RF_OK);
    assert_err(rf_cert_from_der(rf_buf_slice(&told.der), &c, NULL), RF_OK);
    assert_string_equal(told.subject, rf_cert_subject(c));
    assert_string_equal(told.issuer, rf_cert_issuer(c));
    assert_slice_eq(rf_slice_of(told.serial, sizeof told.serial), rf_cert_serial(c));
    assert_slice_eq(rf_slice_of(told.sha256, sizeof told.sha256), rf_cert_sha256(c));
    assert_int_equal(told.not_before_s, rf_cert_not_before(c));
    assert_int_equal(told.not_after_s, rf_cert_not_after(c));
    rf_cert_freep(&c);
    rf_issued_fini(&told);
    id_fini(&ca);
    id_fini(&phone);
}

static void lsc_says_what_a8_wants(void **state)
{
    struct id ca = self_id(RF_CERT_ROLE_LSC_ISSUER, "Issuer", 0), phone = fixture_id("phone");
    struct rf_issue_lsc spec = {.device_name = rf_slice_str("SEP001122334455"),
                                .model = rf_slice_str("8861"),
                                .spki = rf_key_spki(phone.key),
                                .now_s = TEST_NOW,
                                .days = 825};
    struct rf_cert *c = NULL, *again = NULL;
    assert_err(rf_issue_lsc(&spec, ca.cert, ca.vault, &c, NULL), RF_OK);
    assert_string_equal(rf_cert_subject(c), "CN=CP-8861-SEP001122334455,O=Ringfence test");
    assert_slice_eq(rf_cert_issuer_der(c), rf_cert_subject_der(ca.cert));
    assert_slice_eq(rf_cert_spki(c), rf_key_spki(phone.key));
    assert_false(rf_cert_is_ca(c));
    assert_int_equal(rf_cert_key_usage(c), RF_KU_DIGITAL_SIGNATURE | RF_KU_KEY_ENCIPHERMENT);
    assert_int_equal(rf_cert_san_n(c), 1);
    assert_int_equal(rf_cert_san(c, 0).type, RF_SAN_URI);
    assert_slice_str(rf_cert_san(c, 0).value, "SEP001122334455");
    assert_int_equal(rf_cert_not_after(c), TEST_NOW + 825 * 86400);
    /* Never valid before the issuer is. */
    assert_int_equal(rf_cert_not_before(c), rf_cert_not_before(ca.cert));
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(rf_cert_x509(c), NID_ext_key_usage, NULL, NULL);
    assert_int_equal(sk_ASN1_OBJECT_num(eku), 3);
    EXTENDED_KEY_USAGE_free(eku);
    assert_int_equal(X509_get_ext_by_critical(rf_cert_x509(c), 1, -1) >= 0, 1);
    spec.model = (struct rf_slice){0};
    assert_err(rf_issue_lsc(&spec, ca.cert, ca.vault, &again, NULL), RF_OK);
    assert_slice_str(rf_cert_cn(again), "SEP001122334455");
    assert_false(rf_slice_eq(rf_cert_serial(c), rf_cert_serial(again)));
    rf_cert_freep(&c);
    rf_cert_freep(&again);
    id_fini(&ca);
    id_fini(&phone);
}

static void a_mic_always_has_a_model_and_a_readable_serial_number(void **state)
{
    (void)state;
    struct id root = self_id(RF_CERT_ROLE_MIC_ROOT, "root", 0), phone = fixture_id("phone");
    static const struct {
        const char *model, *serial;
        enum rf_err want;
    } rows[] = {
        {"8861", "RF 1.2-a", RF_OK},
        {"", "RF1", RF_ERR_BAD},
        {"8861", "", RF_ERR_BAD},
        {"8861", "RF_1", RF_ERR_BAD},
        {"8861", "caf\xc3\xa9", RF_ERR_BAD},
        {"8861", "RF@1", RF_ERR_BAD},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rf_issue_mic spec = {.device_name = rf_slice_str("SEP001122334455"),
                                    .model = rf_slice_str(rows[i].model),
                                    .serial_number = rf_slice_str(rows[i].serial),
                                    .spki = rf_key_spki(phone.key),
                                    .now_s = TEST_NOW,
                                    .days = 10};
        RF_AUTO(rf_cert_freep) struct rf_cert *c = NULL;
        struct rf_why why = {0};
        assert_err(rf_issue_mic(&spec, root.cert, root.vault, &c, &why), rows[i].want);
        assert_string_equal(why.code, rows[i].want == RF_OK ? "" : "issue-name");
    }
    id_fini(&phone);
    id_fini(&root);
}

static void mic_carries_model_and_serial_number(void **state)
{
    struct id root = self_id(RF_CERT_ROLE_MIC_ROOT, "root", 0);
    struct id ca = ca_id(RF_CERT_ROLE_MIC_ISSUER, "ca", &root);
    struct id mic = mic_id("SEP001122334455", &ca, 0);
    assert_slice_str(rf_cert_cn(mic.cert), "CP-8861-SEP001122334455");
    assert_string_equal(rf_cert_subject_attr(mic.cert, "serialNumber"), "PID:CP-8861 SN:RF000001");
    assert_true(rf_cert_not_after(mic.cert) <= rf_cert_not_after(ca.cert));
    id_fini(&mic);
    id_fini(&ca);
    id_fini(&root);
}

static void bad_requests_are_refused(void **state)
{
    struct id ca = self_id(RF_CERT_ROLE_LSC_ISSUER, "Issuer", 0),
              ccm = self_id(RF_CERT_ROLE_CCM, "c", 0);
    struct rf_issue_lsc good = {.device_name = rf_slice_str("SEP001122334455"),
                                .spki = rf_key_spki(ccm.key),
                                .now_s = TEST_NOW,
                                .days = 825};
    struct rf_issue_lsc spec = good;
    struct rf_cert *c = NULL;
    struct rf_why why = {0};
    spec.days = 1826;
    assert_refused(rf_issue_lsc(&spec, ca.cert, ca.vault, &c, &why), RF_ERR_BAD, why, "issue-days");
    spec = good;
    spec.device_name = rf_slice_of("SEP\0", 4);
    why = (struct rf_why){0};
    assert_refused(rf_issue_lsc(&spec, ca.cert, ca.vault, &c, &why), RF_ERR_BAD, why, "issue-name");
    spec = good;
    spec.model = rf_slice_str("88,61");
    why = (struct rf_why){0};
    assert_refused(rf_issue_lsc(&spec, ca.cert, ca.vault, &c, &why), RF_ERR_BAD, why, "issue-name");
    spec = good;
    spec.spki = rf_slice_str("junk");
    why = (struct rf_why){0};
    assert_refused(rf_issue_lsc(&spec, ca.cert, ca.vault, &c, &why), RF_ERR_BAD, why, "spki-parse");
    why = (struct rf_why){0};
    assert_refused(rf_issue_lsc(&good, ccm.cert, ccm.vault, &c, &why), RF_ERR_DENIED, why,
                   "issue-not-ca");
    why = (struct rf_why){0};
    assert_refused(rf_issue_lsc(&good, ca.cert, ccm.vault, &c, &why), RF_ERR_DENIED, why,
                   "key-cert-mismatch");
    struct rf_issue_self self = {.role = RF_CERT_ROLE_CCM, .cn = "", .now_s = TEST_NOW, .days = 1};
    why = (struct rf_why){0};
    assert_refused(rf_issue_self_signed(&self, ccm.vault, &c, &why), RF_ERR_BAD, why, "issue-name");
    assert_null(c);
    id_fini(&ca);
    id_fini(&ccm);
}

static void validity_beyond_2049_is_written_right(void **state)
{
    struct id id = {0};
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_SAST, .cn = "far", .now_s = TEST_NOW, .days = 14000};
    id_set_key(&id, new_key(0));
    assert_err(rf_issue_self_signed(&spec, id.vault, &id.cert, NULL), RF_OK);
    assert_int_equal(rf_cert_not_after(id.cert), TEST_NOW + 14000LL * 86400);
    id_fini(&id);
}

static void sec_112_an_issuer_that_has_ended_issues_nothing(void **state)
{
    struct id ca = self_id(RF_CERT_ROLE_LSC_ISSUER, "Issuer", 0), phone = fixture_id("phone");
    struct rf_issue_lsc spec = {.device_name = rf_slice_str("SEP001122334455"),
                                .spki = rf_key_spki(phone.key),
                                .now_s = rf_cert_not_after(ca.cert),
                                .days = 825};
    struct rf_cert *c = NULL;
    struct rf_why why = {0};
    assert_err(rf_issue_lsc(&spec, ca.cert, ca.vault, &c, NULL), RF_OK);
    assert_int_equal(rf_cert_not_after(c), rf_cert_not_after(ca.cert));
    rf_cert_freep(&c);
    spec.now_s++;
    assert_refused(rf_issue_lsc(&spec, ca.cert, ca.vault, &c, &why), RF_ERR_DENIED, why,
                   "issuer-ended");
    id_fini(&ca);
    id_fini(&phone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_have_their_constraints),
        cmocka_unit_test(an_rsa_server_key_may_also_encipher),
        cmocka_unit_test(a_mic_of_an_old_phone),
        cmocka_unit_test(lsc_says_what_a8_wants),
        cmocka_unit_test(what_is_told_of_an_lsc_is_what_it_says),
        cmocka_unit_test(mic_carries_model_and_serial_number),
        cmocka_unit_test(a_mic_always_has_a_model_and_a_readable_serial_number),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(validity_beyond_2049_is_written_right),
        cmocka_unit_test(sec_112_an_issuer_that_has_ended_issues_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
