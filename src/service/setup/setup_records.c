/* SPDX-License-Identifier: Apache-2.0 */
/* What a trust list of this site holds. Entries beyond the site's own certificates are files of the
 * folder trust/list, "ROLE-FINGERPRINT.pem" for all devices or "DEVICE.ROLE-FINGERPRINT.pem". */
#include "service/setup/setup_int.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "wire/trustlist/trustlist.h"

#define FINGERPRINT_LEN   64
#define FINGERPRINT_LEAST 8
#define ENTRIES_MAX       1024

/* What both lists hold, in this order; behind the SASTs. */
static const struct {
    enum rf_site_item cert;
    uint16_t role;
} own[] = {
    {RF_SITE_CERT_CCM, RF_TRUSTLIST_ROLE_CCM},    {RF_SITE_CERT_TFTP, RF_TRUSTLIST_ROLE_TFTP},
    {RF_SITE_CERT_CAPF, RF_TRUSTLIST_ROLE_CAPF},  {RF_SITE_CERT_TVS, RF_TRUSTLIST_ROLE_TVS},
    {RF_SITE_CERT_HTTPS, RF_TRUSTLIST_ROLE_TFTP},
};
#define OWN (sizeof own / sizeof *own)
/* An EC key under the TFTP role is only for lists of version 1.1: it stands last. */
#define OWN_10 (OWN - 1)

bool setup_record_is_in(const struct setup_records *r, size_t i, enum rf_list_kind kind)
{
    return kind == RF_LIST_ITL || r->role[i] != RF_TRUSTLIST_ROLE_TVS;
}

void setup_records_fini(struct setup_records *r)
{
    for (size_t i = 0; i < r->n; i++)
        rf_cert_unref(r->cert[i]);
    r->n = 0;
}

/* Once under each role: an entry may well be one of the site's own by now. */
static enum rf_err add(struct setup_records *r, struct rf_cert *cert, uint16_t role,
                       struct rf_why *why)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->role[i] == role && rf_cert_eq(r->cert[i], cert))
            return RF_OK;
    if (r->n == SETUP_RECORDS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "record-count",
                          "more than %d entries, and phones take %d: take some out with `ringfence "
                          "list remove`",
                          SETUP_RECORDS_MAX, RF_TRUSTLIST_BUILD_MAX);
    r->cert[r->n] = rf_cert_ref(cert);
    r->role[r->n++] = role;
    return RF_OK;
}

static enum rf_err add_file(struct setup_records *r, const char *path, uint16_t role,
                            struct rf_why *why)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_cert_from_pem_file(path, &cert, why);
    return err == RF_OK ? add(r, cert, role, why) : err;
}

char *setup_path_beside(const char *dir, enum rf_site_item item, const char *head)
{
    const char *path = rf_site_item_path(item);
    const char *name = strrchr(path, '/') + 1;
    return rf_strf("%s/%.*s%s-%s", dir, (int)(name - path), path, head, name);
}

static enum rf_err add_if_there(struct setup_records *r, const char *dir, enum rf_site_item item,
                                const char *head, uint16_t role, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = setup_path_beside(dir, item, head);
    return rf_file_exists(path) ? add_file(r, path, role, why) : RF_OK;
}

/* Two, and no more: while a new signer is being made known it stands in the spare's place. One
 * whose beginning broke off is not known to anybody, and `ringfence rotate status` does not tell of
 * it. */
static enum rf_err add_sasts(struct setup_records *r, const char *dir, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *first = rf_site_path_in(dir, RF_SITE_CERT_SAST1);
    RF_AUTO(rf_freep) char *second = rf_site_path_in(dir, RF_SITE_CERT_SAST2);
    RF_AUTO(rf_freep) char *next = setup_path_beside(dir, RF_SITE_CERT_SAST1, "next");
    RF_AUTO(rf_freep) char *rotation = rf_site_path_in(dir, RF_SITE_ROTATION);
    bool is_begun = rf_file_exists(next) && rf_file_exists(rotation);
    enum rf_err err = add_file(r, first, RF_TRUSTLIST_ROLE_SAST, why);
    return err == RF_OK ? add_file(r, is_begun ? next : second, RF_TRUSTLIST_ROLE_SAST, why) : err;
}

static enum rf_err add_own(struct setup_records *r, const char *dir, bool is_11, struct rf_why *why)
{
    const size_t n = is_11 ? OWN : OWN_10;
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, own[i].cert);
        /* Sites of an older version have no TVS. */
        if (own[i].cert != RF_SITE_CERT_TVS || rf_file_exists(path))
            err = add_file(r, path, own[i].role, why);
    }
    /* A rotation's other certificate, the coming or the former one. */
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        err = add_if_there(r, dir, own[i].cert, "next", own[i].role, why);
        if (err == RF_OK)
            err = add_if_there(r, dir, own[i].cert, "old", own[i].role, why);
    }
    return err;
}

/* ---- entries ---- */

struct entry_name {
    char device[RF_STORE_DEVICE_NAME];
    uint16_t role;
    char fingerprint[FINGERPRINT_LEN + 1];
};

/* SASTs are not added: they change by a rotation. */
static bool role_of(struct rf_slice word, uint16_t *role)
{
    return rf_trustlist_role_from_word(word, role) && *role != RF_TRUSTLIST_ROLE_SAST;
}

static enum rf_err name_parse(const char *file, struct entry_name *out, struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(file), device = {0}, role;
    *out = (struct entry_name){.role = 0};
    bool is_ok = rf_slice_ends_with(rest, ".pem");
    if (is_ok && rf_slice_starts_with(rest, "SEP"))
        is_ok = rf_next_piece(&rest, '.', &device);
    size_t tail = FINGERPRINT_LEN + strlen(".pem");
    is_ok = is_ok && rest.len > tail + 1;
    if (is_ok) {
        role = rf_slice_part(rest, 0, rest.len - tail - 1);
        is_ok = role_of(role, &out->role) &&
                rf_slice_to_str(device, out->device, sizeof out->device) &&
                rf_slice_to_str(rf_slice_part(rest, role.len + 1, FINGERPRINT_LEN),
                                out->fingerprint, sizeof out->fingerprint);
    }
    if (is_ok)
        return RF_OK;
    return rf_why_set(
        why, RF_ERR_BAD, "entry-name",
        "trust/list/%.100s is no entry of a list: wants [DEVICE.]ROLE-FINGERPRINT.pem; "
        "put it there with `ringfence list add`, or take it away",
        file);
}

struct names {
    struct entry_name *items;
    size_t n;
    struct rf_why *why;
};

static enum rf_err take_name(void *arg, const char *file)
{
    struct names *names = arg;
    if (rf_file_is_leftover(file))
        return RF_OK;
    if (names->n == ENTRIES_MAX)
        return rf_why_set(names->why, RF_ERR_LIMIT, "entry-count", "more than %d entries",
                          ENTRIES_MAX);
    enum rf_err err = name_parse(file, &names->items[names->n], names->why);
    names->n += err == RF_OK;
    return err;
}

static void names_fini(struct names *names)
{
    rf_free(names->items);
}

/* In the order of the files' names. */
static enum rf_err names_load(const char *dir, struct names *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(dir, RF_SITE_LIST_ENTRIES);
    out->why = why;
    out->items = rf_new_n(struct entry_name, ENTRIES_MAX);
    return rf_file_exists(folder) ? rf_dir_each(folder, take_name, out, why) : RF_OK;
}

static char *entry_path(const char *dir, const struct entry_name *name)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(dir, RF_SITE_LIST_ENTRIES);
    return rf_strf("%s/%s%s%s-%s.pem", folder, name->device, name->device[0] != '\0' ? "." : "",
                   rf_trustlist_role_word(name->role), name->fingerprint);
}

static enum rf_err add_entries(struct setup_records *r, const char *dir, const char *device,
                               struct rf_why *why)
{
    RF_AUTO(names_fini) struct names names = {.n = 0};
    enum rf_err err = names_load(dir, &names, why);
    for (size_t i = 0; i < names.n && err == RF_OK; i++) {
        const struct entry_name *name = &names.items[i];
        RF_AUTO(rf_freep) char *path = entry_path(dir, name);
        if (name->device[0] == '\0' || strcmp(name->device, device) == 0)
            err = add_file(r, path, name->role, why);
    }
    return err;
}

enum rf_err setup_records_load(const char *dir, bool is_11, const char *device,
                               struct setup_records *out, struct rf_why *why)
{
    enum rf_err err = add_sasts(out, dir, why);
    if (err == RF_OK)
        err = add_own(out, dir, is_11, why);
    return err == RF_OK ? add_entries(out, dir, device, why) : err;
}

/* ---- devices with lists of their own ---- */

struct collecting {
    struct setup_devices *to;
    struct rf_why *why;
};

static enum rf_err collect(struct setup_devices *to, const char *device, struct rf_why *why)
{
    for (size_t i = 0; i < to->n; i++)
        if (strcmp(to->name[i], device) == 0)
            return RF_OK;
    if (to->n == SETUP_OWN_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "own-lists",
                          "more than %d devices with lists of their own", SETUP_OWN_MAX);
    snprintf(to->name[to->n++], RF_STORE_DEVICE_NAME, "%s", device);
    return RF_OK;
}

/* "CTLSEP001122334455.tlv" */
static enum rf_err collect_list(void *arg, const char *file)
{
    struct collecting *c = arg;
    char device[RF_STORE_DEVICE_NAME] = "";
    struct rf_slice name = rf_slice_str(file);
    bool is_one = name.len == 3 + 15 + 4 && rf_slice_ends_with(name, ".tlv") &&
                  (rf_slice_starts_with(name, "CTLSEP") || rf_slice_starts_with(name, "ITLSEP")) &&
                  rf_slice_to_str(rf_slice_part(name, 3, 15), device, sizeof device);
    return is_one ? collect(c->to, device, c->why) : RF_OK;
}

enum rf_err setup_devices_list(const char *dir, struct setup_devices *out, struct rf_why *why)
{
    RF_AUTO(names_fini) struct names names = {.n = 0};
    RF_AUTO(rf_freep) char *lists = rf_site_path_in(dir, RF_SITE_LISTS);
    struct collecting c = {.to = out, .why = why};
    enum rf_err err = names_load(dir, &names, why);
    for (size_t i = 0; i < names.n && err == RF_OK; i++)
        if (names.items[i].device[0] != '\0')
            err = collect(out, names.items[i].device, why);
    return err == RF_OK ? rf_dir_each(lists, collect_list, &c, why) : err;
}

enum rf_err setup_device_has_entries(const char *dir, const char *device, bool *has,
                                     struct rf_why *why)
{
    RF_AUTO(names_fini) struct names names = {.n = 0};
    enum rf_err err = names_load(dir, &names, why);
    *has = false;
    for (size_t i = 0; i < names.n && err == RF_OK; i++)
        *has |= strcmp(names.items[i].device, device) == 0;
    return err;
}

/* ---- entries come and go ---- */

/* Phones ask for lists by their MAC address. */
static bool is_phone_name(const char *name)
{
    return strlen(name) == 15 && strncmp(name, "SEP", 3) == 0 &&
           strspn(name + 3, "0123456789ABCDEF") == 12;
}

enum rf_err rf_setup_entry_add(const char *dir, const char *device, const char *role,
                               const struct rf_cert *cert, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(dir, RF_SITE_LIST_ENTRIES);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    struct entry_name name = {.role = 0};
    if (!role_of(rf_slice_str(role), &name.role))
        return rf_why_set(
            why, RF_ERR_BAD, "entry-role",
            "no entry has the role \"%.40s\": wants ccm, ccm-tftp, tftp, capf, tvs or "
            "app-server; SASTs change with `ringfence rotate begin`",
            role);
    if (device != NULL && !is_phone_name(device))
        return rf_why_set(why, RF_ERR_BAD, "device-name",
                          "\"%.40s\": lists of its own has a phone, SEP and 12 hexadecimal digits "
                          "in upper case",
                          device);
    snprintf(name.device, sizeof name.device, "%s", device != NULL ? device : "");
    snprintf(name.fingerprint, sizeof name.fingerprint, "%s", rf_cert_fingerprint(cert));
    RF_AUTO(rf_freep) char *path = entry_path(dir, &name);
    enum rf_err err = rf_dir_make(folder, 0755, why);
    if (err == RF_OK && rf_cert_to_pem(cert, &pem) != RF_OK)
        err = rf_why_set(why, RF_ERR_LIMIT, "cert-size", "%s: too long", rf_cert_subject(cert));
    if (err == RF_OK && rf_file_exists(path))
        err = rf_why_set(why, RF_ERR_EXISTS, "entry-exists",
                         "%s (%s) is an entry with role %s already", rf_cert_subject(cert),
                         rf_cert_short(cert), role);
    return err == RF_OK ? rf_file_create(path, rf_buf_slice(&pem), RF_FILE_PUBLIC, why) : err;
}

enum rf_err rf_setup_entry_remove(const char *dir, const char *device, const char *fingerprint,
                                  struct rf_why *why)
{
    RF_AUTO(names_fini) struct names names = {.n = 0};
    const struct entry_name *found = NULL;
    size_t len = strlen(fingerprint);
    if (len < FINGERPRINT_LEAST)
        return rf_why_set(why, RF_ERR_BAD, "entry-name",
                          "\"%.64s\": wants a fingerprint, or its first %d digits at least",
                          fingerprint, FINGERPRINT_LEAST);
    enum rf_err err = names_load(dir, &names, why);
    for (size_t i = 0; i < names.n && err == RF_OK; i++) {
        const struct entry_name *name = &names.items[i];
        if (strcmp(name->device, device != NULL ? device : "") != 0 ||
            strncmp(name->fingerprint, fingerprint, len) != 0)
            continue;
        if (found != NULL)
            err = rf_why_set(why, RF_ERR_BAD, "entry-name",
                             "several entries begin with %.64s (or one has several roles): remove "
                             "their files in trust/list",
                             fingerprint);
        found = name;
    }
    if (err == RF_OK && found == NULL)
        err = rf_why_set(why, RF_ERR_NOT_FOUND, "entry-unknown",
                         "no entry%s%s has the fingerprint %.64s: `ringfence list entries` shows "
                         "them",
                         device != NULL ? " of " : "", device != NULL ? device : "", fingerprint);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_freep) char *path = entry_path(dir, found);
    return rf_file_remove(path, why);
}

enum rf_err rf_setup_entries_list(const char *dir, struct rf_setup_entries *out, struct rf_why *why)
{
    RF_AUTO(names_fini) struct names names = {.n = 0};
    *out = (struct rf_setup_entries){0};
    enum rf_err err = names_load(dir, &names, why);
    if (err == RF_OK && names.n > 0)
        out->items = rf_new_n(struct rf_setup_entry, names.n);
    for (size_t i = 0; i < names.n && err == RF_OK; i++) {
        struct rf_setup_entry *entry = &out->items[out->n];
        RF_AUTO(rf_freep) char *path = entry_path(dir, &names.items[i]);
        entry->role = names.items[i].role;
        snprintf(entry->device, sizeof entry->device, "%s", names.items[i].device);
        err = rf_cert_from_pem_file(path, &entry->cert, why);
        out->n += err == RF_OK;
    }
    if (err != RF_OK)
        rf_setup_entries_fini(out);
    return err;
}

void rf_setup_entries_fini(struct rf_setup_entries *entries)
{
    for (size_t i = 0; i < entries->n; i++)
        rf_cert_unref(entries->items[i].cert);
    rf_free(entries->items);
    *entries = (struct rf_setup_entries){0};
}
