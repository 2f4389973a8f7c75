/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/phone: the SCCP phone. One machine registers (station_reg_fsm.c), and each
 * call is one (station_call_fsm.c). station.c is the phone as an object, station_user.c what its
 * user does, station_calls.c which calls there are, station_keys.c which keys are offered,
 * station_screen.c what is shown, station_in.c the messages that arrive, station_out.c those that
 * leave, station_media.c the streams, station_text.c the server's texts. */
#ifndef SERVICE_PHONE_STATION_INT_H
#define SERVICE_PHONE_STATION_INT_H

#include "service/phone/station_state_int.h"

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
/** Is the link to this server of the list a TLS link? */
bool station_has_tls(const struct rf_station *st, size_t server);
/** A router without a certificate is no server of a phone that must register securely. RF_OK, or
 * RF_ERR_DENIED srst-clear-refused. */
RF_MUST_CHECK enum rf_err station_may_connect(const struct rf_station *st, size_t server,
                                              struct rf_why *why);
/** Is the phone's server, or the one being tried, a router? */
bool station_is_on_srst(const struct rf_station *st);
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
/** KeepAliveAck on the link that stands by. */
void station_standby_answered(struct rf_station *st);
/** RegisterTokenReject: ask again after this time. */
void station_standby_refused(struct rf_station *st, uint32_t wait_s);
/** Its server is not believed: whoever looks learns it before the link is needed. */
void station_standby_untrusted(struct rf_station *st, const struct rf_why *why);
/** The link beside it becomes the main one. False: it is not there. */
RF_MUST_CHECK bool station_standby_take(struct rf_station *st);
bool station_standby_is_open(struct rf_station *st);
/** Times 0.75 to 1.25, by chance: what many phones wait for at the same time they do not all do at
 * the same moment. */
uint32_t station_spread_ms(uint32_t ms);

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
/** payloadCapability of SCCP. */
uint32_t station_codec_number(enum rf_media_codec codec);
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
