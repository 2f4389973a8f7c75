/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in the stream, and which version is agreed, sent and read. */
#include "wire/sccp/sccp_int.h"

bool sccp_version_normal(uint32_t header, unsigned *out)
{
    *out = 0;
    if (header > RF_SCCP_VERSION_LAST)
        return false;
    /* doc: docs/wire/sccp.md, "Versions": 1-9 are read as 0, 12-14 as 11 */
    if (header >= 15 || header == 10 || header == 11)
        *out = (unsigned)header;
    else if (header >= 12)
        *out = 11;
    return true;
}

enum rf_err rf_sccp_frame_next(struct rf_slice stream, struct rf_sccp_frame *out, size_t *consumed,
                               struct rf_why *why)
{
    *out = (struct rf_sccp_frame){0};
    *consumed = 0;
    struct rf_rd rd = rf_rd_of(stream);
    struct rf_sccp_frame frame = {0};
    if (!rf_rd_u32le(&rd, &frame.length))
        return RF_ERR_AGAIN;
    if (frame.length < 4)
        return rf_why_set(why, RF_ERR_BAD, "frame-length", "frame length %u is below 4",
                          (unsigned)frame.length);
    if (frame.length > RF_SCCP_LENGTH_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "frame-length", "frame length %u is above %d",
                          (unsigned)frame.length, RF_SCCP_LENGTH_MAX);
    if (!rf_rd_u32le(&rd, &frame.header) || !rf_rd_u32le(&rd, &frame.id) ||
        !rf_rd_slice(&rd, frame.length - 4, &frame.body))
        return RF_ERR_AGAIN;
    frame.is_ignored = !sccp_version_normal(frame.header, &frame.version);
    *out = frame;
    *consumed = rf_rd_offset(&rd);
    return RF_OK;
}

unsigned rf_sccp_version_agree(unsigned phone_max)
{
    static const unsigned set[] = {22, 21, 20, 19, 18, 17, 16, 15, 11, 10, 8, 5};
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
        if (phone_max >= set[i])
            return set[i];
    return RF_SCCP_VERSION_LOWEST;
}

unsigned rf_sccp_version_header(uint32_t id, unsigned agreed)
{
    if (id == RF_SCCP_REGISTER_ACK || id == RF_SCCP_UNREGISTER_ACK || id == RF_SCCP_KEEPALIVE_ACK)
        return 0;
    unsigned version;
    return sccp_version_normal(agreed, &version) ? version : RF_SCCP_VERSION_LAST;
}

void rf_sccp_version_features(unsigned agreed, uint8_t out[RF_SCCP_FEATURES])
{
    struct rf_wr wr = rf_wr_of(out, RF_SCCP_FEATURES);
    rf_wr_u8(&wr, agreed > 3 ? 0x20 : 0);
    rf_wr_u8(&wr, agreed > 3 ? 0xf1 : 0);
    rf_wr_u8(&wr, agreed >= 11 ? 0xff : agreed > 3 ? 0xfe : 0);
}

bool rf_sccp_features_utf8(const uint8_t features[RF_SCCP_FEATURES])
{
    return (features[1] & 0x10) != 0;
}

enum rf_sccp_id rf_sccp_form(enum rf_sccp_id classic, unsigned agreed)
{
    static const struct {
        enum rf_sccp_id classic;
        enum rf_sccp_id v2;
        unsigned from;
    } forms[] = {
        {RF_SCCP_DISPLAY_PROMPT_STATUS, RF_SCCP_DISPLAY_PROMPT_STATUS_V2, 8},
        {RF_SCCP_DISPLAY_NOTIFY, RF_SCCP_DISPLAY_NOTIFY_V2, 8},
        {RF_SCCP_DISPLAY_PRI_NOTIFY, RF_SCCP_DISPLAY_PRI_NOTIFY_V2, 8},
        {RF_SCCP_SERVICE_URL_STAT, RF_SCCP_SERVICE_URL_STAT_V2, 7},
        {RF_SCCP_LINE_STAT, RF_SCCP_LINE_STAT_V2, 17},
        {RF_SCCP_CALL_INFO, RF_SCCP_CALL_INFO_V2, 16},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].classic == classic && agreed >= forms[i].from)
            return forms[i].v2;
    return classic;
}
