/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what is known of revoked certificates new: lists from the site's folder and from URLs, and
 * the answers of OCSP responders about every certificate that a path check asked about. Fetching
 * has threads of its own; nobody waits for it.
 *
 *     rf_revocation_service_new(&conf, &svc);
 *     err = rf_revocation_service_set(svc, site->conf, &why);      (start and reload)
 *     policy.revocation = rf_revocation_service_known(svc);
 *
 * Thread: that of the loop, but where said. doc: docs/revocation.md */
#ifndef SERVICE_REVOCATION_REVOCATION_SERVICE_H
#define SERVICE_REVOCATION_REVOCATION_SERVICE_H

#include "net/loop.h"
#include "service/site/site.h"
#include "trust/revocation.h"
#include "wire/json/json.h"

struct rf_revocation_service;

struct rf_revocation_service_conf {
    struct rf_loop *loop;
    const char *site_dir;      /* copied */
    const struct rf_cert *own; /* our issuer's certificate; borrowed */
    /** Something to tell: code and text are of an event. `is_bad`: an administrator should look. */
    void (*on_event)(void *arg, bool is_bad, const char *code, const char *text);
    /** What is known changed, so that sessions may have to end. */
    void (*on_changed)(void *arg);
    void *arg;
};

void rf_revocation_service_new(const struct rf_revocation_service_conf *conf,
                               struct rf_revocation_service **out);
/** What is fetched at the moment is given up. Nobody asks what is known any more. NULL is fine. */
void rf_revocation_service_free(struct rf_revocation_service *svc);
/** End the threads; what is known stays readable. NULL is fine. */
void rf_revocation_service_stop(struct rf_revocation_service *svc);

/** For path checks; lives as long as the service. */
struct rf_revocation *rf_revocation_service_known(struct rf_revocation_service *svc);

/** Mode, URLs and the lists of the folder, from now on. Reads files. An error changes nothing. */
RF_MUST_CHECK enum rf_err rf_revocation_service_set(struct rf_revocation_service *svc,
                                                    const struct rf_site_conf *conf,
                                                    struct rf_why *why);

/** The lists of the folder again, because somebody changed it: begin here, make on a thread that
 * may wait, use here; or drop it. */
void *rf_revocation_service_begin(struct rf_revocation_service *svc);
RF_MUST_CHECK enum rf_err rf_revocation_service_make(void *making, struct rf_why *why);
void rf_revocation_service_use(void *take_making);
void rf_revocation_service_drop(void *take_making);

/** Mode, lists, sources and responders with their age and what fails, into an object. */
void rf_revocation_service_show(const struct rf_revocation_service *svc, struct rf_json *out);

#endif
