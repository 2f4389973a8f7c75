/* SPDX-License-Identifier: Apache-2.0 */
#include "media/conceal.h"

#include <string.h>

/* In samples at 8000 Hz. */
#define LAG_MIN  40
#define TEMPLATE 80  /* compared with what was there a period before */
#define FULL     80  /* at full strength for so long */
#define FADED    480 /* silent after so long */
#define JOIN     40
#define STEP     16

void rf_conceal_init(struct rf_conceal *c, bool is_wide)
{
    *c = (struct rf_conceal){.scale = is_wide ? 2 : 1, .lost = 1 + FADED * (is_wide ? 2u : 1u)};
    c->lag = RF_CONCEAL_LAG_MAX * c->scale;
}

static size_t history_n(const struct rf_conceal *c)
{
    return RF_CONCEAL_HISTORY * c->scale;
}

/* How alike are the end of the history and what was there `lag` before? Every scale-th sample, so
 * that it costs the same at both rates. */
static float likeness(const struct rf_conceal *c, size_t lag)
{
    const int16_t *now = &c->history[history_n(c) - TEMPLATE * c->scale];
    const int16_t *then = now - lag;
    float product = 0, energy = 1;
    for (size_t i = 0; i < TEMPLATE * c->scale; i += c->scale) {
        product += (float)now[i] * (float)then[i];
        energy += (float)then[i] * (float)then[i];
    }
    return product > 0 ? product * product / energy : 0;
}

static size_t find_lag(const struct rf_conceal *c)
{
    size_t best = RF_CONCEAL_LAG_MAX * c->scale;
    float most = 0;
    for (size_t lag = LAG_MIN * c->scale; lag <= RF_CONCEAL_LAG_MAX * c->scale; lag += c->scale) {
        float alike = likeness(c, lag);
        if (alike > most) {
            most = alike;
            best = lag;
        }
    }
    return best;
}

/* Keep the last period, its end blended into what was there before its beginning, so that it can
 * be repeated. */
static void keep_period(struct rf_conceal *c)
{
    size_t lag = find_lag(c), blend = lag / 4;
    const int16_t *last = &c->history[history_n(c) - lag];
    for (size_t i = 0; i < lag; i++)
        c->period[i] = last[i];
    for (size_t i = 0; i < blend; i++) {
        int before = last[(ptrdiff_t)i - (ptrdiff_t)blend], own = last[lag - blend + i];
        int part = (int)i + 1, whole = (int)blend + 1;
        c->period[lag - blend + i] = (int16_t)((before * part + own * (whole - part)) / whole);
    }
    c->lag = lag;
    const int16_t *end = &c->history[history_n(c) - 1];
    c->step = *end - c->period[0];
}

static int sample_at(const struct rf_conceal *c, size_t at)
{
    size_t full = FULL * c->scale, faded = FADED * c->scale, step = STEP * c->scale;
    if (at >= faded)
        return 0;
    int v = c->period[at % c->lag];
    if (at < step)
        v += c->step * (int)(step - at) / (int)step;
    if (at > full)
        v = v * (int)(faded - at) / (int)(faded - full);
    return v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v;
}

static void remember(struct rf_conceal *c, const int16_t *pcm, size_t n)
{
    size_t all = history_n(c), stay = all - n;
    memmove(c->history, &c->history[n], stay * sizeof *pcm);
    memcpy(&c->history[stay], pcm, n * sizeof *pcm);
}

static void begin(struct rf_conceal *c)
{
    if (c->lost == 0) {
        keep_period(c);
        c->lost = 1;
    }
}

void rf_conceal_good(struct rf_conceal *c, int16_t *pcm, size_t n)
{
    size_t join = c->lost > 0 ? JOIN * c->scale : 0;
    for (size_t i = 0; i < join && i < n; i++) {
        int instead = sample_at(c, c->lost - 1 + i);
        int part = (int)i + 1, whole = (int)join + 1;
        pcm[i] = (int16_t)((pcm[i] * part + instead * (whole - part)) / whole);
    }
    c->lost = 0;
    remember(c, pcm, n);
}

void rf_conceal_lost(struct rf_conceal *c, int16_t *pcm, size_t n)
{
    begin(c);
    for (size_t i = 0; i < n; i++)
        pcm[i] = (int16_t)sample_at(c, c->lost - 1 + i);
    if (!rf_conceal_is_silent(c))
        c->lost += n;
    remember(c, pcm, n);
}

void rf_conceal_splice(struct rf_conceal *c)
{
    begin(c);
}

bool rf_conceal_is_silent(const struct rf_conceal *c)
{
    return c->lost > FADED * c->scale;
}
