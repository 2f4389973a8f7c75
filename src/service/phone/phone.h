/* SPDX-License-Identifier: Apache-2.0 */
/* A phone: it verifies the firmware it runs, gets and judges trust lists and its configuration,
 * changes its firmware, enrols, registers and calls; and when the server says so it begins anew.
 * No globals, never blocks: files, signatures and keys are the worker's, which many phones share.
 *
 *     struct rf_phone_conf conf = {.flash_dir = "phones/SEP001122334455", .fetch = rf_fetch_real(),
 *                                  .fetcher = fetcher, .net = rf_phone_link_real(), ...};
 *     phone = rf_phone_new(&conf);
 *     rf_phone_start(phone);
 *     ...events by conf.on_event...
 *     rf_phone_stop(phone);       RF_PHONE_STOPPED comes, then rf_phone_free(phone)
 *
 * What it believes, in short: firmware under an image key of its flash, in the active slot or not
 * at all; the first trust list on first use, each later one under a list it has; a configuration
 * under a list, made out to itself; a server that stands in a list with the role it plays. Whatever
 * is refused is named (event and status message), changes nothing on flash, and goes to the call
 * manager as an Alarm with the next registration.
 *
 * Points at which tests end the process (rf_crash_point): image.fetched, image.cleared,
 * image.half-written, image.written, image.switched. At each of them the flash boots one whole
 * load: the old one up to image.written, the new one after image.switched. And image.keys, when the
 * new one has handed on its keys.
 *
 * Thread: that of the loop that runs `timers` and reads `answers`.
 * doc: docs/ringphone.md; docs/security-rules.md, "Files", "Firmware", "Boot states" */
#ifndef SERVICE_PHONE_PHONE_H
#define SERVICE_PHONE_PHONE_H

#include "base/secret.h"
#include "base/worker.h"
#include "service/phone/ask_tvs.h"
#include "service/phone/enrol.h"
#include "service/phone/fetch.h"
#include "service/phone/flash.h"
#include "service/phone/station.h"
#include "wire/fwpart/fwpart.h"

/* Used where a member of the configuration is 0. */
#define RF_PHONE_RETRY_FIRST_MS 15000u
#define RF_PHONE_RETRY_MAX_MS   600000u
#define RF_PHONE_LOAD_MAX       ((size_t)96 * 1024 * 1024) /* all components of one load */
#define RF_PHONE_ROUNDS         4u /* the whole list of call managers failed so often: get anew */
#define RF_PHONE_VALUES_MAX     24
/** A key that takes longer than this at the boot is made beside the work: the phone registers with
 * what it has. */
#define RF_PHONE_BESIDE_MS 20000u
/** The settings are locked again when nothing was done in them for so long. */
#define RF_PHONE_UNLOCKED_MS 600000u
/** Wrong passwords in a row; then none is taken for RF_PHONE_UNLOCK_PAUSE_MS. */
#define RF_PHONE_UNLOCK_TRIES    5u
#define RF_PHONE_UNLOCK_PAUSE_MS 60000u

enum rf_phone_event_kind {
    RF_PHONE_BOOT,         /* the running firmware was verified: slot, load, version, hardware */
    RF_PHONE_SLOT_REFUSED, /* a slot did not verify: slot, code, why */
    RF_PHONE_HALTED,       /* it cannot go on: code, why. Only stop is left */
    RF_PHONE_IMAGE_KEYS,   /* the firmware brought other keys for the next one: generation, keys */
    RF_PHONE_STATUS,       /* a status message: text */
    RF_PHONE_FETCH,        /* file, result, bytes */
    RF_PHONE_LIST,         /* a trust list was taken: list, action, signer, fingerprint */
    RF_PHONE_LIST_REFUSED,
    RF_PHONE_TVS, /* TVS was asked, or had been: server, cert, roles, ttl_s, kept; or code, why */
    RF_PHONE_CONFIG, /* a configuration is in use: file, mode, load, signer */
    RF_PHONE_CONFIG_REFUSED,
    RF_PHONE_FILE, /* a file beside it was taken: file, kind, action, sha256 */
    RF_PHONE_FILE_REFUSED,
    RF_PHONE_LOAD_WANTED, /* the configuration names another firmware */
    RF_PHONE_LOAD_PART,   /* one file of it was verified: file, bytes, sha256 */
    RF_PHONE_LOAD_REFUSED,
    RF_PHONE_LOAD_INSTALLED, /* written, verified as a whole, and made the one that boots */
    RF_PHONE_ENROL,          /* an enrolment begins: server, mode, try */
    RF_PHONE_ENROL_STEP,
    RF_PHONE_ENROL_DONE, /* outcome, and what is in use now */
    RF_PHONE_REFUSED,    /* it will not register as things are: code, why */
    RF_PHONE_DISPLAY,    /* what the firmware has to show: key, text */
    RF_PHONE_SOUND,      /* what it has to be heard: kind, name, on, samples, sha256 */
    RF_PHONE_STATION,    /* `station` says it */
    RF_PHONE_SERVICE,    /* a page of a service came, or did not: url, result, by; code, why */
    RF_PHONE_WAIT, /* nothing is left to try, or the server resets it again and again: wait_ms until
                    * it begins anew */
    RF_PHONE_STOPPED,
    RF_PHONE_EVENT_N
};
/** "boot", "slot-refused", ... A constant. */
const char *rf_phone_event_name(enum rf_phone_event_kind kind);

enum rf_phone_value_type { RF_PHONE_TEXT, RF_PHONE_NUMBER, RF_PHONE_FLAG };
struct rf_phone_value {
    const char *key;
    enum rf_phone_value_type type;
    const char *text;
    int64_t number; /* NUMBER, and FLAG: 0 or 1 */
};

/** Borrowed for the time of the call. `name` is that of the kind, or of the station's event. */
struct rf_phone_event {
    enum rf_phone_event_kind kind;
    const char *name;
    size_t n;
    struct rf_phone_value value[RF_PHONE_VALUES_MAX];
    const struct rf_station_event *station; /* RF_PHONE_STATION, else NULL */
};
/** The value of a key, or NULL. */
const struct rf_phone_value *rf_phone_event_value(const struct rf_phone_event *event,
                                                  const char *key);

/** The halves that talk to servers, so that tests give their own. Functions as in enrol.h and
 * station.h. */
struct rf_phone_parts {
    enum rf_err (*enrol_start)(const struct rf_enrol_conf *conf, struct rf_enrol **out,
                               struct rf_why *why);
    void (*enrol_abort)(struct rf_enrol *enrol);
    void (*enrol_free)(struct rf_enrol *enrol);
    struct rf_ask_tvs *(*ask_tvs_start)(const struct rf_ask_tvs_conf *conf);
    void (*ask_tvs_free)(struct rf_ask_tvs *ask);
    enum rf_err (*station_new)(const struct rf_station_conf *conf, struct rf_station **out,
                               struct rf_why *why);
    void (*station_start)(struct rf_station *st);
    void (*station_stop)(struct rf_station *st);
    void (*station_free)(struct rf_station *st);
    void (*station_alarm)(struct rf_station *st, enum rf_sccp_alarm_severity severity,
                          enum rf_sccp_alarm_reason number, const char *text);
    void (*station_status)(const struct rf_station *st, struct rf_station_status *out);
};
const struct rf_phone_parts *rf_phone_parts_real(void);

struct rf_phone_conf {
    const char *flash_dir;
    const struct rf_fetch_ops *fetch; /* rf_fetch_real() */
    void *fetcher;
    const struct rf_secret *device_secret; /* its keys are encrypted under it; NULL: they are not.
                                            * A copy is taken */
    const struct rf_secret *auth_string;   /* typed by the user; NULL: none. A copy is taken */
    unsigned sccp_version;                 /* announced; 0: 22 */
    const char *min_load_version; /* firmware below it is refused, as below the one that the flash
                                   * keeps; NULL: none */
    bool no_clock;    /* the machine's time is not to be believed: no time stamp is in the future */
    bool allow_sha1;  /* weak: take files signed with SHA-1, as old servers sign them */
    bool bare_digest; /* weak: CAPF proofs without DigestInfo */
    bool no_ec;       /* a model that makes no EC keys */
    bool has_file_rollback;         /* else as the flash keeps it */
    enum rf_rollback file_rollback; /* a file older than the stored one */
    const char *keylog_path;        /* debugging; NULL: none */

    /* 0: default */
    uint32_t retry_first_ms; /* also of the station */
    uint32_t retry_max_ms;
    uint32_t enrol_retry_ms; /* RF_ENROL_RETRY_MS */
    uint32_t rounds;
    size_t load_max;
    uint32_t enrol_beside_ms; /* RF_PHONE_BESIDE_MS */
    uint32_t key_delay_ms;    /* for tests: a key takes so much longer to make */

    const struct rf_phone_parts *parts;  /* rf_phone_parts_real() */
    const struct rf_phone_link_ops *net; /* rf_phone_link_real() */
    void *net_arg;                       /* the loop */
    const struct rf_clock *clock;
    struct rf_timers *timers;
    struct rf_worker *worker;
    struct rf_worker *key_worker; /* as in enrol.h; NULL: none */
    struct rf_mailbox *answers; /* the loop's; its reader does not matter, but NULL means the end */
    const struct rf_station_media_ops *media;
    void *media_arg;
    struct rf_media_clip *clip; /* said in each call; NULL: silence */
    uint32_t record_max;
    struct rf_media_codecs codecs; /* as in station.h */
    void (*on_event)(void *arg, const struct rf_phone_event *event);
    void *arg;
};

struct rf_phone;

/** Texts are copied, all else is borrowed as long as the phone lives. */
struct rf_phone *rf_phone_new(const struct rf_phone_conf *conf);
/** Switch it on. */
void rf_phone_start(struct rf_phone *phone);
/** Switch it off: it unregisters, and RF_PHONE_STOPPED comes when nothing of it is left on the
 * worker. */
void rf_phone_stop(struct rf_phone *phone);
/** After RF_PHONE_STOPPED (from inside that event too late: later), or after the worker was
 * stopped. NULL is fine. */
void rf_phone_free(struct rf_phone *phone);

/** The device name, or "" before the flash was read. Borrowed. */
const char *rf_phone_device(const struct rf_phone *phone);
/** For what a user does (station.h); NULL while it does not talk to call managers. */
struct rf_station *rf_phone_station(struct rf_phone *phone);
/**
 * Open a page of a service by HTTPS: a URL, or one that the configuration names ("services",
 * "directory", "information", "messages"). The server's certificate must stand in the lists as
 * application server, or TVS has to vouch for it as one; RF_PHONE_SERVICE tells what came of it.
 *
 * Returns RF_OK; RF_ERR_DENIED not-registered; RF_ERR_AGAIN service-busy (one at a time);
 * RF_ERR_NOT_FOUND service-none (the configuration names no such service); codes of rf_page_open.
 */
RF_MUST_CHECK enum rf_err rf_phone_open(struct rf_phone *phone, const char *what,
                                        struct rf_why *why);
/* The settings, for whoever has the phone in his hands. All refuse with RF_ERR_DENIED: settings-off
 * (settingsAccess 0), settings-restricted (2), settings-locked. */

/** Open them: with the keys "**#", or with the password where the configuration has one (RF_ERR_BAD
 * settings-keys; RF_ERR_DENIED settings-password; RF_ERR_AGAIN settings-pause after too many). They
 * are locked again by rf_phone_lock, by a boot, or RF_PHONE_UNLOCKED_MS after the last use. */
RF_MUST_CHECK enum rf_err rf_phone_unlock(struct rf_phone *phone, struct rf_slice typed,
                                          struct rf_why *why);
/** Nothing when they are locked. */
void rf_phone_lock(struct rf_phone *phone);
/** Get or renew the LSC, beside all else that the phone does: by this authentication string; NULL:
 * as the configuration says, by the certificate in use when it says nothing. The enrolment's events
 * follow. With a new pair the phone registers anew, as soon as no call is up.
 * RF_ERR_AGAIN enrol-busy; RF_ERR_DENIED not-now (it has neither a station nor a stub of its
 * configuration to wait with);
 * RF_ERR_NOT_FOUND enrol-no-server; codes of rf_enrol_start. */
RF_MUST_CHECK enum rf_err rf_phone_lsc_update(struct rf_phone *phone,
                                              const struct rf_secret *auth_string,
                                              struct rf_why *why);
/** End an enrolment, whoever began it: what was in use stays, and so does the server's order.
 * RF_ERR_NOT_FOUND enrol-none. Needs no unlocking. */
RF_MUST_CHECK enum rf_err rf_phone_lsc_abort(struct rf_phone *phone, struct rf_why *why);
/** Forget CTL and ITL, lock, and get them anew: the next ones are taken on first trust.
 * RF_ERR_DENIED not-now, in-call. */
RF_MUST_CHECK enum rf_err rf_phone_trust_erase(struct rf_phone *phone, struct rf_why *why);
/** Leave the call manager and boot. RF_ERR_DENIED not-now, in-call. Needs no unlocking. */
RF_MUST_CHECK enum rf_err rf_phone_restart(struct rf_phone *phone, struct rf_why *why);

/** What its menu shows; borrowed until anything happens. */
struct rf_phone_view {
    const char *state; /* of its table: "RUN", ... */
    bool is_registered;
    bool is_fallback; /* at a router: no call manager is there */
    bool is_unlocked;
    bool has_password; /* the configuration wants one */
    uint32_t settings_access;
    bool is_enrolling;
    const char *enrol_step; /* the last one; "" */
    uint32_t enrol_try;
    bool keys_wait;                       /* a new pair is on flash, and a call is up */
    enum rf_phonexml_capf_mode capf_mode; /* what the configuration says */
    const struct rf_cert *mic, *lsc;      /* NULL: none */
};
void rf_phone_look(const struct rf_phone *phone, struct rf_phone_view *out);

/** What the running firmware has: the text of display.<name> and a sound; an empty slice or NULL
 * when it has none, or none is running. Borrowed until the next boot. */
struct rf_slice rf_phone_display(const struct rf_phone *phone, const char *name);
const struct rf_fwpart_sound *rf_phone_sound(const struct rf_phone *phone,
                                             enum rf_fwpart_sound_kind kind, const char *name);

/** For the grid test and tools/fsm-dot. */
const struct rf_fsm_def *rf_phone_boot_fsm_def(void);
const char *rf_phone_boot_action_name(rf_fsm_action action);

#endif
