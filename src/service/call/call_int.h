/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/call: devices, numbers, calls and their two legs.
 *
 * A call has end A (who dialled) and end B (who is called). One state machine drives both, because
 * with two parties every event of one end is news for the other. A device takes part in several
 * calls, each by a leg; what its user does with two of them (transfer) is done between the
 * machines, never by an action of one on another. */
#ifndef SERVICE_CALL_CALL_INT_H
#define SERVICE_CALL_CALL_INT_H

#include "service/call/call.h"

#define RF_CALL_CALLS_MAX   1000
#define RF_CALL_DEVICES_MAX 20000
/* Phones that ring for one line, beside the first. */
#define RF_CALL_SHARED_MAX 15

enum { END_A, END_B, ENDS };

struct call;
struct device;

/** One end of a call. */
struct leg {
    struct call *call;
    int end;
    struct leg *next;   /* of its device */
    struct device *dev; /* NULL: this end is not there (yet, or any more) */
    bool is_lost;       /* its device's link is gone; nothing can be told to it */
    bool holds;
    uint32_t ref;
    uint32_t line;
    enum rf_call_remote remote; /* what the line's other phones were told of it, and who talks */
    struct {
        char calling[RF_CALL_NUMBER_MAX + 1], called[RF_CALL_NUMBER_MAX + 1];
        enum rf_call_security security;
    } remote_info;
    const struct device *heir; /* one of them, that takes it over now: to it nothing ends */
    enum rf_call_purpose purpose;
    uint32_t consults_for; /* reference of the call that its user holds meanwhile; 0: none */
    uint8_t stream;
    bool receive_asked;
    bool transmit_asked;
    bool has_addr;
    struct rf_call_addr addr;
    uint32_t media;          /* of a conference: the number of its own receiver; 0: none */
    uint32_t music;          /* what plays for a phone that is held; 0: nothing */
    struct rf_call_key tune; /* for it, until it was handed over */
};

struct conference;

/** A line as its number's node has it. */
struct plan_line {
    struct plan_line *next; /* with the same number */
    struct device *dev;
    uint32_t line;
    bool wants_forward; /* all its calls, and that waits to be kept */
};

struct device {
    struct device *next; /* in its bucket */
    struct rf_call_control *cc;
    struct rf_call_device_conf conf;
    struct plan_line plan[RF_CALL_LINES_MAX];
    rf_handle handle; /* 0: not registered */
    struct rf_call_attach attach;
    struct conference *conference; /* it is no phone, but where phones meet */
    struct leg *legs;              /* of its calls, the youngest first */
    size_t n_legs;
    char last_number[RF_CALL_NUMBER_MAX + 1];
    bool is_private;
};

struct call {
    struct rf_call_control *cc;
    rf_handle handle;
    uint32_t id;
    struct rf_fsm fsm;
    struct leg legs[ENDS];
    struct leg *branches[RF_CALL_SHARED_MAX]; /* more phones of the called line, while they ring */
    size_t n_branches;
    char digits[RF_CALL_NUMBER_MAX + 1];
    struct rf_call_party calling;
    struct rf_call_party called;
    struct rf_call_party original;    /* without a number: was not forwarded */
    struct rf_call_party redirecting; /* as well */
    unsigned hops;
    struct rf_call_key keys[ENDS]; /* of the stream towards that end, until it was handed over */
    enum rf_call_srtp suite;       /* of its media */
    enum rf_call_codec codec;
    bool is_media_up;                /* both streams were started */
    struct rf_call_side sides[ENDS]; /* kept when a device is lost */
    rf_timer_id timer;
    enum rf_call_cause cause;
    struct rf_call_record record;
};

/** Where phones meet: a device of our own, and a call between it and each of them. */
struct conference {
    struct conference *next;
    struct rf_call_control *cc;
    struct device dev;
    uint32_t mix;                /* number of what they hear */
    enum rf_call_security level; /* that its members were told last */
    bool has_number;             /* Meet-Me: it stays when all have gone */
    bool is_open;                /* somebody began it */
    bool had_several;
    enum rf_call_security least;
};

struct input;
struct plan_node;

#define DEVICE_BUCKETS 4096

struct rf_call_control {
    struct rf_call_conf conf;
    struct device *devices[DEVICE_BUCKETS];
    size_t n_devices;
    struct device *trunk; /* one of them, or NULL */
    struct plan_node *plan;
    struct conference *conferences;
    size_t n_meet_mes;
    uint32_t last_mix;
    struct rf_handles *attached; /* struct device by handle */
    struct rf_handles *calls;    /* struct call by handle */
    uint32_t last_ref;
    uint32_t last_id;
    bool is_running; /* inside a machine: inputs wait */
    struct input *first;
    struct input *last;
    struct rf_log_limit refusals;
};

enum call_state {
    CALL_IDLE,
    CALL_OFF_HOOK,
    CALL_COLLECTING,
    CALL_ROUTING,
    CALL_OFFERED,
    CALL_RINGING,
    CALL_CONNECTING,
    CALL_CONNECTED,
    CALL_HELD,
    CALL_ORPHANED,
    CALL_FAILED,
    CALL_CLEARED,
    CALL_STATES
};

enum call_event {
    CALL_EV_START,
    CALL_EV_DIGIT_A,
    CALL_EV_DIGIT_B,
    CALL_EV_BACK_SPACE,
    CALL_EV_NUMBER,
    CALL_EV_DIALLED,
    CALL_EV_ROUTED,
    CALL_EV_NO_ROUTE,
    CALL_EV_ALERTING,
    CALL_EV_ANSWER,
    CALL_EV_RECEIVE_OPEN,
    CALL_EV_MEDIA_READY,
    CALL_EV_MEDIA_FAILED,
    CALL_EV_HOLD,
    CALL_EV_RESUME,
    CALL_EV_TALK,     /* nobody holds any more */
    CALL_EV_REPLACED, /* another device takes the place of end A */
    CALL_EV_GIVEN,    /* the other end went on in another call */
    CALL_EV_REFUSED,  /* what its user wanted cannot be */
    CALL_EV_HANG_UP_A,
    CALL_EV_HANG_UP_B,
    CALL_EV_LOST_A,
    CALL_EV_LOST_B,
    CALL_EV_BACK,
    CALL_EV_REMOVED,
    CALL_EV_EMPTY,
    CALL_EV_T_FIRST_DIGIT,
    CALL_EV_T_NEXT_DIGIT,
    CALL_EV_T_NO_ANSWER,
    CALL_EV_T_MEDIA,
    CALL_EV_T_FAILED,
    CALL_EV_T_GRACE,
    CALL_EVENTS
};

/** What an event carries; only the members its row needs are set. */
struct call_data {
    int end;
    enum rf_call_cause cause;
    char digit;
    char number[RF_CALL_NUMBER_MAX + 1];
    struct rf_call_addr addr;
};
_Static_assert(sizeof(struct call_data) <= RF_FSM_DATA, "an event's data fits the queue");

static inline int call_other(int end)
{
    return end == END_A ? END_B : END_A;
}

/* ---- call_plan.c: numbers ---- */
/** The lines with this number, or NULL. */
struct plan_line *call_plan_find(const struct rf_call_control *cc, const char *number);
/** Is there a number that begins with these digits and is longer? */
bool call_plan_may_follow(const struct rf_call_control *cc, const char *digits);
void call_plan_add(struct rf_call_control *cc, struct plan_line *line);
void call_plan_remove(struct rf_call_control *cc, struct plan_line *line);
void call_plan_free(struct rf_call_control *cc);

/* ---- call_device.c ---- */
struct device *call_device_find(const struct rf_call_control *cc, const char *name);
void call_devices_free(struct rf_call_control *cc);
static inline struct rf_call_line_rule *call_rule(struct device *dev, uint32_t line)
{
    return &dev->conf.rules[line - 1];
}
static inline const char *call_line_number(const struct device *dev, uint32_t line)
{
    return dev->conf.lines[line - 1].number;
}
size_t call_line_calls(const struct device *dev, uint32_t line);
/** Has the device, or its line, as many calls as it may ever have? */
bool call_line_is_used_up(const struct device *dev, uint32_t line);
/** Its user wants all calls of the line to go there, or with "" nowhere else. True: it is so now;
 * false: once it is kept. */
bool call_forward_all_want(struct device *dev, uint32_t line, const char *target);

/* ---- call.c ---- */
/** A leg that has its device begins, and ceases, to be among that one's. */
void call_leg_join(struct leg *leg);
void call_leg_leave(struct leg *leg);
/** The record says who is at that end. */
void call_leg_named(struct call *call, int end);
/** Join a device to an end of a call: reference, line, signalling. */
void call_leg_take(struct call *call, int end, struct device *dev, uint32_t line);
/** The device is free of this call. */
void call_leg_drop(struct call *call, int end);
/** A leg as it is goes to another call: reference and line stay. Nobody is told. */
void call_leg_move(struct leg *from, struct call *call, int end);
/** A call in which nothing happened yet, in this state, with nobody in it; NULL when there are too
 * many. */
struct call *call_new(struct rf_call_control *cc, int state);
/** Forget it again, when nobody has come in; NULL is fine. */
void call_drop_new(struct call *call);
/** Begin a call on the line (0: the first), or refuse; the new one or NULL. */
struct call *call_begin(struct rf_call_control *cc, struct device *dev, uint32_t line,
                        enum rf_call_purpose purpose, uint32_t consults_for);
/** Run an event on a call, release the call when it is over. The inputs that wait run after the
 * present one. */
void call_run(struct call *call, int event, const struct call_data *data);
/** Run the inputs that wait: at the end of what is no input itself, but had endpoints told. */
void call_inputs_run(struct rf_call_control *cc);

/* ---- call_user.c: what a user does with its calls ---- */
struct leg *call_leg_of(const struct device *dev, uint32_t ref);
/** What it wanted cannot be: a tone, on a call that is there for that. */
void call_user_refused(struct device *dev, uint32_t line, enum rf_call_cause cause);
/** Does its user talk in it, or dial? */
bool call_user_is_busy_with(const struct leg *leg);
/** All that the device talks in but this one (may be NULL) is held, or ended where the other end's
 * link is lost; what it dials is dropped. */
void call_user_step_aside(struct device *dev, const struct leg *except);
void call_user_hold(struct leg *leg);
void call_user_resume(struct leg *leg);
void call_user_transfer(struct leg *leg);
void call_user_conference(struct leg *leg);
void call_user_forward_all(struct device *dev, uint32_t line);

/** Bring another device, by a call of its own, into the call that a leg is an end of: all three
 * meet. False: there is no room, and nothing was changed. */
bool call_user_bring_in(struct leg *leg, struct device *dev, uint32_t line);

/* ---- call_shared.c: one number on several phones ---- */
/** More phones of the called line ring, too. */
void call_branches_add(struct call *call, struct plan_line *lines);
/** Those that may not talk with this device stop. */
void call_branches_sift(struct call *call, const struct device *caller);
/** All of them stop. */
void call_branches_end(struct call *call, enum rf_call_cause cause);
/** Is it one of several that ring? Then it alone is dropped, and another takes its place. */
bool call_branch_drop(struct leg *leg, enum rf_call_cause cause, bool is_lost);
/** It answers: it is the called end now. */
void call_branch_take(struct leg *leg);
/** Tell the line's other phones what became of the call. */
void call_shared_look(struct call *call);
void call_shared_gone(struct leg *leg);
/** Tell a phone that came what others of its lines do. */
void call_shared_tell(struct device *dev);
/** The leg of another phone of this line with this reference, or NULL. */
struct leg *call_shared_leg(struct device *dev, uint32_t line, uint32_t ref);
void call_shared_barge(struct device *dev, uint32_t line, struct leg *leg);
/** A call that another phone of the line holds is this one's now. */
void call_shared_take_back(struct device *dev, uint32_t line, struct leg *leg);
void call_shared_private(struct device *dev);

/* ---- call_conference.c ---- */
/** Of either end, or NULL. */
struct conference *call_conference_of(const struct call *call);
struct conference *call_conference_new(struct rf_call_control *cc);
/** Would the server's media take so many more members now? */
bool call_conference_has_room(const struct rf_call_control *cc, unsigned members);
/** Take the place at an end of a call that nobody has. */
void call_conference_take(struct conference *conf, struct call *call, int end);
/** May this device come in? RF_CALL_CAUSE_NORMAL, or why not. */
enum rf_call_cause call_conference_admits(const struct conference *conf, const struct device *dev);
/** The same, wherever it is: is it as secure as the conference wants it? */
enum rf_call_cause call_conference_trusts(const struct conference *conf, const struct device *dev);
/** A Meet-Me begins by this device, or goes on: as call_conference_admits. */
enum rf_call_cause call_conference_begin(struct conference *conf, const struct device *by);
/** After something happened to one of its calls: level told, the last member let go, itself freed
 * when nobody is left. */
void call_conference_look(struct conference *conf);
void call_conferences_free(struct rf_call_control *cc);

/* ---- call_music.c ---- */
/** Can the server's own media and the device's reach one another? */
static inline bool call_media_reaches(const struct device *dev)
{
    return dev->attach.side.is_ip6 == dev->cc->conf.media_is_ip6;
}
/** Who the server's own media is told it is for. */
static inline struct rf_call_media_user call_media_user(const struct leg *leg)
{
    return (struct rf_call_media_user){.dev = leg->dev != NULL ? leg->dev->conf.name : "-",
                                       .call_id = leg->call->id,
                                       .ref = leg->ref};
}
/** True when it plays, or will. */
bool call_music_start(struct call *call, int end);
/** The phone opened its receiver. */
void call_music_play(struct call *call, int end, const struct rf_call_addr *to);
void call_music_end(struct call *call, int end);

/* ---- call_route.c ---- */
/** May the two talk? RF_CALL_CAUSE_NORMAL, or why not: no codec in common, media that would be
 * clear where one of them wants none, or a conference that lets the other not in. */
enum rf_call_cause call_may_talk(const struct device *a, const struct device *b);
/** The same of the two ends of one call: each is counted where it has its place. */
enum rf_call_cause call_may_go_on(const struct device *a, const struct device *b);
/** Has the line as many calls as make it busy? */
bool call_line_is_full(const struct device *dev, uint32_t line);
/** May more digits follow these? */
bool call_number_may_follow(const struct rf_call_control *cc, const char *digits);
/** Is there nobody from inside at this end of a call: the trunk, or a conference where nobody else
 * from inside is but `but` (may be NULL)? */
bool call_is_outside(const struct device *dev, const struct device *but);
/** Find who is called, and post ROUTED or NO_ROUTE. */
void call_route(struct call *call);
/** The called end did not answer: the number is now the one it is forwarded to then, for
 * call_route; false: nowhere. */
bool call_route_no_answer(struct call *call);

/* ---- call_fsm.c ---- */
extern const struct rf_fsm_def call_fsm;
void call_timer_due(void *owner, uint64_t number);
void call_post(struct call *call, int event, struct call_data data);

/* call_out.c: what the phones are told; nothing happens on an end that is not there or lost */
bool call_leg_is_live(const struct call *call, int end);
/** What an operation says about one leg. */
struct rf_call_leg_info call_leg_info(const struct leg *leg);
enum rf_call_security call_security(const struct call *call);
void call_tell_setup(struct call *call, int end);
void call_tell_collecting(struct call *call);
void call_tell_proceeding(struct call *call);
void call_tell_alerting(struct call *call);
void call_tell_offer(struct call *call);
void call_tell_connected(struct call *call, int end);
void call_tell_held(struct call *call, int end);
void call_tell_info(struct call *call, int end);
void call_tell_open_receive(struct call *call, int end);
/** The same for another stream than the call's own. */
void call_tell_open_receive_of(struct call *call, int end, const struct rf_call_stream *stream,
                               const struct rf_call_key *key);
/** Start sending from `end` to the other end, which must have its address. */
void call_tell_start_transmit(struct call *call, int end);
void call_tell_stop_media(struct call *call, int end);
void call_tell_tone(struct call *call, int end, enum rf_call_tone tone);
void call_tell_failed(struct call *call, int end, enum rf_call_cause cause);
/** Also drops the leg. */
void call_tell_ended(struct call *call, int end, enum rf_call_cause cause);
void call_tell_branch_ended(struct leg *leg, enum rf_call_cause cause);
void call_tell_dtmf(struct call *call, int end, char digit);
/** One line in the log and for the observer. */
void call_report(const struct call *call, const char *kind, const char *fmt, ...) RF_PRINTF(3, 4);
void call_report_record(struct call *call);
void call_report_private(const struct device *dev);

#endif
