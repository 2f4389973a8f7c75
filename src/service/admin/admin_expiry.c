/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that end: those of the whole site for the status, and phones whose LSCs are due. */
#include "service/admin/admin_int.h"

#include "base/text.h"
#include "service/expiry/expiry.h"

/* A fleet's certificates may all end together; the soonest are what matters. */
#define SHOWN_MAX 100

static struct rf_json *ending_json(const struct rf_expiry_cert *cert, int64_t now_s)
{
    char digits[65], next[RF_EXPIRY_NEXT_MAX];
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "kind", rf_expiry_kind_name(cert->kind));
    rf_json_set_str(one, "device", cert->device[0] != '\0' ? cert->device : NULL);
    rf_json_set_str(one, "subject", cert->subject[0] != '\0' ? cert->subject : NULL);
    rf_json_set_str(one, "fingerprint",
                    rf_hex(rf_slice_of(cert->sha256, sizeof cert->sha256), digits, sizeof digits));
    rf_json_set_int(one, "not_after_s", cert->not_after_s);
    rf_json_set_int(one, "days_left", rf_expiry_days_left(cert, now_s));
    rf_json_set_str(one, "next", rf_expiry_next(cert, now_s, next));
    return one;
}

enum rf_err admin_ending_look(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    RF_AUTO(rf_expiry_certs_fini) struct rf_expiry_certs certs = {.n = 0};
    enum rf_err err =
        rf_expiry_gather(t->admin->site.dir, store, t->now_s + RF_EXPIRY_AHEAD_S, &certs, why);
    t->ending = rf_json_arr();
    t->n_ending = certs.n;
    for (size_t i = 0; i < certs.n && i < SHOWN_MAX; i++)
        rf_json_arr_add_take(t->ending, ending_json(&certs.items[i], t->now_s));
    return err;
}

/* ---- LSCs that are due ---- */

static struct rf_json *due_json(const struct rf_store_ending *e, int64_t now_s)
{
    struct rf_expiry_cert cert = {
        .kind = RF_EXPIRY_LSC, .not_before_s = e->not_before_s, .not_after_s = e->not_after_s};
    char digits[65], next[RF_EXPIRY_NEXT_MAX];
    struct rf_json *one = rf_json_obj();
    rf_bug_on(!rf_slice_to_str(rf_slice_str(e->device), cert.device, sizeof cert.device));
    rf_json_set_str(one, "device", e->device);
    rf_json_set_str(one, "state", now_s > e->not_after_s ? "expired" : "due");
    rf_json_set_str(one, "fingerprint",
                    rf_hex(rf_slice_of(e->sha256, sizeof e->sha256), digits, sizeof digits));
    rf_json_set_int(one, "not_before_s", e->not_before_s);
    rf_json_set_int(one, "not_after_s", e->not_after_s);
    rf_json_set_int(one, "days_left", rf_expiry_days_left(&cert, now_s));
    rf_json_set_str(one, "next", rf_expiry_next(&cert, now_s, next));
    return one;
}

enum rf_err admin_due_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_endings all = {.n = 0};
    enum rf_err err = rf_store_ending_list(store, INT64_MAX, &all, why);
    t->ending = rf_json_arr();
    for (size_t i = 0; i < all.n && err == RF_OK; i++)
        if (all.items[i].kind == RF_STORE_LSC &&
            rf_expiry_is_due(all.items[i].not_before_s, all.items[i].not_after_s, t->now_s))
            rf_json_arr_add_take(t->ending, due_json(&all.items[i], t->now_s));
    rf_store_endings_fini(&all);
    return err;
}

void admin_due_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "due", rf_steal(&t->ending));
}
