/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a list of revoked certificates, for crl.c and revocation.c. */
#ifndef TRUST_CRL_INT_H
#define TRUST_CRL_INT_H

#include <stdatomic.h>

#include <openssl/x509v3.h>

#include "trust/crl.h"
#include "trust/trust_int.h"

struct rf_crl {
    atomic_uint refs;
    X509_CRL *x;
    struct rf_buf der;
    char issuer[512];
    char number[RF_CRL_NUMBER_TEXT];
    bool has_number;
    int64_t this_update;
    int64_t next_update;
    size_t n;
};

/** Borrowed; never change it. */
X509_CRL *rf_crl_x509(const struct rf_crl *crl);

#endif
