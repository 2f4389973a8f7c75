/* SPDX-License-Identifier: Apache-2.0 */
/* Another CA, asked by CMP (RFC 4210, 9483): this side is a registration authority that vouches for
 * the key of a phone (raVerified), because the phone's private key signs nothing for us. OpenSSL's
 * client does the protocol; messages are protected by the RA's certificate or a shared secret, over
 * plain HTTP.
 *
 *     err = rf_cmp_open(&spec, &cmp, &why);
 *     err = rf_cmp_begin(cmp, &request, take, arg, &deal, &why);
 *     while ((err = rf_cmp_ask(deal, &after_s, &why)) == RF_ERR_AGAIN)
 *         ... come again in after_s seconds ...
 *
 * A certificate is judged and kept by `take` before the CA is told that it is accepted: what was
 * never kept was never accepted, so nothing is issued twice.
 *
 * Thread: a struct rf_cmp any (immutable); a deal one. rf_cmp_ask blocks, for `timeout_s` a message
 * at most: a worker of its own.  doc: docs/issuers.md; spec: RFC 4210 5.1, 5.2.8.3, 5.3.22 */
#ifndef TRUST_CMP_H
#define TRUST_CMP_H

#include "trust/cert.h"

/** Where the CA is and what we show it; texts may be NULL or empty where not needed. */
struct rf_cmp_spec {
    const char *url;         /* http://HOST[:PORT][/PATH] */
    const char *ra_cert;     /* PEM file: the RA's certificate, then those above it */
    const char *ra_key;      /* PEM file */
    const char *reference;   /* with a shared secret instead */
    const char *secret_file; /* mode 0600 */
    const char *trusted;     /* PEM file: whom the CA's messages lead to */
    const char *recipient;   /* /CN=…/O=…; needed with a secret */
    unsigned timeout_s;      /* a message */
    unsigned days;           /* validity to ask for */
    bool is_implicit;        /* the CA need not wait until we say that we have it */
    /** Tests: instead of HTTP, one message there and the answer back, DER. */
    enum rf_err (*transfer)(void *arg, struct rf_slice request, struct rf_buf *response);
    void *transfer_arg;
};

struct rf_cmp;
/** RF_ERR_BAD cmp-url, cmp-conf (what is missing), cmp-recipient; RF_ERR_DENIED key-mode (others
 * may read the secret), key-cert-mismatch; and what reading files gives. */
RF_MUST_CHECK enum rf_err rf_cmp_open(const struct rf_cmp_spec *spec, struct rf_cmp **out,
                                      struct rf_why *why);
void rf_cmp_free(struct rf_cmp *cmp);

struct rf_cmp_request {
    struct rf_slice spki;
    const char *cn;
    const char *device; /* for the subjectAltName */
};
/** Judge and keep. An error is told to the CA as a rejection. */
typedef enum rf_err (*rf_cmp_take_fn)(void *arg, struct rf_cert *cert, struct rf_why *why);

/** A transaction. `cmp`, `arg` and what `take` needs live as long as it does. */
struct rf_cmp_deal;
RF_MUST_CHECK enum rf_err rf_cmp_begin(const struct rf_cmp *cmp,
                                       const struct rf_cmp_request *request, rf_cmp_take_fn take,
                                       void *arg, struct rf_cmp_deal **out, struct rf_why *why);
/**
 * Ask, or ask again. After anything but RF_ERR_AGAIN the deal is over.
 *
 * Returns RF_OK when a certificate was taken (*is_confirmed false: whether the CA heard that is not
 * known); RF_ERR_AGAIN (*after_s: then); RF_ERR_IO cmp-unreachable; RF_ERR_DENIED cmp-refused (by
 * the CA, its words in the text), cmp-untrusted (the answer's protection does not hold), or what
 * `take` gave; RF_ERR_CRYPTO cmp-failed.
 */
RF_MUST_CHECK enum rf_err rf_cmp_ask(struct rf_cmp_deal *deal, unsigned *after_s,
                                     bool *is_confirmed, struct rf_why *why);
/** `take` and `arg` of the next time. */
void rf_cmp_deal_retake(struct rf_cmp_deal *deal, rf_cmp_take_fn take, void *arg);
void rf_cmp_deal_free(struct rf_cmp_deal *deal);

#endif
