/* SPDX-License-Identifier: Apache-2.0 */
/* Trust lists on the phone's side: opened, believed or refused, and asked. The builder has its own
 * tests. */
#include "list.h"

/* --- lists of another implementation --- */

static struct rf_list *opened(const char *file)
{
    struct rf_buf b = read_data(file);
    struct rf_list *l = NULL;
    assert_err(rf_list_open(rf_buf_slice(&b), &l, NULL), RF_OK);
    assert_slice_eq(rf_list_bytes(l), rf_buf_slice(&b));
    rf_buf_fini(&b);
    return l;
}

static void lists_of_another_implementation_are_right(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *signer;
        size_t n;
        bool is_11;
    } rows[] = {{"fixtures/made/ITLFile.tlv", "sast", 5, false},
                {"fixtures/made/itl-1.1-ec.tlv", "sast", 6, true},
                {"fixtures/made/itl-next-by-sast2.tlv", "sast2", 3, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rf_list *l = opened(rows[i].file);
        struct id signer = fixture_id(rows[i].signer);
        assert_err(rf_list_verify_own(l, RF_LIST_ITL, &at_now, NULL), RF_OK);
        assert_int_equal(rf_list_n(l), rows[i].n);
        assert_int_equal(rf_list_is_11(l), rows[i].is_11);
        assert_true(rf_cert_eq(rf_list_own_signer(l), signer.cert));
        assert_int_equal(strlen(rf_list_fingerprint(l)), 64);
        for (size_t k = 0; k < rf_list_n(l); k++)
            assert_non_null(rf_list_cert(l, k));
        rf_list_unref(l);
        id_fini(&signer);
    }
}

static void the_roles_of_a_list_are_found(void **state)
{
    (void)state;
    static const struct {
        uint16_t role;
        const char *cert;
    } rows[] = {{RF_TRUSTLIST_ROLE_SAST, "sast"},
                {RF_TRUSTLIST_ROLE_CCM, "ccm"},
                {RF_TRUSTLIST_ROLE_TFTP, "tftp"},
                {RF_TRUSTLIST_ROLE_CAPF, "capf"},
                {RF_TRUSTLIST_ROLE_TVS, "tvs"}};
    struct rf_lists lists = {.itl = opened("fixtures/made/ITLFile.tlv")};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct id id = fixture_id(rows[i].cert);
        assert_int_equal(rf_list_role(lists.itl, i), rows[i].role);
        assert_true(rf_cert_eq(rf_list_cert(lists.itl, i), id.cert));
        assert_true(rf_cert_eq(rf_lists_nth(&lists, rows[i].role, 0), id.cert));
        assert_null(rf_lists_nth(&lists, rows[i].role, 1));
        assert_err(rf_lists_find_server(&lists, id.cert, rows[i].role, NULL), RF_OK);
        id_fini(&id);
    }
    rf_lists_fini(&lists);
    assert_null(lists.itl);
}

static void the_fingerprint_is_that_of_the_whole_file(void **state)
{
    (void)state;
    struct rf_buf b = read_data("fixtures/made/ITLFile.tlv");
    struct rf_list *l = opened("fixtures/made/ITLFile.tlv");
    uint8_t md[RF_DIGEST_MAX];
    char hex[65];
    size_t n = rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&b), md);
    assert_string_equal(rf_list_fingerprint(l), rf_hex(rf_slice_of(md, n), hex, sizeof(hex)));
    rf_list_unref(l);
    rf_buf_fini(&b);
}

/* --- which list is taken --- */

static void the_first_list_is_trusted_and_the_second_vouched_for_sec_19(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf ctl = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 20);
    struct rf_buf itl = site_list(RF_LIST_ITL, &site.sast2, TEST_NOW - 10);
    assert_true(rf_lists_is_empty(&lists));
    assert_false(rf_lists_wants_signed(&lists));
    assert_int_equal(install(&lists, RF_LIST_CTL, &ctl), RF_LIST_FIRST_TRUST);
    assert_false(rf_lists_is_empty(&lists));
    assert_true(rf_lists_wants_signed(&lists));
    struct rf_list_verdict v;
    assert_err(rf_lists_consider(&lists, RF_LIST_ITL, rf_buf_slice(&itl), &at_now, &v, NULL),
               RF_OK);
    assert_int_equal(v.action, RF_LIST_UPDATE);
    assert_int_equal(v.by_kind, RF_LIST_CTL);
    assert_string_equal(v.signer, rf_cert_fingerprint(site.sast2.cert));
    assert_null(lists.itl); /* nothing was changed by asking */
    rf_list_verdict_fini(&v);
    assert_null(v.list);
    rf_lists_fini(&lists);
    rf_buf_fini(&ctl);
    rf_buf_fini(&itl);
}

static void an_itl_vouches_for_the_first_ctl(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf itl = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 20);
    struct rf_buf ctl = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 10);
    struct rf_list_verdict v;
    assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
    assert_err(rf_lists_consider(&lists, RF_LIST_CTL, rf_buf_slice(&ctl), &at_now, &v, NULL),
               RF_OK);
    assert_int_equal(v.action, RF_LIST_UPDATE);
    assert_int_equal(v.by_kind, RF_LIST_ITL);
    rf_list_verdict_fini(&v);
    rf_lists_fini(&lists);
    rf_buf_fini(&ctl);
    rf_buf_fini(&itl);
}

static void the_installed_list_again_is_the_same(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf itl = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 20);
    assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
    assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_SAME);
    rf_lists_fini(&lists);
    rf_buf_fini(&itl);
}

static void the_second_sast_may_sign_the_next_list_sec_21(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf old = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 20);
    struct rf_buf next = site_list(RF_LIST_CTL, &site.sast2, TEST_NOW - 10);
    assert_int_equal(install(&lists, RF_LIST_CTL, &old), RF_LIST_FIRST_TRUST);
    assert_int_equal(install(&lists, RF_LIST_CTL, &next), RF_LIST_UPDATE);
    rf_lists_fini(&lists);
    rf_buf_fini(&old);
    rf_buf_fini(&next);
}

static void a_stranger_cannot_replace_a_list_sec_20(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct id stranger = self_id(RF_CERT_ROLE_SAST, "stranger", 2048);
    struct rf_list_entry entries[] = {{stranger.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {site.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    struct rf_buf mine = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 20);
    struct rf_buf theirs = built(RF_LIST_CTL, entries, 3, &stranger, TEST_NOW - 10);
    assert_int_equal(install(&lists, RF_LIST_CTL, &mine), RF_LIST_FIRST_TRUST);
    refused(&lists, RF_LIST_CTL, &theirs, RF_ERR_DENIED, "list-signer-unknown");
    assert_slice_eq(rf_list_bytes(lists.ctl), rf_buf_slice(&mine));
    struct rf_buf itl = built(RF_LIST_ITL, entries, 3, &stranger, TEST_NOW - 10);
    refused(&lists, RF_LIST_ITL, &itl, RF_ERR_DENIED, "list-signer-unknown");
    assert_null(lists.itl);
    struct rf_lists none = {0};
    assert_int_equal(install(&none, RF_LIST_CTL, &theirs), RF_LIST_FIRST_TRUST);
    rf_lists_fini(&none);
    rf_lists_fini(&lists);
    rf_buf_fini(&mine);
    rf_buf_fini(&theirs);
    rf_buf_fini(&itl);
    id_fini(&stranger);
}

static void the_successor_of_another_implementation_is_refused(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf itl = read_data("fixtures/made/ITLFile.tlv");
    struct rf_buf ec = read_data("fixtures/made/itl-1.1-ec.tlv");
    struct rf_buf next = read_data("fixtures/made/itl-next-by-sast2.tlv");
    struct rf_list_verdict v;
    struct rf_why why = {0};
    assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
    refused(&lists, RF_LIST_ITL, &next, RF_ERR_DENIED, "list-signer-unknown");
    /* The text names the signer, so that somebody can be asked about it. */
    assert_err(rf_lists_consider(&lists, RF_LIST_ITL, rf_buf_slice(&next), &at_now, &v, &why),
               RF_ERR_DENIED);
    char serial[48];
    (void)rf_hex(rf_cert_serial(site.sast2.cert), serial, sizeof(serial));
    assert_non_null(strstr(why.text, serial));
    assert_non_null(strstr(why.text, rf_cert_issuer(site.sast2.cert)));
    assert_int_equal(install(&lists, RF_LIST_ITL, &ec), RF_LIST_UPDATE);
    rf_lists_fini(&lists);
    rf_buf_fini(&itl);
    rf_buf_fini(&ec);
    rf_buf_fini(&next);
}

/* The same names and serial as a SAST the phone has, another key: right by itself, and a forgery.
 */
static void a_forged_sast_of_the_same_name_is_refused(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct id forger = impostor_of(site.sast.cert);
    struct rf_list_entry entries[] = {{forger.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    struct rf_buf mine = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 20);
    struct rf_buf theirs = built(RF_LIST_ITL, entries, 2, &forger, TEST_NOW - 10);
    assert_int_equal(install(&lists, RF_LIST_ITL, &mine), RF_LIST_FIRST_TRUST);
    struct rf_list *l = NULL;
    assert_err(rf_list_open(rf_buf_slice(&theirs), &l, NULL), RF_OK);
    assert_err(rf_list_verify_own(l, RF_LIST_ITL, &at_now, NULL), RF_OK);
    refused(&lists, RF_LIST_ITL, &theirs, RF_ERR_CRYPTO, "sig-mismatch");
    rf_list_unref(l);
    rf_lists_fini(&lists);
    rf_buf_fini(&mine);
    rf_buf_fini(&theirs);
    id_fini(&forger);
}

static void a_signer_with_another_role_is_refused_sec_31b(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf mine = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 20);
    assert_int_equal(install(&lists, RF_LIST_ITL, &mine), RF_LIST_FIRST_TRUST);
    /* Known as CCM; calls itself SAST in its own list. */
    struct rf_list_entry entries[] = {{site.ccm.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    struct rf_buf promoted = built(RF_LIST_ITL, entries, 2, &site.ccm, TEST_NOW - 10);
    refused(&lists, RF_LIST_ITL, &promoted, RF_ERR_DENIED, "list-signer-role");
    /* Its own record says CCM only. */
    struct rf_trustlist_record records[] = {record_of(&site.ccm, RF_TRUSTLIST_ROLE_CCM),
                                            record_of(&site.sast, RF_TRUSTLIST_ROLE_SAST)};
    struct rf_buf ccm = list_of_records(records, 2, &site.ccm, "ITLFile.tlv");
    refused(&lists, RF_LIST_ITL, &ccm, RF_ERR_DENIED, "list-signer-not-own");
    struct rf_lists none = {0};
    refused(&none, RF_LIST_ITL, &ccm, RF_ERR_DENIED, "list-signer-not-own");
    records[0].role = RF_TRUSTLIST_ROLE_SAST;
    struct rf_buf sast = list_of_records(records, 2, &site.ccm, "ITLFile.tlv");
    assert_int_equal(install(&none, RF_LIST_ITL, &sast), RF_LIST_FIRST_TRUST);
    rf_lists_fini(&none);
    rf_lists_fini(&lists);
    rf_buf_fini(&mine);
    rf_buf_fini(&promoted);
    rf_buf_fini(&ccm);
    rf_buf_fini(&sast);
}

static void a_list_signed_by_none_of_its_own_is_refused(void **state)
{
    (void)state;
    struct rf_lists none = {0};
    struct rf_trustlist_record records[] = {record_of(&site.sast, RF_TRUSTLIST_ROLE_SAST),
                                            record_of(&site.tftp, RF_TRUSTLIST_ROLE_TFTP)};
    struct rf_buf by_other = list_of_records(records, 2, &site.sast2, "ITLFile.tlv");
    struct rf_buf by_own = list_of_records(records, 2, &site.sast, "ITLFile.tlv");
    refused(&none, RF_LIST_ITL, &by_other, RF_ERR_DENIED, "list-signer-not-own");
    assert_int_equal(install(&none, RF_LIST_ITL, &by_own), RF_LIST_FIRST_TRUST);
    rf_lists_fini(&none);
    rf_buf_fini(&by_other);
    rf_buf_fini(&by_own);
}

static void the_name_inside_is_the_common_one(void **state)
{
    (void)state;
    struct rf_lists none = {0};
    struct rf_buf itl = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 20);
    refused(&none, RF_LIST_CTL, &itl, RF_ERR_DENIED, "file-name");
    struct rf_trustlist_record r = record_of(&site.sast, RF_TRUSTLIST_ROLE_SAST);
    struct rf_buf own_name = list_of_records(&r, 1, &site.sast, "ITLSEP001122334455.tlv");
    refused(&none, RF_LIST_ITL, &own_name, RF_ERR_DENIED, "file-name");
    assert_int_equal(install(&none, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
    rf_lists_fini(&none);
    rf_buf_fini(&itl);
    rf_buf_fini(&own_name);
}

static void an_older_list_is_refused_or_marked_sec_25(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf newer = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 10);
    struct rf_buf older = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 20);
    struct rf_list_policy p = at_now;
    struct rf_list_verdict v;
    struct rf_why why = {0};
    assert_int_equal(install(&lists, RF_LIST_CTL, &newer), RF_LIST_FIRST_TRUST);
    assert_err(rf_lists_consider(&lists, RF_LIST_CTL, rf_buf_slice(&older), &p, &v, &why), RF_OK);
    assert_true(v.is_rollback);
    rf_list_verdict_fini(&v);
    p.rollback = RF_ROLLBACK_OFF;
    assert_err(rf_lists_consider(&lists, RF_LIST_CTL, rf_buf_slice(&older), &p, &v, &why), RF_OK);
    assert_false(v.is_rollback);
    rf_list_verdict_fini(&v);
    p.rollback = RF_ROLLBACK_REJECT;
    assert_refused(rf_lists_consider(&lists, RF_LIST_CTL, rf_buf_slice(&older), &p, &v, &why),
                   RF_ERR_DENIED, why, "time-rollback");
    rf_lists_fini(&lists);
    rf_buf_fini(&newer);
    rf_buf_fini(&older);
}

/* TVS vouches for one certificate. A list of its signer is taken, older or not, but not the next
 * older one of the same signer; and another signer gains nothing by it. */
static void a_signer_that_tvs_vouches_for_is_taken_sec_22(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf ours = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 10);
    struct id other = self_id(RF_CERT_ROLE_SAST, "other", 2048);
    struct id third = self_id(RF_CERT_ROLE_SAST, "third", 2048);
    const struct rf_list_entry entries[] = {{other.cert, RF_TRUSTLIST_ROLE_SAST, NULL}};
    struct rf_buf theirs = built(RF_LIST_CTL, entries, 1, &other, TEST_NOW - 50);
    struct rf_buf older = built(RF_LIST_CTL, entries, 1, &other, TEST_NOW - 60);
    struct rf_list_policy p = at_now;
    struct rf_list_verdict v;
    struct rf_why why = {0};
    p.rollback = RF_ROLLBACK_REJECT;
    assert_int_equal(install(&lists, RF_LIST_CTL, &ours), RF_LIST_FIRST_TRUST);
    assert_refused(rf_lists_consider(&lists, RF_LIST_CTL, rf_buf_slice(&theirs), &p, &v, &why),
                   RF_ERR_DENIED, why, "list-signer-unknown");
    p.vouched = third.cert;
    why = (struct rf_why){0};
    assert_refused(rf_lists_consider(&lists, RF_LIST_CTL, rf_buf_slice(&theirs), &p, &v, &why),
                   RF_ERR_DENIED, why, "list-signer-unknown");
    p.vouched = other.cert;
    assert_err(rf_lists_consider(&lists, RF_LIST_CTL, rf_buf_slice(&theirs), &p, &v, &why), RF_OK);
    assert_int_equal(v.action, RF_LIST_VOUCHED);
    assert_string_equal(v.signer, rf_cert_fingerprint(other.cert));
    rf_lists_install(&lists, RF_LIST_CTL, v.list);
    rf_list_verdict_fini(&v);
    why = (struct rf_why){0};
    assert_refused(rf_lists_consider(&lists, RF_LIST_CTL, rf_buf_slice(&older), &p, &v, &why),
                   RF_ERR_DENIED, why, "time-rollback");
    rf_lists_fini(&lists);
    id_fini(&other);
    id_fini(&third);
    rf_buf_fini(&ours);
    rf_buf_fini(&theirs);
    rf_buf_fini(&older);
}

static void a_list_from_the_future_is_refused(void **state)
{
    (void)state;
    struct rf_lists none = {0};
    struct rf_buf b = site_list(RF_LIST_CTL, &site.sast, TEST_NOW + 1);
    struct rf_list_policy p = at_now;
    struct rf_list_verdict v;
    refused(&none, RF_LIST_CTL, &b, RF_ERR_DENIED, "time-future");
    p.has_now = false;
    assert_err(rf_lists_consider(&none, RF_LIST_CTL, rf_buf_slice(&b), &p, &v, NULL), RF_OK);
    rf_list_verdict_fini(&v);
    rf_buf_fini(&b);
}

static void an_empty_itl_lets_any_itl_in_unless_there_is_a_ctl_sec_27(void **state)
{
    (void)state;
    struct id stranger = self_id(RF_CERT_ROLE_SAST, "new cluster", 2048);
    struct rf_list_entry theirs[] = {{stranger.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                     {site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    struct rf_buf new_itl = built(RF_LIST_ITL, theirs, 2, &stranger, TEST_NOW - 5);
    struct rf_buf new_ctl = built(RF_LIST_CTL, theirs, 2, &stranger, TEST_NOW - 5);
    /* Without a record of TFTP and TVS, or with ones that name no certificate. */
    struct rf_trustlist_record records[] = {record_of(&site.sast, RF_TRUSTLIST_ROLE_SAST),
                                            record_of(&site.tftp, RF_TRUSTLIST_ROLE_TFTP),
                                            record_of(&site.tvs, RF_TRUSTLIST_ROLE_TVS)};
    records[1].certificate = records[2].certificate = (struct rf_slice){0};
    for (size_t n = 1; n <= 3; n += 2) {
        struct rf_lists lists = {0};
        struct rf_buf empty = list_of_records(records, n, &site.sast, "ITLFile.tlv");
        assert_int_equal(install(&lists, RF_LIST_ITL, &empty), RF_LIST_FIRST_TRUST);
        assert_true(rf_lists_is_empty(&lists));
        assert_false(rf_lists_wants_signed(&lists));
        assert_int_equal(install(&lists, RF_LIST_ITL, &new_itl), RF_LIST_FIRST_TRUST);
        assert_false(rf_lists_is_empty(&lists));
        rf_lists_fini(&lists);
        /* With a CTL, nothing is taken on trust. */
        struct rf_buf ctl = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 20);
        assert_int_equal(install(&lists, RF_LIST_CTL, &ctl), RF_LIST_FIRST_TRUST);
        assert_int_equal(install(&lists, RF_LIST_ITL, &empty), RF_LIST_UPDATE);
        assert_false(rf_lists_is_empty(&lists));
        refused(&lists, RF_LIST_CTL, &new_ctl, RF_ERR_DENIED, "list-signer-unknown");
        refused(&lists, RF_LIST_ITL, &new_itl, RF_ERR_DENIED, "list-signer-unknown");
        rf_lists_fini(&lists);
        rf_buf_fini(&ctl);
        rf_buf_fini(&empty);
    }
    rf_buf_fini(&new_itl);
    rf_buf_fini(&new_ctl);
    id_fini(&stranger);
}

/* --- changed and odd lists --- */

static void one_changed_bit_anywhere_is_refused_sec_31a(void **state)
{
    (void)state;
    const struct rf_list_entry entries[] = {{site.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        struct rf_lists lists = {0};
        struct rf_buf old = built((enum rf_list_kind)kind, entries, 2, &site.sast, TEST_NOW - 20);
        struct rf_buf next = built((enum rf_list_kind)kind, entries, 2, &site.sast, TEST_NOW - 10);
        assert_int_equal(install(&lists, (enum rf_list_kind)kind, &old), RF_LIST_FIRST_TRUST);
        struct rf_signedfile sf;
        assert_err(rf_signedfile_decode(rf_buf_slice(&next), next.len, &sf, NULL), RF_OK);
        size_t header_len = sf.header_len;
        /* Every byte of the header, and a sample of the records. */
        for (size_t at = 0; at < next.len; at += at < header_len ? 1 : 29) {
            struct rf_list_verdict v;
            next.p[at] ^= (uint8_t)(1u << at % 8);
            enum rf_err err = rf_lists_consider(&lists, (enum rf_list_kind)kind,
                                                rf_buf_slice(&next), &at_now, &v, NULL);
            if (err == RF_OK)
                print_error("byte %zu: taken\n", at);
            assert_int_not_equal(err, RF_OK);
            assert_null(v.list);
            next.p[at] ^= (uint8_t)(1u << at % 8);
        }
        assert_err(rf_buf_add(&next, "", 1), RF_OK);
        refused(&lists, (enum rf_list_kind)kind, &next, RF_ERR_BAD, "record-tag");
        next.len--;
        struct rf_list *l = lists.ctl != NULL ? lists.ctl : lists.itl;
        assert_slice_eq(rf_list_bytes(l), rf_buf_slice(&old));
        assert_int_equal(install(&lists, (enum rf_list_kind)kind, &next), RF_LIST_UPDATE);
        rf_lists_fini(&lists);
        rf_buf_fini(&old);
        rf_buf_fini(&next);
    }
}

static void expect_cut_refused(struct rf_buf *b, size_t n)
{
    const struct rf_lists none = {0};
    struct rf_list_verdict v;
    size_t whole = b->len;
    b->len = n;
    assert_int_not_equal(rf_lists_consider(&none, RF_LIST_ITL, rf_buf_slice(b), &at_now, &v, NULL),
                         RF_OK);
    b->len = whole;
}

/* At every byte of the header, at every border of records, and at a sample of places between. */
static void a_list_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf b = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 10);
    struct rf_trustlist list;
    assert_err(rf_trustlist_decode(rf_buf_slice(&b), &list, NULL), RF_OK);
    for (size_t n = 0; n < b.len; n += n < list.header.header_len ? 1 : 41)
        expect_cut_refused(&b, n);
    for (size_t i = 0; i + 1 < list.record_n; i++) {
        struct rf_slice der = list.record[i].certificate; /* the last value of a record */
        size_t end = rf_slice_find(rf_buf_slice(&b), der) + der.len;
        for (size_t n = end - 1; n <= end + 1; n++)
            expect_cut_refused(&b, n);
    }
    assert_int_equal(install(&lists, RF_LIST_ITL, &b), RF_LIST_FIRST_TRUST);
    rf_lists_fini(&lists);
    rf_buf_fini(&b);
}

static void newer_minor_versions_and_unknown_tags_are_taken_sec_31c(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf b = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 10);
    add_unknown_tag(&b);
    sign_again(&b, &site.sast);
    assert_int_equal(install(&lists, RF_LIST_ITL, &b), RF_LIST_FIRST_TRUST);
    assert_int_equal(rf_list_content(lists.itl)->header.unknown_n, 1);
    b.p[4] = 3; /* version 1.3 */
    sign_again(&b, &site.sast);
    assert_int_equal(install(&lists, RF_LIST_ITL, &b), RF_LIST_UPDATE);
    assert_true(rf_list_content(lists.itl)->header.is_minor_unknown);
    b.p[3] = 3; /* version 3.3 */
    refused(&lists, RF_LIST_ITL, &b, RF_ERR_UNKNOWN, "version-major");
    b.p[3] = 1;
    b.p[4] = 0; /* version 1.0: a signed file */
    refused(&lists, RF_LIST_ITL, &b, RF_ERR_BAD, "not-a-trust-list");
    rf_lists_fini(&lists);
    rf_buf_fini(&b);
}

static void a_list_too_big_is_refused_sec_26(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_buf small = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 10);
    struct rf_buf big = RF_BUF(2 * CONTENT_MAX);
    assert_int_equal(install(&lists, RF_LIST_ITL, &small), RF_LIST_FIRST_TRUST);
    assert_err(rf_buf_add_slice(&big, rf_buf_slice(&small)), RF_OK);
    struct rf_slice records = rf_slice_part(
        rf_buf_slice(&small), rf_list_content(lists.itl)->header.header_len, SIZE_MAX);
    while (big.len <= RF_TRUSTLIST_BYTES_MAX)
        assert_err(rf_buf_add_slice(&big, records), RF_OK);
    refused(&lists, RF_LIST_ITL, &big, RF_ERR_LIMIT, "list-size");
    assert_slice_eq(rf_list_bytes(lists.itl), rf_buf_slice(&small));
    rf_lists_fini(&lists);
    rf_buf_fini(&small);
    rf_buf_fini(&big);
}

static void expect_open(const struct rf_trustlist_record *records, size_t n, enum rf_err want,
                        const char *code)
{
    struct rf_buf b = list_of_records(records, n, &site.sast, "ITLFile.tlv");
    struct rf_list *l = NULL;
    struct rf_why why = {0};
    enum rf_err err = rf_list_open(rf_buf_slice(&b), &l, &why);
    assert_err(err, want);
    assert_string_equal(why.code, code);
    rf_list_unref(l);
    rf_buf_fini(&b);
}

static void a_record_says_what_its_certificate_says(void **state)
{
    (void)state;
    const struct rf_trustlist_record good = record_of(&site.tftp, RF_TRUSTLIST_ROLE_TFTP);
    struct rf_trustlist_record r = good;
    expect_open(&r, 1, RF_OK, "");
    r.serial = rf_cert_serial(site.ccm.cert);
    expect_open(&r, 1, RF_ERR_BAD, "record-cert-mismatch");
    r = good;
    r.issuer = rf_slice_str("CN=in another order;O=or spelling"); /* texts are not compared */
    r.subject = r.issuer;
    expect_open(&r, 1, RF_OK, "");
    r = good;
    r.public_key = rf_cert_public_key(site.ccm.cert);
    expect_open(&r, 1, RF_ERR_BAD, "record-cert-mismatch");
    r = good;
    r.public_key = (struct rf_slice){0}; /* left out: nothing to compare */
    expect_open(&r, 1, RF_OK, "");
    r = good;
    r.certificate = rf_slice_part(good.certificate, 0, good.certificate.len - 1);
    expect_open(&r, 1, RF_ERR_BAD, "cert-der");
    r.certificate = (struct rf_slice){0};
    expect_open(&r, 1, RF_OK, "");
}

/* The texts that real servers write for one name: in an order of their own, joined by ';', with
 * types in small letters and half-open quotes, or as numbers. */
static const char *const spellings[] = {
    "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL",
    "cn=Cisco Manufacturing CA;o=Cisco Systems",
    "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Cisco Systems",
    "CN=tftp,1.2.840.113549.1.9.1=a@example.net,2.5.4.5=7",
    "an issuer",
};
#define SPELLINGS_N (sizeof spellings / sizeof *spellings)

static struct rf_buf file_spelled(const struct id *named, const char *issuer, const struct id *by)
{
    struct rf_signedfile_spec header = header_by(named, DEVICE_FILE);
    header.issuer = rf_slice_str(issuer);
    return container(&header, rf_slice_str("<device/>"), by);
}

static enum rf_err verify_file(const struct rf_lists *lists, const struct rf_buf *file,
                               struct rf_why *why)
{
    struct rf_sigfile_policy policy = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    return rf_lists_verify_file(lists, rf_buf_slice(file), &policy, &info, NULL, why);
}

/* Files under such a list: its text and number find the signer, and the key of that record's
 * certificate decides. */
static void check_files(const struct rf_lists *lists, const char *issuer)
{
    struct rf_buf good = file_spelled(&site.tftp, issuer, &site.tftp);
    struct rf_buf by_another = file_spelled(&site.tftp, issuer, &site.sast);
    struct rf_buf by_sast = file_spelled(&site.sast, issuer, &site.sast);
    struct rf_buf ours = file_spelled(&site.tftp, rf_cert_issuer(site.tftp.cert), &site.tftp);
    struct rf_buf number = file_spelled(&site.ccm, issuer, &site.tftp);
    struct rf_why why = {0};
    assert_err(verify_file(lists, &good, &why), RF_OK);
    assert_refused(verify_file(lists, &by_another, &why), RF_ERR_CRYPTO, why, "sig-mismatch");
    why = (struct rf_why){0};
    assert_refused(verify_file(lists, &by_sast, &why), RF_ERR_DENIED, why, "signer-role");
    why = (struct rf_why){0};
    assert_refused(verify_file(lists, &ours, &why), RF_ERR_NOT_FOUND, why, "signer-unknown");
    why = (struct rf_why){0};
    assert_refused(verify_file(lists, &number, &why), RF_ERR_NOT_FOUND, why, "signer-unknown");
    rf_buf_fini(&good);
    rf_buf_fini(&by_another);
    rf_buf_fini(&by_sast);
    rf_buf_fini(&ours);
    rf_buf_fini(&number);
}

static void a_list_may_spell_names_as_it_likes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPELLINGS_N; i++) {
        struct rf_slice issuer = rf_slice_str(spellings[i]);
        struct rf_lists lists = {0}, none = {0};
        struct rf_trustlist_record r[2] = {record_of(&site.sast, RF_TRUSTLIST_ROLE_SAST),
                                           record_of(&site.tftp, RF_TRUSTLIST_ROLE_TFTP)};
        struct rf_signedfile_spec header = header_by(&site.sast, "ITLFile.tlv");
        r[0].issuer = r[1].issuer = r[0].subject = r[1].subject = header.issuer = issuer;
        struct rf_buf b = list_with_header(&header, r, 2, &site.sast);
        struct rf_buf by_another = list_with_header(&header, r, 2, &site.sast2);
        struct rf_buf next = list_with_header(&header, r, 1, &site.sast);
        header.serial = rf_cert_serial(site.sast2.cert);
        struct rf_buf number = list_with_header(&header, r, 2, &site.sast);
        refused(&none, RF_LIST_ITL, &by_another, RF_ERR_CRYPTO, "sig-mismatch");
        refused(&none, RF_LIST_ITL, &number, RF_ERR_DENIED, "list-signer-not-own");
        assert_int_equal(install(&lists, RF_LIST_ITL, &b), RF_LIST_FIRST_TRUST);
        assert_true(rf_cert_eq(rf_list_own_signer(lists.itl), site.sast.cert));
        check_files(&lists, spellings[i]);
        assert_int_equal(install(&lists, RF_LIST_ITL, &next), RF_LIST_UPDATE);
        rf_lists_fini(&lists);
        rf_buf_fini(&b);
        rf_buf_fini(&by_another);
        rf_buf_fini(&next);
        rf_buf_fini(&number);
    }
}

/* A forger's list, right by itself, with the text and number of the SAST that the phone knows. */
static void a_text_alone_makes_nobody_a_signer(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct id forger = impostor_of(site.sast.cert);
    struct rf_buf mine = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 20);
    struct rf_trustlist_record r = record_of(&forger, RF_TRUSTLIST_ROLE_SAST);
    struct rf_buf theirs = list_of_records(&r, 1, &forger, "ITLFile.tlv");
    assert_int_equal(install(&lists, RF_LIST_ITL, &mine), RF_LIST_FIRST_TRUST);
    refused(&lists, RF_LIST_ITL, &theirs, RF_ERR_CRYPTO, "sig-mismatch");
    /* With another's number the record is not its certificate's. */
    r.certificate = rf_cert_der(site.tvs.cert);
    r.public_key = rf_cert_public_key(site.tvs.cert);
    expect_open(&r, 1, RF_ERR_BAD, "record-cert-mismatch");
    rf_lists_fini(&lists);
    rf_buf_fini(&mine);
    rf_buf_fini(&theirs);
    id_fini(&forger);
}

/* What a server in non-secure mode writes: addresses, and nobody. */
static struct rf_trustlist_record addresses_only(void)
{
    return (struct rf_trustlist_record){.dns = rf_slice_str("10.48.47.153"),
                                        .role = RF_TRUSTLIST_ROLE_CCM_TFTP,
                                        .ip = rf_slice_of("\x0a\x30\x2f\x99", 4)};
}

static void records_that_name_nobody_vouch_for_nobody(void **state)
{
    (void)state;
    const struct rf_trustlist_record bare = addresses_only();
    struct rf_trustlist_record r[2] = {bare, bare};
    struct rf_lists lists = {0};
    struct rf_list *l = NULL;
    const struct rf_cert *by = NULL;
    struct rf_why why = {0};
    struct rf_buf only = list_of_records(r, 2, &site.sast, "CTLFile.tlv");
    assert_err(rf_list_open(rf_buf_slice(&only), &l, &why), RF_OK);
    assert_refused(rf_list_verify_own(l, RF_LIST_CTL, &at_now, &why), RF_ERR_DENIED, why,
                   "list-signer-not-own");
    rf_lists_install(&lists, RF_LIST_CTL, l);
    assert_false(rf_lists_wants_signed(&lists));
    assert_null(rf_lists_nth(&lists, RF_TRUSTLIST_ROLE_CCM, 0));
    why = (struct rf_why){0};
    assert_refused(
        rf_lists_find_file_signer(&lists, (struct rf_slice){0}, (struct rf_slice){0}, &by, &why),
        RF_ERR_NOT_FOUND, why, "signer-unknown");
    why = (struct rf_why){0};
    assert_refused(rf_lists_find_server(&lists, site.ccm.cert, RF_TRUSTLIST_ROLE_CCM, &why),
                   RF_ERR_DENIED, why, "server-unknown");
    rf_list_unref(l);
    rf_lists_fini(&lists);
    rf_buf_fini(&only);
}

static void a_list_of_a_server_in_non_secure_mode_is_taken(void **state)
{
    (void)state;
    struct rf_trustlist_record r[3] = {addresses_only(), addresses_only(),
                                       record_of(&site.sast, RF_TRUSTLIST_ROLE_SAST)};
    struct rf_lists lists = {0};
    struct rf_buf b = list_of_records(r, 3, &site.sast, "CTLFile.tlv");
    assert_int_equal(install(&lists, RF_LIST_CTL, &b), RF_LIST_FIRST_TRUST);
    assert_false(rf_lists_wants_signed(&lists));
    assert_err(rf_lists_load(&lists, RF_LIST_CTL, rf_buf_slice(&b), NULL), RF_OK);
    rf_lists_fini(&lists);
    rf_buf_fini(&b);
    /* In secure mode the same record has a certificate. */
    r[0] = record_of(&site.ccm, RF_TRUSTLIST_ROLE_CCM_TFTP);
    b = list_of_records(r, 3, &site.sast, "CTLFile.tlv");
    assert_int_equal(install(&lists, RF_LIST_CTL, &b), RF_LIST_FIRST_TRUST);
    assert_true(rf_lists_wants_signed(&lists));
    rf_lists_fini(&lists);
    rf_buf_fini(&b);
}

/* --- at boot --- */

static void installed_lists_are_loaded_and_damaged_ones_refused(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_why why = {0};
    struct rf_buf ctl = site_list(RF_LIST_CTL, &site.sast, TEST_NOW + 500); /* no clock yet */
    assert_err(rf_lists_load(&lists, RF_LIST_CTL, rf_buf_slice(&ctl), NULL), RF_OK);
    assert_slice_eq(rf_list_bytes(lists.ctl), rf_buf_slice(&ctl));
    assert_refused(rf_lists_load(&lists, RF_LIST_ITL, rf_buf_slice(&ctl), &why), RF_ERR_DENIED, why,
                   "file-name");
    rf_lists_fini(&lists);
    why = (struct rf_why){0};
    ctl.p[ctl.len - 1] ^= 1; /* inside a certificate's signature: well made, but changed */
    assert_err(rf_lists_load(&lists, RF_LIST_CTL, rf_buf_slice(&ctl), &why), RF_ERR_CRYPTO);
    assert_string_equal(why.code, "sig-mismatch");
    why = (struct rf_why){0};
    assert_refused(rf_lists_load(&lists, RF_LIST_CTL, (struct rf_slice){0}, &why), RF_ERR_SHORT,
                   why, "short");
    assert_null(lists.ctl);
    rf_buf_fini(&ctl);
}

static void a_list_signed_by_the_other_ones_sast_is_loaded(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    struct rf_why why = {0};
    struct rf_trustlist_record r = record_of(&site.tftp, RF_TRUSTLIST_ROLE_TFTP);
    struct rf_buf ctl = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 10);
    struct rf_buf itl = list_of_records(&r, 1, &site.sast, "ITLFile.tlv");
    assert_refused(rf_lists_load(&lists, RF_LIST_ITL, rf_buf_slice(&itl), &why), RF_ERR_DENIED, why,
                   "list-signer-not-own");
    assert_err(rf_lists_load(&lists, RF_LIST_CTL, rf_buf_slice(&ctl), NULL), RF_OK);
    assert_err(rf_lists_load(&lists, RF_LIST_ITL, rf_buf_slice(&itl), NULL), RF_OK);
    assert_slice_eq(rf_list_bytes(lists.itl), rf_buf_slice(&itl));
    struct rf_buf named = list_of_records(&r, 1, &site.sast, "CTLFile.tlv");
    why = (struct rf_why){0};
    assert_refused(rf_lists_load(&lists, RF_LIST_ITL, rf_buf_slice(&named), &why), RF_ERR_DENIED,
                   why, "file-name");
    struct rf_buf by_tvs = list_of_records(&r, 1, &site.tvs, "ITLFile.tlv");
    why = (struct rf_why){0};
    assert_refused(rf_lists_load(&lists, RF_LIST_ITL, rf_buf_slice(&by_tvs), &why), RF_ERR_DENIED,
                   why, "list-signer-not-own");
    rf_lists_install(&lists, RF_LIST_ITL, NULL); /* erased */
    assert_null(lists.itl);
    rf_lists_fini(&lists);
    rf_buf_fini(&ctl);
    rf_buf_fini(&itl);
    rf_buf_fini(&named);
    rf_buf_fini(&by_tvs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_another_implementation_are_right),
        cmocka_unit_test(the_roles_of_a_list_are_found),
        cmocka_unit_test(the_fingerprint_is_that_of_the_whole_file),
        cmocka_unit_test(the_first_list_is_trusted_and_the_second_vouched_for_sec_19),
        cmocka_unit_test(an_itl_vouches_for_the_first_ctl),
        cmocka_unit_test(the_installed_list_again_is_the_same),
        cmocka_unit_test(the_second_sast_may_sign_the_next_list_sec_21),
        cmocka_unit_test(a_stranger_cannot_replace_a_list_sec_20),
        cmocka_unit_test(the_successor_of_another_implementation_is_refused),
        cmocka_unit_test(a_forged_sast_of_the_same_name_is_refused),
        cmocka_unit_test(a_signer_with_another_role_is_refused_sec_31b),
        cmocka_unit_test(a_list_signed_by_none_of_its_own_is_refused),
        cmocka_unit_test(the_name_inside_is_the_common_one),
        cmocka_unit_test(an_older_list_is_refused_or_marked_sec_25),
        cmocka_unit_test(a_signer_that_tvs_vouches_for_is_taken_sec_22),
        cmocka_unit_test(a_list_from_the_future_is_refused),
        cmocka_unit_test(an_empty_itl_lets_any_itl_in_unless_there_is_a_ctl_sec_27),
        cmocka_unit_test(one_changed_bit_anywhere_is_refused_sec_31a),
        cmocka_unit_test(a_list_cut_anywhere_is_refused),
        cmocka_unit_test(newer_minor_versions_and_unknown_tags_are_taken_sec_31c),
        cmocka_unit_test(a_list_too_big_is_refused_sec_26),
        cmocka_unit_test(a_record_says_what_its_certificate_says),
        cmocka_unit_test(a_list_may_spell_names_as_it_likes),
        cmocka_unit_test(a_text_alone_makes_nobody_a_signer),
        cmocka_unit_test(records_that_name_nobody_vouch_for_nobody),
        cmocka_unit_test(a_list_of_a_server_in_non_secure_mode_is_taken),
        cmocka_unit_test(installed_lists_are_loaded_and_damaged_ones_refused),
        cmocka_unit_test(a_list_signed_by_the_other_ones_sast_is_loaded),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
