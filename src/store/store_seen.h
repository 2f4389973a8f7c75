/* SPDX-License-Identifier: Apache-2.0 */
/* Phones that nobody added, and what devices fetched last.
 * Thread and errors: as store.h. doc: docs/provisioning.md */
#ifndef STORE_STORE_SEEN_H
#define STORE_STORE_SEEN_H

#include "store/store.h"

#define RF_STORE_PENDING_MAX 1000  /* those that asked longest ago are forgotten */
#define RF_STORE_FETCHES_MAX 81920 /* four a device */

struct rf_store_pending {
    char name[RF_STORE_DEVICE_NAME];
    char address[48];
    int64_t first_s;
    int64_t last_s;
    uint32_t count;
    char asked[256]; /* names of files, blanks between */
};
struct rf_store_pendings {
    struct rf_store_pending *items; /* who asked last comes first */
    size_t n;
};
void rf_store_pendings_fini(struct rf_store_pendings *pendings);

/** `n` phones that are no devices asked for files: name, address, last_s, asked (one name) and how
 * often (count; 0 is 1). is_new[i]: it was not pending before. */
RF_MUST_CHECK enum rf_err rf_store_pending_note(struct rf_store *store,
                                                const struct rf_store_pending *seen, size_t n,
                                                bool *is_new, struct rf_why *why);
/** RF_ERR_NOT_FOUND pending-unknown. Adding the device ends it. */
RF_MUST_CHECK enum rf_err rf_store_pending_load(struct rf_store *store, const char *name,
                                                struct rf_store_pending *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_pending_list(struct rf_store *store,
                                                struct rf_store_pendings *out, struct rf_why *why);

enum rf_store_fetch_item {
    RF_STORE_FETCH_CTL,
    RF_STORE_FETCH_ITL,
    RF_STORE_FETCH_CONFIG,
    RF_STORE_FETCH_LOAD
};
/** "ctl", "itl", "config", "load". */
const char *rf_store_fetch_item_name(enum rf_store_fetch_item item);

/** The last time a device asked for a file of this kind. */
struct rf_store_fetch {
    char device[RF_STORE_DEVICE_NAME];
    enum rf_store_fetch_item item;
    char name[128];               /* asked for, escaped */
    char generation[48];          /* which one it was; empty: not known */
    char result[RF_WHY_CODE_MAX]; /* empty: fetched to the end; else the reason's code */
    char address[48];
    int64_t at_s;
};
struct rf_store_fetches {
    struct rf_store_fetch *items; /* by device and item */
    size_t n;
};
void rf_store_fetches_fini(struct rf_store_fetches *fetches);
/** In one transaction; what is said of a device that is gone is passed over. */
RF_MUST_CHECK enum rf_err rf_store_fetch_save(struct rf_store *store,
                                              const struct rf_store_fetch *items, size_t n,
                                              struct rf_why *why);
/** Of a device, or of all (NULL). */
RF_MUST_CHECK enum rf_err rf_store_fetch_list(struct rf_store *store, const char *device,
                                              struct rf_store_fetches *out, struct rf_why *why);

#endif
