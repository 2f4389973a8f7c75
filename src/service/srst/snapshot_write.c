/* SPDX-License-Identifier: Apache-2.0 */
#include "service/srst/snapshot_int.h"

#include "base/text.h"
#include "wire/json/json.h"

/* Empty texts and zeros that mean a default are left out: a branch has many lines. */
static void set_text(struct rf_json *j, const char *key, const char *text)
{
    if (text[0] != '\0')
        rf_json_set_str(j, key, text);
}

static void set_number(struct rf_json *j, const char *key, uint32_t value)
{
    if (value != 0)
        rf_json_set_int(j, key, value);
}

static enum rf_err set_anchors(struct rf_json *j, const char *key, const struct rf_srst_anchors *a,
                               struct rf_why *why)
{
    struct rf_json *arr = rf_json_arr();
    rf_json_set_take(j, key, arr);
    for (size_t i = 0; i < a->n; i++) {
        char text[RF_BASE64_LEN(RF_CERT_DER_MAX) + 1];
        if (rf_base64(rf_cert_der(a->items[i]), text, sizeof text) != RF_OK)
            return rf_why_set(why, RF_ERR_LIMIT, "snapshot-size", "a certificate of %s is too long",
                              key);
        rf_json_arr_add_str(arr, text);
    }
    return rf_srst_limit(a->n, RF_SRST_ANCHORS_MAX, "snapshot-anchors", key, why);
}

static struct rf_json *line_json(const struct rf_store_line *line)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "dn", line->dn);
    set_text(j, "label", line->label);
    set_text(j, "display_name", line->display_name);
    if (line->is_shared)
        rf_json_set_bool(j, "shared", true);
    for (int f = 0; f < RF_STORE_FORWARD_N; f++)
        set_text(j, rf_store_forward_name((enum rf_store_forward)f), line->rule.forward[f]);
    set_number(j, "calls_max", line->rule.calls_max);
    set_number(j, "busy_trigger", line->rule.busy_trigger);
    return j;
}

static struct rf_json *cert_json(const struct rf_store_cert *cert)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_hex(j, "sha256", rf_slice_of(cert->sha256, sizeof cert->sha256));
    rf_json_set_str(j, "kind", rf_srst_kind_words[cert->kind]);
    rf_json_set_str(j, "state", rf_srst_state_words[cert->state]);
    set_text(j, "issuer", cert->issuer);
    return j;
}

static enum rf_err add_device(const struct rf_srst_snapshot *s, size_t at, struct rf_json *devices,
                              struct rf_why *why)
{
    const struct rf_store_phone *phone = &s->phones[at];
    const struct rf_store_certs *certs = &s->certs[at];
    const struct rf_store_device *d = &phone->device;
    enum rf_err err =
        rf_srst_limit(phone->n_lines, RF_SRST_LINES_MAX, "snapshot-lines", d->name, why);
    if (err == RF_OK)
        err = rf_srst_limit(certs->n, RF_SRST_DEVICE_CERTS_MAX, "snapshot-certs", d->name, why);
    if (err != RF_OK)
        return err;
    struct rf_json *j = rf_json_obj();
    struct rf_json *lines = rf_json_arr();
    struct rf_json *shown = rf_json_arr();
    rf_json_arr_add_take(devices, j);
    rf_json_set_str(j, "name", d->name);
    set_text(j, "model", d->model);
    set_text(j, "description", d->description);
    rf_json_set_str(j, "mode", rf_srst_mode_words[d->mode]);
    rf_json_set_bool(j, "has_srtp", d->has_srtp);
    rf_json_set_str(j, "media_policy", rf_store_media_policy_name(d->media_policy));
    rf_json_set_bool(j, "protected", d->is_protected);
    set_number(j, "suites", s->suites[at]);
    set_number(j, "untrusted", s->untrusted[at]);
    for (size_t i = 0; i < phone->n_lines; i++)
        rf_json_arr_add_take(lines, line_json(&phone->lines[i]));
    for (size_t i = 0; i < certs->n; i++)
        rf_json_arr_add_take(shown, cert_json(&certs->items[i]));
    rf_json_set_take(j, "lines", lines);
    rf_json_set_take(j, "certs", shown);
    return RF_OK;
}

static enum rf_err set_devices(const struct rf_srst_snapshot *s, struct rf_json *j,
                               struct rf_why *why)
{
    struct rf_json *devices = rf_json_arr();
    rf_json_set_take(j, "devices", devices);
    enum rf_err err = rf_srst_limit(s->n, RF_SRST_DEVICES_MAX, "snapshot-devices", "devices", why);
    for (size_t i = 0; i < s->n && err == RF_OK; i++)
        err = add_device(s, i, devices, why);
    return err;
}

static enum rf_err set_blocked(const struct rf_srst_snapshot *s, struct rf_json *j,
                               struct rf_why *why)
{
    struct rf_json *blocked = rf_json_arr();
    struct rf_rd rd = rf_rd_of(rf_slice_of(s->blocked, s->n_blocked * 32));
    struct rf_slice sha256;
    rf_json_set_take(j, "blocked", blocked);
    while (rf_rd_slice(&rd, 32, &sha256)) {
        char hex[65];
        rf_json_arr_add_str(blocked, rf_hex(sha256, hex, sizeof hex));
    }
    return rf_srst_limit(s->n_blocked, RF_SRST_BLOCKED_MAX, "snapshot-blocked",
                         "blocked certificates", why);
}

enum rf_err rf_srst_snapshot_write(const struct rf_srst_snapshot *s, struct rf_buf *out,
                                   struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "format", RF_SRST_FORMAT);
    rf_json_set_str(j, "branch", s->branch);
    rf_json_set_int(j, "serial", (int64_t)s->serial);
    rf_json_set_int(j, "made_s", s->made_s);
    rf_json_set_str(j, "site", s->site);
    rf_json_set_int(j, "keepalive_s", s->keepalive_s);
    rf_json_set_int(j, "rsa_min", s->rsa_min);
    enum rf_err err = set_anchors(j, "lsc_issuers", &s->lsc_issuers, why);
    if (err == RF_OK)
        err = set_anchors(j, "lsc_cas", &s->lsc_cas, why);
    if (err == RF_OK && s->mic_roots.n > 0)
        err = set_anchors(j, "mic_roots", &s->mic_roots, why);
    if (err == RF_OK)
        err = set_blocked(s, j, why);
    if (err == RF_OK)
        err = set_devices(s, j, why);
    if (err != RF_OK)
        return err;
    err = rf_json_dump(j, 0, out);
    if (err == RF_ERR_LIMIT)
        return rf_why_set(why, err, "snapshot-size",
                          "the branch's devices need more than %zu bytes: give it fewer", out->max);
    return err;
}
