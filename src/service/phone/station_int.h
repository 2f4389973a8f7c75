/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/phone: the SCCP phone. Two machines make it: one registers
 * (station_reg_fsm.c), one has the call (station_call_fsm.c). station.c is what the user of this
 * library sees, station_in.c the messages that arrive, station_out.c those that leave,
 * station_media.c the streams of the call, station_text.c the server's texts. */
#ifndef SERVICE_PHONE_STATION_INT_H
#define SERVICE_PHONE_STATION_INT_H

#include "service/phone/phone_link_int.h"
#include "service/phone/station.h"

#define STATION_LINES_MAX 8  /* lines asked for; calls are made on the first */
#define STATION_BAD_MAX   5  /* malformed messages on one link; the last ends it */
#define STATION_QUEUE     16 /* events that wait while a machine runs */
#define STATION_DIGITS    24
#define STATION_PARTY     128

enum station_reg_event {
    REG_EV_START,
    REG_EV_OPENED,
    REG_EV_ACK,
    REG_EV_REJECT,    /* data: why */
    REG_EV_SET_UP,    /* everything asked was answered */
    REG_EV_CALL_OVER, /* the call machine is idle again */
    REG_EV_LEAVE,     /* stop, or a reset the server asked for */
    REG_EV_UNREGISTERED,
    REG_EV_CLOSED,    /* data: why */
    REG_EV_NO_LINK,   /* there is none to wait for */
    REG_EV_NO_SERVER, /* the list is at its end */
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
    CALL_EV_S_OFF_HOOK, /* the server's: CallState */
    CALL_EV_S_ON_HOOK,
    CALL_EV_S_RING_OUT,
    CALL_EV_S_RING_IN,
    CALL_EV_S_CONNECTED,
    CALL_EV_S_FAILED, /* busy, congestion, invalid number */
    CALL_EV_S_HOLD,
    CALL_EV_S_PROCEED,
    CALL_EV_LINK_LOST,
    CALL_EV_NO_MEDIA, /* nothing that could go on without a link */
    CALL_EV_T_DIGIT,
    CALL_EV_T_STATE,
    CALL_EVENTS
};

/** Data of events, copied when they have to wait. */
struct station_data {
    char digit;
    const struct rf_why *why; /* never waits */
};

enum station_machine { STATION_REG, STATION_CALL };

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

/** One media stream. It lives until its RF_MEDIA_CLOSED, which may come after the station is gone.
 */
struct station_voice {
    struct rf_station *st; /* NULL: the station is gone */
    struct station_voice *next;
    rf_media_id id;
    uint32_t ref;
    uint32_t party;
    uint16_t port;
    bool is_receiving, is_sending, is_closing;
    bool is_asked; /* statistics: an RF_MEDIA_STATS answers a question of the server */
    uint32_t receive_algorithm, send_algorithm; /* enum rf_sccp_srtp */
};

struct station_call {
    uint32_t ref; /* 0: none yet */
    uint32_t line;
    uint32_t state; /* CallState.state as the server sent it last */
    bool is_incoming;
    char digits[STATION_DIGITS + 1]; /* to be dialled */
    size_t n_dialled;
    rf_timer_id gap;
    char calling_number[STATION_PARTY], calling_name[STATION_PARTY];
    char called_number[STATION_PARTY], called_name[STATION_PARTY];
    bool has_info;
    enum rf_sccp_security security;       /* of the server */
    enum rf_sccp_security security_shown; /* what was told last */
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
        enum station_machine machine;
        int event;
        char digit;
    } queue[STATION_QUEUE];
    size_t n_queue;

    /* registration */
    struct rf_fsm reg;
    rf_timer_id reg_timer;
    rf_timer_id keepalive;
    bool is_stopping;
    uint32_t reset; /* asked for by the server; 0: none */
    size_t server;  /* in use, or being tried */
    char server_text[RF_ADDRESS_TEXT_MAX + 8];
    uint32_t retry_ms; /* of the next wait */
    uint32_t wait_ms;  /* of this one */
    bool is_up;        /* registered and set up, since then: */
    uint64_t up_at_ms;
    bool was_long_up; /* before it lost its link */
    struct station_alarm alarm;
    enum station_setup setup;
    uint32_t setup_line;
    uint32_t n_lines;
    uint32_t end_call_key; /* event of the soft key that ends a call */
    char number[STATION_PARTY];
    char label[STATION_PARTY];

    /* the link */
    void *link;      /* NULL: none */
    bool is_closing; /* by us, for: */
    struct rf_why close_why;
    bool has_left; /* Unregister is out */
    bool has_tls;
    bool is_encrypted;
    char local[RF_ADDRESS_TEXT_MAX];
    char tls_version[16];
    char suite[48];
    unsigned version; /* agreed; 0 before RegisterAck */
    uint32_t keepalive_s;
    unsigned unanswered; /* keepalives */
    unsigned bad;
    uint64_t in, out, dropped;             /* of this link */
    uint64_t all_in, all_out, all_dropped; /* of those that are gone */
    struct rf_log_limit noise;

    /* the call */
    struct rf_fsm call;
    rf_timer_id call_timer;
    struct station_call leg;
    uint32_t dead_ref; /* of the last call: what still comes for it is late */
    enum rf_station_call_state told;

    /* its media */
    struct station_voice *voice;  /* of this call, or NULL */
    struct station_voice *voices; /* all that wait for their end too */
    struct rf_media_stats stats;  /* of the last stream that ended */
    uint32_t stats_ref;
    bool is_stats_asked; /* the server's question waits for the end of the stream */
    struct rf_sccp_connection_statistics_req stats_req;
    char stats_number[STATION_DIGITS + 4];
};

/* station.c */
/** Run an event, or put it behind the one that is running. */
void station_run(struct rf_station *st, enum station_machine machine, int event,
                 const struct station_data *data);
void station_tell(struct rf_station *st, struct rf_station_event *event);
/** An event that is nothing but its kind. */
void station_tell_kind(struct rf_station *st, enum rf_station_event_kind kind);
bool station_in_call(const struct rf_station *st);

/* station_link.c */
/** Connect to st->server; false: `why` says why there is no link. */
RF_MUST_CHECK bool station_connect(struct rf_station *st, struct rf_why *why);
/** Close the link after what was sent; CLOSED follows, with this reason. */
void station_close(struct rf_station *st, const struct rf_why *why);
/** Messages that arrive: station_in.c. */
void station_take(struct rf_station *st, const struct rf_sccp_frame *frame);

/* station_reg_fsm.c */
extern const struct rf_fsm_def station_reg_fsm;
const char *station_reg_action_name(rf_fsm_action action);
/** The server has answered this question: ask the next one. */
void station_setup_answered(struct rf_station *st, enum station_setup what, uint32_t line);
bool station_is_registered(const struct rf_station *st);

/* station_call_fsm.c */
extern const struct rf_fsm_def station_call_fsm;
const char *station_call_action_name(rf_fsm_action action);
/** Tell the application the parties and the status again if that is another than before. */
void station_tell_info(struct rf_station *st, bool always);

/* station_out.c */
void station_send(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_send_empty(struct rf_station *st, enum rf_sccp_id id);
void station_send_alarm(struct rf_station *st);
void station_send_register(struct rf_station *st);
void station_send_capabilities(struct rf_station *st);
void station_send_hook(struct rf_station *st, enum rf_sccp_id id, uint32_t line, uint32_t ref);
void station_send_digit(struct rf_station *st, char digit);
void station_send_enbloc(struct rf_station *st);
void station_send_softkey(struct rf_station *st, uint32_t event);
/** 0-9, *, #, A-D: number of the key; false for anything else. */
bool station_key_of(char digit, uint32_t *key);

/* station_media.c */
void station_open_receive(struct rf_station *st, const struct rf_sccp_open_receive_channel *m);
void station_close_receive(struct rf_station *st, const struct rf_sccp_stop_media *m);
void station_start_send(struct rf_station *st, const struct rf_sccp_start_media_transmission *m);
void station_stop_send(struct rf_station *st, const struct rf_sccp_stop_media *m);
void station_statistics(struct rf_station *st, const struct rf_sccp_connection_statistics_req *m);
/** The call is over: end its stream. */
void station_voice_end(struct rf_station *st);
bool station_voice_runs(const struct rf_station *st);
/** The lowest of what the server says and what is true of our own link and streams. */
enum rf_sccp_security station_security(const struct rf_station *st);
/** No event of media touches the station any more. */
void station_media_forget(struct rf_station *st);

/* station_text.c */
/** A text of the server as UTF-8 without control bytes, cut to fit; the phone's own words stand
 * where it refers to them. Returns buf. */
const char *station_text(struct rf_slice text, bool is_utf8, char *buf, size_t cap);
/** Does the phone announce that it reads UTF-8? */
bool station_is_utf8(const struct rf_station *st);

#endif
