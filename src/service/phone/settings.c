/* SPDX-License-Identifier: Apache-2.0 */
#include "service/phone/settings.h"

#include "base/faults.h"
#include "service/phone/phone_int.h"

#include <string.h>

#define SECRET_MIN 8

static enum rf_err open_alone(const char *dir, struct rf_flash **out, struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    enum rf_err err = rf_flash_open(dir, &flash, why);
    if (err == RF_OK)
        err = rf_flash_lock(flash, why);
    if (err == RF_OK)
        *out = rf_steal(&flash);
    return err;
}

/* The same, and the settings must be open. */
static enum rf_err open_unlocked(const char *dir, int64_t now_s, struct rf_flash **out,
                                 struct rf_why *why)
{
    enum rf_err err = open_alone(dir, out, why);
    return err == RF_OK ? rf_flash_settings_check(*out, now_s, why) : err;
}

enum rf_err rf_settings_unlock(const char *dir, int64_t now_s, struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    enum rf_err err = open_alone(dir, &flash, why);
    if (err == RF_OK)
        err = rf_flash_status_add(flash, now_s, "Settings unlocked", why);
    return err == RF_OK ? rf_flash_settings_unlock(flash, now_s, why) : err;
}

enum rf_err rf_settings_lock(const char *dir, int64_t now_s, struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    enum rf_err err = open_alone(dir, &flash, why);
    if (err == RF_OK)
        err = rf_flash_status_add(flash, now_s, "Settings locked", why);
    return err == RF_OK ? rf_flash_settings_lock(flash, why) : err;
}

/* Said before it is done: it is in the messages, whatever happens in between. */
static enum rf_err forget_lists(const struct rf_flash *flash, int64_t now_s, struct rf_why *why)
{
    enum rf_err err = rf_flash_status_add(flash, now_s, "Erasing CTL and ITL files", why);
    return err == RF_OK ? rf_flash_lists_erase(flash, why) : err;
}

enum rf_err rf_settings_erase(const char *dir, int64_t now_s, struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    enum rf_err err = open_unlocked(dir, now_s, &flash, why);
    if (err == RF_OK)
        err = forget_lists(flash, now_s, why);
    return err == RF_OK ? rf_flash_settings_lock(flash, why) : err;
}

/* ---- the device secret ---- */

enum rf_err rf_settings_protect(const char *dir, const struct rf_secret *secret, int64_t now_s,
                                struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    if (secret->len < SECRET_MIN)
        return rf_why_set(why, RF_ERR_BAD, "device-secret-short",
                          "a device secret has at least %d characters", SECRET_MIN);
    enum rf_err err = open_alone(dir, &flash, why);
    if (err == RF_OK && rf_flash_is_protected(flash))
        err = rf_flash_use_secret(flash, secret, why);
    if (err == RF_OK)
        err = rf_flash_protect(flash, secret, why);
    return err == RF_OK ? rf_flash_status_add(flash, now_s, "Private keys encrypted", why) : err;
}

enum rf_err rf_settings_unprotect(const char *dir, const struct rf_secret *secret, int64_t now_s,
                                  struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    enum rf_err err = open_alone(dir, &flash, why);
    if (err == RF_OK)
        err = rf_flash_use_secret(flash, secret, why);
    if (err == RF_OK)
        err = rf_flash_protect(flash, NULL, why);
    return err == RF_OK ? rf_flash_status_add(flash, now_s, "Private keys not encrypted", why)
                        : err;
}

/* ---- options ---- */

static enum rf_err put_text(const char *name, const char *value, char *out, size_t cap,
                            struct rf_why *why)
{
    if (value != NULL && !rf_slice_to_str(rf_slice_str(value), out, cap))
        return rf_why_set(why, RF_ERR_LIMIT, "option-long", "%s has at most %zu bytes", name,
                          cap - 1);
    return RF_OK;
}

/* A floor above what runs would make the phone refuse itself. */
static enum rf_err check_floor(const struct rf_flash *flash, const char *floor, struct rf_why *why)
{
    RF_AUTO(rf_image_keys_fini) struct rf_image_keys keys = {0};
    struct phone_firmware *fw = NULL;
    struct rf_flash_boot boot;
    enum rf_err err = rf_flash_image_keys(flash, &keys, why);
    if (err == RF_OK)
        err = rf_flash_boot_read(flash, &boot, why);
    if (err == RF_OK)
        err = phone_firmware_open(flash, boot.active, boot.loads[boot.active], &keys, "", &fw, why);
    if (err != RF_OK)
        return err;
    if (!rf_fault_skips("settings.floor") &&
        rf_image_version_order(rf_slice_str(fw->load.version), rf_slice_str(floor)) < 0)
        err = rf_why_set(why, RF_ERR_DENIED, "floor-above",
                         "version %s runs, which is below %s: change the firmware first",
                         fw->load.version, floor);
    phone_firmware_free(fw);
    return err;
}

static enum rf_err apply(const struct rf_flash *flash, const struct rf_settings_change *c,
                         struct rf_flash_options *o, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    if (c->min_load_version != NULL && c->min_load_version[0] != '\0')
        err = check_floor(flash, c->min_load_version, why);
    if (err == RF_OK)
        err = put_text("min-load", c->min_load_version, o->min_load_version,
                       sizeof o->min_load_version, why);
    if (err == RF_OK)
        err = put_text("tftp", c->tftp, o->tftp, sizeof o->tftp, why);
    if (c->file_rollback != NULL)
        o->file_rollback = *c->file_rollback;
    if (c->sha512_sticks != NULL)
        o->sha512_sticks = *c->sha512_sticks;
    if (c->allows_srst_clear != NULL)
        o->allows_srst_clear = *c->allows_srst_clear;
    return err;
}

enum rf_err rf_settings_change(const char *dir, const struct rf_settings_change *change,
                               int64_t now_s, struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    struct rf_flash_options options = {0}, before;
    enum rf_err err = open_unlocked(dir, now_s, &flash, why);
    if (err == RF_OK)
        err = rf_flash_options_read(flash, &options, why);
    before = options;
    if (err == RF_OK)
        err = apply(flash, change, &options, why);
    if (err == RF_OK)
        err = rf_flash_status_add(flash, now_s, "Settings changed", why);
    /* The lists first: were power to fail between the two, the phone would take the lists of the
     * server it knows, and not those of the new one for its own. */
    if (err == RF_OK && strcmp(before.tftp, options.tftp) != 0)
        err = forget_lists(flash, now_s, why);
    return err == RF_OK ? rf_flash_options_write(flash, &options, why) : err;
}
