/* SPDX-License-Identifier: Apache-2.0 */
/* Which record of a call a survivable router sends to its centre next. Records have rising ids in
 * the router's database; all up to one are known to be in the centre's. A few are under way at a
 * time; what the centre has not answered when the link goes is sent again by the next one, and the
 * centre takes it once. Logic only: reading records, sending and keeping the number are the
 * owner's.
 *
 *     fetch op  -> read from the database -> rf_srst_forward_records (or _failed)
 *     link up   -> rf_srst_forward_up;  its `kept` -> rf_srst_forward_kept;  down -> _down
 *     a record was written -> rf_srst_forward_more
 *
 * Thread: one, the link's. */
#ifndef SERVICE_SRST_FORWARD_H
#define SERVICE_SRST_FORWARD_H

#include "base/mem.h"

#define RF_SRST_FORWARD_WINDOW 32 /* records under way */

struct rf_srst_forward;

struct rf_srst_forward_ops {
    /** Read at most n records with ids above `after`, in their order, and answer with the same
     * `round`, now or later. */
    void (*fetch)(void *arg, uint64_t round, int64_t after, size_t n);
    /** RF_ERR_LIMIT: it can never be sent, and is passed over; anything else but RF_OK: not now. */
    enum rf_err (*send)(void *arg, int64_t id, struct rf_slice json);
    /** Keep this number over a restart: all up to it are done. Late is no harm. */
    void (*save)(void *arg, int64_t kept);
};

struct rf_srst_record {
    int64_t id;
    struct rf_slice json;
};

/** `kept` as it was saved last; 0: never. */
struct rf_srst_forward *rf_srst_forward_new(const struct rf_srst_forward_ops *ops, void *arg,
                                            int64_t kept);
/** NULL is fine. */
void rf_srst_forward_free(struct rf_srst_forward *f);

void rf_srst_forward_up(struct rf_srst_forward *f);
void rf_srst_forward_down(struct rf_srst_forward *f);
/** There may be records that were not there before. */
void rf_srst_forward_more(struct rf_srst_forward *f);
/** What was fetched; fewer than asked for: there are no others by now. An answer of a round that is
 * over is dropped. */
void rf_srst_forward_records(struct rf_srst_forward *f, uint64_t round,
                             const struct rf_srst_record *records, size_t n);
/** They could not be read: asked again with the next rf_srst_forward_more, or the next answer. */
void rf_srst_forward_failed(struct rf_srst_forward *f, uint64_t round);
/** The centre has it. One that is not under way is fine. */
void rf_srst_forward_kept(struct rf_srst_forward *f, int64_t id);

/** All up to this id are in the centre's database. */
int64_t rf_srst_forward_done(const struct rf_srst_forward *f);
/** Sent and not answered. */
size_t rf_srst_forward_under_way(const struct rf_srst_forward *f);

#endif
