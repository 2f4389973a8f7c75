/* SPDX-License-Identifier: Apache-2.0 */
/* TVS messages: a phone asks whether a certificate may be trusted, and for what. Bytes to struct
 * and back; who is trusted is decided elsewhere.
 *
 *     struct rf_tvs_frame frame;
 *     struct rf_tvs_msg msg;
 *     size_t used;
 *     enum rf_err err = rf_tvs_frame_next(received, &frame, &used, &why);
 *     if (err == RF_OK && rf_tvs_decode(&frame, &msg, &why) == RF_OK) ...
 *
 * Thread: any.  Allocates: no.
 * Source: doc: docs/wire/tvs.md */
#ifndef WIRE_TVS_TVS_H
#define WIRE_TVS_TVS_H

#include "base/bytes.h"

/** First and second byte of each frame. */
#define RF_TVS_PROTOCOL 0x57
#define RF_TVS_VERSION  1
/** protocol, version, command, a byte of unknown meaning, session id, length of the elements */
#define RF_TVS_HEADER_BYTES 10
/** Longest run of elements read or written. */
#define RF_TVS_BODY_MAX  16384
#define RF_TVS_FRAME_MAX (RF_TVS_HEADER_BYTES + RF_TVS_BODY_MAX)
/** Characters of a device name. */
#define RF_TVS_NAME_MAX 63
/** DER bytes of one certificate. */
#define RF_TVS_CERT_MAX 8192
/** Roles in an answer. */
#define RF_TVS_ROLES_MAX 16
/** Elements of other tags that are kept. */
#define RF_TVS_OTHERS_MAX 8

enum rf_tvs_command {
    RF_TVS_VERIFY_REQ = 1,
    RF_TVS_VERIFY_RES = 2,
    RF_TVS_QUERY_REQ = 3,
    RF_TVS_QUERY_RES = 4,
};

enum rf_tvs_status { RF_TVS_VALID = 0, RF_TVS_INVALID = 1 };

/** guess: what a query carries of the certificate it means. No capture shows these numbers; the
 * server goes by the bytes, whatever their tags. doc: docs/wire/tvs.md, "Query" */
enum { RF_TVS_TAG_ISSUER = 3, RF_TVS_TAG_SERIAL = 4 };

/** One frame of the stream; `body` borrows from the stream. */
struct rf_tvs_frame {
    uint8_t command; /* enum rf_tvs_command or any other number */
    uint32_t session;
    struct rf_slice body;
};

/** An element whose meaning is not known, or only guessed. */
struct rf_tvs_other {
    uint8_t tag;
    struct rf_slice value;
};

/** A message. An element is there when its has_ flag is; absent ones are zero. Slices borrow from
 * the frame. Numbers are as received. */
struct rf_tvs_msg {
    uint8_t command;
    uint32_t session;

    bool has_device_name;
    bool has_cert;
    bool has_status;
    bool has_roles;
    bool has_ttl;

    struct rf_slice device_name; /* printable */
    struct rf_slice cert;        /* DER */
    uint8_t status;              /* enum rf_tvs_status */
    struct rf_slice roles;       /* a byte each, numbers as in trust lists */
    uint32_t ttl_s;

    struct rf_tvs_other other[RF_TVS_OTHERS_MAX]; /* in their order */
    size_t other_n;
};

/**
 * Take the next frame from the bytes received so far.
 *
 * stream    bytes from the link, however they were split.
 * out       filled on RF_OK, zeroed otherwise; borrows from stream.
 * consumed  bytes of the frame on RF_OK, 0 otherwise.
 *
 * Returns RF_OK; RF_ERR_AGAIN while the frame is not complete (`why` untouched); RF_ERR_BAD
 * tvs-protocol, tvs-version; RF_ERR_LIMIT tvs-length. After those the stream cannot be read
 * further.
 */
RF_MUST_CHECK enum rf_err rf_tvs_frame_next(struct rf_slice stream, struct rf_tvs_frame *out,
                                            size_t *consumed, struct rf_why *why);

/**
 * Decode the elements of a frame. Their order does not matter, and which of them a command needs is
 * for the caller to say. In a query request all but name and certificate are `other`.
 *
 * out  filled on RF_OK, zeroed otherwise; borrows from the frame.
 *
 * Returns RF_OK; RF_ERR_SHORT (short) when an element runs past the frame; RF_ERR_BAD
 * tvs-element-twice (of any tag), tvs-element-size (a number of another width, an empty value that
 * must not be), tvs-name-form (lead byte, or a byte that is not printable ASCII); RF_ERR_LIMIT
 * tvs-name-long, tvs-cert-long, tvs-roles (too many), tvs-others (too many of other tags).
 */
RF_MUST_CHECK enum rf_err rf_tvs_decode(const struct rf_tvs_frame *frame, struct rf_tvs_msg *out,
                                        struct rf_why *why);

/**
 * Write a whole frame: the named elements in the order of their tags, the others behind them.
 *
 * Returns RF_OK and the bytes in *out; RF_ERR_LIMIT when cap or RF_TVS_BODY_MAX is too small.
 */
RF_MUST_CHECK enum rf_err rf_tvs_encode(const struct rf_tvs_msg *msg, uint8_t *buf, size_t cap,
                                        struct rf_slice *out);

/** "verify-request" and so on; "unknown" for a number without a name. */
const char *rf_tvs_command_name(uint8_t command);

#endif
