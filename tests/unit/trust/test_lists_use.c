/* SPDX-License-Identifier: Apache-2.0 */
/* Trust lists: building them, and what installed ones say about signers and servers. */
#include "list.h"

/* --- the builder --- */

static const struct rf_list_entry two_sasts[] = {{NULL, RF_TRUSTLIST_ROLE_SAST, NULL},
                                                 {NULL, RF_TRUSTLIST_ROLE_SAST, NULL}};

/* Entries that a test may spoil: SAST, SAST, CCM, TFTP. */
struct draft {
    struct rf_list_entry e[RF_TRUSTLIST_BUILD_MAX + 1];
    struct rf_list_spec spec;
};

static struct draft a_draft(void)
{
    struct draft d = {.spec = {RF_LIST_ITL, NULL, 4, RF_DIGEST_SHA512, false, TEST_NOW - 5}};
    memcpy(d.e, two_sasts, sizeof(two_sasts));
    d.e[0].cert = site.sast.cert;
    d.e[1].cert = site.sast2.cert;
    d.e[2] = (struct rf_list_entry){site.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL};
    d.e[3] = (struct rf_list_entry){site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL};
    return d;
}

static void expect_built(struct draft *d, enum rf_err want, const char *code)
{
    struct rf_buf out = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    struct rf_why why = {0};
    d->spec.entries = d->e;
    assert_err(rf_list_build(&d->spec, site.sast.vault, site.sast.cert, &out, &why), want);
    assert_string_equal(why.code, code);
    assert_int_equal(out.len != 0, want == RF_OK);
    rf_buf_fini(&out);
}

static void what_is_built_is_read(void **state)
{
    (void)state;
    struct rf_buf b = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 5);
    struct rf_list *l = NULL;
    assert_err(rf_list_open(rf_buf_slice(&b), &l, NULL), RF_OK);
    const struct rf_trustlist *c = rf_list_content(l);
    assert_slice_str(c->header.file_name, "ITLFile.tlv");
    assert_int_equal(rf_signedfile_kind_of(&c->header), RF_SIGNEDFILE_KIND_LIST);
    assert_int_equal(c->header.timestamp, TEST_NOW - 5);
    assert_true(rf_cert_is(site.sast.cert, c->header.issuer, c->header.serial));
    assert_int_equal(rf_list_n(l), 6);
    assert_false(rf_list_is_11(l));
    assert_true(c->header.has_signer_version);
    assert_slice_str(c->record[2].dns, "cm.example.net");
    assert_null(c->record[3].dns.p);
    assert_null(c->record[2].ip.p);
    assert_slice_str(c->record[2].subject, rf_cert_subject(site.ccm.cert));
    assert_slice_eq(c->record[2].public_key, rf_cert_public_key(site.ccm.cert));
    assert_slice_eq(c->record[2].signature, rf_cert_signature(site.ccm.cert));
    assert_true(rf_cert_eq(rf_list_cert(l, 5), site.tvs.cert));
    assert_int_equal(rf_list_role(l, 5), RF_TRUSTLIST_ROLE_TVS);
    rf_list_unref(l);
    rf_buf_fini(&b);
}

/* From the same certificates, time and order come the bytes that another implementation made. */
static void the_bytes_of_another_implementation_come_out(void **state)
{
    (void)state;
    static const char *const files[] = {"fixtures/made/ITLFile.tlv",
                                        "fixtures/made/itl-1.1-ec.tlv"};
    for (size_t i = 0; i < 2; i++) {
        struct rf_buf theirs = read_data(files[i]), ours = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
        struct rf_list_entry entries[8];
        struct rf_list *l = NULL;
        assert_err(rf_list_open(rf_buf_slice(&theirs), &l, NULL), RF_OK);
        for (size_t k = 0; k < rf_list_n(l); k++)
            entries[k] = (struct rf_list_entry){rf_list_cert(l, k), rf_list_role(l, k), NULL};
        struct rf_list_spec spec = {
            RF_LIST_ITL,      entries,
            rf_list_n(l),     (enum rf_digest)rf_list_content(l)->header.hash,
            rf_list_is_11(l), rf_list_content(l)->header.timestamp};
        assert_err(rf_list_build(&spec, site.sast.vault, site.sast.cert, &ours, NULL), RF_OK);
        assert_slice_eq(rf_buf_slice(&ours), rf_buf_slice(&theirs));
        rf_list_unref(l);
        rf_buf_fini(&theirs);
        rf_buf_fini(&ours);
    }
}

static void the_signer_is_one_of_at_most_two_sasts(void **state)
{
    (void)state;
    struct draft d = a_draft();
    expect_built(&d, RF_OK, "");
    d.e[0].role = RF_TRUSTLIST_ROLE_CCM; /* the signer, but under another role */
    expect_built(&d, RF_ERR_DENIED, "list-signer-not-own");
    d = a_draft();
    d.e[0].cert = site.tvs.cert;
    expect_built(&d, RF_ERR_DENIED, "list-signer-not-own");
    d = a_draft();
    d.spec.n = 0;
    expect_built(&d, RF_ERR_DENIED, "list-signer-not-own");
    d.spec.n = 1; /* only one SAST is poor, but allowed */
    expect_built(&d, RF_OK, "");
    d = a_draft();
    d.e[2].role = RF_TRUSTLIST_ROLE_SAST;
    expect_built(&d, RF_ERR_DENIED, "list-sast-count");
}

/* The second SAST is the way out when the first is lost: it must be able to sign, with a key of its
 * own. */
static void each_sast_can_sign_with_a_key_of_its_own(void **state)
{
    (void)state;
    static const unsigned bits[] = {0, 512, 1024, 3072};
    struct draft d = a_draft();
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        struct id other = self_id(RF_CERT_ROLE_SAST, "the other", bits[i]);
        d.e[1].cert = other.cert;
        d.e[1].role = RF_TRUSTLIST_ROLE_SAST;
        bool is_good = bits[i] == 1024;
        expect_built(&d, is_good ? RF_OK : RF_ERR_DENIED, is_good ? "" : "list-sast-key");
        d.e[1].role = RF_TRUSTLIST_ROLE_CCM; /* others may have any */
        expect_built(&d, RF_OK, "");
        id_fini(&other);
    }
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_SAST, .cn = "again", .now_s = TEST_NOW, .days = 1000};
    struct rf_cert *again = NULL;
    assert_err(rf_issue_self_signed(&spec, site.sast.vault, &again, NULL), RF_OK);
    d.e[1] = (struct rf_list_entry){again, RF_TRUSTLIST_ROLE_SAST, NULL};
    expect_built(&d, RF_ERR_DENIED, "list-sast-key");
    d.e[1].role = RF_TRUSTLIST_ROLE_CAPF;
    expect_built(&d, RF_OK, "");
    rf_cert_unref(again);
}

static void an_ec_key_under_tftp_needs_signer_version_11(void **state)
{
    (void)state;
    static const uint16_t roles[] = {RF_TRUSTLIST_ROLE_TFTP, RF_TRUSTLIST_ROLE_CCM_TFTP};
    for (size_t i = 0; i < 2; i++) {
        struct draft d = a_draft();
        d.e[3] = (struct rf_list_entry){site.web_ec.cert, roles[i], NULL};
        expect_built(&d, RF_ERR_DENIED, "list-ec-needs-11");
        d.spec.is_11 = true;
        expect_built(&d, RF_OK, "");
    }
    struct draft d = a_draft();
    d.e[3] = (struct rf_list_entry){site.web_ec.cert, RF_TRUSTLIST_ROLE_TVS, NULL};
    expect_built(&d, RF_OK, "");
}

static void no_entry_is_there_twice(void **state)
{
    (void)state;
    struct draft d = a_draft();
    d.spec.n = 5;
    d.e[4] = d.e[3];
    expect_built(&d, RF_ERR_DENIED, "list-entry-twice");
    d.e[4].role = RF_TRUSTLIST_ROLE_CCM; /* under another role it may be */
    expect_built(&d, RF_OK, "");
    struct id twin = impostor_of(site.tftp.cert);
    d.e[4] = (struct rf_list_entry){twin.cert, RF_TRUSTLIST_ROLE_CAPF, NULL};
    expect_built(&d, RF_ERR_DENIED, "list-entry-twice");
    id_fini(&twin);
}

static void lists_that_phones_fail_on_are_not_built_sec_26(void **state)
{
    (void)state;
    static struct draft d;
    d = a_draft();
    struct id more[RF_TRUSTLIST_BUILD_MAX];
    for (size_t i = 4; i <= RF_TRUSTLIST_BUILD_MAX; i++) {
        char cn[32];
        snprintf(cn, sizeof(cn), "server %zu", i);
        more[i - 1] = self_id(RF_CERT_ROLE_CCM, cn, 0);
        d.e[i] = (struct rf_list_entry){more[i - 1].cert, RF_TRUSTLIST_ROLE_CCM, NULL};
    }
    d.spec.n = RF_TRUSTLIST_BUILD_MAX;
    expect_built(&d, RF_OK, "");
    d.spec.n = RF_TRUSTLIST_BUILD_MAX + 1;
    expect_built(&d, RF_ERR_LIMIT, "record-count");
    /* Few enough, but too long: a name of 2 KiB in each. */
    static char dns[2048];
    memset(dns, 'n', sizeof(dns) - 1);
    d.spec.n = RF_TRUSTLIST_BUILD_MAX;
    for (size_t i = 0; i < d.spec.n; i++)
        d.e[i].dns = dns;
    expect_built(&d, RF_ERR_LIMIT, "list-size");
    for (size_t i = 4; i <= RF_TRUSTLIST_BUILD_MAX; i++)
        id_fini(&more[i - 1]);
}

static void what_signing_refuses_is_refused(void **state)
{
    (void)state;
    struct draft d = a_draft();
    struct rf_buf out = RF_BUF(RF_TRUSTLIST_BYTES_MAX), small = RF_BUF(1000);
    struct rf_why why = {0};
    d.spec.entries = d.e;
    assert_refused(rf_list_build(&d.spec, site.sast2.vault, site.sast.cert, &out, &why),
                   RF_ERR_DENIED, why, "key-cert-mismatch");
    why = (struct rf_why){0};
    assert_refused(rf_list_build(&d.spec, site.sast.vault, site.sast.cert, &small, &why),
                   RF_ERR_LIMIT, why, "list-size");
    d.e[0].cert = site.web_ec.cert;
    why = (struct rf_why){0};
    assert_refused(rf_list_build(&d.spec, site.web_ec.vault, site.web_ec.cert, &out, &why),
                   RF_ERR_DENIED, why, "list-sast-key");
    d = a_draft();
    d.spec.digest = RF_DIGEST_SHA256;
    expect_built(&d, RF_ERR_DENIED, "digest-refused");
    d = a_draft();
    d.e[2].dns = "a\nb";
    expect_built(&d, RF_ERR_BAD, "text-control");
    assert_int_equal(out.len, 0);
    rf_buf_fini(&out);
    rf_buf_fini(&small);
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(rf_list_kind_file(RF_LIST_CTL), "CTLFile.tlv");
    assert_string_equal(rf_list_kind_file(RF_LIST_ITL), "ITLFile.tlv");
    assert_string_equal(rf_list_kind_name(RF_LIST_CTL), "CTL");
    assert_string_equal(rf_list_kind_name(RF_LIST_ITL), "ITL");
}

static void the_signer_version_is_11_or_later(void **state)
{
    (void)state;
    static const struct {
        bool has;
        uint8_t major, minor;
        bool is_11;
    } rows[] = {
        {false, 0, 0, false}, {true, 1, 0, false}, {true, 1, 1, true},
        {true, 2, 0, true},   {true, 0, 9, false},
    };
    struct rf_trustlist_record r = record_of(&site.sast, RF_TRUSTLIST_ROLE_SAST);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rf_signedfile_spec header = header_by(&site.sast, "ITLFile.tlv");
        struct rf_list *l = NULL;
        header.has_signer_version = rows[i].has;
        header.signer_major = rows[i].major;
        header.signer_minor = rows[i].minor;
        struct rf_buf b = list_with_header(&header, &r, 1, &site.sast);
        assert_err(rf_list_open(rf_buf_slice(&b), &l, NULL), RF_OK);
        assert_int_equal(rf_list_is_11(l), rows[i].is_11);
        rf_list_unref(l);
        rf_buf_fini(&b);
    }
}

/* --- files --- */

static struct rf_buf signed_by(const struct id *by)
{
    struct rf_sigfile_spec spec = {DEVICE_FILE, RF_DIGEST_SHA1, TEST_NOW - 5,
                                   rf_slice_str("<device/>")};
    struct rf_buf out = RF_BUF(RF_SIGFILE_OVERHEAD_MAX + 100);
    assert_err(rf_sigfile_sign(by->vault, by->cert, &spec, &out, NULL), RF_OK);
    return out;
}

static void expect_file(const struct rf_lists *lists, const struct id *by, enum rf_err want,
                        const char *code)
{
    struct rf_buf file = signed_by(by);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    const struct rf_cert *signer = NULL, *found = NULL;
    struct rf_why why = {0};
    assert_err(rf_lists_verify_file(lists, rf_buf_slice(&file), &p, &info, &signer, &why), want);
    assert_string_equal(why.code, code);
    enum rf_err err = rf_lists_find_file_signer(lists, rf_slice_str(rf_cert_issuer(by->cert)),
                                                rf_cert_serial(by->cert), &found, NULL);
    assert_err(err, want);
    if (want == RF_OK) {
        assert_true(rf_cert_eq(signer, by->cert));
        assert_ptr_equal(signer, found);
        assert_slice_str(info.body, "<device/>");
    } else {
        assert_null(signer);
        assert_null(found);
        assert_null(info.body.p);
    }
    rf_buf_fini(&file);
}

static struct rf_lists site_lists(void)
{
    struct rf_lists lists = {0};
    struct rf_buf itl = site_list(RF_LIST_ITL, &site.sast, TEST_NOW - 5);
    assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
    rf_buf_fini(&itl);
    return lists;
}

static void only_a_file_server_signs_files_sec_12(void **state)
{
    (void)state;
    struct rf_lists lists = site_lists(), none = {0};
    struct id stranger = self_id(RF_CERT_ROLE_TFTP, "stranger", 2048);
    expect_file(&lists, &site.tftp, RF_OK, "");
    expect_file(&lists, &site.capf, RF_ERR_DENIED, "signer-role");
    expect_file(&lists, &site.tvs, RF_ERR_DENIED, "signer-role");
    expect_file(&lists, &site.ccm, RF_ERR_DENIED, "signer-role");
    expect_file(&lists, &site.sast, RF_ERR_DENIED, "signer-role");
    expect_file(&lists, &stranger, RF_ERR_NOT_FOUND, "signer-unknown");
    expect_file(&none, &site.tftp, RF_ERR_NOT_FOUND, "signer-unknown");
    rf_lists_fini(&lists);
    id_fini(&stranger);
}

static void a_call_manager_with_tftp_signs_files_too(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    /* Twice, as the server's lists have it: as SAST and as CCM+TFTP. */
    const struct rf_list_entry entries[] = {{site.ccm.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {site.ccm.cert, RF_TRUSTLIST_ROLE_CCM_TFTP, NULL}};
    struct rf_buf itl = built(RF_LIST_ITL, entries, 2, &site.ccm, TEST_NOW - 5);
    assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
    assert_true(rf_lists_wants_signed(&lists));
    expect_file(&lists, &site.ccm, RF_OK, "");
    expect_file(&lists, &site.tftp, RF_ERR_NOT_FOUND, "signer-unknown");
    rf_lists_fini(&lists);
    rf_buf_fini(&itl);
}

static void both_lists_are_asked_for_a_signer(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    const struct rf_list_entry ctl_entries[] = {{site.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                                {site.tftp.cert, RF_TRUSTLIST_ROLE_CCM, NULL}};
    const struct rf_list_entry itl_entries[] = {{site.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                                {site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    struct rf_buf ctl = built(RF_LIST_CTL, ctl_entries, 2, &site.sast, TEST_NOW - 5);
    struct rf_buf itl = built(RF_LIST_ITL, itl_entries, 2, &site.sast, TEST_NOW - 5);
    assert_int_equal(install(&lists, RF_LIST_CTL, &ctl), RF_LIST_FIRST_TRUST);
    assert_false(rf_lists_wants_signed(&lists));
    expect_file(&lists, &site.tftp, RF_ERR_DENIED, "signer-role");
    assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_UPDATE);
    assert_true(rf_lists_wants_signed(&lists));
    expect_file(&lists, &site.tftp, RF_OK, "");
    assert_ptr_equal(rf_lists_nth(&lists, RF_TRUSTLIST_ROLE_SAST, 0), rf_list_cert(lists.ctl, 0));
    assert_ptr_equal(rf_lists_nth(&lists, RF_TRUSTLIST_ROLE_SAST, 1), rf_list_cert(lists.itl, 0));
    assert_null(rf_lists_nth(&lists, RF_TRUSTLIST_ROLE_SAST, 2));
    rf_lists_fini(&lists);
    rf_buf_fini(&ctl);
    rf_buf_fini(&itl);
}

static void a_file_of_the_list_is_still_checked(void **state)
{
    (void)state;
    struct rf_lists lists = site_lists();
    struct rf_buf file = signed_by(&site.tftp);
    struct rf_sigfile_policy p = lenient("another.sgn");
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    assert_refused(rf_lists_verify_file(&lists, rf_buf_slice(&file), &p, &info, NULL, &why),
                   RF_ERR_DENIED, why, "file-name");
    p = lenient(DEVICE_FILE);
    why = (struct rf_why){0};
    file.p[file.len - 1] ^= 1;
    assert_refused(rf_lists_verify_file(&lists, rf_buf_slice(&file), &p, &info, NULL, &why),
                   RF_ERR_CRYPTO, why, "sig-mismatch");
    why = (struct rf_why){0};
    assert_refused(rf_lists_verify_file(&lists, rf_slice_str("<device/>"), &p, &info, NULL, &why),
                   RF_ERR_BAD, why, "version-first");
    struct id forger = impostor_of(site.tftp.cert);
    struct rf_buf forged = signed_by(&forger);
    why = (struct rf_why){0};
    assert_refused(rf_lists_verify_file(&lists, rf_buf_slice(&forged), &p, &info, NULL, &why),
                   RF_ERR_CRYPTO, why, "sig-mismatch");
    rf_lists_fini(&lists);
    rf_buf_fini(&file);
    rf_buf_fini(&forged);
    id_fini(&forger);
}

/* --- servers --- */

static void expect_server(const struct rf_lists *lists, const struct id *id, uint16_t role,
                          enum rf_err want, const char *code)
{
    struct rf_why why = {0};
    assert_err(rf_lists_find_server(lists, id->cert, role, &why), want);
    assert_string_equal(why.code, code);
}

static void a_server_is_known_under_its_role_only(void **state)
{
    (void)state;
    struct rf_lists lists = site_lists(), none = {0};
    struct id stranger = self_id(RF_CERT_ROLE_CCM, "ccm", 2048);
    struct id twin = impostor_of(site.ccm.cert);
    expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_CCM, RF_OK, "");
    expect_server(&lists, &site.capf, RF_TRUSTLIST_ROLE_CAPF, RF_OK, "");
    expect_server(&lists, &site.tvs, RF_TRUSTLIST_ROLE_TVS, RF_OK, "");
    expect_server(&lists, &site.tvs, RF_TRUSTLIST_ROLE_CCM, RF_ERR_DENIED, "server-role");
    expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_CAPF, RF_ERR_DENIED, "server-role");
    expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_TFTP, RF_ERR_DENIED, "server-role");
    expect_server(&lists, &stranger, RF_TRUSTLIST_ROLE_CCM, RF_ERR_DENIED, "server-unknown");
    expect_server(&lists, &twin, RF_TRUSTLIST_ROLE_CCM, RF_ERR_DENIED, "server-unknown");
    expect_server(&none, &site.ccm, RF_TRUSTLIST_ROLE_CCM, RF_ERR_DENIED, "server-unknown");
    rf_lists_fini(&lists);
    id_fini(&stranger);
    id_fini(&twin);
}

static void ccm_and_tftp_in_one_role_do_for_each(void **state)
{
    (void)state;
    struct rf_lists lists = {0};
    const struct rf_list_entry entries[] = {{site.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {site.ccm.cert, RF_TRUSTLIST_ROLE_CCM_TFTP, NULL},
                                            {site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    struct rf_buf itl = built(RF_LIST_ITL, entries, 3, &site.sast, TEST_NOW - 5);
    assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
    expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_CCM, RF_OK, "");
    expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_TFTP, RF_OK, "");
    expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_CCM_TFTP, RF_OK, "");
    expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_CAPF, RF_ERR_DENIED, "server-role");
    expect_server(&lists, &site.tftp, RF_TRUSTLIST_ROLE_CCM_TFTP, RF_ERR_DENIED, "server-role");
    assert_true(rf_cert_eq(rf_lists_nth(&lists, RF_TRUSTLIST_ROLE_TFTP, 1), site.tftp.cert));
    rf_lists_fini(&lists);
    rf_buf_fini(&itl);
}

/* Lists that leave certificates out and carry their digest. */
static void a_server_is_known_by_its_digest(void **state)
{
    (void)state;
    static const enum rf_digest digests[] = {RF_DIGEST_SHA1, RF_DIGEST_SHA256, RF_DIGEST_SHA512};
    uint8_t md[RF_DIGEST_MAX];
    for (size_t i = 0; i < 3; i++) {
        struct rf_trustlist_record records[] = {record_of(&site.sast, RF_TRUSTLIST_ROLE_SAST),
                                                record_of(&site.ccm, RF_TRUSTLIST_ROLE_CCM),
                                                record_of(&site.tftp, RF_TRUSTLIST_ROLE_TFTP)};
        size_t n = rf_digest_of(digests[i], rf_cert_der(site.ccm.cert), md);
        records[1].certificate = (struct rf_slice){0};
        records[1].hash = rf_slice_of(md, n);
        records[1].hash_algorithm = (uint8_t)digests[i];
        records[2].certificate = (struct rf_slice){0}; /* neither certificate nor digest */
        struct rf_lists lists = {0};
        struct rf_buf itl = list_of_records(records, 3, &site.sast, "ITLFile.tlv");
        assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
        assert_null(rf_list_cert(lists.itl, 1));
        assert_null(rf_lists_nth(&lists, RF_TRUSTLIST_ROLE_CCM, 0));
        expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_CCM, RF_OK, "");
        expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_CAPF, RF_ERR_DENIED, "server-role");
        expect_server(&lists, &site.tftp, RF_TRUSTLIST_ROLE_TFTP, RF_ERR_DENIED, "server-unknown");
        assert_false(rf_lists_wants_signed(&lists));
        rf_lists_fini(&lists);
        rf_buf_fini(&itl);
        md[0] ^= 1; /* another digest, another certificate */
        itl = list_of_records(records, 3, &site.sast, "ITLFile.tlv");
        assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
        expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_CCM, RF_ERR_DENIED, "server-unknown");
        rf_lists_fini(&lists);
        rf_buf_fini(&itl);
    }
}

/* A digest of an algorithm that is not known, or of none, says nothing. */
static void a_digest_of_an_unknown_kind_says_nothing(void **state)
{
    (void)state;
    struct rf_trustlist_record records[] = {record_of(&site.sast, RF_TRUSTLIST_ROLE_SAST),
                                            record_of(&site.ccm, RF_TRUSTLIST_ROLE_CCM)};
    struct rf_lists lists = {0};
    records[1].certificate = (struct rf_slice){0};
    records[1].hash_algorithm = 9;
    records[1].hash = (struct rf_slice){0};
    struct rf_buf itl = list_of_records(records, 2, &site.sast, "ITLFile.tlv");
    assert_int_equal(install(&lists, RF_LIST_ITL, &itl), RF_LIST_FIRST_TRUST);
    expect_server(&lists, &site.ccm, RF_TRUSTLIST_ROLE_CCM, RF_ERR_DENIED, "server-unknown");
    rf_lists_fini(&lists);
    rf_buf_fini(&itl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_built_is_read),
        cmocka_unit_test(the_bytes_of_another_implementation_come_out),
        cmocka_unit_test(the_signer_is_one_of_at_most_two_sasts),
        cmocka_unit_test(each_sast_can_sign_with_a_key_of_its_own),
        cmocka_unit_test(an_ec_key_under_tftp_needs_signer_version_11),
        cmocka_unit_test(no_entry_is_there_twice),
        cmocka_unit_test(lists_that_phones_fail_on_are_not_built_sec_26),
        cmocka_unit_test(what_signing_refuses_is_refused),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(the_signer_version_is_11_or_later),
        cmocka_unit_test(only_a_file_server_signs_files_sec_12),
        cmocka_unit_test(a_call_manager_with_tftp_signs_files_too),
        cmocka_unit_test(both_lists_are_asked_for_a_signer),
        cmocka_unit_test(a_file_of_the_list_is_still_checked),
        cmocka_unit_test(a_server_is_known_under_its_role_only),
        cmocka_unit_test(ccm_and_tftp_in_one_role_do_for_each),
        cmocka_unit_test(a_server_is_known_by_its_digest),
        cmocka_unit_test(a_digest_of_an_unknown_kind_says_nothing),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
