/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: what is shown of them, and their removal. */
#include "service/admin/admin_int.h"

#include "base/file.h"
#include "base/text.h"
#include "trust/digest.h"
#include "trust/lists.h"

#include <string.h>

void admin_device_fini(struct admin_device *d)
{
    rf_store_phone_fini(&d->phone);
    rf_wipe(&d->capf, sizeof d->capf);
    rf_store_certs_fini(&d->certs);
    rf_store_helds_fini(&d->helds);
    rf_store_fetches_fini(&d->fetches);
}

/* What goes with a device whose phone is there already. */
static enum rf_err load_rest(struct rf_store *store, struct admin_device *d, struct rf_why *why)
{
    struct rf_why none = {0};
    enum rf_err err = rf_store_capf_load(store, d->phone.device.name, &d->capf, &none);
    d->has_capf = err == RF_OK;
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, none.code, "%s", none.text);
    none = (struct rf_why){0};
    err = rf_store_refused_load(store, d->phone.device.name, &d->refused, &none);
    d->has_refused = err == RF_OK;
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, none.code, "%s", none.text);
    return rf_store_cert_list(store, d->phone.device.name, &d->certs, why);
}

enum rf_err admin_device_load(struct rf_store *store, const char *name, struct admin_device *out,
                              struct rf_why *why)
{
    struct admin_device d = {0};
    enum rf_err err = rf_store_device_load(store, name, &d.phone, why);
    if (err != RF_OK)
        return err;
    err = load_rest(store, &d, why);
    if (err == RF_OK)
        *out = d;
    else
        admin_device_fini(&d);
    return err;
}

struct admin_device *admin_only(struct admin_task *t)
{
    if (t->devices == NULL) {
        t->devices = rf_new(struct admin_device);
        t->n_devices = 1;
    }
    return t->devices;
}

enum rf_err admin_look_live(struct admin_task *t, struct rf_why *why)
{
    size_t end = t->at + RF_ADMIN_BATCH < t->n_devices ? t->at + RF_ADMIN_BATCH : t->n_devices;
    for (; t->at < end; t->at++)
        ADMIN_OPS(t, live)
    (ADMIN_ARG(t), t->devices[t->at].phone.device.name, &t->devices[t->at].live);
    return t->at < t->n_devices ? RF_ERR_AGAIN : RF_OK;
}

/* ---- as JSON ---- */

static void set_text(struct rf_json *j, const char *key, const char *text)
{
    rf_json_set_str(j, key, text[0] != '\0' ? text : NULL);
}

static void set_time(struct rf_json *j, const char *key, int64_t time_s)
{
    if (time_s != 0)
        rf_json_set_int(j, key, time_s);
    else
        rf_json_set_null(j, key);
}

static struct rf_json *lines_json(const struct rf_store_phone *phone)
{
    struct rf_json *lines = rf_json_arr();
    for (size_t i = 0; i < phone->n_lines; i++) {
        const struct rf_store_line *l = &phone->lines[i];
        struct rf_json *line = rf_json_obj();
        rf_json_set_int(line, "index", l->index);
        rf_json_set_str(line, "dn", l->dn);
        rf_json_set_str(line, "label", l->label);
        rf_json_set_str(line, "display_name", l->display_name);
        admin_show_rule(line, l);
        rf_json_arr_add_take(lines, line);
    }
    return lines;
}

static struct rf_json *capf_json(const struct rf_store_capf *op)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "op", rf_store_op_name(op->op));
    rf_json_set_str(j, "asked", rf_store_op_name(op->asked));
    rf_json_set_str(j, "auth", rf_store_auth_name(op->auth));
    rf_json_set_str(j, "state", rf_store_op_state_name(op->state));
    set_text(j, "reason", op->reason);
    rf_json_set_int(j, "tries_left", op->tries_left);
    set_time(j, "complete_by_s", op->complete_by_s);
    return j;
}

static struct rf_json *cert_json(const struct rf_store_cert *c)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "kind", rf_store_cert_kind_name(c->kind));
    rf_json_set_str(j, "state", rf_store_cert_state_name(c->state));
    rf_json_set_hex(j, "fingerprint", rf_slice_of(c->sha256, sizeof c->sha256));
    rf_json_set_str(j, "subject", c->subject);
    rf_json_set_str(j, "issuer", c->issuer);
    rf_json_set_str(j, "serial", c->serial);
    rf_json_set_int(j, "not_before_s", c->not_before_s);
    rf_json_set_int(j, "not_after_s", c->not_after_s);
    rf_json_set_int(j, "issued_s", c->issued_s);
    set_time(j, "confirmed_s", c->confirmed_s);
    return j;
}

static void set_live(struct rf_json *j, const struct rf_admin_live *live)
{
    rf_json_set_bool(j, "registered", live->is_registered);
    set_time(j, "since_s", live->since_s);
    set_text(j, "address", live->address);
    set_text(j, "tls_version", live->tls_version);
    set_text(j, "suite", live->suite);
    if (live->has_cert)
        rf_json_set_hex(j, "certificate", rf_slice_of(live->cert_sha256, sizeof live->cert_sha256));
    else
        rf_json_set_null(j, "certificate");
    if (live->is_registered)
        rf_json_set_int(j, "sccp_version", live->sccp_version);
    else
        rf_json_set_null(j, "sccp_version");
    set_text(j, "running_load", live->running_load);
    rf_json_set_bool(j, "in_call", live->in_call);
    set_text(j, "last_alarm", live->last_alarm);
    rf_json_set_str(j, "last_cause", live->last_cause);
    struct rf_json *messages = rf_json_obj();
    rf_json_set_int(messages, "in", (int64_t)live->in);
    rf_json_set_int(messages, "out", (int64_t)live->out);
    rf_json_set_take(j, "messages", messages);
}

/* "current", "older", or "unknown", with what says so. doc: docs/trust-lists.md */
static struct rf_json *held_json(const struct admin_device *d, enum rf_store_held_item item,
                                 enum rf_store_held_item refused, int kind)
{
    const char *name = d->phone.device.name;
    const struct rf_store_held *held = rf_store_helds_find(&d->helds, name, item);
    const struct rf_store_held *other = rf_store_helds_find(&d->helds, name, refused);
    struct rf_json *j = rf_json_obj();
    bool is_current = held != NULL && d->has_given[kind] &&
                      rf_slice_eq(rf_slice_of(held->sha256, 32), rf_slice_of(d->given[kind], 32));
    rf_json_set_str(j, "state", held == NULL ? "unknown" : is_current ? "current" : "older");
    if (held != NULL) {
        rf_json_set_hex(j, "fingerprint", rf_slice_of(held->sha256, sizeof held->sha256));
        rf_json_set_str(j, "how", rf_store_held_how_name(held->how));
        rf_json_set_int(j, "since_s", held->at_s);
    }
    if (other != NULL) {
        rf_json_set_hex(j, "refused", rf_slice_of(other->sha256, sizeof other->sha256));
        rf_json_set_int(j, "refused_since_s", other->at_s);
    }
    return j;
}

/* The last file of a kind that it asked for: how that ended, and when. */
static struct rf_json *fetch_json(const struct rf_store_fetch *f)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "item", rf_store_fetch_item_name(f->item));
    rf_json_set_str(j, "name", f->name);
    set_text(j, "generation", f->generation);
    rf_json_set_str(j, "result", f->result[0] != '\0' ? f->result : "sent");
    rf_json_set_str(j, "address", f->address);
    rf_json_set_int(j, "at_s", f->at_s);
    return j;
}

static void set_held(struct rf_json *j, const struct admin_device *d)
{
    struct rf_json *holds = rf_json_obj();
    rf_json_set_take(holds, "ctl",
                     held_json(d, RF_STORE_HELD_CTL, RF_STORE_HELD_CTL_REFUSED, RF_LIST_CTL));
    rf_json_set_take(holds, "itl",
                     held_json(d, RF_STORE_HELD_ITL, RF_STORE_HELD_ITL_REFUSED, RF_LIST_ITL));
    rf_json_set_take(j, "holds", holds);
    struct rf_json *fetched = rf_json_arr();
    for (size_t i = 0; i < d->fetches.n; i++)
        rf_json_arr_add_take(fetched, fetch_json(&d->fetches.items[i]));
    rf_json_set_take(j, "fetched", fetched);
}

/* In a cluster that is nonsecure the devices' modes wait for better times. */
static const char *mode_in_force(struct admin_task *t, const struct rf_store_device *d)
{
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    return rf_store_mode_name(conf->cluster == RF_SITE_CLUSTER_NONSECURE ? RF_STORE_NONSECURE
                                                                         : d->mode);
}

static void set_device(struct rf_json *j, struct admin_task *t, const struct admin_device *d)
{
    const struct rf_store_device *s = &d->phone.device;
    rf_json_set_str(j, "name", s->name);
    rf_json_set_str(j, "model", s->model);
    rf_json_set_str(j, "protocol", rf_store_protocol_name(s->protocol));
    rf_json_set_str(j, "mode", rf_store_mode_name(s->mode));
    rf_json_set_str(j, "mode_in_force", mode_in_force(t, s));
    rf_json_set_str(j, "media_policy", rf_store_media_policy_name(s->media_policy));
    rf_json_set_bool(j, "srtp", s->has_srtp);
    rf_json_set_bool(j, "protected", s->is_protected);
    rf_json_set_str(j, "description", s->description);
    rf_json_set_str(j, "load", s->load);
    rf_json_set_str(j, "model_load", s->model_load);
    rf_json_set_str(j, "load_server", s->load_server);
    rf_json_set_str(j, "digest", rf_store_digest_name(s->digest));
    rf_json_set_bool(j, "quarantined", s->is_quarantined);
    rf_json_set_str(j, "profile", s->profile);
    rf_json_set_str(j, "encrypt_config", rf_store_encrypt_name(s->encrypt));
    rf_json_set_take(j, "lines", lines_json(&d->phone));
    rf_json_set_int(j, "added_s", s->added_s);
    rf_json_set_int(j, "changed_s", s->changed_s);
    set_live(j, &d->live);
    if (d->has_refused)
        rf_json_set_take(j, "load_refused", admin_refused_json(&d->refused));
    else
        rf_json_set_null(j, "load_refused");
    if (d->has_capf)
        rf_json_set_take(j, "capf", capf_json(&d->capf));
    else
        rf_json_set_null(j, "capf");
    struct rf_json *certs = rf_json_arr();
    for (size_t i = 0; i < d->certs.n; i++)
        rf_json_arr_add_take(certs, cert_json(&d->certs.items[i]));
    rf_json_set_take(j, "certificates", certs);
    if (d->shows_held)
        set_held(j, d);
}

/* ---- GET ---- */

enum rf_err admin_devices_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_phones phones = {0};
    enum rf_err err = rf_store_device_list(store, &phones, why);
    if (err == RF_OK && phones.n > 0) {
        t->devices =
            rf_try_alloc(phones.n * sizeof *t->devices, RF_STORE_DEVICES_MAX * sizeof *t->devices);
        if (t->devices == NULL)
            err = rf_why_set(why, RF_ERR_NOMEM, "no-memory", "no room for %zu devices", phones.n);
    }
    for (size_t i = 0; i < phones.n && err == RF_OK; i++) {
        struct admin_device *d = &t->devices[t->n_devices++];
        d->phone = phones.items[i];
        phones.items[i] = (struct rf_store_phone){.lines = NULL};
        err = load_rest(store, d, why);
    }
    rf_store_phones_fini(&phones);
    return err;
}

void admin_devices_answer(struct admin_task *t, struct rf_json *out)
{
    struct rf_json *devices = rf_json_arr();
    for (size_t i = 0; i < t->n_devices; i++) {
        struct rf_json *one = rf_json_obj();
        set_device(one, t, &t->devices[i]);
        rf_json_arr_add_take(devices, one);
    }
    rf_json_set_take(out, "devices", devices);
}

/* The lists in the site's folder may be replaced while we run, so they are read when asked. */
static void look_at_given(const struct rf_site *site, struct admin_device *d)
{
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        RF_AUTO(rf_freep)
        char *path = rf_site_list_path_in(site->dir, kind == RF_LIST_ITL, d->phone.device.name);
        RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
        uint8_t md[RF_DIGEST_MAX];
        struct rf_why why = {0};
        d->has_given[kind] = rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, &why) == RF_OK;
        rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&bytes), md);
        memcpy(d->given[kind], md, sizeof d->given[kind]);
    }
    d->shows_held = true;
}

enum rf_err admin_device_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct admin_device *d = admin_only(t);
    enum rf_err err = admin_device_load(store, t->name, d, why);
    if (err == RF_OK)
        err = rf_store_held_list(store, t->name, &d->helds, why);
    if (err == RF_OK)
        err = rf_store_fetch_list(store, t->name, &d->fetches, why);
    if (err == RF_OK)
        look_at_given(&t->admin->site, d);
    return err;
}

void admin_device_answer(struct admin_task *t, struct rf_json *out)
{
    set_device(out, t, admin_only(t));
}

/* ---- DELETE ---- */

enum rf_err admin_remove_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_event event = admin_event(t, "device", "device-removed", "%s removed", t->name);
    return rf_store_device_remove(store, t->name, t->now_s, &event, why);
}

enum rf_err admin_remove_calls(struct admin_task *t, struct rf_why *why)
{
    ADMIN_OPS(t, device_remove)(ADMIN_ARG(t), t->name);
    return RF_OK;
}

void admin_remove_answer(struct admin_task *t, struct rf_json *out)
{
    rf_info(RF_CAT_ADMIN, "device removed uid=%u dev=%s", (unsigned)t->uid, t->name);
    ADMIN_OPS(t, device_changed)(ADMIN_ARG(t), t->name);
    rf_json_set_str(out, "removed", t->name);
}
