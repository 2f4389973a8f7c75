/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_int.h"

#include "base/faults.h"

#include <ctype.h>
#include <string.h>

#define DN_CHARS "0123456789*#+ABCD"

static enum rf_err check_device(const struct rf_store_device *d, struct rf_why *why)
{
    enum rf_err err;
    if ((err = rf_store_check_text(d->name, sizeof d->name, true, "device name", why)) != RF_OK ||
        (err = rf_store_check_text(d->model, sizeof d->model, false, "model", why)) != RF_OK ||
        (err = rf_store_check_text(d->description, sizeof d->description, false, "description",
                                   why)) != RF_OK ||
        (err = rf_store_check_load(d->load, sizeof d->load, "load", why)) != RF_OK ||
        (err = rf_store_check_text(d->load_server, sizeof d->load_server, false, "load server",
                                   why)) != RF_OK ||
        (err = rf_store_check_text(d->profile, sizeof d->profile, false, "profile", why)) != RF_OK)
        return err;
    for (const char *c = d->name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("-_.", *c) == NULL)
            return rf_why_set(why, RF_ERR_BAD, "store-value",
                              "device name %s: letters, digits, - _ and . only", d->name);
    return RF_OK;
}

static enum rf_err check_line(const struct rf_store_line *l, struct rf_why *why)
{
    enum rf_err err;
    if ((err = rf_store_check_text(l->dn, sizeof l->dn, true, "directory number", why)) != RF_OK ||
        (err = rf_store_check_text(l->label, sizeof l->label, false, "label", why)) != RF_OK ||
        (err = rf_store_check_text(l->display_name, sizeof l->display_name, false, "display name",
                                   why)) != RF_OK)
        return err;
    if (strspn(l->dn, DN_CHARS) != strlen(l->dn))
        return rf_why_set(why, RF_ERR_BAD, "store-value", "directory number %s: %s only", l->dn,
                          DN_CHARS);
    if (l->index < 1 || l->index > RF_STORE_LINES_MAX)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "line %u: 1 to %d", l->index,
                          RF_STORE_LINES_MAX);
    return rf_store_check_rule(l, why);
}

static enum rf_err check_phone(const struct rf_store_phone *phone, struct rf_why *why)
{
    enum rf_err err = check_device(&phone->device, why);
    if (err == RF_OK)
        err = rf_store_check_protected(&phone->device, why);
    if (err != RF_OK)
        return err;
    const struct rf_store_device *d = &phone->device;
    if (!rf_fault_skips("store.quarantine") && d->is_quarantined &&
        (d->mode != RF_STORE_NONSECURE || phone->n_lines > 0))
        return rf_why_set(why, RF_ERR_DENIED, "device-quarantined",
                          "%s is in quarantine: it has no lines and no security until it is "
                          "approved (`ringfence device approve`)",
                          d->name);
    if (phone->n_lines > RF_STORE_LINES_MAX)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "more than %d lines", RF_STORE_LINES_MAX);
    for (size_t i = 0; i < phone->n_lines && err == RF_OK; i++) {
        err = check_line(&phone->lines[i], why);
        for (size_t j = 0; j < i && err == RF_OK; j++)
            if (phone->lines[j].index == phone->lines[i].index)
                err = rf_why_set(why, RF_ERR_BAD, "store-value", "line %u stands twice",
                                 phone->lines[i].index);
    }
    return err;
}

/* On another device (or this one) in a way that does not allow it here too? */
static enum rf_err check_clash(struct rf_store *store, const char *device,
                               const struct rf_store_line *line, struct rf_why *why)
{
    char other[RF_STORE_DEVICE_NAME] = "";
    struct rf_db q = rf_db_of(store, RF_SQL_LINE_CLASH);
    rf_db_text(&q, line->dn);
    rf_db_text(&q, device);
    rf_db_int(&q, line->is_shared);
    if (rf_db_row(&q))
        rf_db_get_text(&q, other, sizeof other);
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && other[0] != '\0')
        return rf_why_set(why, RF_ERR_EXISTS, "line-exists",
                          "directory number %s is on %s already%s", line->dn, other,
                          line->is_shared ? "" : " (and this line is not shared)");
    return err;
}

static bool has_line(const struct rf_store_phone *phone, const char *dn)
{
    for (size_t i = 0; i < phone->n_lines; i++)
        if (strcmp(phone->lines[i].dn, dn) == 0)
            return true;
    return false;
}

/* `before`: the device with the lines it had. */
static enum rf_err add_lines(struct rf_store *store, const struct rf_store_phone *phone,
                             const struct rf_store_phone *before, struct rf_why *why)
{
    for (size_t i = 0; i < phone->n_lines; i++) {
        const struct rf_store_line *line = &phone->lines[i];
        enum rf_err err = check_clash(store, phone->device.name, line, why);
        if (err == RF_OK)
            err = rf_store_meet_me_clash(store, line->dn, why);
        if (err != RF_OK)
            return err;
        struct rf_db q = rf_db_of(store, RF_SQL_LINE_ADD);
        rf_db_text(&q, phone->device.name);
        rf_db_int(&q, line->index);
        rf_db_text(&q, line->dn);
        rf_db_text(&q, line->label);
        rf_db_text(&q, line->display_name);
        rf_db_int(&q, line->is_shared);
        err = rf_db_run(&q, why);
        if (err == RF_OK)
            err = rf_store_rule_put(store, phone->device.name, line, !has_line(before, line->dn),
                                    why);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

/* What DEVICE_ADD and DEVICE_CHANGE have in common: all but the times. */
static void bind_device(struct rf_db *q, const struct rf_store_device *d)
{
    rf_db_text(q, d->name);
    rf_db_text(q, d->model);
    rf_db_int(q, d->protocol);
    rf_db_int(q, d->mode);
    rf_db_int(q, d->media_policy);
    rf_db_int(q, d->has_srtp);
    rf_db_text(q, d->description);
    rf_db_text(q, d->load);
}

static enum rf_err is_known(struct rf_store *store, const char *name, bool *out, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_DEVICE_FIND);
    rf_db_text(&q, name);
    *out = rf_db_row(&q);
    return rf_db_end(&q, why);
}

static enum rf_err device_unknown(const char *name, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_NOT_FOUND, "device-unknown", "there is no device %s", name);
}

enum rf_err rf_store_device_known(struct rf_store *store, const char *name, struct rf_why *why)
{
    bool known;
    enum rf_err err = is_known(store, name, &known, why);
    return err == RF_OK && !known ? device_unknown(name, why) : err;
}

/* Are there fewer than `max` by this count? */
static enum rf_err check_room(struct rf_store *store, enum rf_sql count, int max, const char *what,
                              struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, count);
    int64_t n = rf_db_row(&q) ? rf_db_get(&q) : 0;
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && n >= max)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full", "%d %s are the most", max, what);
    return err;
}

/* Digest and quarantine; whoever is a device is pending no more. */
static enum rf_err put_trust(struct rf_store *store, const struct rf_store_device *d,
                             struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_DEVICE_TRUST_SAVE);
    rf_db_text(&q, d->name);
    rf_db_int(&q, d->digest);
    rf_db_int(&q, d->is_quarantined);
    enum rf_err err = rf_db_run(&q, why);
    if (err != RF_OK)
        return err;
    struct rf_db pending = rf_db_of(store, RF_SQL_PENDING_END);
    rf_db_text(&pending, d->name);
    return rf_db_run(&pending, why);
}

/* What is kept of a device beside its row. */
static enum rf_err put_parts(struct rf_store *store, const struct rf_store_phone *phone,
                             const struct rf_store_phone *before, struct rf_why *why)
{
    enum rf_err err =
        rf_store_load_server_put(store, phone->device.name, phone->device.load_server, why);
    if (err == RF_OK)
        err = rf_store_config_use_put(store, &phone->device, why);
    if (err == RF_OK)
        err = put_trust(store, &phone->device, why);
    if (err == RF_OK)
        err = rf_store_protected_put(store, &phone->device, why);
    return err == RF_OK ? add_lines(store, phone, before, why) : err;
}

static enum rf_err add(struct rf_store *store, const struct rf_store_phone *phone, int64_t now_s,
                       struct rf_why *why)
{
    bool known;
    enum rf_err err = is_known(store, phone->device.name, &known, why);
    if (err == RF_OK && known)
        return rf_why_set(why, RF_ERR_EXISTS, "device-exists", "%s is there already",
                          phone->device.name);
    if (err == RF_OK)
        err = check_room(store, RF_SQL_DEVICE_COUNT, RF_STORE_DEVICES_MAX, "devices", why);
    if (err == RF_OK && phone->device.is_quarantined)
        err = check_room(store, RF_SQL_DEVICE_QUARANTINED_COUNT, RF_STORE_QUARANTINE_MAX,
                         "devices in quarantine", why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_DEVICE_ADD);
    bind_device(&q, &phone->device);
    rf_db_int(&q, now_s);
    rf_db_int(&q, now_s);
    err = rf_db_run(&q, why);
    const struct rf_store_phone nothing = {.n_lines = 0};
    return err == RF_OK ? put_parts(store, phone, &nothing, why) : err;
}

enum rf_err rf_store_device_add(struct rf_store *store, const struct rf_store_phone *phone,
                                int64_t now_s, const struct rf_store_event *event,
                                struct rf_why *why)
{
    enum rf_err err = check_phone(phone, why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, add(store, phone, now_s, why), event, why);
}

static enum rf_err change(struct rf_store *store, const struct rf_store_phone *phone, int64_t now_s,
                          const struct rf_store_phone *before, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_DEVICE_CHANGE);
    bind_device(&q, &phone->device);
    rf_db_int(&q, now_s);
    if ((err = rf_db_run(&q, why)) != RF_OK)
        return err;
    struct rf_db clear = rf_db_of(store, RF_SQL_LINE_CLEAR);
    rf_db_text(&clear, phone->device.name);
    err = rf_db_run(&clear, why);
    return err == RF_OK ? put_parts(store, phone, before, why) : err;
}

enum rf_err rf_store_device_change(struct rf_store *store, const struct rf_store_phone *phone,
                                   int64_t now_s, const struct rf_store_event *event,
                                   struct rf_why *why)
{
    enum rf_err err = check_phone(phone, why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    struct rf_store_phone before = {.lines = NULL};
    err = rf_store_device_load(store, phone->device.name, &before, why);
    if (err == RF_OK)
        err = change(store, phone, now_s, &before, why);
    rf_store_phone_fini(&before);
    return rf_db_finish(store, err, event, why);
}

static enum rf_err remove_device(struct rf_store *store, const char *name, int64_t now_s,
                                 struct rf_why *why)
{
    enum rf_err err = rf_store_device_known(store, name, why);
    if (err != RF_OK)
        return err;
    struct rf_db revoke = rf_db_of(store, RF_SQL_CERT_REVOKE_LSCS);
    rf_db_text(&revoke, name);
    rf_db_int(&revoke, now_s);
    if ((err = rf_db_run(&revoke, why)) != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_DEVICE_REMOVE);
    rf_db_text(&q, name);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_device_remove(struct rf_store *store, const char *name, int64_t now_s,
                                   const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, remove_device(store, name, now_s, why), event, why);
}

static void read_device(struct rf_db *q, struct rf_store_device *d)
{
    *d = (struct rf_store_device){0};
    rf_db_get_text(q, d->name, sizeof d->name);
    rf_db_get_text(q, d->model, sizeof d->model);
    d->protocol = (enum rf_store_protocol)rf_db_get_u32(q, RF_STORE_SIP);
    d->mode = (enum rf_store_mode)rf_db_get_u32(q, RF_STORE_ENCRYPTED);
    d->media_policy = (enum rf_store_media_policy)rf_db_get_u32(q, RF_STORE_MEDIA_REQUIRE);
    d->has_srtp = rf_db_get_u32(q, 1) != 0;
    rf_db_get_text(q, d->description, sizeof d->description);
    rf_db_get_text(q, d->load, sizeof d->load);
    d->added_s = rf_db_get(q);
    d->changed_s = rf_db_get(q);
    rf_db_get_text(q, d->load_server, sizeof d->load_server);
    rf_db_get_text(q, d->model_load, sizeof d->model_load);
    rf_db_get_text(q, d->profile, sizeof d->profile);
    d->encrypt = (enum rf_store_encrypt)rf_db_get_u32(q, RF_STORE_ENCRYPT_ON);
    d->digest = (enum rf_store_digest)rf_db_get_u32(q, RF_STORE_DIGEST_SHA512);
    d->is_quarantined = rf_db_get_u32(q, 1) != 0;
    d->is_protected = rf_db_get_u32(q, 1) != 0;
}

static void read_line(struct rf_db *q, struct rf_store_line *l)
{
    *l = (struct rf_store_line){0};
    l->index = rf_db_get_u32(q, RF_STORE_LINES_MAX);
    rf_db_get_text(q, l->dn, sizeof l->dn);
    rf_db_get_text(q, l->label, sizeof l->label);
    rf_db_get_text(q, l->display_name, sizeof l->display_name);
    l->is_shared = rf_db_get_u32(q, 1) != 0;
    rf_store_rule_read(q, &l->rule);
}

static enum rf_err load_lines(struct rf_store *store, struct rf_store_phone *phone,
                              struct rf_why *why)
{
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_LINE_LIST);
    rf_db_text(&q, phone->device.name);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&phone->lines, phone->n_lines, sizeof *phone->lines,
                              RF_STORE_LINES_MAX, why);
        if (grown == RF_OK)
            read_line(&q, &phone->lines[phone->n_lines++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    return grown != RF_OK ? grown : err;
}

static enum rf_err load(struct rf_store *store, const char *name, struct rf_store_phone *phone,
                        struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_DEVICE_FIND);
    rf_db_text(&q, name);
    bool is_there = rf_db_row(&q);
    if (is_there)
        read_device(&q, &phone->device);
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && !is_there)
        err = device_unknown(name, why);
    return err == RF_OK ? load_lines(store, phone, why) : err;
}

enum rf_err rf_store_device_load(struct rf_store *store, const char *name,
                                 struct rf_store_phone *out, struct rf_why *why)
{
    struct rf_store_phone found = {0};
    enum rf_err err = load(store, name, &found, why);
    if (err != RF_OK) {
        rf_store_phone_fini(&found);
        return err;
    }
    *out = found;
    return RF_OK;
}

static enum rf_err list(struct rf_store *store, struct rf_store_phones *phones, struct rf_why *why)
{
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_DEVICE_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&phones->items, phones->n, sizeof *phones->items,
                              RF_STORE_DEVICES_MAX, why);
        if (grown != RF_OK)
            break;
        struct rf_store_phone *phone = &phones->items[phones->n++];
        *phone = (struct rf_store_phone){0};
        read_device(&q, &phone->device);
    }
    enum rf_err err = rf_db_end(&q, why);
    if (grown != RF_OK)
        return grown;
    for (size_t i = 0; i < phones->n && err == RF_OK; i++)
        err = load_lines(store, &phones->items[i], why);
    return err;
}

enum rf_err rf_store_device_list(struct rf_store *store, struct rf_store_phones *out,
                                 struct rf_why *why)
{
    struct rf_store_phones found = {0};
    enum rf_err err = list(store, &found, why);
    if (err != RF_OK) {
        rf_store_phones_fini(&found);
        return err;
    }
    *out = found;
    return RF_OK;
}

void rf_store_phone_fini(struct rf_store_phone *phone)
{
    rf_free(phone->lines);
    *phone = (struct rf_store_phone){0};
}

void rf_store_phones_fini(struct rf_store_phones *phones)
{
    for (size_t i = 0; i < phones->n; i++)
        rf_store_phone_fini(&phones->items[i]);
    rf_free(phones->items);
    *phones = (struct rf_store_phones){0};
}
