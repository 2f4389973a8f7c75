/* SPDX-License-Identifier: Apache-2.0 */
#include "net/network.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define V4_BITS 96 /* of an IPv4 address mapped into IPv6, before its own */

static bool ip_of(const struct rf_address *a, uint8_t ip[16])
{
    uint8_t v4[4];
    memset(ip, 0, 16);
    if (rf_address_ipv4(a, v4)) {
        ip[10] = ip[11] = 0xff;
        memcpy(&ip[12], v4, sizeof v4);
        return true;
    }
    if (a->sa.ss_family != AF_INET6)
        return false;
    struct sockaddr_in6 in6;
    memcpy(&in6, &a->sa, sizeof in6);
    memcpy(ip, in6.sin6_addr.s6_addr, 16);
    return true;
}

/* The bits of this byte that belong to the prefix. */
static uint8_t mask_of(unsigned bits, size_t byte)
{
    unsigned before = (unsigned)byte * 8;
    unsigned mask = bits >= before + 8 ? 0xff : bits <= before ? 0 : 0xff00U >> (bits - before);
    return (uint8_t)mask;
}

static bool has_bits_behind(const struct rf_network *n)
{
    for (size_t i = 0; i < sizeof n->ip; i++)
        if ((n->ip[i] & (uint8_t)~mask_of(n->bits, i)) != 0)
            return true;
    return false;
}

static enum rf_err parse_one(struct rf_slice text, struct rf_network *out, struct rf_why *why)
{
    char host[RF_ADDRESS_TEXT_MAX];
    char shown[80];
    struct rf_address a;
    uint8_t v4[4];
    struct rf_slice rest = text;
    struct rf_slice head;
    uint64_t bits = 0;
    rf_escape(text, shown, sizeof shown);
    bool is_address = rf_next_piece(&rest, '/', &head) &&
                      rf_slice_to_str(head, host, sizeof host) &&
                      rf_address_parse(host, 0, &a, NULL) == RF_OK && ip_of(&a, out->ip);
    if (!is_address)
        return rf_why_set(why, RF_ERR_BAD, "network", "\"%s\" does not begin with an address",
                          shown);
    unsigned most = rf_address_ipv4(&a, v4) ? 32 : 128;
    if (rest.p == NULL)
        bits = most;
    else if (!rf_parse_u64(rest, 0, most, &bits))
        return rf_why_set(why, RF_ERR_BAD, "network", "\"%s\": wants a prefix of at most %u bits",
                          shown, most);
    out->bits = (unsigned)bits + (most == 32 ? V4_BITS : 0);
    if (has_bits_behind(out))
        return rf_why_set(why, RF_ERR_BAD, "network",
                          "\"%s\": the address has bits behind the prefix", shown);
    return RF_OK;
}

enum rf_err rf_networks_parse(const char *text, struct rf_networks *out, struct rf_why *why)
{
    struct rf_slice rest = rf_trim(rf_slice_str(text));
    struct rf_slice piece;
    *out = (struct rf_networks){.n = 0};
    if (rest.len == 0)
        return RF_OK;
    while (rf_next_piece(&rest, ',', &piece)) {
        if (out->n == RF_NETWORKS_MAX)
            return rf_why_set(why, RF_ERR_LIMIT, "network", "more than %d networks",
                              RF_NETWORKS_MAX);
        enum rf_err err = parse_one(rf_trim(piece), &out->items[out->n++], why);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static bool has(const struct rf_network *n, const uint8_t ip[16])
{
    for (size_t i = 0; i < sizeof n->ip; i++)
        if (((n->ip[i] ^ ip[i]) & mask_of(n->bits, i)) != 0)
            return false;
    return true;
}

bool rf_networks_have(const struct rf_networks *networks, const struct rf_address *a)
{
    uint8_t ip[16];
    if (!ip_of(a, ip))
        return false;
    for (size_t i = 0; i < networks->n; i++)
        if (has(&networks->items[i], ip))
            return true;
    return false;
}

bool rf_network_nth(const struct rf_network *network, uint32_t n, char host[RF_ADDRESS_TEXT_MAX])
{
    struct rf_networks all = {.items = {*network}, .n = 1};
    struct rf_address address;
    struct in6_addr ip;
    uint64_t rest = n;
    for (size_t i = sizeof network->ip; i-- > 0; rest >>= 8) {
        rest += network->ip[i];
        ip.s6_addr[i] = (uint8_t)rest;
    }
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&ip) != 0;
    return inet_ntop(is_v4 ? AF_INET : AF_INET6, &ip.s6_addr[is_v4 ? 12 : 0], host,
                     RF_ADDRESS_TEXT_MAX) != NULL &&
           rf_address_parse(host, 0, &address, NULL) == RF_OK && rf_networks_have(&all, &address);
}
