/* SPDX-License-Identifier: Apache-2.0 */
/* How path.c asks about each certificate of a path. */
#ifndef TRUST_REVOCATION_INT_H
#define TRUST_REVOCATION_INT_H

#include <openssl/x509_vfy.h>

#include "trust/revocation.h"

/* Deeper than any path that is checked. */
#define REVOCATION_DEPTH_MAX 16

/** One path check. `set` is NULL where nothing is looked at. */
struct revocation_look {
    struct rf_revocation *of;
    const struct revocation_set *set;
    struct {
        bool is_revoked;
        bool is_damaged;  /* the list does not count, so what stands in it does not either */
        const char *code; /* why the lists leave it open; NULL: they do not */
    } at[REVOCATION_DEPTH_MAX];
};

/** Hold what is known now until revocation_end. `r` may be NULL. */
void revocation_begin(struct rf_revocation *r, struct revocation_look *look);
void revocation_end(struct revocation_look *look);
/** Have OpenSSL look at the lists, too, for every certificate of the path. */
void revocation_prepare(const struct revocation_look *look, X509_STORE_CTX *ctx);
/** A complaint about revocation? Then it is noted, and OpenSSL goes on; judged is later. */
bool revocation_note(struct revocation_look *look, int error, int depth);
/** Is this error about lists? */
bool revocation_is_about(int error);

/** One certificate of a verified path, of which the next one is `issuer`. RF_OK; RF_ERR_DENIED
 * cert-revoked or, strict, the reason why its state is not known. */
enum rf_err revocation_judge(struct revocation_look *look, size_t depth, const struct rf_cert *cert,
                             const struct rf_cert *issuer, int64_t now_s, struct rf_why *why);

#endif
