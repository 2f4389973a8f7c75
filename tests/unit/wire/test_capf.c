/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/capf/capf.h"

#include "codec.h"

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    struct rf_capf_frame frame;
    size_t used;
    enum rf_err err = rf_capf_frame_next(in, &frame, &used, why);
    if (err == RF_ERR_AGAIN)
        return rf_why_set(why, err, "again", "not complete");
    if (err != RF_OK)
        return err;
    assert_int_equal(used, RF_CAPF_HEADER_BYTES + frame.body.len);
    return rf_capf_decode(&frame, msg, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    return rf_capf_encode(msg, buf, cap, out);
}

static const struct codec capf = {
    .name = "capf",
    .msg_size = sizeof(struct rf_capf_msg),
    .decode = decode,
    .encode = encode,
};

#define BYTES(...)                                                                                 \
    rf_slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
/* header of a frame with n bytes of elements */
#define HEAD(command, n) 0x55, (command), 0x01, 0x02, 0x03, 0x04, 0, (n)
#define NAME             13, 0, 16, 'S', 'E', 'P', '0', '0', '1', '1', '2', '2', '3', '3', '4', '4', '5', '5', 0

static void is_auth_req(const void *msg)
{
    const struct rf_capf_msg *m = msg;
    assert_int_equal(m->command, RF_CAPF_AUTH_REQ);
    assert_int_equal(m->session, 0x01020304);
    assert_true(m->has_version && m->has_auth_type && !m->has_reason);
    assert_int_equal(m->version, 3);
    assert_int_equal(m->auth_type, RF_CAPF_AUTH_PASSWORD);
}

static void is_auth_res_password(const void *msg)
{
    const struct rf_capf_msg *m = msg;
    assert_int_equal(m->command, RF_CAPF_AUTH_RES);
    assert_int_equal(m->reason, RF_CAPF_REASON_UPDATE);
    assert_slice_str(m->device_name, "SEP001122334455");
    assert_true(m->has_password && !m->has_cert);
    assert_slice_str(m->password, "4711");
}

static void is_auth_res_cert(const void *msg)
{
    const struct rf_capf_msg *m = msg;
    assert_true(m->has_cert && m->has_signed_data && m->has_sha2_signed_data && m->has_sudi);
    assert_int_equal(m->cert_inner_type, RF_CAPF_CERT_MIC);
    assert_slice_eq(m->cert, BYTES(0x30, 0x01, 0x00));
    assert_slice_eq(m->signed_data, BYTES(0xaa, 0xab));
    assert_int_equal(m->sha2_hash, RF_CAPF_HASH_SHA512);
    assert_slice_eq(m->sha2_signature, BYTES(0xbb));
    assert_slice_eq(m->sudi_cert, BYTES(0x30, 0x00));
    assert_slice_eq(m->sudi_sha1, BYTES(0xc1));
    assert_slice_eq(m->sudi_sha512, BYTES(0xc2, 0xc3));
}

static void is_keygen(const void *msg)
{
    const struct rf_capf_msg *m = msg;
    assert_true(m->has_key_type && m->has_key_size && m->has_curve);
    assert_int_equal(m->key_type, RF_CAPF_KEY_EC);
    assert_int_equal(m->key_size, 2048);
    assert_int_equal(m->curve, RF_CAPF_CURVE_P384);
    assert_slice_eq(m->public_key, BYTES(0x30));
}

static void is_odds(const void *msg)
{
    const struct rf_capf_msg *m = msg;
    assert_slice_str(m->reason_info, "x");
    assert_int_equal(m->cert_type, RF_CAPF_CERT_LSC);
    assert_slice_eq(m->cert_id, BYTES(9));
    assert_int_equal(m->retry_delay.len, 0);
    assert_true(m->has_retry_delay);
    assert_slice_eq(m->digest_type, BYTES(1));
    assert_int_equal(m->unknown_n, 0);
}

static void test_known_bytes(void **state)
{
    (void)state;
    const struct codec_known known[] = {
        {"auth request", BYTES(HEAD(1, 8), 7, 0, 1, 3, 8, 0, 1, 1), is_auth_req},
        {"auth response with password",
         BYTES(HEAD(2, 35), 1, 0, 1, 1, 7, 0, 1, 3, NAME, 11, 0, 5, '4', '7', '1', '1', 0),
         is_auth_res_password},
        {"auth response with certificate",
         BYTES(HEAD(2, 67), 1, 0, 1, 1, 7, 0, 1, 3, NAME, 4, 0, 8, 1, 0, 5, 0, 2, 0x30, 1, 0, 6, 0,
               2, 0xaa, 0xab, 20, 0, 4, 3, 0, 1, 0xbb, 16, 0, 14, 0, 0, 2, 0x30, 0, 1, 0, 1, 0xc1,
               3, 0, 2, 0xc2, 0xc3),
         is_auth_res_cert},
        {"key elements",
         BYTES(HEAD(3, 17), 17, 0, 1, 1, 10, 0, 2, 8, 0, 18, 0, 1, 1, 9, 0, 1, 0x30), is_keygen},
        {"rare elements",
         BYTES(HEAD(10, 19), 2, 0, 1, 'x', 3, 0, 1, 1, 5, 0, 1, 9, 12, 0, 0, 19, 0, 1, 1), is_odds},
        {"no elements", BYTES(HEAD(17, 0)), NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        codec_check_known(&capf, &known[i]);
}

static void test_refusals(void **state)
{
    (void)state;
    const struct codec_refusal bad[] = {
        {"protocol", BYTES(0x57, 1, 0, 0, 0, 0, 0, 0), RF_ERR_BAD, "capf-protocol"},
        {"too long", BYTES(0x55, 1, 0, 0, 0, 0, 0x40, 1), RF_ERR_LIMIT, "capf-length"},
        {"element runs past the frame", BYTES(HEAD(2, 4), 1, 0, 2, 1), RF_ERR_SHORT, "short"},
        {"element header cut", BYTES(HEAD(2, 2), 1, 0), RF_ERR_SHORT, "short"},
        {"element twice", BYTES(HEAD(2, 8), 1, 0, 1, 1, 1, 0, 1, 1), RF_ERR_BAD,
         "capf-element-twice"},
        {"unknown element twice", BYTES(HEAD(2, 6), 200, 0, 0, 200, 0, 0), RF_ERR_BAD,
         "capf-element-twice"},
        {"reason of two bytes", BYTES(HEAD(2, 5), 1, 0, 2, 1, 1), RF_ERR_BAD, "capf-element-size"},
        {"reason of no bytes", BYTES(HEAD(2, 3), 1, 0, 0), RF_ERR_BAD, "capf-element-size"},
        {"key size of one byte", BYTES(HEAD(3, 4), 10, 0, 1, 8), RF_ERR_BAD, "capf-element-size"},
        {"key size of three bytes", BYTES(HEAD(3, 6), 10, 0, 3, 8, 0, 0), RF_ERR_BAD,
         "capf-element-size"},
        {"public key of no bytes", BYTES(HEAD(4, 3), 9, 0, 0), RF_ERR_BAD, "capf-element-size"},
        {"signed data of no bytes", BYTES(HEAD(2, 3), 6, 0, 0), RF_ERR_BAD, "capf-element-size"},
        {"name without NUL", BYTES(HEAD(2, 5), 13, 0, 2, 'S', 'E'), RF_ERR_BAD, "text-no-nul"},
        {"name with inner NUL", BYTES(HEAD(2, 7), 13, 0, 4, 'S', 0, 'E', 0), RF_ERR_BAD,
         "text-inner-nul"},
        {"name with bytes after the NUL", BYTES(HEAD(2, 6), 13, 0, 3, 'S', 0, 'E'), RF_ERR_BAD,
         "text-no-nul"},
        {"name of nothing", BYTES(HEAD(2, 4), 13, 0, 1, 0), RF_ERR_BAD, "capf-element-size"},
        {"name with a control byte", BYTES(HEAD(2, 6), 13, 0, 3, 'S', 7, 0), RF_ERR_BAD,
         "text-control"},
        {"password without NUL", BYTES(HEAD(2, 4), 11, 0, 1, '4'), RF_ERR_BAD, "text-no-nul"},
        {"password with inner NUL", BYTES(HEAD(2, 7), 11, 0, 4, '4', 0, '4', 0), RF_ERR_BAD,
         "text-inner-nul"},
        {"certificate, nested length short", BYTES(HEAD(9, 9), 4, 0, 6, 1, 0, 2, 0, 1, 0x30),
         RF_ERR_BAD, "capf-cert-form"},
        {"certificate, nested length long", BYTES(HEAD(9, 9), 4, 0, 6, 1, 0, 4, 0, 1, 0x30),
         RF_ERR_BAD, "capf-cert-form"},
        {"certificate, lead byte", BYTES(HEAD(9, 9), 4, 0, 6, 2, 0, 3, 0, 1, 0x30), RF_ERR_BAD,
         "capf-cert-form"},
        {"certificate, type high byte", BYTES(HEAD(9, 9), 4, 0, 6, 1, 0, 3, 1, 1, 0x30), RF_ERR_BAD,
         "capf-cert-form"},
        {"certificate without DER", BYTES(HEAD(9, 8), 4, 0, 5, 1, 0, 2, 0, 1), RF_ERR_BAD,
         "capf-element-size"},
        {"SHA-2 signature of no bytes", BYTES(HEAD(2, 6), 20, 0, 3, 3, 0, 0), RF_ERR_BAD,
         "capf-element-size"},
        {"SHA-2 with a trailing byte", BYTES(HEAD(2, 8), 20, 0, 5, 3, 0, 1, 1, 1), RF_ERR_BAD,
         "capf-element-size"},
        {"SUDI without the third part", BYTES(HEAD(2, 11), 16, 0, 8, 0, 0, 1, 0x30, 1, 0, 1, 0xc1),
         RF_ERR_BAD, "capf-sudi-form"},
        {"SUDI with another hash",
         BYTES(HEAD(2, 15), 16, 0, 12, 0, 0, 1, 0x30, 1, 0, 1, 0xc1, 2, 0, 1, 0xc2), RF_ERR_BAD,
         "capf-sudi-form"},
        {"SUDI with a trailing byte",
         BYTES(HEAD(2, 16), 16, 0, 13, 0, 0, 1, 0x30, 1, 0, 1, 0xc1, 3, 0, 1, 0xc2, 0), RF_ERR_BAD,
         "capf-sudi-form"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        codec_check_refused(&capf, &bad[i]);
}

static struct rf_slice text_of(uint8_t tag, uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    rf_wr_bytes(&wr, (const uint8_t[]){0x55, 2, 0, 0, 0, 1}, 6);
    struct rf_hole body = rf_wr_u16be_hole(&wr);
    rf_wr_u8(&wr, tag);
    rf_wr_u16be(&wr, (uint16_t)(n + 1));
    for (uint64_t i = 0; i < n; i++)
        rf_wr_u8(&wr, '1');
    rf_wr_u8(&wr, 0);
    rf_wr_fill_u16be(&wr, body, 0);
    struct rf_slice out;
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static struct rf_slice build_name(uint64_t n, uint8_t *buf, size_t cap)
{
    return text_of(13, n, buf, cap);
}

static struct rf_slice build_password(uint64_t n, uint8_t *buf, size_t cap)
{
    return text_of(11, n, buf, cap);
}

static struct rf_slice build_cert(uint64_t n, uint8_t *buf, size_t cap)
{
    uint8_t *der = calloc(1, (size_t)n + 1);
    struct rf_capf_msg m = {.command = RF_CAPF_STORE_CERT_REQ, .has_cert = true};
    m.cert = rf_slice_of(der, (size_t)n);
    struct rf_slice out;
    assert_err(rf_capf_encode(&m, buf, cap, &out), RF_OK);
    free(der);
    return out;
}

static struct rf_slice build_body(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    rf_wr_bytes(&wr, (const uint8_t[]){0x55, 2, 0, 0, 0, 1}, 6);
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
        {"device name", build_name, RF_CAPF_NAME_MAX, RF_ERR_BAD, "capf-element-size", RF_ERR_LIMIT,
         "capf-text-long"},
        {"password", build_password, RF_CAPF_PASSWORD_MAX, RF_ERR_BAD, "capf-element-size",
         RF_ERR_LIMIT, "capf-text-long"},
        {"certificate", build_cert, RF_CAPF_CERT_MAX, RF_ERR_BAD, "capf-element-size", RF_ERR_LIMIT,
         "capf-cert-long"},
        {"frame", build_body, RF_CAPF_BODY_MAX, RF_OK, NULL, RF_ERR_LIMIT, "capf-length"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        codec_check_number(&capf, &numbers[i]);
}

static void test_unknown_elements_are_counted(void **state)
{
    (void)state;
    struct rf_slice in = BYTES(HEAD(2, 11), 99, 0, 1, 5, 100, 0, 0, 1, 0, 1, 9);
    struct rf_capf_msg m;
    struct rf_why why = {0};
    assert_err(decode(in, &m, &why), RF_OK);
    assert_int_equal(m.unknown_n, 2);
    assert_int_equal(m.unknown_first, 99);
    assert_int_equal(m.reason, 9);
}

static void test_order_does_not_matter(void **state)
{
    (void)state;
    struct rf_slice in = BYTES(HEAD(1, 8), 8, 0, 1, 1, 7, 0, 1, 3);
    struct rf_capf_msg m;
    assert_err(decode(in, &m, NULL), RF_OK);
    is_auth_req(&m);
}

/* However the stream is split, the frames come out whole, one by one. */
static void test_frames_of_a_stream(void **state)
{
    (void)state;
    struct rf_slice two = BYTES(HEAD(17, 0), HEAD(15, 4), 1, 0, 1, 1);
    struct rf_capf_frame frame;
    size_t used;
    struct rf_why why = {0};
    for (size_t n = 0; n < 8; n++) {
        assert_err(rf_capf_frame_next(rf_slice_part(two, 0, n), &frame, &used, &why), RF_ERR_AGAIN);
        assert_int_equal(used, 0);
        assert_string_equal(why.code, "");
    }
    assert_err(rf_capf_frame_next(two, &frame, &used, &why), RF_OK);
    assert_int_equal(used, 8);
    assert_int_equal(frame.command, RF_CAPF_IN_PROGRESS);
    struct rf_slice rest = rf_slice_part(two, used, SIZE_MAX);
    assert_err(rf_capf_frame_next(rest, &frame, &used, &why), RF_OK);
    assert_int_equal(frame.command, RF_CAPF_END_SESSION);
    assert_int_equal(used, 12);
}

static void test_too_large_is_not_written(void **state)
{
    (void)state;
    static uint8_t big[RF_CAPF_BODY_MAX];
    static uint8_t buf[2 * RF_CAPF_FRAME_MAX];
    struct rf_capf_msg m = {.command = 4, .has_public_key = true};
    struct rf_slice out;
    m.public_key = rf_slice_of(big, RF_CAPF_BODY_MAX - 3);
    assert_err(rf_capf_encode(&m, buf, sizeof buf, &out), RF_OK);
    assert_int_equal(out.len, RF_CAPF_FRAME_MAX);
    m.public_key = rf_slice_of(big, RF_CAPF_BODY_MAX - 2);
    assert_err(rf_capf_encode(&m, buf, sizeof buf, &out), RF_ERR_LIMIT);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(rf_capf_command_name(RF_CAPF_STORE_CERT_REQ), "store-certificate-request");
    assert_string_equal(rf_capf_command_name(0), "unknown");
    assert_string_equal(rf_capf_command_name(24), "unknown");
    assert_string_equal(rf_capf_reason_name(0), "no action");
    assert_string_equal(rf_capf_reason_name(1), "success");
    assert_string_equal(rf_capf_reason_name(7), "invalid element");
    assert_string_equal(rf_capf_reason_name(9), "unknown device");
    assert_string_equal(rf_capf_reason_name(3), "reason not known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_bytes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_unknown_elements_are_counted),
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_frames_of_a_stream),
        cmocka_unit_test(test_too_large_is_not_written),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
