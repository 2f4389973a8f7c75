/* SPDX-License-Identifier: Apache-2.0 */
#include "service/provision/tftp_index.h"

#include <netinet/in.h>
#include <string.h>

#include "base/mem.h"

struct tftp_host {
    struct tftp_host *next;
    uint8_t ip[16]; /* IPv4 mapped */
    uint32_t n;
};

struct tftp_index {
    uint64_t seed;
    uint32_t mask;
    struct tftp_place **places; /* by address and port */
    struct tftp_host **hosts;   /* by address */
};

struct tftp_index *tftp_index_new(uint32_t n, uint64_t seed)
{
    struct tftp_index *index = rf_new(struct tftp_index);
    uint32_t size = 64;
    while (size < n && size < 65536)
        size *= 2;
    index->seed = seed;
    index->mask = size - 1;
    index->places = rf_new_n(struct tftp_place *, size);
    index->hosts = rf_new_n(struct tftp_host *, size);
    return index;
}

void tftp_index_free(struct tftp_index *index)
{
    if (index == NULL)
        return;
    rf_free(index->places);
    rf_free(index->hosts);
    rf_free(index);
}

static void ip_of(const struct rf_address *a, uint8_t ip[16])
{
    uint8_t v4[4];
    memset(ip, 0, 16);
    if (rf_address_ipv4(a, v4)) {
        memset(ip + 10, 0xff, 2);
        memcpy(ip + 12, v4, sizeof v4);
    } else if (a->sa.ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, &a->sa, sizeof in6);
        memcpy(ip, in6.sin6_addr.s6_addr, 16);
    }
}

static uint32_t slot_of(const struct tftp_index *index, const uint8_t ip[16], uint16_t port)
{
    uint64_t h = index->seed ^ port;
    for (size_t i = 0; i < 16; i++) {
        h = (h ^ ip[i]) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 29;
    }
    return (uint32_t)(h >> 8) & index->mask;
}

static struct tftp_host *host_find(const struct tftp_index *index, const uint8_t ip[16])
{
    struct tftp_host *host = index->hosts[slot_of(index, ip, 0)];
    while (host != NULL && memcmp(host->ip, ip, sizeof host->ip) != 0)
        host = host->next;
    return host;
}

void tftp_index_add(struct tftp_index *index, struct tftp_place *place,
                    const struct rf_address *peer)
{
    uint8_t ip[16];
    ip_of(peer, ip);
    struct tftp_host *host = host_find(index, ip);
    if (host == NULL) {
        struct tftp_host **first = &index->hosts[slot_of(index, ip, 0)];
        host = rf_new(struct tftp_host);
        memcpy(host->ip, ip, sizeof host->ip);
        host->next = *first;
        *first = host;
    }
    host->n++;
    struct tftp_place **first = &index->places[slot_of(index, ip, rf_address_port(peer))];
    *place = (struct tftp_place){.next = *first, .host = host, .peer = *peer};
    *first = place;
}

static void host_drop(struct tftp_index *index, struct tftp_host *host)
{
    struct tftp_host **at = &index->hosts[slot_of(index, host->ip, 0)];
    while (*at != host)
        at = &(*at)->next;
    *at = host->next;
    rf_free(host);
}

void tftp_index_remove(struct tftp_index *index, struct tftp_place *place)
{
    if (place->host == NULL)
        return;
    struct tftp_place **at =
        &index->places[slot_of(index, place->host->ip, rf_address_port(&place->peer))];
    while (*at != place)
        at = &(*at)->next;
    *at = place->next;
    if (--place->host->n == 0)
        host_drop(index, place->host);
    place->host = NULL;
}

struct tftp_place *tftp_index_find(const struct tftp_index *index, const struct rf_address *peer,
                                   const struct tftp_place *after)
{
    uint8_t ip[16];
    ip_of(peer, ip);
    struct tftp_place *place =
        after != NULL ? after->next : index->places[slot_of(index, ip, rf_address_port(peer))];
    while (place != NULL && !rf_address_same(&place->peer, peer))
        place = place->next;
    return place;
}

uint32_t tftp_index_count(const struct tftp_index *index, const struct rf_address *peer)
{
    uint8_t ip[16];
    ip_of(peer, ip);
    const struct tftp_host *host = host_find(index, ip);
    return host != NULL ? host->n : 0;
}
