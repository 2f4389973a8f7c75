/* SPDX-License-Identifier: Apache-2.0 */
#include "load_sccp.h"

#include <stdio.h>

#define PHONE_MODEL 684 /* 8861 */

static void send_as(struct load_conn *c, const struct rf_sccp_msg *m, unsigned version)
{
    uint8_t buf[RF_SCCP_SEND_MAX];
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    struct rf_slice frame;
    if (rf_sccp_encode(m, version, &wr, NULL) != RF_OK || rf_wr_done(&wr, &frame) != RF_OK)
        load_fail("a message could not be made");
    load_send(c, frame.p, frame.len);
}

void load_sccp_register(struct load_conn *c)
{
    char name[32];
    snprintf(name, sizeof name, "SEP%012u", c->slot);
    struct rf_sccp_msg m = {.id = RF_SCCP_REGISTER,
                            .reg = {.device_name = rf_slice_str(name),
                                    .instance = 1,
                                    .ip4 = {127, 0, 0, 1},
                                    .device_type = PHONE_MODEL,
                                    .max_streams = 5,
                                    .protocol_ver = LOAD_SCCP_VERSION}};
    send_as(c, &m, 0);
}

void load_sccp_send(struct load_conn *c, const struct rf_sccp_msg *m)
{
    send_as(c, m, LOAD_SCCP_VERSION);
}

size_t load_sccp_read(struct load_conn *c, const uint8_t *p, size_t n,
                      void (*take)(struct load_conn *c, const struct rf_sccp_frame *frame))
{
    struct rf_sccp_frame frame;
    size_t used = 0;
    size_t of_frame;
    while (rf_sccp_frame_next(rf_slice_of(p + used, n - used), &frame, &of_frame, NULL) == RF_OK) {
        used += of_frame;
        if (frame.id == RF_SCCP_REGISTER_REJECT)
            load_fail("a phone was refused");
        take(c, &frame);
    }
    return used;
}
