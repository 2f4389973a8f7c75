/* SPDX-License-Identifier: Apache-2.0 */
/* What the admin API asks of this program, one function an operation. Which thread each runs on is
 * said in service/admin/admin.h. */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"

#include "base/bytes.h"

/* ---- main loop ---- */

static void add_waiting(const struct server *s, struct rf_admin_status *out)
{
    struct rf_capf_waiting waiting[RF_ADMIN_WAITING_SHOWN];
    out->capf_waiting_n = rf_capf_service_waiting(s->capf, waiting, RF_ADMIN_WAITING_SHOWN);
    for (size_t i = 0; i < out->capf_waiting_n && i < RF_ADMIN_WAITING_SHOWN; i++) {
        struct rf_admin_waiting *to = &out->capf_waiting[i];
        (void)rf_slice_to_str(rf_slice_str(waiting[i].host), to->host, sizeof to->host);
        to->wrong = waiting[i].wrong;
        to->wait_s = waiting[i].wait_s;
    }
}

void status_add_listener(struct rf_admin_status *out, const struct rf_listener *listener,
                         const char *tls)
{
    struct rf_listener_counts counts;
    if (listener == NULL)
        return;
    rf_bug_on(out->n_listeners == RF_ADMIN_LISTENERS);
    rf_listener_count(listener, &counts);
    out->listeners[out->n_listeners++] =
        (struct rf_admin_listener){.name = rf_listener_name(listener),
                                   .tls = tls,
                                   .port = rf_listener_port(listener),
                                   .links = counts.links,
                                   .storm_refused = counts.storm_refused,
                                   .network_refused = counts.network_refused};
}

static void add_all(struct rf_admin_status *out, const struct rf_listeners *l)
{
    static const char *const names[RF_TLS_PROFILES] = {[RF_TLS_MODERN] = "modern",
                                                       [RF_TLS_LEGACY] = "legacy",
                                                       [RF_TLS_AUTHENTICATED] = "authenticated"};
    for (int i = 0; i < RF_TLS_PROFILES; i++)
        status_add_listener(out, l->at[i], names[i]);
}

void status_add_sccp(const struct server *s, struct rf_admin_status *out)
{
    add_all(out, &s->sccp_listeners);
    status_add_listener(out, s->sccp_plain, "none");
}

static void add_listeners(const struct server *s, struct rf_admin_status *out)
{
    status_add_sccp(s, out);
    add_all(out, rf_capf_service_listeners(s->capf));
    if (s->tvs != NULL)
        add_all(out, rf_tvs_service_listeners(s->tvs));
    if (s->branches != NULL)
        status_add_listener(out, branches_listener(s), "modern");
    if (s->http != NULL)
        status_add_listener(out, rf_http_files_listener(s->http), "none");
    if (s->https != NULL)
        status_add_listener(out, rf_http_files_listener(s->https), "modern");
}

void status_call_manager(struct server *s, struct rf_admin_status *out)
{
    out->signer_pid = s->signer_pid;
    out->capf = s->ports.capf;
    out->tftp = s->ports.tftp;
    out->http = s->ports.http;
    out->https = s->ports.https;
    out->tvs = s->ports.tvs;
    out->branch_port = s->ports.branch;
    out->capf_sessions = rf_capf_service_sessions(s->capf);
    out->tftp_transfers = rf_tftp_server_transfers(s->tftp);
    out->http_connections = files_connections(s);
    add_waiting(s, out);
    add_listeners(s, out);
}

static void op_status(void *arg, struct rf_admin_status *out)
{
    struct server *s = arg;
    *out = (struct rf_admin_status){.version = RF_VERSION,
                                    .started_s = s->started_s,
                                    .sccp_base = rf_site_port_base(&s->ports),
                                    .sccp_tls = s->ports.sccp_tls,
                                    .schema = s->schema};
    s->role->status(s, out);
}

static const struct rf_site_conf *op_conf(void *arg)
{
    return ((struct server *)arg)->site->conf;
}

static enum rf_err op_reload(void *arg, rf_admin_reload_fn each, void *each_arg, struct rf_why *why)
{
    return server_reload(arg, each, each_arg, why);
}

static void op_device_changed(void *arg, const char *name)
{
    rf_provision_invalidate(((struct server *)arg)->provision, name);
    campaigns_news(arg, name);
}

static void op_campaigns_changed(void *arg)
{
    rf_campaigns_poke(((struct server *)arg)->campaigns);
}

static void op_certs_changed(void *arg, const char *name)
{
    device_refresh(arg, name);
    op_device_changed(arg, name);
}

static void op_event(void *arg, const struct rf_store_event *event)
{
    event_keep(arg, event);
}

static void op_to_calls(void *arg, struct rf_msg *take_msg)
{
    sccp_post(arg, take_msg);
}

/* ---- any thread ---- */

static const struct rf_anchors *op_lsc_cas(void *arg)
{
    return ((struct server *)arg)->lsc_cas;
}

static enum rf_err op_device_check(void *arg, const struct rf_store_phone *phone,
                                   struct rf_why *why)
{
    const struct server *s = arg;
    struct rf_sccp_device device;
    return device_of(atomic_load(&s->device_models), phone, NULL, &device, why);
}

/* ---- call-control thread ---- */

static void op_counts(void *arg, struct rf_admin_counts *out)
{
    struct server *s = arg;
    struct rf_sccp_counts c;
    rf_sccp_counts(s->sccp, &c);
    *out =
        (struct rf_admin_counts){.devices = c.devices,
                                 .registered = c.registered,
                                 .links = c.links,
                                 .calls = (uint32_t)rf_call_count(rf_sccp_service_calls(s->sccp)),
                                 .in = c.in,
                                 .out = c.out,
                                 .dropped = c.dropped,
                                 .tokens = c.tokens,
                                 .put_off = c.put_off};
}

static bool is_set(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0)
            return true;
    return false;
}

static void op_live(void *arg, const char *name, struct rf_admin_live *out)
{
    struct server *s = arg;
    struct rf_sccp_device_status st;
    *out = (struct rf_admin_live){.is_registered = false};
    if (rf_sccp_device_status(s->sccp, name, &st) != RF_OK)
        return; /* removed a moment ago */
    out->is_registered = st.is_registered;
    out->since_s = st.since_s;
    out->sccp_version = st.version;
    out->in_call = st.in_call;
    out->in = st.in;
    out->out = st.out;
    out->has_cert = is_set(st.cert_sha256, sizeof st.cert_sha256);
    memcpy(out->cert_sha256, st.cert_sha256, sizeof out->cert_sha256);
    snprintf(out->address, sizeof out->address, "%s", st.address);
    snprintf(out->tls_version, sizeof out->tls_version, "%s", st.tls_version);
    snprintf(out->suite, sizeof out->suite, "%s", st.suite);
    snprintf(out->running_load, sizeof out->running_load, "%s", st.load);
    snprintf(out->last_alarm, sizeof out->last_alarm, "%s", st.last_alarm);
    if (st.last_cause != RF_SCCP_CAUSE_NONE)
        out->last_cause = rf_sccp_cause_name(st.last_cause);
}

static bool op_call_next(void *arg, uint32_t *at, struct rf_admin_call *out)
{
    struct server *s = arg;
    struct rf_call_status st;
    if (!rf_call_next(rf_sccp_service_calls(s->sccp), at, &st))
        return false;
    *out = (struct rf_admin_call){.id = st.call_id,
                                  .state = st.state,
                                  .security = rf_call_security_name(st.security),
                                  .start_s = st.start_s};
    snprintf(out->calling_device, sizeof out->calling_device, "%.15s", st.calling_device);
    snprintf(out->called_device, sizeof out->called_device, "%.15s", st.called_device);
    snprintf(out->calling, sizeof out->calling, "%s", st.calling.number);
    snprintf(out->called, sizeof out->called, "%s", st.called.number);
    return true;
}

static enum rf_err op_device_set(void *arg, const struct rf_store_phone *phone,
                                 const struct rf_store_certs *certs, struct rf_why *why)
{
    struct server *s = arg;
    struct rf_sccp_device device;
    enum rf_err err = device_of(atomic_load(&s->device_models), phone, certs, &device, why);
    return err == RF_OK ? device_use(s, &device, why) : err;
}

static void op_device_remove(void *arg, const char *name)
{
    struct server *s = arg;
    /* One that call control left out at the start is not there; that is as it shall be. */
    if (rf_sccp_device_remove(s->sccp, name) != RF_OK)
        rf_debug(RF_CAT_MAIN, "removed device was not in call control dev=%s", name);
}

static enum rf_err op_device_reset(void *arg, const char *name, enum rf_admin_reset type)
{
    struct server *s = arg;
    return rf_sccp_device_reset(s->sccp, name,
                                type == RF_ADMIN_RESET     ? RF_SCCP_RESET_RESET
                                : type == RF_ADMIN_RESTART ? RF_SCCP_RESET_RESTART
                                                           : RF_SCCP_RESET_APPLY_CONFIG);
}

static const struct rf_admin_ops ops = {.status = op_status,
                                        .conf = op_conf,
                                        .branch_next = router_next,
                                        .reload = op_reload,
                                        .device_changed = op_device_changed,
                                        .certs_changed = op_certs_changed,
                                        .campaigns_changed = op_campaigns_changed,
                                        .config_changed = configs_changed,
                                        .configs_changed = configs_changed_of,
                                        .srst_release = branches_release,
                                        .config_view = configs_view,
                                        .config_release = configs_release,
                                        .config_show = configs_show,
                                        .config_lint = configs_lint,
                                        .tvs_show = tvs_show,
                                        .tvs_begin = tvs_begin,
                                        .tvs_use = tvs_use,
                                        .tvs_make = tvs_make,
                                        .revocation_show = revocations_show,
                                        .revocation_begin = revocations_begin,
                                        .revocation_make = revocations_make,
                                        .revocation_use = revocations_use,
                                        .revocation_drop = revocations_drop,
                                        .blocked_renew = blocked_renew,
                                        .blocked_end = blocked_end,
                                        .event = op_event,
                                        .to_calls = op_to_calls,
                                        .lsc_cas = op_lsc_cas,
                                        .device_check = op_device_check,
                                        .counts = op_counts,
                                        .live = op_live,
                                        .call_next = op_call_next,
                                        .device_set = op_device_set,
                                        .device_remove = op_device_remove,
                                        .device_reset = op_device_reset,
                                        .meet_me_set = meet_me_set,
                                        .meet_me_remove = meet_me_remove};

enum rf_err admin_listen(struct server *s, const struct user *user, struct rf_why *why)
{
    const char *group = s->site->conf->admin_group;
    struct rf_admin_conf conf = {.loop = s->loop,
                                 .site = s->site,
                                 .store = s->store_worker,
                                 .ops = &ops,
                                 .arg = s,
                                 .uid = user->uid,
                                 .gid = user->gid,
                                 .is_router = s->role->is_router,
                                 .wrap_key = &s->wrap_key};
    enum rf_err err = group[0] != '\0' ? group_find(group, &conf.gid, why) : RF_OK;
    return err == RF_OK ? rf_admin_open(&conf, &s->admin, why) : err;
}
