/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a link, for link.c (its life), link_io.c (its bytes) and listener.c. */
#ifndef NET_LINK_INT_H
#define NET_LINK_INT_H

#include "net/loop_int.h"
#include "net/shares.h"
#include "net/storm.h"
#include "net/tls_int.h"

enum rf_link_state {
    RF_LINK_CONNECTING,
    RF_LINK_HANDSHAKE, /* also an accepted plain link whose on_open is still to come */
    RF_LINK_OPEN,
    RF_LINK_CLOSING, /* no more input; what is queued leaves */
    RF_LINK_ENDED,   /* no socket any more; on_close is still to come */
    RF_LINK_GONE,    /* on_close was called, or its owner forgot it */
};

/** Made when it is wanted for the first time: most links never wait for room to write. */
struct rf_link_watch {
    struct event *event;
    bool is_on;
};

struct rf_link {
    struct rf_todo todo; /* first */
    struct rf_loop *loop;
    rf_handle handle;
    enum rf_link_state state;
    const struct rf_link_calls *calls;
    void *arg;
    void *owner;
    struct rf_tls *policy;        /* until the stream is made */
    struct rf_tls_stream *stream; /* NULL: plain TCP */
    struct rf_tls_seen *seen;     /* what peer.cert and peer.chain borrow from */
    int fd;
    struct rf_link_watch readable;
    struct rf_link_watch writable;
    bool is_new; /* accepted, and nothing done yet */
    bool is_paused;
    bool has_waiting;      /* and something arrived since: no need to watch for more */
    bool is_resumed;       /* on_data is owed what is there */
    bool is_blocked;       /* output waits for the socket */
    bool has_waited;       /* on_drained is owed once all is sent */
    bool read_wants_write; /* TLS has to send before it can read on */
    bool write_wants_read; /* and the other way round */
    struct rf_buf in;      /* what on_data left */
    struct rf_buf out;     /* what the socket did not take yet */
    uint32_t handshake_ms;
    uint32_t idle_ms;
    uint32_t close_ms;
    uint64_t since_ms; /* entered this state; in OPEN: something arrived */
    rf_timer_id timer;
    uint64_t armed_ms; /* when it fires; UINT64_MAX: not running */
    struct rf_peer peer;
    struct rf_why why;              /* for on_close */
    struct rf_listener *listener;   /* while it counts us */
    struct rf_share *share;         /* of its address, while it counts there */
    struct rf_storm_source *source; /* during the handshake; NULL: not watched */
};

/** A link on a socket just accepted; takes both. tls: NULL for plain TCP. False when the loop has
 * no room: nothing taken. */
RF_MUST_CHECK bool rf_link_accept(struct rf_loop *loop, struct rf_listener *listener,
                                  struct rf_share *share, struct rf_storm_source *source,
                                  struct rf_tls *tls, int take_fd,
                                  const struct rf_address *address);

/** Enter a state: its deadline runs from now. */
void rf_link_enter(struct rf_link *link, enum rf_link_state state);
/** The end, for this reason (an earlier one stays). `lingers`: the peer should still get what was
 * sent. on_close follows at the end of the turn. */
void rf_link_end(struct rf_link *link, const struct rf_why *why, bool lingers);
/** Watch the socket and the clock for what the link waits for now. */
void rf_link_update(struct rf_link *link);

/** Something happened on the socket. */
void rf_link_ready(struct rf_link *link, bool is_readable);
/** The end of a turn in which something was asked of the link. */
void rf_link_go_on(struct rf_link *link);
/** Hold a copy of bytes behind those that are there. */
RF_MUST_CHECK bool rf_link_hold(struct rf_buf *b, struct rf_slice data);
/** Wipe and release; the maximum stays. */
void rf_link_let_go(struct rf_buf *b);
/** What is written leaves at once. A listening socket hands it on to what it accepts. */
void rf_link_no_delay(int fd);

/** What links tell their listener, on any thread. */
const struct rf_link_conf *rf_listener_link_conf(const struct rf_listener *listener);
/** Does an open link still count for its address (net/shares.h)? */
bool rf_listener_counts_open(const struct rf_listener *listener);
/** A handshake with this policy's listener failed; before rf_listener_over. */
void rf_listener_failed(struct rf_listener *listener, const char *host, const struct rf_why *why);
/** A handshake under RF_TLS_LEGACY is done, or one that the modern profile would not have taken. */
void rf_listener_weak_used(struct rf_listener *listener, const struct rf_peer *peer);
void rf_listener_over(struct rf_listener *listener);

#endif
