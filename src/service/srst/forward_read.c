/* SPDX-License-Identifier: Apache-2.0 */
#include "service/srst/forward_read.h"

#include "store/store_call_json.h"

/* All texts of a record escaped as long as can be, and more. */
#define RECORD_BYTES ((size_t)16 * 1024)

/* The texts move while the buffer grows: where each begins is kept, and pointed to at the end. */
static enum rf_err write_all(const struct rf_store_calls *calls, struct rf_srst_records *out,
                             struct rf_why *why)
{
    size_t at[RF_SRST_FORWARD_WINDOW + 1] = {0};
    for (size_t i = 0; i < calls->n && i < RF_SRST_FORWARD_WINDOW; i++) {
        RF_AUTO(rf_json_freep) struct rf_json *j = rf_store_call_to_json(&calls->items[i]);
        enum rf_err err = rf_json_dump(j, 0, &out->text);
        if (err != RF_OK)
            return rf_why_set(why, err, "record-format", "a record could not be written");
        out->items[i].id = calls->items[i].id;
        at[i + 1] = out->text.len;
        out->n = i + 1;
    }
    for (size_t i = 0; i < out->n; i++)
        out->items[i].json = rf_slice_part(rf_buf_slice(&out->text), at[i], at[i + 1] - at[i]);
    return RF_OK;
}

enum rf_err rf_srst_records_read(struct rf_store *store, int64_t after, size_t n,
                                 struct rf_srst_records *out, struct rf_why *why)
{
    const struct rf_store_event_query query = {
        .has_after = true,
        .after_id = after,
        .limit = n < RF_SRST_FORWARD_WINDOW ? n : RF_SRST_FORWARD_WINDOW};
    struct rf_store_calls calls = {0};
    *out = (struct rf_srst_records){.text = RF_BUF(RF_SRST_FORWARD_WINDOW * RECORD_BYTES)};
    enum rf_err err = n > 0 ? rf_store_call_list(store, &query, &calls, why) : RF_OK;
    if (err == RF_OK)
        err = write_all(&calls, out, why);
    rf_store_calls_fini(&calls);
    if (err != RF_OK)
        rf_srst_records_fini(out);
    return err;
}

void rf_srst_records_fini(struct rf_srst_records *records)
{
    rf_buf_fini(&records->text);
    records->n = 0;
}
