/* SPDX-License-Identifier: Apache-2.0 */
/* Many phones in one process, for the benches of TLS: links from several addresses of loopback,
 * each with a certificate of its own, some of them at a time. They are as cheap as the library
 * allows, and what is counted is the CPU time of the server, which load_cpu_s reads.
 *
 * Made for measuring only: whatever goes wrong ends the process with a sentence. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_IN_MAX 20000

struct load;

struct load_conn {
    struct load *load;
    unsigned slot;
    int fd; /* -1: not connected */
    SSL *ssl;
    SSL_SESSION *session; /* the last one, offered again if the load resumes */
    X509 *cert;           /* shown to the server, or NULL */
    bool is_open;
    bool has_ticket; /* TLS 1.3: the server has accepted us and said so */
    bool was_resumed;
    size_t in_len;
    uint8_t *in; /* what on_data left */
    void *data;  /* the caller's */
};

struct load_conf {
    uint16_t port;
    int version;      /* TLS1_2_VERSION, TLS1_3_VERSION */
    unsigned conns;   /* that can be open at one time */
    unsigned sources; /* addresses they come from */
    bool resumes;
    bool awaits_ticket; /* TLS 1.3: open when the server's ticket is there */
    EVP_PKEY *key;      /* of all certificates */
    void (*on_open)(struct load_conn *c);
    /* Returns how many bytes it used up. NULL: nothing is expected. */
    size_t (*on_data)(struct load_conn *c, const uint8_t *p, size_t n);
    /* The server has closed. NULL: it must not. */
    void (*on_end)(struct load_conn *c);
};

struct load {
    struct load_conf conf;
    SSL_CTX *ctx;
    int epoll;
    unsigned busy; /* connected or connecting */
    struct load_conn *conn;
};

void load_fail(const char *what);
double load_now_s(void);
unsigned load_number(const char *text);

struct load *load_new(const struct load_conf *conf);
void load_free(struct load *l);
/** Begin to connect; on_open comes later. */
void load_connect(struct load_conn *c);
void load_send(struct load_conn *c, const void *p, size_t n);
/** Say good-bye and close; connecting again is fine. */
void load_close(struct load_conn *c);
/** Wait for events up to that long and handle them. */
void load_turn(struct load *l, int wait_ms);
/** User and system time of processes, "PID,PID". */
double load_cpu_s(const char *pids);

/* ---- identities (load_identity.c) ---- */

/** "rsa": 2048 bits; "ec": P-256. */
EVP_PKEY *load_key_new(const char *kind);
EVP_PKEY *load_key_read(const char *path);
X509 *load_cert_read(const char *path);
/** A certificate as phones have them: CP-8861-<name>, usages, a URI with the name. */
X509 *load_cert_new(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key);
/** One for each connection, under this issuer: SEP000000000000 and on. */
void load_identities(struct load *l, const char *cert_path, const char *key_path);

#endif
