/* SPDX-License-Identifier: Apache-2.0 */
#include "bare_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256

static int loop;
static const struct bare_calls *calls;

void bare_fail(const char *what)
{
    fprintf(stderr, "bare: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

SSL_CTX *bare_context(const char *cert_path, const char *key_path)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        bare_fail("no TLS");
    SSL_CTX_set_security_level(ctx, 2);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx,
                                "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256") != 1 ||
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") != 1)
        bare_fail("profile");
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ctx, 1);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_path) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        bare_fail("certificate and key");
    return ctx;
}

static int listening(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        bare_fail("listening");
    printf("%u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void watch(struct bare_conn *c, int how)
{
    struct epoll_event e = {.events = c->writes ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    if (epoll_ctl(loop, how, c->fd, &e) != 0)
        bare_fail("epoll_ctl");
}

static void end(struct bare_conn *c, bool is_good)
{
    if (is_good) /* or the session goes with the connection */
        SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(c->ssl);
    ERR_clear_error();
    close(c->fd);
    free(c->data);
    free(c);
}

void bare_say(struct bare_conn *c, const void *p, size_t n)
{
    size_t put = 0;
    if (SSL_write_ex(c->ssl, p, n, &put) != 1 || put != n)
        bare_fail("the other side does not read");
}

static void opened(struct bare_conn *c)
{
    if (c->is_open || SSL_is_init_finished(c->ssl) != 1)
        return;
    c->is_open = true;
    if (calls->on_open != NULL)
        calls->on_open(c);
}

static void ready(struct bare_conn *c)
{
    uint8_t buf[16384];
    for (;;) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, buf, sizeof buf); /* the handshake too */
        int what = SSL_get_error(c->ssl, n);
        opened(c);
        if (n > 0) {
            if (calls->on_data != NULL)
                calls->on_data(c, buf, (size_t)n);
            continue;
        }
        if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) {
            end(c, what == SSL_ERROR_ZERO_RETURN);
            return;
        }
        if (c->writes != (what == SSL_ERROR_WANT_WRITE)) {
            c->writes = !c->writes;
            watch(c, EPOLL_CTL_MOD);
        }
        return;
    }
}

static void accept_all(SSL_CTX *ctx, int fd)
{
    int on = 1;
    for (;;) {
        int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (got < 0)
            return;
        setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct bare_conn *c = calloc(1, sizeof *c);
        if (c == NULL || (c->ssl = SSL_new(ctx)) == NULL || SSL_set_fd(c->ssl, got) != 1)
            bare_fail("a connection");
        c->fd = got;
        SSL_set_accept_state(c->ssl);
        watch(c, EPOLL_CTL_ADD);
    }
}

static void prepare(void)
{
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

void bare_serve(SSL_CTX *ctx, const struct bare_calls *how)
{
    struct epoll_event events[EVENTS];
    prepare();
    calls = how;
    int fd = listening();
    loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e) != 0)
        bare_fail("epoll");
    for (;;) {
        int n = epoll_wait(loop, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == NULL)
                accept_all(ctx, fd);
            else
                ready(events[i].data.ptr);
        }
    }
}
