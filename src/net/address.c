/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum rf_err rf_address_parse(const char *host, uint16_t port, struct rf_address *out,
                             struct rf_why *why)
{
    memset(out, 0, sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->sa;
    if (host != NULL && strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (host != NULL && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        out->len = sizeof *v4;
        return RF_OK;
    }
    if (host != NULL && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        out->len = sizeof *v6;
        return RF_OK;
    }
    memset(out, 0, sizeof *out);
    return rf_why_set(why, RF_ERR_BAD, "address-bad", "not a numeric IP address: %.64s",
                      host != NULL ? host : "(none)");
}

/** The bytes of the IP; an IPv4 address mapped into IPv6 gives its 4 bytes. */
static struct rf_slice host_bytes(const struct rf_address *a)
{
    if (a->sa.ss_family == AF_INET)
        return rf_slice_of(&((const struct sockaddr_in *)&a->sa)->sin_addr, 4);
    if (a->sa.ss_family != AF_INET6)
        return rf_slice_of(NULL, 0);
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&a->sa)->sin6_addr;
    struct rf_slice all = rf_slice_of(v6, sizeof *v6);
    return IN6_IS_ADDR_V4MAPPED(v6) ? rf_slice_part(all, 12, 4) : all;
}

const char *rf_address_host(const struct rf_address *a, char *buf, size_t cap)
{
    struct rf_slice b = host_bytes(a);
    if (b.len == 0 || inet_ntop(b.len == 4 ? AF_INET : AF_INET6, b.p, buf, (socklen_t)cap) == NULL)
        rf_slice_to_str(rf_slice_str("?"), buf, cap);
    return buf;
}

uint16_t rf_address_port(const struct rf_address *a)
{
    if (a->sa.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&a->sa)->sin_port);
    if (a->sa.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&a->sa)->sin6_port);
    return 0;
}

bool rf_address_same_host(const struct rf_address *a, const struct rf_address *b)
{
    struct rf_slice x = host_bytes(a);
    return x.len > 0 && rf_slice_eq(x, host_bytes(b));
}

bool rf_address_same(const struct rf_address *a, const struct rf_address *b)
{
    return rf_address_same_host(a, b) && rf_address_port(a) == rf_address_port(b);
}

bool rf_address_ipv4(const struct rf_address *a, uint8_t out[4])
{
    struct rf_slice b = host_bytes(a);
    memset(out, 0, 4);
    struct rf_rd rd = rf_rd_of(b);
    return b.len == 4 && rf_rd_copy(&rd, out, 4);
}

static void put_key(struct rf_slice host, size_t n, uint8_t out[RF_ADDRESS_SOURCE])
{
    struct rf_wr wr = rf_wr_of(out, RF_ADDRESS_SOURCE);
    memset(out, 0, RF_ADDRESS_SOURCE);
    if (host.len == 4) {
        rf_wr_zero(&wr, 10);
        rf_wr_u16be(&wr, 0xffff);
    }
    rf_wr_slice(&wr, host.len == 4 ? host : rf_slice_part(host, 0, n));
}

void rf_address_source(const struct rf_address *a, uint8_t out[RF_ADDRESS_SOURCE])
{
    put_key(host_bytes(a), 8, out);
}

void rf_address_whole(const struct rf_address *a, uint8_t out[RF_ADDRESS_SOURCE])
{
    put_key(host_bytes(a), RF_ADDRESS_SOURCE, out);
}

/* FNV-1a */
uint32_t rf_address_hash(uint32_t seed, const uint8_t key[RF_ADDRESS_SOURCE])
{
    uint32_t h = 2166136261u ^ seed;
    for (int i = 0; i < RF_ADDRESS_SOURCE; i++)
        h = (h ^ key[i]) * 16777619u;
    return h ^ h >> 15;
}
