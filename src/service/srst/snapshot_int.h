/* SPDX-License-Identifier: Apache-2.0 */
/* Names of members and words that reading and writing a snapshot share. */
#ifndef SERVICE_SRST_SNAPSHOT_INT_H
#define SERVICE_SRST_SNAPSHOT_INT_H

#include "service/srst/snapshot.h"

#define RF_SRST_MODES 3
extern const char *const rf_srst_mode_words[RF_SRST_MODES]; /* by enum rf_store_mode */
#define RF_SRST_KINDS 2
extern const char *const rf_srst_kind_words[RF_SRST_KINDS]; /* by enum rf_store_cert_kind */
#define RF_SRST_STATES 4
extern const char *const rf_srst_state_words[RF_SRST_STATES]; /* by enum rf_store_cert_state */

/** Within its limits? Both ways. */
RF_MUST_CHECK enum rf_err rf_srst_limit(size_t n, size_t max, const char *code, const char *what,
                                        struct rf_why *why);

#endif
