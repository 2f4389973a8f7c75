/* SPDX-License-Identifier: Apache-2.0 */
/* Elements as CAPF and TVS write them: tag (1) | length (2, big-endian) | value, each tag at most
 * once.
 *
 *     struct rf_elements elements = rf_elements_of(&rd);
 *     while (!rf_rd_done(&rd)) {
 *         err = rf_element_next(&elements, "capf-element-twice", &tag, &value, why);
 *
 * Thread: any. doc: docs/wire/capf.md, "Elements"; docs/wire/tvs.md */
#ifndef BASE_ELEMENT_H
#define BASE_ELEMENT_H

#include "base/bytes.h"

struct rf_elements {
    struct rf_rd *rd;
    uint32_t seen[8]; /* one bit a tag: also bounds the number of elements */
};

struct rf_elements rf_elements_of(struct rf_rd *rd);
/** The next one, of which `value` reads the content and no more. RF_ERR_SHORT when its length runs
 * past the end; RF_ERR_BAD with the code `twice` when its tag was there before. */
RF_MUST_CHECK enum rf_err rf_element_next(struct rf_elements *elements, const char *twice,
                                          uint8_t *tag, struct rf_rd *value, struct rf_why *why);

/** Begin an element; its length is filled by rf_wr_fill_u16be(wr, hole, 0). */
struct rf_hole rf_wr_element(struct rf_wr *wr, uint8_t tag);
/** A whole one of these bytes. */
void rf_wr_element_slice(struct rf_wr *wr, uint8_t tag, struct rf_slice value);

#endif
