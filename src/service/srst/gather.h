/* SPDX-License-Identifier: Apache-2.0 */
/* The centre makes the snapshot of a branch from its database and its folders; only public
 * certificates are read. Signing it is the caller's:
 *
 *     RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(RF_SRST_BODY_MAX);
 *     err = rf_srst_snapshot_make(store, &spec, &users, &body, &serial, &why);
 *     rf_srst_file_name(spec.branch, name);
 *     sign body under name, rf_branch_centre_send_snapshot(centre, branch, file)
 *
 * Thread: the store worker's; blocks (database, files). */
#ifndef SERVICE_SRST_GATHER_H
#define SERVICE_SRST_GATHER_H

#include "service/srst/snapshot.h"
#include "store/store_srst.h"

struct rf_srst_spec {
    const char *branch; /* name of the reference */
    const char *site;   /* folder: trust/lsc-issuers, trust/lsc-cas, trust/mic-roots */
    const char *site_name;
    struct rf_cert *lsc_issuer; /* the present one, as the daemon holds it */
    uint32_t keepalive_s;
    uint32_t rsa_min;
    bool accepts_mics;          /* for signalling */
    int64_t now_s;              /* made_s */
    uint64_t serial;            /* may be set later */
    uint64_t held;              /* that the router says it holds: 0, none */
    const char *const *devices; /* names of those that have this reference; a name that is no
                                 * device, or one in quarantine, is left out */
    size_t n_devices;
    /* Suites of a model, 0: nothing is said. May be NULL. */
    uint32_t (*suites)(void *arg, const char *model);
    /* Is it one of untrusted_models? May be NULL. */
    bool (*is_untrusted)(void *arg, const char *model);
    void *arg;
};

/** RF_OK, fini `out`; what the store and reading certificates give; the limits of snapshot.h
 * (snapshot-devices, snapshot-anchors, ...). Of the certificates of a device those that matter most
 * are taken when they are too many. */
RF_MUST_CHECK enum rf_err rf_srst_snapshot_gather(struct rf_store *store,
                                                  const struct rf_srst_spec *spec,
                                                  struct rf_srst_snapshot *out, struct rf_why *why);

/** The whole of it: the content, of those devices among `users` that have the reference (what
 * `spec` says of devices is not used), its serial (the kept one, or the next when anything
 * changed or the router holds a later one), and all that as JSON in `body`, whose maximum is
 * RF_SRST_BODY_MAX. What rf_srst_snapshot_gather and _write give; RF_ERR_NOT_FOUND srst-unknown.
 * That it is made later does not make it another content. */
RF_MUST_CHECK enum rf_err rf_srst_snapshot_make(struct rf_store *store,
                                                const struct rf_srst_spec *spec,
                                                const struct rf_store_srst_users *users,
                                                struct rf_buf *body, uint64_t *serial,
                                                struct rf_why *why);

#endif
