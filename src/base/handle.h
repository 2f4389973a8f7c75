/* SPDX-License-Identifier: Apache-2.0 */
/* Handle tables: a slot number plus a generation, instead of a pointer, for whatever travels
 * between threads or through timers. Looking up a stale handle finds nothing. One thread per table.
 */
#ifndef BASE_HANDLE_H
#define BASE_HANDLE_H

#include "base/err.h"

/** 0 is never a handle. */
typedef uint32_t rf_handle;

struct rf_handles;
/** At most `limit` objects (up to 65,535). */
struct rf_handles *rf_handles_new(uint32_t limit);
void rf_handles_free(struct rf_handles *table);
/** 0 when the table is full. */
rf_handle rf_handle_add(struct rf_handles *table, void *object);
/** The object, or NULL. */
void *rf_handle_find(const struct rf_handles *table, rf_handle handle);
void rf_handle_remove(struct rf_handles *table, rf_handle handle);
uint32_t rf_handles_n(const struct rf_handles *table);
/** Walk: start with *at = 0; NULL at the end. Removing the returned object while walking is fine.
 */
void *rf_handles_next(const struct rf_handles *table, uint32_t *at);

#endif
