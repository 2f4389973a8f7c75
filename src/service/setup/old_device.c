/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/old_device.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/faults.h"
#include "base/text.h"
#include "service/site/families.h"
#include "trust/key.h"
#include "wire/phonexml/phonexml_leaves.h"
#include "wire/phonexml/phonexml_schema.h"

#define LINE "sipProfile/sipLines/line"

struct reading {
    const struct rf_phonexml *c;
    struct rf_old_device *out;
    void (*each)(void *arg, const struct rf_old_value *value);
    void *arg;
};

/* ---- lines ---- */

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
            !rf_parse_u64(rf_slice_of(rest + 1, (size_t)(end - rest - 1)), 1, RF_OLD_LINES_MAX, &n))
            return false;
        rest = end + 1;
    }
    *number = (size_t)n;
    *what = rest + 1;
    return *rest == '/';
}

static bool take_line(struct rf_old_device *out, const char *path, struct rf_slice value)
{
    size_t number = 0;
    const char *what = NULL;
    if (!is_line(path, &number, &what))
        return false;
    struct rf_old_line *line = &out->line[number - 1];
    bool is_dn = strcmp(what, "name") == 0;
    char *to = is_dn                               ? line->dn
               : strcmp(what, "featureLabel") == 0 ? line->label
               : strcmp(what, "displayName") == 0  ? line->name
                                                   : NULL;
    size_t size = is_dn ? sizeof line->dn : sizeof line->label;
    if (to == NULL || value.len >= size)
        return false;
    bool is_whole = rf_slice_to_str(value, to, size);
    if (is_dn && strspn(to, "0123456789*#+ABCD") != value.len) {
        to[0] = '\0';
        return false;
    }
    if (number > out->n_lines)
        out->n_lines = number;
    return is_whole;
}

/* ---- the server it comes from ---- */

/* The host of a URL; of any other text all of it. */
static struct rf_slice host_of(struct rf_slice text)
{
    size_t at = rf_slice_find(text, rf_slice_str("://"));
    if (at == SIZE_MAX)
        return text;
    struct rf_slice host = rf_slice_part(text, at + 3, text.len);
    static const char *const ends[] = {"/", "?", "#", ":"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        host = rf_slice_part(host, 0, rf_slice_find(host, rf_slice_str(ends[i])));
    return host;
}

static bool is_host(struct rf_slice host, const char *name)
{
    char text[RF_PHONEXML_HOST_SIZE];
    return name[0] != '\0' && rf_slice_to_str(host, text, sizeof text) &&
           strcasecmp(text, name) == 0;
}

/* Left as it is, it would send the phone back there. */
static bool names_old_server(const struct rf_phonexml *c, struct rf_slice value)
{
    struct rf_slice host = host_of(value);
    for (size_t i = 0; i < c->cm_n; i++)
        if (is_host(host, c->cm[i].name))
            return true;
    for (size_t i = 0; i < c->tvs_n; i++)
        if (is_host(host, c->tvs[i].name))
            return true;
    for (size_t i = 0; i < c->capf_n; i++)
        if (is_host(host, c->capf[i].name))
            return true;
    return false;
}

static bool is_of_server(const char *path)
{
    static const char *const groups[] = {"devicePool/callManagerGroup/", "TVS/", "capfList/"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (strncmp(path, groups[i], strlen(groups[i])) == 0)
            return true;
    return false;
}

/* ---- values ---- */

/* What `out` has, beside lines. */
static bool is_taken(const struct reading *r, const char *path, struct rf_slice value)
{
    static const char *const taken[] = {"deviceProtocol", "deviceSecurityMode", "loadInformation"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(path, taken[i]) == 0)
            return true;
    return strcmp(path, "vendorConfig/loadServer") == 0 && !names_old_server(r->c, value) &&
           rf_slice_to_str(value, r->out->load_server, sizeof r->out->load_server);
}

static void judge(const struct reading *r, struct rf_old_value *v,
                  const struct rf_phonexml_element *e, struct rf_buf *normal, struct rf_why *why)
{
    if (is_of_server(v->path)) {
        v->code = "server";
        v->text = "this server writes its own";
    } else if ((e->flags & RF_PHONEXML_SIP) != 0) {
        v->code = "sip";
        v->text = "only SIP phones look at it";
    } else if (!rf_fault_skips("files.old-server") && names_old_server(r->c, v->value)) {
        v->code = "old-server";
        v->text = "it names the server that the phone comes from";
    } else if (rf_phonexml_value(e, v->value, normal, why) != RF_OK) {
        v->code = why->code;
        v->text = why->text;
    } else {
        v->value = rf_buf_slice(normal);
    }
}

static void on_leaf(void *arg, const char *path, struct rf_slice value)
{
    struct reading *r = arg;
    char spelled[RF_PHONEXML_PATH_SIZE];
    const struct rf_phonexml_element *e = NULL;
    RF_AUTO(rf_buf_wipe) struct rf_buf normal = RF_BUF(RF_PHONEXML_VALUE_MAX);
    struct rf_why why = {0};
    if (value.len == 0 || is_taken(r, path, value) || take_line(r->out, path, value))
        return;
    enum rf_err err = rf_phonexml_path(path, spelled, &e, &why);
    if (err == RF_OK && (e->flags & RF_PHONEXML_MADE) != 0) {
        r->out->n_made++;
        return;
    }
    rf_bug_on(rf_buf_room(&normal, RF_PHONEXML_VALUE_MAX) == NULL);
    struct rf_old_value v = {.path = path, .value = value};
    /* What nobody knows may be a secret. */
    v.is_secret = rf_fault_skips("files.old-secret") ? false
                  : err != RF_OK                     ? true
                                                     : (e->flags & RF_PHONEXML_SECRET) != 0;
    if (err == RF_OK) {
        v.path = spelled;
        judge(r, &v, e, &normal, &why);
    } else {
        v.code = err == RF_ERR_NOT_FOUND ? "unknown" : why.code;
        v.text = why.text;
    }
    r->each(r->arg, &v);
}

static const char *mode_of(enum rf_phonexml_mode mode)
{
    return mode == RF_PHONEXML_MODE_ENCRYPTED       ? "encrypted"
           : mode == RF_PHONEXML_MODE_AUTHENTICATED ? "authenticated"
                                                    : "nonsecure";
}

enum rf_err rf_old_device_read(struct rf_slice xml, struct rf_old_device *out,
                               void (*each)(void *arg, const struct rf_old_value *value), void *arg,
                               struct rf_why *why)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = NULL;
    *out = (struct rf_old_device){.mode = "nonsecure"};
    enum rf_err err = rf_phonexml_decode(xml, &c, why);
    if (err != RF_OK)
        return err;
    struct reading r = {.c = c, .out = out, .each = each, .arg = arg};
    err = rf_phonexml_leaves(xml, on_leaf, &r, why);
    if (err != RF_OK)
        return err;
    if (c->is_default || !c->is_full)
        return rf_why_set(why, RF_ERR_DENIED, "device-partial",
                          "this is no whole configuration of a device");
    if (strcmp(c->device_protocol, "SCCP") != 0)
        return rf_why_set(why, RF_ERR_DENIED, "device-protocol",
                          "deviceProtocol is %s: only SCCP devices are served", c->device_protocol);
    out->mode = mode_of(c->security_mode);
    return rf_slice_to_str(rf_slice_str(c->load_information), out->load, sizeof out->load)
               ? RF_OK
               : rf_why_set(why, RF_ERR_LIMIT, "value-long",
                            "loadInformation has more than %zu characters", sizeof out->load - 1);
}

/* ---- its model ---- */

enum rf_err rf_old_device_model(const char *load, const char *given, char model[16],
                                struct rf_why *why)
{
    const struct rf_family *family = rf_family_of_load(load);
    char another[16];
    size_t at = 0;
    model[0] = '\0';
    if (family != NULL && rf_family_next_model(family, &at, model) &&
        !rf_family_next_model(family, &at, another))
        return RF_OK;
    snprintf(model, 16, "%.15s", given != NULL ? given : "");
    if (model[0] == '\0')
        return rf_why_set(why, RF_ERR_DENIED, "device-model",
                          "its load (%s) does not tell its model: say it with --model",
                          load[0] != '\0' ? load : "none");
    if (!rf_fault_skips("files.old-model") && family != NULL && !rf_family_serves(family, model))
        return rf_why_set(why, RF_ERR_DENIED, "device-model",
                          "its load %s is one of the %s, not of the %s", load, family->name, model);
    return RF_OK;
}
