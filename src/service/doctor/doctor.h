/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor walks the boot of one phone against any server and says which step fails, and why. It
 * asks for what the phone would ask for, judges it as the phone would, and goes no further with
 * each service than the TLS handshake, unless it is told to register or to open a CAPF session.
 * It writes nothing: not to the phone's flash, not to the server.
 *
 *     struct rf_doctor_conf conf = {.loop = loop, .host = "192.0.2.10", .patient = &patient, ...};
 *     RF_AUTO(rf_doctor_report_freep) struct rf_doctor_report *report = rf_doctor_walk(&conf);
 *     print rf_doctor_report_line(report, i) for each i; rf_doctor_report_is_well(report)
 *
 * Thread: the one that calls it, which turns the loop until all is seen.
 * doc: docs/doctor.md */
#ifndef SERVICE_DOCTOR_DOCTOR_H
#define SERVICE_DOCTOR_DOCTOR_H

#include "base/secret.h"
#include "net/loop.h"
#include "service/doctor/codes.h"
#include "service/phone/fetch.h"
#include "service/phone/phone_link.h"
#include "trust/lists.h"
#include "wire/json/json.h"

/** Whom it is about, and what he holds. Zero-initialise; what is empty is not known, and then not
 * judged. */
struct rf_doctor_patient {
    char device[16];           /* SEP and 12 upper-case hex digits */
    char model[24];            /* "7962" */
    char hardware[64];         /* of a software phone's flash */
    char load[64];             /* the load that runs, without suffix */
    struct rf_lists lists;     /* installed */
    struct rf_why list_why[2]; /* of an installed list that does not verify, by rf_list_kind */
    struct rf_phone_id mic;
    struct rf_phone_id lsc;
    struct rf_cert_list image_keys;
    uint32_t config_timestamp; /* of the stored configuration; 0: none */
};
/** Read what a flash folder holds; nothing is written. The codes of rf_flash_open. */
RF_MUST_CHECK enum rf_err rf_doctor_patient_flash(struct rf_doctor_patient *p, const char *dir,
                                                  struct rf_why *why);
/** Trust lists from a folder: CTLFile.tlv, ITLFile.tlv, or those of the device's own names.
 * RF_ERR_NOT_FOUND doctor-lists: there is none. */
RF_MUST_CHECK enum rf_err rf_doctor_patient_lists(struct rf_doctor_patient *p, const char *dir,
                                                  struct rf_why *why);
/** The phone's certificate from a PEM file, with its private key if that is there too. */
RF_MUST_CHECK enum rf_err rf_doctor_patient_cert(struct rf_doctor_patient *p, const char *path,
                                                 struct rf_why *why);
/** "00:11:22:33:44:55", "001122334455", "SEP001122334455", any case. False when it is no MAC. */
RF_MUST_CHECK bool rf_doctor_patient_mac(struct rf_doctor_patient *p, const char *text);
void rf_doctor_patient_fini(struct rf_doctor_patient *p);

/** One line of the report. */
struct rf_doctor_line {
    enum rf_doctor_step step;
    enum rf_doctor_grade grade;
    const char *code; /* stable; "" for what is well */
    char where[192];  /* file name, or address and port */
    char what[512];
    const char *next; /* what to do about it; "" when there is nothing to do */
};

struct rf_doctor_report;

struct rf_doctor_conf {
    struct rf_loop *loop;
    const char *host;   /* numeric; the file server */
    uint16_t port;      /* TFTP */
    uint16_t http_port; /* of the same host; 0: not asked */
    uint16_t https_port;
    const struct rf_fetch_ops *fetch;
    void *fetcher;
    const struct rf_phone_link_ops *net;
    void *net_arg;
    const struct rf_doctor_patient *patient;
    int64_t now_s; /* what the phone takes for the time; 0: the clock of `loop` */
    /** A name of the configuration to a numeric address; false: not to be found. NULL: names are
     * not looked up. May block. */
    bool (*resolve)(const char *name, char *out, size_t cap);
    bool with_images;   /* fetch images of any size, to verify them whole */
    bool with_register; /* register, and leave again */
    bool with_capf;     /* open a CAPF session, and leave it before anything is issued */
    const struct rf_secret *auth_string; /* for with_capf; NULL: none */
    uint32_t settle_ms; /* so long after a handshake the other side may refuse; 0: 1 s */
    /** Each line as soon as it is known; may be NULL. */
    void (*on_line)(void *arg, const struct rf_doctor_line *line);
    void *arg;
};

/** Walk. The report is the caller's. */
struct rf_doctor_report *rf_doctor_walk(const struct rf_doctor_conf *conf);
void rf_doctor_report_free(struct rf_doctor_report *r);
void rf_doctor_report_freep(struct rf_doctor_report **r);
/** Line i, or NULL behind the last. */
const struct rf_doctor_line *rf_doctor_report_line(const struct rf_doctor_report *r, size_t i);
/** No fault was found, in what was looked at. */
bool rf_doctor_report_is_well(const struct rf_doctor_report *r);
/** Every step was looked at that there is for this phone, or a fault ended the walk. */
bool rf_doctor_report_is_whole(const struct rf_doctor_report *r);
/** As an object; the caller's. */
struct rf_json *rf_doctor_report_json(const struct rf_doctor_report *r);
/** One line for people, with line ends. */
RF_MUST_CHECK enum rf_err rf_doctor_line_text(const struct rf_doctor_line *line,
                                              struct rf_buf *out);

#endif
