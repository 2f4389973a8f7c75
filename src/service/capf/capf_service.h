/* SPDX-License-Identifier: Apache-2.0 */
/* The CAPF server: phones come here over TLS for their LSC. A session is a state machine
 * (capf_fsm.c); the database, the signer and slow checks are asked on workers, and their answers
 * find the session by handle, or nothing.
 *
 *     struct rf_capf_service *s = NULL;
 *     err = rf_capf_service_new(&conf, &s, &why);
 *     err = rf_capf_service_listen(s, RF_TLS_MODERN, "0.0.0.0", 3804, NULL, &why);
 *
 * Nothing of a device changes before its proof held; an operation is done only when the phone has
 * confirmed that it stored its certificate; a lost link leaves it scheduled.
 *
 * Thread: that of the loop. Stop the workers before the loop is freed.
 * doc: docs/enrolment.md; docs/wire/capf.md; docs/security-rules.md, "CAPF" (A1 to A11) */
#ifndef SERVICE_CAPF_CAPF_SERVICE_H
#define SERVICE_CAPF_CAPF_SERVICE_H

#include "base/worker.h"
#include "net/address.h"
#include "net/listeners.h"
#include "service/site/site.h"
#include "trust/blocklist.h"
#include "trust/cmp.h"
#include "trust/path.h"
#include "trust/vault.h"

/** Sessions open at one time, and from one address. */
#define RF_CAPF_SESSIONS_MAX         256
#define RF_CAPF_SESSIONS_PER_ADDRESS 16
/** For an answer. While the phone makes its key, the configuration's capf_keepalive_s instead. */
#define RF_CAPF_ANSWER_MS 30000u

struct rf_capf_service;

/** An address from which no authentication string is judged now. */
struct rf_capf_waiting {
    char host[RF_ADDRESS_TEXT_MAX];
    uint32_t wrong; /* strings that it gave */
    uint32_t wait_s;
};

/** How the issuer's key is found on the signer worker; as rf_provision_key_fn. */
typedef enum rf_err (*rf_capf_key_fn)(void *state, struct rf_vault_key **key, struct rf_cert **cert,
                                      struct rf_why *why);

struct rf_capf_service_conf {
    struct rf_loop *loop;
    const struct rf_site *site; /* knobs and paths, copied */
    struct rf_worker *store;    /* its state is the struct rf_store */
    struct rf_worker *signer;   /* its state is the struct rf_signer unless issuer_key is given */
    rf_capf_key_fn issuer_key;  /* may be NULL */
    struct rf_anchors *anchors; /* purpose CAPF: MIC roots and LSC issuers; its count goes up */
    struct rf_cert *lsc_issuer; /* certificates it issued are LSCs: they must be in the store */
    /* Whose certificates are LSCs, too, by name: former issuers of ours, and other CAs; may be
     * NULL. The other CAs alone, for purpose signalling: what such a one makes for a phone leads
     * directly to one of them; needed unless lsc_issuer is local. */
    struct rf_anchors *listed;
    struct rf_anchors *cas;
    const struct rf_cmp *cmp;           /* with lsc_issuer = cmp; borrowed */
    const struct rf_blocklist *blocked; /* may be NULL; borrowed */
    struct rf_revocation *revocation;   /* as well */
    /** May be NULL. Something of the device changed: a certificate was issued to it (and has not
     * left yet), its operation is done, or failed: it has another certificate or configuration now.
     * Loop's thread. */
    void (*on_changed)(void *arg, const char *device, bool is_done);
    void *arg;
    rf_listener_alarm_fn on_alarm; /* may be NULL; with `arg`, on any thread */
};

/** RF_ERR_BAD when something needed is missing. Starts a worker of its own for slow checks. */
RF_MUST_CHECK enum rf_err rf_capf_service_new(const struct rf_capf_service_conf *conf,
                                              struct rf_capf_service **out, struct rf_why *why);
/** Bind and serve with the site's CAPF certificate by this profile; `networks`: from where phones
 * may come, NULL: from anywhere. RF_TLS_LEGACY is for phones of the site's legacy_models alone.
 * RF_ERR_DENIED capf-cert when the certificate is not fit for CAPF; and what TLS and
 * rf_listeners_open give. */
RF_MUST_CHECK enum rf_err rf_capf_service_listen(struct rf_capf_service *s,
                                                 enum rf_tls_profile profile, const char *address,
                                                 uint16_t port, const char *networks,
                                                 struct rf_why *why);
/** Where it listens; the service's. */
struct rf_listeners *rf_capf_service_listeners(struct rf_capf_service *s);
uint32_t rf_capf_service_sessions(const struct rf_capf_service *s);
/** How many there are; writes at most `max`. */
size_t rf_capf_service_waiting(const struct rf_capf_service *s, struct rf_capf_waiting *out,
                               size_t max);
/** Other knobs from now on (a reload). */
void rf_capf_service_set_site(struct rf_capf_service *s, const struct rf_site *site);
/** Policies with the certificate that lies in the site now, as for listening: for
 * rf_listeners_use_tls. */
RF_MUST_CHECK enum rf_err rf_capf_service_make_tls(const struct rf_capf_service *s,
                                                   struct rf_tls *out[RF_TLS_PROFILES],
                                                   struct rf_why *why);
/** Other certificates are believed from now on (purpose CAPF; its count goes up). */
void rf_capf_service_set_anchors(struct rf_capf_service *s, struct rf_anchors *anchors);
/** Ask no other CA any more, and wait for what is asked now: before the store's worker is stopped.
 * NULL is fine. */
void rf_capf_service_end(struct rf_capf_service *s);
/** Close listener and sessions; operations stay scheduled. The loop does not turn any more: links
 * that are in a handshake or closing go with rf_loop_free. NULL is fine. */
void rf_capf_service_free(struct rf_capf_service *s);

#endif
