/* SPDX-License-Identifier: Apache-2.0 */
/* Make certificates: the site's own, the manufacturer's for software phones, and LSCs (A8). The
 * signing key is a vault key, so that an LSC is signed by the signer process: only the digest of
 * what is to be signed goes there.
 *
 *     struct rf_issue_self s = {.role = RF_CERT_ROLE_TFTP, .cn = "tftp.site", .org = "Site",
 *                               .now_s = now, .days = 1825};
 *     err = rf_issue_self_signed(&s, vault_key, &cert, &why);
 *
 * Serials are 128 random bits, positive; SHA-256 (of a MIC, SHA-1 where that is asked for);
 * notBefore an hour before now (a day for phones' certificates, whose clocks are bad). Thread: that
 * of the vault key; blocks while signing. */
#ifndef TRUST_ISSUE_H
#define TRUST_ISSUE_H

#include "trust/vault.h"

enum rf_cert_role {
    RF_CERT_ROLE_SAST,         /* signs trust lists */
    RF_CERT_ROLE_CCM,          /* call manager TLS; DNS and IP names wanted */
    RF_CERT_ROLE_TFTP,         /* signs files */
    RF_CERT_ROLE_CAPF,         /* CAPF TLS: CA:TRUE, pathLen 0, digitalSignature, keyCertSign; RSA:
                                * keyEncipherment */
    RF_CERT_ROLE_TVS,          /* TVS TLS */
    RF_CERT_ROLE_LSC_ISSUER,   /* CA, pathLen 0: issues LSCs */
    RF_CERT_ROLE_MIC_ROOT,     /* CA */
    RF_CERT_ROLE_MIC_ISSUER,   /* CA, pathLen 0, issued by the root */
    RF_CERT_ROLE_IMAGE_SIGNER, /* signs images of ringphone */
};

/** A site or manufacturer certificate. Texts are UTF-8, 1..64 characters, no control bytes. */
struct rf_issue_self {
    enum rf_cert_role role;
    const char *cn;
    const char *org;  /* may be NULL, as unit */
    const char *unit; /* OU */
    const char *dns;  /* may be NULL: SAN of TLS servers */
    int64_t now_s;
    unsigned days;
};

/** Self-signed with `key`. RF_ERR_BAD issue-name, issue-days; and what rf_vault_sign gives. */
RF_MUST_CHECK enum rf_err rf_issue_self_signed(const struct rf_issue_self *spec,
                                               struct rf_vault_key *key, struct rf_cert **out,
                                               struct rf_why *why);

/** The same for the public key `spki`, signed by a CA (MIC issuing CA under the MIC root). Never
 * outlives the CA. RF_ERR_DENIED issue-not-ca, key-cert-mismatch. */
RF_MUST_CHECK enum rf_err rf_issue_by_ca(const struct rf_issue_self *spec, struct rf_slice spki,
                                         const struct rf_cert *ca, struct rf_vault_key *ca_key,
                                         struct rf_cert **out, struct rf_why *why);

/** A MIC: CN CP-<model>-<device name>, serialNumber "PID:CP-<model> SN:<serial>". */
struct rf_issue_mic {
    struct rf_slice device_name;   /* SEP<12 hex> */
    struct rf_slice model;         /* 1..20 of A-Z a-z 0-9 . _ - */
    struct rf_slice serial_number; /* 1 or more of A-Z a-z 0-9 . - and space */
    const char *org;               /* never the real manufacturer's */
    struct rf_slice spki;
    int64_t now_s;
    unsigned days;
    bool is_sha1; /* weak: signed with SHA-1, as those of old phones are */
};
RF_MUST_CHECK enum rf_err rf_issue_mic(const struct rf_issue_mic *spec, const struct rf_cert *ca,
                                       struct rf_vault_key *ca_key, struct rf_cert **out,
                                       struct rf_why *why);

/** An LSC (A8). */
struct rf_issue_lsc {
    struct rf_slice device_name; /* SAN URI; and the CN, by form */
    struct rf_slice model;       /* empty: CN is the device name; else CP-<model>-<device name> */
    struct rf_slice spki;        /* judged before with rf_spki_check */
    int64_t now_s;
    unsigned days; /* 1..1825 */
};
/** What there is to know of a certificate when it has been made: to read it back would cost a third
 * of making it. The texts are what rf_cert_subject and rf_cert_issuer would give. Zero it first;
 * release with rf_issued_fini. */
struct rf_issued {
    struct rf_buf der;
    char *subject;
    char *issuer;
    uint8_t sha256[32];
    uint8_t serial[16];
    int64_t not_before_s;
    int64_t not_after_s;
};
void rf_issued_fini(struct rf_issued *issued);

/** Issue. Subject: CN, then O, OU, L, ST, C of the issuer's subject; issuer name byte for byte the
 * issuer's subject. RF_ERR_BAD issue-name, issue-days, spki-parse; RF_ERR_DENIED
 * issue-not-ca, key-cert-mismatch, issuer-ended. */
RF_MUST_CHECK enum rf_err rf_issue_lsc(const struct rf_issue_lsc *spec, const struct rf_cert *ca,
                                       struct rf_vault_key *ca_key, struct rf_cert **out,
                                       struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_issue_lsc_unread(const struct rf_issue_lsc *spec,
                                              const struct rf_cert *ca, struct rf_vault_key *ca_key,
                                              struct rf_issued *out, struct rf_why *why);

#endif
