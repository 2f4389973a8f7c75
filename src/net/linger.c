/* SPDX-License-Identifier: Apache-2.0 */
#include "net/loop_int.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Beyond these, sockets are closed at once: a peer that sends on and on has had its answer. */
#define LINGERS_MAX      1024
#define LINGER_BYTES_MAX ((size_t)256 * 1024)

struct rf_linger {
    struct rf_linger *next;
    struct rf_linger **at; /* what points here */
    struct rf_loop *loop;
    int fd;
    size_t bytes;
    struct event *readable;
    struct event *deadline;
};

static void linger_free(struct rf_linger *l)
{
    *l->at = l->next;
    if (l->next != NULL)
        l->next->at = l->at;
    l->loop->lingers_n--;
    event_free(l->readable);
    event_free(l->deadline);
    close(l->fd);
    rf_free(l);
}

static void linger_over(evutil_socket_t fd, short what, void *arg)
{
    linger_free(arg);
}

static void linger_readable(evutil_socket_t fd, short what, void *arg)
{
    struct rf_linger *l = arg;
    ssize_t n = recv(l->fd, l->loop->scratch, RF_LOOP_SCRATCH, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    l->bytes += n > 0 ? (size_t)n : 0;
    if (n <= 0 || l->bytes > LINGER_BYTES_MAX)
        linger_free(l);
}

void rf_linger(struct rf_loop *loop, int take_fd)
{
    if (loop->lingers_n >= LINGERS_MAX || shutdown(take_fd, SHUT_WR) != 0) {
        close(take_fd);
        return;
    }
    struct rf_linger *l = rf_new(struct rf_linger);
    *l = (struct rf_linger){
        .next = loop->lingers, .at = &loop->lingers, .loop = loop, .fd = take_fd};
    if (l->next != NULL)
        l->next->at = &l->next;
    loop->lingers = l;
    loop->lingers_n++;
    l->readable = rf_loop_event(loop, take_fd, EV_READ | EV_PERSIST, linger_readable, l);
    l->deadline = rf_loop_event(loop, -1, EV_TIMEOUT, linger_over, l);
    event_add(l->readable, NULL);
    struct timeval tv = {.tv_sec = RF_LINK_CLOSE_MS / 1000};
    event_add(l->deadline, &tv);
}

void rf_lingers_drop(struct rf_loop *loop)
{
    while (loop->lingers != NULL)
        linger_free(loop->lingers);
}
