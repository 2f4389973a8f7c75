/* SPDX-License-Identifier: Apache-2.0 */
/* Phones that ask to come back (RegisterTokenReq): all at once when their call manager is there
 * again, and each wants a handshake, its templates and its lines. So many a second get their token;
 * the others are told when to ask again, and find their place kept then.
 *
 *     if (!rf_sccp_turn_take(&turns, 20, now_s, &station->turn_s, &wait_s))
 *         refuse(wait_s);
 *
 * Pure. doc: docs/call-control.md, "Coming back" */
#ifndef SERVICE_SCCP_SCCP_TURNS_H
#define SERVICE_SCCP_SCCP_TURNS_H

#include "base/mem.h"

/** A place that nobody came for is given up after so long. */
#define RF_SCCP_TURN_KEPT_S 60

/** The second that places are given in now, and how many of them. Zero-initialise. */
struct rf_sccp_turns {
    uint64_t second;
    uint32_t given;
    uint64_t granted; /* since the start */
    uint64_t put_off;
};

/**
 * Is it this station's turn?
 *
 * a_second  places in a second; 0: everybody at once.
 * now_s     whole seconds of the monotonic clock.
 * turn_s    the station's place, kept by the caller: 0 is none, which it is once it was granted.
 * wait_s    set on false: so many seconds, at least 1, until its place.
 */
RF_MUST_CHECK bool rf_sccp_turn_take(struct rf_sccp_turns *turns, uint32_t a_second, uint64_t now_s,
                                     uint64_t *turn_s, uint32_t *wait_s);

#endif
