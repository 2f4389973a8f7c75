/* SPDX-License-Identifier: Apache-2.0 */
/* The listeners of one service, one for each TLS profile that it is offered by, and their policies.
 *
 *     struct rf_listeners l = {.loop = loop};
 *     rf_listeners_use_tls(&l, tls);                            what was made for each
 *     err = rf_listeners_open(&l, RF_TLS_LEGACY, &conf, "10.1.0.0/16", &why);
 *     rf_listeners_fini(&l);
 *
 * Thread: that of rf_listener_open, or of rf_listener_open_on_workers. */
#ifndef NET_LISTENERS_H
#define NET_LISTENERS_H

#include "net/link.h"

struct rf_listeners {
    struct rf_loop *loop; /* where links live; NULL: */
    struct rf_workers *workers;
    struct rf_listener *at[RF_TLS_PROFILES]; /* NULL: not offered */
    struct rf_tls *tls[RF_TLS_PROFILES];
};

/** How a service makes its policy for one profile. */
typedef enum rf_err (*rf_listeners_make_fn)(const void *arg, enum rf_tls_profile profile,
                                            struct rf_tls **out, struct rf_why *why);

/** A policy for each profile that is listened by; the others stay NULL. What `make` gives; then
 * some may be made already. */
RF_MUST_CHECK enum rf_err rf_listeners_make_tls(const struct rf_listeners *l,
                                                rf_listeners_make_fn make, const void *arg,
                                                struct rf_tls *out[RF_TLS_PROFILES],
                                                struct rf_why *why);
/** Links that come from now on use these policies, where one is given; those that are there keep
 * theirs. */
void rf_listeners_use_tls(struct rf_listeners *l, struct rf_tls *take_tls[RF_TLS_PROFILES]);
/** Listen by the policy of this profile, which gives `conf` its name and TLS; `networks` as
 * operators write them (rf_networks_parse), NULL or "": anybody. RF_ERR_EXISTS ("listens-already"),
 * and what rf_networks_parse and rf_listener_open give. */
RF_MUST_CHECK enum rf_err rf_listeners_open(struct rf_listeners *l, enum rf_tls_profile profile,
                                            const struct rf_listener_conf *conf,
                                            const char *networks, struct rf_why *why);
/** From now on these networks, a text that was checked before. Links that are open stay; nothing
 * happens where the profile is not listened by. */
void rf_listeners_set_networks(struct rf_listeners *l, enum rf_tls_profile profile,
                               const char *networks);
/** 0 where it does not listen. */
uint16_t rf_listeners_port(const struct rf_listeners *l, enum rf_tls_profile profile);
/** Accept no more. */
void rf_listeners_close(struct rf_listeners *l);
/** Accept no more, and release the policies. */
void rf_listeners_fini(struct rf_listeners *l);

#endif
