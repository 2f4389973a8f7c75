/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the numbers that stand in SCCP fields, both ways, for logs, commands and tests.
 *
 *     rf_sccp_name(RF_SCCP_NAMES_TONE, 0x21)      "InsideDialTone"
 *
 * Constant tables; any thread. */
#ifndef WIRE_SCCP_SCCP_NAMES_H
#define WIRE_SCCP_SCCP_NAMES_H

#include "base/bytes.h"

enum rf_sccp_names {
    RF_SCCP_NAMES_MESSAGE,
    RF_SCCP_NAMES_CALL_STATE,
    RF_SCCP_NAMES_CALL_TYPE,
    RF_SCCP_NAMES_TONE,
    RF_SCCP_NAMES_RING_MODE,
    RF_SCCP_NAMES_LAMP_MODE,
    RF_SCCP_NAMES_SOFTKEY_EVENT, /* the dictionary: keys and label texts */
    RF_SCCP_NAMES_SOFTKEY_SET,
    RF_SCCP_NAMES_STIMULUS, /* also button types and features */
    RF_SCCP_NAMES_DEVICE_TYPE,
    RF_SCCP_NAMES_ALARM_SEVERITY,
    RF_SCCP_NAMES_ALARM_REASON, /* the number that opens an alarm's text */
    RF_SCCP_NAMES_MEDIA_STATUS,
    RF_SCCP_NAMES_SECURITY_STATUS,
    RF_SCCP_NAMES_SRTP,
    RF_SCCP_NAMES_CODEC,
    RF_SCCP_NAMES_RESET_TYPE,
    RF_SCCP_NAMES_N,
};

/** The name of a number, or NULL. A constant. */
const char *rf_sccp_name(enum rf_sccp_names table, uint32_t value);
/** The same, with "unknown" in place of NULL, for a log line. */
const char *rf_sccp_name_or_unknown(enum rf_sccp_names table, uint32_t value);
/** The number of a name (letters in any case); false when there is none, *out is then 0. */
RF_MUST_CHECK bool rf_sccp_number(enum rf_sccp_names table, struct rf_slice name, uint32_t *out);

#endif
