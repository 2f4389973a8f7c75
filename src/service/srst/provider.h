/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate provider of a survivable router: whoever opens TLS to it is shown the router's
 * certificate, and nothing else happens. The centre fetches it there, its administrator compares
 * the fingerprint, and so it gets into the configurations of the phones.
 *
 *     struct rf_srst_provider *p = rf_srst_provider_new(&conf);
 *     err = rf_srst_provider_listen(p, "0.0.0.0", 2445, &why);
 *
 * What is shown is no secret and nobody is asked who he is; so a link may do nothing but end, soon.
 *
 * Thread: that of the loop. doc: docs/server.md, "Roles" */
#ifndef SERVICE_SRST_PROVIDER_H
#define SERVICE_SRST_PROVIDER_H

#include "net/link.h"
#include "net/tls.h"
#include "service/site/site.h"

/** Links at one time, and from one address. */
#define RF_SRST_PROVIDER_LINKS       256
#define RF_SRST_PROVIDER_PER_ADDRESS 16
/** A link, handshake and all, lasts no longer. */
#define RF_SRST_PROVIDER_MS 5000u

struct rf_srst_provider_conf {
    struct rf_loop *loop;
    const struct rf_site *site;    /* paths and knobs, copied */
    rf_listener_alarm_fn on_alarm; /* may be NULL; with `arg` */
    void *arg;
};

struct rf_srst_provider;

struct rf_srst_provider *rf_srst_provider_new(const struct rf_srst_provider_conf *conf);
/** Bind, and show the certificate that the site's call manager listener has. What TLS and binding
 * give. */
RF_MUST_CHECK enum rf_err rf_srst_provider_listen(struct rf_srst_provider *p, const char *address,
                                                  uint16_t port, struct rf_why *why);
/** A policy with the certificate that lies in the site now; and links that come from now on see it
 * (it listens). */
RF_MUST_CHECK enum rf_err rf_srst_provider_make_tls(const struct rf_srst_provider *p,
                                                    struct rf_tls **out, struct rf_why *why);
void rf_srst_provider_use_tls(struct rf_srst_provider *p, struct rf_tls *take_tls);
/** NULL before it listens. */
const struct rf_listener *rf_srst_provider_listener(const struct rf_srst_provider *p);
uint16_t rf_srst_provider_port(const struct rf_srst_provider *p);
/** Handshakes that came to an end: the certificate was shown. */
uint64_t rf_srst_provider_shown(const struct rf_srst_provider *p);
/** Close the listener; links go with the loop. NULL is fine. */
void rf_srst_provider_free(struct rf_srst_provider *p);

#endif
