/* SPDX-License-Identifier: Apache-2.0 */
/* What a server has in each of its roles: the steps of its start in their order, and what else
 * depends on it. Its end is the same for all (server.c). doc: docs/server.md, "Roles" */
#include <unistd.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"
#include "service/held/held.h"

/* ---- steps that only join ---- */

static enum rf_err load_issuer(struct server *s, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, RF_SITE_CERT_LSC_ISSUER);
    return rf_cert_from_pem_file(path, &s->lsc_issuer, why);
}

static enum rf_err open_store(struct server *s, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, RF_SITE_DB);
    enum rf_err err = rf_store_open(path, &s->store, why);
    if (err == RF_OK)
        s->schema = rf_store_schema(s->store);
    return err;
}

/* A router's is filled with its snapshot. */
static enum rf_err block_nobody(struct server *s, struct rf_why *why)
{
    s->blocked = rf_blocklist_new();
    return RF_OK;
}

static enum rf_err block_listed(struct server *s, struct rf_why *why)
{
    s->blocked = rf_blocklist_new();
    return blocked_renew(s, s->store, why);
}

static uint32_t workers_n(const struct rf_site_conf *conf)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (conf->workers != 0)
        return conf->workers;
    return cores < 1 ? 1 : cores > RF_WORKERS_MAX ? RF_WORKERS_MAX : (uint32_t)cores;
}

static enum rf_err make_loops(struct server *s, struct rf_why *why)
{
    s->loop = rf_loop_new(rf_clock_real(), "main");
    signals_take(s);
    events_prepare(s);
    s->io = rf_workers_new(workers_n(s->site->conf), rf_clock_real());
    return RF_OK;
}

static enum rf_err watch_signer(struct server *s, struct rf_why *why)
{
    signer_watch(s);
    return RF_OK;
}

static enum rf_err know_revoked(struct server *s, struct rf_why *why)
{
    revocations_prepare(s);
    return RF_OK;
}

static enum rf_err believe_folders(struct server *s, struct rf_why *why)
{
    struct signalling *now = NULL;
    enum rf_err err = signalling_make(s, s->site->conf, &now, why);
    if (err == RF_OK)
        signalling_use(s, now);
    return err;
}

/* From here on the database is its worker's. */
static enum rf_err start_store(struct server *s, struct rf_why *why)
{
    s->held_cache = rf_held_cache_new();
    s->store_worker = rf_worker_start_grouping("store", STORE_JOBS_MAX, s->store, &rf_store_group);
    return RF_OK;
}

static enum rf_err start_signer(struct server *s, struct rf_why *why)
{
    s->signer_worker = rf_worker_start("signer", SIGNER_JOBS_MAX, s->signer);
    s->second_signer_worker =
        rf_worker_start("signer", SIGNER_JOBS_MAX, rf_signer_second(s->signer));
    return RF_OK;
}

static enum rf_err listen_sccp(struct server *s, const struct rf_site_ports *wanted,
                               struct rf_why *why)
{
    enum rf_err err = sccp_listen(s, wanted->sccp_tls, why);
    return err == RF_OK ? sccp_listen_weak(s, why) : err;
}

static enum rf_err listen_capf(struct server *s, const struct rf_site_ports *wanted,
                               struct rf_why *why)
{
    return capf_listen(s, wanted->capf, why);
}

static enum rf_err listen_tvs(struct server *s, const struct rf_site_ports *wanted,
                              struct rf_why *why)
{
    return tvs_listen(s, wanted->tvs, why);
}

static enum rf_err serve_files(struct server *s, const struct rf_site_ports *wanted,
                               struct rf_why *why)
{
    enum rf_err err = files_prepare(s, why);
    return err == RF_OK ? files_listen(s, wanted, why) : err;
}

/* ---- a reload ---- */

static enum rf_err check_capf(struct server *s, const struct rf_site_conf *conf,
                              struct beliefs *out, struct rf_why *why)
{
    return capf_anchors_make(s, &out->mic, &out->capf, why);
}

static enum rf_err check_signalling(struct server *s, const struct rf_site_conf *conf,
                                    struct beliefs *out, struct rf_why *why)
{
    return signalling_make(s, conf, &out->signalling, why);
}

static enum rf_err set_revocations(struct server *s, const struct rf_site_conf *conf,
                                   struct beliefs *out, struct rf_why *why)
{
    return rf_revocation_service_set(s->revocations, conf, why);
}

static void use_capf(struct server *s, const struct rf_site_conf *conf)
{
    rf_capf_service_set_site(s->capf, s->site);
}

static void use_tvs(struct server *s, const struct rf_site_conf *conf)
{
    tvs_renew(s);
}

static void use_campaigns(struct server *s, const struct rf_site_conf *conf)
{
    rf_campaigns_set_knobs(s->campaigns, conf);
}

/* ---- what is told ---- */

static void tell_ready(const struct server *s)
{
    rf_info(RF_CAT_MAIN,
            "ready version=%s site=%s sccp-tls=%u sccp-base=%u capf=%u tftp=%u http=%u https=%u "
            "tvs=%u pid=%ld signer=%ld",
            RF_VERSION, s->site->conf->name, s->ports.sccp_tls, rf_site_port_base(&s->ports),
            s->ports.capf, s->ports.tftp, s->ports.http, s->ports.https, s->ports.tvs,
            (long)getpid(), (long)s->signer_pid);
}

static void tell_router_ready(const struct server *s)
{
    rf_info(RF_CAT_MAIN,
            "ready version=%s site=%s role=srst sccp-tls=%u sccp-base=%u provider=%u pid=%ld",
            RF_VERSION, s->site->conf->name, s->ports.sccp_tls, rf_site_port_base(&s->ports),
            s->ports.provider, (long)getpid());
}

static void tell_counts(struct server *s)
{
    rf_info(RF_CAT_MAIN,
            "counts capf-sessions=%u tftp-transfers=%u http-connections=%u "
            "events-waiting=%zu",
            rf_capf_service_sessions(s->capf), rf_tftp_server_transfers(s->tftp),
            files_connections(s), events_waiting(s));
}

static void tell_router_counts(struct server *s)
{
    rf_info(RF_CAT_MAIN, "counts certificate-shown=%llu events-waiting=%zu",
            (unsigned long long)rf_srst_provider_shown(s->provider), events_waiting(s));
}

/* ---- the roles ---- */

static const struct role call_manager = {
    .has_signer = true,
    .prepare = {load_issuer, issuers_prepare, open_store, certs_prepare, block_listed, make_loops,
                watch_signer, know_revoked, believe_folders, sccp_prepare,
                /* these read the database: nobody else has it yet */
                devices_load, meet_mes_load, files_remember, secrets_prepare, start_store,
                start_signer, revocations_start, capf_prepare},
    .listen = {listen_sccp, listen_capf, listen_tvs, serve_files, branches_listen},
    .run = {sccp_run, events_trim, expiry_watch, campaigns_begin, branches_run},
    .reload_check = {check_capf, check_signalling, set_revocations},
    .reload_use = {use_capf, files_reload, use_tvs, weak_reload, use_campaigns, branches_reload},
    .sccp_ops = &sccp_ops_call_manager,
    .status = status_call_manager,
    .tell_ready = tell_ready,
    .tell_counts = tell_counts,
};

static const struct role router = {
    .is_router = true,
    .prepare = {open_store, certs_prepare, block_nobody, make_loops, router_prepare, sccp_prepare,
                router_load, start_store},
    .listen = {listen_sccp, provider_listen},
    .run = {sccp_run, events_trim, expiry_watch, router_tell, uplink_begin},
    .reload_use = {weak_reload, uplink_reload},
    .sccp_ops = &sccp_ops_router,
    .status = status_router,
    .tell_ready = tell_router_ready,
    .tell_counts = tell_router_counts,
};

const struct role *role_of(const struct rf_site_conf *conf)
{
    return conf->role == RF_SITE_ROLE_SRST ? &router : &call_manager;
}
