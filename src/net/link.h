/* SPDX-License-Identifier: Apache-2.0 */
/* A link is one TCP or TLS stream on one loop, for life. Never blocks. What happens on it arrives
 * by one table of callbacks, all on the loop's thread and never from inside a function called on
 * the link:
 *
 *     on_open     connected, and with TLS the peer's certificate verified
 *     on_data     bytes arrived; returns how many of them were used up
 *     on_drained  all that was written has left, after a time when something had to wait
 *     on_waiting  the link is paused, and something arrived, or the other end has closed
 *     on_close    the end; exactly once for each link, also when on_open never came
 *
 * A callback may close, abort or forget its own link. Bytes not used up stay with the link and come
 * again, in front of what arrives next. With TLS, only bytes of intact records come to on_data.
 *
 * With TLS 1.3 a client's on_open comes before the server has judged the client's certificate: its
 * refusal follows as on_close with a code "tls-alert-...".
 *
 * The codes of on_close (rf_why.code):
 *     end                 the peer closed (with or without close_notify: phones leave it out)
 *     closed-here         by rf_link_close or rf_link_abort
 *     connect-refused, connect-failed
 *     handshake-timeout   connecting and handshake took longer than handshake_ms
 *     idle-timeout        nothing arrived for idle_ms
 *     close-timeout       after rf_link_close the peer did not take the rest in time
 *     tcp-reset, io       errors of the socket
 *     input-full          on_data left input_max bytes unused
 *     tls-alert-<name>    the other side refused: e.g. tls-alert-unknown-ca,
 *                         tls-alert-bad-certificate, tls-alert-certificate-expired,
 *                         tls-alert-certificate-required, tls-alert-handshake-failure,
 *                         tls-alert-protocol-version, tls-alert-insufficient-security
 *     tls-no-certificate  we require a certificate and the peer sent none
 *     tls-bad-record      a record was changed on its way, or is no TLS at all
 *     tls-downgrade       a second try with a lower version than both can do (RFC 7507)
 *     tls-version, tls-no-common-suite, tls-no-secure-renegotiation, tls-refused
 *     or the code that the verify callback gave.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "base/handle.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/network.h"
#include "net/tls.h"

#define RF_TLS_DOWNGRADE "tls-downgrade" /* as code of an end, an alarm, an event */

struct rf_link;
struct rf_workers;

/** Who is at the other end. Complete from on_open on; before it (and in an on_close without
 * on_open) only the addresses are filled, and the certificate if it was received. */
struct rf_peer {
    struct rf_address address; /* the other end */
    struct rf_address local;   /* our end, of a link that began here; else empty */
    char host[RF_ADDRESS_TEXT_MAX];
    bool has_tls;
    char tls_version[16]; /* "TLSv1.3" */
    char suite[48];       /* OpenSSL's name of the suite */
    bool is_encrypted;    /* the suite hides the content (false for NULL suites and plain TCP) */
    bool is_resumed;
    bool is_legacy;                   /* by a policy of RF_TLS_LEGACY */
    bool is_weak;                     /* and with what no other policy takes */
    bool is_old_version;              /* below TLS 1.2 */
    struct rf_cert *cert;             /* the peer's own certificate, or NULL; the link's */
    const struct rf_cert_list *chain; /* the other certificates it sent, or NULL; the link's */
};

struct rf_link_calls {
    void (*on_open)(struct rf_link *link, const struct rf_peer *peer);
    size_t (*on_data)(struct rf_link *link, struct rf_slice data);
    void (*on_drained)(struct rf_link *link); /* may be NULL */
    void (*on_waiting)(struct rf_link *link); /* may be NULL; once a pause */
    void (*on_close)(struct rf_link *link, const struct rf_why *why);
};

#define RF_LINK_INPUT_DEFAULT     ((size_t)16 * 1024)
#define RF_LINK_OUTPUT_DEFAULT    ((size_t)256 * 1024)
#define RF_LINK_HANDSHAKE_DEFAULT 10000u
#define RF_LINK_CLOSE_MS          2000u

struct rf_link_conf {
    const struct rf_link_calls *calls;
    void *arg;             /* rf_link_arg: the same for all links of a listener */
    struct rf_tls *tls;    /* NULL: plain TCP. The link takes its own reference */
    size_t input_max;      /* bytes that wait for on_data; 0: RF_LINK_INPUT_DEFAULT */
    size_t output_max;     /* bytes that wait for the socket; 0: RF_LINK_OUTPUT_DEFAULT */
    uint32_t handshake_ms; /* connecting and TLS together; 0: RF_LINK_HANDSHAKE_DEFAULT */
    uint32_t idle_ms;      /* 0: no limit */
    uint32_t close_ms;     /* rf_link_close: the rest is sent by then; 0: RF_LINK_CLOSE_MS */
    const char *local; /* rf_link_connect: from this address of ours; NULL: the system's choice */
};

/** Connect to a numeric address. *out is valid until its on_close has returned or it was forgotten.
 * RF_ERR_BAD for an address that is none, RF_ERR_LIMIT when the loop has no room, RF_ERR_IO when no
 * socket can be had (local-address: not from there); later trouble comes by on_close. Loop's
 * thread. */
RF_MUST_CHECK enum rf_err rf_link_connect(struct rf_loop *loop, const struct rf_link_conf *conf,
                                          const char *host, uint16_t port, struct rf_link **out,
                                          struct rf_why *why);

/** Queue bytes. RF_ERR_LIMIT when output_max would be passed (nothing is queued: wait for
 * on_drained, or close), RF_ERR_IO when the link is not open or is closing. */
RF_MUST_CHECK enum rf_err rf_link_write(struct rf_link *link, struct rf_slice data);
/** Bytes that wait for the socket. */
size_t rf_link_pending(const struct rf_link *link);
/** on_drained once all that was written has left, also if nothing has to wait. */
void rf_link_ask_drained(struct rf_link *link);
/** Bytes that left here and are not acknowledged by the other end's kernel; with TLS, of its
 * records. 0 is no proof that they were read, but that they arrived. */
size_t rf_link_unacked(const struct rf_link *link);
/** Bytes that arrived and that on_data did not use, or has not seen; with TLS, those of its records
 * too. */
size_t rf_link_unread(const struct rf_link *link);
/** Stop and go on reading from the socket. After a resume on_data comes again with what is there.
 */
void rf_link_pause(struct rf_link *link);
void rf_link_resume(struct rf_link *link);

/** No more on_data; send what is queued, then close_notify, then close. on_close follows. */
void rf_link_close(struct rf_link *link);
/** The same, and on_close carries this reason in place of closed-here: for a protocol that refuses.
 */
void rf_link_close_why(struct rf_link *link, const struct rf_why *why);
/** Close now, dropping what is queued. on_close follows, with `why` if there is one. */
void rf_link_abort(struct rf_link *link, const struct rf_why *why);
/** Abort, and no callback any more: for an owner that goes away. NULL is fine. */
void rf_link_forget(struct rf_link *link);

void *rf_link_arg(const struct rf_link *link);
/** The link's own owner object, NULL at first. The link does nothing with it. */
void *rf_link_owner(const struct rf_link *link);
void rf_link_set_owner(struct rf_link *link, void *owner);
const struct rf_peer *rf_link_peer(const struct rf_link *link);
struct rf_loop *rf_link_loop(const struct rf_link *link);
bool rf_link_is_open(const struct rf_link *link);

/** What other threads keep instead of a pointer: worker number (0 without workers) and handle. */
struct rf_link_ref {
    uint32_t worker;
    rf_handle handle;
};
struct rf_link_ref rf_link_ref(const struct rf_link *link);
/** The link, or NULL when it is gone. Loop's thread. */
struct rf_link *rf_link_find(struct rf_loop *loop, rf_handle handle);

/** Accepts links, on one loop or spread over workers in turn. */
struct rf_listener;

/** What an operator should hear of a listener, at most ten a minute. Codes:
 *     handshake-storm  an address is refused now: too many of its handshakes failed
 *     network-refused  an address that is of none of the listener's networks
 *     tls-downgrade    a second try with a lower version than both can do
 * Any thread. */
typedef void (*rf_listener_alarm_fn)(void *arg, const char *code, const char *text);

struct rf_listener_conf {
    const char *name;         /* in logs */
    const char *address;      /* numeric; "0.0.0.0", "127.0.0.1" */
    uint16_t port;            /* 0: the kernel chooses */
    struct rf_link_conf link; /* of every link */
    uint32_t links_max;       /* open links at a time; 0: 20,480 */
    /** At a time from one IP, and a quarter of links_max from one IPv6 /64 (net/shares.h): links
     * that are not open yet (0: 64), or all links, open or not (0: no limit). */
    uint32_t handshakes_per_address;
    uint32_t links_per_address;
    /** Failed handshakes a minute of one address (of IPv6: one /64), as many at once; whoever has
     * more is refused before a byte is read. TLS only; 0: no limit. */
    uint32_t failures_a_minute;
    const struct rf_networks *networks; /* who may come; NULL or empty: anybody. Copied */
    rf_listener_alarm_fn on_alarm;      /* may be NULL */
    void *alarm_arg;
};

/** Links beyond a limit are closed at once and counted. The listener lives on `loop`. RF_ERR_BAD
 * ("address-bad"), RF_ERR_DENIED ("port-denied"), RF_ERR_IO ("port-in-use", "listen-failed"). */
RF_MUST_CHECK enum rf_err rf_listener_open(struct rf_loop *loop,
                                           const struct rf_listener_conf *conf,
                                           struct rf_listener **out, struct rf_why *why);
/** The same with links spread over the workers' loops. Call it on any one thread. */
RF_MUST_CHECK enum rf_err rf_listener_open_on_workers(struct rf_workers *workers,
                                                      const struct rf_listener_conf *conf,
                                                      struct rf_listener **out, struct rf_why *why);
/** The port it listens on, also when the kernel chose it. Any thread. */
uint16_t rf_listener_port(const struct rf_listener *listener);
/** Links accepted from now on use this policy (a reference is taken); those that are there keep
 * theirs. Called where rf_listener_close is. */
void rf_listener_set_tls(struct rf_listener *listener, struct rf_tls *tls);
/** From now on these networks; as rf_listener_set_tls. Links that are open stay. */
void rf_listener_set_networks(struct rf_listener *listener, const struct rf_networks *networks);
const char *rf_listener_name(const struct rf_listener *listener);
/** Any thread. */
struct rf_listener_counts {
    uint32_t links;         /* now, in their handshake too */
    uint64_t storm_refused; /* connections of addresses with too many failed handshakes */
    uint64_t network_refused;
};
void rf_listener_count(const struct rf_listener *listener, struct rf_listener_counts *out);
/** Accept no more; links that are open stay. On the loop's thread; with workers on the thread that
 * opened it, before rf_workers_free. NULL is fine. */
void rf_listener_close(struct rf_listener *listener);

#endif
