/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which the parts start and end, and the signals. */
#include "app/ringfenced/server_int.h"

#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/log.h"
#include "service/held/held.h"

/* ---- the signer ---- */

/* Before any thread: the child is a copy of this process. */
static enum rf_err fork_signer(struct server *s, const struct user *user, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *tftp_key = rf_site_path(s->site, RF_SITE_KEY_TFTP);
    RF_AUTO(rf_freep) char *tftp_cert = rf_site_path(s->site, RF_SITE_CERT_TFTP);
    RF_AUTO(rf_freep) char *lsc_key = rf_site_path(s->site, RF_SITE_KEY_LSC_ISSUER);
    RF_AUTO(rf_freep) char *lsc_cert = rf_site_path(s->site, RF_SITE_CERT_LSC_ISSUER);
    const struct rf_signer_key_conf keys[] = {
        {"tftp", tftp_key, tftp_cert,
         RF_SIGNER_MAY(RF_DIGEST_SHA1) | RF_SIGNER_MAY(RF_DIGEST_SHA512)},
        {"lsc-issuer", lsc_key, lsc_cert, RF_SIGNER_MAY(RF_DIGEST_SHA256)}};
    user_raise(user);
    enum rf_err err = rf_signer_fork(keys, sizeof keys / sizeof *keys, &s->signer, why);
    user_lower(user);
    if (err == RF_OK)
        s->signer_pid = rf_signer_pid(s->signer);
    return err;
}

/* Nothing brings it back but a new start: a signer that ended by itself is no small matter. */
static void signer_ended(void *arg, int fd)
{
    struct server *s = arg;
    rf_watch_free(s->signer_watch);
    s->signer_watch = NULL;
    rf_error(RF_CAT_SIGNER,
             "the signer process %ld has ended: no configuration and no certificate is signed any "
             "more, calls go on; find out why, then start the server again",
             (long)s->signer_pid);
    event_of_server(s, RF_STORE_ERROR, "signer-gone",
                    "the signer process %ld has ended: nothing is signed until the server is "
                    "started again",
                    (long)s->signer_pid);
    s->signer_pid = 0;
}

static void watch_signer(struct server *s)
{
    s->signer_fd = pidfd_open(s->signer_pid, 0);
    if (s->signer_fd >= 0)
        s->signer_watch = rf_loop_watch_fd(s->loop, s->signer_fd, signer_ended, s);
    else
        rf_warn(RF_CAT_SIGNER, "the end of the signer process would go unnoticed until it is used");
}

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
    rf_info(RF_CAT_MAIN,
            "counts capf-sessions=%u tftp-transfers=%u http-connections=%u "
            "events-waiting=%zu",
            rf_capf_service_sessions(s->capf), rf_tftp_server_transfers(s->tftp),
            files_connections(s), events_waiting(s));
}

static void take_signals(struct server *s)
{
    rf_loop_on_signal(s->loop, SIGTERM, on_end, s);
    rf_loop_on_signal(s->loop, SIGINT, on_end, s);
    rf_loop_on_signal(s->loop, SIGHUP, on_hup, s);
    rf_loop_on_signal(s->loop, SIGUSR1, on_usr1, s);
}

/* ---- start ---- */

static uint32_t workers_n(const struct rf_site_conf *conf)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (conf->workers != 0)
        return conf->workers;
    return cores < 1 ? 1 : cores > RF_WORKERS_MAX ? RF_WORKERS_MAX : (uint32_t)cores;
}

static enum rf_err open_store(struct server *s, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, RF_SITE_DB);
    enum rf_err err = rf_store_open(path, &s->store, why);
    if (err == RF_OK)
        s->schema = rf_store_schema(s->store);
    return err;
}

static enum rf_err load_issuer(struct server *s, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, RF_SITE_CERT_LSC_ISSUER);
    return rf_cert_from_pem_file(path, &s->lsc_issuer, why);
}

/* All that does not need to be root. */
static enum rf_err prepare(struct server *s, struct rf_why *why)
{
    enum rf_err err = load_issuer(s, why);
    if (err == RF_OK)
        err = issuers_prepare(s, why);
    if (err == RF_OK)
        err = open_store(s, why);
    if (err == RF_OK)
        err = certs_prepare(s, why);
    if (err != RF_OK)
        return err;
    s->blocked = rf_blocklist_new();
    err = blocked_renew(s, s->store, why);
    if (err != RF_OK)
        return err;
    s->loop = rf_loop_new(rf_clock_real(), "main");
    take_signals(s);
    watch_signer(s);
    events_prepare(s);
    s->io = rf_workers_new(workers_n(s->site->conf), rf_clock_real());
    revocations_prepare(s);
    err = sccp_prepare(s, why); /* reads the database: nobody else has it yet */
    if (err == RF_OK)
        err = files_remember(s, why);
    if (err == RF_OK)
        err = secrets_prepare(s, why); /* as well */
    if (err != RF_OK)
        return err;
    s->held_cache = rf_held_cache_new();
    s->store_worker = rf_worker_start_grouping("store", STORE_JOBS_MAX, s->store, &rf_store_group);
    s->signer_worker = rf_worker_start("signer", SIGNER_JOBS_MAX, s->signer);
    s->second_signer_worker =
        rf_worker_start("signer", SIGNER_JOBS_MAX, rf_signer_second(s->signer));
    err = revocations_start(s, why);
    return err == RF_OK ? capf_prepare(s, why) : err;
}

static enum rf_err listen_all(struct server *s, const struct user *user, struct rf_why *why)
{
    const char *address = s->site->conf->listen;
    struct rf_site_ports wanted = {0};
    enum rf_err err = rf_site_ports_wanted(s->site, &wanted, why);
    user_raise(user);
    if (err == RF_OK)
        err = sccp_listen(s, wanted.sccp_tls, why);
    if (err == RF_OK)
        err = sccp_listen_weak(s, why);
    if (err == RF_OK)
        err = capf_listen_legacy(s, why);
    if (err == RF_OK)
        err = rf_capf_service_listen(s->capf, address, wanted.capf, why);
    if (err == RF_OK) {
        s->ports.capf = rf_capf_service_port(s->capf);
        err = tvs_listen(s, wanted.tvs, why);
    }
    if (err == RF_OK)
        err = files_prepare(s, why);
    if (err == RF_OK)
        err = files_listen(s, &wanted, why);
    user_lower(user);
    return err == RF_OK ? admin_listen(s, user, why) : err;
}

enum rf_err server_start(struct server *s, const struct user *user, struct rf_why *why)
{
    struct user who = *user;
    s->started_s = rf_wall_s(rf_clock_real());
    enum rf_err err = fork_signer(s, &who, why);
    if (err == RF_OK)
        err = prepare(s, why);
    if (err == RF_OK)
        err = listen_all(s, &who, why);
    if (err != RF_OK)
        return err;
    user_drop(&who);
    err = rf_site_ports_save(s->site, &s->ports, why);
    if (err != RF_OK)
        return err;
    sccp_run(s);
    events_trim(s);
    expiry_watch(s);
    campaigns_begin(s);
    return RF_OK;
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
    rf_info(RF_CAT_MAIN,
            "ready version=%s site=%s sccp-tls=%u sccp-base=%u capf=%u tftp=%u http=%u https=%u "
            "tvs=%u pid=%ld signer=%ld",
            RF_VERSION, s->site->conf->name, s->ports.sccp_tls, rf_site_port_base(&s->ports),
            s->ports.capf, s->ports.tftp, s->ports.http, s->ports.https, s->ports.tvs,
            (long)getpid(), (long)s->signer_pid);
    notify("READY=1");
    rf_loop_run(s->loop);
    notify("STOPPING=1");
    event_of_server(s, RF_STORE_INFO, "stopped", "ringfenced %s stopped, process %ld", RF_VERSION,
                    (long)getpid());
}

/* ---- end ---- */

/* Nobody new comes in; then the threads end, one after the other, each when nobody asks it any
 * more; what they had for the main loop is released with it. A start that failed comes here, too:
 * whatever is not there is passed over. */
void server_stop(struct server *s)
{
    files_close(s);
    sccp_close(s);
    rf_revocation_service_stop(s->revocations);
    rf_worker_stop(s->signer_worker);
    rf_worker_stop(s->second_signer_worker);
    rf_capf_service_end(s->capf); /* asks the store */
    rf_worker_stop(s->store_worker);
    calls_drain(s);
    records_drain(s);
    events_drain(s);
    rf_held_cache_free(s->held_cache);
    rf_admin_free(s->admin);
    notify_free(s);
    rf_campaigns_free(s->campaigns);
    rf_capf_service_free(s->capf);
    rf_tvs_service_free(s->tvs);
    rf_provision_free(s->provision);
    rf_store_fetches_fini(&s->fetches);
    rf_store_phones_fini(&s->phones);
    rf_watch_free(s->signer_watch);
    if (s->signer_fd >= 0)
        close(s->signer_fd);
    sccp_free(s);
    rf_loop_free(s->loop);
    calls_free(s);
    records_free(s);
    events_free(s);
    rf_signer_close(s->signer);
    rf_store_close(s->store);
    rf_blocklist_free(s->blocked);
    rf_revocation_service_free(s->revocations);
    rf_anchors_unref(s->capf_anchors);
    rf_cert_unref(s->lsc_issuer);
    issuers_free(s);
    certs_free(s);
    if (s->started_s != 0)
        rf_info(RF_CAT_MAIN, "ended");
}
