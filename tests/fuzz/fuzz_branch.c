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

struct sum {
    size_t n;
    bool is_refused;
};

static bool goes_on(void *arg)
{
    return !((struct sum *)arg)->is_refused;
}

static enum rf_err take(void *arg, const struct rf_branch_frame *frame, struct rf_why *why)
{
    ((struct sum *)arg)->n += RF_BRANCH_HEAD_BYTES + frame->body.len;
    return RF_OK;
}

static void refuse(void *arg, const struct rf_why *why)
{
    ((struct sum *)arg)->is_refused = true;
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
    struct sum sum = {0};
    const struct rf_branch_taker taker = {
        .from = from, .goes_on = goes_on, .take = take, .refuse = refuse};
    size_t done = rf_branch_each(stream, &taker, &sum), begun = stream.len;
    while (rf_branch_next(stream, from, &frame, &used, &why) == RF_OK) {
        again(&frame, rf_slice_part(stream, 0, used));
        if (rf_branch_type_name(frame.type)[0] == '?' ||
            frame.body.len > rf_branch_body_max(frame.type))
            abort();
        stream = rf_slice_part(stream, used, SIZE_MAX);
    }
    /* All at once comes as far as one after the other, and is refused where that is. */
    if (done != sum.n || done != begun - stream.len || sum.is_refused != (why.code[0] != '\0'))
        abort();
    return 0;
}
