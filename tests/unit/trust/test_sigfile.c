/* SPDX-License-Identifier: Apache-2.0 */
/* Signed files are believed or refused. */
#include "container.h"

static struct id tftp; /* RSA 2048, of the fixtures */
static struct rf_buf clear;

static int setup(void **state)
{
    (void)state;
    tftp = fixture_id("tftp");
    clear = read_data("fixtures/made/clear.cnf.xml");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    id_fini(&tftp);
    rf_buf_fini(&clear);
    return 0;
}

static struct rf_buf signed_by(const struct id *by, const char *name, enum rf_digest digest,
                               uint32_t timestamp)
{
    struct rf_buf out = RF_BUF(clear.len + RF_SIGFILE_OVERHEAD_MAX);
    struct rf_sigfile_spec spec = {name, digest, timestamp, rf_buf_slice(&clear)};
    assert_err(rf_sigfile_sign(by->vault, by->cert, &spec, &out, NULL), RF_OK);
    return out;
}

static struct rf_buf device_file(void)
{
    return signed_by(&tftp, DEVICE_FILE, RF_DIGEST_SHA1, TEST_NOW - 60);
}

static void expect_taken(const struct rf_buf *file, const struct id *by,
                         const struct rf_sigfile_policy *p, struct rf_sigfile_info *info)
{
    struct rf_sigfile_info own;
    struct rf_why why = {0};
    enum rf_err err =
        rf_sigfile_verify(rf_buf_slice(file), by->cert, p, info != NULL ? info : &own, &why);
    if (err != RF_OK)
        print_error("refused: %s (%s)\n", why.text, why.code);
    assert_int_equal(err, RF_OK);
}

static void expect_refused(const struct rf_buf *file, const struct id *by,
                           const struct rf_sigfile_policy *p, enum rf_err want, const char *code)
{
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    assert_refused(rf_sigfile_verify(rf_buf_slice(file), by->cert, p, &info, &why), want, why,
                   code);
    assert_null(info.body.p);
    assert_int_equal(info.body_len, 0);
}

/* --- what is accepted --- */

static void files_of_another_implementation_are_taken_sec_10(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum rf_digest digest;
    } rows[] = {{"fixtures/made/sha1.cnf.xml.sgn", RF_DIGEST_SHA1},
                {"fixtures/made/sha512.cnf.xml.sgn", RF_DIGEST_SHA512}};
    for (size_t i = 0; i < 2; i++) {
        struct rf_buf file = read_data(rows[i].file);
        struct rf_sigfile_policy p = lenient(DEVICE_FILE);
        struct rf_sigfile_info info;
        expect_taken(&file, &tftp, &p, &info);
        assert_slice_eq(info.body, rf_buf_slice(&clear));
        assert_int_equal(info.body_len, clear.len);
        assert_int_equal(info.digest, rows[i].digest);
        assert_int_equal(info.kind, RF_SIGNEDFILE_KIND_FILE);
        assert_true(info.has_timestamp);
        assert_false(info.is_rollback);
        assert_int_equal(info.unknown_n, 0);
        rf_buf_fini(&file);
    }
}

static void the_stub_of_another_implementation_names_the_phone(void **state)
{
    (void)state;
    struct id phone = fixture_id("phone");
    struct rf_buf file = read_data("fixtures/made/encrypted-stub.cnf.xml.sgn");
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    expect_taken(&file, &tftp, &p, &info);
    RF_AUTO(rf_freep)
    char *hash = rf_strf("<certHash>%s</certHash>", rf_cert_md5(phone.cert));
    assert_true(rf_slice_find(info.body, rf_slice_str(hash)) != SIZE_MAX);
    rf_buf_fini(&file);
    id_fini(&phone);
}

static void both_digests_and_key_sizes_are_taken_sec_10(void **state)
{
    (void)state;
    static const unsigned bits[] = {1024, 2048};
    static const enum rf_digest digests[] = {RF_DIGEST_SHA1, RF_DIGEST_SHA512};
    for (size_t i = 0; i < 2; i++) {
        struct id by = bits[i] == 2048 ? fixture_id("tftp")
                                       : self_id(RF_CERT_ROLE_TFTP, "a TFTP server", bits[i]);
        for (size_t k = 0; k < 2; k++) {
            struct rf_buf file = signed_by(&by, DEVICE_FILE, digests[k], TEST_NOW);
            struct rf_sigfile_policy p = lenient(DEVICE_FILE);
            struct rf_sigfile_info info;
            expect_taken(&file, &by, &p, &info);
            assert_slice_eq(info.body, rf_buf_slice(&clear));
            assert_int_equal(info.timestamp, TEST_NOW);
            rf_buf_fini(&file);
        }
        id_fini(&by);
    }
}

/* --- changed bytes --- */

static void each_flipped_bit_is_noticed_sec_11(void **state)
{
    (void)state;
    struct rf_buf file = device_file();
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    struct rf_signedfile sf;
    assert_err(rf_signedfile_decode(rf_buf_slice(&file), file.len, &sf, NULL), RF_OK);
    size_t header_len = sf.header_len;
    expect_taken(&file, &tftp, &p, NULL);
    for (size_t at = 0; at < file.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct rf_why why = {0};
            file.p[at] ^= (uint8_t)(1u << bit);
            enum rf_err err = rf_sigfile_verify(rf_buf_slice(&file), tftp.cert, &p, &info, &why);
            if (err == RF_OK)
                print_error("byte %zu, bit %u: taken\n", at, bit);
            assert_int_not_equal(err, RF_OK);
            assert_true(why.code[0] != '\0' && why.text[0] != '\0');
            if (at >= header_len)
                assert_string_equal(why.code, "sig-mismatch");
            assert_null(info.body.p);
            file.p[at] ^= (uint8_t)(1u << bit);
        }
    }
    expect_taken(&file, &tftp, &p, NULL);
    rf_buf_fini(&file);
}

static void a_file_has_its_length(void **state)
{
    (void)state;
    struct rf_buf file = device_file();
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    size_t whole = file.len;
    for (file.len = 0; file.len < whole; file.len++)
        assert_int_not_equal(rf_sigfile_verify(rf_buf_slice(&file), tftp.cert, &p, &info, NULL),
                             RF_OK);
    expect_taken(&file, &tftp, &p, NULL);
    assert_err(rf_buf_add(&file, "\r", 1), RF_OK);
    expect_refused(&file, &tftp, &p, RF_ERR_CRYPTO, "sig-mismatch");
    rf_buf_fini(&file);
}

/* --- who signed --- */

static void another_key_is_no_signer(void **state)
{
    (void)state;
    struct rf_buf file = device_file();
    struct id ccm = fixture_id("ccm"), forger = impostor_of(tftp.cert);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    expect_refused(&file, &ccm, &p, RF_ERR_DENIED, "signer-mismatch");
    p.ignore_signer_id = true;
    expect_refused(&file, &ccm, &p, RF_ERR_CRYPTO, "sig-mismatch");
    expect_taken(&file, &tftp, &p, NULL);
    p.ignore_signer_id = false;
    expect_refused(&file, &forger, &p, RF_ERR_CRYPTO, "sig-mismatch");
    struct rf_buf forged = signed_by(&forger, DEVICE_FILE, RF_DIGEST_SHA1, TEST_NOW);
    expect_refused(&forged, &tftp, &p, RF_ERR_CRYPTO, "sig-mismatch");
    expect_taken(&forged, &forger, &p, NULL);
    rf_buf_fini(&file);
    rf_buf_fini(&forged);
    id_fini(&ccm);
    id_fini(&forger);
}

/* Real servers write one name in several ways; the number and the key say whose it is. */
static void an_issuer_may_be_spelled_in_any_way(void **state)
{
    (void)state;
    struct rf_signedfile_spec spec = header_by(&tftp, DEVICE_FILE);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct id forger = impostor_of(tftp.cert), ccm = fixture_id("ccm");
    spec.issuer = rf_slice_str("OU=Test;cn=\"tftp;O=Fixture");
    struct rf_buf file = container(&spec, rf_buf_slice(&clear), &tftp);
    expect_taken(&file, &tftp, &p, NULL);
    rf_buf_fini(&file);
    file = container(&spec, rf_buf_slice(&clear), &forger);
    expect_refused(&file, &tftp, &p, RF_ERR_CRYPTO, "sig-mismatch");
    rf_buf_fini(&file);
    spec.serial = rf_cert_serial(ccm.cert);
    file = container(&spec, rf_buf_slice(&clear), &tftp);
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "signer-mismatch");
    rf_buf_fini(&file);
    id_fini(&forger);
    id_fini(&ccm);
}

static void short_keys_are_refused(void **state)
{
    (void)state;
    struct id tiny = self_id(RF_CERT_ROLE_TFTP, "tiny", 512);
    struct id small = self_id(RF_CERT_ROLE_TFTP, "small", 1024);
    struct rf_buf by_tiny = signed_by(&tiny, DEVICE_FILE, RF_DIGEST_SHA1, TEST_NOW);
    struct rf_buf by_small = signed_by(&small, DEVICE_FILE, RF_DIGEST_SHA1, TEST_NOW);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    expect_refused(&by_tiny, &tiny, &p, RF_ERR_DENIED, "key-too-short");
    expect_taken(&by_small, &small, &p, NULL);
    p.rsa_min = 512;
    expect_taken(&by_tiny, &tiny, &p, NULL);
    p.rsa_min = 2048;
    expect_refused(&by_small, &small, &p, RF_ERR_DENIED, "key-too-short");
    rf_buf_fini(&by_tiny);
    rf_buf_fini(&by_small);
    id_fini(&tiny);
    id_fini(&small);
}

static void only_an_rsa_key_of_the_right_size_can_have_signed(void **state)
{
    (void)state;
    struct id ec = fixture_id("web-ec");
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_signedfile_spec spec = header_by(&ec, DEVICE_FILE);
    spec.signature_len = 256;
    struct rf_buf file = container(&spec, rf_buf_slice(&clear), NULL);
    expect_refused(&file, &ec, &p, RF_ERR_DENIED, "key-type");
    rf_buf_fini(&file);
    spec = header_by(&tftp, DEVICE_FILE);
    spec.signature_len = 128;
    file = container(&spec, rf_buf_slice(&clear), NULL);
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "sig-length");
    rf_buf_fini(&file);
    spec.signature_len = 256;
    file = container(&spec, rf_buf_slice(&clear), NULL);
    expect_refused(&file, &tftp, &p, RF_ERR_CRYPTO, "sig-mismatch");
    rf_buf_fini(&file);
    file = container(&spec, rf_buf_slice(&clear), &tftp);
    expect_taken(&file, &tftp, &p, NULL);
    rf_buf_fini(&file);
    id_fini(&ec);
}

/* --- what it claims --- */

static void a_file_under_another_name_is_refused_sec_13(void **state)
{
    (void)state;
    static const char *const others[] = {
        "SEPAABBCCDDEEFF.cnf.xml.sgn",
        "SEP001122334455.cnf.xml",
        "SEP001122334455.cnf.xml.enc.sgn",
        "sep001122334455.cnf.xml.sgn",
        "x/SEP001122334455.cnf.xml.sgn",
        "SEP001122334455.cnf.xml.sgn ",
        "",
    };
    struct rf_buf file = device_file();
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    expect_taken(&file, &tftp, &p, NULL);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        p = lenient(others[i]);
        expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "file-name");
    }
    p.expected_name = (struct rf_slice){0}; /* show: not compared */
    expect_taken(&file, &tftp, &p, NULL);
    rf_buf_fini(&file);
}

static void a_file_of_another_folder_is_refused_sec_13(void **state)
{
    (void)state;
    static const char nz[] = "New_Zealand/g3-tones.xml.sgn";
    struct rf_buf file = signed_by(&tftp, nz, RF_DIGEST_SHA512, TEST_NOW);
    struct rf_sigfile_policy p = lenient(nz);
    expect_taken(&file, &tftp, &p, NULL);
    p = lenient("Australia/g3-tones.xml.sgn");
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "file-name");
    p = lenient("g3-tones.xml.sgn");
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "file-name");
    rf_buf_fini(&file);
}

/* Ring list, locale, dial plan and soft keys are signed files like any other. */
static void files_beside_the_configuration_are_checked_alike(void **state)
{
    (void)state;
    static const char *const names[] = {"Ringlist.xml.sgn", "English_United_States/glyphs.xml.sgn",
                                        "dialplan.xml.sgn", "softkeys.xml.sgn"};
    for (size_t i = 0; i < 4; i++) {
        struct rf_buf file = signed_by(&tftp, names[i], RF_DIGEST_SHA1, TEST_NOW);
        struct rf_sigfile_policy p = lenient(names[i]);
        expect_taken(&file, &tftp, &p, NULL);
        file.p[file.len - 1] ^= 1;
        expect_refused(&file, &tftp, &p, RF_ERR_CRYPTO, "sig-mismatch");
        rf_buf_fini(&file);
    }
}

static void sha1_is_refused_where_policy_says_so_sec_16(void **state)
{
    (void)state;
    struct rf_buf sha1 = device_file();
    struct rf_buf sha512 = signed_by(&tftp, DEVICE_FILE, RF_DIGEST_SHA512, TEST_NOW);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    expect_taken(&sha1, &tftp, &p, NULL);
    p.allow_sha1 = false;
    expect_refused(&sha1, &tftp, &p, RF_ERR_DENIED, "digest-refused");
    expect_taken(&sha512, &tftp, &p, NULL);
    rf_buf_fini(&sha1);
    rf_buf_fini(&sha512);
}

static void sha256_is_refused_unless_allowed(void **state)
{
    (void)state;
    struct rf_signedfile_spec spec = header_by(&tftp, DEVICE_FILE);
    spec.hash = RF_SIGNEDFILE_SHA256;
    struct rf_buf file = container(&spec, rf_buf_slice(&clear), &tftp);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "digest-refused");
    p.allow_sha256 = true;
    expect_taken(&file, &tftp, &p, NULL);
    rf_buf_fini(&file);
}

static void an_image_is_no_file_and_a_file_no_image(void **state)
{
    (void)state;
    struct rf_buf image = RF_BUF(clear.len + RF_SIGFILE_OVERHEAD_MAX);
    struct rf_sigfile_spec spec = {"rf-1.loads", RF_DIGEST_SHA512, 0, rf_buf_slice(&clear)};
    struct rf_sigfile_info info;
    assert_err(rf_image_sign(tftp.vault, tftp.cert, &spec, &image, NULL), RF_OK);
    struct rf_buf file = signed_by(&tftp, "rf-1.loads", RF_DIGEST_SHA512, TEST_NOW);
    struct rf_sigfile_policy p = lenient("rf-1.loads");
    expect_refused(&image, &tftp, &p, RF_ERR_DENIED, "file-kind");
    expect_taken(&file, &tftp, &p, NULL);
    p.is_image = true;
    expect_taken(&image, &tftp, &p, &info);
    assert_int_equal(info.kind, RF_SIGNEDFILE_KIND_IMAGE);
    assert_false(info.has_timestamp);
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "file-kind");
    rf_buf_fini(&image);
    rf_buf_fini(&file);
}

static void unknown_versions_and_tags(void **state)
{
    (void)state;
    struct rf_buf file = device_file();
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    add_unknown_tag(&file);
    expect_refused(&file, &tftp, &p, RF_ERR_CRYPTO, "sig-mismatch"); /* it is signed, too */
    sign_again(&file, &tftp);
    expect_taken(&file, &tftp, &p, &info);
    assert_int_equal(info.unknown_n, 1);
    assert_slice_eq(info.body, rf_buf_slice(&clear));
    assert_false(info.is_minor_unknown);
    file.p[4] = 7; /* version 1.7 */
    sign_again(&file, &tftp);
    expect_taken(&file, &tftp, &p, &info);
    assert_true(info.is_minor_unknown);
    assert_int_equal(info.kind, RF_SIGNEDFILE_KIND_UNKNOWN);
    p.is_image = true; /* nothing but 1.1 is an image */
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "file-kind");
    p.is_image = false;
    file.p[3] = 3; /* version 3.7 */
    expect_refused(&file, &tftp, &p, RF_ERR_UNKNOWN, "version-major");
    rf_buf_fini(&file);
}

/* --- time --- */

static void a_time_stamp_from_the_future_is_refused(void **state)
{
    (void)state;
    struct rf_buf file = signed_by(&tftp, DEVICE_FILE, RF_DIGEST_SHA1, TEST_NOW);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    expect_taken(&file, &tftp, &p, NULL);
    p.now_s = TEST_NOW - 1;
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "time-future");
    p.has_now = false; /* no clock that can be trusted */
    expect_taken(&file, &tftp, &p, NULL);
    rf_buf_fini(&file);
    struct rf_signedfile_spec spec = header_by(&tftp, DEVICE_FILE);
    spec.has_timestamp = false;
    file = container(&spec, rf_buf_slice(&clear), &tftp);
    p.has_now = true;
    expect_taken(&file, &tftp, &p, NULL);
    rf_buf_fini(&file);
}

static void an_older_file_is_refused_or_marked_sec_10a(void **state)
{
    (void)state;
    struct rf_buf file = signed_by(&tftp, DEVICE_FILE, RF_DIGEST_SHA1, TEST_NOW - 100);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    p.has_previous = true;
    p.previous_timestamp = TEST_NOW - 99;
    expect_taken(&file, &tftp, &p, &info); /* the default: warn */
    assert_true(info.is_rollback);
    p.rollback = RF_ROLLBACK_OFF;
    expect_taken(&file, &tftp, &p, &info);
    assert_false(info.is_rollback);
    p.rollback = RF_ROLLBACK_REJECT;
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "time-rollback");
    p.previous_timestamp = TEST_NOW - 100;
    expect_taken(&file, &tftp, &p, &info);
    assert_false(info.is_rollback);
    p.previous_timestamp = TEST_NOW - 99;
    p.has_previous = false;
    expect_taken(&file, &tftp, &p, &info);
    assert_false(info.is_rollback);
    rf_buf_fini(&file);
    /* Without a time it is not newer than one with a time. */
    struct rf_signedfile_spec spec = header_by(&tftp, DEVICE_FILE);
    spec.has_timestamp = false;
    file = container(&spec, rf_buf_slice(&clear), &tftp);
    expect_taken(&file, &tftp, &p, NULL);
    p.has_previous = true;
    expect_refused(&file, &tftp, &p, RF_ERR_DENIED, "time-rollback");
    rf_buf_fini(&file);
}

/* --- in pieces --- */

struct pieces {
    struct rf_slice header;
    struct rf_slice body;
};

static struct pieces split(const struct rf_buf *file)
{
    struct pieces p;
    size_t n;
    assert_err(rf_signedfile_header_len(rf_buf_slice(file), &n, NULL), RF_OK);
    p.header = rf_slice_part(rf_buf_slice(file), 0, n);
    p.body = rf_slice_part(rf_buf_slice(file), n, SIZE_MAX);
    return p;
}

/* The body in pieces of `step` bytes. */
static enum rf_err verify_in_pieces(const struct rf_buf *file, const struct rf_cert *by,
                                    const struct rf_sigfile_policy *policy, size_t step,
                                    struct rf_sigfile_info *info, struct rf_why *why)
{
    struct pieces p = split(file);
    RF_AUTO(rf_sigver_freep) struct rf_sigver *v = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf header = RF_BUF(RF_SIGNEDFILE_HEADER_MAX);
    assert_err(rf_buf_add_slice(&header, p.header), RF_OK);
    enum rf_err err = rf_sigver_new(rf_buf_slice(&header), file->len, &v, why);
    if (err != RF_OK)
        return err;
    memset(header.p, 0, header.len); /* it was copied */
    for (size_t at = 0; err == RF_OK && at < p.body.len; at += step)
        err = rf_sigver_add(v, rf_slice_part(p.body, at, step), why);
    assert_err(err, RF_OK);
    assert_slice_str(rf_sigver_header(v)->file_name, DEVICE_FILE);
    return rf_sigver_finish(v, by, policy, info, why);
}

static void pieces_give_the_same_verdict(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 7, 64, 100000};
    struct rf_buf file = device_file();
    struct rf_sigfile_policy p = lenient(DEVICE_FILE), other = lenient("another.sgn");
    for (size_t i = 0; i < 4; i++) {
        struct rf_sigfile_info info;
        struct rf_why why = {0};
        assert_err(verify_in_pieces(&file, tftp.cert, &p, steps[i], &info, &why), RF_OK);
        assert_int_equal(info.body_len, clear.len);
        assert_int_equal(info.timestamp, TEST_NOW - 60);
        assert_null(info.body.p);
        assert_refused(verify_in_pieces(&file, tftp.cert, &other, steps[i], &info, &why),
                       RF_ERR_DENIED, why, "file-name");
        assert_int_equal(info.body_len, 0);
        why = (struct rf_why){0};
        file.p[file.len - 3] ^= 0x10;
        assert_refused(verify_in_pieces(&file, tftp.cert, &p, steps[i], &info, &why), RF_ERR_CRYPTO,
                       why, "sig-mismatch");
        file.p[file.len - 3] ^= 0x10;
    }
    rf_buf_fini(&file);
}

static void too_few_and_too_many_bytes_are_refused(void **state)
{
    (void)state;
    struct rf_buf file = device_file();
    struct rf_sigfile_policy policy = lenient(DEVICE_FILE);
    struct pieces p = split(&file);
    for (size_t given = p.body.len - 1; given <= p.body.len + 1; given++) {
        RF_AUTO(rf_sigver_freep) struct rf_sigver *v = NULL;
        struct rf_sigfile_info info;
        struct rf_why why = {0};
        assert_err(rf_sigver_new(p.header, file.len, &v, &why), RF_OK);
        assert_err(rf_sigver_add(v, rf_slice_part(p.body, 0, given), &why), RF_OK);
        if (given > p.body.len)
            assert_refused(rf_sigver_add(v, rf_slice_str("x"), &why), RF_ERR_LIMIT, why,
                           "file-long");
        why = (struct rf_why){0};
        if (given < p.body.len)
            assert_refused(rf_sigver_finish(v, tftp.cert, &policy, &info, &why), RF_ERR_SHORT, why,
                           "file-short");
        else if (given > p.body.len)
            assert_refused(rf_sigver_finish(v, tftp.cert, &policy, &info, &why), RF_ERR_LIMIT, why,
                           "file-long");
        else
            assert_err(rf_sigver_finish(v, tftp.cert, &policy, &info, &why), RF_OK);
    }
    rf_buf_fini(&file);
}

static void a_header_comes_whole_and_alone(void **state)
{
    (void)state;
    struct rf_buf file = device_file();
    struct pieces p = split(&file);
    struct rf_sigver *v = NULL;
    struct rf_why why = {0};
    struct rf_slice longer = rf_slice_part(rf_buf_slice(&file), 0, p.header.len + 4);
    assert_refused(rf_sigver_new(longer, file.len, &v, &why), RF_ERR_BAD, why, "header-length");
    why = (struct rf_why){0};
    struct rf_slice shorter = rf_slice_part(p.header, 0, p.header.len - 1);
    assert_refused(rf_sigver_new(shorter, file.len, &v, &why), RF_ERR_SHORT, why, "short");
    why = (struct rf_why){0};
    assert_refused(rf_sigver_new(p.header, p.header.len - 1, &v, &why), RF_ERR_BAD, why,
                   "header-beyond-file");
    static uint8_t big[RF_SIGNEDFILE_HEADER_MAX + 1];
    why = (struct rf_why){0};
    assert_refused(rf_sigver_new(rf_slice_of(big, sizeof(big)), 100000, &v, &why), RF_ERR_LIMIT,
                   why, "header-length");
    assert_null(v);
    assert_err(rf_sigver_new(p.header, file.len, &v, &why), RF_OK);
    rf_sigver_free(v);
    rf_buf_fini(&file);
}

static void a_big_file_is_hashed_in_pieces(void **state)
{
    (void)state;
    static uint8_t piece[65536];
    const size_t n = 32; /* 2 MiB */
    struct rf_buf body = RF_BUF(n * sizeof(piece));
    for (size_t i = 0; i < n; i++) {
        memset(piece, (int)i, sizeof(piece));
        assert_err(rf_buf_add(&body, piece, sizeof(piece)), RF_OK);
    }
    struct rf_buf file = RF_BUF(body.len + RF_SIGFILE_OVERHEAD_MAX);
    struct rf_sigfile_spec spec = {DEVICE_FILE, RF_DIGEST_SHA512, TEST_NOW, rf_buf_slice(&body)};
    assert_err(rf_sigfile_sign(tftp.vault, tftp.cert, &spec, &file, NULL), RF_OK);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    assert_err(verify_in_pieces(&file, tftp.cert, &p, 5000, &info, NULL), RF_OK);
    assert_int_equal(info.body_len, body.len);
    rf_buf_fini(&body);
    rf_buf_fini(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_another_implementation_are_taken_sec_10),
        cmocka_unit_test(the_stub_of_another_implementation_names_the_phone),
        cmocka_unit_test(both_digests_and_key_sizes_are_taken_sec_10),
        cmocka_unit_test(each_flipped_bit_is_noticed_sec_11),
        cmocka_unit_test(a_file_has_its_length),
        cmocka_unit_test(another_key_is_no_signer),
        cmocka_unit_test(an_issuer_may_be_spelled_in_any_way),
        cmocka_unit_test(short_keys_are_refused),
        cmocka_unit_test(only_an_rsa_key_of_the_right_size_can_have_signed),
        cmocka_unit_test(a_file_under_another_name_is_refused_sec_13),
        cmocka_unit_test(a_file_of_another_folder_is_refused_sec_13),
        cmocka_unit_test(files_beside_the_configuration_are_checked_alike),
        cmocka_unit_test(sha1_is_refused_where_policy_says_so_sec_16),
        cmocka_unit_test(sha256_is_refused_unless_allowed),
        cmocka_unit_test(an_image_is_no_file_and_a_file_no_image),
        cmocka_unit_test(unknown_versions_and_tags),
        cmocka_unit_test(a_time_stamp_from_the_future_is_refused),
        cmocka_unit_test(an_older_file_is_refused_or_marked_sec_10a),
        cmocka_unit_test(pieces_give_the_same_verdict),
        cmocka_unit_test(too_few_and_too_many_bytes_are_refused),
        cmocka_unit_test(a_header_comes_whole_and_alone),
        cmocka_unit_test(a_big_file_is_hashed_in_pieces),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
