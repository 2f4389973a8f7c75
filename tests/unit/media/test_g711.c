/* SPDX-License-Identifier: Apache-2.0 */
#include "media/g711.h"
#include "unit.h"

/* The lowest magnitude of a code. spec: ITU-T G.711 table 2a, decision values x_n, times four. */
static int decision(unsigned segment, unsigned step)
{
    int x = ((16 + (int)step) << (segment + 1)) - 33;
    return x < 0 ? 0 : 4 * x;
}

/* The value of a code. spec: ITU-T G.711 table 2a, y_n: in the middle of two decision values, times
 * four. */
static int value(unsigned segment, unsigned step)
{
    return 4 * (((2 * (int)step + 33) << segment) - 33);
}

static void every_code_has_the_value_of_the_standard(void **state)
{
    (void)state;
    for (unsigned segment = 0; segment < 8; segment++)
        for (unsigned step = 0; step < 16; step++) {
            uint8_t positive = (uint8_t)(0xff - (segment << 4 | step));
            uint8_t negative = (uint8_t)(0x7f - (segment << 4 | step));
            assert_int_equal(rf_ulaw_decode(positive), value(segment, step));
            assert_int_equal(rf_ulaw_decode(negative), -value(segment, step));
        }
    assert_int_equal(rf_ulaw_decode(0x80), 32124);
    assert_int_equal(rf_ulaw_decode(0x00), -32124);
    assert_int_equal(rf_ulaw_decode(RF_G711_SILENT), 0);
}

static void every_sample_has_the_code_of_its_interval(void **state)
{
    (void)state;
    for (int s = INT16_MIN; s <= INT16_MAX; s++) {
        uint8_t code = rf_ulaw_encode((int16_t)s);
        unsigned bits = (uint8_t)~code;
        unsigned segment = bits >> 4 & 7, step = bits & 15;
        int magnitude = s < 0 ? -s : s;
        assert_int_equal(bits >> 7, s < 0);
        assert_true(magnitude >= decision(segment, step));
        if (segment < 7 || step < 15)
            assert_true(magnitude < decision(segment + (step == 15), (step + 1) % 16));
    }
}

static void a_code_survives_both_ways(void **state)
{
    (void)state;
    uint8_t codes[256], again[256];
    int16_t samples[256];
    for (unsigned i = 0; i < 256; i++)
        codes[i] = (uint8_t)i;
    rf_ulaw_decode_n(codes, 256, samples);
    rf_ulaw_encode_n(samples, 256, again);
    codes[0x7f] = 0xff; /* the second zero */
    assert_memory_equal(codes, again, 256);
}

/* The lowest magnitude of an A-law code, and its value in the middle. spec: ITU-T G.711 table 1a,
 * x_n and y_n, times eight: the first two segments have steps of two. */
static int alaw_decision(unsigned segment, unsigned step)
{
    return segment == 0 ? 16 * (int)step : (16 * (int)step + 256) << (segment - 1);
}

static int alaw_value(unsigned segment, unsigned step)
{
    return alaw_decision(segment, step) + (8 << (segment > 0 ? segment - 1 : 0));
}

static void every_code_of_a_law_has_the_value_of_the_standard(void **state)
{
    (void)state;
    for (unsigned segment = 0; segment < 8; segment++)
        for (unsigned step = 0; step < 16; step++) {
            uint8_t positive = (uint8_t)((0x80 | segment << 4 | step) ^ 0x55);
            uint8_t negative = (uint8_t)((segment << 4 | step) ^ 0x55);
            assert_int_equal(rf_alaw_decode(positive), alaw_value(segment, step));
            assert_int_equal(rf_alaw_decode(negative), -alaw_value(segment, step));
        }
    assert_int_equal(rf_alaw_decode(0xaa), 32256);
    assert_int_equal(rf_alaw_decode(0x2a), -32256);
    assert_int_equal(rf_alaw_encode(0), 0xd5);
}

static void every_sample_has_the_a_law_code_of_its_interval(void **state)
{
    (void)state;
    for (int s = INT16_MIN; s <= INT16_MAX; s++) {
        unsigned bits = rf_alaw_encode((int16_t)s) ^ 0x55u;
        unsigned segment = bits >> 4 & 7, step = bits & 15;
        int magnitude = s < 0 ? -(s + 1) : s;
        assert_int_equal(bits >> 7, s >= 0);
        assert_true(magnitude >= alaw_decision(segment, step));
        if (segment < 7 || step < 15)
            assert_true(magnitude < alaw_decision(segment + (step == 15), (step + 1) % 16));
    }
}

static void a_code_of_a_law_survives_both_ways(void **state)
{
    (void)state;
    uint8_t codes[256], again[256];
    int16_t samples[256];
    for (unsigned i = 0; i < 256; i++)
        codes[i] = (uint8_t)i;
    rf_alaw_decode_n(codes, 256, samples);
    rf_alaw_encode_n(samples, 256, again);
    assert_memory_equal(codes, again, 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_the_value_of_the_standard),
        cmocka_unit_test(every_sample_has_the_code_of_its_interval),
        cmocka_unit_test(a_code_survives_both_ways),
        cmocka_unit_test(every_code_of_a_law_has_the_value_of_the_standard),
        cmocka_unit_test(every_sample_has_the_a_law_code_of_its_interval),
        cmocka_unit_test(a_code_of_a_law_survives_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
