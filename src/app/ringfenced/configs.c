/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations, between the admin API and the catalogue that makes them; and who is to be told of
 * a change. */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"
#include "wire/json/json.h"

/* ---- shown and looked over: the store worker ---- */

void *configs_view(void *arg)
{
    return rf_provision_view_take(((struct server *)arg)->provision);
}

void configs_release(void *view)
{
    rf_provision_view_release(view);
}

static void set_text(struct rf_json *j, const char *key, struct rf_slice text)
{
    if (text.len > 0)
        rf_json_set_slice(j, key, text);
    else
        rf_json_set_null(j, key);
}

static void add_value(void *arg, const struct rf_provision_value *v)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "path", v->path);
    if (v->is_secret)
        rf_json_set_null(j, "value");
    else
        rf_json_set_slice(j, "value", v->value);
    set_text(j, "word", v->word);
    rf_json_set_str(j, "layer", v->layer);
    rf_json_set_bool(j, "secret", v->is_secret);
    rf_json_set_bool(j, "forced", v->is_forced);
    rf_json_arr_add_take(arg, j);
}

enum rf_err configs_show(void *view, struct rf_store *store, const char *device, int64_t now_s,
                         struct rf_json *out, struct rf_why *why)
{
    struct rf_provision_shown shown;
    struct rf_json *values = rf_json_arr();
    enum rf_err err = rf_provision_show(view, store, device, now_s, &shown, add_value, values, why);
    rf_json_set_take(out, "values", values);
    if (err != RF_OK)
        return err;
    rf_json_set_str(out, "protection", shown.protection);
    rf_json_set_str(out, "encrypted_for", shown.phone[0] != '\0' ? shown.phone : NULL);
    rf_json_set_bool(out, "has_secrets", shown.has_secrets);
    rf_json_set_str(out, "stamp", shown.stamp);
    rf_json_set_slice(out, "document", rf_buf_slice(&shown.document));
    rf_provision_shown_fini(&shown);
    return RF_OK;
}

struct finding {
    struct rf_json *findings;
    const char *device;
};

static void add_finding(void *arg, const struct rf_provision_finding *f)
{
    const struct finding *to = arg;
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "device", to->device);
    rf_json_set_str(j, "severity", f->is_error ? "error" : "warn");
    rf_json_set_str(j, "code", f->code);
    rf_json_set_str(j, "path", f->path[0] != '\0' ? f->path : NULL);
    rf_json_set_str(j, "text", f->text);
    rf_json_arr_add_take(to->findings, j);
}

enum rf_err configs_lint(void *view, struct rf_store *store, const char *device, int64_t now_s,
                         struct rf_json *findings, struct rf_why *why)
{
    struct finding to = {.findings = findings, .device = device};
    return rf_provision_lint(view, store, device, now_s, add_finding, &to, why);
}

/* ---- who is told ---- */

struct users {
    struct rf_job job;
    struct server *s;
    enum rf_store_layer layer;
    char name[RF_STORE_CONFIG_NAME];
    enum rf_admin_reset how;
    char (*names)[RF_STORE_DEVICE_NAME];
    size_t n;
    enum rf_err err;
    struct rf_why why;
};

static bool uses(const struct users *u, const struct rf_store_device *d)
{
    switch (u->layer) {
    case RF_STORE_LAYER_SITE:
        return true;
    case RF_STORE_LAYER_MODEL:
        return strcmp(d->model, u->name) == 0;
    case RF_STORE_LAYER_PROFILE:
        return strcmp(d->profile, u->name) == 0;
    case RF_STORE_LAYER_DEVICE:
        break;
    }
    return strcmp(d->name, u->name) == 0;
}

static void users_find(struct rf_job *job, void *state)
{
    struct users *u = (struct users *)job;
    struct rf_store_phones phones = {0};
    u->err = rf_store_device_list(state, &phones, &u->why);
    if (u->err == RF_OK)
        u->names = rf_try_alloc(phones.n * sizeof *u->names,
                                (size_t)RF_STORE_DEVICES_MAX * sizeof *u->names);
    for (size_t i = 0; u->names != NULL && i < phones.n; i++)
        if (uses(u, &phones.items[i].device))
            memcpy(u->names[u->n++], phones.items[i].device.name, sizeof *u->names);
    rf_store_phones_fini(&phones);
}

static void users_free(struct users *u)
{
    rf_free(u->names);
    rf_free(u);
}

static enum rf_sccp_reset_type reset_of(enum rf_admin_reset how)
{
    return how == RF_ADMIN_RESET ? RF_SCCP_RESET_RESET : RF_SCCP_RESET_APPLY_CONFIG;
}

static void users_found(struct rf_job *job, void *reader)
{
    struct users *u = (struct users *)job;
    if (reader != NULL && u->err != RF_OK)
        rf_error(RF_CAT_MAIN, "phones not told of their new configuration: %s",
                 rf_why_text(&u->why));
    if (reader != NULL && u->n > 0)
        notify_phones(u->s, (const char(*)[RF_STORE_DEVICE_NAME])u->names, u->n, reset_of(u->how));
    users_free(u);
}

void configs_changed_of(void *arg, const char (*names)[RF_STORE_DEVICE_NAME], size_t n,
                        enum rf_admin_reset how)
{
    if (n > 0)
        notify_phones(arg, names, n, reset_of(how));
}

void configs_changed(void *arg, enum rf_store_layer layer, const char *name,
                     enum rf_admin_reset how)
{
    struct server *s = arg;
    struct users *u = rf_new(struct users);
    u->s = s;
    u->layer = layer;
    u->how = how;
    snprintf(u->name, sizeof u->name, "%s", name);
    u->job = (struct rf_job){
        .work = users_find, .done = users_found, .answer_to = rf_loop_mailbox(s->loop)};
    if (rf_worker_post(s->store_worker, &u->job) == RF_OK)
        return;
    rf_error(RF_CAT_MAIN, "phones not told of their new configuration: the database has too much "
                          "to do");
    users_free(u);
}
