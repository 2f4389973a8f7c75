/* SPDX-License-Identifier: Apache-2.0 */
/* The trust verification service: phones that meet a certificate which their lists have not, ask
 * here whether they may believe it, and for what. Each question is answered at once, from the book;
 * nothing is looked up and nothing waits.
 *
 *     struct rf_tvs_service *s = rf_tvs_service_new(&conf);
 *     rf_tvs_service_set_book(s, book);
 *     err = rf_tvs_service_listen(s, RF_TLS_MODERN, "0.0.0.0", 2445, NULL, &why);
 *
 * The phone's certificate is asked for and only noted: what is answered is no secret, and a phone
 * that has none yet must be able to ask.
 *
 * Thread: that of the loop. doc: docs/tvs.md, docs/wire/tvs.md */
#ifndef SERVICE_TVS_TVS_SERVICE_H
#define SERVICE_TVS_TVS_SERVICE_H

#include "net/listeners.h"
#include "service/site/site.h"
#include "service/tvs/tvs_book.h"

/** Connections at one time, and from one address: phones behind one address are many. */
#define RF_TVS_LINKS_MAX         16384
#define RF_TVS_LINKS_PER_ADDRESS 4096
/** A connection on which nothing is asked. */
#define RF_TVS_IDLE_MS 120000u

/** A question and its answer. Texts live for the call. */
struct rf_tvs_report {
    const char *address;
    const char *device;      /* as it says, escaped; "" when it says nothing */
    const char *command;     /* "verify-request", "query-request" */
    const char *fingerprint; /* of the certificate that is vouched for; "" when none is */
    uint32_t roles;
    const struct rf_why *why; /* RF_OK: vouched for */
};

struct rf_tvs_service_conf {
    struct rf_loop *loop;
    const struct rf_site *site; /* paths and knobs, copied */
    /** May be NULL. */
    void (*report)(void *arg, const struct rf_tvs_report *report);
    void *arg;
    rf_listener_alarm_fn on_alarm; /* may be NULL; with `arg` */
};

struct rf_tvs_service;

struct rf_tvs_service *rf_tvs_service_new(const struct rf_tvs_service_conf *conf);
/** Answer from this one from now on; the one before is released. */
void rf_tvs_service_set_book(struct rf_tvs_service *s, struct rf_tvs_book *take_book);
const struct rf_tvs_book *rf_tvs_service_book(const struct rf_tvs_service *s);
/** Bind and serve with the site's TVS certificate by this profile; `networks`: from where phones
 * may come, NULL: from anywhere. Of which model a phone is is not asked, with RF_TLS_LEGACY
 * neither: answers are no secret. What TLS and rf_listeners_open give. */
RF_MUST_CHECK enum rf_err rf_tvs_service_listen(struct rf_tvs_service *s,
                                                enum rf_tls_profile profile, const char *address,
                                                uint16_t port, const char *networks,
                                                struct rf_why *why);
/** Where it listens; the service's. */
struct rf_listeners *rf_tvs_service_listeners(struct rf_tvs_service *s);
/** Policies with the certificate that lies in the site now, as for listening: for
 * rf_listeners_use_tls. */
RF_MUST_CHECK enum rf_err rf_tvs_service_make_tls(const struct rf_tvs_service *s,
                                                  struct rf_tls *out[RF_TLS_PROFILES],
                                                  struct rf_why *why);
/** Close the listener; links go with the loop. NULL is fine. */
void rf_tvs_service_free(struct rf_tvs_service *s);

#endif
