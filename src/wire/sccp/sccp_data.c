/* SPDX-License-Identifier: Apache-2.0 */
/* Data of applications, subscriptions, and what phones tell about themselves.
 * doc: docs/wire/sccp.md, "Data and subscriptions" */
#include "wire/sccp/sccp_int.h"

/* The length as sent is a claim: the data is what is there of it. */
static void walk_data_len(struct sccp_walk *w, const struct rf_sccp_user_data *u, uint32_t *len)
{
    *len = (uint32_t)u->data.len;
    if (w->is_writing && u->data.len > RF_SCCP_DATA_MAX)
        sw_fail(w, RF_ERR_LIMIT, "sccp-length", "more data than a message may have");
    sw_u32(w, len);
    if (!w->is_writing && *len > RF_SCCP_DATA_MAX)
        *len = RF_SCCP_DATA_MAX;
}

static void walk_user_data_head(struct sccp_walk *w, struct rf_sccp_user_data *u)
{
    sw_u32(w, &u->application_id);
    sw_u32(w, &u->line_instance);
    sw_u32(w, &u->call_reference);
    sw_u32(w, &u->transaction_id);
}

static void walk_user_data(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_user_data *u = &m->user_data;
    uint32_t len;
    walk_user_data_head(w, u);
    walk_data_len(w, u, &len);
    sw_opaque(w, &u->data, len);
}

static void walk_user_data_v1(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_user_data *u = &m->user_data;
    uint32_t len;
    walk_user_data_head(w, u);
    walk_data_len(w, u, &len);
    sw_u32(w, &u->sequence_flag);
    sw_u32(w, &u->display_priority);
    sw_u32(w, &u->conference_id);
    sw_u32(w, &u->app_instance_id);
    sw_u32(w, &u->routing_id);
    sw_opaque(w, &u->data, len);
}

static void walk_subscription_stat_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_subscription_stat_req *s = &m->subscription_stat_req;
    sw_u32(w, &s->transaction_id);
    sw_u32(w, &s->feature_id);
    sw_u32(w, &s->timer);
    sw_text(w, &s->subscription_id, 256);
}

static void walk_subscription_stat(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_subscription_stat *s = &m->subscription_stat;
    sw_u32(w, &s->transaction_id);
    sw_u32(w, &s->feature_id);
    sw_u32(w, &s->timer);
    sw_u32(w, &s->cause);
}

static void walk_notification(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_notification *n = &m->notification;
    sw_u32(w, &n->transaction_id);
    sw_u32(w, &n->feature_id);
    sw_u32(w, &n->status);
    sw_text(w, &n->text, 97);
}

static void walk_call_count_resp(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_call_count_resp *c = &m->call_count_resp;
    sw_u32(w, &c->total_lines);
    sw_u32(w, &c->starting_line);
    sw_u32(w, &c->count);
    uint32_t n = sw_count(w, &c->count, 4, RF_SCCP_CALL_LINE_MAX);
    for (uint32_t i = 0; i < n; i++) {
        sw_u16(w, &c->lines[i].max_calls);
        sw_u16(w, &c->lines[i].busy_trigger);
    }
    if (w->is_writing && n == 0)
        sw_pad(w, 4); /* an empty list is taken for a broken one */
}

static void walk_recording_status(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->recording_status.call_reference);
    sw_u32(w, &m->recording_status.status);
}

static void walk_add_on_device(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_add_on_device *a = &m->add_on_device;
    sw_u32(w, &a->instance);
    sw_u32(w, &a->type);
    sw_u32(w, &a->unknown);
    sw_text(w, &a->text, 152);
}

static const struct sccp_desc descs[] = {
    {RF_SCCP_DEVICE_TO_USER_DATA, 20, walk_user_data},
    {RF_SCCP_DEVICE_TO_USER_DATA_RESPONSE, 20, walk_user_data},
    {RF_SCCP_USER_TO_DEVICE_DATA, 20, walk_user_data},
    {RF_SCCP_DEVICE_TO_USER_DATA_V1, 40, walk_user_data_v1},
    {RF_SCCP_DEVICE_TO_USER_DATA_RESPONSE_V1, 40, walk_user_data_v1},
    {RF_SCCP_USER_TO_DEVICE_DATA_V1, 40, walk_user_data_v1},
    {RF_SCCP_SUBSCRIPTION_STAT_REQ, 12, walk_subscription_stat_req},
    {RF_SCCP_SUBSCRIPTION_STAT, 16, walk_subscription_stat},
    {RF_SCCP_NOTIFICATION, 12, walk_notification},
    {RF_SCCP_CALL_COUNT_REQ, 0, NULL},
    {RF_SCCP_CALL_COUNT_RESP, 12, walk_call_count_resp},
    {RF_SCCP_RECORDING_STATUS, 8, walk_recording_status},
    {RF_SCCP_ADD_ON_DEVICE_CAPABILITIES, 8, walk_add_on_device},
};
const struct sccp_family sccp_family_data = SCCP_FAMILY(descs);
