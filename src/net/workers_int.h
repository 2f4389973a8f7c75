/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_WORKERS_INT_H
#define NET_WORKERS_INT_H

#include "net/workers.h"

/** Is the caller worker i? */
bool rf_workers_is_here(const struct rf_workers *workers, uint32_t i);

#endif
