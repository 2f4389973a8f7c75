/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/phone: what enrolment and the SCCP phone judge alike. */
#ifndef SERVICE_PHONE_PHONE_LINK_INT_H
#define SERVICE_PHONE_PHONE_LINK_INT_H

#include "service/phone/phone_link.h"
#include "trust/lists.h"

/** May the phone talk to this server? Codes of rf_lists_find_server and rf_cert_floor_check (which
 * is not asked with a floor of 0). */
RF_MUST_CHECK enum rf_err phone_server_judge(const struct rf_lists *lists,
                                             const struct rf_cert *server, uint16_t role,
                                             int64_t floor_s, struct rf_why *why);

/** 1 to `max` letters, digits, '-' and '_'. */
bool phone_device_ok(const char *name, size_t max);

#endif
