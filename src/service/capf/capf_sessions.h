/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions of CAPF without their sockets: bytes come in, frames go out through a small table,
 * time and threads are the caller's. capf_service.c joins it to links; tests join it to a scripted
 * phone.
 *
 *     rf_handle s = rf_capf_session_open(all, link, "192.0.2.7");
 *     used = rf_capf_session_data(all, s, received);
 *     rf_capf_session_lost(all, s, &why);
 *
 * One operation at a time is asked of a worker for a session; its bytes wait meanwhile, and a lost
 * link is noted but does not stop what was begun: a wrong string counts although nobody waits for
 * the answer.
 *
 * Thread: that of the loop which runs `timers` and reads `answers`.
 * doc: docs/wire/capf.md, docs/enrolment.md */
#ifndef SERVICE_CAPF_CAPF_SESSIONS_H
#define SERVICE_CAPF_CAPF_SESSIONS_H

#include "base/clock.h"
#include "base/fsm.h"
#include "base/handle.h"
#include "base/timer.h"
#include "service/capf/capf_service.h"

/** What a session does to its link. `link` is the caller's number. */
struct rf_capf_ops {
    enum rf_err (*send)(void *arg, uint64_t link, struct rf_slice frame);
    /** Keep back what the phone sends (true), or give it (false), beginning with what was not used
     * up. Never gives it from inside this call. */
    void (*hold)(void *arg, uint64_t link, bool is_held);
    /** Send what is queued, then close. The session is gone when this is called. */
    void (*close)(void *arg, uint64_t link, const struct rf_why *why);
};

struct rf_capf_sessions_conf {
    const struct rf_capf_ops *ops;
    void *ops_arg;
    const struct rf_clock *clock;
    struct rf_timers *timers;
    struct rf_mailbox *answers;
    struct rf_worker *store; /* as in struct rf_capf_service_conf, up to `arg` */
    struct rf_worker *signer;
    struct rf_worker *checks; /* slow checks; its state is not used */
    rf_capf_key_fn issuer_key;
    struct rf_anchors *anchors;
    struct rf_cert *lsc_issuer;
    struct rf_anchors *listed;
    struct rf_anchors *cas;
    struct rf_worker *ca; /* its state is a struct rf_capf_ca; NULL unless lsc_issuer is cmp */
    const struct rf_blocklist *blocked;
    struct rf_revocation *revocation;
    const struct rf_site_conf *knobs; /* copied */
    void (*on_changed)(void *arg, const char *device, bool is_done);
    void *arg;
};

struct rf_capf_sessions;

struct rf_capf_sessions *rf_capf_sessions_new(const struct rf_capf_sessions_conf *conf);
/** Jobs that are out find nothing when they come back. NULL is fine. */
void rf_capf_sessions_free(struct rf_capf_sessions *all);
void rf_capf_sessions_set_knobs(struct rf_capf_sessions *all, const struct rf_site_conf *knobs);
/** Others from now on; sessions that are open keep theirs. A reference is taken. */
void rf_capf_sessions_set_anchors(struct rf_capf_sessions *all, struct rf_anchors *anchors);
uint32_t rf_capf_sessions_n(const struct rf_capf_sessions *all);
/** As rf_capf_service_waiting. */
size_t rf_capf_sessions_waiting(const struct rf_capf_sessions *all, struct rf_capf_waiting *out,
                                size_t max);
/** Jobs that are out on a worker. */
uint32_t rf_capf_sessions_jobs(const struct rf_capf_sessions *all);

/** The link of each session; `fn` must not call back. */
void rf_capf_sessions_each_link(const struct rf_capf_sessions *all,
                                void (*fn)(void *arg, uint64_t link), void *arg);

/** A link is up: the auth request goes out. 0 when a limit is passed (counted): close the link.
 * `is_legacy`: it came by the listener for old phones. */
rf_handle rf_capf_session_open(struct rf_capf_sessions *all, uint64_t link, const char *host,
                               bool is_legacy);
/** Bytes came. Returns how many were used up; the rest is given again with what follows. */
size_t rf_capf_session_data(struct rf_capf_sessions *all, rf_handle session, struct rf_slice data);
/** The link is gone. A session that has ended is fine. */
void rf_capf_session_lost(struct rf_capf_sessions *all, rf_handle session,
                          const struct rf_why *why);

/** The state table, and names of its actions, for the grid test and tools/fsm-dot. */
const struct rf_fsm_def *rf_capf_fsm_def(void);
const char *rf_capf_fsm_action_name(rf_fsm_action action);

#endif
