/* SPDX-License-Identifier: Apache-2.0 */
/* The world around one phone that boots: a site and a manufacturer with their keys, a TFTP server
 * that is a table, talking halves that only write down what they were given, a real worker and a
 * flash folder, a clock turned by hand. */
#ifndef UNIT_SERVICE_PHONE_KIT_H
#define UNIT_SERVICE_PHONE_KIT_H

#include "../trust/pki.h"
#include "phone_net.h"
#include "unit.h"

#include "service/phone/phone.h"
#include "trust/lists.h"
#include "wire/phonexml/phonexml.h"

#define DEVICE   "SEP001122334455"
#define OTHER    "SEP0011223344AA"
#define HARDWARE "rf-soft-1"
#define CONFIG   DEVICE ".cnf.xml.sgn"
#define CTL      "CTL" DEVICE ".tlv"
#define ITL      "ITL" DEVICE ".tlv"

/* Everybody's keys, made once. */
struct kit_ids {
    struct id sast, sast2, stranger; /* sign lists; the stranger's are of another site */
    struct id ccm, tftp, capf, tvs;
    struct id image, other_image; /* sign firmware; the other key is no key of this phone */
    struct id mic_ca, mic;
    struct id lsc;
};
extern struct kit_ids ids;
int kit_ids_up(void **state);
int kit_ids_down(void **state);

/* One file of the server. */
struct kit_file {
    char name[96];
    enum rf_fetch_result result; /* anything but OK is what a request for it gives */
    struct rf_buf bytes;
};

struct kit_fetch {
    char name[96];
    char host[64];
    size_t max;
    rf_fetch_done done;
    void *arg;
};

/* What the talking halves were given last, and what an enrolment will say. */
struct kit_enrol {
    unsigned n;
    struct rf_enrol_conf conf;
    char host[65];
    struct rf_secret string; /* what it was given */
    bool is_running;
    bool is_held; /* it goes no further than its key, until kit_enrol_ends */
    bool has_stepped;
    unsigned aborted;
    struct rf_enrol_result will_be;
    struct rf_enrol_result *result; /* while it is told */
};
struct kit_station {
    unsigned n;
    unsigned started, seen, stopped, freed; /* seen: by kit_until_registering */
    bool is_there;
    struct rf_station_conf conf;
    char load[65], alarm_text[96];
    unsigned alarms; /* by station_alarm */
    enum rf_sccp_alarm_reason alarm;
    char alarm_said[96];
    enum rf_station_call_state call;
};

/** Questions to TVS: each is answered by will_be. */
struct kit_tvs {
    int n;
    bool is_running;
    struct rf_ask_tvs_conf conf; /* of the last one */
    struct rf_ask_tvs_result will_be;
};

struct kit {
    char dir[64];
    char flash_dir[80];
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_mailbox *answers;
    struct rf_worker *worker;
    struct rf_phone_conf conf;
    struct rf_phone *phone;
    struct kit_file file[40];
    size_t file_n;
    struct kit_fetch fetch; /* name "" when none is under way */
    struct rf_buf asked;    /* names in order, one a line */
    struct rf_buf log;      /* events: "name key=value ...", one a line */
    size_t log_at;          /* where kit_until goes on reading */
    struct kit_enrol enrol;
    struct kit_tvs tvs;
    struct kit_station station;
    struct net net;        /* links that the phone itself opens: to services */
    enum rf_fetch_via via; /* how all files come; HTTPS: from a server that the lists name */
    bool is_stopped;
    const char *stop_at; /* stop the phone from inside an event whose line holds this */
};

/* A phone fresh from the factory with load rf-1; a site that knows it, with rf-1 and rf-2. */
int kit_up(void **state);
int kit_down(void **state);

/* The phone's life. */
void kit_boot(struct kit *k); /* new phone on the same flash, switched on */
void kit_off(struct kit *k);  /* stopped and freed */
/** Let all go on until an event whose line holds `part`, which fails the test when it never comes.
 * Time stands still. */
void kit_until(struct kit *k, const char *part);
/** The same, to the start of a station: registering, with what it was given in k->station. */
void kit_until_registering(struct kit *k);
void kit_pass(struct kit *k, uint64_t ms);
/** Was there an event whose line holds `part`, since the last kit_boot? */
bool kit_saw(const struct kit *k, const char *part);
/** Was this file asked for since the last kit_boot? */
bool kit_asked(const struct kit *k, const char *name);
void kit_registered(struct kit *k);
/** Let an enrolment that is held end as will_be says. */
void kit_enrol_ends(struct kit *k);
/** The state of the call at the station. */
void kit_call(struct kit *k, enum rf_station_call_state state);
void kit_reset(struct kit *k, enum rf_sccp_reset_type type);

/* The server's files. */
struct kit_file *kit_file(struct kit *k, const char *name);
void kit_serve(struct kit *k, const char *name, struct rf_buf take_bytes);
void kit_answer(struct kit *k, const char *name, enum rf_fetch_result result);
void kit_flip(struct kit *k, const char *name, size_t at_from_end);

struct rf_buf kit_list(enum rf_list_kind kind, const struct id *signer, uint32_t timestamp);
/* Its only records: the roles given. */
struct rf_buf kit_list_of(enum rf_list_kind kind, const struct id *signer, uint32_t timestamp,
                          const struct rf_list_entry *entries, size_t n);
/* The configuration as the site makes it for DEVICE: mode 3, load rf-1, one call manager. */
struct rf_phonexml *kit_config(void);
struct rf_buf kit_signed(const struct rf_phonexml *c, const char *name, const struct id *signer,
                         enum rf_digest digest, uint32_t timestamp);
/* Another signed file, under the very name it is asked for. */
void kit_serve_file(struct kit *k, const char *name, struct rf_slice body, const struct id *signer,
                    enum rf_digest digest, uint32_t timestamp);
void kit_serve_config(struct kit *k, const struct rf_phonexml *c);

/* Firmware. */
struct kit_load {
    const char *load;     /* "rf-2" */
    const char *hardware; /* of its rfapp */
    const struct id *signer;
};
struct rf_buf kit_app(const struct kit_load *l);
struct rf_buf kit_snd(const struct kit_load *l);
struct rf_buf kit_loads(const struct kit_load *l);
struct rf_buf kit_image(const struct id *signer, const char *name, struct rf_slice body);
/* All three on the server. */
void kit_serve_load(struct kit *k, const struct kit_load *l);

/* The flash. */
/** One digest over names and bytes of all that is in it but the status messages. */
void kit_flash_hash(const struct kit *k, char out[65]);
struct rf_buf kit_flash_file(const struct kit *k, const char *name);
void kit_flash_put(const struct kit *k, const char *name, struct rf_slice bytes);
bool kit_has_status(const struct kit *k, const char *text);

#endif
