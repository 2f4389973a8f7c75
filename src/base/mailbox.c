/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mailbox.h"

#include "base/log.h"
#include "base/metrics.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct rf_mailbox {
    const char *name;
    pthread_mutex_t lock;
    struct rf_msg *first;
    struct rf_msg **last;
    size_t n;
    size_t limit;
    bool is_signalled; /* the descriptor is written, and the reader has not come since */
    int fd;
};

struct rf_mailbox *rf_mailbox_new(const char *name, size_t limit)
{
    struct rf_mailbox *m = rf_new(struct rf_mailbox);
    m->name = name;
    m->limit = limit;
    m->last = &m->first;
    pthread_mutex_init(&m->lock, NULL);
    m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rf_bug_on(m->fd < 0);
    return m;
}

void rf_mailbox_free(struct rf_mailbox *m)
{
    if (m == NULL)
        return;
    rf_mailbox_run(m, NULL);
    pthread_mutex_destroy(&m->lock);
    close(m->fd);
    rf_free(m);
}

static void signal_reader(struct rf_mailbox *m)
{
    uint64_t one = 1;
    ssize_t w = write(m->fd, &one, sizeof one);
    rf_bug_on(w < 0 && errno != EAGAIN);
}

static bool post(struct rf_mailbox *m, struct rf_msg *msg, bool is_bounded, bool is_urgent)
{
    msg->next = NULL;
    pthread_mutex_lock(&m->lock);
    bool is_full = is_bounded && m->n >= m->limit;
    /* The descriptor is written only once for all that waits: one system call wakes for many. */
    bool must_signal = !is_full && is_urgent && !m->is_signalled;
    m->is_signalled |= must_signal;
    if (!is_full) {
        *m->last = msg;
        m->last = &msg->next;
        m->n++;
    }
    if (must_signal) /* with the lock: once it has the message the reader may free the mailbox */
        signal_reader(m);
    pthread_mutex_unlock(&m->lock);
    if (is_full)
        rf_count(MAILBOX_FULL);
    return !is_full;
}

enum rf_err rf_mailbox_post(struct rf_mailbox *m, struct rf_msg *take_msg)
{
    return post(m, take_msg, true, true) ? RF_OK : RF_ERR_AGAIN;
}

void rf_mailbox_post_answer(struct rf_mailbox *m, struct rf_msg *take_msg)
{
    post(m, take_msg, false, true);
}

enum rf_err rf_mailbox_post_asleep(struct rf_mailbox *m, struct rf_msg *take_msg)
{
    return post(m, take_msg, true, false) ? RF_OK : RF_ERR_AGAIN;
}

void rf_mailbox_post_answer_asleep(struct rf_mailbox *m, struct rf_msg *take_msg)
{
    post(m, take_msg, false, false);
}

void rf_mailbox_wake(struct rf_mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    bool must_signal = m->n > 0 && !m->is_signalled;
    m->is_signalled |= must_signal;
    if (must_signal)
        signal_reader(m);
    pthread_mutex_unlock(&m->lock);
}

int rf_mailbox_fd(const struct rf_mailbox *m)
{
    return m->fd;
}

bool rf_mailbox_wait(struct rf_mailbox *m, int timeout_ms)
{
    struct pollfd p = {.fd = m->fd, .events = POLLIN};
    return poll(&p, 1, timeout_ms) > 0;
}

size_t rf_mailbox_run(struct rf_mailbox *m, void *reader)
{
    uint64_t n_events;
    ssize_t r = read(m->fd, &n_events, sizeof n_events);
    (void)r; /* EAGAIN only says that nobody wrote since */
    pthread_mutex_lock(&m->lock);
    struct rf_msg *msg = m->first;
    m->first = NULL;
    m->last = &m->first;
    m->n = 0;
    m->is_signalled = false;
    pthread_mutex_unlock(&m->lock);
    size_t n = 0;
    while (msg != NULL) {
        struct rf_msg *next = msg->next;
        msg->run(msg, reader);
        msg = next;
        n++;
    }
    return n;
}
