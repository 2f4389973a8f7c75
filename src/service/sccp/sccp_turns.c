/* SPDX-License-Identifier: Apache-2.0 */
#include "service/sccp/sccp_turns.h"

/* The next place there is: in the present second, or behind those that wait. */
static uint64_t next_place(struct rf_sccp_turns *turns, uint32_t a_second, uint64_t now_s)
{
    if (turns->second < now_s) {
        turns->second = now_s;
        turns->given = 0;
    }
    if (turns->given >= a_second) {
        turns->second++;
        turns->given = 0;
    }
    turns->given++;
    return turns->second;
}

bool rf_sccp_turn_take(struct rf_sccp_turns *turns, uint32_t a_second, uint64_t now_s,
                       uint64_t *turn_s, uint32_t *wait_s)
{
    *wait_s = 0;
    if (a_second != 0 && (*turn_s == 0 || now_s > *turn_s + RF_SCCP_TURN_KEPT_S))
        *turn_s = next_place(turns, a_second, now_s);
    if (a_second == 0 || now_s >= *turn_s) {
        *turn_s = 0;
        turns->granted++;
        return true;
    }
    /* So many phones that it does not fit have no time that could be told. */
    uint64_t left = *turn_s - now_s;
    *wait_s = left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
    turns->put_off++;
    return false;
}
