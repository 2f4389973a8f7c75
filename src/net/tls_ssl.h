/* SPDX-License-Identifier: Apache-2.0 */
/* What tls.c, tls_stream.c and tls_why.c share; they alone see OpenSSL's SSL types. */
#ifndef NET_TLS_SSL_H
#define NET_TLS_SSL_H

#include <stdatomic.h>

#include <openssl/ssl.h>

#include "net/tls_int.h"

struct rf_tls {
    atomic_uint refs;
    char *name;
    bool is_server;
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
};

struct rf_tls_stream {
    struct rf_tls *tls;
    SSL *ssl;
    struct rf_tls_seen *seen;
    struct rf_why *why; /* of the handshake that runs: for OpenSSL's callbacks */
    bool is_failed;
};

/** OpenSSL's callbacks of a policy, in tls_stream.c. */
int rf_tls_on_certificate(X509_STORE_CTX *store, void *arg);
int rf_tls_on_client_hello(SSL *ssl, int *alert, void *arg);
int rf_tls_on_new_session(SSL *ssl, SSL_SESSION *session);
void rf_tls_on_keylog(const SSL *ssl, const char *line);
/** Where a session keeps its struct rf_tls_seen. */
int rf_tls_seen_index(void);

/** Is version and suite of a finished handshake one of the profile's? */
bool rf_tls_profile_has_version(const SSL *ssl);
bool rf_tls_profile_has_suite(const SSL *ssl);

/** What became of a call that returned `ret`, with OpenSSL's error queue drained into `why`. */
enum rf_tls_io rf_tls_result(SSL *ssl, int ret, struct rf_why *why);

#endif
