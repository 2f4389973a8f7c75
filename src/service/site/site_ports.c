/* SPDX-License-Identifier: Apache-2.0 */
/* The ports a site has bound: a port configured as 0 is chosen once and then kept, so that phones
 * find the server again after a restart. */
#include "service/site/site.h"

#include "base/file.h"
#include "wire/json/json.h"

#define PORTS_BYTES_MAX 4096

uint16_t rf_site_port_base(const struct rf_site_ports *ports)
{
    rf_bug_on(ports->sccp_tls <= RF_SITE_TLS_OFFSET);
    return (uint16_t)(ports->sccp_tls - RF_SITE_TLS_OFFSET);
}

static enum rf_err port_of(const struct rf_json *obj, const char *key, int64_t min, uint16_t *out,
                           struct rf_why *why)
{
    int64_t value = 0;
    enum rf_err err = rf_json_need_int(obj, key, min, 65535, &value, why);
    *out = (uint16_t)value;
    return err;
}

/* Ports that a site may do without, and that older ones have not kept. */
static enum rf_err port_if_there(const struct rf_json *obj, const char *key, uint16_t *out,
                                 struct rf_why *why)
{
    return rf_json_get(obj, key) == NULL ? RF_OK : port_of(obj, key, 1, out, why);
}

static enum rf_err decode(struct rf_slice text, struct rf_site_ports *out, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *obj = NULL;
    enum rf_err err = rf_json_parse(text, &obj, why);
    if (err == RF_OK)
        err = port_of(obj, "sccp_tls", RF_SITE_TLS_OFFSET + 1, &out->sccp_tls, why);
    if (err == RF_OK && rf_json_get(obj, "provider") != NULL) /* a router */
        return port_of(obj, "provider", 1, &out->provider, why);
    if (err == RF_OK)
        err = port_of(obj, "capf", 1, &out->capf, why);
    if (err == RF_OK)
        err = port_of(obj, "tftp", 1, &out->tftp, why);
    if (err == RF_OK)
        err = port_if_there(obj, "http", &out->http, why);
    if (err == RF_OK)
        err = port_if_there(obj, "https", &out->https, why);
    if (err == RF_OK)
        err = port_if_there(obj, "tvs", &out->tvs, why);
    if (err == RF_OK)
        err = port_if_there(obj, "branch", &out->branch, why);
    return err;
}

enum rf_err rf_site_ports_load(const struct rf_site *site, struct rf_site_ports *out,
                               struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(site, RF_SITE_PORTS);
    RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
    struct rf_site_ports found = {0};
    struct rf_why inner = {0};
    if (!rf_file_exists(path))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-ports",
                          "%s is not there: the server was never started", path);
    enum rf_err err = rf_file_read(path, PORTS_BYTES_MAX, &text, &inner);
    if (err == RF_OK)
        err = decode(rf_buf_slice(&text), &found, &inner);
    if (err != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "ports-file", "%s: %s", path, inner.text);
    *out = found;
    return RF_OK;
}

/* Is one of the ports to be as it was? */
static bool needs_kept(const struct rf_site_conf *conf)
{
    if (conf->role == RF_SITE_ROLE_SRST)
        return conf->sccp_port == 0 || conf->srst_provider_port == 0;
    return conf->sccp_port == 0 || conf->capf_port == 0 || conf->tftp_port == 0 ||
           (conf->http && conf->http_port == 0) || (conf->https && conf->https_port == 0) ||
           (conf->tvs && conf->tvs_port == 0) || (conf->branch && conf->branch_port == 0);
}

enum rf_err rf_site_ports_wanted(const struct rf_site *site, struct rf_site_ports *out,
                                 struct rf_why *why)
{
    const struct rf_site_conf *conf = site->conf;
    struct rf_site_ports kept = {0};
    struct rf_why none = {0};
    enum rf_err err = RF_OK;
    if (needs_kept(conf))
        err = rf_site_ports_load(site, &kept, &none);
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, none.code, "%s", none.text);
    if (conf->sccp_port != 0)
        kept.sccp_tls = (uint16_t)(conf->sccp_port + RF_SITE_TLS_OFFSET);
    if (conf->capf_port != 0)
        kept.capf = (uint16_t)conf->capf_port;
    if (conf->tftp_port != 0)
        kept.tftp = (uint16_t)conf->tftp_port;
    if (conf->http_port != 0)
        kept.http = (uint16_t)conf->http_port;
    if (conf->https_port != 0)
        kept.https = (uint16_t)conf->https_port;
    if (conf->tvs_port != 0)
        kept.tvs = (uint16_t)conf->tvs_port;
    if (conf->srst_provider_port != 0)
        kept.provider = (uint16_t)conf->srst_provider_port;
    if (conf->branch_port != 0)
        kept.branch = (uint16_t)conf->branch_port;
    if (!conf->branch)
        kept.branch = 0;
    *out = kept;
    return RF_OK;
}

enum rf_err rf_site_ports_save(const struct rf_site *site, const struct rf_site_ports *ports,
                               struct rf_why *why)
{
    if (ports->sccp_tls <= RF_SITE_TLS_OFFSET)
        return rf_why_set(why, RF_ERR_BAD, "ports-base",
                          "TLS port %u leaves no port to tell phones: they add %d", ports->sccp_tls,
                          RF_SITE_TLS_OFFSET);
    RF_AUTO(rf_freep) char *path = rf_site_path(site, RF_SITE_PORTS);
    RF_AUTO(rf_json_freep) struct rf_json *obj = rf_json_obj();
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(PORTS_BYTES_MAX);
    rf_json_set_int(obj, "sccp_tls", ports->sccp_tls);
    if (ports->provider != 0) {
        rf_json_set_int(obj, "provider", ports->provider);
    } else {
        rf_json_set_int(obj, "capf", ports->capf);
        rf_json_set_int(obj, "tftp", ports->tftp);
    }
    if (ports->http != 0)
        rf_json_set_int(obj, "http", ports->http);
    if (ports->https != 0)
        rf_json_set_int(obj, "https", ports->https);
    if (ports->tvs != 0)
        rf_json_set_int(obj, "tvs", ports->tvs);
    if (ports->branch != 0)
        rf_json_set_int(obj, "branch", ports->branch);
    enum rf_err err = rf_json_dump(obj, 2, &text);
    if (err == RF_OK)
        err = rf_buf_addf(&text, "\n");
    return err == RF_OK ? rf_file_replace(path, rf_buf_slice(&text), RF_FILE_PUBLIC, why) : err;
}
