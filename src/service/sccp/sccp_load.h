/* SPDX-License-Identifier: Apache-2.0 */
/* What a phone says of its firmware: the load it registers with, and the alarm by which it tells
 * that it refused another. Pure; the service hands both to the program (ops.on_load).
 *
 * doc: docs/wire/sccp.md, "Alarms about firmware" */
#ifndef SERVICE_SCCP_SCCP_LOAD_H
#define SERVICE_SCCP_SCCP_LOAD_H

#include "base/bytes.h"

#define RF_SCCP_LOAD_FILE_MAX 80

struct rf_sccp_load_alarm {
    const char *reason;                   /* a constant: "hardware", "signature" … */
    char file[RF_SCCP_LOAD_FILE_MAX + 1]; /* the image or list it names; empty: none */
    char running[49];                     /* "Load=" of the alarm; empty: not told */
};

/** Does this alarm's text say that a load was refused? False for every other alarm. Texts come out
 * as plain printable ASCII without blanks. */
bool rf_sccp_load_alarm_parse(struct rf_slice text, struct rf_sccp_load_alarm *out);

#endif
