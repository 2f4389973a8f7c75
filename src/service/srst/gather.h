/* SPDX-License-Identifier: Apache-2.0 */
/* The centre makes the snapshot of a branch from its database and its folders; only public
 * certificates are read. Signing it, and keeping serial and digest, is the caller's:
 *
 *     err = rf_srst_snapshot_gather(store, &spec, &s, &why);
 *     if (err == RF_OK) err = rf_srst_snapshot_digest(&s, digest, &why);
 *     s.serial = same as the kept digest ? kept serial : kept serial + 1;
 *     if (err == RF_OK) err = rf_srst_snapshot_write(&s, &body, &why);
 *
 * Thread: the store worker's; blocks (database, files). */
#ifndef SERVICE_SRST_GATHER_H
#define SERVICE_SRST_GATHER_H

#include "service/srst/snapshot.h"

struct rf_srst_spec {
    const char *branch; /* name of the reference */
    const char *site;   /* folder: trust/lsc-issuers, trust/lsc-cas, trust/mic-roots */
    const char *site_name;
    const struct rf_cert *lsc_issuer; /* the present one, as the daemon holds it */
    uint32_t keepalive_s;
    uint32_t rsa_min;
    bool accepts_mics; /* for signalling */
    int64_t now_s;     /* made_s */
    uint64_t serial;   /* may be set later */
    const char *const *devices; /* names of those that have this reference; a name that is no
                                 * device, or one in quarantine, is left out */
    size_t n_devices;
    /* Suites of a model, 0: nothing is said. May be NULL. */
    uint32_t (*suites)(void *arg, const char *model);
    void *arg;
};

/** RF_OK, fini `out`; what the store and reading certificates give; the limits of snapshot.h
 * (snapshot-devices, snapshot-anchors, ...). Of the certificates of a device those that matter most
 * are taken when they are too many. */
RF_MUST_CHECK enum rf_err rf_srst_snapshot_gather(struct rf_store *store,
                                                  const struct rf_srst_spec *spec,
                                                  struct rf_srst_snapshot *out,
                                                  struct rf_why *why);

#endif
