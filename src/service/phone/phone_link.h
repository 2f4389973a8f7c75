/* SPDX-License-Identifier: Apache-2.0 */
/* How the talking half of the phone (enrol.h, station.h) reaches a server: one stream, TLS or
 * plain, behind a small table, so that tests give a pretend network. rf_phone_link_real() is the
 * table over net/link.h and net/tls.h; its `net` is the struct rf_loop.
 *
 *     conf.net = rf_phone_link_real();
 *     conf.net_arg = loop;
 *
 * The server's certificate is judged by calls->verify in the middle of the handshake; on_open comes
 * only after it said RF_OK, so nothing is sent to a server that is not trusted. The own certificate
 * goes out only when the server asks for it, and only to a server that verify accepted.
 *
 * Thread: that of the loop. */
#ifndef SERVICE_PHONE_PHONE_LINK_H
#define SERVICE_PHONE_PHONE_LINK_H

#include "net/address.h"
#include "trust/cert.h"
#include "trust/key.h"

/** A certificate of the phone, its private key, and the certificates above it (those of a MIC's
 * issuer). cert is NULL when there is none. Who is given one borrows it and takes what it keeps
 * with rf_phone_id_take. */
struct rf_phone_id {
    struct rf_cert *cert;
    struct rf_key *key;
    struct rf_cert_list chain;
};
/** References to all that is in `from` (which may be NULL: nothing). */
void rf_phone_id_take(struct rf_phone_id *to, const struct rf_phone_id *from);
void rf_phone_id_fini(struct rf_phone_id *id);

/** What a link turned out to be. Valid during on_open only. */
struct rf_phone_link_info {
    const char *local; /* our own address on it, numeric */
    bool has_tls;
    bool is_encrypted;          /* the suite hides the content; false for plain TCP */
    const char *tls_version;    /* "TLSv1.3", or "" */
    const char *suite;          /* or "" */
    const struct rf_cert *cert; /* the server's, or NULL */
};

/** Called on the loop's thread, never from inside a function of the table. on_close comes exactly
 * once for a link that was opened and not forgotten; its codes are those of net/link.h, or the code
 * that verify gave. */
struct rf_phone_link_calls {
    enum rf_err (*verify)(void *arg, const struct rf_cert *server, struct rf_why *why);
    void (*on_open)(void *arg, const struct rf_phone_link_info *info);
    size_t (*on_data)(void *arg, struct rf_slice data); /* how many were used up */
    void (*on_close)(void *arg, const struct rf_why *why);
};

struct rf_phone_link_conf {
    const char *name; /* in logs: "capf", "sccp" */
    const char *host; /* numeric address: names are looked up before */
    uint16_t port;
    const char *local; /* from this address; NULL: the system's choice */
    bool has_tls;
    bool wants_no_encryption;     /* offer the suites of RF_TLS_AUTHENTICATED, and no others */
    const struct rf_phone_id *id; /* NULL: no client certificate. Needed for the call only */
    size_t input_max;             /* bytes that may wait unused; 0: the link's default */
    uint32_t handshake_ms;        /* connecting and TLS; 0: the link's default */
    const char *keylog_path;      /* debugging: TLS secrets are appended here; NULL: none */
    const struct rf_phone_link_calls *calls;
    void *arg;
};

/** The table. `link` is what open gave. */
struct rf_phone_link_ops {
    /** Begin to connect. Trouble that shows later comes by on_close. */
    enum rf_err (*open)(void *net, const struct rf_phone_link_conf *conf, void **link,
                        struct rf_why *why);
    /** Queue whole messages. RF_ERR_LIMIT: the server does not read; RF_ERR_IO: not open. */
    enum rf_err (*write)(void *link, struct rf_slice bytes);
    /** Send what is queued, then close; on_close follows with code closed-here, or with `why`. */
    void (*close)(void *link, const struct rf_why *why);
    /** Drop it at once, no callback any more. */
    void (*forget)(void *link);
};

/** Over real sockets; `net` is the struct rf_loop. */
const struct rf_phone_link_ops *rf_phone_link_real(void);
/** The same with the TLS of an old phone (RF_TLS_LEGACY), which is weak. */
const struct rf_phone_link_ops *rf_phone_link_old(void);

#endif
