/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that this site believes no more, whoever issued them: the operator's block list, by
 * fingerprint. Asked in handshakes by every I/O worker, so it is read without a lock: each change
 * makes a new set in the place of the old one.
 *
 *     if ((err = rf_blocklist_check(blocked, cert, why)) != RF_OK) ...
 *
 * Thread: any reads; one at a time sets. doc: docs/enrolment.md, "Blocking a certificate" */
#ifndef TRUST_BLOCKLIST_H
#define TRUST_BLOCKLIST_H

#include "trust/cert.h"

/** Sets that were replaced stay until the end, since a handshake may be reading one. So few fit
 * that hundreds of changes cost little. */
#define RF_BLOCKLIST_MAX 1024

struct rf_blocklist;

/** Empty. */
struct rf_blocklist *rf_blocklist_new(void);
/** Nobody reads it any more. NULL is fine. */
void rf_blocklist_free(struct rf_blocklist *list);

/** These, and no others, from now on: `n` fingerprints of 32 bytes, one behind the other, sorted or
 * not. RF_ERR_LIMIT blocklist-full. */
RF_MUST_CHECK enum rf_err rf_blocklist_set(struct rf_blocklist *list, struct rf_slice fingerprints,
                                           struct rf_why *why);
/** RF_OK; RF_ERR_DENIED cert-blocked. No list blocks nobody. */
RF_MUST_CHECK enum rf_err rf_blocklist_check(const struct rf_blocklist *list,
                                             const struct rf_cert *cert, struct rf_why *why);

#endif
