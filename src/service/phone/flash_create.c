/* SPDX-License-Identifier: Apache-2.0 */
/* A phone leaves the factory. */
#include "service/phone/flash_int.h"

#include "base/file.h"
#include "trust/image.h"
#include "trust/name.h"

static enum rf_err check_make(const char *dir, const struct rf_flash_make *make, struct rf_why *why)
{
    const struct rf_flash_identity *id = &make->identity;
    RF_AUTO(rf_freep) char *mark = rf_path_join(dir, rf_flash_item_path(RF_FLASH_IDENTITY));
    if (rf_file_exists(mark))
        return rf_why_set(why, RF_ERR_EXISTS, "flash-exists",
                          "%s holds a phone already: remove the folder or choose another", dir);
    enum rf_err err = rf_flash_identity_check(id, why);
    if (err == RF_OK)
        err = rf_name_matches_device(make->mic, rf_slice_str(id->device), NULL, NULL, why);
    return err;
}

struct copy {
    const struct rf_flash *flash;
    const char *from;
    struct rf_why *why;
};

static enum rf_err copy_one(void *arg, const char *name)
{
    const struct copy *c = arg;
    RF_AUTO(rf_freep) char *from = rf_path_join(c->from, name);
    RF_AUTO(rf_freep) char *slot = rf_flash_slot_dir(c->flash, RF_FLASH_A);
    RF_AUTO(rf_freep) char *to = rf_path_join(slot, name);
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    enum rf_err err = rf_file_read(from, RF_IMAGE_BYTES_MAX, &bytes, c->why);
    return err == RF_OK ? rf_file_replace(to, rf_buf_slice(&bytes), RF_FILE_PUBLIC, c->why) : err;
}

/* The firmware, checked as the phone itself will check it when it boots. */
static enum rf_err put_load(const struct rf_flash *flash, const struct rf_flash_make *make,
                            struct rf_why *why)
{
    RF_AUTO(rf_freep) char *slot = rf_flash_slot_dir(flash, RF_FLASH_A);
    struct rf_load_want want = {.hardware = rf_slice_str(make->identity.hardware)};
    RF_AUTO(rf_freep) struct rf_load *load = rf_new(struct rf_load);
    enum rf_err err = rf_dir_empty(slot, why);
    if (err == RF_OK)
        err = rf_dir_each(make->load_dir, copy_one,
                          &(struct copy){.flash = flash, .from = make->load_dir, .why = why}, why);
    if (err == RF_OK)
        err = rf_load_verify_dir(slot, make->loads_name, &make->image_keys->list, &want, load, why);
    if (err == RF_OK)
        rf_load_fini(load);
    struct rf_flash_boot boot = {.active = RF_FLASH_A};
    if (err == RF_OK &&
        !rf_slice_to_str(rf_slice_str(make->loads_name), boot.loads[0], sizeof boot.loads[0]))
        err = rf_why_set(why, RF_ERR_BAD, "flash-name", "%s is too long", make->loads_name);
    return err == RF_OK ? rf_flash_boot_write(flash, &boot, why) : err;
}

static enum rf_err put_identity(const struct rf_flash *flash, const struct rf_flash_identity *id,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_IDENTITY);
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "device", id->device);
    rf_json_set_str(j, "model", id->model);
    rf_json_set_str(j, "serial_number", id->serial_number);
    rf_json_set_str(j, "hardware", id->hardware);
    return rf_flash_json_write(path, j, why);
}

enum rf_err rf_flash_create(const char *dir, const struct rf_flash_make *make, struct rf_why *why)
{
    enum rf_err err = check_make(dir, make, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = rf_new(struct rf_flash);
    flash->dir = rf_strdup(dir);
    flash->identity = make->identity;
    flash->has_secret = make->secret != NULL;
    if (flash->has_secret)
        err = rf_secret_set(&flash->secret, rf_secret_slice(make->secret));
    for (size_t i = 0; i < 3 && err == RF_OK; i++) {
        static const enum rf_flash_slot slots[] = {RF_FLASH_A, RF_FLASH_B};
        RF_AUTO(rf_freep)
        char *path = i == 0 ? rf_strdup(dir) : rf_flash_slot_dir(flash, slots[i - 1]);
        err = rf_dir_make(path, i == 0 ? 0700 : 0755, why);
    }
    RF_AUTO(rf_freep) char *mic = rf_flash_path(flash, RF_FLASH_MIC);
    if (err == RF_OK)
        err = rf_flash_pair_write(flash, mic, make->mic_key, make->mic, make->mic_chain, why);
    if (err == RF_OK)
        err = rf_flash_image_keys_write(flash, make->image_keys, why);
    if (err == RF_OK)
        err = put_load(flash, make, why);
    if (err == RF_OK)
        err = put_identity(flash, &make->identity, why);
    return err;
}
