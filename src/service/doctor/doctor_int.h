/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the folder: the judges. Each takes what was seen and adds lines to the report; none
 * of them asks, waits or writes, so that tests hand them what they like. */
#ifndef SERVICE_DOCTOR_DOCTOR_INT_H
#define SERVICE_DOCTOR_DOCTOR_INT_H

#include "service/doctor/doctor.h"
#include "wire/loads/loads.h"
#include "wire/phonexml/phonexml.h"

#define DOCTOR_LINES_MAX 300
/* So much is fetched of a list or a configuration: more than a phone takes, to see that it is too
 * much. */
#define DOCTOR_LOOK_MAX ((size_t)1024 * 1024)
#define DOCTOR_NAME_MAX 192

struct rf_doctor_report {
    char device[16];
    char model[24];
    char server[64];
    size_t n;
    bool is_cut;                             /* more was to be said than fits */
    bool is_skipped[RF_DOCTOR_REGISTER + 1]; /* steps that could not be looked at: no fault */
    struct rf_doctor_line line[DOCTOR_LINES_MAX];
    void (*on_line)(void *arg, const struct rf_doctor_line *line);
    void *arg;
};

/* report.c */
void doctor_well(struct rf_doctor_report *r, enum rf_doctor_step step, const char *where,
                 const char *fmt, ...) RF_PRINTF(4, 5);
/** With the grade of the table. */
void doctor_say(struct rf_doctor_report *r, enum rf_doctor_step step, enum rf_doctor_code code,
                const char *where, const char *fmt, ...) RF_PRINTF(5, 6);
/** With another grade: a fault that follows from one before, or matters less here. */
void doctor_say_as(struct rf_doctor_report *r, enum rf_doctor_grade grade, enum rf_doctor_step step,
                   enum rf_doctor_code code, const char *where, const char *fmt, ...)
    RF_PRINTF(6, 7);
/** A fault of this code was found (in this step). */
bool doctor_has(const struct rf_doctor_report *r, enum rf_doctor_code code);
bool doctor_has_fault_in(const struct rf_doctor_report *r, enum rf_doctor_step step);

/* models.c: what is known of real phones. doc: docs/doctor.md, "Models" */
/** 79xx, 69xx, 894x: files are verified with SHA-1 only, and keys of at most 2048 bits. */
bool doctor_model_is_old(const char *model);
/** "SCCP42.9-4-2" on a 7962: true. Also when load or model are not known. */
bool doctor_load_fits(const char *load, const char *model);
/** Does this image belong to that load: "jar42sccp…" to "SCCP42…"? Also when nothing is known. */
bool doctor_part_fits(const char *load, struct rf_slice part);
/** Suffix of the list of a load: ".loads", or ".LOADS". */
const char *doctor_load_suffix(const char *load);
/** Files below the folders of the locales; "" when the model's are not known. */
const char *doctor_locale_jar(const char *model, bool is_sip);
const char *doctor_tones_file(const char *model);

/* judge_self.c */
void doctor_judge_self(struct rf_doctor_report *r, const struct rf_doctor_patient *p,
                       int64_t now_s);

/* judge_file.c */
struct doctor_file_ask {
    enum rf_doctor_step step;
    const char *name; /* as asked for */
    struct rf_slice bytes;
    const struct rf_lists *lists;
    const struct rf_lists *refused; /* lists that the phone did not take */
    const char *model;
    int64_t now_s;
    uint32_t previous_timestamp; /* 0: none */
};
struct doctor_file {
    bool is_used; /* the phone takes it */
    bool is_ours; /* signed by one who may: its content is worth a look even if it is not used */
    struct rf_sigfile_info info; /* with is_ours; its body borrows from ask->bytes */
};
/** A file whose name ends with ".sgn". */
void doctor_judge_file(struct rf_doctor_report *r, const struct doctor_file_ask *ask,
                       struct doctor_file *out);
/** Nothing came. `is_heard`: the server answered something else before. */
void doctor_judge_fetch(struct rf_doctor_report *r, enum rf_doctor_step step, const char *name,
                        enum rf_fetch_result result, const struct rf_why *why, bool is_heard);
/** Neither empty nor a web page? */
bool doctor_judge_bytes(struct rf_doctor_report *r, enum rf_doctor_step step, const char *name,
                        struct rf_slice bytes);
/** Signed later than now: whose clock is wrong? `signer` may be NULL. */
void doctor_judge_time(struct rf_doctor_report *r, enum rf_doctor_step step, const char *name,
                       const struct rf_cert *signer, const struct rf_why *why, int64_t now_s);
/** The digest and the signer's key against the model; false when the phone cannot use them. */
bool doctor_judge_model(struct rf_doctor_report *r, enum rf_doctor_step step, const char *name,
                        enum rf_digest digest, const struct rf_cert *signer, const char *model);
/** The certificate of the record with this issuer, byte for byte, and serial, or NULL. */
const struct rf_cert *doctor_find_cert(const struct rf_lists *lists, struct rf_slice issuer,
                                       struct rf_slice serial);

/* judge_list.c */
struct doctor_list_ask {
    enum rf_list_kind kind;
    const char *name;
    struct rf_slice bytes;
    const struct rf_lists *lists; /* the phone's */
    const char *model;
    int64_t now_s;
};
struct doctor_list {
    struct rf_list *list; /* NULL: cannot be read */
    bool is_taken;        /* the phone takes it */
    bool is_as_if;        /* it does not, but only for time or digest: go on as if it had */
};
void doctor_judge_list(struct rf_doctor_report *r, const struct doctor_list_ask *ask,
                       struct doctor_list *out);

/* judge_config.c */
struct doctor_config_ask {
    enum rf_doctor_step step;
    const char *name;
    const struct rf_phonexml *config;
    const struct rf_lists *lists;
    const struct rf_doctor_patient *patient;
    bool has_string;
};
/** The document: NULL when it cannot be read. `is_default`: XMLDefault was asked for. */
struct rf_phonexml *doctor_judge_xml(struct rf_doctor_report *r, enum rf_doctor_step step,
                                     const char *name, struct rf_slice body, bool is_default);
/** What a full document says. */
void doctor_judge_config(struct rf_doctor_report *r, const struct doctor_config_ask *ask);
/** The stub; true when the phone asks for the encrypted file now. */
bool doctor_judge_stub(struct rf_doctor_report *r, const struct doctor_config_ask *ask);
/** loadInformation itself, without looking at files. */
void doctor_judge_load_name(struct rf_doctor_report *r, const struct doctor_config_ask *ask);

/* judge_load.c */
struct doctor_load_ask {
    const char *load; /* without suffix */
    const char *name; /* file */
    struct rf_slice bytes;
    const struct rf_cert_list *keys; /* n 0: no signature can be judged */
    const char *hardware;            /* "": not known */
};
/** A load's list. False: its components cannot be looked at. `out` borrows from ask->bytes. */
bool doctor_judge_loads(struct rf_doctor_report *r, const struct doctor_load_ask *ask,
                        struct rf_loads *out);
/** A whole component. */
void doctor_judge_part(struct rf_doctor_report *r, const struct doctor_load_ask *ask,
                       const struct rf_loads_entry *entry);

/* judge_server.c */
struct doctor_visit {
    enum rf_doctor_step step;
    char where[96];
    char host[RF_ADDRESS_TEXT_MAX];
    uint16_t port;
    uint16_t base_port; /* of a call manager: as written */
    uint16_t role;
    bool has_tls;
    bool wants_no_encryption; /* as a phone in authenticated mode */
    bool has_id;              /* we could show a certificate */
    bool is_optional;         /* the phone does not go there now: faults are warnings */
    /* seen */
    bool is_open;  /* the handshake ended well */
    bool is_ended; /* and then the other side ended it */
    bool has_base; /* something listens on base_port */
    bool is_base_tls;
    struct rf_why why;
    struct rf_cert *server; /* what it showed; NULL: nothing */
    char tls[80];           /* version and suite */
};
void doctor_judge_server(struct rf_doctor_report *r, const struct doctor_visit *v,
                         const struct rf_lists *refused);

/* look_http.c */
struct doctor_walk;
struct doctor_http_ask {
    const char *name;
    uint16_t port;
    bool is_head;
    bool has_tls;
};
struct doctor_http {
    bool is_open;    /* connected, and with TLS the handshake done */
    bool is_whole;   /* as far as it was asked for */
    unsigned status; /* 0: no answer, see why */
    bool is_page;    /* text/html */
    bool has_length;
    uint64_t length;
    struct rf_buf body; /* GET */
    struct rf_cert *server;
    struct rf_why why;
};
void doctor_http_ask(struct doctor_walk *w, const struct doctor_http_ask *ask, size_t max,
                     struct doctor_http *out);
void doctor_http_fini(struct doctor_http *answer);

/* judge_http.c */
struct doctor_http_seen {
    char where[DOCTOR_NAME_MAX + 80];
    bool has_tls;
    bool has_id;
    const struct doctor_http *answer;
    const struct rf_lists *refused;
    enum rf_fetch_result by_tftp; /* OK, NOT_FOUND; anything else is not compared */
    size_t tftp_len;
};
void doctor_judge_http(struct rf_doctor_report *r, const struct doctor_http_seen *seen);

/* look.c: the walk's way to files */
struct doctor_got {
    enum rf_fetch_result result;
    struct rf_buf bytes;
    struct rf_why why;
};
void doctor_get(struct doctor_walk *w, const char *host, const char *name, size_t max,
                struct doctor_got *out);
/** One of the names that a phone begins with: what becomes of it is kept, to compare. */
void doctor_get_told(struct doctor_walk *w, const char *name, struct doctor_got *out);
void doctor_got_fini(struct doctor_got *got);
/** The name in another case under which the file is there; false: none. */
bool doctor_other_case(struct doctor_walk *w, const char *host, const char *name, char *out,
                       size_t cap);

/* walk.c */
/** The time at which the phone judges what it just got: a file may be signed while it is asked for.
 */
int64_t doctor_now_s(const struct doctor_walk *w);
#define DOCTOR_TOLD_MAX 8
struct doctor_told { /* by TFTP, of one of the names that a phone begins with */
    char name[DOCTOR_NAME_MAX];
    enum rf_fetch_result result;
    size_t len;
};
struct doctor_walk {
    const struct rf_doctor_conf *conf;
    struct rf_doctor_report *report;
    struct rf_lists lists;   /* as the phone has them by now */
    struct rf_lists refused; /* what it did not take */
    bool is_heard;           /* the file server answered something */
    bool has_own_list;       /* it has a list under the device's own name */
    bool is_http_dead;
    bool is_by_http; /* TFTP is silent, HTTP is not */
    size_t told_n;
    struct doctor_told told[DOCTOR_TOLD_MAX];
    struct rf_phonexml *config; /* full, or NULL */
    struct rf_phonexml *stub;
};
void doctor_walk_lists(struct doctor_walk *w);
void doctor_walk_config(struct doctor_walk *w);
/* walk_http.c */
void doctor_walk_http(struct doctor_walk *w);
/* walk_files.c */
void doctor_walk_files(struct doctor_walk *w);
void doctor_walk_load(struct doctor_walk *w);
/* walk_servers.c */
void doctor_walk_servers(struct doctor_walk *w);
/* walk_talk.c */
void doctor_walk_enrol(struct doctor_walk *w);
void doctor_walk_register(struct doctor_walk *w);
/** A name of the configuration as a numeric address; says what is wrong, a warning if the phone can
 * do without. */
bool doctor_address(struct doctor_walk *w, enum rf_doctor_step step, bool is_optional,
                    const char *name, char *out, size_t cap);

#endif
