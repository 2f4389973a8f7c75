/* SPDX-License-Identifier: Apache-2.0 */
#include "net/udp.h"

#include "net/loop_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Packets of one socket in one turn: others wait too. */
#define PACKETS_MAX 32

struct rf_udp {
    struct rf_loop *loop;
    struct rf_udp_conf conf;
    int fd;
    bool is_connected;
    bool has_no_segments;
    bool is_busy;   /* a callback of ours is running */
    bool is_closed; /* closed by it: freed when it returns */
    struct event *readable;
    struct rf_address local;
    struct rf_address peer; /* when connected */
    struct rf_address asked;
};

static void udp_free(struct rf_udp *udp)
{
    event_free(udp->readable);
    close(udp->fd);
    rf_free(udp);
}

static enum rf_err failed(int error, struct rf_why *why)
{
    if (error == EAGAIN || error == ENOBUFS || error == EINTR)
        return rf_why_set(why, RF_ERR_AGAIN, "no-room", "the kernel has no room for the packet");
    if (error == EMSGSIZE)
        return rf_why_set(why, RF_ERR_LIMIT, "packet-size", "the packet is too long to be sent");
    bool is_port = error == ECONNREFUSED;
    return rf_why_set(why, RF_ERR_IO, is_port ? "port-unreachable" : "io", "%s",
                      is_port ? "nobody listens on that port" : strerror(error));
}

static void report(struct rf_udp *udp, int error)
{
    struct rf_why why = {0};
    if (failed(error, &why) == RF_ERR_IO && udp->conf.on_error != NULL)
        udp->conf.on_error(udp, &why);
}

/* ---- our end of a packet ---- */

union control {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* On a socket of IPv6, that of a packet of IPv4 is a mapped one. */
static void read_asked(struct msghdr *msg, struct rf_address *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->sa;
    struct in_pktinfo info4;
    struct in6_pktinfo info6;
    *out = (struct rf_address){0};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            memcpy(&info4, CMSG_DATA(c), sizeof info4);
            *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = info4.ipi_spec_dst};
            out->len = sizeof *v4;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            memcpy(&info6, CMSG_DATA(c), sizeof info6);
            bool is_one = !IN6_IS_ADDR_MULTICAST(&info6.ipi6_addr);
            *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = info6.ipi6_addr};
            if (IN6_IS_ADDR_LINKLOCAL(&info6.ipi6_addr))
                v6->sin6_scope_id = info6.ipi6_ifindex;
            out->len = is_one ? sizeof *v6 : 0;
        }
    }
}

static void put(struct msghdr *msg, int level, int type, const void *data, size_t n)
{
    msg->msg_controllen = CMSG_SPACE(n);
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(n);
    memcpy(CMSG_DATA(c), data, n);
}

static void put_from(struct msghdr *msg, const struct rf_address *from)
{
    if (from->sa.ss_family == AF_INET) {
        struct in_pktinfo info = {.ipi_spec_dst =
                                      ((const struct sockaddr_in *)&from->sa)->sin_addr};
        put(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&from->sa;
        struct in6_pktinfo info = {.ipi6_addr = v6->sin6_addr, .ipi6_ifindex = v6->sin6_scope_id};
        put(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
}

static void want_asked(int fd, int family)
{
    int on = 1;
    bool is_ip4 = family == AF_INET;
    /* without it the kernel chooses where answers come from, as ever */
    (void)setsockopt(fd, is_ip4 ? IPPROTO_IP : IPPROTO_IPV6, is_ip4 ? IP_PKTINFO : IPV6_RECVPKTINFO,
                     &on, sizeof on);
}

/* ---- packets ---- */

static ssize_t read_packet(struct rf_udp *udp, struct rf_address *from)
{
    union control control;
    struct iovec data = {.iov_base = udp->loop->packet, .iov_len = RF_UDP_PACKET_MAX};
    struct msghdr msg = {.msg_name = &from->sa,
                         .msg_namelen = sizeof from->sa,
                         .msg_iov = &data,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = udp->conf.wants_asked ? sizeof control : 0};
    ssize_t n = recvmsg(udp->fd, &msg, MSG_TRUNC);
    from->len = msg.msg_namelen;
    if (n >= 0 && udp->conf.wants_asked)
        read_asked(&msg, &udp->asked);
    return n;
}

/** False when there is no more for now. */
static bool receive(struct rf_udp *udp)
{
    struct rf_address from = {0};
    ssize_t n = read_packet(udp, &from);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    /* What strangers sent before the socket was connected may still wait in it. */
    if (n >= 0 && udp->is_connected && !rf_address_same(&from, &udp->peer))
        return true;
    udp->is_busy = true;
    if (n < 0)
        report(udp, errno); /* taken off the socket by having been read */
    else if (n <= RF_UDP_PACKET_MAX)
        udp->conf.on_packet(udp, &from, rf_slice_of(udp->loop->packet, (size_t)n));
    udp->is_busy = false;
    return true;
}

static void udp_ready(evutil_socket_t fd, short what, void *arg)
{
    struct rf_udp *udp = arg;
    /* A peer waits for our answer before it says more: to look for it would be one call in vain. */
    int most = udp->is_connected ? 1 : PACKETS_MAX;
    for (int i = 0; i < most && !udp->is_closed; i++)
        if (!receive(udp))
            return;
    if (udp->is_closed)
        udp_free(udp);
}

static enum rf_err read_local(struct rf_udp *udp, struct rf_why *why)
{
    udp->local.len = sizeof udp->local.sa;
    if (getsockname(udp->fd, (struct sockaddr *)&udp->local.sa, &udp->local.len) == 0)
        return RF_OK;
    return rf_why_set(why, RF_ERR_IO, "io", "address of a UDP socket: %s", strerror(errno));
}

static enum rf_err bind_failed(const struct rf_udp_conf *conf, int fd, struct rf_why *why)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    enum rf_err err = error == EACCES ? RF_ERR_DENIED : RF_ERR_IO;
    const char *code = error == EACCES ? "port-denied" : error == EADDRINUSE ? "port-in-use" : "io";
    return rf_why_set(why, err, code, "UDP on %s port %u: %s", conf->address, conf->port,
                      strerror(error));
}

static enum rf_err local_of(const struct rf_udp_conf *conf, struct rf_address *out,
                            struct rf_why *why)
{
    if (conf->from == NULL)
        return rf_address_parse(conf->address, conf->port, out, why);
    *out = *conf->from;
    return RF_OK;
}

enum rf_err rf_udp_open(struct rf_loop *loop, const struct rf_udp_conf *conf, struct rf_udp **out,
                        struct rf_why *why)
{
    struct rf_address at;
    enum rf_err err = local_of(conf, &at, why);
    if (err != RF_OK)
        return err;
    int fd = socket(at.sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at.sa, at.len) != 0)
        return bind_failed(conf, fd, why);
    if (conf->waiting_bytes > 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &conf->waiting_bytes,
                         sizeof conf->waiting_bytes);
    if (conf->wants_asked)
        want_asked(fd, at.sa.ss_family);
    struct rf_udp *udp = rf_new(struct rf_udp);
    *udp = (struct rf_udp){.loop = loop, .conf = *conf, .fd = fd};
    if (loop->packet == NULL)
        loop->packet = rf_new_n(uint8_t, RF_UDP_PACKET_MAX);
    udp->readable = rf_loop_event(loop, fd, EV_READ | EV_PERSIST, udp_ready, udp);
    err = read_local(udp, why);
    if (err != RF_OK) {
        udp_free(udp);
        return err;
    }
    event_add(udp->readable, NULL);
    *out = udp;
    return RF_OK;
}

enum rf_err rf_udp_connect(struct rf_udp *udp, const struct rf_address *peer, struct rf_why *why)
{
    char host[RF_ADDRESS_TEXT_MAX];
    if (connect(udp->fd, (const struct sockaddr *)&peer->sa, peer->len) != 0)
        return rf_why_set(why, RF_ERR_IO, "io", "UDP to %s port %u: %s",
                          rf_address_host(peer, host, sizeof host), rf_address_port(peer),
                          strerror(errno));
    udp->is_connected = true;
    udp->peer = *peer;
    return read_local(udp, why);
}

enum rf_err rf_udp_send(struct rf_udp *udp, const struct rf_address *to, struct rf_slice packet,
                        struct rf_why *why)
{
    rf_bug_on((to == NULL) != udp->is_connected);
    const struct sockaddr *sa = to != NULL ? (const struct sockaddr *)&to->sa : NULL;
    for (int i = 0; i < 2; i++) {
        if (sendto(udp->fd, packet.p, packet.len, MSG_NOSIGNAL, sa, to != NULL ? to->len : 0) >= 0)
            return RF_OK;
        /* An ICMP message about an earlier packet is reported here and would cost this one its
         * chance: the peer may be there by now. */
        if (errno != ECONNREFUSED)
            break;
    }
    return failed(errno, why);
}

enum rf_err rf_udp_send_from(struct rf_udp *udp, const struct rf_address *from,
                             const struct rf_address *to, struct rf_slice packet,
                             struct rf_why *why)
{
    union control control = {0};
    struct rf_address peer = *to;
    struct iovec data = {.iov_base = (void *)(uintptr_t)packet.p, .iov_len = packet.len};
    struct msghdr msg = {.msg_name = &peer.sa,
                         .msg_namelen = peer.len,
                         .msg_iov = &data,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control};
    if (from->len == 0)
        return rf_udp_send(udp, to, packet, why);
    put_from(&msg, from);
    return sendmsg(udp->fd, &msg, MSG_NOSIGNAL) >= 0 ? RF_OK : failed(errno, why);
}

bool rf_udp_send_segments(struct rf_udp *udp, struct rf_slice packets, size_t each)
{
    union control control = {0};
    struct iovec data = {.iov_base = (void *)(uintptr_t)packets.p, .iov_len = packets.len};
    struct msghdr msg = {.msg_iov = &data,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control};
    uint16_t segment = (uint16_t)each;
    rf_bug_on(!udp->is_connected || each > UINT16_MAX);
    if (udp->has_no_segments)
        return false;
    put(&msg, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
    for (int i = 0; i < 2; i++) {
        if (sendmsg(udp->fd, &msg, MSG_NOSIGNAL) >= 0 || errno == EAGAIN || errno == ENOBUFS)
            return true;
        if (errno != ECONNREFUSED) /* about an earlier packet */
            break;
    }
    /* An old kernel, a tunnel, a path whose packets are shorter: one by one from now on. */
    udp->has_no_segments = true;
    return false;
}

const struct rf_address *rf_udp_asked(const struct rf_udp *udp)
{
    return &udp->asked;
}

uint16_t rf_udp_port(const struct rf_udp *udp)
{
    return rf_address_port(&udp->local);
}

void rf_udp_local(const struct rf_udp *udp, struct rf_address *out)
{
    *out = udp->local;
}

void *rf_udp_owner(const struct rf_udp *udp)
{
    return udp->conf.owner;
}

void rf_udp_set_owner(struct rf_udp *udp, void *owner)
{
    udp->conf.owner = owner;
}

void rf_udp_close(struct rf_udp *udp)
{
    if (udp == NULL)
        return;
    event_del(udp->readable);
    udp->is_closed = true;
    if (!udp->is_busy)
        udp_free(udp);
}
