/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/capf: the case of a session, and what is done with it on which thread.
 *
 * A struct capf_case holds all that is known about a session. It has one owner at a time: the
 * session on the loop's thread, or the job that a worker has in hand. The functions of capf_auth.c,
 * capf_issue.c and capf_record.c work on a case alone and return the event their job ends with. */
#ifndef SERVICE_CAPF_CAPF_INT_H
#define SERVICE_CAPF_CAPF_INT_H

#include "net/address.h"
#include "service/capf/capf_sessions.h"
#include "store/store.h"
#include "trust/cert.h"
#include "trust/lsc_check.h"
#include "wire/capf/capf.h"

/** Certificates issued for one operation and never confirmed, before it must be scheduled anew. */
#define CAPF_UNCONFIRMED_MAX 32u
/** Former certificates whose keys a new key is compared with, the youngest. */
#define CAPF_FORMER_KEYS 16u
/** doc: docs/security-rules.md, "CAPF" (A5) */
#define CAPF_PROOF_RETRIES  3u
#define CAPF_PROOF_MEMORY_S (24 * 3600)

/* X(state) */
#define CAPF_STATES_X(X)                                                                           \
    X(HELLO)        /* the link is up */                                                           \
    X(WAIT_AUTH)    /* who is it? */                                                               \
    X(LOOKING)      /* store: device, operation, certificates */                                   \
    X(PROVING)      /* checks: string or certificate */                                            \
    X(ADMITTING)    /* store: replay, SUDI, in progress */                                         \
    X(WAIT_KEY)     /* the phone makes its key */                                                  \
    X(JUDGING)      /* checks: the key */                                                          \
    X(SIGNING)      /* signer: the certificate; store: the request for one */                      \
    X(ASKING)       /* another CA: the certificate */                                              \
    X(CA_BUSY)      /* it needs time */                                                            \
    X(KEEPING)      /* store: unconfirmed */                                                       \
    X(WAIT_STORED)  /* the phone stores it */                                                      \
    X(CONFIRMING)   /* store: confirmed, operation done */                                         \
    X(WAIT_DELETED) /* the phone deletes its LSC */                                                \
    X(WAIT_FETCHED) /* the phone shows its certificate */                                          \
    X(FINISHING)    /* store: operation done */                                                    \
    X(RECORDING)    /* store: why it failed */                                                     \
    X(ENDED)

/* X(event) */
#define CAPF_EVENTS_X(X)                                                                           \
    X(OPENED)                                                                                      \
    X(AUTH_RES)                                                                                    \
    X(IN_PROGRESS)                                                                                 \
    X(KEYGEN_RES)                                                                                  \
    X(STORE_RES)                                                                                   \
    X(DELETE_RES)                                                                                  \
    X(FETCH_RES)                                                                                   \
    X(BAD)      /* from the phone: malformed, or not what is expected now */                       \
    X(LOST)     /* the link is gone */                                                             \
    X(T_SILENT) /* the phone said nothing for too long */                                          \
    X(T_CA)     /* it is to be asked again now */                                                  \
    X(FOUND)    /* answers of the workers */                                                       \
    X(PROVED)                                                                                      \
    X(LET_INSTALL) /* admitted, and this is to be done */                                          \
    X(LET_DELETE)                                                                                  \
    X(LET_FETCH)                                                                                   \
    X(HELD) /* the phone showed the very certificate that was to be installed */                   \
    X(KEY_GOOD)                                                                                    \
    X(NO_EC)    /* the phone makes no such key, and an RSA key will do */                          \
    X(ASK_CA)   /* the request is kept */                                                          \
    X(CA_LATER) /* it has it, and is to be asked again */                                          \
    X(SIGNED)                                                                                      \
    X(KEPT)                                                                                        \
    X(CONFIRMED)                                                                                   \
    X(DONE)                                                                                        \
    X(REFUSED) /* the case says why */                                                             \
    X(RECORDED)

enum {
#define X(name) CAPF_ST_##name,
    CAPF_STATES_X(X)
#undef X
        CAPF_STATES
};
enum {
#define X(name) CAPF_EV_##name,
    CAPF_EVENTS_X(X)
#undef X
        CAPF_EVENTS
};

/** What a failed session leaves behind in the store. */
enum capf_record {
    CAPF_RECORD_NOTHING, /* the log only */
    CAPF_RECORD_NOTE,    /* an event; the operation is as it was */
    CAPF_RECORD_WAIT,    /* the operation waits for the CA */
    CAPF_RECORD_FAIL,    /* the operation has failed, and stays scheduled */
    CAPF_RECORD_TRY,     /* and a try of the string is used up */
};
/** As reason of an ending: the link is closed without an end session, as after a loss, because the
 * trouble is ours and the phone shall come again. */
#define CAPF_REASON_NONE (-1)

struct capf_ending {
    enum capf_record record;
    int reason; /* enum rf_capf_reason, or CAPF_REASON_NONE */
    enum rf_store_severity severity;
    char code[RF_WHY_CODE_MAX];
    char text[RF_WHY_TEXT_MAX];
};

struct capf_knobs {
    bool null_string;
    bool bare_digest;
    bool accept_mic;
    uint32_t expired_mic; /* enum rf_site_expired_mic */
    bool sha1_certs;
    bool subject_has_model;
    char legacy_models[RF_SITE_MODELS_MAX + 1];
    unsigned rsa_min;
    uint32_t lsc_days;
    uint32_t lsc_key_bits;
    uint32_t keepalive_ms;
    uint32_t lsc_issuer; /* enum rf_site_issuer */
    uint32_t cmp_wait_s;
};

struct capf_case {
    uint32_t session_id;
    char host[RF_ADDRESS_TEXT_MAX];
    bool is_legacy; /* by the listener for old phones */
    struct capf_knobs knobs;
    struct rf_anchors *anchors;
    struct rf_cert *lsc_issuer;
    struct rf_anchors *listed; /* issuers of LSCs; may be NULL, as cas */
    struct rf_anchors *cas;
    const struct rf_blocklist *blocked;
    struct rf_revocation *revocation;
    rf_capf_key_fn issuer_key;
    int64_t now_s; /* when the present job was posted */

    char device[RF_STORE_DEVICE_NAME]; /* the name in the auth response: a claim until proved */
    struct rf_buf frame;               /* the auth response; wiped when it was judged */
    struct rf_capf_msg auth;           /* views into frame */

    bool is_known; /* the device exists; what follows is its own */
    char model[32];
    struct rf_store_capf op;
    struct rf_store_certs certs;

    struct rf_cert *shown; /* the certificate it proved to have, or NULL */
    bool shown_is_lsc;
    bool is_mic_expired;  /* it, or a maker's above it, and the policy wants a second factor */
    int64_t mic_listed_s; /* until then this device's expired MIC will do; 0: it will not */
    bool has_sudi;
    uint8_t proof_id[2][32]; /* of its two signatures */
    bool used_bare;

    bool is_source_waiting; /* no string from its address is judged now */
    uint32_t source_wait_s; /* ... from now on, for so long, because this one was wrong; 0: no */

    bool is_admitted;
    struct rf_buf given;      /* what the phone sent: its new public key, or a certificate */
    struct rf_store_cert lsc; /* the one issued in this session; without DER: none was */

    /* with another CA */
    char cn[RF_LSC_CN_MAX + 1];
    uint8_t key_sha256[32];
    int64_t ca_until_s;   /* so long the phone waits */
    uint64_t ca_after_ms; /* when it is to be asked again */
    uint32_t ca_failures;
    int64_t ca_again_s;
    char ca_code[RF_WHY_CODE_MAX]; /* how it failed now */

    bool has_confirmed; /* one that an earlier session issued */
    bool is_done;       /* the operation is */
    bool is_unwritten;  /* the ending below could not be recorded */
    struct capf_ending end;
};

struct rf_capf_sessions;

struct capf_session {
    struct rf_fsm fsm;
    struct rf_capf_sessions *all;
    rf_handle handle;
    uint64_t link;
    uint32_t id;
    char host[RF_ADDRESS_TEXT_MAX];
    uint64_t number; /* rises */
    bool is_legacy;
    char device[RF_STORE_DEVICE_NAME];    /* taken by this session: no other may (A10) */
    struct capf_case *c;                  /* NULL while a job has it */
    char shown[4 * RF_STORE_DEVICE_NAME]; /* the same for the log: until it is found, it is
                                           * whatever the sender wrote */
    bool is_lost;
    bool is_judged; /* its string */
    rf_timer_id timer;
    struct rf_why why; /* of BAD and LOST */
};

/** A message as event data. */
struct capf_in {
    const struct rf_capf_frame *frame;
    const struct rf_capf_msg *msg;
};

/* ---- capf_sessions.c ---- */
typedef int (*capf_work)(struct capf_case *c, void *worker_state);

/** Hand the session's case to a worker. When that is full, REFUSED is posted instead. */
void capf_ask(struct capf_session *s, struct rf_worker *worker, capf_work work);
struct rf_worker *capf_store_worker(const struct capf_session *s);
struct rf_worker *capf_signer_worker(const struct capf_session *s);
struct rf_worker *capf_check_worker(const struct capf_session *s);
struct rf_worker *capf_ca_worker(const struct capf_session *s);
/** Can a wrong string be counted at the moment? */
bool capf_counts_tries(const struct capf_session *s);
/** May a string from its address be judged now? Then capf_string_judged follows. */
RF_MUST_CHECK bool capf_may_judge(struct capf_session *s);
/** The case says what came of it; again is fine. */
void capf_string_judged(struct capf_session *s);
/** Is another session busy with this device? */
bool capf_is_taken(const struct capf_session *s, struct rf_slice device);
void capf_send(struct capf_session *s, struct rf_capf_msg *msg);
void capf_timer_start(struct capf_session *s, uint64_t ms);
void capf_entered(struct capf_session *s, int state);
/** Tell the owner: on_changed. */
void capf_tell_changed(const struct capf_session *s, bool is_done);
/** The session is over: log line, counters, news for the owner. Freed by the caller of the machine.
 */
void capf_over(struct capf_session *s);

/* ---- capf_record.c ---- */
void capf_case_free(struct capf_case *c);
/** Wipe and release the auth response. */
void capf_case_forget_auth(struct capf_case *c);
/** Fill the ending; the first one stays. Returns CAPF_EV_REFUSED. */
int capf_refuse(struct capf_case *c, enum capf_record record, int reason, const char *code,
                const char *fmt, ...) RF_PRINTF(5, 6);
/** The same from a reason: record FAIL, end session 7, code and text of `why`. */
int capf_refuse_why(struct capf_case *c, const struct rf_why *why);
/** The database or another part of ours failed: nothing is recorded, no end session. */
int capf_refuse_ours(struct capf_case *c, const struct rf_why *why);
struct rf_store_event capf_event(const struct capf_case *c, enum rf_store_severity severity,
                                 const char *code, const char *fmt, ...) RF_PRINTF(4, 5);
/** How a certificate of the store is called in texts: 16 digits of its fingerprint. */
const char *capf_short(const struct rf_store_cert *cert, char buf[17]);
/** A certificate as the store keeps it; release with rf_store_cert_fini. */
RF_MUST_CHECK enum rf_err capf_store_cert(const struct capf_case *c, const struct rf_cert *cert,
                                          struct rf_store_cert *out, struct rf_why *why);
int capf_record(struct capf_case *c, void *store);
/** What the step that ended with `event` wrote is on the disk. */
void capf_kept(int event);
/** It is not, nor anything else it wrote: returns the event it ends with instead. */
int capf_not_kept(struct capf_case *c, int event, const struct rf_why *why);
/** At the start: operations that say "in progress" were left behind by a server that was killed.
 * The case holds the time only. */
int capf_sweep(struct capf_case *c, void *store);

/* ---- capf_auth.c ---- */
int capf_look(struct capf_case *c, void *store);
int capf_prove(struct capf_case *c, void *unused);
int capf_admit(struct capf_case *c, void *store);
/** The string as a proof, or beside one: PROVED or REFUSED. */
int capf_prove_string(struct capf_case *c);
/** The path alone; whose certificate it is comes after. */
RF_MUST_CHECK enum rf_err capf_check_path(const struct capf_case *c, const struct rf_cert *cert,
                                          bool excuse_expired, const struct rf_cert **anchor,
                                          struct rf_why *why);
/** What the store knows about a certificate of this device, or NULL. */
const struct rf_store_cert *capf_find_known(const struct capf_case *c, const struct rf_cert *cert);
/** Is this anchor (may be NULL) our issuer, the present or a former one? */
bool capf_is_issuer(const struct capf_case *c, const struct rf_cert *anchor);

/* ---- capf_mic.c ---- */
/** The path of the certificate shown, or of its SUDI data, was refused as cert-expired (*why): does
 * the policy excuse that? Then the second factor is still to be asked for. */
RF_MUST_CHECK enum rf_err capf_excuse_expired(struct capf_case *c, const struct rf_cert *cert,
                                              const struct rf_cert **anchor, struct rf_why *why);
/** That factor: PROVED or REFUSED. */
int capf_second_factor(struct capf_case *c);
/** That an expired one was taken is written down. */
RF_MUST_CHECK enum rf_err capf_note_expired(const struct capf_case *c, struct rf_store *store,
                                            struct rf_why *why);

/* ---- capf_issue.c ---- */
int capf_judge_key(struct capf_case *c, void *unused);
int capf_sign(struct capf_case *c, void *signer);
int capf_keep(struct capf_case *c, void *store);
int capf_confirm(struct capf_case *c, void *store);
int capf_finish(struct capf_case *c, void *store);
/** May it have a certificate still? */
RF_MUST_CHECK enum rf_err capf_check_issue(const struct capf_case *c, struct rf_why *why);

/* ---- capf_ca.c ---- */
int capf_request(struct capf_case *c, void *store);
int capf_ask_ca(struct capf_case *c, void *ca);
/** With the ending: how the CA failed, if it did. */
void capf_ca_record(struct capf_case *c, struct rf_store *store);

/* ---- capf_fsm.c ---- */
void capf_fsm_init(struct capf_session *s);
/** Does the session wait for the phone in this state? */
bool capf_state_waits(int state);

#endif
