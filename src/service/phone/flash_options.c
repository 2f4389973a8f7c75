/* SPDX-License-Identifier: Apache-2.0 */
/* What the user of a phone may change in it, and the lock before that. */
#include "service/phone/flash_int.h"

#include "base/faults.h"
#include "base/file.h"

#include <string.h>

static const char *const rollback_words[] = {
    [RF_ROLLBACK_WARN] = "warn", [RF_ROLLBACK_OFF] = "off", [RF_ROLLBACK_REJECT] = "reject"};

const char *rf_rollback_name(enum rf_rollback rollback)
{
    return rollback_words[rollback];
}

bool rf_rollback_parse(const char *word, enum rf_rollback *out)
{
    for (size_t i = 0; i < sizeof rollback_words / sizeof *rollback_words; i++)
        if (strcmp(rollback_words[i], word) == 0) {
            *out = (enum rf_rollback)i;
            return true;
        }
    return false;
}

/* ---- options ---- */

static enum rf_err options_decode(const struct rf_json *j, struct rf_flash_options *out,
                                  struct rf_why *why)
{
    const char *floor = NULL, *rollback = NULL, *tftp = NULL;
    enum rf_err err = rf_json_need_str(j, "min_load_version", &floor, why);
    if (err == RF_OK)
        err = rf_json_need_str(j, "file_rollback", &rollback, why);
    if (err == RF_OK)
        err = rf_json_need_bool(j, "sha512_sticks", &out->sha512_sticks, why);
    if (err == RF_OK)
        err = rf_json_need_str(j, "tftp", &tftp, why);
    if (err != RF_OK)
        return err;
    /* A flash that was written before there was such an option has none. */
    (void)!rf_json_bool(j, "srst_clear_fallback", &out->allows_srst_clear);
    if (!rf_slice_to_str(rf_slice_str(floor), out->min_load_version,
                         sizeof out->min_load_version) ||
        !rf_slice_to_str(rf_slice_str(tftp), out->tftp, sizeof out->tftp) ||
        !rf_rollback_parse(rollback, &out->file_rollback))
        return rf_why_set(why, RF_ERR_BAD, "flash-options", "a value is no option's");
    return RF_OK;
}

enum rf_err rf_flash_options_read(const struct rf_flash *flash, struct rf_flash_options *out,
                                  struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_OPTIONS);
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_why inner = {0};
    struct rf_flash_options options = {.file_rollback = RF_ROLLBACK_WARN};
    *out = options;
    if (!rf_file_exists(path))
        return RF_OK;
    enum rf_err err = rf_flash_json_read(path, &j, &inner);
    if (err == RF_OK)
        err = options_decode(j, &options, &inner);
    if (err != RF_OK)
        return rf_why_set(why, err == RF_ERR_IO ? err : RF_ERR_BAD, "flash-options", "%s: %s", path,
                          inner.text);
    *out = options;
    return RF_OK;
}

enum rf_err rf_flash_options_write(const struct rf_flash *flash,
                                   const struct rf_flash_options *options, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_OPTIONS);
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "min_load_version", options->min_load_version);
    rf_json_set_str(j, "file_rollback", rf_rollback_name(options->file_rollback));
    rf_json_set_bool(j, "sha512_sticks", options->sha512_sticks);
    rf_json_set_str(j, "tftp", options->tftp);
    rf_json_set_bool(j, "srst_clear_fallback", options->allows_srst_clear);
    return rf_flash_json_write(path, j, why);
}

/* ---- the lock of the settings ---- */

enum rf_err rf_flash_settings_unlock(const struct rf_flash *flash, int64_t now_s,
                                     struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_UNLOCKED);
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "since", now_s);
    return rf_flash_json_write(path, j, why);
}

enum rf_err rf_flash_settings_lock(const struct rf_flash *flash, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_UNLOCKED);
    return rf_file_exists(path) ? rf_file_remove(path, why) : RF_OK;
}

bool rf_flash_settings_are_open(const struct rf_flash *flash, int64_t now_s)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_UNLOCKED);
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_why why = {0};
    int64_t since = 0;
    return rf_flash_json_read(path, &j, &why) == RF_OK && rf_json_int(j, "since", &since) &&
           since <= now_s && now_s - since < RF_FLASH_UNLOCKED_S;
}

enum rf_err rf_flash_settings_check(const struct rf_flash *flash, int64_t now_s, struct rf_why *why)
{
    if (!rf_fault_skips("flash.settings-lock") && !rf_flash_settings_are_open(flash, now_s))
        return rf_why_set(why, RF_ERR_DENIED, "settings-locked",
                          "the settings of %s are locked: `ringphone unlock` opens them for %d "
                          "minutes",
                          flash->identity.device, RF_FLASH_UNLOCKED_S / 60);
    return RF_OK;
}
