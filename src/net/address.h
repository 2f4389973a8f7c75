/* SPDX-License-Identifier: Apache-2.0 */
/* An IP address with a port. Addresses are numbers here: names are not looked up, because looking
 * up blocks, and phones are configured with numbers. "localhost" is understood as 127.0.0.1. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include "base/bytes.h"

#include <sys/socket.h>

#define RF_ADDRESS_TEXT_MAX 48

struct rf_address {
    struct sockaddr_storage sa;
    socklen_t len;
};

/** From a numeric IPv4 or IPv6 text and a port. RF_ERR_BAD "address-bad". Any thread. */
RF_MUST_CHECK enum rf_err rf_address_parse(const char *host, uint16_t port, struct rf_address *out,
                                           struct rf_why *why);
/** The IP alone, e.g. "127.0.0.1", in buf (RF_ADDRESS_TEXT_MAX is enough). Returns buf. */
const char *rf_address_host(const struct rf_address *a, char *buf, size_t cap);
uint16_t rf_address_port(const struct rf_address *a);
#define RF_ADDRESS_SOURCE 16
/** Whom limits concern: the IPv4 address (mapped into IPv6), or the /64 of an IPv6 one, since the
 * rest is the host's to choose. */
void rf_address_source(const struct rf_address *a, uint8_t out[RF_ADDRESS_SOURCE]);
/** The whole address, IPv4 as above. */
void rf_address_whole(const struct rf_address *a, uint8_t out[RF_ADDRESS_SOURCE]);
/** Where to look for one of those two in a table: behind a seed that nobody outside knows, so that
 * nobody can aim. */
uint32_t rf_address_hash(uint32_t seed, const uint8_t key[RF_ADDRESS_SOURCE]);
/** Same IP (an IPv4 address mapped into IPv6 equals the IPv4 one), whatever the port. */
bool rf_address_same_host(const struct rf_address *a, const struct rf_address *b);
/** Same IP and port. */
bool rf_address_same(const struct rf_address *a, const struct rf_address *b);
/** The 4 bytes of an IPv4 address in network order; false for others. */
RF_MUST_CHECK bool rf_address_ipv4(const struct rf_address *a, uint8_t out[4]);

#endif
