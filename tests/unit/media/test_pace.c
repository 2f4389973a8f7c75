/* SPDX-License-Identifier: Apache-2.0 */
#include "media/media_int.h"
#include "unit.h"

/* Waking at `now`, as a thread does that asked to be woken at rf_pace_next_ms. */
struct run {
    struct rf_pace pace;
    uint64_t sent;
    uint64_t last_ms;
    uint64_t closest_ms; /* the least time between two packets */
    uint64_t gap_ms;
};

static void begin(struct run *r, uint64_t now)
{
    *r = (struct run){.closest_ms = UINT64_MAX};
    rf_pace_init(&r->pace, now);
}

static void wake(struct run *r, uint64_t now)
{
    uint64_t gap;
    if (!rf_pace_take(&r->pace, now, &gap))
        return;
    if (r->sent > 0 && now - r->last_ms < r->closest_ms)
        r->closest_ms = now - r->last_ms;
    r->sent++;
    r->last_ms = now;
    r->gap_ms += gap;
}

/* Woken late each time, by 0 to 9 ms. */
static void run_until(struct run *r, uint64_t end)
{
    static const uint64_t late[] = {0, 3, 9, 1, 0, 7, 2};
    for (unsigned i = 0; rf_pace_next_ms(&r->pace) < end; i++)
        wake(r, rf_pace_next_ms(&r->pace) + late[i % 7]);
}

static void an_hour_does_not_drift(void **state)
{
    (void)state;
    struct run r;
    begin(&r, 5000);
    run_until(&r, 5000 + 3600000);
    assert_int_equal(r.sent, 3600000 / RF_MEDIA_FRAME_MS);
    assert_true(r.closest_ms >= RF_MEDIA_FRAME_MS / 2);
    assert_int_equal(r.gap_ms, 0);
}

static void nothing_is_sent_early(void **state)
{
    (void)state;
    struct run r;
    begin(&r, 100);
    wake(&r, 100);
    for (uint64_t now = 100; now < 120; now++)
        wake(&r, now);
    assert_int_equal(r.sent, 1);
    wake(&r, 120);
    assert_int_equal(r.sent, 2);
}

/* 900 ms in which the thread did not run: all of it is sent, at double speed and no faster. */
static void a_stall_is_made_up_for_without_a_burst(void **state)
{
    (void)state;
    struct run r;
    begin(&r, 0);
    run_until(&r, 1000);
    assert_int_equal(r.sent, 50);
    wake(&r, 1900);
    wake(&r, 1900);
    wake(&r, 1909);
    assert_int_equal(r.sent, 51);
    while (rf_pace_next_ms(&r.pace) < 4000)
        wake(&r, rf_pace_next_ms(&r.pace));
    assert_int_equal(r.sent, 4000 / RF_MEDIA_FRAME_MS);
    assert_int_equal(r.closest_ms, RF_MEDIA_FRAME_MS / 2);
    assert_int_equal(r.gap_ms, 0);
}

static void a_long_stall_is_given_up(void **state)
{
    (void)state;
    struct run r;
    begin(&r, 0);
    wake(&r, 0);
    wake(&r, 20 + RF_PACE_STALL_MS); /* not above the limit */
    assert_int_equal(r.gap_ms, 0);
    begin(&r, 0);
    wake(&r, 0);
    wake(&r, 20 + RF_PACE_STALL_MS + 1);
    assert_int_equal(r.gap_ms, RF_PACE_STALL_MS + 1);
    assert_int_equal(rf_pace_next_ms(&r.pace), 20 + RF_PACE_STALL_MS + 1 + RF_MEDIA_FRAME_MS);
    assert_int_equal(r.sent, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_does_not_drift),
        cmocka_unit_test(nothing_is_sent_early),
        cmocka_unit_test(a_stall_is_made_up_for_without_a_burst),
        cmocka_unit_test(a_long_stall_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
