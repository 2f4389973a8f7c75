/* SPDX-License-Identifier: Apache-2.0 */
/* One file of each kind, damaged at every byte: a bit changed, cut off there, a byte put in, a byte
 * taken out, and bytes added at the end. Nothing of it is ever accepted, by any way of reading it.
 */
#include "list.h"
#include "trust/encfile.h"
#include "trust/image.h"

#define ENC_FILE "SEP001122334455.cnf.xml.enc.sgn"
#define LOADS    "rf-1.loads"

static struct id signer, phone; /* RSA 1024: a verification for each damage */
static struct rf_cert_list keys;

static enum rf_err read_file(struct rf_slice file)
{
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    enum rf_err err = rf_sigfile_verify(file, signer.cert, &p, &info, NULL);
    assert_true(err == RF_OK || info.body.p == NULL);
    return err;
}

/* As the command line and phones read what is big. */
static enum rf_err read_in_pieces(struct rf_slice file)
{
    RF_AUTO(rf_sigver_freep) struct rf_sigver *v = NULL;
    struct rf_sigfile_policy p = lenient(DEVICE_FILE);
    struct rf_sigfile_info info;
    size_t n = 0;
    enum rf_err err = rf_signedfile_header_len(file, &n, NULL);
    if (err == RF_OK)
        err = rf_sigver_new(rf_slice_part(file, 0, n), file.len, &v, NULL);
    for (size_t at = n; err == RF_OK && at < file.len; at += 100)
        err = rf_sigver_add(v, rf_slice_part(file, at, 100), NULL);
    return err == RF_OK ? rf_sigver_finish(v, signer.cert, &p, &info, NULL) : err;
}

/* The signature first; nothing is decrypted otherwise. */
static enum rf_err read_encrypted(struct rf_slice file)
{
    struct rf_sigfile_policy p = lenient(ENC_FILE);
    struct rf_sigfile_info info;
    struct rf_buf out = RF_BUF(RF_ENCFILE_PLAIN_MAX);
    enum rf_err err = rf_sigfile_verify(file, signer.cert, &p, &info, NULL);
    if (err == RF_OK)
        err = rf_encfile_decrypt(file, phone.vault, &out, NULL);
    rf_buf_wipe(&out);
    return err;
}

static enum rf_err read_list(struct rf_slice file)
{
    RF_AUTO(rf_list_freep) struct rf_list *l = NULL;
    enum rf_err err = rf_list_open(file, &l, NULL);
    return err == RF_OK ? rf_list_verify_own(l, RF_LIST_ITL, &at_now, NULL) : err;
}

static enum rf_err read_image(struct rf_slice file)
{
    struct rf_image_info info;
    struct rf_slice body;
    enum rf_err err = rf_image_verify(file, rf_slice_str("a.sbn"), &keys, &info, &body, NULL);
    assert_true(err == RF_OK || body.p == NULL);
    return err;
}

static enum rf_err read_loads(struct rf_slice file)
{
    struct rf_load load;
    enum rf_err err = rf_load_open(file, LOADS, &keys, &load, NULL);
    assert_true(err == RF_OK || load.loads.entry_n == 0);
    rf_load_fini(&load);
    return err;
}

/* A copy in memory of exactly its size, so that the sanitizer sees a byte read beyond it. */
static void expect_refused(enum rf_err (*read)(struct rf_slice), const struct rf_buf *b,
                           const char *damage, size_t at)
{
    uint8_t *exact = malloc(b->len + (b->len == 0));
    assert_non_null(exact);
    memcpy(exact, b->p, b->len);
    enum rf_err err = read(rf_slice_of(exact, b->len));
    free(exact);
    if (err == RF_OK)
        print_error("byte %zu, %s: accepted\n", at, damage);
    assert_int_not_equal(err, RF_OK);
}

static void copy_of(struct rf_buf *b, struct rf_slice file)
{
    b->len = 0;
    assert_err(rf_buf_add_slice(b, file), RF_OK);
}

static void damage_everywhere(const struct rf_buf *good, enum rf_err (*read)(struct rf_slice))
{
    struct rf_slice file = rf_buf_slice(good);
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(CONTENT_MAX);
    assert_err(read(file), RF_OK);
    for (size_t at = 0; at < file.len; at++) {
        copy_of(&b, file);
        b.p[at] ^= (uint8_t)(1u << at % 8);
        expect_refused(read, &b, "a bit changed", at);
        copy_of(&b, file);
        b.len = at;
        expect_refused(read, &b, "cut", at);
        copy_of(&b, rf_slice_part(file, 0, at));
        assert_err(rf_buf_add_slice(&b, rf_slice_part(file, at + 1, SIZE_MAX)), RF_OK);
        expect_refused(read, &b, "a byte taken out", at);
        copy_of(&b, rf_slice_part(file, 0, at));
        assert_err(rf_buf_add(&b, "\x0d", 1), RF_OK);
        assert_err(rf_buf_add_slice(&b, rf_slice_part(file, at, SIZE_MAX)), RF_OK);
        expect_refused(read, &b, "a byte put in", at);
    }
    static const char *const tails[] = {"\r", "\r\r\r\r", "\n", "x", "0123456789abcdef"};
    for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
        copy_of(&b, file);
        assert_err(rf_buf_add_slice(&b, rf_slice_str(tails[i])), RF_OK);
        expect_refused(read, &b, "longer", file.len);
    }
    copy_of(&b, file);
    assert_err(rf_buf_add_slice(&b, file), RF_OK);
    expect_refused(read, &b, "twice", file.len);
    assert_err(read(file), RF_OK);
}

static void a_signed_file_sec_11(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = {DEVICE_FILE, RF_DIGEST_SHA1, TEST_NOW, rf_slice_str("<a/>\n")};
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    assert_err(rf_sigfile_sign(signer.vault, signer.cert, &spec, &file, NULL), RF_OK);
    damage_everywhere(&file, read_file);
    damage_everywhere(&file, read_in_pieces);
}

static void an_encrypted_file_sec_70(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = {ENC_FILE, RF_DIGEST_SHA512, TEST_NOW, rf_slice_str("<a/>\n")};
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    assert_err(rf_encfile_make(signer.vault, signer.cert, phone.cert, &spec, &file, NULL), RF_OK);
    damage_everywhere(&file, read_encrypted);
}

static void a_trust_list_sec_31a(void **state)
{
    (void)state;
    const struct rf_list_entry entries[] = {{signer.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {phone.cert, RF_TRUSTLIST_ROLE_TFTP, "tftp"}};
    RF_AUTO(rf_buf_fini) struct rf_buf file = built(RF_LIST_ITL, entries, 2, &signer, TEST_NOW);
    damage_everywhere(&file, read_list);
}

static void an_image_sec_02_sec_03_sec_06(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = {
        .name = "a.sbn", .digest = RF_DIGEST_SHA1, .body = rf_slice_str("payload")};
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    assert_err(rf_image_sign(signer.vault, signer.cert, &spec, &file, NULL), RF_OK);
    damage_everywhere(&file, read_image);
}

static void a_load_list_sec_02_sec_03_sec_06(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = {
        .name = LOADS, .digest = RF_DIGEST_SHA512, .body = rf_slice_str("a.sbn\r\nb.sbn\r\n")};
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    assert_err(rf_image_sign(signer.vault, signer.cert, &spec, &file, NULL), RF_OK);
    damage_everywhere(&file, read_loads);
}

static int setup(void **state)
{
    (void)state;
    signer = self_id(RF_CERT_ROLE_IMAGE_SIGNER, "signer", 1024);
    phone = self_id(RF_CERT_ROLE_TFTP, "another", 1024);
    return rf_cert_list_add(&keys, signer.cert) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rf_cert_list_fini(&keys);
    id_fini(&signer);
    id_fini(&phone);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_file_sec_11),
        cmocka_unit_test(an_encrypted_file_sec_70),
        cmocka_unit_test(a_trust_list_sec_31a),
        cmocka_unit_test(an_image_sec_02_sec_03_sec_06),
        cmocka_unit_test(a_load_list_sec_02_sec_03_sec_06),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
