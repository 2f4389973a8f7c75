/* SPDX-License-Identifier: Apache-2.0 */
/* Records of calls. doc: docs/calls.md, "Records" */
#include "service/admin/admin_int.h"
#include "store/store_call_json.h"

enum rf_err admin_records_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    return admin_query(t, req, RF_STORE_CALLS_MAX, why);
}

enum rf_err admin_records_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_calls calls = {0};
    enum rf_err err = rf_store_call_list(store, &t->query, &calls, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < calls.n && err == RF_OK; i++)
        rf_json_arr_add_take(t->shown, rf_store_call_to_json(&calls.items[i]));
    rf_store_calls_fini(&calls);
    return err;
}

void admin_records_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "calls", rf_steal(&t->shown));
}
