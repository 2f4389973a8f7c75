/* SPDX-License-Identifier: Apache-2.0 */
/* One question to an OCSP responder, whether one certificate is revoked, and its answer. Bytes
 * only: who sends them, and how long an answer is kept, is revocation.h and the service.
 *
 *     err = rf_ocsp_ask(cert, issuer, &nonce, &request, why);
 *     ...
 *     err = rf_ocsp_read(answer, &q, &said, why);
 *
 * Thread: any.
 * spec: RFC 6960, RFC 5019; doc: docs/revocation.md */
#ifndef TRUST_OCSP_H
#define TRUST_OCSP_H

#include "trust/cert.h"

#define RF_OCSP_REQUEST_MAX 4096
#define RF_OCSP_ANSWER_MAX  ((size_t)64 * 1024)
#define RF_OCSP_NONCE       16
/** Clocks may differ by so much. */
#define RF_OCSP_SKEW_S 300
/** An answer that does not say until when it counts counts so long. */
#define RF_OCSP_DEFAULT_S 600

enum rf_ocsp_status { RF_OCSP_GOOD, RF_OCSP_REVOKED, RF_OCSP_UNKNOWN };
/** "good", "revoked", "unknown". */
const char *rf_ocsp_status_name(enum rf_ocsp_status status);

struct rf_ocsp_nonce {
    uint8_t bytes[RF_OCSP_NONCE];
};

struct rf_ocsp_question {
    const struct rf_cert *cert;
    const struct rf_cert *issuer; /* of `cert` */
    struct rf_ocsp_nonce nonce;   /* what was sent */
    /** Responders that the operator named, believed for every issuer; may be NULL. */
    const struct rf_cert_list *responders;
    int64_t now_s;
};

struct rf_ocsp_said {
    enum rf_ocsp_status status;
    int64_t this_update;
    int64_t until_s;    /* the answer counts until then */
    int64_t revoked_s;  /* since when; 0 unless revoked */
    const char *reason; /* a constant, or NULL */
    bool has_nonce;     /* ours; without it an answer may be an older one that still counts */
};

/** A request about one certificate, with a new nonce; appended to `out`. RF_ERR_CRYPTO
 * ocsp-request. */
RF_MUST_CHECK enum rf_err rf_ocsp_ask(const struct rf_cert *cert, const struct rf_cert *issuer,
                                      struct rf_ocsp_nonce *nonce, struct rf_buf *out,
                                      struct rf_why *why);

/**
 * Read an answer. Its signer must be the certificate's issuer, somebody whom the issuer gave a
 * certificate for this (id-kp-OCSPSigning), or one of `responders`.
 *
 * Returns RF_OK; RF_ERR_LIMIT ocsp-size; RF_ERR_BAD ocsp-parse; RF_ERR_DENIED ocsp-refused (the
 * responder gives no answer, and says why), ocsp-digest, ocsp-nonce (another question's),
 * ocsp-other (nothing about this certificate), ocsp-not-yet, ocsp-expired; RF_ERR_CRYPTO
 * ocsp-signature (nobody who may say it has signed it, or it was changed).
 */
RF_MUST_CHECK enum rf_err rf_ocsp_read(struct rf_slice answer, const struct rf_ocsp_question *q,
                                       struct rf_ocsp_said *out, struct rf_why *why);

#endif
