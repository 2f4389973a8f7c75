/* SPDX-License-Identifier: Apache-2.0 */
/* RTP and SRTP streams, and the only home of libsrtp2. One struct rf_media is one thread that runs
 * any number of streams: each has a UDP port of its own, may receive (and record) and may send
 * (a clip of µ-law, then silence) a packet every 20 ms, of any codec. The thread of a service
 * never waits for it: calls post, answers come back as events in the caller's mailbox.
 *
 *     rf_media_open(media, &conf, &stream, &port, &why);      tell the far end `port`
 *     rf_media_receive(media, stream, RF_MEDIA_PCMU, &key_in, &why);
 *     rf_media_send(media, stream, "127.0.0.1", 20482, RF_MEDIA_PCMU, &key_out, clip, 0xb8, &why);
 *     rf_media_close(media, stream);                          RF_MEDIA_CLOSED brings the recording
 *
 * A stream that has a key takes and makes SRTP only: a packet in the clear, with a wrong tag, seen
 * before or from another source (SSRC) than the first good one is dropped and counted. Keys are
 * wiped here as soon as libsrtp2 has them; the packaged libsrtp2 stands on NSS and keeps what it
 * derived from them until the direction stops or the stream closes (docs/media.md).
 * spec: RFC 3550 5.1, 6.4.1, A.8; RFC 3711 3.3, 4 */
#ifndef MEDIA_STREAM_H
#define MEDIA_STREAM_H

#include "base/clock.h"
#include "base/mailbox.h"
#include "media/clip.h"
#include "media/codec.h"
#include "media/key.h"

#define RF_MEDIA_FRAME    160 /* bytes of µ-law in 20 ms */
#define RF_MEDIA_FRAME_MS 20

struct rf_media;
/** Start the thread. RF_ERR_CRYPTO media-srtp; RF_ERR_IO media-thread. */
RF_MUST_CHECK enum rf_err rf_media_start(struct rf_media **out, struct rf_why *why);
/** Close what is open (its events are posted before), end the thread, free. The mailboxes of the
 * streams must still be there. */
void rf_media_stop(struct rf_media *media);

/** Names a stream; 0 is never one. One that is gone is ignored. */
typedef uint32_t rf_media_id;

struct rf_media_stats {
    uint64_t sent_packets, sent_octets; /* octets of payload, as SCCP and RTCP count */
    uint64_t received_packets, received_octets;
    uint64_t lost;           /* never arrived between the first and the last */
    uint64_t late;           /* arrived too late or twice: not counted as received */
    uint32_t jitter;         /* in samples, RFC 3550 A.8 */
    uint32_t longest_gap_ms; /* between two packets that were received under one key */
    uint64_t refused_tag;    /* SRTP authentication failed (a clear packet too) */
    uint64_t refused_replay; /* seen before, or older than the window */
    uint64_t refused_ssrc;   /* another source */
    uint64_t refused_format; /* not RTP, or of another codec */
    uint64_t rtcp_sent, rtcp_received;
    uint64_t rtcp_refused; /* reports: wrong tag, seen before, another source, not RTCP */
    int32_t far_lost;      /* what the far end reported last of what we send */
    uint32_t far_jitter;
    uint64_t recorded;  /* samples placed */
    uint64_t clip_sent; /* samples of the clip that went out */
};
uint64_t rf_media_refused(const struct rf_media_stats *stats);

enum rf_media_event_kind {
    RF_MEDIA_FIRST_AUDIO, /* the first packet was accepted after rf_media_receive */
    RF_MEDIA_REFUSED,     /* packets were refused; at most one a second a stream */
    RF_MEDIA_CLIP_DONE,   /* the clip was sent whole; silence follows */
    RF_MEDIA_STATS,       /* answer to rf_media_ask */
    RF_MEDIA_CLOSED,      /* the last of this stream */
};
struct rf_media_event {
    enum rf_media_event_kind kind;
    rf_media_id stream;
    uint64_t number; /* of rf_media_conf */
    struct rf_media_stats stats;
    const char *reason;   /* REFUSED: "srtp-tag", "srtp-replay", "rtp-ssrc", "rtp-format" */
    struct rf_slice ulaw; /* CLOSED: the recording; borrowed, for the time of the call */
};

struct rf_media_conf {
    const char *local;   /* address to bind, e.g. "127.0.0.1" */
    uint32_t record_max; /* bytes of µ-law to keep; 0: no recording */
    struct rf_mailbox *events_to;
    /* On the thread that reads events_to; reader NULL when that mailbox is being freed. */
    void (*on_event)(void *reader, const struct rf_media_event *event);
    uint64_t number; /* given back in events, usually a handle of the caller's */
};

/** Bind a UDP port chosen by the kernel (even, and the next one for RTCP) and make a stream that
 * does nothing yet. RF_ERR_BAD
 * media-address; RF_ERR_IO media-socket; RF_ERR_AGAIN media-busy (nothing was made). Any thread;
 * does not wait. */
RF_MUST_CHECK enum rf_err rf_media_open(struct rf_media *media, const struct rf_media_conf *conf,
                                        rf_media_id *out, uint16_t *out_port, struct rf_why *why);
/** Take packets of this codec from now on, with this key (RF_MEDIA_CLEAR: RTP). Called again: a new
 * key, and source and replay window start afresh; the recording goes on, in µ-law whatever the
 * codec. RF_ERR_AGAIN media-busy; RF_ERR_CRYPTO media-srtp; RF_ERR_NOMEM. */
RF_MUST_CHECK enum rf_err rf_media_receive(struct rf_media *media, rf_media_id stream,
                                           enum rf_media_codec codec,
                                           const struct rf_media_key *key, struct rf_why *why);
/** Packets are ignored from now on; what was recorded is kept until the stream closes. */
void rf_media_receive_stop(struct rf_media *media, rf_media_id stream);
/** Send a packet every 20 ms from now on: the clip (NULL: none; a reference is taken) from its
 * start, then silence. `tos` is the TOS byte (SCCP precedenceValue). Called again: a new key, SSRC
 * and sequence. RF_ERR_BAD media-address; RF_ERR_AGAIN media-busy; RF_ERR_CRYPTO media-srtp;
 * RF_ERR_NOMEM. */
RF_MUST_CHECK enum rf_err rf_media_send(struct rf_media *media, rf_media_id stream,
                                        const char *remote, uint16_t port,
                                        enum rf_media_codec codec, const struct rf_media_key *key,
                                        struct rf_media_clip *clip, uint8_t tos,
                                        struct rf_why *why);
void rf_media_send_stop(struct rf_media *media, rf_media_id stream);
/** An RF_MEDIA_STATS event follows, unless the stream is gone. */
void rf_media_ask(struct rf_media *media, rf_media_id stream);
/** End both directions, close the port, post RF_MEDIA_CLOSED. Never refused. */
void rf_media_close(struct rf_media *media, rf_media_id stream);

#endif
