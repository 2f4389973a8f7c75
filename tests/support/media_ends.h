/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends of a call over the loopback, each a media thread of its own, and a relay of the test's
 * own between them, which may lose, change, repeat or add packets.
 *
 *     end_begin(&a, &media_fast);
 *     receive(&a, &key);
 *     wait_for(&a, &b, NULL, &a.n[RF_MEDIA_FIRST_AUDIO], 1);
 *     end_end(&a);
 */
#ifndef SUPPORT_MEDIA_ENDS_H
#define SUPPORT_MEDIA_ENDS_H

#include "media/media_int.h"
#include "unit.h"

#define WAIT_MS 20000 /* a machine that is busy; no test waits this long */

/** A clock that runs eight times as fast, and makes up for any stall: six seconds of speech take
 * less than one. */
extern const struct rf_media_tuning media_fast;

uint64_t now_ms(void);

struct end {
    struct rf_media *media;
    struct rf_mailbox *events;
    rf_media_id stream;
    uint16_t port;
    unsigned n[RF_MEDIA_CLOSED + 1]; /* events */
    struct rf_media_stats stats;     /* of the last one */
    const char *reason;              /* of the last one refused */
    struct rf_buf heard;
};

struct rf_media_conf conf_of(struct end *e);
/** With one stream; tuning NULL: as in a program. */
void end_begin(struct end *e, const struct rf_media_tuning *tuning);
void end_end(struct end *e);

struct relay {
    int fd, rtcp_fd;
    uint16_t port;
    uint16_t to;
    unsigned n; /* packets seen */
    /* What is passed on in place of a packet; may send others before. NULL: all as it is. */
    void (*handle)(struct relay *r, uint8_t *packet, size_t len);
    uint8_t kept[RF_MEDIA_PACKET_MAX];
    size_t kept_len;
};

void relay_begin(struct relay *r);
void relay_end(struct relay *r);
void relay_send(struct relay *r, const uint8_t *packet, size_t len);
/** Pass on what waits. */
void relay_turn(struct relay *r);

/** Run events of one or two ends, and the relay, until the counter is reached. */
void wait_for(struct end *a, struct end *b, struct relay *r, const unsigned *counter,
              unsigned want);
void close_and_wait(struct end *e);
/** Stats of now, in e->stats. */
void ask(struct end *e, struct end *other, struct relay *r);
/** Ask until the end has this number of packets, taken or refused. */
void wait_for_packets(struct end *e, struct relay *r, uint64_t want);

struct rf_media_key new_key(enum rf_media_suite suite, uint8_t first);
void receive(struct end *e, const struct rf_media_key *key);
void send_to(struct end *e, uint16_t port, const struct rf_media_key *key,
             struct rf_media_clip *clip);

/** A file of tests/data/speech. */
struct rf_media_clip *speech(const char *name);
/** n frames that differ. */
struct rf_media_clip *frames(unsigned n);
/** The recording is this clip, sample for sample, and then silence. */
void assert_heard_clip(const struct end *e, const struct rf_media_clip *clip);

#endif
