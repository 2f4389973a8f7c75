/* SPDX-License-Identifier: Apache-2.0 */
/* A proxy on the test's loop that can change a bit on the way. */
#ifndef UNIT_NET_PROXY_H
#define UNIT_NET_PROXY_H

#include "pair.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { TO_SERVER, TO_CLIENT };

struct proxy {
    struct rf_loop *loop;
    uint16_t to_port;
    uint16_t port;
    int listening;
    int fd[2]; /* where bytes for TO_SERVER, TO_CLIENT go */
    struct rf_watch *watch[3];
    size_t flip_at[2]; /* flip a bit of this byte of the next chunk; 0: not */
    bool holds;        /* pass nothing on */
};

static inline void proxy_pass(struct proxy *p, int way)
{
    uint8_t buf[32 * 1024];
    ssize_t n = recv(p->fd[1 - way], buf, sizeof buf, 0);
    if (n <= 0) {
        rf_watch_free(p->watch[way]);
        p->watch[way] = NULL;
        shutdown(p->fd[way], SHUT_WR);
        return;
    }
    if (p->flip_at[way] > 0 && p->flip_at[way] < (size_t)n) {
        buf[p->flip_at[way]] ^= 0x10;
        p->flip_at[way] = 0;
    }
    if (!p->holds)
        assert_int_equal(send(p->fd[way], buf, (size_t)n, MSG_NOSIGNAL), n);
}

static inline void proxy_from_client(void *arg, int fd)
{
    proxy_pass(arg, TO_SERVER);
}

static inline void proxy_from_server(void *arg, int fd)
{
    proxy_pass(arg, TO_CLIENT);
}

static inline struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A plain blocking socket to a port of ours. */
static inline int tcp_to(uint16_t port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static inline void proxy_accept(void *arg, int fd)
{
    struct proxy *p = arg;
    p->fd[TO_CLIENT] = accept(p->listening, NULL, NULL);
    p->fd[TO_SERVER] = tcp_to(p->to_port);
    assert_true(p->fd[TO_CLIENT] >= 0);
    p->watch[TO_SERVER] = rf_loop_watch_fd(p->loop, p->fd[TO_CLIENT], proxy_from_client, p);
    p->watch[TO_CLIENT] = rf_loop_watch_fd(p->loop, p->fd[TO_SERVER], proxy_from_server, p);
}

static inline void proxy_begin(struct proxy *p, struct rf_loop *loop, uint16_t to_port)
{
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof at;
    *p = (struct proxy){.loop = loop, .to_port = to_port, .fd = {-1, -1}};
    p->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listening, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(p->listening, 8), 0);
    assert_int_equal(getsockname(p->listening, (struct sockaddr *)&at, &len), 0);
    p->port = ntohs(at.sin_port);
    p->watch[2] = rf_loop_watch_fd(loop, p->listening, proxy_accept, p);
}

static inline void proxy_end(struct proxy *p)
{
    for (int i = 0; i < 3; i++)
        rf_watch_free(p->watch[i]);
    for (int i = 0; i < 2; i++)
        if (p->fd[i] >= 0)
            close(p->fd[i]);
    close(p->listening);
}

#endif
