/* SPDX-License-Identifier: Apache-2.0 */
/* Many TFTP clients in one process, so that what is measured is the server: each fetches the same
 * file and compares every byte. They are as cheap as the kernel allows, because they share the
 * processors with the server: what waits is taken in one call, and packets that were sent as one
 * are taken as one (UDP_GRO) unless "apart" says otherwise.
 *
 * tftp_load PORT NAME FILE CLIENTS BLOCK WINDOW [apart]; prints seconds, CPU seconds of its own,
 * and how often a client had to ask again. */
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKETS    32
#define PACKET_MAX 65536
/* A window of packets that came one by one, several times. */
#define RECEIVED_MAX (1 << 20)

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
static double turn; /* when the present one began */
static unsigned repeats;
static int as_one = 1;

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

static struct mmsghdr msgs[PACKETS];
static struct sockaddr_in from[PACKETS];
static union {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
} control[PACKETS];

static void prepare(void)
{
    static struct iovec parts[PACKETS];
    for (int i = 0; i < PACKETS; i++) {
        parts[i] = (struct iovec){malloc(PACKET_MAX), PACKET_MAX};
        if (parts[i].iov_base == NULL)
            fail("memory");
        msgs[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
}

/* How long each of the packets is that came as one. */
static size_t each_of(struct mmsghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg_hdr); c != NULL; c = CMSG_NXTHDR(&m->msg_hdr, c))
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int size;
            memcpy(&size, CMSG_DATA(c), sizeof size);
            return (size_t)size;
        }
    return m->msg_len;
}

static void take_all(struct client *c, struct mmsghdr *m)
{
    const uint8_t *p = m->msg_hdr.msg_iov->iov_base;
    size_t left = m->msg_len, each = each_of(m);
    do {
        size_t n = left < each ? left : each;
        take(c, p, n);
        p += n;
        left -= n;
    } while (left > 0 && !c->is_done);
}

static void ready(struct client *c)
{
    /* One is all that a window of one can bring, and another look would cost a call. */
    unsigned most = c->window > 1 ? PACKETS : 1;
    for (unsigned i = 0; i < most; i++) {
        msgs[i].msg_hdr.msg_control = control[i].bytes;
        msgs[i].msg_hdr.msg_controllen = c->window > 1 ? sizeof control[i].bytes : 0;
        msgs[i].msg_hdr.msg_name = c->has_peer ? NULL : &from[i];
        msgs[i].msg_hdr.msg_namelen = c->has_peer ? 0 : sizeof from[i];
    }
    int n = recvmmsg(c->fd, msgs, most, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n && !c->is_done; i++) {
        if (!c->has_peer) {
            c->has_peer = true;
            if (connect(c->fd, (struct sockaddr *)&from[i], sizeof from[i]) != 0)
                fail("connect");
        }
        c->heard = turn;
        take_all(c, &msgs[i]);
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
    int bytes = RECEIVED_MAX;
    if (c->fd < 0 || setsockopt(c->fd, IPPROTO_UDP, UDP_GRO, &as_one, sizeof as_one) != 0 ||
        setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0 ||
        epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &e) != 0)
        fail("socket");
    say(c, request, (size_t)n);
}

/* Ask again where nothing was heard for a second. */
static void repeat(struct client *c)
{
    c->heard = turn;
    repeats++;
    if (c->has_peer && c->in_window > 0)
        ack(c, (uint16_t)(c->expected - 1));
    else
        say(c, c->last, c->last_len);
}

static void read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        fail("no file");
    file_len = (size_t)ftell(f);
    rewind(f);
    file = malloc(file_len);
    if (file == NULL || fread(file, 1, file_len, f) != file_len)
        fail("file");
    fclose(f);
}

/* How many of those that had something are done now. */
static unsigned serve(int poll)
{
    struct epoll_event events[256];
    unsigned done = 0;
    int k = epoll_wait(poll, events, 256, 200);
    turn = now();
    for (int i = 0; i < k; i++) {
        struct client *c = events[i].data.ptr;
        ready(c);
        if (!c->is_done)
            continue;
        if (c->at != file_len)
            fail("a shorter file than was put there");
        close(c->fd);
        done++;
    }
    return done;
}

static double cpu_seconds(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    if (argc != 7 && argc != 8)
        fail("PORT NAME FILE CLIENTS BLOCK WINDOW [apart]");
    as_one = argc == 7;
    read_file(argv[3]);
    prepare();
    server.sin_port = htons((uint16_t)number_of(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    unsigned n = number_of(argv[4]), done = 0;
    block = number_of(argv[5]);
    struct client *clients = calloc(n, sizeof *clients);
    int poll = epoll_create1(0);
    if (clients == NULL || poll < 0)
        fail("memory");
    double began = now(), looked = began;
    for (unsigned i = 0; i < n; i++)
        start(&clients[i], poll, argv[2], number_of(argv[6]));
    while (done < n) {
        done += serve(poll);
        if (turn - began > 300)
            fail("not done after five minutes");
        if (turn - looked < 0.2)
            continue;
        looked = turn;
        for (unsigned i = 0; i < n; i++)
            if (!clients[i].is_done && turn - clients[i].heard > 1)
                repeat(&clients[i]);
    }
    printf("%.4f %.4f %u\n", now() - began, cpu_seconds(), repeats);
    return 0;
}
