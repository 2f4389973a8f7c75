/* SPDX-License-Identifier: Apache-2.0 */
/* What time it is where a phone stands: the turns of summer time to the second. */
#include "unit.h"

#include "service/site/zones.h"

#define W_EUROPE "W. Europe Standard/Daylight Time"
#define EASTERN  "Eastern Standard/Daylight Time"
#define SYDNEY   "AUS Eastern Standard/Daylight Time"
#define KIWI     "New Zealand Standard/Daylight Time"
#define EGYPT    "Egypt Standard/Daylight Time"

static void the_clock_turns_when_it_is_law(void **state)
{
    /* at: the first second of the new time; checked against the time zone database */
    static const struct {
        const char *zone;
        int64_t at;
        int32_t before, after;
    } rows[] = {
        {W_EUROPE, 1774746000, 60, 120},   {W_EUROPE, 1792890000, 120, 60},
        {W_EUROPE, 1837645200, 60, 120},   {W_EUROPE, 1856394000, 120, 60},
        {W_EUROPE, 1932598800, 60, 120},   {W_EUROPE, 1950742800, 120, 60},
        {EASTERN, 1772953200, -300, -240}, {EASTERN, 1793512800, -240, -300},
        {EASTERN, 1836457200, -300, -240}, {EASTERN, 1857016800, -240, -300},
        {EASTERN, 1930806000, -300, -240}, {EASTERN, 1951365600, -240, -300},
        {SYDNEY, 1775318400, 660, 600},    {SYDNEY, 1791043200, 600, 660},
        {SYDNEY, 1838217600, 660, 600},    {SYDNEY, 1853942400, 600, 660},
        {SYDNEY, 1933171200, 660, 600},    {SYDNEY, 1948896000, 600, 660},
        {KIWI, 1775311200, 780, 720},      {KIWI, 1790431200, 720, 780},
        {KIWI, 1838210400, 780, 720},      {KIWI, 1853330400, 720, 780},
        {KIWI, 1933164000, 780, 720},      {KIWI, 1948284000, 720, 780},
        {EGYPT, 1776981600, 120, 180},     {EGYPT, 1793307600, 180, 120},
        {EGYPT, 1840485600, 120, 180},     {EGYPT, 1856206800, 180, 120},
        {EGYPT, 1934834400, 120, 180},     {EGYPT, 1951160400, 180, 120},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(rf_zone_offset_s(rows[i].zone, rows[i].at - 1), rows[i].before * 60);
        assert_int_equal(rf_zone_offset_s(rows[i].zone, rows[i].at), rows[i].after * 60);
    }
}

static void zones_without_summer_time_and_unknown_ones(void **state)
{
    static const int64_t january = 1767225600, july = 1782864000; /* of 2026 */
    assert_int_equal(rf_zone_offset_s("India Standard Time", january), 330 * 60);
    assert_int_equal(rf_zone_offset_s("India Standard Time", july), 330 * 60);
    assert_int_equal(rf_zone_offset_s("Greenwich Standard Time", july), 0);
    assert_int_equal(rf_zone_offset_s("GMT Standard/Daylight Time", july), 3600);
    assert_int_equal(rf_zone_offset_s("Mars", july), 0);
    assert_int_equal(rf_zone_offset_s(W_EUROPE, -1), 0);
    assert_int_equal(rf_zone_offset_s(W_EUROPE, 0), 3600);
    assert_true(rf_zone_is_known("Greenwich Standard Time"));
    assert_false(rf_zone_is_known("Mars"));
    assert_false(rf_zone_is_known(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_turns_when_it_is_law),
        cmocka_unit_test(zones_without_summer_time_and_unknown_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
