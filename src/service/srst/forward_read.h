/* SPDX-License-Identifier: Apache-2.0 */
/* The records that rf_srst_forward asks for, from the router's database and as they are sent.
 * Thread: the store worker's; blocks. */
#ifndef SERVICE_SRST_FORWARD_READ_H
#define SERVICE_SRST_FORWARD_READ_H

#include "service/srst/forward.h"
#include "store/store_call.h"

struct rf_srst_records {
    struct rf_srst_record items[RF_SRST_FORWARD_WINDOW]; /* point into `text` */
    size_t n;
    struct rf_buf text;
};

/** At most n (and no more than the window) with ids above `after`, in their order; `out` needs
 * _fini on RF_OK. What rf_store_call_list gives. */
RF_MUST_CHECK enum rf_err rf_srst_records_read(struct rf_store *store, int64_t after, size_t n,
                                               struct rf_srst_records *out, struct rf_why *why);
void rf_srst_records_fini(struct rf_srst_records *records);

#endif
