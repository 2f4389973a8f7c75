/* SPDX-License-Identifier: Apache-2.0 */
/* Trust lists (CTLFile.tlv, ITLFile.tlv): a signed container with header version 1.2 whose body is
 * one record a certificate. What a list claims, not whether to believe it: signature, signer and
 * the certificates themselves are looked at in trust/.
 *
 *     struct rf_trustlist *list = rf_new(struct rf_trustlist);          (about 11 KiB)
 *     if (rf_trustlist_decode(file, list, &why) == RF_OK)
 *         for (size_t i = 0; i < list->record_n; i++)
 *             use(&list->record[i]);
 *
 * Thread: any.  Allocates: no.
 * Source: doc: docs/wire/trust-lists.md */
#ifndef WIRE_TRUSTLIST_TRUSTLIST_H
#define WIRE_TRUSTLIST_TRUSTLIST_H

#include "wire/signedfile/signedfile.h"

/** Phones fail on bigger lists: neither read nor written. */
#define RF_TRUSTLIST_BYTES_MAX 65536
/** Records a reader takes. */
#define RF_TRUSTLIST_RECORDS_MAX 64
/** Records a builder writes. */
#define RF_TRUSTLIST_BUILD_MAX 39

/** Record tag 4. Other numbers exist: they are kept and never fail. */
enum rf_trustlist_role {
    RF_TRUSTLIST_ROLE_SAST = 0,
    RF_TRUSTLIST_ROLE_CCM = 1,
    RF_TRUSTLIST_ROLE_CCM_TFTP = 2,
    RF_TRUSTLIST_ROLE_TFTP = 3,
    RF_TRUSTLIST_ROLE_CAPF = 4,
    RF_TRUSTLIST_ROLE_APP_SERVER = 7,
    RF_TRUSTLIST_ROLE_TVS = 21,
};

/** One record. A slice whose `p` is NULL was absent, one with only `len` 0 was there and
 * empty; texts are without their NUL. Issuer and serial may be absent in a record without
 * certificate and hash, which names nobody. */
struct rf_trustlist_record {
    struct rf_slice dns;
    struct rf_slice subject;
    uint16_t role; /* enum rf_trustlist_role or any other number */
    struct rf_slice issuer;
    struct rf_slice serial;      /* unsigned, minimal, big-endian */
    struct rf_slice public_key;  /* RSA: PKCS#1 DER; EC: uncompressed point */
    struct rf_slice signature;   /* the certificate's own */
    struct rf_slice certificate; /* DER; absent in lists that only carry hashes */
    struct rf_slice ip;          /* 4 or 16 bytes */
    struct rf_slice hash;        /* digest of the certificate */
    uint8_t hash_algorithm;      /* numbers as enum rf_signedfile_hash; 0 when absent */
};

struct rf_trustlist {
    struct rf_signedfile header;
    size_t record_n;
    struct rf_trustlist_record record[RF_TRUSTLIST_RECORDS_MAX];
    size_t unknown_n;      /* unknown record tags skipped */
    uint8_t unknown_first; /* the first of them */
};

/**
 * Decode a whole list.
 *
 * in   the file, all of it.
 * out  filled on RF_OK, zeroed otherwise; borrows from `in`.
 *
 * Returns RF_OK; RF_ERR_LIMIT list-size, record-count; RF_ERR_SHORT; RF_ERR_BAD not-a-trust-list
 * (a header version of another kind), record-tag, record-length, record-overrun (a value runs past
 * its record), record-tag-twice, record-value-length, record-missing-role, record-missing-issuer,
 * record-missing-serial, the text and serial codes of signedfile; and all that
 * rf_signedfile_decode gives.
 */
RF_MUST_CHECK enum rf_err rf_trustlist_decode(struct rf_slice in, struct rf_trustlist *out,
                                              struct rf_why *why);

/**
 * Write a whole list, its signature zeroed: header (form FILE, version 1.2, set here) and records
 * in the order 1 [2] 3 5 6 4 7 8 9 [10 11 12]. Absent slices are left out.
 *
 * spec    names, serial, hash, time stamp, signer version; form and version are not looked at.
 * out     where the signature goes. whole: the bytes written, in buf.
 *
 * Returns RF_OK; RF_ERR_LIMIT record-count (above RF_TRUSTLIST_BUILD_MAX), list-size (above
 * RF_TRUSTLIST_BYTES_MAX or cap); RF_ERR_BAD record-missing-issuer, record-missing-serial,
 * record-value-length, and all that rf_signedfile_encode gives.
 */
RF_MUST_CHECK enum rf_err rf_trustlist_encode(const struct rf_signedfile_spec *spec,
                                              const struct rf_trustlist_record *records, size_t n,
                                              uint8_t *buf, size_t cap,
                                              struct rf_signedfile_layout *out,
                                              struct rf_slice *whole, struct rf_why *why);

/** "SAST", "CCM", "CCM+TFTP", "TFTP", "CAPF", "APP-SERVER", "TVS"; NULL for another number. */
const char *rf_trustlist_role_name(uint16_t role);
/** The name, or "role-N" for another number. Returns buf. */
const char *rf_trustlist_role_text(uint16_t role, char *buf, size_t cap);
/** "sast", "ccm", "ccm-tftp", "tftp", "capf", "app-server", "tvs", as commands take them; NULL for
 * another number. */
const char *rf_trustlist_role_word(uint16_t role);
RF_MUST_CHECK bool rf_trustlist_role_from_word(struct rf_slice word, uint16_t *role);

#endif
