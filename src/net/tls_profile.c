/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy offers. One row a profile; the rows share nothing, so that what old phones need is
 * no part of what the others get. doc: docs/tls.md, "What is offered": a test compares that table
 * with what independent clients find. */
#include "net/tls_ssl.h"

#include "base/faults.h"

struct profile {
    int lowest, highest;
    int level; /* OpenSSL's: what keys, digests and suites have to have */
    const char *suites_12;
    const char *suites_13; /* NULL: the version is not there */
    const char *groups;
    const char *signatures; /* of the handshake; NULL: what the level leaves */
};

#define GCM_12                                                                                     \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
#define RSA_CBC "AES256-SHA:AES128-SHA"

/* ECDHE with AES-GCM connects every peer that speaks TLS 1.2 or 1.3, at OpenSSL's level 2. */
static const struct profile modern = {TLS1_2_VERSION,
                                      TLS1_3_VERSION,
                                      2,
                                      GCM_12,
                                      "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
                                      "X25519:P-256:P-384",
                                      NULL};

/* TLS 1.0 signs with MD5 and SHA-1 together, for which the level has to be 0; that alone would let
 * in much more than is listed here. No NULL, export, RC4 or 3DES. */
static const struct profile legacy = {TLS1_VERSION,
                                      TLS1_2_VERSION,
                                      0,
                                      GCM_12 ":ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:" RSA_CBC,
                                      NULL,
                                      "P-256:P-384",
                                      "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA+SHA256:RSA+"
                                      "SHA384:RSA+SHA512:ECDSA+SHA1:RSA+SHA1"};

/* Suites without encryption are below every level; who may sign how is said here therefore. TLS 1.3
 * has none of them. doc: docs/tls.md, "The profile authenticated" */
static const struct profile authenticated = {TLS1_2_VERSION,
                                             TLS1_2_VERSION,
                                             0,
                                             "NULL-SHA256:NULL-SHA",
                                             NULL,
                                             "P-256:P-384",
                                             "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA+SHA256:"
                                             "RSA+SHA384:RSA+SHA512"};

/* What phones of the 7900 series say. doc: docs/tls.md, "The profile legacy" */
static const struct profile old_phone = {TLS1_VERSION, TLS1_VERSION, 0,         RSA_CBC,
                                         NULL,         "P-256",      "RSA+SHA1"};

static const struct profile only_13 = {TLS1_3_VERSION,
                                       TLS1_3_VERSION,
                                       2,
                                       GCM_12, /* OpenSSL wants some */
                                       "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
                                       "X25519:P-256:P-384",
                                       NULL};

static const struct profile *profile_of(const struct rf_tls *tls)
{
    if (tls->profile == RF_TLS_MODERN)
        return tls->only_tls13 ? &only_13 : &modern;
    if (tls->profile == RF_TLS_AUTHENTICATED)
        return &authenticated;
    return tls->is_server ? &legacy : &old_phone;
}

static bool set_suites(SSL_CTX *ctx, const struct profile *p)
{
    return SSL_CTX_set_cipher_list(ctx, p->suites_12) == 1 &&
           (p->suites_13 == NULL || SSL_CTX_set_ciphersuites(ctx, p->suites_13) == 1);
}

bool rf_tls_profile_set(struct rf_tls *tls)
{
    const struct profile *p = profile_of(tls);
    SSL_CTX *ctx = tls->ctx;
    SSL_CTX_set_security_level(ctx, p->level);
    bool ok = SSL_CTX_set_max_proto_version(ctx, p->highest) == 1;
    int lowest = rf_fault_skips("tls.version") ? 0 : p->lowest;
    ok = ok && SSL_CTX_set_min_proto_version(ctx, lowest) == 1;
    if (!rf_fault_skips("tls.suite"))
        ok = ok && set_suites(ctx, p);
    ok = ok && SSL_CTX_set1_groups_list(ctx, p->groups) == 1;
    if (p->signatures != NULL)
        ok = ok && SSL_CTX_set1_sigalgs_list(ctx, p->signatures) == 1 &&
             SSL_CTX_set1_client_sigalgs_list(ctx, p->signatures) == 1;
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_clear_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT |
                                   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION |
                                   SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    /* One record a call: a peer that sends nothing but key updates must not hold the thread. */
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(ctx, 1); /* a flight is one read, not two for each record of it */
    SSL_CTX_set_max_cert_list(ctx, RF_TLS_CHAIN_BYTES_MAX);
    return ok;
}

/* An EC key would leave a legacy server with nothing that an old phone offers, and the suites of
 * the authenticated profile exchange keys by RSA. */
bool rf_tls_profile_has_key(const struct rf_tls *tls, const struct rf_key *key)
{
    return tls->profile == RF_TLS_MODERN || rf_key_type(key) == RF_KEY_RSA;
}

bool rf_tls_profile_wants_rfc5746(const struct rf_tls *tls)
{
    return tls->profile != RF_TLS_LEGACY;
}

static bool has_version(const struct profile *p, const SSL *ssl)
{
    int version = SSL_version(ssl);
    return version >= p->lowest && version <= p->highest;
}

struct suite {
    int cipher, exchange, digest;
};

static struct suite suite_of(const SSL *ssl)
{
    const SSL_CIPHER *suite = SSL_get_current_cipher(ssl);
    if (suite == NULL)
        return (struct suite){NID_undef, NID_undef, NID_undef};
    return (struct suite){SSL_CIPHER_get_cipher_nid(suite), SSL_CIPHER_get_kx_nid(suite),
                          SSL_CIPHER_get_digest_nid(suite)};
}

static bool is_gcm(struct suite s)
{
    return (s.cipher == NID_aes_128_gcm || s.cipher == NID_aes_256_gcm) &&
           (s.exchange == NID_kx_ecdhe || s.exchange == NID_kx_any);
}

static bool is_cbc(struct suite s)
{
    return (s.cipher == NID_aes_128_cbc || s.cipher == NID_aes_256_cbc) && s.digest == NID_sha1 &&
           (s.exchange == NID_kx_ecdhe || s.exchange == NID_kx_rsa);
}

static bool is_null(struct suite s)
{
    return s.cipher == NID_undef && s.exchange == NID_kx_rsa &&
           (s.digest == NID_sha1 || s.digest == NID_sha256);
}

bool rf_tls_profile_has_version(const struct rf_tls *tls, const SSL *ssl)
{
    return has_version(profile_of(tls), ssl);
}

bool rf_tls_profile_has_suite(const struct rf_tls *tls, const SSL *ssl)
{
    struct suite s = suite_of(ssl);
    if (tls->profile == RF_TLS_AUTHENTICATED)
        return is_null(s);
    return is_gcm(s) || (tls->profile == RF_TLS_LEGACY && is_cbc(s));
}

bool rf_tls_profile_is_modern(const SSL *ssl)
{
    return has_version(&modern, ssl) && is_gcm(suite_of(ssl));
}
