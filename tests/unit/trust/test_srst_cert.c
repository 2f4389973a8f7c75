/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that phones may be told to expect of a survivable router. */
#include "pki.h"

#include "trust/path.h"
#include "trust/srst_cert.h"

#define DAY 86400

/* Self-signed by RSA, with names as long as they may be. */
static struct id long_id(unsigned rsa_bits)
{
    static const char text[] = "0123456789012345678901234567890123456789012345678901234567890123";
    struct id id = {0};
    struct rf_issue_self spec = {.role = RF_CERT_ROLE_CCM,
                                 .cn = text,
                                 .org = text,
                                 .unit = text,
                                 .dns = "router.branch.example",
                                 .now_s = TEST_NOW,
                                 .days = 1000};
    id_set_key(&id, new_key(rsa_bits));
    assert_err(rf_issue_self_signed(&spec, id.vault, &id.cert, NULL), RF_OK);
    return id;
}

static void phones_have_room_for_so_much(void **state)
{
    (void)state;
    struct id fits = long_id(2048), is_long = long_id(4096);
    struct rf_why why = {0};
    assert_true(rf_cert_der(fits.cert).len <= RF_SRST_CERT_DER_MAX);
    assert_true(rf_cert_der(is_long.cert).len > RF_SRST_CERT_DER_MAX);
    assert_err(rf_srst_cert_check(fits.cert, TEST_NOW, NULL), RF_OK);
    assert_refused(rf_srst_cert_check(is_long.cert, TEST_NOW, &why), RF_ERR_LIMIT, why,
                   "srst-certificate-long");
    id_fini(&fits);
    id_fini(&is_long);
}

static void it_is_valid_and_its_key_is_long_enough(void **state)
{
    (void)state;
    struct id ec = self_id(RF_CERT_ROLE_CCM, "router", 0);
    struct id weak = self_id(RF_CERT_ROLE_CCM, "router", 1024);
    struct rf_why late = {0}, early = {0}, weakly = {0};
    assert_err(rf_srst_cert_check(ec.cert, TEST_NOW, NULL), RF_OK);
    assert_refused(rf_srst_cert_check(ec.cert, TEST_NOW + 1001 * DAY, &late), RF_ERR_DENIED, late,
                   "cert-expired");
    assert_refused(rf_srst_cert_check(ec.cert, TEST_NOW - 10 * DAY, &early), RF_ERR_DENIED, early,
                   "cert-not-yet");
    assert_refused(rf_srst_cert_check(weak.cert, TEST_NOW, &weakly), RF_ERR_DENIED, weakly,
                   "key-too-short");
    id_fini(&ec);
    id_fini(&weak);
}

static void phones_have_room_for_one(void **state)
{
    (void)state;
    struct id one = self_id(RF_CERT_ROLE_CCM, "one", 0), two = self_id(RF_CERT_ROLE_CCM, "two", 0);
    struct rf_cert_list list = {0};
    struct rf_cert *only = NULL;
    struct rf_why why = {0};
    assert_true(rf_cert_list_add(&list, one.cert));
    assert_err(rf_srst_cert_only(&list, &only, NULL), RF_OK);
    assert_ptr_equal(only, one.cert);
    assert_true(rf_cert_list_add(&list, two.cert));
    assert_refused(rf_srst_cert_only(&list, &only, &why), RF_ERR_DENIED, why,
                   "srst-certificate-several");
    rf_cert_list_fini(&list);
    id_fini(&one);
    id_fini(&two);
}

static void fingerprints_are_read_as_people_write_them(void **state)
{
    (void)state;
#define EIGHT "00112233445566aB"
    static const char *const good[] = {
        EIGHT EIGHT EIGHT EIGHT,
        "00:11:22:33:44:55:66:AB:00:11:22:33:44:55:66:AB:00:11:22:33:44:55:66:AB:00:11:22:33:44:55:"
        "66:AB",
        " " EIGHT " " EIGHT " " EIGHT " " EIGHT " "};
    static const char *const bad[] = {"",
                                      "00",
                                      EIGHT EIGHT EIGHT "00112233445566a",
                                      EIGHT EIGHT EIGHT EIGHT "0",
                                      EIGHT EIGHT EIGHT EIGHT "00",
                                      EIGHT EIGHT EIGHT "00112233445566ag",
                                      EIGHT EIGHT EIGHT "0011223344-566ab"};
    char out[65];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(rf_fingerprint_read(good[i], out));
        assert_string_equal(out, "00112233445566ab00112233445566ab"
                                 "00112233445566ab00112233445566ab");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(rf_fingerprint_read(bad[i], out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phones_have_room_for_so_much),
        cmocka_unit_test(it_is_valid_and_its_key_is_long_enough),
        cmocka_unit_test(phones_have_room_for_one),
        cmocka_unit_test(fingerprints_are_read_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
