/* SPDX-License-Identifier: Apache-2.0 */
/* How much an address may ask for, by whatever transport: a bucket of tokens each, one for all of
 * them, and few different devices. The table has a fixed size; when it is full the address that was
 * silent longest is forgotten, which only helps somebody who has very many addresses, and the
 * common bucket is for them.
 *
 * Thread: one. */
#ifndef SERVICE_PROVISION_PROVISION_LIMITS_H
#define SERVICE_PROVISION_PROVISION_LIMITS_H

#include "net/address.h"

/** Requests a second from everybody together, and as many at once. */
#define RF_PROVISION_LIMITS_ALL_S 2000
/** Addresses remembered. */
#define RF_PROVISION_LIMITS_ADDRESSES 4096

/** Names of devices remembered for one address, and how long. */
#define RF_PROVISION_LIMITS_NAMES    30
#define RF_PROVISION_LIMITS_NAMES_MS (10 * 60 * 1000)

struct rf_provision_limits;

/** `seed` decides where in the table addresses stand, so that nobody can aim. */
struct rf_provision_limits *rf_provision_limits_new(uint64_t seed);
void rf_provision_limits_free(struct rf_provision_limits *l);
/** `per_address_s` requests a second from one address, twice that at once; `names` different names
 * of devices in ten minutes (at most RF_PROVISION_LIMITS_NAMES). 0: no limit. */
void rf_provision_limits_set(struct rf_provision_limits *l, uint32_t per_address_s, uint32_t names);
/** May this address make a request now? Takes a token when it may. */
RF_MUST_CHECK bool rf_provision_limits_take(struct rf_provision_limits *l,
                                            const struct rf_address *from, uint64_t now_ms);
/** May this address ask for the configuration of this device? Counts the name when it may.
 * *is_first (may be NULL): the first refusal of this address in ten minutes. */
RF_MUST_CHECK bool rf_provision_limits_name(struct rf_provision_limits *l,
                                            const struct rf_address *from, const char *device,
                                            uint64_t now_ms, bool *is_first);

#endif
