/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

#include "wire/rtp/rtcp.h"

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_rtcp_decode(in, msg, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_why why = {0};
    enum rf_err err = rf_rtcp_encode(msg, &wr, &why);
    return err != RF_OK ? err : rf_wr_done(&wr, out);
}

/* cut behind a whole packet it is a shorter compound */
static const struct codec rtcp = {.name = "rtcp",
                                  .msg_size = sizeof(struct rf_rtcp),
                                  .decode = decode,
                                  .encode = encode,
                                  .may_be_cut = true};
/* what we do not write is not written again */
static const struct codec read_only = {.name = "rtcp of others",
                                       .msg_size = sizeof(struct rf_rtcp),
                                       .decode = decode,
                                       .may_be_cut = true};

#define BYTES(...)                                                                                 \
    rf_slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define OWN    0xde, 0xad, 0xbe, 0xef
#define SENDER 0xe8, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 1, 0x40, 0, 0, 0, 2, 0, 0, 1, 0x40
#define BLOCK                                                                                      \
    0xca, 0xfe, 0xba, 0xbe, 0x40, 0xff, 0xff, 0xfe, 0, 1, 0x23, 0x45, 0, 0, 0, 7, 0, 1, 0x80, 0,   \
        0, 2, 0, 0
#define NAME 0x81, 202, 0, 3, OWN, 1, 4, 'r', 'i', 'n', 'g', 0, 0

static void is_full_report(const void *msg)
{
    const struct rf_rtcp *r = msg;
    assert_true(r->is_sender);
    assert_int_equal(r->ssrc, 0xdeadbeef);
    assert_int_equal(r->ntp, 0xe800000180000000u);
    assert_int_equal(r->timestamp, 320);
    assert_int_equal(r->packets, 2);
    assert_int_equal(r->octets, 320);
    assert_true(r->has_block);
    assert_int_equal(r->block.ssrc, 0xcafebabe);
    assert_int_equal(r->block.fraction, 0x40);
    assert_int_equal(r->block.lost, -2);
    assert_int_equal(r->block.highest, 0x12345);
    assert_int_equal(r->block.jitter, 7);
    assert_int_equal(r->block.last_sr, 0x18000);
    assert_int_equal(r->block.since_sr, 0x20000);
    assert_slice_str(r->cname, "ring");
    assert_false(r->has_bye);
}

static void is_empty_report(const void *msg)
{
    const struct rf_rtcp *r = msg;
    assert_false(r->is_sender || r->has_block);
    assert_int_equal(r->ssrc, 0xdeadbeef);
    assert_int_equal(r->cname.len, 0);
}

static void is_of_others(const void *msg)
{
    const struct rf_rtcp *r = msg;
    assert_int_equal(r->block.lost, -2);
    assert_slice_str(r->cname, "ab");
    assert_true(r->has_bye);
}

static void reports_of_ours(void **state)
{
    (void)state;
    codec_check_known(
        &rtcp, &(struct codec_known){"sender", BYTES(0x81, 200, 0, 12, OWN, SENDER, BLOCK, NAME),
                                     is_full_report});
    codec_check_known(
        &rtcp, &(struct codec_known){"receiver", BYTES(0x80, 201, 0, 1, OWN), is_empty_report});
}

/* Two blocks and a profile's own words; two chunks, of which the second is its own; a goodbye with
 * a reason; padding at the end. */
static void what_others_write_is_stepped_over(void **state)
{
    (void)state;
    codec_check_known(&read_only, &(struct codec_known){
                                      "others",
                                      BYTES(0x82, 201, 0, 14, OWN, BLOCK, BLOCK, 1, 2, 3, 4, /* */
                                            0x82, 202, 0, 6, 0, 0, 0, 5, 1, 1, 'x', 0,       /* */
                                            OWN, 2, 1, 'y', 1, 2, 'a', 'b', 0, 0, 0, 0, 0,   /* */
                                            0x80, 204, 0, 2, OWN, 'n', 'a', 'm', 'e',        /* */
                                            0xa1, 203, 0, 3, OWN, 3, 'e', 'n', 'd', 0, 0, 0, 4),
                                      is_of_others});
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    const struct codec_refusal refusals[] = {
        {"empty", BYTES(0x80, 201), RF_ERR_SHORT, "short"},
        {"version 1", BYTES(0x40, 201, 0, 1, OWN), RF_ERR_BAD, "rtcp-version"},
        {"version 2", BYTES(0x80, 201, 0, 1, OWN), RF_OK, NULL},
        {"a name first", BYTES(NAME), RF_ERR_BAD, "rtcp-first"},
        {"longer than the rest", BYTES(0x80, 201, 0, 2, OWN), RF_ERR_BAD, "rtcp-length"},
        {"no source", BYTES(0x80, 201, 0, 0), RF_ERR_BAD, "rtcp-length"},
        {"a block missing", BYTES(0x82, 201, 0, 7, OWN, BLOCK), RF_ERR_BAD, "rtcp-length"},
        {"a block there", BYTES(0x81, 201, 0, 7, OWN, BLOCK), RF_OK, NULL},
        {"sender cut", BYTES(0x80, 200, 0, 1, OWN), RF_ERR_BAD, "rtcp-length"},
        {"name cut", BYTES(0x80, 201, 0, 1, OWN, 0x81, 202, 0, 2, OWN, 1, 4, 'r', 'i'), RF_ERR_BAD,
         "rtcp-length"},
        {"name without an end", BYTES(0x80, 201, 0, 1, OWN, 0x81, 202, 0, 2, OWN, 1, 2, 'r', 'i'),
         RF_ERR_BAD, "rtcp-length"},
        {"chunk missing", BYTES(0x80, 201, 0, 1, OWN, 0x81, 202, 0, 0), RF_ERR_BAD, "rtcp-length"},
        {"goodbye of two", BYTES(0x80, 201, 0, 1, OWN, 0x82, 203, 0, 1, OWN), RF_ERR_BAD,
         "rtcp-length"},
        {"padding not at the end", BYTES(0xa0, 201, 0, 2, OWN, 0, 0, 0, 4, NAME), RF_ERR_BAD,
         "rtcp-padding"},
        {"padding at the end", BYTES(0xa0, 201, 0, 2, OWN, 0, 0, 0, 4), RF_OK, NULL},
        {"padding 0", BYTES(0xa0, 201, 0, 2, OWN, 0, 0, 0, 0), RF_ERR_BAD, "rtcp-padding"},
        {"padding of five", BYTES(0xa0, 201, 0, 2, OWN, 0, 0, 0, 5), RF_ERR_BAD, "rtcp-padding"},
        {"padding above all", BYTES(0xa0, 201, 0, 2, OWN, 0, 0, 0, 12), RF_ERR_BAD, "rtcp-padding"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        codec_check_refused(&rtcp, &refusals[i]);
}

static void a_name_has_255_bytes(void **state)
{
    (void)state;
    static const uint8_t name[RF_RTCP_CNAME_MAX + 1] = {'n'};
    uint8_t buf[RF_RTCP_BYTES_MAX];
    struct rf_rtcp r = {.is_sender = true, .has_block = true};
    struct rf_why why = {0};
    r.cname = rf_slice_of(name, RF_RTCP_CNAME_MAX);
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    assert_err(rf_rtcp_encode(&r, &wr, &why), RF_OK);
    struct rf_wr cut = rf_wr_of(buf, wr.len - 1);
    assert_refused(rf_rtcp_encode(&r, &cut, &why), RF_ERR_LIMIT, why, "rtcp-room");
    why = (struct rf_why){0};
    r.cname.len++;
    assert_refused(rf_rtcp_encode(&r, &wr, &why), RF_ERR_LIMIT, why, "rtcp-cname");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_of_ours),
        cmocka_unit_test(what_others_write_is_stepped_over),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_name_has_255_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
