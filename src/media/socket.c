/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "media/media_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum rf_err rf_media_address(const char *host, uint16_t port, struct sockaddr_storage *out,
                             socklen_t *len, struct rf_why *why)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (host != NULL && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *len = sizeof *v4;
        return RF_OK;
    }
    if (host != NULL && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *len = sizeof *v6;
        return RF_OK;
    }
    return rf_why_set(why, RF_ERR_BAD, "media-address", "not a numeric IP address: %.64s",
                      host != NULL ? host : "(none)");
}

static uint16_t port_of(const struct sockaddr_storage *a)
{
    return ntohs(a->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)a)->sin6_port
                                          : ((const struct sockaddr_in *)a)->sin_port);
}

/* Port 0: one that the kernel chooses. errno tells what went wrong. */
static int bind_to(struct sockaddr_storage *at, socklen_t len, uint16_t port)
{
    int fd = socket(at->ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* It stands at the same place in both families. */
    ((struct sockaddr_in *)at)->sin_port = htons(port);
    if (fd >= 0 && (bind(fd, (const struct sockaddr *)at, len) != 0 ||
                    getsockname(fd, (struct sockaddr *)at, &len) != 0)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

enum rf_err rf_media_bind(const char *local, int *out_fd, uint16_t *out_port, struct rf_why *why)
{
    struct sockaddr_storage at;
    socklen_t len;
    enum rf_err err = rf_media_address(local, 0, &at, &len, why);
    if (err != RF_OK)
        return err;
    int fd = bind_to(&at, len, 0);
    if (fd < 0)
        return rf_why_set(why, RF_ERR_IO, "media-socket", "no UDP port on %.64s: %s", local,
                          strerror(errno));
    *out_fd = fd;
    *out_port = port_of(&at);
    return RF_OK;
}

/* The port beside the kernel's may be in use. */
#define PAIR_TRIES 32

/* Ports come even as often as odd: the other of the pair is the next or the one before. */
static bool try_pair(struct sockaddr_storage *at, socklen_t len, int pair[2], uint16_t *port)
{
    int one = bind_to(at, len, 0);
    if (one < 0)
        return false;
    uint16_t got = port_of(at), other = got ^ 1;
    int two = bind_to(at, len, other);
    if (two < 0) {
        int error = errno;
        close(one);
        errno = error;
        return false;
    }
    pair[got & 1] = one;
    pair[other & 1] = two;
    *port = got < other ? got : other;
    return true;
}

enum rf_err rf_media_bind_pair(const char *local, int *out_rtp, int *out_rtcp, uint16_t *out_port,
                               struct rf_why *why)
{
    struct sockaddr_storage at;
    socklen_t len;
    int pair[2];
    enum rf_err err = rf_media_address(local, 0, &at, &len, why);
    if (err != RF_OK)
        return err;
    for (int i = 0; i < PAIR_TRIES; i++) {
        if (try_pair(&at, len, pair, out_port)) {
            *out_rtp = pair[0];
            *out_rtcp = pair[1];
            return RF_OK;
        }
        if (errno != EADDRINUSE)
            break;
    }
    return rf_why_set(why, RF_ERR_IO, "media-socket", "no pair of UDP ports on %.64s: %s", local,
                      strerror(errno));
}

void rf_media_set_tos(int fd, const struct sockaddr_storage *to, uint8_t tos)
{
    int value = tos;
    bool is_v6 = to->ss_family == AF_INET6;
    if (setsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_TCLASS : IP_TOS, &value,
                   sizeof value) != 0)
        rf_debug(RF_CAT_MEDIA, "TOS byte %d not set: %s", value, strerror(errno));
}
