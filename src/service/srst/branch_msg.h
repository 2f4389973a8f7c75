/* SPDX-License-Identifier: Apache-2.0 */
/* What the small frames of the link between router and centre say: JSON to struct and back. Members
 * that are not known are passed over. Whatever cannot be read is refused as branch-frame.
 *
 * Thread: any. doc: docs/wire/branch.md */
#ifndef SERVICE_SRST_BRANCH_MSG_H
#define SERVICE_SRST_BRANCH_MSG_H

#include "service/srst/snapshot.h"
#include "wire/branch/branch.h"

#define RF_BRANCH_EPOCH   33 /* 32 hex digits and the NUL */
#define RF_BRANCH_VERSION 32
/* Why a centre refuses: the records have numbers of others, and the router is to draw an epoch. */
#define RF_BRANCH_OTHER_EPOCH "branch-epoch"

/** The first frame of a router. */
struct rf_branch_hello {
    char name[RF_SRST_NAME];
    char version[RF_BRANCH_VERSION];
    char epoch[RF_BRANCH_EPOCH]; /* drawn: its records' ids count from there */
    uint64_t serial;             /* of the snapshot it holds; 0: none */
};

/** How a router is. */
struct rf_branch_state {
    uint64_t serial;
    uint32_t phones;
    uint32_t secure_phones;
    uint32_t calls;
    int64_t since_s; /* when the first phone came; 0: there is none */
};

/** 32 hex digits in lower case? */
bool rf_branch_epoch_ok(const char *epoch);

RF_MUST_CHECK enum rf_err rf_branch_hello_read(struct rf_slice body, struct rf_branch_hello *out,
                                               struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_branch_hello_write(const struct rf_branch_hello *hello,
                                                struct rf_buf *out);
RF_MUST_CHECK enum rf_err rf_branch_state_read(struct rf_slice body, struct rf_branch_state *out,
                                               struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_branch_state_write(const struct rf_branch_state *state,
                                                struct rf_buf *out);
/** {"id": N}, N above 0. */
RF_MUST_CHECK enum rf_err rf_branch_kept_read(struct rf_slice body, int64_t *id,
                                              struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_branch_kept_write(int64_t id, struct rf_buf *out);
/** What a centre refused, as a reason of ours. Text of the peer, escaped. */
RF_MUST_CHECK enum rf_err rf_branch_refused_read(struct rf_slice body, struct rf_why *out,
                                                 struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_branch_refused_write(const struct rf_why *refused, struct rf_buf *out);

#endif
