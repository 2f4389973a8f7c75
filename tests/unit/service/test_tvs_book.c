/* SPDX-License-Identifier: Apache-2.0 */
/* For which certificates TVS vouches, and for what. */
#include "service/tvs/tvs_book.h"

#include "../trust/pki.h"
#include "wire/trustlist/trustlist.h"

#define ROLE(name) RF_TVS_ROLE(RF_TRUSTLIST_ROLE_##name)

static struct {
    struct id ccm, sast, web;
} people;

static int up(void **state)
{
    (void)state;
    people.ccm = self_id(RF_CERT_ROLE_CCM, "ccm", 0);
    people.sast = self_id(RF_CERT_ROLE_SAST, "sast", 0);
    people.web = self_id(RF_CERT_ROLE_TVS, "web", 0);
    return 0;
}

static int down(void **state)
{
    (void)state;
    id_fini(&people.ccm);
    id_fini(&people.sast);
    id_fini(&people.web);
    return 0;
}

static enum rf_err verify(const struct rf_tvs_book *book, const struct id *who, int64_t now_s,
                          struct rf_tvs_entry *out, struct rf_why *why)
{
    return rf_tvs_book_verify(book, rf_cert_der(who->cert), now_s, out, why);
}

static void a_certificate_is_vouched_for_with_its_roles(void **state)
{
    (void)state;
    RF_AUTO(rf_tvs_book_freep) struct rf_tvs_book *book = rf_tvs_book_new(600);
    struct rf_tvs_entry e;
    struct rf_why why = {0};
    assert_err(rf_tvs_book_add(book, people.ccm.cert, ROLE(CCM), 0, NULL), RF_OK);
    assert_err(rf_tvs_book_add(book, people.ccm.cert, ROLE(TFTP), 0, NULL), RF_OK);
    assert_err(rf_tvs_book_add(book, people.web.cert, ROLE(APP_SERVER), 60, NULL), RF_OK);
    assert_int_equal(rf_tvs_book_n(book), 2);
    assert_err(verify(book, &people.ccm, TEST_NOW, &e, NULL), RF_OK);
    assert_true(rf_cert_eq(e.cert, people.ccm.cert));
    assert_int_equal(e.roles, ROLE(CCM) | ROLE(TFTP));
    assert_int_equal(e.ttl_s, 600);
    assert_err(verify(book, &people.web, TEST_NOW, &e, NULL), RF_OK);
    assert_int_equal(e.ttl_s, 60);
    assert_refused(verify(book, &people.sast, TEST_NOW, &e, &why), RF_ERR_NOT_FOUND, why,
                   "tvs-unknown");
    assert_null(e.cert);
}

static void sec_23_who_was_added_does_not_thereby_sign_lists(void **state)
{
    (void)state;
    RF_AUTO(rf_tvs_book_freep) struct rf_tvs_book *book = rf_tvs_book_new(600);
    struct rf_tvs_entry e;
    struct rf_why why = {0};
    assert_err(rf_tvs_book_add(book, people.web.cert, ROLE(SAST) | ROLE(TFTP), 0, NULL), RF_OK);
    assert_err(rf_tvs_book_add(book, people.sast.cert, ROLE(SAST), 0, NULL), RF_OK);
    assert_err(verify(book, &people.web, TEST_NOW, &e, NULL), RF_OK);
    assert_int_equal(e.roles, ROLE(TFTP));
    assert_refused(verify(book, &people.sast, TEST_NOW, &e, &why), RF_ERR_DENIED, why,
                   "tvs-no-role");
    RF_AUTO(rf_freep)
    char *names = rf_strf("0123 %s %s", rf_cert_fingerprint(people.ccm.cert),
                          rf_cert_fingerprint(people.web.cert));
    rf_tvs_book_permit_named(book, names);
    rf_tvs_book_permit(book, people.sast.cert);
    assert_err(verify(book, &people.web, TEST_NOW, &e, NULL), RF_OK);
    assert_int_equal(e.roles, ROLE(SAST) | ROLE(TFTP));
    assert_err(verify(book, &people.sast, TEST_NOW, &e, NULL), RF_OK);
    assert_int_equal(e.roles, ROLE(SAST));
}

static void a_certificate_out_of_its_time_is_not_vouched_for(void **state)
{
    (void)state;
    RF_AUTO(rf_tvs_book_freep) struct rf_tvs_book *book = rf_tvs_book_new(600);
    struct rf_tvs_entry e;
    struct rf_why why = {0};
    int64_t from = rf_cert_not_before(people.ccm.cert), until = rf_cert_not_after(people.ccm.cert);
    assert_err(rf_tvs_book_add(book, people.ccm.cert, ROLE(CCM), 0, NULL), RF_OK);
    assert_err(verify(book, &people.ccm, from, &e, NULL), RF_OK);
    assert_err(verify(book, &people.ccm, until, &e, NULL), RF_OK);
    assert_refused(verify(book, &people.ccm, from - 1, &e, &why), RF_ERR_DENIED, why,
                   "tvs-not-yet-valid");
    why = (struct rf_why){0};
    assert_refused(verify(book, &people.ccm, until + 1, &e, &why), RF_ERR_DENIED, why,
                   "tvs-expired");
}

static void unknown_roles_and_none_are_refused(void **state)
{
    (void)state;
    RF_AUTO(rf_tvs_book_freep) struct rf_tvs_book *book = rf_tvs_book_new(600);
    struct rf_why why = {0};
    assert_refused(rf_tvs_book_add(book, people.ccm.cert, 0, 0, &why), RF_ERR_BAD, why,
                   "tvs-roles");
    why = (struct rf_why){0};
    assert_refused(rf_tvs_book_add(book, people.ccm.cert, RF_TVS_ROLE(9), 0, &why), RF_ERR_BAD, why,
                   "tvs-roles");
    assert_int_equal(rf_tvs_book_n(book), 0);
}

static void the_book_has_an_end(void **state)
{
    (void)state;
    RF_AUTO(rf_tvs_book_freep) struct rf_tvs_book *book = rf_tvs_book_new(600);
    struct rf_why why = {0};
    struct id one = self_id(RF_CERT_ROLE_CCM, "one", 0);
    for (unsigned i = 0; i < RF_TVS_BOOK_MAX; i++) {
        struct rf_cert *cert = NULL;
        struct rf_issue_self spec = {
            .role = RF_CERT_ROLE_CCM, .cn = "many", .now_s = TEST_NOW, .days = 10};
        assert_err(rf_issue_self_signed(&spec, one.vault, &cert, NULL), RF_OK);
        assert_err(rf_tvs_book_add(book, cert, ROLE(CCM), 0, NULL), RF_OK);
        rf_cert_unref(cert);
    }
    assert_refused(rf_tvs_book_add(book, one.cert, ROLE(CCM), 0, &why), RF_ERR_LIMIT, why,
                   "tvs-full");
    id_fini(&one);
}

/* ---- queries ---- */

static struct rf_tvs_msg query_of(struct rf_slice a, struct rf_slice b)
{
    return (struct rf_tvs_msg){.command = RF_TVS_QUERY_REQ,
                               .other = {{.tag = 5, .value = a}, {.tag = 3, .value = b}},
                               .other_n = 2};
}

static void sec_97a_a_query_finds_by_issuer_and_serial_whatever_their_tags(void **state)
{
    (void)state;
    RF_AUTO(rf_tvs_book_freep) struct rf_tvs_book *book = rf_tvs_book_new(600);
    struct rf_tvs_entry e;
    struct rf_why why = {0};
    const struct rf_cert *cert = people.ccm.cert;
    struct rf_slice serial = rf_cert_serial(cert), text = rf_slice_str(rf_cert_issuer(cert));
    assert_err(rf_tvs_book_add(book, people.ccm.cert, ROLE(CCM), 0, NULL), RF_OK);
    assert_err(rf_tvs_book_add(book, people.web.cert, ROLE(APP_SERVER), 0, NULL), RF_OK);
    struct rf_tvs_msg q = query_of(text, serial);
    assert_err(rf_tvs_book_query(book, &q, TEST_NOW, &e, NULL), RF_OK);
    assert_true(rf_cert_eq(e.cert, cert));
    q = query_of(serial, rf_cert_issuer_der(cert));
    assert_err(rf_tvs_book_query(book, &q, TEST_NOW, &e, NULL), RF_OK);
    /* Each of them alone, or one of another certificate, names nobody. */
    q = query_of(serial, rf_slice_str(rf_cert_issuer(people.web.cert)));
    assert_refused(rf_tvs_book_query(book, &q, TEST_NOW, &e, &why), RF_ERR_NOT_FOUND, why,
                   "tvs-unknown");
    q = query_of(text, rf_slice_str("1"));
    why = (struct rf_why){0};
    assert_refused(rf_tvs_book_query(book, &q, TEST_NOW, &e, &why), RF_ERR_NOT_FOUND, why,
                   "tvs-unknown");
    q.other_n = 0;
    why = (struct rf_why){0};
    assert_refused(rf_tvs_book_query(book, &q, TEST_NOW, &e, &why), RF_ERR_NOT_FOUND, why,
                   "tvs-unknown");
}

/* Issuer and serial number are what a dishonest issuer likes: two with the same are none. */
static void a_query_that_fits_two_certificates_is_refused(void **state)
{
    (void)state;
    RF_AUTO(rf_tvs_book_freep) struct rf_tvs_book *book = rf_tvs_book_new(600);
    struct rf_tvs_entry e;
    struct rf_why why = {0};
    assert_err(rf_tvs_book_add(book, people.ccm.cert, ROLE(CCM), 0, NULL), RF_OK);
    assert_err(rf_tvs_book_add(book, people.web.cert, ROLE(CCM), 0, NULL), RF_OK);
    struct rf_tvs_msg q = {
        .command = RF_TVS_QUERY_REQ,
        .other = {{1, rf_cert_serial(people.ccm.cert)}, {3, rf_cert_issuer_der(people.ccm.cert)}},
        .other_n = 2};
    assert_err(rf_tvs_book_query(book, &q, TEST_NOW, &e, NULL), RF_OK);
    q.other[2] = (struct rf_tvs_other){4, rf_cert_serial(people.web.cert)};
    q.other[3] = (struct rf_tvs_other){5, rf_cert_issuer_der(people.web.cert)};
    q.other_n = 4;
    assert_refused(rf_tvs_book_query(book, &q, TEST_NOW, &e, &why), RF_ERR_DENIED, why,
                   "tvs-ambiguous");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_vouched_for_with_its_roles),
        cmocka_unit_test(sec_23_who_was_added_does_not_thereby_sign_lists),
        cmocka_unit_test(a_certificate_out_of_its_time_is_not_vouched_for),
        cmocka_unit_test(unknown_roles_and_none_are_refused),
        cmocka_unit_test(the_book_has_an_end),
        cmocka_unit_test(sec_97a_a_query_finds_by_issuer_and_serial_whatever_their_tags),
        cmocka_unit_test(a_query_that_fits_two_certificates_is_refused),
    };
    return cmocka_run_group_tests(tests, up, down);
}
