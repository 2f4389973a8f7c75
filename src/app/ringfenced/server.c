/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which the parts start and end, and the signals. Which parts there are is the role's
 * (roles.c). */
#include "app/ringfenced/server_int.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "service/held/held.h"

/* ---- signals ---- */

static void on_end(void *arg, int signo)
{
    struct server *s = arg;
    rf_info(RF_CAT_MAIN, "ending signal=%d", signo);
    rf_loop_stop(s->loop);
}

static void on_hup(void *arg, int signo)
{
    server_hup(arg);
}

struct log_counts {
    struct rf_msg msg;
    struct server *s;
};

static void log_sccp_counts(struct rf_msg *msg, void *reader)
{
    struct log_counts *l = (struct log_counts *)msg;
    if (reader != NULL)
        rf_sccp_log_counts(l->s->sccp);
    rf_free(l);
}

static void on_usr1(void *arg, int signo)
{
    struct server *s = arg;
    struct log_counts *l = rf_new(struct log_counts);
    *l = (struct log_counts){.msg.run = log_sccp_counts, .s = s};
    sccp_post(s, &l->msg);
    s->role->tell_counts(s);
}

void signals_take(struct server *s)
{
    rf_loop_on_signal(s->loop, SIGTERM, on_end, s);
    rf_loop_on_signal(s->loop, SIGINT, on_end, s);
    rf_loop_on_signal(s->loop, SIGHUP, on_hup, s);
    rf_loop_on_signal(s->loop, SIGUSR1, on_usr1, s);
}

/* ---- start ---- */

/* All that does not need to be root. */
static enum rf_err prepare(struct server *s, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && s->role->prepare[i] != NULL; i++)
        err = s->role->prepare[i](s, why);
    return err;
}

static enum rf_err listen_all(struct server *s, const struct user *user, struct rf_why *why)
{
    struct rf_site_ports wanted = {0};
    enum rf_err err = rf_site_ports_wanted(s->site, &wanted, why);
    user_raise(user);
    for (size_t i = 0; err == RF_OK && s->role->listen[i] != NULL; i++)
        err = s->role->listen[i](s, &wanted, why);
    user_lower(user);
    return err == RF_OK ? admin_listen(s, user, why) : err;
}

enum rf_err server_start(struct server *s, const struct user *user, struct rf_why *why)
{
    struct user who = *user;
    s->started_s = rf_wall_s(rf_clock_real());
    s->role = role_of(s->site->conf);
    enum rf_err err = s->role->has_signer ? signer_fork(s, &who, why) : RF_OK;
    if (err == RF_OK)
        err = prepare(s, why);
    if (err == RF_OK)
        err = listen_all(s, &who, why);
    if (err != RF_OK)
        return err;
    user_drop(&who);
    err = rf_site_ports_save(s->site, &s->ports, why);
    for (size_t i = 0; err == RF_OK && s->role->run[i] != NULL; i++)
        s->role->run[i](s);
    return err;
}

static void log_weak(void *arg, const char *name, const char *value)
{
    rf_warn(RF_CAT_CONF, "a weak choice is switched on option=%s value=%s", name, value);
}

void server_run(struct server *s)
{
    rf_site_conf_weak(s->site->conf, log_weak, NULL);
    event_of_server(s, RF_STORE_INFO, "started", "ringfenced %s started, process %ld", RF_VERSION,
                    (long)getpid());
    s->role->tell_ready(s);
    notify("READY=1");
    rf_loop_run(s->loop);
    notify("STOPPING=1");
    event_of_server(s, RF_STORE_INFO, "stopped", "ringfenced %s stopped, process %ld", RF_VERSION,
                    (long)getpid());
}

/* ---- end: whatever is not there is passed over ---- */

static void stop_coming(struct server *s)
{
    uplink_end(s);
    files_close(s);
    sccp_close(s);
}

static void stop_workers(struct server *s)
{
    rf_worker_stop(s->signer_worker);
    rf_worker_stop(s->second_signer_worker);
    rf_capf_service_end(s->capf); /* asks the store */
    rf_worker_stop(s->store_worker);
}

/* What waited for the database. */
static void drain(struct server *s)
{
    calls_drain(s);
    records_drain(s);
    events_drain(s);
}

/* What has links or timers on the loops, then these. */
static void free_parts(struct server *s)
{
    rf_revocation_service_stop(s->revocations); /* waits for look-ups of names: all is stored */
    rf_held_cache_free(s->held_cache);
    rf_admin_free(s->admin);
    notify_free(s);
    rf_campaigns_free(s->campaigns);
    rf_capf_service_free(s->capf);
    rf_tvs_service_free(s->tvs);
    rf_srst_provider_free(s->provider);
    branches_free(s);
    rf_provision_free(s->provision);
    rf_store_fetches_fini(&s->fetches);
    rf_store_phones_fini(&s->phones);
    rf_watch_free(s->signer_watch);
    if (s->signer_fd >= 0)
        close(s->signer_fd);
    sccp_free(s);
    rf_loop_free(s->loop);
}

static void free_state(struct server *s)
{
    calls_free(s);
    records_free(s);
    events_free(s);
    router_free(s);
    device_models_free(s);
    rf_signer_close(s->signer);
    rf_store_close(s->store);
    rf_blocklist_free(s->blocked);
    rf_revocation_service_free(s->revocations);
    rf_anchors_unref(s->capf_anchors);
    rf_anchors_unref(s->mic_anchors);
    rf_cert_unref(s->lsc_issuer);
    issuers_free(s);
    certs_free(s);
}

static void (*const stops[])(struct server *s) = {stop_coming, stop_workers, drain, free_parts,
                                                  free_state};

/* Nobody new comes in; then the threads end, one after the other, each when nobody asks it any
 * more; what they had for the main loop is released with it. A start that failed comes here, too.
 */
void server_stop(struct server *s)
{
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        stops[i](s);
    if (s->started_s != 0)
        rf_info(RF_CAT_MAIN, "ended");
}
