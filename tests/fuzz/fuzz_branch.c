/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a stream, of either end by the first byte; what is read is written the same again. */
#include "wire/branch/branch.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct rf_branch_frame *frame, struct rf_slice bytes)
{
    uint8_t head[RF_BRANCH_HEAD_BYTES];
    if (rf_branch_head(frame->type, frame->body.len, head, NULL) != RF_OK)
        abort();
    if (!rf_slice_eq(rf_slice_of(head, sizeof head), rf_slice_part(bytes, 0, sizeof head)) ||
        bytes.len != sizeof head + frame->body.len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rf_rd rd = rf_rd_of(rf_slice_of(data, size));
    struct rf_branch_frame frame;
    uint8_t first;
    size_t used;
    struct rf_why why = {0};
    if (!rf_rd_u8(&rd, &first))
        return 0;
    enum rf_branch_from from = first % 2 == 0 ? RF_BRANCH_FROM_ROUTER : RF_BRANCH_FROM_CENTRE;
    struct rf_slice stream = rf_rd_rest(&rd);
    while (rf_branch_next(stream, from, &frame, &used, &why) == RF_OK) {
        again(&frame, rf_slice_part(stream, 0, used));
        if (rf_branch_type_name(frame.type)[0] == '?' ||
            frame.body.len > rf_branch_body_max(frame.type))
            abort();
        stream = rf_slice_part(stream, used, SIZE_MAX);
    }
    return 0;
}
