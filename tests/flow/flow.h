/* SPDX-License-Identifier: Apache-2.0 */
/* Scripted calls in one process: the real service and call control, with phones that are a few
 * lines each, a pretend network (frames are handed over by function call) and a clock that only
 * moves when a test says so. A test reads like the call it makes:
 *
 *     off_hook(a);          expect_tone(a, RF_SCCP_TONE_INSIDE_DIAL);
 *     dials(a, "2002");     expect_state(b, RF_SCCP_STATE_RING_IN);
 *     passes(f, 60000);     expect_state(b, RF_SCCP_STATE_ON_HOOK);
 *
 * expect...() looks forward from what was expected before, so order counts; what stands in between
 * is passed over. A failed expectation prints what the phone got. */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "unit.h"

#include "service/sccp/sccp_service.h"

#define FLOW_PHONES 4
#define FLOW_GOT    2000
#define FLOW_EVENTS 400

#define NAME_A "SEP001122334455" /* tests/data/flow/phone-A.pem; phone-C.pem has the same name */
#define NAME_B "SEP00112233AABB" /* phone-B.pem */

struct flow;

/** How a phone connects. */
enum flow_link { LINK_PLAIN, LINK_NULL_CIPHER, LINK_TLS };

struct flow_frame {
    size_t len;
    bool has_key;
    uint8_t bytes[];
};

struct flow_phone {
    struct flow *f;
    const char *name;
    const char *address;
    struct rf_cert *cert;
    enum flow_link kind;
    unsigned announces; /* highest version it speaks */
    unsigned version;   /* agreed */
    rf_sccp_link_ref link;
    bool is_open;
    bool is_paused;
    char closed[128]; /* why the server closed */
    struct flow_frame *got[FLOW_GOT];
    size_t n_got;
    size_t at; /* the next one to expect */
    struct rf_sccp_msg msg;
    uint32_t ref;   /* of the last CallState that says more than that a call is gone */
    uint32_t party; /* of the last OpenReceiveChannel, and its call */
    uint32_t party_ref;
    uint32_t line;
    uint32_t state;
    uint64_t sent;
    bool reads_utf8;
    uint16_t media_port;
};

struct flow_event {
    char kind[32];
    char dev[24];
    uint32_t call_id;
    enum rf_sccp_cause cause;
    char text[512];
};

#define FLOW_MEDIA 64

/** A receiver of the server's own media. */
struct flow_media {
    bool is_open, is_sending;
    struct rf_call_stream stream;
    struct rf_call_key receive, send;
    struct rf_call_addr to;
    uint32_t mix; /* 0: music */
};

struct flow {
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_blocklist *blocked;
    struct rf_sccp_service *svc;
    struct flow_phone phones[FLOW_PHONES];
    size_t n_phones;
    rf_sccp_link_ref last_link;
    struct flow_event events[FLOW_EVENTS];
    size_t n_events;
    struct rf_call_record record; /* the last one */
    size_t n_records;
    struct flow_media media[FLOW_MEDIA]; /* number n is media[n - 1]; its port is 40000 + n */
    size_t n_media;
    bool media_is_full;
    char forward_device[24]; /* the last one that wanted to forward */
    char forward_line[32];
    char forward_number[32];
    char unknown[24]; /* the last device that is not configured and wanted to register */
    bool is_unknown_proved;
    size_t n_unknown;
    uint8_t cert_used[RF_SCCP_FP_LEN];
    size_t n_cert_used;
};

/** Two devices, encrypted, SRTP: NAME_A with line 2001 "Ada", NAME_B with line 2002 "Ben". */
struct flow *flow_new(void);
/** The same with media of the server's own: conferences and music. */
struct flow *flow_new_media(void);
/** The same, and who is less secure may not come into a call. */
struct flow *flow_new_no_barge(void);
/** The same in a cluster that is nonsecure as a whole, or not. */
struct flow *flow_new_in(bool is_nonsecure);
/** The same at a survivable router. */
struct flow *flow_new_router(void);
/** As flow_new, and certificates of this issuer have to be listed. */
struct flow *flow_new_listing(struct rf_cert *issuer);
void flow_free(struct flow *f);
/** The device as flow_new made it, to be changed and given to rf_sccp_device_update. */
struct rf_sccp_device flow_device(const char *name);
/** A phone that is not connected yet; certificate letter 'A', 'B' or 'C' of tests/data/flow. */
struct flow_phone *flow_phone(struct flow *f, const char *name, char cert, unsigned version);

void connects(struct flow_phone *p, enum flow_link kind);
/** The link breaks without a word. */
void vanishes(struct flow_phone *p);
void sends(struct flow_phone *p, const struct rf_sccp_msg *msg);
void sends_empty(struct flow_phone *p, enum rf_sccp_id id);
/** Any id with a body of n zero bytes. */
void sends_zeros(struct flow_phone *p, uint32_t id, size_t n);
void sends_register(struct flow_phone *p);
/** connects over TLS, registers and asks all that a phone asks. */
void boots(struct flow_phone *p);
/** The same without TLS. */
void boots_plain(struct flow_phone *p);

void off_hook(struct flow_phone *p);
void on_hook(struct flow_phone *p);
void dials(struct flow_phone *p, const char *digits);
void presses(struct flow_phone *p, enum rf_sccp_key key);
void acknowledges(struct flow_phone *p, uint32_t status, const char *ip, uint32_t port);
/** A calls B and both talk. */
void talk(struct flow_phone *a, struct flow_phone *b);
/** Both acknowledge what they were asked to open, and are told where to send. */
void media_opens(struct flow_phone *a, struct flow_phone *b);
/** A soft key of one of its calls. */
void presses_on(struct flow_phone *p, enum rf_sccp_key key, uint32_t ref);
/** Another device: encrypted, with this number and name. */
void flow_add(struct flow *f, const char *device, const char *number, const char *name);

/** What a phone wanted to forward last is in the database now. */
void flow_forward_kept(struct flow *f);

/** Time passes; timers fire when they are due. Phones send their keepalives. */
void passes(struct flow *f, uint64_t ms);
/** The same without keepalives. */
void passes_silently(struct flow *f, uint64_t ms);

const struct rf_sccp_msg *expect(struct flow_phone *p, uint32_t id);
void expect_state(struct flow_phone *p, enum rf_sccp_state state);
void expect_tone(struct flow_phone *p, enum rf_sccp_tone tone);
/** Nothing of this id has come since what was expected last. */
void expect_none(struct flow_phone *p, uint32_t id);
void expect_closed(struct flow_phone *p, const char *part_of_reason);
/** Is there more of this id? Then it is the next one to expect. */
bool has_more(struct flow_phone *p, uint32_t id);
/** Was this prompt, as it is sent, shown since what was expected last? */
bool prompts(struct flow_phone *p, const char *text);
/** Read the cursor to the end: only what comes from now on counts. */
void forget(struct flow_phone *p);
/** The last event of this kind; fails when there is none. */
const struct flow_event *expect_event(struct flow *f, const char *kind);
size_t events_of(const struct flow *f, const char *kind);
bool is_registered(struct flow *f, const char *name);
void expect_no_call(struct flow *f);

#endif
