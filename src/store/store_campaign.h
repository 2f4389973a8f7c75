/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns: a certificate operation for many devices. A campaign is kept with all its members, and
 * each member's way is one transaction a step, so that a server that was killed goes on where it
 * was. Who decides when is service/campaign; here is what is true.
 *
 * Thread and errors: as store.h. Further reason codes: campaign-unknown, campaign-exists,
 * campaign-ended, campaign-empty, in-campaign. doc: docs/campaigns.md */
#ifndef STORE_STORE_CAMPAIGN_H
#define STORE_STORE_CAMPAIGN_H

#include "store/store.h"

#define RF_STORE_CAMPAIGN_NAME 16 /* bytes with its NUL: a-z 0-9 and - */
/** Campaigns kept, with their reports; the oldest that has ended makes room for another. */
#define RF_STORE_CAMPAIGNS_MAX 64
/** Members looked at in one step. */
#define RF_STORE_CAMPAIGN_STEP 256
/** The one that the server runs itself. */
#define RF_STORE_RENEWAL "renewal"

enum rf_store_campaign_state {
    RF_STORE_CAMPAIGN_RUNNING,
    RF_STORE_CAMPAIGN_PAUSED,
    RF_STORE_CAMPAIGN_DONE,
    RF_STORE_CAMPAIGN_STOPPED,
};
const char *rf_store_campaign_state_name(enum rf_store_campaign_state state);

enum rf_store_member_state {
    RF_STORE_MEMBER_WAITING,
    RF_STORE_MEMBER_BEGUN, /* its operation is scheduled; how it stands, that one says */
    RF_STORE_MEMBER_SUCCESS,
    RF_STORE_MEMBER_FAILED,
    RF_STORE_MEMBER_TAKEN_OVER, /* somebody replaced or dropped its operation */
};

struct rf_store_campaign {
    int64_t id;
    char name[RF_STORE_CAMPAIGN_NAME];
    enum rf_store_campaign_state state;
    bool is_standing; /* has no end: members come by themselves */
    enum rf_store_op op;
    enum rf_store_auth auth;
    enum rf_store_key_type key_type;
    uint32_t key_bits;
    uint32_t rsa_backup_bits;
    uint32_t rate;         /* begun in a minute, at most; at least 1 */
    uint32_t parallel;     /* begun and not ended, at most; 0: no bound */
    uint32_t from_min;     /* nothing begins but from this minute of the day, local time, */
    uint32_t to_min;       /* until this one; both the same: at any time */
    uint32_t turn_s;       /* who has not come by then is put behind the others; 0: no end */
    uint32_t string_s;     /* an authentication string is taken so long after its turn began */
    int64_t complete_by_s; /* 0: no end */
    int64_t created_uid;
    int64_t created_s;
    int64_t ended_s; /* 0: not */
};
struct rf_store_campaigns {
    struct rf_store_campaign *items; /* oldest first */
    size_t n;
};
void rf_store_campaigns_fini(struct rf_store_campaigns *campaigns);

/** A device that is to be a member. */
struct rf_store_recruit {
    char device[RF_STORE_DEVICE_NAME];
    char string_hash[256]; /* with RF_STORE_AUTH_STRING */
};

/** Which devices: all that this says, together. Those in quarantine never. */
struct rf_store_pick {
    const char *model; /* NULL: any, as the next two */
    const char *profile;
    const char *failed_of;    /* members of this campaign that failed */
    const char *issuer;       /* name of the issuer of the LSC in force */
    bool is_due;              /* two thirds of its LSC's life are over */
    bool has_no_lsc;          /* none is in force */
    int64_t expires_before_s; /* its LSC ends before; 0: any */
};
struct rf_store_names {
    char (*items)[RF_STORE_DEVICE_NAME]; /* in order */
    size_t n;
};
void rf_store_names_fini(struct rf_store_names *names);
RF_MUST_CHECK enum rf_err rf_store_campaign_pick(struct rf_store *store,
                                                 const struct rf_store_pick *pick, int64_t now_s,
                                                 struct rf_store_names *out, struct rf_why *why);

/** A campaign with all its members, in one transaction. A name that is empty is made ("c" and its
 * number). Of `c` id, state, created_s and ended_s are set. RF_ERR_EXISTS campaign-exists;
 * RF_ERR_DENIED in-campaign (a device is a member of another one that has not ended),
 * device-quarantined; RF_ERR_NOT_FOUND device-unknown; RF_ERR_BAD campaign-empty; RF_ERR_LIMIT
 * store-full: none of those that are kept has ended. */
RF_MUST_CHECK enum rf_err rf_store_campaign_add(struct rf_store *store, struct rf_store_campaign *c,
                                                const struct rf_store_recruit *recruits, size_t n,
                                                int64_t now_s, struct rf_why *why);
/** RF_ERR_NOT_FOUND campaign-unknown. */
RF_MUST_CHECK enum rf_err rf_store_campaign_load(struct rf_store *store, const char *name,
                                                 struct rf_store_campaign *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err
rf_store_campaign_list(struct rf_store *store, struct rf_store_campaigns *out, struct rf_why *why);
/** Those that something is to be done for: running or paused, or with members under way. */
RF_MUST_CHECK enum rf_err
rf_store_campaign_open(struct rf_store *store, struct rf_store_campaigns *out, struct rf_why *why);
/** Pause, resume or stop it; `event` goes with it. Who waits in one that is stopped has failed with
 * "stopped". RF_ERR_DENIED campaign-ended; RF_ERR_NOT_FOUND campaign-unknown. */
RF_MUST_CHECK enum rf_err rf_store_campaign_set(struct rf_store *store, const char *name,
                                                enum rf_store_campaign_state state, int64_t now_s,
                                                const struct rf_store_event *event,
                                                struct rf_why *why);

struct rf_store_campaign_counts {
    uint32_t waiting;
    uint32_t pending;
    uint32_t in_progress;
    uint32_t retrying; /* begun; their last try failed, and they may try again */
    uint32_t success;
    uint32_t failed;
    uint32_t taken_over;
};
RF_MUST_CHECK enum rf_err rf_store_campaign_count(struct rf_store *store, int64_t campaign,
                                                  struct rf_store_campaign_counts *out,
                                                  struct rf_why *why);

/** A line of the report. */
struct rf_store_member {
    char device[RF_STORE_DEVICE_NAME];
    enum rf_store_member_state state;
    enum rf_store_op_state op_state; /* with BEGUN */
    char reason[RF_WHY_CODE_MAX];    /* of FAILED */
    char last[RF_WHY_CODE_MAX];      /* what its last try failed for; may be empty */
    uint32_t turns;
    int64_t begun_s; /* the last time; 0: never, as the next */
    int64_t ended_s;
    uint8_t before[32]; /* SHA-256 of the LSC in force when it began, and when it succeeded */
    uint8_t after[32];
    bool has_before;
    bool has_after;
};
struct rf_store_members {
    struct rf_store_member *items; /* by device */
    size_t n;
};
void rf_store_members_fini(struct rf_store_members *members);
/** "none", "pending", "in progress", "success", "failed", "taken over". */
const char *rf_store_member_word(const struct rf_store_member *member);
/** At most `limit` behind the device `after` ("": from the first). */
RF_MUST_CHECK enum rf_err rf_store_campaign_members(struct rf_store *store, int64_t campaign,
                                                    const char *after, size_t limit,
                                                    struct rf_store_members *out,
                                                    struct rf_why *why);

/* ---- what service/campaign does with them, a step each --------------------------------------- */

struct rf_store_campaign_pace {
    uint32_t active; /* begun and not ended; counted only up to what may be */
    uint32_t begun_in_minute;
    int64_t last_begun_s; /* 0: never */
    bool has_waiting;
};
RF_MUST_CHECK enum rf_err rf_store_campaign_pace(struct rf_store *store,
                                                 const struct rf_store_campaign *c, int64_t now_s,
                                                 struct rf_store_campaign_pace *out,
                                                 struct rf_why *why);
/** Begin the next `n` that wait: their operations are scheduled. A device with a pending operation
 * that is younger than the campaign is taken over, one that is gone or in quarantine has failed.
 * `*out` has those whose operation changed. */
RF_MUST_CHECK enum rf_err rf_store_campaign_begin(struct rf_store *store,
                                                  const struct rf_store_campaign *c, size_t n,
                                                  int64_t now_s, struct rf_store_names *out,
                                                  struct rf_why *why);

/** A member that was begun, beside the operation its device has now. */
struct rf_store_underway {
    int64_t campaign;
    char device[RF_STORE_DEVICE_NAME];
    int64_t op_id;
    uint32_t failures; /* turns that ended with a failed try */
    int64_t begun_s;
    int64_t now_id; /* 0: there is none */
    enum rf_store_op op;
    enum rf_store_op_state op_state;
    char last[RF_WHY_CODE_MAX];   /* why its last try failed, whoever made it */
    char reason[RF_WHY_CODE_MAX]; /* why one failed that had proved itself; empty: none */
    uint32_t tries_left;
    bool has_string; /* not used up */
};
struct rf_store_underways {
    struct rf_store_underway *items;
    size_t n;
};
void rf_store_underways_fini(struct rf_store_underways *underways);
/** The member of a device; or with NULL every one whose operation has ended or changed, or failed
 * for a phone that had proved itself, or by the last try of its string. */
RF_MUST_CHECK enum rf_err rf_store_campaign_look(struct rf_store *store, const char *device,
                                                 struct rf_store_underways *out,
                                                 struct rf_why *why);
/** Members begun at `begun_s` or before whose operation is not in progress, at most
 * RF_STORE_CAMPAIGN_STEP. */
RF_MUST_CHECK enum rf_err rf_store_campaign_overdue(struct rf_store *store, int64_t campaign,
                                                    int64_t begun_s, struct rf_store_underways *out,
                                                    struct rf_why *why);

/** What becomes of one. WAITING puts it behind the others, FAILED drops its operation, too. */
struct rf_store_verdict {
    int64_t campaign;
    char device[RF_STORE_DEVICE_NAME];
    int64_t op_id;
    enum rf_store_member_state state;
    char reason[RF_WHY_CODE_MAX];       /* of FAILED; of WAITING: what the turn ended with */
    bool is_failure;                    /* WAITING: this turn counts as failed */
    const struct rf_store_event *event; /* may be NULL */
};
/** All in one transaction. */
RF_MUST_CHECK enum rf_err rf_store_campaign_settle(struct rf_store *store,
                                                   const struct rf_store_verdict *verdicts,
                                                   size_t n, int64_t now_s, struct rf_why *why);
/** All that wait have failed for `reason`; *n says how many. */
RF_MUST_CHECK enum rf_err rf_store_campaign_give_up(struct rf_store *store, int64_t campaign,
                                                    const char *reason, int64_t now_s, uint32_t *n,
                                                    struct rf_why *why);
/** Done, if it runs, is not standing, and nobody waits or is under way; *is_done says it. */
RF_MUST_CHECK enum rf_err rf_store_campaign_finish(struct rf_store *store,
                                                   const struct rf_store_campaign *c, int64_t now_s,
                                                   bool *is_done, struct rf_why *why);

/** Members whose phones are to be told, at most `limit`: their operation is pending or failed for
 * somebody who proved nothing, and `now_s` the time for it. */
struct rf_store_untold {
    int64_t campaign;
    char device[RF_STORE_DEVICE_NAME];
    int64_t op_id;
    int64_t begun_s;
};
struct rf_store_untolds {
    struct rf_store_untold *items;
    size_t n;
};
void rf_store_untolds_fini(struct rf_store_untolds *untolds);
RF_MUST_CHECK enum rf_err rf_store_campaign_untold(struct rf_store *store, int64_t now_s,
                                                   size_t limit, struct rf_store_untolds *out,
                                                   struct rf_why *why);
/** Told (`again_s` 0), or to be told at `again_s`. In one transaction. */
struct rf_store_told {
    int64_t campaign;
    char device[RF_STORE_DEVICE_NAME];
    int64_t op_id;
    int64_t again_s;
};
RF_MUST_CHECK enum rf_err rf_store_campaign_told(struct rf_store *store,
                                                 const struct rf_store_told *told, size_t n,
                                                 struct rf_why *why);

/** The standing campaign as the site wants it: `c` with the knobs' values, on or off. It is made
 * when it is not there; one that an operator paused stays paused. */
RF_MUST_CHECK enum rf_err rf_store_renewal_set(struct rf_store *store,
                                               const struct rf_store_campaign *c, bool is_on,
                                               int64_t now_s, const struct rf_store_event *event,
                                               struct rf_why *why);
/** Devices whose LSC is due and still proves something join it, at most RF_STORE_CAMPAIGN_STEP, the
 * soonest to end first; not who has an operation, is in another campaign, or failed less than
 * `rest_s` ago. */
RF_MUST_CHECK enum rf_err rf_store_renewal_fill(struct rf_store *store, int64_t campaign,
                                                int64_t rest_s, int64_t now_s, uint32_t *n,
                                                struct rf_why *why);

#endif
