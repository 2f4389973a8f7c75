/* SPDX-License-Identifier: Apache-2.0 */
#include "base/element.h"

struct rf_elements rf_elements_of(struct rf_rd *rd)
{
    return (struct rf_elements){.rd = rd};
}

enum rf_err rf_element_next(struct rf_elements *elements, const char *twice, uint8_t *tag,
                            struct rf_rd *value, struct rf_why *why)
{
    uint16_t len;
    *value = (struct rf_rd){0};
    if (!rf_rd_u8(elements->rd, tag) || !rf_rd_u16be(elements->rd, &len) ||
        !rf_rd_sub(elements->rd, len, value))
        return rf_why_rd(why, elements->rd, "element");
    uint32_t bit = UINT32_C(1) << (*tag % 32);
    if ((elements->seen[*tag / 32] & bit) != 0)
        return rf_why_bad(why, elements->rd, twice, "element %u occurs twice", *tag);
    elements->seen[*tag / 32] |= bit;
    return RF_OK;
}

struct rf_hole rf_wr_element(struct rf_wr *wr, uint8_t tag)
{
    rf_wr_u8(wr, tag);
    return rf_wr_u16be_hole(wr);
}

void rf_wr_element_slice(struct rf_wr *wr, uint8_t tag, struct rf_slice value)
{
    struct rf_hole h = rf_wr_element(wr, tag);
    rf_wr_slice(wr, value);
    rf_wr_fill_u16be(wr, h, 0);
}
