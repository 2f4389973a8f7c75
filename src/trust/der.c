/* SPDX-License-Identifier: Apache-2.0 */
/* V1: is it DER? OpenSSL's parser also takes BER; certificates on the wire may not be that. */
#include "trust/trust_int.h"

#define DER_DEPTH_MAX 32

/* Identifier octets, high tag numbers included. */
static bool der_tag(struct rf_rd *rd, bool *is_constructed)
{
    uint8_t b = 0;
    if (!rf_rd_u8(rd, &b))
        return false;
    *is_constructed = (b & 0x20) != 0;
    if ((b & 0x1f) != 0x1f)
        return true;
    do {
        if (!rf_rd_u8(rd, &b))
            return false;
    } while ((b & 0x80) != 0);
    return true;
}

/* Definite, minimal length of at most three bytes. */
static bool der_len(struct rf_rd *rd, size_t *len)
{
    uint8_t first = 0, b = 0;
    if (!rf_rd_u8(rd, &first))
        return false;
    if (first < 0x80) {
        *len = first;
        return true;
    }
    unsigned n = first & 0x7f;
    if (n == 0 || n > 3)
        return false;
    size_t v = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!rf_rd_u8(rd, &b) || (i == 0 && b == 0))
            return false;
        v = v << 8 | b;
    }
    *len = v;
    return v >= 0x80;
}

bool rf_der_take(struct rf_rd *rd, uint8_t tag, struct rf_rd *value)
{
    uint8_t b = 0;
    size_t len = 0;
    return rf_rd_u8(rd, &b) && b == tag && der_len(rd, &len) && rf_rd_sub(rd, len, value);
}

bool rf_der_is_strict(struct rf_slice der)
{
    struct rf_rd stack[DER_DEPTH_MAX];
    size_t depth = 0;
    stack[0] = rf_rd_of(der);
    size_t top_n = 0;
    for (;;) {
        if (rf_rd_done(&stack[depth])) {
            if (depth == 0)
                return top_n == 1;
            depth--;
            continue;
        }
        bool is_constructed = false;
        size_t len = 0;
        struct rf_rd child;
        if (depth == 0 && ++top_n > 1)
            return false;
        if (!der_tag(&stack[depth], &is_constructed) || !der_len(&stack[depth], &len) ||
            !rf_rd_sub(&stack[depth], len, &child))
            return false;
        if (!is_constructed)
            continue;
        if (depth + 1 == DER_DEPTH_MAX)
            return false;
        stack[++depth] = child;
    }
}
