/* SPDX-License-Identifier: Apache-2.0 */
/* The database of a site, and the only home of SQLite. Every function blocks and is one
 * transaction: when it returns RF_OK the change survives kill -9 and power loss, otherwise nothing
 * changed. What must happen together is one function (a certificate that is confirmed supersedes
 * the older one and ends the operation).
 *
 *     struct rf_store *store = NULL;
 *     if (rf_store_open(path, &store, &why) != RF_OK) ...
 *     struct rf_worker *worker = rf_worker_start_grouping("store", 256, store, &rf_store_group);
 *
 * Thread: one thread per struct rf_store, the "store" worker of the daemon. Nothing here is called
 * by call control or an I/O worker.
 * Change functions take an event (may be NULL) that is written in the same transaction; its id is
 * ignored and its time is used as given. Times are seconds since 1970.
 * Reason codes: store-io, store-busy, store-full, store-corrupt, store-newer, store-value (a value
 * outside its limits), device-unknown, device-exists, line-exists, op-unknown, op-ended, op-locked,
 * cert-unknown, cert-state, cert-exists, refused-unknown, block-unknown. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/mem.h"
#include "base/secret.h"
#include "base/worker.h"

#define RF_STORE_DEVICE_NAME    16 /* bytes of a name with its NUL */
#define RF_STORE_DN             25 /* bytes of a directory number with its NUL */
#define RF_STORE_TEXT           129
#define RF_STORE_DEVICES_MAX    20480
#define RF_STORE_QUARANTINE_MAX 256 /* devices that registered by themselves */
#define RF_STORE_LINES_MAX      64  /* a device */
#define RF_STORE_CERTS_MAX      1024
#define RF_STORE_EVENTS_MAX     10000 /* one answer of rf_store_event_list */
#define RF_STORE_DER_MAX        8192

struct rf_store;

/** Open or make the database (0600) and bring its schema up to date. RF_ERR_DENIED store-newer when
 * a newer ringfence wrote it; RF_ERR_BAD store-corrupt when it is not a database or is damaged;
 * RF_ERR_IO store-io. The file is left as it was on failure. */
RF_MUST_CHECK enum rf_err rf_store_open(const char *path, struct rf_store **out,
                                        struct rf_why *why);
void rf_store_close(struct rf_store *store);
void rf_store_closep(struct rf_store **store);
/** Write a whole copy of the database at `path` as it is now, also while a server uses it, into a
 * new file (0600). Nothing is migrated. RF_ERR_EXISTS file-exists; RF_ERR_BAD store-corrupt;
 * RF_ERR_IO store-io; a copy that was begun stays. */
RF_MUST_CHECK enum rf_err rf_store_copy(const char *path, const char *copy, struct rf_why *why);
/** The schema's number, and the newest this build knows. */
unsigned rf_store_schema(const struct rf_store *store);
unsigned rf_store_schema_newest(void);
/** Make one transaction of the changes that follow, up to rf_store_together_end: what each of them
 * would have written to the disk is written once. A change that fails is undone alone, and says so
 * as ever; the others stay. None of them is on the disk before the end has said RF_OK, so nobody
 * may be told before. Within another it is a change of that one. */
RF_MUST_CHECK enum rf_err rf_store_together(struct rf_store *store, struct rf_why *why);
/** RF_OK: all that succeeded is on the disk. Otherwise none of it is. */
RF_MUST_CHECK enum rf_err rf_store_together_end(struct rf_store *store, struct rf_why *why);
/** The same around the jobs that a worker finds waiting; its state is the struct rf_store. */
extern const struct rf_worker_group rf_store_group;

/** Another number after each change that a configuration may depend on: all but events, pending
 * phones and what phones hold and fetched. Any thread. */
uint64_t rf_store_generation(const struct rf_store *store);

/* ---- events ---------------------------------------------------------------------------------- */

enum rf_store_severity { RF_STORE_ERROR, RF_STORE_WARN, RF_STORE_INFO };
const char *rf_store_severity_name(enum rf_store_severity severity);

struct rf_store_event {
    int64_t id; /* rises by time of writing; 0 when not yet written */
    int64_t time_s;
    int64_t uid; /* who asked for it, -1: nobody, it happened */
    enum rf_store_severity severity;
    char category[24];                 /* "device", "capf", "file", "security" … */
    char code[RF_WHY_CODE_MAX];        /* stable reason, e.g. "bad-string"; may be empty */
    char device[RF_STORE_DEVICE_NAME]; /* may be empty */
    uint32_t call;                     /* 0: none */
    char text[RF_WHY_TEXT_MAX];        /* escape a peer's text first */
};

/** `*out_id` (may be NULL) gets the id. */
RF_MUST_CHECK enum rf_err rf_store_event_add(struct rf_store *store,
                                             const struct rf_store_event *event, int64_t *out_id,
                                             struct rf_why *why);

struct rf_store_event_query {
    bool has_after;     /* one page behind another: the first of those behind after_id */
    int64_t after_id;   /* only younger ones; 0: all */
    int64_t since_s;    /* not older than; 0: all */
    const char *device; /* NULL: all */
    size_t limit; /* 0 or above the maximum: RF_STORE_EVENTS_MAX. The youngest, but for has_after */
};
struct rf_store_events {
    struct rf_store_event *items; /* oldest first */
    size_t n;
};
RF_MUST_CHECK enum rf_err rf_store_event_list(struct rf_store *store,
                                              const struct rf_store_event_query *query,
                                              struct rf_store_events *out, struct rf_why *why);
void rf_store_events_fini(struct rf_store_events *events);
/** Keep the youngest `keep` events of each category, so that none is pushed out by what somebody
 * causes in another, and all that operators caused (uid is not -1); none older than `oldest_s`.
 * `*dropped` may be NULL. */
RF_MUST_CHECK enum rf_err rf_store_event_trim(struct rf_store *store, uint32_t keep,
                                              int64_t oldest_s, uint64_t *dropped,
                                              struct rf_why *why);

/* ---- devices and lines ----------------------------------------------------------------------- */

enum rf_store_mode { RF_STORE_NONSECURE, RF_STORE_AUTHENTICATED, RF_STORE_ENCRYPTED };
enum rf_store_protocol { RF_STORE_SCCP, RF_STORE_SIP };
enum rf_store_media_policy { RF_STORE_MEDIA_BEST_EFFORT, RF_STORE_MEDIA_REQUIRE };
/** Is the device's configuration encrypted: as its mode says (encrypted, once its phone's key is
 * known), never, always. */
enum rf_store_encrypt { RF_STORE_ENCRYPT_AUTO, RF_STORE_ENCRYPT_OFF, RF_STORE_ENCRYPT_ON };

/** By the model, or named for the device. */
enum rf_store_digest { RF_STORE_DIGEST_MODEL, RF_STORE_DIGEST_SHA1, RF_STORE_DIGEST_SHA512 };
/** "model", "sha1", "sha512". */
const char *rf_store_digest_name(enum rf_store_digest digest);
RF_MUST_CHECK bool rf_store_digest_parse(const char *text, enum rf_store_digest *out);

/** "nonsecure", "authenticated", "encrypted"; "sccp", "sip"; "best-effort", "require". */
const char *rf_store_mode_name(enum rf_store_mode mode);
RF_MUST_CHECK bool rf_store_mode_parse(const char *text, enum rf_store_mode *out);
const char *rf_store_protocol_name(enum rf_store_protocol protocol);
RF_MUST_CHECK bool rf_store_protocol_parse(const char *text, enum rf_store_protocol *out);
const char *rf_store_media_policy_name(enum rf_store_media_policy policy);
RF_MUST_CHECK bool rf_store_media_policy_parse(const char *text, enum rf_store_media_policy *out);
const char *rf_store_encrypt_name(enum rf_store_encrypt encrypt); /* auto off on */
RF_MUST_CHECK bool rf_store_encrypt_parse(const char *text, enum rf_store_encrypt *out);

struct rf_store_device {
    char name[RF_STORE_DEVICE_NAME]; /* "SEP" and 12 upper-case hex digits, or another kind's */
    char model[32];                  /* as operators write it, e.g. "7962" */
    enum rf_store_protocol protocol;
    enum rf_store_mode mode;
    enum rf_store_media_policy media_policy;
    bool has_srtp; /* may be given SRTP keys */
    char description[RF_STORE_TEXT];
    char load[64];        /* load named for it; empty: that of its model */
    char load_server[64]; /* where it gets loads; empty: as the site says */
    char model_load[64];  /* load of its model; empty: none. Told, never taken */
    char profile[32];     /* named set of values for its configuration; empty: none */
    enum rf_store_encrypt encrypt;
    enum rf_store_digest digest; /* of its signed files */
    /* It registered by itself and nobody approved it: not secure, without lines, no certificate
     * operation, no configuration of its own. Anything else is refused as device-quarantined. */
    bool is_quarantined;
    /* It tells by a tone whether a call is secure: only in mode encrypted and with SRTP. Anything
     * else is refused as protected-mode. */
    bool is_protected;
    int64_t added_s;
    int64_t changed_s;
};

/** When a call to a line goes elsewhere. */
enum rf_store_forward {
    RF_STORE_FORWARD_ALL,
    RF_STORE_FORWARD_BUSY,
    RF_STORE_FORWARD_NO_ANSWER,
    RF_STORE_FORWARD_UNREGISTERED,
    RF_STORE_FORWARD_N
};
/** "forward_all", "forward_busy", "forward_no_answer", "forward_unregistered". */
const char *rf_store_forward_name(enum rf_store_forward forward);

#define RF_STORE_LINE_CALLS_MAX 8

/** How the calls of a line are handled. On a line that is shared `forward[ALL]` is that of its
 * number: on every device the one that was saved last; a device that gets the line takes it over.
 */
struct rf_store_line_rule {
    char forward[RF_STORE_FORWARD_N][RF_STORE_DN]; /* empty: it stays */
    uint8_t calls_max;                             /* at one time; 0: the default */
    uint8_t busy_trigger;                          /* calls with which it is busy; 0: the default */
};

struct rf_store_line {
    uint32_t index; /* 1 is the first button */
    char dn[RF_STORE_DN];
    char label[RF_STORE_TEXT];
    char display_name[RF_STORE_TEXT]; /* shown to the other party */
    bool is_shared;                   /* a DN stands on several devices only if shared on each */
    struct rf_store_line_rule rule;
};

/** Device with its lines. */
struct rf_store_phone {
    struct rf_store_device device;
    struct rf_store_line *lines; /* by index */
    size_t n_lines;
};
void rf_store_phone_fini(struct rf_store_phone *phone);
struct rf_store_phones {
    struct rf_store_phone *items; /* by name */
    size_t n;
};
void rf_store_phones_fini(struct rf_store_phones *phones);

/** Add a device with its lines; added_s and changed_s are set to now_s.
 * RF_ERR_EXISTS device-exists, line-exists, meet-me-exists; RF_ERR_BAD store-value; RF_ERR_DENIED
 * protected-mode; RF_ERR_LIMIT store-full. */
RF_MUST_CHECK enum rf_err rf_store_device_add(struct rf_store *store,
                                              const struct rf_store_phone *phone, int64_t now_s,
                                              const struct rf_store_event *event,
                                              struct rf_why *why);
/** Replace a device and all its lines; RF_ERR_NOT_FOUND device-unknown, otherwise as add. */
RF_MUST_CHECK enum rf_err rf_store_device_change(struct rf_store *store,
                                                 const struct rf_store_phone *phone, int64_t now_s,
                                                 const struct rf_store_event *event,
                                                 struct rf_why *why);
/** Remove a device with its lines and operation. Its certificates stay; its LSCs are revoked. A MIC
 * is the manufacturer's word and not ours to take back: a device added again may enrol by it. */
RF_MUST_CHECK enum rf_err rf_store_device_remove(struct rf_store *store, const char *name,
                                                 int64_t now_s, const struct rf_store_event *event,
                                                 struct rf_why *why);
/** RF_ERR_NOT_FOUND device-unknown. `out` needs _fini on RF_OK. */
RF_MUST_CHECK enum rf_err rf_store_device_load(struct rf_store *store, const char *name,
                                               struct rf_store_phone *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_device_list(struct rf_store *store, struct rf_store_phones *out,
                                               struct rf_why *why);

/* ---- firmware -------------------------------------------------------------------------------- */

#define RF_STORE_MODEL           32
#define RF_STORE_LOAD            64 /* bytes of a load's name with its NUL */
#define RF_STORE_MODEL_LOADS_MAX 256

/** The load a device's configuration names: its own, else its model's; "" when there is none. */
const char *rf_store_load_of(const struct rf_store_device *device);

/** The load of a model's devices that name none. */
struct rf_store_model_load {
    char model[RF_STORE_MODEL];
    char load[RF_STORE_LOAD];
    int64_t changed_s;
};
struct rf_store_model_loads {
    struct rf_store_model_load *items; /* by model */
    size_t n;
};
void rf_store_model_loads_fini(struct rf_store_model_loads *loads);
/** Set it, or with "" forget it. RF_ERR_BAD store-value; RF_ERR_LIMIT store-full. */
RF_MUST_CHECK enum rf_err rf_store_model_load_save(struct rf_store *store, const char *model,
                                                   const char *load, int64_t now_s,
                                                   const struct rf_store_event *event,
                                                   struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_model_load_list(struct rf_store *store,
                                                   struct rf_store_model_loads *out,
                                                   struct rf_why *why);

/** A load a phone does not run although its configuration names it: one a device, the last. */
struct rf_store_refused {
    char device[RF_STORE_DEVICE_NAME];
    char load[RF_STORE_LOAD];    /* what its configuration names; may be empty */
    char running[RF_STORE_LOAD]; /* what it runs; may be empty */
    char file[RF_STORE_TEXT];    /* what it refused; empty: not told */
    char reason[24];
    char how[16]; /* "alarm", or "registration": it only runs another one */
    char text[RF_STORE_TEXT];
    int64_t first_s; /* the next three are set by the store */
    int64_t last_s;
    uint32_t count;
};
struct rf_store_refuseds {
    struct rf_store_refused *items; /* by device */
    size_t n;
};
void rf_store_refuseds_fini(struct rf_store_refuseds *refuseds);
/** Note one. The same again (load, reason) is counted; an alarm stays when a registration only
 * confirms it. *is_new (may be NULL): it was not known, and `event` is written only then.
 * RF_ERR_NOT_FOUND device-unknown; RF_ERR_BAD store-value. */
RF_MUST_CHECK enum rf_err rf_store_refused_note(struct rf_store *store,
                                                const struct rf_store_refused *refused,
                                                int64_t now_s, const struct rf_store_event *event,
                                                bool *is_new, struct rf_why *why);
/** It runs what it should: nothing is refused any more. Nothing to forget is fine. */
RF_MUST_CHECK enum rf_err rf_store_refused_clear(struct rf_store *store, const char *device,
                                                 struct rf_why *why);
/** RF_ERR_NOT_FOUND refused-unknown: it refused nothing. */
RF_MUST_CHECK enum rf_err rf_store_refused_load(struct rf_store *store, const char *device,
                                                struct rf_store_refused *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_refused_list(struct rf_store *store,
                                                struct rf_store_refuseds *out, struct rf_why *why);

/* ---- configurations ------------------------------------------------------------------------- */

#define RF_STORE_CONFIG_PATH       128 /* bytes of a path with its NUL */
#define RF_STORE_CONFIG_NAME       32
#define RF_STORE_CONFIG_VALUE_MAX  2048 /* bytes, a secret's wrapped */
#define RF_STORE_CONFIG_VALUES_MAX 512  /* of one site, model, profile or device */
#define RF_STORE_CONFIG_PLACES_MAX 512  /* models and profiles */

/** Whose values: a later one wins. */
enum rf_store_layer {
    RF_STORE_LAYER_SITE,
    RF_STORE_LAYER_MODEL,
    RF_STORE_LAYER_PROFILE,
    RF_STORE_LAYER_DEVICE,
};
const char *rf_store_layer_name(enum rf_store_layer layer); /* site model profile device */
RF_MUST_CHECK bool rf_store_layer_parse(const char *text, enum rf_store_layer *out);

#define RF_STORE_CONFIG_BOUND (RF_STORE_CONFIG_PATH + RF_STORE_CONFIG_NAME + 16)
/** What a secret is bound to when it is wrapped: whose, and which. */
void rf_store_config_bound(enum rf_store_layer layer, const char *name, const char *path,
                           char out[RF_STORE_CONFIG_BOUND]);

/** A value over what is built in. The store does not look into it. */
struct rf_store_config_value {
    enum rf_store_layer layer;
    char name[RF_STORE_CONFIG_NAME]; /* model, profile or device; empty for the site */
    char path[RF_STORE_CONFIG_PATH];
    struct rf_buf value; /* owned: text, or the wrapped secret; empty: takes away what is below */
    bool is_secret;
    bool is_forced;
    int64_t changed_s;
};
struct rf_store_config_values {
    struct rf_store_config_value *items;
    size_t n;
};
void rf_store_config_values_fini(struct rf_store_config_values *values);

/** One change: set, or forget. */
struct rf_store_config_change {
    const char *path;
    struct rf_slice value;
    bool is_unset; /* forget it; one that is not there is fine */
    bool is_secret;
    bool is_forced;
};
/** All of them or none. RF_ERR_NOT_FOUND device-unknown; RF_ERR_BAD store-value; RF_ERR_LIMIT
 * store-full. */
RF_MUST_CHECK enum rf_err
rf_store_config_save(struct rf_store *store, enum rf_store_layer layer, const char *name,
                     const struct rf_store_config_change *changes, size_t n, int64_t now_s,
                     const struct rf_store_event *event, struct rf_why *why);
/** Of one place, by path. */
RF_MUST_CHECK enum rf_err rf_store_config_list(struct rf_store *store, enum rf_store_layer layer,
                                               const char *name, struct rf_store_config_values *out,
                                               struct rf_why *why);
/** All that count for a device, in the order of the layers. An unknown device has those of the
 * site. */
RF_MUST_CHECK enum rf_err rf_store_config_of_device(struct rf_store *store, const char *device,
                                                    struct rf_store_config_values *out,
                                                    struct rf_why *why);

struct rf_store_config_place {
    enum rf_store_layer layer;
    char name[RF_STORE_CONFIG_NAME];
    uint32_t values;
};
struct rf_store_config_places {
    struct rf_store_config_place *items; /* site, models, profiles; by name */
    size_t n;
};
void rf_store_config_places_fini(struct rf_store_config_places *places);
/** The site, models and profiles that have values. */
RF_MUST_CHECK enum rf_err rf_store_config_places(struct rf_store *store,
                                                 struct rf_store_config_places *out,
                                                 struct rf_why *why);
/** Is any secret kept? */
RF_MUST_CHECK enum rf_err rf_store_config_has_secrets(struct rf_store *store, bool *out,
                                                      struct rf_why *why);

/* ---- CAPF operations ------------------------------------------------------------------------- */

enum rf_store_op { RF_STORE_OP_NONE, RF_STORE_OP_INSTALL, RF_STORE_OP_DELETE, RF_STORE_OP_FETCH };
/** As capfAuthMode - 1. */
enum rf_store_auth {
    RF_STORE_AUTH_STRING,
    RF_STORE_AUTH_NULL,
    RF_STORE_AUTH_LSC,
    RF_STORE_AUTH_MIC,
};
enum rf_store_op_state {
    RF_STORE_OP_STATE_NONE,
    RF_STORE_OP_PENDING,
    RF_STORE_OP_IN_PROGRESS,
    RF_STORE_OP_SUCCESS,
    RF_STORE_OP_FAILED, /* still pending while `op` is not NONE: the phone may try again */
};
enum rf_store_key_type { RF_STORE_KEY_RSA, RF_STORE_KEY_EC };
const char *rf_store_op_name(enum rf_store_op op);          /* none install delete fetch */
const char *rf_store_auth_name(enum rf_store_auth auth);    /* string null lsc mic */
const char *rf_store_op_state_name(enum rf_store_op_state); /* none pending "in progress" … */
RF_MUST_CHECK bool rf_store_op_parse(const char *text, enum rf_store_op *out);
RF_MUST_CHECK bool rf_store_auth_parse(const char *text, enum rf_store_auth *out);

#define RF_STORE_STRING_TRIES 5

/** The certificate operation of a device; the last one stays as a record when it has ended. */
struct rf_store_capf {
    int64_t id; /* of this operation, never used again */
    char device[RF_STORE_DEVICE_NAME];
    enum rf_store_op op;
    enum rf_store_op asked; /* what op was when it was scheduled */
    enum rf_store_auth auth;
    /* Authentication string: trust/pwhash.h's text form (salt and parameters within), never the
     * string itself; empty: none or used up. */
    char string_hash[256];
    int64_t string_expires_s; /* 0: with the operation */
    uint32_t tries_left;      /* 0: locked until a new string is set */
    enum rf_store_op_state state;
    char reason[RF_WHY_CODE_MAX]; /* of FAILED: bad-string, expired-window, no-cert … */
    enum rf_store_key_type key_type;
    uint32_t key_bits;
    bool allows_proof;        /* scheduling: proofs of the device that were seen are forgotten */
    uint32_t rsa_backup_bits; /* EC preferred: RSA of this size where the phone makes none; 0: no */
    int64_t complete_by_s;    /* 0: no end */
    int64_t created_uid;
    int64_t created_s;
    int64_t changed_s;
};
struct rf_store_capfs {
    struct rf_store_capf *items; /* by device */
    size_t n;
};
void rf_store_capfs_fini(struct rf_store_capfs *ops);

/** May a session for this operation go on at now_s? RF_ERR_NOT_FOUND no-operation, RF_ERR_DENIED
 * expired-window, string-locked, string-expired (the last two where the string alone is the proof).
 * Pure. */
RF_MUST_CHECK enum rf_err rf_store_capf_is_open(const struct rf_store_capf *op, int64_t now_s,
                                                struct rf_why *why);

/** May its string be judged at now_s? RF_ERR_DENIED string-locked, string-expired. Pure. */
RF_MUST_CHECK enum rf_err rf_store_capf_string_open(const struct rf_store_capf *op, int64_t now_s,
                                                    struct rf_why *why);

/** Schedule an operation (op, auth, string_hash, string_expires_s, key_type, key_bits,
 * complete_by_s, created_uid, allows_proof of `op` are used): a new id, state pending, all tries.
 * It replaces what was there. One by certificate may have a string too (expired_mic). An
 * unconfirmed certificate of an older operation stays unconfirmed. With op NONE the pending
 * operation is dropped. RF_ERR_NOT_FOUND device-unknown. */
RF_MUST_CHECK enum rf_err rf_store_capf_schedule(struct rf_store *store,
                                                 const struct rf_store_capf *op, int64_t now_s,
                                                 const struct rf_store_event *event,
                                                 int64_t *out_id, struct rf_why *why);
/** The operation of a device, ended or not; RF_ERR_NOT_FOUND op-unknown. */
RF_MUST_CHECK enum rf_err rf_store_capf_load(struct rf_store *store, const char *device,
                                             struct rf_store_capf *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_capf_list(struct rf_store *store, struct rf_store_capfs *out,
                                             struct rf_why *why);
/** A session of the device was let in: state in-progress. RF_ERR_DENIED op-ended when `op_id` is
 * no longer the device's pending operation (as in all that follow). */
RF_MUST_CHECK enum rf_err rf_store_capf_progress(struct rf_store *store, const char *device,
                                                 int64_t op_id, int64_t now_s, struct rf_why *why);
/** Who failed: whoever sent the name (it is no secret, so campaigns take no notice), the same with
 * a wrong string, or a phone that had been let in. */
enum rf_store_failure { RF_STORE_FAILURE_CLAIMED, RF_STORE_FAILURE_TRY, RF_STORE_FAILURE_PROVED };
/** A try failed: state failed with `reason`; the operation stays pending. A TRY of the string is
 * used up; *tries_left (may be NULL) tells what remains. RF_ERR_DENIED op-locked when none was
 * left before. */
RF_MUST_CHECK enum rf_err rf_store_capf_fail(struct rf_store *store, const char *device,
                                             int64_t op_id, const char *reason,
                                             enum rf_store_failure failure, int64_t now_s,
                                             const struct rf_store_event *event,
                                             uint32_t *tries_left, struct rf_why *why);
/** A delete or fetch operation was done: op none, state success; a delete revokes the LSCs. */
RF_MUST_CHECK enum rf_err rf_store_capf_done(struct rf_store *store, const char *device,
                                             int64_t op_id, int64_t now_s,
                                             const struct rf_store_event *event,
                                             struct rf_why *why);

/* ---- certificates of devices ----------------------------------------------------------------- */

enum rf_store_cert_kind { RF_STORE_LSC, RF_STORE_MIC };
enum rf_store_cert_state {
    RF_STORE_CERT_UNCONFIRMED, /* issued; the phone has not said that it holds it */
    RF_STORE_CERT_CONFIRMED,
    RF_STORE_CERT_SUPERSEDED, /* a newer one was confirmed */
    RF_STORE_CERT_REVOKED,
};
const char *rf_store_cert_kind_name(enum rf_store_cert_kind kind);    /* lsc mic */
const char *rf_store_cert_state_name(enum rf_store_cert_state state); /* unconfirmed … */

struct rf_store_cert {
    int64_t id;
    char device[RF_STORE_DEVICE_NAME];
    enum rf_store_cert_kind kind;
    uint8_t sha256[32]; /* of the DER */
    char serial[64];    /* lower-case hex */
    char subject[512];
    char issuer[512];
    int64_t not_before_s;
    int64_t not_after_s;
    struct rf_buf der; /* owned */
    enum rf_store_cert_state state;
    int64_t op_id; /* operation that made it, 0: none */
    int64_t issued_s;
    int64_t confirmed_s; /* 0: not */
    int64_t ended_s;     /* superseded or revoked, 0: not */
};
struct rf_store_certs {
    struct rf_store_cert *items; /* oldest first */
    size_t n;
};
void rf_store_cert_fini(struct rf_store_cert *cert);
void rf_store_certs_fini(struct rf_store_certs *certs);

/** Before an issued LSC goes to the phone: keep it as unconfirmed. The operation stays pending.
 * Used of `cert`: device, sha256, serial, subject, issuer, validity, der. An older unconfirmed LSC
 * of the same operation stays, since the phone may hold it. RF_ERR_DENIED op-ended;
 * RF_ERR_EXISTS cert-exists. */
RF_MUST_CHECK enum rf_err rf_store_capf_issue(struct rf_store *store, int64_t op_id,
                                              const struct rf_store_cert *cert, int64_t now_s,
                                              const struct rf_store_event *event,
                                              struct rf_why *why);
/** The phone stored the certificate with this fingerprint: confirmed, every older LSC of the device
 * superseded, and if it came from the pending operation that is none, success, its string used up.
 * Also used when a phone shows an unconfirmed LSC in a handshake (its confirmation was lost).
 * Confirming it twice is fine. RF_ERR_NOT_FOUND cert-unknown; RF_ERR_DENIED cert-state when it is
 * superseded or revoked. */
RF_MUST_CHECK enum rf_err rf_store_capf_confirm(struct rf_store *store, const char *device,
                                                const uint8_t sha256[32], int64_t now_s,
                                                const struct rf_store_event *event,
                                                struct rf_why *why);
/** The pending operation waits for the CA: `reason` says how. RF_ERR_DENIED op-ended. */
RF_MUST_CHECK enum rf_err rf_store_capf_wait(struct rf_store *store, const char *device,
                                             int64_t op_id, const char *reason, int64_t now_s,
                                             const struct rf_store_event *event,
                                             struct rf_why *why);
/** A certificate that was sent before and is not confirmed belongs to this operation from now on.
 * RF_ERR_DENIED op-ended; RF_ERR_NOT_FOUND cert-unknown. */
RF_MUST_CHECK enum rf_err rf_store_capf_issue_again(struct rf_store *store, const char *device,
                                                    int64_t op_id, const uint8_t sha256[32],
                                                    struct rf_why *why);
/** Note a MIC a device has shown (confirmed by that); known already is fine. RF_ERR_EXISTS
 * "cert-exists": known, but as something else or another device's. */
RF_MUST_CHECK enum rf_err rf_store_mic_note(struct rf_store *store,
                                            const struct rf_store_cert *cert, int64_t now_s,
                                            struct rf_why *why);
/** Note another site's LSC a device has shown: in force until one of ours is confirmed. One that
 * was noted as a MIC by an earlier version is an LSC from now on. RF_ERR_EXISTS as above. */
RF_MUST_CHECK enum rf_err rf_store_lsc_note(struct rf_store *store,
                                            const struct rf_store_cert *cert, int64_t now_s,
                                            struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_cert_revoke(struct rf_store *store, const uint8_t sha256[32],
                                               int64_t now_s, const struct rf_store_event *event,
                                               struct rf_why *why);
/** By fingerprint; RF_ERR_NOT_FOUND cert-unknown. `out` needs _fini on RF_OK. */
RF_MUST_CHECK enum rf_err rf_store_cert_load(struct rf_store *store, const uint8_t sha256[32],
                                             struct rf_store_cert *out, struct rf_why *why);
/** Of a device, or of all (NULL), in the order of issue. Of one that has more than
 * RF_STORE_CERTS_MAX its MICs, what is confirmed, and the youngest. */
RF_MUST_CHECK enum rf_err rf_store_cert_list(struct rf_store *store, const char *device,
                                             struct rf_store_certs *out, struct rf_why *why);

/* ---- MICs that have expired ------------------------------------------------------------------ */

/** A device whose expired MIC counts at CAPF for a while (expired_mic = listed). */
struct rf_store_mic_allow {
    char device[RF_STORE_DEVICE_NAME];
    int64_t until_s;
    int64_t added_s;
};
struct rf_store_mic_allows {
    struct rf_store_mic_allow *items; /* by device */
    size_t n;
};
void rf_store_mic_allows_fini(struct rf_store_mic_allows *allows);
/** A device that is listed gets the new end. RF_ERR_NOT_FOUND device-unknown. */
RF_MUST_CHECK enum rf_err rf_store_mic_allow_save(struct rf_store *store,
                                                  const struct rf_store_mic_allow *allow,
                                                  const struct rf_store_event *event,
                                                  struct rf_why *why);
/** RF_ERR_NOT_FOUND mic-not-listed. */
RF_MUST_CHECK enum rf_err rf_store_mic_allow_remove(struct rf_store *store, const char *device,
                                                    const struct rf_store_event *event,
                                                    struct rf_why *why);
/** Those whose end has come are listed too. */
RF_MUST_CHECK enum rf_err rf_store_mic_allow_list(struct rf_store *store,
                                                  struct rf_store_mic_allows *out,
                                                  struct rf_why *why);
/** *until_s: 0 for a device that is not listed. */
RF_MUST_CHECK enum rf_err rf_store_mic_allow_until(struct rf_store *store, const char *device,
                                                   int64_t *until_s, struct rf_why *why);

/* ---- proofs of possession seen (security: a block seen before is only taken as a retry) --------
 */

struct rf_store_proof {
    uint8_t sha256[32]; /* of the proof's bytes */
    char device[RF_STORE_DEVICE_NAME];
    char source[64]; /* peer address without port */
    int64_t op_id;
    int64_t first_s;
    int64_t last_s;
    uint32_t count; /* times seen, 1 the first time */
};
/** Count a proof and tell what is known about it. `seen` is used for sha256, device, source, op_id;
 * *before (count 0 when it is new) is the record as it was before this call. The caller judges. */
RF_MUST_CHECK enum rf_err rf_store_proof_see(struct rf_store *store,
                                             const struct rf_store_proof *seen, int64_t now_s,
                                             struct rf_store_proof *before, struct rf_why *why);
/** Forget proofs last seen before `before_s`. */
RF_MUST_CHECK enum rf_err rf_store_proof_forget(struct rf_store *store, int64_t before_s,
                                                struct rf_why *why);

/* ---- certificates that TVS vouches for ------------------------------------------------------- */

#define RF_STORE_TVS_MAX 512
/** One that an operator added. */
struct rf_store_tvs {
    uint8_t sha256[32];
    uint32_t roles; /* bit n: role n of trust lists; at least one */
    uint32_t ttl_s; /* 0: as the site says */
    int64_t added_s;
    struct rf_buf der; /* owned; its maximum is RF_STORE_DER_MAX */
};
struct rf_store_tvses {
    struct rf_store_tvs *items; /* by time */
    size_t n;
};
void rf_store_tvses_fini(struct rf_store_tvses *list);
/** Add it, or change roles and TTL. RF_ERR_BAD store-value; RF_ERR_LIMIT store-full. */
RF_MUST_CHECK enum rf_err rf_store_tvs_save(struct rf_store *store, const struct rf_store_tvs *cert,
                                            const struct rf_store_event *event, struct rf_why *why);
/** RF_ERR_NOT_FOUND tvs-unknown. */
RF_MUST_CHECK enum rf_err rf_store_tvs_remove(struct rf_store *store, const uint8_t sha256[32],
                                              const struct rf_store_event *event,
                                              struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_tvs_list(struct rf_store *store, struct rf_store_tvses *out,
                                            struct rf_why *why);

/* ---- certificates that end ------------------------------------------------------------------- */

/** A device's certificate, by its dates alone. */
struct rf_store_ending {
    char device[RF_STORE_DEVICE_NAME];
    enum rf_store_cert_kind kind;
    uint8_t sha256[32];
    int64_t not_before_s;
    int64_t not_after_s;
};
struct rf_store_endings {
    struct rf_store_ending *items; /* the soonest first */
    size_t n;
};
void rf_store_endings_fini(struct rf_store_endings *endings);
/** The confirmed certificates, LSC and MIC, of all devices that end before `before_s`. */
RF_MUST_CHECK enum rf_err rf_store_ending_list(struct rf_store *store, int64_t before_s,
                                               struct rf_store_endings *out, struct rf_why *why);

/** How far the end of a certificate was told. */
struct rf_store_said {
    uint8_t sha256[32];
    uint32_t days; /* before its end, 0 to 180 */
};
struct rf_store_saids {
    struct rf_store_said *items; /* by fingerprint */
    size_t n;
};
void rf_store_saids_fini(struct rf_store_saids *saids);
RF_MUST_CHECK enum rf_err rf_store_said_list(struct rf_store *store, struct rf_store_saids *out,
                                             struct rf_why *why);
/** In one transaction: what is told now, each with its event, and what need not be remembered any
 * more. */
RF_MUST_CHECK enum rf_err rf_store_said_save(struct rf_store *store,
                                             const struct rf_store_saids *said,
                                             const struct rf_store_event *events,
                                             const struct rf_store_saids *gone, struct rf_why *why);

/* ---- blocked certificates -------------------------------------------------------------------- */

#define RF_STORE_BLOCKED_MAX 1024
struct rf_store_block {
    uint8_t sha256[32];
    char device[RF_STORE_DEVICE_NAME]; /* whose it is; empty: not known */
    char reason[RF_STORE_TEXT];        /* may be empty */
    int64_t at_s;
};
struct rf_store_blocks {
    struct rf_store_block *items; /* by time */
    size_t n;
};
void rf_store_blocks_fini(struct rf_store_blocks *blocks);
/** Block the certificate `sha256`, known or not; or, with `device`, its MICs and the LSCs that are
 * in force. As long as it is blocked a device's certificate is RF_STORE_CERT_REVOKED wherever it is
 * read. One that is blocked gets the reason. RF_ERR_NOT_FOUND cert-unknown: nothing is known of the
 * device; RF_ERR_LIMIT store-full; RF_ERR_BAD store-value. */
RF_MUST_CHECK enum rf_err rf_store_block_save(struct rf_store *store,
                                              const struct rf_store_block *what,
                                              const struct rf_store_event *event,
                                              struct rf_why *why);
/** RF_ERR_NOT_FOUND block-unknown. */
RF_MUST_CHECK enum rf_err rf_store_block_remove(struct rf_store *store,
                                                const struct rf_store_block *what,
                                                const struct rf_store_event *event,
                                                struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_block_list(struct rf_store *store, struct rf_store_blocks *out,
                                              struct rf_why *why);

/* ---- settings -------------------------------------------------------------------------------- */

#define RF_STORE_SETTING_MAX 4096
/** A small value kept by key, e.g. "list.version". RF_ERR_NOT_FOUND setting-unknown. `out` is an
 * empty buffer with its maximum set. */
RF_MUST_CHECK enum rf_err rf_store_setting_load(struct rf_store *store, const char *key,
                                                struct rf_buf *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_setting_save(struct rf_store *store, const char *key,
                                                struct rf_slice value, struct rf_why *why);
/** One that was never saved is fine. */
RF_MUST_CHECK enum rf_err rf_store_setting_drop(struct rf_store *store, const char *key,
                                                struct rf_why *why);
/** Of a survivable router: what the ids of its records count from, for its centre. One that is
 * dropped is drawn anew by the next start. */
#define RF_STORE_BRANCH_EPOCH "branch.epoch"
/** The certificates (SHA-256) with which the daemon was started last: what phones are shown, and
 * signs for them, until the next start, whatever lies in the site's folders by then. */
#define RF_STORE_IN_USE_CCM        "in-use.ccm"
#define RF_STORE_IN_USE_TFTP       "in-use.tftp"
#define RF_STORE_IN_USE_CAPF       "in-use.capf"
#define RF_STORE_IN_USE_LSC_ISSUER "in-use.lsc-issuer"
#define RF_STORE_IN_USE_HTTPS      "in-use.https"
#define RF_STORE_IN_USE_TVS        "in-use.tvs"

#endif
