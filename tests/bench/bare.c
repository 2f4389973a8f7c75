/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a server can be which does what ringfenced does in a handshake: OpenSSL with the
 * settings of docs/tls.md, a certificate asked of every client and verified against one issuer, the
 * session cache, one thread with epoll. It reads what comes and throws it away.
 *
 *     bench_bare CERT KEY ISSUER-CERT SESSIONS
 *
 * Prints its port, and runs until it is killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256

struct conn {
    int fd;
    SSL *ssl;
    bool writes; /* waits for room */
};

static int loop;

static void give_up(const char *what)
{
    fprintf(stderr, "bare: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static SSL_CTX *profile(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        give_up("no TLS");
    SSL_CTX_set_security_level(ctx, 2);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx,
                                "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256") != 1 ||
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") != 1)
        give_up("profile");
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    return ctx;
}

static SSL_CTX *settings(char **argv)
{
    SSL_CTX *ctx = profile();
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    if (SSL_CTX_use_certificate_chain_file(ctx, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, argv[2], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1 || X509_STORE_load_file(store, argv[3]) != 1 ||
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
        give_up("certificates");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(ctx, strtol(argv[4], NULL, 10));
    SSL_CTX_set_timeout(ctx, 8 * 3600);
    if (SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"bare", 4) != 1 ||
        SSL_CTX_set_num_tickets(ctx, 1) != 1)
        give_up("sessions");
    return ctx;
}

static int listening(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        give_up("listening");
    printf("%u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void watch(struct conn *c, int how)
{
    struct epoll_event e = {.events = c->writes ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    if (epoll_ctl(loop, how, c->fd, &e) != 0)
        give_up("epoll_ctl");
}

static void end(struct conn *c, bool is_good)
{
    if (is_good) /* or the session goes with the connection */
        SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(c->ssl);
    ERR_clear_error();
    close(c->fd);
    free(c);
}

static void ready(struct conn *c)
{
    char buf[16384];
    for (;;) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, buf, sizeof buf); /* the handshake too */
        if (n > 0)
            continue;
        int what = SSL_get_error(c->ssl, n);
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
        struct conn *c = calloc(1, sizeof *c);
        if (c == NULL || (c->ssl = SSL_new(ctx)) == NULL || SSL_set_fd(c->ssl, got) != 1)
            give_up("a connection");
        c->fd = got;
        SSL_set_accept_state(c->ssl);
        watch(c, EPOLL_CTL_ADD);
    }
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    struct rlimit files;
    if (argc != 5) {
        fprintf(stderr, "usage: bench_bare CERT KEY ISSUER-CERT SESSIONS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    SSL_CTX *ctx = settings(argv);
    int fd = listening();
    loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e) != 0)
        give_up("epoll");
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
