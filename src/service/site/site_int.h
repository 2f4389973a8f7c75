/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/site: checks of a configuration. */
#ifndef SERVICE_SITE_SITE_INT_H
#define SERVICE_SITE_SITE_INT_H

#include "service/site/site.h"

/** A weak listener is for somebody: RF_ERR_BAD conf-legacy without models or networks; conf-value.
 */
RF_MUST_CHECK enum rf_err site_check_models(const struct rf_site_conf *c, struct rf_why *why);
RF_MUST_CHECK enum rf_err site_check_legacy(const struct rf_site_conf *c, struct rf_why *why);
/** The same of the listeners for authenticated devices and in the clear: conf-authenticated. */
RF_MUST_CHECK enum rf_err site_check_weak_listeners(const struct rf_site_conf *c,
                                                    struct rf_why *why);
/** Two listeners on one port: RF_ERR_BAD conf-ports. */
RF_MUST_CHECK enum rf_err site_check_ports(const struct rf_site_conf *c, struct rf_why *why);
/** A router's provider, and where its centre is: RF_ERR_BAD conf-srst-provider, conf-value. */
RF_MUST_CHECK enum rf_err site_check_router(const struct rf_site_conf *c, struct rf_why *why);
/** crl_url and ocsp_url: RF_ERR_BAD conf-value. */
RF_MUST_CHECK enum rf_err site_check_urls(const struct rf_site_conf *c, struct rf_why *why);
/** The line of the file on which the option stands that what is told begins with; 0: none. */
unsigned site_line_of(struct rf_slice text, const char *told);

#endif
