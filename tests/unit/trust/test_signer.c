/* SPDX-License-Identifier: Apache-2.0 */
/* The signer as a process. No key is ever loaded in the test's own process: a helper process makes
 * them, so that what the test finds in its memory says something. */
#include "pki.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/metrics.h"
#include "trust/openssl.h"
#include "trust/signer_int.h"

#define MASK       0x5a
#define NEEDLE_LEN 64
#define PEM_PIECE  40

/* Bytes to look for, masked so that the searcher does not find itself. */
struct needles {
    uint8_t prime_words[NEEDLE_LEN]; /* as the library holds a prime: lowest byte first */
    uint8_t prime_der[NEEDLE_LEN];   /* as a key file holds it */
    uint8_t pem[PEM_PIECE];          /* a line of the file */
};

static char dir[64];
static char paths[6][96];
static struct needles needles;
static struct rf_signer_key_conf confs[2];

static void mask(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] ^= MASK;
}

static struct needles needles_of(const struct id *id, const char *path)
{
    struct needles n;
    BIGNUM *prime = NULL;
    struct rf_buf pem = {0};
    assert_int_equal(
        EVP_PKEY_get_bn_param(rf_key_pkey(id->key), OSSL_PKEY_PARAM_RSA_FACTOR1, &prime), 1);
    assert_int_equal(BN_bn2lebinpad(prime, n.prime_words, NEEDLE_LEN), NEEDLE_LEN);
    assert_int_equal(BN_bn2binpad(prime, n.prime_der, NEEDLE_LEN), NEEDLE_LEN);
    assert_err(rf_file_read(path, 65536, &pem, NULL), RF_OK);
    struct rf_slice line = rf_slice_part(rf_buf_slice(&pem), 400, PEM_PIECE);
    memcpy(n.pem, line.p, PEM_PIECE);
    mask((uint8_t *)&n, sizeof(n));
    rf_buf_wipe(&pem);
    BN_free(prime);
    return n;
}

/* Runs in the helper: two pairs, one of them EC, one certificate that fits neither key. */
static struct needles make_keys(void)
{
    struct id tftp = self_id(RF_CERT_ROLE_TFTP, "tftp", 1024), ca = {0}, other = {0};
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_LSC_ISSUER, .cn = "issuer", .now_s = TEST_NOW, .days = 1000};
    id_set_key(&ca, new_key(0));
    assert_err(rf_issue_self_signed(&spec, ca.vault, &ca.cert, NULL), RF_OK);
    other = self_id(RF_CERT_ROLE_TFTP, "other", 0);
    const struct id *ids[] = {&tftp, &ca, &other};
    for (size_t i = 0; i < 3; i++) {
        struct rf_buf pem = RF_BUF(65536);
        assert_err(rf_key_save(ids[i]->key, paths[2 * i], NULL, NULL, NULL), RF_OK);
        assert_err(rf_cert_to_pem(ids[i]->cert, &pem), RF_OK);
        assert_err(rf_file_replace(paths[2 * i + 1], rf_buf_slice(&pem), 0644, NULL), RF_OK);
        rf_buf_fini(&pem);
    }
    struct needles n = needles_of(&tftp, paths[0]);
    id_fini(&tftp);
    id_fini(&ca);
    id_fini(&other);
    return n;
}

static int set_up(void **state)
{
    static const char *const names[] = {"tftp.key",   "tftp.pem",  "issuer.key",
                                        "issuer.pem", "other.key", "other.pem"};
    int line[2], status = -1;
    test_tmp(dir, sizeof(dir), "signer");
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < 6; i++)
        snprintf(paths[i], sizeof(paths[i]), "%s/%s", dir, names[i]);
    assert_int_equal(pipe(line), 0);
    pid_t helper = fork();
    if (helper == 0) {
        struct needles n = make_keys();
        _exit(write(line[1], &n, sizeof(n)) == (ssize_t)sizeof(n) ? 0 : 1);
    }
    close(line[1]);
    assert_int_equal(read(line[0], &needles, sizeof(needles)), sizeof(needles));
    close(line[0]);
    assert_int_equal(waitpid(helper, &status, 0), helper);
    assert_int_equal(status, 0);
    confs[0] = (struct rf_signer_key_conf){"tftp", paths[0], paths[1],
                                           RF_SIGNER_MAY(RF_DIGEST_SHA1) |
                                               RF_SIGNER_MAY(RF_DIGEST_SHA512)};
    confs[1] = (struct rf_signer_key_conf){"lsc-issuer", paths[2], paths[3],
                                           RF_SIGNER_MAY(RF_DIGEST_SHA256)};
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < 6; i++)
        unlink(paths[i]);
    return rmdir(dir);
}

static struct rf_signer *start(void)
{
    struct rf_signer *s = NULL;
    struct rf_why why = {0};
    enum rf_err err = rf_signer_fork(confs, 2, &s, &why);
    if (err != RF_OK)
        print_error("signer: %s\n", rf_why_text(&why));
    assert_err(err, RF_OK);
    return s;
}

static struct rf_slice digest_of(enum rf_digest alg, uint8_t md[RF_DIGEST_MAX])
{
    return rf_slice_of(md, rf_digest_of(alg, rf_slice_str("what is signed"), md));
}

static void it_signs_what_its_keys_are_for(void **state)
{
    static const struct {
        const char *key;
        enum rf_digest alg;
        bool is_allowed;
    } rows[] = {
        {"tftp", RF_DIGEST_SHA1, true},         {"tftp", RF_DIGEST_SHA256, false},
        {"tftp", RF_DIGEST_SHA512, true},       {"lsc-issuer", RF_DIGEST_SHA1, false},
        {"lsc-issuer", RF_DIGEST_SHA256, true}, {"lsc-issuer", RF_DIGEST_SHA512, false},
    };
    struct rf_signer *s = start();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
        RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
        uint8_t md[RF_DIGEST_MAX];
        struct rf_slice digest = digest_of(rows[i].alg, md);
        struct rf_why why = {0};
        uint64_t before = rf_metric_get(RF_METRIC_SIGNATURES);
        assert_err(rf_signer_key(s, rows[i].key, &key, &cert, NULL), RF_OK);
        assert_true(rf_vault_matches(key, cert));
        if (rows[i].is_allowed) {
            assert_err(rf_vault_sign_digest(key, rows[i].alg, digest, &sig, NULL), RF_OK);
            assert_err(rf_cert_verify_digest(cert, rows[i].alg, digest, rf_buf_slice(&sig), NULL),
                       RF_OK);
        } else {
            assert_refused(rf_vault_sign_digest(key, rows[i].alg, digest, &sig, &why),
                           RF_ERR_DENIED, why, "sign-digest");
            assert_int_equal(sig.len, 0);
        }
        assert_int_equal(rf_metric_get(RF_METRIC_SIGNATURES) - before, rows[i].is_allowed);
    }
    rf_signer_close(s);
}

static void it_does_nothing_else_with_a_key(void **state)
{
    struct rf_signer *s = start();
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    RF_AUTO(rf_secret_fini) struct rf_secret secret = {0};
    struct rf_why why = {0};
    assert_err(rf_signer_key(s, "tftp", &key, NULL, NULL), RF_OK);
    assert_refused(rf_vault_sign_bare(key, rf_slice_str("payload"), &sig, &why), RF_ERR_DENIED, why,
                   "sign-bare");
    why = (struct rf_why){0};
    assert_refused(rf_vault_decrypt(key, rf_slice_str("wrapped"), 16, &secret, &why), RF_ERR_DENIED,
                   why, "decrypt-not-here");
    rf_signer_close(s);
}

static void unknown_keys_and_wrong_lengths_are_refused(void **state)
{
    struct rf_signer *s = start();
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    static const char *const unknown[] = {
        "sast", "", "tft", "tftp2", "TFTP", "a name that is longer than any key's name"};
    uint8_t md[RF_DIGEST_MAX] = {0};
    struct rf_slice digest = digest_of(RF_DIGEST_SHA512, md);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct rf_why why = {0};
        assert_refused(rf_signer_key(s, unknown[i], &key, NULL, &why), RF_ERR_NOT_FOUND, why,
                       "signer-key-unknown");
        assert_null(key);
        why = (struct rf_why){0};
        assert_refused(rf_signer_sign(s, unknown[i], RF_DIGEST_SHA512, digest, &sig, &why),
                       RF_ERR_NOT_FOUND, why, "signer-key-unknown");
    }
    uint8_t long_one[RF_DIGEST_MAX + 1] = {0};
    struct rf_slice wrong[] = {
        {0}, rf_slice_part(digest, 0, 63), rf_slice_of(long_one, sizeof(long_one))};
    for (size_t i = 0; i < 3; i++) {
        struct rf_why why = {0};
        assert_refused(rf_signer_sign(s, "tftp", RF_DIGEST_SHA512, wrong[i], &sig, &why),
                       RF_ERR_BAD, why, "sign-digest");
    }
    struct rf_why why = {0};
    assert_refused(rf_signer_sign(s, "tftp", (enum rf_digest)77, digest, &sig, &why), RF_ERR_BAD,
                   why, "sign-digest");
    RF_AUTO(rf_buf_fini) struct rf_buf small = RF_BUF(10);
    why = (struct rf_why){0};
    assert_refused(rf_signer_sign(s, "tftp", RF_DIGEST_SHA512, digest, &small, &why), RF_ERR_LIMIT,
                   why, "sign-buffer");
    assert_err(rf_signer_sign(s, "tftp", RF_DIGEST_SHA512, digest, &sig, NULL), RF_OK);
    rf_signer_close(s);
}

/* Put bytes on the line past the parent's code; the answer must be a refusal. */
static void garbage(struct rf_signer *s, struct rf_slice frame, const char *code)
{
    uint8_t buf[RF_SIGNER_FRAME_MAX + 1];
    struct rf_slice in;
    struct rf_signer_say say;
    assert_err(rf_signer_send(s->fd, frame), RF_OK);
    assert_err(rf_signer_recv(s->fd, buf, &in), RF_OK);
    assert_err(rf_signer_say_decode(in, &say, NULL), RF_OK);
    assert_int_not_equal(say.err, RF_OK);
    if (code != NULL)
        assert_string_equal(say.why.code, code);
}

static void damaged_requests_are_answered_with_a_refusal(void **state)
{
    struct rf_signer *s = start();
    uint8_t buf[256], md[RF_DIGEST_MAX];
    struct rf_wr wr = rf_wr_of(buf, sizeof(buf));
    struct rf_slice digest = digest_of(RF_DIGEST_SHA512, md), whole;
    struct rf_signer_ask good = {.kind = RF_SIGNER_ASK_SIGN,
                                 .number = 1,
                                 .name = rf_slice_str("tftp"),
                                 .alg = RF_DIGEST_SHA512,
                                 .digest = digest};
    rf_signer_ask_encode(&good, &wr);
    assert_err(rf_wr_done(&wr, &whole), RF_OK);
    for (size_t n = 1; n < whole.len; n++)
        garbage(s, rf_slice_part(whole, 0, n), NULL);
    for (size_t i = 0; i < 8; i++) {
        static const size_t at[] = {0, 5, 6, 10};
        uint8_t changed[256];
        memcpy(changed, whole.p, whole.len);
        changed[at[i / 2]] ^= i % 2 == 0 ? 0x80 : 0x7c;
        garbage(s, rf_slice_of(changed, whole.len), NULL);
    }
    uint8_t big[2 * RF_SIGNER_FRAME_MAX];
    memset(big, 0xff, sizeof(big));
    garbage(s, rf_slice_of(big, sizeof(big)), "signer-request");
    big[0] = RF_SIGNER_ASK_CERT;
    big[5] = 200;
    garbage(s, rf_slice_of(big, 206), "signer-request");
    /* Behind all that it still signs. */
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    assert_err(rf_signer_sign(s, "tftp", RF_DIGEST_SHA512, digest, &sig, NULL), RF_OK);
    rf_signer_close(s);
}

static void answers_are_read_whole_or_not_at_all(void **state)
{
    struct rf_signer_say refused = {.number = 7, .err = RF_ERR_DENIED}, got;
    uint8_t buf[RF_SIGNER_FRAME_MAX];
    struct rf_wr wr = rf_wr_of(buf, sizeof(buf));
    struct rf_slice whole;
    struct rf_why why = {0};
    (void)!rf_why_set(&refused.why, RF_ERR_DENIED, "some-code", "some text");
    rf_signer_say_encode(&refused, &wr);
    assert_err(rf_wr_done(&wr, &whole), RF_OK);
    assert_err(rf_signer_say_decode(whole, &got, NULL), RF_OK);
    assert_int_equal(got.number, 7);
    assert_int_equal(got.err, RF_ERR_DENIED);
    assert_string_equal(got.why.code, "some-code");
    assert_string_equal(got.why.text, "some text");
    for (size_t n = 0; n < whole.len; n++)
        assert_err(rf_signer_say_decode(rf_slice_part(whole, 0, n), &got, NULL), RF_ERR_SHORT);
    rf_wr_u8(&wr, 0);
    assert_err(rf_wr_done(&wr, &whole), RF_OK);
    assert_refused(rf_signer_say_decode(whole, &got, &why), RF_ERR_BAD, why, "signer-answer");
    whole.len--;
    for (unsigned bad = 0; bad < 2; bad++) {
        buf[5] = bad == 0 ? RF_OK : RF_ERR_NOMEM + 1;
        why = (struct rf_why){0};
        assert_refused(rf_signer_say_decode(whole, &got, &why), RF_ERR_BAD, why, "signer-answer");
    }
    buf[0] = 3;
    why = (struct rf_why){0};
    assert_refused(rf_signer_say_decode(whole, &got, &why), RF_ERR_BAD, why, "signer-answer");
}

static bool ends(int watch)
{
    struct pollfd p = {.fd = watch, .events = POLLIN};
    return poll(&p, 1, 10000) == 1;
}

static struct rf_slice question_of(uint32_t number, uint8_t *buf, size_t cap)
{
    uint8_t md[RF_DIGEST_MAX];
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice frame;
    struct rf_signer_ask ask = {.kind = RF_SIGNER_ASK_SIGN,
                                .number = number,
                                .name = rf_slice_str("tftp"),
                                .alg = RF_DIGEST_SHA512,
                                .digest = digest_of(RF_DIGEST_SHA512, md)};
    rf_signer_ask_encode(&ask, &wr);
    assert_err(rf_wr_done(&wr, &frame), RF_OK);
    return frame;
}

static void heard(struct rf_signer *s, uint32_t number)
{
    uint8_t buf[RF_SIGNER_FRAME_MAX + 1];
    struct rf_slice in;
    struct rf_signer_say say;
    assert_err(rf_signer_recv(s->fd, buf, &in), RF_OK);
    assert_err(rf_signer_say_decode(in, &say, NULL), RF_OK);
    assert_int_equal(say.err, RF_OK);
    assert_int_equal(say.number, number);
    assert_int_equal(say.data.len, 128);
}

static void two_lines_are_asked_at_one_time(void **state)
{
    struct rf_signer *s = start(), *second = rf_signer_second(s);
    uint8_t a[256], b[256], junk[] = {0xff};
    assert_int_equal(rf_signer_pid(s), rf_signer_pid(second));
    /* Each gets the answer to its own question, whichever is read first. */
    assert_err(rf_signer_send(s->fd, question_of(7, a, sizeof(a))), RF_OK);
    assert_err(rf_signer_send(second->fd, question_of(9, b, sizeof(b))), RF_OK);
    heard(second, 9);
    heard(s, 7);
    /* What is wrong on one is no matter of the other. */
    assert_err(rf_signer_send(second->fd, question_of(11, b, sizeof(b))), RF_OK);
    garbage(s, rf_slice_of(junk, sizeof(junk)), NULL);
    heard(second, 11);
    rf_signer_close(s);
}

static void without_one_line_there_is_no_other(void **state)
{
    struct rf_signer *s = start(), *second = rf_signer_second(s);
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    struct rf_why why = {0};
    int watch = pidfd_open(rf_signer_pid(s), 0);
    assert_err(rf_signer_key(second, "tftp", &key, NULL, NULL), RF_OK);
    close(second->fd);
    second->fd = -1;
    assert_true(ends(watch));
    close(watch);
    assert_refused(rf_signer_key(s, "tftp", &key, NULL, &why), RF_ERR_IO, why, "signer-gone");
    rf_signer_close(s);
}

static void a_dead_signer_is_said_to_be_gone(void **state)
{
    struct rf_signer *s = start();
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    uint8_t md[RF_DIGEST_MAX];
    struct rf_slice digest = digest_of(RF_DIGEST_SHA512, md);
    struct rf_why why = {0};
    assert_err(rf_signer_key(s, "tftp", &key, NULL, NULL), RF_OK);
    assert_err(rf_vault_sign_digest(key, RF_DIGEST_SHA512, digest, &sig, NULL), RF_OK);
    assert_int_equal(kill(rf_signer_pid(s), SIGKILL), 0);
    sig.len = 0;
    for (int i = 0; i < 2; i++) {
        why = (struct rf_why){0};
        assert_refused(rf_vault_sign_digest(key, RF_DIGEST_SHA512, digest, &sig, &why), RF_ERR_IO,
                       why, "signer-gone");
        struct rf_vault_key *other = NULL;
        why = (struct rf_why){0};
        assert_refused(rf_signer_key(s, "tftp", &other, NULL, &why), RF_ERR_IO, why, "signer-gone");
    }
    assert_int_equal(sig.len, 0);
    rf_signer_close(s);
}

/* A false child: what it says does not fit the question. */
static void a_wrong_answer_ends_the_line(void **state)
{
    for (int i = 0; i < 3; i++) {
        int fd[2];
        uint8_t buf[RF_SIGNER_FRAME_MAX], md[RF_DIGEST_MAX];
        struct rf_wr wr = rf_wr_of(buf, sizeof(buf));
        struct rf_slice frame, digest = digest_of(RF_DIGEST_SHA512, md);
        struct rf_why why = {0};
        RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNER_FRAME_MAX);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
        struct rf_signer s = {.pid = getpid(), .fd = fd[0]};
        uint8_t data[RF_SIGNATURE_MAX + 1] = {0};
        struct rf_signer_say say = {.number = i == 0 ? 2 : 1,
                                    .data = rf_slice_of(data, i == 1 ? sizeof(data) : 8)};
        rf_signer_say_encode(&say, &wr);
        assert_err(rf_wr_done(&wr, &frame), RF_OK);
        if (i == 2)
            buf[0] = 9;
        assert_err(rf_signer_send(fd[1], frame), RF_OK);
        assert_refused(rf_signer_sign(&s, "tftp", RF_DIGEST_SHA512, digest, &sig, &why), RF_ERR_IO,
                       why, "signer-gone");
        assert_int_equal(s.fd, -1);
        assert_int_equal(sig.len, 0);
        close(fd[1]);
    }
}

static void refused_start(const struct rf_signer_key_conf *conf, enum rf_err err, const char *code,
                          const char *names)
{
    struct rf_signer *s = NULL;
    struct rf_why why = {0};
    assert_refused(rf_signer_fork(conf, 2, &s, &why), err, why, code);
    assert_null(s);
    assert_non_null(strstr(why.text, names));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void wrong_key_files_are_named_by_the_child(void **state)
{
    struct rf_signer_key_conf conf[2] = {confs[0], confs[1]};
    char missing[96];
    snprintf(missing, sizeof(missing), "%s/none.key", dir);
    conf[1].key_path = missing;
    refused_start(conf, RF_ERR_NOT_FOUND, "file-not-found", missing);
    conf[1] = confs[1];
    conf[0].cert_path = missing;
    refused_start(conf, RF_ERR_NOT_FOUND, "file-not-found", missing);
    conf[0].cert_path = paths[5];
    refused_start(conf, RF_ERR_DENIED, "key-cert-mismatch", paths[5]);
    conf[0].cert_path = paths[1];
    conf[0].key_path = paths[1];
    refused_start(conf, RF_ERR_NOT_FOUND, "pem-no-key", paths[1]);
    conf[0] = confs[0];
    struct rf_signer *s = NULL;
    assert_err(rf_signer_fork(conf, 2, &s, NULL), RF_OK);
    rf_signer_close(s);
}

static void it_ends_when_the_line_is_closed(void **state)
{
    struct rf_signer *s = start();
    int watch = pidfd_open(rf_signer_pid(s), 0);
    assert_true(watch >= 0);
    /* What the terminal and the service manager send is the parent's business. */
    assert_int_equal(kill(rf_signer_pid(s), SIGTERM), 0);
    assert_int_equal(kill(rf_signer_pid(s), SIGINT), 0);
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    assert_err(rf_signer_key(s, "tftp", &key, NULL, NULL), RF_OK);
    rf_signer_close(s);
    assert_true(ends(watch));
    close(watch);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    rf_signer_close(NULL);
}

static void a_stopped_signer_does_not_hold_up_the_end(void **state)
{
    struct rf_signer *s = start();
    int watch = pidfd_open(rf_signer_pid(s), 0);
    assert_int_equal(kill(rf_signer_pid(s), SIGSTOP), 0);
    rf_signer_close(s);
    assert_true(ends(watch));
    close(watch);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void it_ends_when_the_parent_is_killed(void **state)
{
    int line[2];
    pid_t signer = 0;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(pipe(line), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct rf_signer *s = NULL;
        if (rf_signer_fork(confs, 2, &s, NULL) != RF_OK)
            _exit(1);
        pid_t pid = rf_signer_pid(s);
        if (write(line[1], &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(line[0], &signer, sizeof(signer)), sizeof(signer));
    int watch = pidfd_open(signer, 0);
    assert_true(watch >= 0);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_true(ends(watch));
    close(watch);
    close(line[0]);
    close(line[1]);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    assert_int_equal(waitpid(signer, NULL, 0), signer);
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

/* The value behind "name:" or "name " of a file of /proc, without blanks in front. */
static char *proc_value(pid_t pid, const char *file, const char *name)
{
    char path[64], line[256];
    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char *found = NULL;
    while (found == NULL && fgets(line, sizeof(line), f) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            found = rf_strdup(line + strlen(name) + strspn(line + strlen(name), ": \t"));
    fclose(f);
    assert_non_null(found);
    return found;
}

static void assert_proc(pid_t pid, const char *file, const char *name, const char *want)
{
    RF_AUTO(rf_freep) char *got = proc_value(pid, file, name);
    if (strncmp(got, want, strlen(want)) != 0)
        print_error("%s %s is %s", file, name, got);
    assert_int_equal(strncmp(got, want, strlen(want)), 0);
}

static void it_has_given_up_what_it_does_not_need(void **state)
{
    struct rf_signer *s = start();
    pid_t pid = rf_signer_pid(s);
    assert_proc(pid, "status", "Name", "rf-signer\n");
    assert_proc(pid, "status", "NoNewPrivs", "1\n");
    assert_proc(pid, "status", "CapEff", "0000000000000000\n");
    assert_proc(pid, "status", "CapPrm", "0000000000000000\n");
    /* No number is left for a file or a socket, none for a process. */
    assert_proc(pid, "limits", "Max open files", "0                    0 ");
    assert_proc(pid, "limits", "Max processes", "0                    0 ");
    assert_proc(pid, "limits", "Max core file size", "0                    0 ");
    if (geteuid() == 0)
        assert_proc(pid, "status", "Uid", "65534\t65534\t65534\t65534\n");
    if (geteuid() == 0) {
        char path[64], target[64] = "";
        for (int fd = 0; fd < 32; fd++) {
            snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, fd);
            ssize_t n = readlink(path, target, sizeof(target) - 1);
            assert_int_equal(n > 0, fd <= 5);
            if (fd == 3 || fd == 4) /* the lines, and what tells which one speaks */
                assert_int_equal(strncmp(target, "socket:", 7), 0);
            if (fd == 5)
                assert_string_equal(target, "anon_inode:[eventpoll]");
            memset(target, 0, sizeof(target));
        }
    }
    rf_signer_close(s);
}

/* Search. */

static bool found_in(const uint8_t *p, size_t n, const uint8_t *masked, size_t len)
{
    for (size_t i = 0; i + len <= n; i++) {
        size_t k = 0;
        while (k < len && (p[i + k] ^ MASK) == masked[k])
            k++;
        if (k == len)
            return true;
    }
    return false;
}

struct hits {
    unsigned words, der, pem;
    size_t bytes;
};

static void search_range(int mem, uint64_t from, uint64_t to, struct hits *out)
{
    static uint8_t buf[1 << 20];
    for (uint64_t at = from; at < to;) {
        size_t want = to - at < sizeof(buf) ? (size_t)(to - at) : sizeof(buf);
        ssize_t n = pread(mem, buf, want, (off_t)at);
        if (n <= 0)
            return;
        out->bytes += (size_t)n;
        out->words += found_in(buf, (size_t)n, needles.prime_words, NEEDLE_LEN);
        out->der += found_in(buf, (size_t)n, needles.prime_der, NEEDLE_LEN);
        out->pem += found_in(buf, (size_t)n, needles.pem, PEM_PIECE);
        /* Pieces overlap, so that nothing hides on a border. */
        at += (size_t)n > NEEDLE_LEN && at + (size_t)n < to ? (size_t)n - NEEDLE_LEN : (size_t)n;
    }
}

/* Everything writable; a sanitizer's shadow, terabytes of it, holds no bytes of the program. */
static bool search_memory(pid_t pid, struct hits *out)
{
    char path[64], line[512];
    *out = (struct hits){0};
    snprintf(path, sizeof(path), "/proc/%ld/mem", (long)pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    if (mem < 0)
        return false;
    snprintf(path, sizeof(path), "/proc/%ld/maps", (long)pid);
    FILE *maps = fopen(path, "r");
    if (maps == NULL) {
        close(mem);
        return false;
    }
    while (fgets(line, sizeof(line), maps) != NULL) {
        char *end = NULL;
        uint64_t from = strtoull(line, &end, 16), to = strtoull(end + 1, &end, 16);
        if (end[1] == 'r' && end[2] == 'w' && to - from < (256u << 20))
            search_range(mem, from, to, out);
    }
    fclose(maps);
    close(mem);
    return true;
}

static void the_parent_never_holds_a_private_key(void **state)
{
    struct rf_signer *s = start();
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    uint8_t md[RF_DIGEST_MAX];
    struct hits hits;
    assert_err(rf_signer_key(s, "tftp", &key, NULL, NULL), RF_OK);
    assert_err(
        rf_vault_sign_digest(key, RF_DIGEST_SHA512, digest_of(RF_DIGEST_SHA512, md), &sig, NULL),
        RF_OK);
    assert_true(search_memory(getpid(), &hits));
    assert_true(hits.bytes > 100000);
    assert_int_equal(hits.words, 0);
    assert_int_equal(hits.der, 0);
    assert_int_equal(hits.pem, 0);
    /* The same search finds the key in the signer; only root is allowed to look there. What was
     * read from the file has been wiped there too. */
    if (geteuid() == 0) {
        assert_true(search_memory(rf_signer_pid(s), &hits));
        assert_true(hits.words > 0);
        assert_int_equal(hits.pem, 0);
    } else {
        assert_false(search_memory(rf_signer_pid(s), &hits));
    }
    rf_signer_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parent_never_holds_a_private_key),
        cmocka_unit_test(it_signs_what_its_keys_are_for),
        cmocka_unit_test(it_does_nothing_else_with_a_key),
        cmocka_unit_test(unknown_keys_and_wrong_lengths_are_refused),
        cmocka_unit_test(damaged_requests_are_answered_with_a_refusal),
        cmocka_unit_test(answers_are_read_whole_or_not_at_all),
        cmocka_unit_test(two_lines_are_asked_at_one_time),
        cmocka_unit_test(without_one_line_there_is_no_other),
        cmocka_unit_test(a_dead_signer_is_said_to_be_gone),
        cmocka_unit_test(a_wrong_answer_ends_the_line),
        cmocka_unit_test(wrong_key_files_are_named_by_the_child),
        cmocka_unit_test(it_ends_when_the_line_is_closed),
        cmocka_unit_test(a_stopped_signer_does_not_hold_up_the_end),
        cmocka_unit_test(it_ends_when_the_parent_is_killed),
        cmocka_unit_test(it_has_given_up_what_it_does_not_need),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
