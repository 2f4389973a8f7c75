/* SPDX-License-Identifier: Apache-2.0 */
/* Registration, connection, capabilities.
 * doc: docs/wire/sccp.md, "Registration", "Capabilities" */
#include "wire/sccp/sccp_int.h"

static void walk_register(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_register *r = &m->reg;
    sw_text(w, &r->device_name, 16);
    sw_u32(w, &r->user_id);
    sw_u32(w, &r->instance);
    sw_raw(w, r->ip4, sizeof r->ip4);
    sw_u32(w, &r->device_type);
    sw_u32(w, &r->max_streams);
    sw_u32(w, &r->active_streams);
    sw_u8(w, &r->protocol_ver);
    sw_raw(w, r->features, sizeof r->features);
    sw_u32(w, &r->max_conferences);
    sw_u32(w, &r->active_conferences);
    sw_raw(w, r->mac, sizeof r->mac);
    sw_u32(w, &r->ip4_scope);
    sw_u32(w, &r->max_number_of_lines);
    sw_raw(w, r->ip6, sizeof r->ip6);
    sw_u32(w, &r->ip6_scope);
    sw_text(w, &r->firmware_load_name, 32);
    sw_text(w, &r->config_version_stamp, 48);
}

static void walk_register_ack(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_register_ack *r = &m->register_ack;
    sw_u32(w, &r->keepalive_interval_s);
    /* Six bytes and two of padding: a full one, "M/D/YA", has its NUL in the padding. */
    size_t field = w->is_writing ? 7 : 6;
    sw_text(w, &r->date_template, field);
    sw_pad(w, 8 - field);
    sw_u32(w, &r->secondary_keepalive_interval_s);
    sw_u8(w, &r->max_protocol_ver);
    sw_raw(w, r->features, sizeof r->features);
}

static void walk_register_reject(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_text(w, &m->register_reject.text, 32);
}

static void walk_unregister(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->unregister.reason);
}

static void walk_unregister_ack(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->unregister_ack.status);
}

/* Some programs send the port in two bytes. */
static void walk_ip_port(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    if (w->is_writing || sw_left(w) >= 4) {
        sw_u32(w, &m->ip_port.rtp_media_port);
        return;
    }
    uint16_t port = 0;
    sw_u16(w, &port);
    m->ip_port.rtp_media_port = port;
}

static void walk_reset(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->reset.type);
}

/* The second address has its form by version, and nobody needs it: 20 zero bytes serve both. */
static void walk_token_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_register_token_req *r = &m->register_token_req;
    sw_text(w, &r->device_name, 16);
    sw_u32(w, &r->user_id);
    sw_u32(w, &r->instance);
    sw_u32(w, &r->address);
    sw_u32(w, &r->device_type);
    sw_pad(w, 20);
}

static void walk_token_reject(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->register_token_reject.wait_s);
}

static void walk_spcp_token_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_register_token_req *r = &m->register_token_req;
    sw_text(w, &r->device_name, 16);
    sw_u32(w, &r->user_id);
    sw_u32(w, &r->instance);
    sw_u32(w, &r->address);
    sw_u32(w, &r->device_type);
    sw_u32(w, &r->max_streams);
}

static void walk_spcp_token_ack(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->spcp_register_token_ack.features);
}

static void walk_alarm(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_alarm *a = &m->alarm;
    sw_u32(w, &a->severity);
    sw_text(w, &a->text, 80);
    sw_u32(w, &a->parm1);
    sw_u32(w, &a->parm2);
}

/* Phones send the text with and without its NUL, and with zeros behind it. */
static void walk_xml(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    if (w->is_writing)
        sw_z(w, &m->xml.text, RF_SCCP_LENGTH_MAX - 8);
    else
        sw_text(w, &m->xml.text, sw_left(w));
}

static void walk_audio_cap(struct sccp_walk *w, struct rf_sccp_audio_cap *c)
{
    sw_u32(w, &c->payload);
    sw_u32(w, &c->max_frames);
    sw_raw(w, c->codec_params, sizeof c->codec_params);
}

static void walk_capabilities_res(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_capabilities_res *c = &m->capabilities_res;
    sw_u32(w, &c->count);
    uint32_t n = sw_count(w, &c->count, 16, RF_SCCP_AUDIO_CAP_MAX);
    for (uint32_t i = 0; i < n; i++)
        walk_audio_cap(w, &c->caps[i]);
    if (w->is_writing && n == 0)
        sw_pad(w, 16); /* an empty list is taken for a broken one */
}

/* Arrays have their full size on the wire, whatever the counts say. */
static void walk_update_capabilities(struct sccp_walk *w, struct rf_sccp_msg *m, size_t tail)
{
    struct rf_sccp_update_capabilities *u = &m->update_capabilities;
    sw_u32(w, &u->audio_count);
    sw_u32(w, &u->video_count);
    sw_u32(w, &u->data_count);
    sw_u32(w, &u->rtp_payload_format);
    sw_u32(w, &u->picture_format_count);
    sw_opaque(w, &u->picture_formats, 120);
    sw_u32(w, &u->active_streams);
    sw_u32(w, &u->max_bw);
    sw_u32(w, &u->service_resource_count);
    sw_opaque(w, &u->service_resources, 160);
    uint32_t n = sw_count(w, &u->audio_count, 16, RF_SCCP_AUDIO_CAP_MAX);
    for (uint32_t i = 0; i < n; i++)
        walk_audio_cap(w, &u->audio[i]);
    sw_pad(w, (RF_SCCP_AUDIO_CAP_MAX - n) * 16);
    if (w->is_writing && u->video_and_data.len <= tail)
        sw_opaque(w, &u->video_and_data, tail);
    else
        sw_rest(w, &u->video_and_data);
}

static void walk_update_capabilities_v1(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    walk_update_capabilities(w, m, 10 * 116 + 5 * 16);
}

static void walk_update_capabilities_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    walk_update_capabilities(w, m, 10 * 132 + 5 * 16);
}

static void walk_update_capabilities_v3(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    walk_update_capabilities(w, m, 10 * 140 + 5 * 20);
}

static const struct sccp_desc descs[] = {
    {RF_SCCP_KEEPALIVE, 0, NULL},
    {RF_SCCP_KEEPALIVE_ACK, 0, NULL},
    {RF_SCCP_REGISTER, 36, walk_register},
    {RF_SCCP_REGISTER_ACK, 20, walk_register_ack},
    {RF_SCCP_REGISTER_REJECT, 32, walk_register_reject},
    {RF_SCCP_UNREGISTER, 0, walk_unregister},
    {RF_SCCP_UNREGISTER_ACK, 4, walk_unregister_ack},
    {RF_SCCP_IP_PORT, 2, walk_ip_port},
    {RF_SCCP_RESET, 4, walk_reset},
    {RF_SCCP_REGISTER_TOKEN_REQ, 36, walk_token_req},
    {RF_SCCP_REGISTER_TOKEN_ACK, 0, NULL},
    {RF_SCCP_REGISTER_TOKEN_REJECT, 4, walk_token_reject},
    {RF_SCCP_SPCP_REGISTER_TOKEN_REQ, 36, walk_spcp_token_req},
    {RF_SCCP_SPCP_REGISTER_TOKEN_ACK, 4, walk_spcp_token_ack},
    {RF_SCCP_SPCP_REGISTER_TOKEN_REJECT, 4, walk_token_reject},
    {RF_SCCP_ALARM, 92, walk_alarm},
    {RF_SCCP_ENHANCED_ALARM, 0, walk_xml},
    {RF_SCCP_LOCATION_INFO, 0, walk_xml},
    {RF_SCCP_CAPABILITIES_REQ, 0, NULL},
    {RF_SCCP_CAPABILITIES_RES, 4, walk_capabilities_res},
    {RF_SCCP_UPDATE_CAPABILITIES, 20, walk_update_capabilities_v1},
    {RF_SCCP_UPDATE_CAPABILITIES_V2, 20, walk_update_capabilities_v2},
    {RF_SCCP_UPDATE_CAPABILITIES_V3, 20, walk_update_capabilities_v3},
};
const struct sccp_family sccp_family_register = SCCP_FAMILY(descs);
