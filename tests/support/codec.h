/* SPDX-License-Identifier: Apache-2.0 */
/* The table that every decoder is tested by: known bytes to known fields, every truncation, changed
 * bytes, numbers at 0, at their limit and one above, and encode(decode(x)) == x. Inputs are handed
 * to the decoder as heap copies of exact size, so that a sanitizer sees a read past the end.
 *
 *     static const struct codec keypad = {"keypad", sizeof(struct rf_sccp_keypad), decode_keypad,
 *                                         encode_keypad};
 *     codec_check_known(&keypad, &(struct codec_known){"digit 7", bytes, check_digit_7});
 *     codec_check_refused(&keypad, &(struct codec_refusal){"button 16", bytes, RF_ERR_BAD,
 * "button"}); codec_check_number(&keypad, &(struct codec_number){"button", build_button, 15, ...});
 */
#ifndef SUPPORT_CODEC_H
#define SUPPORT_CODEC_H

#include "unit.h"

#include <stdlib.h>

#define CODEC_BUF_MAX 262144

/** A codec. The functions are small adapters around the real ones. */
struct codec {
    const char *name;
    size_t msg_size; /* sizeof the decoded struct */
    enum rf_err (*decode)(struct rf_slice in, void *msg, struct rf_why *why);
    /* NULL for a codec without encoder */
    enum rf_err (*encode)(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out);
    /* NULL unless decoding allocates */
    void (*fini)(void *msg);
    /* a shorter input may be a whole message (line formats, or bodies with optional ends) */
    bool may_be_cut;
    /* encode(decode(x)) is another spelling of x (text formats); skips the compare */
    bool is_respelled;
};

/** Known bytes, and a function that asserts the fields they must give. */
struct codec_known {
    const char *name;
    struct rf_slice bytes;
    void (*check)(const void *msg);
};

/** Bytes that must be refused, with error and reason code (NULL: any reason). */
struct codec_refusal {
    const char *name;
    struct rf_slice bytes;
    enum rf_err err;
    const char *code;
};

/** A length or count: build() writes a message in which it is `value`. */
struct codec_number {
    const char *name;
    struct rf_slice (*build)(uint64_t value, uint8_t *buf, size_t cap);
    uint64_t limit;        /* the last good value */
    enum rf_err zero_err;  /* RF_OK when 0 is good */
    const char *zero_code; /* NULL: any */
    enum rf_err above_err; /* what limit + 1 gives */
    const char *above_code;
};

static inline void codec_fini(const struct codec *c, void *msg)
{
    if (c->fini != NULL)
        c->fini(msg);
    free(msg);
}

/* Decode an exact-size copy of `in`. On success the caller releases *copy and *msg. */
static inline enum rf_err codec_try(const struct codec *c, struct rf_slice in, uint8_t **copy,
                                    void **msg, struct rf_why *why)
{
    *copy = malloc(in.len > 0 ? in.len : 1);
    *msg = calloc(1, c->msg_size);
    assert_non_null(*copy);
    assert_non_null(*msg);
    if (in.len > 0)
        memcpy(*copy, in.p, in.len);
    *why = (struct rf_why){0};
    return c->decode(rf_slice_of(*copy, in.len), *msg, why);
}

/** Decode and release; gives the error, and why. */
static inline enum rf_err codec_run(const struct codec *c, struct rf_slice in, struct rf_why *why)
{
    uint8_t *copy;
    void *msg;
    enum rf_err err = codec_try(c, in, &copy, &msg, why);
    codec_fini(c, msg);
    free(copy);
    return err;
}

/** The bytes give exactly this error and reason. */
static inline void codec_check_refused(const struct codec *c, const struct codec_refusal *r)
{
    struct rf_why why;
    enum rf_err err = codec_run(c, r->bytes, &why);
    if (err != r->err || (r->code != NULL && strcmp(why.code, r->code) != 0))
        print_error("%s, %s: got %s (%s: %s), want %s (%s)\n", c->name, r->name, rf_err_name(err),
                    why.code, why.text, rf_err_name(r->err), r->code != NULL ? r->code : "any");
    assert_int_equal(err, r->err);
    if (r->code != NULL)
        assert_string_equal(why.code, r->code);
    if (err != RF_OK)
        assert_true(why.code[0] != '\0');
}

/* Every truncation: refused, unless the format allows a cut. Never a crash. */
static inline void codec_check_cuts(const struct codec *c, const struct codec_known *k)
{
    struct rf_why why;
    for (size_t n = 0; n < k->bytes.len; n++) {
        enum rf_err err = codec_run(c, rf_slice_part(k->bytes, 0, n), &why);
        if (err == RF_OK && !c->may_be_cut)
            print_error("%s, %s: cut to %zu of %zu bytes was taken\n", c->name, k->name, n,
                        k->bytes.len);
        assert_true(err != RF_OK || c->may_be_cut);
    }
}

/* Each byte changed, to all ones, to zero, and by one bit: no crash, whatever comes out. Long
 * inputs are changed at every 1/2000. */
static inline void codec_check_flips(const struct codec *c, const struct codec_known *k)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    uint8_t *copy = malloc(k->bytes.len > 0 ? k->bytes.len : 1);
    assert_non_null(copy);
    size_t step = 1 + k->bytes.len / 2000;
    for (size_t at = 0; at < k->bytes.len; at += step) {
        for (size_t m = 0; m < sizeof masks + 1; m++) {
            struct rf_why why;
            memcpy(copy, k->bytes.p, k->bytes.len);
            copy[at] = m < sizeof masks ? copy[at] ^ masks[m] : 0;
            enum rf_err err = codec_run(c, rf_slice_of(copy, k->bytes.len), &why);
            assert_true((unsigned)err <= RF_ERR_NOMEM);
        }
    }
    free(copy);
}

/** Known bytes give known fields; encoding gives the bytes again (and nothing one byte short of
 * room); truncations and changed bytes are survived. */
static inline void codec_check_known(const struct codec *c, const struct codec_known *k)
{
    uint8_t *copy;
    void *msg;
    struct rf_why why;
    enum rf_err err = codec_try(c, k->bytes, &copy, &msg, &why);
    if (err != RF_OK)
        print_error("%s, %s: refused: %s (%s)\n", c->name, k->name, why.text, why.code);
    assert_int_equal(err, RF_OK);
    if (k->check != NULL)
        k->check(msg);
    if (c->encode != NULL) {
        uint8_t *buf = malloc(CODEC_BUF_MAX);
        struct rf_slice out = {0};
        assert_non_null(buf);
        assert_err(c->encode(msg, buf, CODEC_BUF_MAX, &out), RF_OK);
        if (!c->is_respelled)
            assert_slice_eq(out, k->bytes);
        size_t need = out.len;
        if (need > 0)
            assert_err(c->encode(msg, buf, need - 1, &out), RF_ERR_LIMIT);
        free(buf);
    }
    codec_fini(c, msg);
    free(copy);
    codec_check_cuts(c, k);
    codec_check_flips(c, k);
}

/** A length or count at 0, at its limit, and one above. */
static inline void codec_check_number(const struct codec *c, const struct codec_number *n)
{
    uint8_t *buf = malloc(CODEC_BUF_MAX);
    assert_non_null(buf);
    char name[128];
    snprintf(name, sizeof name, "%s 0", n->name);
    codec_check_refused(c, &(struct codec_refusal){name, n->build(0, buf, CODEC_BUF_MAX),
                                                   n->zero_err, n->zero_code});
    snprintf(name, sizeof name, "%s at its limit", n->name);
    codec_check_refused(
        c, &(struct codec_refusal){name, n->build(n->limit, buf, CODEC_BUF_MAX), RF_OK, NULL});
    snprintf(name, sizeof name, "%s above its limit", n->name);
    codec_check_refused(c, &(struct codec_refusal){name, n->build(n->limit + 1, buf, CODEC_BUF_MAX),
                                                   n->above_err, n->above_code});
    free(buf);
}

/** A file of tests/data, read whole; the test fails when it is not there. Free .p with free(). The
 * folder comes from the environment variable RF_TEST_DATA, which meson sets. */
static inline struct rf_slice codec_data_file(const char *name)
{
    const char *dir = getenv("RF_TEST_DATA");
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", dir != NULL ? dir : "tests/data", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        print_error("cannot open %s\n", path);
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    assert_true(n >= 0);
    uint8_t *p = malloc(n > 0 ? (size_t)n : 1);
    assert_non_null(p);
    size_t got = fread(p, 1, (size_t)n, f);
    fclose(f);
    assert_int_equal(got, (size_t)n);
    return rf_slice_of(p, got);
}

#endif
