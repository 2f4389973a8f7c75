/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/sccp: sessions (one a link) and configured devices. */
#ifndef SERVICE_SCCP_SCCP_INT_H
#define SERVICE_SCCP_SCCP_INT_H

#include "net/address.h"
#include "service/sccp/sccp_service.h"
#include "service/site/site.h"

#define BUCKETS      1024
#define SESSIONS_MAX 20000
/* An active link, one that stands by, and what hangs of earlier ones. */
#define LINKS_PER_CERT 8
#define KEEPALIVE_MISS 3 /* intervals without any message, then the phone is lost */

/* Lines and events a minute: of a link about what it does wrong and its alarms, and about its
 * registrations and their ends; of a device about the last three on all its links, and about its
 * calls; of one certificate or address about its refusals, and of all that show one, and all that
 * do not. */
#define NOISE_A_MINUTE      10
#define COMINGS_A_MINUTE    20
#define DEVICE_A_MINUTE     600
#define OF_ONE_A_MINUTE     30
#define REJECTIONS_A_MINUTE 120
/* Unknown devices that were told on, as above. */
#define UNKNOWN_OF_ONE_A_MINUTE 60
#define UNKNOWN_A_MINUTE        600
/* Records of calls that a device began and nobody answered. */
#define UNANSWERED_A_MINUTE 30

struct session;

struct station {
    struct station *next;
    struct rf_sccp_device conf;
    struct session *session; /* registered, or NULL */
    uint32_t set;            /* the whole set it was in last */
    char last_alarm[81];
    enum rf_sccp_cause last_cause;
    uint8_t modern_cert[RF_SCCP_FP_LEN]; /* of conf, or learnt since */
    struct rf_log_limit told;
    struct rf_log_limit lines; /* of links that closed */
    struct rf_log_limit calls; /* what is told of them */
    struct rf_log_limit unanswered;
    struct rf_log_limit call_flood;
    uint64_t turn_s; /* its place among those who come back; 0: none */
};

/** The phone's side of one of its calls, as it was told. */
struct session_leg {
    uint32_t ref; /* 0: a free place */
    uint32_t line;
    uint32_t state; /* CallState it was told last */
    uint32_t party; /* of the stream it was asked to receive last; 0: none yet */
    bool is_ringing;
    bool is_held;
};

struct session {
    struct session *next;         /* in its bucket */
    struct session *next_of_cert; /* in that of its certificate; the youngest first */
    struct rf_sccp_service *svc;
    rf_sccp_link_ref link;
    bool is_closing; /* closed by us: what still arrives is ignored */

    char address[RF_SCCP_ADDRESS_TEXT + 1];
    bool has_ip;
    struct rf_call_addr ip; /* of the link; the port means nothing */
    bool has_tls;
    bool is_encrypted;
    bool is_resumed;
    bool is_legacy;
    bool is_old_version;
    char tls_version[16];
    char suite[RF_SCCP_SUITE_TEXT + 1];
    struct rf_cert *cert; /* owned reference, or NULL */
    uint8_t sha256[RF_SCCP_FP_LEN];

    struct station *station;          /* registered as, or NULL */
    char was[RF_CALL_DEVICE_MAX + 1]; /* as whom it signed off, for the log */
    rf_handle dev;                    /* at call control */
    unsigned version;                 /* agreed; 0 before RegisterAck */
    int64_t since_s;
    uint32_t device_type;
    bool is_utf8; /* it said that it reads UTF-8; else texts go out in ISO 8859-1 */
    char load[RF_SCCP_LOAD_TEXT + 1];
    char version_stamp[RF_SCCP_VERSION_STAMP + 1];
    uint32_t keepalive_s;
    struct session_leg legs[RF_CALL_LEGS_MAX];
    bool wants_speaker; /* the user began or answered with a key, not with the handset */
    char alarm[81];     /* came before Register: told once we know who it is */
    uint32_t alarm_severity;
    bool has_alarm;

    uint64_t in;
    uint64_t out;
    uint64_t dropped;
    unsigned bad;
    uint64_t last_in_ms;
    rf_timer_id watch;    /* wait for Register, then keepalive supervision */
    int64_t tokens_milli; /* below 0: owed */
    uint64_t tokens_at_ms;
    bool is_paused;
    rf_timer_id unpause;
    struct rf_log_limit noise;
    struct rf_log_limit alarms;
    struct rf_log_limit comings;
    struct rf_log_limit goings;
};

/** Who may not register: one certificate, or the address (IPv6: the /64) of those without. */
struct refused_one {
    uint8_t key[RF_ADDRESS_SOURCE];
    uint64_t last_ms;
    struct rf_log_limit told;
    struct rf_log_limit unknown;
};
#define REFUSED_ONES 256

struct rf_sccp_service {
    struct rf_sccp_service_conf conf;
    char server_name[RF_SCCP_SERVER_NAME + 1];
    char server_host[RF_SCCP_SERVER_NAME + 1]; /* where it is: a name, */
    struct rf_sccp_addr server_addr;           /* or an address; all zero: not told */
    uint16_t server_port;
    char date_template[16];
    char time_zone[100];
    char legacy_models[RF_SITE_MODELS_MAX + 1];
    struct rf_call_control *calls;
    struct session *sessions[BUCKETS];
    struct session *by_cert[BUCKETS];
    uint32_t n_sessions;
    struct station *stations[BUCKETS];
    uint32_t set;              /* counts the whole sets */
    uint64_t in, out, dropped; /* of sessions that are gone */
    struct rf_log_limit refusals;
    struct refused_one refused[REFUSED_ONES]; /* the last that were */
    struct rf_log_limit rejections[2];        /* of those without a certificate, and with one */
    struct rf_log_limit unknown[2];           /* as well */
    struct rf_log_limit strangers;            /* links on which nobody registered */
    struct rf_sccp_turns turns;
    uint64_t closed_until_ms; /* nobody may register before; 0: everybody may */
    rf_timer_id release;
    size_t release_at; /* the next bucket of stations to be told */
};

/* sccp_service.c */
struct station *sccp_station_find(const struct rf_sccp_service *svc, struct rf_slice name);
struct session *sccp_session_find(const struct rf_sccp_service *svc, rf_sccp_link_ref link);
/** Name for logs: the station's, or "-". */
const char *sccp_session_dev(const struct session *s);
/** Say `reason`, close the link and forget the session. `s` is gone afterwards. */
void sccp_session_close(struct session *s, const char *reason);
/** The phone is not registered any more; its link stays. */
void sccp_session_leave(struct session *s, const char *kind, const char *reason);
/** May there be another line and event of this kind now? */
bool sccp_may_tell(const struct rf_sccp_service *svc, struct rf_log_limit *limit,
                   uint32_t a_minute);
/** The same about a registered device, with a limit of its link. */
bool sccp_may_tell_of(const struct session *s, struct rf_log_limit *limit, uint32_t a_minute);
void sccp_event(struct rf_sccp_service *svc, const char *kind, const char *dev,
                enum rf_sccp_cause cause, const char *fmt, ...) RF_PRINTF(5, 6);
/** Restart supervision with the interval of the session. */
void sccp_session_watch(struct session *s, uint64_t ms);

/* sccp_release.c */
/** May nobody register now? */
bool sccp_is_closed(const struct rf_sccp_service *svc);
void sccp_release_stop(struct rf_sccp_service *svc);

/* sccp_register.c */
/** May a phone with such a link register as the device, as far as its mode goes? */
bool sccp_link_fits_mode(const struct session *s, const struct rf_sccp_device *d);
/** May a device of this model be on the session's listener? */
bool sccp_model_fits(const struct session *s, const struct rf_sccp_device *d);
/** True when `s` still exists afterwards. */
/** Was the certificate of this session replaced or revoked? */
bool sccp_is_superseded(const struct session *s, const struct rf_sccp_device *d);
bool sccp_on_register(struct session *s, const struct rf_sccp_register *reg);
/** May the phone come back to us? As Register would be judged; the link stays. */
void sccp_on_token_req(struct session *s, const struct rf_sccp_register_token_req *ask);
void sccp_on_alarm(struct session *s, const struct rf_sccp_alarm *alarm);

/* sccp_answers.c: questions of a registering phone; false when `msg` is none of them */
bool sccp_answer(struct session *s, const struct rf_sccp_msg *msg);
void sccp_send_time(struct session *s);

/* sccp_in.c: what its user does; false when `msg` is none of that */
bool sccp_phone_event(struct session *s, const struct rf_sccp_msg *msg);

/* sccp_text.c */
#define SCCP_TEXT_MAX 256
/** Our UTF-8 text as this phone reads it: itself, or made in `buf`, where "?" stands for what ISO
 * 8859-1 has no letter for. doc: docs/wire/sccp.md, "Frames" */
struct rf_slice sccp_text(const struct session *s, const char *text, char buf[SCCP_TEXT_MAX]);

/* sccp_out.c */
extern const struct rf_call_endpoint_ops sccp_endpoint_ops;
/** Encode at the session's version and send. */
void sccp_send(struct session *s, const struct rf_sccp_msg *msg);
void sccp_send_empty(struct session *s, enum rf_sccp_id id);
void sccp_send_idle_keys(struct session *s);
/** At a survivable router the phone is told so, where it has no call to show. */
void sccp_send_fallback(struct session *s);
void sccp_send_speaker(struct session *s, bool is_on);
void sccp_send_forward(struct session *s, uint32_t line, const struct rf_call_line_rule *rule);
void sccp_send_stop_media(struct session *s, enum rf_sccp_id id, uint32_t ref, uint32_t party);
/** The call of this reference as the phone knows it; NULL: none. With 0 the one it was told of
 * last. */
struct session_leg *sccp_leg(struct session *s, uint32_t ref);
/** Of a stream: another one each time, so that a late answer is not taken for the next one.
 * doc: docs/wire/sccp.md, "Media" */
static inline uint32_t sccp_party_id(uint32_t ref, uint8_t stream)
{
    return ref ^ 0xffffffffu ^ (uint32_t)stream << 24;
}

#endif
