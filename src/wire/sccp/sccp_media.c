/* SPDX-License-Identifier: Apache-2.0 */
/* Media streams, their keys, and their statistics.
 * doc: docs/wire/sccp.md, "Media" */
#include "wire/sccp/sccp_int.h"

#include "base/secret.h"

void rf_sccp_media_key_wipe(struct rf_sccp_media_key *key)
{
    rf_wipe(key, sizeof *key);
}

static void walk_key(struct sccp_walk *w, struct rf_sccp_media_key *k)
{
    sw_u32(w, &k->algorithm);
    sw_u16(w, &k->key_len);
    sw_u16(w, &k->salt_len);
    sw_raw(w, k->key, sizeof k->key);
    sw_raw(w, k->salt, sizeof k->salt);
    sw_u32(w, &k->mki);
    sw_u32(w, &k->kdr);
}

/* IPv4 in four bytes, or from version 17 on the union. */
static void walk_addr(struct sccp_walk *w, struct rf_sccp_addr *a, bool is_wide)
{
    if (is_wide)
        sw_ipu(w, a);
    else
        sw_ip4(w, a);
}

/* Reading: has this body the address union? A body long enough for it has, a shorter one has not,
 * whatever the header says. Writing: from version 17 on. */
static bool is_wide(struct sccp_walk *w, size_t from_len)
{
    bool by_version = w->version >= 17;
    if (w->is_writing)
        return by_version;
    bool by_length = w->body_len >= from_len;
    if (by_length != by_version)
        w->is_respelled = true;
    return by_length;
}

static void walk_open_receive_channel(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_open_receive_channel *o = &m->open_receive_channel;
    sw_need(w, w->version >= 17 ? 128 : 92);
    sw_u32(w, &o->conference_id);
    sw_u32(w, &o->pass_through_party_id);
    sw_u32(w, &o->packet_ms);
    sw_u32(w, &o->codec);
    sw_u32(w, &o->ec_value);
    sw_raw(w, o->params.b, sizeof o->params.b);
    sw_u32(w, &o->call_reference);
    walk_key(w, &o->key);
    sw_u32(w, &o->stream_pass_through_id);
    sw_u32(w, &o->associated_stream_id);
    sw_u32(w, &o->rfc2833_payload_type);
    sw_u32(w, &o->dtmf_type);
    if (w->version < 11)
        return;
    sw_u32(w, &o->mixing_mode);
    sw_u32(w, &o->party_direction);
    walk_addr(w, &o->source, w->version >= 17);
    sw_u32(w, &o->source_port);
    if (w->version >= 16)
        sw_u32(w, &o->requested_addr_type);
    /* servers add it from version 19 on; before that it is there when it says something */
    if (w->version >= 19 ||
        (w->version >= 17 && (!w->is_writing || o->audio_level_adjustment != 0)))
        sw_u32(w, &o->audio_level_adjustment);
    if (w->version >= 21)
        sw_opaque(w, &o->latent_caps, 36);
}

static void walk_open_receive_channel_ack(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_open_receive_channel_ack *a = &m->open_receive_channel_ack;
    sw_u32(w, &a->status);
    walk_addr(w, &a->addr, is_wide(w, 36));
    sw_u32(w, &a->port);
    sw_u32(w, &a->pass_through_party_id);
    sw_u32(w, &a->call_reference);
}

static void walk_start_media_transmission(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_start_media_transmission *s = &m->start_media_transmission;
    sw_need(w, w->version >= 17 ? 132 : w->version >= 15 ? 116 : 112);
    sw_u32(w, &s->conference_id);
    sw_u32(w, &s->pass_through_party_id);
    walk_addr(w, &s->remote, w->version >= 17);
    sw_u32(w, &s->remote_port);
    sw_u32(w, &s->packet_ms);
    sw_u32(w, &s->codec);
    sw_u32(w, &s->precedence);
    sw_u32(w, &s->silence_suppression);
    sw_u32(w, &s->max_frames);
    sw_raw(w, s->params.b, sizeof s->params.b);
    sw_u32(w, &s->call_reference);
    walk_key(w, &s->key);
    sw_u32(w, &s->stream_pass_through_id);
    sw_u32(w, &s->associated_stream_id);
    sw_u32(w, &s->rfc2833_payload_type);
    sw_u32(w, &s->dtmf_type);
    sw_u32(w, &s->mixing_mode);
    if (w->version >= 15)
        sw_u32(w, &s->party_direction);
    if (w->version >= 21)
        sw_opaque(w, &s->latent_caps, 36);
}

static void walk_start_media_transmission_ack(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_start_media_transmission_ack *a = &m->start_media_transmission_ack;
    sw_u32(w, &a->conference_id);
    sw_u32(w, &a->pass_through_party_id);
    sw_u32(w, &a->call_reference);
    walk_addr(w, &a->addr, is_wide(w, 40));
    sw_u32(w, &a->port);
    sw_u32(w, &a->status);
}

static void walk_stop_media(struct sccp_walk *w, struct rf_sccp_stop_media *s)
{
    sw_u32(w, &s->conference_id);
    sw_u32(w, &s->pass_through_party_id);
    sw_u32(w, &s->call_reference);
    sw_u32(w, &s->port_handling_flag);
}

static void walk_close_receive_channel(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    walk_stop_media(w, &m->close_receive_channel);
}

static void walk_stop_media_transmission(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    walk_stop_media(w, &m->stop_media_transmission);
}

static void walk_media_transmission_failure(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_media_transmission_failure *f = &m->media_transmission_failure;
    sw_u32(w, &f->conference_id);
    sw_u32(w, &f->pass_through_party_id);
    walk_addr(w, &f->addr, is_wide(w, 36));
    sw_u32(w, &f->port);
    sw_u32(w, &f->call_reference);
}

static void walk_start_media_failure_detection(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_start_media_failure_detection *d = &m->start_media_failure_detection;
    sw_u32(w, &d->conference_id);
    sw_u32(w, &d->pass_through_party_id);
    sw_u32(w, &d->packet_ms);
    sw_u32(w, &d->codec);
    sw_u32(w, &d->ec_value);
    sw_raw(w, d->params.b, sizeof d->params.b);
    sw_u32(w, &d->call_reference);
}

static void walk_port_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_port_req *p = &m->port_req;
    sw_u32(w, &p->conference_id);
    sw_u32(w, &p->call_reference);
    sw_u32(w, &p->pass_through_party_id);
    sw_u32(w, &p->transport);
    sw_u32(w, &p->addr_type);
    sw_u32(w, &p->media_type);
}

static void walk_port_res(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_port_res *p = &m->port_res;
    bool wide = is_wide(w, 40);
    sw_u32(w, &p->conference_id);
    sw_u32(w, &p->call_reference);
    sw_u32(w, &p->pass_through_party_id);
    walk_addr(w, &p->addr, wide);
    sw_u32(w, &p->port);
    sw_u32(w, &p->rtcp_port);
    if (w->is_writing ? w->version >= 19 || (wide && p->media_type != 0) : wide)
        sw_u32(w, &p->media_type);
}

static void walk_port_close(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_port_close *p = &m->port_close;
    sw_u32(w, &p->conference_id);
    sw_u32(w, &p->call_reference);
    sw_u32(w, &p->pass_through_party_id);
    sw_u32(w, &p->media_type);
}

static void walk_statistics_req(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_connection_statistics_req *r = &m->connection_statistics_req;
    size_t number = w->version >= 18 ? 28 : 24;
    sw_need(w, number + 8);
    sw_text(w, &r->directory_number, number);
    sw_u32(w, &r->call_reference);
    sw_u32(w, &r->mode);
}

/* The fields of a statistics answer, with its data, in one of the three layouts. */
static void walk_statistics_as(struct sccp_walk *w, struct rf_sccp_connection_statistics_res *r,
                               enum rf_sccp_stats_form form, uint32_t *data_len)
{
    sw_text(w, &r->directory_number, form == RF_SCCP_STATS_CLASSIC ? 24 : 28);
    sw_u32(w, &r->call_reference);
    uint8_t mode = (uint8_t)r->mode;
    if (form == RF_SCCP_STATS_PACKED) {
        sw_u8(w, &mode);
        if (!w->is_writing)
            r->mode = mode;
    } else {
        sw_u32(w, &r->mode);
    }
    sw_u32(w, &r->packets_sent);
    sw_u32(w, &r->octets_sent);
    sw_u32(w, &r->packets_received);
    sw_u32(w, &r->octets_received);
    sw_u32(w, &r->packets_lost);
    sw_u32(w, &r->jitter_ms);
    sw_u32(w, &r->latency_ms);
    sw_u32(w, data_len);
    if (w->is_writing)
        sw_rest(w, &r->data);
    else
        sw_opaque(w, &r->data, *data_len);
}

/* Does the body end as this layout says? */
static bool statistics_fit(const struct sccp_walk *w, enum rf_sccp_stats_form form)
{
    struct sccp_walk try = *w;
    struct rf_sccp_connection_statistics_res r = {0};
    uint32_t data_len = 0;
    walk_statistics_as(&try, &r, form, &data_len);
    return data_len == r.data.len && w->body_len >= (form == RF_SCCP_STATS_ALIGNED ? 68 : 65);
}

/* From version 18 on both layouts are seen; the one whose data length fits is meant.
 * doc: docs/wire/sccp.md, "ConnectionStatisticsRes" */
static void walk_statistics_res(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_connection_statistics_res *r = &m->connection_statistics_res;
    if (w->is_writing) {
        enum rf_sccp_stats_form form = w->version < 18                    ? RF_SCCP_STATS_CLASSIC
                                       : r->form == RF_SCCP_STATS_ALIGNED ? RF_SCCP_STATS_ALIGNED
                                                                          : RF_SCCP_STATS_PACKED;
        uint32_t data_len = (uint32_t)r->data.len;
        walk_statistics_as(w, r, form, &data_len);
        return;
    }
    r->form = RF_SCCP_STATS_CLASSIC;
    if (w->version >= 18) {
        sw_need(w, 61);
        r->form = RF_SCCP_STATS_PACKED;
        if (!statistics_fit(w, RF_SCCP_STATS_PACKED) && statistics_fit(w, RF_SCCP_STATS_ALIGNED))
            r->form = RF_SCCP_STATS_ALIGNED;
    }
    uint32_t data_len = 0;
    walk_statistics_as(w, r, r->form, &data_len);
}

static const struct sccp_desc descs[] = {
    {RF_SCCP_OPEN_RECEIVE_CHANNEL, 92, walk_open_receive_channel},
    {RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK, 16, walk_open_receive_channel_ack},
    {RF_SCCP_START_MEDIA_TRANSMISSION, 112, walk_start_media_transmission},
    {RF_SCCP_START_MEDIA_TRANSMISSION_ACK, 24, walk_start_media_transmission_ack},
    {RF_SCCP_CLOSE_RECEIVE_CHANNEL, 12, walk_close_receive_channel},
    {RF_SCCP_STOP_MEDIA_TRANSMISSION, 12, walk_stop_media_transmission},
    {RF_SCCP_MEDIA_TRANSMISSION_FAILURE, 20, walk_media_transmission_failure},
    {RF_SCCP_START_MEDIA_FAILURE_DETECTION, 28, walk_start_media_failure_detection},
    {RF_SCCP_PORT_REQ, 24, walk_port_req},
    {RF_SCCP_PORT_RES, 24, walk_port_res},
    {RF_SCCP_PORT_CLOSE, 16, walk_port_close},
    {RF_SCCP_CONNECTION_STATISTICS_REQ, 32, walk_statistics_req},
    {RF_SCCP_CONNECTION_STATISTICS_RES, 60, walk_statistics_res},
};
const struct sccp_family sccp_family_media = SCCP_FAMILY(descs);
