/* SPDX-License-Identifier: Apache-2.0 */
#include "net/listeners.h"

#include "net/workers.h"

enum rf_err rf_listeners_make_tls(const struct rf_listeners *l, rf_listeners_make_fn make,
                                  const void *arg, struct rf_tls *out[RF_TLS_PROFILES],
                                  struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (int i = 0; i < RF_TLS_PROFILES && err == RF_OK; i++)
        if (l->at[i] != NULL)
            err = make(arg, (enum rf_tls_profile)i, &out[i], why);
    return err;
}

void rf_listeners_use_tls(struct rf_listeners *l, struct rf_tls *take_tls[RF_TLS_PROFILES])
{
    for (int i = 0; i < RF_TLS_PROFILES; i++) {
        if (take_tls[i] == NULL)
            continue;
        if (l->at[i] != NULL)
            rf_listener_set_tls(l->at[i], take_tls[i]);
        rf_tls_free(l->tls[i]);
        l->tls[i] = rf_steal(&take_tls[i]);
    }
}

enum rf_err rf_listeners_open(struct rf_listeners *l, enum rf_tls_profile profile,
                              const struct rf_listener_conf *conf, const char *networks,
                              struct rf_why *why)
{
    struct rf_networks from = {.n = 0};
    struct rf_listener_conf whole = *conf;
    rf_bug_on(l->tls[profile] == NULL);
    whole.name = rf_tls_name(l->tls[profile]);
    whole.link.tls = l->tls[profile];
    whole.networks = &from;
    if (l->at[profile] != NULL)
        return rf_why_set(why, RF_ERR_EXISTS, "listens-already", "%s listens already", whole.name);
    enum rf_err err = networks != NULL ? rf_networks_parse(networks, &from, why) : RF_OK;
    if (err != RF_OK)
        return err;
    return l->loop != NULL ? rf_listener_open(l->loop, &whole, &l->at[profile], why)
                           : rf_listener_open_on_workers(l->workers, &whole, &l->at[profile], why);
}

void rf_listeners_set_networks(struct rf_listeners *l, enum rf_tls_profile profile,
                               const char *networks)
{
    struct rf_networks from;
    rf_bug_on(rf_networks_parse(networks, &from, NULL) != RF_OK);
    if (l->at[profile] != NULL)
        rf_listener_set_networks(l->at[profile], &from);
}

uint16_t rf_listeners_port(const struct rf_listeners *l, enum rf_tls_profile profile)
{
    return l->at[profile] != NULL ? rf_listener_port(l->at[profile]) : 0;
}

void rf_listeners_close(struct rf_listeners *l)
{
    for (int i = 0; i < RF_TLS_PROFILES; i++)
        rf_listener_close(rf_steal(&l->at[i]));
}

void rf_listeners_fini(struct rf_listeners *l)
{
    rf_listeners_close(l);
    for (int i = 0; i < RF_TLS_PROFILES; i++)
        rf_tls_free(rf_steal(&l->tls[i]));
}
