/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/mem.h"
#include "trust/seal.h"

#define HEAD_LEN  49
#define WHOLE_LEN (RF_SEAL_PIECE + 16)
#define MAX       (4 * RF_SEAL_PIECE)

static enum rf_err keep(void *arg, struct rf_slice bytes, struct rf_why *why)
{
    return rf_buf_add_slice(arg, bytes);
}

/* Gives a stream in pieces of odd sizes. */
struct source {
    struct rf_rd rd;
    size_t at_once;
};

static enum rf_err give(void *arg, uint8_t *buf, size_t cap, size_t *n, struct rf_why *why)
{
    struct source *s = arg;
    size_t left = rf_rd_left(&s->rd);
    *n = cap < s->at_once ? cap : s->at_once;
    *n = *n < left ? *n : left;
    assert_true(rf_rd_copy(&s->rd, buf, *n));
    return RF_OK;
}

static void seal(const char *passphrase, size_t n, struct rf_buf *plain, struct rf_buf *sealed)
{
    struct rf_why why = {0};
    RF_AUTO(rf_seal_freep) struct rf_seal *s = NULL;
    *plain = RF_BUF(MAX);
    *sealed = RF_BUF(MAX + 4096);
    for (size_t i = 0; i < n; i++)
        assert_err(rf_buf_add(plain, &(uint8_t){(uint8_t)(i * 7 + i / 251)}, 1), RF_OK);
    assert_err(rf_seal_new(rf_slice_str(passphrase), 14, keep, sealed, &s, &why), RF_OK);
    struct rf_rd rd = rf_rd_of(rf_buf_slice(plain));
    for (size_t step = 1; rf_rd_left(&rd) > 0; step = step * 3 + 1) {
        struct rf_slice part;
        size_t left = rf_rd_left(&rd);
        assert_true(rf_rd_slice(&rd, step < left ? step : left, &part));
        assert_err(rf_seal_add(s, part, &why), RF_OK);
    }
    assert_err(rf_seal_finish(s, &why), RF_OK);
}

static enum rf_err unseal(const char *passphrase, struct rf_slice sealed, struct rf_buf *out,
                          struct rf_why *why)
{
    RF_AUTO(rf_unseal_freep) struct rf_unseal *u = NULL;
    struct source source = {.rd = rf_rd_of(sealed), .at_once = 10007};
    struct rf_slice piece;
    *out = RF_BUF(MAX);
    *why = (struct rf_why){0};
    enum rf_err err = rf_unseal_new(rf_slice_str(passphrase), give, &source, &u, why);
    if (err != RF_OK)
        return err;
    while ((err = rf_unseal_next(u, &piece, why)) == RF_OK && piece.len > 0)
        assert_err(rf_buf_add_slice(out, piece), RF_OK);
    if (err == RF_OK) {
        assert_err(rf_unseal_next(u, &piece, why), RF_OK); /* over stays over */
        assert_int_equal(piece.len, 0);
    }
    return err;
}

static void what_was_sealed_comes_out(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   1000,
                                   RF_SEAL_PIECE - 1,
                                   RF_SEAL_PIECE,
                                   RF_SEAL_PIECE + 1,
                                   2 * RF_SEAL_PIECE,
                                   3 * RF_SEAL_PIECE + 5};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf plain = {0};
        RF_AUTO(rf_buf_fini) struct rf_buf sealed = {0};
        RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
        struct rf_why why;
        seal("correct horse", sizes[i], &plain, &sealed);
        assert_err(unseal("correct horse", rf_buf_slice(&sealed), &out, &why), RF_OK);
        assert_slice_eq(rf_buf_slice(&out), rf_buf_slice(&plain));
    }
}

static void another_passphrase_opens_nothing(void **state)
{
    RF_AUTO(rf_buf_fini) struct rf_buf plain = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf sealed = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
    struct rf_why why;
    seal("correct horse", 100, &plain, &sealed);
    assert_refused(unseal("Correct horse", rf_buf_slice(&sealed), &out, &why), RF_ERR_DENIED, why,
                   "seal-passphrase");
    assert_int_equal(out.len, 0);
    assert_refused(rf_seal_new((struct rf_slice){0}, 0, keep, &out, &(struct rf_seal *){NULL},
                               (why = (struct rf_why){0}, &why)),
                   RF_ERR_BAD, why, "seal-passphrase");
}

/* A changed byte at each place that matters, an end that is missing, pieces that change places. */
static void whatever_was_changed_is_refused(void **state)
{
    RF_AUTO(rf_buf_fini) struct rf_buf plain = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf sealed = {0};
    struct rf_why why;
    seal("correct horse", 2 * RF_SEAL_PIECE + 100, &plain, &sealed);
    static const struct {
        size_t at;
        const char *code;
    } flips[] = {{0, "seal-kind"},
                 {16, "seal-cost"},
                 {17, "seal-passphrase"},
                 {33, "seal-passphrase"},
                 {HEAD_LEN, "seal-damaged"},
                 {HEAD_LEN + WHOLE_LEN - 1, "seal-damaged"},
                 {HEAD_LEN + WHOLE_LEN, "seal-damaged"},
                 {HEAD_LEN + 2 * WHOLE_LEN + 3, "seal-damaged"}};
    for (size_t i = 0; i < sizeof flips / sizeof *flips; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
        sealed.p[flips[i].at] ^= 0x40;
        assert_int_not_equal(unseal("correct horse", rf_buf_slice(&sealed), &out, &why), RF_OK);
        assert_string_equal(why.code, flips[i].code);
        sealed.p[flips[i].at] ^= 0x40;
    }
    static const size_t cuts[] = {HEAD_LEN, HEAD_LEN + WHOLE_LEN, HEAD_LEN + 2 * WHOLE_LEN,
                                  HEAD_LEN + 2 * WHOLE_LEN + 20};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
        assert_refused(
            unseal("correct horse", rf_slice_part(rf_buf_slice(&sealed), 0, cuts[i]), &out, &why),
            RF_ERR_CRYPTO, why, "seal-damaged");
    }
    RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
    assert_refused(unseal("correct horse", rf_slice_part(rf_buf_slice(&sealed), 0, 30), &out, &why),
                   RF_ERR_SHORT, why, "seal-short");
    RF_AUTO(rf_buf_fini) struct rf_buf swapped = RF_BUF(MAX + 4096);
    struct rf_slice all = rf_buf_slice(&sealed);
    assert_err(rf_buf_add_slice(&swapped, rf_slice_part(all, 0, HEAD_LEN)), RF_OK);
    assert_err(rf_buf_add_slice(&swapped, rf_slice_part(all, HEAD_LEN + WHOLE_LEN, WHOLE_LEN)),
               RF_OK);
    assert_err(rf_buf_add_slice(&swapped, rf_slice_part(all, HEAD_LEN, WHOLE_LEN)), RF_OK);
    assert_err(rf_buf_add_slice(&swapped, rf_slice_part(all, HEAD_LEN + 2 * WHOLE_LEN, all.len)),
               RF_OK);
    rf_buf_fini(&out);
    assert_refused(unseal("correct horse", rf_buf_slice(&swapped), &out, &why), RF_ERR_CRYPTO, why,
                   "seal-damaged");
    assert_err(rf_buf_add(&sealed, "x", 1), RF_OK);
    rf_buf_fini(&out);
    assert_refused(unseal("correct horse", rf_buf_slice(&sealed), &out, &why), RF_ERR_CRYPTO, why,
                   "seal-damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_comes_out),
        cmocka_unit_test(another_passphrase_opens_nothing),
        cmocka_unit_test(whatever_was_changed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
