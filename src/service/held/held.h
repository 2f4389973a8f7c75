/* SPDX-License-Identifier: Apache-2.0 */
/* What phones hold, as far as it is known: from files that they fetched to the end, certificates of
 * ours that they accepted in a handshake, and their alarms. Whoever sees such a thing tells it
 * here; it is judged as the phone would judge it, and kept in the store.
 *
 *     struct rf_held_fetch f = {.device = "SEP001122334455", .kind = RF_LIST_CTL, .bytes = bytes};
 *     err = rf_held_on_list(store, &f, now_s, &why);
 *
 * Thread: that of the store; everything blocks. doc: docs/trust-lists.md, "What a phone holds" */
#ifndef SERVICE_HELD_HELD_H
#define SERVICE_HELD_HELD_H

#include "store/store_held.h"
#include "trust/lists.h"

/** Fetched so often without a registration between: it does not take it. On its first day, with
 * another firmware and an enrolment, a phone fetches it three times. */
#define RF_HELD_TRIES 5

/** Lists taken apart before: thousands of phones hold the same few, and that costs more than all
 * else here. Used by one thread. Where one is a parameter it may be NULL. */
struct rf_held_cache;
struct rf_held_cache *rf_held_cache_new(void);
/** NULL is fine. */
void rf_held_cache_free(struct rf_held_cache *cache);
void rf_held_cache_freep(struct rf_held_cache **cache);

enum rf_store_held_item rf_held_item_of(enum rf_list_kind kind);

/** A list that a phone fetched to the end, under its own name. */
struct rf_held_fetch {
    const char *device;
    enum rf_list_kind kind;
    struct rf_slice bytes;
};
/**
 * Keep the list, and note that the device holds it now; or, when what it held until now does not
 * know the signer, that it was given it and did not take it (event list-refused). The same list
 * again and again is the event list-again.
 *
 * RF_ERR_NOT_FOUND device-unknown; what the store gives.
 */
RF_MUST_CHECK enum rf_err rf_held_on_list(struct rf_store *store, struct rf_held_cache *cache,
                                          const struct rf_held_fetch *fetch, int64_t now_s,
                                          struct rf_why *why);

/** The phone registered over TLS, so it holds a list that has this call manager certificate. When
 * the list it was thought to hold has not, it holds the one that it was given last, or nobody knows
 * which (event list-contradicted). */
RF_MUST_CHECK enum rf_err rf_held_on_registered(struct rf_store *store, struct rf_held_cache *cache,
                                                const char *device, const struct rf_cert *ccm,
                                                int64_t now_s, struct rf_why *why);
/** A CAPF session of the phone came to its end: it knows this certificate. */
RF_MUST_CHECK enum rf_err rf_held_on_capf(struct rf_store *store, const char *device,
                                          const struct rf_cert *capf, int64_t now_s,
                                          struct rf_why *why);
/** The phone's alarm says that it refused the list it fetched last. */
RF_MUST_CHECK enum rf_err rf_held_on_alarm(struct rf_store *store, const char *device,
                                           enum rf_list_kind kind, int64_t now_s,
                                           struct rf_why *why);

/** The lists that a device is known to hold; NULL in `out` where it is unknown (or no longer kept
 * here). `helds` holds its rows. */
RF_MUST_CHECK enum rf_err rf_held_lists(struct rf_store *store, struct rf_held_cache *cache,
                                        const struct rf_store_helds *helds, const char *device,
                                        struct rf_lists *out, struct rf_why *why);

#endif
