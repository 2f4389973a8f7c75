/* SPDX-License-Identifier: Apache-2.0 */
/* Meet-Me numbers. doc: docs/calls.md, "Meet-Me: a number under which phones meet" */
#include "service/admin/admin_int.h"

/* ---- GET ---- */

enum rf_err admin_meet_mes_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_meet_mes all = {0};
    enum rf_err err = rf_store_meet_me_list(store, &all, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < all.n && err == RF_OK; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "number", all.items[i].number);
        rf_json_set_str(one, "least", rf_store_least_name(all.items[i].least));
        rf_json_set_int(one, "added_s", all.items[i].added_s);
        rf_json_arr_add_take(t->shown, one);
    }
    rf_store_meet_mes_fini(&all);
    return err;
}

void admin_meet_mes_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "meet_me", rf_steal(&t->shown));
}

/* ---- POST ---- */

static enum rf_err read_number(struct admin_task *t, const struct rf_json *body, struct rf_why *why)
{
    const char *number = NULL;
    enum rf_err err = rf_json_need_str(body, "number", &number, why);
    if (err == RF_OK &&
        !rf_slice_to_str(rf_slice_str(number), t->meet_me.number, sizeof t->meet_me.number))
        return rf_why_set(why, RF_ERR_BAD, "value", "\"number\": wants at most %d digits",
                          RF_STORE_DN - 1);
    return err;
}

enum rf_err admin_meet_me_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"number", "least", NULL};
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    enum rf_err err = admin_body(req, members, &body, why);
    if (err == RF_OK)
        err = read_number(t, body, why);
    if (err != RF_OK)
        return err;
    const char *least = rf_json_str(body, "least");
    t->meet_me.added_s = t->now_s;
    if (rf_json_get(body, "least") != NULL &&
        (least == NULL || !rf_store_least_parse(least, &t->meet_me.least)))
        return rf_why_set(why, RF_ERR_BAD, "value",
                          "\"least\": wants none, authenticated or encrypted");
    return RF_OK;
}

enum rf_err admin_meet_me_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_event event =
        admin_event(t, "call", "meet-me-added", "Meet-Me number %s, at least %s", t->meet_me.number,
                    rf_store_least_name(t->meet_me.least));
    return rf_store_meet_me_save(store, &t->meet_me, &event, why);
}

enum rf_err admin_meet_me_calls(struct admin_task *t, struct rf_why *why)
{
    enum rf_err err = ADMIN_OPS(t, meet_me_set)(ADMIN_ARG(t), &t->meet_me, why);
    if (err != RF_OK)
        t->status = 500; /* it is in the database, so the next start would have it */
    return err;
}

void admin_meet_me_answer(struct admin_task *t, struct rf_json *out)
{
    rf_info(RF_CAT_ADMIN, "Meet-Me number added number=%s least=%s uid=%u", t->meet_me.number,
            rf_store_least_name(t->meet_me.least), (unsigned)t->uid);
    t->status = 201;
    rf_json_set_str(out, "number", t->meet_me.number);
    rf_json_set_str(out, "least", rf_store_least_name(t->meet_me.least));
}

/* ---- DELETE ---- */

enum rf_err admin_unmeet_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"number", NULL};
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    enum rf_err err = admin_body(req, members, &body, why);
    return err == RF_OK ? read_number(t, body, why) : err;
}

enum rf_err admin_unmeet_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_event event =
        admin_event(t, "call", "meet-me-removed", "Meet-Me number %s removed", t->meet_me.number);
    return rf_store_meet_me_remove(store, t->meet_me.number, &event, why);
}

enum rf_err admin_unmeet_calls(struct admin_task *t, struct rf_why *why)
{
    ADMIN_OPS(t, meet_me_remove)(ADMIN_ARG(t), t->meet_me.number);
    return RF_OK;
}

void admin_unmeet_answer(struct admin_task *t, struct rf_json *out)
{
    rf_info(RF_CAT_ADMIN, "Meet-Me number removed number=%s uid=%u", t->meet_me.number,
            (unsigned)t->uid);
    rf_json_set_str(out, "removed", t->meet_me.number);
}
