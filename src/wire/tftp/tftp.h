/* SPDX-License-Identifier: Apache-2.0 */
/* TFTP packets with the options of RFC 2347 to 2349 and 7440. Bytes to struct and back; transfers
 * are in service/provision (server) and service/phone (client).
 *
 *     struct rf_tftp_packet p;
 *     if (rf_tftp_decode(datagram, &p, &why) == RF_OK && p.op == RF_TFTP_RRQ) ...
 *
 * Thread: any.  Allocates: no.
 * Source: spec: RFC 1350, 2347, 2348, 2349, 7440; doc: docs/wire/tftp.md */
#ifndef WIRE_TFTP_TFTP_H
#define WIRE_TFTP_TFTP_H

#include "base/bytes.h"

/** RFC 2347: a request is at most this long. */
#define RF_TFTP_REQUEST_MAX 512
/** blksize without the option, and its range. */
#define RF_TFTP_BLKSIZE_DEFAULT 512
#define RF_TFTP_BLKSIZE_MIN     8
#define RF_TFTP_BLKSIZE_MAX     65464
/** Largest packet: DATA of the largest block. */
#define RF_TFTP_PACKET_MAX (4 + RF_TFTP_BLKSIZE_MAX)
/** Options read in one packet. */
#define RF_TFTP_OPTIONS_MAX 32
/** Digits of a number in an option. */
#define RF_TFTP_DIGITS_MAX 10

enum rf_tftp_op {
    RF_TFTP_RRQ = 1,
    RF_TFTP_WRQ = 2,
    RF_TFTP_DATA = 3,
    RF_TFTP_ACK = 4,
    RF_TFTP_ERROR = 5,
    RF_TFTP_OACK = 6,
};

enum rf_tftp_error {
    RF_TFTP_ERR_OTHER = 0,
    RF_TFTP_ERR_NOT_FOUND = 1,
    RF_TFTP_ERR_ACCESS = 2,
    RF_TFTP_ERR_FULL = 3,
    RF_TFTP_ERR_ILLEGAL = 4,
    RF_TFTP_ERR_UNKNOWN_TID = 5,
    RF_TFTP_ERR_EXISTS = 6,
    RF_TFTP_ERR_NO_USER = 7,
    RF_TFTP_ERR_OPTION = 8,
};

enum rf_tftp_mode {
    RF_TFTP_MODE_OCTET,
    RF_TFTP_MODE_NETASCII,
    RF_TFTP_MODE_MAIL,
    RF_TFTP_MODE_OTHER,
};

/** Options of a request or OACK. A known option with a value out of its range, or not a plain
 * number, is not there but counted in refused_n: a server leaves it out of its answer, a client
 * that finds one in an OACK gives up. */
struct rf_tftp_options {
    bool has_blksize;
    bool has_timeout;
    bool has_tsize;
    bool has_windowsize;
    uint16_t blksize;    /* bytes, 8 to 65464 */
    uint8_t timeout_s;   /* 1 to 255 */
    uint64_t tsize;      /* bytes; 0 in a read request */
    uint16_t windowsize; /* blocks, 1 to 65535 */
    size_t unknown_n;    /* options with another name */
    size_t refused_n;    /* known names with a bad value */
};

/** A packet; only the members of its op are set. Slices borrow from the datagram. */
struct rf_tftp_packet {
    enum rf_tftp_op op;
    struct rf_slice name;      /* RRQ, WRQ: as sent, without NUL; may hold anything but NUL */
    enum rf_tftp_mode mode;    /* RRQ, WRQ: compared without case */
    struct rf_slice mode_text; /* RRQ, WRQ: as sent; the encoder writes it, "octet" when empty */
    struct rf_tftp_options options; /* RRQ, WRQ, OACK */
    uint16_t block;                 /* DATA, ACK */
    struct rf_slice data;           /* DATA */
    uint16_t error_code;            /* ERROR: enum rf_tftp_error or another number */
    struct rf_slice error_text;     /* ERROR: up to the first NUL or the end */
};

/**
 * Decode a datagram.
 *
 * out  filled on RF_OK, zeroed otherwise; borrows from `in`.
 *
 * Returns RF_OK; RF_ERR_SHORT (short); RF_ERR_UNKNOWN tftp-opcode; RF_ERR_LIMIT
 * tftp-request-long, tftp-data-long, tftp-options; RF_ERR_BAD tftp-option-twice, tftp-option-name
 * (empty), tftp-trailing (bytes after an ACK).
 */
RF_MUST_CHECK enum rf_err rf_tftp_decode(struct rf_slice in, struct rf_tftp_packet *out,
                                         struct rf_why *why);

/** Write a packet; options in the order blksize, timeout, tsize, windowsize. RF_ERR_LIMIT when cap
 * is too small, or a request is above RF_TFTP_REQUEST_MAX. */
RF_MUST_CHECK enum rf_err rf_tftp_encode(const struct rf_tftp_packet *p, uint8_t *buf, size_t cap,
                                         struct rf_slice *out);

/** "RRQ", "DATA" …; "unknown" for another number. */
const char *rf_tftp_op_name(unsigned op);
/** The standard text of an error code; "error" for another number. */
const char *rf_tftp_error_name(uint16_t code);

#endif
