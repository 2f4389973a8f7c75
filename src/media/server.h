/* SPDX-License-Identifier: Apache-2.0 */
/* The media server: legs of RTP or SRTP that hear one another in mixes, or a clip, or nothing. One
 * struct rf_media_server is one thread that runs a bounded number of legs, each a UDP port with
 * keys and a codec of its own, a packet every 20 ms. It knows nothing of calls. The thread that
 * asks never waits: calls post, answers come back as events in its mailbox.
 *
 *     rf_media_leg_open(server, &conf, &leg, &port, &why);      tell the phone `port` and the key
 *     rf_media_leg_send(server, leg, &remote, &key, &why);      where the phone listens
 *     rf_media_leg_join(server, leg, conference, &why);         heard by the others, and hears them
 *     rf_media_leg_play(server, leg, music, &why);              out of the mix again, on hold
 *     rf_media_leg_close(server, leg);                          RF_MEDIA_LEG_CLOSED brings numbers
 *
 * A leg takes packets only from where it was told to send; those that come before it was told are
 * counted and dropped. What is refused by key, replay, source and format is as in media/stream.h,
 * and so is the life of keys (docs/media.md).
 * spec: RFC 3550 5.1; RFC 3711 3.3, 4; RFC 7714 */
#ifndef MEDIA_SERVER_H
#define MEDIA_SERVER_H

#include "base/mailbox.h"
#include "media/codec.h"
#include "media/stream.h"

#define RF_MEDIA_LEGS_MAX 4096

/** Names a leg; 0 is never one. One that is gone is ignored. */
typedef uint32_t rf_media_leg;

struct rf_media_leg_stats {
    /* sent, received, lost, late, refused_*, rtcp_*, far_*; `jitter` (packets are looked at every
     * 20 ms) and what is of recordings stay 0 */
    struct rf_media_stats media;
    uint64_t refused_address; /* from elsewhere than we send to */
    uint64_t early;           /* before the far end's address was told */
    uint64_t concealed;       /* frames of 20 ms that stand in for what was lost or late */
    uint64_t skipped;         /* frames dropped because too many waited */
    uint64_t corrected;       /* frames resampled because the far end's clock is not ours */
    uint32_t depth_ms;        /* what waits in the jitter buffer */
};

enum rf_media_leg_event_kind {
    RF_MEDIA_LEG_FIRST_AUDIO, /* the first packet was taken under this receive key */
    RF_MEDIA_LEG_REFUSED,     /* packets were refused; at most one a second a leg */
    RF_MEDIA_LEG_FAILED,      /* what was asked could not be done: the direction is off */
    RF_MEDIA_LEG_STATS,       /* answer to rf_media_leg_ask */
    RF_MEDIA_LEG_CLOSED,      /* the last of this leg */
};
struct rf_media_leg_event {
    enum rf_media_leg_event_kind kind;
    rf_media_leg leg;
    uint64_t number; /* of rf_media_leg_conf */
    void *owner;     /* of rf_media_server_conf */
    struct rf_media_leg_stats stats;
    /* REFUSED: "srtp-tag", "srtp-replay", "rtp-ssrc", "rtp-format", "rtp-address".
     * FAILED: "media-key-again": the leg had this key before. */
    const char *reason;
};

struct rf_media_server_conf {
    const char *local; /* address that legs bind, e.g. "192.0.2.1" */
    unsigned legs_max; /* 1 to RF_MEDIA_LEGS_MAX */
    struct rf_mailbox *events_to;
    /* On the thread that reads events_to; reader NULL when that mailbox is being freed. */
    void (*on_event)(void *reader, const struct rf_media_leg_event *event);
    void *owner; /* the caller's own, given back in events */
};

struct rf_media_server;
/** Start the thread. RF_ERR_BAD media-address; RF_ERR_CRYPTO media-srtp; RF_ERR_IO media-thread. */
RF_MUST_CHECK enum rf_err rf_media_server_start(const struct rf_media_server_conf *conf,
                                                struct rf_media_server **out, struct rf_why *why);
/** Close what is open (its events are posted before), end the thread, free. */
void rf_media_server_stop(struct rf_media_server *server);
/** Could this address give so many legs (at most RF_MEDIA_TRY_MAX) their ports now? They are bound
 * and closed again. RF_ERR_BAD media-address; RF_ERR_IO media-socket. Any thread. */
#define RF_MEDIA_TRY_MAX 4
RF_MUST_CHECK enum rf_err rf_media_server_try(const char *local, unsigned legs, struct rf_why *why);

/** What all legs did, those that are gone too. Any thread. */
struct rf_media_server_counts {
    unsigned legs; /* open */
    uint64_t packets_in, packets_out;
    uint64_t refused;
    uint64_t ticks_late; /* of 20 ms that had to be made up for, or were left out */
};
void rf_media_server_count(const struct rf_media_server *server,
                           struct rf_media_server_counts *out);

struct rf_media_leg_conf {
    enum rf_media_codec codec;
    unsigned packet_ms;             /* 20 */
    const struct rf_media_key *key; /* to receive; may be RF_MEDIA_CLEAR */
    uint64_t number;                /* given back in events, usually a handle of the caller's */
};
/** Bind a UDP port chosen by the kernel (even, and the next one for RTCP) and make a leg that
 * counts what comes and sends nothing yet. RF_ERR_BAD media-packet-size; RF_ERR_LIMIT media-legs;
 * RF_ERR_IO media-socket; RF_ERR_CRYPTO media-srtp; RF_ERR_AGAIN media-busy; RF_ERR_NOMEM. Nothing
 * was made then. Any thread; does not wait. */
RF_MUST_CHECK enum rf_err rf_media_leg_open(struct rf_media_server *server,
                                            const struct rf_media_leg_conf *conf, rf_media_leg *out,
                                            uint16_t *out_port, struct rf_why *why);
/** A new key to receive under: source, replay window and jitter buffer start afresh. A key that
 * the leg has had is not taken: RF_MEDIA_LEG_FAILED. RF_ERR_AGAIN media-busy; RF_ERR_CRYPTO
 * media-srtp. */
RF_MUST_CHECK enum rf_err rf_media_leg_receive(struct rf_media_server *server, rf_media_leg leg,
                                               const struct rf_media_key *key, struct rf_why *why);

struct rf_media_remote {
    const char *host; /* numeric */
    uint16_t port;
    uint8_t tos;       /* SCCP precedenceValue */
    bool is_port_free; /* take packets from another port of the host: the first good one tells it */
};
/** Send a packet every 20 ms from now on. Called again: a new key (never one the leg has had:
 * RF_MEDIA_LEG_FAILED), SSRC and sequence, maybe to elsewhere. RF_ERR_BAD media-address;
 * RF_ERR_AGAIN media-busy; RF_ERR_CRYPTO media-srtp. */
RF_MUST_CHECK enum rf_err rf_media_leg_send(struct rf_media_server *server, rf_media_leg leg,
                                            const struct rf_media_remote *remote,
                                            const struct rf_media_key *key, struct rf_why *why);
/** Nothing is sent, and nothing taken, until the next rf_media_leg_send. Never refused. */
void rf_media_leg_send_stop(struct rf_media_server *server, rf_media_leg leg);

/** What is sent. A leg is in one mix at most, and heard in that one only; a mix is there while legs
 * are in it. `mix` is a number of the caller's, not 0. RF_ERR_AGAIN media-busy: all is as before,
 * and rf_media_leg_silence takes the leg out of what it is in. */
RF_MUST_CHECK enum rf_err rf_media_leg_join(struct rf_media_server *server, rf_media_leg leg,
                                            uint32_t mix, struct rf_why *why);
/** The clip from its start, again and again; a reference is taken. RF_ERR_AGAIN media-busy. */
RF_MUST_CHECK enum rf_err rf_media_leg_play(struct rf_media_server *server, rf_media_leg leg,
                                            struct rf_media_clip *clip, struct rf_why *why);
/** Never refused; so a leg begins. */
void rf_media_leg_silence(struct rf_media_server *server, rf_media_leg leg);

/** An RF_MEDIA_LEG_STATS event follows, unless the leg is gone. */
void rf_media_leg_ask(struct rf_media_server *server, rf_media_leg leg);
/** End both directions, close the port, post RF_MEDIA_LEG_CLOSED. Never refused. */
void rf_media_leg_close(struct rf_media_server *server, rf_media_leg leg);

#endif
