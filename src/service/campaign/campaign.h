/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns on their way: certificate operations for many phones, begun at a bounded rate, so many
 * at one time, in a window of the day. What is true lies in the database (store/store_campaign.h);
 * this decides what is next, and has phones told of it.
 *
 *     struct rf_campaigns *c = rf_campaigns_new(&conf);
 *     rf_campaigns_set_knobs(c, site->conf);   // and after each reload
 *     rf_campaigns_news(c, "SEP001122334455"); // its operation is done, failed, or another one
 *
 * Thread: that of the loop. The work is a job on the store worker, one at a time; a turn costs what
 * it changes, not what there is.  doc: docs/campaigns.md */
#ifndef SERVICE_CAMPAIGN_CAMPAIGN_H
#define SERVICE_CAMPAIGN_CAMPAIGN_H

#include "base/worker.h"
#include "net/loop.h"
#include "service/site/site.h"
#include "store/store_campaign.h"

/** Phones told in one turn; a turn is a second at least. */
#define RF_CAMPAIGN_TELL_MAX 32
/** A turn, unless an operator wants another: to be told, to start anew and to come. */
#define RF_CAMPAIGN_TURN_S 600
/** A phone that is not there is looked for again after so long; one in a call sooner. */
#define RF_CAMPAIGN_ABSENT_S 60
#define RF_CAMPAIGN_CALL_S   10

struct rf_campaigns;

struct rf_campaigns_conf {
    struct rf_loop *loop;
    struct rf_worker *store; /* its state is the struct rf_store */
    /* Loop's thread. */
    /** The device's configuration is another one: its operation began or was withdrawn. */
    void (*changed)(void *arg, const char *device);
    /** Have these phones fetch their configuration, unless they did since `begun_s`; answered by
     * rf_campaigns_told. The list is the caller's. */
    void (*tell)(void *arg, const struct rf_store_untold *phones, size_t n);
    void *arg;
};

struct rf_campaigns *rf_campaigns_new(const struct rf_campaigns_conf *conf);
/** Timers end; a job that is out finds nothing. NULL is fine. */
void rf_campaigns_free(struct rf_campaigns *c);
/** The knobs of the renewal, at the start and when they may have changed. */
void rf_campaigns_set_knobs(struct rf_campaigns *c, const struct rf_site_conf *conf);
/** Something changed: look now. */
void rf_campaigns_poke(struct rf_campaigns *c);
/** The operation of this device is not as it was. */
void rf_campaigns_news(struct rf_campaigns *c, const char *device);
/** Which phones were told, and which are to be told later. */
void rf_campaigns_told(struct rf_campaigns *c, const struct rf_store_told *told, size_t n);

/* ---- decisions; pure ---- */

/** How many may begin now: never more than `rate` in any minute, evenly; never more than `parallel`
 * at one time; none outside the window or after `complete_by_s`. `minute` of the day, local. */
size_t rf_campaign_wave(const struct rf_store_campaign *c, const struct rf_store_campaign_pace *p,
                        int64_t now_s, uint32_t minute);
/** What a member's operation says of it. False: nothing yet. */
RF_MUST_CHECK bool rf_campaign_judge(const struct rf_store_underway *u,
                                     struct rf_store_verdict *out);
/** Its turn is over: behind the others, or, after the third failed turn, failed. */
#define RF_CAMPAIGN_FAILURES_MAX 3
void rf_campaign_turn_over(const struct rf_store_underway *u, struct rf_store_verdict *out);

/* ---- one turn, on the store's thread ---- */

struct rf_campaign_turn {
    /* in */
    int64_t now_s;
    uint32_t minute; /* of the day, local */
    bool sweeps;     /* look at every member under way whose operation has changed */
    bool fills;      /* look for LSCs that are due */
    bool has_renewal;
    bool is_renewal_on;
    struct rf_store_campaign renewal;
    char (*news)[RF_STORE_DEVICE_NAME];
    size_t n_news;
    struct rf_store_told *told;
    size_t n_told;
    /* out */
    char (*changed)[RF_STORE_DEVICE_NAME];
    size_t n_changed;
    size_t room; /* of `changed` */
    struct rf_store_untolds untold;
    uint32_t next_ms; /* 0: when something happens */
    uint32_t begun, succeeded, failed;
};
void rf_campaign_turn_fini(struct rf_campaign_turn *t);
/** An error leaves the rest for the next turn; what was done before it counts. */
RF_MUST_CHECK enum rf_err rf_campaign_turn(struct rf_store *store, struct rf_campaign_turn *t,
                                           struct rf_why *why);

#endif
