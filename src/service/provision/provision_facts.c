/* SPDX-License-Identifier: Apache-2.0 */
#include "service/provision/provision_int.h"

#include "service/provision/provision_layers.h"
#include "service/site/families.h"
#include "wire/phonexml/phonexml.h"

struct provision_facts *provision_facts_new(const struct rf_site *site,
                                            const struct rf_site_ports *ports,
                                            const struct rf_secret *wrap_key)
{
    const struct rf_site_conf *conf = site->conf;
    struct provision_facts *f = rf_new(struct provision_facts);
    f->refs = 1;
    f->images = rf_site_path(site, RF_SITE_IMAGES);
    f->files = rf_site_path(site, RF_SITE_FILES);
    f->site = rf_strdup(site->dir);
    f->host = rf_strdup(rf_site_advertised(conf));
    enum rf_err err = rf_site_call_managers_parse(conf->call_managers, &f->managers, NULL);
    rf_bug_on(err != RF_OK); /* the configuration was checked when it was read */
    f->port_base = rf_site_port_base(ports);
    f->capf_port = ports->capf;
    f->legacy_port_base = (uint16_t)conf->legacy_sccp_port;
    f->legacy_capf_port = (uint16_t)conf->legacy_capf_port;
    f->legacy_models = rf_strdup(conf->legacy_models);
    f->authenticated_port_base = (uint16_t)conf->authenticated_sccp_port;
    f->tvs_port = conf->tvs ? ports->tvs : 0;
    f->legacy_tvs_port = (uint16_t)conf->legacy_tvs_port;
    f->is_nonsecure = conf->cluster == RF_SITE_CLUSTER_NONSECURE;
    f->digest = conf->digest == RF_SITE_SHA1 ? RF_DIGEST_SHA1 : RF_DIGEST_SHA512;
    f->has_default = conf->auto_register == RF_SITE_AUTO_QUARANTINE;
    f->may_sha1 = conf->sign_sha1 || conf->digest == RF_SITE_SHA1;
    err = rf_networks_parse(conf->provision_networks, &f->networks, NULL);
    rf_bug_on(err != RF_OK);
    f->https_unsigned = rf_strdup(conf->https_unsigned);
    f->date_template = rf_strdup(conf->date_template);
    f->time_zone = rf_strdup(conf->time_zone);
    f->locale = rf_strdup(conf->locale);
    rf_bug_on(rf_secret_set(&f->wrap_key, rf_secret_slice(wrap_key)) != RF_OK);
    f->load_server = rf_strdup(conf->load_server);
    f->srst_monitor_s = conf->srst_monitor_s;
    return f;
}

/* Each of the other ports has one kind of TLS; in the clear there is the base port alone. */
uint16_t provision_port_base(const struct provision_facts *f, const struct rf_store_device *device)
{
    enum rf_phonexml_mode mode = provision_mode_of(device, f);
    if (mode == RF_PHONEXML_MODE_NON_SECURE)
        return f->port_base;
    if (mode == RF_PHONEXML_MODE_AUTHENTICATED && f->authenticated_port_base != 0)
        return f->authenticated_port_base;
    bool is_old =
        f->legacy_port_base != 0 && rf_family_model_listed(f->legacy_models, device->model);
    return is_old ? f->legacy_port_base : f->port_base;
}

bool provision_call_manager(const struct provision_facts *f, size_t nth,
                            struct rf_site_call_manager *out)
{
    *out = (struct rf_site_call_manager){.port = 0};
    if (f->managers.n == 0 && nth == 0)
        return rf_slice_to_str(rf_slice_str(f->host), out->host, sizeof out->host) &&
               (out->port = f->port_base) != 0;
    if (nth >= f->managers.n)
        return false;
    *out = f->managers.at[nth];
    if (out->port == 0)
        out->port = f->port_base;
    return true;
}

/* The listeners for other kinds of TLS have one port at all of them. */
bool provision_call_manager_of(const struct provision_facts *f,
                               const struct rf_store_device *device, size_t nth,
                               struct rf_site_call_manager *out)
{
    uint16_t own = provision_port_base(f, device);
    if (!provision_call_manager(f, nth, out))
        return false;
    if (own != f->port_base)
        out->port = own;
    return true;
}

static uint16_t port_of(const struct provision_facts *f, const char *model, uint16_t port,
                        uint16_t legacy_port)
{
    bool is_old = legacy_port != 0 && rf_family_model_listed(f->legacy_models, model);
    return is_old ? legacy_port : port;
}

uint16_t provision_capf_port(const struct provision_facts *f, const char *model)
{
    return port_of(f, model, f->capf_port, f->legacy_capf_port);
}

uint16_t provision_tvs_port(const struct provision_facts *f, const char *model)
{
    return f->tvs_port != 0 ? port_of(f, model, f->tvs_port, f->legacy_tvs_port) : 0;
}

struct provision_facts *provision_facts_ref(struct provision_facts *f)
{
    f->refs++;
    return f;
}

void provision_facts_unref(struct provision_facts *f)
{
    if (f == NULL || --f->refs > 0)
        return;
    rf_secret_fini(&f->wrap_key);
    rf_free(f->images);
    rf_free(f->files);
    rf_free(f->site);
    rf_free(f->host);
    rf_free(f->legacy_models);
    rf_free(f->https_unsigned);
    rf_free(f->date_template);
    rf_free(f->time_zone);
    rf_free(f->locale);
    rf_free(f->load_server);
    rf_free(f);
}
