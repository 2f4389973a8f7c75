/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a certificate, for cert*.c. */
#ifndef TRUST_CERT_INT_H
#define TRUST_CERT_INT_H

#include <stdatomic.h>

#include <openssl/x509v3.h>

#include "trust/trust_int.h"

#define RF_CERT_NAME_MAX   1024
#define RF_CERT_SERIAL_MAX 64
#define RF_CERT_SAN_MAX    16
#define RF_CERT_ATTR_MAX   16

struct rf_cert_attr {
    const char *name; /* OpenSSL's constant */
    char *value;
};

/* One for each open link, and more: what is not always there, or seldom long, is apart. */
struct rf_cert {
    atomic_uint refs;
    X509 *x;
    EVP_PKEY *pkey; /* borrowed from x */
    uint8_t *der;
    size_t der_len;
    char *subject;
    char *issuer;
    uint8_t serial[RF_CERT_SERIAL_MAX];
    size_t serial_len;
    uint8_t sha256[32];
    char fingerprint[65];
    char fingerprint_short[17];
    char md5[33];
    uint8_t *spki;
    size_t spki_len;
    struct rf_spki_info key;
    int64_t not_before;
    int64_t not_after;
    bool is_ca;
    long path_len;
    bool has_key_usage;
    uint32_t key_usage;
    size_t cn_n;
    uint8_t *cn; /* OpenSSL's memory */
    size_t cn_len;
    size_t attr_n;
    struct rf_cert_attr *attr;
    GENERAL_NAMES *san_all;
    size_t san_n;
    struct rf_san *san;
    char signature_digest[16];
};

#endif
