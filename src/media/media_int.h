/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a stream: SRTP, pace, what arrives, what leaves. Each belongs to the media thread.
 */
#ifndef MEDIA_MEDIA_INT_H
#define MEDIA_MEDIA_INT_H

#include "base/timer.h"
#include "media/mix.h"
#include "media/stream.h"
#include "wire/rtp/rtp.h"

#include <sys/socket.h>

/* --- SRTP (srtp.c): the only file that sees libsrtp2 --- */

/** One direction of one stream under one key. */
struct rf_srtp;
/** Bytes a protected packet may grow by, at most. */
#define RF_SRTP_TRAILER 144
/** Packets that arrive out of order by less than this are told from replayed ones. */
#define RF_SRTP_WINDOW 128

/** The library is ready? Once a process; any thread. RF_ERR_CRYPTO media-srtp. */
RF_MUST_CHECK enum rf_err rf_srtp_setup(struct rf_why *why);
/** `ssrc` is that of the packets sent; those received may be of any one source. */
RF_MUST_CHECK enum rf_err rf_srtp_new_sender(const struct rf_media_key *key, uint32_t ssrc,
                                             struct rf_srtp **out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_srtp_new_receiver(const struct rf_media_key *key, struct rf_srtp **out,
                                               struct rf_why *why);
void rf_srtp_free(struct rf_srtp *srtp);
/** In place; the buffer is aligned to 8 bytes and has RF_SRTP_TRAILER bytes behind *len. */
RF_MUST_CHECK bool rf_srtp_protect(struct rf_srtp *srtp, uint8_t *packet, size_t *len);

/** The same for a packet of RTCP. */
RF_MUST_CHECK bool rf_srtp_protect_rtcp(struct rf_srtp *srtp, uint8_t *packet, size_t *len);

enum rf_srtp_verdict { RF_SRTP_GOOD, RF_SRTP_TAG, RF_SRTP_REPLAY, RF_SRTP_FORMAT };
/** In place; a packet that is not good may have been changed. */
enum rf_srtp_verdict rf_srtp_unprotect(struct rf_srtp *srtp, uint8_t *packet, size_t *len);
enum rf_srtp_verdict rf_srtp_unprotect_rtcp(struct rf_srtp *srtp, uint8_t *packet, size_t *len);

/* --- sockets (socket.c) --- */

/** A numeric address. RF_ERR_BAD media-address. */
RF_MUST_CHECK enum rf_err rf_media_address(const char *host, uint16_t port,
                                           struct sockaddr_storage *out, socklen_t *len,
                                           struct rf_why *why);
/** A UDP port chosen by the kernel, non-blocking. RF_ERR_BAD media-address; RF_ERR_IO media-socket.
 */
RF_MUST_CHECK enum rf_err rf_media_bind(const char *local, int *out_fd, uint16_t *out_port,
                                        struct rf_why *why);
/** Two of them: an even one for RTP, and the next one for RTCP. spec: RFC 3550 11 */
RF_MUST_CHECK enum rf_err rf_media_bind_pair(const char *local, int *out_rtp, int *out_rtcp,
                                             uint16_t *out_port, struct rf_why *why);
void rf_media_set_tos(int fd, const struct sockaddr_storage *to, uint8_t tos);
/** The kernel drops what does not come from this host, or this port, before it can push anything
 * out of the socket's buffer. Not done by connect(): to undo that gives up a port that the kernel
 * chose. Where it cannot be had, whoever reads the socket looks at the addresses all the same. */
void rf_media_only_from(int fd, const struct sockaddr_storage *from, bool with_host,
                        bool with_port);
void rf_media_from_all(int fd);
/** How many packets the kernel has dropped so, and for want of room. It wraps around. */
uint32_t rf_media_dropped(int fd);

/* --- when to send (pace.c): absolute deadlines --- */

/** Behind by more than this, the time that is gone is given up: see rf_pace_take. */
#define RF_PACE_STALL_MS 1000

struct rf_pace {
    uint64_t due_ms;        /* of the next packet, by the source's own clock */
    uint64_t not_before_ms; /* after a late one: half a frame behind it */
    uint64_t stall_ms;
};
void rf_pace_init(struct rf_pace *pace, uint64_t now_ms);
/** When to ask next. */
uint64_t rf_pace_next_ms(const struct rf_pace *pace);
/** Is a packet to be sent now? One that is late is sent, and those behind it follow at double speed
 * until the source is on time again, so that nothing is lost and no burst leaves. After a stall
 * above stall_ms the source goes on from here: *gap_ms is the time it was silent. */
bool rf_pace_take(struct rf_pace *pace, uint64_t now_ms, uint64_t *gap_ms);

/* --- whose packet is it, and is it genuine (gate.c) --- */

enum rf_media_verdict {
    RF_MEDIA_TAKEN,
    RF_MEDIA_LATE,
    RF_MEDIA_REFUSED_TAG,
    RF_MEDIA_REFUSED_REPLAY,
    RF_MEDIA_REFUSED_SSRC,
    RF_MEDIA_REFUSED_FORMAT,
};
/** "srtp-tag"; NULL for a packet that was not refused. */
const char *rf_media_verdict_reason(enum rf_media_verdict verdict);
/** Count a packet that was refused. */
void rf_media_count_refused(enum rf_media_verdict verdict, struct rf_media_stats *stats);

/** Under one key; zeroed it takes packets in the clear. */
struct rf_media_gate {
    struct rf_srtp *srtp; /* owned; NULL: packets in the clear */
    bool is_bound;        /* to ssrc */
    uint32_t ssrc;
};
/** Whoever held the gate before, under whichever key, is no more. */
void rf_media_gate_start(struct rf_media_gate *gate, struct rf_srtp *take_srtp);
void rf_media_gate_fini(struct rf_media_gate *gate);
/** Judge a packet, decrypting it in place; on RF_MEDIA_TAKEN `rtp` points into it, of this payload
 * type. `own_ssrc` is that of what the same stream sends, or NULL. */
enum rf_media_verdict rf_media_gate_judge(struct rf_media_gate *gate, uint8_t *packet, size_t len,
                                          const uint32_t *own_ssrc, uint8_t payload_type,
                                          struct rf_rtp *rtp);

/* --- reports (rtcp.c) --- */

#define RF_MEDIA_REPORT_MAX 512 /* bytes, with what SRTCP adds */

/** What is told of packets that arrived. */
struct rf_media_heard {
    bool is_begun;
    uint32_t first, highest; /* extended sequence numbers */
    uint32_t received;
    uint32_t expected_told, received_told; /* in the last report */
};
struct rf_media_reports {
    struct rf_media_heard heard;
    uint32_t last_sr; /* the middle of its time; 0: none came */
    uint64_t last_sr_ms;
    char cname[17];
};
/** A new name; nothing heard. */
void rf_media_reports_init(struct rf_media_reports *r);
/** Another source, or the same under another key, is heard from now on. */
void rf_media_reports_restart(struct rf_media_reports *r);
/** A good packet of speech arrived. */
void rf_media_reports_heard(struct rf_media_reports *r, uint16_t seq);
/** Take a packet of RTCP, or refuse it: counted in `stats`. The packet is changed. */
void rf_media_reports_take(struct rf_media_reports *reports, struct rf_media_gate *gate,
                           uint8_t *packet, size_t len, const uint32_t *own_ssrc, uint64_t now_ms,
                           struct rf_media_stats *stats);
/** Count one that was refused before that. */
void rf_media_reports_refuse(struct rf_media_stats *stats);

/** What is told of packets that were sent. */
struct rf_media_said {
    struct rf_srtp *srtp; /* NULL: in the clear */
    uint32_t ssrc, timestamp, packets;
};
/** Write a report into buf (aligned, of RF_MEDIA_REPORT_MAX bytes). Returns its length; 0 when it
 * could not be made. */
size_t rf_media_reports_make(struct rf_media_reports *reports, const struct rf_media_gate *gate,
                             const struct rf_media_said *said, uint32_t jitter, uint64_t now_ms,
                             uint8_t *buf);
/** Until the next one: five seconds, by half of it more or less, so that those of many do not meet.
 */
uint64_t rf_media_reports_wait_ms(void);
/** RTCP goes to the port behind that of speech. */
void rf_media_next_port(struct sockaddr_storage *at);

/* --- another codec than µ-law (coder.c) --- */

/** One direction of one stream. NULL is µ-law, which is what clips and recordings are of. */
struct rf_media_coder;
/** NULL for µ-law. RF_ERR_NOMEM. */
RF_MUST_CHECK enum rf_err rf_media_coder_new(enum rf_media_codec codec, struct rf_media_coder **out,
                                             struct rf_why *why);
void rf_media_coder_free(struct rf_media_coder *coder);
/** Of RTP. */
uint8_t rf_media_coder_type(const struct rf_media_coder *coder);
/** 20 ms of µ-law become a frame of the codec, in place, and back again. */
void rf_media_coder_encode(struct rf_media_coder *coder, uint8_t frame[RF_CODEC_FRAME]);
void rf_media_coder_decode(struct rf_media_coder *coder, uint8_t frame[RF_CODEC_FRAME]);
/** 20 ms of µ-law as samples of a codec, narrow or wide. */
void rf_media_pcm_of_ulaw(const uint8_t ulaw[RF_CODEC_NARROW], bool is_wide, struct rf_mix_up *up,
                          int16_t *pcm);

/* --- what arrives (in.c) --- */

/** Packets of one source: their numbers, and their place in the recording. */
struct rf_media_source {
    bool is_begun;
    uint32_t first_seq, newest_seq; /* extended beyond 16 bits */
    uint64_t seen;                  /* bit k: newest_seq - k has arrived */
    uint32_t newest_timestamp;
    uint64_t begin_at, newest_at; /* sample numbers in the recording */
    uint64_t received;
    uint32_t transit, jitter16;
    uint32_t arrival; /* of the latest, in samples by our clock */
    bool has_resync;
    uint16_t resync_seq;
};

struct rf_media_in {
    bool is_on;
    struct rf_media_gate gate;
    struct rf_media_coder *coder; /* owned */
    struct rf_media_reports reports;
    struct rf_media_source source;
    uint64_t lost_before;   /* of sources that are over */
    uint32_t jitter_before; /* of the last of them */
    struct rf_buf record;
    uint64_t end_at; /* one behind the last sample that had a place, recorded or not */
};
/** A new key: source and replay window start afresh, the recording goes on. */
void rf_media_in_start(struct rf_media_in *in, struct rf_media_coder *take_coder,
                       struct rf_srtp *take_srtp);
void rf_media_in_stop(struct rf_media_in *in);
/** A packet arrived at `arrival` (samples by our clock). `own_ssrc` is that of what the same stream
 * sends, or NULL. The packet is changed. */
enum rf_media_verdict rf_media_in_packet(struct rf_media_in *in, uint8_t *packet, size_t len,
                                         const uint32_t *own_ssrc, uint32_t arrival,
                                         struct rf_media_stats *stats);
/** Fill in `lost` and `jitter`. */
void rf_media_in_stats(const struct rf_media_in *in, struct rf_media_stats *stats);
void rf_media_in_fini(struct rf_media_in *in);

/* --- what leaves (out.c) --- */

struct rf_media_out {
    bool is_on;
    struct rf_srtp *srtp;         /* owned; NULL: packets in the clear */
    struct rf_media_coder *coder; /* owned */
    struct sockaddr_storage to;
    socklen_t to_len;
    uint8_t tos;
    uint32_t ssrc, timestamp;
    uint32_t packets; /* of this source */
    uint16_t seq;
    bool is_first;              /* the marker: speech begins */
    struct rf_media_clip *clip; /* a reference */
    size_t clip_at;
    struct rf_pace pace;
    rf_timer_id timer, report_timer;
};
/** Source, sequence and timestamp by chance; everything else is the caller's. */
void rf_media_out_init(struct rf_media_out *out);
/** Write the next packet into buf (aligned, of RF_MEDIA_PACKET_MAX bytes); `gap_ms` of silence went
 * before. Returns its length; 0 when it could not be made. *is_clip_done: it had the clip's end. */
size_t rf_media_out_packet(struct rf_media_out *out, uint64_t gap_ms, uint8_t *buf,
                           bool *is_clip_done, struct rf_media_stats *stats);
void rf_media_out_fini(struct rf_media_out *out);

#define RF_MEDIA_PACKET_MAX 2048

/* --- the thread (thread.c) --- */

/** For tests: a clock that runs `speed` times as fast, how long a stall is made up for, and how
 * many commands may wait. */
struct rf_media_tuning {
    unsigned speed;
    uint64_t stall_ms;
    size_t commands_max;
};
#define RF_MEDIA_COMMANDS_MAX 4096
RF_MUST_CHECK enum rf_err rf_media_start_tuned(const struct rf_media_tuning *tuning,
                                               struct rf_media **out, struct rf_why *why);

struct rf_media_stream {
    struct rf_media *media; /* set when the thread has it */
    rf_media_id id;
    int fd, rtcp_fd;
    struct rf_media_conf conf;
    struct rf_media_in in;
    struct rf_media_out out;
    struct rf_media_stats stats;
    bool had_audio;             /* FIRST_AUDIO was posted for this key */
    const char *refused_reason; /* of the last one not yet reported; NULL: none */
    uint64_t refused_reported_ms;
    rf_timer_id refused_timer;
    struct rf_media_stream *next; /* in its bucket */
};
void rf_media_stream_free(struct rf_media_stream *stream);

/** What another thread asks for; the rest of it is released when it was not taken. */
struct rf_media_command {
    struct rf_msg msg;
    /* stream: the one named by id; not called when that is gone */
    void (*act)(struct rf_media *media, struct rf_media_stream *stream,
                struct rf_media_command *command);
    rf_media_id id;
    struct rf_media_stream *take_stream; /* of open */
    struct rf_srtp *take_srtp;           /* of receive */
    struct rf_media_coder *take_coder;   /* likewise */
    struct rf_media_out take_out;        /* of send */
};
struct rf_media_command *
rf_media_command_new(rf_media_id id, void (*act)(struct rf_media *, struct rf_media_stream *,
                                                 struct rf_media_command *));
void rf_media_command_free(struct rf_media_command *command);
/** RF_ERR_AGAIN media-busy, and the command is released. */
RF_MUST_CHECK enum rf_err rf_media_post(struct rf_media *media, struct rf_media_command *take,
                                        struct rf_why *why);
/** Never refused. */
void rf_media_post_always(struct rf_media *media, struct rf_media_command *take);
rf_media_id rf_media_next_id(struct rf_media *media);

void rf_media_on_open(struct rf_media *, struct rf_media_stream *, struct rf_media_command *);
void rf_media_on_receive(struct rf_media *, struct rf_media_stream *, struct rf_media_command *);
void rf_media_on_receive_stop(struct rf_media *, struct rf_media_stream *,
                              struct rf_media_command *);
void rf_media_on_send(struct rf_media *, struct rf_media_stream *, struct rf_media_command *);
void rf_media_on_send_stop(struct rf_media *, struct rf_media_stream *, struct rf_media_command *);
void rf_media_on_ask(struct rf_media *, struct rf_media_stream *, struct rf_media_command *);
void rf_media_on_close(struct rf_media *, struct rf_media_stream *, struct rf_media_command *);

#endif
