/* SPDX-License-Identifier: Apache-2.0 */
/* Phones on the loopback around a media server that is stepped by hand: each has a socket, a codec,
 * keys and a clock of its own, says speech and keeps what it hears.
 *
 *     town_begin(&t, 8);
 *     town_phone(&t, RF_MEDIA_PCMU, RF_MEDIA_CLEAR);        phone 0, its leg open and sending
 *     town_join(&t, 0, 1);
 *     town_steps(&t, 100);                                  two seconds
 *     town_gain(&t, 0, 1, 1.5, NULL);                       how loud 0 hears 1
 *     town_end(&t); */
#ifndef SUPPORT_MEDIA_TOWN_H
#define SUPPORT_MEDIA_TOWN_H

#include "media/g711.h"
#include "media/server_int.h"
#include "unit.h"
#include "wire/rtp/rtcp.h"

#define TOWN_MAX 8
/* What was said and heard is kept at this rate. */
#define TOWN_HZ 2000

struct town_phone {
    rf_media_leg leg;
    uint16_t leg_port;
    int fd, rtcp_fd;
    uint16_t port;
    enum rf_media_codec codec;
    struct rf_codec *coder;
    struct rf_media_key key_in, key_out; /* kept, for tests that use them again */
    struct rf_srtp *in, *out;
    uint32_t ssrc, timestamp;
    uint16_t seq;
    bool is_mute;
    size_t said; /* samples at 8000 Hz of its speech, from its own place in it */
    double ppm;  /* of its clock */
    double due_ms;
    unsigned sent;
    /* What goes out in place of a packet; NULL: as it is. */
    void (*tamper)(struct town_phone *p, uint8_t *packet, size_t len);
    uint8_t kept[RF_LEG_PACKET_MAX];
    size_t kept_len;
    unsigned received;
    unsigned loudest;
    uint32_t peer_ssrc;
    uint8_t last[RF_LEG_PACKET_MAX]; /* as it came, encrypted */
    size_t last_len;
    unsigned reports;      /* of RTCP that came */
    struct rf_rtcp report; /* the last, without its name */
    float *heard;          /* at TOWN_HZ */
    size_t heard_n, heard_max;
    /* events of its leg */
    unsigned n[RF_MEDIA_LEG_CLOSED + 1];
    struct rf_media_leg_stats stats;
    const char *reason;
};

struct town {
    struct rf_media_server *server;
    struct rf_mailbox *events;
    struct town_phone phone[TOWN_MAX];
    size_t phones;
    double now_ms;
    int16_t *speech; /* at 8000 Hz: ada, then ben, a third as loud */
    size_t speech_n;
    float *slow; /* the same at TOWN_HZ */
};
void town_begin(struct town *t, unsigned legs_max);
void town_end(struct town *t);

struct rf_media_leg_conf town_conf(const struct town *t, size_t i);
/** The next phone, its leg open. */
struct town_phone *town_phone_open(struct town *t, enum rf_media_codec codec,
                                   enum rf_media_suite suite);
/** The leg sends to it, under fresh keys. */
void town_send(struct town *t, size_t i, bool is_port_free);
/** Both. */
void town_phone(struct town *t, enum rf_media_codec codec, enum rf_media_suite suite);
/** A fresh key for the leg to receive under; the phone uses it when `phone_too`. */
void town_receive(struct town *t, size_t i, bool phone_too);
void town_join(struct town *t, size_t i, uint32_t mix);
/** Send these bytes to the leg of phone i from its socket, or another one. */
void town_send_raw(struct town *t, size_t i, int fd, const uint8_t *packet, size_t len);
int town_socket(const char *host, uint16_t *port);
/** A report of phone i to its leg, as of this source, from this socket. `spoil`: its last byte. */
void town_report(struct town *t, size_t i, uint32_t ssrc, int fd, bool spoil);

void town_steps(struct town *t, unsigned n);
/** Run events; the numbers are in phone[i].stats. */
void town_ask(struct town *t, size_t i);
void town_events(struct town *t);

/** How loud phone `who` heard phone `whom` in the last seconds: 1 as it was said, 0 not at all. The
 * delay at which it did best, if asked. Speech that was resampled meanwhile is not found. */
double town_gain(const struct town *t, size_t who, size_t whom, double seconds, double *delay_ms);
#endif
