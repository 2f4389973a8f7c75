/* SPDX-License-Identifier: Apache-2.0 */
/* The servers that a station is given by the configuration: call managers, and the routers of the
 * branch (SRST) behind them. doc: docs/phone-calls.md, "Fail-over" */
#include "service/phone/phone_int.h"

#include "base/faults.h"
#include "base/text.h"

#include <string.h>

#define MONITOR_MAX_S (24u * 3600)

/* One that has a name cannot be used; the others of the list still can. */
static struct rf_station_server *add_server(const struct rf_phone *p, struct rf_station_conf *conf,
                                            const char *what, const char *name, uint16_t port)
{
    struct rf_station_server *s = &conf->servers[conf->n_servers];
    struct rf_address address;
    struct rf_why why = {0};
    if (rf_address_parse(name, port, &address, &why) != RF_OK) {
        rf_warn(RF_CAT_PHONE, "%s left out: %s dev=%s", what, rf_why_text(&why),
                rf_phone_device(p));
        return NULL;
    }
    rf_address_host(&address, s->host, sizeof s->host);
    s->port = port;
    conf->n_servers++;
    return s;
}

/* doc: docs/security-rules.md, "Boot states" (S1): a certificate is believed because the file that
 * it stands in was signed by one of the lists; from anywhere else it is none. */
static struct rf_cert *srst_cert(const struct rf_phone *p, bool *is_unreadable)
{
    const struct rf_phonexml_srst *srst = &p->config->srst;
    uint8_t der[RF_PHONEXML_CERT_MAX];
    size_t n = 0;
    struct rf_cert *cert = NULL;
    struct rf_why why = {0};
    bool is_signed = (p->is_config_verified && !rf_lists_is_empty(&p->lists)) ||
                     rf_fault_skips("phone.srst-signed");
    if (!srst->is_secure || srst->certificate[0] == '\0' || !is_signed)
        return NULL;
    enum rf_err err = rf_unbase64(rf_slice_str(srst->certificate), der, sizeof der, &n);
    if (err == RF_OK)
        err = rf_cert_from_der((struct rf_slice){.p = der, .len = n}, &cert, &why);
    if (err != RF_OK)
        rf_warn(RF_CAT_PHONE, "SRST certificate left out: %s dev=%s",
                why.code[0] != '\0' ? rf_why_text(&why) : "it is no base64", rf_phone_device(p));
    *is_unreadable = err != RF_OK;
    return cert;
}

/* Behind the call managers. */
static void add_routers(struct rf_phone *p, struct rf_station_conf *conf)
{
    const struct rf_phonexml_srst *srst = &p->config->srst;
    if (srst->option[0] == '\0' || strcmp(srst->option, "Disable") == 0)
        return;
    /* The configuration says secure: what cannot be read is no leave to go there in the clear. */
    bool is_unreadable = false;
    p->srst_cert = srst_cert(p, &is_unreadable);
    if (is_unreadable)
        return;
    for (size_t i = 0; i < PHONE_SRST_MAX; i++) {
        const struct rf_phonexml_srst_address *a = &srst->address[i];
        struct rf_station_server *s =
            a->ip[0] != '\0' ? add_server(p, conf, "SRST router", a->ip, a->port) : NULL;
        if (s != NULL) {
            s->is_srst = true;
            s->cert = p->srst_cert;
        }
    }
}

/* connectionMonitorDuration; absent: as the station has it. At most a day: a larger number would
 * mean never. */
static uint32_t monitor_ms(const struct rf_phonexml *c)
{
    uint32_t s = c->connection_monitor_s < MONITOR_MAX_S ? c->connection_monitor_s : MONITOR_MAX_S;
    if (!c->has_connection_monitor)
        return 0;
    return s > 0 ? s * 1000 : 1; /* 0: the first answer is enough */
}

void phone_servers_fill(struct rf_phone *p, struct rf_station_conf *conf)
{
    for (size_t i = 0; i < p->config->cm_n && conf->n_servers < PHONE_CMS_MAX; i++)
        (void)add_server(p, conf, "call manager", p->config->cm[i].name, p->config->cm[i].port);
    if (conf->n_servers > 0) /* a router is nobody's first server */
        add_routers(p, conf);
    conf->monitor_ms = monitor_ms(p->config);
    p->is_srst_clear_told = p->is_srst_cert_told = false;
}

void phone_servers_end(struct rf_phone *p)
{
    rf_cert_unref(p->srst_cert);
    p->srst_cert = NULL;
}

/* ---- what is told of a router ---- */

/* What the user is to know of the router, once for each time the phone looks for its servers: that
 * it has this one's service only, or why it has none. */
void phone_srst_tell(struct rf_phone *p, const struct rf_station_event *ev)
{
    bool is_refused = ev->kind == RF_STATION_REFUSED ||
                      (ev->kind == RF_STATION_STANDBY && ev->why.code[0] != '\0');
    if (!ev->is_srst)
        return;
    if (ev->kind == RF_STATION_REGISTERED) {
        phone_status(p, "CM Fallback Service Operating: %s", ev->server);
        if (ev->tls_version[0] == '\0')
            phone_status(p, "CM fallback is not secure");
    } else if (is_refused && strcmp(ev->why.code, "srst-clear-refused") == 0) {
        if (!p->is_srst_clear_told)
            phone_status(p, "SRST refused, not secure: %s", ev->server);
        p->is_srst_clear_told = true;
    } else if (is_refused && strcmp(ev->why.code, "srst-certificate") == 0) {
        if (!p->is_srst_cert_told)
            phone_status(p, "SRST certificate differs: %s", ev->server);
        p->is_srst_cert_told = true;
    }
}
