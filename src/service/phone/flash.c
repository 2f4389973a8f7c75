/* SPDX-License-Identifier: Apache-2.0 */
#include "service/phone/flash_int.h"

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "trust/name.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum item_kind { KIND_FILE, KIND_PRIVATE, KIND_DIR };

static const struct {
    const char *path;
    enum item_kind kind;
} items[RF_FLASH_ITEM_N] = {
#define ITEM_ROW(symbol, path, kind) [RF_FLASH_##symbol] = {path, KIND_##kind},
    RF_FLASH_ITEMS(ITEM_ROW)
#undef ITEM_ROW
};

const char *rf_flash_item_path(enum rf_flash_item item)
{
    return items[item].path;
}

char *rf_flash_path(const struct rf_flash *flash, enum rf_flash_item item)
{
    return rf_path_join(flash->dir, items[item].path);
}

/* ---- identity ---- */

static bool is_plain_text(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return text[0] != '\0' && strspn(text, allowed) == strlen(text);
}

enum rf_err rf_flash_identity_check(const struct rf_flash_identity *id, struct rf_why *why)
{
    if (!rf_name_is_sep(rf_slice_str(id->device)))
        return rf_why_set(why, RF_ERR_BAD, "flash-identity",
                          "\"%s\" is no device name: SEP and 12 upper-case hexadecimal digits",
                          id->device);
    if (!is_plain_text(id->model) || !is_plain_text(id->serial_number) ||
        !is_plain_text(id->hardware))
        return rf_why_set(why, RF_ERR_BAD, "flash-identity",
                          "model, serial number and hardware of %s want letters, digits, . _ and -",
                          id->device);
    return RF_OK;
}

static enum rf_err take_text(const struct rf_json *j, const char *key, char *out, size_t cap,
                             struct rf_why *why)
{
    const char *text = NULL;
    enum rf_err err = rf_json_need_str(j, key, &text, why);
    if (err == RF_OK && !rf_slice_to_str(rf_slice_str(text), out, cap))
        return rf_why_set(why, RF_ERR_BAD, "flash-identity", "%s is too long", key);
    return err;
}

static enum rf_err identity_read(const char *path, struct rf_flash_identity *id, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_why inner = {0};
    enum rf_err err = rf_flash_json_read(path, &j, &inner);
    if (err == RF_OK)
        err = take_text(j, "device", id->device, sizeof id->device, &inner);
    if (err == RF_OK)
        err = take_text(j, "model", id->model, sizeof id->model, &inner);
    if (err == RF_OK)
        err = take_text(j, "serial_number", id->serial_number, sizeof id->serial_number, &inner);
    if (err == RF_OK)
        err = take_text(j, "hardware", id->hardware, sizeof id->hardware, &inner);
    if (err == RF_OK)
        err = rf_flash_identity_check(id, &inner);
    if (err != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "flash-identity", "%s: %s", path, inner.text);
    return RF_OK;
}

/* ---- open ---- */

static enum rf_err check_private(const char *path, struct rf_why *why)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT
                   ? RF_OK
                   : rf_why_set(why, RF_ERR_IO, "flash-io", "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return rf_why_set(why, RF_ERR_DENIED, "key-kind", "%s is not a file of its own", path);
    if (!rf_fault_skips("flash.key-mode") && (st.st_mode & 077) != 0)
        return rf_why_set(why, RF_ERR_DENIED, "key-mode",
                          "%s has mode %04o: others may read it; chmod 0600", path,
                          (unsigned)st.st_mode & 07777);
    return RF_OK;
}

enum rf_err rf_flash_open(const char *dir, struct rf_flash **out, struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = rf_new(struct rf_flash);
    flash->dir = rf_strdup(dir);
    RF_AUTO(rf_freep) char *identity = rf_flash_path(flash, RF_FLASH_IDENTITY);
    if (!rf_file_exists(identity))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-flash",
                          "%s has no identity.json: `ringfence factory phone` makes phones", dir);
    enum rf_err err = identity_read(identity, &flash->identity, why);
    for (size_t i = 0; i < RF_FLASH_ITEM_N && err == RF_OK; i++) {
        RF_AUTO(rf_freep) char *path = rf_flash_path(flash, (enum rf_flash_item)i);
        if (items[i].kind == KIND_PRIVATE)
            err = check_private(path, why);
    }
    if (err != RF_OK)
        return err;
    *out = rf_steal(&flash);
    return RF_OK;
}

enum rf_err rf_flash_lock(struct rf_flash *flash, struct rf_why *why)
{
    struct rf_why inner = {0};
    enum rf_err err = rf_dir_lock(flash->dir, &flash->lock_fd, &inner);
    flash->is_locked = err == RF_OK;
    if (rf_fault_skips("flash.lock") || err == RF_OK)
        return RF_OK;
    if (err != RF_ERR_AGAIN)
        return rf_why_set(why, err, inner.code, "%s", inner.text);
    return rf_why_set(
        why, err, "flash-busy",
        "another ringphone runs on %s: stop that one, or give this one a flash folder "
        "of its own",
        flash->dir);
}

enum rf_err rf_flash_sweep(const struct rf_flash *flash, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *files = rf_flash_path(flash, RF_FLASH_FILES);
    enum rf_err err = rf_dir_sweep(flash->dir, 0, why);
    return err == RF_OK ? rf_dir_sweep(files, 0, why) : err;
}

void rf_flash_free(struct rf_flash *flash)
{
    if (flash == NULL)
        return;
    if (flash->is_locked)
        rf_dir_unlock(flash->lock_fd);
    rf_secret_fini(&flash->secret);
    rf_free(flash->dir);
    rf_free(flash);
}

void rf_flash_freep(struct rf_flash **flash)
{
    rf_flash_free(*flash);
}

/* ---- slots ---- */

const char *rf_flash_slot_name(enum rf_flash_slot slot)
{
    return slot == RF_FLASH_A ? "A" : "B";
}

enum rf_flash_slot rf_flash_slot_other(enum rf_flash_slot slot)
{
    return slot == RF_FLASH_A ? RF_FLASH_B : RF_FLASH_A;
}

char *rf_flash_slot_dir(const struct rf_flash *flash, enum rf_flash_slot slot)
{
    return rf_flash_path(flash, slot == RF_FLASH_A ? RF_FLASH_SLOT_A : RF_FLASH_SLOT_B);
}

/* The load that runs must survive whatever happens to a new one. */
static enum rf_err refuse_active(const struct rf_flash *flash, enum rf_flash_slot slot,
                                 struct rf_why *why)
{
    struct rf_flash_boot boot;
    enum rf_err err = rf_flash_boot_read(flash, &boot, why);
    if (!rf_fault_skips("flash.slot-active") && err == RF_OK && boot.active == slot)
        return rf_why_set(why, RF_ERR_DENIED, "slot-active",
                          "slot %s is the one that runs: it is not written",
                          rf_flash_slot_name(slot));
    return err;
}

enum rf_err rf_flash_slot_clear(const struct rf_flash *flash, enum rf_flash_slot slot,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) char *dir = rf_flash_slot_dir(flash, slot);
    enum rf_err err = refuse_active(flash, slot, why);
    if (err == RF_OK)
        err = rf_dir_make(dir, 0755, why);
    return err == RF_OK ? rf_dir_empty(dir, why) : err;
}

enum rf_err rf_flash_slot_write(const struct rf_flash *flash, enum rf_flash_slot slot,
                                const char *name, struct rf_slice bytes, struct rf_why *why)
{
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return rf_why_set(why, RF_ERR_BAD, "flash-name", "\"%s\" is no name for a file of a load",
                          name);
    RF_AUTO(rf_freep) char *dir = rf_flash_slot_dir(flash, slot);
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
    enum rf_err err = refuse_active(flash, slot, why);
    return err == RF_OK ? rf_file_replace(path, bytes, RF_FILE_PUBLIC, why) : err;
}

enum rf_err rf_flash_image_keys(const struct rf_flash *flash, struct rf_image_keys *out,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_IMAGE_KEYS);
    RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
    struct rf_why inner = {0};
    enum rf_err err = rf_file_read(path, RF_IMAGE_KEYS_BYTES_MAX, &text, why);
    if (err != RF_OK)
        return err;
    err = rf_image_keys_decode(rf_buf_slice(&text), out, &inner);
    return err == RF_OK ? RF_OK : rf_why_set(why, err, inner.code, "%s: %s", path, inner.text);
}

enum rf_err rf_flash_image_keys_write(const struct rf_flash *flash,
                                      const struct rf_image_keys *keys, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_IMAGE_KEYS);
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_IMAGE_KEYS_BYTES_MAX);
    enum rf_err err = rf_image_keys_encode(keys, &text, why);
    return err == RF_OK ? rf_file_replace(path, rf_buf_slice(&text), RF_FILE_PUBLIC, why) : err;
}

/* ---- lists and the configuration ---- */

static enum rf_flash_item list_item(enum rf_list_kind kind)
{
    return kind == RF_LIST_CTL ? RF_FLASH_CTL : RF_FLASH_ITL;
}

enum rf_err rf_flash_list_read(const struct rf_flash *flash, enum rf_list_kind kind,
                               struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, list_item(kind));
    return rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, out, why);
}

enum rf_err rf_flash_list_write(const struct rf_flash *flash, enum rf_list_kind kind,
                                struct rf_slice bytes, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, list_item(kind));
    return rf_file_replace(path, bytes, RF_FILE_PUBLIC, why);
}

enum rf_err rf_flash_lists_erase(const struct rf_flash *flash, struct rf_why *why)
{
    static const enum rf_flash_item gone[] = {RF_FLASH_CTL, RF_FLASH_ITL};
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < 2 && err == RF_OK; i++) {
        RF_AUTO(rf_freep) char *path = rf_flash_path(flash, gone[i]);
        err = rf_file_remove(path, why);
    }
    return err;
}

/* Configurations hold passwords on real phones, so the stored one is not for others. */
enum rf_err rf_flash_config_read(const struct rf_flash *flash, struct rf_buf *out,
                                 struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_CONFIG);
    return rf_file_read(path, RF_FLASH_STORED_MAX, out, why);
}

enum rf_err rf_flash_config_write(const struct rf_flash *flash, struct rf_slice bytes,
                                  struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_CONFIG);
    return rf_file_replace(path, bytes, RF_FILE_PRIVATE, why);
}
