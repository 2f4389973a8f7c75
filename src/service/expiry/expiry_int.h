/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/expiry. */
#ifndef SERVICE_EXPIRY_EXPIRY_INT_H
#define SERVICE_EXPIRY_EXPIRY_INT_H

#include "service/expiry/expiry.h"

/** Add a copy; the order is not kept. */
void expiry_add(struct rf_expiry_certs *certs, const struct rf_expiry_cert *cert);
void expiry_sort(struct rf_expiry_certs *certs);

#endif
