/* SPDX-License-Identifier: Apache-2.0 */
/* What the catalogue knows of devices from what they fetch: where each was last, which digest its
 * files have, and whether it fetches the same again and again. Then what of that, and of phones
 * that nobody added, is written to the store: gathered, one transaction at a time, never waited
 * for.
 *
 * Thread: that of the loop; writing happens on the store worker. */
#ifndef SERVICE_PROVISION_PROVISION_SEEN_H
#define SERVICE_PROVISION_PROVISION_SEEN_H

#include "net/loop.h"
#include "service/provision/provision.h"
#include "store/store_seen.h"
#include "trust/digest.h"

/** More configurations in ten minutes are told. */
#define PROVISION_SEEN_CONFIGS 3
#define PROVISION_SEEN_MS      (10 * 60 * 1000)

struct provision_seen;
struct provision_seen *provision_seen_new(void);
void provision_seen_free(struct provision_seen *seen);

/** The device is in the database; `digest` of its files, 0: not known. */
void provision_seen_know(struct provision_seen *seen, const char *device, enum rf_digest digest);
/** It fetched its configuration to the end from there. */
void provision_seen_place(struct provision_seen *seen, const char *device, const char *host);
bool provision_seen_knows(const struct provision_seen *seen, const char *device);
bool provision_seen_is_at(const struct provision_seen *seen, const char *device, const char *host);
/** The one digest of the device, or of all devices that were there last; false when none is known,
 * or several are. `device` empty: not known. */
bool provision_seen_digest(const struct provision_seen *seen, const char *device, const char *host,
                           enum rf_digest *out);
/** The one device that was there last. */
bool provision_seen_only(const struct provision_seen *seen, const char *host,
                         char device[RF_STORE_DEVICE_NAME]);
/** It fetched its configuration to the end, this generation of it; another one begins the count
 * anew. True: more often than a sound phone does; told once in ten minutes. */
bool provision_seen_again(struct provision_seen *seen, const char *device, const char *generation,
                          uint64_t now_ms);

/* ---- to the store (provision_notes.c) ---- */

/** Waiting to be written; more are dropped. */
#define PROVISION_NOTES_MAX 256

struct provision_notes;
typedef void (*provision_notes_fn)(void *arg, const struct rf_store_pending *first_seen);
/** `on_new` is told of phones that were not pending before. */
struct provision_notes *provision_notes_new(struct rf_loop *loop, struct rf_worker *store,
                                            provision_notes_fn on_new, void *arg);
/** What waits is dropped. */
void provision_notes_free(struct provision_notes *notes);
void provision_notes_fetch(struct provision_notes *notes, const struct rf_store_fetch *fetch);
void provision_notes_pending(struct provision_notes *notes, const struct rf_store_pending *seen);

#endif
