/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot is read strictly: what is missing, of another type or beyond a limit refuses all of
 * it, so that no branch works by half of what its centre said. */
#include "service/srst/snapshot_int.h"

#include "base/text.h"
#include "wire/json/json.h"

#include <stdio.h>
#include <string.h>

/* ---- members ---- */

static enum rf_err refuse(struct rf_why *why, const char *where, const char *what)
{
    return rf_why_set(why, RF_ERR_BAD, "snapshot-format", "%s: %s", where, what);
}

static enum rf_err copy_text(const char *text, const char *where, const char *key, bool needed,
                             char *out, size_t cap, struct rf_why *why)
{
    size_t n = strlen(text);
    if (n >= cap || (needed && n == 0))
        return rf_why_set(why, RF_ERR_BAD, "snapshot-format", "%s: \"%s\" wants %d to %zu bytes",
                          where, key, needed ? 1 : 0, cap - 1);
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return rf_why_set(why, RF_ERR_BAD, "snapshot-format", "%s: \"%s\" holds a control byte",
                              where, key);
    snprintf(out, cap, "%s", text);
    return RF_OK;
}

static enum rf_err need_text(const struct rf_json *j, const char *where, const char *key, char *out,
                             size_t cap, struct rf_why *why)
{
    const char *text;
    struct rf_why told = {0};
    if (rf_json_need_str(j, key, &text, &told) != RF_OK)
        return refuse(why, where, told.text);
    return copy_text(text, where, key, true, out, cap, why);
}

/* Absent is empty. */
static enum rf_err text_of(const struct rf_json *j, const char *where, const char *key, char *out,
                           size_t cap, struct rf_why *why)
{
    const char *text;
    struct rf_why told = {0};
    enum rf_err err = rf_json_need_str(j, key, &text, &told);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK;
    return err == RF_OK ? copy_text(text, where, key, false, out, cap, why)
                        : refuse(why, where, told.text);
}

static enum rf_err need_int(const struct rf_json *j, const char *where, const char *key,
                            int64_t min, int64_t max, int64_t *out, struct rf_why *why)
{
    struct rf_why told = {0};
    return rf_json_need_int(j, key, min, max, out, &told) == RF_OK ? RF_OK
                                                                   : refuse(why, where, told.text);
}

/* Absent is 0. */
static enum rf_err number_of(const struct rf_json *j, const char *where, const char *key,
                             int64_t max, int64_t *out, struct rf_why *why)
{
    *out = 0;
    return rf_json_get(j, key) == NULL ? RF_OK : need_int(j, where, key, 0, max, out, why);
}

static enum rf_err need_bool(const struct rf_json *j, const char *where, const char *key, bool *out,
                             struct rf_why *why)
{
    struct rf_why told = {0};
    return rf_json_need_bool(j, key, out, &told) == RF_OK ? RF_OK : refuse(why, where, told.text);
}

static enum rf_err need_arr(const struct rf_json *j, const char *where, const char *key,
                            const struct rf_json **out, struct rf_why *why)
{
    struct rf_why told = {0};
    return rf_json_need_arr(j, key, out, &told) == RF_OK ? RF_OK : refuse(why, where, told.text);
}

/* One of some words, as its number. */
static enum rf_err need_word(const struct rf_json *j, const char *where, const char *key,
                             const char *const *words, unsigned n, unsigned *out,
                             struct rf_why *why)
{
    char text[32] = "";
    enum rf_err err = need_text(j, where, key, text, sizeof text, why);
    if (err != RF_OK)
        return err;
    for (*out = 0; *out < n; (*out)++)
        if (strcmp(words[*out], text) == 0)
            return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "snapshot-format", "%s: \"%s\" is none of its words", where,
                      key);
}

static enum rf_err need_room(void *items, const char *where, struct rf_why *why)
{
    return items != NULL ? RF_OK
                         : rf_why_set(why, RF_ERR_NOMEM, "no-memory", "%s: no memory", where);
}

/* ---- certificates ---- */

static enum rf_err read_anchor(const char *text, const char *key, struct rf_cert **out,
                               struct rf_why *why)
{
    uint8_t der[RF_CERT_DER_MAX];
    size_t n;
    struct rf_why told = {0};
    if (text == NULL || rf_unbase64(rf_slice_str(text), der, sizeof der, &n) != RF_OK)
        return refuse(why, key, "not the base64 of a certificate");
    if (rf_cert_from_der(rf_slice_of(der, n), out, &told) != RF_OK)
        return refuse(why, key, told.text);
    return RF_OK;
}

static enum rf_err read_anchors(const struct rf_json *j, const char *key,
                                struct rf_srst_anchors *out, struct rf_why *why)
{
    const struct rf_json *arr = NULL;
    enum rf_err err = need_arr(j, "snapshot", key, &arr, why);
    size_t n = rf_json_len(arr);
    if (err == RF_OK)
        err = rf_srst_limit(n, RF_SRST_ANCHORS_MAX, "snapshot-anchors", key, why);
    if (err != RF_OK)
        return err;
    out->items = rf_try_alloc(n * sizeof(struct rf_cert *), RF_SRST_ALLOC_MAX);
    err = need_room(out->items, key, why);
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        err = read_anchor(rf_json_at_str(arr, i), key, &out->items[i], why);
        out->n += err == RF_OK;
    }
    return err;
}

static enum rf_err read_sha256(const char *hex, const char *where, uint8_t out[32],
                               struct rf_why *why)
{
    size_t n = 0;
    if (hex == NULL || rf_unhex(rf_slice_str(hex), out, 32, &n) != RF_OK || n != 32)
        return refuse(why, where, "a fingerprint wants 64 hexadecimal digits");
    return RF_OK;
}

static enum rf_err read_blocked(const struct rf_json *j, struct rf_srst_snapshot *s,
                                struct rf_why *why)
{
    const struct rf_json *arr = NULL;
    enum rf_err err = need_arr(j, "snapshot", "blocked", &arr, why);
    size_t n = rf_json_len(arr);
    if (err == RF_OK)
        err =
            rf_srst_limit(n, RF_SRST_BLOCKED_MAX, "snapshot-blocked", "blocked certificates", why);
    if (err != RF_OK)
        return err;
    s->blocked = rf_try_alloc(n * 32, RF_SRST_ALLOC_MAX);
    err = need_room(s->blocked, "blocked", why);
    for (; s->n_blocked < n && err == RF_OK; s->n_blocked += err == RF_OK)
        err = read_sha256(rf_json_at_str(arr, s->n_blocked), "blocked",
                          &s->blocked[s->n_blocked * 32], why);
    return err;
}

/* ---- devices ---- */

static enum rf_err read_line(const struct rf_json *j, const char *where, struct rf_store_line *out,
                             struct rf_why *why)
{
    int64_t calls_max = 0;
    int64_t busy_trigger = 0;
    enum rf_err err = need_text(j, where, "dn", out->dn, sizeof out->dn, why);
    if (err == RF_OK)
        err = text_of(j, where, "label", out->label, sizeof out->label, why);
    if (err == RF_OK)
        err = text_of(j, where, "display_name", out->display_name, sizeof out->display_name, why);
    if (err == RF_OK && rf_json_get(j, "shared") != NULL)
        err = need_bool(j, where, "shared", &out->is_shared, why);
    for (int f = 0; f < RF_STORE_FORWARD_N && err == RF_OK; f++)
        err = text_of(j, where, rf_store_forward_name((enum rf_store_forward)f),
                      out->rule.forward[f], sizeof out->rule.forward[f], why);
    if (err == RF_OK)
        err = number_of(j, where, "calls_max", RF_STORE_LINE_CALLS_MAX, &calls_max, why);
    if (err == RF_OK)
        err = number_of(j, where, "busy_trigger", RF_STORE_LINE_CALLS_MAX, &busy_trigger, why);
    out->rule.calls_max = (uint8_t)calls_max;
    out->rule.busy_trigger = (uint8_t)busy_trigger;
    return err;
}

static enum rf_err read_lines(const struct rf_json *j, struct rf_store_phone *out,
                              struct rf_why *why)
{
    const char *where = out->device.name;
    const struct rf_json *arr = NULL;
    enum rf_err err = need_arr(j, where, "lines", &arr, why);
    size_t n = rf_json_len(arr);
    if (err == RF_OK)
        err = rf_srst_limit(n, RF_SRST_LINES_MAX, "snapshot-lines", "lines of a device", why);
    if (err != RF_OK)
        return err;
    out->lines = rf_try_alloc(n * sizeof *out->lines, RF_SRST_ALLOC_MAX);
    err = need_room(out->lines, where, why);
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        out->lines[i].index = (uint32_t)i + 1;
        err = read_line(rf_json_at(arr, i), where, &out->lines[i], why);
        out->n_lines += err == RF_OK;
    }
    return err;
}

static enum rf_err read_cert(const struct rf_json *j, const char *where, struct rf_store_cert *out,
                             struct rf_why *why)
{
    unsigned kind = 0;
    unsigned state = 0;
    enum rf_err err = read_sha256(rf_json_str(j, "sha256"), where, out->sha256, why);
    if (err == RF_OK)
        err = need_word(j, where, "kind", rf_srst_kind_words, RF_SRST_KINDS, &kind, why);
    if (err == RF_OK)
        err = need_word(j, where, "state", rf_srst_state_words, RF_SRST_STATES, &state, why);
    if (err == RF_OK)
        err = text_of(j, where, "issuer", out->issuer, sizeof out->issuer, why);
    out->kind = (enum rf_store_cert_kind)kind;
    out->state = (enum rf_store_cert_state)state;
    snprintf(out->device, sizeof out->device, "%s", where);
    return err;
}

static enum rf_err read_certs(const struct rf_json *j, const char *where,
                              struct rf_store_certs *out, struct rf_why *why)
{
    const struct rf_json *arr = NULL;
    enum rf_err err = need_arr(j, where, "certs", &arr, why);
    size_t n = rf_json_len(arr);
    if (err == RF_OK)
        err = rf_srst_limit(n, RF_SRST_DEVICE_CERTS_MAX, "snapshot-certs",
                            "certificates of a device", why);
    if (err != RF_OK)
        return err;
    out->items = rf_try_alloc(n * sizeof *out->items, RF_SRST_ALLOC_MAX);
    err = need_room(out->items, where, why);
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        err = read_cert(rf_json_at(arr, i), where, &out->items[i], why);
        out->n += err == RF_OK;
    }
    return err;
}

static enum rf_err read_media_policy(const struct rf_json *j, struct rf_store_device *out,
                                     struct rf_why *why)
{
    char text[32] = "";
    enum rf_err err = need_text(j, out->name, "media_policy", text, sizeof text, why);
    if (err == RF_OK && !rf_store_media_policy_parse(text, &out->media_policy))
        err = refuse(why, out->name, "\"media_policy\" is none of its words");
    return err;
}

static enum rf_err read_values(const struct rf_json *j, struct rf_store_device *out,
                               struct rf_why *why)
{
    unsigned mode = 0;
    enum rf_err err = text_of(j, out->name, "model", out->model, sizeof out->model, why);
    if (err == RF_OK)
        err = text_of(j, out->name, "description", out->description, sizeof out->description, why);
    if (err == RF_OK)
        err = need_word(j, out->name, "mode", rf_srst_mode_words, RF_SRST_MODES, &mode, why);
    if (err == RF_OK)
        err = need_bool(j, out->name, "has_srtp", &out->has_srtp, why);
    if (err == RF_OK)
        err = need_bool(j, out->name, "protected", &out->is_protected, why);
    out->mode = (enum rf_store_mode)mode;
    return err == RF_OK ? read_media_policy(j, out, why) : err;
}

static enum rf_err read_device(const struct rf_json *j, struct rf_srst_snapshot *s,
                               struct rf_why *why)
{
    int64_t suites = 0, untrusted = 0;
    struct rf_store_phone *phone = &s->phones[s->n];
    struct rf_store_certs *certs = &s->certs[s->n];
    struct rf_store_device *d = &phone->device;
    enum rf_err err = need_text(j, "device", "name", d->name, sizeof d->name, why);
    /* In order: then none stands there twice, and looking one up is quick. */
    if (err == RF_OK && s->n > 0 && strcmp(s->phones[s->n - 1].device.name, d->name) >= 0)
        err = rf_why_set(why, RF_ERR_BAD, "snapshot-device", "%s is not behind %s", d->name,
                         s->phones[s->n - 1].device.name);
    s->n++; /* fini releases it as far as it came */
    if (err == RF_OK)
        err = read_values(j, d, why);
    if (err == RF_OK)
        err = number_of(j, d->name, "suites", UINT32_MAX, &suites, why);
    if (err == RF_OK)
        err = number_of(j, d->name, "untrusted", 1, &untrusted, why);
    if (err == RF_OK)
        err = read_lines(j, phone, why);
    if (err == RF_OK)
        err = read_certs(j, d->name, certs, why);
    s->suites[s->n - 1] = (uint32_t)suites;
    s->untrusted[s->n - 1] = untrusted != 0;
    return err;
}

static enum rf_err read_devices(const struct rf_json *j, struct rf_srst_snapshot *s,
                                struct rf_why *why)
{
    const struct rf_json *arr = NULL;
    enum rf_err err = need_arr(j, "snapshot", "devices", &arr, why);
    size_t n = rf_json_len(arr);
    if (err == RF_OK)
        err = rf_srst_limit(n, RF_SRST_DEVICES_MAX, "snapshot-devices", "devices", why);
    if (err == RF_OK)
        err = rf_srst_room(s, n, why);
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = read_device(rf_json_at(arr, i), s, why);
    return err;
}

/* ---- the whole ---- */

static enum rf_err read_head(const struct rf_json *j, struct rf_srst_snapshot *s,
                             struct rf_why *why)
{
    int64_t format;
    int64_t serial = 0;
    int64_t keepalive_s = 0;
    int64_t rsa_min = 0;
    enum rf_err err =
        need_int(j, "snapshot", "format", RF_SRST_FORMAT, RF_SRST_FORMAT, &format, why);
    if (err == RF_OK)
        err = need_text(j, "snapshot", "branch", s->branch, sizeof s->branch, why);
    if (err == RF_OK && !rf_srst_name_ok(s->branch))
        err = refuse(why, "snapshot", "\"branch\" is no name of a reference");
    if (err == RF_OK)
        err = need_int(j, "snapshot", "serial", 1, INT64_MAX, &serial, why);
    if (err == RF_OK)
        err = need_int(j, "snapshot", "made_s", 0, INT64_MAX, &s->made_s, why);
    if (err == RF_OK)
        err = need_text(j, "snapshot", "site", s->site, sizeof s->site, why);
    if (err == RF_OK)
        err = need_int(j, "snapshot", "keepalive_s", 1, 3600, &keepalive_s, why);
    if (err == RF_OK)
        err = need_int(j, "snapshot", "rsa_min", 512, 16384, &rsa_min, why);
    s->serial = (uint64_t)serial;
    s->keepalive_s = (uint32_t)keepalive_s;
    s->rsa_min = (uint32_t)rsa_min;
    return err;
}

static enum rf_err read_all(const struct rf_json *j, struct rf_srst_snapshot *s, struct rf_why *why)
{
    enum rf_err err = read_head(j, s, why);
    if (err == RF_OK)
        err = read_anchors(j, "lsc_issuers", &s->lsc_issuers, why);
    if (err == RF_OK)
        err = read_anchors(j, "lsc_cas", &s->lsc_cas, why);
    if (err == RF_OK && rf_json_get(j, "mic_roots") != NULL)
        err = read_anchors(j, "mic_roots", &s->mic_roots, why);
    if (err == RF_OK)
        err = read_blocked(j, s, why);
    return err == RF_OK ? read_devices(j, s, why) : err;
}

enum rf_err rf_srst_snapshot_parse(struct rf_slice json, struct rf_srst_snapshot *out,
                                   struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_why told = {0};
    *out = (struct rf_srst_snapshot){0};
    enum rf_err err = rf_srst_limit(json.len, RF_SRST_BODY_MAX, "snapshot-size", "bytes", why);
    if (err != RF_OK)
        return err;
    if (rf_json_parse_within(json, RF_SRST_BODY_MAX, &j, &told) != RF_OK)
        return refuse(why, "snapshot", told.text);
    err = read_all(j, out, why);
    if (err != RF_OK)
        rf_srst_snapshot_fini(out);
    return err;
}
