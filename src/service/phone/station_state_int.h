/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/phone: what an SCCP phone consists of, and the events of its machines. What
 * its parts do with it is station_int.h. */
#ifndef SERVICE_PHONE_STATION_STATE_INT_H
#define SERVICE_PHONE_STATION_STATE_INT_H

#include "service/phone/phone_link_int.h"
#include "service/phone/station_user.h"

#define STATION_BAD_MAX 5          /* malformed messages on one link; the last ends it */
#define STATION_QUEUE   64         /* events that wait while a machine runs */
#define STATION_ROOM    16         /* of them, what a callback may cause */
#define STATION_STANDBY UINT32_MAX /* the link beside the main one, where calls are counted */
#define STATION_DIGITS  24
#define STATION_PARTY   128
#define STATION_DEAD    8 /* references of calls that are over: what still comes for them is late */
#define STATION_BUTTONS 56 /* places of keys on a phone with its side modules */
#define STATION_LAMPS   32
#define STATION_NOTES   4 /* notes for the whole phone that wait behind one another */

enum station_reg_event {
    REG_EV_START,
    REG_EV_OPENED,
    REG_EV_ACK,
    REG_EV_REJECT,    /* data: why */
    REG_EV_SET_UP,    /* everything asked was answered */
    REG_EV_CALL_OVER, /* the last call is */
    REG_EV_LEAVE,     /* stop, or a reset the server asked for */
    REG_EV_UNREGISTERED,
    REG_EV_CLOSED,    /* data: why */
    REG_EV_NO_LINK,   /* there is none to wait for */
    REG_EV_NO_SERVER, /* the list is at its end */
    REG_EV_STANDBY,   /* the link beside it is there: register on that */
    REG_EV_MOVE,      /* a better server takes the phone */
    REG_EV_T_STATE,
    REG_EV_T_KEEPALIVE,
    REG_EVENTS
};

enum station_call_event {
    CALL_EV_U_OFF_HOOK, /* the user's */
    CALL_EV_U_ENBLOC,
    CALL_EV_U_DIGIT, /* data: digit */
    CALL_EV_U_ANSWER,
    CALL_EV_U_HANG_UP,
    CALL_EV_U_END_KEY,  /* the soft key that ends the call */
    CALL_EV_S_OFF_HOOK, /* the server's: CallState */
    CALL_EV_S_ON_HOOK,
    CALL_EV_S_RING_OUT,
    CALL_EV_S_RING_IN,
    CALL_EV_S_CONNECTED,
    CALL_EV_S_FAILED, /* busy, congestion, invalid number */
    CALL_EV_S_HOLD,
    CALL_EV_S_PROCEED,
    CALL_EV_S_REMOTE, /* another phone of the line has it */
    CALL_EV_S_WORD,   /* one that changes what is shown and nothing else */
    CALL_EV_LINK_LOST,
    CALL_EV_NO_MEDIA, /* nothing that could go on without a link */
    CALL_EV_T_DIGIT,
    CALL_EV_T_STATE,
    CALL_EVENTS
};

enum station_standby_event {
    STANDBY_EV_START,
    STANDBY_EV_OPENED_BETTER, /* connected to a server of higher priority */
    STANDBY_EV_OPENED_OTHER,
    STANDBY_EV_OPENED_AGAIN, /* to a call manager, while the phone is on SRST */
    STANDBY_EV_PROVEN,       /* it has answered long enough */
    STANDBY_EV_CLOSED,
    STANDBY_EV_NO_LINK,  /* there is none to wait for */
    STANDBY_EV_NO_OTHER, /* all were tried */
    STANDBY_EV_GRANTED,  /* RegisterTokenAck */
    STANDBY_EV_REFUSED,  /* RegisterTokenReject */
    STANDBY_EV_BUSY,     /* a call is up: not now */
    STANDBY_EV_T_STATE,
    STANDBY_EV_T_KEEPALIVE,
    STANDBY_EV_STOP, /* nothing beside it any more, or it is the main link now */
    STANDBY_EVENTS
};

/** Data of events, copied when they have to wait. */
struct station_data {
    char digit;
    const struct rf_why *why; /* never waits */
};

/** What the phone asks after RegisterAck, one question after the other. */
enum station_setup {
    SETUP_BUTTONS,
    SETUP_SOFTKEYS,
    SETUP_KEYSETS,
    SETUP_CONFIG,
    SETUP_LINES,    /* setup_line of n_lines */
    SETUP_FORWARDS, /* the same */
    SETUP_TIME,
    SETUP_DONE,
};

struct station_alarm {
    bool has;
    enum rf_sccp_alarm_severity severity;
    enum rf_sccp_alarm_reason number;
    char text[64];
};

/** One media stream. It lives until its RF_MEDIA_CLOSED, which may come after its call and after
 * the station. */
struct station_voice {
    struct rf_station *st; /* NULL: the station is gone */
    struct station_voice *next;
    rf_media_id id;
    uint32_t ref, nth;
    uint32_t party, send_party; /* passThroughPartyId of what is received, and of what is sent */
    uint16_t port;
    bool is_receiving, is_sending, is_closing;
    bool is_asked; /* statistics: an RF_MEDIA_STATS answers a question of the server */
    uint32_t receive_algorithm, send_algorithm; /* enum rf_sccp_srtp */
};

/** A text that the server may have told us to take away again after a time. */
struct station_line {
    char *text; /* NULL: none */
    uint32_t priority;
    rf_timer_id timer;
};

/** Which soft keys are offered. */
struct station_offer {
    bool has;
    uint32_t set;
    uint32_t mask;
};

/** How a call that the user begins asks for its line. */
enum station_how { STATION_BY_HOOK, STATION_BY_LINE_KEY, STATION_BY_NEW_CALL_KEY };

struct station_call {
    struct rf_station *st;
    struct rf_fsm fsm;
    uint32_t nth;
    rf_timer_id timer;
    enum rf_station_call_state told;
    uint32_t told_word;
    uint32_t ref; /* 0: none yet */
    uint32_t line;
    uint32_t word; /* CallState.state as the server sent it last */
    enum station_how how;
    uint32_t how_event, how_ref; /* of the NewCall key: its event, the call it is offered for */
    bool is_enbloc;
    bool is_incoming;
    char digits[STATION_DIGITS + 1]; /* to be dialled */
    size_t n_dialled;
    rf_timer_id gap;
    char calling_number[STATION_PARTY], calling_name[STATION_PARTY];
    char called_number[STATION_PARTY], called_name[STATION_PARTY];
    char original_number[STATION_PARTY];
    char redirecting_number[STATION_PARTY], redirecting_name[STATION_PARTY];
    bool has_info;
    enum rf_sccp_security security;       /* of the server */
    enum rf_sccp_security security_shown; /* what was told last */
    struct station_line prompt;
    struct station_offer offer;
    bool has_clip; /* its own, perhaps silence */
    struct rf_media_clip *clip;
    struct station_voice *voice; /* NULL: none runs */
};

/** A soft key of the template. */
struct station_softkey {
    uint8_t label[16];
    uint8_t label_len;
    uint8_t number; /* in the dictionary; 0: a text of its own */
    uint32_t event;
};

struct station_lamp {
    uint32_t stimulus, instance, mode;
};

struct station_own_line {
    char number[STATION_DIGITS + 2];
    char forward[STATION_DIGITS + 2]; /* "": not forwarded */
};

/** One link. */
struct station_peer {
    struct rf_station *st;
    void *link;      /* NULL: none */
    bool is_open;    /* connected and judged */
    bool is_closing; /* by us, for: */
    struct rf_why close_why;
    bool has_left;     /* Unregister is out */
    bool is_untrusted; /* by its certificate */
    bool has_tls;
    bool is_encrypted;
    size_t server; /* in use, or being tried */
    char server_text[RF_ADDRESS_TEXT_MAX + 8];
    char local[RF_ADDRESS_TEXT_MAX];
    char tls_version[16];
    char suite[48];
    unsigned unanswered; /* keepalives */
    unsigned bad;
    uint64_t in, out, dropped;
};

struct rf_station {
    struct rf_station_conf conf;
    char device[RF_STATION_NAME_MAX + 1];
    char load[33];
    char version_stamp[49];
    char *keylog_path;
    struct rf_phone_id id;

    /* one event at a time */
    bool is_running;
    struct {
        uint32_t nth; /* of the call; 0: the registration; STATION_STANDBY */
        int event;
        char digit;
    } queue[STATION_QUEUE];
    size_t n_queue;

    /* registration */
    struct rf_fsm reg;
    rf_timer_id reg_timer;
    rf_timer_id keepalive;
    bool is_stopping;
    uint32_t reset;    /* asked for by the server; 0: none */
    uint32_t retry_ms; /* of the next wait */
    uint32_t wait_ms;  /* of this one */
    bool is_up;        /* registered and set up, since then: */
    uint64_t up_at_ms;
    bool was_long_up; /* before it lost its link */
    struct station_alarm alarm;
    enum station_setup setup;
    uint32_t setup_line;
    uint32_t n_lines;
    char number[STATION_PARTY];
    char label[STATION_PARTY];
    struct station_own_line lines[RF_STATION_LINES_MAX];

    /* the links: of the call manager in use, and the one beside it */
    struct station_peer peers[2];
    struct station_peer *main; /* one of them */
    unsigned version;          /* agreed; 0 before RegisterAck */
    uint32_t keepalive_s, standby_keepalive_s;
    uint64_t all_in, all_out, all_dropped; /* of links that are gone */
    struct rf_log_limit noise;

    /* the link beside it */
    struct rf_fsm standby;
    rf_timer_id standby_timer, standby_keepalive;
    size_t standby_place;     /* in the order of candidates */
    uint64_t proves_since_ms; /* the call manager has answered without a break */
    uint32_t token_wait_ms;   /* told by the server that refused */
    bool has_hopped;          /* to the other server, from one that did not keep the phone */

    /* the calls */
    struct station_call *calls[RF_STATION_CALLS_MAX]; /* NULL: a free place */
    uint32_t calls_begun;
    uint32_t dead_refs[STATION_DEAD];
    size_t n_dead;

    /* keys */
    struct rf_sccp_button buttons[STATION_BUTTONS];
    size_t n_buttons;
    struct station_softkey keys[RF_SCCP_SOFTKEY_MAX];
    size_t n_keys;
    uint8_t sets[RF_SCCP_SOFTKEY_SET_MAX][RF_SCCP_KEYS_PER_SET]; /* places in keys, from 1 */
    size_t n_sets;
    struct station_offer idle_offer;
    struct station_offer early_offer; /* for a call that the server has not announced yet */
    uint32_t early_ref;

    /* what the whole phone shows */
    struct station_line prompt;
    struct station_line notes[STATION_NOTES];
    struct station_lamp lamps[STATION_LAMPS];
    size_t n_lamps;
    bool is_ringing, has_speaker;

    /* media */
    struct rf_media_clip *clip;   /* of calls to come */
    struct station_voice *voices; /* also those that wait for their end */
    struct rf_media_stats stats;  /* of the last stream that ended */
    uint32_t stats_ref;
    bool is_stats_asked; /* the server's question waits for the end of the stream */
    struct rf_sccp_connection_statistics_req stats_req;
    char stats_number[STATION_DIGITS + 4];
};

#endif
