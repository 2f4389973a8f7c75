/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram; what decodes must encode, and decode to the same again. */
#include "wire/tftp/tftp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[RF_TFTP_PACKET_MAX + 2], twice[RF_TFTP_PACKET_MAX + 2];
    struct rf_tftp_packet p, p2;
    struct rf_slice out, out2;
    struct rf_why why = {0};
    if (rf_tftp_decode(rf_slice_of(data, size), &p, &why) != RF_OK)
        return 0;
    if (rf_tftp_encode(&p, buf, sizeof buf, &out) != RF_OK) {
        /* an empty mode is written as octet, which may be too much; an error text gains its NUL */
        if (size + 6 < RF_TFTP_REQUEST_MAX)
            abort();
        return 0;
    }
    if (rf_tftp_decode(out, &p2, &why) != RF_OK ||
        rf_tftp_encode(&p2, twice, sizeof twice, &out2) != RF_OK || !rf_slice_eq(out, out2))
        abort();
    return 0;
}
