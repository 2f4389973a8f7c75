/* SPDX-License-Identifier: Apache-2.0 */
/* A mix of voices at two rates, a frame at a time. Voices at 8000 Hz are summed by themselves, as
 * are those at 16,000; the sums, not the voices, are converted to the other rate, so that a member
 * costs an addition and each hears everybody but itself.
 *
 *     rf_mix_clear(&m);
 *     rf_mix_add(&m, is_wide, pcm);                     for each that speaks
 *     rf_mix_join_rates(&m);
 *     rf_mix_hear(&m, is_wide, own, &limiter, pcm);     for each that listens */
#ifndef MEDIA_MIX_H
#define MEDIA_MIX_H

#include "media/codec.h"

#define RF_MIX_TAPS 16 /* of one half of the filter between the rates */

/** To twice the rate. */
struct rf_mix_up {
    float past[RF_MIX_TAPS];
};
void rf_mix_up(struct rf_mix_up *u, const int32_t *narrow, int32_t *wide);

/** To half the rate. */
struct rf_mix_down {
    float past_even[RF_MIX_TAPS / 2], past_odd[RF_MIX_TAPS];
};
void rf_mix_down(struct rf_mix_down *d, const int32_t *wide, int32_t *narrow);

struct rf_mix {
    unsigned members[2]; /* narrow, wide */
    bool speaks[2];      /* somebody, in this frame */
    bool spoke[2];       /* or in the one before: the filters have something left */
    int32_t narrow[RF_CODEC_NARROW], wide[RF_CODEC_WIDE];
    int32_t narrow_of_wide[RF_CODEC_NARROW], wide_of_narrow[RF_CODEC_WIDE];
    struct rf_mix_up up;
    struct rf_mix_down down;
};
void rf_mix_clear(struct rf_mix *m);
void rf_mix_add(struct rf_mix *m, bool is_wide, const int16_t *pcm);
void rf_mix_join_rates(struct rf_mix *m);

/** One listener's: loud sums are turned down, within the frame and without a step, and come back
 * slowly. A voice alone, and voices together that stay below the limit, are not changed. */
struct rf_mix_limiter {
    float less; /* 0: as it is; else 1 - gain */
};
#define RF_MIX_LIMIT 30000
/** `own` may be NULL. */
void rf_mix_hear(const struct rf_mix *m, bool is_wide, const int16_t *own,
                 struct rf_mix_limiter *limiter, int16_t *pcm);

#endif
