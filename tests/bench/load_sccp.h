/* SPDX-License-Identifier: Apache-2.0 */
/* SCCP phones over load.h: the device of a connection is SEP and its slot in twelve digits, as
 * bench_devices makes them. */
#ifndef BENCH_LOAD_SCCP_H
#define BENCH_LOAD_SCCP_H

#include "load.h"
#include "wire/sccp/sccp.h"

#define LOAD_SCCP_VERSION 22

/** Say Register; the answer is RF_SCCP_REGISTER_ACK or ..._REJECT. */
void load_sccp_register(struct load_conn *c);
/** Send, in the layout of LOAD_SCCP_VERSION. */
void load_sccp_send(struct load_conn *c, const struct rf_sccp_msg *m);
/** Give each frame that is whole to `take`, which must not close the connection. Returns the bytes
 * of those frames. */
size_t load_sccp_read(struct load_conn *c, const uint8_t *p, size_t n,
                      void (*take)(struct load_conn *c, const struct rf_sccp_frame *frame));

#endif
