/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

#include "wire/rtp/rtp.h"

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_rtp_decode(in, msg, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_why why = {0};
    enum rf_err err = rf_rtp_encode(msg, &wr, &why);
    return err != RF_OK ? err : rf_wr_done(&wr, out);
}

/* a packet cut in its payload is a shorter packet */
static const struct codec rtp = {.name = "rtp",
                                 .msg_size = sizeof(struct rf_rtp),
                                 .decode = decode,
                                 .encode = encode,
                                 .may_be_cut = true};
/* options are not written again */
static const struct codec rtp_options = {.name = "rtp with options",
                                         .msg_size = sizeof(struct rf_rtp),
                                         .decode = decode,
                                         .may_be_cut = true};

#define BYTES(...)                                                                                 \
    rf_slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define FIXED 0x12, 0x34, 0, 0, 0, 0xa0, 0xde, 0xad, 0xbe, 0xef

static void is_first_of_talk(const void *msg)
{
    const struct rf_rtp *r = msg;
    assert_true(r->has_marker);
    assert_int_equal(r->payload_type, 0);
    assert_int_equal(r->seq, 0x1234);
    assert_int_equal(r->timestamp, 160);
    assert_int_equal(r->ssrc, 0xdeadbeef);
    assert_int_equal(r->header_len, RF_RTP_HEADER);
    assert_slice_eq(r->payload, BYTES(7, 8, 9));
}

static void is_stepped_over(const void *msg)
{
    const struct rf_rtp *r = msg;
    assert_false(r->has_marker);
    assert_int_equal(r->payload_type, 101);
    assert_int_equal(r->header_len, 12 + 8 + 4 + 4);
    assert_slice_eq(r->payload, BYTES(7));
}

static void header_and_payload(void **state)
{
    (void)state;
    codec_check_known(&rtp,
                      &(struct codec_known){"first of talk", BYTES(0x80, 0x80, FIXED, 7, 8, 9),
                                            is_first_of_talk});
}

static void sources_extension_and_padding_are_stepped_over(void **state)
{
    (void)state;
    codec_check_known(&rtp_options,
                      &(struct codec_known){"options",
                                            BYTES(0xb2, 101, FIXED, 1, 1, 1, 1, 2, 2, 2, 2, 0xbe,
                                                  0xde, 0, 1, 3, 3, 3, 3, 7, 0, 0, 3),
                                            is_stepped_over});
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    const struct codec_refusal refusals[] = {
        {"empty", BYTES(0x80), RF_ERR_SHORT, "short"},
        {"version 1", BYTES(0x40, 0, FIXED), RF_ERR_BAD, "rtp-version"},
        {"version 2", BYTES(0x80, 0, FIXED), RF_OK, NULL},
        {"sources missing", BYTES(0x82, 0, FIXED, 1, 1, 1, 1), RF_ERR_SHORT, "short"},
        {"sources there", BYTES(0x81, 0, FIXED, 1, 1, 1, 1), RF_OK, NULL},
        {"extension cut", BYTES(0x90, 0, FIXED, 0, 0, 0, 2, 1, 1, 1, 1), RF_ERR_SHORT, "short"},
        {"extension there", BYTES(0x90, 0, FIXED, 0, 0, 0, 1, 1, 1, 1, 1), RF_OK, NULL},
        {"padding 0", BYTES(0xa0, 0, FIXED, 1, 0), RF_ERR_BAD, "rtp-padding"},
        {"padding of nothing", BYTES(0xa0, 0, FIXED), RF_ERR_BAD, "rtp-padding"},
        {"padding above payload", BYTES(0xa0, 0, FIXED, 1, 3), RF_ERR_BAD, "rtp-padding"},
        {"padding is all", BYTES(0xa0, 0, FIXED, 1, 2), RF_OK, NULL},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        codec_check_refused(&rtp, &refusals[i]);
}

static void a_payload_type_has_seven_bits(void **state)
{
    (void)state;
    uint8_t buf[64];
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    struct rf_rtp r = {.payload_type = 127};
    struct rf_why why = {0};
    assert_err(rf_rtp_encode(&r, &wr, &why), RF_OK);
    r.payload_type = 128;
    assert_refused(rf_rtp_encode(&r, &wr, &why), RF_ERR_BAD, why, "rtp-payload-type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_payload),
        cmocka_unit_test(sources_extension_and_padding_are_stepped_over),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_payload_type_has_seven_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
