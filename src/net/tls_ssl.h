/* SPDX-License-Identifier: Apache-2.0 */
/* What tls.c, tls_stream.c and tls_why.c share; they alone see OpenSSL's SSL types. */
#ifndef NET_TLS_SSL_H
#define NET_TLS_SSL_H

#include <stdatomic.h>

#include <openssl/ssl.h>

#include "net/tls_int.h"

/* Leaf and issuers; a real chain has two or three. */
#define RF_TLS_CHAIN_BYTES_MAX (4 * RF_CERT_DER_MAX)

struct rf_tls {
    atomic_uint refs;
    char *name;
    bool is_server;
    enum rf_tls_profile profile;
    bool only_tls13;
    enum rf_tls_ask ask;
    rf_tls_verify_fn verify;
    void *verify_arg;
    bool keeps_session;
    SSL_SESSION *session; /* client: the last one, offered again */
    int keylog_fd;        /* -1: none */
    SSL_CTX *ctx;
};

struct rf_tls_seen {
    atomic_uint refs;
    struct rf_cert *leaf;
    struct rf_cert_list chain;
    struct rf_path_memo memo;
};

struct rf_tls_stream {
    struct rf_tls *tls;
    SSL *ssl;
    struct rf_tls_seen *seen;
    struct rf_why *why; /* of the handshake that runs: for OpenSSL's callbacks */
    bool is_failed;
    bool is_dry; /* the socket had nothing more when it was asked last: it will announce what comes
                  */
};

/** OpenSSL's callbacks of a policy, in tls_stream.c. */
int rf_tls_on_certificate(X509_STORE_CTX *store, void *arg);
int rf_tls_on_client_hello(SSL *ssl, int *alert, void *arg);
int rf_tls_on_new_session(SSL *ssl, SSL_SESSION *session);
void rf_tls_on_keylog(const SSL *ssl, const char *line);
/** Where a session keeps its struct rf_tls_seen. */
int rf_tls_seen_index(void);

/* tls_profile.c */
/** Versions, suites and habits, before any certificate: the level judges those too. */
RF_MUST_CHECK bool rf_tls_profile_set(struct rf_tls *tls);
/** Can peers of the profile use this key of ours? */
bool rf_tls_profile_has_key(const struct rf_tls *tls, const struct rf_key *key);
/** Must the other side know secure renegotiation (RFC 5746)? */
bool rf_tls_profile_wants_rfc5746(const struct rf_tls *tls);
/** Is version and suite of a finished handshake one of the profile's? */
bool rf_tls_profile_has_version(const struct rf_tls *tls, const SSL *ssl);
bool rf_tls_profile_has_suite(const struct rf_tls *tls, const SSL *ssl);
/** Would the profile modern have taken both? */
bool rf_tls_profile_is_modern(const SSL *ssl);

/** What became of a call that returned `ret`, with OpenSSL's error queue drained into `why`. */
enum rf_tls_io rf_tls_result(SSL *ssl, int ret, struct rf_why *why);

#endif
