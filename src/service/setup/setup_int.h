/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/setup. */
#ifndef SERVICE_SETUP_SETUP_INT_H
#define SERVICE_SETUP_SETUP_INT_H

#include "service/setup/setup.h"

/** Key and certificate of the HTTPS server, where there is none: sites made before there was such a
 * server get them when their lists are to name it. */
RF_MUST_CHECK enum rf_err setup_https_make(const char *dir, const struct rf_site_conf *conf,
                                           int64_t now_s, struct rf_why *why);

#endif
