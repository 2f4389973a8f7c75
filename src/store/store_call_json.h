/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a call as JSON: the admin API shows it, and a branch's router sends it to its
 * centre. Both ways stand beside each other, so that no member is lost on the way. Thread: any. */
#ifndef STORE_STORE_CALL_JSON_H
#define STORE_STORE_CALL_JSON_H

#include "store/store_call.h"
#include "wire/json/json.h"

/** A new object. `run` is not in it, and of `origin` the name without the epoch. */
struct rf_json *rf_store_call_to_json(const struct rf_store_call *call);

/** All that rf_store_call_to_json writes, but for id and origin: whoever reads it knows where it
 * came from. RF_ERR_BAD record-format. */
RF_MUST_CHECK enum rf_err rf_store_call_from_json(const struct rf_json *json,
                                                  struct rf_store_call *out, struct rf_why *why);

#endif
