/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that their issuers revoke: what is known goes to all who check paths, and when it
 * changes, sessions whose certificate is revoked now end. doc: docs/revocation.md */
#include <stdio.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/text.h"

static void on_event(void *arg, bool is_bad, const char *code, const char *text)
{
    struct rf_store_event e = {.time_s = rf_wall_s(rf_clock_real()),
                               .uid = -1,
                               .severity = is_bad ? RF_STORE_WARN : RF_STORE_INFO};
    snprintf(e.category, sizeof e.category, "security");
    snprintf(e.code, sizeof e.code, "%s", code);
    rf_escape(rf_slice_str(text), e.text, sizeof e.text);
    event_keep(arg, &e);
}

struct end {
    struct rf_msg msg;
    struct server *s;
};

static void end_run(struct rf_msg *msg, void *reader)
{
    struct end *e = (struct end *)msg;
    if (reader != NULL)
        rf_sccp_end_blocked(e->s->sccp);
    rf_free(e);
}

/* Main loop; at the start there is no session yet, and nobody to tell. */
static void on_changed(void *arg)
{
    struct server *s = arg;
    if (s->call_loop == NULL)
        return;
    struct end *e = rf_new(struct end);
    *e = (struct end){.msg.run = end_run, .s = s};
    sccp_post(s, &e->msg);
}

void revocations_prepare(struct server *s)
{
    struct rf_revocation_service_conf conf = {.loop = s->loop,
                                              .site_dir = s->site->dir,
                                              .own = s->lsc_issuer,
                                              .on_event = on_event,
                                              .on_changed = on_changed,
                                              .arg = s};
    rf_revocation_service_new(&conf, &s->revocations);
    s->revocation = rf_revocation_service_known(s->revocations);
}

/* What is fetched has to be kept: the folder is made by the user that will write there. */
enum rf_err revocations_start(struct server *s, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path(s->site, RF_SITE_CRLS);
    enum rf_err err = s->site->conf->crl_url[0] != '\0' ? rf_dir_make(folder, 0755, why) : RF_OK;
    if (err != RF_OK)
        return err;
    return rf_revocation_service_set(s->revocations, s->site->conf, why);
}

void revocations_show(void *arg, struct rf_json *out)
{
    rf_revocation_service_show(((struct server *)arg)->revocations, out);
}

void *revocations_begin(void *arg)
{
    return rf_revocation_service_begin(((struct server *)arg)->revocations);
}

enum rf_err revocations_make(void *made, struct rf_why *why)
{
    return rf_revocation_service_make(made, why);
}

void revocations_use(void *made)
{
    rf_revocation_service_use(made);
}

void revocations_drop(void *made)
{
    rf_revocation_service_drop(made);
}
