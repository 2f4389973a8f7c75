/* SPDX-License-Identifier: Apache-2.0 */
/* What another CA made is the certificate that was asked for, or is refused for the one thing that
 * is wrong with it. */
#include "ca_kit.h"

#include "trust/lsc_check.h"

#define PHONE "SEP001122334455"
#define OTHER "SEP00AABBCCDDEE"
#define DAY   86400

struct row {
    struct ca_make make;
    const char *code; /* NULL: accepted */
};

static void check(struct ca *ca, const struct rf_key *key, const struct row *row)
{
    struct rf_why why = {0};
    ca->make = row->make;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = ca_issue(ca, rf_key_spki(key), PHONE);
    struct rf_lsc_want want = {.spki = rf_key_spki(key),
                               .cn = rf_slice_str(PHONE),
                               .device_name = rf_slice_str(PHONE),
                               .now_s = TEST_NOW,
                               .days_max = 825,
                               .cas = ca->anchors};
    enum rf_err err = rf_lsc_check(cert, &want, &why);
    if (row->code == NULL) {
        assert_err(err, RF_OK);
        return;
    }
    assert_err(err, RF_ERR_DENIED);
    assert_string_equal(why.code, row->code);
}

static void one_thing_wrong_is_refused_sec_66(void **state)
{
    static const struct row rows[] = {
        {{0}, NULL},
        {{.is_other_key = true}, "ca-other-key"},
        {{.cn = OTHER}, "ca-other-name"},
        {{.cn = PHONE "0"}, "ca-other-name"},
        {{.san = "URI:" OTHER}, "ca-other-name"},
        {{.san = "DNS:" OTHER}, "ca-other-name"},
        {{.san = "URI:" PHONE ",DNS:" OTHER}, "ca-other-name"},
        {{.san = "DNS:" PHONE}, NULL},
        {{.san = "DNS:phone.example.com"}, NULL},
        {{.key_usage = ""}, "key-usage"},
        {{.key_usage = "critical,keyAgreement"}, "key-usage"},
        {{.key_usage = "digitalSignature"}, NULL},
        {{.ext_usage = ""}, NULL},
        {{.ext_usage = "clientAuth"}, NULL},
        {{.ext_usage = "anyExtendedKeyUsage"}, NULL},
        {{.ext_usage = "serverAuth"}, "ca-ext-usage"},
        {{.ext_usage = "emailProtection,codeSigning"}, "ca-ext-usage"},
        {{.from_s = TEST_NOW - 9 * DAY, .until_s = TEST_NOW - 1}, "cert-expired"},
        {{.from_s = TEST_NOW - 9 * DAY, .until_s = TEST_NOW + 60}, NULL},
        {{.from_s = TEST_NOW + 600}, "cert-not-yet"},
        {{.until_s = TEST_NOW + (int64_t)825 * DAY}, NULL},
        {{.until_s = TEST_NOW + (int64_t)827 * DAY}, "ca-too-long"},
        {{.is_ca = true}, "leaf-is-ca"},
        {{.is_sha1 = true}, "cert-digest"},
        {{.is_by_other = true}, "path-signature"},
    };
    struct ca *ca = ca_new("Customer CA");
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("row %zu\n", i);
        check(ca, key, &rows[i]);
    }
    ca_free(ca);
}

/* An RSA key enciphers as well. */
static void rsa_needs_key_encipherment_sec_66(void **state)
{
    static const struct row rows[] = {
        {{0}, NULL},
        {{.key_usage = "critical,digitalSignature"}, "key-usage"},
        {{.key_usage = "critical,keyEncipherment"}, "key-usage"},
    };
    struct ca *ca = ca_new("Customer CA");
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(2048);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(ca, key, &rows[i]);
    RF_AUTO(rf_key_freep) struct rf_key *small = new_key(1024);
    check(ca, small, &(struct row){{0}, "key-too-short"});
    ca_free(ca);
}

static void a_ca_that_is_not_trusted_for_phones_is_refused_sec_66(void **state)
{
    struct ca *ca = ca_new("Customer CA"), *another = ca_new("Another CA");
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct rf_anchors *own = ca->anchors;
    ca->anchors = another->anchors;
    check(ca, key, &(struct row){{0}, "path-unknown-issuer"});
    ca->anchors = own;
    check(ca, key, &(struct row){{0}, NULL});
    ca_free(ca);
    ca_free(another);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thing_wrong_is_refused_sec_66),
        cmocka_unit_test(rsa_needs_key_encipherment_sec_66),
        cmocka_unit_test(a_ca_that_is_not_trusted_for_phones_is_refused_sec_66),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
