/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

uint64_t rf_now_ms(const struct rf_clock *clock)
{
    return clock->now_ms(clock);
}

int64_t rf_wall_s(const struct rf_clock *clock)
{
    return clock->wall_s(clock);
}

static uint64_t real_now_ms(const struct rf_clock *clock)
{
    (void)clock;
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

static int64_t real_wall_s(const struct rf_clock *clock)
{
    (void)clock;
    return (int64_t)time(NULL);
}

const struct rf_clock *rf_clock_real(void)
{
    static const struct rf_clock real = {.now_ms = real_now_ms, .wall_s = real_wall_s};
    return &real;
}

static uint64_t fake_now_ms(const struct rf_clock *clock)
{
    return ((const struct rf_clock_fake *)clock)->ms;
}

static int64_t fake_wall_s(const struct rf_clock *clock)
{
    const struct rf_clock_fake *fake = (const struct rf_clock_fake *)clock;
    return fake->s_at_zero + (int64_t)(fake->ms / 1000u);
}

void rf_clock_fake_init(struct rf_clock_fake *fake, int64_t wall_s)
{
    *fake = (struct rf_clock_fake){.clock = {.now_ms = fake_now_ms, .wall_s = fake_wall_s},
                                   .s_at_zero = wall_s};
}

void rf_clock_fake_advance(struct rf_clock_fake *fake, uint64_t ms)
{
    fake->ms += ms;
}
