/* SPDX-License-Identifier: Apache-2.0 */
/* One file on its way to one client by TFTP: what to send when, and when it is over. No socket and
 * no clock of its own: packets that arrived and the time go in, packets to be sent come out through
 * a callback.
 *
 *     rf_tftp_transfer_init(&t, &conf, now_ms);            (sends OACK or DATA 1)
 *     rf_tftp_transfer_packet(&t, datagram, now_ms);       as each arrives
 *     rf_tftp_transfer_time(&t, now_ms);                   at rf_tftp_transfer_deadline(&t)
 *     if (rf_tftp_transfer_is_over(&t)) ...
 *
 * Thread: any, one at a time.
 * doc: docs/wire/tftp.md; spec: RFC 1350, 2347-2349, 7440; RFC 1123 4.2.3.1 */
#ifndef SERVICE_PROVISION_TFTP_TRANSFER_H
#define SERVICE_PROVISION_TFTP_TRANSFER_H

#include "base/fsm.h"
#include "service/provision/tftp_server.h"
#include "wire/tftp/tftp.h"

/** Between two bursts of a window, once packets were lost: the client, or something on the way to
 * it, has no room for a whole window at once. */
#define RF_TFTP_TRANSFER_PAUSE_MS 2
/** The wait between two sendings doubles up to this (or stays at the client's timeout). */
#define RF_TFTP_TRANSFER_WAIT_MAX_MS 8000
/** Nothing new acknowledged for so long (or twice the client's timeout), or not done after so long:
 * given up. */
#define RF_TFTP_TRANSFER_IDLE_MS  30000
#define RF_TFTP_TRANSFER_TOTAL_MS 600000

enum rf_tftp_transfer_state {
    RF_TFTP_OFFERED, /* options agreed to, ACK 0 awaited; nothing of the file was sent */
    RF_TFTP_SENDING, /* a window is on its way */
    RF_TFTP_DONE,
    RF_TFTP_FAILED,
    RF_TFTP_STATE_N
};

struct rf_tftp_transfer_conf {
    struct rf_slice content; /* unchanging until the transfer is over */
    struct rf_tftp_options asked;
    uint32_t retry_ms; /* first wait; a `timeout` of the client's replaces it */
    uint32_t tries;    /* so often a packet is sent in all */
    uint32_t seed;     /* of the jitter, any value */
    void (*send)(void *arg, struct rf_slice packet); /* borrowed for the call */
    /* Several packets in a row, all of this length but the last, which may be shorter; false: not
     * this way, `send` is called for each. May be NULL. */
    bool (*send_segments)(void *arg, struct rf_slice packets, size_t each);
    void *arg;
};

struct rf_tftp_transfer {
    struct rf_fsm fsm;
    struct rf_tftp_transfer_conf conf;
    struct rf_tftp_options agreed; /* as in the OACK */
    uint16_t blksize;
    uint16_t window;
    uint64_t blocks;   /* the last one is shorter than blksize, perhaps empty */
    uint64_t acked;    /* blocks in order at the client; numbers here do not wrap */
    uint64_t sent;     /* last block sent, at least once */
    uint64_t at;       /* last block sent since the present window began */
    uint16_t burst;    /* so many of it in a row, then a pause; halved by each loss */
    uint32_t tries;    /* sendings of what is not acknowledged */
    uint32_t repeated; /* packets that had been sent before */
    uint32_t wait_ms;
    uint64_t now_ms; /* of the present call */
    uint64_t began_ms;
    uint64_t progress_ms;
    uint64_t retry_at_ms;
    uint64_t pause_until_ms; /* while the window is not out */
    bool was_heard;          /* the client has acknowledged something */
    bool was_refused;        /* it ended the transfer by an ERROR */
    bool was_looked_at;      /* ... when all was out, and with no error that is one */
    struct rf_why why;
};

/** Begin, and send the first packet. */
void rf_tftp_transfer_init(struct rf_tftp_transfer *t, const struct rf_tftp_transfer_conf *conf,
                           uint64_t now_ms);
void rf_tftp_transfer_packet(struct rf_tftp_transfer *t, struct rf_slice packet, uint64_t now_ms);
/** The client's port is closed: it told us by ICMP. */
void rf_tftp_transfer_unreachable(struct rf_tftp_transfer *t, uint64_t now_ms);
/** The client asked for the same again before it acknowledged anything: it lost the first packet,
 * so it gets that once more. */
void rf_tftp_transfer_asked_again(struct rf_tftp_transfer *t, uint64_t now_ms);
/** When rf_tftp_transfer_time wants to be called next. */
uint64_t rf_tftp_transfer_deadline(const struct rf_tftp_transfer *t);
void rf_tftp_transfer_time(struct rf_tftp_transfer *t, uint64_t now_ms);

bool rf_tftp_transfer_is_over(const struct rf_tftp_transfer *t);
bool rf_tftp_transfer_is_complete(const struct rf_tftp_transfer *t);
/** It failed, but all was sent to a client that answered until then, and that went in silence: most
 * likely it has the file and its last ACK was lost. */
bool rf_tftp_transfer_is_last_ack_missing(const struct rf_tftp_transfer *t);
/** It failed, because the client took all of the file and then, in place of the last ACK, an error
 * that names no trouble (code 0): it looked, and is no phone that has the file now. */
bool rf_tftp_transfer_is_looked_at(const struct rf_tftp_transfer *t);
/** Bytes of the file acknowledged; all of them where only the last ACK is missing. */
uint64_t rf_tftp_transfer_bytes(const struct rf_tftp_transfer *t);

/** For the grid test. */
const struct rf_fsm_def *rf_tftp_transfer_fsm_def(void);
const char *rf_tftp_transfer_action_name(rf_fsm_action action);

#endif
