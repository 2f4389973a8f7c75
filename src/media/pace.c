/* SPDX-License-Identifier: Apache-2.0 */
#include "media/media_int.h"

void rf_pace_init(struct rf_pace *pace, uint64_t now_ms)
{
    *pace = (struct rf_pace){.due_ms = now_ms, .stall_ms = RF_PACE_STALL_MS};
}

uint64_t rf_pace_next_ms(const struct rf_pace *pace)
{
    return pace->due_ms > pace->not_before_ms ? pace->due_ms : pace->not_before_ms;
}

bool rf_pace_take(struct rf_pace *pace, uint64_t now_ms, uint64_t *gap_ms)
{
    *gap_ms = 0;
    if (now_ms < rf_pace_next_ms(pace))
        return false;
    if (now_ms - pace->due_ms > pace->stall_ms) {
        *gap_ms = now_ms - pace->due_ms;
        pace->due_ms = now_ms;
    }
    pace->due_ms += RF_MEDIA_FRAME_MS;
    pace->not_before_ms = now_ms + RF_MEDIA_FRAME_MS / 2;
    return true;
}
