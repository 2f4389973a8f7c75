/* SPDX-License-Identifier: Apache-2.0 */
/* Is a certificate that another CA made the one that was asked for, and of use to a phone? Nothing
 * that a CA returns reaches a phone before this says so.
 *
 *     struct rf_lsc_want want = {.spki = key, .device_name = name, .now_s = now, ...};
 *     err = rf_lsc_check(cert, &want, &why);
 *
 * Thread: any.  doc: docs/issuers.md, "What is checked" */
#ifndef TRUST_LSC_CHECK_H
#define TRUST_LSC_CHECK_H

#include "trust/path.h"

struct rf_lsc_want {
    struct rf_slice spki;        /* the phone's key */
    struct rf_slice cn;          /* asked for */
    struct rf_slice device_name; /* whose it is */
    int64_t now_s;
    unsigned days_max; /* it may end so many days from now at the latest */
    unsigned rsa_min;
    const struct rf_anchors *cas; /* that may issue LSCs, purpose signalling: directly */
};

/**
 * Returns RF_OK; RF_ERR_DENIED with code ca-other-key, ca-other-name (the CN, or another device in
 * the subjectAltName), ca-too-long, ca-ext-usage (no clientAuth among the extended usages), or what
 * rf_path_check gives: path-unknown-issuer, cert-expired, cert-not-yet, key-usage, leaf-is-ca,
 * cert-digest, key-too-short, key-type, path-….
 */
RF_MUST_CHECK enum rf_err rf_lsc_check(const struct rf_cert *cert, const struct rf_lsc_want *want,
                                       struct rf_why *why);

/** The common name of an LSC: the device's name, or with a model CP-<model>-<name>. RF_ERR_BAD
 * issue-name. */
#define RF_LSC_CN_MAX 64
RF_MUST_CHECK enum rf_err rf_lsc_cn(struct rf_slice model, struct rf_slice name,
                                    char cn[RF_LSC_CN_MAX + 1], struct rf_why *why);

#endif
