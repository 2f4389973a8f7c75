/* SPDX-License-Identifier: Apache-2.0 */
/* The other ways to the same files: what phones ask first by HTTP, and some by HTTPS, is asked
 * there by HEAD, so that nothing counts as fetched. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static void look(struct doctor_walk *w, const char *name, bool has_tls)
{
    const struct rf_doctor_patient *p = w->conf->patient;
    struct doctor_http answer;
    struct doctor_http_ask ask = {.name = name,
                                  .port = has_tls ? w->conf->https_port : w->conf->http_port,
                                  .is_head = true,
                                  .has_tls = has_tls};
    struct doctor_http_seen seen = {.has_tls = has_tls,
                                    .has_id = p->lsc.key != NULL || p->mic.key != NULL,
                                    .answer = &answer,
                                    .refused = &w->refused,
                                    .by_tftp = RF_FETCH_ERROR};
    for (size_t i = 0; i < w->told_n; i++)
        if (strcmp(w->told[i].name, name) == 0) {
            seen.by_tftp = w->told[i].result;
            seen.tftp_len = w->told[i].len;
        }
    snprintf(seen.where, sizeof seen.where, "%s://%s:%u/%s", has_tls ? "https" : "http",
             w->conf->host, ask.port, name);
    doctor_http_ask(w, &ask, DOCTOR_LOOK_MAX, &answer);
    doctor_judge_http(w->report, &seen);
    w->is_http_dead |= answer.status == 0 && !has_tls;
    doctor_http_fini(&answer);
}

/* A list that says so, and a file server in it whose key is EC. doc: docs/wire/http-files.md */
static bool is_https_wanted(const struct doctor_walk *w)
{
    bool is_11 = (w->lists.itl != NULL && rf_list_is_11(w->lists.itl)) ||
                 (w->lists.ctl != NULL && rf_list_is_11(w->lists.ctl));
    const struct rf_cert *c = NULL;
    for (size_t i = 0; is_11; i++) {
        c = rf_lists_nth(&w->lists, RF_TRUSTLIST_ROLE_TFTP, i);
        if (c == NULL || rf_cert_key_type(c) == RF_KEY_EC)
            break;
    }
    return c != NULL;
}

void doctor_walk_http(struct doctor_walk *w)
{
    const char *model = w->conf->patient->model;
    struct rf_fetch_ways ways = rf_fetch_ways_of(model);
    char name[DOCTOR_NAME_MAX];
    bool may_https = ways.https || model[0] == '\0';
    snprintf(name, sizeof name, "%s.cnf.xml.sgn", w->conf->patient->device);
    if (w->conf->https_port != 0 && may_https && is_https_wanted(w))
        look(w, name, true);
    if (w->conf->http_port == 0 || !ways.http || w->is_by_http)
        return;
    for (size_t i = 0; i < w->told_n && !w->is_http_dead; i++)
        look(w, w->told[i].name, false);
}
