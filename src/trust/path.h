/* SPDX-License-Identifier: Apache-2.0 */
/* Does a certificate chain to an anchor held for this purpose (V2-V5, V8)? Anchors of different
 * purposes are different objects; nothing falls back from one to another, nor to the system's.
 *
 *     err = rf_path_check(capf_anchors, leaf, &chain, &policy, &why);
 *
 * Thread: an anchor set is filled once, then immutable and shared by counting; checks on any.
 * doc: docs/path-validation.md */
#ifndef TRUST_PATH_H
#define TRUST_PATH_H

#include "trust/cert.h"
#include "trust/revocation.h"

enum rf_purpose {
    RF_PURPOSE_SIGNALLING, /* phones at the call manager: LSC issuers, MIC roots where allowed */
    RF_PURPOSE_CAPF,       /* phones that show a certificate to CAPF: MIC roots, own issuers */
};
/** "signalling", "capf". */
const char *rf_purpose_name(enum rf_purpose p);

#define RF_ANCHORS_MAX 64

struct rf_anchors;

struct rf_anchors *rf_anchors_new(enum rf_purpose purpose);
/** Add an anchor while the set is not shared yet: a CA (root or issuing) certificate. Twice the
 * same is fine. RF_ERR_LIMIT anchor-count; RF_ERR_DENIED anchor-not-ca. */
RF_MUST_CHECK enum rf_err rf_anchors_add(struct rf_anchors *a, struct rf_cert *ca,
                                         struct rf_why *why);
/** Add every certificate of every *.pem file of a folder; a folder that is not there is empty. */
RF_MUST_CHECK enum rf_err rf_anchors_add_dir(struct rf_anchors *a, const char *dir,
                                             struct rf_why *why);
/** Those in the set by now are makers' of phones (MIC roots), what comes later is not. */
void rf_anchors_mark_makers(struct rf_anchors *a);
/** Is this certificate of the set, or NULL, a maker's? */
bool rf_anchors_is_maker(const struct rf_anchors *a, const struct rf_cert *anchor);
/** Add those of another set. */
RF_MUST_CHECK enum rf_err rf_anchors_add_all(struct rf_anchors *a, const struct rf_anchors *more,
                                             struct rf_why *why);
size_t rf_anchors_n(const struct rf_anchors *a);
/** Has one of them this subject (Name, DER)? Is one named as the issuer of this certificate? Names
 * only: the path is another question. */
bool rf_anchors_have_name(const struct rf_anchors *a, struct rf_slice subject_der);
bool rf_anchors_issued(const struct rf_anchors *a, const struct rf_cert *cert);
enum rf_purpose rf_anchors_purpose(const struct rf_anchors *a);
struct rf_anchors *rf_anchors_ref(struct rf_anchors *a);
void rf_anchors_unref(struct rf_anchors *a);
void rf_anchors_freep(struct rf_anchors **a);

struct rf_path_policy {
    int64_t now_s;       /* seconds since 1970, the caller's clock */
    unsigned rsa_min;    /* 0 takes the floor of 2048; EC below P-256 is always refused */
    bool allow_sha1;     /* certificates signed with SHA-1 (old MIC chains); off by default */
    bool excuse_expired; /* notAfter is asked of none of the path; all else is */
    bool is_lsc_purpose; /* V4: RSA needs digitalSignature and keyEncipherment; EC the first */
    /** V8: what is known of revoked certificates; NULL: not asked. Borrowed. */
    struct rf_revocation *revocation;
};

/** What a check has found, kept beside the certificate it was about, by whoever will ask again: a
 * session that is resumed, whose certificate is the same as before. Nothing (all zero) holds never.
 * What is no matter of the path (what was blocked, names) is not in it; and where anything
 * is asked about revocation (rf_revocation_is_asked), or a policy excuses an end, nothing is kept
 * and nothing holds. */
struct rf_path_memo {
    bool is_good;
    bool allow_sha1; /* the policy it was good under */
    bool is_lsc_purpose;
    unsigned rsa_min;
    int64_t from_s; /* while all certificates of the path are valid */
    int64_t to_s;
    uint8_t anchors[32]; /* which set of anchors, by what is in it */
};

/** Would the same check of the same certificate be passed again, now, by these anchors and under
 * this policy? False is no refusal: then it has to be made. */
bool rf_path_memo_holds(const struct rf_path_memo *memo, const struct rf_anchors *a,
                        const struct rf_path_policy *policy);

/**
 * Check a phone's certificate.
 *
 * leaf           never a CA, never self-issued.
 * intermediates  may be NULL; those of the peer, unordered.
 *
 * Returns RF_OK; RF_ERR_DENIED with code path-unknown-issuer, path-signature, path-ca,
 * path-length, cert-expired, cert-not-yet, leaf-is-ca, key-usage, key-too-short, key-type,
 * cert-digest, path-other; cert-revoked; and, where revocation is strict, why nothing is known of a
 * certificate of the path below the anchors: crl-missing, crl-expired, crl-not-yet, crl-signature,
 * crl-key-usage, crl-issuer, crl-extension, crl-scope, crl-path, crl-parse, ocsp-asked,
 * ocsp-unknown, ocsp-expired, ocsp-failed. The text names certificate, issuer and what to do.
 * `anchor` (may be NULL) borrows the anchor that ended the path.
 */
RF_MUST_CHECK enum rf_err rf_path_check(const struct rf_anchors *a, const struct rf_cert *leaf,
                                        const struct rf_cert_list *intermediates,
                                        const struct rf_path_policy *policy,
                                        const struct rf_cert **anchor, struct rf_why *why);

/** The same, and what was found in *memo: all zero if it was not good. */
RF_MUST_CHECK enum rf_err rf_path_check_noting(const struct rf_anchors *a,
                                               const struct rf_cert *leaf,
                                               const struct rf_cert_list *intermediates,
                                               const struct rf_path_policy *policy,
                                               struct rf_path_memo *memo, struct rf_why *why);

/** V3 alone: notBefore <= now <= notAfter. cert-not-yet, cert-expired. */
RF_MUST_CHECK enum rf_err rf_cert_time_check(const struct rf_cert *c, int64_t now_s,
                                             struct rf_why *why);
/** V3 on a phone without trusted time: refused only if notAfter is before the floor. */
RF_MUST_CHECK enum rf_err rf_cert_floor_check(const struct rf_cert *c, int64_t floor_s,
                                              struct rf_why *why);
/** V5 alone. key-too-short, key-type. rsa_min 0 takes 2048. */
RF_MUST_CHECK enum rf_err rf_cert_strength_check(const struct rf_cert *c, unsigned rsa_min,
                                                 struct rf_why *why);
/** V4 for a CAPF certificate: CA:TRUE, pathLen 0, digitalSignature, keyCertSign. capf-cert. */
RF_MUST_CHECK enum rf_err rf_cert_capf_check(const struct rf_cert *c, struct rf_why *why);

#endif
