/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the link between a survivable router and its centre. What a body says is read elsewhere
 * (service/srst); here is who may send which kind, and how long it may be.
 *
 *     struct rf_branch_frame frame;
 *     size_t used;
 *     enum rf_err err = rf_branch_next(received, RF_BRANCH_FROM_ROUTER, &frame, &used, &why);
 *     if (err == RF_ERR_AGAIN) return;        more has to come
 *
 * Thread: any.  Allocates: no.
 * Source: ours. doc: docs/wire/branch.md */
#ifndef WIRE_BRANCH_BRANCH_H
#define WIRE_BRANCH_BRANCH_H

#include "base/bytes.h"

/** Length of the rest, kind. */
#define RF_BRANCH_HEAD_BYTES 5
/** Longest frame without its length: a snapshot. */
#define RF_BRANCH_LEN_MAX   ((size_t)8 * 1024 * 1024)
#define RF_BRANCH_FRAME_MAX (4 + RF_BRANCH_LEN_MAX)
/** Longest frame that a router sends. */
#define RF_BRANCH_SMALL_MAX (RF_BRANCH_HEAD_BYTES + 8192)

enum rf_branch_type {
    RF_BRANCH_HELLO = 1,
    RF_BRANCH_LIST = 2,
    RF_BRANCH_SNAPSHOT = 3,
    RF_BRANCH_STATE = 4,
    RF_BRANCH_RECORD = 5,
    RF_BRANCH_KEPT = 6,
    RF_BRANCH_RELEASE = 7,
    RF_BRANCH_REFUSED = 8,
    RF_BRANCH_ALIVE = 9,
};

/** Who sent it. */
enum rf_branch_from { RF_BRANCH_FROM_ROUTER, RF_BRANCH_FROM_CENTRE };

/** `body` borrows from the stream. */
struct rf_branch_frame {
    enum rf_branch_type type;
    struct rf_slice body;
};

/** "hello", "list" ...; "?" for another number. */
const char *rf_branch_type_name(unsigned type);
/** Longest body of this kind. */
size_t rf_branch_body_max(enum rf_branch_type type);

/**
 * The next frame of what was received. A frame that its sender may not send, or that is longer than
 * its kind may be, is refused by its head: nobody is waited for to send the rest of it.
 *
 * used   bytes of the frame, 0 unless RF_OK.
 *
 * Returns RF_OK; RF_ERR_AGAIN when it is not complete (no reason is given); RF_ERR_BAD branch-frame
 * (no kind, none of this sender's), RF_ERR_LIMIT branch-frame (too long).
 */
RF_MUST_CHECK enum rf_err rf_branch_next(struct rf_slice stream, enum rf_branch_from from,
                                         struct rf_branch_frame *out, size_t *used,
                                         struct rf_why *why);

/** What an end does with the frames it receives; `arg` is rf_branch_each's. */
struct rf_branch_taker {
    enum rf_branch_from from;
    /** Asked before each frame. false: this one and what follows it stay where they are. */
    bool (*goes_on)(void *arg);
    enum rf_err (*take)(void *arg, const struct rf_branch_frame *frame, struct rf_why *why);
    /** Why a frame could not be read, or was not taken; no other follows. */
    void (*refuse)(void *arg, const struct rf_why *why);
};

/** Hand out the complete frames of what was received, in their order. Returns the bytes that are
 * done with: of each frame that was taken, or that `take` refused. */
size_t rf_branch_each(struct rf_slice stream, const struct rf_branch_taker *taker, void *arg);

/** The head of a frame whose body is written behind it. RF_ERR_LIMIT branch-frame. */
RF_MUST_CHECK enum rf_err rf_branch_head(enum rf_branch_type type, size_t body_len,
                                         uint8_t out[RF_BRANCH_HEAD_BYTES], struct rf_why *why);

#endif
