/* SPDX-License-Identifier: Apache-2.0 */
#include "media/key.h"

#include "base/random.h"
#include "base/secret.h"

static const struct rf_media_suite_info suites[RF_MEDIA_SUITES] = {
    [RF_MEDIA_CLEAR] = {.name = "none"},
    /* SRTCP keeps the long tag under both. spec: RFC 4568 6.2.2 */
    [RF_MEDIA_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10},
    [RF_MEDIA_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10},
    [RF_MEDIA_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", 16, 12, 16, 16},
};

const struct rf_media_suite_info *rf_media_suite_get(enum rf_media_suite suite)
{
    rf_bug_on((unsigned)suite >= RF_MEDIA_SUITES);
    return &suites[suite];
}

const char *rf_media_suite_name(enum rf_media_suite suite)
{
    return rf_media_suite_get(suite)->name;
}

void rf_media_key_make(enum rf_media_suite suite, struct rf_media_key *out)
{
    const struct rf_media_suite_info *info = rf_media_suite_get(suite);
    *out = (struct rf_media_key){.suite = suite};
    rf_random_bytes(out->master, info->key_len);
    rf_random_bytes(out->salt, info->salt_len);
}

void rf_media_key_wipe(struct rf_media_key *key)
{
    rf_wipe(key, sizeof *key);
}

/* --- SipHash-2-4 --- */

struct sip {
    uint64_t v[4];
};

static uint64_t rotated(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void sip_rounds(struct sip *s, unsigned n)
{
    while (n-- > 0) {
        s->v[0] += s->v[1];
        s->v[1] = rotated(s->v[1], 13) ^ s->v[0];
        s->v[0] = rotated(s->v[0], 32);
        s->v[2] += s->v[3];
        s->v[3] = rotated(s->v[3], 16) ^ s->v[2];
        s->v[0] += s->v[3];
        s->v[3] = rotated(s->v[3], 21) ^ s->v[0];
        s->v[2] += s->v[1];
        s->v[1] = rotated(s->v[1], 17) ^ s->v[2];
        s->v[2] = rotated(s->v[2], 32);
    }
}

static void sip_word(struct sip *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_rounds(s, 2);
    s->v[0] ^= word;
}

/* Up to eight bytes, low end first; fewer are filled up with zeros. */
static uint64_t word_of(const uint8_t *bytes, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n && i < 8; i++)
        word |= (uint64_t)bytes[i] << 8 * i;
    return word;
}

uint64_t rf_media_key_mark(const struct rf_media_key *key, const struct rf_media_key_secret *secret)
{
    if (key->suite == RF_MEDIA_CLEAR)
        return 0;
    const struct rf_media_suite_info *info = rf_media_suite_get(key->suite);
    struct sip s = {{secret->half[0] ^ 0x736f6d6570736575u, secret->half[1] ^ 0x646f72616e646f6du,
                     secret->half[0] ^ 0x6c7967656e657261u, secret->half[1] ^ 0x7465646279746573u}};
    sip_word(&s, word_of(key->master, 8));
    sip_word(&s, word_of(&key->master[8], 8));
    sip_word(&s, word_of(key->salt, 8));
    /* The last word has the length, as the algorithm wants it, in its highest byte. */
    uint64_t length = info->key_len + info->salt_len;
    sip_word(&s, word_of(&key->salt[8], info->salt_len - 8) | length << 56);
    s.v[2] ^= 0xff;
    sip_rounds(&s, 4);
    uint64_t mark = s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
    rf_wipe(&s, sizeof s);
    return mark != 0 ? mark : 1;
}
