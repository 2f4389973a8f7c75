/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "media/media_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
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

/* --- who may send to us --- */

/* The source port, and the words of the source address. */
#define SOURCE_CHECKS 5
struct source_check {
    uint16_t load; /* BPF_H, BPF_W */
    uint32_t at, value;
};

/* Offsets from the UDP header; those of the IP header stand before it. spec: RFC 791 3.1, RFC 8200
 * 3
 */
static size_t source_checks(const struct sockaddr_storage *from, bool with_host, bool with_port,
                            struct source_check out[SOURCE_CHECKS])
{
    bool is_v6 = from->ss_family == AF_INET6;
    const void *ip = is_v6 ? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
                           : (const void *)&((const struct sockaddr_in *)from)->sin_addr;
    struct rf_rd rd = rf_rd_of(rf_slice_of(ip, is_v6 ? 16 : 4));
    uint32_t at = (uint32_t)SKF_NET_OFF + (is_v6 ? 8 : 12), word;
    size_t n = 0;
    if (with_port)
        out[n++] = (struct source_check){.load = BPF_H, .value = port_of(from)};
    for (; with_host && rf_rd_u32be(&rd, &word); at += 4)
        out[n++] = (struct source_check){.load = BPF_W, .at = at, .value = word};
    return n;
}

void rf_media_only_from(int fd, const struct sockaddr_storage *from, bool with_host, bool with_port)
{
    struct source_check checks[SOURCE_CHECKS];
    struct sock_filter code[2 * SOURCE_CHECKS + 2];
    size_t n = source_checks(from, with_host, with_port, checks), at = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t to_drop = (uint8_t)(2 * (n - i - 1) + 1);
        code[at++] = (struct sock_filter)BPF_STMT((uint16_t)(BPF_LD | BPF_ABS | checks[i].load),
                                                  checks[i].at);
        code[at++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, checks[i].value, 0, to_drop);
    }
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = (unsigned short)at, .filter = code};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        rf_debug(RF_CAT_MEDIA, "no filter on a media socket: %s", strerror(errno));
}

void rf_media_from_all(int fd)
{
    int unused = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
}

uint32_t rf_media_dropped(int fd)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof memory;
    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &len) == 0 ? memory[SK_MEMINFO_DROPS] : 0;
}
