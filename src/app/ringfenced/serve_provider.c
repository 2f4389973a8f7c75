/* SPDX-License-Identifier: Apache-2.0 */
/* Where a router's centre fetches the router's certificate; on the main loop. */
#include "app/ringfenced/server_int.h"

enum rf_err provider_listen(struct server *s, const struct rf_site_ports *wanted,
                            struct rf_why *why)
{
    struct rf_srst_provider_conf conf = {
        .loop = s->loop, .site = s->site, .on_alarm = event_of_listener, .arg = s};
    s->provider = rf_srst_provider_new(&conf);
    enum rf_err err =
        rf_srst_provider_listen(s->provider, s->site->conf->listen, wanted->provider, why);
    if (err == RF_OK)
        s->ports.provider = rf_srst_provider_port(s->provider);
    return err;
}
