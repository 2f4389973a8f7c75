/* SPDX-License-Identifier: Apache-2.0 */
/* One TLS connection over a non-blocking socket, for link.c: no OpenSSL type is seen here. */
#ifndef NET_TLS_INT_H
#define NET_TLS_INT_H

#include "net/link.h"

/** What a peer presented in a full handshake, parsed once. Immutable, shared by counting: by the
 * link, and by the session, so that a resumed connection is judged by the very same certificates.
 */
struct rf_tls_seen;
struct rf_tls_seen *rf_tls_seen_ref(struct rf_tls_seen *seen);
void rf_tls_seen_unref(struct rf_tls_seen *seen);
struct rf_cert *rf_tls_seen_leaf(const struct rf_tls_seen *seen);
const struct rf_cert_list *rf_tls_seen_chain(const struct rf_tls_seen *seen);

struct rf_tls *rf_tls_ref(struct rf_tls *tls);

enum rf_tls_io {
    RF_TLS_DONE,
    RF_TLS_WANT_READ, /* again when the socket is readable */
    RF_TLS_WANT_WRITE,
    RF_TLS_END,    /* the peer closed, with or without close_notify */
    RF_TLS_LOST,   /* the connection broke; the reason is in `why` */
    RF_TLS_FAILED, /* refused, by either side; the reason is in `why`, an alert was sent */
};

struct rf_tls_stream;

/** NULL when memory is out. The stream takes its own reference of the policy; the socket stays the
 * caller's. */
struct rf_tls_stream *rf_tls_stream_new(struct rf_tls *tls, int fd);
/** The session stays good for resumption unless the stream failed. NULL is fine. */
void rf_tls_stream_free(struct rf_tls_stream *s);

/** Go on with the handshake. DONE: the peer was verified, also in a resumed session. */
RF_MUST_CHECK enum rf_tls_io rf_tls_handshake(struct rf_tls_stream *s, struct rf_why *why);
/** At most `cap` bytes of one record. */
RF_MUST_CHECK enum rf_tls_io rf_tls_read(struct rf_tls_stream *s, void *buf, size_t cap, size_t *n,
                                         struct rf_why *why);
/** *n of the bytes were taken; after a WANT the same bytes come again, more may stand behind them.
 */
RF_MUST_CHECK enum rf_tls_io rf_tls_write(struct rf_tls_stream *s, struct rf_slice data, size_t *n,
                                          struct rf_why *why);
/** Send close_notify. */
RF_MUST_CHECK enum rf_tls_io rf_tls_close_notify(struct rf_tls_stream *s);
/** Bytes wait inside that the socket will not announce. */
bool rf_tls_has_pending(const struct rf_tls_stream *s);

/** What was presented, up to now; NULL when nothing was. Borrowed. */
struct rf_tls_seen *rf_tls_stream_seen(const struct rf_tls_stream *s);
/** Version, suite, resumption into `peer`; after the handshake. */
void rf_tls_stream_describe(const struct rf_tls_stream *s, struct rf_peer *peer);

#endif
