/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides in one process: the real SCCP service with its call control, and real stations, joined
 * by a pretend network and a clock turned by hand; only sockets and sound are faked. Nothing passes
 * between them but frames. */
#ifndef FLOW_PHONES_H
#define FLOW_PHONES_H

#include "../unit/trust/pki.h"
#include "phone_lists.h"
#include "phone_net.h"
#include "unit.h"

#include "service/phone/station.h"
#include "service/sccp/sccp_service.h"

#define NAME_A        "SEP001122334455"
#define NAME_B        "SEP00112233AABB"
#define PHONE_STREAMS 64

struct world;

struct phone_stream {
    struct rf_media_conf conf;
    bool is_open, is_receiving, is_sending;
    struct rf_media_key receive_key, send_key;
    char remote[RF_ADDRESS_TEXT_MAX];
    uint16_t port, remote_port;
};

struct phone {
    struct world *w;
    const char *name;
    const char *suite; /* of its links; NULL: one that hides nothing */
    struct net net;
    struct rf_phone_id id;
    struct rf_station_conf conf;
    struct rf_station *st;
    struct rf_buf to_phone; /* what the service sent on the newest link */
    struct phone_stream streams[PHONE_STREAMS];
    size_t n_streams;
    uint16_t port_base; /* its streams count from here */
    bool media_fails;
    bool answers; /* by itself, when it rings */
    enum rf_station_call_state call;
    enum rf_sccp_security security; /* as shown last */
    char calling[64], called[64], failed[64], refused[64], refused_code[RF_WHY_CODE_MAX];
    char heard_digits[64];
    unsigned registered, lost, resets, clips;
    uint64_t in, out, dropped; /* of links that are gone */
};

struct world {
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_mailbox *answers;
    struct rf_sccp_service *svc; /* NULL: the server is away */
    struct rf_lists lists;
    struct id ccm, issuer, lsc[2];
    struct rf_sccp_device devices[2];
    struct phone a, b;
    unsigned events_refused;
    struct rf_call_record record;
    unsigned records;
};

/** What stands for sound, with the struct phone as `media`; and what a phone's events do to it. */
const struct rf_station_media_ops *phone_media(void);
void phone_on_event(void *arg, const struct rf_station_event *event);
/** Each sends what the other can read, to where it listens; the directions share no key. */
void expect_crossed(struct phone *a, struct phone *b, enum rf_media_suite suite);

/** Two phones with their certificates and a server that knows them; nothing is started. */
struct world *world_new(unsigned version_a, unsigned version_b);
void world_free(struct world *w);
/** The server begins (again), or vanishes with all its links. */
void server_starts(struct world *w);
void server_dies(struct world *w);

/** Everything that follows by itself, without time. */
void settle(struct world *w);
void passes(struct world *w, uint64_t ms);
/** Both phones are made, started and registered. */
void boots(struct world *w);
void makes(struct phone *p);

void calls(struct phone *p, const char *number);
void hangs_up(struct phone *p);
/** A has called B, B has answered, both are connected with media. */
void talk(struct world *w);
void expect_states(struct world *w, enum rf_station_call_state a, enum rf_station_call_state b);
/** The stream of the present call; fails when there is none. */
struct phone_stream *stream_of(struct phone *p);
void expect_no_call(struct world *w);

#endif
