/* SPDX-License-Identifier: Apache-2.0 */
/* SCCP: a stream of frames. Each message that decodes is encoded at its header's version; what that
 * gives must decode and encode to the same bytes. An address of version 17 under an older header
 * has no place to go; that is the one refusal allowed. */
#include "base/err.h"
#include "wire/sccp/sccp.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAME_MAX (RF_SCCP_LENGTH_MAX + 8)

static bool encode(const struct rf_sccp_msg *m, unsigned version, uint8_t *buf,
                   struct rf_slice *out)
{
    struct rf_wr wr = rf_wr_of(buf, FRAME_MAX);
    struct rf_why why = {0};
    if (rf_sccp_encode(m, version, &wr, &why) != RF_OK) {
        rf_bug_on(strcmp(why.code, "sccp-address") != 0);
        return false;
    }
    rf_bug_on(rf_wr_done(&wr, out) != RF_OK);
    return true;
}

static void again(const struct rf_sccp_msg *m, unsigned version)
{
    static uint8_t one[FRAME_MAX];
    static uint8_t two[FRAME_MAX];
    static struct rf_sccp_msg m2;
    struct rf_slice first;
    struct rf_slice second;
    struct rf_sccp_frame frame;
    size_t used;
    if (!encode(m, version, one, &first))
        return;
    rf_bug_on(rf_sccp_frame_next(first, &frame, &used, NULL) != RF_OK || used != first.len);
    rf_bug_on(rf_sccp_decode(&frame, &m2, NULL) != RF_OK);
    rf_bug_on(!encode(&m2, version, two, &second) || !rf_slice_eq(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rf_sccp_msg m;
    struct rf_slice stream = rf_slice_of(data, size);
    struct rf_sccp_frame frame;
    size_t used;
    struct rf_why why = {0};
    while (rf_sccp_frame_next(stream, &frame, &used, &why) == RF_OK) {
        rf_bug_on(used > stream.len);
        if (rf_sccp_decode(&frame, &m, NULL) == RF_OK)
            again(&m, frame.version);
        stream = rf_slice_part(stream, used, stream.len);
    }
    return 0;
}
