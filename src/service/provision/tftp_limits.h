/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests an address may make: a bucket of tokens each, and one for all of them. The
 * table has a fixed size; when it is full the address that was silent longest is forgotten, which
 * only helps somebody who has very many addresses, and the common bucket is for them.
 *
 * Thread: one. */
#ifndef SERVICE_PROVISION_TFTP_LIMITS_H
#define SERVICE_PROVISION_TFTP_LIMITS_H

#include "net/address.h"

/** Requests a second from everybody together, and as many at once. */
#define RF_TFTP_LIMITS_ALL_S 2000
/** Addresses remembered. */
#define RF_TFTP_LIMITS_ADDRESSES 4096

struct rf_tftp_limits;

/** `per_address_s` requests a second from one address, twice that at once. `seed` decides where in
 * the table addresses stand, so that nobody can aim. */
struct rf_tftp_limits *rf_tftp_limits_new(uint32_t per_address_s, uint64_t seed);
void rf_tftp_limits_free(struct rf_tftp_limits *l);
/** May this address make a request now? Takes a token when it may. */
RF_MUST_CHECK bool rf_tftp_limits_take(struct rf_tftp_limits *l, const struct rf_address *from,
                                       uint64_t now_ms);

#endif
