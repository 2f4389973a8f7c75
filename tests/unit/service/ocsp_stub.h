/* SPDX-License-Identifier: Apache-2.0 */
/* A server that takes one request when the test says so, for who fetches on threads of its own:
 * the loop turns until one is there. */
#ifndef UNIT_SERVICE_OCSP_STUB_H
#define UNIT_SERVICE_OCSP_STUB_H

#include "unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ocsp.h>

#include "net/loop.h"

struct stub {
    int fd;
    unsigned port;
};

static inline void stub_open(struct stub *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(s->fd >= 0);
    assert_int_equal(bind(s->fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->fd, 128), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &n), 0);
    s->port = ntohs(at.sin_port);
}

static inline void stub_close(struct stub *s)
{
    close(s->fd);
}

/** The next connection, or -1 when there is none within `ms` of real time. */
static inline int stub_accept(struct stub *s, struct rf_loop *loop, unsigned ms)
{
    uint64_t end_ms = rf_now_ms(rf_clock_real()) + ms;
    int fd = -1;
    do {
        rf_loop_turn(loop, 0);
        struct pollfd it = {.fd = s->fd, .events = POLLIN};
        (void)poll(&it, 1, 2);
        fd = accept(s->fd, NULL, NULL);
    } while (fd < 0 && rf_now_ms(rf_clock_real()) < end_ms);
    return fd;
}

/** The number of the certificate that a question is about; the caller's. */
static inline ASN1_INTEGER *stub_read(int fd)
{
    char text[4096];
    size_t n = 0;
    const unsigned char *body = NULL;
    OCSP_REQUEST *request = NULL;
    while (request == NULL) {
        ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
        assert_true(got > 0);
        n += (size_t)got;
        text[n] = '\0';
        const char *head_end = strstr(text, "\r\n\r\n");
        if (head_end == NULL)
            continue;
        body = (const unsigned char *)head_end + 4;
        request = d2i_OCSP_REQUEST(NULL, &body, (long)(text + n - head_end - 4));
    }
    OCSP_CERTID *id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, 0));
    ASN1_INTEGER *number = NULL;
    assert_int_equal(OCSP_id_get0_info(NULL, NULL, NULL, &number, id), 1);
    number = ASN1_INTEGER_dup(number);
    OCSP_REQUEST_free(request);
    return number;
}

/** An answer, if not one that counts. */
static inline void stub_say_no(int fd)
{
    static const char no[] = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
    assert_int_equal(send(fd, no, sizeof no - 1, MSG_NOSIGNAL), sizeof no - 1);
    close(fd);
}

#endif
