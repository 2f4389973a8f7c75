/* SPDX-License-Identifier: Apache-2.0 */
/* A file signed in pieces is the file signed whole. */
#include "container.h"

static struct id tftp;

static int setup(void **state)
{
    (void)state;
    tftp = fixture_id("tftp");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    id_fini(&tftp);
    return 0;
}

static struct rf_sigfile_spec spec_of(const char *name, enum rf_digest digest, struct rf_slice body)
{
    return (struct rf_sigfile_spec){name, digest, TEST_NOW - 60, body};
}

/* Header and body, the body hashed in pieces of `step`. */
static enum rf_err make(const struct id *by, const struct rf_sigfile_spec *spec, bool is_image,
                        size_t step, struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(rf_sigmake_freep) struct rf_sigmake *m = NULL;
    struct rf_slice header;
    enum rf_err err = rf_sigmake_new(by->vault, by->cert, spec, is_image, &m, why);
    if (err != RF_OK)
        return err;
    for (size_t at = 0; at < spec->body.len; at += step)
        rf_sigmake_add(m, rf_slice_part(spec->body, at, step));
    err = rf_sigmake_finish(m, &header, why);
    if (err != RF_OK)
        return err;
    assert_err(rf_buf_add_slice(out, header), RF_OK);
    return rf_buf_add_slice(out, spec->body);
}

static void pieces_make_the_same_bytes(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 7, 4096, 100000};
    static uint8_t body[10000];
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 7);
    for (unsigned k = 0; k < 4; k++) {
        bool is_image = (k & 1) != 0;
        enum rf_digest digest = (k & 2) != 0 ? RF_DIGEST_SHA1 : RF_DIGEST_SHA512;
        struct rf_sigfile_spec spec = spec_of("a.sbn", digest, rf_slice_of(body, sizeof(body)));
        RF_AUTO(rf_buf_fini) struct rf_buf whole = RF_BUF(CONTENT_MAX);
        assert_err((is_image ? rf_image_sign : rf_sigfile_sign)(tftp.vault, tftp.cert, &spec,
                                                                &whole, NULL),
                   RF_OK);
        for (size_t i = 0; i < 4; i++) {
            RF_AUTO(rf_buf_fini) struct rf_buf pieces = RF_BUF(CONTENT_MAX);
            assert_err(make(&tftp, &spec, is_image, steps[i], &pieces, NULL), RF_OK);
            assert_slice_eq(rf_buf_slice(&pieces), rf_buf_slice(&whole));
        }
    }
}

static void a_file_without_content_is_signed(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = spec_of(DEVICE_FILE, RF_DIGEST_SHA512, (struct rf_slice){0});
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    assert_err(make(&tftp, &spec, false, 1, &file, NULL), RF_OK);
    assert_err(rf_sigfile_verify(rf_buf_slice(&file), tftp.cert, &p, &info, NULL), RF_OK);
}

static void expect_no_file(const struct id *by, const struct rf_sigfile_spec *spec,
                           const char *code)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    struct rf_why why = {0};
    assert_true(make(by, spec, false, 100, &file, &why) != RF_OK);
    assert_string_equal(why.code, code);
    assert_int_equal(file.len, 0);
}

static void what_cannot_be_signed_whole_cannot_be_signed_in_pieces(void **state)
{
    (void)state;
    struct id ccm = fixture_id("ccm"), ec = fixture_id("web-ec");
    struct id mixed = {.key = tftp.key, .vault = tftp.vault, .cert = ccm.cert};
    struct rf_slice body = rf_slice_str("x");
    struct rf_sigfile_spec spec = spec_of(DEVICE_FILE, RF_DIGEST_SHA512, body);
    expect_no_file(&mixed, &spec, "key-cert-mismatch");
    expect_no_file(&ec, &spec, "key-type");
    spec = spec_of(DEVICE_FILE, RF_DIGEST_SHA256, body);
    expect_no_file(&tftp, &spec, "digest-refused");
    spec = spec_of("a\nb", RF_DIGEST_SHA512, body);
    expect_no_file(&tftp, &spec, "text-control");
    spec = spec_of(DEVICE_FILE, RF_DIGEST_SHA512, body);
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    assert_err(make(&tftp, &spec, false, 100, &file, NULL), RF_OK);
    id_fini(&ccm);
    id_fini(&ec);
}

static enum rf_err sign_wrong(void *state, enum rf_digest alg, struct rf_slice digest,
                              struct rf_buf *sig, struct rf_why *why)
{
    uint8_t bytes[512] = {1};
    (void)alg, (void)digest, (void)why;
    return rf_buf_add(sig, bytes, *(const size_t *)state);
}

/* A key that signs something else, or too little: the header is not given out. */
static void a_signature_is_checked_before_it_is_given_out(void **state)
{
    (void)state;
    static const struct rf_vault_ops ops = {.sign = sign_wrong};
    size_t lengths[] = {256, 255};
    static const char *const codes[] = {"sig-mismatch", "sign-failed"};
    struct rf_sigfile_spec spec = spec_of(DEVICE_FILE, RF_DIGEST_SHA512, rf_slice_str("x"));
    for (size_t i = 0; i < 2; i++) {
        struct id by = {.cert = tftp.cert};
        by.vault = rf_vault_key_new(&ops, &lengths[i], rf_cert_spki(tftp.cert));
        expect_no_file(&by, &spec, codes[i]);
        rf_vault_free(by.vault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_make_the_same_bytes),
        cmocka_unit_test(a_file_without_content_is_signed),
        cmocka_unit_test(what_cannot_be_signed_whole_cannot_be_signed_in_pieces),
        cmocka_unit_test(a_signature_is_checked_before_it_is_given_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
