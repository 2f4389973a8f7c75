/* SPDX-License-Identifier: Apache-2.0 */
/* A load list; what decodes must encode, and decode to the same again. The input as a name and as a
 * value is written only if it reads back as that. */
#include "wire/loads/loads.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buf[RF_LOADS_BYTES_MAX], twice[RF_LOADS_BYTES_MAX];

static void again(const struct rf_loads *l)
{
    static struct rf_loads l2;
    struct rf_slice out, out2;
    struct rf_why why = {0};
    enum rf_err err = rf_loads_encode(l, buf, sizeof buf, &out, &why);
    /* CRLF for LF and a blank behind "#?" may be what a full list or line has no room for. */
    if (err == RF_ERR_LIMIT)
        return;
    if (err != RF_OK || rf_loads_decode(out, &l2, &why) != RF_OK ||
        rf_loads_encode(&l2, twice, sizeof twice, &out2, &why) != RF_OK || !rf_slice_eq(out, out2))
        abort();
    if (out.len > 0 && rf_loads_encode(l, twice, out.len - 1, &out2, &why) != RF_ERR_LIMIT)
        abort();
}

static void written_as_asked(struct rf_slice text)
{
    static struct rf_loads l, l2;
    struct rf_slice out;
    l = (struct rf_loads){.entry_n = 1, .variable_n = 1};
    l.entry[0] = (struct rf_loads_entry){.name = text};
    l.variable[0] = (struct rf_loads_pair){rf_slice_str("A"), text};
    if (rf_loads_encode(&l, buf, sizeof buf, &out, NULL) != RF_OK)
        return;
    if (rf_loads_decode(out, &l2, NULL) != RF_OK || l2.entry_n != 1 || l2.variable_n != 1 ||
        !rf_slice_eq(l2.entry[0].name, text) || !rf_slice_eq(l2.variable[0].value, text))
        abort();
}

/* Whatever it is, names that are seen lie in it and are told once. */
static void seen(struct rf_slice in)
{
    static struct rf_loads_names names;
    rf_loads_scan(in, &names);
    for (size_t i = 0; i < names.n; i++) {
        if (names.name[i].len == 0 || rf_slice_find(in, names.name[i]) == SIZE_MAX)
            abort();
        for (size_t k = 0; k < i; k++)
            if (rf_slice_eq(names.name[i], names.name[k]))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rf_loads l;
    struct rf_slice in = rf_slice_of(data, size);
    struct rf_why why = {0};
    if (rf_loads_decode(in, &l, &why) == RF_OK)
        again(&l);
    written_as_asked(in);
    seen(in);
    return 0;
}
