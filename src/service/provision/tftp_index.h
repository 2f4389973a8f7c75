/* SPDX-License-Identifier: Apache-2.0 */
/* Which transfers belong to an address, found without a walk over all of them: requests are looked
 * up before anything is known of who sends them.
 *
 * Thread: one. */
#ifndef SERVICE_PROVISION_TFTP_INDEX_H
#define SERVICE_PROVISION_TFTP_INDEX_H

#include "net/address.h"

struct tftp_host;

/** A member of the transfer. */
struct tftp_place {
    struct tftp_place *next;
    struct tftp_host *host;
    struct rf_address peer;
};

struct tftp_index;

/** For about `n` transfers; more are found a little slower. `seed`: so that nobody can aim. */
struct tftp_index *tftp_index_new(uint32_t n, uint64_t seed);
/** Empty by then. NULL is fine. */
void tftp_index_free(struct tftp_index *index);
void tftp_index_add(struct tftp_index *index, struct tftp_place *place,
                    const struct rf_address *peer);
/** One that was not added is fine. */
void tftp_index_remove(struct tftp_index *index, struct tftp_place *place);
/** The first of those of an address and port, or the next after `after`; NULL at the end. */
struct tftp_place *tftp_index_find(const struct tftp_index *index, const struct rf_address *peer,
                                   const struct tftp_place *after);
/** How many an address has, whatever their ports. */
uint32_t tftp_index_count(const struct tftp_index *index, const struct rf_address *peer);

#endif
