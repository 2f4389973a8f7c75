/* SPDX-License-Identifier: Apache-2.0 */
/* A list of revoked certificates (CRL), parsed once, immutable and shared by counting. It says what
 * the list contains; whether to believe it is rf_crl_check, and what follows for a certificate is
 * revocation.h.
 *
 *     RF_AUTO(rf_crl_freep) struct rf_crl *crl = NULL;
 *     if ((err = rf_crl_parse(bytes, &crl, why)) == RF_OK)
 *         err = rf_crl_check(crl, issuer, &policy, why);
 *
 * Thread: any (immutable; the count is atomic).
 * spec: RFC 5280 5; doc: docs/revocation.md */
#ifndef TRUST_CRL_H
#define TRUST_CRL_H

#include "trust/cert.h"

/** Longer lists are refused: some hundred thousand entries fit. */
#define RF_CRL_BYTES_MAX ((size_t)8 * 1024 * 1024)
/** "number" of a list, as decimal digits, with its NUL. */
#define RF_CRL_NUMBER_TEXT 52

struct rf_crl;

/**
 * Parse one list: DER and nothing behind it, or the one "X509 CRL" of a PEM text.
 *
 * Returns RF_OK; RF_ERR_LIMIT crl-size; RF_ERR_BAD crl-der (no strict DER, or bytes behind it),
 * crl-several (a PEM text with more lists than one), crl-parse (no list, or one without a time).
 */
RF_MUST_CHECK enum rf_err rf_crl_parse(struct rf_slice bytes, struct rf_crl **out,
                                       struct rf_why *why);
struct rf_crl *rf_crl_ref(struct rf_crl *crl);
void rf_crl_unref(struct rf_crl *crl);
void rf_crl_freep(struct rf_crl **crl);

struct rf_crl_policy {
    int64_t now_s;   /* seconds since 1970, the caller's clock */
    bool allow_sha1; /* lists signed with SHA-1 (old manufacturers); off by default */
};

/** Is the name in it that of this certificate? Names are compared as RFC 5280 says. */
bool rf_crl_is_of(const struct rf_crl *crl, const struct rf_cert *issuer);

/**
 * May it be taken up, as a list of this issuer? Whether the issuer has signed it is asked first:
 * what is said after that is said of its list.
 *
 * Returns RF_OK; RF_ERR_DENIED crl-issuer (another's name), crl-key-usage (the issuer may not sign
 * lists), crl-digest, crl-extension (a critical one that is not known here, of the list or of an
 * entry), crl-delta (only changes to another list), crl-not-yet, crl-expired, crl-no-next-update;
 * RF_ERR_CRYPTO crl-signature.
 */
RF_MUST_CHECK enum rf_err rf_crl_check(const struct rf_crl *crl, const struct rf_cert *issuer,
                                       const struct rf_crl_policy *policy, struct rf_why *why);
/** Is `crl` newer than `held`, a list of the same issuer? By their numbers; where one has none, by
 * their times. The same list is not newer. */
bool rf_crl_is_newer(const struct rf_crl *crl, const struct rf_crl *held);
/** The same bytes? */
bool rf_crl_eq(const struct rf_crl *a, const struct rf_crl *b);

struct rf_slice rf_crl_der(const struct rf_crl *crl);
/** As rf_cert_subject. */
const char *rf_crl_issuer(const struct rf_crl *crl);
/** Seconds since 1970. The second is 0 when the list does not say. */
int64_t rf_crl_this_update(const struct rf_crl *crl);
int64_t rf_crl_next_update(const struct rf_crl *crl);
/** Decimal digits; "" when it has none. */
const char *rf_crl_number(const struct rf_crl *crl);
/** Entries. */
size_t rf_crl_n(const struct rf_crl *crl);

#endif
