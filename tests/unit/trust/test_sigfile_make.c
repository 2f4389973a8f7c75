/* SPDX-License-Identifier: Apache-2.0 */
/* Making containers: what comes out, what is refused, and forgeries made with the tools at hand. */
#include "container.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

static struct id tftp; /* RSA 2048, of the fixtures */

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

static struct rf_sigfile_spec a_spec(void)
{
    return (struct rf_sigfile_spec){DEVICE_FILE, RF_DIGEST_SHA512, TEST_NOW - 5,
                                    rf_slice_str("<device/>")};
}

/* --- what is written --- */

static void a_signed_file_says_who_signed_it_and_when(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = a_spec();
    struct rf_buf out = RF_BUF(spec.body.len + RF_SIGFILE_OVERHEAD_MAX);
    struct rf_signedfile sf;
    assert_err(rf_sigfile_sign(tftp.vault, tftp.cert, &spec, &out, NULL), RF_OK);
    assert_err(rf_signedfile_decode(rf_buf_slice(&out), out.len, &sf, NULL), RF_OK);
    assert_int_equal(rf_signedfile_kind_of(&sf), RF_SIGNEDFILE_KIND_FILE);
    assert_slice_str(sf.signer, rf_cert_subject(tftp.cert));
    assert_true(rf_cert_is(tftp.cert, sf.issuer, sf.serial));
    assert_slice_str(sf.file_name, DEVICE_FILE);
    assert_int_equal(sf.hash, RF_SIGNEDFILE_SHA512);
    assert_true(sf.has_timestamp);
    assert_int_equal(sf.timestamp, TEST_NOW - 5);
    assert_false(sf.has_signer_version);
    assert_false(sf.has_encryption);
    assert_slice_str(rf_slice_part(rf_buf_slice(&out), sf.header_len, SIZE_MAX), "<device/>");
    rf_buf_fini(&out);
}

/* Signatures of this kind are the same each time: so must be what another implementation made. */
static void the_bytes_of_another_implementation_come_out(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum rf_digest digest;
    } rows[] = {{"fixtures/made/sha1.cnf.xml.sgn", RF_DIGEST_SHA1},
                {"fixtures/made/sha512.cnf.xml.sgn", RF_DIGEST_SHA512}};
    struct rf_buf clear = read_data("fixtures/made/clear.cnf.xml");
    for (size_t i = 0; i < 2; i++) {
        struct rf_buf theirs = read_data(rows[i].file);
        struct rf_buf ours = RF_BUF(clear.len + RF_SIGFILE_OVERHEAD_MAX);
        struct rf_signedfile sf;
        assert_err(rf_signedfile_decode(rf_buf_slice(&theirs), theirs.len, &sf, NULL), RF_OK);
        struct rf_sigfile_spec spec = {DEVICE_FILE, rows[i].digest, sf.timestamp,
                                       rf_buf_slice(&clear)};
        assert_err(rf_sigfile_sign(tftp.vault, tftp.cert, &spec, &ours, NULL), RF_OK);
        assert_slice_eq(rf_buf_slice(&ours), rf_buf_slice(&theirs));
        rf_buf_fini(&theirs);
        rf_buf_fini(&ours);
    }
    rf_buf_fini(&clear);
}

static void an_image_has_its_own_header(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = a_spec();
    struct rf_buf out = RF_BUF(spec.body.len + RF_SIGFILE_OVERHEAD_MAX);
    struct rf_signedfile sf;
    spec.name = "rf-2.loads";
    assert_err(rf_image_sign(tftp.vault, tftp.cert, &spec, &out, NULL), RF_OK);
    assert_err(rf_signedfile_decode(rf_buf_slice(&out), out.len, &sf, NULL), RF_OK);
    assert_int_equal(rf_signedfile_kind_of(&sf), RF_SIGNEDFILE_KIND_IMAGE);
    assert_false(sf.has_timestamp);
    assert_slice_str(sf.file_name, "rf-2.loads");
    rf_buf_fini(&out);
}

static void an_empty_file_can_be_signed_and_appended(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = a_spec();
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    struct rf_buf out = RF_BUF(16384);
    spec.body = (struct rf_slice){0};
    assert_err(rf_buf_add(&out, "kept", 4), RF_OK);
    assert_err(rf_sigfile_sign(tftp.vault, tftp.cert, &spec, &out, NULL), RF_OK);
    assert_slice_str(rf_slice_part(rf_buf_slice(&out), 0, 4), "kept");
    struct rf_slice file = rf_slice_part(rf_buf_slice(&out), 4, SIZE_MAX);
    assert_err(rf_sigfile_verify(file, tftp.cert, &p, &info, NULL), RF_OK);
    assert_int_equal(info.body_len, 0);
    rf_buf_fini(&out);
}

/* --- what is not written --- */

static void expect_not_signed(const struct id *key, const struct id *cert,
                              const struct rf_sigfile_spec *spec, size_t room, enum rf_err want,
                              const char *code)
{
    struct rf_buf out = RF_BUF(room);
    struct rf_why why = {0};
    assert_refused(rf_sigfile_sign(key->vault, cert->cert, spec, &out, &why), want, why, code);
    assert_int_equal(out.len, 0);
    why = (struct rf_why){0};
    assert_refused(rf_image_sign(key->vault, cert->cert, spec, &out, &why), want, why, code);
    assert_int_equal(out.len, 0);
    rf_buf_fini(&out);
}

static void keys_and_digests_that_phones_do_not_know_do_not_sign(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = a_spec();
    struct id ec = fixture_id("web-ec"), ccm = fixture_id("ccm");
    struct id odd = self_id(RF_CERT_ROLE_TFTP, "odd", 768);
    expect_not_signed(&ec, &ec, &spec, 16384, RF_ERR_DENIED, "key-type");
    expect_not_signed(&odd, &odd, &spec, 16384, RF_ERR_DENIED, "key-size");
    expect_not_signed(&ccm, &tftp, &spec, 16384, RF_ERR_DENIED, "key-cert-mismatch");
    spec.digest = RF_DIGEST_SHA256;
    expect_not_signed(&tftp, &tftp, &spec, 16384, RF_ERR_DENIED, "digest-refused");
    spec.digest = (enum rf_digest)9;
    expect_not_signed(&tftp, &tftp, &spec, 16384, RF_ERR_DENIED, "digest-refused");
    id_fini(&ec);
    id_fini(&ccm);
    id_fini(&odd);
}

static void names_and_sizes_have_limits(void **state)
{
    (void)state;
    static char name[RF_SIGFILE_OVERHEAD_MAX];
    struct rf_sigfile_spec spec = a_spec();
    struct rf_buf out = RF_BUF(16384);
    expect_not_signed(&tftp, &tftp, &spec, 300, RF_ERR_LIMIT, "file-size");
    spec.name = "";
    expect_not_signed(&tftp, &tftp, &spec, 16384, RF_ERR_BAD, "text-empty");
    spec.name = "a\nb";
    expect_not_signed(&tftp, &tftp, &spec, 16384, RF_ERR_BAD, "text-control");
    memset(name, 'n', sizeof(name) - 1);
    spec.name = name;
    expect_not_signed(&tftp, &tftp, &spec, 16384, RF_ERR_LIMIT, "buffer-full");
    name[1024] = '\0';
    assert_err(rf_sigfile_sign(tftp.vault, tftp.cert, &spec, &out, NULL), RF_OK);
    rf_buf_fini(&out);
}

/* A backend that is broken in one way or another. */
enum broken { GONE, SHORT, WRONG };

static enum rf_err broken_sign(void *state, enum rf_digest alg, struct rf_slice digest,
                               struct rf_buf *sig, struct rf_why *why)
{
    static const uint8_t bytes[256] = {1};
    (void)alg;
    (void)digest;
    switch (*(enum broken *)state) {
    case GONE:
        return rf_why_set(why, RF_ERR_IO, "signer-gone", "the signer has ended");
    case SHORT:
        return rf_buf_add(sig, bytes, 128);
    case WRONG:
        break;
    }
    return rf_buf_add(sig, bytes, 256);
}

static void what_a_broken_signer_gives_is_not_given_out(void **state)
{
    (void)state;
    static const struct rf_vault_ops ops = {.sign = broken_sign};
    static const struct {
        enum broken how;
        enum rf_err err;
        const char *code;
    } rows[] = {{GONE, RF_ERR_IO, "signer-gone"},
                {SHORT, RF_ERR_CRYPTO, "sign-failed"},
                {WRONG, RF_ERR_CRYPTO, "sig-mismatch"}};
    struct rf_sigfile_spec spec = a_spec();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum broken how = rows[i].how;
        struct id id = {.vault = rf_vault_key_new(&ops, &how, rf_key_spki(tftp.key))};
        expect_not_signed(&id, &tftp, &spec, 16384, rows[i].err, rows[i].code);
        rf_vault_free(id.vault);
    }
}

/* --- forgeries --- */

static size_t digest_of(const struct rf_buf *file, enum rf_digest digest, uint8_t *md)
{
    struct rf_signedfile sf;
    assert_err(rf_signedfile_decode(rf_buf_slice(file), file->len, &sf, NULL), RF_OK);
    struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&sf, file->len);
    const struct rf_slice parts[] = {
        rf_slice_part(rf_buf_slice(file), 0, r.before_len),
        rf_slice_part(rf_buf_slice(file), r.after_off, r.after_len),
    };
    return rf_digest_of_parts(digest, parts, 2, md);
}

static void put_signature(struct rf_buf *file, struct rf_slice sig)
{
    struct rf_signedfile sf;
    assert_err(rf_signedfile_decode(rf_buf_slice(file), file->len, &sf, NULL), RF_OK);
    assert_int_equal(sf.signature.len, sig.len);
    memcpy(file->p + sf.signature_tlv_off + 3, sig.p, sig.len);
}

static void expect_forgery_refused(const struct rf_buf *file, const struct id *by)
{
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    assert_refused(rf_sigfile_verify(rf_buf_slice(file), by->cert, &p, &info, &why), RF_ERR_CRYPTO,
                   why, "sig-mismatch");
}

static void the_right_digest_in_a_wrong_block_is_refused_sec_18(void **state)
{
    (void)state;
    static const char *const fronts[] = {
        "", /* no DigestInfo */
        "junk before the digest",
        "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05", /* of another digest */
    };
    struct rf_signedfile_spec spec = header_by(&tftp, DEVICE_FILE);
    struct rf_buf file = container(&spec, rf_slice_str("<device/>"), NULL);
    uint8_t md[RF_DIGEST_MAX];
    size_t n = digest_of(&file, RF_DIGEST_SHA512, md);
    for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
        struct rf_buf payload = RF_BUF(200), sig = RF_BUF(RF_SIGNATURE_MAX);
        assert_err(rf_buf_addf(&payload, "%s", fronts[i]), RF_OK);
        assert_err(rf_buf_add(&payload, md, n), RF_OK);
        assert_err(rf_vault_sign_bare(tftp.vault, rf_buf_slice(&payload), &sig, NULL), RF_OK);
        put_signature(&file, rf_buf_slice(&sig));
        expect_forgery_refused(&file, &tftp);
        rf_buf_fini(&payload);
        rf_buf_fini(&sig);
    }
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    sign_again(&file, &tftp);
    assert_err(rf_sigfile_verify(rf_buf_slice(&file), tftp.cert, &p, &info, NULL), RF_OK);
    rf_buf_fini(&file);
}

/* A signer whose public exponent is 3. */
static struct id exponent_3(void)
{
    struct id id = {0};
    EVP_PKEY *pkey = NULL;
    BIGNUM *e = BN_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    assert_int_equal(BN_set_word(e, 3), 1);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    char *pem = NULL;
    long n = BIO_get_mem_data(bio, &pem);
    struct rf_key *key = NULL;
    assert_err(rf_key_from_pem(rf_slice_of(pem, (size_t)n), NULL, &key, NULL), RF_OK);
    id_set_key(&id, key);
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_TFTP, .cn = "exponent 3", .now_s = TEST_NOW, .days = 100};
    assert_err(rf_issue_self_signed(&spec, id.vault, &id.cert, NULL), RF_OK);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    BN_free(e);
    return id;
}

/* The least s with s^3 >= n, by bisection. */
static BIGNUM *cube_root(const BIGNUM *n, BN_CTX *ctx)
{
    BIGNUM *s = BN_new(), *cube = BN_new();
    for (int bit = BN_num_bits(n) / 3 + 1; bit >= 0; bit--) {
        assert_int_equal(BN_set_bit(s, bit), 1);
        assert_int_equal(BN_sqr(cube, s, ctx), 1);
        assert_int_equal(BN_mul(cube, cube, s, ctx), 1);
        if (BN_cmp(cube, n) >= 0)
            assert_int_equal(BN_clear_bit(s, bit), 1);
    }
    assert_int_equal(BN_add_word(s, 1), 1);
    BN_free(cube);
    return s;
}

/* A number whose cube begins like a proper block with this digest, made without the private key. */
static void forge_by_cube_root(struct rf_slice sha1, uint8_t sig[256])
{
    static const uint8_t front[] = {0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff, 0x00, 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b,
                                    0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};
    uint8_t block[256] = {0}, got[256];
    BN_CTX *ctx = BN_CTX_new();
    memcpy(block, front, sizeof(front));
    memcpy(block + sizeof(front), sha1.p, sha1.len);
    BIGNUM *want = BN_bin2bn(block, sizeof(block), NULL);
    BIGNUM *s = cube_root(want, ctx), *cube = BN_new();
    assert_int_equal(BN_sqr(cube, s, ctx), 1);
    assert_int_equal(BN_mul(cube, cube, s, ctx), 1);
    assert_int_equal(BN_bn2binpad(cube, got, sizeof(got)), 256);
    assert_memory_equal(got, block, sizeof(front) + sha1.len); /* it would fool a prefix check */
    assert_int_equal(BN_bn2binpad(s, sig, 256), 256);
    BN_free(want);
    BN_free(s);
    BN_free(cube);
    BN_CTX_free(ctx);
}

static void a_cube_root_is_no_signature_sec_18(void **state)
{
    (void)state;
    struct id by = exponent_3();
    struct rf_signedfile_spec spec = header_by(&by, DEVICE_FILE);
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    uint8_t md[RF_DIGEST_MAX], sig[256];
    spec.hash = RF_SIGNEDFILE_SHA1;
    struct rf_buf file = container(&spec, rf_slice_str("<device/>"), NULL);
    size_t n = digest_of(&file, RF_DIGEST_SHA1, md);
    forge_by_cube_root(rf_slice_of(md, n), sig);
    put_signature(&file, rf_slice_of(sig, sizeof(sig)));
    expect_forgery_refused(&file, &by);
    sign_again(&file, &by);
    assert_err(rf_sigfile_verify(rf_buf_slice(&file), by.cert, &p, &info, NULL), RF_OK);
    rf_buf_fini(&file);
    id_fini(&by);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_file_says_who_signed_it_and_when),
        cmocka_unit_test(the_bytes_of_another_implementation_come_out),
        cmocka_unit_test(an_image_has_its_own_header),
        cmocka_unit_test(an_empty_file_can_be_signed_and_appended),
        cmocka_unit_test(keys_and_digests_that_phones_do_not_know_do_not_sign),
        cmocka_unit_test(names_and_sizes_have_limits),
        cmocka_unit_test(what_a_broken_signer_gives_is_not_given_out),
        cmocka_unit_test(the_right_digest_in_a_wrong_block_is_refused_sec_18),
        cmocka_unit_test(a_cube_root_is_no_signature_sec_18),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
