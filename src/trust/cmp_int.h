/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_CMP_INT_H
#define TRUST_CMP_INT_H

#include <openssl/cmp.h>

#include "base/secret.h"
#include "trust/cmp.h"
#include "trust/openssl.h"

struct rf_cmp {
    char *host;
    uint16_t port;
    char *path;
    struct rf_cert_list ra; /* its certificate, then those above; none with a secret */
    struct rf_key *ra_key;
    char *reference;
    struct rf_secret secret;
    X509_STORE *trusted;
    X509_NAME *recipient; /* may be NULL */
    unsigned timeout_s;
    unsigned days;
    bool is_implicit;
    enum rf_err (*transfer)(void *arg, struct rf_slice request, struct rf_buf *response);
    void *transfer_arg;
};

#endif
