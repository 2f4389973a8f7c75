/* SPDX-License-Identifier: Apache-2.0 */
/* Codecs, and voices added up. */
#include "media/codec.h"
#include "media/mix.h"
#include "unit.h"

#include <math.h>

static void tone(int16_t *pcm, size_t n, double hz, double amplitude, unsigned frame)
{
    for (size_t i = 0; i < n; i++) {
        double t = ((double)i / (double)n + frame) * 0.02;
        pcm[i] = (int16_t)lrint(amplitude * sin(2 * M_PI * hz * t));
    }
}

/* How strong is this frequency? */
static double strength(const int16_t *pcm, size_t n, double hz)
{
    double re = 0, im = 0;
    for (size_t i = 0; i < n; i++) {
        double a = 2 * M_PI * hz * 0.02 * (double)i / (double)n;
        re += pcm[i] * cos(a);
        im += pcm[i] * sin(a);
    }
    return 2 * sqrt(re * re + im * im) / (double)n;
}

static void every_codec_gives_the_tone_back(void **state)
{
    (void)state;
    static const uint8_t types[] = {0, 8, 9};
    for (unsigned k = 0; k < RF_MEDIA_CODECS; k++) {
        const struct rf_media_codec_info *info = rf_media_codec_get(k);
        struct rf_codec *c;
        int16_t said[RF_CODEC_SAMPLES_MAX], heard[RF_CODEC_SAMPLES_MAX];
        uint8_t frame[RF_CODEC_FRAME];
        assert_int_equal(info->payload_type, types[k]);
        assert_int_equal(info->samples * 50, info->hz);
        assert_err(rf_codec_new(k, &c, NULL), RF_OK);
        assert_ptr_equal(rf_codec_info(c), info);
        for (unsigned i = 0; i < 20; i++) {
            tone(said, info->samples, 1000, 9000, i);
            rf_codec_encode(c, said, frame);
            rf_codec_decode(c, frame, heard);
        }
        assert_in_range((int)strength(heard, info->samples, 1000), 8800, 9200);
        assert_true(strength(heard, info->samples, 500) < 100);
        rf_codec_forget(c);
        rf_codec_free(c);
    }
    rf_codec_free(NULL);
}

static void a_wide_codec_carries_what_a_narrow_one_cannot(void **state)
{
    (void)state;
    struct rf_codec *c;
    int16_t said[RF_CODEC_WIDE], heard[RF_CODEC_WIDE];
    uint8_t frame[RF_CODEC_FRAME];
    assert_err(rf_codec_new(RF_MEDIA_G722, &c, NULL), RF_OK);
    for (unsigned i = 0; i < 20; i++) {
        tone(said, RF_CODEC_WIDE, 6000, 4000, i);
        rf_codec_encode(c, said, frame);
        rf_codec_decode(c, frame, heard);
    }
    assert_true(strength(heard, RF_CODEC_WIDE, 6000) > 3000);
    rf_codec_free(c);
}

/* Frequencies for who is who: each goes into a frame a whole number of times. */
static const double voice_hz[] = {400, 700, 1100, 1600};
#define VOICES (sizeof voice_hz / sizeof *voice_hz)

struct hall {
    struct rf_mix mix;
    bool is_wide[VOICES];
    int16_t said[VOICES][RF_CODEC_SAMPLES_MAX];
    struct rf_mix_limiter limiter[VOICES];
    int16_t heard[VOICES][RF_CODEC_SAMPLES_MAX];
};

static size_t samples(const struct hall *h, size_t i)
{
    return h->is_wide[i] ? RF_CODEC_WIDE : RF_CODEC_NARROW;
}

static void hall_begin(struct hall *h, const char *rates)
{
    *h = (struct hall){0};
    for (size_t i = 0; i < VOICES; i++) {
        h->is_wide[i] = rates[i] == 'w';
        h->mix.members[h->is_wide[i]]++;
    }
}

static void hall_frame(struct hall *h, double amplitude, unsigned frame)
{
    rf_mix_clear(&h->mix);
    for (size_t i = 0; i < VOICES; i++) {
        tone(h->said[i], samples(h, i), voice_hz[i], amplitude, frame);
        rf_mix_add(&h->mix, h->is_wide[i], h->said[i]);
    }
    rf_mix_join_rates(&h->mix);
    for (size_t i = 0; i < VOICES; i++)
        rf_mix_hear(&h->mix, h->is_wide[i], h->said[i], &h->limiter[i], h->heard[i]);
}

static void each_hears_all_but_itself(void **state)
{
    (void)state;
    static const char *const rates[] = {"nnnn", "wwww", "nwnw", "nnnw", "wnnn"};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        struct hall h;
        hall_begin(&h, rates[r]);
        for (unsigned frame = 0; frame < 5; frame++)
            hall_frame(&h, 6000, frame);
        for (size_t i = 0; i < VOICES; i++)
            for (size_t k = 0; k < VOICES; k++) {
                double s = strength(h.heard[i], samples(&h, i), voice_hz[k]);
                if (i == k)
                    assert_true(s < 20);
                else
                    assert_in_range((int)s, 5900, 6100);
            }
    }
}

static void a_listener_without_a_voice_hears_all(void **state)
{
    (void)state;
    struct hall h;
    int16_t heard[RF_CODEC_NARROW];
    struct rf_mix_limiter limiter = {0};
    hall_begin(&h, "nnww");
    for (unsigned frame = 0; frame < 5; frame++)
        hall_frame(&h, 5000, frame);
    rf_mix_hear(&h.mix, false, NULL, &limiter, heard);
    for (size_t k = 0; k < VOICES; k++)
        assert_in_range((int)strength(heard, RF_CODEC_NARROW, voice_hz[k]), 4900, 5100);
}

/* Four at full scale: turned down, not wrapped around and not cut off. */
static void loud_voices_are_turned_down(void **state)
{
    (void)state;
    struct hall h;
    hall_begin(&h, "nnww");
    for (unsigned frame = 0; frame < 10; frame++) {
        hall_frame(&h, 32000, frame);
        for (size_t i = 0; frame > 0 && i < VOICES; i++)
            for (size_t k = 0; k < samples(&h, i); k++)
                assert_in_range(h.heard[i][k] + 40000, 40000 - 32000, 40000 + 32000);
    }
    for (size_t i = 0; i < VOICES; i++) {
        double first = strength(h.heard[i], samples(&h, i), voice_hz[i == 0]);
        for (size_t k = 0; k < VOICES; k++)
            if (i != k) /* all by the same, or it is no turning down */
                assert_true(fabs(strength(h.heard[i], samples(&h, i), voice_hz[k]) - first) <
                            0.05 * first);
        assert_true(h.limiter[i].less > 0.5f);
    }
    for (unsigned frame = 10; frame < 80; frame++)
        hall_frame(&h, 6000, frame); /* and back again */
    for (size_t i = 0; i < VOICES; i++)
        assert_true(h.limiter[i].less == 0);
    assert_in_range((int)strength(h.heard[0], samples(&h, 0), voice_hz[1]), 5900, 6100);
}

/* The loudest there can be, of either sign, in the first frame: held at the end of the scale. */
static void nothing_wraps_around(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct rf_mix m = {.members = {8, 0}};
        struct rf_mix_limiter limiter = {0};
        int16_t full[RF_CODEC_NARROW], heard[RF_CODEC_NARROW];
        for (size_t i = 0; i < RF_CODEC_NARROW; i++)
            full[i] = sign < 0 ? INT16_MIN : INT16_MAX;
        rf_mix_clear(&m);
        for (int i = 0; i < 8; i++)
            rf_mix_add(&m, false, full);
        rf_mix_join_rates(&m);
        rf_mix_hear(&m, false, full, &limiter, heard);
        for (size_t i = 0; i < RF_CODEC_NARROW; i++)
            assert_true(sign * heard[i] > 29000);
    }
}

static void a_rate_that_falls_silent_leaves_nothing_behind(void **state)
{
    (void)state;
    struct hall h;
    hall_begin(&h, "nnww");
    hall_frame(&h, 6000, 0);
    for (int i = 0; i < 2; i++) {
        rf_mix_clear(&h.mix);
        rf_mix_join_rates(&h.mix);
    }
    rf_mix_hear(&h.mix, true, NULL, &h.limiter[2], h.heard[2]);
    rf_mix_hear(&h.mix, false, NULL, &h.limiter[0], h.heard[0]);
    for (size_t i = 0; i < RF_CODEC_WIDE; i++)
        assert_int_equal(h.heard[2][i], 0);
    for (size_t i = 0; i < RF_CODEC_NARROW; i++)
        assert_int_equal(h.heard[0][i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_codec_gives_the_tone_back),
        cmocka_unit_test(a_wide_codec_carries_what_a_narrow_one_cannot),
        cmocka_unit_test(each_hears_all_but_itself),
        cmocka_unit_test(a_listener_without_a_voice_hears_all),
        cmocka_unit_test(loud_voices_are_turned_down),
        cmocka_unit_test(nothing_wraps_around),
        cmocka_unit_test(a_rate_that_falls_silent_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
