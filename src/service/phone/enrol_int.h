/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/phone: one CAPF session. enrol.c has its surroundings (link, messages,
 * timers, result), enrol_fsm.c the machine, enrol_jobs.c what runs on the worker. */
#ifndef SERVICE_PHONE_ENROL_INT_H
#define SERVICE_PHONE_ENROL_INT_H

#include "service/phone/enrol.h"
#include "trust/vault.h"
#include "wire/capf/capf.h"

#include <stdatomic.h>

enum enrol_state {
    ENROL_CONNECTING,
    ENROL_WAIT_AUTH,
    ENROL_PROVING,
    ENROL_WAIT_REQUEST,
    ENROL_MAKING_KEY,
    ENROL_WAIT_CERT,
    ENROL_STORING,
    ENROL_DELETING,
    ENROL_WAIT_END,
    ENROL_LINKLESS, /* the link is gone while the worker writes flash: what it did counts */
    ENROL_LEAVING,  /* closing the link */
    ENROL_DONE,
    ENROL_STATES
};

enum enrol_event {
    ENROL_EV_OPENED,
    ENROL_EV_AUTH_REQ, /* data of messages: struct enrol_data with msg */
    ENROL_EV_KEYGEN_REQ,
    ENROL_EV_STORE_REQ,
    ENROL_EV_FETCH_REQ,
    ENROL_EV_DELETE_REQ,
    ENROL_EV_END,
    ENROL_EV_RETRY_LATER,
    ENROL_EV_OTHER, /* a message that no phone understands */
    ENROL_EV_BAD,   /* bytes that are no message: why */
    ENROL_EV_PROVED,
    ENROL_EV_KEY_MADE,
    ENROL_EV_DECLINED, /* posted by an action: this phone makes no such key */
    ENROL_EV_STORED,
    ENROL_EV_DELETED,
    ENROL_EV_JOB_FAILED, /* why */
    ENROL_EV_REFUSED,    /* posted by an action: e->why says why */
    ENROL_EV_ABORT,
    ENROL_EV_CLOSED, /* why */
    ENROL_EV_T_ANSWER,
    ENROL_EV_T_PROGRESS,
    ENROL_EVENTS
};

struct enrol_data {
    const struct rf_capf_msg *msg;
    const struct rf_why *why;
};

enum enrol_job_kind {
    ENROL_JOB_PROVE,
    ENROL_JOB_KEY,
    ENROL_JOB_SAVE, /* a key that was made apart is kept on flash: the same job goes on */
    ENROL_JOB_STORE,
    ENROL_JOB_DELETE
};

/** Work for the worker, with all it needs: the session may be gone when it runs. */
struct enrol_job {
    struct rf_job job;
    struct rf_enrol *enrol; /* loop's thread; NULL when nobody waits any more */
    enum enrol_job_kind kind;
    const struct rf_enrol_flash *flash;
    void *flash_arg;
    char device[RF_CAPF_NAME_MAX + 1];
    struct rf_key *key;   /* to prove with; the made one; the pending one */
    struct rf_cert *cert; /* to prove with; of the key in use, when one is made; the stored one */
    /* PROVE */
    uint32_t session;
    bool is_bare;
    struct rf_buf sha1, sha512, sudi_sha1, sudi_sha512;
    /* KEY */
    enum rf_key_type key_type;
    unsigned rsa_bits;
    enum rf_curve curve;
    uint32_t delay_ms;
    bool is_apart;          /* on the key worker */
    atomic_bool is_dropped; /* nobody wants the key any more */
    bool wants_new;         /* not the one that waits */
    bool is_kept;           /* it is that one: it lies in flash */
    /* STORE */
    struct rf_buf der;
    int64_t floor_s;
    bool has_time;
    int64_t now_s;
    /* what came of it */
    enum rf_err err;
    struct rf_why why;
};

struct rf_enrol {
    struct rf_enrol_conf conf;
    char device[RF_CAPF_NAME_MAX + 1];
    struct rf_secret auth_string;
    struct rf_phone_id mic, lsc;
    struct rf_fsm fsm;
    void *link;      /* NULL: none, or gone */
    bool is_closing; /* by us: nothing is sent or read any more */
    rf_timer_id timer;
    rf_timer_id report; /* on_done comes by it */
    bool has_session;
    uint32_t session;
    struct enrol_job *job; /* on its way, or NULL */
    struct rf_key *key;    /* made in this session */
    struct rf_cert *cert;  /* stored in this session */
    enum rf_enrol_outcome did;
    bool is_confirmed;
    bool may_retry;
    int reason;
    struct rf_why why; /* the first one counts */
    uint64_t in, out;
};

/* enrol.c */
void enrol_send(struct rf_enrol *e, struct rf_capf_msg *msg);
void enrol_step(struct rf_enrol *e, enum rf_enrol_step step);
/** Nothing more will come: stop what runs and report on the next turn. */
void enrol_finish(struct rf_enrol *e);
/** Close the link, if there is one; CLOSED follows. */
void enrol_close(struct rf_enrol *e);
void enrol_run(struct rf_enrol *e, int event, const struct enrol_data *data);
/** The certificate that proves who we are in this mode, or NULL. */
const struct rf_phone_id *enrol_id(const struct rf_enrol *e);

/* enrol_jobs.c */
struct enrol_job *enrol_job_new(struct rf_enrol *e, enum enrol_job_kind kind);
/** Hand it over. False: the worker is full; the job is gone and e->why is set. */
RF_MUST_CHECK bool enrol_job_post(struct rf_enrol *e, struct enrol_job *job);
void enrol_job_free(struct enrol_job *job);
/** What it makes is of no use any more: it need not go on. */
void enrol_job_drop(struct enrol_job *job);

/* enrol_fsm.c */
extern const struct rf_fsm_def enrol_fsm;
void enrol_timer_start(struct rf_enrol *e);

#endif
