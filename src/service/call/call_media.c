/* SPDX-License-Identifier: Apache-2.0 */
#include "service/call/call_media.h"

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

bool rf_call_srtp_possible(enum rf_call_signalling a, bool a_srtp, enum rf_call_signalling b,
                           bool b_srtp)
{
    return a == RF_CALL_SIGNALLING_ENCRYPTED && a_srtp && b == RF_CALL_SIGNALLING_ENCRYPTED &&
           b_srtp;
}

/* doc: docs/security-rules.md, "Media and call status": signalling that encrypts, with media in
 * clear, is authenticated at most */
static enum rf_call_security of_leg(enum rf_call_signalling s, bool is_media_encrypted)
{
    switch (s) {
    case RF_CALL_SIGNALLING_ENCRYPTED:
        return is_media_encrypted ? RF_CALL_SECURITY_ENCRYPTED : RF_CALL_SECURITY_AUTHENTICATED;
    case RF_CALL_SIGNALLING_AUTHENTICATED:
        return RF_CALL_SECURITY_AUTHENTICATED;
    case RF_CALL_SIGNALLING_PLAIN:
        break;
    }
    return RF_CALL_SECURITY_NOT_AUTHENTICATED;
}

enum rf_call_security rf_call_security_of(enum rf_call_signalling a, enum rf_call_signalling b,
                                          bool is_media_encrypted)
{
    enum rf_call_security sa = of_leg(a, is_media_encrypted);
    enum rf_call_security sb = of_leg(b, is_media_encrypted);
    return sa < sb ? sa : sb;
}

void rf_call_key_draw(struct rf_call_key *key)
{
    key->algorithm = RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32;
    rf_random_bytes(key->key, sizeof key->key);
    rf_random_bytes(key->salt, sizeof key->salt);
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
