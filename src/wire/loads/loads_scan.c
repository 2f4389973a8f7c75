/* SPDX-License-Identifier: Apache-2.0 */
/* doc: docs/wire/loads.md, "Binary lists" */
#include "wire/loads/loads.h"

#include "base/text.h"

#include <string.h>

static bool is_name_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool ends_with_any_case(struct rf_slice s, const char *tail)
{
    struct rf_slice t = rf_slice_str(tail);
    if (s.len <= t.len)
        return false;
    struct rf_rd a = rf_rd_of(rf_slice_part(s, s.len - t.len, t.len)), b = rf_rd_of(t);
    uint8_t x, y;
    while (rf_rd_u8(&a, &x) && rf_rd_u8(&b, &y))
        if (lower(x) != y)
            return false;
    return true;
}

static bool is_image_name(struct rf_slice s)
{
    static const char *const tails[] = {".sbn", ".sebn", ".sb2", ".sgn", ".bin", ".loads"};
    if (s.len > RF_LOADS_NAME_MAX || rf_slice_starts_with(s, "."))
        return false;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (ends_with_any_case(s, tails[i]))
            return true;
    return false;
}

static void add(struct rf_loads_names *out, struct rf_slice name)
{
    for (size_t i = 0; i < out->n; i++)
        if (rf_slice_eq(out->name[i], name))
            return;
    if (out->n == RF_LOADS_ENTRIES_MAX)
        out->is_cut = true;
    else
        out->name[out->n++] = name;
}

void rf_loads_scan(struct rf_slice in, struct rf_loads_names *out)
{
    memset(out, 0, sizeof *out);
    out->is_cut = in.len > RF_LOADS_BYTES_MAX;
    in = rf_slice_part(in, 0, RF_LOADS_BYTES_MAX);
    struct rf_rd rd = rf_rd_of(in);
    uint8_t c;
    for (size_t from = 0; rf_rd_u8(&rd, &c);) {
        size_t at = rf_rd_offset(&rd);
        bool is_name = is_name_byte(c);
        size_t end = is_name ? at : at - 1;
        if (is_name && !rf_rd_done(&rd))
            continue;
        struct rf_slice run = rf_slice_part(in, from, end - from);
        if (is_image_name(run))
            add(out, run);
        from = at;
    }
}
