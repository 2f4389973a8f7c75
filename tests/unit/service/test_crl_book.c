/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of revoked certificates in a site's folder: which are taken up, and which are used. */
#include "crl_site.h"

static struct rf_crl_book *load_at(int64_t now_s)
{
    struct rf_crl_book *book = NULL;
    assert_err(rf_crl_book_load(p.dir, now_s, false, &book, NULL), RF_OK);
    return book;
}

static enum rf_err put(struct rf_crl_book *book, const struct list_spec *s, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf der = list_der(s);
    *why = (struct rf_why){0};
    return rf_crl_book_put(book, p.dir, rf_buf_slice(&der), NULL, why);
}

static void a_list_is_taken_up_and_there_next_time(void **state)
{
    (void)state;
    struct rf_why why;
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = load_at(TEST_NOW);
    assert_int_equal(book->n, 0);
    assert_int_equal(book->n_issuers, 3);
    const struct list_spec s = {.by = &p.maker, .number = 7, .revoked = {p.phone.cert}};
    RF_AUTO(rf_buf_fini) struct rf_buf der = list_der(&s);
    why = (struct rf_why){0};
    assert_err(rf_crl_book_put(book, p.dir, rf_buf_slice(&der), NULL, &why), RF_OK);
    assert_refused(rf_crl_book_put(book, p.dir, rf_buf_slice(&der), NULL, &why), RF_ERR_EXISTS, why,
                   "crl-held");
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *next = load_at(TEST_NOW);
    assert_int_equal(next->n, 1);
    const struct rf_crl_held *h = rf_crl_book_find(next, p.maker.cert);
    assert_non_null(h);
    assert_true(h->is_used);
    assert_string_equal(h->why.code, "");
    assert_string_equal(rf_crl_number(h->crl), "7");
    assert_null(rf_crl_book_find(next, p.own.cert));
    assert_err(put(next, &(struct list_spec){.by = &p.own}, &why), RF_OK); /* our own's too */
    assert_non_null(rf_crl_book_find(next, p.own.cert));
}

static void only_a_newer_one_takes_its_place(void **state)
{
    (void)state;
    struct rf_why why;
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = load_at(TEST_NOW);
    assert_err(put(book, &(struct list_spec){.by = &p.maker, .number = 7}, &why), RF_OK);
    assert_refused(put(book, &(struct list_spec){.by = &p.maker, .number = 6}, &why), RF_ERR_DENIED,
                   why, "crl-older");
    assert_refused(put(book,
                       &(struct list_spec){.by = &p.maker, .number = 7, .revoked = {p.phone.cert}},
                       &why),
                   RF_ERR_DENIED, why, "crl-older"); /* the same number, another list */
    assert_err(put(book, &(struct list_spec){.by = &p.maker, .number = 8}, &why), RF_OK);
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *next = load_at(TEST_NOW);
    assert_int_equal(next->n, 1);
    assert_string_equal(rf_crl_number(next->held[0].crl), "8");
}

static void what_does_not_verify_is_not_written(void **state)
{
    (void)state;
    struct rf_why why;
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = load_at(TEST_NOW);
    assert_refused(put(book, &(struct list_spec){.by = &p.stranger}, &why), RF_ERR_DENIED, why,
                   "crl-issuer-unknown");
    assert_refused(put(book, &(struct list_spec){.by = &p.stranger, .as = &p.maker}, &why),
                   RF_ERR_CRYPTO, why, "crl-signature");
    assert_refused(put(book, &(struct list_spec){.by = &p.no_lists}, &why), RF_ERR_DENIED, why,
                   "crl-key-usage");
    assert_refused(put(book, &(struct list_spec){.by = &p.maker, .next_s = TEST_NOW - 1}, &why),
                   RF_ERR_DENIED, why, "crl-expired");
    why = (struct rf_why){0};
    assert_refused(rf_crl_book_put(book, p.dir, rf_slice_str("hello"), NULL, &why), RF_ERR_BAD, why,
                   "crl-der");
    assert_int_equal(book->n, 0);
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *next = load_at(TEST_NOW);
    assert_int_equal(next->n, 0);
}

static void what_lies_in_the_folder_is_judged_each_time(void **state)
{
    (void)state;
    RF_AUTO(rf_buf_fini) struct rf_buf good = list_der(&(struct list_spec){.by = &p.maker});
    RF_AUTO(rf_buf_fini) struct rf_buf bad = list_der(&(struct list_spec){.by = &p.stranger});
    write_file("trust/crl/a.crl", rf_buf_slice(&good));
    write_file("trust/crl/b.crl", rf_buf_slice(&bad));
    write_file("trust/crl/c.pem", rf_slice_str("nothing"));
    write_file("trust/crl/readme.txt", rf_slice_str("nothing"));
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = load_at(TEST_NOW);
    assert_int_equal(book->n, 3);
    assert_true(book->held[0].is_used);
    assert_false(book->held[1].is_used);
    assert_string_equal(book->held[1].why.code, "crl-issuer-unknown");
    assert_false(book->held[2].is_used);
    assert_string_equal(book->held[2].why.code, "crl-der");
    /* One that is too old by now still says what it says. */
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *later = load_at(TEST_NOW + 2 * HOUR);
    assert_true(later->held[0].is_used);
    assert_string_equal(later->held[0].why.code, "crl-expired");
    assert_non_null(rf_crl_book_find(later, p.maker.cert));
}

static void a_list_goes_by_its_issuer_or_by_its_file(void **state)
{
    (void)state;
    struct rf_why why = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf bad = list_der(&(struct list_spec){.by = &p.stranger});
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = load_at(TEST_NOW);
    assert_err(put(book, &(struct list_spec){.by = &p.maker}, &why), RF_OK);
    assert_refused(rf_crl_book_remove(book, p.dir, "../ringfence.conf", &why), RF_ERR_NOT_FOUND,
                   why, "crl-unknown");
    write_file("trust/crl/b.crl", rf_buf_slice(&bad));
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *two = load_at(TEST_NOW);
    assert_int_equal(two->n, 2);
    assert_err(rf_crl_book_remove(two, p.dir, "b.crl", NULL), RF_OK);
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *one = load_at(TEST_NOW);
    assert_int_equal(one->n, 1);
    assert_err(rf_crl_book_remove(one, p.dir, rf_cert_fingerprint(p.maker.cert), NULL), RF_OK);
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *none = load_at(TEST_NOW);
    assert_int_equal(none->n, 0);
}

/* Two of its name, under these names of files. */
static void hold_two(const struct rf_cert *first, const struct rf_cert *second)
{
    write_cert("trust/mic-roots/x1.pem", first);
    write_cert("trust/mic-roots/x2.pem", second);
}

static int without_them(void **state)
{
    for (int i = 1; i <= 2; i++) {
        RF_AUTO(rf_freep) char *path = rf_strf("%s/trust/mic-roots/x%d.pem", p.dir, i);
        assert_err(rf_file_remove(path, NULL), RF_OK);
    }
    return empty(state);
}

/* It may sign lists by its new certificate, and might not by the former one. */
static void a_list_counts_when_one_certificate_of_its_issuer_lets_it(void **state)
{
    (void)state;
    struct rf_why why;
    struct id ca = self_id(RF_CERT_ROLE_CAPF, "Company CA", 0);
    struct rf_issue_self spec = {.role = RF_CERT_ROLE_MIC_ISSUER,
                                 .cn = "Company CA",
                                 .org = "Ringfence test",
                                 .now_s = TEST_NOW,
                                 .days = 2000};
    struct rf_cert *renewed = NULL;
    assert_err(rf_issue_self_signed(&spec, ca.vault, &renewed, NULL), RF_OK);
    const struct list_spec list = {.by = &ca, .number = 1};
    for (int i = 0; i < 2; i++) {
        hold_two(i == 0 ? ca.cert : renewed, i == 0 ? renewed : ca.cert);
        RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = load_at(TEST_NOW);
        assert_err(put(book, &list, &why), RF_OK);
        assert_non_null(rf_crl_book_find(book, renewed));
        (void)empty(NULL);
    }
    rf_cert_unref(renewed);
    id_fini(&ca);
}

static void of_several_reasons_the_one_that_helps_is_said(void **state)
{
    (void)state;
    struct rf_why why;
    struct id ca = self_id(RF_CERT_ROLE_CAPF, "Company CA", 0);
    struct id other_key = self_id(RF_CERT_ROLE_MIC_ISSUER, "Company CA", 0);
    const struct list_spec list = {.by = &ca, .number = 1};
    for (int i = 0; i < 2; i++) {
        hold_two(i == 0 ? ca.cert : other_key.cert, i == 0 ? other_key.cert : ca.cert);
        RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = load_at(TEST_NOW);
        assert_refused(put(book, &list, &why), RF_ERR_DENIED, why, "crl-key-usage");
    }
    id_fini(&ca);
    id_fini(&other_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_list_is_taken_up_and_there_next_time, empty),
        cmocka_unit_test_setup(only_a_newer_one_takes_its_place, empty),
        cmocka_unit_test_setup(what_does_not_verify_is_not_written, empty),
        cmocka_unit_test_setup(what_lies_in_the_folder_is_judged_each_time, empty),
        cmocka_unit_test_setup(a_list_goes_by_its_issuer_or_by_its_file, empty),
        cmocka_unit_test_setup_teardown(a_list_counts_when_one_certificate_of_its_issuer_lets_it,
                                        empty, without_them),
        cmocka_unit_test_setup_teardown(of_several_reasons_the_one_that_helps_is_said, empty,
                                        without_them),
    };
    return cmocka_run_group_tests(tests, up, down);
}
