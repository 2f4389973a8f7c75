/* SPDX-License-Identifier: Apache-2.0 */
/* Digests: one-shot and streamed. The numbers are those of the containers (header tag 8).
 *
 *     uint8_t md[RF_DIGEST_MAX];
 *     size_t n = rf_digest_of(RF_DIGEST_SHA512, rf_slice_str("x"), md);
 */
#ifndef TRUST_DIGEST_H
#define TRUST_DIGEST_H

#include "base/bytes.h"

enum rf_digest {
    RF_DIGEST_SHA1 = 1,
    RF_DIGEST_SHA256 = 2,
    RF_DIGEST_SHA512 = 3,
};

#define RF_DIGEST_MAX 64

/** Bytes of such a digest; 0 for another number. */
size_t rf_digest_len(enum rf_digest alg);
/** "sha1", "sha256", "sha512", "?". */
const char *rf_digest_name(enum rf_digest alg);
/** A name as above, exactly; false when it is none. */
RF_MUST_CHECK bool rf_digest_from_name(const char *name, enum rf_digest *out);

/** Digest of one slice into `out` (RF_DIGEST_MAX bytes of room); returns its length. Any thread. */
size_t rf_digest_of(enum rf_digest alg, struct rf_slice data, uint8_t *out);
/** Digest of n slices in order. */
size_t rf_digest_of_parts(enum rf_digest alg, const struct rf_slice *parts, size_t n, uint8_t *out);

/** A digest under way. One thread at a time. */
struct rf_hash;
struct rf_hash *rf_hash_new(enum rf_digest alg);
void rf_hash_add(struct rf_hash *h, struct rf_slice data);
/** Ends it: fills `out`, returns the length. Nothing may be added after that. */
size_t rf_hash_end(struct rf_hash *h, uint8_t *out);
void rf_hash_free(struct rf_hash *h);
void rf_hash_freep(struct rf_hash **h);

#endif
