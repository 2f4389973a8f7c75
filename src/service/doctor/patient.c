/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the doctor sees: from a flash folder, or from what is at hand. Everything is only read. */
#include "service/doctor/doctor_int.h"

#include "base/file.h"
#include "base/text.h"
#include "service/phone/flash.h"

#include <stdio.h>
#include <string.h>

#define PEM_MAX ((size_t)256 * 1024)

bool rf_doctor_patient_mac(struct rf_doctor_patient *p, const char *text)
{
    char out[16] = "SEP";
    struct rf_slice rest = rf_slice_str(text);
    size_t n = 3;
    if (rf_slice_starts_with(rest, "SEP") || rf_slice_starts_with(rest, "sep"))
        rest = rf_slice_part(rest, 3, rest.len);
    struct rf_rd rd = rf_rd_of(rest);
    for (uint8_t c = 0; rf_rd_u8(&rd, &c);) {
        bool is_digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
        if (c >= 'a' && c <= 'f') {
            c = (uint8_t)(c - 'a' + 'A');
            is_digit = true;
        }
        if (!is_digit && c != ':' && c != '-' && c != '.')
            return false;
        if (is_digit && n == 15)
            return false;
        if (is_digit)
            out[n++] = (char)c;
    }
    if (n != 15)
        return false;
    memcpy(p->device, out, sizeof out);
    return true;
}

/* ---- a flash folder ---- */

static void take_pair(struct rf_phone_id *to, struct rf_flash_pair *from)
{
    to->cert = from->cert;
    to->key = from->key;
    to->chain = from->chain;
    *from = (struct rf_flash_pair){0};
}

static void read_list(struct rf_doctor_patient *p, const struct rf_flash *flash,
                      enum rf_list_kind kind)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    struct rf_why *why = &p->list_why[kind];
    enum rf_err err = rf_flash_list_read(flash, kind, &bytes, why);
    if (err == RF_ERR_NOT_FOUND)
        *why = (struct rf_why){0};
    else if (err == RF_OK && rf_lists_load(&p->lists, kind, rf_buf_slice(&bytes), why) == RF_OK)
        *why = (struct rf_why){0};
}

/* What is damaged or not there is not known: the phone itself says more about it. */
static void read_rest(struct rf_doctor_patient *p, const struct rf_flash *flash)
{
    struct rf_flash_pair pair = {0};
    struct rf_flash_boot boot;
    struct rf_flash_state state = {0};
    struct rf_image_keys keys = {0};
    struct rf_why ignored = {0};
    if (rf_flash_mic_load(flash, &pair, &ignored) == RF_OK)
        take_pair(&p->mic, &pair);
    if (rf_flash_lsc_load(flash, &pair, &ignored) == RF_OK)
        take_pair(&p->lsc, &pair);
    if (rf_flash_image_keys(flash, &keys, &ignored) == RF_OK) {
        p->image_keys = keys.list;
        keys.list = (struct rf_cert_list){0};
    }
    rf_image_keys_fini(&keys);
    if (rf_flash_boot_read(flash, &boot, &ignored) == RF_OK) {
        struct rf_slice name = rf_slice_str(boot.loads[boot.active]);
        size_t tail = rf_slice_ends_with(name, ".loads") ? 6 : 0;
        rf_slice_to_str(rf_slice_part(name, 0, name.len - tail), p->load, sizeof p->load);
    }
    if (rf_flash_state_read(flash, &state, &ignored) == RF_OK)
        p->config_timestamp = state.config_timestamp;
}

enum rf_err rf_doctor_patient_flash(struct rf_doctor_patient *p, const char *dir,
                                    struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    enum rf_err err = rf_flash_open(dir, &flash, why);
    if (err != RF_OK)
        return err;
    memcpy(p->device, flash->identity.device, sizeof p->device);
    memcpy(p->hardware, flash->identity.hardware, sizeof p->hardware);
    if (p->model[0] == '\0')
        rf_slice_to_str(rf_slice_str(flash->identity.model), p->model, sizeof p->model);
    read_list(p, flash, RF_LIST_CTL);
    read_list(p, flash, RF_LIST_ITL);
    read_rest(p, flash);
    return RF_OK;
}

/* ---- a folder with lists ---- */

static bool list_from(struct rf_doctor_patient *p, const char *dir, enum rf_list_kind kind,
                      const char *name)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
    struct rf_why *why = &p->list_why[kind];
    if (rf_file_read(path, DOCTOR_LOOK_MAX, &bytes, NULL) != RF_OK)
        return false;
    if (rf_lists_load(&p->lists, kind, rf_buf_slice(&bytes), why) == RF_OK)
        *why = (struct rf_why){0};
    return true;
}

enum rf_err rf_doctor_patient_lists(struct rf_doctor_patient *p, const char *dir,
                                    struct rf_why *why)
{
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        enum rf_list_kind kind = (enum rf_list_kind)i;
        char own[64];
        snprintf(own, sizeof own, "%s%s.tlv", rf_list_kind_name(kind), p->device);
        n += list_from(p, dir, kind, rf_list_kind_file(kind)) || list_from(p, dir, kind, own);
    }
    if (n == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "doctor-lists",
                          "%s has neither CTLFile.tlv nor ITLFile.tlv: for a phone without lists "
                          "leave --lists out",
                          dir);
    return RF_OK;
}

enum rf_err rf_doctor_patient_cert(struct rf_doctor_patient *p, const char *path,
                                   struct rf_why *why)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    struct rf_cert_list certs = {0};
    enum rf_err err = rf_certs_from_pem_file(path, &certs, why);
    if (err == RF_OK && certs.n == 0)
        err = rf_why_set(why, RF_ERR_NOT_FOUND, "pem-no-cert", "%s has no certificate", path);
    if (err == RF_OK) {
        err = rf_key_load(path, NULL, &key, why);
        if (err == RF_ERR_NOT_FOUND) { /* a certificate alone is good for certHash */
            err = RF_OK;
            if (why != NULL)
                *why = (struct rf_why){0};
        }
    }
    if (err == RF_OK && key != NULL && !rf_key_matches(key, certs.cert[0]))
        err = rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                         "%s: the key is not that of its first certificate", path);
    if (err == RF_OK) {
        rf_phone_id_fini(&p->lsc);
        p->lsc.cert = rf_cert_ref(certs.cert[0]);
        p->lsc.key = rf_steal(&key);
        for (size_t i = 1; i < certs.n; i++)
            if (!rf_cert_list_add(&p->lsc.chain, certs.cert[i]))
                break;
    }
    rf_cert_list_fini(&certs);
    return err;
}

void rf_doctor_patient_fini(struct rf_doctor_patient *p)
{
    rf_lists_fini(&p->lists);
    rf_phone_id_fini(&p->mic);
    rf_phone_id_fini(&p->lsc);
    rf_cert_list_fini(&p->image_keys);
}
