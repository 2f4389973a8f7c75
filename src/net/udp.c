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

/** False when there is no more for now. */
static bool receive(struct rf_udp *udp)
{
    struct rf_address from = {.len = sizeof from.sa};
    uint8_t *packet = udp->loop->packet;
    ssize_t n = recvfrom(udp->fd, packet, RF_UDP_PACKET_MAX, MSG_TRUNC, (struct sockaddr *)&from.sa,
                         &from.len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    /* What strangers sent before the socket was connected may still wait in it. */
    if (n >= 0 && udp->is_connected && !rf_address_same(&from, &udp->peer))
        return true;
    udp->is_busy = true;
    if (n < 0)
        report(udp, errno); /* taken off the socket by having been read */
    else if (n <= RF_UDP_PACKET_MAX)
        udp->conf.on_packet(udp, &from, rf_slice_of(packet, (size_t)n));
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

enum rf_err rf_udp_open(struct rf_loop *loop, const struct rf_udp_conf *conf, struct rf_udp **out,
                        struct rf_why *why)
{
    struct rf_address at;
    enum rf_err err = rf_address_parse(conf->address, conf->port, &at, why);
    if (err != RF_OK)
        return err;
    int fd = socket(at.sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at.sa, at.len) != 0)
        return bind_failed(conf, fd, why);
    if (conf->waiting_bytes > 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &conf->waiting_bytes,
                         sizeof conf->waiting_bytes);
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

bool rf_udp_send_segments(struct rf_udp *udp, struct rf_slice packets, size_t each)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {0};
    struct iovec data = {.iov_base = (void *)(uintptr_t)packets.p, .iov_len = packets.len};
    struct msghdr msg = {.msg_iov = &data,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    uint16_t segment = (uint16_t)each;
    rf_bug_on(!udp->is_connected || each > UINT16_MAX);
    if (udp->has_no_segments)
        return false;
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof segment);
    memcpy(CMSG_DATA(c), &segment, sizeof segment);
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
