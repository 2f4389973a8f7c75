/* SPDX-License-Identifier: Apache-2.0 */
/* A pretend network for the talking half of the phone: the table of service/phone/phone_link.h with
 * servers that are a few lines in a test, and a clock and timers turned by hand. As a real link
 * does, it calls back only from outside: everything that the phone caused waits for net_settle().
 *
 *     struct net_link *l = net_last(&net);      the phone has connected
 *     net_accept(l, server_cert, "TLS_AES_256_GCM_SHA384");
 *     net_give(l, bytes);                       the server speaks
 *     net_taken(l)                              what the phone has written */
#ifndef SUPPORT_PHONE_NET_H
#define SUPPORT_PHONE_NET_H

#include "base/mem.h"
#include "service/phone/phone_link.h"

#define NET_LINKS 64

struct net;

struct net_link {
    struct net *net;
    char name[16];
    char host[RF_ADDRESS_TEXT_MAX];
    uint16_t port;
    bool has_tls;
    bool wants_no_encryption;
    struct rf_cert *own; /* what the phone would show, or NULL */
    size_t own_chain_n;
    const struct rf_phone_link_calls *calls;
    void *arg;
    bool is_open;
    bool is_closing; /* by the phone */
    bool is_gone;
    struct rf_why close_why;
    struct rf_buf in;  /* given, not used up yet */
    struct rf_buf out; /* written, not dropped by the test yet */
    uint64_t writes;
};

struct net {
    struct net_link *links[NET_LINKS];
    size_t n;
    const char *refuse_open; /* code: open() itself fails */
    bool is_full;            /* write() says RF_ERR_LIMIT */
    const char *local;       /* our address on every link; NULL: "10.1.2.3" */
};

const struct rf_phone_link_ops *net_ops(void);
void net_fini(struct net *net);
/** The newest link; fails when there is none. */
struct net_link *net_last(struct net *net);

/** Connected. TLS: the phone judges `cert`; refused, the link ends with the phone's code. `suite`
 * NULL with TLS is one that hides nothing. */
void net_accept(struct net_link *link, const struct rf_cert *cert, const char *suite);
/** Bytes from the server; whatever the phone leaves is given again, in front of the next ones. */
void net_give(struct net_link *link, struct rf_slice bytes);
/** The other side ends it: on_close with this code. */
void net_break(struct net_link *link, const char *code);
struct rf_slice net_taken(const struct net_link *link);
void net_drop(struct net_link *link, size_t n);
/** Deliver on_close of links the phone has closed. True when there was one. */
bool net_settle(struct net *net);

#endif
