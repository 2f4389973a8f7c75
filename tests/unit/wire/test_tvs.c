/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/tvs/tvs.h"

#include "codec.h"

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    struct rf_tvs_frame frame;
    size_t used;
    enum rf_err err = rf_tvs_frame_next(in, &frame, &used, why);
    if (err == RF_ERR_AGAIN)
        return rf_why_set(why, err, "again", "not complete");
    if (err != RF_OK)
        return err;
    assert_int_equal(used, RF_TVS_HEADER_BYTES + frame.body.len);
    return rf_tvs_decode(&frame, msg, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    return rf_tvs_encode(msg, buf, cap, out);
}

static const struct codec tvs = {
    .name = "tvs",
    .msg_size = sizeof(struct rf_tvs_msg),
    .decode = decode,
    .encode = encode,
};

#define BYTES(...)                                                                                 \
    rf_slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
/* header of a frame with n bytes of elements */
#define HEAD(command, n) 0x57, 1, (command), 0, 0x01, 0x02, 0x03, 0x04, 0, (n)
#define NAME             1, 0, 9, 1, 'C', 'P', '-', '8', '8', '6', '1', '-'

static void is_verify(const void *msg)
{
    const struct rf_tvs_msg *m = msg;
    assert_int_equal(m->command, RF_TVS_VERIFY_REQ);
    assert_int_equal(m->session, 0x01020304);
    assert_true(m->has_device_name && m->has_cert && !m->has_status);
    assert_slice_str(m->device_name, "CP-8861-");
    assert_slice_eq(m->cert, BYTES(0x30, 0x00));
}

static void is_valid(const void *msg)
{
    const struct rf_tvs_msg *m = msg;
    assert_int_equal(m->command, RF_TVS_VERIFY_RES);
    assert_true(m->has_status && m->has_roles && m->has_ttl && !m->has_cert);
    assert_int_equal(m->status, RF_TVS_VALID);
    assert_slice_eq(m->roles, BYTES(0, 3));
    assert_int_equal(m->ttl_s, 86400);
}

static void is_invalid(const void *msg)
{
    const struct rf_tvs_msg *m = msg;
    assert_true(m->has_status && !m->has_roles && !m->has_ttl);
    assert_int_equal(m->status, RF_TVS_INVALID);
}

static void is_query(const void *msg)
{
    const struct rf_tvs_msg *m = msg;
    assert_int_equal(m->command, RF_TVS_QUERY_REQ);
    assert_int_equal(m->other_n, 2);
    assert_int_equal(m->other[0].tag, RF_TVS_TAG_ISSUER);
    assert_slice_str(m->other[0].value, "CN=x");
    assert_int_equal(m->other[1].tag, RF_TVS_TAG_SERIAL);
    assert_slice_eq(m->other[1].value, BYTES(0x10, 0x01));
}

/* What an answer has under these tags is no number of that size here. */
static void is_opaque_query(const void *msg)
{
    const struct rf_tvs_msg *m = msg;
    assert_false(m->has_status || m->has_roles || m->has_ttl);
    assert_int_equal(m->other_n, 3);
    assert_int_equal(m->other[0].tag, 7);
    assert_slice_eq(m->other[0].value, BYTES(0x10, 0x01));
    assert_int_equal(m->other[1].tag, 8);
    assert_int_equal(m->other[1].value.len, RF_TVS_ROLES_MAX + 1);
    assert_int_equal(m->other[2].tag, 9);
    assert_slice_str(m->other[2].value, "CN=");
}

static void test_known_bytes(void **state)
{
    (void)state;
    const struct codec_known known[] = {
        {"verify request", BYTES(HEAD(1, 17), NAME, 2, 0, 2, 0x30, 0x00), is_verify},
        {"valid", BYTES(HEAD(2, 16), 7, 0, 1, 0, 8, 0, 2, 0, 3, 9, 0, 4, 0x00, 0x01, 0x51, 0x80),
         is_valid},
        {"invalid", BYTES(HEAD(2, 4), 7, 0, 1, 1), is_invalid},
        {"query request", BYTES(HEAD(3, 24), NAME, 3, 0, 4, 'C', 'N', '=', 'x', 4, 0, 2, 0x10, 1),
         is_query},
        {"query request of other elements",
         BYTES(HEAD(3, 31), 7, 0, 2, 0x10, 1, 8, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
               14, 15, 16, 17, 9, 0, 3, 'C', 'N', '='),
         is_opaque_query},
        {"no elements", BYTES(HEAD(4, 0)), NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        codec_check_known(&tvs, &known[i]);
}

static void test_refusals(void **state)
{
    (void)state;
    const struct codec_refusal bad[] = {
        {"protocol", BYTES(0x55, 1, 1, 0, 0, 0, 0, 0, 0, 0), RF_ERR_BAD, "tvs-protocol"},
        {"version", BYTES(0x57, 2, 1, 0, 0, 0, 0, 0, 0, 0), RF_ERR_BAD, "tvs-version"},
        {"too long", BYTES(0x57, 1, 1, 0, 0, 0, 0, 0, 0x40, 1), RF_ERR_LIMIT, "tvs-length"},
        {"element runs past the frame", BYTES(HEAD(2, 4), 7, 0, 2, 1), RF_ERR_SHORT, "short"},
        {"element header cut", BYTES(HEAD(2, 2), 7, 0), RF_ERR_SHORT, "short"},
        {"element twice", BYTES(HEAD(2, 8), 7, 0, 1, 1, 7, 0, 1, 1), RF_ERR_BAD,
         "tvs-element-twice"},
        {"unknown element twice", BYTES(HEAD(3, 6), 200, 0, 0, 200, 0, 0), RF_ERR_BAD,
         "tvs-element-twice"},
        {"status of two bytes", BYTES(HEAD(2, 5), 7, 0, 2, 0, 0), RF_ERR_BAD, "tvs-element-size"},
        {"status of no bytes", BYTES(HEAD(2, 3), 7, 0, 0), RF_ERR_BAD, "tvs-element-size"},
        {"TTL of three bytes", BYTES(HEAD(2, 6), 9, 0, 3, 0, 0, 0), RF_ERR_BAD, "tvs-element-size"},
        {"TTL of five bytes", BYTES(HEAD(2, 8), 9, 0, 5, 0, 0, 0, 0, 0), RF_ERR_BAD,
         "tvs-element-size"},
        {"certificate of no bytes", BYTES(HEAD(1, 3), 2, 0, 0), RF_ERR_BAD, "tvs-element-size"},
        {"name of no bytes", BYTES(HEAD(1, 3), 1, 0, 0), RF_ERR_BAD, "tvs-element-size"},
        {"name of its lead byte", BYTES(HEAD(1, 4), 1, 0, 1, 1), RF_ERR_BAD, "tvs-element-size"},
        {"name with another lead byte", BYTES(HEAD(1, 5), 1, 0, 2, 0, 'S'), RF_ERR_BAD,
         "tvs-name-form"},
        {"name with a NUL at its end", BYTES(HEAD(1, 6), 1, 0, 3, 1, 'S', 0), RF_ERR_BAD,
         "tvs-name-form"},
        {"name with a control byte", BYTES(HEAD(1, 6), 1, 0, 3, 1, 'S', 0x1b), RF_ERR_BAD,
         "tvs-name-form"},
        {"name with a byte above ASCII", BYTES(HEAD(1, 6), 1, 0, 3, 1, 'S', 0x9b), RF_ERR_BAD,
         "tvs-name-form"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        codec_check_refused(&tvs, &bad[i]);
}

static struct rf_slice encoded(const struct rf_tvs_msg *m, uint8_t *buf, size_t cap)
{
    struct rf_slice out;
    assert_err(rf_tvs_encode(m, buf, cap, &out), RF_OK);
    return out;
}

static struct rf_slice build_name(uint64_t n, uint8_t *buf, size_t cap)
{
    char name[RF_TVS_NAME_MAX + 2];
    memset(name, 'S', sizeof name);
    return encoded(&(struct rf_tvs_msg){.command = 1,
                                        .has_device_name = true,
                                        .device_name = rf_slice_of(name, (size_t)n)},
                   buf, cap);
}

static struct rf_slice build_cert(uint64_t n, uint8_t *buf, size_t cap)
{
    static uint8_t der[RF_TVS_CERT_MAX + 1];
    return encoded(
        &(struct rf_tvs_msg){.command = 1, .has_cert = true, .cert = rf_slice_of(der, (size_t)n)},
        buf, cap);
}

static struct rf_slice build_roles(uint64_t n, uint8_t *buf, size_t cap)
{
    static const uint8_t roles[RF_TVS_ROLES_MAX + 1];
    return encoded(&(struct rf_tvs_msg){.command = 2,
                                        .has_roles = true,
                                        .roles = rf_slice_of(roles, (size_t)n)},
                   buf, cap);
}

static struct rf_slice build_others(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    rf_wr_bytes(&wr, (const uint8_t[]){0x57, 1, 3, 0, 0, 0, 0, 1}, 8);
    struct rf_hole body = rf_wr_u16be_hole(&wr);
    for (uint8_t i = 0; i < n; i++)
        rf_wr_bytes(&wr, (const uint8_t[]){(uint8_t)(100 + i), 0, 1, i}, 4);
    rf_wr_fill_u16be(&wr, body, 0);
    struct rf_slice out;
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static struct rf_slice build_body(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    rf_wr_bytes(&wr, (const uint8_t[]){0x57, 1, 3, 0, 0, 0, 0, 1}, 8);
    rf_wr_u16be(&wr, (uint16_t)n);
    if (n > 0) {
        rf_wr_u8(&wr, 99);
        rf_wr_u16be(&wr, (uint16_t)(n - 3));
        rf_wr_zero(&wr, (size_t)n - 3);
    }
    struct rf_slice out;
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static void test_limits(void **state)
{
    (void)state;
    const struct codec_number numbers[] = {
        {"device name", build_name, RF_TVS_NAME_MAX, RF_ERR_BAD, "tvs-element-size", RF_ERR_LIMIT,
         "tvs-name-long"},
        {"certificate", build_cert, RF_TVS_CERT_MAX, RF_ERR_BAD, "tvs-element-size", RF_ERR_LIMIT,
         "tvs-cert-long"},
        {"roles", build_roles, RF_TVS_ROLES_MAX, RF_OK, NULL, RF_ERR_LIMIT, "tvs-roles"},
        {"other elements", build_others, RF_TVS_OTHERS_MAX, RF_OK, NULL, RF_ERR_LIMIT,
         "tvs-others"},
        {"frame", build_body, RF_TVS_BODY_MAX, RF_OK, NULL, RF_ERR_LIMIT, "tvs-length"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        codec_check_number(&tvs, &numbers[i]);
}

/* The fourth byte of the header means nothing that is known: any is read, 0 is written. */
static void test_the_fourth_byte_is_not_looked_at(void **state)
{
    (void)state;
    struct rf_tvs_msg m;
    uint8_t buf[64];
    struct rf_slice out;
    assert_err(decode(BYTES(0x57, 1, 2, 0x7f, 0, 0, 0, 9, 0, 4, 7, 0, 1, 1), &m, NULL), RF_OK);
    assert_int_equal(m.session, 9);
    assert_err(rf_tvs_encode(&m, buf, sizeof buf, &out), RF_OK);
    assert_slice_eq(out, BYTES(0x57, 1, 2, 0, 0, 0, 0, 9, 0, 4, 7, 0, 1, 1));
}

/* However the stream is split, the frames come out whole, one by one. */
static void test_frames_of_a_stream(void **state)
{
    (void)state;
    struct rf_slice two = BYTES(HEAD(4, 0), HEAD(2, 4), 7, 0, 1, 1);
    struct rf_tvs_frame frame;
    size_t used;
    struct rf_why why = {0};
    for (size_t n = 0; n < RF_TVS_HEADER_BYTES; n++) {
        assert_err(rf_tvs_frame_next(rf_slice_part(two, 0, n), &frame, &used, &why), RF_ERR_AGAIN);
        assert_int_equal(used, 0);
        assert_string_equal(why.code, "");
    }
    assert_err(rf_tvs_frame_next(two, &frame, &used, &why), RF_OK);
    assert_int_equal(used, RF_TVS_HEADER_BYTES);
    assert_int_equal(frame.command, RF_TVS_QUERY_RES);
    assert_err(rf_tvs_frame_next(rf_slice_part(two, used, SIZE_MAX), &frame, &used, &why), RF_OK);
    assert_int_equal(frame.command, RF_TVS_VERIFY_RES);
    assert_int_equal(used, RF_TVS_HEADER_BYTES + 4);
}

static void test_too_large_is_not_written(void **state)
{
    (void)state;
    static uint8_t big[RF_TVS_BODY_MAX], buf[2 * RF_TVS_FRAME_MAX];
    struct rf_tvs_msg m = {.command = RF_TVS_QUERY_REQ, .other_n = 1};
    struct rf_slice out;
    m.other[0] = (struct rf_tvs_other){3, rf_slice_of(big, RF_TVS_BODY_MAX - 3)};
    assert_err(rf_tvs_encode(&m, buf, sizeof buf, &out), RF_OK);
    assert_int_equal(out.len, RF_TVS_FRAME_MAX);
    m.other[0].value = rf_slice_of(big, RF_TVS_BODY_MAX - 2);
    assert_err(rf_tvs_encode(&m, buf, sizeof buf, &out), RF_ERR_LIMIT);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(rf_tvs_command_name(RF_TVS_VERIFY_REQ), "verify-request");
    assert_string_equal(rf_tvs_command_name(RF_TVS_QUERY_RES), "query-response");
    assert_string_equal(rf_tvs_command_name(0), "unknown");
    assert_string_equal(rf_tvs_command_name(5), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_bytes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_the_fourth_byte_is_not_looked_at),
        cmocka_unit_test(test_frames_of_a_stream),
        cmocka_unit_test(test_too_large_is_not_written),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
