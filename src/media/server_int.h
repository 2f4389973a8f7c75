/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the media server: its legs, their mixes, and the thread that runs them. */
#ifndef MEDIA_SERVER_INT_H
#define MEDIA_SERVER_INT_H

#include "media/jitter.h"
#include "media/media_int.h"
#include "media/server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#define RF_LEG_BATCH      16  /* packets of a leg in a tick; what is above waits, or is lost */
#define RF_LEG_BATCHES    8   /* of strangers' packets, which do not count */
#define RF_LEG_PACKET_MAX 512 /* bytes; a frame with tag, extension and padding has less */
#define RF_LEG_MARKS      16  /* keys that a leg remembers to have had */
#define RF_LEG_BUCKETS    1024
#define RF_LEG_COMMANDS   8192
/* A thread that was kept from running makes up for so many ticks; the others it leaves out. */
#define RF_LEG_TICKS_MADE_UP 5

/** A mix, there while legs are in it. */
struct rf_leg_mix {
    uint32_t number;
    struct rf_mix mix;
    struct rf_leg *members;
    struct rf_leg_mix *next;
};

enum rf_leg_source { RF_LEG_SILENCE, RF_LEG_CLIP, RF_LEG_MIX };

struct rf_leg_out {
    bool is_on;
    struct rf_srtp *srtp; /* owned; NULL: packets in the clear */
    uint32_t ssrc, timestamp;
    uint16_t seq;
    bool is_first;    /* the marker: speech begins */
    uint32_t packets; /* of this source */
};

/** Where the far end is. */
struct rf_leg_far {
    bool is_known;
    struct sockaddr_storage at; /* sent to */
    socklen_t len;
    uint8_t tos;
    bool is_port_free;   /* until a good packet says where it comes from */
    in_port_t from_port; /* as in a socket's address */
};

struct rf_leg {
    struct rf_media_server *server;
    rf_media_leg id;
    uint64_t number;
    int fd, rtcp_fd;
    uint32_t dropped, rtcp_dropped; /* by the kernel, as far as they were counted */
    bool was_full;                  /* since then more waited than a batch */
    size_t at;                      /* in the server's array */
    struct rf_codec *codec;
    struct rf_leg_far far;
    /* what arrives */
    bool is_receiving;
    struct rf_media_gate gate;
    struct rf_jitter jitter;
    bool had_audio;
    struct rf_media_reports reports;
    uint64_t report_tick;                /* of the next one; 0: not planned */
    int16_t heard[RF_CODEC_SAMPLES_MAX]; /* this tick; for the mix */
    bool speaks;
    /* what leaves */
    struct rf_leg_out out;
    enum rf_leg_source source;
    struct rf_leg_mix *mix;
    struct rf_leg *next_member;
    struct rf_mix_limiter limiter;
    struct rf_media_clip *clip; /* a reference */
    size_t clip_at;
    struct rf_mix_up clip_up;
    /* what is told */
    struct rf_media_leg_stats stats;
    const char *refused_reason; /* of the last one not yet reported; NULL: none */
    uint64_t refused_tick;      /* before this one no more is reported */
    uint64_t marks[RF_LEG_MARKS];
    unsigned marks_n;
    struct rf_leg *next; /* in its bucket */
};
void rf_leg_free(struct rf_leg *leg);

/** What other threads may read. */
struct rf_media_server_totals {
    atomic_uint legs;
    atomic_uint_least64_t packets_in, packets_out, refused, ticks_late;
};

struct rf_media_server {
    struct rf_media_server_conf conf;
    char *local;
    struct rf_media_key_secret mark_secret;
    struct rf_mailbox *commands;
    pthread_t thread;
    bool has_thread;
    bool is_ending;
    int timer; /* a timerfd; runs while there are legs */
    atomic_uint ids;
    struct rf_media_server_totals totals;
    /* the thread's own */
    uint64_t tick;
    uint64_t warn_tick; /* before this one nothing is logged of being late */
    struct rf_leg **legs;
    size_t legs_n;
    struct rf_leg *bucket[RF_LEG_BUCKETS];
    struct rf_leg_mix *mixes;
    uint64_t packets_in, packets_out, refused; /* of this tick */
    struct mmsghdr in[RF_LEG_BATCH];
    struct iovec in_io[RF_LEG_BATCH];
    struct sockaddr_storage in_from[RF_LEG_BATCH];
    _Alignas(8) uint8_t in_bytes[RF_LEG_BATCH][RF_LEG_PACKET_MAX];
};

/* --- a leg's packets (leg.c) --- */

/** Prepare the buffers that packets are read into. */
void rf_leg_reader_init(struct rf_media_server *server);
/** Where the far end is has changed: from now on only its packets come as far as us. */
void rf_leg_guard(struct rf_leg *leg);
/** Take what has arrived. */
void rf_leg_read(struct rf_media_server *server, struct rf_leg *leg);
/** Send 20 ms; `left_out` ticks were not sent before. */
void rf_leg_write(struct rf_media_server *server, struct rf_leg *leg, unsigned left_out);
void rf_leg_out_init(struct rf_leg_out *out);
void rf_leg_out_fini(struct rf_leg_out *out);
/** The numbers that are elsewhere. */
void rf_leg_fill_stats(struct rf_leg *leg);
/** Take the far end's reports now and then, and send one when it is time. */
void rf_leg_report(struct rf_media_server *server, struct rf_leg *leg);

/* --- the thread (server_thread.c) --- */

/** For tests: no thread; commands run and time passes in rf_media_server_turn only. */
RF_MUST_CHECK enum rf_err rf_media_server_start_stepped(const struct rf_media_server_conf *conf,
                                                        struct rf_media_server **out,
                                                        struct rf_why *why);
/** Run the commands that wait, then a tick. */
void rf_media_server_turn(struct rf_media_server *server);
/** A tick, after so many that were left out. */
void rf_media_server_tick(struct rf_media_server *server, unsigned left_out);

void rf_leg_answer(struct rf_leg *leg, enum rf_media_leg_event_kind kind, const char *reason);
/** Report at once, or when a second is over since the last one. */
void rf_leg_on_refused(struct rf_leg *leg, const char *reason);

/** What another thread asks for; the rest of it is released when it was not taken. */
struct rf_leg_command {
    struct rf_msg msg;
    /* not called when the leg is gone */
    void (*act)(struct rf_media_server *server, struct rf_leg *leg, struct rf_leg_command *command);
    rf_media_leg id;
    struct rf_leg *take_leg;         /* of open */
    struct rf_srtp *take_srtp;       /* of receive */
    uint64_t mark;                   /* of receive, send: of the key; 0: in the clear */
    struct rf_leg_out take_out;      /* of send */
    struct rf_leg_far far;           /* of send */
    struct rf_media_clip *take_clip; /* of play */
    uint32_t mix;                    /* of join */
    struct rf_leg_mix *take_mix;     /* of join: used when it is the first */
};
typedef void (*rf_leg_act)(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);
struct rf_leg_command *rf_leg_command_new(rf_media_leg id, rf_leg_act act);
void rf_leg_command_free(struct rf_leg_command *command);
/** RF_ERR_AGAIN media-busy, and the command is released. */
RF_MUST_CHECK enum rf_err rf_leg_post(struct rf_media_server *server, struct rf_leg_command *take,
                                      struct rf_why *why);
/** Never refused. */
void rf_leg_post_always(struct rf_media_server *server, struct rf_leg_command *take);

void rf_leg_do_open(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);
void rf_leg_do_receive(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);
void rf_leg_do_send(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);
void rf_leg_do_send_stop(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);
void rf_leg_do_join(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);
void rf_leg_do_play(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);
void rf_leg_do_silence(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);
void rf_leg_do_ask(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);
void rf_leg_do_close(struct rf_media_server *, struct rf_leg *, struct rf_leg_command *);

#endif
