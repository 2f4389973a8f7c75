/* SPDX-License-Identifier: Apache-2.0 */
/* The call managers that phones are told, in the order in which they are to be tried: as the option
 * call_managers has them. Pure. doc: docs/failover.md */
#ifndef SERVICE_SITE_CALL_MANAGERS_H
#define SERVICE_SITE_CALL_MANAGERS_H

#include "base/mem.h"

/** Real phones use the first three of a group. */
#define RF_SITE_CALL_MANAGERS_MAX 3

struct rf_site_call_manager {
    char host[64]; /* as phones are told: without brackets */
    uint16_t port; /* the base port, to which phones add 443; 0: as this server's */
};

struct rf_site_call_managers {
    struct rf_site_call_manager at[RF_SITE_CALL_MANAGERS_MAX];
    size_t n; /* 0: this server alone */
};

/** "HOST[:PORT] ...", blanks between; IPv6 with a port in brackets. RF_ERR_BAD conf-value, which
 * names the entry; then *out is empty. */
RF_MUST_CHECK enum rf_err rf_site_call_managers_parse(const char *text,
                                                      struct rf_site_call_managers *out,
                                                      struct rf_why *why);

#endif
