/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: the handshake with its questions to the policy, then records. */
#include "net/tls_ssl.h"

#include "base/faults.h"
#include "base/log.h"
#include "base/secret.h"
#include "trust/openssl.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <openssl/err.h>

/* ---- what a peer presented ---- */

struct rf_tls_seen *rf_tls_seen_ref(struct rf_tls_seen *seen)
{
    atomic_fetch_add(&seen->refs, 1);
    return seen;
}

void rf_tls_seen_unref(struct rf_tls_seen *seen)
{
    if (seen == NULL || atomic_fetch_sub(&seen->refs, 1) != 1)
        return;
    rf_cert_unref(seen->leaf);
    rf_cert_list_fini(&seen->chain);
    rf_free(seen);
}

struct rf_cert *rf_tls_seen_leaf(const struct rf_tls_seen *seen)
{
    return seen->leaf;
}

const struct rf_cert_list *rf_tls_seen_chain(const struct rf_tls_seen *seen)
{
    return &seen->chain;
}

static int session_index = -1;

/* OpenSSL copies a session when TLS 1.3 hands it out once more. */
static int seen_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **from_d, int idx,
                    long argl, void *argp)
{
    struct rf_tls_seen **seen = (struct rf_tls_seen **)from_d;
    if (*seen != NULL)
        rf_tls_seen_ref(*seen);
    return 1;
}

static void seen_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    rf_tls_seen_unref(ptr);
}

static void session_index_init(void)
{
    session_index = SSL_SESSION_get_ex_new_index(0, NULL, NULL, seen_dup, seen_free);
    rf_bug_on(session_index < 0);
}

int rf_tls_seen_index(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, session_index_init);
    return session_index;
}

/** What the peer sent, leaf first. */
static enum rf_err seen_new(X509_STORE_CTX *store, struct rf_tls_seen **out, struct rf_why *why)
{
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);
    struct rf_tls_seen *seen = rf_new(struct rf_tls_seen);
    atomic_init(&seen->refs, 1);
    enum rf_err err = rf_cert_from_x509(X509_STORE_CTX_get0_cert(store), &seen->leaf, why);
    for (int i = 1; err == RF_OK && i < sk_X509_num(sent); i++) {
        RF_AUTO(rf_cert_freep) struct rf_cert *c = NULL;
        err = rf_cert_from_x509(sk_X509_value(sent, i), &c, why);
        if (err == RF_OK && !rf_cert_list_add(&seen->chain, c))
            err = rf_why_set(why, RF_ERR_LIMIT, "cert-count",
                             "the other side sent more than %d certificates", RF_CERT_LIST_MAX);
    }
    if (err != RF_OK) {
        rf_tls_seen_unref(seen);
        return err;
    }
    *out = seen;
    return RF_OK;
}

/* ---- OpenSSL's callbacks ---- */

static enum rf_err ask(struct rf_tls_stream *s, bool is_resumed, enum rf_tls_alert *alert,
                       struct rf_why *why)
{
    struct rf_tls_presented peer = {.leaf = s->seen->leaf,
                                    .chain = &s->seen->chain,
                                    .is_resumed = is_resumed,
                                    .memo = &s->seen->memo};
    enum rf_err err = s->tls->verify(s->tls->verify_arg, &peer, alert, why);
    if (err != RF_OK)
        (void)rf_why_set(why, err, "tls-refused", "the certificate was refused");
    return err;
}

/* OpenSSL derives the alert from the verification error. */
static int error_for(enum rf_tls_alert alert)
{
    switch (alert) {
    case RF_TLS_ALERT_UNKNOWN_CA:
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    case RF_TLS_ALERT_EXPIRED:
        return X509_V_ERR_CERT_HAS_EXPIRED;
    case RF_TLS_ALERT_REVOKED:
        return X509_V_ERR_CERT_REVOKED;
    case RF_TLS_ALERT_UNSUPPORTED:
        return X509_V_ERR_INVALID_PURPOSE;
    case RF_TLS_ALERT_BAD_CERTIFICATE:
    default:
        return X509_V_ERR_CERT_REJECTED;
    }
}

int rf_tls_on_certificate(X509_STORE_CTX *store, void *arg)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct rf_tls_stream *s = SSL_get_app_data(ssl);
    enum rf_tls_alert alert = RF_TLS_ALERT_BAD_CERTIFICATE;
    enum rf_err err = s->seen == NULL ? seen_new(store, &s->seen, s->why)
                                      : rf_why_set(s->why, RF_ERR_DENIED, "tls-refused",
                                                   "a second certificate on one connection");
    if (err == RF_OK && !rf_fault_skips("tls.verify"))
        err = ask(s, false, &alert, s->why);
    if (err != RF_OK) {
        X509_STORE_CTX_set_error(store, error_for(alert));
        return 0;
    }
    /* Before the session goes into a cache, where other threads may find it. */
    rf_bug_on(SSL_SESSION_set_ex_data(SSL_get_session(ssl), rf_tls_seen_index(),
                                      rf_tls_seen_ref(s->seen)) != 1);
    return 1;
}

static bool offers_tls13(SSL *ssl)
{
    const unsigned char *p = NULL;
    size_t len = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &p, &len) != 1)
        return false;
    struct rf_rd rd = rf_rd_of(rf_slice_of(p, len));
    uint8_t list_len = 0;
    uint16_t version = 0;
    if (!rf_rd_u8(&rd, &list_len))
        return false;
    while (rf_rd_u16be(&rd, &version))
        if (version == TLS1_3_VERSION)
            return true;
    return false;
}

static bool offers_secure_renegotiation(SSL *ssl)
{
    const unsigned char *p = NULL;
    size_t len = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_renegotiate, &p, &len) == 1)
        return true;
    len = SSL_client_hello_get0_ciphers(ssl, &p);
    struct rf_rd rd = rf_rd_of(rf_slice_of(p, len));
    uint16_t suite = 0;
    while (rf_rd_u16be(&rd, &suite))
        if (suite == 0x00ff) /* spec: RFC 5746 3.3, TLS_EMPTY_RENEGOTIATION_INFO_SCSV */
            return true;
    return false;
}

int rf_tls_on_client_hello(SSL *ssl, int *alert, void *arg)
{
    const struct rf_tls_stream *s = SSL_get_app_data(ssl);
    if (rf_fault_skips("tls.secure-renegotiation") || !rf_tls_profile_wants_rfc5746(s->tls) ||
        offers_tls13(ssl) || offers_secure_renegotiation(ssl))
        return SSL_CLIENT_HELLO_SUCCESS;
    (void)rf_why_set(s->why, RF_ERR_DENIED, "tls-no-secure-renegotiation",
                     "the other side does not speak secure renegotiation (RFC 5746)");
    *alert = SSL_AD_HANDSHAKE_FAILURE;
    return SSL_CLIENT_HELLO_ERROR;
}

int rf_tls_on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct rf_tls_stream *s = SSL_get_app_data(ssl);
    rf_tls_forget_session(s->tls);
    s->tls->session = session;
    return 1; /* it is ours now */
}

void rf_tls_on_keylog(const SSL *ssl, const char *line)
{
    const struct rf_tls_stream *s = SSL_get_app_data(ssl);
    struct iovec parts[] = {{.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)},
                            {.iov_base = (void *)(uintptr_t) "\n", .iov_len = 1}};
    /* One write, so that lines of several threads do not mix. */
    if (writev(s->tls->keylog_fd, parts, 2) < 0)
        rf_warn(RF_CAT_TLS, "key log: %s policy=%s", strerror(errno), s->tls->name);
}

/* ---- one connection ---- */

struct rf_tls_stream *rf_tls_stream_new(struct rf_tls *tls, int fd)
{
    SSL *ssl = SSL_new(tls->ctx);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    struct rf_tls_stream *s = rf_new(struct rf_tls_stream);
    s->tls = rf_tls_ref(tls);
    s->ssl = ssl;
    SSL_set_app_data(ssl, s);
    if (tls->is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    if (tls->session != NULL)
        SSL_set_session(ssl, tls->session);
    return s;
}

void rf_tls_stream_free(struct rf_tls_stream *s)
{
    if (s == NULL)
        return;
    /* Phones leave without a word; their session is good all the same. Unless told so, OpenSSL
     * throws it away. */
    if (!s->is_failed)
        SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(s->ssl);
    ERR_clear_error();
    rf_tls_seen_unref(s->seen);
    rf_tls_free(s->tls);
    rf_free(s);
}

static enum rf_tls_io failed(struct rf_tls_stream *s)
{
    s->is_failed = true;
    if (SSL_get_session(s->ssl) != NULL)
        SSL_CTX_remove_session(s->tls->ctx, SSL_get_session(s->ssl));
    if (s->tls->keeps_session)
        rf_tls_forget_session(s->tls); /* a full handshake next time */
    return RF_TLS_FAILED;
}

/** A resumed session brings no certificate: the one it was made with is judged again, by the
 * rules of today. */
static enum rf_err ask_again(struct rf_tls_stream *s, struct rf_why *why)
{
    struct rf_tls_seen *seen =
        SSL_SESSION_get_ex_data(SSL_get_session(s->ssl), rf_tls_seen_index());
    if (seen == NULL)
        return RF_OK;
    enum rf_tls_alert alert = RF_TLS_ALERT_BAD_CERTIFICATE;
    s->seen = rf_tls_seen_ref(seen);
    return rf_fault_skips("tls.verify-resumed") ? RF_OK : ask(s, true, &alert, why);
}

/** All that must hold of a finished handshake, resumed or not. */
static enum rf_err judge(struct rf_tls_stream *s, struct rf_why *why)
{
    if (!rf_fault_skips("tls.version") && !rf_tls_profile_has_version(s->tls, s->ssl))
        return rf_why_set(why, RF_ERR_DENIED, "tls-version", "TLS version %s is not for this port",
                          SSL_get_version(s->ssl));
    if (!rf_fault_skips("tls.suite") && !rf_tls_profile_has_suite(s->tls, s->ssl))
        return rf_why_set(why, RF_ERR_DENIED, "tls-no-common-suite",
                          "suite %s is not for this port", SSL_get_cipher_name(s->ssl));
    enum rf_err err = SSL_session_reused(s->ssl) == 1 ? ask_again(s, why) : RF_OK;
    if (err != RF_OK)
        return err;
    if (!rf_fault_skips("tls.require-certificate") && s->tls->ask == RF_TLS_REQUIRE &&
        s->seen == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "tls-no-certificate",
                          "the other side presented no certificate");
    return RF_OK;
}

enum rf_tls_io rf_tls_handshake(struct rf_tls_stream *s, struct rf_why *why)
{
    ERR_clear_error();
    errno = 0;
    s->why = why;
    enum rf_tls_io io = rf_tls_result(s->ssl, SSL_do_handshake(s->ssl), why);
    s->why = NULL;
    if (io == RF_TLS_DONE && judge(s, why) != RF_OK)
        io = RF_TLS_FAILED;
    return io == RF_TLS_FAILED ? failed(s) : io;
}

enum rf_tls_io rf_tls_read(struct rf_tls_stream *s, void *buf, size_t cap, size_t *n,
                           struct rf_why *why)
{
    *n = 0;
    ERR_clear_error();
    errno = 0;
    int r = SSL_read_ex(s->ssl, buf, cap, n);
    s->is_dry = errno == EAGAIN || errno == EWOULDBLOCK;
    enum rf_tls_io io = rf_tls_result(s->ssl, r, why);
    return io == RF_TLS_FAILED ? failed(s) : io;
}

enum rf_tls_io rf_tls_write(struct rf_tls_stream *s, struct rf_slice data, size_t *n,
                            struct rf_why *why)
{
    *n = 0;
    ERR_clear_error();
    errno = 0;
    enum rf_tls_io io = rf_tls_result(s->ssl, SSL_write_ex(s->ssl, data.p, data.len, n), why);
    return io == RF_TLS_FAILED ? failed(s) : io;
}

enum rf_tls_io rf_tls_close_notify(struct rf_tls_stream *s)
{
    ERR_clear_error();
    errno = 0;
    int r = SSL_shutdown(s->ssl);
    if (r >= 0) /* 0: sent; we do not wait for the peer's */
        return RF_TLS_DONE;
    enum rf_tls_io io = rf_tls_result(s->ssl, r, NULL);
    return io == RF_TLS_WANT_WRITE ? io : RF_TLS_DONE;
}

bool rf_tls_has_pending(const struct rf_tls_stream *s)
{
    return !s->is_dry && SSL_has_pending(s->ssl) == 1;
}

struct rf_tls_seen *rf_tls_stream_seen(const struct rf_tls_stream *s)
{
    return s->seen;
}

void rf_tls_stream_describe(const struct rf_tls_stream *s, struct rf_peer *peer)
{
    const SSL_CIPHER *suite = SSL_get_current_cipher(s->ssl);
    peer->has_tls = true;
    rf_slice_to_str(rf_slice_str(SSL_get_version(s->ssl)), peer->tls_version,
                    sizeof peer->tls_version);
    rf_slice_to_str(rf_slice_str(SSL_CIPHER_get_name(suite)), peer->suite, sizeof peer->suite);
    peer->is_encrypted = SSL_CIPHER_get_cipher_nid(suite) != NID_undef;
    peer->is_resumed = SSL_session_reused(s->ssl) == 1;
    peer->is_legacy = s->tls->profile == RF_TLS_LEGACY;
    peer->is_old_version = SSL_version(s->ssl) < TLS1_2_VERSION;
    peer->is_weak = !rf_tls_profile_is_modern(s->ssl);
}
