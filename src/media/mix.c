/* SPDX-License-Identifier: Apache-2.0 */
#include "media/mix.h"

#include <math.h>
#include <string.h>

/* --- between the rates ---
 *
 * A half-band filter of 31 taps: flat to 3 kHz, -40 dB at 5 kHz. Every second tap is zero but for
 * the middle one, so each output of one phase is a sample as it was, 8 frames of the lower rate
 * later, and of the other a sum of 16. */

#define DELAY (RF_MIX_TAPS / 2)

static const float half_band[RF_MIX_TAPS] = {
    -7.46e-05f, 0.0008539f, -0.003229f, 0.0087894f, -0.0201708f, 0.0424681f,
    -0.091911f, 0.3132741f, 0.3132741f, -0.091911f, 0.0424681f,  -0.0201708f,
    0.0087894f, -0.003229f, 0.0008539f, -7.46e-05f,
};

static float filtered(const float *from)
{
    float v = 0;
    for (size_t k = 0; k < RF_MIX_TAPS; k++)
        v += half_band[k] * from[k];
    return v;
}

void rf_mix_up(struct rf_mix_up *u, const int32_t *narrow, int32_t *wide)
{
    float line[RF_MIX_TAPS + RF_CODEC_NARROW];
    memcpy(line, u->past, sizeof u->past);
    for (size_t i = 0; i < RF_CODEC_NARROW; i++)
        line[RF_MIX_TAPS + i] = (float)narrow[i];
    for (size_t i = 0; i < RF_CODEC_NARROW; i++) {
        wide[2 * i] = (int32_t)lrintf(line[i + DELAY]);
        wide[2 * i + 1] = (int32_t)lrintf(2 * filtered(&line[i + 1]));
    }
    memcpy(u->past, &line[RF_CODEC_NARROW], sizeof u->past);
}

void rf_mix_down(struct rf_mix_down *d, const int32_t *wide, int32_t *narrow)
{
    float even[DELAY + RF_CODEC_NARROW], odd[RF_MIX_TAPS + RF_CODEC_NARROW];
    memcpy(even, d->past_even, sizeof d->past_even);
    memcpy(odd, d->past_odd, sizeof d->past_odd);
    for (size_t i = 0; i < RF_CODEC_NARROW; i++) {
        even[DELAY + i] = (float)wide[2 * i];
        odd[RF_MIX_TAPS + i] = (float)wide[2 * i + 1];
    }
    for (size_t i = 0; i < RF_CODEC_NARROW; i++)
        narrow[i] = (int32_t)lrintf(even[i] / 2 + filtered(&odd[i]));
    memcpy(d->past_even, &even[RF_CODEC_NARROW], sizeof d->past_even);
    memcpy(d->past_odd, &odd[RF_CODEC_NARROW], sizeof d->past_odd);
}

/* --- the mix --- */

void rf_mix_clear(struct rf_mix *m)
{
    for (int wide = 0; wide < 2; wide++) {
        m->spoke[wide] = m->speaks[wide];
        m->speaks[wide] = false;
    }
    memset(m->narrow, 0, sizeof m->narrow);
    memset(m->wide, 0, sizeof m->wide);
}

void rf_mix_add(struct rf_mix *m, bool is_wide, const int16_t *pcm)
{
    int32_t *sum = is_wide ? m->wide : m->narrow;
    size_t n = is_wide ? RF_CODEC_WIDE : RF_CODEC_NARROW;
    for (size_t i = 0; i < n; i++)
        sum[i] += pcm[i];
    m->speaks[is_wide] = true;
}

/* Has this rate something to say to listeners at the other one? */
static bool is_heard_across(const struct rf_mix *m, int wide)
{
    return (m->speaks[wide] || m->spoke[wide]) && m->members[!wide] > 0;
}

void rf_mix_join_rates(struct rf_mix *m)
{
    if (is_heard_across(m, 0))
        rf_mix_up(&m->up, m->narrow, m->wide_of_narrow);
    else
        memset(m->wide_of_narrow, 0, sizeof m->wide_of_narrow);
    if (is_heard_across(m, 1))
        rf_mix_down(&m->down, m->wide, m->narrow_of_wide);
    else
        memset(m->narrow_of_wide, 0, sizeof m->narrow_of_wide);
}

/* --- the limiter --- */

#define ATTACK_MS     4
#define RELEASE_FRAME 0.02f /* of the gain, each frame */

static int16_t saturated(float v)
{
    return (int16_t)lrintf(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

/* From one gain to the next: down within the first milliseconds, up over the whole frame. */
static void turn_down(struct rf_mix_limiter *l, int32_t peak, const int32_t *sum, size_t n,
                      int16_t *pcm)
{
    float wanted = peak > RF_MIX_LIMIT ? 1 - (float)RF_MIX_LIMIT / (float)peak : 0;
    float less = l->less, next = l->less - RELEASE_FRAME;
    if (next < wanted)
        next = wanted;
    size_t ramp = next > less ? n * ATTACK_MS / RF_CODEC_FRAME_MS : n;
    float step = (next - less) / (float)ramp;
    for (size_t i = 0; i < n; i++) {
        if (i < ramp)
            less += step;
        pcm[i] = saturated((float)sum[i] * (1 - less));
    }
    l->less = next;
}

void rf_mix_hear(const struct rf_mix *m, bool is_wide, const int16_t *own,
                 struct rf_mix_limiter *limiter, int16_t *pcm)
{
    static const int16_t nothing[RF_CODEC_SAMPLES_MAX];
    const int32_t *same = is_wide ? m->wide : m->narrow;
    const int32_t *other = is_wide ? m->wide_of_narrow : m->narrow_of_wide;
    size_t n = is_wide ? RF_CODEC_WIDE : RF_CODEC_NARROW;
    int32_t sum[RF_CODEC_SAMPLES_MAX], highest = 0, lowest = 0;
    if (own == NULL)
        own = nothing;
    for (size_t i = 0; i < n; i++) {
        sum[i] = same[i] + other[i] - own[i];
        highest = sum[i] > highest ? sum[i] : highest;
        lowest = sum[i] < lowest ? sum[i] : lowest;
    }
    int32_t peak = highest > -lowest ? highest : -lowest;
    if (peak > RF_MIX_LIMIT || limiter->less > 0) {
        turn_down(limiter, peak, sum, n, pcm);
        return;
    }
    for (size_t i = 0; i < n; i++)
        pcm[i] = (int16_t)sum[i];
}
