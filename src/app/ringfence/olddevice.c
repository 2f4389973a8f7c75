/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/olddevice.h"

#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "base/text.h"
#include "service/site/images.h"
#include "service/site/site.h"
#include "wire/phonexml/phonexml_leaves.h"
#include "wire/phonexml/phonexml_schema.h"

#define LINES_MAX 8
#define LINE      "sipProfile/sipLines/line"

struct line {
    char dn[25];
    char label[64];
    char name[64];
};

struct reading {
    struct rf_json *left;
    struct line line[LINES_MAX];
    size_t n_lines;
    size_t n_made; /* that this server writes by itself */
};

/* ---- what its file says ---- */

/* What is taken, beside lines. */
static bool is_taken(const char *path)
{
    static const char *const taken[] = {"deviceProtocol", "deviceSecurityMode", "loadInformation"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(path, taken[i]) == 0)
            return true;
    return false;
}

/* "sipProfile/sipLines/line[2]/name": which line, and what of it. */
static bool is_line(const char *path, size_t *number, const char **what)
{
    uint64_t n = 1;
    if (strncmp(path, LINE, strlen(LINE)) != 0)
        return false;
    const char *rest = path + strlen(LINE);
    if (*rest == '[') {
        const char *end = strchr(rest, ']');
        if (end == NULL ||
            !rf_parse_u64(rf_slice_of(rest + 1, (size_t)(end - rest - 1)), 1, LINES_MAX, &n))
            return false;
        rest = end + 1;
    }
    *number = (size_t)n;
    *what = rest + 1;
    return *rest == '/';
}

static bool take_line(struct reading *r, const char *path, struct rf_slice value)
{
    size_t number = 0;
    const char *what = NULL;
    if (!is_line(path, &number, &what))
        return false;
    struct line *line = &r->line[number - 1];
    bool is_whole = false;
    if (strcmp(what, "name") == 0)
        is_whole = rf_slice_to_str(value, line->dn, sizeof line->dn) &&
                   strspn(line->dn, "0123456789*#+ABCD") == value.len;
    else if (strcmp(what, "featureLabel") == 0)
        is_whole = rf_slice_to_str(value, line->label, sizeof line->label);
    else if (strcmp(what, "displayName") == 0)
        is_whole = rf_slice_to_str(value, line->name, sizeof line->name);
    if (is_whole && number > r->n_lines)
        r->n_lines = number;
    return is_whole;
}

static void on_leaf(void *arg, const char *path, struct rf_slice value)
{
    struct reading *r = arg;
    char spelled[RF_PHONEXML_PATH_SIZE];
    const struct rf_phonexml_element *element = NULL;
    struct rf_why none = {0};
    if (is_taken(path) || take_line(r, path, value))
        return;
    bool is_known = rf_phonexml_path(path, spelled, &element, &none) == RF_OK;
    if (is_known && (element->flags & RF_PHONEXML_MADE) != 0) {
        r->n_made++;
        return;
    }
    bool is_secret = !is_known || (element->flags & RF_PHONEXML_SECRET) != 0;
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "path", path);
    rf_json_set_str(one, "why", is_known ? "settable" : "unknown");
    if (is_secret) /* what nobody knows may be one */
        rf_json_set_null(one, "value");
    else
        rf_json_set_slice(one, "value", value);
    rf_json_arr_add_take(r->left, one);
}

/* ---- what it is here ---- */

static enum rf_err model_of(const struct olddevice_in *in, const char *load, char model[16],
                            struct rf_why *why)
{
    const struct rf_family *family = rf_family_of_load(load);
    char another[16];
    size_t at = 0;
    model[0] = '\0';
    bool has_one = family != NULL && rf_family_next_model(family, &at, model) &&
                   !rf_family_next_model(family, &at, another);
    if (has_one)
        return RF_OK;
    snprintf(model, 16, "%.15s", in->model != NULL ? in->model : "");
    if (model[0] != '\0')
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "device-model",
                      "its load (%s) does not tell its model: say it with --model",
                      load[0] != '\0' ? load : "none");
}

static const char *mode_of(enum rf_phonexml_mode mode)
{
    return mode == RF_PHONEXML_MODE_ENCRYPTED       ? "encrypted"
           : mode == RF_PHONEXML_MODE_AUTHENTICATED ? "authenticated"
                                                    : "nonsecure";
}

static struct rf_json *lines_json(const struct reading *r)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < r->n_lines; i++) {
        if (r->line[i].dn[0] == '\0')
            continue;
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "dn", r->line[i].dn);
        rf_json_set_str(one, "label", r->line[i].label);
        rf_json_set_str(one, "display_name", r->line[i].name);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

/* Members that are the API's as well. */
static void set_device(struct rf_json *j, const struct olddevice_in *in, const struct reading *r,
                       const struct rf_phonexml *c, const char *model, const char *load)
{
    rf_json_set_str(j, "name", in->name);
    rf_json_set_str(j, "model", model);
    rf_json_set_str(j, "mode", mode_of(c->security_mode));
    rf_json_set_str(j, "load", load);
    rf_json_set_take(j, "lines", lines_json(r));
}

static enum rf_err add(const struct cmd_ctx *ctx, const struct olddevice_in *in,
                       const struct reading *r, const struct rf_phonexml *c, const char *model,
                       const char *load, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    RF_AUTO(rf_freep) char *description = rf_strf("from %.100s", in->path);
    struct rf_json *body = rf_json_obj();
    set_device(body, in, r, c, model, load);
    rf_json_set_str(body, "description", description);
    return api_ask(ctx, RF_HTTP_POST, "/v1/devices", body, &answer, why);
}

/* A load that is not here is not named: its phones keep what they have. */
static const char *load_here(const struct cmd_ctx *ctx, struct reading *r, const char *load)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(ctx->site, RF_SITE_IMAGES);
    if (load[0] == '\0' || rf_image_load_is_here(folder, load))
        return load;
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "path", "loadInformation");
    rf_json_set_str(one, "why", "load-unknown");
    rf_json_set_str(one, "value", load);
    rf_json_arr_add_take(r->left, one);
    return "";
}

static enum rf_err bring(const struct cmd_ctx *ctx, const struct olddevice_in *in,
                         struct reading *r, struct rf_json *j, struct rf_why *why)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = NULL;
    char model[16];
    enum rf_err err = rf_phonexml_decode(in->xml, &c, why);
    if (err == RF_OK)
        err = rf_phonexml_leaves(in->xml, on_leaf, r, why);
    if (err != RF_OK)
        return err;
    if (c->is_default || !c->is_full)
        return rf_why_set(why, RF_ERR_DENIED, "device-partial",
                          "this is no whole configuration of a device");
    if (strcmp(c->device_protocol, "SCCP") != 0)
        return rf_why_set(why, RF_ERR_DENIED, "device-protocol",
                          "a %s device: only SCCP devices are served", c->device_protocol);
    const char *load = load_here(ctx, r, c->load_information);
    err = model_of(in, c->load_information, model, why);
    set_device(j, in, r, c, model, load);
    if (err != RF_OK || !in->is_added)
        return err;
    return add(ctx, in, r, c, model, load, why);
}

struct rf_json *olddevice_bring(const struct cmd_ctx *ctx, const struct olddevice_in *in)
{
    struct rf_json *j = rf_json_obj();
    RF_AUTO(rf_freep) struct reading *r = rf_new(struct reading);
    struct rf_why why = {0};
    r->left = rf_json_arr();
    rf_json_set_str(j, "device", in->name);
    rf_json_set_str(j, "path", in->path);
    enum rf_err err = bring(ctx, in, r, j, &why);
    rf_json_set_bool(j, "added", err == RF_OK && in->is_added);
    rf_json_set_str(j, "code", err == RF_OK ? NULL : why.code);
    rf_json_set_str(j, "reason", err == RF_OK ? NULL : why.text);
    rf_json_set_int(j, "written_here", (int64_t)r->n_made);
    rf_json_set_take(j, "left", r->left);
    return j;
}

struct rf_json *olddevice_row(const struct rf_json *device)
{
    static const char *const keys[] = {"device", "model", "mode", "load", "reason"};
    struct rf_json *row = rf_json_obj();
    bool is_added = false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        rf_json_set_str(row, keys[i], rf_json_str(device, keys[i]));
    rf_json_set_bool(row, "added", rf_json_bool(device, "added", &is_added) && is_added);
    rf_json_set_int(row, "left", (int64_t)rf_json_len(rf_json_get(device, "left")));
    return row;
}
