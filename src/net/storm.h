/* SPDX-License-Identifier: Apache-2.0 */
/* How many failed handshakes an address may cause: a bucket of tokens each, out of which a failure
 * takes one. An address whose bucket is empty is refused at accept, before a byte is read, until
 * tokens have come back with time. Good handshakes cost nothing, however many there are.
 *
 * An address is an IPv4 address or the /64 of an IPv6 address. The table has a fixed size; the
 * address that was silent longest gives way, and one for which there is no room is let in
 * unwatched: the table must not be a way to shut good phones out.
 *
 *     if (!rf_storm_admit(storm, &from, now_ms, &source, &is_first))
 *         refuse;
 *     ...
 *     rf_storm_done(source, has_failed);      on whatever thread the handshake ended
 *
 * Thread: one admits; rf_storm_done may be called on any, and is what makes the counts atomic. */
#ifndef NET_STORM_H
#define NET_STORM_H

#include <stdatomic.h>

#include "net/address.h"

struct rf_storm;
struct rf_storm_source;

/** `failures` at once, and as many a minute come back. `sources` addresses are remembered, rounded
 * up to a power of two. `seed` decides where they stand, so that nobody can aim. */
struct rf_storm *rf_storm_new(uint32_t failures, uint32_t sources, uint32_t seed);
/** After every rf_storm_done. NULL is fine. */
void rf_storm_free(struct rf_storm *s);

/** One more connection of this address. True: go on, and say later how it ended; *source is NULL
 * when it is not watched. False: refuse it; *is_first when the one before was not refused. */
RF_MUST_CHECK bool rf_storm_admit(struct rf_storm *s, const struct rf_address *from,
                                  uint64_t now_ms, struct rf_storm_source **source, bool *is_first);
/** NULL is fine. */
void rf_storm_done(struct rf_storm_source *source, bool has_failed);

#endif
