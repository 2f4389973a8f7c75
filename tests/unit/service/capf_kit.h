/* SPDX-License-Identifier: Apache-2.0 */
/* A CAPF server without sockets for tests: a real database in a folder of its own on a real worker,
 * a clock turned by hand, a small PKI, and phones that say what the test tells them to.
 *
 *     struct kit *k = kit_new();
 *     kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
 *     struct kit_link *l = kit_open(k, "192.0.2.7");
 *     kit_say_string(k, l, PHONE, "123456");
 *     kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
 */
#ifndef UNIT_SERVICE_CAPF_KIT_H
#define UNIT_SERVICE_CAPF_KIT_H

#include "../trust/ca_kit.h"

#include "base/worker.h"
#include "service/capf/capf_ca.h"
#include "service/capf/capf_sessions.h"
#include "store/store.h"
#include "trust/path.h"
#include "wire/capf/capf.h"

#define PHONE "SEP001122334455"
#define OTHER "SEP00AABBCCDDEE"
#define HERE  "192.0.2.7"
#define THERE "198.51.100.9"

#define KIT_LINKS 600

struct kit_link {
    struct kit *kit;
    uint64_t number;
    char host[48];
    rf_handle session;
    uint32_t id;       /* of the session, from the auth request */
    struct rf_buf in;  /* sent by the phone, not taken yet */
    struct rf_buf out; /* sent by the server, not read yet */
    struct rf_buf heard;
    struct rf_capf_msg msg; /* the last one read; views into heard */
    size_t writes;
    bool is_held;
    bool is_closed;
};

struct kit {
    char dir[64];
    char db[96];
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_mailbox *answers;
    struct rf_store *store;
    struct rf_worker *store_worker;
    struct rf_worker *signer_worker;
    struct rf_worker *check_worker;
    struct rf_site_conf *site;
    struct rf_capf_sessions *sessions;

    struct id mic_root;
    struct id lsc_issuer;
    struct id issuing; /* what the signer has: the issuer, unless a test puts another there */
    struct id mic;     /* of PHONE */
    struct id lsc;     /* of PHONE, when one was installed */
    struct rf_anchors *anchors;
    struct rf_blocklist *blocked;
    bool is_legacy; /* links come by the listener for old phones */
    bool signer_fails;

    /* with kit_use_ca */
    struct ca *ca;
    struct rf_cmp *cmp;
    struct rf_capf_ca *capf_ca;
    struct rf_worker *ca_worker;

    struct kit_link links[KIT_LINKS];
    size_t n_links;
    char changed[16]; /* on_changed: device and how */
    bool changed_done;
    unsigned changes;
};

struct kit *kit_new(void);
/** The same in two steps: folder and PKI, in which no thread starts, so that a test may fork; and
 * the server on the database as it is. */
struct kit *kit_prepare(void);
/** Between the two: another CA issues, asked by CMP, or offline. */
void kit_use_ca(struct kit *k, enum rf_site_issuer how);
void kit_start(struct kit *k);
void kit_free(struct kit *k);
int kit_set_up(void **state);
int kit_tear_down(void **state);
/** Take the knobs of k->site. */
void kit_knobs(struct kit *k);
/** Stop the server with all its sessions and start it again on the same database. */
void kit_restart(struct kit *k);

/** The operation as scheduled: EC P-256 keys, no end, no string unless `string` is given. */
struct rf_store_capf kit_operation(const char *device, enum rf_store_op op, enum rf_store_auth auth,
                                   const char *string);
void kit_schedule(struct kit *k, const char *device, enum rf_store_op op, enum rf_store_auth auth,
                  const char *string);
int64_t kit_schedule_as(struct kit *k, const struct rf_store_capf *op);
struct rf_store_capf kit_op(struct kit *k, const char *device);
/** The operation is still pending, its last try failed for this reason, and the last event of the
 * device says so too. */
void kit_expect_failed(struct kit *k, const char *device, const char *reason);
/** The youngest event's code, of a device or of all (NULL). */
void kit_expect_event(struct kit *k, const char *device, const char *code);
/** Certificates of the device in this state. */
size_t kit_certs(struct kit *k, const char *device, enum rf_store_cert_kind kind,
                 enum rf_store_cert_state state);

struct kit_link *kit_open(struct kit *k, const char *host);
void kit_lose(struct kit *k, struct kit_link *l);
/** Make room for other links: all are closed. */
void kit_forget_links(struct kit *k);
/** Let the workers finish what they have, and feed what waits. */
void kit_pump(struct kit *k);
void kit_wait_ms(struct kit *k, uint64_t ms);
/** Encode with the session's id and send. */
void kit_say(struct kit *k, struct kit_link *l, const struct rf_capf_msg *msg);
void kit_say_bytes(struct kit *k, struct kit_link *l, struct rf_slice bytes);
/** The same without waiting for what it causes. */
void kit_say_early(struct kit *k, struct kit_link *l, const struct rf_capf_msg *msg);
void kit_say_string(struct kit *k, struct kit_link *l, const char *device, const char *string);
void kit_say_reason(struct kit *k, struct kit_link *l, uint8_t command, uint8_t reason);
void kit_say_key(struct kit *k, struct kit_link *l, const struct rf_key *key);

/** The next message of the server is this command; it is in l->msg. */
void kit_expect(struct kit *k, struct kit_link *l, uint8_t command);
/** End session with this reason, then the link closed, and nothing else. */
void kit_expect_end(struct kit *k, struct kit_link *l, uint8_t reason);
/** The link is closed without an end session. */
void kit_expect_dropped(struct kit *k, struct kit_link *l);
void kit_expect_silence(struct kit *k, struct kit_link *l);

/** An auth response with proof by certificate. */
struct claim {
    struct rf_capf_msg msg;
    struct rf_buf sha1, sha512, sudi_sha1, sudi_sha512;
};
void claim_make(struct claim *c, const char *device, const char *signed_name, const struct id *id,
                bool is_bare);
void claim_add_sudi(struct claim *c, const struct id *id, uint32_t session, bool is_bare);
void claim_fini(struct claim *c);
/** Make, send, release. */
void kit_say_cert(struct kit *k, struct kit_link *l, const char *device, const struct id *id);

/** From the key generate request to the end: PHONE has an LSC then, in k->lsc. */
void kit_finish_install(struct kit *k, struct kit_link *l);
/** A whole install by string. */
void kit_install(struct kit *k);

#endif
