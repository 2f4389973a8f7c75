/* SPDX-License-Identifier: Apache-2.0 */
/* Records of calls. doc: docs/calls.md, "Records" */
#include "service/admin/admin_int.h"

enum rf_err admin_records_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    return admin_query(t, req, RF_STORE_CALLS_MAX, why);
}

static void set_text(struct rf_json *j, const char *key, const char *text)
{
    rf_json_set_str(j, key, text[0] != '\0' ? text : NULL);
}

/* As members of running calls are named. */
static const struct {
    const char *device, *number, *name, *signalling, *srtp, *certificate;
} keys[RF_STORE_CALL_ENDS] = {
    [RF_STORE_CALLING] = {"calling_device", "calling", "calling_name", "calling_signalling",
                          "calling_srtp", "calling_certificate"},
    [RF_STORE_CALLED] = {"called_device", "called", "called_name", "called_signalling",
                         "called_srtp", "called_certificate"},
};

static void set_end(struct rf_json *j, enum rf_store_call_side side,
                    const struct rf_store_call_end *e)
{
    set_text(j, keys[side].device, e->device);
    set_text(j, keys[side].number, e->number);
    set_text(j, keys[side].name, e->name);
    set_text(j, keys[side].signalling, e->signalling);
    set_text(j, keys[side].srtp, e->srtp);
    if (e->has_cert)
        rf_json_set_hex(j, keys[side].certificate, rf_slice_of(e->cert, sizeof e->cert));
    else
        rf_json_set_null(j, keys[side].certificate);
}

static struct rf_json *call_json(const struct rf_store_call *c)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "id", c->id);
    rf_json_set_int(j, "call", c->call);
    rf_json_set_int(j, "start_s", c->start_s);
    if (c->answered_s != 0)
        rf_json_set_int(j, "answered_s", c->answered_s);
    else
        rf_json_set_null(j, "answered_s");
    rf_json_set_int(j, "end_s", c->end_s);
    rf_json_set_int(j, "seconds", c->answered_s != 0 ? c->end_s - c->answered_s : 0);
    rf_json_set_int(j, "code", c->code);
    rf_json_set_str(j, "cause", c->cause);
    rf_json_set_str(j, "security", c->security);
    set_text(j, "codec", c->codec);
    set_end(j, RF_STORE_CALLING, &c->ends[RF_STORE_CALLING]);
    set_end(j, RF_STORE_CALLED, &c->ends[RF_STORE_CALLED]);
    set_text(j, "original", c->original);
    set_text(j, "redirecting", c->redirecting);
    set_text(j, "by", c->by);
    return j;
}

enum rf_err admin_records_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_calls calls = {0};
    enum rf_err err = rf_store_call_list(store, &t->query, &calls, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < calls.n && err == RF_OK; i++)
        rf_json_arr_add_take(t->shown, call_json(&calls.items[i]));
    rf_store_calls_fini(&calls);
    return err;
}

void admin_records_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "calls", rf_steal(&t->shown));
}
