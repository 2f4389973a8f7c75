/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/tftp/tftp.h"

#include "codec.h"

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_tftp_decode(in, msg, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    return rf_tftp_encode(msg, buf, cap, out);
}

static const struct codec strict = {
    .name = "tftp",
    .msg_size = sizeof(struct rf_tftp_packet),
    .decode = decode,
    .encode = encode,
};
/* A datagram has its own length: these are whole when cut. */
static const struct codec open_ended = {
    .name = "tftp",
    .msg_size = sizeof(struct rf_tftp_packet),
    .decode = decode,
    .encode = encode,
    .may_be_cut = true,
};

#define STR(s) rf_slice_of(s, sizeof(s) - 1)

static void is_plain_rrq(const void *msg)
{
    const struct rf_tftp_packet *p = msg;
    assert_int_equal(p->op, RF_TFTP_RRQ);
    assert_slice_str(p->name, "CTLSEP001122334455.tlv");
    assert_int_equal(p->mode, RF_TFTP_MODE_OCTET);
    assert_false(p->options.has_blksize || p->options.has_timeout || p->options.has_tsize ||
                 p->options.has_windowsize);
}

static void is_full_rrq(const void *msg)
{
    const struct rf_tftp_packet *p = msg;
    assert_int_equal(p->options.blksize, 1428);
    assert_int_equal(p->options.timeout_s, 2);
    assert_true(p->options.has_tsize);
    assert_int_equal(p->options.tsize, 0);
    assert_int_equal(p->options.windowsize, 8);
    assert_int_equal(p->options.unknown_n + p->options.refused_n, 0);
}

static void is_wrq(const void *msg)
{
    const struct rf_tftp_packet *p = msg;
    assert_int_equal(p->op, RF_TFTP_WRQ);
    assert_int_equal(p->mode, RF_TFTP_MODE_NETASCII);
}

static void is_data(const void *msg)
{
    const struct rf_tftp_packet *p = msg;
    assert_int_equal(p->block, 0xfffe);
    assert_slice_str(p->data, "abc");
}

static void is_ack(const void *msg)
{
    assert_int_equal(((const struct rf_tftp_packet *)msg)->block, 0x0102);
}

static void is_error(const void *msg)
{
    const struct rf_tftp_packet *p = msg;
    assert_int_equal(p->error_code, RF_TFTP_ERR_NOT_FOUND);
    assert_slice_str(p->error_text, "no");
}

static void is_oack(const void *msg)
{
    const struct rf_tftp_packet *p = msg;
    assert_int_equal(p->op, RF_TFTP_OACK);
    assert_int_equal(p->options.tsize, 9999999999);
}

static void test_known_bytes(void **state)
{
    (void)state;
    const struct codec_known whole[] = {
        {"31 bytes, as phones ask", STR("\0\1CTLSEP001122334455.tlv\0octet\0"), is_plain_rrq},
        {"ack", STR("\0\4\1\2"), is_ack},
    };
    const struct codec_known open[] = {
        {"rrq with options",
         STR("\0\1a.loads\0octet\0blksize\0"
             "1428\0timeout\0"
             "2\0tsize\0"
             "0\0windowsize\0"
             "8\0"),
         is_full_rrq},
        {"wrq", STR("\0\2x\0netascii\0"), is_wrq},
        {"data",
         STR("\0\3\xff\xfe"
             "abc"),
         is_data},
        {"error", STR("\0\5\0\1no\0"), is_error},
        {"oack",
         STR("\0\6tsize\0"
             "9999999999\0"),
         is_oack},
        {"oack of nothing", STR("\0\6"), NULL},
    };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        codec_check_known(&strict, &whole[i]);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        codec_check_known(&open_ended, &open[i]);
}

static void test_refusals(void **state)
{
    (void)state;
    const struct codec_refusal bad[] = {
        {"nothing", STR(""), RF_ERR_SHORT, "short"},
        {"opcode 0", STR("\0\0"), RF_ERR_UNKNOWN, "tftp-opcode"},
        {"opcode 7", STR("\0\7"), RF_ERR_UNKNOWN, "tftp-opcode"},
        {"opcode 0x0101", STR("\1\1a\0octet\0"), RF_ERR_UNKNOWN, "tftp-opcode"},
        {"name without NUL", STR("\0\1abc"), RF_ERR_SHORT, "short"},
        {"mode without NUL", STR("\0\1abc\0octet"), RF_ERR_SHORT, "short"},
        {"option without value", STR("\0\1abc\0octet\0blksize\0"), RF_ERR_SHORT, "short"},
        {"value without NUL",
         STR("\0\1abc\0octet\0blksize\0"
             "8"),
         RF_ERR_SHORT, "short"},
        {"option without name",
         STR("\0\1abc\0octet\0\0"
             "8\0"),
         RF_ERR_BAD, "tftp-option-name"},
        {"option twice",
         STR("\0\1abc\0octet\0blksize\0"
             "8\0blksize\0"
             "8\0"),
         RF_ERR_BAD, "tftp-option-twice"},
        {"option twice in another case",
         STR("\0\1abc\0octet\0blksize\0"
             "8\0BLKSIZE\0"
             "9\0"),
         RF_ERR_BAD, "tftp-option-twice"},
        {"unknown option twice",
         STR("\0\1abc\0octet\0x\0"
             "8\0x\0"
             "9\0"),
         RF_ERR_BAD, "tftp-option-twice"},
        {"ack with a trailing byte", STR("\0\4\0\1\0"), RF_ERR_BAD, "tftp-trailing"},
        {"ack cut", STR("\0\4\0"), RF_ERR_SHORT, "short"},
        {"data cut", STR("\0\3\0"), RF_ERR_SHORT, "short"},
        {"error cut", STR("\0\5\0"), RF_ERR_SHORT, "short"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        codec_check_refused(&strict, &bad[i]);
}

static struct rf_slice build_options(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    rf_wr_bytes(&wr, "\0\1a\0octet\0", 10);
    for (uint64_t i = 0; i < n; i++)
        rf_wr_bytes(&wr, (const uint8_t[]){'o', (uint8_t)('A' + i), 0, '1', 0}, 5);
    struct rf_slice out;
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static struct rf_slice build_request(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    rf_wr_bytes(&wr, "\0\1", 2);
    for (uint64_t i = 0; i + 9 < n; i++)
        rf_wr_u8(&wr, 'a');
    rf_wr_bytes(&wr, "\0octet\0", n > 0 ? 7 : 0);
    struct rf_slice out;
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static struct rf_slice build_data(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    rf_wr_bytes(&wr, "\0\3\0\1", 4);
    rf_wr_zero(&wr, (size_t)n);
    struct rf_slice out;
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static void test_limits(void **state)
{
    (void)state;
    const struct codec_number numbers[] = {
        {"options", build_options, RF_TFTP_OPTIONS_MAX, RF_OK, NULL, RF_ERR_LIMIT, "tftp-options"},
        {"request", build_request, RF_TFTP_REQUEST_MAX, RF_ERR_SHORT, "short", RF_ERR_LIMIT,
         "tftp-request-long"},
        {"data", build_data, RF_TFTP_BLKSIZE_MAX, RF_OK, NULL, RF_ERR_LIMIT, "tftp-data-long"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        codec_check_number(&strict, &numbers[i]);
}

/* One option with this value: taken or left out. */
static struct rf_tftp_options option(const char *name, const char *value)
{
    uint8_t buf[RF_TFTP_REQUEST_MAX];
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    rf_wr_bytes(&wr, "\0\1a\0OCTET\0", 10);
    rf_wr_z(&wr, rf_slice_str(name));
    rf_wr_z(&wr, rf_slice_str(value));
    struct rf_slice out;
    struct rf_tftp_packet p;
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    assert_err(rf_tftp_decode(out, &p, NULL), RF_OK);
    assert_int_equal(p.mode, RF_TFTP_MODE_OCTET);
    return p.options;
}

static void test_option_ranges(void **state)
{
    (void)state;
    assert_true(option("blksize", "8").has_blksize);
    assert_int_equal(option("blksize", "7").refused_n, 1);
    assert_int_equal(option("BlkSize", "65464").blksize, 65464);
    assert_false(option("blksize", "65465").has_blksize);
    assert_false(option("blksize", "512x").has_blksize);
    assert_false(option("blksize", "").has_blksize);
    assert_false(option("blksize", "-8").has_blksize);
    assert_false(option("blksize", "00000000512").has_blksize); /* 11 digits */
    assert_true(option("timeout", "1").has_timeout);
    assert_true(option("timeout", "255").has_timeout);
    assert_false(option("timeout", "0").has_timeout);
    assert_false(option("timeout", "256").has_timeout);
    assert_true(option("tsize", "0").has_tsize);
    assert_false(option("tsize", "99999999999").has_tsize);
    assert_true(option("windowsize", "1").has_windowsize);
    assert_true(option("windowsize", "65535").has_windowsize);
    assert_false(option("windowsize", "0").has_windowsize);
    assert_false(option("windowsize", "65536").has_windowsize);
    assert_int_equal(option("multicast", "").unknown_n, 1);
    assert_int_equal(option("multicast", "").refused_n, 0);
}

static void test_modes_and_error_texts(void **state)
{
    (void)state;
    struct rf_tftp_packet p;
    assert_err(rf_tftp_decode(STR("\0\1a\0mAIL\0"), &p, NULL), RF_OK);
    assert_int_equal(p.mode, RF_TFTP_MODE_MAIL);
    assert_err(rf_tftp_decode(STR("\0\1a\0octet2\0"), &p, NULL), RF_OK);
    assert_int_equal(p.mode, RF_TFTP_MODE_OTHER);
    assert_err(rf_tftp_decode(STR("\0\5\0\10late"), &p, NULL), RF_OK);
    assert_slice_str(p.error_text, "late");
    assert_err(rf_tftp_decode(STR("\0\5\0\10"), &p, NULL), RF_OK);
    assert_int_equal(p.error_text.len, 0);
    assert_string_equal(rf_tftp_op_name(RF_TFTP_OACK), "OACK");
    assert_string_equal(rf_tftp_op_name(7), "unknown");
    assert_string_equal(rf_tftp_error_name(1), "file not found");
    assert_string_equal(rf_tftp_error_name(9), "error");
}

static void test_mode_is_octet_unless_said(void **state)
{
    (void)state;
    uint8_t buf[64];
    struct rf_slice out;
    struct rf_tftp_packet p = {.op = RF_TFTP_RRQ, .name = rf_slice_str("x")};
    assert_err(rf_tftp_encode(&p, buf, sizeof buf, &out), RF_OK);
    assert_slice_eq(out, STR("\0\1x\0octet\0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_bytes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_option_ranges),
        cmocka_unit_test(test_modes_and_error_texts),
        cmocka_unit_test(test_mode_is_octet_unless_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
