/* SPDX-License-Identifier: Apache-2.0 */
/* What is heard in place of speech that did not arrive: the last pitch period again and again,
 * fading out, and joined without a click on both sides. At 8000 or 16,000 Hz.
 *
 *     if (have)
 *         rf_conceal_good(&c, pcm, n);     may change its first samples
 *     else
 *         rf_conceal_lost(&c, pcm, n);     fills it */
#ifndef MEDIA_CONCEAL_H
#define MEDIA_CONCEAL_H

#include "base/err.h"

/* In samples at 8000 Hz. */
#define RF_CONCEAL_HISTORY 280
#define RF_CONCEAL_LAG_MAX 120 /* the pitch of a voice: 66 to 200 Hz */

struct rf_conceal {
    size_t scale; /* 1 at 8000 Hz, 2 at 16,000 */
    int16_t history[2 * RF_CONCEAL_HISTORY];
    int16_t period[2 * RF_CONCEAL_LAG_MAX];
    size_t lag;  /* of the period */
    size_t lost; /* samples since the last good one, and one; 0: none */
    int step;    /* from what was heard to the period, faded out */
};
void rf_conceal_init(struct rf_conceal *c, bool is_wide);
void rf_conceal_good(struct rf_conceal *c, int16_t *pcm, size_t n);
void rf_conceal_lost(struct rf_conceal *c, int16_t *pcm, size_t n);
/** What follows does not follow what went before: join it. */
void rf_conceal_splice(struct rf_conceal *c);
/** Has it faded out, or is nothing there to go on from? */
bool rf_conceal_is_silent(const struct rf_conceal *c);

#endif
