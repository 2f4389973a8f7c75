/* SPDX-License-Identifier: Apache-2.0 */
/* Which lists of revoked certificates are taken up. */
#include "revoke.h"

static struct {
    struct id ca, twin, other, no_lists, phone, another;
} p;

static int up(void **state)
{
    (void)state;
    p.ca = self_id(RF_CERT_ROLE_MIC_ISSUER, "Issuer", 0);
    p.twin = self_id(RF_CERT_ROLE_MIC_ISSUER, "Issuer", 0); /* the same name, another key */
    p.other = self_id(RF_CERT_ROLE_MIC_ISSUER, "Other issuer", 0);
    p.no_lists = self_id(RF_CERT_ROLE_CAPF, "Signs no lists", 0);
    p.phone = mic_id("SEP001122334455", &p.ca, 0);
    p.another = mic_id("SEP001122334466", &p.ca, 0);
    return 0;
}

static int down(void **state)
{
    (void)state;
    id_fini(&p.ca);
    id_fini(&p.twin);
    id_fini(&p.other);
    id_fini(&p.no_lists);
    id_fini(&p.phone);
    id_fini(&p.another);
    return 0;
}

static const struct rf_crl_policy at_now = {.now_s = TEST_NOW};

static void check(const struct list_spec *s, const struct id *issuer, enum rf_err want,
                  const char *code)
{
    RF_AUTO(rf_crl_freep) struct rf_crl *crl = list_of(s);
    struct rf_why why = {0};
    enum rf_err err = rf_crl_check(crl, issuer->cert, &at_now, &why);
    if (err != want || strcmp(why.code, code) != 0)
        print_error("%s: %s\n", code, rf_why_text(&why));
    assert_err(err, want);
    assert_string_equal(why.code, code);
}

static void a_list_of_the_issuer_is_taken_and_says_what_is_in_it(void **state)
{
    (void)state;
    const struct list_spec s = {
        .by = &p.ca, .revoked = {p.phone.cert, p.another.cert}, .number = 4711};
    RF_AUTO(rf_crl_freep) struct rf_crl *crl = list_of(&s);
    assert_err(rf_crl_check(crl, p.ca.cert, &at_now, NULL), RF_OK);
    assert_int_equal(rf_crl_n(crl), 2);
    assert_string_equal(rf_crl_number(crl), "4711");
    assert_string_equal(rf_crl_issuer(crl), rf_cert_subject(p.ca.cert));
    assert_int_equal(rf_crl_this_update(crl), TEST_NOW - HOUR);
    assert_int_equal(rf_crl_next_update(crl), TEST_NOW + HOUR);
}

static void each_fault_alone_is_refused(void **state)
{
    (void)state;
    check(&(struct list_spec){.by = &p.ca}, &p.ca, RF_OK, "");
    check(&(struct list_spec){.by = &p.ca}, &p.other, RF_ERR_DENIED, "crl-issuer");
    check(&(struct list_spec){.by = &p.twin}, &p.ca, RF_ERR_CRYPTO, "crl-signature");
    check(&(struct list_spec){.by = &p.other, .as = &p.ca}, &p.ca, RF_ERR_CRYPTO, "crl-signature");
    check(&(struct list_spec){.by = &p.no_lists}, &p.no_lists, RF_ERR_DENIED, "crl-key-usage");
    check(&(struct list_spec){.by = &p.ca, .critical = "1.2.3.4"}, &p.ca, RF_ERR_DENIED,
          "crl-extension");
    check(
        &(struct list_spec){.by = &p.ca, .revoked = {p.phone.cert}, .critical_of_entry = "1.2.3.4"},
        &p.ca, RF_ERR_DENIED, "crl-extension");
    check(&(struct list_spec){.by = &p.ca, .is_delta = true}, &p.ca, RF_ERR_DENIED, "crl-delta");
    check(&(struct list_spec){.by = &p.ca, .next_s = -1}, &p.ca, RF_ERR_DENIED,
          "crl-no-next-update");
    check(&(struct list_spec){.by = &p.ca, .md = EVP_sha224()}, &p.ca, RF_ERR_DENIED, "crl-digest");
}

static void the_times_are_kept_to_the_second(void **state)
{
    (void)state;
    check(&(struct list_spec){.by = &p.ca, .this_s = TEST_NOW, .next_s = TEST_NOW}, &p.ca, RF_OK,
          "");
    check(&(struct list_spec){.by = &p.ca, .this_s = TEST_NOW + 1}, &p.ca, RF_ERR_DENIED,
          "crl-not-yet");
    check(&(struct list_spec){.by = &p.ca, .this_s = TEST_NOW - HOUR, .next_s = TEST_NOW - 1},
          &p.ca, RF_ERR_DENIED, "crl-expired");
}

static void sha1_counts_where_it_is_allowed(void **state)
{
    (void)state;
    const struct list_spec s = {.by = &p.ca, .md = EVP_sha1()};
    const struct rf_crl_policy old = {.now_s = TEST_NOW, .allow_sha1 = true};
    RF_AUTO(rf_crl_freep) struct rf_crl *crl = list_of(&s);
    struct rf_why why = {0};
    assert_refused(rf_crl_check(crl, p.ca.cert, &at_now, &why), RF_ERR_DENIED, why, "crl-digest");
    assert_err(rf_crl_check(crl, p.ca.cert, &old, NULL), RF_OK);
}

/* Not one bit of it may be another. */
static void every_byte_is_signed(void **state)
{
    (void)state;
    RF_AUTO(rf_buf_fini)
    struct rf_buf der = list_der(&(struct list_spec){.by = &p.ca, .revoked = {p.phone.cert}});
    size_t taken = 0;
    for (size_t i = 0; i < der.len; i++) {
        RF_AUTO(rf_crl_freep) struct rf_crl *crl = NULL;
        der.p[i] ^= 1;
        if (rf_crl_parse(rf_buf_slice(&der), &crl, NULL) == RF_OK &&
            rf_crl_check(crl, p.ca.cert, &at_now, NULL) == RF_OK)
            taken++;
        der.p[i] ^= 1;
    }
    assert_int_equal(taken, 0);
    RF_AUTO(rf_crl_freep) struct rf_crl *crl = NULL;
    assert_err(rf_crl_parse(rf_buf_slice(&der), &crl, NULL), RF_OK);
    assert_err(rf_crl_check(crl, p.ca.cert, &at_now, NULL), RF_OK);
}

static void only_one_whole_list_is_parsed(void **state)
{
    (void)state;
    RF_AUTO(rf_buf_fini) struct rf_buf der = list_der(&(struct list_spec){.by = &p.ca});
    struct rf_crl *crl = NULL;
    struct rf_why why = {0};
    for (size_t n = 0; n < der.len; n++)
        assert_err(rf_crl_parse(rf_slice_of(der.p, n), &crl, NULL), RF_ERR_BAD);
    assert_err(rf_buf_add(&der, "", 1), RF_OK);
    assert_refused(rf_crl_parse(rf_buf_slice(&der), &crl, &why), RF_ERR_BAD, why, "crl-der");
    why = (struct rf_why){0};
    assert_refused(rf_crl_parse(rf_cert_der(p.ca.cert), &crl, &why), RF_ERR_BAD, why, "crl-parse");
    why = (struct rf_why){0};
    assert_refused(rf_crl_parse(rf_slice_of(der.p, RF_CRL_BYTES_MAX + 1), &crl, &why), RF_ERR_LIMIT,
                   why, "crl-size");
    assert_null(crl);
}

static void add_pem(struct rf_buf *pem, const struct rf_crl *crl)
{
    unsigned char text[8192];
    struct rf_slice der = rf_crl_der(crl);
    assert_true(der.len < 4096);
    int n = EVP_EncodeBlock(text, der.p, (int)der.len);
    assert_err(rf_buf_addf(pem, "-----BEGIN X509 CRL-----\n"), RF_OK);
    for (int i = 0; i < n; i += 64)
        assert_err(rf_buf_addf(pem, "%.64s\n", (const char *)text + i), RF_OK);
    assert_err(rf_buf_addf(pem, "-----END X509 CRL-----\n"), RF_OK);
}

static void pem_is_read_too_past_what_is_no_list(void **state)
{
    (void)state;
    RF_AUTO(rf_crl_freep) struct rf_crl *one = list_of(&(struct list_spec){.by = &p.ca});
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(64 * 1024);
    RF_AUTO(rf_crl_freep) struct rf_crl *two = NULL;
    struct rf_crl *none = NULL;
    assert_err(rf_cert_to_pem(p.ca.cert, &pem), RF_OK);
    assert_err(rf_crl_parse(rf_buf_slice(&pem), &none, NULL), RF_ERR_BAD);
    add_pem(&pem, one);
    assert_err(rf_cert_to_pem(p.ca.cert, &pem), RF_OK);
    assert_err(rf_crl_parse(rf_buf_slice(&pem), &two, NULL), RF_OK);
    assert_true(rf_crl_eq(one, two));
}

static void one_of_several_is_not_taken_for_all(void **state)
{
    (void)state;
    RF_AUTO(rf_crl_freep) struct rf_crl *one = list_of(&(struct list_spec){.by = &p.ca});
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(64 * 1024);
    struct rf_crl *none = NULL;
    struct rf_why why = {0};
    add_pem(&pem, one);
    add_pem(&pem, one);
    assert_refused(rf_crl_parse(rf_buf_slice(&pem), &none, &why), RF_ERR_BAD, why, "crl-several");
    assert_null(none);
}

static bool is_newer(const struct list_spec *a, const struct list_spec *b)
{
    RF_AUTO(rf_crl_freep) struct rf_crl *one = list_of(a);
    RF_AUTO(rf_crl_freep) struct rf_crl *two = list_of(b);
    return rf_crl_is_newer(one, two);
}

static void which_is_newer_their_numbers_say_else_their_times(void **state)
{
    (void)state;
    const struct list_spec nine = {.by = &p.ca, .number = 9, .this_s = TEST_NOW};
    const struct list_spec ten = {.by = &p.ca, .number = 10, .this_s = TEST_NOW - HOUR};
    const struct list_spec early = {.by = &p.ca, .this_s = TEST_NOW - 2};
    const struct list_spec late = {.by = &p.ca, .this_s = TEST_NOW - 1};
    assert_true(is_newer(&ten, &nine));
    assert_false(is_newer(&nine, &ten));
    assert_false(is_newer(&nine, &nine));
    assert_true(is_newer(&late, &early));
    assert_false(is_newer(&early, &late));
    assert_false(is_newer(&late, &late));
    assert_true(is_newer(&nine, &late)); /* one has no number */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_of_the_issuer_is_taken_and_says_what_is_in_it),
        cmocka_unit_test(each_fault_alone_is_refused),
        cmocka_unit_test(the_times_are_kept_to_the_second),
        cmocka_unit_test(sha1_counts_where_it_is_allowed),
        cmocka_unit_test(every_byte_is_signed),
        cmocka_unit_test(only_one_whole_list_is_parsed),
        cmocka_unit_test(pem_is_read_too_past_what_is_no_list),
        cmocka_unit_test(one_of_several_is_not_taken_for_all),
        cmocka_unit_test(which_is_newer_their_numbers_say_else_their_times),
    };
    return cmocka_run_group_tests(tests, up, down);
}
