/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's side of CAPF: one session that gets, deletes or shows the phone's LSC, as the server
 * asks. The phone proves itself by authentication string or by a certificate it has, makes the key,
 * and keeps what it had until the new certificate was checked and lies on flash together with its
 * key; only then it confirms. It writes no file: what must last goes through struct rf_enrol_flash,
 * on the worker.
 *
 *     struct rf_enrol_conf conf = {.device = "SEP001122334455", .host = "192.0.2.1", .port = 3804,
 *                                  .mode = RF_ENROL_BY_STRING, .auth_string = &typed,
 *                                  .lists = &lists, .mic = &mic, .lsc = &lsc, ...};
 *     if (rf_enrol_start(&conf, &enrol, &why) != RF_OK)
 *         ...
 *     conf.on_done then comes once; free the session in it or later
 *
 * A session that could not reach the server or lost it may be tried again with a new object:
 * RF_ENROL_TRIES more times, RF_ENROL_RETRY_MS apart.
 *
 * Points at which tests end the process (rf_crash_point): enrol.key-made, enrol.key-saved,
 * enrol.cert-received, enrol.cert-saved, enrol.confirmed. At each of them the flash holds one
 * usable certificate with its own key: the old one before enrol.cert-saved, the new one from there
 * on.
 *
 * Thread: that of the loop that runs `timers` and reads `answers`.
 * doc: docs/wire/capf.md; docs/security-rules.md, "Phone certificates", "CAPF" */
#ifndef SERVICE_PHONE_ENROL_H
#define SERVICE_PHONE_ENROL_H

#include "base/clock.h"
#include "base/fsm.h"
#include "base/secret.h"
#include "base/timer.h"
#include "base/worker.h"
#include "service/phone/phone_link.h"
#include "trust/lists.h"

/* doc: docs/security-rules.md, "Phone certificates" */
#define RF_ENROL_TRIES    3
#define RF_ENROL_RETRY_MS 30000u
/* Messages of the server in one session: an install and a look at its outcome take six. */
#define RF_ENROL_MESSAGES_MAX 32u

/** How the phone proves itself: capfAuthMode of its configuration. */
enum rf_enrol_mode {
    RF_ENROL_BY_STRING = 1,
    RF_ENROL_BY_NULL = 2,
    RF_ENROL_LSC_FIRST = 3, /* LSC, else MIC */
    RF_ENROL_MIC_FIRST = 4, /* MIC, else LSC */
};

/** The phone's flash, as far as an enrolment needs it. Called on the worker, one at a time; they
 * may block. `arg` is conf.flash_arg and must live until the worker has stopped. */
struct rf_enrol_flash {
    /** Keep this new private key apart from the one in use, replacing an earlier one of its kind.
     * Durable when it returns. */
    enum rf_err (*save_pending)(void *arg, const struct rf_key *key, struct rf_why *why);
    /** The key of save_pending, new reference; RF_ERR_NOT_FOUND when there is none. Asked when a
     * key is wanted (of the same kind, it is sent again: a CA may need longer for its certificate
     * than a session lasts; on the worker that makes keys), and when a certificate comes without a
     * key having been asked for in this session. */
    enum rf_err (*load_pending)(void *arg, struct rf_key **out, struct rf_why *why);
    /** Put key and certificate in use as the LSC, in ONE atomic and durable replacement of a file.
     * The pending key may go afterwards. */
    enum rf_err (*save_lsc)(void *arg, const struct rf_key *key, const struct rf_cert *cert,
                            struct rf_why *why);
    /** Delete the LSC and its key; none is fine. */
    enum rf_err (*remove_lsc)(void *arg, struct rf_why *why);
};

enum rf_enrol_outcome {
    RF_ENROL_FAILED,    /* `why` says it; what was in use still is */
    RF_ENROL_NOTHING,   /* the server had nothing to do */
    RF_ENROL_INSTALLED, /* a new LSC is on flash */
    RF_ENROL_DELETED,   /* the LSC is gone */
    RF_ENROL_FETCHED,   /* the server has seen our certificate */
};
/** "failed", "nothing", ... A constant. */
const char *rf_enrol_outcome_name(enum rf_enrol_outcome outcome);

struct rf_enrol_result {
    enum rf_enrol_outcome outcome;
    /** The server ended the session with reason 1 (0 for FETCHED and NOTHING). An INSTALLED without
     * it lost the link after the certificate was stored: use it, the server shows it as
     * unconfirmed. */
    bool is_confirmed;
    /** FAILED: it makes sense to try the same again later (no link, link lost, we are busy). */
    bool may_retry;
    int reason;                 /* of end session; -1 when none came */
    const struct rf_cert *cert; /* INSTALLED: the new LSC, borrowed; else NULL */
    struct rf_why why;          /* FAILED, and INSTALLED without confirmation */
    uint64_t in, out;           /* messages of this session */
};

/** For people and --json; each happens at most once, in this order, and not all of them. */
enum rf_enrol_step {
    RF_ENROL_STEP_CONNECTED, /* TLS is up, the server is in the lists as CAPF */
    RF_ENROL_STEP_PROVED,    /* the auth response is out */
    RF_ENROL_STEP_KEY_ASKED, /* making a key */
    RF_ENROL_STEP_KEY_SENT,
    RF_ENROL_STEP_STORED, /* the new LSC is on flash */
};
const char *rf_enrol_step_name(enum rf_enrol_step step); /* "connected", ... */

struct rf_enrol_conf {
    const char *device; /* "SEP001122334455", 1..63 characters */
    const char *host;   /* numeric */
    uint16_t port;
    enum rf_enrol_mode mode;
    const struct rf_secret *auth_string; /* NULL: none. BY_STRING, and beside a certificate
                                          * that may have expired; copied, wiped when sent */
    const struct rf_lists *lists;        /* borrowed as long as the session lives */
    const struct rf_phone_id *mic;       /* NULL: none; references are taken */
    const struct rf_phone_id *lsc;
    /* V3 without trusted time: certificates that ended before this are refused; 0: not asked */
    int64_t floor_s;
    bool has_time;    /* the clock's wall time may be believed: the LSC must be valid now */
    bool bare_digest; /* proofs without DigestInfo, for servers that want them so */
    bool no_ec;       /* a model that makes no EC keys: asked for one it says no, and waits */
    bool new_key;     /* the key of the last try was refused: make another one */
    unsigned rsa_min; /* keys shorter than this are not made; 0: 2048 */
    /* 0: default */
    uint32_t handshake_ms;   /* 10 s */
    uint32_t answer_ms;      /* 30 s: for the server's next message */
    uint32_t issue_ms;       /* 120 s: for the certificate, after the key was sent */
    uint32_t progress_ms;    /* 5 s: request in progress is sent this often while a key is made */
    const char *keylog_path; /* debugging; NULL: none */

    const struct rf_phone_link_ops *net; /* rf_phone_link_real() */
    void *net_arg;                       /* the loop */
    const struct rf_clock *clock;
    struct rf_timers *timers;
    struct rf_worker *worker; /* signs proofs, writes flash; and makes keys without: */
    /* A worker of its own for keys, which may take half an hour: all else goes on meanwhile. No
     * flash is touched there. It must stop before `answers` goes; NULL: none */
    struct rf_worker *key_worker;
    uint32_t key_delay_ms;      /* for tests: a key takes so much longer */
    struct rf_mailbox *answers; /* the loop's; its reader does not matter, but NULL means the end */
    const struct rf_enrol_flash *flash;
    void *flash_arg;
    void (*on_step)(void *arg, enum rf_enrol_step step); /* may be NULL */
    /** Once, never from inside rf_enrol_start. `result` is borrowed. rf_enrol_free is allowed. */
    void (*on_done)(void *arg, const struct rf_enrol_result *result);
    void *arg;
};

struct rf_enrol;

/**
 * Check what is there and begin. Nothing was sent or kept on failure, and on_done does not come.
 *
 * Returns RF_OK; RF_ERR_BAD enrol-device (the name is empty, too long or has other bytes than
 * letters, digits, - and _), enrol-string (4 to 10 digits are needed in this mode);
 * RF_ERR_NOT_FOUND enrol-no-certificate (a mode by certificate, and there is none); RF_ERR_DENIED
 * enrol-no-list (no CAPF certificate in the lists: no server could be accepted); and what net->open
 * gives.
 *
 * The codes of a FAILED result: those of the link (net/link.h: connect-refused, tls-..., end), of
 * V7 and V3 on the server's certificate (server-unknown, server-role, cert-expired), and
 *     capf-protocol, capf-length, capf-element-..., capf-...   the codec's, for what it received
 *     capf-session        a message of another session
 *     capf-endless        more than RF_ENROL_MESSAGES_MAX messages
 *     capf-version        the server speaks another version than 2 or 3
 *     capf-cert-missing, capf-cert-type   a store request without certificate, or not for an LSC
 *     capf-retry-later    the server asks for that
 *     capf-command        a message that does not fit here, or of unknown content
 *     capf-refused        end session with another reason than success (in `reason`)
 *     capf-unknown-device end session with reason 9
 *     capf-early-end      end session with reason 1 though nothing was done
 *     answer-timeout      the server said nothing for too long
 *     keygen-type, keygen-size, keygen-curve   a key we do not make
 *     key-generate, proof-..., sign-failed     the worker's
 *     key-cert-mismatch   the certificate is not for the key we made
 *     cert-name           ... nor for this device (its CN or SAN; the text says what it has)
 *     cert-validity, cert-expired, cert-not-yet, leaf-is-ca, key-usage, cert-...   unusable
 *     no-pending-key      a certificate came, and there is no key it could belong to
 *     flash               writing failed (the cause is in the text)
 *     busy                the worker has no room
 *     aborted             rf_enrol_abort
 */
RF_MUST_CHECK enum rf_err rf_enrol_start(const struct rf_enrol_conf *conf, struct rf_enrol **out,
                                         struct rf_why *why);
/** The user gives up: the session ends, on_done comes with code aborted. A certificate that is
 * being stored at this moment is stored whole or not at all. */
void rf_enrol_abort(struct rf_enrol *enrol);
/** Drop it without a word and without on_done. A job on the worker finishes by itself. NULL is
 * fine. */
void rf_enrol_free(struct rf_enrol *enrol);

/** For the grid test and tools/fsm-dot. */
const struct rf_fsm_def *rf_enrol_fsm_def(void);
const char *rf_enrol_fsm_action_name(rf_fsm_action action);

#endif
