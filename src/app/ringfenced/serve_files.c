/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of files and TFTP, on the main loop. Phones are told ports in their configuration,
 * so the catalogue comes when the ports are known, and TFTP's own is not among them. */
#include "app/ringfenced/server_int.h"

enum rf_err files_prepare(struct server *s, struct rf_why *why)
{
    struct rf_provision_conf conf = {.loop = s->loop,
                                     .site = s->site,
                                     .ports = &s->ports,
                                     .store = s->store_worker,
                                     .signer = s->signer_worker};
    s->provision = rf_provision_new(&conf);
    return RF_OK;
}

enum rf_err files_listen(struct server *s, uint16_t port, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    struct rf_tftp_server_conf conf = {.loop = s->loop,
                                       .provision = s->provision,
                                       .address = site->listen,
                                       .port = port,
                                       .retry_ms = site->tftp_retry_ms,
                                       .tries = site->tftp_tries,
                                       .on_report = event_of_file,
                                       .report_arg = s};
    enum rf_err err = rf_tftp_server_open(&conf, &s->tftp, why);
    if (err == RF_OK)
        s->ports.tftp = rf_tftp_server_port(s->tftp);
    return err;
}
