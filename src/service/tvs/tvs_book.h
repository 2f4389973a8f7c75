/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that the trust verification service vouches for, with their roles. Filled once,
 * then only read.
 *
 *     struct rf_tvs_book *book = rf_tvs_book_new(86400);
 *     err = rf_tvs_book_add(book, cert, RF_TVS_ROLE(RF_TRUSTLIST_ROLE_CCM), 0, &why);
 *     if (rf_tvs_book_verify(book, der, now_s, &answer)) ...
 *
 * A phone takes a new trust list when its signer has the role SAST here. So that role is given only
 * to certificates that were permitted as well: to add one is not enough.
 *
 * Thread: one. doc: docs/tvs.md */
#ifndef SERVICE_TVS_TVS_BOOK_H
#define SERVICE_TVS_TVS_BOOK_H

#include "trust/cert.h"
#include "wire/tvs/tvs.h"

#define RF_TVS_BOOK_MAX 1024

/** Roles of one certificate: bit n is role n of trust lists. */
#define RF_TVS_ROLE(role) (UINT32_C(1) << (role))
/** All there are. */
uint32_t rf_tvs_roles_known(void);

struct rf_tvs_book;

/** `ttl_s`: how long phones may keep an answer, unless its certificate says otherwise. */
struct rf_tvs_book *rf_tvs_book_new(uint32_t ttl_s);
void rf_tvs_book_free(struct rf_tvs_book *book);
void rf_tvs_book_freep(struct rf_tvs_book **book);

/** Vouch for a certificate; one that is there gets the roles as well. ttl_s 0: the book's.
 * RF_ERR_LIMIT tvs-full; RF_ERR_BAD tvs-roles (none, or unknown ones). */
RF_MUST_CHECK enum rf_err rf_tvs_book_add(struct rf_tvs_book *book, struct rf_cert *cert,
                                          uint32_t roles, uint32_t ttl_s, struct rf_why *why);
/** This certificate may sign trust lists. */
void rf_tvs_book_permit(struct rf_tvs_book *book, const struct rf_cert *cert);
/** Those with these fingerprints (SHA-256, 64 hex digits, blanks between), added before. */
void rf_tvs_book_permit_named(struct rf_tvs_book *book, const char *fingerprints);

struct rf_tvs_entry {
    struct rf_cert *cert;
    uint32_t roles; /* as given out: SAST only of those permitted */
    uint32_t ttl_s;
};
size_t rf_tvs_book_n(const struct rf_tvs_book *book);
struct rf_tvs_entry rf_tvs_book_at(const struct rf_tvs_book *book, size_t i);

/**
 * Is this certificate one of them, and valid today?
 *
 * Returns RF_OK and what to answer; RF_ERR_NOT_FOUND tvs-unknown; RF_ERR_DENIED tvs-expired,
 * tvs-not-yet-valid, tvs-no-role (nothing is left of its roles).
 */
RF_MUST_CHECK enum rf_err rf_tvs_book_verify(const struct rf_tvs_book *book, struct rf_slice der,
                                             int64_t now_s, struct rf_tvs_entry *out,
                                             struct rf_why *why);
/** The same for one that is only named: one element of the question is its serial number, another
 * its issuer, as the text of trust lists or as DER. Also RF_ERR_DENIED tvs-ambiguous.
 * doc: docs/wire/tvs.md, "Query" */
RF_MUST_CHECK enum rf_err rf_tvs_book_query(const struct rf_tvs_book *book,
                                            const struct rf_tvs_msg *question, int64_t now_s,
                                            struct rf_tvs_entry *out, struct rf_why *why);

#endif
