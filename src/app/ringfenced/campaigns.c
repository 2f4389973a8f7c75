/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns (service/campaign) in this program: phones are told by call control, which knows who is
 * there and who is in a call. */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"

/* Who registered later than so long after its operation began has fetched the configuration of
 * that operation before. */
#define FETCHED_AFTER_S 30

struct telling {
    struct rf_msg msg;
    struct server *s;
    int64_t now_s;
    size_t n;
    struct rf_store_untold phones[RF_CAMPAIGN_TELL_MAX];
    struct rf_store_told told[RF_CAMPAIGN_TELL_MAX];
};

static void changed(void *arg, const char *device)
{
    struct server *s = arg;
    rf_provision_invalidate(s->provision, device);
}

static void told(struct rf_msg *msg, void *reader)
{
    struct telling *t = (struct telling *)msg;
    if (reader != NULL)
        rf_campaigns_told(t->s->campaigns, t->told, t->n);
    rf_free(t);
}

/* 0: it knows; else when to look again. */
static int64_t tell_one(const struct telling *t, const struct rf_store_untold *phone)
{
    struct rf_sccp_device_status st;
    if (rf_sccp_device_status(t->s->sccp, phone->device, &st) != RF_OK || !st.is_registered)
        return t->now_s + RF_CAMPAIGN_ABSENT_S; /* it fetches when it comes */
    if (st.in_call)
        return t->now_s + RF_CAMPAIGN_CALL_S;
    if (st.since_s > phone->begun_s + FETCHED_AFTER_S)
        return 0;
    if (rf_sccp_device_reset(t->s->sccp, phone->device, RF_SCCP_RESET_RESTART) != RF_OK)
        return t->now_s + RF_CAMPAIGN_ABSENT_S;
    rf_info(RF_CAT_MAIN, "phone told to fetch its configuration dev=%s", phone->device);
    return 0;
}

static void tell_all(struct rf_msg *msg, void *reader)
{
    struct telling *t = (struct telling *)msg;
    if (reader == NULL) {
        rf_free(t);
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        const struct rf_store_untold *phone = &t->phones[i];
        t->told[i] = (struct rf_store_told){
            .campaign = phone->campaign, .op_id = phone->op_id, .again_s = tell_one(t, phone)};
        memcpy(t->told[i].device, phone->device, sizeof t->told[i].device);
    }
    msg->run = told;
    rf_mailbox_post_answer(rf_loop_mailbox(t->s->loop), msg);
}

static void tell(void *arg, const struct rf_store_untold *phones, size_t n)
{
    struct telling *t = rf_new(struct telling);
    t->msg.run = tell_all;
    t->s = arg;
    t->now_s = rf_wall_s(rf_clock_real());
    t->n = n < RF_CAMPAIGN_TELL_MAX ? n : RF_CAMPAIGN_TELL_MAX;
    memcpy(t->phones, phones, t->n * sizeof *phones);
    sccp_post(t->s, &t->msg);
}

void campaigns_begin(struct server *s)
{
    struct rf_campaigns_conf conf = {
        .loop = s->loop, .store = s->store_worker, .changed = changed, .tell = tell, .arg = s};
    s->campaigns = rf_campaigns_new(&conf);
    rf_campaigns_set_knobs(s->campaigns, s->site->conf);
}

void campaigns_news(struct server *s, const char *device)
{
    if (s->campaigns != NULL)
        rf_campaigns_news(s->campaigns, device);
}
