/* SPDX-License-Identifier: Apache-2.0 */
/* The centre's end of the links to survivable routers. A router shows the certificate that was
 * accepted for its reference and says which reference it is; from then on it has a name here. At
 * most one link has a name: a later one takes its place.
 *
 *     struct rf_branch_centre_conf conf = {.loop = loop, .address = "0.0.0.0", .port = 2446, ...};
 *     if (rf_branch_centre_new(&conf, &centre, &why) != RF_OK) ...
 *     rf_branch_centre_send_snapshot(centre, "branch1", file);
 *
 * Thread: the loop's, for everything; rf_branch_centre_new reads key and certificate. Never waits.
 *
 * Codes: branch-certificate (it is accepted for nobody, or not any more), branch-name (hello names
 * another reference than the certificate's), branch-frame, branch-silent (nothing for 35 seconds),
 * branch-unread (it does not take what it is sent), branch-busy (a record was not kept),
 * branch-epoch (its records have numbers that were others), branch-replaced (a later link of the
 * same router); and those of net/link.h. doc: docs/wire/branch.md */
#ifndef SERVICE_SRST_BRANCH_CENTRE_H
#define SERVICE_SRST_BRANCH_CENTRE_H

#include "net/link.h"
#include "service/srst/branch_msg.h"
#include "store/store_call.h"

#define RF_BRANCH_SILENT_MS 35000u

struct rf_branch_centre;

/** Not from inside of these: rf_branch_centre_free. `name` is borrowed for the call. */
struct rf_branch_centre_ops {
    /** Is this certificate, byte for byte, accepted for this reference; of NULL, for any? Asked in
     * handshakes too: it only looks into memory. */
    bool (*is_accepted)(void *arg, const struct rf_cert *cert, const char *name);
    /** Somebody was refused before it had a name; at most ten a minute are told. `cert` is NULL
     * when it showed none. */
    void (*refused)(void *arg, const char *host, const struct rf_cert *cert,
                    const struct rf_why *why);
    /** A router is there, also when it was before by another link. Lists and snapshots may be sent
     * from inside. */
    void (*hello)(void *arg, const struct rf_branch_hello *hello, const char *host);
    void (*state)(void *arg, const char *name, const struct rf_branch_state *state);
    /** Keep the record and, when it is kept or was before, answer by rf_branch_centre_kept; also
     * when the database will never take it (store-value), else it comes again for ever. One that
     * has the number of another call (record-other) is answered by rf_branch_centre_other_call.
     * `origin` is what the store wants: name and epoch. */
    void (*record)(void *arg, const char *name, const char *origin, int64_t id,
                   const struct rf_store_call *record);
    /** The link of this name is gone, and none took its place. */
    void (*gone)(void *arg, const char *name, const struct rf_why *why);
};

struct rf_branch_centre_conf {
    struct rf_loop *loop;
    const char *address; /* numeric */
    uint16_t port;       /* 0: the kernel chooses */
    const char *cert_path;
    const char *key_path;
    const char *keylog_path;    /* debug: NULL */
    uint32_t handshake_ms;      /* 0: the default of links */
    uint32_t failures_a_minute; /* of one address; 0: no limit */
    const struct rf_branch_centre_ops *ops;
    void *arg;
    rf_listener_alarm_fn on_alarm; /* may be NULL; gets `arg` */
};

/** What rf_tls_server_new and rf_listener_open give. */
RF_MUST_CHECK enum rf_err rf_branch_centre_new(const struct rf_branch_centre_conf *conf,
                                               struct rf_branch_centre **out, struct rf_why *why);
/** Drops its links without `gone`; the loop does not turn any more. NULL is fine. */
void rf_branch_centre_free(struct rf_branch_centre *c);
uint16_t rf_branch_centre_port(const struct rf_branch_centre *c);
const struct rf_listener *rf_branch_centre_listener(const struct rf_branch_centre *c);

/** The certificate's files are others: make a policy of them, and use it for links to come. */
RF_MUST_CHECK enum rf_err rf_branch_centre_make_tls(const struct rf_branch_centre *c,
                                                    struct rf_tls **out, struct rf_why *why);
void rf_branch_centre_use_tls(struct rf_branch_centre *c, struct rf_tls *take_tls);

bool rf_branch_centre_has(const struct rf_branch_centre *c, const char *name);
/** Links that have a name. */
size_t rf_branch_centre_n(const struct rf_branch_centre *c);

/** The bytes of a trust list, of a signed snapshot (copied). Sent when there is room: of several
 * that wait only the last one, the list first. RF_ERR_NOT_FOUND branch-away; RF_ERR_LIMIT
 * branch-frame. */
RF_MUST_CHECK enum rf_err rf_branch_centre_send_list(struct rf_branch_centre *c, const char *name,
                                                     struct rf_slice bytes, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_branch_centre_send_snapshot(struct rf_branch_centre *c,
                                                         const char *name, struct rf_slice bytes,
                                                         struct rf_why *why);
/** RF_ERR_NOT_FOUND branch-away; RF_ERR_LIMIT branch-unread. */
RF_MUST_CHECK enum rf_err rf_branch_centre_release(struct rf_branch_centre *c, const char *name,
                                                   struct rf_why *why);
/** The record is in the database. A router that is gone meanwhile asks again. */
void rf_branch_centre_kept(struct rf_branch_centre *c, const char *origin, int64_t id);
/** The record could not be kept now: the router of this origin is sent away (branch-busy), and
 * sends it again when it is back. */
void rf_branch_centre_not_kept(struct rf_branch_centre *c, const char *origin,
                               const struct rf_why *why);
/** Under the record's id the database has another call of this origin: the router was taken back to
 * an earlier state. It is sent away (branch-epoch), and counts from another epoch when it is back.
 * False: it is gone already. */
bool rf_branch_centre_other_call(struct rf_branch_centre *c, const char *origin,
                                 const struct rf_why *why);
/** References changed: who is not accepted any more is refused and goes. */
void rf_branch_centre_review(struct rf_branch_centre *c);

#endif
