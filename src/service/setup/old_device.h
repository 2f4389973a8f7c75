/* SPDX-License-Identifier: Apache-2.0 */
/* A device as another server configured it, read from its file: what of it are members of a device
 * here, what can be set in its configuration, and what is left, each with its reason.
 *
 * Thread: any. Nothing but memory is touched. doc: docs/firmware.md, "Devices of an existing tree"
 */
#ifndef SERVICE_SETUP_OLD_DEVICE_H
#define SERVICE_SETUP_OLD_DEVICE_H

#include "base/bytes.h"

#define RF_OLD_LINES_MAX 8

struct rf_old_line {
    char dn[25];
    char label[64];
    char name[64]; /* shown to others */
};

/** Texts are empty where the file has none. */
struct rf_old_device {
    const char *mode; /* "nonsecure", "authenticated", "encrypted" */
    char load[64];
    char load_server[64];
    struct rf_old_line line[RF_OLD_LINES_MAX];
    size_t n_lines; /* some may be without a number */
    size_t n_made;  /* values that this server writes by itself */
};

/** A value that is no member of the above. Borrowed for the call. */
struct rf_old_value {
    const char *path;      /* in its one spelling when it can be set */
    struct rf_slice value; /* as the database keeps it when it can be set */
    bool is_secret;        /* or may be one: not to be shown */
    /* NULL: it can be set. Else why not: unknown (nobody knows the element), server (addresses of
     * the old server's services), old-server (it names that server), sip (SIP phones only), or the
     * code of the value's check. */
    const char *code;
    const char *text; /* why not, for people */
};

/**
 * Read the file of a device. `each` is called for what stands in it, in its order, but for what
 * `out` has; also before a failure.
 *
 * Returns RF_OK; the codes of rf_phonexml_decode and rf_phonexml_leaves, whose text names element
 * or line; RF_ERR_DENIED device-partial (a stub, or XMLDefault), device-protocol (SIP).
 */
RF_MUST_CHECK enum rf_err rf_old_device_read(struct rf_slice xml, struct rf_old_device *out,
                                             void (*each)(void *arg,
                                                          const struct rf_old_value *value),
                                             void *arg, struct rf_why *why);

/** The model whose load this is; `given` (may be NULL) where the load does not tell. RF_ERR_DENIED
 * device-model: neither tells, or they contradict each other. Pure. */
RF_MUST_CHECK enum rf_err rf_old_device_model(const char *load, const char *given, char model[16],
                                              struct rf_why *why);

#endif
