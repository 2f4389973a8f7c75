/* SPDX-License-Identifier: Apache-2.0 */
/* Another CA behind CAPF: the transactions that are open with it, and how long it is left in peace
 * after it did not answer. It is asked on a worker of its own, which this is the state of.
 *
 *     struct rf_capf_ca *ca = rf_capf_ca_new(cmp, store_worker);
 *     struct rf_worker *worker = rf_worker_start("capf-ca", limit, ca);
 *     rf_capf_ca_end(ca);  rf_worker_stop(worker);  rf_capf_ca_free(ca);
 *
 * doc: docs/issuers.md */
#ifndef SERVICE_CAPF_CAPF_CA_H
#define SERVICE_CAPF_CAPF_CA_H

#include "base/worker.h"
#include "trust/cmp.h"

/** After the first failure, doubled with each, up to the second number. */
#define RF_CAPF_CA_BACKOFF_S     5
#define RF_CAPF_CA_BACKOFF_MAX_S 600
/** Open transactions; the one that was asked about longest ago makes room. */
#define RF_CAPF_CA_DEALS 256

struct rf_capf_ca;

/** `cmp` and the store's worker (whose state is the struct rf_store) outlive it. */
struct rf_capf_ca *rf_capf_ca_new(const struct rf_cmp *cmp, struct rf_worker *store);
/** What still waits is not asked any more: before the worker is stopped. Any thread. */
void rf_capf_ca_end(struct rf_capf_ca *ca);
void rf_capf_ca_free(struct rf_capf_ca *ca);

#endif
