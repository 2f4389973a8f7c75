/* SPDX-License-Identifier: Apache-2.0 */
/* Another CA, in this process: OpenSSL's CMP server behind the transfer of a struct rf_cmp_spec,
 * and certificates as they are asked for, or with one thing wrong.
 *
 *     struct ca *ca = ca_new("Customer CA");
 *     ca->make.is_other_key = true;
 *     spec.transfer = ca_transfer; spec.transfer_arg = ca;
 */
#ifndef UNIT_TRUST_CA_KIT_H
#define UNIT_TRUST_CA_KIT_H

#include "pki.h"

#include <openssl/cmp.h>

#include "trust/cmp.h"
#include "trust/path.h"

#define CA_SECRET    "a long shared secret"
#define CA_REFERENCE "ringfence"

/** What is wrong with the certificates it makes; all zero: nothing. */
struct ca_make {
    bool is_other_key;
    const char *cn;          /* instead of the one asked for */
    const char *san;         /* "URI:…" or "DNS:…"; NULL: the device as URI */
    const char *key_usage;   /* NULL: right; "": none */
    const char *ext_usage;   /* NULL: right; "": none */
    int64_t from_s, until_s; /* 0: now for 100 days */
    bool is_ca;
    bool is_sha1;
    bool is_by_other; /* issued by a CA with the same name and another key */
};

struct ca {
    struct id id;
    struct id other;
    struct ca_make make;
    struct rf_anchors *anchors; /* with it */
    OSSL_CMP_SRV_CTX *srv;
    bool is_dead;
    bool refuses;
    bool is_false; /* answers with another secret */
    int polls;     /* so often it says "later" */
    OSSL_CMP_MSG *kept;
    X509 *made;
    unsigned messages, requests, accepted, rejected;
    bool loses_confirmation;
    char secret_file[64];
};

struct ca *ca_new(const char *cn);
void ca_free(struct ca *ca);
enum rf_err ca_transfer(void *arg, struct rf_slice request, struct rf_buf *response);
/** How a client asks it. */
struct rf_cmp_spec ca_spec(struct ca *ca);
/** A certificate for this key, as `make` says; SEP name and CN are `device`. */
struct rf_cert *ca_issue(struct ca *ca, struct rf_slice spki, const char *device);

#endif
