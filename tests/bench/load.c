/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256

void load_fail(const char *what)
{
    unsigned long code = ERR_peek_last_error();
    fprintf(stderr, "load: %s%s%s\n", what, code != 0 ? ": " : "",
            code != 0 ? ERR_reason_error_string(code) : "");
    exit(1);
}

double load_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

unsigned load_number(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || n > UINT32_MAX)
        load_fail("a number was expected");
    return (unsigned)n;
}

/* Fields 14 and 15 of stat: the third is the first behind the name in brackets. */
static double cpu_of(unsigned long pid)
{
    char path[64];
    char text[1024];
    unsigned long ticks = 0;
    snprintf(path, sizeof path, "/proc/%lu/stat", pid);
    FILE *file = fopen(path, "r");
    size_t n = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    text[n] = '\0';
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 15; field++) {
        at = strchr(at + 1, ' ');
        if (at != NULL && field >= 13)
            ticks += strtoul(at, NULL, 10);
    }
    if (at == NULL)
        load_fail("a server has gone");
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

double load_cpu_s(const char *pids)
{
    double all = 0;
    char *end = (char *)(uintptr_t)pids;
    do
        all += cpu_of(strtoul(end, &end, 10));
    while (*end++ == ',');
    return all;
}

/* ---- sessions ---- */

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct load_conn *c = SSL_get_app_data(ssl);
    SSL_SESSION_free(c->session);
    c->session = session;
    c->has_ticket = true;
    return 1;
}

struct load *load_new(const struct load_conf *conf)
{
    struct rlimit files;
    struct load *l = calloc(1, sizeof *l);
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (l == NULL || (l->conn = calloc(conf->conns, sizeof *l->conn)) == NULL)
        load_fail("no memory");
    l->conf = *conf;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->ctx = SSL_CTX_new(TLS_client_method());
    if (l->epoll < 0 || l->ctx == NULL ||
        SSL_CTX_set_min_proto_version(l->ctx, conf->version) != 1 ||
        SSL_CTX_set_max_proto_version(l->ctx, conf->version) != 1)
        load_fail("TLS could not be set up");
    SSL_CTX_set_mode(l->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_session_cache_mode(l->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(l->ctx, on_session);
    for (unsigned i = 0; i < conf->conns; i++)
        l->conn[i] = (struct load_conn){.load = l, .slot = i, .fd = -1};
    return l;
}

static void drop(struct load_conn *c)
{
    if (c->fd < 0)
        return;
    /* So that OpenSSL does not take the session for a bad one. */
    SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(c->ssl);
    close(c->fd);
    free(c->in);
    c->in = NULL;
    c->in_len = 0;
    c->ssl = NULL;
    c->fd = -1;
    c->is_open = c->has_ticket = c->was_resumed = false;
    c->load->busy--;
}

void load_free(struct load *l)
{
    for (unsigned i = 0; i < l->conf.conns; i++) {
        drop(&l->conn[i]);
        SSL_SESSION_free(l->conn[i].session);
        X509_free(l->conn[i].cert);
    }
    SSL_CTX_free(l->ctx);
    close(l->epoll);
    free(l->conn);
    free(l);
}

/* ---- one connection ---- */

static void watch(struct load_conn *c, uint32_t what, int how)
{
    struct epoll_event e = {.events = what, .data.ptr = c};
    if (epoll_ctl(c->load->epoll, how, c->fd, &e) != 0)
        load_fail("epoll_ctl");
}

static int socket_from(unsigned source)
{
    int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(0x7f000002u + source);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
        load_fail("no socket");
    return fd;
}

void load_connect(struct load_conn *c)
{
    struct load *l = c->load;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(l->conf.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket_from(c->slot % l->conf.sources);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        load_fail("no connection");
    c->ssl = SSL_new(l->ctx);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
        load_fail("no TLS connection");
    if (c->cert != NULL &&
        (SSL_use_certificate(c->ssl, c->cert) != 1 || SSL_use_PrivateKey(c->ssl, l->conf.key) != 1))
        load_fail("no certificate for a connection");
    SSL_set_app_data(c->ssl, c);
    SSL_set_connect_state(c->ssl);
    if (l->conf.resumes && c->session != NULL)
        SSL_set_session(c->ssl, c->session);
    l->busy++;
    watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

void load_send(struct load_conn *c, const void *p, size_t n)
{
    if (SSL_write(c->ssl, p, (int)n) != (int)n) /* far less than the kernel takes */
        load_fail("the server does not read");
}

void load_close(struct load_conn *c)
{
    if (c->is_open)
        SSL_shutdown(c->ssl);
    ERR_clear_error();
    drop(c);
}

static void opened(struct load_conn *c)
{
    c->is_open = true;
    c->was_resumed = SSL_session_reused(c->ssl) == 1;
    c->load->conf.on_open(c);
}

static void keep(struct load_conn *c, const uint8_t *p, size_t n)
{
    if (n == 0) {
        free(c->in);
        c->in = NULL;
    } else if (c->in == NULL && (c->in = malloc(LOAD_IN_MAX)) == NULL) {
        load_fail("no memory");
    } else {
        memmove(c->in, p, n);
    }
    c->in_len = n;
}

static void take(struct load_conn *c, const uint8_t *p, size_t n)
{
    const struct load_conf *conf = &c->load->conf;
    if (conf->on_data == NULL || !c->is_open)
        load_fail("the server said something");
    if (c->in_len + n > LOAD_IN_MAX)
        load_fail("the server says too much");
    if (c->in_len > 0) {
        memcpy(c->in + c->in_len, p, n);
        p = c->in;
        n += c->in_len;
    }
    size_t used = conf->on_data(c, p, n);
    if (c->is_open)
        keep(c, p + used, n - used);
}

static void ended(struct load_conn *c)
{
    if (c->load->conf.on_end == NULL)
        load_fail("the server closed a connection");
    c->load->conf.on_end(c);
}

/* Whatever is called may close the connection, and connect anew. */
static void receive(struct load_conn *c)
{
    uint8_t buf[LOAD_IN_MAX];
    for (;;) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, buf, sizeof buf);
        bool is_dry = n <= 0 && SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ;
        if (!c->is_open && c->has_ticket) {
            opened(c);
            if (!c->is_open)
                return;
        }
        if (is_dry)
            return;
        if (n <= 0) {
            ended(c);
            return;
        }
        take(c, buf, (size_t)n);
        if (!c->is_open)
            return;
    }
}

static void go_on(struct load_conn *c)
{
    bool awaits = c->load->conf.awaits_ticket && c->load->conf.version == TLS1_3_VERSION;
    if (!SSL_is_init_finished(c->ssl)) {
        ERR_clear_error();
        int r = SSL_do_handshake(c->ssl);
        int what = r == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, r);
        if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_NONE)
            watch(c, EPOLLIN, EPOLL_CTL_MOD);
        else if (what != SSL_ERROR_WANT_WRITE)
            load_fail("a handshake was refused");
        if (r != 1)
            return;
        if (!awaits)
            opened(c);
        if (!awaits && !c->is_open)
            return;
    }
    receive(c);
}

void load_turn(struct load *l, int wait_ms)
{
    struct epoll_event ready[EVENTS];
    int n = epoll_wait(l->epoll, ready, EVENTS, wait_ms);
    for (int i = 0; i < n; i++) {
        struct load_conn *c = ready[i].data.ptr;
        if (c->fd >= 0)
            go_on(c);
    }
}
