/* SPDX-License-Identifier: Apache-2.0 */
/* Survivable routers of branches: references to them with the certificate that an operator
 * accepted, who uses which, and what was heard of each router last.
 *
 *     struct rf_store_srst srst;
 *     err = rf_store_srst_use_of_device(store, "SEP001122334455", &srst, &why);
 *
 * Thread and events as in store.h. Reason codes beside those: srst-unknown, srst-none, srst-used.
 */
#ifndef STORE_STORE_SRST_H
#define STORE_STORE_SRST_H

#include "store/store.h"

#define RF_STORE_SRSTS_MAX     256
#define RF_STORE_SRST_NAME     32   /* bytes with the NUL: the router's site has the same name */
#define RF_STORE_SRST_HOST     20   /* phones take 19 characters */
#define RF_STORE_SRST_DER_MAX  1480 /* so that phones have room for it, in base64 too */
#define RF_STORE_SRST_PORT_MAX (65535 - 443) /* phones add 443 to the base port */
/* That a router may say it holds: far above any clock, and with room for all that follow. */
#define RF_STORE_SRST_SERIAL_MAX ((uint64_t)1 << 53)

enum rf_store_srst_state {
    RF_STORE_SRST_NEVER_SEEN,
    RF_STORE_SRST_NORMAL,
    RF_STORE_SRST_FALLBACK, /* phones are registered there */
    RF_STORE_SRST_UNREACHABLE,
};
/** "never-seen", "normal", "fallback", "unreachable". */
const char *rf_store_srst_state_name(enum rf_store_srst_state state);

struct rf_store_srst {
    char name[RF_STORE_SRST_NAME];       /* letters, digits, and - behind the first */
    char host[RF_STORE_SRST_HOST];       /* that phones are told */
    uint16_t sccp_port;                  /* base port */
    uint16_t provider_port;              /* where the certificate is fetched */
    uint8_t cert[RF_STORE_SRST_DER_MAX]; /* the accepted one, DER */
    size_t cert_len;
    int64_t added_s; /* or another certificate was accepted */
    /* Kept by those that make snapshots and hear of the router; not saved by rf_store_srst_save. */
    uint64_t serial;
    enum rf_store_srst_state state;
    int64_t since_s;  /* of the state */
    int64_t seen_s;   /* heard last; 0: never */
    uint32_t phones;  /* registered there then */
    uint32_t devices; /* that use it; only in a list */
};
struct rf_store_srsts {
    struct rf_store_srst *items; /* by name */
    size_t n;
};
void rf_store_srsts_fini(struct rf_store_srsts *list);

/** May a reference have this name? "none" and "inherit" may not. */
bool rf_store_srst_is_name(const char *name);
/** Add it, or change what is there. RF_ERR_BAD store-value; RF_ERR_LIMIT store-full. */
RF_MUST_CHECK enum rf_err rf_store_srst_save(struct rf_store *store,
                                             const struct rf_store_srst *srst,
                                             const struct rf_store_event *event,
                                             struct rf_why *why);
/** RF_ERR_NOT_FOUND srst-unknown. */
RF_MUST_CHECK enum rf_err rf_store_srst_load(struct rf_store *store, const char *name,
                                             struct rf_store_srst *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_srst_list(struct rf_store *store, struct rf_store_srsts *out,
                                             struct rf_why *why);
/** RF_ERR_DENIED srst-used: somebody is told to use it; with `is_forced` it is taken from them.
 * RF_ERR_NOT_FOUND srst-unknown. */
RF_MUST_CHECK enum rf_err rf_store_srst_remove(struct rf_store *store, const char *name,
                                               bool is_forced, const struct rf_store_event *event,
                                               struct rf_why *why);

/* ---- who uses which ---- */

/** What the site, a profile or a device is told to use. */
struct rf_store_srst_use {
    enum rf_store_layer layer;
    char name[RF_STORE_CONFIG_NAME]; /* of the profile or device; empty for the site */
    char srst[RF_STORE_SRST_NAME];   /* empty: none */
};
struct rf_store_srst_uses {
    struct rf_store_srst_use *items; /* by layer and name */
    size_t n;
};
void rf_store_srst_uses_fini(struct rf_store_srst_uses *uses);

/** The site (name ""), a profile or a device uses `srst`; with "" none, whatever the layer below
 * says; with NULL what the layer below says. RF_ERR_NOT_FOUND srst-unknown, device-unknown;
 * RF_ERR_BAD store-value (also for models, which have no use); RF_ERR_LIMIT store-full. */
RF_MUST_CHECK enum rf_err rf_store_srst_use_set(struct rf_store *store, enum rf_store_layer layer,
                                                const char *name, const char *srst,
                                                const struct rf_store_event *event,
                                                struct rf_why *why);
RF_MUST_CHECK enum rf_err
rf_store_srst_use_list(struct rf_store *store, struct rf_store_srst_uses *out, struct rf_why *why);
/** The reference that the device uses: its own, else its profile's, else the site's.
 * RF_ERR_NOT_FOUND srst-none. */
RF_MUST_CHECK enum rf_err rf_store_srst_use_of_device(struct rf_store *store, const char *device,
                                                      struct rf_store_srst *out,
                                                      struct rf_why *why);

/** A device and the name of what it uses; empty: none. */
struct rf_store_srst_user {
    char device[RF_STORE_DEVICE_NAME];
    char srst[RF_STORE_SRST_NAME];
};
struct rf_store_srst_users {
    struct rf_store_srst_user *items; /* by device */
    size_t n;
};
void rf_store_srst_users_fini(struct rf_store_srst_users *users);
/** The devices that use this one, or, of NULL, all with what each uses. */
RF_MUST_CHECK enum rf_err rf_store_srst_devices_of(struct rf_store *store, const char *srst_or_null,
                                                   struct rf_store_srst_users *out,
                                                   struct rf_why *why);

/* ---- the router ---- */

/** What was heard of the router, or (RF_STORE_SRST_UNREACHABLE) that nothing is heard: then the
 * time and the phones stay as they were. `event` (may be NULL) only where *changed (may be NULL):
 * the state is another one. RF_ERR_NOT_FOUND srst-unknown. */
RF_MUST_CHECK enum rf_err rf_store_srst_seen(struct rf_store *store, const char *name,
                                             enum rf_store_srst_state state, uint32_t phones,
                                             int64_t now_s, const struct rf_store_event *event,
                                             bool *changed, struct rf_why *why);
/** The number of the snapshot with this content (SHA-256): the last one, or, when it says anything
 * else, the next. Never below `held`, the one that its router says it holds (0: none): that is
 * above ours when this database came out of a backup, and what it says then is not what ours says
 * under any number so far. RF_ERR_NOT_FOUND srst-unknown; RF_ERR_BAD store-value (`held`). */
RF_MUST_CHECK enum rf_err rf_store_srst_serial(struct rf_store *store, const char *name,
                                               const uint8_t sha256[32], uint64_t held,
                                               uint64_t *serial, struct rf_why *why);

#endif
