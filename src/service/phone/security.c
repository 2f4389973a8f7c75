/* SPDX-License-Identifier: Apache-2.0 */
#include "service/phone/security.h"

#include "base/file.h"
#include "base/text.h"
#include "service/phone/phone_int.h"

#include <string.h>

/* ---- reading ---- */

static void read_slot(const struct rf_flash *flash, enum rf_flash_slot slot,
                      const struct rf_image_keys *keys, struct rf_security_slot *out)
{
    RF_AUTO(rf_freep) char *dir = rf_flash_slot_dir(flash, slot);
    RF_AUTO(rf_freep) struct rf_load *load = rf_new(struct rf_load);
    struct rf_load_want want = {.hardware = rf_slice_str(flash->identity.hardware)};
    if (out->load[0] == '\0' ||
        rf_load_verify_dir(dir, out->load, &keys->list, &want, load, &out->why) != RF_OK)
        return;
    out->is_verified = true;
    rf_slice_to_str(rf_slice_str(load->version), out->version, sizeof out->version);
    rf_slice_to_str(rf_slice_str(load->list_info.signer), out->signer, sizeof out->signer);
    rf_load_fini(load);
}

static void read_slots(const struct rf_flash *flash, struct rf_security *page)
{
    struct rf_flash_boot boot;
    struct rf_why why = {0};
    if (rf_flash_image_keys(flash, &page->image_keys, &why) != RF_OK ||
        rf_flash_boot_read(flash, &boot, &why) != RF_OK) {
        page->slot[0].why = page->slot[1].why = why;
    } else {
        page->active = boot.active;
        for (size_t i = 0; i < 2; i++) {
            memcpy(page->slot[i].load, boot.loads[i], sizeof page->slot[i].load);
            read_slot(flash, (enum rf_flash_slot)i, &page->image_keys, &page->slot[i]);
        }
    }
}

static void read_lists(const struct rf_flash *flash, struct rf_security *page,
                       struct rf_lists *lists)
{
    for (size_t i = 0; i < 2; i++) {
        enum rf_list_kind kind = (enum rf_list_kind)i;
        RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
        struct rf_why why = {0};
        enum rf_err err = rf_flash_list_read(flash, kind, &bytes, &why);
        if (err == RF_ERR_NOT_FOUND)
            continue;
        page->list[i].is_installed = true;
        /* A refused one stays out of `lists`; its reason is what the page shows. */
        if (err == RF_OK && rf_lists_load(lists, kind, rf_buf_slice(&bytes), &why) == RF_OK)
            why = (struct rf_why){0};
        page->list[i].why = why;
    }
    if (lists->ctl != NULL)
        page->list[RF_LIST_CTL].list = rf_list_ref(lists->ctl);
    if (lists->itl != NULL)
        page->list[RF_LIST_ITL].list = rf_list_ref(lists->itl);
}

/* Behind a key that is encrypted the certificate lies in the clear. */
static struct rf_cert *cert_alone(const struct rf_flash *flash, enum rf_flash_item item,
                                  const struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, item);
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list all = {0};
    if (strcmp(why->code, "device-secret") != 0 ||
        rf_certs_from_pem_file(path, &all, NULL) != RF_OK || all.n == 0)
        return NULL;
    return rf_cert_ref(all.cert[0]);
}

/* Certificates, and with the key of the one in use the configuration. */
static void read_identity(const struct rf_flash *flash, struct rf_security *page,
                          const struct rf_lists *lists)
{
    struct rf_flash_pair mic = {0}, lsc = {0};
    struct rf_flash_state state = {0};
    if (rf_flash_mic_load(flash, &mic, &page->mic_why) == RF_OK)
        page->mic = rf_cert_ref(mic.cert);
    else
        page->mic = cert_alone(flash, RF_FLASH_MIC, &page->mic_why);
    enum rf_err err = rf_flash_lsc_load(flash, &lsc, &page->lsc_why);
    if (err == RF_OK)
        page->lsc = rf_cert_ref(lsc.cert);
    else if (err == RF_ERR_NOT_FOUND)
        page->lsc_why = (struct rf_why){0};
    else
        page->lsc = cert_alone(flash, RF_FLASH_LSC, &page->lsc_why);
    RF_AUTO(rf_freep) char *pending = rf_flash_path(flash, RF_FLASH_LSC_PENDING);
    page->is_lsc_pending = rf_file_exists(pending);
    struct phone_keys keys = {.own = lsc.key != NULL ? lsc.key : mic.key, .mic = mic.key};
    err = rf_flash_state_read(flash, &state, &page->config_why);
    page->mode = state.mode;
    if (err == RF_OK && keys.own != NULL && keys.mic != NULL &&
        phone_config_stored(flash, lists, &state, &keys, &page->config, &page->config_why) ==
            RF_ERR_NOT_FOUND)
        page->config_why = (struct rf_why){0};
    rf_flash_pair_fini(&mic);
    rf_flash_pair_fini(&lsc);
}

struct files_read {
    const struct rf_flash *flash;
    const struct rf_lists *lists;
    struct rf_security *page;
};

static enum rf_err read_file(void *arg, const char *name)
{
    const struct files_read *r = arg;
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    struct rf_sigfile_info info;
    if (r->page->file_n == RF_SECURITY_FILES_MAX)
        return RF_OK;
    struct rf_security_file *f = &r->page->file[r->page->file_n++];
    rf_slice_to_str(rf_slice_str(name), f->name, sizeof f->name);
    f->is_verified =
        phone_file_stored(r->flash, r->lists, name, &bytes, &info, f->signer, &f->why) == RF_OK;
    if (f->is_verified)
        phone_sha256_text(info.body, f->sha256);
    return RF_OK;
}

/* What cannot be read of the folder is not there. */
static void read_files(const struct rf_flash *flash, struct rf_security *page,
                       const struct rf_lists *lists)
{
    struct files_read r = {.flash = flash, .lists = lists, .page = page};
    (void)!rf_flash_files_each(flash, read_file, &r, NULL);
}

enum rf_err rf_security_read(const char *dir, const struct rf_secret *secret,
                             struct rf_security **out, struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    struct rf_lists lists = {0};
    enum rf_err err = rf_flash_open(dir, &flash, why);
    if (err != RF_OK)
        return err;
    struct rf_security *page = rf_new(struct rf_security);
    page->identity = flash->identity;
    page->is_protected = rf_flash_is_protected(flash);
    if (page->is_protected && secret != NULL)
        (void)!rf_flash_use_secret(flash, secret, &page->mic_why);
    page->is_unlocked = rf_flash_settings_are_open(flash, rf_wall_s(rf_clock_real()));
    (void)!rf_flash_options_read(flash, &page->options, &page->options_why);
    read_slots(flash, page);
    read_lists(flash, page, &lists);
    read_identity(flash, page, &lists);
    read_files(flash, page, &lists);
    rf_lists_fini(&lists);
    *out = page;
    return RF_OK;
}

void rf_security_free(struct rf_security *page)
{
    if (page == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        rf_list_unref(page->list[i].list);
    rf_image_keys_fini(&page->image_keys);
    rf_cert_unref(page->mic);
    rf_cert_unref(page->lsc);
    rf_phonexml_free(page->config);
    rf_free(page);
}

void rf_security_freep(struct rf_security **page)
{
    rf_security_free(*page);
}

const char *rf_security_mode_name(uint32_t mode)
{
    static const char *const names[] = {"Not known", "Non-secure", "Authenticated", "Encrypted"};
    return mode < sizeof names / sizeof *names ? names[mode] : names[0];
}

const char *rf_security_web_name(const struct rf_phonexml *c)
{
    static const char *const names[] = {"on", "off", "read only"};
    return !c->has_web_access ? "not said" : c->web_access < 3 ? names[c->web_access] : "not known";
}

const char *rf_security_settings_name(const struct rf_phonexml *c)
{
    static const char *const names[] = {"none", "full", "preferences only"};
    return !c->has_settings_access  ? "full"
           : c->settings_access < 3 ? names[c->settings_access]
                                    : "none";
}

/* ---- as JSON ---- */

static struct rf_json *cert_json(const struct rf_cert *c)
{
    struct rf_json *j = rf_json_obj();
    char time[32];
    rf_json_set_str(j, "subject", rf_cert_subject(c));
    rf_json_set_str(j, "issuer", rf_cert_issuer(c));
    rf_json_set_hex(j, "serial", rf_cert_serial(c));
    rf_json_set_str(j, "fingerprint", rf_cert_fingerprint(c));
    rf_json_set_str(j, "not_before", rf_time_text(rf_cert_not_before(c), time, sizeof time));
    rf_json_set_str(j, "not_after", rf_time_text(rf_cert_not_after(c), time, sizeof time));
    rf_json_set_str(j, "key",
                    rf_cert_key_type(c) == RF_KEY_RSA  ? "RSA"
                    : rf_cert_key_type(c) == RF_KEY_EC ? "EC"
                                                       : "other");
    rf_json_set_int(j, "key_bits", rf_cert_key_bits(c));
    return j;
}

static void set_why(struct rf_json *j, const struct rf_why *why)
{
    if (why->code[0] == '\0')
        return;
    rf_json_set_str(j, "code", why->code);
    rf_json_set_str(j, "why", why->text);
}

static struct rf_json *own_cert_json(const struct rf_cert *c, const struct rf_why *why)
{
    struct rf_json *j = c != NULL ? cert_json(c) : rf_json_obj();
    rf_json_set_bool(j, "installed", c != NULL);
    set_why(j, why);
    return j;
}

static struct rf_json *slot_json(const struct rf_security_slot *s, const char *name, bool is_active)
{
    struct rf_json *j = rf_json_obj();
    char load[RF_PHONEXML_NAME_SIZE];
    phone_load_name(s->load, load, sizeof load);
    rf_json_set_str(j, "slot", name);
    rf_json_set_bool(j, "active", is_active);
    rf_json_set_str(j, "load", load);
    rf_json_set_bool(j, "verified", s->is_verified);
    if (s->is_verified) {
        rf_json_set_str(j, "version", s->version);
        rf_json_set_str(j, "signer", s->signer);
    }
    set_why(j, &s->why);
    return j;
}

static struct rf_json *image_keys_json(const struct rf_image_keys *keys)
{
    struct rf_json *j = rf_json_obj(), *all = rf_json_arr();
    for (size_t i = 0; i < keys->list.n; i++)
        rf_json_arr_add_take(all, cert_json(keys->list.cert[i]));
    rf_json_set_int(j, "generation", keys->generation);
    rf_json_set_take(j, "keys", all);
    return j;
}

static struct rf_json *options_json(const struct rf_security *page)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "min_load_version", page->options.min_load_version);
    rf_json_set_str(j, "file_rollback", rf_rollback_name(page->options.file_rollback));
    rf_json_set_bool(j, "sha512_sticks", page->options.sha512_sticks);
    rf_json_set_str(j, "srst_clear_fallback", page->options.allows_srst_clear ? "allow" : "refuse");
    rf_json_set_str(j, "tftp", page->options.tftp);
    set_why(j, &page->options_why);
    return j;
}

static struct rf_json *entry_json(const struct rf_list *l, size_t i)
{
    struct rf_json *j = rf_json_obj();
    const struct rf_trustlist_record *r = &rf_list_content(l)->record[i];
    const struct rf_cert *c = rf_list_cert(l, i);
    char role[24];
    rf_json_set_str(j, "role", rf_trustlist_role_text(rf_list_role(l, i), role, sizeof role));
    rf_json_set_slice(j, "subject", r->subject);
    rf_json_set_slice(j, "issuer", r->issuer);
    rf_json_set_hex(j, "serial", r->serial);
    rf_json_set_str(j, "fingerprint", c != NULL ? rf_cert_fingerprint(c) : NULL);
    return j;
}

static struct rf_json *list_json(const struct rf_security_list *s, enum rf_list_kind kind)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "list", rf_list_kind_name(kind));
    rf_json_set_bool(j, "installed", s->is_installed);
    rf_json_set_bool(j, "verified", s->list != NULL);
    set_why(j, &s->why);
    if (s->list == NULL)
        return j;
    const struct rf_trustlist *content = rf_list_content(s->list);
    const struct rf_cert *signer = rf_list_own_signer(s->list);
    char time[32];
    rf_json_set_str(j, "fingerprint", rf_list_fingerprint(s->list));
    rf_json_set_slice(j, "signer", content->header.signer);
    rf_json_set_str(j, "signer_fingerprint", signer != NULL ? rf_cert_fingerprint(signer) : NULL);
    if (content->header.has_timestamp)
        rf_json_set_str(j, "made", rf_time_text(content->header.timestamp, time, sizeof time));
    struct rf_json *entries = rf_json_arr();
    for (size_t i = 0; i < rf_list_n(s->list); i++)
        rf_json_arr_add_take(entries, entry_json(s->list, i));
    rf_json_set_take(j, "entries", entries);
    return j;
}

static struct rf_json *server_json(const char *name, uint16_t port)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "server", name);
    rf_json_set_int(j, "port", port);
    return j;
}

static struct rf_json *config_json(const struct rf_security *page)
{
    const struct rf_phonexml *c = page->config;
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "stored", c != NULL);
    set_why(j, &page->config_why);
    if (c == NULL)
        return j;
    struct rf_json *managers = rf_json_arr();
    for (size_t i = 0; i < c->cm_n; i++)
        rf_json_arr_add_str(managers, c->cm[i].name);
    rf_json_set_int(j, "mode", c->security_mode);
    rf_json_set_str(j, "load", c->load_information);
    rf_json_set_int(j, "capf_auth_mode", c->capf_auth_mode);
    rf_json_set_str(j, "version_stamp", c->version_stamp);
    rf_json_set_take(j, "call_managers", managers);
    struct rf_json *capf = rf_json_arr(), *tvs = rf_json_arr();
    for (size_t i = 0; i < c->capf_n; i++)
        rf_json_arr_add_take(capf, server_json(c->capf[i].name, c->capf[i].port));
    for (size_t i = 0; i < c->tvs_n; i++)
        rf_json_arr_add_take(tvs, server_json(c->tvs[i].name, c->tvs[i].port));
    rf_json_set_take(j, "capf_servers", capf);
    rf_json_set_take(j, "tvs_servers", tvs);
    rf_json_set_str(j, "web_access", rf_security_web_name(c));
    rf_json_set_str(j, "settings_access", rf_security_settings_name(c));
    rf_json_set_bool(j, "settings_password", c->phone_password[0] != '\0');
    return j;
}

static struct rf_json *files_json(const struct rf_security *page)
{
    struct rf_json *all = rf_json_arr();
    for (size_t i = 0; i < page->file_n; i++) {
        const struct rf_security_file *f = &page->file[i];
        struct rf_json *j = rf_json_obj();
        rf_json_set_str(j, "file", f->name);
        rf_json_set_bool(j, "verified", f->is_verified);
        rf_json_set_str(j, "signer", f->is_verified ? f->signer : NULL);
        rf_json_set_str(j, "sha256", f->is_verified ? f->sha256 : NULL);
        set_why(j, &f->why);
        rf_json_arr_add_take(all, j);
    }
    return all;
}

/* The certificates by which a server is known, over both lists. */
static struct rf_json *servers_json(const struct rf_security *page)
{
    struct rf_json *all = rf_json_arr();
    for (size_t k = 0; k < 2; k++) {
        const struct rf_list *l = page->list[k].list;
        for (size_t i = 0; l != NULL && i < rf_list_n(l); i++) {
            if (rf_list_role(l, i) == RF_TRUSTLIST_ROLE_SAST || rf_list_cert(l, i) == NULL)
                continue;
            struct rf_json *j = cert_json(rf_list_cert(l, i));
            char role[24];
            rf_json_set_str(j, "role",
                            rf_trustlist_role_text(rf_list_role(l, i), role, sizeof role));
            rf_json_set_str(j, "list", rf_list_kind_name((enum rf_list_kind)k));
            rf_json_arr_add_take(all, j);
        }
    }
    return all;
}

struct rf_json *rf_security_json(const struct rf_security *page)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "device", page->identity.device);
    rf_json_set_str(j, "model", page->identity.model);
    rf_json_set_str(j, "serial_number", page->identity.serial_number);
    rf_json_set_str(j, "hardware", page->identity.hardware);
    rf_json_set_int(j, "mode", page->mode);
    rf_json_set_str(j, "security_mode", rf_security_mode_name(page->mode));
    struct rf_json *image = rf_json_arr();
    for (size_t i = 0; i < 2; i++)
        rf_json_arr_add_take(image,
                             slot_json(&page->slot[i], rf_flash_slot_name((enum rf_flash_slot)i),
                                       page->active == (enum rf_flash_slot)i));
    rf_json_set_take(j, "image", image);
    rf_json_set_take(j, "image_keys", image_keys_json(&page->image_keys));
    rf_json_set_str(j, "settings", page->is_unlocked ? "unlocked" : "locked");
    rf_json_set_str(j, "private_keys", page->is_protected ? "encrypted" : "in the clear");
    rf_json_set_take(j, "options", options_json(page));
    struct rf_json *lists = rf_json_arr();
    for (size_t i = 0; i < 2; i++)
        rf_json_arr_add_take(lists, list_json(&page->list[i], (enum rf_list_kind)i));
    rf_json_set_take(j, "lists", lists);
    rf_json_set_take(j, "mic", own_cert_json(page->mic, &page->mic_why));
    struct rf_json *lsc = own_cert_json(page->lsc, &page->lsc_why);
    rf_json_set_bool(lsc, "pending", page->is_lsc_pending);
    rf_json_set_take(j, "lsc", lsc);
    rf_json_set_take(j, "config", config_json(page));
    rf_json_set_take(j, "files", files_json(page));
    rf_json_set_take(j, "servers", servers_json(page));
    return j;
}
