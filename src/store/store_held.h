/* SPDX-License-Identifier: Apache-2.0 */
/* What devices hold. Only what real phones give: a file fetched to the end, a certificate of ours
 * that a phone accepted in a handshake, an alarm. What is not here is unknown.
 * Thread and errors: as store.h. doc: docs/trust-lists.md */
#ifndef STORE_STORE_HELD_H
#define STORE_STORE_HELD_H

#include "store/store.h"

enum rf_store_held_item {
    RF_STORE_HELD_CTL, /* the list it holds */
    RF_STORE_HELD_ITL,
    RF_STORE_HELD_CTL_REFUSED, /* the list that it was given last and did not take */
    RF_STORE_HELD_ITL_REFUSED,
    RF_STORE_HELD_CONFIG,
    RF_STORE_HELD_CCM, /* our certificate that it accepted */
    RF_STORE_HELD_CAPF,
};
enum rf_store_held_how { RF_STORE_HOW_FETCHED, RF_STORE_HOW_HANDSHAKE, RF_STORE_HOW_ALARM };
/** "ctl", "itl", "ctl-refused", …; "fetched", "handshake", "alarm". */
const char *rf_store_held_item_name(enum rf_store_held_item item);
const char *rf_store_held_how_name(enum rf_store_held_how how);

struct rf_store_held {
    char device[RF_STORE_DEVICE_NAME];
    enum rf_store_held_item item;
    uint8_t sha256[32]; /* of the file, or of the certificate */
    enum rf_store_held_how how;
    int64_t at_s;   /* since when */
    int64_t last_s; /* seen last */
    uint32_t tries; /* times seen since the phone registered last */
};
struct rf_store_helds {
    struct rf_store_held *items; /* by device and item */
    size_t n;
};

/** Note that a device holds this (device, item, sha256 and how are used). Again the same: counted.
 * *out (may be NULL) is the record as it is now. RF_ERR_NOT_FOUND device-unknown. */
RF_MUST_CHECK enum rf_err rf_store_held_note(struct rf_store *store,
                                             const struct rf_store_held *seen, int64_t now_s,
                                             const struct rf_store_event *event,
                                             struct rf_store_held *out, struct rf_why *why);
/** The device has registered: what it fetches from here on is counted anew. */
RF_MUST_CHECK enum rf_err rf_store_held_settle(struct rf_store *store, const char *device,
                                               struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_held_forget(struct rf_store *store, const char *device,
                                               enum rf_store_held_item item,
                                               const struct rf_store_event *event,
                                               struct rf_why *why);
/** Of a device, or of all (NULL). */
RF_MUST_CHECK enum rf_err rf_store_held_list(struct rf_store *store, const char *device,
                                             struct rf_store_helds *out, struct rf_why *why);
void rf_store_helds_fini(struct rf_store_helds *helds);
/** Borrowed; NULL: unknown. */
const struct rf_store_held *rf_store_helds_find(const struct rf_store_helds *helds,
                                                const char *device, enum rf_store_held_item item);

/** Lists kept; of more, the oldest that no device holds go. */
#define RF_STORE_LISTS_MAX      256
#define RF_STORE_LIST_BYTES_MAX 65536
/** Keep a trust list (kind RF_STORE_HELD_CTL or _ITL) that is given out; known already is fine. */
RF_MUST_CHECK enum rf_err rf_store_list_keep(struct rf_store *store, enum rf_store_held_item kind,
                                             const uint8_t sha256[32], struct rf_slice bytes,
                                             int64_t now_s, struct rf_why *why);
/** RF_ERR_NOT_FOUND list-unknown. `out` needs _fini on RF_OK; published_s may be NULL. */
RF_MUST_CHECK enum rf_err rf_store_list_load(struct rf_store *store, const uint8_t sha256[32],
                                             struct rf_buf *out, int64_t *published_s,
                                             struct rf_why *why);

#endif
