/* SPDX-License-Identifier: Apache-2.0 */
/* RTCP: what decodes encodes again, and decodes to the same; nothing is written where there is no
 * room. */
#include "base/err.h"
#include "wire/rtp/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct rf_rtcp *one, const struct rf_rtcp *two)
{
    rf_bug_on(one->is_sender != two->is_sender || one->ssrc != two->ssrc || one->ntp != two->ntp);
    rf_bug_on(one->timestamp != two->timestamp || one->packets != two->packets ||
              one->octets != two->octets);
    rf_bug_on(one->has_block != two->has_block || !rf_slice_eq(one->cname, two->cname));
    const struct rf_rtcp_block *a = &one->block, *b = &two->block;
    rf_bug_on(a->ssrc != b->ssrc || a->fraction != b->fraction || a->lost != b->lost ||
              a->highest != b->highest || a->jitter != b->jitter || a->last_sr != b->last_sr ||
              a->since_sr != b->since_sr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[RF_RTCP_BYTES_MAX];
    static uint8_t other[RF_RTCP_BYTES_MAX];
    struct rf_rtcp one;
    struct rf_rtcp two;
    struct rf_slice out;
    struct rf_why why = {0};
    if (rf_rtcp_decode(rf_slice_of(data, size), &one, &why) != RF_OK)
        return 0;
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    rf_bug_on(rf_rtcp_encode(&one, &wr, &why) != RF_OK || rf_wr_done(&wr, &out) != RF_OK);
    rf_bug_on(rf_rtcp_decode(out, &two, &why) != RF_OK);
    same(&one, &two);
    struct rf_wr cut = rf_wr_of(other, out.len - 1);
    rf_bug_on(rf_rtcp_encode(&two, &cut, NULL) != RF_ERR_LIMIT);
    return 0;
}
