/* SPDX-License-Identifier: Apache-2.0 */
/* Registered SCCP phones: sessions, their registration and its rules, the answers to their
 * questions, and the translation between their messages and call control, both ways. It has no
 * socket: decoded messages come in, encoded frames go out through struct rf_sccp_service_ops.
 * service/sccp/sccp_link.h joins it to real links.
 *
 *     svc = rf_sccp_service_new(&conf);
 *     rf_sccp_devices_set(svc, devices, n, &why);
 *     rf_sccp_link_opened(svc, ref, &peer);           a phone connected
 *     rf_sccp_link_message(svc, ref, &frame, &msg);   and sent something
 *
 * Everything runs on the call-control thread.
 * doc: docs/call-control.md; docs/wire/sccp.md, "Bad input", "Flows"; docs/security-rules.md,
 * "Device authentication" */
#ifndef SERVICE_SCCP_SCCP_SERVICE_H
#define SERVICE_SCCP_SCCP_SERVICE_H

#include "service/call/call.h"
#include "service/sccp/sccp_load.h"
#include "service/sccp/sccp_turns.h"
#include "trust/blocklist.h"
#include "trust/path.h"
#include "trust/revocation.h"
#include "wire/sccp/sccp.h"

struct rf_cert;

#define RF_SCCP_FP_LEN        32 /* SHA-256 of the certificate */
#define RF_SCCP_DEVICE_CERTS  8
#define RF_SCCP_BAD_MAX       5 /* messages too short in one session; the last closes the link */
#define RF_SCCP_REJECT_TEXT   32
#define RF_SCCP_SERVER_NAME   39
#define RF_SCCP_DEVICE_LABEL  63
#define RF_SCCP_ADDRESS_TEXT  63
#define RF_SCCP_SUITE_TEXT    63
#define RF_SCCP_LOAD_TEXT     32
#define RF_SCCP_VERSION_STAMP 48
#define RF_SCCP_MODEL_TEXT    31
/** Lines a minute about links on which nobody registered. */
#define RF_SCCP_STRANGERS_A_MINUTE 600

/** doc: docs/security-rules.md, "Registration failure causes" */
enum rf_sccp_cause {
    RF_SCCP_CAUSE_NONE = 0,
    RF_SCCP_CAUSE_UNKNOWN = 1,
    RF_SCCP_CAUSE_NO_ENTRY = 2, /* guess: this number is from memory of the MIB */
    RF_SCCP_CAUSE_AUTHENTICATION = 10,
    RF_SCCP_CAUSE_X509_NAME = 11,
    RF_SCCP_CAUSE_TLS_CIPHER = 12,
    RF_SCCP_CAUSE_ALREADY_EXISTS = 17,
    RF_SCCP_CAUSE_SECURITY_MISMATCH = 28,
    RF_SCCP_CAUSE_TYPE_MISMATCH = 32,
};
/** "invalidX509NameInCertificate", ... A constant. */
const char *rf_sccp_cause_name(enum rf_sccp_cause cause);

/** doc: docs/security-rules.md, "Security modes" */
enum rf_sccp_mode_wanted {
    RF_SCCP_MODE_NON_SECURE = 1,
    RF_SCCP_MODE_AUTHENTICATED = 2,
    RF_SCCP_MODE_ENCRYPTED = 3,
};

/** Which certificate a device may register with, beyond what the TLS verify callback let in. */
enum rf_sccp_cert_state {
    RF_SCCP_CERT_CURRENT,
    RF_SCCP_CERT_UNCONFIRMED, /* issued, the phone's confirmation is not in: using it confirms */
    RF_SCCP_CERT_SUPERSEDED,  /* replaced by a confirmed one: refused, cause 10 */
};
struct rf_sccp_device_cert {
    uint8_t sha256[RF_SCCP_FP_LEN];
    enum rf_sccp_cert_state state;
};

/** A configured device. Plain, copied by the calls that take it. */
struct rf_sccp_device {
    struct rf_call_device_conf call; /* name, lines, media policy */
    char label[RF_SCCP_DEVICE_LABEL + 1];
    enum rf_sccp_mode_wanted mode;
    uint32_t device_type; /* 0: any */
    bool has_srtp;        /* from the model's profile: SCCP does not say */
    uint32_t suites;      /* RF_CALL_ABLE bits; 0: AES_CM_128_HMAC_SHA1_32, which all have */
    bool is_untrusted;    /* of a type on which no status may rest */
    /** True: the certificate must be in `certs` and not superseded. False: any that the TLS layer
     * accepted will do, but one listed as superseded is refused. */
    bool listed_certs_only;
    struct rf_sccp_device_cert certs[RF_SCCP_DEVICE_CERTS];
    size_t n_certs;
    char model[RF_SCCP_MODEL_TEXT + 1];
    /** The certificate with which it last registered by TLS 1.2 or above; zero: none is known. */
    uint8_t modern_cert[RF_SCCP_FP_LEN];
};

/** Who is at the other end of a link, as the transport knows it. Borrowed during the call. */
struct rf_sccp_peer {
    const char *address; /* numeric IP, "192.0.2.7" */
    uint16_t port;
    bool has_tls;
    bool is_encrypted; /* the suite encrypts */
    bool is_resumed;
    bool is_legacy;          /* by a listener for old phones */
    bool is_old_version;     /* TLS below 1.2 */
    const char *tls_version; /* "TLSv1.3", or "" */
    const char *suite;       /* "", or the suite's name */
    struct rf_cert *cert;    /* the peer's certificate, or NULL; the service takes a reference */
};

/** Names a link across threads; never reused. 0 is none. */
typedef uint64_t rf_sccp_link_ref;

/** Something for the event list. */
struct rf_sccp_event {
    /** "registered", "register-refused", "tls-downgrade", "unregistered", "device-lost", "alarm",
     * "link-flood", "message-dropped", and those of call control. */
    const char *kind;
    const char *dev; /* "" when not known */
    uint32_t call_id;
    enum rf_sccp_cause cause;
    const char *text; /* for people, escaped */
};

/** What the service needs done. `arg` is conf.arg. None may call back into the service. */
struct rf_sccp_service_ops {
    /** Send whole frames. has_key: they hold a media key, so wipe the copy after sending. */
    void (*send)(void *arg, rf_sccp_link_ref link, struct rf_slice bytes, bool has_key);
    /** Close after what was sent is out. No rf_sccp_link_closed() is needed any more; one that
     * comes is ignored. */
    void (*close)(void *arg, rf_sccp_link_ref link, const char *reason);
    /** Stop or go on reading from a link (over its message rate). May be NULL. */
    void (*pause)(void *arg, rf_sccp_link_ref link, bool is_paused);
    void (*on_event)(void *arg, const struct rf_sccp_event *event);
    /** A phone registered with a certificate that waits for its confirmation. */
    void (*on_cert_used)(void *arg, const char *dev, const uint8_t sha256[RF_SCCP_FP_LEN]);
    /** A phone registered with this certificate by TLS 1.2 or above, for the first time: from now
     * on less is a downgrade. May be NULL. */
    void (*on_modern)(void *arg, const char *dev, const uint8_t sha256[RF_SCCP_FP_LEN]);
    /** What a phone says of its firmware, when it registers and when an alarm of it is about a
     * load: what it runs ("": not told) and, with `alarm`, what it refused. `text` is the alarm's,
     * escaped. As often as events about it are told. May be NULL. */
    void (*on_load)(void *arg, const char *dev, const char *running,
                    const struct rf_sccp_load_alarm *alarm, const char *text);
    /** A device that is not configured wants to register; the name is well formed. is_proved: it is
     * that of the certificate it came with, else anybody's claim. Not as often as it tries, and
     * whether or not an event tells of it. May be NULL. */
    void (*on_unknown)(void *arg, const char *name, const char *address, bool is_proved);
    /** A call ended. May be NULL. */
    void (*on_record)(void *arg, const struct rf_call_record *record);
    /** As on_forward of struct rf_call_observer, with which its answers are. May be NULL. */
    void (*on_forward)(void *arg, const char *dev, const char *number, const char *target);
};

struct rf_sccp_service_conf {
    const struct rf_clock *clock;
    struct rf_timers *timers;
    const struct rf_sccp_service_ops *ops;
    void *arg;
    const char *server_name;        /* shown in ConfigStat */
    const char *date_template;      /* NULL: "D.M.Y" */
    uint32_t keepalive_s;           /* 0: 30 */
    uint32_t secondary_keepalive_s; /* 0: 60 */
    uint32_t register_wait_s;       /* 0: 10; a link that has not asked to register is closed */
    uint32_t rate_per_s;            /* 0: 50 messages a second per session */
    uint32_t rate_burst;            /* 0: 200 */
    const char *time_zone;          /* of service/site/zones.h, for DefineTimeDate; NULL: UTC */
    uint32_t call_timer_ms[RF_CALL_T_N];   /* 0: default */
    enum rf_call_barge barge;              /* of call control */
    uint32_t members_max;                  /* as well */
    const struct rf_call_media_ops *media; /* of call control, with the next two; may be NULL */
    void *media_arg;
    bool media_is_ip6;
    bool is_nonsecure;    /* the whole cluster: every device is, whatever its mode says */
    bool is_fallback;     /* a survivable router: idle phones show so */
    uint32_t return_rate; /* tokens a second for phones that come back; 0: no limit */
    /** May be NULL; its count goes up. A certificate that this issuer made must stand in the
     * device's list, whatever the device's listed_certs_only says: we know all that we made. */
    struct rf_cert *listed_issuer;
    struct rf_anchors *listed;          /* more of these, by name; may be NULL */
    const struct rf_blocklist *blocked; /* may be NULL; borrowed */
    struct rf_revocation *revocation;   /* as well */
};

struct rf_sccp_service;

/** Makes its own call control, too. */
struct rf_sccp_service *rf_sccp_service_new(const struct rf_sccp_service_conf *conf);
/** Sessions are dropped without a word. */
void rf_sccp_service_free(struct rf_sccp_service *svc);
/** What a reload may change, for registrations from now on. */
/** Where phones find this server, by address or name, for those that ask; until it is said, no
 * server is named to them. */
void rf_sccp_service_set_server(struct rf_sccp_service *svc, const char *address, uint16_t port);
void rf_sccp_service_set_keepalive(struct rf_sccp_service *svc, uint32_t keepalive_s);
void rf_sccp_service_set_date_template(struct rf_sccp_service *svc, const char *date_template);
void rf_sccp_service_set_time_zone(struct rf_sccp_service *svc, const char *time_zone);
void rf_sccp_service_set_return_rate(struct rf_sccp_service *svc, uint32_t a_second);
/** Another set of issuers whose certificates must stand in their device's list (conf.listed); NULL:
 * none. Sessions stay. */
void rf_sccp_service_set_listed(struct rf_sccp_service *svc, struct rf_anchors *listed);
/** Which models may register by a legacy listener (rf_family_model_listed), none at first; links of
 * others there end. */
void rf_sccp_service_set_legacy_models(struct rf_sccp_service *svc, const char *models);
struct rf_call_control *rf_sccp_service_calls(struct rf_sccp_service *svc);

/** Replace the whole set: devices that are no longer there are removed (their phone is reset), the
 * others added or updated. Refused as a whole (nothing changed) for a device name that is not
 * well-formed ("device-name"), a repeated name or line number, or a bad number. */
RF_MUST_CHECK enum rf_err rf_sccp_devices_set(struct rf_sccp_service *svc,
                                              const struct rf_sccp_device *devices, size_t n,
                                              struct rf_why *why);
/** Add one, or change it: a registered phone is told to restart when its lines or mode changed, and
 * closed when it would not be let in any more. */
RF_MUST_CHECK enum rf_err rf_sccp_device_update(struct rf_sccp_service *svc,
                                                const struct rf_sccp_device *device,
                                                struct rf_why *why);
/** RF_ERR_NOT_FOUND when it is not there. Its phone is closed and its calls end. */
RF_MUST_CHECK enum rf_err rf_sccp_device_remove(struct rf_sccp_service *svc, const char *name);
/** Tell a registered phone to reset or restart. RF_ERR_NOT_FOUND when it is not registered. */
RF_MUST_CHECK enum rf_err rf_sccp_device_reset(struct rf_sccp_service *svc, const char *name,
                                               enum rf_sccp_reset_type type);
/** The phones are to go back where they belong: every registered one is told to restart, so many a
 * second that what they fetch is not asked for at once, and for so long nobody may register. 0 ends
 * that. */
#define RF_SCCP_RELEASED_A_S 50
void rf_sccp_service_release(struct rf_sccp_service *svc, uint32_t closed_s);
/** The block list has changed, or what is known of revoked certificates: every link with a
 * certificate that must not count any more ends now, also one that has not registered yet. */
void rf_sccp_end_blocked(struct rf_sccp_service *svc);
/** Allowed names: 1-15 of A-Z 0-9 - _ ; SEP names need their twelve hex digits. */
bool rf_sccp_device_name_ok(struct rf_slice name);

void rf_sccp_link_opened(struct rf_sccp_service *svc, rf_sccp_link_ref link,
                         const struct rf_sccp_peer *peer);
/** A connection that never became a link: its handshake was refused, by us or by the other side.
 * `why` says so; an event "link-refused" comes of it, of at most 60 a minute. */
void rf_sccp_link_refused(struct rf_sccp_service *svc, const char *address,
                          const struct rf_why *why);
/** A whole frame arrived and was decoded; nothing of it is kept. */
void rf_sccp_link_message(struct rf_sccp_service *svc, rf_sccp_link_ref link,
                          const struct rf_sccp_frame *frame, const struct rf_sccp_msg *msg);
/** A whole frame arrived that the codec refused: `err` RF_ERR_UNKNOWN is dropped, others are also
 * counted against RF_SCCP_BAD_MAX. */
void rf_sccp_link_bad(struct rf_sccp_service *svc, rf_sccp_link_ref link,
                      const struct rf_sccp_frame *frame, enum rf_err err, const struct rf_why *why);
/** Decode a frame and hand it in, as rf_sccp_link_message() or _bad(): for callers without a worker
 * that decodes. */
void rf_sccp_link_frame(struct rf_sccp_service *svc, rf_sccp_link_ref link,
                        const struct rf_sccp_frame *frame);
void rf_sccp_link_closed(struct rf_sccp_service *svc, rf_sccp_link_ref link, const char *reason);

/** Messages of all links since the start, gone ones included. */
struct rf_sccp_counts {
    uint64_t in;         /* frames received whole, also dropped ones */
    uint64_t out;        /* frames sent */
    uint64_t dropped;    /* of in: malformed, unknown or not allowed now */
    uint32_t links;      /* open now */
    uint32_t registered; /* phones now */
    uint32_t secure;     /* of these, by TLS */
    uint32_t devices;    /* configured */
    uint64_t tokens;     /* granted to phones that came back */
    uint64_t put_off;    /* told to ask again later, because of return_rate */
};
void rf_sccp_counts(const struct rf_sccp_service *svc, struct rf_sccp_counts *out);

/** State of one configured device, for `ringfence device list` and `status`. */
struct rf_sccp_device_status {
    char name[RF_CALL_DEVICE_MAX + 1];
    char label[RF_SCCP_DEVICE_LABEL + 1];
    enum rf_sccp_mode_wanted mode;
    bool is_registered;
    unsigned version; /* agreed SCCP version */
    int64_t since_s;  /* registered at, seconds since 1970 */
    bool in_call;
    bool has_tls;
    bool is_encrypted;
    char address[RF_SCCP_ADDRESS_TEXT + 1];
    char tls_version[16];
    char suite[RF_SCCP_SUITE_TEXT + 1];
    char load[RF_SCCP_LOAD_TEXT + 1];
    char version_stamp[RF_SCCP_VERSION_STAMP + 1];
    uint8_t cert_sha256[RF_SCCP_FP_LEN]; /* zero when none */
    uint64_t in;
    uint64_t out;
    size_t n_lines;
    struct rf_call_party lines[RF_CALL_LINES_MAX];
    char last_alarm[81];           /* text of the last Alarm, or "" */
    enum rf_sccp_cause last_cause; /* of the last refusal; NONE after a registration */
};
/** Walk: start with *at = 0; false at the end. */
bool rf_sccp_device_next(const struct rf_sccp_service *svc, uint32_t *at,
                         struct rf_sccp_device_status *out);
RF_MUST_CHECK enum rf_err rf_sccp_device_status(const struct rf_sccp_service *svc, const char *name,
                                                struct rf_sccp_device_status *out);
/** One log line per link with its counts, and one with the totals (SIGUSR1). */
void rf_sccp_log_counts(const struct rf_sccp_service *svc);

#endif
