/* SPDX-License-Identifier: Apache-2.0 */
/* A small DER writer for issue.c: begin an element, write its content, end it. */
#ifndef TRUST_ISSUE_DER_H
#define TRUST_ISSUE_DER_H

#include "base/mem.h"

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_UTF8 = 0x0c,
    DER_PRINTABLE = 0x13,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
};

struct rf_der {
    struct rf_buf out; /* its maximum set by the caller */
    bool failed;       /* out of room: checked once, at the end */
};

/** Returns what rf_der_end wants. */
size_t rf_der_begin(struct rf_der *d, uint8_t tag);
void rf_der_end(struct rf_der *d, size_t mark);
void rf_der_raw(struct rf_der *d, struct rf_slice bytes);
/** A whole primitive element. */
void rf_der_add(struct rf_der *d, uint8_t tag, struct rf_slice value);
/** A non-negative INTEGER of big-endian bytes. */
void rf_der_uint(struct rf_der *d, struct rf_slice bytes);
/** UTCTime until 2049, then GeneralizedTime. */
void rf_der_time(struct rf_der *d, int64_t s);
/** An object identifier by its encoded value. */
void rf_der_oid(struct rf_der *d, struct rf_slice encoded);

#endif
