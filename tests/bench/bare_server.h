/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a TLS server can be: OpenSSL with the settings of docs/tls.md, one thread with
 * epoll. What it is for is in bare.c (handshakes) and bare_capf.c (enrolments).
 *
 * Made for measuring only: whatever goes wrong ends the process with a sentence. */
#ifndef BENCH_BARE_SERVER_H
#define BENCH_BARE_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bare_conn {
    int fd;
    SSL *ssl;
    bool writes; /* waits for room */
    bool is_open;
    void *data; /* the caller's, from malloc; released with the connection */
};

struct bare_calls {
    void (*on_open)(struct bare_conn *c); /* may be NULL */
    /* What one record held. NULL: thrown away. */
    void (*on_data)(struct bare_conn *c, const uint8_t *p, size_t n);
};

void bare_fail(const char *what);
/** The modern profile with this certificate and key, files. */
SSL_CTX *bare_context(const char *cert_path, const char *key_path);
void bare_say(struct bare_conn *c, const void *p, size_t n);
/** Print the port, and serve until the process is killed. */
void bare_serve(SSL_CTX *ctx, const struct bare_calls *calls);

#endif
