/* SPDX-License-Identifier: Apache-2.0 */
/* The SCCP phone as its user sees it when there is more than one call: the calls, the soft keys
 * that the server offers for each, lines, lamps and texts; and the keys that can be pressed. A real
 * phone decides nothing of this itself: a key is a message, and what comes of it is the server's
 * word. What a real phone could not press is refused here too.
 *
 *     rf_station_act(st, RF_STATION_ACT_HOLD, 0, &why);          the call that can be held
 *     rf_station_act(st, RF_STATION_ACT_TRANSFER, 0, &why);
 *     rf_station_call(st, "2003", &why);                         into the line that came
 *     n = rf_station_calls(st, views, RF_STATION_CALLS_MAX);
 *
 * A call is named by `nth`, the phone's own count of its calls, which every event carries; 0 means
 * the one that the user would mean. Thread: as station.h. doc: docs/phone-calls.md, "Keys" */
#ifndef SERVICE_PHONE_STATION_USER_H
#define SERVICE_PHONE_STATION_USER_H

#include "service/phone/station.h"

#define RF_STATION_CALLS_MAX 8
#define RF_STATION_LINES_MAX 8

/** What a soft key or a button of the phone does. Which of the two this phone has, the server's
 * templates say. */
enum rf_station_act {
    RF_STATION_ACT_NEW_CALL,
    RF_STATION_ACT_HOLD,
    RF_STATION_ACT_RESUME,
    RF_STATION_ACT_TRANSFER,
    RF_STATION_ACT_CONFERENCE,
    RF_STATION_ACT_JOIN,
    RF_STATION_ACT_REDIAL,
    RF_STATION_ACT_FORWARD_ALL,
    RF_STATION_ACT_MEET_ME,
    RF_STATION_ACT_BARGE,
    RF_STATION_ACT_CBARGE,
    RF_STATION_ACT_PRIVACY,
    RF_STATION_ACT_DND,
    RF_STATION_ACT_PARK,
    RF_STATION_ACT_PICK_UP,
    RF_STATION_ACT_GROUP_PICK_UP,
    RF_STATION_ACT_CALL_BACK,
    RF_STATION_ACT_DIVERT,
    RF_STATION_ACT_CONF_LIST,
    RF_STATION_ACT_REMOVE_LAST,
    RF_STATION_ACT_END_CALL,
    RF_STATION_ACTS_N,
};
/** "hold", "transfer", ... */
const char *rf_station_act_name(enum rf_station_act act);

/** A soft key. */
struct rf_station_key {
    const char *name; /* as its label reads, or as the protocol names it; letters in any case */
    uint32_t nth;     /* 0: whichever call offers it, else the idle phone */
    /** For tests of servers: press it though it is not offered, even one that no template has
     * (`event` then), for any call (`ref`). */
    bool is_forced;
    uint32_t event, line, ref;
};

/* Refused with RF_ERR_DENIED: key-not-offered, key-masked (the text names those that are offered),
 * not-registered, preserved (the call manager is gone, the call goes on), not-ringing, not-now;
 * RF_ERR_NOT_FOUND: no-call, no-line, no-button, key-unknown. */
RF_MUST_CHECK enum rf_err
rf_station_press_key(struct rf_station *st, const struct rf_station_key *key, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_station_act(struct rf_station *st, enum rf_station_act act,
                                         uint32_t nth, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_station_answer_call(struct rf_station *st, uint32_t nth,
                                                 struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_station_hang_up_call(struct rf_station *st, uint32_t nth,
                                                  struct rf_why *why);
/** Digits in a call, or of a number being dialled: 0-9, *, #, A-D. */
RF_MUST_CHECK enum rf_err rf_station_digits(struct rf_station *st, const char *digits, uint32_t nth,
                                            struct rf_why *why);
/** The key of a line, from 1: what it does is the server's to say (answer, resume, a new call). */
RF_MUST_CHECK enum rf_err rf_station_line_key(struct rf_station *st, uint32_t line,
                                              struct rf_why *why);
/** A new call on a line: its key, then the digits (NULL: none). */
RF_MUST_CHECK enum rf_err rf_station_call_on(struct rf_station *st, uint32_t line,
                                             const char *number, struct rf_why *why);
/** A button of the phone by its place in the template, from 1, whatever it is. */
RF_MUST_CHECK enum rf_err rf_station_button(struct rf_station *st, uint32_t place,
                                            struct rf_why *why);
/** The speaker key: off hook, answer, or on hook. */
RF_MUST_CHECK enum rf_err rf_station_speaker(struct rf_station *st, struct rf_why *why);
/** From its next stream on this call says `clip` (NULL: silence); nth 0: every call to come. A
 * reference is taken. RF_ERR_NOT_FOUND no-call. */
RF_MUST_CHECK enum rf_err rf_station_play(struct rf_station *st, uint32_t nth,
                                          struct rf_media_clip *clip, struct rf_why *why);

/** A call as it is shown. Borrowed until anything happens. */
struct rf_station_call_view {
    uint32_t nth, ref, line;
    enum rf_station_call_state state;
    const char *word; /* of the server: "CallWaiting" */
    bool is_incoming;
    const char *peer_number, *peer_name; /* who is at the other end */
    enum rf_sccp_security security;
    const char *prompt;
    const char *key_set;
    char keys[256]; /* offered: "Hold EndCall Transfer" */
    bool is_receiving, is_sending;
    const char *receive_suite, *send_suite; /* "none" for clear; "" when nothing runs */
};
/** All calls, oldest first. Returns how many; at most `max`. */
size_t rf_station_calls(const struct rf_station *st, struct rf_station_call_view *out, size_t max);
/** The call of this number, or of this reference; 0 when there is none. */
uint32_t rf_station_call_find(const struct rf_station *st, uint32_t nth_or_ref);

struct rf_station_lamp_view {
    const char *word, *mode;
    uint32_t instance;
};
struct rf_station_line_view {
    uint32_t line;
    const char *number;
    const char *forward; /* "": its calls go nowhere else */
};
/** What the whole phone shows. Borrowed likewise. */
struct rf_station_screen {
    const char *prompt, *notify; /* "" for none */
    char keys[256];              /* of the idle phone */
    bool is_ringing, has_speaker, has_message;
    struct rf_station_line_view lines[RF_STATION_LINES_MAX];
    size_t n_lines;
};
void rf_station_screen(const struct rf_station *st, struct rf_station_screen *out);

#endif
