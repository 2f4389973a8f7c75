/* SPDX-License-Identifier: Apache-2.0 */
/* From OpenSSL's errors to reasons. Each text says what the person at the other end of the log can
 * do about it. */
#include "net/tls_ssl.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>

/* spec: RFC 8446 section 6, RFC 5246 section 7.2 for those that only TLS 1.2 has */
static const struct alert {
    int number;
    const char *name;
    const char *advice;
} alerts[] = {
    {0, "close-notify", NULL},
    {10, "unexpected-message", NULL},
    {20, "bad-record-mac", "what we sent was changed on its way"},
    {21, "decryption-failed", "what we sent was changed on its way"},
    {22, "record-overflow", NULL},
    {40, "handshake-failure",
     "no suite in common, or it wants a certificate that we did not present"},
    {42, "bad-certificate", "it does not accept our certificate"},
    {43, "unsupported-certificate", "it does not take a certificate of this kind for this use"},
    {44, "certificate-revoked", "our certificate is revoked"},
    {45, "certificate-expired", "it holds our certificate for expired: compare the clocks"},
    {46, "certificate-unknown", "it does not accept our certificate"},
    {47, "illegal-parameter", NULL},
    {48, "unknown-ca", "it does not trust the issuer of our certificate"},
    {49, "access-denied", NULL},
    {50, "decode-error", NULL},
    {51, "decrypt-error", "a signature of ours did not verify, or a handshake message was changed"},
    {70, "protocol-version", "no TLS version in common"},
    {71, "insufficient-security", "it wants stronger suites than we offer"},
    {80, "internal-error", NULL},
    {86, "inappropriate-fallback", "a second try with a lower version was taken for an attack"},
    {90, "user-canceled", NULL},
    {100, "no-renegotiation", NULL},
    {109, "missing-extension", NULL},
    {110, "unsupported-extension", NULL},
    {112, "unrecognized-name", NULL},
    {113, "bad-certificate-status", NULL},
    {115, "unknown-psk-identity", NULL},
    {116, "certificate-required", "it wants a certificate and we presented none"},
    {120, "no-application-protocol", NULL},
};

static void why_alert(struct rf_why *why, int number)
{
    const struct alert *found = NULL;
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (alerts[i].number == number)
            found = &alerts[i];
    char code[RF_WHY_CODE_MAX];
    if (found != NULL)
        snprintf(code, sizeof code, "tls-alert-%s", found->name);
    else
        snprintf(code, sizeof code, "tls-alert-%d", number);
    (void)rf_why_set(why, RF_ERR_DENIED, code, "the other side refused with alert %d%s%s", number,
                     found != NULL && found->advice != NULL ? ": " : "",
                     found != NULL && found->advice != NULL ? found->advice : "");
}

static const struct reason {
    int reason;
    const char *code;
    const char *text;
} reasons[] = {
#define BAD_RECORD                                                                                 \
    "tls-bad-record", "a TLS record was changed on its way, or what arrived is not TLS"
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, BAD_RECORD},
    {SSL_R_BAD_RECORD_TYPE, BAD_RECORD},
    {SSL_R_WRONG_VERSION_NUMBER, BAD_RECORD},
    {SSL_R_HTTP_REQUEST, BAD_RECORD},
    {SSL_R_HTTPS_PROXY_REQUEST, BAD_RECORD},
    {SSL_R_BAD_LENGTH, BAD_RECORD},
    {SSL_R_LENGTH_TOO_SHORT, BAD_RECORD},
    {SSL_R_LENGTH_TOO_LONG, BAD_RECORD},
    {SSL_R_DATA_LENGTH_TOO_LONG, BAD_RECORD},
    {SSL_R_PACKET_LENGTH_TOO_LONG, BAD_RECORD},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, BAD_RECORD},
    {SSL_R_RECORD_LENGTH_MISMATCH, BAD_RECORD},
    {SSL_R_RECORD_TOO_SMALL, BAD_RECORD},
    {SSL_R_UNEXPECTED_RECORD, BAD_RECORD},
    {SSL_R_NOT_ON_RECORD_BOUNDARY, BAD_RECORD},
#undef BAD_RECORD
#define VERSION                                                                                    \
    "tls-version", "no TLS version in common: TLS 1.2 or 1.3 is needed (on a legacy port 1.0 to "  \
                   "1.2)"
    {SSL_R_UNSUPPORTED_PROTOCOL, VERSION},
    {SSL_R_UNSUPPORTED_SSL_VERSION, VERSION},
    {SSL_R_VERSION_TOO_LOW, VERSION},
    {SSL_R_VERSION_TOO_HIGH, VERSION},
    {SSL_R_WRONG_SSL_VERSION, VERSION},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, VERSION},
    {SSL_R_INAPPROPRIATE_FALLBACK, RF_TLS_DOWNGRADE,
     "a second try with a lower version though both can do a higher one: downgrade attempt"},
#undef VERSION
#define SUITE                                                                                      \
    "tls-no-common-suite", "no suite, group or signature in common: ECDHE with AES-GCM is needed " \
                           "(on a legacy port AES will do; on that of authenticated devices a "    \
                           "suite that does not encrypt)"
    {SSL_R_NO_SHARED_CIPHER, SUITE},
    {SSL_R_NO_CIPHERS_AVAILABLE, SUITE},
    {SSL_R_NO_SHARED_GROUPS, SUITE},
    {SSL_R_NO_SUITABLE_GROUPS, SUITE},
    {SSL_R_NO_SUITABLE_KEY_SHARE, SUITE},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SUITE},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SUITE},
    {SSL_R_WRONG_CIPHER_RETURNED, SUITE},
    {SSL_R_UNKNOWN_CIPHER_RETURNED, SUITE},
#undef SUITE
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, "tls-no-secure-renegotiation",
     "the other side does not speak secure renegotiation (RFC 5746)"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "tls-no-certificate",
     "the other side presented no certificate"},
};

static const struct reason *reason_of(int number)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].reason == number)
            return &reasons[i];
    return NULL;
}

static enum rf_tls_io ssl_failed(struct rf_why *why)
{
    unsigned long first = ERR_peek_error();
    unsigned long e;
    /* In front of TLS's own reason may stand that of the cipher or the parser below it. */
    while ((e = ERR_get_error()) != 0) {
        int number = ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_GET_REASON(e) : 0;
        const struct reason *known = reason_of(number);
        if (number == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
            ERR_clear_error();
            return RF_TLS_END;
        }
        if (number > SSL_AD_REASON_OFFSET && number <= SSL_AD_REASON_OFFSET + 255)
            why_alert(why, number - SSL_AD_REASON_OFFSET);
        else if (known != NULL)
            (void)rf_why_set(why, RF_ERR_DENIED, known->code, "%s", known->text);
    }
    const char *text = first != 0 ? ERR_reason_error_string(first) : NULL;
    (void)rf_why_set(why, RF_ERR_CRYPTO, "tls-refused", "TLS: %s",
                     text != NULL ? text : "no reason given by OpenSSL");
    return RF_TLS_FAILED;
}

static enum rf_tls_io socket_failed(int error, struct rf_why *why)
{
    ERR_clear_error();
    if (error == 0)
        return RF_TLS_END;
    bool is_reset = error == ECONNRESET || error == EPIPE;
    (void)rf_why_set(why, RF_ERR_IO, is_reset ? "tcp-reset" : "io", "connection lost: %s",
                     strerror(error));
    return RF_TLS_LOST;
}

enum rf_tls_io rf_tls_result(SSL *ssl, int ret, struct rf_why *why)
{
    int error = errno;
    switch (SSL_get_error(ssl, ret)) {
    case SSL_ERROR_NONE:
        return RF_TLS_DONE;
    case SSL_ERROR_WANT_READ:
        return RF_TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return RF_TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return RF_TLS_END;
    case SSL_ERROR_SYSCALL:
        return socket_failed(error, why);
    default:
        return ssl_failed(why);
    }
}
