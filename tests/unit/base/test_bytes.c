/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

static const uint8_t six[] = {1, 2, 3, 4, 5, 6};

static void reads_in_both_orders_and_stops_at_the_end(void **state)
{
    (void)state;
    struct rf_rd rd = rf_rd_of(rf_slice_of(six, sizeof six));
    uint16_t a;
    uint32_t b;
    assert_true(rf_rd_u16be(&rd, &a));
    assert_int_equal(a, 0x0102);
    assert_true(rf_rd_u32le(&rd, &b));
    assert_int_equal(b, 0x06050403);
    assert_true(rf_rd_done(&rd));
    uint8_t c = 9;
    assert_false(rf_rd_u8(&rd, &c));
    assert_int_equal(c, 0);
}

static void a_failed_read_takes_nothing(void **state)
{
    (void)state;
    struct rf_rd rd = rf_rd_of(rf_slice_of(six, 3));
    uint32_t v = 7;
    assert_false(rf_rd_u32be(&rd, &v));
    assert_int_equal(v, 0);
    assert_int_equal(rf_rd_left(&rd), 3);
}

static void a_child_cannot_see_past_its_length(void **state)
{
    (void)state;
    struct rf_rd rd = rf_rd_of(rf_slice_of(six, sizeof six));
    struct rf_rd child;
    assert_true(rf_rd_sub(&rd, 2, &child));
    uint32_t v;
    assert_false(rf_rd_u32be(&child, &v));
    uint16_t w;
    assert_true(rf_rd_u16be(&child, &w));
    assert_true(rf_rd_done(&child));
    assert_int_equal(rf_rd_offset(&rd), 2);
    assert_false(rf_rd_sub(&rd, 5, &child));
    assert_true(rf_rd_done(&child));
}

static void counted_text_wants_one_nul_at_its_end(void **state)
{
    (void)state;
    struct rf_slice out;
    struct rf_why why = {0};
    assert_err(rf_text_from_counted(rf_slice_of("abc", 4), &out, &why, "name"), RF_OK);
    assert_slice_str(out, "abc");
    assert_refused(rf_text_from_counted(rf_slice_of("abc", 3), &out, &why, "name"), RF_ERR_BAD, why,
                   "text-no-nul");
    why = (struct rf_why){0};
    assert_refused(rf_text_from_counted(rf_slice_of("a\0c", 4), &out, &why, "name"), RF_ERR_BAD,
                   why, "text-inner-nul");
    why = (struct rf_why){0};
    assert_refused(rf_text_from_counted(rf_slice_of("a\nc", 4), &out, &why, "name"), RF_ERR_BAD,
                   why, "text-control");
}

static void fixed_text_ends_at_width_or_first_nul(void **state)
{
    (void)state;
    struct rf_rd rd = rf_rd_of(rf_slice_of("ab\0xabcd", 8));
    struct rf_slice t;
    assert_true(rf_rd_fixed_text(&rd, 4, &t));
    assert_slice_str(t, "ab");
    assert_true(rf_rd_fixed_text(&rd, 4, &t));
    assert_slice_str(t, "abcd");
}

static void a_hole_holds_what_was_written_after_it(void **state)
{
    (void)state;
    uint8_t buf[8];
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    struct rf_hole h = rf_wr_u16be_hole(&wr);
    rf_wr_bytes(&wr, "hey", 3);
    rf_wr_fill_u16be(&wr, h, 0);
    struct rf_slice out;
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    assert_slice_eq(out, rf_slice_of("\0\3hey", 5));
}

static void an_overflow_is_remembered(void **state)
{
    (void)state;
    uint8_t buf[3];
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    rf_wr_u16be(&wr, 1);
    rf_wr_u16be(&wr, 2);
    rf_wr_u8(&wr, 3);
    struct rf_slice out;
    assert_err(rf_wr_done(&wr, &out), RF_ERR_LIMIT);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_both_orders_and_stops_at_the_end),
        cmocka_unit_test(a_failed_read_takes_nothing),
        cmocka_unit_test(a_child_cannot_see_past_its_length),
        cmocka_unit_test(counted_text_wants_one_nul_at_its_end),
        cmocka_unit_test(fixed_text_ends_at_width_or_first_nul),
        cmocka_unit_test(a_hole_holds_what_was_written_after_it),
        cmocka_unit_test(an_overflow_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
