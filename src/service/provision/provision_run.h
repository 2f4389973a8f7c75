/* SPDX-License-Identifier: Apache-2.0 */
/* A request on its way, and the catalogue: what the steps of provision.c, provision_static.c and
 * provision_gate.c share. */
#ifndef SERVICE_PROVISION_PROVISION_RUN_H
#define SERVICE_PROVISION_PROVISION_RUN_H

#include "service/provision/provision_int.h"
#include "service/provision/provision_limits.h"
#include "service/provision/provision_seen.h"
#include "store/store_seen.h"

/** Names of devices that are none, for a few seconds. */
#define PROVISION_UNKNOWN_MAX 1024
#define PROVISION_UNKNOWN_MS  5000
struct provision_unknown {
    char device[RF_STORE_DEVICE_NAME];
    uint64_t until_ms;
    uint64_t store; /* generation: another, and it may be one by now */
};

/** Small images that were sent last stay in memory. */
#define PROVISION_RECENT_N     8
#define PROVISION_RECENT_BYTES ((size_t)64 * 1024) /* of one */

struct request {
    struct rf_job job;
    struct rf_provision *p; /* NULL once that is gone */
    struct request *next;
    struct request *prev;
    rf_provision_done done; /* NULL: nobody wants the answer any more */
    void *arg;
    uint64_t number;
    struct provision_name name;
    enum rf_provision_via via;
    struct rf_address from;
    bool is_proven; /* the connection has proven that it is the device of the name */
    bool needs_proof;
    uint8_t cert_sha256[32];           /* by this certificate */
    bool must_be_known;                /* which has to be in the database */
    bool is_unconfirmed;               /* an LSC whose confirmation did not come; using it is one */
    char proven[RF_STORE_DEVICE_NAME]; /* whoever it is; empty: nobody */
    struct provision_facts *facts;
    rf_provision_key_fn signing_key;
    int64_t now_s;
    /* results of the worker that had it last */
    enum rf_err err;
    struct rf_why why;
    int fd;
    struct provision_identity id;
    struct rf_buf bytes;
    uint8_t sha256[32];          /* of lists and configurations */
    struct provision_look *look; /* what images/ says */
    bool wants_signed;
    bool has_own_list; /* the device has a list of its own, and it is that */
    bool is_signed;    /* a file to be signed */
    bool is_image;     /* found in images/ */
    bool is_enveloped; /* found as a signed file, whose envelope comes off */
    struct provision_config config;
    enum provision_answer answer;
    enum rf_digest digest; /* to sign with */
    struct provision_made_of made_of;
    struct provision_sealed_of sealed_of;
    struct rf_buf sealed; /* encrypted; `bytes` is its stub */
    uint8_t sealed_sha256[32];
    bool is_sealed; /* a pair made of the same is there; its key is to be compared */
    /* The file being read, the signed copy that was kept, or the answer. */
    struct rf_content *content;
    bool is_waiting; /* another request reads the same file; no worker has this one */
};

struct rf_provision {
    struct rf_loop *loop;
    struct rf_worker *files;
    struct rf_worker *store;
    struct rf_worker *signers[2]; /* asked in turn; may be the same */
    unsigned signed_n;
    rf_provision_key_fn signing_key;
    struct provision_facts *facts;
    struct provision_contents contents;
    struct rf_content *recent[PROVISION_RECENT_N]; /* or NULL; the next one's place: */
    unsigned recent_at;
    struct provision_looker looker; /* the file worker's */
    const struct rf_store *db;      /* for its generation only; may be NULL */
    struct provision_seen *seen;
    struct provision_notes *notes;
    uint8_t key[32]; /* fingerprint of the signer's certificate, as it was last */
    bool has_key;
    uint64_t facts_n;
    struct provision_unknown unknown[PROVISION_UNKNOWN_MAX];
    rf_provision_alarm_fn on_alarm;
    void (*on_cert_used)(void *arg, const char *device, const uint8_t sha256[32]);
    void *alarm_arg;
    struct provision_cache *cache;
    struct generations *generations;
    struct rf_secret wrap_key;
    struct request *requests;
    size_t requests_n;
    struct rf_provision_limits *limits;
    struct rf_log_limit load_log;
    struct rf_log_limit request_log;
    struct rf_log_limit alarm_log;
};

/** A request and its job are one. */
struct request *provision_request_of(struct rf_job *job);
/** A job came back. False: there is nothing more to do with it. */
bool provision_is_wanted(struct request *r, const void *reader);
/** Answer, and release it. */
void provision_finish(struct request *r);
void provision_refuse(struct request *r, enum rf_err err, const char *code, const char *text);
void provision_release(struct request *r);
/** Hand it to the next worker. */
void provision_go_on(struct request *r, struct rf_worker *worker,
                     void (*work)(struct rf_job *job, void *state),
                     void (*done)(struct rf_job *job, void *reader));
/** The same, to a worker that signs: the signer is busy with one request while the last one's
 * signature is looked at. */
void provision_go_sign(struct request *r, void (*work)(struct rf_job *job, void *state),
                       void (*done)(struct rf_job *job, void *reader));
/** Never a time that is still to come. */
uint32_t provision_timestamp(const struct request *r, int64_t changed_s);
/** On the signer worker: sign `body` into r->bytes with the digest of r->made_of; its key is noted
 * there. */
void provision_sign(struct request *r, void *signer, struct rf_slice body, int64_t changed_s);
/** On the loop: it is signed, and the answer from here on; kept for whoever asks next, as one of
 * this device (may be ""). `variant` and `generation` as provision_content_set_what. */
void provision_keep_signed(struct request *r, const char *device, const char *variant,
                           const char *generation);

/* ---- files, lists, XMLDefault (provision_static.c) ---- */

/** Its content, if that is in memory and still what the name means. */
void provision_static_at_hand(struct request *r);
void provision_static_forget(struct rf_provision *p);
void provision_static_find(struct rf_job *job, void *state);
void provision_static_found(struct rf_job *job, void *reader);
void provision_default_look(struct rf_job *job, void *state);
void provision_default_looked(struct rf_job *job, void *reader);

/* ---- who may ask for whose configuration, and what is told (provision_gate.c) ---- */

/** RF_ERR_AGAIN name-guessing; RF_ERR_NOT_FOUND device-unknown (a moment ago it was none). */
RF_MUST_CHECK enum rf_err provision_gate(struct request *r);
/** provision_notes_fn. */
void provision_gate_new_pending(void *arg, const struct rf_store_pending *seen);
/** Its device is none. */
void provision_gate_unknown(struct request *r);

#endif
