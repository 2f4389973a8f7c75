/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a stream; what decodes must encode, and decode to the same again. */
#include "wire/tvs/tvs.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct rf_tvs_msg *m, const struct rf_tvs_frame *frame)
{
    static uint8_t buf[RF_TVS_FRAME_MAX], twice[RF_TVS_FRAME_MAX];
    struct rf_slice out, out2;
    struct rf_tvs_frame f2;
    struct rf_tvs_msg m2;
    size_t used;
    if (rf_tvs_encode(m, buf, sizeof buf, &out) != RF_OK)
        abort();
    if (out.len != RF_TVS_HEADER_BYTES + frame->body.len)
        abort();
    if (rf_tvs_frame_next(out, &f2, &used, NULL) != RF_OK || used != out.len ||
        rf_tvs_decode(&f2, &m2, NULL) != RF_OK ||
        rf_tvs_encode(&m2, twice, sizeof twice, &out2) != RF_OK || !rf_slice_eq(out, out2))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rf_slice stream = rf_slice_of(data, size);
    struct rf_tvs_frame frame;
    struct rf_tvs_msg msg;
    size_t used;
    struct rf_why why = {0};
    while (rf_tvs_frame_next(stream, &frame, &used, &why) == RF_OK) {
        if (rf_tvs_decode(&frame, &msg, &why) == RF_OK)
            again(&msg, &frame);
        (void)rf_tvs_command_name(frame.command);
        stream = rf_slice_part(stream, used, SIZE_MAX);
    }
    return 0;
}
