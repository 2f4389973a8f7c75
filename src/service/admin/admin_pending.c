/* SPDX-License-Identifier: Apache-2.0 */
/* Phones that nobody added: who they are, and the word that makes one of them a device. */
#include "service/admin/admin_int.h"

#include "base/text.h"

#include <string.h>

/* ---- the list ---- */

static struct rf_json *words_json(const char *words)
{
    struct rf_json *arr = rf_json_arr();
    struct rf_slice rest = rf_slice_str(words);
    struct rf_slice piece;
    while (rest.len > 0 && rf_next_piece(&rest, ' ', &piece)) {
        char word[256];
        if (rf_slice_to_str(piece, word, sizeof word))
            rf_json_arr_add_str(arr, word);
    }
    return arr;
}

enum rf_err admin_pending_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_pendings all = {0};
    enum rf_err err = rf_store_pending_list(store, &all, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < all.n && err == RF_OK; i++) {
        const struct rf_store_pending *p = &all.items[i];
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "name", p->name);
        rf_json_set_str(one, "address", p->address);
        rf_json_set_int(one, "first_s", p->first_s);
        rf_json_set_int(one, "last_s", p->last_s);
        rf_json_set_int(one, "count", p->count);
        rf_json_set_take(one, "asked", words_json(p->asked));
        rf_json_arr_add_take(t->shown, one);
    }
    rf_store_pendings_fini(&all);
    return err;
}

void admin_pending_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "pending", rf_steal(&t->shown));
}

/* ---- approval ---- */

static const char *const members[] = {"model",  "mode",      "media_policy", "srtp",
                                      "digest", "load",      "description",  "load_server",
                                      "lines",  "protected", "line_rules",   NULL};

static void set_defaults(struct admin_task *t, struct rf_store_phone *phone)
{
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    memcpy(phone->device.name, t->name, sizeof phone->device.name);
    phone->device.mode = RF_STORE_ENCRYPTED;
    phone->device.has_srtp = true;
    phone->device.media_policy = conf->media_policy == RF_SITE_MEDIA_REQUIRE
                                     ? RF_STORE_MEDIA_REQUIRE
                                     : RF_STORE_MEDIA_BEST_EFFORT;
}

enum rf_err admin_approve_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    struct rf_store_phone *phone = &admin_only(t)->phone;
    const char *model = NULL;
    enum rf_err err = admin_body(req, members, &body, why);
    if (err == RF_OK)
        err = rf_json_need_str(body, "model", &model, why);
    set_defaults(t, phone);
    admin_note_modes(t);
    if (err == RF_OK)
        err = admin_read_phone(body, phone, why);
    if (err == RF_OK)
        err = admin_check_model(t, &phone->device, NULL, why);
    if (err == RF_OK)
        err = ADMIN_OPS(t, device_check)(ADMIN_ARG(t), phone, why);
    return err;
}

/* Is it there in quarantine? RF_ERR_EXISTS device-exists: a device like others. */
static enum rf_err look(struct rf_store *store, const char *name, bool *is_quarantined,
                        struct rf_why *why)
{
    struct rf_store_phone phone = {0};
    struct rf_store_pending pending;
    struct rf_why none = {0};
    enum rf_err err = rf_store_device_load(store, name, &phone, &none);
    *is_quarantined = err == RF_OK && phone.device.is_quarantined;
    rf_store_phone_fini(&phone);
    if (err == RF_OK && !*is_quarantined)
        return rf_why_set(why, RF_ERR_EXISTS, "device-exists", "%s was approved or added before",
                          name);
    if (err == RF_ERR_NOT_FOUND)
        return rf_store_pending_load(store, name, &pending, why);
    return err == RF_OK ? RF_OK : rf_why_set(why, err, none.code, "%s", none.text);
}

enum rf_err admin_approve_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct admin_device *d = admin_only(t);
    bool is_quarantined = false;
    struct rf_store_event event =
        admin_event(t, "device", "device-approved", "%s approved, mode %s, %zu lines", t->name,
                    rf_store_mode_name(d->phone.device.mode), d->phone.n_lines);
    enum rf_err err = look(store, t->name, &is_quarantined, why);
    if (err == RF_OK)
        err = is_quarantined ? rf_store_device_change(store, &d->phone, t->now_s, &event, why)
                             : rf_store_device_add(store, &d->phone, t->now_s, &event, why);
    if (err != RF_OK)
        return err;
    admin_device_fini(d);
    *d = (struct admin_device){.has_capf = false};
    return admin_device_load(store, t->name, d, why);
}
