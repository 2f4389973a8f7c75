/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificate does the server at this address show? For an administrator who is going to look
 * at it: nothing is believed here, but that the server has its key, as the handshake proves. */
#ifndef NET_TLS_FETCH_H
#define NET_TLS_FETCH_H

#include "trust/cert.h"

/**
 * Connect by TLS, take what the server shows, and close.
 *
 * host        numeric.
 * timeout_ms  of connecting and handshake together; 0: that of links.
 * out         its own certificate first, then the others it sent; fini it. Empty unless RF_OK.
 *
 * Returns RF_OK, or why there is no connection, with the codes of net/link.h. Blocks, on a loop of
 * its own; one such call of a process at a time.
 */
RF_MUST_CHECK enum rf_err rf_tls_fetch(const char *host, uint16_t port, uint32_t timeout_ms,
                                       struct rf_cert_list *out, struct rf_why *why);

#endif
