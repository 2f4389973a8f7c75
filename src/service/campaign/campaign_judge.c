/* SPDX-License-Identifier: Apache-2.0 */
/* How many, and what became of whom. doc: docs/campaigns.md, "Turns" */
#include "service/campaign/campaign.h"

#include "base/faults.h"
#include "service/site/window.h"

#include <stdio.h>
#include <string.h>

/* ---- how many ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Up to one a second they keep their distance; more than that come in handfuls, a second apart. */
static size_t by_rate(uint32_t rate, const struct rf_store_campaign_pace *p, int64_t now_s)
{
    if (rf_fault_skips("campaign.rate"))
        return RF_STORE_CAMPAIGN_STEP;
    if (p->begun_in_minute >= rate)
        return 0;
    size_t left = rate - p->begun_in_minute;
    if (p->last_begun_s == 0)
        return least(left, (rate + 59) / 60);
    int64_t since_s = now_s - p->last_begun_s;
    if (since_s * rate < 60 && rate <= 60)
        return 0;
    return since_s > 0 ? least(left, (rate + 59) / 60) : 0;
}

size_t rf_campaign_wave(const struct rf_store_campaign *c, const struct rf_store_campaign_pace *p,
                        int64_t now_s, uint32_t minute)
{
    struct rf_window window = {c->from_min, c->to_min};
    if (c->state != RF_STORE_CAMPAIGN_RUNNING || !p->has_waiting)
        return 0;
    if (!rf_fault_skips("campaign.window") && !rf_window_is_open(&window, minute))
        return 0;
    if (c->complete_by_s != 0 && now_s > c->complete_by_s)
        return 0;
    size_t n = least(by_rate(c->rate, p, now_s), RF_STORE_CAMPAIGN_STEP);
    if (c->parallel == 0 || rf_fault_skips("campaign.parallel"))
        return n;
    return p->active < c->parallel ? least(n, c->parallel - p->active) : 0;
}

/* ---- what became of whom ---- */

/* The phone comes again by itself. What is not here does not get better by trying. */
static bool may_get_better(const char *reason)
{
    static const char *const reasons[] = {"lost-link", "ca-error", "busy", "weak-key"};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i], reason) == 0)
            return true;
    return strncmp(reason, "store-", 6) == 0;
}

/* Why trying again is of no use, or NULL. Whoever knows a name can fail under it, so that only what
 * a phone did that had proved itself is held against it; and that nothing can open the operation
 * any more, because the string has no try left. */
static const char *hopeless(const struct rf_store_underway *u)
{
    if (u->op_state != RF_STORE_OP_FAILED)
        return NULL;
    if (u->has_string && u->tries_left == 0)
        return u->last;
    return u->reason[0] != '\0' && !may_get_better(u->reason) ? u->reason : NULL;
}

static void verdict_of(const struct rf_store_underway *u, enum rf_store_member_state state,
                       const char *reason, struct rf_store_verdict *out)
{
    *out = (struct rf_store_verdict){.campaign = u->campaign, .op_id = u->op_id, .state = state};
    snprintf(out->device, sizeof out->device, "%s", u->device);
    snprintf(out->reason, sizeof out->reason, "%s", reason);
}

bool rf_campaign_judge(const struct rf_store_underway *u, struct rf_store_verdict *out)
{
    if (u->now_id == 0)
        verdict_of(u, RF_STORE_MEMBER_FAILED, "device-removed", out);
    else if (u->now_id != u->op_id)
        verdict_of(u, RF_STORE_MEMBER_TAKEN_OVER, "", out);
    else if (u->op == RF_STORE_OP_NONE && u->op_state == RF_STORE_OP_SUCCESS)
        verdict_of(u, RF_STORE_MEMBER_SUCCESS, "", out);
    else if (u->op == RF_STORE_OP_NONE)
        verdict_of(u, RF_STORE_MEMBER_TAKEN_OVER, "", out);
    else if (hopeless(u) != NULL)
        verdict_of(u, RF_STORE_MEMBER_FAILED, hopeless(u), out);
    else
        return false;
    return true;
}

void rf_campaign_turn_over(const struct rf_store_underway *u, struct rf_store_verdict *out)
{
    bool has_failed = u->op_state == RF_STORE_OP_FAILED;
    bool counts = has_failed && u->reason[0] != '\0';
    if (rf_campaign_judge(u, out))
        return;
    if (counts && u->failures + 1 >= RF_CAMPAIGN_FAILURES_MAX) {
        verdict_of(u, RF_STORE_MEMBER_FAILED, u->reason, out);
        return;
    }
    verdict_of(u, RF_STORE_MEMBER_WAITING, has_failed ? u->last : "no-answer", out);
    out->is_failure = counts;
}
