/* SPDX-License-Identifier: Apache-2.0 */
/* The suites of SRTP that streams speak, and a key with its salt for one of them. One table
 * (key.c) holds names and lengths.
 * spec: RFC 3711 4, RFC 4568 6.2, RFC 7714 12 */
#ifndef MEDIA_KEY_H
#define MEDIA_KEY_H

#include "base/bytes.h"

enum rf_media_suite {
    RF_MEDIA_CLEAR, /* RTP */
    RF_MEDIA_AES_CM_128_HMAC_SHA1_32,
    RF_MEDIA_AES_CM_128_HMAC_SHA1_80,
    RF_MEDIA_AEAD_AES_128_GCM,
};
#define RF_MEDIA_SUITES    4
#define RF_MEDIA_KEY_BYTES 16

struct rf_media_suite_info {
    const char *name; /* "none", "AES_CM_128_HMAC_SHA1_32" */
    size_t key_len, salt_len;
    size_t tag_len;      /* bytes that a packet of RTP grows by */
    size_t rtcp_tag_len; /* of RTCP: the index of four bytes comes on top */
};
const struct rf_media_suite_info *rf_media_suite_get(enum rf_media_suite suite);
const char *rf_media_suite_name(enum rf_media_suite suite);

/** Wipe it after handing it over (rf_media_key_wipe); calls take a copy. Of key and salt the suite
 * uses as much as its row says. */
struct rf_media_key {
    enum rf_media_suite suite;
    uint8_t master[RF_MEDIA_KEY_BYTES];
    uint8_t salt[14];
};
/** A fresh random key and salt. */
void rf_media_key_make(enum rf_media_suite suite, struct rf_media_key *out);
void rf_media_key_wipe(struct rf_media_key *key);

/** A number that tells keys apart without telling them: a keyed hash (SipHash-2-4) of key and
 * salt. 0 for RF_MEDIA_CLEAR only. `secret` is random and never leaves the process. */
struct rf_media_key_secret {
    uint64_t half[2];
};
uint64_t rf_media_key_mark(const struct rf_media_key *key,
                           const struct rf_media_key_secret *secret);

#endif
