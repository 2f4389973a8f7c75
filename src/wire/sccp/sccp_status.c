/* SPDX-License-Identifier: Apache-2.0 */
/* What a phone asks while it registers, and the answers.
 * doc: docs/wire/sccp.md, "Questions and answers" */
#include "wire/sccp/sccp_int.h"

static void walk_line_stat_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->line_stat_req.number);
}

static void walk_forward_stat_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->forward_stat_req.number);
}

static void walk_speed_dial_stat_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->speed_dial_stat_req.number);
}

static void walk_service_url_stat_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->service_url_stat_req.number);
}

static void walk_feature_stat_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->feature_stat_req.index);
    sw_u32(w, &m->feature_stat_req.capabilities);
}

static void walk_config_stat(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_config_stat *c = &m->config_stat;
    sw_text(w, &c->device_name, 16);
    sw_u32(w, &c->user_id);
    sw_u32(w, &c->instance);
    sw_text(w, &c->user_name, 40);
    sw_text(w, &c->server_name, 40);
    sw_u32(w, &c->number_of_lines);
    sw_u32(w, &c->number_of_speed_dials);
}

static void walk_config_stat_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_config_stat *c = &m->config_stat;
    sw_text(w, &c->device_name, 16);
    sw_u32(w, &c->user_id);
    sw_u32(w, &c->instance);
    sw_u32(w, &c->number_of_lines);
    sw_u32(w, &c->number_of_speed_dials);
    sw_z(w, &c->user_name, 120);
    sw_z(w, &c->server_name, 120);
}

static void walk_line_stat(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_line_stat *l = &m->line_stat;
    sw_u32(w, &l->line_number);
    sw_text(w, &l->directory_number, 24);
    sw_text(w, &l->display_name, 40);
    sw_text(w, &l->label, 40);
    sw_u32(w, &l->display_options);
}

static void walk_line_stat_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_line_stat *l = &m->line_stat;
    sw_u32(w, &l->line_number);
    sw_u32(w, &l->display_options);
    sw_z(w, &l->directory_number, 24);
    sw_z(w, &l->display_name, 120);
    sw_z(w, &l->label, 120);
}

static void walk_forward(struct sccp_walk *w, struct rf_sccp_forward *f, size_t number)
{
    sw_u32(w, &f->is_active);
    sw_text(w, &f->number, number);
}

static void walk_forward_stat(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_forward_stat *f = &m->forward_stat;
    size_t number = w->version >= 18 ? 25 : 24;
    sw_need(w, 8 + 3 * (4 + number));
    sw_u32(w, &f->active_forward);
    sw_u32(w, &f->line_number);
    walk_forward(w, &f->all, number);
    walk_forward(w, &f->busy, number);
    walk_forward(w, &f->no_answer, number);
}

static void walk_speed_dial_stat(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_speed_dial_stat *s = &m->speed_dial_stat;
    sw_u32(w, &s->number);
    sw_text(w, &s->directory_number, 24);
    sw_text(w, &s->display_name, 40);
}

static void walk_speed_dial_stat_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_speed_dial_stat *s = &m->speed_dial_stat;
    sw_u32(w, &s->number);
    sw_z(w, &s->directory_number, 24);
    sw_z(w, &s->display_name, 120);
}

static void walk_feature_stat(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_feature_stat *f = &m->feature_stat;
    sw_u32(w, &f->index);
    sw_u32(w, &f->feature_id);
    sw_text(w, &f->label, 40);
    sw_u32(w, &f->status);
}

static void walk_feature_stat_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_feature_stat *f = &m->feature_stat;
    sw_u32(w, &f->index);
    sw_u32(w, &f->feature_id);
    sw_u32(w, &f->status);
    sw_z(w, &f->label, 120);
}

static void walk_service_url_stat(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_service_url_stat *s = &m->service_url_stat;
    sw_u32(w, &s->index);
    sw_text(w, &s->url, 256);
    sw_text(w, &s->label, 40);
}

static void walk_service_url_stat_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_service_url_stat *s = &m->service_url_stat;
    sw_u32(w, &s->index);
    sw_z(w, &s->url, 255);
    sw_z(w, &s->label, 120);
}

static void walk_register_available_lines(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->register_available_lines.max_lines);
}

static void walk_define_time_date(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_define_time_date *t = &m->define_time_date;
    sw_u32(w, &t->year);
    sw_u32(w, &t->month);
    sw_u32(w, &t->day_of_week);
    sw_u32(w, &t->day);
    sw_u32(w, &t->hour);
    sw_u32(w, &t->minute);
    sw_u32(w, &t->second);
    sw_u32(w, &t->millisecond);
    sw_u32(w, &t->system_time_s);
}

static void walk_version(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_text(w, &m->version.text, 16);
}

/* From version 17 on addresses are unions, but a body that has no room for them holds plain ones.
 */
static void walk_server_res(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_server_res *s = &m->server_res;
    bool is_wide = w->version >= 17;
    if (!w->is_writing && is_wide && w->body_len <= 288) {
        is_wide = false;
        w->is_respelled = true;
    }
    sw_need(w, is_wide ? 360 : 280);
    for (size_t i = 0; i < RF_SCCP_SERVER_MAX; i++)
        sw_text(w, &s->servers[i].name, 48);
    for (size_t i = 0; i < RF_SCCP_SERVER_MAX; i++)
        sw_u32(w, &s->servers[i].port);
    for (size_t i = 0; i < RF_SCCP_SERVER_MAX; i++) {
        if (is_wide)
            sw_ipu(w, &s->servers[i].addr);
        else
            sw_ip4(w, &s->servers[i].addr);
    }
}

static const struct sccp_desc descs[] = {
    {RF_SCCP_LINE_STAT_REQ, 4, walk_line_stat_req},
    {RF_SCCP_LINE_STAT, 112, walk_line_stat},
    {RF_SCCP_LINE_STAT_V2, 10, walk_line_stat_v2},
    {RF_SCCP_FORWARD_STAT_REQ, 4, walk_forward_stat_req},
    {RF_SCCP_FORWARD_STAT, 0, walk_forward_stat},
    {RF_SCCP_SPEED_DIAL_STAT_REQ, 4, walk_speed_dial_stat_req},
    {RF_SCCP_SPEED_DIAL_STAT, 68, walk_speed_dial_stat},
    {RF_SCCP_SPEED_DIAL_STAT_V2, 6, walk_speed_dial_stat_v2},
    {RF_SCCP_FEATURE_STAT_REQ, 4, walk_feature_stat_req},
    {RF_SCCP_FEATURE_STAT, 52, walk_feature_stat},
    {RF_SCCP_FEATURE_STAT_V2, 13, walk_feature_stat_v2},
    {RF_SCCP_SERVICE_URL_STAT_REQ, 4, walk_service_url_stat_req},
    {RF_SCCP_SERVICE_URL_STAT, 300, walk_service_url_stat},
    {RF_SCCP_SERVICE_URL_STAT_V2, 4, walk_service_url_stat_v2},
    {RF_SCCP_REGISTER_AVAILABLE_LINES, 4, walk_register_available_lines},
    {RF_SCCP_CONFIG_STAT_REQ, 0, NULL},
    {RF_SCCP_CONFIG_STAT, 112, walk_config_stat},
    {RF_SCCP_CONFIG_STAT_V2, 34, walk_config_stat_v2},
    {RF_SCCP_TIME_DATE_REQ, 0, NULL},
    {RF_SCCP_DEFINE_TIME_DATE, 36, walk_define_time_date},
    {RF_SCCP_VERSION_REQ, 0, NULL},
    {RF_SCCP_VERSION, 16, walk_version},
    {RF_SCCP_SERVER_REQ, 0, NULL},
    {RF_SCCP_SERVER_RES, 280, walk_server_res},
};
const struct sccp_family sccp_family_status = SCCP_FAMILY(descs);
