/* SPDX-License-Identifier: Apache-2.0 */
/* TLS policies. A struct rf_tls is one side (server or client), one own identity and one rule for
 * the other side's certificate. No public certificate authority is ever asked: the verify callback
 * alone decides, and it decides again for every resumed session, so what a connection is allowed is
 * bound to the certificate of that connection. docs/tls.md says what the profile offers.
 *
 *     struct rf_tls_conf conf = {.name = "sccp", .cert_path = "certs/ccm.pem",
 *                                .key_path = "keys/ccm.pem", .ask = RF_TLS_REQUIRE,
 *                                .verify = may_signal, .verify_arg = anchors};
 *     if (rf_tls_server_new(&conf, &tls, &why) != RF_OK) ...
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/mem.h"
#include "trust/cert.h"
#include "trust/key.h"
#include "trust/path.h"

struct rf_tls;

enum rf_tls_profile {
    RF_TLS_MODERN, /* TLS 1.2 and 1.3, ECDHE with AES-GCM, security level 2 */
    /* WEAK. A server takes TLS 1.0 to 1.2, AES-CBC, RSA key exchange and SHA-1; a client is an old
     * phone: TLS 1.0 with AES-CBC and RSA key exchange, nothing else. */
    RF_TLS_LEGACY,
    /* WEAK: hides nothing. TLS 1.2 with suites that authenticate and do not encrypt, nothing else;
     * for devices in authenticated mode. */
    RF_TLS_AUTHENTICATED,
    RF_TLS_PROFILES,
};

/** Does a server want the client's certificate? */
enum rf_tls_ask {
    RF_TLS_NO_ASK,
    RF_TLS_ASK,     /* verified if sent */
    RF_TLS_REQUIRE, /* no certificate: refused, "tls-no-certificate" */
};

/** The alert by which a refusal is told to the peer (TLS allows it in a full handshake only). */
enum rf_tls_alert {
    RF_TLS_ALERT_BAD_CERTIFICATE,
    RF_TLS_ALERT_UNKNOWN_CA,
    RF_TLS_ALERT_EXPIRED,
    RF_TLS_ALERT_REVOKED,
    RF_TLS_ALERT_UNSUPPORTED,
};

/** What the peer presented. Borrowed for the call; rf_cert_ref what is kept. */
struct rf_tls_presented {
    struct rf_cert *leaf;
    const struct rf_cert_list *chain; /* the other certificates, in the order sent; never NULL */
    bool is_resumed;                  /* asked again for a resumed session */
    /* Kept with the session: all zero in a full handshake, where it may be filled in; when the
     * session is resumed as it was then, and only to be read, since others read it too. */
    struct rf_path_memo *memo;
};

/** May this peer connect? RF_OK, or any error with a reason in `why` and, if it likes, another
 * *alert (preset to bad certificate). The peer's possession of the key is TLS's business; all else
 * (path, dates, digests, key sizes, revocation, names, roles) is this function's. It runs on the
 * I/O worker in the middle of a handshake: it computes only, never waits, takes no lock, and may
 * run on several threads at once. */
typedef enum rf_err (*rf_tls_verify_fn)(void *arg, const struct rf_tls_presented *peer,
                                        enum rf_tls_alert *alert, struct rf_why *why);

struct rf_tls_conf {
    const char *name; /* in logs; also the session id context, so sessions of another policy do not
                       * count here: different policies have different names */
    enum rf_tls_profile profile;
    bool only_tls13; /* RF_TLS_MODERN without TLS 1.2 */
    /* Own identity: either PEM files or objects. A client may have none. */
    const char *cert_path; /* certificate, then its issuing chain */
    const char *key_path;
    const struct rf_cert *cert;
    const struct rf_cert_list *chain; /* with cert: sent after it; may be NULL */
    const struct rf_key *key;
    enum rf_tls_ask ask; /* server only */
    /* Required for a client, and for a server that asks. Must outlive all links of this policy. */
    rf_tls_verify_fn verify;
    void *verify_arg;
    uint32_t sessions;       /* server: size of its session cache. client: not 0 keeps the last
                              * session and offers it again. 0: no resumption */
    const char *keylog_path; /* debugging: the secrets of all sessions are appended to this file */
};

/** RF_ERR_BAD ("tls-conf"), RF_ERR_CRYPTO ("tls-key", "tls-certificate", "tls-key-mismatch"),
 * RF_ERR_IO (the same codes for files that cannot be read, "tls-keylog"). Reads the files:
 * blocking.
 */
RF_MUST_CHECK enum rf_err rf_tls_server_new(const struct rf_tls_conf *conf, struct rf_tls **out,
                                            struct rf_why *why);
/** A client policy is used on one thread. */
RF_MUST_CHECK enum rf_err rf_tls_client_new(const struct rf_tls_conf *conf, struct rf_tls **out,
                                            struct rf_why *why);
/** Links that use it keep their own reference. NULL is fine. Any thread. */
void rf_tls_free(struct rf_tls *tls);
/** Client: drop the session kept for resumption (e.g. the certificate changed). */
void rf_tls_forget_session(struct rf_tls *tls);
const char *rf_tls_name(const struct rf_tls *tls);

#endif
