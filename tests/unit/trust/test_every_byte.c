/* SPDX-License-Identifier: Apache-2.0 */
/* One file of each kind, damaged at every byte: a bit changed, cut off there, a byte put in, a byte
 * taken out, and bytes added at the end; and a hundred thousand times at random, in its bytes and
 * in its structure. Nothing of it is ever accepted, by any way of reading it. */
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

/* A small generator of our own, so that a failure can be repeated. */
static uint32_t next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Bytes made others, doubled, cut out and blanked. */
static void change_bytes(struct rf_buf *b, uint32_t *seed)
{
    size_t at = next(seed) % b->len, to = next(seed) % b->len, n = 1 + next(seed) % 24;
    n = at + n > b->len ? b->len - at : n;
    n = to + n > b->len ? b->len - to : n;
    switch (next(seed) % 4) {
    case 0:
        b->p[at] = (uint8_t)next(seed);
        break;
    case 1:
        memmove(b->p + to, b->p + at, n);
        break;
    case 2:
        memmove(b->p + at, b->p + at + n, b->len - at - n);
        b->len -= n;
        break;
    default:
        memset(b->p + at, 0, n);
        break;
    }
}

static size_t u16_at(const struct rf_buf *b, size_t at)
{
    return (size_t)b->p[at] << 8 | b->p[at + 1];
}

static void put_u16(struct rf_buf *b, size_t at, size_t value)
{
    b->p[at] = (uint8_t)(value >> 8);
    b->p[at + 1] = (uint8_t)value;
}

/* Where the TLVs of the header stand, those in groups as well, as far as it can be walked. */
static size_t tlvs_of(const struct rf_buf *b, size_t at[64])
{
    static const uint8_t groups[] = {3, 7, 9, 16, 17, 21};
    size_t n = 0;
    size_t end = b->len < 10 || u16_at(b, 8) > b->len ? b->len : u16_at(b, 8);
    for (size_t i = 0; n < 64 && i + 3 <= end && b->p[i] != 13;) {
        at[n++] = i;
        i += memchr(groups, b->p[i], sizeof groups) != NULL ? 3 : 3 + u16_at(b, i + 1);
    }
    return n;
}

/* n bytes more or less at a place, in the header: half the time its length says so. */
static void resize(struct rf_buf *b, size_t at, size_t n, bool is_more, uint32_t *seed)
{
    if (is_more) {
        assert_non_null(rf_buf_room(b, n));
        memmove(b->p + at + n, b->p + at, b->len - at);
        b->len += n;
    } else {
        memmove(b->p + at, b->p + at + n, b->len - at - n);
        b->len -= n;
    }
    if (next(seed) % 2 && b->len > 10)
        put_u16(b, 8, u16_at(b, 8) + (is_more ? n : 0 - n));
}

/* One TLV twice, gone, empty, too long or of another tag; a header longer than the file. */
static void change_structure(struct rf_buf *b, uint32_t *seed)
{
    size_t tlv[64], n_tlv = tlvs_of(b, tlv);
    if (n_tlv == 0)
        return;
    size_t at = tlv[next(seed) % n_tlv], n = 3 + u16_at(b, at + 1);
    bool is_whole = at + n <= b->len;
    switch (next(seed) % 7) {
    case 0: /* a second one right behind */
        if (is_whole && b->len + n < b->max) {
            resize(b, at + n, n, true, seed);
            memmove(b->p + at + n, b->p + at, n);
        }
        break;
    case 1:
        if (is_whole)
            resize(b, at, n, false, seed);
        break;
    case 2: /* no value: of the signature, too */
        if (is_whole)
            resize(b, at + 3, n - 3, false, seed);
        put_u16(b, at + 1, 0);
        break;
    case 3: /* beyond its group, or its header, or the file */
        put_u16(b, at + 1, n - 3 + (1u << next(seed) % 16));
        break;
    case 4: /* shorter than its value */
        put_u16(b, at + 1, n - 3 - 1 - next(seed) % 4);
        break;
    case 5:
        b->p[at] = (uint8_t)(next(seed) % 32);
        break;
    default:
        if (b->len > 10)
            put_u16(b, 8, next(seed) % 2 ? b->len + 1 + next(seed) % 999 : next(seed));
        break;
    }
}

static void damage_at_random(const struct rf_buf *good, enum rf_err (*read)(struct rf_slice),
                             size_t times)
{
    struct rf_slice file = rf_buf_slice(good);
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(CONTENT_MAX);
    uint32_t seed = 0x5eed1e55;
    size_t same = 0;
    for (size_t i = 0; i < times; i++) {
        copy_of(&b, file);
        for (size_t k = 1 + i % 3; k > 0 && b.len > 30; k--)
            (next(&seed) % 2 ? change_bytes : change_structure)(&b, &seed);
        if (rf_slice_eq(rf_buf_slice(&b), file))
            same++;
        else
            expect_refused(read, &b, "at random", i);
    }
    assert_true(same < times / 10);
}

static void a_signed_file_sec_11_sec_15(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = {DEVICE_FILE, RF_DIGEST_SHA1, TEST_NOW, rf_slice_str("<a/>\n")};
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    assert_err(rf_sigfile_sign(signer.vault, signer.cert, &spec, &file, NULL), RF_OK);
    damage_everywhere(&file, read_file);
    damage_everywhere(&file, read_in_pieces);
    damage_at_random(&file, read_file, 100000);
    damage_at_random(&file, read_in_pieces, 20000);
}

static void an_encrypted_file_sec_70_sec_15(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = {ENC_FILE, RF_DIGEST_SHA512, TEST_NOW, rf_slice_str("<a/>\n")};
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    assert_err(rf_encfile_make(signer.vault, signer.cert, phone.cert, &spec, &file, NULL), RF_OK);
    damage_everywhere(&file, read_encrypted);
    damage_at_random(&file, read_encrypted, 20000);
}

static void a_trust_list_sec_31a_sec_15(void **state)
{
    (void)state;
    const struct rf_list_entry entries[] = {{signer.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {phone.cert, RF_TRUSTLIST_ROLE_TFTP, "tftp"}};
    RF_AUTO(rf_buf_fini) struct rf_buf file = built(RF_LIST_ITL, entries, 2, &signer, TEST_NOW);
    damage_everywhere(&file, read_list);
    damage_at_random(&file, read_list, 20000);
}

static void an_image_sec_02_sec_03_sec_06_sec_15(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = {
        .name = "a.sbn", .digest = RF_DIGEST_SHA1, .body = rf_slice_str("payload")};
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    assert_err(rf_image_sign(signer.vault, signer.cert, &spec, &file, NULL), RF_OK);
    damage_everywhere(&file, read_image);
    damage_at_random(&file, read_image, 20000);
}

static void a_load_list_sec_02_sec_03_sec_06_sec_15(void **state)
{
    (void)state;
    struct rf_sigfile_spec spec = {
        .name = LOADS, .digest = RF_DIGEST_SHA512, .body = rf_slice_str("a.sbn\r\nb.sbn\r\n")};
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(CONTENT_MAX);
    assert_err(rf_image_sign(signer.vault, signer.cert, &spec, &file, NULL), RF_OK);
    damage_everywhere(&file, read_loads);
    damage_at_random(&file, read_loads, 20000);
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
        cmocka_unit_test(a_signed_file_sec_11_sec_15),
        cmocka_unit_test(an_encrypted_file_sec_70_sec_15),
        cmocka_unit_test(a_trust_list_sec_31a_sec_15),
        cmocka_unit_test(an_image_sec_02_sec_03_sec_06_sec_15),
        cmocka_unit_test(a_load_list_sec_02_sec_03_sec_06_sec_15),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
