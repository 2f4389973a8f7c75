/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the phone's boot half share; private to the folder. */
#ifndef SERVICE_PHONE_PHONE_INT_H
#define SERVICE_PHONE_PHONE_INT_H

#include "service/phone/page.h"
#include "service/phone/phone.h"
#include "trust/image.h"
#include "trust/image_keys.h"
#include "wire/phonexml/phonelist.h"
#include "wire/phonexml/phonexml.h"

/* doc: docs/security-rules.md, "Boot states" (B10): secure, but no list */
#define PHONE_LIST_ROUNDS 4u
/* there (C1): at most three tries in a boot */
#define PHONE_ENROL_TRIES 3u
/* Call managers of the configuration that are used. */
#define PHONE_CMS_MAX 3u
/* Routers of the configuration that are used, behind them. */
#define PHONE_SRST_MAX 2u
/* Resets that are followed at once, in a minute; later ones wait, so that a server which resets
 * whoever registers is not asked in a tight loop. */
#define PHONE_RESETS_MAX 5u
#define PHONE_RESETS_MS  60000u
/* Changes of firmware before the phone has registered again: two servers, or two files, that name
 * each other's load must not wear out the flash. */
#define PHONE_INSTALLS_MAX 3u
/* Refusals told to the call manager at one registration. */
#define PHONE_ALARMS_MAX 4u

/* States and events: the table is in boot_fsm.c. Names begin with the state of
 * docs/security-rules.md, "Boot states". */
#define PHONE_STATES(X)                                                                            \
    X(OFF)                                                                                         \
    X(B0_VERIFY) /* the worker verifies the slot and reads the flash */                            \
    X(B_REC)     /* nothing to run: only stop is left */                                           \
    X(B4_CTL)    /* waiting for the CTL */                                                         \
    X(B4V_CTL)   /* the worker judges it */                                                        \
    X(T1_CTL)    /* its signer is unknown: TVS is asked */                                         \
    X(B5_ITL)                                                                                      \
    X(B5V_ITL)                                                                                     \
    X(T1_ITL)                                                                                      \
    X(B7_CONFIG) /* waiting for the configuration */                                               \
    X(B7V_CONFIG)                                                                                  \
    X(B6_DECIDE)  /* full, or a stub? Then waiting for the encrypted file */                       \
    X(B6V_DECIDE) /* the worker judges that */                                                     \
    X(B8_DECIDE)  /* another load? */                                                              \
    X(B8_LOADS)   /* waiting for the list of the new load */                                       \
    X(B8V_LOADS)                                                                                   \
    X(B8_PART) /* waiting for a component of it */                                                 \
    X(B8V_PART)                                                                                    \
    X(B8_INSTALL)  /* the worker writes the slot, verifies it, switches */                         \
    X(AUX_FILE)    /* waiting for a file beside the configuration */                               \
    X(AUXV_FILE)   /* the worker judges it */                                                      \
    X(B9_DECIDE)   /* enrol? */                                                                    \
    X(C1_CAPF)     /* an enrolment runs */                                                         \
    X(C1_PAUSE)    /* until the next try */                                                        \
    X(C1_KEYS)     /* the worker reads the new pair */                                             \
    X(B10_DECIDE)  /* register, and how? */                                                        \
    X(R1_REGISTER) /* the station tries its servers */                                             \
    X(RUN)                                                                                         \
    X(R_LEAVE) /* the station has left; then boot, lists or configuration */                       \
    X(R_WAIT)  /* back-off */                                                                      \
    X(STOPPING)                                                                                    \
    X(STOPPED)

#define PHONE_EVENTS(X)                                                                            \
    X(START)                                                                                       \
    X(STOP)                                                                                        \
    X(READY)    /* flash and keys were read */                                                     \
    X(DAMAGED)  /* they cannot be used */                                                          \
    X(UNREAD)   /* a slot could not be read: perhaps the next time */                              \
    X(BUSY)     /* the worker has no room, or no socket was to be had */                           \
    X(GOT)      /* a file came */                                                                  \
    X(MISSING)  /* the server has no such file */                                                  \
    X(FAILED)   /* it could not be fetched */                                                      \
    X(ACCEPTED) /* what came was verified, and is in use */                                        \
    X(REFUSED)  /* what came was not believed; all is as it was */                                 \
    X(ASK_TVS)  /* the lists do not know its signer, and there is a TVS to ask */                  \
    X(VOUCHED)  /* TVS vouches for the signer */                                                   \
    X(ENOUGH)   /* no other name to ask for */                                                     \
    X(FULL)     /* the configuration is complete */                                                \
    X(OTHER_LOAD)                                                                                  \
    X(SAME_LOAD)                                                                                   \
    X(AS_STORED) /* no fresh configuration: go on with the stored one */                           \
    X(NEXT_PART)                                                                                   \
    X(ALL_PARTS)                                                                                   \
    X(INSTALLED)                                                                                   \
    X(TO_STUB) /* the encrypted one is for another key */                                          \
    X(NEXT_FILE)                                                                                   \
    X(ALL_FILES)                                                                                   \
    X(ENROL)                                                                                       \
    X(NO_ENROL)                                                                                    \
    X(CHANGED) /* another certificate is in use, or the lists are gone */                          \
    X(AGAIN)   /* worth another try */                                                             \
    X(REGISTER)                                                                                    \
    X(NO_LISTS) /* a secure mode, and no call manager in the lists */                              \
    X(GIVE_UP)                                                                                     \
    X(REGISTERED)                                                                                  \
    X(LOST)                                                                                        \
    X(ROUNDS) /* all call managers failed, again and again */                                      \
    X(RESET)  /* the server wants the phone to begin anew */                                       \
    X(TO_BOOT)                                                                                     \
    X(TO_LISTS)                                                                                    \
    X(TO_CONFIG)                                                                                   \
    X(TO_KEYS)                                                                                     \
    X(BESIDE)  /* the key takes long: go on with what there is */                                  \
    X(LEFT)    /* the station is through */                                                        \
    X(DRAINED) /* nothing of this phone is left on the worker */                                   \
    X(T_RETRY)                                                                                     \
    X(T_NOW)

enum phone_state {
#define PHONE_STATE_ENUM(name) PHONE_##name,
    PHONE_STATES(PHONE_STATE_ENUM)
#undef PHONE_STATE_ENUM
        PHONE_STATE_N
};

enum phone_ev {
#define PHONE_EVENT_ENUM(name) PHONE_EV_##name,
    PHONE_EVENTS(PHONE_EVENT_ENUM)
#undef PHONE_EVENT_ENUM
        PHONE_EV_N
};

/** Work for the worker. The derived struct begins with it. Inputs are the job's own. */
struct phone_job {
    struct rf_job job;
    struct rf_phone *phone; /* loop's thread only; NULL when it is gone */
    struct phone_job *next;
    enum rf_err (*work)(struct phone_job *job, struct rf_why *why);
    void (*done)(struct rf_phone *p, struct phone_job *job);
    void (*release)(struct phone_job *job); /* what the derived struct owns; may be NULL */
    enum rf_err err;
    struct rf_why why;
};

/** The verified load that runs, and what is in it. */
struct phone_firmware {
    struct rf_load load;
    char name[RF_PHONEXML_NAME_SIZE]; /* as loadInformation has it: without ".loads" */
    struct rf_fwpart_app app;         /* borrows from load.app_body */
    struct rf_buf snd_file;
    struct rf_fwpart_snd snd;    /* borrows from snd_file */
    struct rf_image_keys brings; /* of its rfkeys, for the firmware after it; list.n 0: none */
};
void phone_firmware_free(struct phone_firmware *fw);

/** A load on its way: in memory until all of it was verified. */
struct phone_update {
    char name[RF_PHONEXML_NAME_SIZE];
    char loads_name[RF_LOADS_NAME_MAX + 1];
    struct rf_load list;                      /* of rf_load_open */
    size_t at;                                /* component being fetched */
    size_t total;                             /* bytes of all so far */
    struct rf_buf part[RF_LOADS_ENTRIES_MAX]; /* empty: an optional one that is not there */
    struct rf_image_info info;                /* of the one verified last */
    char signer[RF_LOADS_ENTRIES_MAX][65];    /* fingerprints of the keys that signed them */
    unsigned app_n;
    char version[64];            /* of its rfapp */
    struct rf_image_keys brings; /* of its rfkeys; list.n 0: none */
    char failed_file[RF_LOADS_NAME_MAX + 1];
};
void phone_update_free(struct phone_update *u);

/** A file beside the configuration. */
enum phone_file_kind {
    PHONE_FILE_LOCALE,
    PHONE_FILE_TONES,
    PHONE_FILE_DIAL,
    PHONE_FILE_SOFTKEYS,
    PHONE_FILE_FEATURES,
    PHONE_FILE_RINGS, /* the list, and what it names */
    PHONE_FILE_RING,
    PHONE_FILE_IMAGES,
    PHONE_FILE_IMAGE,
};
struct phone_file {
    enum phone_file_kind kind;
    bool is_enough; /* the stored one does */
    char name[RF_PHONELIST_NAME_SIZE];
};
/* Five that the configuration names, two lists, and what those name. */
#define PHONE_FILES_MAX (7 + 3 * RF_PHONELIST_MAX)
/** Those of one retrieval. */
struct phone_files {
    size_t n, at;
    bool is_cut; /* not all of them were to be had: nothing is said of the others */
    struct phone_file file[PHONE_FILES_MAX];
};
/** "locale", "ring-list" ... */
const char *phone_file_kind_name(enum phone_file_kind kind);

/** Which of them a model has; NULL: it has none. */
struct phone_model_files {
    const char *locale;  /* below the folder of the language */
    const char *tones;   /* below the folder of the country */
    const char *desktop; /* below Desktops/ */
};
const struct phone_model_files *phone_model_files(const char *model);

/** What became of one list in this retrieval. */
struct phone_list_note {
    bool was_there;
    bool is_new; /* another one than before */
    bool is_refused;
};

/** What TVS vouched for, until its answers are old; the eldest goes first. */
#define PHONE_TVS_KEPT_MAX 8u
struct phone_tvs_cache {
    struct phone_tvs_answer {
        uint8_t sha256[32];
        uint32_t roles;
        uint64_t until_ms; /* by the clock that is never set; 0: free */
    } item[PHONE_TVS_KEPT_MAX];
};

/** A page of a service that is being opened. */
struct phone_service {
    char *url;
    struct rf_page *page;
    struct rf_ask_tvs *ask;
    struct rf_cert *cert; /* the server's, that the lists do not know as such: TVS is asked */
    bool is_vouched;      /* ... and has said yes */
    char server[RF_ADDRESS_TEXT_MAX + 8];
    const char *by; /* who knew the server: "list", "tvs", NULL */
    char fingerprint[65];
};

struct phone_alarm {
    enum rf_sccp_alarm_reason number;
    char text[61];
};

/** The settings of the running phone: phone_user.c. */
struct phone_settings {
    bool is_open;
    rf_timer_id timer;
    uint32_t wrong; /* passwords in a row */
    uint64_t pause_until_ms;
};

struct rf_phone {
    struct rf_phone_conf conf;
    struct rf_secret auth;
    struct rf_secret device_secret; /* until the flash has it */
    struct rf_fsm fsm;
    struct phone_job *jobs; /* on the worker or on their way back */
    rf_timer_id timer;
    uint32_t boots;
    uint32_t wait_ms; /* next back-off, before the random factor */

    /* the flash */
    struct rf_flash *flash; /* as long as the phone: jobs and an enrolment use it */
    struct rf_image_keys image_keys;
    struct rf_flash_options options;
    enum rf_flash_slot slot; /* it runs from */
    struct phone_firmware *firmware;
    struct rf_flash_state state;
    struct rf_lists lists;
    struct rf_phone_id mic;
    struct rf_phone_id lsc; /* cert NULL: none */

    /* the configuration in use */
    struct rf_phonexml *config; /* full, or NULL */
    struct rf_phonexml *stub;   /* of an encrypted one, until that has come */
    bool is_config_fresh;       /* came in this retrieval */
    bool is_config_verified;    /* was signed by one in the lists */

    /* this retrieval */
    void *fetch;
    char file[RF_FETCH_NAME_MAX + 1]; /* name asked for */
    struct rf_buf got;
    enum rf_fetch_result got_result;
    enum rf_fetch_via got_via;
    struct rf_why got_why;
    struct phone_list_note note[2];
    bool is_common_itl;
    bool is_default_asked;
    bool is_enc_asked; /* the encrypted one, without having seen a stub */
    uint32_t list_rounds;
    struct rf_ask_tvs *ask;
    struct rf_cert *asked;   /* the signer in question */
    struct rf_cert *vouched; /* TVS vouched for it as a signer of lists */
    struct phone_tvs_cache tvs_cache;
    struct phone_settings settings;
    struct phone_service *service; /* NULL: none is being opened */
    struct phone_update *update;
    struct phone_files *files;                /* beside the configuration, while they are fetched */
    char refused_load[RF_PHONEXML_NAME_SIZE]; /* not tried again before a reset */
    char installed_load[RF_PHONEXML_NAME_SIZE];
    uint32_t installs; /* since it last registered or was reset */

    /* talking */
    struct rf_enrol *enrol;
    bool is_enrol_beside;          /* beside all else: the table does not wait for it */
    bool is_enrol_by_user;         /* whose string is good for this enrolment only */
    rf_timer_id beside_timer;      /* its next try */
    enum rf_enrol_mode enrol_mode; /* of the user; 0: as the configuration says */
    enum rf_enrol_step enrol_step;
    bool has_enrol_step;
    bool keys_wait; /* a new pair is on flash: used as soon as no call is up */
    uint32_t enrol_tries;
    uint32_t rekeys;       /* sessions because a file was for another key, in this boot */
    bool is_enrolled;      /* in this boot: once is enough */
    bool has_sent_key;     /* in the session that is, or was the last */
    bool wants_new_key;    /* the one that was sent may be why the last try was refused */
    bool is_enrol_refused; /* not tried again before a reset */
    bool is_unconfirmed; /* an LSC was stored in this boot, and the server did not say that it knows
                          */
    size_t capf_at;
    struct rf_station *station;
    struct rf_cert *srst_cert; /* of the routers in the configuration; NULL: none that counts */
    bool is_srst_clear_told, is_srst_cert_told; /* once for each station */
    uint32_t rounds;
    enum phone_ev leave_to;
    uint64_t leave_ms; /* held off so long */
    uint32_t resets;   /* since resets_at_ms */
    uint64_t resets_at_ms;
    size_t alarm_n;
    struct phone_alarm alarm[PHONE_ALARMS_MAX];
    enum rf_sccp_alarm_reason start_reason;
};

/* phone.c */
/** An event of the machine: run now, or after the action that runs. */
void phone_event(struct rf_phone *p, enum phone_ev ev);
/** Hand a job to the worker; refused: it is released and the machine gets BUSY. */
void phone_job_post(struct rf_phone *p, struct phone_job *take_job);
const char *phone_label(const void *self);
void phone_timer(struct rf_phone *p, uint64_t ms, enum phone_ev ev);
/** Wait for the next try: doubled each time, times 0.75 to 1.25. */
uint64_t phone_backoff(struct rf_phone *p);
int64_t phone_now_s(const struct rf_phone *p);
/** No earlier can it be now (boot_way.c). */
int64_t phone_floor_s(const struct rf_phone *p);
/** The knob for files that are older than the stored ones. */
enum rf_rollback phone_rollback(const struct rf_phone *p);

/* phone_events.c */
struct phone_values {
    struct rf_phone_event event;
};
void phone_values_start(struct phone_values *v, enum rf_phone_event_kind kind);
void phone_add(struct phone_values *v, const char *key, const char *text); /* NULL: left out */
void phone_add_n(struct phone_values *v, const char *key, int64_t number);
void phone_add_flag(struct phone_values *v, const char *key, bool flag);
void phone_add_why(struct phone_values *v, const struct rf_why *why);
/** Taken, and not all of its header or records was understood: a warning in the log, "odd" in the
 * event. */
void phone_add_odd(struct rf_phone *p, struct phone_values *v, const char *file, bool is_minor,
                   size_t unknown_n);
void phone_emit(struct rf_phone *p, const struct phone_values *v);
void phone_emit_station(struct rf_phone *p, const struct rf_station_event *ev);
/** A status message: kept on flash, told, logged. */
void phone_status(struct rf_phone *p, const char *fmt, ...) RF_PRINTF(2, 3);
/** Something was refused: the call manager will be told. */
void phone_alarm(struct rf_phone *p, enum rf_sccp_alarm_reason number, const char *fmt, ...)
    RF_PRINTF(3, 4);
/** What the firmware has to show for this key, if it has anything. */
void phone_display(struct rf_phone *p, const char *key);
/** What the firmware rings or plays, if it has that sound. */
void phone_sound(struct rf_phone *p, enum rf_fwpart_sound_kind kind, const char *name, bool is_on);

/* boot_jobs.c: each posts a job whose end is an event of the machine */
void phone_do_boot(struct rf_phone *p);
void phone_do_list(struct rf_phone *p, enum rf_list_kind kind);
void phone_do_keys(struct rf_phone *p);
/** Erase the lists on flash; CHANGED comes, or what went wrong is told. */
void phone_do_erase(struct rf_phone *p);
void phone_do_status(struct rf_phone *p, const char *text);
void phone_do_barrier(struct rf_phone *p);

/* boot_verify.c: signed files from the network */
struct phone_trust {
    struct rf_lists lists;           /* references of its own */
    struct rf_sigfile_policy policy; /* name and previous file are filled in */
    bool sha512_sticks;
    struct rf_flash_state state; /* who signed with SHA-512 is noted here */
    bool has_noted;
};
struct phone_trust phone_trust_of(const struct rf_phone *p);
void phone_trust_fini(struct phone_trust *t);
/** The stored file in whose place this one would go. */
struct phone_previous {
    bool is_there;
    uint32_t timestamp;
    char signer[65]; /* one of another signer is neither older nor newer; "": not known */
};
/** rf_lists_verify_file by the rules of this phone; worker. `signer` gets the fingerprint. */
RF_MUST_CHECK enum rf_err phone_verify(struct phone_trust *t, struct rf_slice file,
                                       const char *name, const struct phone_previous *previous,
                                       struct rf_sigfile_info *out, char signer[65],
                                       struct rf_why *why);

/* boot_tvs.c */
/** There is somebody to ask about this certificate: it is kept as the one in question. */
bool phone_may_ask_tvs(struct rf_phone *p, struct rf_cert *cert);
/** An answer that is not too old, and does it give this role? */
bool phone_tvs_knows(const struct rf_phone *p, const struct rf_cert *cert, uint32_t *roles);
/** Does the configuration name a TVS, and do the lists know one? */
bool phone_has_tvs(const struct rf_phone *p);
/** Ask about a certificate; on_done has the phone for its argument. */
struct rf_ask_tvs *phone_tvs_ask(struct rf_phone *p, struct rf_cert *cert,
                                 void (*on_done)(void *arg,
                                                 const struct rf_ask_tvs_result *result));
void phone_tvs_keep(struct rf_phone *p, const struct rf_cert *cert, uint32_t roles, uint32_t ttl_s);
void phone_tvs_tell(struct rf_phone *p, const struct rf_cert *cert,
                    const struct rf_ask_tvs_result *r, bool is_kept);
void phone_tvs_end(struct rf_phone *p);

/* boot_aux.c */
/** Read and judge a stored file beside the configuration; worker. `signer` gets the fingerprint. */
RF_MUST_CHECK enum rf_err phone_file_stored(const struct rf_flash *flash,
                                            const struct rf_lists *lists, const char *name,
                                            struct rf_buf *file, struct rf_sigfile_info *out,
                                            char signer[65], struct rf_why *why);

/* boot_servers.c */
/** The servers of the configuration in use, with the certificate of its routers, which is the
 * phone's until phone_servers_end. */
void phone_servers_fill(struct rf_phone *p, struct rf_station_conf *conf);
void phone_servers_end(struct rf_phone *p);
/** Status messages of a router: in use, or why not. */
void phone_srst_tell(struct rf_phone *p, const struct rf_station_event *ev);

/* boot_config.c */
void phone_do_config(struct rf_phone *p);
/** SHA-256 as 64 hex digits. */
void phone_sha256_text(struct rf_slice bytes, char out[65]);
/** What opens a stored configuration: the key of the certificate in use one that came encrypted,
 * the MIC's one that the phone sealed. */
struct phone_keys {
    struct rf_key *own;
    const struct rf_key *mic;
};
/** Read and judge the stored configuration; worker. RF_ERR_NOT_FOUND: none. */
RF_MUST_CHECK enum rf_err phone_config_stored(const struct rf_flash *flash,
                                              const struct rf_lists *lists,
                                              const struct rf_flash_state *state,
                                              const struct phone_keys *keys,
                                              struct rf_phonexml **out, struct rf_why *why);

/* boot_seal.c: a configuration that TLS vouched for, as it lies on flash */
bool phone_is_sealed(struct rf_slice file);
RF_MUST_CHECK enum rf_err phone_seal(const struct rf_key *mic, const char *device,
                                     struct rf_slice bytes, struct rf_buf *out, struct rf_why *why);
/** Append what was sealed by this phone. RF_ERR_CRYPTO stored-seal: by another one, or changed.
 * Release `out` with rf_buf_wipe. */
RF_MUST_CHECK enum rf_err phone_unseal(const struct rf_key *mic, const char *device,
                                       struct rf_slice file, struct rf_buf *out,
                                       struct rf_why *why);

/* boot_update.c: judging a new load and installing it; worker, or a command */
/** By what a load is judged. */
struct phone_judge {
    const struct rf_flash *flash;
    const struct rf_image_keys *keys;
    const char *min_version; /* "": no floor */
    bool has_running;        /* a phone runs: from this slot */
    enum rf_flash_slot running;
};
/** The list, named u->loads_name: codes of rf_load_open. u->list.loads is what else it takes. */
RF_MUST_CHECK enum rf_err phone_update_list(struct phone_update *u, const struct phone_judge *j,
                                            struct rf_slice file, struct rf_why *why);
/** Component u->at. The file is taken on RF_OK only. Codes of rf_image_verify and of fwpart,
 * image-size, image-digest, image-hardware, image-version, image-keys. */
RF_MUST_CHECK enum rf_err phone_update_part(struct phone_update *u, const struct phone_judge *j,
                                            struct rf_buf *take_file, struct rf_why *why);
/** All components are there: write them to the slot that does not run and switch. image-app,
 * image-keys, slot-unread: nothing was written. */
RF_MUST_CHECK enum rf_err phone_update_install(const struct phone_update *u,
                                               const struct phone_judge *j,
                                               struct rf_flash_boot *boot, struct rf_why *why);

/* boot_image.c */
void phone_do_loads(struct rf_phone *p);
void phone_do_part(struct rf_phone *p);
void phone_do_install(struct rf_phone *p);
/** Verify a slot and read what is in it; worker. `min_version` "": no floor. */
RF_MUST_CHECK enum rf_err phone_firmware_open(const struct rf_flash *flash, enum rf_flash_slot slot,
                                              const char *loads_name,
                                              const struct rf_image_keys *keys,
                                              const char *min_version, struct phone_firmware **out,
                                              struct rf_why *why);
/** The higher of the floor asked for (may be NULL) and the stored one; "": none. */
void phone_floor(const char *asked, const struct rf_flash_options *options,
                 char out[RF_FLASH_VERSION_SIZE]);
/** "rf-1.loads" as loadInformation has it: "rf-1". */
void phone_load_name(const char *loads_name, char *out, size_t cap);
/** The status message of a real phone for a load that was refused with this code. */
const char *phone_refusal_status(const char *code);
/** The load was refused: say it everywhere. `file` is the one at fault. */
void phone_load_refused(struct rf_phone *p, const char *file, const struct rf_why *why);

/* phone_user.c */
/** A boot locks the settings. */
void phone_settings_end(struct rf_phone *p);

/* boot_talk.c */
void phone_enrol_begin(struct rf_phone *p);
/** Which configuration an enrolment goes by: the stub where that names a CAPF server. May be NULL.
 */
const struct rf_phonexml *phone_enrol_config(const struct rf_phone *p);
/** The same, to run beside all else. Codes of rf_enrol_start. */
RF_MUST_CHECK enum rf_err phone_enrol_beside(struct rf_phone *p, struct rf_why *why);
/** One that runs beside is dropped, and its next try. True when there was one. */
bool phone_beside_end(struct rf_phone *p);
/** Use the pair on flash as soon as no call is up. */
void phone_use_keys(struct rf_phone *p);
void phone_enrol_end(struct rf_phone *p);
void phone_station_begin(struct rf_phone *p);
void phone_station_end(struct rf_phone *p);
/** B10: posts REGISTER, NO_LISTS or GIVE_UP. */
void phone_decide_mode(struct rf_phone *p);

/* phone_service.c */
/** Whatever page is being opened: no more of it. */
void phone_service_end(struct rf_phone *p);

/* boot_fsm.c */
void phone_fetch_end(struct rf_phone *p);

#endif
