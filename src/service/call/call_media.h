/* SPDX-License-Identifier: Apache-2.0 */
/* Media and security words of call control: streams, SRTP keys, and how secure a leg and a call
 * are. No protocol, no sockets.
 * doc: docs/call-control.md, "Keys", "Status"; docs/security-rules.md, "Media and call status" */
#ifndef SERVICE_CALL_CALL_MEDIA_H
#define SERVICE_CALL_CALL_MEDIA_H

#include "base/bytes.h"

/** Bits. */
enum rf_call_codec {
    RF_CALL_CODEC_PCMU = 1,
    RF_CALL_CODEC_PCMA = 2,
    RF_CALL_CODEC_G722 = 4,
};

#define RF_CALL_PACKET_MS 20
#define RF_CALL_KEY_LEN   16
#define RF_CALL_SALT_LEN  14

/** One direction of media. */
struct rf_call_stream {
    enum rf_call_codec codec;
    uint32_t packet_ms;
};

/** In rising order: the strongest that both ends have is taken. */
enum rf_call_srtp {
    RF_CALL_SRTP_NONE,
    RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32,
    RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80,
    RF_CALL_SRTP_AEAD_AES_128_GCM,
    RF_CALL_SRTP_N
};
/** As a bit of what an end is able to. */
#define RF_CALL_ABLE(suite) (1u << (suite))
#define RF_CALL_ABLE_ALL                                                                           \
    (RF_CALL_ABLE(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32) |                                          \
     RF_CALL_ABLE(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80) |                                          \
     RF_CALL_ABLE(RF_CALL_SRTP_AEAD_AES_128_GCM))
/** "AES_CM_128_HMAC_SHA1_32", ...; "clear". A constant. */
const char *rf_call_srtp_name(enum rf_call_srtp suite);
/** Bytes of the salt that count. */
size_t rf_call_salt_len(enum rf_call_srtp suite);

/** The master key and salt of one direction. Wiped by its owner; never logged. */
struct rf_call_key {
    enum rf_call_srtp algorithm; /* NONE: the rest is zero, media is clear */
    uint8_t key[RF_CALL_KEY_LEN];
    uint8_t salt[RF_CALL_SALT_LEN];
};

/** Where a phone receives. */
struct rf_call_addr {
    bool is_ip6;
    uint8_t ip[16]; /* network order; IPv4 in the first four */
    uint16_t port;
};

/** How a device's signalling really runs. */
enum rf_call_signalling {
    RF_CALL_SIGNALLING_PLAIN,
    RF_CALL_SIGNALLING_AUTHENTICATED, /* TLS without encryption: no media key may travel */
    RF_CALL_SIGNALLING_ENCRYPTED,
};

/** Call security status, in rising order, so that the lowest is the call's. */
enum rf_call_security {
    RF_CALL_SECURITY_UNKNOWN,
    RF_CALL_SECURITY_NOT_AUTHENTICATED,
    RF_CALL_SECURITY_AUTHENTICATED, /* shield */
    RF_CALL_SECURITY_ENCRYPTED,     /* lock */
};
/** "unknown", "not-authenticated", "authenticated", "encrypted". A constant. */
const char *rf_call_security_name(enum rf_call_security security);

/** A device's rule about clear media. */
enum rf_call_media_policy {
    RF_CALL_MEDIA_BEST_EFFORT, /* SRTP where both ends can, else clear, shown as such */
    RF_CALL_MEDIA_REQUIRE,     /* a call that would be clear is refused */
};

/** What one end of a call is able to, and how its signalling runs. */
struct rf_call_side {
    enum rf_call_signalling signalling;
    uint32_t suites;   /* RF_CALL_ABLE bits; 0: no SRTP */
    uint32_t codecs;   /* bits of enum rf_call_codec */
    bool is_untrusted; /* of a type that no status may rest on */
    bool is_ip6;       /* its media is: by IPv6, else by IPv4 */
};

/** The suite between two ends: the strongest common one where both encrypt their signalling;
 * RF_CALL_SRTP_NONE: media is clear. */
enum rf_call_srtp rf_call_suite(const struct rf_call_side *a, const struct rf_call_side *b);
/** The codec between two ends, or 0. */
enum rf_call_codec rf_call_codec_of(const struct rf_call_side *a, const struct rf_call_side *b);
/** How secure one end is; `is_media_encrypted` once SRTP is set up both ways. */
enum rf_call_security rf_call_security_at(const struct rf_call_side *side, bool is_media_encrypted);
/** The call's status: the lower one. */
enum rf_call_security rf_call_security_of(const struct rf_call_side *a,
                                          const struct rf_call_side *b, bool is_media_encrypted);
/** A fresh key from the kernel's random numbers (no library, so fit for this thread). */
void rf_call_key_draw(enum rf_call_srtp suite, struct rf_call_key *key);
void rf_call_key_wipe(struct rf_call_key *key);
/** May media be sent there? Not to port 0, 0.0.0.0, ::, multicast or broadcast. */
bool rf_call_addr_usable(const struct rf_call_addr *addr);

#endif
