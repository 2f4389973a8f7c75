/* SPDX-License-Identifier: Apache-2.0 */
/* What a responder is asked, and which of its answers count. */
#include "revoke.h"

static struct {
    struct id ca, twin, phone, other;
    struct id delegate, stranger, no_usage, over, named;
} p;

static int up(void **state)
{
    (void)state;
    p.ca = self_id(RF_CERT_ROLE_MIC_ISSUER, "Issuer", 0);
    p.twin = self_id(RF_CERT_ROLE_MIC_ISSUER, "Issuer", 0);
    p.phone = mic_id("SEP001122334455", &p.ca, 0);
    p.other = mic_id("SEP001122334466", &p.ca, 0);
    p.delegate = responder_id(&p.ca, "OCSPSigning", TEST_NOW + HOUR);
    p.stranger = responder_id(&p.twin, "OCSPSigning", TEST_NOW + HOUR);
    p.no_usage = responder_id(&p.ca, "clientAuth", TEST_NOW + HOUR);
    p.over = responder_id(&p.ca, "OCSPSigning", TEST_NOW - 60);
    p.named = self_id(RF_CERT_ROLE_CCM, "Named responder", 0);
    return 0;
}

static int down(void **state)
{
    (void)state;
    struct id *all[] = {&p.ca,       &p.twin,     &p.phone, &p.other, &p.delegate,
                        &p.stranger, &p.no_usage, &p.over,  &p.named};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        id_fini(all[i]);
    return 0;
}

static const struct rf_ocsp_nonce ours = {.bytes = {1, 2, 3, 4, 5, 6, 7, 8}};
static const struct rf_ocsp_nonce theirs = {.bytes = {8, 7, 6, 5, 4, 3, 2, 1}};

static struct answer_spec good(void)
{
    return (struct answer_spec){
        .by = &p.ca, .about = p.phone.cert, .issuer = p.ca.cert, .nonce = &ours};
}

static enum rf_err read_answer(const struct answer_spec *s, const struct rf_cert_list *responders,
                               struct rf_ocsp_said *said, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf der = answer_der(s);
    const struct rf_ocsp_question q = {.cert = p.phone.cert,
                                       .issuer = p.ca.cert,
                                       .nonce = ours,
                                       .responders = responders,
                                       .now_s = TEST_NOW};
    return rf_ocsp_read(rf_buf_slice(&der), &q, said, why);
}

static void check(const struct answer_spec *s, enum rf_err want, const char *code)
{
    struct rf_ocsp_said said;
    struct rf_why why = {0};
    enum rf_err err = read_answer(s, NULL, &said, &why);
    if (err != want || strcmp(why.code, code) != 0)
        print_error("%s: %s\n", code, rf_why_text(&why));
    assert_err(err, want);
    assert_string_equal(why.code, code);
}

static void the_question_names_the_certificate_and_is_new_each_time(void **state)
{
    (void)state;
    struct rf_ocsp_nonce a, b;
    RF_AUTO(rf_buf_fini) struct rf_buf one = RF_BUF(RF_OCSP_REQUEST_MAX);
    RF_AUTO(rf_buf_fini) struct rf_buf two = RF_BUF(RF_OCSP_REQUEST_MAX);
    assert_err(rf_ocsp_ask(p.phone.cert, p.ca.cert, &a, &one, NULL), RF_OK);
    assert_err(rf_ocsp_ask(p.phone.cert, p.ca.cert, &b, &two, NULL), RF_OK);
    assert_false(rf_slice_eq(rf_buf_slice(&one), rf_buf_slice(&two)));
    const unsigned char *at = one.p;
    OCSP_REQUEST *req = d2i_OCSP_REQUEST(NULL, &at, (long)one.len);
    assert_non_null(req);
    assert_int_equal(OCSP_request_onereq_count(req), 1);
    OCSP_CERTID *want =
        OCSP_cert_to_id(EVP_sha1(), rf_cert_x509(p.phone.cert), rf_cert_x509(p.ca.cert));
    assert_int_equal(OCSP_id_cmp(OCSP_onereq_get0_id(OCSP_request_onereq_get0(req, 0)), want), 0);
    OCSP_CERTID_free(want);
    OCSP_REQUEST_free(req);
}

static void all_three_answers_are_read(void **state)
{
    (void)state;
    struct answer_spec s = good();
    struct rf_ocsp_said said;
    assert_err(read_answer(&s, NULL, &said, NULL), RF_OK);
    assert_int_equal(said.status, RF_OCSP_GOOD);
    assert_int_equal(said.until_s, TEST_NOW + HOUR);
    assert_true(said.has_nonce);
    s.status = RF_OCSP_REVOKED;
    assert_err(read_answer(&s, NULL, &said, NULL), RF_OK);
    assert_int_equal(said.status, RF_OCSP_REVOKED);
    assert_int_equal(said.revoked_s, TEST_NOW - 60);
    assert_string_equal(said.reason, "keyCompromise");
    s.status = RF_OCSP_UNKNOWN;
    assert_err(read_answer(&s, NULL, &said, NULL), RF_OK);
    assert_int_equal(said.status, RF_OCSP_UNKNOWN);
    s = good();
    s.next_s = -1;
    assert_err(read_answer(&s, NULL, &said, NULL), RF_OK);
    assert_int_equal(said.until_s, TEST_NOW - 60 + RF_OCSP_DEFAULT_S);
}

static void the_issuer_may_say_it_and_whom_it_names_for_that(void **state)
{
    (void)state;
    struct answer_spec s = good();
    check(&s, RF_OK, "");
    s.by = &p.delegate;
    check(&s, RF_OK, "");
    s.by = &p.twin; /* the issuer's name, another key */
    check(&s, RF_ERR_CRYPTO, "ocsp-signature");
    s.by = &p.stranger; /* of the twin */
    check(&s, RF_ERR_CRYPTO, "ocsp-signature");
    s.by = &p.no_usage;
    check(&s, RF_ERR_CRYPTO, "ocsp-signature");
    s.by = &p.other; /* a phone of the same issuer */
    check(&s, RF_ERR_CRYPTO, "ocsp-signature");
    s.by = &p.over;
    check(&s, RF_ERR_CRYPTO, "ocsp-signature");
}

static void a_responder_that_the_site_names_may_say_it(void **state)
{
    (void)state;
    struct answer_spec s = good();
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list list = {0};
    struct rf_ocsp_said said;
    struct rf_why why = {0};
    s.by = &p.named;
    assert_refused(read_answer(&s, NULL, &said, &why), RF_ERR_CRYPTO, why, "ocsp-signature");
    assert_true(rf_cert_list_add(&list, p.over.cert));
    why = (struct rf_why){0};
    assert_refused(read_answer(&s, &list, &said, &why), RF_ERR_CRYPTO, why, "ocsp-signature");
    assert_true(rf_cert_list_add(&list, p.named.cert));
    assert_err(read_answer(&s, &list, &said, NULL), RF_OK);
    s.by = &p.delegate; /* and the issuer's own still may */
    assert_err(read_answer(&s, &list, &said, NULL), RF_OK);
    s.by = &p.over; /* one that is named, and whose certificate has ended */
    why = (struct rf_why){0};
    assert_refused(read_answer(&s, &list, &said, &why), RF_ERR_CRYPTO, why, "ocsp-signature");
}

static void each_fault_alone_is_refused(void **state)
{
    (void)state;
    struct answer_spec s = good();
    s.nonce = NULL; /* an answer from a store */
    check(&s, RF_OK, "");
    s.nonce = &theirs;
    check(&s, RF_ERR_DENIED, "ocsp-nonce");
    s = good();
    s.about = p.other.cert;
    check(&s, RF_ERR_DENIED, "ocsp-other");
    s = good();
    s.issuer = p.twin.cert; /* the same number, by another: the signer does not speak for it */
    check(&s, RF_ERR_CRYPTO, "ocsp-signature");
    s = good();
    s.md = EVP_sha1();
    check(&s, RF_ERR_DENIED, "ocsp-digest");
    s = good();
    s.response = OCSP_RESPONSE_STATUS_TRYLATER;
    check(&s, RF_ERR_DENIED, "ocsp-refused");
}

static void the_times_are_kept(void **state)
{
    (void)state;
    struct answer_spec s = good();
    s.this_s = TEST_NOW - HOUR;
    s.next_s = TEST_NOW;
    check(&s, RF_OK, "");
    s.next_s = TEST_NOW - 1;
    check(&s, RF_ERR_DENIED, "ocsp-expired");
    s = good();
    s.this_s = TEST_NOW + RF_OCSP_SKEW_S;
    check(&s, RF_OK, "");
    s.this_s = TEST_NOW + RF_OCSP_SKEW_S + 1;
    check(&s, RF_ERR_DENIED, "ocsp-not-yet");
    s = good();
    s.next_s = -1;
    s.this_s = TEST_NOW - RF_OCSP_DEFAULT_S;
    check(&s, RF_OK, "");
    s.this_s--;
    check(&s, RF_ERR_DENIED, "ocsp-expired");
}

/* Bytes around the signed part name the signer and carry its certificate: whatever of them can be
 * changed, what is said stays. */
static void nobody_on_the_way_changes_what_is_said(void **state)
{
    (void)state;
    struct answer_spec s = good();
    s.status = RF_OCSP_REVOKED;
    RF_AUTO(rf_buf_fini) struct rf_buf der = answer_der(&s);
    const struct rf_ocsp_question q = {
        .cert = p.phone.cert, .issuer = p.ca.cert, .nonce = ours, .now_s = TEST_NOW};
    size_t refused = 0;
    for (size_t i = 0; i < der.len; i++) {
        struct rf_ocsp_said said;
        der.p[i] ^= 1;
        if (rf_ocsp_read(rf_buf_slice(&der), &q, &said, NULL) != RF_OK)
            refused++;
        else
            assert_int_equal(said.status, RF_OCSP_REVOKED);
        der.p[i] ^= 1;
    }
    assert_true(refused > 300);
}

static void what_is_no_answer_is_refused(void **state)
{
    (void)state;
    struct answer_spec s = good();
    RF_AUTO(rf_buf_fini) struct rf_buf der = answer_der(&s);
    const struct rf_ocsp_question q = {
        .cert = p.phone.cert, .issuer = p.ca.cert, .nonce = ours, .now_s = TEST_NOW};
    struct rf_ocsp_said said;
    struct rf_why why = {0};
    for (size_t n = 0; n < der.len; n++)
        assert_err(rf_ocsp_read(rf_slice_of(der.p, n), &q, &said, NULL), RF_ERR_BAD);
    assert_err(rf_ocsp_read(rf_buf_slice(&der), &q, &said, NULL), RF_OK);
    assert_err(rf_buf_add(&der, "", 1), RF_OK);
    assert_refused(rf_ocsp_read(rf_buf_slice(&der), &q, &said, &why), RF_ERR_BAD, why,
                   "ocsp-parse");
    why = (struct rf_why){0};
    assert_refused(rf_ocsp_read(rf_slice_of(der.p, RF_OCSP_ANSWER_MAX + 1), &q, &said, &why),
                   RF_ERR_LIMIT, why, "ocsp-size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_question_names_the_certificate_and_is_new_each_time),
        cmocka_unit_test(all_three_answers_are_read),
        cmocka_unit_test(the_issuer_may_say_it_and_whom_it_names_for_that),
        cmocka_unit_test(a_responder_that_the_site_names_may_say_it),
        cmocka_unit_test(each_fault_alone_is_refused),
        cmocka_unit_test(the_times_are_kept),
        cmocka_unit_test(nobody_on_the_way_changes_what_is_said),
        cmocka_unit_test(what_is_no_answer_is_refused),
    };
    return cmocka_run_group_tests(tests, up, down);
}
