/* SPDX-License-Identifier: Apache-2.0 */
/* A survivable router's end of the link to its centre. It connects by itself, again and again; a
 * server whose certificate does not stand in the router's trust list as a call manager is no
 * centre. What the centre sends (a list, a snapshot) is handed on unread: whoever takes it verifies
 * it.
 *
 *     struct rf_branch_router_conf conf = {.loop = loop, .host = "192.0.2.1", .port = 2446, ...};
 *     if (rf_branch_router_new(&conf, &router, &why) != RF_OK) ...
 *     rf_branch_router_state(router, &state);          whenever something changed
 *
 * Thread: the loop's, for everything; rf_branch_router_new reads key and certificate. Never waits.
 *
 * Codes of `down`: server-unknown, server-role (not in the list), branch-frame, branch-silent
 * (nothing for 35 seconds), branch-unread; whatever the centre refused by (branch-certificate as a
 * TLS alert: tls-alert-bad-certificate; branch-name, branch-replaced ...); and those of net/link.h.
 * doc: docs/wire/branch.md */
#ifndef SERVICE_SRST_BRANCH_ROUTER_H
#define SERVICE_SRST_BRANCH_ROUTER_H

#include "net/link.h"
#include "service/srst/branch_msg.h"

#define RF_BRANCH_RETRY_MS     5000u /* the first time; doubled each time it fails */
#define RF_BRANCH_RETRY_MAX_MS 60000u
#define RF_BRANCH_STATE_MS     10000u /* at the latest after this it says how it is */
#define RF_BRANCH_STATE_MIN_MS 1000u  /* and not sooner, however much changes */

struct rf_branch_router;

/** Not from inside of these: rf_branch_router_free. Slices are borrowed for the call. */
struct rf_branch_router_ops {
    void (*list)(void *arg, struct rf_slice bytes);
    void (*snapshot)(void *arg, struct rf_slice file);
    void (*kept)(void *arg, int64_t id);
    void (*release)(void *arg);
    /** The centre has answered: records may be sent. */
    void (*up)(void *arg);
    /** A link has ended, or could not be had; was_up: `up` was said. The next try comes by itself.
     */
    void (*down)(void *arg, bool was_up, const struct rf_why *why);
};

struct rf_branch_router_conf {
    struct rf_loop *loop;
    const char *host; /* numeric */
    uint16_t port;
    const char *cert_path; /* the router's certificate and key */
    const char *key_path;
    const char *keylog_path; /* debug: NULL */
    const struct rf_lists
        *lists;          /* as they are at each handshake; borrowed, of the loop's thread */
    const char *name;    /* of its reference */
    const char *version; /* of ringfence */
    const char *epoch;   /* 32 hex digits, kept with the site */
    uint64_t serial;     /* of the snapshot it holds; later as rf_branch_router_state says */
    const struct rf_branch_router_ops *ops;
    void *arg;
};

/** What rf_tls_client_new gives; RF_ERR_BAD address-bad, branch-frame (name, version or epoch). */
RF_MUST_CHECK enum rf_err rf_branch_router_new(const struct rf_branch_router_conf *conf,
                                               struct rf_branch_router **out, struct rf_why *why);
/** Without `down`. NULL is fine. */
void rf_branch_router_free(struct rf_branch_router *r);

bool rf_branch_router_is_up(const struct rf_branch_router *r);
/** How the router is from now on. Told at once, or as soon as the last word is a second old. */
void rf_branch_router_state(struct rf_branch_router *r, const struct rf_branch_state *state);
/** The epoch of records from the next link on, as in the conf. */
void rf_branch_router_epoch(struct rf_branch_router *r, const char *epoch);
/** A record as rf_store_call_to_json writes it, `id` with it. RF_ERR_AGAIN: there is no link, or it
 * is full; RF_ERR_LIMIT branch-frame: it is too long, and will ever be. */
RF_MUST_CHECK enum rf_err rf_branch_router_record(struct rf_branch_router *r, struct rf_slice json,
                                                  struct rf_why *why);

#endif
