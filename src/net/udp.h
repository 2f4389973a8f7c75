/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets on a loop, for TFTP. Connected sockets hear their peer only. An unreachable port is
 * reported and is not the end of the socket. */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "net/address.h"
#include "net/loop.h"

struct rf_udp;

/** Larger packets are dropped (a TFTP block is at most 65,464 bytes). */
#define RF_UDP_PACKET_MAX 65536

struct rf_udp_conf {
    /** A packet; borrowed for the call. May close the socket. */
    void (*on_packet)(struct rf_udp *udp, const struct rf_address *from, struct rf_slice packet);
    /** May be NULL. Code "port-unreachable" or "io". May close the socket. */
    void (*on_error)(struct rf_udp *udp, const struct rf_why *why);
    void *owner;
    const char *address;           /* numeric, to bind to */
    uint16_t port;                 /* 0: the kernel chooses */
    const struct rf_address *from; /* in place of both: this one, any port; borrowed for the call */
    bool wants_asked;              /* rf_udp_asked is to know */
    int waiting_bytes; /* room for packets that wait, as far as the kernel gives it; 0: as usual */
};

/** RF_ERR_BAD ("address-bad"), RF_ERR_DENIED ("port-denied"), RF_ERR_IO ("port-in-use", "io"). */
RF_MUST_CHECK enum rf_err rf_udp_open(struct rf_loop *loop, const struct rf_udp_conf *conf,
                                      struct rf_udp **out, struct rf_why *why);
/** Hear and send to this peer only, from now on. */
RF_MUST_CHECK enum rf_err rf_udp_connect(struct rf_udp *udp, const struct rf_address *peer,
                                         struct rf_why *why);
/** `to` is NULL for a connected socket. RF_ERR_AGAIN when the kernel has no room: as if lost.
 * RF_ERR_LIMIT ("packet-size"), RF_ERR_IO ("port-unreachable", "io"). */
RF_MUST_CHECK enum rf_err rf_udp_send(struct rf_udp *udp, const struct rf_address *to,
                                      struct rf_slice packet, struct rf_why *why);
/** Which of our addresses the packet came to that a callback has now; of a broadcast, that of the
 * network it came by. The port means nothing. len 0: that is not known. */
const struct rf_address *rf_udp_asked(const struct rf_udp *udp);
/** As rf_udp_send of a socket that is not connected, from that address of ours (len 0: the kernel
 * chooses). */
RF_MUST_CHECK enum rf_err rf_udp_send_from(struct rf_udp *udp, const struct rf_address *from,
                                           const struct rf_address *to, struct rf_slice packet,
                                           struct rf_why *why);
/** Packets of `each` bytes one behind the other, the last perhaps shorter, to the peer of a
 * connected socket in one call. False: the kernel or the way there cannot do that, nothing was
 * sent. What the kernel has no room for is as if lost. */
bool rf_udp_send_segments(struct rf_udp *udp, struct rf_slice packets, size_t each);
uint16_t rf_udp_port(const struct rf_udp *udp);
/** Our end; with a connected socket the address the peer sees. */
void rf_udp_local(const struct rf_udp *udp, struct rf_address *out);
void *rf_udp_owner(const struct rf_udp *udp);
void rf_udp_set_owner(struct rf_udp *udp, void *owner);
/** NULL is fine. */
void rf_udp_close(struct rf_udp *udp);

#endif
