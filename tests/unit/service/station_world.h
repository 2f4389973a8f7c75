/* SPDX-License-Identifier: Apache-2.0 */
/* The world around one SCCP phone: a scripted call manager on a pretend network, a clock turned by
 * hand, and streams that are a few numbers. What the phone sends and what it reports is kept, and
 * expect...() looks forward from what was expected before. */
#ifndef UNIT_SERVICE_STATION_WORLD_H
#define UNIT_SERVICE_STATION_WORLD_H

#include "../trust/pki.h"
#include "phone_lists.h"
#include "phone_net.h"
#include "unit.h"

#include "service/phone/station_int.h"

#define DEVICE  "SEP001122334455"
#define REF     0x01000017u
#define REF2    0x01000099u
#define REF3    0x0100009au
#define STREAMS 16
#define EVENTS  200
#define SUITE   "TLS_AES_256_GCM_SHA384"

struct fake_stream {
    struct rf_media_conf conf;
    bool is_receiving, is_sending, is_closing, is_gone, is_asked;
    struct rf_media_key receive_key, send_key;
    enum rf_media_codec receive_codec, send_codec;
    char remote[RF_ADDRESS_TEXT_MAX];
    uint16_t remote_port;
    uint8_t tos;
    const struct rf_media_clip *clip; /* not a reference: to compare */
    unsigned receives, sends;
};

struct seen_event {
    struct rf_station_event event; /* its texts are the copies below */
    char server[64], suite[64], text[256], number[64], label[64];
    char calling_number[64], calling_name[128], called_number[64], called_name[128], remote[64];
    char word[64], mode[32], redirecting_number[64];
};

struct world {
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_mailbox *answers;
    struct net net;
    struct net_link *link;
    struct rf_lists lists;
    struct rf_phone_id id;
    struct rf_station_conf conf;
    struct rf_station *st;
    unsigned version; /* the scripted server's: 0 before RegisterAck */
    size_t read_at;   /* of what the phone wrote on this link */
    struct rf_sccp_msg msg;
    struct fake_stream streams[STREAMS];
    size_t n_streams;
    const char *media_fails; /* code: "open", "receive" or "send" does not work */
    struct seen_event *events[EVENTS];
    size_t n_events, event_at;
    void (*on_event)(struct world *w, const struct rf_station_event *event); /* may be NULL */
};

/** One end of a link of the phone, as far as it was read. */
struct side {
    struct net_link *link;
    unsigned version;
    size_t read_at;
};

/* Made once. ccm and second are call managers of the lists, tftp is there with another role. */
extern struct id ccm, second, tftp, stranger, issuer, lsc;
int keys_are_made(void **state);
int keys_are_gone(void **state);

struct world *world_new(unsigned version);
void world_free(struct world *w);
/** All that follows by itself. */
void settle(struct world *w);
void passes(struct world *w, uint64_t ms);

void makes(struct world *w); /* rf_station_new */
void starts(struct world *w);
/** The server answers the phone's newest link. */
void accepts(struct world *w);
void says(struct world *w, const struct rf_sccp_msg *msg);
void says_empty(struct world *w, enum rf_sccp_id id);
/** A whole frame of this id with n bytes of body. */
void says_bytes(struct world *w, uint32_t id, const void *body, size_t n);
/** The next message of this id; fails when there is none. */
const struct rf_sccp_msg *expect(struct world *w, enum rf_sccp_id id);
/** No message of this id from here on. */
void expect_none(struct world *w, enum rf_sccp_id id);
const struct seen_event *expect_event(struct world *w, enum rf_station_event_kind kind);
size_t events_of(const struct world *w, enum rf_station_event_kind kind);
void expect_call(struct world *w, enum rf_station_call_state state);
/** The phone says that the link which stands by is "up", "lost", "taken" ... */
void expect_word(struct world *w, const char *word);
void forget(struct world *w);
/** The world's side, to come back to; and back to one. */
struct side leaves(const struct world *w);
void goes_to(struct world *w, struct side s);

void acks_register(struct world *w);
/** Answers every question up to RF_STATION_REGISTERED. */
void answers_questions(struct world *w);
/** makes, starts, accepts, and registers. */
void registers(struct world *w);

/** A template and sets as a server has them: each key's event is its number plus 100. */
void has_usual_keys(struct world *w);
void offers(struct world *w, uint32_t ref, enum rf_sccp_keyset set, uint32_t mask);
void call_state(struct world *w, enum rf_sccp_state state, uint32_t ref);
/** Registered, and a call rings or is connected. */
void rings(struct world *w);
void talks(struct world *w);

struct rf_sccp_media_key some_key(uint8_t first);
void opens_receive(struct world *w, uint32_t ref, const struct rf_sccp_media_key *key);
void starts_send(struct world *w, uint32_t ref, const struct rf_sccp_media_key *key);
void stops(struct world *w, enum rf_sccp_id id, uint32_t ref);
void asks_statistics(struct world *w, uint32_t ref);
/** An event of the stream with this number; RF_MEDIA_CLOSED ends it. */
void media_says(struct world *w, size_t stream, enum rf_media_event_kind kind);
/** RF_MEDIA_CLOSED of all that the phone has closed. */
void media_settles(struct world *w);

#endif
