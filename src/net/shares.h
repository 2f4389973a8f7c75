/* SPDX-License-Identifier: Apache-2.0 */
/* How many of a listener's links an address may have at a time, so that nobody takes the places of
 * the others. An IPv6 address is counted twice: by itself, and with its /64, which one host can
 * fill with addresses. A /64 may be a whole office, too, so it may have as many as a quarter of all
 * links.
 *
 * Thread: one takes; rf_share_give_back may be called on any. */
#ifndef NET_SHARES_H
#define NET_SHARES_H

#include "net/address.h"

struct rf_shares;
struct rf_share;

/** `per_address` links of one address; of one /64 a quarter of `links_max`, but never fewer than of
 * an address. `seed` decides where addresses stand in the table, so that nobody can aim. */
struct rf_shares *rf_shares_new(uint32_t links_max, uint32_t per_address, uint32_t seed);
/** After every rf_share_give_back. NULL is fine. */
void rf_shares_free(struct rf_shares *s);

/** One more of this address; NULL when it, or its /64, has its share. */
RF_MUST_CHECK struct rf_share *rf_shares_take(struct rf_shares *s, const struct rf_address *from);
/** NULL is fine. */
void rf_share_give_back(struct rf_share *share);

#endif
