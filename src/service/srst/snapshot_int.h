/* SPDX-License-Identifier: Apache-2.0 */
/* What gathering, reading and writing a snapshot share: names of members and words, limits, and the
 * arrays of devices. */
#ifndef SERVICE_SRST_SNAPSHOT_INT_H
#define SERVICE_SRST_SNAPSHOT_INT_H

#include "service/srst/snapshot.h"

#define RF_SRST_MODES 3
extern const char *const rf_srst_mode_words[RF_SRST_MODES]; /* by enum rf_store_mode */
#define RF_SRST_KINDS 2
extern const char *const rf_srst_kind_words[RF_SRST_KINDS]; /* by enum rf_store_cert_kind */
#define RF_SRST_STATES 4
extern const char *const rf_srst_state_words[RF_SRST_STATES]; /* by enum rf_store_cert_state */

/** Bytes of one array of a snapshot or of a device: rf_try_alloc's limit. */
#define RF_SRST_ALLOC_MAX ((size_t)64 * 1024 * 1024)

/** Within its limits? Both ways. */
RF_MUST_CHECK enum rf_err rf_srst_limit(size_t n, size_t max, const char *code, const char *what,
                                        struct rf_why *why);
/** Room for n devices in an empty snapshot: all that stands beside each other for phones[i]. None
 * is there yet, s->n counts them. RF_ERR_NOMEM no-memory; fini `s` all the same. */
RF_MUST_CHECK enum rf_err rf_srst_room(struct rf_srst_snapshot *s, size_t n, struct rf_why *why);

#endif
