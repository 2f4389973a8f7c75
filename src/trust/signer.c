/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's end of the lines to the signer. */
#include "trust/signer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/metrics.h"
#include "trust/signer_int.h"

/* Signing takes milliseconds: a child that is silent so long is stopped or stuck. */
#define ANSWER_S 30
/* For the child to notice that its line was closed; it has nothing to lose. */
#define END_MS 500

static void give_up_line(struct rf_signer *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* Is the child's end known within this time? */
static bool ends_within(pid_t pid, int ms)
{
    int watch = pidfd_open(pid, 0);
    if (watch < 0)
        return errno == ESRCH;
    struct pollfd p = {.fd = watch, .events = POLLIN};
    int n;
    do
        n = poll(&p, 1, ms);
    while (n < 0 && errno == EINTR);
    close(watch);
    return n == 1;
}

static void free_line(struct rf_signer *s)
{
    give_up_line(s);
    for (size_t i = 0; i < RF_SIGNER_KEYS_MAX; i++) {
        rf_vault_freep(&s->known[i].key);
        rf_cert_freep(&s->known[i].cert);
    }
    rf_free(s);
}

void rf_signer_close(struct rf_signer *s)
{
    if (s == NULL)
        return;
    pid_t pid = s->pid;
    free_line(s->second);
    free_line(s);
    if (pid <= 0)
        return; /* it never started */
    /* Its user may be another than ours by now; then it is left to end by itself. */
    bool has_ended =
        ends_within(pid, END_MS) || (kill(pid, SIGKILL) == 0 && ends_within(pid, END_MS));
    if (has_ended)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
}

pid_t rf_signer_pid(const struct rf_signer *s)
{
    return s->pid;
}

struct rf_signer *rf_signer_second(struct rf_signer *s)
{
    return s->second;
}

/* After a broken exchange nobody can say which answer comes next, so the line is given up. */
static enum rf_err gone(struct rf_signer *s, struct rf_why *why, const char *what)
{
    give_up_line(s);
    return rf_why_set(why, RF_ERR_IO, "signer-gone",
                      "the signer process %ld %s; nothing can be signed until the server is "
                      "started again",
                      (long)s->pid, what);
}

static enum rf_err hear(struct rf_signer *s, uint32_t number,
                        uint8_t frame[RF_SIGNER_FRAME_MAX + 1], struct rf_signer_say *say,
                        struct rf_why *why)
{
    struct rf_slice in;
    enum rf_err err = rf_signer_recv(s->fd, frame, &in);
    if (err == RF_ERR_AGAIN)
        return gone(s, why, "does not answer");
    if (err != RF_OK)
        return gone(s, why, "has ended");
    if (rf_signer_say_decode(in, say, NULL) != RF_OK || say->number != number)
        return gone(s, why, "gave an answer that cannot be read");
    return say->err == RF_OK ? RF_OK
                             : rf_why_set(why, say->err, say->why.code, "%s", say->why.text);
}

/* say->data borrows from frame. */
static enum rf_err ask(struct rf_signer *s, struct rf_signer_ask *question,
                       uint8_t frame[RF_SIGNER_FRAME_MAX + 1], struct rf_signer_say *say,
                       struct rf_why *why)
{
    uint8_t buf[RF_SIGNER_NAME_MAX + RF_DIGEST_MAX + 16];
    struct rf_wr wr = rf_wr_of(buf, sizeof(buf));
    struct rf_slice out;
    if (s->fd < 0)
        return gone(s, why, "has ended");
    if (question->name.len > RF_SIGNER_NAME_MAX)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "signer-key-unknown", "no key has so long a name");
    if (question->digest.len > RF_DIGEST_MAX)
        return rf_why_set(why, RF_ERR_BAD, "sign-digest", "no digest has %zu bytes",
                          question->digest.len);
    s->number = s->number == UINT32_MAX ? RF_SIGNER_READY + 1 : s->number + 1;
    question->number = s->number;
    rf_signer_ask_encode(question, &wr);
    rf_bug_on(rf_wr_done(&wr, &out) != RF_OK);
    if (rf_signer_send(s->fd, out) != RF_OK)
        return gone(s, why, "has ended");
    return hear(s, question->number, frame, say, why);
}

static void check_conf(const struct rf_signer_key_conf *keys, size_t n)
{
    rf_bug_on(n == 0 || n > RF_SIGNER_KEYS_MAX);
    for (size_t i = 0; i < n; i++) {
        rf_bug_on(keys[i].name[0] == '\0' || strlen(keys[i].name) > RF_SIGNER_NAME_MAX);
        for (size_t k = 0; k < i; k++)
            rf_bug_on(strcmp(keys[i].name, keys[k].name) == 0);
    }
}

/* `theirs`: the child's end. */
static enum rf_err open_line(struct rf_signer *s, int *theirs, struct rf_why *why)
{
    static const struct timeval patience = {.tv_sec = ANSWER_S};
    int fd[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
        return rf_why_set(why, RF_ERR_IO, "signer-fork", "socketpair for the signer: %s",
                          strerror(errno));
    s->fd = fd[0];
    *theirs = fd[1];
    if (setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
        return rf_why_set(why, RF_ERR_IO, "signer-fork", "a socket for the signer: %s",
                          strerror(errno));
    return RF_OK;
}

static enum rf_err start(const struct rf_signer_key_conf *keys, size_t n, struct rf_signer *s,
                         struct rf_why *why)
{
    int theirs[RF_SIGNER_LINES] = {-1, -1};
    pid_t self = getpid();
    enum rf_err err = open_line(s, &theirs[0], why);
    if (err == RF_OK)
        err = open_line(s->second, &theirs[1], why);
    if (err == RF_OK) {
        s->pid = fork();
        if (s->pid == 0)
            rf_signer_child(keys, n, theirs, self);
        s->second->pid = s->pid;
        if (s->pid < 0)
            err = rf_why_set(why, RF_ERR_IO, "signer-fork", "starting the signer process: %s",
                             strerror(errno));
    }
    for (size_t i = 0; i < RF_SIGNER_LINES; i++)
        if (theirs[i] >= 0)
            close(theirs[i]);
    return err;
}

static struct rf_signer *new_line(void)
{
    struct rf_signer *s = rf_new(struct rf_signer);
    s->fd = -1;
    return s;
}

enum rf_err rf_signer_fork(const struct rf_signer_key_conf *keys, size_t n, struct rf_signer **out,
                           struct rf_why *why)
{
    uint8_t frame[RF_SIGNER_FRAME_MAX + 1];
    struct rf_signer_say say;
    check_conf(keys, n);
    struct rf_signer *s = new_line();
    s->second = new_line();
    enum rf_err err = start(keys, n, s, why);
    if (err == RF_OK)
        err = hear(s, RF_SIGNER_READY, frame, &say, why);
    if (err == RF_OK)
        *out = s;
    else
        rf_signer_close(s);
    return err;
}

enum rf_err rf_signer_sign(struct rf_signer *s, const char *name, enum rf_digest alg,
                           struct rf_slice digest, struct rf_buf *sig, struct rf_why *why)
{
    uint8_t frame[RF_SIGNER_FRAME_MAX + 1];
    struct rf_signer_say say;
    struct rf_signer_ask question = {.kind = RF_SIGNER_ASK_SIGN,
                                     .name = rf_slice_str(name),
                                     .alg = (uint8_t)alg,
                                     .digest = digest};
    enum rf_err err = ask(s, &question, frame, &say, why);
    if (err == RF_OK && say.data.len > RF_SIGNATURE_MAX)
        err = gone(s, why, "gave an answer that cannot be read");
    if (err != RF_OK)
        return err;
    rf_count(SIGNATURES);
    err = rf_buf_add_slice(sig, say.data);
    return err == RF_OK ? RF_OK : rf_why_set(why, err, "sign-buffer", "no room for a signature");
}

/* The backend of the vault. */

struct remote {
    struct rf_signer *signer;
    char name[RF_SIGNER_NAME_MAX + 1];
};

static enum rf_err remote_sign(void *state, enum rf_digest alg, struct rf_slice digest,
                               struct rf_buf *sig, struct rf_why *why)
{
    struct remote *r = state;
    return rf_signer_sign(r->signer, r->name, alg, digest, sig, why);
}

static void remote_close(void *state)
{
    rf_free(state);
}

static const struct rf_vault_ops remote_ops = {.sign = remote_sign, .close = remote_close};

static struct rf_vault_key *new_key(struct rf_signer *s, const struct rf_signer_known *known)
{
    struct remote *r = rf_new(struct remote);
    r->signer = s;
    memcpy(r->name, known->name, sizeof r->name);
    return rf_vault_key_again(known->key, &remote_ops, r);
}

static struct rf_signer_known *find_known(struct rf_signer *s, const char *name)
{
    for (size_t i = 0; i < RF_SIGNER_KEYS_MAX; i++)
        if (s->known[i].cert != NULL && strcmp(s->known[i].name, name) == 0)
            return &s->known[i];
    return NULL;
}

static enum rf_err learn(struct rf_signer *s, const char *name, struct rf_signer_known **out,
                         struct rf_why *why)
{
    static const struct rf_vault_ops none = {.close = NULL};
    uint8_t frame[RF_SIGNER_FRAME_MAX + 1];
    struct rf_signer_say say;
    struct rf_cert *own = NULL;
    struct rf_signer_ask question = {.kind = RF_SIGNER_ASK_CERT, .name = rf_slice_str(name)};
    enum rf_err err = ask(s, &question, frame, &say, why);
    if (err == RF_OK)
        err = rf_cert_from_der(say.data, &own, why);
    if (err != RF_OK)
        return err;
    struct rf_signer_known *free_one = s->known;
    while (free_one->cert != NULL)
        free_one++; /* the child has no more keys than there are places */
    rf_bug_on(!rf_slice_to_str(question.name, free_one->name, sizeof free_one->name));
    free_one->cert = own;
    free_one->key = rf_vault_key_new(&none, NULL, rf_cert_spki(own));
    *out = free_one;
    return RF_OK;
}

enum rf_err rf_signer_key(struct rf_signer *s, const char *name, struct rf_vault_key **out,
                          struct rf_cert **cert, struct rf_why *why)
{
    struct rf_signer_known *known = find_known(s, name);
    if (s->fd < 0)
        return gone(s, why, "has ended");
    enum rf_err err = known == NULL ? learn(s, name, &known, why) : RF_OK;
    if (err != RF_OK)
        return err;
    *out = new_key(s, known);
    if (cert != NULL)
        *cert = rf_cert_ref(known->cert);
    return RF_OK;
}
