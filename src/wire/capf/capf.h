/* SPDX-License-Identifier: Apache-2.0 */
/* CAPF messages: how a phone gets, changes and gives back its locally significant certificate.
 * Bytes to struct and back; who may proceed is decided elsewhere.
 *
 *     struct rf_capf_frame frame;
 *     struct rf_capf_msg msg;
 *     size_t used;
 *     enum rf_err err = rf_capf_frame_next(received, &frame, &used, &why);
 *     if (err == RF_OK && rf_capf_decode(&frame, &msg, &why) == RF_OK) ...
 *
 * To send: zero-initialise a msg, set command, session and the elements with their has_ flags, and
 * write what rf_capf_encode gives in one piece (phones stall on two).
 *
 * Thread: any.  Allocates: no.
 * Source: doc: docs/wire/capf.md */
#ifndef WIRE_CAPF_CAPF_H
#define WIRE_CAPF_CAPF_H

#include "base/bytes.h"

/** First byte of each frame. */
#define RF_CAPF_PROTOCOL 0x55
/** protocol, command, session id, length of the elements */
#define RF_CAPF_HEADER_BYTES 8
/** Longest run of elements read or written. */
#define RF_CAPF_BODY_MAX  16384
#define RF_CAPF_FRAME_MAX (RF_CAPF_HEADER_BYTES + RF_CAPF_BODY_MAX)
/** Version written; 2 and 3 are served. */
#define RF_CAPF_VERSION 3
/** Characters of a device name and of a password, without the NUL. */
#define RF_CAPF_NAME_MAX     63
#define RF_CAPF_PASSWORD_MAX 31
/** DER bytes of one certificate. */
#define RF_CAPF_CERT_MAX 8192
/** Hash number in the SHA-2 signed data and in the SUDI block. */
#define RF_CAPF_HASH_SHA512 3

enum rf_capf_command {
    RF_CAPF_AUTH_REQ = 1,
    RF_CAPF_AUTH_RES = 2,
    RF_CAPF_KEYGEN_REQ = 3,
    RF_CAPF_KEYGEN_RES = 4,
    RF_CAPF_STORE_CERT_REQ = 9,
    RF_CAPF_STORE_CERT_RES = 10,
    RF_CAPF_FETCH_CERT_REQ = 11,
    RF_CAPF_FETCH_CERT_RES = 12,
    RF_CAPF_DELETE_CERT_REQ = 13,
    RF_CAPF_DELETE_CERT_RES = 14,
    RF_CAPF_END_SESSION = 15,
    RF_CAPF_RETRY_LATER = 16, /* content not known: never sent */
    RF_CAPF_IN_PROGRESS = 17,
};

/** Reasons known so far; other numbers occur and are kept. */
enum rf_capf_reason {
    RF_CAPF_REASON_NO_ACTION = 0,
    RF_CAPF_REASON_UPDATE = 1, /* success */
    RF_CAPF_REASON_INVALID = 7,
    RF_CAPF_REASON_UNKNOWN_DEVICE = 9,
};

enum rf_capf_cert_type { RF_CAPF_CERT_LSC = 1, RF_CAPF_CERT_MIC = 2 };

enum rf_capf_auth_type {
    RF_CAPF_AUTH_NONE = 0,
    RF_CAPF_AUTH_PASSWORD = 1,
    RF_CAPF_AUTH_NO_PASSWORD = 2,
    RF_CAPF_AUTH_LSC = 3,
    RF_CAPF_AUTH_MIC = 4,
};

enum rf_capf_key_type { RF_CAPF_KEY_RSA = 0, RF_CAPF_KEY_EC = 1 };

enum rf_capf_curve {
    RF_CAPF_CURVE_P256 = 0,
    RF_CAPF_CURVE_P384 = 1,
    RF_CAPF_CURVE_P521 = 2,
};

/** One frame of the stream; `body` borrows from the stream. */
struct rf_capf_frame {
    uint8_t command; /* enum rf_capf_command or any other number */
    uint32_t session;
    struct rf_slice body;
};

/** A message. An element is there when its has_ flag is; absent ones are zero. Slices borrow from
 * the frame; texts are without their NUL. Numbers are as received: unknown values are kept. */
struct rf_capf_msg {
    uint8_t command;
    uint32_t session;

    bool has_reason;
    bool has_reason_info;
    bool has_version;
    bool has_auth_type;
    bool has_device_name;
    bool has_password;
    bool has_cert_type;
    bool has_cert_id;
    bool has_cert;
    bool has_signed_data;
    bool has_sha2_signed_data;
    bool has_sudi;
    bool has_key_type;
    bool has_key_size;
    bool has_curve;
    bool has_public_key;
    bool has_retry_delay;
    bool has_digest_type;

    uint8_t reason;              /* enum rf_capf_reason */
    struct rf_slice reason_info; /* raw bytes for the log: escape them */
    uint8_t version;
    uint8_t auth_type; /* enum rf_capf_auth_type */
    struct rf_slice device_name;
    struct rf_slice password;    /* secret: never log */
    uint8_t cert_type;           /* enum rf_capf_cert_type, element 3 */
    struct rf_slice cert_id;     /* form not known: raw */
    uint8_t cert_inner_type;     /* the type inside element 4; judge a certificate by its issuer */
    struct rf_slice cert;        /* DER */
    struct rf_slice signed_data; /* signature with SHA-1 */
    uint8_t sha2_hash;           /* RF_CAPF_HASH_SHA512 */
    struct rf_slice sha2_signature;
    struct rf_slice sudi_cert; /* DER */
    struct rf_slice sudi_sha1; /* signatures over session id (little-endian) and sudi_cert */
    struct rf_slice sudi_sha512;
    uint8_t key_type;            /* enum rf_capf_key_type */
    uint16_t key_size;           /* bits */
    uint8_t curve;               /* enum rf_capf_curve */
    struct rf_slice public_key;  /* SubjectPublicKeyInfo, DER */
    struct rf_slice retry_delay; /* form not known: raw */
    struct rf_slice digest_type; /* form not known: raw */

    size_t unknown_n; /* elements with an unknown tag, skipped */
    uint8_t unknown_first;
};

/**
 * Take the next frame from the bytes received so far.
 *
 * stream    bytes from the link, however they were split.
 * out       filled on RF_OK, zeroed otherwise; borrows from stream.
 * consumed  bytes of the frame on RF_OK, 0 otherwise.
 *
 * Returns RF_OK; RF_ERR_AGAIN while the frame is not complete (`why` untouched); RF_ERR_BAD
 * capf-protocol; RF_ERR_LIMIT capf-length. After the last two the stream cannot be read further.
 */
RF_MUST_CHECK enum rf_err rf_capf_frame_next(struct rf_slice stream, struct rf_capf_frame *out,
                                             size_t *consumed, struct rf_why *why);

/**
 * Decode the elements of a frame. Their order does not matter, unknown ones are counted, and which
 * of them a command needs is for the caller to say.
 *
 * out  filled on RF_OK, zeroed otherwise; borrows from the frame.
 *
 * Returns RF_OK; RF_ERR_SHORT (short) when an element runs past the frame; RF_ERR_BAD
 * capf-element-twice (of any tag), capf-element-size (a number of another width, an empty value
 * that must not be, a nested length that does not fit), capf-cert-form, capf-sudi-form,
 * text-no-nul, text-inner-nul and text-control of counted texts; RF_ERR_LIMIT capf-text-long,
 * capf-cert-long.
 */
RF_MUST_CHECK enum rf_err rf_capf_decode(const struct rf_capf_frame *frame, struct rf_capf_msg *out,
                                         struct rf_why *why);

/**
 * Write a whole frame, elements in a fixed order. unknown_n is not looked at.
 *
 * Returns RF_OK and the bytes in *out; RF_ERR_LIMIT when cap, or RF_CAPF_BODY_MAX, or a u16 length
 * is too small.
 */
RF_MUST_CHECK enum rf_err rf_capf_encode(const struct rf_capf_msg *msg, uint8_t *buf, size_t cap,
                                         struct rf_slice *out);

/** "auth-response" and so on; "unknown" for a number without a name. */
const char *rf_capf_command_name(uint8_t command);
/** "no action", "success", "invalid element", "unknown device", or "reason not known". */
const char *rf_capf_reason_name(uint8_t reason);

#endif
