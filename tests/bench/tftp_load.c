/* SPDX-License-Identifier: Apache-2.0 */
/* Many TFTP clients in one process, so that what is measured is the server: each fetches the same
 * file and compares it. tftp_load PORT NAME FILE CLIENTS BLOCK WINDOW; prints seconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
    int fd;
    bool has_peer;
    bool is_done;
    unsigned window, in_window;
    uint16_t expected;
    size_t at;
    double heard;
    uint8_t last[600];
    size_t last_len;
};

static uint8_t *file;
static size_t file_len;
static size_t block;
static struct sockaddr_in server = {.sin_family = AF_INET};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "tftp_load: %s\n", what);
    exit(1);
}

static unsigned number_of(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

static void say(struct client *c, const void *p, size_t n)
{
    if (p != c->last)
        memcpy(c->last, p, n);
    c->last_len = n;
    if (c->has_peer)
        (void)!send(c->fd, c->last, n, 0);
    else
        (void)!sendto(c->fd, c->last, n, 0, (struct sockaddr *)&server, sizeof server);
}

static void ack(struct client *c, uint16_t number)
{
    uint8_t p[4] = {0, 4, (uint8_t)(number >> 8), (uint8_t)number};
    c->in_window = 0;
    say(c, p, sizeof p);
}

static void take(struct client *c, const uint8_t *p, size_t n)
{
    if (n >= 2 && p[1] == 6) { /* OACK: was the window agreed to? */
        c->window = memmem(p, n, "windowsize", 10) != NULL ? c->window : 1;
        ack(c, 0);
        return;
    }
    if (n < 4 || p[1] != 3)
        fail("an error in place of data");
    uint16_t number = (uint16_t)(p[2] << 8 | p[3]);
    if (number != c->expected)
        return;
    if (c->at + n - 4 > file_len || memcmp(file + c->at, p + 4, n - 4) != 0)
        fail("another file than was put there");
    c->at += n - 4;
    c->expected++;
    c->is_done = n - 4 < block;
    if (++c->in_window >= c->window || c->is_done)
        ack(c, number);
}

static void ready(struct client *c)
{
    static uint8_t packets[32][1500];
    struct mmsghdr msgs[32];
    struct iovec parts[32];
    struct sockaddr_in from[32];
    memset(msgs, 0, sizeof msgs);
    for (int i = 0; i < 32; i++) {
        parts[i] = (struct iovec){packets[i], sizeof packets[i]};
        msgs[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                          .msg_namelen = sizeof from[i],
                                          .msg_iov = &parts[i],
                                          .msg_iovlen = 1};
    }
    int n = recvmmsg(c->fd, msgs, (unsigned)(c->window > 1 ? 32 : 1), MSG_DONTWAIT, NULL);
    for (int i = 0; i < n && !c->is_done; i++) {
        if (!c->has_peer) {
            c->has_peer = true;
            if (connect(c->fd, (struct sockaddr *)&from[i], sizeof from[i]) != 0)
                fail("connect");
        }
        c->heard = now();
        take(c, packets[i], msgs[i].msg_len);
    }
}

static void start(struct client *c, int poll, const char *name, unsigned window)
{
    char request[512];
    int n = snprintf(request, sizeof request, "%c%c%s%coctet%cblksize%c%zu%c", 0, 1, name, 0, 0, 0,
                     block, 0);
    if (window > 1)
        n += snprintf(request + n, sizeof request - (size_t)n, "windowsize%c%u%c", 0, window, 0);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    c->expected = 1;
    c->window = window;
    c->heard = now();
    if (c->fd < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &e) != 0)
        fail("socket");
    say(c, request, (size_t)n);
}

int main(int argc, char **argv)
{
    if (argc != 7)
        fail("PORT NAME FILE CLIENTS BLOCK WINDOW");
    FILE *f = fopen(argv[3], "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        fail("no file");
    file_len = (size_t)ftell(f);
    rewind(f);
    file = malloc(file_len);
    if (file == NULL || fread(file, 1, file_len, f) != file_len)
        fail("file");
    server.sin_port = htons((uint16_t)number_of(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    unsigned n = number_of(argv[4]), done = 0;
    block = number_of(argv[5]);
    struct client *clients = calloc(n, sizeof *clients);
    int poll = epoll_create1(0);
    double began = now(), looked = began;
    for (unsigned i = 0; i < n; i++)
        start(&clients[i], poll, argv[2], number_of(argv[6]));
    while (done < n) {
        struct epoll_event events[256];
        int k = epoll_wait(poll, events, 256, 200);
        for (int i = 0; i < k; i++) {
            struct client *c = events[i].data.ptr;
            ready(c);
            if (c->is_done) {
                if (c->at != file_len)
                    fail("a shorter file than was put there");
                close(c->fd);
                c->fd = -1;
                done++;
            }
        }
        double t = now();
        for (unsigned i = 0; t - looked > 0.2 && i < n; i++)
            if (!clients[i].is_done && t - clients[i].heard > 1) {
                clients[i].heard = t;
                if (clients[i].has_peer && clients[i].in_window > 0)
                    ack(&clients[i], (uint16_t)(clients[i].expected - 1));
                else
                    say(&clients[i], clients[i].last, clients[i].last_len);
            }
        if (t - looked > 0.2)
            looked = t;
        if (t - began > 300)
            fail("not done after five minutes");
    }
    printf("%.4f\n", now() - began);
    return 0;
}
