/* SPDX-License-Identifier: Apache-2.0 */
/* Networks by address and length of prefix, as operators write them: "10.1.0.0/16, fd00::/8". An
 * address alone is a network of one. Pure. */
#ifndef NET_NETWORK_H
#define NET_NETWORK_H

#include "net/address.h"

#define RF_NETWORKS_MAX 32

struct rf_network {
    uint8_t ip[16]; /* IPv4 mapped into IPv6 */
    unsigned bits;  /* of the 128 that count */
};
struct rf_networks {
    struct rf_network items[RF_NETWORKS_MAX];
    size_t n;
};

/** Commas between them, blanks as you like; an empty text is no network at all. RF_ERR_BAD network:
 * no address, a prefix that is too long, bits behind the prefix; RF_ERR_LIMIT network. */
RF_MUST_CHECK enum rf_err rf_networks_parse(const char *text, struct rf_networks *out,
                                            struct rf_why *why);
/** The nth address of a network as text, the first being that of the network itself (0); false when
 * it has no so many. */
RF_MUST_CHECK bool rf_network_nth(const struct rf_network *network, uint32_t n,
                                  char host[RF_ADDRESS_TEXT_MAX]);
bool rf_networks_have(const struct rf_networks *networks, const struct rf_address *a);

#endif
