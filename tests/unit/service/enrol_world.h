/* SPDX-License-Identifier: Apache-2.0 */
/* The world around one enrolment: a scripted CAPF server on a pretend network, a clock turned by
 * hand, a real worker, and a flash that is a struct. */
#ifndef UNIT_SERVICE_ENROL_WORLD_H
#define UNIT_SERVICE_ENROL_WORLD_H

#include "../trust/pki.h"
#include "phone_lists.h"
#include "phone_net.h"
#include "unit.h"

#include "service/phone/enrol_int.h"

#include <semaphore.h>

#define DEVICE  "SEP001122334455"
#define OTHER   "SEP0011223344AA"
#define SESSION 0x9a8b7c6du

/* What lies on flash, as the worker left it. */
struct fake_flash {
    struct rf_key *pending;
    struct rf_key *key;
    struct rf_cert *cert;
    unsigned saved, removed;
    bool fails;
    sem_t *gate; /* save_pending and save_lsc wait for it */
    struct crash_flash *shared;
};

/* What of it a process leaves behind that is killed. */
struct crash_flash {
    bool has_pending, has_new;
};

/* Made once: keys take time. */
extern struct id capf, ccm, stranger, issuer, mic_root, mic, old_lsc;

struct world {
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_mailbox *answers;
    struct rf_worker *worker;
    struct net net;
    struct net_link *link;
    struct rf_lists lists;
    struct fake_flash flash;
    struct rf_phone_id mic, lsc;
    struct rf_secret string;
    struct rf_enrol_conf conf;
    struct rf_enrol *enrol;
    enum rf_enrol_step steps[16];
    size_t n_steps;
    unsigned done;
    struct rf_enrol_result result;
    struct rf_cert *result_cert;
    size_t read_at; /* of what the phone wrote */
    struct rf_capf_msg msg;
    struct rf_key *made; /* whose public half came, as flash has it */
};

struct world *world_new(enum rf_enrol_mode mode);
void world_free(struct world *w);
/** All that follows by itself: closed links, then timers that are due. */
void settle(struct world *w);
void passes(struct world *w, uint64_t ms);
/** The worker's answer. */
void worker_answers(struct world *w);
void starts(struct world *w);
void connects(struct world *w);
void says(struct world *w, struct rf_capf_msg msg);
/** The next message of the phone: it must be this one. */
const struct rf_capf_msg *expect(struct world *w, enum rf_capf_command command);
void expect_nothing(const struct world *w);
void asks_auth(struct world *w);
/** Up to the server's request. */
void authenticates(struct world *w);
void asks_key(struct world *w);
void gives_key(struct world *w);
void sends_cert(struct world *w, struct rf_slice der);
struct rf_cert *issue(struct rf_slice spki, const char *name);
void ends(struct world *w, enum rf_capf_reason reason);
/** A whole install behind the auth response. */
void installs(struct world *w);
void expect_outcome(const struct world *w, enum rf_enrol_outcome outcome);
void expect_failed(const struct world *w, const char *code, bool may_retry);
int keys_are_made(void **state);
int keys_are_gone(void **state);

#endif
