/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sccp/sccp_int.h"

#include "base/secret.h"

#include <string.h>

static const struct sccp_family *const families[] = {
    &sccp_family_register, &sccp_family_buttons, &sccp_family_status,
    &sccp_family_media,    &sccp_family_display, &sccp_family_data,
};

static const struct sccp_desc *desc_find(uint32_t id)
{
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++)
        for (size_t i = 0; i < families[f]->n; i++)
            if ((uint32_t)families[f]->descs[i].id == id)
                return &families[f]->descs[i];
    return NULL;
}

bool rf_sccp_is_known(uint32_t id)
{
    return desc_find(id) != NULL;
}

static enum rf_err refuse_unknown(uint32_t id, struct rf_why *why)
{
    const char *name = rf_sccp_id_name(id);
    if (name != NULL)
        return rf_why_set(why, RF_ERR_UNKNOWN, "sccp-message", "%s (0x%04x) is not read here", name,
                          (unsigned)id);
    return rf_why_set(why, RF_ERR_UNKNOWN, "sccp-message", "no message has the id 0x%04x",
                      (unsigned)id);
}

enum rf_err rf_sccp_decode(const struct rf_sccp_frame *frame, struct rf_sccp_msg *out,
                           struct rf_why *why)
{
    memset(out, 0, sizeof *out);
    if (frame->is_ignored)
        return rf_why_set(why, RF_ERR_UNKNOWN, "sccp-header-version", "header version %u",
                          (unsigned)frame->header);
    const struct sccp_desc *desc = desc_find(frame->id);
    if (desc == NULL)
        return refuse_unknown(frame->id, why);
    struct sccp_walk w = {.version = frame->version,
                          .body_len = frame->body.len,
                          .message = rf_sccp_id_name(frame->id),
                          .rd = rf_rd_of(frame->body),
                          .why = why};
    sw_need(&w, desc->min);
    if (w.err == RF_OK && desc->walk != NULL)
        desc->walk(&w, out);
    if (w.err != RF_OK) {
        rf_wipe(out, sizeof *out);
        return w.err;
    }
    out->id = desc->id;
    if (!w.is_respelled)
        out->body_len = frame->body.len > 0 ? (uint32_t)frame->body.len : RF_SCCP_BODY_NONE;
    return RF_OK;
}

/* The body was written in full; make it as long as the message asks, or a multiple of four. */
static enum rf_err set_body_len(const struct rf_sccp_msg *msg, size_t min, size_t start,
                                struct rf_wr *wr, struct rf_why *why)
{
    size_t n = wr->len - start;
    size_t want = msg->body_len;
    if (want == 0)
        want = (n + 3) / 4 * 4;
    else if (want == RF_SCCP_BODY_NONE)
        want = 0;
    if (want < min)
        return rf_why_set(why, RF_ERR_BAD, "sccp-body-len", "%s: %zu bytes of body asked for",
                          rf_sccp_id_name(msg->id), want);
    if (want > RF_SCCP_LENGTH_MAX - 4)
        return rf_why_set(why, RF_ERR_LIMIT, "sccp-length", "%s: frame would be too long",
                          rf_sccp_id_name(msg->id));
    if (want > n)
        rf_wr_zero(wr, want - n);
    else
        wr->len = start + want;
    return RF_OK;
}

enum rf_err rf_sccp_encode(const struct rf_sccp_msg *msg, unsigned version, struct rf_wr *wr,
                           struct rf_why *why)
{
    const struct sccp_desc *desc = desc_find(msg->id);
    if (desc == NULL)
        return refuse_unknown(msg->id, why);
    unsigned header = rf_sccp_version_header(msg->id, version);
    struct sccp_walk w = {.is_writing = true,
                          .version = header,
                          .message = rf_sccp_id_name(msg->id),
                          .wr = wr,
                          .why = why};
    struct rf_hole length = rf_wr_u32le_hole(wr);
    rf_wr_u32le(wr, header);
    rf_wr_u32le(wr, msg->id);
    size_t start = wr->len;
    /* A writing walk only reads the message: the cast spares a copy, and the key in it. */
    if (desc->walk != NULL)
        desc->walk(&w, (struct rf_sccp_msg *)msg);
    if (w.err != RF_OK)
        return w.err;
    /* a body that found no room is short for that reason alone */
    enum rf_err err = wr->overflow ? RF_OK : set_body_len(msg, desc->min, start, wr, why);
    if (err != RF_OK)
        return err;
    rf_wr_fill_u32le(wr, length, (size_t)-4); /* the header version is not counted */
    if (wr->overflow)
        return rf_why_set(why, RF_ERR_LIMIT, "sccp-room", "%s: no room for the frame", w.message);
    return RF_OK;
}

bool rf_sccp_is_before_register(uint32_t id)
{
    static const enum rf_sccp_id ids[] = {
        RF_SCCP_REGISTER,   RF_SCCP_KEEPALIVE,      RF_SCCP_REGISTER_TOKEN_REQ,
        RF_SCCP_ALARM,      RF_SCCP_ENHANCED_ALARM, RF_SCCP_LOCATION_INFO,
        RF_SCCP_UNREGISTER, RF_SCCP_CALL_COUNT_REQ, RF_SCCP_SPCP_REGISTER_TOKEN_REQ,
        RF_SCCP_IP_PORT,
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if ((uint32_t)ids[i] == id)
            return true;
    return false;
}
