/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of revoked certificates now: lists (CRLs) and answers of OCSP responders, and what
 * follows where nothing is known. Path checks ask it in handshakes, on every I/O worker, so it is
 * read without a lock and never waits: an answer that is not there yet is asked for, and the
 * handshake is decided without it.
 *
 *     policy.revocation = revocation;                   (rf_path_check: path.h)
 *     err = rf_revocation_check(revocation, cert, why); (later, with the certificate alone)
 *
 * Thread: any reads; one at a time changes. doc: docs/revocation.md */
#ifndef TRUST_REVOCATION_H
#define TRUST_REVOCATION_H

#include "trust/crl.h"
#include "trust/ocsp.h"

enum rf_revocation_mode {
    RF_REVOCATION_OFF,     /* nothing is looked at */
    RF_REVOCATION_LENIENT, /* refused is what is known to be revoked */
    RF_REVOCATION_STRICT,  /* and also what might be: nothing that counts says that it is not */
};
/** "off", "lenient", "strict". */
const char *rf_revocation_mode_name(enum rf_revocation_mode mode);

#define RF_REVOCATION_CRLS_MAX 256
/** Two for each device of a full site: its LSC and the one before, or its MIC. An answer has 88
 * bytes here; who asks keeps the certificate as well, 7.3 KB as decoded. */
#define RF_REVOCATION_ANSWERS_MAX 40960

struct rf_revocation;

/** Both may be called on any thread, in the middle of a handshake: they only hand on. */
struct rf_revocation_ops {
    /** Nothing is known of `cert` that counts, and a responder is set for its issuer. */
    void (*ask)(void *arg, const struct rf_cert *cert, const struct rf_cert *issuer);
    /** It was let in although its state is not known; the reason is in `why`. */
    void (*doubt)(void *arg, const struct rf_cert *cert, const struct rf_why *why);
};

/** Off, and nothing is known. `ops` (may be NULL) outlives it. */
struct rf_revocation *rf_revocation_new(const struct rf_revocation_ops *ops, void *arg);
/** Nobody reads it any more. NULL is fine. */
void rf_revocation_free(struct rf_revocation *r);

struct rf_revocation_conf {
    enum rf_revocation_mode mode;
    struct rf_crl *const *crls; /* checked by rf_crl_check; their counts go up */
    size_t n_crls;
    /** Name (DER) of the issuer whose certificates this site has in its own records: without a
     * list or a responder these records decide, and it is nobody's doubt. May be empty. */
    struct rf_slice own_issuer;
    /** A responder is set for issuers with these fingerprints, 32 bytes each; and for all but our
     * own. */
    struct rf_slice asked_issuers;
    bool asks_all;
};
/** These, and no others, from now on. Answers of responders stay. RF_ERR_LIMIT crl-count. */
RF_MUST_CHECK enum rf_err rf_revocation_set(struct rf_revocation *r,
                                            const struct rf_revocation_conf *conf,
                                            struct rf_why *why);
enum rf_revocation_mode rf_revocation_mode(struct rf_revocation *r);
/** Can a path check find anything here? Not where it is off, nor lenient with neither list nor
 * responder. `r` may be NULL: no. */
bool rf_revocation_is_asked(struct rf_revocation *r);

/** What is known of one certificate by OCSP. */
struct rf_revocation_answer {
    uint8_t sha256[32];
    enum rf_ocsp_status status;
    int64_t until_s;            /* counts until then; one that says revoked always */
    char code[RF_WHY_CODE_MAX]; /* unknown: why */
};
/** Takes the place of the one before. RF_ERR_LIMIT ocsp-answers: too many certificates. */
RF_MUST_CHECK enum rf_err rf_revocation_answer(struct rf_revocation *r,
                                               const struct rf_revocation_answer *answer,
                                               struct rf_why *why);
/** No more is known of it. */
void rf_revocation_forget(struct rf_revocation *r, const uint8_t sha256[32]);

/** Is it known to be revoked? With the certificate alone: by its issuer's name and its number, and
 * by what a responder said. For what was let in before. RF_OK; RF_ERR_DENIED cert-revoked. `r` may
 * be NULL. */
RF_MUST_CHECK enum rf_err rf_revocation_check(struct rf_revocation *r, const struct rf_cert *cert,
                                              struct rf_why *why);

#endif
