/* SPDX-License-Identifier: Apache-2.0 */
#include "service/call/call_media.h"

#include "base/faults.h"
#include "base/random.h"
#include "base/secret.h"

#include <arpa/inet.h>
#include <string.h>

const char *rf_call_security_name(enum rf_call_security security)
{
    static const char *const names[] = {"unknown", "not-authenticated", "authenticated",
                                        "encrypted"};
    return (size_t)security < sizeof names / sizeof *names ? names[security] : "unknown";
}

static const struct {
    const char *name;
    size_t salt_len;
} suites[RF_CALL_SRTP_N] = {
    [RF_CALL_SRTP_NONE] = {"clear", 0},
    [RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 14},
    [RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 14},
    [RF_CALL_SRTP_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", 12},
};

const char *rf_call_srtp_name(enum rf_call_srtp suite)
{
    return (size_t)suite < RF_CALL_SRTP_N ? suites[suite].name : "unknown";
}

size_t rf_call_salt_len(enum rf_call_srtp suite)
{
    return (size_t)suite < RF_CALL_SRTP_N ? suites[suite].salt_len : 0;
}

enum rf_call_srtp rf_call_suite(const struct rf_call_side *a, const struct rf_call_side *b)
{
    if (a->signalling != RF_CALL_SIGNALLING_ENCRYPTED ||
        b->signalling != RF_CALL_SIGNALLING_ENCRYPTED)
        return RF_CALL_SRTP_NONE;
    for (int suite = RF_CALL_SRTP_N - 1; suite > RF_CALL_SRTP_NONE; suite--)
        if ((a->suites & b->suites & RF_CALL_ABLE(suite)) != 0)
            return (enum rf_call_srtp)suite;
    return RF_CALL_SRTP_NONE;
}

enum rf_call_codec rf_call_codec_of(const struct rf_call_side *a, const struct rf_call_side *b)
{
    static const enum rf_call_codec best_first[] = {RF_CALL_CODEC_G722, RF_CALL_CODEC_PCMU,
                                                    RF_CALL_CODEC_PCMA};
    for (size_t i = 0; i < sizeof best_first / sizeof *best_first; i++)
        if ((a->codecs & b->codecs & (uint32_t)best_first[i]) != 0)
            return best_first[i];
    return (enum rf_call_codec)0;
}

/* doc: docs/security-rules.md, "Media and call status": signalling that encrypts, with media in
 * clear, is authenticated at most */
enum rf_call_security rf_call_security_at(const struct rf_call_side *side, bool is_media_encrypted)
{
    if (side->is_untrusted && !rf_fault_skips("call.untrusted-type"))
        return RF_CALL_SECURITY_NOT_AUTHENTICATED;
    switch (side->signalling) {
    case RF_CALL_SIGNALLING_ENCRYPTED:
        return is_media_encrypted ? RF_CALL_SECURITY_ENCRYPTED : RF_CALL_SECURITY_AUTHENTICATED;
    case RF_CALL_SIGNALLING_AUTHENTICATED:
        return RF_CALL_SECURITY_AUTHENTICATED;
    case RF_CALL_SIGNALLING_PLAIN:
        break;
    }
    return RF_CALL_SECURITY_NOT_AUTHENTICATED;
}

enum rf_call_security rf_call_security_of(const struct rf_call_side *a,
                                          const struct rf_call_side *b, bool is_media_encrypted)
{
    enum rf_call_security sa = rf_call_security_at(a, is_media_encrypted);
    enum rf_call_security sb = rf_call_security_at(b, is_media_encrypted);
    return sa < sb ? sa : sb;
}

void rf_call_key_draw(enum rf_call_srtp suite, struct rf_call_key *key)
{
    *key = (struct rf_call_key){.algorithm = suite};
    rf_random_bytes(key->key, sizeof key->key);
    rf_random_bytes(key->salt, rf_call_salt_len(suite));
}

void rf_call_key_wipe(struct rf_call_key *key)
{
    rf_wipe(key, sizeof *key);
}

static bool ip4_usable(const uint8_t ip[16])
{
    uint32_t host;
    memcpy(&host, ip, sizeof host);
    host = ntohl(host);
    return (host >> 24) != 0 && host < 0xe0000000u; /* 0/8; multicast, reserved, broadcast */
}

static bool ip6_usable(const uint8_t ip[16])
{
    struct in6_addr a;
    memcpy(&a, ip, sizeof a);
    return !IN6_IS_ADDR_UNSPECIFIED(&a) && !IN6_IS_ADDR_MULTICAST(&a);
}

bool rf_call_addr_usable(const struct rf_call_addr *addr)
{
    if (addr->port == 0)
        return false;
    return addr->is_ip6 ? ip6_usable(addr->ip) : ip4_usable(addr->ip);
}
