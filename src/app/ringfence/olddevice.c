/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/olddevice.h"

#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "base/faults.h"
#include "base/text.h"
#include "service/setup/old_device.h"
#include "service/site/site.h"
#include "wire/phonexml/phonexml_leaves.h"

/* Values in one request; the server takes 64. */
#define BATCH 48

/* What is to be set, a request at a time. */
struct batch {
    struct rf_json *set, *secrets;
};

struct bringing {
    const struct cmd_ctx *ctx;
    const struct olddevice_in *in;
    struct rf_old_device device;
    char model[16];
    const char *state;
    struct rf_json *set, *left; /* as shown */
    struct batch *batches;
    size_t n_batches, n_values;
};

/* ---- what its file says ---- */

static void batch_add(struct bringing *b, const struct rf_old_value *v)
{
    if (b->n_values++ % BATCH == 0)
        b->batches[b->n_batches++] = (struct batch){rf_json_obj(), rf_json_obj()};
    struct batch *last = &b->batches[b->n_batches - 1];
    rf_json_set_slice(v->is_secret ? last->secrets : last->set, v->path, v->value);
}

static bool comes_with_it(const struct rf_files_report *report, const char *load)
{
    char name[RF_LOADS_NAME_MAX + 1];
    for (size_t i = 0; i < report->n_items; i++) {
        rf_image_load_name(report->items[i].target, name);
        if (report->items[i].kind == RF_FILES_FIRMWARE && strcmp(name, load) == 0)
            return true;
    }
    return false;
}

/* Phones that are told of a load that is not here ask for it again and again. */
static bool is_load_here(const struct bringing *b, const char *load)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(b->ctx->site, RF_SITE_IMAGES);
    return rf_image_load_is_here(folder, load) || comes_with_it(b->in->report, load);
}

/* Those of add-on modules are one image. */
static bool is_module_here(const struct bringing *b, const char *load)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(b->ctx->site, RF_SITE_IMAGES);
    RF_AUTO(rf_freep) char *file = rf_strf("%s.SBN", load);
    RF_AUTO(rf_freep) char *path = rf_path_join(folder, file);
    return is_load_here(b, load) || rf_file_exists(path) || comes_with_it(b->in->report, file);
}

static bool is_load(const struct rf_old_value *v, char load[64])
{
    struct rf_slice path = rf_slice_str(v->path);
    return v->code == NULL &&
           (rf_slice_ends_with(path, "/loadInformation") ||
            rf_slice_eq_str(path, "inactiveLoadInformation")) &&
           rf_slice_to_str(v->value, load, 64);
}

static void note(struct bringing *b, const struct rf_old_value *v)
{
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "path", v->path);
    if (v->is_secret)
        rf_json_set_null(one, "value");
    else
        rf_json_set_slice(one, "value", v->value);
    if (v->code != NULL) {
        rf_json_set_str(one, "why", v->code);
        rf_json_set_str(one, "text", v->text);
        rf_json_arr_add_take(b->left, one);
        return;
    }
    rf_json_set_bool(one, "secret", v->is_secret);
    rf_json_arr_add_take(b->set, one);
    batch_add(b, v);
}

static void on_value(void *arg, const struct rf_old_value *given)
{
    struct bringing *b = arg;
    struct rf_old_value v = *given;
    char load[64];
    if (is_load(given, load) && !is_module_here(b, load)) {
        v.code = "load-unknown";
        v.text = "that load is not here";
    }
    note(b, &v);
}

static void drop_batches(struct bringing *b)
{
    for (size_t i = 0; i < b->n_batches; i++) {
        rf_json_wipe(b->batches[i].secrets);
        rf_json_free(b->batches[i].secrets);
        rf_json_free(b->batches[i].set);
    }
    rf_free(b->batches);
}

/* ---- what it is here ---- */

/* A load that is not here is not named: its phones keep what they have. */
static void check_load(struct bringing *b)
{
    struct rf_old_device *d = &b->device;
    struct rf_old_value v = {.path = "loadInformation",
                             .value = rf_slice_str(d->load),
                             .code = "load-unknown",
                             .text = "that load is not here"};
    if (d->load[0] == '\0' || d->load_server[0] != '\0' || is_load_here(b, d->load))
        return;
    note(b, &v);
    d->load[0] = '\0';
}

static struct rf_json *lines_json(const struct rf_old_device *d)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < d->n_lines; i++) {
        if (d->line[i].dn[0] == '\0')
            continue;
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "dn", d->line[i].dn);
        rf_json_set_str(one, "label", d->line[i].label);
        rf_json_set_str(one, "display_name", d->line[i].name);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

/* Members that are the API's as well. */
static void set_device(struct rf_json *j, const struct bringing *b, struct rf_json *take_lines)
{
    const struct rf_old_device *d = &b->device;
    rf_json_set_str(j, "model", b->model);
    rf_json_set_str(j, "mode", d->mode);
    rf_json_set_str(j, "load", d->load);
    rf_json_set_str(j, "load_server", d->load_server);
    if (take_lines != NULL)
        rf_json_set_take(j, "lines", take_lines);
}

/* ---- through the server ---- */

static enum rf_err ask(const struct bringing *b, enum rf_http_method method, const char *tail,
                       struct rf_json *take_body, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    RF_AUTO(rf_freep) char *path = api_device_path(b->in->item->target, tail);
    return api_ask(b->ctx, method, path, take_body, &answer, why);
}

/* Is it there? */
static enum rf_err look(struct bringing *b, struct rf_why *why)
{
    struct rf_why inner = {0};
    enum rf_err err = ask(b, RF_HTTP_GET, "", NULL, &inner);
    b->state = err == RF_OK ? "changed" : "new";
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, inner.code, "%s", inner.text);
    if (!rf_fault_skips("files.overwrite") && err == RF_OK && !b->in->is_overwritten)
        return rf_why_set(why, RF_ERR_EXISTS, "device-exists",
                          "%s is a device here: --overwrite changes it to what the file says",
                          b->in->item->target);
    return RF_OK;
}

static enum rf_err put_device(const struct bringing *b, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    RF_AUTO(rf_freep) char *description = rf_strf("from %.100s", b->in->item->path);
    bool is_new = strcmp(b->state, "new") == 0;
    struct rf_json *body = rf_json_obj();
    /* Files of SCCP phones know no lines: those that are here stay. */
    set_device(body, b, is_new || b->device.n_lines > 0 ? lines_json(&b->device) : NULL);
    if (!is_new)
        return ask(b, RF_HTTP_PUT, "", body, why);
    rf_json_set_str(body, "name", b->in->item->target);
    rf_json_set_str(body, "description", description);
    return api_ask(b->ctx, RF_HTTP_POST, "/v1/devices", body, &answer, why);
}

static enum rf_err put_values(struct bringing *b, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < b->n_batches && err == RF_OK; i++) {
        struct rf_json *body = rf_json_obj();
        rf_json_set_take(body, "set", rf_steal(&b->batches[i].set));
        rf_json_set_take(body, "secrets", rf_steal(&b->batches[i].secrets));
        err = ask(b, RF_HTTP_PUT, "/config", body, why);
    }
    return err;
}

/* A new device is added whole, or not at all. */
static enum rf_err put(struct bringing *b, struct rf_why *why)
{
    struct rf_why none = {0};
    enum rf_err err = put_device(b, why);
    if (err != RF_OK)
        return err;
    rf_crash_point("files.device");
    err = put_values(b, why);
    if (err != RF_OK && strcmp(b->state, "new") == 0)
        (void)!ask(b, RF_HTTP_DELETE, "", NULL, &none);
    return err;
}

static enum rf_err bring(struct bringing *b, struct rf_json *j, struct rf_why *why)
{
    const struct olddevice_in *in = b->in;
    enum rf_err err =
        rf_old_device_read(rf_buf_slice(&in->item->device), &b->device, on_value, b, why);
    if (err != RF_OK)
        return err;
    err = rf_old_device_model(b->device.load, in->model, b->model, why);
    check_load(b);
    set_device(j, b, lines_json(&b->device));
    if (err == RF_OK && in->asks)
        err = look(b, why);
    return err == RF_OK && in->is_brought ? put(b, why) : err;
}

struct rf_json *olddevice_bring(const struct cmd_ctx *ctx, const struct olddevice_in *in)
{
    struct rf_json *j = rf_json_obj();
    RF_AUTO(rf_freep) struct bringing *b = rf_new(struct bringing);
    struct rf_why why = {0};
    b->ctx = ctx;
    b->in = in;
    b->set = rf_json_arr();
    b->left = rf_json_arr();
    /* No value is shorter than four bytes of the file. */
    b->batches = rf_new_n(struct batch, in->item->device.len / 4 / BATCH + 1);
    rf_json_set_str(j, "device", in->item->target);
    rf_json_set_str(j, "path", in->item->path);
    enum rf_err err = bring(b, j, &why);
    rf_json_set_str(j, "state", b->state);
    rf_json_set_bool(j, "added", err == RF_OK && in->is_brought);
    rf_json_set_str(j, "code", err == RF_OK ? NULL : why.code);
    rf_json_set_str(j, "reason", err == RF_OK ? NULL : why.text);
    rf_json_set_int(j, "written_here", (int64_t)b->device.n_made);
    rf_json_set_take(j, "set", b->set);
    rf_json_set_take(j, "left", b->left);
    drop_batches(b);
    return j;
}

/* ---- tables ---- */

struct rf_json *olddevice_row(const struct rf_json *device)
{
    static const char *const keys[] = {"device", "model", "mode", "load", "state", "reason"};
    struct rf_json *row = rf_json_obj();
    bool is_added = false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        rf_json_set_str(row, keys[i], rf_json_str(device, keys[i]));
    rf_json_set_bool(row, "added", rf_json_bool(device, "added", &is_added) && is_added);
    rf_json_set_int(row, "set", (int64_t)rf_json_len(rf_json_get(device, "set")));
    rf_json_set_int(row, "left", (int64_t)rf_json_len(rf_json_get(device, "left")));
    return row;
}

static void count_left(struct rf_json *counts, const struct rf_json *left)
{
    for (size_t i = 0; i < rf_json_len(left); i++) {
        char shown[RF_PHONEXML_LEAF_PATH_MAX];
        int64_t n = 0;
        const struct rf_json *one = rf_json_at(left, i);
        const char *path = rf_json_str(one, "path"), *why = rf_json_str(one, "why");
        RF_AUTO(rf_freep)
        char *key = rf_strf("%s %s", why, rf_escape(rf_slice_str(path), shown, sizeof shown));
        (void)rf_json_int(counts, key, &n);
        rf_json_set_int(counts, key, n + 1);
    }
}

static void add_left_row(void *arg, const char *key, const struct rf_json *value)
{
    struct rf_json *row = rf_json_obj();
    char n[24];
    const char *path = strchr(key, ' ');
    rf_json_set_slice(row, "why", rf_slice_of(key, (size_t)(path - key)));
    rf_json_set_str(row, "path", path + 1);
    rf_json_set_str(row, "devices", rf_json_text(value, n, sizeof n));
    rf_json_arr_add_take(arg, row);
}

struct rf_json *olddevice_left_rows(const struct rf_json *devices)
{
    RF_AUTO(rf_json_freep) struct rf_json *counts = rf_json_obj();
    struct rf_json *rows = rf_json_arr();
    for (size_t i = 0; i < rf_json_len(devices); i++)
        count_left(counts, rf_json_get(rf_json_at(devices, i), "left"));
    rf_json_each(counts, add_left_row, rows);
    return rows;
}
