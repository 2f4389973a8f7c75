/* SPDX-License-Identifier: Apache-2.0 */
/* Call control: devices and their lines, the dial plan, calls between two lines, and the media keys
 * of a call. It knows no protocol: a translator (service/sccp) turns its phones' messages into
 * rf_call_in_...() and gets what is to happen on the phone through struct rf_call_endpoint_ops.
 *
 *     rf_call_device_set(cc, &conf);                          the operator's device, with its lines
 *     rf_call_device_up(cc, "SEP001122334455", &attach, &dev) it registered
 *     rf_call_in_off_hook(cc, dev, 0, 0);                     its user lifts the handset
 *
 * Everything here runs on the call-control thread. Inputs are queued and run in order, so they may
 * be called from inside an operation of the endpoint. Nothing waits, locks or does I/O.
 * doc: docs/call-control.md */
#ifndef SERVICE_CALL_CALL_H
#define SERVICE_CALL_CALL_H

#include "base/clock.h"
#include "base/fsm.h"
#include "base/handle.h"
#include "base/timer.h"
#include "service/call/call_media.h"

#define RF_CALL_NUMBER_MAX 24 /* digits, as many as SCCP holds */
#define RF_CALL_NAME_MAX   63 /* bytes of a display name */
#define RF_CALL_DEVICE_MAX 16 /* bytes of a device name */
#define RF_CALL_LINES_MAX  8
/** Calls that a phone takes part in at one time, and those of one line by default. */
#define RF_CALL_LEGS_MAX     8
#define RF_CALL_LINE_CALLS   4
#define RF_CALL_BUSY_TRIGGER 2 /* one talks, one waits */
#define RF_CALL_FORWARD_HOPS 8
#define RF_CALL_MEMBERS_MAX  16
#define RF_CALL_MEET_MES_MAX 256
#define RF_CALL_CERT_LEN     32

/** One line of a device, also used for "who": number and display name. */
struct rf_call_party {
    char number[RF_CALL_NUMBER_MAX + 1];
    char name[RF_CALL_NAME_MAX + 1];
};

/** When a call to a line goes elsewhere. */
enum rf_call_forward {
    RF_CALL_FORWARD_ALL,
    RF_CALL_FORWARD_BUSY,
    RF_CALL_FORWARD_NO_ANSWER,
    RF_CALL_FORWARD_UNREGISTERED,
    RF_CALL_FORWARD_N
};
/** "all", "busy", "no-answer", "unregistered". A constant. */
const char *rf_call_forward_name(enum rf_call_forward forward);

/** How a line is used, beside whose it is. */
struct rf_call_line_rule {
    char forward[RF_CALL_FORWARD_N][RF_CALL_NUMBER_MAX + 1]; /* empty: it does not */
    uint8_t calls_max;                                       /* 0: RF_CALL_LINE_CALLS */
    uint8_t busy_trigger; /* calls it has when it counts as busy; 0: RF_CALL_BUSY_TRIGGER */
    bool is_shared;       /* its number may stand on other devices that say so too */
};

/** What the operator configured. */
struct rf_call_device_conf {
    char name[RF_CALL_DEVICE_MAX + 1];
    enum rf_call_media_policy media_policy;
    bool is_protected; /* it beeps when it is known whether a call is secure */
    /** The way out of the site, of which there is one at most: calls to numbers that no line has
     * go there. One line without a number, that neither forwards nor is shared; its calls_max is
     * how many calls the trunk has at a time. */
    bool is_trunk;
    struct rf_call_party lines[RF_CALL_LINES_MAX]; /* line instance n is lines[n - 1] */
    struct rf_call_line_rule rules[RF_CALL_LINES_MAX];
    size_t n_lines;
};

/** Why a call ended or failed. */
enum rf_call_cause {
    RF_CALL_CAUSE_NORMAL,         /* somebody hung up */
    RF_CALL_CAUSE_BUSY,           /* the called device is in a call */
    RF_CALL_CAUSE_UNKNOWN_NUMBER, /* no line has it, and it may not go out */
    RF_CALL_CAUSE_UNREACHABLE,    /* the line's device, or the trunk, is not registered */
    RF_CALL_CAUSE_NO_ANSWER,
    RF_CALL_CAUSE_NO_DIGITS,    /* nothing was dialled in time */
    RF_CALL_CAUSE_MEDIA,        /* a phone refused to open, or did not answer; one has IPv4 and
                                 * the other IPv6; no room is left in a conference's media */
    RF_CALL_CAUSE_CODEC,        /* no codec in common */
    RF_CALL_CAUSE_SECURITY,     /* a device's media policy does not allow this call in clear */
    RF_CALL_CAUSE_LOST,         /* a device's connection was lost */
    RF_CALL_CAUSE_REMOVED,      /* the operator removed the device */
    RF_CALL_CAUSE_TRANSFERRED,  /* it went on between others */
    RF_CALL_CAUSE_FORWARD_LOOP, /* forwarded more than RF_CALL_FORWARD_HOPS times */
    RF_CALL_CAUSE_FORWARD_SET,  /* it was there to dial where calls are forwarded */
    RF_CALL_CAUSE_FORWARD_LOST, /* the same, and that could not be kept */
    RF_CALL_CAUSE_CONFERENCE,   /* its parties met in a conference */
    RF_CALL_CAUSE_LEVEL,        /* not secure enough for a conference that has a minimum */
    RF_CALL_CAUSE_ELSEWHERE,    /* another phone of the line took it */
    RF_CALL_CAUSE_N
};
/** "normal", "busy", "unknown-number", ... A constant. */
const char *rf_call_cause_name(enum rf_call_cause cause);
/** As in call records. spec: ITU-T Q.850; 58 for RF_CALL_CAUSE_LEVEL */
unsigned rf_call_cause_code(enum rf_call_cause cause);

enum rf_call_tone {
    RF_CALL_TONE_NONE, /* stop what sounds */
    RF_CALL_TONE_DIAL,
    RF_CALL_TONE_RINGBACK,
    RF_CALL_TONE_BUSY,
    RF_CALL_TONE_REORDER,
    RF_CALL_TONE_HOLD,       /* the other end holds */
    RF_CALL_TONE_WAITING,    /* another call comes in */
    RF_CALL_TONE_REFUSED,    /* that key does nothing now */
    RF_CALL_TONE_SECURE,     /* three long beeps */
    RF_CALL_TONE_NON_SECURE, /* six short ones */
};

/** A call of a shared line, as the line's other phones see it. */
enum rf_call_remote {
    RF_CALL_REMOTE_NONE,   /* it is over, or was never theirs to see */
    RF_CALL_REMOTE_IN_USE, /* somebody talks */
    RF_CALL_REMOTE_HELD,   /* held by that phone: any of them may take it back */
};

/** Whether a phone may come into a call of its shared line that is more secure than it is. */
enum rf_call_barge {
    RF_CALL_BARGE_DOWNGRADE, /* yes, and the status follows */
    RF_CALL_BARGE_REFUSE,
};

/** What a call is there for. */
enum rf_call_purpose {
    RF_CALL_PURPOSE_TALK,
    RF_CALL_PURPOSE_TRANSFER,   /* to be joined with the one that is held for it */
    RF_CALL_PURPOSE_CONFERENCE, /* the same for a conference */
    RF_CALL_PURPOSE_MEET_ME,    /* to begin the conference that is dialled */
    RF_CALL_PURPOSE_FORWARD,    /* to dial where calls are forwarded */
};

/** One end of a call as its phone is to know it. Borrowed, for the time of the operation. */
struct rf_call_leg_info {
    uint32_t call_id; /* same for both ends; in logs as call= */
    uint32_t ref;     /* this end's reference: never 0, not reused for a long time */
    uint32_t line;    /* line instance, from 1 */
    bool is_originating;
    const struct rf_call_party *calling;
    const struct rf_call_party *called;      /* number as dialled while no line is found */
    const struct rf_call_party *original;    /* who was called first; NULL: was not forwarded */
    const struct rf_call_party *redirecting; /* who sent it on last; NULL: nobody */
    enum rf_call_security security;          /* of the call: the lowest of its legs, now */
    enum rf_call_purpose purpose;            /* for this end */
    bool is_waiting;                         /* offered while the device has another call */
    bool is_private; /* of a remote one: nobody may come in, or know who talks */
    uint8_t stream;  /* counts how often media was set up; in ids of streams */
};

/**
 * What a translator does for call control, each for one leg. `arg` is what the device was attached
 * with. None may fail or wait; they may queue inputs. All but `dtmf` are required.
 *
 * Order for the caller: setup, collecting, proceeding, alerting, connected, open_receive,
 * start_transmit, info; for the called end: offer, connected, open_receive, start_transmit, info.
 * `failed` may come at any time after setup or offer, and then `ended`; after `ended` the reference
 * is dead.
 */
struct rf_call_endpoint_ops {
    /** The phone is off hook on this leg: dial tone follows by `tone`. */
    void (*setup)(void *arg, const struct rf_call_leg_info *leg);
    /** The first digit came (the number so far, for a display). */
    void (*collecting)(void *arg, const struct rf_call_leg_info *leg, const char *digits);
    /** Dialling is over; leg->called is the dialled number, with a name when the line is known. */
    void (*proceeding)(void *arg, const struct rf_call_leg_info *leg);
    /** The called phone rings. */
    void (*alerting)(void *arg, const struct rf_call_leg_info *leg);
    /** A call comes in: ring, then rf_call_in_alerting(). */
    void (*offer)(void *arg, const struct rf_call_leg_info *leg);
    /** Answered, or taken back from hold. Media follows, unless the other end holds. */
    void (*connected)(void *arg, const struct rf_call_leg_info *leg);
    /** This end holds the call: its media is stopped. */
    void (*held)(void *arg, const struct rf_call_leg_info *leg);
    /** Parties or security status changed: show them again. */
    void (*info)(void *arg, const struct rf_call_leg_info *leg);
    /** Open a receiver and answer with rf_call_in_receive_open(). The key is for what arrives; it
     * is borrowed for the time of the call: keep no copy. */
    void (*open_receive)(void *arg, const struct rf_call_leg_info *leg,
                         const struct rf_call_stream *stream, const struct rf_call_key *key);
    /** Send to `to`. The key is for what is sent; wiped after this returns: keep no copy. */
    void (*start_transmit)(void *arg, const struct rf_call_leg_info *leg,
                           const struct rf_call_stream *stream, const struct rf_call_addr *to,
                           const struct rf_call_key *key);
    /** Close the receiver, stop sending: whichever was opened (both flags may be set). */
    void (*stop_media)(void *arg, const struct rf_call_leg_info *leg, bool receive, bool transmit);
    void (*tone)(void *arg, const struct rf_call_leg_info *leg, enum rf_call_tone tone);
    /** The call came to nothing; the leg stays until its user hangs up or the time is over. */
    void (*failed)(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause);
    /** The leg is gone. */
    void (*ended)(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause);
    /** The other end pressed a digit during the call: "0".."9", '*', '#', 'A'.."D". */
    void (*dtmf)(void *arg, const struct rf_call_leg_info *leg, char digit);
    /** What another phone does with a call of a line of both; `leg->ref` and `leg->line` are this
     * phone's. May be NULL. */
    void (*remote)(void *arg, const struct rf_call_leg_info *leg, enum rf_call_remote state);
    /** Where the line's calls go was changed, by its user or another device that shares it; may be
     * NULL. Not about a call. */
    void (*forwarded)(void *arg, uint32_t line, const struct rf_call_line_rule *rule);
};

/** A registered device. */
struct rf_call_attach {
    const struct rf_call_endpoint_ops *ops;
    void *arg;
    struct rf_call_side side; /* what the link really is, not what was asked for */
    bool has_cert;
    uint8_t cert[RF_CALL_CERT_LEN]; /* SHA-256 of the certificate it came with */
};

/** One end of a finished call. */
struct rf_call_record_end {
    enum rf_call_signalling signalling;
    enum rf_call_srtp suite; /* of its media, once that was up */
    bool has_cert;
    uint8_t cert[RF_CALL_CERT_LEN];
};

/** A finished call, for the record. */
struct rf_call_record {
    uint32_t call_id;
    char calling_device[RF_CALL_DEVICE_MAX + 1];
    char called_device[RF_CALL_DEVICE_MAX + 1]; /* empty when none was found */
    struct rf_call_party calling;
    struct rf_call_party called;
    int64_t start_s;    /* seconds since 1970 */
    int64_t answered_s; /* 0: never */
    int64_t end_s;
    enum rf_call_cause cause;
    unsigned code;                  /* rf_call_cause_code */
    enum rf_call_security security; /* the best it had while it was connected */
    struct rf_call_record_end calling_end;
    struct rf_call_record_end called_end;
    enum rf_call_codec codec;                 /* 0: no media was up */
    char original[RF_CALL_NUMBER_MAX + 1];    /* who was called first; empty: was not forwarded */
    char redirecting[RF_CALL_NUMBER_MAX + 1]; /* who sent it on last; empty: nobody */
    char by[RF_CALL_DEVICE_MAX + 1];          /* which device transferred it; empty: none */
};

/** What happens, for the event list and tests. Any function may be NULL. */
struct rf_call_observer {
    /** call_id 0: of a call that there was no room for ("call-failed"). kind: "call-started",
     * "call-ringing", "call-connected", "call-secured", "call-failed", "call-device-lost",
     * "call-ended". text is "key=value ..." for people. */
    void (*on_event)(void *arg, const char *kind, const char *dev, uint32_t call_id,
                     const char *text);
    void (*on_record)(void *arg, const struct rf_call_record *record);
    /** Its user wants all calls of the line with this number to go to `target`, or with "" nowhere
     * else. It is so, and its phones are told, once rf_call_forward_all_set says that it is kept;
     * or rf_call_forward_all_refused, that it will not be. Neither may be called from here. NULL:
     * nobody keeps it, and it is so at once. */
    void (*on_forward)(void *arg, const char *dev, const char *number, const char *target);
    void *arg;
};

/** Whose media it is. Borrowed, for the time of the operation. */
struct rf_call_media_user {
    const char *dev;
    uint32_t call_id, ref; /* of its call; its own reference */
};

/** The server's own media: what phones meet in a conference, and hear while they are held. It must
 * not block. */
struct rf_call_media_ops {
    /** Could so many more receivers be opened now? Asked before running calls are changed for a
     * conference. One that is closed gives its place back at once. */
    bool (*has_room)(void *arg, unsigned receivers);
    /** Open a receiver for a phone, which is named for logs. Its number, never 0, and its address
     * at once; RF_ERR_LIMIT or another error when it cannot. */
    enum rf_err (*open)(void *arg, const struct rf_call_media_user *user,
                        const struct rf_call_stream *stream, const struct rf_call_key *key,
                        uint32_t *leg, struct rf_call_addr *addr);
    /** Send to a phone: the mix of this number, or with 0 music. */
    void (*send)(void *arg, uint32_t leg, const struct rf_call_addr *to,
                 const struct rf_call_key *key, uint32_t mix);
    void (*close)(void *arg, uint32_t leg);
};

/** State timers; operators can change each. */
enum rf_call_timer {
    RF_CALL_T_FIRST_DIGIT,
    RF_CALL_T_NEXT_DIGIT,
    RF_CALL_T_NO_ANSWER,
    RF_CALL_T_MEDIA,
    RF_CALL_T_FAILED,
    RF_CALL_T_GRACE,
    RF_CALL_T_N
};
struct rf_call_timer_row {
    const char *name;
    const char *state;
    const char *event;
    uint32_t default_ms;
    const char *help;
};
/** The table, RF_CALL_T_N rows. */
const struct rf_call_timer_row *rf_call_timer_table(void);

struct rf_call_conf {
    const struct rf_clock *clock;
    struct rf_timers *timers;
    struct rf_call_observer observer;
    uint32_t timer_ms[RF_CALL_T_N];        /* 0: the default of the table */
    uint32_t calls_max;                    /* 0: 1000; above it a new call is refused */
    const struct rf_call_media_ops *media; /* NULL: no conferences, and a tone for music */
    void *media_arg;
    bool media_is_ip6;
    uint32_t members_max; /* of a conference; 0: RF_CALL_MEMBERS_MAX */
    enum rf_call_barge barge;
};

struct rf_call_control;

struct rf_call_control *rf_call_control_new(const struct rf_call_conf *conf);
/** Calls are dropped without telling anyone; media keys are wiped. */
void rf_call_control_free(struct rf_call_control *cc);
/** Another time, for states that are entered from now on; 0: the default of the table. */
void rf_call_timer_set(struct rf_call_control *cc, enum rf_call_timer timer, uint32_t ms);

/** Add a device or change it; lines of a registered device change at once, running calls stay.
 * RF_ERR_EXISTS "line-number-taken" when another device has one of the numbers; RF_ERR_BAD
 * "line-number" for a number that is not 1-24 of 0-9 * + A-D. RF_ERR_EXISTS "trunk-taken" for a
 * second trunk; RF_ERR_BAD "trunk-line" for one whose line is not as it has to be, "trunk-kind"
 * when a phone would become a trunk or the other way round (remove it first). */
RF_MUST_CHECK enum rf_err rf_call_device_set(struct rf_call_control *cc,
                                             const struct rf_call_device_conf *conf,
                                             struct rf_why *why);
/** Where all calls of this number go, as it is kept; "" for nowhere. Its devices are told, and a
 * call that waits for that ends. */
void rf_call_forward_all_set(struct rf_call_control *cc, const char *number, const char *target);
/** What a user wanted (on_forward) is not kept and will not be. Its devices are told how it is, and
 * a call that waits for it has failed. */
void rf_call_forward_all_refused(struct rf_call_control *cc, const char *number);
/** A number under which phones meet that are at least this secure. RF_ERR_EXISTS
 * "line-number-taken"; RF_ERR_BAD "line-number"; RF_ERR_LIMIT "meet-mes". */
RF_MUST_CHECK enum rf_err rf_call_meet_me_set(struct rf_call_control *cc, const char *number,
                                              enum rf_call_security least, struct rf_why *why);
/** Its calls end. An unknown number is fine. */
void rf_call_meet_me_remove(struct rf_call_control *cc, const char *number);
/** 1 to 24 of 0-9 * + A-D. */
bool rf_call_number_ok(const char *number);
/** Forget a device; its calls end (REMOVED). An unknown name is fine. */
void rf_call_device_remove(struct rf_call_control *cc, const char *name);

/** The device registered. Calls it had before it was lost are cleared. RF_ERR_NOT_FOUND when it is
 * not configured. A device that is up already is taken down first, as if lost. */
RF_MUST_CHECK enum rf_err rf_call_device_up(struct rf_call_control *cc, const char *name,
                                            const struct rf_call_attach *attach, rf_handle *out);
/** It has asked all that it asks when it registers: it is told what other phones of its lines do.
 */
void rf_call_device_ready(struct rf_call_control *cc, rf_handle dev);
/** It unregistered or was lost: connected calls keep their media for the grace time, others end. */
void rf_call_device_down(struct rf_call_control *cc, rf_handle dev);
/** What the phone can do, once it has said so. */
void rf_call_device_codecs(struct rf_call_control *cc, rf_handle dev, uint32_t codecs);
/** Does the device have a call now? */
bool rf_call_device_in_call(const struct rf_call_control *cc, rf_handle dev);
/** How the calls of a line are handled now, with what its users forwarded; borrowed until the next
 * call of a function here. NULL: it has no such line, or is not registered. */
const struct rf_call_line_rule *rf_call_rule_find(const struct rf_call_control *cc, rf_handle dev,
                                                  uint32_t line);

/* What a phone's user or the phone did. `ref` 0 means "the call this device has". A reference the
 * device has no part in, or a stale device, is ignored and counted. */

/** Handset lifted, or the line key: answers the call that rings, else begins one on `line` (0 is
 * the first). */
void rf_call_in_off_hook(struct rf_call_control *cc, rf_handle dev, uint32_t line, uint32_t ref);
/** The NewCall key: begins a call, never answers one. */
void rf_call_in_new_call(struct rf_call_control *cc, rf_handle dev, uint32_t line);
void rf_call_in_answer(struct rf_call_control *cc, rf_handle dev, uint32_t ref);
/** '0'-'9', '*', '#', '+', 'A'-'D'. */
void rf_call_in_digit(struct rf_call_control *cc, rf_handle dev, uint32_t ref, char digit);
void rf_call_in_back_space(struct rf_call_control *cc, rf_handle dev, uint32_t ref);
/** A whole number; begins a call when the device has none. A trailing '#' is taken off. */
void rf_call_in_number(struct rf_call_control *cc, rf_handle dev, uint32_t line,
                       struct rf_slice number);
void rf_call_in_hang_up(struct rf_call_control *cc, rf_handle dev, uint32_t ref);
/** The handset was put down: with `ref` 0 nothing that rings or is held is meant. */
void rf_call_in_on_hook(struct rf_call_control *cc, rf_handle dev, uint32_t ref);
void rf_call_in_hold(struct rf_call_control *cc, rf_handle dev, uint32_t ref);
/** Take a call back that this device holds; another one it talks in is held. */
void rf_call_in_resume(struct rf_call_control *cc, rf_handle dev, uint32_t line, uint32_t ref);
/** The Transfer key: holds the call and begins another one; pressed again, joins the two. */
void rf_call_in_transfer(struct rf_call_control *cc, rf_handle dev, uint32_t ref);
/** The Confrn key: holds the call and begins another one; pressed again, all meet. */
void rf_call_in_conference(struct rf_call_control *cc, rf_handle dev, uint32_t ref);
/** The MeetMe key: the number that is dialled next begins a conference. */
void rf_call_in_meet_me(struct rf_call_control *cc, rf_handle dev, uint32_t line);
/** The Barge keys: comes into a call that another phone of the line has. */
void rf_call_in_barge(struct rf_call_control *cc, rf_handle dev, uint32_t line, uint32_t ref);
/** The Private key: whether others of its shared lines may come into its calls. */
void rf_call_in_private(struct rf_call_control *cc, rf_handle dev);
/** The CfwdAll key: ends forwarding of the line's calls, or begins to dial where they go. */
void rf_call_in_forward_all(struct rf_call_control *cc, rf_handle dev, uint32_t line);
/** Dial the number again that this device dialled last. */
void rf_call_in_redial(struct rf_call_control *cc, rf_handle dev, uint32_t line);
/** The answer to offer: the phone rings. */
void rf_call_in_alerting(struct rf_call_control *cc, rf_handle dev, uint32_t ref);
/** The answer to open_receive; `addr` NULL means that it failed. */
void rf_call_in_receive_open(struct rf_call_control *cc, rf_handle dev, uint32_t ref,
                             const struct rf_call_addr *addr);
/** Sending broke down. */
void rf_call_in_media_failed(struct rf_call_control *cc, rf_handle dev, uint32_t ref);
/** The trunk hangs up, and says why: the caller and the record learn this cause. */
void rf_call_in_refuse(struct rf_call_control *cc, rf_handle trunk, uint32_t ref,
                       enum rf_call_cause cause);

/**
 * A call comes in by the trunk. Unlike the inputs above it is not queued, and not for use inside an
 * operation: `setup` has named the leg, and much more may have been told, when it returns.
 *
 * from     who calls, for displays and records; a number that is none is left out.
 * number   whom, as a whole. One that is none, or no line's, begins a call that fails at once.
 *
 * Returns RF_OK; RF_ERR_NOT_FOUND (counted) for a device that is gone or no trunk; RF_ERR_LIMIT
 * (an event says so) when there are too many calls, on it or at all: no leg was begun.
 */
RF_MUST_CHECK enum rf_err rf_call_in_from_outside(struct rf_call_control *cc, rf_handle trunk,
                                                  const struct rf_call_party *from,
                                                  struct rf_slice number);

/** One line for status output. */
struct rf_call_status {
    uint32_t call_id;
    const char *state; /* a constant */
    char calling_device[RF_CALL_DEVICE_MAX + 1];
    char called_device[RF_CALL_DEVICE_MAX + 1];
    struct rf_call_party calling;
    struct rf_call_party called;
    enum rf_call_security security;
    int64_t start_s;
};
size_t rf_call_count(const struct rf_call_control *cc);
/** Walk the calls: start with *at = 0; false at the end. */
bool rf_call_next(const struct rf_call_control *cc, uint32_t *at, struct rf_call_status *out);

/** The state table, and names of its actions, for the grid test and tools/fsm-dot. */
const struct rf_fsm_def *rf_call_fsm_def(void);
const char *rf_call_fsm_action_name(rf_fsm_action action);

#endif
