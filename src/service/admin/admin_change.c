/* SPDX-License-Identifier: Apache-2.0 */
/* Devices added and changed. A body is read twice for a change: once to refuse what is malformed,
 * and once over the device as the database has it, because members that are absent stay. */
#include "service/admin/admin_int.h"

#include "base/faults.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define LOAD_WANTS "the name of a load, without .loads"
#define LETTERS    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static const char *const members[] = {"name",      "model",       "mode",    "media_policy",
                                      "srtp",      "description", "load",    "load_server",
                                      "lines",     "digest",      "profile", "encrypt_config",
                                      "protected", "line_rules",  NULL};

static enum rf_err bad(struct rf_why *why, const char *key, const char *wants)
{
    return rf_why_set(why, RF_ERR_BAD, "value", "\"%s\": wants %s", key, wants);
}

/* A text for people: at most `max` bytes, no control bytes. JSON is UTF-8 already. */
static enum rf_err copy_text(const struct rf_json *j, const char *key, char *to, size_t max,
                             struct rf_why *why)
{
    const char *text = NULL;
    if (rf_json_get(j, key) == NULL)
        return RF_OK;
    enum rf_err err = rf_json_need_str(j, key, &text, why);
    if (err != RF_OK)
        return err;
    size_t n = 0;
    for (; text[n] != '\0' && n <= max; n++)
        if ((unsigned char)text[n] < ' ' || text[n] == 0x7f)
            return bad(why, key, "text without control characters");
    if (n > max) {
        char wants[48];
        snprintf(wants, sizeof wants, "at most %zu bytes", max);
        return bad(why, key, wants);
    }
    snprintf(to, max + 1, "%s", text);
    return RF_OK;
}

/* A name of something, of these characters only. */
static enum rf_err copy_word(const struct rf_json *j, const char *key, char *to, size_t max,
                             const char *set, const char *wants, struct rf_why *why)
{
    enum rf_err err = copy_text(j, key, to, max, why);
    if (err == RF_OK && (strspn(to, set) != strlen(to) || to[0] == '.'))
        return bad(why, key, wants);
    return err;
}

static enum rf_err read_words(const struct rf_json *j, struct rf_store_device *d,
                              struct rf_why *why)
{
    const char *text = NULL;
    if (rf_json_get(j, "mode") != NULL) {
        text = rf_json_str(j, "mode");
        if (text == NULL || !rf_store_mode_parse(text, &d->mode))
            return bad(why, "mode", "nonsecure, authenticated or encrypted");
    }
    if (rf_json_get(j, "media_policy") != NULL) {
        text = rf_json_str(j, "media_policy");
        if (text == NULL || !rf_store_media_policy_parse(text, &d->media_policy))
            return bad(why, "media_policy", "best-effort or require");
    }
    if (rf_json_get(j, "digest") != NULL) {
        text = rf_json_str(j, "digest");
        if (text == NULL || !rf_store_digest_parse(text, &d->digest))
            return bad(why, "digest", "model, sha1 or sha512");
    }
    if (rf_json_get(j, "encrypt_config") != NULL) {
        text = rf_json_str(j, "encrypt_config");
        if (text == NULL || !rf_store_encrypt_parse(text, &d->encrypt))
            return bad(why, "encrypt_config", "auto, on or off");
    }
    enum rf_err err = RF_OK;
    if (rf_json_get(j, "srtp") != NULL)
        err = rf_json_need_bool(j, "srtp", &d->has_srtp, why);
    if (err == RF_OK && rf_json_get(j, "protected") != NULL)
        err = rf_json_need_bool(j, "protected", &d->is_protected, why);
    return err;
}

static const char *const line_members[] = {"index",
                                           "dn",
                                           "label",
                                           "display_name",
                                           "shared",
                                           "forward_all",
                                           "forward_busy",
                                           "forward_no_answer",
                                           "forward_unregistered",
                                           "calls_max",
                                           "busy_trigger",
                                           NULL};

/* Whoever names the lines anew does not mean to end forwarding. */
static void take_over_rule(const struct rf_store_phone *before, struct rf_store_line *line)
{
    for (size_t i = 0; i < before->n_lines; i++) {
        if (strcmp(before->lines[i].dn, line->dn) != 0)
            continue;
        line->is_shared = before->lines[i].is_shared;
        line->rule = before->lines[i].rule;
    }
}

static enum rf_err read_line(const struct rf_json *j, uint32_t index,
                             const struct rf_store_phone *before, struct rf_store_line *out,
                             struct rf_why *why)
{
    *out = (struct rf_store_line){.index = index};
    enum rf_err err = admin_members(j, line_members, why);
    if (err != RF_OK)
        return err;
    if (rf_json_str(j, "dn") == NULL)
        return rf_why_set(why, RF_ERR_BAD, "json-missing", "line %u has no \"dn\"", index);
    err = copy_text(j, "dn", out->dn, sizeof out->dn - 1, why);
    if (err == RF_OK)
        err = copy_text(j, "label", out->label, ADMIN_NAME_TEXT, why);
    if (err == RF_OK)
        err = copy_text(j, "display_name", out->display_name, ADMIN_NAME_TEXT, why);
    if (err != RF_OK)
        return err;
    take_over_rule(before, out);
    return admin_read_rule(j, out, why);
}

static enum rf_err read_lines(const struct rf_json *j, struct rf_store_phone *phone,
                              struct rf_why *why)
{
    const struct rf_json *lines = rf_json_get(j, "lines");
    if (lines == NULL)
        return RF_OK;
    size_t n = rf_json_len(lines);
    if (!rf_json_is_arr(lines) || n > ADMIN_LINES_MAX)
        return bad(why, "lines", "a list of at most 8 lines");
    struct rf_store_phone before = {.lines = phone->lines, .n_lines = phone->n_lines};
    enum rf_err err = RF_OK;
    phone->lines = rf_new_n(struct rf_store_line, n);
    phone->n_lines = 0;
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = read_line(rf_json_at(lines, i), (uint32_t)i + 1, &before,
                        &phone->lines[phone->n_lines++], why);
    rf_store_phone_fini(&before);
    return err;
}

enum rf_err admin_read_phone(const struct rf_json *body, struct rf_store_phone *phone,
                             struct rf_why *why)
{
    struct rf_store_device *d = &phone->device;
    enum rf_err err = copy_word(body, "model", d->model, 20, LETTERS "._-",
                                "1 to 20 letters, digits and . _ -, such as 8861", why);
    if (err == RF_OK && d->model[0] == '\0')
        err = bad(why, "model", "a model, such as 8861");
    if (err == RF_OK)
        err = read_words(body, d, why);
    if (err == RF_OK)
        err = copy_text(body, "description", d->description, sizeof d->description - 1, why);
    if (err == RF_OK)
        err = copy_word(body, "load", d->load, sizeof d->load - 1, LETTERS "._-+", LOAD_WANTS, why);
    /* Phones add it themselves, and would ask for X.loads.loads. */
    if (err == RF_OK && rf_slice_ends_with(rf_slice_str(d->load), ".loads"))
        err = bad(why, "load", LOAD_WANTS);
    if (err == RF_OK)
        err = copy_word(body, "load_server", d->load_server, sizeof d->load_server - 1,
                        LETTERS ".-:", "a host name or an address", why);
    if (err == RF_OK)
        err = copy_word(body, "profile", d->profile, sizeof d->profile - 1, LETTERS "._-",
                        "the name of a profile", why);
    if (err == RF_OK)
        err = read_lines(body, phone, why);
    return err == RF_OK ? admin_read_rules(body, phone, why) : err;
}

/* doc: docs/provisioning.md, "Encrypted configurations": with no key and no way to one, the phone
 * would never be configured. */
static enum rf_err check_encrypt(struct admin_task *t, struct rf_store *store,
                                 const struct rf_store_device *d, struct rf_why *why)
{
    struct rf_store_certs certs = {0};
    struct rf_store_capf op = {0};
    struct rf_why none = {0};
    if (d->encrypt != RF_STORE_ENCRYPT_ON)
        return RF_OK;
    bool has_way = rf_store_capf_load(store, d->name, &op, &none) == RF_OK &&
                   op.op == RF_STORE_OP_INSTALL &&
                   rf_store_capf_is_open(&op, t->now_s, NULL) == RF_OK;
    enum rf_err err = rf_store_cert_list(store, d->name, &certs, why);
    for (size_t i = 0; i < certs.n; i++)
        has_way = has_way || certs.items[i].state == RF_STORE_CERT_CONFIRMED;
    rf_store_certs_fini(&certs);
    rf_wipe(&op, sizeof op);
    if (err != RF_OK || rf_fault_skips("admin.encrypt-no-key") || has_way)
        return err;
    return admin_refuse(t, 409, why, "encrypt-no-key",
                        "no certificate of %s is known, and none is on its way: its phone could "
                        "not be configured. Schedule `ringfence capf install` first, or say auto",
                        d->name);
}

/* ---- POST ---- */

/* It may be a device's name, and no phone ever has it: the twelve digits of its MAC alone. */
static enum rf_err check_name(const char *name, struct rf_why *why)
{
    if (strlen(name) != 12 || strspn(name, "0123456789ABCDEFabcdef") != 12)
        return RF_OK;
    char mac[13];
    for (size_t i = 0; i <= 12; i++)
        mac[i] = name[i] >= 'a' ? (char)(name[i] - 'a' + 'A') : name[i];
    return rf_why_set(why, RF_ERR_BAD, "device-name",
                      "\"name\": %s is a MAC address alone: did you mean SEP%s?", name, mac);
}

static enum rf_err new_phone(struct admin_task *t, const struct rf_json *body,
                             struct rf_store_phone *phone, struct rf_why *why)
{
    static const char *const must[] = {"name", "model"};
    const char *text = NULL;
    for (size_t i = 0; i < sizeof must / sizeof *must; i++) {
        enum rf_err err = rf_json_need_str(body, must[i], &text, why);
        if (err != RF_OK)
            return err;
    }
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    phone->device.media_policy = conf->media_policy == RF_SITE_MEDIA_REQUIRE
                                     ? RF_STORE_MEDIA_REQUIRE
                                     : RF_STORE_MEDIA_BEST_EFFORT;
    phone->device.mode = RF_STORE_ENCRYPTED;
    phone->device.has_srtp = true;
    enum rf_err err =
        copy_text(body, "name", phone->device.name, sizeof phone->device.name - 1, why);
    if (err == RF_OK)
        err = check_name(phone->device.name, why);
    if (err == RF_OK)
        err = admin_read_phone(body, phone, why);
    if (err == RF_OK)
        err = admin_check_model(t, &phone->device, NULL, why);
    if (err == RF_OK)
        err = ADMIN_OPS(t, device_check)(ADMIN_ARG(t), phone, why);
    return err;
}

enum rf_err admin_add_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    enum rf_err err = admin_body(req, members, &body, why);
    struct rf_store_phone *phone = &admin_only(t)->phone;
    admin_note_modes(t);
    if (err == RF_OK)
        err = new_phone(t, body, phone, why);
    if (err == RF_OK)
        memcpy(t->name, phone->device.name, sizeof t->name);
    return err;
}

enum rf_err admin_add_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct admin_device *d = admin_only(t);
    struct rf_store_event event =
        admin_event(t, "device", "device-added", "%s added, mode %s, %zu lines", t->name,
                    rf_store_mode_name(d->phone.device.mode), d->phone.n_lines);
    enum rf_err err = check_encrypt(t, store, &d->phone.device, why);
    if (err == RF_OK)
        err = rf_store_device_add(store, &d->phone, t->now_s, &event, why);
    if (err != RF_OK)
        return err;
    admin_device_fini(d);
    *d = (struct admin_device){.has_capf = false};
    return admin_device_load(store, t->name, d, why);
}

/* ---- PUT ---- */

enum rf_err admin_edit_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    struct rf_store_phone scratch = {.device.model = "-"};
    admin_note_modes(t);
    enum rf_err err = admin_body(req, members, &t->change.body, why);
    const char *name = rf_json_str(t->change.body, "name");
    if (err == RF_OK && rf_json_get(t->change.body, "name") != NULL &&
        (name == NULL || strcmp(name, t->name) != 0))
        err = bad(why, "name", "the name of the device in the path, or no name: it stays");
    if (err == RF_OK)
        err = admin_read_phone(t->change.body, &scratch, why);
    rf_store_phone_fini(&scratch);
    return err;
}

enum rf_err admin_edit_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct admin_device *d = admin_only(t);
    char was[RF_STORE_SRST_NAME], is[RF_STORE_SRST_NAME] = "";
    enum rf_err err = rf_store_device_load(store, t->name, &d->phone, why);
    if (err == RF_OK)
        err = admin_srst_of(store, t->name, was, why);
    if (err != RF_OK)
        return err;
    struct rf_store_device before = d->phone.device;
    err = admin_read_phone(t->change.body, &d->phone, why);
    if (err == RF_OK)
        err = admin_check_model(t, &d->phone.device, &before, why);
    if (err == RF_OK)
        err = ADMIN_OPS(t, device_check)(ADMIN_ARG(t), &d->phone, why);
    if (err == RF_OK && before.encrypt != RF_STORE_ENCRYPT_ON)
        err = check_encrypt(t, store, &d->phone.device, why);
    struct rf_store_event event =
        admin_event(t, "device", "device-changed", "%s changed, mode %s, %zu lines", t->name,
                    rf_store_mode_name(d->phone.device.mode), d->phone.n_lines);
    if (err == RF_OK)
        err = rf_store_device_change(store, &d->phone, t->now_s, &event, why);
    if (err != RF_OK)
        return err;
    admin_device_fini(d);
    *d = (struct admin_device){.has_capf = false};
    err = admin_device_load(store, t->name, d, why);
    if (err == RF_OK)
        err = admin_srst_of(store, t->name, is, why);
    if (err == RF_OK)
        t->change.load_changed =
            strcmp(rf_store_load_of(&before), rf_store_load_of(&d->phone.device)) != 0 ||
            strcmp(before.load_server, d->phone.device.load_server) != 0 ||
            before.encrypt != d->phone.device.encrypt;
    t->change.profile_changed =
        err == RF_OK && strcmp(before.profile, d->phone.device.profile) != 0;
    t->change.router_changed = err == RF_OK && strcmp(was, is) != 0;
    return err;
}

/* ---- both ---- */

/* Call control tells the phone when its lines or its mode changed; a load is the file's matter, so
 * the phone has to be told to fetch it. */
enum rf_err admin_change_calls(struct admin_task *t, struct rf_why *why)
{
    struct admin_device *d = admin_only(t);
    if (d->phone.device.is_quarantined)
        return RF_OK; /* nobody may register as it */
    enum rf_err err = ADMIN_OPS(t, device_set)(ADMIN_ARG(t), &d->phone, &d->certs, why);
    if (err != RF_OK) {
        t->status = 500; /* it is in the database, so the next start would have it */
        return err;
    }
    if (t->change.load_changed)
        (void)!ADMIN_OPS(t, device_reset)(ADMIN_ARG(t), t->name, RF_ADMIN_RESET);
    ADMIN_OPS(t, live)(ADMIN_ARG(t), t->name, &d->live);
    return RF_OK;
}

static void tell(struct admin_task *t, const char *what)
{
    rf_info(RF_CAT_ADMIN, "device %s mode=%s lines=%zu uid=%u dev=%s", what,
            rf_store_mode_name(admin_only(t)->phone.device.mode), admin_only(t)->phone.n_lines,
            (unsigned)t->uid, t->name);
    ADMIN_OPS(t, device_changed)(ADMIN_ARG(t), t->name);
}

void admin_add_answer(struct admin_task *t, struct rf_json *out)
{
    tell(t, "added");
    t->status = 201;
    admin_device_answer(t, out);
}

void admin_approve_answer(struct admin_task *t, struct rf_json *out)
{
    tell(t, "approved");
    t->status = 201;
    admin_device_answer(t, out);
}

void admin_edit_answer(struct admin_task *t, struct rf_json *out)
{
    tell(t, "changed");
    if (t->change.profile_changed && !t->change.load_changed)
        ADMIN_OPS(t, config_changed)
    (ADMIN_ARG(t), RF_STORE_LAYER_DEVICE, t->name,
     t->change.router_changed ? RF_ADMIN_RESET : RF_ADMIN_APPLY);
    admin_device_answer(t, out);
}
