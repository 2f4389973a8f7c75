/* SPDX-License-Identifier: Apache-2.0 */
/* An answer by HTTP or HTTPS, beside what TFTP said of the same name. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* No answer to the question. A phone goes on to the next way; what costs is the waiting. */
static void no_answer(struct rf_doctor_report *r, const struct doctor_http_seen *s)
{
    const char *code = s->answer->why.code;
    struct doctor_visit v = {.step = RF_DOCTOR_HTTP,
                             .role = RF_TRUSTLIST_ROLE_TFTP,
                             .has_tls = s->has_tls,
                             .has_id = s->has_id,
                             .is_optional = true,
                             .is_ended = true,
                             .is_open = s->answer->is_open,
                             .why = s->answer->why,
                             .server = s->answer->server};
    if (strcmp(code, "connect-refused") == 0) {
        doctor_well(r, RF_DOCTOR_HTTP, s->where,
                    "nobody listens: phones go to the next way at "
                    "once");
    } else if (strcmp(code, "connect-failed") == 0 || strcmp(code, "handshake-timeout") == 0 ||
               strcmp(code, "idle-timeout") == 0) {
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTP_SILENT, s->where, "%s",
                   rf_why_text(&s->answer->why));
    } else if (strcmp(code, "server-key-type") == 0) {
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTPS_KEY, s->where, "%s", s->answer->why.text);
    } else if (s->has_tls && !s->answer->is_open) {
        snprintf(v.where, sizeof v.where, "%.90s", s->where);
        doctor_judge_server(r, &v, s->refused);
    } else {
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTP_BAD, s->where, "%s",
                   rf_why_text(&s->answer->why));
    }
}

static void judge_found(struct rf_doctor_report *r, const struct doctor_http_seen *s)
{
    const struct doctor_http *a = s->answer;
    if (!a->has_length)
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTP_BAD, s->where, "it does not say its length");
    else if (s->by_tftp == RF_FETCH_NOT_FOUND)
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTP_DIFFERS, s->where,
                   "%llu bytes, and by TFTP there is none", (unsigned long long)a->length);
    else if (s->by_tftp == RF_FETCH_OK && !s->has_tls && a->length != s->tftp_len)
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTP_DIFFERS, s->where, "%llu bytes, by TFTP %zu",
                   (unsigned long long)a->length, s->tftp_len);
    else
        doctor_well(r, RF_DOCTOR_HTTP, s->where, "there, %llu bytes",
                    (unsigned long long)a->length);
}

void doctor_judge_http(struct rf_doctor_report *r, const struct doctor_http_seen *s)
{
    const struct doctor_http *a = s->answer;
    if (a->status == 0)
        no_answer(r, s);
    else if (a->status / 100 == 3)
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTP_REDIRECT, s->where, "status %u", a->status);
    else if (a->status == 503)
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTP_BUSY, s->where, "%s", "");
    else if (a->status == 404 && s->by_tftp == RF_FETCH_OK && !s->has_tls)
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTP_DIFFERS, s->where,
                   "not there, and by TFTP it is");
    else if (a->status == 404)
        doctor_well(r, RF_DOCTOR_HTTP, s->where, "not there");
    else if (a->status == 200 && a->is_page)
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_FILE_HTML, s->where, "status 200, text/html");
    else if (a->status == 200)
        judge_found(r, s);
    else
        doctor_say(r, RF_DOCTOR_HTTP, RF_DOCTOR_HTTP_BAD, s->where, "status %u", a->status);
}
