/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor can find: one row a cause. The code is stable, for scripts; the step and the
 * place of a line say which file or server it is about, so the same cause has the same code
 * wherever it is found. docs/doctor.md shows this table. */
#ifndef SERVICE_DOCTOR_CODES_H
#define SERVICE_DOCTOR_CODES_H

#include <stddef.h>

/** In the order of a phone's boot. X(symbol, "name") */
#define RF_DOCTOR_STEPS(X)                                                                         \
    X(PHONE, "phone")                                                                              \
    X(CTL, "ctl")                                                                                  \
    X(ITL, "itl")                                                                                  \
    X(CONFIG, "config")                                                                            \
    X(ENCRYPTED, "encrypted")                                                                      \
    X(HTTP, "http")                                                                                \
    X(FILES, "files")                                                                              \
    X(LOAD, "load")                                                                                \
    X(CAPF, "capf")                                                                                \
    X(CM, "call-manager")                                                                          \
    X(TVS, "tvs")                                                                                  \
    X(ENROL, "enrol")                                                                              \
    X(REGISTER, "register")

enum rf_doctor_step {
#define RF_DOCTOR_STEP_ENUM(symbol, name) RF_DOCTOR_##symbol,
    RF_DOCTOR_STEPS(RF_DOCTOR_STEP_ENUM)
#undef RF_DOCTOR_STEP_ENUM
};
const char *rf_doctor_step_name(enum rf_doctor_step step);

enum rf_doctor_grade {
    RF_DOCTOR_WELL,
    RF_DOCTOR_NOTE,    /* good to know */
    RF_DOCTOR_FOLLOWS, /* wrong, but only because of a fault found before */
    RF_DOCTOR_WARNING, /* works now, or works less well */
    RF_DOCTOR_FAULT,   /* the phone does not get on here */
};
/** "ok", "note", "follows", "warning", "FAULT". */
const char *rf_doctor_grade_name(enum rf_doctor_grade grade);

enum rf_doctor_code {
    /* the phone */
    RF_DOCTOR_STORED_LIST,
    RF_DOCTOR_CLOCK_BEHIND,
    RF_DOCTOR_OWN_EXPIRED,
    RF_DOCTOR_OWN_NAME,
    RF_DOCTOR_OWN_USAGE,
    RF_DOCTOR_OWN_MIC_ONLY,
    RF_DOCTOR_OWN_NONE,
    /* getting a file */
    RF_DOCTOR_SERVER_SILENT,
    RF_DOCTOR_DEVICE_UNKNOWN,
    RF_DOCTOR_FILE_SILENT,
    RF_DOCTOR_FILE_ACCESS,
    RF_DOCTOR_FILE_ERROR,
    RF_DOCTOR_FILE_MISSING,
    RF_DOCTOR_FILE_EMPTY,
    RF_DOCTOR_FILE_HTML,
    RF_DOCTOR_FILE_LARGE,
    RF_DOCTOR_FILE_TRUNCATED,
    RF_DOCTOR_NAME_CASE,
    RF_DOCTOR_UNSIGNED_ONLY,
    /* a signed file */
    RF_DOCTOR_NOT_SIGNED,
    RF_DOCTOR_MALFORMED,
    RF_DOCTOR_WRONG_KIND,
    RF_DOCTOR_SIGNER_UNKNOWN,
    RF_DOCTOR_SIGNER_ROLE,
    RF_DOCTOR_SIGNER_KEY,
    RF_DOCTOR_SIGNATURE,
    RF_DOCTOR_INNER_NAME,
    RF_DOCTOR_DIGEST,
    RF_DOCTOR_TIME_FUTURE,
    RF_DOCTOR_TIME_OLDER,
    /* a trust list */
    RF_DOCTOR_NO_LISTS,
    RF_DOCTOR_LIST_SIZE,
    RF_DOCTOR_LIST_NOT_OWN,
    RF_DOCTOR_LIST_SIGNER_UNKNOWN,
    RF_DOCTOR_LIST_SIGNER_ROLE,
    RF_DOCTOR_LIST_EXPIRED,
    RF_DOCTOR_LIST_ONE_SAST,
    RF_DOCTOR_LIST_MANY_SAST,
    /* the configuration */
    RF_DOCTOR_XML,
    RF_DOCTOR_CONFIG_ROOT,
    RF_DOCTOR_NO_CALL_MANAGER,
    RF_DOCTOR_SECURE_WITHOUT_LIST,
    RF_DOCTOR_SIP_TRANSPORT,
    RF_DOCTOR_SIP_NOT_WALKED,
    RF_DOCTOR_CAPF_MISSING,
    RF_DOCTOR_CAPF_STRING,
    RF_DOCTOR_SRST_CLEAR,
    /* an encrypted configuration */
    RF_DOCTOR_CERT_HASH,
    RF_DOCTOR_STUB_FLAG,
    RF_DOCTOR_ENCRYPTED_MISSING,
    RF_DOCTOR_DECRYPT,
    RF_DOCTOR_ENCRYPTED_EC,
    RF_DOCTOR_CONFIG_UNREAD,
    /* the same by HTTP */
    RF_DOCTOR_HTTP_SILENT,
    RF_DOCTOR_HTTP_REDIRECT,
    RF_DOCTOR_HTTP_BUSY,
    RF_DOCTOR_HTTP_BAD,
    RF_DOCTOR_HTTP_DIFFERS,
    RF_DOCTOR_HTTPS_KEY,
    /* firmware */
    RF_DOCTOR_LOAD_MISSING,
    RF_DOCTOR_LOAD_SUFFIX,
    RF_DOCTOR_LOAD_FAMILY,
    RF_DOCTOR_LOAD_PROTOCOL,
    RF_DOCTOR_LOAD_PART_MISSING,
    RF_DOCTOR_LOAD_PART_SIZE,
    RF_DOCTOR_LOAD_UNVERIFIED,
    /* a server */
    RF_DOCTOR_NAME_UNRESOLVED,
    RF_DOCTOR_CONNECT_REFUSED,
    RF_DOCTOR_CONNECT_TIMEOUT,
    RF_DOCTOR_PORT_ADDED,
    RF_DOCTOR_NOT_TLS,
    RF_DOCTOR_TLS_MISMATCH,
    RF_DOCTOR_TLS_FAILED,
    RF_DOCTOR_SERVER_UNKNOWN,
    RF_DOCTOR_SERVER_ROLE,
    RF_DOCTOR_SERVER_EXPIRED,
    RF_DOCTOR_SERVER_CAPF,
    RF_DOCTOR_CLIENT_ISSUER,
    RF_DOCTOR_CLIENT_EXPIRED,
    RF_DOCTOR_CLIENT_REFUSED,
    RF_DOCTOR_CLIENT_NONE,
    RF_DOCTOR_CLOSED_EARLY,
    /* talking */
    RF_DOCTOR_NOT_ENROLLED,
    RF_DOCTOR_NOT_REGISTERED,
    RF_DOCTOR_CODES_N
};

/** A row of the table. */
struct rf_doctor_row {
    const char *code;
    enum rf_doctor_grade grade;
    const char *means;
    const char *next;
};
const struct rf_doctor_row *rf_doctor_row(enum rf_doctor_code code);

#endif
