/* SPDX-License-Identifier: Apache-2.0 */
/* A visit to a service: did it end as a phone needs it, and if not, whose fault is it? */
#include "service/doctor/doctor_int.h"

#include "base/text.h"
#include "trust/path.h"

#include <stdio.h>
#include <string.h>

/* From the codes of net/link.h and trust/ to causes. */
static const struct {
    const char *why;
    enum rf_doctor_code code;
} causes[] = {
    {"connect-refused", RF_DOCTOR_CONNECT_REFUSED},
    {"connect-failed", RF_DOCTOR_CONNECT_TIMEOUT},
    {"handshake-timeout", RF_DOCTOR_CONNECT_TIMEOUT},
    {"tls-bad-record", RF_DOCTOR_NOT_TLS},
    {"tls-version", RF_DOCTOR_TLS_MISMATCH},
    {"tls-no-common-suite", RF_DOCTOR_TLS_MISMATCH},
    {"tls-no-secure-renegotiation", RF_DOCTOR_TLS_MISMATCH},
    {"tls-alert-protocol-version", RF_DOCTOR_TLS_MISMATCH},
    {"tls-alert-insufficient-security", RF_DOCTOR_TLS_MISMATCH},
    {"tls-alert-unknown-ca", RF_DOCTOR_CLIENT_ISSUER},
    {"tls-alert-certificate-expired", RF_DOCTOR_CLIENT_EXPIRED},
    {"tls-alert-bad-certificate", RF_DOCTOR_CLIENT_REFUSED},
    {"tls-alert-unsupported-certificate", RF_DOCTOR_CLIENT_REFUSED},
    {"tls-alert-certificate-revoked", RF_DOCTOR_CLIENT_REFUSED},
    {"tls-alert-certificate-unknown", RF_DOCTOR_CLIENT_REFUSED},
    {"tls-alert-access-denied", RF_DOCTOR_CLIENT_REFUSED},
    {"tls-alert-decrypt-error", RF_DOCTOR_CLIENT_REFUSED},
    {"tls-alert-certificate-required", RF_DOCTOR_CLIENT_REFUSED},
    {"server-unknown", RF_DOCTOR_SERVER_UNKNOWN},
    {"server-role", RF_DOCTOR_SERVER_ROLE},
    {"cert-expired", RF_DOCTOR_SERVER_EXPIRED},
};

/* The link went down without a word. */
static bool is_hang_up(const struct doctor_visit *v)
{
    return strcmp(v->why.code, "end") == 0 || strcmp(v->why.code, "tcp-reset") == 0;
}

static enum rf_doctor_code cause_of(const struct doctor_visit *v)
{
    enum rf_doctor_code code = RF_DOCTOR_TLS_FAILED;
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (strcmp(causes[i].why, v->why.code) == 0)
            code = causes[i].code;
    if (is_hang_up(v))
        return v->server != NULL ? RF_DOCTOR_CLOSED_EARLY : RF_DOCTOR_NOT_TLS;
    /* TLS 1.2 has one alert for both; who has shown his certificate has agreed on a suite. */
    bool is_handshake = strcmp(v->why.code, "tls-alert-handshake-failure") == 0;
    if (is_handshake && v->server == NULL)
        return RF_DOCTOR_TLS_MISMATCH;
    if (is_handshake)
        code = RF_DOCTOR_CLIENT_REFUSED;
    if (code == RF_DOCTOR_CLIENT_REFUSED && !v->has_id)
        return RF_DOCTOR_CLIENT_NONE;
    if (code == RF_DOCTOR_CONNECT_REFUSED && v->is_base_tls)
        return RF_DOCTOR_PORT_ADDED;
    return code;
}

/* Is this only what a fault that was told already leads to? */
static bool follows(const struct rf_doctor_report *r, const struct doctor_visit *v,
                    enum rf_doctor_code code, const struct rf_lists *refused)
{
    struct rf_why ignored = {0};
    switch ((int)code) {
    case RF_DOCTOR_CLIENT_EXPIRED:
    case RF_DOCTOR_CLIENT_REFUSED:
    case RF_DOCTOR_CLIENT_ISSUER:
        return doctor_has(r, RF_DOCTOR_OWN_EXPIRED) || doctor_has(r, RF_DOCTOR_OWN_USAGE) ||
               doctor_has(r, RF_DOCTOR_CLOCK_BEHIND);
    case RF_DOCTOR_SERVER_UNKNOWN:
    case RF_DOCTOR_SERVER_ROLE:
        return v->server != NULL && refused != NULL &&
               rf_lists_find_server(refused, v->server, v->role, &ignored) == RF_OK;
    default:
        return false;
    }
}

static void more(const struct doctor_visit *v, enum rf_doctor_code code, char *out, size_t cap)
{
    if (code == RF_DOCTOR_PORT_ADDED)
        snprintf(out, cap, "nobody listens at %u; at %u there is TLS", v->port, v->base_port);
    else if (code == RF_DOCTOR_CONNECT_REFUSED && v->has_base)
        snprintf(out, cap, "only the plain port %u is open: is secure signalling switched on?",
                 v->base_port);
    else
        snprintf(out, cap, "%s", rf_why_text(&v->why));
}

static void judge_cert(struct rf_doctor_report *r, const struct doctor_visit *v,
                       enum rf_doctor_grade grade)
{
    struct rf_why why = {0};
    if (v->step == RF_DOCTOR_CAPF && v->server != NULL &&
        rf_cert_capf_check(v->server, &why) != RF_OK)
        doctor_say_as(r, grade, v->step, RF_DOCTOR_SERVER_CAPF, v->where, "%s", rf_why_text(&why));
}

void doctor_judge_server(struct rf_doctor_report *r, const struct doctor_visit *v,
                         const struct rf_lists *refused)
{
    enum rf_doctor_grade fault = v->is_optional ? RF_DOCTOR_WARNING : RF_DOCTOR_FAULT;
    char text[300];
    if (v->is_open && !v->is_ended) {
        doctor_well(r, v->step, v->where, "%s%s%s%s%s", v->has_tls ? v->tls : "open, in the clear",
                    v->server != NULL ? ", " : "",
                    v->server != NULL ? rf_cert_subject(v->server) : "",
                    v->has_tls && v->has_id ? ", no objection to the phone's certificate" : "",
                    v->has_tls && !v->has_id ? ", the phone showed no certificate" : "");
        judge_cert(r, v, fault);
        return;
    }
    enum rf_doctor_code code = cause_of(v);
    enum rf_doctor_grade grade = rf_doctor_row(code)->grade;
    if (follows(r, v, code, refused))
        grade = RF_DOCTOR_FOLLOWS;
    else if (grade == RF_DOCTOR_FAULT)
        grade = fault;
    more(v, code, text, sizeof text);
    doctor_say_as(r, grade, v->step, code, v->where, "%s", text);
}
