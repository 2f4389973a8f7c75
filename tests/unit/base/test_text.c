/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "unit.h"

static void hex_goes_both_ways(void **state)
{
    (void)state;
    char buf[16];
    uint8_t out[4];
    size_t n;
    assert_string_equal(rf_hex(rf_slice_of("\x00\xab\xff", 3), buf, sizeof buf), "00abff");
    assert_string_equal(rf_hex_colons(rf_slice_of("\x00\xab", 2), buf, sizeof buf), "00:AB");
    assert_err(rf_unhex(rf_slice_str("00aBff"), out, sizeof out, &n), RF_OK);
    assert_slice_eq(rf_slice_of(out, n), rf_slice_of("\x00\xab\xff", 3));
    assert_err(rf_unhex(rf_slice_str("0"), out, sizeof out, &n), RF_ERR_BAD);
    assert_err(rf_unhex(rf_slice_str("0g"), out, sizeof out, &n), RF_ERR_BAD);
    assert_err(rf_unhex(rf_slice_str("0011223344"), out, sizeof out, &n), RF_ERR_LIMIT);
}

/* spec: RFC 4648 10 */
static void base64_goes_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } rows[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"},
                {"\xfb\xff\xbf", "+/+/"}};
    char buf[16];
    uint8_t out[6];
    size_t n;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_slice bytes = rf_slice_str(rows[i].bytes);
        assert_err(rf_base64(bytes, buf, RF_BASE64_LEN(bytes.len)), RF_ERR_LIMIT);
        assert_err(rf_base64(bytes, buf, RF_BASE64_LEN(bytes.len) + 1), RF_OK);
        assert_string_equal(buf, rows[i].text);
        assert_err(rf_unbase64(rf_slice_str(buf), out, bytes.len, &n), RF_OK);
        assert_slice_eq(rf_slice_of(out, n), bytes);
    }
    assert_err(rf_unbase64(rf_slice_str("Zm9vYmFy"), out, 5, &n), RF_ERR_LIMIT);
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",      "Zg==\n", "Zh==", "Zm9=", "====",
        "Z===", "Zm=v", "Zg==Zg==", "Zm9 ",   "Zm9-", "Zm9_", "Zm\xc3="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_err(rf_unbase64(rf_slice_str(bad[i]), out, sizeof out, &n), RF_ERR_BAD);
        assert_int_equal(n, 0);
    }
    assert_err(rf_unbase64(rf_slice_of("Zm9\0", 4), out, sizeof out, &n), RF_ERR_BAD);
}

static void numbers_are_whole_and_bounded(void **state)
{
    (void)state;
    uint64_t v;
    assert_true(rf_parse_u64(rf_slice_str("18446744073709551615"), 0, UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_false(rf_parse_u64(rf_slice_str("18446744073709551616"), 0, UINT64_MAX, &v));
    const char *bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1a", "000000000000000000001"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(rf_parse_u64(rf_slice_str(bad[i]), 0, UINT64_MAX, &v));
    assert_true(rf_parse_u64(rf_slice_str("7"), 7, 9, &v));
    assert_false(rf_parse_u64(rf_slice_str("6"), 7, 9, &v));
    assert_false(rf_parse_u64(rf_slice_str("10"), 7, 9, &v));
}

static void a_peers_text_cannot_break_the_line(void **state)
{
    (void)state;
    char buf[32];
    assert_string_equal(rf_escape(rf_slice_of("a\n\"\x7f", 4), buf, sizeof buf),
                        "a\\x0a\\x22\\x7f");
    assert_string_equal(
        rf_escape(rf_slice_str("0123456789012345678901234567890123456789"), buf, 12),
        "01234567...");
}

/* A reason may hold the subject of a stranger's certificate. */
static void a_reason_is_nothing_a_terminal_obeys(void **state)
{
    (void)state;
    struct rf_why why = {0};
    assert_err(rf_why_set(&why, RF_ERR_BAD, "code", "CN=%s",
                          "a\x1b[2J\xc2\x9b"
                          "31m\n\xc3\xbc"),
               RF_ERR_BAD);
    assert_string_equal(rf_why_text(&why), "CN=a [2J  31m \xc3\xbc");
    assert_err(rf_why_replace(&why, RF_ERR_BAD, "code", "\x7f"), RF_ERR_BAD);
    assert_string_equal(rf_why_text(&why), " ");
}

static void pieces_and_trimming(void **state)
{
    (void)state;
    struct rf_slice rest = rf_slice_str("a,,b");
    struct rf_slice piece;
    assert_true(rf_next_piece(&rest, ',', &piece));
    assert_slice_str(piece, "a");
    assert_true(rf_next_piece(&rest, ',', &piece));
    assert_int_equal(piece.len, 0);
    assert_true(rf_next_piece(&rest, ',', &piece));
    assert_slice_str(piece, "b");
    assert_false(rf_next_piece(&rest, ',', &piece));
    assert_slice_str(rf_trim(rf_slice_str(" \t x y\r\n")), "x y");
    assert_true(rf_slice_ends_with(rf_slice_str("a.sgn"), ".sgn"));
    assert_false(rf_slice_ends_with(rf_slice_str("sgn"), ".sgn"));
    char buf[32];
    assert_string_equal(rf_time_text(1760000000, buf, sizeof buf), "2025-10-09T08:53:20Z");
}

static void times_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        int64_t at;
    } good[] = {{"2025-10-09T08:53:20Z", 1760000000},
                {"2025-10-09T08:53Z", 1759999980},
                {"2025-10-09", 1759968000},
                {"1760000000", 1760000000},
                {"0", 0}};
    static const char *const bad[] = {"",           "yesterday", "2025-10-09T08:53:20",
                                      "2025-13-01", "-1",        "2025-10-09 "};
    int64_t at = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(rf_time_parse(good[i].text, &at));
        assert_int_equal(at, good[i].at);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(rf_time_parse(bad[i], &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(base64_goes_both_ways),
        cmocka_unit_test(numbers_are_whole_and_bounded),
        cmocka_unit_test(a_peers_text_cannot_break_the_line),
        cmocka_unit_test(a_reason_is_nothing_a_terminal_obeys),
        cmocka_unit_test(pieces_and_trimming),
        cmocka_unit_test(times_are_read_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
