/* SPDX-License-Identifier: Apache-2.0 */
/* Time, passed in, so that tests turn it by hand. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/err.h"

/** A source of time. `now_ms` is monotonic (never set back), `wall_s` is seconds since 1970. */
struct rf_clock {
    uint64_t (*now_ms)(const struct rf_clock *clock);
    int64_t (*wall_s)(const struct rf_clock *clock);
};

uint64_t rf_now_ms(const struct rf_clock *clock);
int64_t rf_wall_s(const struct rf_clock *clock);

/** The machine's clocks. Any thread. */
const struct rf_clock *rf_clock_real(void);

/** A clock that only moves when told to; pass &fake.clock. */
struct rf_clock_fake {
    struct rf_clock clock;
    uint64_t ms;
    int64_t s_at_zero;
};
void rf_clock_fake_init(struct rf_clock_fake *fake, int64_t wall_s);
void rf_clock_fake_advance(struct rf_clock_fake *fake, uint64_t ms);

#endif
