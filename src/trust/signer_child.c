/* SPDX-License-Identifier: Apache-2.0 */
/* The signer's half after the fork: take the keys, give up everything else, answer until the
 * parent's end closes. It writes no log: what is wrong is told to the parent. doc: docs/signer.md
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/faults.h"
#include "trust/signer_int.h"

/* Numbers in the child: the lines' sockets, and what tells which one has a question. */
#define LINE_FD  3
#define WATCH_FD (LINE_FD + RF_SIGNER_LINES)

#define NOBODY     65534 /* user and group that own nothing, where we may choose */
#define EXIT_WRONG 1

enum rf_err rf_signer_hold(const struct rf_signer_key_conf *conf, struct rf_signer_held *out,
                           struct rf_why *why)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_key_load(conf->key_path, NULL, &key, why);
    if (err == RF_OK)
        err = rf_cert_from_pem_file(conf->cert_path, &cert, why);
    if (err != RF_OK)
        return err;
    if (!rf_fault_skips("signer.key-cert") && !rf_key_matches(key, cert))
        return rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                          "%s is not the key of the certificate %s: put the matching pair there",
                          conf->key_path, conf->cert_path);
    out->conf = conf;
    out->key = rf_vault_key_from_key(key);
    out->cert = rf_steal(&cert);
    return RF_OK;
}

void rf_signer_drop(struct rf_signer_held *held)
{
    rf_vault_freep(&held->key);
    rf_cert_freep(&held->cert);
}

static const struct rf_signer_held *find(const struct rf_signer_held *held, size_t n,
                                         struct rf_slice name)
{
    for (size_t i = 0; i < n; i++)
        if (rf_slice_eq_str(name, held[i].conf->name))
            return &held[i];
    return NULL;
}

static enum rf_err sign(const struct rf_signer_held *held, const struct rf_signer_ask *ask,
                        struct rf_buf *sig, struct rf_why *why)
{
    if (rf_digest_len(ask->alg) == 0)
        return rf_why_set(why, RF_ERR_BAD, "sign-digest", "no digest has the number %u", ask->alg);
    bool is_allowed = (held->conf->may_sign & RF_SIGNER_MAY(ask->alg)) != 0;
    if (!rf_fault_skips("signer.may-sign") && !is_allowed)
        return rf_why_set(why, RF_ERR_DENIED, "sign-digest", "the key %s does not sign %s digests",
                          held->conf->name, rf_digest_name(ask->alg));
    return rf_vault_sign_digest(held->key, ask->alg, ask->digest, sig, why);
}

static enum rf_err serve(const struct rf_signer_held *held, size_t n,
                         const struct rf_signer_ask *ask, struct rf_buf *out, struct rf_why *why)
{
    const struct rf_signer_held *h = find(held, n, ask->name);
    if (h == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "signer-key-unknown",
                          "the signer has no key of that name");
    if (ask->kind == RF_SIGNER_ASK_SIGN)
        return sign(h, ask, out, why);
    return rf_buf_add_slice(out, rf_cert_der(h->cert));
}

void rf_signer_serve(const struct rf_signer_held *held, size_t n, struct rf_slice request,
                     struct rf_wr *answer)
{
    RF_AUTO(rf_buf_fini) struct rf_buf data = RF_BUF(RF_CERT_DER_MAX);
    struct rf_signer_ask ask;
    struct rf_signer_say say = {0};
    say.err = rf_signer_ask_decode(request, &ask, &say.why);
    if (say.err == RF_OK)
        say.err = serve(held, n, &ask, &data, &say.why);
    say.number = ask.number;
    say.data = rf_buf_slice(&data);
    rf_signer_say_encode(&say, answer);
}

static void send_answer(int line, const struct rf_wr *wr)
{
    struct rf_slice frame;
    rf_bug_on(rf_wr_done(wr, &frame) != RF_OK); /* both kinds of answer fit */
    if (rf_signer_send(line, frame) != RF_OK)
        _exit(0); /* nobody is there to hear it */
}

__attribute__((noreturn)) static void give_up(enum rf_err err, const struct rf_why *why)
{
    static uint8_t buf[RF_SIGNER_FRAME_MAX];
    struct rf_wr wr = rf_wr_of(buf, sizeof(buf));
    struct rf_signer_say say = {.number = RF_SIGNER_READY, .err = err, .why = *why};
    rf_signer_say_encode(&say, &wr);
    send_answer(LINE_FD, &wr);
    _exit(EXIT_WRONG);
}

/* Nothing of the parent's stays open but standard error: the sockets are moved to LINE_FD and
 * behind. */
static bool keep_only(const int lines[RF_SIGNER_LINES])
{
    int high[RF_SIGNER_LINES];
    for (int i = 0; i < RF_SIGNER_LINES; i++)
        if ((high[i] = fcntl(lines[i], F_DUPFD, WATCH_FD + 1)) < 0)
            return false;
    int null = open("/dev/null", O_RDWR); /* check-bytes: no file */
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        return false;
    if (fcntl(STDERR_FILENO, F_GETFD) < 0 && dup2(null, STDERR_FILENO) < 0)
        return false;
    for (int i = 0; i < RF_SIGNER_LINES; i++)
        if (dup2(high[i], LINE_FD + i) < 0)
            return false;
    return close_range(WATCH_FD, ~0U, 0) == 0;
}

static bool watch_lines(void)
{
    if (epoll_create1(0) != WATCH_FD) /* the lowest number there is */
        return false;
    for (int i = 0; i < RF_SIGNER_LINES; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = LINE_FD + i};
        if (epoll_ctl(WATCH_FD, EPOLL_CTL_ADD, LINE_FD + i, &e) != 0)
            return false;
    }
    return true;
}

/* The next question, of whichever line; the other's turn is then. False: the parent has closed a
 * line, and wants no more. */
static bool next_request(uint8_t buf[RF_SIGNER_FRAME_MAX + 1], int *line, struct rf_slice *request)
{
    struct epoll_event ready;
    int n;
    do
        n = epoll_wait(WATCH_FD, &ready, 1, -1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        return false;
    *line = ready.data.fd;
    enum rf_err err = rf_signer_recv(*line, buf, request);
    return err == RF_OK || err == RF_ERR_LIMIT;
}

/* Signals of the terminal or the service manager mean the parent, which closes our line when it has
 * no more to sign; only a kill ends us before. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
}

/* Variables steer libraries and name places; the keys have no use for either. A test build keeps
 * what its checks are steered by. */
#ifdef RF_TEST_HOOKS
static void forget_environment(void)
{
    static const char *const kept[] = {"RINGFENCE_SKIP_CHECKS", "RINGFENCE_CHECKS_ASKED"};
    char *value[sizeof kept / sizeof *kept];
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        value[i] = rf_strdup(getenv(kept[i]));
    clearenv();
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (value[i] != NULL)
            setenv(kept[i], value[i], 1);
        rf_free(value[i]);
    }
}
#else
static void forget_environment(void)
{
    clearenv();
}
#endif

/* Nobody of our own user reads this memory or makes a core file of it, and it does not outlive the
 * parent. A change of user resets both, so this is done before the keys are read and after. */
static bool be_private(pid_t parent)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent;
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    return syscall(SYS_capset, &header, none) == 0;
}

/* Root becomes nobody. A container without that user stays root, and loses only its powers. */
static bool drop_root(void)
{
    if (geteuid() != 0)
        return true;
    if (setgroups(0, NULL) != 0 && errno != EPERM)
        return false;
    if (setresgid(NOBODY, NOBODY, NOBODY) != 0 && errno != EINVAL && errno != EPERM)
        return false;
    return setresuid(NOBODY, NOBODY, NOBODY) == 0 || errno == EINVAL || errno == EPERM;
}

/* With no number left for a descriptor, nothing is opened and no socket made from here on. */
static bool drop_descriptors(void)
{
    static const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_NOFILE, &none) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
           setrlimit(RLIMIT_NPROC, &none) == 0;
}

static void confine(pid_t parent)
{
    struct rf_why why = {0};
    if (!drop_root() || !drop_capabilities() || !drop_descriptors() || !be_private(parent) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        give_up(rf_why_set(&why, RF_ERR_IO, "signer-confine",
                           "the signer cannot give up its rights: %s", strerror(errno)),
                &why);
}

static void take_keys(const struct rf_signer_key_conf *keys, size_t n, struct rf_signer_held *held)
{
    for (size_t i = 0; i < n; i++) {
        struct rf_why why = {0};
        enum rf_err err = rf_signer_hold(&keys[i], &held[i], &why);
        if (err != RF_OK)
            give_up(err, &why);
    }
}

void rf_signer_child(const struct rf_signer_key_conf *keys, size_t n,
                     const int lines[RF_SIGNER_LINES], pid_t parent)
{
    static struct rf_signer_held held[RF_SIGNER_KEYS_MAX];
    static uint8_t in[RF_SIGNER_FRAME_MAX + 1], out[RF_SIGNER_FRAME_MAX];
    struct rf_wr wr = rf_wr_of(out, sizeof(out));
    struct rf_signer_say ready = {.number = RF_SIGNER_READY};
    struct rf_slice request;
    int line = LINE_FD;
    ignore_signals();
    if (!keep_only(lines) || !watch_lines() || !be_private(parent))
        _exit(EXIT_WRONG);
    prctl(PR_SET_NAME, "rf-signer", 0, 0, 0);
    forget_environment();
    take_keys(keys, n, held);
    confine(parent);
    rf_signer_say_encode(&ready, &wr);
    send_answer(line, &wr);
    while (next_request(in, &line, &request)) {
        wr = rf_wr_of(out, sizeof(out));
        rf_signer_serve(held, n, request, &wr);
        send_answer(line, &wr);
    }
    for (size_t i = 0; i < n; i++)
        rf_signer_drop(&held[i]);
    _exit(0);
}
