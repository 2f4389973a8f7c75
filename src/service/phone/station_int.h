/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/phone: the SCCP phone. One machine registers (station_reg_fsm.c), and each
 * call is one (station_call_fsm.c). station.c is the phone as an object, station_user.c what its
 * user does, station_calls.c which calls there are, station_keys.c which keys are offered,
 * station_screen.c what is shown, station_in.c the messages that arrive, station_out.c those that
 * leave, station_media.c the streams, station_text.c the server's texts. */
#ifndef SERVICE_PHONE_STATION_INT_H
#define SERVICE_PHONE_STATION_INT_H

#include "service/phone/phone_link_int.h"
#include "service/phone/station_user.h"

#define STATION_BAD_MAX 5          /* malformed messages on one link; the last ends it */
#define STATION_QUEUE   32         /* events that wait while a machine runs */
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
    uint32_t party;
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
    bool has_left; /* Unregister is out */
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
    size_t standby_place;   /* in the order of candidates */
    uint32_t token_wait_ms; /* told by the server that refused */
    bool has_hopped;        /* to the other server, from one that did not keep the phone */

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

/* station.c */
/** Run an event of the registration or of a call, or put it behind the one that is running. The
 * call may be gone afterwards. */
void station_reg_run(struct rf_station *st, int event, const struct station_data *data);
void station_call_run(struct station_call *call, int event, const struct station_data *data);
/** Every call gets this event. */
void station_calls_run(struct rf_station *st, int event);
void station_standby_run(struct rf_station *st, int event);
void station_tell(struct rf_station *st, struct rf_station_event *event);
/** An event that is nothing but its kind. */
void station_tell_kind(struct rf_station *st, enum rf_station_event_kind kind);
/** Events that a callback causes wait; is there room for more of them? */
bool station_has_room(const struct rf_station *st);

/* station_calls.c */
/** A new call in the state IDLE, or NULL when there are too many. Who makes it gives it its first
 * event: a call that is IDLE after an event is gone. */
struct station_call *station_call_new(struct rf_station *st);
/** Borrowed; NULL: there is none. */
struct station_call *station_call_nth(const struct rf_station *st, uint32_t nth);
struct station_call *station_call_ref(const struct rf_station *st, uint32_t ref);
/** The call that a word of the server is for, begun if it begins one. NULL: nobody's. */
struct station_call *station_call_for(struct rf_station *st, uint32_t ref, int event,
                                      uint32_t word);
bool station_is_dead(const struct rf_station *st, uint32_t ref);
/** The one that its user would mean, or NULL. */
struct station_call *station_call_chosen(const struct rf_station *st);
/** Another than this one that is neither held nor ringing, or NULL. */
struct station_call *station_call_active(const struct rf_station *st,
                                         const struct station_call *but);
/** How many, without those of other phones of a shared line, and without this one. */
size_t station_calls_n(const struct rf_station *st, const struct station_call *but);
bool station_in_call(const struct rf_station *st);
/** Tell what is new after an event; frees the call when it is over. */
void station_call_tell(struct station_call *call);
/** Tell the application the parties and the status again if that is another than before. */
void station_tell_info(struct station_call *call, bool always);
/** All of them, without a word. */
void station_calls_free(struct rf_station *st);

/* station_keys.c */
void station_take_buttons(struct rf_station *st, const struct rf_sccp_button_template *t);
/** Ask what stands behind the keys of the template that are no lines. */
void station_ask_buttons(struct rf_station *st);
void station_take_softkeys(struct rf_station *st, const struct rf_sccp_softkey_template *t);
void station_take_sets(struct rf_station *st, const struct rf_sccp_softkey_set_res *r);
void station_take_offer(struct rf_station *st, const struct rf_sccp_select_softkeys *m);
/** What is shown below a call: names of the keys, with a space between. */
const char *station_offer_text(const struct rf_station *st, const struct station_offer *offer,
                               char *buf, size_t cap);
/** Event of a dictionary's key in the template; false: the template has none. */
bool station_key_event(const struct rf_station *st, uint32_t number, uint32_t *event);
/** The same if it is offered now. */
bool station_key_offered(const struct rf_station *st, const struct station_offer *offer,
                         uint32_t number, uint32_t *event);
/** A server that is gone offers nothing. */
void station_keys_forget(struct rf_station *st);

/* station_screen.c */
/** Show a text for so many seconds (0: until another comes); NULL or "" takes it away. */
void station_line_set(struct rf_station *st, struct station_line *line, const char *text,
                      uint32_t timeout_s, uint64_t number);
void station_line_clear(struct rf_station *st, struct station_line *line);
const char *station_line_text(const struct station_line *line);
void station_on_prompt(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_clear_prompt(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_notify(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_clear_notify(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_clear_pri_notify(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_display_text(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_start_tone(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_stop_tone(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_ringer(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_lamp(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_speaker(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_microphone(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_dialled(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_feature(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_data(struct rf_station *st, const struct rf_sccp_msg *msg);
void station_on_history(struct rf_station *st, const struct rf_sccp_msg *msg);
/** Nothing is shown any more; nobody is told. */
void station_screen_forget(struct rf_station *st);

/* station_link.c */
/** Connect to peer->server; false: `why` says why there is no link. */
RF_MUST_CHECK bool station_connect(struct station_peer *peer, struct rf_why *why);
/** Close a link after what was sent; CLOSED follows, with this reason. */
void station_peer_close(struct station_peer *peer, const struct rf_why *why);
void station_close(struct rf_station *st, const struct rf_why *why);
/** The link that is not the main one. */
struct station_peer *station_other(struct rf_station *st);
/** Messages that arrive: station_in.c. */
void station_take(struct station_peer *peer, const struct rf_sccp_frame *frame);

/* station_standby_fsm.c */
extern const struct rf_fsm_def station_standby_fsm;
const char *station_standby_action_name(rf_fsm_action action);
void station_standby_opened(struct rf_station *st);
/** RegisterTokenReject: ask again after this time. */
void station_standby_refused(struct rf_station *st, uint32_t wait_s);
/** The link beside it becomes the main one. False: it is not there. */
RF_MUST_CHECK bool station_standby_take(struct rf_station *st);
bool station_standby_is_open(struct rf_station *st);

/* station_reg_fsm.c */
extern const struct rf_fsm_def station_reg_fsm;
const char *station_reg_action_name(rf_fsm_action action);
/** The server has answered this question: ask the next one. */
void station_setup_answered(struct rf_station *st, enum station_setup what, uint32_t line);
bool station_is_registered(const struct rf_station *st);

/* station_call_fsm.c */
extern const struct rf_fsm_def station_call_fsm;
const char *station_call_action_name(rf_fsm_action action);

/* station_out.c */
void station_send(struct rf_station *st, const struct rf_sccp_msg *msg);
/** On either link; before the registration there the version is 0. */
void station_peer_send(struct station_peer *peer, const struct rf_sccp_msg *msg);
void station_send_token_req(struct station_peer *peer);
void station_send_empty(struct rf_station *st, enum rf_sccp_id id);
void station_send_alarm(struct rf_station *st);
void station_send_register(struct rf_station *st);
void station_send_capabilities(struct rf_station *st);
void station_send_hook(struct rf_station *st, enum rf_sccp_id id, uint32_t line, uint32_t ref);
void station_send_digit(const struct station_call *call, char digit);
void station_send_enbloc(const struct station_call *call);
void station_send_softkey(struct rf_station *st, uint32_t event, uint32_t line, uint32_t ref);
void station_send_stimulus(struct rf_station *st, uint32_t stimulus, uint32_t instance,
                           uint32_t ref);
void station_send_media_path(struct rf_station *st, uint32_t path, bool is_on);
/** 0-9, *, #, A-D: number of the key; false for anything else. */
bool station_key_of(char digit, uint32_t *key);

/* station_media.c */
void station_open_receive(struct rf_station *st, const struct rf_sccp_open_receive_channel *m);
void station_close_receive(struct rf_station *st, const struct rf_sccp_stop_media *m);
void station_start_send(struct rf_station *st, const struct rf_sccp_start_media_transmission *m);
void station_stop_send(struct rf_station *st, const struct rf_sccp_stop_media *m);
void station_statistics(struct rf_station *st, const struct rf_sccp_connection_statistics_req *m);
/** The call is over: end its stream. */
void station_voice_end(struct station_call *call);
bool station_voice_runs(const struct station_call *call);
/** The lowest of what the server says and what is true of our own link and streams. */
enum rf_sccp_security station_security(const struct station_call *call);
/** No event of media touches the station any more. */
void station_media_forget(struct rf_station *st);

/* station_text.c */
/** A text of the server as UTF-8 without control bytes, cut to fit; the phone's own words stand
 * where it refers to them. Returns buf. */
const char *station_text(struct rf_slice text, bool is_utf8, char *buf, size_t cap);
/** The phone's word for 1E `code`, or NULL. */
const char *station_second_word(uint8_t code);
/** Does the phone announce that it reads UTF-8? */
bool station_is_utf8(const struct rf_station *st);

#endif
