/* SPDX-License-Identifier: Apache-2.0 */
/* The SCCP phone: it finds a call manager of its list, registers, and has up to eight calls at a
 * time, with the far ends of which it exchanges SRTP or RTP by media/stream.h. It does what any
 * call manager tells it; what it cannot do it skips by name. Keys, several calls and what the
 * screen shows: service/phone/station_user.h.
 *
 *     err = rf_station_new(&conf, &st, &why);
 *     rf_station_start(st);
 *     on RF_STATION_REGISTERED:   rf_station_call(st, "2002", &why);
 *     on RF_STATION_CALL, RING_IN: rf_station_answer(st, &why);
 *     rf_station_stop(st);        ... RF_STATION_STOPPED: rf_station_free(st)
 *
 * Servers are tried in order: over TLS at base port + 443 with the LSC (else the MIC), and only if
 * the server's certificate stands in the trust lists with role CCM or CCM+TFTP; else the phone
 * leaves before it has sent a name, and tries the next. There is no way from a secure mode to a
 * plain link. Routers (is_srst) stand behind the call managers and show the very certificate of the
 * configuration instead; from one the phone goes back to a call manager that has answered for
 * monitor_ms without a break. After the last of the list it waits: first 15 s, doubled to 10
 * minutes, times a random 0.75 to 1.25. A link that is lost in a call leaves the media running
 * (RF_STATION_PRESERVED), and the phone registers again when its user has hung up: on the link that
 * stands by, if there is one (has_standby).
 *
 * No globals, never blocks, allocates nothing per packet.
 * Thread: that of the loop that runs `timers` and reads `answers`.
 * doc: docs/phone-calls.md; docs/wire/sccp.md, "Flows"; docs/security-rules.md, "Signalling" */
#ifndef SERVICE_PHONE_STATION_H
#define SERVICE_PHONE_STATION_H

#include "base/fsm.h"
#include "base/timer.h"
#include "media/stream.h"
#include "service/phone/phone_link.h"
#include "trust/lists.h"
#include "wire/sccp/sccp.h"

#define RF_STATION_SERVERS_MAX 5
#define RF_STATION_TLS_OFFSET  443
#define RF_STATION_NAME_MAX    15
#define RF_STATION_NUMBER_MAX  24
#define RF_STATION_TEXT_MAX    255 /* bytes of UTF-8 in texts of events */

/** deviceSecurityMode of the verified configuration. */
enum rf_station_mode {
    RF_STATION_NON_SECURE = 1,    /* plain TCP to the base port */
    RF_STATION_AUTHENTICATED = 2, /* TLS with a suite that does not encrypt */
    RF_STATION_ENCRYPTED = 3,     /* TLS, and the suite must hide the content */
};

struct rf_station_server {
    char host[RF_ADDRESS_TEXT_MAX]; /* numeric */
    uint16_t port;                  /* base port, as in the configuration */
    bool is_srst;                   /* the router of the branch, where no call manager is left */
    /** SRST: the one certificate that it must show, borrowed as long as the station lives. NULL:
     * the configuration has none, and a link to it would be in the clear. */
    const struct rf_cert *cert;
};

/** Media as in media/stream.h, so that tests fake it. Each function is the one of the same name
 * there; `media` is conf.media_arg. A stream that was opened gets RF_MEDIA_CLOSED after it was
 * closed, also when the station is gone by then. */
struct rf_station_media_ops {
    enum rf_err (*open)(void *media, const struct rf_media_conf *conf, rf_media_id *out,
                        uint16_t *out_port, struct rf_why *why);
    enum rf_err (*receive)(void *media, rf_media_id stream, enum rf_media_codec codec,
                           const struct rf_media_key *key, struct rf_why *why);
    void (*receive_stop)(void *media, rf_media_id stream);
    enum rf_err (*send)(void *media, rf_media_id stream, const char *remote, uint16_t port,
                        enum rf_media_codec codec, const struct rf_media_key *key,
                        struct rf_media_clip *clip, uint8_t tos, struct rf_why *why);
    void (*send_stop)(void *media, rf_media_id stream);
    void (*ask)(void *media, rf_media_id stream);
    void (*close)(void *media, rf_media_id stream);
};
/** Over media/stream.h; `media` is the struct rf_media. */
const struct rf_station_media_ops *rf_station_media_real(void);

/** What the phone's screen would show of the call. */
enum rf_station_call_state {
    RF_STATION_IDLE,
    RF_STATION_SEIZING,    /* off hook, no word from the server yet */
    RF_STATION_DIALLING,   /* dial tone, or digits going out */
    RF_STATION_PROCEEDING, /* the server routes */
    RF_STATION_RING_OUT,
    RF_STATION_RING_IN,
    RF_STATION_ANSWERING, /* off hook, not connected yet */
    RF_STATION_CONNECTED,
    RF_STATION_HELD,
    RF_STATION_FAILED,    /* busy, congestion, no such number: with a tone, until it hangs up */
    RF_STATION_CLEARING,  /* on hook, the server has not said so yet */
    RF_STATION_PRESERVED, /* the link is gone, the media goes on */
    RF_STATION_REMOTE,    /* on another phone of a shared line, talking or held there */
    RF_STATION_CALL_STATES_N,
};
const char *rf_station_call_state_name(enum rf_station_call_state state); /* "ring-in" */
/** What stands beside a call on the screen: "lock", "shield" or "". */
const char *rf_station_icon(enum rf_sccp_security security);

enum rf_station_reg_state {
    RF_STATION_OFF,
    RF_STATION_CONNECTING,
    RF_STATION_REGISTERING, /* Register is out */
    RF_STATION_SETTING_UP,  /* accepted, asking for templates, lines and time */
    RF_STATION_UP,
    RF_STATION_WAITING,  /* all servers failed: until the retry timer */
    RF_STATION_LINKLESS, /* lost the link in a call: until the call is over */
    RF_STATION_LEAVING,  /* Unregister is out */
    RF_STATION_MOVING,   /* the same, to register at a better server */
    RF_STATION_REG_STATES_N,
};
const char *rf_station_reg_state_name(enum rf_station_reg_state state);

/** The link beside the one in use: to a better server, to ask it to take the phone back, or to the
 * next one, to have it when it is needed. */
enum rf_station_standby_state {
    RF_STATION_STANDBY_OFF,
    RF_STATION_STANDBY_CONNECTING,
    RF_STATION_STANDBY_UP,      /* keepalives only */
    RF_STATION_STANDBY_PROVING, /* on SRST: the call manager must answer for monitor_ms first */
    RF_STATION_STANDBY_ASKING,  /* RegisterTokenReq is out */
    RF_STATION_STANDBY_REFUSED, /* for a time that the server said */
    RF_STATION_STANDBY_GRANTED, /* the phone moves there */
    RF_STATION_STANDBY_WAITING, /* no server answers: until the next try */
    RF_STATION_STANDBY_CLOSING,
    RF_STATION_STANDBY_STATES_N,
};

enum rf_station_event_kind {
    RF_STATION_LINK_UP,       /* connected; server, suite; nothing was sent yet */
    RF_STATION_REGISTERED,    /* server, version, number, label; set up whole */
    RF_STATION_REFUSED,       /* by a server (text: its words), or it by us: why, server */
    RF_STATION_LOST,          /* the link of a registered phone ended: why, server */
    RF_STATION_WAITS,         /* the list is at its end; wait_ms until it starts anew */
    RF_STATION_RESET,         /* the server wants reset: `reset`. The phone has left; boot again */
    RF_STATION_STOPPED,       /* after rf_station_stop */
    RF_STATION_LINK_COUNTS,   /* a link ended: in, out, dropped */
    RF_STATION_STANDBY,       /* word: up, lost, asks, refused (wait_ms), granted, taken,
                               * untrusted (why, is_srst); server */
    RF_STATION_CALL,          /* call_state changed, or the server's word for it; line, word */
    RF_STATION_CALL_INFO,     /* parties and security */
    RF_STATION_PROMPT,        /* text of the call's status line, "" when cleared */
    RF_STATION_NOTIFY,        /* text for the whole phone, "" when cleared */
    RF_STATION_TONE,          /* tone of the server, RF_SCCP_TONE_SILENCE when it stops */
    RF_STATION_RINGER,        /* is_on, mode */
    RF_STATION_DTMF,          /* the far end pressed a key: digit */
    RF_STATION_KEYS,          /* soft keys of a call, of the idle phone (ref 0): word, text */
    RF_STATION_LAMP,          /* word: which key; instance; mode */
    RF_STATION_SPEAKER,       /* is_on */
    RF_STATION_MICROPHONE,    /* is_on */
    RF_STATION_DIALLED,       /* number: what the server takes the call to be to */
    RF_STATION_FORWARD,       /* line; is_on; number: where its calls go */
    RF_STATION_FEATURE,       /* word: which key; instance, status, label */
    RF_STATION_HISTORY,       /* word: how the call goes into the lists: placed, missed, ... */
    RF_STATION_DATA,          /* text: XML for the screen; instance: of which application */
    RF_STATION_RECEIVING,     /* a receiver is open: codec, suite, port */
    RF_STATION_SENDING,       /* a sender is on: codec, suite, remote, port */
    RF_STATION_MEDIA_REFUSED, /* the server asked for media we do not do: why */
    RF_STATION_FIRST_AUDIO,
    RF_STATION_PACKETS_REFUSED, /* reason, stats */
    RF_STATION_CLIP_DONE,
    RF_STATION_MEDIA_ENDED, /* stats, and what was heard in `ulaw` */
};
const char *rf_station_event_name(enum rf_station_event_kind kind); /* "registered", ... */

/** All texts and slices are borrowed for the time of the call; what a kind does not name is zero.
 * Texts of the server are UTF-8 here, whatever it sent, without control bytes. */
struct rf_station_event {
    enum rf_station_event_kind kind;
    const char *server; /* "192.0.2.1:2443" */
    const char *tls_version;
    const char *codec; /* "ulaw" */
    const char *suite; /* of TLS; of media events: rf_media_suite_name */
    unsigned version;
    const char *number; /* first line */
    const char *label;
    const char *text;
    struct rf_why why;
    uint32_t wait_ms;
    enum rf_sccp_reset_type reset;
    uint64_t in, out, dropped;
    enum rf_station_call_state call_state;
    uint32_t ref, line;
    uint32_t nth; /* the call by the phone's own count, from 1; 0: of no call */
    const char *word, *mode;
    uint32_t instance, status;
    bool is_incoming;
    const char *calling_number, *calling_name, *called_number, *called_name;
    const char *original_number, *redirecting_number, *redirecting_name;
    enum rf_sccp_security security; /* of the call: lock, shield or none */
    enum rf_sccp_tone tone;
    bool is_on;
    bool is_srst; /* REGISTERED, REFUSED, STANDBY: the server is a router */
    char digit;
    const char *remote; /* SENDING: address */
    uint16_t port;
    const char *reason;
    struct rf_media_stats stats;
    struct rf_slice ulaw;
};

struct rf_station_conf {
    const char *device;        /* "SEP001122334455" */
    uint32_t device_type;      /* sccp model number, e.g. 30006 */
    unsigned version;          /* announced: 3..22 */
    const char *load;          /* running firmware, at most 31 characters; may be NULL */
    const char *version_stamp; /* of the configuration; may be NULL */
    /** Why the phone starts, for the Alarm before the first Register: number (25 initialized, 31
     * file authentication failed, ...) and a few words. Text NULL: 25, "initialized". */
    enum rf_sccp_alarm_reason alarm;
    const char *alarm_text;
    struct rf_station_server servers[RF_STATION_SERVERS_MAX]; /* highest priority first */
    size_t n_servers;
    enum rf_station_mode mode;
    const struct rf_lists *lists; /* borrowed as long as the station lives */
    const struct rf_phone_id *id; /* LSC, or MIC when there is none; references are taken */
    int64_t floor_s;              /* V3 as in enrol.h */
    const char *keylog_path;      /* debugging; NULL: none */

    /** The user's own word: a router that the configuration has no certificate of may be talked to
     * in the clear by a phone that is to register securely. */
    bool allows_srst_clear;

    /** Keep a link beside the one in use, fail over to it, and come back to a better server. */
    bool has_standby;

    /* 0: default */
    uint32_t return_ms;      /* 30 s: between two tries to have a link beside the one in use */
    uint32_t monitor_ms;     /* 120 s: a call manager answers so long before a phone leaves SRST */
    uint32_t handshake_ms;   /* 10 s */
    uint32_t register_ms;    /* 10 s: for the answer to Register */
    uint32_t setup_ms;       /* 10 s: for the answers after it; what is missing then is missing */
    uint32_t retry_first_ms; /* 15 s */
    uint32_t retry_max_ms;   /* 600 s */
    uint32_t leave_ms;       /* 2 s: for the answer to Unregister */
    uint32_t digit_gap_ms;   /* 200 ms between two digits */
    uint32_t seize_ms;       /* 5 s: from off hook to the server's first word */
    uint32_t clear_ms;       /* 5 s: from on hook to the server's last word */

    const struct rf_phone_link_ops *net; /* rf_phone_link_real() */
    void *net_arg;                       /* the loop */
    const struct rf_clock *clock;
    struct rf_timers *timers;
    struct rf_mailbox *answers; /* the loop's: events of media come by it */
    const struct rf_station_media_ops *media;
    void *media_arg;
    /* What it says in each call; NULL: silence. Borrowed as long as the station lives. */
    struct rf_media_clip *clip;
    uint32_t record_max;           /* bytes of what it hears; 0: nothing is kept */
    struct rf_media_codecs codecs; /* that it announces and takes; none: µ-law */
    /** Every event. May call any function of this header but rf_station_free. */
    void (*on_event)(void *arg, const struct rf_station_event *event);
    void *arg;
};

struct rf_station;

/** Check and copy the configuration. RF_ERR_BAD station-device, station-version, station-servers,
 * station-address; RF_ERR_NOT_FOUND station-no-certificate (a secure mode without one);
 * RF_ERR_DENIED station-no-list (a secure mode, and no call manager in the lists). */
RF_MUST_CHECK enum rf_err rf_station_new(const struct rf_station_conf *conf,
                                         struct rf_station **out, struct rf_why *why);
/** Find a server and register; nothing when it is started already. */
void rf_station_start(struct rf_station *st);
/** Hang up, unregister, close. RF_STATION_STOPPED follows, at the latest after leave_ms. */
void rf_station_stop(struct rf_station *st);
/** Drop everything without a word. NULL is fine. */
void rf_station_free(struct rf_station *st);

/* What the user of a phone with one call does; more: station_user.h. Refused with RF_ERR_DENIED:
 * not-registered, not-idle, not-ringing, no-call, not-now; RF_ERR_BAD: number (digits, *, #, A-D;
 * at most 24). What the server makes of it comes as events. Of several calls each means the one
 * that a user would mean: who talks before what rings before what is held. */
RF_MUST_CHECK enum rf_err rf_station_off_hook(struct rf_station *st, struct rf_why *why);
/** Off hook, then one digit after the other once the server gives a line; with a line that waits
 * for digits (after Transfer): these are they. */
RF_MUST_CHECK enum rf_err rf_station_call(struct rf_station *st, const char *number,
                                          struct rf_why *why);
/** The whole number in one message. */
RF_MUST_CHECK enum rf_err rf_station_call_enbloc(struct rf_station *st, const char *number,
                                                 struct rf_why *why);
/** One key: a digit of a number, or DTMF when connected. */
RF_MUST_CHECK enum rf_err rf_station_press(struct rf_station *st, char digit, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_station_answer(struct rf_station *st, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_station_hang_up(struct rf_station *st, struct rf_why *why);

/** Tell the server something, now when registered, else before the next Register (the last one
 * counts). At most 50 bytes of `text` are sent. */
void rf_station_alarm(struct rf_station *st, enum rf_sccp_alarm_severity severity,
                      enum rf_sccp_alarm_reason number, const char *text);

struct rf_station_status {
    enum rf_station_reg_state reg;
    enum rf_station_call_state call; /* of the call that the user would mean */
    size_t calls;                    /* without those of other phones of a shared line */
    const char *server;              /* in use or being tried, "" otherwise; borrowed */
    bool is_srst;                    /* that is a router */
    unsigned version;                /* agreed, 0 while there is none */
    const char *number;              /* first line, "" before it is known; borrowed */
    uint64_t in, out, dropped;       /* messages since the start, all links */
};
void rf_station_status(const struct rf_station *st, struct rf_station_status *out);

/** For the grid tests and tools/fsm-dot. */
const struct rf_fsm_def *rf_station_reg_def(void);
const struct rf_fsm_def *rf_station_call_def(void);
const struct rf_fsm_def *rf_station_standby_def(void);
const char *rf_station_action_name(rf_fsm_action action);

#endif
