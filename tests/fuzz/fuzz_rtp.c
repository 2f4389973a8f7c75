/* SPDX-License-Identifier: Apache-2.0 */
/* RTP: what decodes encodes again, and decodes to the same; nothing is written where there is no
 * room, and no type of eight bits. */
#include "base/err.h"
#include "wire/rtp/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[65536];
    static uint8_t other[65536];
    struct rf_rtp one;
    struct rf_rtp two;
    struct rf_why why = {0};
    if (size > sizeof buf || rf_rtp_decode(rf_slice_of(data, size), &one, &why) != RF_OK)
        return 0;
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    struct rf_slice out;
    rf_bug_on(rf_rtp_encode(&one, &wr, &why) != RF_OK || rf_wr_done(&wr, &out) != RF_OK);
    rf_bug_on(rf_rtp_decode(out, &two, &why) != RF_OK);
    rf_bug_on(!rf_slice_eq(one.payload, two.payload));
    rf_bug_on(one.seq != two.seq || one.timestamp != two.timestamp || one.ssrc != two.ssrc);
    rf_bug_on(one.has_marker != two.has_marker || one.payload_type != two.payload_type);
    struct rf_wr cut = rf_wr_of(other, out.len - 1);
    rf_bug_on(rf_rtp_encode(&two, &cut, NULL) != RF_ERR_LIMIT);
    two.payload_type |= 0x80;
    rf_bug_on(rf_rtp_encode(&two, &wr, NULL) != RF_ERR_BAD);
    return 0;
}
