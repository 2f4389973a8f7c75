/* SPDX-License-Identifier: Apache-2.0 */
#include "service/sccp/sccp_int.h"

/* The next character of UTF-8 text, 0xfffd for what is none; false at the end. */
static bool next_char(struct rf_rd *rd, uint32_t *out)
{
    uint8_t c;
    *out = 0xfffd;
    if (!rf_rd_u8(rd, &c))
        return false;
    if (c < 0x80) {
        *out = c;
        return true;
    }
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 0;
    uint32_t value = c & (0x3fu >> more);
    for (int i = 0; i < more; i++) {
        uint8_t next;
        if (!rf_rd_peek_u8(rd, &next) || (next & 0xc0) != 0x80)
            return true;
        if (!rf_rd_u8(rd, &next))
            return true;
        value = value << 6 | (next & 0x3fu);
    }
    if (more > 0)
        *out = value;
    return true;
}

struct rf_slice sccp_text(const struct session *s, const char *text, char buf[SCCP_TEXT_MAX])
{
    if (s->is_utf8)
        return rf_slice_str(text);
    struct rf_rd rd = rf_rd_of(rf_slice_str(text));
    struct rf_wr wr = rf_wr_of(buf, SCCP_TEXT_MAX);
    uint32_t c;
    while (next_char(&rd, &c))
        rf_wr_u8(&wr, c <= 0xff ? (uint8_t)c : (uint8_t)'?');
    struct rf_slice out;
    return rf_wr_done(&wr, &out) == RF_OK ? out : rf_slice_part(rf_slice_str(text), 0, 0);
}
